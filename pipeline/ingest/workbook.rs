//! A sheet of a workbook, XLSX or OpenDocument, as rows of text: which row has the headings, and what stands below it.
//!
//! A row that is hidden, or that a filter hides, is a row. A row without anything in it is none. Below the headings there
//! is one table: what else stands there, such as a row of totals, is set aside by the rules of the columns. A workbook is
//! read whole; of its cells, those in columns of the contract are kept.

use std::io::{Cursor, Read};

use calamine::{CellErrorType, Data, DataRef, Ods, OdsError, Reader, Sheet as About, SheetType, Xlsx, XlsxError};

use super::cell::Convert;
use super::layout::Layout;
use super::rows::Rows;
use super::sheet_value::Value;
use super::unpacked::{self, Kind, damaged, protected, too_large};
use crate::config::plan::Sheet;
use crate::error::{Error, Result};
use crate::origin::Delivery;
use crate::origin::delivery::sha256;

/// The first bytes of an archive, which XLSX and OpenDocument are.
pub const ARCHIVE: &[u8] = b"PK\x03\x04";
/// The first bytes of a compound file: Excel's old format, or a new one behind a password.
pub const COMPOUND: &[u8] = b"\xd0\xcf\x11\xe0";
/// Unless the configuration says where they are, the headings are looked for among this many rows.
const ROWS_OF_HEADINGS: u32 = 20;
/// Bytes of a workbook as it is sent.
const MOST_BYTES: u64 = 256 << 20;
/// Bytes of text that are kept of a workbook: one long text may stand in every cell.
const MOST_TEXT: usize = 1 << 30;
/// Rows of one piece.
const ROWS_OF_PIECE: usize = 1 << 16;

/// A sheet's rows, and where each column of the layout stands in them.
pub struct Workbook {
    /// The place of each of the layout's columns among the fields of a row.
    pub fields: Vec<Option<usize>>,
    /// Fields of a row.
    pub width: usize,
    /// The rows below the headings.
    pub pieces: Vec<Piece>,
    /// The hash of the file: 64 hexadecimal digits.
    pub sha256: String,
}

/// Some of a sheet's rows.
#[derive(Default)]
pub struct Piece {
    /// Each row's number, as the spreadsheet counts.
    lines: Vec<u64>,
    /// The texts of all fields, row by row, and where each ends.
    texts: String,
    ends: Vec<usize>,
}

impl Piece {
    /// Checks and types the rows, of `width` fields each.
    pub fn parse(&self, width: usize, rows: &mut Rows<'_>) {
        for (row, line) in self.lines.iter().enumerate() {
            rows.push(*line, width, |field| {
                let at = row * width + field;
                let start = if at == 0 { 0 } else { self.ends[at - 1] };
                &self.texts.as_bytes()[start..self.ends[at]]
            });
        }
    }
}

/// Matches headings to the layout: each column's place among them.
pub type Match<'m> = &'m dyn Fn(&[String]) -> Result<Vec<Option<usize>>, Unmatched>;

/// Why a row is not that of the headings.
pub enum Unmatched {
    /// It lacks columns that the table needs: how many, and the error.
    Lacks(usize, Error),
    /// It has a heading twice.
    Twice(Error),
}

impl Workbook {
    /// Reads the sheet that the source names, or the only one.
    ///
    /// # Errors
    /// [`Error::Input`] where there is no such sheet, it has no row of headings, or the file is damaged, too large, or
    /// protected by a password. Names of sheets are not repeated: they may be people's.
    pub fn read(delivery: &Delivery, layout: &Layout, headings: Match<'_>) -> Result<Self> {
        let shown = delivery.shown.as_str();
        let mut bytes = Vec::new();
        let read = delivery.read()?.take(MOST_BYTES + 1).read_to_end(&mut bytes);
        read.map_err(|e| delivery.unreadable("read to its end", &e))?;
        if bytes.len() as u64 > MOST_BYTES {
            return Err(too_large(shown));
        }
        if bytes.starts_with(COMPOUND) {
            return Err(compound(&bytes, shown));
        }
        let kind = guarded(shown, || unpacked::kind(&bytes, shown))?;
        let table = Table::new(shown, layout, &delivery.sheet, headings);
        let table = guarded(shown, || match kind {
            Kind::Xlsx => xlsx(&bytes, table),
            Kind::Ods => ods(&bytes, table),
        })?;
        table.finish(sha256(&bytes))
    }
}

/// What reads workbooks may panic on damaged ones.
fn guarded<T>(shown: &str, read: impl FnOnce() -> Result<T>) -> Result<T> {
    crate::process::guarded(read).unwrap_or_else(|| Err(damaged(shown)))
}

/// A compound file says in UTF-16, among the names of its parts, whether it is an encrypted package.
fn compound(bytes: &[u8], shown: &str) -> Error {
    let name = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
    match memchr::memmem::find(bytes, &name) {
        Some(_) => protected(shown),
        None => {
            Error::Input(format!("{shown}: a workbook of the old format (.xls); save it as .xlsx and send it again"))
        }
    }
}

fn xlsx<'t>(bytes: &[u8], mut table: Table<'t>) -> Result<Table<'t>> {
    let shown = table.shown;
    let wrong = |error: XlsxError| match error {
        XlsxError::Password => protected(shown),
        XlsxError::CellError(_) => Error::Input(format!(
            "{shown}: a cell holds an error of a newer kind, such as #SPILL!; mend the formula and send the workbook again"
        )),
        _ => damaged(shown),
    };
    let mut book = Xlsx::new(Cursor::new(bytes)).map_err(wrong)?;
    table.from_1904 = book.has_1904_epoch();
    let name = the_sheet(book.sheets_metadata(), table.sheet, shown)?;
    let mut cells = book.worksheet_cells_reader(&name).map_err(wrong)?;
    while let Some(cell) = cells.next_cell_with_formula_metadata().map_err(wrong)? {
        let value = match (cell.value, cell.formula) {
            // Some programs write formulas and leave it to a spreadsheet to calculate them: that is no blank.
            (DataRef::Empty, Some(_)) => Data::Error(CellErrorType::NA),
            (value, _) => value.into(),
        };
        table.take(cell.pos.0, cell.pos.1, value)?;
    }
    Ok(table)
}

fn ods<'t>(bytes: &[u8], mut table: Table<'t>) -> Result<Table<'t>> {
    let shown = table.shown;
    let wrong = |error: OdsError| match error {
        OdsError::Password => protected(shown),
        OdsError::CellLimitExceeded { .. } => too_large(shown),
        _ => damaged(shown),
    };
    let mut book = Ods::new(Cursor::new(bytes)).map_err(wrong)?;
    let name = the_sheet(book.sheets_metadata(), table.sheet, shown)?;
    let range = book.worksheet_range(&name).map_err(wrong)?;
    let (first_row, first_column) = range.start().unwrap_or_default();
    for (row, column, cell) in range.used_cells() {
        table.take(first_row + row as u32, first_column + column as u32, cell.clone())?;
    }
    Ok(table)
}

/// The name of the sheet to read. Hidden ones count: nobody but the sender knows which of several is meant.
fn the_sheet(sheets: &[About], wanted: &Sheet, shown: &str) -> Result<String> {
    let mut sheets = sheets.iter().filter(|sheet| sheet.typ == SheetType::WorkSheet);
    let folded = |name: &str| name.trim().to_lowercase();
    if let Some(wanted) = &wanted.name {
        let found = sheets.find(|sheet| folded(&sheet.name) == folded(wanted));
        return found.map(|sheet| sheet.name.clone()).ok_or_else(|| {
            Error::Input(format!("{shown}: the workbook has no sheet `{wanted}`; see `sheet` in the configuration"))
        });
    }
    match (sheets.next(), sheets.count()) {
        (Some(only), 0) => Ok(only.name.clone()),
        (Some(_), more) => Err(Error::Input(format!(
            "{shown}: the workbook has {} sheets; say which one it is: {{ path: ..., sheet: ... }}",
            more + 1
        ))),
        (None, _) => Err(Error::Input(format!("{shown}: the workbook has no sheet; ask for it again"))),
    }
}

/// Takes cells as they come, row by row.
struct Table<'t> {
    shown: &'t str,
    layout: &'t Layout,
    sheet: &'t Sheet,
    headings: Match<'t>,
    /// Days are counted from 1904, as Excel did on the Macintosh.
    from_1904: bool,
    /// The row under way, counted from 0, with its last column, and those of its cells that hold something.
    row: u32,
    last_column: Option<u32>,
    cells: Vec<(u32, Value)>,
    state: State,
}

enum State {
    /// Before the headings: of the rows so far, what the likeliest lacks.
    Above(Option<(usize, Error)>),
    Below(Body),
}

struct Body {
    fields: Vec<Option<usize>>,
    /// Each kept field's column in the sheet, and whether its contents are dates.
    columns: Vec<(u32, bool)>,
    pieces: Vec<Piece>,
    text: usize,
}

impl<'t> Table<'t> {
    fn new(shown: &'t str, layout: &'t Layout, sheet: &'t Sheet, headings: Match<'t>) -> Self {
        let state = State::Above(None);
        Table { shown, layout, sheet, headings, from_1904: false, row: 0, last_column: None, cells: Vec::new(), state }
    }

    /// The next cell. Rows and columns only ever rise, or a cell would be in a place that another has.
    fn take(&mut self, row: u32, column: u32, cell: Data) -> Result<()> {
        if row < self.row || (row == self.row && self.last_column.is_some_and(|last| column <= last)) {
            return Err(damaged(self.shown));
        }
        if row > self.row {
            self.end_row()?;
            self.row = row;
        }
        self.last_column = Some(column);
        self.cells.extend(Value::of(cell).map(|value| (column, value)));
        Ok(())
    }

    fn end_row(&mut self) -> Result<()> {
        self.last_column = None;
        let cells = std::mem::take(&mut self.cells);
        if cells.is_empty() {
            return Ok(());
        }
        if let State::Below(body) = &mut self.state {
            return match body.add(self.row, cells, self.from_1904) {
                true => Ok(()),
                false => Err(too_large(self.shown)),
            };
        }
        match self.sheet.header_row {
            Some(wanted) if self.row + 1 < wanted => Ok(()),
            Some(wanted) if self.row + 1 > wanted => Err(self.no_headings()),
            None if self.row >= ROWS_OF_HEADINGS => Err(self.no_headings()),
            _ => self.try_headings(&cells),
        }
    }

    /// A row that has all the headings that the table needs begins it; any other is a title, or a note.
    fn try_headings(&mut self, cells: &[(u32, Value)]) -> Result<()> {
        let width = cells.last().map_or(0, |(column, _)| *column as usize + 1);
        let mut names = vec![String::new(); width];
        for (column, value) in cells {
            names[*column as usize] = value.clone().text(None).trim().to_ascii_lowercase();
        }
        match (self.headings)(&names) {
            Ok(places) => {
                self.state = State::Below(Body::new(&places, self.layout));
                Ok(())
            }
            Err(Unmatched::Twice(error)) => Err(error),
            Err(Unmatched::Lacks(_, error)) if self.sheet.header_row.is_some() => Err(error),
            Err(Unmatched::Lacks(lacks, error)) => {
                if let State::Above(best) = &mut self.state
                    && best.as_ref().is_none_or(|(least, _)| lacks < *least)
                {
                    *best = Some((lacks, error));
                }
                Ok(())
            }
        }
    }

    /// Why the headings were not found.
    fn no_headings(&mut self) -> Error {
        let State::Above(best) = &mut self.state else { return damaged(self.shown) };
        match (best.take(), self.sheet.header_row) {
            (_, Some(wanted)) => {
                Error::Input(format!("{}: row {wanted}, which should have the headings, is blank", self.shown))
            }
            (Some((_, error)), None) => error,
            (None, None) => Error::Input(format!(
                "{}: the first {ROWS_OF_HEADINGS} rows of the sheet are blank; where are its headings? Say so by `header_row`",
                self.shown
            )),
        }
    }

    fn finish(mut self, sha256: String) -> Result<Workbook> {
        self.end_row()?;
        match self.state {
            State::Below(Body { fields, columns, pieces, .. }) => {
                Ok(Workbook { fields, width: columns.len(), pieces, sha256 })
            }
            State::Above(None) if self.row == 0 => {
                Err(Error::Input(format!("{}: the sheet is empty; ask for it again", self.shown)))
            }
            State::Above(_) => Err(self.no_headings()),
        }
    }
}

impl Body {
    fn new(places: &[Option<usize>], layout: &Layout) -> Self {
        let mut columns = Vec::new();
        let mut keep = |(place, column): (&Option<usize>, &super::layout::ColumnReader)| {
            let place = (*place)?;
            columns.push((place as u32, matches!(column.convert, Convert::Date { .. })));
            Some(columns.len() - 1)
        };
        let fields = places.iter().zip(&layout.columns).map(&mut keep).collect();
        Body { fields, columns, pieces: Vec::new(), text: 0 }
    }

    /// Adds a row, which holds something, if only in a column that is not kept. Whether there was room.
    fn add(&mut self, row: u32, mut cells: Vec<(u32, Value)>, from_1904: bool) -> bool {
        if self.pieces.last().is_none_or(|piece| piece.lines.len() >= ROWS_OF_PIECE) {
            self.pieces.push(Piece::default());
        }
        let Some(piece) = self.pieces.last_mut() else { return false };
        piece.lines.push(u64::from(row) + 1);
        for (column, is_date) in &self.columns {
            if let Ok(at) = cells.binary_search_by_key(column, |(column, _)| *column) {
                // No column is kept twice: what is left in its place is not read again.
                let value = std::mem::replace(&mut cells[at].1, Value::Number(0.0));
                let text = value.text(is_date.then_some(from_1904));
                self.text += text.len();
                piece.texts.push_str(&text);
            }
            piece.ends.push(piece.texts.len());
        }
        self.text <= MOST_TEXT
    }
}
