//! What the pipeline counts is what is true.
//!
//! Nothing shows a count without noise, so these boards spend absurdly: noise of scale 0.14 is 0 in every cell, but for
//! odds of 2e-11 a cell. The least scale that the kernel grants is 0.0625, and there is no setting without noise.

use std::collections::BTreeMap;
use std::path::Path;

use crate::support::extracts::{Extract, Manner};
use crate::support::{Board, Size, files};

/// What is counted over areas and bands. Shares go by the square of the most that one person may add, so that each
/// vector gets noise of the same scale.
const COUNTS: &str = "\
title: Counts
protects: patient
by: [area, simd_quintile]
share: 400010005
measures:
  registered: { persons: patients }
  referred: { persons: referrals, where: \"status <> 'declined'\" }
  engaged: { persons: contacts, where: \"attended = 'yes'\" }
  referred_onward: { persons: onward_referrals }
  attended: { persons: attendances, where: \"sessions > 0\" }
  contacts: { events: contacts, where: \"attended = 'yes'\", per_person: { events: 100 }, share: 10000 }
  minutes:
    sum: contacts.minutes
    where: \"attended = 'yes'\"
    per_person: { between: [0, 20000] }
    share: 400000000
";

/// One measure a reason, so that nobody is cut, whoever has several.
const REASONS: [&str; 10] = [
    "mental_health",
    "isolation",
    "finances",
    "housing",
    "bereavement",
    "addiction",
    "family",
    "physical_activity",
    "employment",
    "long_term_condition",
];

/// rho 110 a unit of share and level: every scale is then between 0.07 and 0.14.
pub fn spend_absurdly(board: &mut Board, levels: u64) {
    board.config.loss = format!("{{ rho: \"{}\" }}", 110 * levels * (400_010_005 + 10));
    board.config.year.clear();
    let measure = |reason| {
        format!("  {reason}: {{ persons: referrals, where: \"status <> 'declined' and reason = '{reason}'\" }}\n")
    };
    let reasons = "title: Reasons\nprotects: patient\nby: [area, simd_quintile]\nshare: 10\nmeasures:\n".to_owned();
    let reasons = REASONS.iter().fold(reasons, |yaml, reason| yaml + &measure(reason));
    board.reports(&[("counts", COUNTS), ("reasons", &reasons)]);
}

/// A data zone's areas by heading, and its band.
pub type Zones = BTreeMap<String, BTreeMap<String, String>>;

/// Reads an area lookup: `columns` are pairs of a name in the file and a published heading, the key first.
pub fn zones(path: &Path, columns: &[(&str, &str)]) -> Zones {
    let lookup = Extract::read(path);
    let places = columns.iter().map(|(name, heading)| (lookup.column(name), *heading)).collect::<Vec<_>>();
    let row = |row: &Vec<String>| {
        let values = places.iter().map(|(place, heading)| ((*heading).to_owned(), row[*place].trim().to_owned()));
        (row[places[0].0].clone(), values.collect())
    };
    lookup.rows().iter().map(row).collect()
}

/// The true answers of one table, by figure and the labels under `headings`.
pub fn truth(board: &Board, zones: &Zones, headings: &[&str], reasons: bool) -> BTreeMap<Vec<String>, i64> {
    let mut sums = BTreeMap::new();
    let answers = Extract::read(&board.path("extracts/truth.csv"));
    for row in answers.rows() {
        let [figure, zone, dimension, code, value] = &row[..] else { panic!("five columns") };
        if (dimension == "reason") != reasons {
            continue;
        }
        let mut labels = vec![figure.clone()];
        for heading in headings {
            labels.push(match (*heading, zones.get(zone)) {
                ("Reason", _) => code.clone(),
                (heading, Some(places)) => places[heading].clone(),
                (_, None) => "unknown".to_owned(),
            });
        }
        *sums.entry(labels).or_insert(0) += value.parse::<i64>().expect("a whole number");
    }
    sums
}

/// Compares a whole published table with the truth: every cell, zeros included.
#[track_caller]
fn compare(board: &Board, zones: &Zones, report: &str, level: &str, headings: &[&str]) {
    let mut expected = truth(board, zones, headings, report == "reasons");
    assert!(expected.values().sum::<i64>() > 0, "the truth of `{report}` says nothing");
    for row in board.table(&format!("{report}-{level}")) {
        let areas = headings.iter().filter(|heading| **heading != "Reason").map(|heading| row[*heading].clone());
        // A reason is a measure of its own.
        let labels = match report {
            "reasons" => ["referred".into()].into_iter().chain(areas).chain([row["Figure"].clone()]).collect(),
            _ => [row["Figure"].clone()].into_iter().chain(areas).collect::<Vec<_>>(),
        };
        // Totals over the bands are sums of what is compared.
        if labels.iter().any(|label| label == "All") {
            continue;
        }
        // Nobody can be counted where there is no value.
        let value = if row["ValueQF"] == "z" { 0.0 } else { row["Unbiased"].parse::<f64>().expect("an estimate") };
        let truth = expected.remove(&labels).unwrap_or(0);
        assert!((value - truth as f64).abs() < 0.1, "{report} {level} {labels:?}: {value}, and not {truth}");
    }
    assert_eq!(expected, BTreeMap::new(), "{report} {level}: true cells that were not published");
}

/// Every table of the board against its true answers, after a run.
#[track_caller]
pub fn compare_all(board: &Board, zones: &Zones, levels: &[(&str, &str)]) {
    compare_by(board, zones, levels, "SIMDQuintile");
}

/// The same, where the bands have another heading.
#[track_caller]
pub fn compare_by(board: &Board, zones: &Zones, levels: &[(&str, &str)], band: &str) {
    board.smirr(&["run", "--quiet"]).ends(0);
    for vector in
        board.label()["reports"].as_array().into_iter().flatten().flat_map(|it| it["tables"].as_array()).flatten()
    {
        assert!(vector["scale"].as_f64().expect("a scale") < 0.14, "this test needs next to no noise: {vector}");
    }
    for (level, heading) in levels {
        compare(board, zones, "counts", level, &[heading, band]);
        compare(board, zones, "reasons", level, &[heading, band, "Reason"]);
    }
}

const COLUMNS: [(&str, &str); 4] =
    [("data_zone", "DataZone"), ("health_board", "HB"), ("hscp", "HSCP"), ("simd_quintile", "SIMDQuintile")];
const LEVELS: [(&str, &str); 2] = [("health_board", "HB"), ("hscp", "HSCP")];

#[test]
fn a_clean_board_is_counted_as_it_is() {
    for (seed, single) in [(7, false), (8, true)] {
        let mut board = Board::new(&Size { patients: 6_000, seed, activity: 6.0, single, ..Size::default() });
        spend_absurdly(&mut board, 2);
        compare_all(&board, &zones(&board.path("extracts/public/data_zones.csv"), &COLUMNS), &LEVELS);
    }
}

fn other_case(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() }).collect()
}

/// Lays faults that can be put right on every private extract: in all of them together the truth is within reach.
fn fault(path: &Path) {
    let mut extract = Extract::read(path);
    let place = |extract: &Extract, name: &str| extract.records[0].iter().position(|header| header == name);
    let (chi, codes) = (place(&extract, "chi"), ["sex", "reason", "status", "attended", "outcome", "kind"]);
    let codes = codes.map(|name| place(&extract, name)).into_iter().flatten().collect::<Vec<_>>();
    let mut again = Vec::new();
    for (number, row) in extract.records.iter_mut().enumerate().skip(1) {
        if number % 13 == 0 {
            again.push(row.clone());
        }
        match (number % 5, chi) {
            (0, Some(chi)) if row[chi].starts_with('0') => row[chi] = row[chi][1..].to_owned(),
            (1, _) => codes.iter().for_each(|&code| row[code] = other_case(&row[code])),
            (2, _) => row.iter_mut().filter(|field| !field.is_empty()).for_each(|field| *field = format!("  {field} ")),
            (3, _) => row.iter_mut().for_each(|field| {
                if let [year, month, day] = field.split('-').collect::<Vec<_>>()[..]
                    && (year.len(), month.len(), day.len()) == (4, 2, 2)
                {
                    *field = format!("{day}/{month}/{year}");
                }
            }),
            _ => {}
        }
    }
    extract.records.extend(again);
    extract.write(path, Manner::Marked);
}

#[test]
fn faults_that_can_be_put_right_leave_the_answers_as_they_are() {
    let mut board = Board::new(&Size { patients: 6_000, activity: 6.0, ..Size::default() });
    for path in files::under(&board.path("extracts")) {
        if path.starts_with(board.path("extracts/practices")) || path.starts_with(board.path("extracts/organisations"))
        {
            fault(&path);
        }
    }
    spend_absurdly(&mut board, 2);
    compare_all(&board, &zones(&board.path("extracts/public/data_zones.csv"), &COLUMNS), &LEVELS);
    let patients = board.tally("patients");
    for repair in ["chi.leading_zero", "sex.case", "chi.spaces", "registered_on.day_first"] {
        assert!(patients["repaired"][repair].as_u64() > Some(0), "{repair} is not in {patients}");
    }
    assert!(patients["quarantined_by"]["practice_code.uniqueness"].as_u64() > Some(100), "{patients}");
}
