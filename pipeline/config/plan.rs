//! What a board's YAML means once everything has been checked. Nothing here can still be wrong, and nothing changes.

use std::path::PathBuf;
use std::sync::Arc;

use chrono::NaiveDate;

use super::board::Format;
use super::country::Country;
pub use super::derived::Rate;
use super::derived::{Change, Inequality, Quartiles, Reliability, SmallNumbers, Standardised};
use super::journey::{Histogram, Stage, Wait};
use super::quarter::Quarter;
use super::report::During;
use crate::schema::TableSchema;

/// One quarter's run of one board.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The board's name, as published.
    pub board: String,
    /// The reported quarter.
    pub quarter: Quarter,
    /// The folder that the YAML's relative paths start from; absolute.
    pub root: PathBuf,
    /// The operator-only folder; absolute.
    pub work: PathBuf,
    /// How to make the extracts of a fictional board; absent for a real one.
    pub fictional: Option<Fictional>,
    /// The tables to read, public ones first, otherwise in the YAML's order.
    pub sources: Vec<Source>,
    /// Where the pseudonym key is.
    pub key: KeySource,
    /// The project that the key is derived for.
    pub project: String,
    /// The day from which the key is too old to be used.
    pub rotate_by: Option<NaiveDate>,
    /// Where the salt of OpenPseudonymiser digests is; present where a column is `as: open_pseudonymiser`.
    pub salt: Option<KeySource>,
    /// In which ways people are told apart by less than a number of their own, in words that may be published.
    pub weaknesses: Vec<String>,
    /// Areas and bands.
    pub geography: Geography,
    /// The ways to practices; present where a measure is placed by them.
    pub practices: Option<Practices>,
    /// The loss that this quarter's reports share.
    pub loss: Loss,
    /// The most that this quarter may lose with its corrections: no less than `loss`, and of the same kind.
    pub most: Loss,
    /// The most that four quarters may lose together: no less than `most`, and of the same kind.
    pub year: Option<Loss>,
    /// The delta at which a rho is also stated as an epsilon, as written; above 0 and below 1.
    pub delta: Option<String>,
    /// The ledger's file; absolute.
    pub ledger: PathBuf,
    /// The reports, in the YAML's order. At least one.
    pub reports: Vec<Report>,
    /// What to write, and where.
    pub publish: Publish,
}

/// A fictional board.
#[derive(Debug, Clone, PartialEq)]
pub struct Fictional {
    /// Registered patients.
    pub patients: u64,
    /// The same seed makes the same files.
    pub seed: u64,
    /// Share of rows with a fault, 0 to 0.5.
    pub dirt: f64,
    /// Referrals and what follows from them, against the usual number; above 0, at most 60.
    pub activity: f64,
    /// Whose identifiers, area codes and column names.
    pub country: Country,
    /// The folder to fill; absolute.
    pub folder: PathBuf,
}

/// The extracts of one table.
#[derive(Debug, Clone)]
pub struct Source {
    /// The table's name in the extract contract.
    pub table: String,
    /// Absolute glob patterns. Special characters of the root folder itself are escaped.
    pub globs: Vec<PathBuf>,
    /// The schema to read them by.
    pub schema: Arc<TableSchema>,
}

/// Where a secret is; never the secret itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeySource {
    /// A file; absolute.
    File(PathBuf),
    /// The name of an environment variable.
    Env(String),
    /// A program and its arguments, which prints it.
    Command(Vec<String>),
}

/// Areas and bands.
#[derive(Debug, Clone)]
pub struct Geography {
    /// The public area lookup that patients refer to.
    pub table: String,
    /// Its key column.
    pub key: String,
    /// The patients' column that holds that key.
    pub via: String,
    /// Area levels, coarsest first. At least one.
    pub levels: Vec<Level>,
    /// Deprivation bands.
    pub bands: Vec<Band>,
    /// The column of the area lookup that says how many people live there, where it has one.
    pub population: Option<String>,
}

/// The public table of practices, and the columns that lead to it and from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Practices {
    /// Its name.
    pub table: String,
    /// Its column that leads to the area lookup, [`Geography::table`].
    pub zone: String,
    /// The column of `patients` that leads to it.
    pub of_patient: String,
    /// The private table of posts, one row or more a practitioner.
    pub posts: String,
    /// Its column that names the practitioner; among its `unique`.
    pub practitioner: String,
    /// Its column that leads to the post's practice.
    pub of_post: String,
}

impl Geography {
    /// Which end of each band is which, in the words of the schema: "SIMDQuintile: SIMD fifth of the country; 1 is the
    /// most deprived". Empty where no band is described.
    pub fn bands_in_words(&self) -> String {
        let words =
            self.bands.iter().filter_map(|band| Some(format!("{}: {}", band.heading, band.description.as_ref()?)));
        words.collect::<Vec<_>>().join(". ")
    }
}

/// One level of areas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Level {
    /// The name in YAML.
    pub name: String,
    /// The column of the area lookup; absent where everyone is in one area.
    pub column: Option<String>,
    /// The heading in published files.
    pub heading: String,
}

impl Level {
    /// The reserved word for a level at which everyone is in one area, and the heading and name of that area.
    pub const ALL: (&str, &str, &str) = ("all", "Area", "All");
}

/// One kind of deprivation band.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Band {
    /// The name in YAML.
    pub name: String,
    /// The column of the area lookup.
    pub column: String,
    /// The heading in published files.
    pub heading: String,
    /// The area level within which bands are cut; absent for the whole country.
    pub within: Option<String>,
    /// Which end is which, as the schema describes the column.
    pub description: Option<String>,
    /// The bands, in the schema's order; `unknown` is implied last.
    pub codes: Vec<String>,
}

/// One report.
#[derive(Debug, Clone)]
pub struct Report {
    /// The file's name without `.yaml`; unique.
    pub name: String,
    /// The title, as published.
    pub title: String,
    /// Whom it protects.
    pub protects: Protects,
    /// Its share of the quarter's loss, against the other reports'; at least 1.
    pub share: u32,
    /// Its dimensions as written; `area` is always among them.
    pub by: Vec<String>,
    /// What is counted. At least one.
    pub measures: Vec<Measure>,
    /// What is divided by what.
    pub rates: Vec<Rate>,
    /// What has changed on the quarter before.
    pub changes: Vec<Change>,
    /// How unequal rates are.
    pub inequality: Vec<Inequality>,
    /// Directly standardised rates.
    pub standardised: Vec<Standardised>,
    /// Medians, quartiles and the like.
    pub quartiles: Vec<Quartiles>,
    /// When a figure says too little.
    pub reliability: Reliability,
    /// Means, each of two of the measures.
    pub means: Vec<Mean>,
    /// The share of each level of the geography, in its order, against the other levels'; each at least 1.
    pub level_shares: Vec<u32>,
    /// How near the truth figures must be; no measure and level twice.
    pub targets: Vec<Target>,
    /// Sentences for the published page.
    pub words: Option<String>,
}

impl Report {
    /// Whether any of its figures is by practice: all of them where practitioners are protected, and pairs always.
    pub fn is_by_practice(&self) -> bool {
        self.protects.practitioner || self.measures.iter().any(|measure| measure.place == Place::Practice)
    }
}

/// Whom a report protects. The patient is no choice: a report that protects others alone would expose patients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Protects {
    /// Each practitioner too: all rows that name them. Figures are then placed by the practice.
    pub practitioner: bool,
}

/// Where a measure's people are placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// By the data zone where the person lives.
    Home,
    /// By the data zone of the practice where the person is registered.
    Practice,
}

/// A range: least and greatest, inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clamp {
    /// Least and greatest, of which not both are 0.
    pub between: (i64, i64),
}

/// How near the truth the cells of one measure and level must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// A position in `Report::measures`.
    pub measure: usize,
    /// A position in `Geography::levels`.
    pub level: usize,
    /// 95 of 100 cells have noise within this, in the measure's unit; at least 1.
    pub within: u32,
}

/// One measure.
#[derive(Debug, Clone)]
pub struct Measure {
    /// The name in YAML.
    pub name: String,
    /// The measure in words, as published.
    pub label: String,
    /// The unit in words: "people", "contacts", "minutes".
    pub unit: String,
    /// What is counted, and how much one person may add to a cell.
    pub kind: MeasureKind,
    /// The table whose rows count: a private one, unless the kind is [`MeasureKind::Public`].
    pub table: String,
    /// Which relation's rows count: that table's, unless it is derived from several.
    pub rows: Rows,
    /// `persons`: only people with at least so many rows that count, in a cell; at least 1.
    pub at_least: u32,
    /// A checked SQL condition over that table's columns.
    pub filter: Option<String>,
    /// Which quarters' rows count.
    pub during: During,
    /// At most this many cells a person; at least 1.
    pub cells: u32,
    /// Where its people are placed: the same for all measures of a report, but for pairs, which are placed by practice
    /// whoever is protected.
    pub place: Place,
    /// What a practice's total in a cell is clamped to, where the report protects practitioners and the table's rows
    /// name one; for `persons` and `events` from 0.
    pub practitioner: Option<Clamp>,
    /// Its bands: positions in `Geography::bands`, in the order of `Report::by`.
    pub bands: Vec<usize>,
    /// Its code dimensions, in the order of `Report::by`.
    pub codes: Vec<CodeDimension>,
    /// Which dimensions stand together in its tables, each as rising positions among bands and then codes: no two alike,
    /// smaller ones first and then by position. The smallest holds the dimensions that are not in `Report::by`, which
    /// every table has (a funnel's stages, a wait's days); for most measures it is empty, the area alone.
    ///
    /// Of people who may be in several cells (`cells` above 1), tables by different codes of the rows do not add up: two
    /// rows of one person are two in a table by their codes, and one in a table without.
    pub tables: Vec<Vec<usize>>,
    /// Its share of the report's loss, against the other measures'; at least 1, and 0 for a public one, which has none.
    pub share: u32,
    /// What the author expects for every 1,000 people who live in an area, all codes together; above 0.
    pub expect_per_1000: Option<f64>,
}

impl Measure {
    /// Whether it is of a public table: exact, and no part of what the ledger is asked for.
    pub fn is_public(&self) -> bool {
        matches!(self.kind, MeasureKind::Public { .. })
    }
}

/// Which relation's rows a measure counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rows {
    /// The rows of [`Measure::table`].
    Table,
    /// The same rows, by the bin of a number.
    Histogram(Histogram),
    /// One row a person who reached the first of these stages, with the furthest that they reached after all before it.
    /// Order in time is not asked for. [`Measure::table`] is that of the first stage.
    Funnel(Vec<Stage>),
    /// One row a practitioner: their latest post that they held in the quarter. [`Measure::table`] is that of the posts.
    Posts,
    /// One row a person who has the first event, with the days to the next. [`Measure::table`] is that of the first.
    Wait(Wait),
}

/// What is counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MeasureKind {
    /// Distinct people.
    Persons,
    /// Rows.
    Events {
        /// At most this many rows a person and cell count; at least 1.
        at_most: u32,
    },
    /// The sum of a whole number over rows.
    Sum {
        /// What a row adds.
        of: Number,
        /// A person's total in a cell is clamped to this range: least and greatest, inclusive.
        between: (i64, i64),
    },
    /// Rows of a public table, or the sum of one of its columns: exact, and nobody is in it.
    Public {
        /// The column of whole numbers to add up, in its smallest unit; a blank adds nothing. Rows where absent.
        column: Option<String>,
        /// What places a row in areas.
        located: Located,
    },
    /// Distinct pairs of a practitioner and a row of a public table, whoever's rows they stand in.
    Pairs {
        /// The column that names the practitioner, and the one that leads to the public table.
        of: (String, String),
        /// At most this many pairs a person count, of all quarters that are looked at; at least 1.
        at_most: u32,
        /// Which of them, against the quarter before.
        keep: Keep,
    },
}

/// Which pairs count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Those of the quarter; the quarter before is not looked at.
    All,
    /// Those of the quarter that the quarter before has not.
    New,
    /// Those of both quarters.
    Lasting,
}

impl Keep {
    /// Whether it needs the quarter before.
    pub fn needs_earlier(self) -> bool {
        self != Keep::All
    }
}

impl Measure {
    /// Whether it is measured against the quarter before.
    pub fn needs_earlier(&self) -> bool {
        matches!(&self.kind, MeasureKind::Pairs { keep, .. } if keep.needs_earlier())
    }
}

/// What places a row of a public table in areas and bands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Located {
    /// It is a row of the area lookup itself.
    Lookup,
    /// The row of the area lookup that this column leads to.
    Reference(String),
    /// The code of an area, of any level or of a row of the lookup, in this column. It has no bands.
    Code(String),
}

/// A whole number that a row has, or has not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Number {
    /// Checked SQL over the columns of [`Measure::table`]; null where a row has none, and such a row adds nothing.
    pub sql: String,
    /// Least and greatest of one row, inclusive: a value beyond them is taken for the nearer of the two.
    pub between: (i64, i64),
    /// What is taken from each row's value: 0, unless the sum is part of a mean.
    pub centre: i64,
    /// At most this many rows of a person in a cell count, at least 1; all of them where absent.
    pub rows: Option<u32>,
}

/// A released sum of deviations over a released number of rows: the mean is `centre + sum / count`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mean {
    /// The name in YAML.
    pub name: String,
    /// The mean in words, as published.
    pub label: String,
    /// The sum of (value - centre): a position in `Report::measures`.
    pub sum: usize,
    /// The rows that have a value: a position in `Report::measures`.
    pub count: usize,
    /// The whole midpoint of `between`.
    pub centre: i64,
    /// Least and greatest of one row's value, inclusive, the one below the other.
    pub between: (i64, i64),
}

/// A dimension that is a closed list of codes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeDimension {
    /// The name in YAML.
    pub name: String,
    /// The stored column that holds the code; the name in YAML where it is computed.
    pub column: String,
    /// The table that holds the column: the measure's own, a public one that it refers to, or `patients`.
    pub table: String,
    /// The measure's column that leads to a public table.
    pub via: Option<String>,
    /// The heading in published files.
    pub heading: String,
    /// The declared codes, in the schema's order.
    pub codes: Vec<String>,
    /// Whether `unknown` follows the last of them: every row has a code otherwise.
    pub unknown: bool,
    /// What gives a row its code.
    pub value: CodeValue,
}

/// What gives a row its place in a list of codes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CodeValue {
    /// The stored column of codes.
    Stored,
    /// Checked SQL over the columns of [`CodeDimension::table`]: a whole number from 0, the last being `unknown`.
    Computed(String),
}

impl CodeDimension {
    /// What a row's code comes from, whatever the dimension is called.
    pub fn source(&self) -> &str {
        match &self.value {
            CodeValue::Stored => &self.column,
            CodeValue::Computed(sql) => sql,
        }
    }

    /// How many values it has, with `unknown` where it has one.
    pub fn size(&self) -> usize {
        self.codes.len() + usize::from(self.unknown)
    }
}

/// A privacy loss: above zero, and written so that it can be read exactly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    /// Which definition it is a loss of.
    pub kind: LossKind,
    /// The amount as written: a decimal, a fraction or a decimal with a power of ten.
    pub amount: String,
}

/// Which definition of privacy loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LossKind {
    /// Zero-concentrated.
    Rho,
    /// Pure.
    Epsilon,
}

/// What to write, and where.
#[derive(Debug, Clone)]
pub struct Publish {
    /// The folder that receives one pack a quarter; absolute.
    pub to: PathBuf,
    /// The formats, each once. At least one.
    pub formats: Vec<Format>,
    /// A rule on released counts, where the board's policy demands one.
    pub small_numbers: Option<SmallNumbers>,
    /// How many quarters a series has at most, the reported one included; 0 for no series.
    pub series: u32,
}
