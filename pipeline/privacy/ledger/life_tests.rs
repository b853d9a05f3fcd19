//! A ledger over the years: corrections, the two roles, entries of an older smirr, and copies that lost something.

use std::collections::BTreeSet;

use super::tests::{BOARD, exact, four, home, key, request, rho};
use super::*;
use crate::privacy::{Exact, Loss};

fn quarter(text: &str) -> Quarter {
    text.parse().unwrap()
}

/// A release of 1/8, drawn.
fn released(ledger: &mut Ledger, asked: Request) -> Vec<Released> {
    let grant = ledger.reserve(asked).unwrap();
    ledger.draw(grant, four(1)).unwrap()
}

/// A request for 1/8 in 2026-Q3, with no limit but the quarter's.
fn eighth(release: u8, most: &str) -> Request {
    request(release, "2026-Q3", rho("1/8"), (rho(most), None))
}

#[test]
fn a_correction_pays_in_full_and_says_what_it_corrects() {
    let (_folder, path) = home();
    let mut ledger = Ledger::open(&path, BOARD).unwrap();
    let first = released(&mut ledger, eighth(1, "3/8"));
    let second = released(&mut ledger, eighth(2, "3/8"));
    assert_eq!(ledger.spent(Role::Patient, quarter("2026-Q3")).unwrap().quarter.rho, exact("1/4"));
    let revises = |ledger: &Ledger, release: u8| ledger.find(&key(release)).unwrap().unwrap().revises;
    assert_eq!(revises(&ledger, 1), None);
    assert_eq!(revises(&ledger, 2), Some(Revision { number: 1, of: key(1) }));
    // The original stays what it was, and is still free.
    assert_eq!(ledger.find(&key(1)).unwrap().unwrap().drawn.unwrap().0, first);
    assert_eq!(ledger.find(&key(2)).unwrap().unwrap().drawn.unwrap().0, second);
    // A correction that was paid for and never drawn was seen by nobody: the next corrects what readers have.
    ledger.reserve(eighth(3, "3/8")).unwrap();
    assert_eq!(revises(&ledger, 3), Some(Revision { number: 2, of: key(2) }));
    released(&mut ledger, eighth(4, "1/2"));
    assert_eq!(revises(&ledger, 4), Some(Revision { number: 2, of: key(2) }));
    // Another quarter, and another question, correct nothing.
    released(&mut ledger, request(5, "2026-Q4", rho("1/8"), (rho("1/8"), None)));
    released(&mut ledger, Request { question: key(201), ..eighth(6, "5/8") });
    assert_eq!((revises(&ledger, 5), revises(&ledger, 6)), (None, None));
    // After a crash a correction is taken up under the debit that stands.
    let grant = ledger.reserve(eighth(3, "0.01")).unwrap();
    ledger.draw(grant, four(1)).unwrap();
    assert_eq!(revises(&ledger, 3), Some(Revision { number: 2, of: key(2) }));
    assert_eq!(ledger.verify().unwrap().draws, 6);
}

#[test]
fn a_correction_that_does_not_fit_is_told_what_would() {
    let (_folder, path) = home();
    let mut ledger = Ledger::open(&path, BOARD).unwrap();
    released(&mut ledger, eighth(1, "1/8"));
    for refused in [ledger.afford(&[eighth(2, "0.2")]).unwrap_err(), ledger.reserve(eighth(2, "0.2")).unwrap_err()] {
        assert!(matches!(refused, Error::Budget(_)));
        assert_eq!(
            refused.to_string(),
            format!(
                "`reach` for 2026-Q3 asks for rho 0.125, but what is left for each patient is rho 0.075 of 0.2 for \
                 2026-Q3; up to rho 0.075 would fit; it is revision 1 of {}, and a correction pays again in full: \
                 `privacy.quarter` is what a quarter may lose with its corrections. Nothing was spent and nothing was \
                 published",
                key(1)
            )
        );
    }
    assert_eq!(ledger.entries().unwrap().len(), 2);
}

fn of_both(asked: Request) -> Request {
    Request { roles: BTreeSet::from(Role::ALL), ..asked }
}

#[test]
fn each_role_is_charged_alone() {
    let (_folder, path) = home();
    let mut ledger = Ledger::open(&path, BOARD).unwrap();
    let spent = |ledger: &Ledger, role| {
        let spent = ledger.spent(role, quarter("2026-Q3")).unwrap();
        (spent.quarter.rho, spent.year.rho)
    };
    let asked = |release, at: &str| request(release, at, rho("1/8"), (rho("1/4"), Some(rho("1/4"))));
    released(&mut ledger, asked(1, "2026-Q2"));
    assert_eq!(spent(&ledger, Role::Patient), (Exact::ZERO, exact("1/8")));
    assert_eq!(spent(&ledger, Role::Practitioner), (Exact::ZERO, Exact::ZERO));
    // One release of both is one loss for each, and not twice one.
    released(&mut ledger, of_both(asked(2, "2026-Q3")));
    assert_eq!(spent(&ledger, Role::Patient), (exact("1/8"), exact("1/4")));
    assert_eq!(spent(&ledger, Role::Practitioner), (exact("1/8"), exact("1/8")));
    // The patients' year is full; practitioners have room, which a release of both cannot use.
    let practitioners = |asked| Request { roles: BTreeSet::from([Role::Practitioner]), ..asked };
    for (refused, of) in [(asked(3, "2026-Q3"), "patient"), (of_both(asked(3, "2026-Q3")), "patient")] {
        let words = ledger.reserve(refused).unwrap_err().to_string();
        assert!(words.contains(&format!("what is left for each {of} is rho 0.125 of 0.25 for 2026-Q3")), "{words}");
    }
    released(&mut ledger, practitioners(asked(3, "2026-Q3")));
    assert_eq!(spent(&ledger, Role::Patient), (exact("1/8"), exact("1/4")));
    assert_eq!(spent(&ledger, Role::Practitioner), (exact("1/4"), exact("1/4")));
    let words = ledger.reserve(practitioners(asked(4, "2026-Q3"))).unwrap_err().to_string();
    assert!(words.contains("what is left for each practitioner is rho 0 of 0.25"), "{words}");
    // The other way round: practitioners have none left, so a release of both has none.
    let later = |release, most: &str| request(release, "2028-Q1", rho("1/8"), (rho(most), None));
    released(&mut ledger, practitioners(later(5, "1/8")));
    let words = ledger.reserve(of_both(later(6, "1/8"))).unwrap_err().to_string();
    assert!(words.contains("what is left for each practitioner is rho 0 of 0.125 for 2028-Q1"), "{words}");
    released(&mut ledger, later(6, "1/8"));
    // A release that stands for one role does not serve another.
    assert!(matches!(ledger.reserve(of_both(asked(1, "2026-Q2"))), Err(Error::Privacy(_))));
}

/// A debit as smirr wrote it before there were roles and revisions.
const OLD: &str = r#"{"kind":"reserved","release":"0101010101010101010101010101010101010101010101010101010101010101","question":"c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8","quarter":"2026-Q3","report":"reach","loss":{"definition":"z_concentrated","amount":"1/8"},"vectors":[{"name":"referred","len":4,"noise":{"mechanism":"discrete_gaussian","bounds":{"cells":1,"low":0,"high":1},"scale":"2","charge":"1/8"}}]}"#;

#[test]
fn an_entry_of_an_older_smirr_is_a_first_release_that_protects_patients() {
    let (_folder, path) = home();
    let mut ledger = Ledger::open(&path, BOARD).unwrap();
    // The chain as its description has it, made by hand.
    let (at, before) = ("2026-10-02T09:00:00Z", ledger.head().unwrap().hash);
    let id = 1i64.to_be_bytes();
    let hash = Key32::of([b"smirr ledger entry 1", id.as_slice(), &before.0, OLD.as_bytes(), at.as_bytes()]);
    let row = params![OLD, at, before.0, hash.0];
    ledger.connection.execute("INSERT INTO entries VALUES (1, ?1, ?2, ?3, ?4)", row).unwrap();
    ledger.connection.execute("UPDATE head SET entry = 1, hash = ?1", [hash.0]).unwrap();
    assert_eq!(ledger.verify().unwrap().head, Head { entries: 1, hash, ..ledger.head().unwrap() });

    let at = quarter("2026-Q3");
    assert_eq!(ledger.spent(Role::Patient, at).unwrap().quarter.rho, exact("1/8"));
    assert_eq!(ledger.spent(Role::Practitioner, at).unwrap().quarter.rho, Exact::ZERO);
    assert!(ledger.reserve(eighth(2, "1/8")).is_err());
    // It is the same release as one that is asked for today, and may still be drawn.
    released(&mut ledger, eighth(1, "1/8"));
    assert_eq!(ledger.find(&key(1)).unwrap().unwrap().revises, None);
    assert_eq!(ledger.entries().unwrap().len(), 2);
}

#[test]
fn a_new_entry_without_a_past_is_written_as_one_with_roles() {
    let (_folder, path) = home();
    let mut ledger = Ledger::open(&path, BOARD).unwrap();
    ledger.reserve(of_both(eighth(1, "1/8"))).unwrap();
    let payload: String = ledger.connection.query_row("SELECT payload FROM entries", [], |row| row.get(0)).unwrap();
    assert_eq!(payload, OLD.replace("},\"vectors\"", "},\"roles\":[\"patient\",\"practitioner\"],\"vectors\""));
}

/// A ledger with a release drawn, and a copy of the file from before the draw.
fn with_older_copy() -> (tempfile::TempDir, std::path::PathBuf, Head) {
    let (folder, path) = home();
    let mut ledger = Ledger::open(&path, BOARD).unwrap();
    released(&mut ledger, request(1, "2026-Q2", rho("1/8"), (rho("1/4"), None)));
    let grant = ledger.reserve(eighth(2, "1/4")).unwrap();
    std::fs::copy(&path, folder.path().join("older.sqlite")).unwrap();
    ledger.draw(grant, four(1)).unwrap();
    released(&mut ledger, eighth(3, "1/4"));
    let newest = ledger.head().unwrap();
    drop(ledger);
    std::fs::rename(folder.path().join("older.sqlite"), &path).unwrap();
    (folder, path, newest)
}

#[test]
fn an_older_copy_and_another_ledger_do_not_follow_what_was_seen() {
    let (folder, path, newest) = with_older_copy();
    let mut ledger = Ledger::open(&path, BOARD).unwrap();
    let older = ledger.head().unwrap();
    assert_eq!((older.entries, newest.entries), (3, 6));
    assert!(ledger.follows(&older).unwrap());
    assert!(!ledger.follows(&newest).unwrap());
    // It cannot grow into the lost one: other draws, other links.
    released(&mut ledger, eighth(2, "1/2"));
    released(&mut ledger, eighth(3, "1/2"));
    assert_eq!(ledger.head().unwrap().entries, newest.entries);
    assert!(ledger.follows(&older).unwrap() && !ledger.follows(&newest).unwrap());
    let other = Ledger::open(&folder.path().join("other.sqlite"), BOARD).unwrap();
    assert!(!other.follows(&older).unwrap() && other.follows(&other.head().unwrap()).unwrap());
    for wrong in [Head { entries: -1, ..older.clone() }, Head { entries: 2, ..older.clone() }] {
        assert!(!ledger.follows(&wrong).unwrap(), "{wrong:?}");
    }
}

#[test]
fn an_accepted_loss_counts_as_all_that_may_have_been_spent() {
    let (_folder, path, newest) = with_older_copy();
    let mut ledger = Ledger::open(&path, BOARD).unwrap();
    let kept = ledger.find(&key(1)).unwrap().unwrap().drawn.unwrap().0;
    assert!(matches!(ledger.accept_loss("  ", vec![newest.clone()], quarter("2026-Q3")), Err(Error::Privacy(_))));
    ledger.accept_loss("the disk burned", vec![newest.clone()], quarter("2026-Q3")).unwrap();
    assert!(ledger.follows(&newest).unwrap());
    assert!(!ledger.follows(&Head { entries: 5, ..newest }).unwrap());

    // What the copy has is published as before; its open debit may have been drawn in what is lost.
    assert_eq!(ledger.find(&key(1)).unwrap().unwrap().drawn.unwrap().0, kept);
    let refused = ledger.reserve(eighth(2, "9")).unwrap_err();
    assert!(matches!(&refused, Error::Privacy(words) if words.contains("may have been drawn there")), "{refused}");

    // Nothing more for any quarter up to then, whatever the limits, nor for one that shares a year with it.
    let asked = |n, at: &str, year: Option<Loss>| request(n, at, rho("1/32"), (rho("9"), year));
    for (n, at) in [(10, "2026-Q3"), (11, "2026-Q1"), (12, "2019-Q4")] {
        let refused = ledger.reserve(asked(n, at, None)).unwrap_err();
        assert!(matches!(&refused, Error::Budget(words) if words.contains("lost a part")), "{refused}");
    }
    for (n, at) in [(13, "2026-Q4"), (14, "2027-Q2")] {
        assert!(matches!(ledger.reserve(asked(n, at, Some(rho("9")))), Err(Error::Budget(_))), "{at}");
    }
    ledger.reserve(asked(15, "2027-Q3", Some(rho("1/32")))).unwrap();
    ledger.reserve(asked(16, "2026-Q4", None)).unwrap();
    // A second loss that goes less far forgives nothing of the first.
    ledger.accept_loss("and the other disk", vec![], quarter("2026-Q1")).unwrap();
    assert!(matches!(ledger.reserve(asked(17, "2026-Q3", None)), Err(Error::Budget(_))));
    for role in Role::ALL {
        let spent = ledger.spent(role, quarter("2026-Q4")).unwrap();
        assert!(!spent.quarter.lost && spent.year.lost);
        assert_eq!(spent.year.left(&rho("9")), Some(Exact::ZERO));
    }
    assert_eq!(ledger.verify().unwrap().head, ledger.head().unwrap());
}

#[test]
fn a_grant_from_before_a_loss_draws_nothing() {
    let (_folder, path) = home();
    let mut ledger = Ledger::open(&path, BOARD).unwrap();
    let grant = ledger.reserve(eighth(1, "1/8")).unwrap();
    ledger.accept_loss("moved", vec![], quarter("2026-Q3")).unwrap();
    assert!(matches!(ledger.draw(grant, four(1)), Err(Error::Privacy(_))));
    assert_eq!(ledger.verify().unwrap().draws, 0);
}
