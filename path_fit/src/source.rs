//! Where the bytes come from: a plain or a gzip stream, read once, in bounded memory.

use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::MultiGzDecoder;

use crate::error::ImportError;
use crate::measurement::Format;

const BUFFER_BYTES: usize = 256 * 1024;

/// No line of a text format is longer.
const LONGEST_LINE_BYTES: u64 = 64 * 1024;

/// An input, unpacked if it is gzip.
pub struct Source<'a> {
    inner: BufReader<Box<dyn Read + 'a>>,
    is_gzip: bool,
    line: usize,
}

impl<'a> Source<'a> {
    /// Looks at the first bytes and unpacks gzip.
    ///
    /// # Errors
    /// [`ImportError`] for an empty or unreadable input.
    pub fn new(reader: impl Read + 'a) -> Result<Self, ImportError> {
        let mut raw = BufReader::with_capacity(BUFFER_BYTES, reader);
        let head = raw.fill_buf().map_err(|error| unreadable(&error, false))?;
        if head.is_empty() {
            return Err(ImportError::new("the file is empty", "measure again"));
        }
        let is_gzip = head.starts_with(&[0x1f, 0x8b]);
        let inner: Box<dyn Read + 'a> = if is_gzip {
            Box::new(MultiGzDecoder::new(raw))
        } else {
            Box::new(raw)
        };
        Ok(Self {
            inner: BufReader::with_capacity(BUFFER_BYTES, inner),
            is_gzip,
            line: 0,
        })
    }

    /// What the input looks like, from its first bytes; they stay to be read.
    ///
    /// # Errors
    /// [`ImportError`] for an unreadable input.
    pub fn sniff(&mut self) -> Result<Option<Format>, ImportError> {
        let is_gzip = self.is_gzip;
        let head = self
            .inner
            .fill_buf()
            .map_err(|error| unreadable(&error, is_gzip))?;
        Ok(sniffed(&head[..head.len().min(4096)]))
    }

    /// The next line without its end, and its number from 1.
    ///
    /// # Errors
    /// [`ImportError`] for an unreadable input, or what is no text.
    pub fn next_line(&mut self, line: &mut String) -> Result<Option<usize>, ImportError> {
        line.clear();
        self.line += 1;
        let mut bytes = Vec::new();
        let read = (&mut self.inner)
            .take(LONGEST_LINE_BYTES)
            .read_until(b'\n', &mut bytes)
            .map_err(|error| unreadable(&error, self.is_gzip).at_line(self.line, ""))?;
        if read == 0 {
            return Ok(None);
        }
        if read as u64 == LONGEST_LINE_BYTES {
            return Err(ImportError::new(
                "a line is longer than 64 KiB",
                "this is no text of a measurement",
            )
            .at_line(self.line, ""));
        }
        let text = std::str::from_utf8(&bytes).map_err(|_| {
            ImportError::new(
                "this is not UTF-8 text",
                "name the format that the file has",
            )
            .at_line(self.line, "")
        })?;
        line.push_str(text.trim_end_matches(['\n', '\r']));
        Ok(Some(self.line))
    }

    /// The error of a reader that went wrong while it read this input.
    pub fn unreadable(&self, error: &io::Error) -> ImportError {
        unreadable(error, self.is_gzip)
    }

    /// Whether the input is compressed.
    pub fn is_gzip(&self) -> bool {
        self.is_gzip
    }
}

impl Read for Source<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.inner.read(buffer)
    }
}

pub(crate) fn unreadable(error: &io::Error, is_gzip: bool) -> ImportError {
    if is_gzip && error.kind() == io::ErrorKind::UnexpectedEof {
        return ImportError::new(
            "the gzip stream ends before its end: the file is truncated",
            "copy it again, whole",
        );
    }
    if is_gzip {
        return ImportError::new(
            format!("the gzip stream is damaged: {error}"),
            "copy the file again, and check it with `gzip -t`",
        );
    }
    ImportError::new(format!("cannot be read: {error}"), "")
}

fn sniffed(head: &[u8]) -> Option<Format> {
    const MAGICS: [[u8; 4]; 4] = [
        [0xd4, 0xc3, 0xb2, 0xa1],
        [0xa1, 0xb2, 0xc3, 0xd4],
        [0x4d, 0x3c, 0xb2, 0xa1],
        [0xa1, 0xb2, 0x3c, 0x4d],
    ];
    if MAGICS.iter().any(|magic| head.starts_with(magic)) {
        return Some(Format::Pcap);
    }
    let text = String::from_utf8_lossy(head);
    let first = text.trim_start().lines().next()?.trim();
    if first.starts_with('{') {
        return Some(Format::Irtt);
    }
    if first.starts_with("PING ") || text.contains("icmp_seq=") {
        return Some(Format::Ping);
    }
    let records = text
        .lines()
        .map(|line| line.split_ascii_whitespace().collect::<Vec<_>>());
    for words in records {
        let all_numbers = words.iter().all(|word| word.parse::<f64>().is_ok());
        match words.len() {
            8 if all_numbers => return Some(Format::Owping),
            16 if all_numbers => return Some(Format::Twping),
            _ => {}
        }
    }
    let heading = text
        .lines()
        .find(|line| !line.trim_start().starts_with('#'))?;
    heading
        .split([',', ';', '\t'])
        .any(|name| crate::read::csv::is_column(name.trim()))
        .then_some(Format::Csv)
}

/// The same JSON without the blanks at the beginning of its lines: two thirds of what irtt writes are such. No string of
/// JSON holds a bare line end, so none is changed, and lines keep their numbers.
pub(crate) struct Unindented<'a> {
    source: Source<'a>,
    at_line_start: bool,
}

impl<'a> Unindented<'a> {
    pub(crate) fn new(source: Source<'a>) -> Self {
        Self {
            source,
            at_line_start: true,
        }
    }
}

impl Read for Unindented<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut written = 0;
        while written < buffer.len() {
            // What was copied is given out before the next bytes are waited for, or their error told.
            let input = match self.source.inner.fill_buf() {
                Ok(input) => input,
                Err(_) if written > 0 => break,
                Err(error) => return Err(error),
            };
            if input.is_empty() {
                break;
            }
            let mut used = 0;
            while used < input.len() && written < buffer.len() {
                let mut rest = &input[used..];
                if self.at_line_start {
                    let text = unindented(rest);
                    used += rest.len() - text.len();
                    rest = text;
                    if rest.is_empty() {
                        break;
                    }
                    self.at_line_start = false;
                }
                let room = rest.len().min(buffer.len() - written);
                let line = match rest[..room].iter().position(|&byte| byte == b'\n') {
                    Some(end) => {
                        self.at_line_start = true;
                        end + 1
                    }
                    None => room,
                };
                buffer[written..written + line].copy_from_slice(&rest[..line]);
                written += line;
                used += line;
            }
            self.source.inner.consume(used);
        }
        Ok(written)
    }
}

/// Without blanks and tabs in front.
fn unindented(bytes: &[u8]) -> &[u8] {
    let is_blank = |byte: &u8| *byte == b' ' || *byte == b'\t';
    let text = bytes
        .iter()
        .position(|byte| !is_blank(byte))
        .unwrap_or(bytes.len());
    &bytes[text..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_indentation_goes_however_the_input_is_cut() {
        let text = "{\n    \"a\": \"x  y\",\n\t\"b\" : [1,\n        2]\n}\n";
        let source = Source::new(text.as_bytes()).expect("it is not empty");
        let mut reader = Unindented::new(source);
        let mut bytes = Vec::new();
        // Three bytes at a time: every cut is met.
        let mut buffer = [0; 3];
        loop {
            match reader.read(&mut buffer).expect("memory can be read") {
                0 => break,
                count => bytes.extend(&buffer[..count]),
            }
        }
        assert_eq!(
            String::from_utf8_lossy(&bytes),
            "{\n\"a\": \"x  y\",\n\"b\" : [1,\n2]\n}\n"
        );
    }
}
