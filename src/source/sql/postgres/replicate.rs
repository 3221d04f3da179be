//! Replication of PostgreSQL's changes: everything that is committed, in order, from where the slot was confirmed.
//!
//! In: a slot and a publication. Out: rows that were written, and when a transaction is whole. What is confirmed is not
//! sent again; what is not is kept by the server, however long nobody comes for it.

use std::{collections::HashMap, sync::Arc, time::Duration};

use pgwire_replication::{
    Lsn, PgWireError, ReplicationClient, ReplicationConfig, ReplicationEvent, SslMode, TlsConfig,
};
use sqlx::{
    ConnectOptions, Connection, PgConnection, Row,
    postgres::{PgConnectOptions, PgSslMode},
};
use tokio::time::{Instant, timeout_at};

use super::{
    failure,
    frontier::Frontier,
    options,
    pgoutput::{self, Message, Relation, Value},
};
use crate::{
    contract::{Contract, Replication, SystemKind},
    fetch::{FetchError, FetchErrorKind},
    source::system_name::SystemName,
    value::SystemId,
};

/// Milliseconds from 1970 to 2000, from when the server counts.
const EPOCH_MS: i64 = 946_684_800_000;

/// From this version on, a session says itself how long the server waits for a sign of life.
const SAYS_TIMEOUT: u32 = 130_000;

/// How often the system's timeout passes before a server that says nothing is given up. Twice within that time it asks
/// whether anyone is there, be there anything to replicate or not.
const SILENT_TIMES: u32 = 12;

/// How long nothing is said to a server that says nothing.
const QUIET: Duration = Duration::from_secs(3_600);

/// A place in everything that the server ever wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position(u64);

impl Position {
    /// Reads a position as the server writes it: `16/B374D848`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        text.parse::<Lsn>().ok().map(|lsn| Self(lsn.as_u64()))
    }
}

/// Something that was replicated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Replicated {
    /// A row was written: the row before and after, as far as they are sent.
    Row(Arc<Relation>, Vec<Vec<Value>>),
    /// All rows of a table were deleted.
    Emptied(Arc<Relation>),
    /// Something that cannot be read.
    Unreadable(String),
    /// The transaction is whole.
    Committed {
        /// Where it ends.
        position: Position,
        /// When it was committed by the server's clock, in milliseconds since 1970.
        at_ms: i64,
    },
    /// There is nothing that was not sent up to here.
    Idle(Position),
}

/// Since when a replica hears of changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// Since here: the slot had been confirmed up to it.
    Confirmed(Position),
    /// Since now: the slot was created.
    Now,
}

/// A connection over which changes are replicated.
pub struct Replica {
    client: ReplicationClient,
    name: SystemName,
    relations: HashMap<u32, Arc<Relation>>,
    /// Whether a transaction is half sent.
    is_within: bool,
    /// What one message said beyond its first.
    rest: Vec<Replicated>,
    /// How long the server may be silent; `None` where it never speaks unasked.
    silence_max: Option<Duration>,
    /// When it was heard last. Whoever waits for what comes next may have something else to do in between.
    heard: Instant,
    frontier: Option<Frontier>,
}

/// Asks how far the server has written.
pub struct Written {
    frontier: Frontier,
    name: SystemName,
}

impl Written {
    /// Returns a position behind everything that was committed before this was asked. Once the replica has delivered what
    /// is before it, it has delivered all of that. `None` where the server does not say so now.
    ///
    /// *Errors*: what the replica delivers may not be everything any more.
    pub async fn position(&mut self) -> Result<Option<Position>, FetchError> {
        self.frontier
            .position()
            .await
            .map_err(|unsure| self.name.error(FetchErrorKind::Unavailable, unsure.to_string()))
    }
}

impl Replica {
    /// Connects, and has the slot from then on. Returns since when it hears, too.
    ///
    /// *Errors*: what is missing at the server says which SQL makes it.
    pub async fn connect(
        contract: &Contract,
        system: SystemId,
        replication: &Replication,
    ) -> Result<(Self, Since), FetchError> {
        let (described, name) = (contract.system(system), SystemName::new(contract, system));
        let SystemKind::Postgres { url } = &described.kind else {
            return Err(name.error(FetchErrorKind::BadRequest, "only PostgreSQL replicates"));
        };
        let unusable = |detail: String| name.error(FetchErrorKind::Unavailable, detail);
        let options = options(url.reveal(), described.timeout).map_err(unusable)?;
        let late = || name.error(FetchErrorKind::Timeout, "no connection in time");
        let unprepared = |unprepared| match unprepared {
            Unprepared::Sql(error) => {
                let failure = failure::of(&error);
                name.error(failure.kind, failure.detail)
            }
            Unprepared::Lacks(detail) => name.error(FetchErrorKind::BadRequest, detail),
        };
        let prepared = tokio::time::timeout(described.timeout, prepare(&options, replication)).await;
        let mut prepared = prepared.map_err(|_| late())?.map_err(unprepared)?;
        let frontier = match replication.confirms.is_empty() {
            true => None,
            false => {
                let begun = Frontier::begin(&options, replication, described.timeout).await;
                Some(begun.map_err(|unsure| name.error(FetchErrorKind::BadRequest, unsure.to_string()))?)
            }
        };
        let silence_max = (described.timeout * SILENT_TIMES).max(Duration::from_secs(1));
        let config = config(&options, replication);
        let (config, silence_max) = match prepared.is_answered_after {
            None => {
                let timeout = format!("-c wal_sender_timeout={}", silence_max.as_millis());
                (config.with_options(timeout), Some(silence_max))
            }
            Some(asks_after) => (config, (!asks_after.is_zero()).then_some(asks_after)),
        };
        let client = ReplicationClient::connect(config).await;
        let mut client = client.map_err(|error| failed(&name, &error))?;
        let started = tokio::time::timeout(described.timeout, client.wait_started()).await.map_err(|_| late())?;
        started.map_err(|error| failed(&name, &error))?;
        // Not before nobody else can confirm anything.
        let since = tokio::time::timeout(described.timeout, prepared.since(replication)).await;
        let since = since.map_err(|_| late())?.map_err(unprepared)?;
        let (relations, rest) = Default::default();
        let heard = Instant::now();
        Ok((Self { client, name, relations, is_within: false, rest, silence_max, heard, frontier }, since))
    }

    /// Takes what asks how far the server has written, where the feed confirms anything.
    pub fn written(&mut self) -> Option<Written> {
        self.frontier.take().map(|frontier| Written { frontier, name: self.name.clone() })
    }

    /// Waits for what comes next. Nothing is lost where the wait is given up and begun again, nor does the server get any
    /// more time by that.
    pub async fn next(&mut self) -> Result<Replicated, FetchError> {
        loop {
            if let Some(replicated) = self.rest.pop() {
                return Ok(replicated);
            }
            let event = match self.silence_max {
                None => self.client.recv().await,
                Some(max) => match timeout_at(self.heard + max, self.client.recv()).await {
                    Ok(event) => event,
                    Err(_) => {
                        let detail = format!("the server has said nothing for {} ms", max.as_millis());
                        return Err(self.name.error(FetchErrorKind::Timeout, detail));
                    }
                },
            };
            let event = event.map_err(|error| failed(&self.name, &error))?;
            self.heard = Instant::now();
            match event {
                None => return Err(self.name.error(FetchErrorKind::Unavailable, "the server ended the replication")),
                Some(ReplicationEvent::Begin { .. }) => self.is_within = true,
                Some(ReplicationEvent::Commit { end_lsn, commit_time_micros, .. }) => {
                    self.is_within = false;
                    let at_ms = EPOCH_MS + commit_time_micros / 1_000;
                    return Ok(Replicated::Committed { position: Position(end_lsn.as_u64()), at_ms });
                }
                Some(ReplicationEvent::XLogData { data, .. }) => self.read(&data),
                // What the server has written while a transaction is half sent may be that transaction.
                Some(ReplicationEvent::KeepAlive { wal_end, .. }) if !self.is_within => {
                    return Ok(Replicated::Idle(Position(wal_end.as_u64())));
                }
                Some(_) => {}
            }
        }
    }

    /// Confirms that everything up to a position was taken in: it is not sent again.
    pub fn confirm(&self, position: Position) {
        self.client.update_applied_lsn(Lsn::from_u64(position.0));
    }

    fn read(&mut self, data: &[u8]) {
        let known = |relations: &HashMap<u32, Arc<Relation>>, id: u32| {
            relations.get(&id).cloned().ok_or_else(|| Replicated::Unreadable(format!("a row of an unknown table {id}")))
        };
        match pgoutput::message(data) {
            Ok(Message::Relation(relation)) => {
                self.relations.insert(relation.id, Arc::new(relation));
            }
            Ok(Message::Row { relation, tuples }) => {
                let row = known(&self.relations, relation).map(|relation| Replicated::Row(relation, tuples));
                self.rest.push(row.unwrap_or_else(|unreadable| unreadable));
            }
            Ok(Message::Truncate(ids)) => {
                let emptied = |id| known(&self.relations, id).map_or_else(|unreadable| unreadable, Replicated::Emptied);
                self.rest.extend(ids.into_iter().map(emptied));
            }
            Ok(Message::Other) => {}
            Err(malformed) => self.rest.push(Replicated::Unreadable(format!("failed to {malformed}"))),
        }
    }
}

/// Why a replication cannot begin.
enum Unprepared {
    Sql(sqlx::Error),
    /// Something is missing at the server.
    Lacks(String),
}

impl From<sqlx::Error> for Unprepared {
    fn from(error: sqlx::Error) -> Self {
        Self::Sql(error)
    }
}

/// A server at which all that is needed is there.
struct Prepared {
    connection: PgConnection,
    /// Whether the slot was created.
    is_new: bool,
    /// How long the server waits for a sign of life, where a session cannot say that itself; zero is forever.
    is_answered_after: Option<Duration>,
}

impl Prepared {
    /// Returns since when the slot keeps what changes.
    async fn since(&mut self, replication: &Replication) -> Result<Since, Unprepared> {
        if self.is_new {
            return Ok(Since::Now);
        }
        let confirmed = "select confirmed_flush_lsn::text from pg_replication_slots where slot_name = $1";
        let confirmed = sqlx::query_scalar::<_, Option<String>>(confirmed).bind(&replication.slot);
        let confirmed = confirmed.fetch_optional(&mut self.connection).await?.flatten();
        Ok(Since::Confirmed(confirmed.and_then(|text| Position::parse(&text)).unwrap_or(Position(0))))
    }
}

/// Looks whether all that is needed is there, and creates the slot where that is wanted.
async fn prepare(options: &PgConnectOptions, replication: &Replication) -> Result<Prepared, Unprepared> {
    let mut connection = PgConnection::connect_with(options).await?;
    let Replication { slot, publication, create_slot, tables, .. } = replication;
    let names = tables.iter().map(|table| format!("{}.{}", table.schema, table.name)).collect::<Vec<_>>();
    let unpublished = "select t from unnest($1::text[]) t where t not in (select schemaname || '.' || tablename from \
                       pg_publication_tables where pubname = $2)";
    let unpublished = sqlx::query(unpublished).bind(&names).bind(publication).fetch_all(&mut connection).await?;
    let unpublished: Vec<String> = unpublished.iter().filter_map(|row| row.try_get(0).ok()).collect();
    if !unpublished.is_empty() {
        let detail = format!(
            "the publication `{publication}` does not publish {0}: run `create publication {publication} for table {0}`, or \
             `alter publication {publication} add table {0}`",
            unpublished.join(", ")
        );
        return Err(Unprepared::Lacks(detail));
    }
    let create = format!("select pg_create_logical_replication_slot('{slot}', 'pgoutput')");
    let known = "select plugin::text, coalesce(wal_status, 'lost')::text, database::text, \
                 current_database()::text from pg_replication_slots where slot_name = $1";
    let known = sqlx::query(known).bind(slot).fetch_optional(&mut connection).await?;
    let is_new = match known {
        Some(row) => {
            let text = |column: usize| row.try_get::<Option<String>, _>(column).map(Option::unwrap_or_default);
            let (plugin, status, database) = (text(0)?, text(1)?, text(2)?);
            if plugin != "pgoutput" || database != text(3)? {
                let detail =
                    format!("the replication slot `{slot}` is another's: name one of this database with pgoutput");
                return Err(Unprepared::Lacks(detail));
            }
            if status == "lost" {
                let detail = format!(
                    "the replication slot `{slot}` is lost: the server threw away what was not heard; run `select \
                     pg_drop_replication_slot('{slot}')` and `{create}`"
                );
                return Err(Unprepared::Lacks(detail));
            }
            false
        }
        None if *create_slot => {
            sqlx::query("select pg_create_logical_replication_slot($1, 'pgoutput')")
                .bind(slot)
                .execute(&mut connection)
                .await?;
            true
        }
        None => {
            let detail = format!(
                "there is no replication slot `{slot}`: run `{create}`, or write create_slot = true to have it made"
            );
            return Err(Unprepared::Lacks(detail));
        }
    };
    let setting = "select current_setting('server_version_num')::int, setting::bigint from pg_settings where name = \
                   'wal_sender_timeout'";
    let (version, timeout_ms): (i32, i64) = sqlx::query_as(setting).fetch_one(&mut connection).await?;
    let says = u32::try_from(version).is_ok_and(|version| version >= SAYS_TIMEOUT);
    let is_answered_after = (!says).then(|| Duration::from_millis(u64::try_from(timeout_ms).unwrap_or(0)));
    Ok(Prepared { connection, is_new, is_answered_after })
}

fn config(options: &PgConnectOptions, replication: &Replication) -> ReplicationConfig {
    let url = options.to_url_lossy();
    let said = |name: &str| {
        let (_, value) = url.query_pairs().find(|(known, _)| known == name)?;
        // The driver writes before a path that it is one.
        Some(value.strip_prefix("file: ").unwrap_or(&value).into())
    };
    let tls = TlsConfig {
        mode: match options.get_ssl_mode() {
            PgSslMode::Disable | PgSslMode::Allow => SslMode::Disable,
            PgSslMode::Prefer => SslMode::Prefer,
            PgSslMode::Require => SslMode::Require,
            PgSslMode::VerifyCa => SslMode::VerifyCa,
            PgSslMode::VerifyFull => SslMode::VerifyFull,
        },
        ca_pem_path: said("sslrootcert"),
        sni_hostname: None,
        client_cert_pem_path: said("sslcert"),
        client_key_pem_path: said("sslkey"),
    };
    let user = options.get_username();
    ReplicationConfig::new(
        options.get_host(),
        user,
        unescaped(url.password().unwrap_or_default()),
        options.get_database().unwrap_or(user),
        replication.slot.as_str(),
        replication.publication.as_str(),
    )
    .with_port(options.get_port())
    .with_tls(tls)
    .with_application_name("freehold")
    // It must not speak first all the time: then the server would never ask whether anyone is there.
    .with_wakeup_interval(QUIET)
}

/// Reads a text of a URL, in which bytes are escaped as `%41`.
fn unescaped(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let escaped = rest.strip_prefix('%').and_then(|hex| u8::from_str_radix(hex.get(..2)?, 16).ok());
        let n_bytes = if let Some(byte) = escaped {
            bytes.push(byte);
            3
        } else {
            bytes.extend(rest[..character.len_utf8()].bytes());
            character.len_utf8()
        };
        rest = &rest[n_bytes..];
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn failed(name: &SystemName, error: &PgWireError) -> FetchError {
    let kind = match error {
        PgWireError::Auth(_) => FetchErrorKind::Denied,
        PgWireError::Server(_) => FetchErrorKind::BadRequest,
        _ => FetchErrorKind::Unavailable,
    };
    name.error(kind, error.to_string())
}

#[cfg(test)]
mod tests {
    use std::str::FromStr;

    use super::*;

    #[test]
    fn a_replica_connects_as_the_url_says() {
        let url = "postgres://reader:p%40ss%25w%C3%B6rd@db.example:6543/erp?sslmode=verify-ca&sslrootcert=/etc/ca.pem";
        let options = PgConnectOptions::from_str(url).unwrap();
        let (slot, publication) = ("freehold".to_owned(), "changes".to_owned());
        let config = config(
            &options,
            &Replication { slot, publication, create_slot: false, tables: Vec::new(), confirms: Vec::new() },
        );
        assert_eq!((config.host.as_str(), config.port), ("db.example", 6543));
        assert_eq!((config.user.as_str(), config.password.as_str()), ("reader", "p@ss%wörd"));
        assert_eq!((config.database.as_str(), config.slot.as_str()), ("erp", "freehold"));
        assert_eq!(config.tls.mode, SslMode::VerifyCa);
        assert_eq!(config.tls.ca_pem_path, Some("/etc/ca.pem".into()));
    }
}
