//! What a spreadsheet's archive unpacks to, found out before anything is built of it: its kind, and that it fits.
//!
//! What an archive declares of itself is not believed: every part is unpacked once, counted and let go. Of OpenDocument
//! that is not enough, for a few bytes may ask for a cell to be repeated sixteen thousand times: its cells are counted too.

use std::io::{self, Cursor, Read, Write};

use zip::ZipArchive;

use crate::error::{Error, Result};

/// The most that the parts of an archive may hold together, in bytes.
const MOST_UNPACKED: u64 = 1 << 30;
/// The most cells that an OpenDocument may spread out to: they are all held at once, at some 50 bytes each.
const MOST_CELLS: u64 = 8 << 20;
/// No tag of a spreadsheet comes near this size, in bytes.
const LONGEST_TAG: usize = 1 << 20;
/// Columns that a sheet may have.
const MOST_COLUMNS: u64 = 16_384;

/// The kinds of workbook that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Excel's, since 2007.
    Xlsx,
    /// OpenDocument.
    Ods,
}

/// The kind of the workbook that `bytes` are. `shown` is how errors name it.
///
/// # Errors
/// [`Error::Input`] where it is an archive of something else, damaged, protected by a password, or too large.
pub fn kind(bytes: &[u8], shown: &str) -> Result<Kind> {
    let damaged = || damaged(shown);
    let refused = |why: &str| Error::Input(format!("{shown}: {why}"));
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|_| damaged())?;
    let has = |name: &str| archive.index_for_name(name).is_some();
    let kind = match (has("mimetype"), has("[Content_Types].xml")) {
        _ if has("xl/workbook.bin") => {
            return Err(refused("a binary workbook (.xlsb); save it as .xlsx and send it again"));
        }
        (true, _) => Kind::Ods,
        (_, true) => Kind::Xlsx,
        _ => return Err(refused("an archive, and no workbook; unpack it and send what is in it")),
    };
    let mut room = MOST_UNPACKED;
    for index in 0..archive.len() {
        let mut part = archive.by_index(index).map_err(|_| damaged())?;
        let name = part.name().map_err(|_| damaged())?.into_owned();
        let mut counted = (&mut part).take(room + 1);
        let read = match (kind, name.as_str()) {
            (Kind::Ods, "META-INF/manifest.xml") => {
                let mut text = Vec::new();
                let read = counted.read_to_end(&mut text).map(|n| n as u64);
                if memchr::memmem::find(&text, b"encryption-data").is_some() {
                    return Err(protected(shown));
                }
                read
            }
            (Kind::Ods, "content.xml") => io::copy(&mut counted, &mut Cells::default()),
            _ => io::copy(&mut counted, &mut io::sink()),
        };
        let read =
            read.map_err(|e| if e.kind() == io::ErrorKind::FileTooLarge { too_large(shown) } else { damaged() })?;
        room = room.checked_sub(read).ok_or_else(|| too_large(shown))?;
    }
    Ok(kind)
}

/// The error of a workbook that cannot be read.
pub fn damaged(shown: &str) -> Error {
    Error::Input(format!("{shown}: the workbook is damaged; ask for it again"))
}

/// The error of a workbook that would take too much memory.
pub fn too_large(shown: &str) -> Error {
    Error::Input(format!("{shown}: the workbook is too large to be read safely; save the sheet as CSV and send that"))
}

/// The error of a workbook that only a password opens.
pub fn protected(shown: &str) -> Error {
    Error::Input(format!(
        "{shown}: the workbook is protected by a password; save it without one, and send it by a way that is safe"
    ))
}

/// Counts the cells of an OpenDocument as its text passes: an upper bound of what its sheets spread out to.
#[derive(Default)]
struct Cells {
    /// The tag under way, from behind its `<`.
    tag: Option<Vec<u8>>,
    /// The quote that is open in that tag.
    quote: Option<u8>,
    /// Of the sheets before.
    before: u64,
    sheet: Area,
}

/// How far a sheet reaches.
#[derive(Default)]
struct Area {
    rows: u64,
    width: u64,
    /// Blank rows that count once a row with something follows.
    blank_rows: u64,
    /// The row under way: how often it stands, how far it reaches, and its blank cells since.
    repeats: u64,
    reaches: u64,
    blank_cells: u64,
}

impl Area {
    fn end_row(&mut self) {
        let blank = self.reaches == 0;
        self.blank_rows = self.blank_rows.saturating_add(self.repeats);
        if !blank {
            self.rows = self.rows.saturating_add(std::mem::take(&mut self.blank_rows));
        }
        self.width = self.width.max(self.reaches);
        (self.repeats, self.reaches, self.blank_cells) = (0, 0, 0);
    }

    fn cells(&self) -> u64 {
        self.rows.saturating_mul(self.width)
    }
}

impl Cells {
    fn end_tag(&mut self, tag: &[u8]) -> io::Result<()> {
        let name = tag.split(|byte| byte.is_ascii_whitespace() || *byte == b'/').next().unwrap_or_default();
        match name {
            b"table:table" => {
                self.sheet.end_row();
                self.before = self.before.saturating_add(self.sheet.cells());
                self.sheet = Area::default();
            }
            b"table:table-row" => {
                self.sheet.end_row();
                self.sheet.repeats = repeats(tag, b"number-rows-repeated=");
            }
            b"table:table-cell" | b"table:covered-table-cell" => {
                let times = repeats(tag, b"number-columns-repeated=").min(MOST_COLUMNS);
                let sheet = &mut self.sheet;
                sheet.blank_cells = sheet.blank_cells.saturating_add(times);
                let has = |word: &[u8]| memchr::memmem::find(tag, word).is_some();
                if has(b"office:") || has(b"formula") || has(b"value") {
                    let reaches = sheet.reaches.saturating_add(std::mem::take(&mut sheet.blank_cells));
                    sheet.reaches = reaches.min(MOST_COLUMNS);
                }
            }
            _ => {}
        }
        let sheet = &self.sheet;
        let under_way = sheet.rows.saturating_add(1).saturating_mul(sheet.width.max(sheet.reaches));
        match self.before.saturating_add(under_way) > MOST_CELLS {
            true => Err(io::ErrorKind::FileTooLarge.into()),
            false => Ok(()),
        }
    }

    fn byte_of_tag(&mut self, byte: u8) -> io::Result<()> {
        let Some(tag) = &mut self.tag else { return Ok(()) };
        match (self.quote, byte) {
            // No office program writes comments or the like into a sheet; in one, a quote could hide what follows.
            (None, b'!') if tag.is_empty() => return Err(io::ErrorKind::InvalidData.into()),
            (None, b'>') => {
                let tag = std::mem::take(tag);
                self.tag = None;
                return self.end_tag(&tag);
            }
            (None, b'"' | b'\'') => self.quote = Some(byte),
            (Some(quote), byte) if quote == byte => self.quote = None,
            _ => {}
        }
        tag.push(byte);
        if tag.len() > LONGEST_TAG { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(()) }
    }
}

impl Write for Cells {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut rest = bytes;
        while !rest.is_empty() {
            if self.tag.is_some() {
                self.byte_of_tag(rest[0])?;
                rest = &rest[1..];
            } else {
                let Some(next) = memchr::memchr(b'<', rest) else { break };
                self.tag = Some(Vec::new());
                rest = &rest[next + 1..];
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// How often a tag says that it stands; a number that cannot be read is too large.
fn repeats(tag: &[u8], name: &[u8]) -> u64 {
    let Some(at) = memchr::memmem::find(tag, name) else { return 1 };
    let digits = tag[at + name.len()..].iter().skip(1).take_while(|byte| byte.is_ascii_digit());
    digits.fold(0u64, |n, digit| n.saturating_mul(10).saturating_add(u64::from(digit - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many cells the sheets spread out to, or why not.
    fn cells(content: &str) -> Result<u64, io::ErrorKind> {
        let mut cells = Cells::default();
        content.as_bytes().chunks(3).try_for_each(|part| cells.write_all(part)).map_err(|e| e.kind())?;
        cells.sheet.end_row();
        Ok(cells.before + cells.sheet.cells())
    }

    #[test]
    fn what_opendocument_repeats_is_counted_and_blank_ends_are_not() {
        let row = |repeats: u64, cells: &str| {
            format!("<table:table-row table:number-rows-repeated=\"{repeats}\">{cells}</table:table-row>")
        };
        let text = "<table:table-cell office:value-type='string' a='>'><text:p>\"</text:p></table:table-cell>";
        let blank = "<table:table-cell table:number-columns-repeated=\"1000\"/>";
        assert_eq!(cells(&(row(3, &format!("{text}{text}{blank}")) + &row(1_048_573, blank))), Ok(6));
        assert_eq!(cells(&(row(9, blank) + &row(1, &format!("{blank}{text}")))), Ok(10_010));
        let many = text.replace(" a='>'", " table:number-columns-repeated=\"16384\"");
        assert_eq!(cells(&row(1, &many)), Ok(16_384));
        assert_eq!(cells(&row(1, &many).repeat(600)), Err(io::ErrorKind::FileTooLarge));
        assert_eq!(cells(&(row(1_000_000, text) + &row(1, &many))), Err(io::ErrorKind::FileTooLarge));
        assert_eq!(cells("<!-- \" -->"), Err(io::ErrorKind::InvalidData));
    }
}
