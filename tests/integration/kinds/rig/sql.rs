//! The dataset in SQL databases.

use std::any::Any;

use futures_util::FutureExt;
use serde_json::{Map, Value};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, MySqlConnection, PgConnection, sqlite::SqliteConnectOptions};

use super::{super::dataset::Dataset, Rig};
use crate::common::{mariadb, postgres as server};

/// Writes the dataset as statements; the words are the kind's names for an exact decimal, a double and a time.
pub fn statements(dataset: &Dataset, [decimal, double, time]: [&str; 3]) -> String {
    let mut sql = format!(
        "create table product (sku varchar(100), name varchar(100), status varchar(1), category varchar(10), price {decimal},
           weight {double}, stock bigint, minor integer, changed_at {time}, wrong varchar(10));
         create table unit (sku varchar(100), line integer, unit varchar(10), factor {decimal});
         create table price (book varchar(10), sku varchar(100), amount varchar(20));\n"
    );
    for row in &dataset.products {
        let names = ["sku", "name", "status", "category", "price", "weight", "stock", "minor", "changedAt", "wrong"];
        sql += &format!("insert into product values ({});\n", values(row, &names));
        for (line, unit) in row["units"].as_array().into_iter().flatten().enumerate() {
            let unit = unit.as_object().cloned().unwrap_or_default();
            let of = literal(&row["sku"]);
            sql += &format!("insert into unit values ({of}, {line}, {});\n", values(&unit, &["unit", "factor"]));
        }
    }
    for row in &dataset.prices {
        sql += &format!("insert into price values ({});\n", values(row, &["book", "sku", "amount"]));
    }
    sql
}

fn values(row: &Map<String, Value>, names: &[&str]) -> String {
    names.iter().map(|name| literal(&row[*name])).collect::<Vec<_>>().join(", ")
}

fn literal(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::String(text) => format!("'{}'", text.replace('\'', "''")),
        other => other.to_string(),
    }
}

pub async fn sqlite(dataset: &Dataset) -> Rig {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("erp.sqlite");
    let options = SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    let mut connection = options.connect().await.expect("a database");
    let sql = format!("begin; {} commit", statements(dataset, ["text", "real", "text"]));
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.expect("the rows");
    connection.close().await.expect("written");
    let options = SqliteConnectOptions::new().filename(&path);
    let stall = move || {
        let options = options.clone();
        async move {
            let mut connection = options.connect().await.expect("a connection");
            sqlx::raw_sql("begin exclusive").execute(&mut connection).await.expect("a lock");
            Box::new(connection) as Box<dyn Any + Send>
        }
        .boxed()
    };
    Rig {
        system_file: include_str!("../../../contracts/kinds/sqlite.toml"),
        env: vec![("ERP_URL", path.display().to_string())],
        calls: None,
        stall: Some(Box::new(stall)),
        _alive: Box::new(folder),
    }
}

/// A role of its own reads, so that the server can say what was run for it.
pub async fn mysql(dataset: &Dataset) -> Rig {
    let url = mariadb::shared().create_database();
    let mut connection = MySqlConnection::connect(&url).await.expect("a database");
    // Its default takes `a` for `A`, and the dataset's keys differ by that; a backslash in a text is a backslash.
    let before =
        "alter database collate utf8mb4_bin; set sql_mode = concat(@@sql_mode, ',NO_BACKSLASH_ESCAPES'); begin;";
    let sql = format!("{before} {} commit", statements(dataset, ["decimal(65, 30)", "double", "datetime"]));
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.expect("the rows");
    connection.close().await.expect("written");
    let reader = mariadb::shared().reader_of(&url);
    let stall = move || {
        let url = url.clone();
        async move {
            let mut connection = MySqlConnection::connect(&url).await.expect("a connection");
            sqlx::raw_sql("lock tables product write").execute(&mut connection).await.expect("a lock");
            Box::new(connection) as Box<dyn Any + Send>
        }
        .boxed()
    };
    let counted = reader.clone();
    Rig {
        system_file: include_str!("../../../contracts/kinds/mysql.toml"),
        env: vec![("ERP_URL", reader)],
        calls: Some(Box::new(move || mariadb::shared().selects_run(&counted))),
        stall: Some(Box::new(stall)),
        _alive: Box::new(()),
    }
}

pub async fn postgres(dataset: &Dataset) -> Rig {
    in_postgres(dataset, server::shared().create_database()).await
}

/// The same database, behind the driver that its makers give to programs that speak to any.
#[cfg(feature = "odbc")]
pub async fn odbc(dataset: &Dataset) -> Rig {
    use crate::common::system::System;
    use freehold::contract::SystemKind;

    let url = server::shared().create_database();
    let SystemKind::Odbc { url: string, .. } = System::postgres_at(url.clone()).by_odbc().kind() else {
        unreachable!("it is reached by ODBC")
    };
    let rig = in_postgres(dataset, url.clone()).await;
    Rig {
        calls: Some(Box::new(move || server::shared().statements_logged_of_nameless(&url) as u64)),
        system_file: include_str!("../../../contracts/kinds/odbc.toml"),
        env: vec![("ERP_URL", string.reveal().to_owned())],
        ..rig
    }
}

async fn in_postgres(dataset: &Dataset, url: String) -> Rig {
    let mut connection = PgConnection::connect(&url).await.expect("a database");
    let sql = format!("begin; {} commit", statements(dataset, ["numeric(65, 30)", "double precision", "timestamp"]));
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.expect("the rows");
    let stall_url = url.clone();
    let stall = move || {
        let url = stall_url.clone();
        async move {
            let mut connection = PgConnection::connect(&url).await.expect("a connection");
            let lock = "begin; lock table product in access exclusive mode";
            sqlx::raw_sql(lock).execute(&mut connection).await.expect("a lock");
            Box::new(connection) as Box<dyn Any + Send>
        }
        .boxed()
    };
    let counted = url.clone();
    Rig {
        system_file: include_str!("../../../contracts/kinds/postgres.toml"),
        env: vec![("ERP_URL", url)],
        calls: Some(Box::new(move || server::shared().statements_logged(&counted) as u64)),
        stall: Some(Box::new(stall)),
        _alive: Box::new(()),
    }
}
