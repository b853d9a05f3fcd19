//! Quartiles: a worked example, agreement with OpenDP, coverage, and hostile input.

use opendp::transformations::{Interpolation, make_quantiles_from_counts};
use proptest::prelude::*;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;

/// Days from referral to first contact.
const WAITS: [f64; 5] = [0.0, 7.0, 14.0, 28.0, 56.0];

fn days(counts: &[i64], q: f64, bin_variance: f64, sampling: bool) -> Option<(f64, (f64, f64), bool)> {
    let histogram = Histogram::new(&WAITS, counts).unwrap();
    let round = |it: f64| (it * 10.0).round() / 10.0;
    let found = histogram.quantile(q, &alike(bin_variance, 0.0), sampling)?;
    Some((round(found.value), (round(found.interval.0), round(found.interval.1)), found.or_more))
}

#[test]
fn waits_as_worked_by_hand() {
    let table = [
        // 100 people wait 0-6 days, 200 7-13, 100 14-27: the 200th is in the middle of the second bin.
        ("median", days(&[100, 200, 100, 0], 0.5, 0.0, false), Some((10.5, (10.5, 10.5), false))),
        ("lower quartile", days(&[100, 200, 100, 0], 0.25, 0.0, false), Some((7.0, (7.0, 7.0), false))),
        // Each bin within 20: the weights are 1/2, 0, -1/2, -1/2, so the share below has an sd of 20 x sqrt(3/4) / 400,
        // 0.0433, and 1.96 of it are 33.95 people, at 7 days to 200 people: 1.2 days to either side.
        ("noise", days(&[100, 200, 100, 0], 0.5, 400.0, false), Some((10.5, (9.3, 11.7), false))),
        // 400 people's own error is 0.025; both are 0.05, which is 39.2 people: 1.4 days.
        ("noise and sampling", days(&[100, 200, 100, 0], 0.5, 400.0, true), Some((10.5, (9.1, 11.9), false))),
        ("the least", days(&[0, 200, 100, 0], 0.0, 0.0, false), Some((7.0, (0.0, 7.0), false))),
        ("the most", days(&[0, 200, 100, 0], 1.0, 0.0, false), Some((28.0, (28.0, 56.0), false))),
        // A last bin with no upper edge: the 200th is 50/60 into the fourth. Weights 1/2 three times, 1/3 and -1/2: 41.3
        // people to either side, of whom the upper are past the last edge: 56 days or more.
        ("open", days(&[50, 50, 50, 60, 190], 0.5, 400.0, false), Some((51.3, (32.1, 56.0), true))),
        ("in the open bin", days(&[50, 50, 50, 40, 210], 0.5, 400.0, false), None),
        ("nobody", days(&[0, 0, 0, 0], 0.5, 400.0, false), None),
        // 40 people, each bin within 20: the total may be nobody.
        ("too noisy", days(&[10, 20, 10, 0], 0.5, 400.0, false), None),
        ("no such share", days(&[100, 200, 100, 0], 1.5, 400.0, false), None),
        ("not a number", days(&[100, 200, 100, 0], 0.5, f64::NAN, false), None),
    ];
    for (name, found, expected) in table {
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn a_histogram_has_edges_for_its_bins() {
    assert!(Histogram::new(&[0.0, 1.0], &[5, 6, 7]).is_err());
    assert!(Histogram::new(&[0.0, 1.0, 2.0, 3.0], &[5, 6]).is_err());
    assert!(Histogram::new(&[0.0, 2.0, 2.0], &[5, 6]).is_err());
    assert!(Histogram::new(&[0.0, f64::NAN, 2.0], &[5, 6]).is_err());
    assert!(Histogram::new(&[], &[]).is_err());
}

proptest! {
    /// Where OpenDP's rule applies: closed bins, and a quantile that does not end in an empty bin, on which it divides by 0.
    #[test]
    fn quantiles_are_those_of_opendp(counts in prop::collection::vec(1..500i64, 4), q in 0.0..1.0f64) {
        let theirs = make_quantiles_from_counts(WAITS.to_vec(), vec![q], Interpolation::Linear).unwrap();
        let theirs = theirs.eval(&counts.iter().map(|&it| it as f64).collect()).unwrap()[0];
        let ours = Histogram::new(&WAITS, &counts).unwrap().quantile(q, &alike(0.0, 0.0), false).unwrap().value;
        prop_assert!((ours - theirs).abs() < 1e-6, "{ours} {theirs}");
    }

    #[test]
    fn a_quantile_is_finite_and_in_its_interval_and_between_the_edges(
        counts in prop::collection::vec(prop_oneof![Just(0), -5..50i64, 0..100_000i64, Just(i64::MAX), any::<i64>()], 4..6),
        q in any::<f64>(),
        bin in any::<f64>(),
        of_two in any::<f64>(),
        sampling in any::<bool>(),
    ) {
        let histogram = Histogram::new(&WAITS, &counts).unwrap();
        for (q, bin, of_two) in [(q, bin, of_two), (0.25, 9.0, -1.0), (0.75, 0.0, 0.0)] {
            if let Some(found) = histogram.quantile(q, &alike(bin, of_two), sampling) {
                let (lower, upper) = found.interval;
                prop_assert!(0.0 <= lower && lower <= found.value && found.value <= upper && upper <= 56.0);
            }
        }
    }
}

/// 20,000 draws with a fixed seed: 94 and 96.5% are more than 6.4 standard errors from 95%, odds below 1e-9.
#[test]
fn quartiles_cover_95_in_100_for_the_noise() {
    let truth = [300.0f64, 500.0, 400.0, 200.0];
    let mut random = ChaCha8Rng::seed_from_u64(20_260_930);
    for (q, sd) in [(0.25, 10.0f64), (0.5, 10.0), (0.75, 25.0)] {
        let exact = Histogram::new(&WAITS, &[300, 500, 400, 200]).unwrap();
        let exact = exact.quantile(q, &alike(0.0, 0.0), false).unwrap().value;
        let mut held = 0;
        for _ in 0..20_000 {
            let noisy = truth.map(|count| (count + sd * gaussian(&mut random)).round() as i64);
            let found = Histogram::new(&WAITS, &noisy).unwrap().quantile(q, &alike(sd * sd, 0.0), false).unwrap();
            held += i32::from((found.interval.0..=found.interval.1).contains(&exact));
        }
        assert!((18_800..19_300).contains(&held), "{q}: {held}");
    }
}

/// A standard normal draw (Box and Muller).
fn gaussian(random: &mut ChaCha8Rng) -> f64 {
    let (one, other) = (random.random::<f64>(), random.random::<f64>());
    (-2.0 * (1.0 - one).ln()).sqrt() * (2.0 * std::f64::consts::PI * other).cos()
}
