//! Connections: a small pool that fails at once.
//!
//! In: how to connect. Out: a connection that has just been seen alive. A system that refuses connections is reported at
//! once, not retried until a timeout: whoever waits has other systems to show. A connection whose question was given up
//! half way is closed, never reused.

use std::{
    sync::Mutex,
    time::{Duration, Instant},
};

use tokio::sync::{Semaphore, SemaphorePermit};

use super::{failure::Failure, kind::Kind};
use crate::fetch::FetchErrorKind;

/// A connection idle for longer is asked whether it still lives before it is used. Shorter would cost a round trip per
/// fetch under load; longer would let more questions meet a connection that a firewall has dropped.
const TRUSTED_IDLE: Duration = Duration::from_secs(1);

/// Idle connections of one system, and the bound on all of them.
pub struct Connections<K: Kind> {
    /// How the system is reached and spoken to.
    pub kind: K,
    idle: Mutex<Vec<(K::Connection, Instant)>>,
    permits: Semaphore,
}

/// A connection in use. Dropped, it is closed; given back, it is kept.
pub struct Lease<'p, K: Kind> {
    /// The connection.
    pub connection: K::Connection,
    /// Whether it has answered before, so that a failure may only mean that it died while idle.
    pub was_idle: bool,
    pool: &'p Connections<K>,
    _permit: SemaphorePermit<'p>,
}

impl<K: Kind> Connections<K> {
    /// Makes an empty pool; nothing is connected yet.
    pub fn new(kind: K, connections_max: u32) -> Self {
        let permits = Semaphore::new(connections_max.max(1) as usize);
        Self { kind, idle: Mutex::new(Vec::new()), permits }
    }

    /// Takes a living connection, or makes one. `fresh` refuses one that has been used before.
    pub async fn take(&self, deadline: Instant, fresh: bool) -> Result<Lease<'_, K>, Failure> {
        let taken = tokio::time::timeout_at(deadline.into(), self.take_or_connect(fresh)).await;
        // All connections were in use, or the system did not accept one.
        taken.unwrap_or_else(|_| Err(unavailable("no connection in time")))
    }

    async fn take_or_connect(&self, fresh: bool) -> Result<Lease<'_, K>, Failure> {
        let permit = self.permits.acquire().await.map_err(|_| unavailable("the connections are closed"))?;
        if fresh {
            // What died once has likely died with all its siblings.
            self.idle().clear();
        }
        loop {
            let Some((mut connection, since)) = self.idle().pop() else { break };
            if since.elapsed() < TRUSTED_IDLE || self.kind.is_alive(&mut connection).await {
                return Ok(Lease { connection, was_idle: true, pool: self, _permit: permit });
            }
        }
        let connection = self.kind.connect().await?;
        Ok(Lease { connection, was_idle: false, pool: self, _permit: permit })
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<(K::Connection, Instant)>> {
        // A panic elsewhere cannot leave a list of connections half changed.
        self.idle.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl<K: Kind> Lease<'_, K> {
    /// Keeps the connection for the next question; only for one whose answer was read to its end.
    pub fn give_back(self) {
        self.pool.idle().push((self.connection, Instant::now()));
    }
}

fn unavailable(detail: &str) -> Failure {
    Failure { kind: FetchErrorKind::Unavailable, detail: detail.to_owned(), remedy: None }
}
