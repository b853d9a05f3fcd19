//! Takes the path of a board's YAML, and the schemas and reports that it names.
//! Gives a `Plan` in which nothing can still be wrong, or every complaint at once: file, line, caret and advice.
//! Never touches data: not even a key is read here.

use std::path::Path;

use crate::error::{Error, Result};

pub mod amount;
pub mod bins;
pub mod board;
mod check_board;
mod check_columns;
mod check_engine;
mod check_expected;
mod check_figures;
mod check_geography;
mod check_histogram;
mod check_journey;
mod check_layout;
mod check_look;
mod check_mean;
mod check_objects;
mod check_page;
mod check_pairs;
mod check_posts;
mod check_pseudonyms;
mod check_public;
mod check_quarter;
mod check_report;
mod check_schema;
mod check_sources;
mod check_sum;
mod check_target;
mod check_trial;
mod check_words;
pub mod country;
pub mod derived;
pub mod diagnostic;
mod dimensions;
pub mod editor;
pub mod figures;
pub mod filter;
mod filter_call;
mod filter_number;
mod filter_sql;
#[cfg(test)]
pub(crate) mod filter_tests;
mod filter_walk;
pub mod journey;
mod locate;
pub mod look;
pub mod marked;
pub mod measure;
pub mod page;
pub mod plan;
mod practitioners;
pub mod published;
pub mod quarter;
mod read_bins;
mod reliability;
pub mod report;
pub mod shape;
pub mod source;
pub mod suggest;
mod tables;
pub mod trial;
pub mod words;

use board::BoardYaml;
use check_board::Board;
use check_report::{Check, Scene};
use diagnostic::{Diagnostic, Diagnostics};
use plan::{Geography, Plan, Practices, Report};
use quarter::Quarter;
use report::ReportYaml;
use source::Document;
use suggest::{advice, is_name, quote};
use tables::{Places, Tables};

/// Reads and checks a board's YAML with everything that it names. Reads no extract and no key.
///
/// # Errors
/// `Error::Config` with all complaints over all files.
pub fn load(path: &Path) -> Result<Plan> {
    load_for(path, Needs::Everything, None)
}

/// The same for a quarter that may be another than the YAML's own.
///
/// # Errors
/// As [`load`].
pub fn load_quarter(path: &Path, quarter: Option<Quarter>) -> Result<Plan> {
    load_for(path, Needs::Everything, quarter)
}

/// The plans of every quarter from `since` up to the YAML's own, or the one that is asked for; oldest first.
///
/// # Errors
/// As [`load`], of the first quarter that cannot be planned; also where `since` is a later quarter.
pub fn load_since(path: &Path, since: Quarter, quarter: Option<Quarter>) -> Result<Vec<Plan>> {
    since_for(path, Needs::Everything, since, quarter)
}

/// The same for a command that asks what has arrived: nothing that the YAML names need be there yet.
///
/// # Errors
/// As [`load_since`].
pub fn load_awaiting_since(path: &Path, since: Quarter, quarter: Option<Quarter>) -> Result<Vec<Plan>> {
    since_for(path, Needs::Nothing, since, quarter)
}

/// The plan of one quarter, for a command that asks what has arrived.
///
/// # Errors
/// As [`load`].
pub fn load_awaiting(path: &Path, quarter: Option<Quarter>) -> Result<Plan> {
    load_for(path, Needs::Nothing, quarter)
}

fn since_for(path: &Path, needs: Needs, since: Quarter, quarter: Option<Quarter>) -> Result<Vec<Plan>> {
    let last = load_for(path, needs, quarter)?;
    if since > last.quarter {
        let mut complaints = Diagnostics::new();
        let message = format!("`--since {since}` is later than the last quarter to run, {}", last.quarter);
        complaints.push(Diagnostic::whole_file(path, message));
        return Err(Error::Config(complaints));
    }
    let mut earlier = (1..).map(|n| last.quarter.before(n)).take_while(|it| *it >= since).collect::<Vec<_>>();
    earlier.reverse();
    let mut plans = earlier.into_iter().map(|it| load_for(path, needs, Some(it))).collect::<Result<Vec<_>>>()?;
    plans.push(last);
    Ok(plans)
}

/// The same for a command that opens nothing private: private extracts and the key need not be there yet.
///
/// # Errors
/// As [`load`].
pub fn load_ahead(path: &Path) -> Result<Plan> {
    load_for(path, Needs::WhatIsPublic, None)
}

/// The same for a quarter that may be another than the YAML's own.
///
/// # Errors
/// As [`load`].
pub fn load_ahead_quarter(path: &Path, quarter: Option<Quarter>) -> Result<Plan> {
    load_for(path, Needs::WhatIsPublic, quarter)
}

/// Which of the files that a board names must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Needs {
    Everything,
    WhatIsPublic,
    Nothing,
}

fn load_for(path: &Path, needs: Needs, asked: Option<Quarter>) -> Result<Plan> {
    let mut complaints = Diagnostics::new();
    let plan = read(path, needs, asked, &mut complaints);
    complaints.sort();
    match plan {
        Some(plan) if complaints.is_empty() => Ok(plan),
        _ => {
            if complaints.is_empty() {
                // Every `None` on the way here follows a complaint; were one forgotten, silence must not pass.
                complaints.push(Diagnostic::whole_file(path, "the configuration could not be resolved"));
            }
            Err(Error::Config(complaints))
        }
    }
}

fn read(path: &Path, needs: Needs, asked: Option<Quarter>, complaints: &mut Diagnostics) -> Option<Plan> {
    let document = Document::read(path, path, complaints)?;
    let yaml: Option<BoardYaml> = document.typed(complaints);
    // The rest goes by the marked tree, so that one slip in the board's YAML hides nothing in the other files.
    let places = Places::of(&document, path, complaints)?;
    let tables = Tables::read(&document, &places, complaints);
    let bands = check_geography::band_names(&document);
    let lookup = check_geography::lookup(&document, &tables);
    let areas = lookup.as_ref().map(|lookup| lookup.table.as_str());
    let practices = practitioners::practices(&tables, areas);
    let levels = check_geography::level_names(&document);
    // A quarter that cannot be read is complained of with the rest of the board's YAML.
    let quarter = document.root.get("quarter").and_then(|node| node.text()?.parse().ok());
    let quarter = quarter.unwrap_or_else(|| Quarter::of(chrono::NaiveDate::default()));
    let reliability = yaml.as_ref().and_then(|yaml| yaml.publish.reliability.as_ref());
    let reliability = reliability::reliability(&document, &["publish", "reliability"], reliability, complaints);
    let reliability = reliability.unwrap_or_default();
    let scene =
        Scene { tables: &tables, quarter, levels: &levels, bands: &bands, areas, practices: &practices, reliability };
    let reports = reports(&document, &places, &scene, complaints);
    let yaml = yaml?;
    let (document, places, tables) = (&document, &places, &tables);
    let mut board = Board { document, yaml: &yaml, places, tables, needs, asked, reported: None, complaints };
    settle(&mut board, reports, practices.ok())
}

/// The plan, from a board's YAML of the right shape.
fn settle(board: &mut Board<'_>, reports: Option<Vec<Report>>, practices: Option<Practices>) -> Option<Plan> {
    let yaml = board.yaml;
    board.names();
    board.reported = board.quarter();
    let cluster = board.cluster();
    let fictional = board.fictional();
    let sources = board.sources(fictional.as_ref());
    let key = board.key(fictional.is_some());
    let salt = board.salt(fictional.is_some());
    let rotate_by = board.rotate_by();
    board.one_kind_of_person();
    let losses = board.losses();
    let (work, ledger) = (board.places.root.join(&yaml.work), board.places.root.join(&yaml.privacy.ledger));
    let publish = board.publish(&work, &ledger, [key.as_ref(), salt.as_ref()]);
    let geography = check_geography::check(board.document, &yaml.geography, board.tables, board.complaints);
    let boundaries = geography.as_ref().map_or_else(Vec::new, |it| board.boundaries(&it.levels, fictional.as_ref()));
    if !board.tables.complete() {
        return None;
    }
    let reports = reports?;
    Some(Plan {
        board: yaml.board.trim().to_string(),
        quarter: board.reported?,
        root: board.places.root.clone(),
        work,
        cluster,
        fictional,
        sources,
        key: key?,
        project: yaml.pseudonyms.project.clone(),
        rotate_by,
        salt,
        weaknesses: board.weaknesses(),
        geography: Geography { boundaries, ..geography? },
        practices: practices.filter(|_| reports.iter().any(Report::is_by_practice)),
        loss: losses.loss?,
        most: losses.most?,
        year: losses.year,
        delta: losses.delta,
        ledger,
        reports,
        publish,
    })
}

/// Reads and checks every report that the board lists. `None` after a complaint.
fn reports(board: &Document, places: &Places, scene: &Scene<'_>, complaints: &mut Diagnostics) -> Option<Vec<Report>> {
    let items = board.root.get("reports").map_or(&[][..], |reports| reports.items());
    let mut found: Vec<Option<Report>> = Vec::new();
    let mut seen: Vec<&str> = Vec::new();
    for item in items {
        let Some(name) = item.text() else { continue };
        if seen.contains(&name) {
            complaints.push(board.at(item.span.clone(), format!("{} is listed twice", quote(name))));
            continue;
        }
        seen.push(name);
        let file = places.reports.join(format!("{name}.yaml"));
        if !is_name(name) || !file.is_file() {
            let known = tables::stems(&places.reports);
            let mut complaint = board.at(item.span.clone(), format!("unknown report {}", quote(name)));
            complaint.help = advice(name, known.iter().map(String::as_str))
                .or_else(|| Some(format!("there are no reports in {}", places.shown(&places.reports).display())));
            complaints.push(complaint);
            found.push(None);
            continue;
        }
        found.push(one_report(name, &file, &places.shown(&file), scene, complaints));
    }
    found.into_iter().collect()
}

fn one_report(
    name: &str,
    file: &Path,
    shown: &Path,
    scene: &Scene<'_>,
    complaints: &mut Diagnostics,
) -> Option<Report> {
    let document = Document::read(file, shown, complaints)?;
    let yaml: ReportYaml = document.typed(complaints)?;
    Check { scene, document: &document, complaints }.report(name, &yaml)
}

#[cfg(test)]
mod tests;
