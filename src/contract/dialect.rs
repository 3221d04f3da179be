//! The dialect: what one make of SQL system writes differently from the next, as data.
//!
//! In: a preset's word, or a table that changes some parts of a preset. Out: what the SQL is written by. A make that has no
//! preset is described in its system file.

use super::reader::{Entry, Reader, Text};

/// How a make of SQL system writes what the standard leaves open or came too late for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dialect {
    /// What stands around a name that is to be taken as it is.
    pub quotes: [char; 2],
    /// How an answer is bounded.
    pub paging: SqlPaging,
    /// Whether `order by` takes `nulls last`.
    pub nulls_last: bool,
    /// Whether a row may stand before `in`: `(a, b) in ((1, 2), (3, 4))`.
    pub row_values: bool,
    /// How many parameters a statement takes.
    pub parameters_max: usize,
    /// How many values one `in (…)` takes.
    pub values_max: usize,
    /// What a select of nothing needs behind it, such as ` from dual`.
    pub from_nothing: String,
    /// Statements that a connection begins with; `{timeout_ms}` and `{timeout_s}` stand for the system's timeout.
    pub session: Vec<String>,
    /// Statements that begin a transaction which sees one state of the database until it ends.
    pub snapshot: Vec<String>,
}

/// How an answer is bounded to its first rows. Paging by keys never skips rows, so no system's `offset` is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SqlPaging {
    /// `select … limit 21`
    Limit,
    /// `select … fetch first 21 rows only`
    FetchFirst,
    /// `select top (21) …`
    Top,
    /// `select … where rownum <= 21`, around the ordered rows.
    RowNum,
}

/// The words of the presets.
const PRESETS: &str = "\"sqlserver\", \"oracle\", \"db2\", \"postgres\", \"sqlite\" or \"ansi\"";
const KEYS: &[&str] = &[
    "preset",
    "quotes",
    "paging",
    "nulls_last",
    "row_values",
    "parameters_max",
    "values_max",
    "from_nothing",
    "session",
    "snapshot",
];

impl Dialect {
    /// The standard, and little of it.
    pub fn ansi() -> Self {
        Self {
            quotes: ['"', '"'],
            paging: SqlPaging::FetchFirst,
            nulls_last: false,
            row_values: false,
            parameters_max: 500,
            values_max: 500,
            from_nothing: String::new(),
            session: Vec::new(),
            snapshot: vec!["set transaction isolation level serializable".to_owned()],
        }
    }

    /// SQL Server, whose snapshots the database must allow: `alter database … set allow_snapshot_isolation on`.
    pub fn sql_server() -> Self {
        Self {
            quotes: ['[', ']'],
            paging: SqlPaging::Top,
            // It takes 2,100, of which the driver uses some itself.
            parameters_max: 2_000,
            values_max: 2_000,
            session: vec!["set lock_timeout {timeout_ms}".to_owned()],
            snapshot: vec!["set transaction isolation level snapshot".to_owned()],
            ..Self::ansi()
        }
    }

    /// Oracle from version 12; for older ones, `paging = "rownum"`.
    pub fn oracle() -> Self {
        Self {
            nulls_last: true,
            row_values: true,
            parameters_max: 32_000,
            // More are ORA-01795.
            values_max: 1_000,
            from_nothing: " from dual".to_owned(),
            snapshot: vec!["set transaction read only".to_owned()],
            ..Self::ansi()
        }
    }

    /// Db2 for Linux, UNIX and Windows.
    pub fn db2() -> Self {
        Self {
            nulls_last: true,
            row_values: true,
            parameters_max: 32_000,
            values_max: 32_000,
            from_nothing: " from sysibm.sysdummy1".to_owned(),
            session: vec!["set current lock timeout {timeout_s}".to_owned()],
            snapshot: vec!["set current isolation = rr".to_owned()],
            ..Self::ansi()
        }
    }

    /// PostgreSQL.
    pub fn postgres() -> Self {
        Self {
            paging: SqlPaging::Limit,
            nulls_last: true,
            row_values: true,
            parameters_max: 32_000,
            values_max: 32_000,
            session: vec![
                "set default_transaction_read_only = on".to_owned(),
                "set statement_timeout = {timeout_ms}".to_owned(),
            ],
            snapshot: vec!["set transaction isolation level repeatable read, read only".to_owned()],
            ..Self::ansi()
        }
    }

    /// SQLite, where any transaction sees one state.
    pub fn sqlite() -> Self {
        Self {
            paging: SqlPaging::Limit,
            nulls_last: true,
            row_values: true,
            parameters_max: 30_000,
            values_max: 30_000,
            session: vec!["pragma query_only = on".to_owned()],
            snapshot: Vec::new(),
            ..Self::ansi()
        }
    }

    /// MySQL and MariaDB.
    pub fn mysql() -> Self {
        Self {
            quotes: ['`', '`'],
            paging: SqlPaging::Limit,
            row_values: true,
            parameters_max: 65_000,
            values_max: 65_000,
            from_nothing: " from dual".to_owned(),
            ..Self::ansi()
        }
    }

    fn preset(word: &str) -> Option<Self> {
        Some(match word {
            "sqlserver" => Self::sql_server(),
            "oracle" => Self::oracle(),
            "db2" => Self::db2(),
            "postgres" => Self::postgres(),
            "sqlite" => Self::sqlite(),
            "ansi" => Self::ansi(),
            _ => return None,
        })
    }

    /// Reads a dialect: a preset's word, or a table of what is different from one.
    pub(super) fn read(entry: Entry<'_, '_>, reader: &mut Reader<'_>) -> Option<Self> {
        if !matches!(entry.1.get_ref(), toml::de::DeValue::Table(_)) {
            let word = reader.text(entry)?;
            return known(Self::preset(&word.text), "dialect", &word, PRESETS, reader);
        }
        let table = reader.table(entry)?;
        let preset = table.iter().find(|entry| entry.0.get_ref() == "preset");
        let mut dialect = match preset {
            Some(entry) => {
                let word = reader.text(entry)?;
                known(Self::preset(&word.text), "dialect", &word, PRESETS, reader)?
            }
            None => Self::ansi(),
        };
        for entry in table.iter() {
            match entry.0.get_ref().as_ref() {
                "preset" => {}
                "quotes" => {
                    let text = reader.text(entry)?;
                    let mut characters = text.text.chars();
                    let pair = characters.next().zip(characters.next()).filter(|_| characters.next().is_none());
                    let pair = pair.map(|(open, close)| [open, close]);
                    dialect.quotes = known(pair, "pair of quotes", &text, "two characters, such as \"[]\"", reader)?;
                }
                "paging" => {
                    let text = reader.text(entry)?;
                    let expected = "\"limit\", \"fetch_first\", \"top\" or \"rownum\"";
                    dialect.paging = known(paging(&text.text), "paging clause", &text, expected, reader)?;
                }
                "nulls_last" => dialect.nulls_last = reader.boolean(entry)?,
                "row_values" => dialect.row_values = reader.boolean(entry)?,
                "parameters_max" => dialect.parameters_max = number(entry, reader)?,
                "values_max" => dialect.values_max = number(entry, reader)?,
                "from_nothing" => dialect.from_nothing = format!(" {}", reader.text(entry)?.text.trim()),
                "session" => dialect.session = statements(entry, reader),
                "snapshot" => dialect.snapshot = statements(entry, reader),
                _ => reader.unknown_key(entry.0, "a dialect", KEYS),
            }
        }
        Some(dialect)
    }
}

fn paging(word: &str) -> Option<SqlPaging> {
    Some(match word {
        "limit" => SqlPaging::Limit,
        "fetch_first" => SqlPaging::FetchFirst,
        "top" => SqlPaging::Top,
        "rownum" => SqlPaging::RowNum,
        _ => return None,
    })
}

fn number(entry: Entry<'_, '_>, reader: &mut Reader<'_>) -> Option<usize> {
    reader.number(entry, 10, 100_000).and_then(|number| usize::try_from(number).ok())
}

fn statements(entry: Entry<'_, '_>, reader: &mut Reader<'_>) -> Vec<String> {
    reader.texts(entry).unwrap_or_default().into_iter().map(|text| text.text).collect()
}

/// Reports a word that is none of those expected.
fn known<T>(found: Option<T>, what: &str, text: &Text, expected: &str, reader: &mut Reader<'_>) -> Option<T> {
    if found.is_none() {
        let message = format!("there is no {what} `{}`", text.text);
        reader.findings.fault("DIALECT_UNKNOWN", text.place, message, format!("write {expected}"));
    }
    found
}
