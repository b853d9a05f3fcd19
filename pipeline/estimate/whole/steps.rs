//! In which order the dimensions of a measure's tables join, so that everything adds up by construction.
//!
//! Two dimensions are neighbours where one table is by both. Tables fit together without one joint table over all
//! dimensions as long as every cycle of neighbours has a chord (Lauritzen 1996, decomposable models), so chords are
//! added: dimensions are eliminated one by one, and those left that neighbour the eliminated one are made neighbours of
//! each other. Read backwards, each dimension joins a table by its neighbours, which are fixed already: one [`Step`].

use super::{Marginal, Shape};
use crate::error::{Error, Result};

/// More cells than this at one level, and memory is better spent elsewhere.
const MOST_CELLS: usize = 20_000_000;

/// One dimension joins a table that is fixed already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Dimensions of the fixed table, ascending; the total alone where there are none.
    pub base: Vec<usize>,
    /// The dimension that joins.
    pub dim: usize,
    /// Both, ascending.
    pub dims: Vec<usize>,
}

/// What is fitted at each level, and in which order.
#[derive(Debug)]
pub struct Plan {
    /// The bands that any table is by: fitted first, and jointly, at every level.
    pub bands: Vec<usize>,
    /// The steps of each level down to the last one with a table. A step's dimensions at one level stand together in
    /// some step of the level above: the parents' values are there.
    pub levels: Vec<Vec<Step>>,
}

impl Plan {
    /// The plan for `tables`, whose dimensions and levels are those of `shape`.
    ///
    /// # Errors
    /// [`Error::Privacy`] where tables hang together so densely that a joint one would be too large.
    pub fn new(shape: &Shape, tables: &[Marginal], bands: &[usize]) -> Result<Plan> {
        let is_used = |dim: &usize| tables.iter().any(|table| table.dims.contains(dim));
        let bands = bands.iter().copied().filter(is_used).collect::<Vec<_>>();
        let depth = tables.iter().map(|table| table.level + 1).max().unwrap_or(0);
        // A level holds what the levels below it need; so from the finest to the coarsest.
        let mut graph = Graph::new(shape.sizes.len(), &bands);
        let mut levels = Vec::with_capacity(depth);
        for level in (0..depth).rev() {
            tables.iter().filter(|table| table.level == level).for_each(|table| graph.join(&table.dims));
            // Whoever knows the places' bands adds up a finer level by band: that gives the coarser table by band too.
            tables.iter().for_each(|table| graph.join_bands(&bands, &table.dims));
            let steps = graph.eliminate(shape, &bands);
            let joint = steps.iter().map(|step| step.dims.as_slice()).chain([bands.as_slice()]);
            let width = joint.map(|dims| width(shape, dims)).fold(0, usize::max);
            if width.saturating_mul(shape.tree.nodes(level)) > MOST_CELLS {
                return Err(Error::Privacy(format!(
                    "the tables of one measure hang together in more than {MOST_CELLS} cells at one area level: use \
                     fewer dimensions together, or fewer at the finest level"
                )));
            }
            levels.push(steps);
        }
        levels.reverse();
        Ok(Plan { bands, levels })
    }
}

/// Cells of one node, and never an overflow.
fn width(shape: &Shape, dims: &[usize]) -> usize {
    dims.iter().fold(1, |width, &dim| width.saturating_mul(shape.sizes[dim]))
}

/// Which dimensions are there, and which are neighbours.
struct Graph {
    present: Vec<bool>,
    neighbours: Vec<Vec<bool>>,
}

impl Graph {
    fn new(dims: usize, bands: &[usize]) -> Self {
        let mut graph = Graph { present: vec![false; dims], neighbours: vec![vec![false; dims]; dims] };
        graph.join(bands);
        graph
    }

    /// Makes all of these neighbours of each other.
    fn join(&mut self, dims: &[usize]) {
        for &one in dims {
            self.present[one] = true;
            dims.iter().filter(|&&other| other != one).for_each(|&other| self.neighbours[one][other] = true);
        }
    }

    /// Makes the bands of a table neighbours of those of its other dimensions that are there.
    fn join_bands(&mut self, bands: &[usize], dims: &[usize]) {
        for &band in bands.iter().filter(|band| dims.contains(band)) {
            for &dim in dims.iter().filter(|dim| !bands.contains(dim)) {
                if self.present[dim] {
                    self.join(&[band, dim]);
                }
            }
        }
    }

    /// Adds chords, and gives the steps. The bands stand last in the elimination, so first in the steps.
    fn eliminate(&mut self, shape: &Shape, bands: &[usize]) -> Vec<Step> {
        let mut left = (0..self.present.len()).filter(|&dim| self.present[dim]).collect::<Vec<_>>();
        let mut steps = Vec::new();
        loop {
            // The one whose joint table is the smallest; among equals the last.
            let joint = |dim: usize| {
                left.iter().copied().filter(|&other| other == dim || self.neighbours[dim][other]).collect::<Vec<_>>()
            };
            let candidates = left.iter().filter(|dim| !bands.contains(dim)).map(|&dim| (joint(dim), dim));
            let Some((dims, dim)) = candidates.rev().min_by_key(|(dims, _)| width(shape, dims)) else { break };
            self.join(&dims);
            left.retain(|&other| other != dim);
            steps.push(Step { base: dims.iter().copied().filter(|&other| other != dim).collect(), dim, dims });
        }
        steps.reverse();
        steps
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimate::shape::Tree;

    fn shape(sizes: &[usize]) -> Shape {
        Shape { tree: Tree::new(vec![vec![0, 0], vec![0, 0, 1]]).unwrap(), sizes: sizes.to_vec() }
    }

    fn steps(sizes: &[usize], tables: &[(usize, &[usize])], bands: &[usize]) -> Vec<Vec<Vec<usize>>> {
        let tables = tables.iter().map(|&(level, dims)| Marginal { level, dims: dims.to_vec() }).collect::<Vec<_>>();
        let plan = Plan::new(&shape(sizes), &tables, bands).unwrap();
        let dims = |steps: Vec<Step>| steps.into_iter().map(|step| step.dims).collect();
        plan.levels.into_iter().map(dims).collect()
    }

    #[test]
    fn dimensions_that_meet_in_no_table_meet_in_no_joint_table() {
        assert_eq!(steps(&[2, 3, 4], &[(0, &[0]), (0, &[1]), (0, &[2])], &[]), [[vec![2], vec![1], vec![0]]]);
        // A chain needs no more than its links; a cycle needs one joint table.
        assert_eq!(steps(&[2, 2, 2], &[(0, &[0, 1]), (0, &[1, 2])], &[]), [[vec![0], vec![0, 1], vec![1, 2]]]);
        let cycle: [(usize, &[usize]); 3] = [(0, &[0, 1]), (0, &[1, 2]), (0, &[0, 2])];
        assert_eq!(steps(&[2, 2, 2], &cycle, &[]), [[vec![0], vec![0, 1], vec![0, 1, 2]]]);
    }

    #[test]
    fn a_level_holds_what_the_levels_below_it_need_and_no_more() {
        let found = steps(&[2, 3, 4], &[(0, &[0, 1]), (1, &[0, 2])], &[]);
        assert_eq!(found, [vec![vec![0], vec![0, 2], vec![0, 1]], vec![vec![0], vec![0, 2]]]);
        assert_eq!(steps(&[2, 3], &[(1, &[])], &[]), [Vec::<Vec<usize>>::new(), vec![]]);
    }

    #[test]
    fn bands_come_first_and_stay_with_what_they_met() {
        // The second level has no table by band, yet its ages add up by band to the first level's.
        let found = steps(&[5, 2, 3], &[(0, &[0, 2]), (1, &[2])], &[0, 1]);
        assert_eq!(found, [[vec![0, 2]], [vec![0, 2]]]);
    }

    #[test]
    fn tables_that_hang_together_too_densely_are_refused() {
        let tables = [Marginal { level: 0, dims: vec![0, 1, 2] }];
        let refused = Plan::new(&shape(&[usize::MAX, 3, 4000]), &tables, &[]).unwrap_err();
        assert!(matches!(&refused, Error::Privacy(text) if text.contains("20000000 cells")), "{refused}");
        assert!(Plan::new(&shape(&[1000, 100, 100]), &tables, &[]).is_ok());
        assert!(Plan::new(&shape(&[1001, 100, 100]), &tables, &[]).is_err());
    }
}
