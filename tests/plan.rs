//! `smirr plan` opens nothing private, and what it says is what a run then does: the cost, the error, the reliability.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use serde_json::Value;
use smirr::privacy::Exact;

use crate::support::extracts::{Extract, Manner};
use crate::support::program::transcript;
use crate::support::{Board, Size, files};

fn single() -> Board {
    Board::new(&Size { single: true, ..Size::default() })
}

/// The plan as JSON.
#[track_caller]
pub fn plan(board: &Board) -> Value {
    serde_json::from_str(&board.smirr(&["--json", "plan"]).ends(0).stdout).expect("it is JSON")
}

pub fn items(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

pub fn exact(value: &Value) -> Exact {
    let text = value.as_str().expect("an amount");
    if text == "0" { Exact::ZERO } else { text.parse().expect("an exact amount") }
}

pub fn number(value: &Value) -> u64 {
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
        let own = items(&report["tables"]).iter().filter(|it| it["measure"] == measure && it["level"] == "hscp");
        // By every dimension that the measure has.
        let found = own.max_by_key(|it| items(&it["by"]).len());
        found.expect("it is foretold").clone()
    };
    // Ten reasons share what is expected evenly; `unknown` expects nothing.
    for (measure, per_1000, codes) in [("registered", 1000.0, 1), ("referred", 250.0, 10)] {
        let vector = of(measure);
        let least = number(&vector["reliable_from"]);
        assert_eq!(least, 2 * number(&vector["within_95"]));
        assert_eq!(items(&vector["by"]).len(), if codes == 1 { 1 } else { 2 });
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
    // The upper limit: of the noise by the variance of a quotient, of the people by Wilson's, and both as a hypotenuse.
    let error = |measure: &str| of(measure)["standard_error"].as_f64().expect("an error");
    let (z, share, errors) = (1.96f64, 0.025f64, (error("referred"), error("registered")));
    let reaches = lived_in.iter().map(|&people| {
        let all = people as f64;
        let noise = z * errors.0.hypot(share * errors.1) / all;
        let spread = (share * (1.0 - share) / all + (z / all / 2.0).powi(2)).sqrt();
        let sampled = (share + z * z / all / 2.0 + z * spread) / (1.0 + z * z / all) - share;
        1000.0 * noise.hypot(sampled)
    });
    let mut reaches = reaches.collect::<Vec<_>>();
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
    assert!(items(&plan["reports"][0]["tables"]).iter().all(|table| table["lived_in"].is_null()));
    let text = board.smirr(&["plan", "--quiet"]).ends(0).stdout;
    assert!(text.contains("not known, since the area lookup does not say how many people live in its areas"), "{text}");
}

#[test]
fn of_figures_by_practice_the_cost_and_the_noise_are_foretold_alone() {
    let mut board = single();
    board.config.reports = "[load]".into();
    board.configure();
    let plan = plan(&board);
    let tables = items(&plan["reports"][0]["tables"]);
    assert!(number(&plan["people"]) > 0 && tables.iter().all(|table| table["lived_in"].is_null()));
    assert_eq!(plan["reports"][0]["rates_unsaid"], serde_json::json!(["contacts_per_person"]));
    let text = board.smirr(&["plan", "--quiet"]).ends(0).stdout;
    assert!(text.contains("Not known for figures by practice"), "{text}");
    board.smirr(&["run", "--quiet"]).ends(0);
    let label = board.label();
    let released = items(&label["reports"][0]["tables"]);
    assert_eq!(tables.iter().filter(|table| !table["drawn"].is_null()).count(), released.len());
    for (table, released) in tables.iter().filter(|table| !table["drawn"].is_null()).zip(released) {
        let drawn = ["scale", "loss_decimal"].iter().all(|key| table["drawn"][key] == released[key]);
        let range = serde_json::json!([released["bounds"]["least"], released["bounds"]["most"]]);
        assert!(
            drawn
                && table["drawn"]["value_per_cell"] == range
                && ["measure", "level", "by", "cells"].iter().all(|key| table[key] == released[key]),
            "{table}"
        );
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
    targeting(&mut board, "[]");
    let plain = plan(&board);
    targeting(&mut board, "{ measure: referred, level: hscp, within: 12 }");
    let loose = plan(&board);
    let both = items(&plain["reports"][0]["tables"]).iter().zip(items(&loose["reports"][0]["tables"]));
    let mut met = Vec::new();
    for (plain, loose) in both {
        let error = |table: &Value| table["standard_error"].as_f64().expect("an error");
        match (loose["measure"].as_str(), loose["level"].as_str()) {
            (Some("registered"), _) => assert!(error(loose) < error(plain), "{loose} {plain}"),
            (_, Some("hscp")) => {
                assert!(error(loose) > error(plain) && loose["target"] == 12, "{loose} {plain}");
                met.push(number(&loose["within_95"]));
            }
            _ => assert!(error(loose) > error(plain) && loose["target"].is_null(), "{loose} {plain}"),
        }
    }
    // By bands and in total: the farther of the two is just within.
    assert!(met.len() == 2 && met.iter().max() == Some(&12), "{met:?}");
    assert!(exact(&loose["charge"]) <= "1/4".parse().expect("an amount"));
    // And so it is released.
    board.smirr(&["run", "--quiet"]).ends(0);
    let label = board.label();
    let drawn = items(&loose["reports"][0]["tables"]).iter().filter(|table| !table["drawn"].is_null());
    let scales = items(&label["reports"][0]["tables"]).iter().map(|vector| &vector["scale"]);
    assert_eq!(scales.collect::<Vec<_>>(), drawn.map(|table| &table["drawn"]["scale"]).collect::<Vec<_>>());
    assert_eq!(label["reports"][0]["cost"]["loss"], loose["charge"]);
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
        "[{ measure: referred, level: hscp, within: 8 }, { measure: registered, level: hscp, within: 5 }]",
    );
    plan(&board);
}

const REFUSED: &str = "\
exit code 12
--- stderr
error: the targets of `reach` need rho 2.009293 together, and its share of the quarter's loss is rho 0.25
  what would fit: referred at hscp within 8; registered at hscp within 5
Raise `within`, give the report a larger `share`, or the quarter a loss above rho 2.009293. Nothing was spent and nothing was published";

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
