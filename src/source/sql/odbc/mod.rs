//! ODBC: asks groups and lists of whatever has a driver, each connection on a thread of its own, one statement each as far
//! as the system takes that many parameters.
//!
//! Reading order: `session` (a connection on its thread), `encode`, `decode`, `failure`. The SQL is written by the dialect
//! that the system file names.

mod decode;
mod encode;
mod failure;
mod session;

use std::{sync::Arc, time::Instant};

use tokio::sync::Semaphore;

use self::{
    decode::Answer,
    session::{Address, Session},
};
use super::{
    described::{self, Described},
    failure::Failure,
    kind::{Kind, LearnedGroup, LearnedList, Statement},
    positional::{self, Binding, KeyQuery, ListQuery},
    question::{group_templates, list_template},
    template::Template,
};
use crate::{
    contract::{Dialect, Group, List, System, SystemKind},
    fetch::Cell,
    source::answer::Rows,
};

/// How an ODBC system is reached.
pub struct Odbc {
    address: Arc<Address>,
    threads: Arc<Semaphore>,
}

impl Odbc {
    fn dialect(&self) -> &Dialect {
        &self.address.dialect
    }

    /// Asks the driver what it knows of a query.
    async fn describe(
        &self,
        session: &Session,
        template: &Template,
        n_keys: Option<usize>,
    ) -> Result<Described, Failure> {
        let sql = positional::probe(template, self.dialect(), n_keys);
        if !reads(&sql) {
            return Err(Failure::bad_request("a query begins with `select` or `with`"));
        }
        session.ask(move |worker| worker.learn(&sql)).await
    }
}

/// Whether a statement begins like one that reads. Drivers have no session that only reads; what is rolled back should not
/// even be tried.
fn reads(sql: &str) -> bool {
    let mut rest = sql.trim_start_matches(|c: char| c.is_whitespace() || c == '(');
    while let Some(comment) = rest.strip_prefix("--") {
        rest = comment.split_once('\n').map_or("", |(_, rest)| rest).trim_start();
    }
    while let Some(comment) = rest.strip_prefix("/*") {
        rest = comment.split_once("*/").map_or("", |(_, rest)| rest).trim_start();
    }
    let word: String = rest.chars().take_while(char::is_ascii_alphabetic).collect();
    ["select", "with", "values"].iter().any(|reading| word.eq_ignore_ascii_case(reading))
}

impl Kind for Odbc {
    type Connection = Session;
    type Binding = Binding;
    type Answer = Answer;
    type KeyQuery = KeyQuery;
    type ListQuery = ListQuery;

    const FIRST_PARENT: usize = 0;

    fn new(system: &System) -> Result<Self, String> {
        let SystemKind::Odbc { url, dialect } = &system.kind else {
            return Err(format!("the system is of kind {}", system.kind.word()));
        };
        let (string, dialect) = (url.reveal().to_owned(), (**dialect).clone());
        Ok(Self {
            address: Arc::new(Address { string, timeout: system.timeout, dialect }),
            threads: Arc::new(Semaphore::new(system.connections_max.max(1) as usize)),
        })
    }

    async fn connect(&self) -> Result<Session, Failure> {
        Session::open(Arc::clone(&self.address), Arc::clone(&self.threads)).await
    }

    async fn is_alive(&self, session: &mut Session) -> bool {
        session.deadline = Instant::now() + self.address.timeout;
        matches!(session.ask(|worker| Ok(!worker.is_dead())).await, Ok(true))
    }

    async fn probe(&self, session: &mut Session) -> Result<(), Failure> {
        let sql = format!("select 1 as n{}", self.dialect().from_nothing);
        self.run(session, Statement { sql, bindings: Vec::new() }).await.map(|_| ())
    }

    async fn limit(&self, session: &mut Session, deadline: Instant) -> Result<(), Failure> {
        session.deadline = deadline;
        Ok(())
    }

    async fn learn_group(&self, session: &mut Session, group: &Group) -> Result<LearnedGroup<KeyQuery>, Failure> {
        let mut learned = LearnedGroup { queries: Vec::new(), columns: None };
        for template in group_templates(group)? {
            let described = self.describe(session, &template, Some(group.key_columns.len())).await?;
            described::learn_query(&mut learned, group, template, self.dialect(), described);
        }
        Ok(learned)
    }

    async fn learn_list(&self, session: &mut Session, list: &List) -> Result<LearnedList<ListQuery>, Failure> {
        let template = list_template(list)?;
        let described = self.describe(session, &template, None).await?;
        described::learn_list(list, template, self.dialect(), described)
    }

    async fn begin(&self, session: &mut Session) -> Result<(), Failure> {
        session.ask(session::Worker::begin).await
    }

    async fn end(&self, session: &mut Session) -> Result<(), Failure> {
        session.ask(session::Worker::end).await
    }

    async fn run(&self, session: &mut Session, statement: Statement<Binding>) -> Result<Answer, Failure> {
        let limit = session.deadline.saturating_duration_since(Instant::now());
        let answer = session.ask(move |worker| worker.run(&statement, limit)).await?;
        answer.ok_or_else(|| Failure::bad_request("the statement gives no rows"))
    }

    fn columns(answer: &Answer) -> Option<Vec<String>> {
        Some(answer.columns.iter().map(|column| column.name.clone()).collect())
    }

    fn cells(answer: &Answer) -> Rows<'_> {
        decode::cells(answer)
    }

    fn cursor_text(cell: &Cell<'_>) -> Option<String> {
        positional::cursor_text(cell)
    }
}
