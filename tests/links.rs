//! Links against the quarter before, through the program: where it is not there nothing is spent, and where it changes the
//! figures are a correction.

use std::fs;

use serde_json::Value;

use crate::support::extracts::Extract;
use crate::support::{Board, Size, extracts, files};

const LINKS: &str = "\
title: Working links
protects: [patient, practitioner]
by: [area, service_type]
measures:
  links:
    pairs: onward_referrals
    of: [clp_id, org_id]
    per_person: { pairs: 3 }
    per_practice: { between: [0, 60] }
  new_links:
    pairs: onward_referrals
    of: [clp_id, org_id]
    against: previous_quarter
    keep: new
    per_person: { pairs: 4 }
    per_practice: { between: [0, 60] }
";

fn board() -> Board {
    let mut board = Board::new(&Size::default());
    board.reports(&[("links", LINKS)]);
    board
}

/// Takes the extracts in as those of the quarter before.
fn ingest_earlier(board: &Board) {
    let yaml = fs::read_to_string(board.path("board.yaml")).expect("it is there");
    files::write(&board.path("board.yaml"), yaml.replace("quarter: 2026-Q3", "quarter: 2026-Q2"));
    board.smirr(&["ingest"]).ends(0);
    board.configure();
}

fn reserved(board: &Board) -> usize {
    board.entries("reserved").len()
}

#[test]
fn links_are_measured_against_the_quarter_before_or_nothing_is_spent() {
    let board = board();
    let refused = board.smirr(&["run"]).ends(11);
    let why = "`new_links` is measured against 2026-Q2: the store has no `onward_referrals` of that quarter";
    assert!(refused.stderr.contains(why), "{}", refused.stderr);
    assert_eq!(reserved(&board), 0);
    assert!(!board.path("published").exists(), "something was published");

    ingest_earlier(&board);
    board.smirr(&["run"]).ends(0);
    let figures = board.table("links-hscp");
    let names = figures.iter().map(|row| row["Figure"].as_str()).collect::<std::collections::BTreeSet<_>>();
    assert!(names.contains("links") && names.contains("new_links"), "{names:?}");
    assert_eq!(reserved(&board), 1);
    let again = board.smirr(&["run"]).ends(0);
    assert!(again.stdout.contains("this run cost nothing"), "{}", again.stdout);

    // One more row of the quarter before, and nothing else: what was published of this one is corrected, and pays.
    let extract = files::under(&board.path("extracts/practices")).into_iter();
    let extract = extract.filter(|path| path.ends_with("onward_referrals.csv")).min().expect("there is a practice");
    let text = fs::read_to_string(&extract).expect("it is text");
    let mut row = Extract::read(&extract).rows().last().expect("it has rows").clone();
    row[0].push_str("-again");
    extracts::append(&extract, &[row.join(",")]);
    ingest_earlier(&board);
    files::write(&extract, text);
    // The budget of the quarter is spent: that it asks for more shows that the release is another one.
    let refused = board.smirr(&["run"]).ends(12);
    assert!(!refused.stdout.contains("this run cost nothing"), "{}", refused.stdout);
    assert_eq!(reserved(&board), 1);
}

#[test]
fn links_are_explained_with_both_quarters() {
    let board = board();
    let end = board.smirr(&["explain", "--json"]).ends(0);
    let reports: Value = serde_json::from_str(&end.stdout).expect("it is JSON");
    let (links, new) = (&reports[0]["measures"][0], &reports[0]["measures"][1]);
    assert_eq!(links["counts"], "distinct pairs of `clp_id` and `org_id` in `onward_referrals`, at most 3 a person");
    let which = "in `onward_referrals` that the quarter before has not, at most 4 a person";
    assert!(new["counts"].as_str().is_some_and(|counts| counts.ends_with(which)), "{}", new["counts"]);
    let before = "onward_referrals (private, of the quarter before)";
    assert!(new["lineage"].to_string().contains(before) && !links["lineage"].to_string().contains(before));
    for (measure, pairs) in [(links, 3), (new, 4)] {
        let proofs = &measure["proofs"];
        // One patient: so many pairs. One practitioner: every code of a practice, anywhere within its clamp.
        assert_eq!((&proofs[0]["bounds"]["l0"], &proofs[0]["bounds"]["linf"]), (&pairs.into(), &pairs.into()));
        assert_eq!((&proofs[1]["bounds"]["l0"], &proofs[1]["bounds"]["linf"]), (&11.into(), &60.into()));
        let argument = proofs[0]["argument"].to_string();
        assert!(argument.contains(&format!("at most {pairs} groups have rows of any one patient")), "{argument}");
    }
}
