//! Measures of public tables: what they mean, and one slip at a time.

use super::super::plan::{Located, MeasureKind};
use super::super::report::During;
use super::*;

const REACH: &str = "reports/reach.yaml";

/// The shipped report with one measure more, which begins in line 17.
fn with(measure: &str) -> Board {
    let board = Board::new().edit(REACH, "simd_quintile, reason", "simd_quintile, reason, service_type");
    board.edit(REACH, "rates:\n", &format!("  public:\n{measure}rates:\n"))
}

#[test]
fn rows_or_a_column_by_area_and_codes_of_their_own() {
    let board = with("    public: organisations.places\n    where: \"accepting = 'yes'\"\n")
        .edit(REACH, "simd_quintile, reason, ", "simd_quintile, ")
        .edit(REACH, "persons: referrals\n    where: \"status <> 'declined'\"", "persons: attendances")
        .edit(REACH, "over: registered\n    per: 1000", "over: public\n    per: 1");
    assert_eq!(board.printed(), "nothing to complain about");
    let report = board.load().unwrap().reports.swap_remove(0);
    let places = &report.measures[2];
    let located = Located::Code("area_code".into());
    assert_eq!(places.kind, MeasureKind::Public { column: Some("places".into()), located: located.clone() });
    assert_eq!(
        (places.table.as_str(), places.unit.as_str(), places.label.as_str()),
        ("organisations", "places", "Public")
    );
    assert_eq!((places.share, places.during, places.filter.as_deref()), (0, During::Always, Some("accepting = 'yes'")));
    // An organisation is in no deprivation band, and no patient's code describes it.
    assert!(places.bands.is_empty());
    assert_eq!(places.codes.iter().map(|code| code.name.as_str()).collect::<Vec<_>>(), ["service_type"]);
    assert_eq!((places.codes[0].table.as_str(), &places.codes[0].via), ("organisations", &None));
    assert_eq!((report.rates[0].of, report.rates[0].over), (1, 2));
    let rows = with("    public: organisations\n").load().unwrap().reports.swap_remove(0).measures.swap_remove(2);
    assert_eq!((rows.kind, rows.unit.as_str()), (MeasureKind::Public { column: None, located }, "organisations"));
}

#[test]
fn tables_that_lead_to_the_lookup_have_its_bands() {
    let kind = |table: &str| {
        let measure =
            with(&format!("    public: {table}\n")).load().unwrap().reports.swap_remove(0).measures.swap_remove(2);
        let MeasureKind::Public { located, .. } = measure.kind else { panic!("it is public") };
        (located, measure.bands)
    };
    // The dimension that they lack must be another measure's.
    let reference = Located::Reference("data_zone".into());
    let board = with("    public: practices\n").short();
    assert!(board.iter().all(|told| told.contains("unknown dimension `service_type`")), "{board:?}");
    let of = |table: &str| {
        let board = Board::new().edit(REACH, "rates:\n", &format!("  public:\n    public: {table}\nrates:\n"));
        let measure = board.load().unwrap().reports.swap_remove(0).measures.swap_remove(2);
        let MeasureKind::Public { located, .. } = measure.kind else { panic!("it is public") };
        (located, measure.bands)
    };
    assert_eq!(of("practices"), (reference, vec![0]));
    assert_eq!(of("data_zones.population"), (Located::Lookup, vec![0]));
    assert_eq!(kind("organisations"), (Located::Code("area_code".into()), vec![]));
}

#[test]
fn slips() {
    let no_person = "no person is in a public table: its figures are exact, and cost nothing";
    let means_nothing = |key: &str, place: &str| format!("{place} `{key}` means nothing for `public` | {no_person}");
    let slips = [
        ("    public: organisatons\n", "18:13 unknown table `organisatons` | did you mean `organisations`?".to_string()),
        (
            "    public: referrals\n",
            "18:13 `referrals` is private | its people and rows are counted by `persons`, `events` or `sum`, with noise".into(),
        ),
        (
            "    public: organisations.plces\n",
            "18:27 `organisations` has no column `plces` | did you mean `places`?".into(),
        ),
        ("    public: organisations.name\n", "18:27 `name` is not a number".into()),
        (
            "    public: organisations\n    where: \"acepting = 'yes'\"\n",
            "19:13 `organisations` has no column `acepting` | did you mean `accepting`?".into(),
        ),
        ("    public: organisations\n    share: 2\n", means_nothing("share", "19:5")),
        ("    public: organisations\n    per_person: { cells: 1 }\n", means_nothing("per_person", "19:5")),
        ("    public: organisations\n    during: quarter\n", means_nothing("during", "19:5")),
        ("    public: organisations\n    expect: { per_1000: 2 }\n", means_nothing("expect", "19:5")),
        ("    public: organisations\n    per_practice: { between: [0, 1] }\n", means_nothing("per_practice", "19:5")),
        ("    persons: referrals\n    public: organisations\n", means_nothing("persons", "18:5")),
        (
            "    label: Nothing\n",
            "17:3 exactly one of `persons`, `events`, `sum`, `mean`, `public`, `funnel`, `wait`, `histogram` and `pairs` is \
             needed"
                .into(),
        ),
    ];
    let mut wrong = Vec::new();
    for (measure, expected) in slips {
        let found = with(measure).short();
        if !found.iter().any(|line| line.strip_prefix("reach.yaml:").is_some_and(|line| line.starts_with(&expected))) {
            wrong.push(format!("{measure}\nexpected {expected}\nfound {found:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn a_table_says_in_one_way_where_its_rows_are() {
    let schema = "schemas/organisations.yaml";
    let board = || with("    public: organisations\n");
    let nowhere = board().edit(schema, "type: area\n", "type: area\n    keep: false\n").short();
    assert_eq!(
        nowhere,
        [
            "reach.yaml:18:13 `organisations` does not say where its rows are | give a column of its schema `type: area`, or \
          `type: reference` and `to: data_zones`"
        ]
    );
    let twice =
        board().edit(schema, "columns:\n", "columns:\n  head_office: { type: area, pattern: S######## }\n").short();
    assert_eq!(
        twice,
        [
            "reach.yaml:18:13 `organisations` says in several columns where its rows are: `head_office`, `area_code` | give \
          all but one of them `keep: false` in its schema"
        ]
    );
}

#[test]
fn a_report_of_public_measures_alone_as_printed() {
    let board = Board::new();
    let report = "title: T\nprotects: patient\nby: [area]\nmeasures:\n  places: { public: organisations.places }\n";
    fs::write(board.path(REACH), report).unwrap();
    let expected = "\
error: every measure of this report is public: it tells nothing that is not known
 --> reports/reach.yaml:4:1
  |
4 | measures:
  | ^^^^^^^^
  |
  = help: add a measure of people, events or sums, or leave the report out";
    assert_eq!(board.printed(), expected);
}

#[test]
fn what_is_exact_has_no_target() {
    let board = with("    public: organisations\n");
    let board = board.edit(REACH, "rates:\n", "target: { measure: public, level: hscp, within: 5 }\nrates:\n");
    assert_eq!(board.short(), ["reach.yaml:19:20 `public` is public: its figures are exact | leave this target out"]);
}

/// Where practitioners are protected too, a public table still holds none.
#[test]
fn among_figures_by_practice() {
    let board = Board::new().edit("configs/demo.yaml", "reports: [reach, bridge", "reports: [load, reach, bridge");
    let board = board.edit("reports/load.yaml", "rates:\n", "  places: { public: organisations.places }\nrates:\n");
    assert_eq!(board.printed(), "nothing to complain about");
    assert_eq!(board.load().unwrap().reports[0].measures[3].practitioner, None);
}
