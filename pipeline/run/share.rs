//! How a report's loss is divided among its vectors: what its targets need comes first, the rest goes by shares.
//!
//! Targets choose shares and nothing else: the noise of every vector is what the kernel makes of its share.

use crate::config::plan::{Plan, Report, Target};
use crate::error::{Error, Result};
use crate::privacy::{Bounds, Calibrated, Definition, Exact, Loss, calibrate, split};

/// The odds of a target's promise: 95 in 100 cells.
const ALPHA: f64 = 0.05;

/// The noise of every vector of a report, by measure and then level. `bounds` has the same shape.
///
/// The charges add up to no more than `share`; where there are no targets, every vector gets its part of it by the
/// measures' shares and then the levels'.
///
/// # Errors
/// [`Error::Budget`], with what would fit, where the targets need more than `share`; [`Error::Privacy`] where a part is
/// too small to draw noise for.
pub fn divide(plan: &Plan, report: &Report, share: &Loss, bounds: &[Vec<Bounds>]) -> Result<Vec<Vec<Calibrated>>> {
    let mut noise = bounds.iter().map(|levels| vec![None; levels.len()]).collect::<Vec<Vec<Option<Calibrated>>>>();
    for target in &report.targets {
        let bounds = &bounds[target.measure][target.level];
        noise[target.measure][target.level] = Some(least(share.definition, bounds, u64::from(target.within))?);
    }
    let needed = Exact::sum(noise.iter().flatten().flatten().map(Calibrated::charge));
    let free = weights(report, &noise, |noise| noise.is_none())?;
    let rest = share.amount.minus(&needed).filter(|rest| !rest.is_zero() || free == 0);
    let Some(rest) = rest else { return Err(refusal(plan, report, share, &needed, bounds, &noise)) };
    for (measure, (levels, bounds)) in report.measures.iter().zip(noise.iter_mut().zip(bounds)) {
        for ((noise, bounds), &level_share) in levels.iter_mut().zip(bounds).zip(&report.level_shares) {
            if noise.is_none() {
                let part = Exact::ratio(weight(measure.share, level_share), free)?;
                *noise = Some(calibrate(&Loss::new(share.definition, rest.times(&part)), bounds)?);
            }
        }
    }
    Ok(noise.into_iter().map(|levels| levels.into_iter().flatten().collect()).collect())
}

/// Below 2^64, whatever the shares are.
fn weight(measure: u32, level: u32) -> u64 {
    u64::from(measure) * u64::from(level)
}

/// The weights of the vectors that are `wanted`, together.
fn weights(
    report: &Report,
    noise: &[Vec<Option<Calibrated>>],
    wanted: impl Fn(&Option<Calibrated>) -> bool,
) -> Result<u64> {
    let mut total = 0u64;
    for (measure, levels) in report.measures.iter().zip(noise) {
        for (_, &level) in levels.iter().zip(&report.level_shares).filter(|(noise, _)| wanted(noise)) {
            total = total.checked_add(weight(measure.share, level)).ok_or_else(|| {
                Error::Privacy(format!("the shares in `{}` are too large to add up; write smaller ones", report.name))
            })?;
        }
    }
    Ok(total)
}

/// The cheapest noise that stays within `within` in 95 of 100 cells.
///
/// Less loss is more noise, so the search goes by halves over the losses that a float can hold, which are those that
/// the kernel charges: the answer is the least of them.
///
/// # Errors
/// [`Error::Privacy`] where no noise that the kernel admits is both so near and worth its name.
pub fn least(definition: Definition, bounds: &Bounds, within: u64) -> Result<Calibrated> {
    let at = |loss: f64| calibrate(&Loss::new(definition, Exact::from_f64_up(loss)?), bounds);
    // 95 of 100 cells lie within 1.96 scales (Gaussian) or 3 (Laplace), give or take the whole numbers between.
    let loss_of = |scale: f64| match definition {
        Definition::ZConcentrated => (bounds.l2() / scale).powi(2) / 2.0,
        Definition::Pure => bounds.l1_up() / scale,
    };
    let (mut short, mut enough) = (loss_of(within as f64 + 2.0), loss_of((within as f64 / 4.0).max(0.07)));
    let near = |noise: &Calibrated| Ok::<_, Error>(noise.accuracy(ALPHA)? <= within);
    let mut found = at(enough)?;
    if near(&at(short)?)? || !near(&found)? {
        return Err(Error::Privacy(format!("no noise was found that stays within {within}")));
    }
    // Positive floats are in the order of their bits.
    while short.to_bits() + 1 < enough.to_bits() {
        let middle = f64::from_bits(short.to_bits().midpoint(enough.to_bits()));
        let noise = at(middle)?;
        if near(&noise)? {
            (enough, found) = (middle, noise);
        } else {
            short = middle;
        }
    }
    Ok(found)
}

/// Targets that do not fit: what they need, and what would do.
fn refusal(
    plan: &Plan,
    report: &Report,
    share: &Loss,
    needed: &Exact,
    bounds: &[Vec<Bounds>],
    noise: &[Vec<Option<Calibrated>>],
) -> Error {
    let symbol = share.definition.symbol();
    let mut lines = Vec::new();
    for target in &report.targets {
        let Some(noise) = &noise[target.measure][target.level] else { continue };
        lines.push(format!("{} needs {symbol} {}", named(plan, report, target), noise.charge().decimal(6)));
    }
    match fitting(report, share, bounds, noise) {
        Ok(fits) => {
            let words = report.targets.iter().zip(fits).map(|(target, (all, fair))| {
                let fair = match fair {
                    Some(fair) => format!(" ({fair}, if the other vectors are to keep their shares)"),
                    None => String::new(),
                };
                let within = format!("{} at {}", report.measures[target.measure].name, level(plan, target));
                format!("{within} within {all}{fair}")
            });
            lines.push(format!("what would fit: {}", words.collect::<Vec<_>>().join("; ")));
        }
        Err(error) => lines.push(error.to_string()),
    }
    let whole = plan.reports.iter().map(|report| u64::from(report.share)).sum::<u64>();
    let times = Exact::ratio(whole, u64::from(report.share.max(1)));
    let whole = times.map(|times| needed.times(&times).decimal(6)).unwrap_or_default();
    Error::Budget(format!(
        "the targets of `{}` need {symbol} {}, and its share of the quarter's loss is {symbol} {}:\n  {}\n\
         Raise `within`, give the report a larger `share`, or the quarter a loss above {symbol} {whole}. Nothing was \
         spent and nothing was published",
        report.name,
        needed.decimal(6),
        share.amount.decimal_down(6),
        lines.join("\n  "),
    ))
}

/// For each target the least `within` that its part of the share buys, the targets sharing in proportion to what they
/// need: of the whole share, and of what is left when the other vectors keep theirs, where there are others.
fn fitting(
    report: &Report,
    share: &Loss,
    bounds: &[Vec<Bounds>],
    noise: &[Vec<Option<Calibrated>>],
) -> Result<Vec<(u64, Option<u64>)>> {
    let own = weights(report, noise, |noise| noise.is_some())?;
    let others = weights(report, noise, |noise| noise.is_none())?;
    let fair = share.amount.times(&Exact::ratio(own, own.saturating_add(others).max(1))?);
    // Parts in a million of what is needed: near enough to say what would fit.
    let parts = report.targets.iter().map(|target| {
        let charge = noise[target.measure][target.level].as_ref().map_or(Exact::ZERO, |noise| noise.charge().clone());
        charge.to_f64_up()
    });
    let parts = parts.collect::<Vec<_>>();
    let all: f64 = parts.iter().sum();
    let parts = parts.iter().map(|part| ((part / all * 1e6) as u32).max(1)).collect::<Vec<_>>();
    let buys = |amount: &Exact| -> Result<Vec<u64>> {
        let within = |(target, part): (&Target, Exact)| {
            let bounds = &bounds[target.measure][target.level];
            calibrate(&Loss::new(share.definition, part), bounds)?.accuracy(ALPHA)
        };
        report.targets.iter().zip(split(amount, &parts)?).map(within).collect()
    };
    let fair = if others > 0 { buys(&fair)?.into_iter().map(Some).collect() } else { vec![None; parts.len()] };
    Ok(buys(&share.amount)?.into_iter().zip(fair).collect())
}

fn named(plan: &Plan, report: &Report, target: &Target) -> String {
    format!("{} at {} within {}", report.measures[target.measure].name, level(plan, target), target.within)
}

fn level<'a>(plan: &'a Plan, target: &Target) -> &'a str {
    &plan.geography.levels[target.level].name
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;

    /// The demo's plan, whose first report has two measures at two levels.
    fn demo() -> Plan {
        crate::config::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("configs/demo.yaml")).unwrap()
    }

    fn rho(text: &str) -> Loss {
        Loss::new(Definition::ZConcentrated, text.parse().unwrap())
    }

    fn of_people() -> Vec<Vec<Bounds>> {
        vec![vec![Bounds::count(1).unwrap(); 2], vec![Bounds::count(3).unwrap(); 2]]
    }

    #[test]
    fn without_targets_the_shares_are_by_measure_and_then_by_level() {
        let mut plan = demo();
        let report = &mut plan.reports[0];
        (report.measures[0].share, report.measures[1].share) = (1, 3);
        report.level_shares = vec![1, 4];
        let report = &plan.reports[0];
        let noise = divide(&plan, report, &rho("1/2"), &of_people()).unwrap();
        for (measure, part) in ["1/8", "3/8"].iter().enumerate() {
            for (level, over_five) in [1, 4].into_iter().enumerate() {
                let part = part.parse::<Exact>().unwrap().times(&Exact::ratio(over_five, 5).unwrap());
                let alone = calibrate(&Loss::new(Definition::ZConcentrated, part), &of_people()[measure][level]);
                assert_eq!(noise[measure][level], alone.unwrap());
            }
        }
    }

    #[test]
    fn targets_come_first_and_the_rest_goes_by_shares() {
        let mut plan = demo();
        plan.reports[0].targets = vec![Target { measure: 1, level: 1, within: 10 }];
        let noise = divide(&plan, &plan.reports[0], &rho("1/8"), &of_people()).unwrap();
        let target = &noise[1][1];
        assert!(target.accuracy(0.05).unwrap() <= 10);
        // The rest in equal parts over the three others; each charge is within a hair of its part, and never above.
        let rest = rho("1/8").amount.minus(target.charge()).unwrap();
        for other in [&noise[0][0], &noise[0][1], &noise[1][0]] {
            let part = rest.times(&"1/3".parse().unwrap());
            assert!(other.charge() <= &part && other.charge().times(&"1.000000001".parse().unwrap()) > part);
        }
    }

    #[test]
    fn what_would_fit_fits_and_one_less_does_not() {
        let mut plan = demo();
        for (definition, amount) in [(Definition::ZConcentrated, "1/8"), (Definition::Pure, "1")] {
            let share = Loss::new(definition, amount.parse().unwrap());
            plan.reports[0].targets = vec![Target { measure: 1, level: 1, within: 1 }];
            let refused = divide(&plan, &plan.reports[0], &share, &of_people()).unwrap_err();
            let text = refused.to_string();
            assert_eq!(refused.exit_code(), 12, "{text}");
            let fits = text.split("what would fit: referred at hscp within ").nth(1).unwrap();
            let fits = fits.split(' ').next().unwrap().parse::<u32>().unwrap();
            for (within, expected) in [(fits, true), (fits - 1, false)] {
                plan.reports[0].targets[0].within = within;
                let got = divide(&plan, &plan.reports[0], &share, &of_people());
                assert_eq!(got.is_ok(), expected, "{definition:?} {within}");
            }
        }
    }

    #[test]
    fn targets_for_everything_need_nothing_left() {
        let mut plan = demo();
        let places = [(0, 0), (0, 1), (1, 0), (1, 1)];
        plan.reports[0].targets =
            places.iter().map(|&(measure, level)| Target { measure, level, within: 9 }).collect::<Vec<_>>();
        let each = [1, 3].map(|cells| least(Definition::ZConcentrated, &Bounds::count(cells).unwrap(), 9).unwrap());
        let all = Exact::sum(each.iter().flat_map(|noise| [noise.charge(), noise.charge()]));
        let share = Loss::new(Definition::ZConcentrated, all.clone());
        assert!(divide(&plan, &plan.reports[0], &share, &of_people()).is_ok());
        // With one vector more to pay for, the same share is too little.
        plan.reports[0].targets.pop();
        let exactly = Exact::sum([each[0].charge(), each[0].charge(), each[1].charge()]);
        let share = Loss::new(Definition::ZConcentrated, exactly);
        assert!(matches!(divide(&plan, &plan.reports[0], &share, &of_people()), Err(Error::Budget(_))));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn the_least_loss_is_the_least(within in 1u64..3_000, cells in 1u32..50, high in 1i64..1_000, pure: bool) {
            let definition = if pure { Definition::Pure } else { Definition::ZConcentrated };
            let bounds = Bounds::new(cells, 0, high).unwrap();
            let noise = least(definition, &bounds, within).unwrap();
            prop_assert!(noise.accuracy(ALPHA).unwrap() <= within);
            let less = Exact::from_f64_up(noise.charge().to_f64_down().next_down()).unwrap();
            let cheaper = calibrate(&Loss::new(definition, less), &bounds).unwrap();
            prop_assert!(cheaper.accuracy(ALPHA).unwrap() > within);
        }

        #[test]
        fn charges_never_pass_the_share(
            shares in proptest::collection::vec(1u32..1000, 2),
            levels in proptest::collection::vec(1u32..1000, 2),
            within in proptest::collection::vec(proptest::option::of(1u32..400), 4),
            thousandths in 1u64..2_000,
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
            match divide(&plan, &plan.reports[0], &share, &of_people()) {
                Ok(noise) => {
                    prop_assert!(Exact::sum(noise.iter().flatten().map(Calibrated::charge)) <= share.amount);
                    for target in &plan.reports[0].targets {
                        let got = noise[target.measure][target.level].accuracy(ALPHA).unwrap();
                        prop_assert!(got <= u64::from(target.within));
                    }
                }
                Err(error) => prop_assert_eq!(error.exit_code(), 12),
            }
        }
    }
}
