//! The draw: a grant and the private vectors it was given for go in, noised vectors come out.
//! This is the one place where a private value becomes a released one.

use std::num::NonZero;
use std::thread;

use super::bounds::LIMIT;
use super::exact::Exact;
use super::ledger::{Grant, PlannedVector, Reservation};
use super::noise::Calibrated;
use super::private::Private;
use super::released::Released;
use crate::error::{Error, Result};

/// Fewest cells that are worth a thread: noise takes about ten microseconds a cell.
const CHUNK: usize = 256;

/// Noises every vector of one grant, which is used up by it.
///
/// All checks come before the first noise. They look at plans and sizes, which are public; the one
/// that looks at values can only fail where a plan did not prove its sums, and says nothing of them.
///
/// Errors: [`Error::Privacy`] where the vectors are not those that were reserved.
pub(super) fn draw_all(grant: Grant, vectors: Vec<Private<Vec<i64>>>) -> Result<Vec<Released>> {
    let Reservation { loss, vectors: plan, roles, .. } = grant.used();
    let charges = Exact::sum(plan.iter().map(|vector| vector.noise.charge()));
    if charges > loss.amount {
        return Err(Error::Privacy("the vectors cost more than was reserved for them".into()));
    }
    if vectors.len() != plan.len() {
        let (given, planned) = (vectors.len(), plan.len());
        return Err(Error::Privacy(format!("{planned} vectors were reserved and {given} measured")));
    }
    for (planned, vector) in plan.iter().zip(&vectors) {
        check_shape(planned, vector)?;
        if let Some(role) = roles.iter().find(|role| !vector.protects(**role)) {
            return Err(Error::Privacy(format!("nothing was proved of `{}` for the {role}", planned.name)));
        }
    }
    let vectors: Vec<Vec<i64>> = vectors.into_iter().map(Private::into_inner).collect();
    if vectors.iter().flatten().any(|value| !(-LIMIT..=LIMIT).contains(value)) {
        return Err(Error::Privacy("a sum is outside the range that its plan should have proved".into()));
    }
    plan.into_iter().zip(vectors).map(|(planned, cells)| draw_one(planned, &cells)).collect()
}

/// A vector may be noised under a plan only where it has the plan's cells and bounds no looser.
fn check_shape(planned: &PlannedVector, vector: &Private<Vec<i64>>) -> Result<()> {
    let (name, len) = (&planned.name, planned.len);
    if vector.len() != len {
        return Err(Error::Privacy(format!(
            "`{name}` was reserved with {len} cells and measured with {}",
            vector.len()
        )));
    }
    if vector.bounds().is_some_and(|proved| !planned.noise.bounds().covers(proved)) {
        return Err(Error::Privacy(format!("`{name}` was measured with looser bounds than were reserved")));
    }
    Ok(())
}

/// One vector, over all the processors. Noise is independent in every cell, so the parts of a vector
/// may be drawn apart; each part is checked against the cost of the whole vector.
fn draw_one(planned: PlannedVector, cells: &[i64]) -> Result<Released> {
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let size = cells.len().div_ceil(threads).max(CHUNK);
    let noise = &planned.noise;
    let parts: Vec<Result<Vec<i64>>> = thread::scope(|scope| {
        let started: Vec<_> = cells.chunks(size).map(|part| scope.spawn(|| draw_part(noise, part))).collect();
        let lost = |_| Err(Error::System("a thread that drew noise was lost".into()));
        started.into_iter().map(|thread| thread.join().unwrap_or_else(lost)).collect()
    });
    let mut values = Vec::with_capacity(cells.len());
    for part in parts {
        values.extend(part?);
    }
    Ok(Released::minted(planned, values))
}

/// OpenDP's measurements cannot move between threads, so each thread builds, checks and invokes its own.
fn draw_part(noise: &Calibrated, cells: &[i64]) -> Result<Vec<i64>> {
    let noised = noise.mechanism().noise(noise, &cells.to_vec())?;
    if noised.len() == cells.len() {
        Ok(noised)
    } else {
        Err(Error::System("the noise came back with another number of cells".into()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::ledger::{Key32, Ledger, Limits, Request, Role};
    use super::super::noise::{Mechanism, calibrate};
    use super::super::{Bounds, Definition, Loss};
    use super::*;

    const CELLS: usize = 20_000;

    /// Many cells of the same true value through the whole kernel, less that value.
    fn errors(definition: Definition, share: &str, truth: i64) -> (Released, Vec<i64>) {
        let folder = tempfile::tempdir().unwrap();
        let mut ledger = Ledger::open(&folder.path().join("ledger"), "board").unwrap();
        let bounds = Bounds::count(1).unwrap();
        let share = Loss::new(definition, share.parse().unwrap());
        let noise = calibrate(&share, &bounds).unwrap();
        let request = Request {
            quarter: "2026-Q3".parse().unwrap(),
            report: "reach".into(),
            question: Key32([1; 32]),
            release: Key32([2; 32]),
            roles: [Role::Patient].into(),
            definition,
            vectors: vec![PlannedVector { name: "referred".into(), len: CELLS, noise }],
            limits: Limits { quarter: share, year: None },
        };
        let grant = ledger.reserve(request).unwrap();
        let released = ledger.draw(grant, vec![Private::assumed(vec![truth; CELLS], bounds)]).unwrap().remove(0);
        let errors = released.values().iter().map(|value| value - truth).collect();
        (released, errors)
    }

    /// Mean and variance within 7 standard errors: a sound kernel fails this once in 10^11 runs, and a
    /// scale that is wrong by a twentieth fails it every time.
    fn check_moments(errors: &[i64], deviation: f64, kurtosis: f64) {
        let n = errors.len() as f64;
        let mean = errors.iter().sum::<i64>() as f64 / n;
        assert!(mean.abs() < 7.0 * deviation / n.sqrt(), "mean {mean}");
        let variance = errors.iter().map(|error| (error * error) as f64).sum::<f64>() / n;
        let spread = deviation.powi(2) * ((kurtosis - 1.0) / n).sqrt();
        assert!((variance - deviation.powi(2)).abs() < 7.0 * spread, "variance {variance}");
    }

    /// Pearson's statistic over the values -6 to 6 and the rest; 14 bins' odds of passing 110 are below 10^-15.
    fn check_shape_of(errors: &[i64], weight: impl Fn(i64) -> f64) {
        let all: f64 = (-500..=500).map(&weight).sum();
        let count = |keep: &dyn Fn(i64) -> bool| errors.iter().filter(|error| keep(**error)).count() as f64;
        let mut statistic = 0.0;
        let mut rest = 1.0;
        for value in -6..=6 {
            let odds = weight(value) / all;
            rest -= odds;
            let expected = odds * errors.len() as f64;
            statistic += (count(&|error| error == value) - expected).powi(2) / expected;
        }
        let expected = rest * errors.len() as f64;
        statistic += (count(&|error| error.abs() > 6) - expected).powi(2) / expected;
        assert!(statistic < 110.0, "{statistic}");
    }

    #[test]
    fn gaussian_noise_has_the_law_that_was_charged() {
        let (released, errors) = errors(Definition::ZConcentrated, "1/8", 1_000_000);
        assert_eq!((released.mechanism(), released.scale()), (Mechanism::DiscreteGaussian, 2.0));
        check_moments(&errors, 2.0, 3.0);
        check_shape_of(&errors, |x| (-0.5 * (x as f64 / 2.0).powi(2)).exp());
    }

    #[test]
    fn laplace_noise_has_the_law_that_was_charged() {
        let (released, errors) = errors(Definition::Pure, "1/2", -5);
        assert_eq!((released.mechanism(), released.scale()), (Mechanism::DiscreteLaplace, 2.0));
        check_moments(&errors, released.calibrated().standard_deviation(), 6.1);
        check_shape_of(&errors, |x| (-(x.abs() as f64) / 2.0).exp());
    }

    #[test]
    fn cells_and_runs_are_independent() {
        let (_, first) = errors(Definition::ZConcentrated, "1/8", 0);
        let (_, second) = errors(Definition::ZConcentrated, "1/8", 0);
        assert_ne!(first, second);
        // Correlation of neighbours, of the two halves that two threads drew, and of two runs.
        let half = CELLS / 2;
        for (a, b) in [(&first[1..], &first[..CELLS - 1]), (&first[half..], &first[..half]), (&first[..], &second[..])]
        {
            let product: i64 = a.iter().zip(b).map(|(a, b)| a * b).sum();
            let correlation = product as f64 / 4.0 / (a.len() as f64).sqrt();
            assert!(correlation.abs() < 7.0, "{correlation}");
        }
    }
}
