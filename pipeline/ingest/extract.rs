//! One delivery of a sender: its header matched to the layout, its content handed out in chunks that any thread may parse.

use std::iter::Enumerate;
use std::sync::Arc;
use std::vec::IntoIter;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::DataType;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ParquetRecordBatchReaderBuilder};

use super::blocks::{BLOCK_BYTES, Block, Blocks, RunningHash};
use super::layout::Layout;
use super::rows::{Parsed, Rows};
use super::workbook::{self, Unmatched, Workbook};
use crate::error::{Error, Result};
use crate::origin::delivery::{PagesOfParquet, RowHash};
use crate::origin::{self, Content, Delivery};

/// The first bytes of a Parquet file.
const PARQUET: &[u8] = b"PAR1";

/// Where each column stands in the file.
struct Header {
    fields: Vec<Option<usize>>,
    width: usize,
}

/// An open extract.
pub struct Extract {
    header: Arc<Header>,
    reading: Reading,
}

enum Reading {
    Csv { blocks: Blocks, first: Option<Block>, hash: RunningHash },
    Parquet { file: Arc<ParquetFile>, group: usize, row: u64, sha256: String },
    Sheet { pieces: Enumerate<IntoIter<workbook::Piece>>, sha256: String },
    Rows { batches: Batches, number: usize, row: u64, hash: RowHash },
}

/// Rows as text, batch by batch.
type Batches = Box<dyn Iterator<Item = Result<RecordBatch>> + Send>;

struct ParquetFile {
    shown: String,
    pages: PagesOfParquet,
    metadata: ArrowReaderMetadata,
}

/// A piece of an extract: whole records, parsed by whichever thread is free.
pub struct Chunk {
    /// Its place in the file, from 0.
    pub number: usize,
    header: Arc<Header>,
    piece: Piece,
}

enum Piece {
    Csv(Block),
    Parquet { file: Arc<ParquetFile>, group: usize, first_row: u64 },
    Sheet(workbook::Piece),
    Rows { batch: RecordBatch, first_row: u64 },
}

impl Extract {
    /// Opens a delivery of any supported format: the first bytes tell which.
    ///
    /// # Errors
    /// [`Error::Input`] where it is empty, has no usable header, lacks a column, or cannot be read.
    pub fn open(delivery: &Delivery, layout: &Layout) -> Result<Self> {
        Self::open_in(delivery, layout, BLOCK_BYTES)
    }

    /// As [`Extract::open`], with CSV read in blocks of `size` bytes. The rows are the same whatever the size.
    ///
    /// # Errors
    /// As [`Extract::open`].
    pub fn open_in(delivery: &Delivery, layout: &Layout, size: usize) -> Result<Self> {
        if let Content::Query(query) = &delivery.content {
            return Self::of_rows(delivery, layout, query.ask()?);
        }
        let mut magic = Vec::with_capacity(PARQUET.len());
        let mut start = std::io::Read::take(delivery.read()?, PARQUET.len() as u64);
        std::io::Read::read_to_end(&mut start, &mut magic).map_err(|e| delivery.unreadable("read", &e))?;
        match magic.as_slice() {
            PARQUET => Self::open_parquet(delivery, layout),
            workbook::ARCHIVE | workbook::COMPOUND => Self::open_workbook(delivery, layout),
            _ => Self::open_csv(delivery, layout, size),
        }
    }

    fn open_csv(delivery: &Delivery, layout: &Layout, size: usize) -> Result<Self> {
        let shown = &delivery.shown;
        let (mut blocks, hash) = Blocks::open(delivery, size)?;
        let empty = || Error::Input(format!("{shown}: the file is empty; ask for it again"));
        let first = blocks.next_block()?.ok_or_else(empty)?;
        let mut reader = csv_reader(&first.bytes);
        let mut record = csv::ByteRecord::new();
        let read = reader.read_byte_record(&mut record);
        if !matches!(read, Ok(true)) {
            return Err(Error::Input(format!("{shown}: the file has no header")));
        }
        let names = record.iter().map(|name| heading(&String::from_utf8_lossy(name))).collect::<Vec<_>>();
        let header = Arc::new(Header::of(shown, layout, &names)?);
        Ok(Extract { header, reading: Reading::Csv { blocks, first: Some(first), hash } })
    }

    fn open_parquet(delivery: &Delivery, layout: &Layout) -> Result<Self> {
        let shown = delivery.shown.clone();
        let pages = PagesOfParquet(delivery.pages()?.clone());
        let metadata =
            guarded(&shown, || ArrowReaderMetadata::load(&pages, Default::default()).map_err(|_| damaged(&shown)))
                .map_err(|error| pages.blame(&shown, error))?;
        let names = metadata.schema().fields().iter().map(|field| heading(field.name())).collect::<Vec<_>>();
        let header = Arc::new(Header::of(&shown, layout, &names)?);
        let sha256 = delivery.sha256()?;
        let file = Arc::new(ParquetFile { shown, pages, metadata });
        Ok(Extract { header, reading: Reading::Parquet { file, group: 0, row: 1, sha256 } })
    }

    fn open_workbook(delivery: &Delivery, layout: &Layout) -> Result<Self> {
        let headings = |names: &[String]| Header::places(&delivery.shown, layout, names);
        let Workbook { fields, width, pieces, sha256 } = Workbook::read(delivery, layout, &headings)?;
        let pieces = pieces.into_iter().enumerate();
        Ok(Extract { header: Arc::new(Header { fields, width }), reading: Reading::Sheet { pieces, sha256 } })
    }

    fn of_rows(delivery: &Delivery, layout: &Layout, rows: origin::delivery::Rows) -> Result<Self> {
        let hash = RowHash::new(&rows.names);
        let names = rows.names.iter().map(|name| heading(name)).collect::<Vec<_>>();
        let header = Arc::new(Header::of(&delivery.shown, layout, &names)?);
        Ok(Extract { header, reading: Reading::Rows { batches: rows.batches, number: 0, row: 1, hash } })
    }

    /// The next chunk, or `None` at the end.
    ///
    /// # Errors
    /// As [`Blocks::next_block`]; [`Error::Input`] where a query fails half-way.
    pub fn next_chunk(&mut self) -> Result<Option<Chunk>> {
        let header = self.header.clone();
        match &mut self.reading {
            Reading::Csv { blocks, first, .. } => {
                let block = if first.is_some() { first.take() } else { blocks.next_block()? };
                Ok(block.map(|block| Chunk { number: block.number, header, piece: Piece::Csv(block) }))
            }
            Reading::Parquet { file, group, row, .. } => {
                if *group >= file.metadata.metadata().num_row_groups() {
                    return Ok(None);
                }
                let piece = Piece::Parquet { file: file.clone(), group: *group, first_row: *row };
                *row += file.metadata.metadata().row_group(*group).num_rows() as u64;
                *group += 1;
                Ok(Some(Chunk { number: *group - 1, header, piece }))
            }
            Reading::Sheet { pieces, .. } => {
                Ok(pieces.next().map(|(number, piece)| Chunk { number, header, piece: Piece::Sheet(piece) }))
            }
            Reading::Rows { batches, number, row, hash } => {
                let Some(batch) = batches.next().transpose()? else { return Ok(None) };
                hash.add(&batch);
                let first_row = *row;
                *row += batch.num_rows() as u64;
                *number += 1;
                Ok(Some(Chunk { number: *number - 1, header, piece: Piece::Rows { batch, first_row } }))
            }
        }
    }

    /// The SHA-256 of the delivery, once every chunk has been handed out: 64 hexadecimal digits.
    pub fn sha256(&self) -> String {
        match &self.reading {
            Reading::Csv { hash, .. } => hash.hex(),
            Reading::Parquet { sha256, .. } | Reading::Sheet { sha256, .. } => sha256.clone(),
            Reading::Rows { hash, .. } => hash.hex(),
        }
    }
}

/// A column's name as it is compared.
fn heading(name: &str) -> String {
    name.trim().to_ascii_lowercase()
}

impl Header {
    fn of(shown: &str, layout: &Layout, names: &[String]) -> Result<Self> {
        match Self::places(shown, layout, names) {
            Ok(fields) => Ok(Header { fields, width: names.len() }),
            Err(Unmatched::Lacks(_, error) | Unmatched::Twice(error)) => Err(error),
        }
    }

    /// Matches names to columns. The header's own words are not repeated in the error: where a file has no header, they
    /// are a person's values.
    fn places(shown: &str, layout: &Layout, names: &[String]) -> Result<Vec<Option<usize>>, Unmatched> {
        let find = |header: &str| names.iter().position(|name| name.eq_ignore_ascii_case(header));
        let fields = layout.columns.iter().map(|column| find(&column.header)).collect::<Vec<_>>();
        let missing = layout
            .columns
            .iter()
            .zip(&fields)
            .filter(|(column, field)| field.is_none() && !column.optional)
            .map(|(column, _)| format!("`{}`", column.header))
            .collect::<Vec<_>>();
        if !missing.is_empty() {
            let error = Error::Input(format!(
                "{}: the header lacks {} (table `{}`); is the first line the header, and is this the right table?",
                shown,
                missing.join(", "),
                layout.table
            ));
            return Err(Unmatched::Lacks(missing.len(), error));
        }
        for (column, field) in layout.columns.iter().zip(&fields).filter(|(_, field)| field.is_some()) {
            let again = names
                .iter()
                .skip(field.map_or(0, |field| field + 1))
                .any(|name| name.eq_ignore_ascii_case(&column.header));
            if again {
                let error = format!("{}: the header names `{}` twice", shown, column.header);
                return Err(Unmatched::Twice(Error::Input(error)));
            }
        }
        Ok(fields)
    }
}

impl Chunk {
    /// Checks and types the chunk's rows.
    ///
    /// # Errors
    /// [`Error::Input`] where a Parquet file is damaged.
    pub fn parse(self, layout: &Layout) -> Result<Parsed> {
        let mut rows = Rows::new(layout, &self.header.fields, self.header.width);
        match &self.piece {
            Piece::Csv(block) => parse_csv(block, &mut rows),
            Piece::Parquet { file, group, first_row } => parse_parquet(file, *group, *first_row, &mut rows)
                .map_err(|error| file.pages.blame(&file.shown, error))?,
            Piece::Sheet(piece) => piece.parse(self.header.width, &mut rows),
            Piece::Rows { batch, first_row } => push_text(batch, *first_row, &mut rows),
        }
        rows.finish()
    }
}

fn csv_reader(bytes: &[u8]) -> csv::Reader<&[u8]> {
    // csv-core itself skips a byte order mark at the start of its input.
    csv::ReaderBuilder::new().has_headers(false).flexible(true).buffer_capacity(1 << 16).from_reader(bytes)
}

fn parse_csv(block: &Block, rows: &mut Rows<'_>) {
    let mut reader = csv_reader(&block.bytes);
    let mut record = csv::ByteRecord::new();
    let mut header = block.number == 0;
    // Reading bytes that are in memory, with any number of fields a record, has no way to fail.
    while reader.read_byte_record(&mut record).unwrap_or(false) {
        if std::mem::take(&mut header) {
            continue;
        }
        let line = block.first_line + record.position().map_or(0, |at| lines_before(at, &block.bytes));
        rows.push(line, record.len(), |field| record.get(field).unwrap_or_default());
    }
}

/// Line ends before a record. The reader's position is one byte short of it where lines end in CRLF, and before any blank
/// lines.
fn lines_before(position: &csv::Position, bytes: &[u8]) -> u64 {
    let start = usize::try_from(position.byte()).unwrap_or(usize::MAX);
    let ends = bytes.iter().skip(start).take_while(|byte| matches!(byte, b'\r' | b'\n'));
    position.line() - 1 + ends.filter(|byte| **byte == b'\n').count() as u64
}

fn parse_parquet(file: &ParquetFile, group: usize, first_row: u64, rows: &mut Rows<'_>) -> Result<()> {
    let shown = &file.shown;
    let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file.pages.clone(), file.metadata.clone());
    let builder = builder.with_row_groups(vec![group]);
    let mut reader = guarded(shown, || builder.build().map_err(|_| damaged(shown)))?;
    let mut line = first_row;
    let mut next = || match reader.next() {
        Some(batch) => as_text(&batch.map_err(|_| damaged(shown))?, shown).map(Some),
        None => Ok(None),
    };
    while let Some(batch) = guarded(shown, &mut next)? {
        push_text(&batch, line, rows);
        line += batch.num_rows() as u64;
    }
    Ok(())
}

/// Rows of text, the first of which is known by `line`.
fn push_text(batch: &RecordBatch, line: u64, rows: &mut Rows<'_>) {
    let columns = batch.columns().iter().map(|column| column.as_string::<i32>()).collect::<Vec<_>>();
    for row in 0..batch.num_rows() {
        rows.push(line + row as u64, columns.len(), |field| {
            let column = columns[field];
            if column.is_null(row) { b"" } else { column.value(row).as_bytes() }
        });
    }
}

/// Every column as text, so that a Parquet extract is held to the very rules that a CSV one is.
fn as_text(batch: &RecordBatch, shown: &str) -> Result<RecordBatch> {
    let cast = |column: &ArrayRef| arrow::compute::cast(column, &DataType::Utf8);
    let columns = batch.columns().iter().map(cast).collect::<Result<Vec<_>, _>>();
    let columns = columns.map_err(|_| {
        Error::Input(format!("{shown}: a column is of a type that has no text form (a list, a structure)"))
    })?;
    let schema = batch.schema();
    let named = schema.fields().iter().map(|field| field.name().clone()).zip(columns).map(|(name, c)| (name, c, true));
    RecordBatch::try_from_iter_with_nullable(named).map_err(|_| damaged(shown))
}

/// What reads Parquet panics on some damaged files, for instance where a page says that its numbers have 200 bits.
fn guarded<T>(shown: &str, read: impl FnOnce() -> Result<T>) -> Result<T> {
    crate::process::guarded(read).unwrap_or_else(|| Err(damaged(shown)))
}

fn damaged(shown: &str) -> Error {
    Error::Input(format!("{shown}: the Parquet file is damaged; ask for it again"))
}
