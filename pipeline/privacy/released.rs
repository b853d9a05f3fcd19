//! Noised vectors: the only form in which what private rows say may leave the kernel.

use serde::{Deserialize, Serialize};

use super::bounds::Bounds;
use super::budget::Loss;
use super::ledger::PlannedVector;
use super::noise::{Calibrated, Mechanism};
use crate::error::{Error, Result};

/// A noised vector, with everything a reader needs to judge it. Anything computed from it is free.
///
/// Minted by the draw, or read back from the ledger's stored draw; nowhere else. Elsewhere this does not compile:
///
/// ```compile_fail,E0451
/// fn forge(plan: smirr::privacy::PlannedVector) -> smirr::privacy::Released {
///     smirr::privacy::Released { plan, values: vec![1, 2, 3] }
/// }
/// ```
///
/// Nor does what was not drawn go where released values do:
///
/// ```
/// use smirr::estimate::{count::Together, shape::Marginal};
/// fn estimate<'a>(together: &mut Together<'a>, table: &'a Marginal, released: &'a smirr::privacy::Released) {
///     together.drawn.push((table, released));
/// }
/// ```
/// ```compile_fail,E0308
/// use smirr::estimate::{count::Together, shape::Marginal};
/// fn estimate<'a>(together: &mut Together<'a>, table: &'a Marginal, private: &'a smirr::privacy::Private<Vec<i64>>) {
///     together.drawn.push((table, private));
/// }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Released {
    plan: PlannedVector,
    values: Vec<i64>,
}

/// A released vector as the ledger's blob holds it.
#[derive(Serialize, Deserialize)]
struct Stored {
    plan: PlannedVector,
    values: Vec<i64>,
}

impl Released {
    /// Only the draw and the ledger mint these.
    pub(super) fn minted(plan: PlannedVector, values: Vec<i64>) -> Self {
        Released { plan, values }
    }

    /// The vector's name within its report.
    pub fn name(&self) -> &str {
        &self.plan.name
    }

    /// Noised values, one a cell of the public grid; they may be negative.
    pub fn values(&self) -> &[i64] {
        &self.values
    }

    /// The noise in the values.
    pub fn calibrated(&self) -> &Calibrated {
        &self.plan.noise
    }

    /// The kind of noise.
    pub fn mechanism(&self) -> Mechanism {
        self.plan.noise.mechanism()
    }

    /// The noise's scale, in the unit of the values.
    pub fn scale(&self) -> f64 {
        self.plan.noise.scale()
    }

    /// What was charged for the vector.
    pub fn loss(&self) -> Loss {
        self.plan.noise.loss()
    }

    /// What one person could have done to the vector.
    pub fn bounds(&self) -> &Bounds {
        self.plan.noise.bounds()
    }
}

/// The canonical bytes of a draw: JSON with the fields in this order and exact text for every fraction.
pub(super) fn encode(vectors: &[Released]) -> Result<Vec<u8>> {
    let stored: Vec<Stored> =
        vectors.iter().map(|it| Stored { plan: it.plan.clone(), values: it.values.clone() }).collect();
    serde_json::to_vec(&stored).map_err(|_| Error::System("a draw could not be written as text".into()))
}

/// Reads back what [`encode`] wrote. Errors: [`Error::System`] where the bytes are not a draw of `plan`.
pub(super) fn decode(bytes: &[u8], plan: &[PlannedVector]) -> Result<Vec<Released>> {
    let stored: Option<Vec<Stored>> = serde_json::from_slice(bytes).ok();
    let stored = stored.filter(|vectors| {
        vectors.len() == plan.len()
            && vectors.iter().zip(plan).all(|(is, was)| is.plan == *was && is.values.len() == was.len)
    });
    let stored = stored.ok_or_else(|| Error::System("a stored draw does not match what was reserved for it".into()))?;
    Ok(stored.into_iter().map(|it| Released { plan: it.plan, values: it.values }).collect())
}

#[cfg(test)]
mod tests {
    use super::super::{Definition, Loss, calibrate};
    use super::*;

    #[test]
    fn a_draw_reads_back_as_itself_and_as_no_other() {
        let share = Loss::new(Definition::ZConcentrated, "0.1".parse().unwrap());
        let noise = calibrate(&share, &Bounds::new(3, -7, 600).unwrap()).unwrap();
        let plan = vec![PlannedVector { name: "minutes".into(), len: 3, noise }];
        let released = vec![Released::minted(plan[0].clone(), vec![-4, 0, i64::MAX])];
        let bytes = encode(&released).unwrap();
        assert_eq!(decode(&bytes, &plan).unwrap(), released);
        assert_eq!(encode(&decode(&bytes, &plan).unwrap()).unwrap(), bytes);
        let renamed = vec![PlannedVector { name: "contacts".into(), ..plan[0].clone() }];
        let longer = vec![PlannedVector { len: 4, ..plan[0].clone() }];
        for other in [renamed, longer, vec![], [plan.clone(), plan.clone()].concat()] {
            assert!(decode(&bytes, &other).is_err());
        }
        // Each vector must be the one that was reserved in its place.
        let two = encode(&[released[0].clone(), released[0].clone()]).unwrap();
        let half = [plan[0].clone(), PlannedVector { name: "contacts".into(), ..plan[0].clone() }];
        assert!(decode(&two, &half).is_err() && decode(&two, &[plan.clone(), plan.clone()].concat()).is_ok());
        assert!(decode(&bytes[1..], &plan).is_err());
    }
}
