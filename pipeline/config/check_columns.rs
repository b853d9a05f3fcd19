//! The columns that a report derives: a list of codes for `by`, or a whole number for `sum` and `mean`.
//!
//! All of them are SQL over one row of one table, of the same checked kind as a condition. Ages are bands of dates of
//! birth, whose edges are days that follow from the quarter: no row is counted with at all.

use std::fmt::Write as _;

use chrono::{Datelike, NaiveDate};
use indexmap::IndexMap;

use super::bins::codes;
use super::check_report::Check;
use super::filter::{self, Fault};
use super::filter_walk::days;
use super::locate;
use super::plan::{CodeDimension, CodeValue};
use super::quarter::Quarter;
use super::report::{DerivedYaml, ReportYaml};
use super::suggest::{advice, is_name, quote};
use super::tables::Lookup;
use crate::schema::{HEADING, Kind, TableSchema, heading, is_heading};

/// More bands than anyone reads.
const MOST_EDGES: usize = 60;
/// Nobody is as old as this.
const OLDEST: i64 = 150;
/// Beyond this nothing is added up, nor put into bands: a board's rows together would leave 64 bits.
const LARGEST: u64 = 1_000_000_000_000_000;

/// A report's derived columns by name; `None` after a complaint.
pub(super) type Derived = IndexMap<String, Option<DerivedColumn>>;

/// A derived column.
#[derive(Debug, Clone)]
pub(super) struct DerivedColumn {
    /// The table whose rows have it.
    pub table: String,
    /// What it gives a row.
    pub gives: Gives,
}

/// What a derived column gives a row.
#[derive(Debug, Clone)]
pub(super) enum Gives {
    /// One of a list of codes, or `unknown` after them.
    Codes { heading: String, codes: Vec<String>, sql: String },
    /// A whole number, or none.
    Number { written: String, sql: String, between: (i64, i64) },
}

impl DerivedColumn {
    /// The dimension of a measure whose rows have the column, or lead to a row that has it by `via`.
    pub fn dimension(&self, name: &str, via: Option<&str>) -> Option<CodeDimension> {
        let Gives::Codes { heading, codes, sql } = &self.gives else { return None };
        Some(CodeDimension {
            name: name.to_string(),
            column: name.to_string(),
            table: self.table.clone(),
            via: via.map(str::to_string),
            heading: heading.clone(),
            codes: codes.clone(),
            unknown: true,
            value: CodeValue::Computed(sql.clone()),
        })
    }
}

impl Check<'_> {
    /// Every derived column, checked.
    pub(super) fn columns(&mut self, yaml: &ReportYaml) -> Derived {
        let mut derived = Derived::new();
        for (name, column) in &yaml.columns {
            let named = self.column_name(name);
            let found = self.derived_column(name, column);
            derived.insert(name.clone(), found.filter(|_| named));
        }
        derived
    }

    fn column_name(&mut self, name: &str) -> bool {
        let with = |(_, schema): &(&str, Option<&TableSchema>)| schema.is_some_and(|it| it.columns.contains_key(name));
        let (message, help) = if !is_name(name) {
            let help = "names are lower-case letters, digits and underscores, and start with a letter";
            (format!("{} is not a name", quote(name)), help)
        } else if name == "area" || self.scene.bands.iter().any(|band| band == name) {
            (format!("{} already names a dimension", quote(name)), "take another name")
        } else if let Some((table, _)) = self.scene.tables.all().find(with) {
            (format!("{} is already a column of `{table}`", quote(name)), "take another name")
        } else {
            return true;
        };
        self.push(self.document.key(&["columns", name], message), Some(help.into()));
        false
    }

    fn derived_column(&mut self, name: &str, yaml: &DerivedYaml) -> Option<DerivedColumn> {
        let schema = match self.scene.tables.lookup(&yaml.of) {
            Lookup::Known(schema) => schema.clone(),
            Lookup::Unclear => return None,
            Lookup::Absent => {
                let help = advice(&yaml.of, self.scene.tables.all().map(|(table, _)| table));
                self.complain(&["columns", name, "of"], &format!("unknown table {}", quote(&yaml.of)), help);
                return None;
            }
        };
        self.settings(name, yaml);
        let title = yaml.heading.clone().unwrap_or_else(|| heading(name));
        if !is_heading(&title) {
            let place: &[&str] =
                if yaml.heading.is_some() { &["columns", name, "heading"] } else { &["columns", name] };
            self.complain(place, &format!("{} cannot be a column's heading", quote(&title)), Some(HEADING.into()));
        }
        let codes = |(codes, sql)| Gives::Codes { heading: title, codes, sql };
        let gives = match (&yaml.age, &yaml.is, &yaml.when) {
            (Some(since), None, None) => codes(self.age_bands(name, since, yaml.edges.as_deref(), &schema)?),
            (None, Some(written), None) => match (&yaml.edges, yaml.between) {
                (Some(edges), None) => codes(self.bands(name, written, edges, &schema)?),
                (None, Some(between)) => self.number(name, written, between, &schema)?,
                _ => {
                    let help = "`edges` puts the number into bands for `by`, `between` bounds it for `sum` and `mean`";
                    let place = self.document.key(&["columns", name], "exactly one of `edges` and `between` is needed");
                    self.push(place, Some(help.into()));
                    return None;
                }
            },
            (None, None, Some(condition)) => codes(self.yes_or_no(name, condition, &schema)?),
            _ => {
                let place = self.document.key(&["columns", name], "exactly one of `age`, `is` and `when` is needed");
                self.push(place, None);
                return None;
            }
        };
        Some(DerivedColumn { table: yaml.of.clone(), gives })
    }

    /// Settings that mean nothing for what the column is.
    fn settings(&mut self, name: &str, yaml: &DerivedYaml) {
        let number = yaml.is.is_some();
        let wrong = [
            ("edges", yaml.edges.is_some() && yaml.when.is_some(), "`edges` means nothing for `when`"),
            ("between", yaml.between.is_some() && !number, "`between` bounds a number, which only `is` gives"),
        ];
        for (key, _, message) in wrong.iter().filter(|(_, given, _)| *given) {
            self.push(self.document.key(&["columns", name, key], *message), Some("leave it out".into()));
        }
    }

    fn age_bands(
        &mut self,
        name: &str,
        since: &str,
        edges: Option<&[i64]>,
        schema: &TableSchema,
    ) -> Option<(Vec<String>, String)> {
        let dates = || schema.columns.iter().filter(|(_, column)| column.kind == Kind::Date && column.keep);
        if !dates().any(|(date, _)| date == since) {
            let message = match schema.columns.get(since) {
                Some(column) if column.kind == Kind::Date => {
                    format!("`{since}` is checked and then dropped (`keep: false`)")
                }
                Some(_) => format!("`{since}` is not a date"),
                None => format!("`{}` has no column {}", schema.table, quote(since)),
            };
            let help = advice(since, dates().map(|(date, _)| date.as_str()));
            self.complain(&["columns", name, "age"], &message, help);
            return None;
        }
        let Some(edges) = edges else {
            let help = "say where its bands start, in years: `edges: [0, 16, 25, 45, 65, 75]`";
            self.push(self.document.key(&["columns", name], "an age needs `edges`"), Some(help.into()));
            return None;
        };
        self.band_edges(name, edges)?;
        if let Some(at) = edges.iter().position(|edge| !(0..=OLDEST).contains(edge)) {
            let message = format!("an age is of 0 to {OLDEST} years");
            self.complain(&["columns", name, "edges", &at.to_string()], &message, None);
            return None;
        }
        Some((codes(edges, edges[0] > 0), ages_sql(since, edges, self.scene.quarter)))
    }

    fn bands(
        &mut self,
        name: &str,
        written: &str,
        edges: &[i64],
        schema: &TableSchema,
    ) -> Option<(Vec<String>, String)> {
        let reach = self.told(&["columns", name, "is"], filter::number(written, schema));
        self.band_edges(name, edges)?;
        let below = reach?.least < i128::from(edges[0]);
        let number = filter::canonical_sql(written, schema, self.scene.quarter);
        let starts = if below { edges } else { &edges[1..] };
        let conditions = starts.iter().map(|edge| format!("({number}) < {edge}"));
        Some((codes(edges, below), case(&format!("({number}) IS NULL"), conditions)))
    }

    fn number(&mut self, name: &str, written: &str, between: (i64, i64), schema: &TableSchema) -> Option<Gives> {
        let reach = self.told(&["columns", name, "is"], filter::number(written, schema))?;
        let path = ["columns", name, "between"];
        if between.0 > between.1 {
            self.complain(&path, "the range is back to front", None);
            return None;
        }
        if between.0.unsigned_abs().max(between.1.unsigned_abs()) > LARGEST {
            self.complain(&path, &format!("at most {LARGEST} can be added up"), None);
            return None;
        }
        if i128::from(between.1) < reach.least || i128::from(between.0) > reach.greatest {
            let message = format!("every value is of {} to {}: none lies in this range", reach.least, reach.greatest);
            self.complain(&path, &message, None);
            return None;
        }
        let sql = filter::canonical_sql(written, schema, self.scene.quarter);
        Some(Gives::Number { written: written.to_string(), sql, between })
    }

    fn yes_or_no(&mut self, name: &str, condition: &str, schema: &TableSchema) -> Option<(Vec<String>, String)> {
        let faults = filter::faults(condition, schema);
        let checked = if faults.is_empty() { Ok(()) } else { Err(faults) };
        self.told(&["columns", name, "when"], checked)?;
        let condition = filter::canonical_sql(condition, schema, self.scene.quarter);
        let sql = format!("CASE WHEN {condition} THEN 0 WHEN NOT ({condition}) THEN 1 ELSE 2 END");
        Some((vec!["yes".into(), "no".into()], sql))
    }

    fn band_edges(&mut self, name: &str, edges: &[i64]) -> Option<()> {
        let path = ["columns", name, "edges"];
        let before = edges.iter().zip(edges.iter().skip(1)).position(|(a, b)| a >= b);
        if edges.is_empty() {
            self.complain(&path, "at least one edge is needed", None);
        } else if edges.len() > MOST_EDGES {
            self.complain(&path, &format!("more than {MOST_EDGES} edges"), None);
        } else if edges.iter().any(|edge| edge.unsigned_abs() > LARGEST) {
            self.complain(&path, &format!("an edge is of at most {LARGEST}"), None);
        } else if let Some(at) = before {
            let path = [path[0], name, "edges", &(at + 1).to_string()];
            self.complain(&path, "each edge is greater than the one before", None);
        } else {
            return Some(());
        }
        None
    }

    /// A derived column in `by` that no measure has.
    pub(super) fn misused(&mut self, path: &[&str], name: &str, column: Option<&DerivedColumn>, unclear: bool) {
        let (message, help) = match column {
            Some(DerivedColumn { gives: Gives::Number { .. }, .. }) => (
                format!("{} is a number, and a dimension has codes", quote(name)),
                "put it into bands: `edges: [0, 10]`",
            ),
            Some(DerivedColumn { table, .. }) if !unclear => {
                let message = format!("no measure's rows are of `{table}`, or lead to it");
                (message, "a table leads to `patients` by its person, and to a public one by a reference")
            }
            // Told already.
            _ => return,
        };
        self.complain(path, &message, Some(help.into()));
    }

    /// What a check of an expression gave; `None` after its complaints, each in its place.
    pub(super) fn told<T>(&mut self, path: &[&str], checked: Result<T, Vec<Fault>>) -> Option<T> {
        let node = self.document.root.find(path);
        for fault in checked.as_ref().err().into_iter().flatten() {
            let inside = fault.at.clone().and_then(|range| locate::within(self.document, node, range));
            // A condition over several lines cannot be pointed into: its first character is marked instead.
            let span = inside.unwrap_or(node.span.clone());
            self.push(self.document.at(span, fault.message.clone()), fault.help.clone());
        }
        checked.ok()
    }
}

/// The number of the first condition that holds, or of what follows them; `unknown` after that.
fn case(missing: &str, conditions: impl Iterator<Item = String>) -> String {
    let mut whens = String::new();
    let mut last = 0;
    for (place, condition) in conditions.enumerate() {
        let _ = write!(whens, " WHEN {condition} THEN {place}");
        last = place + 1;
    }
    format!("CASE WHEN {missing} THEN {}{whens} ELSE {last} END", last + 1)
}

/// Someone is `edge` years old from the day on which their date of birth is `edge` years before.
fn ages_sql(since: &str, edges: &[i64], quarter: Quarter) -> String {
    let last = quarter.last_day();
    let date = |date: NaiveDate| format!("CAST(CAST({} AS INT) AS DATE)", days(date));
    // A quarter does not end in February, so every year has the day.
    let before = |years: i64| i32::try_from(years).ok().and_then(|years| last.with_year(last.year() - years));
    let starts = edges.iter().filter(|edge| **edge > 0).filter_map(|edge| before(*edge));
    let conditions = starts.map(|start| format!("\"{since}\" > {}", date(start)));
    case(&format!("\"{since}\" IS NULL OR \"{since}\" > {}", date(last)), conditions)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_in_words() {
        assert_eq!(codes(&[0, 16, 25], false), ["0 to 15", "16 to 24", "25 and over"]);
        assert_eq!(codes(&[-5, -4, 0, 1], true), ["under -5", "-5", "-4 to -1", "0", "1 and over"]);
        assert_eq!(codes(&[3], false), ["3 and over"]);
    }

    #[test]
    fn ages_are_days_of_birth() {
        let sql = ages_sql("born", &[0, 16], "2024-Q3".parse().unwrap());
        // 2024-09-30 is day 19996, and 2008-09-30 day 14152.
        let expected = "CASE WHEN \"born\" IS NULL OR \"born\" > CAST(CAST(19996 AS INT) AS DATE) THEN 2 \
                        WHEN \"born\" > CAST(CAST(14152 AS INT) AS DATE) THEN 0 ELSE 1 END";
        assert_eq!(sql, expected);
        let from_five = ages_sql("born", &[5, 16], "2024-Q4".parse().unwrap());
        assert_eq!(from_five.matches(" THEN ").count(), 3);
    }
}
