//! The real program, run and heard out.

use std::path::Path;
use std::process::{Command, Stdio};

/// A command of the program under test, with no part of the caller's environment that could colour what it says.
pub fn smirr() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_smirr"));
    command.env("NO_COLOR", "1").stdin(Stdio::null());
    command
}

/// What a run of the program left.
#[derive(Debug)]
pub struct Ran {
    /// Its exit code; `None` where a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Ran {
    /// Runs a command to its end.
    pub fn of(command: &mut Command) -> Ran {
        let output = command.output().expect("the program starts");
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Ran { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// The same, once it has ended with this code.
    #[track_caller]
    pub fn ends(self, code: i32) -> Ran {
        assert_eq!(self.code, Some(code), "standard output:\n{}\nstandard error:\n{}", self.stdout, self.stderr);
        self
    }

    /// The events on standard error of a run with `--json`.
    pub fn events(&self) -> Vec<serde_json::Value> {
        self.stderr.lines().map(|line| serde_json::from_str(line).expect("each line is one JSON object")).collect()
    }

    /// The rows that went through a stage of a run with `--json`.
    pub fn rows_of(&self, stage: &str) -> u64 {
        let events = self.events();
        let ended = events.iter().find(|event| event["event"] == "stage_ended" && event["stage"] == stage);
        ended.and_then(|event| event["rows"].as_u64()).unwrap_or_else(|| panic!("no stage `{stage}` in {events:?}"))
    }
}

/// A transcript: the exit code and both streams, with `folder` and the repository named by a word.
pub fn transcript(ran: &Ran, folder: &Path) -> String {
    let mut text = format!("exit code {}\n", ran.code.map_or("none".into(), |code| code.to_string()));
    for (name, stream) in [("stdout", &ran.stdout), ("stderr", &ran.stderr)] {
        if !stream.is_empty() {
            text.push_str(&format!("--- {name}\n{stream}"));
        }
    }
    let real = folder.canonicalize().expect("the folder is there");
    let text = text.replace(&*real.to_string_lossy(), "<board>").replace(&*folder.to_string_lossy(), "<board>");
    let text = text.replace(&*super::repository().to_string_lossy(), "<repository>");
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}
