//! People by the furthest stage that they reached after all stages before it.
//!
//! Each person is in one cell, whatever stages there are: so the whole funnel costs what one count costs, and how many
//! reached a stage is the sum over the stages from it on.

use super::grid::FineGrid;
use super::plan::{Pass, counted_sql};
use crate::config::filter;
use crate::config::journey::{STAGE, Stage};
use crate::config::plan::{Measure, Plan};
use crate::error::Result;
use crate::ingest::layout::PERSON;
use crate::link::{Linked, REGISTER, quoted, registrations_sql};

/// One row a person who reached the first stage: `person`, and `stage` from 0.
pub(super) fn rows_sql(
    plan: &Plan,
    measure: &Measure,
    stages: &[Stage],
    linked: &Linked<'_>,
    grid: &FineGrid,
    pass: Pass,
) -> Result<String> {
    let mut reached = Vec::new();
    for (place, stage) in stages.iter().enumerate() {
        let filter = stage.filter.as_deref();
        let rows = if stage.table == REGISTER {
            // People are in a stage of the register as they are in a count of it: by a registration that holds.
            let schema = &linked.table(REGISTER)?.schema;
            let filter = filter.map(|filter| filter::sql(filter, schema, plan.quarter));
            let held = registrations_sql(linked, grid.packing(), plan.quarter, filter.as_deref())?;
            format!("SELECT * FROM ({held}) WHERE {}", pass.condition())
        } else {
            let table = linked.table(&stage.table)?;
            counted_sql(
                plan.quarter,
                (table, measure.place),
                table.schema.dated_by.as_deref(),
                filter,
                measure.during,
                pass,
            )
        };
        reached.push(format!("SELECT {PERSON}, CAST({} AS BIGINT) AS reached FROM ({rows})", 1u64 << place));
    }
    let reached =
        format!("SELECT {PERSON}, bit_or(reached) AS reached FROM ({}) GROUP BY {PERSON}", reached.join(" UNION ALL "));
    // The first stage that is lacking says which was the last.
    let lacking = (1..stages.len()).map(|place| format!("WHEN (reached & {}) = 0 THEN {}", 1u64 << place, place - 1));
    let furthest = format!("CASE {} ELSE {} END", lacking.collect::<Vec<_>>().join(" "), stages.len() - 1);
    Ok(format!("SELECT {PERSON}, {furthest} AS {} FROM ({reached}) WHERE (reached & 1) = 1", quoted(STAGE)))
}
