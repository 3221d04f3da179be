//! A moment earlier than a watermark, in the source's own words. Pure.
//!
//! In: what a row says of when it changed, as its system wrote it. Out: the same some time before, written likewise, so that
//! the system compares it as it compares its own: no clock and no zone of ours has a part in it.

use jiff::civil::DateTime;

use crate::contract::Overlap;

/// Returns the text of a moment that is earlier by the overlap; `None` where the text is no such moment.
pub(super) fn earlier(watermark: &str, overlap: Overlap) -> Option<String> {
    match overlap {
        Overlap::Steps(steps) => Some((watermark.parse::<i128>().ok()? - i128::from(steps)).to_string()),
        Overlap::Time(time) => {
            let (date, rest) = watermark.split_at_checked(10)?;
            let separator = rest.chars().next()?;
            if !matches!(separator, ' ' | 'T' | 't') {
                return None;
            }
            let rest = &rest[1..];
            let (clock, zone) = rest.split_at(rest.find(['Z', 'z', '+', '-', ' ']).unwrap_or(rest.len()));
            let moment: DateTime = format!("{date}T{clock}").parse().ok()?;
            let earlier = moment.checked_sub(jiff::SignedDuration::try_from(time).ok()?).ok()?;
            Some(format!("{}{separator}{}{zone}", earlier.date(), earlier.time()))
        }
    }
}

/// Whether several changes in a row may bear the same mark: a time in whole seconds.
pub(super) fn is_coarse(changed: &str) -> bool {
    let is_fine = |fraction: &str| fraction.bytes().take_while(u8::is_ascii_digit).any(|digit| digit != b'0');
    changed.contains(':') && !changed.split_once('.').is_some_and(|(_, fraction)| is_fine(fraction))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_moment_is_taken_back_in_the_words_it_came_in() {
        let half_a_minute = Overlap::Time(Duration::from_secs(30));
        for (watermark, expected) in [
            ("2026-03-01 00:00:10", "2026-02-28 23:59:40"),
            ("2026-03-01T12:00:00.250000Z", "2026-03-01T11:59:30.25Z"),
            ("2026-03-01 12:00:00.5+01", "2026-03-01 11:59:30.5+01"),
            ("2026-03-01 12:00:00 +02:00", "2026-03-01 11:59:30 +02:00"),
        ] {
            assert_eq!(earlier(watermark, half_a_minute).as_deref(), Some(expected), "{watermark}");
        }
        for no_time in ["", "17", "2026-03-01", "2026-03-01/12:00", "yesterday at noon", "0001-01-01é"] {
            assert_eq!(earlier(no_time, half_a_minute), None, "{no_time}");
        }
        assert_eq!(earlier("1000", Overlap::Steps(20)).as_deref(), Some("980"));
        assert_eq!(earlier("2026-03-01 00:00:10", Overlap::Steps(20)), None);
    }

    #[test]
    fn whole_seconds_are_coarse() {
        for (changed, expected) in [
            ("2026-03-01 12:00:00", true),
            ("2026-03-01T12:00:00.000Z", true),
            ("2026-03-01T12:00:00.001Z", false),
            ("4711", false),
        ] {
            assert_eq!(is_coarse(changed), expected, "{changed}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_taken_back_or_refused(text in "\\PC{0,40}") {
            let _ = earlier(&text, Overlap::Time(Duration::from_secs(30)));
        }
    }
}
