//! Workbooks as office programs write them.

use std::io::{Cursor, Read, Write};

use rust_xlsxwriter::{ExcelDateTime, Format, Workbook};
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

/// An XLSX of one sheet, `Sheet1`: ten digits are a number without its leading zero, and days are days, as a spreadsheet
/// makes them of CSV.
pub fn xlsx(records: &[Vec<String>]) -> Vec<u8> {
    let mut book = Workbook::new();
    let days = Format::new().set_num_format("dd/mm/yyyy");
    let sheet = book.add_worksheet();
    for (row, record) in (0u32..).zip(records) {
        for (column, text) in (0u16..).zip(record) {
            let ten_digits = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit());
            let written = match ExcelDateTime::parse_from_str(text) {
                Ok(day) if is_day(text) => sheet.write_with_format(row, column, &day, &days),
                _ if ten_digits => sheet.write(row, column, text.parse::<f64>().expect("they are digits")),
                _ if text.is_empty() => continue,
                _ => sheet.write_string(row, column, text),
            };
            written.expect("it fits");
        }
    }
    book.save_to_buffer().expect("memory takes it")
}

/// An XLSX of one sheet of texts.
pub fn xlsx_of_texts(records: &[Vec<String>]) -> Vec<u8> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    for (row, record) in (0u32..).zip(records) {
        for (column, text) in (0u16..).zip(record).filter(|(_, text)| !text.is_empty()) {
            sheet.write_string(row, column, text).expect("it fits");
        }
    }
    book.save_to_buffer().expect("memory takes it")
}

/// An OpenDocument of one sheet, with days as days and the rest as texts.
pub fn ods(records: &[Vec<String>]) -> Vec<u8> {
    let cell = |text: &String| {
        let shown = escape(text).replace('\n', "</text:p><text:p>").replace('\t', "<text:tab/>");
        let shown = shown.replace("  ", "<text:s text:c=\"2\"/>");
        match (text.is_empty(), is_day(text)) {
            (true, _) => "<table:table-cell/>".to_owned(),
            (_, true) => format!("<table:table-cell office:value-type=\"date\" office:date-value=\"{text}\"/>"),
            _ => format!("<table:table-cell office:value-type=\"string\"><text:p>{shown}</text:p></table:table-cell>"),
        }
    };
    let row = |record: &Vec<String>| {
        let blank = "<table:table-cell table:number-columns-repeated=\"1000\"/>";
        format!("<table:table-row>{}{blank}</table:table-row>", record.iter().map(cell).collect::<String>())
    };
    let rows = records.iter().map(row).collect::<String>();
    let end = "<table:table-row table:number-rows-repeated=\"1000000\"><table:table-cell/></table:table-row>";
    ods_of(&format!("<table:table table:name=\"Sheet1\">{rows}{end}</table:table>"))
}

/// Whether a text is a day, as a spreadsheet recognises one.
fn is_day(text: &str) -> bool {
    let shape = text.bytes().map(|byte| if byte.is_ascii_digit() { b'0' } else { byte });
    shape.eq(*b"0000-00-00") && ExcelDateTime::parse_from_str(text).is_ok()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

/// An OpenDocument whose sheets are these elements.
pub fn ods_of(tables: &str) -> Vec<u8> {
    let content = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><office:document-content><office:body><office:spreadsheet>{tables}\
         </office:spreadsheet></office:body></office:document-content>"
    );
    let manifest = "<manifest:manifest><manifest:file-entry manifest:full-path=\"/\"/></manifest:manifest>";
    archive(&[
        ("mimetype", b"application/vnd.oasis.opendocument.spreadsheet"),
        ("META-INF/manifest.xml", manifest.as_bytes()),
        ("content.xml", content.as_bytes()),
    ])
}

/// An archive of parts.
pub fn archive(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in parts {
        zip.start_file(*name, SimpleFileOptions::default()).expect("memory takes it");
        zip.write_all(bytes).expect("memory takes it");
    }
    zip.finish().expect("memory takes it").into_inner()
}

/// The parts of an archive.
pub fn parts(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut zip = ZipArchive::new(Cursor::new(bytes)).expect("it is an archive");
    let part = |index: usize| {
        let mut part = zip.by_index(index).expect("it is there");
        let mut bytes = Vec::new();
        part.read_to_end(&mut bytes).expect("it is whole");
        (part.name().expect("it has a name").into_owned(), bytes)
    };
    (0..ZipArchive::new(Cursor::new(bytes)).expect("it is an archive").len()).map(part).collect()
}

/// The same archive with each part after `edit`.
pub fn edited(bytes: &[u8], edit: impl Fn(&str, String) -> String) -> Vec<u8> {
    let parts = parts(bytes).into_iter().map(|(name, bytes)| {
        let text = String::from_utf8(bytes).expect("it is text");
        let text = edit(&name, text);
        (name, text)
    });
    let parts = parts.collect::<Vec<_>>();
    archive(&parts.iter().map(|(name, text)| (name.as_str(), text.as_bytes())).collect::<Vec<_>>())
}
