//! The README, and the files it shows: fences whose opening line names one, as in "```toml systems/pim.toml".

use std::path::Path;

/// Returns the README.
pub fn text() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).expect("the README")
}

/// Returns the files it shows: paths and texts.
pub fn files() -> Vec<(String, String)> {
    let text = text();
    let fences = text.split("\n```").skip(1).step_by(2);
    let file = |fence: &str| {
        let (opening, body) = fence.split_once('\n').expect("a fence's opening line");
        opening.split_once(' ').map(|(_, path)| (path.to_owned(), format!("{body}\n")))
    };
    fences.filter_map(file).collect()
}

/// Returns one of the files it shows.
pub fn file(path: &str) -> String {
    let found = files().into_iter().find(|(known, _)| known == path);
    found.unwrap_or_else(|| panic!("the README shows no {path}")).1
}
