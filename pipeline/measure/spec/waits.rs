//! People by the days from one event to the next, and rows by a number.

use super::board::{Asked, Board, board};
use super::funnels::in_passes;
use crate::privacy::Bounds;

const WAIT: &str = "wait: { from: referrals.referred_on, to: contacts.contacted_on, \
                    where_from: \"status <> 'declined'\", where_to: \"attended = 'yes'\" }, edges: [0, 7, 14, 28]";

fn waited(board: &Board) -> Asked {
    board.asks(&format!("{{ {WAIT} }}"), "[area, simd_quintile]")
}

#[test]
fn the_wait_is_from_a_persons_first_event_to_their_first_of_the_other_kind() {
    let board = board()
        .with(
            "referrals",
            "chi referred_on status
             P1  2024-07-10  declined
             P1  2024-07-20  accepted
             P1  2024-07-22  accepted
             P2  2024-08-01  waiting
             P3  2024-08-01  accepted
             P4  2024-08-01  -
             P5  2024-08-01  declined
             P6  2024-09-01  accepted",
        )
        .with(
            "contacts",
            "chi contacted_on attended
             P1  2024-07-12   yes
             P1  2024-07-25   no
             P1  2024-07-27   yes
             P1  2024-08-30   yes
             P2  2024-08-01   yes
             P3  2024-08-29   yes
             P4  2024-07-31   yes
             P4  2024-08-20   no
             P5  2024-08-02   yes",
        );
    // P1: 7 days from the first that was not declined. P2: the same day. P3: 28. P4: nobody but before. P6: nobody at all.
    waited(&board).gives(
        "hscp    simd_quintile days        value
         H1      1             7·to·13     1
         H1      5             0·to·6      1
         H2      1             28·and·over 1
         H3      unknown       not_yet     1
         unknown unknown       not_yet     1",
    );
}

#[test]
fn the_last_day_of_a_bin_is_in_it() {
    let days = [(1, 6), (2, 7), (3, 13), (4, 14), (5, 27), (6, 28), (7, 365)];
    let contacts = days.map(|(person, days)| {
        let day = chrono::NaiveDate::from_ymd_opt(2024, 7, 1).unwrap() + chrono::Days::new(days);
        format!("P{person} {day}")
    });
    let people = days.map(|(person, _)| format!("P{person} Z1")).join("\n");
    let asked = board()
        .with("patients", &format!("chi data_zone\n{people}"))
        .with(
            "referrals",
            &format!("chi referred_on\n{}", days.map(|(person, _)| format!("P{person} 2024-07-01")).join("\n")),
        )
        .with("contacts", &format!("chi contacted_on\n{}", contacts.join("\n")))
        .asks(&format!("{{ {WAIT} }}"), "[area]");
    asked.gives(
        "hscp days        value
         H1   0·to·6      1
         H1   7·to·13     2
         H1   14·to·27    2
         H1   28·and·over 2",
    );
    assert!(asked.exact().planned.iter().all(|planned| *planned == Bounds::new(1, 0, 1).unwrap()));
}

/// P1 waits into the quarter, P2 out of it, P3 within it after an earlier time.
fn across() -> Board {
    board()
        .with(
            "referrals",
            "chi referred_on
             P1  2024-06-30
             P2  2024-09-30
             P3  2024-05-01
             P3  2024-07-01",
        )
        .with(
            "contacts",
            "chi contacted_on
             P1  2024-07-01
             P2  2024-10-10
             P3  2024-05-02
             P3  2024-07-21",
        )
}

#[test]
fn a_wait_begins_in_the_quarter_and_ends_in_any() {
    waited(&across()).gives(
        "hscp simd_quintile days     value
         H1   5             7·to·13  1
         H2   1             14·to·27 1",
    );
    across().asks(&format!("{{ {WAIT}, during: always }}"), "[area]").gives(
        "hscp days    value
         H1   0·to·6  1
         H1   7·to·13 1
         H2   0·to·6  1",
    );
}

#[test]
fn an_event_without_a_day_begins_and_ends_nothing() {
    let asked = |wait: &str| {
        board()
            .with(
                "contacts",
                "chi contacted_on ended_on
                 P1  2024-08-01   2024-08-09
                 P2  2024-08-01   -
                 P3  2024-08-20   -
                 P3  2024-08-10   2024-08-10",
            )
            .asks(&format!("{{ wait: {{ {wait} }}, edges: [0, 7], during: always }}"), "[area]")
    };
    asked("from: contacts.contacted_on, to: contacts.ended_on").gives(
        "hscp days       value
         H1   7·and·over 1
         H1   not_yet    1
         H2   0·to·6     1",
    );
    // P2 has no first event, and waits for nothing.
    asked("from: contacts.ended_on, to: contacts.contacted_on").gives(
        "hscp days    value
         H1   not_yet 1
         H2   0·to·6  1",
    );
}

#[test]
fn who_is_in_two_places_or_has_two_tokens_waits_once() {
    board()
        .with(
            "patients",
            "chi practice_code data_zone registered_on
             P1  10002         Z3        2021-05-01
             P1  20004         Z1        2015-01-01",
        )
        .with(
            "onward_referrals",
            "onward_id chi made_on
             T1        P1  2024-08-01
             T2        P1  2024-08-05",
        )
        .with(
            "attendances",
            "chi onward_id first_attended_on
             -   T2        2024-08-20
             -   T1        2024-08-22
             P1  -         2024-09-09",
        )
        .asks(
            "{ wait: { from: onward_referrals.made_on, to: attendances.first_attended_on }, edges: [0, 14, 20] }",
            "[area, sex]",
        )
        .gives(
            "hscp sex days     value
             H2   F   14·to·19 1",
        );
}

#[test]
fn several_passes_add_up_to_one() {
    let asked = across().asks(&format!("{{ {WAIT}, during: always }}"), "[area, sex]");
    let one = in_passes(&asked, 1);
    assert_eq!(one.iter().sum::<i64>(), 3);
    assert_eq!(in_passes(&asked, 5), one);
}

#[test]
fn as_many_bins_as_there_may_be() {
    let edges = (0..50).map(|n| (7 * n).to_string()).collect::<Vec<_>>().join(", ");
    across().asks(&format!("{{ {}, edges: [{edges}] }}", WAIT.split(", edges").next().unwrap()), "[area]").gives(
        "hscp days     value
         H1   7·to·13  1
         H2   14·to·20 1",
    );
}

const LENGTHS: &str = "chi mode  minutes
                       P1  phone 0
                       P1  phone 14
                       P1  phone 15
                       P1  video 480
                       P2  phone 15
                       P2  phone -
                       P3  home  481
                       P3  home  29
                       P5  home  30";

#[test]
fn rows_by_a_number_with_blanks_unknown() {
    let asked = |more: &str, by: &str| {
        let measure = format!("{{ histogram: contacts.minutes, edges: [0, 15, 16, 30], {more} }}");
        board().with("contacts", LENGTHS).asks(&measure, by)
    };
    asked("per_person: { cells: 9, events: 9 }", "[area]").gives(
        "hscp    value       value
         H1      0·to·14     2
         H1      15          2
         H1      30·and·over 1
         H1      unknown     1
         H2      16·to·29    1
         unknown 30·and·over 1",
    );
    let by_mode = asked("per_person: { cells: 9, events: 1 }, where: \"mode <> 'home'\"", "[area, mode]");
    by_mode.gives(
        "hscp mode  value       value
         H1   phone 0·to·14     1
         H1   phone 15          2
         H1   phone unknown     1
         H1   video 30·and·over 1",
    );
    let bounds = Bounds::new(2, 0, 3).unwrap();
    let planned = asked("per_person: { cells: 2, events: 3 }", "[area]").exact().planned;
    // At both levels; where the bins are added up, a person's two cells may be one.
    let summed = Bounds::new(1, 0, 6).unwrap();
    assert_eq!(planned, [bounds, bounds, summed, summed]);
}

#[test]
fn what_may_lie_below_the_least_edge_has_a_bin_there() {
    board()
        .with(
            "contacts",
            "chi balance
             P1  -5
             P1  -6
             P1  -1000000000000
             P3  -4
             P3  0
             P3  -",
        )
        .asks("{ histogram: contacts.balance, edges: [-5, 0], per_person: { cells: 9, events: 9 } }", "[area]")
        .gives(
            "hscp value      value
             H1   under·-5   2
             H1   -5·to·-1   1
             H2   -5·to·-1   1
             H2   0·and·over 1
             H2   unknown    1",
        );
}

#[test]
fn a_histogram_of_a_practices_work_is_clamped_for_the_practice() {
    board()
        .with("practices", "practice_code data_zone\nG1 Z1\nG2 Z3")
        .with("practitioners", "clp_id practice_code\nC1 G1\nC2 G2")
        .with("patients", "chi practice_code data_zone\nP1 10002 Z1\nP2 10002 Z3\nP3 20004 Z1")
        .with("contacts", "chi clp_id minutes\nP1 C1 5\nP2 C1 6\nP2 C1 6\nP3 C2 20\nP3 C2 -")
        .asks_of_practices(
            "{ histogram: contacts.minutes, edges: [0, 15], per_person: { cells: 2, events: 2 }, \
             per_practice: { between: [0, 2] } }",
            "[area]",
        )
        .gives(
            "hscp value       value
             H1   0·to·14     2
             H2   15·and·over 1
             H2   unknown     1",
        );
}
