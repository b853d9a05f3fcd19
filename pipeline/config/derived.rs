//! What a report derives from its released measures, once everything has been checked. Nothing of it is counted, so
//! nothing of it costs any loss.
//!
//! A dimension of a measure is a position among its bands and then its codes, as in [`super::plan::Measure::tables`].

use super::figures::{Convention, Population, Sampling, Zeros};

/// One released measure over another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rate {
    /// The name in YAML.
    pub name: String,
    /// The rate in words, as published.
    pub label: String,
    /// The numerator: a position in `Report::measures`.
    pub of: usize,
    /// The denominator: a position in `Report::measures`.
    pub over: usize,
    /// 1000 for a rate per thousand, 100 for a percentage; at least 1.
    pub per: u32,
    /// What its interval holds beside the noise.
    pub sampling: Sampling,
}

/// A change on the quarter before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The name in YAML.
    pub name: String,
    /// The change in words, as published.
    pub label: String,
    /// What changes.
    pub of: ChangeOf,
}

/// What a change is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeOf {
    /// A position in `Report::measures`.
    Measure(usize),
    /// A position in `Report::rates`.
    Rate(usize),
}

/// One dimension that both sides of a ratio have, with the same codes: where it is among the dimensions of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Across {
    /// Among those of the numerator.
    pub of: usize,
    /// Among those of the denominator.
    pub over: usize,
}

/// How unequal a rate is over deprivation bands, from the first band, the most deprived, to the last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inequality {
    /// The name in YAML.
    pub name: String,
    /// The inequality in words, as published.
    pub label: String,
    /// A position in `Report::rates`. A band's share of the population is its share of the released denominator.
    pub of: usize,
    /// The band.
    pub across: Across,
    /// Whose convention the indices follow.
    pub convention: Convention,
}

/// A directly standardised rate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standardised {
    /// The name in YAML.
    pub name: String,
    /// The rate in words, as published.
    pub label: String,
    /// The numerator: a position in `Report::measures`.
    pub of: usize,
    /// The denominator: a position in `Report::measures`.
    pub over: usize,
    /// The dimension of age bands.
    pub across: Across,
    /// The population whose ages the rate is standardised to.
    pub population: Population,
    /// The least age of each band, in years: of the first codes of the dimension, in their order. Bands follow one
    /// another without a gap, the last has no end, and each begins where a band of the population does.
    pub ages: Vec<u32>,
    /// 1000 for a rate per thousand; at least 1.
    pub per: u32,
}

/// Values below which given shares of what a measure counts lie.
#[derive(Debug, Clone, PartialEq)]
pub struct Quartiles {
    /// The name in YAML.
    pub name: String,
    /// The values in words, as published.
    pub label: String,
    /// A position in `Report::measures`.
    pub of: usize,
    /// The dimension of bins.
    pub across: usize,
    /// What its codes stand for.
    pub bins: Bins,
    /// Shares, rising, each above 0 and below 1. At least one.
    pub at: Vec<f64>,
}

/// Whole numbers cut into bins, as the codes of a dimension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bins {
    /// The first code that is a bin; a code before it holds what lies below the first edge.
    pub first: usize,
    /// The least number of each bin, rising; bins follow one another without a gap, and the last has no end. Codes beyond
    /// are no bins: `not_yet`, or `unknown`.
    pub edges: Vec<i64>,
}

/// When a released figure says too little: half of its 95% interval, as a share of its value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reliability {
    /// Beyond this it is marked as unreliable; above 0.
    pub unreliable_over: f64,
    /// Beyond this it is not published; no less than `unreliable_over`. `None`: whatever is counted is published.
    pub withhold_over: Option<f64>,
}

impl Default for Reliability {
    /// Marked from half of the value, and never withheld: what is withheld for its own size leaves a table that shows
    /// too much where it shows anything.
    fn default() -> Self {
        Reliability { unreliable_over: 0.5, withhold_over: None }
    }
}

/// A rule on released counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SmallNumbers {
    /// Counts below this are withheld; at least 1, and at least 2 where zeros are shown.
    pub below: u32,
    /// Whether a count of 0 is shown all the same.
    pub zeros: Zeros,
}
