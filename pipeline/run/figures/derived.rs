//! The figures of a report, cell by cell: counts, rates and means. What is given over a dimension at once is in
//! [`super::summary`].

use super::block::everywhere;
use super::cells::Cells;
use super::measured::Measured;
use crate::config::figures::Sampling as Asked;
use crate::config::plan::{Mean, Measure, Rate};
use crate::error::Result;
use crate::estimate::Estimate;
use crate::estimate::interval::{Figure, count};
use crate::estimate::ratio::{Sampling, Side, mean, ratio, share};
use crate::estimate::reliability::Rules;
use crate::measure::plan::floor;
use crate::publish::Block;

/// A measure's own figures in one table.
pub fn counts(name: &str, measure: &Measure, cells: &Cells, rules: &Rules) -> Block {
    let floor = cells.is_public() || floor(measure) >= 0;
    let scale = cells.scale();
    let estimate = |cell: usize| {
        let side = cells.sides[cell];
        if cells.is_public() {
            let value = side.value / scale;
            return Estimate::of(Figure::new(value, value, value), rules, cells.places);
        }
        let (low, high) = count(side.unbiased, side.variance.sqrt(), side.value as i64, floor);
        let figure = Figure::new(side.value / scale, low as f64 / scale, high as f64 / scale);
        Estimate::of(figure, rules, cells.places).counted(side.unbiased / scale, Some(cells.error(cell) / scale))
    };
    everywhere(name, cells.places, cells, |cell| hidden(cells, cell).unwrap_or_else(|| estimate(cell)))
}

/// What stands in the place of a cell that says nothing: one where nobody can be, or one that is withheld.
pub fn hidden(cells: &Cells, cell: usize) -> Option<Estimate> {
    match (cells.possible[cell], cells.withheld[cell]) {
        (false, _) => Some(Estimate::NOT_APPLICABLE),
        (_, true) => Some(Estimate::WITHHELD),
        _ => None,
    }
}

/// The sampling error of a rate, in the estimates' terms.
pub fn sampling(asked: Asked) -> Sampling {
    match asked {
        Asked::None => Sampling::None,
        Asked::Poisson => Sampling::Poisson,
        Asked::Binomial => Sampling::Binomial,
    }
}

/// A rate at one level, in every table of its numerator.
///
/// # Errors
/// [`crate::error::Error::Privacy`] where its denominator is not given by the same dimensions.
pub fn rates(rate: &Rate, level: usize, [of, over]: [&Measured; 2], rules: &Rules) -> Result<Vec<Block>> {
    let quotient = |of: Side, over: Side| ratio(of, over, 0.0, f64::from(rate.per), sampling(rate.sampling));
    quotients(&rate.name, level, [of, over], &|of, over| Estimate::of(quotient(of, over), rules, 1))
}

/// A mean at one level, in every table of its sum.
///
/// # Errors
/// As [`rates`].
pub fn means(asked: &Mean, level: usize, [sum, count]: [&Measured; 2], rules: &Rules) -> Result<Vec<Block>> {
    let range = (asked.between.0 as f64, asked.between.1 as f64);
    let figure = |sum: Side, count: Side| mean(sum, count, asked.centre as f64, range);
    quotients(&asked.name, level, [sum, count], &|sum, count| Estimate::of(figure(sum, count), rules, 1))
}

fn quotients(
    name: &str,
    level: usize,
    [of, over]: [&Measured; 2],
    figure: &dyn Fn(Side, Side) -> Estimate,
) -> Result<Vec<Block>> {
    let mut blocks = Vec::new();
    for of in of.at(level) {
        let over = over.by(level, &of.names())?;
        let places = of.within(over);
        let estimate = |cell: usize| {
            let other = places[cell];
            let hidden = hidden(of, cell).or_else(|| hidden(over, other));
            hidden.unwrap_or_else(|| figure(of.side(cell), over.side(other)))
        };
        blocks.push(everywhere(name, 1, of, estimate));
    }
    Ok(blocks)
}

/// A funnel, whose cells hold people at their furthest stage: how many reached each stage, what share that is of those
/// who started, and how many went no further.
pub fn funnel(measure: &Measure, cells: &Cells, stage: usize, rules: &Rules) -> Vec<Block> {
    let (lines, stages) = (cells.along(stage), cells.dimensions[stage].values.len());
    let mut reached = vec![Estimate::NOT_APPLICABLE; cells.sides.len()];
    let mut shares = reached.clone();
    for line in &lines {
        let (own, two) =
            (cells.sides[line[0]].variance, if stages > 1 { cells.covariance(line[0], line[1]) } else { 0.0 });
        // Of `few` stages within `many`: the covariance of the sums.
        let shared = |few: f64, many: f64| few * own + (few * many - few) * two;
        let from = |first: usize| {
            let parts = line[first..].iter().map(|&cell| cells.sides[cell]).collect::<Vec<_>>();
            let many = parts.len() as f64;
            Side { variance: shared(many, many), ..Side::pooled(&parts) }
        };
        let all = from(0);
        // A stage that is withheld would follow from those around it: the whole line is.
        let withheld = line.iter().find_map(|&cell| hidden(cells, cell));
        for (first, &cell) in line.iter().enumerate() {
            let side = from(first);
            let (low, high) = count(side.unbiased, side.variance.sqrt(), side.value as i64, true);
            let figure = Figure::new(side.value, low as f64, high as f64);
            let error = cells.error(line[0]) * (side.variance / own.max(f64::MIN_POSITIVE)).sqrt();
            let many = (stages - first) as f64;
            let of_all = match first {
                0 => Figure::new(100.0, 100.0, 100.0).filter(|_| all.divides()),
                _ => share(side, all, shared(many, stages as f64), 100.0, Sampling::Binomial),
            };
            reached[cell] =
                withheld.unwrap_or_else(|| Estimate::of(figure, rules, 0).counted(side.unbiased, Some(error)));
            shares[cell] = withheld.unwrap_or_else(|| Estimate::of(of_all, rules, 1));
        }
    }
    let name = &measure.name;
    let no_further = counts(&format!("{name}_no_further"), measure, cells, rules);
    let block = |name: &str, decimals, figures: &[Estimate]| everywhere(name, decimals, cells, |cell| figures[cell]);
    vec![block(name, 0, &reached), block(&format!("{name}_share"), 1, &shares), no_further]
}
