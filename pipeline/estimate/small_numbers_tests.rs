//! The rule for small numbers: tables that can be read by eye, and a reader who tries to work a cell out.

use proptest::prelude::*;

use super::super::shape::Tree;
use super::*;

/// One board of two areas, the first with three parts, the second with two.
fn shape(sizes: Vec<usize>) -> Shape {
    Shape { tree: Tree::new(vec![vec![0], vec![0, 0], vec![0, 0, 0, 1, 1]]).unwrap(), sizes }
}

fn marginal(level: usize, dims: &[usize]) -> Marginal {
    Marginal { level, dims: dims.to_vec() }
}

/// The tables as published: "x" where a cell is withheld.
fn published(shape: &Shape, tables: &[(Marginal, Vec<i64>)], policy: Policy) -> Vec<String> {
    let given = tables.iter().map(|(marginal, values)| Table { marginal, values }).collect::<Vec<_>>();
    let hidden = withheld(shape, &given, policy).unwrap();
    let cell = |(value, hidden): (&i64, &bool)| if *hidden { "x".to_owned() } else { value.to_string() };
    let row = |(values, hidden): (&Vec<i64>, &Vec<bool>)| values.iter().zip(hidden).map(cell).collect::<Vec<_>>();
    tables.iter().map(|it| &it.1).zip(&hidden).map(|it| row(it).join(" ")).collect()
}

const FIVE: Policy = Policy { small: 5, zeros: false };

#[test]
fn a_small_area_takes_the_next_smallest_of_its_own_with_it() {
    let tables =
        [(marginal(0, &[]), vec![90]), (marginal(1, &[]), vec![60, 30]), (marginal(2, &[]), vec![3, 20, 37, 14, 16])];
    assert_eq!(published(&shape(vec![]), &tables, FIVE), ["90", "60 30", "x x 37 14 16"]);
}

#[test]
fn a_small_area_is_not_worked_out_from_a_total_two_levels_up() {
    // Without the middle level only the board's own total gives the 3 away: the next smallest is in the other area.
    let tables = [(marginal(0, &[]), vec![90]), (marginal(2, &[]), vec![3, 20, 37, 14, 16])];
    assert_eq!(published(&shape(vec![]), &tables, FIVE), ["90", "x 20 37 x 16"]);
}

#[test]
fn a_small_cell_is_guarded_along_rows_and_columns() {
    // Two areas by three values: rows 3 20 30 and 40 50 60, then both margins.
    let tables = [
        (marginal(1, &[0]), vec![3, 20, 30, 40, 50, 60]),
        (marginal(1, &[]), vec![53, 150]),
        (marginal(0, &[0]), vec![43, 70, 90]),
        (marginal(0, &[]), vec![203]),
    ];
    assert_eq!(published(&shape(vec![3]), &tables, FIVE), ["x x 30 x x 60", "53 150", "43 70 90", "203"]);
}

#[test]
fn withheld_parts_whose_sum_is_small_take_a_third_with_them() {
    // 60 - 20 - 37 leaves 3, for 1 and 2 together.
    let tables = [(marginal(1, &[]), vec![60, 30]), (marginal(2, &[]), vec![1, 2, 57, 14, 16])];
    assert_eq!(published(&shape(vec![]), &tables, FIVE), ["60 30", "x x x 14 16"]);
}

#[test]
fn a_small_total_has_a_part_withheld_and_zeros_stay_unless_the_policy_says_so() {
    let tables = [(marginal(1, &[]), vec![4, 30]), (marginal(2, &[]), vec![4, 0, 0, 30, 0])];
    assert_eq!(published(&shape(vec![]), &tables, FIVE), ["x 30", "x 0 0 30 0"]);
    let zeros = Policy { zeros: true, ..FIVE };
    assert_eq!(published(&shape(vec![]), &tables, zeros), ["x 30", "x x x x x"]);
}

#[test]
fn an_area_with_one_part_is_withheld_with_it() {
    let chain = Shape { tree: Tree::new(vec![vec![0, 0, 0], vec![0, 1, 1, 2]]).unwrap(), sizes: vec![] };
    let tables = [(marginal(0, &[]), vec![3, 40, 50]), (marginal(1, &[]), vec![3, 15, 25, 50])];
    assert_eq!(published(&chain, &tables, FIVE), ["x 40 50", "x 15 25 50"]);
}

#[test]
fn tables_that_are_not_of_the_shape_are_refused() {
    let by = marginal(1, &[]);
    for values in [vec![3], vec![3, -1]] {
        assert!(withheld(&shape(vec![]), &[Table { marginal: &by, values: &values }], FIVE).is_err());
    }
}

/// The cell of `total` that a leaf cell lies in, worked out from the leaf alone.
fn cell_of(shape: &Shape, table: &Marginal, leaf: usize) -> usize {
    let last = shape.tree.levels() - 1;
    let (mut rest, mut values) = (leaf, vec![0; shape.sizes.len()]);
    for dim in (0..shape.sizes.len()).rev() {
        values[dim] = rest % shape.sizes[dim];
        rest /= shape.sizes[dim];
    }
    let area = (table.level + 1..=last).rev().fold(rest, |area, level| shape.tree.parents(level)[area] as usize);
    table.dims.iter().fold(area, |cell, &dim| cell * shape.sizes[dim] + values[dim])
}

fn all_tables(shape: &Shape, chosen: &[bool]) -> Vec<Marginal> {
    let subsets = (0..1usize << shape.sizes.len())
        .map(|mask| (0..shape.sizes.len()).filter(|dim| (mask >> dim) & 1 == 1).collect());
    let subsets = subsets.collect::<Vec<Vec<usize>>>();
    let all = (0..shape.tree.levels())
        .flat_map(|level| subsets.iter().map(move |dims| Marginal { level, dims: dims.clone() }));
    all.zip(chosen).filter(|(_, chosen)| **chosen).map(|(table, _)| table).collect()
}

proptest! {
    /// A reader takes any total and its parts, and what is known of any count: that it is at least 0.
    #[test]
    fn no_withheld_cell_is_determined_by_any_line(
        leaves in prop::collection::vec(prop_oneof![2 => Just(0), 3 => 0..8i64, 2 => 0..60i64], 5 * 6),
        chosen in prop::collection::vec(prop::bool::weighted(0.7), 12),
        small in 1..12u64,
        zeros in any::<bool>(),
    ) {
        let shape = shape(vec![2, 3]);
        let marginals = all_tables(&shape, &chosen);
        let values = marginals.iter().map(|table| {
            let mut values = vec![0; shape.cells(table)];
            leaves.iter().enumerate().for_each(|(leaf, count)| values[cell_of(&shape, table, leaf)] += count);
            values
        });
        let values = values.collect::<Vec<Vec<i64>>>();
        let tables = marginals.iter().zip(&values).map(|(marginal, values)| Table { marginal, values }).collect::<Vec<_>>();
        let hidden = withheld(&shape, &tables, Policy { small, zeros }).unwrap();

        for (table, hidden) in tables.iter().zip(&hidden) {
            for (value, hidden) in table.values.iter().zip(hidden) {
                prop_assert!(*hidden || *value >= small as i64 || (*value == 0 && !zeros), "{value} is published");
            }
        }
        for (above, above_hidden) in tables.iter().zip(&hidden) {
            for (below, below_hidden) in tables.iter().zip(&hidden) {
                let is_part = below.marginal != above.marginal
                    && below.marginal.level >= above.marginal.level
                    && above.marginal.dims.iter().all(|dim| below.marginal.dims.contains(dim));
                for total in (0..above.values.len()).filter(|_| is_part) {
                    let inside = (0..leaves.len()).filter(|&leaf| cell_of(&shape, above.marginal, leaf) == total);
                    let mut parts = inside.map(|leaf| cell_of(&shape, below.marginal, leaf)).collect::<Vec<_>>();
                    parts.sort_unstable();
                    parts.dedup();
                    let unknown = parts.iter().filter(|&&part| below_hidden[part]).count();
                    let known = parts.iter().filter(|&&part| !below_hidden[part]).map(|&part| below.values[part]).sum::<i64>();
                    if above_hidden[total] {
                        prop_assert!(unknown > 0, "the parts add up to a withheld total");
                    } else if unknown > 0 {
                        let left = above.values[total] - known;
                        prop_assert!(unknown > 1 && left >= small as i64 && left > 0, "{left} is left for {unknown} cells");
                    }
                }
            }
        }
    }
}
