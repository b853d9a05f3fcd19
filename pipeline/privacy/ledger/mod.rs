//! Takes requests to release, gives grants, and remembers every loss over all of a board's quarters.
//! One SQLite file a board; each entry is chained to the one before, and none is changed or removed.
//! Never: a grant before its debit is on disk, two draws of one release, a decision on a broken chain.

mod chain;
mod file;
#[cfg(test)]
mod fuzz_tests;
mod key;
#[cfg(test)]
mod life_tests;
#[cfg(test)]
mod races;
mod request;
mod spending;
#[cfg(test)]
mod tests;

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

pub use self::chain::{Entry, Event, Head};
pub use self::key::Key32;
pub use self::request::{Grant, Limits, PlannedVector, Request, Reservation, Revision, Role};
pub use self::spending::{Spending, Spent};

use self::chain::Past;
use self::file::{Meta, trouble};
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

/// A release that is paid for.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    /// What it corrects, if anything.
    pub revises: Option<Revision>,
    /// The stored draw, and the ledger as it was right after it: nothing while the release is not drawn.
    pub drawn: Option<(Vec<Released>, Head)>,
}

/// A ledger whose past holds together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// How many stored draws it has, each the one that its entry names.
    pub draws: usize,
    /// How many entries, and the last link. Publish it: it is what a rewritten ledger cannot match.
    pub head: Head,
}

impl Ledger {
    /// Opens the board's ledger, or makes an empty one that only its owner may read.
    ///
    /// Errors: [`Error::Io`] or [`Error::System`], with what to do, where the file cannot be made, is
    /// another board's, of a newer format, damaged, or its chain is broken.
    pub fn open(path: &Path, board: &str) -> Result<Ledger> {
        let (connection, meta) = file::open(path, board)?;
        let ledger = Ledger { connection, meta };
        ledger.past()?;
        Ok(ledger)
    }

    /// The ledger as it is now.
    pub fn head(&self) -> Result<Head> {
        let past = self.past()?;
        past.head(past.entries.len() as i64).ok_or_else(|| Error::System("the ledger has no head".into()))
    }

    /// Whether this is the ledger that someone saw as `seen`, as it was then or later: an older copy would forget what
    /// was spent since, and another ledger all of it. A loss that is on record is forgiven.
    pub fn follows(&self, seen: &Head) -> Result<bool> {
        Ok(self.past()?.holds(seen))
    }

    /// Puts on record that the ledger was once as in `lost`, and that all since this copy of it is gone for ever.
    ///
    /// What was spent there is not known: not how much, nor on which quarters, nor under which limits. So every quarter
    /// up to `through` counts as spent to its limit, and every four quarters that hold one of them. That is safe
    /// whatever was lost: none of these sums can have been greater than its limit, and none of them grows any more. A
    /// debit whose draw may be among what was lost is never drawn again.
    ///
    /// Errors: [`Error::Privacy`] where no reason is given.
    pub fn accept_loss(&mut self, reason: &str, lost: Vec<Head>, through: Quarter) -> Result<()> {
        if reason.trim().is_empty() {
            return Err(Error::Privacy("a loss is put on record with its reason, and none is given".into()));
        }
        let (transaction, past) = begin(&mut self.connection, &self.meta)?;
        let event = Event::Restored { reason: reason.trim().into(), lost, through };
        chain::append(&transaction, &past, &event)?;
        transaction.commit().map_err(trouble)
    }

    /// What the people of one role have lost in `quarter`, and in the four quarters that end with it.
    pub fn spent(&self, role: Role, quarter: Quarter) -> Result<Spent> {
        self.spent_at(role, quarter, i64::MAX)
    }

    /// The same as it was when the ledger had so many entries: for figures that say what was left when they were drawn.
    pub fn spent_at(&self, role: Role, quarter: Quarter, entries: i64) -> Result<Spent> {
        let mut past = self.past()?;
        past.entries.retain(|entry| entry.id <= entries);
        let debits = past.debits();
        Ok(Spent { quarter: debits.over(role, quarter..=quarter), year: debits.year_to(role, quarter) })
    }

    /// Whether this question was asked of this quarter before: a new release of it is a correction.
    pub fn known_question(&self, quarter: Quarter, question: &Key32) -> Result<bool> {
        Ok(self.past()?.reservations().any(|(_, it)| it.quarter == quarter && it.question == *question))
    }

    /// The release, where the ledger knows it. A replay publishes what this gives, and pays nothing.
    pub fn find(&self, release: &Key32) -> Result<Option<Stored>> {
        let past = self.past()?;
        let Some((id, reservation)) = past.reservation(release) else { return Ok(None) };
        let head = past.draw(id).and_then(|(entry, _)| past.head(entry));
        Ok(Some(Stored { revises: reservation.revises.clone(), drawn: self.stored(&past, id, reservation)?.zip(head) }))
    }

    /// Whether a request fits beside everything spent so far and the requests before it in the same run, so that a
    /// run over budget is refused before any data are opened. Debits nothing; [`Ledger::reserve`] checks again.
    ///
    /// Errors: as [`Ledger::reserve`].
    pub fn afford(&self, requests: &[Request]) -> Result<()> {
        let past = self.past()?;
        let mut debits = past.debits();
        for request in requests {
            let asked = Reservation::for_request(request, &past)?;
            debits.check(&asked, &request.limits)?;
            debits.reserved.push(asked);
        }
        Ok(())
    }

    /// Debits a release, durably, and then grants its draw.
    ///
    /// The check and the debit are one transaction that shuts every other writer out. A release that was
    /// reserved before, and after a crash never drawn, is not debited again: it gets the grant of the debit that stands.
    ///
    /// Errors: [`Error::Budget`], with what would fit; [`Error::Privacy`] where the request is malformed,
    /// differs from what the same release reserved before, or may have been drawn in a part of the ledger that is lost.
    pub fn reserve(&mut self, request: Request) -> Result<Grant> {
        let (transaction, past) = begin(&mut self.connection, &self.meta)?;
        let asked = Reservation::for_request(&request, &past)?;
        if let Some((id, standing)) = past.reservation(&asked.release) {
            if *standing != (Reservation { revises: standing.revises.clone(), ..asked }) {
                return Err(Error::Privacy(format!(
                    "`{}` for {} was reserved under the same release with other vectors; a changed report is another release",
                    request.report, request.quarter
                )));
            }
            if past.may_have_lost_the_draw(id) {
                return Err(Error::Privacy(format!(
                    "`{}` for {} was paid for before a part of the ledger was lost, and may have been drawn there; \
                     a second draw of it would be paid for by nobody",
                    request.report, request.quarter
                )));
            }
            let ledger = past.meta.id.clone();
            return Ok(Grant { ledger, entry: id, reservation: standing.clone() });
        }
        past.debits().check(&asked, &request.limits)?;
        let entry = chain::append(&transaction, &past, &Event::Reserved(asked.clone()))?;
        transaction.commit().map_err(trouble)?;
        Ok(Grant { ledger: past.meta.id, entry, reservation: asked })
    }

    /// Draws the noise, stores the draw, and gives back what was stored.
    ///
    /// The draw happens inside the transaction that stores it. Two processes may hold grants of one
    /// release after a crash: the second waits, finds the draw of the first, and returns that; it draws
    /// nothing. A crash in here leaves noise that nobody saw and no draw, so the release may be reserved again.
    ///
    /// Errors: [`Error::Privacy`] where the vectors are not those that the grant is for.
    pub fn draw(&mut self, grant: Grant, vectors: Vec<Private<Vec<i64>>>) -> Result<Vec<Released>> {
        let (id, release) = (grant.entry, grant.reservation.release);
        let (transaction, past) = begin(&mut self.connection, &self.meta)?;
        let standing = past.reservation(&release).filter(|it| *it == (id, &grant.reservation));
        let Some((_, reservation)) = standing.filter(|_| grant.ledger == past.meta.id) else {
            return Err(Error::Privacy("the ledger holds no such debit as the grant names".into()));
        };
        if let Some((_, digest)) = past.draw(id) {
            return read_draw(&transaction, id, digest, reservation);
        }
        if past.may_have_lost_the_draw(id) {
            return Err(Error::Privacy("a part of the ledger was lost since this debit, and may hold its draw".into()));
        }
        let blob = released::encode(&draw::draw_all(grant, vectors)?)?;
        transaction
            .execute("INSERT INTO draws (reservation, blob) VALUES (?1, ?2)", params![id, blob])
            .map_err(trouble)?;
        chain::append(&transaction, &past, &Event::Drawn { reservation: id, release, draw: digest(&blob) })?;
        transaction.commit().map_err(trouble)?;
        released::decode(&blob, &reservation.vectors)
    }

    /// Records that a pack with this manifest was written from the stored draw. Saying it twice changes nothing.
    ///
    /// Errors: [`Error::Privacy`] where the release was not drawn.
    pub fn mark_published(&mut self, release: &Key32, manifest: &Key32) -> Result<()> {
        let (transaction, past) = begin(&mut self.connection, &self.meta)?;
        let drawn = past.reservation(release).filter(|(id, _)| past.draw(*id).is_some());
        let Some((reservation, _)) = drawn else {
            return Err(Error::Privacy("only a release whose draw is stored can be published".into()));
        };
        let event = Event::Published { reservation, release: *release, manifest: *manifest };
        let is_of_it = |it: &&Entry| matches!(it.event, Event::Published { reservation: of, .. } if of == reservation);
        if past.entries.iter().rfind(is_of_it).is_some_and(|last| last.event == event) {
            return Ok(());
        }
        chain::append(&transaction, &past, &event)?;
        transaction.commit().map_err(trouble)
    }

    /// Every entry in order.
    pub fn entries(&self) -> Result<Vec<Entry>> {
        Ok(self.past()?.entries)
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
        let past = self.past()?;
        let mut draws = 0;
        for (id, reservation) in past.reservations() {
            draws += usize::from(self.stored(&past, id, reservation)?.is_some());
        }
        let kept: i64 =
            self.connection.query_row("SELECT count(*) FROM draws", [], |row| row.get(0)).map_err(trouble)?;
        if kept != draws as i64 {
            return Err(Error::System("the ledger keeps a draw that no entry records".into()));
        }
        Ok(Verified { draws, head: self.head()? })
    }

    fn past(&self) -> Result<Past> {
        // One read transaction, so that the entries and the head are of one moment.
        let transaction = self.connection.unchecked_transaction().map_err(trouble)?;
        chain::read(&transaction, &self.meta)
    }

    fn stored(&self, past: &Past, id: i64, of: &Reservation) -> Result<Option<Vec<Released>>> {
        past.draw(id).map(|(_, digest)| read_draw(&self.connection, id, digest, of)).transpose()
    }
}

/// A transaction that no other writer can enter, and the past as it stands there.
fn begin<'a>(connection: &'a mut Connection, meta: &Meta) -> Result<(Transaction<'a>, Past)> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(trouble)?;
    let past = chain::read(&transaction, meta)?;
    Ok((transaction, past))
}

fn digest(blob: &[u8]) -> Key32 {
    Key32::of([b"smirr ledger draw 1".as_slice(), blob])
}

fn read_draw(connection: &Connection, id: i64, expected: Key32, of: &Reservation) -> Result<Vec<Released>> {
    let blob: Option<Vec<u8>> = connection
        .query_row("SELECT blob FROM draws WHERE reservation = ?1", [id], |row| row.get(0))
        .optional()
        .map_err(trouble)?;
    let how = match blob {
        Some(blob) if digest(&blob) == expected => return released::decode(&blob, &of.vectors),
        Some(_) => "was changed",
        None => "is lost",
    };
    Err(Error::System(format!("the stored draw of ledger entry {id} {how}; put back the last good copy of the ledger")))
}
