//! Columns that a report derives.

use super::board::{Asked, Board, board, report};

/// A measure by derived columns.
fn asked(board: &Board, columns: &str, measure: &str, by: &str) -> Asked {
    board.asked(&format!("{}columns:\n  {columns}\n", report(by, &[("asked", measure)])))
}

const AGES: &str = "age_band: { of: patients, age: date_of_birth, edges: [0, 16, 25, 75] }";

/// People born about the edges, on the day 2024-09-30.
fn of_all_ages() -> Board {
    board().with(
        "patients",
        "chi data_zone date_of_birth
         P1  Z1        2008-10-01
         P2  Z1        2008-09-30
         P3  Z1        1999-10-01
         P4  Z1        1999-09-30
         P5  Z3        1949-10-01
         P6  Z3        1949-09-30
         P7  Z3        1900-02-28
         P14 Z3        2024-09-30
         P9  Z3        2024-10-01
         P12 Z4        -
         P13 Z4        soon",
    )
}

#[test]
fn an_age_is_in_whole_years_on_the_last_day_of_the_quarter() {
    asked(&of_all_ages(), AGES, "{ persons: patients }", "[area, age_band]").gives_exactly(&[
        ("H1", "0 to 15", 1),
        ("H1", "16 to 24", 2),
        ("H1", "25 to 74", 1),
        ("H2", "0 to 15", 1),
        ("H2", "25 to 74", 1),
        ("H2", "75 and over", 2),
        ("H2", "unknown", 1),
        ("H3", "unknown", 2),
    ]);
}

#[test]
fn an_age_is_the_persons_whatever_is_counted() {
    let rows = "chi
                P1
                P1
                P6
                P12";
    let board = of_all_ages().with("contacts", rows);
    let expected = [("H1", "0 to 15", 2), ("H2", "75 and over", 1), ("H3", "unknown", 1)];
    asked(&board, AGES, "{ events: contacts, per_person: { events: 9 } }", "[area, age_band]").gives_exactly(&expected);
    let expected = expected.map(|(area, band, _)| (area, band, 1));
    asked(&board, AGES, "{ persons: contacts }", "[area, age_band]").gives_exactly(&expected);
}

#[test]
fn bands_are_of_the_rows_and_start_at_their_edges() {
    let rows = "chi minutes balance
                P1  0       -6
                P1  14      -5
                P1  15      -1
                P1  60      0
                P1  480     7
                P1  -       -
                P2  -       1";
    let board = board().with("contacts", rows);
    let events = "{ events: contacts, per_person: { cells: 9, events: 9 } }";
    // No contact is shorter than 0 by the contract: there is no band below.
    let minutes = "length: { of: contacts, is: minutes, edges: [0, 15, 60] }";
    let asked_minutes = asked(&board, minutes, events, "[area, length]");
    assert_eq!(asked_minutes.measure().codes[0].codes, ["0 to 14", "15 to 59", "60 and over"]);
    asked_minutes.gives_exactly(&[
        ("H1", "0 to 14", 2),
        ("H1", "15 to 59", 1),
        ("H1", "60 and over", 2),
        ("H1", "unknown", 2),
    ]);
    let balance = "owed: { of: contacts, is: -balance, edges: [0, 1, 6] }";
    asked(&board, balance, events, "[area, owed]").gives_exactly(&[
        ("H1", "under 0", 2),
        ("H1", "0", 1),
        ("H1", "1 to 5", 2),
        ("H1", "6 and over", 1),
        ("H1", "unknown", 1),
    ]);
}

#[test]
fn days_between_two_dates_are_a_number() {
    let rows = "chi contacted_on ended_on
                P1  2024-08-31   2024-08-31
                P2  2024-08-31   2024-09-07
                P3  2024-08-31   2024-08-30
                P4  2024-08-31   -";
    let lasted = "lasted: { of: contacts, is: ended_on - contacted_on, edges: [0, 7] }";
    let board = board().with("contacts", rows);
    asked(&board, lasted, "{ persons: contacts }", "[area, lasted]").gives_exactly(&[
        ("H1", "0 to 6", 1),
        ("H1", "7 and over", 1),
        ("H2", "under 0", 1),
        ("H3", "unknown", 1),
    ]);
    let days = "days: { of: contacts, is: ended_on - contacted_on, between: [-5, 5] }";
    let sum = "{ sum: contacts.days, per_person: { between: [-9, 9] } }";
    asked(&board, days, sum, "[area]").gives(
        "hscp value
         H1   5
         H2   -1",
    );
}

#[test]
fn yes_and_no_and_what_a_blank_leaves_open() {
    let rows = "chi org_id
                P1  O1
                P2  O2
                P3  O3
                P3  O4
                P4  O9
                P4  -";
    let board = board()
        .with(
            "organisations",
            "org_id funded_until accepting service_type
             O1     2025-04-01   yes       food
             O2     2025-04-02   yes       food
             O3     -            yes       food
             O4     -            no        -",
        )
        .with("onward_referrals", rows);
    let events = "{ events: onward_referrals, per_person: { cells: 9, events: 9 } }";
    // 183 days after 2024-09-30 is 2025-04-01.
    let ends = "ends_soon: { of: organisations, when: funded_until <= quarter_end + 183 }";
    asked(&board, ends, events, "[area, ends_soon]").gives_exactly(&[
        ("H1", "no", 1),
        ("H1", "yes", 1),
        ("H2", "unknown", 2),
        ("H3", "unknown", 2),
    ]);
    // Words of codes are there to be compared, and a blank that decides nothing leaves nothing open.
    let both = "open_now: { of: organisations, when: \"accepting = 'yes' and (service_type = 'food' or funded_until > quarter_end)\" }";
    asked(&board, both, events, "[area, open_now]").gives_exactly(&[
        ("H1", "yes", 2),
        ("H2", "no", 1),
        ("H2", "yes", 1),
        ("H3", "unknown", 2),
    ]);
}

#[test]
fn a_calculation_is_added_up_where_all_of_it_is_known() {
    let rows = "chi swemwbs_before swemwbs_after
                P1  10             30
                P1  30             25
                P2  35             7
                P3  20             -
                P4  -              20
                P4  x              20
                P4  36             20
                P5  20             21";
    let board = board().with("attendances", rows);
    let change = "change: { of: attendances, is: swemwbs_after - swemwbs_before, between: [-14, 14] }";
    let sum = "{ sum: attendances.change, per_person: { between: [-20, 20] } }";
    // Each row is clamped, and then the person's total.
    asked(&board, change, sum, "[area, simd_quintile]").gives(
        "hscp    simd_quintile value
         H1      1             9
         H1      5             -14
         unknown unknown       1",
    );
}

#[test]
fn a_blank_adds_nothing_where_0_is_out_of_range() {
    let rows = "chi swemwbs_after
                P1  -
                P1  10
                P2  -";
    let sum = "{ sum: attendances.swemwbs_after, per_person: { between: [0, 100] } }";
    board().with("attendances", rows).asks(sum, "[area]").gives(
        "hscp value
         H1   10",
    );
}

#[test]
fn several_columns_cross() {
    let columns = "age_band: { of: patients, age: date_of_birth, edges: [16, 65] }\n  \
                   long: { of: contacts, when: minutes > 45 }\n  \
                   funded: { of: organisations, is: funding_gbp, edges: [10000] }";
    let rows = "chi minutes org_id
                P1  60      O1
                P1  60      O1
                P1  30      O2
                P2  -       O1";
    let board = board()
        .with("contacts", rows)
        .with(
            "organisations",
            "org_id funding_gbp
             O1     100
             O2     99.99",
        )
        .with(
            "patients",
            "chi data_zone date_of_birth
             P1  Z1        2010-01-01
             P2  Z3        1959-09-30",
        );
    let events = "{ events: contacts, per_person: { cells: 9, events: 9 } }";
    let cell =
        |labels: &[&str], value: i64| (labels.iter().map(|it| super::board::word(it)).collect::<Vec<_>>(), value);
    let found = asked(&board, columns, events, "[long, area, funded, age_band]").exact();
    let expected = [
        cell(&["H1", "yes", "10000 and over", "under 16"], 2),
        cell(&["H1", "no", "under 10000", "under 16"], 1),
        cell(&["H2", "unknown", "10000 and over", "65 and over"], 1),
    ];
    assert_eq!(found.at(1), expected.into());
}

#[test]
fn a_condition_counts_with_the_days_of_the_quarter() {
    let rows = "chi contacted_on ended_on
                P1  2024-07-07   -
                P2  2024-07-08   -
                P3  2024-07-01   2024-10-10
                P4  2024-07-01   2024-10-11";
    let asked = |condition: &str| {
        board().with("contacts", rows).asks(&format!("{{ persons: contacts, where: {condition} }}"), "[area]")
    };
    asked("contacted_on - quarter_start < 7 and ended_on is null").gives(
        "hscp value
         H1   1",
    );
    asked("ended_on > quarter_end + 10").gives(
        "hscp value
         H3   1",
    );
    // Years are counted with in 64 bits: this product leaves 32.
    let year = "extract(year from contacted_on)";
    asked(&format!("{year} * {year} * {year} = 8291469824")).gives(
        "hscp value
         H1   2
         H2   1
         H3   1",
    );
}
