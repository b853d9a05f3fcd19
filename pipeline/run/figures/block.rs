//! How figures lie in a report's tables: which dimensions there are, and which of them a figure is by.

use super::cells::Cells;
use crate::config::plan::Plan;
use crate::estimate::Estimate;
use crate::measure::grid::{Dimension, dimensions_of};
use crate::publish::{ALL, Row};
use crate::run::question::Question;

/// The dimensions beside areas that any measure of a report has, in the order in which they first appear.
pub struct Frame {
    dimensions: Vec<Dimension>,
}

impl Frame {
    /// The frame of a report.
    pub fn of(plan: &Plan, question: &Question<'_>) -> Self {
        let mut dimensions: Vec<Dimension> = Vec::new();
        for dimension in question.report.measures.iter().flat_map(|measure| dimensions_of(plan, measure)) {
            if !dimensions.iter().any(|known| known.name == dimension.name) {
                dimensions.push(dimension);
            }
        }
        let order = |name: &str| question.report.by.iter().position(|by| by == name).unwrap_or(usize::MAX);
        dimensions.sort_by_key(|dimension| order(&dimension.name));
        Frame { dimensions }
    }

    /// Their headings in published files.
    pub fn headings(&self) -> impl Iterator<Item = String> {
        self.dimensions.iter().map(|dimension| dimension.heading.clone())
    }

    /// The position of a dimension that one of the report's measures has.
    fn position(&self, name: &str) -> usize {
        self.dimensions.iter().position(|dimension| dimension.name == name).unwrap_or(usize::MAX)
    }
}

/// One figure by areas and some dimensions.
pub struct Block {
    /// The figure's name.
    pub figure: String,
    /// How many decimals it is shown with.
    pub decimals: u32,
    /// Its dimensions beside areas, in the order of its cells. Their values are its own: two measures of days may have
    /// different bins.
    pub dimensions: Vec<Dimension>,
    /// Its cells: areas slowest, then the dimensions in order.
    pub cells: Vec<Estimate>,
}

impl Block {
    /// A figure in every cell of a table.
    pub fn new(name: &str, decimals: u32, cells: &Cells, figure: impl Fn(usize) -> Estimate) -> Self {
        Block {
            figure: name.to_owned(),
            decimals,
            dimensions: cells.dimensions.clone(),
            cells: (0..cells.sides.len()).map(figure).collect(),
        }
    }

    /// A figure over all values of one dimension of a table: one for each place in the others.
    pub fn without(name: &str, decimals: u32, cells: &Cells, dim: usize, figures: &[Estimate]) -> Self {
        let others = cells.dimensions.iter().enumerate().filter(|(at, _)| *at != dim);
        Block {
            figure: name.to_owned(),
            decimals,
            dimensions: others.map(|(_, it)| it.clone()).collect(),
            cells: figures.to_vec(),
        }
    }

    /// Its rows, in the order of its cells.
    pub fn rows<'a>(&'a self, frame: &'a Frame, areas: &'a [String]) -> impl Iterator<Item = Row> + 'a {
        let width = self.dimensions.iter().map(|it| it.values.len()).product::<usize>().max(1);
        self.cells.iter().enumerate().map(move |(cell, estimate)| {
            let mut labels = vec![ALL.to_owned(); frame.dimensions.len() + 1];
            labels[0].clone_from(&areas[cell / width]);
            let mut rest = cell % width;
            for it in self.dimensions.iter().rev() {
                labels[frame.position(&it.name) + 1].clone_from(&it.values[rest % it.values.len()]);
                rest /= it.values.len();
            }
            Row { labels, figure: self.figure.clone(), decimals: self.decimals, estimate: *estimate, revised: false }
        })
    }
}
