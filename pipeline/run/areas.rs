//! The area levels as they are published: what areas are called, by the lookup or else by the board's files of boundaries,
//! and where they lie, by those files. All of it is public, and read before anything private is opened.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::edition::title;
use crate::boundaries::{self, Outlines, Wanted};
use crate::config::plan::{Level, Plan};
use crate::error::{Error, Result};
use crate::link::PublicTable;
use crate::measure::grid::Public;
use crate::publish::edition::{AreaLevel, Boundary};
use crate::schema::TableSchema;

/// The longest name of an area, in letters: longer ones are no names, and break tables and maps.
const LONGEST_NAME: usize = 100;

/// The area levels, in words and outlines; `note` hears what the operator should know.
///
/// # Errors
/// [`Error::Input`] where the lookup names an area twice, or a file of boundaries cannot be used.
pub fn levels(plan: &Plan, public: &Public, note: &dyn Fn(&str)) -> Result<Vec<AreaLevel>> {
    let missing = || Error::System(format!("the area lookup `{}` was not brought in", plan.geography.table));
    let lookup = public.get(&plan.geography.table).ok_or_else(missing)?;
    let schema = plan.sources.iter().find(|source| source.table == plan.geography.table).map(|it| it.schema.as_ref());
    let mut levels = Vec::new();
    for (at, level) in plan.geography.levels.iter().enumerate() {
        let column = schema.and_then(|schema| schema.columns.get(level.column.as_ref()?));
        let found = outlines(plan, (at, level), lookup, schema, note)?;
        let mut names = match (&level.column, column.and_then(|it| it.named_by.as_ref())) {
            (Some(codes), Some(names)) => names_of(lookup, &plan.geography.table, codes, names, note)?,
            (Some(_), None) => HashMap::new(),
            // Everyone in one area is everyone of the board.
            (None, _) => HashMap::from([(Level::ALL.2.to_owned(), plan.board.clone())]),
        };
        if names.is_empty() {
            // A lookup without names, as the official one is: boundaries mostly come with some.
            let legible = |(code, name): (String, String)| Some((code, legible(&name)?));
            names = found.names.into_iter().filter_map(legible).collect();
        }
        levels.push(AreaLevel {
            name: level.name.clone(),
            heading: level.heading.clone(),
            title: column.and_then(|it| it.description.clone()).unwrap_or_else(|| called(level)),
            names,
            boundaries: found.of.into_iter().map(|(code, rings)| Boundary { code, rings }).collect(),
        });
    }
    Ok(levels)
}

/// What a level is called that its schema does not describe: by its heading, where its name is no more ("HSCP", and not
/// "Hscp").
fn called(level: &Level) -> String {
    let title = title(&level.name);
    if title.eq_ignore_ascii_case(&level.heading) { level.heading.clone() } else { title }
}

/// An area's code to its name. An area without one, or with one that cannot be shown, goes by its code.
fn names_of(
    lookup: &PublicTable,
    table: &str,
    codes: &str,
    names: &str,
    note: &dyn Fn(&str),
) -> Result<HashMap<String, String>> {
    let texts = |column| lookup.texts(column).unwrap_or_default();
    let mut found: HashMap<&str, (&str, &str)> = HashMap::new();
    for ((code, name), key) in texts(codes).iter().zip(texts(names)).zip(lookup.keys()) {
        let (Some(code), Some(name)) = (code, name) else { continue };
        let (first, where_first) = *found.entry(code).or_insert((name, key));
        if first != name {
            return Err(Error::Input(format!(
                "`{table}` calls the area {code} both {first:?}, at {where_first}, and {name:?}, at {key}: let `{names}` \
                 have one name for it, or leave `named_by` out of the schema"
            )));
        }
    }
    let mut unusable = BTreeSet::new();
    let mut names = HashMap::new();
    for (code, (name, _)) in found {
        match legible(name) {
            Some(name) => _ = names.insert(code.to_owned(), name),
            None => _ = unusable.insert(code),
        }
    }
    if let Some(first) = unusable.first() {
        note(&format!(
            "{} areas of `{codes}` go by their codes, {first} among them: a name has at most {LONGEST_NAME} letters, and no \
             control characters.",
            unusable.len()
        ));
    }
    Ok(names)
}

/// A name as it can be shown: every run of blanks is one blank. `None` where it is too long, or would change how the text
/// about it is read or shown.
fn legible(name: &str) -> Option<String> {
    let turns =
        |c: char| matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}');
    let words = name.split_whitespace().collect::<Vec<_>>().join(" ");
    let fits = !words.is_empty() && words.chars().count() <= LONGEST_NAME;
    (fits && !words.chars().any(|c| c.is_control() || turns(c))).then_some(words)
}

/// The outlines of a level, where the board has boundaries of it.
fn outlines(
    plan: &Plan,
    (at, level): (usize, &Level),
    lookup: &PublicTable,
    schema: Option<&TableSchema>,
    note: &dyn Fn(&str),
) -> Result<Outlines> {
    let Some((_, path)) = plan.geography.boundaries.iter().find(|(level, _)| *level == at) else {
        return Ok(Outlines::default());
    };
    if let Some(fictional) = plan.fictional.as_ref().filter(|it| path.starts_with(&it.folder) && !path.exists()) {
        return Err(Error::Input(format!(
            "no such file: {}. A fictional board's boundaries are made with its extracts; where those were made by an \
             earlier smirr, remove {}, and all are made anew",
            path.display(),
            fictional.folder.display()
        )));
    }
    let texts = level.column.as_ref().and_then(|column| lookup.texts(column)).unwrap_or_default();
    let codes = texts.iter().flatten().map(String::as_str).collect::<BTreeSet<_>>();
    let none = BTreeMap::new();
    let column = schema.and_then(|schema| schema.columns.get(level.column.as_ref()?));
    let wanted = Wanted { level: &level.name, codes: &codes, retired: column.map_or(&none, |it| &it.retired) };
    let found = boundaries::read(path, wanted)?;
    if let Some(warning) = found.warning(path.strip_prefix(&plan.root).unwrap_or(path), &level.name) {
        note(&warning);
    }
    Ok(found)
}

#[cfg(test)]
#[path = "areas_tests.rs"]
mod tests;
