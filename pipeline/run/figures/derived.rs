//! The figures of a report, cell by cell.

use super::block::{Block, Frame};
use super::measured::{Cells, Measured};
use crate::config::plan::{Measure, Rate};
use crate::error::Result;
use crate::estimate::{Estimate, count, ratio};

/// A measure's own figures in one table.
pub fn counts(measure: &Measure, frame: &Frame, cells: &Cells) -> Block {
    let counted = &cells.counted;
    let width = counted.width();
    let floor = crate::measure::plan::floor(measure) >= 0;
    let estimate = |cell: usize| match counted.possible[cell] {
        true => count(counted.unbiased[cell], counted.variance(cell / width).sqrt(), counted.whole[cell], floor),
        false => Estimate::NOT_APPLICABLE,
    };
    Block {
        figure: measure.name.clone(),
        whole: true,
        dims: positions(frame, &cells.dims),
        cells: (0..counted.whole.len()).map(estimate).collect(),
    }
}

/// A rate at one level, in every table of its numerator.
///
/// # Errors
/// [`crate::error::Error::Privacy`] where its denominator is not given by the same dimensions.
pub fn rates(rate: &Rate, frame: &Frame, level: usize, [of, over]: [&Measured; 2]) -> Result<Vec<Block>> {
    let mut blocks = Vec::new();
    for of in of.at(level) {
        let over = over.by(level, &of.dims)?;
        let cells = over_cells(of, over);
        let estimate = |cell: usize| {
            let other = cells[cell];
            if !of.counted.possible[cell] {
                return Estimate::NOT_APPLICABLE;
            }
            let side = |counted: &crate::estimate::count::Counted, cell: usize| {
                (counted.whole[cell] as f64, 2.241_402_727_604_947 * counted.variance(cell / counted.width()).sqrt())
            };
            ratio(side(&of.counted, cell), side(&over.counted, other), f64::from(rate.per))
        };
        blocks.push(Block {
            figure: rate.name.clone(),
            whole: false,
            dims: positions(frame, &of.dims),
            cells: (0..of.counted.whole.len()).map(estimate).collect(),
        });
    }
    Ok(blocks)
}

pub fn positions(frame: &Frame, dims: &[String]) -> Vec<usize> {
    dims.iter().map(|name| frame.position(name)).collect()
}

/// For each cell of a table, the cell of one by fewer dimensions.
pub fn over_cells(of: &Cells, over: &Cells) -> Vec<usize> {
    let sizes = &of.counted.sizes;
    let cell = |index: usize| {
        let (area, mut rest) = (index / of.counted.width(), index % of.counted.width());
        let mut digits = vec![0; sizes.len()];
        for (digit, size) in digits.iter_mut().zip(sizes).rev() {
            *digit = rest % size;
            rest /= size;
        }
        let digit = |name: &String| of.dims.iter().position(|own| own == name).map_or(0, |at| digits[at]);
        over.dims.iter().zip(&over.counted.sizes).fold(area, |cell, (name, size)| cell * size + digit(name))
    };
    (0..of.counted.whole.len()).map(cell).collect()
}
