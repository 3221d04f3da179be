//! What processes share, in Redis: a single server, a primary that sentinels watch, or a cluster.
//!
//! Reading order: `address` (where it is), `connection` (what is asked of it), `link` (the connection that is in use),
//! `keys` (under which names), `format` (in which bytes), `script` (what is kept only if it was asked later), `writing`
//! (keeping behind the answer), `recalling` (taking back), `message` and `stream` (telling other processes, and hearing them).
//! Here: the things that can be asked.
//!
//! Nothing here fails a request or holds it up: what Redis does not say in time was not there.

mod address;
mod connection;
mod format;
mod keys;
mod link;
mod message;
mod recalling;
mod script;
mod stream;
mod writing;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::{FutureExt, future::BoxFuture};
use redis::{Value, cmd};
use tokio::{task::JoinHandle, time::timeout};

pub use address::{AddressError, RedisAddress};
pub use format::SharedEntry;
pub use message::SharedMessage;

use connection::{Failure, Said};
use keys::Keys;
use link::Link;
use recalling::{Recall, Saying, recall_all};
use stream::Stream;
use writing::{Job, Put, Queue, worst};

use super::{
    kept::{Kept, Place},
    question::Asked,
    shared::{Bookmark, Hearing, Shared, SharedRead, SharedRecall, Told},
};
use crate::{
    contract::{Contract, OnOutage},
    fetch::Clock,
    settings::{CacheSettings, RedisSettings},
    telemetry::{self, Telemetry},
    value::SystemId,
};

/// Redis, as the level between processes.
pub struct Redis {
    inner: Arc<Inner>,
    /// The tasks that work for it; they end with it.
    tasks: [JoinHandle<()>; 2],
}

struct Inner {
    contract: Arc<Contract>,
    keys: Keys,
    link: Arc<Link>,
    stream: Stream,
    queue: Queue,
    clock: Arc<dyn Clock>,
    /// For how long anything that is kept can be of use.
    longest: Duration,
}

/// What Redis is used with.
pub struct RedisParts {
    /// Where it is.
    pub address: RedisAddress,
    /// The contract.
    pub contract: Arc<Contract>,
    /// What tells the time.
    pub clock: Arc<dyn Clock>,
    /// Whom to tell how it goes.
    pub telemetry: Telemetry,
}

impl Redis {
    /// Begins to use a Redis, whether it is there or not.
    ///
    /// *Shape*: called within a runtime, which the tasks that keep the connection run on.
    pub fn new(parts: RedisParts, settings: RedisSettings, cache: &CacheSettings) -> Self {
        let RedisParts { address, contract, clock, telemetry } = parts;
        let keys = Keys::new(&settings.prefix, &contract);
        let stream = Stream::new(keys.told(), address.clone(), settings.connect_timeout);
        let (queue, jobs) = Queue::new(settings.entries_waiting_max);
        let link = Arc::new(Link::new(settings, Arc::clone(&clock), cache.clock_allowance, telemetry));
        let keeping = tokio::spawn({
            let link = Arc::clone(&link);
            async move { link.hold(address).await }
        });
        let writing = tokio::spawn(writing::write(jobs, Arc::clone(&link)));
        let longest = contract.domains.iter().map(|domain| match domain.on_outage {
            OnOutage::Refuse => domain.max_age,
            OnOutage::ServeUpTo(age) => age.max(domain.max_age),
        });
        let longest = longest.max().unwrap_or_default() + cache.clock_allowance;
        let inner = Inner { contract, keys, link, stream, queue, clock, longest };
        Self { inner: Arc::new(inner), tasks: [keeping, writing] }
    }

    /// Whether Redis is in use at this moment.
    pub fn is_in_use(&self) -> bool {
        self.inner.link.connection().is_some()
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

impl Shared for Redis {
    fn read(&self, places: Vec<Place>) -> BoxFuture<'static, SharedRead> {
        let inner = Arc::clone(&self.inner);
        async move { inner.read(&places).await }.boxed()
    }

    fn keep(&self, entries: Vec<(Place, Kept, Duration)>) {
        let inner = &self.inner;
        // Without a connection it is not worth the queue.
        let n_dropped = if self.is_in_use() {
            let job = |(place, kept, lasting): (Place, Kept, Duration)| Job {
                name: inner.keys.entry(&place),
                entry: SharedEntry::Kept(kept),
                lasting,
            };
            inner.queue.put(entries.into_iter().map(job))
        } else {
            entries.len()
        };
        if n_dropped > 0 {
            inner.link.tell(telemetry::Shared::Dropped { n: n_dropped });
        }
    }

    fn recall(&self, recall: SharedRecall) -> BoxFuture<'static, bool> {
        let inner = Arc::clone(&self.inner);
        async move { inner.recall(recall).await }.boxed()
    }

    fn tell(&self, told: Told) -> BoxFuture<'static, bool> {
        let inner = Arc::clone(&self.inner);
        async move { inner.tell(told).await }.boxed()
    }

    fn hear(&self, since: Option<Bookmark>) -> BoxFuture<'static, Option<Hearing>> {
        let inner = Arc::clone(&self.inner);
        async move { inner.hear(since).await }.boxed()
    }

    fn lease(&self, places: Vec<Place>, lasting: Duration) -> BoxFuture<'static, Vec<bool>> {
        let inner = Arc::clone(&self.inner);
        async move { inner.lease(&places, lasting).await }.boxed()
    }
}

impl Inner {
    async fn read(&self, places: &[Place]) -> SharedRead {
        let nothing = || SharedRead { entries: vec![None; places.len()], recalled: Vec::new() };
        let Some(connection) = self.link.connection() else { return nothing() };
        let mut asked: Vec<Asked> = Vec::new();
        for of_place in places.iter().map(Place::asked) {
            if !asked.contains(&of_place) {
                asked.push(of_place);
            }
        }
        let whole = asked.iter().map(|asked| self.keys.whole(*asked));
        let names: Vec<String> = whole.chain(places.iter().map(|place| self.keys.entry(place))).collect();
        let (began, patience) = (Instant::now(), self.link.settings.answer_timeout);
        let Ok(said) = timeout(patience, connection.read(&names)).await else {
            self.link.failed("read", &connection, &Failure::timeout(patience));
            return nothing();
        };
        let duration = began.elapsed();
        let mut read = SharedRead { entries: Vec::with_capacity(places.len()), recalled: Vec::new() };
        let (mut unknown, mut n_unreadable) = (Vec::new(), 0);
        for ((said, name), asked) in said.iter().zip(&names).zip(&asked) {
            match self.understood(said, name, *asked) {
                Understood::Recalled(until_ms) => read.recalled.push((*asked, until_ms)),
                Understood::Nothing => {}
                // Whether it was recalled cannot be known.
                Understood::Unreadable | Understood::Kept(_) => {
                    n_unreadable += 1;
                    unknown.push(*asked);
                    self.recall_unreadable(name);
                }
                Understood::Failed => unknown.push(*asked),
            }
        }
        for ((said, name), place) in said.iter().zip(&names).skip(asked.len()).zip(places) {
            let asked = place.asked();
            let entry = match self.understood(said, name, asked) {
                Understood::Kept(kept) if fits(&kept, asked) && !unknown.contains(&asked) => Some(kept),
                Understood::Kept(_) | Understood::Unreadable => {
                    n_unreadable += 1;
                    None
                }
                Understood::Recalled(_) | Understood::Nothing | Understood::Failed => None,
            };
            read.entries.push(entry);
        }
        let n_found = read.entries.iter().flatten().count();
        self.link.tell(telemetry::Shared::Read { n_asked: places.len(), n_found, n_unreadable, duration });
        if let Some(failure) = worst(said) {
            self.link.failed("read", &connection, &failure);
        }
        read
    }

    fn understood(&self, said: &Said, name: &str, asked: Asked) -> Understood {
        match said {
            Err(failure) if failure.ends_connection() => Understood::Failed,
            // What stands there is of a type that is none of ours.
            Err(_) => Understood::Unreadable,
            Ok(None) => Understood::Nothing,
            Ok(Some(bytes)) => match SharedEntry::read(name.as_bytes(), bytes, self.system(asked)) {
                None => Understood::Unreadable,
                Some(SharedEntry::Recalled(until_ms)) => Understood::Recalled(until_ms),
                Some(SharedEntry::Kept(kept)) => Understood::Kept(kept),
            },
        }
    }

    /// Recalls all of a group or list up to now, because what stood in the place of its recall cannot be read.
    fn recall_unreadable(&self, name: &str) {
        let (name, entry) = (name.to_owned(), SharedEntry::Recalled(self.clock.now_ms()));
        self.queue.put(std::iter::once(Job { name, entry, lasting: self.longest }));
    }

    async fn recall(&self, recall: SharedRecall) -> bool {
        let SharedRecall { places, whole, at_ms, remembered, changes } = recall;
        let heard = Instant::now();
        let put = |name: String, is_whole| {
            let bytes = SharedEntry::Recalled(at_ms).write(name.as_bytes())?;
            let what = Saying::Put { put: Put { name, bytes, lasting: remembered }, is_whole };
            Some(Recall { what, heard, lasting: remembered })
        };
        let of_places = places.iter().map(|place| put(self.keys.entry(place), false));
        let of_whole = whole.iter().map(|asked| put(self.keys.whole(*asked), true));
        let told = changes.into_iter().map(|change| {
            let message = SharedMessage(Told::Changed(change)).write(&self.contract);
            Recall { what: Saying::Tell(self.stream.tell(&message)), heard, lasting: remembered }
        });
        let recalls: Vec<Recall> = of_places.chain(of_whole).flatten().chain(told).collect();
        let (link, patience) = (&self.link, self.link.settings.connect_timeout);
        let (missed, failure) = match link.connection() {
            None => {
                let failure = Failure { code: "AWAY", detail: "Redis is not in use".to_owned() };
                link.tell_failure("recall", &failure);
                (recalls, Some(failure))
            }
            Some(connection) => {
                let (missed, failure) = if recalls.is_empty() {
                    // Asked whether it would be taken note of. A Redis that is full answers, and takes note of nothing.
                    (Vec::new(), link.missed.make_up_one(&connection, &link.keep, patience).await.err())
                } else {
                    recall_all(&connection, &link.keep, patience, recalls).await
                };
                if let Some(failure) = &failure {
                    link.failed("recall", &connection, failure);
                }
                (missed, failure)
            }
        };
        let n_lost = link.missed.add(missed);
        if n_lost > 0 {
            let detail = format!("{n_lost} recalls are too many to be made up for: bounds alone hold");
            link.tell_failure("recall", &Failure { code: "LOST", detail });
        }
        failure.is_none()
    }

    async fn tell(&self, told: Told) -> bool {
        let Some(connection) = self.link.connection() else { return false };
        let (patience, message) = (self.link.settings.connect_timeout, SharedMessage(told).write(&self.contract));
        let said = timeout(patience, connection.send(&self.stream.tell(&message))).await;
        let said = said.unwrap_or_else(|_| Err(Failure::timeout(patience)));
        if let Err(failure) = &said {
            self.link.failed("tell", &connection, failure);
        }
        said.is_ok()
    }

    async fn hear(&self, since: Option<Bookmark>) -> Option<Hearing> {
        // While the clocks do not fit, what is confirmed would be taken for younger or older than it is.
        self.link.connection()?;
        let heard = self.stream.hear(since.as_ref(), &self.contract).await;
        heard.inspect_err(|failure| self.link.tell_failure("hear", failure)).ok()
    }

    async fn lease(&self, places: &[Place], lasting: Duration) -> Vec<bool> {
        let everyone = || vec![true; places.len()];
        let Some(connection) = self.link.connection() else { return everyone() };
        let lasting_ms = u64::try_from(lasting.as_millis()).unwrap_or(u64::MAX >> 12).max(1);
        let commands = places
            .iter()
            .map(|place| cmd("SET").arg(self.keys.lease(place)).arg(1).arg("NX").arg("PX").arg(lasting_ms).to_owned());
        let patience = self.link.settings.answer_timeout;
        let Ok(said) = timeout(patience, connection.send_all(commands.collect())).await else {
            self.link.failed("lease", &connection, &Failure::timeout(patience));
            return everyone();
        };
        let ours = said.iter().map(|said| !matches!(said, Ok(Value::Nil))).collect();
        if let Some(failure) = worst(said) {
            self.link.failed("lease", &connection, &failure);
        }
        ours
    }

    fn system(&self, asked: Asked) -> SystemId {
        match asked {
            Asked::Group(group) => self.contract.group(group).system,
            Asked::List(list) => self.contract.list(list).system,
        }
    }
}

/// What stands under a name.
enum Understood {
    Kept(Kept),
    Recalled(i64),
    Nothing,
    Unreadable,
    Failed,
}

/// Whether something is what the place of a group or list holds.
fn fits(kept: &Kept, asked: Asked) -> bool {
    matches!((kept, asked), (Kept::Record(_), Asked::Group(_)) | (Kept::Page(_), Asked::List(_)))
}
