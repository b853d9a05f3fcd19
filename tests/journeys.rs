//! What follows people over several tables, through the program: drawn on, explained and published.

use std::fs;

use serde_json::Value;

use crate::support::extracts::{self, Extract};
use crate::support::{Board, Size, files};

const BRIDGE: &str = "\
title: Bridge
protects: patient
by: [area]
measures:
  pathway:
    funnel:
      referred: { rows: referrals, where: \"status <> 'declined'\" }
      sent: { rows: onward_referrals }
      attended: { rows: attendances, where: \"sessions > 0\", label: Went there }
";
const WAITS: &str = "\
title: Waits
protects: patient
by: [area, simd_quintile]
measures:
  first_contact:
    wait: { from: referrals.referred_on, to: contacts.contacted_on, where_to: \"attended = 'yes'\" }
    edges: [0, 7, 14, 28]
  lengths: { histogram: contacts.minutes, edges: [0, 30, 60], per_person: { events: 5 } }
";

fn board(reports: &[(&str, &str)]) -> Board {
    let mut board = Board::new(&Size::default());
    board.reports(reports);
    board
}

/// The distinct values of a column, as published.
fn values(board: &Board, table: &str, figure: &str, heading: &str) -> Vec<String> {
    let rows = board.table(table).into_iter().filter(|row| row["Figure"] == figure);
    let mut values = rows.map(|row| row[heading].clone()).collect::<Vec<_>>();
    values.sort();
    values.dedup();
    values
}

#[test]
fn a_release_follows_from_every_table_that_it_draws_on() {
    let board = board(&[("bridge", BRIDGE)]);
    board.smirr(&["run"]).ends(0);
    let tables = || {
        let mut published = board.published();
        published.retain(|name, _| name.contains("bridge-"));
        published
    };
    let published = tables();
    assert!(!published.is_empty());
    let extracts = files::under(&board.path("extracts"));
    for table in ["referrals", "onward_referrals", "attendances", "patients", "contacts"] {
        let path = extracts.iter().find(|path| path.ends_with(format!("{table}.csv"))).expect("there is a file");
        let before = fs::read(path).expect("it is text");
        let mut row = Extract::read(path).rows().last().expect("it has rows").clone();
        row[0].push_str("-again");
        extracts::append(path, &[row.join(",")]);
        let code = if table == "contacts" { 0 } else { 12 };
        let ran = board.smirr(&["run"]).ends(code);
        // A changed table that it draws on makes a correction, for which this board has no budget.
        assert!(code == 12 || ran.stdout.contains("this run cost nothing"), "{table}: {}", ran.stdout);
        fs::write(path, before).expect("it is ours");
    }
    // In other words it is the same question, with the same figures.
    let reworded = BRIDGE.replace("Went there", "Attended").replace("sessions > 0", "(sessions  >  0)");
    fs::write(board.path("reports/bridge.yaml"), reworded).expect("it is ours");
    assert!(board.smirr(&["run"]).ends(0).stdout.contains("this run cost nothing"));
    assert!(tables() == published);
}

#[test]
fn stages_days_and_values_are_published_in_full() {
    let board = board(&[("bridge", BRIDGE), ("waits", WAITS)]);
    board.smirr(&["run"]).ends(0);
    let shown = |table: &str, figure: &str, heading: &str| values(&board, table, figure, heading);
    assert_eq!(shown("bridge-hscp", "pathway", "Stage"), ["attended", "referred", "sent"]);
    let days = ["0 to 6", "14 to 27", "28 and over", "7 to 13", "not_yet"];
    assert_eq!(shown("waits-health_board", "first_contact", "Days"), days);
    let lengths = ["0 to 29", "30 to 59", "60 and over", "unknown"];
    assert_eq!(shown("waits-health_board", "lengths", "Minutes"), lengths);
}

#[test]
fn what_follows_people_is_explained_and_costs_what_one_count_costs() {
    let board = board(&[("bridge", BRIDGE), ("waits", WAITS)]);
    let end = board.smirr(&["explain", "--json"]).ends(0);
    let reports: Value = serde_json::from_str(&end.stdout).expect("it is JSON");
    let measure = |report: usize, measure: usize| reports[report]["measures"][measure].clone();
    let (funnel, wait, lengths) = (measure(0, 0), measure(1, 0), measure(1, 1));
    for journey in [&funnel, &wait] {
        let bounds = &journey["proofs"][0]["bounds"];
        assert_eq!((bounds["l0"].clone(), bounds["linf"].clone()), (1.into(), 1.into()));
    }
    assert_eq!(lengths["proofs"][0]["bounds"]["linf"], 5);
    assert_eq!(
        funnel["counts"],
        "people by the furthest of these stages that they reached after all before it: referred (`referrals`, where \
         status <> 'declined'), sent (`onward_referrals`), attended (`attendances`, where sessions > 0)"
    );
    assert_eq!(
        wait["counts"],
        "people by the days from their first `referrals.referred_on` to their first `contacts.contacted_on` (where \
         attended = 'yes') on that day or later"
    );
    assert_eq!(lengths["counts"], "rows of `contacts` by `minutes`, at most 5 a person and cell");
    let lineage = |measure: &Value, tables: &[&str]| {
        let lineage = measure["lineage"].to_string();
        tables.iter().for_each(|table| assert!(lineage.contains(table), "{lineage}"));
    };
    lineage(&funnel, &["referrals (", "onward_referrals (", "attendances (", "patients ("]);
    lineage(&wait, &["referrals (", "contacts (", "patients ("]);
}
