//! Why a report is safe: where its figures come from, what one person can do to them, and the plan that shows it. From
//! the contract and the public tables alone: the plan of a query does not depend on the rows.

use super::question::{Asked, Question, prepare};
use super::{Resources, engine, with_public};
use crate::config::plan::{MeasureKind, Number, Plan};
use crate::error::{Error, Result};
use crate::link::{Linked, PrivateTable, REGISTER, link, public_table, stored_table};
use crate::measure::grid::Public;
use crate::measure::plan::Pass;
use crate::measure::vector::proved;
use crate::privacy::walk::Proof;
use crate::privacy::{Bounds, Calibrated, Role};
use crate::progress::Progress;
use crate::schema::Sender;

/// One report, explained.
pub struct ReportExplained {
    /// Its name.
    pub name: String,
    /// Its title.
    pub title: String,
    /// Its measures.
    pub measures: Vec<MeasureExplained>,
}

/// One measure, explained.
pub struct MeasureExplained {
    /// Its name.
    pub name: String,
    /// What is counted, in words.
    pub counts: String,
    /// The tables that it draws on, each with who sends it.
    pub lineage: Vec<String>,
    /// What is proved of its plan, for each role.
    pub proofs: Vec<ProofExplained>,
    /// Its noise, a level each.
    pub levels: Vec<(String, Calibrated)>,
    /// The engine's plan.
    pub plan: String,
}

/// What one person of a role can do to a measure.
pub struct ProofExplained {
    /// The role.
    pub role: Role,
    /// The bounds, and `None` where nobody of the role moves anything.
    pub bounds: Option<Bounds>,
    /// The argument, a sentence a step.
    pub argument: Vec<String>,
}

/// Explains the reports of a plan, or the one of that name.
///
/// # Errors
/// [`Error::Privacy`] where a plan cannot be bounded; of the public tables otherwise.
pub fn explain(
    plan: &Plan,
    report: Option<&str>,
    resources: Resources,
    progress: &Progress,
) -> Result<Vec<ReportExplained>> {
    with_public(plan, resources, progress, |public, context| {
        let questions = prepare(plan, public, context)?;
        let scratch = tempfile::tempdir().map_err(|e| Error::io("cannot make a folder in", std::env::temp_dir(), e))?;
        // Private tables without rows.
        let private = plan.sources.iter().filter(|source| source.schema.from != Sender::Public);
        let private = private.map(|source| PrivateTable { schema: source.schema.clone(), stored: Vec::new() });
        let private = private.collect::<Vec<_>>();
        let engine = engine(plan, scratch.path(), resources, &private, public)?;
        let linked = link(&engine, &private, public)?;
        let wanted = questions.iter().filter(|question| report.is_none_or(|name| question.report.name == name));
        wanted.map(|question| one(plan, question, &linked, public)).collect()
    })
}

fn one(plan: &Plan, question: &Question<'_>, linked: &Linked<'_>, public: &Public) -> Result<ReportExplained> {
    let measures = question.asked.iter().map(|asked| measure(plan, asked, linked, public)).collect::<Result<_>>()?;
    Ok(ReportExplained { name: question.report.name.clone(), title: question.report.title.clone(), measures })
}

fn measure(plan: &Plan, asked: &Asked<'_>, linked: &Linked<'_>, public: &Public) -> Result<MeasureExplained> {
    let pass = proved(plan, asked.measure, linked, &asked.fine, Pass { number: 0, of: 1 })?;
    let text = pass.plan.display_indent().to_string();
    let explained = |proof: &Proof| -> Result<ProofExplained> {
        let places = (asked.fine.len() as u64).checked_div(asked.fine.codes()).unwrap_or(0);
        let bounds = proof.bounds(asked.fine.codes(), places)?;
        Ok(ProofExplained { role: proof.role(), bounds, argument: proof.argument().to_vec() })
    };
    let levels = asked.levels.iter().zip(&asked.vectors);
    Ok(MeasureExplained {
        name: asked.measure.name.clone(),
        counts: counts(asked),
        lineage: lineage(plan, &text, public),
        proofs: pass.proofs.iter().map(explained).collect::<Result<_>>()?,
        levels: levels.map(|(level, vector)| (level.level.clone(), vector.noise.clone())).collect(),
        plan: text,
    })
}

fn counts(asked: &Asked<'_>) -> String {
    let measure = asked.measure;
    let rows = match (&measure.kind, measure.table.as_str()) {
        (MeasureKind::Persons, REGISTER) => "people who are registered on the quarter's last day".into(),
        (MeasureKind::Persons, table) => match measure.at_least {
            0 | 1 => format!("people with at least one row of `{table}`"),
            rows => format!("people with at least {rows} rows of `{table}` in a cell"),
        },
        (MeasureKind::Events { at_most }, table) => format!("rows of `{table}`, at most {at_most} a person and cell"),
        (MeasureKind::Sum { of, between: (least, greatest) }, table) => {
            format!("{}, a person's total in a cell clamped to {least} to {greatest}", summed(of, table))
        }
    };
    let filter = measure.filter.as_ref().map_or(String::new(), |filter| format!(", where {filter}"));
    format!("{rows}{filter}")
}

/// What a sum adds up.
fn summed(of: &Number, table: &str) -> String {
    let (least, greatest) = of.between;
    // A stored column is a quoted name, and anything else a calculation.
    let value = match of.sql.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(column) if !column.contains('"') => format!("`{table}.{column}`"),
        _ => format!("`{}` in `{table}`, clamped to {least} to {greatest}", of.sql),
    };
    let Some(rows) = of.rows else { return format!("the sum of {value}") };
    let centre = of.centre;
    format!(
        "the sum of {value} less {centre}, over at most {rows} rows a person and cell, each of {least} to {greatest}"
    )
}

/// The tables that the plan reads.
fn lineage(plan: &Plan, text: &str, public: &Public) -> Vec<String> {
    let read =
        |name: &str| text.contains(&format!("TableScan: {name} ")) || text.ends_with(&format!("TableScan: {name}"));
    let sources = plan.sources.iter().filter_map(|source| match source.schema.from {
        Sender::Public if read(&public_table(&source.table)) => Some(format!("{} (public)", source.table)),
        Sender::Practice if read(&stored_table(&source.table)) => {
            Some(format!("{} (private, from practices)", source.table))
        }
        Sender::Organisation if read(&stored_table(&source.table)) => {
            Some(format!("{} (private, from organisations)", source.table))
        }
        _ => None,
    });
    // The grid is made of the lookup before any plan is.
    let lookup =
        public.contains_key(&plan.geography.table).then(|| format!("{} (public, for areas)", plan.geography.table));
    sources.chain(lookup).collect()
}
