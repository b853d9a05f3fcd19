//! Takes what the stages say of themselves, gives bars on a terminal, plain lines elsewhere, JSON events for machines.
//! Never holds more than names, row counts of whole stages and seconds; all of it goes to standard error, for the
//! operator alone.

use std::io::{IsTerminal, Write};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

/// How progress is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Telling {
    /// Bars on a terminal, lines elsewhere.
    Human,
    /// One JSON object a line.
    Json,
    /// Nothing but errors.
    Quiet,
}

/// Tells the operator how a run goes.
pub struct Progress {
    telling: Telling,
    bars: bool,
    stages: Mutex<Vec<StageTiming>>,
}

/// What a finished stage took.
#[derive(Debug, Clone)]
pub struct StageTiming {
    /// The stage's name.
    pub stage: String,
    /// Rows that went through it, where rows are what it handles.
    pub rows: u64,
    /// How long it took.
    pub took: Duration,
}

/// A stage under way; tells of its end when finished, and falls silent when dropped.
pub struct Stage<'a> {
    progress: &'a Progress,
    name: String,
    began: Instant,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// Tells in this manner.
    pub fn new(telling: Telling) -> Self {
        let bars = telling == Telling::Human && std::io::stderr().is_terminal();
        Progress { telling, bars, stages: Mutex::new(Vec::new()) }
    }

    /// A stage begins; `bytes` is how much there is to do, where that is known.
    pub fn stage(&self, name: &str, bytes: Option<u64>) -> Stage<'_> {
        let bar = self.bars.then(|| {
            let bar = bytes.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
            let template = match bytes {
                Some(_) => "{msg:>14} {wide_bar:.magenta} {bytes:>10}/{total_bytes} {elapsed}",
                None => "{msg:>14} {spinner} {elapsed}",
            };
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style);
            }
            bar.set_message(name.to_owned());
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        if self.telling == Telling::Json {
            self.event(&json!({ "event": "stage_began", "stage": name }));
        }
        Stage { progress: self, name: name.to_owned(), began: Instant::now(), bar }
    }

    /// Something worth knowing that is no error.
    pub fn note(&self, text: &str) {
        match self.telling {
            Telling::Human => self.line(text),
            Telling::Json => self.event(&json!({ "event": "note", "text": text })),
            Telling::Quiet => {}
        }
    }

    /// The stages finished so far.
    pub fn timings(&self) -> Vec<StageTiming> {
        self.stages.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    fn event(&self, event: &serde_json::Value) {
        self.line(&event.to_string());
    }

    /// A closed standard error is no reason to stop a run.
    fn line(&self, text: &str) {
        let _ = writeln!(std::io::stderr(), "{text}");
    }
}

impl Stage<'_> {
    /// More of the work is done.
    pub fn advance(&self, bytes: u64) {
        if let Some(bar) = &self.bar {
            bar.inc(bytes);
        }
    }

    /// The stage is over, and `rows` went through it.
    pub fn finish(self, rows: u64) {
        let took = self.began.elapsed();
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        match self.progress.telling {
            Telling::Human => {
                let rows = if rows > 0 { format!("{rows} rows, ") } else { String::new() };
                self.progress.line(&format!("{:>14}  {rows}{:.2} s", self.name, took.as_secs_f64()));
            }
            Telling::Json => self.progress.event(
                &json!({ "event": "stage_ended", "stage": self.name, "rows": rows, "seconds": took.as_secs_f64() }),
            ),
            Telling::Quiet => {}
        }
        let timing = StageTiming { stage: self.name.clone(), rows, took };
        self.progress.stages.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(timing);
    }
}

impl Drop for Stage<'_> {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
