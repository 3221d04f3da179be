//! Listening to PostgreSQL's notices, on a connection of its own.
//!
//! In: channels. Out: notices, in order, until one may have been missed: then an error, and whoever listens begins anew.
//! A connection that a firewall dropped, or that a pooler gave to somebody else, says nothing of it. So every connection
//! listens to a channel of its own as well, on which its pulse must come back.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use sqlx::{
    Executor,
    postgres::{PgListener, PgPoolOptions},
};

use super::{failure, options};
use crate::{
    contract::{Contract, SystemKind},
    fetch::{FetchError, FetchErrorKind},
    source::system_name::SystemName,
    value::SystemId,
};

/// Something that was notified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// On which channel.
    pub channel: String,
    /// What.
    pub payload: String,
}

/// A connection that listens.
pub struct Listener {
    listener: PgListener,
    name: SystemName,
    timeout: Duration,
    /// The channel of its pulse.
    pulse: String,
    /// What was notified while it waited for its pulse.
    heard: VecDeque<Notice>,
}

impl Listener {
    /// Connects and listens. Notices of what is committed from here on are heard.
    pub async fn connect(contract: &Contract, system: SystemId, channels: &[&str]) -> Result<Self, FetchError> {
        let (described, name) = (contract.system(system), SystemName::new(contract, system));
        let SystemKind::Postgres { url } = &described.kind else {
            return Err(name.error(FetchErrorKind::BadRequest, "only PostgreSQL notifies"));
        };
        let timeout = described.timeout;
        let options =
            options(url.reveal(), timeout).map_err(|detail| name.error(FetchErrorKind::Unavailable, detail))?;
        let random = std::hash::BuildHasher::hash_one(&std::hash::RandomState::new(), Instant::now());
        let pulse = format!("freehold_pulse_{random:016x}");
        let connected = async {
            let pool = PgPoolOptions::new().max_connections(1).acquire_timeout(timeout);
            let mut listener = PgListener::connect_with(&pool.connect_with(options).await?).await?;
            listener.listen_all(channels.iter().copied().chain([pulse.as_str()])).await?;
            Ok(listener)
        };
        let connected: Result<PgListener, sqlx::Error> = match tokio::time::timeout(timeout, connected).await {
            Ok(connected) => connected,
            Err(_) => return Err(name.error(FetchErrorKind::Timeout, "no connection in time")),
        };
        let listener = connected.map_err(|error| failed(&name, &error))?;
        let mut listener = Self { listener, name, timeout, pulse, heard: VecDeque::new() };
        // Behind a pooler the first pulse says that nothing would ever be heard.
        listener.pulse().await?;
        Ok(listener)
    }

    /// Waits for the next notice. Dropped half way, nothing is lost.
    pub async fn next(&mut self) -> Result<Notice, FetchError> {
        loop {
            if let Some(notice) = self.heard.pop_front() {
                return Ok(notice);
            }
            let notice = self.receive().await?;
            if notice.channel != self.pulse {
                return Ok(notice);
            }
        }
    }

    /// Sends a pulse and waits until it comes back. Returns how long that took.
    pub async fn pulse(&mut self) -> Result<Duration, FetchError> {
        let (sent, timeout) = (Instant::now(), self.timeout);
        match tokio::time::timeout(timeout, self.beat()).await {
            Ok(beaten) => beaten.map(|()| sent.elapsed()),
            Err(_) => {
                let detail = "its own notice did not come back: the connection is dead, or goes through a pooler that lends \
                              it to others";
                Err(self.name.error(FetchErrorKind::Timeout, detail))
            }
        }
    }

    async fn beat(&mut self) -> Result<(), FetchError> {
        let query = sqlx::query("select pg_notify($1, '')").bind(self.pulse.clone());
        let sent = self.listener.execute(query).await;
        sent.map_err(|error| failed(&self.name, &error))?;
        loop {
            let notice = self.receive().await?;
            if notice.channel == self.pulse {
                return Ok(());
            }
            self.heard.push_back(notice);
        }
    }

    async fn receive(&mut self) -> Result<Notice, FetchError> {
        match self.listener.try_recv().await {
            Ok(Some(heard)) => Ok(Notice { channel: heard.channel().to_owned(), payload: heard.payload().to_owned() }),
            Ok(None) => Err(self.name.error(FetchErrorKind::Unavailable, "the connection broke")),
            Err(error) => Err(failed(&self.name, &error)),
        }
    }
}

fn failed(name: &SystemName, error: &sqlx::Error) -> FetchError {
    let failure = failure::of(error);
    name.error(failure.kind, failure.detail)
}
