//! Counting what any text asks for, before it is parsed: never a panic, never less than what a parsed document has, and
//! whatever is let through can be planned and weighed.

use std::sync::OnceLock;

use freehold::contract::{AudienceLimits, Contract, Files, PublicSchema, load};
use freehold::plan::{Operation, Selection, compile, cost, introspects_within_limits, parse, within_limits};

/// The files of the contract that is asked.
const FILES: [(&str, &str); 3] = [
    ("freehold.toml", include_str!("../contract/freehold.toml")),
    ("graph.graphql", include_str!("../contract/graph.graphql")),
    ("systems/erp.toml", include_str!("../contract/systems/erp.toml")),
];

/// What an operation has, gone through one by one.
#[derive(Default)]
struct Has {
    selections: u64,
    aliases: u64,
    depth: u64,
}

impl Has {
    fn count(&mut self, selections: &[Selection], n_outer: u64) {
        for selection in selections {
            self.selections += 1;
            match selection {
                Selection::Field(field) => {
                    self.aliases += u64::from(field.response_key != field.name);
                    self.depth = self.depth.max(n_outer + 1);
                    self.count(&field.selections, n_outer + 1);
                }
                Selection::Fragment { selections, .. } => self.count(selections, n_outer),
            }
        }
    }

    fn of(operation: &Operation) -> Self {
        let mut has = Self::default();
        has.count(&operation.selections, 0);
        has
    }
}

/// Counts what the bytes ask for under two sets of limits, and plans what is within the wider.
pub fn run(bytes: &[u8]) {
    static SUBJECT: OnceLock<(Contract, PublicSchema)> = OnceLock::new();
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let text = text.split_once("\n---\n").map_or(text, |(query, _)| query);
    let (contract, schema) = SUBJECT.get_or_init(|| {
        let files = FILES.map(|(path, text)| (path.to_owned(), text.to_owned()));
        let loaded = load(&Files::new(files), &|_| None);
        let contract = loaded.contract.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics));
        let schema = PublicSchema::new(&contract, None).expect("a loaded contract has a schema");
        (contract, schema)
    });
    let wide = AudienceLimits::default();
    let narrow = AudienceLimits { tokens: 40, depth: 3, aliases: 1, root_fields: 2, directives: 1, ..wide.clone() };
    let counted = within_limits(&wide, text);
    match (&counted, within_limits(&narrow, text)) {
        (Ok(counted), Ok(_)) => assert!(counted.tokens <= 40 && counted.depth <= 3 && counted.aliases <= 1),
        (Err(_), narrow) => {
            assert!(narrow.is_err(), "what is too much for the wider limits is too much for the narrower")
        }
        (Ok(_), Err(refusal)) => assert!(refusal.mistakes[0].message.contains("allowed by the limit")),
    }
    let Ok(counted) = counted else { return };
    let Ok(operation) = parse(schema, text, None) else { return };
    let has = Has::of(&operation);
    // Parsing wraps each `__typename` that has directives.
    let n_selections = counted.selections + counted.directives;
    assert!(has.selections <= n_selections, "{} of {n_selections}", has.selections);
    assert!(has.aliases <= counted.aliases, "{} of {}", has.aliases, counted.aliases);
    assert!(has.depth <= counted.depth, "{} of {}", has.depth, counted.depth);
    let _ = introspects_within_limits(&operation);
    if let Ok(plan) = compile(contract, None, &operation) {
        let _ = cost(contract, &plan);
    }
}
