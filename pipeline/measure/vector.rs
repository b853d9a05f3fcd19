//! Runs a bounded query and fills the public grid.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use datafusion::logical_expr::LogicalPlan;

use super::grid::FineGrid;
use super::plan::{Bounded, Pass, bounded};
use crate::config::plan::{Measure, MeasureKind, Place, Plan, Rows};
use crate::engine::Joins;
use crate::error::{Error, Result};
use crate::ingest::layout::BUCKETS;
use crate::link::Linked;
use crate::privacy::walk::{Proof, prove};
use crate::privacy::{Private, Role};

/// Rows that one pass may have to hold a person for: pseudonyms, places and the engine's tables take about 100 bytes each.
const ROWS_A_PASS: u64 = 2_000_000;

/// Rows beyond which what must be in one pass is joined on disk: a gibibyte, a run's usual memory, holds the joins of some
/// ten million.
const ROWS_IN_MEMORY: u64 = 12_000_000;

/// The measure over its fine grid: exact, and private.
///
/// # Errors
/// [`Error::System`] where the engine fails; [`Error::Privacy`] where the query gives a cell outside the grid.
pub fn measure(plan: &Plan, measure: &Measure, linked: &Linked<'_>, grid: &FineGrid) -> Result<Private<Vec<i64>>> {
    let tables = measure.tables().into_iter().filter_map(|table| linked.tables.get(table));
    let rows = tables.map(|table| table.stored).sum::<u64>();
    // A practice's clamp is over all of its people, and a pair is anyone's: so they must all be in one pass.
    // Posts are in no patient's bucket.
    let together = measure.practitioner.is_some()
        || measure.rows == Rows::Posts
        || matches!(measure.kind, MeasureKind::Pairs { .. });
    let most_passes = if together { 1 } else { BUCKETS as u64 };
    let passes = rows.div_ceil(ROWS_A_PASS).clamp(1, most_passes);
    let joins = if together && rows > ROWS_IN_MEMORY { Joins::Sorted } else { Joins::Hashed };
    let during = format!("measuring `{}`", measure.name);
    let mut cells = vec![0i64; grid.len()];
    let mut proofs = Vec::new();
    let mut reach = 0;
    for number in 0..passes {
        let pass = proved(plan, measure, linked, grid, Pass { number, of: passes })?;
        reach = pass.query.reach;
        proofs.extend(pass.proofs);
        for batch in linked.engine.run_joined(pass.plan, joins, &during)? {
            fill(&mut cells, &batch, &pass.query, grid).ok_or_else(|| {
                Error::Privacy(format!("the query of `{}` gave a cell outside its public grid", measure.name))
            })?;
        }
    }
    Private::measured(cells, grid.codes() as usize, reach, &proofs)
}

/// One pass of a measure, ready to run.
pub struct Proved {
    /// The query.
    pub query: Bounded,
    /// The plan that the engine runs for it, as it is.
    pub plan: LogicalPlan,
    /// What is proved of that plan, a role each. People are split between passes, so each is bounded by the one that
    /// they are in.
    pub proofs: Vec<Proof>,
}

/// Plans one pass of a measure, and proves what one person of each protected role can do to it.
///
/// # Errors
/// [`Error::Privacy`] where the plan cannot be bounded, with its node; [`Error::System`] where the engine refuses it.
pub fn proved(plan: &Plan, measure: &Measure, linked: &Linked<'_>, grid: &FineGrid, pass: Pass) -> Result<Proved> {
    let query = bounded(plan, measure, linked, grid, pass)?;
    let optimised = linked.engine.plan(&query.sql, &format!("planning `{}`", measure.name))?;
    let proofs =
        protected(measure).iter().map(|&role| prove(&optimised, &linked.sources, role)).collect::<Result<_>>()?;
    Ok(Proved { query, plan: optimised, proofs })
}

/// Whom a measure's noise protects. Where people are placed by their practice, practitioners are protected too, by
/// every measure: by those that hold none of them at no cost. Pairs are placed by practice whoever is protected.
pub fn protected(measure: &Measure) -> &'static [Role] {
    let pairs = matches!(measure.kind, MeasureKind::Pairs { .. });
    match measure.place {
        Place::Practice if pairs && measure.practitioner.is_none() => &[Role::Patient],
        Place::Home => &[Role::Patient],
        Place::Practice => &[Role::Patient, Role::Practitioner],
    }
}

/// Adds a batch of results into the grid; `None` where one does not fit it.
pub(super) fn fill(cells: &mut [i64], batch: &RecordBatch, query: &Bounded, grid: &FineGrid) -> Option<()> {
    let codes = grid.codes() as usize;
    let columns =
        batch.columns().iter().map(|column| cast(column, &DataType::Int64).ok()).collect::<Option<Vec<_>>>()?;
    let column = |n: usize| Some(columns.get(n)?.as_primitive::<Int64Type>());
    let places = column(0)?;
    let mut add = |place: i64, code: usize, value: i64| -> Option<()> {
        let place = grid.leaf_place(usize::try_from(place).ok()?)?;
        let cell = cells.get_mut(place.checked_mul(codes)?.checked_add(code)?)?;
        *cell = cell.checked_add(value)?;
        (code < codes).then_some(())
    };
    for row in 0..batch.num_rows() {
        if query.wide {
            for code in 0..codes {
                add(places.value(row), code, column(code + 1)?.value(row))?;
            }
        } else {
            let value = column(2)?;
            let value = if value.is_null(row) { 0 } else { value.value(row) };
            add(places.value(row), usize::try_from(column(1)?.value(row)).ok()?, value)?;
        }
    }
    Some(())
}
