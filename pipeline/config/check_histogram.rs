//! A table's rows by the value of a whole number.

use super::bins::Bins;
use super::check_journey::plain;
use super::check_report::{Check, Grid};
use super::journey::{Histogram, VALUE};
use super::plan::{CodeDimension, CodeValue, Measure, MeasureKind, Rows};
use super::report::MeasureYaml;
use crate::schema::{Breach, Column, Kind};

impl Check<'_> {
    /// The histogram of the column that `written` names as `table.column`. `None` after a complaint.
    pub(super) fn histogram(
        &mut self,
        name: &str,
        yaml: &MeasureYaml,
        written: &str,
        grid: &Grid<'_>,
    ) -> Option<Measure> {
        let path = ["measures", name, "histogram"];
        let at_most = self.rows_bound(name, yaml);
        let edges = self.edges(name, yaml, None);
        let (schema, column) = self.column(&path, written, |column| column.kind == Kind::Integer, "a whole number")?;
        self.filter(&["measures", name, "where"], yaml.filter.as_deref(), &schema);
        let practitioner = self.practitioner(name, "histogram", yaml, &schema, grid.place)?;
        let (edges, found) = (edges?, &schema.columns[&column]);
        let under = reaches_under(found, *edges.first()?);
        let bins = Bins::new(edges, under);
        let dimension = CodeDimension {
            name: VALUE.into(),
            column: column.clone(),
            table: schema.table.clone(),
            via: None,
            heading: found.heading(&column),
            codes: bins.codes(),
            unknown: true,
            value: CodeValue::Computed(bins.place_sql(&format!("\"{column}\""))),
        };
        let kind = MeasureKind::Events { at_most: at_most? };
        Some(Measure {
            rows: Rows::Histogram(Histogram { column, bins }),
            filter: yaml.filter.clone(),
            practitioner,
            codes: grid.codes.iter().cloned().chain([dimension]).collect(),
            expect_per_1000: self.expectation(name, yaml.expect, grid.place),
            ..plain(name, yaml, grid, schema.table.clone(), kind)
        })
    }

    /// How many rows of one person count in a cell.
    fn rows_bound(&mut self, name: &str, yaml: &MeasureYaml) -> Option<u32> {
        let key = |key: &'static str| ["measures", name, "per_person", key];
        if yaml.per_person.between.is_some() {
            let place = self.document.key(&key("between"), "`between` means nothing for `histogram`");
            self.push(place, Some("it bounds a measure of `sum`".into()));
        }
        match yaml.per_person.events {
            Some(at_most) => {
                self.at_least_one(&key("events"), at_most, "a person with no rows is never counted");
                Some(at_most)
            }
            None => {
                let help = "say how many rows of one person may count in a cell: `per_person: { events: 6 }`";
                self.push(self.document.key(&["measures", name], "`histogram` needs a bound"), Some(help.into()));
                None
            }
        }
    }
}

/// Whether a stored number may lie below `least`: by the contract alone, since no value may decide which cells there are.
fn reaches_under(column: &Column, least: i64) -> bool {
    // What only warns keeps a value that is out of its range.
    column.breach == Some(Breach::Warn) || column.whole_range().is_none_or(|(lowest, _)| lowest < least)
}
