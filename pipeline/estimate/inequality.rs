//! Takes the released rates of deprivation bands, ordered from the most deprived to the least.
//! Gives the slope and relative indices of inequality in either convention, the population attributable risk, and the
//! absolute and relative range, each with its interval.
//! Never sees a private value.
//!
//! With y the bands' rates, a their population shares (adding up to 1), and b the middle of each band's range in the
//! cumulative population, sqrt(a) y is regressed on sqrt(a) and sqrt(a) b without an intercept: a regression of y on b
//! weighted by a, whose line is alpha + beta b. The line runs from alpha at the most deprived end to alpha + beta at the
//! least deprived. With m the mean rate, the sum of a y:
//!
//! | figure | `phe` | `scotpho` |
//! |---|---|---|
//! | SII | beta | -beta |
//! | RII | (alpha + beta) / alpha | -beta / m |
//! | PAR | | 100 s / (s + 1), where s is the sum of (y / y of the least deprived - 1) a |
//! | absolute range | | y of the most deprived less y of the least |
//! | relative range | | y of the most deprived over y of the least |
//!
//! PAR and ranges are ScotPHO's, and the same under both names. Sources: PHEindicatormethods, `phe_sii`, after Low and Low,
//! Journal of Public Health 26 (2004) 388 (OHID, Fingertips technical guidance); ScotPHO, "Measuring socio-economic
//! inequalities in health: a practical guide" (2007), and its `inequality_measures` in scotpho-indicator-production.
//! Either tool's intervals leave out what ours are for: ScotPHO's are the scatter about the line (and none for PAR and
//! ranges), PHE's are simulated from the bands' limits. Here every figure is a weighted sum of the rates, or one over
//! another, so the interval follows from the rates' covariance: exactly, or by Fieller's theorem.

use super::interval::{Figure, Z};
use super::ratio::fieller;

/// One band.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Band {
    /// Its rate, in any unit.
    pub rate: f64,
    /// Its population, or its share of it: at least 0, on any one scale.
    pub population: f64,
}

/// Which definition of SII and RII a board uses: the two differ in sign and in what the RII is relative to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Convention {
    /// Public Health England, now OHID: SII is positive where the least deprived have the higher rate.
    Phe,
    /// ScotPHO: SII is positive where the most deprived have the higher rate.
    ScotPho,
}

/// The measures of inequality; each `None`, not applicable, where it cannot be told from a division by 0.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Inequality {
    /// Slope index, in the rate's unit.
    pub sii: Option<Figure>,
    /// Relative index, a ratio.
    pub rii: Option<Figure>,
    /// Population attributable risk: by how many per cent the whole rate would fall, had all bands the least deprived
    /// band's rate. At most 100.
    pub par: Option<Figure>,
    /// Rate of the most deprived less that of the least deprived band.
    pub absolute_range: Option<Figure>,
    /// Rate of the most deprived over that of the least deprived band.
    pub relative_range: Option<Figure>,
}

/// All measures. `bands` from the most deprived to the least; `covariance` that of two bands' rates, a band's variance
/// where both are the same: noise, and sampling error if the author wants it in ([`super::ratio::ratio_variance`]).
///
/// Bands of no people are left out. With fewer than two others, or any number that is not finite, there is no measure.
pub fn inequality(bands: &[Band], covariance: &dyn Fn(usize, usize) -> f64, convention: Convention) -> Inequality {
    let peopled = (0..bands.len()).filter(|&at| bands[at].population != 0.0).collect::<Vec<_>>();
    let sound = bands.iter().all(|band| band.rate.is_finite() && band.population.is_finite() && band.population >= 0.0);
    let population = bands.iter().map(|band| band.population).sum::<f64>();
    if peopled.len() < 2 || !sound || !population.is_finite() {
        return Inequality::default();
    }
    let rates = peopled.iter().map(|&at| bands[at].rate).collect::<Vec<_>>();
    let shares = peopled.iter().map(|&at| bands[at].population / population).collect::<Vec<_>>();
    let forms = Forms { rates: &rates, covariance: &|one, other| covariance(peopled[one], peopled[other]) };
    let (alpha, beta) = line(&shares);
    let minus_beta = scaled(&beta, -1.0);
    let (most, least) = (only(0, rates.len()), only(rates.len() - 1, rates.len()));
    let (sii, rii) = match convention {
        Convention::Phe => (forms.sum(&beta), forms.over(&added(&alpha, &beta), &alpha)),
        Convention::ScotPho => (forms.sum(&minus_beta), forms.over(&minus_beta, &shares)),
    };
    Inequality {
        sii,
        rii,
        // s + 1 is the mean over the least deprived band's rate, so s / (s + 1) is 1 less the reverse.
        par: forms.over(&least, &shares).and_then(|it| {
            let (low, high) = it.interval();
            Figure::new(100.0 * (1.0 - it.value()), 100.0 * (1.0 - high), 100.0 * (1.0 - low.max(0.0)))
        }),
        absolute_range: forms.sum(&added(&most, &scaled(&least, -1.0))),
        relative_range: forms
            .over(&most, &least)
            .and_then(|it| Figure::new(it.value(), it.interval().0.max(0.0), it.interval().1)),
    }
}

/// The weights with which the rates add up to the line's start and to its slope.
fn line(shares: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let mut below = 0.0;
    let middles = shares.iter().map(|share| {
        below += share;
        below - share / 2.0
    });
    let middles = middles.collect::<Vec<_>>();
    // The shares add up to 1, and so their mean rank is one half.
    let off = |at: usize| middles[at] - 0.5;
    let spread = (0..shares.len()).map(|at| shares[at] * off(at) * off(at)).sum::<f64>();
    let slope = (0..shares.len()).map(|at| shares[at] * off(at) / spread).collect::<Vec<_>>();
    let start = (0..shares.len()).map(|at| shares[at] - 0.5 * slope[at]).collect();
    (start, slope)
}

fn only(band: usize, bands: usize) -> Vec<f64> {
    (0..bands).map(|at| if at == band { 1.0 } else { 0.0 }).collect()
}

fn scaled(form: &[f64], by: f64) -> Vec<f64> {
    form.iter().map(|weight| weight * by).collect()
}

fn added(one: &[f64], other: &[f64]) -> Vec<f64> {
    one.iter().zip(other).map(|(one, other)| one + other).collect()
}

/// Weighted sums of the rates.
struct Forms<'a> {
    rates: &'a [f64],
    covariance: &'a dyn Fn(usize, usize) -> f64,
}

impl Forms<'_> {
    fn value(&self, form: &[f64]) -> f64 {
        form.iter().zip(self.rates).map(|(weight, rate)| weight * rate).sum()
    }

    fn covariance(&self, one: &[f64], other: &[f64]) -> f64 {
        let row = |at: usize| (0..other.len()).map(|by| other[by] * (self.covariance)(at, by)).sum::<f64>();
        (0..one.len()).map(|at| one[at] * row(at)).sum()
    }

    fn variance(&self, form: &[f64]) -> f64 {
        let variance = self.covariance(form, form);
        // A sum of squares that rounding took below 0; but what is not a number stays so, and gives no figure.
        if variance < 0.0 { 0.0 } else { variance }
    }

    /// One weighted sum.
    fn sum(&self, form: &[f64]) -> Option<Figure> {
        let (value, reach) = (self.value(form), Z * self.variance(form).sqrt());
        Figure::new(value, value - reach, value + reach)
    }

    /// One weighted sum over another, which must be clear of 0.
    fn over(&self, of: &[f64], over: &[f64]) -> Option<Figure> {
        let (a, b) = ((self.value(of), self.variance(of)), (self.value(over), self.variance(over)));
        if b.0.is_nan() || b.0 <= 0.0 {
            return None;
        }
        let limits = fieller(a, b, self.covariance(of, over), Z)?;
        Figure::new(a.0 / b.0, limits.0, limits.1)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bands(rates: &[f64], populations: &[f64]) -> Vec<Band> {
        rates.iter().zip(populations).map(|(&rate, &population)| Band { rate, population }).collect()
    }

    fn rounded(figure: Option<Figure>) -> (f64, f64, f64) {
        let round = |it: f64| (it * 1000.0).round() / 1000.0;
        let figure = figure.expect("there is a figure");
        (round(figure.value()), round(figure.interval().0), round(figure.interval().1))
    }

    fn all(found: &Inequality) -> [Option<Figure>; 5] {
        [found.sii, found.rii, found.par, found.absolute_range, found.relative_range]
    }

    fn independent(variance: f64) -> impl Fn(usize, usize) -> f64 {
        move |one, other| if one == other { variance } else { 0.0 }
    }

    #[test]
    fn five_equal_bands_as_worked_by_hand() {
        // Rates fall by 10 from band to band, that is by 50 from the one end to the other: the line is 55 - 50 b.
        let bands = bands(&[50.0, 40.0, 30.0, 20.0, 10.0], &[200.0; 5]);
        let exact = |convention| inequality(&bands, &|_, _| 0.0, convention);
        let (phe, scotpho) = (exact(Convention::Phe), exact(Convention::ScotPho));
        let value = |figure: Option<Figure>| (figure.expect("there is one").value() * 1e4).round() / 1e4;
        assert_eq!((value(phe.sii), value(phe.rii)), (-50.0, 0.0909)); // 5 / 55
        assert_eq!((value(scotpho.sii), value(scotpho.rii)), (50.0, 1.6667)); // 50 / 30
        for found in [phe, scotpho] {
            assert_eq!(value(found.par), 66.6667); // s = (40 + 30 + 20 + 10 + 0) / 10 / 5 = 2, so 2/3
            assert_eq!((value(found.absolute_range), value(found.relative_range)), (40.0, 5.0));
        }
    }

    #[test]
    fn two_unequal_bands_as_worked_by_hand() {
        // A quarter of the people at 40, three quarters at 20: middles 1/8 and 5/8, so the slope is -20 / (1/2) = -40,
        // and the line starts at 45. The mean is 25.
        let bands = bands(&[40.0, 20.0], &[1.0, 3.0]);
        let phe = inequality(&bands, &independent(1.0), Convention::Phe);
        // The slope's variance is (2^2 + 2^2) x 1.
        assert_eq!(rounded(phe.sii), (-40.0, -45.544, -34.456));
        assert_eq!(rounded(phe.absolute_range), (20.0, 17.228, 22.772));
        let scotpho = inequality(&bands, &independent(1.0), Convention::ScotPho);
        assert_eq!(rounded(scotpho.sii), (40.0, 34.456, 45.544));
        assert_eq!(rounded(scotpho.rii).0, 1.6);
        assert_eq!(rounded(scotpho.par).0, 20.0); // 1 - 20/25
        // Fieller for 40/20, each within 1: bottom 400 - 3.841, middle 800.
        let (bottom, root) = (400.0 - Z * Z, Z * (2000.0 - Z * Z).sqrt());
        let limits = [(800.0 - root) / bottom, (800.0 + root) / bottom].map(|it| (it * 1000.0f64).round() / 1000.0);
        assert_eq!(rounded(scotpho.relative_range), (2.0, limits[0], limits[1]));
    }

    #[test]
    fn par_is_that_of_the_published_formula() {
        let (rates, shares) = ([31.0, 24.0, 25.0, 18.0, 12.5], [0.25, 0.21, 0.2, 0.18, 0.16]);
        let s = rates.iter().zip(&shares).map(|(rate, share)| (rate / 12.5 - 1.0) * share).sum::<f64>();
        let found =
            inequality(&bands(&rates, &shares), &independent(0.5), Convention::ScotPho).par.expect("there is one");
        assert!((found.value() - 100.0 * s / (s + 1.0)).abs() < 1e-9);
    }

    #[test]
    fn the_line_is_that_of_the_regression_on_square_roots() {
        let shares = [0.31, 0.07, 0.22, 0.25, 0.15];
        let rates = [9.0, 14.0, 3.0, 8.0, 1.0];
        let (alpha, beta) = line(&shares);
        let sum = |form: &[f64]| form.iter().zip(&rates).map(|(weight, rate)| weight * rate).sum::<f64>();
        // Residuals of sqrt(a) y are orthogonal to sqrt(a) and to sqrt(a) b: the normal equations.
        let (mut below, mut with_root, mut with_rank) = (0.0, 0.0, 0.0);
        for (share, rate) in shares.iter().zip(&rates) {
            let rank = below + share / 2.0;
            let residual = f64::sqrt(*share) * (rate - sum(&alpha) - sum(&beta) * rank);
            with_root += f64::sqrt(*share) * residual;
            with_rank += f64::sqrt(*share) * rank * residual;
            below += share;
        }
        assert!(with_root.abs() < 1e-12 && with_rank.abs() < 1e-12, "{with_root} {with_rank}");
    }

    #[test]
    fn noise_that_all_bands_share_leaves_the_slope_alone() {
        let bands = bands(&[50.0, 40.0, 30.0, 20.0, 10.0], &[200.0; 5]);
        let shared = inequality(&bands, &|_, _| 4.0, Convention::Phe);
        assert_eq!(rounded(shared.sii), (-50.0, -50.0, -50.0));
        assert_eq!(rounded(shared.absolute_range), (40.0, 40.0, 40.0));
    }

    #[test]
    fn nothing_is_divided_by_what_may_be_nothing() {
        let rates = bands(&[50.0, 40.0, 30.0, 20.0, 1.0], &[200.0; 5]);
        let found = inequality(&rates, &independent(1.0), Convention::ScotPho);
        assert!(found.relative_range.is_none() && found.par.is_some() && found.sii.is_some());
        let nobody = inequality(&bands(&[0.0; 5], &[200.0; 5]), &|_, _| 0.0, Convention::Phe);
        assert_eq!((rounded(nobody.sii), nobody.rii, nobody.par), ((0.0, 0.0, 0.0), None, None));
        let nowhere = inequality(&bands(&[5.0, 4.0], &[0.0; 2]), &|_, _| 0.0, Convention::Phe);
        assert_eq!(nowhere, Inequality::default());
        // An empty band is left out, wherever it is.
        let gap = inequality(&bands(&[40.0, 9.0, 20.0], &[1.0, 0.0, 3.0]), &independent(1.0), Convention::Phe);
        assert_eq!(rounded(gap.sii), (-40.0, -45.544, -34.456));
    }

    proptest! {
        #[test]
        fn whatever_is_given_a_measure_is_finite_and_in_its_interval(
            rates in prop::collection::vec(prop_oneof![Just(0.0), -10.0..100.0f64, any::<f64>()], 0..7),
            populations in prop::collection::vec(prop_oneof![Just(0.0), 0.0..100.0f64, any::<f64>()], 0..7),
            variance in prop_oneof![0.0..5.0f64, any::<f64>()],
            of_two in prop_oneof![-1.0..1.0f64, any::<f64>()],
        ) {
            let covariance = |one, other| if one == other { variance } else { of_two };
            for convention in [Convention::Phe, Convention::ScotPho] {
                for figure in all(&inequality(&bands(&rates, &populations), &covariance, convention)).into_iter().flatten() {
                    let (lower, upper) = figure.interval();
                    prop_assert!(lower.is_finite() && upper.is_finite());
                    prop_assert!(lower <= figure.value() && figure.value() <= upper);
                }
            }
        }

        /// The interval of the slope is as exact as its normal noise: see that its reach is 1.96 standard deviations of
        /// the slope over noise of one band at a time.
        #[test]
        fn the_slopes_variance_is_that_of_its_weights(at in 0..5usize, sd in 0.1..5.0f64) {
            let rates = [50.0, 40.0, 30.0, 20.0, 10.0];
            let moved = |by: f64| {
                let mut rates = rates;
                rates[at] += by;
                inequality(&bands(&rates, &[0.3, 0.2, 0.1, 0.25, 0.15]), &|_, _| 0.0, Convention::Phe).sii.unwrap().value()
            };
            let noise = |one, other| if one == at && other == at { sd * sd } else { 0.0 };
            let found = inequality(&bands(&rates, &[0.3, 0.2, 0.1, 0.25, 0.15]), &noise, Convention::Phe).sii.unwrap();
            prop_assert!((found.reach() - Z * (moved(sd) - moved(0.0)).abs()).abs() < 1e-9);
        }
    }
}
