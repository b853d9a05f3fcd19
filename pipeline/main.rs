//! Arguments to `run`, and its end to an exit code: 0 done, 2 usage, 10 configuration, 11 input data, 12 budget refused,
//! 13 privacy refused, 14 storage or system. Results go to standard output, everything else to standard error.

mod commands;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use smirr::config;
use smirr::config::quarter::Quarter;
use smirr::error::{Error, Result};
use smirr::progress::{Progress, Telling};

use commands::explain::ExplainArguments;
use commands::key::KeyAction;
use commands::ledger::LedgerArguments;
use commands::print;
use commands::run::{OnConfig, RunArguments};
use commands::status::StatusArguments;
use commands::study::StudyArguments;
use commands::synth::SynthArguments;
use commands::verify::VerifyArguments;

/// Area-level reports on community links work that are safe to publish.
#[derive(Parser)]
#[command(name = "smirr", version, about, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// One JSON object a line on standard error, and a JSON summary on standard output.
    #[arg(long, global = true)]
    json: bool,
    /// Nothing on standard error but errors.
    #[arg(long, global = true, conflicts_with = "json")]
    quiet: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Extracts to published tables: all of it. Reads data; spends budget, unless the ledger has the answer already.
    Run(RunArguments),
    /// Extracts to the pseudonymised store and the validation report. Reads data; spends nothing.
    Ingest(OnConfig),
    /// What has arrived of a quarter, by sender and table, what is late, changed or failed, and whether the quarter is
    /// ready to run. Reads public tables and hashes; stores nothing; spends nothing.
    Status(StatusArguments),
    /// Checks the YAML of a board, its schemas and its reports. Reads no data; spends nothing.
    Check {
        /// The board's YAML.
        config: PathBuf,
    },
    /// What a run would cost, and how near the truth its figures would be. Reads public tables only; spends nothing.
    Plan {
        /// The board's YAML.
        config: PathBuf,
        /// The reported quarter, where it is not the YAML's own: `2025-Q1`.
        #[arg(long)]
        quarter: Option<Quarter>,
    },
    /// Why the reports are safe: where figures come from, what one person can do to them, and the plan that shows it.
    /// Reads public tables only; spends nothing.
    Explain(ExplainArguments),
    /// How near to the truth the figures of a report come, by many simulated runs on a fictional board. Opens no real
    /// extract; spends nothing.
    Study(StudyArguments),
    /// What the board has spent, and what remains.
    Ledger(LedgerArguments),
    /// Whether a published pack is whole and unchanged. Needs no YAML; reads the pack alone.
    Verify(VerifyArguments),
    /// Makes a fictional board's extracts, with the true answers beside them.
    Synth(SynthArguments),
    /// Makes a key, and keeps account of the keys that the store was made under.
    Key {
        #[command(subcommand)]
        action: KeyAction,
    },
}

fn main() -> ExitCode {
    // Before anything is read, be it the arguments.
    let hardened = smirr::process::harden();
    let arguments = Arguments::parse();
    match hardened.and_then(|()| dispatch(&arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report(&error, arguments.json);
            ExitCode::from(error.exit_code())
        }
    }
}

fn report(error: &Error, json: bool) {
    use std::io::IsTerminal;
    let text = match error {
        _ if json => {
            serde_json::json!({ "event": "error", "code": error.exit_code(), "text": error.to_string() }).to_string()
        }
        Error::Config(complaints) => complaints.render(std::io::stderr().is_terminal()),
        other => format!("error: {other}"),
    };
    let _ = writeln!(std::io::stderr(), "{text}");
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
                true => print(&format!("{}\n", serde_json::json!({ "validation": report }))),
                false => print(&format!("{}\n", report.display())),
            }
        }
        Command::Status(status) => commands::status::run(status, arguments.json, &progress),
        Command::Check { config } => {
            let plan = config::load(config)?;
            smirr::run::refuse_faulty_look(&plan)?;
            let reports = plan.reports.iter().map(|report| report.name.as_str()).collect::<Vec<_>>().join(", ");
            print(&format!("{}, {}: no mistakes found. Reports: {reports}.\n", plan.board, plan.quarter))?;
            print(
                &smirr::run::keys::warnings(&plan)
                    .iter()
                    .map(|warning| format!("Warning: {warning}\n"))
                    .collect::<String>(),
            )
        }
        Command::Plan { config, quarter } => commands::plan::run(config, *quarter, arguments.json, &progress),
        Command::Explain(explain) => commands::explain::run(explain, &progress, arguments.json),
        Command::Study(study) => commands::study::run(study, arguments.json, &progress),
        Command::Ledger(ledger) => commands::ledger::run(ledger, &progress, arguments.json),
        Command::Synth(synth) => commands::synth::run(synth, arguments.json),
        Command::Verify(verify) => commands::verify::run(verify, arguments.json),
        Command::Key { action } => commands::key::run(action, arguments.json),
    }
}
