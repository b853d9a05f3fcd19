//! A report held against the tables: every name leads somewhere, every person's contribution is bounded.

use super::check_columns::Derived;
use super::check_sum::Summed;
use super::derived::Reliability;
use super::diagnostic::{Diagnostic, Diagnostics};
use super::dimensions::{self, Found};
use super::plan::{CodeDimension, Measure, MeasureKind, Number, Place, Practices, Report, Rows};
use super::practitioners::Missing;
use super::quarter::Quarter;
use super::reliability::reliability;
use super::report::{MeasureYaml, ReportYaml};
use super::source::Document;
use super::suggest::{advice, quote, words};
use super::tables::{Lookup, Tables};
use crate::schema::{Sender, TableSchema};

/// What a report may refer to.
pub(super) struct Scene<'a> {
    pub tables: &'a Tables,
    /// The reported quarter.
    pub quarter: Quarter,
    /// The names of the area levels, in the order of `Geography::levels`.
    pub levels: &'a [&'a str],
    /// The names of the bands, in the order of `Geography::bands`.
    pub bands: &'a [String],
    /// The area lookup's table, whose columns are levels and bands and never code dimensions.
    pub areas: Option<&'a str>,
    /// The ways to practices, for reports that protect practitioners.
    pub practices: &'a Result<Practices, Missing>,
    /// The board's own rule of reliability.
    pub reliability: Reliability,
}

/// Where a measure is counted.
pub(super) struct Grid<'a> {
    pub place: Place,
    pub bands: &'a [usize],
    pub codes: &'a [CodeDimension],
    pub derived: &'a Derived,
}

/// One check of a report, which collects complaints and gives the resolved report.
pub(super) struct Check<'a> {
    pub scene: &'a Scene<'a>,
    pub document: &'a Document,
    pub complaints: &'a mut Diagnostics,
}

impl Check<'_> {
    /// The resolved report. `None` after a complaint that leaves nothing to resolve.
    pub fn report(&mut self, name: &str, yaml: &ReportYaml) -> Option<Report> {
        if yaml.title.trim().is_empty() {
            self.complain(&["title"], "the title is empty", None);
        }
        self.at_least_one(&["share"], yaml.share, "a report without a share of the loss cannot be released");
        let protects = self.protects(yaml);
        let place = dimensions::place(yaml);
        let derived = self.columns(yaml);
        let found = dimensions::found(self.scene, yaml, &derived);
        let bands = self.by(yaml, &found, &derived);
        let measures = yaml.measures.iter().map(|(name, measure)| {
            let codes = found.get(name).map_or(&[][..], |codes| codes);
            self.measure(name, measure, &Grid { place, bands: &bands, codes, derived: &derived })
        });
        // Collected in full first, so that one bad measure does not hide the next one's mistakes.
        let measures = measures.collect::<Vec<_>>();
        let all = measures.iter().all(Option::is_some);
        let mut measures = measures.into_iter().flatten().collect::<Vec<_>>();
        self.layout(yaml);
        // Their rows come last, so that a measure stands where the YAML has it.
        let means = if all { self.means(yaml, &mut measures) } else { Vec::new() };
        self.lay_out(yaml, &mut measures);
        if all {
            self.some_private(&measures);
        }
        let figures = self.figures(yaml, &measures);
        let reliability = reliability(self.document, &["reliability"], yaml.reliability.as_ref(), self.complaints);
        let level_shares = self.level_shares(yaml);
        let targets = self.targets(yaml);
        let figures = figures.filter(|_| all)?;
        let mut report = Report {
            name: name.to_string(),
            title: yaml.title.clone(),
            protects: protects?,
            share: yaml.share,
            by: yaml.by.clone(),
            measures,
            rates: figures.rates,
            means,
            changes: figures.changes,
            inequality: figures.inequality,
            standardised: figures.standardised,
            quartiles: figures.quartiles,
            reliability: reliability.unwrap_or(self.scene.reliability),
            level_shares,
            targets,
            charts: Vec::new(),
            findings: yaml.findings.clone(),
            words: yaml.words.clone(),
            trials: Vec::new(),
        };
        report.charts = self.charts(yaml, &report);
        self.sentences(yaml, &report);
        report.trials = self.trials(&report);
        Some(report)
    }

    /// Checks the dimensions; gives the positions of the bands among them.
    fn by(&mut self, yaml: &ReportYaml, found: &Found, derived: &Derived) -> Vec<usize> {
        let mut bands = Vec::new();
        for (at, name) in yaml.by.iter().enumerate() {
            let path = ["by", &at.to_string()];
            if yaml.by[..at].contains(name) {
                self.complain(&path, &format!("{} is listed twice", quote(name)), None);
            } else if let Some(band) = self.scene.bands.iter().position(|band| band == name) {
                bands.push(band);
            } else if dimensions::place(yaml) == Place::Practice
                && dimensions::describes_people(self.scene, derived, name)
            {
                let message =
                    format!("{} describes the patient, and this report places figures by practice", quote(name));
                let help = "leave it out: where practitioners are protected, a figure is of a practice's work";
                self.complain(&path, &message, Some(help.into()));
            } else if let Some(kind) = dimensions::derived(yaml, name) {
                let help = format!("leave it out: a {kind} is always by `{name}`");
                self.complain(
                    &path,
                    &format!("`{name}` cannot be asked for, and names no other dimension"),
                    Some(help),
                );
            } else if let Some(column) = derived.get(name).filter(|_| !found.has(name)) {
                self.misused(&path, name, column.as_ref(), found.unclear());
            } else if name != "area" && !found.has(name) {
                let known = dimensions::known(self.scene, yaml, derived);
                // A misspelt table hides its columns; its own complaint comes first.
                if found.unclear() && advice_is_a_list(name, &known) {
                    continue;
                }
                let help = advice(name, known.iter().map(String::as_str));
                self.complain(&path, &format!("unknown dimension {}", quote(name)), help);
            }
        }
        if !yaml.by.iter().any(|name| name == "area") {
            let help = "add `area`: every level of the geography".to_string();
            self.complain(&["by"], "every report is by area", Some(help));
        }
        bands
    }

    fn measure(&mut self, name: &str, yaml: &MeasureYaml, grid: &Grid<'_>) -> Option<Measure> {
        self.no_posts(name, yaml);
        if yaml.pairs.is_some() {
            return self.pairs(name, yaml, grid);
        }
        self.no_pairs(name, yaml);
        if let Some(target) = &yaml.public {
            return self.public(name, target, yaml, grid);
        }
        let path = ["measures", name];
        self.at_least_one(
            &[path[0], name, "share"],
            yaml.share,
            "a measure without a share of the loss cannot be released",
        );
        let cells = yaml.per_person.cells.unwrap_or(1);
        let cells_path = [path[0], name, "per_person", "cells"];
        self.at_least_one(&cells_path, cells, "a person who may be in no cell is never counted");
        if let Some(found) = self.derived(name, yaml, grid) {
            return found;
        }
        if let Some(found) = self.posts(name, yaml, grid) {
            return found;
        }
        let kinds = [("persons", &yaml.persons), ("events", &yaml.events), ("sum", &yaml.sum), ("mean", &yaml.mean)];
        let mut given = kinds.into_iter().filter_map(|(word, written)| Some((word, written.as_ref()?)));
        let (word, written) = match (given.next(), given.next()) {
            (Some(only), None) => only,
            _ => {
                self.exactly_one_kind(name);
                return None;
            }
        };
        let (table, column) = if ["sum", "mean"].contains(&word) {
            match written.split_once('.') {
                Some((table, column)) => (table, Some(column)),
                None => {
                    let help = format!("write the table and its column: `{}.column`", written.trim());
                    self.complain(&[path[0], name, word], &format!("a {word} needs a column"), Some(help));
                    return None;
                }
            }
        } else {
            (written.as_str(), None)
        };
        let schema = self.table(&[path[0], name, word], table);
        let column_path = [path[0], name, word];
        let summed = schema.as_ref().zip(column);
        let summed = summed.and_then(|(schema, column)| self.summed(&column_path, schema, column, grid.derived));
        let filter = self.condition(&[path[0], name, "where"], yaml, summed.as_ref(), schema.as_deref());
        let kind = self.kind(name, word, yaml, summed, grid.place);
        let schema = schema?;
        let at_least = self.at_least(name, word, yaml, &schema);
        let practitioner = match word {
            // It has complained of practitioners.
            "mean" => Some(None),
            _ => self.practitioner(name, word, yaml, &schema, grid.place),
        };
        let unit = match &yaml.unit {
            Some(unit) => unit.clone(),
            None if word == "persons" => "people".into(),
            None => column.unwrap_or(table).replace('_', " "),
        };
        Some(Measure {
            name: name.to_string(),
            label: yaml.label.clone().unwrap_or_else(|| words(name)),
            unit,
            kind: kind?,
            table: table.to_string(),
            rows: Rows::Table,
            at_least,
            filter,
            during: yaml.during,
            cells,
            place: grid.place,
            practitioner: practitioner?,
            bands: grid.bands.to_vec(),
            codes: grid.codes.to_vec(),
            tables: Vec::new(),
            share: yaml.share,
            expect_per_1000: self.expectation(name, yaml.expect, grid.place),
        })
    }

    pub(super) fn exactly_one_kind(&mut self, name: &str) {
        let message = "exactly one of `persons`, `events`, `sum`, `mean`, `public`, `funnel`, `wait`, `histogram` and `pairs` is needed";
        self.push(self.document.key(&["measures", name], message), None);
    }

    /// The measure's bounds: those that its kind needs, and no others.
    fn kind(
        &mut self,
        name: &str,
        word: &str,
        yaml: &MeasureYaml,
        summed: Option<Summed>,
        place: Place,
    ) -> Option<MeasureKind> {
        let bounds = &yaml.per_person;
        let setting = |key: &'static str| ["measures", name, "per_person", key];
        let settings: [(&'static str, bool, &[&str]); 3] = [
            ("events", bounds.events.is_some(), &["events"]),
            ("rows", bounds.rows.is_some(), &["mean"]),
            ("between", bounds.between.is_some(), &["sum", "mean"]),
        ];
        for (key, _, owners) in settings.iter().filter(|(_, given, owners)| *given && !owners.contains(&word)) {
            let place = self.document.key(&setting(key), format!("`{key}` means nothing for `{word}`"));
            self.push(place, Some(format!("it bounds a measure of `{}`", owners[0])));
        }
        match (word, bounds.events, bounds.between) {
            ("persons", ..) => Some(MeasureKind::Persons),
            ("mean", ..) => self.deviations(name, yaml, summed, place),
            ("events", Some(at_most), _) => {
                self.at_least_one(&setting("events"), at_most, "a person with no rows is never counted");
                Some(MeasureKind::Events { at_most })
            }
            ("events", None, _) => {
                let help = "say how many rows of one person may count in a cell: `per_person: { events: 6 }`";
                self.push(self.document.key(&["measures", name], "`events` needs a bound"), Some(help.into()));
                None
            }
            (_, _, Some(between)) => {
                if between.0 > between.1 {
                    self.complain(&setting("between"), "the range is back to front", None);
                } else if between == (0, 0) {
                    self.complain(&setting("between"), "a total clamped to 0 says nothing", None);
                }
                let Summed { sql, between: row, .. } = summed?;
                Some(MeasureKind::Sum { of: Number { sql, between: row, centre: 0, rows: None }, between })
            }
            (_, _, None) => {
                let help = "say what one person's total in a cell is clamped to: `per_person: { between: [0, 600] }`";
                self.push(self.document.key(&["measures", name], "a sum needs a range"), Some(help.into()));
                None
            }
        }
    }

    /// The private table of that name, whose rows name a person.
    pub(super) fn table(&mut self, path: &[&str], table: &str) -> Option<std::sync::Arc<TableSchema>> {
        let people = self.scene.tables.of_people();
        let schema = match self.scene.tables.lookup(table) {
            Lookup::Unclear => return None,
            Lookup::Absent => {
                let help = advice(table, people).map(|help| format!("{help} (tables come from the board's `sources`)"));
                self.complain(path, &format!("unknown table {}", quote(table)), help);
                return None;
            }
            Lookup::Known(schema) => schema,
        };
        let allowed = advice("", people);
        if schema.from == Sender::Public {
            self.complain(path, &format!("`{table}` is public and holds no person to count"), allowed);
            return None;
        }
        if schema.person().is_none() {
            self.complain(path, &format!("`{table}` has no column that names a person"), allowed);
            return None;
        }
        Some(schema.clone())
    }

    pub(super) fn at_least_one(&mut self, path: &[&str], number: u32, why: &str) {
        if number == 0 {
            self.complain(path, "must be at least 1", Some(why.to_string()));
        }
    }

    pub(super) fn complain(&mut self, path: &[&str], message: &str, help: Option<String>) {
        self.push(self.document.value(path, message), help);
    }

    pub(super) fn push(&mut self, mut complaint: Diagnostic, help: Option<String>) {
        complaint.help = help;
        self.complaints.push(complaint);
    }
}

/// Whether `name` is near nothing that is known.
fn advice_is_a_list(name: &str, known: &[String]) -> bool {
    super::suggest::nearest(name, known.iter().map(String::as_str)).is_none()
}
