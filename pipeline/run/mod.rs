//! Takes a checked plan.
//! Gives a published pack: the only room that knows the order of the stages.
//! Never computes anything itself.
//!
//! 1. A fictional board's extracts and key are made, where the plan says so and they are missing.
//! 2. Public tables are read; with them, every grid and every cost is known.
//! 3. The ledger is asked whether the cost fits: if not, the run ends before any private data are opened.
//! 4. Extracts are checked, pseudonymised and stored; the operator's validation report is written.
//! 5. Each report that is not in the ledger is measured, debited, noised and stored there; before the first of them, the
//!    rows that tokens lead to somebody and the registrations of active people are put aside.
//! 6. Released vectors become estimates, changes on the quarter before are added, and the pack is published whole, with the
//!    series that its tables continue.
//!
//! [`ahead`] goes as far as the third, without a key, and tells what the rest would cost and be worth. [`study`] runs the
//! whole of it many times on fictional people of its own, and tells how near to the truth it came. [`trial`] goes from the
//! rows of a report's own tests to its figures, and tells where these differ from what the author expects.
//! [`status`] takes no step: it tells what has arrived, and whether all is there that these steps need.

pub mod ahead;
mod answer;
mod areas;
mod changes;
mod earlier;
mod edition;
pub mod explain;
mod extracts;
mod fictional;
mod figures;
pub(crate) mod intake;
#[cfg(test)]
mod intake_tests;
pub mod keys;
mod label;
mod method;
mod next_to_none;
mod question;
mod share;
pub mod status;
pub mod study;
pub mod trial;
pub mod witness;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::config::diagnostic::{Diagnostic, Diagnostics};
use crate::config::plan::{Plan, Publish};
use crate::engine::{Cluster, Engine, Limits};
use crate::error::{Error, Result};
use crate::folders::make_private_folder;
use crate::link::{Linked, PrivateTable, PublicTable, link, link_rates, sender_rows};
use crate::measure::grid::Public;
use crate::measure::plan::reads_active;
use crate::privacy::{Key32, Ledger};
use crate::progress::Progress;
use crate::publish::earlier::{Past, Vintage};
use crate::publish::edition::{AreaLevel, Edition};
use crate::publish::{Pack, Table};
use crate::store::Store;
use crate::{publish, validation};

use answer::Answer;
use intake::Intake;
use question::Question;
pub use question::limits;

/// Where the engine spills, in the operator's folder.
pub(crate) const SCRATCH: &str = "scratch";

/// What a run may use of the machine.
#[derive(Debug, Clone, Copy)]
pub struct Resources {
    /// Threads.
    pub threads: usize,
    /// Bytes for the engine's joins and aggregates, beyond which it spills to disk.
    pub memory: usize,
}

impl Default for Resources {
    fn default() -> Self {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        Resources { threads, memory: 1 << 30 }
    }
}

/// What a run made.
pub struct Summary {
    /// The pack.
    pub pack: Pack,
    /// Its tables.
    pub tables: Vec<Table>,
    /// The operator's validation report.
    pub validation: PathBuf,
    /// Which end of each deprivation band is which.
    pub bands: String,
    /// What each report cost now, and what is left.
    pub charges: Vec<Charge>,
}

/// What one report cost.
#[derive(Debug, Clone)]
pub struct Charge {
    /// The report.
    pub report: String,
    /// Its loss, rounded up, with its symbol.
    pub loss: String,
    /// Whether the ledger had the release already, so that it cost nothing now.
    pub replayed: bool,
    /// Which revision of an earlier release it is, in words.
    pub revises: Option<String>,
}

/// Holds the board's own templates and strings against what can be read as such.
///
/// # Errors
/// [`Error::Config`] where one cannot; [`Error::Io`] where the disk refuses.
pub fn refuse_faulty_look(plan: &Plan) -> Result<()> {
    publish::refuse_faulty(&plan.publish.look).map_err(|error| match (error, &plan.publish.look.templates) {
        (Error::System(fault), Some(folder)) => {
            let mut complaints = Diagnostics::new();
            complaints.push(Diagnostic::whole_file(folder, fault));
            Error::Config(complaints)
        }
        (error, _) => error,
    })
}

/// Runs the whole pipeline.
///
/// # Errors
/// Of each stage, by class; whatever was published before is then still there, whole.
pub fn run(plan: &Plan, resources: Resources, progress: &Progress) -> Result<Summary> {
    keys::refuse_expired(plan, progress)?;
    publish::refuse_no_place(&plan.publish.to, plan.quarter)?;
    refuse_faulty_look(plan)?;
    fictional::make(plan, resources.threads, progress)?;
    let store = open_store(plan, progress)?;
    let mut intake = Intake::new(plan, &store, progress, resources.threads)?;
    validation::clear(&plan.work, &plan.quarter.to_string())?;
    let public = intake.public_or_report()?;
    let context = answer::context(plan, &intake);
    let questions = question::prepare(plan, &public, &context)?;
    let levels = areas::levels(plan, &public, &|text| progress.note(text))?;
    let mut ledger = witness::open(plan, &|text| progress.note(text))?;
    let past = past(plan)?;
    afford(plan, &ledger, &questions)?;
    let mut private = intake.private()?;
    intake.earlier(&mut private)?;
    let engine = engine(plan, &plan.work.join(SCRATCH), resources, &private, &public)?;
    let stage = progress.stage("link", None);
    let mut linked = link(&engine, &private, &public)?;
    intake.validation.links = link_rates(&linked)?;
    intake.validation.senders = sender_rows(&linked)?;
    stage.finish(0);
    let validation = intake.report()?;
    intake.check()?;
    let inputs = questions.iter().map(|question| answer::inputs(plan, question, &intake, &private)).collect::<Vec<_>>();
    afford_corrections(plan, &ledger, &questions, &inputs)?;
    put_aside(&mut linked, &store, &ledger, questions.iter().zip(&inputs), progress)?;
    let mut answers = Vec::new();
    for (question, inputs) in questions.iter().zip(inputs) {
        let stage = progress.stage(&question.report.name, None);
        answers.push(answer::answer(plan, question, &linked, &mut ledger, inputs)?);
        stage.finish(0);
    }
    let stage = progress.stage("publish", None);
    let (pack, tables) = {
        let known = Known { past: &past, lookup: intake.public_hash(&plan.geography.table), levels };
        publish_all(plan, &questions, &answers, &public, &mut ledger, known, resources.threads)?
    };
    stage.finish(tables.iter().map(|table| table.len() as u64).sum());
    let charges = answers.iter().map(Answer::charge).collect();
    Ok(Summary { pack, tables, validation, bands: plan.geography.bands_in_words(), charges })
}

/// Everything up to the store and the validation report; nothing is measured or spent.
///
/// # Errors
/// As [`run`].
pub fn ingest(plan: &Plan, resources: Resources, progress: &Progress) -> Result<PathBuf> {
    keys::refuse_expired(plan, progress)?;
    fictional::make(plan, resources.threads, progress)?;
    let store = open_store(plan, progress)?;
    let mut intake = Intake::new(plan, &store, progress, resources.threads)?;
    validation::clear(&plan.work, &plan.quarter.to_string())?;
    let public = intake.public_or_report()?;
    let private = intake.private()?;
    let engine = engine(plan, &plan.work.join(SCRATCH), resources, &private, &public)?;
    let linked = link(&engine, &private, &public)?;
    intake.validation.links = link_rates(&linked)?;
    intake.validation.senders = sender_rows(&linked)?;
    let path = intake.report()?;
    intake.check()?;
    Ok(path)
}

/// What the public tables alone tell: no key is read, no private extract is looked for, and nothing stays on disk.
fn with_public<T>(
    plan: &Plan,
    resources: Resources,
    progress: &Progress,
    tell: impl FnOnce(&Public, &str) -> Result<T>,
) -> Result<T> {
    fictional::make(plan, resources.threads, progress)?;
    with_public_as_is(plan, resources, progress, |public, intake| tell(public, &answer::context(plan, intake)))
}

/// The same of what is there: nothing is made for a fictional board.
fn with_public_as_is<T>(
    plan: &Plan,
    resources: Resources,
    progress: &Progress,
    tell: impl FnOnce(&Public, &Intake<'_>) -> Result<T>,
) -> Result<T> {
    let scratch = tempfile::tempdir().map_err(|e| Error::io("cannot make a folder in", std::env::temp_dir(), e))?;
    let store = Store::open(scratch.path(), &plan.quarter.to_string(), || ())?;
    let mut intake = Intake::keyless(plan, &store, progress, resources.threads);
    let public = intake.public()?;
    intake.check()?;
    tell(&public, &intake)
}

/// What was published of earlier quarters, all that will be needed of it read once: a pack that was changed stops the run
/// here, before anything private is opened or spent.
fn past(plan: &Plan) -> Result<Past> {
    let past = Past::find(&plan.publish.to, plan.quarter, plan.publish.series)?;
    let reports = plan.reports.iter().map(|report| report.name.as_str()).collect::<Vec<_>>();
    let levels = plan.geography.levels.iter().map(|level| level.name.as_str()).collect::<Vec<_>>();
    past.verify(&reports, &levels)?;
    Ok(past)
}

fn open_store(plan: &Plan, progress: &Progress) -> Result<Store> {
    Store::open(&plan.work, &plan.quarter.to_string(), || {
        progress.note("Another run of this board is at work; waiting for it to end.");
    })
}

/// Refuses what the ledger cannot pay for. A question that was asked before may be answered from the ledger at no cost,
/// which only its inputs will tell: it is judged then.
fn afford(plan: &Plan, ledger: &Ledger, questions: &[Question<'_>]) -> Result<()> {
    let mut requests = Vec::new();
    for question in questions {
        if !ledger.known_question(plan.quarter, &question.key)? {
            requests.push(question.request(plan, question.key));
        }
    }
    ledger.afford(&requests)
}

/// Refuses what the ledger cannot pay for, now that the inputs tell a correction from a replay: all of it together,
/// before anything is measured, so that no correction is paid for whose pack another one stops.
fn afford_corrections(plan: &Plan, ledger: &Ledger, questions: &[Question<'_>], inputs: &[String]) -> Result<()> {
    let mut requests = Vec::new();
    for (question, inputs) in questions.iter().zip(inputs) {
        let release = question.release(inputs);
        if ledger.find(&release)?.is_none() {
            requests.push(question.request(plan, release));
        }
    }
    ledger.afford(&requests)
}

/// Puts aside what measures of patients would look up each time, where a measure over another table than the register must
/// be taken.
fn put_aside<'a>(
    linked: &mut Linked<'_>,
    store: &Store,
    ledger: &Ledger,
    asked: impl Iterator<Item = (&'a Question<'a>, &'a String)>,
    progress: &Progress,
) -> Result<()> {
    for (question, inputs) in asked {
        let drawn = ledger.find(&question.release(inputs))?.is_some_and(|it| it.drawn.is_some());
        let reads_them = question.asked.iter().any(|asked| reads_active(asked.measure));
        if reads_them && !drawn {
            let stage = progress.stage("put aside", None);
            linked.put_aside(Some(store.stage()?))?;
            stage.finish(0);
            return Ok(());
        }
    }
    Ok(())
}

/// The engine over a quarter's tables; what does not fit in memory goes to `scratch`, which nobody else may use meanwhile.
pub(crate) fn engine(
    plan: &Plan,
    scratch: &Path,
    resources: Resources,
    private: &[PrivateTable],
    public: &HashMap<String, PublicTable>,
) -> Result<Engine> {
    // Whoever spills here holds the store's lock, so what is here was left by a run that was killed.
    match std::fs::remove_dir_all(scratch) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(Error::io("cannot clear", scratch, e)),
        _ => make_private_folder(scratch)?,
    }
    let limits = Limits { threads: resources.threads, memory: resources.memory, scratch: scratch.to_owned() };
    let engine = match &plan.cluster {
        None => Engine::new(&limits)?,
        Some(cluster) => Engine::on(&limits, at(cluster))?,
    };
    // Tables that rows refer to, for the dimensions that lie beyond a reference.
    for PrivateTable { schema, .. } in private {
        for table in schema.columns.values().filter_map(|column| column.to.as_ref()) {
            if let (Some(rows), Some(source)) = (public.get(table), plan.sources.iter().find(|it| it.table == *table)) {
                engine.register_public(table, rows.batch(&source.schema))?;
            }
        }
    }
    Ok(engine)
}

/// The engine's word for a plan's cluster.
fn at(cluster: &crate::config::plan::Cluster) -> Cluster {
    let patience = std::time::Duration::from_secs(cluster.minutes * 60);
    Cluster { host: cluster.host.clone(), port: cluster.port, patience }
}

/// What is known beside the answers.
struct Known<'a> {
    past: &'a Past,
    /// The hash of the area lookup.
    lookup: &'a str,
    levels: Vec<AreaLevel>,
}

fn publish_all(
    plan: &Plan,
    questions: &[Question<'_>],
    answers: &[Answer],
    public: &Public,
    ledger: &mut Ledger,
    Known { past, lookup, levels }: Known<'_>,
    threads: usize,
) -> Result<(Pack, Vec<Table>)> {
    let mut manifest = answer::manifest(plan, questions, answers, lookup)?;
    // Reports have nothing to do with one another: each is estimated on a thread of its own.
    let estimated: Vec<Result<Vec<Table>>> = std::thread::scope(|scope| {
        let estimate = |(question, answer)| scope.spawn(move || figures::tables(plan, question, answer, public));
        let started = questions.iter().zip(answers).map(estimate).collect::<Vec<_>>();
        let lost = |_| Err(Error::System("a thread that estimated a report was lost".into()));
        started.into_iter().map(|thread| thread.join().unwrap_or_else(lost)).collect()
    });
    let mut stories = Vec::new();
    for ((question, answer), own) in questions.iter().zip(answers).zip(estimated) {
        let mut own = own?;
        own.iter_mut().flat_map(|table| &mut table.blocks).for_each(|it| it.revised = answer.revises.is_some());
        let vintage = Vintage::of(&manifest, &question.report.name);
        own.iter_mut().try_for_each(|table| changes::add(question, table, past, &vintage))?;
        stories.push(edition::story(plan, question, own, answer.revises.as_ref().map(ToString::to_string)));
    }
    let mut label = label::label(plan, questions, answers, ledger)?;
    label.say_published(&stories);
    manifest.method = method::method(plan, &stories);
    let Publish { look, contact, licence, .. } = plan.publish.clone();
    let edition = Edition {
        board: plan.board.clone(),
        quarter: plan.quarter,
        look,
        contact,
        licence,
        levels,
        bands: plan.geography.band_names(),
        stories,
        label,
        manifest,
    };
    let pack = publish::write_pack(&plan.publish.to, &edition, &plan.publish.formats, past, threads)?;
    let tables = edition.stories.into_iter().flat_map(|story| story.tables).collect();
    for answer in answers {
        ledger.mark_published(&answer.release, &Key32(pack.manifest))?;
    }
    witness::renew(plan, ledger)?;
    Ok((pack, tables))
}
