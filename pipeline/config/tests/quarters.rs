//! The reported quarter, and `{quarter}` in paths.

use super::super::plan::Origin;
use super::*;

const DEMO: &str = "configs/demo.yaml";
const FOLDER: &str = "folder: out/demo/extracts";

fn quarter(text: &str) -> Quarter {
    text.parse().unwrap()
}

/// The demo as it ships, with a folder a quarter.
fn by_quarter() -> Board {
    let board = Board::new();
    let path = board.path(DEMO);
    let yaml = fs::read_to_string(&path).unwrap().replace("out/demo/extracts", "out/demo/extracts/{quarter}");
    fs::write(path, yaml).unwrap();
    board
}

#[test]
fn a_quarter_that_is_asked_for_stands_in_every_path() {
    let board = by_quarter();
    for (asked, expected) in [(None, "2026-Q3"), (Some(quarter("2024-Q4")), "2024-Q4")] {
        let plan = load_quarter(&board.path(DEMO), asked).unwrap();
        assert_eq!(plan.quarter.to_string(), expected);
        let folder = plan.root.join("out/demo/extracts").join(expected);
        assert_eq!(plan.fictional.as_ref().unwrap().folder, folder);
        assert!(plan.sources.iter().all(|source| {
            source
                .origins
                .iter()
                .all(|origin| matches!(origin, Origin::Files(files) if files.glob.starts_with(&folder)))
        }));
    }
    assert_eq!(load_ahead_quarter(&board.path(DEMO), Some(quarter("2024-Q4"))).unwrap().quarter, quarter("2024-Q4"));
}

#[test]
fn quarters_since_one_are_planned_oldest_first() {
    let board = by_quarter();
    let quarters = |since: &str, to: Option<&str>| {
        let plans = load_since(&board.path(DEMO), quarter(since), to.map(quarter)).unwrap();
        plans.iter().map(|plan| plan.quarter.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(quarters("2025-Q4", None), ["2025-Q4", "2026-Q1", "2026-Q2", "2026-Q3"]);
    assert_eq!(quarters("2025-Q4", Some("2026-Q1")), ["2025-Q4", "2026-Q1"]);
    assert_eq!(quarters("2026-Q3", None), ["2026-Q3"]);
    let late = load_since(&board.path(DEMO), quarter("2026-Q4"), None).unwrap_err().to_string();
    assert!(late.contains("`--since 2026-Q4` is later than the last quarter to run, 2026-Q3"), "{late}");
}

#[test]
fn nothing_else_stands_in_braces() {
    let board = Board::new()
        .edit(DEMO, FOLDER, "folder: out/demo/extracts/{Quarter}")
        .edit(DEMO, "practices/*/referrals.csv", "practices/{practice}/referrals.csv")
        .edit(DEMO, "practices/*/contacts.csv", "practices/{quarter/contacts.csv");
    let help = "only `{quarter}` may stand in braces | it is replaced by the reported quarter, as `2026-Q3`";
    let found = board.short();
    let braces = found.iter().filter(|it| it.contains("braces")).cloned().collect::<Vec<_>>();
    let places = ["14:29", "20:42", "21:41"];
    assert_eq!(braces, places.map(|place| format!("demo.yaml:{place} {help}")));
    let printed = board.printed();
    assert!(
        printed
            .contains("practices/{practice}/referrals.csv\n   |                                          ^^^^^^^^^^"),
        "{printed}"
    );
}

#[test]
fn a_fictional_folder_of_one_quarter_holds_no_other() {
    let board = Board::new();
    assert!(load_quarter(&board.path(DEMO), Some(quarter("2026-Q3"))).is_ok());
    let Err(Error::Config(complaints)) = load_quarter(&board.path(DEMO), Some(quarter("2026-Q2"))) else {
        panic!("one folder for two quarters")
    };
    let text = complaints.to_string();
    assert!(text.contains("holds the fictional extracts of one quarter, and 2026-Q2 is asked for"), "{text}");
    assert!(text.contains("demo.yaml:14:11"), "{text}");
}

#[test]
fn a_quarter_that_is_none_is_told_of_alone() {
    let found = by_quarter().edit(DEMO, "quarter: 2026-Q3", "quarter: 2026-Q5").short();
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("`2026-Q5` is not a calendar quarter"), "{found:?}");
}

#[test]
fn a_series_has_a_length() {
    let series = |to: &str| Board::new().edit(DEMO, "series: 8", to);
    assert_eq!(series("series: 0").load().unwrap().publish.series, 0);
    assert_eq!(series("# none").load().unwrap().publish.series, 8);
    let found = series("series: 41").short();
    assert_eq!(found.len(), 1);
    assert!(found[0].ends_with("a series of 41 quarters is longer than 40 | 0 for none; 8 unless said"), "{found:?}");
}
