//! What Freehold says of itself is said by each process: it is never looked for among what processes share, nor put there.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use freehold::{
    access::Caller,
    cache::{Bookmark, Cache, CacheParts, Hearing, Kept, Place as CachePlace, Shared, SharedRead, SharedRecall, Told},
    engine::{Engine, Request},
    fetch::SystemClock,
    owner::{self, Process},
    settings::{CacheSettings, EngineSettings},
    telemetry::Telemetry,
};
use futures_util::{FutureExt, future::BoxFuture};

use super::portal::Portal;
use crate::ledger::place::{Place, observed};

/// Counts what is looked for and what is kept, and has nothing.
#[derive(Default)]
struct Counting(Mutex<(usize, usize)>);

impl Shared for Counting {
    fn read(&self, places: Vec<CachePlace>) -> BoxFuture<'static, SharedRead> {
        self.0.lock().expect("no panic").0 += places.len();
        async move { SharedRead { entries: vec![None; places.len()], recalled: Vec::new() } }.boxed()
    }

    fn keep(&self, entries: Vec<(CachePlace, Kept, Duration)>) {
        self.0.lock().expect("no panic").1 += entries.len();
    }

    fn recall(&self, _: SharedRecall) -> BoxFuture<'static, bool> {
        async { true }.boxed()
    }

    fn tell(&self, _: Told) -> BoxFuture<'static, bool> {
        async { true }.boxed()
    }

    fn hear(&self, _: Option<Bookmark>) -> BoxFuture<'static, Option<Hearing>> {
        futures_util::future::pending().boxed()
    }

    fn lease(&self, places: Vec<CachePlace>, _: Duration) -> BoxFuture<'static, Vec<bool>> {
        async move { vec![true; places.len()] }.boxed()
    }
}

#[tokio::test]
async fn what_freehold_says_of_itself_is_not_shared_between_processes() {
    let place = Place::sqlite();
    place.after([observed("K1", 1, &["HOLD"])]).await;
    let contract = Portal::contract(|_| "http://127.0.0.1:9".to_owned());
    let (telemetry, counting) = (Telemetry::new(), Arc::new(Counting::default()));
    let process = Process { telemetry: telemetry.clone(), ledger: Some(Arc::new(place.store())) };
    let parts = CacheParts {
        contract: Arc::clone(&contract),
        owners: owner::open_in(&contract, &process),
        shared: Some(Arc::clone(&counting) as Arc<dyn Shared>),
        clock: Arc::new(SystemClock),
        telemetry: telemetry.clone(),
    };
    let cache = Cache::of(parts, CacheSettings::default());
    let engine = Engine::new(contract, cache, EngineSettings::default(), telemetry).expect("an engine");
    let ask = async |query: &str| {
        let caller = Caller::operator().into();
        engine.answer(&Request { query: query.to_owned(), caller, ..Request::default() }).await
    };
    let counted = || *counting.0.lock().expect("no panic");
    let answer = ask(
        "{ exceptions { nodes { code customer { name } } } systems { name } ownership(first: 3) { nodes { field } } }",
    );
    let answer = String::from_utf8(answer.await.body.to_vec()).expect("JSON");
    assert!(answer.contains("\"code\":\"HOLD\"") && answer.contains("\"name\":\"ledger\""), "{answer}");
    // The account's record is the ERP's, and is looked for; nothing else is.
    assert_eq!(counted(), (1, 0));
    ask("{ product(sku: \"A\") { erpText } systems { name } }").await;
    assert_eq!(counted(), (2, 0));
}
