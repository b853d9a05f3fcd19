//! Which dimensions stand together in a table.

use std::collections::BTreeSet;

use super::check_figures::dimensions;
use super::check_report::Check;
use super::plan::Measure;
use super::report::ReportYaml;
use super::suggest::{advice, quote};

/// More tables than this are no publication, and leave little of the loss to each.
const MOST_TABLES: usize = 64;

impl Check<'_> {
    /// The tables as written: each names dimensions of `by`, each dimension stands somewhere, and no two are alike.
    pub(super) fn layout(&mut self, yaml: &ReportYaml) {
        let by = yaml.by.iter().map(String::as_str).filter(|name| *name != "area").collect::<Vec<_>>();
        let Some(tables) = &yaml.tables else { return };
        let before = self.complaints.len();
        if tables.len() > MOST_TABLES {
            let message = format!("{} tables are more than {MOST_TABLES}", tables.len());
            self.complain(&["tables"], &message, Some("leave out those that nobody will read".into()));
        }
        for (at, table) in tables.iter().enumerate() {
            let place = at.to_string();
            for (inner, name) in table.iter().enumerate() {
                let path = ["tables", &place, &inner.to_string()];
                if name == "area" {
                    self.complain(&path, "every table is by area", Some("leave `area` out here".into()));
                } else if !by.contains(&name.as_str()) {
                    let help = advice(name, by.iter().copied());
                    self.complain(&path, &format!("{} is not in `by`", quote(name)), help);
                } else if table[..inner].contains(name) {
                    self.complain(&path, &format!("{} is named twice in this table", quote(name)), None);
                }
            }
            let alike = |other: &Vec<String>| set(other) == set(table);
            if let Some(earlier) = tables[..at].iter().position(alike) {
                let message = format!("this table is listed already, as number {}", earlier + 1);
                self.complain(&["tables", &place], &message, Some("leave it out".into()));
            }
        }
        // A name that is misspelt in one of the two places is told of once.
        let told = self.complaints.len() > before;
        for (at, name) in yaml.by.iter().enumerate().filter(|_| !told) {
            if name != "area" && !tables.iter().flatten().any(|named| named == name) {
                let help = "name it in a table, or take it out of `by`".to_string();
                let message = format!("{} stands in none of the `tables`", quote(name));
                self.complain(&["by", &at.to_string()], &message, Some(help));
            }
        }
    }

    /// Gives each measure its tables.
    pub(super) fn lay_out(&mut self, yaml: &ReportYaml, measures: &mut [Measure]) {
        let mut too_wide = None;
        for measure in measures {
            measure.tables = tables(&dimensions(self.scene, measure), &yaml.by, yaml.tables.as_deref());
            if measure.tables.is_empty() {
                too_wide = Some(format!("`{}` is given by so many dimensions that they make", measure.name));
            }
        }
        if let Some(message) = too_wide {
            let help = "say which dimensions stand together, as in `tables: [[sex, age_band], [source]]`";
            self.complain(&["by"], &format!("{message} more than {MOST_TABLES} tables"), Some(help.into()));
        }
    }
}

/// The tables of a measure with dimensions of these names: see [`Measure::tables`]. None where every combination is asked
/// for, and there are too many.
fn tables(names: &[&str], by: &[String], written: Option<&[Vec<String>]>) -> Vec<Vec<usize>> {
    // A dimension that no report names comes with what is counted, as a funnel's stages do: nothing is told without it.
    let (chosen, own): (Vec<usize>, Vec<usize>) =
        (0..names.len()).partition(|&at| by.iter().any(|name| name == names[at]));
    let subsets: Vec<Vec<usize>> = match written {
        Some(written) => {
            let is_in = |named: &[String], at: usize| named.iter().any(|name| name == names[at]);
            let table = |named: &Vec<String>| chosen.iter().copied().filter(|&at| is_in(named, at)).collect();
            written.iter().map(table).chain([Vec::new()]).collect()
        }
        None if 1usize.checked_shl(chosen.len() as u32).is_none_or(|all| all > MOST_TABLES) => return Vec::new(),
        None => {
            let subset = |bits: usize| (0..chosen.len()).filter(move |at| bits >> at & 1 == 1).map(|at| chosen[at]);
            (0..1usize << chosen.len()).map(|bits| subset(bits).collect()).collect()
        }
    };
    let with_own = subsets.into_iter().map(|table| {
        let table = table.into_iter().chain(own.iter().copied()).collect::<BTreeSet<_>>();
        (table.len(), table.into_iter().collect())
    });
    with_own.collect::<BTreeSet<(usize, Vec<usize>)>>().into_iter().map(|(_, table)| table).collect()
}

fn set(names: &[String]) -> BTreeSet<&str> {
    names.iter().map(String::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(names: &[&str], by: &str, written: Option<&[&str]>) -> Vec<Vec<usize>> {
        let split = |text: &&str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let written = written.map(|written| written.iter().map(split).collect::<Vec<_>>());
        tables(names, &split(&by), written.as_deref())
    }

    #[test]
    fn every_combination_unless_said() {
        let none: [usize; 0] = [];
        assert_eq!(given(&[], "area", None), [none]);
        let all: [&[usize]; 8] = [&[], &[0], &[1], &[2], &[0, 1], &[0, 2], &[1, 2], &[0, 1, 2]];
        assert_eq!(given(&["simd", "sex", "reason"], "area simd sex reason", None), all);
    }

    #[test]
    fn those_that_are_listed_and_the_totals() {
        let listed = Some(&["simd reason", "sex age", "source"][..]);
        let by = "area simd sex age source reason";
        let expected: [&[usize]; 4] = [&[], &[3], &[0, 4], &[1, 2]];
        assert_eq!(given(&["simd", "sex", "age", "source", "reason"], by, listed), expected);
        // What lacks a dimension has the rest of its tables, each once.
        let expected: [&[usize]; 3] = [&[], &[0], &[1, 2]];
        assert_eq!(given(&["simd", "sex", "age"], by, listed), expected);
        let expected: [&[usize]; 2] = [&[], &[0]];
        assert_eq!(given(&["simd"], by, Some(&["simd reason", "simd source", "reason"])), expected);
    }

    #[test]
    fn the_order_of_the_list_makes_no_difference() {
        let by = "area a b c";
        assert_eq!(
            given(&["a", "b", "c"], by, Some(&["c b", "a"])),
            given(&["a", "b", "c"], by, Some(&["a", "b c", ""]))
        );
    }

    #[test]
    fn what_comes_with_the_measure_stands_in_every_table() {
        let expected: [&[usize]; 2] = [&[1], &[0, 1]];
        assert_eq!(given(&["sex", "stage"], "area sex", None), expected);
        assert_eq!(given(&["sex", "stage"], "area sex", Some(&["sex"])), expected);
        assert_eq!(given(&["stage"], "area sex", Some(&["sex"])), [[0]]);
    }

    #[test]
    fn six_dimensions_make_as_many_tables_as_there_may_be() {
        assert_eq!(given(&["a", "b", "c", "d", "e", "f"], "a b c d e f", None).len(), MOST_TABLES);
        assert_eq!(given(&["a", "b", "c", "d", "e", "f", "g"], "a b c d e f g", None), Vec::<Vec<usize>>::new());
        assert_eq!(given(&["a", "b", "c", "d", "e", "f", "g"], "a b c d e f g", Some(&["a", "g"])).len(), 3);
    }
}
