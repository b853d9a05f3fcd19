//! The ledger's rules, on real files: budgets, crashes, replays, races and tampering.

use std::collections::BTreeSet;
use std::path::PathBuf;

use tempfile::TempDir;

use super::*;
use crate::privacy::bounds::Bounds;
use crate::privacy::budget::{Definition, Loss};
use crate::privacy::exact::Exact;
use crate::privacy::noise::calibrate;

pub(super) const BOARD: &str = "NHS Strathmirr";

pub(super) fn exact(text: &str) -> Exact {
    text.parse().unwrap()
}

pub(super) fn rho(text: &str) -> Loss {
    Loss::new(Definition::ZConcentrated, exact(text))
}

fn epsilon(text: &str) -> Loss {
    Loss::new(Definition::Pure, exact(text))
}

pub(super) fn key(n: u8) -> Key32 {
    Key32([n; 32])
}

pub(super) fn home() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.sqlite");
    (folder, path)
}

/// A request for one vector of four cells; shares of rho are squares, so that charges are exact.
pub(super) fn request(release: u8, quarter: &str, share: Loss, limits: (Loss, Option<Loss>)) -> Request {
    let noise = calibrate(&share, &Bounds::count(1).unwrap()).unwrap();
    Request {
        quarter: quarter.parse().unwrap(),
        report: "reach".into(),
        question: key(200),
        release: key(release),
        roles: BTreeSet::from([Role::Patient]),
        definition: share.definition,
        vectors: vec![PlannedVector { name: "referred".into(), len: 4, noise }],
        limits: Limits { quarter: limits.0, year: limits.1 },
    }
}

pub(super) fn four(cells: u32) -> Vec<Private<Vec<i64>>> {
    vec![Private::assumed(vec![10, 0, 7, 1_000], Bounds::count(cells).unwrap())]
}

/// A ledger with two published releases, for the tests that spoil it.
fn full(path: &Path) -> Ledger {
    let mut ledger = Ledger::open(path, BOARD).unwrap();
    for n in [1, 2] {
        let grant = ledger.reserve(request(n, "2026-Q3", rho("1/8"), (rho("1"), None))).unwrap();
        ledger.draw(grant, four(1)).unwrap();
        ledger.mark_published(&key(n), &key(100 + n)).unwrap();
    }
    ledger
}

fn spoil(path: &Path, sql: &str) {
    let raw = Connection::open(path).unwrap();
    raw.execute_batch("DROP TRIGGER entries_stay; DROP TRIGGER entries_last; DROP TRIGGER draws_stay;").unwrap();
    raw.execute_batch("DROP TRIGGER draws_last; PRAGMA foreign_keys = OFF;").unwrap();
    raw.execute_batch(sql).unwrap();
}

#[test]
fn a_release_from_debit_to_publication() {
    let (_folder, path) = home();
    let mut ledger = Ledger::open(&path, BOARD).unwrap();
    assert_eq!(ledger.find(&key(1)).unwrap(), None);
    assert_eq!((ledger.verify().unwrap().draws, ledger.head().unwrap().entries), (0, 0));
    let quarter = "2026-Q3".parse().unwrap();
    assert!(!ledger.known_question(quarter, &key(200)).unwrap());

    let grant = ledger.reserve(request(1, "2026-Q3", rho("1/8"), (rho("1/4"), Some(rho("1"))))).unwrap();
    assert_eq!(grant.vectors().iter().map(|vector| vector.name.as_str()).collect::<Vec<_>>(), ["referred"]);
    assert_eq!(ledger.spent(Role::Patient, quarter).unwrap().quarter.rho, exact("1/8"));
    assert_eq!(ledger.spent_at(Role::Patient, quarter, 1).unwrap().quarter.rho, exact("1/8"));
    assert_eq!(ledger.spent_at(Role::Patient, quarter, 0).unwrap().quarter.rho, Exact::ZERO);
    assert_eq!(ledger.find(&key(1)).unwrap().unwrap(), Stored { revises: None, drawn: None });
    assert!(ledger.known_question(quarter, &key(200)).unwrap());
    assert!(!ledger.known_question("2026-Q2".parse().unwrap(), &key(200)).unwrap());
    assert!(ledger.mark_published(&key(1), &key(9)).is_err());

    let released = ledger.draw(grant, four(1)).unwrap();
    assert_eq!((released[0].name(), released[0].values().len()), ("referred", 4));
    assert_eq!(released[0].loss(), rho("1/8"));
    let drawn = ledger.head().unwrap();
    ledger.mark_published(&key(1), &key(9)).unwrap();
    ledger.mark_published(&key(1), &key(9)).unwrap();
    drop(ledger);

    let ledger = Ledger::open(&path, BOARD).unwrap();
    // The head that a pack names is that of the draw, whatever came after it.
    let stored = ledger.find(&key(1)).unwrap().unwrap();
    assert_eq!(stored, Stored { revises: None, drawn: Some((released, drawn)) });
    let entries = ledger.entries().unwrap();
    assert!(matches!(&entries[0].event, Event::Reserved(debit) if debit.loss == rho("1/8")));
    assert!(matches!(entries[1].event, Event::Drawn { reservation: 1, .. }));
    assert!(matches!(entries[2].event, Event::Published { reservation: 1, manifest, .. } if manifest == key(9)));
    let verified = ledger.verify().unwrap();
    assert_eq!((verified.head.entries, verified.draws, verified.head.hash), (3, 1, entries[2].hash));
    assert_eq!(ledger.spent(Role::Patient, quarter).unwrap().year.rho, exact("1/8"));

    // A pack that is written anew is on record anew, and the same one again once more after another.
    let mut ledger = ledger;
    for (manifest, entries) in [(10, 4), (10, 4), (9, 5)] {
        ledger.mark_published(&key(1), &key(manifest)).unwrap();
        assert_eq!(ledger.entries().unwrap().len(), entries);
    }
}

#[test]
fn what_is_left_is_never_overstated() {
    let (_folder, path) = home();
    let mut ledger = Ledger::open(&path, BOARD).unwrap();
    let refused = ledger.reserve(request(1, "2026-Q3", rho("1/2"), (rho("2/3"), Some(rho("1/3"))))).unwrap_err();
    let words = "rho 0.666666 of 0.666666 for 2026-Q3 and rho 0.333333 of 0.333333 for the four quarters to 2026-Q3; \
                 up to rho 0.333333 would fit";
    assert!(refused.to_string().contains(words), "{refused}");
    // Just short of the half that 1/8 would hold.
    let refused = ledger.reserve(request(1, "2026-Q3", epsilon("1"), (rho("0.12499999999975"), None))).unwrap_err();
    assert!(refused.to_string().contains("up to epsilon 0.499999 would fit"), "{refused}");
}

#[test]
fn over_budget_is_refused_with_what_would_fit() {
    let (_folder, path) = home();
    let mut ledger = Ledger::open(&path, BOARD).unwrap();
    let limits = || (rho("0.2"), Some(rho("0.25")));
    ledger.reserve(request(1, "2026-Q2", rho("1/8"), limits())).unwrap();
    ledger.reserve(request(2, "2026-Q3", rho("1/32"), limits())).unwrap();
    let refused = ledger.reserve(request(3, "2026-Q3", rho("1/8"), limits())).unwrap_err();
    assert!(matches!(refused, Error::Budget(_)));
    assert_eq!(
        refused.to_string(),
        "`reach` for 2026-Q3 asks for rho 0.125, but what is left for each patient is rho 0.16875 of 0.2 for 2026-Q3 and \
         rho 0.09375 of 0.25 for the four quarters to 2026-Q3; up to rho 0.09375 would fit. Nothing was spent and nothing was published"
    );
    assert_eq!(ledger.entries().unwrap().len(), 2);
    // What the message offers does fit, to the last digit; then nothing does.
    ledger.reserve(request(4, "2026-Q3", rho("1/32"), limits())).unwrap();
    ledger.reserve(request(5, "2026-Q3", rho("1/32"), limits())).unwrap();
    ledger.reserve(request(6, "2026-Q3", rho("1/32"), limits())).unwrap();
    let refused = ledger.reserve(request(7, "2026-Q3", rho("1/32"), limits())).unwrap_err().to_string();
    assert!(refused.contains("; nothing more fits. "), "{refused}");
}

#[test]
fn a_late_run_cannot_push_a_later_year_over_its_limit() {
    let (_folder, path) = home();
    let mut ledger = Ledger::open(&path, BOARD).unwrap();
    let limits = || (rho("1"), Some(rho("1/2")));
    ledger.reserve(request(1, "2026-Q4", rho("1/2"), limits())).unwrap();
    // 2026-Q1 shares the year to 2026-Q4 with the spent quarter; its own year to 2026-Q1 is empty.
    let refused = ledger.reserve(request(2, "2026-Q1", rho("1/32"), limits())).unwrap_err();
    assert!(refused.to_string().contains("the four quarters to 2026-Q4"), "{refused}");
    assert!(ledger.reserve(request(3, "2027-Q3", rho("1/32"), limits())).is_err());
    ledger.reserve(request(4, "2025-Q4", rho("1/2"), limits())).unwrap();
    ledger.reserve(request(5, "2027-Q4", rho("1/2"), limits())).unwrap();
    assert_eq!(ledger.spent(Role::Patient, "2026-Q4".parse().unwrap()).unwrap().year.rho, exact("1/2"));
}

#[test]
fn epsilon_counts_toward_rho_and_rho_never_toward_epsilon() {
    let (_folder, path) = home();
    let mut ledger = Ledger::open(&path, BOARD).unwrap();
    ledger.reserve(request(1, "2026-Q3", epsilon("1/2"), (epsilon("1"), None))).unwrap();
    ledger.reserve(request(2, "2026-Q3", rho("1/8"), (rho("1/4"), None))).unwrap();
    let spent = ledger.spent(Role::Patient, "2026-Q3".parse().unwrap()).unwrap().quarter;
    assert_eq!((&spent.rho, &spent.epsilon, &spent.all_as_rho), (&exact("1/8"), &exact("1/2"), &exact("1/4")));
    let refused = ledger.reserve(request(3, "2026-Q3", rho("1/32"), (rho("1/4"), None))).unwrap_err();
    assert!(matches!(refused, Error::Budget(_)));
    let refused = ledger.reserve(request(4, "2026-Q3", epsilon("1/2"), (epsilon("9"), None))).unwrap_err();
    assert!(matches!(&refused, Error::Privacy(words) if words.contains("cannot be added up")), "{refused}");
    let refused = ledger.reserve(request(5, "2026-Q3", epsilon("1"), (rho("3/8"), None))).unwrap_err();
    assert!(refused.to_string().contains("up to epsilon 0.5 would fit"), "{refused}");
}

#[test]
fn malformed_requests_are_refused_before_any_debit() {
    let (_folder, path) = home();
    let mut ledger = Ledger::open(&path, BOARD).unwrap();
    let good = request(1, "2026-Q3", rho("1/8"), (rho("1"), None));
    let empty = Request { vectors: vec![], ..good.clone() };
    let twice = Request { vectors: [good.vectors.clone(), good.vectors.clone()].concat(), ..good.clone() };
    let mixed = Request { definition: Definition::Pure, ..good.clone() };
    let nobodys = Request { roles: BTreeSet::new(), ..good.clone() };
    let mut no_cells = good.clone();
    no_cells.vectors[0].len = 0;
    for wrong in [empty, twice, mixed, nobodys, no_cells] {
        assert!(matches!(ledger.reserve(wrong), Err(Error::Privacy(_))));
    }
    assert!(ledger.entries().unwrap().is_empty());
}

#[test]
fn a_crash_after_the_debit_costs_no_second_debit() {
    let (_folder, path) = home();
    let asked = || request(1, "2026-Q3", rho("1/8"), (rho("1/8"), None));
    let lost = Ledger::open(&path, BOARD).unwrap().reserve(asked()).unwrap();
    drop(lost);
    let mut ledger = Ledger::open(&path, BOARD).unwrap();
    assert_eq!(ledger.find(&key(1)).unwrap().unwrap().drawn, None);
    // Another release finds the budget spent; the same one, reserved anew, does not pay again.
    assert!(ledger.reserve(request(2, "2026-Q3", rho("1/8"), (rho("1/8"), None))).is_err());
    let again = ledger.reserve(asked()).unwrap();
    let resumed = ledger.reserve(asked()).unwrap();
    assert_eq!(ledger.entries().unwrap().len(), 1);
    let changed = Request { report: "bridge".into(), ..asked() };
    assert!(matches!(ledger.reserve(changed), Err(Error::Privacy(_))));

    // Two grants of one debit: the second finds the draw of the first, and draws nothing.
    let first = ledger.draw(again, four(1)).unwrap();
    let second = ledger.draw(resumed, four(1)).unwrap();
    assert_eq!(first, second);
    assert_eq!(ledger.verify().unwrap().draws, 1);
}

#[test]
fn a_failed_draw_leaves_the_debit_and_may_be_resumed() {
    let (_folder, path) = home();
    let mut ledger = Ledger::open(&path, BOARD).unwrap();
    let grant = ledger.reserve(request(1, "2026-Q3", rho("1/8"), (rho("1"), None))).unwrap();
    let looser = ledger.draw(grant, four(2)).unwrap_err();
    assert!(looser.to_string().contains("looser bounds"), "{looser}");
    let short = vec![Private::assumed(vec![1, 2], Bounds::count(1).unwrap())];
    let huge = vec![Private::assumed(vec![i64::MAX, 0, 0, 0], Bounds::count(1).unwrap())];
    for wrong in [short, huge, vec![], [four(1), four(1)].into_iter().flatten().collect()] {
        let grant = ledger.reserve(request(1, "2026-Q3", rho("1/8"), (rho("1"), None))).unwrap();
        assert!(matches!(ledger.draw(grant, wrong), Err(Error::Privacy(_))));
    }
    assert_eq!(ledger.entries().unwrap().len(), 1);
    let grant = ledger.reserve(request(1, "2026-Q3", rho("1/8"), (rho("1"), None))).unwrap();
    assert!(ledger.draw(grant, four(1)).is_ok());
}

#[test]
fn a_grant_that_pays_too_little_draws_nothing() {
    let (_folder, path) = home();
    let mut ledger = Ledger::open(&path, BOARD).unwrap();
    let mut grant = ledger.reserve(request(1, "2026-Q3", rho("1/8"), (rho("1"), None))).unwrap();
    grant.reservation.loss = rho("1/9");
    let refused = draw::draw_all(grant, four(1)).unwrap_err().to_string();
    assert!(refused.contains("cost more than was reserved"), "{refused}");
}

#[test]
fn a_grant_is_good_for_its_own_ledger_only() {
    let (_folder, path) = home();
    let (_other_folder, other_path) = home();
    let grant =
        Ledger::open(&path, BOARD).unwrap().reserve(request(1, "2026-Q3", rho("1/8"), (rho("1"), None))).unwrap();
    let mut other = Ledger::open(&other_path, BOARD).unwrap();
    other.reserve(request(1, "2026-Q3", rho("1/8"), (rho("1"), None))).unwrap();
    assert!(matches!(other.draw(grant, four(1)), Err(Error::Privacy(_))));
    // Nor is one that says another debit than the chain: no code makes such a grant.
    let asked = || request(1, "2026-Q3", rho("1/8"), (rho("1"), None));
    let cheap = request(1, "2026-Q3", rho("1/2"), (rho("1"), None)).vectors;
    let Grant { ledger, entry, reservation } = other.reserve(asked()).unwrap();
    let forged = Grant { ledger, entry, reservation: Reservation { vectors: cheap, ..reservation } };
    assert!(matches!(other.draw(forged, four(1)), Err(Error::Privacy(words)) if words.contains("no such debit")));
    let Grant { ledger, entry, reservation } = other.reserve(asked()).unwrap();
    let elsewhere = Grant { ledger, entry: entry + 1, reservation };
    assert!(matches!(other.draw(elsewhere, four(1)), Err(Error::Privacy(words)) if words.contains("no such debit")));
}

#[test]
fn triggers_refuse_to_rewrite() {
    let (_folder, path) = home();
    let ledger = full(&path);
    for sql in [
        "UPDATE entries SET at = 'x'",
        "DELETE FROM entries",
        "UPDATE draws SET blob = x'00'",
        "DELETE FROM draws",
        "UPDATE meta SET board = 'x'",
        "DELETE FROM meta",
        "DELETE FROM head",
        "UPDATE head SET entry = 0",
        "INSERT INTO entries SELECT 99, payload, at, x'01', x'02' FROM entries WHERE id = 1",
    ] {
        assert!(ledger.connection.execute_batch(sql).is_err(), "{sql}");
    }
    assert_eq!(ledger.verify().unwrap().head.entries, 6);
}

#[test]
fn tampering_is_found_and_named() {
    let swap = "CREATE TEMP TABLE t AS SELECT * FROM entries WHERE id IN (1, 4);
        DELETE FROM entries WHERE id IN (1, 4);
        INSERT INTO entries SELECT 5 - id, payload, at, previous, hash FROM t;";
    let cases = [
        ("UPDATE entries SET payload = replace(payload, '1/8', '1/9') WHERE id = 1", "entry 1 was changed"),
        ("UPDATE entries SET payload = replace(payload, 'reach', 'lunch') WHERE id = 4", "entry 4 was changed"),
        ("UPDATE entries SET at = '2020-01-01T00:00:00Z' WHERE id = 5", "entry 5 was changed"),
        ("DELETE FROM entries WHERE id = 6", "entry 6 is lost"),
        ("DELETE FROM entries WHERE id = 2", "entry 2 is lost"),
        ("DELETE FROM draws; DELETE FROM entries", "entry 1 is lost"),
        (swap, "entry 1 does not follow"),
        ("DROP TRIGGER meta_stays; UPDATE meta SET ledger_id = 'x'", "another name"),
        ("UPDATE entries SET hash = x'00' WHERE id = 3", "entry 3 was changed"),
        ("DROP TRIGGER head_grows; UPDATE head SET entry = 5", "entry 6 is not the one that the ledger's head names"),
        (
            "DROP TRIGGER head_grows; UPDATE head SET hash = x'00'",
            "entry 6 is not the one that the ledger's head names",
        ),
        ("DROP TRIGGER head_lasts; DELETE FROM head", "entry 6 is not the one that the ledger's head names"),
    ];
    for (sql, expected) in cases {
        let (_folder, path) = home();
        let ledger = full(&path);
        spoil(&path, sql);
        let found = ledger.verify().unwrap_err().to_string();
        assert!(found.contains(expected), "{sql}: {found}");
        let mut ledger = ledger;
        let asked = request(9, "2026-Q3", rho("1/32"), (rho("1"), None));
        assert!(matches!(ledger.reserve(asked), Err(Error::System(_))), "{sql}");
        assert!(Ledger::open(&path, BOARD).is_err(), "{sql}");
    }
}

#[test]
fn a_changed_draw_is_never_published() {
    for (sql, expected) in [
        ("UPDATE draws SET blob = CAST(blob || ' ' AS BLOB) WHERE reservation = 4", "entry 4 was changed"),
        ("UPDATE draws SET blob = (SELECT blob FROM draws WHERE reservation = 1)", "entry 4 was changed"),
        ("DELETE FROM draws WHERE reservation = 4", "entry 4 is lost"),
    ] {
        let (_folder, path) = home();
        let ledger = full(&path);
        spoil(&path, sql);
        let found = ledger.verify().unwrap_err().to_string();
        assert!(found.contains(expected), "{sql}: {found}");
        assert!(ledger.find(&key(2)).is_err() && ledger.find(&key(1)).is_ok(), "{sql}");
    }
    let (_folder, path) = home();
    let ledger = full(&path);
    spoil(&path, "INSERT INTO draws VALUES (2, x'00')");
    assert!(ledger.verify().unwrap_err().to_string().contains("no entry records"));
}

#[test]
fn refuses_files_that_are_not_this_boards_ledger() {
    let (folder, path) = home();
    drop(full(&path));
    let refused = Ledger::open(&path, "NHS Elsewhere").err().unwrap().to_string();
    assert!(refused.contains("belongs to `NHS Strathmirr`"), "{refused}");

    spoil(&path, "DROP TRIGGER meta_stays; UPDATE meta SET format_version = 2");
    let refused = Ledger::open(&path, BOARD).err().unwrap().to_string();
    assert!(refused.contains("format 2"), "{refused}");

    let text = folder.path().join("text.sqlite");
    std::fs::write(&text, "quarter,rho\n".repeat(400)).unwrap();
    let refused = Ledger::open(&text, BOARD).err().unwrap().to_string();
    assert!(refused.contains("not a ledger"), "{refused}");

    let other = folder.path().join("other.sqlite");
    Connection::open(&other).unwrap().execute_batch("CREATE TABLE t (x)").unwrap();
    let refused = Ledger::open(&other, BOARD).err().unwrap().to_string();
    assert!(refused.contains("not a smirr ledger"), "{refused}");

    assert!(matches!(Ledger::open(&folder.path().join("none/ledger.sqlite"), BOARD), Err(Error::Io { .. })));
}

#[test]
fn a_damaged_file_is_refused() {
    let (_folder, path) = home();
    drop(full(&path));
    let mut bytes = std::fs::read(&path).unwrap();
    let half = bytes.len() / 2;
    bytes[half..].fill(0xA5);
    std::fs::write(&path, bytes).unwrap();
    assert!(Ledger::open(&path, BOARD).and_then(|ledger| ledger.verify()).is_err());
}

#[cfg(unix)]
#[test]
fn the_file_is_its_owners_alone_and_stands_alone() {
    use std::os::unix::fs::PermissionsExt;

    let (folder, path) = home();
    let ledger = full(&path);
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let pragma = |name: &str| -> String {
        let read = |row: &rusqlite::Row<'_>| row.get::<_, rusqlite::types::Value>(0);
        format!("{:?}", ledger.connection.query_row(&format!("PRAGMA {name}"), [], read).unwrap())
    };
    assert_eq!((pragma("journal_mode"), pragma("synchronous")), ("Text(\"delete\")".into(), "Integer(3)".into()));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}
