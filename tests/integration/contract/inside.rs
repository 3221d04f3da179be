//! Lints of what Freehold itself knows, as bindings: one mistake, one message.

use std::fmt::Write;

use freehold::contract::{Files, Loaded, load};

use super::base;

const GRAPH: &str = r#"type Query {
  owners(owner: [String!], first: Int): [Owned] @list(name: "owners")
  problems(code: String, open: Boolean, first: Int): [Problem] @list(name: "problems")
}
type Owned @key(fields: "field") @owner(system: "self") @domain(name: "product") { field: String!, owner: String, domain: String }
type Problem @key(fields: "id") @owner(system: "memory") @domain(name: "product") { id: ID!, code: String, message: String }
"#;

const SELF: &str = r#"kind = "freehold"

[Owned]
table = "ownership"

[lists.owners]
table = "ownership"
filters = ["owner"]
"#;

const MEMORY: &str = r#"kind = "ledger"

[Problem]
table = "exceptions"

[lists.problems]
table = "exceptions"
filters = ["code", "open"]
"#;

/// The code a mistake is reported by, and the change that makes it.
pub const MISTAKES: &[(&str, &str, &str)] = &[
    ("KIND_UNKNOWN", "kind = \"ledger\"", "kind = \"ledgers\""),
    ("URL_POINTLESS", "kind = \"ledger\"", "kind = \"ledger\"\nurl = \"sqlite:ledger.db\""),
    ("KEY_UNKNOWN", "[Problem]\ntable", "[Problem]\nquery = \"select 1\"\ntable"),
    ("KEY_UNKNOWN", "[Problem]\ntable", "[Problem]\nfilters = [\"code\"]\ntable"),
    ("TABLE_MISSING", "[Problem]\ntable = \"exceptions\"", "[Problem]\ntrim = true"),
    ("TABLE_MISSING", "[lists.problems]\ntable = \"exceptions\"", "[lists.problems]"),
    ("TABLE_UNKNOWN", "[Problem]\ntable = \"exceptions\"", "[Problem]\ntable = \"exception\""),
    ("TABLE_UNKNOWN", "[Problem]\ntable = \"exceptions\"", "[Problem]\ntable = \"orders\""),
    ("TABLE_UNKNOWN", "kind = \"ledger\"\n\n[Problem]", "kind = \"freehold\"\n\n[Problem]"),
    ("TABLE_KEY", "type Problem @key(fields: \"id\")", "type Problem @key(fields: \"code\")"),
    ("TABLE_KEY", "[Problem]\ntable", "[Problem]\nkey = { field = \"code\" }\ntable"),
    ("COLUMN_UNKNOWN", "message: String", "massage: String"),
    ("COLUMN_UNKNOWN", "message: String", "customer: String"),
    ("COLUMN_UNKNOWN", "[Problem]\ntable", "[Problem]\nas_of = \"seenAt\"\ntable"),
    ("FILTER_UNKNOWN", "[\"owner\"]", "[\"owner\", \"owners\"]"),
    ("FILTER_UNKNOWN", "[\"owner\"]", "[\"owner\", \"colour\"]"),
    ("LIST_PARAMETER_UNFED", "[\"code\", \"open\"]", "[\"code\", \"open\", \"key\"]"),
    ("LIST_PARAMETER_MANY", "open: Boolean", "open: [Boolean!]"),
    ("ORDER_POINTLESS", "[lists.problems]", "[lists.problems]\norder = [\"id\"]"),
    (
        "CROSSREF_INSIDE",
        "[Problem]\ntable",
        "[crossrefs.ids.to_own]\ntable = \"exceptions\"\n[crossrefs.ids.to_graph]\ntable = \"exceptions\"\n[Problem]\ntable",
    ),
];

fn loaded(from: &str, to: &str) -> Loaded {
    let [graph, own, memory] = [GRAPH, SELF, MEMORY].map(|text| text.replacen(from, to, 1));
    let files = Files::new([
        ("graph.graphql".to_owned(), graph),
        ("freehold.toml".to_owned(), "systems = [\"self.toml\", \"memory.toml\"]\n".to_owned()),
        ("self.toml".to_owned(), own),
        ("memory.toml".to_owned(), memory),
    ]);
    load(&files, &|_| None)
}

#[test]
fn every_lint_of_what_freehold_knows_says_what_is_wrong_where_and_what_to_do() {
    let (mut said, mut wrong) = (String::new(), String::new());
    for (code, from, to) in MISTAKES {
        assert!([GRAPH, SELF, MEMORY].iter().any(|text| text.contains(from)), "{from}");
        let faults = base::faults(&loaded(from, to));
        let met = faults.iter().any(|fault| fault.split(' ').next() == Some(code));
        if !met {
            let _ = writeln!(wrong, "{code}: {from:?} -> {to:?} gave {faults:#?}");
        }
        faults.iter().for_each(|fault| said.push_str(&format!("{fault}\n")));
    }
    assert!(wrong.is_empty(), "{wrong}");
    insta::assert_snapshot!(said);
}

#[test]
fn what_freehold_knows_is_bound_by_any_name() {
    let loaded = loaded("message: String", "message: String, count: Int");
    let shown = base::shown(&loaded);
    let contract = loaded.contract.unwrap_or_else(|| panic!("{shown}"));
    let order = |name: &str| {
        let list = contract.lists.iter().find(|list| list.name == name).expect("it is bound");
        list.order.iter().map(|order| (order.column.clone(), order.descending)).collect::<Vec<_>>()
    };
    let column = |name: &str, descending| (name.to_owned(), descending);
    assert_eq!(order("owners"), [column("domain", false), column("field", false)]);
    assert_eq!(order("problems"), [column("firstSeen", true), column("id", true)]);
    // The ledger has a writer, which must not wait for those who read.
    let connections: Vec<u32> = contract.systems.iter().map(|system| system.connections_max).collect();
    assert_eq!(connections, [8, 3]);
}
