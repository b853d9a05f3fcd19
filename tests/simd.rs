//! The official SIMD 2020 version 2 lookup, read unmodified. It is not shipped: where it is absent these tests say so.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::support::{Board, Size, repository};
use crate::truth::{compare_all, zones};

const COLUMNS: [(&str, &str); 6] = [
    ("DataZone", "DataZone"),
    ("HB", "HB"),
    ("CA", "CA"),
    ("HSCP", "HSCP"),
    ("IntZone", "IntZone"),
    ("SIMD2020V2CountryQuintile", "SIMDQuintile"),
];
/// Level, heading, and how many areas Scotland has of it.
const LEVELS: [(&str, &str, usize); 4] = [
    ("health_board", "HB", 14),
    ("council_area", "CA", 32),
    ("hscp", "HSCP", 31),
    ("intermediate_zone", "IntZone", 1279),
];
/// The codes that the file has and that were retired, with their successors as the schema gives them.
const RECODED: [(&str, &str); 12] = [
    ("S08000018", "S08000029"),
    ("S08000027", "S08000030"),
    ("S08000021", "S08000031"),
    ("S08000023", "S08000032"),
    ("S12000015", "S12000047"),
    ("S12000024", "S12000048"),
    ("S12000046", "S12000049"),
    ("S12000044", "S12000050"),
    ("S37000014", "S37000032"),
    ("S37000023", "S37000033"),
    ("S37000015", "S37000034"),
    ("S37000021", "S37000035"),
];

fn official() -> Option<PathBuf> {
    let path = repository().parent()?.join("shared/data/simd/simd2020v2_22062020.csv");
    if !path.exists() {
        eprintln!("skipped: no ../shared/data/simd/simd2020v2_22062020.csv");
        return None;
    }
    Some(path)
}

#[test]
fn areas_and_bands_are_those_that_were_published() {
    let Some(lookup) = official() else { return };
    let size = Size { patients: 20_000, activity: 4.0, single: true, lookup: Some(lookup.clone()), ..Size::default() };
    let mut board = Board::new(&size);
    board.config.sources.insert("data_zones".into(), format!("{{ path: {}, schema: simd2020v2 }}", lookup.display()));
    let mut zones = zones(&lookup, &COLUMNS);
    assert_eq!(zones.len(), 6976);
    let successors = BTreeMap::from(RECODED);
    for area in zones.values_mut().flat_map(BTreeMap::values_mut) {
        if let Some(successor) = successors.get(area.as_str()) {
            *area = (*successor).to_owned();
        }
    }
    let levels = LEVELS.map(|(level, heading, _)| (level, heading));
    // By zone and reason there are so many cells that some noise would not be 0.
    compare_all(&mut board, &zones, &levels, &levels[..3]);
    for (level, heading, number) in LEVELS {
        let table = board.table(&format!("counts-{level}"));
        let areas = table.iter().map(|row| row[heading].as_str()).collect::<BTreeSet<_>>();
        assert_eq!(areas.len(), number + 1, "{level}: the areas and `unknown`");
        assert!(areas.contains("unknown"), "{level}");
        let bands = table.iter().map(|row| row["SIMDQuintile"].as_str()).collect::<BTreeSet<_>>();
        assert_eq!(bands.into_iter().collect::<Vec<_>>(), ["1", "2", "3", "4", "5", "unknown"]);
    }
}
