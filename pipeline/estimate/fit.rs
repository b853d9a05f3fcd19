//! Generalised least squares over all noisy tables of one measure, exact.
//!
//! A table splits into orthogonal components, one for each subset of its dimensions: the marginal over the subset, with
//! the mean taken out along each of its dimensions. Noise that is the same in every cell stays the same in every cell of
//! a component and is independent between components. So each component is averaged over the tables that hold it, by
//! inverse variance, then made consistent over the tree of areas by a pass up and a pass down, and the tables are put
//! together again. No matrix is ever built. Sources: Hay et al. 2010 (the passes over the tree); Xiao et al. 2023,
//! ResidualPlanner (the components).

use super::classes::{Classes, Regression};
use super::shape::{Marginal, Shape, Tree};
use crate::error::{Error, Result};

/// A noisy table of independent noise.
#[derive(Debug, Clone)]
pub struct Noisy<'a> {
    /// Which table it is.
    pub table: Marginal,
    /// The noise's variance in each cell; above 0.
    pub variance: f64,
    /// The cells, in the table's order.
    pub values: &'a [i64],
}

/// The best linear unbiased estimates of every table of a measure, consistent with one another.
#[derive(Debug, Clone)]
pub struct Fit {
    shape: Shape,
    classes: Classes,
    components: Vec<Component>,
}

#[derive(Debug, Clone)]
struct Component {
    dims: Vec<usize>,
    regression: Regression,
    /// By level, down to the deepest measured: nodes slowest, then the dimensions.
    values: Vec<Vec<f64>>,
}

/// Fits the tables to one another.
///
/// # Errors
/// [`Error::Privacy`] where a table is not of this shape, or a variance is not a number above 0.
pub fn fit(shape: &Shape, noisy: &[Noisy<'_>]) -> Result<Fit> {
    for it in noisy {
        check(shape, &it.table)?;
        check_above_zero(it.variance, "variance")?;
        if it.values.len() != shape.cells(&it.table) {
            let (has, of) = (it.values.len(), shape.cells(&it.table));
            return Err(Error::Privacy(format!("a noisy table has {has} values, and its shape {of} cells")));
        }
    }
    let tables = noisy.iter().map(|it| (it.table.clone(), it.variance)).collect::<Vec<_>>();
    let classes = Classes::new(&shape.tree);
    let mut names = tables.iter().flat_map(|(table, _)| subsets(shape, &table.dims)).collect::<Vec<_>>();
    names.sort_unstable();
    names.dedup();
    let component = |dims: Vec<usize>| {
        let regression = classes.regress(&precisions(shape, &tables, &dims));
        let measured = weighted(shape, noisy, &dims, regression.below.len());
        let values = consistent(&shape.tree, &classes, &regression, measured, shape.width(&dims));
        Component { dims, regression, values }
    };
    let components = names.into_iter().map(component).collect();
    Ok(Fit { shape: shape.clone(), classes, components })
}

impl Fit {
    /// The estimates of a table by any dimensions at any level, in the table's order. What no table measured counts as
    /// zero; what was measured only at a coarser level is split equally among the parts of each area.
    pub fn table(&self, table: &Marginal) -> Vec<f64> {
        let (width, nodes) = (self.shape.width(&table.dims), self.shape.tree.nodes(table.level));
        let mut cells = vec![0.0; nodes * width];
        for dims in subsets(&self.shape, &table.dims) {
            let Some(component) = self.component(&dims) else { continue };
            let values = component.at(&self.shape, table.level);
            let spread_over = (width / self.shape.width(&dims)) as f64;
            let places = self.shape.projection(&table.dims, &dims);
            for (cells, values) in cells.chunks_exact_mut(width).zip(values.chunks_exact(self.shape.width(&dims))) {
                for (cell, &place) in cells.iter_mut().zip(&places) {
                    *cell += values[place as usize] / spread_over;
                }
            }
        }
        cells
    }

    /// Whether every component of the table was measured: at its level, at a finer one, or at a coarser one that is the
    /// same because each area has one part.
    pub fn is_estimable(&self, table: &Marginal) -> bool {
        let known = |it: &Component| it.regression.variance[table.level].iter().all(|it| it.is_finite());
        subsets(&self.shape, &table.dims).iter().all(|dims| self.component(dims).is_some_and(known))
    }

    /// The error of a table's cells.
    pub fn spread(&self, table: &Marginal) -> Spread {
        let variance = |dims: &[usize]| self.component(dims).map(|it| it.regression.variance[table.level].as_slice());
        Spread::new(&self.shape, &self.classes, table, variance)
    }

    fn component(&self, dims: &[usize]) -> Option<&Component> {
        self.components.iter().find(|it| it.dims == dims)
    }
}

impl Component {
    /// The component's values at a level.
    fn at(&self, shape: &Shape, level: usize) -> std::borrow::Cow<'_, [f64]> {
        if let Some(values) = self.values.get(level) {
            return values.into();
        }
        let (width, parents) = (shape.width(&self.dims), shape.tree.parents(level));
        let Some(above) = level.checked_sub(1) else { return vec![0.0; parents.len() * width].into() };
        let mut parts = vec![0.0; shape.tree.nodes(above)];
        parents.iter().for_each(|&parent| parts[parent as usize] += 1.0);
        let whole = self.at(shape, above);
        let split = |&parent: &u32| {
            let (start, parts) = (parent as usize * width, parts[parent as usize]);
            whole[start..start + width].iter().map(move |value| value / parts)
        };
        parents.iter().flat_map(split).collect::<Vec<_>>().into()
    }
}

/// The error of a table's cells.
#[derive(Debug, Clone)]
pub struct Spread {
    /// The class of each node.
    classes: Vec<u32>,
    /// How many nodes each class has.
    nodes: Vec<usize>,
    /// Values of each dimension of the table.
    sizes: Vec<f64>,
    terms: Vec<Term>,
}

/// What one component brings.
#[derive(Debug, Clone)]
struct Term {
    /// Positions in the table's dimensions.
    dims: Vec<usize>,
    /// By class, the component's variance in the table's units; infinite where it was not measured.
    variance: Vec<f64>,
}

/// The errors of the `wanted` tables if these tables were measured, each with this variance in every cell.
///
/// # Errors
/// [`Error::Privacy`] as for [`fit`].
pub fn spreads(shape: &Shape, noisy: &[(Marginal, f64)], wanted: &[Marginal]) -> Result<Vec<Spread>> {
    noisy.iter().map(|it| &it.0).chain(wanted).try_for_each(|table| check(shape, table))?;
    noisy.iter().try_for_each(|it| check_above_zero(it.1, "variance"))?;
    let classes = Classes::new(&shape.tree);
    let mut known = std::collections::BTreeMap::new();
    let mut spreads = Vec::with_capacity(wanted.len());
    for table in wanted {
        for dims in subsets(shape, &table.dims) {
            let variance = |dims: &Vec<usize>| classes.regress(&precisions(shape, noisy, dims)).variance;
            known.entry(dims).or_insert_with_key(variance);
        }
        let variance = |dims: &[usize]| known.get(dims).map(|it: &Vec<Vec<f64>>| it[table.level].as_slice());
        spreads.push(Spread::new(shape, &classes, table, variance));
    }
    Ok(spreads)
}

impl Spread {
    /// `variance` gives a component's variances by class at the table's level.
    fn new<'a>(
        shape: &Shape,
        classes: &Classes,
        table: &Marginal,
        variance: impl Fn(&[usize]) -> Option<&'a [f64]>,
    ) -> Self {
        let of = classes.of(table.level);
        let mut nodes = vec![0; of.iter().max().map_or(0, |&last| last as usize + 1)];
        of.iter().for_each(|&class| nodes[class as usize] += 1);
        let term = |dims: Vec<usize>| {
            let spread_over = (shape.width(&table.dims) / shape.width(&dims)) as f64;
            let scaled = |it: &f64| it / (spread_over * spread_over);
            let unknown = || vec![f64::INFINITY; nodes.len()];
            let variance = variance(&dims).map_or_else(unknown, |it| it.iter().map(scaled).collect());
            let dims = table.dims.iter().enumerate().filter(|(_, dim)| dims.contains(dim)).map(|(place, _)| place);
            Term { dims: dims.collect(), variance }
        };
        let terms = subsets(shape, &table.dims).into_iter().map(term).collect();
        let sizes = table.dims.iter().map(|&dim| shape.sizes[dim] as f64).collect();
        Spread { classes: of.to_vec(), nodes, sizes, terms }
    }

    /// The variance of a node's cells, the same for all; infinite where they are not estimable.
    pub fn variance(&self, node: usize) -> f64 {
        self.of_class(self.classes[node] as usize, |_| true)
    }

    /// The covariance of two cells of one node: `same[i]` says whether they agree in the table's i-th dimension.
    /// Infinite where they are not estimable.
    pub fn covariance(&self, node: usize, same: &[bool]) -> f64 {
        self.of_class(self.classes[node] as usize, |dim| same[dim])
    }

    /// The mean of the variance over all cells.
    pub fn mean(&self) -> f64 {
        let classes = self.nodes.iter().enumerate();
        let sum = classes.map(|(class, &nodes)| nodes as f64 * self.of_class(class, |_| true)).sum::<f64>();
        sum / self.classes.len() as f64
    }

    fn of_class(&self, class: usize, same: impl Fn(usize) -> bool) -> f64 {
        if self.terms.iter().any(|term| term.variance[class].is_infinite()) {
            return f64::INFINITY;
        }
        let factor = |&dim: &usize| if same(dim) { 1.0 - 1.0 / self.sizes[dim] } else { -1.0 / self.sizes[dim] };
        self.terms.iter().map(|term| term.variance[class] * term.dims.iter().map(factor).product::<f64>()).sum()
    }
}

/// Refuses a table that is not of this shape.
pub(super) fn check(shape: &Shape, table: &Marginal) -> Result<()> {
    let ascending = table.dims.windows(2).all(|pair| pair[0] < pair[1]);
    let known = table.dims.iter().all(|&dim| shape.sizes.get(dim).is_some_and(|&size| size > 0));
    if table.level >= shape.tree.levels() || !ascending || !known {
        return Err(Error::Privacy("a table is by an area level or a dimension that its measure has not".into()));
    }
    Ok(())
}

/// Refuses a variance, or what else it is, that is not a number above 0.
pub(super) fn check_above_zero(number: f64, what: &str) -> Result<()> {
    if number > 0.0 && number.is_finite() {
        return Ok(());
    }
    Err(Error::Privacy(format!("a table's {what} must be above 0, and is {number}")))
}

/// The components of a table by these dimensions, each named by its own. A dimension of one value varies with nothing.
pub(super) fn subsets(shape: &Shape, dims: &[usize]) -> Vec<Vec<usize>> {
    let mut subsets = vec![Vec::new()];
    for &dim in dims.iter().filter(|&&dim| shape.sizes[dim] > 1) {
        let with = subsets.iter().map(|subset| subset.iter().copied().chain([dim]).collect()).collect::<Vec<_>>();
        subsets.extend(with);
    }
    subsets
}

/// The precision of a component at each level.
fn precisions(shape: &Shape, tables: &[(Marginal, f64)], dims: &[usize]) -> Vec<f64> {
    let mut precisions = vec![0.0; shape.tree.levels()];
    for (table, variance) in tables.iter().filter(|(table, _)| holds(table, dims)) {
        precisions[table.level] += precision(shape, table, *variance, dims);
    }
    precisions
}

fn holds(table: &Marginal, dims: &[usize]) -> bool {
    dims.iter().all(|dim| table.dims.contains(dim))
}

/// The precision that a table's noise leaves to a component: the sum over other dimensions adds their noise up.
fn precision(shape: &Shape, table: &Marginal, variance: f64, dims: &[usize]) -> f64 {
    1.0 / (variance * (shape.width(&table.dims) / shape.width(dims)) as f64)
}

/// A component of every table that holds it, times its precision and summed by level.
fn weighted(shape: &Shape, noisy: &[Noisy<'_>], dims: &[usize], levels: usize) -> Vec<Vec<f64>> {
    let width = shape.width(dims);
    let mut sums = (0..levels).map(|level| vec![0.0; shape.tree.nodes(level) * width]).collect::<Vec<_>>();
    for it in noisy.iter().filter(|it| holds(&it.table, dims)) {
        let precision = precision(shape, &it.table, it.variance, dims);
        let places = shape.projection(&it.table.dims, dims);
        for (sums, values) in sums[it.table.level].chunks_exact_mut(width).zip(it.values.chunks_exact(places.len())) {
            for (&value, &place) in values.iter().zip(&places) {
                sums[place as usize] += value as f64 * precision;
            }
        }
    }
    for sums in &mut sums {
        centre(sums, dims.iter().map(|&dim| shape.sizes[dim]));
    }
    sums
}

/// Takes the mean out along each of the dimensions: of these sizes, the last fastest.
fn centre(values: &mut [f64], sizes: impl DoubleEndedIterator<Item = usize>) {
    let mut stride = 1;
    for size in sizes.rev() {
        for block in values.chunks_exact_mut(size * stride) {
            for start in 0..stride {
                let mean = block[start..].iter().step_by(stride).sum::<f64>() / size as f64;
                block[start..].iter_mut().step_by(stride).for_each(|value| *value -= mean);
            }
        }
        stride *= size;
    }
}

/// Makes a component consistent over the tree: each node the sum of its children. Takes measurements times precision.
fn consistent(
    tree: &Tree,
    classes: &Classes,
    regression: &Regression,
    measured: Vec<Vec<f64>>,
    width: usize,
) -> Vec<Vec<f64>> {
    let Regression { below, children, .. } = regression;
    let mut values = measured;
    let mut sums = vec![Vec::new(); values.len()];
    // Up: the best estimate from a node and what is below it.
    for level in (0..values.len()).rev() {
        if let Some(finer) = values.get(level + 1) {
            sums[level] = summed(tree, level + 1, finer, width);
        }
        let nodes = values[level].chunks_exact_mut(width).zip(classes.of(level)).enumerate();
        for (node, (values, &class)) in nodes {
            let variance = below[level][class as usize];
            values.iter_mut().for_each(|value| *value *= variance);
            if let Some(&spread) = children[level].get(class as usize) {
                let sums = &sums[level][node * width..][..width];
                values.iter_mut().zip(sums).for_each(|(value, sum)| *value += sum * variance / spread);
            }
        }
    }
    // Down: what the parent knows better is shared out by variance.
    for (level, below) in below.iter().enumerate().skip(1) {
        let (coarser, finer) = values.split_at_mut(level);
        let nodes = finer[0].chunks_exact_mut(width).zip(tree.parents(level)).zip(classes.of(level));
        for ((values, &parent), &class) in nodes {
            let above = classes.of(level - 1)[parent as usize] as usize;
            let share = below[class as usize] / children[level - 1][above];
            let parent = parent as usize * width..(parent as usize + 1) * width;
            let gaps = coarser[level - 1][parent.clone()].iter().zip(&sums[level - 1][parent]);
            values.iter_mut().zip(gaps).for_each(|(value, (whole, sum))| *value += share * (whole - sum));
        }
    }
    values
}

/// The sums of a level's nodes by parent.
fn summed(tree: &Tree, level: usize, values: &[f64], width: usize) -> Vec<f64> {
    let parents = tree.parents(level);
    let mut sums = vec![0.0; tree.nodes(level - 1) * width];
    for (values, &parent) in values.chunks_exact(width).zip(parents) {
        let sums = &mut sums[parent as usize * width..][..width];
        sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
    }
    sums
}

#[cfg(test)]
#[path = "fit_tests.rs"]
mod tests;
