//! The tests that authors write into their reports, through the program: what passes, how a slip is told, and that nothing
//! of the board's own is opened for them.

use std::fs;

use serde_json::Value;

use crate::support::program::{Ran, smirr, transcript};
use crate::support::{Board, Size, files, repository};

/// A report, whose condition and tests a test fills in.
fn report(condition: &str, tests: &str) -> String {
    format!(
        "title: Seen\nprotects: patient\nby: [area, simd_quintile, sex, reason]\ntables: [[sex], [reason], [simd_quintile]]\n\
         measures:\n  registered: {{ persons: patients }}\n  referred: {{ persons: referrals, where: \"{condition}\" }}\n\
         \x20 minutes: {{ sum: contacts.minutes, per_person: {{ between: [0, 60] }} }}\n\
         rates:\n  rate: {{ of: referred, over: registered, per: 100 }}\ntests:\n{tests}"
    )
}

const GOOD: &str = "status <> 'declined'";

const TEST: &str = "  - name: Who was declined is not counted
    given:
      patients: [{ chi: anna, sex: F }, { chi: bob, sex: M }]
      referrals: [{ chi: anna }, { chi: anna }, { chi: bob, status: declined }]
    expect:
      registered: { sex: { F: 1, M: 1 } }
      referred: { all: 1, sex: { F: 1 } }
      rate: 50
";

fn board(condition: &str, tests: &str) -> Board {
    let mut board = Board::new(&Size { patients: 200, single: true, ..Size::default() });
    board.reports(&[("seen", &report(condition, tests))]);
    board
}

/// The complaints in short: line, column, message and advice.
fn complaints(board: &Board) -> Vec<String> {
    let end = board.smirr(&["check", "--json"]).ends(10);
    let found: Value = serde_json::from_str(&end.stdout).expect("it is JSON");
    let tests = found["tests"].as_array().expect("tests").iter();
    let failures = tests.flat_map(|test| test["failures"].as_array().expect("failures").clone());
    let short = |it: Value| {
        let help = it["help"].as_str().map_or(String::new(), |help| format!(" | {help}"));
        format!("{}:{} {}{help}", it["line"], it["column"], it["message"].as_str().expect("a message"))
    };
    failures.map(short).collect()
}

#[test]
fn tests_that_pass_are_counted() {
    let end = board(GOOD, TEST).smirr(&["check"]).ends(0);
    assert_eq!(end.stdout, "NHS Strathmirr, 2026-Q3: no mistakes found. Reports: seen. Its one test passes.\n");
    assert_eq!(end.stderr, "");
}

#[test]
fn a_slip_in_a_condition_is_told_at_the_figure_that_it_changes() {
    let board = board("status = 'declined'", TEST);
    let expected = "\
exit code 10
--- stderr
error: the test \"Who was declined is not counted\" fails: `referred`, sex F: expected 1, found 0
  --> reports/seen.yaml:18:37
   |
18 |       referred: { all: 1, sex: { F: 1 } }
   |                                     ^
   |
   = help: only rows count where status = 'declined'; a person counts in one cell, drawn by lot where their rows are in several

error: the test \"Who was declined is not counted\" fails: `referred`, sex M: left out here, and so expected to be 0; found 1
  --> reports/seen.yaml:18:27
   |
18 |       referred: { all: 1, sex: { F: 1 } }
   |                           ^^^
   |
   = help: only rows count where status = 'declined'; a person counts in one cell, drawn by lot where their rows are in several";
    let actual = transcript(&board.smirr(&["check"]), &board.path(""));
    assert!(actual.trim_end() == expected, "--- expected\n{expected}\n--- told\n{actual}\n");
    let found: Value = serde_json::from_str(&board.smirr(&["--json", "check"]).ends(10).stdout).expect("it is JSON");
    let test = &found["tests"][0];
    assert_eq!((&test["report"], &test["passed"]), (&"seen".into(), &false.into()));
    let [first, second] = [0, 1].map(|at| test["failures"][at]["difference"].clone());
    assert_eq!(first, serde_json::json!({ "figure": "referred", "cell": "sex F", "expected": 1.0, "found": 0.0 }));
    assert_eq!((&second["cell"], &second["found"]), (&"sex M".into(), &1.0.into()));
}

/// Where bounds, the quarter or the register may be behind a difference, they are named.
#[test]
fn what_may_be_behind_a_difference_is_said() {
    let tests = "  - name: Bounds
    given:
      patients: [{ chi: anna }]
      contacts: [{ chi: anna, minutes: 50 }, { chi: anna, minutes: 30 }, { chi: bob, minutes: 5 }]
      referrals: [{ chi: anna, referred_on: quarter_start - 1 }]
    expect:
      minutes: 80
      referred: 1
      rate: 100
";
    assert_eq!(
        complaints(&board(GOOD, tests)),
        [
            "18:16 the test \"Bounds\" fails: `minutes`: expected 80, found 65 | bob: in no row of `patients`, and so in no \
             area but `unknown`; a person's total in a cell is held to 0 to 60",
            "19:17 the test \"Bounds\" fails: `referred`: expected 1, found 0 | 1 of the rows of `referrals` are dated outside \
             2026-Q3, and count only where `during: always` is said; bob: in no row of `patients`, and so in no area but \
             `unknown`; only rows count where status <> 'declined'; a person counts in one cell, drawn by lot where their rows are in \
             several",
            "20:13 the test \"Bounds\" fails: `rate`: expected 100, found no figure | nothing is worked out over so few \
             people, here as in a run: give the test more rows",
        ]
    );
}

/// Figures are published rounded; what a test expects is not rounded to fit them.
#[test]
fn nobody_is_one_person_and_a_bit() {
    let tests = "  - name: Parts of people
    given:
      patients: [{ chi: anna }]
      referrals: [{ chi: anna }]
    expect:
      referred: 1.4
";
    let told = complaints(&board(GOOD, tests));
    assert!(matches!(&told[..], [one] if one.contains("`referred`: expected 1.4, found 1")), "{told:?}");
}

/// A key that no test has is told of with the rest of the YAML, before any test is run.
#[test]
fn a_slip_in_a_key_is_told_before_any_test_is_run() {
    let end = board("status = 'declined'", &TEST.replace("    expect:", "    expects:")).smirr(&["check"]).ends(10);
    assert!(
        end.stderr.contains("unknown key `expects`") && end.stderr.contains("did you mean `expect`?"),
        "{}",
        end.stderr
    );
    assert!(!end.stderr.contains("fails"), "{}", end.stderr);
}

/// A row that a run would set aside says nothing of what the author means.
#[test]
fn a_row_that_ingest_sets_aside_is_no_test() {
    let tests = "  - name: Twice the same
    given:
      patients: [{ chi: anna }]
      referrals: [{ chi: anna, referral_id: one }, { chi: anna, referral_id: one }]
    expect: { referred: 1 }
";
    assert_eq!(
        complaints(&board(GOOD, tests)),
        [
            "15:7 the test \"Twice the same\" cannot be run: a row of `referrals` breaks `referral_id.uniqueness` | a run sets such a \
          row aside and counts it nowhere; see the schema of `referrals`"
        ]
    );
}

/// Every configured source and the key hold what would stop whoever read them, and is not to be seen again.
#[test]
fn nothing_of_the_board_is_opened_for_a_test_and_nothing_is_left() {
    const CANARY: &str = "0101010001-CANARY";
    let board = board(GOOD, TEST);
    for path in files::under(&board.path("extracts")) {
        files::write(&path, format!("\0{CANARY}\n"));
    }
    board.key(CANARY, 0o666);
    let temporary = board.path("temporary");
    fs::create_dir(&temporary).expect("a folder");
    let before = files::bytes_under(&board.path(""));
    let check = |arguments: &[&str]| {
        let mut command = smirr();
        command.args(arguments).arg(board.path("board.yaml")).env("TMPDIR", &temporary);
        Ran::of(&mut command)
    };
    let passed = check(&["check"]).ends(0);
    assert!(passed.stdout.contains("Its one test passes."), "{}", passed.stdout);
    assert_eq!(fs::read_dir(&temporary).expect("a folder").count(), 0, "the test's board is still there");
    assert!(files::bytes_under(&board.path("")) == before, "the check wrote into the board's folder");
    // They are what would stop a reader.
    assert!(!check(&["run"]).ends(11).stderr.contains("CANARY"));
}

/// Tests are no part of the question: a report that was answered stays free.
#[test]
fn adding_tests_costs_nothing_and_changes_nothing_that_is_published() {
    let mut board = board(GOOD, TEST);
    let bare = report(GOOD, "").replace("tests:\n", "");
    board.reports(&[("seen", &bare)]);
    board.smirr(&["run"]).ends(0);
    let published = board.published();
    board.reports(&[("seen", &report(GOOD, TEST))]);
    let again = board.smirr(&["run"]).ends(0);
    assert!(again.stdout.contains("this run cost nothing"), "{}", again.stdout);
    assert!(board.published() == published, "other bytes");
    assert_eq!(board.entries("drawn").len(), 1);
}

/// The shipped reports hold tests, and pass them in whichever quarter the board is.
#[test]
fn the_shipped_reports_pass_their_own_tests_in_any_quarter() {
    for (config, reports, quarter) in [
        ("demo", "[reach, bridge, waits, capacity, outcomes, load]", "2026-Q3"),
        ("demo", "[reach, bridge, waits, capacity, outcomes, load]", "2023-Q1"),
        ("england", "[reach, bridge, load]", "2026-Q3"),
    ] {
        let text = fs::read_to_string(repository().join(format!("configs/{config}.yaml"))).expect("it is shipped");
        let line = |key: &str| {
            let found = text.lines().find(|line| line.starts_with(&format!("{key}:")));
            found.unwrap_or_else(|| panic!("no line `{key}:`")).to_owned()
        };
        let text = text
            .replace(&line("root"), &format!("root: {}", repository().display()))
            .replace(&line("quarter"), &format!("quarter: {quarter}"))
            .replace(&line("reports"), &format!("reports: {reports}"));
        let folder = tempfile::tempdir().expect("a folder");
        files::write(&folder.path().join("board.yaml"), text);
        let end = Ran::of(smirr().args(["check", "--json"]).arg(folder.path().join("board.yaml"))).ends(0);
        let found: Value = serde_json::from_str(&end.stdout).expect("it is JSON");
        for report in found["reports"].as_array().expect("reports") {
            let own = found["tests"].as_array().expect("tests").iter().filter(|test| test["report"] == *report);
            assert!(own.count() >= 2, "{report} has too few tests of its own");
        }
    }
}

/// What the README shows is what the program does.
#[test]
fn the_test_that_the_readme_shows_passes_in_the_shipped_report() {
    let readme = fs::read_to_string(repository().join("README.md")).expect("there is a README");
    let (_, rest) = readme.split_once("```yaml\ntests:\n").expect("it shows a test");
    let (tests, _) = rest.split_once("```").expect("it ends");
    let reach = fs::read_to_string(repository().join("reports/reach.yaml")).expect("it is shipped");
    let (reach, _) = reach.split_once("\ntests:\n").expect("it has tests");
    let mut board = Board::new(&Size { patients: 200, single: true, ..Size::default() });
    board.reports(&[("reach", &format!("{reach}\ntests:\n{tests}"))]);
    assert!(board.smirr(&["check"]).ends(0).stdout.contains("Its one test passes."));
    board.reports(&[(
        "reach",
        &format!("{}\ntests:\n{tests}", reach.replace("status <> 'declined'", "status = 'declined'")),
    )]);
    let (_, told) = readme.split_once("```\nerror: the test ").expect("it shows a failure");
    let told = told.lines().next().expect("a line");
    assert!(board.smirr(&["check"]).ends(10).stderr.contains(told), "{told}");
}
