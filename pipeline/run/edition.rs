//! What a run publishes, gathered from the plan, the public tables and the estimates.

use std::collections::HashMap;

use super::question::Question;
use crate::config::journey::STAGE;
use crate::config::plan::{Band, Plan, Report, Rows};
use crate::publish::Table;
use crate::publish::edition::{DimensionWords, Story};
use crate::run::figures::rules;

/// One report as it is published.
pub fn story(plan: &Plan, question: &Question<'_>, tables: Vec<Table>, revises: Option<String>) -> Story {
    let report = question.report;
    Story {
        name: report.name.clone(),
        title: report.title.clone(),
        protects: question.roles().iter().map(ToString::to_string).collect(),
        findings: report.findings.clone(),
        words: report.words.clone(),
        charts: report.charts.clone(),
        figures: report.published(&plan.geography.band_names()),
        dimensions: dimensions(plan, report, &tables),
        rules: rules(report),
        revises,
        tables,
    }
}

/// The dimensions of a report's tables, in words.
fn dimensions(plan: &Plan, report: &Report, tables: &[Table]) -> Vec<DimensionWords> {
    let named = tables.first().map_or(&[][..], |table| &table.dimensions);
    let words = |(name, heading): &(String, String)| {
        let values = tables.iter().flat_map(|table| &table.blocks).flat_map(|block| &block.dimensions);
        let values = values.filter(|it| it.name == *name).flat_map(|it| &it.values);
        let mut labels = values.map(|value| (value.clone(), spoken(value))).collect::<HashMap<_, _>>();
        if let Some(band) = plan.geography.bands.iter().find(|band| band.name == *name) {
            labels.extend(ends(band));
        }
        for measure in report.measures.iter().filter(|_| name == STAGE) {
            if let Rows::Funnel(stages) = &measure.rows {
                labels.extend(stages.iter().map(|stage| (stage.name.clone(), stage.label.clone())));
            }
        }
        let description =
            plan.geography.bands.iter().find(|band| band.name == *name).and_then(|it| it.description.clone());
        DimensionWords { name: name.clone(), heading: heading.clone(), title: title(name), description, labels }
    };
    named.iter().map(words).collect()
}

/// Which end of a band is which, at its ends.
fn ends(band: &Band) -> Vec<(String, String)> {
    let end = |code: Option<&String>, words: &str| code.map(|code| (code.clone(), format!("{code} ({words})")));
    [end(band.codes.first(), "most deprived"), end(band.codes.last(), "least deprived")].into_iter().flatten().collect()
}

/// A code as words: `referred_onward` to "Referred onward".
fn spoken(code: &str) -> String {
    capital(&code.replace('_', " "))
}

/// Text with a capital letter.
pub(super) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// A dimension's name as a title: `simd_quintile` to "SIMD quintile".
pub(super) fn title(name: &str) -> String {
    let words = spoken(name);
    ["Simd", "Imd"].iter().find_map(|it| words.strip_prefix(it).map(|rest| it.to_uppercase() + rest)).unwrap_or(words)
}
