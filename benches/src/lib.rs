//! What the benches share: the shipped scenario, read once.

use std::path::Path;

use sim::Operation;

/// The Casablanca–Shanghai operation.
///
/// # Panics
/// The scenario is not where the repository keeps it.
pub fn casablanca_shanghai() -> Operation {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios");
    let mut read = |file: &str| {
        std::fs::read_to_string(folder.join(file)).map_err(|error| format!("{file}: {error}"))
    };
    let text = read("casablanca_shanghai.ron").expect("the scenario is part of the repository");
    Operation::from_ron(&text, &mut read).expect("the scenario is valid")
}
