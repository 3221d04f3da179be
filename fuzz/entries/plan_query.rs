//! Planning any text as a query over one contract: never a panic; what is planned can be explained and asked.

use std::sync::OnceLock;

use freehold::contract::{AudienceLimits, Contract, Files, PublicSchema, load};
use freehold::plan::{Document, Explanation, coerce_variables, compile, parse};
use serde_json::{Map, Value};

/// The files of the contract that is asked.
const FILES: [(&str, &str); 3] = [
    ("freehold.toml", include_str!("../contract/freehold.toml")),
    ("graph.graphql", include_str!("../contract/graph.graphql")),
    ("systems/erp.toml", include_str!("../contract/systems/erp.toml")),
];

/// Plans the query that the bytes spell out; what stands behind a line of dashes are its variables, as JSON.
pub fn run(bytes: &[u8]) {
    static SUBJECT: OnceLock<(Contract, PublicSchema)> = OnceLock::new();
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (contract, schema) = SUBJECT.get_or_init(|| {
        let files = FILES.map(|(path, text)| (path.to_owned(), text.to_owned()));
        let loaded = load(&Files::new(files), &|_| None);
        let contract = loaded.contract.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics));
        let schema = PublicSchema::new(&contract, None).expect("a loaded contract has a schema");
        (contract, schema)
    });
    let (query, variables) = text.split_once("\n---\n").unwrap_or((text, "{}"));
    let variables: Map<String, Value> = serde_json::from_str(variables).unwrap_or_default();
    let Ok(document) = Document::read(&AudienceLimits::default(), query) else { return };
    let Ok(operation) = parse(schema, &document, None) else { return };
    let Ok(plan) = compile(contract, None, &operation) else { return };
    let _ = Explanation::new(contract, &plan).to_string();
    if let Ok(variables) = coerce_variables(contract, &plan.variables, &variables) {
        let _ = freehold::plan::coerce_arguments(contract, &plan.arguments, &variables);
    }
}
