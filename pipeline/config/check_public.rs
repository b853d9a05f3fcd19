//! Measures of public tables: no person is in them, so they have no bound, no noise and no cost.

use super::check_report::{Check, Grid};
use super::plan::{Located, Measure, MeasureKind, Rows};
use super::report::{During, MeasureYaml};
use super::suggest::{advice, list, quote, words};
use super::tables::Lookup;
use crate::schema::{Column, Kind, Sender, TableSchema};

/// What a public measure may say of itself; all else is about people, or about loss.
const KEYS: [&str; 4] = ["public", "where", "unit", "label"];

impl Check<'_> {
    /// A measure of a public table, or of one of its columns: `target` is `table` or `table.column`.
    pub(super) fn public(&mut self, name: &str, target: &str, yaml: &MeasureYaml, grid: &Grid<'_>) -> Option<Measure> {
        let path = ["measures", name, "public"];
        self.nothing_of_people(name);
        let (table, column) = target.split_once('.').map_or((target, None), |(table, column)| (table, Some(column)));
        let schema = self.public_table(&path, table)?;
        if let Some(column) = column {
            self.stored_number(&path, &schema, column, grid.derived);
        }
        self.filter(&["measures", name, "where"], yaml.filter.as_deref(), &schema);
        let located = self.located(&path, &schema)?;
        // An area of several data zones is in several bands, and most of its rows would be in none.
        let bands = if matches!(located, Located::Code(_)) { Vec::new() } else { grid.bands.to_vec() };
        Some(Measure {
            name: name.to_string(),
            label: yaml.label.clone().unwrap_or_else(|| words(name)),
            unit: yaml.unit.clone().unwrap_or_else(|| column.unwrap_or(table).replace('_', " ")),
            kind: MeasureKind::Public { column: column.map(str::to_string), located },
            table: table.to_string(),
            rows: Rows::Table,
            at_least: 1,
            filter: yaml.filter.clone(),
            during: During::Always,
            cells: 1,
            place: grid.place,
            practitioner: None,
            bands,
            codes: grid.codes.to_vec(),
            tables: Vec::new(),
            share: 0,
            expect_per_1000: None,
        })
    }

    /// Complains of every key that is about people or loss.
    fn nothing_of_people(&mut self, name: &str) {
        let measure = self.document.root.find(&["measures", name]);
        let strange = measure.entries().iter().filter_map(|(key, _)| key.text()).filter(|key| !KEYS.contains(key));
        for key in strange.map(str::to_owned).collect::<Vec<_>>() {
            let message = format!("{} means nothing for `public`", quote(&key));
            let place = self.document.key(&["measures", name, &key], message);
            self.push(place, Some("no person is in a public table: its figures are exact, and cost nothing".into()));
        }
    }

    fn public_table(&mut self, path: &[&str], table: &str) -> Option<std::sync::Arc<TableSchema>> {
        let (message, help) = match self.scene.tables.lookup(table) {
            Lookup::Unclear => return None,
            Lookup::Known(schema) if schema.from == Sender::Public => return Some(schema.clone()),
            Lookup::Known(_) => {
                let help = "its people and rows are counted by `persons`, `events` or `sum`, with noise".to_string();
                (format!("`{table}` is private"), Some(help))
            }
            Lookup::Absent => {
                let help = advice(table, self.scene.tables.public());
                let help = help.map(|help| format!("{help} (tables come from the board's `sources`)"));
                (format!("unknown table {}", quote(table)), help)
            }
        };
        self.complain(path, &message, help);
        None
    }

    /// What places the table's rows in areas.
    fn located(&mut self, path: &[&str], schema: &TableSchema) -> Option<Located> {
        let areas = self.scene.areas?;
        if schema.table == areas {
            return Some(Located::Lookup);
        }
        let named = |fits: &dyn Fn(&Column) -> bool| {
            let columns = schema.columns.iter().filter(|(_, column)| column.keep && fits(column));
            columns.map(|(name, _)| name.as_str()).collect::<Vec<_>>()
        };
        let references = named(&|column| column.kind == Kind::Reference && column.to.as_deref() == Some(areas));
        let codes = named(&|column| column.kind == Kind::Area);
        match (&references[..], &codes[..]) {
            ([only], _) => Some(Located::Reference((*only).to_string())),
            ([], [only]) => Some(Located::Code((*only).to_string())),
            ([], []) => {
                let message = format!("`{}` does not say where its rows are", schema.table);
                let help = format!("give a column of its schema `type: area`, or `type: reference` and `to: {areas}`");
                self.complain(path, &message, Some(help));
                None
            }
            (several, _) => {
                let several = if several.is_empty() { &codes[..] } else { several };
                let message =
                    format!("`{}` says in several columns where its rows are: {}", schema.table, list(several));
                self.complain(path, &message, Some("give all but one of them `keep: false` in its schema".into()));
                None
            }
        }
    }

    /// A report asks at least one thing of people: it is what the ledger is asked for.
    pub(super) fn some_private(&mut self, measures: &[Measure]) {
        if !measures.is_empty() && measures.iter().all(Measure::is_public) {
            let message = "every measure of this report is public: it tells nothing that is not known";
            let help = "add a measure of people, events or sums, or leave the report out";
            self.push(self.document.key(&["measures"], message), Some(help.into()));
        }
    }
}
