//! The shipped scenarios, read from the repository.

use std::path::Path;

use sim::Operation;

/// Reads a scenario of the repository.
pub fn operation(scenario: &str) -> Operation {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios");
    let mut read = |file: &str| {
        std::fs::read_to_string(folder.join(file)).map_err(|error| format!("{file}: {error}"))
    };
    let text = read(scenario).expect("the scenario is part of the repository");
    Operation::from_ron(&text, &mut read).expect("the scenario is valid")
}
