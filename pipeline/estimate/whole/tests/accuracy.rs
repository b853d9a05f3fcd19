//! Whether what is published is nearer to the truth than each cell rounded and clamped alone, which would not add up.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::world::{World, normal, possible};
use crate::estimate::shape::{Marginal, Shape, Tree};

/// Tables by these dimensions are published at every level.
const DIMS: [&[usize]; 5] = [&[], &[0], &[1], &[2], &[1, 2]];

const SIZES: [usize; 3] = [5, 4, 6];

/// Areas by a steady number of parts each.
fn tree(parts: &[usize]) -> Tree {
    let mut above = 1;
    let level = |&parts: &usize| {
        above *= parts;
        (0..above).map(|node| (node / parts) as u32).collect::<Vec<_>>()
    };
    Tree::new(parts.iter().map(level).collect()).unwrap()
}

/// Sparse counts up to `top` by node and all dimensions, mostly small.
fn world(bands: &[usize], top: f64) -> World {
    let shape = Shape { tree: tree(&[4, 5, 6]), sizes: SIZES.to_vec() };
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let tables =
        (0..3).flat_map(|level| DIMS.iter().map(move |dims| Marginal { level, dims: dims.to_vec() })).collect();
    let width = SIZES.iter().product::<usize>();
    let joint = vec![0.0; shape.tree.nodes(2) * width];
    let possible = possible(&shape, bands, &mut rng);
    let mut world = World { shape, tables, bands: bands.to_vec(), possible, joint, non_negative: true };
    let scales = (0..width).map(|_| rng.random_range(0.0f64..1.0).powi(4) * top).collect::<Vec<_>>();
    let mut cells = scales.iter().cycle();
    world.fill(true, || (cells.next().unwrap() * rng.random_range(0.0..2.0)).floor());
    world
}

/// Noise in the finest joint cells where anyone can be. `known`: how much of its sums is taken out, as if these had been
/// measured too.
fn add_noise(world: &mut World, sigma: f64, known: f64) {
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    let width = SIZES.iter().product::<usize>();
    let (possible, bands) = (&world.possible[2], world.shape.width(&world.bands));
    for (node, cells) in world.joint.chunks_mut(width).enumerate() {
        let can = |cell: usize| possible[node * bands + cell / (width / bands)];
        let mut noise =
            (0..width).map(|cell| if can(cell) { sigma * normal(&mut rng) } else { 0.0 }).collect::<Vec<_>>();
        for (dim, size) in SIZES.into_iter().enumerate().filter(|(dim, _)| !world.bands.contains(dim)) {
            let inner = SIZES[dim + 1..].iter().product::<usize>();
            for first in (0..width).filter(|cell| cell / inner % size == 0) {
                let line = (first..).step_by(inner).take(size);
                let mean = line.clone().map(|cell| noise[cell]).sum::<f64>() / size as f64;
                line.for_each(|cell| noise[cell] -= known * mean);
            }
        }
        cells.iter_mut().zip(noise).for_each(|(cell, noise)| *cell += noise);
    }
}

/// Mean absolute error over the cells of each table: ours, and that of each cell alone.
fn errors(world: &mut World, sigma: f64, known: f64) -> Vec<(Marginal, f64, f64)> {
    let truth = world.tables.iter().map(|table| world.estimate(table)).collect::<Vec<_>>();
    add_noise(world, sigma, known);
    let published = world.whole().unwrap();
    world.holds(&published);
    let mean = |cells: Vec<f64>, truth: &[f64]| {
        cells.iter().zip(truth).map(|(cell, truth)| (cell - truth).abs()).sum::<f64>() / truth.len() as f64
    };
    let each = world.tables.iter().zip(&published).zip(&truth).map(|((table, cells), truth)| {
        let alone = world.estimate(table).iter().map(|cell| cell.round().max(0.0)).collect();
        (table.clone(), mean(cells.iter().map(|&cell| cell as f64).collect(), truth), mean(alone, truth))
    });
    each.collect()
}

#[test]
fn it_is_nearer_to_the_truth_than_clamping_each_cell_alone() {
    let mut all = Vec::new();
    for bands in [&[][..], &[0]] {
        for (sigma, top) in [(2.0, 3.0), (3.0, 3.0), (10.0, 3.0), (3.0, 100.0)] {
            let errors = errors(&mut world(bands, top), sigma, 0.0);
            for (table, ours, alone) in &errors {
                assert!(*ours <= 1.15 * alone, "{bands:?} {sigma} {top} {table:?}: {ours} beside {alone}");
            }
            let mean = errors.iter().map(|(_, ours, alone)| ours / alone).sum::<f64>() / errors.len() as f64;
            // Where the noise is small beside the counts, nothing is won and only rounding is lost.
            assert!(mean <= 1.02, "{bands:?} {sigma} {top}: {mean}");
            all.push(mean);
        }
    }
    let mean = all.iter().sum::<f64>() / all.len() as f64;
    assert!(mean <= 0.93, "{all:?}");
}

/// Where sums are known far better than cells, the clamped cells must not spoil them: the error of a sum stays that of
/// its own noise, but for rounding.
#[test]
fn well_measured_sums_stay_well_measured() {
    for bands in [&[][..], &[0]] {
        for (sigma, top) in [(1.0, 3.0), (3.0, 3.0), (10.0, 3.0), (3.0, 100.0)] {
            for (table, ours, alone) in errors(&mut world(bands, top), sigma, 0.8) {
                assert!(ours <= 1.1 * alone + 0.4, "{bands:?} {sigma} {top} {table:?}: {ours} beside {alone}");
            }
        }
    }
}
