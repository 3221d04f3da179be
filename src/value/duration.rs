//! Durations as people write them: `500ms`, `60s`, `15m`, `24h`, `7d`.

use std::time::Duration;

/// The longest duration a contract may state. Longer is surely a mistake, and sums of two must not overflow.
const DAYS_MAX: u64 = 3_650;

/// Reads a duration; `None` when the text is not one.
pub fn parse_duration(text: &str) -> Option<Duration> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().ok()?;
    let milliseconds = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    let duration = Duration::from_millis(number.checked_mul(milliseconds)?);
    (duration <= Duration::from_secs(DAYS_MAX * 86_400)).then_some(duration)
}

/// Prints a duration in the largest unit that keeps it whole; a single day is 24 hours, as people write bounds.
pub fn duration_text(duration: Duration) -> String {
    let milliseconds = duration.as_millis();
    let day = if milliseconds == 86_400_000 { None } else { Some(("d", 86_400_000)) };
    let units = day.into_iter().chain([("h", 3_600_000), ("m", 60_000), ("s", 1_000)]);
    match units.into_iter().find(|(_, size)| milliseconds > 0 && milliseconds.is_multiple_of(*size)) {
        Some((unit, size)) => format!("{}{unit}", milliseconds / size),
        None if milliseconds == 0 => "0s".to_owned(),
        None => format!("{milliseconds}ms"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_and_print() {
        for text in ["500ms", "59s", "15m", "24h", "7d", "0s"] {
            assert_eq!(duration_text(parse_duration(text).unwrap()), text);
        }
        assert_eq!(duration_text(parse_duration("60s").unwrap()), "1m");
        for text in ["", "5", "s", "-5s", "5 s", "1.5s", "5w", "99999999999999999999s", "18446744073709551615d"] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
    }
}
