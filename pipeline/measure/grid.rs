//! The public grid: which cells there are, before any private row is read.
//!
//! **Invariant 3**: cells follow from the area lookup, the declared bands and the declared codes, each with its
//! `unknown`; no function here takes private data.

use std::collections::HashMap;

use super::areas::{Areas, places};
use crate::config::plan::{CodeDimension, Measure, Plan};
use crate::error::{Error, Result};
use crate::link::{Attribute, Packing, PublicTable, REGISTER};
use crate::privacy::{Bounds, Regrouping};

/// The word for a value that is missing, undeclared or nowhere.
pub const UNKNOWN: &str = "unknown";
/// More cells than this is a mistake in `by`, and more noise than figures.
pub(super) const MOST_CELLS: u64 = 100_000_000;

/// The grain at which the engine counts: a place, the person's own codes, then the rows' codes. What it counts is kept by
/// leaf: places of one area and band, at the finest level, are told apart no longer.
#[derive(Debug, Clone)]
pub struct FineGrid {
    packing: Packing,
    areas: Areas,
    person_codes: Vec<CodeDimension>,
    row_codes: Vec<CodeDimension>,
}

impl FineGrid {
    /// The fine grid of a measure: over the area lookup, or over the practices where people are placed by theirs.
    ///
    /// # Errors
    /// [`Error::Privacy`] where there are too many cells.
    pub fn new(plan: &Plan, measure: &Measure, public: &Public) -> Result<Self> {
        let (via, places) = places(plan, measure, public)?;
        let areas = Areas::new(plan, measure, public)?;
        let (person_codes, row_codes): (Vec<_>, Vec<_>) =
            measure.codes.iter().cloned().partition(|code| code.table == REGISTER && code.via.is_none());
        let mut attributes = vec![Attribute::referred(via, places.len() as u64)];
        attributes.extend(person_codes.iter().map(Attribute::code));
        let grid = FineGrid { packing: Packing::new(attributes)?, areas, person_codes, row_codes };
        match grid.packing.cells().checked_mul(grid.codes()).filter(|&cells| cells <= MOST_CELLS) {
            Some(_) => Ok(grid),
            None => Err(Error::Privacy(format!(
                "`{}` has more than {MOST_CELLS} cells; take a dimension out of `by`",
                measure.name
            ))),
        }
    }

    /// How a person's place is packed.
    pub fn packing(&self) -> &Packing {
        &self.packing
    }

    /// The dimensions that a person's rows have, and the person has not.
    pub fn row_codes(&self) -> &[CodeDimension] {
        &self.row_codes
    }

    /// Combinations of the rows' codes: the cells that one person can reach.
    pub fn codes(&self) -> u64 {
        self.row_codes.iter().map(|code| code.size() as u64).product()
    }

    /// Combinations of the person's own codes.
    fn own(&self) -> usize {
        self.person_codes.iter().map(CodeDimension::size).product()
    }

    /// The leaf's place of what the engine calls `place`; `None` where there is none such.
    pub fn leaf_place(&self, place: usize) -> Option<usize> {
        let own = self.own();
        Some(*self.areas.leaf_of_place.get(place / own)? as usize * own + place % own)
    }

    /// All cells.
    pub fn len(&self) -> usize {
        self.areas.leaves() * self.own() * self.codes() as usize
    }

    /// Whether there are none, which never is: there is always `unknown`.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// One dimension of a published table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dimension {
    /// The name in YAML; `area` for areas.
    pub name: String,
    /// The heading in published files.
    pub heading: String,
    /// Its values in order, `unknown` last.
    pub values: Vec<String>,
}

/// The place of a cell in each of these dimensions, the last of which is the fastest; of whichever area it is.
pub fn digits(dimensions: &[Dimension], cell: usize) -> Vec<usize> {
    let mut rest = cell;
    let mut digits = vec![0; dimensions.len()];
    for (digit, dimension) in digits.iter_mut().zip(dimensions).rev() {
        *digit = rest % dimension.values.len();
        rest /= dimension.values.len();
    }
    digits
}

/// The tables that a measure can be given by: its areas, and every set of its dimensions.
#[derive(Debug, Clone)]
pub struct Grid {
    /// The areas.
    pub areas: Areas,
    /// The dimensions beside areas: bands, then codes.
    pub dimensions: Vec<Dimension>,
    /// How many of them are bands.
    pub bands: usize,
    /// Of each code dimension, its place among the person's codes and then the rows'.
    order: Vec<usize>,
    /// How many of those are the person's.
    own: usize,
}

impl Grid {
    /// The grid of a measure.
    pub fn new(plan: &Plan, measure: &Measure, fine: &FineGrid) -> Self {
        let kept = fine.person_codes.iter().chain(&fine.row_codes).collect::<Vec<_>>();
        let place = |code: &CodeDimension| kept.iter().position(|other| other.name == code.name).unwrap_or(0);
        Grid {
            areas: fine.areas.clone(),
            dimensions: dimensions_of(plan, measure),
            bands: measure.bands.len(),
            order: measure.codes.iter().map(place).collect(),
            own: fine.person_codes.len(),
        }
    }

    /// Values of each dimension, `unknown` included.
    pub fn sizes(&self) -> Vec<usize> {
        self.dimensions.iter().map(|dimension| dimension.values.len()).collect()
    }

    /// Cells of a node in a table by `dims`.
    fn width(&self, dims: impl IntoIterator<Item = usize>) -> usize {
        dims.into_iter().map(|dim| self.dimensions[dim].values.len()).product()
    }

    /// The map from the fine grid to the table by `dims` (positions, ascending) at `level`: nodes slowest, then the
    /// dimensions in order.
    ///
    /// # Errors
    /// [`Error::Privacy`] where there are too many cells.
    pub fn from_fine(&self, level: usize, dims: &[usize]) -> Result<Regrouping> {
        let nodes = self.areas.levels[level].parents.len();
        let bands = self.projection(&(0..self.bands).collect::<Vec<_>>(), dims);
        let (codes, run) = self.codes(dims);
        let (band_width, code_width) = (self.banded(dims), self.coded(dims));
        let mapping = (0..self.areas.leaves()).flat_map(|leaf| {
            let (node, band) = self.areas.leaf(level, leaf);
            let start = (node * band_width + bands[band] as usize) * code_width;
            codes.iter().map(move |&code| u32::try_from(start + code as usize).unwrap_or(u32::MAX))
        });
        // All of one person's cells share a leaf and the person's own codes: one run of the rows' codes.
        Regrouping::new(nodes * band_width * code_width, &mapping.collect::<Vec<_>>(), run)
    }

    /// What one person can do to the table by `dims` at any level, given what they can do to the fine grid.
    ///
    /// # Errors
    /// [`Error::Privacy`] where a merged value could overflow.
    pub fn one_person(&self, fine: &Bounds, dims: &[usize]) -> Result<Bounds> {
        let (codes, run) = self.codes(dims);
        Regrouping::new(self.coded(dims), &codes, run)?.bounds(fine)
    }

    fn banded(&self, dims: &[usize]) -> usize {
        self.width(dims.iter().copied().filter(|&dim| dim < self.bands))
    }

    fn coded(&self, dims: &[usize]) -> usize {
        self.width(dims.iter().copied().filter(|&dim| dim >= self.bands))
    }

    /// For each cell of a table by `from`, its cell in one by those of `from` that are among `onto`.
    fn projection(&self, from: &[usize], onto: &[usize]) -> Vec<u32> {
        let mut places = vec![0u32];
        for dim in from {
            let size = self.dimensions[*dim].values.len() as u32;
            let kept = onto.contains(dim);
            let next = |place: u32| (0..size).map(move |value| if kept { place * size + value } else { place });
            places = places.into_iter().flat_map(next).collect();
        }
        places
    }

    /// For each combination of codes, as the fine grid has them, its cell among the codes of `dims`; and how many of the
    /// rows' codes there are in a run.
    fn codes(&self, dims: &[usize]) -> (Vec<u32>, usize) {
        let size = |code: usize| self.dimensions[self.bands + code].values.len();
        // The fine grid's order: the person's codes, then the rows'.
        let mut kept = (0..self.order.len()).collect::<Vec<_>>();
        kept.sort_by_key(|&code| self.order[code]);
        let run = kept.iter().filter(|&&code| self.order[code] >= self.own).map(|&code| size(code)).product();
        let all = kept.iter().map(|&code| size(code)).product::<usize>();
        let cell = |mut index: usize| {
            let mut digits = vec![0; self.order.len()];
            for &code in kept.iter().rev() {
                digits[code] = index % size(code);
                index /= size(code);
            }
            let wanted = (0..self.order.len()).filter(|code| dims.contains(&(self.bands + code)));
            wanted.fold(0, |cell, code| cell * size(code) + digits[code]) as u32
        };
        ((0..all).map(cell).collect(), run)
    }
}

/// The public tables by name.
pub type Public = HashMap<String, PublicTable>;

pub(super) fn table<'a>(public: &'a Public, name: &str) -> Result<&'a PublicTable> {
    public.get(name).ok_or_else(|| Error::Privacy(format!("the public table `{name}` is not among the sources")))
}

/// The dimensions of a measure beside areas: bands, then codes.
pub fn dimensions_of(plan: &Plan, measure: &Measure) -> Vec<Dimension> {
    let bands = measure.bands.iter().map(|&band| &plan.geography.bands[band]);
    let bands = bands.map(|it| dimension(&it.name, &it.heading, &it.codes, true));
    bands.chain(measure.codes.iter().map(|it| dimension(&it.name, &it.heading, &it.codes, it.unknown))).collect()
}

fn dimension(name: &str, heading: &str, codes: &[String], unknown: bool) -> Dimension {
    let values = codes.iter().cloned().chain(unknown.then(|| UNKNOWN.into())).collect();
    Dimension { name: name.into(), heading: heading.into(), values }
}

/// One table of a measure, with the map from the fine grid: for tests that look at all of them.
#[cfg(test)]
pub(crate) struct LevelGrid {
    pub level: String,
    pub dimensions: Vec<Dimension>,
    pub from_fine: Regrouping,
}

/// Every table of a measure: by all dimensions at each level first, and then by every other set of them.
#[cfg(test)]
pub(crate) fn levels(plan: &Plan, measure: &Measure, fine: &FineGrid) -> Result<Vec<LevelGrid>> {
    let grid = Grid::new(plan, measure, fine);
    let count = grid.dimensions.len();
    let sets = (0..1usize << count).rev();
    let sets = sets.map(|set| (0..count).filter(|dim| set >> dim & 1 == 1).collect::<Vec<_>>()).collect::<Vec<_>>();
    let table = |at: usize, dims: &[usize]| {
        let level = &grid.areas.levels[at];
        let values = level.area_of.iter().map(|&area| level.labels[area as usize].clone()).collect();
        let areas = Dimension { name: "area".into(), heading: level.heading.clone(), values };
        let dimensions = [areas].into_iter().chain(dims.iter().map(|&dim| grid.dimensions[dim].clone())).collect();
        let from_fine = grid.from_fine(at, dims)?;
        // What is planned for before any data are opened is what follows from the map.
        for bounds in [Bounds::new(1, 0, 1)?, Bounds::new(3, -2, 7)?] {
            assert_eq!(grid.one_person(&bounds, dims)?, from_fine.bounds(&bounds)?);
        }
        Ok(LevelGrid { level: level.name.clone(), dimensions, from_fine })
    };
    let levels = 0..grid.areas.levels.len();
    sets.iter().flat_map(|dims| levels.clone().map(move |at| (at, dims))).map(|(at, dims)| table(at, dims)).collect()
}

#[cfg(test)]
impl LevelGrid {
    /// Cells.
    pub fn len(&self) -> usize {
        self.from_fine.target_len()
    }

    /// The values of one cell, one a dimension.
    pub fn labels(&self, cell: usize) -> Vec<&str> {
        let mut rest = cell;
        let mut labels = vec![""; self.dimensions.len()];
        for (label, dimension) in labels.iter_mut().zip(&self.dimensions).rev() {
            *label = &dimension.values[rest % dimension.values.len()];
            rest /= dimension.values.len();
        }
        labels
    }
}
