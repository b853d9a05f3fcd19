//! What is said of a cluster that cannot be had. `tests/cluster.rs` has one that can.

use std::net::TcpListener;
use std::time::Duration;

use arrow::array::Int64Array;
use arrow::datatypes::{DataType, Field, Schema};

use super::*;

/// A query over one column of three rows, sent to whoever listens on this port of this machine.
fn asked(port: u16, sql: &str) -> String {
    let scratch = tempfile::tempdir().unwrap();
    let limits = Limits { threads: 1, memory: 1 << 26, scratch: scratch.path().into() };
    let cluster = Cluster { host: "127.0.0.1".into(), port, patience: Duration::from_secs(1) };
    let engine = Engine::on(&limits, cluster).unwrap();
    let schema = Arc::new(Schema::new(vec![Field::new("a", DataType::Int64, false)]));
    let rows = RecordBatch::try_new(schema, vec![Arc::new(Int64Array::from(vec![1, 2, 3]))]).unwrap();
    engine.register_rows("t", rows).unwrap();
    engine.query(sql, "adding up").unwrap_err().to_string()
}

#[test]
fn a_scheduler_that_says_nothing_is_not_waited_for_for_ever() {
    let silent = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = silent.local_addr().unwrap().port();
    assert_eq!(
        asked(port, "SELECT sum(a) FROM t"),
        format!(
            "the cluster at df://127.0.0.1:{port} was not done in time (`minutes: 1` in `engine`) while adding up: see \
             whether it has executors, or give it longer; then run again"
        )
    );
}

#[test]
fn where_nobody_listens_it_is_said_at_once() {
    let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    let said = asked(port, "SELECT sum(a) FROM t");
    assert!(
        said.starts_with(&format!("no Ballista scheduler can be reached at df://127.0.0.1:{port} while adding up"))
    );
}

/// The reader of messages on the other side gives up at a depth of 100: that is said here, and not found there.
#[test]
fn a_plan_that_is_too_deep_to_send_is_refused_here() {
    let deep = (0..30).fold("SELECT a FROM t".to_owned(), |query, _| format!("SELECT max(a) AS a FROM ({query})"));
    let said = asked(9, &deep);
    assert!(said.contains("it is too deep for Ballista's messages"), "{said}");
}
