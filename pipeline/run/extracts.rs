//! Extracts to store: every file that is new or has changed is read once, by all cores, in bounded memory.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow::array::{BooleanArray, RecordBatch};

use crate::error::{Error, Result};
use crate::ingest::extract::{Chunk, Extract};
use crate::ingest::layout::Layout;
use crate::ingest::rows::{Parsed, Quarantined};
use crate::ingest::rule::Rule;
use crate::ingest::tally::Tally;
use crate::ingest::uniqueness::repeated;
use crate::origin::Delivery;
use crate::store::{Manifest, Part, Staging, Store, Stored};

/// A chunk this small waits in memory until its file is settled: most files are one such chunk, and are written once.
const HELD_ROWS: usize = 32_768;

/// One delivery to bring into the store.
pub struct Job {
    /// What arrived. The store knows its part by its name.
    pub delivery: Delivery,
    /// How to read it.
    pub layout: Arc<Layout>,
    /// The hash of all that its part follows from, but for its own content.
    pub rules: String,
    /// The key that its pseudonyms are made under; none for a public table.
    pub key_id: Option<String>,
}

/// What became of the jobs.
#[derive(Default)]
pub struct Outcome {
    /// Every job's part, new or found.
    pub stored: Vec<Stored>,
    /// How many files were read; the others were as the store had them.
    pub read: usize,
    /// Rows read.
    pub rows: u64,
    /// Files that could not be used, each with its reason.
    pub refused: Vec<String>,
}

/// Brings every job into the store. A file that cannot be used is refused by itself and named; the others go on.
///
/// Memory: a few blocks a thread, and 24 bytes a row of the files under way whose table has a uniqueness rule.
///
/// # Errors
/// [`Error::Io`] and [`Error::System`] where the store cannot be written: what was committed before stays.
pub fn bring_in(store: &Store, jobs: Vec<Job>, threads: usize, advance: &(dyn Fn(u64) + Sync)) -> Result<Outcome> {
    let shared =
        Shared { store, outcome: Mutex::default(), failure: Mutex::default(), stop: AtomicBool::new(false), advance };
    let jobs = Mutex::new(VecDeque::from(jobs));
    let to_read = Mutex::new(Vec::new());
    on_threads(threads, || {
        while let Some(job) = (!shared.stopped()).then(|| lock(&jobs).pop_front()).flatten() {
            match shared.find(&job) {
                Ok(true) => {}
                Ok(false) => lock(&to_read).push(job),
                Err(error) => shared.fail(error),
            }
        }
    });
    let mut to_read = to_read.into_inner().unwrap_or_else(PoisonError::into_inner);
    // In a fixed order, tables and files alike, so that two runs do their work in the same order.
    to_read.sort_by(|a: &Job, b| (&a.layout.table, &a.delivery.name).cmp(&(&b.layout.table, &b.delivery.name)));
    let feeder = Mutex::new(Feeder { jobs: to_read.into(), open: None });
    on_threads(threads, || {
        while let Some((chunk, file)) = (!shared.stopped()).then(|| lock(&feeder).next(&shared)).flatten() {
            shared.take(chunk, &file);
        }
    });
    if let Some(error) = shared.failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
        return Err(error);
    }
    let mut outcome = shared.outcome.into_inner().unwrap_or_else(PoisonError::into_inner);
    outcome.stored.sort_by(|a, b| a.manifest.source.cmp(&b.manifest.source));
    outcome.refused.sort();
    Ok(outcome)
}

fn on_threads(threads: usize, work: impl Fn() + Sync) {
    std::thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(&work);
        }
        work();
    });
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The file that is open, and those to come. Whoever holds the lock reads ahead; the others parse.
struct Feeder {
    jobs: VecDeque<Job>,
    open: Option<(Extract, Arc<FileUnderWay>)>,
}

/// A file whose chunks are with several threads.
struct FileUnderWay {
    job: Job,
    staging: Staging,
    /// Chunks handed out and not yet taken back, and one for the feeder until it has seen the file's end.
    pending: AtomicUsize,
    refused: AtomicBool,
    sha256: Mutex<String>,
    chunks: Mutex<Vec<Done>>,
}

/// A parsed chunk.
struct Done {
    number: usize,
    content: Content,
    quarantined: Vec<Quarantined>,
    tally: Tally,
    keys: Vec<u128>,
    lines: Vec<u64>,
}

enum Content {
    Held(RecordBatch),
    Written(Part),
}

struct Shared<'a> {
    store: &'a Store,
    outcome: Mutex<Outcome>,
    failure: Mutex<Option<Error>>,
    stop: AtomicBool,
    advance: &'a (dyn Fn(u64) + Sync),
}

impl Feeder {
    fn next(&mut self, shared: &Shared<'_>) -> Option<(Chunk, Arc<FileUnderWay>)> {
        loop {
            if let Some((extract, file)) = &mut self.open {
                match extract.next_chunk() {
                    Ok(Some(chunk)) => {
                        file.pending.fetch_add(1, Ordering::AcqRel);
                        return Some((chunk, file.clone()));
                    }
                    Ok(None) => *lock(&file.sha256) = extract.sha256(),
                    Err(error) => shared.refuse(file, error),
                }
                let file = file.clone();
                self.open = None;
                shared.release(&file);
            }
            let job = self.jobs.pop_front()?;
            match Extract::open(&job.delivery, &job.layout) {
                Ok(extract) => match FileUnderWay::new(job, shared.store) {
                    Ok(file) => self.open = Some((extract, Arc::new(file))),
                    Err(error) => shared.fail(error),
                },
                Err(error) => shared.fail(error),
            }
            if shared.stopped() {
                return None;
            }
        }
    }
}

impl FileUnderWay {
    fn new(job: Job, store: &Store) -> Result<Self> {
        Ok(FileUnderWay {
            job,
            staging: store.stage()?,
            pending: AtomicUsize::new(1),
            refused: AtomicBool::new(false),
            sha256: Mutex::default(),
            chunks: Mutex::default(),
        })
    }

    /// Takes a parsed chunk: writes it, or holds it until the file is settled.
    fn add(&self, number: usize, parsed: Parsed) -> Result<()> {
        let small = parsed.batch.num_rows() <= HELD_ROWS && !self.job.layout.unique.is_empty();
        let content = if small {
            Content::Held(parsed.batch)
        } else {
            Content::Written(self.staging.write(number, &parsed.batch)?)
        };
        let (keys, lines) = parsed.keys.into_iter().unzip();
        let done = Done { number, content, quarantined: parsed.quarantined, tally: parsed.tally, keys, lines };
        lock(&self.chunks).push(done);
        Ok(())
    }

    /// All chunks are in: sets aside repeated keys, writes what was held, and adds up.
    fn settle(&self) -> Result<Manifest> {
        let mut chunks = std::mem::take(&mut *lock(&self.chunks));
        chunks.sort_by_key(|done| done.number);
        let aside = repeated(chunks.iter().map(|done| done.keys.as_slice()));
        let mut tally = Tally::default();
        let mut parts = Vec::new();
        let mut quarantined = Vec::new();
        for (mut done, aside) in chunks.into_iter().zip(aside) {
            let repeats = self.set_aside(&mut done, &aside)?;
            let part = match done.content {
                Content::Held(batch) => self.staging.write(done.number, &batch)?,
                Content::Written(part) => part,
            };
            parts.push(part);
            tally.add(&done.tally);
            tally.add(&repeats);
            quarantined.append(&mut done.quarantined);
        }
        tally.stored -= tally.quarantined_by.get(&self.repeat_name()).copied().unwrap_or(0);
        quarantined.sort_unstable();
        self.staging.quarantine(&quarantined, &self.job.layout.names, &self.job.delivery.name)?;
        Ok(Manifest {
            table: self.job.layout.table.clone(),
            source: self.job.delivery.name.clone(),
            sha256: lock(&self.sha256).clone(),
            bytes: self.job.delivery.bytes,
            rules: self.job.rules.clone(),
            key_id: self.job.key_id.clone(),
            mark: self.job.delivery.mark(),
            parts,
            tally,
        })
    }

    fn repeat_name(&self) -> String {
        let column = self.job.layout.unique.first().map_or("row", |&first| self.job.layout.names[first].as_str());
        format!("{column}.{}", Rule::Uniqueness)
    }

    /// Takes repeated rows out of one chunk.
    fn set_aside(&self, done: &mut Done, aside: &[usize]) -> Result<Tally> {
        if aside.is_empty() {
            return Ok(Tally::default());
        }
        let batch = match &done.content {
            Content::Held(batch) => batch.clone(),
            Content::Written(part) => self.staging.read(part)?,
        };
        let mut keep = vec![true; batch.num_rows()];
        let column = self.job.layout.unique.first().map_or(0, |&column| column as u16);
        for &row in aside {
            keep[row] = false;
            done.quarantined.push(Quarantined { line: done.lines[row], column, rule: Rule::Uniqueness });
        }
        let kept = arrow::compute::filter_record_batch(&batch, &BooleanArray::from(keep))
            .map_err(|_| Error::System("repeated rows could not be taken out".into()))?;
        done.content = match &done.content {
            Content::Held(_) => Content::Held(kept),
            Content::Written(_) => Content::Written(self.staging.write(done.number, &kept)?),
        };
        let repeats = aside.len() as u64;
        let by = std::collections::BTreeMap::from([(self.repeat_name(), repeats)]);
        Ok(Tally { quarantined: repeats, quarantined_by: by, ..Tally::default() })
    }
}

impl Shared<'_> {
    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Acquire)
    }

    /// Whether the store has this very file already. An object's mark tells without reading it: a transfer of all that has
    /// not changed would be the longest part of most runs.
    fn find(&self, job: &Job) -> Result<bool> {
        let (table, name, key_id) = (&job.layout.table, &job.delivery.name, job.key_id.as_deref());
        if !self.store.knows(table, name) {
            return Ok(false);
        }
        let mark = job.delivery.mark();
        let marked = mark.and_then(|mark| self.store.find_marked(table, name, &mark, &job.rules, key_id));
        let found = match marked {
            Some(stored) => Some(stored),
            None => self.store.find(table, name, &job.delivery.sha256()?, &job.rules, key_id),
        };
        if let Some(stored) = found {
            (self.advance)(stored.manifest.bytes);
            lock(&self.outcome).stored.push(stored);
            return Ok(true);
        }
        Ok(false)
    }

    fn take(&self, chunk: Chunk, file: &Arc<FileUnderWay>) {
        let number = chunk.number;
        let taken = chunk.parse(&file.job.layout).and_then(|parsed| file.add(number, parsed));
        if let Err(error) = taken {
            self.refuse(file, error);
        }
        self.release(file);
    }

    /// Gives back one hold on the file; the last one settles it.
    fn release(&self, file: &Arc<FileUnderWay>) {
        if file.pending.fetch_sub(1, Ordering::AcqRel) > 1 || file.refused.load(Ordering::Acquire) || self.stopped() {
            return;
        }
        match file.settle() {
            Ok(manifest) => {
                (self.advance)(manifest.bytes);
                let mut outcome = lock(&self.outcome);
                outcome.read += 1;
                outcome.rows += manifest.tally.rows;
                drop(outcome);
                match self.store.commit(&file.staging, manifest) {
                    Ok(stored) => lock(&self.outcome).stored.push(stored),
                    Err(error) => self.fail(error),
                }
            }
            Err(error) => self.refuse(file, error),
        }
    }

    fn refuse(&self, file: &FileUnderWay, error: Error) {
        if !file.refused.swap(true, Ordering::AcqRel) {
            self.fail(error);
        }
    }

    /// An unusable file is one complaint among others; a store that cannot be written ends the stage.
    fn fail(&self, error: Error) {
        match error {
            Error::Input(text) => lock(&self.outcome).refused.push(text),
            other => {
                lock(&self.failure).get_or_insert(other);
                self.stop.store(true, Ordering::Release);
            }
        }
    }
}
