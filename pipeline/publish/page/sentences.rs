//! Findings and words of a report, with the figures of an area.

use std::collections::{BTreeMap, BTreeSet};

use minijinja::value::Value;
use minijinja::{Environment, context};

use super::Place;
use super::figures::spoken;
use crate::config::published::Published;
use crate::config::words::{Comparisons, PLAIN, Said, language};
use crate::error::{Error, Result};
use crate::estimate::reliability::Mark;
use crate::look::Pages;
use crate::publish::edition::{Edition, Story};
use crate::publish::table::{Block, Row};
use crate::publish::text::bracketed;

/// The sentences of one report.
pub(super) struct Sentences<'a> {
    environment: Environment<'static>,
    edition: &'a Edition,
    story: &'a Story,
    pages: &'a Pages,
    /// The names that some sentence has.
    named: BTreeSet<String>,
}

impl<'a> Sentences<'a> {
    /// # Errors
    /// [`Error::System`] where a sentence is no template, which `smirr check` tells before a run.
    pub fn new(edition: &'a Edition, story: &'a Story, pages: &'a Pages) -> Result<Self> {
        let say = |key: &str| pages.say(key, ());
        let environment = language(Comparisons {
            higher: say("page_higher")?,
            lower: say("page_lower")?,
            alike: say("page_alike")?,
            missing: say("page_not_comparable")?,
        });
        let mut sentences = Sentences { environment, edition, story, pages, named: BTreeSet::new() };
        for text in story.findings.iter().chain(&story.words) {
            let template = sentences.environment.template_from_str(text).map_err(|e| sentences.faulty(&e))?;
            let named = template.undeclared_variables(false);
            sentences.named.extend(named);
        }
        Ok(sentences)
    }

    /// What a reader should know first of a place. A finding whose figures are not there gives way to one plain sentence.
    pub fn findings(&self, place: &Place) -> Result<Vec<String>> {
        let none = self.pages.say("page_no_finding", context! { area => &*place.name })?;
        let missing = [Mark::Withheld, Mark::NotApplicable].map(|mark| bracketed(mark.symbol()));
        let mut findings = Vec::new();
        for said in self.printed(&self.story.findings, place)? {
            let said = if missing.iter().any(|symbol| said.contains(symbol)) { none.clone() } else { said };
            if !findings.contains(&said) {
                findings.push(said);
            }
        }
        Ok(findings)
    }

    /// What a reader should know beside the figures of a place: paragraphs.
    pub fn words(&self, place: &Place) -> Result<Vec<String>> {
        let texts = self.printed(self.story.words.as_slice(), place)?;
        let paragraphs = texts.iter().flat_map(|text| text.split("\n\n")).map(|it| it.trim().to_owned());
        Ok(paragraphs.filter(|it| !it.is_empty()).collect())
    }

    fn printed(&self, texts: &[String], place: &Place) -> Result<Vec<String>> {
        if texts.is_empty() {
            return Ok(Vec::new());
        }
        let values = Value::from_pairs(self.values(place)?);
        let print = |text: &String| self.environment.render_str(text, values.clone()).map_err(|e| self.faulty(&e));
        texts.iter().map(print).collect()
    }

    /// What sentences can name: figures only where some sentence does.
    fn values(&self, place: &Place) -> Result<BTreeMap<String, Value>> {
        let mut values = BTreeMap::new();
        for figure in self.story.figures.iter().filter(|it| self.named.contains(&it.name)) {
            values.insert(figure.name.clone(), self.figure(figure, place)?.into_value());
        }
        let plain = [self.edition.board.clone(), self.edition.quarter.financial(), place.name.clone()];
        values.extend(PLAIN.map(str::to_owned).into_iter().zip(plain.map(Value::from)));
        Ok(values)
    }

    /// A figure of a place, whole and by each single dimension.
    fn figure(&self, figure: &Published, place: &Place) -> Result<Said> {
        let (level, area) = place.at;
        let unit = &figure.words.unit;
        let cells = |block: &Block| -> Result<Vec<Said>> {
            block.of_area(area).iter().map(|it| self.said(&block.row(*it), unit)).collect()
        };
        let mut said = match self.story.block(level, &figure.name, &[]) {
            Some(block) => self.said(&block.row(block.of_area(area)[0]), unit)?,
            // It is given by a dimension alone, as a funnel by its stages.
            None => Said { text: self.pages.say("page_no_figure", context! { symbol => "[z]" })?, ..Said::default() },
        };
        for dimension in figure.by.iter().filter(|set| set.len() == 1).flatten() {
            let Some(block) = self.story.block(level, &figure.name, &[dimension]) else { continue };
            let values = block.dimensions.iter().flat_map(|it| it.values.iter().cloned());
            said.by.insert(dimension.clone(), Said::by_value(values.zip(cells(block)?)));
        }
        Ok(said)
    }

    fn said(&self, row: &Row<'_>, unit: &str) -> Result<Said> {
        let rounded = |(lower, upper)| [row.rounded(lower), row.rounded(upper)];
        let numbers = row.estimate.value.zip(row.estimate.interval.map(rounded));
        Ok(Said {
            text: spoken(row, unit, self.pages)?,
            numbers: numbers.map(|(value, [lower, upper])| [row.rounded(value), lower, upper]),
            symbol: row.symbols(),
            by: BTreeMap::new(),
        })
    }

    /// A sentence's fault: which report's, and never what it was to show.
    fn faulty(&self, error: &minijinja::Error) -> Error {
        let line = error.line().map_or(String::new(), |line| format!(", line {line}"));
        let why = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
        Error::System(format!("a sentence of the report `{}`{line} cannot be printed: {why}", self.story.name))
    }
}
