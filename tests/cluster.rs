//! The real program with a real cluster behind it: an unmodified Ballista scheduler and its executors, as processes of
//! their own. That each cell is what this process counts is shown by `run::study::cluster_tests`.

#[path = "cluster/nodes.rs"]
mod nodes;
#[expect(dead_code, reason = "other tests use the rest of it")]
mod support;

use std::path::Path;
use std::process::Stdio;

use nodes::{Cluster, free_port};
use support::program::{Ran, smirr};
use support::{Board, Size};

fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_smirr-cluster-node"))
}

/// A board whose reports are computed by whoever listens on this port.
fn board(engine: &str) -> Board {
    let board = Board::new(&Size::default());
    let path = board.path("board.yaml");
    let yaml = std::fs::read_to_string(&path).expect("it was written");
    std::fs::write(&path, format!("{yaml}{engine}")).expect("it is ours");
    board
}

/// Starts a run, and leaves it to itself while `meanwhile` happens.
fn run_while(board: &Board, meanwhile: impl FnOnce()) -> Ran {
    let mut command = smirr();
    command.args(["run", "--quiet"]).arg(board.path("board.yaml")).stdout(Stdio::piped()).stderr(Stdio::piped());
    let running = command.spawn().expect("the program starts");
    meanwhile();
    let output = running.wait_with_output().expect("it ends");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ran { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// Each of the two reports was debited once and drawn once.
#[track_caller]
fn each_report_was_paid_for_once(board: &Board) {
    for kind in ["reserved", "drawn", "published"] {
        assert_eq!(board.entries(kind).len(), 2, "{kind}");
    }
}

#[test]
fn a_board_is_published_from_a_cluster_and_the_key_stays_here() {
    let cluster = Cluster::start(program(), 2);
    let board = board(&cluster.yaml());
    board.smirr(&["run", "--quiet"]).ends(0);
    each_report_was_paid_for_once(&board);
    let before = board.published();
    // Once everything is drawn, nothing is asked of a cluster but who is linked.
    board.smirr(&["run", "--quiet"]).ends(0);
    assert_eq!(board.published(), before);
    each_report_was_paid_for_once(&board);
}

#[test]
fn a_lost_executor_delays_a_run_and_does_no_more() {
    let mut cluster = Cluster::start(program(), 2);
    let board = board(&cluster.yaml());
    let ran = run_while(&board, || {
        let busy = cluster.wait_for_work();
        cluster.kill_executor(busy);
    });
    if ran.code != Some(0) {
        // What the executor had already computed for the driver to fetch went with it.
        assert!(ran.stderr.contains("on the cluster at df://127.0.0.1:"), "{ran:?}");
        let ran = ran.ends(14);
        assert!(!ran.stderr.contains("Execution"), "{ran:?}");
        board.smirr(&["run", "--quiet"]).ends(0);
    }
    each_report_was_paid_for_once(&board);
}

#[test]
fn without_any_executor_left_a_run_ends_with_a_reason() {
    let mut cluster = Cluster::start(program(), 2);
    let board = board(&cluster.yaml());
    let ran = run_while(&board, || {
        cluster.wait_for_work();
        cluster.kill_executor(0);
        cluster.kill_executor(1);
    });
    let ran = ran.ends(14);
    assert!(ran.stderr.contains("on the cluster at df://127.0.0.1:"), "{ran:?}");
    assert!(!board.pack().exists());
    let cluster = Cluster::start_at(program(), 1, free_port());
    let path = board.path("board.yaml");
    let yaml = std::fs::read_to_string(&path).expect("it was written");
    let yaml = yaml.lines().filter(|line| !line.starts_with("engine")).collect::<Vec<_>>().join("\n");
    std::fs::write(&path, format!("{yaml}\n{}", cluster.yaml())).expect("it is ours");
    board.smirr(&["run", "--quiet"]).ends(0);
    each_report_was_paid_for_once(&board);
}

#[test]
fn a_lost_scheduler_ends_a_run_and_the_next_takes_it_up() {
    let mut cluster = Cluster::start(program(), 2);
    let board = board(&cluster.yaml());
    let ran = run_while(&board, || {
        cluster.wait_for_work();
        cluster.kill_scheduler();
    });
    let ran = ran.ends(14);
    assert!(ran.stderr.contains("no Ballista scheduler can be reached at df://127.0.0.1:"), "{ran:?}");
    assert!(!board.pack().exists());
    let port = cluster.port;
    drop(cluster);
    let _cluster = Cluster::start_at(program(), 2, port);
    board.smirr(&["run", "--quiet"]).ends(0);
    each_report_was_paid_for_once(&board);
}

#[test]
fn where_no_scheduler_listens_nothing_is_charged() {
    let board = board(&format!("engine: {{ ballista: \"df://127.0.0.1:{}\" }}\n", free_port()));
    let ran = board.smirr(&["run", "--quiet"]).ends(14);
    assert!(ran.stderr.contains("no Ballista scheduler can be reached at df://127.0.0.1:"), "{ran:?}");
    assert!(board.entries("reserved").is_empty());
}
