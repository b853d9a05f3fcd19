//! The fit against least squares done the long way.

use proptest::prelude::*;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::*;

/// A random shape, small enough for a dense matrix over its finest cells.
fn shape(rng: &mut ChaCha8Rng) -> Shape {
    let mut parents = Vec::new();
    let mut above = 1usize;
    for _ in 0..rng.random_range(1..=3) {
        let mut level = Vec::new();
        for parent in 0..above as u32 {
            level.extend(std::iter::repeat_n(parent, rng.random_range(1..=if above > 4 { 2 } else { 3 })));
        }
        // Areas need not be in the order of their parents.
        let turn = rng.random_range(0..level.len());
        level.rotate_left(turn);
        above = level.len();
        parents.push(level);
    }
    let sizes = (0..rng.random_range(0..=3)).map(|_| rng.random_range(1..=3)).collect();
    Shape { tree: Tree::new(parents).unwrap(), sizes }
}

fn table(rng: &mut ChaCha8Rng, shape: &Shape) -> Marginal {
    let dims = (0..shape.sizes.len()).filter(|_| rng.random_bool(0.5)).collect();
    Marginal { level: rng.random_range(0..shape.tree.levels()), dims }
}

struct Drawn {
    table: Marginal,
    variance: f64,
    values: Vec<i64>,
}

fn draw(rng: &mut ChaCha8Rng, shape: &Shape) -> Drawn {
    let table = table(rng, shape);
    let values = (0..shape.cells(&table)).map(|_| rng.random_range(-50..200)).collect();
    Drawn { table, variance: rng.random_range(0.05..20.0), values }
}

fn fitted(shape: &Shape, drawn: &[Drawn]) -> Fit {
    let noisy = drawn.iter().map(|it| Noisy { table: it.table.clone(), variance: it.variance, values: &it.values });
    fit(shape, &noisy.collect::<Vec<_>>()).unwrap()
}

/// For each cell of a table, which of the finest cells it sums: a row of zeros and ones.
fn rows(shape: &Shape, table: &Marginal) -> Vec<Vec<f64>> {
    let all = (0..shape.sizes.len()).collect::<Vec<_>>();
    let last = shape.tree.levels() - 1;
    let places = shape.projection(&all, &table.dims);
    let mut rows = vec![Vec::new(); shape.cells(table)];
    for leaf in 0..shape.tree.nodes(last) {
        let node = (table.level + 1..=last).rev().fold(leaf, |node, level| shape.tree.parents(level)[node] as usize);
        for place in &places {
            let cell = node * shape.width(&table.dims) + *place as usize;
            rows.iter_mut().enumerate().for_each(|(row, it)| it.push(f64::from(u8::from(row == cell))));
        }
    }
    rows
}

/// Solves `matrix * x = right` for each right side by elimination with full pivoting; none where there is no solution.
/// Where there are many, one of them.
fn solve(mut matrix: Vec<Vec<f64>>, right: &[Vec<f64>]) -> Vec<Option<Vec<f64>>> {
    let size = matrix.len();
    for (row, it) in matrix.iter_mut().enumerate() {
        it.extend(right.iter().map(|right| right[row]));
    }
    let mut columns = (0..size).collect::<Vec<_>>();
    let mut rank = 0;
    while rank < size {
        let place = |at: usize| (rank + at / (size - rank), rank + at % (size - rank));
        let least = |a: &(usize, usize), b: &(usize, usize)| {
            let at = |&(row, column): &(usize, usize)| matrix[row][columns[column]].abs();
            at(a).total_cmp(&at(b))
        };
        let (row, column) = (0..(size - rank) * (size - rank)).map(place).max_by(least).unwrap();
        if matrix[row][columns[column]].abs() < 1e-9 {
            break;
        }
        matrix.swap(rank, row);
        columns.swap(rank, column);
        let pivot = matrix[rank].clone();
        for (_, it) in matrix.iter_mut().enumerate().filter(|(row, _)| *row != rank) {
            let factor = it[columns[rank]] / pivot[columns[rank]];
            it.iter_mut().zip(&pivot).for_each(|(value, pivot)| *value -= factor * pivot);
        }
        rank += 1;
    }
    let solution = |at: usize| {
        let mut x = vec![0.0; size];
        (0..rank).for_each(|row| x[columns[row]] = matrix[row][size + at] / matrix[row][columns[row]]);
        (rank..size).all(|row| matrix[row][size + at].abs() < 1e-7).then_some(x)
    };
    (0..right.len()).map(solution).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-8 * a.abs().max(b.abs()).max(1.0)
}

/// The normal equations over the finest cells: the matrix, and the right side.
fn normal(shape: &Shape, drawn: &[Drawn]) -> (Vec<Vec<f64>>, Vec<f64>) {
    let size = rows(shape, &Marginal { level: 0, dims: vec![] })[0].len();
    let (mut matrix, mut right) = (vec![vec![0.0; size]; size], vec![0.0; size]);
    for it in drawn {
        for (row, &value) in rows(shape, &it.table).iter().zip(&it.values) {
            for (cell, there) in row.iter().enumerate().filter(|(_, there)| **there > 0.0) {
                right[cell] += there * value as f64 / it.variance;
                matrix[cell].iter_mut().zip(row).for_each(|(sum, there)| *sum += there / it.variance);
            }
        }
    }
    (matrix, right)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    /// Values, variances and covariances are those of least squares over the finest cells, and a table is estimable
    /// just where the normal equations say so.
    #[test]
    fn the_fit_is_that_of_the_normal_equations(seed: u64) {
        let rng = &mut ChaCha8Rng::seed_from_u64(seed);
        let shape = shape(rng);
        let drawn = (0..rng.random_range(1..=5)).map(|_| draw(rng, &shape)).collect::<Vec<_>>();
        let fit = fitted(&shape, &drawn);
        let wanted = table(rng, &shape);
        let rows = rows(&shape, &wanted);
        let (matrix, right) = normal(&shape, &drawn);
        let finest = solve(matrix.clone(), &[right])[0].clone().unwrap();
        let solved = solve(matrix, &rows).into_iter().collect::<Option<Vec<_>>>();
        prop_assert_eq!(solved.is_some(), fit.is_estimable(&wanted));
        let spread = fit.spread(&wanted);
        let noisy = drawn.iter().map(|it| (it.table.clone(), it.variance)).collect::<Vec<_>>();
        let planned = &spreads(&shape, &noisy, std::slice::from_ref(&wanted)).unwrap()[0];
        let Some(solved) = solved else {
            let nodes = 0..shape.tree.nodes(wanted.level);
            prop_assert!(nodes.into_iter().any(|node| spread.variance(node).is_infinite()));
            prop_assert!(planned.mean().is_infinite());
            return Ok(());
        };
        let width = shape.width(&wanted.dims);
        let mut total = 0.0;
        for (cell, value) in fit.table(&wanted).into_iter().enumerate() {
            prop_assert!(close(value, dot(&rows[cell], &finest)));
            let (node, first) = (cell / width, cell / width * width);
            prop_assert!(close(spread.variance(node), dot(&rows[cell], &solved[cell])));
            total += spread.variance(node);
            for (other, solved) in solved.iter().enumerate().skip(first).take(width) {
                let values = |cell: usize| {
                    let place = |dim: &usize| shape.projection(&wanted.dims, &[*dim])[cell - first];
                    wanted.dims.iter().map(place).collect::<Vec<_>>()
                };
                let same = values(cell).iter().zip(values(other)).map(|(a, b)| *a == b).collect::<Vec<_>>();
                let expected = dot(&rows[cell], solved);
                prop_assert!(close(spread.covariance(node, &same), expected));
                prop_assert!(close(planned.covariance(node, &same), expected));
            }
        }
        prop_assert!(close(spread.mean(), total / shape.cells(&wanted) as f64));
    }

    /// Whatever was measured: an area is the sum of its parts, and a table the sum of one that has more dimensions.
    #[test]
    fn fitted_tables_add_up(seed: u64) {
        let rng = &mut ChaCha8Rng::seed_from_u64(seed);
        let shape = shape(rng);
        let drawn = (0..rng.random_range(0..=4)).map(|_| draw(rng, &shape)).collect::<Vec<_>>();
        let fit = fitted(&shape, &drawn);
        let fine = table(rng, &shape);
        let kept = fine.dims.iter().copied().filter(|_| rng.random_bool(0.5)).collect::<Vec<_>>();
        let places = shape.projection(&fine.dims, &kept);
        let coarse = Marginal { level: rng.random_range(0..=fine.level), dims: kept };
        let mut sums = vec![0.0; shape.cells(&coarse)];
        for (node, values) in fit.table(&fine).chunks(places.len()).enumerate() {
            let node = (coarse.level + 1..=fine.level).rev().fold(node, |it, level| shape.tree.parents(level)[it] as usize);
            for (value, place) in values.iter().zip(&places) {
                sums[node * shape.width(&coarse.dims) + *place as usize] += value;
            }
        }
        for (sum, value) in sums.into_iter().zip(fit.table(&coarse)) {
            prop_assert!(close(sum, value), "{sum} {value}");
        }
    }

    #[test]
    fn one_table_alone_gives_itself_back(seed: u64) {
        let rng = &mut ChaCha8Rng::seed_from_u64(seed);
        let shape = shape(rng);
        let drawn = draw(rng, &shape);
        let fit = fitted(&shape, std::slice::from_ref(&drawn));
        prop_assert!(fit.table(&drawn.table).iter().zip(&drawn.values).all(|(a, b)| close(*a, *b as f64)));
        prop_assert!(close(fit.spread(&drawn.table).variance(0), drawn.variance));
    }
}

/// One area in two parts, measured as 10 +- 1 and as 4 + 8 with a variance of 4 each: by hand, the parts' sum of 12 has
/// a variance of 8, so the whole is (8 * 10 + 1 * 12) / 9 and each part takes half of the gap.
#[test]
fn a_whole_and_its_parts_by_hand() {
    let shape = Shape { tree: Tree::new(vec![vec![0], vec![0, 0]]).unwrap(), sizes: vec![] };
    let [whole, parts] = [0, 1].map(|level| Marginal { level, dims: vec![] });
    let noisy = [
        Noisy { table: whole.clone(), variance: 1.0, values: &[10] },
        Noisy { table: parts.clone(), variance: 4.0, values: &[4, 8] },
    ];
    let fit = fit(&shape, &noisy).unwrap();
    let expected = 92.0 / 9.0;
    assert!(close(fit.table(&whole)[0], expected));
    assert!(fit.table(&parts).iter().zip([4.0, 8.0]).all(|(x, y)| close(*x, y + (expected - 12.0) / 2.0)));
    assert!(close(fit.spread(&whole).variance(0), 8.0 / 9.0));
    // Half of the sum, and half of the difference, which only the parts know.
    assert!(close(fit.spread(&parts).variance(1), 8.0 / 36.0 + 2.0));
}

#[test]
fn what_was_not_measured_is_zero_or_split_equally() {
    let shape = Shape { tree: Tree::new(vec![vec![0, 0], vec![0, 0, 1]]).unwrap(), sizes: vec![2, 2] };
    let noisy = Noisy { table: Marginal { level: 0, dims: vec![0] }, variance: 1.0, values: &[6, 2, 5, 9] };
    let fit = fit(&shape, &[noisy]).unwrap();
    assert_eq!(fit.table(&Marginal { level: 0, dims: vec![1] }), [4.0, 4.0, 7.0, 7.0]);
    assert_eq!(fit.table(&Marginal { level: 1, dims: vec![0] }), [3.0, 1.0, 3.0, 1.0, 5.0, 9.0]);
    for (level, dims, estimable) in [(0, vec![0], true), (0, vec![], true), (0, vec![1], false), (1, vec![0], false)] {
        let table = Marginal { level, dims };
        assert_eq!(fit.is_estimable(&table), estimable, "{table:?}");
        assert_eq!(fit.spread(&table).variance(0).is_finite(), estimable, "{table:?}");
    }
    let nothing = super::fit(&shape, &[]).unwrap();
    assert_eq!(nothing.table(&Marginal { level: 1, dims: vec![1] }), [0.0; 6]);
    assert!(!nothing.is_estimable(&Marginal { level: 0, dims: vec![] }));
}

#[test]
fn what_is_not_of_the_shape_is_refused() {
    let shape = Shape { tree: Tree::new(vec![vec![0, 0]]).unwrap(), sizes: vec![2, 2] };
    let refused = |level: usize, dims: &[usize], variance: f64, values: &[i64]| {
        fit(&shape, &[Noisy { table: Marginal { level, dims: dims.to_vec() }, variance, values }]).is_err()
    };
    assert!(!refused(0, &[1], 1.0, &[0; 4]));
    assert!(refused(0, &[1], 1.0, &[0; 5]));
    assert!(refused(1, &[1], 1.0, &[0; 4]));
    assert!(refused(0, &[2], 1.0, &[0; 4]));
    assert!(refused(0, &[1, 0], 1.0, &[0; 8]));
    for variance in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(refused(0, &[1], variance, &[0; 4]));
    }
}
