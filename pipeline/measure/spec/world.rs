//! Random boards: a contract, a report, and extracts with and without person 0, who may be as hostile as a file allows:
//! in every code and area, with thousands of rows, extreme and broken values, repeated rows, several registrations, and
//! the tokens of others.

use std::collections::BTreeSet;
use std::fmt;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::LazyLock;

use proptest::prelude::*;

use super::asking;
use super::board::{Exact, chi, exact, linked_by, opened, plan};
use super::contract::{Column, Contract, Holds};
use crate::config::plan::Plan;
use crate::error::Result;
use crate::link::Linked;

/// One key for all worlds, so that the same seed keeps the same cells of everyone for ever.
pub const KEY: &str = "c7e34e720ea13b11fa4129055518c54b0e044f569a1290cd9a08e5abcc33ef7a\n";
pub const PATIENTS: usize = 0;
pub const VISITS: usize = 1;
pub const USES: usize = 2;
const LARGEST_PERSON: usize = 3_000;

/// Whose numbers are in the files: the first few that have a check digit.
static NUMBERS: LazyLock<Vec<String>> = LazyLock::new(|| (1..).filter_map(chi).take(64).collect());

/// A row of a table, as choices among its columns' texts.
#[derive(Debug, Clone)]
pub struct Row {
    pub table: usize,
    pub choices: Vec<u8>,
    /// Whose it is, by number; `None` for a use that has a pass at most.
    pub person: Option<usize>,
    /// How the number is written: in full, without its leading zero, with spaces, or wrong.
    pub form: u8,
    /// Where it stands among all rows, and in which of two files.
    pub order: u16,
}

/// The form of a number that is written in full.
pub const IN_FULL: u8 = 9;

/// A random board.
#[derive(Clone)]
pub struct World {
    pub contract: Contract,
    /// The YAML of its one report.
    pub report: String,
    pub rows: Vec<Row>,
    /// Person 0 has this row this many times over, each with tokens of its own.
    pub flood: Option<(Row, usize)>,
    /// Whether uses that only person 0's passes lead to are left where they are: then they lead to nobody.
    pub leave: bool,
    /// Whether second files lack the columns that a file may lack.
    pub lacking: bool,
    /// The engine's threads, which are also the parts that it splits a query into.
    pub threads: usize,
}

impl Row {
    /// The texts of its table's columns. `number` is its own among all rows, whoever is taken out.
    fn texts(&self, contract: &Contract, number: usize) -> Vec<String> {
        let columns = &contract.tables[self.table].columns;
        let text = |(at, column): (usize, &Column)| {
            let choice = usize::from(self.choices.get(at).copied().unwrap_or(0));
            match (column.name, column.texts[choice % column.texts.len()].as_str()) {
                ("chi", _) => self.number(),
                (_, "#") => format!("N{number}"),
                (_, text) => text.to_owned(),
            }
        };
        columns.iter().enumerate().map(text).collect()
    }

    fn number(&self) -> String {
        let Some(person) = self.person else { return String::new() };
        let number = &NUMBERS[person];
        match self.form {
            0 => number[1..].into(),
            1 => format!(" {number} "),
            2 => format!("1{}", &number[1..]),
            _ => number.clone(),
        }
    }

    /// The same row with another text in one column.
    pub fn with(mut self, contract: &Contract, column: &str, text: &str) -> Self {
        let columns = &contract.tables[self.table].columns;
        let at = columns.iter().position(|it| it.name == column).expect("a column of the table");
        let choice = columns[at].texts.iter().position(|it| it == text).expect("a text of the column");
        self.choices.resize(self.choices.len().max(at + 1), 0);
        self.choices[at] = u8::try_from(choice).expect("few texts");
        self
    }
}

impl World {
    /// The rows of one table and file, with or without person 0.
    fn csv(&self, table: usize, file: u16, with: bool) -> String {
        let columns = &self.contract.tables[table].columns;
        let here = columns.iter().map(|column| !(self.lacking && file == 1 && column.optional)).collect::<Vec<_>>();
        let line = |texts: Vec<String>| {
            let kept = texts.into_iter().zip(&here).filter(|(_, here)| **here).map(|(text, _)| text);
            kept.collect::<Vec<_>>().join(",") + "\n"
        };
        let flood = self.flood.iter().flat_map(|(row, times)| std::iter::repeat_n(row, *times));
        let mut kept = self
            .rows
            .iter()
            .chain(flood)
            .enumerate()
            .filter(|(_, row)| row.table == table && row.order % 2 == file)
            .map(|(number, row)| (row, row.texts(&self.contract, number)))
            .filter(|(row, texts)| with || !(row.person == Some(0) || self.goes(row, texts)))
            .collect::<Vec<_>>();
        kept.sort_by_key(|(row, _)| row.order);
        let heading = line(columns.iter().map(|column| column.name.to_owned()).collect());
        heading + &kept.into_iter().map(|(_, texts)| line(texts)).collect::<String>()
    }

    /// Whether a use goes with person 0: nobody's number stands in it, and its pass is that person's alone.
    fn goes(&self, row: &Row, texts: &[String]) -> bool {
        if self.leave || row.person.is_some() {
            return false;
        }
        let pass = |table: usize| self.contract.tables[table].columns.iter().position(|column| column.name == "pass");
        let (Some(of_visit), Some(of_use)) = (pass(VISITS), pass(USES)) else { return false };
        let visits = self.rows.iter().enumerate().filter(|(_, row)| row.table == VISITS);
        let holders = visits.filter(|(number, row)| row.texts(&self.contract, *number)[of_visit] == texts[of_use]);
        holders.filter_map(|(_, row)| row.person).collect::<BTreeSet<_>>() == BTreeSet::from([0])
    }

    /// Writes everything but the extracts, and has it checked.
    fn settle(&self, folder: &Path) -> Plan {
        for inner in ["schemas", "reports"] {
            fs::create_dir(folder.join(inner)).unwrap();
        }
        let report = ("reports/asked.yaml".to_owned(), self.report.clone());
        let board = ("board.yaml".to_owned(), self.contract.board());
        let files = [self.contract.schemas(), self.contract.public(), vec![report, board]].concat();
        files.iter().for_each(|(name, text)| fs::write(folder.join(name), text).unwrap());
        let mut options = File::options();
        let mut key = options.write(true).create_new(true).mode(0o600).open(folder.join("spec.key")).unwrap();
        key.write_all(KEY.as_bytes()).unwrap();
        plan(folder)
    }

    fn write_extracts(&self, folder: &Path, with: bool) {
        for (table, found) in self.contract.tables.iter().enumerate() {
            for file in 0..2 {
                let path = folder.join(format!("{}-{file}.csv", found.name));
                fs::write(path, self.csv(table, file, with)).unwrap();
            }
        }
    }
}

/// The same words as a board's files, so that a failing case can be made by hand.
impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, text) in [self.contract.schemas(), self.contract.public()].concat() {
            writeln!(f, "--- {name}\n{text}")?;
        }
        writeln!(f, "--- board.yaml\n{}--- asked.yaml\n{}", self.contract.board(), self.report)?;
        let short = World { flood: None, ..self.clone() };
        for (table, found) in self.contract.tables.iter().enumerate() {
            for file in 0..2 {
                let rows = short.csv(table, file, true);
                writeln!(f, "--- {}-{file}.csv, of which {:?} are person 0's\n{rows}", found.name, NUMBERS[0])?;
            }
        }
        if let Some((row, times)) = &self.flood {
            let texts = row.texts(&self.contract, 9_999).join(",");
            writeln!(f, "--- and in {}: {times} times {texts}", self.contract.tables[row.table].name)?;
        }
        writeln!(f, "--- leave: {}, lacking: {}, threads: {}", self.leave, self.lacking, self.threads)
    }
}

/// The measures of several versions of one board, which share what does not differ: contract, report, public tables, key
/// and store.
pub fn measured(versions: &[(&World, bool)]) -> Vec<std::result::Result<Vec<Exact>, String>> {
    let folder = tempfile::tempdir().unwrap();
    // The checker looks for the extracts, and for no more.
    versions[0].0.write_extracts(folder.path(), true);
    let plan = versions[0].0.settle(folder.path());
    let version = |&(world, with): &(&World, bool)| {
        world.write_extracts(folder.path(), with);
        let all = linked_by(world.threads, &plan, |linked| all_of(&plan, linked));
        all.map_err(|error| error.to_string())
    };
    versions.iter().map(version).collect()
}

fn all_of(plan: &Plan, linked: &Linked<'_>) -> Result<Vec<Exact>> {
    plan.reports[0].measures.iter().map(|it| exact(plan, it, linked)).collect()
}

/// The measures of one board by the whole register, and by the registrations of active people, put aside in so many passes.
pub fn measured_by_both(world: &World, passes: u64) -> Result<[Vec<Exact>; 2]> {
    let folder = tempfile::tempdir().unwrap();
    world.write_extracts(folder.path(), true);
    let plan = world.settle(folder.path());
    opened(world.threads, &plan, |mut linked, store| {
        let whole = all_of(&plan, &linked)?;
        linked.put_aside_in(Some(passes), Some(store.stage()?))?;
        Ok([whole, all_of(&plan, &linked)?])
    })
}

fn row(tables: impl Strategy<Value = usize>, person: Option<usize>) -> impl Strategy<Value = Row> {
    // Plain texts are twice as likely as the others together: a row that one slip sets aside tests little.
    let choice = prop_oneof![2 => Just(0u8), 1 => any::<u8>()];
    // Whoever has no number is in uses alone.
    let tables = tables.prop_map(move |table| if person.is_none() { USES } else { table });
    (tables, proptest::collection::vec(choice, 12), 0..20u8, any::<u16>())
        .prop_map(move |(table, choices, form, order)| Row { table, choices, person, form, order })
}

/// A plain row of person 0, but for its codes, which are spread evenly: many of these reach every cell there is.
pub fn spread(contract: &Contract, table: usize) -> impl Strategy<Value = Row> + use<> {
    let columns = &contract.tables[table].columns;
    // Codes as declared, and the first of all the rest: `unknown`.
    let ends = columns.iter().map(|column| match column.holds {
        Holds::Codes(codes) => codes + usize::from(column.texts.len() > codes),
        Holds::Service => column.texts.len(),
        _ => 1,
    });
    let choices = ends.map(|end| (0..end).prop_map(|choice| choice as u8)).collect::<Vec<_>>();
    (choices, any::<u16>()).prop_map(move |(choices, order)| Row {
        table,
        choices,
        person: Some(0),
        form: IN_FULL,
        order,
    })
}

/// Bytes to read choices from.
pub fn tape(len: usize) -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), len)
}

/// A board on which person 0 has most to do with one table.
pub fn world() -> impl Strategy<Value = World> {
    // Of patients, nothing but persons can be counted, and each is in one cell.
    let focus = prop_oneof![1 => Just(PATIENTS), 6 => Just(VISITS), 3 => Just(USES)];
    (tape(48), focus, tape(160)).prop_flat_map(|(contract, focus, report)| {
        let contract = Contract::of(&contract);
        let report = asking::report(&contract, focus, &report);
        board(contract, focus, report)
    })
}

/// A board with this contract and report, on which person 0 has most to do with the table `focus`.
pub fn board(contract: Contract, focus: usize, report: String) -> impl Strategy<Value = World> {
    // One thread is faster where several tests run at once, and two plan another query.
    let threads = prop_oneof![3 => Just(1), 1 => Just(2)];
    (rows(&contract, focus), threads).prop_map(move |((rows, flood, leave, lacking), threads)| World {
        contract: contract.clone(),
        report: report.clone(),
        rows,
        flood,
        leave,
        lacking,
        threads,
    })
}

type Rows = (Vec<Row>, Option<(Row, usize)>, bool, bool);

fn rows(contract: &Contract, focus: usize) -> impl Strategy<Value = Rows> + use<> {
    let rows = |person, most| proptest::collection::vec(row(0..3usize, person), 0..most);
    let own_spread = proptest::collection::vec(spread(contract, focus), 0..60);
    let passes = contract.clone();
    // Some of person 0's uses have no number, but a pass that person 0 was given.
    let led = (own_spread, 0..8u16).prop_map(move |(mut rows, led)| {
        let holder = Row { table: VISITS, choices: vec![], person: Some(0), form: IN_FULL, order: 0 };
        for row in rows.iter_mut().filter(|row| row.table == USES && row.order % 8 < led) {
            *row = Row { person: None, ..row.clone() }.with(&passes, "pass", "T1");
        }
        let held = rows.iter().any(|row| row.person.is_none());
        rows.extend(held.then(|| holder.with(&passes, "pass", "T1")));
        rows
    });
    let others = (0..5usize).prop_flat_map(move |people| {
        (1..=people).map(|person| rows(Some(person), 10)).collect::<Vec<_>>().prop_map(|rows| rows.concat())
    });
    let homes = proptest::collection::vec(row(Just(PATIENTS), Some(0)), 0..4);
    let flood = (spread(contract, focus), row(Just(focus), Some(0)), any::<bool>());
    let flood = flood.prop_map(|(plain, any, is_plain)| if is_plain { plain } else { any });
    let times = prop_oneof![6 => 2..12usize, 3 => 12..60usize, 1 => 60..LARGEST_PERSON];
    let flood = prop_oneof![3 => Just(None), 2 => (flood, times).prop_map(Some)];
    (rows(Some(0), 16), homes, led, others, rows(None, 8), flood, any::<bool>(), any::<bool>()).prop_map(
        |(own, homes, led, others, unnamed, flood, leave, lacking)| {
            ([own, homes, led, others, unnamed].concat(), flood, leave, lacking)
        },
    )
}
