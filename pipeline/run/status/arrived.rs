//! What lies where the sources say, held against what the store has of it and what the last ingest refused.

use std::collections::HashMap;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use serde::Deserialize;

use super::expected::this_quarters;
use super::{Comparing, Item, State, TableStatus, table};
use crate::config::plan::{Plan, Source};
use crate::error::{Error, Result};
use crate::ingest::blocks::hash_file;
use crate::progress::{Progress, Stage};
use crate::schema::Sender;
use crate::store::Stored;

/// A point in time by a file system's clock: seconds and nanoseconds.
type Moment = (i64, i64);

/// A file as it lies there: nothing of its content.
struct Found {
    /// Its path from the board's root, by which the store knows it.
    name: String,
    path: PathBuf,
    bytes: u64,
    /// When it was last written, moved here or otherwise touched: a copy may keep the time of its content, never this.
    touched: Moment,
}

/// What the last ingest refused, and when it said so.
#[derive(Default)]
pub(super) struct Report {
    at: Option<Moment>,
    /// A file's whole path, and why it was refused.
    refused: HashMap<String, String>,
    /// Limits that tables pass, in words that begin with the table's name in backquotes.
    over_limit: Vec<String>,
}

/// What is needed of a validation report.
#[derive(Deserialize)]
struct ReportJson {
    refused: Vec<String>,
    over_limit: Vec<String>,
}

impl Report {
    /// The validation report of the plan's quarter; nothing where there is none, as while a run is at work.
    pub fn read(plan: &Plan) -> Self {
        let path = plan.work.join("validation").join(format!("{}.json", plan.quarter));
        let read = || {
            let at = touched(&fs::metadata(&path).ok()?);
            Some((at, serde_json::from_slice::<ReportJson>(&fs::read(&path).ok()?).ok()?))
        };
        read().map_or_else(Report::default, |(at, json)| Report {
            at: Some(at),
            refused: json.refused.iter().filter_map(|text| by_file(text)).collect(),
            over_limit: json.over_limit,
        })
    }

    /// Why a file was refused, as far as it is still the one that was.
    fn refusal(&self, file: &Found) -> Option<&String> {
        let same = self.at.is_some_and(|at| file.touched <= at);
        self.refused.get(&file.path.display().to_string()).filter(|_| same)
    }
}

/// "/a/b.csv: the file is empty", or "cannot open /a/b.csv: no access", as the file and the reason.
pub(super) fn by_file(text: &str) -> Option<(String, String)> {
    let start = text.find('/')?;
    let (path, why) = text[start..].split_once(": ")?;
    let verb = text[..start].trim_end();
    let why = if verb.is_empty() { why.to_owned() } else { format!("{verb} it: {why}") };
    Some((path.to_owned(), why))
}

fn touched(meta: &Metadata) -> Moment {
    (meta.mtime(), meta.mtime_nsec()).max((meta.ctime(), meta.ctime_nsec()))
}

/// Every table with its files, each in its state; who is late is not known yet.
///
/// # Errors
/// [`Error::Input`] where a source cannot be searched; [`Error::Io`] where a folder or a file cannot be read.
pub(super) fn arrived(
    plan: &Plan,
    (stored, before): (&[Stored], &[Stored]),
    report: &Report,
    (comparing, threads): (Comparing, usize),
    progress: &Progress,
) -> Result<Vec<TableStatus>> {
    let mut tables = Vec::new();
    let mut files = Vec::new();
    for source in &plan.sources {
        let found = find(source, &plan.root)?;
        files.push(found);
    }
    let of = |parts: &'_ [Stored], name: &dyn Fn(&str) -> String| -> Vec<HashMap<String, Vec<Stored>>> {
        let mut tables = HashMap::<&str, HashMap<String, Vec<Stored>>>::new();
        for part in parts {
            let own = tables.entry(part.manifest.table.as_str()).or_default();
            own.entry(name(&part.manifest.source)).or_default().push(part.clone());
        }
        plan.sources.iter().map(|source| tables.remove(source.table.as_str()).unwrap_or_default()).collect()
    };
    let known = of(stored, &str::to_owned);
    let earlier = of(before, &|name| this_quarters(plan, name));
    let same = compare(&files, &known, &earlier, (comparing, threads), progress)?;
    for (at, source) in plan.sources.iter().enumerate() {
        let mut own = table(&source.table, source.schema.from);
        let dated = source.schema.from != Sender::Public && source.schema.dated_by.is_some();
        for (file, same) in files[at].iter().zip(&same[at]) {
            let (state, why) = state(plan, file, *same, known[at].contains_key(&file.name), report, dated);
            own.items.push(Item { sender: None, source: Some(file.name.clone()), state, why });
        }
        let here = files[at].iter().map(|file| file.name.as_str()).collect::<std::collections::HashSet<_>>();
        let gone = known[at].keys().filter(|name| !here.contains(name.as_str()));
        own.items.extend(gone.map(|name| Item {
            sender: None,
            source: Some(name.clone()),
            state: State::Withdrawn,
            why: None,
        }));
        // What has changed since may be within the limits.
        if own.items.iter().all(|item| item.state == State::In) {
            let name = format!("`{}`:", source.table);
            let of_table = |text: &String| text.strip_prefix(&name).map(|rest| rest.trim().to_owned());
            own.over_limit = report.over_limit.iter().filter_map(of_table).collect();
        }
        tables.push(own);
    }
    Ok(tables)
}

/// Which stored file of the same name a file is.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Same {
    /// This quarter's.
    now: bool,
    /// That of the quarter before, which had rows then.
    before: bool,
}

fn state(plan: &Plan, file: &Found, same: Same, known: bool, report: &Report, dated: bool) -> (State, Option<String>) {
    let earlier = plan.quarter.before(1);
    let repeated = same.before && dated;
    if same.now {
        return (State::In, repeated.then(|| format!("the very file of {earlier}")));
    }
    if let Some(why) = report.refusal(file) {
        return (State::Failed, Some(why.clone()));
    }
    match (repeated, known) {
        // Rows that are placed in a quarter by their day are never the same in two.
        (true, _) => (State::Late, Some(format!("the file here is still that of {earlier}"))),
        (false, true) => (State::Changed, None),
        (false, false) => (State::New, None),
    }
}

/// For every table and file, whether the store has it. Hashes on all threads, and only where the size alone is no answer.
fn compare(
    files: &[Vec<Found>],
    known: &[HashMap<String, Vec<Stored>>],
    earlier: &[HashMap<String, Vec<Stored>>],
    (comparing, threads): (Comparing, usize),
    progress: &Progress,
) -> Result<Vec<Vec<Same>>> {
    let nothing = Vec::new();
    let mut jobs = Vec::new();
    for (table, files) in files.iter().enumerate() {
        for file in files {
            let parts = |of: &'_ [HashMap<String, Vec<Stored>>]| -> Vec<Stored> {
                let parts = of[table].get(&file.name).unwrap_or(&nothing).iter();
                parts.filter(|part| part.manifest.bytes == file.bytes).cloned().collect()
            };
            let mut before = parts(earlier);
            before.retain(|part| part.manifest.tally.stored > 0);
            jobs.push((file, parts(known), before));
        }
    }
    let bytes = jobs.iter().filter(|(_, now, before)| !now.is_empty() || !before.is_empty());
    let stage = progress.stage("comparing", Some(bytes.map(|(file, ..)| file.bytes).sum()));
    let next = AtomicUsize::new(0);
    let work = || {
        let mine = || Some(next.fetch_add(1, Ordering::Relaxed)).filter(|&at| at < jobs.len());
        std::iter::from_fn(mine)
            .map(|at| same(&jobs[at], comparing, &stage).map(|same| (at, same)))
            .collect::<Result<Vec<_>>>()
    };
    let done = thread::scope(|scope| {
        let started = (0..threads.max(1)).map(|_| scope.spawn(work)).collect::<Vec<_>>();
        let lost = |_| Err(Error::System("a thread that compared files was lost".into()));
        started.into_iter().map(|thread| thread.join().unwrap_or_else(lost)).collect::<Result<Vec<_>>>()
    })?;
    let mut done = done.into_iter().flatten().collect::<Vec<_>>();
    done.sort_by_key(|(at, _)| *at);
    let mut done = done.into_iter().map(|(_, same)| same);
    Ok(files.iter().map(|files| done.by_ref().take(files.len()).collect()).collect())
}

fn same(
    (file, now, before): &(&Found, Vec<Stored>, Vec<Stored>),
    comparing: Comparing,
    stage: &Stage<'_>,
) -> Result<Same> {
    if now.is_empty() && before.is_empty() {
        return Ok(Same { now: false, before: false });
    }
    let untouched = |part: &Stored| {
        let manifest = fs::metadata(part.folder.join("manifest.json"));
        comparing == Comparing::SizeAndTime && manifest.is_ok_and(|meta| file.touched < touched(&meta))
    };
    let hash = if now.iter().chain(before).all(untouched) {
        None
    } else {
        match hash_file(&file.path) {
            Ok(hash) => Some(hash),
            // It went while this looked, or may not be read: an ingest would say so.
            Err(Error::Io { .. }) => return Ok(Same { now: false, before: false }),
            Err(error) => return Err(error),
        }
    };
    stage.advance(file.bytes);
    let any =
        |parts: &[Stored]| parts.iter().any(|part| hash.as_ref().is_none_or(|hash| part.manifest.sha256 == *hash));
    Ok(Same { now: any(now), before: any(before) })
}

/// The files that a source names, in order; none is no error here.
fn find(source: &Source, root: &Path) -> Result<Vec<Found>> {
    let mut found = Vec::new();
    for pattern in &source.globs {
        let text = pattern.to_string_lossy();
        let unusable = || Error::Input(format!("the source of `{}` cannot be searched: {text}", source.table));
        for path in glob::glob(&text).map_err(|_| unusable())? {
            let path = path.map_err(|e| Error::io("cannot look into", e.path(), std::io::Error::other("no access")))?;
            // A file may go while this looks.
            let Ok(meta) = fs::metadata(&path) else { continue };
            if meta.is_file() && !super::super::intake::is_hidden(&path) {
                let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
                found.push(Found { name, bytes: meta.len(), touched: touched(&meta), path });
            }
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found.dedup_by(|a, b| a.name == b.name);
    Ok(found)
}
