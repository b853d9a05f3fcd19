//! Rows of one block, checked and typed: kept rows become columns, the others a line each in quarantine.
//!
//! **Invariant 4**: whether a row is kept depends on that row alone (and, for uniqueness, on rows of the same person
//! in the same file): `measure::spec::neighbours`.
//! **Invariant 10**: identifiers end here. What leaves is pseudonyms, positions and counts.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, Date32Array, Decimal128Array, Int8Array, Int32Array, Int64Array, RecordBatch, StringBuilder,
};
use arrow::datatypes::SchemaRef;

use super::buckets::by_bucket;
use super::cell::{Cell, Read};
use super::layout::{BUCKETS, ColumnReader, Layout, MOST_COLUMNS, PSEUDONYM, Stored};
use super::rule::{Repair, Rule};
use super::tally::{Counts, Tally};
use crate::error::{Error, Result};
use crate::schema::Breach;

/// One breach that set a row aside: where, never what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Quarantined {
    /// The file's line.
    pub line: u64,
    /// The column's number in the layout; the number of columns stands for the row as a whole.
    pub column: u16,
    /// The rule.
    pub rule: Rule,
}

/// What became of a block.
pub struct Parsed {
    /// The kept rows.
    pub batch: RecordBatch,
    /// The others, in line order.
    pub quarantined: Vec<Quarantined>,
    /// Counts of both.
    pub tally: Tally,
    /// For tables with a uniqueness rule: each kept row's key and line.
    pub keys: Vec<(u128, u64)>,
}

/// Takes rows one at a time.
pub struct Rows<'a> {
    layout: &'a Layout,
    /// Field number of each column, where the file has it.
    fields: &'a [Option<usize>],
    width: usize,
    columns: Vec<Values>,
    counts: Counts,
    quarantined: Vec<Quarantined>,
    keys: Vec<(u128, u64)>,
}

enum Values {
    Dropped,
    Pseudonyms(Vec<Option<i128>>),
    Codes(Vec<i8>),
    Rows(Vec<Option<i32>>),
    Dates(Vec<Option<i32>>),
    Wholes(Vec<Option<i64>>),
    Texts(StringBuilder),
}

impl<'a> Rows<'a> {
    /// For a file whose header has `width` fields, with each column at `fields`.
    pub fn new(layout: &'a Layout, fields: &'a [Option<usize>], width: usize) -> Self {
        let columns = layout.columns.iter().map(|column| match column.stored {
            None => Values::Dropped,
            Some(Stored::Pseudonym(_)) => Values::Pseudonyms(Vec::new()),
            Some(Stored::Code { .. }) => Values::Codes(Vec::new()),
            Some(Stored::Row) => Values::Rows(Vec::new()),
            Some(Stored::Date) => Values::Dates(Vec::new()),
            Some(Stored::Whole) => Values::Wholes(Vec::new()),
            Some(Stored::Text) => Values::Texts(StringBuilder::new()),
        });
        Rows {
            layout,
            fields,
            width,
            columns: columns.collect(),
            counts: Counts::new(layout.columns.len()),
            quarantined: Vec::new(),
            keys: Vec::new(),
        }
    }

    /// Takes one row: `get(i)` is field `i` of `width` fields.
    pub fn push<'r>(&mut self, line: u64, width: usize, get: impl Fn(usize) -> &'r [u8])
    where
        'a: 'r,
    {
        self.counts.rows += 1;
        if width != self.width {
            self.counts.quarantined += 1;
            self.set_aside(line, self.layout.columns.len(), Rule::Fields);
            return;
        }
        let mut cells = [Cell::Blank; MOST_COLUMNS];
        let mut keep = true;
        for (number, column) in self.layout.columns.iter().enumerate() {
            let text = self.fields[number].map_or(&b""[..], &get);
            match self.field(number, column, text) {
                Ok(cell) => cells[number] = cell,
                Err(rule) => {
                    self.set_aside(line, number, rule);
                    keep = false;
                }
            }
        }
        if keep {
            self.store(line, &cells);
        } else {
            self.counts.quarantined += 1;
        }
    }

    fn set_aside(&mut self, line: u64, column: usize, rule: Rule) {
        self.counts.breach(column, rule);
        self.quarantined.push(Quarantined { line, column: column as u16, rule });
    }

    /// One field: its cell, or the rule that sets the row aside.
    fn field<'r>(&mut self, number: usize, column: &'r ColumnReader, text: &'r [u8]) -> Result<Cell<'r>, Rule> {
        let trimmed = text.trim_ascii();
        let read = if trimmed.is_empty() {
            self.counts.blank[number] += 1;
            Read { cell: Cell::Blank, repair: None, breach: column.required.then_some(Rule::Required) }
        } else {
            if trimmed.len() < text.len() {
                self.counts.repair(number, Repair::Spaces);
            }
            column.convert.read(trimmed)
        };
        let is_text = matches!(column.stored, Some(Stored::Text));
        let read = match read.cell {
            Cell::Bytes(bytes) if is_text && std::str::from_utf8(bytes).is_err() => {
                Read { cell: Cell::Blank, repair: None, breach: Some(Rule::Encoding) }
            }
            _ => read,
        };
        if let Some(repair) = read.repair {
            self.counts.repair(number, repair);
        }
        let Some(rule) = read.breach else { return Ok(read.cell) };
        match column.breach {
            Breach::Quarantine => Err(rule),
            Breach::Warn => {
                self.counts.warn(number, rule);
                Ok(read.cell)
            }
            Breach::Unknown => {
                let coded = matches!(column.stored, Some(Stored::Code { .. } | Stored::Row));
                self.counts.warn(number, rule);
                self.counts.repair(number, if coded { Repair::MadeUnknown } else { Repair::MadeBlank });
                Ok(Cell::Blank)
            }
        }
    }

    fn store(&mut self, line: u64, cells: &[Cell<'_>; MOST_COLUMNS]) {
        self.counts.stored += 1;
        let mut key = 0u128;
        for (number, column) in self.layout.columns.iter().enumerate() {
            let cell = cells[number];
            let identity = match (&mut self.columns[number], cell) {
                (Values::Pseudonyms(values), cell) => {
                    let number = pseudonym(column, cell);
                    values.push(number);
                    number.unwrap_or(-1)
                }
                (Values::Codes(values), cell) => {
                    let unknown = match column.stored {
                        Some(Stored::Code { unknown }) => unknown,
                        _ => 0,
                    };
                    let code = int(cell).map_or(unknown, |code| code as i8);
                    values.push(code);
                    code.into()
                }
                (Values::Rows(values) | Values::Dates(values), cell) => {
                    let value = int(cell).map(|value| value as i32);
                    values.push(value);
                    value.map_or(-1, i128::from)
                }
                (Values::Wholes(values), cell) => {
                    values.push(int(cell));
                    int(cell).map_or(-1, i128::from)
                }
                (Values::Texts(values), Cell::Bytes(bytes)) => {
                    // `field` has checked it; were it wrong, a blank would stand and nothing would be lost in silence.
                    values.append_option(std::str::from_utf8(bytes).ok());
                    fold_text(bytes)
                }
                (Values::Texts(values), _) => {
                    values.append_null();
                    -1
                }
                // Let go, and part of the key all the same: a practice tells two registrations of one day apart.
                (Values::Dropped, Cell::Bytes(bytes)) => fold_text(bytes),
                (Values::Dropped, cell) => int(cell).map_or(-1, i128::from),
            };
            if self.layout.in_key(number) {
                key = fold(key, identity as u128);
            }
        }
        if !self.layout.unique.is_empty() {
            self.keys.push((key, line));
        }
        if let Some(Cell::Int(day)) = self.layout.dated_by.map(|number| cells[number])
            && !(self.layout.quarter.0..=self.layout.quarter.1).contains(&day)
        {
            self.counts.other_quarters += 1;
        }
    }

    /// What became of the rows.
    ///
    /// # Errors
    /// [`Error::System`] where Arrow refuses the columns, which the layout rules out.
    pub fn finish(self) -> Result<Parsed> {
        let people = self.layout.person.map(|person| match &self.columns[person] {
            Values::Pseudonyms(people) => people.iter().map(|person| bucket(*person)).collect::<Vec<_>>(),
            _ => Vec::new(),
        });
        let mut stored = self.columns.into_iter().filter_map(Values::finish).collect::<Vec<_>>();
        stored.extend(people.map(|buckets| Arc::new(Int8Array::from(buckets)) as ArrayRef));
        let batch = batch(self.layout.stored.clone(), stored, self.counts.stored)?;
        let (batch, keys) = by_bucket(batch, self.keys)?;
        let tally = self.counts.named(&self.layout.names);
        Ok(Parsed { batch, quarantined: self.quarantined, tally, keys })
    }
}

fn batch(schema: SchemaRef, columns: Vec<ArrayRef>, rows: u64) -> Result<RecordBatch> {
    let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(rows as usize));
    RecordBatch::try_new_with_options(schema, columns, &options)
        .map_err(|_| Error::System("the kept rows did not fit their schema".into()))
}

impl Values {
    fn finish(self) -> Option<ArrayRef> {
        Some(match self {
            Values::Dropped => return None,
            Values::Pseudonyms(values) => Arc::new(Decimal128Array::from(values).with_data_type(PSEUDONYM)),
            Values::Codes(values) => Arc::new(Int8Array::from(values)),
            Values::Rows(values) => Arc::new(Int32Array::from(values)),
            Values::Dates(values) => Arc::new(Date32Array::from(values)),
            Values::Wholes(values) => Arc::new(Int64Array::from(values)),
            Values::Texts(mut values) => Arc::new(values.finish()),
        })
    }
}

fn int(cell: Cell<'_>) -> Option<i64> {
    match cell {
        Cell::Int(number) => Some(number),
        _ => None,
    }
}

/// Pseudonyms are 126 random bits: the first four of them say the bucket.
fn bucket(person: Option<i128>) -> i8 {
    person.map_or(BUCKETS, |person| (person >> 122) as i8)
}

fn pseudonym(column: &ColumnReader, cell: Cell<'_>) -> Option<i128> {
    let Some(Stored::Pseudonym(space)) = &column.stored else { return None };
    match cell {
        Cell::Number(digits) => Some(space.pseudonym(&digits).number()),
        Cell::Bytes(bytes) => Some(space.pseudonym(bytes).number()),
        Cell::Blank | Cell::Int(_) => None,
    }
}

/// Mixes the columns of a key into 128 bits. The person's pseudonym is the output of a keyed hash and is always among
/// them, so keys of two people differ but for odds of 1e-24; keys of one person are their own affair.
fn fold(key: u128, value: u128) -> u128 {
    const ODD: u128 = 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835;
    (key.rotate_left(41) ^ value).wrapping_mul(ODD)
}

/// Texts are keys of public tables, and practice codes.
fn fold_text(bytes: &[u8]) -> i128 {
    bytes.chunks(16).fold(bytes.len() as u128, |key, chunk| {
        let mut padded = [0; 16];
        padded[..chunk.len()].copy_from_slice(chunk);
        fold(key, u128::from_le_bytes(padded))
    }) as i128
}
