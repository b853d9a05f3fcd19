//! `smirr study`: what a report's figures are worth on a fictional board, whose true answers are known.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use smirr::config;
use smirr::error::Result;
use smirr::progress::Progress;
use smirr::run::Resources;
use smirr::run::study::{Asked, Coverage, Errors, ReportStudied, Size, Study, TableStudied, study};

use super::{known_report, print};

#[derive(Args)]
pub struct StudyArguments {
    /// The board's YAML: of a fictional board.
    config: PathBuf,
    /// One report; all of the board's unless said.
    report: Option<String>,
    /// How many runs to simulate.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(2..=1_000_000))]
    runs: u32,
    /// Registered patients; as the YAML says unless said.
    #[arg(long)]
    patients: Option<u64>,
    /// The seed of the fictional board; as the YAML says unless said. Noise has none.
    #[arg(long)]
    seed: Option<u64>,
}

/// Prints how near to the truth each table of a report comes.
///
/// # Errors
/// [`smirr::error::Error::Privacy`] where the board is not fictional; of the stages of a run otherwise.
pub fn run(arguments: &StudyArguments, json: bool, progress: &Progress) -> Result<()> {
    let plan = config::load_ahead(&arguments.config)?;
    known_report(&plan, &arguments.config, arguments.report.as_deref())?;
    let asked = Asked {
        report: arguments.report.clone(),
        runs: arguments.runs as usize,
        size: Size { patients: arguments.patients, seed: arguments.seed },
    };
    let study = study(&plan, &asked, Resources::default(), progress)?;
    print(&if json { format!("{}\n", machine(&plan.board, &study)) } else { human(&plan.board, &study) })
}

fn human(board: &str, study: &Study) -> String {
    let mut text = format!(
        "{board}, as a fictional board of {} people: {} simulated runs. No real extract was opened, and nothing was \
         spent.\n\n",
        study.patients, study.runs
    );
    for report in &study.reports {
        text.push_str(&format!("{} ({})\n{}\n\n", report.title, report.name, table(report)));
    }
    text.push_str(
        "Cells: those that have a true figure. Bias and RMSE: of the published values, root mean squares over cells, in \
         the figure's unit; a bias within chance is shown as 0.\n\
         Covered: how often the 95% interval holds the truth, over all cells that show a value and all runs, with two \
         standard errors. Small: the same of cells with a true count below 10.\n\
         \x20 The truth is what these very extracts hold. Intervals of rates that hold sampling error as well are wider \
         than that needs, and cover it more often.\n\
         \x20 Counts are covered more often where noise is so small that its whole steps are seen.\n\
         Reliable: published without [u]. Withheld: [x]. No figure: [z], where there is a true one.\n",
    );
    text
}

fn table(report: &ReportStudied) -> comfy_table::Table {
    let mut table = comfy_table::Table::new();
    table.load_preset(comfy_table::presets::UTF8_HORIZONTAL_ONLY);
    // One line a table of the report.
    table.remove_style(comfy_table::TableComponent::HorizontalLines);
    table.remove_style(comfy_table::TableComponent::MiddleIntersections);
    table.set_header([
        "Figure",
        "Level",
        "By",
        "Cells",
        "Bias",
        "RMSE",
        "Covered",
        "Small",
        "Reliable",
        "Withheld",
        "No figure",
    ]);
    for it in &report.tables {
        let score = &it.score;
        let errors = |of: fn(&Errors) -> f64| score.published.as_ref().map_or(String::new(), |it| digits(of(it)));
        table.add_row([
            it.figure.clone(),
            it.level.clone(),
            it.by.join(" x "),
            score.cells.to_string(),
            errors(|it| it.bias),
            errors(|it| it.rmse),
            score.coverage.as_ref().map_or(String::new(), covered),
            score.small.as_ref().map_or(String::new(), |(cells, coverage)| format!("{} of {cells}", covered(coverage))),
            percent(score.reliable),
            percent(score.withheld),
            percent(score.not_applicable),
        ]);
    }
    table
}

fn covered(coverage: &Coverage) -> String {
    format!("{:.1}% ± {:.1}", 100.0 * coverage.share, 200.0 * coverage.error)
}

fn percent(share: f64) -> String {
    format!("{:.0}%", 100.0 * share)
}

/// Two decimals where they say something.
fn digits(value: f64) -> String {
    if value < 100.0 { format!("{value:.2}") } else { format!("{value:.0}") }
}

fn machine(board: &str, study: &Study) -> Value {
    let reports = study.reports.iter().map(|report| {
        let tables = report.tables.iter().map(machine_table).collect::<Vec<_>>();
        json!({ "report": report.name, "title": report.title, "tables": tables })
    });
    json!({
        "board": board,
        "patients": study.patients,
        "runs": study.runs,
        "reports": reports.collect::<Vec<_>>(),
    })
}

fn machine_table(table: &TableStudied) -> Value {
    let errors = |it: &Errors| json!({ "bias": it.bias, "rmse": it.rmse, "worst_bias_in_standard_errors": it.worst });
    let coverage = |it: &Coverage| json!({ "share": it.share, "standard_error": it.error });
    let score = &table.score;
    json!({
        "figure": table.figure,
        "level": table.level,
        "by": table.by,
        "noise_as_drawn": table.drawn,
        "cells": score.cells,
        "cells_without_truth": score.without,
        "published": score.published.as_ref().map(errors),
        "unbiased": score.unbiased.as_ref().map(errors),
        "stated_standard_error": score.stated,
        "coverage": score.coverage.as_ref().map(coverage),
        "small_cells": score.small.as_ref().map(|(cells, _)| cells),
        "coverage_of_small": score.small.as_ref().map(|(_, it)| coverage(it)),
        "reliable": score.reliable,
        "withheld": score.withheld,
        "not_applicable": score.not_applicable,
    })
}
