//! Fictional boundaries are such as an office could publish.

use std::collections::{BTreeSet, HashMap};

use geojson::{FeatureCollection, GeometryValue};

use super::*;
use crate::synth::areas;

type Point = (f64, f64);
/// An area's code to its rings.
type Level = HashMap<String, Vec<Vec<Point>>>;

fn level(bytes: &[u8], name: &str) -> Level {
    let collection: FeatureCollection = std::str::from_utf8(bytes).unwrap().parse().unwrap();
    let area = |feature: geojson::Feature| {
        let code = feature.property(name).unwrap().as_str().unwrap().to_owned();
        assert!(!feature.property(format!("{name}_name")).unwrap().as_str().unwrap().is_empty());
        let Some(GeometryValue::MultiPolygon { coordinates }) = feature.geometry.map(|it| it.value) else { panic!() };
        let rings = coordinates.into_iter().flatten();
        let point = |it: geojson::Position| (it.as_slice()[0], it.as_slice()[1]);
        (code, rings.map(|ring| ring.into_iter().map(point).collect()).collect())
    };
    collection.into_iter().map(area).collect()
}

/// The levels of a country, coarsest first, and how large its files are.
fn country_of(patients: u64, land: Country, seed: u64) -> (Areas, Vec<Level>, Vec<usize>) {
    let mut areas = areas::imagine(patients, seed);
    country::recode(land, &mut areas);
    let names = Names::new(&areas, land, seed);
    let files = Outlines::new(&areas, land, seed).files(&areas, land, &names);
    let again = Outlines::new(&areas, land, seed).files(&areas, land, &names);
    assert!(files == again, "the same seed draws the same country");
    let name = |file: &str| file.trim_start_matches("public/").trim_end_matches(".geojson").to_owned();
    let levels = files.iter().map(|(file, bytes)| level(bytes, &name(file))).collect();
    (areas, levels, files.iter().map(|(_, bytes)| bytes.len()).collect())
}

/// Whether an odd number of rings go round a point.
fn within(rings: &[Vec<Point>], (x, y): Point) -> bool {
    let crosses = |(a, b): (&Point, &Point)| (a.1 > y) != (b.1 > y) && x < (b.0 - a.0) * (y - a.1) / (b.1 - a.1) + a.0;
    let crossed = rings.iter().map(|ring| ring.windows(2).filter(|side| crosses((&side[0], &side[1]))).count());
    crossed.sum::<usize>() % 2 == 1
}

/// Points over the extent of a level, none of them on a corner.
fn samples(level: &Level, across: usize) -> Vec<Point> {
    let points = || level.values().flatten().flatten();
    let range = |of: fn(&Point) -> f64| {
        let all = || points().map(of);
        (all().fold(f64::MAX, f64::min), all().fold(f64::MIN, f64::max))
    };
    let ((west, east), (south, north)) = (range(|it| it.0), range(|it| it.1));
    let at = |from: f64, to: f64, n: usize| from + (to - from) * (n as f64 + 0.137) / across as f64;
    (0..across).flat_map(|i| (0..across).map(move |j| (at(west, east, i), at(south, north, j)))).collect()
}

/// Every side of a ring, whichever way it goes, with how many rings have it.
fn sides(level: &Level) -> HashMap<[[u64; 2]; 2], usize> {
    let mut sides = HashMap::new();
    for side in level.values().flatten().flat_map(|ring| ring.windows(2)) {
        let mut ends = [side[0], side[1]].map(|(x, y)| [x.to_bits(), y.to_bits()]);
        ends.sort_unstable();
        *sides.entry(ends).or_default() += 1;
    }
    sides
}

fn holds(patients: u64, land: Country, seed: u64) {
    let (areas, levels, sizes) = country_of(patients, land, seed);
    let codes = [
        areas.boards.iter().map(|it| it.code.as_str()).collect::<BTreeSet<_>>(),
        areas.hscps.iter().map(|it| it.code.as_str()).collect(),
        areas.zones.iter().map(|it| it.council.as_str()).collect(),
        areas.zones.iter().map(|it| it.intermediate.as_str()).collect(),
    ];
    for (level, codes) in levels.iter().zip(&codes) {
        assert_eq!(level.keys().map(String::as_str).collect::<BTreeSet<_>>(), *codes, "every area has an outline");
        for ring in level.values().flatten() {
            assert!(ring.len() >= 4 && ring.first() == ring.last(), "{ring:?}");
            let corners = ring[1..].iter().map(|(x, y)| (x.to_bits(), y.to_bits())).collect::<BTreeSet<_>>();
            assert_eq!(corners.len(), ring.len() - 1, "a ring meets itself");
        }
        // A side belongs to two neighbours, or to one area and the sea.
        assert!(sides(level).values().all(|&rings| rings <= 2));
    }
    // The borders of each level are borders of those below, point by point.
    let smallest = sides(&levels[3]);
    assert!(levels[..3].iter().all(|level| sides(level).keys().all(|side| smallest.contains_key(side))));
    let ashore = sides(&levels[0]).values().filter(|&&rings| rings == 1).count();
    assert!(levels.iter().all(|level| sides(level).values().filter(|&&rings| rings == 1).count() == ashore));
    // Partnerships go into every page that has a map of them.
    assert!(sizes[1] < if patients > 1_000_000 { 70_000 } else { 60_000 }, "{sizes:?}");
}

#[test]
fn a_country_of_any_size_is_a_jigsaw() {
    for (patients, land) in [
        (100, Country::Scotland),
        (20_000, Country::Scotland),
        (200_000, Country::Scotland),
        (12_000, Country::England),
        (5_500_000, Country::Scotland),
    ] {
        for seed in [1, 2] {
            holds(patients, land, seed);
        }
    }
}

#[test]
fn areas_fill_their_board_and_overlap_nowhere() {
    let (areas, levels, _) = country_of(800_000, Country::Scotland, 3);
    let part_of = |code: &str| {
        let zone = areas.zones.iter().find(|it| it.intermediate == code).unwrap();
        (areas.hscps[zone.hscp].code.clone(), areas.boards[zone.board].code.clone())
    };
    let mut inland = 0;
    for point in samples(&levels[0], 45) {
        let [boards, hscps, _, smallest] = [0, 1, 2, 3].map(|level: usize| {
            let held = levels[level].iter().filter(|(_, rings)| within(rings, point));
            held.map(|(code, _)| code.clone()).collect::<Vec<_>>()
        });
        assert!(boards.len() <= 1 && hscps.len() == boards.len() && smallest.len() == boards.len(), "{point:?}");
        if let [code] = &smallest[..] {
            assert_eq!(part_of(code), (hscps[0].clone(), boards[0].clone()), "{point:?}");
            inland += 1;
        }
    }
    assert!(inland > 800, "{inland}");
}

#[test]
fn the_demos_country_has_an_island_and_a_loch() {
    let (_, levels, _) = country_of(200_000, Country::Scotland, 1);
    let area =
        |ring: &Vec<Point>| ring.windows(2).map(|side| side[0].0 * side[1].1 - side[1].0 * side[0].1).sum::<f64>();
    let rings = levels[0].values().flatten().map(area).collect::<Vec<_>>();
    // As RFC 7946 has it: outer rings counter-clockwise, holes clockwise.
    assert_eq!(rings.iter().filter(|area| **area > 0.0).count(), 2);
    assert_eq!(rings.iter().filter(|area| **area < 0.0).count(), 1);
}
