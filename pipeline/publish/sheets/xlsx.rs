//! A workbook as Office Open XML.

use chrono::Datelike;
use rust_xlsxwriter::{
    DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, FormatUnderline, Table, TableColumn, TableStyle,
    Url, Workbook as Writer, Worksheet, XlsxError,
};

use super::archive::{Archive, Entry, entries};
use super::model::{Cell, Column, Grid, PAGE, Sheet, Target, Workbook};
use super::text::lines;
use crate::error::{Error, Result};
use crate::publish::text::escaped;
use crate::publish::tidy::unwritten;

/// Height of a line and width of a column of Arial 12, in pixels.
const LINE: u32 = 21;
const LINE_OF_TITLE: u32 = 28;
const COLUMN: u32 = 80;

/// How cells look.
struct Looks {
    plain: Format,
    /// Unlike the plain look, which is no look at all and would give way to the column's.
    line: Format,
    wrapped: Format,
    title: Format,
    heading: Format,
    heading_of_figure: Format,
    link: Format,
    /// By decimals.
    numbers: Vec<Format>,
}

impl Looks {
    fn new(decimals: u32) -> Self {
        let plain =
            Format::new().set_font_name("Arial").set_font_size(12).set_font_family(2).set_align(FormatAlign::Top);
        // Symbols in place of a number stand to the right as it would.
        let right = plain.clone().set_align(FormatAlign::Right);
        let number = |decimals: u32| match decimals {
            0 => right.clone().set_num_format("#,##0"),
            some => right.clone().set_num_format(format!("#,##0.{}", "0".repeat(some as usize))),
        };
        let heading = plain.clone().set_bold().set_text_wrap().set_border_bottom(FormatBorder::Thin);
        Looks {
            line: plain.clone().set_align(FormatAlign::Left),
            wrapped: plain.clone().set_text_wrap(),
            title: plain.clone().set_font_size(16).set_bold(),
            heading_of_figure: heading.clone().set_align(FormatAlign::Right),
            heading,
            link: plain.clone().set_font_color(0x0b5cad).set_underline(FormatUnderline::Single),
            numbers: (0..=decimals).map(number).collect(),
            plain,
        }
    }

    fn number(&self, decimals: u32) -> &Format {
        self.numbers.get(decimals as usize).unwrap_or(&self.plain)
    }
}

/// A workbook's bytes.
///
/// # Errors
/// [`Error::System`] where a sheet is not one that Excel takes, which the model rules out.
pub fn write(book: &Workbook<'_>) -> Result<Vec<u8>> {
    let bytes = written(book).map_err(|_| unwritten("XLSX"))?;
    with_language(&bytes, &book.language)
}

fn written(book: &Workbook<'_>) -> std::result::Result<Vec<u8>, XlsxError> {
    let looks = Looks::new(book.decimals());
    let mut writer = Writer::new();
    writer.set_default_format(&looks.plain, LINE, COLUMN)?;
    let day = book.dated;
    let properties = DocProperties::new()
        .set_title(&book.title)
        .set_subject(&book.subject)
        .set_author(&book.author)
        .set_company(&book.author)
        .set_comment(&book.made_by)
        .set_creation_datetime(&ExcelDateTime::from_ymd(day.year() as u16, day.month() as u8, day.day() as u8)?);
    writer.set_properties(&properties);
    for sheet in &book.sheets {
        let worksheet = writer.add_worksheet();
        worksheet.set_name(&sheet.name)?;
        worksheet.set_landscape().set_paper_size(A4);
        if sheet.table.as_ref().is_none_or(Grid::fits_a_page) {
            worksheet.set_print_fit_to_pages(1, 0);
        }
        write_sheet(worksheet, sheet, &looks)?;
    }
    writer.save_to_buffer()
}

/// A4, among Excel's numbers of paper sizes.
const A4: u8 = 9;

fn write_sheet(worksheet: &mut Worksheet, sheet: &Sheet<'_>, looks: &Looks) -> std::result::Result<(), XlsxError> {
    worksheet.write_string_with_format(0, 0, &sheet.title, &looks.title)?;
    // A sheet of text alone wraps it; above a table, it runs on over the columns beside it.
    let style = if sheet.table.is_some() { &looks.line } else { &looks.wrapped };
    worksheet.set_row_height_pixels(0, LINE_OF_TITLE)?;
    for (row, line) in (1..).zip(&sheet.lines) {
        write_cell(worksheet, row, 0, line, Some(style), looks)?;
        if sheet.table.is_none() {
            set_height(worksheet, row, lines(line.words(), PAGE))?;
        }
    }
    match &sheet.table {
        Some(grid) => write_table(worksheet, sheet, grid, looks),
        None => worksheet.set_column_width(0, PAGE).map(|_| ()),
    }
}

fn write_table(
    worksheet: &mut Worksheet,
    sheet: &Sheet<'_>,
    grid: &Grid<'_>,
    looks: &Looks,
) -> std::result::Result<(), XlsxError> {
    let first = sheet.heading_row();
    let before = grid.labels();
    for (column, it) in (0..).zip(&grid.columns) {
        worksheet.set_column_width(column, it.width)?;
        let look = if usize::from(column) < before { &looks.wrapped } else { looks.number(it.decimals) };
        worksheet.set_column_format(column, look)?;
    }
    // Looking up a format takes longer than writing a number: figures have their column's.
    let style = (before == grid.columns.len()).then_some(&looks.wrapped);
    for (row, at) in (first + 1..).zip(0..grid.len()) {
        let cells = grid.row(at);
        for (column, cell) in (0..).zip(&cells) {
            write_cell(worksheet, row, column, cell, style, looks)?;
        }
        let wrapped = cells.iter().zip(&grid.columns).take(before);
        set_height(worksheet, row, wrapped.map(|(cell, column)| lines(cell.words(), column.width)).max().unwrap_or(1))?;
    }
    // Headings are bold, and so wider.
    let heading = |column: &Column| lines(&column.heading, column.width - 2);
    set_height(worksheet, first, grid.columns.iter().map(heading).max().unwrap_or(1))?;
    let columns = grid.columns.iter().enumerate().map(|(at, column)| {
        let look = if at < before { &looks.heading } else { &looks.heading_of_figure };
        TableColumn::new().set_header(&column.heading).set_header_format(look)
    });
    let table = Table::new()
        .set_name(format!("{}_data", sheet.name))
        .set_alt_text(&sheet.title)
        .set_autofilter(false)
        .set_style(TableStyle::Light1)
        .set_columns(&columns.collect::<Vec<_>>());
    let (last, right) = (first + grid.len() as u32, (grid.columns.len() - 1) as u16);
    worksheet.add_table(first, 0, last, right, &table)?;
    worksheet.set_repeat_rows(first, first).map(|_| ())
}

/// Excel does not fit a row to its text where a workbook's lines have a height of their own: so the row says it.
fn set_height(worksheet: &mut Worksheet, row: u32, lines: u32) -> std::result::Result<(), XlsxError> {
    // The greatest height that Excel knows is 409 points.
    let pixels = lines.saturating_mul(LINE).min(545);
    if lines > 1 { worksheet.set_row_height_pixels(row, pixels).map(|_| ()) } else { Ok(()) }
}

fn write_cell(
    worksheet: &mut Worksheet,
    row: u32,
    column: u16,
    cell: &Cell<'_>,
    style: Option<&Format>,
    looks: &Looks,
) -> std::result::Result<(), XlsxError> {
    match (cell, style) {
        (Cell::Text(text), Some(style)) => worksheet.write_string_with_format(row, column, text.as_ref(), style)?,
        (Cell::Text(text), None) => worksheet.write_string(row, column, text.as_ref())?,
        (Cell::Number { value, decimals }, Some(_)) => {
            worksheet.write_number_with_format(row, column, *value, looks.number(*decimals))?
        }
        (Cell::Number { value, .. }, None) => worksheet.write_number(row, column, *value)?,
        (Cell::Link { text, to }, _) => {
            let url = match to {
                Target::Sheet(name) => Url::new(format!("internal:{name}!A1")),
                Target::Address(address) => Url::new(address),
            };
            worksheet.write_url_with_format(row, column, url.set_text(text), &looks.link)?
        }
    };
    Ok(())
}

/// The file of a document's properties.
const PROPERTIES: &str = "docProps/core.xml";

/// The same workbook with its language among its properties, for which the crate has no setter.
fn with_language(bytes: &[u8], language: &str) -> Result<Vec<u8>> {
    let lost = || Error::System("a workbook's properties could not be written".into());
    let mut archive = Archive::new();
    for Entry { name, content } in entries(bytes).ok_or_else(lost)? {
        if name == PROPERTIES {
            let text = String::from_utf8(content).map_err(|_| lost())?;
            let (before, after) = text.split_once("<dcterms:created").ok_or_else(lost)?;
            let text = format!("{before}<dc:language>{}</dc:language><dcterms:created{after}", escaped(language));
            archive.deflate(PROPERTIES, text.as_bytes())?;
        } else {
            archive.deflate(&name, &content)?;
        }
    }
    archive.finish()
}
