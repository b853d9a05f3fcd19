//! Which rows a measure counts, and what it adds up of them.

use super::check_columns::{Derived, DerivedColumn, Gives};
use super::check_report::Check;
use super::filter;
use super::locate;
use super::report::MeasureYaml;
use super::suggest::{advice, quote};
use super::tables::PATIENTS;
use crate::schema::{Kind, TableSchema};

/// A whole number of a measure's rows, to be added up.
pub(super) struct Summed {
    /// As SQL, and as a condition would write it.
    pub sql: String,
    pub written: String,
    /// Least and greatest of one row: what is beyond is clamped.
    pub between: (i64, i64),
}

impl Check<'_> {
    /// The number of a row that a sum or a mean adds up. `None` after a complaint.
    pub(super) fn summed(
        &mut self,
        path: &[&str],
        schema: &TableSchema,
        column: &str,
        derived: &Derived,
    ) -> Option<Summed> {
        let message = match derived.get(column) {
            Some(None) => return None,
            Some(Some(found)) if found.table != schema.table => {
                format!("`{column}` is derived of `{}`, not of `{}`", found.table, schema.table)
            }
            Some(Some(found)) => match &found.gives {
                Gives::Number { written, sql, between } => {
                    return Some(Summed { sql: sql.clone(), written: written.clone(), between: *between });
                }
                Gives::Codes { .. } => format!("`{column}` is a list of codes, not a number"),
            },
            None => return self.stored_number(path, schema, column, derived),
        };
        self.misnamed(path, schema, column, message, None);
        None
    }

    pub(super) fn stored_number(
        &mut self,
        path: &[&str],
        schema: &TableSchema,
        column: &str,
        derived: &Derived,
    ) -> Option<Summed> {
        let whole = |kind| matches!(kind, Kind::Integer | Kind::Decimal);
        let message = match schema.columns.get(column) {
            Some(found) if whole(found.kind) && found.keep => {
                let quoted = format!("\"{column}\"");
                return Some(Summed { sql: quoted.clone(), written: quoted, between: found.whole_range()? });
            }
            Some(found) if whole(found.kind) => format!("`{column}` is checked and then dropped (`keep: false`)"),
            Some(_) => format!("`{column}` is not a number"),
            None => format!("`{}` has no column {}", schema.table, quote(column)),
        };
        let stored = schema.columns.iter().filter(|(_, column)| whole(column.kind) && column.keep);
        let is_number = |column: &DerivedColumn| matches!(column.gives, Gives::Number { .. });
        let own = |column: &DerivedColumn| column.table == schema.table && is_number(column);
        let derived = derived.iter().filter(|(_, column)| column.as_ref().is_some_and(own));
        let usable = stored.map(|(name, _)| name.as_str()).chain(derived.map(|(name, _)| name.as_str()));
        self.misnamed(path, schema, column, message, advice(column, usable));
        None
    }

    /// A complaint about the column in `table.column`.
    fn misnamed(&mut self, path: &[&str], schema: &TableSchema, column: &str, message: String, help: Option<String>) {
        let offset = schema.table.len() + 1;
        let inside = offset..offset + column.chars().count();
        let complaint = match locate::within(self.document, self.document.root.find(path), inside) {
            Some(span) => self.document.at(span, message),
            None => self.document.value(path, message),
        };
        self.push(complaint, help);
    }

    /// The condition of a measure's rows, checked; for a mean they must have its number.
    pub(super) fn condition(
        &mut self,
        path: &[&str],
        yaml: &MeasureYaml,
        summed: Option<&Summed>,
        schema: Option<&TableSchema>,
    ) -> Option<String> {
        if let Some(schema) = schema {
            self.filter(path, yaml.filter.as_deref(), schema);
        }
        let has_number =
            summed.filter(|_| yaml.mean.is_some()).map(|summed| format!("({}) is not null", summed.written));
        match (yaml.filter.clone(), has_number) {
            (Some(condition), Some(has_number)) => Some(format!("({condition}) and {has_number}")),
            (condition, has_number) => condition.or(has_number),
        }
    }

    /// A condition on a table's rows.
    pub(super) fn filter(&mut self, path: &[&str], condition: Option<&str>, schema: &TableSchema) {
        let Some(condition) = condition else { return };
        let faults = filter::faults(condition, schema);
        self.told(path, if faults.is_empty() { Ok(()) } else { Err(faults) });
    }

    /// How many rows a person must have in a cell to be counted there.
    pub(super) fn at_least(&mut self, name: &str, word: &str, yaml: &MeasureYaml, schema: &TableSchema) -> u32 {
        let Some(rows) = yaml.at_least else { return 1 };
        let path = ["measures", name, "at_least"];
        self.at_least_one(&path, rows, "leave it out to count whoever has a row");
        if word != "persons" {
            let place = self.document.key(&path, format!("`at_least` means nothing for `{word}`"));
            self.push(place, Some("it belongs to a measure of `persons`".into()));
        } else if schema.table == PATIENTS {
            let place = self.document.key(&path, format!("everyone counts once in `{PATIENTS}`"));
            self.push(place, Some("leave it out: registrations of one person are one".into()));
        }
        rows
    }
}
