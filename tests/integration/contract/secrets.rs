//! Secrets are used and never shown.

use freehold::{
    contract::{Files, SystemKind, load},
    diagnostic::{render_json, render_text},
};

use super::base;

#[test]
fn a_missing_variable_is_named_and_the_url_is_not_shown() {
    let loaded = load(&Files::new(base::files()), &|_| None);
    assert_eq!(
        base::faults(&loaded),
        ["ENV_MISSING systems/erp.toml:2:7 the environment variable `ERP_HOST` is not set | \
          set ERP_HOST where freehold runs"]
    );
    let shown = base::shown(&loaded);
    assert!(shown.contains("${ERP_HOST}") && !shown.contains("s3cr3t") && !shown.contains("reader"), "{shown}");
    assert!(loaded.contract.is_none());
}

#[test]
fn a_loaded_contract_prints_no_secret() {
    let loaded = base::loaded(base::files());
    let printed = format!("{loaded:?}");
    assert!(!printed.contains("s3cr3t") && !printed.contains("db.internal"), "{printed}");
    let contract = loaded.contract.expect("the base contract loads");
    let SystemKind::Postgres { url } = &contract.systems[0].kind else { panic!("the ERP is a postgres") };
    assert_eq!(url.reveal(), "postgres://reader:s3cr3t@db.internal/erp");
}

#[test]
fn a_file_that_does_not_parse_shows_no_secret_either() {
    for (from, to) in [
        ("/erp\"", "/erp"),
        ("kind =", "kind = = "),
        ("timeout =", "url = \"again:s3cr3t\"\ntimeout ="),
        ("url = \"postgres://reader:s3cr3t@${ERP_HOST}/erp\"", "\"url\" = [\"postgres://reader:s3cr3t@x\"]"),
        ("url = \"postgres://reader:s3cr3t@${ERP_HOST}/erp\"", "url = '''\nreader:s3cr3t@$x'''"),
    ] {
        let loaded = base::loaded(base::edited("systems/erp.toml", from, to));
        assert!(loaded.contract.is_none());
        let text = render_text(&loaded.diagnostics, &loaded.sources, true);
        let json = render_json(&loaded.diagnostics, &loaded.sources).to_string();
        for printed in [text, json, format!("{loaded:?}")] {
            assert!(!printed.contains("s3cr3t"), "{printed}");
        }
    }
}
