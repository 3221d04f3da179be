//! Connections: a small pool that fails at once.
//!
//! In: how to connect. Out: a connection that has just been seen alive. A system that refuses connections is reported at
//! once, not retried until a timeout: whoever waits has other systems to show. A connection whose question was given up
//! half way is closed, never reused.

use std::{
    sync::Mutex,
    time::{Duration, Instant},
};

use sqlx::Connection;
use tokio::sync::{Semaphore, SemaphorePermit};

/// A connection idle for longer is asked whether it still lives before it is used. Shorter would cost a round trip per
/// fetch under load; longer would let more questions meet a connection that a firewall has dropped.
const TRUSTED_IDLE: Duration = Duration::from_secs(1);

/// Idle connections of one system, and the bound on all of them.
pub struct Connections<C: Connection> {
    options: C::Options,
    idle: Mutex<Vec<(C, Instant)>>,
    permits: Semaphore,
}

/// A connection in use. Dropped, it is closed; given back, it is kept.
pub struct Lease<'p, C: Connection> {
    /// The connection.
    pub connection: C,
    /// Whether it has answered before, so that a failure may only mean that it died while idle.
    pub was_idle: bool,
    pool: &'p Connections<C>,
    _permit: SemaphorePermit<'p>,
}

/// Why there is no connection.
#[derive(Debug)]
pub enum ConnectFailure {
    /// The system refused or broke off.
    Failed(sqlx::Error),
    /// All connections were in use, or the system did not accept in time.
    TimedOut,
}

impl<C: Connection> Connections<C> {
    /// Makes an empty pool; nothing is connected yet.
    pub fn new(options: C::Options, connections_max: u32) -> Self {
        let permits = Semaphore::new(connections_max.max(1) as usize);
        Self { options, idle: Mutex::new(Vec::new()), permits }
    }

    /// Takes a living connection, or makes one. `fresh` refuses one that has been used before.
    pub async fn take(&self, deadline: Instant, fresh: bool) -> Result<Lease<'_, C>, ConnectFailure> {
        match tokio::time::timeout_at(deadline.into(), self.take_or_connect(fresh)).await {
            Ok(lease) => lease.map_err(ConnectFailure::Failed),
            Err(_) => Err(ConnectFailure::TimedOut),
        }
    }

    async fn take_or_connect(&self, fresh: bool) -> Result<Lease<'_, C>, sqlx::Error> {
        let permit = self.permits.acquire().await.map_err(|_| sqlx::Error::PoolClosed)?;
        if fresh {
            // What died once has likely died with all its siblings.
            self.idle().clear();
        }
        loop {
            let Some((mut connection, since)) = self.idle().pop() else { break };
            if since.elapsed() < TRUSTED_IDLE || connection.ping().await.is_ok() {
                return Ok(Lease { connection, was_idle: true, pool: self, _permit: permit });
            }
        }
        let connection = C::connect_with(&self.options).await?;
        Ok(Lease { connection, was_idle: false, pool: self, _permit: permit })
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<(C, Instant)>> {
        // A panic elsewhere cannot leave a list of connections half changed.
        self.idle.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl<C: Connection> Lease<'_, C> {
    /// Keeps the connection for the next question; only for one whose answer was read to its end.
    pub fn give_back(self) {
        self.pool.idle().push((self.connection, Instant::now()));
    }
}
