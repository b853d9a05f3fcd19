//! Several at once: threads and whole processes against one ledger.

use std::process::{Child, Command, Stdio};

use super::tests::{BOARD, exact, four, home, request, rho};
use super::*;

/// Names the ledger that a child process is to race on.
const ARENA: &str = "SMIRR_TEST_LEDGER";

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
    let Some(path) = std::env::var_os(ARENA) else { return };
    let mut ledger = Ledger::open(Path::new(&path), BOARD).unwrap();
    for n in 0..5 {
        let release = Key32::of([[n].as_slice(), &std::process::id().to_be_bytes()]);
        let asked = request(0, "2026-Q3", rho("1/8"), (rho("3/8"), None));
        let _ = ledger.reserve(Request { release, ..asked });
    }
}

/// The child's name as the test harness knows it: its path without the crate.
fn child_test() -> String {
    let path = module_path!().split_once("::").map_or("", |(_, path)| path);
    format!("{path}::a_racing_process")
}

#[test]
fn racing_processes_never_pass_the_budget() {
    let (_folder, path) = home();
    let child = |_| -> Child {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", &child_test()]).env(ARENA, &path);
        command.stdout(Stdio::null()).spawn().unwrap()
    };
    let children: Vec<Child> = (0..3).map(child).collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let ledger = Ledger::open(&path, BOARD).unwrap();
    assert_eq!(ledger.spent(Role::Patient, "2026-Q3".parse().unwrap()).unwrap().quarter.rho, exact("3/8"));
    assert_eq!(ledger.verify().unwrap().head.entries, 3);
}
