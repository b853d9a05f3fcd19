use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::estimate::fit::spreads;
use crate::estimate::shape::Tree;

/// The demo's plan, whose first report has two measures at two levels.
fn demo() -> Plan {
    crate::config::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("configs/demo.yaml")).unwrap()
}

fn rho(text: &str) -> Loss {
    Loss::new(Definition::ZConcentrated, text.parse().unwrap())
}

/// One board in four parts, five bands and three codes, by every set of them.
struct Family {
    shape: Shape,
    tables: Vec<Marginal>,
    bounds: Vec<Bounds>,
}

fn family(cells: u32) -> Family {
    let shape = Shape { tree: Tree::new(vec![vec![0], vec![0; 4]]).unwrap(), sizes: vec![5, 3] };
    let sets = [vec![], vec![0], vec![1], vec![0, 1]];
    let tables = (0..2).flat_map(|level| sets.clone().map(|dims| Marginal { level, dims })).collect::<Vec<_>>();
    Family { shape, bounds: vec![Bounds::count(cells).unwrap(); tables.len()], tables }
}

fn parts(families: &[Family]) -> Vec<Part<'_>> {
    let families = families.iter().enumerate();
    families.map(|(measure, it)| Part { measure, shape: &it.shape, tables: &it.tables, bounds: &it.bounds }).collect()
}

/// The deviation of each table's cells, once all that is drawn is combined.
fn errors(family: &Family, noise: &[Option<Calibrated>]) -> Vec<f64> {
    let drawn = family
        .tables
        .iter()
        .zip(noise)
        .filter_map(|(table, noise)| Some((table.clone(), noise.as_ref()?.standard_deviation().powi(2))));
    let spreads = spreads(&family.shape, &drawn.collect::<Vec<_>>(), &family.tables).unwrap();
    spreads.iter().map(|spread| spread.mean().sqrt()).collect()
}

fn charges(noise: &[Vec<Option<Calibrated>>]) -> Exact {
    Exact::sum(noise.iter().flatten().flatten().map(Calibrated::charge))
}

#[test]
fn the_loss_goes_to_measures_by_their_share_and_all_of_it_is_used() {
    let mut plan = demo();
    let report = &mut plan.reports[0];
    (report.measures[0].share, report.measures[1].share) = (1, 3);
    report.level_shares = vec![1, 1];
    let families = [family(1), family(1)];
    let noise = divide(&plan, &plan.reports[0], &rho("1/2"), &parts(&families)).unwrap();
    for (noise, part) in noise.iter().zip(["1/8", "3/8"]) {
        let charged = charges(std::slice::from_ref(noise));
        let part = part.parse::<Exact>().unwrap();
        assert!(charged <= part && charged.times(&"1.0001".parse().unwrap()) > part, "{charged} of {part}");
    }
}

#[test]
fn a_level_that_weighs_more_is_nearer_the_truth() {
    let mut plan = demo();
    let families = [family(1)];
    let error_at = |shares: [u32; 2], plan: &mut Plan| {
        plan.reports[0].level_shares = shares.to_vec();
        let noise = divide(plan, &plan.reports[0], &rho("1/2"), &parts(&families)).unwrap();
        let errors = errors(&families[0], &noise[0]);
        (errors[3], errors[7])
    };
    let (coarse, fine) = (error_at([9, 1], &mut plan), error_at([1, 9], &mut plan));
    assert!(coarse.0 < fine.0 && coarse.1 > fine.1, "{coarse:?} {fine:?}");
}

#[test]
fn tables_combined_are_nearer_than_tables_alone() {
    let plan = demo();
    let families = [family(1)];
    let noise = divide(&plan, &plan.reports[0], &rho("1/2"), &parts(&families)).unwrap();
    let alone = calibrate(&rho("1/16"), &Bounds::count(1).unwrap()).unwrap().standard_deviation();
    let product = errors(&families[0], &noise[0]).iter().map(|error| error / alone).product::<f64>();
    assert!(product.powf(1.0 / 8.0) < 0.85, "{product}");
}

#[test]
fn targets_come_first_and_are_met_in_every_table_of_their_level() {
    let mut plan = demo();
    plan.reports[0].targets = vec![Target { measure: 1, level: 1, within: 40 }];
    let families = [family(1), family(3)];
    let noise = divide(&plan, &plan.reports[0], &rho("1/4"), &parts(&families)).unwrap();
    for error in &errors(&families[1], &noise[1])[4..] {
        assert!(Z95 * error <= 40.5, "{error}");
    }
    let needed = charges(&noise[1..]);
    let rest = rho("1/4").amount.minus(&needed).unwrap();
    let charged = charges(&noise[..1]);
    assert!(charged <= rest && charged.times(&"1.0001".parse().unwrap()) > rest);
}

#[test]
fn what_would_fit_fits_and_half_of_it_does_not() {
    let mut plan = demo();
    for (definition, amount) in [(Definition::ZConcentrated, "1/8"), (Definition::Pure, "1")] {
        let share = Loss::new(definition, amount.parse().unwrap());
        plan.reports[0].targets = vec![Target { measure: 0, level: 1, within: 1 }];
        let families = [family(1)];
        let refused = divide(&plan, &plan.reports[0], &share, &parts(&families)).unwrap_err();
        let text = refused.to_string();
        assert_eq!(refused.exit_code(), 12, "{text}");
        let fits = text.split("what would fit: registered at hscp within ").nth(1).unwrap();
        let fits = fits.split_whitespace().next().unwrap().parse::<u32>().unwrap();
        for (within, expected) in [(fits, true), (fits / 2, false)] {
            plan.reports[0].targets[0].within = within;
            let got = divide(&plan, &plan.reports[0], &share, &parts(&families));
            assert_eq!(got.is_ok(), expected, "{definition:?} {within}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn charges_never_pass_the_share(
        shares in proptest::collection::vec(1u32..1000, 2),
        levels in proptest::collection::vec(1u32..1000, 2),
        within in proptest::collection::vec(proptest::option::of(1u32..400), 4),
        thousandths in 1u64..2_000,
        cells in 1u32..4,
    ) {
        let mut plan = demo();
        let report = &mut plan.reports[0];
        report.level_shares = levels;
        report.measures.iter_mut().zip(shares).for_each(|(measure, share)| measure.share = share);
        let target = |(at, within): (usize, &Option<u32>)| {
            within.map(|within| Target { measure: at / 2, level: at % 2, within })
        };
        report.targets = within.iter().enumerate().filter_map(target).collect();
        let share = Loss::new(Definition::ZConcentrated, Exact::ratio(thousandths, 1000).unwrap());
        let families = [family(1), family(cells)];
        match divide(&plan, &plan.reports[0], &share, &parts(&families)) {
            Ok(noise) => {
                prop_assert!(charges(&noise) <= share.amount);
                for target in &plan.reports[0].targets {
                    let errors = errors(&families[target.measure], &noise[target.measure]);
                    let most = (f64::from(target.within) + 0.5) / Z95;
                    prop_assert!(errors[target.level * 4..][..4].iter().all(|error| *error <= most));
                }
            }
            Err(error) => prop_assert_eq!(error.exit_code(), 12),
        }
    }
}
