//! A number of posts, added up over practitioners: `sum: practitioners.wte`. No patient is in it, and each practitioner
//! counts once, with their latest post in the quarter.

use super::check_report::{Check, Grid};
use super::check_sum::Summed;
use super::plan::{Measure, MeasureKind, Number, Place, Rows};
use super::practitioners::PRACTITIONERS;
use super::report::{During, MeasureYaml};
use super::suggest::words;
use super::tables::Tables;
use crate::schema::{Sender, TableSchema};

/// A post's number is packed with its day and its practice into one of 64 bits.
const WIDEST: i64 = 1_000_000;

const HELP: &str = "say what one practitioner counts for: `per_practitioner: { between: [0, 1.5] }`";

/// Whether a table's rows are posts: they name a practitioner, and no patient.
pub(super) fn is_of_posts(schema: &TableSchema) -> bool {
    schema.table == PRACTITIONERS && schema.from != Sender::Public && schema.person().is_none()
}

/// The column of posts that a measure adds up, with their schema, if it does.
fn added<'a>(tables: &'a Tables, yaml: &'a MeasureYaml) -> Option<(&'a TableSchema, &'a str)> {
    let (table, column) = yaml.sum.as_deref()?.split_once('.')?;
    let schema = tables.get(table).filter(|schema| is_of_posts(schema))?;
    Some((schema, column))
}

impl Check<'_> {
    /// Complains of what means something for a sum over practitioners alone.
    pub(super) fn no_posts(&mut self, name: &str, yaml: &MeasureYaml) {
        if yaml.per_practitioner.is_some() && added(self.scene.tables, yaml).is_none() {
            let message = format!("`per_practitioner` means nothing but for a sum of `{PRACTITIONERS}`");
            let place = self.document.key(&["measures", name, "per_practitioner"], message);
            self.push(place, Some("bound one patient by `per_person`, and a practice by `per_practice`".into()));
        }
    }

    /// A sum over practitioners; `None` where the measure is of another kind, and `Some(None)` after a complaint.
    pub(super) fn posts(&mut self, name: &str, yaml: &MeasureYaml, grid: &Grid<'_>) -> Option<Option<Measure>> {
        let (schema, column) = added(self.scene.tables, yaml)?;
        let others = [&yaml.persons, &yaml.events, &yaml.mean];
        if others.iter().any(|other| other.is_some()) {
            self.exactly_one_kind(name);
            return Some(None);
        }
        Some(self.added_up(name, yaml, schema, column, grid))
    }

    fn added_up(
        &mut self,
        name: &str,
        yaml: &MeasureYaml,
        schema: &TableSchema,
        column: &str,
        grid: &Grid<'_>,
    ) -> Option<Measure> {
        let path = ["measures", name, "sum"];
        if grid.place == Place::Home {
            let message = format!("`{PRACTITIONERS}` names practitioners, and this report protects patients alone");
            self.complain(&path, &message, Some("write `protects: [patient, practitioner]`".into()));
            return None;
        }
        self.no_patients(name, yaml);
        let summed = self.summed(&path, schema, column, grid.derived);
        self.filter(&["measures", name, "where"], yaml.filter.as_deref(), schema);
        let expect_per_1000 = self.expectation(name, yaml.expect, grid.place);
        let places = schema.columns.get(column).map_or(0, |column| column.places);
        let Summed { sql, between: row, .. } = summed?;
        let between = self.of_one_post(name, yaml, row, places)?;
        Some(Measure {
            name: name.to_string(),
            label: yaml.label.clone().unwrap_or_else(|| words(name)),
            unit: yaml.unit.clone().unwrap_or_else(|| column.replace('_', " ")),
            kind: MeasureKind::Sum { of: Number { sql, between, centre: 0, rows: None }, between },
            table: schema.table.clone(),
            rows: Rows::Posts,
            at_least: 1,
            filter: yaml.filter.clone(),
            during: During::Quarter,
            cells: 1,
            place: grid.place,
            // Their range says it all: nobody else's rows are added to theirs before they are bounded.
            practitioner: None,
            bands: grid.bands.to_vec(),
            codes: grid.codes.to_vec(),
            tables: Vec::new(),
            share: yaml.share,
            expect_per_1000,
        })
    }

    /// Complains of settings that bound or choose a patient's rows.
    fn no_patients(&mut self, name: &str, yaml: &MeasureYaml) {
        let bounds = &yaml.per_person;
        let one_post = "each practitioner counts with their latest post in the quarter";
        let given = [
            (&["per_person", "cells"][..], bounds.cells.is_some(), HELP),
            (&["per_person", "events"], bounds.events.is_some(), HELP),
            (&["per_person", "rows"], bounds.rows.is_some(), HELP),
            (&["per_person", "between"], bounds.between.is_some(), HELP),
            (&["per_practice"], yaml.per_practice.is_some(), HELP),
            (&["at_least"], yaml.at_least.is_some(), one_post),
            (&["during"], yaml.during != During::Quarter, one_post),
        ];
        for (key, _, help) in given.into_iter().filter(|(_, given, _)| *given) {
            let word = key.last().copied().unwrap_or_default();
            let path = [&["measures", name][..], key].concat();
            let message = format!("`{word}` means nothing here: no patient is in `{PRACTITIONERS}`");
            let place = self.document.key(&path, message);
            self.push(place, Some(help.into()));
        }
    }

    /// What one practitioner counts for, in the column's smallest unit: what the contract lets a post have, and of that
    /// what the measure does. `None` after a complaint.
    fn of_one_post(&mut self, name: &str, yaml: &MeasureYaml, row: (i64, i64), places: u8) -> Option<(i64, i64)> {
        let path = ["measures", name, "per_practitioner", "between"];
        let (least, greatest) = match yaml.per_practitioner.as_ref().map(|bound| bound.between) {
            None => row,
            Some((least, greatest)) if least > greatest => {
                self.complain(&path, "the range is back to front", None);
                return None;
            }
            Some((least, greatest)) => {
                let Some((least, greatest)) = in_units(least, places).zip(in_units(greatest, places)) else {
                    let message = match places {
                        0 => "this column holds whole numbers".to_string(),
                        places => format!("this column holds numbers of {places} decimal places"),
                    };
                    self.complain(&path, &message, None);
                    return None;
                };
                (least.clamp(row.0, row.1), greatest.clamp(row.0, row.1))
            }
        };
        if (least, greatest) == (0, 0) {
            self.complain(&path, "a practitioner who counts for 0 says nothing", None);
            return None;
        }
        if i128::from(greatest.max(0)) - i128::from(least.min(0)) > i128::from(WIDEST) {
            let place = self.document.value(&["measures", name, "sum"], "the range of one post is too wide to pack");
            self.push(place, Some(HELP.into()));
            return None;
        }
        Some((least, greatest))
    }
}

/// A bound as written, in units of so many decimal places; `None` where it has more of them, or does not fit.
fn in_units(bound: f64, places: u8) -> Option<i64> {
    // The shortest decimal that reads as the same number is the one that was written, for as many digits as one writes.
    let text = bound.to_string();
    let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
    let padding = usize::from(places).checked_sub(part.len())?;
    format!("{whole}{part}{}", "0".repeat(padding)).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::in_units;

    #[test]
    fn bounds_are_read_to_the_last_digit() {
        let cases = [
            (1.5, 2, Some(150)),
            (0.29, 2, Some(29)),
            (-0.05, 2, Some(-5)),
            (-1.0, 1, Some(-10)),
            (7.0, 0, Some(7)),
            (0.125, 2, None),
            (1e30, 2, None),
            (f64::NAN, 2, None),
        ];
        for (bound, places, expected) in cases {
            assert_eq!(in_units(bound, places), expected, "{bound}");
        }
    }
}
