//! `smirr plan` opens nothing private, and what it says is what a run then does: the cost, the error, the reliability.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use serde_json::Value;
use smirr::privacy::Exact;

use crate::support::extracts::{Extract, Manner};
use crate::support::program::transcript;
use crate::support::{Board, Size, files};
use crate::truth::{truth, zones};

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
const REASONS: &str = "\
title: Reasons
protects: patient
by: [area, simd_quintile, reason]
measures:
  referred: { persons: referrals, where: \"status <> 'declined'\", per_person: { cells: 11 } }
";
const COLUMNS: [(&str, &str); 4] =
    [("data_zone", "DataZone"), ("health_board", "HB"), ("hscp", "HSCP"), ("simd_quintile", "SIMDQuintile")];
const LEVELS: [(&str, &str); 3] = [("health_board", "HB"), ("hscp", "HSCP"), ("data_zone", "DataZone")];

fn single() -> Board {
    Board::new(&Size { single: true, ..Size::default() })
}

/// The plan as JSON.
#[track_caller]
fn plan(board: &Board) -> Value {
    serde_json::from_str(&board.smirr(&["--json", "plan"]).ends(0).stdout).expect("it is JSON")
}

fn items(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

fn exact(value: &Value) -> Exact {
    let text = value.as_str().expect("an amount");
    if text == "0" { Exact::ZERO } else { text.parse().expect("an exact amount") }
}

fn number(value: &Value) -> u64 {
    value.as_u64().expect("a whole number")
}

/// Private extracts, wherever they are.
fn private(board: &Board) -> Vec<PathBuf> {
    let public = board.path("extracts/public");
    files::under(&board.path("extracts")).into_iter().filter(|path| !path.starts_with(&public)).collect()
}

#[test]
fn nothing_private_is_opened() {
    let board = Board::new(&Size::default());
    let first = plan(&board);
    assert_eq!(first["charge_decimal"], "0.25");
    assert!(exact(&first["charge"]) <= "1/4".parse().expect("an amount"));
    // Unusable files and an unusable key: whoever opened one would say so.
    for path in private(&board) {
        files::write(&path, "no table\0");
    }
    board.key("no key", 0o644);
    assert_eq!(plan(&board), first);
    board.smirr(&["ingest", "--quiet"]).ends(11);
    // No files and no key at all.
    for path in private(&board) {
        fs::remove_file(path).expect("it is ours");
    }
    fs::remove_file(board.path("board.key")).expect("it is ours");
    fs::remove_dir_all(board.path("work")).expect("ingest made it");
    let before = files::bytes_under(&board.path(""));
    assert_eq!(plan(&board), first);
    board.smirr(&["plan", "--quiet"]).ends(0);
    assert!(files::bytes_under(&board.path("")) == before, "looking ahead wrote something");
    assert!(!board.path("ledger.sqlite").exists());
    board.smirr(&["run", "--quiet"]).ends(10);
    // The area lookup is public, and needed.
    fs::remove_file(board.path("extracts/public/data_zones.csv")).expect("it is ours");
    board.smirr(&["plan", "--quiet"]).ends(10);
}

#[test]
fn a_plan_changes_nothing_that_a_run_left_and_knows_what_it_asked() {
    let board = single();
    let before = plan(&board);
    board.smirr(&["run", "--quiet"]).ends(0);
    let left = files::bytes_under(&board.path(""));
    let after = plan(&board);
    assert!(files::bytes_under(&board.path("")) == left, "looking ahead wrote something");
    for (report, before) in items(&after["reports"]).iter().zip(items(&before["reports"])) {
        assert_eq!((&report["asked_before"], &before["asked_before"]), (&Value::Bool(true), &Value::Bool(false)));
        assert_eq!(report["loss"], before["loss"]);
    }
    assert_eq!(after["charge"], "0");
    // What is left went down by what was charged, exactly.
    for (room, full) in items(&after["left"]).iter().zip(items(&before["left"])) {
        assert_eq!(full["left"], full["limit"]);
        assert_eq!(exact(&room["left"]).plus(&exact(&before["charge"])), exact(&full["left"]));
    }
    let text = board.smirr(&["plan", "--quiet"]).ends(0).stdout;
    assert!(text.contains("reach costs rho 0.125, and is in the ledger already"), "{text}");
    assert!(text.contains("A run would be charged rho 0.\n"), "{text}");
    assert!(text.contains("Left of each patient's loss for 2026-Q3 by the ledger: rho 0 of 0.25.\n"), "{text}");
}

#[test]
fn a_lost_ledger_is_not_taken_for_an_empty_one() {
    let board = single();
    board.smirr(&["run", "--quiet"]).ends(0);
    fs::remove_file(board.path("ledger.sqlite")).expect("it is ours");
    let told = board.smirr(&["plan", "--quiet"]).ends(14);
    assert!(told.stderr.contains("ledger.sqlite is gone") && told.stdout.is_empty(), "{told:?}");
    assert!(!board.path("ledger.sqlite").exists());
}

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

/// How many published cells are as near to the truth as was promised, of how many; and that marks are where they belong.
fn near(board: &Board, report: &str, heading: &str, vector: &Value) -> (usize, usize) {
    let zones = zones(&board.path("extracts/public/data_zones.csv"), &COLUMNS);
    let by_reason = report == "reasons";
    let headings = [&[heading, "SIMDQuintile"][..], if by_reason { &["Reason"] } else { &[] }].concat();
    let truth = truth(board, &zones, &headings, by_reason);
    let (measure, level) = (vector["measure"].as_str().expect("a name"), vector["level"].as_str().expect("a name"));
    let (mut hits, mut cells) = (0, 0);
    for row in board.table(&format!("{report}-{level}")).iter().filter(|row| row["Figure"] == measure) {
        let labels = headings.iter().map(|heading| row[*heading].clone());
        let labels = [measure.to_owned()].into_iter().chain(labels).collect::<Vec<_>>();
        let noised = row["Unbiased"].parse::<i64>().expect("counts give the measurement");
        let truth = truth.get(&labels).copied().unwrap_or(0);
        hits += usize::from(noised.abs_diff(truth) <= number(&vector["within_95"]));
        cells += 1;
        let reliable = row["Value"].parse::<u64>().expect("a count") >= number(&vector["reliable_from"]);
        assert_eq!(row["ValueQF"], if reliable { "" } else { "u" }, "{row:?}");
    }
    (hits, cells)
}

/// Runs the board, and holds what was charged and released against what was foretold.
fn as_foretold(loss: &str, year: &str) {
    let mut board = Board::new(&Size { patients: 12_000, activity: 6.0, single: true, ..Size::default() });
    board.config.levels = "[health_board, hscp, data_zone]".into();
    (board.config.loss, board.config.year) = (loss.into(), year.into());
    board.reports(&[("counts", COUNTS), ("reasons", REASONS)]);
    let plan = plan(&board);
    board.smirr(&["run", "--quiet"]).ends(0);
    let manifest = board.manifest();
    let (mut all, mut promised) = ((0, 0), 0.0);
    for (report, release) in items(&plan["reports"]).iter().zip(items(&manifest["releases"])) {
        // The cost, exactly: by vector, by report.
        assert_eq!((&report["report"], &report["loss"]), (&release["report"], &release["loss"]));
        let charges = items(&report["vectors"]).iter().map(|vector| exact(&vector["loss"])).collect::<Vec<_>>();
        assert_eq!(Exact::sum(&charges), exact(&release["loss"]));
        assert_eq!(items(&report["vectors"]).len(), items(&release["vectors"]).len());
        for (vector, released) in items(&report["vectors"]).iter().zip(items(&release["vectors"])) {
            for key in [
                "measure",
                "level",
                "mechanism",
                "scale",
                "within_95",
                "cells",
                "cells_per_person",
                "value_per_cell",
                "loss_decimal",
            ] {
                assert_eq!(vector[key], released[key], "{key}");
            }
            let heading = LEVELS.iter().find(|(level, _)| vector["level"] == **level).expect("a level").1;
            let name = report["report"].as_str().expect("a name");
            let (hits, cells) = near(&board, name, heading, vector);
            assert_eq!(cells as u64, number(&vector["cells"]));
            let scale = vector["scale"].as_f64().expect("a scale");
            let odds = odds_within(vector["mechanism"].as_str().expect("noise"), scale, number(&vector["within_95"]));
            // What is promised is what the noise has: 95 in 100, and no more than one whole number beyond.
            let less =
                odds_within(vector["mechanism"].as_str().expect("noise"), scale, number(&vector["within_95"]) - 1);
            let room = if scale < 1e3 { 1e-9 } else { 1e-3 };
            assert!(odds >= 0.95 - room && less < 0.95 + room, "{vector}");
            by_chance(hits, cells, odds, &vector.to_string());
            all = (all.0 + hits, all.1 + cells);
            promised += odds * cells as f64;
        }
    }
    assert!(all.1 > 2_000, "{} cells tell too little", all.1);
    by_chance(all.0, all.1, promised / all.1 as f64, "all cells");
    let charged = board.entries("reserved").iter().map(|entry| entry["loss"].clone()).collect::<Vec<_>>();
    let symbol = plan["definition"].as_str().expect("a symbol");
    let foretold = items(&plan["reports"])
        .iter()
        .map(|report| format!("{symbol} {}", report["loss_decimal"].as_str().expect("it is")));
    assert_eq!(charged, foretold.map(Value::String).collect::<Vec<_>>());
}

#[test]
fn the_error_and_the_cost_are_as_foretold_in_rho() {
    as_foretold("{ rho: \"0.25\", delta: \"1e-7\" }", "{ rho: \"1\" }");
}

#[test]
fn the_error_and_the_cost_are_as_foretold_in_epsilon() {
    as_foretold("{ epsilon: \"4\" }", "{ epsilon: \"16\" }");
}

/// How many people live in each band of each partnership where anyone does, by the test's own reckoning.
fn lived_in(board: &Board) -> Vec<u64> {
    let lookup = Extract::read(&board.path("extracts/public/data_zones.csv"));
    let [hscp, band, people] = ["hscp", "simd_quintile", "population"].map(|name| lookup.column(name));
    let mut places = BTreeMap::new();
    for row in lookup.rows() {
        *places.entry((row[hscp].clone(), row[band].clone())).or_insert(0) +=
            row[people].parse::<u64>().expect("people");
    }
    places.into_values().filter(|&people| people > 0).collect()
}

#[test]
fn reliable_cells_and_rates_follow_from_who_lives_where() {
    let mut board = Board::new(&Size { patients: 20_000, single: true, ..Size::default() });
    let yaml = "\
title: Reach
protects: patient
by: [area, simd_quintile, reason]
measures:
  registered: { persons: patients, expect: { per_1000: 1000 } }
  referred: { persons: referrals, per_person: { cells: 3 }, expect: { per_1000: 250 } }
  guessed: { persons: referrals, where: \"status <> 'declined'\" }
rates:
  rate: { of: referred, over: registered, per: 1000 }
  unsaid: { of: guessed, over: registered, per: 1000 }
";
    board.reports(&[("reach", yaml)]);
    let lived_in = lived_in(&board);
    let plan = plan(&board);
    assert!(number(&plan["people"]) > 10_000);
    let report = &plan["reports"][0];
    let of = |measure: &str| {
        let found = items(&report["vectors"]).iter().find(|it| it["measure"] == measure && it["level"] == "hscp");
        found.expect("it is foretold").clone()
    };
    // Ten reasons share what is expected evenly; `unknown` expects nothing.
    for (measure, per_1000, codes) in [("registered", 1000.0, 1), ("referred", 250.0, 10)] {
        let vector = of(measure);
        let least = number(&vector["reliable_from"]);
        assert_eq!(least, 2 * number(&vector["within_95"]));
        let reliable = |people: &&u64| **people as f64 * per_1000 / 1000.0 / codes as f64 >= least as f64;
        let reliable = lived_in.iter().filter(reliable).count() * codes;
        let expected =
            serde_json::json!({ "reliable": reliable, "cells": lived_in.len() * codes, "basis": "expected" });
        assert_eq!(vector["lived_in"], expected);
    }
    let referred = of("referred")["lived_in"].clone();
    assert!(
        number(&referred["reliable"]) > 0 && number(&referred["reliable"]) < number(&referred["cells"]),
        "{referred}"
    );
    assert_eq!(of("guessed")["lived_in"]["basis"], "at_most");
    // Both sides are expected, or nothing is said.
    let rates = items(&report["rates"]);
    assert!(rates.len() == 2 && rates.iter().all(|it| it["rate"] == "rate"), "{rates:?}");
    assert_eq!(report["rates_unsaid"], serde_json::json!(["unsaid"]));
    let rate = rates.iter().find(|it| it["level"] == "hscp").expect("it is foretold");
    assert_eq!((rate["expected"].as_f64(), number(&rate["cells"])), (Some(25.0), lived_in.len() as u64 * 10));
    // The 97.5% distances, from the scales by the continuous law: within one of the discrete ones.
    let reach = |measure: &str| 2.2414 * of(measure)["scale"].as_f64().expect("a scale");
    let reaches = lived_in.iter().map(|&people| {
        let (count, all) = (people as f64 * 0.025, people as f64);
        (count + reach("referred")) / (all - reach("registered")) * 1000.0 - 25.0
    });
    let mut reaches = reaches.filter(|reach| *reach > 0.0).collect::<Vec<_>>();
    reaches.sort_by(f64::total_cmp);
    let (told, own) = (rate["reach_of_middle_cell"].as_f64().expect("a reach"), reaches[reaches.len() / 2]);
    assert!((told - own).abs() < 0.1 * own, "{told} is told, {own} reckoned");
}

#[test]
fn a_lookup_that_tells_no_population_leaves_it_unsaid() {
    let board = single();
    let path = board.path("extracts/public/data_zones.csv");
    let mut lookup = Extract::read(&path);
    let people = lookup.column("population");
    lookup.records.iter_mut().skip(1).for_each(|row| row[people].clear());
    lookup.write(&path, Manner::Lf);
    let plan = plan(&board);
    assert_eq!(plan["people"], Value::Null);
    assert!(items(&plan["reports"][0]["vectors"]).iter().all(|vector| vector["lived_in"].is_null()));
    let text = board.smirr(&["plan", "--quiet"]).ends(0).stdout;
    assert!(text.contains("not known, since the area lookup does not say how many people live in its areas"), "{text}");
}

#[test]
fn of_figures_by_practice_the_cost_and_the_noise_are_foretold_alone() {
    let mut board = single();
    board.config.reports = "[load]".into();
    board.configure();
    let plan = plan(&board);
    let vectors = items(&plan["reports"][0]["vectors"]);
    assert!(number(&plan["people"]) > 0 && vectors.iter().all(|vector| vector["lived_in"].is_null()));
    assert_eq!(plan["reports"][0]["rates_unsaid"], serde_json::json!(["contacts_per_person"]));
    let text = board.smirr(&["plan", "--quiet"]).ends(0).stdout;
    assert!(text.contains("Not known for figures by practice"), "{text}");
    board.smirr(&["run", "--quiet"]).ends(0);
    for (vector, released) in vectors.iter().zip(items(&board.manifest()["releases"][0]["vectors"])) {
        let keys = ["measure", "level", "scale", "within_95", "cells", "value_per_cell", "loss_decimal"];
        assert!(keys.iter().all(|key| vector[key] == released[key]), "{vector} {released}");
    }
}

/// A report of one measure with this target, beside another.
fn targeting(board: &mut Board, target: &str) {
    let reach = format!(
        "title: Reach\nprotects: patient\nby: [area, simd_quintile]\ntarget: {target}\n\
         measures:\n  registered: {{ persons: patients }}\n  referred: {{ persons: referrals }}\n"
    );
    board.reports(&[("reach", &reach)]);
}

#[test]
fn targets_are_met_and_what_they_save_goes_to_the_others() {
    let mut board = single();
    let of = |plan: &Value, key: &str| {
        items(&plan["reports"][0]["vectors"]).iter().map(|vector| vector[key].as_u64()).collect::<Vec<_>>()
    };
    targeting(&mut board, "[]");
    // Four equal shares of 1/4.
    assert_eq!(of(&plan(&board), "within_95"), [Some(6); 4]);
    targeting(&mut board, "{ measure: referred, level: hscp, within: 12 }");
    let loose = plan(&board);
    assert_eq!(of(&loose, "target"), [None, None, None, Some(12)]);
    assert_eq!(of(&loose, "within_95"), [Some(5), Some(5), Some(5), Some(12)]);
    assert!(exact(&loose["charge"]) <= "1/4".parse().expect("an amount"));
    // And so it is released.
    board.smirr(&["run", "--quiet"]).ends(0);
    let vectors = board.manifest()["releases"][0]["vectors"].clone();
    assert_eq!(items(&vectors).iter().map(|it| it["within_95"].as_u64()).collect::<Vec<_>>(), of(&loose, "within_95"));
    assert_eq!(board.manifest()["releases"][0]["loss"], loose["charge"]);
    // Another target is another question.
    targeting(&mut board, "{ measure: referred, level: hscp, within: 13 }");
    let asked = board.smirr(&["--json", "plan"]).ends(12).stdout;
    assert!(asked.contains("\"asked_before\":false"), "{asked}");
}

#[test]
fn targets_that_do_not_fit_are_refused_before_private_data_are_opened() {
    let mut board = single();
    private(&board).iter().for_each(|path| files::write(path, "no table\0"));
    targeting(
        &mut board,
        "[{ measure: referred, level: hscp, within: 2 }, { measure: registered, level: hscp, within: 1 }]",
    );
    for command in ["plan", "run"] {
        let told = transcript(&board.smirr(&[command, "--quiet"]), &board.path(""));
        assert_eq!(told, REFUSED, "{told}");
    }
    assert!(!board.published().contains_key("2026-Q3/manifest.json"));
    targeting(
        &mut board,
        "[{ measure: referred, level: hscp, within: 5 }, { measure: registered, level: hscp, within: 4 }]",
    );
    plan(&board);
}

const REFUSED: &str = "\
exit code 12
--- stderr
error: the targets of `reach` need rho 1.041263, and its share of the quarter's loss is rho 0.25:
  referred at hscp within 2 needs rho 0.292412
  registered at hscp within 1 needs rho 0.748851
  what would fit: referred at hscp within 5 (7, if the other vectors are to keep their shares); registered at hscp within 3 (5, if the other vectors are to keep their shares)
Raise `within`, give the report a larger `share`, or the quarter a loss above rho 1.041263. Nothing was spent and nothing was published";

#[test]
fn a_plan_that_the_ledger_would_refuse_is_shown_and_then_refused() {
    let mut board = single();
    board.smirr(&["run", "--quiet"]).ends(0);
    targeting(&mut board, "[]");
    let ran = board.smirr(&["plan", "--quiet"]).ends(12);
    assert!(ran.stdout.contains("A run would be charged rho 0.25"), "{}", ran.stdout);
    assert!(
        ran.stdout.contains("Left of each patient's loss for 2026-Q3 by the ledger: rho 0 of 0.25."),
        "{}",
        ran.stdout
    );
    let refuses = |text: &str| text.contains("asks for rho 0.25, but") && text.contains("rho 0 of 0.25 for 2026-Q3");
    assert!(refuses(&ran.stderr), "{}", ran.stderr);
    let told = board.smirr(&["--json", "plan"]).ends(12);
    let plan = serde_json::from_str::<Value>(&told.stdout).expect("it is JSON");
    assert!(plan["refused"].as_str().is_some_and(refuses), "{plan}");
    assert_eq!(board.entries("reserved").len(), 2);
}
