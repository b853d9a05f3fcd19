//! How far the noise may lie: error bars that are known before anything is spent. No promise rests on these, so they
//! stand outside the trust kernel.

use opendp::accuracy;

use crate::error::{Error, Result};
use crate::privacy::{Calibrated, Mechanism};

/// Above this scale the discrete Gaussian's tail is summed too slowly; the continuous one is within a unit.
const SUMMED_TAIL: f64 = 1e4;

impl Calibrated {
    /// The noise's standard deviation. For the Gaussian this is the scale, which a discrete Gaussian never exceeds.
    pub fn standard_deviation(&self) -> f64 {
        match self.mechanism() {
            Mechanism::DiscreteGaussian => self.scale(),
            Mechanism::DiscreteLaplace => {
                // 2p / (1-p)^2 with p = exp(-1/scale); expm1 keeps the digits that 1-p would lose.
                let missing = -(-1.0 / self.scale()).exp_m1();
                (2.0 * (1.0 - missing)).sqrt() / missing
            }
        }
    }

    /// The half-width that one cell's noise stays within, with odds of at least `1 - alpha`.
    ///
    /// Errors: [`Error::Privacy`] where `alpha` is not between 0 and 1, or too near 0 to compute.
    pub fn accuracy(&self, alpha: f64) -> Result<u64> {
        let refuse = || Error::Privacy(format!("the noise's spread cannot be computed at alpha {alpha}"));
        if !(alpha > 0.0 && alpha < 1.0) {
            return Err(refuse());
        }
        // OpenDP's discrete answers are the least distance that noise *reaches* no oftener than alpha:
        // noise stays within one unit less.
        let within = match self.mechanism() {
            Mechanism::DiscreteGaussian if self.scale() <= SUMMED_TAIL => {
                accuracy::discrete_gaussian_scale_to_accuracy(self.scale(), alpha).map(|reach| reach - 1.0)
            }
            Mechanism::DiscreteGaussian => {
                accuracy::gaussian_scale_to_accuracy(self.scale(), alpha).map(|within| within.ceil() + 1.0)
            }
            Mechanism::DiscreteLaplace => {
                accuracy::discrete_laplacian_scale_to_accuracy(self.scale(), alpha).map(|reach| reach.ceil() - 1.0)
            }
        };
        let within = within.map_err(|_| refuse())?;
        if within.is_finite() { Ok(within.max(0.0) as u64) } else { Err(refuse()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::privacy::{Bounds, Definition, Loss, calibrate};

    fn share(definition: Definition, text: &str) -> Loss {
        Loss::new(definition, text.parse().unwrap())
    }

    /// Adds up the discrete distribution itself, which no code above does.
    fn odds_of_staying_within(plan: &Calibrated, width: i64) -> f64 {
        let weight = |x: i64| match plan.mechanism() {
            Mechanism::DiscreteGaussian => (-0.5 * (x as f64 / plan.scale()).powi(2)).exp(),
            Mechanism::DiscreteLaplace => (-(x.abs() as f64) / plan.scale()).exp(),
        };
        let all: f64 = (-40_000..=40_000).map(weight).sum();
        (-width..=width).map(weight).sum::<f64>() / all
    }

    #[test]
    fn accuracy_is_the_least_width_that_holds() {
        for definition in [Definition::ZConcentrated, Definition::Pure] {
            for text in ["2", "1/8", "0.003"] {
                let plan = calibrate(&share(definition, text), &Bounds::count(2).unwrap()).unwrap();
                let width = i64::try_from(plan.accuracy(0.05).unwrap()).unwrap();
                assert!(odds_of_staying_within(&plan, width) >= 0.95 - 1e-9, "{plan:?} {width}");
                assert!(odds_of_staying_within(&plan, width - 1) < 0.95, "{plan:?} {width}");
            }
        }
        let plan = calibrate(&share(Definition::ZConcentrated, "1/8"), &Bounds::new(1, 0, 1_000_000).unwrap()).unwrap();
        let width = plan.accuracy(0.05).unwrap() as f64;
        assert!(width >= 1.959_963 * plan.scale() && width < 1.96 * plan.scale() + 3.0, "{width}");
        for alpha in [0.0, 1.0, -0.5, f64::NAN] {
            assert!(plan.accuracy(alpha).is_err(), "{alpha}");
        }
    }

    #[test]
    fn a_laplace_deviation_is_that_of_the_discrete_law() {
        let plan = calibrate(&share(Definition::Pure, "1"), &Bounds::count(1).unwrap()).unwrap();
        let p = (-1.0f64).exp();
        assert!((plan.standard_deviation().powi(2) - 2.0 * p / (1.0 - p).powi(2)).abs() < 1e-12);
    }
}
