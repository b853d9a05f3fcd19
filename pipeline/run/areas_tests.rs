//! Names and outlines of a fictional board, by the real path from files to what is published.

use std::cell::RefCell;
use std::fs;
use std::path::Path;

use super::*;
use crate::run::intake_tests::{board, taken_in};

/// The levels of the board, or why there are none, and what the operator heard.
fn told(plan: &Plan) -> (Result<Vec<AreaLevel>>, Vec<String>) {
    let heard = RefCell::new(Vec::new());
    let levels = levels(plan, &taken_in(plan).0, &|text| heard.borrow_mut().push(text.to_owned()));
    (levels, heard.into_inner())
}

fn edit(folder: &Path, edit: impl Fn(String) -> String) {
    let path = folder.join("extracts/public/data_zones.csv");
    fs::write(&path, edit(fs::read_to_string(&path).unwrap())).unwrap();
}

#[test]
fn a_name_that_cannot_be_shown_is_none() {
    assert_eq!(legible(" Easter  Mirr\nand Lask ").as_deref(), Some("Easter Mirr and Lask"));
    assert_eq!(legible("St Orran's & <b>").as_deref(), Some("St Orran's & <b>"));
    for name in ["", " \u{a0}", "a\u{7}b", "a\u{202e}b", "\u{feff}a", &"x".repeat(LONGEST_NAME + 1)] {
        assert_eq!(legible(name), None, "{name:?}");
    }
}

#[test]
fn names_and_outlines_come_from_the_boards_files() {
    let folder = tempfile::tempdir().unwrap();
    let mut plan = board(folder.path());
    plan.geography.boundaries = vec![(0, folder.path().join("extracts/public/hscp.geojson"))];
    let (levels, heard) = told(&plan);
    let [level] = &levels.unwrap()[..] else { panic!("one level was asked for") };
    assert_eq!((level.name.as_str(), level.heading.as_str()), ("hscp", "HSCP"));
    assert_eq!(level.title, "Health and social care partnership");
    let codes = ["S37000901", "S37000902", "S37000903"];
    assert!(codes.iter().all(|code| level.name_of(code) != *code), "{:?}", level.names);
    assert_eq!(level.name_of("unknown"), "unknown");
    assert_eq!(level.boundaries.iter().map(|it| it.code.as_str()).collect::<Vec<_>>(), codes);
    assert!(level.boundaries.iter().all(|it| !it.rings.is_empty()));
    assert_eq!(heard, Vec::<String>::new());
}

#[test]
fn without_names_codes_stand_for_them() {
    let folder = tempfile::tempdir().unwrap();
    let plan = board(folder.path());
    edit(folder.path(), |text| text.replace("hscp_name", "remarks"));
    let (levels, heard) = told(&plan);
    let level = &levels.unwrap()[0];
    assert_eq!((level.names.len(), level.boundaries.len()), (0, 0));
    assert_eq!(level.name_of("S37000901"), "S37000901");
    assert_eq!(heard, Vec::<String>::new());
}

#[test]
fn a_name_that_would_break_a_page_gives_way_to_the_code() {
    let folder = tempfile::tempdir().unwrap();
    let plan = board(folder.path());
    let name = told(&plan).0.unwrap()[0].names["S37000902"].clone();
    edit(folder.path(), |text| text.replace(&format!(",{name},"), ",a\u{202e}b,"));
    let (levels, heard) = told(&plan);
    let level = &levels.unwrap()[0];
    assert_eq!((level.names.len(), level.name_of("S37000902")), (2, "S37000902"));
    assert!(heard.len() == 1 && heard[0].contains("S37000902 among them"), "{heard:?}");
}

#[test]
fn one_area_with_two_names_is_refused_with_both_places() {
    let folder = tempfile::tempdir().unwrap();
    let plan = board(folder.path());
    let name = told(&plan).0.unwrap()[0].names["S37000901"].clone();
    edit(folder.path(), |text| text.replacen(&format!(",{name},"), ",Lask,", 1));
    let error = told(&plan).0.unwrap_err();
    assert_eq!(error.exit_code(), 11);
    let said = error.to_string();
    let parts = ["`data_zones`", "S37000901", "\"Lask\", at S01900001", &name, "S01900002", "`hscp_name`"];
    assert!(parts.iter().all(|part| said.contains(part)), "{said}");
}

#[test]
fn boundaries_of_another_level_are_refused_and_missing_ones_told() {
    let folder = tempfile::tempdir().unwrap();
    let mut plan = board(folder.path());
    let place = |name: &str| folder.path().join("extracts/public").join(name);
    plan.geography.boundaries = vec![(0, place("health_board.geojson"))];
    let said = told(&plan).0.unwrap_err().to_string();
    assert!(said.contains("no property holds the codes of `hscp`, such as S37000901"), "{said}");
    let text = fs::read_to_string(place("hscp.geojson")).unwrap();
    fs::write(place("hscp.geojson"), text.replace("S37000903", "S37000999")).unwrap();
    plan.geography.boundaries = vec![(0, place("hscp.geojson"))];
    let (levels, heard) = told(&plan);
    assert_eq!(levels.unwrap()[0].boundaries.len(), 2);
    assert!(heard.len() == 1 && heard[0].contains("(S37000903)") && heard[0].contains("(S37000999)"), "{heard:?}");
}
