//! Arguments to `run`, and its end to an exit code: 0 done, 2 usage, 10 configuration, 11 input data, 12 budget refused,
//! 13 privacy refused, 14 storage or system. Results go to standard output, everything else to standard error.

mod commands;

use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use clap::FromArgMatches;
use clap::error::ErrorKind;
use serde_json::json;

use smirr::config;
use smirr::config::diagnostic::Diagnostics;
use smirr::error::{Error, Result};
use smirr::progress::{Progress, Telling};

use commands::arguments::{Arguments, Command};
use commands::{help, print};

fn main() -> ExitCode {
    // Before anything is read, be it the arguments.
    let hardened = smirr::process::harden();
    let words = std::env::args_os().collect::<Vec<_>>();
    let arguments = match parse(&words) {
        Ok(arguments) => arguments,
        Err(end) => return end,
    };
    match hardened.and_then(|()| dispatch(&arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report(&error, arguments.json);
            ExitCode::from(error.exit_code())
        }
    }
}

/// The arguments; or the end, where they ask for help alone or are wrong.
fn parse(words: &[OsString]) -> std::result::Result<Arguments, ExitCode> {
    if words.len() <= 1 {
        let _ = write!(std::io::stderr(), "{}", help::ORIENTATION);
        return Err(ExitCode::from(2));
    }
    let parsed = help::command().try_get_matches_from(words);
    parsed.and_then(|matches| Arguments::from_arg_matches(&matches)).map_err(|error| {
        // What was asked for may have failed to parse: the word itself says that a machine is listening.
        match words.iter().any(|word| word == "--json") {
            false => _ = error.print(),
            true if error.use_stderr() => tell(&usage(&error)),
            true => _ = print(&format!("{}\n", json!({ "text": error.render().to_string() }))),
        }
        ExitCode::from(if error.use_stderr() { 2 } else { 0 })
    })
}

fn usage(error: &clap::Error) -> serde_json::Value {
    let whole = error.render().to_string();
    let text = match error.kind() {
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => "a command is missing".to_owned(),
        // What is wrong, without the usage that follows.
        _ => whole
            .trim_start_matches("error: ")
            .lines()
            .map(str::trim)
            .take_while(|it| !it.is_empty())
            .collect::<Vec<_>>()
            .join(" "),
    };
    json!({ "event": "error", "code": 2, "text": text })
}

fn tell(line: &impl std::fmt::Display) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

fn report(error: &Error, as_json: bool) {
    match error {
        _ if as_json => tell(&event(error)),
        Error::Config(complaints) => tell(&complaints.render(std::io::stderr().is_terminal())),
        other => tell(&format!("error: {other}")),
    }
}

/// An error for machines; complaints about the YAML one by one.
fn event(error: &Error) -> serde_json::Value {
    let code = error.exit_code();
    match error {
        Error::Config(complaints) => json!({
            "event": "error", "code": code, "text": counted(complaints),
            "complaints": complaints.iter().map(commands::complaint).collect::<Vec<_>>(),
        }),
        other => json!({ "event": "error", "code": code, "text": other.to_string() }),
    }
}

fn counted(complaints: &Diagnostics) -> String {
    match complaints.len() {
        1 => "the YAML has 1 mistake".into(),
        n => format!("the YAML has {n} mistakes"),
    }
}

fn dispatch(arguments: &Arguments) -> Result<()> {
    let telling = match (arguments.json, arguments.quiet) {
        (true, _) => Telling::Json,
        (_, true) => Telling::Quiet,
        _ => Telling::Human,
    };
    let progress = Progress::new(telling);
    match &arguments.command {
        Command::Run(run) => commands::run::run(run, arguments.json, telling),
        Command::Ingest(on) => {
            let plan = config::load_quarter(&on.config, on.quarter)?;
            let report = smirr::run::ingest(&plan, on.resources(), &progress)?;
            match arguments.json {
                true => print(&format!("{}\n", json!({ "validation": report }))),
                false => print(&format!("{}\n", report.display())),
            }
        }
        Command::Status(status) => commands::status::run(status, arguments.json, &progress),
        Command::Check(check) => commands::check::run(check, arguments.json),
        Command::Plan { config, quarter } => commands::plan::run(config, *quarter, arguments.json, &progress),
        Command::Explain(explain) => commands::explain::run(explain, &progress, arguments.json),
        Command::Study(study) => commands::study::run(study, arguments.json, &progress),
        Command::Ledger(ledger) => commands::ledger::run(ledger, &progress, arguments.json),
        Command::Synth(synth) => commands::synth::run(synth, arguments.json),
        Command::Verify(verify) => commands::verify::run(verify, arguments.json),
        Command::Key { action } => commands::key::run(action, arguments.json, &progress),
        Command::Init(init) => commands::init::run(init, arguments.json),
        Command::Completions(completions) => commands::completions::run(completions, arguments.json),
        Command::Man(man) => commands::man::run(man, arguments.json),
        Command::Schema { kind } => commands::schema::run(*kind),
    }
}
