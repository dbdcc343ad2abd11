//! What `ping -D` prints: the time of each reply, its number (16 bits, which wrap) and its round-trip time.

use crate::error::ImportError;
use crate::measurement::{
    CLOCK_NS, Format, LONGEST_DELAY_NS, Lost, MOST_PROBES, Measurement, Probe, too_many,
};
use crate::read::text::decimal_ns;
use crate::source::Source;

/// Reads one file.
///
/// # Errors
/// [`ImportError`] with the line.
pub fn read(mut source: Source<'_>) -> Result<Measurement, ImportError> {
    let mut line = String::new();
    let mut run = Run::default();
    while let Some(number) = source.next_line(&mut line)? {
        run.line(line.trim())
            .map_err(|error| error.at_line(number, &line))?;
    }
    run.into_measurement()
}

#[derive(Default)]
struct Run {
    target: Option<String>,
    /// (number without wraps, sent, round trip), in the order of arrival.
    replies: Vec<(i64, i64, i64)>,
    newest: Option<i64>,
    transmitted: Option<i64>,
    duplicates: u64,
    reordered: u64,
    wraps: u64,
}

impl Run {
    fn line(&mut self, line: &str) -> Result<(), ImportError> {
        if let Some(rest) = line.strip_prefix("PING ") {
            let target = rest
                .split_whitespace()
                .next()
                .unwrap_or_default()
                .to_string();
            return self.one_target(target);
        }
        if let Some(at) = line.find(" packets transmitted") {
            self.transmitted = line[..at].trim().parse().ok();
            return Ok(());
        }
        // Unreachable hosts, unanswered probes and the sums are no replies.
        let Some(from) = line.find(" bytes from ") else {
            return Ok(());
        };
        let damaged = |what: &str| {
            ImportError::new(
                format!("the reply has no {what}"),
                "the line is damaged; measure again",
            )
        };
        let Some((stamp, _)) = line.strip_prefix('[').and_then(|rest| rest.split_once(']')) else {
            return Err(ImportError::new(
                "the reply has no time stamp in front",
                "run ping with -D",
            ));
        };
        let stamp_ns = decimal_ns(stamp, 0)
            .filter(|ns| CLOCK_NS.contains(ns))
            .ok_or_else(|| damaged("readable time stamp"))?;
        let rest = &line[from + " bytes from ".len()..];
        let address = rest.split(": ").next().unwrap_or_default();
        if self.target.is_none() {
            self.one_target(address.to_string())?;
        }
        let field = |name: &str| {
            let (_, after) = rest.split_once(name)?;
            after.split_whitespace().next()
        };
        let seq: u16 = field("icmp_seq=")
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| damaged("icmp_seq of 16 bits"))?;
        let rtt_ns = field("time=")
            .and_then(|text| decimal_ns(text, 3))
            .filter(|&ns| (0..LONGEST_DELAY_NS).contains(&ns))
            .ok_or_else(|| damaged("time= between 0 and an hour"))?;
        let number = self.unwrapped(seq);
        let is_repeat = rest.contains("(DUP!)");
        if is_repeat {
            self.duplicates += 1;
            return Ok(());
        }
        if self.replies.len() == MOST_PROBES {
            return Err(too_many());
        }
        self.reordered += u64::from(self.newest.is_some_and(|newest| number < newest));
        self.newest = Some(self.newest.map_or(number, |newest| newest.max(number)));
        self.replies.push((number, stamp_ns - rtt_ns, rtt_ns));
        Ok(())
    }

    fn one_target(&mut self, target: String) -> Result<(), ImportError> {
        match &self.target {
            Some(known) if *known != target || !self.replies.is_empty() => Err(ImportError::new(
                format!("mixed measurements: '{target}' after '{known}'"),
                "give each run of ping as a file of its own",
            )),
            _ => {
                self.target = Some(target);
                Ok(())
            }
        }
    }

    /// The number nearest to the newest one that has these 16 bits.
    fn unwrapped(&mut self, seq: u16) -> i64 {
        let Some(newest) = self.newest else {
            return i64::from(seq);
        };
        let step = i64::from(seq.wrapping_sub(newest as u16) as i16);
        let number = newest + step;
        if number >> 16 > newest >> 16 {
            self.wraps += 1;
        }
        number
    }

    fn into_measurement(mut self) -> Result<Measurement, ImportError> {
        self.replies.sort_by_key(|&(number, ..)| number);
        let before = self.replies.len();
        self.replies.dedup_by_key(|reply| reply.0);
        self.duplicates += (before - self.replies.len()) as u64;
        let (Some(&first), Some(&last)) = (self.replies.first(), self.replies.last()) else {
            return Err(ImportError::new(
                "there is no reply in it",
                "this must be the output of `ping -D` of a host that answers",
            ));
        };
        // Numbers begin at 1 (Linux); earlier ones were lost. What was lost at the end is in ping's own sum.
        let from = first.0.min(1);
        let sent_in_all = self.transmitted.map(|count| from + count - 1);
        let to = sent_in_all.unwrap_or(last.0).max(last.0);
        let mut notes = vec![
            "ping tells round trips only: each direction gets half of them, and a loss has no direction".to_string(),
        ];
        if self.transmitted.is_none() {
            notes.push(
                "ping's own sum is missing, so losses after the last reply are not counted".into(),
            );
        }
        if self.wraps > 0 {
            notes.push(format!(
                "icmp_seq has 16 bits and wrapped {} times; it was unwrapped",
                self.wraps
            ));
        }
        if self.duplicates > 0 {
            notes.push(format!(
                "{} replies were duplicates (DUP!); the first of each counts",
                self.duplicates
            ));
        }
        if to - from >= MOST_PROBES as i64 {
            return Err(too_many());
        }
        let interval_ns = interval_ns(&self.replies);
        let mut replies = self.replies.iter().peekable();
        let mut probes: Vec<Probe> = Vec::new();
        let (mut near, start_ns) = (first, first.1 - (first.0 - from) * interval_ns);
        let mut nudged = 0_u64;
        for number in from..=to {
            let reply = replies.next_if(|reply| reply.0 == number);
            // A lost probe left when its number says, counted from the reply before it.
            let mut sent_ns = match reply {
                Some(&reply) => {
                    near = reply;
                    reply.1
                }
                None => near.1 + (number - near.0) * interval_ns,
            } - start_ns;
            if let Some(before) = probes.last()
                && sent_ns <= before.sent_ns
            {
                nudged += u64::from(before.sent_ns - sent_ns > interval_ns);
                sent_ns = before.sent_ns + 1;
            }
            probes.push(Probe {
                sent_ns,
                up_ns: None,
                down_ns: None,
                rtt_ns: reply.map(|reply| reply.2),
                lost: if reply.is_some() {
                    Lost::No
                } else {
                    Lost::Somewhere
                },
            });
        }
        if nudged > 0 {
            notes.push(format!(
                "the clock went back before {nudged} probes (a step of the wall clock)"
            ));
        }
        Measurement {
            format: Format::Ping,
            probes,
            start_wall_ns: Some(start_ns),
            interval_ns: None,
            synchronised: false,
            duplicates: self.duplicates,
            reordered: self.reordered,
            both_ways: true,
            target: self.target.unwrap_or_default(),
            notes,
        }
        .checked()
    }
}

/// Lost probes are placed at most this far apart.
const LONGEST_INTERVAL_NS: i64 = 60_000_000_000;

/// The median time between neighbours; 1 s (ping's default) when there are none.
fn interval_ns(replies: &[(i64, i64, i64)]) -> i64 {
    let mut gaps: Vec<i64> = replies
        .windows(2)
        .map(|pair| (pair[1].1 - pair[0].1) / (pair[1].0 - pair[0].0))
        .filter(|&gap| gap > 0)
        .collect();
    if gaps.is_empty() {
        return 1_000_000_000;
    }
    gaps.sort_unstable();
    gaps[gaps.len() / 2].min(LONGEST_INTERVAL_NS)
}
