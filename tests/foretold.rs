//! What `smirr plan` says of costs and errors, held against what a run is charged and releases.

use std::collections::BTreeMap;

use serde_json::Value;
use smirr::privacy::Exact;

use crate::audit::{noise, wide};
use crate::plan::{exact, items, number, plan};
use crate::support::extracts::Extract;
use crate::support::{Board, Size};
use crate::truth::{Zones, zones};

/// Measures of three kinds, and a target; nobody has more rows than the bounds allow.
const COUNTS: &str = "\
title: Counts
protects: patient
by: [area, simd_quintile]
levels: { data_zone: 3 }
target: { measure: registered, level: data_zone, within: 30 }
measures:
  registered: { persons: patients }
  referred: { persons: referrals, where: \"status <> 'declined'\" }
  engaged: { persons: contacts, where: \"attended = 'yes'\" }
  referred_onward: { persons: onward_referrals }
  attended: { persons: attendances, where: \"sessions > 0\" }
  contacts: { events: contacts, where: \"attended = 'yes'\", per_person: { events: 100 }, share: 2 }
  minutes:
    sum: contacts.minutes
    where: \"attended = 'yes'\"
    per_person: { between: [0, 20000] }
";
/// The same question in five forms, so that there are enough cells to judge by.
const REASONS: &str = "\
title: Reasons
protects: patient
by: [area, simd_quintile, reason]
measures:
  referred1: { persons: referrals, where: \"status <> 'declined'\", per_person: { cells: 11 } }
  referred2: { persons: referrals, where: \"not status = 'declined'\", per_person: { cells: 11 } }
  referred3: { persons: referrals, where: \"status not in ('declined')\", per_person: { cells: 11 } }
  referred4: { persons: referrals, where: \"not status in ('declined')\", per_person: { cells: 11 } }
  referred5: { persons: referrals, where: \"status < 'declined' or status > 'declined'\", per_person: { cells: 11 } }
";
const COLUMNS: [(&str, &str); 4] =
    [("data_zone", "DataZone"), ("health_board", "HB"), ("hscp", "HSCP"), ("simd_quintile", "SIMDQuintile")];
const LEVELS: [(&str, &str); 3] = [("health_board", "HB"), ("hscp", "HSCP"), ("data_zone", "DataZone")];

/// The odds that discrete noise stays within `within`: added up from the distribution itself.
fn odds_within(mechanism: &str, scale: f64, within: u64) -> f64 {
    let weight = |x: f64| match mechanism {
        "discrete Gaussian" => (-(x / scale).powi(2) / 2.0).exp(),
        "discrete Laplace" => (-x / scale).exp(),
        other => panic!("unknown noise: {other}"),
    };
    // Wide noise is added up in strides of a thousandth of its scale: near enough to tell 95% from 94%.
    let stride = ((scale / 1000.0) as u64).max(1);
    let two_sided = |to: u64| 1.0 + 2.0 * (1..=to / stride).map(|x| weight((x * stride) as f64)).sum::<f64>();
    two_sided(within) / two_sided((40.0 * scale) as u64)
}

/// Hits among independent cells that hit with mean odds `p`, within limits that chance passes with odds below 1e-11 (the
/// bound of Chernoff; Hoeffding 1956 where the odds of the cells differ).
#[track_caller]
fn by_chance(hits: usize, cells: usize, p: f64, what: &str) {
    let q = hits as f64 / cells as f64;
    let part = |q: f64, p: f64| if q == 0.0 { 0.0 } else { q * (q / p).ln() };
    let distance = cells as f64 * (part(q, p) + part(1.0 - q, 1.0 - p));
    assert!(distance < (2.0f64 / 1e-11).ln(), "{what}: {hits} of {cells} cells, where {p:.4} of them were promised");
}

const BY_BANDS: [&[&str]; 2] = [&[], &["SIMDQuintile"]];
const BY_REASONS: [&[&str]; 4] = [&[], &["SIMDQuintile"], &["Reason"], &["SIMDQuintile", "Reason"]];

/// The true answers of the tables of one level, by figure and by the labels of the level's heading, the band and, where
/// `reasons` are asked for, the reason: a table is over `All` of the headings that it is not by.
fn truth(board: &Board, zones: &Zones, heading: &str, reasons: bool) -> BTreeMap<Vec<String>, i64> {
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

/// One published table, held against the truth.
struct Held {
    /// Squares of the errors, each in standard errors as published.
    squares: Vec<f64>,
    /// The least standard error.
    least: f64,
}

/// The unbiased figures of one table against the truth; and their marks and standard errors where they belong.
fn held(board: &Board, report: &str, heading: &str, table: &Value) -> Held {
    let zones = zones(&board.path("extracts/public/data_zones.csv"), &COLUMNS);
    let by_reason = report == "reasons";
    let truth = truth(board, &zones, heading, by_reason);
    let (measure, level) = (table["measure"].as_str().expect("a name"), table["level"].as_str().expect("a name"));
    let by = items(&table["by"]).iter().map(|it| it.as_str().expect("a name")).collect::<Vec<_>>();
    let headings = [&["Figure", heading, "SIMDQuintile"][..], if by_reason { &["Reason"] } else { &[] }].concat();
    let is_own = |row: &&BTreeMap<String, String>| {
        let over_all = |heading: &str, name: &str| (row[heading] == "All") != by.contains(&name);
        row["Figure"] == measure
            && over_all("SIMDQuintile", "simd_quintile")
            && (!by_reason || over_all("Reason", "reason"))
    };
    let (mut errors, mut squares) = (BTreeMap::new(), Vec::new());
    let rows = board.table(&format!("{report}-{level}"));
    let own = rows.iter().filter(is_own).collect::<Vec<_>>();
    assert_eq!(own.len() as u64, number(&table["cells"]));
    for row in own.iter().filter(|row| row["ValueQF"] != "z") {
        let mut labels = headings.iter().map(|heading| row[*heading].clone()).collect::<Vec<_>>();
        labels[0] = labels[0].trim_end_matches(|it: char| it.is_ascii_digit()).to_owned();
        let of = |column: &str| row[column].parse::<f64>().expect("a count has it");
        let (value, error) = (of("Value"), of("StandardError"));
        let truth = truth.get(&labels).copied().unwrap_or(0) as f64;
        squares.push(((of("Unbiased") - truth) / error).powi(2));
        errors.insert(row[heading].clone(), error);
        let reach = (value - of("Lower95")).max(of("Upper95") - value);
        assert_eq!(row["ValueQF"], if reach > 0.5 * value { "u" } else { "" }, "{row:?}");
        // What is foretold of all cells is nearly so of each: areas of more parts are known better.
        let foretold = number(&table["reliable_from"]) as f64;
        // The interval holds both the estimate and the whole number, which may lie on either side of the line. Where being
        // made whole moved a figure far, as it may among many cells of nobody, its interval reaches further than noise does.
        let (least, most) = (value.min(of("Unbiased")), value.max(of("Unbiased")));
        let is_moved = most - least > 0.25 * foretold;
        let is_far = !is_moved && (least > 2.0 * foretold + 4.0 || most < 0.4 * foretold - 4.0);
        assert!(!is_far || (row["ValueQF"] == "u") == (value < foretold), "{row:?} where {table} was foretold");
    }
    let mean = errors.values().map(|error| error * error).sum::<f64>() / errors.len() as f64;
    let foretold = table["standard_error"].as_f64().expect("an error");
    assert!((mean.sqrt() - foretold).abs() < 0.01, "{} where {foretold} was foretold: {table}", mean.sqrt());
    Held { squares, least: errors.values().copied().fold(f64::INFINITY, f64::min) }
}

/// Squared errors of normal noise have a sum near their number. Least squares never spreads a table's errors further, in
/// any direction, than its own noise is spread: so their correlations have no eigenvalue above `most`, the variance drawn
/// against the least that is left of it. Then chance passes these limits with odds below 1e-11 (Laurent and Massart 2000,
/// lemma 1).
#[track_caller]
fn sums_by_chance(squares: &[f64], most: f64, what: &str) {
    let (sum, n, t) = (squares.iter().sum::<f64>(), squares.len() as f64, (2.0f64 / 1e-11).ln());
    let wide = 2.0 * (most * n * t).sqrt();
    assert!(sum > n - wide && sum < n + wide + 2.0 * most * t, "{what}: {sum} from {n} cells");
}

/// Runs the board, and holds what was charged and released against what was foretold.
fn as_foretold(loss: &str, year: &str) {
    let mut board = Board::new(&Size { patients: 12_000, activity: 6.0, single: true, ..Size::default() });
    board.config.levels = "[health_board, hscp, data_zone]".into();
    (board.config.loss, board.config.year) = (loss.into(), year.into());
    board.reports(&[("counts", COUNTS), ("reasons", REASONS)]);
    let plan = plan(&board);
    board.smirr(&["run", "--quiet"]).ends(0);
    let label = board.label();
    let mut alike = BTreeMap::<String, (Vec<f64>, f64)>::new();
    for (report, release) in items(&plan["reports"]).iter().zip(items(&label["reports"])) {
        // The cost, exactly: by table, by report.
        assert_eq!((&report["report"], &report["loss"]), (&release["report"], &release["cost"]["loss"]));
        let drawn = items(&report["tables"]).iter().filter(|table| !table["drawn"].is_null()).collect::<Vec<_>>();
        let charges = drawn.iter().map(|table| exact(&table["drawn"]["loss"])).collect::<Vec<_>>();
        assert_eq!(Exact::sum(&charges), exact(&release["cost"]["loss"]));
        assert_eq!(drawn.len(), items(&release["tables"]).len());
        for (table, released) in drawn.iter().zip(items(&release["tables"])) {
            for key in ["measure", "level", "by", "cells"] {
                assert_eq!(table[key], released[key], "{key}");
            }
            for key in ["mechanism", "scale", "loss", "loss_decimal"] {
                assert_eq!(table["drawn"][key], released[key], "{key}");
            }
            assert_eq!(table["drawn"]["cells_per_person"], released["bounds"]["cells"]);
            let range = serde_json::json!([released["bounds"]["least"], released["bounds"]["most"]]);
            assert_eq!(table["drawn"]["value_per_cell"], range);
        }
        for table in items(&report["tables"]) {
            let heading = LEVELS.iter().find(|(level, _)| table["level"] == **level).expect("a level").1;
            let held = held(&board, report["report"].as_str().expect("a name"), heading, table);
            // Of a table that was not drawn, it is not known how its errors hang together.
            let Some(scale) = table["drawn"]["scale"].as_f64() else { continue };
            let alike = alike.entry(format!("{} {} {}", report["report"], table["level"], table["by"])).or_default();
            alike.0.extend(held.squares);
            alike.1 = alike.1.max((scale / held.least).powi(2));
        }
    }
    // Measures err independently of one another. What Laplace noise does is judged on single tables.
    for (what, (squares, most)) in alike.iter().filter(|_| plan["definition"] == "rho") {
        sums_by_chance(squares, *most, what);
    }
    let largest = alike.values().map(|(squares, _)| squares.len()).max();
    assert!(alike.len() >= 4 && largest > Some(800), "{largest:?} cells in {} tables tell too little", alike.len());
    let charged = board.entries("reserved").iter().map(|entry| entry["loss"].clone()).collect::<Vec<_>>();
    let symbol = plan["definition"].as_str().expect("a symbol");
    let foretold = items(&plan["reports"])
        .iter()
        .map(|report| format!("{symbol} {}", report["loss_decimal"].as_str().expect("it is")));
    assert_eq!(charged, foretold.map(Value::String).collect::<Vec<_>>());
}

/// A table that stands alone is published as it was drawn: as many cells are within the foretold distance as the law of
/// its noise says, and that is 95 in 100 or hardly more.
fn alone_as_foretold(loss: &str) {
    let board = wide(loss);
    let plan = board.plan();
    let [table] = items(&plan["reports"][0]["tables"]) else { panic!("one table was asked for: {plan}") };
    let published = board.run();
    let (mechanism, scale) = (table["drawn"]["mechanism"].as_str(), table["drawn"]["scale"].as_f64());
    let (mechanism, scale) = (mechanism.expect("noise"), scale.expect("a scale"));
    assert_eq!(published.vectors()[0]["scale"], table["drawn"]["scale"]);
    let within = number(&table["within_95"]);
    let (odds, less) = (odds_within(mechanism, scale, within), odds_within(mechanism, scale, within - 1));
    assert!(odds >= 0.949 && less < 0.951, "{table}: {odds}, and {less} for one less");
    let noise = noise(&board, &published);
    assert_eq!(noise.len() as u64, number(&table["cells"]));
    by_chance(noise.iter().filter(|it| it.unsigned_abs() <= within).count(), noise.len(), odds, &table.to_string());
}

#[test]
fn what_a_single_table_errs_by_is_as_foretold() {
    alone_as_foretold("{ rho: \"1/128\", delta: \"1e-6\" }");
    alone_as_foretold("{ epsilon: \"1/8\" }");
}

#[test]
fn the_error_and_the_cost_are_as_foretold_in_rho() {
    as_foretold("{ rho: \"0.25\", delta: \"1e-7\" }", "{ rho: \"1\" }");
}

#[test]
fn the_error_and_the_cost_are_as_foretold_in_epsilon() {
    as_foretold("{ epsilon: \"4\" }", "{ epsilon: \"16\" }");
}
