//! What a script sees of `freehold reconcile`.

use std::process::{Command, Output};

use serde_json::Value;

use super::company::Company;

fn reconcile(company: &Company, arguments: &[&str]) -> Output {
    let file = |name: &str| company.folder.path().join(name);
    let mut command = Command::new(env!("CARGO_BIN_EXE_freehold"));
    command.env_clear().env("ERP_FILE", file("erp")).env("SHOP_FILE", file("shop"));
    command.arg("reconcile").arg("--contract").arg(file("contract")).args(["--settle", "1ms", "--rate", "100000"]);
    command.args(arguments).output().expect("the command runs")
}

#[tokio::test]
async fn reconcile_ends_with_1_where_something_differs_and_with_0_where_nothing_does() {
    let company = Company::with(
        "insert into product (sku, name) values ('A-1', 'Pump'), ('A-2', 'Valve');",
        "insert into product (sku, name) values ('a-1', 'Pump'), ('a-2', 'Hose');",
    )
    .await;
    company.write_contract();
    let ledger = format!("sqlite:{}", company.folder.path().join("ledger.db").display());

    let ended = reconcile(&company, &["--all", "--json"]);
    assert_eq!(ended.status.code(), Some(1));
    let told: Value = serde_json::from_slice(&ended.stdout).expect("JSON");
    let example = &told["fields"][0]["examples"][0];
    assert_eq!([&example["copy_value"], &example["kind"], &example["code"]], ["Hose", "DRIFT", "OWNER_CONFLICT"]);
    assert_eq!(
        String::from_utf8_lossy(&ended.stderr),
        "freehold: no ledger is named, so what is found is only printed\n"
    );
    assert_eq!(company.open().await.len(), 0);

    let ended = reconcile(&company, &["--ledger", &ledger, "--type", "Product", "--system", "shop"]);
    let text = String::from_utf8_lossy(&ended.stdout);
    assert!(text.contains("  DRIFT OWNER_CONFLICT  A-2  erp Valve, shop Hose\n"), "{text}");
    assert_eq!((ended.status.code(), ended.stderr.len()), (Some(1), 0));
    assert_eq!(company.open().await.len(), 1);

    company.run("shop", "update product set name = 'Valve' where sku = 'a-2'").await;
    assert_eq!(reconcile(&company, &["--ledger", &ledger]).status.code(), Some(0));
    assert_eq!(company.open().await.len(), 0);
}

#[tokio::test]
async fn reconcile_ends_with_2_where_it_is_asked_for_what_there_is_not_and_with_3_where_a_system_is_silent() {
    let company = Company::with("", "").await;
    company.write_contract();
    for (arguments, said) in [
        (&["--system", "wms"][..], "the contract has no system `wms`"),
        (&["--type", "Weight"], "the contract has no entity `Weight`"),
        (&["--system", "erp"], "find a field with @copy to compare"),
        (&["--resume"], "name one with --ledger"),
        (&["--all", "--sample", "5"], "cannot be used with"),
    ] {
        let ended = reconcile(&company, arguments);
        let error = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(2), "{error}");
        assert!(error.contains(said), "{error}");
    }
    std::fs::remove_file(company.folder.path().join("erp")).expect("the file was there");
    let ended = reconcile(&company, &[]);
    assert_eq!(ended.status.code(), Some(3), "{}", String::from_utf8_lossy(&ended.stdout));
    assert!(String::from_utf8_lossy(&ended.stdout).contains("not compared to its end, erp did not answer"));
}
