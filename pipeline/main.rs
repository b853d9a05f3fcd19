//! Arguments to `run`, and its end to an exit code: 0 done, 2 usage, 10 configuration, 11 input data, 12 budget refused,
//! 13 privacy refused, 14 storage or system. Results go to standard output, everything else to standard error.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};

use smirr::config;
use smirr::error::{Error, Result};
use smirr::privacy::Ledger;
use smirr::progress::{Progress, Telling};
use smirr::run::{Resources, Summary};
use smirr::synth;

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
    Run(OnConfig),
    /// Extracts to the pseudonymised store and the validation report. Reads data; spends nothing.
    Ingest(OnConfig),
    /// Checks the YAML of a board, its schemas and its reports. Reads no data; spends nothing.
    Check {
        /// The board's YAML.
        config: PathBuf,
    },
    /// What the board has spent, and what remains.
    Ledger {
        /// The board's YAML.
        config: PathBuf,
        /// Also walk the whole chain and compare every stored draw with its hash.
        #[arg(long)]
        verify: bool,
    },
    /// Makes a fictional board's extracts, with the true answers beside them.
    Synth(SynthArguments),
    /// Makes a key.
    Key {
        #[command(subcommand)]
        action: KeyAction,
    },
}

#[derive(Args)]
struct OnConfig {
    /// The board's YAML.
    config: PathBuf,
    /// Threads; as many as there are cores unless said.
    #[arg(long)]
    threads: Option<usize>,
    /// Memory for joins and aggregates in MiB, beyond which they spill to disk.
    #[arg(long, default_value_t = 1024)]
    memory: usize,
}

#[derive(Subcommand)]
enum KeyAction {
    /// Writes a new random key of 256 bits, readable by its owner only. Never overwrites one.
    New {
        /// The file to make.
        file: PathBuf,
    },
}

#[derive(Args)]
struct SynthArguments {
    /// The folder to fill; it must be empty or absent.
    folder: PathBuf,
    /// Registered patients: 100 to 60 million.
    #[arg(long, default_value_t = 20_000)]
    patients: u64,
    /// The same seed makes the same files.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The reported quarter.
    #[arg(long, default_value = "2026-Q3")]
    quarter: config::quarter::Quarter,
    /// Share of rows that carry a fault, 0 to 0.5.
    #[arg(long, default_value_t = 0.0)]
    dirt: f64,
    /// How many files.
    #[arg(long, value_enum, default_value_t = LayoutWord::Practice)]
    files: LayoutWord,
    /// How they are compressed.
    #[arg(long, value_enum, default_value_t = CompressionWord::None)]
    compress: CompressionWord,
    /// A real area lookup, such as the official SIMD file.
    #[arg(long)]
    lookup: Option<PathBuf>,
    /// Referrals and what follows from them, against 25 to 45 referrals a practice and quarter.
    #[arg(long, default_value_t = 1.0)]
    activity: f64,
}

#[derive(Clone, Copy, ValueEnum)]
enum LayoutWord {
    /// One file a practice and table.
    Practice,
    /// One file a health board and table.
    Board,
    /// One file a table.
    Single,
}

#[derive(Clone, Copy, ValueEnum)]
enum CompressionWord {
    /// Not at all.
    None,
    /// As .csv.gz.
    Gzip,
    /// As .csv.zst.
    Zstd,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // What a run writes is its operator's alone (invariant 8); `publish` opens its pack to everyone, and nothing else.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    // A panic's message could quote a value: only where it happened is told.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or(String::new(), |at| format!(" at {}:{}", at.file(), at.line()));
        let _ = writeln!(
            std::io::stderr(),
            "smirr stopped on a fault of its own{place}. Nothing was published; please report it."
        );
    }));
    match dispatch(&arguments) {
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
        Command::Run(on) => {
            let plan = config::load(&on.config)?;
            let summary = smirr::run::run(&plan, on.resources(), &progress)?;
            print(&if arguments.json { json_summary(&summary, &progress) } else { text_summary(&summary) })
        }
        Command::Ingest(on) => {
            let plan = config::load(&on.config)?;
            let report = smirr::run::ingest(&plan, on.resources(), &progress)?;
            match arguments.json {
                true => print(&format!("{}\n", serde_json::json!({ "validation": report }))),
                false => print(&format!("{}\n", report.display())),
            }
        }
        Command::Check { config } => {
            let plan = config::load(config)?;
            let reports = plan.reports.iter().map(|report| report.name.as_str()).collect::<Vec<_>>().join(", ");
            print(&format!("{}, {}: no mistakes found. Reports: {reports}.\n", plan.board, plan.quarter))
        }
        Command::Ledger { config, verify } => ledger(config, *verify, arguments.json),
        Command::Synth(synth) => make_board(synth, arguments.json),
        Command::Key { action: KeyAction::New { file } } => {
            smirr::pseudonymise::new_key_file(file)?;
            print(&format!("{}\n", file.display()))
        }
    }
}

impl OnConfig {
    fn resources(&self) -> Resources {
        let usual = Resources::default();
        Resources { threads: self.threads.unwrap_or(usual.threads).max(1), memory: self.memory.max(64) << 20 }
    }
}

/// A reader that went away is no fault of the run.
fn print(text: &str) -> Result<()> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Error::System(format!("cannot write the result: {e}")))
        }
        _ => Ok(()),
    }
}

fn text_summary(summary: &Summary) -> String {
    let mut text = String::new();
    for table in &summary.tables {
        let mut grid = comfy_table::Table::new();
        grid.load_preset(comfy_table::presets::UTF8_HORIZONTAL_ONLY);
        let mut header = table.headings.clone();
        header.extend(["Figure".into(), "Value (95% interval)".into()]);
        grid.set_header(header);
        for row in table.glance(6) {
            let mut cells = row.labels.clone();
            cells.extend([row.figure.clone(), row.text()]);
            grid.add_row(cells);
        }
        text.push_str(&format!("{} ({}, {} rows)\n{grid}\n\n", table.title, table.level, table.rows.len()));
    }
    text.push_str("SIMD quintile 1 is the most deprived fifth. [u] low reliability, [z] not applicable.\n");
    for charge in &summary.charges {
        let how =
            if charge.replayed { "had been charged before; this run cost nothing" } else { "charged to the ledger" };
        text.push_str(&format!("{}: {} {how}\n", charge.report, charge.loss));
    }
    text.push_str(&format!("Published:          {}\n", summary.pack.folder.display()));
    text.push_str(&format!("For operators only: {}\n", summary.validation.display()));
    text
}

fn json_summary(summary: &Summary, progress: &Progress) -> String {
    let stages = progress
        .timings()
        .iter()
        .map(|stage| serde_json::json!({ "stage": stage.stage, "rows": stage.rows, "seconds": stage.took.as_secs_f64() }))
        .collect::<Vec<_>>();
    let charges = summary
        .charges
        .iter()
        .map(|charge| serde_json::json!({ "report": charge.report, "loss": charge.loss, "replayed": charge.replayed }))
        .collect::<Vec<_>>();
    let summary = serde_json::json!({
        "pack": summary.pack.folder, "validation": summary.validation, "stages": stages, "charges": charges,
    });
    format!("{summary}\n")
}

fn ledger(config: &std::path::Path, verify: bool, json: bool) -> Result<()> {
    let plan = config::load(config)?;
    if !plan.ledger.exists() {
        return print("The board has no ledger yet: nothing has been spent.\n");
    }
    let ledger = Ledger::open(&plan.ledger, &plan.board)?;
    let mut text = String::new();
    for entry in ledger.entries()? {
        let loss = entry
            .loss
            .as_ref()
            .map_or(String::new(), |loss| format!("{} {}", loss.definition.symbol(), loss.amount.decimal(6)));
        if json {
            let line = serde_json::json!({
                "id": entry.id, "at": entry.at, "kind": entry.kind, "quarter": entry.quarter.to_string(),
                "report": entry.report, "loss": loss, "release": entry.release.to_string(), "hash": entry.hash.to_string(),
            });
            text.push_str(&format!("{line}\n"));
        } else {
            text.push_str(&format!(
                "{:>4}  {}  {:9}  {}  {:12}  {loss}\n",
                entry.id, entry.at, entry.kind, entry.quarter, entry.report
            ));
        }
    }
    if !json {
        let spent = ledger.spent(plan.quarter)?;
        let show = |spending: &smirr::privacy::Spending| {
            format!("rho {} and epsilon {}", spending.rho.decimal(6), spending.epsilon.decimal(6))
        };
        text.push_str(&format!(
            "Spent in {}: {} of {} {}\n",
            plan.quarter,
            show(&spent.quarter),
            plan.loss.kind.word(),
            plan.loss.amount
        ));
        if let Some(year) = &plan.year {
            text.push_str(&format!(
                "Spent in the four quarters to it: {} of {} {}\n",
                show(&spent.year),
                year.kind.word(),
                year.amount
            ));
        }
    }
    if verify {
        let verified = ledger.verify()?;
        text.push_str(&format!(
            "Verified: {} entries and {} draws, none changed, lost or out of order.\n",
            verified.entries, verified.draws
        ));
    }
    print(&text)
}

fn make_board(arguments: &SynthArguments, json: bool) -> Result<()> {
    let options = synth::Options {
        patients: arguments.patients,
        seed: arguments.seed,
        quarter: arguments.quarter,
        dirt: arguments.dirt,
        layout: match arguments.files {
            LayoutWord::Practice => synth::Layout::PerPractice,
            LayoutWord::Board => synth::Layout::PerBoard,
            LayoutWord::Single => synth::Layout::Single,
        },
        compression: match arguments.compress {
            CompressionWord::None => synth::Compression::None,
            CompressionWord::Gzip => synth::Compression::Gzip,
            CompressionWord::Zstd => synth::Compression::Zstd,
        },
        lookup: arguments.lookup.clone(),
        activity: arguments.activity,
        threads: Resources::default().threads,
    };
    let made = synth::generate(&arguments.folder, &options, &|_, _| ())?;
    if json {
        return print(&format!(
            "{}\n",
            serde_json::json!({ "rows": made.rows, "files": made.files, "bytes": made.bytes })
        ));
    }
    let mut text = String::new();
    for (table, rows) in &made.rows {
        text.push_str(&format!("{table:>18}  {rows} rows\n"));
    }
    text.push_str(&format!("{} files, {} bytes in {}\n", made.files, made.bytes, arguments.folder.display()));
    print(&text)
}
