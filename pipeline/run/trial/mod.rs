//! The tests that authors write into their reports: made-up rows, by the very path of a run, to the figures that a run
//! would publish but for its noise.
//!
//! Nothing of the board's own is opened: no extract, no public table, no key and no ledger. Each test has a board of its
//! own (`board`) of whole extracts (`made`); these are ingested, pseudonymised, linked, bounded, proved and measured,
//! and released into a ledger of their own with noise that is next to none. What comes of it is held against the author's
//! figures (`compare`).

mod board;
mod compare;
mod made;
mod notes;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

pub use compare::Difference;

use super::intake::Intake;
use super::next_to_none::next_to_none;
use super::question::prepare;
use super::{Resources, SCRATCH, answer, engine, figures, open_store};
use crate::config::diagnostic::{Diagnostic, Diagnostics};
use crate::config::plan::{Plan, Report};
use crate::config::trial::{Expected, Trial};
use crate::error::{Error, Result};
use crate::link::{Earlier, link};
use crate::measure::plan::reads_active;
use crate::privacy::Ledger;
use crate::progress::{Progress, Telling};
use compare::Found;
use made::Made;
use notes::Notes;

/// What came of one test.
#[derive(Debug, Clone)]
pub struct Tried {
    /// The report.
    pub report: String,
    /// The test's name.
    pub test: String,
    /// How it failed; empty where it passed.
    pub failures: Vec<Failure>,
}

/// One way in which a test failed.
#[derive(Debug, Clone)]
pub struct Failure {
    /// What is wrong, where, and what to do about it.
    pub complaint: Diagnostic,
    /// The figure, where it is one that differs.
    pub difference: Option<Difference>,
}

/// Runs the tests of every report of a plan, in the reports' order.
///
/// # Errors
/// [`Error::Io`] and [`Error::System`] where the machine has not what it takes. A test that cannot be run for another
/// reason has failed.
pub fn run_trials(plan: &Plan, resources: Resources) -> Result<Vec<Tried>> {
    let trials = plan.reports.iter().flat_map(|report| report.trials.iter().map(move |trial| (report, trial)));
    let trials = trials.collect::<Vec<_>>();
    let next = AtomicUsize::new(0);
    let work = || {
        let mine = || Some(next.fetch_add(1, Ordering::Relaxed)).filter(|&at| at < trials.len());
        let one = |at: usize| {
            let (report, trial) = trials[at];
            (at, tried(plan, report, trial, resources.memory / resources.threads.max(1)))
        };
        std::iter::from_fn(mine).map(one).collect::<Vec<_>>()
    };
    let mut done = Vec::new();
    let parts = thread::scope(|scope| {
        let started = (0..resources.threads.max(1)).map(|_| scope.spawn(work)).collect::<Vec<_>>();
        started.into_iter().map(thread::ScopedJoinHandle::join).collect::<Vec<_>>()
    });
    for part in parts {
        done.extend(part.map_err(|_| Error::System("a thread that ran a test was lost".into()))?);
    }
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, tried)| tried).collect()
}

/// Every complaint of tests that failed.
pub fn complaints(tried: &[Tried]) -> Diagnostics {
    let mut all = Diagnostics::new();
    tried.iter().flat_map(|it| &it.failures).for_each(|failure| all.push(failure.complaint.clone()));
    all
}

fn tried(plan: &Plan, report: &Report, trial: &Trial, memory: usize) -> Result<Tried> {
    let failures = match failures(plan, report, trial, memory) {
        Err(error @ (Error::Io { .. } | Error::System(_))) => return Err(error),
        Err(error) => {
            let mut complaint = trial.at.clone();
            complaint.message = format!("the test {} cannot be run", quoted(&trial.name));
            vec![Failure { complaint: complaint.help(error.to_string()), difference: None }]
        }
        Ok(failures) => failures,
    };
    Ok(Tried { report: report.name.clone(), test: trial.name.clone(), failures })
}

fn failures(plan: &Plan, report: &Report, trial: &Trial, memory: usize) -> Result<Vec<Failure>> {
    let scratch = board::scratch()?;
    let made = Made::new(plan, trial);
    let (own, everywhere) = board::board(plan, report, &made, scratch.path())?;
    let quiet = Progress::new(Telling::Quiet);
    let store = open_store(&own, &quiet)?;
    let mut intake = Intake::new(&own, &store, &quiet, 1)?;
    let public = intake.public()?;
    let mut private = intake.private()?;
    let notes = Notes::new(&own, trial, &intake.validation);
    let set_aside = notes.set_aside();
    if !set_aside.is_empty() {
        return Ok(set_aside);
    }
    intake.check()?;
    // In a test the quarter before is empty, whatever the store has.
    private.iter_mut().for_each(|table| table.earlier = Some(Earlier::default()));
    let resources = Resources { threads: 1, memory };
    let engine = engine(&own, &own.work.join(SCRATCH), resources, &private, &public)?;
    let mut linked = link(&engine, &private, &public)?;
    let questions = prepare(&own, &public, &answer::context(&own, &intake))?;
    let mut tables = Vec::new();
    for question in questions {
        let question = question.with_noise(next_to_none)?;
        if question.asked.iter().any(|asked| reads_active(asked.measure)) {
            linked.put_aside(Some(store.stage()?))?;
        }
        let mut ledger = Ledger::open(&own.ledger, &own.board)?;
        let inputs = answer::inputs(&own, &question, &intake, &private);
        let answer = answer::answer(&own, &question, &linked, &mut ledger, inputs)?;
        tables = figures::tables(&own, &question, &answer, &public)?;
    }
    let found = Found { plan, made: &made, tables: &tables, everywhere };
    let mut failures = Vec::new();
    for expected in &trial.expected {
        let lost = || Error::Privacy(format!("`{}` is not in the table that it should be in", expected.figure));
        let differences = found.differences(expected).ok_or_else(lost)?;
        failures.extend(differences.into_iter().map(|difference| failure(report, trial, expected, difference, &notes)));
    }
    Ok(failures)
}

fn failure(report: &Report, trial: &Trial, expected: &Expected, difference: Difference, notes: &Notes<'_>) -> Failure {
    let mut complaint = expected.at.clone();
    complaint.message = format!("the test {} fails: {}", quoted(&trial.name), difference.message());
    complaint.help = match difference.found {
        // The rules are those of every run: see `estimate::ratio`.
        None => Some("nothing is worked out over so few people, here as in a run: give the test more rows".into()),
        Some(_) => notes.help(report, &difference.figure),
    };
    Failure { complaint, difference: Some(difference) }
}

/// A test's name, which may have several words.
fn quoted(name: &str) -> String {
    format!("\"{name}\"")
}
