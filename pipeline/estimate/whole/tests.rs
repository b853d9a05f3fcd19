//! Random trees, tables and estimates; and whether it pays.

use std::collections::BTreeSet;

use proptest::prelude::*;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use super::{Request, whole};
use crate::error::Result;
use crate::estimate::shape::{Marginal, Shape, Tree};

/// A measure, and the joint values of its finest cells, of which all tables are sums.
struct World {
    shape: Shape,
    tables: Vec<Marginal>,
    bands: Vec<usize>,
    /// By level: node and joint cell of the bands.
    possible: Vec<Vec<bool>>,
    /// By node of the last level and all dimensions.
    joint: Vec<f64>,
    non_negative: bool,
}

impl World {
    fn new(levels: usize, spread: u32, seed: u64) -> World {
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
    fn fill(&mut self, only_possible: bool, mut value: impl FnMut() -> f64) {
        let possible = self.possible.last().unwrap();
        let others = self.joint.len() / possible.len();
        for (cell, joint) in self.joint.iter_mut().enumerate() {
            let drawn = value();
            *joint = if only_possible && !possible[cell / others] { 0.0 } else { drawn };
        }
    }

    fn estimate(&self, table: &Marginal) -> Vec<f64> {
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

    fn whole(&self) -> Result<Vec<Vec<i64>>> {
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
    fn holds(&self, published: &[Vec<i64>]) {
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
fn possible(shape: &Shape, bands: &[usize], rng: &mut ChaCha8Rng) -> Vec<Vec<bool>> {
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

fn normal(rng: &mut ChaCha8Rng) -> f64 {
    StandardNormal.sample(rng)
}

/// Kinds of estimates, from harmless to absurd.
fn estimates(kind: u8, seed: u64) -> impl FnMut() -> f64 {
    let mut rng = ChaCha8Rng::seed_from_u64(seed ^ 0x5eed);
    move || match kind {
        0 => normal(&mut rng) * 3.0 + 1.0,
        1 => normal(&mut rng) * 0.3 - 5.0,
        2 => 0.0,
        3 => normal(&mut rng) * (1u64 << 40) as f64,
        4 => rng.random_range(0..3) as f64 + normal(&mut rng) * 20.0,
        5 => (1u64 << 40) as f64 * if rng.random_bool(0.1) { 1.0 } else { -1.0 },
        _ => normal(&mut rng) * 10f64.powi(rng.random_range(-9..9)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn parts_sum_to_their_totals_in_every_table_and_at_every_level(
        levels in 1usize..5, spread in 0u32..4, seed: u64, kind in 0u8..7, non_negative: bool, only_possible: bool,
    ) {
        let mut world = World::new(levels, spread, seed);
        world.non_negative = non_negative;
        world.fill(only_possible, estimates(kind, seed));
        let published = world.whole().unwrap();
        world.holds(&published);
        prop_assert_eq!(world.whole().unwrap(), published);
    }

    #[test]
    fn whole_estimates_come_back_as_they_are(
        levels in 1usize..5, spread in 0u32..4, seed: u64, signed: bool, top in 1i64..1 << 40,
    ) {
        let mut world = World::new(levels, spread, seed);
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        world.fill(true, || rng.random_range(if signed { -top } else { 0 }..=top) as f64 * f64::from(rng.random_bool(0.6)));
        world.non_negative = !signed;
        for (table, cells) in world.tables.iter().zip(world.whole().unwrap()) {
            let expected = world.estimate(table);
            prop_assert_eq!(cells.iter().map(|&cell| cell as f64).collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn a_total_of_the_first_level_is_its_estimate_rounded(levels in 1usize..4, seed: u64, kind in 0u8..7) {
        let mut world = World::new(levels, 3, seed);
        let total = Marginal { level: 0, dims: vec![] };
        world.tables.retain(|table| *table != total);
        world.tables.push(total.clone());
        world.fill(true, estimates(kind, seed));
        let published = world.whole().unwrap();
        for (cell, estimate) in published.last().unwrap().iter().zip(world.estimate(&total)) {
            let reach = 1.0 + estimate.abs() * 1e-12;
            prop_assert!((*cell as f64 - estimate.max(0.0)).abs() <= reach, "{cell} for {estimate}");
        }
    }
}

/// Areas by a steady number of parts each.
fn regular(parts: &[usize]) -> Tree {
    let mut above = 1;
    let level = |&parts: &usize| {
        let level = (0..above * parts).map(|node| (node / parts) as u32).collect::<Vec<_>>();
        above *= parts;
        level
    };
    Tree::new(parts.iter().map(level).collect()).unwrap()
}

/// Mean absolute error over the cells of each table: ours, and that of each cell rounded and clamped alone.
fn errors(world: &mut World, sigma: f64, top: f64, seed: u64) -> Vec<(f64, f64)> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let all = (0..world.shape.sizes.len()).collect::<Vec<_>>();
    let width = world.shape.width(&all);
    // Skewed: most cells are near 0, some are not.
    let scales = (0..width).map(|_| rng.random_range(0.0f64..1.0).powi(4) * top).collect::<Vec<_>>();
    let mut cell = 0;
    let mut draw = ChaCha8Rng::seed_from_u64(seed + 1);
    world.fill(true, || {
        cell += 1;
        (scales[(cell - 1) % width] * draw.random_range(0.0..2.0)).floor()
    });
    let truth = world.tables.iter().map(|table| world.estimate(table)).collect::<Vec<_>>();
    world.joint.iter_mut().for_each(|cell| *cell += sigma * normal(&mut rng));
    let published = world.whole().unwrap();
    world.holds(&published);
    let mean = |cells: Vec<f64>, truth: &[f64]| {
        cells.iter().zip(truth).map(|(cell, truth)| (cell - truth).abs()).sum::<f64>() / truth.len() as f64
    };
    let each = world.tables.iter().zip(&published).zip(&truth).map(|((table, cells), truth)| {
        let alone = world.estimate(table).iter().map(|cell| cell.round().max(0.0)).collect();
        (mean(cells.iter().map(|&cell| cell as f64).collect(), truth), mean(alone, truth))
    });
    each.collect()
}

#[test]
fn it_is_nearer_to_the_truth_than_clamping_each_cell_alone() {
    let dims: [&[usize]; 5] = [&[], &[0], &[1], &[2], &[1, 2]];
    for (bands, non) in [(vec![], 0), (vec![0], 1)] {
        for (sigma, top) in [(1.0, 3.0), (3.0, 3.0), (10.0, 3.0), (3.0, 100.0)] {
            let shape = Shape { tree: regular(&[4, 5, 6]), sizes: vec![5, 4, 6] };
            let tables = (0..3).flat_map(|level| dims.iter().map(move |dims| Marginal { level, dims: dims.to_vec() }));
            let mut rng = ChaCha8Rng::seed_from_u64(7);
            let possible = possible(&shape, &bands, &mut rng);
            let joint = vec![0.0; 120 * 120];
            let mut world =
                World { tables: tables.collect(), bands: bands.clone(), possible, joint, shape, non_negative: true };
            let errors = errors(&mut world, sigma, top, 11);
            let (ours, alone) =
                errors.iter().fold((0.0, 0.0), |sums, each| (sums.0 + each.0 / each.1.max(0.01), sums.1 + 1.0));
            eprintln!("bands {non} sigma {sigma} top {top}: {:.3}", ours / alone);
            for (table, (ours, alone)) in world.tables.iter().zip(&errors) {
                eprintln!("   {} {:?} {ours:.2} {alone:.2} {:.2}", table.level, table.dims, ours / alone);
            }
        }
    }
}
