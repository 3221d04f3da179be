//! What can go wrong with the ledger, and whether trying again helps.

use sqlx::{Error, error::DatabaseError, migrate::MigrateError};

/// Why the ledger did not do what it was asked.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
pub enum LedgerError {
    /// It cannot be reached or written at the moment: down, full, locked, read-only, slow.
    #[error("reach the ledger: {0}")]
    Away(String),
    /// It understands the statement and does not accept it.
    #[error("use the ledger: {0}")]
    Refused(String),
    /// Another version of Freehold has changed its tables since.
    #[error(
        "use the ledger: a newer version of Freehold has written it (its tables are of version {found}, this one knows up to \
         {known}); run that version, or name another ledger"
    )]
    Newer {
        /// The version of its tables.
        found: i64,
        /// The last version that is known here.
        known: i64,
    },
    /// A migration that was applied reads differently here.
    #[error("use the ledger: its tables were not made by this program (migration {0} differs); name another ledger")]
    Altered(i64),
    /// It has no tables, or those of an earlier version, and is only to be read.
    #[error("read the ledger: its tables are not there yet; start `freehold serve` with it once")]
    Unprepared,
}

impl LedgerError {
    /// Returns the stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Away(_) => "LEDGER_AWAY",
            Self::Refused(_) => "LEDGER_REFUSED",
            Self::Newer { .. } => "LEDGER_NEWER",
            Self::Altered(_) => "LEDGER_ALTERED",
            Self::Unprepared => "LEDGER_UNPREPARED",
        }
    }

    /// Whether somebody has to choose another ledger, or another version of Freehold.
    pub fn is_lasting(&self) -> bool {
        matches!(self, Self::Newer { .. } | Self::Altered(_))
    }

    /// Says that there was no answer in time.
    pub(super) fn late() -> Self {
        Self::Away("no answer in time".to_owned())
    }

    /// Says why a statement failed.
    pub(super) fn of(error: &Error) -> Self {
        match error {
            Error::Database(database) => Self::of_database(&**database),
            Error::Encode(_) | Error::Decode(_) | Error::ColumnDecode { .. } | Error::ColumnNotFound(_) => {
                Self::Refused(error.to_string())
            }
            _ => Self::Away(error.to_string()),
        }
    }

    fn of_database(error: &dyn DatabaseError) -> Self {
        let code = error.code().unwrap_or_default();
        let detail = format!("{code}: {}", error.message());
        let passes = match code.parse::<i32>() {
            // SQLite's codes are numbers below 10,000; PostgreSQL's have five places.
            Ok(number) if code.len() < 5 => passes_in_sqlite(number),
            _ => passes_in_postgres(&code),
        };
        if passes { Self::Away(detail) } else { Self::Refused(detail) }
    }

    /// Says why the tables could not be made; `known` is the last version that is known here.
    pub(super) fn of_migration(error: &MigrateError, known: i64) -> Self {
        match error {
            MigrateError::VersionMissing(found) if *found > known => Self::Newer { found: *found, known },
            MigrateError::VersionMissing(version) | MigrateError::VersionMismatch(version) => Self::Altered(*version),
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => Self::of(error),
            _ => Self::Refused(error.to_string()),
        }
    }
}

/// Interrupted, busy, locked, out of memory, read-only, reading and writing, full, opening, the locking protocol.
fn passes_in_sqlite(code: i32) -> bool {
    matches!(code & 0xff, 5..=10 | 13..=15)
}

/// Connections, logins, transactions, rollbacks, databases, resources, locks, shutdown, files, timeouts. A standby that is not promoted yet refuses
/// to write, and a role may lack a grant that is still to come.
fn passes_in_postgres(code: &str) -> bool {
    matches!(code.get(..2).unwrap_or_default(), "08" | "25" | "28" | "3D" | "40" | "53" | "55" | "57" | "58")
        || code == "42501"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_is_told_apart_from_what_is_refused() {
        for (code, passes) in [(5, true), (8, true), (13, true), (14, true), (522, true), (1, false), (19, false)] {
            assert_eq!(passes_in_sqlite(code), passes, "{code}");
        }
        for (code, passes) in [("57P01", true), ("53100", true), ("25006", true), ("42P01", false), ("22021", false)] {
            assert_eq!(passes_in_postgres(code), passes, "{code}");
        }
    }
}
