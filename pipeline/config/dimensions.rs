//! Which of a report's code dimensions each of its measures can be given by.

use indexmap::IndexMap;

use super::check_columns::{Derived, DerivedColumn, Gives};
use super::check_journey::is_journey;
use super::check_posts::is_of_posts;
use super::check_report::Scene;
use super::journey::{DAYS, STAGE, VALUE};
use super::plan::{CodeDimension, CodeValue, Place};
use super::report::{MeasureYaml, ReportYaml, Role};
use super::tables::{Lookup, PATIENTS};
use crate::schema::{Column, Kind, Sender, TableSchema};

/// Measure name to its code dimensions, in the order of `by`.
pub(super) struct Found {
    by_measure: IndexMap<String, Vec<CodeDimension>>,
    unclear: bool,
}

impl Found {
    /// The dimensions of one measure.
    pub fn get(&self, measure: &str) -> Option<&Vec<CodeDimension>> {
        self.by_measure.get(measure)
    }

    /// Whether any measure has this dimension.
    pub fn has(&self, name: &str) -> bool {
        self.by_measure.values().flatten().any(|dimension| dimension.name == name)
    }

    /// Whether some measure's table is not known, so that a dimension may be missing for that reason alone.
    pub fn unclear(&self) -> bool {
        self.unclear
    }
}

/// Looks up every dimension for every measure.
pub(super) fn found(scene: &Scene<'_>, report: &ReportYaml, derived: &Derived) -> Found {
    let mut found = Found { by_measure: IndexMap::new(), unclear: false };
    for (name, measure) in &report.measures {
        let table = table(measure);
        found.unclear |= table.is_none_or(|table| !matches!(scene.tables.lookup(table), Lookup::Known(_)));
        let names = report.by.iter().filter(|name| *name != "area" && !scene.bands.contains(name));
        let described_by = described_by(scene, measure, place(report));
        let codes = names.filter_map(|name| dimension(&described_by, derived, name)).collect();
        found.by_measure.insert(name.clone(), codes);
    }
    found
}

/// Every name that `by` may hold in this report.
pub(super) fn known(scene: &Scene<'_>, report: &ReportYaml, derived: &Derived) -> Vec<String> {
    let mut names: Vec<String> = ["area".to_string()].into_iter().chain(scene.bands.iter().cloned()).collect();
    for measure in report.measures.values() {
        for (reached, _) in described_by(scene, measure, place(report)) {
            let own = derived.iter().filter(|(_, column)| gives_codes(column.as_ref(), &reached.table));
            names.extend(own.map(|(name, _)| name.clone()));
            let codes = reached.columns.iter().filter(|(_, column)| usable(column)).map(|(name, _)| name);
            names.extend(codes.cloned());
        }
    }
    let mut seen = std::collections::HashSet::new();
    names.retain(|name| seen.insert(name.clone()));
    names
}

fn gives_codes(column: Option<&DerivedColumn>, table: &str) -> bool {
    column.is_some_and(|column| column.table == table && matches!(column.gives, Gives::Codes { .. }))
}

/// Where the report's people are placed.
pub(super) fn place(report: &ReportYaml) -> Place {
    if report.protects.roles().contains(&Role::Practitioner) { Place::Practice } else { Place::Home }
}

/// Whether `name` is a code of the person.
pub(super) fn describes_people(scene: &Scene<'_>, derived: &Derived, name: &str) -> bool {
    if let Some(Some(column)) = derived.get(name) {
        return column.table == PATIENTS;
    }
    scene.tables.get(PATIENTS).and_then(|patients| patients.columns.get(name)).is_some_and(usable)
}

/// The kind of measure that always has a dimension of this name, where the report has such a measure.
pub(super) fn derived(report: &ReportYaml, name: &str) -> Option<&'static str> {
    let any = |has: fn(&MeasureYaml) -> bool| report.measures.values().any(has);
    match name {
        STAGE if any(|measure| measure.funnel.is_some()) => Some("funnel"),
        DAYS if any(|measure| measure.wait.is_some()) => Some("wait"),
        VALUE if any(|measure| measure.histogram.is_some()) => Some("histogram"),
        _ => None,
    }
}

/// The table whose codes describe a measure's rows first: of who is followed over tables, the patients'.
fn table(measure: &MeasureYaml) -> Option<&str> {
    let of_column = || {
        let named = measure.sum.as_ref().or(measure.mean.as_ref()).or(measure.histogram.as_ref());
        named?.split_once('.').map(|(table, _)| table)
    };
    let public = || measure.public.as_deref().map(|target| target.split_once('.').map_or(target, |(table, _)| table));
    let followed = is_journey(measure).then_some(PATIENTS);
    let named = followed.or(measure.persons.as_deref()).or(measure.events.as_deref()).or(measure.pairs.as_deref());
    named.or_else(of_column).or_else(public)
}

/// The tables whose codes describe a measure's rows, each with the column that leads there.
fn described_by<'a>(scene: &Scene<'a>, measure: &MeasureYaml, place: Place) -> Vec<(&'a TableSchema, Option<&'a str>)> {
    let Some(schema) = table(measure).and_then(|table| scene.tables.get(table)) else { return Vec::new() };
    let mut tables = reachable(scene, measure, schema, place);
    if is_journey(measure) {
        // Of several registrations one says where a person is, and none leads further.
        tables.retain(|(_, via)| via.is_none());
    }
    tables
}

/// The nearest table that has the dimension: the measure's own, then those that it refers to, then the patients'.
fn dimension(reachable: &[(&TableSchema, Option<&str>)], derived: &Derived, name: &str) -> Option<CodeDimension> {
    reachable.iter().find_map(|(reached, via)| {
        if let Some(column) = derived.get(name) {
            return column.as_ref().filter(|column| column.table == reached.table)?.dimension(name, *via);
        }
        let column = reached.columns.get(name).filter(|column| usable(column))?;
        Some(CodeDimension {
            name: name.to_string(),
            column: name.to_string(),
            table: reached.table.clone(),
            via: via.map(str::to_string),
            heading: column.heading(name),
            codes: column.codes.clone(),
            unknown: true,
            value: CodeValue::Stored,
        })
    })
}

fn usable(column: &Column) -> bool {
    column.kind == Kind::Code && column.keep
}

/// The tables whose codes describe a row of `schema`, each with the column that leads there.
/// The area lookup is left out: its codes are bands, which follow the patient and not the row.
/// Where people are placed by their practice, their own codes are left out: a figure is then of a practice's work.
/// Nor has a practitioner, of whom each post may have others.
/// A pair has no codes but those of the public row in it: its rows may differ in theirs.
fn reachable<'a>(
    scene: &Scene<'a>,
    measure: &MeasureYaml,
    schema: &'a TableSchema,
    place: Place,
) -> Vec<(&'a TableSchema, Option<&'a str>)> {
    if is_of_posts(schema) || place == Place::Practice && schema.table == PATIENTS {
        return Vec::new();
    }
    let mut tables = vec![(schema, None)];
    for (name, column) in schema.columns.iter().filter(|(_, column)| column.kind == Kind::Reference && column.keep) {
        let to = column.to.as_deref().filter(|to| Some(*to) != scene.areas);
        tables.extend(to.and_then(|to| scene.tables.get(to)).map(|target| (&**target, Some(name.as_str()))));
    }
    if schema.table != PATIENTS && schema.from != Sender::Public && place == Place::Home {
        tables.extend(scene.tables.get(PATIENTS).map(|patients| (&**patients, None)));
    }
    if measure.pairs.is_some() {
        let partner = measure.of.as_ref().map(|(_, partner)| partner.as_str());
        tables.retain(|(_, via)| via.is_some() && *via == partner);
    }
    tables
}
