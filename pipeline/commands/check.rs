//! `smirr check`: whether a board's YAML is right, and does what its authors' own tests say.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};

use smirr::config;
use smirr::config::plan::Plan;
use smirr::error::{Error, Result};
use smirr::run::trial::{Failure, Tried, complaints, run_trials};
use smirr::run::{Resources, keys, refuse_faulty_look};

use super::print;

#[derive(Args)]
pub struct CheckArguments {
    /// The board's YAML.
    config: PathBuf,
}

/// Checks the YAML, and runs the tests that its reports hold.
///
/// # Errors
/// [`Error::Config`] with every mistake, and every test that fails; of the machine otherwise.
pub fn run(arguments: &CheckArguments, as_json: bool) -> Result<()> {
    let plan = load(&arguments.config)?;
    let tried = run_trials(&plan, Resources::default())?;
    let complaints = complaints(&tried);
    if as_json {
        print(&format!("{}\n", machine(&plan, &tried)))?;
    }
    if !complaints.is_empty() {
        return Err(Error::Config(complaints));
    }
    if as_json { Ok(()) } else { print(&human(&plan, tried.len())) }
}

fn load(path: &Path) -> Result<Plan> {
    let plan = config::load(path)?;
    refuse_faulty_look(&plan)?;
    Ok(plan)
}

fn human(plan: &Plan, tests: usize) -> String {
    let reports = plan.reports.iter().map(|report| report.name.as_str()).collect::<Vec<_>>().join(", ");
    let tests = match tests {
        0 => String::new(),
        1 => " Its one test passes.".into(),
        tests => format!(" All {tests} tests pass."),
    };
    let mut text = format!("{}, {}: no mistakes found. Reports: {reports}.{tests}\n", plan.board, plan.quarter);
    keys::warnings(plan).iter().for_each(|warning| text.push_str(&format!("Warning: {warning}\n")));
    text
}

fn machine(plan: &Plan, tried: &[Tried]) -> Value {
    let test = |it: &Tried| {
        json!({
            "report": it.report,
            "test": it.test,
            "passed": it.failures.is_empty(),
            "failures": it.failures.iter().map(failure).collect::<Vec<_>>(),
        })
    };
    json!({
        "board": plan.board,
        "quarter": plan.quarter.to_string(),
        "reports": plan.reports.iter().map(|report| report.name.as_str()).collect::<Vec<_>>(),
        "tests": tried.iter().map(test).collect::<Vec<_>>(),
        "warnings": keys::warnings(plan),
    })
}

fn failure(failure: &Failure) -> Value {
    let Failure { complaint, difference } = failure;
    let difference = difference
        .as_ref()
        .map(|it| json!({ "figure": it.figure, "cell": it.cell, "expected": it.expected, "found": it.found }));
    let mut told = super::complaint(complaint);
    told["difference"] = json!(difference);
    told
}
