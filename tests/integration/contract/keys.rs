//! Lints of keys: the base contract with mapped keys and a cross-reference added, one mistake, one message.

use std::fmt::Write;

use super::base;

const ORDER: &str = "order.graphql";
const ERP: &str = "systems/erp.toml";
const SHOP: &str = "systems/shop.toml";

/// What is added to the base contract, by file.
const ADDED: [(&str, &str); 3] = [
    (
        ORDER,
        r#"
extend type Query { vouchers: [Voucher] @list(name: "vouchers") }
type Voucher @key(fields: "code") @owner(system: "shop", as: "head") @domain(name: "product") {
  code: ID!
  value: Int @owner(system: "shop", as: "value")
}
"#,
    ),
    (
        ERP,
        r#"
[crossrefs.people]
to_own.query = "select no as key, shop_no as own from person_key where no in (:keys)"
to_graph.query = "select shop_no as own, no as key from person_key where shop_no in (:keys)"
"#,
    ),
    (
        SHOP,
        r#"key = { crossref = "people", prefix = "P-" }

[Voucher.head]
query = "select code from voucher where code in (:keys)"
key = { case = "lower" }

[Voucher.value]
query = "select voucher as code, value from voucher_value where voucher in (:keys)"

[lists.vouchers]
query = "select code from voucher"
order = ["code"]
key = { crossref = "people" }
"#,
    ),
];

/// The code a mistake is reported by, its file, and the change that makes it.
pub const KEYS: &[(&str, &str, &str, &str)] = &[
    ("KEY_EMPTY", SHOP, "[Order]\n", "[Order]\nkey = {}\n"),
    ("KEY_UNKNOWN", SHOP, "[Order]\n", "[Order]\nkey = { feild = \"a\" }\n"),
    ("KEY_UNKNOWN", SHOP, "[Order]\n", "[Order]\nkey = { fields = { number = { pda = 10 } } }\n"),
    ("KEY_CASE", SHOP, "[Order]\n", "[Order]\nkey = { case = \"Lower\" }\n"),
    ("KEY_CASE", SHOP, "[Order]\n", "[Order]\nkey = { prefix = \"O-\", graph_case = \"upper\" }\n"),
    ("KEY_FIELDS", SHOP, "[Order]\n", "[Order]\nkey = { fields = { nmber = \"id\" } }\n"),
    ("KEY_FIELDS", SHOP, "[Order]\n", "[Order]\nkey = { pad = 8, fields = { number = \"id\" } }\n"),
    ("CROSSREF_UNKNOWN", SHOP, "[Order]\n", "[Order]\nkey = { crossref = \"peopel\" }\n"),
    (
        "CROSSREF_DUPLICATE",
        SHOP,
        "[Order]\n",
        "[crossrefs.people.to_own]\nquery = \"select 1 where a in (:keys)\"\n[Order]\n",
    ),
    (
        "CROSSREF_UNUSED",
        SHOP,
        "[Order]\n",
        "[crossrefs.idle.to_own]\nquery = \"select 1 where a in (:keys)\"\n[Order]\n",
    ),
    (
        "CROSSREF_ONE_WAY",
        ERP,
        "to_own.query = \"select no as key, shop_no as own from person_key where no in (:keys)\"\n",
        "",
    ),
    ("CROSSREF_ONE_WAY", SHOP, "[Order]\n", "[crossrefs.idle]\n[Order]\n"),
    ("CROSSREF_KEY", ERP, "to_own.query", "to_own.key = { pad = 8 }\nto_own.query"),
    ("PARTS_UNKNOWN", ERP, "to_own.query", "to_own.parts.more = \"select 1\"\nto_own.query"),
    ("VALUES_UNKNOWN", ERP, "to_own.query", "to_own.values.sku = { trim = true }\nto_own.query"),
    ("KEYS_MISSING", ERP, "from person_key where no in (:keys)", "from person_key"),
    ("DOMAIN_UNKNOWN", ERP, "to_own.query", "domain = \"peple\"\nto_own.query"),
    (
        "KEY_ONE_WAY",
        ERP,
        "\nto_graph.query = \"select shop_no as own, no as key from person_key where shop_no in (:keys)\"",
        "",
    ),
    ("KEY_ONE_WAY", ERP, "\"sku desc\"]", "\"sku desc\"]\nkey = { case = \"lower\" }"),
    ("KEY_ONE_WAY", ERP, "\"sku desc\"]", "\"sku desc\"]\nkey = { without = \"-/\" }"),
    ("KEY_LIST", SHOP, "order = [\"code\"]\nkey =", "order = [\"code\"]\n#"),
    ("KEY_ARGUMENT", ERP, "domain = \"order\"", "domain = \"order\"\nkeys = { acount = \"Company\" }"),
    ("KEY_ARGUMENT", ERP, "domain = \"order\"", "domain = \"order\"\nkeys = { account = \"Compani\" }"),
    ("KEY_ARGUMENT", ERP, "domain = \"order\"", "domain = \"order\"\nkeys = { account = \"Company\" }"),
];

fn edited(path: &str, from: &str, to: &str) -> Vec<(String, String)> {
    let mut files = base::files();
    for (name, text) in &mut files {
        ADDED.iter().filter(|(added, _)| added == name).for_each(|(_, added)| text.push_str(added));
        if name == path {
            assert!(text.contains(from), "{path} does not contain {from:?}");
            *text = text.replacen(from, to, 1);
        }
    }
    files
}

#[test]
fn s6_07_every_lint_of_a_key_says_what_is_wrong_where_and_what_to_do() {
    let (mut said, mut wrong) = (String::new(), String::new());
    let loaded = base::loaded(edited(SHOP, "", ""));
    assert!(loaded.contract.is_some(), "{}", base::shown(&loaded));
    for (code, path, from, to) in KEYS {
        let faults = base::faults(&base::loaded(edited(path, from, to)));
        let codes: Vec<&str> = faults.iter().filter_map(|fault| fault.split(' ').next()).collect();
        if codes != [*code] {
            let _ = writeln!(wrong, "{code}: {path}: {from:?} -> {to:?} gave {faults:#?}");
        }
        faults.iter().for_each(|fault| said.push_str(&format!("{fault}\n")));
    }
    assert!(wrong.is_empty(), "{wrong}");
    insta::assert_snapshot!(said);
}

#[test]
fn s6_07_a_mapping_is_part_of_what_a_contract_means() {
    let version = |path, from, to| {
        let loaded = base::loaded(edited(path, from, to));
        let shown = base::shown(&loaded);
        loaded.contract.unwrap_or_else(|| panic!("{shown}")).version
    };
    let mut versions = vec![version(SHOP, "", "")];
    for (path, from, to) in [
        (SHOP, "prefix = \"P-\"", "prefix = \"Q-\""),
        (SHOP, "key = { crossref = \"people\" }", "key = { crossref = \"people\", pad = 8 }"),
        (SHOP, "case = \"lower\"", "case = \"lower\", graph_case = \"upper\""),
        (ERP, "domain = \"order\"", "domain = \"order\"\nkeys = { account = { pad = 10 } }"),
        (ERP, "from person_key where no", "from persons where no"),
    ] {
        versions.push(version(path, from, to));
    }
    let n = versions.len();
    versions.sort();
    versions.dedup();
    assert_eq!(versions.len(), n);
}
