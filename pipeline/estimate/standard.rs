//! Takes released counts and populations by age band.
//! Gives directly standardised rates on the European Standard Population of 2013, with intervals that hold the noise
//! and, where the author asks for it, the sampling error.
//! Never sees a private value.

use super::interval::{Figure, Z, bounded};
use super::ratio::{Sampling, Side, byar, ratio_variance, recovered};

/// European Standard Population 2013, people in the age bands 0-4, 5-9, ... 85-89, 90 and over: 100,000 in all (Eurostat,
/// "Revision of the European Standard Population", 2013, with 90-94 and 95 and over as one). The same for both sexes.
pub const ESP_2013: [u32; 19] =
    [5000, 5500, 5500, 5500, 6000, 6000, 6500, 7000, 7000, 7000, 7000, 6500, 6000, 5500, 5000, 4000, 2500, 1500, 1000];

/// One age band of one sex, or of both pooled ([`Side::pooled`]).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stratum {
    /// People of the standard population in it: see [`weights`]. Where each sex is a stratum of its own, both have it.
    pub weight: f64,
    /// The people counted.
    pub of: Side,
    /// The population.
    pub over: Side,
    /// The covariance of the two sides' noise.
    pub covariance: f64,
}

/// The standard population of age bands that begin at `edges`, in years: each but the last ends where the next begins,
/// the last before `until`, or never. Ages below the first edge and from `until` up are left out of the standard.
///
/// `None` where there is no band, an age is not a multiple of 5 (the standard is not known within its bands) or above
/// 90, or the ages do not ascend.
pub fn weights(edges: &[u32], until: Option<u32>) -> Option<Vec<f64>> {
    let band = |age: u32| (age.is_multiple_of(5) && age <= 90).then_some(age as usize / 5);
    let mut places = edges.iter().map(|&edge| band(edge)).collect::<Option<Vec<_>>>()?;
    places.push(until.map_or(Some(ESP_2013.len()), band)?);
    let ascending = places.len() > 1 && places.windows(2).all(|pair| pair[0] < pair[1]);
    let people = |pair: &[usize]| f64::from(ESP_2013[pair[0]..pair[1]].iter().sum::<u32>());
    ascending.then(|| places.windows(2).map(people).collect())
}

/// The directly standardised rate, times `per`: the mean of the strata's rates, weighted by the standard population.
///
/// The noise is that of both sides, by the delta method, about the unbiased estimates; its lower limit knows that a rate
/// is at least 0. With `sampled`, Dobson's limits are added by the squares of distances, as in [`super::ratio::ratio`]:
/// with O events in all, Byar's limits L and U of them, and V the variance of the rate, the distances are
/// sqrt(V/O) (O - L) and sqrt(V/O) (U - O) (Dobson et al., Statistics in Medicine 10 (1991) 457; Fingertips technical
/// guide "Confidence Intervals", appendix 4). Where nobody was counted, V/O is that of the stratum in which one person
/// would weigh most (as Fay and Feuer, Statistics in Medicine 16 (1997) 791). OHID gives no such rate on fewer than 10
/// events: a rule that an author can state.
///
/// `None` where there is no stratum, or the population of one that has a weight may be nobody.
pub fn standardised(strata: &[Stratum], per: f64, sampled: bool) -> Option<Figure> {
    let strata = strata.iter().filter(|it| it.weight != 0.0).collect::<Vec<_>>();
    let whole = strata.iter().map(|it| it.weight).sum::<f64>();
    if strata.is_empty() || !whole.is_finite() || strata.iter().any(|it| it.weight < 0.0) {
        return None;
    }
    let (mut value, mut unbiased, mut noise) = (0.0, 0.0, 0.0);
    for Stratum { weight, of, over, covariance } in &strata {
        let weight = weight / whole;
        noise += weight * weight * ratio_variance(*of, *over, *covariance, 1.0, Sampling::None)?;
        value += weight * of.value / over.value;
        unbiased += weight * of.unbiased / over.unbiased;
    }
    let (point, sd) = (unbiased.max(0.0), noise.sqrt());
    let lower = if sd > 0.0 { bounded(unbiased / sd).0 * sd } else { point };
    let noise = (lower, point + Z * sd);
    let limits = if sampled { recovered(point, noise, dobson(point, &strata, whole)) } else { noise };
    Figure::new(value * per, limits.0.max(0.0) * per, limits.1 * per)
}

/// Dobson's limits about `point`, from the published counts.
fn dobson(point: f64, strata: &[&Stratum], whole: f64) -> (f64, f64) {
    let events = strata.iter().map(|it| it.of.value.max(0.0)).sum::<f64>();
    let one = |it: &&Stratum| it.weight / whole / it.over.value;
    let scale = if events > 0.0 {
        let variance = strata.iter().map(|it| one(it).powi(2) * it.of.value.max(0.0)).sum::<f64>();
        (variance / events).sqrt()
    } else {
        strata.iter().map(one).fold(0.0, f64::max)
    };
    let (lower, upper) = byar(events);
    (point - scale * (events - lower), point + scale * (upper - events))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    fn stratum(weight: f64, events: f64, population: f64, sd: f64) -> Stratum {
        let of = Side { value: events, unbiased: events, variance: sd * sd };
        Stratum { weight, of, over: Side::public(population), covariance: 0.0 }
    }

    fn rounded(figure: Option<Figure>) -> Option<(f64, f64, f64)> {
        let round = |it: f64| (it * 100.0).round() / 100.0;
        figure.map(|it| (round(it.value()), round(it.interval().0), round(it.interval().1)))
    }

    #[test]
    fn the_standard_population_is_100_000_people() {
        assert_eq!(ESP_2013.iter().sum::<u32>(), 100_000);
        let every_five = (0..19).map(|band| band * 5).collect::<Vec<_>>();
        assert_eq!(weights(&every_five, None).unwrap(), ESP_2013.map(f64::from));
    }

    #[test]
    fn bands_of_a_report_add_up_the_standards_own() {
        // Bands, end, and people by hand.
        let table = [
            (vec![0, 15, 25, 45, 65, 75], None, Some(vec![16000.0, 11500.0, 26500.0, 26500.0, 10500.0, 9000.0])),
            (vec![15, 45], Some(65), Some(vec![38000.0, 26500.0])),
            (vec![0], None, Some(vec![100_000.0])),
            (vec![0, 16], None, None),
            (vec![0, 95], None, None),
            (vec![15, 15], None, None),
            (vec![15, 45], Some(45), None),
            (vec![], None, None),
        ];
        for (edges, until, people) in table {
            assert_eq!(weights(&edges, until), people, "{edges:?} {until:?}");
        }
    }

    #[test]
    fn a_rate_of_two_bands_as_worked_by_hand() {
        // 20 of 1,000 and 45 of 500, weighed 3 to 1: (0.02 x 3 + 0.09) / 4 = 37.5 per 1,000.
        let strata = [stratum(3.0, 20.0, 1000.0, 0.0), stratum(1.0, 45.0, 500.0, 0.0)];
        assert_eq!(rounded(standardised(&strata, 1000.0, false)), Some((37.5, 37.5, 37.5)));
        // V = (0.75/1000)^2 x 20 + (0.25/500)^2 x 45 = 22.5e-6; sqrt(V/65) = 0.000588; Byar for 65: 50.16 and 82.85.
        assert_eq!(rounded(standardised(&strata, 1000.0, true)), Some((37.5, 28.77, 48.0)));
        // Noise of 8 people in each: sd 8 x sqrt(0.75^2 + 0.5^2) per 1,000 = 7.21, and 14.13 to either side.
        let noisy = [stratum(3.0, 20.0, 1000.0, 8.0), stratum(1.0, 45.0, 500.0, 8.0)];
        assert_eq!(rounded(standardised(&noisy, 1000.0, false)), Some((37.5, 23.37, 51.63)));
        // Both: 37.5 - sqrt(14.13^2 + 8.73^2) and 37.5 + sqrt(14.13^2 + 10.5^2).
        assert_eq!(rounded(standardised(&noisy, 1000.0, true)), Some((37.5, 20.89, 55.11)));
    }

    #[test]
    fn a_rate_of_one_band_is_the_crude_rate_with_byars_limits() {
        let found = standardised(&[stratum(100_000.0, 65.0, 1000.0, 0.0)], 1000.0, true);
        assert_eq!(rounded(found), Some((65.0, 50.16, 82.85)));
    }

    #[test]
    fn nobody_counted_is_zero_with_an_upper_limit() {
        // Byar's upper limit for 0 is 3.67 people, each at most 0.25/500.
        let strata = [stratum(3.0, 0.0, 4000.0, 0.0), stratum(1.0, 0.0, 500.0, 0.0)];
        assert_eq!(rounded(standardised(&strata, 1000.0, true)), Some((0.0, 0.0, 1.83)));
        assert_eq!(rounded(standardised(&strata, 1000.0, false)), Some((0.0, 0.0, 0.0)));
    }

    #[test]
    fn an_empty_band_has_no_rate_unless_it_has_no_weight() {
        let empty = stratum(1.0, 0.0, 0.0, 0.0);
        assert_eq!(standardised(&[stratum(3.0, 20.0, 1000.0, 0.0), empty], 1000.0, true), None);
        let unused = Stratum { weight: 0.0, ..empty };
        assert!(standardised(&[stratum(3.0, 20.0, 1000.0, 0.0), unused], 1000.0, true).is_some());
        let noisy = Side { value: 15.0, unbiased: 15.0, variance: 100.0 };
        assert_eq!(standardised(&[Stratum { over: noisy, ..stratum(1.0, 4.0, 0.0, 0.0) }], 1000.0, true), None);
        assert_eq!(standardised(&[], 1000.0, true), None);
    }

    #[test]
    fn two_sexes_pooled_are_one_stratum() {
        let sexes =
            [Side { value: 8.0, unbiased: 7.5, variance: 4.0 }, Side { value: 12.0, unbiased: 12.5, variance: 5.0 }];
        assert_eq!(Side::pooled(&sexes), Side { value: 20.0, unbiased: 20.0, variance: 9.0 });
    }

    /// 20,000 draws with a fixed seed: a coverage of 95% lies within 94 and 96.5% with odds above 1 - 1e-9.
    #[test]
    fn the_interval_covers_95_in_100_for_noise_and_sampling() {
        let mut random = ChaCha8Rng::seed_from_u64(2013);
        let law = [(3.0, 30.0, 1000.0), (2.0, 25.0, 800.0), (1.0, 40.0, 500.0)];
        let truth = law.iter().map(|(weight, mean, people)| weight / 6.0 * mean / people).sum::<f64>();
        let mut held = 0;
        for _ in 0..20_000 {
            let strata = law.map(|(weight, mean, people)| {
                let unbiased = poisson(&mut random, mean) + 5.0 * gaussian(&mut random);
                let of = Side { value: unbiased.round().max(0.0), unbiased, variance: 25.0 };
                Stratum { weight, of, over: Side::public(people), covariance: 0.0 }
            });
            let (lower, upper) = standardised(&strata, 1.0, true).unwrap().interval();
            held += i32::from((lower..=upper).contains(&truth));
        }
        assert!((18_800..19_300).contains(&held), "{held}");
    }

    fn gaussian(random: &mut ChaCha8Rng) -> f64 {
        let (one, other) = (random.random::<f64>(), random.random::<f64>());
        (-2.0 * (1.0 - one).ln()).sqrt() * (2.0 * std::f64::consts::PI * other).cos()
    }

    /// Counts arrivals until the time is up.
    fn poisson(random: &mut ChaCha8Rng, mean: f64) -> f64 {
        let (mut time, mut events) = (0.0, -1.0);
        while time < mean {
            time -= (1.0 - random.random::<f64>()).ln();
            events += 1.0;
        }
        events
    }

    proptest! {
        #[test]
        fn whatever_is_given_a_rate_is_finite_and_in_its_interval(
            numbers in prop::collection::vec(prop::array::uniform5(prop_oneof![Just(0.0), 0.0..2000.0f64, any::<f64>()]), 0..4),
            per in any::<f64>(),
            sampled in any::<bool>(),
        ) {
            let strata = numbers.iter().map(|&[weight, events, people, noise, more]| Stratum {
                weight,
                of: Side { value: events, unbiased: events - noise, variance: noise },
                over: Side { value: people, unbiased: people, variance: more },
                covariance: more,
            });
            if let Some(found) = standardised(&strata.collect::<Vec<_>>(), per, sampled) {
                let (lower, upper) = found.interval();
                prop_assert!(lower.is_finite() && upper.is_finite());
                prop_assert!(lower <= found.value() && found.value() <= upper);
            }
        }
    }
}
