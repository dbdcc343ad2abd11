//! The journal of a campaign: a line a run, appended, each with a checksum over itself and all lines before it.
//!
//! A process that is killed leaves at most one torn line, the last: it is dropped, and that run is run again.
//! Anything else that does not fit is damage, and is told, not repaired.

use std::io::{self, BufRead, Write};

use serde::Serialize;
use serde::de::DeserializeOwned;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// A line longer than this is damage: a run's line has a few thousand bytes.
const LONGEST_LINE: usize = 1 << 20;

/// Hexadecimal digits of a checksum, and the space after it.
const PREFIX: usize = 17;

/// Appends lines.
pub struct Writer<W> {
    to: W,
    chain: u64,
}

impl<W: Write> Writer<W> {
    /// Goes on after lines whose chain ended in `chain`; 0 for none.
    pub fn new(to: W, chain: u64) -> Self {
        Self { to, chain }
    }

    /// Appends one line, in one write.
    ///
    /// # Errors
    /// As the writer.
    pub fn add(&mut self, value: &impl Serialize) -> io::Result<()> {
        let json = serde_json::to_vec(value)?;
        let chain = xxh3_64_with_seed(&json, self.chain);
        let mut line = format!("{chain:016x} ").into_bytes();
        line.extend(json);
        line.push(b'\n');
        self.to.write_all(&line)?;
        self.to.flush()?;
        self.chain = chain;
        Ok(())
    }

    /// What is written to.
    pub fn get_ref(&self) -> &W {
        &self.to
    }
}

/// How a journal ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct End {
    /// Whole lines.
    pub lines: u64,
    /// Bytes of them.
    pub bytes: u64,
    /// Their chain.
    pub chain: u64,
    /// Whether something torn follows.
    pub is_torn: bool,
}

/// Reads all whole lines, one at a time in memory.
///
/// # Errors
/// In words: what is damaged, and where; or what `each` refuses.
pub fn read<T: DeserializeOwned>(
    mut from: impl BufRead,
    mut each: impl FnMut(T) -> Result<(), String>,
) -> Result<End, String> {
    let mut end = End::default();
    let mut line = Vec::new();
    loop {
        line.clear();
        let limit = LONGEST_LINE as u64;
        io::Read::take(&mut from, limit)
            .read_until(b'\n', &mut line)
            .map_err(|error| format!("cannot be read: {error}"))?;
        if line.is_empty() {
            return Ok(end);
        }
        let Some((chain, value)) = whole(&line, end.chain) else {
            let more = from
                .fill_buf()
                .map_err(|error| format!("cannot be read: {error}"))?;
            if more.is_empty() {
                end.is_torn = true;
                return Ok(end);
            }
            return Err(format!(
                "line {} does not fit its checksum: the file was changed or is damaged. Restore it from a copy, or run \
                 the campaign anew in another folder; nothing was changed here",
                end.lines + 1
            ));
        };
        each(value).map_err(|reason| format!("line {}: {reason}", end.lines + 1))?;
        end = End {
            lines: end.lines + 1,
            bytes: end.bytes + line.len() as u64,
            chain,
            is_torn: false,
        };
    }
}

/// The chain after a line and what it holds, if it is whole.
fn whole<T: DeserializeOwned>(line: &[u8], chain: u64) -> Option<(u64, T)> {
    let line = line.strip_suffix(b"\n")?;
    let (prefix, json) = line.split_at_checked(PREFIX)?;
    let stated = u64::from_str_radix(std::str::from_utf8(prefix).ok()?.strip_suffix(' ')?, 16);
    let found = xxh3_64_with_seed(json, chain);
    if stated.ok()? != found {
        return None;
    }
    Some((found, serde_json::from_slice(json).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn journal(values: &[u64]) -> Vec<u8> {
        let mut writer = Writer::new(Vec::new(), 0);
        for value in values {
            writer.add(value).expect("memory takes it");
        }
        writer.to
    }

    fn read_all(bytes: &[u8]) -> Result<(Vec<u64>, End), String> {
        let mut values = Vec::new();
        let end = read(bytes, |value| {
            values.push(value);
            Ok(())
        })?;
        Ok((values, end))
    }

    #[test]
    fn wherever_a_journal_is_cut_the_whole_lines_before_are_read_and_can_be_continued() {
        let bytes = journal(&[10, 20, 30]);
        for cut in 0..=bytes.len() {
            let (values, end) = read_all(&bytes[..cut]).expect("a cut is no damage");
            let lines = bytes[..cut].iter().filter(|&&b| b == b'\n').count();
            assert_eq!(values, [10, 20, 30][..lines]);
            assert_eq!(end.is_torn, end.bytes != cut as u64);
            let mut writer = Writer::new(bytes[..end.bytes as usize].to_vec(), end.chain);
            for value in [10_u64, 20, 30].iter().skip(lines) {
                writer.add(value).expect("memory takes it");
            }
            assert_eq!(writer.to, bytes);
        }
    }

    #[test]
    fn a_changed_missing_or_swapped_line_is_damage() {
        let bytes = journal(&[10, 20, 30]);
        let lines: Vec<&[u8]> = bytes.split_inclusive(|&b| b == b'\n').collect();
        let mut changed = bytes.clone();
        changed[PREFIX] = b'9';
        for damaged in [
            changed,
            [lines[0], lines[2], lines[1]].concat(),
            [lines[1], lines[2]].concat(),
            [b"\n", bytes.as_slice()].concat(),
        ] {
            let error = read_all(&damaged).expect_err("it is damaged");
            assert!(error.contains("checksum"), "{error}");
        }
    }

    #[test]
    fn numbers_read_back_as_they_were() {
        let values = [0.1 + 0.2, f64::MIN, 5e-324, 1.0 / 3.0];
        let mut writer = Writer::new(Vec::new(), 0);
        writer.add(&values).expect("memory takes it");
        let mut back = Vec::new();
        read(writer.to.as_slice(), |value: [f64; 4]| {
            back.extend(value);
            Ok(())
        })
        .expect("it is whole");
        assert_eq!(back, values);
    }

    /// A disk with room for so many bytes.
    struct Disk {
        room: usize,
        bytes: Vec<u8>,
    }

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let taken = bytes.len().min(self.room);
            if taken == 0 {
                return Err(io::Error::from(io::ErrorKind::StorageFull));
            }
            self.room -= taken;
            self.bytes.extend(&bytes[..taken]);
            Ok(taken)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_full_disk_loses_nothing_that_was_written_before() {
        let whole = journal(&[10, 20, 30]);
        for room in 0..whole.len() {
            let bytes = Vec::new();
            let mut writer = Writer::new(Disk { room, bytes }, 0);
            let written = [10_u64, 20, 30]
                .iter()
                .take_while(|&value| writer.add(value).is_ok())
                .count();
            let (values, _) = read_all(&writer.to.bytes).expect("no damage");
            assert_eq!(values, [10, 20, 30][..written]);
        }
    }
}
