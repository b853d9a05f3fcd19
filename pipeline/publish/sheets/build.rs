//! A report as a workbook: its sheets, in order, and every word on them.

use minijinja::context;
use minijinja::value::Value;

use super::grid::NO_SYMBOL;
use super::model::{Body, Cell, Column, Grid, Sheet, Target, Workbook};
use super::tables::{Left, Made, tables};
use super::text;
use crate::config::board::Format;
use crate::config::published::Published;
use crate::error::Result;
use crate::look::Pages;
use crate::publish::edition::{Edition, Story};

/// A level of more areas is not in a workbook: nobody reads so many rows, and few machines read them from a sheet.
pub const MOST_AREAS: usize = 200;

/// Nor is a table of more rows.
pub const MOST_ROWS: usize = 100_000;

/// What all sheets of a workbook are made from.
pub struct Maker<'a> {
    /// What the run publishes.
    pub edition: &'a Edition,
    /// The report.
    pub story: &'a Story,
    /// The formats of the pack.
    pub formats: &'a [Format],
    pages: Pages,
}

/// The notes of a workbook, in the order in which they are first referred to.
#[derive(Debug, Default)]
pub struct Notes {
    texts: Vec<String>,
}

impl Notes {
    /// A mark that refers to a note, as `[note 1]`.
    pub fn mark(&mut self, text: String) -> String {
        let known = self.texts.iter().position(|it| *it == text);
        let at = known.unwrap_or_else(|| {
            self.texts.push(text);
            self.texts.len() - 1
        });
        format!("[note {}]", at + 1)
    }
}

impl Maker<'_> {
    /// A sentence of `strings.yaml`.
    pub fn say(&self, key: &str, context: impl Into<Value>) -> Result<String> {
        self.pages.say(key, context)
    }

    /// A figure's label, or its name where it has none.
    pub fn label<'b>(&'b self, figure: &'b str) -> &'b str {
        let label = |it: &'b Published| it.words.label.as_str();
        self.story.figure(figure).map(label).filter(|label| !label.trim().is_empty()).unwrap_or(figure)
    }
}

/// A report's workbook.
///
/// # Errors
/// [`crate::error::Error::System`] where a board's own string asks for what is not there.
pub fn workbook<'a>(edition: &'a Edition, story: &'a Story, formats: &'a [Format]) -> Result<Workbook<'a>> {
    let maker = Maker { edition, story, formats, pages: Pages::new(&edition.look, &[])? };
    let mut notes = Notes::default();
    let noise = notes.mark(maker.say("sheet_note_noise", ())?);
    let (made, left) = tables(&maker, &mut notes)?;
    let title = maker.say("sheet_title", context! { title => &story.title, quarter => edition.quarter.months() })?;
    let about = context! { title => &story.title, board => &edition.board, quarter => edition.quarter.months() };
    let cover = cover(&maker, &title, made.len(), &noise)?;
    let symbols = symbols(&maker)?;
    let contents = contents(&maker, &mut notes, &made, &left)?;
    let mut sheets = vec![cover, contents, notes_sheet(&maker, notes)?, symbols];
    // Contents was written before the notes were counted.
    let counted = sheets[2].table.as_ref().map_or(0, Grid::len);
    if let Some(Grid { body: Body::Words(rows), .. }) = &mut sheets[1].table {
        rows[0][2] = count(counted);
    }
    sheets.extend(made.into_iter().map(|made| made.sheet));
    Ok(Workbook {
        title: text::cell(&title),
        subject: text::cell(&maker.say("sheet_subject", about)?),
        author: text::cell(&edition.board),
        language: text::cell(&maker.say("language", ())?),
        made_by: format!("smirr {}", edition.manifest.smirr),
        dated: edition.quarter.last_day(),
        sheets,
    })
}

fn cover<'a>(maker: &Maker<'_>, title: &str, tables: usize, noise: &str) -> Result<Sheet<'a>> {
    let Maker { edition, story, .. } = maker;
    let mut lines = vec![
        Cell::text(&maker.say("published_by", context! { board => &edition.board })?),
        Cell::text(&maker.say("sheet_cover_quarter", context! { quarter => edition.quarter.financial() })?),
        Cell::text(&maker.say("sheet_cover_what", context! { tables => tables })?),
        Cell::text(&maker.say("sheet_cover_noise", context! { note => noise })?),
    ];
    if let Some(revises) = &story.revises {
        lines.push(Cell::text(&maker.say("sheet_cover_revises", context! { revises => revises })?));
    }
    let licence = maker.say("sheet_cover_licence", context! { licence => edition.licence.title() })?;
    lines.push(link(&licence, edition.licence.url().to_owned()));
    let contact = &edition.contact;
    let say = |contact: &str| maker.say("sheet_cover_contact", context! { contact => contact });
    if let Some(name) = &contact.name {
        lines.push(Cell::text(&say(name)?));
    }
    if let Some(email) = &contact.email {
        lines.push(link(&say(email)?, format!("mailto:{email}")));
    }
    if let Some(url) = &contact.url {
        lines.push(link(&say(url)?, url.clone()));
    }
    lines.push(Cell::text(&maker.say("sheet_cover_made", context! { version => &edition.manifest.smirr })?));
    Ok(Sheet { name: "Cover".into(), title: text::cell(title), lines, table: None })
}

fn contents<'a>(maker: &Maker<'_>, notes: &mut Notes, made: &[Made<'_>], left: &[Left]) -> Result<Sheet<'a>> {
    let to = |name: &str| Cell::Link { text: name.to_owned(), to: Target::Sheet(name.to_owned()) };
    let mut rows = vec![
        vec![to("Notes"), Cell::text(&maker.say("sheet_contents_notes", ())?), count(0)],
        vec![to("Symbols"), Cell::text(&maker.say("sheet_contents_symbols", ())?), count(SYMBOLS.len() + 1)],
    ];
    for Made { sheet, what } in made {
        rows.push(vec![to(&sheet.name), Cell::text(what), count(sheet.table.as_ref().map_or(0, Grid::len))]);
    }
    let mut lines = vec![Cell::text(&maker.say("sheet_contents_line", ())?)];
    if !left.is_empty() {
        let note = maker.say("sheet_note_left_out", context! { areas => MOST_AREAS, rows => MOST_ROWS })?;
        lines.push(Cell::text(&maker.say("sheet_contents_left_out", context! { note => notes.mark(note) })?));
    }
    for Left { what, rows: many } in left {
        rows.push(vec![Cell::text(&maker.say("sheet_left_out", ())?), Cell::text(what), count(*many)]);
    }
    let headings = [("sheet_contents_sheet", 22), ("sheet_contents_what", 90), ("sheet_contents_rows", 12)];
    words(maker, "Contents", "sheet_contents", lines, &headings, rows)
}

fn notes_sheet<'a>(maker: &Maker<'_>, notes: Notes) -> Result<Sheet<'a>> {
    let row = |(at, note): (usize, &String)| vec![Cell::text(&format!("[note {}]", at + 1)), Cell::text(note)];
    let rows = notes.texts.iter().enumerate().map(row).collect();
    let lines = vec![Cell::text(&maker.say("sheet_notes_line", ())?)];
    words(maker, "Notes", "sheet_notes", lines, &[("sheet_notes_note", 14), ("sheet_notes_text", 100)], rows)
}

/// The symbols that a figure may have.
const SYMBOLS: [&str; 5] = ["low", "r", "u", "x", "z"];

fn symbols<'a>(maker: &Maker<'_>) -> Result<Sheet<'a>> {
    let share = (maker.story.rules.unreliable_when_half_width_over * 1000.0).round() / 10.0;
    let mut rows = vec![vec![Cell::text(NO_SYMBOL), Cell::text(&maker.say("sheet_symbol_none", ())?)]];
    for symbol in SYMBOLS {
        let meaning = maker.say(&format!("sheet_symbol_{symbol}"), context! { share => share.to_string() })?;
        rows.push(vec![Cell::text(&format!("[{symbol}]")), Cell::text(&meaning)]);
    }
    let lines = vec![Cell::text(&maker.say("sheet_symbols_line", ())?)];
    let headings = [("sheet_symbols_symbol", 14), ("sheet_symbols_meaning", 100)];
    words(maker, "Symbols", "sheet_symbols", lines, &headings, rows)
}

/// A sheet of words.
fn words<'a>(
    maker: &Maker<'_>,
    name: &str,
    title: &str,
    lines: Vec<Cell<'a>>,
    headings: &[(&str, u16)],
    rows: Vec<Vec<Cell<'a>>>,
) -> Result<Sheet<'a>> {
    let said = headings.iter().map(|(key, _)| maker.say(key, ())).collect::<Result<Vec<_>>>()?;
    let columns = text::headings(said).into_iter().zip(headings);
    let columns = columns.map(|(heading, (_, width))| Column { heading, width: *width, decimals: 0 }).collect();
    let title = text::cell(&maker.say(title, ())?);
    Ok(Sheet { name: name.into(), title, lines, table: Some(Grid { columns, body: Body::Words(rows) }) })
}

fn link<'a>(read: &str, to: String) -> Cell<'a> {
    Cell::Link { text: text::cell(read), to: Target::Address(to) }
}

fn count<'a>(many: usize) -> Cell<'a> {
    Cell::Number { value: many as f64, decimals: 0 }
}
