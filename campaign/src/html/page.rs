//! The page itself: one string, no script, no file and no address beside it.

use std::fmt::Write as _;

use robot_model::ConfidenceCounts;
use safety::{OriginKind, Requirement, Verdict};

use super::plots;
use super::timeline::Timeline;
use super::trace::trace;
use super::{Section, told_numbers};
use crate::monte_carlo::coverage::Blindness;

/// What a page tells.
pub struct Page {
    pub title: String,
    pub sentence: String,
    pub passes: bool,
    pub facts: Vec<(String, String)>,
    pub sections: Vec<Section>,
    pub confidence: f64,
    pub rows: Vec<PageRow>,
    pub coverage: Vec<(String, u64)>,
    pub blindness: Blindness,
    pub numbers: ConfidenceCounts,
    pub timeline: Option<Timeline>,
    pub commands: Vec<String>,
    pub evidence: Vec<(String, String)>,
}

/// What a page tells of one requirement.
pub struct PageRow {
    pub requirement: Requirement,
    pub verdict: Verdict,
    pub margin: Option<f64>,
    pub unit: String,
    pub robustness: Option<f64>,
    pub worst_seed: Option<u64>,
    pub worst_at_s: Option<f64>,
    pub detail: String,
    pub exercised: u64,
    pub exercised_runs: u64,
    pub violating_runs: u64,
    pub bound: f64,
    pub histogram: Vec<u64>,
}

impl PageRow {
    /// Nothing between holding and being violated: a margin says no more than the verdict.
    fn is_exact(&self) -> bool {
        self.unit == "exact"
    }

    fn margin_text(&self) -> String {
        match self.margin {
            _ if self.is_exact() => "exact".into(),
            Some(margin) => format!("{} {}", number(margin), self.unit),
            None => "–".into(),
        }
    }

    fn verdict_badge(&self) -> String {
        let (class, word) = match self.verdict {
            Verdict::Held => ("ok", "holds"),
            Verdict::Violated => ("no", "VIOLATED"),
            Verdict::NotExercised => ("unknown", "not exercised"),
        };
        format!("<span class=\"badge {class}\">{word}</span>")
    }
}

/// Text as HTML.
pub fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            // Control characters are no text of an HTML page.
            c if c.is_control() && c != '\n' && c != '\t' => safe.push('\u{fffd}'),
            c => safe.push(c),
        }
    }
    safe
}

/// Four significant digits.
fn number(value: f64) -> String {
    let magnitude = value.abs();
    if value == 0.0 {
        "0".into()
    } else if !(1e-3..1e6).contains(&magnitude) {
        format!("{value:.2e}")
    } else {
        let before = libm::floor(libm::log10(magnitude)) as i32 + 1;
        format!("{value:.*}", (4 - before).clamp(0, 6) as usize)
    }
}

const STYLE: &str = "\
:root{color-scheme:light dark;--bg:#fbfaf8;--card:#fff;--ink:#1d2329;--soft:#5c6670;--rule:#dfe3e6;--ok:#1c7c54;--no:#c0262d;--unknown:#9a6700;--bar:#3a6ea5;--good:#2f9e6e;--dup:#9fb3c8;--a:#1f6fb2;--b:#c2661b;--wait:#c9d1d9;--coast:#e3b341;--hold:#d9822b;--fault:#8b6fc0}\
@media(prefers-color-scheme:dark){:root{--bg:#14181c;--card:#1c2127;--ink:#e6e9ec;--soft:#9aa5b1;--rule:#333b43;--ok:#4cc38a;--no:#ff6b6b;--unknown:#e3b341;--bar:#6ea8dc;--good:#4cc38a;--dup:#53657a;--a:#63b0f0;--b:#f0a35e;--wait:#414a54;--coast:#b58a1f;--hold:#c26f1d;--fault:#a48be0}}\
*{box-sizing:border-box}body{margin:0;background:var(--bg);color:var(--ink);font:16px/1.5 system-ui,-apple-system,'Segoe UI',sans-serif}\
main{max-width:1200px;margin:0 auto;padding:24px 16px 64px}h1{font-size:1.5rem;line-height:1.25;margin:0 0 12px}h2{font-size:1.15rem;margin:40px 0 10px}\
p{margin:8px 0;max-width:75ch}.soft{color:var(--soft);font-size:.9rem}\
.verdict{max-width:none;border-left:6px solid var(--ok);background:var(--card);padding:14px 18px;font-size:1.15rem;font-weight:600;border-radius:4px}.verdict.no{border-color:var(--no)}\
dl{display:grid;grid-template-columns:max-content 1fr;gap:4px 16px;margin:16px 0}dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}\
.wide{overflow-x:auto;background:var(--card);border:1px solid var(--rule);border-radius:6px}\
table{border-collapse:collapse;width:100%;font-size:.88rem}th{text-align:left;color:var(--soft);font-weight:600;vertical-align:bottom}th,td{padding:7px 10px;border-bottom:1px solid var(--rule);vertical-align:top}tr:last-child td{border-bottom:0}td.lead{min-width:240px}td.n{white-space:nowrap;font-variant-numeric:tabular-nums}\
.badge{font-weight:700;white-space:nowrap}.ok{color:var(--ok)}.no{color:var(--no)}.unknown{color:var(--unknown)}.badge.ok::before{content:'✓ '}.badge.no::before{content:'✗ '}.badge.unknown::before{content:'? '}\
.hist{width:136px;height:32px;display:block}.hist .bar,.timeline .bar{fill:var(--bar)}.hist .bad,.timeline .bad{fill:var(--no)}.timeline .good{fill:var(--good)}.timeline .dup{fill:var(--dup)}.axis{stroke:var(--soft);stroke-width:1}.zero{stroke:var(--soft);stroke-width:1;stroke-dasharray:2 2}\
.timeline{display:block;width:100%;min-width:820px;height:auto;padding:8px}.timeline text{fill:var(--soft);font-size:12px}.timeline .lane{fill:var(--ink)}.grid{stroke:var(--rule);stroke-width:1}.line{fill:none;stroke-width:1.4}.tip{stroke:var(--bar)}.path-a{stroke:var(--a)}.path-b{stroke:var(--b)}.worst{stroke:var(--no);stroke-width:1.2;stroke-dasharray:4 3}.timeline .worst-label{fill:var(--no);font-weight:700;font-size:11px}\
.st-wait{fill:var(--wait);background:var(--wait)}.st-follow{fill:var(--good);background:var(--good)}.st-coast{fill:var(--coast);background:var(--coast)}.st-hold{fill:var(--hold);background:var(--hold)}.st-stop{fill:var(--no);background:var(--no)}.fault{fill:var(--fault);background:var(--fault)}\
.key{display:flex;flex-wrap:wrap;gap:4px 14px;font-size:.85rem;color:var(--soft);margin:8px 0}.key span{white-space:nowrap}.key i{display:inline-block;width:12px;height:12px;border-radius:2px;margin-right:5px;vertical-align:-1px}.k-good{background:var(--good)}.k-dup{background:var(--dup)}.k-bad{background:var(--no)}.k-a{background:var(--a)}.k-b{background:var(--b)}\
pre{background:var(--card);border:1px solid var(--rule);border-radius:6px;padding:12px;overflow-x:auto;font-size:.82rem;line-height:1.45;margin:8px 0}code{font-family:ui-monospace,'Cascadia Mono','DejaVu Sans Mono',monospace}\
.stack{display:flex;height:18px;border-radius:4px;overflow:hidden;max-width:640px;margin:8px 0}.stack i{display:block}.p0{background:var(--ok)}.p1{background:var(--bar)}.p2{background:var(--dup)}.p3{background:var(--unknown)}\
.cover{columns:260px;column-gap:28px;font-size:.85rem;list-style:none;padding:0;margin:8px 0}.cover li{display:flex;justify-content:space-between;gap:8px;break-inside:avoid;border-bottom:1px dotted var(--rule)}.cover b{font-variant-numeric:tabular-nums;font-weight:500}\
details{margin:8px 0}summary{cursor:pointer;color:var(--soft)}ul.signs{list-style:none;padding:0;margin:6px 0}ul.signs li{margin:3px 0}.hash{font-family:ui-monospace,'DejaVu Sans Mono',monospace;font-size:.78rem;overflow-wrap:anywhere}\
@media(max-width:720px){h1{font-size:1.25rem}.verdict{font-size:1.02rem}dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:6px}.cards thead{display:none}.cards,.cards tbody,.cards tr,.cards td{display:block;width:100%}.cards tr{padding:10px 0;border-bottom:1px solid var(--rule)}.cards td{display:flex;gap:12px;justify-content:space-between;border:0;padding:3px 12px;white-space:normal;text-align:right}.cards td::before{content:attr(data-label);color:var(--soft);text-align:left;flex:0 0 38%}.cards td.lead{display:block;text-align:left;font-weight:600}.cards td.lead .soft{font-weight:400}.cards td.lead::before{display:none}}\
@media print{body{background:#fff}.wide{overflow:visible}.timeline{min-width:0}}";

impl Page {
    /// The whole page.
    pub fn render(&self) -> String {
        let mut html = String::with_capacity(1 << 18);
        let _ = write!(
            html,
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n<title>{0}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{0}</h1>\n<p class=\"verdict {1}\">{2}</p>\n<p class=\"soft\">Every probability here is about the distribution of runs of this model, never about the field.</p>\n",
            escaped(&self.title),
            if self.passes { "yes" } else { "no" },
            escaped(&self.sentence)
        );
        html.push_str("<dl>");
        for (name, value) in &self.facts {
            let _ = write!(
                html,
                "<dt>{}</dt><dd>{}</dd>",
                escaped(name),
                escaped(value)
            );
        }
        html.push_str("</dl>\n");
        for (heading, signs) in &self.sections {
            let _ = write!(html, "<h2>{}</h2>\n<ul class=\"signs\">", escaped(heading));
            for (good, words) in signs {
                let class = if *good { "ok" } else { "no" };
                let _ = write!(
                    html,
                    "<li><span class=\"badge {class}\"></span>{}</li>",
                    escaped(words)
                );
            }
            html.push_str("</ul>\n");
        }
        self.requirements(&mut html);
        self.worst_run(&mut html);
        self.assumptions(&mut html);
        self.coverage(&mut html);
        self.matrix(&mut html);
        self.again(&mut html);
        html.push_str("</main>\n</body>\n</html>\n");
        html
    }

    fn requirements(&self, html: &mut String) {
        let _ = write!(
            html,
            "<h2 id=\"requirements\">Requirements</h2>\n<p class=\"soft\">Margin: limit minus worst value; below zero is violated. The plot shows how many runs (logarithmic) had which margin, from 0 to the whole limit; left of the dotted line is violated. The bound is Clopper–Pearson's, one-sided, at {} % confidence.</p>\n<div class=\"wide\"><table class=\"cards\"><thead><tr><th>Requirement</th><th>Verdict</th><th>Worst margin</th><th>Margins of all runs</th><th>Threshold</th><th>Origin</th><th>Exercised</th><th>P(run violates) ≤</th><th>Worst at</th></tr></thead><tbody>\n",
            (self.confidence * 1e6).round() / 1e4
        );
        for row in &self.rows {
            let requirement = &row.requirement;
            let plot = if row.is_exact() {
                "–".into()
            } else {
                plots::histogram(&row.histogram, requirement.id.name())
            };
            let at = match (row.worst_seed, row.worst_at_s) {
                (Some(seed), Some(at_s)) if !row.is_exact() || row.verdict == Verdict::Violated => {
                    format!("{at_s:.3} s of seed {seed}")
                }
                _ => "–".into(),
            };
            let _ = writeln!(
                html,
                "<tr><td class=\"lead\"><b>{}</b> {}<br><span class=\"soft\">{}</span></td><td data-label=\"verdict\">{}</td><td class=\"n\" data-label=\"worst margin\">{}</td><td data-label=\"margins\">{plot}</td><td data-label=\"threshold\">{}</td><td data-label=\"origin\">{}</td><td data-label=\"exercised\">{}× in {} runs</td><td class=\"n\" data-label=\"P(run violates) ≤\">{}</td><td data-label=\"worst at\">{}</td></tr>",
                requirement.id,
                escaped(requirement.sentence),
                escaped(&row.detail),
                row.verdict_badge(),
                escaped(&row.margin_text()),
                escaped(&requirement.threshold_text),
                match requirement.origin.kind {
                    OriginKind::Published => "published",
                    OriginKind::Derived => "derived",
                    OriginKind::Assumed => "<span class=\"unknown\">assumed</span>",
                },
                row.exercised,
                row.exercised_runs,
                number(row.bound),
                escaped(&at)
            );
        }
        html.push_str("</tbody></table></div>\n");
    }

    fn worst_run(&self, html: &mut String) {
        let Some(run) = &self.timeline else {
            return;
        };
        let _ = write!(
            html,
            "<h2 id=\"worst-run\">The worst run: seed {}, {} at {:.3} s</h2>\n<div class=\"key\"><span><i class=\"st-wait\"></i>idle, aligning</span><span><i class=\"st-follow\"></i>following</span><span><i class=\"st-coast\"></i>coasting</span><span><i class=\"st-hold\"></i>holding</span><span><i class=\"st-stop\"></i>faulted, stopped</span><span><i class=\"fault\"></i>fault of the network</span></div>\n<div class=\"key\"><span><i class=\"k-good\"></i>accepted</span><span><i class=\"k-dup\"></i>duplicate</span><span><i class=\"k-bad\"></i>refused</span><span><i class=\"k-a\"></i>delay by path A</span><span><i class=\"k-b\"></i>delay by path B</span></div>\n<div class=\"wide\">{}</div>\n<details><summary>Events of this run</summary><pre>",
            run.seed,
            run.requirement,
            run.worst_at_s,
            plots::timeline(run)
        );
        for event in &run.events {
            let _ = writeln!(html, "{}", escaped(event));
        }
        if run.untold > 0 {
            let _ = writeln!(html, "… and {} more", run.untold);
        }
        html.push_str("</pre></details>\n");
    }

    fn assumptions(&self, html: &mut String) {
        let all = self.numbers.total().max(1);
        let parts = told_numbers(&self.numbers);
        let _ = write!(
            html,
            "<h2 id=\"assumptions\">What it rests on</h2>\n<p>Of the {} numbers of the robot's description {} are assumed: nobody who reads can know them. Thresholds that are assumed are marked in the table above.</p>\n<div class=\"stack\">",
            self.numbers.total(),
            self.numbers.assumed
        );
        for (at, (_, count)) in parts.iter().enumerate() {
            let share = 100.0 * *count as f64 / all as f64;
            let _ = write!(html, "<i class=\"p{at}\" style=\"width:{share:.2}%\"></i>");
        }
        html.push_str("</div>\n<div class=\"key\">");
        for (at, (name, count)) in parts.iter().enumerate() {
            let _ = write!(html, "<span><i class=\"p{at}\"></i>{name}: {count}</span>");
        }
        html.push_str("</div>\n");
    }

    fn coverage(&self, html: &mut String) {
        html.push_str("<h2 id=\"coverage\">What happened</h2>\n");
        if !self.blindness.unseen.is_empty() {
            let _ = writeln!(
                html,
                "<p class=\"no\">Never seen, and nothing excuses it: {}.</p>",
                escaped(&self.blindness.unseen.join(", "))
            );
        }
        if !self.blindness.contradicted.is_empty() {
            let _ = writeln!(
                html,
                "<p class=\"unknown\">The scenario says that it cannot happen, and it did: {}.</p>",
                escaped(&self.blindness.contradicted.join(", "))
            );
        }
        html.push_str("<details open><summary>Counts over all runs</summary><ul class=\"cover\">");
        for (name, count) in &self.coverage {
            let class = if *count == 0 {
                " class=\"unknown\""
            } else {
                ""
            };
            let _ = write!(
                html,
                "<li{class}><span>{}</span><b>{count}</b></li>",
                escaped(name)
            );
        }
        html.push_str("</ul></details>\n");
        if !self.blindness.excused.is_empty() {
            html.push_str(
                "<details><summary>What cannot happen in this scenario, as it says</summary><ul>",
            );
            for (name, reason) in &self.blindness.excused {
                let _ = write!(html, "<li>{}: {}</li>", escaped(name), escaped(reason));
            }
            html.push_str("</ul></details>\n");
        }
    }

    fn matrix(&self, html: &mut String) {
        html.push_str("<h2 id=\"trace\">Trace matrix</h2>\n<div class=\"wide\"><table class=\"cards\"><thead><tr><th>Hazard</th><th>Control</th><th>Requirement</th><th>Tests</th><th>Evidence here</th></tr></thead><tbody>\n");
        for row in &self.rows {
            let id = row.requirement.id;
            let (control, tests) = match trace(id.name()) {
                Some(trace) => (
                    format!("{}<br><code>{}</code>", trace.control, trace.file),
                    trace
                        .tests
                        .iter()
                        .map(|file| format!("<code>{file}</code>"))
                        .collect::<Vec<_>>()
                        .join("<br>"),
                ),
                None => (
                    "<span class=\"no\">no control is traced</span>".into(),
                    "<span class=\"no\">no test is traced</span>".into(),
                ),
            };
            let _ = writeln!(
                html,
                "<tr><td class=\"lead\">{}</td><td data-label=\"control\"><span>{control}</span></td><td data-label=\"requirement\">{id}</td><td data-label=\"tests\"><span>{tests}</span></td><td data-label=\"evidence\"><span>{}, margin {}, violated in {} runs, exercised in {}</span></td></tr>",
                escaped(row.requirement.hazard),
                row.verdict_badge(),
                escaped(&row.margin_text()),
                row.violating_runs,
                row.exercised_runs
            );
        }
        html.push_str("</tbody></table></div>\n");
        if !self.evidence.is_empty() {
            html.push_str("<p>Files of evidence, SHA-256:</p>\n<dl>");
            for (name, hash) in &self.evidence {
                let _ = write!(
                    html,
                    "<dt>{}</dt><dd class=\"hash\">{}</dd>",
                    escaped(name),
                    escaped(hash)
                );
            }
            html.push_str("</dl>\n");
        }
    }

    fn again(&self, html: &mut String) {
        html.push_str("<h2 id=\"again\">Make it again</h2>\n<pre><code>");
        for command in &self.commands {
            let _ = writeln!(html, "{}", escaped(command));
        }
        html.push_str("</code></pre>\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_become_markup() {
        assert_eq!(
            escaped("<script>\"a\" & 'b'\u{0}"),
            "&lt;script&gt;&quot;a&quot; &amp; &#39;b&#39;\u{fffd}"
        );
    }

    #[test]
    fn numbers_have_four_digits() {
        for (value, text) in [
            (0.0, "0"),
            (144.0, "144.0"),
            (11.615, "11.62"),
            (0.0149, "0.01490"),
            (1.174e-5, "1.17e-5"),
            (-3.5, "-3.500"),
        ] {
            assert_eq!(number(value), text);
        }
    }
}
