//! What is said, word for word, when something is wrong: what, where, and what to do about it. Each transcript begins
//! with the exit code: 2 usage, 10 configuration, 11 input data, 12 budget, 14 storage or system.

use std::fs;
use std::path::PathBuf;

use crate::support::board::KEY;
use crate::support::program::{Ran, smirr, transcript};
use crate::support::{Board, Size, files};

fn board() -> Board {
    Board::new(&Size { single: true, ..Size::default() })
}

/// Compares a transcript, and prints both as they are where they differ.
#[track_caller]
fn says(board: &Board, ran: &Ran, expected: &str) {
    let actual = transcript(ran, &board.path(""));
    assert!(actual == expected.trim_end(), "--- expected\n{expected}\n--- told\n{actual}\n");
}

/// The board's YAML with these texts in the place of others.
fn edit(board: &Board, changes: &[(&str, &str)]) {
    let mut yaml = fs::read_to_string(board.path("board.yaml")).expect("it is there");
    for (from, to) in changes {
        assert!(yaml.contains(from), "the YAML has no `{from}`");
        yaml = yaml.replace(from, to);
    }
    files::write(&board.path("board.yaml"), yaml);
}

#[test]
fn usage() {
    let board = board();
    let run = |arguments: &[&str]| Ran::of(smirr().args(arguments));
    says(
        &board,
        &run(&["rnu"]),
        "\
exit code 2
--- stderr
error: unrecognized subcommand 'rnu'

Usage: smirr [OPTIONS] <COMMAND>

For more information, try '--help'.",
    );
    says(
        &board,
        &run(&["run"]),
        "\
exit code 2
--- stderr
error: the following required arguments were not provided:
  <CONFIG>

Usage: smirr run <CONFIG>

For more information, try '--help'.",
    );
    assert_eq!(run(&[]).code, Some(2));
    assert_eq!(run(&["--json", "--quiet", "check", "board.yaml"]).code, Some(2));
    assert_eq!(run(&["--help"]).code, Some(0));
}

#[test]
fn no_mistakes() {
    let board = board();
    says(
        &board,
        &board.smirr(&["check"]),
        "\
exit code 0
--- stdout
NHS Strathmirr, 2026-Q3: no mistakes found. Reports: reach, bridge.",
    );
}

#[test]
fn a_missing_configuration() {
    let board = board();
    fs::remove_file(board.path("board.yaml")).expect("it is there");
    says(
        &board,
        &board.smirr(&["run"]),
        "\
exit code 10
--- stderr
error: there is no such file
--> <board>/board.yaml",
    );
}

#[test]
fn a_misspelt_key() {
    let board = board();
    edit(&board, &[("quarter: 2026", "quartre: 2026")]);
    says(
        &board,
        &board.smirr(&["run"]),
        "\
exit code 10
--- stderr
error: the key is missing: `quarter`
 --> <board>/board.yaml:1:1
  |
1 | board: NHS Strathmirr
  | ^^^^^
  |
  = help: `quarter`: The calendar quarter: `2026-Q3` is July to September

error: unknown key `quartre`
 --> <board>/board.yaml:2:1
  |
2 | quartre: 2026-Q3
  | ^^^^^^^
  |
  = help: did you mean `quarter`?",
    );
}

#[test]
fn several_mistakes_in_several_files_at_once() {
    let mut board = board();
    let reach = fs::read_to_string(crate::support::repository().join("tests/fixtures/reports/reach.yaml"))
        .expect("it is shipped");
    let wrong = reach.replace("persons: patients", "persons: patient").replace("over: registered", "over: registred");
    board.reports(&[("reach", &wrong)]);
    edit(&board, &[("hscp]", "hspc]"), ("rho: \"1\"", "rho: \"0.1\""), ("[reach]", "[reach, reech]")]);
    says(
        &board,
        &board.smirr(&["run"]),
        "\
exit code 10
--- stderr
error: unknown table `patient`
 --> reports/reach.yaml:9:14
  |
9 |     persons: patient
  |              ^^^^^^^
  |
  = help: did you mean `patients`? (tables come from the board's `sources`)

error: unknown measure `registred`
  --> reports/reach.yaml:20:11
   |
20 |     over: registred
   |           ^^^^^^^^^
   |
   = help: did you mean `registered`?

error: `data_zones` has no area level `hspc`
  --> <board>/board.yaml:19:26
   |
19 |   levels: [health_board, hspc]
   |                          ^^^^
   |
   = help: did you mean `hscp`?

error: the year allows less (0.1) than this quarter spends (0.25)
  --> <board>/board.yaml:23:16
   |
23 |   year: { rho: \"0.1\" }
   |                ^^^^^

error: unknown report `reech`
  --> <board>/board.yaml:25:18
   |
25 | reports: [reach, reech]
   |                  ^^^^^
   |
   = help: did you mean `reach`?",
    );
    assert!(!board.path("work").exists(), "something was done all the same");
}

#[test]
fn a_source_that_names_no_file() {
    let board = board();
    fs::remove_file(board.path("extracts/all/contacts.csv")).expect("it is there");
    says(
        &board,
        &board.smirr(&["run", "--quiet"]),
        "\
exit code 10
--- stderr
error: no file matches `extracts/all/contacts.csv`
 --> <board>/board.yaml:7:13
  |
7 |   contacts: extracts/all/contacts.csv
  |             ^^^^^^^^^^^^^^^^^^^^^^^^^
  |
  = help: paths start from <board>",
    );
}

#[test]
fn extracts_that_cannot_be_used_are_all_named() {
    let board = board();
    let referrals = board.path("extracts/all/referrals.csv");
    let text = fs::read_to_string(&referrals).expect("it was made");
    files::write(&referrals, text.replacen(",chi,", ",chi_number,", 1).replacen(",status", ",state", 1));
    files::write(&board.path("extracts/all/contacts.csv"), "");
    says(&board, &board.smirr(&["run", "--quiet"]), "\
exit code 11
--- stderr
error: <board>/extracts/all/contacts.csv: the file is empty; ask for it again
<board>/extracts/all/referrals.csv: the header lacks `chi`, `status` (table `referrals`); is the first line the header, and is this the right table?
Nothing was published. The validation report lists every file and rule.");
    assert!(!board.pack().exists());
    assert_eq!(board.entries("reserved").len(), 0, "nothing was spent");
}

#[test]
fn a_file_over_its_limit() {
    let board = board();
    let patients = board.path("extracts/all/patients.csv");
    let text = fs::read_to_string(&patients).expect("it was made");
    let letters = |(number, line): (usize, &str)| {
        if number % 8 == 1 { format!("X{}\n", &line[1..]) } else { format!("{line}\n") }
    };
    files::write(&patients, text.lines().enumerate().map(letters).collect::<String>());
    let rows = text.lines().count() - 1;
    let broken = rows.div_ceil(8);
    says(
        &board,
        &board.smirr(&["run", "--quiet"]),
        &format!(
            "\
exit code 11
--- stderr
error: `patients`: {broken} of {rows} rows break `quarantined`, more than the limit of 10%
Nothing was published. The validation report lists every file and rule."
        ),
    );
    assert_eq!(board.tally("patients")["quarantined_by"]["chi.type"], broken);
    assert_eq!(board.entries("reserved").len(), 0, "nothing was spent");
}

#[test]
fn a_key_that_is_not_fit_for_use() {
    let board = board();
    let ways: [(&str, u32, &str); 4] = [
        ("abcd", 0o600, "is shorter than 256 bits; make one with `smirr key new FILE`"),
        (
            &"0123456789abcdef".repeat(4),
            0o600,
            "repeats itself too much to be random; make one with `smirr key new FILE`",
        ),
        ("our hospital's key", 0o600, "is not hexadecimal digits in pairs; make one with `smirr key new FILE`"),
        (KEY, 0o644, "can be read by others than its owner; run `chmod 600` on it"),
    ];
    for (key, mode, words) in ways {
        board.key(key, mode);
        let expected = format!("exit code 11\n--- stderr\nerror: the key file <board>/board.key {words}");
        says(&board, &board.smirr(&["run", "--quiet"]), &expected);
    }
    fs::remove_file(board.path("board.key")).expect("it is there");
    says(
        &board,
        &board.smirr(&["run", "--quiet"]),
        "\
exit code 10
--- stderr
error: there is no key file `board.key`
  --> <board>/board.yaml:16:16
   |
16 |   key: { file: board.key }
   |                ^^^^^^^^^
   |
   = help: `smirr key new` makes one",
    );
}

/// Private extracts that could not be read without an error.
fn spoil(board: &Board) {
    files::under(&board.path("extracts/all")).iter().for_each(|path| files::write(path, "nothing\n"));
}

fn private_parts(board: &Board) -> Vec<PathBuf> {
    let tables = ["patients", "practitioners", "referrals", "contacts", "onward_referrals", "attendances"];
    tables.iter().map(|table| board.path(&format!("work/store/2026-Q3/{table}"))).filter(|path| path.exists()).collect()
}

#[test]
fn a_run_over_budget_is_refused_before_private_data_are_opened() {
    let board = board();
    board.smirr(&["run", "--quiet"]).ends(0);
    let published = board.published();
    fs::remove_dir_all(board.path("work")).expect("there is a store");
    spoil(&board);
    edit(&board, &[("rho: \"0.25\"", "rho: \"0.3\"")]);
    says(&board, &board.smirr(&["run", "--quiet"]), "\
exit code 12
--- stderr
error: `reach` for 2026-Q3 asks for rho 0.15, but what is left for each patient is rho 0.05 of 0.3 for 2026-Q3 and rho 0.75 of 1 for the four quarters to 2026-Q3; up to rho 0.05 would fit. Nothing was spent and nothing was published");
    assert_eq!(private_parts(&board), Vec::<PathBuf>::new());
    assert!(board.published() == published);
    // The proof holds only if reading them would have told.
    edit(&board, &[("rho: \"0.3\"", "rho: \"0.25\"")]);
    board.smirr(&["run", "--quiet"]).ends(11);
}

#[test]
fn a_year_over_budget_is_refused_too() {
    let board = board();
    board.smirr(&["run", "--quiet"]).ends(0);
    spoil(&board);
    edit(
        &board,
        &[("quarter: 2026-Q3", "quarter: 2026-Q2"), ("{ rho: \"0.25\", delta: \"1e-7\" }", "{ rho: \"0.9\" }")],
    );
    says(&board, &board.smirr(&["run", "--quiet"]), "\
exit code 12
--- stderr
error: `bridge` for 2026-Q2 asks for rho 0.45, but what is left for each patient is rho 0.45 of 0.9 for 2026-Q2 and rho 0.3 of 1 for the four quarters to 2026-Q3; up to rho 0.3 would fit. Nothing was spent and nothing was published");
    assert!(!board.path("work/store/2026-Q2/patients").exists());
}

#[test]
fn another_boards_ledger() {
    let board = board();
    board.smirr(&["run", "--quiet"]).ends(0);
    edit(&board, &[("board: NHS Strathmirr", "board: NHS Elsewhere")]);
    let words = "the ledger belongs to `NHS Strathmirr`, not to `NHS Elsewhere`; each board has its own. Correct \
                 `privacy.ledger` or `board`";
    let expected = format!("exit code 14\n--- stderr\nerror: {words}");
    says(&board, &board.smirr(&["run", "--quiet"]), &expected);
    says(&board, &board.smirr(&["ledger"]), &expected);
    let event = board.smirr(&["--json", "ledger"]).ends(14).events();
    assert_eq!(event, [serde_json::json!({ "event": "error", "code": 14, "text": words })]);
}

#[test]
fn a_key_is_never_overwritten() {
    let board = board();
    let new = || Ran::of(smirr().args(["key", "new"]).arg(board.path("board.key")));
    says(
        &board,
        &new(),
        "\
exit code 14
--- stderr
error: cannot make the key file <board>/board.key: File exists (os error 17)",
    );
    assert_eq!(fs::read_to_string(board.path("board.key")).expect("it is there").trim(), KEY);
}

#[test]
fn a_ledger_that_was_changed_is_told() {
    let board = board();
    board.smirr(&["run", "--quiet"]).ends(0);
    let path = board.path("ledger.sqlite");
    let mut bytes = fs::read(&path).expect("it is there");
    let word = b"\"bridge\"";
    let places = (0..bytes.len() - word.len()).filter(|&at| bytes[at..].starts_with(word)).collect::<Vec<_>>();
    assert!(!places.is_empty(), "no entry names the report");
    places.into_iter().for_each(|at| bytes[at + 1] = b'f');
    fs::write(&path, bytes).expect("it is ours");
    let ran = board.smirr(&["ledger", "--verify"]).ends(14);
    assert!(ran.stderr.starts_with("error: ") && ran.stdout.is_empty(), "{ran:?}");
    board.smirr(&["run", "--quiet"]).ends(14);
}
