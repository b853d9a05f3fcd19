//! One level of areas, fitted to the level above it.

use super::fit::{Block, Rows};
use super::{Marginal, Request, Shape};
use crate::error::{Error, Result};

/// Sums of absolute values above this are refused: whole numbers of 64 bits have room for a few of them.
const LARGEST: f64 = (1u64 << 60) as f64;

/// A table in whole numbers, at a level that its owner knows; cells in the order of [`Marginal`].
#[derive(Debug)]
pub struct Fitted {
    pub(super) dims: Vec<usize>,
    pub(super) cells: Vec<i64>,
}

/// The table by `dims`, summed from the smallest of `tables` that has them all.
pub fn marginal(shape: &Shape, tables: &[Fitted], dims: &[usize]) -> Result<Vec<i64>> {
    let has_all = |table: &&Fitted| dims.iter().all(|dim| table.dims.contains(dim));
    let table = tables.iter().filter(has_all).min_by_key(|table| table.cells.len());
    let table = table.ok_or_else(|| Error::Privacy("a table that others are summed from was not fitted".into()))?;
    if table.dims == dims {
        return Ok(table.cells.clone());
    }
    let places = shape.projection(&table.dims, dims);
    let width = shape.width(dims);
    let mut sums = vec![0i64; table.cells.len() / places.len() * width];
    for (sums, cells) in sums.chunks_exact_mut(width).zip(table.cells.chunks_exact(places.len())) {
        places.iter().zip(cells).for_each(|(&place, cell)| sums[place as usize] += cell);
    }
    Ok(sums)
}

/// One level: its nodes by parent, and what is possible in each.
pub struct Level<'a> {
    pub(super) request: &'a Request<'a>,
    pub(super) level: usize,
    pub(super) bands: &'a [usize],
    /// By node and joint cell of `bands`.
    possible: Vec<bool>,
    /// Nodes in the order of their parents, and where each parent's begin; the end last.
    children: Vec<usize>,
    starts: Vec<usize>,
}

impl<'a> Level<'a> {
    /// A level, and the bands that its tables are by.
    pub fn new(request: &'a Request<'a>, level: usize, bands: &'a [usize]) -> Self {
        let parents = request.shape.tree.parents(level);
        let mut children = (0..parents.len()).collect::<Vec<_>>();
        children.sort_by_key(|&node| parents[node]);
        let mut starts = vec![0];
        starts.extend((1..children.len()).filter(|&at| parents[children[at]] != parents[children[at - 1]]));
        starts.push(children.len());
        let mut this = Level { request, level, bands, possible: Vec::new(), children, starts };
        this.possible = this.possible(bands);
        this
    }

    pub(super) fn shape(&self) -> &Shape {
        self.request.shape
    }

    fn nodes(&self) -> usize {
        self.children.len()
    }

    /// Each parent's children. A tree has no node without one, so that these are all the parents, in order.
    pub(super) fn families(&self) -> impl Iterator<Item = &[usize]> {
        self.starts.windows(2).map(|pair| &self.children[pair[0]..pair[1]])
    }

    /// Whether each node has anyone in each joint cell of `onto`, some of the request's bands.
    pub(super) fn possible(&self, onto: &[usize]) -> Vec<bool> {
        let all = self.request.bands;
        let width = self.shape().width(onto);
        if all.is_empty() {
            return vec![true; self.nodes()];
        }
        let places = self.shape().projection(all, onto);
        let mut possible = vec![false; self.nodes() * width];
        for (node, possible) in possible.chunks_exact_mut(width).enumerate() {
            for (cell, &place) in places.iter().enumerate() {
                possible[place as usize] |= (self.request.possible)(self.level, node, cell);
            }
        }
        possible
    }

    /// The estimates by `dims`, given what is `possible` by the bands among them. What they have in cells where nobody
    /// can be is moved to the others beside them.
    pub(super) fn wanted(&self, dims: &[usize], possible: &[bool]) -> Result<Vec<f64>> {
        let table = Marginal { level: self.level, dims: dims.to_vec() };
        let mut wanted = (self.request.estimate)(&table);
        if wanted.len() != self.shape().cells(&table) {
            return Err(Error::Privacy("an estimate has not as many cells as its table".into()));
        }
        let sum = wanted.iter().map(|value| value.abs()).sum::<f64>();
        if sum.is_nan() || sum > LARGEST {
            return Err(Error::Privacy("an estimate is no number, or too large for a whole one".into()));
        }
        let bands = possible.len() / self.nodes();
        let others = wanted.len() / possible.len();
        for (wanted, possible) in wanted.chunks_exact_mut(bands * others).zip(possible.chunks_exact(bands)) {
            gather(wanted, possible);
        }
        Ok(wanted)
    }

    /// The joint table of all bands, or the totals where there are none.
    pub fn bands(&self, above: &[Fitted]) -> Result<Fitted> {
        let wanted = self.wanted(self.bands, &self.possible)?;
        let width = self.shape().width(self.bands);
        let mut block = Block::new(self.request.non_negative);
        let mut cells = vec![0; wanted.len()];
        if self.level == 0 {
            let parts = wanted.chunks_exact(width).zip(self.possible.chunks_exact(width));
            for ((wanted, possible), cells) in parts.zip(cells.chunks_exact_mut(width)) {
                // Nothing stands above the first level: each node's total is its own, rounded.
                let total = wanted.iter().sum::<f64>().round() as i64;
                let total = if self.request.non_negative { total.max(0) } else { total };
                let total = if possible.contains(&true) { total } else { 0 };
                block.start([total].into_iter());
                wanted.iter().zip(possible).for_each(|(&it, &can)| block.row(0, [open(it, can)].into_iter()));
                cells.copy_from_slice(block.fit(Rows::Free).ok_or_else(nowhere)?);
            }
            return Ok(Fitted { dims: self.bands.to_vec(), cells });
        }
        let parents = marginal(self.shape(), above, self.bands)?;
        for (family, sums) in self.families().zip(parents.chunks_exact(width)) {
            block.start(sums.iter().copied());
            for &node in family {
                let own = node * width..(node + 1) * width;
                let parts = wanted[own.clone()].iter().zip(&self.possible[own]);
                block.row(0, parts.map(|(&it, &can)| open(it, can)));
            }
            let fitted = block.fit(Rows::Near).ok_or_else(nowhere)?;
            for (&node, fitted) in family.iter().zip(fitted.chunks_exact(width)) {
                cells[node * width..(node + 1) * width].copy_from_slice(fitted);
            }
        }
        Ok(Fitted { dims: self.bands.to_vec(), cells })
    }
}

/// What is wanted of a cell that may be other than 0, or else that it is not.
pub(super) fn open(wanted: f64, can: bool) -> f64 {
    if can { wanted } else { f64::NEG_INFINITY }
}

/// Moves what one node's impossible cells have to the possible ones beside them: its cells, bands slowest.
fn gather(cells: &mut [f64], possible: &[bool]) {
    let others = cells.len() / possible.len();
    let count = possible.iter().filter(|&&can| can).count();
    if count == possible.len() {
        return;
    }
    for other in 0..others {
        let mut moved = 0.0;
        for (band, _) in possible.iter().enumerate().filter(|(_, can)| !**can) {
            moved += std::mem::take(&mut cells[band * others + other]);
        }
        for (band, _) in possible.iter().enumerate().filter(|(_, can)| **can) {
            cells[band * others + other] += moved / count as f64;
        }
    }
}

pub(super) fn nowhere() -> Error {
    Error::Privacy("a band lies in an area and in none of its parts".into())
}
