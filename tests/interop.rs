//! Senders who cannot send a number: linkage keys and digests join, and are as little left behind as a number is.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use sha2::{Digest, Sha256};

use crate::leaks::Canaries;
use crate::support::extracts::{Extract, Manner, append};
use crate::support::people::people;
use crate::support::{Board, Size, files, repository};

const OF_PEOPLE: [&str; 5] = ["patients", "referrals", "contacts", "onward_referrals", "attendances"];
const SALT: &str = "kX4vQ9mZ2pR7tW1yB6nJ3cF8hL5sD0gA";

fn board() -> Board {
    Board::new(&Size { patients: 4_000, activity: 4.0, single: true, ..Size::default() })
}

/// Gives the board schemas of its own, with another type of person in each of these tables, and a salt if need be.
fn schemas(board: &Board, types: &[(&str, &str)], salted: bool) {
    files::copy(&repository().join("schemas"), &board.path("schemas"));
    for (table, kind) in types {
        let path = board.path("schemas").join(format!("{table}.yaml"));
        let text = fs::read_to_string(&path).expect("it was copied");
        assert!(text.contains("    type: chi\n"), "{table} names no person");
        files::write(&path, text.replace("    type: chi\n", &format!("    {kind}\n")));
    }
    let yaml = fs::read_to_string(board.path("board.yaml")).expect("it is there");
    let shipped = format!("schemas: {}", repository().join("schemas").display());
    let mut yaml = yaml.replace(&shipped, "schemas: schemas");
    if salted {
        yaml = yaml.replace("key: { file: board.key }", "key: { file: board.key }\n  salt: { file: board.salt }");
        files::write(&board.path("board.salt"), SALT);
        fs::set_permissions(board.path("board.salt"), fs::Permissions::from_mode(0o600)).expect("it is ours");
    }
    files::write(&board.path("board.yaml"), yaml);
}

/// Puts another identifier in the place of every whole number of these tables.
fn replace(board: &Board, tables: &[&str], other: &mut dyn FnMut(&str, &str) -> String) {
    for table in tables {
        let path = board.path("extracts/all").join(format!("{table}.csv"));
        let mut extract = Extract::read(&path);
        let chi = extract.column("chi");
        for row in &mut extract.records[1..] {
            if row[chi].len() == 10 {
                row[chi] = other(table, &row[chi]);
            }
        }
        extract.write(&path, Manner::Lf);
    }
}

/// A linkage key for each number, different for each.
#[derive(Default)]
struct Keys(BTreeMap<String, String>);

impl Keys {
    fn of(&mut self, chi: &str) -> String {
        let n = self.0.len();
        let letter = |n: usize| char::from(b'A' + (n % 26) as u8);
        let names = [n, n / 26, n / 676, n / 7, n / 3].map(letter).iter().collect::<String>();
        let (day, month, year) = (n % 28 + 1, n % 12 + 1, 1930 + n % 80);
        let key = || format!("{names}{day:02}{month:02}{year}{}", [1, 2, 3, 9][n % 4]);
        self.0.entry(chi.to_owned()).or_insert_with(key).clone()
    }
}

fn digest(chi: &str) -> String {
    Sha256::digest(format!("{chi}{SALT}")).iter().map(|byte| format!("{byte:02X}")).collect()
}

/// How many people each table has, and how many of them are registered.
fn joins(board: &Board) -> Vec<(usize, usize)> {
    let registered = people(board, "patients");
    let of_table = |table: &&str| {
        let people = people(board, table);
        (people.len(), people.intersection(&registered).count())
    };
    OF_PEOPLE.iter().map(of_table).collect()
}

#[test]
fn linkage_keys_join_as_numbers_do_and_are_not_left_behind() {
    let board = board();
    board.smirr(&["run"]).ends(0);
    let by_number = joins(&board);
    assert!(by_number.iter().all(|(people, registered)| *registered > 50 && people - registered < 20), "{by_number:?}");

    let twin = board.twin();
    let mut keys = Keys::default();
    // A community organisation writes small letters.
    replace(&twin, &OF_PEOPLE, &mut |table, chi| match table {
        "attendances" => keys.of(chi).to_lowercase(),
        _ => keys.of(chi),
    });
    schemas(&twin, &OF_PEOPLE.map(|table| (table, "type: slk_581")), false);
    let odd = ["AAAAA310219801", "AAAAA010119901 and more", "99999010119801", "0101010001"];
    let odd = odd.map(|key| format!("CANARY-R1,{key},10007,CANARY-P1,2026-07-01,gp,housing,accepted"));
    append(&twin.path("extracts/all/referrals.csv"), &odd);
    let mut canaries = Canaries::of(&twin);
    canaries.texts.extend([b"CANARY".to_vec(), b"0101010001".to_vec()]);
    for arguments in [&["run"][..], &["--json", "run"], &["ingest"], &["key", "list"], &["check"]] {
        let ran = twin.smirr(arguments).ends(0);
        canaries.search(&twin, &ran, &arguments.join(" "));
    }
    assert_eq!(joins(&twin), by_number);
    let tally = twin.tally("referrals");
    assert_eq!([&tally["quarantined_by"]["chi.date"], &tally["quarantined_by"]["chi.type"]], [1, 3], "{tally}");
    assert!(twin.tally("attendances")["repaired"]["chi.case"].as_u64() > Some(10));
}

#[test]
fn two_people_of_one_key_are_one() {
    let board = board();
    let mut keys = Keys::default();
    replace(&board, &OF_PEOPLE, &mut |_, chi| keys.of(chi));
    schemas(&board, &OF_PEOPLE.map(|table| (table, "type: slk_581")), false);
    board.smirr(&["ingest"]).ends(0);
    let apart = people(&board, "patients").len();
    let mut two = keys.0.values().take(2).cloned();
    let (first, second) = (two.next().expect("there are people"), two.next().expect("there are people"));
    let path = board.path("extracts/all/patients.csv");
    let text = fs::read_to_string(&path).expect("it is text");
    assert!(text.contains(&first) && text.contains(&second));
    files::write(&path, text.replace(&second, &first));
    board.smirr(&["ingest"]).ends(0);
    assert_eq!(people(&board, "patients").len(), apart - 1);
}

#[test]
fn digests_join_the_numbers_that_they_were_made_of_and_are_not_left_behind() {
    let board = board();
    board.smirr(&["run"]).ends(0);
    let by_number = joins(&board);

    let twin = board.twin();
    let mut canaries = Canaries::of(&twin);
    for chi in canaries.numbers.clone() {
        let digest = digest(&String::from_utf8(chi).expect("digits"));
        canaries.texts.extend([digest.to_lowercase().into_bytes(), digest.into_bytes()]);
    }
    canaries.texts.insert(SALT.as_bytes().to_vec());
    replace(&twin, &["attendances"], &mut |_, chi| digest(chi));
    let digesting = "type: chi\n    as: open_pseudonymiser";
    let mut types = OF_PEOPLE.map(|table| (table, digesting));
    types[4].1 = "type: open_pseudonymiser";
    schemas(&twin, &types, true);
    // The digest of nothing names nobody.
    let blank = Sha256::digest(SALT).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let path = twin.path("extracts/all/attendances.csv");
    append(&path, &[format!("CANARY-A1,,{blank},ORG00001,2026-07-01,2,engaged,,")]);
    canaries.texts.extend([b"CANARY".to_vec(), blank.into_bytes()]);
    for arguments in [&["run"][..], &["--json", "run"], &["ingest"], &["key", "list"], &["check"]] {
        let ran = twin.smirr(arguments).ends(0);
        canaries.search(&twin, &ran, &arguments.join(" "));
    }
    assert_eq!(joins(&twin), by_number);
    assert_eq!(twin.tally("attendances")["quarantined_by"]["chi.required"], 1);

    // Under another salt nobody would join: what was made under the old one is made again.
    let before = people(&twin, "attendances");
    files::write(&twin.path("board.salt"), SALT.replace('k', "K"));
    twin.smirr(&["ingest"]).ends(0);
    assert_ne!(people(&twin, "patients").intersection(&before).count(), before.len());
    for weak in ["mackerel", ""] {
        files::write(&twin.path("board.salt"), weak);
        let ran = twin.smirr(&["run"]).ends(11);
        assert!(ran.stderr.contains("is shorter than 32 characters") && !ran.stderr.contains("mackerel"));
    }
}

#[test]
fn what_is_weaker_is_said_where_an_operator_reads() {
    let board = board();
    let silent = board.smirr(&["check"]).ends(0);
    assert!(!silent.stdout.contains("Warning"), "{}", silent.stdout);
    let mut keys = Keys::default();
    replace(&board, &OF_PEOPLE, &mut |_, chi| keys.of(chi));
    schemas(&board, &OF_PEOPLE.map(|table| (table, "type: slk_581")), false);
    let words = "for any of them alone it may be up to twice the stated epsilon";
    let check = board.smirr(&["check"]).ends(0);
    assert!(check.stdout.contains("Warning: people are told apart by statistical linkage keys"), "{}", check.stdout);
    let run = board.smirr(&["run"]).ends(0);
    assert!(run.stderr.contains(words), "{}", run.stderr);
    assert!(board.validation()["weaknesses"][0].as_str().is_some_and(|it| it.contains(words)));
    let page = fs::read_to_string(board.path("work/validation/2026-Q3.html")).expect("it was written");
    assert!(page.contains(words));
}
