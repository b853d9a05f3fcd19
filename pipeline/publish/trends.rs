//! What was published of earlier quarters, of the figures that trend charts show: totals by area, and no more.

use std::collections::HashMap;

use csv::StringRecord;

use super::earlier::{Past, Vintage, breaks};
use super::edition::{Edition, Story};
use super::table::{ALL, Table};
use crate::config::page::ChartKind;
use crate::error::Result;

/// Earlier quarters' totals, by report, level and figure; each by area.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Trends {
    points: HashMap<Key, HashMap<String, Vec<Point>>>,
    /// The reports whose figures of this quarter are not to be compared with those before.
    broken: Vec<String>,
}

/// Report, level and figure.
type Key = (String, String, String);

/// A figure of an earlier quarter, as it was published.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// The quarter, as `2026-Q3`.
    pub quarter: String,
    /// The value and its 95% interval, where it was published.
    pub value: Option<(f64, (f64, f64))>,
    /// The symbols beside it, without brackets: `u`, `low r`.
    pub marks: String,
    /// Whether it is not to be compared with those before.
    pub is_break: bool,
}

impl Trends {
    /// Reads what trend charts need of earlier packs, each table once.
    ///
    /// # Errors
    /// As [`super::earlier::Earlier::rows`].
    pub fn read(edition: &Edition, past: &Past) -> Result<Self> {
        let mut trends = Trends::default();
        for story in &edition.stories {
            let figures = drawn(story);
            if figures.is_empty() {
                continue;
            }
            for table in &story.tables {
                trends.read_table(edition, table, &figures, past)?;
            }
        }
        Ok(trends)
    }

    fn read_table(&mut self, edition: &Edition, table: &Table, figures: &[&str], past: &Past) -> Result<()> {
        let Some(parts) = past.of_table(table)? else { return Ok(()) };
        let (parts, is_break) = breaks(parts, &Vintage::of(&edition.manifest, &table.report));
        for (is_break, rows) in &parts {
            rows.iter().for_each(|row| self.keep(table, figures, row, *is_break));
        }
        if is_break && !self.broken.contains(&table.report) {
            self.broken.push(table.report.clone());
        }
        Ok(())
    }

    /// Keeps a row that is a total of one of these figures. Its fields are those of [`Table::columns`].
    fn keep(&mut self, table: &Table, figures: &[&str], row: &StringRecord, is_break: bool) {
        let field = |at: usize| row.get(at).unwrap_or_default();
        let dimensions = table.dimensions.len();
        let (area, figure) = (field(1), field(3 + 2 * dimensions));
        let is_total = (0..dimensions).all(|it| field(3 + 2 * it) == ALL);
        if !is_total || !figures.contains(&figure) {
            return;
        }
        let value = 4 + 2 * dimensions;
        let number = |at: usize| field(at).parse::<f64>().ok().filter(|it| it.is_finite());
        let interval = number(value + 2).zip(number(value + 3));
        let point = Point {
            quarter: field(0).to_owned(),
            value: number(value).zip(interval),
            marks: field(value + 1).to_owned(),
            is_break,
        };
        let key = (table.report.clone(), table.level.clone(), figure.to_owned());
        self.points.entry(key).or_default().entry(area.to_owned()).or_default().push(point);
    }

    /// What was published of a figure in an area, oldest first.
    pub fn of(&self, report: &str, level: &str, figure: &str, area: &str) -> &[Point] {
        let key = (report.to_owned(), level.to_owned(), figure.to_owned());
        self.points.get(&key).and_then(|areas| areas.get(area)).map_or(&[], Vec::as_slice)
    }

    /// Whether a report's figures of this quarter are not to be compared with those before.
    pub fn is_broken(&self, report: &str) -> bool {
        self.broken.iter().any(|it| it == report)
    }

    #[cfg(test)]
    pub(super) fn known(report: &str, level: &str, figure: &str, area: &str, points: Vec<Point>) -> Self {
        let key = (report.to_owned(), level.to_owned(), figure.to_owned());
        Trends { points: [(key, [(area.to_owned(), points)].into())].into(), broken: Vec::new() }
    }
}

/// The figures that a report's trend charts show.
fn drawn(story: &Story) -> Vec<&str> {
    let trends = story.charts.iter().filter(|chart| chart.kind == ChartKind::Trend);
    let mut figures = trends.flat_map(|chart| &chart.figures).map(String::as_str).collect::<Vec<_>>();
    figures.sort_unstable();
    figures.dedup();
    figures
}
