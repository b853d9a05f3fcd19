//! What may be behind a figure that is not as its author expects: rows that were set aside, or count in another quarter,
//! people who are not registered, and how much one person may be.

use std::collections::BTreeSet;

use super::Failure;
use crate::config::plan::{Measure, MeasureKind, Plan, Report, Rows};
use crate::config::trial::{Extract, Trial};
use crate::link::REGISTER;
use crate::schema::TableSchema;
use crate::validation::Validation;

/// What is known of the rows of a test.
pub struct Notes<'a> {
    plan: &'a Plan,
    trial: &'a Trial,
    /// Table, the rules that rows of it were set aside for, and how many rows are dated outside the quarter.
    tables: Vec<(String, Vec<String>, u64)>,
}

impl<'a> Notes<'a> {
    /// Of what ingest counted.
    pub fn new(plan: &'a Plan, trial: &'a Trial, validation: &Validation) -> Self {
        let tables = validation.tables.iter().map(|report| {
            let rules = report.total.quarantined_by.keys().cloned().collect();
            (report.table.clone(), rules, report.total.other_quarters)
        });
        Notes { plan, trial, tables: tables.collect() }
    }

    /// A run would set such rows aside, and count none of them: no figure of theirs says what the author means.
    pub fn set_aside(&self) -> Vec<Failure> {
        let given = |table: &str| self.trial.given.iter().find(|it| it.table == table);
        let set_aside = self.tables.iter().filter(|(_, rules, _)| !rules.is_empty());
        let failure = |(table, rules, _): &(String, Vec<String>, u64)| {
            let mut complaint = given(table).map_or(&self.trial.at, |extract| &extract.at).clone();
            let rules = rules.iter().map(|rule| format!("`{rule}`")).collect::<Vec<_>>().join(", ");
            complaint.message = format!(
                "the test {} cannot be run: a row of `{table}` breaks {rules}",
                super::quoted(&self.trial.name)
            );
            let help = format!("a run sets such a row aside and counts it nowhere; see the schema of `{table}`");
            Failure { complaint: complaint.help(help), difference: None }
        };
        set_aside.map(failure).collect()
    }

    /// What an author should look at, where this figure is not as expected.
    pub fn help(&self, report: &Report, figure: &str) -> Option<String> {
        let measure = report.measures.iter().find(|it| it.name == figure)?;
        let mut said = Vec::new();
        let rows =
            self.tables.iter().filter(|(table, _, other)| *other > 0 && measure.tables().contains(&table.as_str()));
        said.extend(rows.map(|(table, _, other)| {
            let quarter = self.plan.quarter;
            format!("{other} of the rows of `{table}` are dated outside {quarter}, and count only where `during: always` is said")
        }));
        said.extend(self.unregistered());
        if let Some(filter) = &measure.filter {
            said.push(format!("only rows count where {filter}"));
        }
        said.extend(bounds(self.plan, measure));
        (!said.is_empty()).then(|| said.join("; "))
    }

    /// Who is spoken of, and is not registered in a test that says who is.
    fn unregistered(&self) -> Option<String> {
        let schema = |table: &str| self.plan.sources.iter().find(|source| source.table == table).map(|it| &it.schema);
        let people = |extract: &Extract| -> BTreeSet<String> {
            let person = schema(&extract.table).and_then(|schema: &std::sync::Arc<TableSchema>| schema.person());
            extract.rows.iter().filter_map(|row| row.get(person?)?.clone()).collect()
        };
        let register = people(self.trial.given.iter().find(|it| it.table == REGISTER)?);
        let others = self.trial.given.iter().flat_map(people).filter(|name| !register.contains(name));
        let others = others.collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(", ");
        (!others.is_empty()).then(|| format!("{others}: in no row of `{REGISTER}`, and so in no area but `unknown`"))
    }
}

/// How much of one person counts, where it may be less than all of their rows.
fn bounds(plan: &Plan, measure: &Measure) -> Option<String> {
    let cells = match (measure.codes.iter().any(|code| code.table != REGISTER || code.via.is_some()), measure.cells) {
        _ if matches!(measure.rows, Rows::Funnel(_) | Rows::Wait(_)) => None,
        (false, _) => None,
        (true, 1) => Some("a person counts in one cell, drawn by lot where their rows are in several".to_string()),
        (true, cells) => {
            Some(format!("a person counts in {cells} cells at most, drawn by lot where their rows are in more"))
        }
    };
    let within = match &measure.kind {
        MeasureKind::Events { at_most: 1 } => Some("of a person one row a cell counts at most".to_string()),
        MeasureKind::Events { at_most } => Some(format!("of a person {at_most} rows a cell count at most")),
        MeasureKind::Sum { of, between: (least, greatest) } => {
            let rows = of.rows.map_or(String::new(), |rows| format!(", of rows of theirs at most {rows}"));
            let whose =
                if measure.rows == Rows::Posts { "what a links worker adds" } else { "a person's total in a cell" };
            let unit = 10f64.powi(places(plan, measure, &of.sql).into());
            let (least, greatest) = (*least as f64 / unit, *greatest as f64 / unit);
            Some(format!("{whose} is held to {least} to {greatest}{rows}"))
        }
        MeasureKind::Pairs { at_most, .. } => Some(format!("of a person {at_most} pairs count at most")),
        MeasureKind::Persons if measure.at_least > 1 => {
            Some(format!("only people with {} rows or more in a cell count", measure.at_least))
        }
        MeasureKind::Persons | MeasureKind::Public { .. } => None,
    };
    let practice = measure.practitioner.map(|clamp| {
        let (least, greatest) = clamp.between;
        format!("a practice's total in a cell is held to {least} to {greatest}")
    });
    let said = [cells, within, practice].into_iter().flatten().collect::<Vec<_>>().join("; ");
    (!said.is_empty()).then_some(said)
}

/// Decimals of the column that a sum is of; none of a calculation.
fn places(plan: &Plan, measure: &Measure, sql: &str) -> u8 {
    let schema = plan.sources.iter().find(|source| source.table == measure.table).map(|source| &source.schema);
    schema.and_then(|schema| schema.columns.get(sql.trim_matches('"'))).map_or(0, |column| column.places)
}
