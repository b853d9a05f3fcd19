//! Measures that follow a person over several tables, held against them: funnels and waits.

use std::sync::Arc;

use indexmap::IndexMap;

use super::bins::Bins;
use super::check_report::{Check, Grid};
use super::journey::{DAYS, Event, NOT_YET, STAGE, Stage, Wait};
use super::locate;
use super::plan::{CodeDimension, CodeValue, Measure, MeasureKind, Place, Rows};
use super::report::{MeasureYaml, StageYaml, WaitYaml};
use super::suggest::{advice, is_name, quote, words};
use crate::schema::{Column, Kind, TableSchema};

/// More stages than this no reader follows; a person's stages are the bits of one number.
const MOST_STAGES: usize = 20;
/// More bins than this are more noise than figures.
const MOST_BINS: usize = 50;

/// Whether a measure follows a person over tables.
pub(super) fn is_journey(yaml: &MeasureYaml) -> bool {
    yaml.funnel.is_some() || yaml.wait.is_some()
}

impl Check<'_> {
    /// A measure by stage, by days or by value; `None` where it is of another kind, and `Some(None)` after a complaint.
    pub(super) fn derived(&mut self, name: &str, yaml: &MeasureYaml, grid: &Grid<'_>) -> Option<Option<Measure>> {
        let plain = [&yaml.persons, &yaml.events, &yaml.sum].iter().any(|kind| kind.is_some());
        Some(match (&yaml.funnel, &yaml.wait, &yaml.histogram) {
            (None, None, None) => {
                self.meaningless(name, "edges", yaml.edges.is_some(), "bins are of `wait` and `histogram`");
                return None;
            }
            (Some(stages), None, None) if !plain => self.funnel(name, yaml, stages, grid),
            (None, Some(wait), None) if !plain => self.wait(name, yaml, wait, grid),
            (None, None, Some(written)) if !plain => self.histogram(name, yaml, written, grid),
            _ => {
                self.exactly_one_kind(name);
                None
            }
        })
    }

    fn funnel(
        &mut self,
        name: &str,
        yaml: &MeasureYaml,
        stages: &IndexMap<String, StageYaml>,
        grid: &Grid<'_>,
    ) -> Option<Measure> {
        let key = ["measures", name, "funnel"];
        self.one_cell(name, "funnel", "give each stage a `where` of its own", yaml, grid);
        self.meaningless(name, "edges", yaml.edges.is_some(), "a funnel is given by its stages");
        if !(2..=MOST_STAGES).contains(&stages.len()) {
            self.push(self.document.key(&key, format!("a funnel has 2 to {MOST_STAGES} stages")), None);
        }
        let found = stages.iter().map(|(stage, yaml)| self.stage(name, stage, yaml)).collect::<Vec<_>>();
        let stages = found.into_iter().collect::<Option<Vec<_>>>()?;
        let codes = stages.iter().map(|stage| stage.name.clone()).collect();
        let dimension = dimension("funnel", STAGE, "Stage", codes, format!("\"{STAGE}\""));
        let table = stages.first()?.table.clone();
        Some(self.journey(name, yaml, grid, table, Rows::Funnel(stages), dimension))
    }

    fn stage(&mut self, measure: &str, name: &str, yaml: &StageYaml) -> Option<Stage> {
        let path = |key: &'static str| ["measures", measure, "funnel", name, key];
        if !is_name(name) {
            let help = "names are lower-case letters, digits and underscores, and start with a letter";
            let place =
                self.document.key(&["measures", measure, "funnel", name], format!("{} is not a name", quote(name)));
            self.push(place, Some(help.into()));
        }
        let schema = self.table(&path("rows"), &yaml.rows)?;
        self.filter(&path("where"), yaml.filter.as_deref(), &schema);
        let label = yaml.label.clone().unwrap_or_else(|| words(name));
        Some(Stage { name: name.into(), label, table: yaml.rows.clone(), filter: yaml.filter.clone() })
    }

    fn wait(&mut self, name: &str, yaml: &MeasureYaml, wait: &WaitYaml, grid: &Grid<'_>) -> Option<Measure> {
        self.one_cell(name, "wait", "write `where_from` or `where_to` inside `wait`", yaml, grid);
        let bins = self.edges(name, yaml, Some(0));
        let from = self.event(name, ["from", "where_from"], &wait.from, wait.where_from.as_deref());
        let to = self.event(name, ["to", "where_to"], &wait.to, wait.where_to.as_deref());
        let (from, to, bins) = (from?, to?, Bins::new(bins?, false));
        let codes = bins.codes().into_iter().chain([NOT_YET.to_owned()]).collect();
        let dimension = dimension("wait", DAYS, "Days", codes, bins.place_sql(&format!("\"{DAYS}\"")));
        let table = from.table.clone();
        Some(self.journey(name, yaml, grid, table, Rows::Wait(Wait { from, to, bins }), dimension))
    }

    fn event(&mut self, measure: &str, keys: [&str; 2], written: &str, filter: Option<&str>) -> Option<Event> {
        let path = |key| ["measures", measure, "wait", key];
        let is_date = |column: &Column| column.kind == Kind::Date;
        let (schema, day) = self.column(&path(keys[0]), written, is_date, "a date")?;
        self.filter(&path(keys[1]), filter, &schema);
        Some(Event { table: schema.table.clone(), day, filter: filter.map(str::to_owned) })
    }

    /// The stored column that `written` names as `table.column`, with its table.
    pub(super) fn column(
        &mut self,
        path: &[&str],
        written: &str,
        fits: fn(&Column) -> bool,
        wanted: &str,
    ) -> Option<(Arc<TableSchema>, String)> {
        let Some((table, name)) = written.split_once('.') else {
            let help = format!("write the table and its column: `{}.column`", written.trim());
            self.complain(path, &format!("{wanted} of a table is needed, as `table.column`"), Some(help));
            return None;
        };
        let schema = self.table(path, table)?;
        let message = match schema.columns.get(name) {
            Some(found) if fits(found) && found.keep => return Some((schema, name.to_owned())),
            Some(found) if fits(found) => format!("`{name}` is checked and then dropped (`keep: false`)"),
            Some(_) => format!("`{name}` is not {wanted}"),
            None => format!("`{table}` has no column {}", quote(name)),
        };
        let start = table.chars().count() + 1;
        let inside = locate::within(self.document, self.document.root.find(path), start..start + name.chars().count());
        let complaint = match inside {
            Some(span) => self.document.at(span, message),
            None => self.document.value(path, message),
        };
        let usable = schema.columns.iter().filter(|(_, column)| fits(column) && column.keep);
        self.push(complaint, advice(name, usable.map(|(name, _)| name.as_str())));
        None
    }

    /// The edges of a measure's bins; `start`: the least must be this.
    pub(super) fn edges(&mut self, name: &str, yaml: &MeasureYaml, start: Option<i64>) -> Option<Vec<i64>> {
        let Some(edges) = &yaml.edges else {
            let help = "say the least number of each bin: `edges: [0, 7, 14, 28]`";
            self.push(self.document.key(&["measures", name], "the bins have no edges"), Some(help.into()));
            return None;
        };
        let place = |at: usize| ["measures".to_owned(), name.to_owned(), "edges".to_owned(), at.to_string()];
        let complaints = self.complaints.len();
        if !(2..=MOST_BINS).contains(&edges.len()) {
            self.complain(&["measures", name, "edges"], &format!("there are 2 to {MOST_BINS} edges"), None);
        }
        if let Some(start) = start.filter(|start| edges.first().is_some_and(|first| first != start)) {
            let path = place(0);
            let help = format!("who waits less than the first edge would be in no bin: start at {start}");
            self.complain(&path.each_ref().map(String::as_str), &format!("a wait starts at {start} days"), Some(help));
        }
        if let Some(at) = edges.windows(2).position(|pair| pair[0] >= pair[1]) {
            let path = place(at + 1);
            self.complain(
                &path.each_ref().map(String::as_str),
                "edges rise: this one is no greater than the last",
                None,
            );
        }
        (self.complaints.len() == complaints).then(|| edges.clone())
    }

    /// Complains of what a measure does not take whose people are in one cell each, and belong to no table.
    fn one_cell(&mut self, name: &str, word: &str, filters: &str, yaml: &MeasureYaml, grid: &Grid<'_>) {
        self.meaningless(name, "where", yaml.filter.is_some(), filters);
        let bounds = &yaml.per_person;
        let given = bounds.cells.is_some() || bounds.events.is_some() || bounds.between.is_some();
        self.meaningless(name, "per_person", given, "leave it out: each person is in one cell as it is");
        if grid.place == Place::Practice {
            let message =
                format!("a {word} follows patients over tables, and nothing bounds a practitioner's part in it");
            let help = "put it into a report with `protects: patient`";
            self.push(self.document.key(&["measures", name, word], message), Some(help.into()));
        } else {
            self.meaningless(name, "per_practice", yaml.per_practice.is_some(), "leave it out");
        }
    }

    /// A measure of people, each in one cell.
    fn journey(
        &mut self,
        name: &str,
        yaml: &MeasureYaml,
        grid: &Grid<'_>,
        table: String,
        rows: Rows,
        dimension: CodeDimension,
    ) -> Measure {
        let codes = grid.codes.iter().cloned().chain([dimension]).collect();
        let expect_per_1000 = self.expectation(name, yaml.expect, grid.place);
        Measure { rows, codes, expect_per_1000, ..plain(name, yaml, grid, table, MeasureKind::Persons) }
    }

    /// Complains of a setting that this kind of measure does not take.
    pub(super) fn meaningless(&mut self, name: &str, key: &str, given: bool, help: &str) {
        if given {
            let place = self.document.key(&["measures", name, key], format!("`{key}` means nothing here"));
            self.push(place, Some(help.into()));
        }
    }
}

/// A dimension of rows that a measure derives, under the word for them: they are no table's.
fn dimension(word: &str, name: &str, heading: &str, codes: Vec<String>, place_sql: String) -> CodeDimension {
    CodeDimension {
        name: name.into(),
        column: name.into(),
        table: word.into(),
        via: None,
        heading: heading.into(),
        codes,
        unknown: false,
        value: CodeValue::Computed(place_sql),
    }
}

/// A measure of a table's rows as far as its kind alone says, with the report's dimensions.
pub(super) fn plain(name: &str, yaml: &MeasureYaml, grid: &Grid<'_>, table: String, kind: MeasureKind) -> Measure {
    let unit = match kind {
        MeasureKind::Persons => "people".into(),
        _ => table.replace('_', " "),
    };
    Measure {
        name: name.into(),
        label: yaml.label.clone().unwrap_or_else(|| words(name)),
        unit: yaml.unit.clone().unwrap_or(unit),
        kind,
        table,
        rows: Rows::Table,
        at_least: 1,
        filter: None,
        during: yaml.during,
        cells: yaml.per_person.cells.unwrap_or(1),
        place: grid.place,
        practitioner: None,
        bands: grid.bands.to_vec(),
        codes: grid.codes.to_vec(),
        tables: Vec::new(),
        share: yaml.share,
        expect_per_1000: None,
    }
}
