//! PostgreSQL's numeric in its binary form, read exactly: every digit and the scale as stored.
//!
//! In: the bytes. Out: plain decimal text, or `None` for NaN, infinity and what is no numeric.

/// Each binary digit holds four decimal ones.
const DIGIT_WIDTH: usize = 4;

const NEGATIVE: u16 = 0x4000;

/// Reads a numeric as text: `-12.50`.
pub fn text(bytes: &[u8]) -> Option<String> {
    let word = |at: usize| Some(u16::from_be_bytes(bytes.get(2 * at..2 * at + 2)?.try_into().ok()?));
    let n_digits = usize::from(word(0)?);
    let weight = i32::from(word(1)? as i16);
    let sign = word(2)?;
    let scale = usize::from(word(3)?);
    if sign & !NEGATIVE != 0 || bytes.len() != 8 + 2 * n_digits {
        return None;
    }
    // The digit that stands for 10000^power; those not stored are zero.
    let digit = |power: i32| {
        let at = usize::try_from(weight - power).ok().filter(|at| *at < n_digits);
        at.and_then(|at| word(4 + at)).unwrap_or(0)
    };
    let mut text = String::new();
    for power in (0..=weight.max(0)).rev() {
        text.push_str(&format!("{:04}", digit(power)));
    }
    let whole = text.trim_start_matches('0');
    let mut text = if whole.is_empty() { "0".to_owned() } else { whole.to_owned() };
    if scale > 0 {
        text.push('.');
        let end = text.len() + scale;
        let n_groups = i32::try_from(scale.div_ceil(DIGIT_WIDTH)).ok()?;
        for power in 1..=n_groups {
            text.push_str(&format!("{:04}", digit(-power)));
        }
        text.truncate(end);
    }
    Some(if sign == NEGATIVE { format!("-{text}") } else { text })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[u16]) -> Option<String> {
        text(&words.iter().flat_map(|word| word.to_be_bytes()).collect::<Vec<_>>())
    }

    #[test]
    fn digits_and_scale_are_exact() {
        assert_eq!(read(&[2, 0, 0, 2, 12, 5000]).as_deref(), Some("12.50"));
        assert_eq!(read(&[1, 0xffff, NEGATIVE, 4, 50]).as_deref(), Some("-0.0050"));
        assert_eq!(read(&[1, 0xfffe, 0, 8, 1]).as_deref(), Some("0.00000001"));
        assert_eq!(read(&[1, 2, 0, 0, 7]).as_deref(), Some("700000000"));
        assert_eq!(read(&[0, 0, 0, 3]).as_deref(), Some("0.000"));
        assert_eq!(read(&[2, 1, 0, 0, 1, 20]).as_deref(), Some("10020"));
    }

    #[test]
    fn what_is_no_number_is_none() {
        assert_eq!(read(&[0, 0, 0xc000, 0]), None);
        assert_eq!(read(&[0, 0, 0xd000, 0]), None);
        assert_eq!(read(&[3, 0, 0, 0, 1]), None);
        assert_eq!(text(&[1, 2, 3]), None);
    }
}
