//! People by the furthest stage of a pathway.

use super::board::{Asked, Board, board, report};

const PATHWAY: &str = "{ funnel: { referred: { rows: referrals, where: \"status <> 'declined'\" }, \
                       engaged: { rows: contacts, where: \"attended = 'yes'\" }, sent: { rows: onward_referrals }, \
                       attended: { rows: attendances, where: \"sessions > 0\" } } }";

/// P1 goes all the way. P2 was sent without a contact, P3 met the worker thrice, P4 was declined, P5 is in no register.
fn pathway() -> Board {
    board()
        .with(
            "referrals",
            "chi status
             P1  accepted
             P1  accepted
             P1  declined
             P2  waiting
             P3  -
             P4  declined
             P5  accepted",
        )
        .with(
            "contacts",
            "chi attended
             P1  yes
             P2  no
             P2  -
             P3  yes
             P3  yes
             P3  no
             P4  yes
             P5  yes",
        )
        .with(
            "onward_referrals",
            "onward_id chi
             T1        P1
             T2        P2
             T4        P4
             T5        P5",
        )
        .with(
            "attendances",
            "chi onward_id sessions
             -   T1        3
             P2  -         1
             P4  -         9
             -   T5        0
             -   T9        5",
        )
}

fn asked(by: &str) -> Asked {
    pathway().asks(PATHWAY, by)
}

#[test]
fn a_person_is_at_the_furthest_stage_that_they_reached_after_all_before_it() {
    asked("[area]").gives(
        "hscp    stage    value
         H1      attended 1
         H1      referred 1
         H2      engaged  1
         unknown sent     1",
    );
}
