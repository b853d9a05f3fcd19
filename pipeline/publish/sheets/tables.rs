//! The tables of a report: one an area level and set of dimensions, each on its sheet.

use minijinja::context;

use super::build::{MOST_AREAS, MOST_ROWS, Maker, Notes};
use super::grid::{Figure, Figures};
use super::model::{Body, Cell, Column, Grid, Sheet};
use super::text;
use crate::config::published::Holds;
use crate::error::Result;
use crate::measure::grid::{Dimension, UNKNOWN};
use crate::publish::names;
use crate::publish::table::{Block, Table};

/// A table on its sheet.
pub struct Made<'a> {
    /// The sheet.
    pub sheet: Sheet<'a>,
    /// What it holds.
    pub what: String,
}

/// What is too large for a workbook.
pub struct Left {
    /// What it is, and where it is found.
    pub what: String,
    /// How many rows it has there, or would have here.
    pub rows: usize,
}

/// A report's tables: those that are in its workbook, and those that are not.
pub fn tables<'a>(maker: &Maker<'a>, notes: &mut Notes) -> Result<(Vec<Made<'a>>, Vec<Left>)> {
    let (mut made, mut left) = (Vec::new(), Vec::new());
    for table in &maker.story.tables {
        let files = files(maker, table)?;
        if table.known_areas().count() > MOST_AREAS {
            let what = maker.say("sheet_left_out_level", context! { level => level(maker, table), files => &files })?;
            left.push(Left { what, rows: table.len() });
            continue;
        }
        for blocks in together(maker, table) {
            let what = what(maker, table, &blocks[0].dimensions)?;
            let rows = blocks[0].cells.len();
            if rows > MOST_ROWS {
                let what = maker.say("sheet_left_out_table", context! { title => &what, files => &files })?;
                left.push(Left { what, rows });
                continue;
            }
            let sheet = sheet(maker, notes, table, &blocks, &what, made.len() + 1)?;
            made.push(Made { sheet, what });
        }
    }
    Ok((made, left))
}

/// What a level is, in words.
fn level<'b>(maker: &'b Maker<'_>, table: &'b Table) -> &'b str {
    maker.edition.level(&table.level).map_or(&table.heading, |level| &level.title)
}

/// The machines' files of a level.
fn files(maker: &Maker<'_>, table: &Table) -> Result<String> {
    let endings = maker.formats.iter().filter_map(|&format| names::ending_of_table(format));
    let files = endings.map(|ending| names::table(&maker.story.name, &table.level, ending));
    match files.collect::<Vec<_>>().join(", ") {
        none if none.is_empty() => maker.say("sheet_left_out_nowhere", ()),
        some => Ok(some),
    }
}

/// The blocks of a level that have the same dimensions, in the order in which the report asks for them: that of the
/// figure that is given by most.
fn together<'a>(maker: &Maker<'_>, table: &'a Table) -> Vec<Vec<&'a Block>> {
    let mut groups: Vec<Vec<&Block>> = Vec::new();
    for block in table.blocks.iter().filter(|block| !block.cells.is_empty()) {
        match groups.iter_mut().find(|group| group[0].dimensions == block.dimensions) {
            Some(group) => group.push(block),
            None => groups.push(vec![block]),
        }
    }
    let asked = maker.story.figures.iter().map(|figure| &figure.by).max_by_key(|by| by.len());
    groups.sort_by_key(|group| {
        let is_it = |set: &Vec<String>| group[0].is_by(&set.iter().map(String::as_str).collect::<Vec<_>>());
        asked.and_then(|by| by.iter().position(is_it)).unwrap_or(usize::MAX)
    });
    groups
}

/// A dimension's title.
fn named<'b>(maker: &'b Maker<'_>, dimension: &'b Dimension) -> &'b str {
    maker.story.dimension(&dimension.name).map_or(&dimension.heading, |words| &words.title)
}

fn what(maker: &Maker<'_>, table: &Table, dimensions: &[Dimension]) -> Result<String> {
    let by = dimensions.iter().map(|it| text::within(named(maker, it))).collect::<Vec<_>>();
    let (title, level) = (&maker.story.title, level(maker, table));
    let title = title.trim_end_matches(['.', ' ']);
    let context =
        context! { title => title, level => level, dimensions => by, quarter => maker.edition.quarter.months() };
    maker.say("sheet_table_what", context)
}

fn sheet<'a>(
    maker: &Maker<'a>,
    notes: &mut Notes,
    table: &'a Table,
    blocks: &[&'a Block],
    what: &str,
    number: usize,
) -> Result<Sheet<'a>> {
    let exact =
        |block: &&Block| maker.story.figure(&block.figure).is_some_and(|figure| figure.words.holds == Holds::Nothing);
    let figures = Figures {
        areas: areas(maker, table)?,
        values: blocks[0].dimensions.iter().map(|dimension| values(maker, dimension)).collect(),
        figures: blocks.iter().map(|block| Figure::new(block, exact(block))).collect(),
    };
    let title = maker.say("sheet_table", context! { number => number, what => what })?;
    Ok(Sheet {
        name: format!("Table_{number}"),
        title: text::cell(&title),
        lines: lines(maker, notes, &figures)?,
        table: Some(Grid { columns: columns(maker, &figures)?, body: Body::Figures(figures) }),
    })
}

/// Each area's code and name.
fn areas(maker: &Maker<'_>, table: &Table) -> Result<Vec<[String; 2]>> {
    let level = maker.edition.level(&table.level);
    let name = |code: &String| match code.as_str() {
        UNKNOWN => maker.say("unknown_area", ()),
        code => Ok(level.map_or(code, |level| level.name_of(code)).to_owned()),
    };
    table.areas.iter().map(|code| Ok([text::cell(code), text::cell(&name(code)?)])).collect()
}

fn values(maker: &Maker<'_>, dimension: &Dimension) -> Vec<String> {
    let words = maker.story.dimension(&dimension.name);
    let label = |value: &String| text::cell(words.map_or(value, |words| words.label(value)));
    dimension.values.iter().map(label).collect()
}

/// What stands between the title and the headings, each in one line.
fn lines<'a>(maker: &Maker<'_>, notes: &mut Notes, figures: &Figures<'_>) -> Result<Vec<Cell<'a>>> {
    let story = maker.story;
    let mut marks = notes.mark(maker.say("sheet_note_totals", ())?);
    // Words with figures in them are a page's: a workbook does not say a figure twice.
    if let Some(words) = story.words.as_ref().filter(|words| !words.contains("{{") && !words.contains("{%")) {
        marks += " ";
        marks += &notes.mark(maker.say("sheet_note_words", context! { words => words.trim() })?);
    }
    let mut lines = vec![maker.say("sheet_table_line", context! { rows => figures.len(), note => marks })?];
    let noised = labels(maker, figures, |figure| !figure.is_exact);
    if !noised.is_empty() {
        let mut marks = notes.mark(maker.say("sheet_note_noise", ())?);
        let by_chance = sampled(maker);
        if figures.figures.iter().any(|it| holds(maker, it.block) == Some(Holds::NoiseAndSampling)) {
            marks += " ";
            marks += &notes.mark(maker.say("sheet_note_sampling", context! { figures => by_chance })?);
        }
        lines.push(maker.say("sheet_table_noise", context! { note => marks })?);
    }
    let exact = labels(maker, figures, |figure| figure.is_exact);
    if !exact.is_empty() {
        let note = notes.mark(maker.say("sheet_note_exact", ())?);
        lines.push(maker.say("sheet_table_exact", context! { note => note, figures => exact })?);
    }
    let dimensions = figures.figures.first().map_or(&[][..], |figure| &figure.block.dimensions);
    for dimension in dimensions.iter().filter(|it| maker.edition.bands.contains(&it.name)) {
        let words = story.dimension(&dimension.name).and_then(|words| words.description.as_ref());
        let name = named(maker, dimension);
        let note = maker.say("sheet_note_band", context! { dimension => name, description => words })?;
        lines.push(maker.say("sheet_table_band", context! { dimension => name, note => notes.mark(note) })?);
    }
    lines.extend(units(maker, figures)?);
    Ok(lines.iter().map(|line| Cell::text(line)).collect())
}

fn holds(maker: &Maker<'_>, block: &Block) -> Option<Holds> {
    maker.story.figure(&block.figure).map(|figure| figure.words.holds)
}

fn labels(maker: &Maker<'_>, figures: &Figures<'_>, which: impl Fn(&Figure<'_>) -> bool) -> Vec<String> {
    figures.figures.iter().filter(|it| which(it)).map(|it| maker.label(&it.block.figure).to_owned()).collect()
}

/// The figures of the report whose intervals hold the chance of the quarter too.
fn sampled(maker: &Maker<'_>) -> Vec<String> {
    let figures = maker.story.figures.iter().filter(|figure| figure.words.holds == Holds::NoiseAndSampling);
    figures.map(|figure| maker.label(&figure.name).to_owned()).collect()
}

/// A line a unit: its figures.
fn units(maker: &Maker<'_>, figures: &Figures<'_>) -> Result<Vec<String>> {
    let mut units: Vec<(&str, Vec<String>)> = Vec::new();
    for figure in &figures.figures {
        let name = &figure.block.figure;
        let (unit, label) =
            (maker.story.figure(name).map_or("", |it| it.words.unit.trim()), maker.label(name).to_owned());
        match units.iter_mut().find(|(known, _)| *known == unit) {
            Some((_, labels)) => labels.push(label),
            None => units.push((unit, vec![label])),
        }
    }
    let is_one = units.len() == 1;
    let line = |(unit, figures): (&str, Vec<String>)| match (unit, is_one) {
        ("", _) => maker.say("sheet_table_no_unit", ()),
        (unit, true) => maker.say("sheet_table_one_unit", context! { unit => unit }),
        (unit, false) => maker.say("sheet_table_unit", context! { unit => unit, figures => figures }),
    };
    units.into_iter().map(line).collect()
}

fn columns(maker: &Maker<'_>, figures: &Figures<'_>) -> Result<Vec<Column>> {
    let longest = |texts: &mut dyn Iterator<Item = &String>| texts.map(|it| it.chars().count()).max().unwrap_or(0);
    // Of each: its heading, how long its text is, and its decimals.
    let mut columns = vec![
        (maker.say("sheet_area_code", ())?, longest(&mut figures.areas.iter().map(|area| &area[0])), 0),
        (maker.say("sheet_area_name", ())?, longest(&mut figures.areas.iter().map(|area| &area[1])), 0),
    ];
    let dimensions = figures.figures.first().map_or(&[][..], |figure| &figure.block.dimensions);
    for (dimension, values) in dimensions.iter().zip(&figures.values) {
        columns.push((named(maker, dimension).to_owned(), longest(&mut values.iter()), 0));
    }
    for Figure { block, is_exact, has_symbols } in &figures.figures {
        // Headings of one figure stay unlike each other where a table's headings are cut.
        let label = maker.label(&block.figure).chars().take(120).collect::<String>();
        let mut add = |heading: String| columns.push((heading, 15, block.decimals));
        add(label.clone());
        let limits = ["sheet_lower", "sheet_upper"].into_iter().filter(|_| !is_exact);
        for key in limits.chain(has_symbols.then_some("sheet_figure_symbols")) {
            add(maker.say(key, context! { figure => &label })?);
        }
    }
    let headings = text::headings(columns.iter().map(|(heading, ..)| heading.clone()));
    let column = |(heading, (_, width, decimals)): (String, (String, usize, u32))| {
        let word = heading.split(' ').map(|word| word.chars().count()).max().unwrap_or(0);
        Column { width: (width + 2).max(word + 3).clamp(12, 44) as u16, heading, decimals }
    };
    Ok(headings.into_iter().zip(columns).map(column).collect())
}
