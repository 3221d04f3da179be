//! What is wrong with feeds as written is said where it stands.

use freehold::contract::{Files, load};

const SDL: &str = r#"
type Query { product(sku: String!): Product @ref(key: "sku: $sku") }
type Product @key(fields: "sku") @owner(system: "erp") @domain(name: "product") { sku: String! name: String }
"#;

fn codes(kind: &str, changes: &str) -> Vec<String> {
    let erp = format!(
        "kind = \"{kind}\"\nurl = \"unused\"\n[Product]\nquery = \"select sku, name from item where sku in (:keys)\"\n{changes}"
    );
    let files = [("schema.graphql", SDL), ("freehold.toml", "systems = [\"erp.toml\"]"), ("erp.toml", erp.as_str())];
    let loaded = load(&Files::new(files.map(|(name, text)| (name.to_owned(), text.to_owned()))), &|_| None);
    let codes = loaded.diagnostics.iter().map(|one| one.code.to_string());
    codes.collect()
}

/// Binds a feed of changed rows; what follows is said of it, too.
macro_rules! watermark {
    ($more:literal) => {
        concat!(
            "[changes.watermark.Product]\nquery = \"select sku, changed_at from item where changed_at >= :since\"\n",
            $more
        )
    };
}

/// Binds a slot; what follows is said of it, too.
macro_rules! slot {
    ($more:literal) => {
        concat!("[changes.replication]\nslot = \"freehold\"\npublication = \"changes\"\n", $more)
    };
}

/// The code a mistake is reported by, the kind of system, and what its file says of changes.
pub const FEEDS: &[(&str, &str, &str)] = &[
    ("LISTEN_EMPTY", "postgres", "[changes.listen]"),
    ("LISTEN_CHANNEL", "postgres", "[changes.listen]\nchannel = \"\""),
    ("LISTEN_CHANNEL", "postgres", "[changes.listen]\nchannel = \"a\"\nProduct = \"a\""),
    ("CHANGES_TYPE", "postgres", "[changes.listen]\nProdukt = \"a\""),
    ("CHANGES_KIND", "sqlite", "[changes.listen]\nchannel = \"a\""),
    ("QUERY_MISSING", "sqlite", "[changes.watermark.Product]"),
    ("QUERY_MISSING", "sqlite", watermark!("deletes = {}")),
    ("WATERMARK_EVERY", "sqlite", watermark!("every = \"1ms\"")),
    ("WATERMARK_QUERY", "sqlite", "[changes.watermark.Product]\nquery = \"select 1\""),
    ("WATERMARK_KEY", "sqlite", concat!("key = { without = \"-\" }\n", watermark!(""))),
    (
        "CHANGES_TYPE",
        "sqlite",
        "[changes.watermark.Produkt]\nquery = \"select sku, changed_at from item where changed_at >= :since\"",
    ),
    ("REPLICATION_MISSING", "postgres", slot!("")),
    ("REPLICATION_TABLE", "postgres", slot!("tables = { item = {} }")),
    ("REPLICATION_SLOT", "postgres", "[changes.replication]\nslot = \"Free\""),
    (
        "CONFIRMS_GROUP",
        "postgres",
        slot!("confirms = [\"Product.stock\"]\ntables = { item = { type = \"Product\", key = { sku = \"no\" } } }"),
    ),
    (
        "CONFIRMS_TABLE",
        "postgres",
        slot!("confirms = [\"Product\"]\ntables = { item = { type = \"Produkt\", key = { sku = \"no\" } } }"),
    ),
    (
        "CONFIRMS_KEY",
        "postgres",
        concat!(
            "key = { crossref = \"numbers\" }\n[crossrefs.numbers]\n",
            "to_own.query = \"select a as key, b as own from n where a in (:keys)\"\n",
            "to_graph.query = \"select b as own, a as key from n where b in (:keys)\"\n",
            slot!("confirms = [\"Product\"]\ntables = { item = { type = \"Product\", key = { sku = \"no\" } } }")
        ),
    ),
    (
        "CONFIRMS_COPY",
        "postgres",
        concat!(
            "as_of = \"at\"\n",
            slot!("confirms = [\"Product\"]\ntables = { item = { type = \"Product\", key = { sku = \"no\" } } }")
        ),
    ),
    ("REPLICATION_KEY", "postgres", slot!("tables = { item = { type = \"Product\", key = { no = \"no\" } } }")),
];

#[test]
fn every_fault_of_a_feed_has_its_code() {
    for (code, kind, changes) in FEEDS {
        let found = codes(kind, changes);
        assert!(found.iter().any(|found| found == code), "{code}: {changes} gave {found:?}");
    }
    assert_eq!(codes("sqlite", watermark!("")), Vec::<String>::new());
}
