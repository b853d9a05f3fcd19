//! A zip archive whose bytes follow from what is in it alone: no clock, no owner, one order. Both formats are such
//! archives (ISO/IEC 21320-1).

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;

use crate::error::{Error, Result};

/// The first day that a zip archive can tell of.
const DAY: u16 = 0x21;
const STORED: u16 = 0;
const DEFLATED: u16 = 8;
/// What a reader of zip archives must know: version 2.0, with deflate.
const VERSION: u16 = 20;
/// A file in an archive.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// Its name.
    pub name: &'a str,
    method: u16,
    check: u32,
    size: usize,
    packed: &'a [u8],
}

impl Entry<'_> {
    /// What is in the file; `None` where it is packed in a way that smirr does not use.
    pub fn content(&self) -> Option<Vec<u8>> {
        let mut content = Vec::with_capacity(self.size);
        match self.method {
            STORED => content.extend(self.packed),
            DEFLATED => drop(DeflateDecoder::new(self.packed).read_to_end(&mut content).ok()?),
            _ => return None,
        }
        Some(content)
    }
}

/// The files of an archive in memory, in its order; `None` where it is none.
pub fn entries(bytes: &[u8]) -> Option<Vec<Entry<'_>>> {
    let short = |at: usize| Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?) as usize);
    let long = |at: usize| Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    // Without a comment at its end, which neither writer leaves.
    let end = bytes.len().checked_sub(22).filter(|&end| bytes[end..].starts_with(b"PK\x05\x06"))?;
    let (count, mut at) = (short(end + 10)?, long(end + 16)? as usize);
    let mut entries = Vec::with_capacity(count);
    for _ in 0..count {
        let name = bytes.get(at + 46..at + 46 + short(at + 28)?)?;
        let local = long(at + 42)? as usize;
        let start = local + 30 + short(local + 26)? + short(local + 28)?;
        entries.push(Entry {
            name: std::str::from_utf8(name).ok()?,
            method: short(at + 10)? as u16,
            check: long(at + 16)?,
            size: long(at + 24)? as usize,
            packed: bytes.get(start..start + long(at + 20)? as usize)?,
        });
        at += 46 + name.len() + short(at + 30)? + short(at + 32)?;
    }
    Some(entries)
}

fn check(content: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(content);
    crc.sum()
}

/// An archive that is being written.
#[derive(Debug, Default)]
pub struct Archive {
    bytes: Vec<u8>,
    directory: Vec<u8>,
    files: u16,
}

impl Archive {
    /// Adds a file as it is: `mimetype` of OpenDocument, which is read off the archive's first bytes.
    ///
    /// # Errors
    /// [`Error::System`] where the archive would pass four gigabytes.
    pub fn store(&mut self, name: &str, content: &[u8]) -> Result<()> {
        self.add(&Entry { name, method: STORED, check: check(content), size: content.len(), packed: content })
    }

    /// Adds a file, compressed.
    ///
    /// # Errors
    /// As [`Archive::store`].
    pub fn deflate(&mut self, name: &str, content: &[u8]) -> Result<()> {
        let mut encoder = DeflateEncoder::new(Vec::with_capacity(content.len() / 8), Compression::default());
        let packed = encoder.write_all(content).and_then(|()| encoder.finish()).map_err(|_| unpacked())?;
        self.add(&Entry { name, method: DEFLATED, check: check(content), size: content.len(), packed: &packed })
    }

    /// Adds a file of another archive as it is there.
    ///
    /// # Errors
    /// As [`Archive::store`].
    pub fn add(&mut self, entry: &Entry<'_>) -> Result<()> {
        let &Entry { name, method, check, packed, .. } = entry;
        let size = |bytes: usize| u32::try_from(bytes).map_err(|_| unpacked());
        // What the file's own header and the directory say alike.
        let mut header = Vec::with_capacity(26);
        for part in [VERSION, 0, method, 0, DAY] {
            header.extend(part.to_le_bytes());
        }
        for part in [check, size(packed.len())?, size(entry.size)?] {
            header.extend(part.to_le_bytes());
        }
        header.extend((name.len() as u16).to_le_bytes());
        header.extend([0, 0]);
        self.directory.extend(b"PK\x01\x02");
        self.directory.extend(VERSION.to_le_bytes());
        self.directory.extend(&header);
        // No comment, the first disk, no attributes; then where the file is.
        self.directory.extend([0; 10]);
        self.directory.extend(size(self.bytes.len())?.to_le_bytes());
        self.directory.extend(name.bytes());
        self.bytes.extend(b"PK\x03\x04");
        self.bytes.extend(header);
        self.bytes.extend(name.bytes());
        self.bytes.extend(packed);
        self.files += 1;
        Ok(())
    }

    /// The archive's bytes.
    ///
    /// # Errors
    /// As [`Archive::store`].
    pub fn finish(mut self) -> Result<Vec<u8>> {
        let size = |bytes: usize| u32::try_from(bytes).map(u32::to_le_bytes).map_err(|_| unpacked());
        let (start, length) = (size(self.bytes.len())?, size(self.directory.len())?);
        self.bytes.append(&mut self.directory);
        self.bytes.extend(b"PK\x05\x06\0\0\0\0");
        self.bytes.extend(self.files.to_le_bytes().repeat(2));
        self.bytes.extend(length);
        self.bytes.extend(start);
        self.bytes.extend([0, 0]);
        Ok(self.bytes)
    }
}

fn unpacked() -> Error {
    Error::System("a workbook of more than four gigabytes cannot be written; publish fewer area levels".into())
}
