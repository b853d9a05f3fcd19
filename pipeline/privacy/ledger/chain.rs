//! The entries: append-only, each bound by SHA-256 to the one before it.
//!
//! The chain finds accidents and careless edits. Someone who can write the file can also write a new
//! chain; what they cannot do is keep a head that was published elsewhere, so publish it.

use std::fmt;

use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};

use super::file::{self, Meta, trouble};
use super::key::Key32;
use super::request::Reservation;
use crate::error::{Error, Result};

/// What an entry records.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(super) enum Event {
    /// A debit.
    Reserved(Reservation),
    /// The noise was drawn and stored; `draw` is the digest of the blob.
    Drawn { reservation: i64, release: Key32, draw: Key32 },
    /// A pack was written from the stored draw.
    Published { reservation: i64, release: Key32, manifest: Key32 },
}

impl Event {
    /// The kind in a word, as the file and the entries' views show it.
    pub fn kind(&self) -> &'static str {
        match self {
            Event::Reserved(_) => "reserved",
            Event::Drawn { .. } => "drawn",
            Event::Published { .. } => "published",
        }
    }
}

/// One entry that has been checked against the one before it.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub id: i64,
    pub at: String,
    pub event: Event,
    pub hash: Key32,
}

/// A row as the file holds it.
struct Row {
    id: i64,
    payload: String,
    at: String,
    previous: Vec<u8>,
    hash: Vec<u8>,
}

impl Row {
    /// The digest that binds the row to its predecessor: over every field, each with its length.
    fn digest(&self) -> Key32 {
        let id = self.id.to_be_bytes();
        Key32::of([b"smirr ledger entry 1", id.as_slice(), &self.previous, self.payload.as_bytes(), self.at.as_bytes()])
    }
}

/// The link before the first entry: it binds the chain to one board and one ledger.
fn genesis(meta: &Meta) -> Key32 {
    let version = meta.version.to_be_bytes();
    Key32::of([b"smirr ledger 1", meta.board.as_bytes(), version.as_slice(), meta.id.as_bytes()])
}

/// Reads and checks the whole chain. Nothing is decided on a ledger whose past does not hold together.
///
/// Errors: [`Error::System`], naming the first entry that was changed, lost or put out of order.
pub(super) fn read(connection: &Connection, meta: &Meta) -> Result<Vec<Entry>> {
    if file::owner(connection)? != *meta {
        return Err(Error::System("the ledger was given another name or owner while it was open".into()));
    }
    let mut entries: Vec<Entry> = Vec::new();
    let mut last = genesis(meta);
    for row in rows(connection)? {
        let expected = entries.len() as i64 + 1;
        if row.id != expected {
            return Err(broken(expected, "is lost"));
        }
        if row.previous != last.0 {
            return Err(broken(row.id, "does not follow from the one before it"));
        }
        last = row.digest();
        if row.hash != last.0 {
            return Err(broken(row.id, "was changed"));
        }
        let event = serde_json::from_str(&row.payload).map_err(|_| broken(row.id, "cannot be read by this smirr"))?;
        entries.push(Entry { id: row.id, at: row.at, event, hash: last });
    }
    let head: Option<(i64, Vec<u8>)> = connection
        .query_row("SELECT entry, hash FROM head", [], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
        .map_err(trouble)?;
    match (head, entries.len() as i64) {
        (Some((entry, _)), count) if entry > count => Err(broken(count + 1, "is lost")),
        (Some((entry, hash)), count) if entry == count && hash == last.0 => Ok(entries),
        (_, count) => Err(broken(count.max(1), "is not the one that the ledger's head names")),
    }
}

fn rows(connection: &Connection) -> Result<Vec<Row>> {
    let mut query =
        connection.prepare("SELECT id, payload, at, previous, hash FROM entries ORDER BY id").map_err(trouble)?;
    let rows = query.query_map([], |row| {
        Ok(Row { id: row.get(0)?, payload: row.get(1)?, at: row.get(2)?, previous: row.get(3)?, hash: row.get(4)? })
    });
    rows.map_err(trouble)?.collect::<rusqlite::Result<_>>().map_err(trouble)
}

/// Writes the head of an empty chain.
pub(super) fn begin(connection: &Connection, meta: &Meta) -> Result<()> {
    let hash = genesis(meta);
    connection.execute("INSERT INTO head (one, entry, hash) VALUES (1, 0, ?1)", [&hash.0[..]]).map_err(trouble)?;
    Ok(())
}

/// Appends an entry after `entries`, which was read in the same transaction; gives its number.
pub(super) fn append(connection: &Connection, meta: &Meta, entries: &[Entry], event: &Event) -> Result<i64> {
    let previous = entries.last().map_or_else(|| genesis(meta), |entry| entry.hash);
    // The time is for people: nothing is decided by it.
    let now = connection.query_row("SELECT strftime('%Y-%m-%dT%H:%M:%SZ', 'now')", [], |row| row.get(0));
    let payload = serde_json::to_string(event).map_err(|_| Error::System("an entry could not be written".into()))?;
    let id = entries.len() as i64 + 1;
    let mut row = Row { id, payload, at: now.map_err(trouble)?, previous: previous.0.to_vec(), hash: Vec::new() };
    row.hash = row.digest().0.to_vec();
    connection
        .execute(
            "INSERT INTO entries (id, payload, at, previous, hash) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![row.id, row.payload, row.at, row.previous, row.hash],
        )
        .and_then(|_| connection.execute("UPDATE head SET entry = ?1, hash = ?2", params![row.id, row.hash]))
        .map_err(trouble)?;
    Ok(id)
}

fn broken(id: i64, how: impl fmt::Display) -> Error {
    Error::System(format!(
        "ledger entry {id} {how}; put back the last good copy of the ledger, and release nothing until then"
    ))
}
