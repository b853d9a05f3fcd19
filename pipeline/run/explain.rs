//! Why a report is safe: where its figures come from, what one person can do to them, and the plan that shows it. From
//! the contract and the public tables alone: the plan of a query does not depend on the rows.

mod plain;

use super::question::{Family, Question, prepare};
use super::{Resources, engine, with_public};
use crate::config::journey::Event;
use crate::config::plan::{Keep, Measure, MeasureKind, Number, Place, Plan, Rows};
use crate::error::{Error, Result};
use crate::link::{
    ACTIVE, Earlier, Linked, PrivateTable, REGISTER, earlier_table, led_table, link, public_table, stored_table,
    token_holders,
};
use crate::measure::grid::Public;
use crate::measure::plan::Pass;
use crate::measure::vector::proved;
use crate::privacy::walk::Proof;
use crate::privacy::{Bounds, Calibrated, Role};
use crate::progress::Progress;
use crate::schema::Sender;
pub use plain::Answered;

/// One report, explained.
pub struct ReportExplained {
    /// Its name.
    pub name: String,
    /// Its title.
    pub title: String,
    /// What it is to people, in plain sentences.
    pub plain: Vec<Answered>,
    /// Its measures, and why each is safe.
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
    /// The noise of each table that is drawn, by what it is given by.
    pub drawn: Vec<(String, Calibrated)>,
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
        let private = private.map(|source| PrivateTable {
            // Whether or not the store has the quarter before.
            earlier: Some(Earlier::default()),
            ..PrivateTable::new(source.schema.clone(), Vec::new())
        });
        let private = private.collect::<Vec<_>>();
        let engine = engine(plan, scratch.path(), resources, &private, public)?;
        let mut linked = link(&engine, &private, public)?;
        linked.put_aside(None)?;
        let wanted = questions.iter().filter(|question| report.is_none_or(|name| question.report.name == name));
        wanted.map(|question| one(plan, question, &linked, public)).collect()
    })
}

fn one(plan: &Plan, question: &Question<'_>, linked: &Linked<'_>, public: &Public) -> Result<ReportExplained> {
    let families = question.asked.iter().flat_map(|asked| &asked.families);
    let measures = families.map(|family| measure(plan, family, linked, public)).collect::<Result<Vec<_>>>()?;
    let plain = plain::plain(plan, question, &measures)?;
    Ok(ReportExplained { name: question.report.name.clone(), title: question.report.title.clone(), plain, measures })
}

fn measure(plan: &Plan, family: &Family, linked: &Linked<'_>, public: &Public) -> Result<MeasureExplained> {
    let (measure, fine) = (&family.measure, &family.fine);
    let pass = proved(plan, measure, linked, fine, Pass { number: 0, of: 1 })?;
    let text = pass.plan.display_indent().to_string();
    let explained = |proof: &Proof| -> Result<ProofExplained> {
        let places = (fine.len() as u64).checked_div(fine.codes()).unwrap_or(0);
        let bounds = proof.bounds(fine.codes(), places)?;
        Ok(ProofExplained { role: proof.role(), bounds, argument: proof.argument().to_vec() })
    };
    let drawn = family.vectors.iter().map(|(table, vector)| {
        let by = table.dims.iter().map(|&dim| family.grid.dimensions[dim].name.as_str());
        let by = std::iter::once(plan.geography.levels[table.level].name.as_str()).chain(by);
        (by.collect::<Vec<_>>().join(" x "), vector.noise.clone())
    });
    Ok(MeasureExplained {
        name: measure.name.clone(),
        counts: counts(measure),
        lineage: lineage(plan, measure, &text, public),
        proofs: pass.proofs.iter().map(explained).collect::<Result<_>>()?,
        drawn: drawn.collect(),
        plan: text,
    })
}

/// What a measure counts, in words; names and conditions in backquotes.
pub(super) fn counts(measure: &Measure) -> String {
    let rows = match (&measure.rows, &measure.kind, measure.table.as_str()) {
        (Rows::Funnel(stages), ..) => {
            let stages = stages.iter().map(|stage| format!("{} (`{}`{})", stage.name, stage.table, on(&stage.filter)));
            let stages = stages.collect::<Vec<_>>().join(", ");
            format!("people by the furthest of these stages that they reached after all before it: {stages}")
        }
        (Rows::Wait(wait), ..) => {
            let on = |filter: &String| format!(" (where {filter})");
            let event =
                |it: &Event| format!("`{}.{}`{}", it.table, it.day, it.filter.as_ref().map(on).unwrap_or_default());
            let (from, to) = (event(&wait.from), event(&wait.to));
            format!("people by the days from their first {from} to their first {to} on that day or later")
        }
        (Rows::Posts, MeasureKind::Sum { of, between: (least, greatest) }, table) => {
            format!(
                "{} over practitioners, each with their latest post in the quarter: {least} to {greatest}",
                summed(of, table)
            )
        }
        (_, MeasureKind::Persons, REGISTER) => "people who are registered on the quarter's last day".into(),
        (_, MeasureKind::Persons, table) => match measure.at_least {
            0 | 1 => format!("people with at least one row of `{table}`"),
            rows => format!("people with at least {rows} rows of `{table}` in a cell"),
        },
        (rows, MeasureKind::Events { at_most }, table) => {
            let by = match rows {
                Rows::Histogram(histogram) => format!(" by `{}`", histogram.column),
                _ => String::new(),
            };
            format!("rows of `{table}`{by}, at most {at_most} a person and cell")
        }
        (_, MeasureKind::Public { column: None, .. }, table) => format!("rows of `{table}`, which is public: exact"),
        (_, MeasureKind::Public { column: Some(column), .. }, table) => {
            format!("the sum of `{table}.{column}`, which is public: exact")
        }
        (_, MeasureKind::Sum { of, between: (least, greatest) }, table) => {
            format!("{}, a person's total in a cell clamped to {least} to {greatest}", summed(of, table))
        }
        (_, MeasureKind::Pairs { of: (first, second), at_most, keep }, table) => {
            let which = match keep {
                Keep::All => "",
                Keep::New => " that the quarter before has not",
                Keep::Lasting => " that the quarter before has too",
            };
            format!("distinct pairs of `{first}` and `{second}` in `{table}`{which}, at most {at_most} a person")
        }
    };
    format!("{rows}{}", on(&measure.filter))
}

/// A condition in words.
fn on(filter: &Option<String>) -> String {
    filter.as_ref().map_or(String::new(), |filter| format!(", where {filter}"))
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
fn lineage(plan: &Plan, measure: &Measure, text: &str, public: &Public) -> Vec<String> {
    let read =
        |name: &str| text.contains(&format!("TableScan: {name} ")) || text.ends_with(&format!("TableScan: {name}"));
    let schemas = plan.sources.iter().map(|source| source.schema.as_ref()).collect::<Vec<_>>();
    // Of a table whose tokens led rows to people, no plan of a measure reads more than what was put aside.
    let leads = |table: &str| {
        let led = schemas.iter().filter(|schema| read(&led_table(&schema.table)));
        led.flat_map(|schema| token_holders(&schema.table, &schemas)).any(|holder| holder == table)
    };
    let private = |table: &str| read(&stored_table(table)) || (table == REGISTER && read(ACTIVE)) || leads(table);
    let sources = plan.sources.iter().filter_map(|source| match source.schema.from {
        Sender::Public if read(&public_table(&source.table)) => Some(format!("{} (public)", source.table)),
        Sender::Practice if private(&source.table) => Some(format!("{} (private, from practices)", source.table)),
        Sender::Organisation if private(&source.table) => {
            Some(format!("{} (private, from organisations)", source.table))
        }
        _ => None,
    });
    let earlier = plan.sources.iter().filter(|source| read(&earlier_table(&source.table)));
    let earlier = earlier.map(|source| format!("{} (private, of the quarter before)", source.table));
    // The grid is made of the lookup before any plan is.
    let lookup =
        public.contains_key(&plan.geography.table).then(|| format!("{} (public, for areas)", plan.geography.table));
    let practices = plan.practices.as_ref().filter(|_| measure.place == Place::Practice);
    let practices = practices.map(|it| format!("{} (public, for areas)", it.table));
    sources.chain(earlier).chain(lookup).chain(practices).collect()
}
