//! The process itself keeps what it read from others: no core, no looking in, no secret in what it says.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use crate::leaks::Canaries;
use crate::support::board::KEY;
use crate::support::program::{Ran, smirr};
use crate::support::{Board, Size, files};

/// The board's YAML with another way to the key.
fn key_by(board: &Board, way: &str) {
    let yaml = fs::read_to_string(board.path("board.yaml")).expect("it is there");
    files::write(&board.path("board.yaml"), yaml.replace("{ file: board.key }", way));
}

/// The key command is a child that runs while the program waits: it looks at its parent.
#[test]
#[cfg(target_os = "linux")]
fn no_core_is_left_and_nobody_else_may_look_in() {
    let board = Board::new(&Size { patients: 300, ..Size::default() });
    let script = "cat /proc/$PPID/limits > limits; stat -c '%u:%g' /proc/$PPID/environ > owner; cat board.key";
    files::write(&board.path("look.sh"), script);
    key_by(&board, "{ command: [sh, look.sh] }");
    let mut command = smirr();
    command.args(["key", "id"]).arg(board.path("board.yaml")).current_dir(board.path(""));
    // What a process may not be looked into belongs to root, and not to its user: as root, its group tells.
    let user = fs::metadata(board.path("board.yaml")).expect("it is there").uid();
    let usual = if user == 0 {
        command.gid(54_321);
        "0:54321".to_owned()
    } else {
        format!("{user}:")
    };
    Ran::of(&mut command).ends(0);
    let limits = fs::read_to_string(board.path("limits")).expect("the command has looked");
    let cores = limits.lines().find(|line| line.starts_with("Max core file size")).expect("it is listed");
    assert_eq!(cores.split_whitespace().skip(4).take(2).collect::<Vec<_>>(), ["0", "0"], "{cores}");
    let owner = fs::read_to_string(board.path("owner")).expect("the command has looked");
    assert!(!owner.starts_with(&usual), "the environment belongs to {owner}");
    assert!(owner.starts_with("0:"), "the environment belongs to {owner}");
}

/// The test runs itself once more, and fails on purpose there.
#[test]
fn a_panic_says_where_and_not_what() {
    const INSIDE: &str = "SMIRR_TEST_PANIC";
    if std::env::var_os(INSIDE).is_some() {
        smirr::process::harden().expect("the system allows it");
        let row = String::from("0101010001,CANARY");
        panic!("{row}");
    }
    let itself = std::env::current_exe().expect("it runs");
    let mut command = Command::new(itself);
    command.args(["--exact", "hardening::a_panic_says_where_and_not_what", "--nocapture"]);
    command.env(INSIDE, "1").env("RUST_BACKTRACE", "full").stdin(Stdio::null());
    let ran = Ran::of(&mut command);
    assert_ne!(ran.code, Some(0));
    assert!(ran.stderr.contains("smirr stopped on a fault of its own at tests/hardening.rs:"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("CANARY") && !ran.stdout.contains("CANARY"), "{}{}", ran.stdout, ran.stderr);
}

#[test]
fn a_key_in_the_environment_is_nowhere_else_however_much_is_logged() {
    let mut board = Board::new(&Size { patients: 4_000, activity: 4.0, ..Size::default() });
    let canaries = Canaries::of(&board);
    assert!(canaries.texts.contains(KEY.as_bytes()));
    let run = |board: &Board, arguments: &[&str]| {
        key_by(board, "{ env: SMIRR_TEST_KEY }");
        let mut command = smirr();
        command.args(arguments).arg(board.path("board.yaml")).current_dir(board.path(""));
        command.env("SMIRR_TEST_KEY", KEY).env("RUST_LOG", "trace").env("RUST_BACKTRACE", "full");
        Ran::of(&mut command)
    };
    for arguments in [&["run"][..], &["--json", "run"], &["key", "list"], &["check"]] {
        let ran = run(&board, arguments).ends(0);
        canaries.search(&board, &ran, &arguments.join(" "));
    }
    // A file that cannot be used, and one that stops the engine's own reader.
    let path = files::under(&board.path("extracts/practices")).into_iter().find(|path| path.ends_with("contacts.csv"));
    let text = fs::read_to_string(path.expect("there is a practice")).expect("it is text");
    for (name, text) in [("open.csv", text.replacen(",", ",\"", 40)), ("other.csv", text.replace("minutes", "mins"))] {
        files::write(&board.path("extracts").join(name), text);
        board.config.sources.insert("contacts".into(), format!("extracts/{name}"));
        board.configure();
        let ran = run(&board, &["run"]).ends(11);
        canaries.search(&board, &ran, name);
    }
}

/// The same way: what a foreign reader breaks on is the file's fault, and the next fault is smirr's own again.
#[test]
fn a_fault_that_a_file_caused_is_not_told_as_one_of_our_own() {
    const INSIDE: &str = "SMIRR_TEST_GUARDED";
    if std::env::var_os(INSIDE).is_some() {
        smirr::process::harden().expect("the system allows it");
        assert_eq!(smirr::process::guarded(|| 7), Some(7));
        let broken: Option<()> = smirr::process::guarded(|| panic!("0101010001,CANARY"));
        assert_eq!(broken, None);
        eprintln!("so far in silence");
        panic!("0101010001,CANARY");
    }
    let itself = std::env::current_exe().expect("it runs");
    let mut command = Command::new(itself);
    command.args(["--exact", "hardening::a_fault_that_a_file_caused_is_not_told_as_one_of_our_own", "--nocapture"]);
    let ran = Ran::of(command.env(INSIDE, "1").stdin(Stdio::null()));
    assert_ne!(ran.code, Some(0));
    let (before, after) = ran.stderr.split_once("so far in silence").expect("it got that far");
    assert!(!before.contains("fault of its own") && after.contains("fault of its own"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("CANARY"), "{}", ran.stderr);
}
