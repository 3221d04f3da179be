//! Shares: a part of a whole as a decimal text, exact to four digits. Pure.

/// Returns how large a part is of a whole, from `0.0000` to `1.0000`; none of nothing. A part is never rounded to nothing, nor
/// to all of it.
pub fn share(part: u64, whole: u64) -> Option<String> {
    if whole == 0 {
        return None;
    }
    let part = part.min(whole);
    let rounded = (u128::from(part) * 10_000 + u128::from(whole) / 2) / u128::from(whole);
    let rounded = match part {
        0 => 0,
        part if part == whole => 10_000,
        _ => rounded.clamp(1, 9_999),
    };
    Some(format!("{}.{:04}", rounded / 10_000, rounded % 10_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_nothing_is_nothing_and_only_all_is_all() {
        let shares = [(0, 3), (1, 3), (2, 3), (3, 3), (1, 1_000_000), (999_999, 1_000_000), (9, 3)];
        let expected = ["0.0000", "0.3333", "0.6667", "1.0000", "0.0001", "0.9999", "1.0000"];
        assert_eq!(shares.map(|(part, whole)| share(part, whole).unwrap_or_default()), expected);
        assert_eq!(share(0, 0), None);
        assert_eq!(share(u64::MAX / 2, u64::MAX).as_deref(), Some("0.5000"));
    }
}
