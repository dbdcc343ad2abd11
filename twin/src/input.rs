//! Reading the user's files, and telling what is wrong with them.

use std::fmt;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use campaign::monte_carlo::CampaignError;
use campaign::{Failure, FailureError, FaultFile, recording};
use robot_model::Robot;
use sha2::{Digest, Sha256};
use sim::{Operation, ScenarioError};

/// Files larger than this are refused: none of ours comes near it.
const LARGEST_FILE_BYTES: u64 = 256 * 1024 * 1024;

/// Wrong input: one message that says what, where, and how to mend it.
#[derive(Debug)]
pub struct InputError(String);

impl fmt::Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<CampaignError> for InputError {
    fn from(error: CampaignError) -> Self {
        Self::new(error.to_string())
    }
}

impl InputError {
    /// A message as it stands.
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

/// Reads a scenario and the files that it names, which stand relative to it.
///
/// # Errors
/// [`InputError`] with the file, the line and the column where they are known.
pub fn read_operation(path: &Path) -> Result<Operation, InputError> {
    read_operation_and_hash(path).map(|(operation, _)| operation)
}

/// As [`read_operation`], with the SHA-256 over the scenario's text and those of all files that it names.
///
/// # Errors
/// As [`read_operation`].
pub fn read_operation_and_hash(path: &Path) -> Result<(Operation, String), InputError> {
    let text = read_text(path).map_err(InputError)?;
    let mut hash = Sha256::new();
    hash.update(text.as_bytes());
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut read = |file: &str| {
        let text = read_text(&folder.join(file))?;
        // The length first: the same bytes cut elsewhere are other files.
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text.as_bytes());
        Ok(text)
    };
    let operation = Operation::from_ron(&text, &mut read).map_err(|error| {
        let at_fault = error
            .file
            .as_ref()
            .map_or_else(|| path.to_path_buf(), |file| folder.join(file));
        InputError(explain(&at_fault, &error))
    })?;
    let hash = hash
        .finalize()
        .into_iter()
        .map(|byte| format!("{byte:02x}"));
    Ok((operation, hash.collect()))
}

/// Reads a fault schedule, a whole failure, a session, or a recording that holds one of them.
///
/// # Errors
/// As [`read_operation`]; a file of a newer program is told as such.
pub fn read_fault_file(path: &Path) -> Result<FaultFile, InputError> {
    let text = read_text_or_recording(path)?;
    FaultFile::from_ron(&text).map_err(|error| failure_error(path, &error))
}

/// Reads a text file; of a recording, the file of the run that it holds.
///
/// # Errors
/// The file cannot be read, or is a recording without a run.
pub fn read_text_or_recording(path: &Path) -> Result<String, InputError> {
    let is_recording = std::fs::File::open(path).is_ok_and(|mut file| {
        let mut begins = vec![0; recording::MAGIC.len()];
        file.read_exact(&mut begins).is_ok() && begins == recording::MAGIC
    });
    if !is_recording {
        return read_text(path).map_err(InputError);
    }
    let shown = path.display();
    let bytes = std::fs::read(path)
        .map_err(|error| InputError(format!("{shown} cannot be read: {error}")))?;
    recording::run_of(&bytes).map_err(|error| InputError(format!("{shown} {error}")))
}

/// Reads a failure.
///
/// # Errors
/// As [`read_fault_file`].
pub fn read_failure(path: &Path) -> Result<Failure, InputError> {
    let text = read_text(path).map_err(InputError)?;
    Failure::from_ron(&text).map_err(|error| failure_error(path, &error))
}

fn failure_error(path: &Path, error: &FailureError) -> InputError {
    InputError(match error {
        FailureError::Text(error) => explain(path, error),
        other => format!("{}: {other}", path.display()),
    })
}

/// Reads a robot's description.
///
/// # Errors
/// As [`read_operation`].
pub fn read_robot(path: &Path) -> Result<Robot, InputError> {
    let text = read_text(path).map_err(InputError)?;
    Robot::from_ron(&text).map_err(|error| {
        let error = ScenarioError {
            file: None,
            position: error.position(),
            message: error.message().to_owned(),
        };
        InputError(explain(path, &error))
    })
}

/// Writes a file whole or not at all: first beside its place, then renamed into it.
///
/// # Errors
/// [`InputError`] naming the file.
pub fn write_whole(path: &Path, text: &str) -> Result<(), InputError> {
    write_all_whole(&[(path, text)])
}

/// Writes several files, all of them or none: each beside its place first, then all are renamed.
///
/// # Errors
/// [`InputError`] naming the file; what was written beside is removed.
pub fn write_all_whole<T: AsRef<[u8]>>(files: &[(&Path, T)]) -> Result<(), InputError> {
    let beside = |path: &Path| {
        let mut name = path.as_os_str().to_owned();
        name.push(".part");
        PathBuf::from(name)
    };
    let write = |path: &Path, bytes: &[u8]| {
        std::fs::File::create(beside(path)).and_then(|mut file| file.write_all(bytes))
    };
    let written = files
        .iter()
        .try_for_each(|(path, bytes)| write(path, bytes.as_ref()).map_err(|error| (path, error)))
        .and_then(|()| {
            files.iter().try_for_each(|(path, _)| {
                // A folder in the place of a file would stop the second rename after the first.
                if path.is_dir() {
                    return Err((path, std::io::Error::from(std::io::ErrorKind::IsADirectory)));
                }
                Ok(())
            })
        })
        .and_then(|()| {
            files.iter().try_for_each(|(path, _)| {
                std::fs::rename(beside(path), path).map_err(|error| (path, error))
            })
        });
    written.map_err(|(path, error)| {
        for (path, _) in files {
            // Nothing to do when the remains cannot be removed: the message below says what failed.
            let _ = std::fs::remove_file(beside(path));
        }
        InputError(format!("{}: cannot be written: {error}", path.display()))
    })
}

/// Reads a text of bearable size.
///
/// # Errors
/// What is wrong with the file, in words that name it.
pub fn read_text(path: &Path) -> Result<String, String> {
    let shown = path.display();
    let told = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => format!("{shown}: there is no such file"),
        std::io::ErrorKind::InvalidData => format!("{shown}: is not UTF-8 text"),
        _ => format!("{shown}: cannot be read: {error}"),
    };
    let size = std::fs::metadata(path).map_err(told)?.len();
    if size > LARGEST_FILE_BYTES {
        return Err(format!(
            "{shown}: is larger than {LARGEST_FILE_BYTES} bytes"
        ));
    }
    std::fs::read_to_string(path).map_err(told)
}

/// The message with the source line under it, as a compiler shows it.
fn explain(path: &Path, error: &ScenarioError) -> String {
    let Some((line, column)) = error.position else {
        // A message about a file that could not be read already names it.
        let shown = path.display().to_string();
        return if error.message.starts_with(&shown) {
            error.message.clone()
        } else {
            format!("{shown}: {}", error.message)
        };
    };
    let mut text = format!("{}:{line}:{column}: {}", path.display(), error.message);
    let source = std::fs::read_to_string(path).unwrap_or_default();
    if let Some(source_line) = source.lines().nth(line.saturating_sub(1)) {
        let margin = line.to_string();
        let blank = " ".repeat(margin.len());
        // Tabs stay tabs, so that the caret stands under its column.
        let indent: String = source_line
            .chars()
            .take(column.saturating_sub(1))
            .map(|c| if c == '\t' { '\t' } else { ' ' })
            .collect();
        text.push_str(&format!(
            "\n{blank} |\n{margin} | {source_line}\n{blank} | {indent}^"
        ));
    }
    text
}
