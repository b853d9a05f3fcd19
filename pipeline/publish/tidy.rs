//! A table as tidy rows under the names that Public Health Scotland's open data use: CSV and Parquet.

use std::io::Write;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, RecordBatch, StringArray};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};

use super::table::{ALL, Row, Table};
use crate::error::{Error, Result};

/// The columns that hold numbers.
pub(super) const NUMBERS: [&str; 5] = ["Value", "Lower95", "Upper95", "Unbiased", "StandardError"];

/// Rows of a Parquet batch: what of a large table is text at one time.
const BATCH: usize = 1 << 16;

/// `d` marks a total, after the open-data convention for derived values; `u` is unknown's own word and needs no mark.
fn label_qualifier(label: &str) -> &'static str {
    if label == ALL { "d" } else { "" }
}

/// To two decimal places; zero has no sign.
fn hundredths(value: f64) -> f64 {
    (value * 100.0).round() / 100.0 + 0.0
}

impl Table {
    /// The headings of the file, in order.
    pub fn columns(&self) -> Vec<String> {
        let mut columns = vec!["Quarter".to_owned()];
        for heading in self.headings() {
            columns.push(heading.to_owned());
            columns.push(format!("{heading}QF"));
        }
        columns.extend(
            ["Figure", "Value", "ValueQF", "Lower95", "Upper95", "Unbiased", "StandardError"].map(str::to_owned),
        );
        columns
    }
}

/// A table as CSV: UTF-8, LF, every row in the grid's order.
///
/// # Errors
/// [`Error::System`] where a field cannot be written, which memory does not refuse.
pub fn csv(table: &Table) -> Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(table.columns()).map_err(|_| unwritten("CSV"))?;
    write_csv(&mut writer, table, "")?;
    writer.into_inner().map_err(|_| unwritten("CSV"))
}

/// The rows of a table; each figure's qualifier is followed by `also`.
pub(super) fn write_csv(writer: &mut csv::Writer<Vec<u8>>, table: &Table, also: &str) -> Result<()> {
    let mut text = Vec::with_capacity(32);
    for row in table.rows() {
        write_row(writer, &mut text, table, &row, also).map_err(|_| unwritten("CSV"))?;
    }
    Ok(())
}

fn write_row(
    writer: &mut csv::Writer<Vec<u8>>,
    text: &mut Vec<u8>,
    table: &Table,
    row: &Row<'_>,
    also: &str,
) -> std::result::Result<(), csv::Error> {
    writer.write_field(&table.quarter)?;
    for label in &row.labels {
        writer.write_field(label)?;
        writer.write_field(label_qualifier(label))?;
    }
    let mut number = |writer: &mut csv::Writer<Vec<u8>>, value: Option<f64>, decimals: u32| {
        text.clear();
        if let Some(value) = value {
            write!(text, "{value:.*}", decimals as usize)?;
        }
        writer.write_field(&*text)
    };
    let (estimate, decimals) = (&row.estimate, row.decimals);
    writer.write_field(row.figure)?;
    number(writer, estimate.value.map(|value| row.rounded(value)), decimals)?;
    writer.write_field(marked(row, also))?;
    number(writer, estimate.interval.map(|(lower, _)| row.rounded(lower)), decimals)?;
    number(writer, estimate.interval.map(|(_, upper)| row.rounded(upper)), decimals)?;
    number(writer, estimate.unbiased.map(hundredths), 2)?;
    number(writer, estimate.error.map(hundredths), 2)?;
    writer.write_record(None::<&[u8]>)
}

/// The qualifier of a figure, followed by another symbol.
fn marked(row: &Row<'_>, also: &str) -> String {
    [row.qualifier(), also].into_iter().filter(|it| !it.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Rows of a table as Arrow batches, with the columns of the CSV; each figure's qualifier is followed by `also`.
pub(super) fn batches<'a>(table: &'a Table, also: &'a str) -> impl Iterator<Item = Result<RecordBatch>> + 'a {
    let mut rows = table.rows();
    std::iter::from_fn(move || {
        let some = rows.by_ref().take(BATCH).collect::<Vec<_>>();
        (!some.is_empty()).then(|| batch(table, &some, also))
    })
}

fn batch(table: &Table, rows: &[Row<'_>], also: &str) -> Result<RecordBatch> {
    let texts = |text: &dyn Fn(&Row<'_>) -> &'static str| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(rows.iter().map(text)))
    };
    let numbers = |number: &dyn Fn(&Row<'_>) -> Option<f64>| -> ArrayRef {
        Arc::new(Float64Array::from_iter(rows.iter().map(number)))
    };
    let mut columns: Vec<ArrayRef> =
        vec![Arc::new(StringArray::from_iter_values(rows.iter().map(|_| table.quarter.as_str())))];
    for place in 0..=table.dimensions.len() {
        columns.push(Arc::new(StringArray::from_iter_values(rows.iter().map(|row| row.labels[place]))));
        columns.push(texts(&|row| label_qualifier(row.labels[place])));
    }
    columns.push(Arc::new(StringArray::from_iter_values(rows.iter().map(|row| row.figure))));
    columns.push(numbers(&|row| row.estimate.value.map(|value| row.rounded(value))));
    columns.push(Arc::new(StringArray::from_iter_values(rows.iter().map(|row| marked(row, also)))));
    columns.push(numbers(&|row| row.estimate.interval.map(|(lower, _)| row.rounded(lower))));
    columns.push(numbers(&|row| row.estimate.interval.map(|(_, upper)| row.rounded(upper))));
    columns.push(numbers(&|row| row.estimate.unbiased.map(hundredths)));
    columns.push(numbers(&|row| row.estimate.error.map(hundredths)));
    // Numbers may be missing, wherever they stand: all batches of a file have one schema.
    let named = table.columns().into_iter().zip(columns);
    let typed = named.map(|(name, array)| {
        let may_miss = NUMBERS.contains(&name.as_str());
        (name, array, may_miss)
    });
    RecordBatch::try_from_iter_with_nullable(typed).map_err(|_| unwritten("Parquet"))
}

/// Parquet without statistics, in the grid's order.
///
/// # Errors
/// [`Error::System`] where Arrow or Parquet refuses the columns, which their construction rules out.
pub(super) fn parquet(batches: impl IntoIterator<Item = Result<RecordBatch>>) -> Result<Vec<u8>> {
    let mut batches = batches.into_iter().peekable();
    let schema = match batches.peek() {
        Some(Ok(batch)) => batch.schema(),
        _ => return Err(unwritten("Parquet")),
    };
    let properties = WriterProperties::builder()
        .set_statistics_enabled(EnabledStatistics::None)
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_created_by(format!("smirr {}", env!("CARGO_PKG_VERSION")))
        .build();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, schema, Some(properties)).map_err(|_| unwritten("Parquet"))?;
    for batch in batches {
        writer.write(&batch?).map_err(|_| unwritten("Parquet"))?;
    }
    writer.close().map_err(|_| unwritten("Parquet"))?;
    Ok(bytes)
}

pub(super) fn unwritten(format: &str) -> Error {
    Error::System(format!("a table could not be written as {format}"))
}
