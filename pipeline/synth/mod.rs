//! Takes a size, a seed and a share of faults, gives a fictional board's extracts and the true answers.
//! The rooms it mimics are the senders': practices, organisations and the publishers of area lookups.
//! Never: a real person, a clock, or a file outside the folder it is given.

// The tour, in the order in which a board comes about:
// `options` what is asked for; `areas`, `organisations` and `board` the plan; `names`, `outlines` and `jigsaw` what areas are
// called and where they lie; `chi` who everyone is; `practice` each
// practice's people; `pathway` what happens to them; `truth` what is true of it; `dirt` what is sent instead; `row`
// and `write` how. `seasons` says what changes from quarter to quarter, `contract` holds the columns and codes, `country` what
// they are called where, `streams` the seeded randomness that makes each practice
// independent of all others, and so the work of any number of threads.

mod areas;
mod board;
mod chi;
mod contract;
mod country;
mod dirt;
mod jigsaw;
mod names;
mod options;
mod organisations;
mod outlines;
mod pathway;
mod practice;
mod row;
mod seasons;
mod streams;
mod truth;
mod write;

#[cfg(test)]
mod tests;

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use self::board::Board;
use self::contract::Table;
use self::dirt::Dirt;
use self::names::Names;
use self::outlines::Outlines;
use self::truth::Tally;
use self::write::Shelf;
use crate::error::{Error, Result};

pub use self::options::{Compression, Layout, Made, Options, PATIENTS};

/// Makes a fictional board's extracts in `folder`, whole or not at all.
///
/// `folder` may exist only if it is empty. `progress` hears how many practices are done, of how many.
///
/// Beside the tables stand `truth.csv` (the answers that the clean facts give, by data zone) and `faults.csv` (what
/// was then done to the rows, by file).
///
/// # Errors
/// [`Error::Input`] where the options are out of range, the folder is taken or the lookup is unusable; [`Error::Io`]
/// where the disk fails.
pub fn generate(folder: &Path, options: &Options, progress: &(dyn Fn(u64, u64) + Sync)) -> Result<Made> {
    options.check()?;
    let taken = vacant(folder)?;
    let board = Board::new(options)?;
    let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let failed = |source| Error::io("cannot write", folder, source);
    fs::create_dir_all(parent).map_err(failed)?;
    let desk = tempfile::Builder::new().prefix(".smirr-synth-").tempdir_in(parent).map_err(failed)?;
    let shelf = Shelf::new(desk.path());
    let tally = make_practices(&board, &shelf, progress)?;
    public_tables(&board, &shelf)?;
    shelf.put_plain("truth.csv", &tally.csv(&board.areas).map_err(failed)?)?;
    shelf.put_plain("faults.csv", &shelf.faults())?;
    let made = shelf.finish();
    if taken {
        fs::remove_dir(folder).map_err(failed)?;
    }
    fs::rename(desk.path(), folder).map_err(failed)?;
    // The temporary name is gone, and with it the need to clean up.
    let _ = desk.keep();
    Ok(made)
}

/// Whether `folder` exists; an error where there is something in it.
fn vacant(folder: &Path) -> Result<bool> {
    let taken = || Error::Input(format!("{} is not empty: name a new folder", folder.display()));
    match fs::read_dir(folder) {
        Ok(mut entries) => entries.next().map_or(Ok(true), |_| Err(taken())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) if error.kind() == std::io::ErrorKind::NotADirectory => Err(taken()),
        Err(source) => Err(Error::io("cannot read", folder, source)),
    }
}

/// Makes all practices on the threads asked for. Each worker takes the next practice, makes it alone, and waits its
/// turn to append it: at most one finished practice a thread is held in memory.
fn make_practices(board: &Board, shelf: &Shelf, progress: &(dyn Fn(u64, u64) + Sync)) -> Result<Tally> {
    let number = board.practices.len();
    let (taken, done) = (AtomicUsize::new(0), AtomicU64::new(0));
    let work = || -> Result<Tally> {
        let stop = StopOnDrop(shelf);
        let mut tally = Tally::new(board.areas.zones.len());
        loop {
            let index = taken.fetch_add(1, Ordering::Relaxed);
            if index >= number {
                break;
            }
            let sheets = practice::make(board, index, &mut tally);
            if !shelf.add(board, index, sheets.0)? {
                break;
            }
            progress(done.fetch_add(1, Ordering::Relaxed) + 1, number as u64);
        }
        std::mem::forget(stop);
        Ok(tally)
    };
    std::thread::scope(|scope| {
        let threads = board.options.threads.clamp(1, number.max(1));
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let mut all = Tally::new(board.areas.zones.len());
        let mut outcome = Ok(());
        for worker in workers {
            match worker.join() {
                Ok(Ok(tally)) => all.merge(&tally),
                Ok(Err(error)) => outcome = outcome.and(Err(error)),
                Err(_) => outcome = outcome.and(Err(Error::System("a worker that made practices ended early".into()))),
            }
        }
        outcome.map(|()| all)
    })
}

/// Ends the other workers' waiting where this one fails or panics before its turn has passed.
struct StopOnDrop<'a>(&'a Shelf);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.stop();
    }
}

/// The tables that hold no person, and the boundaries of areas. A real lookup is not copied.
fn public_tables(board: &Board, shelf: &Shelf) -> Result<()> {
    let options = &board.options;
    let file = "public/organisations.csv";
    let style = write::style(options, file);
    let dirt = Dirt::new(options.seed, 0, Table::Organisations, options.dirt);
    shelf.put(file, &board.organisations.sheet(&board.areas, style, dirt), style)?;
    let plain = write::plain(options);
    shelf.put("public/practices.csv", &board.practices_sheet(), plain)?;
    if options.lookup.is_none() {
        let names = Names::new(&board.areas, options.country, options.seed);
        let zones = organisations::data_zones(&board.areas, &names, options);
        shelf.put(country::lookup_file(options.country), &zones, plain)?;
        let outlines = Outlines::new(&board.areas, options.country, options.seed);
        for (file, bytes) in outlines.files(&board.areas, options.country, &names) {
            shelf.put_plain(&file, &bytes)?;
        }
    }
    Ok(())
}
