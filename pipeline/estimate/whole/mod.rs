//! Real estimates made whole: non-negative whole numbers whose parts sum to their totals in every table and at every
//! level.
//!
//! Least squares gives tables that add up, but with parts that are negative and fractional; to clamp and round each cell
//! alone would break the sums. Here each level is fitted to the one above it, from the coarsest to the finest (the order
//! of the TopDown algorithm, Abowd et al. 2022), and within a level from the totals to the finest cells, so that a
//! well-measured total is never moved by its noisy parts. Each time it is the nearest table with the sums that are fixed
//! already, in whole numbers (`fit`, `round`). Which tables are fitted, and in which order: `steps`.

mod fit;
mod join;
mod level;
mod round;
mod steps;
#[cfg(test)]
mod tests;

use self::join::Join;
use self::level::{Fitted, Level};
use self::steps::Plan;
use super::shape::{Marginal, Shape};
use crate::error::{Error, Result};

/// The estimates of one measure, and what its published tables are.
pub struct Request<'a> {
    /// Areas and dimensions.
    pub shape: &'a Shape,
    /// The tables to publish: any dimensions, at any levels.
    pub tables: &'a [Marginal],
    /// The real estimate of each cell of any table, published or not. A parent's is the sum of its children's, and a
    /// cell's the sum of those that it is divided into.
    pub estimate: &'a dyn Fn(&Marginal) -> Vec<f64>,
    /// The dimensions that a place has and not a person, such as its band of deprivation. They are the first of the shape.
    pub bands: &'a [usize],
    /// Whether anyone at a level's node can be in a joint cell of all `bands`, the last fastest; where not, 0 is
    /// published. It is possible for a node if and only if it is for one of its children. What is estimated for an
    /// impossible cell is taken to belong in equal parts to the possible ones beside it. Not asked where there are no bands.
    pub possible: &'a dyn Fn(usize, usize, usize) -> bool,
    /// Whether values are counts. If not, they are only made whole.
    pub non_negative: bool,
}

/// Whole numbers for each of the request's tables, cells in the order of [`Marginal`]. The same request gives the same
/// numbers. Whole estimates that are not negative, and 0 where nobody can be, come back as they are.
///
/// # Errors
/// [`Error::Privacy`] where the request does not hold together: a table outside the shape, an estimate that is no number
/// or too large for one, a band possible in an area and in none of its parts, or tables that need too large a joint one.
pub fn whole(request: &Request<'_>) -> Result<Vec<Vec<i64>>> {
    check(request)?;
    let plan = Plan::new(request.shape, request.tables, request.bands)?;
    let mut published = vec![Vec::new(); request.tables.len()];
    let mut above: Vec<Fitted> = Vec::new();
    for (at, steps) in plan.levels.iter().enumerate() {
        let level = Level::new(request, at, &plan.bands);
        let mut fitted = vec![level.bands(&above)?];
        for step in steps {
            let joined = Join::new(&level, step, &above, &fitted)?.fit()?;
            fitted.push(joined);
        }
        for (table, cells) in request.tables.iter().zip(&mut published).filter(|(table, _)| table.level == at) {
            *cells = level::marginal(request.shape, &fitted, &table.dims)?;
        }
        above = fitted;
    }
    Ok(published)
}

fn check(request: &Request<'_>) -> Result<()> {
    let Shape { tree, sizes } = request.shape;
    let is_inside = |table: &Marginal| {
        let ascends = table.dims.windows(2).all(|pair| pair[0] < pair[1]);
        ascends && table.level < tree.levels() && table.dims.last().is_none_or(|&dim| dim < sizes.len())
    };
    let are_first =
        request.bands.iter().enumerate().all(|(at, &band)| at == band) && request.bands.len() <= sizes.len();
    if request.tables.iter().all(is_inside) && are_first && !sizes.contains(&0) {
        return Ok(());
    }
    Err(Error::Privacy("a table to be made whole is not one of its measure's shape".into()))
}
