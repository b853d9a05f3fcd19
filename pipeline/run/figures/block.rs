//! How figures lie in a report's tables: which dimensions there are, and how blocks are made.

use super::cells::Cells;
use crate::config::plan::Plan;
use crate::estimate::Estimate;
use crate::measure::grid::{Dimension, dimensions_of};
use crate::publish::Block;
use crate::run::question::Question;

/// The dimensions beside areas that any measure of a report has, in the order of the files' columns: name and heading.
pub fn frame(plan: &Plan, question: &Question<'_>) -> Vec<(String, String)> {
    let mut dimensions: Vec<(String, String)> = Vec::new();
    for dimension in question.report.measures.iter().flat_map(|measure| dimensions_of(plan, measure)) {
        if !dimensions.iter().any(|(known, _)| *known == dimension.name) {
            dimensions.push((dimension.name, dimension.heading));
        }
    }
    let order = |name: &str| question.report.by.iter().position(|by| by == name).unwrap_or(usize::MAX);
    dimensions.sort_by_key(|(name, _)| order(name));
    dimensions
}

/// A figure in every cell of a table.
pub fn everywhere(name: &str, decimals: u32, cells: &Cells, figure: impl Fn(usize) -> Estimate) -> Block {
    let cells_of = (0..cells.sides.len()).map(figure).collect();
    block(name, decimals, cells.dimensions.clone(), cells_of)
}

/// A figure over all values of one dimension of a table: one for each place in the others.
pub fn without(name: &str, decimals: u32, cells: &Cells, dim: usize, figures: &[Estimate]) -> Block {
    let others = cells.dimensions.iter().enumerate().filter(|(at, _)| *at != dim);
    block(name, decimals, others.map(|(_, it)| it.clone()).collect(), figures.to_vec())
}

fn block(name: &str, decimals: u32, dimensions: Vec<Dimension>, cells: Vec<Estimate>) -> Block {
    Block { figure: name.to_owned(), decimals, dimensions, cells, revised: false }
}
