//! Measured paths: what `irtt` wrote, read with its traps in mind, replayed in the measured order.
//!
//! What is taken from a measurement is the *variation* of the delay (above the least delay of the ten
//! seconds around it) and the losses. The absolute one-way delay is not: nobody synchronises the two
//! clocks of a measurement by itself, so the base delay is the scenario's to state.

use std::collections::VecDeque;
use std::fmt;

use serde::Deserialize;

use crate::Direction;

/// The least delay is sought this far before and after a probe. RFC 6817 keeps minutes; a drift of
/// 100 ppm is 1 ms in ten seconds, so the window is short.
const WINDOW_NS: i64 = 5_000_000_000;

/// `irtt server` refuses probes closer than this unless told otherwise, and drops what comes in bunches.
const SERVER_MIN_INTERVAL_NS: i64 = 10_000_000;

/// What a clock may show, ns: from 36 years before its zero to 146 after it. Differences of such times, and of those,
/// fit into 64 bits.
const CLOCK_NS: std::ops::Range<i64> = -(1 << 60)..1 << 62;

/// No time in a replay is larger, ns: 400 days.
const LONGEST_REPLAY_NS: u64 = 400 * 86_400 * 1_000_000_000;

/// A path as measured.
#[derive(Clone, Debug, PartialEq)]
pub struct MeasuredPath {
    /// Probes sent.
    pub sent: usize,
    /// Probes whose reply came back.
    pub received: usize,
    /// Probes lost on the way up, by trusted labels or by an even split.
    pub lost_up: usize,
    /// Probes lost on the way down.
    pub lost_down: usize,
    /// The least round-trip time, ns.
    pub least_rtt_ns: u64,
    /// What the reader of a report should know about the measurement.
    pub notes: Vec<String>,
    up: DirectionTrace,
    down: DirectionTrace,
}

/// One direction of a measured path, in the order of sending.
#[derive(Clone, Debug, PartialEq)]
pub struct DirectionTrace {
    probes: Vec<Probe>,
    span_ns: u64,
}

/// What one probe met.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Probe {
    /// When it was sent, ns since the first.
    sent_ns: u64,
    /// Its delay above the least one around it, ns; none when it was lost.
    variation_ns: Option<u64>,
}

/// Why a measurement cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TraceError {
    /// The file cannot be read.
    Unreadable {
        /// The file.
        file: String,
        /// Why.
        reason: String,
    },
    /// It is not JSON, or not the JSON of `irtt`.
    NotIrtt {
        /// Line, from 1.
        line: usize,
        /// Column.
        column: usize,
        /// What the reader met.
        reason: String,
    },
    /// A line of a replay that is none.
    NotReplay {
        /// Line, from 1.
        line: usize,
        /// What is wrong.
        reason: &'static str,
    },
    /// Fewer than two probes.
    TooFewProbes {
        /// How many.
        probes: usize,
    },
    /// Not one reply.
    NothingReceived {
        /// How many probes were sent.
        probes: usize,
    },
    /// Times that cannot be.
    Impossible {
        /// The probe's number.
        seqno: u64,
        /// What is impossible about it.
        reason: &'static str,
    },
    /// Any of the above, in a file.
    InFile {
        /// The file.
        file: String,
        /// What is wrong with it.
        error: Box<TraceError>,
    },
}

impl TraceError {
    /// The same error with the file that it is about.
    pub fn in_file(self, file: &str) -> Self {
        Self::InFile {
            file: file.into(),
            error: Box::new(self),
        }
    }
}

impl fmt::Display for TraceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { file, reason } if reason.contains(file.as_str()) => {
                f.write_str(reason)
            }
            Self::Unreadable { file, reason } => write!(f, "{file}: {reason}"),
            Self::NotIrtt {
                line,
                column,
                reason,
            } => write!(
                f,
                "line {line}, column {column}: not the output of `irtt client -o`: {reason}"
            ),
            Self::NotReplay { line, reason } => write!(
                f,
                "line {line}: {reason}; a replay is what `twin import` wrote, unchanged"
            ),
            Self::TooFewProbes { probes } => write!(
                f,
                "the trace has {probes} round trips and at least 2 are needed; measure longer"
            ),
            Self::NothingReceived { probes } => write!(
                f,
                "none of the {probes} probes came back; check the server's address and measure again"
            ),
            Self::Impossible { seqno, reason } => write!(f, "round trip {seqno}: {reason}"),
            Self::InFile { file, error } => write!(f, "{file}: {error}"),
        }
    }
}

impl std::error::Error for TraceError {}

/// The first line of a replay.
pub const REPLAY_HEADING: &str = "# twin replay 1";

/// The second line of a replay: its columns.
pub const REPLAY_COLUMNS: &str = "sent_ns,up_ns,down_ns";

impl MeasuredPath {
    /// Reads a measurement: the JSON of irtt, or a replay that `twin import` wrote from any other tool.
    ///
    /// # Errors
    /// [`TraceError`] when it is neither, has too few probes, or impossible times.
    pub fn from_text(text: &str) -> Result<Self, TraceError> {
        if text.starts_with(REPLAY_HEADING) {
            Self::from_replay(text)
        } else {
            Self::from_irtt_json(text)
        }
    }

    /// Reads a replay: [`REPLAY_HEADING`], further `#` lines, [`REPLAY_COLUMNS`], then a row a probe: when it was
    /// sent, ns since the first, and its delays above the base, ns; a lost probe has an empty cell.
    ///
    /// # Errors
    /// [`TraceError`] when it is something else, or has too few probes.
    pub fn from_replay(text: &str) -> Result<Self, TraceError> {
        let mut up: Vec<Probe> = Vec::new();
        let mut down: Vec<Probe> = Vec::new();
        let rows = text
            .lines()
            .enumerate()
            .filter(|(_, line)| !line.starts_with('#') && !line.is_empty());
        for (index, line) in rows {
            let wrong = |reason| TraceError::NotReplay {
                line: index + 1,
                reason,
            };
            if line == REPLAY_COLUMNS && up.is_empty() {
                continue;
            }
            let mut cells = line.split(',');
            let (Some(sent), Some(up_cell), Some(down_cell), None) =
                (cells.next(), cells.next(), cells.next(), cells.next())
            else {
                return Err(wrong("a row has three cells"));
            };
            let number = |cell: &str| {
                cell.parse::<u64>()
                    .ok()
                    .filter(|&ns| ns < LONGEST_REPLAY_NS)
            };
            let variation = |cell: &str| match cell {
                "" => Ok(None),
                _ => number(cell)
                    .map(Some)
                    .ok_or_else(|| wrong("a delay is no number of nanoseconds")),
            };
            let sent_ns = number(sent)
                .ok_or_else(|| wrong("the time of sending is no number of nanoseconds"))?;
            if up.last().is_some_and(|before| sent_ns <= before.sent_ns) {
                return Err(wrong("it was sent no later than the row before it"));
            }
            up.push(Probe {
                sent_ns,
                variation_ns: variation(up_cell)?,
            });
            down.push(Probe {
                sent_ns,
                variation_ns: variation(down_cell)?,
            });
        }
        let sent = up.len();
        if sent < 2 {
            return Err(TraceError::TooFewProbes { probes: sent });
        }
        let lost = |probes: &[Probe]| {
            probes
                .iter()
                .filter(|probe| probe.variation_ns.is_none())
                .count()
        };
        let came_back = up
            .iter()
            .zip(&down)
            .filter(|(up, down)| up.variation_ns.is_some() && down.variation_ns.is_some());
        let received = came_back.count();
        if lost(&up) == sent || lost(&down) == sent {
            return Err(TraceError::NothingReceived { probes: sent });
        }
        let above_base = |probes: &[Probe]| {
            probes
                .iter()
                .filter_map(|probe| probe.variation_ns)
                .min()
                .unwrap_or(0)
        };
        Ok(Self {
            sent,
            received,
            lost_up: lost(&up),
            lost_down: lost(&down),
            least_rtt_ns: above_base(&up) + above_base(&down),
            notes: vec![format!(
                "{sent} probes replayed, {} lost up, {} down",
                lost(&up),
                lost(&down)
            )],
            up: DirectionTrace::of_probes(up),
            down: DirectionTrace::of_probes(down),
        })
    }

    /// Reads the JSON that `irtt client -o` writes (format 1).
    ///
    /// # Errors
    /// [`TraceError`] when it is something else, has too few probes, or impossible times.
    pub fn from_irtt_json(text: &str) -> Result<Self, TraceError> {
        let file: IrttFile = serde_json::from_str(text).map_err(|error| TraceError::NotIrtt {
            line: error.line(),
            column: error.column(),
            reason: error.to_string(),
        })?;
        let trips = &file.round_trips;
        if trips.len() < 2 {
            return Err(TraceError::TooFewProbes {
                probes: trips.len(),
            });
        }
        let sent_ns = send_times_ns(trips)?;
        let received = trips.iter().filter(|trip| trip.rtt_ns().is_some()).count();
        let least_rtt_ns = trips.iter().filter_map(RoundTrip::rtt_ns).min();
        let Some(least_rtt_ns) = least_rtt_ns else {
            return Err(TraceError::NothingReceived {
                probes: trips.len(),
            });
        };
        if let Some((seqno, reason)) = trips.iter().find_map(RoundTrip::contradiction) {
            return Err(TraceError::Impossible { seqno, reason });
        }
        let reordered = file.stats.late_packets.unwrap_or(0) > 0 || any_overtaken(trips);
        let losses: Vec<Option<Direction>> =
            trips.iter().map(|trip| trip.lost_on(reordered)).collect();
        let one_way = trips
            .iter()
            .any(|trip| trip.up_ns().is_some() && trip.down_ns().is_some());
        let trace = |direction: Direction| {
            let delays: Vec<Option<i64>> = trips
                .iter()
                .map(|trip| match (one_way, direction) {
                    (true, Direction::Up) => trip.up_ns(),
                    (true, Direction::Down) => trip.down_ns(),
                    // Without server stamps each way gets half of the round trip.
                    (false, _) => trip.rtt_ns().map(|rtt| rtt / 2),
                })
                .collect();
            DirectionTrace::new(&sent_ns, &delays, &losses, direction)
        };
        let lost_on = |direction| {
            losses
                .iter()
                .filter(|lost| **lost == Some(direction))
                .count()
        };
        Ok(Self {
            sent: trips.len(),
            received,
            lost_up: lost_on(Direction::Up),
            lost_down: lost_on(Direction::Down),
            least_rtt_ns: least_rtt_ns.unsigned_abs(),
            notes: notes(&file, &sent_ns, reordered, one_way, received),
            up: trace(Direction::Up),
            down: trace(Direction::Down),
        })
    }

    /// One direction, ready to be replayed.
    pub fn direction(&self, direction: Direction) -> DirectionTrace {
        match direction {
            Direction::Up => self.up.clone(),
            Direction::Down => self.down.clone(),
        }
    }
}

impl DirectionTrace {
    fn new(
        sent_ns: &[i64],
        delays: &[Option<i64>],
        losses: &[Option<Direction>],
        direction: Direction,
    ) -> Self {
        let least = least_around(sent_ns, delays);
        let mut before = 0;
        let probes = (0..sent_ns.len())
            .map(|index| {
                let variation = match (delays[index], least[index]) {
                    (Some(delay), Some(least)) => Some(delay.abs_diff(least)),
                    _ => None,
                };
                // A probe lost in the other direction says nothing about this one: the delay before it.
                let variation_ns = match losses[index] {
                    Some(lost) if lost == direction => None,
                    _ => Some(variation.unwrap_or(before)),
                };
                before = variation.unwrap_or(before);
                Probe {
                    sent_ns: sent_ns[index].abs_diff(sent_ns[0]),
                    variation_ns,
                }
            })
            .collect::<Vec<Probe>>();
        Self::of_probes(probes)
    }

    /// At least two probes, in the order of sending.
    fn of_probes(probes: Vec<Probe>) -> Self {
        let last_ns = probes.last().map_or(0, |probe| probe.sent_ns);
        // The gap from the last probe to the first of the next round: the mean interval.
        let span_ns = last_ns + last_ns / (probes.len() as u64 - 1);
        Self {
            probes,
            span_ns: span_ns.max(1),
        }
    }

    /// How long the measurement lasts; after that it begins anew.
    pub fn span_ns(&self) -> u64 {
        self.span_ns
    }

    /// What a packet sent at a time meets: the fate of the probe nearest to it, `None` for a loss.
    pub fn at(&self, time_ns: u64) -> Option<u64> {
        let time_ns = time_ns % self.span_ns;
        let after = self.probes.partition_point(|probe| probe.sent_ns < time_ns);
        let Some(before) = after.checked_sub(1) else {
            return self.probes[0].variation_ns;
        };
        // After the last probe comes the first one of the next round.
        let next = self.probes.get(after);
        let next_ns = next.map_or(self.span_ns, |probe| probe.sent_ns);
        let is_nearer = next_ns - time_ns < time_ns - self.probes[before].sent_ns;
        let nearest = match (is_nearer, next) {
            (false, _) => before,
            (true, Some(_)) => after,
            (true, None) => 0,
        };
        self.probes[nearest].variation_ns
    }
}

/// The least delay within [`WINDOW_NS`] of each probe.
fn least_around(sent_ns: &[i64], delays: &[Option<i64>]) -> Vec<Option<i64>> {
    let mut window: VecDeque<usize> = VecDeque::new();
    let mut next = 0;
    sent_ns
        .iter()
        .map(|&now_ns| {
            while next < sent_ns.len() && sent_ns[next] <= now_ns + WINDOW_NS {
                if let Some(delay) = delays[next] {
                    // Larger delays before a smaller one will never be the least again.
                    while window
                        .back()
                        .is_some_and(|&last| delays[last] >= Some(delay))
                    {
                        window.pop_back();
                    }
                    window.push_back(next);
                }
                next += 1;
            }
            while window
                .front()
                .is_some_and(|&first| sent_ns[first] < now_ns - WINDOW_NS)
            {
                window.pop_front();
            }
            window.front().and_then(|&first| delays[first])
        })
        .collect()
}

/// When each probe was really sent: slots are missed, so the number times the interval is not it.
fn send_times_ns(trips: &[RoundTrip]) -> Result<Vec<i64>, TraceError> {
    let mut times_ns: Vec<i64> = Vec::with_capacity(trips.len());
    for trip in trips {
        let impossible = |reason| TraceError::Impossible {
            seqno: trip.seqno,
            reason,
        };
        if !trip.timestamps.all().all(|ns| CLOCK_NS.contains(&ns)) {
            return Err(impossible("a time stamp of it is no clock's"));
        }
        let stamp = trip.timestamps.client.send;
        let at_ns = stamp
            .monotonic
            .or(stamp.wall)
            .ok_or_else(|| impossible("it has no client send time; measure with --tstamp both"))?;
        if times_ns.last().is_some_and(|&before_ns| at_ns <= before_ns) {
            return Err(impossible("it was sent no later than the one before"));
        }
        times_ns.push(at_ns);
    }
    Ok(times_ns)
}

/// Whether a reply overtook an earlier one.
fn any_overtaken(trips: &[RoundTrip]) -> bool {
    let arrivals = |pick: fn(&RoundTrip) -> Option<i64>| {
        let times: Vec<i64> = trips.iter().filter_map(pick).collect();
        times.windows(2).any(|pair| pair[1] < pair[0])
    };
    arrivals(|trip| trip.timestamps.server.receive.any())
        || arrivals(|trip| trip.timestamps.client.receive.any())
}

fn notes(
    file: &IrttFile,
    sent_ns: &[i64],
    reordered: bool,
    one_way: bool,
    received: usize,
) -> Vec<String> {
    let mut notes = vec![format!(
        "{} probes, {received} came back; only the variation of the delay is used: the clocks of the \
         two ends may differ, so the scenario states the base delay",
        sent_ns.len()
    )];
    if reordered {
        notes.push(
            "replies were reordered, so irtt's labels of the direction of a loss are not trusted: \
             losses are split evenly between the two directions"
                .into(),
        );
    }
    if !one_way {
        notes.push("without server time stamps each direction gets half of the round trip".into());
    }
    let interval_ns = file.config.params.interval.unwrap_or(0);
    if interval_ns > 0 && interval_ns <= SERVER_MIN_INTERVAL_NS {
        notes.push(format!(
            "the interval of {:.3} ms is not above the server's default limit of 10 ms: a server \
             without `-i 0` drops bunched probes, which reads as loss on the way up",
            interval_ns as f64 * 1e-6
        ));
    }
    if let Some(duplicates) = file.stats.duplicates.filter(|&count| count > 0) {
        notes.push(format!(
            "irtt counts {duplicates} duplicates among the received packets; losses are counted anew \
             from the round trips"
        ));
    }
    let missed = missed_slots(sent_ns, interval_ns);
    if missed * 100 > sent_ns.len() {
        notes.push(format!(
            "{missed} probes left more than half an interval late; the real send times are used"
        ));
    }
    notes
}

/// Gaps between sends that are longer than one and a half intervals.
fn missed_slots(sent_ns: &[i64], interval_ns: i64) -> usize {
    let is_late = |pair: &&[i64]| {
        interval_ns > 0 && (pair[1] - pair[0]).saturating_mul(2) > interval_ns.saturating_mul(3)
    };
    sent_ns.windows(2).filter(is_late).count()
}

/// The parts of irtt's file that matter; integers stay integers (they exceed 2^53).
#[derive(Deserialize)]
struct IrttFile {
    #[serde(default)]
    config: Config,
    #[serde(default)]
    stats: Stats,
    round_trips: Vec<RoundTrip>,
}

#[derive(Default, Deserialize)]
struct Config {
    #[serde(default)]
    params: Params,
}

#[derive(Default, Deserialize)]
struct Params {
    interval: Option<i64>,
}

#[derive(Default, Deserialize)]
struct Stats {
    late_packets: Option<u64>,
    duplicates: Option<u64>,
}

#[derive(Deserialize)]
struct RoundTrip {
    seqno: u64,
    lost: Lost,
    timestamps: Timestamps,
    delay: Delay,
}

#[derive(Deserialize)]
struct Timestamps {
    client: Ends,
    server: Ends,
}

#[derive(Deserialize)]
struct Ends {
    #[serde(default)]
    send: Stamp,
    #[serde(default)]
    receive: Stamp,
}

#[derive(Clone, Copy, Default, Deserialize)]
struct Stamp {
    wall: Option<i64>,
    monotonic: Option<i64>,
}

#[derive(Deserialize)]
struct Delay {
    rtt: Option<i64>,
}

/// irtt writes a string; its manual shows a boolean.
#[derive(Deserialize)]
#[serde(untagged)]
enum Lost {
    Flag(bool),
    Label(String),
}

impl Stamp {
    fn any(self) -> Option<i64> {
        self.monotonic.or(self.wall)
    }
}

impl Timestamps {
    fn all(&self) -> impl Iterator<Item = i64> {
        [
            self.client.send,
            self.client.receive,
            self.server.send,
            self.server.receive,
        ]
        .into_iter()
        .flat_map(|stamp| [stamp.wall, stamp.monotonic])
        .flatten()
    }
}

impl RoundTrip {
    fn rtt_ns(&self) -> Option<i64> {
        self.delay.rtt
    }

    fn up_ns(&self) -> Option<i64> {
        let stamps = &self.timestamps;
        Some(stamps.server.receive.wall? - stamps.client.send.wall?)
    }

    fn down_ns(&self) -> Option<i64> {
        let stamps = &self.timestamps;
        Some(stamps.client.receive.wall? - stamps.server.send.wall?)
    }

    /// What cannot be about it.
    fn contradiction(&self) -> Option<(u64, &'static str)> {
        let lost = match &self.lost {
            Lost::Flag(lost) => *lost,
            Lost::Label(label) => match label.as_str() {
                "false" => false,
                "true" | "true_up" | "true_down" => true,
                _ => return Some((self.seqno, "its label `lost` is none that irtt writes")),
            },
        };
        let reason = match (lost, self.rtt_ns()) {
            (true, Some(_)) => "it is lost and has a round-trip time",
            (false, None) => "it is not lost and has no round-trip time",
            (false, Some(rtt_ns)) if rtt_ns < 0 => "its round-trip time is negative",
            _ => return None,
        };
        Some((self.seqno, reason))
    }

    /// The direction in which it was lost, if it was. Labels are wrong once packets were reordered; a loss
    /// without a trusted label goes up or down by its number's parity.
    fn lost_on(&self, reordered: bool) -> Option<Direction> {
        let label = match &self.lost {
            Lost::Flag(false) => return None,
            Lost::Flag(true) => "true",
            Lost::Label(label) => label.as_str(),
        };
        match label {
            "false" => None,
            "true_up" if !reordered => Some(Direction::Up),
            "true_down" if !reordered => Some(Direction::Down),
            _ if self.seqno.is_multiple_of(2) => Some(Direction::Up),
            _ => Some(Direction::Down),
        }
    }
}
