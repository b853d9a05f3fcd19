//! What holds for any tree, any tables and any estimates.

use proptest::prelude::*;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::world::{World, normal};
use crate::estimate::shape::Marginal;

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
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 400, ..ProptestConfig::default() })]

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
        levels in 1usize..5, spread in 0u32..4, seed: u64, signed: bool, dusty: bool, top in 1i64..1 << 40,
    ) {
        let mut world = World::new(levels, spread, seed);
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let least = if signed { -top } else { 0 };
        world.fill(true, || rng.random_range(least..=top) as f64 * f64::from(rng.random_bool(0.6)));
        world.non_negative = !signed;
        let expected = world.tables.iter().map(|table| world.estimate(table)).collect::<Vec<_>>();
        // Sums of floating-point numbers are seldom exact.
        if dusty {
            world.joint.iter_mut().for_each(|cell| *cell += normal(&mut rng) * 1e-7);
        }
        for (cells, expected) in world.whole().unwrap().into_iter().zip(expected) {
            prop_assert_eq!(cells.into_iter().map(|cell| cell as f64).collect::<Vec<_>>(), expected);
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
            let reach = 0.5 + estimate.abs() * 1e-12;
            prop_assert!((*cell as f64 - estimate.max(0.0)).abs() <= reach, "{cell} for {estimate}");
        }
    }

    /// Nothing is clamped, so that a cell moves only by what rounding its total, its neighbours and its parents has
    /// moved it: a unit each.
    #[test]
    fn a_cell_stays_near_its_estimate(levels in 1usize..5, spread in 0u32..4, seed: u64, signed: bool) {
        let mut world = World::new(levels, spread, seed);
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        world.fill(true, || if signed { 0.0 } else { 100.0 } + normal(&mut rng) * 10.0);
        world.non_negative = !signed;
        let dims = (0..world.shape.sizes.len()).collect::<Vec<_>>();
        world.tables = (0..levels).map(|level| Marginal { level, dims: dims.clone() }).collect();
        for (table, cells) in world.tables.iter().zip(world.whole().unwrap()) {
            let furthest = cells.iter().zip(world.estimate(table)).map(|(&cell, it)| (cell as f64 - it).abs());
            let furthest = furthest.fold(0.0, f64::max);
            prop_assert!(furthest <= 1.0 + (table.level + dims.len()) as f64, "{furthest} in {table:?}");
        }
    }
}
