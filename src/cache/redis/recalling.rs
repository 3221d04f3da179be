//! Recalling: what changed is taken back, and all processes are told, at once, or as soon as Redis is there again.
//!
//! What Redis did not take note of is remembered, up to a bound, and made up before it is used again: then nothing that was
//! taken back meanwhile is read from it. Beyond the bound, as always, nothing is served for longer than its domain allows.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use redis::{Cmd, cmd};
use tokio::time::timeout;

use super::{
    connection::{Connection, Failure},
    script::Keep,
    writing::{Put, put_all, worst},
};

/// How many recalls are remembered while Redis is away: some MB, and the changes of a long night.
const MISSED_MAX: usize = 20_000;

/// How many recalls are made at once: as many as a slow Redis takes in the time it is given.
const RECALLS_PER_TURN: usize = 500;

/// What is still to be said to Redis of a recall.
pub(super) struct Recall {
    pub what: Saying,
    pub heard: Instant,
    /// For how long it is of use.
    pub lasting: Duration,
}

/// What is said to Redis of a recall.
pub(super) enum Saying {
    /// That a place, or a whole group or list, is taken back.
    Put { put: Put, is_whole: bool },
    /// To all processes, by this command, that something changed.
    Tell(Cmd),
}

/// The recalls that are still to be made.
#[derive(Default)]
pub(super) struct Missed(Mutex<Vec<Recall>>);

impl Missed {
    /// Remembers recalls. Returns how many were too many.
    pub fn add(&self, recalls: Vec<Recall>) -> usize {
        let mut missed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let n = recalls.len();
        let room = MISSED_MAX.saturating_sub(missed.len());
        missed.extend(recalls.into_iter().take(room));
        n.saturating_sub(room)
    }

    /// Makes up for one of those that were missed: whether Redis takes note of recalls is known by one that it has to.
    pub async fn make_up_one(&self, connection: &Connection, keep: &Keep, patience: Duration) -> Result<(), Failure> {
        let one = {
            let mut missed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            missed.retain(|recall| recall.heard.elapsed() < recall.lasting);
            missed.pop()
        };
        let (missed, failure) = recall_all(connection, keep, patience, one.into_iter().collect()).await;
        self.add(missed);
        failure.map_or(Ok(()), Err)
    }

    /// Makes up for what was missed.
    pub async fn make_up(&self, connection: &Connection, keep: &Keep, patience: Duration) -> Result<(), Failure> {
        let mut missed = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        // Nothing is left by now of what they take back.
        missed.retain(|recall| recall.heard.elapsed() < recall.lasting);
        if missed.is_empty() {
            return Ok(());
        }
        let (missed, failure) = recall_all(connection, keep, patience, missed).await;
        self.add(missed);
        failure.map_or(Ok(()), Err)
    }
}

/// Recalls. Returns what is still to be recalled, and why.
pub(super) async fn recall_all(
    connection: &Connection,
    keep: &Keep,
    patience: Duration,
    recalls: Vec<Recall>,
) -> (Vec<Recall>, Option<Failure>) {
    let (mut missed, mut recalls) = (Vec::new(), recalls.into_iter());
    let mut failure: Option<Failure> = None;
    while failure.as_ref().is_none_or(|failure| !failure.ends_connection()) {
        let turn: Vec<Recall> = recalls.by_ref().take(RECALLS_PER_TURN).collect();
        if turn.is_empty() {
            break;
        }
        match timeout(patience, say(connection, keep, &turn)).await {
            Err(_) => {
                failure = Some(Failure::timeout(patience));
                missed.extend(turn);
            }
            Ok(said) => {
                missed.extend(turn.into_iter().zip(&said).filter(|(_, said)| said.is_err()).map(|(recall, _)| recall));
                failure = worst(said).or(failure);
            }
        }
    }
    missed.extend(recalls);
    (missed, failure)
}

async fn say(connection: &Connection, keep: &Keep, recalls: &[Recall]) -> Vec<Result<(), Failure>> {
    let puts = recalls.iter().filter_map(|recall| match &recall.what {
        Saying::Put { put, .. } => Some(put),
        Saying::Tell(_) => None,
    });
    let mut put = put_all(connection, keep, puts).await.into_iter();
    let tells = recalls.iter().filter_map(|recall| match &recall.what {
        Saying::Tell(tell) => Some(tell.clone()),
        Saying::Put { .. } => None,
    });
    let mut told = connection.send_all(tells.collect()).await.into_iter();
    let said = recalls.iter().map(|recall| match &recall.what {
        Saying::Put { .. } => put.next().expect("every put is answered").map(drop),
        Saying::Tell(_) => told.next().expect("every message is answered").map(drop),
    });
    let said: Vec<Result<(), Failure>> = said.collect();
    // A full Redis takes nothing, but it can still forget. What is asked now and comes late may then be kept, within the
    // bounds of its domain. The recall of a whole group is no entry: forgetting it would only undo one from before.
    let refused =
        recalls.iter().zip(&said).filter(|(_, said)| said.is_err()).filter_map(|(recall, _)| match &recall.what {
            Saying::Put { put, is_whole: false } => Some(cmd("UNLINK").arg(&put.name).to_owned()),
            Saying::Put { .. } | Saying::Tell(_) => None,
        });
    let forget = refused.collect();
    connection.send_all(forget).await;
    said
}
