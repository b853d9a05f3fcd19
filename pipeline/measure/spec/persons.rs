//! Which rows count, and for whom.

use super::board::board;

#[test]
fn a_person_counts_once_however_many_rows() {
    board()
        .with(
            "referrals",
            "chi reason
             P1  housing
             P1  housing
             P1  housing
             P2  housing
             P3  finances",
        )
        .asks("{ persons: referrals }", "[area, reason]")
        .gives(
            "hscp reason   value
             H1   housing  2
             H2   finances 1",
        );
}

#[test]
fn people_are_given_at_every_level_with_their_band() {
    let rows = "chi
                P1
                P2
                P3
                P4";
    let asked = board().with("referrals", rows).asks("{ persons: referrals }", "[area, simd_quintile]");
    asked.gives(
        "hscp simd_quintile value
         H1   1             1
         H1   5             1
         H2   1             1
         H3   unknown       1",
    );
    asked.gives(
        "health_board simd_quintile value
         B1           1             2
         B1           5             1
         B2           unknown       1",
    );
}

#[test]
fn only_rows_that_meet_the_condition_count() {
    let rows = "chi status
                P1  accepted
                P1  declined
                P2  declined
                P3  waiting
                P4  -";
    let asked = |filter: &str| {
        board().with("referrals", rows).asks(&format!("{{ persons: referrals, where: \"{filter}\" }}"), "[area]")
    };
    asked("status <> 'declined'").gives(
        "hscp value
         H1   1
         H2   1
         H3   1",
    );
    asked("status = 'declined'").gives(
        "hscp value
         H1   2",
    );
    asked("status = 'unknown'").gives(
        "hscp value
         H3   1",
    );
}

#[test]
fn a_condition_binds_as_a_whole() {
    // Without brackets of its own, the `or` would let in rows of other quarters.
    board()
        .with(
            "referrals",
            "chi referred_on status
             P1  2024-06-01  waiting
             P3  2024-08-01  waiting",
        )
        .asks("{ persons: referrals, where: \"status = 'declined' or status = 'waiting'\" }", "[area]")
        .gives(
            "hscp value
             H2   1",
        );
}

const DATED: &str = "chi referred_on
                     P1  2024-06-30
                     P2  2024-07-01
                     P3  2024-09-30
                     P4  2024-10-01";

#[test]
fn a_quarter_has_its_first_and_its_last_day_and_no_other_quarters() {
    board().with("referrals", DATED).asks("{ persons: referrals }", "[area]").gives(
        "hscp value
         H1   1
         H2   1",
    );
}

#[test]
fn always_is_every_row_that_the_extracts_hold() {
    board().with("referrals", DATED).asks("{ persons: referrals, during: always }", "[area]").gives(
        "hscp value
         H1   2
         H2   1
         H3   1",
    );
}

#[test]
fn a_code_that_is_not_declared_counts_as_unknown() {
    board()
        .with(
            "referrals",
            "chi reason
             P1  gardening
             P2  -
             P3  HOUSING
             P4  unknown",
        )
        .asks("{ persons: referrals }", "[area, reason]")
        .gives(
            "hscp reason  value
             H1   unknown 2
             H2   housing 1
             H3   unknown 1",
        );
}

#[test]
fn the_same_row_twice_counts_once() {
    let rows = "contact_id chi minutes
                K1         P1  30
                K1         P1  30
                K2         P1  30
                K1         P2  30";
    let asked = |measure: &str| board().with("contacts", rows).asks(measure, "[area, simd_quintile]");
    asked("{ events: contacts, per_person: { events: 9 } }").gives(
        "hscp simd_quintile value
         H1   1             2
         H1   5             1",
    );
    asked("{ sum: contacts.minutes, per_person: { between: [0, 999] } }").gives(
        "hscp simd_quintile value
         H1   1             60
         H1   5             30",
    );
}

#[test]
fn a_dimension_of_the_person_one_of_the_row_and_one_beyond_a_reference() {
    board()
        .with(
            "onward_referrals",
            "chi org_id kind
             P1  O1     supported
             P1  O2     signposted
             P2  O2     signposted
             P3  O3     supported
             P4  -      -
             P5  O9     supported",
        )
        .asks("{ persons: onward_referrals, per_person: { cells: 9 } }", "[area, kind, sex, service_type]")
        .gives(
            "hscp    kind       sex     service_type value
             H1      supported  F       food         1
             H1      signposted F       exercise     1
             H1      signposted M       exercise     1
             H2      supported  F       unknown      1
             H3      unknown    M       unknown      1
             unknown supported  unknown unknown      1",
        );
}
