//! An edition by hand: every kind of figure, mark and dimension, and hostile words.

use std::collections::{BTreeMap, HashMap};

use crate::config::look::{Contact, Licence, Look};
use crate::config::published::{Holds, Published, Words};
use crate::estimate::Estimate;
use crate::estimate::reliability::{Mark, Rules};
use crate::measure::grid::Dimension;
use crate::publish::edition::{AreaLevel, DimensionWords, Edition, Story};
use crate::publish::label::{DefinitionLabel, Label, LossLabel};
use crate::publish::{Block, Manifest, Table};

/// An area whose name would be a formula, were it read as one.
pub const HOSTILE: &str = "=HYPERLINK(\"https://example.org\",\"x\")";

pub fn edition(tables: Vec<Table>) -> Edition {
    let level = |name: &str, title: &str| AreaLevel {
        name: name.into(),
        heading: "HB".into(),
        title: title.into(),
        names: HashMap::from([("S1".into(), HOSTILE.into()), ("S2".into(), "+44 & <b>\u{1}\"'".into())]),
        boundaries: Vec::new(),
    };
    Edition {
        board: "NHS <Test> & Board".into(),
        quarter: "2026-Q3".parse().unwrap(),
        look: Look::default(),
        contact: Contact { name: Some("The team".into()), email: Some("team@example.org".into()), url: None },
        licence: Licence::Ogl,
        levels: vec![level("board", "Health board"), level("zone", "Data zone")],
        bands: vec!["simd_quintile".into()],
        stories: vec![story(tables)],
        label: label(),
        manifest: manifest(),
    }
}

fn story(tables: Vec<Table>) -> Story {
    let figure = |name: &str, label: &str, unit: &str, holds: Holds| Published {
        name: name.into(),
        words: Words { label: label.into(), unit: unit.into(), holds },
        by: vec![vec![], vec!["simd_quintile".into()]],
    };
    Story {
        name: "reach".into(),
        title: "Who is reached?".into(),
        protects: vec!["patient".into()],
        findings: Vec::new(),
        words: Some("Read\nwith care.\n".into()),
        charts: Vec::new(),
        figures: vec![
            figure("referred", "People referred", "people", Holds::Noise),
            figure("rate", "Rate", "per 1,000", Holds::NoiseAndSampling),
            figure("places", "Places", "places", Holds::Nothing),
            figure("ratio", "Rate", "", Holds::NoiseAndSampling),
        ],
        dimensions: vec![DimensionWords {
            name: "simd_quintile".into(),
            heading: "SIMDQuintile".into(),
            title: "SIMD quintile".into(),
            description: Some("SIMD fifth; 1 is the most deprived".into()),
            labels: HashMap::from([("1".into(), "1 (most deprived)".into()), ("unknown".into(), "Unknown".into())]),
        }],
        rules: Rules::default(),
        revises: Some("revision 1".into()),
        tables,
    }
}

pub fn estimate(value: f64, mark: Mark) -> Estimate {
    let shown = mark.shows_value();
    let interval = Some((value - 2.25, value + 3.5)).filter(|_| shown);
    Estimate { value: Some(value).filter(|_| shown), interval, unbiased: None, error: None, mark }
}

pub fn block(figure: &str, decimals: u32, values: &[&str], areas: usize, marks: &[Mark]) -> Block {
    let dimension = Dimension {
        name: "simd_quintile".into(),
        heading: "SIMDQuintile".into(),
        values: values.iter().map(|it| (*it).to_owned()).collect(),
    };
    let cells = areas * values.len().max(1);
    Block {
        figure: figure.into(),
        decimals,
        dimensions: if values.is_empty() { Vec::new() } else { vec![dimension] },
        cells: (0..cells).map(|at| estimate(1_000.0 * at as f64 + 0.26, marks[at % marks.len()])).collect(),
        revised: false,
    }
}

pub fn table(level: &str, areas: usize, blocks: Vec<Block>) -> Table {
    Table {
        report: "reach".into(),
        title: "Who is reached?".into(),
        level: level.into(),
        quarter: "2026-Q3".into(),
        heading: "HB".into(),
        areas: (1..areas).map(|at| format!("S{at}")).chain(["unknown".into()]).collect(),
        dimensions: vec![("simd_quintile".into(), "SIMDQuintile".into())],
        blocks,
    }
}

/// Two areas and the unknown one, with every mark; a figure without an interval; and two figures of one label.
pub fn usual() -> Edition {
    let marks = [Mark::Plain, Mark::Unreliable, Mark::Withheld, Mark::NotApplicable, Mark::Low];
    let mut revised = block("ratio", 2, &["1", "unknown"], 3, &marks);
    revised.revised = true;
    edition(vec![table(
        "board",
        3,
        vec![
            block("referred", 0, &["1", "unknown"], 3, &marks),
            block("referred", 0, &[], 3, &[Mark::Plain]),
            block("rate", 1, &["1", "unknown"], 3, &[Mark::Plain]),
            block("places", 0, &["1", "unknown"], 3, &[Mark::Plain]),
            revised,
        ],
    )])
}

fn loss() -> LossLabel {
    LossLabel { loss: "1/10".into(), loss_decimal: "0.1".into(), epsilon: None, delta: None }
}

fn label() -> Label {
    Label {
        label_version: 1,
        board: "NHS Test".into(),
        quarter: "2026-Q3".into(),
        units: Vec::new(),
        neighbours: String::new(),
        definition: DefinitionLabel { name: "zCDP".into(), symbol: "rho".into(), source: String::new() },
        total: loss(),
        right_in_100: 50,
        reports: Vec::new(),
        composition: Vec::new(),
        spending: Vec::new(),
        public_inputs: Vec::new(),
        post_processing: Vec::new(),
        binding: String::new(),
        not_covered: Vec::new(),
        weaknesses: Vec::new(),
    }
}

fn manifest() -> Manifest {
    let quarter = "2026-Q3".parse::<crate::config::quarter::Quarter>().unwrap();
    Manifest {
        smirr: "0.1.0".into(),
        board: "NHS Test".into(),
        quarter: quarter.to_string(),
        quarter_in_words: quarter.financial(),
        bands: String::new(),
        ledger: serde_json::from_value(serde_json::json!({ "ledger": "", "entries": 0, "hash": "0".repeat(64) }))
            .unwrap(),
        area_lookup: String::new(),
        releases: Vec::new(),
        method: Default::default(),
        qualifiers: BTreeMap::new(),
        files: Vec::new(),
    }
}
