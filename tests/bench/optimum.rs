//! How near the planner's shares come to the optimum of the matrix mechanism, at equal loss:
//!
//! ```sh
//! cargo bench --bench optimum
//! ```
//!
//! The optimum is over every strategy of linear queries with Gaussian noise: the least weighted mean of the logarithms
//! of the published tables' mean variances. Averaging a strategy over permutations of each dimension's values makes it
//! no worse, so the optimum has one positive definite matrix over the finest areas for each residual component, whatever
//! the dimensions' sizes. These are found by the stationarity of the Lagrangian, which has a closed form for given
//! multipliers. The objective is convex, so a tangent bounds the optimum from below: "proved" is how far the figure may
//! be above the truth.

use std::time::Instant;

use smirr::error::Result;
use smirr::estimate::design::{Candidate, Wanted, errors, shares};
use smirr::estimate::fit::{Noisy, fit};
use smirr::estimate::shape::{Marginal, Shape, Tree};
use smirr::privacy::Mechanism;

const ITERATIONS: usize = 150;
const SWEEPS: usize = 12;

type Matrix = Vec<Vec<f64>>;

/// Tables of one measure.
struct Case {
    name: &'static str,
    shape: Shape,
    tables: Vec<Marginal>,
}

fn main() -> Result<()> {
    println!("| tables | number | ours / optimum | proved | ours / equal independent shares | planned in |");
    println!("|---|---|---|---|---|---|");
    for case in cases()? {
        compare(&case)?;
    }
    national()
}

/// A board of one area, 4 partnerships and 24 intermediate zones; and one level alone.
fn cases() -> Result<Vec<Case>> {
    let zones = [9, 7, 5, 3].iter().enumerate().flat_map(|(parent, &zones)| vec![parent as u32; zones]).collect();
    let board = Tree::new(vec![vec![0], vec![0; 4], zones])?;
    // SIMD, sex, age, source, reason.
    let reach = Shape { tree: board.clone(), sizes: vec![6, 3, 8, 5, 11] };
    let flat = Shape { tree: Tree::new(vec![vec![0; 6]])?, sizes: vec![5, 10, 2, 6] };
    let all = |dims: usize, most: usize| {
        let sets = (1..1usize << dims).map(|set| (0..dims).filter(|dim| set >> dim & 1 == 1).collect::<Vec<_>>());
        sets.filter(|set| set.len() <= most).collect::<Vec<_>>()
    };
    let published = vec![vec![], vec![0], vec![1, 2], vec![3], vec![4], vec![0, 4]];
    let margins = published.iter().cloned().chain([vec![1], vec![2]]).collect::<Vec<_>>();
    let plain = Shape { tree: board, sizes: vec![] };
    let case = |name, shape: &Shape, sets: &[Vec<usize>]| {
        let levels = 0..shape.tree.levels();
        let tables = levels.flat_map(|level| sets.iter().map(move |dims| Marginal { level, dims: dims.clone() }));
        Case { name, shape: shape.clone(), tables: tables.collect() }
    };
    Ok(vec![
        case("reach at three levels", &reach, &published),
        case("reach, sex and age also alone", &reach, &margins),
        case("areas alone at three levels", &plain, &[vec![]]),
        case("one level, one to three of four dimensions", &flat, &all(4, 3)),
        case("one level, one or two of four dimensions", &flat, &all(4, 2)),
    ])
}

fn compare(case: &Case) -> Result<()> {
    let (may, wanted) = alike(&case.tables);
    let began = Instant::now();
    let shares = shares(&case.shape, &may, &wanted, Mechanism::DiscreteGaussian)?;
    let took = began.elapsed().as_secs_f64();
    let errors = errors(&case.shape, &may, &wanted, Mechanism::DiscreteGaussian, &shares)?;
    let count = case.tables.len() as f64;
    let ours = errors.iter().map(|error| error.ln()).sum::<f64>() / count;
    let (optimum, bound) = optimum(&case.shape, &case.tables);
    println!(
        "| {} | {count} | {:.4} | {:.4} | {:.3} | {took:.3} s |",
        case.name,
        (ours - optimum).exp(),
        (optimum - bound).exp(),
        ours.exp() / count.sqrt(),
    );
    Ok(())
}

/// Every table may be measured at the same cost, and is published.
fn alike(tables: &[Marginal]) -> (Vec<Candidate>, Vec<Wanted>) {
    let may = tables.iter().map(|table| Candidate { table: table.clone(), cost: 1.0 });
    let wanted = tables.iter().map(|table| Wanted { table: table.clone(), weight: 1.0 });
    (may.collect(), wanted.collect())
}

/// The logarithm of the geometric mean of the tables' errors at the optimum: as found, and at least.
fn optimum(shape: &Shape, tables: &[Marginal]) -> (f64, f64) {
    let components = components(shape, tables);
    let levels = (0..shape.tree.levels()).map(|level| averages(&shape.tree, level)).collect::<Vec<_>>();
    let leaves = shape.tree.nodes(shape.tree.levels() - 1);
    let mut multipliers = vec![tables.len() as f64 / leaves as f64; leaves];
    let mut variances = vec![1.0; tables.len()];
    let mut best = (f64::INFINITY, f64::NEG_INFINITY);
    for _ in 0..ITERATIONS {
        let weigh = |component: &Component, variances: &[f64]| {
            let mut sum = vec![vec![0.0; leaves]; leaves];
            for &(at, level, factor) in &component.uses {
                add(&mut sum, &levels[level], factor / variances[at]);
            }
            sum
        };
        // The best strategy for these multipliers and these slopes of the logarithm.
        let solved = components.iter().map(|component| {
            let root = multipliers.iter().map(|it| (it * component.centred).sqrt()).collect::<Vec<_>>();
            let inner = scaled(weigh(component, &variances), &root);
            let inverse = root.iter().map(|it| 1.0 / it).collect::<Vec<_>>();
            let (values, vectors) = eigen(inner);
            let strategy = scaled(rebuilt(&values, &vectors, |it| it.sqrt()), &inverse);
            (strategy, scaled(rebuilt(&values, &vectors, |it| 1.0 / it.sqrt()), &root))
        });
        let solved = solved.collect::<Vec<(Matrix, Matrix)>>();
        // What one person in each finest area costs.
        let parts = components.iter().zip(&solved);
        let costs = (0..leaves)
            .map(|leaf| parts.clone().map(|(it, (strategy, _))| it.centred * strategy[leaf][leaf]).sum::<f64>())
            .collect::<Vec<_>>();
        let most = costs.iter().fold(0.0, |most: f64, &cost| most.max(cost));
        variances.fill(0.0);
        for (component, (_, inverse)) in components.iter().zip(&solved) {
            for &(at, level, factor) in &component.uses {
                variances[at] += factor * most * product(&levels[level], inverse);
            }
        }
        let value = variances.iter().map(|it| it.ln()).sum::<f64>();
        // The tangent at this strategy, over all strategies: no more than the sum of multipliers that dominate it.
        let steepest = components.iter().zip(&solved).map(|(component, (_, inverse))| {
            let root = multipliers.iter().map(|it| most / (it * component.centred).sqrt()).collect::<Vec<_>>();
            let slope = times(&times(inverse, &weigh(component, &variances)), inverse);
            eigen(scaled(slope, &root)).0.into_iter().fold(0.0, f64::max)
        });
        let steepest = steepest.fold(0.0, f64::max);
        let bound = value + tables.len() as f64 - steepest * multipliers.iter().sum::<f64>();
        best = (best.0.min(value), best.1.max(bound));
        multipliers.iter_mut().zip(&costs).for_each(|(it, cost)| *it *= cost / most);
        let sum = multipliers.iter().sum::<f64>();
        multipliers.iter_mut().for_each(|it| *it *= tables.len() as f64 / sum);
    }
    let scale = 2.0 * tables.len() as f64;
    (best.0 / scale, best.1 / scale)
}

/// What varies with each of some dimensions: its share of a person, and the tables that hold it.
struct Component {
    dims: Vec<usize>,
    centred: f64,
    /// Table, its level, and what one unit of the component's variance adds to its cells'.
    uses: Vec<(usize, usize, f64)>,
}

fn components(shape: &Shape, tables: &[Marginal]) -> Vec<Component> {
    let mut components = Vec::<Component>::new();
    for (at, table) in tables.iter().enumerate() {
        for set in 0..1usize << table.dims.len() {
            let dims = table.dims.iter().enumerate().filter(|(place, _)| set >> place & 1 == 1).map(|(_, &dim)| dim);
            let dims = dims.collect::<Vec<_>>();
            let centred = dims.iter().map(|&dim| 1.0 - 1.0 / shape.sizes[dim] as f64).product::<f64>();
            let over = (shape.width(&table.dims) / shape.width(&dims)) as f64;
            let place = components.iter().position(|it| it.dims == dims).unwrap_or_else(|| {
                components.push(Component { dims, centred, uses: Vec::new() });
                components.len() - 1
            });
            components[place].uses.push((at, table.level, centred / (over * over)));
        }
    }
    components
}

/// For each pair of finest areas 1 over the nodes of a level where both lie in the same node, and 0 elsewhere.
fn averages(tree: &Tree, level: usize) -> Matrix {
    let last = tree.levels() - 1;
    let node = |leaf| (level + 1..=last).rev().fold(leaf, |node, level| tree.parents(level)[node] as usize);
    let of = (0..tree.nodes(last)).map(node).collect::<Vec<_>>();
    let one = 1.0 / tree.nodes(level) as f64;
    of.iter().map(|a| of.iter().map(|b| if a == b { one } else { 0.0 }).collect()).collect()
}

fn add(sum: &mut Matrix, matrix: &Matrix, factor: f64) {
    for (sum, row) in sum.iter_mut().zip(matrix) {
        sum.iter_mut().zip(row).for_each(|(sum, value)| *sum += factor * value);
    }
}

/// Each row and each column times the number of its place.
fn scaled(mut matrix: Matrix, by: &[f64]) -> Matrix {
    for (row, a) in matrix.iter_mut().zip(by) {
        row.iter_mut().zip(by).for_each(|(value, b)| *value *= a * b);
    }
    matrix
}

/// The trace of the product of two symmetric matrices.
fn product(a: &Matrix, b: &Matrix) -> f64 {
    a.iter().flatten().zip(b.iter().flatten()).map(|(a, b)| a * b).sum()
}

fn times(a: &Matrix, b: &Matrix) -> Matrix {
    let size = a.len();
    let mut out = vec![vec![0.0; size]; size];
    for (out, row) in out.iter_mut().zip(a) {
        for (factor, row) in row.iter().zip(b) {
            out.iter_mut().zip(row).for_each(|(sum, value)| *sum += factor * value);
        }
    }
    out
}

/// The symmetric matrix with these eigenvectors (rows) and a function of these eigenvalues.
fn rebuilt(values: &[f64], vectors: &Matrix, of: impl Fn(f64) -> f64) -> Matrix {
    let size = values.len();
    let mut sum = vec![vec![0.0; size]; size];
    for (&value, vector) in values.iter().zip(vectors) {
        for (row, a) in sum.iter_mut().zip(vector) {
            let factor = of(value) * a;
            row.iter_mut().zip(vector).for_each(|(sum, b)| *sum += factor * b);
        }
    }
    sum
}

/// Eigenvalues and eigenvectors (rows) of a symmetric matrix, by Jacobi's rotations.
fn eigen(mut matrix: Matrix) -> (Vec<f64>, Matrix) {
    let size = matrix.len();
    let mut vectors = vec![vec![0.0; size]; size];
    (0..size).for_each(|at| vectors[at][at] = 1.0);
    for _ in 0..SWEEPS {
        for a in 0..size {
            for b in a + 1..size {
                let off = matrix[a][b];
                if off.abs() < 1e-15 * (matrix[a][a] * matrix[b][b]).abs().sqrt() {
                    continue;
                }
                let half = (matrix[b][b] - matrix[a][a]) / (2.0 * off);
                let tangent = half.signum() / (half.abs() + (half * half + 1.0).sqrt());
                let cosine = 1.0 / (tangent * tangent + 1.0).sqrt();
                let sine = tangent * cosine;
                for row in &mut matrix {
                    (row[a], row[b]) = (cosine * row[a] - sine * row[b], sine * row[a] + cosine * row[b]);
                }
                for matrix in [&mut matrix, &mut vectors] {
                    let (first, second) = matrix.split_at_mut(b);
                    for (x, y) in first[a].iter_mut().zip(&mut second[0]) {
                        (*x, *y) = (cosine * *x - sine * *y, sine * *x + cosine * *y);
                    }
                }
            }
        }
    }
    ((0..size).map(|at| matrix[at][at]).collect(), vectors)
}

/// What planning and fitting take on a national tree: 14 boards, 31 partnerships, 1,279 and 6,976 zones.
fn national() -> Result<()> {
    let mut parents = vec![vec![0u32; 14]];
    for (above, count) in [(14, 31), (31, 1279), (1279, 6976)] {
        // Ragged: the square of a place crowds the first.
        let spare = (0..count - above).map(|at| (at * at / (count - above) * above / (count - above)) as u32);
        let mut level = (0..above as u32).chain(spare).collect::<Vec<_>>();
        level.sort_unstable();
        parents.push(level);
    }
    let shape = Shape { tree: Tree::new(parents)?, sizes: vec![5, 10, 3, 8] };
    let sets = [vec![], vec![0], vec![1], vec![2, 3], vec![0, 1]];
    let levels = 0..shape.tree.levels();
    let tables = levels.flat_map(|level| sets.iter().map(move |dims| Marginal { level, dims: dims.clone() }));
    let tables = tables.collect::<Vec<_>>();
    let (may, wanted) = alike(&tables);
    let began = Instant::now();
    shares(&shape, &may, &wanted, Mechanism::DiscreteGaussian)?;
    println!("\nA national tree, {} tables: planned in {:.3} s", tables.len(), began.elapsed().as_secs_f64());
    let values = tables.iter().map(|table| vec![7; shape.cells(table)]).collect::<Vec<_>>();
    let noisy = tables.iter().zip(&values).map(|(table, values)| Noisy { table: table.clone(), variance: 3.0, values });
    let noisy = noisy.collect::<Vec<_>>();
    let cells = values.iter().map(Vec::len).sum::<usize>();
    let began = Instant::now();
    let fit = fit(&shape, &noisy)?;
    let sums = tables.iter().map(|table| fit.table(table).iter().sum::<f64>()).sum::<f64>();
    println!("{cells} cells fitted and read in {:.3} s (sum {sums:.0})", began.elapsed().as_secs_f64());
    Ok(())
}
