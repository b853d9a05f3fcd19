//! What may be said on the command line: one variant a command. `help` says the rest of each.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use smirr::config::editor::Kind;
use smirr::config::quarter::Quarter;

use super::check::CheckArguments;
use super::completions::CompletionsArguments;
use super::explain::ExplainArguments;
use super::init::InitArguments;
use super::key::KeyAction;
use super::ledger::LedgerArguments;
use super::man::ManArguments;
use super::run::{OnConfig, RunArguments};
use super::status::StatusArguments;
use super::study::StudyArguments;
use super::synth::SynthArguments;
use super::verify::VerifyArguments;

/// Area-level reports on community links work that are safe to publish.
#[derive(Parser)]
#[command(name = "smirr", version, about, subcommand_required = true)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
    /// One JSON object a line on standard error, and a JSON summary on standard output.
    #[arg(long, global = true)]
    pub json: bool,
    /// Nothing on standard error but errors.
    #[arg(long, global = true, conflicts_with = "json")]
    pub quiet: bool,
}

#[derive(Subcommand)]
pub enum Command {
    /// Makes a board to edit: commented YAML, the extract contract, reports and a key. Asks nothing, and runs at once on
    /// fictional people.
    Init(InitArguments),
    /// Extracts to published tables: all of it. Reads data; spends budget, unless the ledger has the answer already.
    Run(RunArguments),
    /// Extracts to the pseudonymised store and the validation report. Reads data; spends nothing.
    Ingest(OnConfig),
    /// What has arrived of a quarter, by sender and table; what is late, changed or failed; and whether the quarter is ready
    /// to run. Reads public tables, names and hashes; stores nothing; spends nothing.
    Status(StatusArguments),
    /// Checks the YAML of a board, its schemas and its reports, and runs the reports' own tests. Reads no data; spends
    /// nothing.
    Check(CheckArguments),
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
    /// Prints the JSON Schema of a kind of YAML, by which an editor completes, explains and checks it.
    Schema {
        /// The kind of YAML.
        kind: Kind,
    },
    /// Makes what a shell needs to complete commands, options and files: a script on standard output.
    Completions(CompletionsArguments),
    /// Writes the manual, a page a command, for `man`.
    Man(ManArguments),
}
