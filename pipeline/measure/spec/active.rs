//! Who is active, where their registrations lie meanwhile, and which measures read them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;

use super::board::{Asked, Board, board, linked, opened};
use crate::ingest::layout::BUCKETS;
use crate::link::{ACTIVE, Linked, stored_table};
use crate::measure::grid::FineGrid;
use crate::measure::plan::Pass;
use crate::measure::vector::proved;
use crate::privacy::Role;
use crate::run::SCRATCH;

/// P1 has a contact, P2 an attendance by token, P3 one by their number, and P4 is registered and no more.
fn people() -> Board {
    board()
        .with(
            "patients",
            "chi data_zone registered_on deregistered_on
             P1  Z1        2020-01-01    -
             P1  Z2        2010-01-01    2019-12-31
             P2  Z2        2020-01-01    -
             P3  Z3        2020-01-01    -
             P4  Z4        2020-01-01    -",
        )
        .with("contacts", "chi\nP1\nP1")
        .with("onward_referrals", "onward_id chi\nT2 P2")
        .with("attendances", "chi onward_id\n- T2\nP3 -\n- T9")
}

fn rows(linked: &Linked<'_>, sql: &str) -> i64 {
    let batches = linked.engine.query(sql, "counting").unwrap();
    batches.iter().find(|it| it.num_rows() > 0).unwrap().column(0).as_primitive::<Int64Type>().value(0)
}

fn staged(work: &Path) -> Vec<std::path::PathBuf> {
    fs::read_dir(work.join("store/staging")).unwrap().map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn all_registrations_of_whoever_has_another_row_are_kept() {
    let asked = people().asks("{ persons: contacts }", "[area]");
    for passes in [1, 3, BUCKETS as u64] {
        opened(2, &asked.plan, |mut linked, store| {
            linked.put_aside_in(Some(passes), Some(store.stage().unwrap())).unwrap();
            let counted = |of: &str| rows(&linked, &format!("SELECT count({of}) FROM {ACTIVE}"));
            assert_eq!((counted("*"), counted("DISTINCT person")), (4, 3), "{passes} passes");
            let apart = format!(
                "SELECT count(*) FROM {ACTIVE} AS a LEFT ANTI JOIN stored_patients AS p ON a.person = p.person AND \
                 a.bucket = p.bucket AND a.registered_on = p.registered_on AND a.data_zone = p.data_zone"
            );
            assert_eq!(rows(&linked, &apart), 0, "{passes} passes");
        });
    }
}

#[test]
fn they_lie_in_a_folder_of_the_operators_and_go_with_the_run() {
    let asked = people().asks("{ persons: contacts }", "[area]");
    opened(1, &asked.plan, |mut linked, store| {
        linked.put_aside(Some(store.stage().unwrap())).unwrap();
        let folders = staged(&asked.plan.work);
        assert_eq!(folders.len(), 1);
        assert_eq!(fs::metadata(&folders[0]).unwrap().permissions().mode() & 0o777, 0o700);
        drop(linked);
        assert_eq!(staged(&asked.plan.work), Vec::<std::path::PathBuf>::new());
    });
}

#[test]
fn what_a_killed_run_spilled_goes_with_the_next() {
    let asked = people().asks("{ persons: contacts }", "[area]");
    let spilled = asked.plan.work.join(SCRATCH).join("datafusion-a/rows.arrow");
    fs::create_dir_all(spilled.parent().unwrap()).unwrap();
    fs::write(&spilled, "rows").unwrap();
    opened(1, &asked.plan, |_, _| assert!(!spilled.parent().unwrap().exists()));
}

#[test]
fn nobody_need_be_active() {
    let asked = board().asks("{ persons: contacts }", "[area]");
    asked.gives("hscp value");
    linked(&asked.plan, |linked| assert_eq!(rows(linked, &format!("SELECT count(*) FROM {ACTIVE}")), 0));
}

/// The plan of the measure, and whom it is proved for.
fn planned(asked: &Asked) -> (String, Vec<Role>) {
    linked(&asked.plan, |linked| {
        let grid = FineGrid::new(&asked.plan, asked.measure(), linked.public).unwrap();
        let pass = proved(&asked.plan, asked.measure(), linked, &grid, Pass { number: 0, of: 1 }).unwrap();
        (pass.plan.display_indent().to_string(), pass.proofs.iter().map(|proof| proof.role()).collect())
    })
}

#[test]
fn measures_read_them_unless_they_count_registrations_or_protect_practitioners() {
    let register = stored_table("patients");
    let reads = |asked: &Asked| {
        let (plan, roles) = planned(asked);
        ([ACTIVE, &register].map(|table| plan.contains(&format!("TableScan: {table} "))), roles)
    };
    let patients = vec![Role::Patient];
    for measure in ["{ persons: contacts }", "{ events: attendances, per_person: { events: 2 } }"] {
        assert_eq!(reads(&people().asks(measure, "[area, sex]")), ([true, false], patients.clone()), "{measure}");
    }
    assert_eq!(reads(&people().asks("{ persons: patients }", "[area]")), ([false, true], patients));
    let both = people().with("practices", "practice_code\nG1").with("practitioners", "clp_id\nC1");
    let clamped = "{ persons: contacts, per_practice: { between: [0, 9] } }";
    assert_eq!(reads(&both.asks_of_practices(clamped, "[area]")), ([false, true], Role::ALL.to_vec()));
}
