//! What is asked of the ledger, and the grant that it gives.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::super::budget::{Definition, Loss};
use super::super::exact::Exact;
use super::super::noise::Calibrated;
use super::chain::Past;
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

/// Whose rows a release bounds and protects. Losses of two roles are losses of different people: they do not add up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// A registered patient.
    Patient,
    /// A practitioner: a named worker at a practice.
    Practitioner,
}

impl Role {
    /// Every role.
    pub const ALL: [Role; 2] = [Role::Patient, Role::Practitioner];
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if *self == Role::Patient { "patient" } else { "practitioner" })
    }
}

/// The roles of entries from before there was a choice.
fn patients() -> BTreeSet<Role> {
    BTreeSet::from([Role::Patient])
}

/// A correction: the same question of the same quarter, answered anew from other inputs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revision {
    /// 1 for the first correction, and so on.
    pub number: u32,
    /// The release that it takes the place of.
    pub of: Key32,
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "revision {} of {}", self.number, self.of)
    }
}

/// The most that may be lost by the people of one role.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// In one quarter, corrections included.
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
    /// Whom it protects. The noise covers the role that needs most of it, so each role is charged the whole loss.
    pub roles: BTreeSet<Role>,
    /// The definition of loss that the vectors pay in.
    pub definition: Definition,
    /// The vectors, in the order in which they will be drawn.
    pub vectors: Vec<PlannedVector>,
    /// The budget that it must fit.
    pub limits: Limits,
}

/// A debit, as the chain holds it: a request whose cost is settled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reservation {
    /// The release that it pays for.
    pub release: Key32,
    /// The question that the release answers.
    pub question: Key32,
    /// The quarter that is charged.
    pub quarter: Quarter,
    /// The report's name.
    pub report: String,
    /// What each role is charged.
    pub loss: Loss,
    /// The roles that are charged.
    #[serde(default = "patients")]
    pub roles: BTreeSet<Role>,
    /// What it corrects; nothing where the question was not answered before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revises: Option<Revision>,
    /// The vectors, in the order in which they are drawn.
    pub vectors: Vec<PlannedVector>,
}

impl Reservation {
    /// The debit for `request`: the sum of what OpenDP says that its vectors cost.
    ///
    /// It corrects the last drawn release of the same question, if any: nobody has seen one that was never drawn.
    ///
    /// Errors: [`Error::Privacy`] where the request protects nobody, does not name each vector once, or mixes definitions.
    pub(super) fn for_request(request: &Request, past: &Past) -> Result<Self> {
        let report = &request.report;
        if request.roles.is_empty() {
            return Err(Error::Privacy(format!("`{report}` protects nobody, so nothing of it can be released")));
        }
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
        let same = |it: &Reservation| (it.question, it.quarter) == (request.question, request.quarter);
        let answered = |(id, it): &(i64, &Reservation)| same(it) && past.draw(*id).is_some();
        let revises = past.reservations().rfind(answered).map(|(_, earlier)| Revision {
            number: earlier.revises.as_ref().map_or(1, |it| it.number + 1),
            of: earlier.release,
        });
        Ok(Reservation {
            release: request.release,
            question: request.question,
            quarter: request.quarter,
            report: report.clone(),
            loss: Loss::new(request.definition, amount),
            roles: request.roles.clone(),
            revises,
            vectors: request.vectors.clone(),
        })
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
/// ```compile_fail,E0382
/// fn twice(ledger: &mut smirr::privacy::Ledger, grant: smirr::privacy::Grant) {
///     let _ = ledger.draw(grant, Vec::new());
///     let _ = ledger.draw(grant, Vec::new());
/// }
/// ```
#[derive(Debug)]
pub struct Grant {
    pub(super) ledger: String,
    pub(super) entry: i64,
    pub(super) reservation: Reservation,
}

impl Grant {
    /// The vectors that may be drawn, in order.
    pub fn vectors(&self) -> &[PlannedVector] {
        &self.reservation.vectors
    }

    /// What was debited, and for what: the grant is used up.
    pub(in crate::privacy) fn used(self) -> Reservation {
        self.reservation
    }
}
