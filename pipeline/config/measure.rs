//! What one measure of a report is, once everything has been checked: whose rows count, what is counted of them, how much
//! one person may be, and what it is given by.

use super::journey::{Histogram, Stage, Wait};
use super::report::During;

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
