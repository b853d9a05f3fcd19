//! The figures of one table over several quarters: those of earlier packs as they were published, and this pack's.

use std::io::Write;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, RecordBatch, StringArray};
use csv::StringRecord;

use super::earlier::{Past, Vintage, breaks};
use super::table::Table;
use super::tidy::{NUMBERS, batches, parquet, unwritten, write_csv};
use crate::error::Result;

/// The symbol of a break: the figure is not to be compared with those before it.
const BREAK: &str = "b";

/// A series in a table's columns.
#[derive(Debug)]
pub struct Series<'a> {
    /// The rows of earlier quarters, oldest first.
    pub earlier: Vec<StringRecord>,
    /// This quarter.
    pub own: &'a Table,
    /// Whether this quarter's figures are not to be compared with those before.
    pub is_break: bool,
}

/// The series that ends with `table`; `None` where none is wanted. The first figures after a change of `own`, what they
/// rest on, are marked.
///
/// # Errors
/// As [`super::earlier::Earlier::rows`].
pub fn series<'a>(table: &'a Table, own: &Vintage, past: &Past) -> Result<Option<Series<'a>>> {
    Ok(past.of_table(table)?.map(|parts| joined(table, own, parts)))
}

/// One quarter after another.
fn joined<'a>(own: &'a Table, vintage: &Vintage, parts: Vec<(Vintage, Vec<StringRecord>)>) -> Series<'a> {
    let mark = own.columns().iter().position(|name| name == "ValueQF");
    let (parts, is_break) = breaks(parts, vintage);
    let marked = |row: StringRecord| match mark {
        Some(mark) => row.iter().enumerate().map(|(at, it)| if at == mark { with(it) } else { it.into() }).collect(),
        None => row,
    };
    let rows = |(is_break, rows): (bool, Vec<StringRecord>)| match is_break {
        true => rows.into_iter().map(marked).collect(),
        false => rows,
    };
    Series { earlier: parts.into_iter().flat_map(rows).collect(), own, is_break }
}

fn with(symbols: &str) -> String {
    if symbols.is_empty() { BREAK.to_owned() } else { format!("{symbols} {BREAK}") }
}

impl Series<'_> {
    /// Whether it is this quarter alone: its files are then those of the table.
    pub fn is_own_alone(&self) -> bool {
        self.earlier.is_empty() && !self.is_break
    }

    fn also(&self) -> &'static str {
        if self.is_break { BREAK } else { "" }
    }

    /// Writes it as CSV, like the table.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn csv(&self, out: &mut dyn Write) -> std::io::Result<()> {
        let mut writer = csv::Writer::from_writer(&mut *out);
        let records = [self.own.columns().into()];
        for row in records.iter().chain(&self.earlier) {
            writer.write_record(row)?;
        }
        writer.flush()?;
        drop(writer);
        write_csv(out, self.own, self.also())
    }

    /// As Parquet, with the types of the table.
    ///
    /// # Errors
    /// [`crate::error::Error::System`] where Arrow refuses the columns, which their construction rules out.
    pub fn parquet(&self) -> Result<Vec<u8>> {
        let columns = self.own.columns();
        let column = |(at, name): (usize, &String)| -> (String, ArrayRef) {
            let fields = self.earlier.iter().map(|row| row.get(at).unwrap_or_default());
            let array: ArrayRef = match NUMBERS.contains(&name.as_str()) {
                true => Arc::new(Float64Array::from_iter(fields.map(|field| field.parse::<f64>().ok()))),
                false => Arc::new(StringArray::from_iter_values(fields)),
            };
            (name.clone(), array)
        };
        let earlier =
            RecordBatch::try_from_iter_with_nullable(columns.iter().enumerate().map(column).map(|(name, array)| {
                let is_number = NUMBERS.contains(&name.as_str());
                (name, array, is_number)
            }));
        let earlier = earlier.map_err(|_| unwritten("Parquet"));
        parquet([earlier].into_iter().chain(batches(self.own, self.also())))
    }
}

#[cfg(test)]
#[path = "series_tests.rs"]
mod tests;
