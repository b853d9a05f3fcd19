//! How many cells a person reaches, by either path, in one pass or several.

use super::board::{Board, Cells, board, chi, exact, linked, plan, report};
use crate::measure::grid::FineGrid;
use crate::measure::plan::{Pass, bounded};
use crate::measure::vector::fill;
use crate::privacy::Bounds;

const REASONS: [&str; 7] = ["housing", "finances", "family", "isolation", "addiction", "bereavement", "employment"];

/// P1 is referred for seven reasons, thrice each; P3 for two, once each.
fn referred() -> Board {
    let p1 = REASONS.map(|reason| format!("P1 {reason}\n").repeat(3)).concat();
    board().with("referrals", &format!("chi reason\n{p1}P3 housing\nP3 family"))
}

#[test]
fn a_person_with_more_cells_keeps_exactly_as_many_as_allowed() {
    for (kind, each) in [("persons: referrals", 1), ("events: referrals", 3)] {
        for cells in 1..=7 {
            let events = if each == 3 { ", events: 5" } else { "" };
            let measure = format!("{{ {kind}, per_person: {{ cells: {cells}{events} }} }}");
            let exact = referred().asks(&measure, "[area, reason]").exact();
            let found = exact.at(1);
            let of = |area: &str| {
                let area = format!("S37{area}");
                found.iter().filter(|(labels, _)| labels[0] == area).map(|(_, value)| *value).collect::<Vec<_>>()
            };
            assert_eq!(of("000001"), vec![each; cells], "{measure}");
            assert_eq!(of("000002"), vec![1; cells.min(2)], "{measure}");
            // What the noise is scaled for is what the query does, and no more.
            let most = if each == 3 { 5 } else { 1 };
            for (grid, private) in exact.grids.iter().zip(&exact.cells) {
                // Over all reasons, a person's cells are one, as high as all of them together.
                let expected = match grid.dimensions.len() {
                    1 => Bounds::new(1, 0, most * cells as i64),
                    _ => Bounds::new(cells as u32, 0, most),
                };
                assert_eq!(private.bounds(), Some(&expected.unwrap()), "{measure}");
            }
            let by_reason = exact.grids.iter().filter(|grid| grid.dimensions.len() == 2).count();
            assert_eq!((by_reason, exact.grids.len()), (2, 4), "{measure}");
        }
    }
}

#[test]
fn with_cells_to_spare_nothing_is_lost() {
    let expected = REASONS.map(|reason| format!("H1 {reason} 3\n")).concat();
    referred()
        .asks("{ events: referrals, per_person: { cells: 12, events: 5 } }", "[area, reason]")
        .gives(&format!("hscp reason value\n{expected}H2 housing 1\nH2 family 1"));
}

#[test]
fn a_bound_of_many_cells_can_be_planned() {
    // Of 55 combinations a person may keep 54. By the mask, that would be a query within a query for each.
    let all =
        ["O1", "O2", "O3"].map(|org| ["engaged", "completed", "-"].map(|outcome| format!("P1 {org} {outcome}\n")));
    board()
        .with("attendances", &format!("chi org_id outcome\n{}", all.as_flattened().concat()))
        .asks("{ persons: attendances, per_person: { cells: 54 } }", "[area, service_type, outcome]")
        .gives(
            "hscp service_type outcome   value
             H1   food         engaged   1
             H1   food         completed 1
             H1   food         unknown   1
             H1   exercise     engaged   1
             H1   exercise     completed 1
             H1   exercise     unknown   1
             H1   unknown      engaged   1
             H1   unknown      completed 1
             H1   unknown      unknown   1",
        );
}

#[test]
fn a_sum_that_could_wrap_is_refused_by_the_people_that_it_could_reach() {
    // One row of half the range fits; a token that three people hold makes three contributions of it.
    let most = i64::MAX / 2 - 1;
    let asked = board()
        .with("attendances", "onward_id\nTT")
        .with("onward_referrals", "onward_id chi\nTT P1\nTT P2\nTT P3")
        .asks(&format!("{{ sum: attendances.sessions, per_person: {{ between: [0, {most}] }} }}"), "[area]");
    linked(&asked.plan, |linked| assert!(exact(&asked.plan, asked.measure(), linked).is_err()));
}

#[test]
fn which_cells_are_kept_is_the_persons_own_affair() {
    // 60 people with the same two reasons, of which each keeps one: if all kept the same one, the choice would follow
    // the list and not the person. By chance alone that happens in one run of 2^59.
    let people = (100..).filter_map(chi).take(60);
    let rows = people.map(|chi| format!("{chi} housing\n{chi} finances\n")).collect::<String>();
    for kind in
        ["persons: referrals, per_person: { cells: 1 }", "events: referrals, per_person: { cells: 1, events: 1 }"]
    {
        let asked =
            board().with("referrals", &format!("chi reason\n{rows}")).asks(&format!("{{ {kind} }}"), "[area, reason]");
        let found = asked.exact().at(1);
        assert_eq!(found.len(), 2, "{kind}");
        assert_eq!(found.values().sum::<i64>(), 60, "{kind}");
    }
}

#[test]
fn many_combinations_agree_with_few() {
    // 220 combinations go by the list, 11 by the mask: summed over source and status they are the same people, where
    // each has one row a reason.
    let rows = "chi reason   source status
                P1  housing  gp     accepted
                P1  finances nurse  declined
                P2  housing  self   waiting
                P3  family   -      accepted
                P4  -        other  -";
    let few =
        board().with("referrals", rows).asks("{ persons: referrals, per_person: { cells: 9 } }", "[area, reason]");
    let many = board()
        .with("referrals", rows)
        .asks("{ persons: referrals, per_person: { cells: 9 } }", "[area, reason, source, status]");
    let (few, many) = (few.exact(), many.exact());
    for level in 0..2 {
        let mut summed = Cells::new();
        for (labels, value) in many.at(level) {
            *summed.entry(labels[..2].to_vec()).or_default() += value;
        }
        assert_eq!(summed, few.at(level));
        assert_eq!(summed.values().sum::<i64>(), 5);
    }
}

#[test]
fn the_wide_and_the_listed_query_agree_on_every_cell() {
    // A row that counts once at most is a person: by the mask and by the list they keep the same cells.
    for cells in 1..=12 {
        let folder = referred().folder(&[(
            "spec",
            &report(
                "[area, reason]",
                &[
                    ("masked", &format!("{{ persons: referrals, per_person: {{ cells: {cells} }} }}")),
                    ("listed", &format!("{{ events: referrals, per_person: {{ cells: {cells}, events: 1 }} }}")),
                ],
            ),
        )]);
        let plan = plan(folder.path());
        let [masked, listed] =
            linked(&plan, |linked| [0, 1].map(|n| exact(&plan, &plan.reports[0].measures[n], linked).unwrap().at(1)));
        assert_eq!(masked, listed, "{cells} cells");
    }
}

#[test]
fn several_passes_add_up_to_one() {
    for measure in [
        "{ persons: referrals, per_person: { cells: 2 } }",
        "{ events: referrals, per_person: { cells: 2, events: 2 } }",
        "{ persons: patients }",
    ] {
        let asked =
            referred().asks(measure, if measure.contains("patients") { "[area, sex]" } else { "[area, reason]" });
        let (plan, measure) = (&asked.plan, asked.measure());
        let passes = |of: u64| {
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
        };
        let one = passes(1);
        assert!(one.iter().any(|value| *value > 0));
        assert_eq!(passes(3), one);
    }
}
