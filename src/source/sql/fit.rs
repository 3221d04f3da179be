//! Whether a text can be a value of a type.
//!
//! In: a type, which each kind finds by its server's name for it. Out: yes or no. Asked before a text is bound, so that
//! one key that cannot exist ("abc" for an integer) is absent instead of failing the batch it came in.

use std::sync::Arc;

use jiff::{Timestamp, civil};
/// What texts a type takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fit {
    /// Any text.
    Text,
    /// An integer within bounds.
    Integer(i128, i128),
    /// An exact decimal.
    Numeric,
    /// A 32-bit float.
    Real,
    /// A 64-bit float.
    Double,
    /// A boolean.
    Boolean,
    /// A UUID.
    Uuid,
    /// A date.
    Date,
    /// A time of day.
    Time,
    /// A date and time, with or without a zone.
    Timestamp,
    /// One of an enum's words.
    Words(Arc<[String]>),
    /// A type whose texts only the server knows.
    Unknown,
}

impl Fit {
    /// Whether the text can be a value of the type.
    pub fn takes(&self, text: &str) -> bool {
        // No system holds a text with this character.
        if text.contains('\0') {
            return false;
        }
        match self {
            Self::Text | Self::Unknown => true,
            Self::Integer(min, max) => text.parse::<i128>().is_ok_and(|number| (min..=max).contains(&&number)),
            Self::Numeric => is_numeric(text),
            Self::Real => text.parse::<f32>().is_ok_and(|number| is_in_range(text, number.into())),
            Self::Double => text.parse::<f64>().is_ok_and(|number| is_in_range(text, number)),
            Self::Boolean => matches!(text, "true" | "false" | "t" | "f" | "1" | "0"),
            Self::Uuid => is_uuid(text),
            Self::Date => is_date(text),
            Self::Time => text.len() >= 5 && text.contains(':') && text.parse::<civil::Time>().is_ok(),
            Self::Timestamp => is_timestamp(text),
            Self::Words(words) => words.iter().any(|word| word == text),
        }
    }
}

/// Whether a float is what its text says: neither overflown to infinity nor vanished to zero, which the server refuses.
fn is_in_range(text: &str, number: f64) -> bool {
    let mantissa = text.split(['e', 'E']).next().unwrap_or_default();
    let spelled = !mantissa.contains(|c: char| c.is_ascii_digit());
    spelled || (number.is_finite() && (number != 0.0 || !mantissa.contains(|c| ('1'..='9').contains(&c))))
}

fn is_numeric(text: &str) -> bool {
    // Some types hold 131,072 digits before the point; no business number needs a thousandth of that.
    const DIGITS_MAX: usize = 1000;
    let (mantissa, exponent) = text.split_once(['e', 'E']).map_or((text, None), |(m, e)| (m, Some(e)));
    let digits = mantissa.strip_prefix(['-', '+']).unwrap_or(mantissa);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let n_digits = whole.len() + fraction.len();
    (1..=DIGITS_MAX).contains(&n_digits)
        && whole.bytes().chain(fraction.bytes()).all(|digit| digit.is_ascii_digit())
        && exponent.is_none_or(|exponent| exponent.parse::<i16>().is_ok_and(|exponent| exponent.abs() <= 1000))
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

fn is_date(text: &str) -> bool {
    text.len() == 10 && text.parse::<civil::Date>().is_ok_and(|date| date.year() > 0)
}

fn is_timestamp(text: &str) -> bool {
    let digits_and_marks = text.bytes().all(|b| b.is_ascii_digit() || b"-+:. TZ".contains(&b));
    let parsed = || {
        (text.parse::<civil::DateTime>().map(civil::DateTime::year))
            .or_else(|_| text.parse::<Timestamp>().map(|at| jiff::tz::TimeZone::UTC.to_datetime(at).year()))
    };
    is_date(text) || (text.len() >= 16 && digits_and_marks && parsed().is_ok_and(|year| year > 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_the_type_cannot_hold_does_not_fit() {
        let integer = Fit::Integer(i32::MIN.into(), i32::MAX.into());
        let cases: [(&Fit, &[&str], &[&str]); 7] = [
            (&integer, &["0", "-12", "2147483647"], &["abc", "", "2147483648", "1.5", "1\0"]),
            (&Fit::Numeric, &["12.50", "-.5", "1e3"], &["", ".", "1,5", "NaN", "1e9999"]),
            (&Fit::Real, &["1.5", "0", "NaN", "inf"], &["1e300", "1e-300", "x"]),
            (&Fit::Double, &["1e300", "0.0"], &["1e999", "1e-999"]),
            (&Fit::Uuid, &["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"], &["a0eebc99", ""]),
            (&Fit::Date, &["2026-02-28"], &["2026-02-30", "20260228", "infinity"]),
            (&Fit::Timestamp, &["2026-02-28T10:00:00.123456", "2026-02-28T10:00:00Z"], &["now", "2026-13-01T10:00:00"]),
        ];
        for (fit, good, bad) in cases {
            assert!(good.iter().all(|text| fit.takes(text)), "{fit:?} {good:?}");
            assert!(!bad.iter().any(|text| fit.takes(text)), "{fit:?} {bad:?}");
        }
    }
}
