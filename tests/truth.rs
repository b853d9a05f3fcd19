//! What the pipeline counts is what is true.
//!
//! Nothing shows a count without noise, so these boards spend absurdly: all of the noise is 0, but for odds below 1e-9.
//! The least scale that the kernel grants is 0.0625, and there is no setting without noise.

use std::collections::BTreeMap;
use std::path::Path;

use crate::support::extracts::{Extract, Manner};
use crate::support::{Board, Size, files};

/// What is counted over areas and bands. Shares go by the square of the most that one person may add, so that each
/// measure gets noise of the same scale.
const COUNTS: &str = "\
title: Counts
protects: patient
by: [area, simd_quintile]
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

/// Nobody is cut: no fictional person of these boards is referred for more than four reasons.
const REASONS: &str = "\
title: Reasons
protects: patient
by: [area, simd_quintile, reason]
tables: [[simd_quintile, reason]]
measures:
  referred: { persons: referrals, where: \"status <> 'declined'\", per_person: { cells: 4 } }
";

/// The tables of a report by bands, and of one by bands and reasons, where it does not say which it wants.
const BY_BANDS: [&[&str]; 2] = [&[], &["SIMDQuintile"]];
const BY_REASONS: [&[&str]; 4] = [&[], &["SIMDQuintile"], &["Reason"], &["SIMDQuintile", "Reason"]];

/// rho 160 a unit of share and level: over two to four levels, the scales are then from 0.0625 to 0.115, however the loss
/// is best divided among the tables.
fn count_absurdly(board: &mut Board, levels: &[(&str, &str)]) {
    board.config.loss = format!("{{ rho: \"{}\" }}", 160 * levels.len() * 400_010_005);
    let names = levels.iter().map(|(level, _)| *level).collect::<Vec<_>>();
    board.config.levels = format!("[{}]", names.join(", "));
    board.config.year.clear();
    board.reports(&[("counts", COUNTS)]);
}

/// Totals cost a quarter of what tables by reason do, and have the same share: the scales are 0.063 and 0.126.
fn reason_absurdly(board: &mut Board, level: &str) {
    board.config.loss = "{ rho: \"253\" }".into();
    board.config.levels = format!("[{level}]");
    board.config.year.clear();
    board.reports(&[("reasons", REASONS)]);
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

/// The true answers of the tables of one level, by figure and by the labels of the level's heading, the band and, where
/// `reasons` are asked for, the reason: a table is over `All` of the headings that it is not by.
pub fn truth(board: &Board, zones: &Zones, heading: &str, reasons: bool) -> BTreeMap<Vec<String>, i64> {
    let mut sums = BTreeMap::new();
    let tables = if reasons { &BY_REASONS[..] } else { &BY_BANDS };
    let answers = Extract::read(&board.path("extracts/truth.csv"));
    for row in answers.rows() {
        let [figure, zone, dimension, code, value] = &row[..] else { panic!("five columns") };
        let place = |heading: &str| zones.get(zone).map_or("unknown", |places| &places[heading]).to_owned();
        // People of several reasons are counted once in a total.
        let by_reason = dimension == "reason";
        for by in tables.iter().filter(|by| by.contains(&"Reason") == by_reason) {
            let label = |heading: &str| match by.contains(&heading) {
                false => "All".to_owned(),
                true if heading == "Reason" => code.clone(),
                true => place(heading),
            };
            let mut labels = vec![figure.clone(), place(heading), label("SIMDQuintile")];
            if reasons {
                labels.push(label("Reason"));
            }
            if !reasons || figure == "referred" {
                *sums.entry(labels).or_insert(0) += value.parse::<i64>().expect("a whole number");
            }
        }
    }
    sums
}

/// Compares a whole published table with the truth: every cell, zeros included, as measured and as made whole.
#[track_caller]
fn compare(board: &Board, zones: &Zones, report: &str, (level, heading): (&str, &str)) {
    let reasons = report == "reasons";
    let mut expected = truth(board, zones, heading, reasons);
    // Reasons are asked for by all of their dimensions, and in total.
    expected.retain(|labels, _| !reasons || (labels[2] == "All") == (labels[3] == "All"));
    assert!(expected.values().sum::<i64>() > 0, "the truth of `{report}` says nothing");
    for row in board.table(&format!("{report}-{level}")) {
        let headings = [&["Figure", heading, "SIMDQuintile"][..], if reasons { &["Reason"] } else { &[] }].concat();
        let labels = headings.iter().map(|heading| row[*heading].clone()).collect::<Vec<_>>();
        let expected = expected.remove(&labels).unwrap_or(0);
        // Where nobody can be, nothing is said.
        let said = ["Value", "Unbiased"].map(|column| row[column].clone());
        let told = match row["ValueQF"].as_str() {
            "z" => said == ["", ""] && expected == 0,
            _ => said == [format!("{expected}"), format!("{expected}.00")],
        };
        assert!(told, "{report} {level} {labels:?}: {expected} is true, and {row:?} was published");
    }
    assert_eq!(expected, BTreeMap::new(), "{report} {level}: true cells that were not published");
}

/// Runs a board whose noise is 0 in all cells together, but for odds below 1e-9.
#[track_caller]
fn run_without_noise(board: &Board) {
    board.smirr(&["run", "--quiet"]).ends(0);
    let manifest = board.manifest();
    let vectors = manifest["releases"].as_array().into_iter().flatten().flat_map(|it| it["vectors"].as_array());
    // The odds of a value other than 0 are below 2 q + 2 q^4 + ..., where q = exp(-1 / 2 scale^2).
    let odds = vectors.flatten().map(|vector| {
        let scale = vector["scale"].as_f64().expect("a scale");
        2.001 * (-0.5 / (scale * scale)).exp() * vector["cells"].as_f64().expect("a number of cells")
    });
    let odds = odds.collect::<Vec<_>>();
    assert!(!odds.is_empty() && odds.iter().sum::<f64>() < 1e-9, "this test needs next to no noise: {manifest}");
}

/// Every table of the board against its true answers: counts over all levels, and reasons at these.
#[track_caller]
pub fn compare_all(board: &mut Board, zones: &Zones, levels: &[(&str, &str)], reasons_at: &[(&str, &str)]) {
    count_absurdly(board, levels);
    run_without_noise(board);
    levels.iter().for_each(|level| compare(board, zones, "counts", *level));
    for level in reasons_at {
        let mut twin = board.twin();
        reason_absurdly(&mut twin, level.0);
        run_without_noise(&twin);
        compare(&twin, zones, "reasons", *level);
    }
}

const COLUMNS: [(&str, &str); 4] =
    [("data_zone", "DataZone"), ("health_board", "HB"), ("hscp", "HSCP"), ("simd_quintile", "SIMDQuintile")];
const LEVELS: [(&str, &str); 2] = [("health_board", "HB"), ("hscp", "HSCP")];

#[test]
fn a_clean_board_is_counted_as_it_is() {
    for (seed, single) in [(7, false), (8, true)] {
        let mut board = Board::new(&Size { patients: 6_000, seed, activity: 6.0, single, ..Size::default() });
        let zones = zones(&board.path("extracts/public/data_zones.csv"), &COLUMNS);
        compare_all(&mut board, &zones, &LEVELS, &LEVELS);
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
    let zones = zones(&board.path("extracts/public/data_zones.csv"), &COLUMNS);
    compare_all(&mut board, &zones, &LEVELS, &LEVELS);
    let patients = board.tally("patients");
    for repair in ["chi.leading_zero", "sex.case", "chi.spaces", "registered_on.day_first"] {
        assert!(patients["repaired"][repair].as_u64() > Some(0), "{repair} is not in {patients}");
    }
    assert!(patients["quarantined_by"]["practice_code.uniqueness"].as_u64() > Some(100), "{patients}");
}
