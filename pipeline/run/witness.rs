//! Takes what others have seen of a board's ledger, gives the ledger only where it is still that one.
//! Never lets an older copy, or another ledger, pass for the newest: what it forgot would be spent a second time.
//!
//! Two things outlive a ledger's file: a witness in the operator's folder, and the packs that were published, each with
//! the ledger's head in its manifest. The witness is written after every draw and every publication, before anything
//! that follows from the draw is published. So it may lag behind the ledger by a crash, which is harmless: a draw that
//! no witness saw was not published either, and nobody is told apart by noise that nobody has. Losing the witness
//! alone is no error, as it may be on another disk than the ledger; the packs still speak.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::config::plan::Plan;
use crate::config::quarter::Quarter;
use crate::error::{Error, Result};
use crate::folders::make_private_folder;
use crate::privacy::{Head, Ledger};
use crate::store::Store;

/// The witness's name in the operator's folder.
const NAME: &str = "ledger-witness.json";

/// Where a head of the ledger was seen.
struct Sighting {
    file: PathBuf,
    head: Head,
}

/// The part of a pack's manifest that speaks of the ledger.
#[derive(Deserialize)]
struct PackManifest {
    ledger: Head,
}

/// Opens the board's ledger for reading or for a run, or makes one where none was ever seen.
///
/// # Errors
/// [`Error::System`] where the ledger is lost, older than what was seen of it, or another one, with what to do; of the
/// ledger otherwise.
pub fn open(plan: &Plan, note: &dyn Fn(&str)) -> Result<Ledger> {
    // Before the ledger, so that a run that writes both meanwhile is not taken for a loss.
    let seen = sightings(plan, note)?;
    if let Some(sighting) = seen.first().filter(|_| !exists(&plan.ledger)) {
        return Err(refusal(plan, sighting, "is gone"));
    }
    let ledger = Ledger::open(&plan.ledger, &plan.board)?;
    check(plan, &ledger, &seen)?;
    if ledger.head()?.entries > 0 && !seen.iter().any(|sighting| sighting.file == path(plan)) {
        note(&format!(
            "There is no witness of the ledger in {}: an older copy of the ledger would be told by the published packs \
             alone. The next release writes a new one.",
            plan.work.display()
        ));
    }
    Ok(ledger)
}

/// Whether the board has a ledger, or should have one.
///
/// # Errors
/// As [`open`], of the sightings.
pub fn is_expected(plan: &Plan) -> Result<bool> {
    Ok(exists(&plan.ledger) || !sightings(plan, &|_| ())?.is_empty())
}

/// Refuses a ledger that is not the one that was seen.
///
/// # Errors
/// [`Error::System`], with what to do.
fn check(plan: &Plan, ledger: &Ledger, seen: &[Sighting]) -> Result<()> {
    let head = ledger.head()?;
    for sighting in seen {
        if ledger.follows(&sighting.head)? {
            continue;
        }
        let how = if sighting.head.ledger != head.ledger {
            "is another one"
        } else if sighting.head.entries > head.entries {
            "is an older copy"
        } else {
            "has another past"
        };
        return Err(refusal(plan, sighting, how));
    }
    Ok(())
}

fn refusal(plan: &Plan, sighting: &Sighting, how: &str) -> Error {
    Error::System(format!(
        "the ledger {} {how}: {} has seen entry {} of ledger {}. What was spent there would be spent again. Put the \
         newest copy of that ledger back, or correct `privacy.ledger`. Only where there is no such copy: `smirr ledger \
         CONFIG --accept-loss \"REASON\"` puts the loss on record, and counts every quarter up to now as spent",
        plan.ledger.display(),
        sighting.file.display(),
        sighting.head.entries,
        sighting.head.ledger,
    ))
}

/// Puts the loss of the ledger, or of its newest entries, on record: from then on this copy, or a new one, is the board's.
///
/// `today` is the quarter that it is now: what was lost may have been about any quarter up to it.
///
/// # Errors
/// [`Error::Privacy`] where nothing is lost or no reason is given; of the ledger otherwise.
pub fn accept_loss(plan: &Plan, reason: &str, today: Quarter, note: &dyn Fn(&str)) -> Result<Quarter> {
    // A run that is at work would write on: it ends first.
    let _store = Store::open(&plan.work, &plan.quarter.to_string(), || note("Waiting for another run to end."))?;
    let seen = sightings(plan, note)?;
    let mut through = today.max(plan.quarter);
    for sighting in &seen {
        // A pack's folder is named by its quarter; a board may have published ahead of the calendar.
        let folder = sighting.file.parent().and_then(Path::file_name).and_then(|name| name.to_str());
        through = through.max(folder.and_then(|name| name.parse().ok()).unwrap_or(through));
    }
    let mut ledger = Ledger::open(&plan.ledger, &plan.board)?;
    if !seen.is_empty() && check(plan, &ledger, &seen).is_ok() {
        return Err(Error::Privacy(
            "the ledger holds everything that was seen of it: nothing is lost, and no loss was put on record".into(),
        ));
    }
    ledger.accept_loss(reason, seen.into_iter().map(|sighting| sighting.head).collect(), through)?;
    renew(plan, &ledger)?;
    Ok(through)
}

/// Writes the witness of the ledger as it is now: whole or not at all, and on disk when this returns.
///
/// # Errors
/// [`Error::Io`] where it cannot be written; [`Error::System`] of the ledger.
pub fn renew(plan: &Plan, ledger: &Ledger) -> Result<()> {
    let head = ledger.head()?;
    make_private_folder(&plan.work)?;
    let path = path(plan);
    let failed = |e| Error::io("cannot write the witness of the ledger", &path, e);
    let text = serde_json::to_vec(&head).map_err(|_| Error::System("the ledger's head has no JSON form".into()))?;
    let beside = path.with_extension("new");
    let mut file = File::options().write(true).create(true).truncate(true).mode(0o600).open(&beside).map_err(failed)?;
    file.write_all(&text).and_then(|()| file.sync_all()).map_err(failed)?;
    fs::rename(&beside, &path).and_then(|()| File::open(&plan.work)?.sync_all()).map_err(failed)
}

fn path(plan: &Plan) -> PathBuf {
    plan.work.join(NAME)
}

/// A file that cannot be looked at is there as far as anyone knows.
fn exists(path: &Path) -> bool {
    path.try_exists().unwrap_or(true)
}

/// Every head that was seen: by the witness first, then by the packs, in the order of their names. One that had no entry
/// is left out: nothing was spent in it.
fn sightings(plan: &Plan, note: &dyn Fn(&str)) -> Result<Vec<Sighting>> {
    let mut seen = Vec::new();
    seen.extend(sighting(path(plan), note, |text| serde_json::from_slice(text).ok())?);
    let packs = match fs::read_dir(&plan.publish.to) {
        Ok(entries) => entries.collect::<Result<Vec<_>, _>>(),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        Err(e) => Err(e),
    };
    let packs = packs.map_err(|e| Error::io("cannot list the packs in", &plan.publish.to, e))?;
    let mut packs = packs.into_iter().map(|entry| entry.path().join("manifest.json")).collect::<Vec<_>>();
    packs.sort();
    for pack in packs {
        let head = |text: &[u8]| serde_json::from_slice::<PackManifest>(text).ok().map(|manifest| manifest.ledger);
        seen.extend(sighting(pack, note, head)?);
    }
    seen.retain(|sighting| sighting.head.entries > 0);
    Ok(seen)
}

fn sighting(file: PathBuf, note: &dyn Fn(&str), head: impl Fn(&[u8]) -> Option<Head>) -> Result<Option<Sighting>> {
    let text = match fs::read(&file) {
        Ok(text) => text,
        Err(e) if [ErrorKind::NotFound, ErrorKind::NotADirectory].contains(&e.kind()) => return Ok(None),
        Err(e) => return Err(Error::io("cannot read what was seen of the ledger in", &file, e)),
    };
    let head = head(&text);
    if head.is_none() {
        note(&format!("{} names no entry of the ledger, so it cannot tell an older copy.", file.display()));
    }
    Ok(head.map(|head| Sighting { file, head }))
}
