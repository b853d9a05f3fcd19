//! The shape of one measure's tables: a tree of areas, and the other dimensions.

use crate::error::{Error, Result};

/// Areas as a chain of partitions, coarsest first. The root, which holds everyone, is not among the levels. The tree may
/// be ragged: a node has at least one child at the next level, and any number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree {
    parents: Vec<Vec<u32>>,
}

impl Tree {
    /// `parents[level][node]` is the node's parent, a node of the level before; of the first level, 0: the root.
    ///
    /// # Errors
    /// [`Error::Privacy`] where there is no level, a parent is not there, or a node above the last level has no child.
    pub fn new(parents: Vec<Vec<u32>>) -> Result<Self> {
        let mut above = 1usize;
        for parents in &parents {
            let mut seen = vec![false; above];
            for &parent in parents {
                let place = seen.get_mut(parent as usize);
                *place.ok_or_else(|| Error::Privacy("an area lies in one that is not there".into()))? = true;
            }
            if seen.contains(&false) {
                return Err(Error::Privacy("an area has no part at the next level".into()));
            }
            above = parents.len();
        }
        if parents.is_empty() {
            return Err(Error::Privacy("there is no area level".into()));
        }
        Ok(Tree { parents })
    }

    /// Area levels, the root left out; at least one.
    pub fn levels(&self) -> usize {
        self.parents.len()
    }

    /// Nodes of a level; at least one.
    pub fn nodes(&self, level: usize) -> usize {
        self.parents[level].len()
    }

    /// The parent of each node of a level, as a node of the level before; the root's only node is 0.
    pub fn parents(&self, level: usize) -> &[u32] {
        &self.parents[level]
    }
}

/// Areas, and how many values each other dimension of a measure has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    /// The areas.
    pub tree: Tree,
    /// Values of each dimension, `unknown` included; each at least 1.
    pub sizes: Vec<usize>,
}

/// One table of a measure: an area level, and the dimensions that it is by. Every other dimension is summed over.
///
/// Its cells: nodes of the level slowest, then the dimensions in order, the last fastest.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Marginal {
    /// A level of the tree.
    pub level: usize,
    /// Positions in [`Shape::sizes`], ascending.
    pub dims: Vec<usize>,
}

impl Shape {
    /// Cells of one node in a table by `dims`.
    pub fn width(&self, dims: &[usize]) -> usize {
        dims.iter().map(|&dim| self.sizes[dim]).product()
    }

    /// Cells of a table.
    pub fn cells(&self, table: &Marginal) -> usize {
        self.tree.nodes(table.level) * self.width(&table.dims)
    }

    /// For each cell of one node in a table by `from`, its cell in a table by `onto`, whose dimensions `from` has too.
    pub fn projection(&self, from: &[usize], onto: &[usize]) -> Vec<u32> {
        let mut places = vec![0u32];
        for dim in from {
            let size = self.sizes[*dim] as u32;
            let kept = onto.contains(dim);
            places = places
                .into_iter()
                .flat_map(|place| (0..size).map(move |value| if kept { place * size + value } else { place }))
                .collect();
        }
        places
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_projection_sums_over_what_is_left_out() {
        let shape = Shape { tree: Tree::new(vec![vec![0, 0], vec![0, 0, 1]]).unwrap(), sizes: vec![2, 3, 2] };
        assert_eq!(shape.projection(&[0, 1], &[0]), [0, 0, 0, 1, 1, 1]);
        assert_eq!(shape.projection(&[0, 1], &[1]), [0, 1, 2, 0, 1, 2]);
        assert_eq!(shape.projection(&[0, 2], &[]), [0, 0, 0, 0]);
        assert_eq!(shape.projection(&[0, 1, 2], &[0, 2]), [0, 1, 0, 1, 0, 1, 2, 3, 2, 3, 2, 3]);
        assert_eq!(shape.cells(&Marginal { level: 1, dims: vec![1, 2] }), 18);
    }

    #[test]
    fn a_tree_has_no_loose_ends() {
        assert!(Tree::new(vec![]).is_err());
        assert!(Tree::new(vec![vec![1]]).is_err());
        assert!(Tree::new(vec![vec![0, 0], vec![0, 0]]).is_err());
        assert!(Tree::new(vec![vec![0, 0], vec![0, 1, 1]]).is_ok());
    }
}
