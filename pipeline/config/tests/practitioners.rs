//! Reports that protect practitioners: what they mean, and what they need.

use super::super::plan::{Clamp, MeasureKind, Number, Place, Practices, Protects};
use super::*;

const DEMO: &str = "configs/demo.yaml";
const BRIDGE: &str = "reports/bridge.yaml";
const LOAD: &str = "\
title: What the links workers carry
protects: [patient, practitioner]
by: [area, simd_quintile, mode]
measures:
  registered:
    persons: patients
  seen:
    persons: contacts
    per_practice: { between: [0, 80] }
  minutes:
    sum: contacts.minutes
    per_person: { between: [0, 600] }
    per_practice: { between: [-10, 9000] }
rates:
  minutes_rate: { of: minutes, over: registered, per: 1000 }
";

/// The shipped board with [`LOAD`] in the place of its second report.
fn board() -> Board {
    let board = Board::new();
    fs::write(board.path(BRIDGE), LOAD).unwrap();
    board
}

#[test]
fn a_report_that_protects_both() {
    let board = board();
    assert_eq!(board.printed(), "nothing to complain about");
    let plan = board.load().unwrap();
    let [reach, load] = &plan.reports[..] else { panic!("two reports") };
    assert_eq!((reach.protects, load.protects), (Protects::default(), Protects { practitioner: true }));
    assert!(reach.measures.iter().all(|measure| measure.place == Place::Home && measure.practitioner.is_none()));
    assert!(load.measures.iter().all(|measure| measure.place == Place::Practice));
    let [registered, seen, minutes] = &load.measures[..] else { panic!("three measures") };
    assert_eq!((registered.practitioner, registered.codes.len()), (None, 0));
    assert_eq!((seen.practitioner, seen.codes.len()), (Some(Clamp { between: (0, 80) }), 1));
    assert_eq!(minutes.practitioner, Some(Clamp { between: (-10, 9000) }));
    let of = Number { sql: "\"minutes\"".into(), between: (0, 480), centre: 0, rows: None };
    assert_eq!(minutes.kind, MeasureKind::Sum { of, between: (0, 600) });
    let practices = Practices {
        table: "practices".into(),
        zone: "data_zone".into(),
        of_patient: "practice_code".into(),
        posts: "practitioners".into(),
        practitioner: "clp_id".into(),
        of_post: "practice_code".into(),
    };
    assert_eq!(plan.practices, Some(practices));
}

#[test]
fn patients_alone_may_be_written_as_a_list() {
    let board = Board::new().edit(BRIDGE, "protects: patient", "protects: [patient]");
    assert_eq!(board.printed(), "nothing to complain about");
    let plan = board.load().unwrap();
    assert!(plan.reports.iter().all(|report| report.protects == Protects::default()));
    assert_eq!(plan.practices, None);
}

/// A board that has no list of practices reports on patients as before, and stores no practice.
#[test]
fn a_board_without_practices_protects_patients_alone() {
    let practices = "  practices: out/demo/extracts/public/practices.csv\n";
    let without = Board::new().edit(DEMO, practices, "");
    assert_eq!(without.printed(), "nothing to complain about");
    for source in without.load().unwrap().sources {
        assert!(
            source.schema.columns.get("practice_code").is_none_or(|column| !column.is_stored()),
            "{}",
            source.table
        );
    }
    let found = board().edit(DEMO, practices, "").printed();
    let expected = "\
error: practitioners cannot be protected: `practitioners` leads to no public table of practices with their areas
 --> reports/bridge.yaml:2:11
  |
2 | protects: [patient, practitioner]
  |           ^^^^^^^^^^^^^^^^^^^^^^^
  |
  = help: give the board a source for `practices`, a column of which refers `to` the area lookup";
    assert_eq!(found, expected);
}

#[test]
fn a_measure_whose_table_names_no_practitioner_as_printed() {
    let found =
        board().edit(BRIDGE, "persons: contacts", "persons: attendances").edit(BRIDGE, ", mode]", "]").printed();
    let expected = "\
error: `attendances` has no column that names a practitioner
 --> reports/bridge.yaml:8:14
  |
8 |     persons: attendances
  |              ^^^^^^^^^^^
  |
  = help: allowed here: `referrals`, `contacts`, `onward_referrals`, or persons of `patients`";
    assert_eq!(found, expected);
}

#[test]
fn slips_in_a_report_that_protects_both() {
    let slips = [
        (
            "protects: [patient, practitioner]",
            "protects: practitioner",
            "bridge.yaml:2:11 who protects practitioners alone exposes patients | write `protects: [patient, practitioner]`",
        ),
        (
            "protects: [patient, practitioner]",
            "protects: [practitioner]",
            "bridge.yaml:2:11 who protects practitioners alone exposes patients",
        ),
        ("protects: [patient, practitioner]", "protects: []", "bridge.yaml:2:11 nobody is protected"),
        (
            "protects: [patient, practitioner]",
            "protects: [patient, practitoner]",
            "bridge.yaml:2:21 unknown word `practitoner` | did you mean `practitioner`?",
        ),
        (
            "protects: [patient, practitioner]",
            "protects: [patient, practitioner, patient]",
            "bridge.yaml:2:35 this role is listed twice",
        ),
        (
            "protects: [patient, practitioner]",
            "protects: patient",
            "bridge.yaml:9:5 `per_practice` means nothing where patients alone are protected",
        ),
        (
            "    per_practice: { between: [0, 80] }\n",
            "",
            "bridge.yaml:7:3 where practitioners are protected, a bound is needed | say what a practice's total",
        ),
        ("[0, 80]", "[1, 80]", "bridge.yaml:9:30 a count starts at 0"),
        ("[0, 80]", "[80, 0]", "bridge.yaml:9:30 the range is back to front"),
        ("[0, 80]", "[0, 0]", "bridge.yaml:9:30 a total clamped to 0 says nothing"),
        ("between: [0, 80]", "", "bridge.yaml:9:5 the key is missing: `between`"),
        (
            "    persons: patients\n",
            "    persons: patients\n    per_practice: { between: [0, 9000] }\n",
            "bridge.yaml:7:5 no practitioner changes `patients`: there is no bound | leave it out",
        ),
        ("quintile, mode]", "quintile, sex]", "bridge.yaml:3:27 `sex` describes the patient"),
        ("quintile, mode]", "quintile, mod]", "bridge.yaml:3:27 unknown dimension `mod` | did you mean `mode`?"),
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
    const POSTS: &str = "schemas/practitioners.yaml";
    const MARK: &str = "    names: practitioner\n";
    let source = "  practitioners: out/demo/extracts/practices/*/practitioners.csv\n";
    let cannot = "bridge.yaml:2:11 practitioners cannot be protected: ";
    let slips = [
        (DEMO, source, "", format!("{cannot}the table `practitioners` has no source")),
        (POSTS, MARK, "", format!("{cannot}no column under `unique` of `practitioners` names the practitioner")),
        (POSTS, "[clp_id, started_on]", "[started_on]", format!("{cannot}no column under `unique`")),
        (POSTS, "    to: practices\n", "", format!("{cannot}`practitioners` leads to no public table of practices")),
        (
            "schemas/patients.yaml",
            "    to: practices\n",
            "",
            format!("{cannot}`patients` leads to no public table of practices"),
        ),
        (
            "schemas/practices.yaml",
            "    to: data_zones\n",
            "    to: organisations\n",
            format!("{cannot}`practitioners` leads to no public table of practices"),
        ),
        (
            "schemas/contacts.yaml",
            "    space: clp\n",
            "    space: worker\n",
            "demo.yaml:21:3 `contacts.clp_id` names practitioners in the space `worker`, and `practitioners.clp_id` in \
             `clp` | one practitioner must have one pseudonym"
                .to_string(),
        ),
        (
            "schemas/practices.yaml",
            "    to: data_zones\n",
            "    to: practices\n",
            "demo.yaml:28:3 `practices` refers to itself, or to a public table that leads back to it".to_string(),
        ),
        // A schema that cannot be read has its own complaint, and no other.
        (
            "schemas/practices.yaml",
            "breach: unknown",
            "breach: unknwon",
            "practices.yaml:19:13 unknown word `unknwon`".to_string(),
        ),
        (POSTS, "type: decimal", "type: decimel", "practitioners.yaml:22:11 unknown word `decimel`".to_string()),
    ];
    let mut wrong = Vec::new();
    for (file, from, to, expected) in slips {
        let found = board().edit(file, from, to).short();
        if found.len() != 1 && (file == POSTS || to == "breach: unknwon")
            || !found.iter().any(|line| line.starts_with(&expected))
        {
            wrong.push(format!("{file} {to}\nexpected {expected}\nfound {found:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
