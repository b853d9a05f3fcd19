//! Random boards of practices: patients, practitioners with no post, one or several, and rows of any of them with any
//! other. Patient 0 and practitioner 0 may leave; either may be hostile: posts and registrations everywhere, thousands of
//! rows with everyone, extreme and broken values, the keys of others' rows.

use std::collections::BTreeMap;
use std::fmt;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::board::{Board, board, chi, of_practices};
pub use super::replaying::{Figures, measured, measured_after};
use super::tape::Tape;
use super::world::tape;

const PEOPLE: usize = 6;
const WORKERS: usize = 5;
const LARGEST_FLOOD: usize = 3_000;

/// A column, with what its text may be, the plainest first. `#` is the row's own.
type Texts = (&'static str, &'static [&'static str]);

const DAYS: &[&str] = &["2024-08-15", "2024-07-01", "2024-09-30", "2024-06-30", "2024-10-01", "soon"];
/// The first four are listed; what they lead to differs from board to board.
const PRACTICES: &[&str] = &["G1", "G2", "G3", "G4", "50000", "-"];
const KEYS: &[&str] = &["#", "#", "#", "K1", "K2"];
const SERVICES: &[&str] = &["O1", "O2", "O3", "O9", "-"];
const ZONES: [&str; 6] = ["Z1", "Z2", "Z3", "Z4", "Z9", "-"];

pub const PATIENTS: usize = 0;
pub const POSTS: usize = 1;
/// The tables whose rows name both.
pub const BOTH: [usize; 3] = [2, 3, 4];

const TABLES: [(&str, &[Texts]); 5] = [
    (
        "patients",
        &[
            ("practice_code", PRACTICES),
            ("registered_on", &["2020-01-01", "2021-05-01", "2024-09-30", "2024-10-01", "soon"]),
            ("deregistered_on", &["-", "-", "2024-10-01", "2024-09-30"]),
        ],
    ),
    (
        "practitioners",
        &[
            ("practice_code", PRACTICES),
            ("started_on", &["2020-01-01", "2019-04-01", "2024-08-01", "soon"]),
            ("ended_on", &["-", "2021-01-01"]),
            ("wte", &["1", "0.5", "1.5", "0", "0.01", "0.99", "1.49", "1.6"]),
        ],
    ),
    (
        "contacts",
        &[
            ("mode", &["phone", "home", "video", "in_person", "?"]),
            ("minutes", &["480", "30", "0", "481", "-", "x"]),
            ("balance", &["7", "-7", "1000000000000", "-1000000000000", "-", "x"]),
            ("attended", &["yes", "no", "-"]),
            ("org_id", SERVICES),
            ("contact_id", KEYS),
            ("contacted_on", DAYS),
        ],
    ),
    (
        "referrals",
        &[
            ("reason", &["housing", "finances", "family", "isolation", "-"]),
            ("source", &["gp", "nurse", "self", "?"]),
            ("status", &["accepted", "declined", "waiting", "-"]),
            ("referral_id", KEYS),
            ("referred_on", DAYS),
        ],
    ),
    (
        "onward_referrals",
        &[("org_id", SERVICES), ("kind", &["supported", "signposted", "-"]), ("onward_id", KEYS), ("made_on", DAYS)],
    ),
];

/// What each table's rows can be given by.
const CODES: [&[&str]; 5] =
    [&[], &[], &["mode", "attended", "service_type"], &["reason", "source", "status"], &["kind", "service_type"]];
const CONDITIONS: [&[&str]; 5] = [
    &["registered_on >= date '2021-01-01'"],
    &["wte > 50", "started_on < date '2020-01-01' or ended_on is null"],
    &["attended = 'yes'", "minutes > 0 or balance < 0", "mode <> 'phone'", "minutes is null or mode = 'home'"],
    &["status <> 'declined'", "source in ('gp', 'unknown') and reason <> 'housing'"],
    &["kind = 'supported'", "kind is distinct from 'unknown'"],
];

/// A row, as choices among its columns' texts.
#[derive(Debug, Clone)]
pub struct Row {
    pub table: usize,
    pub person: Option<usize>,
    pub worker: Option<usize>,
    pub choices: Vec<u8>,
    /// Where it stands among all rows, and in which of two files.
    pub order: u16,
}

/// Who leaves the board with all that names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leaver {
    Patient,
    Worker,
}

/// Rows of one person in turn with everyone else there is, in every code.
#[derive(Debug, Clone)]
pub struct Flood {
    pub of: Leaver,
    pub table: usize,
    pub times: usize,
    pub choices: Vec<u8>,
}

/// A random board.
#[derive(Clone)]
pub struct World {
    /// The YAML of its one report.
    pub report: String,
    /// The practices' zones.
    pub zones: Vec<u8>,
    pub rows: Vec<Row>,
    pub flood: Option<Flood>,
    /// Whether practitioner 0 is patient 0 as well, and goes by the same number.
    pub both: bool,
    pub threads: usize,
}

impl World {
    pub fn all_rows(&self) -> Vec<Row> {
        let flood = self.flood.iter().flat_map(|flood| (0..flood.times).map(|n| flood.row(n)));
        self.rows.iter().cloned().chain(flood).collect()
    }

    fn worker(&self, number: usize) -> String {
        if self.both && number == 0 { person(0) } else { format!("C{number}") }
    }

    /// The board's tables, with or without somebody.
    pub fn board(&self, without: Option<Leaver>) -> Board {
        let mut texts: BTreeMap<(usize, u16), Vec<(u16, String)>> = BTreeMap::new();
        for (number, row) in self.all_rows().iter().enumerate().filter(|(_, row)| !row.is_of(without)) {
            let line = row.texts(self, number);
            texts.entry((row.table, row.order % 2)).or_default().push((row.order, line));
        }
        let zones = self.zones.iter().zip(PRACTICES);
        let practices = zones.map(|(zone, code)| format!("{code} {}\n", ZONES[usize::from(*zone) % ZONES.len()]));
        let practices = format!("practice_code data_zone\n{}", practices.collect::<String>());
        let mut found = board().with("practices", &practices);
        for (table, (name, columns)) in TABLES.into_iter().enumerate() {
            let names = columns.iter().map(|(name, _)| *name);
            let who = [(table != POSTS).then_some("chi"), (table != PATIENTS).then_some("clp_id")];
            let heading = who.into_iter().flatten().chain(names).collect::<Vec<_>>().join(" ");
            for file in 0..2 {
                let mut lines = texts.remove(&(table, file)).unwrap_or_default();
                lines.sort_by_key(|(order, _)| *order);
                let lines = lines.into_iter().map(|(_, line)| line).collect::<Vec<_>>().join("\n");
                found = found.with(name, &format!("{heading}\n{lines}"));
            }
        }
        found
    }
}

/// The number of a made-up person.
fn person(number: usize) -> String {
    (1..).filter_map(chi).nth(number).expect("there are enough numbers")
}

impl Row {
    fn is_of(&self, leaver: Option<Leaver>) -> bool {
        match leaver {
            None => false,
            Some(Leaver::Patient) => self.person == Some(0),
            Some(Leaver::Worker) => self.worker == Some(0),
        }
    }

    /// A line of its table. `number` is its own among all rows, whoever is left out.
    fn texts(&self, world: &World, number: usize) -> String {
        let who = [
            (self.table != POSTS).then(|| self.person.map_or("-".into(), person)),
            (self.table != PATIENTS).then(|| self.worker.map_or("-".into(), |worker| world.worker(worker))),
        ];
        let choice = |at: usize| usize::from(self.choices.get(at).copied().unwrap_or(0));
        let columns = TABLES[self.table].1.iter().enumerate();
        let texts = columns.map(|(at, (_, texts))| match texts[choice(at) % texts.len()] {
            "#" => format!("N{number}"),
            text => text.to_owned(),
        });
        who.into_iter().flatten().chain(texts).collect::<Vec<_>>().join(" ")
    }
}

impl Flood {
    fn row(&self, number: usize) -> Row {
        let everyone = if self.of == Leaver::Patient { WORKERS } else { PEOPLE };
        let (person, worker) = if self.of == Leaver::Patient { (0, number % everyone) } else { (number % everyone, 0) };
        let mut choices = self.choices.clone();
        // The first column is a code.
        choices[0] = choices[0].wrapping_add((number / everyone % 5) as u8);
        Row { table: self.table, person: Some(person), worker: Some(worker), choices, order: number as u16 }
    }
}

/// The same words as the files', so that a failing case can be made by hand.
impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "--- report\n{}--- tables\n{:#?}", self.report, World { flood: None, ..self.clone() }.board(None))?;
        writeln!(f, "--- patient 0 is {}, practitioner 0 {}", person(0), self.worker(0))?;
        writeln!(f, "--- and {:?}; threads: {}", self.flood, self.threads)
    }
}

/// A report on both: by some codes of one table, one or two measures of it, and at times of the registered.
fn report(focus: usize, bytes: &[u8]) -> String {
    let tape = &mut Tape::new(bytes);
    let mut by = vec!["area"];
    by.extend(CODES[focus].iter().filter(|_| tape.below(2) == 1));
    by.extend((tape.below(3) == 2).then_some("simd_quintile"));
    by.extend((tape.below(3) == 2).then_some("kept"));
    let mut measures = vec![measure(focus, tape)];
    measures.extend((tape.below(2) == 1).then(|| measure(focus, tape)));
    measures.extend((tape.below(4) == 3).then(|| conditioned(PATIENTS, json!({ "persons": "patients" }), tape)));
    measures.extend((tape.below(3) < 2).then(|| of_posts(tape)));
    let names = ["m0", "m1", "m2", "m3"];
    let measures = names.into_iter().zip(measures.iter().map(Value::to_string)).collect::<Vec<_>>();
    let measures = measures.iter().map(|(name, text)| (*name, text.as_str())).collect::<Vec<_>>();
    let derived = format!("columns: {{ kept: {{ of: {}, when: \"{}\" }} }}\n", TABLES[focus].0, CONDITIONS[focus][0]);
    of_practices(&format!("[{}]", by.join(", ")), &measures) + &derived
}

const PER_PERSON: [(i64, i64); 6] = [(0, 600), (-3, 4), (5, 9), (-9, -2), (0, 1), (-1_000_000_000, 1_000_000_000)];
/// Of a count, and of a sum.
const PER_PRACTICE: [(i64, i64); 5] = [(0, 3), (0, 1), (0, 12), (0, 40), (0, 100_000)];
const OF_SUMS: [(i64, i64); 7] =
    [(0, 900), (-5, 8), (5, 30), (-30, -5), (-7, 0), (0, 1), (-100_000_000_000, 100_000_000_000)];

fn measure(table: usize, tape: &mut Tape<'_>) -> Value {
    let name = TABLES[table].0;
    let cells = tape.one_of(&[1, 2, 3, 5, 200]);
    let mut measure = match tape.below(3) {
        1 => json!({ "events": name, "per_person": { "cells": cells, "events": 1 + tape.below(5) } }),
        2 if name == "contacts" => {
            let (column, between) = (tape.one_of(&["minutes", "balance"]), tape.one_of(&PER_PERSON));
            json!({ "sum": format!("{name}.{column}"), "per_person": { "cells": cells, "between": between } })
        }
        _ => json!({ "persons": name, "at_least": tape.one_of(&[1, 2, 1, 5]), "per_person": { "cells": cells } }),
    };
    let is_sum = measure.get("sum").is_some();
    let between = if is_sum { tape.one_of(&OF_SUMS) } else { tape.one_of(&PER_PRACTICE) };
    measure["per_practice"] = json!({ "between": between });
    conditioned(table, measure, tape)
}

/// The sum of a number of posts.
fn of_posts(tape: &mut Tape<'_>) -> Value {
    let mut measure = json!({ "sum": "practitioners.wte" });
    if tape.below(2) == 0 {
        measure["per_practitioner"] =
            json!({ "between": tape.one_of(&[[0.0, 1.0], [0.25, 0.75], [-1.0, 9.0], [0.0, 0.01]]) });
    }
    if tape.once_in(3) {
        measure["where"] = tape.one_of(CONDITIONS[POSTS]).into();
    }
    measure
}

fn conditioned(table: usize, mut measure: Value, tape: &mut Tape<'_>) -> Value {
    if tape.once_in(4) {
        measure["where"] = tape.one_of(CONDITIONS[table]).into();
    }
    if tape.once_in(4) && table != PATIENTS {
        measure["during"] = "always".into();
    }
    measure
}

fn choices() -> impl Strategy<Value = Vec<u8>> {
    // Plain texts more often: a row that one slip sets aside tests little. The first column is spread evenly.
    let choice = prop_oneof![4 => Just(0u8), 1 => any::<u8>()];
    (any::<u8>(), proptest::collection::vec(choice, 7)).prop_map(|(first, rest)| [vec![first], rest].concat())
}

fn row(
    table: usize,
    person: impl Strategy<Value = Option<usize>>,
    worker: impl Strategy<Value = Option<usize>>,
) -> impl Strategy<Value = Row> {
    (person, worker, choices(), any::<u16>()).prop_map(move |(person, worker, choices, order)| Row {
        table,
        person,
        worker,
        choices,
        order,
    })
}

fn anyone(of: usize) -> impl Strategy<Value = Option<usize>> {
    prop_oneof![1 => Just(None), 9 => (0..of).prop_map(Some)]
}

/// Rows of anyone with anyone, of which patient 0 and practitioner 0 have more than their share.
fn meetings(table: usize) -> impl Strategy<Value = Vec<Row>> {
    let key = TABLES[table].1.iter().position(|(_, texts)| texts == &KEYS).expect("a key");
    // Half of all rows have a key that others have too.
    let shared = prop_oneof![2 => Just(0u8), 1 => Just(3), 1 => Just(4)];
    let rows = |person: BoxedStrategy<Option<usize>>, worker: BoxedStrategy<Option<usize>>, most: usize| {
        let row = (row(table, person, worker), shared.clone()).prop_map(move |(mut row, shared)| {
            row.choices[key] = shared;
            row
        });
        proptest::collection::vec(row, 0..most)
    };
    let (people, workers, first) = (anyone(PEOPLE).boxed(), anyone(WORKERS).boxed(), Just(Some(0)).boxed());
    let all = (rows(people.clone(), workers.clone(), 40), rows(first.clone(), workers, 24), rows(people, first, 24));
    all.prop_map(|(all, own, led)| [all, own, led].concat())
}

/// Every patient has a registration and most practitioners a post; the first of either may have several.
fn places() -> impl Strategy<Value = Vec<Row>> {
    let of = |table: usize, number: usize, rows| {
        let who = |is: bool| Just(is.then_some(number));
        // Mostly at the first two practices, so that patients and practitioners meet.
        let practice = prop_oneof![8 => 0..2u8, 1 => 0..6u8];
        let row =
            (row(table, who(table == PATIENTS), who(table == POSTS)), practice).prop_map(|(mut row, practice)| {
                row.choices[0] = practice;
                row
            });
        proptest::collection::vec(row, rows)
    };
    let homes = (0..PEOPLE).map(|number| of(PATIENTS, number, if number == 0 { 1..4 } else { 1..3 }));
    let posts = (0..WORKERS).map(|number| of(POSTS, number, if number == 0 { 0..6 } else { 0..3 }));
    homes.chain(posts).collect::<Vec<_>>().prop_map(|rows| rows.concat())
}

fn flood(table: usize) -> impl Strategy<Value = Option<Flood>> {
    let of = prop_oneof![Just(Leaver::Patient), Just(Leaver::Worker)];
    let times = prop_oneof![6 => 10..60usize, 3 => 60..300usize, 1 => 300..LARGEST_FLOOD];
    let some = (of, times, choices()).prop_map(move |(of, times, choices)| Some(Flood { of, table, times, choices }));
    prop_oneof![1 => Just(None), 1 => some]
}

/// A random board, with most rows in the table that its report asks for.
pub fn world() -> impl Strategy<Value = World> {
    world_about(prop_oneof![3 => Just(BOTH[0]), 1 => Just(BOTH[1]), 1 => Just(BOTH[2])])
}

/// The same about a table of one's own choice.
pub fn world_about(focus: impl Strategy<Value = usize>) -> impl Strategy<Value = World> {
    focus.prop_flat_map(|focus| {
        let zones = proptest::collection::vec(any::<u8>(), 2..=4);
        let threads = prop_oneof![3 => Just(1), 1 => Just(2)];
        (tape(40), zones, places(), meetings(focus), flood(focus), any::<bool>(), threads).prop_map(
            move |(asked, zones, places, meetings, flood, both, threads)| World {
                report: report(focus, &asked),
                zones,
                rows: [places, meetings].concat(),
                flood,
                both,
                threads,
            },
        )
    })
}
