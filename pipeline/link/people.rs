//! One row a person: several rows of one person in the register collapse to their latest registration.
//!
//! **Invariant 4**: the rule looks at that person's rows alone: the latest `registered_on` among their registrations
//! that hold on the quarter's last day; between two of one day, the one that packs to the greater number. It is one
//! `max` over a whole number that holds the day and every attribute, so it costs one hash aggregate.

use super::{Linked, Table, coded, quoted};
use crate::config::plan::{CodeDimension, CodeValue, Practices};
use crate::config::quarter::Quarter;
use crate::error::{Error, Result};
use crate::ingest::cell::days;
use crate::ingest::layout::{BUCKET, PERSON};
use crate::schema::Kind;

/// The table of registered people.
pub const REGISTER: &str = "patients";
/// Its column for the first day of a registration.
const FROM: &str = "registered_on";
/// Its column for the day on which a registration ended; blank while it holds.
const UNTIL: &str = "deregistered_on";
/// A post's first and last day.
const STARTED: &str = "started_on";
const ENDED: &str = "ended_on";
/// Dates are stored within 200,000 days of 1970-01-01 (`ingest::layout`), so this makes them positive.
const DAY_SHIFT: i64 = 200_001;
const DAYS: i64 = 2 * DAY_SHIFT + 1;

/// A coded attribute of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// SQL over the register's columns: a whole number from 0.
    sql: String,
    /// Values, `unknown` being the last.
    size: u64,
}

impl Attribute {
    /// The row of a public table that a column refers to; a blank is `unknown`.
    pub fn referred(column: &str, size: u64) -> Self {
        Attribute { sql: format!("coalesce(CAST({} AS BIGINT), {})", quoted(column), size - 1), size }
    }

    /// A code of the person.
    pub fn code(dimension: &CodeDimension) -> Self {
        let value = match &dimension.value {
            CodeValue::Stored => quoted(&coded(&dimension.column)),
            CodeValue::Computed(sql) => format!("({sql})"),
        };
        Attribute { sql: format!("CAST({value} AS BIGINT)"), size: dimension.size() as u64 }
    }
}

/// A person's attributes as one number: its remainder by [`Packing::cells`] is the person's place on the grid of
/// attributes, the first attribute changing slowest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packing {
    attributes: Vec<Attribute>,
    cells: u64,
}

impl Packing {
    /// Errors: [`Error::Privacy`] where the attributes together are too many to pack.
    pub fn new(attributes: Vec<Attribute>) -> Result<Self> {
        let cells = attributes.iter().try_fold(1u64, |cells, attribute| cells.checked_mul(attribute.size));
        match cells.filter(|cells| cells.checked_mul(DAYS as u64).is_some_and(|all| all < 1 << 62)) {
            Some(cells) => Ok(Packing { attributes, cells }),
            None => Err(Error::Privacy("the dimensions of people have too many combinations".into())),
        }
    }

    /// Combinations of attributes.
    pub fn cells(&self) -> u64 {
        self.cells
    }

    fn cell_sql(&self) -> String {
        let more = |sql: String, attribute: &Attribute| format!("({sql}) * {} + {}", attribute.size, attribute.sql);
        self.attributes.iter().fold("0".to_owned(), more)
    }
}

/// Registrations that hold on the quarter's last day: `person`, `bucket`, and `packed`, of which each person's greatest is theirs.
pub fn registrations_sql(
    linked: &Linked<'_>,
    packing: &Packing,
    quarter: Quarter,
    also: Option<&str>,
) -> Result<String> {
    Ok(held_sql(&register(linked)?.rows, packing, quarter, also))
}

/// The same of active people alone, where they are kept: all that a measure over another table can need, as long as it
/// does not protect practitioners ([`Linked::put_aside`]).
pub fn active_registrations_sql(linked: &Linked<'_>, packing: &Packing, quarter: Quarter) -> Result<String> {
    let register = register(linked)?;
    let rows = linked.active.as_ref().unwrap_or(&register.rows);
    Ok(held_sql(rows, packing, quarter, None))
}

fn register<'a>(linked: &'a Linked<'_>) -> Result<&'a Table> {
    let missing = || Error::Privacy(format!("the sources have no `{REGISTER}`: people have no areas"));
    linked.tables.get(REGISTER).ok_or_else(missing)
}

fn held_sql(rows: &str, packing: &Packing, quarter: Quarter, also: Option<&str>) -> String {
    let last = date_sql(days(quarter.last_day()));
    let also = also.map_or(String::new(), |condition| format!(" AND ({condition})"));
    format!(
        "SELECT {PERSON}, {BUCKET}, (CAST({from} AS INT) + CAST({DAY_SHIFT} AS BIGINT)) * {} + {} AS packed FROM ({rows}) \
         WHERE {from} <= {last} AND ({until} IS NULL OR {until} > {last}){also}",
        packing.cells,
        packing.cell_sql(),
        from = quoted(FROM),
        until = quoted(UNTIL),
    )
}

/// One row a practitioner: `post`, who they are, and `practice`, the row of theirs in the public list: that of the latest
/// post that they held in the quarter. A table of posts without dates gives the greatest row.
///
/// **Invariant 4**: the rule looks at that practitioner's rows alone.
pub fn posts_sql(posts: &Table, post: &str, practice: &str, practices: u64, quarter: Quarter) -> String {
    let Held { post, packed, condition } = held_posts(posts, post, practice, practices, quarter);
    format!(
        "SELECT {post} AS post, max({packed}) % {practices} AS practice FROM ({}) WHERE {condition} GROUP BY 1",
        posts.rows
    )
}

/// A number of a post.
pub struct PostNumber {
    /// SQL over the columns of posts: a whole number, never blank.
    pub sql: String,
    /// Least and greatest that it gives, inclusive.
    pub between: (i64, i64),
}

/// The same posts as [`posts_sql`] finds, each with its `number`: one row a practitioner. Between posts of one day at one
/// practice it is the greater number.
///
/// # Errors
/// [`Error::Privacy`] where day, practice and number do not fit one whole number.
pub fn numbered_posts_sql(
    posts: &Table,
    practices: &Practices,
    count: u64,
    quarter: Quarter,
    number: &PostNumber,
) -> Result<String> {
    let (least, greatest) = number.between;
    let size = greatest.checked_sub(least).and_then(|width| u64::try_from(width).ok()?.checked_add(1));
    let all = |size: u64| (DAYS as u64).checked_mul(count)?.checked_mul(size);
    let too_many = || Error::Privacy("the posts' number has too wide a range; give it a narrower `between`".into());
    let size = size.filter(|&size| all(size).is_some_and(|all| all < 1 << 62)).ok_or_else(too_many)?;
    let Held { post, packed, condition } =
        held_posts(posts, &practices.practitioner, &practices.of_post, count, quarter);
    // No part is negative; `greatest` says so to the proof.
    let latest = format!(
        "SELECT {post} AS post, greatest(max(({packed}) * {size} + ({} - ({least}))), 0) AS packed FROM ({}) \
         WHERE {condition} GROUP BY 1",
        number.sql, posts.rows
    );
    Ok(format!(
        "SELECT post, packed / {size} % {count} AS practice, packed % {size} + ({least}) AS number FROM ({latest})"
    ))
}

/// How posts that were held in a quarter are told from others, and which of them comes last.
struct Held {
    /// The column that names the practitioner, quoted.
    post: String,
    /// The day, and then the practice, as one whole number from 0.
    packed: String,
    condition: String,
}

fn held_posts(posts: &Table, post: &str, practice: &str, practices: u64, quarter: Quarter) -> Held {
    let dated = |column: &str| posts.schema.columns.get(column).is_some_and(|it| it.keep && it.kind == Kind::Date);
    let (post, practice, started, ended) = (quoted(post), quoted(practice), quoted(STARTED), quoted(ENDED));
    let mut held = format!("{post} IS NOT NULL AND {practice} IS NOT NULL");
    let mut day = "0".to_owned();
    if dated(STARTED) {
        held.push_str(&format!(" AND {started} <= {}", date_sql(days(quarter.last_day()))));
        day = format!("CAST({started} AS INT) + CAST({DAY_SHIFT} AS BIGINT)");
    }
    if dated(ENDED) {
        held.push_str(&format!(" AND ({ended} IS NULL OR {ended} >= {})", date_sql(days(quarter.first_day()))));
    }
    Held { post, packed: format!("({day}) * {practices} + CAST({practice} AS BIGINT)"), condition: held }
}

/// A day as SQL.
pub fn date_sql(day: i64) -> String {
    format!("CAST(CAST({day} AS INT) AS DATE)")
}
