//! Working links: distinct pairs of a practitioner and an organisation, new ones and lasting ones.

use std::fs;

use super::board::{Asked, Board, board, chi, linked, of_practices, report};
use crate::config::plan::Plan;
use crate::error::Error;
use crate::privacy::Bounds;
use crate::progress::{Progress, Telling};
use crate::run::intake::Intake;
use crate::store::Store;

/// Two practitioners at the first practice, one at the second, none at the third; and one without a post.
fn staffed() -> Board {
    board()
        .with(
            "practices",
            "practice_code data_zone
             G1            Z1
             G2            Z3
             G3            Z4",
        )
        .with(
            "practitioners",
            "clp_id practice_code
             C1     G1
             C2     G1
             C3     G2",
        )
        .with(
            "patients",
            "chi practice_code data_zone
             P1  G1            Z4
             P2  G1            Z3
             P3  G2            Z1
             P4  G3            Z4",
        )
}

impl Board {
    /// The measure of a report over a quarter that another one went before: its own extracts, which the store took in
    /// first. Tables have as many files in both.
    fn asked_after(&self, before: &Board, report: &str) -> Asked {
        let asked = Asked::of(before.folder(&[("spec", report)]));
        ingest_earlier(&asked.plan);
        self.write_extracts(&asked.plan.root);
        asked
    }
}

/// Takes a plan's extracts into the store as those of the quarter before.
pub fn ingest_earlier(plan: &Plan) {
    let plan = Plan { quarter: plan.quarter.before(1), ..plan.clone() };
    let store = Store::open(&plan.work, &plan.quarter.to_string(), || ()).unwrap();
    let progress = Progress::new(Telling::Quiet);
    let mut intake = Intake::new(&plan, &store, &progress, 1).unwrap();
    intake.public().unwrap();
    intake.private().unwrap();
}

fn links(more: &str) -> String {
    format!("{{ pairs: onward_referrals, of: [clp_id, org_id], {more} }}")
}

const ROWS: &str = "chi clp_id org_id made_on
    P1  C1     O1     2024-08-15
    P1  C1     O1     2024-08-16
    P2  C1     O1     2024-07-01
    P2  C1     O2     2024-09-30
    P1  C2     O1     2024-08-15
    P3  C3     O1     2024-08-15
    P3  C3     O3     2024-08-15
    P3  C3     -      2024-08-15
    P1  C1     O9     2024-08-15
    P2  C1     -      2024-08-15
    P2  C2     -      2024-08-15
    P1  C2     O2     2024-06-30
    P1  C2     O3     2024-10-01
    P3  C1     O2     2024-08-15
    P4  C9     O2     2024-08-15
    P3  -      O2     2024-08-15
    P9  C2     O2     2024-08-15";

/// O1 is a food service, O2 exercise, and O3 is of no known type; an organisation that is on no list is the unknown one, of
/// which a practitioner has one link at most. The last six rows are of other quarters, of a patient of another practice, of
/// practitioners without a post, and of somebody who is registered nowhere.
const CELLS: &str = "hscp service_type value
    H1   food         2
    H1   exercise     1
    H1   unknown      2
    H2   food         1
    H2   unknown      2";

#[test]
fn a_link_is_one_pair_however_many_people_and_rows_it_has() {
    let board = staffed().with("onward_referrals", ROWS);
    let clamped = links("per_person: { pairs: 9 }, per_practice: { between: [0, 60] }");
    board.asks_of_practices(&clamped, "[area, service_type]").gives(CELLS);
    board.asks_of_practices(&clamped, "[area, simd_quintile]").gives(
        "hscp simd_quintile value
         H1   1             5
         H2   1             3",
    );
}

/// Placed by where the practice is, and not by where patients live: otherwise a link would count in each of their areas.
#[test]
fn where_patients_alone_are_protected_a_link_is_placed_by_its_practice_too() {
    let board = staffed().with("onward_referrals", ROWS);
    board.asks(&links("per_person: { pairs: 9 }"), "[area, service_type]").gives(CELLS);
    board
        .asks(&links("per_person: { pairs: 9 }, where: \"kind = 'signposted'\""), "[area, service_type]")
        .gives("hscp service_type value");
}

/// A pair is of the codes that the organisation has, and its rows may differ in theirs: such a dimension is not given.
#[test]
fn rows_that_differ_in_their_own_codes_are_one_link() {
    staffed()
        .with("contacts", "chi clp_id org_id mode\nP1 C1 O1 phone\nP1 C1 O1 video\nP2 C1 O2 phone")
        .asks("{ pairs: contacts, of: [clp_id, org_id], per_person: { pairs: 2 } }", "[area, service_type]")
        .gives("hscp service_type value\nH1 food 1\nH1 exercise 1");
}

#[test]
fn a_practices_links_are_clamped_a_cell() {
    let rows = "chi clp_id org_id\nP1 C1 O1\nP1 C1 O2\nP2 C2 O1\nP2 C2 O2\nP2 C1 O3\nP3 C3 O1";
    let asked = |by: &str| {
        let clamped = links("per_person: { pairs: 9 }, per_practice: { between: [0, 3] }");
        staffed().with("onward_referrals", rows).asks_of_practices(&clamped, by)
    };
    asked("[area]").gives("hscp value\nH1 3\nH2 1");
    asked("[area, service_type]").gives("hscp service_type value\nH1 food 2\nH1 exercise 2\nH1 unknown 1\nH2 food 1");
}

/// Someone who alone holds hundreds of pairs shows in as many as they may; which, is their own.
#[test]
fn a_person_counts_for_few_pairs_and_each_keeps_their_own() {
    let posts = (0..200).map(|n| format!("C{n} G1\n")).collect::<String>();
    let rows = (0..200).flat_map(|n| (1..=3).map(move |org| format!("P1 C{n} O{org}\n"))).collect::<String>();
    let hostile = board()
        .with("practices", "practice_code data_zone\nG1 Z1")
        .with("practitioners", &format!("clp_id practice_code\n{posts}"))
        .with("patients", "chi practice_code\nP1 G1")
        .with("onward_referrals", &format!("chi clp_id org_id\n{rows}"));
    for (pairs, value) in [(1, 1), (3, 3), (599, 599), (1000, 600)] {
        let asked = links(&format!("per_person: {{ pairs: {pairs} }}"));
        hostile.asks(&asked, "[area]").gives(&format!("hscp value\nH1 {value}"));
    }
    // Twenty people with the same four pairs, of which each keeps one: by chance all keep the same in one case of 4^19.
    let people = (100..).filter_map(chi).take(20).collect::<Vec<_>>();
    let homes = people.iter().map(|chi| format!("{chi} G1\n")).collect::<String>();
    let rows = people.iter().map(|chi| format!("{chi} C1 O1\n{chi} C1 O2\n{chi} C2 O1\n{chi} C2 -\n"));
    let alike = staffed()
        .with("patients", &format!("chi practice_code\n{homes}"))
        .with("onward_referrals", &format!("chi clp_id org_id\n{}", rows.collect::<String>()));
    let kept = alike.asks(&links("per_person: { pairs: 1 }"), "[area]").exact().at(0);
    assert!(kept.values().all(|value| (2..=4).contains(value)), "{kept:?}");
}

/// Of 400 people who keep one of two pairs, about half keep each, wherever the two differ: six standard deviations.
#[test]
fn no_pair_is_favoured() {
    let people = (100..).filter_map(chi).take(400).collect::<Vec<_>>();
    let of_each = |text: &dyn Fn(usize, &String) -> String| {
        people.iter().enumerate().map(|(number, chi)| text(number, chi) + "\n").collect::<String>()
    };
    // Each has a practitioner of their own, so that every pair of theirs counts apart; C1 is everyone's.
    for (one, other) in [("D O1", "D O2"), ("D O2", "D -"), ("D O2", "C1 O2"), ("D O2", "C1 O3"), ("D -", "C1 -")] {
        let own = |pair: &str, number: usize| pair.replace('D', &format!("D{number}"));
        let exact = staffed()
            .with("practitioners", &format!("clp_id practice_code\nC1 G1\n{}", of_each(&|n, _| format!("D{n} G1"))))
            .with("patients", &format!("chi practice_code\n{}", of_each(&|_, chi| format!("{chi} G1"))))
            .with(
                "onward_referrals",
                &format!(
                    "chi clp_id org_id\n{}",
                    of_each(&|n, chi| format!("{chi} {}\n{chi} {}", own(one, n), own(other, n)))
                ),
            )
            .asks(&links("per_person: { pairs: 1 }"), "[area, service_type]")
            .exact();
        let cells = exact.at(0);
        // Those of the first kind, or all but the one that everyone shares.
        let first = match other.starts_with('D') {
            true => {
                cells[&vec![super::board::word("B1"), if one == "D O1" { "food".into() } else { "exercise".into() }]]
            }
            false => cells.values().sum::<i64>() - 1,
        };
        assert!((140..=260).contains(&first), "{one} against {other}: {first} of 400");
    }
}

#[test]
fn the_noise_is_for_all_pairs_of_a_person_in_one_cell() {
    let bounds = |asked: &Asked| {
        let exact = asked.exact();
        assert_eq!(exact.cells[0].bounds(), Some(&exact.planned[0]), "what is proved is what was planned");
        exact.planned[0]
    };
    let of = |cells, low, high| Bounds::new(cells, low, high).unwrap();
    let board = staffed().with("onward_referrals", "chi clp_id org_id\nP1 C1 O1");
    let alone = links("per_person: { pairs: 3 }");
    assert_eq!(bounds(&board.asks(&alone, "[area]")), of(1, -3, 3));
    assert_eq!(bounds(&board.asks(&alone, "[area, simd_quintile, service_type]")), of(3, -3, 3));
    let both = |pairs: u32| links(&format!("per_person: {{ pairs: {pairs} }}, per_practice: {{ between: [0, 60] }}"));
    assert_eq!(bounds(&board.asks_of_practices(&both(3), "[area]")), of(1, -60, 60));
    assert_eq!(bounds(&board.asks_of_practices(&both(3), "[area, service_type]")), of(11, -60, 60));
    assert_eq!(bounds(&board.asks_of_practices(&both(99), "[area]")), of(1, -99, 99));
}

/// The quarter before. O0 has closed since, so that every organisation has another row number now.
fn spring(rows: &str) -> Board {
    staffed()
        .with("organisations", "org_id service_type\nO0 food\nO1 food\nO2 exercise\nO3 -")
        .with("onward_referrals", &format!("chi clp_id org_id made_on\n{rows}"))
}

fn summer(rows: &str) -> Board {
    staffed()
        .with("organisations", "org_id service_type\nO1 food\nO2 exercise\nO3 -")
        .with("onward_referrals", &format!("chi clp_id org_id made_on\n{rows}"))
}

const SPRING: &str = "P1 C1 O1 2024-05-15
    P2 C1 O2 2024-06-30
    P3 C3 O1 2024-04-01
    P1 C2 O0 2024-05-15
    P2 C2 O3 2024-05-15
    P1 C2 O1 2024-08-15
    P3 C3 -  2024-05-15
    P6 C1 O3 2024-05-15
    P2 C9 O2 2024-05-15";
/// The second and third are of other people than in spring.
const SUMMER: &str = "P1 C1 O1 2024-08-15
    P1 C1 O2 2024-08-15
    P3 C3 O1 2024-08-15
    P2 C2 O1 2024-08-15
    P2 C2 -  2024-08-15
    P1 C2 O2 2024-08-15
    P1 C2 O2 2024-05-15
    P3 C3 -  2024-08-15
    P1 C1 O3 2024-08-15";

fn since(keep: &str, more: &str) -> String {
    links(&format!("against: previous_quarter, keep: {keep}, {more}"))
}

/// Spring has C1-O1, C1-O2, C2-O3, C3-O1, C3 with somebody unknown, and C2 with O0, which has closed. Not in spring are a row
/// of its extract that is dated in summer, one of somebody whom no practice has registered since, and one of summer's
/// extract that is dated in spring.
#[test]
fn a_link_lasts_where_both_quarters_have_it_and_is_new_where_only_this_one_has() {
    let asked = |keep: &str| {
        let alone = report("[area, service_type]", &[("asked", &since(keep, "per_person: { pairs: 9 }"))]);
        let clamped = since(keep, "per_person: { pairs: 9 }, per_practice: { between: [0, 60] }");
        let both = of_practices("[area, service_type]", &[("asked", &clamped)]);
        [alone, both].map(|report| summer(SUMMER).asked_after(&spring(SPRING), &report))
    };
    for lasting in asked("lasting") {
        lasting.gives(
            "hscp service_type value
             H1   food         1
             H1   exercise     1
             H2   food         1
             H2   unknown      1",
        );
    }
    for new in asked("new") {
        new.gives(
            "hscp service_type value
             H1   food         1
             H1   exercise     1
             H1   unknown      2",
        );
    }
}

/// Of both quarters' pairs together a person keeps so many: one who keeps one pair has none that lasts beside a new one.
#[test]
fn a_person_keeps_so_many_pairs_of_both_quarters_together() {
    let (before, now) = ("P1 C1 O1 2024-05-15", "P1 C1 O1 2024-08-15\nP1 C1 O2 2024-08-15\nP1 C1 O3 2024-08-15");
    let count = |keep: &str, pairs: u32| {
        let report = report("[area]", &[("asked", &since(keep, &format!("per_person: {{ pairs: {pairs} }}")))]);
        summer(now).asked_after(&spring(before), &report).exact().at(0).values().sum::<i64>()
    };
    assert_eq!((count("lasting", 3), count("new", 3)), (1, 2));
    let new = count("new", 2);
    assert!((1..=2).contains(&new), "{new}");
    assert!(count("lasting", 1) <= 1 && count("new", 1) <= 1);
}

fn asks_new(board: &Board, before: Option<&Board>) -> Asked {
    let report = report("[area]", &[("asked", &since("new", "per_person: { pairs: 3 }"))]);
    match before {
        Some(before) => board.asked_after(before, &report),
        None => board.asks(&since("new", "per_person: { pairs: 3 }"), "[area]"),
    }
}

/// What a run would be told before it measures.
fn refused(asked: &Asked) -> String {
    let plan = &asked.plan;
    let store = Store::open(&plan.work, &plan.quarter.to_string(), || ()).unwrap();
    let progress = Progress::new(Telling::Quiet);
    let mut intake = Intake::new(plan, &store, &progress, 1).unwrap();
    intake.public().unwrap();
    let mut private = intake.private().unwrap();
    match intake.earlier(&mut private) {
        Err(Error::Input(text)) => text,
        Err(other) => panic!("{other}"),
        Ok(()) => panic!("nothing was refused"),
    }
}

#[test]
fn a_quarter_before_that_is_not_there_or_under_another_key_is_refused() {
    let advice = "Set the board to `quarter: 2024-Q2` and run `smirr ingest` from its extracts, or measure it without \
                  `against`";
    let text = refused(&asks_new(&summer(SUMMER), None));
    assert_eq!(
        text,
        format!("`asked` is measured against 2024-Q2: the store has no `onward_referrals` of that quarter. {advice}")
    );

    let asked = asks_new(&summer(SUMMER), Some(&spring(SPRING)));
    let key = asked.plan.root.join("spec.key");
    let text = fs::read_to_string(&key).unwrap();
    fs::write(&key, text.trim().chars().rev().collect::<String>()).unwrap();
    let text = refused(&asked);
    assert!(
        text.contains("`onward_referrals` was made under the key ") && text.contains("nobody can be followed"),
        "{text}"
    );
    assert!(text.ends_with(advice), "{text}");
}

#[test]
fn a_quarter_before_that_was_read_otherwise_or_is_damaged_is_refused() {
    let asked = asks_new(&summer(SUMMER), Some(&spring(SPRING)));
    let place = asked.plan.work.join("store/2024-Q2");
    let organisations = place.join("organisations");
    fs::rename(&organisations, place.join("kept")).unwrap();
    let text = refused(&asked);
    assert!(text.contains("the store has no `organisations` of that quarter"), "{text}");
    fs::rename(place.join("kept"), &organisations).unwrap();
    linked(&asked.plan, |linked| assert!(linked.earlier.contains_key("onward_referrals")));

    // The parts of other organisations than those that the rows were read by.
    let part = fs::read_dir(&organisations).unwrap().next().unwrap().unwrap().path().join("manifest.json");
    let text = fs::read_to_string(&part).unwrap();
    let sha = text.find("\"sha256\"").unwrap() + 12;
    let other = format!("{}{}{}", &text[..sha], if &text[sha..=sha] == "0" { "1" } else { "0" }, &text[sha + 1..]);
    fs::write(&part, other).unwrap();
    assert!(refused(&asked).contains("was read by another schema"));
    fs::write(&part, text).unwrap();

    let folder = fs::read_dir(place.join("onward_referrals")).unwrap().next().unwrap().unwrap().path();
    let file = folder.join("part-00000.parquet");
    let whole = fs::read(&file).unwrap();
    fs::write(&file, &whole[..whole.len() - 1]).unwrap();
    assert!(refused(&asked).contains("is damaged"));
}
