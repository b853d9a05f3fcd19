//! The tests that a report holds: every slip in them is told where it stands.

use super::super::trial::{Asks, Split};
use super::*;

const REACH: &str = "reports/reach.yaml";

/// The board with these tests at the end of reach.yaml.
fn with(tests: &str) -> Board {
    let board = Board::new();
    let path = board.path(REACH);
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("{}\ntests:\n{tests}", text.trim_end())).unwrap();
    board
}

/// What is complained of, without file and line.
fn told(tests: &str) -> Vec<String> {
    let complaints = with(tests).short().into_iter();
    let bare = complaints.map(|it| it.split_once(' ').map_or(String::new(), |(_, rest)| rest.to_owned()));
    bare.collect()
}

/// A test with these rows and expectations.
fn test(given: &str, expect: &str) -> String {
    format!("  - name: A\n    given:\n      {given}\n    expect:\n      {expect}\n")
}

#[test]
fn rows_and_expectations_as_they_are_meant() {
    let board = with(
        "  - name: Two\n    given:\n      data_zones: [{ data_zone: z, hscp: north }]\n      patients:\n        \
         - { chi: anna, sex: unknown, data_zone: z, deregistered_on: ~ }\n        - { chi: bob, data_zone: unknown }\n      \
         referrals: [{ chi: anna, referred_on: quarter_start + 2 }]\n    expect:\n      referred: { hscp: { north: 1 } }\n",
    );
    assert_eq!(board.printed(), "nothing to complain about");
    let plan = board.load().unwrap();
    let [trial] = &plan.reports[0].trials[..] else { panic!("one test") };
    assert!(plan.reports[1].trials.is_empty());
    let cell = |table: usize, row: usize, column: &str| trial.given[table].rows[row].get(column).cloned();
    assert_eq!(cell(1, 0, "sex"), Some(Some("unknown".into())), "a code is its word");
    assert_eq!(cell(1, 0, "deregistered_on"), Some(None), "a blank is one");
    assert_eq!(cell(1, 1, "data_zone"), Some(None), "nowhere is a blank");
    assert_eq!(cell(1, 1, "sex"), None, "what is left out is filled in later");
    assert_eq!(cell(2, 0, "referred_on"), Some(Some("2026-07-03".into())));
    let [one, rest] = &trial.expected[..] else { panic!("{:?}", trial.expected) };
    assert_eq!((&one.cell.area, &one.asks), (&Some((1, "north".into())), &Asks::Figure(1.0)));
    assert_eq!(rest.asks, Asks::NothingElse { of: Split::Level(1), but: vec!["north".into()] });
}

#[test]
fn slips_in_what_is_given() {
    let slips = "  - name: A
    given:
      patiens: [{ chi: anna }]
      patients:
        - { chi: anna, sx: F, sex: Q, data_zone: norht }
        - { sex: F }
        - { chi: 0101010001, date_of_birth: 3/7/1990, registered_on: ~ }
      data_zones: [{ data_zone: north, population: many }]
      contacts: [{ chi: anna, minutes: 481 }]
    expect: { registered: 1 }
  - name: A
    expect: { registered: 0 }
";
    assert_eq!(
        told(slips),
        [
            "unknown table `patiens` | did you mean `patients`? (tables come from the board's `sources`)",
            "`patients` has no column `sx` | did you mean `sex`?",
            "unknown code `Q` | allowed here: `F`, `M`, `unknown`",
            "no row of `data_zones` in this test is called `norht` | did you mean `north`?",
            "this row of `patients` is nobody's | name someone, by any short name: `chi: anna`",
            "this may be the number of someone real | a test is read by everyone: call people `anna` and `bob`, and their \
             numbers are made up",
            "`3/7/1990` is no day | a day is written `2026-07-01`, or counted from the quarter, as in `quarter_start`, \
             `quarter_end - 30` or `quarter_end - 30 years`, so that the test holds in every quarter",
            "this column is never blank",
            "this column holds a whole number, and not `many`",
            "`481` is outside the range that the column's schema allows",
            "two tests are called `A`",
        ]
    );
}

#[test]
fn slips_in_what_is_expected() {
    let expect = |expect: &str| told(&test("patients: [{ chi: anna }]", expect));
    assert_eq!(expect("refered: 1"), ["this report publishes no figure `refered` | did you mean `referred`?"]);
    assert_eq!(
        expect("referred: { raeson: { housing: 1 } }")[0],
        "`referred` is not given by `raeson` | did you mean `reason`?"
    );
    assert!(
        expect("registered: { reason: { housing: 1 } }")[0].starts_with("`registered` is not given by `reason` | ")
    );
    assert_eq!(
        expect("referred: { reason: { huosing: 1 } }"),
        ["`reason` has no value `huosing` | did you mean `housing`?"]
    );
    assert_eq!(expect("referred: { reason: 3 }"), ["expected its values, each with a number | as in `sex: { F: 1 }`"]);
    assert_eq!(expect("referred: { all: { F: 1 } }"), ["`all` is the figure itself: expected a number"]);
    assert_eq!(
        expect("referred: { hscp: { north: 1 } }"),
        [
            "no row of `data_zones` in this test has `north` as its `hscp` | name it in the test: `given: { data_zones: [{ hscp: \
          north }] }`"
        ]
    );
    assert_eq!(expect("{}"), ["a test expects something | name a figure: `expect: { referred: 1 }`"]);
    let shape = expect("referred: [1]");
    assert!(shape[0].starts_with("expected a number or a mapping, found a list"), "{shape:?}");
}

#[test]
fn a_slip_as_printed() {
    let board = with(&test("patients: [{ chi: anna }]", "referred: { reason: { huosing: 1 } }"));
    let printed = board.printed();
    let (message, place) = printed.split_once('\n').unwrap();
    assert_eq!(message, "error: `reason` has no value `huosing`");
    assert!(place.contains("      referred: { reason: { huosing: 1 } }\n"), "{place}");
    assert!(place.contains("                            ^^^^^^^\n"), "{place}");
}
