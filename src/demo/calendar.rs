//! The company's calendar: days counted from its today, which never moves.

use jiff::civil::{Date, date};

/// The company's today. Fixed, so that what is expired, late or still to come stays so.
const TODAY: Date = date(2026, 6, 30);

/// Noon of the company's today: the time at which its commercial rules are asked.
pub fn noon() -> jiff::Timestamp {
    TODAY.at(12, 0, 0, 0).in_tz("UTC").expect("UTC is always known").timestamp()
}

/// What an ERP writes where a date has no end.
pub(super) const OPEN_END: &str = "9999-12-31";

/// The day so many days after today.
pub(super) fn day(offset: i64) -> String {
    shifted(offset).to_string()
}

/// A local time so many days after today, without a zone, as the ERP writes it.
pub(super) fn local(offset: i64, minute: i64) -> String {
    format!("{} {:02}:{:02}:00", shifted(offset), minute / 60 % 24, minute % 60)
}

/// An instant so many days after today.
pub(super) fn instant(offset: i64, second: i64) -> String {
    format!("{}T{:02}:{:02}:{:02}Z", shifted(offset), second / 3600 % 24, second / 60 % 60, second % 60)
}

fn shifted(offset: i64) -> Date {
    TODAY.checked_add(jiff::Span::new().days(offset)).expect("the demo stays within a few years of today")
}
