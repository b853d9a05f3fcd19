//! The checklist for spreadsheets, a test a rule.

use std::collections::HashSet;

use super::super::build::{MOST_AREAS, MOST_ROWS, workbook};
use super::super::model::{Cell, Target, Workbook};
use super::made::{block, edition, table, usual};
use crate::config::board::Format;
use crate::estimate::reliability::Mark;
use crate::publish::edition::Edition;

fn made(edition: &Edition) -> Workbook<'_> {
    workbook(edition, &edition.stories[0], &[Format::Ods, Format::Csv, Format::Parquet]).unwrap()
}

/// A sheet's rows, as text.
fn rows(book: &Workbook<'_>, name: &str) -> Vec<Vec<String>> {
    let sheet = book.sheets.iter().find(|sheet| sheet.name == name).unwrap();
    let grid = sheet.table.as_ref().unwrap();
    let text = |cell: &Cell<'_>| match cell {
        Cell::Number { value, decimals } => format!("{value:.*}", *decimals as usize),
        other => other.words().to_owned(),
    };
    let headings = grid.columns.iter().map(|column| column.heading.clone()).collect();
    [headings].into_iter().chain((0..grid.len()).map(|at| grid.row(at).iter().map(text).collect())).collect()
}

fn lines(book: &Workbook<'_>, name: &str) -> Vec<String> {
    let sheet = book.sheets.iter().find(|sheet| sheet.name == name).unwrap();
    sheet.lines.iter().map(|line| line.words().to_owned()).collect()
}

#[test]
fn the_sheets_are_cover_contents_notes_symbols_and_a_table_each() {
    let edition = usual();
    let names = made(&edition).sheets.into_iter().map(|sheet| sheet.name).collect::<Vec<_>>();
    assert_eq!(names, ["Cover", "Contents", "Notes", "Symbols", "Table_1", "Table_2"]);
}

#[test]
fn names_of_sheets_are_unique_plain_and_short() {
    let edition = usual();
    let book = made(&edition);
    let names = book.sheets.iter().map(|sheet| sheet.name.to_lowercase()).collect::<HashSet<_>>();
    assert_eq!(names.len(), book.sheets.len());
    for name in names {
        assert!(name.len() <= 31 && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'), "{name}");
    }
}

#[test]
fn a_table_has_the_figures_of_one_set_of_dimensions_beside_each_other() {
    let edition = usual();
    let found = rows(&made(&edition), "Table_2");
    assert_eq!(
        found[0],
        [
            "Area code",
            "Area name",
            "SIMD quintile",
            "People referred",
            "People referred: lower 95%",
            "People referred: upper 95%",
            "People referred: symbols",
            "Rate",
            "Rate: lower 95%",
            "Rate: upper 95%",
            "Places",
            "Rate (2)",
            "Rate: lower 95% (2)",
            "Rate: upper 95% (2)",
            "Rate: symbols",
        ]
    );
    let hostile = super::made::HOSTILE;
    let expected = [
        [
            "S1",
            hostile,
            "1 (most deprived)",
            "0",
            "-2",
            "4",
            "none",
            "0.3",
            "-2.0",
            "3.8",
            "0",
            "0.26",
            "-1.99",
            "3.76",
            "[r]",
        ],
        [
            "S1", hostile, "Unknown", "1000", "998", "1004", "[u]", "1000.3", "998.0", "1003.8", "1000", "1000.26",
            "998.01", "1003.76", "[u] [r]",
        ],
        [
            "S2",
            "+44 & <b>\u{fffd}\"'",
            "1 (most deprived)",
            "[x]",
            "[x]",
            "[x]",
            "[x]",
            "2000.3",
            "1998.0",
            "2003.8",
            "2000",
            "[x] [r]",
            "[x] [r]",
            "[x] [r]",
            "[x] [r]",
        ],
    ];
    assert_eq!(found[1..4], expected.map(|row| row.map(str::to_owned).to_vec()));
    assert_eq!(found.len(), 7);
    assert_eq!(found[5][..7], ["unknown", "Unknown area", "1 (most deprived)", "4000", "3998", "4004", "[low]"]);
}

#[test]
fn no_cell_is_blank() {
    let edition = usual();
    for sheet in &made(&edition).sheets {
        assert!(!sheet.title.is_empty() && sheet.lines.iter().all(|line| !line.words().is_empty()));
        let Some(grid) = &sheet.table else { continue };
        assert!(grid.len() > 0 && grid.columns.iter().all(|column| !column.heading.is_empty()));
        for at in 0..grid.len() {
            let row = grid.row(at);
            assert_eq!(row.len(), grid.columns.len(), "{} has a row that is not as wide as its headings", sheet.name);
            assert!(row.iter().all(|it| matches!(it, Cell::Number { .. }) || !it.words().is_empty()));
        }
    }
}

#[test]
fn headings_are_unlike_each_other() {
    let edition = usual();
    for sheet in made(&edition).sheets {
        let columns = sheet.table.map(|grid| grid.columns).unwrap_or_default();
        let headings = columns.iter().map(|column| column.heading.to_lowercase()).collect::<HashSet<_>>();
        assert_eq!(headings.len(), columns.len());
    }
}

#[test]
fn every_mark_has_its_note_and_every_note_its_mark() {
    let edition = usual();
    let book = made(&edition);
    let marks = |text: &str| {
        let after = text.split("[note ").skip(1).map(|it| it.split(']').next().unwrap().parse::<usize>().unwrap());
        after.collect::<Vec<_>>()
    };
    let others = book.sheets.iter().filter(|sheet| sheet.name != "Notes");
    let marked =
        others.flat_map(|sheet| sheet.lines.iter().flat_map(|line| marks(line.words()))).collect::<HashSet<_>>();
    let notes = rows(&book, "Notes");
    let listed = notes[1..].iter().flat_map(|row| marks(&row[0])).collect::<Vec<_>>();
    assert_eq!(listed, (1..notes.len()).collect::<Vec<_>>());
    assert_eq!(marked, listed.into_iter().collect());
    assert!(notes.iter().any(|row| row[1] == "About these figures: Read with care."));
    assert_eq!(rows(&book, "Contents")[1][2], (notes.len() - 1).to_string());
}

#[test]
fn every_symbol_is_explained() {
    let edition = usual();
    let book = made(&edition);
    let explained = rows(&book, "Symbols").into_iter().map(|row| row[0].clone()).collect::<HashSet<_>>();
    let found = rows(&book, "Table_2");
    let symbols = found[1..].iter().flatten().filter(|text| text.starts_with('[')).flat_map(|text| text.split(' '));
    let symbols = symbols.map(str::to_owned).chain(["none".to_owned()]).collect::<HashSet<_>>();
    assert_eq!(symbols.len(), 6);
    assert!(symbols.is_subset(&explained), "{symbols:?}");
}

#[test]
fn lines_above_a_table_say_units_noise_and_which_end_is_most_deprived() {
    let edition = usual();
    let found = lines(&made(&edition), "Table_2");
    for start in [
        "This sheet holds one table of 6 rows.",
        "Figures carry noise that protects people",
        "Exact, without noise or interval",
        "SIMD quintile: 1 is the most deprived [note",
        "Unit of People referred: people",
        "Unit of Rate: per 1,000",
        "Figures without a unit",
    ] {
        assert!(found.iter().any(|line| line.starts_with(start)), "{start}: {found:?}");
    }
    assert!(lines(&made(&edition), "Table_1").contains(&"Unit of all figures: people".to_owned()));
}

#[test]
fn exact_figures_have_no_interval_and_do_not_speak_of_noise() {
    let edition = edition(vec![table("board", 2, vec![block("places", 0, &[], 2, &[Mark::Plain])])]);
    let book = made(&edition);
    assert_eq!(rows(&book, "Table_1")[0], ["Area code", "Area name", "Places"]);
    assert!(lines(&book, "Table_1").iter().all(|line| !line.starts_with("Figures carry noise")));
}

#[test]
fn contents_lead_to_every_sheet_with_a_table() {
    let edition = usual();
    let book = made(&edition);
    let grid = book.sheets[1].table.as_ref().unwrap();
    let to = (0..grid.len()).filter_map(|at| match &grid.row(at)[0] {
        Cell::Link { to: Target::Sheet(name), .. } => Some(name.clone()),
        _ => None,
    });
    assert_eq!(to.collect::<Vec<_>>(), ["Notes", "Symbols", "Table_1", "Table_2"]);
    assert_eq!(
        rows(&book, "Contents")[4][1..],
        ["Who is reached? – Health board, by SIMD quintile – July to September 2026", "6"]
    );
}

#[test]
fn what_is_too_large_is_named_with_its_files() {
    let many =
        |level, areas, values: &[&str]| table(level, areas, vec![block("referred", 0, values, areas, &[Mark::Plain])]);
    // With the unknown area, one more than may be; and as many as may be.
    let large = edition(vec![many("board", MOST_AREAS + 1, &[]), many("zone", MOST_AREAS + 2, &[])]);
    let book = made(&large);
    assert_eq!(book.sheets.len(), 5, "one level fits, and one does not");
    let found = rows(&book, "Contents");
    let files = "Data zone, all tables: in reach-zone.csv, reach-zone.parquet";
    assert_eq!(found.last().unwrap()[..], ["Not in this workbook", files, "202"]);
    assert!(lines(&book, "Contents")[1].ends_with("[note 4]."), "{:?}", lines(&book, "Contents"));
    assert!(rows(&book, "Notes").iter().any(|row| row[1].contains("at most 200 areas")));
    let values = (0..MOST_ROWS / 100 + 1).map(|at| at.to_string()).collect::<Vec<_>>();
    let long = edition(vec![many("board", 100, &values.iter().map(String::as_str).collect::<Vec<_>>())]);
    let book = workbook(&long, &long.stories[0], &[Format::Xlsx]).unwrap();
    assert_eq!(book.sheets.len(), 4);
    assert!(rows(&book, "Contents").last().unwrap()[1].ends_with("in no file of this publication"));
}

#[test]
fn figures_with_other_bins_stand_in_a_table_of_their_own() {
    let blocks =
        vec![block("referred", 0, &["1", "2"], 2, &[Mark::Plain]), block("rate", 1, &["1"], 2, &[Mark::Plain])];
    let edition = edition(vec![table("board", 2, blocks)]);
    let book = made(&edition);
    assert_eq!(["Table_1", "Table_2"].map(|name| rows(&book, name).len()), [5, 3]);
}

#[test]
fn the_cover_says_who_publishes_what_for_which_quarter_and_under_which_licence() {
    let edition = usual();
    let book = made(&edition);
    let found = lines(&book, "Cover").join("\n");
    for part in [
        "Published by NHS <Test> & Board",
        "July to September 2026 (financial year 2026/27, quarter 2)",
        "2 tables",
        "Open Government Licence",
        "The team",
        "team@example.org",
        "revision 1",
        "[note 1]",
        "smirr 0.1.0",
    ] {
        assert!(found.contains(part), "{part}: {found}");
    }
    assert_eq!((book.title.as_str(), book.language.as_str()), ("Who is reached? – July to September 2026", "en-GB"));
    assert_eq!((book.author.as_str(), book.dated.to_string().as_str()), ("NHS <Test> & Board", "2026-09-30"));
}

#[test]
fn an_area_without_a_name_is_named_by_its_code() {
    let mut edition = usual();
    edition.levels.clear();
    assert_eq!(rows(&made(&edition), "Table_1")[1][..2], ["S1", "S1"]);
}
