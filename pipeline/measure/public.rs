//! A measure of a public table: exact, at no cost, for nobody is in it.
//!
//! Nothing here can come near a person: it takes public tables alone, and a condition is evaluated in a session of its
//! own, to which no other table is known. Proved by `measure::spec::public`.

use std::collections::HashMap;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Int32Type, Int64Type};

use crate::config::filter;
use crate::config::plan::{CodeDimension, CodeValue, Geography, Level, Located, Measure, MeasureKind, Plan};
use crate::config::quarter::Quarter;
use crate::engine::{Engine, Limits};
use crate::error::{Error, Result};
use crate::link::{PublicTable, public_table, quoted};
use crate::measure::grid::{MOST_CELLS, Public};
use crate::schema::{Kind, TableSchema};

/// What the session of a condition may hold: public tables are small.
const MEMORY: usize = 256 << 20;

/// The measure at every area level: a vector a level, in the order of the areas that are given for it, then its bands and
/// its codes with `unknown` last, the last dimension changing fastest. All zeros are there.
///
/// `areas` are the names of each level's areas, the last being `unknown`, unless the level has everyone in one area. A row
/// counts in an area where all of the data zones that it names lie: an area code counts at its own level and at those
/// above it, and as `unknown` at a level whose areas divide it.
///
/// # Errors
/// [`Error::Privacy`] where the measure is not of a public table, or has too many cells; [`Error::Input`] where a sum does not fit 64 bits;
/// [`Error::System`] where the engine fails.
pub fn public(plan: &Plan, measure: &Measure, public: &Public, areas: &[&[String]]) -> Result<Vec<Vec<i64>>> {
    let MeasureKind::Public { column, located } = &measure.kind else {
        return Err(Error::Privacy(format!("`{}` is of people: it is measured with noise alone", measure.name)));
    };
    let source = Source::of(plan, public, &measure.table)?;
    let zones = Source::of(plan, public, &plan.geography.table)?;
    let rows = source.rows(measure, plan.quarter)?;
    let values = source.values(column.as_deref())?;
    let covered = covered(&source, &zones, located)?;
    let inner = Inner::of(plan, measure, public, (&source, &zones), &covered)?;
    let outside = || Error::Privacy(format!("`{}` gave a cell outside its public grid", measure.name));
    if areas.len() != plan.geography.levels.len() {
        return Err(outside());
    }
    let at_level = |(level, areas): (&Level, &&[String])| {
        let places = match &level.column {
            None => vec![0; covered.len()],
            Some(column) => area_places(zones.texts(column)?, areas, &covered),
        };
        let size = areas.len().checked_mul(inner.size).filter(|&size| size as u64 <= MOST_CELLS);
        let mut cells = vec![0i64; size.ok_or_else(|| too_many(measure))?];
        for &row in &rows {
            let cell = cells.get_mut(places[row] * inner.size + inner.places[row]).ok_or_else(outside)?;
            *cell = cell.checked_add(values[row]).ok_or_else(|| {
                Error::Input(format!("the sum of `{}` in `{}` is too large", measure.name, measure.table))
            })?;
        }
        Ok(cells)
    };
    plan.geography.levels.iter().zip(areas).map(at_level).collect()
}

fn too_many(measure: &Measure) -> Error {
    Error::Privacy(format!("`{}` has more than {MOST_CELLS} cells; take a dimension out of `by`", measure.name))
}

/// A public table with its schema.
#[derive(Clone, Copy)]
struct Source<'a> {
    table: &'a PublicTable,
    schema: &'a TableSchema,
}

impl<'a> Source<'a> {
    fn of(plan: &'a Plan, public: &'a Public, name: &str) -> Result<Self> {
        let source = plan.sources.iter().find(|source| source.table == name);
        let (Some(source), Some(table)) = (source, public.get(name)) else {
            return Err(Error::Privacy(format!("the public table `{name}` is not among the sources")));
        };
        Ok(Source { table, schema: &source.schema })
    }

    fn len(&self) -> usize {
        self.table.keys().len()
    }

    fn texts(&self, column: &str) -> Result<&'a [Option<String>]> {
        self.table.texts(column).ok_or_else(|| self.lacks(column))
    }

    fn lacks(&self, column: &str) -> Error {
        Error::Privacy(format!("the public table `{}` lacks `{column}`", self.schema.table))
    }

    /// The rows that count.
    fn rows(&self, measure: &Measure, quarter: Quarter) -> Result<Vec<usize>> {
        let Some(condition) = &measure.filter else { return Ok((0..self.len()).collect()) };
        let condition = filter::sql(condition, self.schema, quarter);
        let held = self.evaluated(&format!("CASE WHEN {condition} THEN 1 ELSE 0 END"))?;
        Ok((0..self.len()).filter(|&row| held[row] == Some(1)).collect())
    }

    /// What each row adds: itself, or its number. A blank adds nothing.
    fn values(&self, column: Option<&str>) -> Result<Vec<i64>> {
        let Some(column) = column else { return Ok(vec![1; self.len()]) };
        let number = |text: &Option<String>| text.as_ref().and_then(|text| text.parse().ok()).unwrap_or(0);
        Ok(self.texts(column)?.iter().map(number).collect())
    }

    /// Each row's place in a list of codes; the last for a row that has none.
    fn codes(&self, code: &CodeDimension) -> Result<Vec<usize>> {
        let places = match &code.value {
            CodeValue::Stored => {
                let stored = self.table.codes(&code.column).ok_or_else(|| self.lacks(&code.column))?;
                stored.iter().map(|&place| Some(place)).collect()
            }
            CodeValue::Computed(sql) => {
                let found = self.evaluated(sql)?.into_iter();
                found.map(|place| place.and_then(|place| usize::try_from(place).ok())).collect::<Vec<_>>()
            }
        };
        let last = code.size().saturating_sub(1);
        Ok(places.into_iter().map(|place| place.map_or(last, |place| place.min(last))).collect())
    }

    /// Checked SQL over the columns of each row, which gives a whole number.
    fn evaluated(&self, sql: &str) -> Result<Vec<Option<i64>>> {
        let table = &self.schema.table;
        let limits = Limits { threads: 1, memory: MEMORY, scratch: std::env::temp_dir() };
        let engine = Engine::new(&limits)?;
        engine.register_public(table, self.table.in_words(self.schema))?;
        let sql = format!("SELECT \"row\", CAST({sql} AS BIGINT) AS value FROM {}", quoted(&public_table(table)));
        let mut values = vec![None; self.len()];
        for batch in engine.query(&sql, &format!("reading `{table}`"))? {
            fill(&mut values, &batch)
                .ok_or_else(|| Error::System(format!("the query engine gave no numbers for the rows of `{table}`")))?;
        }
        Ok(values)
    }
}

fn fill(values: &mut [Option<i64>], batch: &RecordBatch) -> Option<()> {
    let rows = batch.column(0).as_primitive_opt::<Int32Type>()?;
    let found = batch.column(1).as_primitive_opt::<Int64Type>()?;
    for at in 0..batch.num_rows() {
        *values.get_mut(usize::try_from(rows.value(at)).ok()?)? = found.is_valid(at).then(|| found.value(at));
    }
    Some(())
}

/// The rows of the area lookup that each row of a table names.
fn covered(source: &Source<'_>, zones: &Source<'_>, located: &Located) -> Result<Vec<Vec<usize>>> {
    match located {
        Located::Lookup => Ok((0..source.len()).map(|row| vec![row]).collect()),
        Located::Reference(column) => {
            let zones = source.table.references(column).ok_or_else(|| source.lacks(column))?;
            Ok(zones.iter().map(|zone| zone.iter().copied().collect()).collect())
        }
        Located::Code(column) => {
            let mut areas: HashMap<&str, Vec<usize>> = HashMap::new();
            let keys = zones.table.keys().iter().enumerate();
            keys.for_each(|(zone, key)| areas.entry(key).or_default().push(zone));
            for (name, _) in zones.schema.columns.iter().filter(|(_, column)| column.kind == Kind::Area && column.keep)
            {
                for (zone, area) in zones.texts(name)?.iter().enumerate() {
                    if let Some(area) = area {
                        areas.entry(area).or_default().push(zone);
                    }
                }
            }
            let zones = |code: &Option<String>| code.as_ref().and_then(|code| areas.get(code.as_str()).cloned());
            Ok(source.texts(column)?.iter().map(|code| zones(code).unwrap_or_default()).collect())
        }
    }
}

/// What all of these zones agree in. A zone that is nowhere there has no say: it is a gap of the lookup, and no other area.
fn agreed<T: PartialEq>(zones: &[usize], of: impl Fn(usize) -> Option<T>) -> Option<T> {
    let mut found = zones.iter().filter_map(|&zone| of(zone));
    let first = found.next()?;
    found.all(|other| other == first).then_some(first)
}

/// Each row's place among the areas of a level.
fn area_places(of_zones: &[Option<String>], areas: &[String], covered: &[Vec<usize>]) -> Vec<usize> {
    let places: HashMap<&str, usize> = areas.iter().zip(0..).map(|(area, place)| (area.as_str(), place)).collect();
    let unknown = areas.len().saturating_sub(1);
    let area = |zones: &Vec<usize>| agreed(zones, |zone| of_zones[zone].as_deref());
    covered.iter().map(|zones| area(zones).and_then(|area| places.get(area).copied()).unwrap_or(unknown)).collect()
}

/// Each row's place within an area: its bands, then its codes.
struct Inner {
    size: usize,
    places: Vec<usize>,
}

impl Inner {
    fn of(
        plan: &Plan,
        measure: &Measure,
        public: &Public,
        (source, zones): (&Source<'_>, &Source<'_>),
        covered: &[Vec<usize>],
    ) -> Result<Self> {
        let mut inner = Inner { size: 1, places: vec![0; source.len()] };
        for &band in &measure.bands {
            let (unknown, places) = band_places(&plan.geography, band, zones, covered)?;
            inner.within(unknown + 1, &places).ok_or_else(|| too_many(measure))?;
        }
        for code in &measure.codes {
            let places = match &code.via {
                None => source.codes(code)?,
                Some(via) => {
                    let codes = Source::of(plan, public, &code.table)?.codes(code)?;
                    let rows = source.table.references(via).ok_or_else(|| source.lacks(via))?;
                    let last = code.size().saturating_sub(1);
                    rows.iter().map(|row| row.map_or(last, |row| codes[row])).collect()
                }
            };
            inner.within(code.size(), &places).ok_or_else(|| too_many(measure))?;
        }
        Ok(inner)
    }

    /// One dimension more; `None` where there are more cells than anyone publishes.
    fn within(&mut self, size: usize, places: &[usize]) -> Option<()> {
        self.size = self.size.checked_mul(size).filter(|&size| size as u64 <= MOST_CELLS)?;
        self.places.iter_mut().zip(places).for_each(|(inner, place)| *inner = *inner * size + place);
        Some(())
    }
}

/// How many bands there are without `unknown`, and each row's.
fn band_places(
    geography: &Geography,
    band: usize,
    zones: &Source<'_>,
    covered: &[Vec<usize>],
) -> Result<(usize, Vec<usize>)> {
    let band = &geography.bands[band];
    let (unknown, of_zones) =
        (band.codes.len(), zones.table.codes(&band.column).ok_or_else(|| zones.lacks(&band.column))?);
    let known = |zone: usize| Some(of_zones[zone]).filter(|place| *place < unknown);
    Ok((unknown, covered.iter().map(|zones| agreed(zones, known).unwrap_or(unknown)).collect()))
}
