//! An S3 server on loopback: `store.py`, which says what it can do.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use super::repository;

/// A server, which ends with this.
pub struct Store {
    child: Child,
    ask: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    /// Its address: `http://127.0.0.1:port`.
    pub endpoint: String,
}

impl Store {
    /// Starts one, by the Python that `SMIRR_PYTHON` names, or that `.ci/run` installed.
    pub fn start() -> Store {
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| repository().join("target"), PathBuf::from);
        let python = std::env::var_os("SMIRR_PYTHON").map(PathBuf::from);
        let python = python.unwrap_or_else(|| target.join("ci/object-store/bin/python"));
        let mut command = Command::new(&python);
        command.arg(repository().join("tests/support/store.py")).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|e| panic!("{} does not start: {e}", python.display()));
        let ask = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut store = Store { child, ask, answers, endpoint: String::new() };
        let port = store.answer()["port"].as_u64().expect("it says its port");
        store.endpoint = format!("http://127.0.0.1:{port}");
        store
    }

    /// Tells the server something, and waits for its answer.
    pub fn tell(&mut self, words: &str) -> serde_json::Value {
        let ask = self.ask.as_mut().expect("it is open");
        writeln!(ask, "{words}").expect("it listens");
        self.answer()
    }

    /// The requests for objects since the last time, listings left out: method and path.
    pub fn objects_asked(&mut self) -> Vec<(String, String)> {
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        let asked = self.tell("asked");
        let asked = asked.as_array().expect("it is a list").iter().map(|it| (text(&it[0]), text(&it[1])));
        asked.filter(|(_, path)| path.trim_matches('/').contains('/')).collect()
    }

    fn answer(&mut self) -> serde_json::Value {
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("it answers");
        serde_json::from_str(&line).expect("the server runs, and answers in JSON")
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.ask = None;
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
