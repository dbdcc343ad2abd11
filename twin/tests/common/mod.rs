//! What the tests of the tool share: how it is run, a folder of their own, what wrong input must lead to.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

pub const CASABLANCA: &str = "scenarios/casablanca_shanghai.ron";

pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

pub fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_twin"));
    command.args(arguments).current_dir(repository());
    command
}

pub fn twin(arguments: &[&str]) -> Output {
    command(arguments).output().expect("the tool starts")
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A folder of a test's own, removed at its end.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("twin-test-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).expect("a temporary folder");
        Self(path)
    }

    pub fn file(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }

    /// A file with this content.
    pub fn write(&self, name: &str, bytes: &[u8]) -> String {
        let file = self.file(name);
        std::fs::write(&file, bytes).expect("it can be written");
        file
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.0.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// The names of the files in it.
    pub fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.0).expect("it is there");
        let name = |entry: std::io::Result<std::fs::DirEntry>| {
            let name = entry.expect("readable").file_name();
            name.to_string_lossy().into_owned()
        };
        let mut names: Vec<String> = entries.map(name).collect();
        names.sort();
        names
    }

    /// A copy of a file of the repository with one text replaced.
    pub fn changed(&self, file: &str, from: &str, to: &str) -> String {
        let text = std::fs::read_to_string(repository().join(file)).expect("it is there");
        assert!(text.contains(from), "{file} has no {from}");
        let robot = repository().join("assets/robots/toumai.ron");
        let text = text
            .replacen(from, to, 1)
            .replace("../assets/robots/toumai.ron", &robot.display().to_string());
        self.write("changed.ron", text.as_bytes())
    }

    /// The shipped scenario without its section on campaigns, but with this list of what cannot happen.
    pub fn scenario(&self, name: &str, cannot_happen: &str) -> String {
        let text = std::fs::read_to_string(repository().join(CASABLANCA)).expect("it is there");
        let robot = repository().join("assets/robots/toumai.ron");
        let text = text.replace("../assets/robots/toumai.ron", &robot.display().to_string());
        let (before, _) = text
            .split_once("\n    campaign: (")
            .expect("a section on campaigns");
        let text = format!("{before}\n    campaign: (cannot_happen: [{cannot_happen}]),\n)\n");
        let file = self.file(name);
        std::fs::write(&file, text).expect("it can be written");
        file
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Says of everything that it cannot happen: no campaign is blind then, however short.
pub const ANYTHING: &str = "(what: \"*\", because: \"a short test\")";

/// Wrong input ends in one message that names what is wrong, and exit code 2.
pub fn assert_refused(arguments: &[&str], told: &[&str]) {
    let output = twin(arguments);
    let message = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {message}");
    assert_eq!(
        message.matches("error:").count(),
        1,
        "{arguments:?}: one message, not {message}"
    );
    assert!(!message.contains("panicked"), "{message}");
    for text in told {
        assert!(
            message.contains(text),
            "{arguments:?}: {text} is not in {message}"
        );
    }
}

/// A page whose tags are all closed in order, with the text inside escaped, that needs nothing from anywhere.
pub fn assert_is_one_page(html: &str, parts: &[&str]) {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        assert!(!rest[..at].contains('>'), "a stray > in {}", &rest[..at]);
        let end = rest[at..].find('>').expect("a tag that ends") + at;
        let tag = &rest[at + 1..end];
        rest = &rest[end + 1..];
        let name = tag
            .trim_start_matches('/')
            .split(|c: char| c.is_whitespace())
            .next()
            .unwrap_or_default();
        assert!(
            name.starts_with('!') || name.chars().all(|c| c.is_ascii_alphanumeric()),
            "<{tag}>"
        );
        if let Some(closed) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(closed), "</{closed}> closes nothing");
        } else if !name.starts_with('!') && !["meta", "br"].contains(&name) {
            assert_eq!(tag.matches('"').count() % 2, 0, "<{tag}>");
            open.push(name);
            // What a style sheet holds is no markup.
            if name == "style" {
                rest = &rest[rest.find("</style>").expect("its end")..];
            }
        }
    }
    assert!(open.is_empty(), "never closed: {open:?}");
    for outside in ["src=", "href=", "url(", "@import", "<script", "<link"] {
        assert!(!html.contains(outside), "{outside}");
    }
    for part in parts {
        assert!(html.contains(part), "{part} is missing");
    }
}
