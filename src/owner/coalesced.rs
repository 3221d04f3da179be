//! Coalescing: what many requests ask a system at the same time is asked once.
//!
//! In: any question. Out: its answer, shared by all who asked the same meanwhile. A key that is under way is joined. A key
//! that is not is asked at once, together with those of callers that are ready at the same moment, while the group has
//! calls to spare, and else gathers with the others that come until a call lands; so nobody waits for a timer, and the
//! calls grow with the load by themselves. async-graphql's `DataLoader` waits a set time (1 ms) before every call to gather
//! its keys, asks again for what is under way, and has no bound on calls: `cargo bench --bench coalesce` compares the two,
//! in latency when little is asked and in calls when much is.
//!
//! A call is a task of its own with the system's timeout: a caller that goes away or has no more time leaves the others
//! what they joined.
//!
//! A joiner may get a record whose `stamp.started_ms` lies before its own arrival. That is right: age counts from
//! `started_ms`, and the bound is checked against it, so a record is never taken for younger than the question that
//! brought it.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use hashbrown::HashMap;
use tokio::{
    runtime::Handle,
    sync::oneshot,
    time::{Instant, timeout_at},
};

use super::{
    calls::{Call, Calls},
    guarded_system::GuardedSystem,
};
use crate::{
    fetch::{Fetch, FetchError, FetchErrorKind, ListFetch, Outcome, Owner, Page, Window},
    telemetry::Guarded,
    value::{Argument, GroupId, Key, ListId},
};

/// How long after its timeout a call may take to say so. A caller that gave up at the same instant would ask again, and
/// meet its own dying call.
const LANDING: Duration = Duration::from_millis(50);

/// An owner that is never asked twice at once for the same.
pub struct Coalesced(Arc<Flights>);

struct Flights {
    inner: Arc<dyn Owner>,
    system: GuardedSystem,
    timeout: Duration,
    calls_max: usize,
    keys_max: usize,
    groups: Mutex<HashMap<GroupId, Calls>>,
    lists: Mutex<HashMap<Arc<ListQuestion>, ListLanding>>,
}

/// A list question but for its deadline.
#[derive(PartialEq, Eq, Hash)]
struct ListQuestion {
    list: ListId,
    arguments: Vec<Box<[Argument]>>,
    window: Window,
    count_up_to: Option<u64>,
}

/// Where the pages of a list question will be. The last who waits takes them; only the others copy.
type ListLanding = Shared<oneshot::Receiver<Vec<Result<Page, FetchError>>>>;

impl Coalesced {
    /// Wraps an owner. A group has at most `calls_max` calls under way, and a call at most the keys that the system takes.
    pub fn new(inner: Arc<dyn Owner>, system: GuardedSystem, calls_max: usize) -> Self {
        let (timeout, keys_max) = (system.system().timeout, system.system().keys_per_fetch.max(1));
        let (groups, lists) = Default::default();
        Self(Arc::new(Flights { inner, system, timeout, calls_max: calls_max.max(1), keys_max, groups, lists }))
    }
}

/// A call under way. However it ends, its keys may be asked again and the next call goes out.
struct KeysFlight {
    flights: Arc<Flights>,
    group: GroupId,
    boarded: Option<Arc<[Key]>>,
}

impl Drop for KeysFlight {
    fn drop(&mut self) {
        if let Some(calls) = self.flights.groups().get_mut(&self.group) {
            calls.landed(self.boarded.as_deref());
        }
        self.flights.depart(self.group);
    }
}

/// A list question under way.
struct ListFlight {
    flights: Arc<Flights>,
    question: Arc<ListQuestion>,
}

impl Drop for ListFlight {
    fn drop(&mut self) {
        self.flights.lists().remove(&self.question);
    }
}

impl Flights {
    fn groups(&self) -> MutexGuard<'_, HashMap<GroupId, Calls>> {
        self.groups.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lists(&self) -> MutexGuard<'_, HashMap<Arc<ListQuestion>, ListLanding>> {
        self.lists.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the calls that may be made. The lock is not held while a task is spawned: a runtime that is shutting down
    /// drops the task on the spot, and with it the flight, which takes the lock.
    fn depart(self: &Arc<Self>, group: GroupId) {
        loop {
            if !self.groups().get_mut(&group).is_some_and(|calls| calls.may_depart(self.calls_max)) {
                return;
            }
            let flight = KeysFlight { flights: Arc::clone(self), group, boarded: None };
            if let Ok(runtime) = Handle::try_current() {
                runtime.spawn(flight.fly());
            }
        }
    }

    /// When a call that begins at this instant must end.
    fn call_deadline(&self) -> std::time::Instant {
        (Instant::now() + self.timeout).into_std()
    }

    /// When a caller that comes at this instant gives up: in its own time, and never long after the system's.
    fn caller_deadline(&self, own: std::time::Instant) -> Instant {
        (Instant::now() + self.timeout + LANDING).min(own.into())
    }

    fn late(&self, asked: Instant) -> FetchError {
        let detail = format!("no answer within {} ms", asked.elapsed().as_millis());
        self.system.error(FetchErrorKind::Timeout, detail)
    }

    fn broken(&self) -> FetchError {
        self.system.error(FetchErrorKind::Unavailable, "the call broke off")
    }
}

impl KeysFlight {
    async fn fly(mut self) {
        // Callers that are ready at this moment come along: they are often woken together, by the call before. It costs
        // no time but theirs.
        tokio::task::yield_now().await;
        let call = self.flights.groups().get_mut(&self.group).and_then(Calls::board);
        let (keys, answer) =
            call.map_or_else(Default::default, |Call { keys, answer, .. }| (keys.into(), Some(answer)));
        self.boarded = Some(Arc::clone(&keys));
        let Some(answer) = answer else { return };
        let fetch = Fetch { group: self.group, keys, deadline: self.flights.call_deadline() };
        let outcomes = self.flights.inner.fetch(fetch).await;
        // Who comes from here on asks anew; who came before has a seat.
        drop(self);
        // Nobody may be waiting any more.
        let _ = answer.send(outcomes.into());
    }
}

impl ListFlight {
    async fn fly(self, answer: oneshot::Sender<Vec<Result<Page, FetchError>>>) {
        let ListQuestion { list, ref arguments, ref window, count_up_to } = *self.question;
        let (arguments, window) = (arguments.clone(), window.clone());
        let deadline = self.flights.call_deadline();
        let pages = self.flights.inner.list(ListFetch { list, arguments, window, count_up_to, deadline }).await;
        drop(self);
        // Nobody may be waiting any more.
        let _ = answer.send(pages);
    }
}

impl Coalesced {
    /// Joins a list question that is under way, or asks it.
    fn join_list(&self, question: ListQuestion) -> ListLanding {
        let flights = &self.0;
        let question = Arc::new(question);
        let (answer, landing) = {
            let mut lists = flights.lists();
            if let Some(landing) = lists.get(&question) {
                let guarded =
                    Guarded::KeysJoined { group: flights.system.list(question.list), n_keys: question.arguments.len() };
                flights.system.tell(guarded);
                return landing.clone();
            }
            let (answer, landing) = oneshot::channel();
            let landing = landing.shared();
            lists.insert(Arc::clone(&question), landing.clone());
            (answer, landing)
        };
        tokio::spawn(ListFlight { flights: Arc::clone(flights), question }.fly(answer));
        landing
    }
}

impl Owner for Coalesced {
    fn fetch(&self, fetch: Fetch) -> BoxFuture<'_, Vec<Outcome>> {
        async move {
            let (flights, asked) = (&self.0, Instant::now());
            let waiting = flights.groups().entry(fetch.group).or_default().join(&fetch.keys, flights.keys_max);
            flights.depart(fetch.group);
            let group = flights.system.group(fetch.group);
            if waiting.n_joined > 0 {
                flights.system.tell(Guarded::KeysJoined { group, n_keys: waiting.n_joined });
            }
            if timeout_at(flights.caller_deadline(fetch.deadline), waiting.landed()).await.is_err() {
                flights.system.tell(Guarded::GivenUp { group, waited: asked.elapsed() });
            }
            waiting.outcomes(|| flights.late(asked), || flights.broken())
        }
        .boxed()
    }

    fn list(&self, fetch: ListFetch) -> BoxFuture<'_, Vec<Result<Page, FetchError>>> {
        async move {
            let (flights, asked, n_parents) = (&self.0, Instant::now(), fetch.arguments.len());
            let ListFetch { list, arguments, window, count_up_to, deadline } = fetch;
            let landing = self.join_list(ListQuestion { list, arguments, window, count_up_to });
            match timeout_at(flights.caller_deadline(deadline), landing).await {
                Ok(Ok(pages)) => pages,
                Ok(Err(_)) => vec![Err(flights.broken()); n_parents],
                Err(_) => {
                    let group = flights.system.list(list);
                    flights.system.tell(Guarded::GivenUp { group, waited: asked.elapsed() });
                    vec![Err(flights.late(asked)); n_parents]
                }
            }
        }
        .boxed()
    }

    fn probe(&self) -> BoxFuture<'_, Result<(), FetchError>> {
        self.0.inner.probe()
    }
}
