//! What is published holds together: parts add up to their totals in every table and over every level, no count is
//! below zero, and no figure is without a sense.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::{Board, Size, repository};
use crate::truth::{Zones, zones};

/// Of people in one cell each, so that all tables of a measure add up; of rows; and of what is divided by them.
const REPORT: &str = "\
title: Everything by everything
protects: patient
by: [area, simd_quintile, sex, reason]
measures:
  registered: { persons: patients }
  referred: { persons: referrals, where: \"status <> 'declined'\" }
  referrals: { events: referrals, per_person: { cells: 2, events: 2 } }
  minutes: { sum: contacts.minutes, per_person: { between: [0, 120] } }
rates:
  rate: { of: referred, over: registered, per: 1000 }
";
const COLUMNS: [(&str, &str); 3] = [("data_zone", "DataZone"), ("health_board", "HB"), ("hscp", "HSCP")];
const LEVELS: [(&str, &str); 3] = [("health_board", "HB"), ("hscp", "HSCP"), ("data_zone", "DataZone")];
const DIMENSIONS: [&str; 3] = ["SIMDQuintile", "Sex", "Reason"];

type Row = BTreeMap<String, String>;
/// The counts of one level: by figure, area and the other dimensions.
type Counts = BTreeMap<[String; 5], i64>;

/// A number, where one is published.
#[track_caller]
fn number(row: &Row, column: &str) -> Option<f64> {
    let number = Some(&row[column]).filter(|text| !text.is_empty());
    let number = number.map(|text| text.parse::<f64>().unwrap_or_else(|_| panic!("{column} is no number: {row:?}")));
    assert!(number.is_none_or(f64::is_finite), "{row:?}");
    number
}

/// Holds one row against itself: it is empty, and says why, or is a figure within its interval.
#[track_caller]
fn makes_sense(row: &Row) {
    let columns = ["Value", "Lower95", "Upper95", "Unbiased", "StandardError"];
    let [value, lower, upper, unbiased, error] = columns.map(|column| number(row, column));
    let (Some(value), Some(lower), Some(upper)) = (value, lower, upper) else {
        assert!(["z", "x"].contains(&row["ValueQF"].as_str()), "{row:?}");
        assert!(columns.iter().all(|column| row[*column].is_empty()), "{row:?}");
        return;
    };
    assert!(["", "u", "low"].contains(&row["ValueQF"].as_str()), "{row:?}");
    assert!(0.0 <= lower && lower <= value && value <= upper, "{row:?}");
    let is_rate = row["Figure"] == "rate";
    assert_eq!((unbiased.is_none(), error.is_none()), (is_rate, is_rate), "{row:?}");
    assert!(is_rate || (value.fract() == 0.0 && !row["Value"].contains('.') && error > Some(0.0)), "{row:?}");
}

/// The counts of a table; nobody is where nobody can be.
fn counts(rows: &[Row], heading: &str) -> Counts {
    let label = |row: &Row| ["Figure", heading, "SIMDQuintile", "Sex", "Reason"].map(|column| row[column].clone());
    let counts = rows.iter().filter(|row| row["Figure"] != "rate");
    let counts = counts.map(|row| (label(row), row["Value"].parse().unwrap_or(0))).collect::<Counts>();
    assert_eq!(counts.len(), rows.iter().filter(|row| row["Figure"] != "rate").count(), "a cell is published twice");
    counts
}

/// Sums over one of the labels, which becomes what `onto` makes of it.
fn summed(counts: &Counts, at: usize, onto: impl Fn(&str) -> Option<String>) -> Counts {
    let mut sums = Counts::new();
    for (labels, count) in counts {
        let Some(whole) = onto(&labels[at]) else { continue };
        let mut labels = labels.clone();
        labels[at] = whole;
        *sums.entry(labels).or_default() += count;
    }
    sums
}

/// Every total over a dimension is the sum of its parts; gives how many totals there are.
fn adds_up_over_dimensions(counts: &Counts, level: &str) -> usize {
    let mut totals = 0;
    for (at, dimension) in DIMENSIONS.iter().enumerate().map(|(at, name)| (at + 2, name)) {
        for (labels, sum) in summed(counts, at, |label| (label != "All").then(|| "All".to_owned())) {
            assert_eq!(counts.get(&labels), Some(&sum), "{level}: {labels:?} over {dimension}");
            totals += 1;
        }
    }
    totals
}

/// Every area of a level is the sum of its parts at the next, in every table.
fn adds_up_over_areas(coarse: &Counts, fine: &Counts, part_of: &BTreeMap<String, String>) {
    let sums = summed(fine, 1, |area| Some(part_of.get(area).map_or("unknown", String::as_str).to_owned()));
    assert_eq!(&sums, coarse);
}

fn part_of(zones: &Zones, part: &str, whole: &str) -> BTreeMap<String, String> {
    zones.values().map(|zone| (zone[part].clone(), zone[whole].clone())).collect()
}

#[test]
fn every_total_is_the_sum_of_its_parts_and_no_figure_is_without_sense() {
    let mut board = Board::new(&Size { patients: 3_000, activity: 4.0, single: true, ..Size::default() });
    board.config.levels = "[health_board, hscp, data_zone]".into();
    board.reports(&[("all", REPORT)]);
    let zones = zones(&board.path("extracts/public/data_zones.csv"), &COLUMNS);
    // Little noise, where figures are large; and much, where most cells would be below zero half of the time.
    for loss in ["{ rho: \"50\" }", "{ rho: \"0.01\" }", "{ epsilon: \"0.5\" }"] {
        let mut twin = board.twin();
        twin.config.loss = loss.into();
        twin.config.year.clear();
        twin.configure();
        twin.reports(&[("all", REPORT)]);
        twin.smirr(&["run", "--quiet"]).ends(0);
        let levels = LEVELS.map(|(level, heading)| {
            let rows = twin.table(&format!("all-{level}"));
            rows.iter().for_each(makes_sense);
            assert!(rows.iter().any(|row| row["Figure"] == "rate"), "{level}");
            let counts = counts(&rows, heading);
            let totals = adds_up_over_dimensions(&counts, level);
            assert!(totals > 100, "{level} has {totals} totals");
            counts
        });
        adds_up_over_areas(&levels[0], &levels[1], &part_of(&zones, "HSCP", "HB"));
        adds_up_over_areas(&levels[1], &levels[2], &part_of(&zones, "DataZone", "HSCP"));
        assert!(levels[0].values().any(|count| *count > 0), "nothing but zeros tells nothing");
    }
}

/// What charts and sentences may speak of, by the YAML alone, is what a run publishes.
#[test]
fn every_figure_is_foretold_by_name_and_dimensions() {
    let mut board = Board::new(&Size { patients: 3_000, activity: 4.0, single: true, ..Size::default() });
    board.config.reports_folder = repository().join("reports");
    board.config.reports = "[reach, bridge, waits, load, capacity, outcomes]".into();
    board.configure();
    board.smirr(&["run", "--quiet"]).ends(0);
    let plan = smirr::config::load(&board.path("board.yaml")).expect("it has just run");
    let bands = plan.geography.band_names();
    for report in &plan.reports {
        let codes = report.measures.iter().flat_map(|measure| &measure.codes).map(|it| (&it.name, &it.heading));
        let bands_of = plan.geography.bands.iter().map(|it| (&it.name, &it.heading));
        let headings = codes.chain(bands_of).collect::<BTreeMap<_, _>>();
        let foretold = report.published(&bands).into_iter().flat_map(|figure| {
            let by = |set: Vec<String>| set.iter().map(|name| headings[name].clone()).collect::<BTreeSet<_>>();
            figure.by.into_iter().map(by).map(|set| (figure.name.clone(), set)).collect::<Vec<_>>()
        });
        let foretold = foretold.collect::<BTreeSet<_>>();
        let rows = board.table(&format!("{}-hscp", report.name));
        let published = rows.iter().map(|row| {
            let by = headings.values().filter(|heading| row.get(**heading).is_some_and(|it| it != "All"));
            (row["Figure"].clone(), by.map(|heading| (*heading).clone()).collect::<BTreeSet<_>>())
        });
        assert_eq!(foretold, published.collect::<BTreeSet<_>>(), "{}", report.name);
    }
}
