//! Lints of OData bindings: one mistake in a small contract, one message.

use std::fmt::Write;

use freehold::contract::{Files, Loaded, SystemKind, load};

use super::base;

const GRAPH: &str = r#"
type Query {
  product(sku: String!): Product @ref(key: "sku: $sku")
  products(category: String, states: [String!], limit: Int): [Product] @list(name: "products")
}
type Product @key(fields: "sku") @owner(system: "erp") @domain(name: "product") {
  sku: String!
  name: String
  city: String
  units: [Unit!]
}
type Unit { unit: String }
"#;

const SYSTEM: &str = r#"
kind = "odata"
version = "v2"
url = "https://erp.example/sap/opu/odata/sap"
options = { sap-client = "100" }
url_bytes_max = 4000

[Product]
service = "API_PRODUCT_SRV"
entity = "A_Product"
filter = "IsMarkedForDeletion eq false"
expand = ["to_Unit"]
fields = { sku = "/Product", name = "/to_Text/[Language=EN]/Name", city = "/Plant/City", units = "/to_Unit", "units.unit" = "/Unit" }
types = { sku = "string" }

[lists.products]
service = "API_PRODUCT_SRV"
entity = "A_Product"
fields = { sku = "/Product", name = "/ProductName" }
filter = "Category eq {category} and Status in {states} and Rank lt {limit}"
types = { limit = "int" }
nullable = ["name"]
order = ["name", "sku"]
"#;

/// The code a mistake is reported by, and the change of the system file that makes it.
pub const MISTAKES: &[(&str, &str, &str)] = &[
    ("ODATA_VERSION", "version = \"v2\"\n", ""),
    ("ODATA_VERSION", "version = \"v2\"", "version = \"3.0\""),
    ("URL_HTTP", "https://", "ftp://"),
    ("HEADER_NAME", "url_bytes_max = 4000", "headers = { \"X Tenant\" = \"7\" }"),
    ("FIELDS_UNKNOWN", "\"units.unit\" =", "\"units.uom\" ="),
    ("KEY_UNKNOWN", "url_bytes_max", "url_byte_max"),
    ("VALUE_TYPE", "url_bytes_max = 4000", "url_bytes_max = 0"),
    ("ODATA_OPTION", "options = { sap-client", "options = { \"$top\" = \"5\", sap-client"),
    ("ODATA_ENTITY", "entity = \"A_Product\"\nfilter = \"Is", "filter = \"Is"),
    ("ODATA_ENTITY", "entity = \"A_Product\"\nfilter = \"Is", "entity = \"A_Product?$top=1\"\nfilter = \"Is"),
    ("ODATA_FILTER", "IsMarkedForDeletion eq false", "IsMarkedForDeletion eq 'no"),
    ("ODATA_FILTER", "IsMarkedForDeletion eq false", "IsMarkedForDeletion eq {deleted}"),
    ("ODATA_FILTER", "Rank lt {limit}", "Rank lt {limit"),
    ("ODATA_FILTER", "and Rank lt {limit}", "and"),
    ("LIST_PARAMETER_MANY", "Status in {states}", "startswith(Status,{states})"),
    ("LIST_PARAMETER_UNFED", "Rank lt {limit}", "Rank lt {limit} and Site eq {site}"),
    ("ODATA_TYPE", "limit = \"int\"", "limit = \"integer\""),
    ("ODATA_TYPE", "limit = \"int\"", "limits = \"int\""),
    ("ODATA_TYPE", "types = { sku = \"string\" }", "types = { name = \"string\" }"),
    ("ODATA_PATH", "sku = \"/Product\", name = \"/to_Text", "sku = \"/Ids/[Kind=SKU]/Id\", name = \"/to_Text"),
    ("ODATA_PATH", "name = \"/ProductName\"", "name = \"/Names/*\""),
    ("ODATA_PATH", "city = \"/Plant/City\"", "city = \"/*/City\""),
    ("ODATA_NULLABLE", "nullable = [\"name\"]", "nullable = [\"sku\"]"),
    ("ODATA_NULLABLE", "nullable = [\"name\"]", "nullable = [\"title\"]"),
];

fn loaded(system: String) -> Loaded {
    let settings = "systems = [\"systems/erp.toml\"]\n[freshness.product]\nmax_age = \"1h\"";
    let files = [("graph.graphql", GRAPH), ("freehold.toml", settings), ("systems/erp.toml", &system)];
    let files: Vec<_> = files.into_iter().map(|(path, text)| (path.to_owned(), text.to_owned())).collect();
    load(&Files::new(files), &|_| None)
}

#[test]
fn every_mistake_in_an_odata_binding_says_what_is_wrong_where_and_what_to_do() {
    let right = loaded(SYSTEM.to_owned());
    assert!(right.contract.is_some() && right.diagnostics.is_empty(), "{}", base::shown(&right));
    let mut said = String::new();
    let mut wrong = String::new();
    for (code, from, to) in MISTAKES {
        assert!(SYSTEM.contains(from), "the system file does not contain {from:?}");
        let faults = base::faults(&loaded(SYSTEM.replacen(from, to, 1)));
        let codes: Vec<&str> = faults.iter().filter_map(|fault| fault.split(' ').next()).collect();
        if codes != [*code] {
            let _ = writeln!(wrong, "{code}: {from:?} -> {to:?} gave {faults:#?}");
        }
        faults.iter().for_each(|fault| said.push_str(&format!("{fault}\n")));
    }
    assert!(wrong.is_empty(), "{wrong}");
    insta::assert_snapshot!(said);
}

#[test]
fn what_a_server_can_is_no_part_of_the_version_and_what_it_is_asked_is() {
    let version = |system: String| loaded(system).contract.expect("a contract").version;
    let whole = version(SYSTEM.to_owned());
    let same = [("url_bytes_max = 4000", "batch = true"), ("erp.example", "test.example")];
    let other = [("\"100\"", "\"200\""), ("eq false", "eq true"), ("/ProductName", "/Name"), ("\"int\"", "\"int64\"")];
    for (from, to) in same {
        assert_eq!(version(SYSTEM.replacen(from, to, 1)), whole, "{from} {to}");
    }
    for (from, to) in other {
        assert_ne!(version(SYSTEM.replacen(from, to, 1)), whole, "{from} {to}");
    }
    let contract = loaded(SYSTEM.to_owned()).contract.expect("a contract");
    assert!(matches!(contract.systems[0].kind, SystemKind::Odata { .. }));
}
