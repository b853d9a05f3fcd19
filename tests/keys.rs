//! Keys over time: each part says which key it was made under, a new key re-makes the store, an old one can be retired,
//! and two never meet.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use chrono::{Days, Local};
use serde_json::Value;

use crate::support::board::KEY;
use crate::support::people::{people, people_in};
use crate::support::{Board, Size, files};

const PRIVATE: [&str; 6] = ["patients", "practitioners", "referrals", "contacts", "onward_referrals", "attendances"];

fn board() -> Board {
    Board::new(&Size::default())
}

/// Another key that is fit for use.
fn new_key() -> String {
    KEY.chars().rev().collect()
}

fn edit(board: &Board, from: &str, to: &str) {
    let yaml = fs::read_to_string(board.path("board.yaml")).expect("it is there");
    assert!(yaml.contains(from), "the YAML has no `{from}`");
    files::write(&board.path("board.yaml"), yaml.replace(from, to));
}

fn id(board: &Board) -> String {
    board.smirr(&["key", "id"]).ends(0).stdout.trim().to_owned()
}

/// The uses of `smirr key list`: quarter, key, parts and parts that cannot be made again, tables together.
fn uses(board: &Board) -> BTreeSet<(String, String, bool)> {
    let listed = board.smirr(&["--json", "key", "list"]).ends(0).stdout;
    let listed = serde_json::from_str::<Value>(&listed).expect("it is JSON");
    let text = |value: &Value| value.as_str().expect("it is text").to_owned();
    let uses = listed["uses"].as_array().expect("it lists uses").iter();
    uses.map(|it| (text(&it["quarter"]), text(&it["key_id"]), it["current"] == true)).collect()
}

/// The manifests of a quarter's private parts.
fn manifests(board: &Board, quarter: &str) -> Vec<(PathBuf, Value)> {
    let root = board.path("work/store").join(quarter);
    let found = files::under(&root).into_iter().filter(|path| path.ends_with("manifest.json"));
    let found = found.map(|path| (path.clone(), fs::read(&path).expect("it is there")));
    let found = found.map(|(path, text)| (path, serde_json::from_slice::<Value>(&text).expect("it is JSON")));
    found.filter(|(_, manifest)| PRIVATE.iter().any(|table| manifest["table"] == *table)).collect()
}

#[test]
fn every_part_says_which_key_it_was_made_under() {
    let board = board();
    assert_eq!(uses(&board), BTreeSet::new());
    board.smirr(&["ingest"]).ends(0);
    let key = id(&board);
    assert!(key.len() == 16 && key.bytes().all(|digit| digit.is_ascii_hexdigit()), "{key}");
    let parts = manifests(&board, "2026-Q3");
    assert!(parts.len() > PRIVATE.len() && parts.iter().all(|(_, manifest)| manifest["key_id"] == key.as_str()));
    assert_eq!(uses(&board), BTreeSet::from([("2026-Q3".into(), key.clone(), true)]));
    let listed = board.smirr(&["key", "list"]).ends(0).stdout;
    assert!(listed.starts_with(&format!("The board's key is {key}.\n")), "{listed}");
    assert!(PRIVATE.iter().all(|table| listed.contains(table)) && !listed.contains("data_zones"), "{listed}");
    // Another project of the same key has another id: the two do not join.
    edit(&board, "project: test", "project: other");
    assert_ne!(id(&board), key);
}

#[test]
fn a_new_key_makes_every_part_anew_and_leaves_none_of_the_old() {
    let board = board();
    board.smirr(&["run"]).ends(0);
    let (old, before) = (id(&board), PRIVATE.map(|table| manifests_of(&board, table)));
    let were = people(&board, "patients");
    board.key(&new_key(), 0o600);
    let ran = board.smirr(&["--json", "ingest"]).ends(0);
    assert!(ran.rows_of("extracts") > 1_000, "every extract is read again");
    assert_eq!(ran.rows_of("public tables"), 0, "a key is nothing to a public table");
    let new = id(&board);
    assert_ne!(new, old);
    assert_eq!(uses(&board), BTreeSet::from([("2026-Q3".into(), new, true)]));
    assert_eq!(PRIVATE.map(|table| manifests_of(&board, table)), before, "as many parts as before");
    let are = people(&board, "patients");
    assert_eq!((are.len(), are.intersection(&were).count()), (were.len(), 0));
}

fn manifests_of(board: &Board, table: &str) -> usize {
    manifests(board, "2026-Q3").iter().filter(|(_, manifest)| manifest["table"] == table).count()
}

/// Parts under the old key are put, by hand, where those under the new one belong: none of them is read.
#[test]
fn parts_under_two_keys_are_never_joined() {
    let board = board();
    board.smirr(&["ingest"]).ends(0);
    files::copy(&board.path("work/store/2026-Q3"), &board.path("kept"));
    let were = people(&board, "referrals");
    board.key(&new_key(), 0o600);
    board.smirr(&["ingest"]).ends(0);
    let (key, are) = (id(&board), people(&board, "referrals"));
    assert_eq!((are.len(), are.intersection(&were).count()), (were.len(), 0));

    let old = files::under(&board.path("kept/referrals"));
    for (place, manifest) in manifests(&board, "2026-Q3").iter().filter(|(_, it)| it["table"] == "referrals") {
        let of_the_same = |path: &&PathBuf| {
            let read = || serde_json::from_slice::<Value>(&fs::read(path).ok()?).ok();
            path.ends_with("manifest.json") && read().is_some_and(|it| it["source"] == manifest["source"])
        };
        let from = old.iter().find(of_the_same).and_then(|path| path.parent()).expect("it was kept");
        files::copy(from, place.parent().expect("it has a folder"));
    }
    assert_eq!(people(&board, "referrals"), were, "the old parts lie in the new ones' place");
    board.smirr(&["run"]).ends(0);
    assert_eq!(people(&board, "referrals"), are);
    assert!(manifests(&board, "2026-Q3").iter().all(|(_, manifest)| manifest["key_id"] == key.as_str()));

    // A manifest that agrees with the folder's name but for its key is not believed either.
    for (path, mut manifest) in manifests(&board, "2026-Q3") {
        manifest["key_id"] = "0123456789abcdef".into();
        files::write(&path, manifest.to_string());
    }
    board.smirr(&["run"]).ends(0);
    assert!(manifests(&board, "2026-Q3").iter().all(|(_, manifest)| manifest["key_id"] == key.as_str()));
}

#[test]
fn an_old_key_is_retired_once_what_goes_has_been_said() {
    let board = board();
    edit(&board, "quarter: 2026-Q3", "quarter: 2026-Q2");
    board.smirr(&["ingest"]).ends(0);
    let old = id(&board);
    board.key(&new_key(), 0o600);
    edit(&board, "quarter: 2026-Q2", "quarter: 2026-Q3");
    board.smirr(&["ingest"]).ends(0);
    let new = id(&board);
    let (second, third) = (("2026-Q2".into(), old.clone(), false), ("2026-Q3".to_owned(), new.clone(), true));
    assert_eq!(uses(&board), BTreeSet::from([second, third.clone()]));
    // One extract has changed since, and one has gone: neither part can be made again.
    let extracts = files::under(&board.path("extracts/practices"));
    let contacts = extracts.iter().filter(|path| path.ends_with("contacts.csv")).collect::<Vec<_>>();
    let text = fs::read_to_string(contacts[0]).expect("it is text");
    files::write(contacts[0], text.replacen("phone", "video", 1));
    fs::remove_file(contacts[1]).expect("it is ours");

    let parts = manifests(&board, "2026-Q2").len();
    let told = board.smirr(&["key", "retire", "--yes"]);
    assert_eq!(told.code, Some(2), "a key must be named");
    let retire = |more: &[&str], key: &str| {
        let mut command = crate::support::program::smirr();
        command.args(more).args(["key", "retire"]).arg(board.path("board.yaml")).arg(key);
        command
    };
    let told = crate::support::program::Ran::of(&mut retire(&[], &old)).ends(0).stdout;
    assert!(told.contains("2 of these parts cannot be made again"), "{told}");
    assert!(told.contains(&format!("{parts} parts would be removed")) && told.contains("`--yes`"), "{told}");
    assert_eq!(manifests(&board, "2026-Q2").len(), parts, "nothing goes before `--yes`");
    for (key, words) in [(new.as_str(), "is the key that the board names now"), ("0000", "nothing in the store")] {
        let refused = crate::support::program::Ran::of(retire(&[], key).arg("--yes")).ends(11);
        assert!(refused.stderr.contains(words), "{}", refused.stderr);
    }
    let done = crate::support::program::Ran::of(retire(&["--json"], &old).arg("--yes")).ends(0).stdout;
    assert_eq!(serde_json::from_str::<Value>(&done).expect("it is JSON")["retired"], true);
    assert_eq!(uses(&board), BTreeSet::from([third]));
    assert_eq!(people_in(&board.path("work/store/2026-Q2/patients")), BTreeSet::new());
    assert!(people(&board, "patients").len() > 1_000, "the new key's parts stay");
}

#[test]
fn a_key_that_is_too_old_stops_a_run_and_no_other_command() {
    let board = board();
    let today = Local::now().date_naive();
    let rotate_by = |day: chrono::NaiveDate| {
        board.configure();
        edit(&board, "project: test", &format!("project: test\n  rotate_by: {day}"));
    };
    rotate_by(today);
    for arguments in [&["run"][..], &["ingest"]] {
        let ran = board.smirr(arguments).ends(11);
        assert!(ran.stderr.contains("make one with `smirr key new FILE`"), "{}", ran.stderr);
        assert!(!board.path("work").exists() && !board.path("published").exists(), "something was read");
    }
    let check = board.smirr(&["check"]).ends(0);
    assert!(check.stdout.contains("Warning: the pseudonym key was to be replaced by"), "{}", check.stdout);
    board.smirr(&["key", "list"]).ends(0);

    rotate_by(today + Days::new(10));
    for arguments in [&["check"][..], &["ingest"]] {
        let ran = board.smirr(arguments).ends(0);
        assert!(format!("{}{}", ran.stdout, ran.stderr).contains("the pseudonym key is to be replaced by"));
    }
    rotate_by(today + Days::new(300));
    for arguments in [&["check"][..], &["ingest"]] {
        let ran = board.smirr(arguments).ends(0);
        assert!(!format!("{}{}", ran.stdout, ran.stderr).contains("Warning"));
    }
}

#[test]
fn a_key_whose_folder_others_can_write_to_is_refused() {
    let board = board();
    let mode = |mode: u32| {
        fs::set_permissions(board.path(""), fs::Permissions::from_mode(mode)).expect("it is ours");
    };
    mode(0o777);
    let ran = board.smirr(&["run"]).ends(11);
    assert!(ran.stderr.contains("run `chmod go-w` on it"), "{}", ran.stderr);
    mode(0o755);
    board.smirr(&["ingest"]).ends(0);
    // Hexadecimal digits in order are in every example.
    let counted = (0..32).map(|n| format!("{n:02x}")).collect::<String>();
    board.key(&counted, 0o600);
    let ran = board.smirr(&["run"]).ends(11);
    assert!(ran.stderr.contains("goes up or down in equal steps") && !ran.stderr.contains(&counted), "{}", ran.stderr);
}
