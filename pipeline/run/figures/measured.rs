//! One measure's published tables, found by level and dimensions.

use super::cells::Cells;
use crate::config::derived::SmallNumbers;
use crate::config::figures::Zeros;
use crate::config::plan::{Measure, MeasureKind, Plan};
use crate::error::{Error, Result};
use crate::estimate::count::{Counted, Named, Together, counted};
use crate::estimate::interval::multiplier;
use crate::estimate::small_numbers::Policy;
use crate::measure::grid::{Public, dimensions_of};
use crate::measure::plan::floor;
use crate::measure::public::public;
use crate::privacy::{Mechanism, Released};
use crate::run::question::{Asked, Family};
use crate::schema::Kind;

/// The published tables of one measure.
pub struct Measured {
    tables: Vec<Cells>,
}

impl Measured {
    /// Estimates every family of a measure's tables; `small`: the board's rule for small numbers, if it has one.
    ///
    /// # Errors
    /// [`Error::Privacy`] where they do not follow from what was drawn.
    pub fn drawn(
        plan: &Plan,
        asked: &Asked<'_>,
        vectors: &[Vec<Released>],
        small: Option<SmallNumbers>,
    ) -> Result<Self> {
        let places = places(plan, asked.measure);
        let families = asked.families.iter().zip(vectors);
        let families = families.map(|(family, vectors)| estimated(family, vectors, places, small));
        Ok(Measured { tables: families.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect() })
    }

    /// The tables of a public measure: exact.
    ///
    /// # Errors
    /// As [`public`].
    pub fn public(plan: &Plan, measure: &Measure, tables: &Public, areas: &[&[String]]) -> Result<Self> {
        let dimensions = dimensions_of(plan, measure);
        let sizes = dimensions.iter().map(|dimension| dimension.values.len()).collect::<Vec<_>>();
        let mut all = Vec::new();
        for (level, values) in public(plan, measure, tables, areas)?.iter().enumerate() {
            for dims in &measure.tables {
                let own = dims.iter().map(|&dim| dimensions[dim].clone()).collect();
                all.push(Cells::public(level, own, places(plan, measure), &summed(values, &sizes, dims)));
            }
        }
        Ok(Measured { tables: all })
    }

    /// The tables at a level.
    pub fn at(&self, level: usize) -> impl Iterator<Item = &Cells> {
        self.tables.iter().filter(move |cells| cells.level == level)
    }

    /// The table at a level by those of `dims` that the measure has.
    ///
    /// # Errors
    /// [`Error::Privacy`] where it is not published.
    pub fn by(&self, level: usize, dims: &[&str]) -> Result<&Cells> {
        let known = |name: &&&str| self.tables.iter().any(|cells| cells.position(name).is_some());
        let wanted = dims.iter().filter(known).count();
        let fits =
            |cells: &&Cells| cells.dimensions.len() == wanted && cells.names().iter().all(|name| dims.contains(name));
        self.at(level).find(fits).ok_or_else(|| {
            Error::Privacy(format!("a denominator is not given by {}: add that to `tables`", dims.join(" and ")))
        })
    }
}

/// Decimal places of what a measure adds up: of a stored column, as its schema has it; of anything else none.
fn places(plan: &Plan, measure: &Measure) -> u32 {
    let column = match &measure.kind {
        MeasureKind::Public { column: Some(column), .. } => column.as_str(),
        MeasureKind::Sum { of, .. } => of.sql.trim_matches('"'),
        _ => return 0,
    };
    let schema = plan.sources.iter().find(|source| source.table == measure.table).map(|source| &source.schema);
    let column = schema.and_then(|schema| schema.columns.get(column)).filter(|column| column.kind == Kind::Decimal);
    column.map_or(0, |column| u32::from(column.places))
}

/// The sums of a table by all of these dimensions over those that are not among `dims`.
fn summed(values: &[i64], sizes: &[usize], dims: &[usize]) -> Vec<i64> {
    let (all, width) = (sizes.iter().product::<usize>(), dims.iter().map(|&dim| sizes[dim]).product::<usize>());
    let mut sums = vec![0; values.len() / all * width];
    for (cell, value) in values.iter().enumerate() {
        let mut rest = cell % all;
        let mut digits = vec![0; sizes.len()];
        for (digit, size) in digits.iter_mut().zip(sizes).rev() {
            *digit = rest % size;
            rest /= size;
        }
        sums[dims.iter().fold(cell / all, |place, &dim| place * sizes[dim] + digits[dim])] += value;
    }
    sums
}

fn estimated(family: &Family, vectors: &[Released], places: u32, small: Option<SmallNumbers>) -> Result<Vec<Cells>> {
    let areas = &family.grid.areas;
    let named = areas.levels.iter().map(|level| Named { areas: level.labels.len(), area_of: &level.area_of });
    let tables = counted(&Together {
        shape: &family.shape,
        named: &named.collect::<Vec<_>>(),
        drawn: family.vectors.iter().map(|(table, _)| table).zip(vectors).collect(),
        tables: &family.tables,
        bands: family.grid.bands,
        possible: &|level, node, bands| areas.is_possible(level, node, bands),
        floor: floor(&family.measure) >= 0,
        small: small.map(|rule| Policy { small: u64::from(rule.below), zeros: rule.zeros == Zeros::Hide }),
    })?;
    let laplace = vectors.iter().any(|released| released.mechanism() == Mechanism::DiscreteLaplace);
    let cells = |counted: Counted| {
        let dimensions = counted.table.dims.iter().map(|&dim| family.grid.dimensions[dim].clone()).collect();
        Cells::drawn(counted, dimensions, places, multiplier(laplace).powi(2))
    };
    Ok(tables.into_iter().map(cells).collect())
}
