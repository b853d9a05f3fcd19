//! One published table, as figures lie in memory: a block a figure and set of dimensions, over the same areas. Rows are
//! read off it; nothing is copied for each of them.

use super::text::bracketed;
use crate::estimate::Estimate;
use crate::estimate::reliability::Mark;
use crate::measure::grid::{Dimension, UNKNOWN, digits};

/// What stands where a measure is given over all values of a dimension.
pub const ALL: &str = "All";

/// A table of one report at one area level: every figure in every cell.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// The report's name.
    pub report: String,
    /// The report's title.
    pub title: String,
    /// The area level's name.
    pub level: String,
    /// The quarter, as `2026-Q3`.
    pub quarter: String,
    /// The heading of the areas.
    pub heading: String,
    /// The areas' codes, `unknown` last.
    pub areas: Vec<String>,
    /// The dimensions beside areas, in the order of the file's columns: name and heading.
    pub dimensions: Vec<(String, String)>,
    /// The figures, in the order of the file: fixed by public lists alone (invariants 3 and 8).
    pub blocks: Vec<Block>,
}

/// One figure by areas and some dimensions.
#[derive(Debug, Clone, PartialEq)]
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
    /// Whether it corrects figures that were published before.
    pub revised: bool,
}

/// One figure in one cell.
#[derive(Debug, Clone, PartialEq)]
pub struct Row<'a> {
    /// A value a dimension, areas first; `All` where the figure is over all of them.
    pub labels: Vec<&'a str>,
    /// The figure's name.
    pub figure: &'a str,
    /// How many decimals it is shown with.
    pub decimals: u32,
    /// The figure.
    pub estimate: Estimate,
    /// Whether it corrects a figure that was published before.
    pub revised: bool,
}

impl Table {
    /// How many rows it has.
    pub fn len(&self) -> usize {
        self.blocks.iter().map(|block| block.cells.len()).sum()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Its areas but `unknown`: the position of each, and its code.
    pub fn known_areas(&self) -> impl Iterator<Item = (usize, &str)> {
        self.areas.iter().map(String::as_str).enumerate().filter(|(_, code)| *code != UNKNOWN)
    }

    /// The headings of the dimensions, areas first.
    pub fn headings(&self) -> impl Iterator<Item = &str> {
        [self.heading.as_str()].into_iter().chain(self.dimensions.iter().map(|(_, heading)| heading.as_str()))
    }

    /// Every row, in the order of the file.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.blocks.iter().flat_map(|block| self.rows_of(block))
    }

    /// The rows of one of its blocks, in the order of the file.
    pub fn rows_of<'a>(&'a self, block: &'a Block) -> impl Iterator<Item = Row<'a>> {
        let place = |dimension: &Dimension| self.dimensions.iter().position(|(name, _)| *name == dimension.name);
        let places = block.dimensions.iter().map(place).collect::<Vec<_>>();
        block.cells.iter().enumerate().map(move |(cell, estimate)| {
            let mut labels = vec![ALL; self.dimensions.len() + 1];
            labels[0] = &self.areas[cell / block.width()];
            for ((value, dimension), place) in block.digits(cell).into_iter().zip(&block.dimensions).zip(&places) {
                if let Some(place) = place {
                    labels[place + 1] = &dimension.values[value];
                }
            }
            let Block { figure, decimals, revised, .. } = block;
            Row { labels, figure, decimals: *decimals, estimate: *estimate, revised: *revised }
        })
    }

    /// The figure by exactly these dimensions beside areas, in any order.
    pub fn by(&self, figure: &str, dimensions: &[&str]) -> Option<&Block> {
        self.blocks.iter().find(|block| block.figure == figure && block.is_by(dimensions))
    }

    /// A few rows for a terminal: what is known of known places, the first of each figure.
    pub fn glance(&self, most: usize) -> Vec<Row<'_>> {
        self.rows().filter(|row| !row.labels.contains(&UNKNOWN)).take(most).collect()
    }
}

impl Block {
    /// Cells of one area.
    pub fn width(&self) -> usize {
        self.dimensions.iter().map(|it| it.values.len()).product()
    }

    /// The place of a cell in each dimension.
    pub fn digits(&self, cell: usize) -> Vec<usize> {
        digits(&self.dimensions, cell)
    }

    /// Its cells of one area: a position in [`Table::areas`].
    pub fn of_area(&self, area: usize) -> &[Estimate] {
        &self.cells[area * self.width()..(area + 1) * self.width()]
    }

    /// Whether its dimensions are these, in any order.
    pub fn is_by(&self, names: &[&str]) -> bool {
        self.dimensions.len() == names.len() && self.dimensions.iter().all(|it| names.contains(&it.name.as_str()))
    }

    /// One of its figures, to be read.
    pub fn row(&self, estimate: Estimate) -> Row<'_> {
        Row { labels: Vec::new(), figure: &self.figure, decimals: self.decimals, estimate, revised: self.revised }
    }
}

impl Row<'_> {
    /// The figure to its decimals; zero has no sign.
    pub fn rounded(&self, value: f64) -> f64 {
        let scale = 10f64.powi(self.decimals as i32);
        (value * scale).round() / scale + 0.0
    }

    /// The figure as text.
    pub fn number(&self, value: f64) -> String {
        format!("{:.*}", self.decimals as usize, self.rounded(value))
    }

    /// What is said beside the figure: its mark, and `r` where it is revised; side by side where it is both.
    pub fn qualifier(&self) -> &'static str {
        match (self.estimate.mark, self.revised) {
            (mark, false) => mark.symbol(),
            (Mark::Plain, true) => "r",
            (Mark::Low, true) => "low r",
            (Mark::Unreliable, true) => "u r",
            (Mark::Withheld, true) => "x r",
            (Mark::NotApplicable, true) => "z r",
        }
    }

    /// The same as a reader sees it: `[u]`; nothing where nothing is said.
    pub fn symbols(&self) -> String {
        bracketed(self.qualifier())
    }

    /// The figure with its interval and symbol, as an operator reads it.
    pub fn text(&self) -> String {
        let symbol = match self.symbols() {
            none if none.is_empty() => none,
            symbols => format!(" {symbols}"),
        };
        match (self.estimate.value, self.estimate.interval) {
            (Some(value), Some((lower, upper))) => {
                format!("{} ({} to {}){symbol}", self.number(value), self.number(lower), self.number(upper))
            }
            _ => symbol.trim().to_owned(),
        }
    }
}
