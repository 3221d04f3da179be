//! Empty ledgers of both kinds, ways to change them behind Freehold's back, and things to note in them.

use std::{
    future::Future,
    str::FromStr,
    time::{Duration, Instant},
};

use freehold::{
    ledger::{
        Entity, Exception, ExceptionFilter, Ledger, LedgerAddress, LedgerParts, Observation, Page, Seen, Severity,
        Store, Subject,
    },
    settings::LedgerSettings,
    telemetry::Telemetry,
};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor, PgConnection, sqlite::SqliteConnectOptions};
use tempfile::TempDir;

use crate::common::postgres;

/// An empty ledger's place.
pub struct Place {
    pub url: String,
    _folder: TempDir,
}

impl Place {
    pub fn sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self { url: format!("sqlite:{}", folder.path().join("ledger.db").display()), _folder: folder }
    }

    pub fn postgres() -> Self {
        Self { url: postgres::shared().create_database(), _folder: tempfile::tempdir().expect("a folder") }
    }

    pub fn both() -> [Self; 2] {
        [Self::sqlite(), Self::postgres()]
    }

    pub fn address(&self) -> LedgerAddress {
        LedgerAddress::parse(&self.url).expect("an address")
    }

    pub fn store(&self) -> Store {
        Store::new(self.address())
    }

    /// Opens it with settings that let a test see something soon.
    pub async fn open(&self) -> (Ledger, Telemetry) {
        self.open_with(LedgerSettings { written_every: Duration::from_millis(5), ..LedgerSettings::default() }).await
    }

    pub async fn open_with(&self, settings: LedgerSettings) -> (Ledger, Telemetry) {
        let telemetry = Telemetry::new();
        let parts = LedgerParts { address: self.address(), route: None, telemetry: telemetry.clone() };
        (Ledger::open(parts, &settings).await.expect("a ledger"), telemetry)
    }

    /// Notes, waits until all is written, and returns what stands there.
    pub async fn after(&self, observations: impl IntoIterator<Item = Observation>) -> Vec<Exception> {
        let (ledger, _) = self.open().await;
        observations.into_iter().for_each(|observation| ledger.note(observation));
        ledger.close(Duration::from_secs(20)).await;
        all(ledger.store()).await
    }

    /// Returns how far the webhook's news has come, if it has begun.
    pub async fn webhooks(&self) -> Vec<i64> {
        const POSITION: &str = "select position from webhook";
        let rows = if self.url.starts_with("sqlite:") {
            let options = SqliteConnectOptions::from_str(&self.url).expect("an address");
            sqlx::query_scalar(POSITION).fetch_all(&mut options.connect().await.expect("a connection")).await
        } else {
            sqlx::query_scalar(POSITION)
                .fetch_all(&mut PgConnection::connect(&self.url).await.expect("a connection"))
                .await
        };
        rows.expect("positions")
    }

    /// Runs SQL behind Freehold's back.
    pub async fn run(&self, sql: &str) {
        let sql = AssertSqlSafe(sql.to_owned());
        if self.url.starts_with("sqlite:") {
            let options = SqliteConnectOptions::from_str(&self.url).expect("an address");
            let mut connection = options.connect().await.expect("a connection");
            connection.execute(sql).await.expect("it runs");
        } else {
            let mut connection = PgConnection::connect(&self.url).await.expect("a connection");
            connection.execute(sql).await.expect("it runs");
        }
    }
}

/// Returns every exception.
pub async fn all(store: &Store) -> Vec<Exception> {
    store.exceptions(&ExceptionFilter::default(), &Page::first(1_000)).await.expect("exceptions").rows
}

/// Waits until something holds.
pub async fn until<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    let begun = Instant::now();
    while !holds().await {
        assert!(begun.elapsed() < Duration::from_secs(30), "not within 30 s: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Waits until a line of the metrics begins like this.
pub async fn until_metric(telemetry: &Telemetry, line: &str) {
    until(line, || async { telemetry.metrics_text().lines().any(|each| each == line) }).await;
}

/// Returns a number of the metrics; 0 where it is not counted yet.
pub fn metric(telemetry: &Telemetry, name: &str) -> u64 {
    let text = telemetry.metrics_text();
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.and_then(|number| number.parse().ok()).unwrap_or_default()
}

/// An exception about an account, as seen.
pub fn seen(code: &str, account: &str) -> Seen {
    Seen {
        code: code.to_owned(),
        severity: Severity::Blocking,
        domain: Some("credit".to_owned()),
        entity: Entity::new("Account", account),
        account: Some(account.to_owned()),
        system: Some("erp".to_owned()),
        line: None,
        message: format!("{code} of {account}"),
        evidence: Some(r#"{"limit":"0.00"}"#.to_owned()),
    }
}

/// What is wrong with an account, all facts being known.
pub fn observed(account: &str, at_ms: i64, codes: &[&str]) -> Observation {
    Observation {
        subject: Subject {
            rule: "account.credit".to_owned(),
            entity: Entity::new("Account", account),
            account: Some(account.to_owned()),
        },
        at_ms,
        is_complete: true,
        seen: codes.iter().map(|code| seen(code, account)).collect(),
    }
}
