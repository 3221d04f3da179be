//! The systems of the bench: a private PostgreSQL filled with data, and private Redis servers. They end with the bench.

#[expect(dead_code, reason = "the bench needs a part of what the tests need")]
#[path = "../../../tests/integration/common/postgres.rs"]
mod postgres;
#[path = "../../../tests/integration/common/process.rs"]
mod process;
#[expect(dead_code, reason = "the bench needs a part of what the tests need")]
#[path = "../../../tests/integration/common/redis.rs"]
mod redis;

use sqlx::Connection;

pub use postgres::Server as Postgres;
pub use redis::Server as Redis;

/// Starts a PostgreSQL with the data of the ERP and the PIM. Returns it with the address of the database.
pub async fn filled_postgres() -> (Postgres, String) {
    let server = Postgres::start();
    let url = server.create_database();
    let mut connection = sqlx::PgConnection::connect(&url).await.expect("a database");
    // The tests read what was asked in the log; here writing it would only slow down who asks.
    let quiet = "do $$ begin execute format('alter database %I set log_statement = none', current_database()); end $$";
    for sql in [include_str!("../data.sql"), quiet] {
        sqlx::raw_sql(sql).execute(&mut connection).await.expect("the data of the bench");
    }
    connection.close().await.expect("a database");
    (server, url)
}
