//! The areas that people live in: a real lookup, or a fictional country of the size that the patients need.

use std::fs::File;
use std::ops::Range;
use std::path::Path;

use rand::Rng;
use rand_distr::{Distribution, Normal};

use super::streams::{Purpose, stream};
use crate::error::{Error, Result};

/// Where a lookup gives no population, each data zone counts alike, at the Scottish mean.
pub(super) const ZONE_POPULATION: u32 = 780;

/// A data zone and what it belongs to.
#[derive(Debug, Clone)]
pub(super) struct Zone {
    pub(super) code: String,
    pub(super) intermediate: String,
    pub(super) council: String,
    /// Place in [`Areas::hscps`].
    pub(super) hscp: usize,
    /// Place in [`Areas::boards`].
    pub(super) board: usize,
    /// 1 is the most deprived.
    pub(super) rank: u32,
    pub(super) decile: u8,
    pub(super) quintile: u8,
    pub(super) quintile_within_board: u8,
    pub(super) population: u32,
}

/// A health board or HSCP: its code, and its run of data zones.
#[derive(Debug, Clone)]
pub(super) struct Group {
    pub(super) code: String,
    pub(super) zones: Range<usize>,
}

/// All areas. Zones are sorted by board, HSCP, intermediate zone and code, so that each area is one run of them.
#[derive(Debug)]
pub(super) struct Areas {
    pub(super) zones: Vec<Zone>,
    pub(super) hscps: Vec<Group>,
    pub(super) boards: Vec<Group>,
    /// Population of all zones before each; one longer than `zones`.
    cumulative: Vec<u64>,
}

/// A zone as read or made, before its areas are numbered.
struct Line {
    code: String,
    intermediate: String,
    council: String,
    hscp: String,
    board: String,
    rank: u32,
    quintile: u8,
    quintile_within_board: u8,
    population: u32,
}

impl Areas {
    /// Sorts and numbers `lines`; there is at least one.
    fn new(mut lines: Vec<Line>) -> Self {
        lines.sort_by(|a, b| {
            (&a.board, &a.hscp, &a.intermediate, &a.code).cmp(&(&b.board, &b.hscp, &b.intermediate, &b.code))
        });
        let mut areas =
            Areas { zones: Vec::with_capacity(lines.len()), hscps: vec![], boards: vec![], cumulative: vec![0] };
        for (at, line) in lines.into_iter().enumerate() {
            let board = number(&mut areas.boards, line.board, at, false);
            let new_board = areas.boards[board].zones.len() == 1;
            let hscp = number(&mut areas.hscps, line.hscp, at, new_board);
            areas.cumulative.push(areas.cumulative[at] + u64::from(line.population));
            areas.zones.push(Zone {
                code: line.code,
                intermediate: line.intermediate,
                council: line.council,
                hscp,
                board,
                rank: line.rank,
                decile: 0,
                quintile: line.quintile,
                quintile_within_board: line.quintile_within_board,
                population: line.population,
            });
        }
        areas
    }

    /// Everybody.
    pub(super) fn population(&self) -> u64 {
        self.cumulative.last().copied().unwrap_or(0)
    }

    /// The zone that holds the `person`th inhabitant, counting along the sorted zones.
    pub(super) fn zone_of(&self, person: u64) -> usize {
        self.cumulative.partition_point(|&before| before <= person).saturating_sub(1).min(self.zones.len() - 1)
    }

    /// A zone out of `zones`, by population.
    pub(super) fn pick(&self, zones: &Range<usize>, rng: &mut impl Rng) -> usize {
        let (from, to) = (self.cumulative[zones.start], self.cumulative[zones.end]);
        if from < to { self.zone_of(rng.random_range(from..to)) } else { zones.start }
    }

    /// 0 in the least deprived zone, nearly 1 in the most.
    pub(super) fn deprivation(&self, zone: usize) -> f64 {
        1.0 - f64::from(self.zones[zone].rank) / (self.zones.len() as f64 + 1.0)
    }
}

/// The place of the area `code` in `groups`, where the zone `at` is the next of it or the first of a new one.
fn number(groups: &mut Vec<Group>, code: String, at: usize, apart: bool) -> usize {
    match groups.last_mut() {
        Some(last) if last.code == code && !apart => last.zones.end = at + 1,
        _ => groups.push(Group { code, zones: at..at + 1 }),
    }
    groups.len() - 1
}

/// Reads a lookup: the official SIMD 2020v2 columns, or the contract's.
pub(super) fn read(path: &Path) -> Result<Areas> {
    let file = File::open(path).map_err(|source| Error::io("cannot read", path, source))?;
    let mut reader = csv::Reader::from_reader(file);
    let unreadable = |line: u64| Error::Input(format!("{}: line {line} cannot be read", path.display()));
    let header = reader.headers().map_err(|_| unreadable(1))?.clone();
    let seek = |names: [&str; 2]| header.iter().position(|name| names.contains(&name.trim_start_matches('\u{feff}')));
    let find = |names: [&str; 2]| {
        seek(names).ok_or_else(|| {
            Error::Input(format!("{}: there is no column `{}` or `{}`", path.display(), names[0], names[1]))
        })
    };
    let text = [
        find(["DataZone", "data_zone"])?,
        find(["IntZone", "intermediate_zone"])?,
        find(["CA", "council_area"])?,
        find(["HSCP", "hscp"])?,
        find(["HB", "health_board"])?,
    ];
    let rank = find(["SIMD2020V2Rank", "simd_rank"])?;
    let quintile = find(["SIMD2020V2CountryQuintile", "simd_quintile"])?;
    let within = seek(["SIMD2020V2HBQuintile", "simd_quintile_within_health_board"]).unwrap_or(quintile);
    let population = seek(["population", "Population"]);
    let mut lines = Vec::new();
    for (row, record) in reader.records().enumerate() {
        let line = row as u64 + 2;
        let record = record.map_err(|_| unreadable(line))?;
        let whole = |column: usize| record[column].trim().parse::<u32>().map_err(|_| unreadable(line));
        let band = |column: usize| match whole(column)? {
            band @ 1..=5 => Ok(band as u8),
            _ => Err(unreadable(line)),
        };
        let [code, intermediate, council, hscp, board] = text.map(|column| record[column].trim().to_owned());
        lines.push(Line {
            code,
            intermediate,
            council,
            hscp,
            board,
            rank: whole(rank)?,
            quintile: band(quintile)?,
            quintile_within_board: band(within)?,
            population: population.map_or(Ok(ZONE_POPULATION), whole)?,
        });
    }
    if lines.is_empty() {
        return Err(Error::Input(format!("{}: the lookup has no data zone", path.display())));
    }
    Ok(Areas::new(lines))
}

/// A fictional country for `patients`: codes have the official shapes, in ranges that no real area has.
pub(super) fn imagine(patients: u64, seed: u64) -> Areas {
    let mut rng = stream(seed, 0, Purpose::Areas);
    let wanted = (patients / u64::from(ZONE_POPULATION)).max(9);
    let boards = (patients / 390_000).max(1);
    let sizes: Vec<f64> = (0..boards).map(|_| rng.random_range(0.3..2.0)).collect();
    let total: f64 = sizes.iter().sum();
    // Scores cannot fail to sort: a normal draw with finite deviation is finite.
    let spread = Normal::new(0.0, 1.0).expect("a deviation of 1 is finite");
    let mut lines = Vec::new();
    let (mut hscp, mut intermediate, mut near) = (0, 0, 0.0);
    for (board, size) in sizes.iter().enumerate() {
        let zones = ((wanted as f64 * size / total).round() as usize).max(9);
        let parts = (zones / 120).clamp(3, 6);
        for part in 0..parts {
            hscp += 1;
            let mine = (part + 1) * zones / parts - part * zones / parts;
            let of_hscp: f64 = 0.6 * spread.sample(&mut rng);
            let smaller = (mine * 2 / 11).clamp(3, mine.max(3));
            for zone in 0..mine {
                if zone == 0 || zone * smaller / mine != (zone - 1) * smaller / mine {
                    intermediate += 1;
                    near = of_hscp + 0.6 * spread.sample(&mut rng);
                }
                lines.push(Line {
                    code: format!("S01{:06}", 900_001 + lines.len()),
                    intermediate: format!("S02{:06}", 900_000 + intermediate),
                    council: format!("S12{:06}", 900 + hscp),
                    hscp: format!("S37{:06}", 900 + hscp),
                    board: format!("S08{:06}", 901 + board),
                    // A score until all zones are there to be ranked. Neighbours are alike.
                    rank: as_rank(near + 0.7 * spread.sample(&mut rng)),
                    quintile: 0,
                    quintile_within_board: 0,
                    population: (f64::from(ZONE_POPULATION) + 150.0 * spread.sample(&mut rng)).clamp(400.0, 1300.0)
                        as u32,
                });
            }
        }
    }
    let mut areas = Areas::new(lines);
    band(&mut areas);
    areas
}

/// A score as a whole number in the same order, to sort by.
fn as_rank(score: f64) -> u32 {
    ((score.clamp(-10.0, 10.0) + 10.0) * 1e8) as u32
}

/// Turns scores into ranks (the lowest score is rank 1, the most deprived) and population-weighted bands.
fn band(areas: &mut Areas) {
    let mut order: Vec<usize> = (0..areas.zones.len()).collect();
    order.sort_by_key(|&zone| (areas.zones[zone].rank, zone));
    for (place, &zone) in order.iter().enumerate() {
        areas.zones[zone].rank = place as u32 + 1;
    }
    for (zone, tenth) in tenths(areas, order.iter().copied()) {
        areas.zones[zone].decile = tenth + 1;
        areas.zones[zone].quintile = tenth / 2 + 1;
    }
    for board in 0..areas.boards.len() {
        let own = order.iter().copied().filter(|&zone| areas.zones[zone].board == board);
        for (zone, tenth) in tenths(areas, own) {
            areas.zones[zone].quintile_within_board = tenth / 2 + 1;
        }
    }
}

/// The tenth of the population, from 0, in which the middle inhabitant of each of `zones` lies, in the order given.
fn tenths(areas: &Areas, zones: impl Iterator<Item = usize> + Clone) -> Vec<(usize, u8)> {
    let total: u64 = zones.clone().map(|zone| u64::from(areas.zones[zone].population)).sum();
    let mut before = 0;
    zones
        .map(|zone| {
            let own = u64::from(areas.zones[zone].population);
            before += own;
            (zone, ((2 * before - own) * 10 / (2 * total).max(1)).min(9) as u8)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::io::Write;

    use super::*;

    #[test]
    fn a_small_board_has_three_partnerships_and_nine_neighbourhoods() {
        let areas = imagine(20_000, 1);
        let neighbourhoods: BTreeSet<&str> = areas.zones.iter().map(|zone| zone.intermediate.as_str()).collect();
        assert_eq!((areas.boards.len(), areas.hscps.len(), neighbourhoods.len()), (1, 3, 9));
        assert!((24..=28).contains(&areas.zones.len()), "{}", areas.zones.len());
    }

    #[test]
    fn bands_follow_ranks_and_hold_a_fifth_of_the_people_each() {
        let areas = imagine(2_000_000, 2);
        let mut ranked: Vec<&Zone> = areas.zones.iter().collect();
        ranked.sort_by_key(|zone| zone.rank);
        assert!(ranked.iter().enumerate().all(|(place, zone)| zone.rank as usize == place + 1));
        assert!(ranked.is_sorted_by_key(|zone| (zone.quintile, zone.decile)));
        for quintile in 1..=5 {
            let own = |zone: &&&Zone| zone.quintile == quintile;
            let people: u64 = ranked.iter().filter(own).map(|zone| u64::from(zone.population)).sum();
            let share = people as f64 / areas.population() as f64;
            assert!((share - 0.2).abs() < 0.005, "quintile {quintile} holds {share}");
        }
        assert!(areas.zones.iter().all(|zone| (1..=5).contains(&zone.quintile_within_board)));
    }

    #[test]
    fn every_area_is_one_run_of_zones() {
        let areas = imagine(3_000_000, 3);
        for (groups, of) in [(&areas.hscps, true), (&areas.boards, false)] {
            for (place, group) in groups.iter().enumerate() {
                assert!(areas.zones[group.zones.clone()].iter().all(|z| if of { z.hscp } else { z.board } == place));
            }
            assert_eq!(groups.iter().map(|group| group.zones.len()).sum::<usize>(), areas.zones.len());
        }
        assert_eq!(areas.zone_of(0), 0);
        assert_eq!(areas.zone_of(areas.population() - 1), areas.zones.len() - 1);
    }

    #[test]
    fn a_lookup_that_cannot_be_used_is_refused_without_its_text() {
        let folder = tempfile::tempdir().unwrap();
        let head = "DataZone,IntZone,HB,HSCP,CA,SIMD2020V2Rank,SIMD2020V2CountryQuintile\n";
        for (text, complaint) in [
            ("DataZone,IntZone\n".to_owned(), "no column `CA`"),
            (head.to_owned(), "no data zone"),
            (format!("{head}S01,S02,S08,S37,S12,1,6\n"), "line 2"),
            (format!("{head}S01,S02,S08,S37,S12,1,1\nS01,S02,S08,S37,S12,secret,1\n"), "line 3"),
            (format!("{head}S01,S02\n"), "line 2"),
        ] {
            let path = folder.path().join("lookup.csv");
            File::create(&path).unwrap().write_all(text.as_bytes()).unwrap();
            let said = read(&path).unwrap_err().to_string();
            assert!(said.contains(complaint) && !said.contains("secret"), "{said}");
        }
    }

    #[test]
    fn a_real_lookup_keeps_its_ranks_and_bands() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lookup.csv");
        let text = "DataZone,IntZone,HB,HSCP,CA,SIMD2020V2Rank,SIMD2020V2CountryQuintile,SIMD2020V2HBQuintile\n\
                    S01000002,S02000001,S08000002,S37000002,S12000002,2,5,4\n\
                    S01000001,S02000001,S08000001,S37000001,S12000001,1,1,2\n";
        std::fs::write(&path, text).unwrap();
        let areas = read(&path).unwrap();
        assert_eq!(areas.zones[0].code, "S01000001");
        assert_eq!((areas.zones[1].rank, areas.zones[1].quintile, areas.zones[1].quintile_within_board), (2, 5, 4));
        assert!(areas.deprivation(0) > areas.deprivation(1));
    }
}
