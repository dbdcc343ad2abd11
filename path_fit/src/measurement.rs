//! A measured path, whatever tool measured it: probes in the order of sending, and what the tool may be trusted for.

use std::fmt;

use crate::error::ImportError;

/// The tools whose output is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `irtt client -o FILE`, JSON.
    Irtt,
    /// `owping -R`, one way.
    Owping,
    /// `twping -R`, both ways.
    Twping,
    /// `ping -D`, round trips only.
    Ping,
    /// Two captures, one at each end.
    Pcap,
    /// Columns with a heading.
    Csv,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 6] = [
        Self::Irtt,
        Self::Owping,
        Self::Twping,
        Self::Ping,
        Self::Pcap,
        Self::Csv,
    ];

    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Irtt => "irtt",
            Self::Owping => "owping",
            Self::Twping => "twping",
            Self::Ping => "ping",
            Self::Pcap => "pcap",
            Self::Csv => "csv",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What became of a probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// It arrived (and its reply too, where there is one).
    No,
    /// Lost on the way up: it never reached the far end.
    Up,
    /// Lost on the way down: the reply never came back.
    Down,
    /// Lost both ways, where each way has packets of its own (two owping sessions).
    Both,
    /// Lost on one of the two ways; nobody knows which.
    Somewhere,
}

/// One probe.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Probe {
    /// When it was sent, ns since the first probe, by the sender's clock.
    pub sent_ns: i64,
    /// Time to the far end by the two ends' clocks, ns. Any constant may be in it, a negative one too, unless the
    /// clocks are synchronised.
    pub up_ns: Option<i64>,
    /// Time back by the two ends' clocks, ns, likewise.
    pub down_ns: Option<i64>,
    /// Round trip less the far end's own time, ns: one clock, never negative.
    pub rtt_ns: Option<i64>,
    /// Whether it was lost, and where.
    pub lost: Lost,
}

/// A measured path.
#[derive(Clone, Debug, PartialEq)]
pub struct Measurement {
    /// What tool wrote it.
    pub format: Format,
    /// The probes, in the order of sending; at least two, at least one of which arrived.
    pub probes: Vec<Probe>,
    /// When the first probe was sent, Unix ns by the sender's wall clock, if it is known.
    pub start_wall_ns: Option<i64>,
    /// The interval that the tool was asked for, ns.
    pub interval_ns: Option<i64>,
    /// Whether both ends said that their clocks are synchronised: then one-way delays are absolute.
    pub synchronised: bool,
    /// Copies of packets that came besides the first.
    pub duplicates: u64,
    /// Packets that arrived after one that was sent later.
    pub reordered: u64,
    /// Whether the measurement covers both directions (else only the way up).
    pub both_ways: bool,
    /// What was measured ("10.9.0.2"), to tell mixed measurements; may be empty.
    pub target: String,
    /// What the user should know, a sentence each.
    pub notes: Vec<String>,
}

/// More probes than this are refused, so that memory stays bounded however long the file is: 80 bytes each.
pub const MOST_PROBES: usize = 4_000_000;

/// What a clock may show, ns: 36 years before its zero to 146 after. Differences of such times fit into 64 bits.
pub(crate) const CLOCK_NS: std::ops::Range<i64> = -(1 << 60)..1 << 62;

/// What a difference of two clocks may be, ns: sums of two such and a time fit into 64 bits.
pub(crate) const ONE_WAY_NS: std::ops::Range<i64> = -(1 << 61)..1 << 61;

/// No measurement lasts longer: 400 days.
const LONGEST_SPAN_NS: i64 = 400 * 86_400 * 1_000_000_000;

/// Longer delays than an hour are no delays: the network model cuts off there as well.
pub(crate) const LONGEST_DELAY_NS: i64 = 3_600_000_000_000;

impl Measurement {
    /// How many probes were lost.
    pub fn lost(&self) -> usize {
        self.probes
            .iter()
            .filter(|probe| probe.lost != Lost::No)
            .count()
    }

    /// Time from the first sending to the last, ns.
    pub fn span_ns(&self) -> i64 {
        self.probes.last().map_or(0, |probe| probe.sent_ns)
    }

    /// The median time between two sendings, ns; at least 1.
    pub fn median_interval_ns(&self) -> i64 {
        let mut gaps: Vec<i64> = self
            .probes
            .windows(2)
            .map(|pair| pair[1].sent_ns - pair[0].sent_ns)
            .collect();
        if gaps.is_empty() {
            return 1;
        }
        let middle = gaps.len() / 2;
        let (_, median, _) = gaps.select_nth_unstable(middle);
        (*median).max(1)
    }

    /// Whether any probe has one-way times.
    pub fn has_one_way(&self) -> bool {
        self.probes.iter().any(|probe| probe.up_ns.is_some())
    }

    /// Whether any probe has a round-trip time.
    pub fn has_round_trip(&self) -> bool {
        self.probes.iter().any(|probe| probe.rtt_ns.is_some())
    }

    /// Refuses what nothing can be learnt from, and counts what was sent late.
    pub(crate) fn checked(mut self) -> Result<Self, ImportError> {
        let sent = self.probes.len();
        if sent < 2 {
            return Err(ImportError::new(
                format!("the measurement has {sent} probes and at least 2 are needed"),
                "measure longer",
            ));
        }
        let received = sent - self.lost();
        if received == 0 {
            return Err(ImportError::new(
                format!("none of the {sent} probes arrived"),
                "check the far end's address and firewall, and measure again",
            ));
        }
        if self.span_ns() > LONGEST_SPAN_NS {
            return Err(ImportError::new(
                "the measurement lasts more than 400 days",
                "check the times of sending (their unit?), and cut it into shorter ones",
            ));
        }
        let usual_ns = self
            .interval_ns
            .unwrap_or_else(|| self.median_interval_ns());
        let is_late = |pair: &&[Probe]| {
            usual_ns > 0
                && (pair[1].sent_ns - pair[0].sent_ns).saturating_mul(2)
                    > usual_ns.saturating_mul(3)
        };
        let missed = self.probes.windows(2).filter(is_late).count();
        if missed * 100 > sent {
            self.notes.push(format!(
                "{missed} of {sent} probes left more than half an interval late (slots were missed); \
                 the real send times are used, not number times interval"
            ));
        }
        Ok(self)
    }

    /// Appends a later part of the same measurement.
    ///
    /// # Errors
    /// When it is of another target, interval or kind, overlaps, or its place in time is unknown.
    pub fn join(&mut self, later: Self) -> Result<(), ImportError> {
        let mixed = |what: String| {
            Err(ImportError::new(
                what,
                "several files must be parts of one measurement, in order; import others one by one",
            ))
        };
        if self.format != later.format || self.both_ways != later.both_ways {
            return mixed(format!(
                "mixed measurements: {} after {}",
                later.format, self.format
            ));
        }
        if self.target != later.target {
            return mixed(format!(
                "mixed measurements: this one went to '{}', the one before to '{}'",
                later.target, self.target
            ));
        }
        if self.interval_ns != later.interval_ns {
            return mixed(format!(
                "mixed measurements: its interval is {:?} ns, that of the one before {:?} ns",
                later.interval_ns, self.interval_ns
            ));
        }
        let (Some(start_ns), Some(later_ns)) = (self.start_wall_ns, later.start_wall_ns) else {
            return mixed("the parts have no wall-clock times that say how they follow".into());
        };
        let offset_ns = later_ns - start_ns;
        if offset_ns > LONGEST_SPAN_NS {
            return mixed("it begins more than 400 days after the one before it".into());
        }
        if offset_ns <= self.span_ns() {
            return mixed("it begins before the one before it ends".into());
        }
        if self.probes.len() + later.probes.len() > MOST_PROBES {
            return Err(too_many());
        }
        let moved = later.probes.iter().map(|probe| Probe {
            sent_ns: probe.sent_ns + offset_ns,
            ..*probe
        });
        self.probes.extend(moved);
        self.synchronised &= later.synchronised;
        self.duplicates += later.duplicates;
        self.reordered += later.reordered;
        for note in later.notes {
            if !self.notes.contains(&note) {
                self.notes.push(note);
            }
        }
        Ok(())
    }
}

/// The refusal of more than [`MOST_PROBES`].
pub(crate) fn too_many() -> ImportError {
    ImportError::new(
        format!("the measurement has more than {MOST_PROBES} probes"),
        "cut it into shorter ones",
    )
}

/// A round-trip time or a difference of times that cannot be.
pub(crate) fn impossible(probe: impl fmt::Display, what: &str) -> ImportError {
    ImportError::new(
        format!("probe {probe}: {what}"),
        "the file is damaged or two measurements were mixed; measure again",
    )
}
