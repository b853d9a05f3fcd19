//! Targets, expectations and shares by level; and a plan made before anything private is there.

use super::super::plan::Target;
use super::*;

const DEMO: &str = "configs/demo.yaml";
const REACH: &str = "reports/reach.yaml";

/// The board with `lines` at the head of reach.yaml, from its second line on.
fn with(lines: &str) -> Board {
    Board::new().edit(REACH, "title:", &format!("{lines}title:"))
}

#[test]
fn one_target_or_several() {
    let targets = |board: Board| board.load().map(|plan| plan.reports[0].targets.clone()).unwrap();
    let one = with("target: { measure: referred, level: hscp, within: 10 }\n");
    assert_eq!(one.printed(), "nothing to complain about");
    assert_eq!(targets(one), [Target { measure: 1, level: 1, within: 10 }]);
    let several = with(
        "target:\n  - { measure: referred, level: hscp, within: 10 }\n  \
         - { measure: referred, level: health_board, within: 4 }\n",
    );
    assert_eq!(targets(several).len(), 2);
    assert_eq!(targets(Board::new()), []);
}

#[test]
fn targets_that_lead_nowhere() {
    let slips = with(
        "target:\n  - { measure: refered, level: hspc, within: 0 }\n  - { measure: referred, level: hscp, within: 9 }\n  \
         - { measure: referred, level: hscp, within: 8 }\n",
    );
    assert_eq!(
        slips.short(),
        [
            "reach.yaml:3:16 unknown measure `refered` | did you mean `referred`?",
            "reach.yaml:3:32 unknown level `hspc` | did you mean `hscp`?",
            "reach.yaml:3:46 must be at least 1 | figures that are exact cannot be released",
            "reach.yaml:5:16 `referred` at hscp already has a target | keep the one that is meant",
        ]
    );
}

#[test]
fn a_target_that_is_no_target_as_printed() {
    let expected = "\
error: expected a whole number, found `near`
 --> reports/reach.yaml:2:51
  |
2 | target: { measure: referred, level: hscp, within: near }
  |                                                   ^^^^";
    assert_eq!(with("target: { measure: referred, level: hscp, within: near }\n").printed(), expected);
}

#[test]
fn shares_by_level() {
    let board = with("levels: { hscp: 3 }\n");
    assert_eq!(board.load().unwrap().reports[0].level_shares, [1, 3]);
    assert_eq!(board.load().unwrap().reports[1].level_shares, [1, 1]);
    let slips = with("levels: { hspc: 3, hscp: 0 }\n");
    assert_eq!(
        slips.short(),
        [
            "reach.yaml:2:11 unknown level `hspc` | did you mean `hscp`?",
            "reach.yaml:2:26 must be at least 1 | a level without a share of the loss cannot be released",
        ]
    );
}

#[test]
fn expectations() {
    let expecting = |rate: &str| {
        let lines = format!("    persons: referrals\n    expect: {{ per_1000: {rate} }}");
        Board::new().edit(REACH, "    persons: referrals", &lines)
    };
    assert_eq!(expecting("2.5").load().unwrap().reports[0].measures[1].expect_per_1000, Some(2.5));
    assert_eq!(Board::new().load().unwrap().reports[0].measures[1].expect_per_1000, None);
    for rate in ["0", "-1", ".inf", ".nan"] {
        let told = expecting(rate).short();
        assert_eq!(told.len(), 1, "{rate}: {told:?}");
        assert!(told[0].starts_with("reach.yaml:13:"), "{rate}: {told:?}");
    }
}

#[test]
fn figures_by_practice_expect_nothing_of_areas() {
    let lines = "    persons: contacts\n    expect: { per_1000: 5 }\n";
    let board = Board::new().edit(DEMO, "reports: [reach, bridge", "reports: [load, reach, bridge");
    let told = board.edit("reports/load.yaml", "    persons: contacts\n", lines).short();
    let message = "`expect` is by where people live, and this report places figures by practice";
    assert!(told.iter().any(|told| told.starts_with("load.yaml:") && told.contains(message)), "{told:?}");
}

#[test]
fn how_many_people_live_in_an_area() {
    assert_eq!(Board::new().load().unwrap().geography.population.as_deref(), Some("population"));
    let named =
        |column: &str| Board::new().edit(DEMO, "geography:\n", &format!("geography:\n  population: {column}\n"));
    assert_eq!(named("simd_rank").load().unwrap().geography.population.as_deref(), Some("simd_rank"));
    let told = named("popluation").short();
    assert!(
        matches!(&told[..], [only] if only.starts_with("demo.yaml:")
            && only.ends_with(":15 `data_zones` has no column of whole numbers `popluation` | did you mean `population`?")),
        "{told:?}"
    );
    // The official lookup has none, which is no mistake.
    let official = Board::new().edit(
        DEMO,
        "data_zones: out/demo/extracts/public/data_zones.csv",
        "data_zones: { path: out/demo/extracts/x.csv, schema: simd2020v2 }",
    );
    assert_eq!(official.load().unwrap().geography.population, None);
}

#[test]
fn looking_ahead_needs_nothing_private() {
    let board = Board::new().real();
    fs::remove_dir_all(board.path("out/demo/extracts/practices")).unwrap();
    fs::remove_dir_all(board.path("out/demo/extracts/organisations")).unwrap();
    fs::remove_file(board.path("out/demo/demo.key")).unwrap();
    // Six private tables and the key; a run needs them all.
    assert_eq!(board.short().len(), 7);
    assert!(load_ahead(&board.path(DEMO)).is_ok());
    fs::remove_file(board.path("out/demo/extracts/public/data_zones.csv")).unwrap();
    assert!(load_ahead(&board.path(DEMO)).is_err());
}
