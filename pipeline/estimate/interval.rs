//! Takes an unbiased estimate and the standard deviation of its noise.
//! Gives the 95% interval of what was counted, and the form in which every derived figure is published.
//! Never sees a private value.

use std::sync::LazyLock;

/// The standard normal's 97.5% point.
pub const Z: f64 = 1.959_963_984_540_054;

/// A published figure and its 95% interval, in the figure's own unit.
///
/// **Invariant**: all three are finite, and the interval holds the value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figure {
    value: f64,
    interval: (f64, f64),
}

impl Figure {
    /// The interval is widened to hold the value. `None` where any of the three is not a finite number.
    pub fn new(value: f64, lower: f64, upper: f64) -> Option<Self> {
        let all = [value, lower, upper].iter().all(|it| it.is_finite());
        // Adding zero makes a negative zero positive: "-0.0" is nothing to publish.
        all.then(|| Figure { value: value + 0.0, interval: (lower.min(value) + 0.0, upper.max(value) + 0.0) })
    }

    /// What is published.
    pub fn value(&self) -> f64 {
        self.value
    }

    /// The 95% interval, lower end first.
    pub fn interval(&self) -> (f64, f64) {
        self.interval
    }

    /// How far the interval reaches to the side on which it reaches further.
    pub fn reach(&self) -> f64 {
        (self.value - self.interval.0).max(self.interval.1 - self.value)
    }

    /// The figure kept between two bounds that the truth is known to keep.
    pub fn within(&self, least: f64, most: f64) -> Option<Self> {
        let keep = |it: f64| it.max(least).min(most);
        Figure::new(keep(self.value), keep(self.interval.0), keep(self.interval.1))
    }
}

/// The 95% interval of a whole count, from its unbiased `estimate` and the standard deviation `sd` of normal noise, both
/// in the count's unit. It always holds `published`, the whole number that stands beside it.
///
/// With `floor` the count is known to be at least 0, and the interval is the set of whole numbers whose
/// likelihood-ratio acceptance region holds the estimate (Feldman and Cousins, Physical Review D 57 (1998) 3873, section
/// IV.B). So it covers 95% of the time whatever the count is, 0 included, is never empty or below 0, and passes smoothly
/// from "no more than" to "between". Without `floor`: the estimate and 1.96 standard deviations to both sides.
///
/// Noise that is itself whole cannot be cut at exactly 95%: where the estimate lies on a grid of whole people, the interval
/// is half a step wider to either side, and covers more: up to 99.9% where the noise has an sd of 0.5, 99.1% at 1, 97.7%
/// at 2, 97.1% at 3 and 96% at 10. Off the grid, as least squares leaves most estimates, it is 95.0% everywhere.
///
/// Where `estimate` or `sd` is not finite, nothing is known: everything from the floor up.
pub fn count(estimate: f64, sd: f64, published: i64, floor: bool) -> (i64, i64) {
    if !estimate.is_finite() || !sd.is_finite() {
        return (if floor { published.min(0) } else { i64::MIN }, i64::MAX);
    }
    let (lower, upper) = if sd <= 0.0 {
        (estimate, estimate)
    } else {
        let slack = half_step(estimate);
        let (low, high) = ((estimate - slack) / sd, (estimate + slack) / sd);
        let ends = if floor { (bounded(low).0, bounded(high).1) } else { (low - Z, high + Z) };
        (ends.0 * sd, ends.1 * sd)
    };
    // What arithmetic loses must not cost a whole person.
    let rounding = 1e-9 * (1.0 + estimate.abs());
    let (lower, upper) = ((lower - rounding).ceil() as i64, (upper + rounding).floor() as i64);
    (lower.max(if floor { 0 } else { i64::MIN }).min(published), upper.max(published))
}

/// What to multiply a standard deviation with before an interval is made of it.
///
/// 1 for Gaussian noise. For Laplace noise 1.081: half of a single Laplace variable's 95% range is ln(20) / sqrt(2) =
/// 2.118 standard deviations, where the normal's is 1.960. An estimate that averages many Laplace draws is nearer to
/// normal and needs less, so this is the most that any of them needs.
pub fn multiplier(laplace: bool) -> f64 {
    if laplace { 1.081 } else { 1.0 }
}

/// Half of the grid on which noise moves this estimate, where that is seen to be a whole or up to a fourth of one;
/// otherwise 0. A sum of whole draws is whole, the mean of two lies on halves; least squares over unequal variances
/// leaves no grid.
pub(super) fn half_step(estimate: f64) -> f64 {
    let on_grid = |parts: &f64| (estimate * parts - (estimate * parts).round()).abs() < 1e-6;
    [1.0, 2.0, 3.0, 4.0].into_iter().find(on_grid).map_or(0.0, |parts| 0.5 / parts)
}

/// The interval of a mean that is at least 0, from an observation `x` of it with normal noise of standard deviation 1.
pub(super) fn bounded(x: f64) -> (f64, f64) {
    let entry = |at: usize| BELT[at.min(STEPS)].above;
    let lower = if x >= 2.0 * Z { x - Z } else { x - entry(BELT.partition_point(|it| it.highest < x)) };
    let upper = if x >= 0.0 {
        x + Z
    } else {
        let above = entry(BELT.partition_point(|it| it.lowest < x));
        // The positive root of m^2 - 2 x m - above^2, without its cancellation.
        above * above / (x.hypot(above) - x)
    };
    (lower.max(0.0), upper)
}

/// Above this mean the bound is too far off to matter, and the acceptance region is symmetric.
const STEPS: usize = 1024;

/// The acceptance region of one mean.
struct Accepted {
    /// Its lower end; minus infinity for a mean of 0.
    lowest: f64,
    /// Its upper end.
    highest: f64,
    /// How far the upper end lies above the mean.
    above: f64,
}

/// Acceptance regions for means from 0 to `Z`. `bounded` takes the wider of two neighbours, at most 0.0005 too wide.
static BELT: LazyLock<Vec<Accepted>> = LazyLock::new(|| {
    let region = |step: usize| {
        let mean = step as f64 * Z / STEPS as f64;
        let above = reach_above(mean);
        Accepted { lowest: mean - reach_below(mean, above), highest: mean + above, above }
    };
    (0..=STEPS).map(region).collect()
});

/// How far the region reaches below a mean: the two ends have the same likelihood ratio. For observations below 0 the
/// likeliest mean is 0, so that exp(x m - m^2/2) = exp(-above^2/2).
fn reach_below(mean: f64, above: f64) -> f64 {
    mean / 2.0 + above * above / (2.0 * mean)
}

/// How far the region reaches above a mean between 0 and `Z`, so that it holds 95% of the observations.
fn reach_above(mean: f64) -> f64 {
    let (mut low, mut high) = (1.0, Z);
    for _ in 0..60 {
        let middle = (low + high) / 2.0;
        let held = normal(middle) - normal(-reach_below(mean, middle));
        if held < 0.95 { low = middle } else { high = middle }
    }
    high
}

/// The standard normal distribution function, to 1e-12 and better (Marsaglia, Journal of Statistical Software 11 (2004)
/// issue 4).
fn normal(x: f64) -> f64 {
    if x.abs() > 7.5 {
        return if x > 0.0 { 1.0 } else { 0.0 };
    }
    let (mut term, mut sum, mut odd) = (x, x, 1.0);
    while term.abs() > 1e-18 {
        odd += 2.0;
        term *= x * x / odd;
        sum += term;
    }
    let density = (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt();
    0.5 + density * sum
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// True counts and standard deviations of the noise that coverage is computed for.
    const TRUTHS: [i64; 9] = [0, 1, 2, 3, 5, 10, 20, 100, 1000];
    const DEVIATIONS: [f64; 7] = [0.5, 1.0, 2.0, 3.0, 10.0, 40.0, 200.0];

    /// How often the interval holds the truth, the estimates and their odds given. Nothing is drawn: the sum is over
    /// all the noise there is, so the tests below cannot fail by chance.
    fn coverage(truth: i64, sd: f64, estimates: impl Iterator<Item = (f64, f64)>) -> f64 {
        let (mut held, mut all) = (0.0, 0.0);
        for (estimate, odds) in estimates {
            let published = (estimate.round() as i64).max(0);
            let (lower, upper) = count(estimate, sd, published, true);
            assert!(0 <= lower && lower <= published && published <= upper);
            held += if (lower..=upper).contains(&truth) { odds } else { 0.0 };
            all += odds;
        }
        held / all
    }

    /// Normal noise in 24,000 steps, off every grid.
    fn continuous(truth: i64, sd: f64) -> impl Iterator<Item = (f64, f64)> {
        let places = (-12_000..12_000).map(|step| (f64::from(step) + 0.456_789_123) / 2000.0);
        places.map(move |z| (truth as f64 + z * sd, (-0.5 * z * z).exp()))
    }

    /// Whole noise, as OpenDP draws it: discrete Gaussian of this scale.
    fn discrete(truth: i64, sd: f64) -> impl Iterator<Item = (f64, f64)> {
        let most = (sd * 8.0).ceil() as i64 + 8;
        (-most..=most).map(move |noise| ((truth + noise) as f64, (-0.5 * (noise as f64 / sd).powi(2)).exp()))
    }

    #[test]
    fn the_belt_is_that_of_feldman_and_cousins() {
        // x, then the interval to two places, as in their Table X at 95%: 0.00, 0.42 at -3 and so on.
        let table = [(-3.0, 0.0, 0.42), (-1.0, 0.0, 1.10), (0.0, 0.0, 1.96), (1.0, 0.0, 2.96), (2.0, 0.35, 3.96)];
        for (x, lower, upper) in table.into_iter().chain([(2.5, 0.76, 4.46), (3.0, 1.14, 4.96), (4.0, 2.04, 5.96)]) {
            let found = bounded(x);
            assert!((found.0 - lower).abs() < 0.006 && (found.1 - upper).abs() < 0.006, "{x}: {found:?}");
        }
    }

    #[test]
    fn intervals_of_counts_as_an_analyst_reads_them() {
        // Estimate, sd, published; at least 0; interval.
        let table = [
            (100.3, 10.0, 100, true, (81, 119)),
            (100.3, 10.0, 100, false, (81, 119)),
            (3.2, 10.0, 3, true, (0, 22)),
            (3.2, 10.0, 3, false, (-16, 22)),
            (-30.2, 10.0, 0, true, (0, 4)),
            (7.0, 0.0, 7, true, (7, 7)),
            (2.5, 0.0, 3, true, (3, 3)),
            // The published value is always inside, however far consistency moved it.
            (50.3, 1.0, 60, true, (49, 60)),
            // Whole noise of sd 1: from 2 standard deviations and half a person to either side.
            (9.0, 1.0, 9, true, (7, 11)),
            (f64::NAN, 1.0, 3, true, (0, i64::MAX)),
        ];
        for (estimate, sd, published, floor, interval) in table {
            assert_eq!(count(estimate, sd, published, floor), interval, "{estimate} {sd} {floor}");
        }
    }

    #[test]
    fn an_estimate_off_the_grid_covers_95_in_100_whatever_the_truth() {
        for sd in DEVIATIONS {
            for truth in TRUTHS {
                let found = coverage(truth, sd, continuous(truth, sd));
                assert!((0.9495..0.9505).contains(&found), "sd {sd}, truth {truth}: {found}");
            }
        }
    }

    #[test]
    fn whole_noise_covers_at_least_95_in_100_whatever_the_truth() {
        // The deviation, and the most that it covers: a step more or less is much where the noise is about one person.
        let table = [(0.5, 1.0), (1.0, 0.996), (2.0, 0.978), (3.0, 0.971), (10.0, 0.96), (40.0, 0.952), (200.0, 0.951)];
        for (sd, most) in table {
            for truth in TRUTHS {
                let found = coverage(truth, sd, discrete(truth, sd));
                assert!((0.9495..=most).contains(&found), "sd {sd}, truth {truth}: {found}");
            }
        }
    }

    #[test]
    fn laplace_noise_covers_at_least_95_in_100_with_its_multiplier() {
        for scale in [0.5f64, 1.0, 3.0, 20.0] {
            let p = (-1.0 / scale).exp();
            let sd = (2.0 * p).sqrt() / (1.0 - p);
            for truth in TRUTHS {
                let most = (scale * 40.0) as i64;
                let law = |noise: i64| ((truth + noise) as f64, (-(noise.abs() as f64) / scale).exp());
                let found = coverage(truth, sd * multiplier(true), (-most..=most).map(law));
                assert!((0.9495..=1.0).contains(&found), "scale {scale}, truth {truth}: {found}");
            }
        }
    }

    #[test]
    fn the_distribution_function_is_the_normals() {
        for (x, odds) in [(0.0, 0.5), (Z, 0.975), (-Z, 0.025), (1.0, 0.841_344_746_068_543), (-6.0, 9.865_876e-10)] {
            assert!((normal(x) - odds).abs() < 1e-12, "{x}: {}", normal(x));
        }
    }

    proptest! {
        #[test]
        fn an_interval_is_always_in_order_and_holds_what_is_published(
            estimate in prop_oneof![any::<f64>(), -50.0..50.0f64],
            sd in prop_oneof![any::<f64>(), 0.0..20.0f64],
            published in 0..i64::MAX,
            floor in any::<bool>(),
        ) {
            let (lower, upper) = count(estimate, sd, published, floor);
            prop_assert!(lower <= published && published <= upper && (!floor || lower >= 0));
        }

        #[test]
        fn a_greater_estimate_never_has_a_lower_interval(x in -10.0..10.0f64, more in 0.0..1.0f64) {
            let (less, greater) = (bounded(x), bounded(x + more));
            prop_assert!(less.0 <= greater.0 + 0.001 && less.1 <= greater.1 + 0.001);
        }
    }
}
