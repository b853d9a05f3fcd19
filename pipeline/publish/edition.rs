//! Everything that one run publishes, before it has a form: what every artefact of the pack is made of.
//!
//! **Invariant**: nothing here is private. Figures are released, words and charts are the board's own, areas and their
//! boundaries are public.

use std::collections::HashMap;

use super::label::Label;
use super::manifest::Manifest;
use super::table::{Block, Table};
use crate::config::look::{Contact, Licence, Look};
use crate::config::page::{Chart, ChartKind};
use crate::config::published::Published;
use crate::config::quarter::Quarter;
use crate::estimate::reliability::Rules;

/// What one run publishes.
#[derive(Debug, Clone)]
pub struct Edition {
    /// The board's name.
    pub board: String,
    /// The reported quarter.
    pub quarter: Quarter,
    /// How pages look.
    pub look: Look,
    /// Whom readers may ask.
    pub contact: Contact,
    /// The licence of what is published.
    pub licence: Licence,
    /// The area levels, coarsest first.
    pub levels: Vec<AreaLevel>,
    /// The names of the dimensions that are deprivation bands: of each, 1 is the most deprived.
    pub bands: Vec<String>,
    /// The reports, in the board's order.
    pub stories: Vec<Story>,
    /// What is promised of the figures.
    pub label: Label,
    /// What a reviewer needs; its files are known when the others are written.
    pub manifest: Manifest,
}

/// One report as it is published.
#[derive(Debug, Clone)]
pub struct Story {
    /// Its name.
    pub name: String,
    /// Its title.
    pub title: String,
    /// Whom it protects: `patient`, `practitioner`.
    pub protects: Vec<String>,
    /// What a reader should know first: templates.
    pub findings: Vec<String>,
    /// What a reader should know beside the figures: a template.
    pub words: Option<String>,
    /// Its charts.
    pub charts: Vec<Chart>,
    /// Its figures in words, in the order of its tables.
    pub figures: Vec<Published>,
    /// Its dimensions beside areas.
    pub dimensions: Vec<DimensionWords>,
    /// When a figure says too little.
    pub rules: Rules,
    /// Which release it corrects, in words.
    pub revises: Option<String>,
    /// Its tables, one an area level, in the order of [`Edition::levels`].
    pub tables: Vec<Table>,
}

/// A dimension in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DimensionWords {
    /// Its name in YAML.
    pub name: String,
    /// Its heading in published files.
    pub heading: String,
    /// What it is: "SIMD quintile", "reason".
    pub title: String,
    /// What the contract says of it, where it does.
    pub description: Option<String>,
    /// A value to what it means, where it does not speak for itself: "1" to "1 (most deprived)".
    pub labels: HashMap<String, String>,
}

/// One level of areas.
#[derive(Debug, Clone, PartialEq)]
pub struct AreaLevel {
    /// Its name in YAML.
    pub name: String,
    /// Its heading in published files.
    pub heading: String,
    /// What it is: "Health and social care partnership".
    pub title: String,
    /// An area's code to its name, where the lookup has one.
    pub names: HashMap<String, String>,
    /// The areas' outlines, where the board has boundaries of the level.
    pub boundaries: Vec<Boundary>,
}

/// The outline of one area.
#[derive(Debug, Clone, PartialEq)]
pub struct Boundary {
    /// Its code.
    pub code: String,
    /// Closed rings of longitude and latitude, in degrees: what lies within an odd number of them is in the area.
    pub rings: Vec<Vec<(f64, f64)>>,
}

/// Levels with more areas are for machines: no page shows them area by area.
pub const MOST_AREAS: usize = 60;

impl Edition {
    /// The areas of a level but `unknown`: the position of each in every report's tables, and its code.
    pub fn areas(&self, level: usize) -> Vec<(usize, &str)> {
        let table = self.stories.iter().find_map(|story| story.tables.get(level));
        table.map_or_else(Vec::new, |table| table.known_areas().collect())
    }

    /// A level by its name.
    pub fn level(&self, name: &str) -> Option<&AreaLevel> {
        self.levels.iter().find(|level| level.name == name)
    }

    /// Whether pages show a level area by area.
    pub fn shows(&self, level: usize) -> bool {
        self.areas(level).len() <= MOST_AREAS
    }

    /// The level of a chart of all areas: the one that it names, or the finest that pages show. `None` of a chart that is
    /// of one area.
    pub fn level_of(&self, chart: &Chart) -> Option<usize> {
        let (ChartKind::Areas { level } | ChartKind::Map { level }) = &chart.kind else { return None };
        let named = level.as_ref().and_then(|level| self.levels.iter().position(|it| it.name == *level));
        let finest = || (0..self.levels.len()).rev().find(|&at| self.shows(at)).unwrap_or(0);
        Some(named.unwrap_or_else(finest))
    }
}

impl AreaLevel {
    /// An area's name, or its code where it has none.
    pub fn name_of<'a>(&'a self, code: &'a str) -> &'a str {
        self.names.get(code).map_or(code, String::as_str)
    }
}

impl Story {
    /// A figure in words.
    pub fn figure(&self, name: &str) -> Option<&Published> {
        self.figures.iter().find(|it| it.name == name)
    }

    /// A dimension in words.
    pub fn dimension(&self, name: &str) -> Option<&DimensionWords> {
        self.dimensions.iter().find(|it| it.name == name)
    }

    /// A figure at a level, by exactly these dimensions.
    pub fn block(&self, level: usize, figure: &str, by: &[&str]) -> Option<&Block> {
        self.tables.get(level)?.by(figure, by)
    }
}

impl DimensionWords {
    /// What a value means.
    pub fn label<'a>(&'a self, value: &'a str) -> &'a str {
        self.labels.get(value).map_or(value, String::as_str)
    }
}
