//! Rows and sums, clamped a person and a cell.

use super::board::board;

#[test]
fn rows_count_up_to_the_bound() {
    let rows = "chi mode
                P1  phone
                P1  phone
                P1  phone
                P1  video
                P3  phone
                P3  phone";
    board()
        .with("contacts", rows)
        .asks("{ events: contacts, per_person: { cells: 2, events: 2 } }", "[area, mode]")
        .gives(
            "hscp mode  value
             H1   phone 2
             H1   video 1
             H2   phone 2",
        );
}

#[test]
fn a_total_is_clamped_for_the_person_and_not_for_the_row() {
    let rows = "chi minutes
                P1  40
                P1  50
                P1  60
                P2  120
                P3  99
                P3  1
                P4  0";
    board()
        .with("contacts", rows)
        .asks("{ sum: contacts.minutes, per_person: { between: [0, 100] } }", "[area, simd_quintile]")
        .gives(
            "hscp simd_quintile value
             H1   1             100
             H1   5             100
             H2   1             100",
        );
}

#[test]
fn a_total_may_be_negative_and_blanks_add_nothing() {
    let rows = "chi balance
                P1  -30
                P1  -
                P1  10
                P2  -5000
                P3  70
                P3  -20
                P4  -
                P5  8000
                P5  x";
    let asked = |between: &str| {
        let measure = format!("{{ sum: contacts.balance, per_person: {{ between: {between} }} }}");
        board().with("contacts", rows).asks(&measure, "[area, simd_quintile]")
    };
    asked("[-100, 60]").gives(
        "hscp    simd_quintile value
         H1      1             -20
         H1      5             -100
         H2      1             50
         unknown unknown       60",
    );
    // Someone without rows adds 0, so 0 always belongs to the range.
    asked("[-100, -25]").gives(
        "hscp    simd_quintile value
         H1      1             -20
         H1      5             -100",
    );
    asked("[40, 60]").gives(
        "hscp    simd_quintile value
         H2      1             50
         unknown unknown       60",
    );
}

#[test]
fn extreme_values_are_clamped_and_never_wrap() {
    let row = |sign: &str| format!("P1 {sign}1000000000000\n");
    let text = |sign: &str| format!("chi balance\n{}", row(sign).repeat(2_000));
    for (sign, value) in [("", "7"), ("-", "-7")] {
        board()
            .with("contacts", &text(sign))
            .asks("{ sum: contacts.balance, per_person: { between: [-7, 7] } }", "[area]")
            .gives(&format!("hscp value\nH1 {value}"));
    }
}

#[test]
fn a_value_beyond_its_schema_is_not_summed() {
    // 481 minutes break the schema's range, so that row is set aside; the person's other row stands.
    board()
        .with(
            "contacts",
            "chi minutes
             P1  480
             P1  481
             P1  -1
             P3  1e3",
        )
        .asks("{ sum: contacts.minutes, per_person: { between: [0, 9999] } }", "[area]")
        .gives(
            "hscp value
             H1   480",
        );
}
