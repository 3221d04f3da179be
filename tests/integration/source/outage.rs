//! A system that is down: said so at once, and answered again as soon as it is back.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use freehold::{
    contract::{Secret, SystemKind},
    fetch::FetchErrorKind,
    value::{Adaptations, GroupId, Scalar},
};
use serde_json::json;

use crate::common::{
    binding::{Bindings, leaf},
    mariadb, postgres,
    system::System,
};

fn bound() -> (Bindings, GroupId) {
    // Long enough for a server that starts on a busy machine.
    let mut bindings = Bindings::new().timeout(Duration::from_secs(60));
    let shape = bindings.shape("Product", vec![leaf("name", Scalar::String)]);
    let query = "select no as sku, name from item where no in (:keys)";
    let group = bindings.group(shape, "sku", query, &[], Adaptations::default());
    (bindings, group)
}

const ITEMS: &str = "create table item (no text, name text); insert into item values ('A', 'Bolt')";

/// A server that a test may kill.
trait Killed {
    fn kill(&self);
    fn restart(&self);
}

impl Killed for postgres::Server {
    fn kill(&self) {
        self.kill();
    }

    fn restart(&self) {
        self.restart();
    }
}

impl Killed for mariadb::Server {
    fn kill(&self) {
        self.kill();
    }

    fn restart(&self) {
        self.restart();
    }
}

async fn postgres_of_its_own() -> (Arc<dyn Killed + Send + Sync>, System) {
    let server = tokio::task::spawn_blocking(postgres::Server::start).await.unwrap();
    let system = System::postgres_at(server.create_database());
    (Arc::new(server), system)
}

async fn mariadb_of_its_own() -> (Arc<dyn Killed + Send + Sync>, System) {
    let server = tokio::task::spawn_blocking(mariadb::Server::start).await.unwrap();
    let system = System::mysql_at(server.create_database());
    (Arc::new(server), system)
}

async fn a_killed_server_is_unavailable_at_once_and_answers_again_after_its_restart(
    server: Arc<dyn Killed + Send + Sync>,
    system: System,
) {
    system.load(ITEMS).await;
    let (bindings, group) = bound();
    let source = system.source(bindings);
    for _ in 0..2 {
        assert_eq!(source.shown(group, &["A"]).await, [json!({"name": "Bolt"})]);
        assert!(source.owner.probe().await.is_ok());
        server.kill();
        for _ in 0..3 {
            let error = source.outcomes(group, &["A"]).await.remove(0).unwrap_err();
            assert_eq!(error.kind, FetchErrorKind::Unavailable, "{}", error.detail);
            assert!(!error.detail.contains("in time"), "it waits for a system that refuses: {}", error.detail);
        }
        assert_eq!(source.owner.probe().await.unwrap_err().kind, FetchErrorKind::Unavailable);
        server.restart();
        assert_eq!(source.shown(group, &["A"]).await, [json!({"name": "Bolt"})]);
    }
    // A restart between two fetches is not noticed.
    server.kill();
    server.restart();
    assert!(source.owner.probe().await.is_ok());
    server.kill();
    server.restart();
    assert_eq!(source.shown(group, &["A"]).await, [json!({"name": "Bolt"})]);
}

#[tokio::test]
async fn a_killed_postgres_is_unavailable_at_once_and_answers_again_after_its_restart() {
    let (server, system) = postgres_of_its_own().await;
    a_killed_server_is_unavailable_at_once_and_answers_again_after_its_restart(server, system).await;
}

#[tokio::test]
async fn a_killed_mariadb_is_unavailable_at_once_and_answers_again_after_its_restart() {
    let (server, system) = mariadb_of_its_own().await;
    a_killed_server_is_unavailable_at_once_and_answers_again_after_its_restart(server, system).await;
}

#[cfg(feature = "odbc")]
#[tokio::test]
async fn a_postgres_killed_under_its_odbc_driver_answers_again_after_its_restart() {
    let (server, system) = postgres_of_its_own().await;
    a_killed_server_is_unavailable_at_once_and_answers_again_after_its_restart(server, system.by_odbc()).await;
}

#[tokio::test]
async fn a_sqlite_file_that_is_not_there_is_unavailable_until_it_is() {
    let system = System::sqlite();
    let (bindings, group) = bound();
    let source = system.source(bindings);
    let error = source.outcomes(group, &["A"]).await.remove(0).unwrap_err();
    assert_eq!(error.kind, FetchErrorKind::Unavailable, "{}", error.detail);
    assert_eq!(source.owner.probe().await.unwrap_err().kind, FetchErrorKind::Unavailable);
    system.load(ITEMS).await;
    assert_eq!(source.shown(group, &["A"]).await, [json!({"name": "Bolt"})]);
    assert!(source.owner.probe().await.is_ok());
}

#[tokio::test]
async fn a_url_that_is_none_is_reported_by_the_fetch_and_never_printed() {
    for url in ["not a url secret", "postgres://user:secret@"] {
        let (bindings, group) = bound();
        let contract = bindings.contract(SystemKind::Postgres { url: Secret::new(url.to_owned()) });
        let owner = freehold::source::open(&contract, freehold::value::SystemId(0), &Default::default());
        let keys = [freehold::value::Key::one("A")].into();
        let deadline = Instant::now() + Duration::from_secs(5);
        let error = owner.fetch(freehold::fetch::Fetch { group, keys, deadline }).await.remove(0).unwrap_err();
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}

#[cfg(not(feature = "odbc"))]
#[tokio::test]
async fn an_odbc_system_says_that_this_build_speaks_no_odbc() {
    let (bindings, group) = bound();
    let dialect = Box::new(freehold::contract::Dialect::sql_server());
    let contract = bindings.contract(SystemKind::Odbc { url: Secret::new("Pwd=secret".to_owned()), dialect });
    let owner = freehold::source::open(&contract, freehold::value::SystemId(0), &Default::default());
    let keys = [freehold::value::Key::one("A")].into();
    let error =
        owner.fetch(freehold::fetch::Fetch { group, keys, deadline: Instant::now() }).await.remove(0).unwrap_err();
    assert_eq!(error.kind, FetchErrorKind::Unavailable);
    assert!(error.detail.contains("--features odbc") && !error.detail.contains("secret"), "{}", error.detail);
    assert!(owner.probe().await.is_err());
}
