//! The bounded query of one measure, and the bounds that follow from its shape.
//!
//! **Invariant 2**, enforced here: every query first reduces each person to at most `cells` cells with a clamped value
//! in each, and only then adds people up. [`Bounded`] is made nowhere else, and takes its bounds from the very numbers
//! that it writes into the query. Which cells of a person are kept is decided by a permutation of the codes drawn from
//! the person's pseudonym, which is the output of a keyed hash: a task that is run again keeps the same ones, and no
//! code is favoured for its place in the list. Proved by `measure::spec`, on random boards too.
//!
//! **Invariant 5**: whole numbers throughout; [`Bounds::check_rows`] proves that no sum can wrap.

use std::ops::Range;

use crate::config::filter;
use crate::config::plan::{Clamp, CodeDimension, CodeValue, Measure, MeasureKind, Place, Plan, Rows};
use crate::config::quarter::Quarter;
use crate::config::report::During;
use crate::error::{Error, Result};
use crate::ingest::cell::days;
use crate::ingest::layout::{BUCKET, BUCKETS, PERSON};
use crate::link::{
    Linked, REGISTER, Table, active_registrations_sql, coded, date_sql, public_rows_sql, quoted, registrations_sql,
};
use crate::measure::grid::FineGrid;
use crate::measure::pairs::Pairs;
use crate::measure::permutation::Permutation;
use crate::measure::practice::{at_practice_sql, clamped_sql};
use crate::measure::{funnel, posts, wait};
use crate::privacy::Bounds;
use crate::schema::Kind;

/// A mask of codes is one 64-bit number; the permutation needs a prime that fits it.
const MOST_MASKED: u64 = 61;
/// Each cell that a mask keeps is a query within a query, and the engine's parser refuses more than a few dozen of them:
/// a person who may keep more cells than this, and not all, goes by the list.
const MOST_CLEARED: u32 = 12;
/// The column that numbers the person's cell.
pub(super) const PLACE: &str = "place";

/// A query with what one person can do to its result.
pub struct Bounded {
    /// SQL for one pass over the people: `place`, the cell of people's attributes, then either one column a code
    /// (`wide`) or `code` and `value`.
    pub sql: String,
    /// Whether each code has a column of its own.
    pub wide: bool,
    /// The most rows that can be added into one cell.
    pub reach: u64,
}

/// Which of several passes over the people a query is. Each holds the people of some buckets only, so that memory stays
/// flat as a board grows; large parts of the store are in bucket order, so all passes together read it once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pass {
    /// Its number, from 0.
    pub number: u64,
    /// How many there are: 1 to [`BUCKETS`].
    pub of: u64,
}

impl Pass {
    /// The one over everybody.
    pub const WHOLE: Self = Pass { number: 0, of: 1 };

    /// The buckets of its people: those of all passes together are all there are, each once.
    pub(super) fn buckets(self) -> Range<i8> {
        let start = |number: u64| i8::try_from(number * BUCKETS as u64 / self.of.max(1)).unwrap_or(BUCKETS);
        start(self.number)..start(self.number + 1)
    }

    pub(super) fn condition(self) -> String {
        let Range { start, end } = self.buckets();
        format!("{BUCKET} >= {start} AND {BUCKET} < {end}")
    }
}

/// The bounds that [`bounded`] enforces: known before any data are opened.
///
/// # Errors
/// [`Error::Privacy`] where they are no bounds.
pub fn bounds(measure: &Measure, grid: &FineGrid) -> Result<Bounds> {
    if counts_registrations(measure) && (measure.kind != MeasureKind::Persons || grid.codes() > 1) {
        // Registrations collapse to people before anything is counted: there is nothing else to count of them.
        return Err(Error::Privacy(format!(
            "`{}` counts registrations; of `{REGISTER}`, only persons by their own columns can be counted",
            measure.name
        )));
    }
    if measure.is_public() {
        return Err(Error::Privacy(format!("`{}` is public: it is exact, and nothing bounds it", measure.name)));
    }
    let patient = patient_bounds(measure, grid)?;
    let Some(clamp) = &measure.practitioner else { return Ok(patient) };
    // One practitioner is in one practice, whose cells are within the clamp with them and without; absent, they are 0.
    let width = clamp.between.1.max(0).saturating_sub(clamp.between.0.min(0));
    Ok(patient.or(&Bounds::new(narrow(grid.codes()), -width, width)?))
}

/// Whether it counts the register itself, whose rows are no events of a person.
fn counts_registrations(measure: &Measure) -> bool {
    measure.table == REGISTER && !measure.is_journey()
}

/// What one patient can do: at most so many cells, of those that one place has.
fn patient_bounds(measure: &Measure, grid: &FineGrid) -> Result<Bounds> {
    let (low, high) = one_person(measure);
    Bounds::new(narrow(u64::from(measure.cells).min(grid.codes())), low, high)
}

fn narrow(cells: u64) -> u32 {
    cells.try_into().unwrap_or(u32::MAX)
}

/// Least and greatest that one patient adds to a cell.
fn one_person(measure: &Measure) -> (i64, i64) {
    match &measure.kind {
        MeasureKind::Persons => (0, 1),
        MeasureKind::Events { at_most } => (0, i64::from(*at_most)),
        MeasureKind::Sum { between, .. } => *between,
        // Nobody is in it.
        MeasureKind::Public { .. } => (0, 0),
        // All of a person's pairs may be in one cell. Against another quarter they may take a pair away: it is then new.
        MeasureKind::Pairs { at_most, .. } => (-i64::from(*at_most), i64::from(*at_most)),
    }
}

/// The least that a cell can be: 0, unless a sum may be negative.
pub fn floor(measure: &Measure) -> i64 {
    let is_sum = matches!(measure.kind, MeasureKind::Sum { .. });
    if is_sum && one_person(measure).0 < 0 { i64::MIN } else { 0 }
}

/// Whether a measure reads the registrations of active people alone. One by practice protects practitioners too, of whom
/// the proof knows that the register names none, and not that nobody is active for a practitioner's rows.
pub fn reads_active(measure: &Measure) -> bool {
    measure.table != REGISTER && measure.place == Place::Home
}

/// Writes the bounded query of a measure.
///
/// # Errors
/// [`Error::Privacy`] where a table is missing or a sum could overflow.
pub fn bounded(plan: &Plan, measure: &Measure, linked: &Linked<'_>, grid: &FineGrid, pass: Pass) -> Result<Bounded> {
    let bounds = bounds(measure, grid)?;
    let table = linked.table(&measure.table)?;
    let reach = reach(measure, linked)?;
    if counts_registrations(measure) {
        let condition = measure.filter.as_deref().map(|filter| filter::sql(filter, &table.schema, plan.quarter));
        let people = registrations_sql(linked, grid.packing(), plan.quarter, condition.as_deref())?;
        let sql = format!(
            "SELECT packed % {cells} AS {PLACE}, 0 AS code, count(*) AS value FROM \
             (SELECT {PERSON}, max(packed) AS packed FROM ({people}) WHERE {} GROUP BY {PERSON}) GROUP BY 1",
            pass.condition(),
            cells = grid.packing().cells(),
        );
        return Ok(Bounded { sql, wide: false, reach });
    }
    if let (Rows::Posts, MeasureKind::Sum { of, .. }) = (&measure.rows, &measure.kind) {
        return posts::bounded(plan, measure, of, linked, grid);
    }
    let rows = rows_sql(plan, measure, linked, grid, pass)?;
    if let MeasureKind::Pairs { of, at_most, keep } = &measure.kind {
        let asked = Pairs { of, at_most: *at_most, keep: *keep };
        return asked.bounded(plan, measure, linked, grid, rows, pass);
    }
    if let Some(clamp) = &measure.practitioner {
        let values = Values::of(measure, table)?;
        let rows = at_practice_sql(plan, measure, linked, grid, pass, &rows)?;
        let sql = practice_sql(measure, grid, &rows, &values, *clamp)?;
        return Ok(Bounded { sql, wide: false, reach });
    }
    let registrations = match reads_active(measure) {
        true => active_registrations_sql(linked, grid.packing(), plan.quarter)?,
        false => registrations_sql(linked, grid.packing(), plan.quarter, None)?,
    };
    let people = format!("SELECT * FROM ({registrations}) WHERE {}", pass.condition());
    let short = bounds.cells() <= MOST_CLEARED || u64::from(bounds.cells()) >= grid.codes();
    let by_mask = measure.kind == MeasureKind::Persons && grid.codes() <= MOST_MASKED && short;
    let sql = if by_mask {
        masked_sql(&at_least_sql(&rows, measure.at_least), &people, bounds.cells(), grid)
    } else {
        let values = Values::of(measure, table)?;
        listed_sql(&rows, &people, &values, &bounds, grid)
    };
    Ok(Bounded { sql, wide: by_mask, reach })
}

/// The most rows that can be added into one cell: of who is followed over tables, no more than those have together.
fn reach(measure: &Measure, linked: &Linked<'_>) -> Result<u64> {
    let tables = measure.tables().into_iter().map(|table| linked.table(table));
    tables.map(|table| table.map(|table| table.reach)).sum()
}

/// The rows of a private table that count: of one pass, of the quarter where they have a day, and under a condition.
pub(super) fn counted_sql(
    quarter: Quarter,
    (table, place): (&Table, Place),
    day: Option<&str>,
    filter: Option<&str>,
    during: During,
    pass: Pass,
) -> String {
    let mut conditions = vec![pass.condition()];
    if let (During::Quarter, Some(day)) = (during, day) {
        let (first, last) = (days(quarter.first_day()), days(quarter.last_day()));
        conditions.push(format!("{} BETWEEN {} AND {}", quoted(day), date_sql(first), date_sql(last)));
    }
    let filter = filter.map(|filter| filter::sql(filter, &table.schema, quarter));
    conditions.extend(filter.map(|filter| format!("({filter})")));
    let rows = if place == Place::Home { &table.patients_rows } else { &table.rows };
    format!("SELECT * FROM ({rows}) WHERE {}", conditions.join(" AND "))
}

/// The rows that count: `person`, `code` (the combination of the rows' own codes) and the columns of the relation.
fn rows_sql(plan: &Plan, measure: &Measure, linked: &Linked<'_>, grid: &FineGrid, pass: Pass) -> Result<String> {
    let rows = match &measure.rows {
        Rows::Table | Rows::Histogram(_) | Rows::Posts => {
            return table_rows_sql(plan, measure, linked.table(&measure.table)?, plan.quarter, grid, pass);
        }
        Rows::Funnel(stages) => funnel::rows_sql(plan, measure, stages, linked, grid, pass)?,
        Rows::Wait(wait) => wait::rows_sql(plan, measure, wait, linked, pass)?,
    };
    coded_sql(plan, rows, grid)
}

/// The rows of one table that count for a quarter, with their `code`.
pub(super) fn table_rows_sql(
    plan: &Plan,
    measure: &Measure,
    table: &Table,
    quarter: Quarter,
    grid: &FineGrid,
    pass: Pass,
) -> Result<String> {
    let day = table.schema.dated_by.as_deref();
    let rows = counted_sql(quarter, (table, measure.place), day, measure.filter.as_deref(), measure.during, pass);
    coded_sql(plan, rows, grid)
}

/// Rows with their `code`.
fn coded_sql(plan: &Plan, rows: String, grid: &FineGrid) -> Result<String> {
    let (mut own, mut joins) = (String::new(), String::new());
    let mut code = "0".to_owned();
    for (number, dimension) in grid.row_codes().iter().enumerate() {
        let size = dimension.size();
        let computed = format!("\"code {number}\"");
        let value = match (&dimension.via, &dimension.value) {
            (None, CodeValue::Stored) => format!("CAST(r.{} AS BIGINT)", quoted(&coded(&dimension.column))),
            (None, CodeValue::Computed(sql)) => {
                // Beneath the joins, so that it can name a column of no other table.
                own = format!("{own}, {sql} AS {computed}");
                format!("CAST(r.{computed} AS BIGINT)")
            }
            (Some(via), _) => {
                let lookup = lookup_sql(plan, dimension, &computed)?;
                joins = format!("{joins} LEFT JOIN ({lookup}) AS l{number} ON r.{} = l{number}.\"row\"", quoted(via));
                format!("coalesce(CAST(l{number}.{computed} AS BIGINT), {})", size - 1)
            }
        };
        code = format!("({code}) * {size} + {value}");
    }
    let rows = if own.is_empty() { rows } else { format!("SELECT *{own} FROM ({rows})") };
    Ok(format!("SELECT r.*, {code} AS code FROM ({rows}) AS r{joins}"))
}

/// A public table as rows lead to it: its `row`, and the code of a dimension under a name.
fn lookup_sql(plan: &Plan, dimension: &CodeDimension, name: &str) -> Result<String> {
    let schema = plan.sources.iter().find(|source| source.table == dimension.table).map(|source| &source.schema);
    let schema = schema.ok_or_else(|| Error::Privacy(format!("the sources have no table `{}`", dimension.table)))?;
    let code = match &dimension.value {
        CodeValue::Stored => quoted(&coded(&dimension.column)),
        CodeValue::Computed(sql) => sql.clone(),
    };
    Ok(format!("SELECT \"row\", {code} AS {name} FROM ({})", public_rows_sql(schema)))
}

/// One row a person and code, for those who have at least so many rows with it.
fn at_least_sql(rows: &str, at_least: u32) -> String {
    if at_least <= 1 {
        return rows.to_owned();
    }
    format!("SELECT {PERSON}, code FROM ({rows}) GROUP BY {PERSON}, code HAVING count(*) >= {at_least}")
}

/// Distinct people: one aggregate a person with the codes as bits of a mask, of which the lowest are kept.
fn masked_sql(rows: &str, people: &str, cells: u32, grid: &FineGrid) -> String {
    let codes = grid.codes();
    let permutation = Permutation::of(codes);
    let all_kept = u64::from(cells) >= codes;
    let bit = |key: &str, code: &str| if all_kept { code.to_owned() } else { permutation.place_sql(key, code) };
    let masks = format!(
        "SELECT {PERSON}, bit_or(CAST(1 AS BIGINT) << ({})) AS m0 FROM (SELECT {PERSON}, code, {} AS key FROM ({rows})) \
         GROUP BY {PERSON}",
        bit("key", "code"),
        permutation.key_sql()
    );
    // One person may have several registrations; all of them carry the same mask.
    let mut sql = format!(
        "SELECT e.{PERSON}, max(e.m0) AS m0, max(p.packed) AS packed FROM ({masks}) AS e LEFT JOIN ({people}) AS p \
         ON e.{PERSON} = p.{PERSON} GROUP BY e.{PERSON}"
    );
    let mut kept = "m0".to_owned();
    if !all_kept {
        // m & (m - 1) clears the lowest bit; what `cells` clearings took away is what is kept.
        for n in 1..=cells {
            let last = format!("m{}", n - 1);
            sql = format!("SELECT {PERSON}, packed, m0, {last} & ({last} - 1) AS m{n} FROM ({sql})");
        }
        kept = format!("m0 - m{cells}");
    }
    let unknown = grid.packing().cells() - 1;
    let sql = format!(
        "SELECT coalesce(packed % {}, {unknown}) AS {PLACE}, {} AS key, {kept} AS kept FROM ({sql})",
        grid.packing().cells(),
        permutation.key_sql()
    );
    let columns = (0..codes).map(|code| format!("sum((kept >> ({})) & 1) AS c{code}", bit("key", &code.to_string())));
    format!("SELECT {PLACE}, {} FROM ({sql}) GROUP BY {PLACE}", columns.collect::<Vec<_>>().join(", "))
}

/// What a row adds to its person's cell, and which rows do.
struct Values {
    of_row: String,
    /// At most so many rows of a person in a cell, those that come first in an order.
    first: Option<(u32, String)>,
    /// At least so many, or none of them.
    at_least: u32,
}

impl Values {
    fn of(measure: &Measure, table: &Table) -> Result<Self> {
        let MeasureKind::Sum { of, .. } = &measure.kind else {
            return Ok(Values { of_row: "1".into(), first: None, at_least: measure.at_least });
        };
        let too_wide = || Error::Privacy(format!("`{}` has a range too wide to add up", measure.name));
        let (least, greatest) = of.between;
        let ends = least.checked_sub(of.centre).zip(greatest.checked_sub(of.centre)).ok_or_else(too_wide)?;
        // The rows of one person are added before they are clamped: that sum must not wrap either.
        Bounds::new(1, ends.0, ends.1)?.check_rows(table.stored)?;
        // A blank is passed over by `least` and `greatest`, and would be taken for an end of the range.
        let clamped = format!("least(greatest({}, {least}), {greatest})", of.sql);
        let of_row = format!("CASE WHEN ({}) IS NULL THEN 0 ELSE {clamped} - ({}) END", of.sql, of.centre);
        let first = of.rows.map(|rows| (rows, order(table, &of_row)));
        Ok(Values { of_row, first, at_least: measure.at_least })
    }

    /// The rows that count, of those of a person in a cell.
    fn counted(&self, rows: &str, within: &str) -> String {
        let Some((most, order)) = &self.first else { return rows.to_owned() };
        format!(
            "SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY {PERSON}{within}, code ORDER BY {order}) AS \"turn\" \
             FROM ({rows})) WHERE \"turn\" <= {most}"
        )
    }
}

/// The order in which rows of one person and cell are kept: by the tokens that tell them apart, which are the output of a
/// keyed hash and so favour no row; in a table without any, by date and then by value. Rows that agree in all of it add
/// the same, so a task that is run again gives the same sum.
fn order(table: &Table, of_row: &str) -> String {
    let columns = &table.schema.columns;
    let is_token = |name: &&String| columns.get(*name).is_some_and(|it| it.kind == Kind::Token && it.keep);
    let mut order = table.schema.unique.iter().filter(is_token).map(|name| quoted(name)).collect::<Vec<_>>();
    order.extend(table.schema.dated_by.as_deref().map(quoted));
    order.push(of_row.to_owned());
    order.join(", ")
}

/// A person's total in each cell, clamped; of a person's cells the first few by permutation. `within`: further columns
/// that a person's cells agree in.
fn listed_cells_sql(rows: &str, values: &Values, bounds: &Bounds, grid: &FineGrid, within: &str) -> String {
    let permutation = Permutation::of(grid.codes());
    let having = if values.at_least > 1 { format!(" HAVING count(*) >= {}", values.at_least) } else { String::new() };
    let clamped = format!(
        "SELECT {PERSON}{within}, code, least(greatest(sum({}), {}), {}) AS value FROM ({}) GROUP BY {PERSON}{within}, code{having}",
        values.of_row,
        bounds.low(),
        bounds.high(),
        values.counted(rows, within)
    );
    if u64::from(bounds.cells()) >= grid.codes() {
        return clamped;
    }
    format!(
        "SELECT {PERSON}{within}, code, value FROM (SELECT {PERSON}{within}, code, value, row_number() OVER (PARTITION BY \
         {PERSON}{within} ORDER BY {}) AS turn FROM (SELECT {PERSON}{within}, code, value, {} AS key FROM ({clamped}))) \
         WHERE turn <= {}",
        permutation.place_sql("key", "code"),
        permutation.key_sql(),
        bounds.cells()
    )
}

/// Rows and sums, placed by the person's own place.
fn listed_sql(rows: &str, people: &str, values: &Values, bounds: &Bounds, grid: &FineGrid) -> String {
    let kept = listed_cells_sql(rows, values, bounds, grid, "");
    // One row a person on this side, so that a person has one place whatever the code.
    let places = format!("SELECT {PERSON}, max(packed) AS packed FROM ({people}) GROUP BY {PERSON}");
    let placed = format!(
        "SELECT e.code, e.value, p.packed FROM ({kept}) AS e LEFT JOIN ({places}) AS p ON e.{PERSON} = p.{PERSON}"
    );
    let (cells, unknown) = (grid.packing().cells(), grid.packing().cells() - 1);
    format!(
        "SELECT coalesce(packed % {cells}, {unknown}) AS {PLACE}, code, sum(value) AS value FROM ({placed}) GROUP BY 1, 2"
    )
}

/// Practitioners are protected too, by nested clamps: sum over practices of clamp(sum over the practice's patients of
/// clamp(their total)).
///
/// Only rows count whose practitioner has a post at the practice where the patient is registered. So a patient moves the
/// cells of one practice, and so does a practitioner: nobody's rows decide where another's are counted, which keeping
/// the "main" practice of either would. A contact by a colleague who covers from elsewhere is left out by this.
fn practice_sql(measure: &Measure, grid: &FineGrid, rows: &str, values: &Values, clamp: Clamp) -> Result<String> {
    let bounds = patient_bounds(measure, grid)?;
    let kept = listed_cells_sql(rows, values, &bounds, grid, &format!(", {PLACE}"));
    Ok(format!("SELECT {PLACE}, code, {} AS value FROM ({kept}) GROUP BY 1, 2", clamped_sql("sum(value)", Some(clamp))))
}
