//! Measures: lengths and weights, in units that can be compared.
//!
//! In: a number and the code of a unit, as owners and sellers write them. Out: an order between measures of one kind, exact. A
//! unit that is not in the table is not guessed.

use rust_decimal::Decimal;

use super::ratio::Ratio;

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measured {
    /// How long something is.
    Length,
    /// How heavy something is.
    Weight,
}

/// So many of a unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measure {
    value: Decimal,
    unit: String,
    /// The same in millimetres or grams.
    exact: Ratio,
}

/// Units of length, each as a fraction of millimetres.
const LENGTHS: &[(&str, i128, i128)] =
    &[("MM", 1, 1), ("CM", 10, 1), ("M", 1_000, 1), ("IN", 254, 10), ("FT", 3_048, 10)];

/// Units of weight, each as a fraction of grams.
const WEIGHTS: &[(&str, i128, i128)] = &[
    ("G", 1, 1),
    ("KG", 1_000, 1),
    ("T", 1_000_000, 1),
    ("OZ", 28_349_523_125, 1_000_000_000),
    ("LB", 45_359_237, 100_000),
];

impl Measured {
    /// Returns the codes of its units.
    pub fn units(self) -> impl Iterator<Item = &'static str> {
        self.table().iter().map(|(unit, ..)| *unit)
    }

    fn table(self) -> &'static [(&'static str, i128, i128)] {
        match self {
            Self::Length => LENGTHS,
            Self::Weight => WEIGHTS,
        }
    }
}

impl Measure {
    /// Makes a measure; none where the unit is none of its kind, in capitals or not, or the number too great.
    pub fn new(of: Measured, value: Decimal, unit: &str) -> Option<Self> {
        let (_, numerator, denominator) = of.table().iter().find(|(code, ..)| code.eq_ignore_ascii_case(unit))?;
        let exact = Ratio::of(value).times(Ratio::new(*numerator, *denominator)?)?;
        Some(Self { value, unit: unit.to_owned(), exact })
    }

    /// Returns it in millimetres or grams.
    pub(super) fn exact(&self) -> Ratio {
        self.exact
    }
}

impl std::fmt::Display for Measure {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{} {}", self.value.normalize(), self.unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_compared_exactly_or_not_at_all() {
        let of = |of, value: &str, unit| Measure::new(of, value.parse().unwrap(), unit).map(|measure| measure.exact());
        for (kind, one, other) in [
            (Measured::Length, ("25.4", "MM"), ("1", "in")),
            (Measured::Length, ("1", "FT"), ("12", "IN")),
            (Measured::Length, ("2.5", "M"), ("250", "CM")),
            (Measured::Weight, ("1", "LB"), ("16", "OZ")),
            (Measured::Weight, ("0.45359237", "kg"), ("1", "LB")),
            (Measured::Weight, ("1", "T"), ("1000000", "G")),
        ] {
            assert_eq!(of(kind, one.0, one.1), of(kind, other.0, other.1), "{one:?}");
            assert!(of(kind, one.0, one.1).is_some());
        }
        assert_eq!(of(Measured::Weight, "1", "MM"), None);
        assert_eq!(of(Measured::Length, "1", "EA"), None);
        assert_eq!(Measure::new(Measured::Weight, Decimal::new(3150, 2), "KG").unwrap().to_string(), "31.5 KG");
    }
}
