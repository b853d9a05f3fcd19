//! Takes released tables of one measure that add up, and a board's rule for small numbers.
//! Gives the cells to withhold: the small ones, and what would give them away.
//! Never sees a private value. The promise of privacy needs no such rule: noise is in every cell already, and this is
//! for boards whose policy asks for it all the same.
//!
//! A cell is a total wherever another table has its parts: the areas below it, the values of a dimension that it sums
//! over, or both. Such a total and its parts are a line. From a line with one cell withheld anyone works that cell out;
//! from a published total anyone works out the sum of the withheld parts. So in each line
//!
//! 1. a withheld total has at least one withheld part,
//! 2. a published total has no withheld part, or at least two, whose sum is not itself small.
//!
//! The smallest part that is still published is withheld until all lines keep the rule. That guards against one line at
//! a time. Against a reader who solves all lines at once it is no proof, as no such rule is (Willenborg and de Waal,
//! "Elements of Statistical Disclosure Control", 2001, chapter 5); that is what the noise is for.

use super::shape::{Marginal, Shape};
use crate::error::{Error, Result};

/// One table: which, and its released whole values.
#[derive(Debug, Clone, Copy)]
pub struct Table<'a> {
    /// Its area level and dimensions.
    pub marginal: &'a Marginal,
    /// Its cells, each at least 0, in the order of [`Marginal`].
    pub values: &'a [i64],
}

/// A board's rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Counts from 1 to one less than this are small.
    pub small: u64,
    /// So is 0.
    pub zeros: bool,
}

/// For each cell of each table, whether it is withheld. The tables add up wherever one is a total of another.
///
/// # Errors
/// [`Error::Privacy`] where a table has not as many values as cells, or a negative one.
pub fn withheld(shape: &Shape, tables: &[Table], policy: Policy) -> Result<Vec<Vec<bool>>> {
    for table in tables {
        if table.values.len() != shape.cells(table.marginal) || table.values.iter().any(|&value| value < 0) {
            return Err(Error::Privacy(
                "a table under the rule for small numbers is not whole or not its shape".into(),
            ));
        }
    }
    let is_small = |&value: &i64| (value > 0 || policy.zeros) && value.unsigned_abs() < policy.small;
    let mut hidden = tables.iter().map(|it| it.values.iter().map(is_small).collect()).collect::<Vec<Vec<bool>>>();
    let pairs = (0..tables.len()).flat_map(|parts| (0..tables.len()).map(move |total| (parts, total)));
    let has_lines =
        |parts: usize, total: usize| parts != total && adds_up(tables[parts].marginal, tables[total].marginal);
    let mut pairs = pairs.filter(|&(parts, total)| has_lines(parts, total)).collect::<Vec<_>>();
    // Short lines first: what guards a cell within its own area most often guards it in the wider ones too.
    pairs.sort_by_key(|&(parts, total)| tables[parts].values.len() / tables[total].values.len().max(1));
    // Every round but the last withholds at least one more cell, so the rounds come to an end.
    let mut settled = false;
    while !settled {
        settled = true;
        for &(parts, total) in &pairs {
            let places = places(shape, tables[parts].marginal, tables[total].marginal);
            let lines = lines(tables[parts].values, &hidden[parts], &places, hidden[total].len());
            settled &= guard(&lines, (parts, total), &mut hidden, policy.small);
        }
    }
    Ok(hidden)
}

/// The parts of one total.
#[derive(Debug, Clone, Copy, Default)]
struct Line {
    /// How many are withheld, and their sum.
    hidden: usize,
    sum: u64,
    /// The cell of the smallest published part; one that is 0 only where there is no other, for it hides least.
    next: Option<(i64, usize)>,
}

/// One line for each cell of the table of totals.
fn lines(values: &[i64], hidden: &[bool], places: &[u32], totals: usize) -> Vec<Line> {
    let mut lines = vec![Line::default(); totals];
    for (cell, (&value, &place)) in values.iter().zip(places).enumerate() {
        let line = &mut lines[place as usize];
        if hidden[cell] {
            line.hidden += 1;
            line.sum = line.sum.saturating_add(value.unsigned_abs());
        } else {
            let rank = |value: i64| (value == 0, value);
            if line.next.is_none_or(|(least, _)| rank(value) < rank(least)) {
                line.next = Some((value, cell));
            }
        }
    }
    lines
}

/// Withholds one cell more in each line that breaks the rule; whether there was none.
fn guard(lines: &[Line], (parts, total): (usize, usize), hidden: &mut [Vec<bool>], small: u64) -> bool {
    let mut settled = true;
    for (cell, line) in lines.iter().enumerate() {
        let breaks = match (hidden[total][cell], line.hidden) {
            (true, parts) => parts == 0,
            (false, parts) => parts == 1 || (parts > 1 && line.sum < small),
        };
        if breaks {
            settled = false;
            match line.next {
                Some((_, part)) => hidden[parts][part] = true,
                None => hidden[total][cell] = true,
            }
        }
    }
    settled
}

/// Whether cells of the table by `parts` add up to those of the table by `total`.
fn adds_up(parts: &Marginal, total: &Marginal) -> bool {
    total.level <= parts.level && total.dims.iter().all(|dim| parts.dims.contains(dim))
}

/// For each cell of the table by `parts`, the cell of the table by `total` that it is a part of.
fn places(shape: &Shape, parts: &Marginal, total: &Marginal) -> Vec<u32> {
    let mut areas = (0..shape.tree.nodes(parts.level) as u32).collect::<Vec<_>>();
    for level in (total.level + 1..=parts.level).rev() {
        let parents = shape.tree.parents(level);
        areas.iter_mut().for_each(|area| *area = parents[*area as usize]);
    }
    let (within, width) = (shape.projection(&parts.dims, &total.dims), shape.width(&total.dims) as u32);
    areas.iter().flat_map(|area| within.iter().map(move |place| area * width + place)).collect()
}

#[cfg(test)]
#[path = "small_numbers_tests.rs"]
mod tests;
