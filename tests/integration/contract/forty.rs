//! Forty mistakes in one contract: forty messages, each on its line.

use std::{collections::BTreeSet, path::Path};

use freehold::{
    contract::{load, read_folder},
    diagnostic::Severity,
};

use super::base;

#[test]
fn forty_mistakes_give_forty_messages() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/integration/contract/forty");
    let files = read_folder(&folder).expect("the folder is there");
    let loaded = load(&files, &|_| None);
    assert!(loaded.contract.is_none());
    let faults = || loaded.diagnostics.iter().filter(|one| one.severity == Severity::Fault);

    let mut marked = Vec::new();
    for (path, text) in files.iter() {
        for (n, line) in text.lines().enumerate() {
            let number = line.rsplit_once("# ").and_then(|(_, number)| number.parse::<u32>().ok());
            marked.extend(number.map(|number| (number, format!("{path}:{}", n + 1))));
        }
    }
    marked.sort();
    assert_eq!(marked.iter().map(|(number, _)| *number).collect::<Vec<_>>(), (1..=40).collect::<Vec<_>>());

    let found: Vec<String> = faults()
        .map(|one| {
            let place = one.place.expect("each of these mistakes has a place");
            format!("{}:{}", loaded.sources.name(place.file), loaded.sources.line_column(place).0)
        })
        .collect();
    let expected: BTreeSet<&String> = marked.iter().map(|(_, line)| line).collect();
    assert_eq!(found.iter().collect::<BTreeSet<_>>(), expected, "{}", base::shown(&loaded));
    assert_eq!(found.len(), 40, "{}", base::shown(&loaded));
    insta::assert_snapshot!(base::shown(&loaded));
}
