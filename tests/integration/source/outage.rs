//! A system that is down: said so at once, and answered again as soon as it is back.

use std::{sync::Arc, time::Instant};

use freehold::{
    contract::{Secret, SystemKind},
    fetch::FetchErrorKind,
    value::{Adaptations, GroupId, Scalar},
};
use serde_json::json;

use crate::common::{
    binding::{Bindings, leaf},
    postgres::Server,
    system::System,
};

fn bound() -> (Bindings, GroupId) {
    let mut bindings = Bindings::new();
    let shape = bindings.shape("Product", vec![leaf("name", Scalar::String)]);
    let query = "select no as sku, name from item where no in (:keys)";
    let group = bindings.group(shape, "sku", query, &[], Adaptations::default());
    (bindings, group)
}

const ITEMS: &str = "create table item (no text, name text); insert into item values ('A', 'Bolt')";

#[tokio::test]
async fn a_killed_postgres_is_unavailable_at_once_and_answers_again_after_its_restart() {
    let server = Arc::new(tokio::task::spawn_blocking(Server::start).await.unwrap());
    let system = System::Postgres { url: server.create_database() };
    system.load(ITEMS).await;
    let (bindings, group) = bound();
    let source = system.source(bindings);
    for _ in 0..2 {
        assert_eq!(source.shown(group, &["A"]).await, [json!({"name": "Bolt"})]);
        assert!(source.owner.probe().await.is_ok());
        server.kill();
        for _ in 0..3 {
            let begun = Instant::now();
            let error = source.outcomes(group, &["A"]).await.remove(0).unwrap_err();
            assert_eq!(error.kind, FetchErrorKind::Unavailable, "{}", error.detail);
            assert!(begun.elapsed().as_secs() < 5, "it does not wait for a system that refuses");
        }
        assert_eq!(source.owner.probe().await.unwrap_err().kind, FetchErrorKind::Unavailable);
        server.restart();
        assert_eq!(source.shown(group, &["A"]).await, [json!({"name": "Bolt"})]);
    }
}

#[tokio::test]
async fn a_restart_between_two_fetches_is_not_noticed() {
    let server = Arc::new(tokio::task::spawn_blocking(Server::start).await.unwrap());
    let system = System::Postgres { url: server.create_database() };
    system.load(ITEMS).await;
    let (bindings, group) = bound();
    let source = system.source(bindings);
    assert_eq!(source.shown(group, &["A"]).await, [json!({"name": "Bolt"})]);
    server.kill();
    server.restart();
    assert!(source.owner.probe().await.is_ok());
    server.kill();
    server.restart();
    assert_eq!(source.shown(group, &["A"]).await, [json!({"name": "Bolt"})]);
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
        let deadline = Instant::now() + std::time::Duration::from_secs(5);
        let error = owner.fetch(freehold::fetch::Fetch { group, keys, deadline }).await.remove(0).unwrap_err();
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}
