//! The ledger through the program: copies that are older, files that are lost or may not be written, and what
//! `smirr ledger` says of it all.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::extracts::{self, Extract};
use crate::support::program::{Ran, smirr};
use crate::support::{Board, Size, files};

const WITNESS: &str = "work/ledger-witness.json";

/// A small board with both reports published, and room for a correction.
fn published() -> Board {
    let mut board = Board::new(&Size::default());
    board.config.most = "{ rho: \"0.5\" }".into();
    board.configure();
    board.smirr(&["run", "--quiet"]).ends(0);
    board
}

/// Changes what both reports draw on.
fn change(board: &Board) {
    let files = files::under(&board.path("extracts/practices")).into_iter();
    let path = files.filter(|path| path.ends_with("referrals.csv")).min().expect("there is a practice");
    let mut row = Extract::read(&path).rows().last().expect("it has rows").clone();
    row[0].push_str("-again");
    extracts::append(&path, &[row.join(",")]);
}

fn witness(board: &Board) -> Value {
    serde_json::from_slice(&fs::read(board.path(WITNESS)).expect("there is a witness")).expect("it is JSON")
}

/// A run that must stop before it reads anything private or writes to the ledger; gives what it said.
#[track_caller]
fn refused(board: &Board, ledger: Option<&[u8]>) -> String {
    let published = board.published();
    let ran = board.smirr(&["run", "--quiet"]).ends(14);
    assert!(board.published() == published, "what was published changed");
    assert_eq!(fs::read(board.path("ledger.sqlite")).ok().as_deref(), ledger, "the ledger changed");
    assert!(ran.stderr.starts_with("error: the ledger ") && ran.stderr.contains("--accept-loss"), "{}", ran.stderr);
    ran.stderr
}

#[test]
fn the_witness_and_the_pack_name_the_ledger_as_it_was() {
    let board = published();
    assert_eq!(board.ledger(&[])["verified"], Value::Null);
    let verified = &board.ledger(&["--verify"])["verified"];
    assert_eq!(verified["draws"], 2);
    let (seen, head) = (witness(&board), &verified["head"]);
    assert_eq!(&seen, head, "after publication the witness has seen all");
    assert_eq!(fs::metadata(board.path(WITNESS)).expect("it is there").permissions().mode() & 0o777, 0o600);
    // The pack names the entry of its newest draw: what comes later may differ between two runs of the same bytes.
    let named = &board.manifest()["ledger"];
    let drawn = board.entries("drawn").pop().expect("there are draws");
    assert_eq!((&named["ledger"], &named["entries"], &named["hash"]), (&head["ledger"], &drawn["id"], &drawn["hash"]));
    let text = board.smirr(&["ledger", "--verify"]).ends(0).stdout;
    assert!(text.contains(&format!("Head: entry 6 of ledger {}", head["ledger"].as_str().expect("a name"))), "{text}");
}

#[test]
fn an_older_copy_of_the_ledger_is_refused_until_the_newest_is_back() {
    let board = published();
    let older = fs::read(board.path("ledger.sqlite")).expect("it is there");
    change(&board);
    board.smirr(&["run", "--quiet"]).ends(0);
    let newest = fs::read(board.path("ledger.sqlite")).expect("it is there");
    fs::write(board.path("ledger.sqlite"), &older).expect("it is ours");
    assert!(refused(&board, Some(&older)).contains("is an older copy"));
    // The witness may be lost with it: the pack has seen the second draw.
    fs::remove_file(board.path(WITNESS)).expect("it is there");
    let words = refused(&board, Some(&older));
    assert!(words.contains("is an older copy") && words.contains("manifest.json"), "{words}");
    assert!(board.smirr(&["ledger"]).ends(14).stderr.contains("is an older copy"));
    // Without the pack too, nobody knows: that is what the two are kept for.
    fs::write(board.path("ledger.sqlite"), &newest).expect("it is ours");
    let ran = board.smirr(&["run"]).ends(0);
    assert!(ran.stderr.contains("There is no witness of the ledger"), "{}", ran.stderr);
    assert!(ran.stdout.contains("this run cost nothing"), "{}", ran.stdout);
    assert!(!board.smirr(&["run"]).ends(0).stderr.contains("witness"));
}

/// Puts a file back as it was.
fn put_back(board: &Board, name: &str, bytes: &[u8]) {
    fs::write(board.path(name), bytes).expect("it is ours");
}

#[test]
fn an_older_copy_that_went_on_is_refused_for_its_other_past() {
    let board = published();
    let older = fs::read(board.path("ledger.sqlite")).expect("it is there");
    change(&board);
    board.smirr(&["run", "--quiet"]).ends(0);
    let seen = fs::read(board.path(WITNESS)).expect("it is there");
    // Both witnesses lost, the older copy goes on with draws of its own, to as many entries.
    put_back(&board, "ledger.sqlite", &older);
    fs::remove_file(board.path(WITNESS)).expect("it is there");
    fs::remove_dir_all(board.path("published")).expect("it is there");
    board.smirr(&["run", "--quiet"]).ends(0);
    let other = fs::read(board.path("ledger.sqlite")).expect("it is there");
    assert_ne!(witness(&board), serde_json::from_slice::<Value>(&seen).expect("it is JSON"));
    put_back(&board, WITNESS, &seen);
    assert!(refused(&board, Some(&other)).contains("has another past"));
}

#[test]
fn another_ledger_is_refused() {
    let board = published();
    let (seen, ledger) = (witness(&board), board.path("ledger.sqlite"));
    let other = board.twin();
    other.smirr(&["run", "--quiet"]).ends(0);
    let bytes = fs::read(other.path("ledger.sqlite")).expect("it is there");
    fs::write(&ledger, &bytes).expect("it is ours");
    let words = refused(&board, Some(&bytes));
    assert!(words.contains("is another one") && words.contains(seen["ledger"].as_str().expect("a name")), "{words}");
    // The packs of any quarter speak, not only that of the quarter at hand.
    let pack = other.path("published/2026-Q2/manifest.json");
    files::write(&pack, fs::read(board.pack().join("manifest.json")).expect("there is a pack"));
    assert!(refused(&other, Some(&bytes)).contains("2026-Q2"));
}

#[test]
fn a_lost_ledger_is_not_begun_anew_in_silence() {
    let board = published();
    let seen = witness(&board);
    fs::remove_file(board.path("ledger.sqlite")).expect("it is there");
    assert!(refused(&board, None).contains("is gone"));
    assert!(board.smirr(&["ledger"]).ends(14).stderr.contains("is gone"));

    // The way out says so in the chain, and takes what may have been spent as spent.
    assert!(board.smirr(&["ledger", "--accept-loss", " "]).ends(13).stderr.contains("reason"));
    let told = board.smirr(&["ledger", "--accept-loss", "the disk burned"]).ends(0).stdout;
    assert!(told.starts_with("The loss is on record."), "{told}");
    let told = board.ledger(&[]);
    let restored = &told["entries"][0];
    assert_eq!((&restored["kind"], &restored["reason"]), (&json!("restored"), &json!("the disk burned")));
    assert!(restored["lost"].as_array().expect("a list").contains(&seen));
    let totals = told["totals"].as_array().expect("a list");
    assert_eq!(totals.len(), 4);
    assert!(totals.iter().all(|total| total["lost"] == true && total["left"] == "rho 0"), "{totals:?}");
    let ran = board.smirr(&["run", "--quiet"]).ends(12);
    assert!(ran.stderr.contains("lost a part") && ran.stderr.contains("nothing more fits"), "{}", ran.stderr);

    // Once is enough, and a ledger that lost nothing is not given up by mistake.
    let again = board.smirr(&["ledger", "--accept-loss", "the disk burned"]).ends(13);
    assert!(again.stderr.contains("nothing is lost"), "{}", again.stderr);
    assert_eq!(board.entries("restored").len(), 1);
}

#[test]
fn an_older_copy_goes_on_once_its_loss_is_on_record() {
    let board = published();
    let older = fs::read(board.path("ledger.sqlite")).expect("it is there");
    let first = board.published();
    let referrals = files::bytes_under(&board.path("extracts"));
    change(&board);
    board.smirr(&["run", "--quiet"]).ends(0);
    fs::write(board.path("ledger.sqlite"), &older).expect("it is ours");
    board.smirr(&["ledger", "--accept-loss", "no later copy"]).ends(0);
    // The correction is forgotten, and may not be drawn a second time; what the copy has is published at no cost.
    board.smirr(&["run", "--quiet"]).ends(12);
    for (name, bytes) in referrals {
        files::write(&board.path("extracts").join(name), bytes);
    }
    board.smirr(&["run", "--quiet"]).ends(0);
    assert!(board.published() == first);
    assert_eq!(board.entries("reserved").len(), 2);
}

#[test]
fn a_witness_that_cannot_be_read_is_told_and_made_anew() {
    let board = published();
    fs::write(board.path(WITNESS), "{").expect("it is ours");
    files::write(&board.path("published/old/manifest.json"), "{\"ledger\": \"a name alone\"}");
    let ran = board.smirr(&["run"]).ends(0);
    assert_eq!(ran.stderr.matches("names no entry of the ledger").count(), 2, "{}", ran.stderr);
    assert_eq!(witness(&board)["entries"], 6);
}

#[test]
fn totals_are_told_by_role() {
    let board = published();
    let told = board.ledger(&[]);
    let totals = told["totals"].as_array().expect("a list");
    let total = |role: &str, from: &str| {
        let found = totals.iter().find(|total| total["role"] == role && total["from"] == from);
        found.unwrap_or_else(|| panic!("no total of {role} from {from} in {told:?}"))
    };
    let quarter = total("patient", "2026-Q3");
    assert_eq!(
        (&quarter["rho"], &quarter["limit"], &quarter["left"]),
        (&json!("0.25"), &json!("rho 0.5"), &json!("rho 0.25"))
    );
    let year = total("patient", "2025-Q4");
    assert_eq!((&year["to"], &year["left"], &year["epsilon"]), (&json!("2026-Q3"), &json!("rho 0.75"), &json!("0")));
    assert_eq!(total("practitioner", "2026-Q3")["left"], "rho 0.5");
    let debit = board.entries("reserved").remove(0);
    assert_eq!(debit["roles"], json!(["patient"]));
    let text = board.smirr(&["ledger"]).ends(0).stdout;
    assert!(text.contains("Each patient, 2026-Q3: rho 0.25 and epsilon 0 of rho 0.5; left: rho 0.25\n"), "{text}");
    assert!(!text.contains("practitioner"), "{text}");
}

/// The board as someone who is not the superuser, for whom no file is read-only; nothing where that cannot be had.
struct Unprivileged<'a> {
    board: &'a Board,
    user: Option<u32>,
}

impl<'a> Unprivileged<'a> {
    fn new(board: &'a Board) -> Self {
        let superuser = Command::new("id").arg("-u").output().is_ok_and(|told| told.stdout == b"0\n");
        let user = superuser.then_some(65_534);
        for path in files::folders_under(&board.path("")).iter().chain(&files::under(&board.path(""))) {
            if let Some(user) = user {
                chown(path, Some(user), Some(user)).expect("the superuser may");
            }
        }
        Unprivileged { board, user }
    }

    fn run(&self) -> Ran {
        let mut command = smirr();
        command.args(["run", "--quiet"]).arg(self.board.path("board.yaml")).current_dir(self.board.path(""));
        if let Some(user) = self.user {
            command.uid(user).gid(user);
        }
        Ran::of(&mut command)
    }
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("it is ours");
}

#[test]
fn a_ledger_that_is_read_only_stops_the_run_before_private_data_are_opened() {
    let mut board = Board::new(&Size::default());
    board.config.most = "{ rho: \"0.5\" }".into();
    board.configure();
    fs::create_dir(board.path("ledger")).expect("it is ours");
    let yaml = fs::read_to_string(board.path("board.yaml")).expect("it is there");
    files::write(&board.path("board.yaml"), yaml.replace("ledger: ledger.sqlite", "ledger: ledger/board.sqlite"));
    let someone = Unprivileged::new(&board);
    let (folder, file) = (board.path("ledger"), board.path("ledger/board.sqlite"));
    // A folder in which no ledger can be made.
    set_mode(&folder, 0o500);
    let ran = someone.run().ends(14);
    assert!(ran.stderr.starts_with("error: cannot create the ledger "), "{}", ran.stderr);
    assert!(!board.path("work/store/2026-Q3/patients").exists() && !board.pack().exists());
    set_mode(&folder, 0o700);
    someone.run().ends(0);
    let (published, before) = (board.published(), fs::read(&file).expect("it is there"));
    change(&board);
    // A file that cannot be written; then a folder that cannot hold the journal beside it.
    for (path, shut, open) in [(&file, 0o400, 0o600), (&folder, 0o500, 0o700)] {
        set_mode(path, shut);
        let ran = someone.run().ends(14);
        assert!(ran.stderr.contains("may not be written by this user"), "{}", ran.stderr);
        assert_eq!(fs::read(&file).expect("it is there"), before, "{path:?}");
        assert!(board.published() == published, "{path:?}");
        set_mode(path, open);
    }
    let ran = someone.run().ends(0);
    assert!(board.published() != published, "{ran:?}");
}

#[test]
fn a_witness_that_cannot_be_written_stops_the_run_before_it_publishes() {
    let board = published();
    let published = board.published();
    change(&board);
    // Its place beside the witness is taken by a folder.
    fs::create_dir(board.path("work/ledger-witness.new")).expect("it is ours");
    let ran = board.smirr(&["run", "--quiet"]).ends(14);
    assert!(ran.stderr.contains("cannot write the witness of the ledger"), "{}", ran.stderr);
    assert!(board.published() == published, "what nobody witnessed was published");
    fs::remove_dir(board.path("work/ledger-witness.new")).expect("it is ours");
    board.smirr(&["run", "--quiet"]).ends(0);
    assert_eq!(board.entries("reserved").len(), 4, "the debits stand, and are not paid again");
    assert_eq!(board.entries("drawn").len(), 4);
}
