//! Derived columns, means and people with several rows: what they mean, and each slip where it stands.

use super::super::plan::{CodeValue, Mean, MeasureKind, Number};
use super::*;

const BRIDGE: &str = "reports/bridge.yaml";
const GOOD: &str = "
columns:
  age_band: { of: patients, age: date_of_birth, edges: [0, 16, 75] }
  length: { of: contacts, is: minutes, edges: [5, 15] }
  change: { of: attendances, is: swemwbs_after - swemwbs_before, between: [-28, 40] }
  ends_soon: { of: organisations, when: \"FUNDED_UNTIL<=quarter_end + 183\", heading: EndsSoon }
measures:
  mean_change: { mean: attendances.change, per_person: { rows: 2, between: [-20, 21] } }
  gain: { sum: attendances.change, where: sessions > 0, per_person: { between: [-60, 60] } }
  often: { persons: contacts, at_least: 10 }
";

/// The second report of the demo, with derived columns and measures of them before its own.
fn bridge(from: &str, to: &str) -> Board {
    assert!(GOOD.contains(from), "{from}");
    Board::new().edit(BRIDGE, "by: [area, simd_quintile]", "by: [area, age_band, length, ends_soon]").edit(
        BRIDGE,
        "\nmeasures:\n",
        &GOOD.replacen(from, to, 1),
    )
}

#[test]
fn what_derived_columns_mean() {
    let board = bridge("change", "change");
    assert_eq!(board.printed(), "nothing to complain about");
    let plan = board.load().unwrap();
    let report = &plan.reports[1];
    let named = |name: &str| report.measures.iter().find(|measure| measure.name == name).unwrap();
    let shape = |name: &str| {
        let codes = named(name).codes.iter();
        codes.map(|code| (code.name.clone(), code.table.clone(), code.via.clone())).collect::<Vec<_>>()
    };
    let age = || ("age_band".to_string(), "patients".to_string(), None);
    assert_eq!(shape("often"), [age(), ("length".to_string(), "contacts".to_string(), None)]);
    assert_eq!(shape("gain"), [age(), ("ends_soon".into(), "organisations".into(), Some("org_id".into()))]);
    let [_, ends] = &named("gain").codes[..] else { panic!("two dimensions") };
    assert_eq!(
        (&ends.heading[..], &ends.codes[..], ends.unknown),
        ("EndsSoon", &["yes".into(), "no".into()][..], true)
    );
    // 2026-09-30 is day 20726.
    let condition = "FUNDED_UNTIL <= CAST(CAST(CAST(CAST(CAST(20726 AS INT) AS DATE) AS INT) + 183 AS INT) AS DATE)";
    let computed = format!("CASE WHEN {condition} THEN 0 WHEN NOT ({condition}) THEN 1 ELSE 2 END");
    assert_eq!(ends.value, CodeValue::Computed(computed.clone()));
    assert_eq!(ends.source(), computed);
    // Nobody is known to have no minutes below 5: the contract says 0 to 480.
    assert_eq!(named("often").codes[1].codes, ["under 5", "5 to 14", "15 and over"]);
    assert_eq!(named("often").codes[0].heading, "AgeBand");
    assert_eq!((named("often").at_least, named("gain").at_least), (10, 1));
    let of = Number { sql: "swemwbs_after - swemwbs_before".into(), between: (-28, 40), centre: 0, rows: None };
    assert_eq!(named("gain").kind, MeasureKind::Sum { of, between: (-60, 60) });
    assert_eq!(named("gain").unit, "change");
}

#[test]
fn a_mean_is_two_measures() {
    let plan = bridge("change", "change").load().unwrap();
    let report = &plan.reports[1];
    let last = report.measures.len() - 1;
    let mean = Mean {
        name: "mean_change".into(),
        label: "Mean change".into(),
        sum: 0,
        count: last,
        centre: 0,
        between: (-20, 21),
    };
    assert_eq!(report.means, [mean]);
    let [sum, rows] = [0, last].map(|at| &report.measures[at]);
    assert_eq!((&sum.name[..], &rows.name[..]), ("mean_change", "mean_change_rows"));
    let of = Number { sql: "swemwbs_after - swemwbs_before".into(), between: (-20, 21), centre: 0, rows: Some(2) };
    assert_eq!(sum.kind, MeasureKind::Sum { of, between: (-40, 42) });
    assert_eq!(rows.kind, MeasureKind::Events { at_most: 2 });
    assert_eq!(sum.filter.as_deref(), Some("(swemwbs_after - swemwbs_before) is not null"));
    assert_eq!((&rows.filter, &rows.codes, rows.share), (&sum.filter, &sum.codes, sum.share));
    // The others stand where the YAML has them, so that rates lead to the right ones.
    assert_eq!(report.rates.iter().map(|rate| (rate.of, rate.over)).collect::<Vec<_>>(), [(4, 3), (5, 3), (6, 3)]);
}

#[test]
fn the_middle_of_a_mean_is_that_of_what_a_value_can_be() {
    let plan = bridge("[-20, 21]", "[-100, 1000]").load().unwrap();
    let mean = &plan.reports[1].means[0];
    assert_eq!((mean.between, mean.centre), ((-28, 40), 6));
    let MeasureKind::Sum { of, between } = &plan.reports[1].measures[mean.sum].kind else { panic!("a sum") };
    assert_eq!((of.centre, of.between, *between), (6, (-28, 40), (-68, 68)));
}

#[test]
fn slips_in_derived_columns() {
    let slips = [
        ("of: patients", "of: patient", "bridge.yaml:6:19 unknown table `patient` | did you mean `patients`?"),
        (
            "age: date_of_birth",
            "age: date_of_brith",
            "bridge.yaml:6:34 `patients` has no column `date_of_brith` | did you mean `date_of_birth`?",
        ),
        ("age: date_of_birth", "age: sex", "bridge.yaml:6:34 `sex` is not a date"),
        (", edges: [0, 16, 75]", "", "bridge.yaml:6:3 an age needs `edges`"),
        ("[0, 16, 75]", "[0, 16, 16]", "bridge.yaml:6:64 each edge is greater than the one before"),
        ("[0, 16, 75]", "[]", "bridge.yaml:6:56 at least one edge is needed"),
        ("[0, 16, 75]", "[0, 16, 175]", "bridge.yaml:6:64 an age is of 0 to 150 years"),
        ("age_band: {", "sex: {", "bridge.yaml:6:3 `sex` is already a column of `patients`"),
        ("age_band: {", "area: {", "bridge.yaml:6:3 `area` already names a dimension"),
        ("age_band: {", "simd_quintile: {", "bridge.yaml:6:3 `simd_quintile` already names a dimension"),
        ("age_band: {", "AgeBand: {", "bridge.yaml:6:3 `AgeBand` is not a name"),
        ("age_band: {", "age_bend: {", "bridge.yaml:4:12 unknown dimension `age_band` | did you mean `age_bend`?"),
        ("is: minutes", "is: minuts", "bridge.yaml:7:31 `contacts` has no column `minuts` | did you mean `minutes`?"),
        ("is: minutes", "is: minutes > 5", "bridge.yaml:7:31 this is not a whole number"),
        ("is: minutes", "is: minutes, when: minutes > 5", "bridge.yaml:7:3 exactly one of `age`, `is` and `when`"),
        (
            "is: minutes, edges: [5, 15]",
            "is: minutes",
            "bridge.yaml:7:3 exactly one of `edges` and `between` is needed",
        ),
        (
            "is: minutes, edges",
            "is: minutes, between: [0, 9], edges",
            "bridge.yaml:7:3 exactly one of `edges` and `between`",
        ),
        (
            "is: minutes, edges: [5, 15]",
            "is: minutes, between: [0, 9]",
            "bridge.yaml:4:22 `length` is a number, and a dimension has codes",
        ),
        ("[5, 15]", "[5, 9999999999999999]", "bridge.yaml:7:47 an edge is of at most 1000000000000000"),
        ("between: [-28, 40]", "between: [40, -28]", "bridge.yaml:8:75 the range is back to front"),
        (
            "between: [-28, 40]",
            "between: [29, 40]",
            "bridge.yaml:8:75 every value is of -28 to 28: none lies in this range",
        ),
        (
            "swemwbs_after - swe",
            "9223372036854775807 + swe",
            "bridge.yaml:8:34 `9223372036854775807 + swemwbs_before` may not fit 64 bits",
        ),
        ("of: organisations", "of: practices", "bridge.yaml:9:38 `practices` has no column `FUNDED_UNTIL`"),
        ("quarter_end + 183", "quarter_end + funding_gbp", "bridge.yaml:9:56 `quarter_end + funding_gbp` may be a day"),
        ("quarter_end + 183\"", "quarter_end + 183\", edges: [1]", "bridge.yaml:9:76 `edges` means nothing for `when`"),
        ("quarter_end + 183\"", "quarter_end + 183\", between: [1, 2]", "bridge.yaml:9:76 `between` bounds a number"),
        (
            "mean: attendances.change",
            "mean: attendances.chnge",
            "bridge.yaml:11:36 `attendances` has no column `chnge` | did you mean `change`?",
        ),
        (
            "mean: attendances.change",
            "mean: contacts.change",
            "bridge.yaml:11:33 `change` is derived of `attendances`, not of `contacts`",
        ),
        (
            "mean: attendances.change",
            "mean: contacts.length",
            "bridge.yaml:11:33 `length` is a list of codes, not a number",
        ),
        ("mean: attendances.change", "mean: attendances", "bridge.yaml:11:24 a mean needs a column"),
        (", between: [-20, 21]", "", "bridge.yaml:11:3 a mean needs a range"),
        ("[-20, 21]", "[21, 21]", "bridge.yaml:11:76 the second must be greater than the first"),
        (
            "[-20, 21]",
            "[40, 41]",
            "bridge.yaml:11:76 every value is of -28 to 40: this range leaves one of them at most",
        ),
        (
            "[-20, 21]",
            "[-50, -28]",
            "bridge.yaml:11:76 every value is of -28 to 40: this range leaves one of them at most",
        ),
        ("rows: 2", "rows: 0", "bridge.yaml:11:64 must be at least 1"),
        ("rows: 2", "events: 2", "bridge.yaml:11:58 `events` means nothing for `mean`"),
        ("gain:", "mean_change_rows:", "bridge.yaml:11:3 `mean_change_rows` is the number of rows of this mean"),
        ("at_least: 10", "at_least: 0", "bridge.yaml:13:41 must be at least 1"),
        ("persons: contacts", "persons: patients", "bridge.yaml:13:31 everyone counts once in `patients`"),
        (
            "{ persons: contacts, at",
            "{ events: contacts, per_person: { events: 3 }, at",
            "bridge.yaml:13:57 `at_least` means nothing for `events`",
        ),
        (
            "where: sessions > 0",
            "where: sessions > 0, at_least: 3",
            "bridge.yaml:12:57 `at_least` means nothing for `sum`",
        ),
    ];
    let mut wrong = Vec::new();
    for (from, to, expected) in slips {
        let found = bridge(from, to).short();
        if !found.iter().any(|line| line.starts_with(expected)) {
            wrong.push(format!("{to}\nexpected {expected}\nfound {found:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn a_slip_in_a_derived_column_as_printed() {
    let expected = "\
error: `contacts` has no column `minuts`
 --> reports/bridge.yaml:7:31
  |
7 |   length: { of: contacts, is: minuts, edges: [5, 15] }
  |                               ^^^^^^
  |
  = help: did you mean `minutes`?";
    assert_eq!(bridge("is: minutes", "is: minuts").printed(), expected);
}

#[test]
fn a_mean_is_in_no_rate_and_no_target() {
    let rate = bridge("change", "change").edit(
        BRIDGE,
        "\nrates:\n",
        "\nrates:\n  wrong: { of: attended, over: mean_change }\n",
    );
    let found = rate.short();
    assert!(
        found.len() == 1 && found[0].contains("`mean_change` is a mean, and a rate is of two counts or sums"),
        "{found:#?}"
    );
    let target = "\ntarget: { measure: mean_change, level: hscp, within: 5 }\nmeasures:\n";
    let found = bridge("change", "change").edit(BRIDGE, "\nmeasures:\n", target).short();
    assert!(found.len() == 1 && found[0].contains("`mean_change` is a mean, and targets are for"), "{found:#?}");
}

#[test]
fn where_practitioners_are_protected() {
    let load = |from: &str, to: &str| {
        Board::new().edit("configs/demo.yaml", "[reach, bridge]", "[load]").edit("reports/load.yaml", from, to)
    };
    let mean = "\nmeasures:\n  length: { mean: contacts.minutes, per_person: { between: [0, 240] } }\n";
    let found = load("\nmeasures:\n", mean).short();
    assert!(found.len() == 1 && found[0].contains("where practitioners are protected, there is no mean"), "{found:#?}");
    let age = "by: [area, age_band]\ncolumns: { age_band: { of: patients, age: date_of_birth, edges: [0, 65] } }\n";
    let text = fs::read_to_string(Board::new().path("reports/load.yaml")).unwrap();
    let by = text.lines().find(|line| line.starts_with("by:")).unwrap();
    let found = load(by, age).short();
    assert!(found.len() == 1 && found[0].contains("`age_band` describes the patient"), "{found:#?}");
}
