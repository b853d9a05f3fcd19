//! `smirr study` works on people of its own making, and opens nothing that a board may hold.

use std::fs::{self, File, FileTimes};
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::support::program::{Ran, smirr};
use crate::support::{Board, Size, files};

/// No extract, no key and no ledger: whatever opens it fails.
const CANARY: &[u8] = b"\x00CANARY-4711\xff\n\x00\"";

/// A board with `fictional:`, as one that was run before.
fn board(fictional: bool) -> Board {
    let mut board = Board::new(&Size::default());
    board.config.reports = "[reach]".into();
    board.configure();
    if fictional {
        let yaml = fs::read_to_string(board.path("board.yaml")).expect("there is YAML");
        let made = "fictional: { patients: 2500, seed: 3, activity: 4, folder: extracts }\n";
        files::write(&board.path("board.yaml"), format!("{made}{yaml}"));
    }
    board
}

/// The same command as a board's, with temporary files in the board's own folder.
fn study(board: &Board, arguments: &[&str]) -> Ran {
    fs::create_dir_all(board.path("tmp")).expect("it can be made");
    let mut command = smirr();
    command.arg("study").arg(board.path("board.yaml")).args(arguments);
    Ran::of(command.env("TMPDIR", board.path("tmp")).current_dir(board.path("")))
}

/// Long ago, so that every mount that keeps times of access changes it at the next reading.
fn long_ago() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000)
}

fn lay(path: &Path) {
    files::write(path, CANARY);
    let times = FileTimes::new().set_accessed(long_ago()).set_modified(SystemTime::now());
    File::options().write(true).open(path).and_then(|file| file.set_times(times)).expect("times can be set");
}

fn accessed(path: &Path) -> SystemTime {
    fs::metadata(path).and_then(|it| it.accessed()).expect("it is there")
}

#[test]
fn nothing_that_the_board_holds_is_opened() {
    let board = board(true);
    let mut canaries = files::under(&board.path("extracts"));
    assert!(canaries.len() > 10);
    canaries.extend(["board.key", "ledger.sqlite", "work/ledger-witness.json"].map(|name| board.path(name)));
    canaries.push(board.path("published/2026-Q3/manifest.json"));
    canaries.iter().for_each(|path| lay(path));
    let before = files::bytes_under(&board.path(""));
    // That was a reading too. Where a mount keeps no times of access, the canaries' content must do.
    canaries.iter().for_each(|path| lay(path));
    let ran = study(&board, &["--runs", "3"]).ends(0);
    let kept = |path: &&std::path::PathBuf| accessed(path) == long_ago();
    let opened = canaries.iter().filter(|path| !kept(path)).collect::<Vec<_>>();
    assert!(opened.is_empty(), "{opened:?}");
    // Nothing was written, nothing is left, and nothing was repeated.
    assert!(files::bytes_under(&board.path("")) == before);
    assert!(!(ran.stdout + &ran.stderr).contains("CANARY"));
    assert_eq!(files::folders_under(&board.path("tmp")).len(), 1);
    // A run does open them, and says so.
    assert!(board.smirr(&["run"]).ends(11).stderr.contains("board.key"));
}

#[test]
fn a_real_board_is_refused() {
    let real = board(false);
    let ran = study(&real, &[]).ends(13);
    assert!(ran.stderr.contains("this board is not fictional") && ran.stdout.is_empty(), "{}", ran.stderr);
    // Nor is a board that calls itself fictional, and reads from elsewhere too.
    let yaml = fs::read_to_string(board(true).path("board.yaml")).expect("there is YAML");
    for elsewhere in ["real/*/patients.csv", "extracts/../real/patients.csv"] {
        let board = board(true);
        let inside = "patients: extracts/practices/*/patients.csv";
        assert!(yaml.contains(inside));
        files::write(&board.path("board.yaml"), yaml.replace(inside, &format!("patients: {elsewhere}")));
        lay(&board.path("real/a/patients.csv"));
        lay(&board.path("real/patients.csv"));
        let ran = study(&board, &[]).ends(13);
        assert!(ran.stderr.contains("`patients` is read from") && ran.stderr.contains("outside"), "{}", ran.stderr);
        assert!(accessed(&board.path("real/patients.csv")) == long_ago());
        assert!(!board.path("ledger.sqlite").exists());
    }
}

#[test]
fn a_study_says_how_near_to_the_truth_each_table_is() {
    let board = board(true);
    let ran = study(&board, &["reach", "--runs", "20", "--patients", "1000", "--seed", "4", "--json"]).ends(0);
    let told = serde_json::from_str::<serde_json::Value>(&ran.stdout).expect("it is JSON");
    assert_eq!((&told["patients"], &told["runs"]), (&1000.into(), &20.into()));
    let tables = told["reports"][0]["tables"].as_array().expect("tables");
    let find = |figure: &str, level: &str, by: &[&str]| {
        let by = serde_json::json!(by);
        let own = |it: &&serde_json::Value| it["figure"] == figure && it["level"] == level && it["by"] == by;
        tables.iter().find(own).unwrap_or_else(|| panic!("no {figure} {level} {by} in {tables:?}"))
    };
    let registered = find("registered", "health_board", &["simd_quintile"]);
    assert!(registered["coverage"]["share"].as_f64() > Some(0.5), "{registered}");
    assert!(registered["unbiased"]["rmse"].as_f64() < registered["noise_as_drawn"].as_f64(), "{registered}");
    assert!(find("referral_rate", "hscp", &["reason"])["unbiased"].is_null());
    assert!(find("referred", "hscp", &["simd_quintile", "reason"])["small_cells"].as_u64() > Some(10));
    // For people.
    let ran = study(&board, &["reach", "--runs", "2"]).ends(0);
    for words in ["Covered", "2 simulated runs", "simd_quintile x reason", "No real extract was opened"] {
        assert!(ran.stdout.contains(words), "{words} in\n{}", ran.stdout);
    }
    assert!(study(&board, &["breach"]).ends(10).stderr.contains("the board runs no report `breach`"));
    assert_eq!(study(&board, &["--runs", "1"]).code, Some(2));
    assert!(study(&board, &["--patients", "5"]).ends(11).stderr.contains("100 to 60000000 patients"));
}
