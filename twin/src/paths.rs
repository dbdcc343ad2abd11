//! `twin paths`.

use crate::Verdict;
use crate::commands::PathsArguments;
use crate::input::InputError;

/// placeholder
pub fn paths(_: &PathsArguments) -> Result<Verdict, InputError> {
    Err(InputError::new("x"))
}
