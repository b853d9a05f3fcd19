//! The report as a page: what to look at first, then all of it.

use std::collections::BTreeMap;

use minijinja::context;
use minijinja::value::{Serde, Value};
use serde::Serialize;

use super::compare::{LARGE_ROWS, LARGE_SHARE};
use super::{TableReport, Validation};
use crate::config::look::Look;
use crate::error::Result;
use crate::look::Pages;

/// So many names stand in a sentence; the rest is in a table below.
const NAMED: usize = 8;

/// A rule that was broken, or a repair, and how often.
#[derive(Debug, Serialize)]
struct Finding<'a> {
    table: &'a str,
    source: Option<&'a str>,
    /// None where the rule is of the whole row.
    column: Option<&'a str>,
    rule: String,
    outcome: &'static str,
    rows: u64,
    /// Where the lines are.
    list: Option<String>,
}

/// Senders of a list that sent nothing of a table.
#[derive(Debug, Serialize)]
struct Silent<'a> {
    table: &'a str,
    list: &'a str,
    senders: usize,
    named: Vec<&'a str>,
    more: usize,
    silent: usize,
}

/// One sender's rows, a table a column; none where the table is not by this list.
#[derive(Debug, Serialize)]
struct Complete<'a> {
    sender: &'a str,
    rows: Vec<u64>,
}

/// The senders of one list.
#[derive(Debug, Serialize)]
struct List<'a> {
    list: &'a str,
    tables: Vec<&'a str>,
    unknown: Vec<u64>,
    senders: Vec<Complete<'a>>,
}

impl Validation {
    pub(super) fn html(&self, look: &Look) -> Result<String> {
        let pages = Pages::new(look, &[("validation.html", include_str!("validation.html"))])?;
        pages.page(
            "validation.html",
            context! {
                report => Value::from(Serde(self)),
                stopped => !self.refused.is_empty() || !self.over_limit.is_empty(),
                findings => Value::from(Serde(self.tables.iter().flat_map(of_table).collect::<Vec<_>>())),
                files => Value::from(Serde(self.tables.iter().flat_map(of_files).collect::<Vec<_>>())),
                silent => Value::from(Serde(self.silent())),
                lists => Value::from(Serde(self.lists())),
                large => Value::from(Serde(self.changes.iter().filter(|it| it.large).collect::<Vec<_>>())),
                large_share => LARGE_SHARE,
                large_rows => LARGE_ROWS,
                named => NAMED,
            },
        )
    }

    fn silent(&self) -> Vec<Silent<'_>> {
        let silent = |it: &'_ crate::link::SenderRows| it.senders.iter().filter(|it| it.rows == 0).count();
        let tables = self.senders.iter().filter(|it| silent(it) > 0);
        let one = tables.map(|it| {
            let names = it.senders.iter().filter(|it| it.rows == 0).map(|it| it.sender.as_str());
            let silent = silent(it);
            Silent {
                table: &it.table,
                list: &it.list,
                senders: it.senders.len(),
                named: names.take(NAMED).collect(),
                more: silent.saturating_sub(NAMED),
                silent,
            }
        });
        one.collect()
    }

    /// By list: every sender, with its rows in each table that names it.
    fn lists(&self) -> Vec<List<'_>> {
        let mut lists = BTreeMap::<&str, List<'_>>::new();
        for own in &self.senders {
            let fresh = || List {
                list: &own.list,
                tables: Vec::new(),
                unknown: Vec::new(),
                senders: own.senders.iter().map(|it| Complete { sender: &it.sender, rows: Vec::new() }).collect(),
            };
            let list = lists.entry(&own.list).or_insert_with(fresh);
            list.tables.push(&own.table);
            list.unknown.push(own.unknown);
            // Every table of a list has its senders in the list's own order.
            list.senders.iter_mut().zip(&own.senders).for_each(|(complete, count)| complete.rows.push(count.rows));
        }
        lists.into_values().collect()
    }
}

/// What was found in a table, by column and rule.
fn of_table(table: &TableReport) -> Vec<Finding<'_>> {
    let kinds =
        [("set_aside", &table.total.quarantined_by), ("kept", &table.total.warned), ("mended", &table.total.repaired)];
    let kinds = kinds.into_iter().flat_map(|(outcome, counts)| counts.iter().map(move |(name, n)| (outcome, name, n)));
    kinds.map(|(outcome, name, &rows)| finding(table, None, outcome, name, rows)).collect()
}

/// What was set aside in each file, with the list of its lines.
fn of_files(table: &TableReport) -> Vec<Finding<'_>> {
    let files = table.files.iter().flat_map(|file| file.tally.quarantined_by.iter().map(move |count| (file, count)));
    let one = files.map(|(file, (name, &rows))| Finding {
        list: Some(file.quarantine.to_string_lossy().into_owned()),
        ..finding(table, Some(&file.source), "set_aside", name, rows)
    });
    one.collect()
}

fn finding<'a>(
    table: &'a TableReport,
    source: Option<&'a str>,
    outcome: &'static str,
    name: &'a str,
    rows: u64,
) -> Finding<'a> {
    let (column, rule) = name.rsplit_once('.').map_or((None, name), |(column, rule)| (Some(column), rule));
    Finding { table: &table.table, source, column, rule: rule.replace('_', " "), outcome, rows, list: None }
}
