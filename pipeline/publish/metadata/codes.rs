//! Lists of the codes that stand in tables, with what they mean: one an area level, one a dimension, one of figures and
//! one of qualifiers.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::config::published::Holds;
use crate::error::Result;
use crate::look::Pages;
use crate::measure::grid::UNKNOWN;
use crate::publish::edition::{AreaLevel, DimensionWords, Edition, Story};
use crate::publish::names;
use crate::publish::table::ALL;
use crate::publish::tidy::{field, unwritten};

/// A list of codes: a small table of text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CodeList {
    /// Its name, which is that of its file without the ending.
    pub name: String,
    /// What it is a list of.
    pub title: String,
    /// Its headings; those that identify a row first.
    pub headings: Vec<&'static str>,
    /// How many headings identify a row.
    pub keys: usize,
    /// Its rows.
    pub rows: Vec<Vec<String>>,
}

/// The column of decimals, which alone is a number.
pub(super) const DECIMALS: &str = "Decimals";

/// All lists of a pack.
pub(super) struct CodeLists {
    pub figures: CodeList,
    pub qualifiers: CodeList,
    lists: Vec<CodeList>,
    of_level: BTreeMap<String, usize>,
    of_dimension: BTreeMap<(String, String), usize>,
}

impl CodeList {
    /// Its file.
    pub fn file(&self) -> String {
        names::codes(&self.name)
    }

    /// As CSV. Words are free text, of lookups and YAML: one that a spreadsheet would take for a formula is written with
    /// an apostrophe before it.
    ///
    /// # Errors
    /// None that memory does not give.
    pub fn csv(&self) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let header = self.headings.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
        for row in [&header].into_iter().chain(&self.rows) {
            if row.len() != header.len() {
                return Err(unwritten("CSV"));
            }
            for (at, text) in row.iter().enumerate() {
                if at > 0 {
                    bytes.push(b',');
                }
                // Codes come from checked lists, and stand as tables have them.
                match at >= self.keys && runs(text) {
                    true => field(&mut bytes, &format!("'{text}")),
                    false => field(&mut bytes, text),
                }
            }
            bytes.push(b'\n');
        }
        Ok(bytes)
    }
}

/// Whether a spreadsheet may take a text for a formula: by how it begins, be it after blanks. A range of numbers may begin
/// below zero.
fn runs(text: &str) -> bool {
    let is_range = text.strip_prefix('-').is_some_and(|rest| {
        rest.starts_with(|c: char| c.is_ascii_digit())
            && rest.chars().all(|c| c.is_ascii_alphanumeric() || " -.".contains(c))
    });
    let formula = text.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']);
    text.starts_with(['\t', '\r', '\n']) || (formula && !is_range)
}

impl CodeLists {
    /// The lists of what an edition publishes.
    ///
    /// # Errors
    /// As [`Pages::say`].
    pub fn of(edition: &Edition, pages: &Pages) -> Result<Self> {
        let tables = edition.stories.iter().flat_map(|story| &story.tables);
        let files = tables.flat_map(|it| [names::table, names::series].map(|name| name(&it.report, &it.level, "csv")));
        let mut taken = Names(files.collect());
        let figures = figures(edition, pages, taken.free("codes-figures"))?;
        let qualifiers = qualifiers(edition, pages, taken.free("codes-qualifiers"))?;
        let (mut lists, mut of_level, mut of_dimension) = (Vec::new(), BTreeMap::new(), BTreeMap::new());
        for level in &edition.levels {
            of_level.insert(level.name.clone(), lists.len());
            lists.push(areas(edition, level, pages, taken.free(&format!("codes-{}", level.name)))?);
        }
        for (name, stories) in dimensions(edition) {
            let together = agreed(&stories);
            for group in if together { vec![stories] } else { stories.into_iter().map(|it| vec![it]).collect() } {
                let wanted = match (together, group.first()) {
                    (false, Some((story, _))) => format!("codes-{}-{name}", story.name),
                    _ => format!("codes-{name}"),
                };
                let list = values(&group, name, pages, taken.free(&wanted))?;
                of_dimension.extend(group.iter().map(|(it, _)| ((it.name.clone(), name.to_owned()), lists.len())));
                lists.push(list);
            }
        }
        Ok(CodeLists { figures, qualifiers, lists, of_level, of_dimension })
    }

    /// Every list.
    pub fn all(&self) -> impl Iterator<Item = &CodeList> {
        self.lists.iter().chain([&self.figures, &self.qualifiers])
    }

    /// The codes of an area level.
    pub fn of_level(&self, name: &str) -> Option<&CodeList> {
        self.lists.get(*self.of_level.get(name)?)
    }

    /// The codes of a report's dimension.
    pub fn of_dimension(&self, report: &str, name: &str) -> Option<&CodeList> {
        self.lists.get(*self.of_dimension.get(&(report.to_owned(), name.to_owned()))?)
    }
}

/// Names that files have, so that no list takes one: a dimension may be called like a level, and a report `codes`.
struct Names(BTreeSet<String>);

impl Names {
    fn free(&mut self, wanted: &str) -> String {
        let mut name = wanted.to_owned();
        while !self.0.insert(names::codes(&name)) {
            name.push('_');
        }
        name
    }
}

fn figures(edition: &Edition, pages: &Pages, name: String) -> Result<CodeList> {
    let mut rows = Vec::new();
    for story in &edition.stories {
        let blocks = story.tables.iter().flat_map(|table| &table.blocks);
        let decimals = blocks.map(|block| (block.figure.as_str(), block.decimals)).collect::<HashMap<_, _>>();
        for figure in &story.figures {
            let Some(decimals) = decimals.get(figure.name.as_str()) else { continue };
            let holds = match figure.words.holds {
                Holds::Nothing => "metadata_holds_nothing",
                Holds::Noise => "metadata_holds_noise",
                Holds::NoiseAndSampling => "metadata_holds_noise_and_sampling",
            };
            let holds = pages.say(holds, ())?;
            let unit = match figure.words.unit.as_str() {
                "" => pages.say("metadata_no_unit", ())?,
                unit => unit.to_owned(),
            };
            rows.push(vec![
                story.name.clone(),
                figure.name.clone(),
                figure.words.label.clone(),
                unit,
                holds,
                decimals.to_string(),
            ]);
        }
    }
    let headings = vec!["Report", "Figure", "Label", "Unit", "IntervalHolds", DECIMALS];
    Ok(CodeList { name, title: pages.say("metadata_figures_title", ())?, headings, keys: 2, rows })
}

fn qualifiers(edition: &Edition, pages: &Pages, name: String) -> Result<CodeList> {
    let rows = edition.manifest.qualifiers.iter().map(|(symbol, meaning)| vec![symbol.clone(), meaning.clone()]);
    let headings = vec!["Symbol", "Meaning"];
    Ok(CodeList { name, title: pages.say("metadata_qualifiers_title", ())?, headings, keys: 1, rows: rows.collect() })
}

fn areas(edition: &Edition, level: &AreaLevel, pages: &Pages, name: String) -> Result<CodeList> {
    let (unknown, mut seen, mut rows) = (pages.say("unknown_area", ())?, HashSet::new(), Vec::new());
    let tables = edition.stories.iter().flat_map(|story| &story.tables).filter(|table| table.level == level.name);
    for area in tables.flat_map(|table| &table.areas) {
        if seen.insert(area.as_str()) {
            let called = if area == UNKNOWN { unknown.as_str() } else { level.name_of(area) };
            rows.push(vec![area.clone(), called.to_owned()]);
        }
    }
    Ok(CodeList { name, title: level.title.clone(), headings: vec!["Code", "Name"], keys: 1, rows })
}

type InStory<'a> = (&'a Story, &'a DimensionWords);

/// The dimensions of all reports by name, each with the reports that have it.
fn dimensions(edition: &Edition) -> BTreeMap<&str, Vec<InStory<'_>>> {
    let mut found = BTreeMap::<_, Vec<_>>::new();
    for story in &edition.stories {
        for dimension in &story.dimensions {
            found.entry(dimension.name.as_str()).or_default().push((story, dimension));
        }
    }
    found
}

/// The values of a report's dimension, in the order of its figures, each once.
fn values_of<'a>((story, dimension): &InStory<'a>) -> Vec<&'a str> {
    let blocks = story.tables.iter().flat_map(|table| &table.blocks).flat_map(|block| &block.dimensions);
    let values = blocks.filter(|it| it.name == dimension.name).flat_map(|it| &it.values);
    let mut seen = HashSet::new();
    values.map(String::as_str).filter(|value| seen.insert(*value)).collect()
}

/// Whether reports mean the same by each value that they share: a stage of one pathway may be called as one of another.
fn agreed(stories: &[InStory<'_>]) -> bool {
    let mut meaning = HashMap::new();
    let mut pairs = stories.iter().flat_map(|it| values_of(it).into_iter().map(|value| (value, it.1.label(value))));
    pairs.all(|(value, label)| *meaning.entry(value).or_insert(label) == label)
}

fn values(stories: &[InStory<'_>], dimension: &str, pages: &Pages, name: String) -> Result<CodeList> {
    let title = stories.first().map_or(dimension, |(_, it)| &it.title).to_owned();
    let mut rows = vec![vec![ALL.to_owned(), pages.say("metadata_all_values", ())?]];
    let mut seen = HashSet::from([ALL]);
    for story in stories {
        for value in values_of(story).into_iter().filter(|it| *it != UNKNOWN) {
            if seen.insert(value) {
                rows.push(vec![value.to_owned(), story.1.label(value).to_owned()]);
            }
        }
    }
    // Last, wherever the reports have it.
    if let Some((_, dimension)) = stories.iter().find(|it| values_of(it).contains(&UNKNOWN)) {
        rows.push(vec![UNKNOWN.to_owned(), dimension.label(UNKNOWN).to_owned()]);
    }
    Ok(CodeList { name, title, headings: vec!["Code", "Label"], keys: 1, rows })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_would_run_are_written_with_an_apostrophe_and_ranges_as_they_are() {
        let row = |code: &str, label: &str| vec![code.to_owned(), label.to_owned()];
        let rows =
            vec![row("-5 to -1", "-5 to -1"), row("a", "=1"), row("b", " @x"), row("c", "-1+A1"), row("d", "-x")];
        let list = CodeList { name: "l".into(), title: String::new(), headings: vec!["Code", "Label"], keys: 1, rows };
        let text = String::from_utf8(list.csv().unwrap()).unwrap();
        assert_eq!(text, "Code,Label\n-5 to -1,-5 to -1\na,'=1\nb,' @x\nc,'-1+A1\nd,'-x\n");
    }

    #[test]
    fn no_list_takes_the_name_of_another_file() {
        let mut names = Names(BTreeSet::from(["codes-hscp.csv".to_owned()]));
        assert_eq!(
            [names.free("codes-hscp"), names.free("codes-hscp"), names.free("x")],
            ["codes-hscp_", "codes-hscp__", "x"]
        );
    }
}
