//! What is published of one measure's tables: the released vectors combined, and made whole.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::fit::{Fit, Noisy, Spread, fit};
use super::shape::{Marginal, Shape};
use super::small_numbers::{Policy, Table, withheld};
use super::whole::{self, whole};
use crate::error::{Error, Result};
use crate::privacy::Released;

/// The areas that are published of one level's nodes.
#[derive(Debug, Clone)]
pub struct Named<'a> {
    /// How many areas there are.
    pub areas: usize,
    /// Each node's area.
    pub area_of: &'a [u32],
}

/// Tables that are estimated together.
pub struct Together<'a> {
    /// Areas and dimensions.
    pub shape: &'a Shape,
    /// The areas of each level.
    pub named: &'a [Named<'a>],
    /// What was drawn.
    pub drawn: Vec<(&'a Marginal, &'a Released)>,
    /// What is published.
    pub tables: &'a [Marginal],
    /// How many of the first dimensions are bands: places' own, so that some combinations hold nobody.
    pub bands: usize,
    /// Whether anyone can be counted at a level's node, in a combination of bands.
    pub possible: &'a dyn Fn(usize, usize, usize) -> bool,
    /// Whether no cell can be below zero.
    pub floor: bool,
    /// The board's rule for small numbers, if it has one.
    pub small: Option<Policy>,
}

/// One published table.
#[derive(Debug, Clone)]
pub struct Counted {
    /// Which table it is; its cells have areas in the place of nodes.
    pub table: Marginal,
    /// Values of each of its dimensions.
    pub sizes: Vec<usize>,
    /// Whole numbers that add up over all tables, one a cell.
    pub whole: Vec<i64>,
    /// The unbiased estimates that they were made of.
    pub unbiased: Vec<f64>,
    /// Whether anyone can be counted there. The others are 0, and known to be.
    pub possible: Vec<bool>,
    /// Whether the rule for small numbers withholds it.
    pub withheld: Vec<bool>,
    /// The variance of each area's cells: of the noise alone.
    variance: Vec<f64>,
    spread: Spread,
    /// Each area's nodes.
    nodes: Vec<Vec<usize>>,
}

/// Combines what was drawn, and gives the published tables.
///
/// # Errors
/// [`Error::Privacy`] where a published table does not follow from what was drawn.
pub fn counted(together: &Together<'_>) -> Result<Vec<Counted>> {
    let noisy = together.drawn.iter().map(|(table, released)| Noisy {
        table: (*table).clone(),
        variance: released.calibrated().standard_deviation().powi(2),
        values: released.values(),
    });
    let fit = fit(together.shape, &noisy.collect::<Vec<_>>())?;
    if together.tables.iter().any(|table| !fit.is_estimable(table)) {
        return Err(Error::Privacy("a published table does not follow from what was drawn".into()));
    }
    let bands = (0..together.bands).collect::<Vec<_>>();
    let informed = informed(together)?;
    let best = informed.as_ref().unwrap_or(&fit);
    // A table that is asked for once is asked for again.
    let known = RefCell::new(BTreeMap::<Marginal, Vec<f64>>::new());
    let estimate =
        |table: &Marginal| known.borrow_mut().entry(table.clone()).or_insert_with(|| best.table(table)).clone();
    let whole = whole(&whole::Request {
        shape: together.shape,
        tables: together.tables,
        estimate: &estimate,
        bands: &bands,
        possible: together.possible,
        non_negative: together.floor,
    })?;
    let hidden = hidden(together, &whole)?;
    let tables = together.tables.iter().zip(whole.iter().zip(&hidden));
    Ok(tables.map(|(table, (whole, hidden))| named(together, &fit, table, whole, hidden)).collect())
}

/// The fit that whole figures are made of: it knows that there is nobody where nobody can be, so that the noise of such
/// cells is not taken for people. It errs no more than the plain fit, whose variances are known exactly and are what
/// intervals are made of. `None` where there is no such cell: the plain fit is then the same.
fn informed(together: &Together<'_>) -> Result<Option<Fit>> {
    let held = together.drawn.iter().map(|(table, _)| held(together, table)).collect::<Vec<_>>();
    if held.iter().flatten().all(|&held| held) {
        return Ok(None);
    }
    let known = |(held, (_, released)): (&Vec<bool>, &(&Marginal, &Released))| {
        let cells = held.iter().zip(released.values());
        cells.map(|(&held, &value)| if held { value } else { 0 }).collect::<Vec<_>>()
    };
    let known = held.iter().zip(&together.drawn).map(known).collect::<Vec<_>>();
    let noisy = together.drawn.iter().zip(&known).map(|((table, released), values)| Noisy {
        table: (*table).clone(),
        variance: released.calibrated().standard_deviation().powi(2),
        values,
    });
    fit(together.shape, &noisy.collect::<Vec<_>>()).map(Some)
}

/// Whether anyone can be counted in each cell of a table by nodes.
fn held(together: &Together<'_>, table: &Marginal) -> Vec<bool> {
    let shape = together.shape;
    let all_bands = (0..together.bands).collect::<Vec<_>>();
    let own = table.dims.iter().copied().filter(|&dim| dim < together.bands).collect::<Vec<_>>();
    let banded = shape.projection(&all_bands, &own);
    let width = shape.width(&table.dims);
    let codes = width / shape.width(&own);
    let mut held = vec![false; shape.cells(table)];
    for node in 0..shape.tree.nodes(table.level) {
        for (band, &own) in banded.iter().enumerate() {
            if (together.possible)(table.level, node, band) {
                let start = node * width + own as usize * codes;
                held[start..start + codes].fill(true);
            }
        }
    }
    held
}

/// What the rule for small numbers withholds: nothing where there is none, or where values may be negative.
fn hidden(together: &Together<'_>, whole: &[Vec<i64>]) -> Result<Vec<Vec<bool>>> {
    let Some(policy) = together.small.filter(|_| together.floor) else {
        return Ok(whole.iter().map(|whole| vec![false; whole.len()]).collect());
    };
    let tables = together.tables.iter().zip(whole).map(|(marginal, values)| Table { marginal, values });
    withheld(together.shape, &tables.collect::<Vec<_>>(), policy)
}

/// From nodes to the areas that they are parts of.
fn named(together: &Together<'_>, fit: &Fit, table: &Marginal, whole: &[i64], hidden: &[bool]) -> Counted {
    let (shape, named) = (together.shape, &together.named[table.level]);
    let width = shape.width(&table.dims);
    let (spread, real) = (fit.spread(table), fit.table(table));
    let held = held(together, table);
    let mut counted = Counted {
        table: table.clone(),
        sizes: table.dims.iter().map(|&dim| shape.sizes[dim]).collect(),
        whole: vec![0; named.areas * width],
        unbiased: vec![0.0; named.areas * width],
        possible: vec![false; named.areas * width],
        withheld: vec![false; named.areas * width],
        variance: vec![0.0; named.areas],
        spread,
        nodes: vec![Vec::new(); named.areas],
    };
    for (node, &area) in named.area_of.iter().enumerate() {
        let (area, from) = (area as usize, node * width);
        for cell in 0..width {
            counted.whole[area * width + cell] += whole[from + cell];
            counted.unbiased[area * width + cell] += real[from + cell];
            counted.withheld[area * width + cell] |= hidden[from + cell];
            counted.possible[area * width + cell] |= held[from + cell];
        }
        // Nodes of one area lie in different parents, where errors have little in common: they are added as independent.
        counted.variance[area] += counted.spread.variance(node);
        counted.nodes[area].push(node);
    }
    counted
}

impl Counted {
    /// Cells of one area.
    pub fn width(&self) -> usize {
        self.sizes.iter().product()
    }

    /// The variance of the noise in each cell of an area.
    pub fn variance(&self, area: usize) -> f64 {
        self.variance[area]
    }

    /// The covariance of two cells of one area, which agree in those of the table's dimensions where `same` says so.
    pub fn covariance(&self, area: usize, same: &[bool]) -> f64 {
        self.nodes[area].iter().map(|&node| self.spread.covariance(node, same)).sum()
    }
}
