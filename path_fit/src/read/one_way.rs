//! What `owping -R` prints: `SEQ STIME SS SERR RTIME RS RERR TTL`, in the order of arrival; a lost packet has RTIME 0.

use crate::error::ImportError;
use crate::measurement::{
    CLOCK_NS, Format, LONGEST_DELAY_NS, Lost, MOST_PROBES, Measurement, Probe, impossible, too_many,
};
use crate::read::text::ntp_unix_ns;
use crate::source::Source;

/// Reads one session.
///
/// # Errors
/// [`ImportError`] with the line.
pub fn read(mut source: Source<'_>) -> Result<Measurement, ImportError> {
    let mut line = String::new();
    let mut session = Session::default();
    while let Some(number) = source.next_line(&mut line)? {
        if line.trim().is_empty() {
            continue;
        }
        session
            .line(&line)
            .map_err(|error| error.at_line(number, &line))?;
    }
    session.into_measurement()
}

/// The cell of a record as a number.
pub(crate) fn cell<T: std::str::FromStr>(
    cells: &[&str],
    index: usize,
    name: &str,
) -> Result<T, ImportError> {
    cells[index].parse().map_err(|_| {
        ImportError::new(
            format!(
                "{name} is '{}', which is no number of its kind",
                cells[index]
            ),
            "the line is damaged; measure again",
        )
    })
}

/// A record's time as Unix ns.
pub(crate) fn time_ns(ntp: u64) -> Result<i64, ImportError> {
    Some(ntp_unix_ns(ntp))
        .filter(|ns| CLOCK_NS.contains(ns))
        .ok_or_else(|| {
            ImportError::new(
                format!("{ntp} is no NTP time of this age"),
                "the line is damaged; measure again",
            )
        })
}

#[derive(Default)]
struct Session {
    /// (number, sent, received), in the order of arrival.
    records: Vec<(u64, i64, Option<i64>)>,
    newest: Option<u64>,
    reordered: u64,
    unsynchronised: u64,
    error_s: f64,
}

impl Session {
    fn line(&mut self, line: &str) -> Result<(), ImportError> {
        let cells: Vec<&str> = line.split_ascii_whitespace().collect();
        if cells.len() != 8 {
            return Err(ImportError::new(
                format!(
                    "the line has {} numbers and a record of `owping -R` has 8",
                    cells.len()
                ),
                "print the session with -R, and nothing else into the file",
            ));
        }
        if self.records.len() == MOST_PROBES {
            return Err(too_many());
        }
        let seq: u64 = cell(&cells, 0, "SEQ")?;
        let sent_ns = time_ns(cell(&cells, 1, "STIME")?)?;
        let (sent_synchronised, received_synchronised): (u8, u8) =
            (cell(&cells, 2, "SS")?, cell(&cells, 5, "RS")?);
        let (sent_error_s, received_error_s): (f64, f64) =
            (cell(&cells, 3, "SERR")?, cell(&cells, 6, "RERR")?);
        let received: u64 = cell(&cells, 4, "RTIME")?;
        let received_ns = if received == 0 {
            None
        } else {
            Some(time_ns(received)?)
        };
        if received_ns.is_some_and(|ns| (ns - sent_ns).abs() > LONGEST_DELAY_NS) {
            return Err(impossible(seq, "it took longer than an hour"));
        }
        if received_ns.is_some() {
            self.unsynchronised += u64::from(sent_synchronised == 0 || received_synchronised == 0);
            self.error_s = self.error_s.max(sent_error_s + received_error_s);
            self.reordered += u64::from(self.newest.is_some_and(|newest| seq < newest));
            self.newest = Some(self.newest.map_or(seq, |newest| newest.max(seq)));
        }
        self.records.push((seq, sent_ns, received_ns));
        Ok(())
    }

    fn into_measurement(mut self) -> Result<Measurement, ImportError> {
        // Stable: of equal numbers the first to arrive stays first.
        self.records.sort_by_key(|&(seq, ..)| seq);
        let before = self.records.len();
        self.records.dedup_by_key(|record| record.0);
        let duplicates = (before - self.records.len()) as u64;
        let start_ns = self.records.first().map_or(0, |record| record.1);
        let mut probes: Vec<Probe> = Vec::with_capacity(self.records.len());
        for &(seq, sent_ns, received_ns) in &self.records {
            let up_ns = received_ns.map(|ns| ns - sent_ns);
            if probes
                .last()
                .is_some_and(|last| sent_ns - start_ns <= last.sent_ns)
            {
                return Err(impossible(
                    seq,
                    "it was sent no later than the one before it: two sessions in one file?",
                ));
            }
            probes.push(Probe {
                sent_ns: sent_ns - start_ns,
                up_ns,
                down_ns: None,
                rtt_ns: None,
                lost: if up_ns.is_some() { Lost::No } else { Lost::Up },
            });
        }
        let synchronised = self.unsynchronised == 0;
        let mut notes = Vec::new();
        if synchronised {
            notes.push(format!(
                "both clocks say that they are synchronised, to {:.3} ms at worst: one-way delays are absolute",
                self.error_s * 1e3
            ));
        } else {
            notes.push(format!(
                "{} packets have a clock that is not synchronised (SS or RS is 0): only the variation of the delay is used",
                self.unsynchronised
            ));
        }
        let negative = probes
            .iter()
            .filter(|probe| probe.up_ns.is_some_and(|ns| ns < 0))
            .count();
        if negative > 0 {
            notes.push(format!("{negative} packets have a negative one-way delay: the clocks of the two ends differ"));
        }
        if duplicates > 0 {
            notes.push(format!("{duplicates} records repeat a number: duplicates; the first to arrive counts (RFC 4656)"));
        }
        Measurement {
            format: Format::Owping,
            probes,
            start_wall_ns: Some(start_ns),
            interval_ns: None,
            synchronised: synchronised && negative == 0,
            duplicates,
            reordered: self.reordered,
            both_ways: false,
            target: String::new(),
            notes,
        }
        .checked()
    }
}

/// Two sessions, one each way, as one measurement: each packet up is paired with the one down sent nearest to it.
pub fn paired(up: Measurement, down: &Measurement) -> Measurement {
    let mut paired = up;
    let offset_ns = match (paired.start_wall_ns, down.start_wall_ns) {
        (Some(up_ns), Some(down_ns)) => up_ns - down_ns,
        _ => 0,
    };
    let overlaps = offset_ns < down.span_ns() && offset_ns + paired.span_ns() > 0;
    let offset_ns = if overlaps { offset_ns } else { 0 };
    if !overlaps {
        paired.notes.push(
            "the two sessions do not overlap in time: their beginnings are laid on each other"
                .into(),
        );
    }
    for probe in &mut paired.probes {
        let at_ns = probe.sent_ns + offset_ns;
        let after = down.probes.partition_point(|other| other.sent_ns < at_ns);
        let candidates = [after.checked_sub(1), Some(after)];
        let nearest = candidates
            .into_iter()
            .flatten()
            .filter_map(|index| down.probes.get(index))
            .min_by_key(|other| (other.sent_ns - at_ns).abs());
        let Some(nearest) = nearest else { continue };
        probe.down_ns = nearest.up_ns;
        probe.lost = match (probe.lost, nearest.lost) {
            (Lost::No, Lost::No) => Lost::No,
            (Lost::No, _) => Lost::Down,
            (_, Lost::No) => Lost::Up,
            _ => Lost::Both,
        };
        // Not of one packet, but of two at one time: good enough for a base.
        probe.rtt_ns = probe
            .up_ns
            .zip(probe.down_ns)
            .map(|(up, down)| up + down)
            .filter(|&ns| ns >= 0);
    }
    paired.both_ways = true;
    paired.synchronised &= down.synchronised;
    paired.duplicates += down.duplicates;
    paired.reordered += down.reordered;
    paired
        .notes
        .extend(down.notes.iter().map(|note| format!("way down: {note}")));
    paired
}
