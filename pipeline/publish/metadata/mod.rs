//! What the machines' files say of themselves: lists of the codes in them, W3C metadata (CSVW) and a Frictionless Data
//! Package. It grows with columns and codes, and not with rows.

mod codes;
mod csvw;
mod datapackage;

use std::collections::BTreeMap;

use minijinja::context;

use self::codes::{CodeList, CodeLists};
use super::edition::{Edition, Story};
use super::manifest::File;
use super::names::{self, CSVW, DATA_PACKAGE};
use super::pack::{NewFile, json};
use super::table::Table;
use crate::config::board::Format;
use crate::error::Result;
use crate::look::Pages;

/// The lists of codes as files: beside CSV alone, for Parquet without CSV is read by programs that bring their own.
///
/// # Errors
/// [`crate::error::Error::System`] where a board's own strings ask for what is not there.
pub(super) fn code_lists(edition: &Edition, formats: &[Format]) -> Result<Vec<NewFile>> {
    if !formats.contains(&Format::Csv) {
        return Ok(Vec::new());
    }
    let lists = CodeLists::of(edition, &Pages::new(&edition.look, &[])?)?;
    lists.all().map(|list| Ok((list.file(), list.csv()?))).collect()
}

/// The files that describe others, once these are written: none where there is no CSV and no Parquet.
///
/// # Errors
/// As [`code_lists`].
pub(super) fn descriptions(edition: &Edition, written: &[File]) -> Result<Vec<NewFile>> {
    let pages = Pages::new(&edition.look, &[])?;
    let lists = CodeLists::of(edition, &pages)?;
    let described = described(edition, &lists, written);
    let mut files = Vec::new();
    if described.iter().any(|it| it.is_csv()) {
        files.push((CSVW.to_owned(), json(&csvw::csvw(edition, &described, &pages)?)?));
    }
    if !described.is_empty() {
        files.push((DATA_PACKAGE.to_owned(), json(&datapackage::datapackage(edition, &described, &pages)?)?));
    }
    Ok(files)
}

/// A file that is described: what it is, and what it holds.
struct Described<'a> {
    file: &'a File,
    content: Content<'a>,
}

/// What a described file holds.
enum Content<'a> {
    /// A table of a report, or its series with earlier quarters.
    Table { story: &'a Story, table: &'a Table, level: &'a str, is_series: bool, lists: &'a CodeLists },
    /// A list of codes.
    Codes(&'a CodeList),
}

impl Described<'_> {
    fn is_csv(&self) -> bool {
        self.file.name.ends_with(".csv")
    }

    /// Its name among the others, of any format.
    fn resource(&self) -> String {
        match self.file.name.strip_suffix(".csv") {
            Some(stem) => stem.to_owned(),
            None => self.file.name.replace(".parquet", "-parquet"),
        }
    }

    fn title(&self, pages: &Pages) -> Result<String> {
        match &self.content {
            Content::Codes(list) => Ok(list.title.clone()),
            Content::Table { story, level, is_series, .. } => {
                let key = if *is_series { "metadata_series" } else { "metadata_table" };
                pages.say(key, context! { title => &story.title, level => *level })
            }
        }
    }
}

/// Every CSV and Parquet file of the pack that is known here, in the order in which they are written. The file's name is
/// made again and looked up: a name does not say for sure what is in the file.
fn described<'a>(edition: &'a Edition, lists: &'a CodeLists, written: &'a [File]) -> Vec<Described<'a>> {
    let mut contents = BTreeMap::new();
    for story in &edition.stories {
        for table in &story.tables {
            let level = edition.level(&table.level).map_or(table.level.as_str(), |level| &level.title);
            for ending in ["csv", "parquet"] {
                let own = names::table(&story.name, &table.level, ending);
                contents.insert(own, Content::Table { story, table, level, is_series: false, lists });
                let series = names::series(&story.name, &table.level, ending);
                contents.insert(series, Content::Table { story, table, level, is_series: true, lists });
            }
        }
    }
    contents.extend(lists.all().map(|list| (list.file(), Content::Codes(list))));
    let known = |file: &'a File| Some(Described { content: contents.remove(&file.name)?, file });
    written.iter().filter_map(known).collect()
}

/// What the pack is.
fn title(edition: &Edition, pages: &Pages) -> Result<String> {
    pages.say("metadata_title", context! { board => &edition.board, quarter => &edition.manifest.quarter_in_words })
}

/// What one column of a table holds.
#[derive(Clone, Copy, PartialEq)]
enum Role<'a> {
    Quarter,
    /// Areas, or a dimension: the heading, and its codes.
    Label(&'a str, &'a str, Option<&'a CodeList>),
    /// What is said beside such a label.
    LabelQualifier(&'a str),
    Figure,
    Value,
    ValueQualifier,
    /// A number beside the value: the key of its words.
    Number(&'static str),
}

/// The columns of a table, in the order of its file; with the codes of each that has a list.
fn columns<'a>(story: &'a Story, table: &'a Table, level: &'a str, lists: &'a CodeLists) -> Vec<(String, Role<'a>)> {
    let titles = table.dimensions.iter().map(|(name, heading)| {
        let title = story.dimension(name).map_or(heading.as_str(), |it| &it.title);
        (heading.as_str(), title, lists.of_dimension(&story.name, name))
    });
    let areas = [(table.heading.as_str(), level, lists.of_level(&table.level))];
    let labels = areas
        .into_iter()
        .chain(titles)
        .flat_map(|(heading, title, list)| [Role::Label(heading, title, list), Role::LabelQualifier(title)]);
    let numbers = [
        Role::Figure,
        Role::Value,
        Role::ValueQualifier,
        Role::Number("metadata_lower"),
        Role::Number("metadata_upper"),
        Role::Number("metadata_unbiased"),
        Role::Number("metadata_error"),
    ];
    let roles = [Role::Quarter].into_iter().chain(labels).chain(numbers);
    table.columns().into_iter().zip(roles).collect()
}

impl Role<'_> {
    fn is_key(self) -> bool {
        matches!(self, Role::Quarter | Role::Label(..) | Role::Figure)
    }

    fn is_number(self) -> bool {
        matches!(self, Role::Value | Role::Number(_))
    }

    /// What it is, for a reader.
    fn description(self, pages: &Pages) -> Result<String> {
        match self {
            Role::Quarter => pages.say("metadata_quarter", ()),
            Role::Label(_, title, _) => Ok(title.to_owned()),
            Role::LabelQualifier(title) => pages.say("metadata_label_qualifier", context! { of => title }),
            Role::Figure => pages.say("metadata_figure", ()),
            Role::Value => pages.say("metadata_value", ()),
            Role::ValueQualifier => pages.say("metadata_value_qualifier", ()),
            Role::Number(key) => pages.say(key, ()),
        }
    }
}

/// The names of the figures of a table, in its order, each once.
fn figures(table: &Table) -> Vec<&str> {
    let mut seen = std::collections::HashSet::new();
    table.blocks.iter().map(|block| block.figure.as_str()).filter(|name| seen.insert(*name)).collect()
}

/// A quarter as it is written.
const QUARTER: &str = "[0-9]{4}-Q[1-4]";
