//! Keeping behind the answer: a bounded queue and the one task that empties it.
//!
//! Nobody waits for it. What does not fit into the queue, or comes while there is no connection, is dropped and counted.

use std::{sync::Arc, time::Duration};

use redis::Value;
use tokio::{
    sync::mpsc::{Receiver, Sender, channel},
    time::timeout,
};

use super::{
    connection::{Connection, Failure},
    format::SharedEntry,
    link::Link,
    script::Keep,
};
use crate::telemetry::Shared;

/// How many entries are sent at once.
const BATCH: usize = 64;

/// Something to keep under a name for so long.
pub(super) struct Job {
    pub name: String,
    pub entry: SharedEntry,
    pub lasting: Duration,
}

/// The way into the queue.
#[derive(Clone)]
pub(super) struct Queue(Sender<Job>);

impl Queue {
    /// Makes a queue of at most so many entries.
    pub fn new(entries_max: usize) -> (Self, Receiver<Job>) {
        let (sender, receiver) = channel(entries_max.max(1));
        (Self(sender), receiver)
    }

    /// Puts entries into the queue. Returns how many were dropped.
    pub fn put(&self, jobs: impl Iterator<Item = Job>) -> usize {
        jobs.filter_map(|job| self.0.try_send(job).err()).count()
    }
}

/// Sends what is in the queue, as long as anyone can put something into it.
pub(super) async fn write(mut jobs: Receiver<Job>, link: Arc<Link>) {
    let mut batch = Vec::with_capacity(BATCH);
    while jobs.recv_many(&mut batch, BATCH).await > 0 {
        let n_jobs = batch.len();
        let jobs = batch.drain(..);
        let Some(connection) = link.connection() else {
            drop(jobs);
            link.tell(Shared::Dropped { n: n_jobs });
            continue;
        };
        let entries: Vec<_> = jobs
            .filter_map(|Job { name, entry, lasting }| {
                let bytes = match link.settings.compressed_bytes_min {
                    Some(bytes_min) => entry.write_compressed(name.as_bytes(), bytes_min),
                    None => entry.write(name.as_bytes()),
                };
                Some(Put { bytes: bytes?, name, lasting })
            })
            .collect();
        let patience = link.settings.connect_timeout;
        let put = timeout(patience, put_all(&connection, &link.keep, entries.iter())).await;
        let put = put.unwrap_or_else(|_| vec![Err(Failure::timeout(patience))]);
        let n_kept = put.iter().filter(|one| matches!(one, Ok(true))).count();
        let n_outrun = put.iter().filter(|one| matches!(one, Ok(false))).count();
        link.tell(Shared::Kept { n_kept, n_outrun, n_failed: n_jobs - n_kept - n_outrun });
        if let Some(failure) = worst(put) {
            link.failed("keep", &connection, &failure);
        }
    }
}

/// An entry as it is sent.
pub(super) struct Put {
    pub name: String,
    pub bytes: Vec<u8>,
    pub lasting: Duration,
}

/// Puts entries where nothing stands that was asked later. Returns for each whether it was put.
pub(super) async fn put_all<'a>(
    connection: &Connection,
    keep: &Keep,
    entries: impl Iterator<Item = &'a Put>,
) -> Vec<Result<bool, Failure>> {
    let entries: Vec<&Put> = entries.collect();
    // Redis takes no time below a millisecond.
    let lasting_ms = |put: &Put| u64::try_from(put.lasting.as_millis()).unwrap_or(u64::MAX >> 12).max(1);
    let by_hash = entries.iter().map(|put| keep.by_hash(&put.name, &put.bytes, lasting_ms(put)));
    let mut said = connection.send_all(by_hash.collect()).await;
    let unknown = |said: &Result<Value, Failure>| matches!(said, Err(failure) if failure.code == "NOSCRIPT");
    // A server that was restarted, or has just become a primary, does not know the script.
    let again: Vec<usize> = (0..said.len()).filter(|at| unknown(&said[*at])).collect();
    let by_code = again.iter().map(|at| entries[*at]).map(|put| keep.by_code(&put.name, &put.bytes, lasting_ms(put)));
    for (at, answer) in again.iter().zip(connection.send_all(by_code.collect()).await) {
        said[*at] = answer;
    }
    let is_put = |said: Result<Value, Failure>| match said? {
        Value::Int(put) => Ok(put == 1),
        _ => Err(Failure::misunderstood("EVALSHA")),
    };
    said.into_iter().map(is_put).collect()
}

/// Returns a failure, if there is one; one that ends the connection before others.
pub(super) fn worst<T>(said: impl IntoIterator<Item = Result<T, Failure>>) -> Option<Failure> {
    let failures = said.into_iter().filter_map(Result::err);
    failures.reduce(|worst, one| if worst.ends_connection() { worst } else { one })
}
