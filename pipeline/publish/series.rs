//! The figures of one table over several quarters: those of earlier packs as they were published, and this pack's.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, RecordBatch, StringArray};
use csv::StringRecord;

use super::earlier::{Past, Vintage};
use super::table::{NUMBERS, Table};
use crate::error::{Error, Result};

/// The symbol of a break: the figure is not to be compared with those before it.
const BREAK: &str = "b";

/// A series in a table's columns.
#[derive(Debug, PartialEq, Eq)]
pub struct Series {
    columns: Vec<String>,
    rows: Vec<StringRecord>,
}

/// The series that ends with `table`; `None` where none is wanted. The first figures after a change of `own`, what they
/// rest on, are marked.
///
/// # Errors
/// As [`super::earlier::Earlier::rows`].
pub fn series(table: &Table, own: &Vintage, past: &Past) -> Result<Option<Series>> {
    let Some(packs) = past.series() else { return Ok(None) };
    let mut parts = Vec::new();
    for pack in packs {
        if let (Some(vintage), Some(rows)) = (pack.vintage(&table.report), pack.rows(table)?) {
            parts.push((vintage, rows));
        }
    }
    parts.push((own.clone(), table.records()));
    Ok(Some(joined(table.columns(), parts)))
}

/// One quarter after another.
fn joined(columns: Vec<String>, parts: Vec<(Vintage, Vec<StringRecord>)>) -> Series {
    let mark = columns.iter().position(|name| name == "ValueQF");
    let (mut rows, mut before) = (Vec::new(), None);
    for (vintage, part) in parts {
        let is_break = before.as_ref().is_some_and(|before| *before != vintage);
        let marked = |row: StringRecord| match mark.filter(|_| is_break) {
            Some(mark) => {
                row.iter().enumerate().map(|(at, it)| if at == mark { with(it) } else { it.into() }).collect()
            }
            None => row,
        };
        rows.extend(part.into_iter().map(marked));
        before = Some(vintage);
    }
    Series { columns, rows }
}

fn with(symbols: &str) -> String {
    if symbols.is_empty() { BREAK.to_owned() } else { format!("{symbols} {BREAK}") }
}

impl Series {
    /// As CSV, like the table.
    ///
    /// # Errors
    /// [`Error::System`] where a field cannot be written, which memory does not refuse.
    pub fn csv(&self) -> Result<Vec<u8>> {
        let failed = || Error::System("a series could not be written as CSV".into());
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(&self.columns).map_err(|_| failed())?;
        for row in &self.rows {
            writer.write_record(row).map_err(|_| failed())?;
        }
        writer.into_inner().map_err(|_| failed())
    }

    /// As an Arrow batch, with the types of the table.
    ///
    /// # Errors
    /// [`Error::System`] where Arrow refuses the columns, which their construction rules out.
    pub fn batch(&self) -> Result<RecordBatch> {
        let column = |(at, name): (usize, &String)| -> (String, ArrayRef) {
            let fields = self.rows.iter().map(|row| row.get(at).unwrap_or_default());
            let array: ArrayRef = match NUMBERS.contains(&name.as_str()) {
                true => Arc::new(Float64Array::from_iter(fields.map(|field| field.parse::<f64>().ok()))),
                false => Arc::new(StringArray::from_iter_values(fields)),
            };
            (name.clone(), array)
        };
        RecordBatch::try_from_iter(self.columns.iter().enumerate().map(column))
            .map_err(|_| Error::System("a series could not be laid out".into()))
    }
}

#[cfg(test)]
#[path = "series_tests.rs"]
mod tests;
