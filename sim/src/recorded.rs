//! Recorded hand motion: a table of poses at 30 Hz or so, resampled at the console's rate.
//!
//! The text is comma-separated with a header line. Columns, in any order; others are ignored:
//!
//! | column | unit | what |
//! |---|---|---|
//! | `t_s` | s | time since the start, strictly rising |
//! | `left_x_m`, `left_y_m`, `left_z_m` | m | place of the left hand |
//! | `left_qx`, `left_qy`, `left_qz`, `left_qw` | | its turn, a quaternion of either sign and of any length but zero |
//! | `left_jaw_rad` | rad | how far its jaw is open |
//! | `right_…` | | the same of the right hand |
//!
//! Places and jaws are interpolated by the natural cubic spline: through every sample, with continuous speed
//! and acceleration, so that resampling to 1 kHz adds no jerk of its own. Turns are interpolated as a cubic
//! spline of the quaternions, taken to one hemisphere and normalised: through every sample and as smooth.
//! Before the first and after the last sample the hand rests where it was.
//!
//! This is the layout of the public sets of surgical motion (JIGSAWS: 30 Hz, two hands), not their file
//! format: their rotation matrices are turned into quaternions by whoever exports them.

use nalgebra::{Quaternion, Translation3, UnitQuaternion};
use robot_model::Pose;

/// Values a hand has in each sample: place, quaternion, jaw.
const VALUES: usize = 8;

/// The columns of one hand, without its name.
const COLUMNS: [&str; VALUES] = ["x_m", "y_m", "z_m", "qx", "qy", "qz", "qw", "jaw_rad"];

const SIDES: [&str; 2] = ["left", "right"];

/// The longest recording: an hour at 100 Hz.
const MAX_SAMPLES: usize = 360_000;

/// Both hands over time, as splines.
#[derive(Clone, Debug, PartialEq)]
pub struct Recording {
    times_s: Vec<f64>,
    hands: [Vec<Knot>; 2],
}

/// A sample, and the second derivatives of the spline through it.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Knot {
    values: [f64; VALUES],
    bends: [f64; VALUES],
}

/// Where one hand is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RecordedHand {
    /// Place and turn.
    pub pose: Pose,
    /// How far the jaw is open, rad.
    pub jaw_rad: f64,
}

impl Recording {
    /// Reads a table.
    ///
    /// # Errors
    /// A sentence that names the line (from 1) or the column and the remedy.
    pub fn from_csv(text: &str) -> Result<Self, String> {
        let mut lines = text
            .lines()
            .enumerate()
            .filter(|(_, line)| !line.trim().is_empty());
        let (_, header) = lines
            .next()
            .ok_or("the recording is empty; give a header line and samples")?;
        let names: Vec<&str> = header.split(',').map(str::trim).collect();
        let column = |name: &str| {
            names
                .iter()
                .position(|found| *found == name)
                .ok_or_else(|| {
                    format!("the recording has no column `{name}`; add it to the header line")
                })
        };
        let time_column = column("t_s")?;
        let mut columns = [[0; VALUES]; 2];
        for (side, columns) in SIDES.iter().zip(&mut columns) {
            for (name, place) in COLUMNS.iter().zip(columns) {
                *place = column(&format!("{side}_{name}"))?;
            }
        }
        let mut times_s: Vec<f64> = Vec::new();
        let mut hands = [Vec::new(), Vec::new()];
        for (index, line) in lines {
            let line_number = index + 1;
            if times_s.len() == MAX_SAMPLES {
                return Err(format!(
                    "the recording has more than {MAX_SAMPLES} samples; cut it"
                ));
            }
            let fields: Vec<&str> = line.split(',').map(str::trim).collect();
            let number = |place: usize| {
                let text = fields.get(place).copied().unwrap_or("");
                let value = text.parse::<f64>().ok().filter(|value| value.is_finite());
                value.ok_or_else(|| {
                    format!(
                        "line {line_number}, column `{}`: \"{text}\" is no number; every sample needs all columns",
                        names[place]
                    )
                })
            };
            let time_s = number(time_column)?;
            if times_s.last().is_some_and(|before| time_s <= *before) {
                return Err(format!(
                    "line {line_number}: time {time_s} s is not after the one before; sort the samples"
                ));
            }
            for (columns, samples) in columns.iter().zip(&mut hands) {
                let mut values = [0.0; VALUES];
                for (value, place) in values.iter_mut().zip(columns) {
                    *value = number(*place)?;
                }
                let before = samples.last();
                samples.push(unit_turn(values, before).ok_or_else(|| {
                    format!("line {line_number}: a quaternion of length zero is no turn")
                })?);
            }
            times_s.push(time_s);
        }
        if times_s.len() < 2 {
            return Err("the recording has fewer than two samples; motion needs two".into());
        }
        let start_s = times_s[0];
        times_s.iter_mut().for_each(|time_s| *time_s -= start_s);
        let hands = hands.map(|samples| spline(&times_s, &samples));
        Ok(Self { times_s, hands })
    }

    /// How long it lasts, s.
    pub fn duration_s(&self) -> f64 {
        self.times_s.last().copied().unwrap_or(0.0)
    }

    /// Both hands, left first, `time_s` after the first sample.
    pub fn hands_at(&self, time_s: f64) -> [RecordedHand; 2] {
        let last = self.times_s.len() - 1;
        let time_s = time_s.max(0.0).min(self.times_s[last]);
        let after = self
            .times_s
            .partition_point(|knot_s| *knot_s <= time_s)
            .clamp(1, last);
        let (from_s, to_s) = (self.times_s[after - 1], self.times_s[after]);
        [0, 1].map(|hand| {
            let knots = &self.hands[hand];
            let values = between(
                &knots[after - 1],
                &knots[after],
                to_s - from_s,
                time_s - from_s,
            );
            let [x, y, z, i, j, k, w, jaw_rad] = values;
            RecordedHand {
                pose: Pose::from_parts(
                    Translation3::new(x, y, z),
                    UnitQuaternion::new_normalize(Quaternion::new(w, i, j, k)),
                ),
                jaw_rad,
            }
        })
    }
}

/// A sample whose quaternion has length one and is in the hemisphere of the one before.
fn unit_turn(mut values: [f64; VALUES], before: Option<&[f64; VALUES]>) -> Option<[f64; VALUES]> {
    let turn = &mut values[3..7];
    let length = libm::sqrt(turn.iter().map(|part| part * part).sum());
    if length < 1e-9 {
        return None;
    }
    let along = before.map_or(1.0, |before| {
        turn.iter().zip(&before[3..7]).map(|(a, b)| a * b).sum()
    });
    turn.iter_mut()
        .for_each(|part| *part /= libm::copysign(length, along));
    Some(values)
}

/// The natural cubic spline: second derivatives that make the slope continuous, zero at both ends. The
/// tridiagonal equations are solved by elimination.
fn spline(times_s: &[f64], samples: &[[f64; VALUES]]) -> Vec<Knot> {
    let count = samples.len();
    let mut knots: Vec<Knot> = samples
        .iter()
        .map(|values| Knot {
            values: *values,
            bends: [0.0; VALUES],
        })
        .collect();
    // What elimination leaves of the next row's coefficient.
    let mut carried = vec![0.0; count];
    for row in 1..count.saturating_sub(1) {
        let (left_s, right_s) = (
            times_s[row] - times_s[row - 1],
            times_s[row + 1] - times_s[row],
        );
        let pivot = 2.0 * (left_s + right_s) - left_s * carried[row - 1];
        carried[row] = right_s / pivot;
        knots[row].bends = core::array::from_fn(|value| {
            let slope_after = (samples[row + 1][value] - samples[row][value]) / right_s;
            let slope_before = (samples[row][value] - samples[row - 1][value]) / left_s;
            let wanted = 6.0 * (slope_after - slope_before);
            (wanted - left_s * knots[row - 1].bends[value]) / pivot
        });
    }
    for row in (1..count.saturating_sub(1)).rev() {
        for value in 0..VALUES {
            knots[row].bends[value] -= carried[row] * knots[row + 1].bends[value];
        }
    }
    knots
}

/// The spline `since_s` after the first of two knots that are `span_s` apart.
fn between(from: &Knot, to: &Knot, span_s: f64, since_s: f64) -> [f64; VALUES] {
    let b = since_s / span_s;
    let a = 1.0 - b;
    let bend = span_s * span_s / 6.0;
    core::array::from_fn(|value| {
        a * from.values[value]
            + b * to.values[value]
            + bend * ((a * a * a - a) * from.bends[value] + (b * b * b - b) * to.bends[value])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> String {
        let mut names = vec!["t_s".to_string()];
        for side in SIDES {
            names.extend(COLUMNS.iter().map(|name| format!("{side}_{name}")));
        }
        names.join(",")
    }

    /// Thirty samples a second of a smooth motion of both hands.
    fn recording(seconds: usize, flip: bool) -> Recording {
        let mut text = header();
        for sample in 0..=30 * seconds {
            let t = sample as f64 / 30.0;
            let sign = if flip && sample % 2 == 1 { -3.0 } else { 1.0 };
            let (sin, cos) = libm::sincos(turn_rad(t) / 2.0);
            text += &format!("\n{}", t + 7.0);
            for _ in SIDES {
                text += &format!(
                    ",{},0.01,{},0,0,{},{},{}",
                    x_m(t),
                    -x_m(t),
                    sign * sin,
                    sign * cos,
                    0.3
                );
            }
        }
        Recording::from_csv(&text).expect("it is valid")
    }

    fn x_m(t: f64) -> f64 {
        0.03 * libm::sin(core::f64::consts::TAU * t)
    }

    fn turn_rad(t: f64) -> f64 {
        0.5 * libm::sin(3.0 * t)
    }

    #[test]
    fn the_spline_passes_every_sample() {
        let recording = recording(2, false);
        for sample in 0..=60 {
            let t = f64::from(sample) / 30.0;
            let [left, right] = recording.hands_at(t);
            assert!((left.pose.translation.x - x_m(t)).abs() < 1e-12);
            assert!((right.pose.translation.z + x_m(t)).abs() < 1e-12);
            assert!((left.pose.rotation.angle() - turn_rad(t).abs()).abs() < 1e-7);
        }
    }

    #[test]
    fn a_motion_of_one_hertz_is_met_between_the_samples_to_ten_micrometres() {
        let recording = recording(4, false);
        // Away from the ends, where a natural spline takes the bend to be zero.
        for tick in 500..3_500 {
            let t = f64::from(tick) * 1e-3;
            let [left, _] = recording.hands_at(t);
            assert!((left.pose.translation.x - x_m(t)).abs() < 1e-5, "{t} s");
            assert!(
                (left.pose.rotation.angle() - turn_rad(t).abs()).abs() < 1e-4,
                "{t} s"
            );
        }
    }

    #[test]
    fn speed_and_acceleration_have_no_step_at_a_sample() {
        let recording = recording(2, false);
        let x = |t: f64| recording.hands_at(t)[0].pose.translation.x;
        let h = 1e-4;
        let knot = 20.0 / 30.0;
        let speed = |t: f64| (x(t + h) - x(t - h)) / (2.0 * h);
        let bend = |t: f64| (x(t + h) - 2.0 * x(t) + x(t - h)) / (h * h);
        assert!((speed(knot + 2.0 * h) - speed(knot - 2.0 * h)).abs() < 1e-3);
        let greatest = 0.03 * core::f64::consts::TAU * core::f64::consts::TAU;
        assert!((bend(knot + 2.0 * h) - bend(knot - 2.0 * h)).abs() < 0.02 * greatest);
    }

    #[test]
    fn quaternions_of_either_sign_and_length_turn_the_same() {
        let (plain, flipped) = (recording(2, false), recording(2, true));
        for tick in 0..2_000 {
            let t = f64::from(tick) * 1e-3;
            let turn = |recording: &Recording| recording.hands_at(t)[0].pose.rotation;
            assert!(turn(&plain).angle_to(&turn(&flipped)) < 1e-7, "{t} s");
        }
    }

    #[test]
    fn outside_of_the_recording_the_hands_rest() {
        let recording = recording(1, false);
        assert!((recording.duration_s() - 1.0).abs() < 1e-12);
        assert_eq!(recording.hands_at(-5.0), recording.hands_at(0.0));
        assert_eq!(recording.hands_at(f64::NAN), recording.hands_at(0.0));
        assert_eq!(recording.hands_at(9.0), recording.hands_at(1.0));
    }

    #[test]
    fn a_table_that_cannot_be_used_says_where_and_why() {
        let sample = |t: &str, qw: &str| {
            let hand = format!("0,0,0,0,0,0,{qw},0.3");
            format!("{t},{hand},{hand}")
        };
        let table = |rows: &[String]| format!("{}\n{}", header(), rows.join("\n"));
        let refused = |text: &str| Recording::from_csv(text).expect_err("it is refused");
        assert!(refused("").contains("empty"));
        assert!(refused("t_s,left_x_m\n0,0").contains("left_y_m"));
        let one = table(&[sample("0", "1")]);
        assert!(refused(&one).contains("two"));
        let backwards = table(&[sample("0", "1"), sample("0", "1")]);
        assert!(refused(&backwards).contains("line 3"));
        let no_turn = table(&[sample("0", "1"), sample("1", "0")]);
        assert!(refused(&no_turn).contains("length zero"));
        let no_number = table(&[sample("0", "1"), sample("1", "nan")]);
        assert!(refused(&no_number).contains("left_qw"));
        let short = table(&[sample("0", "1"), "1,2".into()]);
        assert!(refused(&short).contains("line 3"));
    }
}
