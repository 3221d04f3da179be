//! Where the ledger is: a URL as the operator writes it.
//!
//! In: the URL. Out: how it is connected to, or what is wrong with it in words that hold nothing of it: it carries a password.

use std::{path::PathBuf, str::FromStr, time::Duration};

use sqlx::{
    ConnectOptions,
    postgres::PgConnectOptions,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};

/// How long SQLite waits for another process that writes.
const LOCK_PATIENCE: Duration = Duration::from_secs(2);

/// The address of a ledger.
#[derive(Debug, Clone)]
pub struct LedgerAddress(pub(super) Reached);

/// How the ledger is reached.
#[derive(Debug, Clone)]
pub(super) enum Reached {
    /// A file.
    Sqlite { file: PathBuf, options: Box<SqliteConnectOptions> },
    /// A server.
    Postgres(Box<PgConnectOptions>),
}

/// What is wrong with an address. Never quotes it.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum AddressError {
    /// It begins with no known word.
    #[error("read its beginning: write sqlite:FILE or postgres://user:password@host/database")]
    Scheme,
    /// It names no file.
    #[error("find a file in it: write sqlite:FILE; a ledger in memory would remember nothing")]
    File,
    /// It names no server.
    #[error("find a server in it: write postgres://user:password@host/database, special characters as %XX")]
    Server,
}

impl LedgerAddress {
    /// Reads a URL: `sqlite:FILE` or `postgres://…`.
    pub fn parse(url: &str) -> Result<Self, AddressError> {
        let url = url.trim();
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            let options = PgConnectOptions::from_str(url).map_err(|_| AddressError::Server)?;
            return Ok(Self(Reached::Postgres(Box::new(
                options.application_name("freehold ledger").disable_statement_logging(),
            ))));
        }
        let rest = url.strip_prefix("sqlite:").ok_or(AddressError::Scheme)?;
        let file = rest.strip_prefix("//").unwrap_or(rest);
        if file.is_empty() || file.contains(":memory:") || file.contains('?') {
            return Err(AddressError::File);
        }
        Ok(Self::file(file))
    }

    /// Returns the address of a SQLite file.
    pub fn file(file: impl Into<PathBuf>) -> Self {
        let file = file.into();
        let options = SqliteConnectOptions::new()
            .filename(&file)
            .create_if_missing(true)
            .busy_timeout(LOCK_PATIENCE)
            // Readers and the writer do not wait for each other; a crash of the machine loses the last moments, no more.
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .disable_statement_logging();
        Self(Reached::Sqlite { file, options: Box::new(options) })
    }

    /// Returns the word for its kind.
    pub fn word(&self) -> &'static str {
        match self.0 {
            Reached::Sqlite { .. } => "sqlite",
            Reached::Postgres(_) => "postgres",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_a_file_or_a_server_and_a_wrong_one_is_not_shown() {
        for (url, word) in [
            ("sqlite:ledger.db", "sqlite"),
            ("sqlite:///var/lib/freehold/ledger.db", "sqlite"),
            ("postgres://u:p@host/ledger", "postgres"),
            ("postgresql://host/ledger", "postgres"),
        ] {
            assert_eq!(LedgerAddress::parse(url).unwrap().word(), word, "{url}");
        }
        for (url, expected) in [
            ("ledger.db", AddressError::Scheme),
            ("mysql://u:hidden@host/x", AddressError::Scheme),
            ("sqlite::memory:", AddressError::File),
            ("sqlite:", AddressError::File),
            ("postgres://u:hidden@host:port/x", AddressError::Server),
        ] {
            let error = LedgerAddress::parse(url).unwrap_err();
            assert_eq!(error, expected, "{url}");
            assert!(!error.to_string().contains("hidden"), "{url}");
        }
    }
}
