//! Lints of `[changes]` and of `lag`: the base contract with a webhook added, one mistake, one message.

use std::fmt::Write;

use freehold::contract::{Encoding, Handshake, Proof, SignedPiece};

use super::base;

const ERP: &str = "systems/erp.toml";

/// What is added to the file of the ERP.
const WEBHOOK: &str = r#"
[changes.webhook]
secret = "hush ${ERP_HOST}"
signature = { header = "X-Signature", encoding = "hex", prefix = "v1=" }
signed = "{timestamp}.{body}"
timestamp = { header = "X-Time", window = "2m" }
delivery = { header = "X-Delivery" }
handshake = { parameter = "validationToken" }

[changes.webhook.Product]
when = { "/topic" = ["product.created", "product.updated"], X-Source = "erp" }
rows = "/data/*"
rows_when = { "/kind" = "item" }
key.sku = "/sku"

[[changes.webhook.Order]]
when = { "/topic" = "order" }
key = { number = "/no" }

[[changes.webhook.Order]]
when = { "/topic" = "orders.imported" }
all = true

[lists.ordersOf]"#;

/// The code a mistake is reported by, and the change that makes it.
pub const MISTAKES: &[(&str, &str, &str)] = &[
    ("KEY_UNKNOWN", "[changes.webhook]", "[changes]\nwebhok = 1\n[changes.webhook]"),
    ("KEY_UNKNOWN", "delivery = { header", "delivery = { heder"),
    ("KEY_UNKNOWN", "window = \"2m\"", "widow = \"2m\""),
    ("HEADER_NAME", "X-Delivery", "X Delivery"),
    ("WEBHOOK_PROOF", "secret = \"hush ${ERP_HOST}\"", ""),
    ("WEBHOOK_PROOF", "signature = {", "token = { header = \"X-Token\" }\nsignature = {"),
    ("WEBHOOK_ENCODING", "encoding = \"hex\"", "encoding = \"base32\""),
    ("WEBHOOK_SIGNED", "{timestamp}.{body}", "{time}.{body}"),
    ("WEBHOOK_SIGNED", "{timestamp}.{body}", "{timestamp}"),
    ("WEBHOOK_SIGNED", "signed = \"{timestamp}.{body}\"", ""),
    ("WEBHOOK_WINDOW", "window = \"2m\"", "window = \"2d\""),
    ("WEBHOOK_KEY", "key = { number = \"/no\" }", ""),
    ("WEBHOOK_KEY", "all = true", "all = true\nkey.number = \"/no\""),
    ("WEBHOOK_KEY_FIELDS", "key = { number = \"/no\" }", "key = { no = \"/no\" }"),
    ("WEBHOOK_WHEN", "\"/kind\"", "X-Kind"),
    ("WEBHOOK_WHEN", "\"/topic\" = [", "\"/topic/[x]\" = ["),
    ("WEBHOOK_TYPE", "[changes.webhook.Product]", "[changes.webhook.Prodct]"),
    ("WEBHOOK_KEY_MAPPED", "[Order]\n", "[Order]\nkey = { without = \"-\" }\n"),
    ("POINTER", "rows = \"/data/*\"", "rows = \"data\""),
    ("LAG_MAX_AGE", "timeout = \"2s\"", "timeout = \"2s\"\nlag = \"30s\""),
    ("DURATION_INVALID", "timeout = \"2s\"", "timeout = \"2s\"\nlag = 2"),
];

fn edited(from: &str, to: &str) -> Vec<(String, String)> {
    let mut files = base::edited(ERP, "\n[lists.ordersOf]", WEBHOOK);
    let (_, text) = files.iter_mut().find(|(path, _)| path == ERP).expect("the ERP");
    assert!(text.contains(from), "{from}");
    *text = text.replacen(from, to, 1);
    files
}

#[test]
fn a_webhook_is_read_as_it_is_written() {
    let loaded = base::loaded(edited("timeout = \"2s\"", "lag = \"2s\""));
    let shown = base::shown(&loaded);
    let printed = format!("{loaded:?}");
    assert!(!printed.contains("hush"), "{printed}");
    let contract = loaded.contract.unwrap_or_else(|| panic!("{shown}"));
    assert_eq!(contract.systems[0].lag.as_secs(), 2);
    assert!(contract.changes[1].webhook.is_none());
    let webhook = contract.changes[0].webhook.as_ref().expect("the ERP has one");
    assert_eq!(webhook.secret.reveal(), "hush db.internal");
    let Proof::Signature(signature) = &webhook.proof else { panic!("{webhook:?}") };
    assert_eq!((signature.encoding, signature.prefix.as_str()), (Encoding::Hex, "v1="));
    assert_eq!(signature.signed, [SignedPiece::Time, SignedPiece::Text(".".to_owned()), SignedPiece::Body]);
    assert_eq!(signature.time.as_ref().map(|time| time.window.as_secs()), Some(120));
    assert_eq!(webhook.handshake, Some(Handshake::Parameter("validationToken".to_owned())));
    // Tables are read in the order of their names, several of one type in the order written.
    let hints: Vec<_> = webhook.hints.iter().map(|hint| (&contract.ty(hint.entity).name, hint.key.is_some())).collect();
    assert_eq!(hints, [(&"Order".to_owned(), true), (&"Order".to_owned(), false), (&"Product".to_owned(), true)]);
    assert_eq!(webhook.hints[2].when.len() + webhook.hints[2].rows_when.len(), 3);
}

#[test]
fn a_webhook_that_reads_nothing_is_none() {
    let webhook = "\n[changes.webhook]\nsecret = \"x\"\ntoken = { member = \"/secret\" }\n[lists.ordersOf]";
    let faults = base::faults(&base::loaded(base::edited(ERP, "\n[lists.ordersOf]", webhook)));
    assert!(faults.len() == 1 && faults[0].starts_with("WEBHOOK_EMPTY "), "{faults:#?}");
}

#[test]
fn how_changes_are_heard_of_is_no_part_of_what_a_contract_means_but_lag_is() {
    let version = |files| base::loaded(files).contract.expect("it loads").version;
    let plain = version(base::files());
    assert_eq!(version(edited("", "")), plain);
    assert_ne!(version(edited("timeout = \"2s\"", "lag = \"2s\"")), plain);
}

#[test]
fn every_lint_of_changes_says_what_is_wrong_where_and_what_to_do() {
    let (mut said, mut wrong) = (String::new(), String::new());
    for (code, from, to) in MISTAKES {
        let faults = base::faults(&base::loaded(edited(from, to)));
        let codes: Vec<&str> = faults.iter().filter_map(|fault| fault.split(' ').next()).collect();
        if codes != [*code] {
            let _ = writeln!(wrong, "{code}: {from:?} -> {to:?} gave {faults:#?}");
        }
        faults.iter().for_each(|fault| said.push_str(&format!("{fault}\n")));
    }
    assert!(wrong.is_empty(), "{wrong}");
    insta::assert_snapshot!(said);
}
