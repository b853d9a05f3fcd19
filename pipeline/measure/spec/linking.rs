//! Rows of organisations that seldom know whose they are.

use super::board::{Asked, board};

fn attended(attendances: &str) -> Asked {
    board()
        .with(
            "onward_referrals",
            "onward_id chi
             T1        P1
             T2        P2
             T3        P3
             TT        P1
             TT        P3",
        )
        .with("attendances", attendances)
        .asks("{ persons: attendances, where: \"sessions > 0\" }", "[area, simd_quintile]")
}

#[test]
fn by_the_persons_own_number() {
    attended(
        "chi onward_id sessions
         P1  -         1
         P2  -         0",
    )
    .gives(
        "hscp simd_quintile value
         H1   1             1",
    );
}

#[test]
fn by_the_token_that_came_with_the_referral() {
    attended(
        "chi onward_id
         -   T2
         -   T3
         -   T3",
    )
    .gives(
        "hscp simd_quintile value
         H1   5             1
         H2   1             1",
    );
}

#[test]
fn by_the_number_where_there_are_both() {
    attended(
        "chi onward_id
         P1  T2",
    )
    .gives(
        "hscp simd_quintile value
         H1   1             1",
    );
}

#[test]
fn a_token_that_two_people_claim_leads_to_both() {
    attended(
        "chi onward_id
         -   TT",
    )
    .gives(
        "hscp simd_quintile value
         H1   1             1
         H2   1             1",
    );
}

#[test]
fn a_row_that_leads_to_nobody_counts_nowhere() {
    attended(
        "chi onward_id
         -   T9
         -   -
         -   P1",
    )
    .gives("hscp simd_quintile value");
}

#[test]
fn a_row_counts_once_for_each_person_that_it_leads_to() {
    // The same token stands in two files, as when a practice sends a referral again: the row is still one row.
    let onward = "onward_id chi
                  T1        P1";
    board()
        .with("onward_referrals", onward)
        .with("onward_referrals", onward)
        .with(
            "attendances",
            "onward_id sessions
             T1        4
             T1        3",
        )
        .asks("{ sum: attendances.sessions, per_person: { between: [0, 100] } }", "[area]")
        .gives(
            "hscp value
             H1   7",
        );
}

#[test]
fn several_registrations_do_not_multiply_rows() {
    let board = board()
        .with(
            "patients",
            "chi practice_code data_zone registered_on
             P1  10002         Z3        2021-05-01
             P1  20004         Z1        2015-01-01
             P1  30006         Z4        2020-01-01",
        )
        .with(
            "contacts",
            "chi minutes
             P1  30
             P1  30",
        );
    for (measure, value) in [
        ("{ persons: contacts }", 1),
        ("{ events: contacts, per_person: { events: 9 } }", 2),
        ("{ sum: contacts.minutes, per_person: { between: [0, 999] } }", 60),
    ] {
        board.asks(measure, "[area]").gives(&format!("hscp value\nH2 {value}"));
    }
}
