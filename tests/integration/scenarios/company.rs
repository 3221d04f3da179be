//! The company of the scenarios: the demo's PIM and shop, and its ERP, either the SQLite file it is or the same rows in a real
//! PostgreSQL. Its today is the demo's; the age of what is kept goes by a clock that a test may put forward.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use freehold::{
    access::{Accounts, Caller, Permissions},
    cache::{Cache, CacheParts},
    contract::{Files, load},
    demo::{self, DemoServers},
    diagnostic::render_text,
    engine::{Engine, Request},
    fetch::{Clock, SystemClock},
    owner,
    settings::{CacheSettings, EngineSettings},
    telemetry::Telemetry,
    value::AudienceId,
};
use serde_json::{Map, Value};
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::sync::OnceCell;

use crate::common::{postgres, process};

const PLANTED: &str = include_str!("planted.sql");
const TABLES: &str = include_str!("../../../src/demo/erp.sql");
const INDEXES: &str = include_str!("../../../src/demo/erp_index.sql");

/// The accounts that the scenarios name: of all others' orders PostgreSQL gets none, which spares it most of its rows.
const ACCOUNTS: &str = "('100040', '100042', '100043', '100077', '100078', '100090', '100101', '100120', '100200')";

/// What keeps the ERP's tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Erp {
    Sqlite,
    Postgres,
}

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// A buyer of an account, in the shop: may see prices, stock and the account's orders, and nothing of its credit.
    Buyer(&'static str),
    /// A buyer of an account, by their login, who sees of its orders those they placed themselves.
    Placer(&'static str, &'static str),
    /// A service agent, who sees every account.
    Agent,
    /// An analyst, who does, too.
    Analyst,
}

impl Who {
    fn audience(self) -> &'static str {
        match self {
            Self::Buyer(_) | Self::Placer(..) => "storefront",
            Self::Agent => "service",
            Self::Analyst => "bi",
        }
    }
}

/// A clock that can be put forward.
#[derive(Default)]
struct Shifted {
    ahead_ms: AtomicI64,
}

impl Clock for Shifted {
    fn now_ms(&self) -> i64 {
        SystemClock.now_ms() + self.ahead_ms.load(Ordering::Relaxed)
    }
}

/// The company, and a Freehold over it.
pub struct Company {
    pub erp: Erp,
    pub engine: Engine,
    telemetry: Telemetry,
    clock: Arc<Shifted>,
    _servers: DemoServers,
}

impl Company {
    /// The company over both kinds of ERP, which tests only read.
    pub async fn both() -> [Self; 2] {
        let files = filled().await;
        let sqlite = files.join("erp.sqlite").display().to_string();
        [Self::over(Erp::Sqlite, sqlite).await, Self::over(Erp::Postgres, copied().await.to_owned()).await]
    }

    /// The company over an ERP at an address.
    pub async fn over(erp: Erp, address: String) -> Self {
        Self::of((erp, address), servers().await, CacheSettings::default())
    }

    /// The company over an ERP at an address and servers that run already.
    pub fn of((erp, address): (Erp, String), servers: DemoServers, kept: CacheSettings) -> Self {
        let files = demo::CONTRACT.iter().map(|(path, text)| {
            let text = if (erp, *path) == (Erp::Postgres, "systems/erp.toml") {
                of_postgres(text)
            } else {
                (*text).to_owned()
            };
            ((*path).to_owned(), text)
        });
        let url = |name: &str| if name == "ERP_URL" { Some(address.clone()) } else { servers.url(name) };
        let loaded = load(&Files::new(files), &url);
        let Some(contract) = loaded.contract else {
            panic!("{}", render_text(&loaded.diagnostics, &loaded.sources, false))
        };
        let (contract, telemetry, clock) = (Arc::new(contract), Telemetry::new(), Arc::new(Shifted::default()));
        let parts = CacheParts {
            contract: Arc::clone(&contract),
            owners: owner::open(&contract, &telemetry),
            shared: None,
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            telemetry: telemetry.clone(),
        };
        let cache = Cache::of(parts, kept);
        let settings = EngineSettings { business_time: Some(demo::noon()), ..EngineSettings::default() };
        let engine = Engine::new(contract, cache, settings, telemetry.clone()).expect("an engine");
        Self { erp, engine, telemetry, clock, _servers: servers }
    }

    /// Makes everything that is kept so much older.
    pub fn wait_minutes(&self, minutes: i64) {
        self.clock.ahead_ms.fetch_add(minutes * 60_000, Ordering::Relaxed);
    }

    /// Returns how many questions have been put to the systems.
    pub fn n_fetches(&self) -> u64 {
        let counted = |line: &str| {
            let is_question =
                ["freehold_fetches_total{", "freehold_lists_total{"].iter().any(|name| line.starts_with(name));
            is_question
                .then(|| line.rsplit(' ').next().and_then(|number| number.parse::<u64>().ok()).expect("a number"))
        };
        self.telemetry.metrics_text().lines().filter_map(counted).sum()
    }

    /// Returns the request by which somebody asks.
    pub fn request(&self, who: Who, query: &str, variables: Value) -> Request {
        let Value::Object(variables) = variables else { panic!("variables are an object") };
        Request { query: query.to_owned(), variables, caller: self.caller(who).into(), ..Request::default() }
    }

    /// Asks, and returns the whole answer.
    pub async fn answer(&self, who: Who, query: &str, variables: Value) -> Value {
        let request = self.request(who, query, variables);
        serde_json::from_slice(&self.engine.answer(&request).await.body).expect("an answer is JSON")
    }

    /// Asks, and returns the data of an answer without errors.
    pub async fn data(&self, who: Who, query: &str, variables: Value) -> Map<String, Value> {
        let mut answer = self.answer(who, query, variables).await;
        assert_eq!(answer.get("errors"), None, "{:?}, {who:?}: {query}", self.erp);
        let Value::Object(data) = answer["data"].take() else { panic!("{query} has no data") };
        data
    }

    fn caller(&self, who: Who) -> Caller {
        let audiences = &self.engine.contract().audiences;
        let audience = audiences.iter().position(|audience| audience == who.audience()).expect("an audience");
        let (accounts, permissions) = match who {
            Who::Buyer(account) => {
                let permissions = ["VIEW_CATALOG", "VIEW_PRICE", "VIEW_STOCK", "VIEW_ORDERS_ACCOUNT"];
                let permissions = permissions.into_iter().map(Into::into).collect();
                (Accounts::Of([account.into()].into()), Permissions::Of(permissions))
            }
            Who::Placer(account, _) => {
                (Accounts::Of([account.into()].into()), Permissions::Of(["VIEW_ORDERS_OWN".into()].into()))
            }
            Who::Agent | Who::Analyst => (Accounts::All, Permissions::All),
        };
        let login = if let Who::Placer(_, login) = who { Some(login.into()) } else { None };
        Caller { audience: Some(AudienceId::from(audience)), accounts, permissions, login, ..Caller::operator() }
    }
}

/// Starts the PIM and the shop on the runtime at hand.
pub async fn servers() -> DemoServers {
    let files = filled().await;
    let [erp, pim, shop] = ["erp", "pim", "shop"].map(|system| files.join(format!("{system}.sqlite")));
    demo::serve(&demo::DemoSystems { erp, pim, shop }).await.expect("running systems")
}

/// The demo company's files with what the scenarios plant, made once for all tests.
pub async fn filled() -> &'static Path {
    static FILLED: OnceCell<PathBuf> = OnceCell::const_new();
    let fill = async || {
        let folder = process::folder("freehold-company-");
        let systems = demo::fill(&folder).await.expect("a filled demo company");
        let mut erp = SqliteConnection::connect(&systems.erp.display().to_string()).await.expect("the ERP's file");
        sqlx::raw_sql(PLANTED).execute(&mut erp).await.expect("what is planted");
        erp.close().await.expect("the ERP's file");
        folder
    };
    FILLED.get_or_init(fill).await
}

/// An own copy of the ERP's file, for tests that break it.
pub async fn own_file(folder: &Path) -> String {
    let copy = folder.join("erp.sqlite");
    fs::copy(filled().await.join("erp.sqlite"), &copy).expect("a copy of the ERP's file");
    copy.display().to_string()
}

/// The database of the shared PostgreSQL that the ERP's rows are in, copied once for all tests.
async fn copied() -> &'static str {
    static COPIED: OnceCell<String> = OnceCell::const_new();
    let copy = async || copy_to(postgres::shared()).await;
    COPIED.get_or_init(copy).await
}

/// Makes the ERP's tables in a PostgreSQL and copies its rows. Returns the database's URL.
pub async fn copy_to(server: &postgres::Server) -> String {
    let url = server.create_database();
    let mut to = PgConnection::connect(&url).await.expect("a private database");
    let tables = TABLES.replace(" without rowid", "");
    sqlx::raw_sql(AssertSqlSafe(tables)).execute(&mut to).await.expect("the ERP's tables");
    let options = SqliteConnectOptions::new().filename(filled().await.join("erp.sqlite")).read_only(true);
    let mut from = SqliteConnection::connect_with(&options).await.expect("the ERP's file");
    let names = sqlx::query_scalar("select name from sqlite_master where type = 'table'");
    let names: Vec<String> = names.fetch_all(&mut from).await.expect("the ERP's tables");
    for table in names {
        let columns = sqlx::query_scalar("select name from pragma_table_info(?)").bind(&table);
        let columns: Vec<String> = columns.fetch_all(&mut from).await.expect("a table's columns");
        // A row as `copy` reads it: no value of the company has a tab or a line's end in it.
        let cell = |column: &String| format!("coalesce(replace({column}, '\\', '\\\\'), '\\N')");
        let cells = columns.iter().map(cell).collect::<Vec<_>>().join(" || char(9) || ");
        let lines = format!("select {cells} || char(10) from {table} where {}", wanted(&table));
        let lines: Vec<String> = sqlx::query_scalar(AssertSqlSafe(lines)).fetch_all(&mut from).await.expect("rows");
        let mut copy = to.copy_in_raw(&format!("copy {table} from stdin")).await.expect("a table");
        copy.send(lines.concat().into_bytes()).await.expect("rows that fit");
        copy.finish().await.expect("rows that fit");
    }
    sqlx::raw_sql(INDEXES).execute(&mut to).await.expect("the ERP's indexes");
    sqlx::raw_sql("analyze").execute(&mut to).await.expect("its statistics");
    to.close().await.expect("a private database");
    url
}

/// Which rows of a table the scenarios need.
fn wanted(table: &str) -> String {
    let orders = format!("order_no in (select order_no from sales_order where account_no in {ACCOUNTS})");
    match table {
        "sales_order" => format!("account_no in {ACCOUNTS}"),
        "sales_line" | "order_hold" | "shipment" | "invoice" | "return_order" | "order_event" => orders,
        "shipment_line" => format!("shipment_no in (select shipment_no from shipment where {orders})"),
        "invoice_line" => format!("invoice_no in (select invoice_no from invoice where {orders})"),
        "return_line" => format!("return_no in (select return_no from return_order where {orders})"),
        _ => "true".to_owned(),
    }
}

/// The ERP's binding in PostgreSQL's words: it folds an alias that is not quoted, and has other names for making JSON.
fn of_postgres(binding: &str) -> String {
    let binding = binding.replace("kind = \"sqlite\"", "kind = \"postgres\"");
    let binding = binding.replace("json_group_array(json_object(", "json_agg(json_build_object(");
    let mut pieces = binding.split(" as ");
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let end = piece.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(piece.len());
        let (word, rest) = piece.split_at(end);
        let quote = if word.chars().any(|c| c.is_ascii_uppercase()) { "\"" } else { "" };
        text += &format!(" as {quote}{word}{quote}{rest}");
    }
    text
}
