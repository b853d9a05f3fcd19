//! Extracts in spreadsheets: a spoiled one is refused, or each of its rows is kept or set aside.
//!
//! The first byte of an input says which workbook is spoiled, and whether in a part of its archive or in its own bytes; the
//! next which part. Then where (two bytes), how many bytes go (one), and the bytes that come in their place.

use std::sync::OnceLock;

use super::csv::{layouts, read};
use crate::support::sheets::{archive, ods, parts, xlsx};

/// Pieces of both formats.
pub const WORDS: &[&str] = &[
    "<c r=\"A1\"",
    "<c r=\"XFD1048576\" t=\"s\"><v>1</v></c>",
    "t=\"e\"",
    "t=\"d\"",
    "t=\"inlineStr\"",
    "<is><t>",
    "<v>99999</v>",
    "<v>-1</v>",
    "<v>1e308</v>",
    "<row r=\"0\">",
    "</row>",
    "<sheetData>",
    "date1904=\"1\"",
    "<dimension ref=\"A1:XFD1048576\"/>",
    "<table:table-row table:number-rows-repeated=\"1048576\">",
    "table:number-columns-repeated=\"16384\"",
    "<table:table-cell office:value-type=\"float\" office:value=\"1\"/>",
    "office:date-value=\"2026-07-01\"",
    "</table:table>",
    "&lt;",
    "&#0;",
    "<!--",
    "<![CDATA[",
    "PK\x03\x04",
    "chi",
];

/// Holds one input against what must hold of any.
pub fn run(input: &[u8]) {
    let [kind, part, high, low, length, bytes @ ..] = input else { return };
    let good = &good()[usize::from(kind & 1)];
    let spoil = |text: &[u8]| {
        let start = usize::from(u16::from_be_bytes([*high, *low])) % (text.len() + 1);
        let end = (start + usize::from(*length)).min(text.len());
        [&text[..start], bytes, &text[end..]].concat()
    };
    let spoiled = if kind & 2 == 0 {
        let mut parts = parts(good);
        let at = usize::from(*part) % parts.len();
        parts[at].1 = spoil(&parts[at].1);
        archive(&parts.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect::<Vec<_>>())
    } else {
        spoil(good)
    };
    let folder = tempfile::tempdir().expect("there is a folder for temporary files");
    let path = folder.path().join("sent");
    std::fs::write(&path, spoiled).expect("it is ours");
    // `read` holds each part to account, and each message to smirr's own words.
    layouts().iter().for_each(|layout| drop(read(&path, layout, 1 << 16)));
}

/// The same rows in both formats.
fn good() -> &'static [Vec<u8>; 2] {
    static GOOD: OnceLock<[Vec<u8>; 2]> = OnceLock::new();
    GOOD.get_or_init(|| {
        let names =
            ["chi", "token", "practice", "mode", "zone", "seen_on", "minutes", "cost", "slk", "digest", "nhs", "name"];
        let values = ["0101011237", "", "phone", "S01000001", "2026-07-01", "12"];
        let row =
            |row: usize| (0..names.len()).map(|at| values[(at + row) % values.len()].to_owned()).collect::<Vec<_>>();
        let records = [vec![names.map(str::to_owned).to_vec()], (0..6).map(row).collect()].concat();
        [xlsx(&records), ods(&records)]
    })
}
