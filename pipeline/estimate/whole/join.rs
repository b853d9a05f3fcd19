//! One step at one level: a dimension joins a table that is fixed already.

use super::fit::{Block, Rows};
use super::level::{Fitted, Level, marginal, nowhere, open};
use super::steps::Step;
use crate::error::Result;

/// Turns of what is wanted of the joint cells, and of the margins beside them.
const TURNS: usize = 2;

/// One step at one level.
pub struct Join<'a> {
    level: &'a Level<'a>,
    step: &'a Step,
    above: &'a [Fitted],
    fitted: &'a [Fitted],
    joint: Joint,
    /// By node and joint cell of the step's bands.
    possible: Vec<bool>,
    /// The fixed table.
    base: Vec<i64>,
    /// The parents' joint table; at the first level there are none.
    parents: Option<Vec<i64>>,
}

impl<'a> Join<'a> {
    /// A step, given the tables `fitted` before it and those of the level `above`.
    ///
    /// # Errors
    /// [`crate::error::Error::Privacy`] where these do not hold what the step needs.
    pub fn new(level: &'a Level<'a>, step: &'a Step, above: &'a [Fitted], fitted: &'a [Fitted]) -> Result<Self> {
        let shape = level.shape();
        let bands = step.dims.iter().copied().filter(|dim| level.bands.contains(dim)).collect::<Vec<_>>();
        let inner = step.dims.iter().copied().filter(|&dim| dim > step.dim).collect::<Vec<_>>();
        let joint = Joint {
            size: shape.sizes[step.dim],
            inner: shape.width(&inner),
            width: shape.width(&step.base),
            bands: shape.width(&bands),
        };
        let possible = level.possible(&bands);
        let base = marginal(shape, fitted, &step.base)?;
        let parents = if level.level == 0 { None } else { Some(marginal(shape, above, &step.dims)?) };
        Ok(Join { level, step, above, fitted, joint, possible, base, parents })
    }

    /// The joint table.
    ///
    /// # Errors
    /// [`crate::error::Error::Privacy`] where the estimates cannot be had, or an area's parts cannot hold what it has.
    pub fn fit(&self) -> Result<Fitted> {
        let mut wanted = self.level.wanted(&self.step.dims, &self.possible)?;
        let margins = self.margins()?;
        if !margins.is_empty() {
            self.heed(&margins, &mut wanted)?;
        }
        let mut cells = vec![0; wanted.len()];
        self.sweep(&wanted, &mut |block, rows, nodes, cell| {
            let mut fitted = block.fit(rows).ok_or_else(nowhere)?.iter();
            self.joint.places(nodes, cell).zip(&mut fitted).for_each(|(place, &it)| cells[place] = it);
            Ok(())
        })?;
        Ok(Fitted { dims: self.step.dims.clone(), cells })
    }

    /// The published tables, here or below, that the joint one is summed to and the fixed one does not hold: each
    /// fitted as if it were alone.
    fn margins(&self) -> Result<Vec<Margin>> {
        let mut margins: Vec<Margin> = Vec::new();
        if !self.level.request.non_negative {
            // Nothing is clamped, so that sums are where they are wanted already.
            return Ok(margins);
        }
        for table in self.level.request.tables.iter().filter(|table| table.level >= self.level.level) {
            let dims = &table.dims;
            let is_new = dims.len() < self.step.dims.len() && margins.iter().all(|margin| margin.dims != *dims);
            if !is_new || !dims.contains(&self.step.dim) || !dims.iter().all(|dim| self.step.dims.contains(dim)) {
                continue;
            }
            let base = dims.iter().copied().filter(|&dim| dim != self.step.dim).collect();
            let step = Step { base, dim: self.step.dim, dims: dims.clone() };
            let alone = Join::new(self.level, &step, self.above, self.fitted)?;
            let goal = alone.fit()?.cells;
            let places = self.level.shape().projection(&self.step.dims, dims);
            margins.push(Margin { dims: dims.clone(), width: self.level.shape().width(dims), places, goal });
        }
        Ok(margins)
    }

    /// Changes what is wanted of the cells until they sum to the margins' goals, nearly. Clamped alone, noisy cells
    /// would pull sums upwards where the truth is small, though sums are known far better than cells.
    fn heed(&self, margins: &[Margin], wanted: &mut [f64]) -> Result<()> {
        let mut cells = vec![0.0; wanted.len()];
        for _ in 0..TURNS {
            self.sweep(wanted, &mut |block, rows, nodes, cell| {
                let parts = block.fit_real(rows);
                self.joint.places(nodes, cell).zip(parts).for_each(|(place, it)| cells[place] = it);
                Ok(())
            })?;
            margins.iter().for_each(|margin| margin.pull(&cells, wanted));
        }
        Ok(())
    }

    /// Sets up each block, that is one cell of the base in one parent, and gives it to `each` with how its rows are
    /// held, its nodes and its cell. The block's cells are those nodes' places, in order.
    fn sweep(&self, wanted: &[f64], each: &mut Each<'_>) -> Result<()> {
        let mut block = Block::new(self.level.request.non_negative);
        let Some(parents) = &self.parents else {
            // Nothing stands above: a node's cell of the base is divided on its own.
            for (at, &sum) in self.base.iter().enumerate().filter(|(at, _)| self.is_open(*at)) {
                let (node, cell) = (at / self.joint.width, at % self.joint.width);
                block.start([sum].into_iter());
                self.joint.places(&[node], cell).for_each(|place| block.row(0, [wanted[place]].into_iter()));
                each(&mut block, Rows::Free, &[node], cell)?;
            }
            return Ok(());
        };
        let mut nodes = Vec::new();
        for (parent, family) in self.level.families().enumerate() {
            for cell in 0..self.joint.width {
                nodes.clear();
                nodes.extend(family.iter().copied().filter(|node| self.is_open(node * self.joint.width + cell)));
                if nodes.is_empty() {
                    continue;
                }
                block.start(self.joint.places(&[parent], cell).map(|place| parents[place]));
                for node in &nodes {
                    let can = |place: usize| !self.level.request.non_negative || parents[place] != 0;
                    let places = self.joint.of(*node, cell).zip(self.joint.of(parent, cell));
                    let sum = self.base[node * self.joint.width + cell];
                    block.row(sum, places.map(|(own, of)| open(wanted[own], can(of))));
                }
                each(&mut block, Rows::Fixed, &nodes, cell)?;
            }
        }
        Ok(())
    }

    /// Whether the parts of a cell of the base may be other than 0.
    fn is_open(&self, at: usize) -> bool {
        let (node, cell) = (at / self.joint.width, at % self.joint.width);
        let can = self.possible[node * self.joint.bands + cell / (self.joint.width / self.joint.bands)];
        can && (self.base[at] != 0 || !self.level.request.non_negative)
    }
}

/// What is done with a block: see [`Join::sweep`].
type Each<'a> = dyn FnMut(&mut Block, Rows, &[usize], usize) -> Result<()> + 'a;

/// Where the cells of a step's table lie beside those of its base.
struct Joint {
    /// Values of the dimension that joins.
    size: usize,
    /// Cells of the dimensions after it.
    inner: usize,
    /// Cells of the base.
    width: usize,
    /// Joint cells of the bands among the base's dimensions; these come first.
    bands: usize,
}

impl Joint {
    /// The cells of a node, one a value of the dimension that joins, that together are one cell of the base.
    fn of(&self, node: usize, cell: usize) -> impl Iterator<Item = usize> + Clone + use<> {
        let first = (node * self.width + cell - cell % self.inner) * self.size + cell % self.inner;
        (first..).step_by(self.inner).take(self.size)
    }

    /// The same of several nodes, one after the other.
    fn places(&self, nodes: &[usize], cell: usize) -> impl Iterator<Item = usize> {
        nodes.iter().flat_map(move |&node| self.of(node, cell))
    }
}

/// A table that the joint one is summed to.
struct Margin {
    dims: Vec<usize>,
    /// Cells of a node.
    width: usize,
    /// For each joint cell of a node, its cell here.
    places: Vec<u32>,
    /// What it should be.
    goal: Vec<i64>,
}

impl Margin {
    /// Raises or lowers what is wanted of the joint cells by what their sums lack. Cells at 0 do not help.
    fn pull(&self, cells: &[f64], wanted: &mut [f64]) {
        let mut sums = vec![(0.0, 0.0); self.width];
        let nodes = cells.chunks_exact(self.places.len()).zip(wanted.chunks_exact_mut(self.places.len()));
        for ((cells, wanted), goal) in nodes.zip(self.goal.chunks_exact(self.width)) {
            sums.fill((0.0, 0.0));
            for (&place, &cell) in self.places.iter().zip(cells).filter(|(_, cell)| **cell > 0.0) {
                sums[place as usize].0 += cell;
                sums[place as usize].1 += 1.0;
            }
            for (&place, wanted) in self.places.iter().zip(wanted) {
                let (sum, count) = sums[place as usize];
                *wanted += (goal[place as usize] as f64 - sum) / f64::max(count, 1.0);
            }
        }
    }
}
