//! Random columns that a report derives, of the tables of a random contract.

use serde_json::{Value, json};

use super::contract::{Contract, Holds, Table};
use super::grammar::{condition, counted};
use super::tape::Tape;

/// A derived column.
pub struct Derived {
    pub name: &'static str,
    /// The place of its table among the private ones; `None` for the public services.
    pub of: Option<usize>,
    /// For a list of codes the most that it may have, without `unknown`; `None` for a number.
    pub codes: Option<usize>,
    yaml: Value,
}

const NAMES: [&str; 4] = ["d1", "d2", "d3", "d4"];
const AGES: [&[i64]; 4] = [&[0, 1, 5], &[4], &[0, 16, 25, 75], &[1, 150]];
const EDGES: [&[i64]; 5] = [&[0], &[0, 5, 10], &[-3, 7], &[1_000_000_000_000], &[-9, -8, -2, 1, 100, 480]];
/// What a row's number is clamped to; each holds 0, which every number may be.
const BETWEEN: [(i64, i64); 5] = [(0, 7), (-28, 28), (-1_000_000_000, 1_000_000_000), (0, 1), (-9, 0)];

/// Up to four columns, mostly of one table.
pub fn columns(contract: &Contract, focus: usize, tape: &mut Tape<'_>) -> Vec<Derived> {
    let count = tape.one_of(&[0, 1, 2, 0, 3, 4]);
    let of = |tape: &mut Tape<'_>| tape.one_of(&[Some(focus), Some(0), Some(focus), None]);
    NAMES[..count].iter().map(|name| column(contract, name, of(tape), tape)).collect()
}

fn column(contract: &Contract, name: &'static str, of: Option<usize>, tape: &mut Tape<'_>) -> Derived {
    let services = contract.services_table();
    let table = of.map_or(&services, |of| &contract.tables[of]);
    let dates = table.columns.iter().filter(|column| column.holds == Holds::Date).collect::<Vec<_>>();
    let (codes, setting) = match tape.below(5) {
        0 if !dates.is_empty() => {
            let (date, edges) = (tape.one_of(&dates).name, tape.one_of(&AGES));
            (Some(edges.len() + 1), json!({ "age": date, "edges": edges }))
        }
        1 => (Some(2), json!({ "when": condition(table, tape) })),
        2 | 3 => (None, json!({ "is": number(table, tape), "between": tape.one_of(&BETWEEN) })),
        _ => {
            let (number, edges) = (number(table, tape), tape.one_of(&EDGES));
            (Some(edges.len() + 1), json!({ "is": number, "edges": edges }))
        }
    };
    let mut yaml = json!({ "of": table.name });
    if let (Some(yaml), Value::Object(setting)) = (yaml.as_object_mut(), setting) {
        yaml.extend(setting);
    }
    Derived { name, of, codes, yaml }
}

/// A column where there is one, or a calculation, that may be 0.
fn number(table: &Table, tape: &mut Tape<'_>) -> String {
    let calculation = counted(table, tape);
    match tape.below(2) {
        0 => format!("coalesce({calculation}, 0)"),
        _ => format!("case when {calculation} = 7 then 0 when {calculation} <> 7 then {calculation} end"),
    }
}

/// The section of a report's YAML.
pub fn yaml(columns: &[Derived]) -> String {
    let lines = columns.iter().map(|column| format!("  {}: {}\n", column.name, column.yaml)).collect::<String>();
    if lines.is_empty() { lines } else { format!("columns:\n{lines}") }
}
