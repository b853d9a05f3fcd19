//! People by the furthest stage of a pathway.

use super::board::{Asked, Board, board, linked, plan, report};
use crate::measure::grid::FineGrid;
use crate::measure::plan::{Pass, bounded};
use crate::measure::vector::fill;
use crate::privacy::Bounds;

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

#[test]
fn a_person_is_at_the_furthest_stage_that_they_reached_after_all_before_it() {
    pathway().asks(PATHWAY, "[area]").gives(
        "hscp    stage    value
         H1      attended 1
         H1      referred 1
         H2      engaged  1
         unknown sent     1",
    );
}

#[test]
fn a_pathway_is_by_what_is_of_the_person_and_not_of_a_row() {
    let asked = pathway().asks(PATHWAY, "[area, simd_quintile, sex]");
    asked.gives(
        "hscp    simd_quintile sex     stage    value
         H1      1             F       attended 1
         H1      5             M       referred 1
         H2      1             F       engaged  1
         unknown unknown       unknown sent     1",
    );
    // One person, one cell, one: four stages cost what one count costs.
    assert!(asked.exact().planned.iter().all(|planned| *planned == Bounds::new(1, 0, 1).unwrap()));
    assert!(asked.measure().codes.iter().all(|code| code.name != "reason"));
}

const TWO: &str = "funnel: { referred: { rows: referrals }, met: { rows: contacts } }";

#[test]
fn each_stage_is_dated_by_its_own_tables_day_and_in_any_order() {
    let board = board()
        .with(
            "referrals",
            "chi referred_on
             P1  2024-09-30
             P2  2024-07-01
             P3  2024-06-30
             P4  2024-08-01",
        )
        .with(
            "contacts",
            "chi contacted_on
             P1  2024-07-01
             P2  2024-10-01
             P2  2024-06-30
             P3  2024-08-01
             P4  2024-09-30",
        );
    board.asks(&format!("{{ {TWO} }}"), "[area]").gives(
        "hscp stage    value
         H1   met      1
         H1   referred 1
         H3   met      1",
    );
    board.asks(&format!("{{ {TWO}, during: always }}"), "[area]").gives(
        "hscp stage value
         H1   met   2
         H2   met   1
         H3   met   1",
    );
}

#[test]
fn who_lacks_the_first_stage_is_not_counted() {
    board()
        .with("referrals", "chi\nP3")
        .with("contacts", "chi\nP1\nP2\nP3\nP5")
        .asks(&format!("{{ {TWO} }}"), "[area]")
        .gives("hscp stage value\nH2 met 1");
}

#[test]
fn a_table_may_be_several_stages() {
    let stages = "funnel: { met: { rows: contacts }, at_home: { rows: contacts, where: \"mode = 'home'\" }, \
                  long: { rows: contacts, where: \"minutes >= 60\" } }";
    board()
        .with(
            "contacts",
            "chi mode  minutes
             P1  phone 90
             P1  home  20
             P2  video 60
             P3  home  -
             P4  home  60",
        )
        .asks(&format!("{{ {stages} }}"), "[area]")
        .gives(
            "hscp stage   value
             H1   long    1
             H1   met     1
             H2   at_home 1
             H3   long    1",
        );
}

#[test]
fn a_stage_of_the_register_is_who_is_registered_on_the_last_day() {
    let stages = "funnel: { registered: { rows: patients, where: \"sex <> 'M'\" }, referred: { rows: referrals } }";
    board()
        .with(
            "patients",
            "chi data_zone sex registered_on deregistered_on
             P1  Z1        F   2020-01-01    -
             P1  Z3        F   2019-01-01    -
             P2  Z2        M   2020-01-01    -
             P3  Z3        F   2020-01-01    2024-09-30
             P4  Z4        -   2024-09-30    -
             P6  Z1        F   2024-10-01    -",
        )
        .with("referrals", "chi\nP1\nP2\nP3\nP5\nP6")
        .asks(&format!("{{ {stages} }}"), "[area]")
        .gives(
            "hscp stage      value
             H1   referred   1
             H3   registered 1",
        );
}

#[test]
fn a_stage_of_the_register_may_name_the_quarters_days_and_count_with_them() {
    let register = "chi registered_on\nP1 2024-07-02\nP2 2024-06-30\nP3 2024-08-30";
    let funnel = "{ funnel: { referred: { rows: referrals }, \
                  new: { rows: patients, where: \"registered_on - quarter_start between 0 and 31\" } } }";
    let asked = board().with("patients", register).with("referrals", "chi\nP1\nP2\nP3").asks(funnel, "[area]");
    let exact = asked.exact();
    let of = |stage: &str| {
        let cells = exact.at(1).into_iter().filter(|(labels, _)| labels[1] == stage);
        cells.map(|(_, value)| value).sum::<i64>()
    };
    assert_eq!((of("new"), of("referred")), (1, 2));
}

#[test]
fn a_token_that_two_people_claim_takes_both_on() {
    let stages = "funnel: { sent: { rows: onward_referrals }, attended: { rows: attendances } }";
    board()
        .with(
            "onward_referrals",
            "onward_id chi
             TT        P1
             TT        P3
             T2        P2",
        )
        .with("attendances", "onward_id\nTT")
        .asks(&format!("{{ {stages} }}"), "[area]")
        .gives(
            "hscp stage    value
             H1   attended 1
             H1   sent     1
             H2   attended 1",
        );
}

/// The exact cells of a measure, people being read in so many passes.
pub fn in_passes(asked: &Asked, of: u64) -> Vec<i64> {
    let (plan, measure) = (&asked.plan, asked.measure());
    linked(plan, |linked| {
        let fine = FineGrid::new(plan, measure, linked.public).unwrap();
        let mut cells = vec![0; fine.len()];
        for number in 0..of {
            let query = bounded(plan, measure, linked, &fine, Pass { number, of }).unwrap();
            for batch in linked.engine.query(&query.sql, "a test").unwrap() {
                fill(&mut cells, &batch, &query, &fine).unwrap();
            }
        }
        cells
    })
}

#[test]
fn several_passes_add_up_to_one() {
    let with_register = "{ funnel: { registered: { rows: patients }, referred: { rows: referrals } } }";
    for measure in [PATHWAY, with_register] {
        let asked = pathway().asks(measure, "[area, sex]");
        let one = in_passes(&asked, 1);
        assert_eq!(one.iter().sum::<i64>(), 4, "{measure}");
        assert_eq!(in_passes(&asked, 3), one, "{measure}");
    }
}

/// Four counts that each ask for all stages before them say the same, one stage after the other.
#[test]
fn at_least_so_far_is_the_count_of_who_meets_every_stage() {
    let stages = ["referrals", "contacts", "onward_referrals", "attendances"];
    let single =
        stages.map(|table| (table, format!("{{ funnel: {{ a: {{ rows: {table} }}, b: {{ rows: {table} }} }} }}")));
    let people = [&["P1", "P2", "P3", "P4", "P5"][..], &["P2", "P3", "P5"], &["P3", "P4", "P5"], &["P3"]];
    let board = stages
        .iter()
        .zip(people)
        .fold(board(), |board, (table, people)| board.with(table, &format!("chi\n{}", people.join("\n"))));
    let measures = single.iter().map(|(name, text)| (*name, text.as_str())).collect::<Vec<_>>();
    let folder = board.folder(&[("spec", &report("[area]", &measures))]);
    // Every person of a table who has its rows twice is at the last of two equal stages.
    let plan = plan(folder.path());
    for (measure, people) in plan.reports[0].measures.iter().zip(people) {
        let found = linked(&plan, |linked| super::board::exact(&plan, measure, linked).unwrap().at(0));
        assert!(found.keys().all(|labels| labels[1] == "b"), "{found:?}");
        assert_eq!(found.values().sum::<i64>(), people.len() as i64);
    }
    let stages = stages.map(|table| format!("{table}: {{ rows: {table} }}")).join(", ");
    board.asks(&format!("{{ funnel: {{ {stages} }} }}"), "[area]").gives(
        "hscp    stage            value
         H1      referrals        1
         H1      contacts         1
         H2      attendances      1
         H3      referrals        1
         unknown onward_referrals 1",
    );
}
