//! The privacy label as a page: for anyone first, then whole for a statistician.

use minijinja::context;
use minijinja::value::{Serde, Value};
use serde::Serialize;

use super::super::edition::{AreaLevel, Edition};
use super::super::label::{PublishedLabel, ReportLabel};
use super::super::names::{LABEL, PRIVACY};
use super::super::pack::NewFile;
use super::facts::Facts;
use crate::error::Result;
use crate::look::Pages;

/// One row of the public's table: of a report's leading count, how far off it is at each level.
#[derive(Serialize)]
struct Reach<'a> {
    title: &'a str,
    measure: &'a str,
    label: &'a str,
    unit: &'a str,
    /// A place in `privacy.json` a level; none where nothing is published there.
    levels: Vec<Option<String>>,
}

/// `privacy.html`.
///
/// # Errors
/// As [`Pages`].
pub fn privacy(edition: &Edition) -> Result<Vec<NewFile>> {
    let facts = Facts::of(edition)?;
    let reaches = reaches(edition);
    let pages = Pages::new(&edition.look, &super::TEMPLATES)?;
    let year = edition.label.spending.iter().position(|it| it.role == "patient" && it.over != edition.label.quarter);
    let page = pages.page(
        PRIVACY,
        context! {
            reaches => Value::from(Serde(&reaches)),
            lead => lead(edition, &reaches).map(|lead| Value::from(Serde(lead))),
            label_levels => edition.levels.iter().map(|level| level.name.clone()).collect::<Vec<_>>(),
            year => year,
            protects_workers => edition.label.units.iter().any(|unit| unit.role == "practitioner"),
            ..facts.common(edition)
        },
    )?;
    Ok(vec![(PRIVACY.into(), page.into_bytes())])
}

/// An example in a sentence.
#[derive(Serialize)]
struct Lead<'a> {
    label: &'a str,
    unit: &'a str,
    level: &'a str,
    /// Whether the level has one area.
    is_one: bool,
    place: &'a str,
}

/// The count that the first report's findings speak of first, or else its first; at the finest level that has it.
fn lead<'a>(edition: &'a Edition, reaches: &'a [Reach<'a>]) -> Option<Lead<'a>> {
    let story = edition.stories.first()?;
    let is_spoken_of = |row: &&Reach<'_>| {
        row.title == story.title && story.findings.iter().any(|finding| finding.contains(row.measure))
    };
    let row = reaches.iter().find(is_spoken_of).or_else(|| reaches.first())?;
    let found = row.levels.iter().enumerate().rev().find_map(|(at, place)| Some((at, place.as_deref()?)));
    let (at, place) = found?;
    let is_one = story.tables.get(at).is_some_and(|table| table.known_areas().count() <= 1);
    Some(Lead { label: row.label, unit: row.unit, level: &edition.levels.get(at)?.name, is_one, place })
}

/// Each report's counts, by the fewest dimensions that they are given by: one a measure.
fn reaches(edition: &Edition) -> Vec<Reach<'_>> {
    let mut rows = Vec::new();
    for (at, report) in edition.label.reports.iter().enumerate() {
        let mut seen = Vec::new();
        for published in &report.published {
            if seen.contains(&published.measure.as_str()) {
                continue;
            }
            seen.push(&published.measure);
            let fewest = report.published.iter().filter(|it| it.measure == published.measure);
            let Some(by) = fewest.min_by_key(|it| it.by.len()).map(|it| &it.by) else { continue };
            let at_level = |level: &AreaLevel| {
                place(at, report, |it| it.measure == published.measure && it.by == *by && it.level == level.name)
            };
            let levels = edition.levels.iter().map(at_level).collect();
            rows.push(Reach {
                title: &report.title,
                measure: &published.measure,
                label: &published.label,
                unit: &published.unit,
                levels,
            });
        }
    }
    rows
}

fn place(at: usize, report: &ReportLabel, is_it: impl Fn(&PublishedLabel) -> bool) -> Option<String> {
    let found = report.published.iter().position(is_it)?;
    Some(format!("{LABEL}#/reports/{at}/published/{found}/interval_reach"))
}
