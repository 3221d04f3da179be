//! The stack around a source: chunks, deadlines and the bulkhead.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use freehold::{
    contract::{Contract, Secret, SystemKind},
    fetch::{Fetch, FetchError, FetchErrorKind, ListFetch, Outcome, Owner, Page, Record, Stamp},
    owner::{self, Bulkhead, Chunked, Deadline, Owners},
    source::SystemName,
    value::{Adaptations, Argument, GroupId, Key, ListId, Scalar, SystemId},
};
use futures_util::{FutureExt, future::BoxFuture};
use serde_json::json;
use tokio::sync::Semaphore;

use crate::common::{
    binding::{Bindings, leaf, shown},
    system::{System, first, later},
};

/// An owner in memory that answers when the gate is opened for a question, and counts what runs at once.
struct Gated {
    gate: Semaphore,
    n_running: AtomicUsize,
    n_asked: AtomicUsize,
    keys_most: AtomicUsize,
}

impl Gated {
    fn new(n_open: usize) -> Arc<Self> {
        let (n_running, n_asked, keys_most) = Default::default();
        Arc::new(Self { gate: Semaphore::new(n_open), n_running, n_asked, keys_most })
    }

    async fn pass(&self, n_keys: usize) {
        self.n_asked.fetch_add(1, Ordering::SeqCst);
        self.keys_most.fetch_max(n_keys, Ordering::SeqCst);
        self.n_running.fetch_add(1, Ordering::SeqCst);
        self.gate.acquire().await.unwrap().forget();
        self.n_running.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Owner for Gated {
    fn fetch(&self, fetch: Fetch) -> BoxFuture<'_, Vec<Outcome>> {
        async move {
            self.pass(fetch.keys.len()).await;
            let stamp = |key: &Key| Stamp {
                system: SystemId(0),
                started_ms: key.as_str().parse().unwrap(),
                ended_ms: 0,
                as_of_ms: None,
                until_ms: None,
            };
            fetch.keys.iter().map(|key| Ok(Record::absent(stamp(key)).into())).collect()
        }
        .boxed()
    }

    fn list(&self, fetch: ListFetch) -> BoxFuture<'_, Vec<Result<Page, FetchError>>> {
        async move {
            self.pass(fetch.arguments.len()).await;
            let page = |arguments: &[Argument]| {
                let Argument::One(text) = &arguments[0] else { panic!("one argument") };
                let started_ms = text.parse().unwrap();
                Ok(Page {
                    items: Vec::new(),
                    has_next: false,
                    has_previous: false,
                    count: None,
                    stamp: Stamp { system: SystemId(0), started_ms, ended_ms: 0, as_of_ms: None, until_ms: None },
                    left_out: None,
                })
            };
            fetch.arguments.iter().map(|arguments| page(arguments)).collect()
        }
        .boxed()
    }

    fn probe(&self) -> BoxFuture<'_, Result<(), FetchError>> {
        self.pass(0).map(Ok).boxed()
    }
}

fn contract() -> Arc<Contract> {
    Bindings::new().contract(SystemKind::Sqlite { url: Secret::new("nowhere".to_owned()) })
}

fn name() -> SystemName {
    SystemName::new(&contract(), SystemId(0))
}

fn fetch(n_keys: usize, deadline: Instant) -> Fetch {
    Fetch { group: GroupId(0), keys: (0..n_keys).map(|n| Key::one(&n.to_string())).collect(), deadline }
}

fn list(n_parents: usize) -> ListFetch {
    let arguments = (0..n_parents).map(|n| [Argument::One(n.to_string().into())].into()).collect();
    ListFetch { list: ListId(0), arguments, window: first(1, None), count_up_to: None, deadline: later() }
}

#[tokio::test]
async fn chunks_keep_the_order_asked() {
    let inner = Gated::new(100);
    let chunked = Chunked::new(inner.clone(), 7);
    let outcomes = chunked.fetch(fetch(50, later())).await;
    let order: Vec<i64> = outcomes.iter().map(|outcome| outcome.as_ref().unwrap().stamp.started_ms).collect();
    assert_eq!(order, (0..50).collect::<Vec<i64>>());
    assert_eq!((inner.n_asked.load(Ordering::SeqCst), inner.keys_most.load(Ordering::SeqCst)), (8, 7));
    let pages = chunked.list(list(15)).await;
    let order: Vec<i64> = pages.iter().map(|page| page.as_ref().unwrap().stamp.started_ms).collect();
    assert_eq!(order, (0..15).collect::<Vec<i64>>());
    assert_eq!(inner.keys_most.load(Ordering::SeqCst), 7);
}

#[tokio::test]
async fn the_earlier_deadline_holds_and_the_late_answer_is_dropped() {
    let inner = Gated::new(0);
    let deadline = Deadline::new(inner.clone(), name(), Duration::from_millis(60));
    for own in [Duration::from_millis(5), Duration::from_secs(60)] {
        let begun = Instant::now();
        let outcomes = deadline.fetch(fetch(2, Instant::now() + own)).await;
        assert!(outcomes.iter().all(|outcome| outcome.as_ref().unwrap_err().kind == FetchErrorKind::Timeout));
        assert_eq!(outcomes.len(), 2);
        assert!(begun.elapsed() >= own.min(Duration::from_millis(60)) && begun.elapsed() < Duration::from_secs(50));
    }
    assert_eq!(deadline.list(list(3)).await.len(), 3);
    assert_eq!(deadline.probe().await.unwrap_err().kind, FetchErrorKind::Timeout);
}

#[tokio::test]
async fn the_bulkhead_runs_so_many_lets_few_wait_and_refuses_the_rest() {
    let inner = Gated::new(0);
    let bulkhead = Arc::new(Bulkhead::new(inner.clone(), name(), 2));
    let asked: Vec<_> = (0..2 + 64)
        .map(|_| {
            let bulkhead = Arc::clone(&bulkhead);
            tokio::spawn(async move { bulkhead.fetch(fetch(1, later())).await.remove(0) })
        })
        .collect();
    while inner.n_running.load(Ordering::SeqCst) < 2 {
        tokio::task::yield_now().await;
    }
    tokio::task::yield_now().await;
    let error = bulkhead.fetch(fetch(1, later())).await.remove(0).unwrap_err();
    assert_eq!(error.kind, FetchErrorKind::Throttled);
    assert_eq!(inner.n_running.load(Ordering::SeqCst), 2);
    asked.iter().take(10).for_each(tokio::task::JoinHandle::abort);
    inner.gate.add_permits(1000);
    for task in asked.into_iter().skip(10) {
        assert!(task.await.unwrap().is_ok());
    }
    assert!(bulkhead.fetch(fetch(1, later())).await.remove(0).is_ok(), "those who gave up left the queue");
}

#[tokio::test]
async fn a_systems_stack_answers_like_its_source() {
    let system = System::postgres();
    system
        .load(
            "create table item (no int, name text); insert into item select n, 'i' || n from generate_series(1, 100) n",
        )
        .await;
    let mut bindings = Bindings::new().keys_per_fetch(7).connections_max(2);
    let shape = bindings.shape("Product", vec![leaf("name", Scalar::String)]);
    let group =
        bindings.group(shape, "no", "select no, name from item where no in (:keys)", &[], Adaptations::default());
    let contract = bindings.contract(system.kind());
    let owners: Owners = owner::open(&contract, &freehold::telemetry::Telemetry::new());
    let keys = (1..=101).map(|n| Key::one(&n.to_string())).collect();
    let outcomes = owners.of(SystemId(0)).fetch(Fetch { group, keys, deadline: later() }).await;
    for (n, outcome) in outcomes.iter().take(100).enumerate() {
        let record = outcome.as_ref().unwrap();
        assert_eq!(shown(&contract, shape, record), json!({"name": format!("i{}", n + 1)}));
    }
    assert!(outcomes[100].as_ref().unwrap().table().is_none());
    assert!(owners.of(SystemId(0)).probe().await.is_ok());
}
