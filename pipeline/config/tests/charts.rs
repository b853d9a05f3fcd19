//! The charts of a report: what they are of, and one slip at a time.

use super::super::page::{Chart, ChartKind};
use super::*;

const REACH: &str = "reports/reach.yaml";

/// The board with one chart in reach.yaml: it stands on the 24th line.
fn with(chart: &str) -> Board {
    Board::new().edit(REACH, "words: |\n", &format!("charts:\n  - {{ {chart} }}\nwords: |\n"))
}

fn chart(yaml: &str) -> Chart {
    let board = with(yaml);
    assert_eq!(board.printed(), "nothing to complain about");
    board.load().unwrap().reports[0].charts[0].clone()
}

#[test]
fn charts_of_every_kind() {
    let bars = chart("bars: referral_rate, by: simd_quintile");
    assert_eq!(bars.kind, ChartKind::Bars { by: "simd_quintile".into() });
    assert_eq!(
        (bars.figures, bars.title.as_str()),
        (vec!["referral_rate".into()], "People referred per 1,000 registered by simd quintile")
    );
    let several = chart("bars: [referred, registered], by: simd_quintile, title: Both");
    assert_eq!((several.figures.len(), several.title.as_str()), (2, "Both"));
    assert_eq!(chart("areas: referred").kind, ChartKind::Areas { level: None });
    assert_eq!(chart("map: referred, level: health_board").kind, ChartKind::Map { level: Some("health_board".into()) });
    assert_eq!(chart("trend: [referred, registered]").kind, ChartKind::Trend);
}

#[test]
fn a_misspelt_figure_as_printed() {
    let expected = "\
error: this report publishes no figure `referal_rate`
  --> reports/reach.yaml:24:13
   |
24 |   - { bars: referal_rate, by: simd_quintile }
   |             ^^^^^^^^^^^^
   |
   = help: did you mean `referral_rate`?";
    assert_eq!(with("bars: referal_rate, by: simd_quintile").printed(), expected);
}

#[test]
fn slips_in_charts() {
    let table = [
        (
            "bars: referred",
            "24:13 bars are by a dimension, and none is named | `by` names the dimension: `{ bars: referred, by: sex }`",
        ),
        (
            "bars: referred, by: simd_quintle",
            "24:27 no table of this report gives `referred` by `simd_quintle` alone | did you mean `simd_quintile`?",
        ),
        (
            "bars: registered, by: reason",
            "24:29 no table of this report gives `registered` by `reason` alone | the only one allowed here is `simd_quintile`",
        ),
        (
            "bars: [referred, referral_rate], by: simd_quintile",
            "24:13 these figures are of different units, and cannot share an axis",
        ),
        (
            "bars: referred, by: hscp",
            "24:27 no table of this report gives `referred` by `hscp` alone | show it as `areas`",
        ),
        (
            "trend: referred, title: ' '",
            "24:31 the title is empty | leave it out: the figure's label and the dimension are the title",
        ),
        ("trend: [referred, referred]", "24:14 `referred` is named twice"),
        ("trend: []", "24:14 a chart shows at least one figure"),
        ("funnel: referred", "24:15 this measure is no funnel | show it as `bars`"),
        ("areas: referred, level: hsp", "24:31 `hsp` is no level of this board | did you mean `hscp`?"),
        ("areas: referred, by: reason", "24:28 only `bars` are by a dimension"),
        ("trend: referred, level: hscp", "24:31 only `areas` and `map` are of one level"),
        (
            "areas: referred, map: referred",
            "24:5 a chart is of exactly one kind | one of `bars`, `funnel`, `areas`, `map`, `trend`",
        ),
        ("title: Nothing", "24:5 a chart is of exactly one kind | one of `bars`, `funnel`, `areas`, `map`, `trend`"),
    ];
    let found = table.map(|(yaml, _)| with(yaml).short());
    assert_eq!(found, table.map(|(_, expected)| vec![format!("reach.yaml:{expected}")]));
}

#[test]
fn no_more_figures_than_can_be_told_apart() {
    let rates =
        (1..=5).map(|at| format!("  rate_{at}: {{ of: referred, over: registered, per: 1000, label: R{at} }}\n"));
    let names = (1..=5).map(|at| format!("rate_{at}")).collect::<Vec<_>>().join(", ");
    let board =
        with(&format!("trend: [{names}]")).edit(REACH, "rates:\n", &format!("rates:\n{}", rates.collect::<String>()));
    assert_eq!(
        board.short(),
        ["reach.yaml:29:14 a chart tells at most 4 figures apart | split it into several charts"]
    );
}
