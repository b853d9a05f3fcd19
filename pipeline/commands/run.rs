//! `smirr run` and `smirr ingest`: what they may use of the machine, and how their end is told.

use std::path::PathBuf;

use clap::Args;

use smirr::config::quarter::Quarter;
use smirr::config::{load_quarter, load_since};
use smirr::error::Result;
use smirr::progress::{Progress, Telling};
use smirr::run::{Resources, Summary};

use super::print;

#[derive(Args)]
pub struct OnConfig {
    /// The board's YAML.
    pub config: PathBuf,
    /// Threads; as many as there are cores unless said.
    #[arg(long)]
    threads: Option<usize>,
    /// Memory for joins and aggregates in MiB, beyond which they spill to disk.
    #[arg(long, default_value_t = 1024)]
    memory: usize,
    /// The reported quarter, where it is not the YAML's own: `2025-Q1`.
    #[arg(long)]
    pub quarter: Option<Quarter>,
}

#[derive(Args)]
pub struct RunArguments {
    #[command(flatten)]
    on: OnConfig,
    /// Every quarter from this one up to the reported one, oldest first. It stops at the first that fails: what was
    /// published stays, and the same command goes on from there.
    #[arg(long)]
    since: Option<Quarter>,
}

impl OnConfig {
    /// What the engine may use.
    pub fn resources(&self) -> Resources {
        let usual = Resources::default();
        Resources { threads: self.threads.unwrap_or(usual.threads).max(1), memory: self.memory.max(64) << 20 }
    }
}

/// Runs one quarter or several. Every quarter is planned before the first is run, so that a mistake costs nothing.
///
/// # Errors
/// Of the first quarter that fails.
pub fn run(arguments: &RunArguments, json: bool, telling: Telling) -> Result<()> {
    let on = &arguments.on;
    let plans = match arguments.since {
        Some(since) => load_since(&on.config, since, on.quarter)?,
        None => vec![load_quarter(&on.config, on.quarter)?],
    };
    let mut done = Vec::new();
    let end = plans.iter().try_for_each(|plan| {
        // One a quarter, for it adds up what was done.
        let progress = Progress::new(telling);
        if plans.len() > 1 {
            progress.note(&format!("{}, {}", plan.quarter, plan.quarter.financial()));
        }
        let summary = smirr::run::run(plan, on.resources(), &progress)?;
        match json {
            true => done.push(json_summary(plan.quarter, &summary, &progress)),
            false => print(&text_summary(&summary))?,
        }
        Ok(())
    });
    // What was published before a quarter that failed is told all the same.
    if json && (end.is_ok() || !done.is_empty()) {
        print(&format!("{}\n", serde_json::json!({ "runs": done })))?;
    }
    end
}

/// The end of a run, for people.
fn text_summary(summary: &Summary) -> String {
    let mut text = String::new();
    for table in &summary.tables {
        let mut grid = comfy_table::Table::new();
        grid.load_preset(comfy_table::presets::UTF8_HORIZONTAL_ONLY);
        let mut header = table.headings().map(str::to_owned).collect::<Vec<_>>();
        header.extend(["Figure".into(), "Value (95% interval)".into()]);
        grid.set_header(header);
        for row in table.glance(6) {
            let mut cells = row.labels.iter().map(|&label| label.to_owned()).collect::<Vec<_>>();
            cells.extend([row.figure.to_owned(), row.text()]);
            grid.add_row(cells);
        }
        text.push_str(&format!("{} ({}, {} rows)\n{grid}\n\n", table.title, table.level, table.len()));
    }
    let bands = if summary.bands.is_empty() { String::new() } else { format!("{}. ", summary.bands) };
    text.push_str(&format!("{bands}[u] low reliability, [x] not available, [z] not applicable, [r] revised.\n"));
    for charge in &summary.charges {
        let how =
            if charge.replayed { "had been charged before; this run cost nothing" } else { "charged to the ledger" };
        let revises = charge.revises.as_ref().map_or(String::new(), |revision| format!(" ({revision})"));
        text.push_str(&format!("{}: {} {how}{revises}\n", charge.report, charge.loss));
    }
    text.push_str(&format!("Published:          {}\n", summary.pack.folder.display()));
    let page = summary.pack.folder.join("index.html");
    if page.is_file() {
        text.push_str(&format!("Read first:         {}\n", page.display()));
    }
    text.push_str(&format!("For operators only: {}\n", summary.validation.display()));
    text
}

/// The end of a run, for machines.
fn json_summary(quarter: Quarter, summary: &Summary, progress: &Progress) -> serde_json::Value {
    let stages = progress
        .timings()
        .iter()
        .map(|stage| serde_json::json!({ "stage": stage.stage, "rows": stage.rows, "seconds": stage.took.as_secs_f64() }))
        .collect::<Vec<_>>();
    let charges = summary
        .charges
        .iter()
        .map(|charge| {
            serde_json::json!({
                "report": charge.report, "loss": charge.loss, "replayed": charge.replayed, "revises": charge.revises,
            })
        })
        .collect::<Vec<_>>();
    serde_json::json!({
        "quarter": quarter, "pack": summary.pack.folder, "validation": summary.validation, "stages": stages, "charges": charges,
    })
}
