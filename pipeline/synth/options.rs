//! What the caller asks for, and what came of it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::config::country::Country;
use crate::config::quarter::Quarter;
use crate::error::{Error, Result};

/// Fewest and most patients. Above the upper bound the supply of distinct CHI numbers is not proved.
pub const PATIENTS: std::ops::RangeInclusive<u64> = 100..=60_000_000;

/// The fictional board to make.
#[derive(Debug, Clone)]
pub struct Options {
    /// Persons on the practices' lists, within [`PATIENTS`]: in the third quarter of 2026, 2036 and so on; fewer in the years
    /// before, when some of them were not yet born. People who moved add a second row each.
    pub patients: u64,
    /// The same seed and options make the same files, byte for byte, on any number of threads.
    pub seed: u64,
    /// The reported quarter. Quarters of one decade, with the same seed, are of one board. Events reach from two quarters before it to three weeks after it.
    pub quarter: Quarter,
    /// Share of rows that carry one fault: 0.0 to 0.5. At 0.0 every file is clean.
    pub dirt: f64,
    /// How the tables are divided into files.
    pub layout: Layout,
    /// How private tables are compressed; public tables and the answers never are.
    pub compression: Compression,
    /// A real area lookup: the official SIMD 2020v2 CSV, or one with the contract's own column names.
    /// A fictional one is made where this is absent.
    pub lookup: Option<PathBuf>,
    /// 1.0 makes 25 to 45 referrals a practice and quarter; 0.0 to 60.0 scales them and all that follows.
    pub activity: f64,
    /// Whose identifiers, area codes and column names.
    pub country: Country,
    /// Worker threads; 0 counts as 1.
    pub threads: usize,
}

/// How the tables are divided into files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// One folder a practice; attendances by health board.
    PerPractice,
    /// One folder a health board.
    PerBoard,
    /// One file a table.
    Single,
}

/// How private tables are compressed. Files of several practices hold one gzip member or zstd frame a practice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Plain CSV.
    None,
    /// `.csv.gz`
    Gzip,
    /// `.csv.zst`
    Zstd,
}

impl Compression {
    /// What a file's name ends with.
    pub fn suffix(self) -> &'static str {
        match self {
            Compression::None => ".csv",
            Compression::Gzip => ".csv.gz",
            Compression::Zstd => ".csv.zst",
        }
    }
}

/// What was made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Made {
    /// Table to rows written, with duplicates and broken rows, without headers.
    pub rows: BTreeMap<String, u64>,
    /// Files written, the answers included.
    pub files: u64,
    /// Bytes on disk.
    pub bytes: u64,
}

impl Options {
    /// Refuses what cannot be made.
    pub(super) fn check(&self) -> Result<()> {
        let wrong = |what: String| Err(Error::Input(what));
        if !PATIENTS.contains(&self.patients) {
            let (least, most) = (PATIENTS.start(), PATIENTS.end());
            return wrong(format!("a fictional board has {least} to {most} patients, not {}", self.patients));
        }
        if self.country != Country::Scotland && self.lookup.is_some() {
            return wrong("a real lookup is read for a board in Scotland only: leave one of the two out".into());
        }
        if !(0.0..=0.5).contains(&self.dirt) {
            return wrong(format!("the share of faulty rows is 0 to 0.5, not {}", self.dirt));
        }
        if !(0.0..=60.0).contains(&self.activity) {
            return wrong(format!("activity is 0 to 60, where 1 is usual, not {}", self.activity));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_cannot_be_made() {
        let fine = super::super::tests::small(1);
        assert!(fine.check().is_ok());
        for patients in [0, 99, 60_000_001] {
            assert!(Options { patients, ..fine.clone() }.check().is_err(), "{patients}");
        }
        let english = Options { country: Country::England, ..fine.clone() };
        assert!(english.check().is_ok());
        assert!(Options { lookup: Some("lookup.csv".into()), ..english }.check().is_err());
        for dirt in [-0.01, 0.51, f64::NAN] {
            assert!(Options { dirt, ..fine.clone() }.check().is_err(), "{dirt}");
        }
        for activity in [-1.0, 61.0, f64::INFINITY] {
            assert!(Options { activity, ..fine.clone() }.check().is_err(), "{activity}");
        }
    }
}
