//! What is wrong with a measurement: what, where, and how to mend it, in one message.

use std::fmt;

/// Why a measurement cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportError {
    /// The file, once known.
    pub file: Option<String>,
    /// Where in it.
    pub place: Place,
    /// What is wrong.
    pub what: String,
    /// How to mend it; may be empty.
    pub mend: String,
}

/// A place in a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Place {
    /// The whole file.
    #[default]
    Whole,
    /// A line and a column, both from 1; column 0 when it is unknown.
    Line {
        /// Line.
        line: usize,
        /// Column.
        column: usize,
        /// The line itself, cut to a readable length; may be empty.
        source: String,
    },
    /// A byte offset in a binary file.
    Byte(u64),
}

impl ImportError {
    /// An error about a whole file.
    pub fn new(what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self {
            file: None,
            place: Place::Whole,
            what: what.into(),
            mend: mend.into(),
        }
    }

    /// The same at a line of text; the line is quoted, cut to 100 characters.
    pub fn at_line(mut self, line: usize, source: &str) -> Self {
        let mut source: String = source.chars().take(100).collect();
        if source.trim().is_empty() {
            source.clear();
        }
        self.place = Place::Line {
            line,
            column: 0,
            source,
        };
        self
    }

    /// The same at a line and a column.
    pub fn at(mut self, line: usize, column: usize) -> Self {
        self.place = Place::Line {
            line,
            column,
            source: String::new(),
        };
        self
    }

    /// The same at a byte offset.
    pub fn at_byte(mut self, byte: u64) -> Self {
        self.place = Place::Byte(byte);
        self
    }

    /// The same with the file that it is about, unless it has one.
    pub fn in_file(mut self, file: &str) -> Self {
        self.file.get_or_insert_with(|| file.into());
        self
    }
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        if let Some(file) = &self.file {
            parts.push(file.clone());
        }
        match &self.place {
            Place::Whole => {}
            Place::Line {
                line, column: 0, ..
            } => parts.push(line.to_string()),
            Place::Line { line, column, .. } => parts.push(format!("{line}:{column}")),
            Place::Byte(byte) => parts.push(format!("byte {byte}")),
        }
        let place = parts.join(":");
        if !place.is_empty() {
            write!(f, "{place}: ")?;
        }
        f.write_str(&self.what)?;
        if !self.mend.is_empty() {
            write!(f, "; {}", self.mend)?;
        }
        match &self.place {
            Place::Line { line, source, .. } if !source.is_empty() => {
                let blank = " ".repeat(line.to_string().len());
                write!(f, "\n{blank} |\n{line} | {source}")
            }
            _ => Ok(()),
        }
    }
}

impl std::error::Error for ImportError {}
