//! The official SIMD 2020 version 2 lookup, read unmodified. It is not shipped: where it is absent these tests say so.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::support::{Board, Size, repository};
use crate::truth::{Zones, compare_all, compare_by, spend_absurdly, zones};

const COLUMNS: [(&str, &str); 5] =
    [("DataZone", "DataZone"), ("HB", "HB"), ("CA", "CA"), ("HSCP", "HSCP"), ("IntZone", "IntZone")];
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

/// A small register over the whole country.
fn board(lookup: &Path) -> Board {
    let lookup = lookup.to_owned();
    let size = Size { patients: 20_000, activity: 4.0, single: true, lookup: Some(lookup.clone()), ..Size::default() };
    let mut board = Board::new(&size);
    board.config.sources.insert("data_zones".into(), format!("{{ path: {}, schema: simd2020v2 }}", lookup.display()));
    board
}

/// The official zones with the successors of their retired codes.
fn official_zones(lookup: &Path, band: (&'static str, &'static str)) -> Zones {
    let columns = COLUMNS.into_iter().chain([band]).collect::<Vec<_>>();
    let mut zones = zones(lookup, &columns);
    assert_eq!(zones.len(), 6976);
    let successors = BTreeMap::from(RECODED);
    for area in zones.values_mut().flat_map(BTreeMap::values_mut) {
        if let Some(successor) = successors.get(area.as_str()) {
            *area = (*successor).to_owned();
        }
    }
    zones
}

#[test]
fn areas_and_bands_are_those_that_were_published() {
    let Some(lookup) = official() else { return };
    let mut board = board(&lookup);
    board.config.levels = "[health_board, council_area, hscp, intermediate_zone]".into();
    spend_absurdly(&mut board, 4);
    let zones = official_zones(&lookup, ("SIMD2020V2CountryQuintile", "SIMDQuintile"));
    compare_all(&board, &zones, &LEVELS.map(|(level, heading, _)| (level, heading)));
    for (level, heading, number) in LEVELS {
        let table = board.table(&format!("counts-{level}"));
        let areas = table.iter().map(|row| row[heading].as_str()).collect::<BTreeSet<_>>();
        assert_eq!(areas.len(), number + 1, "{level}: the areas and `unknown`");
        assert!(areas.contains("unknown"), "{level}");
        let bands = table.iter().map(|row| row["SIMDQuintile"].as_str()).collect::<BTreeSet<_>>();
        assert_eq!(bands.into_iter().collect::<Vec<_>>(), ["1", "2", "3", "4", "5", "All", "unknown"]);
    }
}

#[test]
fn bands_within_a_health_board_are_those_that_were_published() {
    let Some(lookup) = official() else { return };
    let mut board = board(&lookup);
    board.config.bands = "{ simd_quintile: within health_board }".into();
    board.config.levels = "[health_board, hscp]".into();
    spend_absurdly(&mut board, 2);
    let zones = official_zones(&lookup, ("SIMD2020V2HBQuintile", "SIMDHBQuintile"));
    let differs = official_zones(&lookup, ("SIMD2020V2CountryQuintile", "SIMDHBQuintile"));
    assert_ne!(zones, differs);
    compare_by(&board, &zones, &[("health_board", "HB"), ("hscp", "HSCP")], "SIMDHBQuintile");
    assert_eq!(board.manifest()["bands"], "SIMDHBQuintile: SIMD fifth of the health board; 1 is the most deprived");
}

/// The published counts of `reach` at a level: by area, as `part_of` has it, and all other labels.
fn counts(
    board: &Board,
    (level, heading): (&str, &str),
    part_of: impl Fn(&str) -> String,
) -> BTreeMap<Vec<String>, i64> {
    const LABELS: [&str; 3] = ["Figure", "SIMDHBQuintile", "Reason"];
    let mut sums = BTreeMap::new();
    for row in board.table(&format!("reach-{level}")) {
        if ["registered", "referred"].contains(&&*row["Figure"]) && row["ValueQF"] != "z" {
            let key = [vec![part_of(&row[heading])], LABELS.map(|label| row[label].clone()).to_vec()];
            *sums.entry(key.concat()).or_insert(0) += row["Value"].parse::<i64>().expect("a count");
        }
    }
    // Where nobody can be counted is not said alike at every level.
    sums.retain(|_, sum| *sum != 0);
    sums
}

#[test]
fn reach_within_health_boards_adds_up_at_four_levels() {
    let Some(lookup) = official() else { return };
    let mut board = board(&lookup);
    board.config.bands = "{ simd_quintile: within health_board }".into();
    board.config.levels = "[all, health_board, hscp, intermediate_zone]".into();
    board.config.reports = "[reach]".into();
    board.configure();
    board.smirr(&["run", "--quiet"]).ends(0);
    let zones = official_zones(&lookup, ("SIMD2020V2HBQuintile", "SIMDHBQuintile"));
    let whole = |from: &str, to: &str| {
        let areas = zones.values().map(|zone| (zone[from].clone(), zone[to].clone())).collect::<BTreeMap<_, _>>();
        move |code: &str| areas.get(code).cloned().unwrap_or_else(|| "unknown".into())
    };
    let (boards, partnerships, near) = (("health_board", "HB"), ("hscp", "HSCP"), ("intermediate_zone", "IntZone"));
    let everyone = counts(&board, ("all", "Area"), str::to_owned);
    assert!(everyone.len() > 40 && everyone.keys().all(|key| key[0] == "All"));
    assert_eq!(everyone, counts(&board, boards, |_| "All".into()));
    assert_eq!(counts(&board, boards, str::to_owned), counts(&board, partnerships, whole("HSCP", "HB")));
    assert_eq!(counts(&board, partnerships, str::to_owned), counts(&board, near, whole("IntZone", "HSCP")));
}
