//! However a run ends, nothing half made is published, no debit is lost, and the next run finishes the work.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::program::{Ran, smirr};
use crate::support::{Board, Size, files};

fn board() -> Board {
    Board::new(&Size { patients: 12_000, activity: 6.0, ..Size::default() })
}

fn start(board: &Board) -> Child {
    let mut command = smirr();
    command.args(["run", "--quiet"]).arg(board.path("board.yaml")).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().expect("the program starts")
}

/// When to end a run.
#[derive(Debug, Clone, Copy)]
enum Moment {
    /// So long after its start.
    After(Duration),
    /// When the ledger is written for the nth time: SQLite keeps a journal beside it meanwhile.
    Writing(usize),
    /// When a file or folder whose name begins so stands in this folder.
    Seen(&'static str, &'static str),
}

fn is_seen(folder: &Path, start: &str) -> bool {
    fs::read_dir(folder)
        .is_ok_and(|entries| entries.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with(start)))
}

/// Lets a run go on to a moment, and ends it there as the loss of power would. What is published is whole throughout.
fn kill(board: &Board, moment: Moment) {
    let mut run = start(board);
    let began = Instant::now();
    let (mut writings, mut writing) = (0, false);
    while run.try_wait().expect("it is our child").is_none() {
        assert_eq!(files::fault_of_pack(&board.pack()), None, "{moment:?}: while it runs");
        let journal = board.path("ledger.sqlite-journal").exists();
        writings += usize::from(journal && !writing);
        writing = journal;
        let now = match moment {
            Moment::After(time) => began.elapsed() >= time,
            Moment::Writing(number) => writings >= number,
            Moment::Seen(folder, start) => is_seen(&board.path(folder), start),
        };
        if now {
            // SIGKILL: nothing of the program's own runs after it.
            run.kill().expect("it is our child");
        }
    }
}

/// The ledger's entries as they are told, after a walk of the whole chain; the ledger is refused where it is behind what
/// its witness or a pack has seen.
fn entries(board: &Board) -> Vec<Value> {
    board.smirr(&["ledger", "--verify"]).ends(0);
    // A run that ended before there was a ledger leaves a sentence, and no entries.
    if !board.path("ledger.sqlite").exists() {
        return Vec::new();
    }
    board.ledger(&[])["entries"].as_array().expect("it lists them").clone()
}

fn of_kind<'a>(entries: &'a [Value], kind: &str) -> Vec<&'a Value> {
    entries.iter().filter(|entry| entry["kind"] == kind).collect()
}

/// What must hold after a run that was ended anywhere, and after the next one.
#[track_caller]
fn recovers(board: &Board, what: &str) {
    assert_eq!(files::fault_of_pack(&board.pack()), None, "{what}");
    let published = board.pack().exists().then(|| files::bytes_under(&board.pack()));
    let before = entries(board);
    assert!(of_kind(&before, "reserved").len() <= 2, "{what}: {before:?}");
    if published.is_some() {
        assert_eq!(of_kind(&before, "drawn").len(), 2, "{what}: published without a stored draw");
    }
    board.smirr(&["run", "--quiet"]).ends(0);
    let after = entries(board);
    assert_eq!(after[..before.len()], before, "{what}: the past was changed");
    assert_eq!(of_kind(&after, "reserved").len(), 2, "{what}: one debit a report");
    assert_eq!(of_kind(&after, "drawn").len(), 2, "{what}: one draw a report");
    assert_eq!(files::fault_of_pack(&board.pack()), None, "{what}");
    if let Some(published) = published {
        assert!(files::bytes_under(&board.pack()) == published, "{what}: what was published became something else");
    }
    let witness = fs::read(board.path("work/ledger-witness.json")).expect("there is a witness");
    let witness = serde_json::from_slice::<Value>(&witness).expect("it is whole");
    let newest = after.last().expect("there are entries");
    assert_eq!((&witness["entries"], &witness["hash"]), (&newest["id"], &newest["hash"]), "{what}: not the newest");
    let left =
        fs::read_dir(board.path("published")).expect("it is there").map(|entry| entry.expect("listed").file_name());
    assert_eq!(left.collect::<Vec<_>>(), ["2026-Q3"], "{what}: something half made stays among what is published");
    assert_eq!(files::under(&board.path("work/store/staging")), Vec::<std::path::PathBuf>::new(), "{what}");
}

/// Forgets all but the extracts, the key and the YAML.
fn forget(board: &Board) {
    for folder in ["work", "published"] {
        let _ = fs::remove_dir_all(board.path(folder));
    }
    for file in ["ledger.sqlite", "ledger.sqlite-journal"] {
        let _ = fs::remove_file(board.path(file));
    }
}

#[test]
fn a_run_that_is_killed_anywhere_is_taken_up_by_the_next() {
    let board = board();
    let began = Instant::now();
    board.smirr(&["run", "--quiet"]).ends(0);
    let whole = began.elapsed();
    // Spread over the run by a step that divides nothing evenly, so that the moments differ from run to run.
    let spread =
        (0..20).map(|n: u32| Moment::After(whole * (n * 7 % 20) / 20 + Duration::from_micros(u64::from(n) * 331)));
    let writing = (1..=8).map(Moment::Writing);
    let seen = [
        Moment::Seen("work/store", "staging"),
        Moment::Seen("work/store/2026-Q3", "contacts"),
        Moment::Seen("work/validation", "2026-Q3.json"),
        // Between the draw and the witness of it, and between the two releases.
        Moment::Seen("work", "ledger-witness.new"),
        Moment::Seen("work", "ledger-witness.json"),
        Moment::Seen("published", ".pack-"),
        Moment::Seen("published", "2026-Q3"),
    ];
    for moment in spread.chain(writing).chain(seen) {
        forget(&board);
        kill(&board, moment);
        recovers(&board, &format!("{moment:?}"));
    }
}

#[test]
fn runs_that_are_killed_again_and_again_pay_once() {
    let board = board();
    for number in [4, 5, 3, 6, 2, 7, 1] {
        kill(&board, Moment::Writing(number));
    }
    kill(&board, Moment::Seen("published", ".pack-"));
    recovers(&board, "after nine runs");
}

/// A run that may write no file larger than so many blocks of 512 bytes: what a full disk does to it, file by file.
fn confined(board: &Board, blocks: u32, signal: &str) -> Ran {
    let script = format!("{signal} ulimit -f {blocks}; exec \"$0\" \"$@\"");
    let mut command = Command::new("sh");
    command.args(["-c", &script, env!("CARGO_BIN_EXE_smirr"), "run", "--quiet"]).arg(board.path("board.yaml"));
    Ran::of(command.stdin(Stdio::null()))
}

#[test]
fn a_disk_that_fills_up_publishes_nothing_half() {
    let board = board();
    let mut failures = 0;
    for blocks in [0, 1, 2, 4, 8, 16, 24, 32, 48, 64, 96, 128, 256, 512] {
        // Ignored, the signal becomes an error of the write; otherwise it ends the program where it stands.
        for signal in ["trap '' XFSZ;", ""] {
            forget(&board);
            let ran = confined(&board, blocks, signal);
            match ran.code {
                Some(0) => assert!(board.pack().exists(), "{blocks} blocks"),
                Some(14) => assert!(!ran.stderr.contains("panic") && ran.stderr.starts_with("error: "), "{ran:?}"),
                other => assert!(other.is_none() && signal.is_empty(), "{blocks} blocks: {ran:?}"),
            }
            failures += usize::from(ran.code != Some(0));
            recovers(&board, &format!("{blocks} blocks {signal}"));
        }
    }
    assert!(failures >= 14, "only {failures} runs met their limit");
}

/// A run whose ledger lies on a disk of so many KiB of its own, after which the ledger is put where `board.yaml` looks
/// for it; nothing where this system lets nobody but the superuser make such a disk.
fn on_small_disk(board: &Board, kib: u32) -> Option<Ran> {
    let yaml = fs::read_to_string(board.path("board.yaml")).expect("it is there");
    files::write(&board.path("small.yaml"), yaml.replace("ledger: ledger.sqlite", "ledger: disk/ledger.sqlite"));
    let _ = fs::create_dir(board.path("disk"));
    let script = format!(
        "mount -t tmpfs -o size={kib}k tmpfs disk || exit 99; \"$0\" run --quiet small.yaml; code=$?; cp disk/* .; exit $code"
    );
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--mount", "sh", "-c", &script, env!("CARGO_BIN_EXE_smirr")]);
    let ran = command.current_dir(board.path("")).stdin(Stdio::null()).output().ok()?;
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let ran = Ran { code: ran.status.code(), stdout: text(ran.stdout), stderr: text(ran.stderr) };
    (ran.code != Some(99) && !ran.stderr.starts_with("unshare:")).then_some(ran)
}

#[test]
fn a_disk_that_fills_up_under_the_ledger_understates_nothing() {
    let board = Board::new(&Size::default());
    let mut left = Vec::new();
    for kib in [4, 32, 56, 60, 64, 68, 72, 76, 80, 256] {
        forget(&board);
        let Some(ran) = on_small_disk(&board, kib) else {
            eprintln!("no disk of our own can be made here: only `ulimit` stands in for a full one");
            return;
        };
        if ran.code != Some(0) {
            ran.ends(14);
            assert!(!board.pack().exists(), "{kib} KiB");
        }
        let entries = entries(&board);
        left.push((of_kind(&entries, "reserved").len(), of_kind(&entries, "drawn").len()));
        recovers(&board, &format!("{kib} KiB"));
    }
    // The disk was full before the first debit, between a debit and its draw or between two releases, and never.
    assert!(left.contains(&(0, 0)) && left.contains(&(2, 2)), "{left:?}");
    assert!(left.iter().any(|it| ![(0, 0), (2, 2)].contains(it)), "{left:?}");
}

#[test]
fn a_ledger_that_cannot_be_written_stops_the_run_before_anything_is_read() {
    let board = Board::new(&Size::default());
    fs::create_dir(board.path("ledger.sqlite")).expect("the folder is ours");
    files::write(&board.path("file"), "not a folder");
    files::write(&board.path("other.sqlite"), vec![7; 4096]);
    let yaml = fs::read_to_string(board.path("board.yaml")).expect("it is there");
    for ledger in ["ledger.sqlite", "file/ledger.sqlite", "other.sqlite"] {
        files::write(&board.path("board.yaml"), yaml.replace("ledger: ledger.sqlite", &format!("ledger: {ledger}")));
        let ran = board.smirr(&["run", "--quiet"]).ends(14);
        assert!(ran.stderr.starts_with("error: "), "{ran:?}");
        assert!(!board.path("work/store/2026-Q3/patients").exists(), "{ledger}: private data were read");
        assert!(!board.pack().exists(), "{ledger}");
    }
}

/// Nothing is spent on a pack that has no place, and nothing of anyone else's is removed to make one.
#[test]
fn what_is_in_the_place_of_a_pack_is_left_there() {
    let board = Board::new(&Size::default());
    let refused = |what: &str| {
        let ran = board.smirr(&["run", "--quiet"]).ends(14);
        assert!(ran.stderr.contains("is in the place of the pack, and is none"), "{what}: {ran:?}");
        assert!(!board.path("ledger.sqlite").exists(), "{what}: spent before it was known that there is no place");
        fs::rename(board.pack(), board.path(what)).expect("it was left");
    };
    files::write(&board.pack().join("precious.txt"), "theirs");
    refused("folder");
    files::write(&board.pack(), "theirs");
    refused("file");
    std::os::unix::fs::symlink("nowhere", board.pack()).expect("a link can be made");
    refused("link");
    // What a killed run, or anyone else, has left where packs are made is cleared.
    files::write(&board.path("published/.pack-2026-Q3"), "left");
    board.smirr(&["run", "--quiet"]).ends(0);
    assert_eq!(files::fault_of_pack(&board.pack()), None);
}

#[test]
fn a_pack_that_cannot_be_finished_leaves_nothing_beside_the_earlier_one() {
    let board = board();
    board.smirr(&["run", "--quiet"]).ends(0);
    let earlier = board.published();
    // Between the largest file of the work folder and the largest of the pack: a fault while the pack is written.
    let mut failed = 0;
    for blocks in [40, 60, 80, 100, 150, 200] {
        let ran = confined(&board, blocks, "trap '' XFSZ;");
        failed += usize::from(ran.code == Some(14) && ran.stderr.contains(".pack-2026-Q3"));
        assert!(board.published() == earlier, "{blocks} blocks: {ran:?}");
    }
    assert!(failed > 0, "no run met its limit in the pack");
}

#[test]
fn a_faulty_template_is_told_before_anything_is_spent() {
    let board = Board::new(&Size::default());
    let yaml = fs::read_to_string(board.path("board.yaml")).expect("it is there");
    files::write(&board.path("board.yaml"), yaml.replace("publish: {", "publish: { look: { templates: own },"));
    for (name, text) in [
        ("index.html", "{% if %}"),
        ("privacy.html", "{{ "),
        ("strings.yaml", "- a list"),
        ("strings.yaml", "no_such_sentence: a"),
        ("strings.yaml", "skip: '{{ '"),
    ] {
        files::write(&board.path("own").join(name), text);
        for command in ["check", "run"] {
            let ran = board.smirr(&[command, "--quiet"]).ends(10);
            assert!(ran.stderr.contains(name) && ran.stderr.contains("own"), "{ran:?}");
        }
        assert!(!board.path("ledger.sqlite").exists(), "{name}: spent");
        fs::remove_file(board.path("own").join(name)).expect("it is ours");
    }
}
