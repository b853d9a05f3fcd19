//! One extract as it was delivered: its name for the operator, and its content, which is bytes or rows.

use std::fmt;
use std::io::{self, Read};
use std::sync::Arc;

use arrow::array::RecordBatch;
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, Length};
use sha2::{Digest, Sha256};

use crate::config::plan::Sheet;
use crate::error::{Error, Result};

/// Bytes read at once.
const STRIDE: usize = 1 << 20;

/// One extract, wherever it is.
#[derive(Clone)]
pub struct Delivery {
    /// How the operator knows it, without any credential: a path from the board's root, `s3://bucket/key`.
    pub name: String,
    /// The same as errors say it: a file's whole path.
    pub shown: String,
    /// Its size, as far as that is known before it is read.
    pub bytes: u64,
    /// Where its rows are, if it turns out to be a workbook.
    pub sheet: Sheet,
    /// What is in it.
    pub content: Content,
}

/// What is in a delivery.
#[derive(Clone)]
pub enum Content {
    /// Bytes, which may be read from any place: a file, an object in a store. The first of them tell the format.
    Pages(Arc<dyn Pages>),
    /// Rows: what a query answers.
    Query(Arc<dyn Query>),
}

/// Bytes that may be read from any place, by several threads. Errors of the system's kind hold nothing of the content.
pub trait Pages: Send + Sync {
    /// How many bytes there are.
    ///
    /// # Errors
    /// As the system says.
    fn size(&self) -> io::Result<u64>;
    /// A stream of the bytes from `start` to the end.
    ///
    /// # Errors
    /// As the system says.
    fn read_from(&self, start: u64) -> io::Result<Box<dyn Read + Send>>;
    /// The same, where little will be read before the next leap, as in a Parquet file.
    ///
    /// # Errors
    /// As the system says.
    fn read_near(&self, start: u64) -> io::Result<Box<dyn Read + Send>> {
        self.read_from(start)
    }
    /// What tells this content from any other that had its name, without reading it; none where only reading tells.
    fn mark(&self) -> Option<String> {
        None
    }
    /// Why the last reading failed, for a reader that passes no reasons on.
    fn trouble(&self) -> Option<&'static str> {
        None
    }
}

/// Trouble in words of smirr's own, inside the system's error: what happened, and what to do.
#[derive(Debug, Clone, Copy)]
pub struct Told(pub &'static str);

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Told {}

/// Words of smirr's own in an error of the system's kind.
fn told(error: &io::Error) -> Option<&'static str> {
    error.get_ref()?.downcast_ref::<Told>().map(|told| told.0)
}

/// The error of a delivery that ends too soon.
pub fn cut_short(shown: &str, error: &io::Error) -> Error {
    match told(error) {
        Some(words) => Error::Input(format!("{shown}: cannot be read to its end: {words}")),
        None => Error::Input(format!("{shown}: cannot be read to its end ({}); ask for it again", error.kind())),
    }
}

/// A query whose answer is the same, row for row and in the same order, as long as what it asks for has not changed.
pub trait Query: Send + Sync {
    /// Asks, and gives the answer as it comes: every column as text (`Utf8`), all batches of one schema.
    ///
    /// # Errors
    /// [`Error::Input`] where it cannot be asked; without a credential, and without the other side's words, which may
    /// quote a row.
    fn ask(&self) -> Result<Rows>;
}

/// The names of an answer's columns, and its rows, batch by batch.
pub struct Rows {
    /// In the order of the columns.
    pub names: Vec<String>,
    /// Every column as text.
    pub batches: Box<dyn Iterator<Item = Result<RecordBatch>> + Send>,
}

impl Delivery {
    /// The bytes from the start; an error for a query, which has none.
    ///
    /// # Errors
    /// [`Error::Input`] where it cannot be opened.
    pub fn read(&self) -> Result<Box<dyn Read + Send>> {
        self.pages()?.read_from(0).map_err(|e| self.unreadable("opened", &e))
    }

    /// The pages of a delivery of bytes.
    ///
    /// # Errors
    /// [`Error::Input`] for a query.
    pub fn pages(&self) -> Result<&Arc<dyn Pages>> {
        match &self.content {
            Content::Pages(pages) => Ok(pages),
            Content::Query(_) => Err(Error::Input(format!("{}: a query has rows, and no bytes", self.shown))),
        }
    }

    /// The SHA-256 of what it holds now, as 64 hexadecimal digits: reads all of it.
    ///
    /// # Errors
    /// [`Error::Input`] where it cannot be read to its end.
    pub fn sha256(&self) -> Result<String> {
        let Content::Query(query) = &self.content else { return self.hash_of_bytes() };
        let rows = query.ask()?;
        let mut hash = RowHash::new(&rows.names);
        for batch in rows.batches {
            hash.add(&batch?);
        }
        Ok(hash.hex())
    }

    fn hash_of_bytes(&self) -> Result<String> {
        let mut input = self.read()?;
        let (mut hash, mut buffer) = (Sha256::new(), vec![0; STRIDE]);
        loop {
            match input.read(&mut buffer) {
                Ok(0) => return Ok(hex(&hash.finalize())),
                Ok(n) => hash.update(&buffer[..n]),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(self.unreadable("read to its end", &e)),
            }
        }
    }

    /// The error of a delivery that cannot be read: where, and the system's own kind of trouble.
    pub fn unreadable(&self, what: &str, error: &io::Error) -> Error {
        match told(error) {
            Some(words) => Error::Input(format!("{}: cannot be {what}: {words}", self.shown)),
            None => Error::Input(format!("{}: cannot be {what} ({})", self.shown, error.kind())),
        }
    }

    /// What tells its content from any other that had its name, without reading it; see [`Pages::mark`].
    pub fn mark(&self) -> Option<String> {
        match &self.content {
            Content::Pages(pages) => pages.mark(),
            Content::Query(_) => None,
        }
    }

    /// What decides how its content is read, beside the schema: part of what a stored part follows from.
    pub fn reading(&self) -> String {
        match self.sheet == Sheet::default() {
            true => String::new(),
            false => format!("{:?}", self.sheet),
        }
    }
}

/// Its name alone.
impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Delivery({})", self.name)
    }
}

/// The hash of rows as they come, wherever the batches are cut.
pub struct RowHash(Sha256);

impl RowHash {
    /// Of rows with columns of these names.
    pub fn new(names: &[String]) -> Self {
        let mut hash = RowHash(Sha256::new());
        hash.0.update((names.len() as u64).to_le_bytes());
        names.iter().for_each(|name| hash.cell(Some(name.as_bytes())));
        hash
    }

    /// The next rows, every column of which is text.
    pub fn add(&mut self, batch: &RecordBatch) {
        use arrow::array::{Array, AsArray};
        let columns = batch.columns().iter().map(|column| column.as_string::<i32>()).collect::<Vec<_>>();
        for row in 0..batch.num_rows() {
            columns.iter().for_each(|column| self.cell(column.is_valid(row).then(|| column.value(row).as_bytes())));
        }
    }

    /// Each cell with its length, so that none runs into the next; a null is told from a blank.
    fn cell(&mut self, text: Option<&[u8]>) {
        self.0.update(text.map_or(u64::MAX, |text| text.len() as u64).to_le_bytes());
        self.0.update(text.unwrap_or_default());
    }

    /// 64 hexadecimal digits.
    pub fn hex(&self) -> String {
        hex(&self.0.clone().finalize())
    }
}

/// The SHA-256 of bytes in hand, as 64 hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Pages as the Parquet crate reads them.
#[derive(Clone)]
pub struct PagesOfParquet(pub Arc<dyn Pages>);

impl PagesOfParquet {
    /// The error that a reading of it ended in, or what truly ended it: the reader takes every trouble for damage.
    pub fn blame(&self, shown: &str, error: Error) -> Error {
        match self.0.trouble() {
            Some(words) => Error::Input(format!("{shown}: cannot be read to its end: {words}")),
            None => error,
        }
    }
}

impl Length for PagesOfParquet {
    fn len(&self) -> u64 {
        // What cannot be measured is empty, and then refused as damaged.
        self.0.size().unwrap_or(0)
    }
}

impl ChunkReader for PagesOfParquet {
    type T = Box<dyn Read + Send>;

    fn get_read(&self, start: u64) -> parquet::errors::Result<Self::T> {
        self.0.read_near(start).map_err(|e| ParquetError::General(e.kind().to_string()))
    }

    fn get_bytes(&self, start: u64, length: usize) -> parquet::errors::Result<bytes::Bytes> {
        let mut bytes = Vec::with_capacity(length);
        let read = self.get_read(start)?.take(length as u64).read_to_end(&mut bytes);
        match read {
            Ok(n) if n == length => Ok(bytes.into()),
            _ => Err(ParquetError::EOF("the file ends too soon".into())),
        }
    }
}
