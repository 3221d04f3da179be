//! Exact fractions: what prices per unit and converted quantities are compared in.
//!
//! In: decimals and whole numbers. Out: an order that no rounding has touched, and decimals rounded where it is asked for.
//! What does not fit 128 bits is none, never an approximation and never a panic.

use std::cmp::Ordering;

use rust_decimal::Decimal;

/// A fraction in its lowest terms; the denominator is positive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Ratio {
    numerator: i128,
    denominator: i128,
}

/// The most digits behind the point that a decimal can have.
const SCALE_MAX: u32 = 28;

/// How many digits behind the point a quantity is shown with: more than any unit is counted in.
const QUANTITY_DIGITS: u32 = 9;

impl Ratio {
    /// Nothing.
    pub const ZERO: Self = Self { numerator: 0, denominator: 1 };
    /// One.
    pub const ONE: Self = Self { numerator: 1, denominator: 1 };

    /// Makes a fraction; none for a denominator of zero and for what does not fit.
    pub fn new(numerator: i128, denominator: i128) -> Option<Self> {
        if denominator == 0 || numerator == i128::MIN || denominator == i128::MIN {
            return None;
        }
        let divisor = gcd(numerator.unsigned_abs(), denominator.unsigned_abs());
        // The divisor of two numbers that fit is no greater than either, unless both are zero, which is excluded.
        let divisor = i128::try_from(divisor).ok()? * denominator.signum();
        Some(Self { numerator: numerator / divisor, denominator: denominator / divisor })
    }

    /// Returns what a decimal says exactly.
    pub fn of(decimal: Decimal) -> Self {
        let decimal = decimal.normalize();
        let denominator = 10_i128.pow(decimal.scale());
        // 96 bits above, 94 bits below: always fits.
        Self::new(decimal.mantissa(), denominator).unwrap_or(Self::ZERO)
    }

    /// Multiplies; none where the product does not fit.
    pub fn times(self, other: Self) -> Option<Self> {
        // Crosswise reduction keeps the products as small as they can be.
        let left = Self::new(self.numerator, other.denominator)?;
        let right = Self::new(other.numerator, self.denominator)?;
        let numerator = left.numerator.checked_mul(right.numerator)?;
        Self::new(numerator, left.denominator.checked_mul(right.denominator)?)
    }

    /// Divides; none by zero and where the quotient does not fit.
    pub fn over(self, other: Self) -> Option<Self> {
        self.times(Self::new(other.denominator, other.numerator)?)
    }

    /// Adds; none where the sum does not fit.
    pub fn plus(self, other: Self) -> Option<Self> {
        let left = self.numerator.checked_mul(other.denominator)?;
        let right = other.numerator.checked_mul(self.denominator)?;
        Self::new(left.checked_add(right)?, self.denominator.checked_mul(other.denominator)?)
    }

    /// Subtracts; none where the difference does not fit.
    pub fn minus(self, other: Self) -> Option<Self> {
        self.plus(Self { numerator: other.numerator.checked_neg()?, ..other })
    }

    /// Tells whether it is more than nothing.
    pub fn is_positive(self) -> bool {
        self.numerator > 0
    }

    /// Tells whether it is a whole number.
    pub fn is_whole(self) -> bool {
        self.denominator == 1
    }

    /// Returns it as a decimal with as many digits as quantities have; none where it does not fit.
    pub fn decimal(self) -> Option<Decimal> {
        self.rounded(QUANTITY_DIGITS).map(|decimal| decimal.normalize())
    }

    /// Returns it as a decimal of at most so many digits, a half rounded away from zero; none where it does not fit.
    pub fn rounded(self, digits: u32) -> Option<Decimal> {
        let scale = 10_i128.checked_pow(digits.min(SCALE_MAX))?;
        let scaled = self.times(Self::new(scale, 1)?)?;
        let (whole, rest) = (scaled.numerator / scaled.denominator, scaled.numerator % scaled.denominator);
        let up = rest.unsigned_abs() >= scaled.denominator.unsigned_abs().div_ceil(2);
        let mantissa = if up { whole.checked_add(scaled.numerator.signum())? } else { whole };
        Decimal::try_from_i128_with_scale(mantissa, digits.min(SCALE_MAX)).ok()
    }
}

impl PartialOrd for Ratio {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ratio {
    /// Compares digit by digit of the continued fractions: what cross multiplication says, without its overflow.
    fn cmp(&self, other: &Self) -> Ordering {
        let (mut a, mut b) = (self.numerator, self.denominator);
        let (mut c, mut d) = (other.numerator, other.denominator);
        loop {
            let whole = a.div_euclid(b).cmp(&c.div_euclid(d));
            let (rest_a, rest_c) = (a.rem_euclid(b), c.rem_euclid(d));
            match (whole, rest_a, rest_c) {
                (Ordering::Equal, 0, 0) => return Ordering::Equal,
                (Ordering::Equal, 0, _) => return Ordering::Less,
                (Ordering::Equal, _, 0) => return Ordering::Greater,
                // What is left over is less than one on both sides: the greater one has the smaller inverse.
                (Ordering::Equal, _, _) => (a, b, c, d) = (d, rest_c, b, rest_a),
                (unequal, _, _) => return unequal,
            }
        }
    }
}

fn gcd(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn thirds_are_exact_and_a_half_is_rounded_up() {
        let third = Ratio::new(1, 3).unwrap();
        assert_eq!(third.times(Ratio::new(3, 1).unwrap()), Some(Ratio::ONE));
        assert_eq!(third.rounded(2), Some(decimal("0.33")));
        assert_eq!(third.minus(third), Some(Ratio::ZERO));
        for (exact, digits, expected) in [
            ("2.345", 2, "2.35"),
            ("2.3449", 2, "2.34"),
            ("-2.345", 2, "-2.35"),
            ("-2.344", 2, "-2.34"),
            ("0.5", 0, "1"),
            ("0.4", 0, "0"),
            ("7", 3, "7.000"),
        ] {
            assert_eq!(Ratio::of(decimal(exact)).rounded(digits), Some(decimal(expected)), "{exact}");
        }
        assert_eq!(Ratio::new(1, 6).unwrap().rounded(1), Some(decimal("0.2")));
        assert_eq!((Ratio::ONE.over(Ratio::ZERO), Ratio::new(1, 0)), (None, None));
    }

    fn any_decimal() -> impl Strategy<Value = Decimal> {
        (any::<i128>(), 0_u32..=28).prop_map(|(mantissa, scale)| {
            let limit = (1_i128 << 96) - 1;
            Decimal::from_i128_with_scale(mantissa % limit, scale)
        })
    }

    proptest! {
        #[test]
        fn the_order_is_that_of_cross_multiplication(a in -999_999_i128..999_999, b in 1_i128..999_999,
                                                     c in -999_999_i128..999_999, d in 1_i128..999_999) {
            let order = Ratio::new(a, b).unwrap().cmp(&Ratio::new(c, d).unwrap());
            prop_assert_eq!(order, (a * d).cmp(&(c * b)));
        }

        #[test]
        fn no_decimal_makes_it_panic(a in any_decimal(), b in any_decimal()) {
            let (x, y) = (Ratio::of(a), Ratio::of(b));
            prop_assert_eq!(x.cmp(&y), a.cmp(&b));
            let _ = (x.times(y), x.over(y), x.plus(y), x.minus(y), x.rounded(2), x.rounded(60));
            if let Some(back) = x.times(y).and_then(|product| product.over(y)) {
                prop_assert_eq!(back, x);
            }
        }
    }
}
