//! The pace of a system: its turns, for whoever calls it.
//!
//! In: who wants to call, and until when it can wait. Out: a turn, or the error that says when there would be one; and the
//! events that tell how long it was waited for. A system has one pace: the guard before its source and the source itself
//! take their turns from the same.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::system_name::SystemName;
use crate::{
    contract::{Contract, RateLimit},
    fetch::{FetchError, FetchErrorKind, Turn, TurnLimit, Turns},
    telemetry::{Event, Guarded, Telemetry},
    value::SystemId,
};

/// How often a system may be called, and how often it has been.
pub struct Pace {
    name: SystemName,
    turns: Turns,
    telemetry: Telemetry,
}

impl Pace {
    /// Makes the pace of a system. Without a rate in its file, the system's own `Retry-After` is obeyed all the same.
    pub fn new(contract: &Contract, system: SystemId, telemetry: &Telemetry) -> Arc<Self> {
        let rate = contract.system(system).guards.rate;
        let turns = Turns::new(rate.map(|RateLimit { calls, per }| TurnLimit { calls, per }));
        Arc::new(Self { name: SystemName::new(contract, system), turns, telemetry: telemetry.clone() })
    }

    /// Takes a turn to begin something.
    ///
    /// *Errors*: `Throttled`, at once, where there is none before the deadline.
    pub async fn take(&self, deadline: Instant) -> Result<Turn<'_>, FetchError> {
        self.told(self.turns.take(deadline.into()).await)
    }

    /// Takes a turn for a call of something that has begun.
    ///
    /// *Errors*: as of [`Pace::take`].
    pub async fn go_on(&self, deadline: Instant) -> Result<Turn<'_>, FetchError> {
        self.told(self.turns.go_on(deadline.into()).await)
    }

    fn told<'t>(&self, taken: Result<Turn<'t>, Duration>) -> Result<Turn<'t>, FetchError> {
        let tell = |guarded| self.telemetry.emit(&Event::Guarded { system: self.name.as_str(), guarded });
        match taken {
            Ok(turn) => {
                if !turn.waited.is_zero() {
                    tell(Guarded::RateWaited { duration: turn.waited });
                }
                Ok(turn)
            }
            Err(retry_after) => {
                tell(Guarded::RateRefused { retry_after });
                let detail = format!("no turn within the deadline; the next is in {} ms", retry_after.as_millis());
                Err(self.name.error(FetchErrorKind::Throttled, detail).with_retry_after(retry_after))
            }
        }
    }

    /// Obeys the system's own word: the longest of the times for which it asks to be left alone.
    pub fn heed(&self, asked: impl IntoIterator<Item = Duration>) {
        if let Some(quiet) = asked.into_iter().max() {
            self.turns.be_quiet(quiet);
        }
    }
}
