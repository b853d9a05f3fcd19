//! One measure's published tables, found by level and dimensions.

use crate::error::{Error, Result};
use crate::estimate::count::{Counted, Named, Together, counted};
use crate::measure::plan::floor;
use crate::privacy::Released;
use crate::run::question::{Asked, Family};

/// The published tables of one measure.
pub struct Measured {
    tables: Vec<Cells>,
}

/// One published table of a measure.
pub struct Cells {
    /// The names of its dimensions beside areas, in the order of its cells.
    pub dims: Vec<String>,
    /// The figures.
    pub counted: Counted,
}

impl Measured {
    /// Estimates every family of a measure's tables.
    ///
    /// # Errors
    /// [`Error::Privacy`] where they do not follow from what was drawn.
    pub fn new(asked: &Asked<'_>, vectors: &[Vec<Released>]) -> Result<Self> {
        let families = asked.families.iter().zip(vectors).map(|(family, vectors)| estimated(family, vectors));
        Ok(Measured { tables: families.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect() })
    }

    /// The tables at a level.
    pub fn at(&self, level: usize) -> impl Iterator<Item = &Cells> {
        self.tables.iter().filter(move |cells| cells.counted.table.level == level)
    }

    /// The table at a level by those of `dims` that the measure has.
    ///
    /// # Errors
    /// [`Error::Privacy`] where it is not published.
    pub fn by(&self, level: usize, dims: &[String]) -> Result<&Cells> {
        let known = |name: &&String| self.tables.iter().any(|cells| cells.dims.contains(name));
        let wanted = dims.iter().filter(known).count();
        let fits = |cells: &&Cells| cells.dims.len() == wanted && cells.dims.iter().all(|name| dims.contains(name));
        self.at(level).find(fits).ok_or_else(|| {
            Error::Privacy(format!("a denominator is not given by {}: add that to `tables`", dims.join(" and ")))
        })
    }
}

fn estimated(family: &Family, vectors: &[Released]) -> Result<Vec<Cells>> {
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
    })?;
    let cells = |counted: Counted| {
        let dims = counted.table.dims.iter().map(|&dim| family.grid.dimensions[dim].name.clone()).collect();
        Cells { dims, counted }
    };
    Ok(tables.into_iter().map(cells).collect())
}
