//! What a workbook is, before it has a format. A sheet is a title in A1, lines below it, and at most one table, which
//! ends the sheet: merged cells, filters, frozen panes, hidden rows, images and macros have no place in these types.

use std::borrow::Cow;

use chrono::NaiveDate;

use super::grid::Figures;

/// The width of a sheet of text alone, in characters.
pub const PAGE: u16 = 90;

/// The widest table that can be read where it is printed on one page's width, in characters.
const WIDEST_ON_A_PAGE: u32 = 250;

/// A workbook.
#[derive(Debug, Clone)]
pub struct Workbook<'a> {
    /// The document's title.
    pub title: String,
    /// What it is of, in a sentence.
    pub subject: String,
    /// Who publishes it: the board.
    pub author: String,
    /// Its language, as `en-GB`.
    pub language: String,
    /// What made it, with its version.
    pub made_by: String,
    /// Its date: the last day that it tells of, so that the same figures make the same bytes.
    pub dated: NaiveDate,
    /// Its sheets; the first is the one that a reader sees.
    pub sheets: Vec<Sheet<'a>>,
}

/// A sheet.
#[derive(Debug, Clone)]
pub struct Sheet<'a> {
    /// Its name: unlike every other's, and of letters, digits and `_` alone.
    pub name: String,
    /// What stands in A1.
    pub title: String,
    /// What stands below it, a row each, in column A.
    pub lines: Vec<Cell<'a>>,
    /// Its table.
    pub table: Option<Grid<'a>>,
}

/// A table: one row of headings, and rows as wide as it.
#[derive(Debug, Clone)]
pub struct Grid<'a> {
    /// Its columns; their headings are unlike each other.
    pub columns: Vec<Column>,
    /// What is below the headings.
    pub body: Body<'a>,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its heading.
    pub heading: String,
    /// Its width in characters.
    pub width: u16,
    /// How many decimals its numbers are shown with.
    pub decimals: u32,
}

/// The rows of a table.
#[derive(Debug, Clone)]
pub enum Body<'a> {
    /// A few rows of words.
    Words(Vec<Vec<Cell<'a>>>),
    /// Figures, read off their blocks row by row: a national table is large.
    Figures(Figures<'a>),
}

/// A cell. None is blank.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell<'a> {
    /// Text, and never a formula.
    Text(Cow<'a, str>),
    /// A number, already rounded to its decimals.
    Number {
        /// The number; finite.
        value: f64,
        /// How many decimals it is shown with.
        decimals: u32,
    },
    /// Text that leads somewhere.
    Link {
        /// What is read.
        text: String,
        /// Where it leads.
        to: Target,
    },
}

/// Where a link leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A sheet of this workbook.
    Sheet(String),
    /// An address: `https:` or `mailto:`.
    Address(String),
}

impl Sheet<'_> {
    /// The row of its table's headings, from 0.
    pub fn heading_row(&self) -> u32 {
        self.lines.len() as u32 + 1
    }
}

impl Grid<'_> {
    /// How many rows it has below its headings.
    pub fn len(&self) -> usize {
        match &self.body {
            Body::Words(rows) => rows.len(),
            Body::Figures(figures) => figures.len(),
        }
    }

    /// A row; `at` is below [`Grid::len`].
    pub fn row(&self, at: usize) -> Vec<Cell<'_>> {
        match &self.body {
            Body::Words(rows) => rows[at].clone(),
            Body::Figures(figures) => figures.row(at),
        }
    }

    /// Whether it is printed on one page's width; a wider one goes on beside it.
    pub fn fits_a_page(&self) -> bool {
        self.columns.iter().map(|column| u32::from(column.width)).sum::<u32>() <= WIDEST_ON_A_PAGE
    }

    /// How many of its columns say what the others are of: all of a table of words.
    pub fn labels(&self) -> usize {
        match &self.body {
            Body::Words(_) => self.columns.len(),
            Body::Figures(figures) => 2 + figures.values.len(),
        }
    }
}

impl<'a> Cell<'a> {
    /// Text, as a cell takes it.
    pub fn text(text: &str) -> Cell<'a> {
        Cell::Text(Cow::Owned(super::text::cell(text)))
    }

    /// What it says; nothing where it is a number.
    pub fn words(&self) -> &str {
        match self {
            Cell::Text(text) => text,
            Cell::Link { text, .. } => text,
            Cell::Number { .. } => "",
        }
    }
}

impl Workbook<'_> {
    /// The most decimals that a number of it has.
    pub fn decimals(&self) -> u32 {
        let figures = self.sheets.iter().filter_map(|sheet| match &sheet.table.as_ref()?.body {
            Body::Figures(figures) => figures.figures.iter().map(|figure| figure.block.decimals).max(),
            Body::Words(_) => None,
        });
        figures.max().unwrap_or(0)
    }
}

/// A column's letters: 0 is `A`, 26 is `AA`.
pub fn letters(column: usize) -> String {
    let last = char::from(b'A' + (column % 26) as u8);
    match column / 26 {
        0 => last.to_string(),
        before => letters(before - 1) + &last.to_string(),
    }
}
