//! The ledger's tables: made by one of many processes, left alone where they are not ours.

use std::sync::Arc;

use freehold::{
    ledger::{ExceptionFilter, Ledger, LedgerError, LedgerParts, Page, Store},
    settings::LedgerSettings,
    telemetry::Telemetry,
};

use super::place::{Place, all};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn processes_that_start_at_once_make_the_tables_once() {
    for place in Place::both() {
        let started = (0..8).map(|_| {
            let store = Arc::new(place.store());
            tokio::spawn(async move { store.prepare().await })
        });
        for started in started.collect::<Vec<_>>() {
            assert_eq!(started.await.expect("no panic"), Ok(()), "{}", place.url);
        }
        assert_eq!(all(&place.store()).await, []);
    }
}

#[tokio::test]
async fn a_ledger_of_a_newer_version_is_refused_and_named() {
    for place in Place::both() {
        place.store().prepare().await.expect("tables");
        place
            .run(
                "insert into freehold_migration (version, description, success, checksum, execution_time) select 99, 'later', \
                 success, checksum, 0 from freehold_migration where version = 1",
            )
            .await;
        let parts = LedgerParts { address: place.address(), route: None, telemetry: Telemetry::new() };
        let refused = Ledger::open(parts, &LedgerSettings::default()).await.err().expect("it is refused");
        assert_eq!(refused, LedgerError::Newer { found: 99, known: 2 });
        assert!(refused.to_string().contains("a newer version of Freehold has written it"), "{refused}");
        let read = Store::read_only(place.address()).exceptions(&ExceptionFilter::default(), &Page::first(1)).await;
        assert_eq!(read.err(), Some(LedgerError::Newer { found: 99, known: 2 }));
    }
}

#[tokio::test]
async fn tables_that_somebody_changed_are_refused() {
    for place in Place::both() {
        place.store().prepare().await.expect("tables");
        place.run("update freehold_migration set checksum = installed_checksum.other from (select checksum || checksum as other from freehold_migration) as installed_checksum").await;
        assert_eq!(place.store().prepare().await, Err(LedgerError::Altered(1)), "{}", place.url);
    }
}

#[tokio::test]
async fn reading_makes_no_ledger() {
    for place in Place::both() {
        let read = Store::read_only(place.address()).exceptions(&ExceptionFilter::default(), &Page::first(1)).await;
        let is_told = matches!(read, Err(LedgerError::Unprepared | LedgerError::Away(_)));
        assert!(is_told, "{read:?}");
        place.store().prepare().await.expect("tables");
        assert_eq!(all(&Store::read_only(place.address())).await, []);
    }
}
