//! An edition by hand: two levels, three areas, and figures that a test sets one by one.

use std::collections::{BTreeMap, HashMap};

use crate::config::look::{Contact, Licence, Look};
use crate::config::page::{Chart, ChartKind};
use crate::config::published::{Holds, Published, Words};
use crate::estimate::Estimate;
use crate::estimate::reliability::{Mark, Rules};
use crate::look::Pages;
use crate::measure::grid::Dimension;
use crate::publish::edition::{AreaLevel, Boundary, DimensionWords, Edition, Story};
use crate::publish::label::{DefinitionLabel, Label, LossLabel};
use crate::publish::trends::Trends;
use crate::publish::{Block, Manifest, Table};

use super::super::{Picture, picture};

/// Words that would be markup, were they taken as such.
pub const HOSTILE: &str = "</title></svg><script>alert('1 & 2')</script>\" onload=\"x";

pub fn pages() -> Pages {
    Pages::new(&Look::default(), &[]).unwrap()
}

pub fn estimate(value: f64, lower: f64, upper: f64) -> Estimate {
    Estimate { value: Some(value), interval: Some((lower, upper)), unbiased: None, error: None, mark: Mark::Plain }
}

pub fn rate(value: f64) -> Estimate {
    estimate(value, value - 2.0, value + 3.0)
}

fn dimension(name: &str, values: &[&str]) -> Dimension {
    Dimension { name: name.into(), heading: name.into(), values: values.iter().map(|it| (*it).to_owned()).collect() }
}

/// A block of one figure, by one dimension or none.
pub fn block(figure: &str, by: Option<(&str, &[&str])>, cells: Vec<Estimate>) -> Block {
    let dimensions = by.map(|(name, values)| dimension(name, values)).into_iter().collect();
    Block { figure: figure.into(), decimals: 1, dimensions, cells, revised: false }
}

pub fn table(level: &str, areas: &[&str], blocks: Vec<Block>) -> Table {
    Table {
        report: "reach".into(),
        title: "Reach".into(),
        level: level.into(),
        quarter: "2026-Q3".into(),
        heading: "HB".into(),
        areas: areas.iter().chain(&["unknown"]).map(|it| (*it).to_owned()).collect(),
        dimensions: vec![("simd_quintile".into(), "SIMDQuintile".into()), ("stage".into(), "Stage".into())],
        blocks,
    }
}

fn published(name: &str, label: &str, unit: &str, holds: Holds) -> Published {
    let by = ["simd_quintile", "stage"].map(|it| vec![it.to_owned()]);
    let words = Words { label: label.into(), unit: unit.into(), holds };
    Published {
        name: name.into(),
        words,
        by: if name.starts_with("pathway") { vec![by[1].clone()] } else { by.into() },
    }
}

fn story(tables: Vec<Table>) -> Story {
    let words = |name: &str, title: &str, labels: &[(&str, &str)]| DimensionWords {
        name: name.into(),
        heading: title.into(),
        title: title.into(),
        description: None,
        labels: labels.iter().map(|(value, words)| ((*value).into(), (*words).into())).collect(),
    };
    Story {
        name: "reach".into(),
        title: "Reach".into(),
        protects: vec!["patient".into()],
        findings: Vec::new(),
        words: None,
        charts: Vec::new(),
        figures: vec![
            published("rate", "Referral rate", "per 1,000", Holds::NoiseAndSampling),
            published("other", "Other rate", "per 1,000", Holds::NoiseAndSampling),
            published("places", "Places", "places", Holds::Nothing),
            published("pathway", "People", "people", Holds::Noise),
            published("pathway_share", "People, per 100 who started", "%", Holds::NoiseAndSampling),
        ],
        dimensions: vec![
            words("simd_quintile", "SIMD quintile", &[("1", "1 (most deprived)"), ("unknown", "Unknown")]),
            words("stage", "Stage", &[("referred", "Referred"), ("seen", HOSTILE)]),
        ],
        rules: Rules::default(),
        revises: None,
        tables,
    }
}

fn label() -> Label {
    let loss = LossLabel { loss: "1".into(), loss_decimal: "1".into(), epsilon: None, delta: None };
    let definition = DefinitionLabel { name: "rho".into(), symbol: "rho".into(), source: String::new() };
    let text = serde_json::json!({
        "label_version": 1, "board": "B", "quarter": "2026-Q3", "units": [], "neighbours": "", "definition": definition,
        "total": loss, "right_in_100": 95, "reports": [], "composition": [], "spending": [], "public_inputs": [], "post_processing": [],
        "binding": "", "not_covered": [], "weaknesses": [],
    });
    serde_json::from_value(text).unwrap()
}

fn manifest() -> Manifest {
    let head = serde_json::json!({ "ledger": "L", "entries": 1, "hash": "00".repeat(32) });
    Manifest {
        smirr: "0".into(),
        board: "B".into(),
        quarter: "2026-Q3".into(),
        quarter_in_words: String::new(),
        bands: String::new(),
        ledger: serde_json::from_value(head).unwrap(),
        area_lookup: "one".into(),
        releases: Vec::new(),
        method: Default::default(),
        qualifiers: BTreeMap::new(),
        files: Vec::new(),
    }
}

/// A square of one degree whose north-western corner is `x` degrees east of the first.
pub fn square(code: &str, x: f64) -> Boundary {
    let west = -4.0 + x;
    let ring = vec![(west, 56.0), (west + 1.0, 56.0), (west + 1.0, 55.0), (west, 55.0), (west, 56.0)];
    Boundary { code: code.into(), rings: vec![ring] }
}

/// One board, `H`, and its areas, which are of the tables.
pub fn edition(tables: Vec<Table>) -> Edition {
    let level = |name: &str, names: &[(&str, &str)]| AreaLevel {
        name: name.into(),
        heading: "HB".into(),
        title: "Area".into(),
        names: names.iter().map(|(code, name)| ((*code).into(), (*name).into())).collect::<HashMap<_, _>>(),
        boundaries: Vec::new(),
    };
    Edition {
        board: "B".into(),
        quarter: "2026-Q3".parse().unwrap(),
        look: Look::default(),
        contact: Contact::default(),
        licence: Licence::Ogl,
        levels: vec![level("board", &[("H", "NHS Test")]), level("part", &[("A", "Alba"), ("B", HOSTILE)])],
        bands: vec!["simd_quintile".into()],
        stories: vec![story(tables)],
        label: label(),
        manifest: manifest(),
    }
}

pub fn chart(kind: ChartKind, figures: &[&str]) -> Chart {
    Chart { kind, figures: figures.iter().map(|it| (*it).to_owned()).collect(), title: "Title".into() }
}

pub fn bars(figures: &[&str]) -> Chart {
    chart(ChartKind::Bars { by: "simd_quintile".into() }, figures)
}

pub fn drawn(edition: &Edition, chart: &Chart, trends: &Trends) -> Option<Picture> {
    let picture = picture(edition, &edition.stories[0], chart, (0, 0), trends, &pages()).unwrap();
    if let Some(picture) = &picture {
        sound(&picture.svg);
    }
    picture
}

/// What every picture keeps: tags that close, no number that is none, no script, style or id.
pub fn sound(svg: &str) {
    assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>"));
    for part in ["<script", "<style", " id=\"", "onload=\"", "#0102"] {
        assert!(!svg.contains(part), "{part}: {svg}");
    }
    for name in ["x", "y", "width", "height", "cx", "cy", "r", "points", "d"] {
        for value in
            ["rect", "text", "circle", "polyline", "polygon", "path"].iter().flat_map(|tag| attributes(svg, tag, name))
        {
            assert!(value.chars().all(|c| c.is_ascii_digit() || " .-MHVLlz".contains(c)), "{name}={value}");
        }
    }
    let mut open = Vec::new();
    for tag in svg.split('<').skip(1) {
        let (inside, _) = tag.split_once('>').expect("a tag that ends");
        assert_eq!(inside.matches('"').count() % 2, 0, "{inside}");
        let name = inside.split([' ', '/']).find(|it| !it.is_empty()).unwrap();
        match (inside.starts_with('/'), inside.ends_with('/')) {
            (true, _) => assert_eq!(open.pop(), Some(name), "{svg}"),
            (_, true) => {}
            _ => open.push(name),
        }
    }
    assert_eq!(open, Vec::<&str>::new());
}

/// An attribute of every element of this name.
pub fn attributes(svg: &str, tag: &str, name: &str) -> Vec<String> {
    let tags = svg.split('<').filter(|it| it.starts_with(&format!("{tag} ")));
    let value = |it: &str| Some(it.split(&format!(" {name}=\"")).nth(1)?.split('"').next()?.to_owned());
    tags.filter_map(|it| value(it.split('>').next()?)).collect()
}

/// The same as numbers.
pub fn numbers(svg: &str, tag: &str, name: &str) -> Vec<f64> {
    attributes(svg, tag, name).iter().map(|it| it.parse().unwrap()).collect()
}

/// Every text with its place.
pub fn texts(svg: &str) -> Vec<(f64, String)> {
    let parts = svg.split("<text ").skip(1);
    parts
        .map(|it| {
            let x = it.split("x=\"").nth(1).unwrap().split('"').next().unwrap().parse().unwrap();
            (x, it.split('>').nth(1).unwrap().split('<').next().unwrap().to_owned())
        })
        .collect()
}
