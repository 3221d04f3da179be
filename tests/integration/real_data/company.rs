//! A company under test: an engine over its systems, and a database with all of its tables to ask what is true.

use freehold::settings::EngineSettings;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::common::engine::Freehold;

/// Where a company's databases are; made once, used by all tests of the process.
pub struct Databases {
    /// `ERP_URL` and the like, with their URLs.
    pub systems: Vec<(&'static str, String)>,
    /// The database that holds every table.
    pub truth: String,
}

/// An engine over a company's systems, and the truth beside it.
pub struct Company {
    freehold: Freehold,
    truth: String,
}

impl Company {
    pub fn open(contract: &str, databases: &Databases) -> Self {
        let urls: Vec<(&str, &str)> = databases.systems.iter().map(|(name, url)| (*name, url.as_str())).collect();
        let freehold = Freehold::start(contract, &urls, EngineSettings::default());
        Self { freehold, truth: databases.truth.clone() }
    }

    /// Asks Freehold; errors fail the test.
    pub async fn data(&self, query: &str, variables: Value) -> Value {
        self.freehold.data(query, variables).await
    }

    /// Asks Freehold, and returns data and errors.
    pub async fn answer(&self, query: &str, variables: Value) -> Value {
        self.freehold.answer(query, variables).await
    }

    /// Asks the truth for rows, each a JSON object of its columns.
    pub async fn rows(&self, sql: &str) -> Value {
        let mut connection = PgConnection::connect(&self.truth).await.expect("the truth is up");
        // An aggregate keeps the order of the rows it is given.
        let wrapped = format!("select coalesce(json_agg(to_json(row)), '[]')::text from ({sql}) as row");
        let asked = sqlx::query_scalar::<_, String>(AssertSqlSafe(wrapped)).fetch_one(&mut connection).await;
        let text = asked.unwrap_or_else(|error| panic!("{error}: {sql}"));
        serde_json::from_str(&text).expect("PostgreSQL writes JSON")
    }

    /// Pages through the connection that the query answers as `page`, forward by `$n` and `$after` or backward by `$n`
    /// and `$before`. Returns all nodes in the list's order and the number of pages.
    pub async fn pages(&self, query: &str, n_rows: usize) -> (Value, usize) {
        let backward = query.contains("$before");
        let (mut nodes, mut n_pages, mut place) = (Vec::new(), 0, Value::Null);
        loop {
            let name = if backward { "before" } else { "after" };
            let mut page = self.data(query, json!({"n": n_rows, name: place})).await["page"].take();
            let Value::Array(page_nodes) = page["nodes"].take() else { panic!("{query}: a page has nodes") };
            let (more, other) = match backward {
                true => ("hasPreviousPage", "hasNextPage"),
                false => ("hasNextPage", "hasPreviousPage"),
            };
            let more = page["pageInfo"][more] == true;
            assert_eq!(page["pageInfo"][other], n_pages > 0, "{query}: page {n_pages}");
            assert!(page_nodes.len() == n_rows || !more, "{query}: a page with others beyond is full");
            let at = if backward { 0 } else { nodes.len() };
            nodes.splice(at..at, page_nodes);
            n_pages += 1;
            if !more {
                return (nodes.into(), n_pages);
            }
            place = page["pageInfo"][if backward { "startCursor" } else { "endCursor" }].take();
        }
    }
}

/// Fails with the first rows that differ; both are lists.
pub fn assert_rows(answered: &Value, expected: &Value) {
    let (Value::Array(answered), Value::Array(expected)) = (answered, expected) else { panic!("two lists of rows") };
    for (number, (answered, expected)) in answered.iter().zip(expected).enumerate() {
        assert_eq!(answered, expected, "row {number}");
    }
    assert_eq!(answered.len(), expected.len(), "number of rows");
    assert!(!expected.is_empty(), "a comparison of nothing shows nothing");
}
