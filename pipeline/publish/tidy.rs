//! A table as tidy rows under the names that Public Health Scotland's open data use: CSV and Parquet.

use std::io::Write;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, RecordBatch, StringBuilder};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};

use super::table::{ALL, Block, Row, Table};
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

/// One block of a table, and where its labels come from: nothing is copied for a row.
struct Laid<'a> {
    block: &'a Block,
    /// Of each column of labels, areas first: its values, and how many cells one of them spans; `None` where the figure
    /// is over all values.
    labels: Vec<Option<(&'a [String], usize)>>,
}

impl<'a> Laid<'a> {
    fn new(table: &'a Table, block: &'a Block) -> Self {
        let mut labels = vec![None; table.dimensions.len() + 1];
        let mut span = 1;
        for dimension in block.dimensions.iter().rev() {
            if let Some(place) = table.dimensions.iter().position(|(name, _)| *name == dimension.name) {
                labels[place + 1] = Some((dimension.values.as_slice(), span));
            }
            span *= dimension.values.len();
        }
        labels[0] = Some((table.areas.as_slice(), span));
        Laid { block, labels }
    }

    /// The label of a cell in one column.
    fn label(&self, column: usize, cell: usize) -> &'a str {
        self.labels[column].map_or(ALL, |(values, span)| &values[cell / span % values.len()])
    }
}

/// Writes a table as CSV: UTF-8, LF, every row in the grid's order.
///
/// # Errors
/// Those of `out`.
pub fn csv(table: &Table, out: &mut dyn Write) -> std::io::Result<()> {
    let mut bytes = Vec::new();
    for (at, column) in table.columns().iter().enumerate() {
        if at > 0 {
            bytes.push(b',');
        }
        field(&mut bytes, column);
    }
    bytes.push(b'\n');
    out.write_all(&bytes)?;
    write_csv(out, table, "")
}

/// Writes the rows of a table; each figure's qualifier is followed by `also`.
pub(super) fn write_csv(out: &mut dyn Write, table: &Table, also: &str) -> std::io::Result<()> {
    table.blocks.iter().try_for_each(|block| write_block(out, table, &Laid::new(table, block), also))
}

/// The rows of one block: each text that rows share is made once.
fn write_block(out: &mut dyn Write, table: &Table, laid: &Laid<'_>, also: &str) -> std::io::Result<()> {
    let made = |write: &dyn Fn(&mut Vec<u8>)| {
        let mut text = Vec::new();
        write(&mut text);
        text
    };
    let quarter = made(&|text| field(text, &table.quarter));
    let figure = made(&|text| field(text, &laid.block.figure));
    let all = [ALL.to_owned()];
    let labels = laid.labels.iter().map(|label| {
        let (values, span) = label.unwrap_or((all.as_slice(), 1));
        let one = |value: &String| {
            made(&|text| {
                field(text, value);
                text.push(b',');
                text.extend_from_slice(label_qualifier(value).as_bytes());
                text.push(b',');
            })
        };
        (values.iter().map(one).collect::<Vec<_>>(), span)
    });
    let labels = labels.collect::<Vec<_>>();
    let mut row_bytes = Vec::new();
    for (cell, estimate) in laid.block.cells.iter().enumerate() {
        let row = laid.block.row(*estimate);
        let bytes = &mut row_bytes;
        bytes.clear();
        bytes.extend_from_slice(&quarter);
        bytes.push(b',');
        for (texts, span) in &labels {
            bytes.extend_from_slice(&texts[cell / span % texts.len()]);
        }
        bytes.extend_from_slice(&figure);
        bytes.push(b',');
        let decimals = row.decimals;
        number(bytes, estimate.value.map(|value| row.rounded(value)), decimals)?;
        bytes.extend_from_slice(row.qualifier().as_bytes());
        if !row.qualifier().is_empty() && !also.is_empty() {
            bytes.push(b' ');
        }
        bytes.extend_from_slice(also.as_bytes());
        bytes.push(b',');
        number(bytes, estimate.interval.map(|(lower, _)| row.rounded(lower)), decimals)?;
        number(bytes, estimate.interval.map(|(_, upper)| row.rounded(upper)), decimals)?;
        number(bytes, estimate.unbiased.map(hundredths), 2)?;
        number(bytes, estimate.error.map(hundredths), 2)?;
        // What ends a field ends the row at the last one.
        if let Some(last) = bytes.last_mut() {
            *last = b'\n';
        }
        out.write_all(bytes)?;
    }
    Ok(())
}

/// A field of text, quoted where RFC 4180 asks for it.
pub(super) fn field(bytes: &mut Vec<u8>, text: &str) {
    if !text.contains([',', '"', '\n', '\r']) {
        return bytes.extend_from_slice(text.as_bytes());
    }
    bytes.push(b'"');
    bytes.extend_from_slice(text.replace('"', "\"\"").as_bytes());
    bytes.push(b'"');
}

/// A number that is rounded to its decimals, and the comma after it. As the formatter of the standard library has it, but
/// by whole numbers where these are exact: five numbers a row are most of what a table is.
fn number(bytes: &mut Vec<u8>, value: Option<f64>, decimals: u32) -> std::io::Result<()> {
    /// Beyond it a product with a hundred is no longer exact.
    const EXACT: f64 = 1e13;
    match value {
        Some(value) if value.abs() < EXACT && decimals <= 2 => {
            let unit = 10u64.pow(decimals);
            let scaled = (value.abs() * unit as f64).round() as u64;
            if value.is_sign_negative() {
                bytes.push(b'-');
            }
            digits(bytes, scaled / unit, 1);
            if decimals > 0 {
                bytes.push(b'.');
                digits(bytes, scaled % unit, decimals as usize);
            }
        }
        Some(value) => write!(bytes, "{value:.*}", decimals as usize)?,
        None => {}
    }
    bytes.push(b',');
    Ok(())
}

/// A whole number in at least so many digits.
fn digits(bytes: &mut Vec<u8>, mut number: u64, least: usize) {
    let mut text = [b'0'; 20];
    let mut from = text.len();
    while number > 0 {
        from -= 1;
        text[from] = b'0' + (number % 10) as u8;
        number /= 10;
    }
    bytes.extend_from_slice(&text[from.min(text.len() - least)..]);
}

/// The qualifier of a figure, followed by another symbol.
fn marked(row: &Row<'_>, also: &str) -> String {
    [row.qualifier(), also].into_iter().filter(|it| !it.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Some cells of a block.
type Span<'a> = (&'a Laid<'a>, std::ops::Range<usize>);

/// Rows of a table as Arrow batches, with the columns of the CSV; each figure's qualifier is followed by `also`.
pub(super) fn batches<'a>(table: &'a Table, also: &'a str) -> impl Iterator<Item = Result<RecordBatch>> + 'a {
    let laid = table.blocks.iter().map(|block| Laid::new(table, block)).collect::<Vec<_>>();
    let (mut block, mut cell) = (0, 0);
    std::iter::from_fn(move || {
        let (mut spans, mut room) = (Vec::new(), BATCH);
        while let Some(now) = laid.get(block).filter(|_| room > 0) {
            let end = now.block.cells.len().min(cell + room);
            room -= end - cell;
            spans.push((now, cell..end));
            (block, cell) = if end == now.block.cells.len() { (block + 1, 0) } else { (block, end) };
        }
        (room < BATCH).then(|| batch(table, &spans, also))
    })
}

fn batch(table: &Table, spans: &[Span<'_>], also: &str) -> Result<RecordBatch> {
    let rows = || spans.iter().flat_map(|(laid, cells)| cells.clone().map(|cell| (*laid, cell)));
    let figures = || rows().map(|(laid, cell)| laid.block.row(laid.block.cells[cell]));
    let numbers = |number: &dyn Fn(&Row<'_>) -> Option<f64>| -> ArrayRef {
        Arc::new(Float64Array::from_iter(figures().map(|row| number(&row))))
    };
    let mut columns: Vec<ArrayRef> = vec![texts(rows().map(|_| table.quarter.as_str()))];
    for place in 0..=table.dimensions.len() {
        let labels = || rows().map(|(laid, cell)| laid.label(place, cell));
        columns.push(texts(labels()));
        columns.push(texts(labels().map(label_qualifier)));
    }
    columns.push(texts(rows().map(|(laid, _)| laid.block.figure.as_str())));
    columns.push(numbers(&|row| row.estimate.value.map(|value| row.rounded(value))));
    columns.push(match also {
        "" => texts(figures().map(|row| row.qualifier())),
        _ => texts(figures().map(|row| marked(&row, also))),
    });
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

/// A column of texts, of which an iterator over several blocks does not know how many there are.
fn texts(texts: impl Iterator<Item = impl AsRef<str>>) -> ArrayRef {
    let mut column = StringBuilder::with_capacity(BATCH, 8 * BATCH);
    texts.for_each(|text| column.append_value(text));
    Arc::new(column.finish())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_the_standard_formatter() {
        let row = |decimals| Row {
            labels: Vec::new(),
            figure: "",
            decimals,
            estimate: crate::estimate::Estimate {
                value: None,
                interval: None,
                unbiased: None,
                error: None,
                mark: crate::estimate::reliability::Mark::Plain,
            },
            revised: false,
        };
        let mut state = 1u64;
        for n in 0..200_000u32 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let size = 10f64.powi((n % 19) as i32 - 3);
            let value = ((state >> 11) as f64 / (1u64 << 52) as f64 - 1.0) * size;
            for decimals in [0, 1, 2, 3] {
                let rounded = row(decimals).rounded(value);
                let mut text = Vec::new();
                number(&mut text, Some(rounded), decimals).unwrap();
                assert_eq!(String::from_utf8(text).unwrap(), format!("{rounded:.*},", decimals as usize));
            }
        }
        for value in [0.0, -0.4, 0.5, -0.5, 1e13, -1e13, 1e300] {
            let rounded = row(0).rounded(value);
            let mut text = Vec::new();
            number(&mut text, Some(rounded), 0).unwrap();
            assert_eq!(String::from_utf8(text).unwrap(), format!("{rounded:.0},"));
        }
    }

    #[test]
    fn fields_are_quoted_as_a_writer_of_csv_quotes_them() {
        for text in ["", "a", "a b", "a,b", "\"", "a\"b", "a\nb", "a\rb", " a ", "é", "=1", "#"] {
            let mut writer = csv::Writer::from_writer(Vec::new());
            writer.write_record([text, "x"]).unwrap();
            let mut own = Vec::new();
            field(&mut own, text);
            own.extend_from_slice(b",x\n");
            assert_eq!(own, writer.into_inner().unwrap(), "{text:?}");
        }
    }
}
