//! A number of posts, added up over practitioners. No patient is in it, and each practitioner is in one cell: that of the
//! practice of their latest post in the quarter, which is where their rows count in every other measure by practice.

use super::plan::{Bounded, PLACE};
use super::practice::missing;
use crate::config::filter;
use crate::config::plan::{Measure, Number, Plan};
use crate::error::Result;
use crate::link::{Linked, PostNumber, numbered_posts_sql};
use crate::measure::grid::FineGrid;

/// The query. A post without the number, or one that fails the condition, adds nothing; a practitioner still counts by
/// it alone, and not by an earlier one.
///
/// # Errors
/// [`crate::error::Error::Privacy`] where a table is missing, or the number's range too wide.
pub(super) fn bounded(
    plan: &Plan,
    measure: &Measure,
    of: &Number,
    linked: &Linked<'_>,
    grid: &FineGrid,
) -> Result<Bounded> {
    let practices = plan.practices.as_ref().ok_or_else(|| missing(measure, "table of practices"))?;
    let posts = linked.table(&measure.table)?;
    let (least, greatest) = of.between;
    let condition = measure.filter.as_deref().map(|filter| filter::sql(filter, &posts.schema, plan.quarter));
    let condition = condition.map_or(String::new(), |condition| format!(" AND ({condition})"));
    let number = PostNumber {
        sql: format!(
            "CASE WHEN ({sql}) IS NOT NULL{condition} THEN least(greatest({sql}, {least}), {greatest}) ELSE 0 END",
            sql = of.sql
        ),
        between: (least.min(0), greatest.max(0)),
    };
    let cells = grid.packing().cells();
    let posts_sql = numbered_posts_sql(posts, practices, cells, plan.quarter, &number)?;
    let sql =
        format!("SELECT practice AS {PLACE}, 0 AS code, sum(number) AS value FROM ({posts_sql}) GROUP BY practice");
    Ok(Bounded { sql, wide: false, reach: posts.reach })
}
