//! Writes down which commit the tool is built from: a failure file names it.

use std::process::Command;

fn main() {
    // Both change when another commit is checked out or made; where there is no repository, the name is unknown.
    for file in ["../.git/HEAD", "../.git/logs/HEAD"] {
        println!("cargo::rerun-if-changed={file}");
    }
    let output = Command::new("git")
        .args(["rev-parse", "--short=12", "HEAD"])
        .output();
    let commit = output
        .ok()
        .filter(|output| output.status.success())
        .and_then(|output| String::from_utf8(output.stdout).ok())
        .map_or_else(|| "unknown".into(), |text| text.trim().to_owned());
    println!("cargo::rustc-env=TWIN_COMMIT={commit}");
}
