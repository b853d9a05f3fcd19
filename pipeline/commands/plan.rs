//! `smirr plan`: what a run will cost and be worth, before any private data are opened.

use std::path::Path;

use serde_json::{Value, json};

use smirr::config;
use smirr::config::plan::Plan;
use smirr::config::quarter::Quarter;
use smirr::error::Result;
use smirr::privacy::{Mechanism, epsilon_at};
use smirr::progress::Progress;
use smirr::run::Resources;
use smirr::run::ahead::{Ahead, Basis, RateAhead, ReportAhead, Room, TableAhead, Worth, ahead};

use super::print;

/// Prints the plan; then gives the ledger's refusal, where it would refuse.
///
/// # Errors
/// Of the configuration and the public tables; [`smirr::error::Error::Budget`] where the run would not be paid for.
pub fn run(config: &Path, quarter: Option<Quarter>, json: bool, progress: &Progress) -> Result<()> {
    let plan = config::load_ahead_quarter(config, quarter)?;
    let ahead = ahead(&plan, Resources::default(), progress)?;
    print(&if json { format!("{}\n", machine(&plan, &ahead)) } else { human(&plan, &ahead) })?;
    ahead.refused.map_or(Ok(()), Err)
}

fn human(plan: &Plan, ahead: &Ahead) -> String {
    let mut text = format!("{}, {}: nothing private was opened, and nothing was spent.\n\n", plan.board, plan.quarter);
    for report in &ahead.reports {
        text.push_str(&format!("{} ({})\n{}\n", report.title, report.name, measures(report)));
        if !report.rates.is_empty() {
            text.push_str(&format!("{}\n", rates(report)));
        }
        text.push_str(&format!("{} costs {}", report.name, report.loss));
        text.push_str(match report.asked_before {
            true => ", and is in the ledger already: it costs nothing again unless the extracts have changed.\n\n",
            false => ".\n\n",
        });
    }
    text.push_str(&words(ahead));
    text.push_str(&format!("A run would be charged {}{}.\n", ahead.charge, as_epsilon(plan, ahead)));
    for room in &ahead.rooms {
        text.push_str(&left(room));
    }
    text
}

fn measures(report: &ReportAhead) -> comfy_table::Table {
    let mut table = new_table(&[
        "Measure",
        "Level",
        "By",
        "One person adds",
        "Noise",
        "95% within",
        "Cells",
        "Reliable from",
        "Reliable cells",
        "Cost",
    ]);
    for it in &report.tables {
        let bounds = it.noise.as_ref().map(|noise| noise.bounds());
        let adds = bounds.map_or("".into(), |bounds| {
            let cells = if bounds.cells() == 1 { "1 cell".into() } else { format!("{} cells", bounds.cells()) };
            format!("{cells}, {} to {}", bounds.low(), bounds.high())
        });
        let target = it.target.map_or(String::new(), |target| format!(" (target {target})"));
        table.add_row([
            it.measure.clone(),
            it.level.clone(),
            it.by.join(" x "),
            adds,
            it.noise.as_ref().map_or("follows".into(), |noise| format!("{:.2}", noise.scale())),
            format!("{}{target}", it.within),
            it.cells.to_string(),
            format!("{} {}", it.reliable_from, it.unit),
            it.worth.map_or("not known".into(), worth),
            it.noise.as_ref().map_or(String::new(), |noise| noise.loss().to_string()),
        ]);
    }
    table
}

fn worth(worth: Worth) -> String {
    let share = 100.0 * worth.reliable as f64 / worth.cells.max(1) as f64;
    let most = if worth.basis == Basis::Everyone { "at most " } else { "" };
    format!("{most}{} of {} ({share:.0}%)", worth.reliable, worth.cells)
}

fn rates(report: &ReportAhead) -> comfy_table::Table {
    let mut table = new_table(&["Rate", "Level", "Expected", "95% interval, middle cell", "Reliable cells", "No rate"]);
    for rate in &report.rates {
        table.add_row([
            rate.rate.clone(),
            rate.level.clone(),
            format!("{:.1} per {}", rate.value, rate.per),
            rate.reach.map_or("none".into(), |reach| format!("up to {reach:.1} away")),
            format!("{} of {}", rate.reliable, rate.cells),
            format!("{} of {}", rate.not_applicable, rate.cells),
        ]);
    }
    table
}

fn new_table(headings: &[&str]) -> comfy_table::Table {
    let mut table = comfy_table::Table::new();
    table.load_preset(comfy_table::presets::UTF8_HORIZONTAL_ONLY);
    // One line a vector: a report has many.
    table.remove_style(comfy_table::TableComponent::HorizontalLines);
    table.remove_style(comfy_table::TableComponent::MiddleIntersections);
    table.set_header(headings);
    table
}

/// What the figures rest on, as far as it applies.
fn words(ahead: &Ahead) -> String {
    let mechanism = Mechanism::of(ahead.charge.definition);
    let mut text = format!(
        "Noise: its scale in each cell as drawn, {mechanism}; a table that \"follows\" is not drawn but worked out of others.\n\
         95% within: once all tables of a measure are combined, the error of 95 in 100 cells is no greater; it says nothing of \
         gaps in the extracts.\n\
         Reliable from: the least figure that is published without [u]; noise decides for figures close to it.\n",
    );
    let worths = ahead.reports.iter().flat_map(|report| &report.tables).filter_map(|table| table.worth);
    let bases = worths.map(|worth| worth.basis).collect::<Vec<_>>();
    let Some(people) = ahead.people else {
        text.push_str(
            "Reliable cells: not known, since the area lookup does not say how many people live in its areas \
             (`geography.population` names the column).\n",
        );
        return text;
    };
    text.push_str(&format!(
        "Reliable cells: of those in which any of the {people} people of the area lookup live; `unknown` ones are left \
         out.\n"
    ));
    if bases.contains(&Basis::Expected) {
        text.push_str(
            "  A measure with `expect`: as if every area had that rate, and codes shared it evenly. Real ones differ.\n",
        );
    }
    if bases.contains(&Basis::Everyone) {
        text.push_str(
            "  \"At most\", for a measure without `expect`: as if everyone who lives there counted, as much as one person \
             may. `expect: { per_1000: ... }` says more.\n",
        );
    }
    if ahead.reports.iter().flat_map(|report| &report.tables).any(|table| table.worth.is_none()) {
        text.push_str("  Not known for figures by practice, whose patients live in many areas.\n");
    }
    if ahead.reports.iter().any(|report| !report.rates.is_empty()) {
        text.push_str("Rates: of the expected counts. No rate where noise leaves the chance of nobody to divide by.\n");
    }
    let unsaid = ahead.reports.iter().flat_map(|report| report.rates_unsaid.iter().map(String::as_str));
    let unsaid = unsaid.collect::<Vec<_>>().join(", ");
    if !unsaid.is_empty() {
        text.push_str(&format!(
            "Nothing is foretold of {unsaid}: that needs `expect` in both measures, and figures by where people live.\n"
        ));
    }
    text
}

fn as_epsilon(plan: &Plan, ahead: &Ahead) -> String {
    match epsilon(plan, ahead) {
        Some((epsilon, delta)) => format!(" (epsilon {epsilon:.3} at delta {delta})"),
        None => String::new(),
    }
}

/// Only a rho has a delta, and only a cost an epsilon.
fn epsilon<'a>(plan: &'a Plan, ahead: &Ahead) -> Option<(f64, &'a str)> {
    let delta = plan.delta.as_deref().filter(|_| !ahead.charge.amount.is_zero())?;
    Some((epsilon_at(&ahead.charge.amount, &delta.parse().ok()?).ok()?, delta))
}

fn left(room: &Room) -> String {
    let symbol = room.limit.definition.symbol();
    match &room.left {
        Some(left) => format!(
            "Left of each {}'s loss for {} by the ledger: {symbol} {} of {}.\n",
            room.role,
            room.over,
            left.decimal_down(6),
            room.limit.amount.decimal_down(6)
        ),
        None => format!("Left for {}: not known, since what was spent there has no {symbol}.\n", room.over),
    }
}

fn machine(plan: &Plan, ahead: &Ahead) -> Value {
    let rooms = ahead.rooms.iter().map(|room| {
        json!({
            "protects": room.role, "over": room.over, "limit": room.limit.amount.to_string(), "left": room.left.as_ref().map(|it| it.to_string()),
        })
    });
    json!({
        "board": plan.board,
        "quarter": plan.quarter.to_string(),
        "people": ahead.people,
        "reports": ahead.reports.iter().map(report).collect::<Vec<_>>(),
        "definition": ahead.charge.definition.symbol(),
        "charge": ahead.charge.amount.to_string(),
        "charge_decimal": ahead.charge.amount.decimal(6),
        "epsilon": epsilon(plan, ahead).map(|(epsilon, _)| epsilon),
        "delta": plan.delta,
        "left": rooms.collect::<Vec<_>>(),
        "refused": ahead.refused.as_ref().map(|error| error.to_string()),
    })
}

fn report(report: &ReportAhead) -> Value {
    json!({
        "report": report.name,
        "title": report.title,
        "loss": report.loss.amount.to_string(),
        "loss_decimal": report.loss.amount.decimal(6),
        "asked_before": report.asked_before,
        "tables": report.tables.iter().map(table).collect::<Vec<_>>(),
        "rates": report.rates.iter().map(rate).collect::<Vec<_>>(),
        "rates_unsaid": report.rates_unsaid,
    })
}

fn table(table: &TableAhead) -> Value {
    let worth = table.worth.map(|worth| {
        let basis = match worth.basis {
            Basis::Expected => "expected",
            Basis::Everyone => "at_most",
        };
        json!({ "reliable": worth.reliable, "cells": worth.cells, "basis": basis })
    });
    let drawn = table.noise.as_ref().map(|noise| {
        let bounds = noise.bounds();
        json!({
            "cells_per_person": bounds.cells(),
            "value_per_cell": [bounds.low(), bounds.high()],
            "mechanism": noise.mechanism().to_string(),
            "scale": noise.scale(),
            "loss": noise.charge().to_string(),
            "loss_decimal": noise.charge().decimal(6),
        })
    });
    json!({
        "measure": table.measure,
        "unit": table.unit,
        "level": table.level,
        "by": table.by,
        "drawn": drawn,
        "standard_error": table.error,
        "within_95": table.within,
        "target": table.target,
        "cells": table.cells,
        "reliable_from": table.reliable_from,
        "lived_in": worth,
    })
}

fn rate(rate: &RateAhead) -> Value {
    json!({
        "rate": rate.rate,
        "level": rate.level,
        "per": rate.per,
        "expected": rate.value,
        "reach_of_middle_cell": rate.reach,
        "reliable": rate.reliable,
        "not_applicable": rate.not_applicable,
        "cells": rate.cells,
    })
}
