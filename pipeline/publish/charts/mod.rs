//! Takes an edition's figures and a chart of one of its reports.
//! Gives a picture: SVG for a page of either theme, the sentence that says what it shows, and the table beside it.
//! Never draws what is not published: a value that is withheld is a mark at its place.

mod areas;
mod bars;
mod map;
mod outline;
mod rows;
mod svg;
mod trend;
mod words;

use minijinja::context;

use super::edition::{AreaLevel, Edition, Story};
use super::table::{Block, Table};
use super::trends::Trends;
use crate::config::page::{Chart, ChartKind};
use crate::config::published::Published;
use crate::error::Result;
use crate::look::Pages;
use crate::measure::grid::UNKNOWN;

/// A chart, drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Inline SVG: no script, no style element, no ids.
    pub svg: String,
    /// Its text alternative: what it shows, with its uncertainty.
    pub says: String,
    /// The headings of the table beside it.
    pub headings: Vec<String>,
    /// Its rows: one a drawn point, values as a person reads them.
    pub rows: Vec<Vec<String>>,
    /// `bars`, `funnel`, `areas`, `map` or `trend`.
    pub kind: &'static str,
}

/// A chart for one area: `level` and `area` are positions in [`Edition::levels`] and in a table's areas. Charts of all
/// areas are of their own level. `None` where there is nothing to draw.
///
/// # Errors
/// [`crate::error::Error::System`] where a board's own strings cannot be used.
pub fn picture(
    edition: &Edition,
    story: &Story,
    chart: &Chart,
    (level, area): (usize, usize),
    trends: &Trends,
    pages: &Pages,
) -> Result<Option<Picture>> {
    let level = edition.level_of(chart).unwrap_or(level);
    let Some(table) = story.tables.get(level) else { return Ok(None) };
    let scene = Scene { edition, story, chart, level, table, pages };
    match &chart.kind {
        ChartKind::Bars { by } => scene.bars(by, area),
        ChartKind::Funnel => scene.funnel(area),
        ChartKind::Areas { .. } => scene.areas(),
        ChartKind::Map { .. } if edition.levels[level].boundaries.is_empty() => scene.areas(),
        ChartKind::Map { .. } => scene.map(),
        ChartKind::Trend => scene.trend(area, trends),
    }
}

/// What a chart is drawn from.
struct Scene<'a> {
    edition: &'a Edition,
    story: &'a Story,
    chart: &'a Chart,
    level: usize,
    table: &'a Table,
    pages: &'a Pages,
}

impl<'a> Scene<'a> {
    fn area_level(&self) -> &'a AreaLevel {
        &self.edition.levels[self.level]
    }

    /// The chart's figures in words.
    fn figures(&self) -> Vec<&'a Published> {
        self.chart.figures.iter().filter_map(|name| self.story.figure(name)).collect()
    }

    /// An area's name; `None` where the table has no such area.
    fn place(&self, area: usize) -> Result<Option<String>> {
        self.table.areas.get(area).map(|code| self.name_of(self.level, code)).transpose()
    }

    fn name_of(&self, level: usize, code: &str) -> Result<String> {
        match code {
            UNKNOWN => self.pages.say("chart_unknown", ()),
            code => Ok(self.edition.levels[level].name_of(code).to_owned()),
        }
    }

    /// A picture's short name.
    fn name(&self, place: Option<&str>) -> Result<String> {
        match place {
            Some(place) => self.pages.say("chart_name", context! { title => &self.chart.title, place => place }),
            None => Ok(self.chart.title.clone()),
        }
    }
}

/// A dimension's value: which of several a figure stands for. Blocks have values of their own.
fn at(block: &Block, value: &str) -> Option<usize> {
    block.dimensions.first()?.values.iter().position(|it| it == value)
}

#[cfg(test)]
mod tests;
