//! Any text as a condition: the checker refuses it with a place, or the engine plans it, proves it and runs it, on no
//! rows and on rows of every kind. A condition that failed on a row would stop the run, and tell of that row.
//!
//! The first byte of an input chooses the table.

use super::board::{Board, board, exact, linked, plan, report};
use crate::config::filter_tests::may_run;
use crate::config::plan::{Measure, Plan};
use crate::fuzzing::{Target, fuzz};
use crate::link::Linked;

/// Pieces of conditions over the tables below.
const WORDS: &[&str] = &[
    " and ",
    " or ",
    "not ",
    " = ",
    " <> ",
    " < ",
    " >= ",
    " + ",
    " - ",
    " * ",
    " || ",
    " / ",
    " % ",
    "(",
    ")",
    ",",
    "-",
    "'",
    "\"",
    " is null",
    " is not null",
    " is true",
    " is unknown",
    " is not distinct from ",
    " in (",
    " between ",
    " like ",
    " not ilike ",
    "'%'",
    "'_%'",
    "''",
    "'é'",
    "null",
    "true",
    "false",
    "case when ",
    " then ",
    " else ",
    " end",
    "case ",
    "try_cast(",
    " as bigint)",
    " as varchar)",
    " as date)",
    " as int)",
    "cast(",
    "extract(year from ",
    "extract(dow from ",
    "coalesce(",
    "lower(",
    "trim(",
    "btrim(",
    "length(",
    "strpos(",
    "starts_with(",
    "contains(",
    "date '2024-08-15'",
    "'2024-08-15'",
    "'0001-01-01'",
    "date '9999-12-31'",
    "quarter_start",
    "quarter_end",
    "0",
    "1",
    "-1",
    "9223372036854775807",
    "-9223372036854775808",
    "minutes",
    "balance",
    "mode",
    "attended",
    "contacted_on",
    "ended_on",
    "org_id",
    "chi",
    "sex",
    "date_of_birth",
    "data_zone",
    "sessions",
    "outcome",
    "first_attended_on",
    "swemwbs_after",
    "'phone'",
    "'yes'",
    "'unknown'",
    "random()",
    "--",
    "/*",
    " escape ",
    "[1]",
    ".x",
    "::bigint",
    "interval '1 day'",
    " at time zone 'UTC'",
    " collate x",
    " over ()",
    "\n",
    "\0",
];

/// What a condition over `contacts` is made of: `{b}` is a condition, `{n}` a number, `{t}` text, `{d}` a date. The first
/// few of each hold no other part.
const GRAMMAR: [(char, usize, &[&str]); 4] = [
    (
        'b',
        6,
        &[
            "true",
            "false",
            "org_id is null",
            "mode = 'phone'",
            "attended <> 'unknown'",
            "balance > minutes",
            "({b} and {b})",
            "({b} or {b})",
            "not {b}",
            "({b}) is not true",
            "({b}) is unknown",
            "{n} = {n}",
            "{n} < {n}",
            "{t} = {t}",
            "{t} >= {t}",
            "{d} <> {d}",
            "{d} < '2024-08-15'",
            "{n} in ({n}, {n})",
            "{t} in ({t}, 'x')",
            "{n} between {n} and {n}",
            "{d} not between {d} and {d}",
            "{t} like {t}",
            "{t} not ilike {t}",
            "{n} is null",
            "{t} is not null",
            "{d} is null",
            "({b}) = ({b})",
            "{t} is distinct from {t}",
            "{n} is not distinct from {n}",
            "starts_with({t}, {t})",
            "contains({t}, {t})",
            "ends_with({t}, {t})",
            "case when {b} then {b} else {b} end",
            "coalesce({b}, {b})",
            "case {n} when {n} then {b} end",
            "mode in ('home', 'unknown')",
            "case mode when 'phone' then {b} else {b} end",
        ],
    ),
    (
        'n',
        6,
        &[
            "minutes",
            "balance",
            "0",
            "9223372036854775807",
            "-9223372036854775808",
            "7",
            "({n} + {n})",
            "({n} - {n})",
            "({n} * {n})",
            "({n} * 7 - minutes)",
            "({d} - {d})",
            "({d} - quarter_start)",
            "-{n}",
            "+{n}",
            "length({t})",
            "strpos({t}, {t})",
            "extract(year from {d})",
            "extract(dow from {d})",
            "extract(doy from {d})",
            "extract(quarter from {d})",
            "try_cast({t} as bigint)",
            "try_cast({n} as int)",
            "try_cast({d} as bigint)",
            "try_cast(({b}) as int)",
            "coalesce({n}, null, {n})",
            "case when {b} then {n} end",
            "case {t} when {t} then {n} else {n} end",
        ],
    ),
    (
        't',
        6,
        &[
            "mode",
            "attended",
            "''",
            "'a%_\\'",
            "'2024-02-29'",
            "'é'",
            "({t} || {t})",
            "lower({t})",
            "upper({t})",
            "trim({t})",
            "btrim({t})",
            "ltrim({t})",
            "try_cast({n} as varchar)",
            "try_cast({d} as varchar)",
            "try_cast(({b}) as varchar)",
            "coalesce({t}, {t})",
            "case when {b} then {t} else null end",
            "case {d} when {d} then {t} else {t} end",
        ],
    ),
    (
        'd',
        7,
        &[
            "quarter_start",
            "quarter_end",
            "contacted_on",
            "ended_on",
            "date '2024-08-15'",
            "date '0001-01-01'",
            "date '9999-12-31'",
            "({d} + {n})",
            "({d} + minutes - 7)",
            "(length({t}) + {d})",
            "coalesce({d}, {d})",
            "case when {b} then {d} else {d} end",
            "try_cast({t} as date)",
            "try_cast({d} as date)",
            "try_cast(({t} || {t}) as date)",
        ],
    ),
];

/// A condition that follows the grammar, as far as the choices go.
fn grow(choices: &[u8]) -> Vec<u8> {
    let mut choices = choices.iter().copied();
    ["c", &part('b', &mut choices, 0)].concat().into_bytes()
}

fn part(kind: char, choices: &mut impl Iterator<Item = u8>, depth: usize) -> String {
    let (_, leaves, forms) = GRAMMAR.iter().find(|(of, ..)| *of == kind).expect("the grammar says what it is");
    let choice = choices.next().map(usize::from);
    let form = match choice {
        Some(choice) if depth < 6 => forms[choice % forms.len()],
        choice => forms[choice.unwrap_or(0) % leaves],
    };
    let mut text = String::new();
    let mut rest = form;
    while let Some((before, after)) = rest.split_once('{') {
        let kind = after.chars().next().expect("a part has a letter");
        text += before;
        text += &part(kind, choices, depth + 1);
        rest = &after[2..];
    }
    text + rest
}

/// Tables by the first byte, as measures see them.
const TABLES: [(u8, &str); 3] = [(b'c', "contacts"), (b'p', "patients"), (b'a', "attendances")];

/// Rows of every kind, extremes and blanks among them.
fn crowded() -> Board {
    let words = |words: &[&'static str], row: usize| words[row % words.len()];
    let rows = (0..40).map(|row| {
        format!(
            "P{} {} {} {} {} {} {} {}",
            [1, 2, 3, 5][row % 4],
            words(&["2024-08-15", "1990-01-01", "2024-07-01", "2024-09-30", "2024-02-29"], row / 2),
            words(&["0", "480", "7", "1", "-"], row / 3),
            words(&["phone", "home", "-", "in_person", "video", "unknown", "fax"], row),
            words(&["yes", "no", "-"], row / 2),
            words(&["1000000000000", "-1000000000000", "-", "2147483648", "0", "-1", "x"], row / 5),
            words(&["-", "2024-09-01", "1990-01-01", "soon", "2024-12-31"], row / 7),
            words(&["O1", "O2", "O9", "-", "O3"], row),
        )
    });
    let rows = rows.collect::<Vec<_>>().join("\n");
    board()
        .with("contacts", &format!("chi contacted_on minutes mode attended balance ended_on org_id\n{rows}"))
        .with(
            "patients",
            "chi data_zone sex date_of_birth deregistered_on
             P1  Z1        F   1900-01-01    -
             P1  Z2        -   -             2024-08-01
             P2  Z9        M   2000-02-29    -
             P3  -         X   2024-01-01    2020-01-02
             P5  Z4        M   soon          -",
        )
        .with(
            "attendances",
            "chi org_id sessions outcome    swemwbs_before swemwbs_after first_attended_on
             P1  O1     1        engaged    7              35            2024-08-15
             P2  O9     99       -          -              -             2024-07-01
             P3  -      -        other      8              x             -",
        )
}

fn empty() -> Board {
    TABLES.iter().fold(board(), |board, (_, table)| board.with(table, "chi"))
}

/// Everything that a condition needs to run, of one board.
struct Ready<'a> {
    plan: &'a Plan,
    linked: &'a Linked<'a>,
}

impl Ready<'_> {
    /// The measure of a table, with the condition as its `where`.
    fn runs(&self, table: &str, condition: &str) {
        let asked = self.plan.reports[0].measures.iter().find(|measure| measure.table == table).expect("one a table");
        let asked = Measure { filter: Some(condition.to_owned()), ..asked.clone() };
        if let Err(error) = exact(self.plan, &asked, self.linked) {
            panic!("the checker admits `{condition}` on `{table}`, and yet: {error}");
        }
    }
}

fn run(input: &[u8], boards: &[Ready<'_>; 2]) {
    let Some((which, text)) = input.split_first() else { return };
    let (_, table) = TABLES.iter().find(|(byte, _)| byte == which).unwrap_or(&TABLES[usize::from(*which) % 3]);
    let condition = String::from_utf8_lossy(text);
    if may_run(&condition, &boards[0].linked.tables[*table].schema) {
        boards.iter().for_each(|board| board.runs(table, &condition));
    }
}

#[test]
fn what_the_checker_admits_the_engine_runs() {
    let measures = TABLES.map(|(_, table)| (table, format!("{{ persons: {table} }}")));
    let measures = measures.iter().map(|(name, text)| (*name, text.as_str())).collect::<Vec<_>>();
    let folders = [crowded(), empty()].map(|board| board.folder(&[("spec", &report("[area]", &measures))]));
    let plans = folders.each_ref().map(|folder| plan(folder.path()));
    linked(&plans[0], |crowded| {
        linked(&plans[1], |empty| {
            let boards = [Ready { plan: &plans[0], linked: crowded }, Ready { plan: &plans[1], linked: empty }];
            fuzz(&Target {
                name: "expressions",
                words: WORDS,
                grow: Some(grow),
                cases: 300,
                run: &|input| run(input, &boards),
            });
        });
    });
}
