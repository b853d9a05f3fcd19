//! The tests that an author writes into a report: tiny extracts, and the figures that they must give before any noise. In
//! the code such a test is called a trial, for a test is one of smirr's own.
//!
//! Takes the text of `tests:`, gives its typed twin and what it means; `check_trial` and `check_expected` judge it, and
//! `run::trial` carries it out. A cell stays the short word that the author wrote: identifiers are made of it later.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;

use super::diagnostic::Diagnostic;

/// A test of this report, which `smirr check` runs: a few made-up rows, and the figures that they must give.
///
/// ```yaml
/// tests:
///   - name: Someone referred twice counts once
///     given:
///       patients: [{ chi: anna, sex: F }, { chi: bob, sex: M }]
///       referrals: [{ chi: anna }, { chi: anna, status: declined }]
///     expect:
///       referred: 1
///       registered: { sex: { F: 1, M: 1 } }
/// ```
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrialYaml {
    /// What the test shows, in a few words.
    #[schemars(example = &"Someone referred twice counts once")]
    pub name: String,
    /// The rows of each table, each with the columns that matter; every other column gets a plain value that its schema
    /// allows. People, links workers, organisations and areas go by any short name.
    #[serde(default)]
    #[schemars(
        with = "IndexMap<String, Vec<IndexMap<String, CellYaml>>>",
        example = json!({ "referrals": [{ "chi": "anna" }, { "chi": "anna", "status": "declined" }] })
    )]
    pub given: IgnoredAny,
    /// The figures that the rows must give, by name: a number for everyone, or the numbers by a dimension or an area
    /// level. A value that is left out of a dimension must be 0.
    #[schemars(with = "IndexMap<String, FigureYaml>", example = json!({ "referred": 1, "registered": { "sex": { "F": 1 } } }))]
    pub expect: IgnoredAny,
}

/// A value of a row: text, a number, or nothing.
#[derive(JsonSchema)]
#[serde(untagged)]
#[allow(dead_code)]
enum CellYaml {
    /// Text: a short name, a code, a day.
    Text(String),
    /// A number.
    Number(f64),
    /// A word that YAML takes for a truth value.
    Truth(bool),
    /// Blank.
    Blank(()),
}

/// What a figure must be.
#[derive(JsonSchema)]
#[serde(untagged)]
#[allow(dead_code)]
enum FigureYaml {
    /// The figure itself.
    Figure(f64),
    /// By `all` (the figure itself), a dimension or an area level.
    By(IndexMap<String, SplitYaml>),
}

/// The figure behind `all`, or the values of a dimension.
#[derive(JsonSchema)]
#[serde(untagged)]
#[allow(dead_code)]
enum SplitYaml {
    /// The figure itself.
    Figure(f64),
    /// A value to the figure there, which may go on to another dimension.
    Values(IndexMap<String, FigureYaml>),
}

/// A test of a report, checked: every table, column, code and figure in it is there.
#[derive(Debug, Clone)]
pub struct Trial {
    /// What it shows.
    pub name: String,
    /// Where its name stands.
    pub at: Diagnostic,
    /// The tables that it gives, in its order.
    pub given: Vec<Extract>,
    /// What must come of them. At least one.
    pub expected: Vec<Expected>,
}

/// The rows of one table.
#[derive(Debug, Clone)]
pub struct Extract {
    /// The table.
    pub table: String,
    /// Where its name stands.
    pub at: Diagnostic,
    /// The rows, each with the columns that were written.
    pub rows: Vec<Row>,
}

/// Column to what is written there: a short name, a code, a number, or a day as `yyyy-mm-dd`; `None` for a blank.
pub type Row = BTreeMap<String, Option<String>>;

/// One thing that must come of a test.
#[derive(Debug, Clone)]
pub struct Expected {
    /// The figure's name in published files.
    pub figure: String,
    /// Where it is looked for.
    pub cell: Cell,
    /// What must be there.
    pub asks: Asks,
    /// Where that is said.
    pub at: Diagnostic,
}

/// A cell of a figure, as an author writes it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cell {
    /// An area level (a position in `Geography::levels`) and the name of an area; everywhere where absent.
    pub area: Option<(usize, String)>,
    /// Dimensions, each with a value.
    pub by: Vec<(String, String)>,
}

/// What must be in a cell.
#[derive(Debug, Clone, PartialEq)]
pub enum Asks {
    /// This figure.
    Figure(f64),
    /// Nobody in any other value of this dimension, within the cell.
    NothingElse {
        /// Of what.
        of: Split,
        /// The values that are spoken of.
        but: Vec<String>,
    },
}

/// What the values of a cell are split by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Split {
    /// The areas of a level: a position in `Geography::levels`.
    Level(usize),
    /// A dimension.
    Dimension(String),
}
