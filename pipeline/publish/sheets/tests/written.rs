//! What both formats hold once they are written.

use super::super::archive::{Archive, entries};
use super::super::build::workbook;
use super::super::model::{Workbook, letters};
use super::super::{ods, xlsx};
use super::made::{HOSTILE, usual};
use crate::config::board::Format;
use crate::publish::edition::Edition;

fn made(edition: &Edition) -> Workbook<'_> {
    workbook(edition, &edition.stories[0], &[Format::Csv]).unwrap()
}

fn file(bytes: &[u8], name: &str) -> String {
    let entry = entries(bytes).unwrap().into_iter().find(|entry| entry.name == name);
    String::from_utf8(entry.unwrap_or_else(|| panic!("there is no {name}")).content).unwrap()
}

#[test]
fn an_archive_holds_what_was_put_in() {
    let mut archive = Archive::new();
    let long = "a long text, ".repeat(1_000);
    archive.store("kind", b"as it is").unwrap();
    archive.deflate("folder/long", long.as_bytes()).unwrap();
    archive.deflate("empty", b"").unwrap();
    let bytes = archive.finish().unwrap();
    let found = entries(&bytes).unwrap();
    let found = found.into_iter().map(|it| (it.name, it.content)).collect::<Vec<_>>();
    let expected = [("kind", b"as it is".to_vec()), ("folder/long", long.into_bytes()), ("empty", Vec::new())];
    let expected = expected.map(|(name, content)| (name.to_owned(), content));
    assert_eq!(found, expected);
    assert!(entries(&bytes[..bytes.len() - 1]).is_none() && entries(b"").is_none());
}

#[test]
fn the_same_figures_make_the_same_bytes() {
    let edition = usual();
    assert_eq!(ods::write(&made(&edition)).unwrap(), ods::write(&made(&edition)).unwrap());
    assert_eq!(xlsx::write(&made(&edition)).unwrap(), xlsx::write(&made(&edition)).unwrap());
}

#[test]
fn no_file_of_an_archive_knows_the_time() {
    let edition = usual();
    for bytes in [ods::write(&made(&edition)).unwrap(), xlsx::write(&made(&edition)).unwrap()] {
        let day = [0, 0, 0x21, 0];
        let files = entries(&bytes).unwrap().len();
        let headers = (0..bytes.len() - 14).filter(|&at| bytes[at..].starts_with(b"PK\x03\x04"));
        assert_eq!(headers.filter(|&at| bytes[at + 10..at + 14] == day).count(), files);
    }
}

#[test]
fn opendocument_says_what_it_is_in_its_first_bytes() {
    let edition = usual();
    let bytes = ods::write(&made(&edition)).unwrap();
    assert_eq!(&bytes[30..84], b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet");
}

#[test]
fn no_text_becomes_a_formula() {
    let edition = usual();
    let book = made(&edition);
    let open = file(&ods::write(&book).unwrap(), "content.xml");
    assert!(open.contains("<text:p>=HYPERLINK(&quot;") && !open.contains("table:formula"));
    let bytes = xlsx::write(&book).unwrap();
    let shared = file(&bytes, "xl/sharedStrings.xml");
    assert!(shared.contains("=HYPERLINK("), "{HOSTILE} is among the strings");
    for entry in entries(&bytes).unwrap().iter().filter(|entry| entry.name.starts_with("xl/worksheets/sheet")) {
        let sheet = String::from_utf8(entry.content.clone()).unwrap();
        assert!(!sheet.contains("<f>") && !sheet.contains("<f "), "{} has a formula", entry.name);
    }
}

#[test]
fn excel_has_a_table_without_filters_on_every_sheet_but_the_cover() {
    let edition = usual();
    let bytes = xlsx::write(&made(&edition)).unwrap();
    let tables = entries(&bytes).unwrap().into_iter().filter(|entry| entry.name.starts_with("xl/tables/"));
    let tables = tables.map(|entry| String::from_utf8(entry.content.clone()).unwrap()).collect::<Vec<_>>();
    assert_eq!(tables.len(), 5);
    assert!(tables.iter().all(|table| !table.contains("autoFilter") && !table.contains("headerRowCount=\"0\"")));
    assert!(tables.iter().any(|table| table.contains("name=\"Table_2_data\"") && table.contains("Rate: symbols")));
}

#[test]
fn no_format_has_merged_cells_frozen_panes_filters_hidden_rows_or_images() {
    let edition = usual();
    let (open, excel) = (ods::write(&made(&edition)).unwrap(), xlsx::write(&made(&edition)).unwrap());
    for entry in entries(&excel).unwrap().iter().chain(&entries(&open).unwrap()) {
        assert!(!["media", "vba", "drawing", "Basic", "Pictures"].iter().any(|part| entry.name.contains(part)));
        let text = String::from_utf8(entry.content.clone()).unwrap();
        for word in [
            "mergeCell",
            "<pane",
            "autoFilter",
            "hidden=",
            "spanned",
            "covered-table-cell",
            "display-filter",
            "collapse",
        ] {
            assert!(!text.contains(word), "{} has {word}", entry.name);
        }
    }
}

#[test]
fn excel_has_title_author_language_and_the_quarters_last_day() {
    let edition = usual();
    let properties = file(&xlsx::write(&made(&edition)).unwrap(), "docProps/core.xml");
    for part in [
        "<dc:title>Who is reached? – July to September 2026</dc:title>",
        "<dc:creator>NHS &lt;Test&gt; &amp; Board</dc:creator>",
        "<dc:language>en-GB</dc:language>",
        "2026-09-30T00:00:00Z",
    ] {
        assert!(properties.contains(part), "{part}: {properties}");
    }
}

#[test]
fn columns_have_the_letters_of_a_spreadsheet() {
    assert_eq!([0, 25, 26, 51, 52, 701, 702].map(letters), ["A", "Z", "AA", "AZ", "BA", "ZZ", "AAA"]);
}
