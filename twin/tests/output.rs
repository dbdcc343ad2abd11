//! Standard output that is closed early, or cannot be written.

mod common;

use std::fs::OpenOptions;
use std::process::Stdio;

use common::{CASABLANCA, command, stderr};

const PRINTING: [&[&str]; 5] = [
    &["run", CASABLANCA, "--duration", "1"],
    &["check", CASABLANCA, "--seeds", "1", "--duration", "1"],
    &["robot", "show", "assets/robots/toumai.ron", "--numbers"],
    &["paths", "list"],
    &["exhaust", "--frames", "2"],
];

#[test]
fn a_reader_that_closes_the_pipe_is_no_fault() {
    for arguments in PRINTING {
        let mut child = command(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the tool starts");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("the tool ends");
        assert!(
            !stderr(&output).contains("error"),
            "{arguments:?}: {}",
            stderr(&output)
        );
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_behind_standard_output_is_told() {
    for arguments in PRINTING {
        let full = OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .expect("it is there");
        let output = command(arguments)
            .stdout(full)
            .stderr(Stdio::piped())
            .output()
            .expect("the tool starts");
        let message = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {message}");
        assert!(
            message.contains("error: standard output: cannot be written: "),
            "{message}"
        );
        assert!(!message.contains("panicked"), "{message}");
    }
}
