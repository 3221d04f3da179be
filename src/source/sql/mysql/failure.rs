//! MySQL's and MariaDB's errors in our words. Pure.
//!
//! In: an error of the driver. Out: its kind, what the operator needs, and what may help.

use sqlx::{Error, mysql::MySqlDatabaseError};

use super::super::failure::{Failure, Remedy};
use crate::fetch::FetchErrorKind;

/// Says why a question has no answer.
pub fn of(error: &Error) -> Failure {
    let (kind, detail, remedy) = match error {
        Error::Database(database) => {
            let number = database.try_downcast_ref::<MySqlDatabaseError>().map_or(0, MySqlDatabaseError::number);
            (kind_of(number), format!("{number}: {}", database.message()), remedy(number))
        }
        Error::Encode(_) | Error::ColumnDecode { .. } | Error::Decode(_) => {
            (FetchErrorKind::ContractViolation, error.to_string(), None)
        }
        Error::Io(_) | Error::Protocol(_) => (FetchErrorKind::Unavailable, error.to_string(), Some(Remedy::Reconnect)),
        _ => (FetchErrorKind::Unavailable, error.to_string(), None),
    };
    Failure { kind, detail, remedy }
}

fn kind_of(number: u16) -> FetchErrorKind {
    match number {
        // The statement ran out of time: as MySQL says it, and as MariaDB does.
        3024 | 1969 => FetchErrorKind::Timeout,
        // The account, its rights on a database, a command, a table, a column or a routine, its host, its password.
        1044 | 1045 | 1130 | 1142 | 1143 | 1227 | 1370 | 1410 | 1698 | 1820 | 1862 | 3118 | 3879 | 4151 => {
            FetchErrorKind::Denied
        }
        // The account has asked as often as it may.
        1203 | 1226 => FetchErrorKind::Throttled,
        // A subquery of more than one row, a number out of range, a wrong value.
        1242 | 1264 | 1365 | 1292 | 1366 | 1411 | 1525 | 1690 | 3140 | 3141 => FetchErrorKind::ContractViolation,
        // The database is not there: restored or renamed at this moment, for all we know.
        1049 => FetchErrorKind::Unavailable,
        // Too many connections, memory, disk, shutdown, locks, deadlocks, killed, broken off, tables that crashed.
        1021
        | 1037..=1043
        | 1053
        | 1077..=1081
        | 1129
        | 1152..=1161
        | 1184
        | 1194
        | 1195
        | 1205
        | 1213
        | 1317
        | 1412
        | 1637
        | 1927
        | 2000..=2100
        | 3572
        | 4031 => FetchErrorKind::Unavailable,
        // Files and the storage engine.
        3..=28 | 1016 | 1020 | 1023..=1036 => FetchErrorKind::Unavailable,
        _ => FetchErrorKind::BadRequest,
    }
}

fn remedy(number: u16) -> Option<Remedy> {
    match number {
        // Shutdown, broken off, killed.
        1053 | 1077..=1081 | 1152..=1161 | 1184 | 1927 | 2006 | 2013 | 2055 | 4031 => Some(Remedy::Reconnect),
        // A letter that the column's character set does not have, a text that is no date: one value spoils the list.
        1267 | 1270 | 1271 | 1525 => Some(Remedy::AskApart),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_has_its_kind() {
        use FetchErrorKind::*;
        for (number, kind) in [
            (1045, Denied),
            (1044, Denied),
            (1142, Denied),
            (1064, BadRequest),
            (1054, BadRequest),
            (1146, BadRequest),
            (1792, BadRequest),
            (1205, Unavailable),
            (1213, Unavailable),
            (1040, Unavailable),
            (1226, Throttled),
            (3024, Timeout),
            (1969, Timeout),
            (1242, ContractViolation),
        ] {
            assert_eq!(kind_of(number), kind, "{number}");
        }
        let gone = of(&Error::Io(std::io::ErrorKind::UnexpectedEof.into()));
        assert_eq!((gone.kind, gone.remedy), (Unavailable, Some(Remedy::Reconnect)));
    }
}
