//! A small contract that loads, and how a test changes it.

use freehold::{
    contract::{Files, Loaded, load},
    diagnostic::{Severity, render_text},
};

const FILES: &[(&str, &str)] = &[
    ("product.graphql", include_str!("base/product.graphql")),
    ("order.graphql", include_str!("base/order.graphql")),
    ("freehold.toml", include_str!("base/freehold.toml")),
    ("systems/erp.toml", include_str!("base/systems/erp.toml")),
    ("systems/shop.toml", include_str!("base/systems/shop.toml")),
];

/// Returns the files of the contract.
pub fn files() -> Vec<(String, String)> {
    FILES.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
}

/// Returns the files with one text replaced, which must be there.
pub fn edited(path: &str, from: &str, to: &str) -> Vec<(String, String)> {
    let mut files = files();
    let (_, text) = files.iter_mut().find(|(name, _)| name == path).expect("the file is there");
    assert!(text.contains(from), "{path} does not contain {from:?}");
    *text = text.replacen(from, to, 1);
    files
}

/// Loads files with the environment the contract needs.
pub fn loaded(files: Vec<(String, String)>) -> Loaded {
    load(&Files::new(files), &|name| (name == "ERP_HOST").then(|| "db.internal".to_owned()))
}

/// Prints each fault as `CODE file:line:column message | help`.
pub fn faults(loaded: &Loaded) -> Vec<String> {
    let faults = loaded.diagnostics.iter().filter(|one| one.severity == Severity::Fault);
    let lines = faults.map(|one| {
        let place = one.place.map_or_else(String::new, |place| {
            let (line, column) = loaded.sources.line_column(place);
            format!("{}:{line}:{column} ", loaded.sources.name(place.file))
        });
        format!("{} {place}{} | {}", one.code, one.message, one.help)
    });
    lines.collect()
}

/// Prints everything that was found, for a test that fails.
pub fn shown(loaded: &Loaded) -> String {
    render_text(&loaded.diagnostics, &loaded.sources, false)
}
