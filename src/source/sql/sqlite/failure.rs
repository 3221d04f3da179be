//! SQLite's errors in our words. Pure.
//!
//! In: an error of the driver. Out: its kind and what the operator needs.

use sqlx::Error;

use super::super::failure::Failure;
use crate::fetch::FetchErrorKind;

/// Says why a question has no answer. Asking again never helps: there is no server that could have gone in between.
pub fn of(error: &Error) -> Failure {
    let (kind, detail) = match error {
        Error::Database(database) => {
            let code = database.code().and_then(|code| code.parse::<i32>().ok()).unwrap_or_default();
            (kind_of(code), format!("{code}: {}", database.message()))
        }
        _ => (FetchErrorKind::Unavailable, error.to_string()),
    };
    Failure { kind, detail, remedy: None }
}

/// The low byte of a code is its class; the rest tells it apart further.
fn kind_of(code: i32) -> FetchErrorKind {
    match code & 0xff {
        // The progress handler saw the deadline pass.
        9 => FetchErrorKind::Timeout,
        // Not permitted, not authorised.
        3 | 23 => FetchErrorKind::Denied,
        // Busy, locked, out of memory, reading, corrupt, full, opening, the locking protocol, not a database.
        5 | 6 | 7 | 10 | 11 | 13 | 14 | 15 | 26 => FetchErrorKind::Unavailable,
        // Too big, mismatched.
        18 | 20 => FetchErrorKind::ContractViolation,
        _ => FetchErrorKind::BadRequest,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_has_its_kind() {
        use FetchErrorKind::*;
        for (code, kind) in [
            (9, Timeout),
            (5, Unavailable),
            (14, Unavailable),
            (522, Unavailable),
            (1, BadRequest),
            (8, BadRequest),
            (20, ContractViolation),
        ] {
            assert_eq!(kind_of(code), kind, "{code}");
        }
    }
}
