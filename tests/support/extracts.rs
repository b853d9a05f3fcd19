//! Extracts as a sender's system writes them: taken apart, changed and written in many manners.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;

use super::files;

/// One extract: a header and rows of any width.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extract {
    /// The header and the rows.
    pub records: Vec<Vec<String>>,
}

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// Plain, with LF.
    Lf,
    /// With CRLF.
    CrLf,
    /// With a byte order mark.
    Marked,
    /// Every field in quotes.
    Quoted,
    /// gzip, in two members.
    Gzip,
    /// zstd, in two frames.
    Zstd,
    /// Parquet, in groups of a hundred rows, blanks as nulls.
    Parquet,
}

impl Manner {
    /// Every manner but the plain one.
    pub const OTHERS: [Manner; 6] =
        [Manner::CrLf, Manner::Marked, Manner::Quoted, Manner::Gzip, Manner::Zstd, Manner::Parquet];
}

impl Extract {
    /// Reads a CSV file.
    pub fn read(path: &Path) -> Extract {
        let mut reader =
            csv::ReaderBuilder::new().has_headers(false).flexible(true).from_path(path).expect("it is there");
        let record = |record: csv::StringRecord| record.iter().map(str::to_owned).collect();
        Extract { records: reader.records().map(|it| record(it.expect("it is CSV"))).collect() }
    }

    /// The place of a column.
    pub fn column(&self, name: &str) -> usize {
        self.records[0].iter().position(|header| header == name).unwrap_or_else(|| panic!("no column `{name}`"))
    }

    /// The rows.
    pub fn rows(&self) -> &[Vec<String>] {
        &self.records[1..]
    }

    /// Leaves out rows that have more or fewer fields than the header, which Parquet cannot hold.
    pub fn squared(mut self) -> Extract {
        let width = self.records[0].len();
        self.records.retain(|record| record.len() == width);
        self
    }

    /// Writes it over, or in a place of its own.
    pub fn write(&self, path: &Path, manner: Manner) {
        let bytes = match manner {
            Manner::Lf => self.csv(csv::Terminator::Any(b'\n'), csv::QuoteStyle::Necessary, 0..self.records.len()),
            Manner::CrLf => self.csv(csv::Terminator::CRLF, csv::QuoteStyle::Necessary, 0..self.records.len()),
            Manner::Marked => [b"\xef\xbb\xbf".as_slice(), &self.plain(0..self.records.len())].concat(),
            Manner::Quoted => self.csv(csv::Terminator::Any(b'\n'), csv::QuoteStyle::Always, 0..self.records.len()),
            Manner::Gzip => self.halves().iter().flat_map(|half| gzip(half)).collect(),
            Manner::Zstd => {
                self.halves().iter().flat_map(|half| zstd::bulk::compress(half, 3).expect("it compresses")).collect()
            }
            Manner::Parquet => self.parquet(),
        };
        files::write(path, bytes);
    }

    fn plain(&self, records: std::ops::Range<usize>) -> Vec<u8> {
        self.csv(csv::Terminator::Any(b'\n'), csv::QuoteStyle::Necessary, records)
    }

    fn halves(&self) -> [Vec<u8>; 2] {
        let middle = self.records.len() / 2;
        [self.plain(0..middle), self.plain(middle..self.records.len())]
    }

    fn csv(&self, end: csv::Terminator, quotes: csv::QuoteStyle, records: std::ops::Range<usize>) -> Vec<u8> {
        let mut builder = csv::WriterBuilder::new();
        let mut writer = builder.flexible(true).terminator(end).quote_style(quotes).from_writer(Vec::new());
        self.records[records].iter().for_each(|record| writer.write_record(record).expect("memory takes it"));
        writer.into_inner().expect("memory takes it")
    }

    fn parquet(&self) -> Vec<u8> {
        let columns = self.records[0].iter().enumerate().map(|(at, name)| {
            let values = self.rows().iter().map(|row| Some(row[at].as_str()).filter(|text| !text.is_empty()));
            (name.as_str(), Arc::new(StringArray::from_iter(values)) as ArrayRef, true)
        });
        let batch = RecordBatch::try_from_iter_with_nullable(columns).expect("the rows are squared");
        parquet_of(&batch)
    }
}

/// A Parquet file of a batch, in groups of a hundred rows.
pub fn parquet_of(batch: &RecordBatch) -> Vec<u8> {
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(100)).build();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties)).expect("the schema is plain");
    writer.write(batch).and_then(|()| writer.close()).expect("memory takes it");
    bytes
}

/// One gzip member.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}

/// Adds lines to the end of a file, as they are.
pub fn append(path: &Path, lines: &[String]) {
    let mut bytes = fs::read(path).expect("it is there");
    lines.iter().for_each(|line| bytes.extend_from_slice(format!("{line}\n").as_bytes()));
    fs::write(path, bytes).expect("it is ours");
}
