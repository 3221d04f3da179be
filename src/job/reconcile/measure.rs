//! Measures: quantities of different units, said in one.
//!
//! In: a unit as systems write it. Out: the unit that its kind is compared in, and the factor. Units of which it is not plain
//! what they are stay what they are. Pure.

use rust_decimal::Decimal;

/// The unit of its kind that quantities are compared in, and how many of it one is. Case does not count.
const UNITS: [(&str, &[(&str, &str)]); 5] = [
    (
        "g",
        &[
            ("MG", "0.001"),
            ("MGM", "0.001"),
            ("G", "1"),
            ("GRM", "1"),
            ("KG", "1000"),
            ("KGM", "1000"),
            ("T", "1000000"),
            ("TNE", "1000000"),
            ("OZ", "28.349523125"),
            ("ONZ", "28.349523125"),
            ("LB", "453.59237"),
            ("LBR", "453.59237"),
        ],
    ),
    (
        "mm",
        &[
            ("MM", "1"),
            ("MMT", "1"),
            ("CM", "10"),
            ("CMT", "10"),
            ("M", "1000"),
            ("MTR", "1000"),
            ("KM", "1000000"),
            ("KMT", "1000000"),
            ("IN", "25.4"),
            ("INH", "25.4"),
            ("FT", "304.8"),
            ("FOT", "304.8"),
        ],
    ),
    ("m2", &[("CM2", "0.0001"), ("CMK", "0.0001"), ("M2", "1"), ("MTK", "1")]),
    ("l", &[("ML", "0.001"), ("MLT", "0.001"), ("L", "1"), ("LTR", "1"), ("M3", "1000"), ("MTQ", "1000")]),
    ("piece", &[("EA", "1"), ("PCE", "1"), ("C62", "1"), ("H87", "1")]),
];

/// Returns the unit that a unit is compared in, and how many of it one is.
pub(super) fn common(unit: &str) -> Option<(&'static str, Decimal)> {
    let unit = unit.trim().to_uppercase();
    UNITS.iter().find_map(|(common, units)| {
        let (_, factor) = units.iter().find(|(known, _)| *known == unit)?;
        Some((*common, Decimal::from_str_exact(factor).ok()?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_stands_once_in_the_table() {
        let mut known: Vec<&str> = UNITS.iter().flat_map(|(_, units)| units.iter().map(|(unit, _)| *unit)).collect();
        let n = known.len();
        known.sort_unstable();
        known.dedup();
        assert_eq!(known.len(), n);
        assert!(known.into_iter().all(|unit| common(unit).is_some()), "a factor is a decimal");
        assert_eq!(common("kg"), Some(("g", Decimal::ONE_THOUSAND)));
        assert_eq!(common("ST"), None, "a piece, or a stone");
    }
}
