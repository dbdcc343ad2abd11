//! What `twping -R` prints: `SSEQ STIME SS SERR SRTIME SRS SRERR STTL RSEQ RSTIME RSS RSERR RTIME RS RERR RTTL`.
//!
//! The reflector numbers its replies itself, so a gap in SSEQ without one in RSEQ was lost on the way up.

use crate::error::ImportError;
use crate::measurement::{
    Format, LONGEST_DELAY_NS, Lost, MOST_PROBES, Measurement, Probe, impossible, too_many,
};
use crate::read::one_way::{cell, time_ns};
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

#[derive(Clone, Copy)]
struct Record {
    seq: u64,
    sent_ns: i64,
    reply: Option<Reply>,
}

#[derive(Clone, Copy)]
struct Reply {
    seq: u64,
    up_ns: i64,
    down_ns: i64,
    rtt_ns: i64,
}

#[derive(Default)]
struct Session {
    records: Vec<Record>,
    newest: Option<u64>,
    reordered: u64,
    unsynchronised: u64,
    negative: u64,
    error_s: f64,
}

impl Session {
    fn line(&mut self, line: &str) -> Result<(), ImportError> {
        let cells: Vec<&str> = line.split_ascii_whitespace().collect();
        if cells.len() != 16 {
            return Err(ImportError::new(
                format!(
                    "the line has {} numbers and a record of `twping -R` has 16",
                    cells.len()
                ),
                "print the session with -R, and nothing else into the file",
            ));
        }
        if self.records.len() == MOST_PROBES {
            return Err(too_many());
        }
        let seq: u64 = cell(&cells, 0, "SSEQ")?;
        let sent_ns = time_ns(cell(&cells, 1, "STIME")?)?;
        let back: u64 = cell(&cells, 12, "RTIME")?;
        let reply = if back == 0 {
            None
        } else {
            let came_ns = time_ns(cell(&cells, 4, "SRTIME")?)?;
            let left_ns = time_ns(cell(&cells, 9, "RSTIME")?)?;
            let back_ns = time_ns(back)?;
            let mut all_synchronised = true;
            for (index, name) in [(2, "SS"), (5, "SRS"), (10, "RSS"), (13, "RS")] {
                let flag: u8 = cell(&cells, index, name)?;
                all_synchronised &= flag != 0;
            }
            self.unsynchronised += u64::from(!all_synchronised);
            for (index, name) in [(3, "SERR"), (6, "SRERR"), (11, "RSERR"), (14, "RERR")] {
                self.error_s = self.error_s.max(cell(&cells, index, name)?);
            }
            let reply = Reply {
                seq: cell(&cells, 8, "RSEQ")?,
                up_ns: came_ns - sent_ns,
                down_ns: back_ns - left_ns,
                rtt_ns: (back_ns - sent_ns) - (left_ns - came_ns),
            };
            if !(0..=LONGEST_DELAY_NS).contains(&reply.rtt_ns) {
                return Err(impossible(
                    seq,
                    "its round-trip time is negative or longer than an hour",
                ));
            }
            self.negative += u64::from(reply.up_ns < 0 || reply.down_ns < 0);
            self.reordered += u64::from(self.newest.is_some_and(|newest| seq < newest));
            self.newest = Some(self.newest.map_or(seq, |newest| newest.max(seq)));
            Some(reply)
        };
        self.records.push(Record {
            seq,
            sent_ns,
            reply,
        });
        Ok(())
    }

    fn into_measurement(mut self) -> Result<Measurement, ImportError> {
        self.records.sort_by_key(|record| record.seq);
        let before = self.records.len();
        self.records.dedup_by_key(|record| record.seq);
        let duplicates = (before - self.records.len()) as u64;
        let start_ns = self.records.first().map_or(0, |record| record.sent_ns);
        let mut probes: Vec<Probe> = Vec::with_capacity(self.records.len());
        for record in &self.records {
            let sent_ns = record.sent_ns - start_ns;
            if probes.last().is_some_and(|last| sent_ns <= last.sent_ns) {
                return Err(impossible(
                    record.seq,
                    "it was sent no later than the one before it: two sessions in one file?",
                ));
            }
            probes.push(Probe {
                sent_ns,
                up_ns: record.reply.map(|reply| reply.up_ns),
                down_ns: record.reply.map(|reply| reply.down_ns),
                rtt_ns: record.reply.map(|reply| reply.rtt_ns),
                lost: if record.reply.is_some() {
                    Lost::No
                } else {
                    Lost::Somewhere
                },
            });
        }
        let mut notes = Vec::new();
        if self.unsynchronised > 0 {
            notes.push(format!(
                "{} packets have a clock that is not synchronised: only the variation of the one-way delay is used",
                self.unsynchronised
            ));
        } else {
            notes.push(format!(
                "all clocks say that they are synchronised, to {:.3} ms at worst: one-way delays are absolute",
                self.error_s * 1e3
            ));
        }
        if self.negative > 0 {
            notes.push(format!(
                "{} packets have a negative one-way delay: the clocks of the two ends differ",
                self.negative
            ));
        }
        if duplicates > 0 {
            notes.push(format!(
                "{duplicates} records repeat a number: duplicates; the first to arrive counts"
            ));
        }
        self.find_directions(&mut probes, duplicates, &mut notes);
        Measurement {
            format: Format::Twping,
            probes,
            start_wall_ns: Some(start_ns),
            interval_ns: None,
            synchronised: self.unsynchronised == 0 && self.negative == 0,
            duplicates,
            reordered: self.reordered,
            both_ways: true,
            target: String::new(),
            notes,
        }
        .checked()
    }

    /// Where each lost packet was lost, from the two numberings.
    fn find_directions(&self, probes: &mut [Probe], duplicates: u64, notes: &mut Vec<String>) {
        let lost = probes.iter().filter(|probe| probe.lost != Lost::No).count();
        if lost == 0 {
            return;
        }
        let copies_numbers = self
            .records
            .iter()
            .all(|record| record.reply.is_none_or(|reply| reply.seq == record.seq));
        if copies_numbers || self.reordered > 0 || duplicates > 0 {
            notes.push(
                "the direction of the losses is unknown: the reflector copies the sender's numbers, or packets were \
                 reordered or repeated"
                    .into(),
            );
            return;
        }
        let mut before: Option<(usize, u64)> = None;
        for (index, record) in self.records.iter().enumerate() {
            let Some(reply) = record.reply else { continue };
            if let Some((at, number)) = before {
                let missing = (index - at - 1) as u64;
                let lost_down = reply.seq.saturating_sub(number + 1);
                let place = match lost_down {
                    0 => Lost::Up,
                    all if all == missing => Lost::Down,
                    _ => Lost::Somewhere,
                };
                for probe in &mut probes[at + 1..index] {
                    probe.lost = place;
                }
            }
            before = Some((index, reply.seq));
        }
    }
}
