//! Mechanisms planned without data: the least noise that a share of the budget buys, and what it costs.
//! Every cost is the answer of OpenDP's own privacy map, checked here against the exact formula.

use std::fmt;

use dashu::rational::RBig;
use opendp::core::Measurement;
use opendp::domains::{AtomDomain, VectorDomain};
use opendp::measurements::{make_gaussian, make_laplace};
use opendp::measures::{MaxDivergence, ZeroConcentratedDivergence};
use opendp::metrics::{L1Distance, L2Distance};
use serde::{Deserialize, Serialize};

use super::bounds::Bounds;
use super::budget::{Definition, Loss};
use super::exact::Exact;
use crate::error::{Error, Result};

/// Noise below this scale is 0 with odds of 10^38 to 1: publishing the truth in all but name.
const MIN_SCALE: f64 = 0.0625;
/// Noise above this scale drowns every count of people there are.
const MAX_SCALE: f64 = 1e12;
/// Floats that the search may step over: the closed form is within a few roundings of the answer.
const STEPS: usize = 1024;

type Cells = VectorDomain<AtomDomain<i64>>;
type Gaussian = Measurement<Cells, L2Distance<f64>, ZeroConcentratedDivergence, Vec<i64>>;
type Laplace = Measurement<Cells, L1Distance<f64>, MaxDivergence, Vec<i64>>;

/// The noise that is added to every cell of a vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mechanism {
    /// OpenDP's exact discrete Gaussian, scaled to the Euclidean distance; costs rho.
    DiscreteGaussian,
    /// OpenDP's exact discrete Laplace, scaled to the L1 distance; costs epsilon.
    DiscreteLaplace,
}

impl Mechanism {
    /// The mechanism that pays in this definition of loss.
    pub fn of(definition: Definition) -> Self {
        match definition {
            Definition::ZConcentrated => Mechanism::DiscreteGaussian,
            Definition::Pure => Mechanism::DiscreteLaplace,
        }
    }

    /// The definition of loss that it pays in.
    pub fn definition(self) -> Definition {
        match self {
            Mechanism::DiscreteGaussian => Definition::ZConcentrated,
            Mechanism::DiscreteLaplace => Definition::Pure,
        }
    }

    /// What OpenDP says that noise of this scale costs one person under these bounds.
    fn cost(self, scale: f64, bounds: &Bounds) -> Result<Exact> {
        let cost = match self {
            Mechanism::DiscreteGaussian => gaussian(scale)?.map(&bounds.l2()),
            Mechanism::DiscreteLaplace => laplace(scale)?.map(&bounds.l1_up()),
        };
        Exact::from_f64_up(cost.map_err(|_| refused(scale))?)
    }

    /// The same cost by the textbook formula in exact arithmetic: a floor under OpenDP's rounded answer.
    fn exact_cost(self, scale: &Exact, bounds: &Bounds) -> RBig {
        let scale = scale.rational();
        match self {
            Mechanism::DiscreteGaussian => bounds.l2_squared() / (scale * scale * RBig::from(2)),
            Mechanism::DiscreteLaplace => bounds.l1() / scale,
        }
    }

    /// Adds noise to `cells`: the measurement is built, asked its cost and invoked in one block.
    pub(super) fn noise(self, plan: &Calibrated, cells: &Vec<i64>) -> Result<Vec<i64>> {
        let failed = |_| Error::System("the noise could not be drawn; the system's generator failed".into());
        if self.cost(plan.scale, &plan.bounds)? > plan.charge {
            return Err(Error::Privacy("the noise would cost more than was charged for it".into()));
        }
        match self {
            Mechanism::DiscreteGaussian => gaussian(plan.scale)?.invoke(cells).map_err(failed),
            Mechanism::DiscreteLaplace => laplace(plan.scale)?.invoke(cells).map_err(failed),
        }
    }
}

impl fmt::Display for Mechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Mechanism::DiscreteGaussian => "discrete Gaussian",
            Mechanism::DiscreteLaplace => "discrete Laplace",
        })
    }
}

fn refused(scale: f64) -> Error {
    Error::Privacy(format!("noise of scale {scale} has no finite cost"))
}

fn cells() -> Cells {
    VectorDomain::new(AtomDomain::<i64>::default())
}

fn gaussian(scale: f64) -> Result<Gaussian> {
    make_gaussian(cells(), L2Distance::default(), admitted(scale)?, None).map_err(|_| refused(scale))
}

fn laplace(scale: f64) -> Result<Laplace> {
    make_laplace(cells(), L1Distance::default(), admitted(scale)?, None).map_err(|_| refused(scale))
}

/// The one gate before OpenDP's constructors, which accept a scale of 0 and then return the truth.
fn admitted(scale: f64) -> Result<f64> {
    match scale {
        scale if (MIN_SCALE..=MAX_SCALE).contains(&scale) => Ok(scale),
        scale if scale < MIN_SCALE => Err(Error::Privacy(format!(
            "noise of scale {scale} is next to none; give this measure a smaller share of the budget"
        ))),
        scale => Err(Error::Privacy(format!(
            "noise of scale {scale} would drown everything; give this measure a larger share or tighter bounds"
        ))),
    }
}

/// One vector's noise, settled before any data are read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Parts", into = "Parts")]
pub struct Calibrated {
    mechanism: Mechanism,
    bounds: Bounds,
    scale: f64,
    charge: Exact,
}

/// A calibration as the ledger's text holds it: the scale in exact digits.
#[derive(Serialize, Deserialize)]
struct Parts {
    mechanism: Mechanism,
    bounds: Bounds,
    scale: Exact,
    charge: Exact,
}

impl From<Calibrated> for Parts {
    fn from(plan: Calibrated) -> Self {
        let scale = plan.scale_exact();
        Parts { mechanism: plan.mechanism, bounds: plan.bounds, scale, charge: plan.charge }
    }
}

impl TryFrom<Parts> for Calibrated {
    type Error = Error;

    /// Text is believed only where its charge covers the exact cost, whichever OpenDP wrote it.
    fn try_from(parts: Parts) -> Result<Self> {
        let scale = admitted(parts.scale.to_f64_up())?;
        if Exact::from_f64_up(scale)? != parts.scale
            || parts.charge.rational() < &parts.mechanism.exact_cost(&parts.scale, &parts.bounds)
        {
            return Err(Error::Privacy("a stored calibration charges less than its noise costs".into()));
        }
        Ok(Calibrated { mechanism: parts.mechanism, bounds: parts.bounds, scale, charge: parts.charge })
    }
}

/// The smallest noise whose cost, as OpenDP states it, is within `share`.
///
/// `share` is what this vector may cost and picks the mechanism; `bounds` is what one person can do
/// to it. The search starts at the closed form and moves float by float until OpenDP's map agrees.
///
/// Errors: [`Error::Privacy`] where the share is 0, or buys noise that is next to none or boundless.
pub fn calibrate(share: &Loss, bounds: &Bounds) -> Result<Calibrated> {
    if share.amount.is_zero() {
        return Err(Error::Privacy("a measure with no share of the budget cannot be released".into()));
    }
    let mechanism = Mechanism::of(share.definition);
    let budget = share.amount.to_f64_up();
    let guess = match mechanism {
        Mechanism::DiscreteGaussian => bounds.l2() / (2.0 * budget).sqrt(),
        Mechanism::DiscreteLaplace => bounds.l1_up() / budget,
    };
    let scale = smallest(guess, |scale| Ok(mechanism.cost(scale, bounds)? <= share.amount))?;
    let floor = mechanism.exact_cost(&Exact::from_f64_up(scale)?, bounds);
    let charge = believed(mechanism.cost(scale, bounds)?, &floor, &share.amount)?;
    Ok(Calibrated { mechanism, bounds: *bounds, scale, charge })
}

/// The smallest affordable scale near `guess`, which is within a few roundings of it.
fn smallest(guess: f64, affordable: impl Fn(f64) -> Result<bool>) -> Result<f64> {
    let mut scale = admitted(guess)?;
    let mut steps = 0;
    while !affordable(scale)? {
        steps += 1;
        // The closed form is near enough that single floats settle it; the relative step is a backstop.
        scale = admitted(if steps <= STEPS { scale.next_up() } else { scale * (1.0 + 1e-12) })?;
        if steps > 2 * STEPS {
            return Err(Error::Privacy("no noise was found whose cost is within the share".into()));
        }
    }
    for _ in 0..STEPS {
        let smaller = scale.next_down();
        if smaller < MIN_SCALE || !affordable(smaller)? {
            break;
        }
        scale = smaller;
    }
    Ok(scale)
}

/// OpenDP's cost is believed only between what the exact formula says and the share.
fn believed(charge: Exact, floor: &RBig, share: &Exact) -> Result<Exact> {
    if &charge > share || charge.rational() < floor {
        return Err(Error::Privacy("OpenDP's cost and the exact formula disagree; nothing may be released".into()));
    }
    Ok(charge)
}

impl Calibrated {
    /// The noise.
    pub fn mechanism(&self) -> Mechanism {
        self.mechanism
    }

    /// What one person can do to the vector.
    pub fn bounds(&self) -> &Bounds {
        &self.bounds
    }

    /// The noise's scale parameter, in units of the cells.
    pub fn scale(&self) -> f64 {
        self.scale
    }

    /// The same scale in exact digits.
    pub fn scale_exact(&self) -> Exact {
        Exact::from_f64_up(self.scale).expect("an admitted scale is a finite float above 0")
    }

    /// What releasing the vector costs.
    pub fn charge(&self) -> &Exact {
        &self.charge
    }

    /// The charge with its definition.
    pub fn loss(&self) -> Loss {
        Loss::new(self.mechanism.definition(), self.charge.clone())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn share(definition: Definition, text: &str) -> Loss {
        Loss::new(definition, text.parse().unwrap())
    }

    #[test]
    fn closed_forms() {
        let plan = calibrate(&share(Definition::ZConcentrated, "1/8"), &Bounds::count(1).unwrap()).unwrap();
        assert_eq!((plan.mechanism(), plan.scale()), (Mechanism::DiscreteGaussian, 2.0));
        assert_eq!(plan.charge(), &"1/8".parse().unwrap());
        let plan = calibrate(&share(Definition::Pure, "1/2"), &Bounds::new(3, -2, 5).unwrap()).unwrap();
        assert_eq!((plan.mechanism(), plan.scale()), (Mechanism::DiscreteLaplace, 30.0));
        assert_eq!(plan.loss(), share(Definition::Pure, "1/2"));
        let names = [Mechanism::DiscreteGaussian, Mechanism::DiscreteLaplace].map(|it| it.to_string());
        assert_eq!(names, ["discrete Gaussian", "discrete Laplace"]);
    }

    #[test]
    fn no_scale_at_or_near_nothing_and_none_without_end() {
        let plan = calibrate(&share(Definition::ZConcentrated, "1"), &Bounds::count(1).unwrap()).unwrap();
        for scale in [0.0, -0.0, -1.0, 1e-300, 0.06, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e13] {
            for mechanism in [Mechanism::DiscreteGaussian, Mechanism::DiscreteLaplace] {
                assert!(mechanism.cost(scale, plan.bounds()).is_err(), "{scale}");
                assert!(mechanism.noise(&Calibrated { scale, ..plan.clone() }, &vec![1]).is_err(), "{scale}");
            }
        }
        for (scale, why) in [(0.06, "next to none"), (1e13, "would drown everything")] {
            assert!(admitted(scale).unwrap_err().to_string().contains(why), "{scale}");
        }
        assert!([MIN_SCALE, MAX_SCALE].into_iter().all(|scale| admitted(scale).is_ok()));
    }

    /// So many floats above, or below.
    fn beside(float: f64, steps: i64) -> f64 {
        f64::from_bits(float.to_bits().strict_add_signed(steps))
    }

    #[test]
    fn the_search_ends_at_the_smallest_scale_that_is_affordable() {
        let found = |guess: f64, least: f64| smallest(guess, |scale| Ok(scale >= least)).unwrap();
        let within = STEPS as i64;
        for steps in [-within, -10, -1, 0, 1, 10, within] {
            assert_eq!(found(2.0, beside(2.0, steps)), beside(2.0, steps), "{steps}");
        }
        // Further up, relative steps come near it; further down, what was found is affordable and good enough.
        let far = 2.0 * (1.0 + 5e-10);
        assert!((far..far * (1.0 + 1e-12)).contains(&found(2.0, far)));
        assert_eq!(found(2.0, 1.0), beside(2.0, -within));
        assert_eq!(found(beside(MIN_SCALE, 5), 0.0), MIN_SCALE);
    }

    #[test]
    fn the_search_gives_up_where_nothing_is_affordable() {
        let asked = std::cell::Cell::new(0);
        let never = |_| {
            asked.set(asked.get() + 1);
            Ok(false)
        };
        let refused = smallest(2.0, never).unwrap_err().to_string();
        assert!(refused.contains("no noise was found"), "{refused}");
        assert_eq!(asked.get(), 2 * STEPS + 1);
        assert!(smallest(beside(MAX_SCALE, -3), |_| Ok(false)).unwrap_err().to_string().contains("drown everything"));
    }

    #[test]
    fn a_cost_is_believed_between_the_exact_formula_and_the_share_only() {
        let exact = |text: &str| text.parse::<Exact>().unwrap();
        let ask = |charge: &str| believed(exact(charge), exact("1/9").rational(), &exact("1/8"));
        for charge in ["1/8", "1/9", "0.12"] {
            assert_eq!(ask(charge).unwrap(), exact(charge));
        }
        assert!(ask("0.126").is_err() && ask("0.111").is_err());
    }

    #[test]
    fn shares_that_buy_no_sense_are_refused() {
        let count = Bounds::count(1).unwrap();
        let none = Loss::new(Definition::ZConcentrated, Exact::ZERO);
        assert!(calibrate(&none, &count).is_err());
        let endless = format!("1/1{}", "0".repeat(900));
        for text in ["1e30", "200", "1e-30", &endless] {
            for definition in [Definition::ZConcentrated, Definition::Pure] {
                assert!(calibrate(&share(definition, text), &count).is_err(), "{text}");
            }
        }
    }

    #[test]
    fn noise_that_costs_more_than_its_charge_is_not_drawn() {
        let plan = calibrate(&share(Definition::ZConcentrated, "1/8"), &Bounds::count(3).unwrap()).unwrap();
        assert!(plan.mechanism().noise(&plan, &vec![0, 5]).is_ok());
        let smaller = Calibrated { scale: plan.scale() * 0.7, ..plan.clone() };
        assert!(matches!(plan.mechanism().noise(&smaller, &vec![0, 5]), Err(Error::Privacy(_))));
        let wider = Calibrated { bounds: Bounds::count(4).unwrap(), ..plan.clone() };
        assert!(matches!(plan.mechanism().noise(&wider, &vec![0, 5]), Err(Error::Privacy(_))));
    }

    #[test]
    fn text_cannot_smuggle_a_cheap_calibration() {
        let plan = calibrate(&share(Definition::ZConcentrated, "1/8"), &Bounds::count(3).unwrap()).unwrap();
        let text = serde_json::to_string(&plan).unwrap();
        assert_eq!(serde_json::from_str::<Calibrated>(&text).unwrap(), plan);
        let cheap = text.replace(&format!("\"charge\":\"{}\"", plan.charge()), "\"charge\":\"1/9\"");
        let loose = text.replace("\"cells\":3", "\"cells\":4");
        let small = text.replace(&plan.scale_exact().to_string(), "1/1000");
        for wrong in [cheap, loose, small] {
            assert_ne!(wrong, text);
            assert!(serde_json::from_str::<Calibrated>(&wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn the_charge_is_within_the_share_and_wastes_next_to_none(
            n in 1u64..4_000, d in 1_000u64..2_000_000_000, cells in 1u32..5_000, high in 1i64..100_000, pure: bool,
        ) {
            let definition = if pure { Definition::Pure } else { Definition::ZConcentrated };
            let share = Loss::new(definition, Exact::ratio(n, d).unwrap());
            let bounds = Bounds::new(cells, 0, high).unwrap();
            if let Ok(plan) = calibrate(&share, &bounds) {
                prop_assert!(plan.charge() <= &share.amount);
                prop_assert!(plan.charge().rational() >= &plan.mechanism().exact_cost(&plan.scale_exact(), &bounds));
                prop_assert!(plan.charge().times(&"1.000000001".parse().unwrap()) > share.amount);
                let smaller = plan.scale().next_down();
                prop_assert!(smaller < MIN_SCALE || plan.mechanism().cost(smaller, &bounds).unwrap() > share.amount);
            } else {
                // Refused only where the closed form is outside the gate.
                let wanted = if pure { bounds.l1_up() / share.amount.to_f64_up() }
                    else { bounds.l2() / (2.0 * share.amount.to_f64_up()).sqrt() };
                prop_assert!(!(MIN_SCALE * 1.001..=MAX_SCALE * 0.999).contains(&wanted));
            }
        }
    }
}
