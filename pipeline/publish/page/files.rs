//! The other files of the pack, as the page links to them: only those that the formats make.

use serde::Serialize;

use crate::config::board::Format;
use crate::publish::edition::{Edition, Story};
use crate::publish::pack::MANIFEST;

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
    let books = [(Format::Ods, "ods"), (Format::Xlsx, "xlsx")].into_iter();
    let tables = [(Format::Csv, "csv"), (Format::Parquet, "parquet")];
    let files = |level: &str| {
        let made = tables.iter().filter(|(format, _)| formats.contains(format));
        made.map(|(_, ending)| format!("{}-{level}.{ending}", story.name)).collect::<Vec<_>>()
    };
    let levels = edition.levels.iter().map(|level| (level.title.clone(), files(&level.name)));
    Shelf {
        books: books.filter(|it| formats.contains(&it.0)).map(|(_, end)| format!("{}.{end}", story.name)).collect(),
        levels: levels.filter(|(_, files)| !files.is_empty()).collect(),
    }
}

/// The files of the whole pack, each with the string that says what it is.
pub(super) fn pack(formats: &[Format]) -> Vec<(&'static str, &'static str)> {
    let machines: &[_] = &[("csv-metadata.json", "page_file_csvw"), ("datapackage.json", "page_file_datapackage")];
    let always = [
        ("privacy.html", "page_file_privacy"),
        ("methodology.html", "page_file_methodology"),
        ("privacy.json", "page_file_label"),
        (MANIFEST, "page_file_manifest"),
    ];
    let machines = if formats.contains(&Format::Csv) { machines } else { &[] };
    always.into_iter().chain(machines.iter().copied()).collect()
}
