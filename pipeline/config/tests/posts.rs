//! Sums over practitioners: what they mean, and what they need.

use super::super::plan::{MeasureKind, Number, Place, Rows};
use super::super::report::During;
use super::*;

const DEMO: &str = "configs/demo.yaml";
const BRIDGE: &str = "reports/bridge.yaml";
const POSTS: &str = "schemas/practitioners.yaml";
const LOAD: &str = "\
title: What the links workers carry
protects: [patient, practitioner]
by: [area, simd_quintile, mode]
measures:
  contacts:
    events: contacts
    per_person: { events: 20 }
    per_practice: { between: [0, 800] }
  wte:
    sum: practitioners.wte
    unit: WTE
    where: \"wte > 0\"
    per_practitioner: { between: [0, 1.25] }
rates:
  contacts_per_wte: { of: contacts, over: wte, per: 1 }
";

/// The shipped board with [`LOAD`] in the place of its second report.
fn board() -> Board {
    let board = Board::new();
    fs::write(board.path(BRIDGE), LOAD).unwrap();
    board
}

#[test]
fn a_sum_over_practitioners() {
    let board = board();
    assert_eq!(board.printed(), "nothing to complain about");
    let plan = board.load().unwrap();
    let [contacts, wte] = &plan.reports[1].measures[..] else { panic!("two measures") };
    let number = |between| Number { sql: "\"wte\"".into(), between, centre: 0, rows: None };
    assert_eq!(wte.kind, MeasureKind::Sum { of: number((0, 125)), between: (0, 125) });
    assert_eq!((wte.table.as_str(), &wte.rows, wte.unit.as_str()), ("practitioners", &Rows::Posts, "WTE"));
    assert_eq!((wte.cells, wte.practitioner, wte.place, wte.during), (1, None, Place::Practice, During::Quarter));
    assert_eq!(wte.filter.as_deref(), Some("wte > 0"));
    // A practitioner has a place and its bands, and no code of a contact.
    assert_eq!((wte.bands.len(), wte.codes.len(), contacts.codes.len()), (1, 0, 1));
    assert_eq!(wte.tables(), ["practitioners"]);
    let rate = &plan.reports[1].rates[0];
    assert_eq!((rate.of, rate.over, rate.sampling), (0, 1, crate::config::figures::Sampling::None));
}

#[test]
fn a_practitioner_counts_for_what_the_contract_lets_a_post_have() {
    let bound = "    per_practitioner: { between: [0, 1.25] }\n";
    for (to, expected) in [
        (String::new(), (0, 150)),
        (bound.replace("1.25", "2"), (0, 150)),
        (bound.replace("[0, 1.25]", "[-1, 0.5]"), (0, 50)),
        (bound.replace("[0, 1.25]", "[0.2, 1.0]"), (20, 100)),
    ] {
        let plan = board().edit(BRIDGE, bound, &to).load().unwrap();
        let MeasureKind::Sum { between, .. } = plan.reports[1].measures[1].kind else { panic!("a sum") };
        assert_eq!(between, expected, "{to}");
    }
}

#[test]
fn a_sum_over_practitioners_where_patients_alone_are_protected_as_printed() {
    let bound = "    per_practice: { between: [0, 800] }\n";
    let found = board().edit(BRIDGE, "[patient, practitioner]", "patient").edit(BRIDGE, bound, "").printed();
    let expected = "\
error: `practitioners` names practitioners, and this report protects patients alone
 --> reports/bridge.yaml:9:10
  |
9 |     sum: practitioners.wte
  |          ^^^^^^^^^^^^^^^^^
  |
  = help: write `protects: [patient, practitioner]`";
    assert_eq!(found, expected);
}

#[test]
fn slips_in_a_sum_over_practitioners() {
    const BETWEEN: &str = "[0, 1.25]";
    const UNIT: &str = "    unit: WTE\n";
    let with = |line: &str| format!("{UNIT}    {line}\n");
    let slips = [
        (
            ".wte\n",
            ".wtee\n".to_string(),
            "bridge.yaml:10:24 `practitioners` has no column `wtee` | did you mean `wte`?",
        ),
        (".wte\n", ".clp_id\n".into(), "bridge.yaml:10:24 `clp_id` is not a number"),
        ("sum: practitioners.wte", "sum: practitioners".into(), "bridge.yaml:10:10 a sum needs a column"),
        (
            "sum: practitioners.wte",
            "persons: practitioners".into(),
            "bridge.yaml:10:14 `practitioners` has no column that names a person",
        ),
        ("wte > 0", "wte > 0 and minutes > 3".into(), "bridge.yaml:12:25 `practitioners` has no column `minutes`"),
        (BETWEEN, "[1.25, 0]".into(), "bridge.yaml:13:34 the range is back to front"),
        (BETWEEN, "[0, 0]".into(), "bridge.yaml:13:34 a practitioner who counts for 0 says nothing"),
        (BETWEEN, "[-2, -1]".into(), "bridge.yaml:13:34 a practitioner who counts for 0 says nothing"),
        (BETWEEN, "[0, 1.125]".into(), "bridge.yaml:13:34 this column holds numbers of 2 decimal places"),
        (BETWEEN, "[0, one]".into(), "bridge.yaml:13:38 expected a number"),
        (UNIT, with("events: contacts"), "bridge.yaml:9:3 exactly one of `persons`"),
        (
            UNIT,
            with("per_person: { between: [0, 1] }"),
            "bridge.yaml:12:19 `between` means nothing here: no patient is in `practitioners` | say what one practitioner counts for",
        ),
        (UNIT, with("per_person: { cells: 2 }"), "bridge.yaml:12:19 `cells` means nothing here"),
        (UNIT, with("per_practice: { between: [0, 3] }"), "bridge.yaml:12:5 `per_practice` means nothing here"),
        (
            UNIT,
            with("at_least: 2"),
            "bridge.yaml:12:5 `at_least` means nothing here: no patient is in `practitioners` | each practitioner counts",
        ),
        (UNIT, with("during: always"), "bridge.yaml:12:5 `during` means nothing here"),
        (UNIT, with("keep: new"), "bridge.yaml:12:5 `keep` means nothing without `pairs`"),
        (UNIT, with("edges: [0, 1]"), "bridge.yaml:12:5 `edges` means nothing"),
        (UNIT, with("expect: { per_1000: 1 }"), "bridge.yaml:12:5 `expect` is by where people live"),
        (
            "    per_person: { events: 20 }\n",
            "    per_person: { events: 20 }\n    per_practitioner: { between: [0, 1] }\n".into(),
            "bridge.yaml:8:5 `per_practitioner` means nothing but for a sum of `practitioners` | bound one patient by",
        ),
        (
            "{ of: contacts, over: wte",
            "{ of: wte, over: contacts".into(),
            "bridge.yaml:15:38 `contacts` is given by `mode`, and `wte` is not",
        ),
    ];
    let mut wrong = Vec::new();
    for (from, to, expected) in slips {
        let found = board().edit(BRIDGE, from, &to).short();
        if !found.iter().any(|line| line.starts_with(expected)) {
            wrong.push(format!("{to}\nexpected {expected}\nfound {found:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn a_posts_number_has_a_range_that_can_be_packed() {
    let without = "    per_practitioner: { between: [0, 1.25] }\n";
    let found = board()
        .edit(BRIDGE, without, "")
        .edit(POSTS, "    between: [0, \"1.5\"]\n", "    between: [0, 10001]\n")
        .short();
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(
        found[0].starts_with("bridge.yaml:10:10 the range of one post is too wide to pack | say what"),
        "{found:#?}"
    );
    let source = "  practitioners: out/demo/extracts/practices/*/practitioners.csv\n";
    let found = board().edit(DEMO, source, "").short();
    assert!(found.iter().any(|line| line.starts_with("bridge.yaml:10:10 unknown table `practitioners`")), "{found:#?}");
}
