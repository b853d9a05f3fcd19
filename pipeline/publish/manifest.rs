//! What a reviewer needs to repeat a run, and a reader to judge it. The same run gives the same bytes: no clock, no path.

use serde::{Deserialize, Serialize};

use super::label::LossLabel;
use super::trust::method::Method;
use crate::privacy::Head;

/// `manifest.json` of a pack.
#[derive(Debug, Clone, Serialize)]
pub struct Manifest {
    /// The version of smirr.
    pub smirr: String,
    /// The board.
    pub board: String,
    /// The quarter.
    pub quarter: String,
    /// The quarter in words, so that a financial quarter is not mistaken for it.
    pub quarter_in_words: String,
    /// Which end of a deprivation band is which.
    pub bands: String,
    /// The board's ledger as it was when the newest of these releases was drawn: a ledger that cannot show this entry
    /// is not the one that paid for them.
    pub ledger: Head,
    /// The hash of the area lookup's content: where it differs between two quarters, there is a break between them.
    pub area_lookup: String,
    /// One release a report.
    pub releases: Vec<Release>,
    /// How the figures are made. What they cost, and how they are noised, is in `privacy.json`.
    pub method: Method,
    /// Symbols in the `QF` columns.
    pub qualifiers: std::collections::BTreeMap<String, String>,
    /// Every other file of the pack.
    pub files: Vec<File>,
}

/// What was released for one report.
#[derive(Debug, Clone, Serialize)]
pub struct Release {
    /// The report's name.
    pub report: String,
    /// The report's title.
    pub title: String,
    /// Whom it protects.
    pub protects: Vec<String>,
    /// The release's key in the ledger: the same question of the same inputs has the same key.
    pub release: String,
    /// Where it corrects an earlier release, which one: "revision 1 of ...".
    pub revises: Option<String>,
    /// The hash of what its figures mean, whatever the quarter and the noise: where it differs between two quarters, there
    /// is a break between them.
    pub meaning: String,
    /// The hash of the inputs, each by content.
    pub inputs: String,
    /// The definition of loss: `rho` or `epsilon`.
    pub definition: String,
    /// What it cost.
    #[serde(flatten)]
    pub cost: LossLabel,
}

/// A file of the pack.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct File {
    /// Its name.
    pub name: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// Its SHA-256.
    pub sha256: String,
}
