//! A source that does what a test tells it, and remembers how it was asked.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use freehold::{
    contract::{Contract, Guards, Secret, SystemKind},
    fetch::{Fetch, FetchError, FetchErrorKind, ListFetch, Outcome, Owner, Page, Record, Stamp},
    owner::GuardedSystem,
    source::Pace,
    telemetry::Telemetry,
    value::{Adaptations, Argument, GroupId, Key, ListId, Scalar, SystemId},
};
use futures_util::{FutureExt, future::BoxFuture};
use tokio::time::{Instant, sleep};

use crate::common::{
    binding::{Bindings, leaf},
    system::first,
};

/// What a source says: after how long, and what about each key.
pub struct Said {
    pub after: Duration,
    pub about: Vec<Result<(), FetchError>>,
}

/// One question as the source was asked it.
#[derive(Clone)]
pub struct Asked {
    pub number: usize,
    pub keys: Vec<Key>,
    pub began: Instant,
}

type Script = dyn Fn(&Asked) -> Said + Send + Sync;
type Rows = dyn Fn(GroupId, &Key, Stamp) -> Record + Send + Sync;

/// A source that does what it is told. A record's stamp says which question brought it, and which key it is of.
pub struct Scripted {
    script: Box<Script>,
    rows: Option<Box<Rows>>,
    asked: Mutex<Vec<Asked>>,
}

impl Scripted {
    pub fn new(script: impl Fn(&Asked) -> Said + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { script: Box::new(script), rows: None, asked: Mutex::default() })
    }

    /// Makes a source whose records hold rows.
    pub fn with_rows(
        rows: impl Fn(GroupId, &Key, Stamp) -> Record + Send + Sync + 'static,
        script: impl Fn(&Asked) -> Said + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self { script: Box::new(script), rows: Some(Box::new(rows)), asked: Mutex::default() })
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    pub fn n_asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }

    async fn answer(&self, keys: Vec<Key>) -> (usize, Vec<Result<(), FetchError>>) {
        let asked = {
            let mut all = self.asked.lock().unwrap();
            let number = all.len();
            all.push(Asked { number, keys, began: Instant::now() });
            all.last().unwrap().clone()
        };
        let Said { after, about } = (self.script)(&asked);
        sleep(after).await;
        assert_eq!(about.len(), asked.keys.len());
        (asked.number, about)
    }
}

impl Owner for Scripted {
    fn fetch(&self, fetch: Fetch) -> BoxFuture<'_, Vec<Outcome>> {
        async move {
            let (number, about) = self.answer(fetch.keys.to_vec()).await;
            let record = |key: &Key| {
                let ended_ms = key.as_str().parse().unwrap_or(0);
                let stamp =
                    Stamp { system: SystemId(0), started_ms: number as i64, ended_ms, as_of_ms: None, until_ms: None };
                self.rows.as_ref().map_or_else(|| Record::absent(stamp), |rows| rows(fetch.group, key, stamp))
            };
            fetch.keys.iter().zip(about).map(|(key, said)| said.map(|()| Arc::new(record(key)))).collect()
        }
        .boxed()
    }

    fn list(&self, fetch: ListFetch) -> BoxFuture<'_, Vec<Result<Page, FetchError>>> {
        async move {
            let keys = fetch.arguments.iter().map(|arguments| match &arguments[0] {
                Argument::One(text) => Key::one(text),
                other => panic!("one argument, not {other:?}"),
            });
            let (number, about) = self.answer(keys.collect()).await;
            let page = || Page {
                items: Vec::new(),
                has_next: false,
                has_previous: false,
                count: None,
                stamp: Stamp {
                    system: SystemId(0),
                    started_ms: number as i64,
                    ended_ms: 0,
                    as_of_ms: None,
                    until_ms: None,
                },
                left_out: None,
            };
            about.into_iter().map(|said| said.map(|()| page())).collect()
        }
        .boxed()
    }

    fn probe(&self) -> BoxFuture<'_, Result<(), FetchError>> {
        async { self.answer(vec![Key::one("probe")]).await.1.remove(0) }.boxed()
    }
}

/// Every key is answered.
pub fn well(asked: &Asked, after: Duration) -> Said {
    Said { after, about: vec![Ok(()); asked.keys.len()] }
}

/// Every key fails.
pub fn failing(asked: &Asked, after: Duration, error: &FetchError) -> Said {
    Said { after, about: vec![Err(error.clone()); asked.keys.len()] }
}

/// A contract of one system, guarded like this.
pub fn contract(guards: Guards, timeout: Duration) -> Arc<Contract> {
    let mut bindings = Bindings::new().guards(guards).timeout(timeout);
    let shape = bindings.shape("Product", vec![leaf("name", Scalar::String)]);
    bindings.group(shape, "sku", "", &[], Adaptations::default());
    bindings.list("sku", "category", "", "sku");
    bindings.contract(SystemKind::Sqlite { url: Secret::new("nowhere".to_owned()) })
}

/// The system of such a contract, as its guards know it.
pub struct Guarded {
    contract: Arc<Contract>,
    pub system: GuardedSystem,
    pub telemetry: Telemetry,
}

impl Guarded {
    pub fn new(guards: Guards, timeout: Duration) -> Self {
        let telemetry = Telemetry::new();
        let contract = contract(guards, timeout);
        let system = GuardedSystem::new(&contract, SystemId(0), &telemetry);
        Self { contract, system, telemetry }
    }

    /// Makes a pace of the system.
    pub fn pace(&self) -> Arc<Pace> {
        Pace::new(&self.contract, SystemId(0), &self.telemetry)
    }

    pub fn error(&self, kind: FetchErrorKind) -> FetchError {
        self.system.error(kind, "as the test says")
    }

    /// Whether the metrics hold this line.
    pub fn counted(&self, line: &str) -> bool {
        self.telemetry.metrics_text().lines().any(|one| one == line)
    }
}

pub fn keys(numbers: impl IntoIterator<Item = usize>) -> Arc<[Key]> {
    numbers.into_iter().map(|number| Key::one(&number.to_string())).collect()
}

/// A question for keys, answered within this time or not at all.
pub fn fetch(keys: Arc<[Key]>, within: Duration) -> Fetch {
    Fetch { group: GroupId(0), keys, deadline: (Instant::now() + within).into_std() }
}

/// A list question for parents.
pub fn list(parents: &[&str], within: Duration) -> ListFetch {
    let arguments = parents.iter().map(|parent| [Argument::One((*parent).into())].into()).collect();
    let deadline = (Instant::now() + within).into_std();
    ListFetch { list: ListId(0), arguments, window: first(10, None), count_up_to: None, deadline }
}

pub fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

pub fn kinds<T>(outcomes: &[Result<T, FetchError>]) -> Vec<Option<FetchErrorKind>> {
    outcomes.iter().map(|outcome| outcome.as_ref().err().map(|error| error.kind)).collect()
}
