//! The two-pass regression over the tree of areas, by classes of nodes.
//!
//! Noise has one variance in a whole level, so what the regression does at a node depends on the tree alone. Nodes that
//! stand alike in it form a class: their subtrees have the same form, and their parents are of one class. A national
//! tree of 8,000 nodes has some hundred classes.

use std::collections::BTreeMap;

use super::shape::Tree;

/// The classes of a tree's nodes.
#[derive(Debug, Clone)]
pub struct Classes {
    levels: Vec<Level>,
}

#[derive(Debug, Clone)]
struct Level {
    /// The class of each node.
    of: Vec<u32>,
    /// The class of the parents, a class of the level before; of the first level, 0.
    parents: Vec<u32>,
    /// How many nodes of the class one parent has.
    siblings: Vec<f64>,
    /// How many nodes the class has.
    nodes: Vec<f64>,
}

/// Generalised least squares of one component over the tree: noise with one precision a level, the root unmeasured.
///
/// Below the deepest measured level nothing is known but of nodes that are their parents' only ones.
#[derive(Debug, Clone)]
pub struct Regression {
    /// By level, down to the deepest measured, and class: the variance of the best estimate from the node and what is
    /// below it.
    pub below: Vec<Vec<f64>>,
    /// By level and class: the sum of `below` over the node's children. None at the deepest level.
    pub children: Vec<Vec<f64>>,
    /// By level, all of them, and class: the variance of the best estimate from the whole tree; infinite where there is
    /// none.
    pub variance: Vec<Vec<f64>>,
}

impl Classes {
    /// The classes of this tree's nodes; numbered as the nodes are, so the same for the same tree.
    pub fn new(tree: &Tree) -> Self {
        let forms = forms(tree);
        let mut levels = Vec::<Level>::new();
        for (level, forms) in forms.iter().enumerate() {
            let mut names = BTreeMap::new();
            let mut this = Level { of: Vec::new(), parents: Vec::new(), siblings: Vec::new(), nodes: Vec::new() };
            let above = level.checked_sub(1).map(|above| levels[above].of.as_slice());
            for (&parent, &form) in tree.parents(level).iter().zip(forms) {
                let parent = above.map_or(0, |above| above[parent as usize]);
                let class = *names.entry((parent, form)).or_insert_with(|| {
                    this.parents.push(parent);
                    this.nodes.push(0.0);
                    this.nodes.len() as u32 - 1
                });
                this.of.push(class);
                this.nodes[class as usize] += 1.0;
            }
            let parents = |parent: u32| level.checked_sub(1).map_or(1.0, |above| levels[above].nodes[parent as usize]);
            this.siblings = this.nodes.iter().zip(&this.parents).map(|(nodes, &it)| nodes / parents(it)).collect();
            levels.push(this);
        }
        Classes { levels }
    }

    /// The class of each node of a level.
    pub fn of(&self, level: usize) -> &[u32] {
        &self.levels[level].of
    }

    /// The mean of a figure by class over the nodes of a level.
    pub fn mean(&self, level: usize, figures: &[f64]) -> f64 {
        let this = &self.levels[level];
        let sum = this.nodes.iter().zip(figures).map(|(nodes, figure)| nodes * figure).sum::<f64>();
        sum / this.of.len() as f64
    }

    /// The regression with these precisions, one a level; 0 where a level is not measured.
    pub fn regress(&self, precisions: &[f64]) -> Regression {
        let depth = precisions.iter().rposition(|&it| it > 0.0).map_or(0, |deepest| deepest + 1);
        let mut below = vec![Vec::new(); depth];
        let mut children = vec![Vec::new(); depth];
        for level in (0..depth).rev() {
            let precision = precisions[level];
            if level + 1 == depth {
                below[level] = vec![1.0 / precision; self.levels[level].nodes.len()];
            } else {
                children[level] = self.sums(level + 1, &below[level + 1]);
                below[level] = children[level].iter().map(|sum| sum / (1.0 + precision * sum)).collect();
            }
        }
        let mut variance = Vec::<Vec<f64>>::new();
        for (level, this) in self.levels.iter().enumerate() {
            let from_above = |(class, &parent): (usize, &u32)| {
                let known = below.get(level).map(|below| below[class]);
                let Some(above) = level.checked_sub(1) else { return known.unwrap_or(f64::INFINITY) };
                let whole = variance[above][parent as usize];
                match known {
                    Some(below) => {
                        let share = below / children[above][parent as usize];
                        below * (1.0 - share) + share * share * whole
                    }
                    None if self.is_only(level, class) => whole,
                    None => f64::INFINITY,
                }
            };
            let this = this.parents.iter().enumerate().map(from_above).collect();
            variance.push(this);
        }
        Regression { below, children, variance }
    }

    /// The gradient by the precision of each level of the sum of `weights[level]` times the level's mean variance.
    ///
    /// Backward differentiation of [`Classes::regress`]: `by_x` is the derivative by `x`. One a level that the
    /// regression has measured.
    pub fn gradient(&self, regression: &Regression, weights: &[f64]) -> Vec<f64> {
        let Regression { below, children, variance } = regression;
        let zeros = |_| variance.iter().map(|level| vec![0.0; level.len()]).collect::<Vec<_>>();
        let [mut by_variance, mut by_below, mut by_children] = [(); 3].map(zeros);
        for (level, this) in self.levels.iter().enumerate().rev() {
            for class in 0..this.nodes.len() {
                let by = by_variance[level][class] + weights[level] * this.nodes[class] / this.of.len() as f64;
                let Some(above) = level.checked_sub(1) else {
                    by_below[level][class] += by;
                    continue;
                };
                let parent = this.parents[class] as usize;
                let Some(nodes) = below.get(level) else {
                    by_variance[above][parent] += by;
                    continue;
                };
                let share = nodes[class] / children[above][parent];
                let pull = 2.0 * variance[above][parent] / children[above][parent];
                by_variance[above][parent] += by * share * share;
                by_below[level][class] += by * (1.0 - 2.0 * share + share * pull);
                by_children[above][parent] += by * share * share * (1.0 - pull);
            }
        }
        let mut gradient = Vec::new();
        for (level, nodes) in below.iter().enumerate() {
            let mut by_precision = 0.0;
            for (class, &below) in nodes.iter().enumerate() {
                by_precision -= by_below[level][class] * below * below;
                if let Some(sum) = children[level].get(class) {
                    by_children[level][class] += by_below[level][class] * (below / sum) * (below / sum);
                }
            }
            gradient.push(by_precision);
            if level + 1 < below.len() {
                let this = &self.levels[level + 1];
                for (class, by) in by_below[level + 1].iter_mut().enumerate() {
                    *by += this.siblings[class] * by_children[level][this.parents[class] as usize];
                }
            }
        }
        gradient
    }

    /// Whether the nodes of a class are their parents' only ones.
    fn is_only(&self, level: usize, class: usize) -> bool {
        let this = &self.levels[level];
        this.siblings[class] == 1.0 && this.parents.iter().filter(|&&parent| parent == this.parents[class]).count() == 1
    }

    /// For each class of the level before, the sum of a figure over one node's children.
    fn sums(&self, level: usize, figures: &[f64]) -> Vec<f64> {
        let this = &self.levels[level];
        let mut sums = vec![0.0; self.levels[level - 1].nodes.len()];
        for ((figure, siblings), &parent) in figures.iter().zip(&this.siblings).zip(&this.parents) {
            sums[parent as usize] += figure * siblings;
        }
        sums
    }
}

/// By level and node, the form of its subtree: nodes of a level have the same number if what is below them is the same
/// up to the order of children.
fn forms(tree: &Tree) -> Vec<Vec<u32>> {
    let last = tree.levels() - 1;
    let mut forms = vec![vec![0; tree.nodes(last)]];
    for level in (0..last).rev() {
        let mut below = vec![Vec::new(); tree.nodes(level)];
        let children = forms.last().into_iter().flatten();
        for (&parent, &form) in tree.parents(level + 1).iter().zip(children) {
            below[parent as usize].push(form);
        }
        let mut names = BTreeMap::new();
        let mut this = Vec::with_capacity(below.len());
        for mut children in below {
            children.sort_unstable();
            let next = names.len() as u32;
            this.push(*names.entry(children).or_insert(next));
        }
        forms.push(this);
    }
    forms.reverse();
    forms
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classes() -> Classes {
        Classes::new(&Tree::new(vec![vec![0, 0, 0], vec![0, 0, 1, 2, 2], vec![0, 1, 1, 2, 3, 3, 4, 4]]).unwrap())
    }

    #[test]
    fn below_the_deepest_measured_level_only_lone_children_are_known() {
        let classes = classes();
        let none = f64::INFINITY;
        let regression = classes.regress(&[0.5, 0.0, 0.0]);
        assert_eq!(regression.variance, [vec![2.0; 3], vec![none, none, 2.0, none], vec![none, none, 2.0, none]]);
        assert_eq!(classes.regress(&[0.0; 3]).variance, [vec![none; 3], vec![none; 4], vec![none; 4]]);
    }

    #[test]
    fn nodes_that_stand_alike_are_of_one_class() {
        let classes = classes();
        assert_eq!(classes.of(0), [0, 1, 2]);
        assert_eq!(classes.of(1), [0, 1, 2, 3, 3]);
        assert_eq!(classes.of(2), [0, 1, 1, 2, 3, 3, 3, 3]);
        assert_eq!(classes.levels[2].siblings, [1.0, 2.0, 1.0, 2.0]);
        let fair = Classes::new(&Tree::new(vec![vec![0; 7], (0..7).flat_map(|it| [it; 5]).collect()]).unwrap());
        assert_eq!(fair.levels.iter().map(|level| level.nodes.clone()).collect::<Vec<_>>(), [[7.0], [35.0]]);
    }

    #[test]
    fn the_gradient_passes_through_lone_children() {
        let classes = Classes::new(&Tree::new(vec![vec![0, 0], vec![0, 1]]).unwrap());
        assert_eq!(classes.gradient(&classes.regress(&[0.5, 0.0]), &[1.0, 2.0]), [-12.0]);
    }

    #[test]
    fn the_gradient_is_the_slope() {
        let classes = classes();
        let weights = [0.7, 1.9, 0.4];
        let objective = |precisions: &[f64]| {
            let regression = classes.regress(precisions);
            let levels = regression.variance.iter().enumerate().zip(weights).take(regression.below.len());
            levels.map(|((level, variance), weight)| weight * classes.mean(level, variance)).sum::<f64>()
        };
        for precisions in [vec![0.3, 0.9, 2.0], vec![0.0, 0.5, 0.1], vec![1.0, 3.0, 0.0], vec![2.0, 0.0, 0.0]] {
            let regression = classes.regress(&precisions);
            let mut weights = weights;
            weights[regression.below.len()..].fill(0.0);
            let gradient = classes.gradient(&regression, &weights);
            for (level, slope) in gradient.iter().enumerate() {
                let step = 1e-5;
                let moved = |by: f64| {
                    let mut precisions = precisions.clone();
                    precisions[level] += by;
                    objective(&precisions)
                };
                // One-sided where the precision is 0: none is less.
                let expected = if precisions[level] > 0.0 {
                    (moved(step) - moved(-step)) / (2.0 * step)
                } else {
                    (4.0 * moved(step) - moved(2.0 * step) - 3.0 * moved(0.0)) / (2.0 * step)
                };
                assert!((slope - expected).abs() < 1e-6 * expected.abs().max(1.0), "{slope} {expected}");
            }
        }
    }
}
