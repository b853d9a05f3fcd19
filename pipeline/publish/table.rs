//! One published table: tidy rows under the names that Public Health Scotland's open data use.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, RecordBatch, StringArray};

use crate::error::{Error, Result};
use crate::estimate::Estimate;
use crate::measure::grid::UNKNOWN;

/// What stands where a measure is given over all values of a dimension.
pub const ALL: &str = "All";

/// The columns that hold numbers.
pub(super) const NUMBERS: [&str; 5] = ["Value", "Lower95", "Upper95", "Unbiased", "StandardError"];

/// A table of one report at one area level: one row a cell and figure.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// The report's name.
    pub report: String,
    /// The report's title.
    pub title: String,
    /// The area level's name.
    pub level: String,
    /// The quarter, as `2026-Q3`.
    pub quarter: String,
    /// The headings of the dimensions, areas first.
    pub headings: Vec<String>,
    /// The rows, in the order of the grid: fixed by public lists alone (invariants 3 and 8).
    pub rows: Vec<Row>,
}

/// One figure.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// A value a dimension; `All` where the figure is over all of them.
    pub labels: Vec<String>,
    /// The measure's or rate's name.
    pub figure: String,
    /// How many decimals it is shown with.
    pub decimals: u32,
    /// The figure.
    pub estimate: Estimate,
    /// Whether it corrects a figure that was published before.
    pub revised: bool,
}

/// To two decimal places; zero has no sign.
fn fine(value: f64) -> String {
    format!("{:.2}", (value * 100.0).round() / 100.0 + 0.0)
}

/// `d` marks a total, after the open-data convention for derived values; `u` is unknown's own word and needs no mark.
fn label_qualifier(label: &str) -> &'static str {
    if label == ALL { "d" } else { "" }
}

impl Table {
    /// The headings of the file, in order.
    pub fn columns(&self) -> Vec<String> {
        let mut columns = vec!["Quarter".to_owned()];
        for heading in &self.headings {
            columns.push(heading.clone());
            columns.push(format!("{heading}QF"));
        }
        columns.extend(
            ["Figure", "Value", "ValueQF", "Lower95", "Upper95", "Unbiased", "StandardError"].map(str::to_owned),
        );
        columns
    }

    /// The table as CSV: UTF-8, LF, every row in the grid's order.
    ///
    /// # Errors
    /// [`Error::System`] where a field cannot be written, which memory does not refuse.
    pub fn csv(&self) -> Result<Vec<u8>> {
        let failed = |_| Error::System("a table could not be written as CSV".into());
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(self.columns()).map_err(failed)?;
        for row in &self.rows {
            writer.write_record(self.fields(row)).map_err(failed)?;
        }
        writer.into_inner().map_err(|_| Error::System("a table could not be written as CSV".into()))
    }

    /// The rows of the file.
    pub(super) fn records(&self) -> Vec<csv::StringRecord> {
        self.rows.iter().map(|row| self.fields(row).into()).collect()
    }

    fn fields(&self, row: &Row) -> Vec<String> {
        let mut fields = vec![self.quarter.clone()];
        for label in &row.labels {
            fields.push(label.clone());
            fields.push(label_qualifier(label).to_owned());
        }
        let number = |value: Option<f64>| value.map_or(String::new(), |value| row.number(value));
        fields.push(row.figure.clone());
        fields.push(number(row.estimate.value));
        fields.push(row.qualifier());
        fields.push(number(row.estimate.interval.map(|(lower, _)| lower)));
        fields.push(number(row.estimate.interval.map(|(_, upper)| upper)));
        fields.push(row.estimate.unbiased.map_or(String::new(), fine));
        fields.push(row.estimate.error.map_or(String::new(), fine));
        fields
    }

    /// The same table as an Arrow batch, with the same columns.
    ///
    /// # Errors
    /// [`Error::System`] where Arrow refuses the columns, which their construction rules out.
    pub fn batch(&self) -> Result<RecordBatch> {
        let texts = |text: &dyn Fn(&Row) -> String| -> ArrayRef {
            Arc::new(StringArray::from_iter_values(self.rows.iter().map(text)))
        };
        let numbers = |number: &dyn Fn(&Row) -> Option<f64>| -> ArrayRef {
            Arc::new(Float64Array::from_iter(self.rows.iter().map(|row| number(row).map(|value| row.rounded(value)))))
        };
        let mut columns = vec![texts(&|_| self.quarter.clone())];
        for place in 0..self.headings.len() {
            columns.push(texts(&|row| row.labels[place].clone()));
            columns.push(texts(&|row| label_qualifier(&row.labels[place]).to_owned()));
        }
        columns.push(texts(&|row| row.figure.clone()));
        columns.push(numbers(&|row| row.estimate.value));
        columns.push(texts(&Row::qualifier));
        columns.push(numbers(&|row| row.estimate.interval.map(|(lower, _)| lower)));
        columns.push(numbers(&|row| row.estimate.interval.map(|(_, upper)| upper)));
        for number in [|row: &Row| row.estimate.unbiased, |row: &Row| row.estimate.error] {
            let rounded = self.rows.iter().map(|row| number(row).map(|value| (value * 100.0).round() / 100.0));
            columns.push(Arc::new(Float64Array::from_iter(rounded)));
        }
        RecordBatch::try_from_iter(self.columns().into_iter().zip(columns))
            .map_err(|_| Error::System("a table could not be laid out".into()))
    }

    /// A few rows for a terminal: what is known of known places, the first of each figure.
    pub fn glance(&self, most: usize) -> Vec<&Row> {
        let known = |row: &&Row| !row.labels.iter().any(|label| label == UNKNOWN);
        self.rows.iter().filter(known).take(most).collect()
    }
}

impl Row {
    /// The figure to its decimals; zero has no sign.
    pub fn rounded(&self, value: f64) -> f64 {
        let scale = 10f64.powi(self.decimals as i32);
        (value * scale).round() / scale + 0.0
    }

    /// The figure as text.
    pub fn number(&self, value: f64) -> String {
        format!("{:.*}", self.decimals as usize, self.rounded(value))
    }

    /// What is said beside the figure: its mark, and `r` where it is revised; side by side where it is both.
    pub fn qualifier(&self) -> String {
        let symbols = [self.estimate.mark.symbol(), if self.revised { "r" } else { "" }];
        symbols.into_iter().filter(|symbol| !symbol.is_empty()).collect::<Vec<_>>().join(" ")
    }

    /// The figure with its interval and symbol, as a person reads it.
    pub fn text(&self) -> String {
        let symbol = match self.qualifier() {
            none if none.is_empty() => none,
            symbols => format!(" [{symbols}]"),
        };
        match (self.estimate.value, self.estimate.interval) {
            (Some(value), Some((lower, upper))) => {
                format!("{} ({} to {}){symbol}", self.number(value), self.number(lower), self.number(upper))
            }
            _ => symbol.trim().to_owned(),
        }
    }
}
