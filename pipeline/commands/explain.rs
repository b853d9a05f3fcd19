//! `smirr explain`: why a report is safe, for whoever answers for it.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use smirr::config;
use smirr::config::plan::Plan;
use smirr::error::Result;
use smirr::progress::Progress;
use smirr::run::Resources;
use smirr::run::explain::{Answered, MeasureExplained, ProofExplained, ReportExplained, explain};

use super::{known_report, print};

#[derive(Args)]
pub struct ExplainArguments {
    /// The board's YAML.
    config: PathBuf,
    /// One report; all of the board's unless said.
    report: Option<String>,
}

/// Prints what a report is to people, in plain sentences; then where its figures come from, what one person can do to
/// them, and the plan that shows it.
///
/// # Errors
/// Of the configuration and the public tables; [`smirr::error::Error::Privacy`] where a plan cannot be bounded.
pub fn run(arguments: &ExplainArguments, progress: &Progress, json: bool) -> Result<()> {
    let plan = config::load_ahead(&arguments.config)?;
    known_report(&plan, &arguments.config, arguments.report.as_deref())?;
    let reports = explain(&plan, arguments.report.as_deref(), Resources::default(), progress)?;
    let text = match json {
        true => format!("{}\n", Value::from(reports.iter().map(machine).collect::<Vec<_>>())),
        false => human(&plan, &reports),
    };
    print(&text)
}

/// How wide sentences are.
const WIDTH: usize = 96;

/// Every report in plain sentences first, and then why each of them is safe.
fn human(plan: &Plan, reports: &[ReportExplained]) -> String {
    let mut text = format!(
        "{}, {}: what each report does with people's data. Nothing private was opened, and nothing was spent.\n",
        plan.board, plan.quarter
    );
    reports.iter().for_each(|report| text.push_str(&plain_words(report)));
    text.push_str("\nFOR THE AUDITOR: why this holds, measure by measure\n");
    reports.iter().for_each(|report| text.push_str(&format!("\n{}", proof(report))));
    text
}

fn plain_words(report: &ReportExplained) -> String {
    let mut text = format!("\n{} ({})\n", report.title.to_uppercase(), report.name);
    for Answered { question, answer } in &report.plain {
        text.push_str(&format!("\n{question}\n"));
        answer.iter().for_each(|sentence| text.push_str(&wrapped(sentence)));
    }
    text
}

/// A sentence in lines of a width that people read; one that begins with a blank is an item of a list.
fn wrapped(sentence: &str) -> String {
    let (first, next) = if sentence.starts_with(' ') { ("    - ", "      ") } else { ("  ", "  ") };
    let mut lines = vec![String::from(first)];
    for word in sentence.split_whitespace() {
        let line = lines.last_mut().filter(|line| line.trim_start_matches([' ', '-']).is_empty());
        match line {
            Some(line) => line.push_str(word),
            None => match lines.last_mut().filter(|line| line.chars().count() + 1 + word.chars().count() <= WIDTH) {
                Some(line) => line.push_str(&format!(" {word}")),
                None => lines.push(format!("{next}{word}")),
            },
        }
    }
    lines.join("\n") + "\n"
}

fn proof(report: &ReportExplained) -> String {
    let mut text = format!("{} ({})\n", report.title, report.name);
    for measure in &report.measures {
        text.push_str(&format!("\n{}\n", measure.name));
        text.push_str(&format!("  Counts      {}\n", measure.counts));
        text.push_str(&format!("  Drawn from  {}\n", measure.lineage.join(", ")));
        for proof in &measure.proofs {
            text.push_str(&format!("  Protects    each {}: {}\n", proof.role, bounds(proof)));
            let sentences = proof.argument.iter().map(|sentence| format!("    {}\n", plain(sentence)));
            text.extend(sentences);
        }
        for (table, noise) in &measure.drawn {
            let within = noise.accuracy(0.05).map_or("a distance that cannot be computed".into(), |it| it.to_string());
            text.push_str(&format!(
                "  Noise       {table}: {} of scale {:.2}, for {} cells by {} to {}; 95% of cells within {within}; \
                 costs {}\n",
                noise.mechanism(),
                noise.scale(),
                noise.bounds().cells(),
                noise.bounds().low(),
                noise.bounds().high(),
                noise.loss()
            ));
        }
        text.push_str("  The engine's plan, of which this is proved\n");
        text.extend(measure.plan.lines().map(|line| format!("    {line}\n")));
    }
    text
}

fn bounds(proof: &ProofExplained) -> String {
    match &proof.bounds {
        None => "none of them can move any cell".into(),
        Some(bounds) => format!(
            "L0 {}, each cell by {} to {} (L-infinity {}), L1 {}, L2 {:.3}",
            bounds.cells(),
            bounds.low(),
            bounds.high(),
            bounds.linf(),
            bounds.l1(),
            bounds.l2()
        ),
    }
}

/// Tables by the contract's names, not the engine's.
fn plain(sentence: &str) -> String {
    sentence.replace("`stored_", "`").replace("`public_", "`")
}

fn machine(report: &ReportExplained) -> Value {
    let proof = |proof: &ProofExplained| {
        let bounds = proof.bounds.as_ref().map(|bounds| {
            json!({
                "l0": bounds.cells(), "low": bounds.low(), "high": bounds.high(), "linf": bounds.linf(),
                "l1": bounds.l1().to_string(), "l2": bounds.l2(),
            })
        });
        let argument = proof.argument.iter().map(|sentence| plain(sentence)).collect::<Vec<_>>();
        json!({ "protects": proof.role, "bounds": bounds, "argument": argument })
    };
    let measure = |measure: &MeasureExplained| {
        let drawn = measure.drawn.iter().map(|(table, noise)| {
            json!({ "table": table, "mechanism": noise.mechanism(), "scale": noise.scale(), "loss": noise.charge().to_string() })
        });
        json!({
            "measure": measure.name, "counts": measure.counts, "lineage": measure.lineage,
            "proofs": measure.proofs.iter().map(proof).collect::<Vec<_>>(),
            "drawn": drawn.collect::<Vec<_>>(), "plan": measure.plan,
        })
    };
    let measures = report.measures.iter().map(measure).collect::<Vec<_>>();
    let plain = report.plain.iter().map(|it| json!({ "question": it.question, "answer": it.answer }));
    let plain = plain.collect::<Vec<_>>();
    json!({ "report": report.name, "title": report.title, "in_plain_words": plain, "measures": measures })
}
