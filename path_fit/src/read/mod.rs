//! One reader a tool. Each takes a [`Source`] and gives a [`Measurement`], with a note for each trap it met.

pub mod csv;
pub mod irtt;
pub mod one_way;
pub mod pcap;
pub mod ping;
pub mod twping;

mod text;

use crate::error::ImportError;
use crate::measurement::{Format, Measurement};
use crate::source::Source;

/// Reads one file of a tool; a capture needs two, see [`pcap::read`].
///
/// # Errors
/// [`ImportError`], which says what the file looks like when it is of another tool.
pub fn read(format: Format, mut source: Source<'_>) -> Result<Measurement, ImportError> {
    expect(format, &mut source)?;
    match format {
        Format::Irtt => irtt::read(source),
        Format::Owping => one_way::read(source),
        Format::Twping => twping::read(source),
        Format::Ping => ping::read(source),
        Format::Csv => csv::read(source),
        Format::Pcap => Err(ImportError::new(
            "one capture alone tells no delay",
            "give two: the one taken at the sender, then the one taken at the receiver",
        )),
    }
}

/// Refuses a file that looks like another tool's.
///
/// # Errors
/// [`ImportError`] that names the right command.
pub fn expect(format: Format, source: &mut Source<'_>) -> Result<(), ImportError> {
    match source.sniff()? {
        Some(found) if found != format => Err(ImportError::new(
            format!("this is no output of {format}: it looks like {found}"),
            format!("use `twin import {found}`"),
        )),
        _ => Ok(()),
    }
}
