//! Runs a bounded query and fills the public grid.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use datafusion::logical_expr::LogicalPlan;

use super::grid::FineGrid;
use super::plan::{Bounded, Pass, bounded, reads_active};
use crate::config::plan::{Measure, MeasureKind, Place, Plan, Rows};
use crate::error::{Error, Result};
use crate::ingest::layout::{BUCKET, BUCKETS};
use crate::link::{Linked, REGISTER};
use crate::privacy::walk::{Buckets, Meeting, Proof, prove};
use crate::privacy::{Private, Role};

/// Rows that one pass may have to hold a person for: pseudonyms, places and the engine's tables take about 100 bytes each.
const ROWS_A_PASS: u64 = 2_000_000;

/// The column that says which people a row is of, for the proof.
const OF_PEOPLE: Buckets = Buckets { column: BUCKET, count: BUCKETS };

/// The measure over its fine grid: exact, and private.
///
/// # Errors
/// [`Error::System`] where the engine fails; [`Error::Privacy`] where the query gives a cell outside the grid.
pub fn measure(plan: &Plan, measure: &Measure, linked: &Linked<'_>, grid: &FineGrid) -> Result<Private<Vec<i64>>> {
    let mut read = measure.tables();
    if !reads_active(measure) && !read.contains(&REGISTER) {
        read.push(REGISTER);
    }
    let rows = read.into_iter().filter_map(|table| linked.tables.get(table)).map(|table| table.stored).sum::<u64>();
    measure_in(rows.div_ceil(ROWS_A_PASS).clamp(1, BUCKETS as u64), plan, measure, linked, grid)
}

/// The same in so many passes over the people, of which there are at most [`BUCKETS`].
pub(crate) fn measure_in(
    passes: u64,
    plan: &Plan,
    measure: &Measure,
    linked: &Linked<'_>,
    grid: &FineGrid,
) -> Result<Private<Vec<i64>>> {
    let asked = Asked { plan, measure, linked, grid };
    // Posts are in no patient's bucket.
    let passes = if measure.rows == Rows::Posts { 1 } else { passes };
    // A practice's clamp is over all of its people, and a pair is anyone's.
    let meet = measure.practitioner.is_some() || matches!(measure.kind, MeasureKind::Pairs { .. });
    if meet && passes > 1 { asked.together(passes) } else { asked.apart(passes) }
}

/// A measure, and where its answer goes.
struct Asked<'a> {
    plan: &'a Plan,
    measure: &'a Measure,
    linked: &'a Linked<'a>,
    grid: &'a FineGrid,
}

impl Asked<'_> {
    /// Passes whose cells are added up: each is proved, and each person is in one.
    fn apart(&self, passes: u64) -> Result<Private<Vec<i64>>> {
        let mut cells = vec![0i64; self.grid.len()];
        let mut proofs = Vec::new();
        let mut reach = 0;
        for number in 0..passes {
            let pass = self.proved(Pass { number, of: passes })?;
            reach = pass.query.reach;
            proofs.extend(pass.proofs);
            self.fill(&mut cells, pass.plan, &pass.query)?;
        }
        Private::measured(cells, self.grid.codes() as usize, reach, &proofs)
    }

    /// People meet before they are clamped or told apart: what is proved is the plan over all of them, and its groups are
    /// computed of some of them at a time.
    fn together(&self, passes: u64) -> Result<Private<Vec<i64>>> {
        let whole = self.proved(Pass::WHOLE)?;
        let meeting = Meeting::of(&whole.plan, &self.linked.sources, OF_PEOPLE)?;
        let mut groups = Vec::new();
        for number in 0..passes {
            let pass = Pass { number, of: passes };
            let (_, plan) = self.planned(pass)?;
            groups.extend(self.linked.engine.run(meeting.part(&plan, pass.buckets())?, &self.during())?);
        }
        let put_together = self.linked.engine.put_together(&whole.plan, meeting.depth(), &groups, &self.during())?;
        let mut cells = vec![0i64; self.grid.len()];
        self.fill(&mut cells, put_together, &whole.query)?;
        Private::measured(cells, self.grid.codes() as usize, whole.query.reach, &whole.proofs)
    }

    fn during(&self) -> String {
        format!("measuring `{}`", self.measure.name)
    }

    fn planned(&self, pass: Pass) -> Result<(Bounded, LogicalPlan)> {
        let query = bounded(self.plan, self.measure, self.linked, self.grid, pass)?;
        let plan = self.linked.engine.plan(&query.sql, &format!("planning `{}`", self.measure.name))?;
        Ok((query, plan))
    }

    fn proved(&self, pass: Pass) -> Result<Proved> {
        let (query, plan) = self.planned(pass)?;
        let roles = protected(self.measure).iter();
        let proofs = roles.map(|&role| prove(&plan, &self.linked.sources, role)).collect::<Result<_>>()?;
        Ok(Proved { query, plan, proofs })
    }

    fn fill(&self, cells: &mut [i64], plan: LogicalPlan, query: &Bounded) -> Result<()> {
        for batch in self.linked.engine.run(plan, &self.during())? {
            fill(cells, &batch, query, self.grid).ok_or_else(|| {
                Error::Privacy(format!("the query of `{}` gave a cell outside its public grid", self.measure.name))
            })?;
        }
        Ok(())
    }
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
    Asked { plan, measure, linked, grid }.proved(pass)
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
