//! Who is protected.

use serde::{Deserialize, Serialize};

/// A kind of person that the private tables name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// A patient: all rows that hold their identifier.
    Patient,
    /// A community links practitioner: all rows that hold the identifier of their post.
    Practitioner,
}

impl Role {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Role::Patient => "patient",
            Role::Practitioner => "practitioner",
        }
    }
}
