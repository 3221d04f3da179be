//! Money and weights as whole cents and grams inside, as decimal text in the ERP.

/// Writes cents as an amount: `-1250` is `-12.50`.
pub(super) fn amount(cents: i64) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", cents.abs() / 100, cents.abs() % 100)
}

/// Writes thousandths as a decimal: `6250` grams are `6.250` kilograms.
pub(super) fn thousandths(number: i64) -> String {
    format!("{}.{:03}", number / 1000, number % 1000)
}

/// A share of an amount, rounded half up.
pub(super) fn share(cents: i64, percent: i64) -> i64 {
    (cents * percent + 50).div_euclid(100)
}

#[cfg(test)]
mod tests {
    use super::{amount, share};

    #[test]
    fn amounts_have_two_digits_and_shares_round_half_up() {
        assert_eq!((amount(5), amount(-1250)), ("0.05".to_owned(), "-12.50".to_owned()));
        assert_eq!((share(150, 19), share(50, 1)), (29, 1));
    }
}
