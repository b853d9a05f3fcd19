//! Figures of one area level by one set of dimensions, side by side in rows.

use std::borrow::Cow;

use super::model::Cell;
use super::text::NOTHING;
use crate::estimate::reliability::Mark;
use crate::publish::table::{Block, Row};

/// What stands in a column of symbols beside a figure that has none.
pub const NO_SYMBOL: &str = "none";

/// Figures in rows: areas slowest, then the dimensions in order.
#[derive(Debug, Clone)]
pub struct Figures<'a> {
    /// Of each area, its code and its name.
    pub areas: Vec<[String; 2]>,
    /// Of each dimension, its values in words.
    pub values: Vec<Vec<String>>,
    /// The figures; all have the same dimensions.
    pub figures: Vec<Figure<'a>>,
}

/// A figure as columns.
#[derive(Debug, Clone, Copy)]
pub struct Figure<'a> {
    /// Its cells.
    pub block: &'a Block,
    /// Whether it is exact: then it has no interval.
    pub is_exact: bool,
    /// Whether any of its cells has a symbol: then a column says which.
    pub has_symbols: bool,
}

impl<'a> Figure<'a> {
    /// A figure of a block.
    pub fn new(block: &'a Block, is_exact: bool) -> Self {
        let bare = |cell: &crate::estimate::Estimate| cell.mark == Mark::Plain && cell.value.is_some();
        Figure { block, is_exact, has_symbols: block.revised || !block.cells.iter().all(bare) }
    }

    fn cells<'b>(&self, at: usize, into: &mut Vec<Cell<'b>>) {
        let estimate = self.block.cells[at];
        let row = self.block.row(estimate);
        let symbols = symbols(&row);
        let number = |value: Option<f64>| match value.filter(|it| it.is_finite()) {
            Some(value) => Cell::Number { value: row.rounded(value), decimals: row.decimals },
            None => Cell::Text(symbols.clone()),
        };
        into.push(number(estimate.value));
        if !self.is_exact {
            into.push(number(estimate.interval.map(|(lower, _)| lower)));
            into.push(number(estimate.interval.map(|(_, upper)| upper)));
        }
        if self.has_symbols {
            let bare = row.qualifier().is_empty() && estimate.value.is_some();
            into.push(Cell::Text(if bare { NO_SYMBOL.into() } else { symbols.clone() }));
        }
    }
}

/// What stands in place of a figure, or beside it: few kinds, for many cells.
fn symbols(row: &Row<'_>) -> Cow<'static, str> {
    match row.qualifier() {
        "" => NOTHING.into(),
        "low" => "[low]".into(),
        "u" => "[u]".into(),
        "x" => "[x]".into(),
        "z" => "[z]".into(),
        "r" => "[r]".into(),
        _ => row.symbols().into(),
    }
}

impl Figures<'_> {
    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.figures.first().map_or(0, |figure| figure.block.cells.len())
    }

    /// A row: the area, a value a dimension, then the figures.
    pub fn row(&self, at: usize) -> Vec<Cell<'_>> {
        let block = self.figures[0].block;
        let mut cells = Vec::with_capacity(2 + self.values.len() + 4 * self.figures.len());
        cells.extend(self.areas[at / block.width()].iter().map(|text| Cell::Text(Cow::Borrowed(text.as_str()))));
        for (values, digit) in self.values.iter().zip(block.digits(at)) {
            cells.push(Cell::Text(Cow::Borrowed(values[digit].as_str())));
        }
        for figure in &self.figures {
            figure.cells(at, &mut cells);
        }
        cells
    }
}
