//! People by the days from their first event of one kind to their first of another, on that day or later.
//!
//! Both are a person's own: the tables are joined on the person, and each person is in one cell, those who wait still in
//! a cell of theirs.

use super::plan::{Pass, counted_sql};
use crate::config::journey::{DAYS, Event, Wait};
use crate::config::plan::{Measure, Plan};
use crate::config::report::During;
use crate::error::Result;
use crate::ingest::layout::PERSON;
use crate::link::{Linked, quoted};

/// One row a person who has the first event: `person`, and `days`, blank where there is no second.
pub(super) fn rows_sql(plan: &Plan, measure: &Measure, wait: &Wait, linked: &Linked<'_>, pass: Pass) -> Result<String> {
    let began = events_sql(plan, measure, &wait.from, measure.during, linked, pass)?;
    // Whoever waits from one quarter into the next is not to be lost: the second event may be of any quarter.
    let ended = events_sql(plan, measure, &wait.to, During::Always, linked, pass)?;
    Ok(format!(
        "SELECT b.{PERSON}, min(e.day) - b.day AS {} FROM (SELECT {PERSON}, min(day) AS day FROM ({began}) GROUP BY {PERSON}) \
         AS b LEFT JOIN ({ended}) AS e ON b.{PERSON} = e.{PERSON} AND e.day >= b.day GROUP BY b.{PERSON}, b.day",
        quoted(DAYS)
    ))
}

/// The events that count: `person`, and `day` as a whole number. One without a day is at no time, and begins or ends no
/// wait.
fn events_sql(
    plan: &Plan,
    measure: &Measure,
    event: &Event,
    during: During,
    linked: &Linked<'_>,
    pass: Pass,
) -> Result<String> {
    let table = (linked.table(&event.table)?, measure.place);
    let rows = counted_sql(plan.quarter, table, Some(&event.day), event.filter.as_deref(), during, pass);
    let day = quoted(&event.day);
    Ok(format!("SELECT {PERSON}, CAST(CAST({day} AS INT) AS BIGINT) AS day FROM ({rows}) WHERE {day} IS NOT NULL"))
}
