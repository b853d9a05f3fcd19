//! Extracts in Parquet: a spoiled file is refused, or each of its rows is kept or set aside.
//!
//! An input is where a good file is spoiled (two bytes), how many bytes go (one), and the bytes that come in their place.

use std::sync::{Arc, OnceLock};

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;

use super::csv::{layouts, read};

/// Pieces of Parquet's format.
pub const WORDS: &[&str] = &[
    "PAR1",
    "PARE",
    "\0\0\0\0",
    "\x7f\x7f\x7f\x7f",
    "\x15\x04",
    "\x15\x00",
    "\x19\x1c",
    "\x2c",
    "\x18",
    "\x16",
    "\x12",
    "\x11",
    "chi",
    "arrow_schema",
    "ARROW:schema",
];

/// Holds one input against what must hold of any.
pub fn run(input: &[u8]) {
    let [high, low, length, bytes @ ..] = input else { return };
    let good = good();
    let start = usize::from(u16::from_be_bytes([*high, *low])) % (good.len() + 1);
    let end = (start + usize::from(*length)).min(good.len());
    let folder = tempfile::tempdir().expect("there is a folder for temporary files");
    let path = folder.path().join("sent");
    std::fs::write(&path, [&good[..start], bytes, &good[end..]].concat()).expect("it is ours");
    // `read` holds each part to account, and each message to smirr's own words.
    layouts().iter().for_each(|layout| drop(read(&path, layout, 1 << 16)));
}

/// Two groups of rows, with texts, numbers and blanks.
fn good() -> &'static [u8] {
    static GOOD: OnceLock<Vec<u8>> = OnceLock::new();
    GOOD.get_or_init(|| {
        let names =
            ["chi", "token", "practice", "mode", "zone", "seen_on", "cost", "note", "slk", "digest", "nhs", "name"];
        let values = [Some("0101011237"), None, Some("phone"), Some("S01000001"), Some("2026-07-01")];
        let texts = names.iter().enumerate().map(|(at, name)| {
            let column = (0..12).map(|row| values[(at + row) % values.len()]);
            (*name, Arc::new(StringArray::from_iter(column)) as ArrayRef, true)
        });
        let minutes = Arc::new(Int64Array::from_iter((0..12).map(|row| (row % 3 > 0).then_some(row * 60)))) as ArrayRef;
        let columns = texts.chain([("minutes", minutes, true)]);
        let batch = RecordBatch::try_from_iter_with_nullable(columns).expect("the columns are as long as each other");
        let properties = WriterProperties::builder().set_max_row_group_row_count(Some(7)).build();
        let mut bytes = Vec::new();
        let mut writer =
            ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties)).expect("the schema is plain");
        writer.write(&batch).and_then(|()| writer.close()).expect("memory takes it");
        bytes
    })
}
