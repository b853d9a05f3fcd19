//! Random reports on a random contract, as the YAML that a board would write.

use serde_json::{Value, json};

use super::contract::{CODES, Column, Contract, DATE, Holds};
use super::deriving::{self, Derived, columns};
use super::grammar::condition;
use super::tape::Tape;
use super::world::{PATIENTS, USES, VISITS};

/// More combinations of the rows' codes, or cells, take time and test nothing else.
const MOST_COMBINATIONS: usize = 700;
const MOST_CELLS: usize = 40_000;
/// What a person's total may be clamped to.
const BETWEEN: [(i64, i64); 7] =
    [(0, 600), (-3, 4), (5, 9), (-9, -2), (0, 1), (-1, 0), (-1_000_000_000_000_000, 1_000_000_000_000_000)];

/// What one row's value of a mean may be clamped to: something of it is in every range that a column may have.
const OF_ROWS: [(i64, i64); 2] = [(-600, 700), (-1_000_000_000, 1_000_000_000)];

/// What is asked: rows of one table, or what follows a person over several.
#[derive(Debug, Clone, Copy)]
enum Ask {
    Rows(usize),
    Journey(usize),
}

impl Ask {
    /// How many codes it has under a dimension, and whether they are the patient's; `None` where it has none.
    fn reach(self, contract: &Contract, derived: &[Derived], name: &str) -> Option<(usize, bool)> {
        match self {
            Ask::Rows(table) => reach(contract, derived, table, name),
            Ask::Journey(_) => reach(contract, derived, 0, name),
        }
    }
}

/// The YAML of a report on a contract: one to three measures, mostly of the table `focus`.
pub fn report(contract: &Contract, focus: usize, tape: &[u8]) -> String {
    let tape = &mut Tape::new(tape);
    let count = tape.one_of(&[1, 1, 2, 1, 3]);
    let table = |tape: &mut Tape<'_>| if tape.below(4) == 3 { tape.below(3) } else { focus };
    let asked = (0..count).map(|_| match (table(tape), tape.once_in(4)) {
        (table, true) => Ask::Journey(table),
        (table, false) => Ask::Rows(table),
    });
    let asked = asked.collect::<Vec<_>>();
    let derived = columns(contract, focus, tape);
    let by = by(contract, &asked, &derived, tape);
    let mut one = |ask: &Ask| match *ask {
        Ask::Rows(table) => measure(contract, table, &derived, tape),
        Ask::Journey(table) => journey(contract, table, tape),
    };
    let measures = asked.iter().enumerate().map(|(n, ask)| format!("  m{n}: {}\n", one(ask))).collect::<String>();
    yaml(&by, &measures) + &deriving::yaml(&derived)
}

/// A funnel or a wait that starts in a table.
fn journey(contract: &Contract, table: usize, tape: &mut Tape<'_>) -> Value {
    let mut journey = if table == PATIENTS || tape.once_in(2) {
        let more = 1 + tape.below(3);
        let tables = [table].into_iter().chain((0..more).map(|_| tape.below(3))).collect::<Vec<_>>();
        let stages = tables.into_iter().enumerate().map(|(place, table)| {
            let found = &contract.tables[table];
            let mut stage = json!({ "rows": found.name });
            if tape.once_in(4) {
                stage["where"] = condition(found, tape).into();
            }
            (format!("s{place}"), stage)
        });
        json!({ "funnel": stages.collect::<serde_json::Map<_, _>>() })
    } else {
        let to = tape.one_of(&[VISITS, USES, PATIENTS]);
        let mut wait = json!({ "from": dated(contract, table), "to": dated(contract, to) });
        for (key, table) in [("where_from", table), ("where_to", to)] {
            if tape.once_in(4) {
                wait[key] = condition(&contract.tables[table], tape).into();
            }
        }
        json!({ "wait": wait, "edges": tape.one_of(&[&[0, 1][..], &[0, 15, 31], &[0, 1, 2, 3, 7, 46, 47, 92]]) })
    };
    if tape.once_in(4) {
        journey["during"] = "always".into();
    }
    journey
}

/// A table's day, as `table.column`.
fn dated(contract: &Contract, table: usize) -> String {
    let column = if table == PATIENTS { "registered_on" } else { DATE };
    format!("{}.{column}", contract.tables[table].name)
}

/// A report of one measure of a table, in the quarter and under a condition of the test's own.
pub fn conditional(contract: &Contract, table: usize, condition: &str, tape: &[u8]) -> String {
    let tape = &mut Tape::new(tape);
    let derived = columns(contract, table, tape);
    let by = by(contract, &[Ask::Rows(table)], &derived, tape);
    let mut measure = measure(contract, table, &derived, tape);
    measure["where"] = condition.into();
    measure["during"] = "quarter".into();
    yaml(&by, &format!("  m0: {measure}\n")) + &deriving::yaml(&derived)
}

/// A report that asks the same of a table twice: for people, and for rows that count once at most.
pub fn twice(contract: &Contract, table: usize, tape: &[u8]) -> String {
    let tape = &mut Tape::new(tape);
    let derived = columns(contract, table, tape);
    let by = by(contract, &[Ask::Rows(table)], &derived, tape);
    let asked = measure(contract, table, &derived, tape);
    let cells = &asked["per_person"]["cells"];
    let mut people = json!({ "persons": contract.tables[table].name, "per_person": { "cells": cells } });
    let mut rows = json!({ "events": contract.tables[table].name, "per_person": { "cells": cells, "events": 1 } });
    for key in ["where", "during"] {
        if let Some(value) = asked.get(key) {
            people[key] = value.clone();
            rows[key] = value.clone();
        }
    }
    yaml(&by, &format!("  people: {people}\n  rows: {rows}\n")) + &deriving::yaml(&derived)
}

/// A report of measures, each a line of YAML.
pub fn yaml(by: &[&str], measures: &str) -> String {
    format!("title: Random\nprotects: patient\nby: [{}]\nmeasures:\n{measures}", by.join(", "))
}

/// Dimensions that some measure has, in any order, as long as no measure has too many cells.
fn by(contract: &Contract, asked: &[Ask], derived: &[Derived], tape: &mut Tape<'_>) -> Vec<&'static str> {
    let mut by = vec!["area"];
    for name in CODES.into_iter().chain(derived.iter().map(|column| column.name)) {
        let wanted = tape.below(3) < 2 && asked.iter().any(|ask| ask.reach(contract, derived, name).is_some());
        let place = tape.below(by.len() + 1);
        // With a band six dimensions, whose combinations are as many tables as a report may have.
        if wanted && by.len() < 6 {
            by.insert(place, name);
        }
        if !asked.iter().all(|&ask| fits(contract, derived, ask, &by)) {
            by.retain(|it| *it != name);
        }
    }
    if contract.band && tape.below(2) == 1 {
        by.insert(tape.below(by.len() + 1), "simd_quintile");
    }
    by
}

/// How many codes a table's rows have under a dimension, and whether they are the patient's; `None` where it has none.
fn reach(contract: &Contract, derived: &[Derived], table: usize, name: &str) -> Option<(usize, bool)> {
    let Some(column) = derived.iter().find(|column| column.name == name) else { return contract.reach(table, name) };
    let leads = column.of == Some(table) || column.of == Some(0) || (column.of.is_none() && table > 0);
    column.codes.filter(|_| leads).map(|codes| (codes, column.of == Some(0)))
}

fn fits(contract: &Contract, derived: &[Derived], ask: Ask, by: &[&str]) -> bool {
    let sizes = by.iter().filter_map(|name| ask.reach(contract, derived, name)).collect::<Vec<_>>();
    let product =
        |of: bool| sizes.iter().filter(|(_, person)| *person == of).map(|(codes, _)| codes + 1).product::<usize>();
    // The area lookup has four rows, and there is nowhere.
    product(false) <= MOST_COMBINATIONS && product(false) * product(true) * 5 <= MOST_CELLS
}

/// A measure of one table.
fn measure(contract: &Contract, table: usize, derived: &[Derived], tape: &mut Tape<'_>) -> Value {
    let found = &contract.tables[table];
    let stored = found.columns.iter().filter(|column| matches!(column.holds, Holds::Number(_)));
    let own = derived.iter().filter(|column| column.of == Some(table) && column.codes.is_none());
    let own = own.map(|column| column.name).collect::<Vec<_>>();
    // Often, so that what is derived is not lost among what is stored.
    let numbers = stored.map(|column| column.name).chain(own.repeat(4)).collect::<Vec<_>>();
    let cells = tape.one_of(&[1, 2, 3, 1, 2, 5, 9, 12, 13, 20, 60]);
    let mut measure = match tape.below(if table == PATIENTS { 1 } else { 7 }) {
        1 => json!({ "events": found.name, "per_person": { "cells": cells, "events": 1 + tape.below(7) } }),
        2 if !numbers.is_empty() => {
            let (column, between) = (tape.one_of(&numbers), tape.one_of(&BETWEEN));
            json!({ "sum": format!("{}.{column}", found.name), "per_person": { "cells": cells, "between": between } })
        }
        3 if found.columns.iter().any(Column::is_whole) => {
            let whole = found.columns.iter().filter(|column| column.is_whole());
            let numbers = whole.map(|column| column.name).collect::<Vec<_>>();
            let edges = tape.one_of(&[&[0, 7][..], &[-9, -2, 0, 1, 480], &[-50, 0, 5, 6, 7, 8, 9, 10, 11, 50]]);
            let column = format!("{}.{}", found.name, tape.one_of(&numbers));
            let bounds = json!({ "cells": cells, "events": 1 + tape.below(7) });
            json!({ "histogram": column, "edges": edges, "per_person": bounds })
        }
        4 if !numbers.is_empty() => {
            let (column, between, rows) = (tape.one_of(&numbers), tape.one_of(&OF_ROWS), tape.one_of(&[1, 2, 7]));
            let bounds = json!({ "cells": cells, "between": between, "rows": rows });
            json!({ "mean": format!("{}.{column}", found.name), "per_person": bounds })
        }
        5 => {
            let at_least = tape.one_of(&[2, 1, 5, 30]);
            json!({ "persons": found.name, "at_least": at_least, "per_person": { "cells": cells } })
        }
        _ => json!({ "persons": found.name, "per_person": { "cells": cells } }),
    };
    if tape.once_in(3) {
        measure["where"] = condition(found, tape).into();
    }
    if tape.once_in(4) {
        measure["during"] = "always".into();
    }
    measure
}
