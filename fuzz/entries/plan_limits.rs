//! Counting what any text asks for, before anything follows its fragments: never a panic, never another number than there is
//! with the fragments in place, and whatever is let through can be planned and weighed.

use std::sync::OnceLock;

use async_graphql::parser::{parse_query, types};
use freehold::contract::{AudienceLimits, Contract, Files, PublicSchema, load};
use freehold::plan::{Counted, Document, plan_within};

/// The files of the contract that is asked.
const FILES: [(&str, &str); 3] = [
    ("freehold.toml", include_str!("../contract/freehold.toml")),
    ("graph.graphql", include_str!("../contract/graph.graphql")),
    ("systems/erp.toml", include_str!("../contract/systems/erp.toml")),
];

/// How many selections are followed at most: more than any document may have that is let through.
const FOLLOWED_MAX: u64 = 200_000;

/// Follows every fragment as often as it is spread, as whoever validates the document does.
struct Following<'d> {
    document: &'d types::ExecutableDocument,
    has: Counted,
}

impl Following<'_> {
    fn set(&mut self, set: &types::SelectionSet, n_fields: u64, n_fragments: u64) {
        self.has.depth = self.has.depth.max(n_fields);
        for item in &set.items {
            self.has.selections += 1;
            self.has.directives += item.node.directives().len() as u64;
            if self.has.selections > FOLLOWED_MAX || n_fragments > 100 {
                self.has.selections = FOLLOWED_MAX + 1;
                return;
            }
            match &item.node {
                types::Selection::Field(field) => {
                    self.has.aliases += u64::from(field.node.alias.is_some());
                    self.has.root_fields += u64::from(n_fields == 1);
                    if !field.node.selection_set.node.items.is_empty() {
                        self.set(&field.node.selection_set.node, n_fields + 1, n_fragments);
                    }
                }
                types::Selection::InlineFragment(inline) => {
                    self.set(&inline.node.selection_set.node, n_fields, n_fragments);
                }
                types::Selection::FragmentSpread(spread) => {
                    if let Some(fragment) = self.document.fragments.get(&spread.node.fragment_name.node) {
                        self.has.directives += fragment.node.directives.len() as u64;
                        self.set(&fragment.node.selection_set.node, n_fields, n_fragments + 1);
                    }
                }
            }
        }
    }
}

/// Counts what the largest operation or fragment of a document has, its fragments in place.
fn followed(document: &types::ExecutableDocument) -> Counted {
    let operations = document.operations.iter().map(|(_, operation)| {
        let of_variables = operation.node.variable_definitions.iter().map(|one| one.node.directives.len());
        let n_directives = operation.node.directives.len() + of_variables.sum::<usize>();
        (&operation.node.selection_set.node, n_directives, true)
    });
    let fragments = document.fragments.values();
    let fragments = fragments.map(|one| (&one.node.selection_set.node, one.node.directives.len(), false));
    let mut most = Counted::default();
    for (set, n_directives, is_operation) in operations.chain(fragments) {
        let has = Counted { directives: n_directives as u64, ..Counted::default() };
        let mut following = Following { document, has };
        following.set(set, 1, 0);
        let has = following.has;
        most.depth = most.depth.max(has.depth);
        most.aliases = most.aliases.max(has.aliases);
        most.directives = most.directives.max(has.directives);
        most.selections = most.selections.max(has.selections);
        if is_operation {
            most.root_fields = most.root_fields.max(has.root_fields);
        }
    }
    most
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
    let read = Document::read(&wide, text);
    match (&read, Document::read(&narrow, text)) {
        (Ok(document), Ok(_)) => {
            let counted = document.counted();
            assert!(counted.tokens <= 40 && counted.depth <= 3 && counted.aliases <= 1);
        }
        (Err(_), narrow) => {
            assert!(narrow.is_err(), "what is too much for the wider limits is too much for the narrower")
        }
        (Ok(_), Err(refusal)) => assert!(refusal.mistakes[0].message.contains("allowed by the limit")),
    }
    let Ok(document) = read else { return };
    let parsed = parse_query(text).expect("what has been read parses");
    let counted = document.counted();
    assert_eq!(Counted { tokens: counted.tokens, ..followed(&parsed) }, counted);
    let names = document.operation_names();
    if let Some(name) = names.first() {
        let _ = plan_within(contract, schema, None, text, name.as_deref());
    }
}
