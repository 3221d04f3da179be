//! Validity: from when until when something holds, as half-open instants.
//!
//! In: bounds as owners write them: whole days of the seller's calendar, the last one included, or instants, the last one
//! excluded. Out: a period. No end, and the last day that calendars know, 9999-12-31, both mean without end.

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde::{Deserialize, Deserializer, de::Error as _};

use super::calendar::midnight;

/// A bound as an owner writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bound {
    /// A whole day.
    Day(Date),
    /// An instant.
    Instant(Timestamp),
}

/// The year whose last day means without end.
const YEAR_OPEN: i16 = 9999;

impl<'de> Deserialize<'de> for Bound {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        // A text with a time is an instant; a date alone is a day.
        if text.len() > "2026-06-30".len() {
            return text.parse().map(Self::Instant).map_err(D::Error::custom);
        }
        text.parse().map(Self::Day).map_err(D::Error::custom)
    }
}

impl std::fmt::Display for Bound {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Day(day) => day.fmt(out),
            Self::Instant(instant) => instant.fmt(out),
        }
    }
}

/// From when until when something holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Period {
    /// The first instant; none: since ever.
    pub from: Option<Timestamp>,
    /// The first instant at which it holds no more; none: without end.
    pub until: Option<Timestamp>,
}

/// How an instant stands to a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// The period begins later.
    Ahead,
    /// It is inside.
    Inside,
    /// The period is over.
    Over,
}

impl Period {
    /// Makes the period between two bounds.
    pub fn new(from: Option<&Bound>, to: Option<&Bound>, zone: &TimeZone) -> Self {
        let from = from.and_then(|bound| match bound {
            Bound::Day(day) => midnight(*day, zone),
            Bound::Instant(instant) => Some(*instant),
        });
        let until = to.and_then(|bound| match bound {
            Bound::Day(day) if day.year() >= YEAR_OPEN => None,
            Bound::Day(day) => midnight(day.tomorrow().ok()?, zone),
            Bound::Instant(instant) => (instant.to_zoned(TimeZone::UTC).year() < YEAR_OPEN).then_some(*instant),
        });
        Self { from, until }
    }

    /// Tells how an instant stands to it.
    pub fn standing(&self, at: Timestamp) -> Standing {
        if self.until.is_some_and(|until| until <= at) {
            Standing::Over
        } else if self.from.is_some_and(|from| at < from) {
            Standing::Ahead
        } else {
            Standing::Inside
        }
    }

    /// Returns its first bound behind an instant.
    pub fn next_bound(&self, after: Timestamp) -> Option<Timestamp> {
        self.from.into_iter().chain(self.until).filter(|bound| *bound > after).min()
    }
}

/// Returns the earlier of two instants, where none means never.
pub(super) fn earlier(one: Option<Timestamp>, other: Option<Timestamp>) -> Option<Timestamp> {
    one.into_iter().chain(other).min()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn bound(text: &str) -> Bound {
        serde_json::from_value(text.into()).unwrap()
    }

    #[test]
    fn both_days_count_whole_in_the_sellers_zone() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let period = Period::new(Some(&bound("2026-03-29")), Some(&bound("2026-06-30")), &berlin);
        // The night of 29 March 2026 has 23 hours in Berlin; the 30 June ends at 22:00 UTC.
        assert_eq!(period.from, Some(at("2026-03-28T23:00:00Z")));
        assert_eq!(period.until, Some(at("2026-06-30T22:00:00Z")));
        for (instant, standing) in [
            ("2026-03-28T22:59:59.999999999Z", Standing::Ahead),
            ("2026-03-28T23:00:00Z", Standing::Inside),
            ("2026-06-30T21:59:59.999999999Z", Standing::Inside),
            ("2026-06-30T22:00:00Z", Standing::Over),
        ] {
            assert_eq!(period.standing(at(instant)), standing, "{instant}");
        }
        assert_eq!(period.next_bound(at("2026-05-01T00:00:00Z")), period.until);
        assert_eq!(period.next_bound(at("2026-06-30T22:00:00Z")), None);
    }

    #[test]
    fn instants_are_half_open_as_they_stand() {
        let (from, to) = (bound("2026-06-30T06:00:00Z"), bound("2026-06-30T08:00:00+02:00"));
        let period = Period::new(Some(&from), Some(&to), &TimeZone::UTC);
        assert_eq!(period.from, period.until);
        assert_eq!(period.standing(at("2026-06-30T06:00:00Z")), Standing::Over);
    }

    #[test]
    fn no_end_and_the_last_day_of_all_are_without_end() {
        for to in [None, Some(&Bound::Day(date(9999, 12, 31))), Some(&bound("9999-12-30T00:00:00Z"))] {
            let period = Period::new(None, to, &TimeZone::UTC);
            assert_eq!((period.from, period.until), (None, None));
            assert_eq!(period.standing(Timestamp::MAX), Standing::Inside);
        }
    }
}
