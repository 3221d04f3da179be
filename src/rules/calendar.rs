//! Days in the seller's calendar: as people say them, and the instants they begin and end at.

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use super::context::Context;

/// Says a day as people do, such as `3 March 2026`.
pub(super) fn said(day: Date) -> String {
    day.strftime("%-d %B %Y").to_string()
}

/// Says the seller's day that an instant falls on.
pub(super) fn said_at(instant: Timestamp, context: &Context<'_>) -> String {
    said(instant.to_zoned(context.zone()).date())
}

/// Returns the instant a day begins at; none at the very end of all calendars.
pub(super) fn midnight(day: Date, zone: &TimeZone) -> Option<Timestamp> {
    day.to_zoned(zone.clone()).ok().map(|zoned| zoned.timestamp())
}

/// Returns the instant at which a day is over in the seller's zone; none beyond the calendar's end.
pub(super) fn end_of(day: Date, context: &Context<'_>) -> Option<Timestamp> {
    midnight(day.tomorrow().ok()?, &context.zone())
}

/// Returns how many days a day is past on another.
pub(super) fn days_past(day: Date, on: Date) -> i32 {
    (on - day).get_days()
}

#[cfg(test)]
mod tests {
    use jiff::{civil::date, tz::TimeZone};

    use super::*;
    use crate::rules::{At, Settings, Source, Sources};

    struct Nobody;

    impl Sources for Nobody {
        fn source(&self, _: At, _: &str) -> Source {
            Source { system: None, entity: String::new(), domain: None, as_of: None }
        }
    }

    #[test]
    fn a_day_ends_where_the_seller_is_also_when_clocks_change() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let settings = Settings { zone, ..Settings::default() };
        let context = Context { now: Timestamp::UNIX_EPOCH, settings: &settings, sources: &Nobody, order_limit: None };
        let ends = |day| end_of(day, &context).map(|instant| instant.to_string());
        assert_eq!(ends(date(2026, 3, 28)).as_deref(), Some("2026-03-28T23:00:00Z"));
        assert_eq!(ends(date(2026, 3, 29)).as_deref(), Some("2026-03-29T22:00:00Z"));
        assert_eq!(ends(Date::MAX), None);
        assert_eq!(said(date(2026, 3, 3)), "3 March 2026");
        assert_eq!(days_past(date(2026, 2, 27), date(2026, 3, 2)), 3);
        assert_eq!(days_past(date(2026, 3, 2), date(2026, 2, 27)), -3);
    }
}
