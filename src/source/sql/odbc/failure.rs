//! ODBC's errors in our words. Pure.
//!
//! In: a driver's SQLSTATE, its own number and its message. Out: their kind and what the operator needs. The states are the
//! standard's; where a driver has no better one than "general error", its number decides.

use odbc_api::Error;

use super::super::failure::{Failure, Remedy};
use crate::fetch::FetchErrorKind;

/// Says why a question has no answer; `is_dead` when the connection is gone.
pub fn of(error: &Error, is_dead: bool) -> Failure {
    let (kind, detail, remedy) = match error {
        Error::Diagnostics { record, .. } => {
            let state = record.state.as_str();
            let words = record.message.iter().map(|unit| u32::from(*unit)).collect::<Vec<_>>();
            let message: String = words.into_iter().filter_map(char::from_u32).collect();
            (
                kind_of(state, record.native_error),
                format!("{state} {}: {message}", record.native_error),
                remedy(state, record.native_error),
            )
        }
        other => (FetchErrorKind::Unavailable, other.to_string(), None),
    };
    let kind = if is_dead { FetchErrorKind::Unavailable } else { kind };
    Failure { kind, detail, remedy: if is_dead { Some(Remedy::Reconnect) } else { remedy } }
}

fn kind_of(state: &str, number: i32) -> FetchErrorKind {
    // SQL Server: no right to select, on a column, on the server, in the database; the login failed, or on this database.
    // Oracle: insufficient privileges, a wrong password, an account that is locked or expired. Db2: no privilege.
    if matches!(number, 229 | 230 | 297 | 300 | 916 | 18456 | 4060 | 1031 | 1017 | 28000 | 28001 | -551 | -552) {
        return FetchErrorKind::Denied;
    }
    match state {
        // Query timeout, cancelled; PostgreSQL's own.
        "HYT00" | "HY008" | "S1T00" | "57014" => FetchErrorKind::Timeout,
        "42501" => FetchErrorKind::Denied,
        // The login ran out of time, memory, the driver broke off, and what has no state of its own about connections.
        "HYT01" | "HY001" | "HY117" => FetchErrorKind::Unavailable,
        _ => match state.get(..2).unwrap_or_default() {
            "28" => FetchErrorKind::Denied,
            "21" | "22" => FetchErrorKind::ContractViolation,
            // Connections, rollbacks and deadlocks, resources, locks, shutdown, files, the server's own faults; a driver or
            // a data source that is not installed; a database that is not there.
            "08" | "40" | "53" | "55" | "57" | "58" | "XX" | "IM" | "3D" => FetchErrorKind::Unavailable,
            _ => FetchErrorKind::BadRequest,
        },
    }
}

fn remedy(state: &str, number: i32) -> Option<Remedy> {
    if state.starts_with("08") || matches!(state, "57P01" | "57P02" | "57P03" | "25P03" | "57P05") {
        return Some(Remedy::Reconnect);
    }
    // A text that is no number or date: one value spoils the list. SQL Server's, Oracle's and Db2's own numbers.
    let is_misfit = matches!(state, "22018" | "22007" | "22008" | "22003" | "22P02")
        || matches!(number, 241 | 245 | 8114 | 1722 | 1841 | 1858 | 1861 | -420);
    is_misfit.then_some(Remedy::AskApart)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_has_its_kind() {
        use FetchErrorKind::*;
        for (state, number, kind) in [
            ("HYT00", 0, Timeout),
            ("28000", 18456, Denied),
            ("42000", 229, Denied),
            ("42000", 102, BadRequest),
            ("42S02", 208, BadRequest),
            ("40001", 1205, Unavailable),
            ("08S01", 0, Unavailable),
            ("IM002", 0, Unavailable),
            ("22018", 245, ContractViolation),
        ] {
            assert_eq!(kind_of(state, number), kind, "{state} {number}");
        }
    }
}
