//! A whole Freehold whose owners a test can take down, whose clock it can set, and the callers that ask it.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
};

use freehold::{
    access::{Accounts, Caller, Permissions},
    cache::{Cache, CacheParts, Shared},
    contract::{Contract, Files, load},
    demo,
    diagnostic::render_text,
    engine::{Engine, Request},
    fetch::{Clock, Fetch, FetchError, FetchErrorKind, ListFetch, Outcome, Owner, Page, Record, SystemClock},
    owner::{self, Owners},
    settings::{CacheSettings, EngineSettings},
    source::SystemName,
    telemetry::Telemetry,
    value::{AudienceId, SystemId},
};
use futures_util::{FutureExt, future::BoxFuture};
use serde_json::Value;

/// A clock that can be set forward.
#[derive(Default)]
pub struct Watch(AtomicI64);

impl Watch {
    pub fn forward(&self, ms: i64) {
        self.0.fetch_add(ms, Ordering::SeqCst);
    }
}

impl Clock for Watch {
    fn now_ms(&self) -> i64 {
        SystemClock.now_ms() + self.0.load(Ordering::SeqCst)
    }
}

/// An owner that a test can take down, and that counts what lists it is asked.
pub struct Switched {
    inner: Arc<dyn Owner>,
    contract: Arc<Contract>,
    name: SystemName,
    down: AtomicBool,
    /// By how much the test has set the clock forward: an owner lives in the same time.
    watch: Arc<Watch>,
    lists: Mutex<Vec<(String, usize)>>,
}

impl Switched {
    pub fn set_down(&self, down: bool) {
        self.down.store(down, Ordering::SeqCst);
    }

    /// Returns which lists it was asked since this was asked last, and for how many parents each time.
    pub fn take_lists(&self) -> Vec<(String, usize)> {
        std::mem::take(&mut *self.lists.lock().unwrap())
    }

    fn failing(&self) -> Option<FetchError> {
        self.down.load(Ordering::SeqCst).then(|| self.name.error(FetchErrorKind::Unavailable, "it is down"))
    }
}

impl Owner for Switched {
    fn fetch(&self, fetch: Fetch) -> BoxFuture<'_, Vec<Outcome>> {
        match self.failing() {
            Some(error) => std::future::ready(vec![Err(error); fetch.keys.len()]).boxed(),
            None => async move {
                let ahead_ms = self.watch.0.load(Ordering::SeqCst);
                let later = |mut record: Arc<Record>| {
                    let stamp = &mut Arc::make_mut(&mut record).stamp;
                    (stamp.started_ms, stamp.ended_ms) = (stamp.started_ms + ahead_ms, stamp.ended_ms + ahead_ms);
                    record
                };
                self.inner.fetch(fetch).await.into_iter().map(|outcome| outcome.map(later)).collect()
            }
            .boxed(),
        }
    }

    fn list(&self, fetch: ListFetch) -> BoxFuture<'_, Vec<Result<Page, FetchError>>> {
        let name = self.contract.list(fetch.list).name.clone();
        self.lists.lock().unwrap().push((name, fetch.arguments.len()));
        match self.failing() {
            Some(error) => std::future::ready(fetch.arguments.iter().map(|_| Err(error.clone())).collect()).boxed(),
            None => async move {
                let ahead_ms = self.watch.0.load(Ordering::SeqCst);
                let later = |mut page: Page| {
                    page.stamp.started_ms += ahead_ms;
                    page.stamp.ended_ms += ahead_ms;
                    page
                };
                self.inner.list(fetch).await.into_iter().map(|page| page.map(later)).collect()
            }
            .boxed(),
        }
    }

    fn probe(&self) -> BoxFuture<'_, Result<(), FetchError>> {
        self.inner.probe()
    }
}

/// An engine, and what a test holds of it.
pub struct Rig {
    pub engine: Engine,
    pub watch: Arc<Watch>,
    owners: BTreeMap<String, Arc<Switched>>,
    /// What has to live as long as the engine.
    _kept: Vec<Box<dyn std::any::Any + Send + Sync>>,
}

/// Loads a contract; `value` is the environment that its system files name.
pub fn loaded(files: &Files, value: &dyn Fn(&str) -> Option<String>) -> Arc<Contract> {
    let loaded = load(files, value);
    match loaded.contract {
        Some(contract) => Arc::new(contract),
        None => panic!("{}", render_text(&loaded.diagnostics, &loaded.sources, false)),
    }
}

impl Rig {
    /// Starts over the real systems of a contract.
    pub fn start(contract: &Arc<Contract>, settings: CacheSettings) -> Self {
        let owners = owner::open(contract, &Telemetry::new());
        Self::over(contract, &owners, settings, None)
    }

    /// Starts over owners, in the order of the contract's systems.
    pub fn over(
        contract: &Arc<Contract>,
        owners: &Owners,
        settings: CacheSettings,
        shared: Option<Arc<dyn Shared>>,
    ) -> Self {
        let telemetry = Telemetry::new();
        let watch = Arc::new(Watch::default());
        let switched: Vec<Arc<Switched>> = (owners.as_slice().iter().enumerate())
            .map(|(number, inner)| {
                let name = SystemName::new(contract, SystemId::from(number));
                let (inner, contract) = (Arc::clone(inner), Arc::clone(contract));
                let (down, lists, watch) = (AtomicBool::default(), Mutex::default(), Arc::clone(&watch));
                Arc::new(Switched { inner, contract, name, down, watch, lists })
            })
            .collect();
        let names = contract.systems.iter().map(|system| system.name.clone());
        let owners = Owners::from_vec(switched.iter().map(|one| Arc::clone(one) as Arc<dyn Owner>).collect());
        let clock: Arc<dyn Clock> = Arc::clone(&watch) as Arc<dyn Clock>;
        let parts = CacheParts { contract: Arc::clone(contract), owners, shared, clock, telemetry: telemetry.clone() };
        let cache = Cache::of(parts, settings);
        let engine = Engine::new(Arc::clone(contract), cache, EngineSettings::default(), telemetry);
        let engine = engine.expect("an engine");
        Self { engine, watch, owners: names.zip(switched.iter().cloned()).collect(), _kept: Vec::new() }
    }

    /// Starts over the demo company, in a folder that holds its filled databases.
    pub async fn demo(company: &Company, settings: CacheSettings) -> Self {
        let servers = demo::serve(&company.systems).await.expect("running systems");
        let files = demo::CONTRACT.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
        let contract = loaded(&Files::new(files), &|name| servers.url(name));
        let mut rig = Self::start(&contract, settings);
        rig._kept.push(Box::new(servers));
        rig
    }

    pub fn owner(&self, system: &str) -> &Switched {
        &self.owners[system]
    }

    /// Returns an audience of the contract.
    pub fn audience(&self, name: &str) -> AudienceId {
        let known = &self.engine.contract().audiences;
        AudienceId::from(known.iter().position(|one| one == name).expect("an audience of the contract"))
    }

    /// Makes a caller of an audience.
    pub fn caller(&self, audience: &str, accounts: &[&str], permissions: &[&str]) -> Caller {
        Caller { audience: Some(self.audience(audience)), ..caller(accounts, permissions) }
    }

    /// Asks, and returns the whole answer as text.
    pub async fn text(&self, caller: &Caller, query: &str) -> String {
        self.asking(caller, query, false).await
    }

    /// Asks, and returns the whole answer as text, with who answered it.
    pub async fn named(&self, caller: &Caller, query: &str) -> String {
        self.asking(caller, query, true).await
    }

    async fn asking(&self, caller: &Caller, query: &str, names_owners: bool) -> String {
        let caller = Arc::new(caller.clone());
        let request = Request { query: query.to_owned(), caller, names_owners, ..Request::default() };
        String::from_utf8(self.engine.answer(&request).await.body).expect("an answer is UTF-8")
    }

    /// Asks, and returns how old the answer is said to be.
    pub async fn age_ms(&self, caller: &Caller, query: &str) -> i64 {
        let request = Request { query: query.to_owned(), caller: Arc::new(caller.clone()), ..Request::default() };
        let answer = self.engine.answer(&request).await;
        answer.freshness.since_ms.map_or(0, |since_ms| answer.at_ms - since_ms)
    }

    /// Asks, and returns the whole answer.
    pub async fn answer(&self, caller: &Caller, query: &str) -> Value {
        serde_json::from_str(&self.text(caller, query).await).expect("an answer is JSON")
    }

    /// Asks, and returns the data of an answer without errors.
    pub async fn data(&self, caller: &Caller, query: &str) -> Value {
        let mut answer = self.answer(caller, query).await;
        assert_eq!(answer.get("errors"), None, "{query}");
        answer["data"].take()
    }
}

/// The demo company's databases, filled once for all tests of the process.
pub struct Company {
    systems: demo::DemoSystems,
    _folder: tempfile::TempDir,
}

impl Company {
    pub async fn filled() -> &'static Self {
        static COMPANY: tokio::sync::OnceCell<Company> = tokio::sync::OnceCell::const_new();
        COMPANY
            .get_or_init(|| async {
                let folder = tempfile::tempdir().expect("a temporary folder");
                let systems = demo::fill(folder.path()).await.expect("a filled demo company");
                Self { systems, _folder: folder }
            })
            .await
    }
}

/// Makes a caller of the whole graph.
pub fn caller(accounts: &[&str], permissions: &[&str]) -> Caller {
    let set = |texts: &[&str]| texts.iter().map(|text| (*text).into()).collect();
    Caller {
        accounts: Accounts::Of(set(accounts)),
        permissions: Permissions::Of(set(permissions)),
        ..Caller::default()
    }
}
