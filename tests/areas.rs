//! Names and outlines of areas, as a board gives them: they say where figures lie, and change none of them.

use std::fs;

use crate::support::{Board, Size, files};

fn size() -> Size {
    Size { patients: 1_500, activity: 4.0, ..Size::default() }
}

/// Adds a file of boundaries to the YAML.
fn bound(board: &Board, level: &str, path: &str) {
    board.configure();
    let yaml = fs::read_to_string(board.path("board.yaml")).expect("it is there");
    let with = yaml.replacen("geography:\n", &format!("geography:\n  boundaries: {{ {level}: {path} }}\n"), 1);
    files::write(&board.path("board.yaml"), with);
}

fn rename(board: &Board, from: &str, to: &str) {
    let path = board.path("extracts/public/data_zones.csv");
    let text = fs::read_to_string(&path).expect("it is there");
    assert!(text.contains(from), "no area is called {from}");
    files::write(&path, text.replace(from, to));
}

#[test]
fn another_name_or_outline_is_no_new_question_and_costs_nothing() {
    let board = Board::new(&size());
    board.smirr(&["run"]).ends(0);
    let (figures, manifest) = (board.published(), board.manifest());
    let spent = board.entries("reserved").len();
    bound(&board, "hscp", "extracts/public/hscp.geojson");
    rename(&board, "NHS Strathmirr", "NHS Elsewhere");
    board.smirr(&["run"]).ends(0);
    assert_eq!(board.entries("reserved").len(), spent);
    assert_eq!(board.manifest()["area_lookup"], manifest["area_lookup"]);
    let tables = |all: &std::collections::BTreeMap<String, Vec<u8>>| {
        // Lists of codes say what areas are called.
        let tables = all.iter().filter(|(file, _)| file.ends_with(".csv") && !file.contains("/codes-"));
        tables.map(|(file, bytes)| (file.clone(), bytes.clone())).collect::<Vec<_>>()
    };
    assert!(!tables(&figures).is_empty() && tables(&figures) == tables(&board.published()));
}

#[test]
fn boundaries_and_names_that_cannot_be_used_stop_the_run_before_it_spends() {
    let board = Board::new(&size());
    let metres = r#"{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"HSCP":"S37000901"},
        "geometry":{"type":"Polygon","coordinates":[[[325000,673000],[325100,673000],[325100,673100],[325000,673000]]]}}]}"#;
    files::write(&board.path("metres.geojson"), metres);
    bound(&board, "hscp", "metres.geojson");
    let ran = board.smirr(&["run"]).ends(11);
    for part in ["metres.geojson", "feature 1", "British National Grid", "EPSG:4326"] {
        assert!(ran.stderr.contains(part), "{}", ran.stderr);
    }
    // What needs no map reads none.
    board.smirr(&["check"]).ends(0);
    board.smirr(&["plan"]).ends(0);
    board.configure();
    let path = board.path("extracts/public/data_zones.csv");
    let text = fs::read_to_string(&path).expect("it is there");
    files::write(&path, text.replacen("NHS Strathmirr", "NHS Elsewhere", 1));
    let ran = board.smirr(&["run"]).ends(11);
    assert!(ran.stderr.contains("\"NHS Elsewhere\", at S01900001"), "{}", ran.stderr);
    assert!(!board.path("published").exists() && board.entries("reserved").is_empty());
}

#[test]
fn fictional_extracts_of_an_earlier_smirr_say_how_to_have_boundaries() {
    let board = Board::new(&size());
    fs::remove_file(board.path("extracts/public/hscp.geojson")).expect("it was made");
    bound(&board, "hscp", "extracts/public/hscp.geojson");
    let yaml = fs::read_to_string(board.path("board.yaml")).expect("it is there");
    let fiction = "fictional: { patients: 1500, seed: 7, activity: 4, folder: extracts }\n";
    files::write(&board.path("board.yaml"), yaml + fiction);
    let ran = board.smirr(&["run"]).ends(11);
    let told = ["extracts/public/hscp.geojson", "made by an earlier smirr", "remove"];
    assert!(told.iter().all(|part| ran.stderr.contains(part)), "{}", ran.stderr);
    fs::remove_dir_all(board.path("extracts")).expect("it is there");
    board.smirr(&["run"]).ends(0);
}

#[test]
fn a_condition_reads_codes_and_not_names() {
    let mut board = Board::new(&size());
    let report = "title: T\nprotects: patient\nby: [area]\nmeasures:\n  zones: { public: data_zones, \
                  where: \"hscp_name = 'Lask'\" }\n";
    board.reports(&[("zones", report)]);
    let ran = board.smirr(&["check"]).ends(10);
    assert!(ran.stderr.contains("`hscp_name` cannot be used in a condition"), "{}", ran.stderr);
}
