//! `smirr status`: what has arrived, by sender and table, and whether the quarter is ready to run.

mod text;

use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};

use smirr::config;
use smirr::config::plan::Plan;
use smirr::config::quarter::Quarter;
use smirr::error::{Error, Result};
use smirr::progress::{Progress, Telling};
use smirr::run::Resources;
use smirr::run::status::{Comparing, Looked, Published, State, Status, glance, look};

use super::print;
use text::Screen;

#[derive(Args)]
pub struct StatusArguments {
    /// The board's YAML.
    config: PathBuf,
    /// The reported quarter, where it is not the YAML's own: `2025-Q1`.
    #[arg(long)]
    quarter: Option<Quarter>,
    /// One line a quarter, from this one up to the reported one.
    #[arg(long, value_name = "QUARTER", conflicts_with_all = ["all", "ready", "allow_late", "watch"])]
    since: Option<Quarter>,
    /// Every file, a line each; not only what needs attention.
    #[arg(long)]
    all: bool,
    /// Takes a file that was not touched since it was stored, and is as large, for the one that was stored. Without
    /// this, it is read for its hash.
    #[arg(long)]
    quick: bool,
    /// Senders who are late, or whose files are gone, are no reason to wait.
    #[arg(long)]
    allow_late: bool,
    /// Ends with an exit code other than 0 where the quarter is not ready: 11 where something has to arrive or be put
    /// right, 12 where the budget has no room, 14 where the ledger is lost. With `--watch`, ends once it is ready.
    #[arg(long)]
    ready: bool,
    /// Looks again every so many seconds, as with `--quick`, until it is interrupted. Where it does not write to a
    /// terminal, it writes only what has changed; with `--json`, one object a line.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    watch: Option<u64>,
}

/// Prints what has arrived, and what a run still needs.
///
/// # Errors
/// Of the configuration; [`Error::Io`] where a folder or a file cannot be read; with `--ready`, of the class of what is
/// missing.
pub fn run(arguments: &StatusArguments, json: bool, progress: &Progress) -> Result<()> {
    // Bars on a terminal, and not a word elsewhere: what is looked at is the result.
    let silent = Progress::new(Telling::Quiet);
    let progress = if json { &silent } else { progress };
    let quick = arguments.quick || arguments.watch.is_some();
    let comparing = if quick { Comparing::SizeAndTime } else { Comparing::Hash };
    if let Some(since) = arguments.since {
        return quarters(arguments, since, comparing, json, progress);
    }
    let plan = config::load_awaiting(&arguments.config, arguments.quarter)?;
    let screen = Screen::of_stdout();
    let mut shown = String::new();
    loop {
        let looked = look(&plan, comparing, Resources::default(), progress)?;
        let ready = looked.outlook.missing(arguments.allow_late).is_empty();
        let text = match json {
            true => format!("{}\n", machine(&looked, arguments.allow_late)),
            false => text::of(&looked, &plan, arguments, &screen),
        };
        let Some(seconds) = arguments.watch else {
            print(&text)?;
            return if arguments.ready { refuse(&looked, &plan, arguments) } else { Ok(()) };
        };
        show_again(&text, &mut shown, json, seconds)?;
        if arguments.ready && ready {
            return Ok(());
        }
        std::thread::sleep(Duration::from_secs(seconds));
    }
}

fn refuse(looked: &Looked, plan: &Plan, arguments: &StatusArguments) -> Result<()> {
    looked.outlook.refuse(&plan.quarter.to_string(), arguments.allow_late)
}

/// On a terminal, in the place of what stood there; elsewhere, only where it is no longer the same.
fn show_again(text: &str, shown: &mut String, json: bool, seconds: u64) -> Result<()> {
    let now = chrono::Local::now().format("%H:%M:%S");
    if std::io::stdout().is_terminal() && !json {
        print(&format!("\x1b[2J\x1b[H{text}\nLooked at {now}, and again every {seconds} s; Ctrl-C ends.\n"))?;
    } else if text != shown {
        print(text)?;
    }
    shown.clear();
    shown.push_str(text);
    std::io::stdout().flush().map_err(|e| Error::System(format!("cannot write the result: {e}")))
}

fn quarters(
    arguments: &StatusArguments,
    since: Quarter,
    comparing: Comparing,
    json: bool,
    progress: &Progress,
) -> Result<()> {
    let plans = config::load_awaiting_since(&arguments.config, since, arguments.quarter)?;
    let mut all = Vec::new();
    for plan in &plans {
        all.push(glance(plan, comparing, Resources::default(), progress)?);
    }
    match json {
        true => print(&format!("{}\n", json!({ "quarters": all.iter().map(in_brief).collect::<Vec<_>>() }))),
        false => print(&text::quarters(&plans[0].board, &all)),
    }
}

fn counts(count: impl Fn(State) -> usize) -> Value {
    State::ALL
        .iter()
        .map(|&state| (state.word().to_owned(), json!(count(state))))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

fn in_brief(status: &Status) -> Value {
    let mut brief = json!({ "board": status.board, "quarter": status.quarter, "compared": status.compared });
    brief["counts"] = counts(|state| status.count(state));
    let (published, revisions) = published(status.published);
    brief["published"] = json!(published);
    brief["revisions"] = json!(revisions);
    brief
}

/// Whether, and how often corrected; `None` where the ledger cannot be read.
fn published(published: Published) -> (Option<bool>, Option<u32>) {
    match published {
        Published::No => (Some(false), Some(0)),
        Published::Yes { revisions } => (Some(true), Some(revisions)),
        Published::Unknown => (None, None),
    }
}

fn machine(looked: &Looked, allow_late: bool) -> Value {
    let (status, outlook) = (&looked.status, &looked.outlook);
    let mut all = in_brief(status);
    all["lists_unknown"] = json!(status.lists_unknown);
    all["run_at_work"] = json!(status.run_at_work);
    all["ready"] = json!(outlook.missing(allow_late).is_empty());
    all["needs"] = json!(outlook.needs);
    all["reports"] = json!(outlook.reports);
    let table = |table: &smirr::run::status::TableStatus| {
        let (here, expected) = table.senders();
        let mut one = json!(table);
        one["counts"] = counts(|state| table.count(state));
        one["senders"] = if table.public { Value::Null } else { json!({ "here": here, "expected": expected }) };
        one
    };
    all["tables"] = status.tables.iter().map(table).collect();
    all
}
