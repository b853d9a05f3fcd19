//! Random measures: a tree, dimensions, bands, tables, and the joint values that the tables are sums of.

use std::collections::BTreeSet;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use super::super::{Request, whole};
use crate::error::Result;
use crate::estimate::shape::{Marginal, Shape, Tree};

/// A measure, and the joint values of its finest cells, of which all tables are sums.
pub struct World {
    pub shape: Shape,
    pub tables: Vec<Marginal>,
    pub bands: Vec<usize>,
    /// By level: node and joint cell of the bands.
    pub possible: Vec<Vec<bool>>,
    /// By node of the last level and all dimensions.
    pub joint: Vec<f64>,
    pub non_negative: bool,
}

impl World {
    pub fn new(levels: usize, spread: u32, seed: u64) -> World {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut parents: Vec<Vec<u32>> = Vec::new();
        let mut above = 1;
        for _ in 0..levels {
            let more = rng.random_range(0..=above * spread);
            let mut level = (0..above).chain((0..more).map(|_| rng.random_range(0..above))).collect::<Vec<_>>();
            // Children need not stand together.
            above = level.len() as u32;
            level.rotate_left((seed % u64::from(above)) as usize);
            parents.push(level);
        }
        let sizes = (0..rng.random_range(0..=4)).map(|_| rng.random_range(1..=4)).collect::<Vec<usize>>();
        let shape = Shape { tree: Tree::new(parents).unwrap(), sizes };
        let bands = (0..rng.random_range(0..=shape.sizes.len().min(2))).collect::<Vec<_>>();
        let mut tables = BTreeSet::new();
        for _ in 0..rng.random_range(1..=6) {
            let dims = (0..shape.sizes.len()).filter(|_| rng.random_bool(0.5)).collect();
            tables.insert(Marginal { level: rng.random_range(0..levels), dims });
        }
        let width = shape.width(&(0..shape.sizes.len()).collect::<Vec<_>>());
        let joint = vec![0.0; shape.tree.nodes(levels - 1) * width];
        let possible = possible(&shape, &bands, &mut rng);
        World { shape, tables: tables.into_iter().collect(), bands, possible, joint, non_negative: true }
    }

    /// Fills the finest cells; those where nobody can be stay 0 if `only_possible`.
    pub fn fill(&mut self, only_possible: bool, mut value: impl FnMut() -> f64) {
        let possible = self.possible.last().unwrap();
        let others = self.joint.len() / possible.len();
        for (cell, joint) in self.joint.iter_mut().enumerate() {
            let drawn = value();
            *joint = if only_possible && !possible[cell / others] { 0.0 } else { drawn };
        }
    }

    pub fn estimate(&self, table: &Marginal) -> Vec<f64> {
        let all = (0..self.shape.sizes.len()).collect::<Vec<_>>();
        let places = self.shape.projection(&all, &table.dims);
        let width = self.shape.width(&table.dims);
        let mut sums = vec![0.0; self.shape.cells(table)];
        let last = self.shape.tree.levels() - 1;
        for node in 0..self.shape.tree.nodes(last) {
            let up = |node: usize, level: usize| self.shape.tree.parents(level)[node] as usize;
            let at = (table.level + 1..=last).rev().fold(node, up);
            for (place, value) in places.iter().zip(&self.joint[node * places.len()..]) {
                sums[at * width + *place as usize] += value;
            }
        }
        sums
    }

    pub fn whole(&self) -> Result<Vec<Vec<i64>>> {
        let band_cells = self.shape.width(&self.bands);
        whole(&Request {
            shape: &self.shape,
            tables: &self.tables,
            estimate: &|table| self.estimate(table),
            bands: &self.bands,
            possible: &|level, node, cell| self.possible[level][node * band_cells + cell],
            non_negative: self.non_negative,
        })
    }

    /// What must hold whatever the estimates are.
    pub fn holds(&self, published: &[Vec<i64>]) {
        let find = |table: &Marginal| self.tables.iter().position(|it| it == table).map(|at| &published[at]);
        for (table, cells) in self.tables.iter().zip(published) {
            assert_eq!(cells.len(), self.shape.cells(table));
            assert!(!self.non_negative || cells.iter().all(|&cell| cell >= 0), "{cells:?}");
            self.is_empty_where_impossible(table, cells);
            for (part, parts) in self.tables.iter().zip(published) {
                if part.level == table.level && table.dims.iter().all(|dim| part.dims.contains(dim)) {
                    let places = self.shape.projection(&part.dims, &table.dims);
                    let mut sums = vec![0; cells.len()];
                    let width = self.shape.width(&table.dims);
                    for (at, cell) in parts.iter().enumerate() {
                        sums[at / places.len() * width + places[at % places.len()] as usize] += cell;
                    }
                    assert_eq!(&sums, cells, "{table:?} is not the sum of {part:?}");
                }
            }
            for level in table.level + 1..self.shape.tree.levels() {
                let finer = Marginal { level, dims: table.dims.clone() };
                let Some(parts) = find(&finer) else { continue };
                let mut sums = vec![0; cells.len()];
                let width = self.shape.width(&table.dims);
                for (at, cell) in parts.iter().enumerate() {
                    let up = |node: usize, level: usize| self.shape.tree.parents(level)[node] as usize;
                    let node = (table.level + 1..=level).rev().fold(at / width, up);
                    sums[node * width + at % width] += cell;
                }
                assert_eq!(&sums, cells, "{table:?} is not the sum of {finer:?}");
            }
        }
    }

    fn is_empty_where_impossible(&self, table: &Marginal, cells: &[i64]) {
        let own = table.dims.iter().copied().filter(|dim| self.bands.contains(dim)).collect::<Vec<_>>();
        let (places, width) = (self.shape.projection(&self.bands, &own), self.shape.width(&table.dims));
        let others = width / self.shape.width(&own);
        for (at, &cell) in cells.iter().enumerate() {
            let possible = self.possible[table.level].chunks(places.len()).nth(at / width).unwrap();
            let band = (at % width / others) as u32;
            let can = places.iter().zip(possible).any(|(&place, &can)| can && place == band);
            assert!(can || cell == 0, "{cell} in an impossible cell of {table:?}");
        }
    }
}

/// Some bands of each finest node, mostly one, and those of its children for every other.
pub fn possible(shape: &Shape, bands: &[usize], rng: &mut ChaCha8Rng) -> Vec<Vec<bool>> {
    let width = shape.width(bands);
    let last = shape.tree.levels() - 1;
    let mut all = shape.tree.levels();
    let mut possible = vec![Vec::new(); all];
    possible[last] = vec![false; shape.tree.nodes(last) * width];
    for node in 0..shape.tree.nodes(last) {
        for _ in 0..rng.random_range(1..=3) / 2 + usize::from(bands.is_empty()) {
            possible[last][node * width + rng.random_range(0..width)] = true;
        }
    }
    while all > 1 {
        all -= 1;
        let mut up = vec![false; shape.tree.nodes(all - 1) * width];
        for (node, &parent) in shape.tree.parents(all).iter().enumerate() {
            (0..width).for_each(|cell| up[parent as usize * width + cell] |= possible[all][node * width + cell]);
        }
        possible[all - 1] = up;
    }
    possible
}

pub fn normal(rng: &mut ChaCha8Rng) -> f64 {
    StandardNormal.sample(rng)
}
