//! Whole-time equivalents: what each practitioner counts for, and where. In hundredths, as they are stored.

use super::board::{Board, board, linked};
use crate::measure::grid::FineGrid;
use crate::measure::plan::Pass;
use crate::measure::vector::proved;
use crate::privacy::{Bounds, Role};

/// Three practices in three areas, and one that no area has.
fn listed() -> Board {
    board().with(
        "practices",
        "practice_code data_zone
         G1            Z1
         G2            Z3
         G3            Z4
         G4            -",
    )
}

const WTE: &str = "{ sum: practitioners.wte, unit: WTE }";

#[test]
fn each_practitioner_adds_their_wte_at_their_practice() {
    let asked = listed()
        .with(
            "practitioners",
            "clp_id practice_code wte  started_on ended_on
             C1     G1            1    2020-01-01 -
             C2     G1            0.5  2020-01-01 -
             C3     G2            0.25 2020-01-01 -
             C4     G3            1.5  2020-01-01 -
             C5     G3            0    2020-01-01 -
             C6     G4            0.8  2020-01-01 -
             C7     50000         0.6  2020-01-01 -
             -      G1            0.7  2020-01-01 -
             C8     G1            0.4  2024-10-01 -
             C9     G1            0.3  2020-01-01 2024-06-30
             C10    G2            0.2  2024-09-30 -
             C11    G2            0.1  2020-01-01 2024-07-01",
        )
        .asks_of_practices(WTE, "[area, simd_quintile]");
    // C7 is at a practice on no list; C8 came after the quarter and C9 left before it; one row names nobody.
    asked.gives(
        "hscp    simd_quintile value
         H1      1             150
         H2      1             55
         H3      unknown       150
         unknown unknown       80",
    );
    asked.gives(
        "health_board simd_quintile value
         B1           1             205
         B2           unknown       150
         unknown      unknown       80",
    );
}

#[test]
fn of_several_posts_the_latest_that_was_held_counts_and_no_other() {
    let first = ["C9 G1 0.5 2020-01-01 -", "C9 G2 0.2 2021-01-01 -"];
    for (rows, expected) in [
        (vec![first[0], first[1]], "H2 20"),
        (vec![first[1], first[0]], "H2 20"),
        (vec![first[0], "C9 G2 1.5 2021-01-01 2024-06-30"], "H1 50"),
        (vec![first[0], "C9 G2 1.5 2024-10-01 -"], "H1 50"),
        (vec![first[0], "C9 50000 1.5 2021-01-01 -"], "H1 50"),
        // One key, one post: the second row is set aside, whatever it says.
        (vec![first[0], "C8 G1 0.5 2020-01-01 -"], "H1 100"),
    ] {
        listed()
            .with("practitioners", &format!("clp_id practice_code wte started_on ended_on\n{}", rows.join("\n")))
            .asks_of_practices(WTE, "[area]")
            .gives(&format!("hscp value\n{expected}"));
    }
}

#[test]
fn a_practitioner_is_clamped_and_then_they_are_added_up() {
    let board = listed().with(
        "practitioners",
        "clp_id practice_code wte
         C1     G1            1.2
         C2     G1            1.2
         C3     G2            0.1
         C4     G3            0.5",
    );
    for (between, expected) in [
        ("[0, 1.5]", "H1 240\nH2 10\nH3 50"),
        ("[0, 1]", "H1 200\nH2 10\nH3 50"),
        ("[0.25, 0.75]", "H1 150\nH2 25\nH3 50"),
        ("[-3, 9]", "H1 240\nH2 10\nH3 50"),
    ] {
        board
            .asks_of_practices(
                &format!("{{ sum: practitioners.wte, per_practitioner: {{ between: {between} }} }}"),
                "[area]",
            )
            .gives(&format!("hscp value\n{expected}"));
    }
}

#[test]
fn a_condition_is_of_the_latest_post_and_not_of_an_earlier_one() {
    listed()
        .with(
            "practitioners",
            "clp_id practice_code wte started_on
             C1     G1            1   2020-01-01
             C2     G2            0.5 2020-01-01
             C2     G1            0.2 2021-01-01
             C3     G3            0.9 2024-08-01",
        )
        .asks_of_practices(
            "{ sum: practitioners.wte, where: \"wte >= 50 and started_on < date '2024-01-01'\" }",
            "[area]",
        )
        .gives("hscp value\nH1 100");
}

#[test]
fn a_calculation_below_0_adds_what_it_gives_and_its_range_holds_0() {
    let report = "title: Spec\nprotects: [patient, practitioner]\nby: [area]\n\
                  columns: { over: { of: practitioners, is: wte - 100, between: [-40, -10] } }\n\
                  measures:\n  asked: { sum: practitioners.over, where: \"wte <> 1\" }\n";
    let asked = listed()
        .with(
            "practitioners",
            "clp_id practice_code wte
             C1     G1            0.8
             C2     G1            0.3
             C3     G2            1.5
             C4     G3            0.01",
        )
        .asked(report);
    // -20 and -40 for -70; -10 for 50; C4 fails the condition.
    asked.gives("hscp value\nH1 -60\nH2 -10");
    assert_eq!(asked.exact().planned[0], Bounds::new(1, -40, 0).unwrap());
}

#[test]
fn no_patient_moves_it_and_a_practitioner_moves_one_cell_by_their_own() {
    let asked = listed().with("practitioners", "clp_id\nC1").asks_of_practices(WTE, "[area, simd_quintile]");
    let exact = asked.exact();
    assert_eq!(exact.planned[0], Bounds::new(1, 0, 150).unwrap());
    assert_eq!(exact.cells[0].bounds(), Some(&exact.planned[0]), "what is proved is what was planned");
    let proofs = linked(&asked.plan, |linked| {
        let grid = FineGrid::new(&asked.plan, asked.measure(), linked.public).unwrap();
        proved(&asked.plan, asked.measure(), linked, &grid, Pass { number: 0, of: 1 }).unwrap().proofs
    });
    let found = proofs.iter().map(|proof| (proof.role(), proof.bounds(1, 5).unwrap(), proof.one_place()));
    let one_cell = Some(Bounds::new(1, 0, 150).unwrap());
    assert_eq!(found.collect::<Vec<_>>(), [(Role::Patient, None, true), (Role::Practitioner, one_cell, true)]);
}
