//! Just enough SVG for line plots: a drawing of panels, each with axes whose marks are round numbers.

use std::fmt::Write as _;

/// A colour of a series.
pub const MEASURED: &str = "#1f5fa8";

/// The other colour; the two differ in lightness too.
pub const MODELLED: &str = "#e07b00";

/// A drawing in the making.
pub struct Drawing {
    width: f64,
    height: f64,
    body: String,
}

impl Drawing {
    /// An empty drawing, in pixels.
    pub fn new(width: f64, height: f64) -> Self {
        Self {
            width,
            height,
            body: String::new(),
        }
    }

    /// A line of text.
    pub fn text(&mut self, x: f64, y: f64, size: f64, anchor: &str, text: &str) {
        let _ = writeln!(
            self.body,
            r#"<text x="{x:.1}" y="{y:.1}" font-size="{size}" text-anchor="{anchor}">{}</text>"#,
            escaped(text)
        );
    }

    /// The key: a sample of each colour with its name.
    pub fn key(&mut self, x: f64, y: f64, entries: &[(&str, &str)]) {
        let mut x = x;
        for (colour, name) in entries {
            let _ = writeln!(
                self.body,
                r#"<line x1="{x:.1}" y1="{:.1}" x2="{:.1}" y2="{:.1}" stroke="{colour}" stroke-width="3"/>"#,
                y - 4.0,
                x + 22.0,
                y - 4.0
            );
            self.text(x + 28.0, y, 13.0, "start", name);
            x += 60.0 + 8.0 * name.chars().count() as f64;
        }
    }

    /// The whole file.
    pub fn finish(self) -> String {
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{w}\" height=\"{h}\" viewBox=\"0 0 {w} {h}\" \
             font-family=\"sans-serif\" fill=\"#222\">\n<rect width=\"{w}\" height=\"{h}\" fill=\"#fff\"/>\n{}</svg>\n",
            self.body,
            w = self.width,
            h = self.height
        )
    }
}

/// A rectangle of a drawing with axes.
pub struct Panel {
    left: f64,
    top: f64,
    width: f64,
    height: f64,
    x: (f64, f64),
    y: (f64, f64),
}

impl Panel {
    /// Draws the frame, the marks and the names of the axes. The ranges must not be empty: equal ends are widened.
    pub fn new(
        drawing: &mut Drawing,
        [left, top, width, height]: [f64; 4],
        title: &str,
        (x_name, x): (&str, (f64, f64)),
        (y_name, y): (&str, (f64, f64)),
    ) -> Self {
        let widened = |(from, to): (f64, f64)| {
            if to - from > 1e-12 {
                (from, to)
            } else {
                (from - 0.5, from + 0.5)
            }
        };
        let panel = Self {
            left,
            top,
            width,
            height,
            x: widened(x),
            y: widened(y),
        };
        let (right, bottom) = (left + width, top + height);
        for mark in marks(panel.x, 6) {
            let at = panel.at_x(mark);
            let _ = writeln!(
                drawing.body,
                r##"<line x1="{at:.1}" y1="{top:.1}" x2="{at:.1}" y2="{bottom:.1}" stroke="#e4e4e4"/>"##
            );
            drawing.text(at, bottom + 17.0, 12.0, "middle", &number(mark));
        }
        for mark in marks(panel.y, 5) {
            let at = panel.at_y(mark);
            let _ = writeln!(
                drawing.body,
                r##"<line x1="{left:.1}" y1="{at:.1}" x2="{right:.1}" y2="{at:.1}" stroke="#e4e4e4"/>"##
            );
            drawing.text(left - 7.0, at + 4.0, 12.0, "end", &number(mark));
        }
        let _ = writeln!(
            drawing.body,
            r##"<rect x="{left:.1}" y="{top:.1}" width="{width:.1}" height="{height:.1}" fill="none" stroke="#888"/>"##
        );
        drawing.text(left + width / 2.0, bottom + 36.0, 13.0, "middle", x_name);
        let (name_x, name_y) = (left - 48.0, top + height / 2.0);
        let _ = writeln!(
            drawing.body,
            r#"<text transform="translate({name_x:.1} {name_y:.1}) rotate(-90)" font-size="13" text-anchor="middle">{}</text>"#,
            escaped(y_name)
        );
        drawing.text(left, top - 8.0, 14.0, "start", title);
        panel
    }

    /// A line through points; those outside are drawn at the edge.
    pub fn line(
        &self,
        drawing: &mut Drawing,
        colour: &str,
        width: f64,
        points: impl Iterator<Item = (f64, f64)>,
    ) {
        let mut path = String::new();
        for (x, y) in points {
            let _ = write!(path, "{:.1},{:.1} ", self.at_x(x), self.at_y(y));
        }
        let _ = writeln!(
            drawing.body,
            r#"<polyline points="{}" fill="none" stroke="{colour}" stroke-width="{width}"/>"#,
            path.trim_end()
        );
    }

    /// The span of values in each column of pixels, as upright strokes: many points stay a small file.
    pub fn columns(
        &self,
        drawing: &mut Drawing,
        colour: &str,
        points: impl Iterator<Item = (f64, f64)>,
    ) {
        let mut columns: Vec<Option<(f64, f64)>> = vec![None; self.width as usize + 1];
        for (x, y) in points {
            let column = (self.at_x(x) - self.left) as usize;
            if let Some(column) = columns.get_mut(column) {
                let (low, high) = column.unwrap_or((y, y));
                *column = Some((low.min(y), high.max(y)));
            }
        }
        let mut path = String::new();
        for (index, column) in columns.iter().enumerate() {
            if let Some((low, high)) = column {
                // A single value is a dot: a stroke of no length is not drawn.
                let (from, to) = (self.at_y(*low) + 1.0, self.at_y(*high) - 1.0);
                let _ = write!(path, "M{:.1} {from:.1}V{to:.1}", self.left + index as f64);
            }
        }
        let _ = writeln!(
            drawing.body,
            r#"<path d="{path}" fill="none" stroke="{colour}" stroke-width="1.5" stroke-opacity="0.75"/>"#
        );
    }

    fn at_x(&self, x: f64) -> f64 {
        self.left + self.width * ((x - self.x.0) / (self.x.1 - self.x.0)).clamp(0.0, 1.0)
    }

    fn at_y(&self, y: f64) -> f64 {
        self.top + self.height * (1.0 - ((y - self.y.0) / (self.y.1 - self.y.0)).clamp(0.0, 1.0))
    }
}

/// Round numbers (1, 2 or 5 times a power of ten) in a range, about as many as wanted.
fn marks((from, to): (f64, f64), wanted: u32) -> Vec<f64> {
    let rough = (to - from) / f64::from(wanted);
    let power = libm::pow(10.0, libm::floor(libm::log10(rough)));
    let step = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|factor| factor * power)
        .find(|step| *step >= rough)
        .unwrap_or(10.0 * power);
    let first = libm::ceil(from / step - 1e-9) as i64;
    (first..first + 64)
        .map(|index| index as f64 * step)
        .take_while(|mark| *mark <= to + step * 1e-9)
        .collect()
}

fn number(value: f64) -> String {
    // Six decimals, and no trailing zeros.
    let text = format!("{value:.6}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" {
        "0".into()
    } else {
        text.into()
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_round_and_inside() {
        assert_eq!(marks((0.0, 10.0), 5), [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]);
        let text: Vec<String> = marks((0.13, 0.47), 5).into_iter().map(number).collect();
        assert_eq!(text, ["0.2", "0.3", "0.4"]);
    }
}
