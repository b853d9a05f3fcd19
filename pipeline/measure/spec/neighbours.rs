//! Neighbour replay: a random board with and without one person, through the whole path. Whatever that person's rows
//! are, no released vector moves by more than its noise is scaled for, and nothing but figures differs at all.
//!
//! The person may be as hostile as a file allows: in every reason and area, with thousands of rows, extreme and broken
//! values, repeated rows, several registrations, and the tokens of others.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::LazyLock;

use dashu::integer::IBig;
use dashu::rational::RBig;
use proptest::prelude::*;
use proptest::sample::Index;

use super::board::{Exact, TABLES, board, chi, exact, linked, plan, report, word};
use crate::config::plan::{KeySource, Measure, MeasureKind, Plan};
use crate::config::report::During;
use crate::error::Result;
use crate::measure::plan::bounds;
use crate::privacy::Private;

/// What the columns may hold; the first is the plainest. `#` is another token in every row.
const TEXTS: [(&str, &[&str]); 27] = [
    ("practice_code", &["10002", "10003", "20004", "x", "-"]),
    ("sex", &["F", "M", "m", "X", "-"]),
    ("data_zone", &["Z1", "Z2", "Z3", "Z4", "s01000004", "NFA", "S01019999", "?", "-"]),
    ("registered_on", &["2020-01-01", "2024-09-30", "2024-10-01", "01/02/2021", "1900-01-01", "1899-12-31", "-"]),
    ("deregistered_on", &["-", "2024-10-01", "2024-09-30", "2020-01-01", "soon"]),
    ("referral_id", &["#", "R1", "R2", "-"]),
    ("referred_on", &["2024-08-15", "2024-07-01", "2024-09-30", "2024-06-30", "2024-10-01", "1989-01-01", "-", "?"]),
    ("source", &["gp", "nurse", "self", "other", "GP", "?", "-"]),
    (
        "reason",
        &[
            "housing",
            "mental_health",
            "isolation",
            "finances",
            "bereavement",
            "addiction",
            "family",
            "physical_activity",
            "employment",
            "long_term_condition",
            "Housing",
            "?",
            "-",
        ],
    ),
    ("status", &["accepted", "declined", "waiting", "?", "-"]),
    ("contact_id", &["#", "K1", "K2", "-"]),
    ("contacted_on", &["2024-08-15", "2024-07-01", "2024-09-30", "2024-06-30", "2024-10-01", "2024-02-30", "-"]),
    ("mode", &["phone", "in_person", "video", "home", "?", "-"]),
    ("minutes", &["30", "0", "480", "481", "-1", "99999999999999999999", "7.0", "7.5", "-"]),
    ("attended", &["yes", "no", "?", "-"]),
    ("balance", &["5", "-7", "1000000000000", "-1000000000000", "1000000000001", "-99999999999999999999", "?", "-"]),
    ("ended_on", &["-", "2024-09-01", "?"]),
    ("onward_id", &["#", "T1", "T2", "T3", "-"]),
    ("org_id", &["O1", "O2", "O3", "O9", "-"]),
    ("made_on", &["2024-08-15", "2024-07-01", "2024-09-30", "2024-06-30", "2024-10-01", "-"]),
    ("kind", &["supported", "signposted", "?", "-"]),
    ("attendance_id", &["#", "A1", "A2", "-"]),
    ("first_attended_on", &["2024-08-15", "2024-07-01", "2024-09-30", "2024-06-30", "2024-10-01", "-"]),
    ("sessions", &["1", "0", "500", "501", "-"]),
    ("outcome", &["engaged", "completed", "dropped_out", "did_not_attend", "?", "-"]),
    ("swemwbs_before", &["20", "7", "35", "6", "-"]),
    ("swemwbs_after", &["20", "7", "35", "36", "-"]),
];

/// What measures may be given by: every mix of areas, bands, the person's codes, the rows', and a public table's.
const BY: [&str; 8] = [
    "[area]",
    "[area, simd_quintile]",
    "[area, reason]",
    "[reason, area, sex, simd_quintile]",
    "[area, mode, attended, sex]",
    "[area, reason, source, status]",
    "[area, service_type]",
    "[outcome, service_type, area, kind]",
];

/// Conditions that some table takes.
const WHERE: [(&str, &[&str]); 5] = [
    ("patients", &["sex = 'F'", "date_of_birth < '1990-01-01' or sex = 'M'", "registered_on > '2000-01-01'"]),
    ("referrals", &["status <> 'declined'", "reason in ('housing', 'unknown') or source = 'gp'", "true"]),
    (
        "contacts",
        &[
            "attended = 'yes'",
            "minutes * minutes * 1000000000000 > balance * balance",
            "balance is null or balance > 0",
            "case when minutes > 5 then mode = 'phone' else attended <> 'no' end",
            "extract(month from contacted_on) = 7 or ended_on is not null",
        ],
    ),
    ("onward_referrals", &["kind = 'supported'", "org_id is not null"]),
    ("attendances", &["sessions > 0", "swemwbs_after > swemwbs_before", "swemwbs_after is null"]),
];

/// What can be summed.
const SUMS: [(&str, &str); 3] = [("contacts", "minutes"), ("contacts", "balance"), ("attendances", "sessions")];
const BETWEEN: [(i64, i64); 6] =
    [(0, 600), (-3, 4), (5, 9), (-9, -2), (0, 1), (-1_000_000_000_000_000, 1_000_000_000_000_000)];
const LARGEST_PERSON: usize = 3_000;
/// The first tables of the board are private, the last of these being attendances; the others are public.
const PRIVATE: usize = 5;

/// A row of a table, as choices among its columns' texts.
#[derive(Debug, Clone)]
struct Row {
    table: usize,
    choices: Vec<u8>,
    /// Whose it is, by number; `None` for an attendance that has a token at most.
    person: Option<usize>,
    /// How the number is written: in full, without its leading zero, with spaces, or wrong.
    form: u8,
    /// Where it stands among all rows, and in which of two files.
    order: u16,
}

impl Row {
    /// Its table's columns and texts. `number` is its own among all rows, whoever is taken out.
    fn fields(&self, number: usize) -> Vec<(&'static str, String)> {
        let text = |(column, usual): &(&'static str, &'static str), choice: &u8| {
            let texts = TEXTS.iter().find(|(name, _)| name == column).map(|(_, texts)| *texts);
            let text = match (*column, texts) {
                ("chi", _) => self.number(),
                // Only a holder makes a token of its own up: an attendance that did would lead to nobody.
                ("onward_id", Some(texts)) if TABLES[self.table].0 == "attendances" => {
                    texts[1..][usize::from(*choice) % (texts.len() - 1)].into()
                }
                (_, Some(texts)) => texts[usize::from(*choice) % texts.len()].into(),
                (_, None) => (*usual).into(),
            };
            let text = if text == "#" { format!("N{number}") } else { word(&text) };
            (*column, text)
        };
        TABLES[self.table].1.iter().zip(&self.choices).map(|(column, choice)| text(column, choice)).collect()
    }

    fn number(&self) -> String {
        let Some(person) = self.person else { return "-".into() };
        // Person 0 and so on: the first few numbers that have a check digit.
        let number = (1..).filter_map(chi).nth(person).expect("numbers enough");
        match self.form {
            0 => number[1..].into(),
            1 => format!(" {number} "),
            2 => format!("1{}", &number[1..]),
            _ => number,
        }
    }
}

/// A board's private rows.
#[derive(Debug, Clone)]
struct World {
    rows: Vec<Row>,
    /// Person 0 has this row this many times over, each with a token of its own.
    flood: Option<(Row, usize)>,
    /// Whether attendances that only person 0's tokens lead to are left where they are: then they lead to nobody.
    leave: bool,
}

impl World {
    /// The rows of one table and file, with or without person 0.
    fn csv(&self, table: usize, file: u16, with: bool) -> String {
        let (name, columns) = TABLES[table];
        let rows = self.rows.iter().enumerate();
        let flood = self.flood.iter().flat_map(|(row, times)| std::iter::repeat_n(row, *times));
        let all = rows.chain(flood.enumerate().map(|(n, row)| (self.rows.len() + n, row)));
        let mut kept = all
            .filter(|(_, row)| row.table == table && row.order % 2 == file)
            .map(|(number, row)| (row, row.fields(number)))
            .filter(|(row, fields)| {
                with || !(row.person == Some(0) || (name == "attendances" && self.goes(row, fields)))
            })
            .collect::<Vec<_>>();
        kept.sort_by_key(|(row, _)| row.order);
        let mut text = columns.iter().map(|(column, _)| *column).collect::<Vec<_>>().join(",") + "\n";
        for (_, fields) in kept {
            text += &fields.into_iter().map(|(_, text)| text).collect::<Vec<_>>().join(",");
            text.push('\n');
        }
        text
    }

    /// Whether an attendance goes with person 0: nobody's number stands in it, and its token is that person's alone.
    fn goes(&self, row: &Row, fields: &[(&str, String)]) -> bool {
        let token = |fields: &[(&str, String)]| {
            fields.iter().find(|(column, _)| *column == "onward_id").map(|(_, text)| text.clone())
        };
        let wanted = token(fields);
        let holders = self.rows.iter().enumerate().filter(|(_, row)| TABLES[row.table].0 == "onward_referrals");
        let holders = holders.filter(|(number, row)| token(&row.fields(*number)) == wanted);
        let holders = holders.filter_map(|(_, row)| row.person).collect::<BTreeSet<_>>();
        !self.leave && row.person.is_none() && holders == BTreeSet::from([0])
    }

    /// Writes the extracts, and gives the plan that reads them.
    fn write(&self, folder: &Path, with: bool) -> Plan {
        let mut plan = SHARED.plan.clone();
        plan.root = folder.to_path_buf();
        plan.work = folder.join("work");
        plan.key = KeySource::File(folder.join("spec.key"));
        for source in &mut plan.sources {
            source.globs = vec![folder.join(format!("{}-*.csv", source.table))];
        }
        for (table, (name, _)) in TABLES[..PRIVATE].iter().enumerate() {
            for file in 0..2 {
                fs::write(folder.join(format!("{name}-{file}.csv")), self.csv(table, file, with)).unwrap();
            }
        }
        for (name, content) in &SHARED.files {
            let mut options = File::options();
            let mut file = options.write(true).create_new(true).mode(0o600).open(folder.join(name)).unwrap();
            file.write_all(content).unwrap();
        }
        plan
    }
}

/// What all worlds have in common.
struct Shared {
    /// Every table counted by everything: measures are cut from it.
    plan: Plan,
    /// The key and the public tables. Two worlds under two keys would keep other cells of everyone.
    files: Vec<(&'static str, Vec<u8>)>,
}

static SHARED: LazyLock<Shared> = LazyLock::new(|| {
    let names =
        TABLES[..PRIVATE].iter().map(|(table, _)| (*table, format!("{{ persons: {table} }}"))).collect::<Vec<_>>();
    let measures = names.iter().map(|(name, text)| (*name, text.as_str())).collect::<Vec<_>>();
    let reports = BY.iter().zip(0..).map(|(by, n)| (format!("by_{n}"), report(by, &measures))).collect::<Vec<_>>();
    let reports = reports.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect::<Vec<_>>();
    let folder = board().folder(&reports);
    let plan = plan(folder.path());
    let read = |name, path: &str| (name, fs::read(folder.path().join(path)).unwrap());
    let files = vec![
        read("spec.key", "spec.key"),
        read("organisations-0.csv", "extracts/0/organisations.csv"),
        read("data_zones-0.csv", "extracts/0/data_zones.csv"),
    ];
    Shared { plan, files }
});

fn row(tables: impl Strategy<Value = usize>, person: Option<usize>) -> impl Strategy<Value = Row> {
    // Plain texts are twice as likely as the others together: a row that one slip sets aside tests little.
    let choice = prop_oneof![2 => Just(0u8), 1 => any::<u8>()];
    // Whoever has no number is in attendances alone.
    let tables = tables.prop_map(move |table| if person.is_none() { PRIVATE - 1 } else { table });
    (tables, proptest::collection::vec(choice, 12), 0..12u8, any::<u16>())
        .prop_map(move |(table, choices, form, order)| Row { table, choices, person, form, order })
}

fn world() -> impl Strategy<Value = World> {
    let rows = |person, most| proptest::collection::vec(row(0..PRIVATE, person), 0..most);
    // Person 0's codes are spread evenly, so that they reach every cell that a file can bring them to.
    let spread = proptest::collection::vec(any::<u8>(), 12);
    let spread = (1..PRIVATE, spread, any::<u16>());
    let spread = spread.prop_map(|(table, choices, order)| Row { table, choices, person: Some(0), form: 9, order });
    let spread = proptest::collection::vec(spread, 0..40);
    let others = (0..5usize).prop_flat_map(move |people| {
        (1..=people).map(|person| rows(Some(person), 10)).collect::<Vec<_>>().prop_map(|rows| rows.concat())
    });
    let flood = (row(0..PRIVATE, Some(0)), 100..LARGEST_PERSON);
    let flood = prop_oneof![7 => Just(None), 1 => flood.prop_map(Some)];
    (rows(Some(0), 24), spread, others, rows(None, 8), flood, any::<bool>()).prop_map(
        |(own, spread, others, unnamed, flood, leave)| World {
            rows: [own, spread, others, unnamed].concat(),
            flood,
            leave,
        },
    )
}

fn measures() -> impl Strategy<Value = Measure> {
    let kind = (0..3u8, 1..8u32, any::<Index>(), any::<Index>());
    let filter = prop_oneof![2 => Just(None), 1 => any::<Index>().prop_map(Some)];
    (0..BY.len(), 0..PRIVATE, kind, 1..=12u32, filter, prop::bool::weighted(0.3)).prop_map(
        |(by, table, (kind, at_most, between, sum), cells, filter, always)| {
            let mut measure = SHARED.plan.reports[by].measures[table].clone();
            measure.cells = cells;
            measure.during = if always { During::Always } else { During::Quarter };
            let sums = SUMS.iter().filter(|(table, _)| *table == measure.table).collect::<Vec<_>>();
            measure.kind = match kind {
                1 if measure.table != "patients" => MeasureKind::Events { at_most },
                2 if !sums.is_empty() => {
                    let column = sum.get(&sums).1.to_owned();
                    MeasureKind::Sum { column, between: *between.get(&BETWEEN) }
                }
                _ => MeasureKind::Persons,
            };
            let filters =
                WHERE.iter().find(|(table, _)| *table == measure.table).map_or(&[][..], |(_, filters)| *filters);
            measure.filter = filter.map(|filter| (*filter.get(filters)).to_owned());
            measure
        },
    )
}

/// Every measure of the board, with or without person 0.
fn measured(world: &World, measures: &[Measure], with: bool) -> std::result::Result<Vec<Exact>, String> {
    let folder = tempfile::tempdir().unwrap();
    let plan = world.write(folder.path(), with);
    let all =
        linked(&plan, |linked| measures.iter().map(|measure| exact(&plan, measure, linked)).collect::<Result<_>>());
    all.map_err(|error| error.to_string())
}

/// How far one cell may move, and all of them together.
fn check_vector(with: &Private<Vec<i64>>, without: &Private<Vec<i64>>) -> std::result::Result<(), TestCaseError> {
    let Some(bounds) = with.bounds() else { return Ok(prop_assert!(with.reveal() == without.reveal())) };
    prop_assert_eq!(Some(bounds), without.bounds());
    prop_assert_eq!(with.len(), without.len());
    let moves = with.reveal().iter().zip(without.reveal()).map(|(a, b)| a - b).filter(|d| *d != 0).collect::<Vec<_>>();
    let wide = |d: &i64| IBig::from(*d);
    let l1 = moves.iter().fold(RBig::ZERO, |sum, d| sum + RBig::from(wide(&d.abs())));
    let l2_squared = moves.iter().fold(RBig::ZERO, |sum, d| sum + RBig::from(wide(d) * wide(d)));
    prop_assert!(moves.len() <= bounds.cells() as usize, "{} cells of {bounds:?}: {moves:?}", moves.len());
    prop_assert!(moves.iter().all(|d| d.unsigned_abs() <= bounds.linf()), "L-infinity of {bounds:?}: {moves:?}");
    prop_assert!(moves.iter().all(|d| (bounds.low()..=bounds.high()).contains(d)), "range of {bounds:?}: {moves:?}");
    prop_assert!(l1 <= bounds.l1(), "L1 of {bounds:?}: {moves:?}");
    prop_assert!(l2_squared <= bounds.l2_squared(), "L2 of {bounds:?}: {moves:?}");
    Ok(())
}

/// This many cases, or as many as `PROPTEST_CASES` says.
fn cases(usual: u32) -> ProptestConfig {
    let said = std::env::var_os("PROPTEST_CASES").is_some();
    let default = ProptestConfig::default();
    let cases = if said { default.cases } else { usual };
    ProptestConfig { cases, failure_persistence: None, max_shrink_iters: 400, ..default }
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn one_person_moves_no_vector_further_than_its_bounds(
        world in world(),
        measures in proptest::collection::vec(measures(), 1..4),
    ) {
        let (with, without) = (measured(&world, &measures, true), measured(&world, &measures, false));
        let (with, without) = match (with, without) {
            (Ok(with), Ok(without)) => (with, without),
            (with, without) => {
                return Err(TestCaseError::fail(format!("a board cannot be measured: {:?} {:?}", with.err(), without.err())));
            }
        };
        for ((measure, with), without) in measures.iter().zip(&with).zip(&without) {
            prop_assert_eq!(with.grids.len(), without.grids.len());
            let fine = bounds(measure, &with.fine).unwrap();
            for (level, (grid, other)) in with.grids.iter().zip(&without.grids).enumerate() {
                prop_assert_eq!(&grid.dimensions, &other.dimensions);
                prop_assert_eq!(&grid.from_fine, &other.from_fine);
                let (with, without) = (&with.cells[level], &without.cells[level]);
                prop_assert_eq!(with.len(), grid.len());
                // What the noise is scaled for, before any data are opened.
                let planned = grid.from_fine.bounds(&fine).unwrap();
                prop_assert!(with.bounds().is_none_or(|proved| *proved == planned));
                check_vector(with, without)?;
            }
        }
    }

}

proptest! {
    #![proptest_config(cases(60))]

    #[test]
    fn a_person_is_a_row_that_counts_once(world in world(), measure in measures()) {
        // Persons go by mask and by list; rows that count once at most go by the list alone. Both are the same cells.
        prop_assume!(measure.table != "patients");
        let persons = Measure { kind: MeasureKind::Persons, ..measure.clone() };
        let once = Measure { kind: MeasureKind::Events { at_most: 1 }, ..measure };
        let found = measured(&world, &[persons, once], true).map_err(TestCaseError::fail)?;
        for level in 0..found[0].grids.len() {
            prop_assert_eq!(found[0].at(level), found[1].at(level));
        }
    }
}
