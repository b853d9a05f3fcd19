//! The reader of extracts: whatever the bytes, each row is kept or set aside, the same rows wherever blocks are cut,
//! and no message repeats what a file says.
//!
//! The first byte says how the rest is sent: plain, as gzip or zstd, or as either with a byte lost or changed.

use std::collections::{BTreeSet, HashMap};
use std::io::Write;
use std::path::Path;

use chrono::NaiveDate;
use smirr::error::Result;
use smirr::ingest::extract::Extract;
use smirr::ingest::layout::{Context, Layout};
use smirr::ingest::rows::{Parsed, Quarantined};
use smirr::ingest::tally::Tally;
use smirr::origin::Delivery;
use smirr::pseudonymise::{Key, Pseudonymiser};
use smirr::schema::TableSchema;

/// Pieces of extracts.
pub const WORDS: &[&str] = &[
    "\"",
    "\"\"",
    ",",
    "\n",
    "\r\n",
    "\r",
    "\u{feff}",
    "\0",
    ",,,,",
    "\"\n",
    "\n\"",
    "0101011237",
    "101011237",
    "unknown",
    "2026-07-01",
    "31/12/2026",
    "2026-02-30",
    "9223372036854775808",
    "-9223372036854775808",
    "-0",
    "1e9",
    "0.005",
    "1,5",
    "S01000001",
    "S01999999",
    "80003",
    "\u{a0}",
    "\u{202e}",
    "=1+1",
    "chi,",
    "minutes,",
    "PAR1",
];

/// Every kind of column, each with what may be said of it. A file is read as each of these tables.
const TABLES: [&str; 4] = [
    "{ table: contacts, from: practice, row: r, dated_by: seen_on, unique: [token, note], columns: {
        chi: { type: chi, required: true }, token: { type: token, optional: true },
        practice: { type: practice_code, to: practices, breach: warn }, mode: { type: code, codes: [phone, home] },
        zone: { type: reference, to: zones, retired: { S01000009: S01000001 }, unknown_codes: [S01999999],
          vintages: { old: [S01000001, S01000099] } },
        seen_on: { type: date, day_first: true, between: [1990-01-01, today] },
        minutes: { type: integer, between: [0, 480] }, cost: { type: decimal, places: 2, breach: unknown },
        note: { type: token, keep: false, optional: true } } }",
    "{ table: keys, from: organisation, row: r, columns: { slk: { type: slk_581 }, minutes: { type: integer } } }",
    "{ table: digests, from: organisation, row: r, unique: [seen_on], columns: {
        digest: { type: open_pseudonymiser }, seen_on: { type: date }, nhs: { type: nhs_number, breach: unknown } } }",
    "{ table: areas, from: public, row: r, unique: [zone], columns: {
        zone: { type: area, pattern: 'S01######', retired: { S01000009: S01000001 } }, name: { type: text },
        practice: { type: practice_code } } }",
];

/// Sizes of blocks, from one that hardly any input fills to the least.
const BLOCKS: [usize; 5] = [1 << 16, 500, 64, 7, 1];
/// Every block is looked through anew when it grows, so that long records in tiny blocks take time and tell no more.
const MOST_BLOCKS: usize = 4_000;

/// All that a message may say beside paths, numbers and the columns of the tables.
const SAYS: &str = "the file is empty ask for it again has no header header lacks table is the first line the header and \
    is this the right table header names twice cannot be read to its end invalid data unexpected end of file other error \
    invalid input parameter column is of type that no text form list structure a quote that opens here is never closed or the record is longer than MiB line UTF save it as \
    CSV in and send Parquet damaged workbook sheet sheets empty cell holds an error newer kind such as SPILL mend formula \
    archive no unpack what too large safely protected by password without one way safe old format xls xlsx xlsb binary \
    first rows blank where are its headings Say so header_row which should have say path";

/// What became of a file.
#[derive(Debug, PartialEq)]
pub struct Outcome {
    tally: Tally,
    quarantined: Vec<Quarantined>,
    keys: Vec<(u128, u64)>,
    rows: Vec<String>,
}

/// Holds one input against what must hold of any.
pub fn run(bytes: &[u8]) {
    thread_local! {
        static LAYOUTS: Vec<Layout> = layouts();
        static FOLDER: tempfile::TempDir = tempfile::tempdir().expect("there is a folder for temporary files");
    }
    let Some((&manner, text)) = bytes.split_first() else { return };
    FOLDER.with(|folder| {
        let (plain, sent) = (folder.path().join("plain"), folder.path().join("sent"));
        std::fs::write(&plain, text).expect("it is ours");
        let packed = Packed::of(manner, text);
        std::fs::write(&sent, &packed.bytes).expect("it is ours");
        LAYOUTS.with(|layouts| {
            for layout in layouts {
                let expected = same_in_all_blocks(&plain, layout);
                accounts_for_every_row(&expected, text, layout);
                let found = same_in_all_blocks(&sent, layout);
                match packed.fate {
                    // An extract that is itself compressed, or of another format, is no longer told by its first bytes.
                    Fate::Whole if is_csv(text) => assert_eq!(found.ok(), expected.ok(), "compressed"),
                    Fate::Cut => assert!(found.is_err(), "a compressed file that is cut short was read"),
                    // What is changed may be a part of the frame that says nothing of the content.
                    Fate::Changed if is_csv(text) && found.is_ok() => assert_eq!(found.ok(), expected.ok(), "changed"),
                    Fate::Whole | Fate::Changed => {}
                }
            }
        });
    });
}

/// Whether the content is taken as it stands.
fn is_csv(text: &[u8]) -> bool {
    let others: [&[u8]; 7] =
        [b"PAR1", b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\xff\xfe", b"\xfe\xff"];
    !others.iter().any(|magic| text.starts_with(magic))
}

fn same_in_all_blocks(path: &Path, layout: &Layout) -> Result<Outcome> {
    let whole = read(path, layout, BLOCKS[0]);
    let bytes = std::fs::metadata(path).map_or(0, |meta| meta.len() as usize);
    for size in BLOCKS[1..].iter().filter(|size| **size * MOST_BLOCKS > bytes) {
        match (&whole, read(path, layout, *size)) {
            (Ok(whole), Ok(cut)) => assert_eq!(*whole, cut, "`{}` in blocks of {size} bytes", layout.table),
            // Of two faults, the first that is met is told.
            (Err(_), Err(_)) => {}
            (whole, cut) => panic!("`{}` in blocks of {size} bytes: {whole:?} and {cut:?}", layout.table),
        }
    }
    whole
}

/// Reads a file, and holds what becomes of it to account.
pub fn read(path: &Path, layout: &Layout, size: usize) -> Result<Outcome> {
    let read = read_blocks(path, layout, size);
    if let Err(error) = &read {
        says_no_value(&error.to_string(), path, layout);
    }
    read
}

fn read_blocks(path: &Path, layout: &Layout, size: usize) -> Result<Outcome> {
    let mut extract = Extract::open_in(&Delivery::file(path, Default::default()), layout, size)?;
    let mut all = Outcome { tally: Tally::default(), quarantined: Vec::new(), keys: Vec::new(), rows: Vec::new() };
    while let Some(chunk) = extract.next_chunk()? {
        let Parsed { batch, quarantined, tally, keys } = chunk.parse(layout)?;
        assert_eq!(tally.rows, tally.stored + tally.quarantined, "a row is neither kept nor set aside");
        assert_eq!(tally.stored, batch.num_rows() as u64, "a kept row is not in the batch");
        let lines = quarantined.iter().map(|it| it.line).collect::<BTreeSet<_>>();
        assert!(quarantined.is_sorted_by_key(|it| it.line), "quarantine is out of order");
        assert!(lines.len() as u64 <= tally.quarantined, "a row is set aside twice");
        all.tally.add(&tally);
        all.quarantined.extend(quarantined);
        all.keys.extend(keys);
        // One row at a time, because batches end where blocks do.
        all.rows.extend((0..batch.num_rows()).map(|row| format!("{:?}", batch.slice(row, 1).columns())));
    }
    Ok(all)
}

/// As many rows as another reader of CSV finds.
fn accounts_for_every_row(outcome: &Result<Outcome>, text: &[u8], layout: &Layout) {
    let Ok(outcome) = outcome else { return };
    if !is_csv(text) {
        return;
    }
    let mut reader = csv::ReaderBuilder::new().has_headers(true).flexible(true).from_reader(text);
    let rows = reader.byte_records().count() as u64;
    assert_eq!(outcome.tally.rows, rows, "rows of `{}`", layout.table);
    let lines = text.iter().filter(|byte| **byte == b'\n').count() as u64 + 1;
    assert!(outcome.quarantined.iter().all(|it| (1..=lines).contains(&it.line)), "a line that is not in the file");
}

/// Each word of a message is one of smirr's own, or the name of a column.
fn says_no_value(message: &str, path: &Path, layout: &Layout) {
    let text = message.replace(&path.display().to_string(), "");
    let columns = layout.columns.iter().map(|column| column.header.as_str()).chain([layout.table.as_str()]);
    let known = SAYS.split_whitespace().chain(columns).collect::<BTreeSet<_>>();
    let words = text.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|word| !word.is_empty());
    for word in words {
        let number = word.parse::<u64>().is_ok_and(|number| number < 10_000);
        assert!(number || known.contains(word), "a message says `{word}`: {text}");
    }
}

/// How a file reaches us.
struct Packed {
    bytes: Vec<u8>,
    fate: Fate,
}

enum Fate {
    Whole,
    Cut,
    Changed,
}

impl Packed {
    fn of(manner: u8, text: &[u8]) -> Self {
        let manner = usize::from(manner.wrapping_sub(b'0'));
        let mut bytes = if manner.is_multiple_of(2) { gzip(text) } else { zstd(text) };
        // Where it happens follows from the content, so that it is anywhere and yet the same each time.
        let place = text.iter().fold(manner, |sum, byte| sum.wrapping_mul(31).wrapping_add(usize::from(*byte)));
        match manner / 2 % 3 {
            0 => Packed { bytes, fate: Fate::Whole },
            1 => {
                bytes.truncate(place % bytes.len());
                Packed { bytes, fate: Fate::Cut }
            }
            _ => {
                let at = place % bytes.len();
                bytes[at] ^= 1 << (place / 7 % 8);
                Packed { bytes, fate: Fate::Changed }
            }
        }
    }
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text).and_then(|()| encoder.finish()).expect("memory takes it")
}

fn zstd(text: &[u8]) -> Vec<u8> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).expect("the level is one of its own");
    encoder.include_checksum(true).expect("it is asked in time");
    encoder.write_all(text).and_then(|()| encoder.finish()).expect("memory takes it")
}

/// The tables, ready for reading.
pub fn layouts() -> Vec<Layout> {
    let key =
        Key::parse("c4d16a0e93b7582f1ed9407c65ab38f2708b5e21fd964c13a8e702dfb93c5a64").expect("it is fit for use");
    let schemas = TABLES.map(|text| serde_yaml::from_str::<TableSchema>(text).expect("it is a schema"));
    let spaces = schemas.iter().flat_map(|schema| {
        schema.columns.iter().filter_map(|(name, column)| column.pseudonym_space(name).map(str::to_owned))
    });
    let pseudonymiser = Pseudonymiser::new(&key, None, "fuzz", spaces).expect("there are keys enough");
    let rows = |keys: [&str; 2]| keys.into_iter().zip(0..).map(|(key, row)| (key.as_bytes().to_vec(), row)).collect();
    let references = HashMap::from([
        ("zones".to_owned(), rows(["S01000001", "S01000002"])),
        ("practices".to_owned(), rows(["80003", "10002"])),
    ]);
    let day = |year, month, day| NaiveDate::from_ymd_opt(year, month, day).expect("it is a day");
    let context = Context {
        pseudonymiser: &pseudonymiser,
        references: &references,
        quarter: (day(2026, 7, 1), day(2026, 9, 30)),
        today: day(2026, 10, 15),
    };
    schemas.iter().map(|schema| Layout::new(schema, &context).expect("ingest can do what it asks")).collect()
}
