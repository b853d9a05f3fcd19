//! Who a person is, and where: one place each, by their own rows alone.

use super::board::board;

/// A referral of P1, whoever P1 is.
const REFERRED: &str = "chi
                        P1";

#[test]
fn a_person_who_is_not_registered_is_nowhere_known() {
    board()
        .with(
            "referrals",
            "chi
             P1
             P5",
        )
        .asks("{ persons: referrals }", "[area, simd_quintile, sex]")
        .gives(
            "hscp    simd_quintile sex     value
             H1      1             F       1
             unknown unknown       unknown 1",
        );
}

#[test]
fn no_fixed_abode_and_zones_that_do_not_exist_are_nowhere_known() {
    board()
        .with(
            "patients",
            "chi data_zone sex
             P1  NFA       F
             P2  -         M
             P3  S01999998 F
             P4  s01000004 M",
        )
        .with("patients", "chi")
        .asks("{ persons: patients }", "[area, sex]")
        .gives(
            "hscp    sex value
             unknown F   2
             unknown M   1
             H3      M   1",
        );
}

#[test]
fn of_several_registrations_the_latest_counts() {
    let moved = board().with(
        "patients",
        "chi practice_code data_zone registered_on sex
         P1  10002         Z3        2021-05-01    F
         P1  20004         Z1        2015-01-01    M
         P1  30006         Z4        2020-01-01    -",
    );
    moved.clone().with("referrals", REFERRED).asks("{ persons: referrals }", "[area, sex]").gives(
        "hscp sex value
         H2   F   1",
    );
    moved.asks("{ persons: patients }", "[area, sex]").gives(
        "hscp sex value
         H2   F   1",
    );
}

#[test]
fn the_latest_counts_across_files_too() {
    board()
        .with(
            "patients",
            "chi data_zone registered_on
             P1  Z3        2021-05-01",
        )
        .with(
            "patients",
            "chi data_zone registered_on
             P1  Z4        2021-05-02",
        )
        .with("referrals", REFERRED)
        .asks("{ persons: referrals }", "[area]")
        .gives(
            "hscp value
             H3   1",
        );
}

#[test]
fn a_registration_that_ended_or_has_not_begun_does_not_count() {
    board()
        .with(
            "patients",
            "chi data_zone registered_on deregistered_on
             P1  Z3        2020-01-01    -
             P1  Z1        2021-01-01    2024-09-29
             P2  Z1        2020-01-01    2024-03-01
             P3  Z1        2020-01-01    2024-10-01
             P4  Z4        2024-09-30    -
             P6  Z1        2024-10-01    -",
        )
        .with(
            "referrals",
            "chi
             P1
             P2
             P3
             P4
             P6",
        )
        .asks("{ persons: referrals }", "[area]")
        .gives(
            "hscp    value
             H1      1
             H2      1
             H3      1
             unknown 2",
        );
}

#[test]
fn of_two_registrations_of_one_day_one_counts_wherever_the_rows_stand() {
    let rows = ["P1 10002 Z1 F", "P1 20004 Z4 M"];
    for (first, second) in [(0, 1), (1, 0)] {
        let text = format!("chi practice_code data_zone sex\n{}\n{}", rows[first], rows[second]);
        // The one that packs to the greater number: Z4 comes after Z1.
        board()
            .with("patients", &text)
            .with("referrals", REFERRED)
            .asks("{ persons: referrals }", "[area, sex]")
            .gives(
                "hscp sex value
             H3   M   1",
            );
    }
}

#[test]
fn the_registered_may_have_a_condition() {
    board().asks("{ persons: patients, where: \"sex = 'M'\" }", "[area, simd_quintile]").gives(
        "hscp simd_quintile value
             H1   5             1
             H3   unknown       1",
    );
}
