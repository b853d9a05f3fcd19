//! Budget arithmetic: the two definitions of privacy loss, how one counts toward the other, and shares.

use std::fmt;

use dashu::rational::RBig;
use opendp::combinators::ConcentratedMeasure;
use opendp::measures::ZeroConcentratedDivergence;
use serde::{Deserialize, Serialize};

use super::exact::Exact;
use crate::error::{Error, Result};

/// Which definition of privacy loss an amount counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Definition {
    /// Zero-concentrated differential privacy: rho. Gaussian noise.
    ZConcentrated,
    /// Pure differential privacy: epsilon. Laplace noise.
    Pure,
}

impl Definition {
    /// The name of its amount: `rho` or `epsilon`.
    pub fn symbol(self) -> &'static str {
        match self {
            Definition::ZConcentrated => "rho",
            Definition::Pure => "epsilon",
        }
    }
}

/// An amount of privacy loss under one definition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loss {
    /// What the amount counts.
    pub definition: Definition,
    /// How much.
    pub amount: Exact,
}

impl Loss {
    /// A loss of `amount` under `definition`.
    pub fn new(definition: Definition, amount: Exact) -> Self {
        Loss { definition, amount }
    }

    /// The same release's cost counted under `definition`, or `None` where no finite amount holds it.
    ///
    /// A release that is epsilon-private is also (epsilon^2/2)-zero-concentrated (Bun and Steinke
    /// 2016, Proposition 1.4). There is no way back: Gaussian noise has no finite epsilon.
    pub fn counted_as(&self, definition: Definition) -> Option<Exact> {
        match (self.definition, definition) {
            (Definition::Pure, Definition::ZConcentrated) => Some(self.amount.half_square()),
            (Definition::ZConcentrated, Definition::Pure) => None,
            _ => Some(self.amount.clone()),
        }
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.definition.symbol(), self.amount.decimal(6))
    }
}

/// Divides `total` in proportion to `weights`. The shares add up to `total` exactly.
///
/// Errors: [`Error::Privacy`] where there is no weight above 0.
pub fn split(total: &Exact, weights: &[u32]) -> Result<Vec<Exact>> {
    let sum: u64 = weights.iter().map(|weight| u64::from(*weight)).sum();
    if sum == 0 {
        return Err(Error::Privacy("a budget cannot be divided when every weight is 0".into()));
    }
    weights.iter().map(|weight| Ok(total.times(&Exact::ratio(u64::from(*weight), sum)?))).collect()
}

/// The epsilon of an (epsilon, delta) guarantee that `rho` implies, by OpenDP's own conversion, rounded up.
///
/// Errors: [`Error::Privacy`] where `delta` is not below 1, or the numbers are beyond the conversion's reach.
pub fn epsilon_at(rho: &Exact, delta: &Exact) -> Result<f64> {
    let refuse = || Error::Privacy(format!("rho {rho} at delta {delta} has no finite epsilon"));
    // Rounding rho up and delta down can only make epsilon greater.
    let (rho_up, delta_down) = (rho.to_f64_up(), delta.to_f64_down());
    if delta.rational() >= &RBig::ONE || delta_down <= 0.0 || !rho_up.is_finite() {
        return Err(refuse());
    }
    let epsilon = ZeroConcentratedDivergence::convert(rho_up)
        .and_then(|profile| profile.epsilon(delta_down))
        .map_err(|_| refuse())?;
    if epsilon.is_finite() { Ok(epsilon) } else { Err(refuse()) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn exact(text: &str) -> Exact {
        text.parse().unwrap()
    }

    #[test]
    fn pure_loss_counts_toward_rho_and_never_the_other_way() {
        let pure = Loss::new(Definition::Pure, exact("1/2"));
        assert_eq!(pure.counted_as(Definition::ZConcentrated), Some(exact("1/8")));
        assert_eq!(pure.counted_as(Definition::Pure), Some(exact("1/2")));
        let rho = Loss::new(Definition::ZConcentrated, exact("1/2"));
        assert_eq!(rho.counted_as(Definition::Pure), None);
    }

    #[test]
    fn epsilon_is_opendps_own_and_grows_with_rho() {
        let (delta, small, large) = (exact("1e-7"), exact("0.25"), exact("0.26"));
        let epsilon = epsilon_at(&small, &delta).unwrap();
        // The textbook bound rho + 2 sqrt(rho ln(1/delta)) is looser than the conversion in use.
        let textbook = 0.25 + 2.0 * (0.25 * 1e7_f64.ln()).sqrt();
        assert!(epsilon < textbook && epsilon > 0.8 * textbook, "{epsilon} against {textbook}");
        assert!(epsilon_at(&large, &delta).unwrap() > epsilon);
        assert!(epsilon_at(&small, &exact("1e-8")).unwrap() > epsilon);
        assert!(epsilon_at(&small, &exact("1")).is_err());
        // Between two floats, the greater epsilon of the two.
        let third = exact("1/3");
        let above = Exact::from_f64_up(third.to_f64_up()).unwrap();
        assert_eq!(epsilon_at(&third, &delta).unwrap(), epsilon_at(&above, &delta).unwrap());
        // Beyond the range of floats, either way.
        let endless = format!("1{}", "0".repeat(400));
        assert!(epsilon_at(&small, &exact(&format!("1/{endless}"))).is_err());
        assert!(epsilon_at(&exact(&format!("{endless}/1")), &delta).is_err());
    }

    #[test]
    fn weights_of_nothing_divide_nothing() {
        assert!(split(&exact("1"), &[]).is_err());
        assert!(split(&exact("1"), &[0, 0]).is_err());
        assert_eq!(split(&exact("1"), &[0, 2, 1]).unwrap(), vec![Exact::ZERO, exact("2/3"), exact("1/3")]);
    }

    proptest! {
        #[test]
        fn shares_add_up_exactly(weights in proptest::collection::vec(1u32.., 1..40), n in 1u64.., d in 1u64..) {
            let total = Exact::ratio(n, d).unwrap();
            let shares = split(&total, &weights).unwrap();
            prop_assert_eq!(Exact::sum(&shares), total);
        }
    }
}
