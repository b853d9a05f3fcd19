//! What tests of noise are decided by: exact laws, exact binomial bounds, and odds of a false alarm that are proved and
//! not guessed. Pure functions; both the kernel's tests and the program's use them.

use std::ops::RangeInclusive;

/// The odds of a false alarm that each test may take.
pub const ALPHA: f64 = 1e-9;

/// A law of whole numbers, by the odds of each value within a range that holds all but 1e-15 of it.
pub struct Law {
    least: i64,
    /// The odds of `least + n` or less.
    cumulative: Vec<f64>,
}

impl Law {
    /// The discrete Gaussian: the odds of x go as exp(-x^2 / 2 scale^2).
    pub fn gaussian(scale: f64) -> Law {
        Law::of(12.0 * scale, |x| (-0.5 * (x / scale).powi(2)).exp())
    }

    /// The discrete Laplace: the odds of x go as exp(-|x| / scale).
    pub fn laplace(scale: f64) -> Law {
        Law::of(40.0 * scale, |x| (-x.abs() / scale).exp())
    }

    fn of(reach: f64, weight: impl Fn(f64) -> f64) -> Law {
        let least = -(reach.ceil() as i64) - 1;
        let weights = (least..=-least).map(|x| weight(x as f64)).collect::<Vec<_>>();
        let all = weights.iter().sum::<f64>();
        let cumulative = weights.iter().scan(0.0, |sum, weight| {
            *sum += weight / all;
            Some(*sum)
        });
        Law { least, cumulative: cumulative.collect() }
    }

    /// The odds of `x` or less.
    pub fn up_to(&self, x: i64) -> f64 {
        match usize::try_from(x - self.least) {
            Ok(n) => self.cumulative[n.min(self.cumulative.len() - 1)],
            Err(_) => 0.0,
        }
    }

    /// The value below which a share `u` of the law lies: a draw, where `u` is uniform on [0, 1).
    pub fn quantile(&self, u: f64) -> i64 {
        self.least + self.cumulative.partition_point(|odds| *odds <= u) as i64
    }

    fn range(&self) -> RangeInclusive<i64> {
        self.least..=self.least + self.cumulative.len() as i64
    }

    /// The greatest distance between the shares of `draws` and the odds of the law, up to any value (Kolmogorov-Smirnov).
    pub fn distance(&self, draws: &[i64]) -> f64 {
        let mut sorted = draws.to_vec();
        sorted.sort_unstable();
        let share = |x: i64| sorted.partition_point(|draw| *draw <= x) as f64 / sorted.len() as f64;
        // Both are steps at whole numbers. Beyond the range the law has next to nothing, and the shares are at an end.
        let ends = sorted.first().into_iter().chain(sorted.last()).copied();
        self.range().chain(ends).map(|x| (share(x) - self.up_to(x)).abs()).fold(0.0, f64::max)
    }
}

/// The distance that `n` draws of any law keep from it, but for odds of `alpha` (Dvoretzky, Kiefer and Wolfowitz, with
/// Massart's constant): a theorem for every n, discrete laws included, and no approximation.
pub fn farthest(n: usize, alpha: f64) -> f64 {
    ((2.0 / alpha).ln() / (2.0 * n as f64)).sqrt()
}

/// The odds that at least `k` of `n` trials succeed, each with odds `p`.
pub fn at_least(k: u64, n: u64, p: f64) -> f64 {
    if k == 0 || p >= 1.0 {
        return 1.0;
    }
    if p <= 0.0 {
        return 0.0;
    }
    // The term at k by logarithms, the rest by ratios from term to term.
    let choose = (1..=k).map(|i| (((n - k + i) as f64) / i as f64).ln()).sum::<f64>();
    let first = choose + k as f64 * p.ln() + (n - k) as f64 * (-p).ln_1p();
    let ratios = (k..n).scan(1.0, |term, i| {
        *term *= (n - i) as f64 / (i + 1) as f64 * p / (1.0 - p);
        Some(*term)
    });
    (first + (1.0 + ratios.sum::<f64>()).ln()).exp().min(1.0)
}

/// The least odds under which `k` successes of `n` are not rarer than `alpha` (Clopper and Pearson): the true odds are
/// below it no oftener than `alpha`.
pub fn lowest(k: u64, n: u64, alpha: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..60 {
        let middle = (low + high) / 2.0;
        *(if at_least(k, n, middle) <= alpha { &mut low } else { &mut high }) = middle;
    }
    low
}

/// The greatest such odds: the true odds are above it no oftener than `alpha`.
pub fn highest(k: u64, n: u64, alpha: f64) -> f64 {
    1.0 - lowest(n - k, n, alpha)
}

/// An event's odds with one person, at least, and without, at most.
#[derive(Debug, Clone, Copy)]
pub struct Odds {
    pub with: f64,
    pub without: f64,
}

impl Odds {
    /// Of reaching `threshold`, in draws of both sides; both bounds hold but for odds of `alpha`.
    fn reaching(threshold: i64, with: &[i64], without: &[i64], alpha: f64) -> Odds {
        let count = |draws: &[i64]| draws.iter().filter(|draw| **draw >= threshold).count() as u64;
        Odds {
            with: lowest(count(with), with.len() as u64, alpha / 2.0),
            without: highest(count(without), without.len() as u64, alpha / 2.0),
        }
    }

    /// The least epsilon of any (epsilon, delta) that allows them.
    pub fn epsilon(&self, delta: f64) -> f64 {
        ((self.with - delta).max(0.0) / self.without).ln().max(0.0)
    }

    /// The least rho that allows them: for every order a, the Renyi divergence of the event's odds is within a x rho.
    pub fn rho(&self) -> f64 {
        let Odds { with: p, without: q } = *self;
        if p <= q {
            return 0.0;
        }
        // The limit at order 1 is the Kullback-Leibler divergence.
        let first = p * (p / q).ln() + (1.0 - p) * ((1.0 - p) / (1.0 - q)).ln();
        let order =
            |a: f64| (p.powf(a) * q.powf(1.0 - a) + (1.0 - p).powf(a) * (1.0 - q).powf(1.0 - a)).ln() / (a - 1.0) / a;
        (1..100).map(|n| order(1.0 + f64::from(n) / 10.0)).fold(first, f64::max)
    }
}

/// The least loss that draws with and without one person admit, but for odds of `alpha`. The event that tells them apart
/// is chosen on the first half of the draws and judged on the second, so that the choice cannot flatter it.
pub fn audit(with: &[i64], without: &[i64], alpha: f64, loss: impl Fn(&Odds) -> f64) -> f64 {
    let ((chosen_with, with), (chosen_without, without)) =
        (with.split_at(with.len() / 2), without.split_at(without.len() / 2));
    let least = chosen_without.iter().min().copied().unwrap_or(0);
    let most = chosen_with.iter().max().copied().unwrap_or(0);
    let step = ((most - least) / 100).max(1) as usize;
    let at = |threshold: i64| loss(&Odds::reaching(threshold, chosen_with, chosen_without, alpha));
    let best = (least..=most).step_by(step).max_by(|a, b| at(*a).total_cmp(&at(*b)));
    best.map_or(0.0, |threshold| loss(&Odds::reaching(threshold, with, without, alpha)))
}

#[cfg(test)]
mod tests {
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    fn draws(law: &Law, shift: i64, n: usize, seed: u64) -> Vec<i64> {
        let mut generator = ChaCha8Rng::seed_from_u64(seed);
        (0..n).map(|_| law.quantile(generator.random()) + shift).collect()
    }

    #[test]
    fn laws_are_symmetric_and_whole() {
        for law in [Law::gaussian(0.3), Law::gaussian(2.0), Law::laplace(0.5), Law::laplace(30.0)] {
            assert!((law.up_to(10_000) - 1.0).abs() < 1e-12 && law.up_to(-10_000) == 0.0);
            for x in 0..9 {
                assert!((law.up_to(-x - 1) - (1.0 - law.up_to(x))).abs() < 1e-12);
            }
            assert_eq!((law.quantile(0.5 - 1e-9), law.quantile(0.5 + 1e-9)), (0, 0));
        }
        // The odds of 0 are (1 - p) / (1 + p) with p = exp(-1 / scale).
        let (law, p) = (Law::laplace(2.0), (-0.5f64).exp());
        assert!((law.up_to(0) - law.up_to(-1) - (1.0 - p) / (1.0 + p)).abs() < 1e-12);
    }

    #[test]
    fn binomial_odds_are_those_of_the_textbook() {
        let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-12, "{a} {b}");
        close(at_least(0, 5, 0.3), 1.0);
        close(at_least(5, 5, 0.3), 0.3f64.powi(5));
        close(at_least(1, 5, 0.3), 1.0 - 0.7f64.powi(5));
        close(at_least(2, 3, 0.5), 0.5);
        // Both tails together are everything, where sums are long too.
        close(at_least(400, 1_000, 0.41) + at_least(601, 1_000, 0.59), 1.0);
    }

    #[test]
    fn clopper_and_pearson() {
        // No success of n: the true odds are above 1 - alpha^(1/n) no oftener than alpha.
        assert!((highest(0, 20, 0.05) - (1.0 - 0.05f64.powf(1.0 / 20.0))).abs() < 1e-9);
        assert_eq!((lowest(0, 20, 0.05), highest(20, 20, 0.05)), (0.0, 1.0));
        // R: binom.test(7, 20)$conf.int
        assert!(
            (lowest(7, 20, 0.025) - 0.153_909_2).abs() < 1e-6 && (highest(7, 20, 0.025) - 0.592_188_5).abs() < 1e-6
        );
    }

    #[test]
    fn the_test_of_a_law_hears_a_scale_of_seven_tenths_and_no_other() {
        let n = 9_000;
        for (right, wrong) in [
            (Law::gaussian(2.0), Law::gaussian(1.4)),
            (Law::laplace(2.0), Law::laplace(1.4)),
            (Law::laplace(1.0), Law::laplace(0.7)),
        ] {
            for seed in 0..5 {
                assert!(right.distance(&draws(&right, 0, n, seed)) < farthest(n, ALPHA));
                assert!(right.distance(&draws(&wrong, 0, n, seed)) > farthest(n, ALPHA));
                assert!(right.distance(&draws(&right, 1, n, seed)) > farthest(n, ALPHA), "a shift by 1");
            }
        }
    }

    #[test]
    fn the_audit_hears_half_the_scale_and_nothing_of_a_sound_one() {
        // Epsilon is 1, and rho one half, for noise of scale 1; each is stated, and each kernel draws 1,500 times a side.
        let n = 1_500;
        let epsilon = |law: &Law, seed| {
            audit(&draws(law, 1, n, seed), &draws(law, 0, n, seed + 100), ALPHA, |odds| odds.epsilon(0.0))
        };
        let rho = |law: &Law, seed| audit(&draws(law, 1, n, seed), &draws(law, 0, n, seed + 100), ALPHA, Odds::rho);
        for seed in 0..5 {
            let (sound, half) = (epsilon(&Law::laplace(1.0), seed), epsilon(&Law::laplace(0.5), seed));
            assert!(sound < 1.0 && half > 1.0, "epsilon {sound} {half}");
            let (sound, half) = (rho(&Law::gaussian(1.0), seed), rho(&Law::gaussian(0.5), seed));
            assert!(sound < 0.5 && half > 0.5, "rho {sound} {half}");
            // Nor is a sound kernel's bound nothing: the audit hears that someone is there.
            assert!(sound > 0.0, "rho {sound}");
        }
    }
}
