//! The other files of the pack, as the page links to them: only those that the formats make.

use serde::Serialize;

use crate::config::board::Format;
use crate::publish::edition::{Edition, Story};
use crate::publish::names::{self, CSVW, DATA_PACKAGE, LABEL, MANIFEST, METHODOLOGY, PRIVACY};

/// The files of one report.
#[derive(Debug, Serialize)]
pub(super) struct Shelf {
    /// Spreadsheets of all its tables.
    books: Vec<String>,
    /// A level's title, and the files of its table.
    levels: Vec<(String, Vec<String>)>,
}

/// The files of a report.
pub(super) fn shelf(edition: &Edition, story: &Story, formats: &[Format]) -> Shelf {
    let books = formats.iter().filter_map(|&format| names::ending_of_book(format));
    let tables = |level: &str| {
        let endings = formats.iter().filter_map(|&format| names::ending_of_table(format));
        endings.map(|ending| names::table(&story.name, level, ending)).collect::<Vec<_>>()
    };
    let levels = edition.levels.iter().map(|level| (level.title.clone(), tables(&level.name)));
    Shelf {
        books: books.map(|ending| names::book(&story.name, ending)).collect(),
        levels: levels.filter(|(_, files)| !files.is_empty()).collect(),
    }
}

/// The files of the whole pack, each with the string that says what it is.
pub(super) fn pack(formats: &[Format]) -> Vec<(&'static str, &'static str)> {
    let machines: &[_] = &[(CSVW, "page_file_csvw"), (DATA_PACKAGE, "page_file_datapackage")];
    let always = [
        (PRIVACY, "page_file_privacy"),
        (METHODOLOGY, "page_file_methodology"),
        (LABEL, "page_file_label"),
        (MANIFEST, "page_file_manifest"),
    ];
    let machines = if formats.contains(&Format::Csv) { machines } else { &[] };
    always.into_iter().chain(machines.iter().copied()).collect()
}
