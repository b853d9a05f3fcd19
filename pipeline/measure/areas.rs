//! Areas as the estimates need them: a tree in which each level refines the one before, and the leaves that hold people.
//!
//! Levels need not nest. Where an area of one level lies in several of the level before (a locality that cuts across
//! partnerships, or `unknown` everywhere), it has a node in each; what is published of it is their sum. So any levels of
//! the lookup, a user's own among them, make one tree.
//!
//! **Invariant 3**: all of it follows from the area lookup, the list of practices and the configuration.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::grid::{Public, UNKNOWN, table};
use crate::config::plan::{Level, Measure, Place, Plan};
use crate::error::{Error, Result};

/// One area level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AreaLevel {
    /// Its name in YAML.
    pub name: String,
    /// The heading in published files.
    pub heading: String,
    /// The areas in order, `unknown` last.
    pub labels: Vec<String>,
    /// Each node's area.
    pub area_of: Vec<u32>,
    /// Each node's parent, a node of the level before; 0, the root, at the first.
    pub parents: Vec<u32>,
}

/// The tree of one measure's areas, and where each place of its fine grid lies in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Areas {
    /// The levels, coarsest first.
    pub levels: Vec<AreaLevel>,
    /// Each place's leaf: an area of the last level with a combination of bands. The last place is `unknown`.
    pub leaf_of_place: Vec<u32>,
    /// For each level, each leaf's node.
    leaf_nodes: Vec<Vec<u32>>,
    /// Each leaf's combination of bands.
    leaf_bands: Vec<u32>,
    /// Values of each band, `unknown` included.
    band_sizes: Vec<usize>,
    /// For each level, whether any place lies in a node and combination of bands; nodes slowest.
    possible: Vec<Vec<bool>>,
}

impl Areas {
    /// The areas of a measure.
    ///
    /// # Errors
    /// [`Error::Privacy`] where a public table lacks what the configuration names.
    pub fn new(plan: &Plan, measure: &Measure, public: &Public) -> Result<Self> {
        let zones = table(public, &plan.geography.table)?;
        let (_, places) = places(plan, measure, public)?;
        let missing = |column: &str| Error::Privacy(format!("the area lookup lacks `{column}`"));
        let rows = zones.keys().len();
        let mut levels: Vec<AreaLevel> = Vec::new();
        // Each row of the lookup, and then nowhere, to its node of the level before.
        let mut nodes = vec![0u32; rows + 1];
        let mut row_nodes = Vec::new();
        for level in &plan.geography.levels {
            let (made, next) = match &level.column {
                Some(column) => {
                    let texts = zones.texts(column).ok_or_else(|| missing(column))?;
                    refine(&level.name, &level.heading, texts, &nodes)
                }
                None => everyone(level, &nodes),
            };
            levels.push(made);
            row_nodes.push(next.clone());
            nodes = next;
        }
        let mut bands = vec![0u32; rows + 1];
        let mut band_sizes = Vec::new();
        for &band in &measure.bands {
            let band = &plan.geography.bands[band];
            let codes = zones.codes(&band.column).ok_or_else(|| missing(&band.column))?;
            let size = band.codes.len() + 1;
            let codes = codes.iter().copied().chain([size - 1]);
            bands.iter_mut().zip(codes).for_each(|(band, code)| *band = *band * size as u32 + code as u32);
            band_sizes.push(size);
        }
        let pairs = nodes.iter().copied().zip(bands).collect::<Vec<_>>();
        let leaves = pairs.iter().copied().collect::<BTreeSet<_>>().into_iter().zip(0u32..).collect::<BTreeMap<_, _>>();
        let leaf_of_row = pairs.iter().map(|pair| leaves[pair]).collect::<Vec<_>>();
        let leaf_of_place = places.iter().map(|row| leaf_of_row[row.unwrap_or(rows)]).collect::<Vec<_>>();
        let mut leaf_nodes = vec![vec![0; leaves.len()]; levels.len()];
        for (nodes, rows) in leaf_nodes.iter_mut().zip(&row_nodes) {
            for (&leaf, &node) in leaf_of_row.iter().zip(rows) {
                nodes[leaf as usize] = node;
            }
        }
        let leaf_bands = leaves.keys().map(|(_, band)| *band).collect();
        let mut areas = Areas { levels, leaf_of_place, leaf_nodes, leaf_bands, band_sizes, possible: Vec::new() };
        areas.possible = (0..areas.levels.len()).map(|level| areas.held(level)).collect();
        Ok(areas)
    }

    fn held(&self, level: usize) -> Vec<bool> {
        let width = self.band_cells();
        // Where there are no bands, an area without a place is rare, and not told apart from one where nobody lives.
        let mut held = vec![self.band_sizes.is_empty(); self.levels[level].parents.len() * width];
        for &leaf in &self.leaf_of_place {
            let (node, band) = (self.leaf_nodes[level][leaf as usize], self.leaf_bands[leaf as usize]);
            held[node as usize * width + band as usize] = true;
        }
        held
    }

    /// Leaves.
    pub fn leaves(&self) -> usize {
        self.leaf_bands.len()
    }

    /// Combinations of bands.
    pub fn band_cells(&self) -> usize {
        self.band_sizes.iter().product()
    }

    /// The node of a leaf at a level, and its combination of bands.
    pub fn leaf(&self, level: usize, leaf: usize) -> (usize, usize) {
        (self.leaf_nodes[level][leaf] as usize, self.leaf_bands[leaf] as usize)
    }

    /// Whether anyone can be counted in a node and combination of bands: a place lies there.
    pub fn is_possible(&self, level: usize, node: usize, bands: usize) -> bool {
        self.possible[level][node * self.band_cells() + bands]
    }
}

/// One area that holds every row, and nowhere too: it is the first level.
fn everyone(level: &Level, above: &[u32]) -> (AreaLevel, Vec<u32>) {
    let made = AreaLevel {
        name: level.name.clone(),
        heading: level.heading.clone(),
        labels: vec![Level::ALL.2.into()],
        area_of: vec![0],
        parents: vec![0],
    };
    (made, vec![0; above.len()])
}

/// Splits the nodes of the level before by the areas of this one: gives the level, and each row's node, nowhere last.
fn refine(name: &str, heading: &str, texts: &[Option<String>], above: &[u32]) -> (AreaLevel, Vec<u32>) {
    let named = texts.iter().flatten().collect::<BTreeSet<_>>();
    let place = named.iter().zip(0u32..).map(|(text, place)| (text.as_str(), place)).collect::<HashMap<_, _>>();
    let unknown = named.len() as u32;
    let area = |text: Option<&String>| text.map_or(unknown, |text| place[text.as_str()]);
    let rows = texts.iter().map(|text| area(text.as_ref())).chain([unknown]);
    let keys = rows.zip(above).map(|(area, &above)| (area, above)).collect::<Vec<_>>();
    let nodes = keys.iter().copied().collect::<BTreeSet<_>>().into_iter().zip(0u32..).collect::<BTreeMap<_, _>>();
    let mut labels = named.into_iter().cloned().collect::<Vec<_>>();
    labels.push(UNKNOWN.into());
    let level = AreaLevel {
        name: name.into(),
        heading: heading.into(),
        labels,
        area_of: nodes.keys().map(|(area, _)| *area).collect(),
        parents: nodes.keys().map(|(_, above)| *above).collect(),
    };
    (level, keys.iter().map(|key| nodes[key]).collect())
}

/// Where people are placed: the register's column that says so, and for each place, `unknown` last, its row of the area
/// lookup.
pub fn places<'a>(plan: &'a Plan, measure: &Measure, public: &Public) -> Result<(&'a str, Vec<Option<usize>>)> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(words: &[&str]) -> Vec<Option<String>> {
        words.iter().map(|word| (!word.is_empty()).then(|| (*word).to_owned())).collect()
    }

    #[test]
    fn an_area_that_lies_in_two_has_a_node_in_each() {
        // Four zones in two partnerships; locality `m` lies in both, and one zone of `B` has none.
        let (above, nodes) = refine("hscp", "HSCP", &texts(&["A", "A", "B", "B"]), &[0; 5]);
        assert_eq!(
            (above.labels, above.area_of, nodes),
            (vec!["A".into(), "B".into(), "unknown".into()], vec![0, 1, 2], vec![0, 0, 1, 1, 2])
        );
        let (below, nodes) = refine("locality", "Locality", &texts(&["l", "m", "m", ""]), &[0, 0, 1, 1, 2]);
        assert_eq!(below.labels, ["l", "m", "unknown"]);
        assert_eq!((below.area_of, below.parents), (vec![0, 1, 1, 2, 2], vec![0, 0, 1, 1, 2]));
        assert_eq!(nodes, [0, 1, 2, 3, 4]);
    }
}
