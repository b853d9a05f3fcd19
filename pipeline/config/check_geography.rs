//! Levels and bands, held against the area lookup that patients refer to.

use super::diagnostic::Diagnostics;
use super::plan::{Band, Geography, Level};
use super::source::Document;
use super::suggest::{advice, quote};
use super::tables::{PATIENTS, Tables};
use crate::schema::{Column, Kind, TableSchema};

/// The public area lookup: its name, and the patients' column that leads to it.
pub(super) struct Lookup {
    pub table: String,
    pub via: String,
}

/// Finds the area lookup: among the tables that patients refer to, the one that has most of the levels.
pub(super) fn lookup(board: &Document, tables: &Tables) -> Option<Lookup> {
    let levels = level_names(board);
    let mut best: Option<(usize, Lookup)> = None;
    for (via, column) in &tables.get(PATIENTS)?.columns {
        let Some(table) = column.to.as_ref().filter(|_| column.kind == Kind::Reference) else { continue };
        let columns = tables.get(table).map(|schema| &schema.columns);
        let has = levels.iter().filter(|level| columns.is_some_and(|columns| columns.contains_key(**level))).count();
        if best.as_ref().is_none_or(|(most, _)| has > *most) {
            best = Some((has, Lookup { table: table.clone(), via: via.clone() }));
        }
    }
    best.map(|(_, lookup)| lookup)
}

/// The names of the levels, from the marked tree, in order.
pub(super) fn level_names(board: &Document) -> Vec<&str> {
    strings(board, "levels")
}

/// The names of the bands, from the marked tree, in order.
pub(super) fn band_names(board: &Document) -> Vec<String> {
    let bands = board.root.find(&["geography"]).get("bands").map_or(&[][..], |bands| bands.entries());
    bands.iter().filter_map(|(key, _)| key.text().map(str::to_string)).collect()
}

fn strings<'a>(board: &'a Document, key: &str) -> Vec<&'a str> {
    let items = board.root.find(&["geography"]).get(key).map_or(&[][..], |node| node.items());
    items.iter().filter_map(|item| item.text()).collect()
}

/// Levels and bands by name, each held against its column. `None` after a complaint.
pub(super) fn check(
    board: &Document,
    yaml: &super::board::GeographyYaml,
    tables: &Tables,
    complaints: &mut Diagnostics,
) -> Option<Geography> {
    let patients = tables.get(PATIENTS)?;
    let Some(lookup) = lookup(board, tables) else {
        let help = "give a column of that schema `type: reference` and `to:` the area lookup";
        let message = format!("`{}` refers to no area lookup", patients.table);
        complaints.push(board.key(&["geography"], message).help(help));
        return None;
    };
    let areas = tables.get(&lookup.table)?;
    let mut levels: Vec<Level> = Vec::new();
    if yaml.levels.is_empty() {
        complaints.push(board.value(&["geography", "levels"], "at least one level is needed"));
    }
    for (at, name) in yaml.levels.iter().enumerate() {
        let place = |message: String| board.value(&["geography", "levels", &at.to_string()], message);
        if levels.iter().any(|level| level.name == *name) {
            complaints.push(place(format!("{} is listed twice", quote(name))));
            continue;
        }
        let (all, heading, _) = Level::ALL;
        if name == all {
            if at > 0 {
                complaints
                    .push(place(format!("`{all}` is everyone in one area")).help("write it first: it is the coarsest"));
            }
            levels.push(Level { name: name.clone(), column: None, heading: heading.into() });
            continue;
        }
        let fits = |column: &Column| column.kind == Kind::Area && column.keep;
        let Some(column) = areas.columns.get(name).filter(|column| fits(column)) else {
            let known = areas.columns.iter().filter(|(_, column)| fits(column)).map(|(name, _)| name.as_str());
            let known = known.chain([all].into_iter().filter(|_| at == 0));
            let mut complaint = place(format!("`{}` has no area level {}", areas.table, quote(name)));
            complaint.help = advice(name, known);
            complaints.push(complaint);
            continue;
        };
        levels.push(Level { name: name.clone(), column: Some(name.clone()), heading: column.heading(name) });
    }
    let bands = yaml.bands.iter().filter_map(|(name, scope)| band(board, name, scope, areas, complaints)).collect();
    let population = population(board, yaml.population.as_deref(), areas, complaints);
    let key = areas.key()?.to_string();
    Some(Geography { table: lookup.table, key, via: lookup.via, levels, bands, population, boundaries: Vec::new() })
}

/// The column of how many people live in an area: the one named, or `population` where the lookup has it.
fn population(
    board: &Document,
    named: Option<&str>,
    areas: &TableSchema,
    complaints: &mut Diagnostics,
) -> Option<String> {
    let fits = |column: &Column| column.kind == Kind::Integer && column.keep;
    let name = named.unwrap_or("population");
    if areas.columns.get(name).is_some_and(fits) {
        return Some(name.to_string());
    }
    if named.is_some() {
        let message = format!("`{}` has no column of whole numbers {}", areas.table, quote(name));
        let mut complaint = board.value(&["geography", "population"], message);
        let known = areas.columns.iter().filter(|(_, column)| fits(column)).map(|(name, _)| name.as_str());
        complaint.help = advice(name, known);
        complaints.push(complaint);
    }
    None
}

fn band(board: &Document, name: &str, scope: &str, areas: &TableSchema, complaints: &mut Diagnostics) -> Option<Band> {
    let within = match scope.trim() {
        "country" => None,
        other => match other.strip_prefix("within ").map(str::trim) {
            Some(level) => Some(level.to_string()),
            None => {
                let help = "write `country`, or `within` and an area level, as in `within health_board`";
                let message = format!("{} says no scope for bands", quote(scope));
                complaints.push(board.value(&["geography", "bands", name], message).help(help));
                return None;
            }
        },
    };
    let fits = |column: &Column| column.kind == Kind::Code && column.keep;
    let known = |column: &str| areas.columns.get(column).filter(|column| fits(column));
    let wanted = within.as_ref().map_or(name.to_string(), |level| format!("{name}_within_{level}"));
    if let Some(column) = known(&wanted) {
        let (heading, codes, description) = (column.heading(&wanted), column.codes.clone(), column.description.clone());
        return Some(Band { name: name.into(), column: wanted, heading, within, description, codes });
    }
    let usable: Vec<&str> =
        areas.columns.iter().filter(|(_, column)| fits(column)).map(|(name, _)| name.as_str()).collect();
    let (mut complaint, written, allowed) = match within.filter(|_| known(name).is_some()) {
        Some(level) => {
            let message = format!("`{}` has no `{name}` within {}", areas.table, quote(&level));
            let scopes = usable.iter().filter_map(|column| column.strip_prefix(name)?.strip_prefix("_within_"));
            (board.value(&["geography", "bands", name], message), level, scopes.collect())
        }
        None => {
            let message = format!("`{}` has no band {}", areas.table, quote(name));
            let plain = usable.iter().copied().filter(|column| !column.contains("_within_")).collect();
            (board.key(&["geography", "bands", name], message), name.to_string(), plain)
        }
    };
    let allowed: Vec<&str> = allowed;
    complaint.help = advice(&written, allowed);
    complaints.push(complaint);
    None
}
