//! A level of the user's own: localities that leave zones out and cut across partnerships. Each is the sum of its parts,
//! and so is every area of the other levels.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use crate::support::extracts::{Extract, Manner};
use crate::support::{Board, Size, files, repository};
use crate::truth::{Zones, compare_all, spend_absurdly, zones};

const COLUMNS: [(&str, &str); 6] = [
    ("data_zone", "DataZone"),
    ("health_board", "HB"),
    ("hscp", "HSCP"),
    ("locality", "Locality"),
    ("intermediate_zone", "IntZone"),
    ("simd_quintile", "SIMDQuintile"),
];
const LEVELS: [(&str, &str); 4] =
    [("health_board", "HB"), ("hscp", "HSCP"), ("locality", "Locality"), ("intermediate_zone", "IntZone")];

/// A board whose lookup says each zone's locality, none where it is blank, with a schema that declares the column.
fn board(locality: impl Fn(usize, usize) -> &'static str) -> (Board, Zones) {
    let mut board = Board::new(&Size { patients: 12_000, activity: 6.0, ..Size::default() });
    let path = board.path("extracts/public/data_zones.csv");
    let mut lookup = Extract::read(&path);
    let near = lookup.column("intermediate_zone");
    let order = lookup.rows().iter().map(|row| row[near].clone()).collect::<BTreeSet<_>>();
    let place = order.iter().enumerate().map(|(at, code)| (code.clone(), at)).collect::<BTreeMap<_, _>>();
    lookup.records[0].push("locality".into());
    for (number, row) in lookup.records.iter_mut().enumerate().skip(1) {
        row.push(locality(place[&row[near]], number).into());
    }
    lookup.write(&path, Manner::Lf);
    files::copy(&repository().join("schemas"), &board.path("schemas"));
    let schema = board.path("schemas/data_zones.yaml");
    let text = fs::read_to_string(&schema).expect("it was copied");
    let column = "columns:\n  locality: { type: area, heading: Locality, description: Locality }\n";
    files::write(&schema, text.replacen("columns:\n", column, 1));
    board.config.schemas = board.path("schemas");
    board.config.levels = "[health_board, hscp, locality, intermediate_zone]".into();
    board.configure();
    let mut zones = zones(&path, &COLUMNS);
    for area in zones.values_mut().filter_map(|zone| zone.get_mut("Locality")).filter(|area| area.is_empty()) {
        *area = "unknown".into();
    }
    (board, zones)
}

/// A board of nine neighbourhoods in three partnerships: `Mirrton` lies in two of these, and two neighbourhoods have no
/// locality.
fn by_neighbourhood(neighbourhood: usize, _: usize) -> &'static str {
    ["Ardmirr", "Ardmirr", "Mirrton", "Mirrton", "", "Glenmirr", "Lochmirr", "", "Lochmirr"][neighbourhood]
}

/// Localities that cut through neighbourhoods as well; every fourth zone has none.
fn by_zone(_: usize, zone: usize) -> &'static str {
    match zone % 4 {
        0 => "",
        1 => "Mirrton",
        _ if zone < 8 => "Ardmirr",
        _ => "Glenmirr",
    }
}

/// How many localities lie in more than one partnership.
fn across(zones: &Zones) -> usize {
    let mut within = BTreeMap::<&str, BTreeSet<&str>>::new();
    for zone in zones.values().filter(|zone| zone["Locality"] != "unknown") {
        within.entry(&zone["Locality"]).or_default().insert(&zone["HSCP"]);
    }
    within.values().filter(|partnerships| partnerships.len() > 1).count()
}

#[test]
fn people_are_counted_in_their_locality_wherever_it_lies() {
    let (mut board, zones) = board(by_zone);
    assert!(across(&zones) > 0 && zones.values().any(|zone| zone["Locality"] == "unknown"));
    spend_absurdly(&mut board, 4);
    compare_all(&board, &zones, &LEVELS);
}

/// The published counts of a level: by the area's `heading`, or by what `part_of` makes of it, and by all other labels.
fn sums(board: &Board, level: &str, heading: &str, part_of: impl Fn(&str) -> String) -> BTreeMap<Vec<String>, i64> {
    let labels = ["Figure", "SIMDQuintile", "Reason"];
    let mut sums = BTreeMap::new();
    for row in board.table(&format!("reach-{level}")) {
        if ["registered", "referred"].contains(&&*row["Figure"]) && row["ValueQF"] != "z" {
            let key = [vec![part_of(&row[heading])], labels.map(|label| row[label].clone()).to_vec()].concat();
            *sums.entry(key).or_insert(0) += row["Value"].parse::<i64>().expect("a count");
        }
    }
    // Where nobody can be counted is not said alike at every level.
    sums.retain(|_, sum| *sum != 0);
    sums
}

#[test]
fn every_area_is_the_sum_of_its_parts() {
    let (mut board, zones) = board(by_neighbourhood);
    assert_eq!(across(&zones), 1);
    board.config.reports = "[reach]".into();
    board.configure();
    board.smirr(&["run", "--quiet"]).ends(0);
    let whole = |heading: &'static str, zones: &Zones| {
        let areas = zones.values().map(|zone| (zone["IntZone"].clone(), zone[heading].clone()));
        areas.collect::<BTreeMap<_, _>>()
    };
    for (level, heading) in &LEVELS[..3] {
        let area_of = whole(heading, &zones);
        let published = sums(&board, level, heading, str::to_owned);
        let parts = sums(&board, "intermediate_zone", "IntZone", |code| {
            area_of.get(code).cloned().unwrap_or_else(|| "unknown".into())
        });
        assert!(published.len() > 20, "{level}");
        assert_eq!(published, parts, "{level}");
    }
}
