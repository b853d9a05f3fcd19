//! What lies where the sources say, held against what the store has of it and what the last ingest refused.

use std::collections::HashMap;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use serde::Deserialize;

use super::expected::this_quarters;
use super::{Comparing, Item, State, TableStatus, table};
use crate::config::plan::{Plan, Source};
use crate::error::{Error, Result};
use crate::origin::{self, Content, Delivery};
use crate::progress::{Progress, Stage};
use crate::schema::Sender;
use crate::store::Stored;

/// A point in time by a file system's clock: seconds and nanoseconds.
type Moment = (i64, i64);

/// What has arrived, as it lies there: nothing of its content.
pub(super) struct Found {
    pub delivery: Delivery,
    /// When it was last written, moved here or otherwise touched: a copy may keep the time of its content, never this.
    /// Nothing where it is elsewhere: reading it for its hash would fetch all of it.
    pub touched: Option<Moment>,
}

impl Found {
    fn is_query(&self) -> bool {
        matches!(self.delivery.content, Content::Query(_))
    }
}

/// What the last ingest refused, and when it said so.
#[derive(Default)]
pub(super) struct Report {
    at: Option<Moment>,
    /// A delivery as errors say it, and why it was refused.
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
            refused: json.refused.iter().flat_map(|text| by_delivery(text)).collect(),
            over_limit: json.over_limit,
        })
    }

    /// Why a file was refused, as far as it is still the one that was.
    fn refusal(&self, file: &Found) -> Option<&String> {
        let same = self.at.is_some_and(|at| file.touched.is_none_or(|touched| touched <= at));
        self.refused.get(&file.delivery.shown).filter(|_| same)
    }
}

/// "/a/b.csv: the file is empty", or "cannot open /a/b.csv: no access", as what it may be about and the reason.
pub(super) fn by_delivery(text: &str) -> Vec<(String, String)> {
    let Some((subject, why)) = text.split_once(": ") else { return Vec::new() };
    let mut all = vec![(subject.to_owned(), why.to_owned())];
    if let Some((verb, path)) = subject.split_once(" /") {
        all.push((format!("/{path}"), format!("{verb} it: {why}")));
    }
    all
}

fn touched(meta: &Metadata) -> Moment {
    (meta.mtime(), meta.mtime_nsec()).max((meta.ctime(), meta.ctime_nsec()))
}

/// Every table with its files, each in its state; who is late is not known yet.
///
/// # Errors
/// [`Error::System`] where a thread is lost.
pub(super) fn arrived(
    plan: &Plan,
    (stored, before): (&[Stored], &[Stored]),
    report: &Report,
    (comparing, threads): (Comparing, usize),
    progress: &Progress,
) -> Result<Vec<TableStatus>> {
    let mut tables = Vec::new();
    let mut files = Vec::new();
    let mut unreached = Vec::new();
    for source in &plan.sources {
        // One that cannot be searched now is a finding: what is known of the others is told all the same.
        let (found, why) = match find(source, &plan.root) {
            Ok(found) => (found, None),
            Err(error) => (Vec::new(), Some(error.to_string())),
        };
        files.push(found);
        unreached.push(why);
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
            let (state, why) = state(plan, file, *same, known[at].contains_key(&file.delivery.name), report, dated);
            let unread = file.touched.is_none();
            own.items.push(Item { source: Some(file.delivery.name.clone()), why, unread, ..Item::of(state) });
        }
        let here = files[at].iter().map(|file| file.delivery.name.as_str()).collect::<std::collections::HashSet<_>>();
        own.unreached = unreached[at].take();
        let gone = known[at].keys().filter(|name| own.unreached.is_none() && !here.contains(name.as_str()));
        own.items.extend(gone.map(|name| Item { source: Some(name.clone()), ..Item::of(State::Withdrawn) }));
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
pub(super) struct Same {
    /// This quarter's.
    pub now: bool,
    /// That of the quarter before, which had rows then.
    pub before: bool,
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

/// A file, and the parts of as many bytes that were made of one of its name: this quarter's, and those of the quarter
/// before that had rows then.
pub(super) type Job<'a> = (&'a Found, Vec<Stored>, Vec<Stored>);

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
                let parts = of[table].get(&file.delivery.name).unwrap_or(&nothing).iter();
                parts.filter(|part| file.is_query() || part.manifest.bytes == file.delivery.bytes).cloned().collect()
            };
            let mut before = parts(earlier);
            before.retain(|part| part.manifest.tally.stored > 0);
            jobs.push((file, parts(known), before));
        }
    }
    let bytes = jobs.iter().filter(|(_, now, before)| !now.is_empty() || !before.is_empty());
    let stage = progress.stage("comparing", Some(bytes.map(|(file, ..)| file.delivery.bytes).sum()));
    let next = AtomicUsize::new(0);
    let work = || {
        let mine = || Some(next.fetch_add(1, Ordering::Relaxed)).filter(|&at| at < jobs.len());
        std::iter::from_fn(mine).map(|at| (at, same(&jobs[at], comparing, &stage))).collect::<Vec<_>>()
    };
    let done = thread::scope(|scope| {
        let started = (0..threads.max(1)).map(|_| scope.spawn(work)).collect::<Vec<_>>();
        let lost = |_| Err(Error::System("a thread that compared files was lost".into()));
        started.into_iter().map(|thread| thread.join().or_else(lost)).collect::<Result<Vec<_>>>()
    })?;
    let mut done = done.into_iter().flatten().collect::<Vec<_>>();
    done.sort_by_key(|(at, _)| *at);
    let mut done = done.into_iter().map(|(_, same)| same);
    Ok(files.iter().map(|files| done.by_ref().take(files.len()).collect()).collect())
}

/// What is elsewhere is not fetched: it goes by its size, a query by nothing.
pub(super) fn same((file, now, before): &Job<'_>, comparing: Comparing, stage: &Stage<'_>) -> Same {
    if now.is_empty() && before.is_empty() {
        return Same { now: false, before: false };
    }
    let Some(touched) = file.touched else { return Same { now: !now.is_empty(), before: false } };
    let untouched = |part: &Stored| {
        let manifest = fs::metadata(part.folder.join("manifest.json"));
        comparing == Comparing::SizeAndTime && manifest.is_ok_and(|meta| touched < self::touched(&meta))
    };
    let hash = match &now[..] {
        [part] if untouched(part) => Ok(part.manifest.sha256.clone()),
        _ => file.delivery.sha256(),
    };
    stage.advance(file.delivery.bytes);
    // One that went while this looked, or may not be read, is not the stored one: an ingest would say so.
    let any = |parts: &[Stored]| hash.as_ref().is_ok_and(|hash| parts.iter().any(|it| it.manifest.sha256 == *hash));
    Same { now: any(now), before: any(before) }
}

/// What has arrived of a source, in the order of names; nothing is no error here.
fn find(source: &Source, root: &Path) -> Result<Vec<Found>> {
    let seen = |delivery: Delivery| {
        // What is no file of this machine is elsewhere; a file that went while this looked is read, and then missed.
        let touched = fs::metadata(root.join(&delivery.name)).ok().map(|meta| touched(&meta));
        Found { delivery, touched }
    };
    Ok(origin::arrived(source, root)?.into_iter().map(seen).collect())
}
