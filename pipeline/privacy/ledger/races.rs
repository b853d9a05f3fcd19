//! Several at once: threads and whole processes against one ledger, and processes that are killed.

use std::process::{Child, Command, Stdio};

use super::tests::{BOARD, exact, four, home, request, rho};
use super::*;
use crate::privacy::Bounds;

/// Names the ledger that a child process is to race on.
const ARENA: &str = "SMIRR_TEST_LEDGER";
/// Names the state in which a child process is to die; empty for one that is to live.
const STATE: &str = "SMIRR_TEST_STATE";
/// So many cells that their noise takes long enough to be killed in.
const MANY: usize = 300_000;

#[test]
fn racing_reservations_never_pass_the_budget() {
    let (_folder, path) = home();
    drop(Ledger::open(&path, BOARD).unwrap());
    let paid = std::thread::scope(|scope| {
        let racers: Vec<_> = (0..8u8)
            .map(|n| {
                let path = &path;
                scope.spawn(move || {
                    let mut ledger = Ledger::open(path, BOARD).unwrap();
                    let asked = |i: u8| request(n * 4 + i, "2026-Q3", rho("1/8"), (rho("5/8"), None));
                    (0..4).filter(|i| ledger.reserve(asked(*i)).is_ok()).count()
                })
            })
            .collect();
        racers.into_iter().map(|racer| racer.join().unwrap()).sum::<usize>()
    });
    assert_eq!(paid, 5);
    let ledger = Ledger::open(&path, BOARD).unwrap();
    assert_eq!(ledger.spent(Role::Patient, "2026-Q3".parse().unwrap()).unwrap().quarter.rho, exact("5/8"));
    assert_eq!(ledger.verify().unwrap().head.entries, 5);
}

#[test]
fn racing_draws_of_one_release_store_one() {
    let (_folder, path) = home();
    let mut ledger = Ledger::open(&path, BOARD).unwrap();
    ledger.reserve(request(1, "2026-Q3", rho("1/8"), (rho("1"), None))).unwrap();
    let grants: Vec<Grant> =
        (0..6).map(|_| ledger.reserve(request(1, "2026-Q3", rho("1/8"), (rho("1"), None))).unwrap()).collect();
    let draws: Vec<Vec<Released>> = std::thread::scope(|scope| {
        let path = &path;
        let draw = |grant| move || Ledger::open(path, BOARD).unwrap().draw(grant, four(1)).unwrap();
        let started: Vec<_> = grants.into_iter().map(|grant| scope.spawn(draw(grant))).collect();
        started.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(draws.iter().all(|draw| *draw == draws[0]));
    let verified = ledger.verify().unwrap();
    assert_eq!((verified.head.entries, verified.draws), (2, 1));
}

#[test]
fn racing_to_make_the_file_makes_one_ledger() {
    let (_folder, path) = home();
    let ids: Vec<String> = std::thread::scope(|scope| {
        let open = || scope.spawn(|| Ledger::open(&path, BOARD).unwrap().head().unwrap().ledger);
        let started: Vec<_> = (0..6).map(|_| open()).collect();
        started.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(ids[0].len() == 32 && ids.iter().all(|id| *id == ids[0]));
}

/// The child of the test below; by itself it does nothing.
#[test]
fn a_racing_process() {
    let (Some(path), Ok("")) = (std::env::var_os(ARENA), std::env::var(STATE).as_deref()) else { return };
    let mut ledger = Ledger::open(Path::new(&path), BOARD).unwrap();
    for n in 0..5 {
        let release = Key32::of([[n].as_slice(), &std::process::id().to_be_bytes()]);
        let asked = request(0, "2026-Q3", rho("1/8"), (rho("3/8"), None));
        let _ = ledger.reserve(Request { release, ..asked });
    }
}

/// A child that runs one test of this file, by the name that the test harness knows: its path without the crate.
fn child(test: &str, path: &Path, state: &str) -> Child {
    let module = module_path!().split_once("::").map_or("", |(_, path)| path);
    let mut command = Command::new(std::env::current_exe().unwrap());
    // The ledger is named without its folder, as someone does who stands in it.
    let (folder, name) = (path.parent().unwrap(), path.file_name().unwrap());
    command.args(["--exact", &format!("{module}::{test}")]).env(ARENA, name).env(STATE, state).current_dir(folder);
    command.stdout(Stdio::null()).spawn().unwrap()
}

#[test]
fn racing_processes_never_pass_the_budget() {
    let (_folder, path) = home();
    let children: Vec<Child> = (0..3).map(|_| child("a_racing_process", &path, "")).collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let ledger = Ledger::open(&path, BOARD).unwrap();
    assert_eq!(ledger.spent(Role::Patient, "2026-Q3".parse().unwrap()).unwrap().quarter.rho, exact("3/8"));
    assert_eq!(ledger.verify().unwrap().head.entries, 3);
}

/// A release of many cells.
fn large() -> Request {
    let mut asked = request(1, "2026-Q3", rho("1/8"), (rho("1/8"), None));
    asked.vectors[0].len = MANY;
    asked
}

fn cells() -> Vec<Private<Vec<i64>>> {
    vec![Private::assumed(vec![0; MANY], Bounds::count(1).unwrap())]
}

/// The child of the test below; by itself it does nothing. It dies as by the loss of power: nothing of its own runs.
#[test]
fn a_process_that_is_killed() {
    let (Some(path), Ok(state)) = (std::env::var_os(ARENA), std::env::var(STATE)) else { return };
    let reaches = |now: &str| {
        if state == now {
            rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL).unwrap();
        }
    };
    let mut ledger = Ledger::open(Path::new(&path), BOARD).unwrap();
    reaches("opened");
    let grant = ledger.reserve(large()).unwrap();
    reaches("reserved");
    ledger.draw(grant, cells()).unwrap();
    reaches("drawn");
    ledger.mark_published(&large().release, &Key32([9; 32])).unwrap();
    reaches("published");
}

/// Waits until the child has paid and holds the ledger against all others, which it does while it draws.
fn wait_for_the_draw(path: &Path) {
    let watch = Connection::open(path).unwrap();
    watch.busy_timeout(std::time::Duration::ZERO).unwrap();
    // Until the child has made the tables, asking for its entries fails.
    let paid = || watch.query_row("SELECT count(*) FROM entries", [], |row| row.get(0)).is_ok_and(|n: i64| n > 0);
    while !paid() || watch.execute_batch("BEGIN IMMEDIATE; ROLLBACK").is_ok() {
        std::thread::yield_now();
    }
}

#[test]
fn a_process_killed_in_any_state_leaves_one_debit_and_at_most_one_draw() {
    for (state, debits) in [("opened", 0), ("reserved", 1), ("drawing", 1), ("drawn", 1), ("published", 1)] {
        let (_folder, path) = home();
        let mut killed = child("a_process_that_is_killed", &path, state);
        if state == "drawing" {
            wait_for_the_draw(&path);
            killed.kill().unwrap();
        }
        assert!(!killed.wait().unwrap().success(), "{state}: it was to be killed");
        let mut ledger = Ledger::open(&path, BOARD).unwrap();
        let paid = |ledger: &Ledger| ledger.verify().map(|_| ledger.past().unwrap().reservations().count()).unwrap();
        assert_eq!(paid(&ledger), debits, "{state}");
        // Nobody else may have what was debited, drawn or not.
        let other = ledger.reserve(request(2, "2026-Q3", rho("1/8"), (rho("1/8"), None)));
        assert_eq!(other.is_err(), debits == 1, "{state}");
        if debits == 0 {
            continue;
        }
        let before = ledger.find(&large().release).unwrap().unwrap().drawn;
        assert!(state != "reserved" || before.is_none());
        assert!(!["drawn", "published"].contains(&state) || before.is_some());
        // The next process takes it up: the stored draw where there is one, otherwise the first draw there is.
        let grant = ledger.reserve(large()).unwrap();
        let drawn = ledger.draw(grant, cells()).unwrap();
        assert!(before.is_none_or(|(stored, _)| stored == drawn), "{state}: drawn twice");
        assert_eq!((paid(&ledger), ledger.verify().unwrap().draws), (1, 1), "{state}");
    }
}
