//! What a report is worth, before its first real run: run many times on a fictional board whose true answers are known.
//!
//! The board's people, key, store and ledger are made in a folder of the study's own, which goes when it ends; nothing
//! private that the plan names is opened (`rehearsal`). The truth is released once, by the usual path and under that
//! ledger, with noise that is next to none: the kernel knows no measurement without noise, and none is made for this.
//! Every simulated run then adds the noise of the real plan to it, and goes through the very estimation of a run.

#[cfg(all(test, feature = "cluster-tests"))]
mod cluster_tests;
mod rehearsal;
mod score;
#[cfg(test)]
mod tests;
mod truth;

use super::answer::{self, Answer};
use super::intake::Intake;
use super::next_to_none::next_to_none;
use super::question::{Question, prepare};
use super::{Resources, SCRATCH, engine, fictional, figures, open_store};
use crate::config::plan::{Plan, Rows};
use crate::error::Result;
use crate::link::{Linked, PrivateTable, link};
use crate::measure::grid::{Public, dimensions_of};
use crate::measure::plan::reads_active;
use crate::privacy::Ledger;
use crate::progress::Progress;

pub use rehearsal::Size;
use score::simulate;
pub use score::{Coverage, Errors, Score};
use truth::{Group, Truth};

/// What is asked of a study.
#[derive(Debug, Clone)]
pub struct Asked {
    /// One report; all of the board's where none is named.
    pub report: Option<String>,
    /// How many runs are simulated; at least 1.
    pub runs: usize,
    /// The fictional board, where it is to be another than the plan's.
    pub size: Size,
}

/// What came of it.
#[derive(Debug, Clone)]
pub struct Study {
    /// Registered patients of the board that was studied.
    pub patients: u64,
    /// How many runs were simulated.
    pub runs: usize,
    /// One a report, in the plan's order.
    pub reports: Vec<ReportStudied>,
}

/// One report, studied.
#[derive(Debug, Clone)]
pub struct ReportStudied {
    /// Its name.
    pub name: String,
    /// Its title.
    pub title: String,
    /// One a figure, level and set of dimensions, in the order in which they are published.
    pub tables: Vec<TableStudied>,
}

/// One figure at one level by one set of dimensions: over all its cells, and over all runs.
#[derive(Debug, Clone)]
pub struct TableStudied {
    /// The measure, or the figure that is derived from measures.
    pub figure: String,
    /// The level.
    pub level: String,
    /// The dimensions beside areas.
    pub by: Vec<String>,
    /// The standard deviation of the noise in each cell of this table as drawn, in the measure's unit; `None` where it
    /// follows from other tables, or is no measure.
    pub drawn: Option<f64>,
    /// How near to the truth it was.
    pub score: Score,
}

/// Studies the reports of a fictional board.
///
/// # Errors
/// [`crate::error::Error::Privacy`] where the board is not fictional, or a private source lies elsewhere than in the folder that a run
/// makes; of the stages otherwise.
pub fn study(plan: &Plan, asked: &Asked, resources: Resources, progress: &Progress) -> Result<Study> {
    rehearsal::refuse_real(plan)?;
    let scratch = rehearsal::scratch()?;
    let plan = rehearsal::rehearsal(plan, scratch.path(), &asked.size)?;
    fictional::make(&plan, resources.threads, progress)?;
    let store = open_store(&plan, progress)?;
    let mut intake = Intake::new(&plan, &store, progress, resources.threads)?;
    let public = intake.public()?;
    let private = intake.private()?;
    intake.check()?;
    let engine = engine(&plan, &plan.work.join(SCRATCH), resources, &private, &public)?;
    let mut linked = link(&engine, &private, &public)?;
    let context = answer::context(&plan, &intake);
    let open = rehearsal::without_rules(&plan);
    let wanted = |question: &Question<'_>| asked.report.as_ref().is_none_or(|name| *name == question.report.name);
    let questions = prepare(&plan, &public, &context)?.into_iter().filter(wanted).collect::<Vec<_>>();
    let close = prepare(&open, &public, &context)?.into_iter().filter(wanted);
    let close = close.map(|question| question.with_noise(next_to_none)).collect::<Result<Vec<_>>>()?;
    if questions.iter().flat_map(|it| &it.asked).any(|asked| reads_active(asked.measure)) {
        linked.put_aside(Some(store.stage()?))?;
    }
    let bench =
        Bench { plan: &plan, open: &open, public: &public, linked: &linked, intake: &intake, private: &private };
    let mut reports = Vec::new();
    for (question, close) in questions.iter().zip(&close) {
        let stage = progress.stage(&question.report.name, None);
        reports.push(bench.report(question, close, asked.runs, resources.threads)?);
        stage.finish(0);
    }
    Ok(Study { patients: plan.fictional.as_ref().map_or(0, |it| it.patients), runs: asked.runs, reports })
}

/// What every report of a study draws on.
struct Bench<'a> {
    plan: &'a Plan,
    /// The plan without rules that withhold: the truth has no secrets here.
    open: &'a Plan,
    public: &'a Public,
    linked: &'a Linked<'a>,
    intake: &'a Intake<'a>,
    private: &'a [PrivateTable],
}

impl Bench<'_> {
    fn report(
        &self,
        question: &Question<'_>,
        close: &Question<'_>,
        runs: usize,
        threads: usize,
    ) -> Result<ReportStudied> {
        let known = self.known(close)?;
        let tables = figures::tables(self.open, close, &known, self.public)?;
        let estimated = |figure: &str| !is_public(question, figure);
        let truth = Truth::new(&tables, &estimated);
        let run = || figures::tables(self.plan, question, &known.noised_again(question)?, self.public);
        let scores = simulate(&truth, runs, threads, &run)?;
        let tables = truth.groups.iter().zip(scores).map(|(group, score)| self.table(question, group, score));
        Ok(ReportStudied {
            name: question.report.name.clone(),
            title: question.report.title.clone(),
            tables: tables.collect(),
        })
    }

    /// The truth, released by the usual path, each report's into a ledger of its own.
    fn known(&self, close: &Question<'_>) -> Result<Answer> {
        let path = self.plan.ledger.with_file_name(format!("{}.sqlite", close.report.name));
        let mut ledger = Ledger::open(&path, &self.plan.board)?;
        let inputs = answer::inputs(self.plan, close, self.intake, self.private);
        answer::answer(self.plan, close, self.linked, &mut ledger, inputs)
    }

    fn table(&self, question: &Question<'_>, group: &Group, score: Score) -> TableStudied {
        let dimensions = question.report.measures.iter().flat_map(|measure| dimensions_of(self.plan, measure));
        let dimensions = dimensions.collect::<Vec<_>>();
        let name = |heading: &String| {
            dimensions.iter().find(|it| it.heading == *heading).map_or(heading.clone(), |it| it.name.clone())
        };
        let by = group.by.iter().map(name).collect::<Vec<_>>();
        let level = self.plan.geography.levels[group.level].name.clone();
        TableStudied {
            // A figure that is derived from a measure may have its name.
            drawn: score.unbiased.and_then(|_| drawn(question, &group.figure, group.level, &by)),
            figure: group.figure.clone(),
            level,
            by,
            score,
        }
    }
}

/// Whether a figure is a public measure's own: exact, and so nothing to study.
fn is_public(question: &Question<'_>, figure: &str) -> bool {
    question.asked.iter().any(|asked| asked.measure.name == figure && asked.families.is_empty())
}

/// The noise of a measure's table as drawn. A funnel's figures are sums of cells, and have none of their own.
fn drawn(question: &Question<'_>, figure: &str, level: usize, by: &[String]) -> Option<f64> {
    let own =
        |it: &&super::question::Asked<'_>| it.measure.name == figure && !matches!(it.measure.rows, Rows::Funnel(_));
    let asked = question.asked.iter().find(own)?;
    asked.families.iter().find_map(|family| {
        let is_it = |dims: &[usize]| dims.iter().map(|&dim| &family.grid.dimensions[dim].name).eq(by);
        let found = family.vectors.iter().find(|(table, _)| table.level == level && is_it(&table.dims))?;
        Some(found.1.noise.standard_deviation())
    })
}
