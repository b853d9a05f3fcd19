//! How the figures of a run are made, as data: what is counted, of whose rows, and what is made of it. It follows from the
//! contract, the reports and public tables alone, and is the `method` of `manifest.json`.

use serde::Serialize;

/// How the figures of a run are made.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Method {
    /// Whether the board and all its people are made up.
    pub fictional: bool,
    /// The first day of the quarter.
    pub first_day: String,
    /// The last day of the quarter.
    pub last_day: String,
    /// How many quarters the series beside each table have at most; 0 where there are none.
    pub series_quarters: u32,
    /// The area levels, coarsest first.
    pub levels: Vec<LevelMethod>,
    /// The deprivation bands.
    pub bands: Vec<BandMethod>,
    /// The tables that were read.
    pub sources: Vec<SourceMethod>,
    /// A rule of the board on small released counts, where it has one.
    pub small_numbers: Option<SmallNumbersMethod>,
    /// The reports.
    pub reports: Vec<ReportMethod>,
}

/// An area level.
#[derive(Debug, Clone, Serialize)]
pub struct LevelMethod {
    /// Its name.
    pub name: String,
    /// How many areas it has, `unknown` left out.
    pub areas: usize,
}

/// A deprivation band.
#[derive(Debug, Clone, Serialize)]
pub struct BandMethod {
    /// Its heading in published files.
    pub heading: String,
    /// Which end is which, in the words of the contract.
    pub description: Option<String>,
    /// The area level within which bands are cut; absent for the whole country.
    pub within: Option<String>,
}

/// A table that was read.
#[derive(Debug, Clone, Serialize)]
pub struct SourceMethod {
    /// Its name in the contract.
    pub table: String,
    /// Who sends it: `practice`, `organisation`, or `public`.
    pub from: String,
    /// What one row is.
    pub row: String,
    /// The column that places a row in a quarter, where there is one.
    pub dated_by: Option<String>,
    /// The shares of rows that may break a rule before a run stops: a rule to a percentage.
    pub limits: std::collections::BTreeMap<String, String>,
}

/// A rule on small released counts.
#[derive(Debug, Clone, Serialize)]
pub struct SmallNumbersMethod {
    /// Counts below this are withheld.
    pub below: u32,
    /// Whether a count of zero is shown all the same.
    pub zeros_shown: bool,
}

/// How the figures of one report are made.
#[derive(Debug, Clone, Serialize)]
pub struct ReportMethod {
    /// The report.
    pub report: String,
    /// Beyond this, half of a figure's interval against its value, it is marked `u`: a percentage.
    pub unreliable_over: String,
    /// Beyond this it is not published, where the report says so: a percentage.
    pub withheld_over: Option<String>,
    /// What is counted.
    pub measures: Vec<MeasureMethod>,
    /// What is made of it.
    pub derived: Vec<DerivedMethod>,
}

/// What is counted.
#[derive(Debug, Clone, Serialize)]
pub struct MeasureMethod {
    /// The measure.
    pub measure: String,
    /// It in words.
    pub label: String,
    /// Its unit.
    pub unit: String,
    /// What is counted; names of tables, columns and conditions in backquotes.
    pub counts: String,
    /// The tables whose rows it reads.
    pub tables: Vec<String>,
    /// Which rows: `quarter`, or `always`.
    pub during: String,
    /// Where people are placed: `home`, `practice`, or of a public table `public`.
    pub placed_by: String,
    /// At most so many cells of a table count a person; absent of public tables.
    pub cells_per_person: Option<u32>,
    /// The range that a practice's total in a cell is clamped to, where practitioners are protected.
    pub per_practice: Option<(i64, i64)>,
}

/// What is made of released figures.
#[derive(Debug, Clone, Serialize)]
pub struct DerivedMethod {
    /// The name in the report, with which its figures' names begin.
    pub figure: String,
    /// It in words.
    pub label: String,
    /// What it is: `rate`, `mean`, `quantiles`, `inequality`, `standardised`, `change`.
    pub kind: String,
    /// How it is computed; names of figures in backquotes.
    pub formula: String,
}
