//! A zip archive whose bytes follow from what is in it alone: no clock, no owner, one order. Both formats are such
//! archives (ISO/IEC 21320-1).

use std::io::{Cursor, Read, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

use crate::error::{Error, Result};

/// A file in an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// What is in it.
    pub content: Vec<u8>,
}

/// The files of an archive in memory, in its order; `None` where it is none.
pub fn entries(bytes: &[u8]) -> Option<Vec<Entry>> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).ok()?;
    let files = archive.len();
    let entry = |at: usize| {
        let mut file = archive.by_index(at).ok()?;
        let mut content = Vec::with_capacity(file.size() as usize);
        file.read_to_end(&mut content).ok()?;
        Some(Entry { name: file.name().ok()?.into_owned(), content })
    };
    (0..files).map(entry).collect()
}

/// An archive that is being written.
pub struct Archive {
    writer: ZipWriter<Cursor<Vec<u8>>>,
}

impl Archive {
    /// An archive without files.
    pub fn new() -> Self {
        Archive { writer: ZipWriter::new(Cursor::new(Vec::new())) }
    }

    /// Adds a file as it is: `mimetype` of OpenDocument, which is read off the archive's first bytes.
    ///
    /// # Errors
    /// [`Error::System`] where the archive would pass four gigabytes.
    pub fn store(&mut self, name: &str, content: &[u8]) -> Result<()> {
        self.add(name, content, CompressionMethod::STORE)
    }

    /// Adds a file, compressed.
    ///
    /// # Errors
    /// As [`Archive::store`].
    pub fn deflate(&mut self, name: &str, content: &[u8]) -> Result<()> {
        self.add(name, content, CompressionMethod::DEFLATE)
    }

    fn add(&mut self, name: &str, content: &[u8], method: CompressionMethod) -> Result<()> {
        // The first day that such an archive can tell of, and not today's.
        let options = SimpleFileOptions::default().compression_method(method).last_modified_time(DateTime::default());
        self.writer.start_file(name, options).map_err(|_| unpacked())?;
        self.writer.write_all(content).map_err(|_| unpacked())
    }

    /// The archive's bytes.
    ///
    /// # Errors
    /// As [`Archive::store`].
    pub fn finish(self) -> Result<Vec<u8>> {
        self.writer.finish().map(Cursor::into_inner).map_err(|_| unpacked())
    }
}

fn unpacked() -> Error {
    Error::System("a workbook of more than four gigabytes cannot be written; publish fewer area levels".into())
}
