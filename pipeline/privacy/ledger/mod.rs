//! Takes requests to release, gives grants, and remembers every loss over all of a board's quarters.
//! One SQLite file a board; each entry is chained to the one before, and none is changed or removed.
//! Never: a grant before its debit is on disk, two draws of one release, a decision on a broken chain.

mod chain;
mod file;
mod key;
#[cfg(test)]
mod races;
mod request;
mod spending;
#[cfg(test)]
mod tests;

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

pub use self::key::Key32;
pub use self::request::{Grant, Limits, PlannedVector, Request};
pub use self::spending::{Spending, Spent};

use self::chain::{Entry, Event};
use self::file::{Meta, trouble};
use self::request::Reservation;
use super::budget::Loss;
use super::draw;
use super::private::Private;
use super::released::{self, Released};
use crate::config::quarter::Quarter;
use crate::error::{Error, Result};

/// A board's ledger, open.
pub struct Ledger {
    connection: Connection,
    meta: Meta,
}

/// How far a release has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Paid for, and not yet drawn: [`Ledger::resume`] gives its grant.
    Reserved,
    /// Drawn and stored: publish what is stored.
    Drawn,
    /// Published from the stored draw.
    Published,
}

/// A release that the ledger knows.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    /// How far it has come.
    pub state: State,
    /// The number of the entry that paid for it.
    pub reservation: i64,
    /// What was paid.
    pub loss: Loss,
    /// The stored draw, once there is one.
    pub released: Option<Vec<Released>>,
    /// The manifest of the pack that was last published from it.
    pub manifest: Option<Key32>,
}

/// One entry, for people to read.
#[derive(Debug, Clone, PartialEq)]
pub struct EntryView {
    /// Its number; entries count up from 1.
    pub id: i64,
    /// When it was written, in UTC by this computer's clock.
    pub at: String,
    /// `reserved`, `drawn` or `published`.
    pub kind: &'static str,
    /// The release that it is about.
    pub release: Key32,
    /// The report, and the quarter that it is charged to.
    pub report: String,
    /// The quarter.
    pub quarter: Quarter,
    /// What was debited; on `reserved` entries only.
    pub loss: Option<Loss>,
    /// The link of the chain.
    pub hash: Key32,
}

/// A ledger whose past holds together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified {
    /// How many entries it has.
    pub entries: usize,
    /// How many stored draws, each the one that its entry names.
    pub draws: usize,
    /// The last link. Publish it: it is what a rewritten ledger cannot match.
    pub head: Option<Key32>,
}

impl Ledger {
    /// Opens the board's ledger, or makes an empty one that only its owner may read.
    ///
    /// Errors: [`Error::Io`] or [`Error::System`], with what to do, where the file cannot be made, is
    /// another board's, of a newer format, damaged, or its chain is broken.
    pub fn open(path: &Path, board: &str) -> Result<Ledger> {
        let (connection, meta) = file::open(path, board)?;
        let ledger = Ledger { connection, meta };
        ledger.chain()?;
        Ok(ledger)
    }

    /// The random name that the ledger got when it was made. A lost ledger that starts again has another.
    pub fn id(&self) -> &str {
        &self.meta.id
    }

    /// What has been spent in `quarter`, and in the four quarters that end with it.
    pub fn spent(&self, quarter: Quarter) -> Result<Spent> {
        let reservations = reservations(&self.chain()?);
        Ok(Spent {
            quarter: spending::in_quarter(&reservations, quarter),
            year: spending::year_to(&reservations, quarter),
        })
    }

    /// Whether this question was asked of this quarter before: a new release of it is a correction.
    pub fn known_question(&self, quarter: Quarter, question: &Key32) -> Result<bool> {
        Ok(reservations(&self.chain()?).iter().any(|it| it.quarter == quarter && it.question == *question))
    }

    /// The release, where the ledger knows it. A replay publishes what this gives, and pays nothing.
    pub fn find(&self, release: &Key32) -> Result<Option<Stored>> {
        let entries = self.chain()?;
        let Some((id, reservation)) = reservation_of(&entries, release) else { return Ok(None) };
        let released = self.stored_draw(&entries, id, reservation)?;
        let manifest = entries.iter().rev().find_map(|entry| match &entry.event {
            Event::Published { reservation, manifest, .. } if *reservation == id => Some(*manifest),
            _ => None,
        });
        let state = match (&released, &manifest) {
            (None, _) => State::Reserved,
            (Some(_), None) => State::Drawn,
            (Some(_), Some(_)) => State::Published,
        };
        Ok(Some(Stored { state, reservation: id, loss: reservation.loss.clone(), released, manifest }))
    }

    /// Whether a request fits beside everything spent so far and the requests before it in the same run, so that a
    /// run over budget is refused before any data are opened. Debits nothing; [`Ledger::reserve`] checks again.
    ///
    /// Errors: as [`Ledger::reserve`].
    pub fn afford(&self, requests: &[Request]) -> Result<()> {
        let mut all = reservations(&self.chain()?);
        for request in requests {
            let asked = Reservation::for_request(request)?;
            spending::check(&asked, &request.limits, &all)?;
            all.push(asked);
        }
        Ok(())
    }

    /// Debits a release, durably, and then grants its draw.
    ///
    /// The check and the debit are one transaction that shuts every other writer out. A release that was
    /// reserved before is not debited again: it gets the grant of the debit that stands.
    ///
    /// Errors: [`Error::Budget`], with what would fit; [`Error::Privacy`] where the request is malformed,
    /// or differs from what the same release reserved before.
    pub fn reserve(&mut self, request: Request) -> Result<Grant> {
        let asked = Reservation::for_request(&request)?;
        let meta = self.meta.clone();
        let transaction = begin(&mut self.connection)?;
        let entries = chain::read(&transaction, &meta)?;
        if let Some((id, standing)) = reservation_of(&entries, &asked.release) {
            if *standing != asked {
                return Err(Error::Privacy(format!(
                    "`{}` for {} was reserved under the same release with other vectors; a changed report is another release",
                    asked.report, asked.quarter
                )));
            }
            return Ok(grant(&meta, id, asked));
        }
        spending::check(&asked, &request.limits, &reservations(&entries))?;
        let id = chain::append(&transaction, &meta, &entries, &Event::Reserved(asked.clone()))?;
        transaction.commit().map_err(trouble)?;
        Ok(grant(&meta, id, asked))
    }

    /// The grant of a release that was paid for and, after a crash, never drawn.
    ///
    /// Errors: [`Error::Privacy`] where the release was never reserved, or is drawn already.
    pub fn resume(&mut self, release: &Key32) -> Result<Grant> {
        let entries = self.chain()?;
        let Some((id, reservation)) = reservation_of(&entries, release) else {
            return Err(Error::Privacy("this release was never reserved, so it cannot be resumed".into()));
        };
        if draw_of(&entries, id).is_some() {
            return Err(Error::Privacy("this release is drawn already; publish the stored draw".into()));
        }
        Ok(grant(&self.meta, id, reservation.clone()))
    }

    /// Draws the noise, stores the draw, and gives back what was stored.
    ///
    /// The draw happens inside the transaction that stores it. Two processes may hold grants of one
    /// release after a crash: the second waits, finds the draw of the first, and returns that; it draws
    /// nothing. A crash in here leaves noise that nobody saw and no draw, so the release may be resumed.
    ///
    /// Errors: [`Error::Privacy`] where the vectors are not those that the grant is for.
    pub fn draw(&mut self, grant: Grant, vectors: Vec<Private<Vec<i64>>>) -> Result<Vec<Released>> {
        if grant.ledger != self.meta.id {
            return Err(Error::Privacy("the grant is of another ledger".into()));
        }
        let (id, release) = (grant.reservation, grant.release);
        let meta = self.meta.clone();
        let transaction = begin(&mut self.connection)?;
        let entries = chain::read(&transaction, &meta)?;
        let standing =
            reservation_of(&entries, &release).filter(|(entry, it)| *entry == id && it.vectors == grant.vectors);
        let Some((_, reservation)) = standing else {
            return Err(Error::Privacy("the ledger holds no such debit as the grant names".into()));
        };
        if let Some(digest) = draw_of(&entries, id) {
            return read_draw(&transaction, id, digest, reservation);
        }
        let plan = reservation.vectors.clone();
        let blob = released::encode(&draw::draw_all(grant, vectors)?)?;
        transaction
            .execute("INSERT INTO draws (reservation, blob) VALUES (?1, ?2)", params![id, blob])
            .map_err(trouble)?;
        let event = Event::Drawn { reservation: id, release, draw: digest(&blob) };
        chain::append(&transaction, &meta, &entries, &event)?;
        transaction.commit().map_err(trouble)?;
        released::decode(&blob, &plan)
    }

    /// Records that a pack with this manifest was written from the stored draw. Saying it twice changes nothing.
    ///
    /// Errors: [`Error::Privacy`] where the release was not drawn.
    pub fn mark_published(&mut self, release: &Key32, manifest: &Key32) -> Result<()> {
        let meta = self.meta.clone();
        let transaction = begin(&mut self.connection)?;
        let entries = chain::read(&transaction, &meta)?;
        let drawn = reservation_of(&entries, release).filter(|(id, _)| draw_of(&entries, *id).is_some());
        let Some((reservation, _)) = drawn else {
            return Err(Error::Privacy("only a release whose draw is stored can be published".into()));
        };
        let event = Event::Published { reservation, release: *release, manifest: *manifest };
        let last = entries
            .iter()
            .rev()
            .find(|entry| matches!(&entry.event, Event::Published { reservation: of, .. } if *of == reservation));
        if last.is_some_and(|last| last.event == event) {
            return Ok(());
        }
        chain::append(&transaction, &meta, &entries, &event)?;
        transaction.commit().map_err(trouble)
    }

    /// Every entry in order.
    pub fn entries(&self) -> Result<Vec<EntryView>> {
        let entries = self.chain()?;
        Ok(entries.iter().filter_map(|entry| view(&entries, entry)).collect())
    }

    /// Walks the chain, and compares every stored draw with the digest that its entry holds.
    ///
    /// Errors: [`Error::System`], naming the first entry that was changed, lost or put out of order,
    /// or the draw that is not the one recorded.
    pub fn verify(&self) -> Result<Verified> {
        let sound: String =
            self.connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0)).map_err(trouble)?;
        if sound != "ok" {
            return Err(Error::System("the ledger's file is damaged; put back the last good copy".into()));
        }
        let entries = self.chain()?;
        let mut draws = 0;
        for entry in &entries {
            if let Event::Reserved(reservation) = &entry.event {
                draws += usize::from(self.stored_draw(&entries, entry.id, reservation)?.is_some());
            }
        }
        let kept: i64 =
            self.connection.query_row("SELECT count(*) FROM draws", [], |row| row.get(0)).map_err(trouble)?;
        if kept != draws as i64 {
            return Err(Error::System("the ledger keeps a draw that no entry records".into()));
        }
        Ok(Verified { entries: entries.len(), draws, head: entries.last().map(|entry| entry.hash) })
    }

    fn chain(&self) -> Result<Vec<Entry>> {
        // One read transaction, so that the entries and the head are of one moment.
        let transaction = self.connection.unchecked_transaction().map_err(trouble)?;
        chain::read(&transaction, &self.meta)
    }

    fn stored_draw(&self, entries: &[Entry], id: i64, of: &Reservation) -> Result<Option<Vec<Released>>> {
        draw_of(entries, id).map(|digest| read_draw(&self.connection, id, digest, of)).transpose()
    }
}

/// A transaction that no other writer can enter.
fn begin(connection: &mut Connection) -> Result<Transaction<'_>> {
    connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(trouble)
}

fn grant(meta: &Meta, id: i64, reservation: Reservation) -> Grant {
    Grant {
        ledger: meta.id.clone(),
        reservation: id,
        release: reservation.release,
        amount: reservation.loss.amount,
        vectors: reservation.vectors,
    }
}

fn reservations(entries: &[Entry]) -> Vec<Reservation> {
    let reserved = entries.iter().filter_map(|entry| match &entry.event {
        Event::Reserved(reservation) => Some(reservation.clone()),
        _ => None,
    });
    reserved.collect()
}

fn reservation_of<'a>(entries: &'a [Entry], release: &Key32) -> Option<(i64, &'a Reservation)> {
    entries.iter().find_map(|entry| match &entry.event {
        Event::Reserved(reservation) if reservation.release == *release => Some((entry.id, reservation)),
        _ => None,
    })
}

/// The digest of the draw from reservation `id`.
fn draw_of(entries: &[Entry], id: i64) -> Option<Key32> {
    entries.iter().find_map(|entry| match &entry.event {
        Event::Drawn { reservation, draw, .. } if *reservation == id => Some(*draw),
        _ => None,
    })
}

fn digest(blob: &[u8]) -> Key32 {
    Key32::of([b"smirr ledger draw 1".as_slice(), blob])
}

fn read_draw(connection: &Connection, id: i64, expected: Key32, of: &Reservation) -> Result<Vec<Released>> {
    let blob: Option<Vec<u8>> = connection
        .query_row("SELECT blob FROM draws WHERE reservation = ?1", [id], |row| row.get(0))
        .optional()
        .map_err(trouble)?;
    match blob {
        Some(blob) if digest(&blob) == expected => released::decode(&blob, &of.vectors),
        Some(_) => Err(Error::System(format!(
            "the stored draw of ledger entry {id} was changed; put back the last good copy of the ledger"
        ))),
        None => Err(Error::System(format!(
            "the stored draw of ledger entry {id} is lost; put back the last good copy of the ledger"
        ))),
    }
}

fn view(entries: &[Entry], entry: &Entry) -> Option<EntryView> {
    let release = match &entry.event {
        Event::Reserved(reservation) => reservation.release,
        Event::Drawn { release, .. } | Event::Published { release, .. } => *release,
    };
    let (reserved, reservation) = reservation_of(entries, &release)?;
    Some(EntryView {
        id: entry.id,
        at: entry.at.clone(),
        kind: entry.event.kind(),
        release,
        report: reservation.report.clone(),
        quarter: reservation.quarter,
        loss: (reserved == entry.id).then(|| reservation.loss.clone()),
        hash: entry.hash,
    })
}
