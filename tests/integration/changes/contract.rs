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

#[test]
fn every_fault_of_a_feed_has_its_code() {
    let rows = "query = \"select sku, changed_at from item where changed_at >= :since\"";
    let slot = "slot = \"freehold\"\npublication = \"changes\"";
    for (kind, changes, code) in [
        ("postgres", "[changes.listen]".to_owned(), "LISTEN_EMPTY"),
        ("postgres", "[changes.listen]\nchannel = \"\"".to_owned(), "LISTEN_CHANNEL"),
        ("postgres", "[changes.listen]\nchannel = \"a\"\nProduct = \"a\"".to_owned(), "LISTEN_CHANNEL"),
        ("postgres", "[changes.listen]\nProdukt = \"a\"".to_owned(), "CHANGES_TYPE"),
        ("sqlite", "[changes.listen]\nchannel = \"a\"".to_owned(), "CHANGES_KIND"),
        ("sqlite", "[changes.watermark.Product]".to_owned(), "QUERY_MISSING"),
        ("sqlite", format!("[changes.watermark.Product]\n{rows}\ndeletes = {{}}"), "QUERY_MISSING"),
        ("sqlite", format!("[changes.watermark.Product]\n{rows}\nevery = \"1ms\""), "WATERMARK_EVERY"),
        ("sqlite", "[changes.watermark.Product]\nquery = \"select 1\"".to_owned(), "WATERMARK_QUERY"),
        ("sqlite", format!("[changes.watermark.Produkt]\n{rows}"), "CHANGES_TYPE"),
        ("postgres", format!("[changes.replication]\n{slot}"), "REPLICATION_MISSING"),
        ("postgres", format!("[changes.replication]\n{slot}\ntables = {{ item = {{}} }}"), "REPLICATION_TABLE"),
        ("postgres", "[changes.replication]\nslot = \"Free\"".to_owned(), "REPLICATION_SLOT"),
        (
            "postgres",
            format!(
                "[changes.replication]\n{slot}\ntables = {{ item = {{ type = \"Product\", key = {{ no = \"no\" }} }} }}"
            ),
            "REPLICATION_KEY",
        ),
    ] {
        let found = codes(kind, &changes);
        assert!(found.iter().any(|found| found == code), "{code}: {changes} gave {found:?}");
    }
    assert_eq!(codes("sqlite", &format!("[changes.watermark.Product]\n{rows}")), Vec::<String>::new());
}
