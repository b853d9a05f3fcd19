//! A level at which everyone is in one area.

use super::board::{board, exact, linked, plan, report};
use std::fs;

#[test]
fn whoever_is_nowhere_known_is_among_everyone() {
    let rows = "chi data_zone sex
                P1  Z1        F
                P2  Z4        M
                P3  -         F
                P4  S01999998 F";
    let folder = board()
        .with("patients", rows)
        .folder(&[("spec", &report("[area, sex]", &[("asked", "{ persons: patients }")]))]);
    let path = folder.path().join("board.yaml");
    let yaml = fs::read_to_string(&path).unwrap();
    assert!(yaml.contains("levels: [health_board, hscp]"));
    fs::write(&path, yaml.replace("levels: [health_board, hscp]", "levels: [all, hscp]")).unwrap();
    let plan = plan(folder.path());
    let exact = linked(&plan, |linked| exact(&plan, &plan.reports[0].measures[0], linked).unwrap());
    let areas = &exact.grids[0].dimensions[0];
    assert_eq!(
        (exact.grids[0].level.as_str(), areas.heading.as_str(), &areas.values[..]),
        ("all", "Area", &["All".into()][..])
    );
    let cells = |level: usize| {
        let cells = exact.at(level).into_iter().map(|(labels, value)| format!("{} {value}", labels.join(" ")));
        cells.collect::<Vec<_>>()
    };
    assert_eq!(cells(0), ["All F 3", "All M 1"]);
    assert_eq!(cells(1), ["S37000001 F 1", "S37000003 M 1", "unknown F 2"]);
    // One person's cells are as far apart there as anywhere.
    assert_eq!(exact.planned[0], exact.planned[1]);
}
