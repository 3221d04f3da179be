//! Flags that several commands take: the contract's folder, the form of what is printed, and the process settings.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::{Args, ValueEnum};

use crate::{
    cache::RedisAddress,
    contract::Contract,
    job,
    ledger::{LedgerAddress, Route},
    settings::{CacheSettings, EngineSettings, HttpSettings, LedgerSettings, RedisSettings},
    telemetry::{LogForm, start_log},
    value::{AudienceId, parse_duration},
};

use super::{
    exit::{Exit, failed},
    server::LedgerChoice,
    terminal::wants_colour,
};

/// Where the contract is.
#[derive(Debug, Args)]
pub(super) struct ContractFlag {
    /// The contract's folder
    #[arg(long, value_name = "DIR", default_value = "schema", env = "FREEHOLD_CONTRACT")]
    pub contract: PathBuf,
}

/// For which audience.
#[derive(Debug, Args)]
pub(super) struct AudienceFlag {
    /// The audience whose schema is meant; none: the whole graph
    #[arg(long, value_name = "NAME")]
    pub audience: Option<String>,
}

impl AudienceFlag {
    /// Finds the audience among a contract's.
    pub(super) fn find(&self, contract: &Contract) -> Result<Option<AudienceId>, Exit> {
        let Some(named) = &self.audience else { return Ok(None) };
        let found = contract.audiences.iter().position(|audience| audience == named);
        if found.is_none() {
            let known = contract.audiences.join(", ");
            eprintln!("freehold: there is no audience {named}; the contract knows: {known}");
        }
        found.map(|audience| Some(AudienceId::from(audience))).ok_or(Exit::Misused)
    }
}

/// For whom something is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people
    Text,
    /// For machines
    Json,
}

/// How log lines are written.
#[derive(Debug, Args)]
pub(super) struct LogFlags {
    /// The form of log lines on standard error
    #[arg(long, value_name = "FORMAT", default_value = "text", env = "FREEHOLD_LOG_FORMAT")]
    log_format: Format,
    /// What is logged: a level, or levels by module as in freehold=debug,sqlx=warn
    // The libraries speak only when something is wrong; a failed statement is an event of Freehold's own.
    #[arg(long, value_name = "LEVEL", default_value = "warn,freehold=info,sqlx=error", env = "FREEHOLD_LOG")]
    log: String,
}

impl LogFlags {
    /// Starts the log.
    pub(super) fn start(&self) {
        let form = match self.log_format {
            Format::Json => LogForm::Json,
            Format::Text => LogForm::Text { colour: wants_colour(&std::io::stderr()) },
        };
        start_log(form, &self.log);
    }
}

/// The bounds of a serving process.
#[derive(Debug, Args)]
#[command(next_help_heading = "Bounds")]
pub(super) struct BoundFlags {
    /// Connections open at once
    #[arg(long, value_name = "N", default_value_t = HttpSettings::default().connections_max, env = "FREEHOLD_CONNECTIONS_MAX")]
    connections_max: usize,
    /// Requests under way at once
    #[arg(long, value_name = "N", default_value_t = HttpSettings::default().requests_max, env = "FREEHOLD_REQUESTS_MAX")]
    requests_max: usize,
    /// Bytes of a request's headers, at least 8192
    #[arg(long, value_name = "BYTES", default_value_t = HttpSettings::default().header_bytes_max, value_parser = header_bytes, env = "FREEHOLD_HEADER_BYTES_MAX")]
    header_bytes_max: usize,
    /// Headers of one request
    #[arg(long, value_name = "N", default_value_t = HttpSettings::default().headers_max, env = "FREEHOLD_HEADERS_MAX")]
    headers_max: usize,
    /// How long a request's headers may take to arrive, and a connection may idle
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = duration, env = "FREEHOLD_HEADER_READ_TIMEOUT")]
    header_read_timeout: Duration,
    /// Bytes of a request's body
    #[arg(long, value_name = "BYTES", default_value_t = HttpSettings::default().body_bytes_max, env = "FREEHOLD_BODY_BYTES_MAX")]
    body_bytes_max: usize,
    /// How long a request's body may take to arrive
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = duration, env = "FREEHOLD_BODY_READ_TIMEOUT")]
    body_read_timeout: Duration,
    /// How long one request may take
    #[arg(long, value_name = "TIME", default_value = "20s", value_parser = duration, env = "FREEHOLD_REQUEST_DEADLINE")]
    request_deadline: Duration,
    /// How long a stopping server waits for what is in flight
    #[arg(long, value_name = "TIME", default_value = "25s", value_parser = duration, env = "FREEHOLD_SHUTDOWN_GRACE")]
    shutdown_grace: Duration,
    /// The origin of pages that may ask from browsers, with its scheme; several, or * for any
    #[arg(long = "cors-origin", value_name = "ORIGIN", value_delimiter = ',', value_parser = origin, env = "FREEHOLD_CORS_ORIGINS")]
    cors_origins: Vec<String>,
    /// Refuse a GET that a page of another origin could have sent without asking: for proxies that take cookies
    #[arg(long, env = "FREEHOLD_GET_NEEDS_PREFLIGHT")]
    get_needs_preflight: bool,
    /// Compiled plans kept for each audience, of 16 KiB each; fewer where they are larger
    #[arg(long, value_name = "N", default_value_t = EngineSettings::default().plan_cache_entries, env = "FREEHOLD_PLAN_CACHE_ENTRIES")]
    plan_cache_entries: usize,
    /// Entries of errors in one answer
    #[arg(long, value_name = "N", default_value_t = EngineSettings::default().errors_max, env = "FREEHOLD_ERRORS_MAX")]
    errors_max: usize,
    /// Objects one field may lead to in one answer
    #[arg(long, value_name = "N", default_value_t = EngineSettings::default().rows_max, env = "FREEHOLD_ROWS_MAX")]
    rows_max: usize,
    /// Bytes of memory for what is kept of the systems' answers; 0 keeps nothing
    #[arg(long, value_name = "BYTES", default_value_t = CacheSettings::default().memory_bytes_max, env = "FREEHOLD_CACHE_BYTES_MAX")]
    cache_bytes_max: usize,
    /// Compare one question in so many that is answered from memory with what its owner says, behind the answer
    #[arg(long, value_name = "N", default_value_t = CacheSettings::default().compared_one_in, env = "FREEHOLD_COMPARED_ONE_IN")]
    compared_one_in: u64,
    /// How far apart the clocks of machines may be; everything counts as older by it
    #[arg(long, value_name = "TIME", default_value = "500ms", value_parser = duration, env = "FREEHOLD_CLOCK_ALLOWANCE")]
    clock_allowance: Duration,
}

impl BoundFlags {
    /// Returns the settings of HTTP.
    pub(super) fn http(&self, listen: SocketAddr) -> HttpSettings {
        HttpSettings {
            listen,
            connections_max: self.connections_max,
            requests_max: self.requests_max,
            header_bytes_max: self.header_bytes_max,
            headers_max: self.headers_max,
            header_read_timeout: self.header_read_timeout,
            body_bytes_max: self.body_bytes_max,
            body_read_timeout: self.body_read_timeout,
            shutdown_grace: self.shutdown_grace,
            cors_origins: self.cors_origins.clone(),
            get_needs_preflight: self.get_needs_preflight,
            ..HttpSettings::default()
        }
    }

    /// Returns the settings of the cache.
    pub(super) fn cache(&self) -> CacheSettings {
        CacheSettings {
            memory_bytes_max: self.cache_bytes_max,
            clock_allowance: self.clock_allowance,
            compared_one_in: self.compared_one_in,
            ..CacheSettings::default()
        }
    }

    /// Returns the settings of the engine.
    pub(super) fn engine(&self) -> EngineSettings {
        EngineSettings {
            business_time: None,
            request_deadline: self.request_deadline,
            plan_cache_entries: self.plan_cache_entries,
            errors_max: self.errors_max,
            rows_max: self.rows_max,
        }
    }
}

/// What processes share through.
#[derive(Debug, Args)]
#[command(next_help_heading = "Shared cache")]
pub(super) struct RedisFlags {
    /// The Redis through which processes share what they keep: redis://host, redis+sentinel://host,host/primary or
    /// redis+cluster://host,host; rediss… with TLS
    // Held as text: what clap cannot read it prints, and this has a password in it.
    #[arg(long, value_name = "URL", env = "FREEHOLD_REDIS_URL", hide_env_values = true)]
    redis: Option<String>,
    /// How long a request waits for Redis
    #[arg(long, value_name = "TIME", default_value = "50ms", value_parser = duration, env = "FREEHOLD_REDIS_TIMEOUT")]
    redis_timeout: Duration,
    /// What all names in Redis begin with: what must not share entries, as test and production, differs in it
    #[arg(long, value_name = "WORD", default_value_t = RedisSettings::default().prefix, env = "FREEHOLD_REDIS_PREFIX")]
    redis_prefix: String,
    /// Compress what is kept in Redis from so many bytes on; without it nothing is
    #[arg(long, value_name = "BYTES", env = "FREEHOLD_REDIS_COMPRESSED_BYTES_MIN")]
    redis_compressed_bytes_min: Option<usize>,
}

impl RedisFlags {
    /// Returns where Redis is, if anywhere, and its settings.
    pub(super) fn redis(&self) -> Result<Option<(RedisAddress, RedisSettings)>, Exit> {
        let Some(url) = self.redis.as_deref().filter(|url| !url.trim().is_empty()) else { return Ok(None) };
        let settings = RedisSettings {
            prefix: self.redis_prefix.clone(),
            answer_timeout: self.redis_timeout,
            compressed_bytes_min: self.redis_compressed_bytes_min,
            ..RedisSettings::default()
        };
        match RedisAddress::parse(url) {
            Ok(address) => Ok(Some((address, settings))),
            Err(error) => {
                failed("read the URL of Redis", &error);
                Err(Exit::Misused)
            }
        }
    }
}

/// Where the ledger is.
#[derive(Debug, Args)]
pub(super) struct LedgerFlag {
    /// The ledger, where exceptions are recorded: sqlite:FILE or postgres://user:password@host/database
    // Held as text: what clap cannot read it prints, and this may have a password in it.
    #[arg(long, value_name = "URL", env = "FREEHOLD_LEDGER", hide_env_values = true)]
    ledger: Option<String>,
}

impl LedgerFlag {
    /// Returns where the ledger is, if anywhere.
    pub(super) fn address(&self) -> Result<Option<LedgerAddress>, Exit> {
        let Some(url) = self.ledger.as_deref().filter(|url| !url.trim().is_empty()) else { return Ok(None) };
        LedgerAddress::parse(url).map(Some).map_err(|error| {
            failed("read the URL of the ledger", &error);
            Exit::Misused
        })
    }
}

/// What a serving process remembers, and whom it tells.
#[derive(Debug, Args)]
#[command(next_help_heading = "Ledger")]
pub(super) struct LedgerFlags {
    #[command(flatten)]
    at: LedgerFlag,
    /// Where new, reopened and resolved exceptions are posted to
    #[arg(long, value_name = "URL", env = "FREEHOLD_LEDGER_WEBHOOK", hide_env_values = true, requires = "ledger")]
    ledger_webhook: Option<String>,
    /// What those messages are signed with; better given as a variable than as a flag
    #[arg(long, value_name = "SECRET", env = "FREEHOLD_LEDGER_WEBHOOK_SECRET", hide_env_values = true)]
    ledger_webhook_secret: Option<String>,
    /// How long what is resolved is kept
    #[arg(long, value_name = "TIME", default_value = "90d", value_parser = long_duration, env = "FREEHOLD_LEDGER_KEPT")]
    ledger_kept: Duration,
    /// Exceptions that are kept, and as many findings
    #[arg(long, value_name = "N", default_value_t = LedgerSettings::default().rows_max, env = "FREEHOLD_LEDGER_ROWS_MAX")]
    ledger_rows_max: usize,
}

impl LedgerFlags {
    /// Returns the ledger somebody chose, if any.
    pub(super) fn ledger(&self) -> Result<Option<LedgerChoice>, Exit> {
        let Some(address) = self.at.address()? else { return Ok(None) };
        let settings = LedgerSettings {
            resolved_kept: self.ledger_kept,
            rows_max: self.ledger_rows_max,
            ..LedgerSettings::default()
        };
        Ok(Some(LedgerChoice { address, route: self.route()?, settings }))
    }

    fn route(&self) -> Result<Option<Route>, Exit> {
        let said =
            |text: &Option<String>| text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
        let Some(url) = said(&self.ledger_webhook) else { return Ok(None) };
        let Some(secret) = said(&self.ledger_webhook_secret) else {
            eprintln!("freehold: the ledger's webhook needs a secret to sign with: FREEHOLD_LEDGER_WEBHOOK_SECRET");
            return Err(Exit::Misused);
        };
        job::route_to(&url, secret).map(Some).map_err(|error| {
            failed("read the URL of the ledger's webhook", &error);
            Exit::Misused
        })
    }
}

/// Reads a time such as `12h` or `90d`.
fn long_duration(text: &str) -> Result<Duration, String> {
    let duration = parse_duration(text).filter(|duration| !duration.is_zero());
    duration.ok_or_else(|| "write a time such as 12h or 90d".to_owned())
}

/// Reads a time such as `500ms`, `20s` or `2m`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let duration = text.parse::<jiff::SignedDuration>().ok().and_then(|duration| Duration::try_from(duration).ok());
    duration.filter(|duration| !duration.is_zero()).ok_or_else(|| "write a time such as 500ms, 20s or 2m".to_owned())
}

/// Reads an origin, as browsers write it: a scheme and a host, and nothing behind it.
fn origin(text: &str) -> Result<String, String> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let is_host = |rest: &str| !rest.is_empty() && !rest.contains(['/', '?', '#', '@', ' ', '*']);
    match text == "*" || rest.is_some_and(is_host) {
        true => Ok(text.to_owned()),
        false => Err("write an origin as browsers do, such as https://shop.example, or *".to_owned()),
    }
}

/// hyper reads heads into a buffer that is no smaller than this.
fn header_bytes(text: &str) -> Result<usize, String> {
    const HEADER_BYTES_MIN: usize = 8192;
    match text.parse() {
        Ok(bytes) if bytes >= HEADER_BYTES_MIN => Ok(bytes),
        _ => Err(format!("write a number of bytes, at least {HEADER_BYTES_MIN}")),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Flags {
        #[command(flatten)]
        bounds: BoundFlags,
        #[command(flatten)]
        redis: RedisFlags,
        #[command(flatten)]
        ledger: LedgerFlags,
    }

    #[test]
    fn without_a_url_nothing_is_remembered_and_news_needs_a_secret() {
        assert!(Flags::parse_from(["freehold"]).ledger.ledger().is_ok_and(|ledger| ledger.is_none()));
        let chosen = Flags::parse_from(["freehold", "--ledger", "sqlite:l.db"]).ledger.ledger();
        assert!(chosen.is_ok_and(|chosen| {
            chosen.is_some_and(|chosen| chosen.route.is_none() && chosen.settings == LedgerSettings::default())
        }));
        for wrong in [&["--ledger", "l.db"][..], &["--ledger", "sqlite:l.db", "--ledger-webhook", "http://x"]] {
            let flags = Flags::parse_from([&["freehold"], wrong].concat()).ledger;
            assert!(matches!(flags.ledger(), Err(Exit::Misused)), "{wrong:?}");
        }
        assert!(Flags::try_parse_from(["freehold", "--ledger-webhook", "http://x"]).is_err());
    }

    #[test]
    fn without_a_url_nothing_is_shared_and_with_one_the_settings_are_the_defaults() {
        assert!(Flags::parse_from(["freehold"]).redis.redis().is_ok_and(|redis| redis.is_none()));
        let redis = Flags::parse_from(["freehold", "--redis", "redis://cache"]).redis;
        assert!(redis.redis().is_ok_and(|redis| redis.is_some_and(|(_, own)| own == RedisSettings::default())));
        let redis = Flags::parse_from(["freehold", "--redis", "http://cache"]).redis;
        assert!(redis.redis().is_err());
    }

    #[test]
    fn without_flags_the_bounds_are_the_settings_own() {
        let bounds = Flags::parse_from(["freehold"]).bounds;
        let defaults = HttpSettings::default();
        assert_eq!(bounds.http(defaults.listen), defaults);
        assert_eq!(bounds.engine(), EngineSettings::default());
        assert_eq!(bounds.cache(), CacheSettings::default());
    }

    #[test]
    fn times_are_written_with_their_unit() {
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("2m"), Ok(Duration::from_secs(120)));
        for text in ["", "5", "0s", "-1s", "soon"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
