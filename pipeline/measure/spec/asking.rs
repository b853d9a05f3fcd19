//! Random reports on a random contract, as the YAML that a board would write.

use serde_json::{Value, json};

use super::contract::{CODES, Column, Contract, Holds};
use super::grammar::condition;
use super::tape::Tape;

/// More combinations of the rows' codes, or cells, take time and test nothing else.
const MOST_COMBINATIONS: usize = 700;
const MOST_CELLS: usize = 40_000;
/// What a person's total may be clamped to.
const BETWEEN: [(i64, i64); 7] =
    [(0, 600), (-3, 4), (5, 9), (-9, -2), (0, 1), (-1, 0), (-1_000_000_000_000_000, 1_000_000_000_000_000)];

/// The YAML of a report on a contract: one to three measures, mostly of the table `focus`.
pub fn report(contract: &Contract, focus: usize, tape: &[u8]) -> String {
    let tape = &mut Tape::new(tape);
    let count = tape.one_of(&[1, 1, 2, 1, 3]);
    let tables = (0..count).map(|_| if tape.below(4) == 3 { tape.below(3) } else { focus }).collect::<Vec<_>>();
    let by = by(contract, &tables, tape);
    let measures = tables.iter().enumerate();
    let measures =
        measures.map(|(n, &table)| format!("  m{n}: {}\n", measure(contract, table, tape))).collect::<String>();
    yaml(&by, &measures)
}

/// A report of one measure of a table, in the quarter and under a condition of the test's own.
pub fn conditional(contract: &Contract, table: usize, condition: &str, tape: &[u8]) -> String {
    let tape = &mut Tape::new(tape);
    let by = by(contract, &[table], tape);
    let mut measure = measure(contract, table, tape);
    measure["where"] = condition.into();
    measure["during"] = "quarter".into();
    yaml(&by, &format!("  m0: {measure}\n"))
}

/// A report that asks the same of a table twice: for people, and for rows that count once at most.
pub fn twice(contract: &Contract, table: usize, tape: &[u8]) -> String {
    let tape = &mut Tape::new(tape);
    let by = by(contract, &[table], tape);
    let asked = measure(contract, table, tape);
    let cells = &asked["per_person"]["cells"];
    let mut people = json!({ "persons": contract.tables[table].name, "per_person": { "cells": cells } });
    let mut rows = json!({ "events": contract.tables[table].name, "per_person": { "cells": cells, "events": 1 } });
    for key in ["where", "during"] {
        if let Some(value) = asked.get(key) {
            people[key] = value.clone();
            rows[key] = value.clone();
        }
    }
    yaml(&by, &format!("  people: {people}\n  rows: {rows}\n"))
}

/// A report of measures, each a line of YAML.
pub fn yaml(by: &[&str], measures: &str) -> String {
    format!("title: Random\nprotects: patient\nby: [{}]\nmeasures:\n{measures}", by.join(", "))
}

/// Dimensions that some measure has, in any order, as long as no measure has too many cells.
fn by(contract: &Contract, tables: &[usize], tape: &mut Tape<'_>) -> Vec<&'static str> {
    let mut by = vec!["area"];
    for name in CODES {
        let wanted = tape.below(3) < 2 && tables.iter().any(|&table| contract.reach(table, name).is_some());
        let place = tape.below(by.len() + 1);
        if wanted {
            by.insert(place, name);
        }
        if !tables.iter().all(|&table| fits(contract, table, &by)) {
            by.retain(|it| *it != name);
        }
    }
    if contract.band && tape.below(2) == 1 {
        by.insert(tape.below(by.len() + 1), "simd_quintile");
    }
    by
}

fn fits(contract: &Contract, table: usize, by: &[&str]) -> bool {
    let sizes = by.iter().filter_map(|name| contract.reach(table, name)).collect::<Vec<_>>();
    let product =
        |of: bool| sizes.iter().filter(|(_, person)| *person == of).map(|(codes, _)| codes + 1).product::<usize>();
    // The area lookup has four rows, and there is nowhere.
    product(false) <= MOST_COMBINATIONS && product(false) * product(true) * 5 <= MOST_CELLS
}

/// A measure of one table.
pub fn measure(contract: &Contract, table: usize, tape: &mut Tape<'_>) -> Value {
    let found = &contract.tables[table];
    let numbers =
        found.columns.iter().filter(|column| matches!(column.holds, Holds::Number(_))).collect::<Vec<&Column>>();
    let cells = tape.one_of(&[1, 2, 3, 1, 2, 5, 9, 12, 13, 20, 60]);
    let mut measure = match tape.below(if table == 0 { 1 } else { 4 }) {
        1 => json!({ "events": found.name, "per_person": { "cells": cells, "events": 1 + tape.below(7) } }),
        2 if !numbers.is_empty() => {
            let column = tape.one_of(&numbers).name;
            let between = tape.one_of(&BETWEEN);
            json!({ "sum": format!("{}.{column}", found.name), "per_person": { "cells": cells, "between": between } })
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
