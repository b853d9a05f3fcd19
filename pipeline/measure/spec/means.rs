//! Means, as the sum of deviations and the number of rows that they are made of; and people with several rows.

use super::board::{Board, board, exact, linked, of_practices, plan, report};
use crate::config::plan::Mean;

/// The mean of a measure over partnerships: for each that has rows, the sum of deviations and the number of rows.
#[track_caller]
fn gives(board: &Board, measure: &str, centre: i64, expected: &[(&str, i64, i64)]) {
    let folder = board.folder(&[("spec", &report("[area]", &[("asked", measure)]))]);
    let plan = plan(folder.path());
    let asked = &plan.reports[0];
    let [Mean { sum, count, centre: found, .. }] = asked.means[..] else { panic!("one mean") };
    assert_eq!(found, centre);
    let cells = |measure: usize| {
        let of = &asked.measures[measure];
        linked(&plan, |linked| exact(&plan, of, linked).unwrap().at(1))
    };
    let cells = [cells(sum), cells(count)];
    let word = super::board::word;
    for (place, which) in [(0, "sum"), (1, "rows")] {
        let of = |(area, sum, rows): &(&str, i64, i64)| (vec![word(area)], [*sum, *rows][place]);
        let expected = expected.iter().map(of).filter(|(_, value)| *value != 0).collect();
        assert_eq!(cells[place], expected, "{which}");
    }
}

#[test]
fn a_mean_is_of_the_rows_that_have_a_value() {
    let rows = "chi minutes attended
                P1  30      yes
                P1  -       yes
                P2  480     yes
                P2  -       yes
                P3  10      yes
                P3  240     no
                P4  -       yes";
    let board = board().with("contacts", rows);
    // Deviations from 120: -90, and 480 is taken for 240.
    let mean = "{ mean: contacts.minutes, per_person: { rows: 5, between: [0, 240] } }";
    gives(&board, mean, 120, &[("H1", 30, 2), ("H2", 10, 2)]);
    // The mean in H1 is 120 + 30 / 2 = 135, that of 30 and 240.
    let attended =
        "{ mean: contacts.minutes, where: \"attended = 'yes'\", per_person: { rows: 5, between: [0, 240] } }";
    gives(&board, attended, 120, &[("H1", 30, 2), ("H2", -110, 1)]);
}

#[test]
fn the_sum_and_the_number_are_of_the_same_rows() {
    let rows = "contact_id chi minutes
                K1         P1  0
                K2         P1  0
                K3         P1  0
                K1         P2  100
                K2         P2  100
                K3         P2  -
                K1         P3  40";
    let board = board().with("contacts", rows);
    // Whichever row of a person is kept, it is one value and one row.
    let mean = |rows: u32| format!("{{ mean: contacts.minutes, per_person: {{ rows: {rows}, between: [0, 100] }} }}");
    gives(&board, &mean(1), 50, &[("H1", 0, 2), ("H2", -10, 1)]);
    gives(&board, &mean(2), 50, &[("H1", 0, 4), ("H2", -10, 1)]);
    gives(&board, &mean(3), 50, &[("H1", -50, 5), ("H2", -10, 1)]);
}

#[test]
fn one_row_is_kept_where_one_may_count_and_any_of_them() {
    // The rows of 29 people, each with values 0 to 4 in five rows: over them every value is kept by somebody.
    let people = (1..30).filter(|person| super::board::chi(*person).is_some()).collect::<Vec<_>>();
    let people = people.iter().flat_map(|person| (0..5).map(move |value| format!("k{value} P{person} {value}")));
    let rows = people.collect::<Vec<_>>().join("\n");
    let registered = (1..30).filter(|person| super::board::chi(*person).is_some());
    let registered = registered.map(|person| format!("P{person} Z1\n")).collect::<String>();
    let board = board()
        .with("patients", &format!("chi data_zone\n{registered}"))
        .with("contacts", &format!("contact_id chi minutes\n{rows}"));
    let mean = "{ mean: contacts.minutes, per_person: { between: [0, 4] } }";
    let folder = board.folder(&[("spec", &report("[area]", &[("asked", mean)]))]);
    let plan = plan(folder.path());
    let [sum, count] = &plan.reports[0].measures[..] else { panic!("two measures") };
    let cells = |measure| linked(&plan, |linked| exact(&plan, measure, linked).unwrap().at(1));
    let (sum, count) = (cells(sum), cells(count));
    let rows = *count.values().next().unwrap();
    assert_eq!(rows, 26);
    // The five tokens are the same for everyone, and so is the order: one token's value counts for all, and is 0 to 4.
    let total = sum.values().sum::<i64>();
    assert!(total % rows == 0 && (-2..=2).contains(&(total / rows)), "{total} of {rows}");
}

#[test]
fn a_mean_of_a_derived_column() {
    let rows = "chi swemwbs_before swemwbs_after
                P1  10             30
                P2  35             7
                P3  20             -
                P4  20             19";
    let board = board().with("attendances", rows);
    let columns = "columns:\n  change: { of: attendances, is: swemwbs_after - swemwbs_before, between: [-28, 28] }\n";
    let mean = "{ mean: attendances.change, per_person: { between: [-9, 20] } }";
    let folder = board.folder(&[("spec", &format!("{}{columns}", report("[area]", &[("asked", mean)])))]);
    let plan = plan(folder.path());
    let cells = |measure: usize| {
        linked(&plan, |linked| exact(&plan, &plan.reports[0].measures[measure], linked).unwrap().at(1))
    };
    // The middle of -9 to 20 is 5: P1 is 20, P2 is taken for -9, P4 is -1.
    let word = super::board::word;
    assert_eq!(cells(0), [(vec![word("H1")], 15 - 14), (vec![word("H3")], -6)].into());
    assert_eq!(cells(1), [(vec![word("H1")], 2), (vec![word("H3")], 1)].into());
}

const CONTACTS: &str = "chi mode  minutes
                        P1  phone 10
                        P1  phone 20
                        P1  phone -
                        P1  home  40
                        P2  phone 10
                        P2  home  40
                        P3  home  1
                        P3  home  2
                        P5  phone 1
                        P5  phone 2";

#[test]
fn people_with_several_rows_in_a_cell() {
    let board = board().with("contacts", CONTACTS);
    let asked = |rows: u32, cells: u32, by: &str| {
        board.asks(&format!("{{ persons: contacts, at_least: {rows}, per_person: {{ cells: {cells} }} }}"), by)
    };
    asked(2, 1, "[area]").gives(
        "hscp    value
         H1      2
         H2      1
         unknown 1",
    );
    asked(3, 1, "[area]").gives(
        "hscp value
         H1   1",
    );
    // Rows in different cells are not put together.
    asked(2, 9, "[area, mode]").gives(
        "hscp    mode  value
         H1      phone 1
         H2      home  1
         unknown phone 1",
    );
    asked(1, 9, "[area, mode]").gives(
        "hscp    mode  value
         H1      phone 2
         H1      home  2
         H2      home  1
         unknown phone 1",
    );
    // Only rows that count.
    board.asks("{ persons: contacts, at_least: 2, where: minutes >= 10 }", "[area]").gives(
        "hscp value
         H1   2",
    );
}

#[test]
fn a_cell_that_few_rows_reach_takes_no_place_of_another() {
    // Of the modes of P1 only one has two rows: it is kept, although one cell may be, and whatever the order is.
    let rows = "chi mode
                P1  phone
                P1  phone
                P1  home
                P1  video
                P1  in_person";
    board().with("contacts", rows).asks("{ persons: contacts, at_least: 2 }", "[area, mode]").gives(
        "hscp mode  value
         H1   phone 1",
    );
}

#[test]
fn people_by_a_list_of_cells_and_under_practices_have_several_rows_too() {
    let by_list =
        board().with("contacts", "chi mode minutes\nP1 phone 7\nP1 phone 7\nP1 phone 9\nP2 home 9").asked(&format!(
            "{}columns:\n  long: {{ of: contacts, is: minutes, edges: [{}] }}\n",
            report("[area, long]", &[("asked", "{ persons: contacts, at_least: 2, per_person: { cells: 2 } }")]),
            (1..60).map(|edge| edge.to_string()).collect::<Vec<_>>().join(", "),
        ));
    by_list.gives_exactly(&[("H1", "7", 1)]);
    let practices = board()
        .with("practices", "practice_code data_zone\nG1 Z1\nG2 Z3")
        .with("practitioners", "clp_id practice_code\nC1 G1\nC2 G2")
        .with("patients", "chi practice_code\nP1 G1\nP2 G1\nP3 G2\nP4 G2")
        .with("contacts", "chi clp_id\nP1 C1\nP1 C1\nP2 C1\nP2 C2\nP3 C2\nP3 C2\nP4 C2");
    let long = "{ persons: contacts, at_least: 2, per_practice: { between: [0, 50] } }";
    // A contact by a practitioner of another practice is none of the two.
    practices.asked(&of_practices("[area]", &[("asked", long)])).gives(
        "hscp value
         H1   1
         H2   1",
    );
}
