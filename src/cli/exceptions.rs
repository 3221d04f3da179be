//! `freehold exceptions`: what the ledger holds, for an operator.

use std::time::Duration;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use crate::{
    ledger::{Exception, ExceptionFilter, Page, Severity, State, Store},
    value::{duration_text, parse_duration},
};

use super::{
    exit::{Exit, failed},
    flags::LedgerFlag,
    terminal::show,
};

const AFTER_HELP: &str = "\
Examples:
  freehold exceptions --ledger sqlite:ledger.db --open
  freehold exceptions --open --severity blocking --account K-1000
  freehold exceptions --code CREDIT_HOLD --since 7d --json | jq '.[].entity.key'

The last seen come first. Nothing is changed, and a ledger is not made where there is none.";

/// Print the exceptions that the ledger holds
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Exceptions {
    #[command(flatten)]
    ledger: LedgerFlag,
    /// Only those that hold, as far as is known
    #[arg(long)]
    open: bool,
    /// Only those that do not
    #[arg(long, conflicts_with = "open")]
    resolved: bool,
    /// Only those with this code; may be repeated
    #[arg(long, value_name = "CODE")]
    code: Vec<String>,
    /// Only those this bad; may be repeated
    #[arg(long, value_name = "SEVERITY")]
    severity: Vec<SeverityFlag>,
    /// Only those that concern this account; may be repeated
    #[arg(long, value_name = "ACCOUNT")]
    account: Vec<String>,
    /// Only those of this system
    #[arg(long, value_name = "SYSTEM")]
    system: Option<String>,
    /// Only those about entities of this type
    #[arg(long = "type", value_name = "TYPE")]
    entity_type: Option<String>,
    /// Only those about the entity with this key
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// Only those seen within this time, as 12h or 7d
    #[arg(long, value_name = "TIME", value_parser = span)]
    since: Option<Duration>,
    /// How many at most
    #[arg(long, value_name = "N", default_value_t = 100)]
    limit: usize,
    /// For machines, with the evidence
    #[arg(long)]
    json: bool,
}

/// How bad exceptions are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum SeverityFlag {
    /// They stop an order
    Blocking,
    /// Somebody should look
    Warning,
    /// Good to know
    Info,
}

impl Exceptions {
    /// Runs the command.
    pub(super) fn run(self) -> Exit {
        let address = match self.ledger.address() {
            Ok(Some(address)) => address,
            Ok(None) => {
                eprintln!("freehold: no ledger: name one with --ledger or FREEHOLD_LEDGER");
                return Exit::Misused;
            }
            Err(exit) => return exit,
        };
        let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => return failed("start the runtime", &error),
        };
        let now_ms = jiff::Timestamp::now().as_millisecond();
        let read = runtime.block_on(async {
            let store = Store::read_only(address);
            let filter = self.filter(now_ms);
            let (mut found, mut page) = (Vec::new(), Page::first(self.limit));
            while found.len() < self.limit {
                page.rows = self.limit - found.len();
                let paged = store.exceptions(&filter, &page).await?;
                found.extend(paged.rows);
                page.after = paged.next;
                if page.after.is_none() {
                    break;
                }
            }
            Ok::<_, crate::ledger::LedgerError>((found, store.exceptions_count(&filter).await?))
        });
        match read {
            Ok((found, _)) if self.json => show(&format!("{:#}\n", Value::Array(found.iter().map(as_json).collect()))),
            Ok((found, count)) => {
                let n = if count.is_more { format!("more than {}", count.n) } else { count.n.to_string() };
                show(&format!("{}{} of {n} exceptions\n", table(&found, now_ms), found.len()));
            }
            Err(error) => return failed("list the exceptions", &error),
        }
        Exit::Done
    }

    fn filter(&self, now_ms: i64) -> ExceptionFilter {
        let severity = |severity: &SeverityFlag| match severity {
            SeverityFlag::Blocking => Severity::Blocking,
            SeverityFlag::Warning => Severity::Warning,
            SeverityFlag::Info => Severity::Info,
        };
        ExceptionFilter {
            codes: self.code.clone(),
            severities: self.severity.iter().map(severity).collect(),
            entity_type: self.entity_type.clone(),
            entity_key: self.key.clone(),
            accounts: (!self.account.is_empty()).then(|| self.account.clone()),
            system: self.system.clone(),
            state: match (self.open, self.resolved) {
                (true, _) => State::Open,
                (_, true) => State::Resolved,
                _ => State::Any,
            },
            since_ms: self.since.map(|since| now_ms - i64::try_from(since.as_millis()).unwrap_or(now_ms)),
        }
    }
}

/// Reads a span such as `12h` or `7d`.
fn span(text: &str) -> Result<Duration, String> {
    parse_duration(text).ok_or_else(|| "write a time such as 12h or 7d".to_owned())
}

const HEAD: [&str; 9] = ["code", "severity", "entity", "account", "system", "seen", "times", "state", "message"];

/// Prints exceptions as a table with as much room for each column as it needs.
fn table(exceptions: &[Exception], now_ms: i64) -> String {
    let rows: Vec<[String; 9]> = exceptions.iter().map(|exception| cells(exception, now_ms)).collect();
    let head = HEAD.map(str::to_owned);
    let mut widths = [0; 9];
    for row in rows.iter().chain([&head]) {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    for row in [&head].into_iter().chain(&rows) {
        let cells: Vec<String> = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        text += cells.join("  ").trim_end();
        text.push('\n');
    }
    text
}

fn cells(exception: &Exception, now_ms: i64) -> [String; 9] {
    let or_nothing = |text: &Option<String>| printed(text.as_deref().unwrap_or_default());
    let line = exception.line.as_ref().map(|line| format!(" line {line}")).unwrap_or_default();
    let state = match (exception.resolved_at_ms, exception.n_reopened) {
        (Some(_), _) => "resolved".to_owned(),
        (None, 0) => "open".to_owned(),
        (None, n) => format!("open, again ({n})"),
    };
    [
        printed(&exception.code),
        exception.severity.word().to_lowercase(),
        printed(&format!("{} {}{line}", exception.entity.type_name, exception.entity.key)),
        or_nothing(&exception.account),
        or_nothing(&exception.system),
        format!("{} ago", age(now_ms - exception.last_seen_ms)),
        exception.n_seen.to_string(),
        state,
        printed(&exception.message),
    ]
}

/// What comes from systems must not steer a terminal.
fn printed(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Prints an age in its largest unit.
fn age(ms: i64) -> String {
    let seconds = ms.max(0).unsigned_abs() / 1000;
    let unit = [86_400, 3_600, 60].into_iter().find(|unit| seconds >= *unit).unwrap_or(1);
    duration_text(Duration::from_secs(seconds / unit * unit))
}

fn as_json(exception: &Exception) -> Value {
    let time = |at_ms: i64| jiff::Timestamp::from_millisecond(at_ms).map(|at| at.to_string()).unwrap_or_default();
    let evidence = exception.evidence.as_deref().map(|text| serde_json::from_str(text).unwrap_or(Value::Null));
    json!({
        "id": exception.id,
        "code": exception.code,
        "severity": exception.severity.word(),
        "rule": exception.rule,
        "domain": exception.domain,
        "entity": { "type": exception.entity.type_name, "key": exception.entity.key },
        "account": exception.account,
        "system": exception.system,
        "line": exception.line,
        "message": exception.message,
        "evidence": evidence,
        "firstSeen": time(exception.first_seen_ms),
        "lastSeen": time(exception.last_seen_ms),
        "count": exception.n_seen,
        "reopened": exception.n_reopened,
        "resolvedAt": exception.resolved_at_ms.map(time),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_has_one_unit() {
        for (ms, text) in [(-5, "0s"), (59_999, "59s"), (3_599_000, "59m"), (90_000_000, "24h"), (200_000_000, "2d")] {
            assert_eq!(age(ms), text, "{ms}");
        }
    }

    #[test]
    fn what_systems_say_does_not_steer_the_terminal() {
        assert_eq!(printed("a\x1b[31mb\nc"), "a [31mb c");
    }
}
