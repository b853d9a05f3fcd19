//! Counts of what happened to one file: rows, breaches by column and rule, repairs by column.
//! For the operator only: these are true counts.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::rule::{Repair, Rule};

/// What happened to the rows of one file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Data rows in the file.
    pub rows: u64,
    /// Rows kept.
    pub stored: u64,
    /// Rows set aside.
    pub quarantined: u64,
    /// `column.rule` to rows that broke it and were set aside for it. A row that breaks two is in both.
    pub quarantined_by: BTreeMap<String, u64>,
    /// `column.rule` to rows that broke it and were kept as they were.
    pub warned: BTreeMap<String, u64>,
    /// `column.repair` to values mended.
    pub repaired: BTreeMap<String, u64>,
    /// `column` to blanks, over all rows.
    pub blank: BTreeMap<String, u64>,
    /// Rows that keep the rules but are dated outside the reported quarter.
    pub other_quarters: u64,
}

impl Tally {
    /// Adds the counts of another part.
    pub fn add(&mut self, other: &Tally) {
        self.rows += other.rows;
        self.stored += other.stored;
        self.quarantined += other.quarantined;
        self.other_quarters += other.other_quarters;
        for (mine, theirs) in [
            (&mut self.quarantined_by, &other.quarantined_by),
            (&mut self.warned, &other.warned),
            (&mut self.repaired, &other.repaired),
            (&mut self.blank, &other.blank),
        ] {
            for (key, count) in theirs {
                *mine.entry(key.clone()).or_default() += count;
            }
        }
    }
}

/// Counts by column number and rule, cheap enough for every row; named when the block is done.
pub(super) struct Counts {
    pub rows: u64,
    pub stored: u64,
    pub quarantined: u64,
    pub other_quarters: u64,
    pub blank: Vec<u64>,
    breaches: Vec<[u64; Rule::ALL.len()]>,
    warnings: Vec<[u64; Rule::ALL.len()]>,
    repairs: Vec<[u64; Repair::ALL.len()]>,
}

impl Counts {
    /// For `columns` columns; the row as a whole is column number `columns`.
    pub fn new(columns: usize) -> Self {
        Counts {
            rows: 0,
            stored: 0,
            quarantined: 0,
            other_quarters: 0,
            blank: vec![0; columns],
            breaches: vec![[0; Rule::ALL.len()]; columns + 1],
            warnings: vec![[0; Rule::ALL.len()]; columns + 1],
            repairs: vec![[0; Repair::ALL.len()]; columns + 1],
        }
    }

    pub fn breach(&mut self, column: usize, rule: Rule) {
        self.breaches[column][rule as usize] += 1;
    }

    pub fn warn(&mut self, column: usize, rule: Rule) {
        self.warnings[column][rule as usize] += 1;
    }

    pub fn repair(&mut self, column: usize, repair: Repair) {
        self.repairs[column][repair as usize] += 1;
    }

    /// Names the counts: `names` are the columns, and the row as a whole is `row`.
    pub fn named(&self, names: &[String]) -> Tally {
        let name = |column: usize| names.get(column).map_or("row", String::as_str);
        let rules = |counts: &[[u64; Rule::ALL.len()]]| {
            let mut named = BTreeMap::new();
            for (column, counts) in counts.iter().enumerate() {
                for (rule, &count) in Rule::ALL.iter().zip(counts).filter(|&(_, &count)| count > 0) {
                    named.insert(format!("{}.{rule}", name(column)), count);
                }
            }
            named
        };
        let mut repaired = BTreeMap::new();
        for (column, counts) in self.repairs.iter().enumerate() {
            for (repair, &count) in Repair::ALL.iter().zip(counts).filter(|&(_, &count)| count > 0) {
                repaired.insert(format!("{}.{repair}", name(column)), count);
            }
        }
        Tally {
            rows: self.rows,
            stored: self.stored,
            quarantined: self.quarantined,
            quarantined_by: rules(&self.breaches),
            warned: rules(&self.warnings),
            repaired,
            blank: names.iter().cloned().zip(self.blank.iter().copied()).filter(|&(_, count)| count > 0).collect(),
            other_quarters: self.other_quarters,
        }
    }
}
