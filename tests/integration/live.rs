//! The live check over a contract with one of each defect: what it finds, in which words, and where it stops.

use std::{sync::Arc, time::Duration};

use freehold::{
    contract::{Contract, Files, load, read_folder},
    job::{LiveOptions, LiveReport, check_live, given_samples},
};
use serde_json::json;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection, sqlite::SqliteConnectOptions};

use crate::common::postgres;

const ERP: &str = "
create table item (sku text, status text, weight text, remark text, supplier text);
insert into item values ('A-1', 'ACTIVE', '1.5', null, 'S1'), ('A-2', 'GONE', 'heavy', null, 'S1'),
  ('A-3', 'ACTIVE', 'light', null, 'S2'), ('A-4', 'ACTIVE', '2', null, null), ('A-5', 'BLOCKED', '3', null, 'S9');
create table item_unit (sku text, unit text, factor text);
insert into item_unit values ('A-1', 'EA', '1'), ('A-1', 'BX', 'ten'), ('A-2', 'EA', null);
create table supplier (id text, name text);
insert into supplier values ('S1', 'Acme'), ('S2', 'Bolt');
create table movement (number text, sku text, quantity integer);
insert into movement values ('M1', 'A-1', 5), ('M2', 'A-2', 7);";

const PIM: &str = "
create table content (sku text, name text);
insert into content values ('A-1', 'Pump'), ('A-2', 'Valve'), ('A-3', 'Hose');
create table price (book text, sku text, amount numeric);
insert into price values ('K1', 'A-1', 12.50);";

const SHOP: &str = "
create table article (sku text, rank integer);
insert into article values ('a-1', 1), ('a-2', 2), ('A-3', 3), ('zz-9', 4);";

/// The word that may stand nowhere but in the environment.
pub const PASSWORD: &str = "s3cr3t";

/// The four systems of `tests/contracts/live`: three with rows, one that is dead.
pub struct Systems {
    folder: tempfile::TempDir,
    pim_url: String,
}

impl Systems {
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, rows) in [("erp", ERP), ("shop", SHOP)] {
            let options = SqliteConnectOptions::new().filename(folder.path().join(name)).create_if_missing(true);
            let mut connection = options.connect().await.expect("a database");
            sqlx::raw_sql(AssertSqlSafe(rows)).execute(&mut connection).await.expect("the rows");
            connection.close().await.expect("written");
        }
        let pim_url = postgres::shared().create_database();
        let mut connection = PgConnection::connect(&pim_url).await.expect("a database");
        sqlx::raw_sql(AssertSqlSafe(PIM)).execute(&mut connection).await.expect("the rows");
        Self { folder, pim_url }
    }

    /// What the system files name.
    pub fn env(&self) -> Vec<(&'static str, String)> {
        let file = |name: &str| self.folder.path().join(name).display().to_string();
        // Nothing listens on the port that is for discarding.
        let dead = format!("postgres://wms:{PASSWORD}@127.0.0.1:9/wms");
        vec![
            ("ERP_FILE", file("erp")),
            ("SHOP_FILE", file("shop")),
            ("PIM_URL", self.pim_url.clone()),
            ("WMS_URL", dead),
        ]
    }

    /// Loads the contract with changes made to its files.
    fn contract(&self, changes: &[(&str, &str, &str)]) -> Arc<Contract> {
        let files = files(changes);
        let env = self.env();
        let value = |name: &str| env.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone());
        let loaded = load(&Files::new(files), &value);
        loaded.contract.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics)).into()
    }

    async fn check(&self, changes: &[(&str, &str, &str)], samples: &[&str]) -> LiveReport {
        let contract = self.contract(changes);
        let samples: Vec<String> = samples.iter().map(|sample| (*sample).to_owned()).collect();
        let samples = given_samples(&contract, &samples).expect("keys of entities");
        check_live(&contract, LiveOptions { samples, patience: Duration::from_secs(60) }).await
    }
}

/// Where the contract with one of each defect stands.
pub fn folder() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/contracts/live")
}

/// The files of the contract with changes made to them.
pub fn files(changes: &[(&str, &str, &str)]) -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> = (read_folder(&folder()).expect("a readable contract").iter())
        .map(|(path, text)| (path.to_owned(), text.to_owned()))
        .collect();
    for (path, from, to) in changes {
        let (_, text) = files.iter_mut().find(|(name, _)| name == path).expect("the file is there");
        assert!(text.contains(from), "{path} does not contain {from:?}");
        *text = text.replace(from, to);
    }
    files
}

/// The report with the same durations on every machine.
fn steady(mut report: LiveReport) -> LiveReport {
    report.elapsed = Duration::from_millis(100);
    for took in report.systems.iter_mut().flat_map(|system| &mut system.outcome) {
        *took = Duration::from_millis(1);
    }
    for ask in &mut report.asks {
        ask.calls = vec![Duration::from_millis(12), Duration::from_millis(2), Duration::from_millis(1)];
    }
    report
}

#[tokio::test]
async fn every_defect_is_found_and_said_where_it_is() {
    let systems = Systems::start().await;
    let report = steady(systems.check(&[], &["Price=K1|A-1"]).await);
    let text = report.to_text(false);
    assert!(!text.contains(PASSWORD) && !text.contains(&systems.pim_url), "{text}");
    insta::assert_snapshot!(text);
}

#[tokio::test]
async fn machines_read_one_entry_for_each_thing_asked() {
    let systems = Systems::start().await;
    let report = steady(systems.check(&[], &[]).await);
    let live = report.to_json();
    let entry = |system: &str, asked: &str| {
        let mut entries = live.as_array().expect("a list").iter();
        let found = entries.find(|entry| entry["system"] == system && entry["asked"] == asked);
        found.unwrap_or_else(|| panic!("{asked} of {system} in {live:#}")).clone()
    };
    let mut dead = entry("wms", "answers");
    assert!(dead["detail"].take().as_str().is_some_and(|detail| !detail.contains(PASSWORD)));
    let expected = json!({ "system": "wms", "asked": "answers", "ok": false, "kind": "postgres",
        "code": "SOURCE_UNAVAILABLE", "detail": null, "unasked": 1 });
    assert_eq!(dead, expected);
    let expected = json!({ "system": "shop", "asked": "answers", "ok": true, "kind": "sqlite", "ms": 1.0 });
    assert_eq!(entry("shop", "answers"), expected);
    let expected = json!({
        "system": "erp", "asked": "list movementsOfProduct", "ok": true, "sampled": true,
        "parents": 8, "answered": 8, "rows": 2, "ms": { "calls": 3, "median": 2.0, "longest": 12.0 },
        "failures": [], "missing": [], "violations": [], "never_filled": [],
    });
    assert_eq!(entry("erp", "list movementsOfProduct"), expected);
    let product = entry("erp", "group Product");
    assert_eq!(product["ok"], false);
    assert_eq!(product["missing"], json!(["hazard"]));
    assert_eq!(product["never_filled"], json!(["remark"]));
    let weight = json!({ "field": "weight", "expected": "a decimal", "rows": 2, "example": ["A-2"] });
    assert!(product["violations"].as_array().expect("a list").contains(&weight), "{product:#}");
    assert_eq!(entry("pim", "group Price")["sampled"], false);
    let keys = entry("shop", "keys of erp in Product");
    assert_eq!((&keys["keys"], &keys["known"], &keys["ok"]), (&json!(5), &json!(1), &json!(false)));
    assert_eq!(keys["hint"], json!({ "key": ["A-1"], "known": ["a-1"], "how": "in lower case" }));
}

/// The changes that mend every defect.
pub const MENDED: &[(&str, &str, &str)] = &[
    ("freehold.toml", ", \"systems/wms.toml\"", ""),
    ("shop.graphql", "  onHand: Int @owner(system: \"wms\")\n", ""),
    ("shop.graphql", "  hazard: String\n", ""),
    ("systems/erp.toml", "from item where sku in (:keys)", "from item where sku in (:keys) and weight <> 'light'"),
    ("systems/erp.toml", "sku, status, weight", "sku, 'ACTIVE' as status, replace(weight, 'heavy', '7') as weight"),
    ("systems/erp.toml", "unit, factor from", "unit, 1 as factor from"),
    ("systems/erp.toml", "select sku from item\"", "select sku from item where weight <> 'light'\""),
    ("systems/shop.toml", "select sku, rank", "select upper(sku) as sku, rank"),
    ("systems/shop.toml", "where sku in", "where upper(sku) in"),
];

#[tokio::test]
async fn what_answers_and_fits_has_no_faults() {
    let systems = Systems::start().await;
    let report = systems.check(MENDED, &["Price=K1|A-1"]).await;
    let text = report.to_text(false);
    assert_eq!(report.n_faults(), 0, "{text}");
    assert!(report.n_notices() > 0, "{text}");
}

#[tokio::test]
async fn a_sample_that_its_owner_does_not_know_is_a_fault() {
    let systems = Systems::start().await;
    let report = systems.check(MENDED, &["Price=K1|A-1", "Price=K1|gone,K1|a-1"]).await;
    let text = report.to_text(false);
    assert_eq!(report.n_faults(), 1, "{text}");
    assert!(text.contains("2 of 3 keys of the samples are not known to pim: `K1 / gone`, `K1 / a-1`"), "{text}");
    assert!(text.contains("`K1 / a-1` would match in upper case, as `K1 / A-1`\n"), "{text}");
}

#[tokio::test]
async fn the_contract_may_name_the_samples() {
    let systems = Systems::start().await;
    let named = ("freehold.toml", "systems =", "samples.Price = [\"K1|A-1\"]\nsystems =");
    let contract = systems.contract(&[named]);
    assert_eq!(contract.samples.len(), 1);
    assert_eq!(contract.version, systems.contract(&[]).version);
    let report = systems.check(&[named], &[]).await;
    let price = report.asks.iter().find(|ask| ask.name == "Price").expect("it is asked");
    assert!(price.is_sampled && price.n_rows == 1, "{price:?}");
}

#[tokio::test]
async fn a_sample_that_cannot_be_understood_is_refused() {
    let systems = Systems::start().await;
    let contract = systems.contract(&[]);
    let refused = |written: &str| given_samples(&contract, &[written.to_owned()]).expect_err(written).to_string();
    assert_eq!(refused("A-100"), "`A-100` is not of the form Product=A-100,B-200");
    assert_eq!(refused("Unit=EA"), "the contract has no entity `Unit`");
    assert_eq!(refused("Price=K1"), "`K1` is not a key of `Price`, which has 2 key fields (put | between several)");
}

#[tokio::test]
async fn a_system_that_never_answers_costs_its_own_lines_and_no_more_than_the_patience() {
    let systems = Systems::start().await;
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("postgres://wms@{}/wms", silent.local_addr().expect("bound"));
    let contract = systems.contract(&[("systems/wms.toml", "${WMS_URL}", &url), ("systems/wms.toml", "2s", "60s")]);
    let options = LiveOptions { samples: contract.samples.clone(), patience: Duration::from_secs(5) };
    let report = check_live(&contract, options).await;
    assert!(report.elapsed < Duration::from_secs(30), "{:?}", report.elapsed);
    let wms = report.systems.iter().find(|system| system.name == "wms").expect("it is told");
    assert_eq!(wms.outcome.as_ref().map_err(|failure| failure.code), Err("SOURCE_TIMEOUT"));
    let all = systems.check(&[], &[]).await;
    let told = |report: &LiveReport| report.asks.iter().map(|ask| (ask.name.clone(), ask.n_rows)).collect::<Vec<_>>();
    assert_eq!(told(&report), told(&all));
}
