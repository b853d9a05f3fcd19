//! Measures of pairs: what they mean, and what they need.

use super::super::plan::{Clamp, Keep, MeasureKind, Place};
use super::*;

const BRIDGE: &str = "reports/bridge.yaml";
const LINKS: &str = "\
title: Working links
protects: [patient, practitioner]
by: [area, service_type]
measures:
  links:
    pairs: onward_referrals
    of: [clp_id, org_id]
    where: \"kind = 'supported'\"
    per_person: { pairs: 3 }
    per_practice: { between: [0, 60] }
  new_links:
    pairs: onward_referrals
    of: [clp_id, org_id]
    against: previous_quarter
    keep: new
    per_person: { pairs: 4 }
    per_practice: { between: [0, 60] }
  lasting_links:
    pairs: onward_referrals
    of: [clp_id, org_id]
    against: previous_quarter
    keep: lasting
    per_person: { pairs: 4 }
    per_practice: { between: [0, 60] }
";

/// The shipped board with [`LINKS`] in the place of its second report.
fn board() -> Board {
    let board = Board::new();
    fs::write(board.path(BRIDGE), LINKS).unwrap();
    board
}

/// The same for patients alone.
fn alone() -> Board {
    let bound = "    per_practice: { between: [0, 60] }\n";
    let board = board().edit(BRIDGE, "[patient, practitioner]", "patient");
    board.edit(BRIDGE, bound, "").edit(BRIDGE, bound, "").edit(BRIDGE, bound, "")
}

#[test]
fn links_new_links_and_lasting_links() {
    let board = board();
    assert_eq!(board.printed(), "nothing to complain about");
    let plan = board.load().unwrap();
    let [links, new, lasting] = &plan.reports[1].measures[..] else { panic!("three measures") };
    let kind = |at_most, keep| MeasureKind::Pairs { of: ("clp_id".into(), "org_id".into()), at_most, keep };
    assert_eq!(links.kind, kind(3, Keep::All));
    assert_eq!((&new.kind, &lasting.kind), (&kind(4, Keep::New), &kind(4, Keep::Lasting)));
    assert_eq!((links.needs_earlier(), new.needs_earlier(), lasting.needs_earlier()), (false, true, true));
    assert_eq!((links.table.as_str(), links.unit.as_str(), links.cells), ("onward_referrals", "links", 3));
    assert_eq!((links.practitioner, links.place), (Some(Clamp { between: (0, 60) }), Place::Practice));
    assert_eq!(links.filter.as_deref(), Some("kind = 'supported'"));
    let [service] = &links.codes[..] else { panic!("one dimension") };
    assert_eq!((service.table.as_str(), service.via.as_deref()), ("organisations", Some("org_id")));
}

#[test]
fn for_patients_alone_they_are_by_practice_all_the_same() {
    let board = alone();
    assert_eq!(board.printed(), "nothing to complain about");
    let plan = board.load().unwrap();
    let links = &plan.reports[1].measures[0];
    assert_eq!((links.practitioner, links.place), (None, Place::Practice));
    assert!(plan.practices.is_some() && plan.reports[1].is_by_practice() && !plan.reports[0].is_by_practice());
}

/// A row's own codes and the patient's are no pair's; other measures of the report have them as before.
#[test]
fn pairs_are_given_by_the_organisations_codes_alone() {
    let more = "measures:\n  referred: { persons: onward_referrals }\n";
    let board = alone().edit(BRIDGE, "service_type]", "service_type, kind, sex]").edit(BRIDGE, "measures:\n", more);
    assert_eq!(board.printed(), "nothing to complain about");
    let plan = board.load().unwrap();
    let names =
        |at: usize| plan.reports[1].measures[at].codes.iter().map(|code| code.name.as_str()).collect::<Vec<_>>();
    assert_eq!(names(0), ["service_type", "kind", "sex"]);
    assert_eq!(names(1), ["service_type"]);
}

#[test]
fn a_pair_of_something_else_as_printed() {
    let found = board().edit(BRIDGE, "of: [clp_id, org_id]", "of: [chi, kind]").printed();
    let expected = "\
error: `chi` does not name the practitioner
 --> reports/bridge.yaml:7:10
  |
7 |     of: [chi, kind]
  |          ^^^
  |
  = help: write `clp_id` first

error: `kind` does not lead to a public table
 --> reports/bridge.yaml:7:15
  |
7 |     of: [chi, kind]
  |               ^^^^
  |
  = help: the only one allowed here is `org_id`";
    assert_eq!(found, expected);
}

#[test]
fn slips_in_measures_of_pairs() {
    let bound = "    per_person: { pairs: 3 }\n";
    let slips = [
        (bound, "", "bridge.yaml:5:3 `pairs` needs a bound | say how many pairs of one person may count"),
        (bound, "    per_person: { pairs: 0 }\n", "bridge.yaml:9:26 must be at least 1"),
        (bound, "    per_person: { pairs: 3, cells: 2 }\n", "bridge.yaml:9:29 `cells` means nothing for `pairs`"),
        (bound, "    per_person: { pairs: 3, events: 2 }\n", "bridge.yaml:9:29 `events` means nothing for `pairs`"),
        (bound, "    per_person: { pairs: 3, between: [0, 1] }\n", "bridge.yaml:9:29 `between` means nothing"),
        ("    of: [clp_id, org_id]\n", "", "bridge.yaml:5:3 `pairs` needs `of` | say what makes a pair"),
        ("of: [clp_id, org_id]", "of: [clp_id]", "bridge.yaml:7:9 expected 2 values, found 1"),
        ("of: [clp_id, org_id]", "of: [org_id, org_id]", "bridge.yaml:7:10 `org_id` does not name the practitioner"),
        ("of: [clp_id, org_id]", "of: [clp_id, clp_id]", "bridge.yaml:7:18 `clp_id` does not lead to a public table"),
        (
            "pairs: onward_referrals",
            "pairs: onward_referals",
            "bridge.yaml:6:12 unknown table `onward_referals` | did you mean `onward_referrals`?",
        ),
        ("pairs: onward_referrals", "pairs: organisations", "bridge.yaml:6:12 `organisations` is public"),
        ("pairs: onward_referrals", "pairs: referrals", "bridge.yaml:7:18 `org_id` does not lead to a public table"),
        (
            "pairs: onward_referrals",
            "pairs: attendances",
            "bridge.yaml:6:12 `attendances` has no column that names a practitioner",
        ),
        (
            "pairs: onward_referrals",
            "persons: onward_referrals",
            "bridge.yaml:7:5 `of` means nothing without `pairs` | it belongs to a measure of `pairs`",
        ),
        (
            "pairs: onward_referrals",
            "persons: onward_referrals",
            "bridge.yaml:9:19 `pairs` means nothing without `pairs`",
        ),
        (
            "    pairs: onward_referrals\n",
            "    pairs: onward_referrals\n    persons: contacts\n",
            "bridge.yaml:5:3 exactly one of `persons`, `events`, `sum`,",
        ),
        (
            "    pairs: onward_referrals\n",
            "    pairs: onward_referrals\n    public: organisations\n",
            "bridge.yaml:5:3 exactly one of `persons`, `events`, `sum`,",
        ),
        (
            "    pairs: onward_referrals\n",
            "    pairs: onward_referrals\n    histogram: contacts.minutes\n    edges: [0, 30]\n",
            "bridge.yaml:5:3 exactly one of `persons`, `events`, `sum`,",
        ),
        (
            "    pairs: onward_referrals\n",
            "    pairs: onward_referrals\n    share: 0\n",
            "bridge.yaml:7:12 must be at least 1 | a measure without a share of the loss",
        ),
        ("    keep: new\n", "", "bridge.yaml:14:5 which of the pairs count is not said | write `keep: new`"),
        ("    keep: new\n", "    keep: old\n", "bridge.yaml:15:11 unknown word `old`"),
        (
            "    against: previous_quarter\n",
            "",
            "bridge.yaml:14:5 `keep` needs another quarter | write `against: previous_quarter` beside it",
        ),
        ("against: previous_quarter", "against: last_year", "bridge.yaml:14:14 unknown word `last_year`"),
        (
            "    keep: new\n",
            "    keep: new\n    during: always\n",
            "bridge.yaml:16:5 rows of all quarters are in both quarters | leave `during` out, or `against`",
        ),
        ("kind = 'supported'", "kin = 'supported'", "bridge.yaml:8:13 `onward_referrals` has no column `kin`"),
        ("[0, 60]", "[1, 60]", "bridge.yaml:10:30 a count starts at 0"),
        ("    per_practice: { between: [0, 60] }\n", "", "bridge.yaml:5:3 where practitioners are protected, a bound"),
        (
            "service_type]",
            "servic_type]",
            "bridge.yaml:3:12 unknown dimension `servic_type` | did you mean `service_type`?",
        ),
        ("service_type]", "kind]", "bridge.yaml:3:12 unknown dimension `kind`"),
    ];
    let mut wrong = Vec::new();
    for (from, to, expected) in slips {
        let found = board().edit(BRIDGE, from, to).short();
        if !found.iter().any(|line| line.starts_with(expected)) {
            wrong.push(format!("{to}\nexpected {expected}\nfound {found:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn what_the_tables_must_have() {
    let practices = "  practices: out/demo/extracts/public/practices.csv\n";
    let found = alone().edit("configs/demo.yaml", practices, "").short();
    assert!(
        found[0].starts_with("bridge.yaml:6:5 pairs cannot be placed: `practitioners` leads to no public"),
        "{found:#?}"
    );
    let found = alone().edit("schemas/onward_referrals.yaml", "    names: practitioner\n", "").short();
    assert!(found[0].starts_with("bridge.yaml:6:12 `onward_referrals` has no column that names"), "{found:#?}");
    let found = alone().edit("schemas/onward_referrals.yaml", "type: chi\n    required: true", "type: chi").short();
    assert!(
        found.iter().any(|it| it.starts_with("bridge.yaml:13:5 a row of `onward_referrals` may lack")),
        "{found:#?}"
    );
    let expected = alone().edit(BRIDGE, "    of:", "    expect: { per_1000: 2 }\n    of:").short();
    assert!(expected[0].contains("`expect` is by where people live"), "{expected:#?}");
}
