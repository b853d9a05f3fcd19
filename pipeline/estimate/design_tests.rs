//! The shares against known optima, the conditions of optimality, and what else could be chosen.

use proptest::prelude::*;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::super::fit::spreads;
use super::super::shape::Tree;
use super::*;

const MECHANISMS: [Mechanism; 2] = [Mechanism::DiscreteGaussian, Mechanism::DiscreteLaplace];

/// All subsets of so many dimensions.
fn all(dims: usize) -> Vec<Vec<usize>> {
    (0..1usize << dims).map(|set| (0..dims).filter(|dim| set >> dim & 1 == 1).collect()).collect()
}

/// Tables that may be measured at the same cost, and are all published.
fn alike(tables: &[Marginal]) -> (Vec<Candidate>, Vec<Wanted>) {
    let may = tables.iter().map(|table| Candidate { table: table.clone(), cost: 1.0 });
    let wanted = tables.iter().map(|table| Wanted { table: table.clone(), weight: 1.0 });
    (may.collect(), wanted.collect())
}

/// The weighted geometric mean of errors.
fn overall(errors: &[f64], wanted: &[Wanted]) -> f64 {
    let sum = errors.iter().zip(wanted).map(|(error, it)| it.weight * error.ln()).sum::<f64>();
    (sum / wanted.iter().map(|it| it.weight).sum::<f64>()).exp()
}

struct Case {
    shape: Shape,
    may: Vec<Candidate>,
    wanted: Vec<Wanted>,
}

/// Random tables over a random tree; each that is published may be measured, and so may a few more.
fn case(rng: &mut ChaCha8Rng) -> Case {
    let mut parents = vec![vec![0; rng.random_range(1..=3)]];
    for _ in 0..rng.random_range(0..=2) {
        let above = parents.last().unwrap().len() as u32;
        parents.push((0..above).flat_map(|it| vec![it; rng.random_range(1..=4)]).collect());
    }
    let sizes = (0..rng.random_range(1..=3)).map(|_| rng.random_range(1..=9)).collect();
    let shape = Shape { tree: Tree::new(parents).unwrap(), sizes };
    let mut tables = all(shape.sizes.len())
        .into_iter()
        .flat_map(|dims| (0..shape.tree.levels()).map(move |level| Marginal { level, dims: dims.clone() }))
        .filter(|_| rng.random_bool(0.6))
        .collect::<Vec<_>>();
    tables.push(Marginal { level: 0, dims: vec![0] });
    tables.sort();
    tables.dedup();
    let (mut may, mut wanted) = alike(&tables);
    may.iter_mut().for_each(|it| it.cost = rng.random_range(0.5..4.0));
    wanted.retain(|_| rng.random_bool(0.7));
    wanted.iter_mut().for_each(|it| it.weight = rng.random_range(0.2..5.0));
    if wanted.is_empty() {
        wanted.push(Wanted { table: tables[0].clone(), weight: 1.0 });
    }
    Case { shape, may, wanted }
}

/// The optimum of the matrix mechanism at one area level (ResidualPlanner): each component is measured by itself, with a
/// precision of its own. A precision of 1 costs what one person has in the component, squared.
fn optimum(sizes: &[usize], tables: &[Vec<usize>]) -> f64 {
    let centred = |dims: &[usize]| dims.iter().map(|&dim| 1.0 - 1.0 / sizes[dim] as f64).product::<f64>();
    let within = |a: &[usize], b: &[usize]| a.iter().all(|dim| b.contains(dim));
    let rest = |a: &[usize], b: &[usize]| {
        b.iter().filter(|dim| !a.contains(dim)).map(|&dim| sizes[dim] as f64).product::<f64>()
    };
    let components = all(sizes.len()).into_iter().filter(|a| tables.iter().any(|b| within(a, b))).collect::<Vec<_>>();
    let mut precisions = components.iter().map(|_| 1.0).collect::<Vec<f64>>();
    let mut variances = vec![0.0; tables.len()];
    for _ in 0..2000 {
        let cost = components.iter().zip(&precisions).map(|(a, p)| centred(a) * p).sum::<f64>();
        precisions.iter_mut().for_each(|p| *p /= cost);
        for (variance, b) in variances.iter_mut().zip(tables) {
            let parts = components.iter().zip(&precisions).filter(|(a, _)| within(a, b));
            *variance = parts.map(|(a, p)| centred(a) / (p * rest(a, b) * rest(a, b))).sum();
        }
        for (a, p) in components.iter().zip(&mut precisions) {
            let gains = variances.iter().zip(tables).filter(|(_, b)| within(a, b));
            *p = gains.map(|(variance, b)| 1.0 / (variance * rest(a, b) * rest(a, b))).sum::<f64>().sqrt();
        }
    }
    (variances.iter().map(|variance| variance.ln()).sum::<f64>() / 2.0 / tables.len() as f64).exp()
}

/// Six areas, five bands, ten codes, two sexes and six ages: the tables by area and one to three of the others (14), by
/// up to two (11), and by all combinations (16).
#[test]
fn at_one_area_level_the_shares_reach_the_optimum_of_the_matrix_mechanism() {
    let shape = Shape { tree: Tree::new(vec![vec![0; 6]]).unwrap(), sizes: vec![5, 10, 2, 6] };
    for (ways, count, to_equal) in [(1..=3, 14, 0.666), (0..=2, 11, 0.722), (0..=4, 16, 0.641)] {
        let sets = all(4).into_iter().filter(|dims| ways.contains(&dims.len())).collect::<Vec<_>>();
        let tables = sets.iter().map(|dims| Marginal { level: 0, dims: dims.clone() }).collect::<Vec<_>>();
        assert_eq!(tables.len(), count);
        let (may, wanted) = alike(&tables);
        let shares = shares(&shape, &may, &wanted, Mechanism::DiscreteGaussian).unwrap();
        let ours = overall(&errors(&shape, &may, &wanted, Mechanism::DiscreteGaussian, &shares).unwrap(), &wanted);
        let best = optimum(&shape.sizes, &sets);
        assert!(ours / best < 1.001 && ours / best > 1.0 - 1e-5, "{ours} {best}");
        // Independent tables of equal shares have a variance of `count` in each cell.
        assert!((ours / (count as f64).sqrt() - to_equal).abs() < 0.001, "{}", ours / (count as f64).sqrt());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// Karush, Kuhn and Tucker: a unit of loss gains the same in each table that is measured, and no more in another.
    /// To leave out the least of them costs next to nothing.
    #[test]
    fn no_loss_is_better_spent_elsewhere(seed: u64) {
        let rng = &mut ChaCha8Rng::seed_from_u64(seed);
        let Case { shape, may, wanted } = case(rng);
        let total = wanted.iter().map(|it| it.weight).sum::<f64>();
        for mechanism in MECHANISMS {
            let problem = Problem::new(&shape, &may, &wanted, mechanism).unwrap();
            let best = problem.optimum(vec![1.0 / may.len() as f64; may.len()], &problem.weights);
            let gains = problem.gains(&best, &problem.state(&best), &problem.weights);
            // Laplace's way to the optimum is longer.
            let (mean, short) = if mechanism == Mechanism::DiscreteGaussian { (total, 1.0) } else { (2.0 * total, 10.0) };
            for (share, gain) in best.iter().zip(&gains) {
                prop_assert!(*gain < mean * (1.0 + 0.01 * short), "{mechanism:?} {share} {gain} {mean}");
                // A share on its way to nothing may still be on it.
                prop_assert!(share * (1.0 - gain / mean) < 1e-3 * short, "{mechanism:?} {share} {gain} {mean}");
            }
            let shares = shares(&shape, &may, &wanted, mechanism).unwrap();
            prop_assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            let error = |shares: &[f64]| overall(&errors(&shape, &may, &wanted, mechanism, shares).unwrap(), &wanted);
            prop_assert!(error(&shares) < error(&best) * (1.0 + 1e-3 * short), "{} {}", error(&shares), error(&best));
        }
    }

    /// The gains are slopes, and the errors are those of the fit.
    #[test]
    fn gains_and_errors_are_what_they_say(seed: u64) {
        let rng = &mut ChaCha8Rng::seed_from_u64(seed);
        let Case { shape, may, wanted } = case(rng);
        let mut shares = may.iter().map(|_| rng.random_range(0.1..1.0)).collect::<Vec<_>>();
        normalise(&mut shares);
        for mechanism in MECHANISMS {
            let problem = Problem::new(&shape, &may, &wanted, mechanism).unwrap();
            let gains = problem.gains(&shares, &problem.state(&shares), &problem.weights);
            let objective = |shares: &[f64]| {
                let means = problem.state(shares).means;
                means.iter().zip(&problem.weights).map(|(mean, weight)| weight * mean.ln()).sum::<f64>()
            };
            let at = rng.random_range(0..shares.len());
            let moved = |by: f64| {
                let mut shares = shares.clone();
                shares[at] += by;
                objective(&shares)
            };
            let slope = (moved(-1e-6) - moved(1e-6)) / 2e-6;
            prop_assert!((gains[at] - slope).abs() < 1e-5 * slope.abs().max(1.0), "{} {slope}", gains[at]);
            let variance = |(it, share): (&Candidate, &f64)| {
                let one = it.cost / share;
                (it.table.clone(), if mechanism == Mechanism::DiscreteGaussian { one } else { one * one })
            };
            let noisy = may.iter().zip(&shares).map(variance).collect::<Vec<_>>();
            let tables = wanted.iter().map(|it| it.table.clone()).collect::<Vec<_>>();
            let fitted = spreads(&shape, &noisy, &tables).unwrap();
            let errors = errors(&shape, &may, &wanted, mechanism, &shares).unwrap();
            for (spread, error) in fitted.iter().zip(errors) {
                prop_assert!((spread.mean() / (error * error) - 1.0).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn chosen_shares_are_never_worse_than_equal_ones(seed: u64) {
        let rng = &mut ChaCha8Rng::seed_from_u64(seed);
        let Case { shape, may, wanted } = case(rng);
        for mechanism in MECHANISMS {
            let error = |shares: &[f64]| overall(&errors(&shape, &may, &wanted, mechanism, shares).unwrap(), &wanted);
            let chosen = error(&shares(&shape, &may, &wanted, mechanism).unwrap());
            let equal = error(&vec![1.0 / may.len() as f64; may.len()]);
            prop_assert!(chosen <= equal * (1.0 + 1e-9), "{mechanism:?} {chosen} {equal}");
        }
    }

    /// Every target holds at the loss that is named; for Gaussian noise no other shares do with less, but for what the
    /// tables without a target get.
    #[test]
    fn targets_hold_at_the_least_loss(seed: u64) {
        let rng = &mut ChaCha8Rng::seed_from_u64(seed);
        let Case { shape, may, wanted } = case(rng);
        let targeted = rng.random_range(1..=wanted.len());
        let targets = (0..targeted).map(|at| (at, rng.random_range(0.1..10.0))).collect::<Vec<_>>();
        for mechanism in MECHANISMS {
            let (shares, loss) = shares_for(&shape, &may, &wanted, mechanism, &targets).unwrap();
            let squared = if mechanism == Mechanism::DiscreteGaussian { loss } else { loss * loss };
            let problem = Problem::new(&shape, &may, &wanted, mechanism).unwrap();
            let ratio = |shares: &[f64]| {
                let means = problem.state(shares).means;
                targets.iter().map(|&(at, limit)| means[at] / limit).fold(0.0, f64::max)
            };
            prop_assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            prop_assert!((ratio(&shares) / squared - 1.0).abs() < 1e-12);
            prop_assert!(problem.is_estimable(&shares, &problem.weights));
            let reserved = if targeted < wanted.len() { 1.0 - FLOOR } else { 1.0 };
            for _ in 0..if mechanism == Mechanism::DiscreteGaussian { 40 } else { 0 } {
                // Near and far from the shares that were found.
                let reach = rng.random_range(0.01..4.0);
                let mut other = shares.iter().map(|it| it * rng.random_range(1.0..1.0 + reach)).collect::<Vec<_>>();
                normalise(&mut other);
                prop_assert!(ratio(&other) > squared * reserved * (1.0 - 1e-3), "{} {squared}", ratio(&other));
            }
        }
    }
}

/// A target on one table alone: nothing is as good as all the loss on it.
#[test]
fn one_target_alone_takes_all_the_loss() {
    let shape = Shape { tree: Tree::new(vec![vec![0, 0, 0]]).unwrap(), sizes: vec![4, 3] };
    let tables = all(2).into_iter().map(|dims| Marginal { level: 0, dims }).collect::<Vec<_>>();
    let (may, wanted) = alike(&tables);
    for (mechanism, loss) in [(Mechanism::DiscreteGaussian, 4.0), (Mechanism::DiscreteLaplace, 2.0)] {
        let (shares, least) = shares_for(&shape, &may, &wanted[..1], mechanism, &[(0, 0.25)]).unwrap();
        assert!((least / loss - 1.0).abs() < 1e-4 && shares[0] > 0.9999, "{mechanism:?} {shares:?} {least}");
    }
}

#[test]
fn a_table_that_is_not_worth_its_noise_is_not_measured() {
    let shape = Shape { tree: Tree::new(vec![vec![0, 0, 0]]).unwrap(), sizes: vec![2] };
    let [total, fine] = [vec![], vec![0]].map(|dims| Marginal { level: 0, dims });
    let (mut may, wanted) = alike(&[total, fine]);
    may[0].cost = 50.0;
    for mechanism in MECHANISMS {
        assert_eq!(shares(&shape, &may, &wanted, mechanism).unwrap(), [0.0, 1.0], "{mechanism:?}");
        // And what nothing else can tell is kept.
        assert!(shares(&shape, &may[..1], &wanted[..1], mechanism).unwrap() == [1.0]);
    }
}

#[test]
fn what_cannot_be_planned_is_refused() {
    let shape = Shape { tree: Tree::new(vec![vec![0, 0, 0]]).unwrap(), sizes: vec![2, 2] };
    let tables = [vec![0], vec![1]].map(|dims| Marginal { level: 0, dims });
    let (may, wanted) = alike(&tables);
    let mechanism = Mechanism::DiscreteGaussian;
    assert!(shares(&shape, &may[..1], &wanted, mechanism).is_err(), "the second is not estimable from the first");
    assert!(shares(&shape, &[], &wanted, mechanism).is_err() && shares(&shape, &may, &[], mechanism).is_err());
    let strange = Candidate { table: Marginal { level: 1, dims: vec![] }, cost: 1.0 };
    assert!(shares(&shape, &[strange], &wanted, mechanism).is_err());
    for number in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let dear = Candidate { cost: number, ..may[0].clone() };
        assert!(shares(&shape, &[dear, may[1].clone()], &wanted, mechanism).is_err());
        let odd = Wanted { weight: number, ..wanted[0].clone() };
        assert!(shares(&shape, &may, &[odd], mechanism).is_err());
        assert!(shares_for(&shape, &may, &wanted, mechanism, &[(0, number)]).is_err());
    }
    assert!(shares_for(&shape, &may, &wanted, mechanism, &[]).is_err());
    assert!(shares_for(&shape, &may, &wanted, mechanism, &[(2, 1.0)]).is_err());
    assert!(errors(&shape, &may, &wanted, mechanism, &[1.0]).is_err());
    assert!(errors(&shape, &may, &wanted, mechanism, &[0.5, f64::NAN]).is_err());
}
