//! Rates, shares, means, differences: worked examples, coverage computed from all the noise there is, and hostile input.

use proptest::prelude::*;

use super::*;

fn side(value: f64, sd: f64) -> Side {
    Side { value, unbiased: value, variance: sd * sd }
}

fn figure(value: f64, lower: f64, upper: f64) -> Figure {
    Figure::new(value, lower, upper).expect("it is finite")
}

fn rounded(figure: Option<Figure>) -> Option<(f64, f64, f64)> {
    let round = |it: f64| (it * 100.0).round() / 100.0;
    figure.map(|it| (round(it.value()), round(it.interval().0), round(it.interval().1)))
}

#[test]
fn rates_and_shares_as_worked_by_hand() {
    let (of, over) = (side(50.0, 5.0), side(200.0, 5.0));
    let fitted = Side { value: 50.0, unbiased: 50.3, variance: 25.0 };
    let table = [
        // As least squares leaves them, off the grid of whole people: Fieller for 50.3 over 200.
        ("fitted", ratio(fitted, over, 0.0, 1000.0, Sampling::None), Some((250.0, 201.52, 302.69))),
        // 50 referred of 200, each within 5: 250 per 1,000, (198 to 304) for the noise, as 50 is whole.
        ("both noisy", ratio(of, over, 0.0, 1000.0, Sampling::None), Some((250.0, 197.55, 303.71))),
        // A public list size: 50 -+ (1.96 x 5 + 0.5) over 200.
        ("public list", ratio(of, Side::public(200.0), 0.0, 1000.0, Sampling::None), Some((250.0, 198.5, 301.5))),
        // Noise that the two sides share cancels in part.
        ("shared noise", ratio(of, over, 20.0, 1000.0, Sampling::None), Some((250.0, 206.13, 291.05))),
        // And with the sampling error of 50 events, or of 50 in 200 people.
        ("events", ratio(of, over, 0.0, 1000.0, Sampling::Poisson), Some((250.0, 166.9, 346.03))),
        ("people", share(of, over, 0.0, 100.0, Sampling::Binomial), Some((25.0, 17.41, 33.38))),
        // No noise at all: 65 of 100 is 65.0% (55.3 to 73.6), and 65 events are 50.2 to 82.8: the formulas themselves.
        (
            "Wilson",
            share(side(65.0, 0.0), Side::public(100.0), 0.0, 100.0, Sampling::Binomial),
            Some((65.0, 55.25, 73.64)),
        ),
        ("Byar", ratio(side(65.0, 0.0), Side::public(1.0), 0.0, 1.0, Sampling::Poisson), Some((65.0, 50.16, 82.85))),
        // Nobody attended, as far as can be seen: from 0 to (1.96 x 5 + 0.5) over 200.
        ("nobody", ratio(side(0.0, 5.0), Side::public(200.0), 0.0, 1000.0, Sampling::None), Some((0.0, 0.0, 51.5))),
        // A share is at most the whole.
        ("everybody", share(side(200.0, 5.0), over, 0.0, 100.0, Sampling::None), Some((100.0, 93.06, 100.0))),
        // 10 -+ 1.96 x 5 begins above 0 but below one person: there may be nobody to divide by.
        ("too few", ratio(of, side(10.0, 5.0), 0.0, 1000.0, Sampling::None), None),
        ("public zero", ratio(of, Side::public(0.0), 0.0, 1000.0, Sampling::None), None),
        ("0.4 of a post", ratio(side(8.0, 0.0), Side::public(0.4), 0.0, 1.0, Sampling::None), Some((20.0, 20.0, 20.0))),
    ];
    for (name, found, expected) in table {
        assert_eq!(rounded(found), expected, "{name}");
    }
}

#[test]
fn the_published_ratio_is_of_the_published_sides_and_in_its_interval() {
    // Consistency moved the numerator from -12 to 7.
    let moved = Side { value: 7.0, unbiased: -12.0, variance: 4.0 };
    let found = ratio(moved, Side::public(100.0), 0.0, 100.0, Sampling::None).unwrap();
    assert_eq!(rounded(Some(found)), Some((7.0, 0.0, 7.0)));
}

#[test]
fn a_mean_is_its_centre_and_a_noisy_sum_over_a_noisy_count() {
    // 50 people, 100 points above 20 in all: 22, within (20.81, 23.35).
    let mean_of = |sum, count| mean(sum, count, 20.0, (7.0, 35.0));
    assert_eq!(rounded(mean_of(side(100.0, 30.0), side(50.0, 5.0))), Some((22.0, 20.81, 23.35)));
    // Kept within what one value can be.
    assert_eq!(rounded(mean_of(side(-900.0, 300.0), side(50.0, 5.0))), Some((7.0, 7.0, 13.82)));
    assert_eq!(mean_of(side(100.0, 30.0), side(5.0, 5.0)), None);
    assert_eq!(mean(side(100.0, 30.0), side(50.0, 5.0), 20.0, (35.0, 7.0)), None);
}

#[test]
fn a_change_holds_the_errors_of_both_quarters() {
    let (now, before) = (figure(25.0, 20.0, 32.0), figure(20.0, 15.0, 24.0));
    // 5 - sqrt(5^2 + 4^2) and 5 + sqrt(7^2 + 5^2).
    assert_eq!(rounded(difference(now, before, 0.0)), Some((5.0, -1.4, 13.6)));
    // Errors that move together cancel: 5 - |5 - 4| and 5 + |7 - 5|.
    assert_eq!(rounded(difference(now, before, 1.0)), Some((5.0, 4.0, 7.0)));
    assert_eq!(rounded(difference(now, before, f64::NAN)), Some((5.0, -1.4, 13.6)));
}

#[test]
fn one_rate_is_so_many_times_another() {
    let (now, before) = (figure(30.0, 24.0, 37.0), figure(20.0, 15.0, 26.0));
    assert_eq!(rounded(times(now, before)), Some((1.5, 1.06, 2.14)));
    // Where the other is exact, so is the division.
    assert_eq!(rounded(times(now, figure(20.0, 20.0, 20.0))), Some((1.5, 1.2, 1.85)));
    assert_eq!(rounded(times(figure(3.0, 0.0, 9.0), before)), Some((0.15, 0.0, 0.47)));
    assert_eq!(times(now, figure(20.0, 0.0, 26.0)), None);
    assert_eq!(times(figure(3.0, -1.0, 9.0), before), None);
}

#[test]
fn the_variance_is_that_of_the_delta_method() {
    let variance = |sampling| ratio_variance(side(50.0, 5.0), side(200.0, 5.0), 0.0, 1000.0, sampling).unwrap();
    // (25 + 25/16) / 200^2, then 0.25/200 for events and 0.25 x 0.75/200 for people; all x 1000^2.
    assert!((variance(Sampling::None) - 664.0625).abs() < 1e-9);
    assert!((variance(Sampling::Poisson) - 664.0625 - 1250.0).abs() < 1e-9);
    assert!((variance(Sampling::Binomial) - 664.0625 - 937.5).abs() < 1e-9);
}

/// Places and odds of a normal variable in steps of a tenth of its standard deviation, off the grid.
fn normal(mean: f64, sd: f64, step: f64) -> Vec<(f64, f64)> {
    let steps = if sd > 0.0 { (5.5 / step) as i32 } else { 0 };
    let place = |at: i32| (f64::from(at) + 0.437) * step;
    let all = (-steps..=steps).map(|at| (mean + place(at) * sd, (-0.5 * place(at).powi(2)).exp())).collect::<Vec<_>>();
    let total = all.iter().map(|it| it.1).sum::<f64>();
    all.into_iter().map(|(at, odds)| (at, odds / total)).collect()
}

fn published(unbiased: f64, sd: f64) -> Side {
    Side { value: unbiased.round().max(0.0), unbiased, variance: sd * sd }
}

#[test]
fn a_ratio_covers_at_least_95_in_100_for_its_noise() {
    for (sd_of, sd_over) in [(3.0, 3.0), (10.0, 5.0), (10.0, 40.0), (20.0, 0.0)] {
        for of in [0.0, 1.0, 5.0, 20.0, 100.0, 400.0] {
            let (over, mut held, mut shown) = (400.0, 0.0, 0.0);
            for (b, odds) in normal(over, sd_over, 0.05) {
                for (a, more) in normal(of, sd_of, 0.025) {
                    let found = ratio(published(a, sd_of), published(b, sd_over), 0.0, 1.0, Sampling::None).unwrap();
                    let (lower, upper) = found.interval();
                    shown += odds * more;
                    held += if (lower..=upper).contains(&(of / over)) { odds * more } else { 0.0 };
                }
            }
            // Near 0 only the lower limit can miss, from 5% at 0 to 2.5%: so up to 97.5%.
            let most = if of < 4.0 * sd_of { 0.977 } else { 0.955 };
            assert!((0.948..most).contains(&(held / shown)), "{of} -+ {sd_of}, over -+ {sd_over}: {}", held / shown);
        }
    }
}

#[test]
fn whole_noise_over_a_public_number_covers_at_least_95_in_100() {
    for sd in [0.6, 1.0, 3.0, 5.0, 12.0f64] {
        for of in [0.0, 1.0, 4.0, 30.0, 200.0] {
            let (over, mut held, mut shown) = (1000.0, 0.0, 0.0);
            for noise in -150..=150 {
                let odds = (-0.5 * (f64::from(noise) / sd).powi(2)).exp();
                let found = ratio(published(of + f64::from(noise), sd), Side::public(over), 0.0, 1.0, Sampling::None);
                let (lower, upper) = found.unwrap().interval();
                shown += odds;
                held += if (lower..=upper).contains(&(of / over)) { odds } else { 0.0 };
            }
            assert!(held / shown >= 0.9495, "{of} -+ {sd}: {}", held / shown);
        }
    }
}

/// Counts and their odds for a Poisson mean.
fn poisson(mean: f64) -> Vec<(f64, f64)> {
    let most = (mean + 9.0 * mean.sqrt() + 12.0) as i32;
    let mut odds = (-mean).exp();
    (0..most)
        .map(|events| {
            let this = (f64::from(events), odds);
            odds *= mean / f64::from(events + 1);
            this
        })
        .collect()
}

#[test]
fn a_rate_with_sampling_covers_about_95_in_100_or_more() {
    for (mean, sd) in [(2.0, 3.0), (10.0, 3.0), (40.0, 3.0), (40.0, 20.0), (150.0, 10.0)] {
        let (over, mut held) = (1000.0, 0.0);
        for (events, odds) in poisson(mean) {
            for (a, more) in normal(events, sd, 0.05) {
                let found = ratio(published(a, sd), Side::public(over), 0.0, 1.0, Sampling::Poisson).unwrap();
                let (lower, upper) = found.interval();
                held += if (lower..=upper).contains(&(mean / over)) { odds * more } else { 0.0 };
            }
        }
        let most = if mean < 2.0 * sd { 0.999 } else { 0.97 };
        assert!((0.945..most).contains(&held), "mean {mean}, sd {sd}: {held}");
    }
}

#[test]
fn a_share_with_sampling_covers_about_95_in_100_or_more() {
    let people = 200;
    for (truth, sd) in [(0.02f64, 4.0), (0.3, 4.0), (0.5, 15.0), (0.97, 4.0)] {
        let mut held = 0.0;
        let mut odds = (1.0 - truth).powi(people);
        for events in 0..=people {
            for (a, more) in normal(f64::from(events), sd, 0.05) {
                let found = share(published(a, sd), Side::public(f64::from(people)), 0.0, 1.0, Sampling::Binomial);
                let (lower, upper) = found.unwrap().interval();
                held += if (lower..=upper).contains(&truth) { odds * more } else { 0.0 };
            }
            odds *= f64::from(people - events) / f64::from(events + 1) * truth / (1.0 - truth);
        }
        assert!((0.94..0.99).contains(&held), "{truth}, sd {sd}: {held}");
    }
}

#[test]
fn a_mean_covers_95_in_100_for_its_noise() {
    for (sum, sd_sum, count, sd_count) in [(300.0, 60.0, 100.0, 5.0), (0.0, 200.0, 60.0, 10.0)] {
        let (mut held, mut shown) = (0.0, 0.0);
        for (b, odds) in normal(count, sd_count, 0.05) {
            for (a, more) in normal(sum, sd_sum, 0.05) {
                let of = Side { value: a, unbiased: a, variance: sd_sum * sd_sum };
                if let Some(found) = mean(of, published(b, sd_count), 20.0, (-1e6, 1e6)) {
                    shown += odds * more;
                    let (lower, upper) = found.interval();
                    held += if (lower..=upper).contains(&(20.0 + sum / count)) { odds * more } else { 0.0 };
                }
            }
        }
        assert!(shown > 0.999 && (0.948..0.955).contains(&(held / shown)), "{sum} {count}: {}", held / shown);
    }
}

#[test]
fn a_change_and_a_multiple_cover_about_95_in_100_or_more() {
    let sd = 10.0;
    for (now, before) in [(100.0, 80.0), (400.0, 60.0), (15.0, 200.0), (0.0, 60.0)] {
        let (mut change, mut multiple, mut shown) = (0.0, 0.0, 0.0);
        let rate = |count: f64| ratio(published(count, sd), Side::public(500.0), 0.0, 1.0, Sampling::None).unwrap();
        for (b, odds) in normal(before, sd, 0.05) {
            for (a, more) in normal(now, sd, 0.05) {
                let holds = |found: Figure, truth: f64| {
                    if (found.interval().0..=found.interval().1).contains(&truth) { odds * more } else { 0.0 }
                };
                change += holds(difference(rate(a), rate(b), 0.0).unwrap(), (now - before) / 500.0);
                if let Some(found) = times(rate(a), rate(b)) {
                    multiple += holds(found, now / before);
                    shown += odds * more;
                }
            }
        }
        let most = if now < 4.0 * sd { 0.98 } else { 0.951 };
        assert!((0.9495..most).contains(&change), "{now} - {before}: {change}");
        assert!(
            shown > 0.99 && (0.9495..most).contains(&(multiple / shown)),
            "{now} / {before}: {multiple} of {shown}"
        );
    }
}

/// Any finite number, the awkward ones often.
fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        Just(0.0),
        Just(1.0),
        -100.0..1000.0f64,
        (-1e30..1e30f64),
        any::<f64>().prop_filter("finite", |it| it.is_finite())
    ]
}

fn any_side() -> impl Strategy<Value = Side> {
    (number(), number(), number()).prop_map(|(value, unbiased, variance)| Side { value, unbiased, variance })
}

proptest! {
    #[test]
    fn whatever_is_given_a_figure_is_finite_and_in_its_interval(
        of in any_side(), over in any_side(), third in any_side(), covariance in any::<f64>(), per in number(),
    ) {
        let mut found = Vec::new();
        for sampling in [Sampling::None, Sampling::Poisson, Sampling::Binomial] {
            found.push(ratio(of, over, covariance, per, sampling));
            found.push(share(of, over, covariance, per, sampling));
            prop_assert!(ratio_variance(of, over, covariance, per, sampling).is_none_or(|it| it.is_finite() && it >= 0.0));
        }
        found.push(mean(of, over, per, (-10.0, 10.0)));
        let (one, other) = (found[0], ratio(third, over, 0.0, per, Sampling::Poisson));
        if let (Some(one), Some(other)) = (one, other) {
            found.push(difference(one, other, covariance));
            found.push(times(one, other));
        }
        for figure in found.into_iter().flatten() {
            let (lower, upper) = figure.interval();
            prop_assert!(lower.is_finite() && upper.is_finite() && figure.value().is_finite());
            prop_assert!(lower <= figure.value() && figure.value() <= upper);
        }
    }

    #[test]
    fn limits_lie_on_their_sides_and_more_error_never_narrows_them(
        of in 0.0..500.0f64, sd in 0.0..30.0f64, over in 150.0..2000.0f64, sd_over in 0.0..30.0f64,
    ) {
        let limits = |sampling| ratio(side(of, sd), side(over, sd_over), 0.0, 1.0, sampling).unwrap().interval();
        let (noise, both) = (limits(Sampling::None), limits(Sampling::Poisson));
        prop_assert!(both.0 <= noise.0 + 1e-9 && noise.1 <= both.1 + 1e-9);
    }
}
