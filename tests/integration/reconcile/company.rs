//! A company of two systems: an ERP that owns products, and a shop that writes its copies in its own way.

use std::{
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use freehold::{
    contract::{Contract, Files, load},
    fetch::{Fetch, FetchError, FetchErrorKind, ListFetch, Outcome, Owner, Page as Listed},
    job::{ReconcileError, ReconcileOptions, Reconciling, Summary, reconcile},
    ledger::{Finding, FindingFilter, LedgerAddress, Page, State, Store},
    owner::{self, Owners},
    source::SystemName,
    telemetry::Telemetry,
    value::SystemId,
};
use futures_util::{FutureExt, future::BoxFuture};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, sqlite::SqliteConnectOptions};
use tempfile::TempDir;

const GRAPH: &str = r#"
type Query {
  products(status: Status): [Product] @list(name: "products")
  shopProducts: [Product] @list(name: "shopProducts")
}
enum Status { ACTIVE BLOCKED }
type Weight { value: Decimal unit: String }
type Money { amount: Decimal currency: String }
type Product @key(fields: "sku") @owner(system: "erp") @domain(name: "product") {
  sku: String!
  name: String @copy(system: "shop", as: "copy")
  status: Status @copy(system: "shop", as: "copy")
  factor: Decimal @copy(system: "shop", as: "copy")
  weight: Weight @copy(system: "shop", as: "copy")
  price: Money @copy(system: "shop", as: "copy")
  changedAt: DateTime @copy(system: "shop", as: "copy")
  baseSku: String @copy(system: "shop", as: "copy")
  base: Product @ref(key: "sku: baseSku")
}
"#;

const SETTINGS: &str = "systems = [\"erp.toml\", \"shop.toml\"]\n";

const ERP: &str = r#"
kind = "sqlite"
url = "${ERP_FILE}"
zone = "Europe/Berlin"
[Product]
query = """
select sku, name, status, factor, weight as "weight.value", weight_unit as "weight.unit", amount as "price.amount",
  currency as "price.currency", changed as changedAt, base as baseSku
from product where sku in (:keys)"""
[lists.products]
query = "select sku from product where (:status is null or status = :status)"
order = ["sku"]
page_rows_max = 500
"#;

const SHOP: &str = r#"
kind = "sqlite"
url = "${SHOP_FILE}"
zone = "UTC"
[Product.copy]
query = """
select sku, name, status, factor, weight as "weight.value", weight_unit as "weight.unit", amount as "price.amount",
  currency as "price.currency", changed as changedAt, base as baseSku
from product where sku in (:keys)"""
key = { case = "lower", graph_case = "upper" }
values.status = { map = { live = "ACTIVE", hidden = "BLOCKED" } }
[lists.shopProducts]
query = "select sku from product"
key = { case = "lower", graph_case = "upper" }
order = ["sku"]
page_rows_max = 500
"#;

const TABLE: &str = "create table product (sku text primary key, name text, status text, factor text, weight text, \
                     weight_unit text, amount text, currency text, changed text, base text);";

/// An owner that can be let down, and beside which things change.
pub struct Held {
    inner: Arc<dyn Owner>,
    name: SystemName,
    pub fails: AtomicBool,
    /// Questions after which it is let down.
    pub fails_after: AtomicUsize,
    pub n_asked: AtomicUsize,
    pub after_first: std::sync::Mutex<Option<BoxFuture<'static, ()>>>,
}

pub struct Company {
    files: Vec<(String, String)>,
    pub contract: Arc<Contract>,
    pub owners: Owners,
    pub shop: Arc<Held>,
    pub folder: TempDir,
}

impl Company {
    pub async fn with(erp: &str, shop: &str) -> Self {
        Self::of(erp, shop, &[]).await
    }

    /// Makes one with changes to its contract.
    pub async fn of(erp: &str, shop: &str, changes: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, rows) in [("erp", erp), ("shop", shop)] {
            run(&folder, name, &format!("{TABLE}{rows}")).await;
        }
        let files: Vec<(String, String)> =
            [("graph.graphql", GRAPH), ("freehold.toml", SETTINGS), ("erp.toml", ERP), ("shop.toml", SHOP)]
                .map(|(path, text)| {
                    let text = changes.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to));
                    (path.to_owned(), text)
                })
                .into();
        let file = |name: &str| folder.path().join(name).display().to_string();
        let (erp, shop) = (file("erp"), file("shop"));
        let env = |name: &str| match name {
            "ERP_FILE" => Some(erp.clone()),
            "SHOP_FILE" => Some(shop.clone()),
            _ => None,
        };
        let loaded = load(&Files::new(files.clone()), &env);
        let contract = Arc::new(loaded.contract.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics)));
        let owners = owner::open(&contract, &Telemetry::new());
        let id = SystemId::from(1);
        let shop = Arc::new(Held {
            inner: Arc::clone(owners.of(id)),
            name: SystemName::new(&contract, id),
            fails: AtomicBool::new(false),
            fails_after: AtomicUsize::new(usize::MAX),
            n_asked: AtomicUsize::new(0),
            after_first: std::sync::Mutex::new(None),
        });
        let owners = Owners::from_vec(vec![Arc::clone(owners.of(SystemId::from(0))), shop.clone()]);
        Self { files, contract, owners, shop, folder }
    }

    pub async fn run(&self, system: &str, sql: &str) {
        run(&self.folder, system, sql).await;
    }

    /// Writes its contract into the folder `contract`.
    pub fn write_contract(&self) {
        let folder = self.folder.path().join("contract");
        std::fs::create_dir(&folder).expect("a folder");
        for (path, text) in &self.files {
            std::fs::write(folder.join(path), text).expect("a file");
        }
    }

    pub fn store(&self) -> Store {
        Store::new(LedgerAddress::file(self.folder.path().join("ledger.db")))
    }

    pub async fn reconciled(&self, options: &ReconcileOptions) -> Result<Summary, ReconcileError> {
        let store = self.store();
        let asked = Reconciling { contract: &self.contract, owners: &self.owners, store: Some(&store) };
        reconcile(asked, options, &mut |_| {}).await
    }

    /// Compares everything; returns what is open then.
    pub async fn found(&self) -> (Summary, Vec<Finding>) {
        let summary = self.reconciled(&all()).await.expect("a summary");
        (summary, self.open().await)
    }

    pub async fn open(&self) -> Vec<Finding> {
        let filter = FindingFilter { state: State::Open, ..FindingFilter::default() };
        let mut rows = self.store().findings(&filter, &Page::first(1_000)).await.expect("findings").rows;
        rows.sort_by_key(|row| (row.found.entity.key.clone(), row.found.field.clone()));
        rows
    }
}

/// All keys, as fast as can be.
pub fn all() -> ReconcileOptions {
    ReconcileOptions {
        system: None,
        entity: None,
        sample: None,
        rate: NonZeroU32::new(1_000_000).expect("a rate"),
        settle: Duration::from_millis(1),
        resumes: false,
    }
}

/// Prints findings as `DRIFT A.name erp x shop y`.
pub fn said(findings: &[Finding]) -> Vec<String> {
    let line = |finding: &Finding| {
        let found = &finding.found;
        let field = found.field.as_ref().map(|field| format!(".{field}")).unwrap_or_default();
        let values = match (&found.owner_value, &found.copy_value) {
            _ if found.field.is_none() => String::new(),
            (owner, copy) => {
                let text = |value: &Option<String>| value.clone().unwrap_or("null".to_owned());
                format!(" {} | {}", text(owner), text(copy))
            }
        };
        format!("{} {}{field}{values}", found.kind.word(), found.entity.key)
    };
    findings.iter().map(line).collect()
}

async fn run(folder: &TempDir, system: &str, sql: &str) {
    change(folder.path().join(system), sql.to_owned()).await;
}

/// Runs SQL on a system's file.
pub async fn change(file: std::path::PathBuf, sql: String) {
    let options = SqliteConnectOptions::new().filename(file).create_if_missing(true);
    let mut connection = options.connect().await.expect("a database");
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.expect("the rows");
    connection.close().await.expect("written");
}

impl Held {
    fn error(&self) -> FetchError {
        self.name.error(FetchErrorKind::Unavailable, "connection refused")
    }

    fn is_down(&self) -> bool {
        let n_asked = self.n_asked.fetch_add(1, Ordering::SeqCst);
        self.fails.load(Ordering::SeqCst) || n_asked >= self.fails_after.load(Ordering::SeqCst)
    }
}

impl Owner for Held {
    fn fetch(&self, fetch: Fetch) -> BoxFuture<'_, Vec<Outcome>> {
        async move {
            if self.is_down() {
                return fetch.keys.iter().map(|_| Err(self.error())).collect();
            }
            let outcomes = self.inner.fetch(fetch).await;
            let change = self.after_first.lock().expect("no panic").take();
            if let Some(change) = change {
                change.await;
            }
            outcomes
        }
        .boxed()
    }

    fn list(&self, fetch: ListFetch) -> BoxFuture<'_, Vec<Result<Listed, FetchError>>> {
        async move {
            if self.is_down() {
                return fetch.arguments.iter().map(|_| Err(self.error())).collect();
            }
            self.inner.list(fetch).await
        }
        .boxed()
    }

    fn probe(&self) -> BoxFuture<'_, Result<(), FetchError>> {
        async move { if self.is_down() { Err(self.error()) } else { self.inner.probe().await } }.boxed()
    }
}
