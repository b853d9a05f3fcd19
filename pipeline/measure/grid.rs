//! The public grid: which cells there are, before any private row is read.
//!
//! **Invariant 3**: cells follow from the area lookup, the declared bands and the declared codes, each with its
//! `unknown`; no function here takes private data.

use std::collections::{BTreeSet, HashMap};

use crate::config::plan::{CodeDimension, Measure, Place, Plan};
use crate::error::{Error, Result};
use crate::link::{Attribute, Packing, PublicTable, REGISTER};
use crate::privacy::Regrouping;

/// The word for a value that is missing, undeclared or nowhere.
pub const UNKNOWN: &str = "unknown";
/// More cells than this is a mistake in `by`, and more noise than figures.
const MOST_CELLS: u64 = 100_000_000;

/// The grain at which the engine counts: a row of the area lookup, the person's own codes, then the rows' codes.
#[derive(Debug, Clone)]
pub struct FineGrid {
    packing: Packing,
    zones: usize,
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
        let (person_codes, row_codes): (Vec<_>, Vec<_>) =
            measure.codes.iter().cloned().partition(|code| code.table == REGISTER && code.via.is_none());
        let zone_count = places.len();
        let mut attributes = vec![Attribute::referred(via, zone_count as u64)];
        attributes.extend(person_codes.iter().map(Attribute::code));
        let grid = FineGrid { packing: Packing::new(attributes)?, zones: zone_count, person_codes, row_codes };
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

    /// All cells.
    pub fn len(&self) -> usize {
        (self.packing.cells() * self.codes()) as usize
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

/// The cells of one measure at one area level: areas, then bands, then codes, the last changing fastest.
#[derive(Debug, Clone)]
pub struct LevelGrid {
    /// The level's name.
    pub level: String,
    /// The dimensions, in order.
    pub dimensions: Vec<Dimension>,
    /// Fine cell to cell.
    pub from_fine: Regrouping,
}

impl LevelGrid {
    /// Cells.
    pub fn len(&self) -> usize {
        self.from_fine.target_len()
    }

    /// Whether there are none, which never is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
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

/// The public tables by name.
pub type Public = HashMap<String, PublicTable>;

fn table<'a>(public: &'a Public, name: &str) -> Result<&'a PublicTable> {
    public.get(name).ok_or_else(|| Error::Privacy(format!("the public table `{name}` is not among the sources")))
}

/// Where people are placed: the register's column that says so, and for each place, `unknown` last, its row of the area
/// lookup.
fn places<'a>(plan: &'a Plan, measure: &Measure, public: &Public) -> Result<(&'a str, Vec<Option<usize>>)> {
    let zones = table(public, &plan.geography.table)?;
    match (measure.place, &plan.practices) {
        (Place::Home, _) => Ok((&plan.geography.via, (0..zones.keys().len()).map(Some).chain([None]).collect())),
        (Place::Practice, Some(practices)) => {
            let missing = || Error::Privacy(format!("`{}` does not lead to the area lookup", practices.table));
            let zones = table(public, &practices.table)?.references(&practices.zone).ok_or_else(missing)?;
            Ok((&practices.of_patient, zones.iter().copied().chain([None]).collect()))
        }
        (Place::Practice, None) => {
            Err(Error::Privacy(format!("`{}` is placed by practices that nobody lists", measure.name)))
        }
    }
}

/// The grids of one measure, one an area level.
///
/// # Errors
/// [`Error::Privacy`] where the lookup lacks a column that the configuration names.
pub fn levels(plan: &Plan, measure: &Measure, fine: &FineGrid, public: &Public) -> Result<Vec<LevelGrid>> {
    let zones = table(public, &plan.geography.table)?;
    let (_, fine_places) = places(plan, measure, public)?;
    plan.geography
        .levels
        .iter()
        .map(|level| {
            let missing = |column: &str| Error::Privacy(format!("the area lookup lacks `{column}`"));
            let areas = zones.texts(&level.column).ok_or_else(|| missing(&level.column))?;
            let named = areas.iter().flatten().collect::<BTreeSet<_>>();
            let places: HashMap<&str, usize> =
                named.iter().zip(0..).map(|(area, place)| (area.as_str(), place)).collect();
            let mut values = named.iter().map(|area| (*area).clone()).collect::<Vec<_>>();
            values.push(UNKNOWN.into());
            let unknown_area = values.len() - 1;
            let mut dimensions = vec![Dimension { name: "area".into(), heading: level.heading.clone(), values }];
            // Each place of the fine grid, the unknown one last, to its place among areas and bands.
            let area = |zone: Option<usize>| zone.and_then(|zone| areas[zone].as_ref());
            let mut zone_places = fine_places
                .iter()
                .map(|zone| area(*zone).map_or(unknown_area, |area| places[area.as_str()]))
                .collect::<Vec<_>>();
            for &band in &measure.bands {
                let band = &plan.geography.bands[band];
                let codes = zones.codes(&band.column).ok_or_else(|| missing(&band.column))?;
                for (place, zone) in zone_places.iter_mut().zip(&fine_places) {
                    *place = *place * (band.codes.len() + 1) + zone.map_or(band.codes.len(), |zone| codes[zone]);
                }
                dimensions.push(dimension(&band.name, &band.heading, &band.codes));
            }
            for code in &measure.codes {
                let values = code.codes.iter().cloned().chain(code.unknown.then(|| UNKNOWN.into())).collect();
                dimensions.push(Dimension { name: code.name.clone(), heading: code.heading.clone(), values });
            }
            let mapping = mapping(measure, fine, &zone_places)?;
            let cells = dimensions.iter().map(|dimension| dimension.values.len()).product();
            // All of one person's cells share a row of the lookup and the person's own codes: one run of the rows' codes.
            let from_fine = Regrouping::new(cells, &mapping, fine.codes() as usize)?;
            Ok(LevelGrid { level: level.name.clone(), dimensions, from_fine })
        })
        .collect()
}

fn dimension(name: &str, heading: &str, codes: &[String]) -> Dimension {
    let values = codes.iter().cloned().chain([UNKNOWN.into()]).collect();
    Dimension { name: name.into(), heading: heading.into(), values }
}

/// Fine cells count (zone, person's codes, rows' codes); published ones (area, bands, codes as in `by`).
fn mapping(measure: &Measure, fine: &FineGrid, zone_places: &[usize]) -> Result<Vec<u32>> {
    let order = fine.person_codes.iter().chain(&fine.row_codes).collect::<Vec<_>>();
    let inner = order.iter().map(|code| code.size()).product::<usize>();
    // The published place of each combination of codes, once for all zones.
    let combination = |mut index: usize| {
        let mut digits = HashMap::new();
        for code in order.iter().rev() {
            digits.insert(code.name.as_str(), index % code.size());
            index /= code.size();
        }
        measure.codes.iter().fold(0, |place, code| place * code.size() + digits[code.name.as_str()])
    };
    let combinations = (0..inner).map(combination).collect::<Vec<_>>();
    debug_assert_eq!(zone_places.len(), fine.zones);
    let cells = zone_places.iter().flat_map(|zone| combinations.iter().map(move |code| zone * inner + code));
    cells
        .map(|cell| u32::try_from(cell).map_err(|_| Error::Privacy(format!("`{}` has too many cells", measure.name))))
        .collect()
}
