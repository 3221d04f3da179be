//! Contracts with letters changed at random: whatever is wrong with them is said, and nothing panics.

use freehold::diagnostic::{Severity, render_json, render_text};
use proptest::prelude::*;

use super::base;

/// Words that mean something somewhere, so that changes reach further than the parsers.
const WORDS: &[&str] = &[
    "@key(fields: \"sku\")",
    "@owner(system: \"erp\")",
    "@ref(key: \"sku: sku\")",
    "@list(name: \"ordersOf\")",
    "!",
    "[",
    "]",
    "{",
    "}",
    "\"",
    "'''",
    "extend ",
    "type ",
    "union U = ",
    "interface ",
    "Query",
    "Product",
    "Order",
    "String",
    "= 1",
    "(:keys)",
    ":a",
    "${",
    "$",
    "\\",
    "\n",
    "é",
    "@internal",
    " implements Named",
    "@scope(account: \"sku\")",
    "_",
    "#",
    "--",
    "/*",
    "Medium",
    "[Product]",
    "query",
    "Person",
    "@domain(name: \"order\")",
    "0",
    "[[[[[[",
    "{{{{{{",
];

proptest! {
    #[test]
    fn no_text_makes_loading_panic(
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0usize..40, 0..WORDS.len(), any::<bool>()), 1..6)
    ) {
        let mut files = base::files();
        for (file, at, remove, word, insert) in edits {
            let text = &mut file.get_mut(&mut files).1;
            let start = text.floor_char_boundary(at.index(text.len() + 1));
            let end = text.ceil_char_boundary((start + remove).min(text.len()));
            text.replace_range(start..end, if insert { WORDS[word] } else { "" });
        }
        let loaded = base::loaded(files);
        let n_faults = loaded.diagnostics.iter().filter(|one| one.severity == Severity::Fault).count();
        prop_assert_eq!(loaded.contract.is_some(), n_faults == 0, "{}", base::shown(&loaded));
        prop_assert!(!loaded.diagnostics.iter().any(|one| one.code == "CONTRACT_INCOMPLETE"));
        render_text(&loaded.diagnostics, &loaded.sources, true);
        render_json(&loaded.diagnostics, &loaded.sources);
    }
}

#[test]
fn deep_nesting_is_refused_before_it_exhausts_the_stack() {
    for text in ["type A { a: ".to_owned() + &"[".repeat(100_000), "type A @a(b: ".to_owned() + &"[".repeat(100_000)] {
        let mut files = base::files();
        files.push(("deep.graphql".to_owned(), text));
        let loaded = base::loaded(files);
        assert_eq!(loaded.diagnostics[0].code, "SDL_SYNTAX");
    }
}
