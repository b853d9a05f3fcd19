//! The rows that a report's tests give, held against the extract contract: every table, column and code is there, every
//! day and number can be read, and every name of a public table leads somewhere.

use chrono::{Days, Months, NaiveDate};

use super::check_report::Check;
use super::marked::{Node, Value};
use super::plan::Report;
use super::quarter::Quarter;
use super::suggest::{advice, quote};
use super::tables::Lookup;
use super::trial::{Extract, Row, Trial};
use crate::schema::{Column, Kind, TableSchema};

/// So many digits and more are someone's number.
const MOST_DIGITS: usize = 8;

const DAYS_HELP: &str = "a day is written `2026-07-01`, or counted from the quarter, as in `quarter_start`, \
                         `quarter_end - 30` or `quarter_end - 30 years`, so that the test holds in every quarter";

impl Check<'_> {
    /// The tests of a report whose figures are known.
    pub(super) fn trials(&mut self, report: &Report) -> Vec<Trial> {
        let document = self.document;
        let items = document.root.get("tests").map_or(&[][..], Node::items);
        let mut names = Vec::new();
        let mut found = Vec::new();
        for node in items {
            let Some(name) = node.get("name") else { continue };
            let text = name.text().unwrap_or_default().trim();
            if text.is_empty() {
                self.wrong(name, "a test has a name", Some("say in a few words what it shows".into()));
            } else if names.contains(&text) {
                self.wrong(name, &format!("two tests are called {}", quote(text)), None);
            }
            names.push(text);
            let given = self.extracts(node);
            let expected = self.expected(node, report, &given);
            let at = document.at(name.span.clone(), "");
            found.push(Trial { name: text.to_string(), at, given, expected });
        }
        found
    }

    /// A complaint about a part of a test.
    pub(super) fn wrong(&mut self, node: &Node, message: &str, help: Option<String>) {
        self.push(self.document.at(node.span.clone(), message), help);
    }

    fn extracts(&mut self, test: &Node) -> Vec<Extract> {
        let entries = test.get("given").map_or(&[][..], Node::entries);
        let mut found = Vec::new();
        for (key, rows) in entries {
            let Some(table) = key.text() else { continue };
            let schema = match self.scene.tables.lookup(table) {
                Lookup::Known(schema) => schema.clone(),
                Lookup::Unclear => continue,
                Lookup::Absent => {
                    let help = advice(table, self.scene.tables.all().map(|(name, _)| name));
                    let help = help.map(|help| format!("{help} (tables come from the board's `sources`)"));
                    self.wrong(key, &format!("unknown table {}", quote(table)), help);
                    continue;
                }
            };
            let rows = rows.items().iter().map(|row| self.row(&schema, row)).collect();
            let at = self.document.at(key.span.clone(), "");
            found.push(Extract { table: table.to_string(), at, rows });
        }
        self.references(entries, &found);
        found
    }

    fn row(&mut self, schema: &TableSchema, row: &Node) -> Row {
        let mut cells = Row::new();
        for (key, node) in row.entries() {
            let Some(name) = key.text() else { continue };
            let Some(column) = schema.columns.get(name) else {
                let help = advice(name, schema.columns.keys().map(String::as_str));
                self.wrong(key, &format!("`{}` has no column {}", schema.table, quote(name)), help);
                continue;
            };
            match self.cell(column, node) {
                Ok(cell) => drop(cells.insert(name.to_string(), cell)),
                // A blank has no width, and nothing to point at.
                Err((message, help)) => self.wrong(if node.span.is_empty() { key } else { node }, &message, help),
            }
        }
        let whose = schema.person().filter(|person| schema.columns[*person].required && row.get(person).is_none());
        if let Some(person) = whose {
            let help = format!("name someone, by any short name: `{person}: anna`");
            self.wrong(row, &format!("this row of `{}` is nobody's", schema.table), Some(help));
        }
        cells
    }

    /// What is written in a cell, in the form of an extract but for names.
    fn cell(&self, column: &Column, node: &Node) -> Result<Option<String>, (String, Option<String>)> {
        let fault = |message: String| (message, None);
        let Value::Scalar(text, _) = &node.value else {
            return Err(fault("write the value itself here: a test follows no reference".into()));
        };
        let text = text.trim();
        let nowhere = matches!(column.kind, Kind::Reference | Kind::PracticeCode) && text == "unknown";
        if node.is_null() || text.is_empty() || nowhere {
            return if column.required { Err(fault("this column is never blank".into())) } else { Ok(None) };
        }
        match column.kind {
            Kind::Code if text != "unknown" && !column.codes.iter().any(|code| code == text) => {
                let known = column.codes.iter().map(String::as_str).chain(["unknown"]);
                return Err((format!("unknown code {}", quote(text)), advice(text, known)));
            }
            Kind::Date => {
                let day = day(text, self.scene.quarter);
                let day = day.ok_or_else(|| (format!("{} is no day", quote(text)), Some(DAYS_HELP.into())))?;
                return Ok(Some(day.format("%Y-%m-%d").to_string()));
            }
            Kind::Integer | Kind::Decimal => number(column, text).map_err(fault)?,
            kind if (kind.is_person() || kind == Kind::Token)
                && text.chars().filter(char::is_ascii_digit).count() > MOST_DIGITS =>
            {
                let help = "a test is read by everyone: call people `anna` and `bob`, and their numbers are made up";
                return Err(("this may be the number of someone real".into(), Some(help.into())));
            }
            _ => {}
        }
        Ok(Some(text.to_string()))
    }

    /// A public table that a test gives is whole: every name that leads there is in it.
    fn references(&mut self, entries: &[(Node, Node)], given: &[Extract]) {
        let tables = self.scene.tables;
        for (key, rows) in entries {
            let Some(schema) = key.text().and_then(|table| tables.get(table)) else { continue };
            for (name, column) in &schema.columns {
                let Some(target) = column.to.as_ref().and_then(|to| given.iter().find(|it| it.table == *to)) else {
                    continue;
                };
                let Some(of_key) = tables.get(&target.table).and_then(|schema| schema.key()) else { continue };
                let known = target.rows.iter().filter_map(|row| row.get(of_key)?.as_deref()).collect::<Vec<_>>();
                let written = rows.items().iter().filter_map(|row| row.get(name));
                for (node, text) in written.filter_map(|node| Some((node, node.text()?.trim()))) {
                    let nowhere =
                        node.is_null() || text == "unknown" || column.unknown_codes.iter().any(|it| it == text);
                    if !nowhere && !known.contains(&text) {
                        let message = format!("no row of `{}` in this test is called {}", target.table, quote(text));
                        self.wrong(node, &message, advice(text, known.iter().copied()));
                    }
                }
            }
        }
    }

    /// The names of the areas of a level that a test speaks of.
    pub(super) fn areas_of(&self, level: &str, given: &[Extract]) -> Vec<String> {
        let lookup = given.iter().find(|it| Some(it.table.as_str()) == self.scene.areas);
        let rows = lookup.map_or(&[][..], |it| &it.rows).iter();
        let mut names = rows.filter_map(|row| row.get(level)?.clone()).collect::<Vec<_>>();
        names.sort();
        names.dedup();
        names
    }
}

/// Whether a number can be read, and is in the column's range.
fn number(column: &Column, text: &str) -> Result<(), String> {
    let (before, after) = text.split_once('.').unwrap_or((text, ""));
    let places = usize::from(column.places);
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let whole = before.strip_prefix('-').unwrap_or(before);
    if whole.is_empty() || !digits(whole) || !digits(after) || after.len() > places {
        let kind = if places == 0 { "a whole number".into() } else { format!("a number with {places} decimals") };
        return Err(format!("this column holds {kind}, and not {}", quote(text)));
    }
    let value = format!("{before}{after}{}", "0".repeat(places - after.len())).parse::<i64>().ok();
    match value.zip(column.whole_range()) {
        Some((value, (least, greatest))) if (least..=greatest).contains(&value) => Ok(()),
        _ => Err(format!("{} is outside the range that the column's schema allows", quote(text))),
    }
}

/// A day: `2026-07-01`, or from the first or last day of the quarter, as in `quarter_end - 30 years`.
fn day(text: &str, quarter: Quarter) -> Option<NaiveDate> {
    let (base, rest) = match (text.strip_prefix("quarter_start"), text.strip_prefix("quarter_end")) {
        (Some(rest), _) => (quarter.first_day(), rest),
        (_, Some(rest)) => (quarter.last_day(), rest),
        _ => return NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|_| text.len() == 10),
    };
    let rest = rest.trim();
    if rest.is_empty() {
        return Some(base);
    }
    let (later, amount) = match (rest.strip_prefix('+'), rest.strip_prefix('-')) {
        (Some(amount), _) => (true, amount.trim()),
        (_, Some(amount)) => (false, amount.trim()),
        _ => return None,
    };
    let (number, unit) = amount.split_once(' ').unwrap_or((amount, "days"));
    let number = number.parse::<u32>().ok()?;
    let months = |by: u32| Some(Months::new(number.checked_mul(by)?));
    let (days, months) = match unit.trim() {
        "day" | "days" => (Days::new(number.into()), Months::new(0)),
        "month" | "months" => (Days::new(0), months(1)?),
        "year" | "years" => (Days::new(0), months(12)?),
        _ => return None,
    };
    match later {
        true => base.checked_add_days(days)?.checked_add_months(months),
        false => base.checked_sub_days(days)?.checked_sub_months(months),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_stand_still_or_move_with_the_quarter() {
        let quarter = "2026-Q3".parse().unwrap();
        let read = |text| day(text, quarter).map(|day| day.to_string());
        for (text, expected) in [
            ("2026-07-03", "2026-07-03"),
            ("quarter_start", "2026-07-01"),
            ("quarter_start + 2", "2026-07-03"),
            ("quarter_end - 1 day", "2026-09-29"),
            ("quarter_start - 1 month", "2026-06-01"),
            ("quarter_end - 30 years", "1996-09-30"),
        ] {
            assert_eq!(read(text).as_deref(), Some(expected), "{text}");
        }
        for text in ["3/7/2026", "2026-7-3", "quarter", "quarter_end 3", "quarter_end - x", "quarter_end - 3 weeks", ""]
        {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
