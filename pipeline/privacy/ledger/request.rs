//! What is asked of the ledger, and the grant that it gives.

use serde::{Deserialize, Serialize};

use super::super::budget::{Definition, Loss};
use super::super::exact::Exact;
use super::super::noise::Calibrated;
use super::key::Key32;
use crate::config::quarter::Quarter;
use crate::error::{Error, Result};

/// One vector of a report: its name, the size of its public grid, and its noise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlannedVector {
    /// Its name; no two vectors of a report share one.
    pub name: String,
    /// Cells of the public grid.
    pub len: usize,
    /// The noise, calibrated to the vector's bounds and its share of the budget.
    pub noise: Calibrated,
}

/// The most that may be lost.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// In one quarter.
    pub quarter: Loss,
    /// In any four quarters in a row.
    pub year: Option<Loss>,
}

/// A report that asks to be released.
#[derive(Debug, Clone)]
pub struct Request {
    /// The quarter that it describes, and is charged to.
    pub quarter: Quarter,
    /// The report's name.
    pub report: String,
    /// What is asked: the same for a correction, whose inputs differ.
    pub question: Key32,
    /// What is asked, of which inputs: the same for a replay only.
    pub release: Key32,
    /// The definition of loss that the vectors pay in.
    pub definition: Definition,
    /// The vectors, in the order in which they will be drawn.
    pub vectors: Vec<PlannedVector>,
    /// The budget that it must fit.
    pub limits: Limits,
}

/// A debit, as the chain holds it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Reservation {
    pub release: Key32,
    pub question: Key32,
    #[serde(with = "quarter_text")]
    pub quarter: Quarter,
    pub report: String,
    pub loss: Loss,
    pub vectors: Vec<PlannedVector>,
}

impl Reservation {
    /// The debit for `request`: the sum of what OpenDP says that its vectors cost.
    ///
    /// Errors: [`Error::Privacy`] where the request does not name each vector once, or mixes definitions.
    pub fn for_request(request: &Request) -> Result<Self> {
        let report = &request.report;
        if request.vectors.is_empty() {
            return Err(Error::Privacy(format!("`{report}` measures nothing, so there is nothing to release")));
        }
        for (at, vector) in request.vectors.iter().enumerate() {
            let name = &vector.name;
            if vector.len == 0 {
                return Err(Error::Privacy(format!("`{name}` of `{report}` has no cells")));
            }
            if request.vectors[..at].iter().any(|earlier| earlier.name == *name) {
                return Err(Error::Privacy(format!("`{report}` names two vectors `{name}`")));
            }
            if vector.noise.mechanism().definition() != request.definition {
                let symbol = request.definition.symbol();
                return Err(Error::Privacy(format!("`{name}` of `{report}` does not pay in {symbol}")));
            }
        }
        let amount = Exact::sum(request.vectors.iter().map(|vector| vector.noise.charge()));
        Ok(Reservation {
            release: request.release,
            question: request.question,
            quarter: request.quarter,
            report: report.clone(),
            loss: Loss::new(request.definition, amount),
            vectors: request.vectors.clone(),
        })
    }
}

/// A quarter as text, for the chain.
mod quarter_text {
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::config::quarter::Quarter;

    pub fn serialize<S: Serializer>(quarter: &Quarter, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(quarter)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Quarter, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Leave to draw one report's vectors once. It exists only after its debit is on disk.
///
/// It cannot be cloned, and the draw consumes it:
///
/// ```
/// fn hold(grant: smirr::privacy::Grant) -> usize {
///     grant.vectors().len()
/// }
/// ```
/// ```compile_fail,E0599
/// fn twice(grant: smirr::privacy::Grant) {
///     let again = grant.clone();
/// }
/// ```
#[derive(Debug)]
pub struct Grant {
    pub(super) ledger: String,
    pub(super) reservation: i64,
    pub(super) release: Key32,
    pub(super) amount: Exact,
    pub(super) vectors: Vec<PlannedVector>,
}

impl Grant {
    /// The vectors that may be drawn, in order.
    pub fn vectors(&self) -> &[PlannedVector] {
        &self.vectors
    }

    /// The release that it is for.
    pub fn release(&self) -> &Key32 {
        &self.release
    }

    /// What was debited for it.
    pub fn amount(&self) -> &Exact {
        &self.amount
    }

    /// Takes the grant apart, for the draw.
    pub(in crate::privacy) fn used(self) -> (Exact, Vec<PlannedVector>) {
        (self.amount, self.vectors)
    }
}
