//! Extracts in spreadsheets: read as the same sheet saved as CSV would be, wherever the table stands in the workbook.

use std::path::Path;
use std::process::Command;

use rust_xlsxwriter::{Format, Formula, Workbook, Worksheet};
use smirr::config::plan::Sheet;
use smirr::error::Result;
use smirr::ingest::extract::Extract as Reader;
use smirr::ingest::tally::Tally;
use smirr::origin::Delivery;

use crate::fuzz::csv::layouts;
use crate::support::extracts::{Extract, Manner};
use crate::support::sheets::{archive, edited, ods, ods_of, xlsx, xlsx_of_texts};
use crate::support::{Board, Size, chi, files};
use crate::truth;

/// What became of a file: its counts, and each row that was set aside, by line, column and rule.
type Read = (Tally, Vec<(u64, String, &'static str)>);

fn read_as(bytes: &[u8], sheet: Sheet, table: &str) -> Result<Read> {
    let folder = tempfile::tempdir().expect("there is a folder for temporary files");
    let path = folder.path().join("sent");
    files::write(&path, bytes);
    let layout = layouts().into_iter().find(|layout| layout.table == table).expect("there is such a table");
    let mut extract = Reader::open(&Delivery::file(&path, sheet), &layout)?;
    let (mut tally, mut aside) = (Tally::default(), Vec::new());
    while let Some(chunk) = extract.next_chunk()? {
        let parsed = chunk.parse(&layout)?;
        tally.add(&parsed.tally);
        aside.extend(parsed.quarantined.iter().map(|it| {
            let column = layout.names.get(usize::from(it.column)).map_or("row", String::as_str);
            (it.line, column.to_owned(), it.rule.word())
        }));
    }
    assert_eq!(extract.sha256(), files::sha256(bytes), "the hash of a workbook is that of its bytes");
    Ok((tally, aside))
}

fn read(bytes: &[u8]) -> Read {
    read_as(bytes, Sheet::default(), "contacts").expect("it can be read")
}

#[track_caller]
fn refused(bytes: &[u8], sheet: Sheet, expected: &str) {
    let error = read_as(bytes, sheet, "contacts").expect_err("it is refused").to_string();
    let told = error.rsplit_once("/sent: ").map_or(error.as_str(), |(_, told)| told);
    assert!(told.contains(expected), "{told}");
    assert!(!told.contains("Mary"), "a name of a sheet or a person is told: {told}");
}

fn named(name: &str) -> Sheet {
    Sheet { name: Some(name.into()), header_row: None }
}

fn at_row(row: u32) -> Sheet {
    Sheet { name: None, header_row: Some(row) }
}

/// A workbook with whatever `fill` writes to its only sheet.
fn book(fill: impl FnOnce(&mut Worksheet)) -> Vec<u8> {
    let mut book = Workbook::new();
    fill(book.add_worksheet());
    book.save_to_buffer().expect("memory takes it")
}

const HEADINGS: [&str; 7] = ["chi", "practice", "mode", "zone", "seen_on", "minutes", "cost"];

fn headings(sheet: &mut Worksheet, row: u32) {
    for (column, heading) in (0u16..).zip(HEADINGS) {
        sheet.write(row, column, heading).expect("it fits");
    }
}

/// A row without a fault, in the types that people's spreadsheets have.
fn row(sheet: &mut Worksheet, row: u32) {
    let days = Format::new().set_num_format("d mmm yyyy");
    let day = rust_xlsxwriter::ExcelDateTime::from_ymd(2026, 7, 1).expect("it is a day");
    sheet.write(row, 0, chi(1, 1, 50, 4).parse::<f64>().expect("digits")).expect("it fits");
    sheet.write(row, 1, 80003).expect("it fits");
    sheet.write(row, 2, "phone").expect("it fits");
    sheet.write(row, 3, "S01000001").expect("it fits");
    sheet.write_with_format(row, 4, &day, &days).expect("it fits");
    sheet.write_formula(row, 5, Formula::new("=20+10").set_result("30")).expect("it fits");
    sheet.write_formula(row, 6, Formula::new("=0.1+0.2").set_result("0.30000000000000004")).expect("it fits");
}

#[test]
fn numbers_dates_and_formulas_are_read_as_what_the_sheet_shows() {
    let (tally, aside) = read(&book(|sheet| {
        headings(sheet, 0);
        row(sheet, 1);
        row(sheet, 2);
        // Somebody formatted the day as a number.
        sheet.write(2, 4, 46_204).expect("it fits");
        // Hidden by a filter: a row all the same.
        row(sheet, 3);
        sheet.set_row_hidden(3).expect("it is there");
    }));
    assert_eq!((tally.rows, tally.stored, aside), (3, 3, vec![]));
    // 01/01: the number lost its first 0, and got it back.
    assert_eq!(tally.repaired.get("chi.leading_zero"), Some(&3), "{tally:?}");
    // The demo's practice, whose number has no check digit.
    assert!(tally.warned.keys().eq(["practice.check_digit"]), "{tally:?}");
}

#[test]
fn a_failed_formula_breaks_a_rule_and_is_no_blank() {
    let (tally, aside) = read(&book(|sheet| {
        headings(sheet, 0);
        sheet.write(0, 7, "token").expect("it fits");
        for number in 1..=5 {
            row(sheet, number);
        }
        sheet.write_formula(1, 0, Formula::new("=NA()").set_result("#N/A")).expect("it fits");
        sheet.write_formula(2, 4, Formula::new("=1/0").set_result("#DIV/0!")).expect("it fits");
        sheet.write_formula(3, 7, Formula::new("=A1+x").set_result("#NAME?")).expect("it fits");
        // A spreadsheet keeps 15 digits: of this key the last are made up.
        sheet.write(4, 7, 1_234_567_890_123_456_789.0).expect("it fits");
        sheet.write(5, 5, true).expect("it fits");
    }));
    let broken = ["chi", "seen_on", "token", "token", "minutes"];
    let expected = (2..).zip(broken).map(|(line, column)| (line, column.to_owned(), "type")).collect::<Vec<_>>();
    assert_eq!((tally.rows, aside), (5, expected));
}

/// As a program leaves it that writes workbooks without a spreadsheet.
#[test]
fn a_formula_that_nobody_calculated_breaks_a_rule_and_is_no_blank() {
    let book = book(|sheet| {
        headings(sheet, 0);
        row(sheet, 1);
        row(sheet, 2);
        sheet.write_formula(2, 5, Formula::new("=12+13").set_result("25")).expect("it fits");
    });
    assert_eq!(read(&book).1, []);
    for nothing in ["<v></v>", "<v/>", ""] {
        let (tally, aside) = read(&edited(&book, |_, text| text.replace("<v>25</v>", nothing)));
        assert_eq!((tally.rows, aside), (2, vec![(3, "minutes".to_owned(), "type")]), "{nothing}");
    }
}

#[test]
fn the_headings_are_found_below_a_title_and_lines_are_the_sheets_own() {
    let made = |top: u32| {
        let book = book(|sheet| {
            sheet.merge_range(0, 0, 0, 6, "Attendances of Mary's quarter", &Format::new()).expect("it fits");
            headings(sheet, top);
            row(sheet, top + 1);
            // Blank, and formatted.
            sheet.write_blank(top + 2, 0, &Format::new().set_bold()).expect("it fits");
            row(sheet, top + 3);
            sheet.write(top + 4, 0, "Total").expect("it fits");
            sheet.write(top + 4, 5, 60).expect("it fits");
            // What a formula leaves that was drawn down too far.
            sheet.write_formula(top + 5, 0, Formula::new("=\"\"").set_result("nothing")).expect("it fits");
        });
        edited(&book, |_, text| text.replace("<v>nothing</v>", "<v></v>"))
    };
    let (tally, aside) = read(&made(4));
    assert_eq!((tally.rows, tally.stored), (3, 2), "{aside:?}");
    assert_eq!(aside, [(9, "chi".to_owned(), "type")]);
    refused(&made(30), Sheet::default(), "the header lacks `chi`");
    let (tally, aside) = read_as(&made(30), at_row(31), "contacts").expect("it says where they are");
    assert_eq!((tally.rows, aside[0].0), (3, 35));
    refused(&made(4), at_row(2), "row 2, which should have the headings, is blank");
    refused(&made(4), at_row(1), "the header lacks `chi`");
    refused(&made(4), at_row(99), "row 99, which should have the headings, is blank");
}

#[test]
fn days_counted_from_1904_are_the_same_days() {
    let from_1900 = book(|sheet| {
        headings(sheet, 0);
        row(sheet, 1);
        sheet.write(1, 4, 44_742).expect("it fits");
        row(sheet, 2);
        sheet.write(2, 4, 99_000).expect("it fits");
    });
    // 2022-06-30 in one system is 2026-07-01 in the other, and a day of 2171 is one of 2175: too late in both.
    let from_1904 = edited(&from_1900, |name, text| match name {
        "xl/workbook.xml" => text.replace("<workbookPr", "<workbookPr date1904=\"1\""),
        _ => text,
    });
    let late = vec![(3, "seen_on".to_owned(), "range")];
    assert_eq!(read(&from_1900).0.other_quarters, 1);
    assert_eq!((read(&from_1904).0.other_quarters, read(&from_1904).1), (0, late));
}

#[test]
fn of_several_sheets_one_is_named() {
    let mut book = Workbook::new();
    for (name, rows) in [("Mary Smith", 1), ("Data", 2)] {
        let sheet = book.add_worksheet().set_name(name).expect("it is a name");
        headings(sheet, 0);
        (1..=rows).for_each(|number| row(sheet, number));
    }
    book.worksheet_from_index(1).expect("it is there").set_hidden(true);
    let book = book.save_to_buffer().expect("memory takes it");
    refused(&book, Sheet::default(), "the workbook has 2 sheets; say which one it is: { path: ..., sheet: ... }");
    refused(&book, named("Sheet1"), "the workbook has no sheet `Sheet1`");
    assert_eq!(read_as(&book, named(" data"), "contacts").expect("it is there").0.rows, 2);
}

#[test]
fn what_cannot_be_read_is_refused_in_plain_words() {
    let good = book(|sheet| {
        headings(sheet, 0);
        row(sheet, 1);
    });
    refused(&good[..good.len() / 2], Sheet::default(), "the workbook is damaged; ask for it again");
    refused(&book(|_| {}), Sheet::default(), "the sheet is empty");
    refused(&archive(&[("Mary.csv", b"chi\n")]), Sheet::default(), "an archive, and no workbook");
    refused(&archive(&[("xl/workbook.bin", b"")]), Sheet::default(), "save it as .xlsx");
    refused(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 Mary", Sheet::default(), "the old format (.xls)");
    let package = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes);
    let package = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".iter().copied().chain(package).collect::<Vec<_>>();
    refused(&package, Sheet::default(), "protected by a password");
    let encrypted = edited(&ods(&[vec!["chi".into()]]), |name, text| match name {
        "META-INF/manifest.xml" => text.replace("\"/\"/>", "\"/\"><manifest:encryption-data/></manifest:file-entry>"),
        _ => text,
    });
    refused(&encrypted, Sheet::default(), "protected by a password");
    let spill = edited(&good, |_, text| {
        text.replace("<v>30</v>", "<v>#SPILL!</v>").replace("<c r=\"F2\"", "<c r=\"F2\" t=\"e\"")
    });
    refused(&spill, Sheet::default(), "an error of a newer kind");
    // The same cell twice: one of the two would be dropped.
    let twice = edited(&good, |_, text| text.replace("r=\"C2\"", "r=\"B2\""));
    refused(&twice, Sheet::default(), "damaged");
}

#[test]
fn a_small_file_that_would_fill_the_memory_is_refused() {
    let cell = "<table:table-cell table:number-columns-repeated=\"16384\" office:value-type=\"string\"/>";
    let rows = format!("<table:table-row>{cell}</table:table-row>").repeat(20_000);
    let wide = ods_of(&format!("<table:table table:name=\"a\">{rows}</table:table>"));
    assert!(wide.len() < 100_000);
    refused(&wide, Sheet::default(), "too large to be read safely");
    let zeros = vec![0u8; 300 << 20];
    let bomb = archive(&[("[Content_Types].xml", &zeros), ("a", &zeros), ("b", &zeros), ("c", &zeros)]);
    assert!(bomb.len() < 3 << 20);
    refused(&bomb, Sheet::default(), "too large to be read safely");
    // Far from everything else, and no more than a cell.
    let far = book(|sheet| {
        headings(sheet, 0);
        row(sheet, 1);
        sheet.write(1_048_575, 16_383, "x").expect("it fits");
    });
    assert_eq!(read(&far).1.last().map(|it| it.0), Some(1_048_576));
}

#[test]
fn the_first_bytes_tell_a_workbook_whatever_it_is_called() {
    let board = Board::new(&Size { single: true, ..Size::default() });
    let path = board.path("extracts/all/attendances.csv");
    board.smirr(&["ingest", "--quiet"]).ends(0);
    let as_csv = board.tally("attendances");
    files::write(&path, xlsx(&Extract::read(&path).records));
    board.smirr(&["ingest", "--quiet"]).ends(0);
    let (mut as_sheet, lost) = (board.tally("attendances"), board.tally("attendances")["repaired"].clone());
    assert!(lost["chi.leading_zero"].as_u64() > Some(0), "{as_sheet}");
    as_sheet["repaired"] = as_csv["repaired"].clone();
    assert_eq!(as_sheet, as_csv);
}

/// Organisations' attendances in each format, noise being next to none: what is published is the same, byte for byte.
#[test]
fn a_board_whose_organisations_send_workbooks_publishes_the_same() {
    let mut board = Board::new(&Size { patients: 4_000, activity: 6.0, ..Size::default() });
    truth::spend_absurdly(&mut board, 2);
    let figures = |board: &Board| {
        board.smirr(&["run", "--quiet"]).ends(0);
        let pack = files::bytes_under(&board.pack());
        let tables = pack.into_iter().filter(|(name, _)| name.ends_with(".csv") && !name.contains("quarters"));
        tables.collect::<std::collections::BTreeMap<_, _>>()
    };
    let [as_xlsx, as_ods] = [("xlsx", xlsx as fn(&[Vec<String>]) -> Vec<u8>), ("ods", ods)].map(|(end, write)| {
        let mut twin = board.twin();
        for path in files::under(&twin.path("extracts/organisations")) {
            files::write(&path.with_extension(end), write(&Extract::read(&path).records));
            std::fs::remove_file(path).expect("it is ours");
        }
        let source = format!("extracts/organisations/*/attendances.{end}");
        twin.config.sources.insert("attendances".into(), source);
        twin.configure();
        figures(&twin)
    });
    let as_csv = figures(&board);
    assert!(as_csv.len() > 3, "{:?}", as_csv.keys());
    assert!(as_csv == as_xlsx, "XLSX gives other figures than CSV");
    assert!(as_csv == as_ods, "OpenDocument gives other figures than CSV");
}

/// `soffice` turns CSV into its own workbooks: the real thing.
fn convert(folder: &Path, to: &str) -> Vec<u8> {
    let profile = format!("-env:UserInstallation=file://{}", folder.join("profile").display());
    let mut office = Command::new("soffice");
    office.args([&profile, "--headless", "--convert-to", to, "--outdir"]).arg(folder).arg(folder.join("sent.csv"));
    let ran = office.output().expect("LibreOffice is installed");
    assert!(ran.status.success(), "{ran:?}");
    std::fs::read(folder.join(format!("sent.{to}"))).expect("it made one")
}

#[test]
#[ignore = "needs LibreOffice; .ci/run has it"]
fn what_libreoffice_writes_is_read_as_its_csv() {
    let folder = tempfile::tempdir().expect("there is a folder for temporary files");
    let records = [
        "chi,practice,mode,zone,seen_on,minutes,cost,note,token",
        &format!("{},80003,phone,S01000001,2026-07-01,30,1.50, spaced ,a b", chi(1, 1, 50, 4)),
        &format!("{},10002,HOME,S01000002,2026-07-02,,,\"a, b\",", chi(12, 10, 61, 8)),
        "0101011230,10002,home,S01000002,2026-07-02,,,,",
        &format!("{},80003,fax,nowhere,2026-07-31,999,0.005,,", chi(2, 3, 70, 8)),
        ",,,,,,,,x",
    ];
    let path = folder.path().join("sent.csv");
    files::write(&path, records.join("\n"));
    let (expected, aside) = read(&std::fs::read(&path).expect("it is ours"));
    assert_eq!(expected.rows, 5);
    for to in ["xlsx", "ods"] {
        let (mut tally, again) = read(&convert(folder.path(), to));
        assert!(tally.repaired.remove("chi.leading_zero") > Some(1), "{to}: {tally:?}");
        assert_eq!((&tally, &again), (&expected, &aside), "{to}");
    }
    Extract::read(&path).write(&path, Manner::CrLf);
}

/// Saved with each text as text, a sheet says what its CSV says.
#[test]
fn any_table_of_text_is_read_from_a_sheet_as_from_csv() {
    use proptest::prelude::*;
    let cell = prop_oneof![
        3 => Just(String::new()),
        3 => proptest::sample::select(&["0101011237", "101011237", "phone", "HOME", "S01000001", "S01000099", "80003",
            "2026-07-01", "2026-02-30", "31/08/2026", "12", "1.5", "-3", "#N/A", "TRUE", "unknown"][..])
            .prop_map(str::to_owned),
        // Text that both kinds of file can hold: no control characters, and no spaces that XML folds.
        4 => "[!-~\u{e9}\u{202e}\u{1f600}]([ -~\u{a0}\u{e9}]{0,8}[!-~])?",
    ];
    let table = proptest::collection::vec(proptest::collection::vec(cell, 9), 0..12);
    let config = ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() };
    let outcome = proptest::test_runner::TestRunner::new(config).run(&table, |mut rows| {
        // A row of blanks is none; and cells of a sheet have no line ends here, so that lines are rows.
        rows.retain(|row| row.iter().any(|cell| !cell.is_empty()));
        let heading = ["chi", "token", "practice", "mode", "zone", "seen_on", "minutes", "cost", "note"];
        let records = [vec![heading.map(str::to_owned).to_vec()], rows].concat();
        let mut writer = csv::Writer::from_writer(Vec::new());
        records.iter().for_each(|record| writer.write_record(record).expect("memory takes it"));
        let expected = read(&writer.into_inner().expect("memory takes it"));
        prop_assert_eq!(&read(&xlsx_of_texts(&records)), &expected, "XLSX");
        // Spaces in a row are one in XML; in OpenDocument, a written day is a day.
        prop_assert_eq!(&read(&ods(&records)), &expected, "OpenDocument");
        Ok(())
    });
    assert!(outcome.is_ok(), "{outcome:?}");
}
