//! Small requests, to be checked by eye, and those that are refused.

use super::super::{Request, whole};
use crate::error::{Error, Result};
use crate::estimate::shape::{Marginal, Shape, Tree};

fn table(level: usize, dims: &[usize]) -> Marginal {
    Marginal { level, dims: dims.to_vec() }
}

/// One dimension of two values, by two areas in one.
fn small() -> Shape {
    Shape { tree: Tree::new(vec![vec![0], vec![0, 0]]).unwrap(), sizes: vec![2] }
}

/// The joint table of the last level is `joint`; of every level and every dimension, tables are its sums.
fn published(
    tables: &[Marginal],
    joint: [[f64; 2]; 2],
    bands: &[usize],
    possible: [[bool; 2]; 2],
) -> Result<Vec<Vec<i64>>> {
    let estimate = |table: &Marginal| {
        let nodes = if table.level == 0 {
            vec![[joint[0][0] + joint[1][0], joint[0][1] + joint[1][1]]]
        } else {
            joint.to_vec()
        };
        nodes.into_iter().flat_map(|it| if table.dims.is_empty() { vec![it[0] + it[1]] } else { it.to_vec() }).collect()
    };
    whole(&Request {
        shape: &small(),
        tables,
        estimate: &estimate,
        bands,
        possible: &|level, node, cell| {
            if level == 0 { possible[0][cell] | possible[1][cell] } else { possible[node][cell] }
        },
        non_negative: true,
    })
}

const ALL: [[bool; 2]; 2] = [[true; 2]; 2];

#[test]
fn what_is_below_0_is_taken_from_what_is_above() {
    let tables = [table(0, &[]), table(0, &[0]), table(1, &[]), table(1, &[0])];
    // The total is 10, the areas' are 7 and 3, and the first area has 9 and -2: 2 are taken off the 9.
    let found = published(&tables, [[9.0, -2.0], [1.0, 2.0]], &[], ALL).unwrap();
    assert_eq!(found, [vec![10], vec![10, 0], vec![7, 3], vec![7, 0, 3, 0]]);
    // All below 0.
    let found = published(&tables, [[-9.0, -2.0], [-1.0, -2.0]], &[], ALL).unwrap();
    assert_eq!(found, [vec![0], vec![0, 0], vec![0, 0], vec![0; 4]]);
}

#[test]
fn what_is_estimated_where_nobody_can_be_belongs_to_the_others() {
    // One area in the first of two bands; but whoever made the estimates did not know.
    let shape = Shape { tree: Tree::new(vec![vec![0]]).unwrap(), sizes: vec![2, 2] };
    let estimate = |table: &Marginal| match table.dims[..] {
        [] => vec![8.0],
        [0] => vec![2.0, 6.0],
        [1] => vec![7.0, 1.0],
        _ => vec![1.0, 1.0, 6.0, 0.0],
    };
    let found = whole(&Request {
        shape: &shape,
        tables: &[table(0, &[0]), table(0, &[1]), table(0, &[0, 1])],
        estimate: &estimate,
        bands: &[0],
        possible: &|_, _, cell| cell == 0,
        non_negative: true,
    });
    assert_eq!(found.unwrap(), [vec![8, 0], vec![7, 1], vec![7, 1, 0, 0]]);
}

#[test]
fn totals_add_up_by_the_bands_that_places_are_known_to_have() {
    // No table by band at the second level: but everyone knows the areas' bands.
    let own = [[true, false], [false, true]];
    let found = published(&[table(0, &[0]), table(1, &[])], [[6.6, -1.0], [0.4, 2.2]], &[0], own).unwrap();
    assert_eq!(found[0], found[1]);
}

#[test]
fn no_tables_are_no_tables() {
    assert_eq!(published(&[], [[0.0; 2]; 2], &[], ALL).unwrap(), Vec::<Vec<i64>>::new());
}

fn refusal(tables: &[Marginal], joint: [[f64; 2]; 2], bands: &[usize], possible: [[bool; 2]; 2]) -> String {
    match published(tables, joint, bands, possible) {
        Err(Error::Privacy(text)) => text,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_request_that_does_not_hold_together_is_refused() {
    let outside = "a table to be made whole is not one of its measure's shape";
    for wrong in [table(2, &[]), table(0, &[1]), table(0, &[0, 0])] {
        assert_eq!(refusal(&[wrong], [[0.0; 2]; 2], &[], ALL), outside);
    }
    assert_eq!(refusal(&[table(0, &[])], [[0.0; 2]; 2], &[1], ALL), outside);
    let number = "an estimate is no number, or too large for a whole one";
    for wrong in [f64::NAN, f64::INFINITY, -1e19] {
        assert_eq!(refusal(&[table(0, &[0])], [[wrong, 0.0], [0.0; 2]], &[], ALL), number);
    }
    let cells = whole(&Request {
        shape: &small(),
        tables: &[table(0, &[0])],
        estimate: &|_| vec![1.0],
        bands: &[],
        possible: &|_, _, _| true,
        non_negative: true,
    });
    assert_eq!(cells.unwrap_err().to_string(), "an estimate has not as many cells as its table");
}

#[test]
fn a_band_that_is_in_no_part_of_its_area_is_refused() {
    let cells = whole(&Request {
        shape: &small(),
        tables: &[table(1, &[0])],
        estimate: &|table| vec![5.0; small().cells(table)],
        bands: &[0],
        possible: &|level, _, cell| level == 0 || cell == 0,
        non_negative: true,
    });
    assert_eq!(cells.unwrap_err().to_string(), "a band lies in an area and in none of its parts");
}
