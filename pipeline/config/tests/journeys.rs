//! Funnels, waits and histograms: what they mean, and one slip at a time.

use super::super::journey::Stage;
use super::super::plan::{CodeValue, Measure, MeasureKind, Rows};
use super::super::report::During;
use super::*;

const BRIDGE: &str = "reports/bridge.yaml";

/// The board with a measure of these lines at the head of bridge.yaml's measures: they stand from its seventh line on.
fn with(lines: &str) -> Board {
    let lines = lines.lines().map(|line| format!("    {line}\n")).collect::<String>();
    Board::new().edit(BRIDGE, "measures:\n", &format!("measures:\n  asked:\n{lines}"))
}

fn asked(board: &Board) -> Measure {
    assert_eq!(board.printed(), "nothing to complain about");
    board.load().unwrap().reports[1].measures[0].clone()
}

const FUNNEL: &str = "\
funnel:
  referred: { rows: referrals, where: \"status <> 'declined'\" }
  engaged: { rows: contacts, where: \"attended = 'yes'\", label: Seen by a links worker }
  gone_on: { rows: attendances }
";
const WAIT: &str = "\
wait:
  from: referrals.referred_on
  to: contacts.contacted_on
  where_from: \"status <> 'declined'\"
  where_to: \"attended = 'yes'\"
edges: [0, 7, 8, 28]
";
const HISTOGRAM: &str = "\
histogram: contacts.minutes
edges: [10, 15, 30]
per_person: { cells: 2, events: 6 }
";

#[test]
fn a_funnel_is_of_people_by_their_stage() {
    let funnel = asked(&with(&format!("{FUNNEL}during: always\nexpect: {{ per_1000: 3 }}")));
    let Rows::Funnel(stages) = &funnel.rows else { panic!("{:?}", funnel.rows) };
    let engaged = Stage {
        name: "engaged".into(),
        label: "Seen by a links worker".into(),
        table: "contacts".into(),
        filter: Some("attended = 'yes'".into()),
    };
    assert_eq!((stages.len(), &stages[1], stages[2].label.as_str()), (3, &engaged, "Gone on"));
    assert_eq!((&funnel.kind, funnel.cells, funnel.unit.as_str()), (&MeasureKind::Persons, 1, "people"));
    assert_eq!((funnel.table.as_str(), funnel.tables()), ("referrals", vec!["attendances", "contacts", "referrals"]));
    assert_eq!((funnel.during, funnel.expect_per_1000, &funnel.filter), (During::Always, Some(3.0), &None));
    let [stage] = &funnel.codes[..] else { panic!("{:?}", funnel.codes) };
    assert_eq!(stage.codes, ["referred", "engaged", "gone_on"]);
    assert_eq!((stage.name.as_str(), stage.heading.as_str(), stage.size()), ("stage", "Stage", 3));
    assert!(funnel.is_journey() && funnel.bins().is_none());
}

#[test]
fn a_wait_is_of_people_by_bins_of_days_and_who_waits_still() {
    let wait = asked(&with(WAIT));
    let (name, bins) = wait.bins().unwrap();
    assert_eq!((name, bins.edges(), bins.under()), ("days", &[0, 7, 8, 28][..], false));
    let [days] = &wait.codes[..] else { panic!("{:?}", wait.codes) };
    assert_eq!(days.codes, ["0 to 6", "7", "8 to 27", "28 and over", "not_yet"]);
    assert!(!days.unknown && matches!(days.value, CodeValue::Computed(_)));
    assert_eq!((wait.tables(), wait.kind.clone()), (vec!["contacts", "referrals"], MeasureKind::Persons));
    let Rows::Wait(it) = &wait.rows else { panic!("{:?}", wait.rows) };
    assert_eq!((it.from.day.as_str(), it.to.filter.as_deref()), ("referred_on", Some("attended = 'yes'")));
}

#[test]
fn a_histogram_is_of_rows_by_bins_of_a_number() {
    let histogram = asked(&with(HISTOGRAM));
    assert_eq!((histogram.kind.clone(), histogram.cells), (MeasureKind::Events { at_most: 6 }, 2));
    assert_eq!((histogram.unit.as_str(), histogram.tables()), ("contacts", vec!["contacts"]));
    let [value] = &histogram.codes[..] else { panic!("{:?}", histogram.codes) };
    // The contract lets 0 in, which lies below the least edge.
    assert_eq!(value.codes, ["under 10", "10 to 14", "15 to 29", "30 and over"]);
    assert!(value.unknown && value.size() == 5 && value.heading == "Minutes");
    let bins = |edges: &str, between: &str| {
        let board = with(&HISTOGRAM.replace("[10, 15, 30]", edges));
        asked(&board.edit("schemas/contacts.yaml", "between: [0, 480]", between)).codes[0].codes.clone()
    };
    assert_eq!(bins("[0, 5]", "between: [0, 480]"), ["0 to 4", "5 and over"]);
    assert_eq!(bins("[0, 5]", "between: [0, 480]\n    breach: warn"), ["under 0", "0 to 4", "5 and over"]);
    assert_eq!(bins("[0, 5]", "between: [-1, 480]"), ["under 0", "0 to 4", "5 and over"]);
}

#[test]
fn only_what_describes_a_person_describes_who_is_followed() {
    for lines in [FUNNEL, WAIT] {
        let board = with(lines).edit(BRIDGE, "by: [area, simd_quintile]", "by: [area, sex, reason]");
        // Only referrals have a reason, so that nothing else can be divided by them.
        let board = board.without_rates(BRIDGE);
        let asked = asked(&board);
        assert_eq!(asked.codes.iter().map(|code| code.name.as_str()).next(), Some("sex"), "{lines}");
        assert_eq!(asked.codes.len(), 2, "{lines}");
    }
    let board = with(HISTOGRAM).edit(BRIDGE, "by: [area, simd_quintile]", "by: [area, mode, sex]");
    assert_eq!(asked(&board).codes.iter().map(|code| code.name.as_str()).collect::<Vec<_>>(), ["mode", "sex", "value"]);
}

#[test]
fn what_is_asked_is_the_same_in_other_words() {
    let meaning = |lines: &str| asked(&with(lines)).rows.meaning();
    let spaced = FUNNEL.replace("status <> 'declined'", "(status   <>  'declined')").replace("Seen by", "Met by");
    assert_eq!(meaning(FUNNEL), meaning(&spaced));
    let changed =
        [("contacts", "onward_referrals"), ("'declined'", "'waiting'"), (", where: \"attended = 'yes'\"", "")];
    for (from, to) in changed {
        let lines = FUNNEL.replace(from, to).replace("attended = 'yes'", "attended is not null");
        let lines =
            if to == "onward_referrals" { lines.replace(", where: \"attended is not null\"", "") } else { lines };
        assert_ne!(meaning(FUNNEL), meaning(&lines), "{to}");
    }
    assert_eq!(meaning(WAIT), meaning(&WAIT.replace("attended = 'yes'", "attended='yes'")));
    for (from, to) in [
        ("from: referrals.referred_on", "from: onward_referrals.made_on"),
        ("to: contacts.contacted_on", "to: onward_referrals.made_on"),
        ("<> 'declined'", "= 'declined'"),
        ("= 'yes'", "= 'no'"),
        ("28]", "29]"),
    ] {
        let lines = WAIT.replace(from, to);
        let lines = if to.starts_with("from: onward") {
            lines.replace("  where_from: \"status <> 'declined'\"\n", "")
        } else {
            lines
        };
        let lines =
            if to.starts_with("to: onward") { lines.replace("  where_to: \"attended = 'yes'\"\n", "") } else { lines };
        assert_ne!(meaning(WAIT), meaning(&lines), "{to}");
    }
    assert_ne!(meaning(HISTOGRAM), meaning(&HISTOGRAM.replace("15", "16")));
}

#[test]
fn slips() {
    let slips = [
        (FUNNEL, "rows: contacts", "rows: contcats", "9:24 unknown table `contcats` | did you mean `contacts`?"),
        (
            FUNNEL,
            "rows: contacts",
            "rows: organisations",
            "9:24 `organisations` is public and holds no person to count",
        ),
        (FUNNEL, "attended =", "atended =", "9:42 `contacts` has no column `atended` | did you mean `attended`?"),
        (FUNNEL, "engaged:", "Engaged:", "9:7 `Engaged` is not a name"),
        (FUNNEL, "label:", "lable:", "9:61 unknown key `lable` | did you mean `label`?"),
        (FUNNEL, "rows: referrals, where: \"status <> 'declined'\"", "where: x", "8:7 the key is missing: `rows`"),
        (
            FUNNEL,
            "funnel:\n",
            "where: \"attended = 'yes'\"\nfunnel:\n",
            "7:5 `where` means nothing here | give each stage",
        ),
        (FUNNEL, "funnel:\n", "edges: [0, 1]\nfunnel:\n", "7:5 `edges` means nothing here"),
        (FUNNEL, "funnel:\n", "per_person: { cells: 1 }\nfunnel:\n", "7:5 `per_person` means nothing here"),
        (FUNNEL, "funnel:\n", "per_practice: { between: [0, 9] }\nfunnel:\n", "7:5 `per_practice` means nothing here"),
        (
            FUNNEL,
            "funnel:\n",
            "persons: referrals\nfunnel:\n",
            "6:3 exactly one of `persons`, `events`, `sum`, `mean`, `public`, `funnel`, `wait`, `histogram` and `pairs`",
        ),
        (WAIT, "from: referrals.referred_on", "from: referrals", "8:13 a date of a table is needed, as `table.column`"),
        (
            WAIT,
            "referrals.referred_on",
            "referrals.refered_on",
            "8:23 `referrals` has no column `refered_on` | did you mean `referred_on`?",
        ),
        (WAIT, "to: contacts.contacted_on", "to: contacts.minutes", "9:20 `minutes` is not a date | the only one"),
        (WAIT, "to: contacts.", "to: contcats.", "9:11 unknown table `contcats` | did you mean `contacts`?"),
        (WAIT, "status <>", "mode <>", "10:20 `referrals` has no column `mode`"),
        (WAIT, "attended =", "status =", "11:18 `contacts` has no column `status`"),
        (WAIT, "edges: [0, 7, 8, 28]", "label: x", "6:3 the bins have no edges | say the least number of each bin"),
        (WAIT, "[0, 7, 8, 28]", "[7, 14]", "12:13 a wait starts at 0 days | who waits less"),
        (WAIT, "[0, 7, 8, 28]", "[0, 7, 7, 28]", "12:19 edges rise"),
        (WAIT, "[0, 7, 8, 28]", "[0]", "12:12 there are 2 to 50 edges"),
        (WAIT, "[0, 7, 8, 28]", "[]", "12:12 there are 2 to 50 edges"),
        (WAIT, "[0, 7, 8, 28]", "[0, a week]", "12:16 expected a whole number"),
        (WAIT, "wait:", "where: \"attended = 'yes'\"\nwait:", "7:5 `where` means nothing here | write `where_from`"),
        (WAIT, "  to: contacts.contacted_on\n", "", "7:5 the key is missing: `to`"),
        (HISTOGRAM, "contacts.minutes", "contacts", "7:16 a whole number of a table is needed, as `table.column`"),
        (HISTOGRAM, "contacts.minutes", "contacts.mode", "7:25 `mode` is not a whole number | the only one"),
        (HISTOGRAM, "contacts.minutes", "contacts.minuts", "7:25 `contacts` has no column `minuts` | did you mean"),
        (HISTOGRAM, "cells: 2, events: 6", "cells: 2", "6:3 `histogram` needs a bound | say how many rows"),
        (HISTOGRAM, "events: 6", "events: 0", "9:37 must be at least 1"),
        (HISTOGRAM, "events: 6", "events: 6, between: [0, 9]", "9:40 `between` means nothing for `histogram`"),
        (HISTOGRAM, "edges: [10, 15, 30]", "where: \"mode = 'phone'\"", "6:3 the bins have no edges"),
        (
            HISTOGRAM,
            "per_person:",
            "per_practice: { between: [0, 9] }\nper_person:",
            "9:5 `per_practice` means nothing where",
        ),
        (HISTOGRAM, "histogram: contacts.minutes", "persons: contacts", "8:5 `edges` means nothing here | bins are of"),
    ];
    let mut wrong = Vec::new();
    for (lines, from, to, expected) in slips {
        assert!(lines.contains(from), "{from}");
        let found = with(&lines.replacen(from, to, 1)).short();
        if !found.iter().any(|line| line.starts_with(&format!("bridge.yaml:{expected}"))) {
            wrong.push(format!("{to}\nexpected {expected}\nfound {found:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn a_funnel_of_one_stage_is_a_count() {
    let found = with("funnel: { referred: { rows: referrals } }").short();
    assert_eq!(found, ["bridge.yaml:7:5 a funnel has 2 to 20 stages"]);
}

#[test]
fn a_date_that_is_none_as_printed() {
    let board = with(&WAIT.replace("referrals.referred_on", "referrals.status"));
    let expected = "\
error: `status` is not a date
 --> reports/bridge.yaml:8:23
  |
8 |       from: referrals.status
  |                       ^^^^^^
  |
  = help: the only one allowed here is `referred_on`";
    assert_eq!(board.printed(), expected);
}

#[test]
fn a_dimension_that_comes_by_itself_is_not_asked_for() {
    for (lines, name, kind) in [(FUNNEL, "stage", "funnel"), (WAIT, "days", "wait"), (HISTOGRAM, "value", "histogram")]
    {
        let board = with(lines).edit(BRIDGE, "by: [area, simd_quintile]", &format!("by: [area, {name}]"));
        let expected = format!(
            "bridge.yaml:4:12 `{name}` cannot be asked for, and names no other dimension | leave it out: a {kind} is always \
             by `{name}`"
        );
        assert_eq!(board.short(), [expected]);
        let other = Board::new().edit(BRIDGE, "by: [area, simd_quintile]", &format!("by: [area, {name}]")).short();
        assert!(other[0].contains("unknown dimension"), "{other:?}");
    }
}

#[test]
fn practitioners_are_protected_in_histograms_and_in_nothing_that_spans_tables() {
    let both = |lines: &str| with(lines).edit(BRIDGE, "protects: patient", "protects: [patient, practitioner]").short();
    let of_asked =
        |lines: &str| both(lines).into_iter().filter(|line| line.contains("yaml:6:") || line.contains("yaml:7:"));
    for (lines, kind) in [(FUNNEL, "funnel"), (WAIT, "wait")] {
        let expected = format!(
            "bridge.yaml:7:5 a {kind} follows patients over tables, and nothing bounds a practitioner's part in it | put it \
             into a report with `protects: patient`"
        );
        assert_eq!(of_asked(lines).collect::<Vec<_>>(), [expected]);
    }
    let bounded = format!("{HISTOGRAM}per_practice: {{ between: [0, 90] }}");
    assert_eq!(of_asked(&bounded).count(), 0, "{:?}", both(&bounded));
    assert!(of_asked(HISTOGRAM).next().is_some_and(|line| line.contains("a bound is needed")));
}
