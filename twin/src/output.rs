//! Standard output: a reader that has seen enough (`| head`) is no fault; that it cannot be written is.

use std::fmt::Arguments;
use std::io::{ErrorKind, Write};
use std::sync::OnceLock;

use crate::input::InputError;

/// Why standard output could not be written, if it could not.
static FAILED: OnceLock<String> = OnceLock::new();

/// Writes to standard output. After the first failure nothing more is written.
pub fn write(text: Arguments<'_>) {
    if FAILED.get().is_some() {
        return;
    }
    let mut out = std::io::stdout().lock();
    if let Err(error) = out.write_fmt(text).and_then(|()| out.flush()) {
        let why = match error.kind() {
            ErrorKind::BrokenPipe => String::new(),
            _ => error.to_string(),
        };
        let _first = FAILED.set(why);
    }
}

/// Whether all that was written has been taken, or nobody wanted the rest.
///
/// # Errors
/// [`InputError`] when standard output cannot be written.
pub fn finish() -> Result<(), InputError> {
    match FAILED.get() {
        Some(why) if !why.is_empty() => Err(InputError::new(format!(
            "standard output: cannot be written: {why}"
        ))),
        _ => Ok(()),
    }
}

/// `print!` that does not panic.
macro_rules! out {
    ($($text:tt)*) => { $crate::output::write(format_args!($($text)*)) };
}

/// `println!` that does not panic.
macro_rules! outln {
    () => { $crate::output::write(format_args!("\n")) };
    ($text:literal $($rest:tt)*) => {
        $crate::output::write(format_args!("{}\n", format_args!($text $($rest)*)))
    };
}

pub(crate) use {out, outln};
