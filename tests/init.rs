//! `smirr init`: a board that runs at once, is its owner's to edit, and is there whole or not at all.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use chrono::Datelike;
use serde_yaml::Value;
use tempfile::TempDir;

use crate::support::program::{Ran, smirr};
use crate::support::{files, repository};

fn folder() -> TempDir {
    tempfile::tempdir().expect("there is a folder for temporary files")
}

/// `smirr ARGUMENTS` in a folder.
fn at(folder: &Path, arguments: &[&str]) -> Ran {
    Ran::of(smirr().args(arguments).current_dir(folder))
}

/// A small board, and fewer formats: what a run takes goes by both.
fn smaller(board: &Path) {
    let yaml = fs::read_to_string(board.join("board.yaml")).expect("it is there");
    let (from, to) = yaml.split_once("  patients: ").expect("it is fictional");
    let (_, to) = to.split_once('\n').expect("more follows");
    files::write(&board.join("board.yaml"), format!("{from}  patients: 3000\n{to}"));
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).expect("it is a folder");
    entries.map(|entry| entry.expect("it can be listed").file_name().to_string_lossy().into_owned()).collect()
}

/// In a folder whose name has all that a shell or a glob would take for something else.
#[track_caller]
fn runs_at_once(country: &str) {
    let place = folder();
    let name = "our board [2] it's";
    let ran = at(place.path(), &["init", name, "--country", country, "--quarter", "2026-Q2"]).ends(0);
    let board = place.path().join(name);
    smaller(&board);
    // The next commands are pasted as they are told.
    let next = ran.stdout.split("Next:\n").nth(1).expect("it says what is next").lines().map(str::trim);
    let next = next.map(str::to_owned).collect::<Vec<_>>();
    let verbs = next.iter().filter_map(|line| line.split(' ').nth(1)).collect::<Vec<_>>();
    assert_eq!(verbs, ["check", "plan", "run"]);
    for line in &next {
        let line = line.replacen("smirr", "\"$0\"", 1);
        let mut shell = Command::new("bash");
        shell.args(["-c", &line, env!("CARGO_BIN_EXE_smirr")]).current_dir(place.path()).stdin(Stdio::null());
        Ran::of(&mut shell).ends(0);
    }
    let pack = board.join("published/2026-Q2");
    Ran::of(smirr().arg("verify").arg(&pack)).ends(0);
    assert!(pack.join("index.html").is_file());
    let mode = |path: &str| fs::metadata(board.join(path)).expect("it is there").permissions().mode() & 0o777;
    assert_eq!(["keys", "keys/board.key", "board.yaml", "schemas", ""].map(mode), [0o700, 0o600, 0o644, 0o755, 0o755]);
    // The key is the one that the board's YAML names, and not one that the run had to make.
    assert_eq!(names(&board.join("keys")), BTreeSet::from(["board.key".to_owned()]));
    let made = ["extracts", "keys", "ledger.sqlite", "published", "reports", "schemas", "work"];
    let made = made.into_iter().chain([".gitignore", "README.md", "board.yaml"]).map(str::to_owned).collect();
    assert_eq!(names(&board), made, "the README and `.gitignore` speak of these");
}

#[test]
fn a_board_in_scotland_runs_at_once() {
    runs_at_once("scotland");
}

#[test]
fn a_board_in_england_runs_at_once() {
    runs_at_once("england");
}

/// Every report that comes with a board can be run, those that it does not list too.
#[test]
fn every_file_that_comes_with_a_board_is_checked() {
    for country in ["scotland", "england"] {
        let place = folder();
        at(place.path(), &["init", "board", "--country", country]).ends(0);
        let reports = names(&place.path().join("board/reports"));
        let reports = reports.iter().filter_map(|name| name.strip_suffix(".yaml")).collect::<Vec<_>>();
        let path = place.path().join("board/board.yaml");
        let yaml = fs::read_to_string(&path).expect("it is there");
        let line = yaml.lines().find(|line| line.starts_with("reports: [")).expect("it lists reports");
        files::write(&path, yaml.replace(line, &format!("reports: [{}]", reports.join(", "))));
        let told = at(place.path(), &["check", "board/board.yaml", "--json"]).ends(0).stdout;
        let told: serde_json::Value = serde_json::from_str(&told).expect("it is JSON");
        assert_eq!(told["reports"], serde_json::json!(reports));
    }
}

/// What ships for a country, from the repository; a schema of the YAML itself is every country's.
fn shipped(kind: &str, below: &str) -> BTreeMap<String, PathBuf> {
    let editors = |name: &str| name.ends_with(".schema.json") && !name.starts_with("privacy-label");
    let of = |folder: PathBuf, wanted: &dyn Fn(&str) -> bool| {
        let all = names(&folder).into_iter().map(move |name| (name.clone(), folder.join(name)));
        all.filter(|(name, path)| path.is_file() && wanted(name)).collect::<Vec<_>>()
    };
    let yaml = of(repository().join(format!("{kind}{below}")), &|name| name.ends_with(".yaml"));
    yaml.into_iter().chain(of(repository().join(kind), &editors)).collect()
}

/// What is said of a board twice, here and in `configs/`, is said alike; what is copied is the same file.
#[test]
fn a_board_is_what_ships() {
    for (country, config, below, out) in
        [("scotland", "demo", "", "out/demo/"), ("england", "england", "/england", "out/england/")]
    {
        let place = folder();
        at(place.path(), &["init", "board", "--country", country, "--quarter", "2026-Q3"]).ends(0);
        let board = place.path().join("board");
        for kind in ["schemas", "reports"] {
            let shipped = shipped(kind, below);
            let listed = shipped.keys().cloned().collect::<BTreeSet<_>>();
            assert_eq!(names(&board.join(kind)), listed, "{country}: `pipeline/commands/init.rs` lists them");
            // A test of `tests/reference.rs` holds the JSON Schemas against the types of which a board's are made.
            for (name, path) in shipped.into_iter().filter(|(name, _)| name.ends_with(".yaml")) {
                let text = fs::read_to_string(path).expect("it is text");
                // English files ship a folder deeper.
                let text = if below.is_empty() { text } else { text.replace("$schema=../", "$schema=") };
                let ours = fs::read_to_string(board.join(kind).join(&name)).expect("it is text");
                assert!(ours == text, "{country}: {kind}/{name}");
                // What an editor is told to look at is there.
                for schema in ours.lines().filter_map(|line| line.strip_prefix("# yaml-language-server: $schema=")) {
                    assert!(board.join(kind).join(schema).is_file(), "{country}: {kind}/{name}: {schema}");
                }
            }
        }
        assert!(board.join("schemas/config.schema.json").is_file(), "the first line of the board's YAML names it");
        let read = |path: PathBuf| fs::read_to_string(path).expect("it is there");
        let ours = read(board.join("board.yaml"));
        let theirs =
            read(repository().join(format!("configs/{config}.yaml"))).replace(out, "").replace("{quarter}/", "");
        let [ours, theirs] = [ours.replace("{quarter}/", ""), theirs]
            .map(|text| serde_yaml::from_str::<Value>(&text.replace("/{quarter}", "")).expect("it is YAML"));
        for part in ["board", "quarter", "fictional", "sources", "geography", "privacy", "reports", "work"] {
            assert_eq!(ours[part], theirs[part], "configs/{config}.yaml: {part}");
        }
        for part in ["to", "formats"] {
            assert_eq!(ours["publish"][part], theirs["publish"][part], "configs/{config}.yaml: {part}");
        }
    }
}

/// As its own comments say: `fictional` goes, with all that was made of its people; then each source is one's own.
#[test]
fn a_board_becomes_ones_own_as_its_comments_say() {
    let place = folder();
    at(place.path(), &["init", "board", "--quarter", "2026-Q3"]).ends(0);
    let board = place.path().join("board");
    smaller(&board);
    at(&board, &["run", "board.yaml", "--quiet"]).ends(0);
    at(&board, &["synth", "../own", "--patients", "3000", "--seed", "5"]).ends(0);
    let yaml = fs::read_to_string(board.join("board.yaml")).expect("it is there");
    let (before, rest) = yaml.split_once("fictional:\n").expect("it is fictional");
    let rest =
        rest.lines().skip_while(|line| line.starts_with("  ")).map(|line| format!("{line}\n")).collect::<String>();
    files::write(&board.join("board.yaml"), format!("{before}{rest}"));
    for made in ["extracts", "work", "published"] {
        fs::remove_dir_all(board.join(made)).expect("the run made it");
    }
    fs::remove_file(board.join("ledger.sqlite")).expect("the run made it");
    let told = at(&board, &["check", "board.yaml"]).ends(10).stderr;
    assert_eq!(told.matches("error: ").count(), 11, "each source and each file of boundaries is to be named: {told}");
    files::write(&board.join("board.yaml"), format!("{before}{}", rest.replace(" extracts/{quarter}/", " ../own/")));
    for command in ["check", "plan", "run"] {
        at(&board, &[command, "board.yaml", "--quiet"]).ends(0);
    }
    assert_eq!(files::fault_of_pack(&board.join("published/2026-Q3")), None);
}

#[test]
fn the_quarter_is_the_last_whole_one_and_the_name_ones_own() {
    let place = folder();
    let hostile = "Bòrd: {{ x }} # \"of\" {all}, 1";
    at(place.path(), &["init", "board", "--board", hostile]).ends(0);
    let told = at(place.path(), &["check", "board/board.yaml", "--json"]).ends(0).stdout;
    let told: serde_json::Value = serde_json::from_str(&told).expect("it is JSON");
    let today = chrono::Local::now().date_naive();
    let (year, number) = (today.year(), today.month0() / 3);
    let last = if number == 0 { format!("{}-Q4", year - 1) } else { format!("{year}-Q{number}") };
    assert_eq!((&told["board"], &told["quarter"]), (&serde_json::json!(hostile), &serde_json::json!(last)));
    for wrong in ["", "  ", "a\nb", "a\u{1b}[31mb"] {
        at(place.path(), &["init", "other", "--board", wrong]).ends(2);
    }
    assert!(!place.path().join("other").exists());
}

#[test]
fn nothing_is_overwritten_and_nothing_is_written_beside_what_stands_there() {
    let place = folder();
    files::write(&place.path().join("board/reports/ours.yaml"), "ours");
    files::write(&place.path().join("board/.gitignore"), "ours");
    files::write(&place.path().join("file"), "ours");
    std::os::unix::fs::symlink("nowhere", place.path().join("link")).expect("a link can be made");
    let before = files::bytes_under(place.path());
    let told = at(place.path(), &["init", "board"]).ends(14).stderr;
    assert!(
        told.contains(".gitignore, reports would be overwritten") && told.contains("Nothing was written"),
        "{told}"
    );
    for taken in ["file", "file/board", "link", "link/board", "gone/../board"] {
        at(place.path(), &["init", taken]).ends(14);
    }
    assert!(at(place.path(), &["init", "/"]).ends(14).stderr.contains("give it a folder"));
    assert_eq!(files::bytes_under(place.path()), before);
    assert_eq!(names(place.path()), ["board", "file", "link"].map(str::to_owned).into());
    // Other files are in nobody's way, and a board may be made where one stands.
    fs::remove_dir_all(place.path().join("board/reports")).expect("it is ours");
    fs::rename(place.path().join("board/.gitignore"), place.path().join("board/NOTES")).expect("it is ours");
    let own = place.path().join("board");
    at(&own, &["init", "."]).ends(0);
    at(&own, &["check", "board.yaml"]).ends(0);
    assert_eq!(fs::read_to_string(own.join("NOTES")).expect("it stayed"), "ours");
    let made = files::bytes_under(&own);
    assert!(at(&own, &["init", "."]).ends(14).stderr.contains("board.yaml"));
    assert!(files::bytes_under(&own) == made, "the first board is as it was");
    // Folders on the way are made.
    at(place.path(), &["init", "a/b/c"]).ends(0);
    at(place.path(), &["check", "a/b/c/board.yaml"]).ends(0);
}

/// `smirr init` where no file may grow beyond so many blocks of 512 bytes: `signal` says what the system then does.
fn confined(place: &Path, blocks: u32, signal: &str, folder: &str) -> Ran {
    let script = format!("{signal} ulimit -f {blocks}; exec \"$0\" init \"$1\"");
    let mut command = Command::new("sh");
    command.args(["-c", &script, env!("CARGO_BIN_EXE_smirr"), folder]).current_dir(place);
    Ran::of(command.stdin(Stdio::null()))
}

#[test]
fn a_full_disk_or_a_kill_leaves_no_half_board() {
    for target in ["board", "there", "."] {
        let place = folder();
        fs::create_dir(place.path().join("there")).expect("the folder is ours");
        let before = names(place.path());
        let (mut failed, mut killed) = (0, 0);
        for blocks in [0, 1, 2, 4, 8] {
            // Ignored, the signal becomes an error of the write: a full disk. Otherwise it ends the program where it stands.
            let full = confined(place.path(), blocks, "trap '' XFSZ;", target).ends(14);
            assert!(full.stderr.starts_with("error: cannot write "), "{full:?}");
            assert_eq!((names(place.path()), names(&place.path().join("there"))), (before.clone(), BTreeSet::new()));
            failed += 1;
            let ran = confined(place.path(), blocks, "", target);
            killed += usize::from(ran.code.is_none());
            let yaml = place.path().join(target).join("board.yaml");
            assert!(!yaml.exists() && !place.path().join("board").exists(), "{blocks} blocks: {ran:?}");
        }
        assert_eq!((failed, killed), (5, 5));
        // What a killed one has left is cleared by the next, and is in nobody's way.
        at(place.path(), &["init", target]).ends(0);
        at(place.path(), &["check", &format!("{target}/board.yaml")]).ends(0);
        let left = [place.path().to_path_buf(), place.path().join(target)].map(|folder| names(&folder));
        let left = left.into_iter().flatten().filter(|name| name.starts_with(".smirr")).collect::<Vec<_>>();
        assert_eq!(left, Vec::<String>::new());
    }
}

#[test]
#[ignore = "needs git; .ci/run has it"]
fn version_control_takes_no_key_no_ledger_and_no_row() {
    let place = folder();
    at(place.path(), &["init", "board", "--quarter", "2026-Q3"]).ends(0);
    let board = place.path().join("board");
    smaller(&board);
    at(&board, &["run", "board.yaml", "--quiet"]).ends(0);
    let git = |arguments: &[&str]| Ran::of(Command::new("git").args(arguments).current_dir(&board)).ends(0).stdout;
    git(&["init", "--quiet"]);
    let taken = git(&["ls-files", "--others", "--exclude-standard"]);
    let tops = taken.lines().map(|line| line.split('/').next().unwrap_or_default()).collect::<BTreeSet<_>>();
    assert_eq!(tops, BTreeSet::from([".gitignore", "README.md", "board.yaml", "published", "reports", "schemas"]));
}
