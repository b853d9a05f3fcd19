//! `pseudonyms:`, and what the schemas say of people.

use chrono::NaiveDate;

use super::super::plan::KeySource;
use super::*;

const DEMO: &str = "configs/demo.yaml";
const KEY: &str = "  key: { file: out/demo/demo.key }";
const TYPE: &str = "    type: chi\n";

/// Every private table that names a person.
const OF_PEOPLE: [&str; 5] = ["patients", "referrals", "contacts", "onward_referrals", "attendances"];

/// The board with another kind of person in each of these tables, and more under `pseudonyms`.
fn with(tables: &[&str], kind: &str, pseudonyms: &str) -> Board {
    let board = Board::new().edit(DEMO, KEY, &format!("{KEY}{pseudonyms}"));
    tables.iter().fold(board, |board, table| board.edit(&format!("schemas/{table}.yaml"), TYPE, kind))
}

#[test]
fn one_table_of_another_kind_as_printed() {
    let board = with(&["attendances"], "    type: slk_581\n", "");
    let expected = "\
error: `attendances.chi` tells people apart by `slk_581`, and `patients.chi` by `chi`: their rows would never join
  --> configs/demo.yaml:23:16
   |
23 |   attendances: out/demo/extracts/organisations/*/attendances.csv
   |                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
   |
   = help: every private table needs the same kind: change the `type` in one of the schemas";
    assert_eq!(board.printed(), expected);
    let board = with(&["attendances"], "    type: open_pseudonymiser\n", "");
    let short = board.short();
    assert!(short.len() == 1 && short[0].ends_with("its schema says `as: open_pseudonymiser`"), "{short:?}");
}

#[test]
fn one_kind_in_every_table_is_a_plan_with_its_weakness() {
    assert_eq!(Board::new().load().unwrap().weaknesses, Vec::<String>::new());
    let board = with(&OF_PEOPLE, "    type: slk_581\n", "");
    assert_eq!(board.printed(), "nothing to complain about");
    let weaknesses = board.load().unwrap().weaknesses;
    assert!(weaknesses.len() == 1 && weaknesses[0].contains("four times the stated rho"), "{weaknesses:?}");
    let board = with(&OF_PEOPLE, "    type: open_pseudonymiser\n", "");
    assert_eq!(board.printed(), "nothing to complain about");
    assert_eq!(board.load().unwrap().weaknesses.len(), 1);
}

#[test]
fn numbers_join_digests_where_the_salt_is_named() {
    let mixed = |pseudonyms: &str| {
        with(&OF_PEOPLE[..4], "    type: chi\n    as: open_pseudonymiser\n", pseudonyms).edit(
            "schemas/attendances.yaml",
            TYPE,
            "    type: open_pseudonymiser\n",
        )
    };
    let salted = mixed("\n  salt: { command: [client, get, salt] }");
    assert_eq!(salted.printed(), "nothing to complain about");
    let plan = salted.load().unwrap();
    assert_eq!(plan.salt, Some(KeySource::Command(vec!["client".into(), "get".into(), "salt".into()])));
    assert_eq!(plan.weaknesses.len(), 1);
    let told = |board: Board| board.short().join("\n");
    let unsalted = told(mixed(""));
    assert!(
        unsalted.contains("`patients.chi` is `as: open_pseudonymiser`, which needs the senders' `salt`"),
        "{unsalted}"
    );
    let twice = told(mixed("\n  salt: { env: A, file: b }"));
    assert!(twice.contains("exactly one of `file`, `env` and `command` is needed"), "{twice}");
    let missing = told(mixed("\n  salt: { file: none.salt }"));
    assert!(missing.contains("there is no salt file"), "{missing}");
    let unused = told(with(&[], "", "\n  salt: { env: SALT }"));
    assert!(unused.contains("no column uses this salt"), "{unused}");
    let published = mixed("\n  salt: { file: out/demo/published/salt }");
    fs::create_dir_all(published.path("out/demo/published")).unwrap();
    fs::write(published.path("out/demo/published/salt"), "").unwrap();
    let published = told(published);
    assert!(published.contains("this lies inside the folder that is published"), "{published}");
}

#[test]
fn a_key_has_an_end_and_says_so_a_month_before() {
    let plan = with(&[], "", "\n  rotate_by: 2027-06-30").load().unwrap();
    let day = |text: &str| text.parse::<NaiveDate>().unwrap();
    assert_eq!(plan.rotate_by, Some(day("2027-06-30")));
    for (today, warned, refused) in [
        ("2027-05-30", false, false),
        ("2027-05-31", true, false),
        ("2027-06-29", true, false),
        ("2027-06-30", true, true),
        ("2031-01-01", true, true),
    ] {
        let warnings = plan.warnings(day(today));
        assert_eq!((warnings.len(), plan.key_expired(day(today)).is_some()), (warned.into(), refused), "{today}");
    }
    assert!(plan.key_expired(day("2027-06-30")).unwrap().contains("`smirr key new FILE`"));
    let endless = Board::new().load().unwrap();
    assert!(endless.warnings(day("2099-01-01")).is_empty() && endless.key_expired(day("2099-01-01")).is_none());
    let wrong = with(&[], "", "\n  rotate_by: 30/06/2027").short();
    assert!(wrong.len() == 1 && wrong[0].starts_with("demo.yaml:34:14 `30/06/2027` is not a day"), "{wrong:?}");
}
