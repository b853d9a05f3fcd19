//! How much of a measure's loss each noisy table gets.
//!
//! A table that is measured helps every table that shares a component with it, so that equal shares waste loss. The
//! shares found here minimise the weighted mean of the logarithms of the published tables' mean variances after the
//! fit, or the loss at which targets hold. For Gaussian noise, whose variance is cost / loss, that is convex: there is one
//! optimum, and how far it can still be is known at every step. For Laplace noise, whose variance is the square of that,
//! the shares are a stationary point no worse than equal ones, and there may be better. The method is multiplicative (Yu 2010): a share
//! grows by a root of what it gains. Only `+ - * /` and square roots are used, in a fixed order: the same shares on
//! every machine.

use std::collections::BTreeMap;

use super::classes::{Classes, Regression};
use super::fit::{check, check_above_zero, subsets};
use super::shape::{Marginal, Shape};
use crate::error::{Error, Result};
use crate::privacy::Mechanism;

/// A table that may be measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// Which table.
    pub table: Marginal,
    /// Up to a factor common to all: for [`Mechanism::DiscreteGaussian`] the variance in each cell at a loss of 1, as
    /// the square of the Euclidean sensitivity is; for [`Mechanism::DiscreteLaplace`] its square root, as the L1
    /// sensitivity is.
    pub cost: f64,
}

/// A table that is published.
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted {
    /// Which table.
    pub table: Marginal,
    /// How much its precision matters beside the others'; above 0.
    pub weight: f64,
}

/// Shares below this are not worth a table.
const LEAST: f64 = 1e-4;
/// No share that is looked at is less than this.
const NOTHING: f64 = 1e-15;
/// How far, in proportion, the objective may be from its optimum.
const TOLERANCE: f64 = 1e-6;
const ITERATIONS: usize = 300;
/// The boldest step is the plain one to the power of 2 to this.
const BOLDEST: u32 = 4;
/// What tables without a target get, together, where others have one.
const FLOOR: f64 = 0.05;

/// Shares of the loss, one a candidate; they sum to 1, and 0 is not measured. They minimise the sum over wanted tables
/// of weight times the logarithm of the mean variance.
///
/// # Errors
/// [`Error::Privacy`] where nothing is wanted, or a wanted table is not estimable from the candidates, a table is not of
/// this shape, or a cost or weight is not a number above 0.
pub fn shares(shape: &Shape, may: &[Candidate], wanted: &[Wanted], mechanism: Mechanism) -> Result<Vec<f64>> {
    let problem = Problem::new(shape, may, wanted, mechanism)?;
    let best = problem.optimum(vec![1.0 / may.len() as f64; may.len()], &problem.weights);
    Ok(problem.optimum(problem.thinned(&problem.weights, best), &problem.weights))
}

/// The shares at which every target holds at the least loss, to a hundredth, and that loss, of which the shares are
/// parts. A target is a position in `wanted` and the greatest mean variance that it may have. Where some wanted tables
/// have no target, they have a twentieth of the loss to themselves, so that they can be published.
///
/// # Errors
/// [`Error::Privacy`] as for [`shares`], and where there is no target or one is not of a wanted table or not above 0.
pub fn shares_for(
    shape: &Shape,
    may: &[Candidate],
    wanted: &[Wanted],
    mechanism: Mechanism,
    targets: &[(usize, f64)],
) -> Result<(Vec<f64>, f64)> {
    let problem = Problem::new(shape, may, wanted, mechanism)?;
    if targets.is_empty() || targets.iter().any(|target| target.0 >= wanted.len()) {
        return Err(Error::Privacy("a target must be of a published table".into()));
    }
    targets.iter().try_for_each(|target| check_above_zero(target.1, "target"))?;
    let equal = vec![1.0 / may.len() as f64; may.len()];
    let mut limited = vec![0.0; wanted.len()];
    targets.iter().for_each(|&(at, _)| limited[at] = 1.0);
    let mut shares = problem.thinned(&limited, problem.least_ratio(equal.clone(), targets));
    shares = problem.least_ratio(shares, targets);
    let free = |(at, weight): (usize, &f64)| if targets.iter().any(|target| target.0 == at) { 0.0 } else { *weight };
    let others = problem.weights.iter().enumerate().map(free).collect::<Vec<_>>();
    if others.iter().any(|&weight| weight > 0.0) {
        let floor = problem.thinned(&others, problem.optimum(equal, &others));
        let floor = problem.optimum(floor, &others);
        shares.iter_mut().zip(floor).for_each(|(share, floor)| *share = *share * (1.0 - FLOOR) + floor * FLOOR);
    }
    let means = problem.state(&shares).means;
    let ratio = targets.iter().fold(0.0, |most: f64, &(at, limit)| most.max(means[at] / limit));
    let loss = match mechanism {
        Mechanism::DiscreteGaussian => ratio,
        Mechanism::DiscreteLaplace => ratio.sqrt(),
    };
    Ok((shares, loss))
}

/// The root mean square error of each wanted table's cells at a loss of 1, shared out like this; infinite where it is not
/// estimable.
///
/// # Errors
/// [`Error::Privacy`] as for [`shares`], or where there is not one share a candidate.
pub fn errors(
    shape: &Shape,
    may: &[Candidate],
    wanted: &[Wanted],
    mechanism: Mechanism,
    shares: &[f64],
) -> Result<Vec<f64>> {
    let problem = Problem::new(shape, may, wanted, mechanism)?;
    if shares.len() != may.len() || shares.iter().any(|share| !(0.0..=1.0).contains(share)) {
        return Err(Error::Privacy("shares of the loss must be from 0 to 1, one a table that may be measured".into()));
    }
    Ok(problem.state(shares).means.into_iter().map(f64::sqrt).collect())
}

/// The candidates and the wanted tables, taken apart.
struct Problem {
    mechanism: Mechanism,
    classes: Classes,
    levels: usize,
    costs: Vec<f64>,
    weights: Vec<f64>,
    components: Vec<Component>,
}

/// One component that some wanted table has.
#[derive(Default)]
struct Component {
    /// Candidate, its level, and the component's precision at a precision of 1 in the candidate's cells.
    sources: Vec<(usize, usize, f64)>,
    /// Wanted table, its level, and what one unit of the component's variance adds to its cells'.
    uses: Vec<(usize, usize, f64)>,
}

/// What certain shares give.
struct State {
    /// One a component.
    regressions: Vec<Regression>,
    /// The mean variance of each wanted table; infinite where it is not estimable.
    means: Vec<f64>,
}

impl Problem {
    fn new(shape: &Shape, may: &[Candidate], wanted: &[Wanted], mechanism: Mechanism) -> Result<Self> {
        may.iter().map(|it| &it.table).chain(wanted.iter().map(|it| &it.table)).try_for_each(|it| check(shape, it))?;
        may.iter().try_for_each(|it| check_above_zero(it.cost, "cost"))?;
        wanted.iter().try_for_each(|it| check_above_zero(it.weight, "weight"))?;
        let mut components = BTreeMap::<Vec<usize>, Component>::new();
        for (at, Wanted { table, .. }) in wanted.iter().enumerate() {
            for dims in subsets(shape, &table.dims) {
                let over = (shape.width(&table.dims) / shape.width(&dims)) as f64;
                let centred = dims.iter().map(|&dim| 1.0 - 1.0 / shape.sizes[dim] as f64).product::<f64>();
                components.entry(dims).or_default().uses.push((at, table.level, centred / (over * over)));
            }
        }
        for (at, Candidate { table, .. }) in may.iter().enumerate() {
            for dims in subsets(shape, &table.dims) {
                let over = (shape.width(&table.dims) / shape.width(&dims)) as f64;
                if let Some(component) = components.get_mut(&dims) {
                    component.sources.push((at, table.level, 1.0 / over));
                }
            }
        }
        let problem = Problem {
            mechanism,
            classes: Classes::new(&shape.tree),
            levels: shape.tree.levels(),
            costs: may.iter().map(|it| it.cost).collect(),
            weights: wanted.iter().map(|it| it.weight).collect(),
            components: components.into_values().collect(),
        };
        if wanted.is_empty() || !problem.is_estimable(&vec![1.0; may.len()], &problem.weights) {
            return Err(Error::Privacy("what is published cannot be estimated from what may be measured".into()));
        }
        Ok(problem)
    }

    fn state(&self, shares: &[f64]) -> State {
        let mut means = vec![0.0; self.weights.len()];
        let mut regressions = Vec::with_capacity(self.components.len());
        for component in &self.components {
            let mut precisions = vec![0.0; self.levels];
            for &(at, level, factor) in &component.sources {
                let precision = shares[at] / self.costs[at];
                precisions[level] += factor
                    * match self.mechanism {
                        Mechanism::DiscreteGaussian => precision,
                        Mechanism::DiscreteLaplace => precision * precision,
                    };
            }
            let regression = self.classes.regress(&precisions);
            for &(at, level, factor) in &component.uses {
                means[at] += factor * self.classes.mean(level, &regression.variance[level]);
            }
            regressions.push(regression);
        }
        State { regressions, means }
    }

    /// What the weighted sum of the logarithms of the mean variances loses for each unit of each share.
    fn gains(&self, shares: &[f64], state: &State, weights: &[f64]) -> Vec<f64> {
        let mut gains = vec![0.0; shares.len()];
        for (component, regression) in self.components.iter().zip(&state.regressions) {
            let mut pulls = vec![0.0; self.levels];
            for &(at, level, factor) in component.uses.iter().filter(|it| weights[it.0] > 0.0) {
                pulls[level] += factor * weights[at] / state.means[at];
            }
            let slopes = self.classes.gradient(regression, &pulls);
            for &(at, level, factor) in &component.sources {
                // Below the deepest measured level nobody has a share.
                let slope = slopes.get(level).copied().unwrap_or(0.0);
                gains[at] -= factor * slope / self.costs[at]
                    * match self.mechanism {
                        Mechanism::DiscreteGaussian => 1.0,
                        Mechanism::DiscreteLaplace => 2.0 * shares[at] / self.costs[at],
                    };
            }
        }
        // A table that nothing wanted needs may seem to lose, by rounding.
        gains.iter_mut().for_each(|gain| *gain = gain.max(0.0));
        gains
    }

    /// Whether every table of some weight is estimable.
    fn is_estimable(&self, shares: &[f64], weights: &[f64]) -> bool {
        let means = self.state(shares).means;
        means.iter().zip(weights).all(|(mean, &weight)| weight <= 0.0 || mean.is_finite())
    }

    /// Without the tables that are not worth their noise, where every table of some weight stays estimable.
    fn thinned(&self, weights: &[f64], mut shares: Vec<f64>) -> Vec<f64> {
        let mut order = (0..shares.len()).filter(|&at| shares[at] < LEAST).collect::<Vec<_>>();
        order.sort_by(|&a, &b| shares[a].total_cmp(&shares[b]));
        for at in order {
            let kept = std::mem::replace(&mut shares[at], 0.0);
            if kept > 0.0 && !self.is_estimable(&shares, weights) {
                shares[at] = kept;
            }
        }
        normalise(&mut shares);
        shares
    }

    /// Follows the gains until nothing is left to gain. No step is for the worse.
    fn optimum(&self, mut shares: Vec<f64>, weights: &[f64]) -> Vec<f64> {
        let mut state = self.state(&shares);
        let mut boldness = 0;
        for _ in 0..ITERATIONS {
            let gains = self.gains(&shares, &state, weights);
            if excess(&shares, &gains) < TOLERANCE {
                break;
            }
            (shares, state) = self.improved(&shares, &state, &gains, weights, &mut boldness);
        }
        shares
    }

    /// The next shares and what they give. A bold step that would be for the worse is not taken.
    fn improved(
        &self,
        shares: &[f64],
        state: &State,
        gains: &[f64],
        weights: &[f64],
        boldness: &mut u32,
    ) -> (Vec<f64>, State) {
        if *boldness > 0 {
            let next = self.step(shares, gains, *boldness);
            let after = self.state(&next);
            if is_better(&after, state, weights) {
                *boldness = BOLDEST.min(*boldness + 1);
                return (next, after);
            }
        }
        *boldness = 1;
        let next = self.step(shares, gains, 0);
        let after = self.state(&next);
        (next, after)
    }

    /// The shares at which the greatest ratio of a mean variance to its limit is least.
    ///
    /// The weights of the targets follow their ratios, and the shares follow the weights. With weights `w` that sum to
    /// 1, no shares can bring the greatest ratio below `1 / (sum of w / ratio) / (greatest gain)`.
    fn least_ratio(&self, mut shares: Vec<f64>, targets: &[(usize, f64)]) -> Vec<f64> {
        let mut weights = vec![0.0; self.weights.len()];
        targets.iter().for_each(|&(at, _)| weights[at] = 1.0);
        normalise(&mut weights);
        let mut best = (f64::INFINITY, shares.clone());
        let mut state = self.state(&shares);
        let mut boldness = 0;
        for _ in 0..2 * ITERATIONS {
            let ratios = targets.iter().map(|&(at, limit)| (at, state.means[at] / limit)).collect::<Vec<_>>();
            let most = ratios.iter().fold(0.0, |most: f64, it| most.max(it.1));
            if most < best.0 {
                best = (most, shares.clone());
            }
            let gains = self.gains(&shares, &state, &weights);
            let inverse = ratios.iter().map(|&(at, ratio)| weights[at] / ratio).sum::<f64>();
            let bound = 1.0 / (inverse * gains.iter().fold(0.0, |most: f64, &gain| most.max(gain)));
            if self.mechanism == Mechanism::DiscreteGaussian && best.0 <= bound * (1.0 + TOLERANCE) {
                break;
            }
            for (at, ratio) in ratios {
                weights[at] = (weights[at] * (ratio / most).sqrt()).max(1e-12);
            }
            normalise(&mut weights);
            (shares, state) = self.improved(&shares, &state, &gains, &weights, &mut boldness);
        }
        best.1
    }

    /// One multiplicative step. The square root of the gain never overshoots where variance falls with the share, nor does
    /// any power up to the third where it falls with the share's square. Each unit of boldness squares the step.
    fn step(&self, shares: &[f64], gains: &[f64], boldness: u32) -> Vec<f64> {
        let stepped = |(share, gain): (&f64, &f64)| {
            let growth = match self.mechanism {
                Mechanism::DiscreteGaussian => gain.sqrt(),
                Mechanism::DiscreteLaplace => gain.sqrt().sqrt(),
            };
            share * (0..boldness).fold(growth, |growth, _| growth * growth).max(NOTHING)
        };
        let mut shares = shares.iter().zip(gains).map(stepped).collect::<Vec<_>>();
        normalise(&mut shares);
        // What nobody needs at this step may be needed later, and noise must not become infinite.
        shares.iter_mut().filter(|share| **share > 0.0).for_each(|share| *share = share.max(NOTHING));
        shares
    }
}

/// Whether the objective falls for certain: a logarithm of x is at most x - 1.
fn is_better(after: &State, before: &State, weights: &[f64]) -> bool {
    let weighed = after.means.iter().zip(&before.means).zip(weights).filter(|it| *it.1 > 0.0);
    weighed.map(|((after, before), weight)| weight * (after / before - 1.0)).sum::<f64>() < 0.0
}

/// By how much the greatest gain exceeds the mean gain, in proportion. Where variance is convex in the shares, the
/// objective is no further than this times the sum of weights from its optimum.
fn excess(shares: &[f64], gains: &[f64]) -> f64 {
    let most = gains.iter().fold(0.0, |most: f64, &gain| most.max(gain));
    most / shares.iter().zip(gains).map(|(share, gain)| share * gain).sum::<f64>() - 1.0
}

fn normalise(shares: &mut [f64]) {
    let sum = shares.iter().sum::<f64>();
    shares.iter_mut().for_each(|share| *share /= sum);
}

#[cfg(test)]
#[path = "design_tests.rs"]
mod tests;
