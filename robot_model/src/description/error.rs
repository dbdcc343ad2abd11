//! What is wrong with a description file, where, and how to mend it.

use std::fmt;

/// A description file that was refused. One sentence, for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescriptionError {
    message: String,
    position: Option<(usize, usize)>,
}

impl DescriptionError {
    /// The file reads as RON, but says something that cannot be.
    pub(super) fn meaning(message: String) -> Self {
        Self {
            message,
            position: None,
        }
    }

    /// Line and column, from 1, where the text could not be read; none where the text reads well
    /// and its meaning is at fault (the message then names the entry).
    pub fn position(&self) -> Option<(usize, usize)> {
        self.position
    }

    /// The sentence without the position, for a caller that shows the source line itself.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl From<ron::error::SpannedError> for DescriptionError {
    fn from(error: ron::error::SpannedError) -> Self {
        // The span runs from the last good place to where the reader stood: its end is at the fault.
        let at = error.span.end;
        Self {
            message: error.code.to_string(),
            position: Some((at.line, at.col)),
        }
    }
}

impl fmt::Display for DescriptionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.position {
            Some((line, column)) => write!(f, "line {line}, column {column}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl std::error::Error for DescriptionError {}
