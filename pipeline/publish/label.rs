//! The privacy label as data: what is promised, to whom, at what loss, by which bounds and noise. The same run gives the
//! same bytes. Its JSON Schema is `schemas/privacy-label.schema.json`, made from these types.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::edition::Story;
use super::trust::published;

/// `privacy.json` of a pack.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Label {
    /// The version of this format.
    pub label_version: u32,
    /// The board.
    pub board: String,
    /// The quarter that the figures describe.
    pub quarter: String,
    /// Whom the figures protect; at least patients.
    pub units: Vec<Unit>,
    /// Which two boards must look almost the same.
    pub neighbours: String,
    /// How "almost" is counted.
    pub definition: DefinitionLabel,
    /// What all reports cost together: the loss of someone who is in all of them.
    pub total: LossLabel,
    /// Someone who knows all rows of everybody else, holds even odds that one person's rows are there, and guesses from all
    /// that is published of this quarter, is right at most so many times in 100, rounded up; a coin is right 50 times.
    /// By Pinsker's and by Bretagnolle and Huber's inequality for rho; by definition for epsilon.
    pub right_in_100: u32,
    /// What each report cost.
    pub reports: Vec<ReportLabel>,
    /// How losses add up.
    pub composition: Vec<String>,
    /// What was spent and what is allowed, for each role, when the newest of these figures was drawn.
    pub spending: Vec<SpendingLabel>,
    /// What is public, and taken as it is.
    pub public_inputs: Vec<String>,
    /// What was done to the noised figures: it looks at nothing private, and costs nothing.
    pub post_processing: Vec<String>,
    /// How often the bounds cut what people contributed.
    pub binding: String,
    /// What the promise does not cover.
    pub not_covered: Vec<String>,
    /// What makes this board's pseudonyms weaker than they could be; empty where nothing does.
    pub weaknesses: Vec<String>,
}

/// Whom figures protect.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Unit {
    /// `patient` or `practitioner`.
    pub role: String,
    /// What of them is protected.
    pub protects: String,
}

/// A definition of privacy loss.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DefinitionLabel {
    /// Its name.
    pub name: String,
    /// Its symbol: `rho` or `epsilon`.
    pub symbol: String,
    /// Where it comes from.
    pub source: String,
}

/// What one report cost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportLabel {
    /// The report.
    pub report: String,
    /// Its title.
    pub title: String,
    /// The roles that it protects; each is charged the loss.
    pub protects: Vec<String>,
    /// What it cost.
    pub cost: LossLabel,
    /// Its noised tables, as they were drawn.
    pub tables: Vec<TableLabel>,
    /// Its counts as they are published, after the noised tables were combined.
    pub published: Vec<PublishedLabel>,
}

/// How near the truth a published table of counts is. It is computed from what is published alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PublishedLabel {
    /// The measure, which is the figure's name in published files.
    pub measure: String,
    /// The measure in words.
    pub label: String,
    /// Its unit.
    pub unit: String,
    /// The area level.
    pub level: String,
    /// The dimensions beside areas.
    pub by: Vec<String>,
    /// Its cells that have an interval.
    pub cells: usize,
    /// How far the 95% interval reaches from the value to its farther end, in the measure's unit: the median over these
    /// cells, of two in the middle the lesser. About 1 in 20 figures is off by more than its interval reaches.
    pub interval_reach: f64,
}

/// A loss.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LossLabel {
    /// The loss, as an exact fraction.
    pub loss: String,
    /// The loss, rounded up for reading.
    pub loss_decimal: String,
    /// For rho: the epsilon at `delta` that it implies, by OpenDP's conversion.
    pub epsilon: Option<f64>,
    /// The delta of that epsilon.
    pub delta: Option<String>,
}

/// One noised table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TableLabel {
    /// The measure.
    pub measure: String,
    /// The measure in words.
    pub label: String,
    /// The area level.
    pub level: String,
    /// The dimensions beside areas.
    pub by: Vec<String>,
    /// Cells of its public grid: all of them are published, zeros included.
    pub cells: usize,
    /// What one person can do to it: proved of the query's plan before it ran.
    pub bounds: BoundsLabel,
    /// The noise's distribution.
    pub mechanism: String,
    /// Its scale, in the measure's unit.
    pub scale: f64,
    /// The noise of 95 of 100 cells, as drawn, is within this. What holds of published figures is in `published`.
    pub noise_within_95: u64,
    /// What it cost, as an exact fraction.
    pub loss: String,
    /// What it cost, rounded up for reading.
    pub loss_decimal: String,
}

/// What one person can do to a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BoundsLabel {
    /// Most cells that they move (L0).
    pub cells: u32,
    /// Least that they add to a cell.
    pub least: i64,
    /// Most that they add to a cell.
    pub most: i64,
    /// The most that they move the table, cells added up (L1): an exact whole number.
    pub l1: String,
    /// The square of the Euclidean distance that they move it (L2): an exact whole number.
    pub l2_squared: String,
}

/// What was spent on one role's people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SpendingLabel {
    /// The role.
    pub role: String,
    /// Over which quarters.
    pub over: String,
    /// The definition of loss in which the limit is set: `rho` or `epsilon`.
    pub definition: String,
    /// What was spent, in the limit's definition, rounded up; absent where it cannot be counted in it.
    pub spent: Option<String>,
    /// The limit, rounded down.
    pub limit: String,
    /// What remains, rounded down.
    pub remains: Option<String>,
    /// How often a guess at one person is right at most, were the limit spent: see [`Label::right_in_100`].
    pub right_in_100: u32,
}

impl Label {
    /// Adds how near the truth the counts of each report are, as they are published.
    pub fn say_published(&mut self, stories: &[Story]) {
        for (report, story) in self.reports.iter_mut().zip(stories) {
            let measures = report.tables.iter().map(|table| table.measure.as_str()).collect::<Vec<_>>();
            report.published = published(story, &measures);
        }
    }

    /// The JSON Schema of a label.
    pub fn json_schema() -> serde_json::Value {
        schemars::schema_for!(Label).to_value()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// To write it anew: `SMIRR_WRITE_SCHEMAS=1 cargo nextest run --release the_committed_schema`.
    #[test]
    fn the_committed_schema_is_that_of_the_types() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/privacy-label.schema.json");
        let text = serde_json::to_string_pretty(&Label::json_schema()).unwrap() + "\n";
        if std::env::var_os("SMIRR_WRITE_SCHEMAS").is_some() {
            std::fs::write(&path, &text).unwrap();
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    }
}
