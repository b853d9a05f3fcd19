//! Several quarters through the program: run one after another, set side by side in series, and told apart in changes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use crate::support::extracts::{self, Extract};
use crate::support::{Board, Size, files};

const REACH: &str = "\
title: Reach
protects: patient
by: [area]
measures:
  registered: { persons: patients }
  referred: { persons: referrals }
rates:
  referral_rate: { of: referred, over: registered, per: 1000 }
changes:
  more_referred: { of: referred }
  rate_change: { of: referral_rate }
";

/// A board whose extracts are made quarter by quarter, each in a folder of its own.
fn board() -> Board {
    let mut board = Board::new(&Size { patients: 500, ..Size::default() });
    for source in board.config.sources.values_mut() {
        *source = source.replace("extracts/", "extracts/{quarter}/");
    }
    board.reports(&[("reach", REACH)]);
    fictional(&board);
    board
}

/// Writes the YAML, with the fiction that the board is.
fn fictional(board: &Board) {
    board.configure();
    let path = board.path("board.yaml");
    let yaml = fs::read_to_string(&path).expect("it is there");
    let fiction = "fictional: { patients: 2000, seed: 7, activity: 3, folder: \"extracts/{quarter}\" }\n";
    files::write(&path, yaml + fiction);
}

fn pack(board: &Board, quarter: &str) -> PathBuf {
    board.path("published").join(quarter)
}

/// A published table of a quarter: the values of each row by column.
fn table(board: &Board, quarter: &str, name: &str) -> Vec<BTreeMap<String, String>> {
    let path = pack(board, quarter).join(format!("{name}.csv"));
    let mut reader = csv::Reader::from_path(path).expect("the table is there");
    reader.deserialize().map(|row| row.expect("each row is whole")).collect()
}

/// The quarters of a series, in its order.
fn quarters(series: &[BTreeMap<String, String>]) -> Vec<&str> {
    let mut quarters = series.iter().map(|row| row["Quarter"].as_str()).collect::<Vec<_>>();
    quarters.dedup();
    quarters
}

/// The distinct symbols of a quarter's figures, each without what its own value gave it.
fn symbols(series: &[BTreeMap<String, String>], quarter: &str) -> BTreeSet<String> {
    let rows = series.iter().filter(|row| row["Quarter"] == quarter && !row["Figure"].contains("change"));
    let rows = rows.filter(|row| row["Figure"] != "more_referred");
    let own = |row: &BTreeMap<String, String>| {
        let symbols = row["ValueQF"].split(' ').filter(|symbol| ["r", "b"].contains(symbol)).map(str::to_owned);
        symbols.collect::<Vec<_>>().join(" ")
    };
    rows.map(own).collect()
}

fn only(symbol: &str) -> BTreeSet<String> {
    BTreeSet::from([symbol.to_owned()])
}

/// Adds a repeat of a referral of a quarter: a change of the extracts, and a valid one.
fn correct(board: &Board, quarter: &str) {
    let all = files::under(&board.path("extracts").join(quarter));
    let path = all.iter().find(|path| path.ends_with("referrals.csv")).expect("there is a practice");
    let mut row = Extract::read(path).rows().last().expect("it has rows").clone();
    row[0].push_str("-again");
    extracts::append(path, &[row.join(",")]);
}

/// The one row of a figure in an area.
fn figure<'a>(rows: &'a [BTreeMap<String, String>], area: &str, figure: &str) -> &'a BTreeMap<String, String> {
    let mut found = rows.iter().filter(|row| row["HB"] == area && row["Figure"] == figure);
    let one = found.next().unwrap_or_else(|| panic!("no {figure} in {area}"));
    assert!(found.next().is_none());
    one
}

#[test]
fn a_series_tells_of_revisions_and_breaks() {
    let mut board = board();
    board.config.most = "{ rho: \"0.5\" }".into();
    board.config.year = "{ rho: \"2\" }".into();
    fictional(&board);
    board.smirr(&["run", "--quarter", "2026-Q2", "--since", "2026-Q1"]).ends(0);
    let first = table(&board, "2026-Q1", "reach-health_board");
    // There is nothing before the first quarter to compare with.
    assert!(first.iter().filter(|row| row["Figure"] == "more_referred").all(|row| row["ValueQF"] == "x"));
    assert_eq!(quarters(&table(&board, "2026-Q1", "reach-health_board-series")), ["2026-Q1"]);

    correct(&board, "2026-Q2");
    board.smirr(&["run", "--quarter", "2026-Q2"]).ends(0);
    let second = table(&board, "2026-Q2", "reach-health_board");
    assert_eq!(symbols(&second, "2026-Q2"), only("r"));
    let areas = first.iter().map(|row| row["HB"].clone()).collect::<BTreeSet<_>>();
    let number = |row: &BTreeMap<String, String>, column: &str| row[column].parse::<f64>().expect("it is a number");
    for area in &areas {
        let [now, before] = [&second, &first].map(|rows| figure(rows, area, "referred"));
        let change = figure(&second, area, "more_referred");
        assert_eq!(number(change, "Value"), number(now, "Value") - number(before, "Value"));
        let error = number(now, "StandardError").hypot(number(before, "StandardError"));
        assert!((number(change, "StandardError") - error).abs() < 0.01);
        assert!(number(change, "Lower95") <= number(change, "Value"));
        assert!(number(change, "Value") <= number(change, "Upper95"));
        assert!(change["ValueQF"].split(' ').any(|symbol| symbol == "r"), "it is made of a revised figure");
    }

    // The areas of the third quarter are of another vintage.
    board.smirr(&["ingest"]).ends(0);
    let lookup = board.path("extracts/2026-Q3/public/data_zones.csv");
    let mut zones = Extract::read(&lookup);
    let population = zones.column("population");
    zones.records[1][population] = "801".into();
    zones.write(&lookup, extracts::Manner::Lf);
    board.smirr(&["run"]).ends(0);
    let series = table(&board, "2026-Q3", "reach-health_board-series");
    assert_eq!(quarters(&series), ["2026-Q1", "2026-Q2", "2026-Q3"]);
    let marks = ["2026-Q1", "2026-Q2", "2026-Q3"].map(|quarter| symbols(&series, quarter));
    assert_eq!(marks, ["", "r", "b"].map(only));
    let third = table(&board, "2026-Q3", "reach-health_board");
    assert_eq!(symbols(&third, "2026-Q3"), only(""), "a break stands in series alone");
    let changes = third.iter().filter(|row| ["more_referred", "rate_change"].contains(&row["Figure"].as_str()));
    assert!(changes.map(|row| row["ValueQF"].as_str()).eq(["x"; 2].repeat(areas.len())), "a break lies between");
    // Nothing of earlier quarters was changed on its way.
    let past = |row: &&BTreeMap<String, String>| row["Quarter"] != "2026-Q3";
    assert!(series.iter().filter(past).eq(first.iter().chain(&second)));
    assert_eq!(files::fault_of_pack(&board.pack()), None);
    let published = board.published();
    board.smirr(&["run"]).ends(0);
    assert!(board.published() == published, "a replay writes other bytes");
}

#[test]
fn another_definition_is_a_break_and_other_words_are_none() {
    let board = board();
    let rewrite = |from: &str, to: &str| {
        let path = board.path("reports/reach.yaml");
        let yaml = fs::read_to_string(&path).expect("it is there");
        assert!(yaml.contains(from), "{yaml}");
        files::write(&path, yaml.replacen(from, to, 1));
    };
    board.smirr(&["run", "--quarter", "2026-Q1"]).ends(0);
    // The other way round, and in other words.
    rewrite(
        "  registered: { persons: patients }\n  referred: { persons: referrals }\n",
        "  referred: { persons: referrals, label: All who were referred }\n  registered: { persons: patients }\n",
    );
    board.smirr(&["run", "--quarter", "2026-Q2"]).ends(0);
    let second = table(&board, "2026-Q2", "reach-health_board");
    assert!(!figure(&second, "S08000901", "rate_change")["Value"].is_empty());
    rewrite("persons: referrals", "persons: referrals, where: \"status <> 'declined'\"");
    board.smirr(&["run"]).ends(0);
    let series = table(&board, "2026-Q3", "reach-hscp-series");
    let marks = ["2026-Q1", "2026-Q2", "2026-Q3"].map(|quarter| symbols(&series, quarter));
    assert_eq!(marks, ["", "", "b"].map(only));
    let third = table(&board, "2026-Q3", "reach-health_board");
    assert_eq!(figure(&third, "S08000901", "rate_change")["ValueQF"], "x");
}

#[test]
fn a_change_follows_the_quarter_before_when_it_is_run_again() {
    let mut board = board();
    board.config.most = "{ rho: \"0.5\" }".into();
    board.config.year = "{ rho: \"2\" }".into();
    fictional(&board);
    board.smirr(&["run", "--since", "2026-Q2"]).ends(0);
    let published = board.published();
    correct(&board, "2026-Q2");
    board.smirr(&["run", "--quarter", "2026-Q2"]).ends(0);
    let third = |bytes: &BTreeMap<String, Vec<u8>>| {
        bytes.iter().filter(|(name, _)| name.starts_with("2026-Q3")).map(|it| it.1.clone()).collect::<Vec<_>>()
    };
    assert!(third(&board.published()) == third(&published), "a pack waits until it is run again");
    let again = board.smirr(&["run"]).ends(0);
    assert!(again.stdout.contains("this run cost nothing"), "{}", again.stdout);
    let [now, before] = ["2026-Q3", "2026-Q2"].map(|quarter| table(&board, quarter, "reach-health_board"));
    let value = |rows: &[BTreeMap<String, String>], name: &str| {
        figure(rows, "S08000901", name)["Value"].parse::<i64>().expect("it is a number")
    };
    assert_eq!(value(&now, "more_referred"), value(&now, "referred") - value(&before, "referred"));
    assert_eq!(figure(&now, "S08000901", "referred")["ValueQF"], "", "this quarter was not revised");
    assert_eq!(figure(&now, "S08000901", "more_referred")["ValueQF"], "r");
}

#[test]
fn since_stops_where_it_fails_and_goes_on_from_there() {
    let mut board = board();
    board.config.year = "{ rho: \"0.5\" }".into();
    fictional(&board);
    let stopped = board.smirr(&["run", "--since", "2026-Q1"]).ends(12);
    assert!(stopped.stderr.contains("2026-Q3"), "{}", stopped.stderr);
    assert_eq!(stopped.stdout.matches("charged to the ledger").count(), 2, "{}", stopped.stdout);
    assert_eq!(board.entries("published").len(), 2);
    assert!(pack(&board, "2026-Q2").exists() && !board.pack().exists());
    let published = board.published();
    board.config.year = "{ rho: \"1\" }".into();
    fictional(&board);
    let resumed = board.smirr(&["run", "--since", "2026-Q1"]).ends(0);
    assert_eq!(resumed.stdout.matches("this run cost nothing").count(), 2, "{}", resumed.stdout);
    assert_eq!(resumed.stdout.matches("charged to the ledger").count(), 1, "{}", resumed.stdout);
    let after = board.published();
    // The label states the limit, which is another now; the figures are the same.
    let figures = published.iter().filter(|(name, _)| name.ends_with(".csv") || name.ends_with(".parquet"));
    assert!(figures.into_iter().all(|(name, bytes)| after[name] == *bytes));
    assert_eq!(quarters(&table(&board, "2026-Q3", "reach-hscp-series")), ["2026-Q1", "2026-Q2", "2026-Q3"]);
}

#[test]
fn a_quarter_that_is_not_there_is_not_in_the_series() {
    let board = board();
    board.smirr(&["run", "--quarter", "2026-Q1"]).ends(0);
    board.smirr(&["run"]).ends(0);
    assert_eq!(quarters(&table(&board, "2026-Q3", "reach-hscp-series")), ["2026-Q1", "2026-Q3"]);
    let rows = table(&board, "2026-Q3", "reach-hscp");
    let changes = rows.iter().filter(|row| row["Figure"] == "rate_change").collect::<Vec<_>>();
    assert!(!changes.is_empty() && changes.iter().all(|row| row["ValueQF"] == "x" && row["Value"].is_empty()));
    // Without series, changes are made all the same.
    let yaml = fs::read_to_string(board.path("board.yaml")).expect("it is there");
    files::write(&board.path("board.yaml"), yaml.replace("parquet] }", "parquet], series: 0 }"));
    board.smirr(&["run", "--since", "2026-Q2"]).ends(0);
    assert!(!board.pack().join("reach-hscp-series.csv").exists());
    let rows = table(&board, "2026-Q3", "reach-health_board");
    assert!(!figure(&rows, "S08000901", "more_referred")["Value"].is_empty());
}

#[test]
fn a_pack_that_was_changed_stops_the_next_before_it_spends() {
    let board = board();
    board.smirr(&["run", "--quarter", "2026-Q2"]).ends(0);
    let path = pack(&board, "2026-Q2").join("reach-hscp.csv");
    let before = fs::read_to_string(&path).expect("it is there");
    fs::write(&path, before.replacen("registered", "registerd", 1)).expect("it is ours");
    let refused = board.smirr(&["run"]).ends(14);
    assert!(refused.stderr.contains("the pack of 2026-Q2"), "{}", refused.stderr);
    assert!(refused.stderr.contains("reach-hscp.csv is not as its manifest says"), "{}", refused.stderr);
    assert_eq!(board.entries("reserved").len(), 1);
    // As it was told.
    board.smirr(&["run", "--quarter", "2026-Q2"]).ends(0);
    assert_eq!(fs::read_to_string(&path).expect("it is there"), before);
    board.smirr(&["run"]).ends(0);
}

#[test]
fn a_quarter_that_is_none_and_one_that_is_too_late() {
    let board = board();
    let wrong = board.smirr(&["run", "--quarter", "2026-Q5"]).ends(2);
    assert!(
        wrong.stderr.contains("`2026-Q5` is not a calendar quarter; write a year and a quarter"),
        "{}",
        wrong.stderr
    );
    let late = board.smirr(&["run", "--since", "2027-Q1"]).ends(10);
    assert!(
        late.stderr.contains("`--since 2027-Q1` is later than the last quarter to run, 2026-Q3"),
        "{}",
        late.stderr
    );
    let ahead = board.smirr(&["plan", "--quarter", "2025-Q1"]).ends(0);
    assert!(ahead.stdout.contains("2025-Q1: nothing private was opened"), "{}", ahead.stdout);
}
