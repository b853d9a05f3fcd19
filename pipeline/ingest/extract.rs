//! One file of a sender: its header matched to the layout, its content handed out in chunks that any thread may parse.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::DataType;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ParquetRecordBatchReaderBuilder};

use super::blocks::{BLOCK_BYTES, Block, Blocks, RunningHash, hash_file};
use super::layout::Layout;
use super::rows::{Parsed, Rows};
use crate::error::{Error, Result};

/// Where each column stands in the file.
struct Header {
    fields: Vec<Option<usize>>,
    width: usize,
}

/// An open extract.
pub struct Extract {
    path: PathBuf,
    header: Arc<Header>,
    content: Content,
}

enum Content {
    Csv { blocks: Blocks, first: Option<Block>, hash: RunningHash },
    Parquet { metadata: ArrowReaderMetadata, group: usize, row: u64, sha256: String },
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
    Parquet { path: PathBuf, metadata: ArrowReaderMetadata, group: usize, first_row: u64 },
}

impl Extract {
    /// Opens a file of any supported format: the first bytes tell which.
    ///
    /// # Errors
    /// [`Error::Input`] where it is empty, has no usable header or lacks a column; [`Error::Io`] where it cannot be read.
    pub fn open(path: &Path, layout: &Layout) -> Result<Self> {
        Self::open_in(path, layout, BLOCK_BYTES)
    }

    /// As [`Extract::open`], with CSV read in blocks of `size` bytes. The rows are the same whatever the size.
    ///
    /// # Errors
    /// As [`Extract::open`].
    pub fn open_in(path: &Path, layout: &Layout, size: usize) -> Result<Self> {
        let mut magic = [0; 4];
        let mut file = File::open(path).map_err(|e| Error::io("cannot open", path, e))?;
        let is_parquet = std::io::Read::read_exact(&mut file, &mut magic).is_ok() && &magic == b"PAR1";
        if is_parquet { Self::open_parquet(path, layout) } else { Self::open_csv(path, layout, size) }
    }

    fn open_csv(path: &Path, layout: &Layout, size: usize) -> Result<Self> {
        let (mut blocks, hash) = Blocks::open_in(path, size)?;
        let first = blocks
            .next_block()?
            .ok_or_else(|| Error::Input(format!("{}: the file is empty; ask for it again", path.display())))?;
        let mut reader = csv_reader(&first.bytes);
        let mut record = csv::ByteRecord::new();
        let read = reader.read_byte_record(&mut record);
        if !matches!(read, Ok(true)) {
            return Err(Error::Input(format!("{}: the file has no header", path.display())));
        }
        let names =
            record.iter().map(|name| String::from_utf8_lossy(name).trim().to_ascii_lowercase()).collect::<Vec<_>>();
        let header = Arc::new(Header::of(path, layout, &names)?);
        Ok(Extract { path: path.into(), header, content: Content::Csv { blocks, first: Some(first), hash } })
    }

    fn open_parquet(path: &Path, layout: &Layout) -> Result<Self> {
        let file = File::open(path).map_err(|e| Error::io("cannot open", path, e))?;
        let metadata =
            guarded(path, || ArrowReaderMetadata::load(&file, Default::default()).map_err(|_| damaged(path)))?;
        let names =
            metadata.schema().fields().iter().map(|field| field.name().trim().to_ascii_lowercase()).collect::<Vec<_>>();
        let header = Arc::new(Header::of(path, layout, &names)?);
        let sha256 = hash_file(path)?;
        Ok(Extract { path: path.into(), header, content: Content::Parquet { metadata, group: 0, row: 1, sha256 } })
    }

    /// The next chunk, or `None` at the end.
    ///
    /// # Errors
    /// As [`Blocks::next_block`].
    pub fn next_chunk(&mut self) -> Result<Option<Chunk>> {
        let header = self.header.clone();
        match &mut self.content {
            Content::Csv { blocks, first, .. } => {
                let block = if first.is_some() { first.take() } else { blocks.next_block()? };
                Ok(block.map(|block| Chunk { number: block.number, header, piece: Piece::Csv(block) }))
            }
            Content::Parquet { metadata, group, row, .. } => {
                if *group >= metadata.metadata().num_row_groups() {
                    return Ok(None);
                }
                let piece = Piece::Parquet {
                    path: self.path.clone(),
                    metadata: metadata.clone(),
                    group: *group,
                    first_row: *row,
                };
                *row += metadata.metadata().row_group(*group).num_rows() as u64;
                *group += 1;
                Ok(Some(Chunk { number: *group - 1, header, piece }))
            }
        }
    }

    /// The SHA-256 of the file, once every chunk has been handed out: 64 hexadecimal digits.
    pub fn sha256(&self) -> String {
        match &self.content {
            Content::Csv { hash, .. } => hash.hex(),
            Content::Parquet { sha256, .. } => sha256.clone(),
        }
    }
}

impl Header {
    /// Matches names to columns. The header's own words are not repeated in the error: where a file has no header, they
    /// are a person's values.
    fn of(path: &Path, layout: &Layout, names: &[String]) -> Result<Self> {
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
            return Err(Error::Input(format!(
                "{}: the header lacks {} (table `{}`); is the first line the header, and is this the right table?",
                path.display(),
                missing.join(", "),
                layout.table
            )));
        }
        for (column, field) in layout.columns.iter().zip(&fields).filter(|(_, field)| field.is_some()) {
            let again = names
                .iter()
                .skip(field.map_or(0, |field| field + 1))
                .any(|name| name.eq_ignore_ascii_case(&column.header));
            if again {
                return Err(Error::Input(format!("{}: the header names `{}` twice", path.display(), column.header)));
            }
        }
        Ok(Header { fields, width: names.len() })
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
            Piece::Parquet { path, metadata, group, first_row } => {
                parse_parquet(path, metadata, *group, *first_row, &mut rows)?;
            }
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

fn parse_parquet(
    path: &Path,
    metadata: &ArrowReaderMetadata,
    group: usize,
    first_row: u64,
    rows: &mut Rows<'_>,
) -> Result<()> {
    let file = File::open(path).map_err(|e| Error::io("cannot open", path, e))?;
    let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata.clone());
    let builder = builder.with_row_groups(vec![group]);
    let mut reader = guarded(path, || builder.build().map_err(|_| damaged(path)))?;
    let mut line = first_row;
    let mut next = || match reader.next() {
        Some(batch) => as_text(&batch.map_err(|_| damaged(path))?, path).map(Some),
        None => Ok(None),
    };
    while let Some(batch) = guarded(path, &mut next)? {
        let columns = batch.columns().iter().map(|column| column.as_string::<i32>()).collect::<Vec<_>>();
        for row in 0..batch.num_rows() {
            rows.push(line, columns.len(), |field| {
                let column = columns[field];
                if column.is_null(row) { b"" } else { column.value(row).as_bytes() }
            });
            line += 1;
        }
    }
    Ok(())
}

/// Every column as text, so that a Parquet extract is held to the very rules that a CSV one is.
fn as_text(batch: &RecordBatch, path: &Path) -> Result<RecordBatch> {
    let cast = |column: &ArrayRef| arrow::compute::cast(column, &DataType::Utf8);
    let columns = batch.columns().iter().map(cast).collect::<Result<Vec<_>, _>>();
    let columns = columns.map_err(|_| {
        Error::Input(format!("{}: a column is of a type that has no text form (a list, a structure)", path.display()))
    })?;
    let schema = batch.schema();
    let named = schema.fields().iter().map(|field| field.name().clone()).zip(columns).map(|(name, c)| (name, c, true));
    RecordBatch::try_from_iter_with_nullable(named).map_err(|_| damaged(path))
}

/// What reads Parquet panics on some damaged files, for instance where a page says that its numbers have 200 bits.
fn guarded<T>(path: &Path, read: impl FnOnce() -> Result<T>) -> Result<T> {
    crate::process::guarded(read).unwrap_or_else(|| Err(damaged(path)))
}

fn damaged(path: &Path) -> Error {
    Error::Input(format!("{}: the Parquet file is damaged; ask for it again", path.display()))
}
