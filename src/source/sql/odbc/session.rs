//! The session: an ODBC connection on a thread of its own, because a driver blocks whoever calls it.
//!
//! In: work to be done with the connection, and until when it is waited for. Out: what came of it. There are never more
//! threads than the system may have connections: one whose driver does not come back keeps its place until it does.

use std::{
    sync::{Arc, mpsc},
    time::{Duration, Instant},
};

use odbc_api::{Connection, ConnectionOptions, Cursor, Error, Nullable, ResultSetMetadata, environment};
use tokio::sync::{Semaphore, oneshot};

use super::{
    super::{
        described::Described,
        failure::Failure,
        kind::Statement,
        positional::{Binding, Typed},
    },
    decode::{Answer, Column, Form, Value},
    encode, failure,
};
use crate::{contract::Dialect, fetch::FetchErrorKind};

/// What a connection is made with.
pub struct Address {
    /// The connection string.
    pub string: String,
    /// The system's timeout.
    pub timeout: Duration,
    /// How its SQL is written.
    pub dialect: Dialect,
}

type Work = Box<dyn FnOnce(&mut Worker) + Send>;

/// A connection on its thread. Dropped, the thread closes the connection and ends.
pub struct Session {
    work: mpsc::Sender<Work>,
    /// When the question at hand must be answered.
    pub deadline: Instant,
}

impl Session {
    /// Starts a thread and connects.
    pub async fn open(address: Arc<Address>, threads: Arc<Semaphore>) -> Result<Self, Failure> {
        let deadline = Instant::now() + address.timeout;
        let closed = |_| unavailable("the connections are closed");
        let permit = threads.acquire_owned().await.map_err(closed)?;
        let (work, works) = mpsc::channel::<Work>();
        let (connected, connection) = oneshot::channel();
        let run = move || {
            let mut worker = match Worker::connect(&address) {
                Ok(worker) => worker,
                Err(failure) => {
                    drop(permit);
                    // Whoever has stopped waiting needs no answer.
                    let _ = connected.send(Err(failure));
                    return;
                }
            };
            let _ = connected.send(Ok(()));
            for work in works {
                work(&mut worker);
            }
            drop(worker);
            drop(permit);
        };
        let spawned = std::thread::Builder::new().name("odbc".to_owned()).spawn(run);
        spawned.map_err(|error| unavailable(&format!("no thread: {error}")))?;
        connection.await.map_err(|_| unavailable("the driver broke off"))??;
        Ok(Self { work, deadline })
    }

    /// Has work done on the thread, and waits for it until the deadline.
    pub async fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Worker) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Failure> {
        let (done, answer) = oneshot::channel();
        let work: Work = Box::new(move |worker| {
            let result = work(worker).map_err(|error| failure::of(&error, worker.is_dead()));
            let _ = done.send(result);
        });
        self.work.send(work).map_err(|_| gone())?;
        match tokio::time::timeout_at(self.deadline.into(), answer).await {
            Ok(answered) => answered.unwrap_or_else(|_| Err(gone())),
            Err(_) => {
                let detail = "no answer in time".to_owned();
                Err(Failure { kind: FetchErrorKind::Timeout, detail, remedy: None })
            }
        }
    }
}

fn unavailable(detail: &str) -> Failure {
    Failure { kind: FetchErrorKind::Unavailable, detail: detail.to_owned(), remedy: None }
}

/// The thread ended on its own: the driver made it panic.
fn gone() -> Failure {
    unavailable("the driver broke off")
}

/// What the thread works with.
pub struct Worker {
    connection: Connection<'static>,
    snapshot: Vec<String>,
    in_snapshot: bool,
    /// Whether the driver takes a time limit.
    takes_limit: bool,
}

impl Worker {
    fn connect(address: &Address) -> Result<Self, Failure> {
        // Whatever is wrong on the way in, a driver that is not installed or a session it refuses, nobody asked amiss.
        let failed = |error: Error| {
            let failure = failure::of(&error, false);
            let is_amiss = failure.kind == FetchErrorKind::BadRequest;
            Failure { kind: if is_amiss { FetchErrorKind::Unavailable } else { failure.kind }, ..failure }
        };
        let seconds = u32::try_from(address.timeout.as_secs().max(1)).unwrap_or(u32::MAX);
        let options = ConnectionOptions { login_timeout_sec: Some(seconds), ..ConnectionOptions::default() };
        let environment = environment().map_err(failed)?;
        let connection = environment.connect_with_connection_string(&address.string, options).map_err(failed)?;
        for statement in &address.dialect.session {
            let statement = (statement.replace("{timeout_ms}", &address.timeout.as_millis().max(1).to_string()))
                .replace("{timeout_s}", &seconds.to_string());
            connection.execute(&statement, (), None).map_err(failed)?;
        }
        // Every question runs in a transaction that is rolled back: what should slip through writes nothing.
        connection.set_autocommit(false).map_err(failed)?;
        let snapshot = address.dialect.snapshot.clone();
        Ok(Self { connection, snapshot, in_snapshot: false, takes_limit: true })
    }

    /// Whether the connection is gone.
    pub fn is_dead(&self) -> bool {
        self.connection.is_dead().unwrap_or(false)
    }

    /// Begins a transaction that sees one state.
    pub fn begin(&mut self) -> Result<(), Error> {
        for statement in &self.snapshot {
            self.connection.execute(statement, (), None)?;
        }
        self.in_snapshot = true;
        Ok(())
    }

    /// Ends the transaction.
    pub fn end(&mut self) -> Result<(), Error> {
        self.in_snapshot = false;
        self.connection.rollback()
    }

    /// Prepares a statement and returns what the driver says of its columns and of its parameters, as far as it does.
    pub fn learn(&mut self, sql: &str) -> Result<Described, Error> {
        let mut prepared = self.connection.prepare(sql)?;
        let mut columns = Vec::new();
        for number in 1..=u16::try_from(prepared.num_result_cols()?).unwrap_or(0) {
            let data_type = prepared.col_data_type(number)?;
            columns.push((prepared.col_name(number)?, Typed::of(encode::fit(&data_type))));
        }
        let n_parameters = prepared.num_params().unwrap_or(0);
        let described = (1..=n_parameters).map(|number| prepared.describe_param(number).ok());
        let parameters = described.map(|one| one.map(|ty| encode::fit(&ty.data_type))).collect();
        drop(prepared);
        self.connection.rollback()?;
        Ok(Described { columns, parameters })
    }

    /// Runs a statement and reads all its rows; `None` where it has none to give.
    pub fn run(&mut self, statement: &Statement<Binding>, limit: Duration) -> Result<Option<Answer>, Error> {
        let parameters = encode::parameters(&statement.bindings);
        let seconds = usize::try_from(limit.as_secs() + 1).ok().filter(|_| self.takes_limit);
        let mut handle = self.connection.preallocate()?;
        if let Some(seconds) = seconds
            && handle.set_query_timeout_sec(seconds).is_err()
        {
            self.takes_limit = false;
        }
        let answer = match handle.execute(&statement.sql, parameters.as_slice())? {
            Some(mut cursor) => Some(read(&mut cursor)?),
            None => None,
        };
        // An open statement would keep the transaction open.
        drop(handle);
        if !self.in_snapshot {
            self.connection.rollback()?;
        }
        Ok(answer)
    }
}

fn read(cursor: &mut impl Cursor) -> Result<Answer, Error> {
    let mut columns = Vec::new();
    for number in 1..=u16::try_from(cursor.num_result_cols()?).unwrap_or(0) {
        let form = Form::of(&cursor.col_data_type(number)?);
        columns.push(Column { name: cursor.col_name(number)?, form });
    }
    let mut rows = Vec::new();
    let mut text = Vec::with_capacity(256);
    while let Some(mut row) = cursor.next_row()? {
        let mut values = Vec::with_capacity(columns.len());
        for (number, column) in (1..).zip(&columns) {
            values.push(match column.form {
                Form::Double => {
                    let mut value = Nullable::<f64>::null();
                    row.get_data(number, &mut value)?;
                    value.into_opt().map_or(Value::Null, Value::Double)
                }
                Form::Single => {
                    let mut value = Nullable::<f32>::null();
                    row.get_data(number, &mut value)?;
                    // By way of the shortest text, so that 1.1 stays 1.1 when it becomes a double.
                    let double = value.into_opt().map(|value| value.to_string().parse());
                    double.map_or(Value::Null, |double| double.map_or(Value::Unreadable, Value::Double))
                }
                Form::Bytes => {
                    let mut bytes = Vec::new();
                    if row.get_binary(number, &mut bytes)? { Value::Unreadable } else { Value::Null }
                }
                // Read in pieces until it is whole, however long it is.
                _ => match row.get_wide_text(number, &mut text)? {
                    true => String::from_utf16(&text).map_or(Value::Unreadable, Value::Text),
                    false => Value::Null,
                },
            });
        }
        rows.push(values);
    }
    Ok(Answer { columns, rows })
}
