//! Whatever is done to a ledger's file or to its rows, it is refused, or it says what it said before.
//!
//! An input is: what is spoiled, where (two bytes), how many bytes go (one), and the bytes that come in their place.

use std::path::Path;
use std::sync::OnceLock;

use rusqlite::types::Value;

use super::tests::{BOARD, four, home, key, request, rho};
use super::*;
use crate::fuzzing::{Target, fuzz};

/// Pieces of SQLite's format, and of entries.
const WORDS: &[&str] = &[
    "\0",
    "\0\0",
    "\x01",
    "\r",
    "\n",
    "\x05",
    "\x0d\0\0\0\x00",
    "SQLite format 3\0",
    "smir",
    "1/8",
    "1/1000000",
    "0/1",
    "-1",
    "{}",
    "null",
    "\"kind\":\"drawn\"",
    "\"kind\":\"published\"",
    "2026-Q3",
    "1999-Q1",
    "2\0",
    "NHS Elsewhere",
    "CREATE TABLE t (x)",
    "f\x10\0",
    "t\0\0",
    "p\0\0",
    "h\0\0",
    "m\0\0",
    "d\0\0",
    "e\0\0",
];

/// All that a ledger says of its past.
#[derive(Debug, Clone, PartialEq)]
struct Says {
    entries: Vec<Entry>,
    verified: Verified,
    spent: Vec<Spent>,
    found: Vec<Option<Stored>>,
    known: bool,
}

fn says(path: &Path) -> Result<Says> {
    let ledger = Ledger::open(path, BOARD)?;
    let quarters = ["2026-Q2", "2026-Q3", "2026-Q4"].map(|text| text.parse().unwrap());
    let roles = [Role::Patient, Role::Practitioner];
    let spent = roles.iter().flat_map(|role| quarters.iter().map(|quarter| ledger.spent(*role, *quarter)));
    Ok(Says {
        entries: ledger.entries()?,
        verified: ledger.verify()?,
        spent: spent.collect::<Result<_>>()?,
        found: (0..5).map(|n| ledger.find(&key(n))).collect::<Result<_>>()?,
        known: ledger.known_question(quarters[1], &key(200))?,
    })
}

/// A ledger of three debits: one published, one drawn, one that is not drawn. Its bytes, and what it says.
fn good() -> &'static (Vec<u8>, Says) {
    static GOOD: OnceLock<(Vec<u8>, Says)> = OnceLock::new();
    GOOD.get_or_init(|| {
        let (_folder, path) = home();
        let mut ledger = Ledger::open(&path, BOARD).unwrap();
        for n in [1, 2, 3] {
            let grant = ledger.reserve(request(n, "2026-Q3", rho("1/8"), (rho("1"), None))).unwrap();
            if n < 3 {
                ledger.draw(grant, four(1)).unwrap();
            }
        }
        ledger.mark_published(&key(1), &key(101)).unwrap();
        drop(ledger);
        (std::fs::read(&path).unwrap(), says(&path).unwrap())
    })
}

fn run(input: &[u8]) {
    thread_local! { static HOME: (tempfile::TempDir, std::path::PathBuf) = home(); }
    let [what, high, low, length, bytes @ ..] = input else { return };
    let splice = Splice { at: usize::from(u16::from_be_bytes([*high, *low])), length: usize::from(*length), bytes };
    HOME.with(|(folder, path)| {
        let (file, before) = good();
        for entry in std::fs::read_dir(folder.path()).unwrap() {
            std::fs::remove_file(entry.unwrap().path()).unwrap();
        }
        match what {
            b'f' => std::fs::write(path, splice.over(file)).unwrap(),
            // An empty file is a ledger that was never begun: that it is not this one is for whoever kept a head.
            b't' => std::fs::write(path, &file[..(splice.at % file.len()).max(1)]).unwrap(),
            _ => {
                std::fs::write(path, file).unwrap();
                // What SQLite itself refuses is no change.
                drop(splice.over_a_field(*what, path));
            }
        }
        match says(path) {
            Ok(after) => assert_eq!(after, *before),
            Err(Error::System(words)) => {
                assert!(words.contains("ledger") && words.chars().count() < 300, "{words}");
                // Its own words only: nothing of what stands in the file, and none of SQLite's.
                assert!(words.chars().all(|c| !c.is_control()), "{words:?}");
            }
            Err(other) => panic!("not an error of the file: {other}"),
        }
    });
}

/// A few bytes in place of others.
struct Splice<'a> {
    at: usize,
    length: usize,
    bytes: &'a [u8],
}

impl Splice<'_> {
    fn over(&self, good: &[u8]) -> Vec<u8> {
        let start = self.at % (good.len() + 1);
        let end = (start + self.length).min(good.len());
        [&good[..start], self.bytes, &good[end..]].concat()
    }

    /// Changes one field of one row, as someone with SQLite's own tool could.
    fn over_a_field(&self, what: u8, path: &Path) -> rusqlite::Result<()> {
        let (table, column) = match what {
            b'p' => ("entries", "payload"),
            b'a' => ("entries", "at"),
            b'h' => ("entries", "hash"),
            b'v' => ("entries", "previous"),
            b'i' => ("entries", "id"),
            b'd' => ("draws", "blob"),
            b'r' => ("draws", "reservation"),
            b'm' => ("meta", ["board", "format_version", "ledger_id"][self.at % 3]),
            b'e' => ("head", ["entry", "hash"][self.at % 2]),
            _ => ("sqlite_schema", ["sql", "name", "tbl_name", "rootpage", "type"][self.at % 5]),
        };
        let raw = Connection::open(path)?;
        let triggers: Vec<String> = raw
            .prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'")?
            .query_map([], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        triggers.iter().try_for_each(|name| raw.execute_batch(&format!("DROP TRIGGER {name}")))?;
        raw.execute_batch(
            "PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON; PRAGMA writable_schema = ON;",
        )?;
        let rows: i64 = raw.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))?;
        let (row, place) = ((self.at as i64) % rows.max(1), self.at / 16);
        let pick = format!("(SELECT rowid FROM {table} ORDER BY rowid LIMIT 1 OFFSET {row})");
        let old: Value =
            raw.query_row(&format!("SELECT {column} FROM {table} WHERE rowid = {pick}"), [], |row| row.get(0))?;
        let inner = |old: &[u8]| Splice { at: place, length: self.length, bytes: self.bytes }.over(old);
        let new = match old {
            Value::Text(text) => Value::Text(String::from_utf8_lossy(&inner(text.as_bytes())).into_owned()),
            Value::Blob(blob) => Value::Blob(inner(&blob)),
            Value::Integer(number) => {
                Value::Integer(number.wrapping_add(self.bytes.first().map_or(0, |byte| i64::from(*byte as i8))))
            }
            other => other,
        };
        raw.execute(&format!("UPDATE {table} SET {column} = ?1 WHERE rowid = {pick}"), [new]).map(drop)
    }
}

#[test]
fn a_spoiled_ledger_is_refused_or_says_what_it_said() {
    fuzz(&Target { name: "ledger", words: WORDS, grow: None, cases: 1_000, run: &run });
}
