//! Where practitioners are protected too: what is counted, under which practice, and how it is clamped.

use super::board::{Board, board, chi};
use crate::privacy::Bounds;

/// Nobody lists this practice; the code is well formed.
const UNLISTED: &str = "50000";

/// Three practices in three areas, with a practitioner each. P1 and P2 are registered with the first; all but P4 live
/// elsewhere.
fn staffed() -> Board {
    board()
        .with(
            "practices",
            "practice_code data_zone
             G1            Z1
             G2            Z3
             G3            Z4
             G4            -",
        )
        .with(
            "patients",
            "chi practice_code data_zone
             P1  G1            Z3
             P2  G1            Z4
             P3  G2            Z2
             P4  G3            Z4",
        )
}

/// The usual posts, and more.
fn posts(board: Board, more: &str) -> Board {
    board.with(
        "practitioners",
        &format!("clp_id practice_code started_on\n{}\n{more}", "C1 G1 2020-01-01\nC2 G2 2020-01-01\nC3 G3 2020-01-01"),
    )
}

/// A measure that no clamp touches.
const SEEN: &str = "{ persons: contacts, per_practice: { between: [0, 99] } }";

#[test]
fn figures_are_by_the_practices_area_and_band_and_not_the_homes() {
    posts(staffed(), "C4 G4 2020-01-01")
        .with("patients", "chi practice_code data_zone\nP6 G4 Z1")
        .with(
            "contacts",
            "chi clp_id
             P1  C1
             P2  C1
             P3  C2
             P4  C3
             P6  C4",
        )
        .asks_of_practices(SEEN, "[area, simd_quintile]")
        .gives(
            "hscp    simd_quintile value
             H1      1             2
             H2      1             1
             H3      unknown       1
             unknown unknown       1",
        );
}

#[test]
fn a_patient_is_counted_at_the_practice_of_their_latest_registration() {
    let moved = ["P7 G1 2021-05-01", "P7 G2 2021-05-02", "P7 G3 2024-10-01"];
    for order in [[0, 1, 2], [2, 1, 0], [1, 0, 2]] {
        let rows = order.map(|n| moved[n]).join("\n");
        posts(staffed(), "")
            .with("patients", &format!("chi practice_code registered_on\n{rows}"))
            .with(
                "contacts",
                "chi clp_id mode
                 P7  C1     home
                 P7  C2     phone
                 P7  C3     video",
            )
            .asks_of_practices("{ persons: contacts, per_practice: { between: [0, 9] } }", "[area, mode]")
            .gives(
                "hscp mode  value
                 H2   phone 1",
            );
    }
}

#[test]
fn a_contact_by_a_practitioner_of_another_practice_is_left_out() {
    let board = posts(staffed(), "");
    board
        .clone()
        .with("contacts", "chi clp_id\nP1 C2\nP2 C3\nP3 C1")
        .asks_of_practices(SEEN, "[area]")
        .gives("hscp value");
    board
        .with("contacts", "chi clp_id\nP1 C2\nP1 C1\nP3 C1")
        .asks_of_practices(SEEN, "[area]")
        .gives("hscp value\nH1 1");
}

#[test]
fn a_practitioner_with_two_posts_is_placed_at_one_by_their_own_rows_alone() {
    let rows = ["C9 G1 2020-01-01", "C9 G2 2018-01-01"];
    // Nobody else's contacts or posts, and no number of their own contacts, move them to the other practice.
    let seen = "chi clp_id\nP1 C9\nP2 C9\nP3 C9\nP1 C9\n";
    for (more, contacts, expected) in [
        (format!("{}\n{}", rows[0], rows[1]), seen.to_owned(), "H1 2"),
        (format!("{}\n{}", rows[1], rows[0]), seen.to_owned(), "H1 2"),
        (format!("{}\n{}\nC8 G1 2020-01-01\nC8 G3 2020-01-01", rows[0], rows[1]), seen.to_owned(), "H1 2"),
        (format!("{}\n{}", rows[0], rows[1]), format!("{seen}P3 C2\nP3 C2"), "H1 2\nH2 1"),
        (rows[1].to_owned(), seen.to_owned(), "H2 1"),
    ] {
        posts(staffed(), &more)
            .with("contacts", &contacts)
            .asks_of_practices(SEEN, "[area]")
            .gives(&format!("hscp value\n{expected}"));
    }
}

#[test]
fn the_latest_post_that_was_held_in_the_quarter_counts() {
    // Held until the day before the quarter, until its first day, and from the day after it.
    for (ended, started, expected) in [
        ("2024-06-30", "2018-01-01", "H2 1"),
        ("2024-07-01", "2018-01-01", "H1 2"),
        ("-", "2024-10-01", "H1 2"),
        ("-", "2024-09-30", "H2 1"),
    ] {
        let table = format!("clp_id practice_code started_on ended_on\nC9 G1 2020-01-01 {ended}\nC9 G2 {started} -");
        staffed()
            .with("practitioners", &table)
            .with("contacts", "chi clp_id\nP1 C9\nP2 C9\nP3 C9")
            .asks_of_practices(SEEN, "[area]")
            .gives(&format!("hscp value\n{expected}"));
    }
}

#[test]
fn what_has_no_practice_is_nowhere_and_not_unknown() {
    // P6 is at a practice on no list, as is C6; P9 is registered nowhere, and C8 has no post.
    let more = format!("C6 {UNLISTED} 2020-01-01\n- G1 2020-01-01");
    posts(staffed(), &more)
        .with("patients", &format!("chi practice_code\nP6 {UNLISTED}"))
        .with(
            "contacts",
            "chi clp_id
             P1  -
             P1  C6
             P1  C8
             P6  C1
             P6  C6
             P6  -
             P9  C1
             P9  C6
             P9  -",
        )
        .asks_of_practices(SEEN, "[area]")
        .gives("hscp value");
}

#[test]
fn a_patient_is_clamped_before_the_practice_is() {
    let contacts = |first: usize, second: usize| {
        format!("chi clp_id\n{}{}P3 C2", "P1 C1\n".repeat(first), "P2 C1\n".repeat(second))
    };
    let measure = "{ events: contacts, per_person: { events: 2 }, per_practice: { between: [0, 3] } }";
    for (first, second, value) in [(5, 0, 2), (5, 1, 3), (1, 1, 2), (5, 5, 3), (2, 1, 3)] {
        posts(staffed(), "")
            .with("contacts", &contacts(first, second))
            .asks_of_practices(measure, "[area]")
            .gives(&format!("hscp value\nH1 {value}\nH2 1"));
    }
}

#[test]
fn each_practice_and_each_code_is_clamped_on_its_own() {
    // Two practices of one area and band: each is clamped, and only then are they added up.
    let board = board()
        .with("practices", "practice_code data_zone\nG1 Z1\nG2 Z1")
        .with("patients", "chi practice_code\nP1 G1\nP2 G1\nP3 G1\nP4 G2\nP6 G2");
    let contact = |who: &str, post: &str| format!("{who} {post} phone\n{who} {post} phone\n{who} {post} home\n");
    let rows = [("P1", "C1"), ("P2", "C1"), ("P3", "C1"), ("P4", "C2"), ("P6", "C2")];
    let rows = rows.map(|(who, post)| contact(who, post)).concat();
    posts(board, "")
        .with("contacts", &format!("chi clp_id mode\n{rows}"))
        .asks_of_practices(
            "{ events: contacts, per_person: { cells: 9, events: 9 }, per_practice: { between: [0, 3] } }",
            "[area, simd_quintile, mode]",
        )
        .gives(
            "health_board simd_quintile mode  value
             B1           1             phone 6
             B1           1             home  5",
        );
}

#[test]
fn cells_are_chosen_among_the_rows_that_count() {
    // Each of 20 people may keep one of their codes. Three of the four stand in rows that are left out.
    let people = (100..).filter_map(chi).take(20).collect::<Vec<_>>();
    let patients = people.iter().map(|chi| format!("{chi} G1\n")).collect::<String>();
    let rows = people.iter().map(|chi| format!("{chi} C1 phone\n{chi} C2 home\n{chi} - video\n{chi} C7 in_person\n"));
    for measure in
        ["persons: contacts, per_person: { cells: 1 }", "events: contacts, per_person: { cells: 1, events: 4 }"]
    {
        posts(staffed(), "C7 G3 2020-01-01")
            .with("patients", &format!("chi practice_code\n{patients}"))
            .with("contacts", &format!("chi clp_id mode\n{}", rows.clone().collect::<String>()))
            .asks_of_practices(&format!("{{ {measure}, per_practice: {{ between: [0, 99] }} }}"), "[area, mode]")
            .gives(
                "hscp mode  value
                 H1   phone 20",
            );
    }
}

#[test]
fn untouched_by_clamps_persons_events_and_sums_are_exact_at_every_level() {
    let rows = "chi clp_id minutes mode  attended
                P1  C1     30      phone yes
                P1  C1     45      phone yes
                P1  C1     60      phone no
                P2  C1     20      home  yes
                P3  C2     15      phone yes
                P4  C3     -       phone yes
                P4  C3     480     -     yes";
    let asked = |measure: &str| {
        let measure = format!("{{ {measure}, where: \"attended = 'yes'\" }}");
        posts(staffed(), "").with("contacts", rows).asks_of_practices(&measure, "[area, mode]")
    };
    let tables = [
        ("persons: contacts, per_practice: { between: [0, 9] }", [1, 1, 1, 1, 1]),
        ("events: contacts, per_person: { cells: 9, events: 9 }, per_practice: { between: [0, 9] }", [2, 1, 1, 1, 1]),
    ];
    for (measure, [h1, h1_home, h2, h3, h3_unknown]) in tables {
        let asked = asked(&measure.replace("persons: contacts", "persons: contacts, per_person: { cells: 9 }"));
        asked.gives(&format!(
            "hscp mode value\nH1 phone {h1}\nH1 home {h1_home}\nH2 phone {h2}\nH3 phone {h3}\nH3 unknown {h3_unknown}"
        ));
        asked.gives(&format!(
            "health_board mode value\nB1 phone {}\nB1 home {h1_home}\nB2 phone {h3}\nB2 unknown {h3_unknown}",
            h1 + h2
        ));
    }
    let minutes = asked(
        "sum: contacts.minutes, per_person: { cells: 9, between: [0, 999] }, per_practice: { between: [0, 9999] }",
    );
    minutes.gives("hscp mode value\nH1 phone 75\nH1 home 20\nH2 phone 15\nH3 unknown 480");
    minutes.gives("health_board mode value\nB1 phone 90\nB1 home 20\nB2 unknown 480");
}

#[test]
fn referrals_and_what_lies_beyond_a_reference() {
    posts(staffed(), "")
        .with("referrals", "chi clp_id reason\nP1 C1 housing\nP2 C1 housing\nP3 C1 housing\nP3 C2 -")
        .asks_of_practices("{ persons: referrals, per_practice: { between: [0, 9] } }", "[area, reason]")
        .gives("hscp reason value\nH1 housing 2\nH2 unknown 1");
    posts(staffed(), "")
        .with("onward_referrals", "chi clp_id org_id\nP1 C1 O1\nP2 C1 O1\nP2 C2 O2\nP3 C2 O9")
        .asks_of_practices("{ persons: onward_referrals, per_practice: { between: [0, 9] } }", "[area, service_type]")
        .gives("hscp service_type value\nH1 food 2\nH2 unknown 1");
}

#[test]
fn a_practices_total_may_be_negative_and_its_range_always_holds_0() {
    let rows = "chi clp_id balance
                P1  C1     -30
                P1  C1     -90
                P2  C1     20
                P3  C2     70
                P4  C3     -
                P4  C3     8000";
    let asked = |person: &str, practice: &str| {
        let measure = format!(
            "{{ sum: contacts.balance, per_person: {{ between: {person} }}, per_practice: {{ between: {practice} }} }}"
        );
        posts(staffed(), "").with("contacts", rows).asks_of_practices(&measure, "[area]")
    };
    // By patient: P1 -100, P2 20, P3 60 and P4 60; by practice -80, 60 and 60.
    for (practice, expected) in [
        ("[-500, 500]", "H1 -80\nH2 60\nH3 60"),
        ("[-50, 10]", "H1 -50\nH2 10\nH3 10"),
        ("[-7, 0]", "H1 -7"),
        ("[0, 7]", "H2 7\nH3 7"),
        ("[-90, -70]", "H1 -80"),
        ("[30, 40]", "H2 40\nH3 40"),
        ("[70, 80]", "H2 60\nH3 60"),
    ] {
        asked("[-100, 60]", practice).gives(&format!("hscp value\n{expected}"));
    }
    asked("[-5, 0]", "[-50, 50]").gives("hscp value\nH1 -5");
    asked("[5, 9]", "[-50, 50]").gives("hscp value\nH1 9\nH2 9\nH3 9");
}

#[test]
fn the_registered_are_placed_by_their_practice() {
    staffed()
        .with("patients", &format!("chi practice_code data_zone\nP6 G4 Z1\nP7 {UNLISTED} Z1"))
        .with("practitioners", "clp_id")
        .asks_of_practices("{ persons: patients }", "[area, simd_quintile]")
        .gives(
            "hscp    simd_quintile value
             H1      1             2
             H2      1             1
             H3      unknown       1
             unknown unknown       2",
        );
}

#[test]
fn the_noise_is_for_whichever_role_moves_more() {
    let bounds = |measure: &str, by: &str| {
        let exact = posts(staffed(), "").with("contacts", "chi clp_id\nP1 C1").asks_of_practices(measure, by).exact();
        assert_eq!(exact.cells[0].bounds(), Some(&exact.planned[0]), "what is proved is what was planned");
        exact.planned[0]
    };
    let of = |cells, low, high| Bounds::new(cells, low, high).unwrap();
    let seen = "persons: contacts, per_person: { cells: 2 }, per_practice: { between: [0, 80] }";
    // One practitioner: every code of one practice, anywhere within the clamp with them and without.
    assert_eq!(bounds(&format!("{{ {seen} }}"), "[area, mode]"), of(5, -80, 80));
    assert_eq!(bounds(&format!("{{ {seen} }}"), "[area, simd_quintile]"), of(1, -80, 80));
    let sum = |practice: &str| {
        format!(
            "{{ sum: contacts.balance, per_person: {{ between: [-9, 40] }}, per_practice: {{ between: {practice} }} }}"
        )
    };
    assert_eq!(bounds(&sum("[-50, 100]"), "[area]"), of(1, -150, 150));
    assert_eq!(bounds(&sum("[60, 100]"), "[area]"), of(1, -100, 100));
    // A patient moves more than the practice's range is wide.
    assert_eq!(bounds(&sum("[-3, 4]"), "[area]"), of(1, -9, 40));
}

#[test]
fn no_practitioner_moves_the_registered() {
    let exact = posts(staffed(), "").asks_of_practices("{ persons: patients }", "[area]").exact();
    assert_eq!(exact.planned[0], Bounds::count(1).unwrap());
}
