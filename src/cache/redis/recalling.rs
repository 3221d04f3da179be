//! Recalling: what changed is taken back, at once, or as soon as Redis is there again.
//!
//! What Redis did not take note of is remembered, up to a bound, and made up before it is used again: then nothing that was
//! taken back meanwhile is read from it. Beyond the bound, as always, nothing is served for longer than its domain allows.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use redis::cmd;
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

/// The recall of a place, or of a whole group or list.
pub(super) struct Recall {
    pub put: Put,
    pub is_whole: bool,
    pub heard: Instant,
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

    /// Makes up for what was missed.
    pub async fn make_up(&self, connection: &Connection, keep: &Keep, patience: Duration) -> Result<(), Failure> {
        let mut missed = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        // Nothing is left by now of what they take back.
        missed.retain(|recall| recall.heard.elapsed() < recall.put.lasting);
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
        match timeout(patience, put_or_forget(connection, keep, &turn)).await {
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

async fn put_or_forget(connection: &Connection, keep: &Keep, recalls: &[Recall]) -> Vec<Result<bool, Failure>> {
    let said = put_all(connection, keep, recalls.iter().map(|recall| &recall.put)).await;
    // A full Redis takes nothing, but it can still forget. What is asked now and comes late may then be kept, within the
    // bounds of its domain. The recall of a whole group is no entry: forgetting it would only undo one from before.
    let refused = recalls.iter().zip(&said).filter(|(recall, said)| said.is_err() && !recall.is_whole);
    let forget = refused.map(|(recall, _)| cmd("UNLINK").arg(&recall.put.name).to_owned()).collect();
    connection.send_all(forget).await;
    said
}
