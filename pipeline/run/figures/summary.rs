//! Figures over all values of one dimension: quartiles of bins, inequality over bands, rates standardised over ages.

use super::block::without;
use super::derived::{hidden, sampling};
use super::measured::Measured;
use crate::config::derived::{Inequality, Quartiles, Standardised};
use crate::config::figures::Convention as Asked;
use crate::config::plan::Rate;
use crate::config::published::{INEQUALITY, quantile_name};
use crate::error::Result;
use crate::estimate::Estimate;
use crate::estimate::inequality::{Band, Convention, inequality};
use crate::estimate::interval::Figure;
use crate::estimate::quantile::Histogram;
use crate::estimate::ratio::{Side, ratio_variance};
use crate::estimate::reliability::Rules;
use crate::estimate::standard::{Stratum, standardised, weights};
use crate::publish::Block;

/// Quantiles of a measure by bins, one figure each: in every table of it, without the dimension of bins.
///
/// # Errors
/// [`crate::error::Error::Privacy`] where the bins are none, which checked YAML excludes.
pub fn quartiles(asked: &Quartiles, dim: &str, level: usize, of: &Measured, rules: &Rules) -> Result<Vec<Block>> {
    let mut blocks = Vec::new();
    let edges = asked.bins.edges.iter().map(|&edge| edge as f64).collect::<Vec<_>>();
    for cells in of.at(level) {
        let Some(at) = cells.position(dim) else { continue };
        let lines = cells.along(at);
        for &q in &asked.at {
            let mut figures = Vec::new();
            for line in &lines {
                let bins = &line[asked.bins.first..asked.bins.first + edges.len()];
                let counts = bins.iter().map(|&cell| cells.sides[cell].value as i64).collect::<Vec<_>>();
                let covariance = |one: usize, other: usize| cells.covariance(bins[one], bins[other]);
                let quantile = Histogram::new(&edges, &counts)?.quantile(q, &covariance, true);
                let figure = quantile.and_then(|it| Figure::new(it.value, it.interval.0, it.interval.1));
                let withheld = bins.iter().find_map(|&cell| hidden(cells, cell));
                figures.push(withheld.unwrap_or_else(|| Estimate::of(figure, rules, 1)));
            }
            let name = format!("{}_{}", asked.name, quantile_name(q));
            blocks.push(without(&name, 1, cells, at, &figures));
        }
    }
    Ok(blocks)
}

/// The measures of inequality of a rate, in every table that has the band, without it.
///
/// # Errors
/// As [`super::derived::rates`].
pub fn inequalities(
    asked: &Inequality,
    rate: &Rate,
    band: &str,
    level: usize,
    [of, over]: [&Measured; 2],
    rules: &Rules,
) -> Result<Vec<Block>> {
    let mut blocks = Vec::new();
    let convention = match asked.convention {
        Asked::Phe => Convention::Phe,
        Asked::Scotpho => Convention::ScotPho,
    };
    for of in of.at(level) {
        let Some(at) = of.position(band) else { continue };
        let over = over.by(level, &of.names())?;
        let places = of.within(over);
        let mut found = Vec::new();
        for line in of.along(at) {
            // Without `unknown`, which has no rank.
            let known = &line[..line.len() - 1];
            let sides = known.iter().map(|&cell| (of.side(cell), over.side(places[cell]))).collect::<Vec<_>>();
            let withheld = known.iter().find_map(|&cell| hidden(of, cell).or_else(|| hidden(over, places[cell])));
            found.push((
                withheld,
                gap(&sides, &|a, b| of.covariance(known[a], known[b]) / of.scale().powi(2), rate, convention),
            ));
        }
        type Part = (u32, fn(&crate::estimate::inequality::Inequality) -> Option<Figure>);
        // In the order of their names.
        let parts: [Part; INEQUALITY.len()] = [
            (1, |it| it.sii),
            (2, |it| it.rii),
            (1, |it| it.par),
            (1, |it| it.absolute_range),
            (2, |it| it.relative_range),
        ];
        for ((part, _), (decimals, figure)) in INEQUALITY.iter().zip(parts) {
            let estimate = |(withheld, it): &(Option<Estimate>, crate::estimate::inequality::Inequality)| {
                withheld.unwrap_or_else(|| Estimate::of(figure(it), rules, decimals))
            };
            let figures = found.iter().map(estimate).collect::<Vec<_>>();
            blocks.push(without(&format!("{}_{part}", asked.name), decimals, of, at, &figures));
        }
    }
    Ok(blocks)
}

fn gap(
    sides: &[(Side, Side)],
    covariance: &dyn Fn(usize, usize) -> f64,
    rate: &Rate,
    convention: Convention,
) -> crate::estimate::inequality::Inequality {
    let per = f64::from(rate.per);
    let variances = sides.iter().map(|(of, over)| ratio_variance(*of, *over, 0.0, per, sampling(rate.sampling)));
    // A band in which there may be nobody to divide by: no measure holds.
    let Some(variances) = variances.collect::<Option<Vec<_>>>() else { return Default::default() };
    let bands = sides.iter().map(|(of, over)| Band { rate: of.value / over.value * per, population: over.value });
    let between = |a: usize, b: usize| match a == b {
        true => variances[a],
        // What the numerators' noise shares; the denominators' is small against it.
        false => covariance(a, b) * per * per / (sides[a].1.value * sides[b].1.value),
    };
    inequality(&bands.collect::<Vec<_>>(), &between, convention)
}

/// A directly standardised rate, in every table that has the ages, without them.
///
/// # Errors
/// As [`super::derived::rates`].
pub fn standard(
    asked: &Standardised,
    ages: &str,
    level: usize,
    [of, over]: [&Measured; 2],
    rules: &Rules,
) -> Result<Vec<Block>> {
    let mut blocks = Vec::new();
    let Some(weights) = weights(&asked.ages, None) else { return Ok(blocks) };
    for of in of.at(level) {
        let Some(at) = of.position(ages) else { continue };
        let over = over.by(level, &of.names())?;
        let places = of.within(over);
        let mut figures = Vec::new();
        for line in of.along(at) {
            let strata = line.iter().zip(&weights).map(|(&cell, &weight)| Stratum {
                weight,
                of: of.side(cell),
                over: over.side(places[cell]),
                covariance: 0.0,
            });
            let withheld = line.iter().find_map(|&cell| hidden(of, cell).or_else(|| hidden(over, places[cell])));
            let figure = standardised(&strata.collect::<Vec<_>>(), f64::from(asked.per), true);
            figures.push(withheld.unwrap_or_else(|| Estimate::of(figure, rules, 1)));
        }
        blocks.push(without(&asked.name, 1, of, at, &figures));
    }
    Ok(blocks)
}
