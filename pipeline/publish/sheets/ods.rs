//! A workbook as OpenDocument 1.3. It is written by hand: the same figures must make the same bytes, and the crate that
//! writes the format keeps styles in the order of a random hash and the clock in its archive. `tests/office` reads it by
//! the programs that readers use.

use std::fmt::Write;

use super::archive::Archive;
use super::model::{Cell, Grid, Sheet, Target, Workbook, letters};
use crate::error::Result;
use crate::publish::text::escaped;

/// What a reader of OpenDocument looks for in the first bytes.
const KIND: &str = "application/vnd.oasis.opendocument.spreadsheet";

const SPACES: &str = "xmlns:office=\"urn:oasis:names:tc:opendocument:xmlns:office:1.0\" \
    xmlns:style=\"urn:oasis:names:tc:opendocument:xmlns:style:1.0\" \
    xmlns:text=\"urn:oasis:names:tc:opendocument:xmlns:text:1.0\" \
    xmlns:table=\"urn:oasis:names:tc:opendocument:xmlns:table:1.0\" \
    xmlns:fo=\"urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0\" \
    xmlns:svg=\"urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0\" \
    xmlns:number=\"urn:oasis:names:tc:opendocument:xmlns:datastyle:1.0\" \
    xmlns:meta=\"urn:oasis:names:tc:opendocument:xmlns:meta:1.0\" \
    xmlns:dc=\"http://purl.org/dc/elements/1.1/\" \
    xmlns:xlink=\"http://www.w3.org/1999/xlink\" office:version=\"1.3\"";

/// The look of every cell: named styles, so that a reader may change them in one place.
const STYLES: &str = "<office:font-face-decls><style:font-face style:name=\"Arial\" svg:font-family=\"Arial\" \
    style:font-family-generic=\"swiss\"/></office:font-face-decls><office:styles>\
    <style:default-style style:family=\"table-cell\"><style:table-cell-properties style:vertical-align=\"top\"/>\
    <style:text-properties style:font-name=\"Arial\" fo:font-size=\"12pt\" LANGUAGE/></style:default-style>\
    <style:style style:name=\"Default\" style:family=\"table-cell\"><style:table-cell-properties style:vertical-align=\"top\"/>\
    <style:text-properties style:font-name=\"Arial\" fo:font-size=\"12pt\" LANGUAGE/></style:style>\
    <style:style style:name=\"Title\" style:family=\"table-cell\" style:parent-style-name=\"Default\">\
    <style:text-properties fo:font-size=\"16pt\" fo:font-weight=\"bold\"/></style:style>\
    <style:style style:name=\"Heading\" style:family=\"table-cell\" style:parent-style-name=\"Default\">\
    <style:table-cell-properties fo:wrap-option=\"wrap\" fo:border-bottom=\"1pt solid #000000\"/>\
    <style:text-properties fo:font-weight=\"bold\"/></style:style>\
    <style:style style:name=\"HeadingOfFigure\" style:family=\"table-cell\" style:parent-style-name=\"Heading\">\
    <style:paragraph-properties fo:text-align=\"end\"/></style:style>\
    <style:style style:name=\"Wrapped\" style:family=\"table-cell\" style:parent-style-name=\"Default\">\
    <style:table-cell-properties fo:wrap-option=\"wrap\"/></style:style>\
    <style:style style:name=\"Symbol\" style:family=\"table-cell\" style:parent-style-name=\"Default\">\
    <style:paragraph-properties fo:text-align=\"end\"/></style:style>\
    <style:style style:name=\"Link\" style:family=\"text\"><style:text-properties fo:color=\"#0b5cad\" \
    style:text-underline-style=\"solid\" style:text-underline-width=\"auto\" style:text-underline-color=\"font-color\"/>\
    </style:style></office:styles><office:automatic-styles><style:page-layout style:name=\"Page\">\
    <style:page-layout-properties fo:page-width=\"29.7cm\" fo:page-height=\"21cm\" style:print-orientation=\"landscape\" \
    style:scale-to-X=\"1\" style:scale-to-Y=\"0\"/></style:page-layout><style:page-layout style:name=\"Pages\">\
    <style:page-layout-properties fo:page-width=\"29.7cm\" fo:page-height=\"21cm\" style:print-orientation=\"landscape\"/>\
    </style:page-layout></office:automatic-styles><office:master-styles>\
    <style:master-page style:name=\"Default\" style:page-layout-name=\"Page\"/>\
    <style:master-page style:name=\"Wide\" style:page-layout-name=\"Pages\"/></office:master-styles>";

/// A workbook's bytes.
///
/// # Errors
/// [`crate::error::Error::System`] where it would pass four gigabytes.
pub fn write(book: &Workbook<'_>) -> Result<Vec<u8>> {
    let mut archive = Archive::new();
    archive.store("mimetype", KIND.as_bytes())?;
    archive.deflate("META-INF/manifest.xml", manifest().as_bytes())?;
    archive.deflate("meta.xml", meta(book).as_bytes())?;
    let (language, country) = book.language.split_once('-').unwrap_or((&book.language, "none"));
    let language = format!("fo:language=\"{}\" fo:country=\"{}\"", escaped(language), escaped(country));
    archive.deflate("styles.xml", document("styles", &STYLES.replace("LANGUAGE", &language)).as_bytes())?;
    archive.deflate("content.xml", document("content", &content(book)).as_bytes())?;
    archive.finish()
}

fn document(kind: &str, inside: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<office:document-{kind} {SPACES}>{inside}</office:document-{kind}>\n"
    )
}

fn manifest() -> String {
    let files = ["content.xml", "styles.xml", "meta.xml"]
        .map(|file| format!("<manifest:file-entry manifest:full-path=\"{file}\" manifest:media-type=\"text/xml\"/>"));
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<manifest:manifest \
         xmlns:manifest=\"urn:oasis:names:tc:opendocument:xmlns:manifest:1.0\" manifest:version=\"1.3\">\
         <manifest:file-entry manifest:full-path=\"/\" manifest:version=\"1.3\" manifest:media-type=\"{KIND}\"/>{}\
         </manifest:manifest>\n",
        files.concat()
    )
}

fn meta(book: &Workbook<'_>) -> String {
    let elements = [
        ("meta:generator", escaped(&book.made_by)),
        ("dc:title", escaped(&book.title)),
        ("dc:subject", escaped(&book.subject)),
        ("meta:initial-creator", escaped(&book.author)),
        ("dc:creator", escaped(&book.author)),
        ("meta:creation-date", format!("{}T00:00:00", book.dated)),
        ("dc:date", format!("{}T00:00:00", book.dated)),
        ("dc:language", escaped(&book.language)),
    ];
    let elements = elements.map(|(name, text)| format!("<{name}>{text}</{name}>")).concat();
    document("meta", &format!("<office:meta>{elements}</office:meta>"))
}

/// What is written to a string cannot fail.
macro_rules! put {
    ($to:expr, $($what:tt)*) => { let _: std::fmt::Result = write!($to, $($what)*); };
}

fn content(book: &Workbook<'_>) -> String {
    let mut xml = String::from("<office:automatic-styles>");
    automatic(book, &mut xml);
    xml.push_str("</office:automatic-styles><office:body><office:spreadsheet>");
    for sheet in &book.sheets {
        table(sheet, &mut xml);
    }
    xml.push_str("<table:database-ranges>");
    for sheet in &book.sheets {
        if let Some(grid) = &sheet.table {
            range(sheet, grid, &mut xml);
        }
    }
    xml.push_str("</table:database-ranges></office:spreadsheet></office:body>");
    xml
}

/// Number formats, and the widths that columns have.
fn automatic(book: &Workbook<'_>, xml: &mut String) {
    for decimals in 0..=book.decimals() {
        put!(
            xml,
            "<number:number-style style:name=\"N{decimals}\"><number:number number:decimal-places=\"{decimals}\" \
             number:min-decimal-places=\"{decimals}\" number:min-integer-digits=\"1\" number:grouping=\"true\"/>\
             </number:number-style><style:style style:name=\"Number{decimals}\" style:family=\"table-cell\" \
             style:parent-style-name=\"Default\" style:data-style-name=\"N{decimals}\"/>"
        );
    }
    let widths = book.sheets.iter().flat_map(widths).collect::<std::collections::BTreeSet<_>>();
    for width in widths {
        // A digit of Arial 12 is some 2.35 mm wide.
        put!(
            xml,
            "<style:style style:name=\"Width{width}\" style:family=\"table-column\"><style:table-column-properties \
             style:column-width=\"{:.1}mm\"/></style:style>",
            f64::from(width) * 2.35
        );
    }
    xml.push_str(
        "<style:style style:name=\"Row\" style:family=\"table-row\"><style:table-row-properties \
         style:use-optimal-row-height=\"true\"/></style:style>",
    );
    for page in ["Default", "Wide"] {
        put!(
            xml,
            "<style:style style:name=\"Sheet{page}\" style:family=\"table\" style:master-page-name=\"{page}\">\
             <style:table-properties table:display=\"true\"/></style:style>"
        );
    }
}

/// The widths of a sheet's columns, in characters.
fn widths(sheet: &Sheet<'_>) -> Vec<u16> {
    match &sheet.table {
        Some(grid) => grid.columns.iter().map(|column| column.width).collect(),
        None => vec![super::model::PAGE],
    }
}

fn table(sheet: &Sheet<'_>, xml: &mut String) {
    let page = if sheet.table.as_ref().is_none_or(Grid::fits_a_page) { "Default" } else { "Wide" };
    put!(xml, "<table:table table:name=\"{}\" table:style-name=\"Sheet{page}\">", escaped(&sheet.name));
    for width in widths(sheet) {
        put!(xml, "<table:table-column table:style-name=\"Width{width}\" table:default-cell-style-name=\"Default\"/>");
    }
    row(xml, |xml| text_cell(&sheet.title, "Title", xml));
    // A sheet of text alone wraps it; above a table, it runs on over the columns beside it.
    let style = if sheet.table.is_some() { "Default" } else { "Wrapped" };
    for line in &sheet.lines {
        row(xml, |xml| cell(line, style, xml));
    }
    if let Some(grid) = &sheet.table {
        let before = grid.labels();
        xml.push_str("<table:table-header-rows>");
        row(xml, |xml| {
            for (at, column) in grid.columns.iter().enumerate() {
                text_cell(&column.heading, if at < before { "Heading" } else { "HeadingOfFigure" }, xml);
            }
        });
        xml.push_str("</table:table-header-rows>");
        for at in 0..grid.len() {
            row(xml, |xml| {
                for (column, it) in grid.row(at).iter().enumerate() {
                    cell(it, if column < before { "Wrapped" } else { "Symbol" }, xml);
                }
            });
        }
    }
    xml.push_str("</table:table>");
}

fn row(xml: &mut String, cells: impl FnOnce(&mut String)) {
    xml.push_str("<table:table-row table:style-name=\"Row\">");
    cells(xml);
    xml.push_str("</table:table-row>");
}

fn cell(cell: &Cell<'_>, style: &str, xml: &mut String) {
    match cell {
        Cell::Text(text) => text_cell(text, style, xml),
        Cell::Number { value, decimals } => {
            let shown = format!("{value:.*}", *decimals as usize);
            put!(
                xml,
                "<table:table-cell table:style-name=\"Number{decimals}\" office:value-type=\"float\" \
                 office:value=\"{shown}\"><text:p>{shown}</text:p></table:table-cell>"
            );
        }
        Cell::Link { text, to } => {
            let address = match to {
                Target::Sheet(name) => format!("#{name}.A1"),
                Target::Address(address) => address.clone(),
            };
            put!(
                xml,
                "<table:table-cell table:style-name=\"{style}\" office:value-type=\"string\"><text:p><text:a \
                 xlink:type=\"simple\" xlink:href=\"{}\" text:style-name=\"Link\">{}</text:a></text:p></table:table-cell>",
                escaped(&address),
                escaped(text)
            );
        }
    }
}

fn text_cell(text: &str, style: &str, xml: &mut String) {
    put!(
        xml,
        "<table:table-cell table:style-name=\"{style}\" office:value-type=\"string\"><text:p>{}</text:p></table:table-cell>",
        escaped(text)
    );
}

/// Where a table is, headings first: what other programs know as a table.
fn range(sheet: &Sheet<'_>, grid: &Grid<'_>, xml: &mut String) {
    let (name, first) = (escaped(&sheet.name), sheet.heading_row() + 1);
    let (column, last) = (letters(grid.columns.len() - 1), first as usize + grid.len());
    put!(
        xml,
        "<table:database-range table:name=\"{name}_data\" \
         table:target-range-address=\"{name}.A{first}:{name}.{column}{last}\" table:contains-header=\"true\"/>"
    );
}
