//! How a report's loss is divided among its tables: what its targets need comes first; the rest goes so that the tables
//! as published are as near the truth as they can be.
//!
//! A measure's tables overlap: what is known of one says something of the others. So the shares are chosen for what
//! comes out after all of them are combined (`estimate::fit`), each table weighing as its measure's `share` and its
//! level's say. Shares choose nothing but the noise, and the noise of every table is what the kernel makes of its share.

use crate::config::plan::{Plan, Report, Target};
use crate::error::{Error, Result};
use crate::estimate::design::{Candidate, Wanted, shares, shares_for};
use crate::estimate::interval::multiplier;
use crate::estimate::shape::{Marginal, Shape};
use crate::privacy::{Bounds, Calibrated, Definition, Exact, Loss, Mechanism, calibrate};

/// Of 100 cells, 95 lie within so many standard deviations.
const Z95: f64 = 1.959_963_984_540_054;
/// What is allowed for shares that are rounded to whole parts, and for a continuous noise in the place of a whole one.
const SLACK: f64 = 1.001;
/// Shares are whole numbers of this many parts.
const PARTS: f64 = 1e6;

/// One family of a measure's tables.
pub struct Part<'a> {
    /// The measure's position in the report.
    pub measure: usize,
    /// Its areas and dimensions.
    pub shape: &'a Shape,
    /// Its tables.
    pub tables: &'a [Marginal],
    /// What one person can do to each table.
    pub bounds: &'a [Bounds],
}

/// A part with the shares of its tables, before they are noise.
struct Shared {
    /// The tables' shares of the part's loss; 0 where a table is not drawn.
    shares: Vec<f64>,
    /// The loss that its targets need; `None` where it has none.
    needs: Option<f64>,
    /// How much it weighs against the other parts.
    weight: u64,
}

/// The noise of every table of every part, in their order; `None` where a table is not drawn, because it follows from the
/// others better than it would pay to draw it.
///
/// The charges add up to no more than `share`.
///
/// # Errors
/// [`Error::Budget`], with what would fit, where the targets need more than `share`; [`Error::Privacy`] where a part is
/// too small to draw noise for.
pub fn divide(plan: &Plan, report: &Report, share: &Loss, parts: &[Part<'_>]) -> Result<Vec<Vec<Option<Calibrated>>>> {
    let shared = parts.iter().map(|part| shared(report, share.definition, part)).collect::<Result<Vec<_>>>()?;
    let needs =
        shared.iter().map(|it| it.needs.map_or(Ok(Exact::ZERO), Exact::from_f64_up)).collect::<Result<Vec<_>>>()?;
    let needed = Exact::sum(&needs);
    let free = shared.iter().filter(|it| it.needs.is_none()).map(|it| it.weight).sum::<u64>();
    let rest = share.amount.minus(&needed).filter(|rest| !rest.is_zero() || free == 0);
    let Some(rest) = rest else { return Err(refusal(plan, report, share, &needed)) };
    let mut noise = Vec::new();
    for ((part, shared), needs) in parts.iter().zip(&shared).zip(needs) {
        let amount = match shared.needs {
            Some(_) => needs,
            None => rest.times(&Exact::ratio(shared.weight, free)?),
        };
        let parts = shared.shares.iter().map(|share| (share * PARTS).round() as u64).collect::<Vec<_>>();
        let all = parts.iter().sum::<u64>();
        let table = |(&parts, bounds): (&u64, &Bounds)| match parts {
            0 => Ok(None),
            parts => {
                calibrate(&Loss::new(share.definition, amount.times(&Exact::ratio(parts, all)?)), bounds).map(Some)
            }
        };
        noise.push(parts.iter().zip(part.bounds).map(table).collect::<Result<Vec<_>>>()?);
    }
    Ok(noise)
}

/// What a table costs: its noise has variance `cost / loss` (Gaussian) or `(cost / loss)²` (Laplace).
fn cost(definition: Definition, bounds: &Bounds) -> f64 {
    match definition {
        Definition::ZConcentrated => bounds.l2() * bounds.l2() / 2.0,
        Definition::Pure => std::f64::consts::SQRT_2 * bounds.l1_up(),
    }
}

fn shared(report: &Report, definition: Definition, part: &Part<'_>) -> Result<Shared> {
    let share = report.measures[part.measure].share;
    let weights = part.tables.iter().map(|table| u64::from(share) * u64::from(report.level_shares[table.level]));
    let weights = weights.collect::<Vec<_>>();
    let weight = weights.iter().try_fold(0u64, |sum, weight| sum.checked_add(*weight)).ok_or_else(|| {
        Error::Privacy(format!("the shares in `{}` are too large to add up; write smaller ones", report.name))
    })?;
    let may = part.tables.iter().zip(part.bounds);
    let may = may.map(|(table, bounds)| Candidate { table: table.clone(), cost: cost(definition, bounds) });
    let may = may.collect::<Vec<_>>();
    let wanted = part.tables.iter().zip(&weights);
    let wanted = wanted.map(|(table, &weight)| Wanted { table: table.clone(), weight: weight as f64 });
    let wanted = wanted.collect::<Vec<_>>();
    let targets = targets(report, definition, part);
    if targets.is_empty() {
        let shares = shares(part.shape, &may, &wanted, Mechanism::of(definition))?;
        return Ok(Shared { shares, needs: None, weight });
    }
    let (shares, needs) = shares_for(part.shape, &may, &wanted, Mechanism::of(definition), &targets)?;
    Ok(Shared { shares, needs: Some(needs * SLACK), weight })
}

/// The tables that a target is of, with the greatest variance that it allows: all of the measure's at the level.
fn targets(report: &Report, definition: Definition, part: &Part<'_>) -> Vec<(usize, f64)> {
    let z = Z95 * multiplier(definition == Definition::Pure);
    let own = report.targets.iter().filter(|target| target.measure == part.measure);
    let tables = |target: &Target| {
        let at = part.tables.iter().enumerate().filter(|(_, table)| table.level == target.level);
        // A whole number is within `within` where the figure behind it is within half of one more.
        let sd = (f64::from(target.within) + 0.5) / z;
        at.map(move |(at, _)| (at, sd * sd)).collect::<Vec<_>>()
    };
    own.flat_map(tables).collect()
}

/// Targets that do not fit: what they need, and what would do.
fn refusal(plan: &Plan, report: &Report, share: &Loss, needed: &Exact) -> Error {
    let symbol = share.definition.symbol();
    let ratio = needed.to_f64_up() / share.amount.to_f64_down().max(f64::MIN_POSITIVE);
    // Variance is as one over rho, and deviation as one over epsilon.
    let stretch = match share.definition {
        Definition::ZConcentrated => ratio.sqrt(),
        Definition::Pure => ratio,
    };
    let fits = report.targets.iter().map(|target| {
        let within = ((f64::from(target.within) + 0.5) * stretch * SLACK).ceil();
        format!(
            "{} at {} within {within}",
            report.measures[target.measure].name, plan.geography.levels[target.level].name
        )
    });
    let reports = plan.reports.iter().map(|report| u64::from(report.share)).sum::<u64>();
    let whole = Exact::ratio(reports, u64::from(report.share)).map(|times| needed.times(&times).decimal(6));
    Error::Budget(format!(
        "the targets of `{}` need {symbol} {} together, and its share of the quarter's loss is {symbol} {}\n  what would fit: {}\n\
         Raise `within`, give the report a larger `share`, or the quarter a loss above {symbol} {}. Nothing was spent and \
         nothing was published",
        report.name,
        needed.decimal(6),
        share.amount.decimal_down(6),
        fits.collect::<Vec<_>>().join("; "),
        whole.unwrap_or_default(),
    ))
}

#[cfg(test)]
#[path = "share_tests.rs"]
mod tests;
