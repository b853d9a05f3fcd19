//! The entries: append-only, each bound by SHA-256 to the one before it.
//!
//! The chain finds accidents and careless edits. Someone who can write the file can also write a new
//! chain; what they cannot do is keep a head that was published elsewhere, so it is.

use std::fmt;

use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};

use super::file::{self, Meta, trouble};
use super::key::Key32;
use super::request::Reservation;
use super::spending::Debits;
use crate::config::quarter::Quarter;
use crate::error::{Error, Result};

/// What an entry records.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Event {
    /// A debit.
    Reserved(Reservation),
    /// The noise was drawn and stored; `draw` is the digest of the blob, `reservation` the debit's entry.
    Drawn { reservation: i64, release: Key32, draw: Key32 },
    /// A pack with this manifest was written from the stored draw.
    Published { reservation: i64, release: Key32, manifest: Key32 },
    /// The ledger goes on after a part of it was lost: all quarters up to `through` count as spent.
    Restored { reason: String, lost: Vec<Head>, through: Quarter },
}

/// One entry that has been checked against the one before it.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its number; entries count up from 1.
    pub id: i64,
    /// When it was written, in UTC by this computer's clock.
    pub at: String,
    /// What it records.
    pub event: Event,
    /// The link of the chain.
    pub hash: Key32,
}

/// A ledger as it was after one of its entries: what others keep, so that an older copy of it is told from the newest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The random name that the ledger got when it was made. A lost ledger that starts again has another.
    pub ledger: String,
    /// How many entries it had.
    pub entries: i64,
    /// The link of the last of them.
    pub hash: Key32,
}

/// The whole chain, read and checked: what every decision is made from.
pub(super) struct Past {
    pub meta: Meta,
    pub entries: Vec<Entry>,
}

impl Past {
    /// The ledger as it was after `entries` of its entries.
    pub fn head(&self, entries: i64) -> Option<Head> {
        let hash = match usize::try_from(entries).ok()?.checked_sub(1) {
            None => genesis(&self.meta),
            Some(last) => self.entries.get(last)?.hash,
        };
        Some(Head { ledger: self.meta.id.clone(), entries, hash })
    }

    /// Whether the ledger was ever as `seen`, or its loss since then is itself on record.
    pub fn holds(&self, seen: &Head) -> bool {
        let on_record = |entry: &Entry| matches!(&entry.event, Event::Restored { lost, .. } if lost.contains(seen));
        self.head(seen.entries).as_ref() == Some(seen) || self.entries.iter().any(on_record)
    }

    /// Every debit with its entry's number.
    pub fn reservations(&self) -> impl DoubleEndedIterator<Item = (i64, &Reservation)> {
        self.entries.iter().filter_map(|entry| match &entry.event {
            Event::Reserved(reservation) => Some((entry.id, reservation)),
            _ => None,
        })
    }

    /// The debit of a release.
    pub fn reservation(&self, release: &Key32) -> Option<(i64, &Reservation)> {
        self.reservations().find(|(_, it)| it.release == *release)
    }

    /// The entry and the digest of the draw from reservation `id`.
    pub fn draw(&self, id: i64) -> Option<(i64, Key32)> {
        self.entries.iter().find_map(|entry| match &entry.event {
            Event::Drawn { reservation, draw, .. } if *reservation == id => Some((entry.id, *draw)),
            _ => None,
        })
    }

    /// Whether the draw from reservation `id` may be among what was lost. A second draw under one debit would give
    /// away what no entry counts, so there is none.
    pub fn may_have_lost_the_draw(&self, id: i64) -> bool {
        let lost_since = |entry: &Entry| entry.id > id && matches!(entry.event, Event::Restored { .. });
        self.draw(id).is_none() && self.entries.iter().any(lost_since)
    }

    /// What has been debited, for the sums.
    pub fn debits(&self) -> Debits {
        let lost = self.entries.iter().filter_map(|entry| match &entry.event {
            Event::Restored { through, .. } => Some(*through),
            _ => None,
        });
        Debits { lost_through: lost.max(), reserved: self.reservations().map(|(_, it)| it.clone()).collect() }
    }
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
pub(super) fn genesis(meta: &Meta) -> Key32 {
    let version = meta.version.to_be_bytes();
    Key32::of([b"smirr ledger 1", meta.board.as_bytes(), version.as_slice(), meta.id.as_bytes()])
}

/// Reads and checks the whole chain. Nothing is decided on a ledger whose past does not hold together.
///
/// Errors: [`Error::System`], naming the first entry that was changed, lost or put out of order.
pub(super) fn read(connection: &Connection, meta: &Meta) -> Result<Past> {
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
        (Some((entry, hash)), count) if entry == count && hash == last.0 => Ok(Past { meta: meta.clone(), entries }),
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

/// Appends an entry after `past`, which was read in the same transaction; gives its number.
pub(super) fn append(connection: &Connection, past: &Past, event: &Event) -> Result<i64> {
    let previous = past.entries.last().map_or_else(|| genesis(&past.meta), |entry| entry.hash);
    // The time is for people: nothing is decided by it.
    let now = connection.query_row("SELECT strftime('%Y-%m-%dT%H:%M:%SZ', 'now')", [], |row| row.get(0));
    let payload = serde_json::to_string(event).map_err(|_| Error::System("an entry could not be written".into()))?;
    let id = past.entries.len() as i64 + 1;
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
