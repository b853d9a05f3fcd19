//! Exact non-negative rationals: what budgets, shares and charges are counted in.
//! No float enters here but as the exact value of a bound that OpenDP computed.

use std::fmt;
use std::str::FromStr;

use dashu::base::{Approximation, Sign, UnsignedAbs};
use dashu::integer::{IBig, UBig};
use dashu::rational::RBig;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::config::amount;
use crate::error::{Error, Result};

/// A non-negative rational number, held without rounding.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Exact(RBig);

impl Exact {
    /// Nothing. Reached by arithmetic only: the text `0` is refused as a budget.
    pub const ZERO: Exact = Exact(RBig::ZERO);

    /// `numerator / denominator`. Errors: [`Error::Privacy`] where the denominator is 0.
    pub fn ratio(numerator: u64, denominator: u64) -> Result<Self> {
        if denominator == 0 {
            return Err(Error::Privacy("a fraction cannot have the denominator 0".into()));
        }
        Ok(Exact(RBig::from_parts(IBig::from(numerator), UBig::from(denominator))))
    }

    /// The very number that a finite, non-negative float holds: every such float is a rational, so
    /// nothing is rounded, and a bound that was rounded up stays a bound.
    pub fn from_f64_up(value: f64) -> Result<Self> {
        match RBig::try_from(value) {
            Ok(exact) if value >= 0.0 => Ok(Exact(exact)),
            _ => Err(Error::Privacy(format!("{value} is not a finite amount of zero or more"))),
        }
    }

    /// The least float that is no less than this number. Infinite only beyond the range of floats.
    pub fn to_f64_up(&self) -> f64 {
        match self.0.to_f64() {
            // `Negative` says that the float fell short of the number.
            Approximation::Inexact(below, Sign::Negative) => below.next_up(),
            Approximation::Exact(value) | Approximation::Inexact(value, _) => value,
        }
    }

    /// The greatest float that is no more than this number.
    pub fn to_f64_down(&self) -> f64 {
        match self.0.to_f64() {
            Approximation::Inexact(above, Sign::Positive) => above.next_down(),
            Approximation::Exact(value) | Approximation::Inexact(value, _) => value,
        }
    }

    /// Whether this is 0.
    pub fn is_zero(&self) -> bool {
        self.0.is_zero()
    }

    /// The sum.
    pub fn plus(&self, other: &Exact) -> Exact {
        Exact(&self.0 + &other.0)
    }

    /// The difference, or `None` where it would fall below 0.
    pub fn minus(&self, other: &Exact) -> Option<Exact> {
        (self >= other).then(|| Exact(&self.0 - &other.0))
    }

    /// The product with another exact number.
    pub fn times(&self, other: &Exact) -> Exact {
        Exact(&self.0 * &other.0)
    }

    /// Half of its square: the rho that an epsilon implies.
    pub(super) fn half_square(&self) -> Exact {
        Exact(&self.0 * &self.0 / RBig::from(2))
    }

    /// The sum of many.
    pub fn sum<'a>(amounts: impl IntoIterator<Item = &'a Exact>) -> Exact {
        amounts.into_iter().fold(Exact::ZERO, |total, amount| total.plus(amount))
    }

    /// Decimal text with at most `places` digits after the point, rounded up: for a cost.
    pub fn decimal(&self, places: u32) -> String {
        decimal_text((&self.0 * power_of_ten(places)).ceil(), places)
    }

    /// The same, rounded down: for what is left, which must never be overstated.
    pub fn decimal_down(&self, places: u32) -> String {
        decimal_text((&self.0 * power_of_ten(places)).floor(), places)
    }

    /// A rational that is known not to be negative; one that is becomes 0.
    pub(super) fn from_rational(number: RBig) -> Self {
        Exact(number.max(RBig::ZERO))
    }

    /// The number itself, for exact comparisons inside the kernel.
    pub(super) fn rational(&self) -> &RBig {
        &self.0
    }
}

fn power_of_ten(places: u32) -> RBig {
    RBig::from(UBig::from(10u8).pow(places as usize))
}

/// `scaled / 10^places` as decimal text without trailing zeros.
fn decimal_text(scaled: IBig, places: u32) -> String {
    let places = places as usize;
    let digits = format!("{:0>width$}", scaled.unsigned_abs().to_string(), width = places + 1);
    let (whole, part) = digits.split_at(digits.len() - places);
    let part = part.trim_end_matches('0');
    if part.is_empty() { whole.to_owned() } else { format!("{whole}.{part}") }
}

/// `num/den` in lowest terms, or the whole number; reads back as the same number.
impl fmt::Display for Exact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl FromStr for Exact {
    type Err = String;

    /// Reads `0.25`, `1e-7` or `1/4`, by the reader that YAML's amounts go through. Signs, spaces, zero, words and absurd
    /// sizes are refused.
    fn from_str(text: &str) -> Result<Self, String> {
        match amount::exact(text) {
            Ok(number) if number.is_zero() => Err(format!("`{text:.40}` is 0; an amount must be above 0")),
            Ok(number) => Ok(Exact(number)),
            Err(wrong) => Err(format!("`{text:.40}` {wrong}")),
        }
    }
}

impl Serialize for Exact {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Exact {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn exact(text: &str) -> Exact {
        text.parse().unwrap()
    }

    #[test]
    fn reads_the_three_spellings_as_one_number() {
        assert_eq!(exact("0.25"), exact("1/4"));
        assert_eq!(exact("25e-2"), exact("1/4"));
        assert_eq!(exact("0.0025E+2"), exact("1/4"));
        assert_eq!(exact("1e-7"), Exact::ratio(1, 10_000_000).unwrap());
        assert_eq!(exact("1e-7").to_string(), "1/10000000");
        assert_eq!(exact("3").to_string(), "3");
    }

    #[test]
    fn refuses_what_is_not_an_amount() {
        let long_decimal = format!("0.{}1", "0".repeat(63));
        let long_fraction = format!("1/{}", "9".repeat(1023));
        let wrong = [
            "",
            "0",
            "0.0",
            "0/5",
            "1/0",
            "-1",
            "+1",
            " 1",
            "1 ",
            ".5",
            "5.",
            ".",
            "1_000",
            "1e31",
            "1e-31",
            "1e",
            "e5",
            "1e+-1",
            "NaN",
            "inf",
            "infinity",
            "1/2/3",
            "1/-2",
            "0x10",
            "1e1e1",
            "1.2/3",
            "1,5",
            "¼",
            "1e99999999999",
        ];
        for text in wrong.into_iter().chain([long_decimal.as_str(), long_fraction.as_str()]) {
            assert!(text.parse::<Exact>().is_err(), "{text}");
        }
    }

    #[test]
    fn floats_become_the_rationals_that_they_are() {
        assert_eq!(Exact::from_f64_up(0.25).unwrap(), exact("1/4"));
        assert_eq!(Exact::from_f64_up(0.0).unwrap(), Exact::ZERO);
        assert_ne!(Exact::from_f64_up(0.1).unwrap(), exact("1/10"));
        for float in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0] {
            assert!(Exact::from_f64_up(float).is_err());
        }
    }

    #[test]
    fn decimals_round_up_for_costs_and_down_for_what_is_left() {
        assert_eq!(exact("1/3").decimal(4), "0.3334");
        assert_eq!(exact("1/3").decimal_down(4), "0.3333");
        assert_eq!(exact("1/4").decimal(6), "0.25");
        assert_eq!(exact("1e-9").decimal(3), "0.001");
        assert_eq!(exact("1e-9").decimal_down(3), "0");
        assert_eq!(exact("12.5").decimal(0), "13");
        assert_eq!(exact("100").decimal(2), "100");
    }

    #[test]
    fn subtraction_never_falls_below_nothing() {
        assert_eq!(exact("1/2").minus(&exact("1/3")), Some(exact("1/6")));
        assert_eq!(exact("1/3").minus(&exact("1/2")), None);
        assert_eq!(exact("1/3").minus(&exact("1/3")), Some(Exact::ZERO));
    }

    proptest! {
        #[test]
        fn text_and_back(numerator in 1u64.., denominator in 1u64..) {
            let number = Exact::ratio(numerator, denominator).unwrap();
            prop_assert_eq!(exact(&number.to_string()), number);
        }

        #[test]
        fn floats_survive_text_and_bracket_their_number(float in 1e-40f64..1e40) {
            let number = Exact::from_f64_up(float).unwrap();
            prop_assert_eq!(exact(&number.to_string()).to_f64_up(), float);
            let third = Exact(number.rational() / RBig::from(3));
            prop_assert!(Exact::from_f64_up(third.to_f64_up()).unwrap() >= third);
            prop_assert!(Exact::from_f64_up(third.to_f64_down()).unwrap() <= third);
            prop_assert!(third.to_f64_up() <= third.to_f64_down().next_up());
        }

        #[test]
        fn no_text_panics(text in ".{0,80}") {
            let _ = text.parse::<Exact>();
        }
    }
}
