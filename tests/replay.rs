//! The same question of the same inputs is answered once. Averaging re-runs gains nothing, and costs nothing.

use std::collections::BTreeMap;
use std::fs;
use std::process::Stdio;

use crate::support::extracts::Extract;
use crate::support::program::smirr;
use crate::support::{Board, Size, extracts, files};

fn board() -> Board {
    Board::new(&Size::default())
}

/// One practice's file of a table: the first by name.
fn one_practices(board: &Board, table: &str) -> std::path::PathBuf {
    let files = files::under(&board.path("extracts/practices")).into_iter();
    files.filter(|path| path.ends_with(format!("{table}.csv"))).min().expect("there is a practice")
}

/// Adds a repeat of a file's last row under another identifier: a change, and a valid one.
fn change(path: &std::path::Path) {
    let extract = Extract::read(path);
    let mut row = extract.rows().last().expect("it has rows").clone();
    row[0].push_str("-again");
    extracts::append(path, &[row.join(",")]);
}

/// The measurements of a published table, by labels and figure.
fn measurements(board: &Board, table: &str) -> BTreeMap<Vec<String>, String> {
    let rows = board.table(table).into_iter();
    let labels =
        |row: &BTreeMap<String, String>| ["HB", "SIMDQuintile", "Reason", "Figure"].map(|it| row[it].clone()).to_vec();
    rows.map(|row| (labels(&row), row["Unbiased"].clone())).filter(|(_, value)| !value.is_empty()).collect()
}

#[test]
fn a_second_run_gives_the_same_bytes_at_no_cost() {
    let board = board();
    let first = board.smirr(&["run"]).ends(0);
    assert_eq!(first.stdout.matches("charged to the ledger").count(), 2, "{}", first.stdout);
    let published = board.published();
    let entries = |board: &Board| ["reserved", "drawn", "published"].map(|kind| board.entries(kind));
    let before = entries(&board);
    assert_eq!(before.each_ref().map(Vec::len), [2, 2, 2]);
    let again = |board: &Board, what: &str| {
        let second = board.smirr(&["run"]).ends(0);
        assert_eq!(second.stdout.matches("this run cost nothing").count(), 2, "{what}: {}", second.stdout);
        assert!(board.published() == published, "{what}: other bytes");
        assert_eq!(entries(board), before, "{what}");
    };
    again(&board, "the same again");
    fs::remove_dir_all(board.path("published")).expect("there is a pack");
    again(&board, "without the pack");
    fs::remove_dir_all(board.path("work")).expect("there is a store");
    again(&board, "without the store");
    fs::remove_file(board.pack().join("reach-hscp.csv")).expect("there is a table");
    again(&board, "with a pack that lost a table");
}

#[test]
fn a_report_by_another_name_and_in_another_order_is_the_same_question() {
    let mut board = board();
    let reach = fs::read_to_string(crate::support::repository().join("tests/fixtures/reports/reach.yaml"))
        .expect("it is shipped");
    board.reports(&[("reach", &reach)]);
    board.smirr(&["run"]).ends(0);
    let first = measurements(&board, "reach-health_board");
    // The same measures, the other way round.
    let (head, rest) = reach.split_once("  registered:\n").expect("it counts the registered");
    let (registered, rest) = rest.split_once("  referred:\n").expect("it counts the referred");
    let (referred, tail) = rest.split_once("rates:\n").expect("it has a rate");
    let turned = format!("{head}  referred:\n{referred}  registered:\n{registered}rates:\n{tail}");
    assert_ne!(turned, reach);
    // The same condition, in other words.
    let reworded = turned.replace("status <> 'declined'", "(status != 'declined')");
    assert_ne!(reworded, turned);
    board.reports(&[("access", &reworded.replace("Who the links workers reach", "Access"))]);
    let second = board.smirr(&["run"]).ends(0);
    assert!(second.stdout.contains("this run cost nothing"), "{}", second.stdout);
    assert!(first.len() > 50);
    assert_eq!(measurements(&board, "access-health_board"), first);
    assert_eq!(board.entries("reserved").len(), 1);
}

#[test]
fn an_unchanged_extract_is_not_read_again() {
    let board = board();
    let ingest = |board: &Board| board.smirr(&["--json", "ingest"]).ends(0);
    let first = ingest(&board);
    assert!(first.rows_of("extracts") > 2_500 && first.rows_of("public tables") > 10);
    let parts = |board: &Board| files::bytes_under(&board.path("work/store/2026-Q3"));
    let before = parts(&board);
    let second = ingest(&board);
    assert_eq!((second.rows_of("extracts"), second.rows_of("public tables")), (0, 0));
    assert!(parts(&board) == before);

    let changed = one_practices(&board, "referrals");
    change(&changed);
    let rows = Extract::read(&changed).rows().len() as u64;
    assert_eq!(ingest(&board).rows_of("extracts"), rows, "the changed file and no other");
    let after = parts(&board);
    let gone = before.keys().filter(|name| !after.contains_key(*name)).collect::<Vec<_>>();
    assert!(gone.len() == 3 && gone.iter().all(|name| name.starts_with("referrals/")), "{gone:?}");
    assert!(after.iter().filter(|(name, _)| before.contains_key(*name)).all(|(name, bytes)| before[name] == *bytes));
    assert_eq!(after.len(), before.len());
}

#[test]
fn a_withdrawn_extract_leaves_the_store() {
    let board = board();
    board.smirr(&["ingest"]).ends(0);
    let withdrawn = one_practices(&board, "contacts");
    let source = withdrawn.strip_prefix(board.path("")).expect("it is the board's").to_string_lossy().into_owned();
    let parts = |board: &Board| files::under(&board.path("work/store/2026-Q3/contacts")).len();
    let before = parts(&board);
    fs::remove_file(&withdrawn).expect("it is there");
    board.smirr(&["ingest"]).ends(0);
    assert_eq!(parts(&board), before - 3, "its Parquet, its quarantine list and its manifest");
    let report = board.validation();
    let contacts =
        report["tables"].as_array().expect("tables").iter().find(|it| it["table"] == "contacts").expect("it is there");
    assert_eq!(contacts["withdrawn"], serde_json::json!([source]));
}

#[test]
fn a_correction_that_the_quarter_does_not_allow_is_refused() {
    let board = board();
    board.smirr(&["run"]).ends(0);
    let published = board.published();
    change(&one_practices(&board, "referrals"));
    // The quarter may lose what its reports share, and has: the correction does not fit, and what was published stays.
    let refused = board.smirr(&["run"]).ends(12);
    assert!(refused.stderr.contains("nothing more fits; it is revision 1 of "), "{}", refused.stderr);
    assert!(refused.stderr.contains("`privacy.quarter`"), "{}", refused.stderr);
    assert!(board.published() == published);
    assert_eq!(board.entries("reserved").len(), 2);
}

#[test]
fn a_correction_is_a_release_of_its_own_and_is_never_free() {
    let mut board = board();
    board.config.most = "{ rho: \"0.5\" }".into();
    board.configure();
    board.smirr(&["run"]).ends(0);
    let (published, first) = (board.published(), board.manifest());
    let original = one_practices(&board, "referrals");
    let before = fs::read(&original).expect("it is there");
    change(&original);
    let ran = board.smirr(&["run"]).ends(0);
    assert_eq!(ran.stdout.matches("charged to the ledger (revision 1 of ").count(), 2, "{}", ran.stdout);
    // Both pay again in full, and both say what they correct: in the ledger and in the pack.
    let (debits, second) = (board.entries("reserved"), board.manifest());
    assert_eq!(debits.len(), 4);
    for (earlier, later) in [(0, 2), (1, 3)] {
        assert_eq!(debits[later]["loss"], debits[earlier]["loss"]);
        assert_eq!(debits[earlier]["revises"], serde_json::Value::Null);
        assert_eq!(debits[later]["revises"], serde_json::json!({ "number": 1, "of": debits[earlier]["release"] }));
        let corrected = format!("revision 1 of {}", first["releases"][earlier]["release"].as_str().expect("a key"));
        assert_eq!(second["releases"][earlier]["revises"], corrected);
        assert_eq!(first["releases"][earlier]["revises"], serde_json::Value::Null);
    }
    assert_ne!(first["ledger"], second["ledger"]);
    // The noise is new: a correction that kept the old one would show the difference of the extracts as it is.
    assert!(board.published() != published);
    let corrected = board.published();
    assert_eq!(board.smirr(&["run"]).ends(0).stdout.matches("this run cost nothing").count(), 2);
    assert!(board.published() == corrected);
    // Another one does not fit any more, and is refused before either report has paid.
    change(&original);
    board.smirr(&["run"]).ends(12);
    assert_eq!(board.entries("reserved").len(), 4);
    // The extracts as they were first are the first release, at no cost.
    fs::write(&original, before).expect("it is ours");
    board.smirr(&["run"]).ends(0);
    assert!(board.published() == published);
}

#[test]
fn corrections_that_do_not_all_fit_are_refused_before_any_is_paid_for() {
    let mut board = board();
    board.config.most = "{ rho: \"3/8\" }".into();
    board.configure();
    board.smirr(&["run"]).ends(0);
    change(&one_practices(&board, "referrals"));
    let refused = board.smirr(&["run"]).ends(12);
    assert!(refused.stderr.contains("`bridge` for 2026-Q3"), "{}", refused.stderr);
    assert_eq!(board.entries("reserved").len(), 2);
}

#[test]
fn what_a_report_does_not_draw_on_does_not_make_it_another_release() {
    let mut board = board();
    board.config.reports = "[reach]".into();
    board.configure();
    board.smirr(&["run"]).ends(0);
    let published = board.published();
    change(&one_practices(&board, "contacts"));
    let second = board.smirr(&["run"]).ends(0);
    assert!(second.stdout.contains("this run cost nothing"), "{}", second.stdout);
    assert!(board.published() == published);
}

#[test]
fn two_runs_at_once_make_one_release() {
    let board = board();
    let start = || {
        let mut command = smirr();
        command.args(["run", "--quiet"]).arg(board.path("board.yaml")).stdout(Stdio::null()).stderr(Stdio::piped());
        command.spawn().expect("the program starts")
    };
    let runs = [start(), start(), start()];
    for run in runs {
        let output = run.wait_with_output().expect("it ends");
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    }
    assert_eq!(files::fault_of_pack(&board.pack()), None);
    assert_eq!(board.entries("reserved").len(), 2, "one debit a report");
    let published = board.published();
    board.smirr(&["run"]).ends(0);
    assert!(board.published() == published);
    assert_eq!(board.entries("published").len(), 2);
}
