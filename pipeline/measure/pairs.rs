//! Distinct pairs of a practitioner and an organisation: working links.
//!
//! Each person keeps at most so many pairs, then pairs are made distinct over people, and only then counted by cell: one
//! person's absence changes at most so many pairs, each by one. Bounding after the distinct, or not at all, would leave
//! whoever alone holds many pairs in plain sight (google/differential-privacy#84).
//!
//! Which pairs a person keeps is decided by a linear hash of the pair, whose two factors come from the person's pseudonym,
//! which is the output of a keyed hash: any two pairs are as likely to come in either order, and a task that is run
//! again keeps the same ones.
//!
//! Against the quarter before, a person keeps so many pairs of both quarters together. A pair is in a quarter where someone
//! who keeps it has it there, so a person's absence again changes at most so many pairs, whichever quarter they had them
//! in: a pair may go, or be new where it was lasting. Both quarters are placed by today's register and posts: a pair has
//! one place.

use crate::config::plan::{Keep, Measure, Plan};
use crate::error::{Error, Result};
use crate::ingest::layout::PERSON;
use crate::link::{Linked, quoted};
use crate::measure::grid::FineGrid;
use crate::measure::plan::{Bounded, PLACE, Pass, table_rows_sql};
use crate::measure::practice::{at_practice_sql, clamped_sql};

/// Two primes below 2^30, so that products of remainders fit 64 bits, and their sum too.
const PRIMES: (u64, u64) = (1_073_741_789, 1_073_741_783);
/// Bits that say in which quarters a pair was seen.
const NOW: u8 = 2;
const BEFORE: u8 = 1;

/// What is asked of pairs.
pub(super) struct Pairs<'a> {
    /// The columns of a pair.
    pub of: &'a (String, String),
    /// Most pairs of a person.
    pub at_most: u32,
    /// Which of them count.
    pub keep: Keep,
}

impl Pairs<'_> {
    /// The query. `rows`: those of the quarter that count, with their code.
    ///
    /// # Errors
    /// [`Error::Privacy`] where a table is missing.
    pub fn bounded(
        &self,
        plan: &Plan,
        measure: &Measure,
        linked: &Linked<'_>,
        grid: &FineGrid,
        rows: String,
        pass: Pass,
    ) -> Result<Bounded> {
        let missing = |table: &str| Error::Privacy(format!("`{}` needs `{table}`, which is not there", measure.name));
        let table = linked.tables.get(&measure.table).ok_or_else(|| missing(&measure.table))?;
        let mut reach = table.reach;
        let mut seen = self.seen_sql(&rows, NOW);
        if self.keep.needs_earlier() {
            let earlier = linked.earlier.get(&measure.table);
            let earlier = earlier.ok_or_else(|| missing(&format!("{} of the quarter before", measure.table)))?;
            let before = table_rows_sql(plan, measure, earlier, plan.quarter.before(1), grid, pass)?;
            seen = format!("{seen} UNION ALL {}", self.seen_sql(&before, BEFORE));
            reach = reach.saturating_add(earlier.reach);
        }
        let placed = at_practice_sql(plan, measure, linked, grid, pass, &seen)?;
        let pairs = self.distinct_sql(&self.kept_sql(&placed));
        let total = clamped_sql("count(*)", measure.practitioner);
        let sql = format!("SELECT {PLACE}, code, {total} AS value FROM ({pairs}) GROUP BY {PLACE}, code");
        Ok(Bounded { sql, wide: false, reach })
    }

    /// The columns of a pair, quoted.
    fn columns(&self) -> (String, String) {
        (quoted(&self.of.0), quoted(&self.of.1))
    }

    /// A person's pairs in one quarter, a row each time that they stand in the rows.
    fn seen_sql(&self, rows: &str, quarter: u8) -> String {
        let (first, second) = self.columns();
        format!("SELECT {PERSON}, {first}, {second}, code, {quarter} AS seen FROM ({rows}) WHERE {first} IS NOT NULL")
    }

    /// The pairs that each person keeps.
    fn kept_sql(&self, placed: &str) -> String {
        let (first, second) = self.columns();
        let pair = format!("{PLACE}, code, {first}, {second}");
        let own = format!("SELECT {PERSON}, {pair}, bit_or(seen) AS seen FROM ({placed}) GROUP BY {PERSON}, {pair}");
        format!(
            "SELECT {pair}, seen FROM (SELECT {PERSON}, {pair}, seen, row_number() OVER (PARTITION BY {PERSON}, {PLACE} \
             ORDER BY {}, {first}, {second}) AS turn FROM ({own})) WHERE turn <= {}",
            turn_sql(&first, &second),
            self.at_most
        )
    }

    /// Each pair once, whoever keeps it, where it was seen in the quarters that are asked for.
    fn distinct_sql(&self, kept: &str) -> String {
        let (first, second) = self.columns();
        let seen = match self.keep {
            Keep::All | Keep::New => NOW,
            Keep::Lasting => NOW | BEFORE,
        };
        let pair = format!("{PLACE}, code, {first}, {second}");
        format!(
            "SELECT {PLACE}, code FROM (SELECT {pair}, bit_or(seen) AS seen FROM ({kept}) GROUP BY {pair}) WHERE seen = {seen}"
        )
    }
}

/// The hash by which a person's pairs are ordered: a x practitioner + b x organisation modulo a prime, with a and b
/// from the person. Organisations are numbered from 2, so that the one that nobody knows is 1 and none is 0.
fn turn_sql(first: &str, second: &str) -> String {
    let (p, q) = PRIMES;
    let rest = |of: &str, by: u64| format!("CAST({of} % CAST({by} AS DECIMAL(38, 0)) AS BIGINT)");
    format!(
        "({} * {} + {} * (coalesce(CAST({second} AS BIGINT), -1) + 2)) % {p}",
        rest(PERSON, p),
        rest(first, p),
        rest(PERSON, q)
    )
}
