//! What `smirr status` says of a quarter while its extracts arrive, from before the first to after a correction.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde_json::Value;

use crate::support::extracts::Extract;
use crate::support::program::{Ran, smirr};
use crate::support::{Board, Size, files};

/// A quarter that has ended, whatever day it is; and the one before.
const NOW: &str = "2025-Q1";
const BEFORE: &str = "2024-Q4";

/// A board that has extracts of these quarters, each in a folder of its own, and room for one correction.
fn board(quarters: &[&str]) -> Board {
    let size = Size { patients: 4_000, ..Size::default() };
    let mut board = Board::new(&size);
    fs::remove_dir_all(board.path("extracts")).expect("they are ours");
    quarters.iter().for_each(|quarter| make(&board, quarter));
    for source in board.config.sources.values_mut() {
        *source = source.replace("extracts/", "extracts/{quarter}/");
    }
    board.config.most = "{ rho: \"0.5\" }".into();
    board.configure();
    board
}

fn make(board: &Board, quarter: &str) {
    let mut command = smirr();
    command.arg("synth").arg(board.path("extracts").join(quarter));
    command.args(["--patients", "4000", "--seed", "7", "--activity", "2", "--quarter", quarter]);
    Ran::of(&mut command).ends(0);
}

fn status(board: &Board, arguments: &[&str]) -> Value {
    let all = [&["--json", "status", "--quarter", NOW], arguments].concat();
    let ran = board.smirr(&all).ends(0);
    assert_eq!(ran.stderr, "");
    serde_json::from_str(&ran.stdout).expect("it is one JSON object")
}

/// How many items of one table, or of all, are in each state that any is in.
fn counts(of: &Value) -> BTreeMap<String, u64> {
    let counts = of["counts"].as_object().expect("they are counted").iter();
    counts.map(|(state, n)| (state.clone(), n.as_u64().expect("a number"))).filter(|(_, n)| *n > 0).collect()
}

fn only(state: &str, n: u64) -> BTreeMap<String, u64> {
    BTreeMap::from([(state.to_owned(), n)])
}

/// The items of a table that are in a state.
fn items(status: &Value, table: &str, state: &str) -> Vec<Value> {
    let tables = status["tables"].as_array().expect("tables");
    let table = tables.iter().find(|it| it["table"] == table).expect("the table is there");
    let items = table["items"].as_array().expect("items").iter();
    items.filter(|item| item["state"] == state).cloned().collect()
}

/// The needs that are not met.
fn missing(status: &Value) -> Vec<String> {
    let needs = status["needs"].as_array().expect("needs").iter().filter(|need| need["met"] == false);
    needs.map(|need| need["need"].as_str().expect("it has a name").to_owned()).collect()
}

fn run_of<'a>(status: &'a Value, report: &str) -> &'a Value {
    let reports = status["reports"].as_array().expect("reports");
    reports.iter().find(|it| it["report"] == report).expect("the report is there")
}

/// A file of this quarter that a practice sent.
fn sent(board: &Board, table: &str) -> PathBuf {
    let all = files::under(&board.path("extracts").join(NOW).join("practices")).into_iter();
    all.filter(|path| path.ends_with(format!("{table}.csv"))).min().expect("there is a practice")
}

/// The code of the practice whose folder a file is in.
fn sender(path: &Path) -> String {
    path.parent().and_then(Path::file_name).expect("it has a folder").to_string_lossy().into_owned()
}

/// Adds a repeat of the last row under another identifier.
fn change(path: &Path) {
    let mut extract = Extract::read(path);
    let mut row = extract.rows().last().expect("it has rows").clone();
    row[0].push_str("-again");
    extract.records.push(row);
    extract.write(path, crate::support::extracts::Manner::Lf);
}

/// Everything under the board's folder, with the times at which it was last written.
fn all_of(board: &Board) -> BTreeMap<PathBuf, (SystemTime, Vec<u8>)> {
    let all = files::under(&board.path("")).into_iter();
    let about = |path: PathBuf| {
        let at = fs::metadata(&path).and_then(|meta| meta.modified()).expect("it has a time");
        let bytes = fs::read(&path).expect("it is ours");
        (path, (at, bytes))
    };
    all.map(about).collect()
}

#[test]
fn a_quarter_from_the_first_file_to_a_correction() {
    let board = board(&[NOW]);
    // Before anything was ingested: there is no folder of work yet, and none is made.
    let before = all_of(&board);
    let first = status(&board, &[]);
    let files = first["counts"]["new"].as_u64().expect("a number");
    assert_eq!(counts(&first), only("new", files));
    assert_eq!((&first["published"], &first["ready"], missing(&first).len()), (&false.into(), &true.into(), 0));
    assert_eq!(run_of(&first, "reach")["correction"], false);
    assert_ne!(run_of(&first, "reach")["charge"], "rho 0");
    board.smirr(&["status", "--quarter", NOW, "--ready"]).ends(0);
    assert!(!board.path("work").exists() && !board.path("ledger.sqlite").exists());
    assert!(all_of(&board) == before, "looking has written something");

    board.smirr(&["ingest", "--quiet", "--quarter", NOW]).ends(0);
    assert_eq!(counts(&status(&board, &[])), only("in", files));
    board.smirr(&["run", "--quiet", "--quarter", NOW]).ends(0);
    let before = all_of(&board);
    let run = status(&board, &[]);
    assert_eq!((counts(&run), &run["published"], &run["revisions"]), (only("in", files), &true.into(), &0.into()));
    assert_eq!((&run_of(&run, "reach")["replayed"], &run_of(&run, "reach")["charge"]), (&true.into(), &"rho 0".into()));

    // A corrected file: a run would pay again for what reads it, and for nothing else.
    let corrected = sent(&board, "onward_referrals");
    change(&corrected);
    let changed = status(&board, &[]);
    assert_eq!(counts(&changed), BTreeMap::from([("changed".into(), 1), ("in".into(), files - 1)]));
    assert_eq!(items(&changed, "onward_referrals", "changed")[0]["sender"], sender(&corrected));
    assert_eq!(
        (&run_of(&changed, "reach")["replayed"], &run_of(&changed, "reach")["correction"]),
        (&true.into(), &false.into())
    );
    assert_eq!(run_of(&changed, "bridge")["correction"], true);
    let text = board.smirr(&["status", "--quarter", NOW]).ends(0).stdout;
    assert!(text.contains("a correction of what was published"), "{text}");
    let mut after = all_of(&board);
    after.insert(corrected.clone(), before[&corrected].clone());
    assert!(after == before, "looking has written something");

    board.smirr(&["run", "--quiet", "--quarter", NOW]).ends(0);
    let again = status(&board, &[]);
    assert_eq!((counts(&again), &again["revisions"]), (only("in", files), &1.into()));

    // A second one, of what both reports read, has no room left.
    change(&sent(&board, "referrals"));
    let refused = status(&board, &[]);
    assert_eq!((missing(&refused), &refused["ready"]), (vec!["ledger".to_owned()], &false.into()));
    let ran = board.smirr(&["status", "--quarter", NOW, "--ready"]).ends(12);
    assert!(ran.stderr.contains("is not ready to run: ledger: no room"), "{}", ran.stderr);
}

#[test]
fn a_refused_file_is_failed_until_another_arrives() {
    let board = board(&[NOW]);
    let path = sent(&board, "contacts");
    let whole = fs::read(&path).expect("it is there");
    fs::write(&path, "").expect("it is ours");
    board.smirr(&["ingest", "--quiet", "--quarter", NOW]).ends(11);
    let failed = status(&board, &[]);
    let items = items(&failed, "contacts", "failed");
    assert_eq!((items.len(), &items[0]["sender"]), (1, &sender(&path).into()));
    assert_eq!(items[0]["why"], "the file is empty; ask for it again");
    assert_eq!(missing(&failed), ["files"]);
    let ran = board.smirr(&["status", "--quarter", NOW, "--ready"]).ends(11);
    assert!(ran.stdout.contains("the file is empty"), "{}", ran.stdout);
    assert!(ran.stderr.contains("the last ingest refused 1 file"), "{}", ran.stderr);
    fs::write(&path, whole).expect("it is ours");
    let sent_again = status(&board, &[]);
    assert_eq!((&sent_again["counts"]["failed"], &sent_again["counts"]["new"]), (&0.into(), &1.into()));
    assert_eq!(sent_again["ready"], true);
}

#[test]
fn who_is_late_is_told_by_the_quarter_before_and_by_the_list() {
    let board = board(&[BEFORE, NOW]);
    board.smirr(&["ingest", "--quiet", "--quarter", BEFORE]).ends(0);
    let late = sent(&board, "referrals");
    fs::remove_file(&late).expect("it is ours");
    let attendances = board.path("extracts").join(NOW).join("organisations");
    fs::remove_dir_all(&attendances).expect("it is ours");
    let looked = status(&board, &[]);
    let referrals = items(&looked, "referrals", "late");
    assert_eq!((referrals.len(), &referrals[0]["sender"]), (1, &sender(&late).into()));
    assert_eq!(referrals[0]["why"], format!("sent it for {BEFORE}"));
    assert!(referrals[0]["source"].as_str().expect("its name").starts_with(&format!("extracts/{NOW}/practices/")));
    // One file of all organisations lies in the folder of the board that collects them.
    let attendances = items(&looked, "attendances", "late");
    assert_eq!((attendances.len(), &attendances[0]["sender"]), (1, &"S08000901".into()));
    assert_eq!(missing(&looked), ["extracts", "senders"]);
    assert_eq!(missing(&status(&board, &["--quick"])), ["extracts", "senders"]);

    // Without a quarter before, the list of practices tells.
    fs::remove_dir_all(board.path("work")).expect("it is ours");
    make(&board, "2025-Q2");
    fs::rename(board.path("extracts/2025-Q2/organisations"), board.path("extracts").join(NOW).join("organisations"))
        .expect("it is ours");
    let looked = status(&board, &[]);
    let referrals = items(&looked, "referrals", "late");
    assert_eq!((&referrals[0]["why"], &referrals[0]["source"]), (&"listed in `practices`".into(), &Value::Null));
    assert_eq!(missing(&looked), ["senders"]);
    board.smirr(&["status", "--quarter", NOW, "--ready"]).ends(11);
    board.smirr(&["status", "--quarter", NOW, "--ready", "--allow-late"]).ends(0);
    assert_eq!(status(&board, &["--allow-late"])["ready"], true);
    // Nothing of a table, and its senders have folders of their own: each of the list is waited for.
    for path in files::under(&board.path("extracts").join(NOW)) {
        if path.ends_with("contacts.csv") {
            fs::remove_file(path).expect("it is ours");
        }
    }
    let looked = status(&board, &[]);
    assert_eq!(items(&looked, "contacts", "late").len(), 3);
    assert_eq!(missing(&looked), ["extracts", "senders"]);
}

#[test]
fn a_stored_file_that_is_gone_is_withdrawn() {
    let board = board(&[NOW]);
    board.smirr(&["ingest", "--quiet", "--quarter", NOW]).ends(0);
    let path = sent(&board, "referrals");
    fs::remove_file(&path).expect("it is ours");
    let looked = status(&board, &[]);
    let gone = items(&looked, "referrals", "withdrawn");
    assert_eq!((gone.len(), &gone[0]["sender"]), (1, &sender(&path).into()));
    assert_eq!((&looked["counts"]["late"], missing(&looked)), (&0.into(), vec!["senders".to_owned()]));
    assert!(board.smirr(&["status", "--quarter", NOW]).ends(0).stdout.contains("is stored, and its file is gone"));
}

/// The same size and the same time of its content: only its bytes, or the time at which it was put there, tell.
#[test]
fn a_changed_file_does_not_pass_for_the_stored_one() {
    let board = board(&[NOW]);
    board.smirr(&["ingest", "--quiet", "--quarter", NOW]).ends(0);
    let path = sent(&board, "contacts");
    let at = fs::metadata(&path).and_then(|meta| meta.modified()).expect("it has a time");
    let text = fs::read_to_string(&path).expect("it is text");
    let changed =
        if text.contains("phone") { text.replacen("phone", "video", 1) } else { text.replacen("video", "phone", 1) };
    assert_ne!(changed, text);
    fs::write(&path, changed).expect("it is ours");
    File::options().write(true).open(&path).and_then(|file| file.set_modified(at)).expect("it is ours");
    for arguments in [&[][..], &["--quick"]] {
        assert_eq!(items(&status(&board, arguments), "contacts", "changed").len(), 1, "{arguments:?}");
    }
    // Written anew with the same bytes, it is the stored one.
    fs::write(&path, text).expect("it is ours");
    for arguments in [&[][..], &["--quick"]] {
        assert_eq!(status(&board, arguments)["counts"]["changed"], 0, "{arguments:?}");
    }
}

/// Where paths do not name the quarter, the files of the quarter before lie there until others take their place.
#[test]
fn the_file_of_the_quarter_before_is_no_new_one() {
    let board = board(&[BEFORE]);
    fs::rename(board.path("extracts").join(BEFORE), board.path("extracts/inbox")).expect("it is ours");
    let yaml = fs::read_to_string(board.path("board.yaml")).expect("it is text").replace("{quarter}", "inbox");
    fs::write(board.path("board.yaml"), yaml).expect("it is ours");
    board.smirr(&["ingest", "--quiet", "--quarter", BEFORE]).ends(0);
    let looked = status(&board, &[]);
    let late = items(&looked, "referrals", "late");
    assert_eq!(late.len(), 3);
    assert_eq!(late[0]["why"], format!("the file here is still that of {BEFORE}"));
    assert_eq!(items(&status(&board, &["--quick"]), "referrals", "late"), late);
    // Who is registered, and where places are, may be the same in both.
    assert_eq!((items(&looked, "patients", "new").len(), items(&looked, "practices", "new").len()), (3, 1));
    assert_eq!(missing(&looked), ["extracts", "senders"]);
}

#[test]
fn what_a_run_needs_is_told_one_by_one() {
    let board = board(&[NOW]);
    // A key that others can read, and one that is not there. Neither is read.
    board.key("no key at all", 0o644);
    assert_eq!(missing(&status(&board, &[])), ["key"]);
    fs::remove_file(board.path("board.key")).expect("it is ours");
    assert_eq!(missing(&status(&board, &[])), ["key"]);
    board.key("no key at all", 0o600);
    assert_eq!(missing(&status(&board, &[])), [""; 0]);

    // Public tables that are not there, and one that cannot be read.
    let practices = board.path("extracts").join(NOW).join("public/practices.csv");
    let whole = fs::read(&practices).expect("it is there");
    fs::write(&practices, "practice_code\n").expect("it is ours");
    let looked = status(&board, &[]);
    assert_eq!(missing(&looked), ["lists"]);
    assert!(looked["lists_unknown"].as_str().is_some_and(|why| why.contains("`practices`")), "{looked}");
    fs::remove_file(&practices).expect("it is ours");
    assert_eq!(missing(&status(&board, &[])), ["extracts"]);
    fs::write(&practices, whole).expect("it is ours");

    // A quarter that has not ended, whatever day it is.
    let arguments = ["--json", "status", "--quarter", "2199-Q4"];
    let future = serde_json::from_str::<Value>(&board.smirr(&arguments).ends(0).stdout).expect("it is JSON");
    assert_eq!(missing(&future), ["extracts", "quarter"]);
    assert!(!board.path("work").exists(), "looking has written something");
}

#[test]
fn a_run_at_work_is_waited_for_by_nobody() {
    let board = board(&[NOW]);
    board.smirr(&["ingest", "--quiet", "--quarter", NOW]).ends(0);
    assert_eq!(status(&board, &[])["run_at_work"], false);
    let lock = File::open(board.path("work/store/lock")).expect("there was a run");
    lock.lock().expect("nobody holds it");
    assert_eq!(status(&board, &[])["run_at_work"], true);
    assert!(board.smirr(&["status", "--quarter", NOW]).ends(0).stdout.contains("A run of this board is at work"));
}

#[test]
fn nothing_is_made_for_a_fictional_board() {
    let board = board(&[]);
    fs::remove_file(board.path("board.key")).expect("it is ours");
    let yaml = fs::read_to_string(board.path("board.yaml")).expect("it is text");
    let fiction = "fictional: { patients: 2000, seed: 7, folder: \"extracts/{quarter}\" }\n";
    files::write(&board.path("board.yaml"), yaml + fiction);
    let before = all_of(&board);
    let text = board.smirr(&["status", "--quarter", NOW]).ends(0).stdout;
    assert!(text.contains("the board is fictional, and a run makes its extracts"), "{text}");
    assert!(all_of(&board) == before, "looking has written something");
}

#[test]
fn several_quarters_are_one_line_each() {
    let board = board(&[BEFORE, NOW]);
    board.smirr(&["run", "--quiet", "--quarter", BEFORE]).ends(0);
    let arguments = ["status", "--since", "2024-Q3", "--quarter", NOW];
    let json = board.smirr(&[&["--json"][..], &arguments].concat()).ends(0).stdout;
    let json = serde_json::from_str::<Value>(&json).expect("it is JSON");
    let lines = json["quarters"].as_array().expect("quarters");
    let told = lines.iter().map(|it| (it["quarter"].as_str().expect("a quarter"), it["published"] == true, counts(it)));
    let files = lines[1]["counts"]["in"].as_u64().expect("a number");
    assert_eq!(
        told.collect::<Vec<_>>(),
        [("2024-Q3", false, BTreeMap::new()), (BEFORE, true, only("in", files)), (NOW, false, only("new", files))]
    );
    let text = board.smirr(&arguments).ends(0).stdout;
    let line = text.lines().find(|line| line.contains(BEFORE)).expect("it has a line");
    assert!(line.split_whitespace().eq([BEFORE, &files.to_string(), "-", "-", "-", "-", "-", "yes"]), "{line}");
}

#[test]
fn a_watch_ends_once_the_quarter_is_ready() {
    let board = board(&[NOW]);
    let ran = board.smirr(&["status", "--quarter", NOW, "--watch", "1", "--ready"]).ends(0);
    assert!(ran.stdout.contains("Ready to run: yes") && !ran.stdout.contains('\u{1b}'), "{}", ran.stdout);
    board.smirr(&["status", "--quarter", NOW, "--watch", "0"]).ends(2);
    board.smirr(&["status", "--since", BEFORE, "--ready"]).ends(2);
}

/// Names, sizes and hashes of files are told; nothing that stands in one.
#[test]
fn no_output_holds_an_identifier() {
    let board = board(&[NOW]);
    board.smirr(&["ingest", "--quiet", "--quarter", NOW]).ends(0);
    change(&sent(&board, "referrals"));
    fs::write(sent(&board, "contacts"), "").expect("it is ours");
    let all = files::under(&board.path("extracts").join(NOW)).into_iter();
    let registers = all.filter(|path| path.ends_with("patients.csv")).map(|path| Extract::read(&path));
    let chis = registers.flat_map(|it| it.rows().iter().map(|row| row[it.column("chi")].clone()).collect::<Vec<_>>());
    let chis = chis.filter(|chi| chi.len() == 10).collect::<Vec<_>>();
    assert!(chis.len() > 3_000);
    for arguments in [&["status", "--all"][..], &["status"], &["--json", "status"], &["status", "--quick", "--ready"]] {
        let ran = board.smirr(&[arguments, &["--quarter", NOW]].concat());
        let said = ran.stdout + &ran.stderr;
        assert!(said.contains("referrals") && !said.contains(crate::support::board::KEY));
        assert!(!chis.iter().any(|chi| said.contains(chi.as_str())), "{arguments:?}");
    }
}
