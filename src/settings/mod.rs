//! Process settings: every bound and every choice that belongs to the running process and not to the contract.
//!
//! Plain values with defaults; each says its unit and why that number. Where they come from (flags, environment) is not
//! known here. How log lines are written is not a bound: the log is told when it is started.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

/// The settings of a serving process.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Settings {
    /// The bounds of the HTTP side.
    pub http: HttpSettings,
    /// The bounds of the engine.
    pub engine: EngineSettings,
    /// The bounds of the cache.
    pub cache: CacheSettings,
}

/// The bounds of the HTTP side.
#[derive(Debug, Clone, PartialEq)]
pub struct HttpSettings {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Connections open at once; further ones are turned away.
    pub connections_max: usize,
    /// Requests under way at once over all connections; further ones are answered `503`.
    pub requests_max: usize,
    /// Concurrent requests on one HTTP/2 connection.
    pub streams_max: u32,
    /// Bytes of a request's head: request line and headers together.
    pub header_bytes_max: usize,
    /// Headers of one request.
    pub headers_max: usize,
    /// Bytes of a request's URI, where a GET carries its query.
    pub uri_bytes_max: usize,
    /// How long a request's head may take to arrive. Also how long a connection may idle.
    pub header_read_timeout: Duration,
    /// Bytes of a request's body.
    pub body_bytes_max: usize,
    /// How long a request's body may take to arrive.
    pub body_read_timeout: Duration,
    /// How long a stopping server waits for what is in flight.
    pub shutdown_grace: Duration,
    /// The origins of pages that may ask from browsers, as `https://shop.example`; `*`: any.
    pub cors_origins: Vec<String>,
    /// Whether a GET must show that no page of another origin sent it.
    pub get_needs_preflight: bool,
    /// How long one answer of `/readyz` is repeated before the systems are asked again.
    pub readiness_held: Duration,
}

/// The bounds of the engine.
#[derive(Debug, Clone, PartialEq)]
pub struct EngineSettings {
    /// How long one request may take from arrival to answer.
    pub request_deadline: Duration,
    /// Compiled plans kept for each audience, of 16 KiB each; fewer where they are larger.
    pub plan_cache_entries: usize,
    /// Entries of `errors` in one answer; one more says how many more there were.
    pub errors_max: usize,
    /// Objects that one field of the query may lead to in one answer, over all of its parents.
    pub rows_max: usize,
    /// The instant that commercial rules are asked at, for a company whose calendar stands still; none: the clock's.
    pub business_time: Option<jiff::Timestamp>,
}

/// The bounds of the cache.
#[derive(Debug, Clone, PartialEq)]
pub struct CacheSettings {
    /// Bytes of memory for what is kept in the process; 0 keeps nothing.
    pub memory_bytes_max: usize,
    /// Places of one question beyond which what it brings is not kept: an export passes through once.
    pub places_kept_max: usize,
    /// Places refreshed behind answers at once.
    pub refreshes_max: usize,
    /// One question in so many that was answered from memory is compared with what its owner says; 0 compares none.
    pub compared_one_in: u64,
    /// How far the clocks of the processes, and of systems that state their own times, may be apart. Everything counts
    /// as older by it.
    pub clock_allowance: Duration,
}

impl Default for CacheSettings {
    fn default() -> Self {
        Self {
            // Some 200,000 records of 1 KiB: the products, prices and stock that most shops show in an hour.
            memory_bytes_max: 256 * MIB,
            // The largest page of a list is far smaller; what asks for more at once is an export.
            places_kept_max: 2_000,
            // Enough for a listing's prices and stock at once, on every page that is shown at that moment.
            refreshes_max: 1_000,
            // It costs the owners what it compares: something to turn on for a while.
            compared_one_in: 0,
            // Machines that keep their clocks by NTP are rarely 100 ms apart.
            clock_allowance: Duration::from_millis(500),
        }
    }
}

/// The bounds of Redis, where processes share through one.
#[derive(Debug, Clone, PartialEq)]
pub struct RedisSettings {
    /// What all names in Redis begin with. What shares a Redis and should not share entries must differ in it.
    pub prefix: String,
    /// How long opening a connection may take, and keeping something behind an answer.
    pub connect_timeout: Duration,
    /// How long a request waits for Redis.
    pub answer_timeout: Duration,
    /// Entries that wait to be kept; further ones are dropped.
    pub entries_waiting_max: usize,
    /// From how many bytes on an entry is compressed; none: none is.
    pub compressed_bytes_min: Option<usize>,
    /// How often the process's clock is compared with that of Redis.
    pub clocks_compared_every: Duration,
}

impl Default for RedisSettings {
    fn default() -> Self {
        Self {
            prefix: "freehold".to_owned(),
            // Several round trips to the next data centre.
            connect_timeout: Duration::from_millis(500),
            // Redis answers in well below a millisecond; what takes far longer than asking the owner would is no help.
            answer_timeout: Duration::from_millis(50),
            // Some 10 MB of records of 1 KiB: what a Redis that stops for a moment gets behind with.
            entries_waiting_max: 10_000,
            // A usual record is about 1 KiB, which is one packet either way.
            compressed_bytes_min: None,
            // Clocks drift by far less than a millisecond in this time; what is to be noticed are clocks that were set.
            clocks_compared_every: Duration::from_secs(10),
        }
    }
}

/// The bounds of the ledger, where there is one.
#[derive(Debug, Clone, PartialEq)]
pub struct LedgerSettings {
    /// Observations that wait to be written; further ones are dropped.
    pub observations_waiting_max: usize,
    /// Bytes of those.
    pub bytes_waiting_max: usize,
    /// How long observations gather before they are written.
    pub written_every: Duration,
    /// Observations that are written at once.
    pub batch_observations: usize,
    /// How long what is resolved is kept, and the runs of reconciliation.
    pub resolved_kept: Duration,
    /// Exceptions that are kept, and as many findings; then those go first that were resolved first.
    pub rows_max: usize,
    /// How long a change waits for the webhook.
    pub changes_kept: Duration,
    /// Changes that wait for it.
    pub changes_max: usize,
    /// How often what is kept no longer is deleted.
    pub swept_every: Duration,
}

impl Default for LedgerSettings {
    fn default() -> Self {
        Self {
            // What a ledger that is away for some minutes gets behind with; what is seen again meanwhile counts once.
            observations_waiting_max: 10_000,
            bytes_waiting_max: 16 * MIB,
            // Nobody acts on an exception within less, and what is seen many times a second is one row to write.
            written_every: Duration::from_millis(200),
            batch_observations: 500,
            // A quarter: whoever asks why an order was late asks within it.
            resolved_kept: Duration::from_secs(90 * 86_400),
            // Some 1 GB; a company that has more open has another problem.
            rows_max: 1_000_000,
            // A receiver that is down for longer has to ask for what is open.
            changes_kept: Duration::from_secs(7 * 86_400),
            changes_max: 100_000,
            swept_every: Duration::from_secs(600),
        }
    }
}

impl CacheSettings {
    /// Returns the settings of a cache that keeps nothing.
    pub fn nothing() -> Self {
        Self { memory_bytes_max: 0, ..Self::default() }
    }
}

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            // Loopback: a data layer is not opened to a network by accident.
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 4000)),
            // Fits the usual limit of 1,024 open files with room left for the systems' connections.
            connections_max: 800,
            // Far more than a few owners with 8 connections each can serve at once; beyond it waiting is all they would do.
            requests_max: 512,
            // What browsers and proxies expect to get (RFC 9113 advises no fewer than 100).
            streams_max: 100,
            // A token of 8 KiB and a query of 16 KiB in the URI, with room for what proxies add.
            header_bytes_max: 32 * KIB,
            // hyper's own default, written down.
            headers_max: 100,
            // Twice what the most careful proxies let through; longer queries belong in a POST.
            uri_bytes_max: 16 * KIB,
            // Long enough for any real network; short enough that holding a connection open is not worth it.
            header_read_timeout: Duration::from_secs(30),
            // The longest generated queries are some 100 KiB, and variables with 10,000 keys some 200 KiB.
            body_bytes_max: MIB,
            // 1 MiB in 10 s is less than 1 Mbit/s.
            body_read_timeout: Duration::from_secs(10),
            // Longer than a request's deadline cannot be needed; orchestrators kill after 30 s.
            shutdown_grace: Duration::from_secs(25),
            // A page is allowed by whoever knows it.
            cors_origins: Vec::new(),
            // Nobody is known by a cookie, so that what a page sends by itself is a stranger's.
            get_needs_preflight: false,
            // Probes of several load balancers cost the systems one question a second.
            readiness_held: Duration::from_secs(1),
        }
    }
}

impl Default for EngineSettings {
    fn default() -> Self {
        Self {
            // Several stages of a system's default timeout of 5 s.
            request_deadline: Duration::from_secs(20),
            // Applications hold hundreds of operations; a plan is some 10 KiB.
            plan_cache_entries: 1024,
            // Enough to see a pattern; a dead owner under 10,000 rows must not make megabytes of errors.
            errors_max: 100,
            // A page of 100 accounts with 100 orders of 10 lines each; exports page through more.
            rows_max: 100_000,
            business_time: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_fit_together() {
        let Settings { http, engine, .. } = Settings::default();
        assert!(http.listen.ip().is_loopback());
        assert!(http.uri_bytes_max < http.header_bytes_max);
        assert!(http.shutdown_grace > engine.request_deadline);
    }
}
