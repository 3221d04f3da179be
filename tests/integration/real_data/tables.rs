//! Files become tables: a folder of CSV files, copied into the tables of a database that are named like them.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use sqlx::{AssertSqlSafe, Connection, PgConnection};

/// Returns the folder of a company's files, or says on the test's output that there is none.
pub fn folder(company: &str) -> Option<PathBuf> {
    let data = match std::env::var_os("FREEHOLD_DATA") {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data"),
    };
    let folder = data.join(company);
    if folder.is_dir() {
        return Some(folder);
    }
    // Written past the harness, which keeps what a passing test prints to itself.
    let said = format!("SKIPPED: no {company} data at {}; FREEHOLD_DATA names its parent\n", folder.display());
    std::io::stderr().write_all(said.as_bytes()).expect("an open standard error");
    None
}

/// Makes the tables and fills those whose file's name is chosen. A file is named `Schema.Table.csv` or `Table.csv`.
pub async fn load(url: &str, ddl: &'static str, folder: &Path, chosen: impl Fn(&str) -> bool) {
    let mut connection = PgConnection::connect(url).await.expect("a private database");
    sqlx::raw_sql(AssertSqlSafe(ddl)).execute(&mut connection).await.expect("the tables");
    for entry in fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("an entry").path();
        let Some(table) = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".csv")) else { continue };
        if chosen(table) && exists(&mut connection, table).await {
            copy(&mut connection, table, &path).await;
        }
    }
    sqlx::query("analyze").execute(&mut connection).await.expect("the planner may learn");
    connection.close().await.expect("an idle connection closes");
}

/// Runs a statement as someone who may write.
pub async fn run(url: &str, statement: &'static str) {
    let mut connection = PgConnection::connect(url).await.expect("a private database");
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await.expect("a statement of these tests");
}

async fn exists(connection: &mut PgConnection, table: &str) -> bool {
    let asked = sqlx::query_scalar("select to_regclass(lower($1)) is not null").bind(table);
    asked.fetch_one(connection).await.expect("the catalogue answers")
}

async fn copy(connection: &mut PgConnection, table: &str, path: &Path) {
    // The files write the empty text as a zero byte, because a field without anything is null.
    let bytes = fs::read(path).expect("a readable file");
    let bytes = bytes.split(|byte| *byte == 0).collect::<Vec<_>>().join(&b"\"\""[..]);
    let header = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let header = std::str::from_utf8(header).expect("names of columns").trim().to_lowercase();
    let columns: Vec<String> = header.split(',').map(|column| format!("\"{column}\"")).collect();
    let statement =
        format!("copy {} ({}) from stdin with (format csv, header)", table.to_lowercase(), columns.join(", "));
    let mut copying = connection.copy_in_raw(&statement).await.expect("the file's columns are the table's");
    copying.send(bytes).await.expect("the server takes rows");
    copying.finish().await.unwrap_or_else(|error| panic!("{table}: {error}"));
}
