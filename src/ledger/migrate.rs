//! The ledger's tables: made and brought up to date when it is first reached, by one process at a time.
//!
//! The SQL stands in `migrations/`, one folder per kind with the same files, and is part of the program. sqlx keeps what was
//! applied in `freehold_migration`. On PostgreSQL sqlx takes an advisory lock; on SQLite there is none, so that all of it runs
//! in one transaction that nobody else may write beside.

use std::sync::LazyLock;

use sqlx::{
    Connection as _, Row as _, SqlSafeStr,
    migrate::{Migration, MigrationType, Migrator},
};

use super::{failure::LedgerError, store::Connection};

/// A table of its own name: a database may hold other programs' migrations.
const TABLE: &str = "freehold_migration";

/// Each migration, for SQLite and for PostgreSQL. One that was released is never changed; what follows is a further one.
const MIGRATIONS: [(i64, &str, &str, &str); 3] = [
    (
        1,
        "ledger",
        include_str!("../../migrations/sqlite/1_ledger.sql"),
        include_str!("../../migrations/postgres/1_ledger.sql"),
    ),
    (
        2,
        "first_seen",
        include_str!("../../migrations/sqlite/2_first_seen.sql"),
        include_str!("../../migrations/postgres/2_first_seen.sql"),
    ),
    (
        3,
        "api_token",
        include_str!("../../migrations/sqlite/3_api_token.sql"),
        include_str!("../../migrations/postgres/3_api_token.sql"),
    ),
];

/// The last version there is.
pub(super) const KNOWN: i64 = MIGRATIONS[MIGRATIONS.len() - 1].0;

static SQLITE: LazyLock<Migrator> = LazyLock::new(|| migrator(|(_, _, sqlite, _)| sqlite));
static POSTGRES: LazyLock<Migrator> = LazyLock::new(|| migrator(|(_, _, _, postgres)| postgres));

fn migrator(sql_of: fn((i64, &'static str, &'static str, &'static str)) -> &'static str) -> Migrator {
    let migrations = MIGRATIONS.into_iter().map(|migration| {
        let sql = sql_of(migration).into_sql_str();
        Migration::new(migration.0, migration.1.into(), MigrationType::Simple, sql, false)
    });
    let mut migrator = Migrator::with_migrations(migrations.collect());
    migrator.dangerous_set_table_name(TABLE);
    migrator
}

/// Makes the tables, or brings them up to date.
pub(super) async fn apply(connection: &mut Connection) -> Result<(), LedgerError> {
    let failed = |error| LedgerError::of_migration(&error, KNOWN);
    match connection {
        Connection::Sqlite(connection) => {
            let mut transaction =
                connection.begin_with("begin immediate").await.map_err(|error| LedgerError::of(&error))?;
            SQLITE.run_direct(None, &mut *transaction, false).await.map_err(failed)?;
            transaction.commit().await.map_err(|error| LedgerError::of(&error))
        }
        Connection::Postgres(connection) => POSTGRES.run_direct(None, &mut **connection, false).await.map_err(failed),
    }
}

/// Checks that the tables are those this program knows, and changes nothing.
pub(super) async fn check(connection: &mut Connection) -> Result<(), LedgerError> {
    const APPLIED: &str = "select coalesce(max(version), 0) from freehold_migration";
    let found: Result<i64, sqlx::Error> = match connection {
        Connection::Sqlite(connection) => {
            sqlx::query(APPLIED).fetch_one(connection).await.and_then(|row| row.try_get(0))
        }
        Connection::Postgres(connection) => {
            sqlx::query(APPLIED).fetch_one(&mut **connection).await.and_then(|row| row.try_get(0))
        }
    };
    match found {
        Ok(found) if found > KNOWN => Err(LedgerError::Newer { found, known: KNOWN }),
        Ok(found) if found < KNOWN => Err(LedgerError::Unprepared),
        Ok(_) => Ok(()),
        Err(error) => match LedgerError::of(&error) {
            // There is no such table.
            LedgerError::Refused(_) => Err(LedgerError::Unprepared),
            away => Err(away),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use super::*;

    #[test]
    fn every_file_of_migrations_is_part_of_the_program_for_both_kinds() {
        for kind in ["sqlite", "postgres"] {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(kind);
            let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
            let expected = MIGRATIONS.iter().map(|(version, name, ..)| format!("{version}_{name}.sql"));
            assert_eq!(names.collect::<BTreeSet<_>>(), expected.collect(), "{kind}");
        }
    }
}
