//! Rows in order: the rows of a list, sorted once, so that a page of any parent is a stretch of them. Pure.
//!
//! Sorted first by what the list asks for equality of, then by the list's order, as `window` compares; four bytes a row.
//! While it is sorted, each row also has its place as bytes that compare the same way.

use std::ops::Range;

use crate::{
    fetch::Cell,
    source::window::{Place, place},
};

const NUMBER: u8 = 1;
const TEXT: u8 = 2;
/// Above all others, in either direction: nulls come last.
const NULL: u8 = 0xff;

/// Sorts rows by the bytes that `write` appends for each.
pub fn sorted(n_rows: u32, write: impl Fn(u32, &mut Vec<u8>)) -> Box<[u32]> {
    let (mut bytes, mut ends) = (Vec::new(), Vec::with_capacity(n_rows as usize + 1));
    ends.push(0);
    for row in 0..n_rows {
        write(row, &mut bytes);
        ends.push(bytes.len());
    }
    let place = |row: u32| &bytes[ends[row as usize]..ends[row as usize + 1]];
    let mut rows: Box<[u32]> = (0..n_rows).collect();
    // Rows that tie stay in the order of the file.
    rows.sort_unstable_by(|a, b| place(*a).cmp(place(*b)).then(a.cmp(b)));
    rows
}

/// Finds the stretch of sorted rows whose bytes, which `write` appends, are `wanted`.
pub fn equal(rows: &[u32], wanted: &[u8], write: impl Fn(u32, &mut Vec<u8>)) -> Range<usize> {
    let bytes = |row: u32| {
        let mut bytes = Vec::with_capacity(wanted.len());
        write(row, &mut bytes);
        bytes
    };
    let start = rows.partition_point(|row| bytes(*row).as_slice() < wanted);
    let end = start + rows[start..].partition_point(|row| bytes(*row).as_slice() <= wanted);
    start..end
}

/// Appends a value that is sorted by.
pub fn write_cell(cell: &Cell<'_>, descending: bool, out: &mut Vec<u8>) {
    let start = out.len();
    match place(cell) {
        Place::Null => return out.push(NULL),
        Place::Text(text) => write_text(&text, out),
        Place::Number(number) => write_number(&number, out),
    }
    if descending {
        out[start..].iter_mut().for_each(|byte| *byte = !*byte);
    }
}

/// Appends a text that is compared for equality, or that there is none.
pub fn write_equal(text: Option<&str>, out: &mut Vec<u8>) {
    match text {
        Some(text) => write_text(text, out),
        None => out.push(NULL),
    }
}

fn write_text(text: &str, out: &mut Vec<u8>) {
    out.push(TEXT);
    for byte in text.bytes() {
        out.push(byte);
        if byte == 0 {
            // A text that goes on is greater than one that ends here.
            out.push(0xff);
        }
    }
    out.extend_from_slice(&[0, 0]);
}

/// Appends a decimal: its sign, how many digits stand before the point, then the digits.
fn write_number(text: &str, out: &mut Vec<u8>) {
    const NEGATIVE: u8 = 1;
    const ZERO: u8 = 2;
    const POSITIVE: u8 = 3;
    out.push(NUMBER);
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let unsigned = mantissa.trim_start_matches(['-', '+']);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).collect();
    let n_zeros = digits.iter().take_while(|digit| **digit == b'0').count();
    let n_end = digits.len() - digits[n_zeros..].iter().rev().take_while(|digit| **digit == b'0').count();
    let digits = &digits[n_zeros..n_end.max(n_zeros)];
    if digits.is_empty() {
        return out.push(ZERO);
    }
    let magnitude = whole.len() as i64 - n_zeros as i64 + exponent.parse::<i32>().map_or(0, i64::from);
    let start = out.len();
    out.push(POSITIVE);
    out.extend_from_slice(&(magnitude.wrapping_sub(i64::MIN) as u64).to_be_bytes());
    out.extend_from_slice(digits);
    out.push(0);
    if mantissa.starts_with('-') {
        out[start] = NEGATIVE;
        out[start + 1..].iter_mut().for_each(|byte| *byte = !*byte);
    }
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;

    use proptest::prelude::*;

    use super::*;
    use crate::value::compare_decimals;

    fn bytes(cell: &Cell<'_>, descending: bool) -> Vec<u8> {
        let mut out = Vec::new();
        write_cell(cell, descending, &mut out);
        out
    }

    fn number(text: &str) -> Cell<'static> {
        Cell::Json(std::borrow::Cow::Owned(serde_json::from_str(text).unwrap()))
    }

    #[test]
    fn numbers_come_before_texts_and_nulls_last_in_either_direction() {
        let cells = [number("-2"), number("10"), Cell::Text("".into()), Cell::Text("a".into()), Cell::Null];
        for pair in cells.windows(2) {
            assert!(bytes(&pair[0], false) < bytes(&pair[1], false), "{pair:?}");
        }
        for pair in cells[..4].windows(2) {
            assert!(bytes(&pair[0], true) > bytes(&pair[1], true), "{pair:?}");
        }
        assert!(bytes(&cells[0], true) < bytes(&Cell::Null, true));
    }

    proptest! {
        #[test]
        fn bytes_compare_as_decimals_do(a in "-?(0|[1-9][0-9]{0,3})(\\.[0-9]{1,3})?(e-?[0-9])?", b in "-?(0|[1-9][0-9]{0,3})(\\.[0-9]{1,3})?") {
            let order = bytes(&number(&a), false).cmp(&bytes(&number(&b), false));
            prop_assert_eq!(Some(order), compare_decimals(&a, &b), "{} {}", a, b);
        }

        #[test]
        fn bytes_compare_as_texts_do(a in "[a\0\u{1}é]{0,4}", b in "[a\0\u{1}é]{0,4}", c in 0..3i64, d in 0..3i64) {
            let two = |text: &str, n: i64| {
                let mut out = bytes(&Cell::Text(text.to_owned().into()), false);
                write_cell(&Cell::Int(n), true, &mut out);
                out
            };
            let expected = a.as_bytes().cmp(b.as_bytes()).then(d.cmp(&c));
            prop_assert_eq!(two(&a, c).cmp(&two(&b, d)), expected);
            prop_assert_ne!(expected == Ordering::Equal, two(&a, c) != two(&b, d));
        }
    }
}
