//! Rows by the practice that a practitioner and a patient share, and what a practice's total is clamped to.

use crate::config::plan::{Clamp, Measure, Plan};
use crate::error::{Error, Result};
use crate::ingest::layout::PERSON;
use crate::link::{Linked, posts_sql, quoted, registrations_sql};
use crate::measure::grid::FineGrid;
use crate::measure::plan::{PLACE, Pass};

/// A cell's total, within a clamp that holds 0.
pub(super) fn clamped_sql(total: &str, clamp: Option<Clamp>) -> String {
    clamp.map_or(total.to_owned(), |Clamp { between: (least, greatest) }| {
        format!("least(greatest({total}, {}), {})", least.min(0), greatest.max(0))
    })
}

/// What a measure by practice cannot do without.
pub(super) fn missing(measure: &Measure, what: &str) -> Error {
    Error::Privacy(format!("`{}` is placed by practice, and there is no {what}", measure.name))
}

/// Of the rows those whose practitioner has a post at the practice where the patient is registered, each with it as
/// [`PLACE`].
pub(super) fn at_practice_sql(
    plan: &Plan,
    measure: &Measure,
    linked: &Linked<'_>,
    grid: &FineGrid,
    pass: Pass,
    rows: &str,
) -> Result<String> {
    let missing = |what: &str| missing(measure, what);
    let practices = plan.practices.as_ref().ok_or_else(|| missing("table of practices"))?;
    let posts = linked.tables.get(&practices.posts).ok_or_else(|| missing("table of posts"))?;
    let named = linked.tables[&measure.table].schema.practitioner().ok_or_else(|| missing("column that names them"))?;
    let named = quoted(named);
    let cells = grid.packing().cells();
    let posts = posts_sql(posts, &practices.practitioner, &practices.of_post, cells, plan.quarter);
    let people = format!(
        "SELECT {PERSON}, max(packed) % {cells} AS {PLACE} FROM ({}) WHERE {} GROUP BY {PERSON}",
        registrations_sql(linked, grid.packing(), plan.quarter, None)?,
        pass.condition(),
    );
    Ok(format!(
        "SELECT r.*, q.practice AS {PLACE} FROM ({rows}) AS r JOIN ({posts}) AS q ON r.{named} = q.post JOIN ({people}) AS p \
         ON r.{PERSON} = p.{PERSON} AND q.practice = p.{PLACE} WHERE r.{named} IS NOT NULL"
    ))
}
