//! Decimals as text: the exact arithmetic that adaptations need, on digits and never on doubles.
//!
//! In: plain decimals (`-12.50`), or with an exponent where a JSON number has one. Out: plain decimals.

use std::cmp::Ordering;

/// More digits than any price or quantity has; a quotient that has not ended by then has none.
const DIGITS_MAX: usize = 60;

/// A decimal cut into its sign and the digits before and behind the point.
struct Parts {
    negative: bool,
    whole: String,
    fraction: String,
}

impl Parts {
    fn of(text: &str) -> Option<Self> {
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok().filter(|e| e.abs() <= 100)?),
            None => (text, 0),
        };
        let unsigned = mantissa.strip_prefix(['-', '+']).unwrap_or(mantissa);
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        if whole.len() + fraction.len() == 0 || !whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit()) {
            return None;
        }
        let mut parts = Self { negative: mantissa.starts_with('-'), whole: whole.into(), fraction: fraction.into() };
        parts.shift(exponent);
        Some(parts)
    }

    /// Moves the point right by so many digits; left where negative.
    fn shift(&mut self, digits: i32) {
        let n = digits.unsigned_abs() as usize;
        if digits >= 0 {
            let padded = format!("{:0<n$}", self.fraction);
            self.whole.push_str(&padded[..n]);
            self.fraction = padded[n..].to_owned();
        } else {
            let padded = format!("{:0>width$}", self.whole, width = n + 1);
            let (whole, moved) = padded.split_at(padded.len() - n);
            self.fraction = format!("{moved}{}", self.fraction);
            self.whole = whole.to_owned();
        }
    }

    /// All digits without the point.
    fn digits(&self) -> String {
        format!("{}{}", self.whole, self.fraction)
    }

    fn text(&self) -> String {
        let whole = self.whole.trim_start_matches('0');
        let whole = if whole.is_empty() { "0" } else { whole };
        let is_zero = whole == "0" && self.fraction.bytes().all(|digit| digit == b'0');
        let sign = if self.negative && !is_zero { "-" } else { "" };
        if self.fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{}", self.fraction) }
    }
}

/// Moves the decimal point left by `digits`; `None` when the text is no decimal.
pub(super) fn scaled(text: &str, digits: u32) -> Option<String> {
    let mut parts = Parts::of(text)?;
    parts.shift(-i32::try_from(digits).ok()?);
    Some(parts.text())
}

/// Rounds to so many digits behind the point, halves away from zero; `None` when the text is no decimal.
pub(super) fn rounded(text: &str, digits: u32) -> Option<String> {
    let mut parts = Parts::of(text)?;
    let digits = digits as usize;
    if parts.fraction.len() <= digits {
        return Some(parts.text());
    }
    let up = parts.fraction.as_bytes()[digits] >= b'5';
    parts.fraction.truncate(digits);
    if up {
        let n_fraction = parts.fraction.len();
        let mut all = parts.digits().into_bytes();
        let mut carry = true;
        for digit in all.iter_mut().rev() {
            if !carry {
                break;
            }
            carry = *digit == b'9';
            *digit = if carry { b'0' } else { *digit + 1 };
        }
        if carry {
            all.insert(0, b'1');
        }
        let all: String = all.into_iter().map(char::from).collect();
        let (whole, fraction) = all.split_at(all.len() - n_fraction);
        (parts.whole, parts.fraction) = (whole.to_owned(), fraction.to_owned());
    }
    Some(parts.text())
}

/// Compares two decimals by their value; `None` when one of them is none.
pub fn compare_decimals(a: &str, b: &str) -> Option<Ordering> {
    let (a, b) = (Parts::of(a)?, Parts::of(b)?);
    let is_zero = |parts: &Parts| parts.digits().bytes().all(|digit| digit == b'0');
    let n = a.fraction.len().max(b.fraction.len());
    let whole = |parts: &Parts| format!("{}{:0<n$}", parts.whole, parts.fraction).trim_start_matches('0').to_owned();
    let (a_whole, b_whole) = (whole(&a), whole(&b));
    let magnitude = a_whole.len().cmp(&b_whole.len()).then_with(|| a_whole.cmp(&b_whole));
    Some(match (a.negative && !is_zero(&a), b.negative && !is_zero(&b)) {
        (false, false) => magnitude,
        (true, true) => magnitude.reverse(),
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
    })
}

/// Divides; the quotient is exact, or has one digit more than the `digits` it will be rounded to.
///
/// *Errors*: what would have been right, with its article.
pub(super) fn divided(text: &str, by: &str, digits: Option<u32>) -> Result<String, &'static str> {
    let dividend = Parts::of(text).ok_or("a number to divide")?;
    let divisor = Parts::of(by).ok_or("a number with a quantity it is for")?;
    // Both are made whole numbers of the same number of digits behind the point.
    let n = dividend.fraction.len().max(divisor.fraction.len());
    let whole = |parts: &Parts| {
        let digits = format!("{}{:0<n$}", parts.whole, parts.fraction);
        digits
            .trim_start_matches('0')
            .parse::<u128>()
            .ok()
            .or_else(|| (digits.trim_start_matches('0').is_empty()).then_some(0))
    };
    let (dividend_whole, divisor_whole) = match (whole(&dividend), whole(&divisor)) {
        (_, Some(0)) => return Err("a number with a quantity other than zero"),
        (Some(a), Some(b)) if b < u128::MAX / 10 => (a, b),
        _ => return Err("a number of fewer digits to divide"),
    };
    let mut rest = dividend_whole % divisor_whole;
    let mut fraction = String::new();
    let wanted = digits.map_or(DIGITS_MAX, |digits| digits as usize + 1);
    while rest > 0 && fraction.len() < wanted {
        rest *= 10;
        fraction.push(char::from(b'0' + u8::try_from(rest / divisor_whole).expect("a digit is below ten")));
        rest %= divisor_whole;
    }
    if rest > 0 && digits.is_none() {
        return Err("a number that divides without rest, or `digits` in the binding");
    }
    let whole = (dividend_whole / divisor_whole).to_string();
    Ok(Parts { negative: dividend.negative != divisor.negative, whole, fraction }.text())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn minor_units_become_decimals() {
        for (text, digits, expected) in [
            ("41200", 2, "412.00"),
            ("5", 2, "0.05"),
            ("-5", 3, "-0.005"),
            ("12.5", 1, "1.25"),
            ("7", 0, "7"),
            ("4.12e4", 2, "412.00"),
        ] {
            assert_eq!(scaled(text, digits).as_deref(), Some(expected));
        }
        assert_eq!(scaled("abc", 2), None);
    }

    #[test]
    fn halves_are_rounded_away_from_zero() {
        for (text, digits, expected) in [
            ("0.30000000000000004", 3, "0.300"),
            ("2.5", 0, "3"),
            ("-2.5", 0, "-3"),
            ("99.995", 2, "100.00"),
            ("1.2", 3, "1.2"),
            ("-0.004", 2, "0.00"),
        ] {
            assert_eq!(rounded(text, digits).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn decimals_compare_by_value() {
        use Ordering::*;
        for (a, b, order) in [
            ("10", "9", Greater),
            ("1.50", "1.5", Equal),
            ("-2", "-10", Greater),
            ("-0", "0", Equal),
            ("1e2", "99.9", Greater),
        ] {
            assert_eq!(compare_decimals(a, b), Some(order), "{a} {b}");
        }
        assert_eq!(compare_decimals("soon", "0"), None);
    }

    proptest! {
        #[test]
        fn a_product_divides_back(price in 0u64..1_000_000_000, per in 1u64..100_000) {
            let product = scaled(&(u128::from(price) * u128::from(per)).to_string(), 2).unwrap();
            let back = rounded(&divided(&product, &per.to_string(), Some(2)).unwrap(), 2).unwrap();
            let exact = scaled(&price.to_string(), 2).unwrap();
            prop_assert_eq!(back.parse::<f64>().unwrap(), exact.parse::<f64>().unwrap());
        }

        #[test]
        fn rounding_and_dividing_never_panic(text in "-?[0-9.eE+-]{0,12}", by in "-?[0-9.]{0,8}", digits in 0u32..40) {
            let _ = (rounded(&text, digits), divided(&text, &by, Some(digits)), divided(&text, &by, None));
        }
    }
}
