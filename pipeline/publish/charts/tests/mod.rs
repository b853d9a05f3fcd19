//! Pictures of editions made by hand: what is drawn, and where.

use proptest::prelude::*;

use super::words::{Span, wrapped};
use super::*;
use crate::estimate::Estimate;
use crate::estimate::reliability::Mark;
use crate::publish::edition::Boundary;
use crate::publish::trends::Point;
use made::*;

mod made;

const FIVE: (&str, &[&str]) = ("simd_quintile", &["1", "2", "3", "unknown"]);

/// The board's rates by quintile; nothing is known of the unknown ones.
fn by_quintile(cells: Vec<Estimate>) -> Edition {
    let twice = cells.iter().chain(&cells).copied().collect();
    edition(vec![table("board", &["H"], vec![block("rate", Some(FIVE), twice)])])
}

/// The board and its parts, of which the last is not known.
fn by_area(board: Estimate, parts: &[(&str, Estimate)]) -> Edition {
    let areas = parts.iter().map(|it| it.0).collect::<Vec<_>>();
    let cells = parts.iter().map(|it| it.1).chain([rate(0.0)]).collect();
    let mut made = edition(vec![
        table("board", &["H"], vec![block("rate", None, vec![board, rate(0.0)])]),
        table("part", &areas, vec![block("rate", None, cells)]),
    ]);
    made.levels[1].boundaries = (0..areas.len()).map(|at| square(areas[at], at as f64)).collect();
    made
}

fn areas() -> Chart {
    chart(ChartKind::Areas { level: Some("part".into()) }, &["rate"])
}

fn map() -> Chart {
    chart(ChartKind::Map { level: Some("part".into()) }, &["rate"])
}

/// The places of the axis' numbers, to tell where a value is.
fn along(svg: &str) -> impl Fn(f64) -> f64 {
    let known = texts(svg).into_iter().filter_map(|(x, text)| Some((text.parse::<f64>().ok()?, x)));
    // Numbers at the axis stand in the middle; those of labels are at the edge.
    let known = known.filter(|(_, x)| *x > 3.0).collect::<Vec<_>>();
    let ((low, x), (high, end)) = (known[0], known[known.len() - 1]);
    move |value| x + (value - low) / (high - low) * (end - x)
}

fn near(found: f64, wanted: f64) -> bool {
    (found - wanted).abs() < 0.3
}

#[test]
fn bars_stand_where_their_axis_says() {
    let nothing = Estimate { interval: Some((0.0, 0.0)), ..rate(0.0) };
    let picture =
        drawn(&by_quintile(vec![rate(30.0), rate(20.0), rate(10.0), nothing]), &bars(&["rate"]), &Trends::default());
    let Picture { svg, says, headings, rows, kind } = picture.unwrap();
    let x = along(&svg);
    let (left, wide) = (numbers(&svg, "rect", "x"), numbers(&svg, "rect", "width"));
    let dots = numbers(&svg, "circle", "cx");
    assert_eq!((kind, left.len(), dots.len()), ("bars", 3, 3), "the unknown ones are none, and not drawn: {svg}");
    for (at, value) in [30.0, 20.0, 10.0].into_iter().enumerate() {
        assert!(near(left[at], x(0.0)) && near(left[at] + wide[at], x(value)) && near(dots[at], x(value)), "{svg}");
        let ends = [value - 2.0, value + 3.0].map(&x);
        let path = attributes(&svg, "path", "d")
            .into_iter()
            .flat_map(|it| it.split('M').map(str::to_owned).collect::<Vec<_>>());
        let ways = path.filter_map(|it| {
            let (start, end) = it.split_once('H')?;
            Some((start.split_once(' ')?.0.parse::<f64>().ok()?, end.parse::<f64>().ok()?))
        });
        assert!(
            ways.into_iter().any(|(from, to)| near(from, ends[0]) && near(to, ends[1])),
            "no interval of {value}: {svg}"
        );
    }
    assert_eq!(headings, ["SIMD quintile", "Referral rate (per 1,000)"]);
    assert_eq!(rows[0], ["1 (most deprived)", "30.0 (28.0 to 33.0)"]);
    assert_eq!(rows[3], ["Unknown", "0.0 (0.0 to 0.0)"], "the table has them all");
    let expected = "Referral rate, NHS Test: higher for SIMD quintile 1 (most deprived), at 30.0 per 1,000 (28.0 to 33.0), than \
                    for SIMD quintile 3, at 10.0 per 1,000 (8.0 to 13.0). The 95% intervals do not overlap.";
    assert_eq!(says, expected);
    assert!(svg.len() < 3000, "{} bytes", svg.len());
    assert!(svg.contains("role=\"img\" aria-label=\"Title: NHS Test\""));
    assert!(texts(&svg).iter().any(|(_, text)| text == "30.0 (28.0 to 33.0)"));
}

#[test]
fn nothing_is_called_higher_whose_interval_reaches_the_other() {
    let says = |a: Estimate, b: Estimate| {
        let made = by_quintile(vec![a, rate(15.0), b, rate(0.0)]);
        drawn(&made, &bars(&["rate"]), &Trends::default()).unwrap().says
    };
    let touching = says(estimate(20.0, 18.0, 23.0), estimate(16.0, 14.0, 18.0));
    assert!(touching.contains("no clear difference") && touching.ends_with("overlap."), "{touching}");
    let apart = says(estimate(20.0, 18.1, 23.0), estimate(16.0, 14.0, 18.0));
    assert!(apart.contains("higher for SIMD quintile 1"), "{apart}");
    let other = says(estimate(16.0, 14.0, 18.0), estimate(20.0, 18.1, 23.0));
    assert!(other.contains("higher for SIMD quintile 3"), "{other}");
}

#[test]
fn what_is_withheld_is_a_mark_at_its_place() {
    let cells = vec![rate(30.0), Estimate::WITHHELD, Estimate::NOT_APPLICABLE, rate(0.0)];
    let picture = drawn(&by_quintile(cells), &bars(&["rate"]), &Trends::default()).unwrap();
    assert_eq!(numbers(&picture.svg, "circle", "cx").len(), 1);
    let found = texts(&picture.svg).into_iter().map(|it| it.1).collect::<Vec<_>>();
    assert!(found.contains(&"[x]".to_owned()) && found.contains(&"[z]".to_owned()), "{found:?}");
    assert_eq!(picture.rows[1], ["2", "[x]"]);
    assert!(picture.says.contains("too few figures"));
}

#[test]
fn several_figures_are_told_apart_by_shape_and_words() {
    let cells = |by: f64| [rate(30.0 + by), rate(20.0), rate(10.0), rate(0.0)].repeat(2);
    let blocks = vec![block("rate", Some(FIVE), cells(0.0)), block("other", Some(FIVE), cells(9.0))];
    let made = edition(vec![table("board", &["H"], blocks)]);
    let picture = drawn(&made, &bars(&["rate", "other"]), &Trends::default()).unwrap();
    let found = texts(&picture.svg).into_iter().map(|it| it.1).collect::<Vec<_>>();
    for (text, times) in [("1 (most deprived)", 1), ("Referral rate", 3), ("Other rate", 3)] {
        assert_eq!(found.iter().filter(|it| *it == text).count(), times, "{text}: {found:?}");
    }
    assert_eq!(attributes(&picture.svg, "polygon", "fill"), ["var(--accent)"; 3]);
    assert_eq!(picture.rows[0], ["1 (most deprived)", "30.0 (28.0 to 33.0)", "39.0 (37.0 to 42.0)"]);
    assert!(picture.says.contains("Referral rate, NHS Test") && picture.says.contains("Other rate, NHS Test"));
}

#[test]
fn exact_figures_have_no_interval_in_words() {
    let cells = [3.0, 1.0, 2.0, 0.0].map(|it| estimate(it, it, it)).repeat(2);
    let made = edition(vec![table("board", &["H"], vec![block("places", Some(FIVE), cells)])]);
    let picture = drawn(&made, &bars(&["places"]), &Trends::default()).unwrap();
    assert_eq!(picture.rows[0], ["1 (most deprived)", "3.0"]);
    assert!(!picture.says.contains("interval"), "{}", picture.says);
}

#[test]
fn a_funnel_says_how_many_came_through() {
    const STAGES: (&str, &[&str]) = ("stage", &["referred", "seen"]);
    let people = [estimate(2000.0, 1990.0, 2010.0), estimate(500.0, 490.0, 510.0)].repeat(2);
    let shares = [rate(100.0), estimate(25.0, 24.0, 26.0)].repeat(2);
    let blocks = vec![block("pathway", Some(STAGES), people), block("pathway_share", Some(STAGES), shares)];
    let made = edition(vec![table("board", &["H"], blocks)]);
    let picture = drawn(&made, &chart(ChartKind::Funnel, &["pathway"]), &Trends::default()).unwrap();
    assert_eq!(picture.rows[1], [HOSTILE, "500.0 (490.0 to 510.0)", "25.0 (24.0 to 26.0)"]);
    let wide = numbers(&picture.svg, "rect", "width");
    assert!(near(wide[0] / wide[1], 4.0), "{wide:?}");
    assert!(texts(&picture.svg).iter().any(|(_, text)| text == "2,000.0 (1,990.0 to 2,010.0), 100.0%"));
    assert!(picture.says.contains("which is 25.0% (24.0 to 26.0) of those who started"), "{}", picture.says);
}

#[test]
fn areas_are_held_against_the_whole_board() {
    let made = by_area(estimate(20.0, 19.0, 21.0), &[("A", rate(10.0)), ("B", rate(30.0)), ("C", rate(20.0))]);
    let picture = drawn(&made, &areas(), &Trends::default()).unwrap();
    assert_eq!(picture.rows.iter().map(|it| it[0].as_str()).collect::<Vec<_>>(), [HOSTILE, "C", "Alba", "Not known"]);
    let expected = "against NHS Test at 20.0 per 1,000 (19.0 to 21.0): clearly higher in 1 of 3 areas, clearly lower in 1, and \
                    no clear difference in 1.";
    assert!(picture.says.contains(expected), "{}", picture.says);
    let x = along(&picture.svg);
    assert!(attributes(&picture.svg, "polyline", "stroke-dasharray").contains(&"4 3".to_owned()));
    let dashed = picture.svg.split("<polyline").find(|it| it.contains("dasharray")).unwrap();
    let from = dashed.split("points=\"").nth(1).unwrap().split(' ').next().unwrap().parse::<f64>().unwrap();
    assert!(near(from, x(20.0)), "{dashed}");
}

#[test]
fn of_many_areas_the_ends_are_drawn() {
    let codes = (0..300).map(|at| format!("S{at:03}")).collect::<Vec<_>>();
    let parts = codes.iter().enumerate().map(|(at, code)| (code.as_str(), rate(at as f64))).collect::<Vec<_>>();
    let made = by_area(rate(150.0), &parts);
    let picture = drawn(&made, &areas(), &Trends::default()).unwrap();
    assert_eq!(numbers(&picture.svg, "circle", "cx").len(), 40);
    assert_eq!((picture.rows[0][0].as_str(), picture.rows[39][0].as_str()), ("S299", "S000"));
    assert!(picture.says.contains("the 20 highest and the 20 lowest of 300 areas"), "{}", picture.says);
    let on_map = drawn(&made, &map(), &Trends::default()).unwrap();
    assert_eq!((on_map.svg.matches("<title>").count(), on_map.rows.len()), (300, 201));
    assert!(on_map.says.contains("200 highest of 300"));
}

#[test]
fn a_map_has_every_area_by_its_class() {
    let parts = [("A", rate(10.0)), ("B", rate(30.0)), ("C", Estimate::WITHHELD)];
    let Picture { svg, kind, .. } =
        drawn(&by_area(estimate(20.0, 19.0, 21.0), &parts), &map(), &Trends::default()).unwrap();
    assert_eq!((kind, attributes(&svg, "path", "data-area")), ("map", vec!["C".into(), "A".into(), "B".into()]));
    let titles = svg.split("<title>").skip(1).map(|it| it.split('<').next().unwrap()).collect::<Vec<_>>();
    assert_eq!((titles[0], titles[1]), ("C: [x]", "Alba: 10.0 (8.0 to 13.0)"));
    assert!(titles[2].contains("&lt;script&gt;") && titles[2].ends_with(": 30.0 (28.0 to 33.0)"));
    let found = texts(&svg).into_iter().map(|it| it.1).collect::<Vec<_>>();
    for text in ["1▼", "2▲", "2: 30.0", "1: 10.0", "No figure"] {
        assert!(found.iter().any(|it| it == text), "{text}: {found:?}");
    }
    // The first square begins at the western edge, and is as wide as it is high but for the latitude.
    let path = &attributes(&svg, "path", "d")[1];
    assert!(path.starts_with("M2 2l") || path.starts_with("M0 2l"), "{path}");
    let steps = path.replace('-', " -");
    let steps = steps.split(['l', ' ', 'z']).filter_map(|it| it.parse::<f64>().ok()).collect::<Vec<_>>();
    let (across, down) = (steps[1], steps[4]);
    assert!((across / down - 55.5f64.to_radians().cos()).abs() < 0.01, "{path}");
}

#[test]
fn a_map_without_boundaries_is_a_chart_of_areas() {
    let mut made = by_area(rate(20.0), &[("A", rate(10.0)), ("B", rate(30.0))]);
    let lacking = |made: &Edition| drawn(made, &map(), &Trends::default()).unwrap().kind;
    made.levels[1].boundaries = vec![square("elsewhere", 0.0)];
    assert_eq!(lacking(&made), "areas");
    made.levels[1].boundaries.clear();
    assert_eq!(lacking(&made), "areas");
}

fn point(quarter: &str, value: f64, is_break: bool) -> Point {
    Point { quarter: quarter.into(), value: Some((value, (value - 1.0, value + 1.0))), marks: "u".into(), is_break }
}

#[test]
fn a_trend_has_its_gaps_and_breaks() {
    let made = edition(vec![table("board", &["H"], vec![block("rate", None, vec![rate(30.0), rate(0.0)])])]);
    let trend = chart(ChartKind::Trend, &["rate"]);
    assert_eq!(drawn(&made, &trend, &Trends::default()), None, "one quarter is no trend");
    let points = vec![point("2025-Q3", 9.0, false), point("2025-Q4", 10.0, false), point("2026-Q2", 20.0, true)];
    let trends = Trends::known("reach", "board", "rate", "H", points);
    let Picture { svg, says, rows, .. } = drawn(&made, &trend, &trends).unwrap();
    assert_eq!(numbers(&svg, "circle", "cx").len(), 4);
    assert_eq!(rows.iter().map(|it| it[0].as_str()).collect::<Vec<_>>(), ["2026-Q3", "2026-Q2", "2025-Q4", "2025-Q3"]);
    assert_eq!(rows[1][1], "20.0 (19.0 to 21.0) [u] [b]");
    let lines = attributes(&svg, "polyline", "stroke").iter().filter(|it| *it == "var(--colour)").count();
    assert_eq!(
        (lines, svg.matches("dasharray").count()),
        (2, 1),
        "one line before the gap, one after the break: {svg}"
    );
    assert!(says.contains("rose from 20.0 per 1,000 (19.0 to 21.0) [u] in 2026-Q2 to 30.0"), "{says}");
    assert!(says.contains("The figures from 2026-Q2 on cannot be compared"));
    assert!(texts(&svg).iter().any(|(_, text)| text == "2026-Q3"));
}

#[test]
fn the_same_twice() {
    let made = by_area(rate(20.0), &[("A", rate(10.0)), ("B", rate(30.0)), ("C", rate(20.0))]);
    for chart in [areas(), map()] {
        assert_eq!(drawn(&made, &chart, &Trends::default()), drawn(&made, &chart, &Trends::default()));
    }
}

#[test]
fn huge_outlines_are_small_pictures() {
    let mut made = by_area(rate(20.0), &[("A", rate(10.0))]);
    let turn = |at: u32| f64::from(at) / 200_000.0 * std::f64::consts::TAU;
    let ring =
        (0..=200_000).map(|at| (-4.0 + turn(at).cos(), 56.0 + turn(at).sin() + f64::from(at % 7) * 1e-6)).collect();
    let speck = vec![(-4.0, 56.0), (-4.0001, 56.0), (-4.0001, 56.0001), (-4.0, 56.0)];
    made.levels[1].boundaries = vec![Boundary { code: "A".into(), rings: vec![ring, speck] }];
    let svg = drawn(&made, &map(), &Trends::default()).unwrap().svg;
    assert!(svg.len() < 40_000, "{} bytes", svg.len());
    assert_eq!(attributes(&svg, "path", "d")[0].matches('z').count(), 1, "the speck cannot be seen");
}

#[test]
fn words_are_broken_into_lines() {
    assert_eq!(wrapped("one two  three", 7), ["one two", "three"]);
    assert_eq!(wrapped("unbreakable", 3), ["unbreakable"]);
    assert_eq!(Span::new(f64::NAN, (0.0, 1.0)), None);
}

fn odd() -> impl Strategy<Value = Estimate> {
    let number =
        prop_oneof![Just(0.0), Just(1e300), Just(-1e9), Just(f64::NAN), Just(f64::INFINITY), -50.0..50.0, 0.0..1e9];
    (number, 0.0..20.0, 0.0..1e5, 0..4).prop_map(|(value, down, up, mark)| match mark {
        0 => Estimate::WITHHELD,
        1 => Estimate::NOT_APPLICABLE,
        _ => Estimate { mark: Mark::Low, ..estimate(value, value - down, value + up) },
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever the figures are, a picture is well formed and has no number that is none.
    #[test]
    fn odd_figures_are_drawn_soundly(cells in proptest::collection::vec(odd(), 4), same in any::<bool>(), name in ".{0,80}") {
        let cells = if same { vec![cells[0]; 4] } else { cells };
        let mut made = by_quintile(cells.clone());
        made.levels[0].names.insert("H".into(), name.clone());
        prop_assert!(drawn(&made, &bars(&["rate"]), &Trends::default()).is_some());
        let mut made = by_area(cells[0], &[("A", cells[1]), ("B", cells[2]), ("C", cells[3])]);
        made.levels[1].names.insert("A".into(), name);
        for chart in [areas(), map()] {
            prop_assert!(drawn(&made, &chart, &Trends::default()).is_some());
        }
        let value = cells[1].value.map(|it| (it, (it - 1.0, it + 1.0)));
        let before = Point { quarter: "2026-Q2".into(), value, marks: String::new(), is_break: same };
        let trends = Trends::known("reach", "board", "rate", "H", vec![before]);
        prop_assert!(drawn(&made, &chart(ChartKind::Trend, &["rate"]), &trends).is_some());
    }
}
