//! PostgreSQL's errors in our words. Pure.
//!
//! In: an error of the driver. Out: its kind, what the operator needs, and whether asking again may help: on a fresh
//! connection, or with the statement prepared afresh.

use sqlx::Error;

use super::super::failure::{Failure, Remedy};
use crate::fetch::FetchErrorKind;

/// Says why a question has no answer.
pub fn of(error: &Error) -> Failure {
    let (kind, detail) = classify(error);
    let remedy = match error {
        _ if is_broken(error) => Some(Remedy::Reconnect),
        _ if is_outdated(error) => Some(Remedy::LearnAnew),
        _ => None,
    };
    Failure { kind, detail, remedy }
}

/// Returns the error's kind and the operator's detail, which quotes the server.
fn classify(error: &Error) -> (FetchErrorKind, String) {
    let Error::Database(database) = error else {
        let kind = match error {
            Error::Encode(_) | Error::ColumnDecode { .. } | Error::Decode(_) => FetchErrorKind::ContractViolation,
            _ => FetchErrorKind::Unavailable,
        };
        return (kind, error.to_string());
    };
    let code = database.code().unwrap_or_default();
    (kind_of(&code), format!("{code}: {}", database.message()))
}

fn kind_of(code: &str) -> FetchErrorKind {
    match code {
        // The statement timeout.
        "57014" => FetchErrorKind::Timeout,
        "42501" => FetchErrorKind::Denied,
        // A query that gave more rows than an expression takes.
        "21000" => FetchErrorKind::ContractViolation,
        _ => match code.get(..2).unwrap_or_default() {
            "28" => FetchErrorKind::Denied,
            "22" => FetchErrorKind::ContractViolation,
            // Connections, rollbacks, resources, locks, shutdown, files and the server's own faults.
            "08" | "40" | "53" | "55" | "57" | "58" | "XX" => FetchErrorKind::Unavailable,
            // A database that is not there: restored or renamed at this moment, for all we know.
            "3D" => FetchErrorKind::Unavailable,
            _ => FetchErrorKind::BadRequest,
        },
    }
}

/// Whether the connection is gone, so that only a fresh one can answer.
fn is_broken(error: &Error) -> bool {
    match error {
        Error::Database(database) => {
            let code = database.code().unwrap_or_default();
            code.starts_with("08") || matches!(code.as_ref(), "57P01" | "57P02" | "57P03" | "25P03" | "57P05")
        }
        Error::Io(_) | Error::Protocol(_) | Error::WorkerCrashed => true,
        _ => false,
    }
}

/// Whether the statement may fail because the tables are not what they were when its types were learned: a plan whose
/// result changed, a statement that a connection pooler forgot, a type or column that changed.
fn is_outdated(error: &Error) -> bool {
    let code = error.as_database_error().and_then(|database| database.code()).unwrap_or_default();
    matches!(
        code.as_ref(),
        "0A000" | "26000" | "42804" | "42883" | "42703" | "42704" | "22P02" | "22007" | "22008" | "22003"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_has_its_kind() {
        use FetchErrorKind::*;
        for (code, kind) in [
            ("57014", Timeout),
            ("57P01", Unavailable),
            ("53300", Unavailable),
            ("08006", Unavailable),
            ("28P01", Denied),
            ("42501", Denied),
            ("42601", BadRequest),
            ("42P01", BadRequest),
            ("25006", BadRequest),
            ("22012", ContractViolation),
            ("", BadRequest),
        ] {
            assert_eq!(kind_of(code), kind, "{code}");
        }
        assert_eq!(classify(&Error::Io(std::io::ErrorKind::ConnectionRefused.into())).0, Unavailable);
    }
}
