//! Loading a contract from any text: never a panic; a contract exactly when there is no fault; a schema for each.

use freehold::contract::{Files, PublicSchema, load};
use freehold::diagnostic::{Severity, render_json, render_text};

/// Begins each file of the input: `=== systems/erp.toml`.
const FILE_BEGINS: &str = "=== ";

/// Loads the files that the bytes spell out.
pub fn run(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let mut files: Vec<(String, String)> = Vec::new();
    for line in text.split_inclusive('\n') {
        match (line.strip_prefix(FILE_BEGINS), files.last_mut()) {
            (Some(path), _) => files.push((path.trim_end().to_owned(), String::new())),
            (None, Some((_, text))) => text.push_str(line),
            (None, None) => {}
        }
    }
    let loaded = load(&Files::new(files), &|name| (name != "MISSING").then(|| format!("value of {name}")));
    let n_faults = loaded.diagnostics.iter().filter(|found| found.severity == Severity::Fault).count();
    assert_eq!(
        loaded.contract.is_some(),
        n_faults == 0,
        "a contract comes without faults, and faults without a contract"
    );
    // Whatever is found can be shown, wherever it stands.
    let _ = render_text(&loaded.diagnostics, &loaded.sources, false);
    let _ = render_json(&loaded.diagnostics, &loaded.sources);
    if let Some(contract) = loaded.contract {
        let schema = PublicSchema::new(&contract, None);
        assert!(schema.is_ok(), "a loaded contract has a schema: {:?}", schema.err());
    }
}
