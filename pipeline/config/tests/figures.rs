//! What a report derives, and which tables it gives: what it means, and one slip at a time.

use super::super::derived::{Across, Bins, ChangeOf, Reliability, SmallNumbers};
use super::super::figures::{Convention, Population, Sampling, Zeros};
use super::*;

const DEMO: &str = "configs/demo.yaml";
const REACH: &str = "reports/reach.yaml";

const REPORT: &str = r#"title: Reach
protects: patient
by: [area, simd_quintile, sex, age_band, reason, days]
tables:
  - [simd_quintile]
  - [simd_quintile, reason]
  - [sex, age_band]
  - [days]
measures:
  registered: { persons: patients }
  referred: { persons: referrals, per_person: { cells: 3 } }
  seen: { persons: contacts }
  minutes: { sum: contacts.minutes, per_person: { between: [0, 600] } }
  contacts: { events: contacts, per_person: { events: 9 } }
  places: { public: organisations.places }
rates:
  referral_rate: { of: referred, over: registered, per: 1000 }
  referred_share: { of: referred, over: registered }
  minutes_a_contact: { of: minutes, over: contacts, per: 1 }
  crude: { of: contacts, over: registered, per: 100000, sampling: none }
  demand: { of: referred, over: places, per: 1, label: Demand for a place }
changes:
  referred_change: { of: referred }
  rate_change: { of: referral_rate, label: Change of the rate }
inequality:
  gap: { of: referral_rate, across: simd_quintile, convention: scotpho }
standardised:
  by_age: { of: referred, over: registered, across: age_band, population: esp2013, per: 1000 }
quartiles:
  wait_days: { of: seen }
  ages: { of: registered, at: [0.1, 0.5] }
reliability: { unreliable_over: "40%", withhold_over: "120%" }
"#;

/// The shipped board with a report that derives everything, and with columns of ages and of days.
fn board() -> Board {
    let ages = "columns:\n  age_band: { type: code, codes: [0 to 14, 15 to 64, 65 and over], breach: unknown }\n";
    let days = "columns:\n  days: { type: code, codes: [0 to 6, 7 to 13, 14 and over, not_yet], breach: unknown }\n";
    let board = Board::new().edit("schemas/patients.yaml", "columns:\n", ages).edit(
        "schemas/contacts.yaml",
        "columns:\n",
        days,
    );
    fs::write(board.path(REACH), REPORT).unwrap();
    board
}

#[test]
fn everything_that_a_report_derives() {
    let board = board();
    assert_eq!(board.printed(), "nothing to complain about");
    let report = board.load().unwrap().reports.swap_remove(0);
    let rates = report.rates.iter().map(|rate| (rate.of, rate.over, rate.per, rate.sampling));
    assert_eq!(
        rates.collect::<Vec<_>>(),
        [
            (1, 0, 1000, Sampling::Poisson),
            (1, 0, 100, Sampling::Binomial),
            (3, 4, 1, Sampling::None),
            (4, 0, 100_000, Sampling::None),
            (1, 5, 1, Sampling::None),
        ]
    );
    assert_eq!(report.rates[4].label, "Demand for a place");
    let changes = report.changes.iter().map(|change| (change.name.as_str(), change.label.as_str(), change.of));
    let expected = [
        ("referred_change", "Referred change", ChangeOf::Measure(1)),
        ("rate_change", "Change of the rate", ChangeOf::Rate(0)),
    ];
    assert_eq!(changes.collect::<Vec<_>>(), expected);
    let gap = &report.inequality[0];
    assert_eq!((gap.of, gap.across, gap.convention), (0, Across { of: 0, over: 0 }, Convention::Scotpho));
    // Referrals: band, sex, age, reason. The register: band, sex, age.
    let by_age = &report.standardised[0];
    assert_eq!((by_age.of, by_age.over, by_age.across), (1, 0, Across { of: 2, over: 2 }));
    assert_eq!((by_age.population, &by_age.ages[..], by_age.per), (Population::Esp2013, &[0, 15, 65][..], 1000));
    let [wait, ages] = &report.quartiles[..] else { panic!("two") };
    // Contacts: band, sex, age, days; those of the contact go before those of the person.
    assert_eq!((wait.of, wait.across, &wait.bins), (2, 3, &Bins { first: 0, edges: vec![0, 7, 14] }));
    assert_eq!(wait.at, [0.25, 0.5, 0.75]);
    assert_eq!((ages.of, ages.across, &ages.bins.edges[..], &ages.at[..]), (0, 2, &[0, 15, 65][..], &[0.1, 0.5][..]));
    assert_eq!(report.reliability, Reliability { unreliable_over: 0.4, withhold_over: Some(1.2) });
}

#[test]
fn tables_of_each_measure() {
    let report = board().load().unwrap().reports.swap_remove(0);
    let tables = report.measures.iter().map(|measure| measure.tables.clone()).collect::<Vec<_>>();
    let empty = Vec::<usize>::new();
    assert_eq!(tables[0], [empty.clone(), vec![0], vec![1, 2]]);
    assert_eq!(tables[1], [empty.clone(), vec![0], vec![0, 3], vec![1, 2]]);
    assert_eq!(tables[2], [empty.clone(), vec![0], vec![3], vec![1, 2]]);
    // Places are by area alone: no organisation has a deprivation band, a sex or a reason.
    assert_eq!(tables[5], std::slice::from_ref(&empty));
    // Without a list, every combination.
    let report = Board::new().load().unwrap().reports.swap_remove(0);
    assert_eq!(report.measures[0].tables, [empty.clone(), vec![0]]);
    assert_eq!(report.measures[1].tables, [empty, vec![0], vec![1], vec![0, 1]]);
}

#[test]
fn slips_in_what_a_report_derives() {
    let slips = [
        // Tables.
        ("  - [days]", "  - [dyas]", "8:6 `dyas` is not in `by` | did you mean `days`?"),
        ("  - [days]", "  - [days, area]", "8:12 every table is by area | leave `area` out here"),
        ("  - [days]", "  - [days, days]", "8:12 `days` is named twice in this table"),
        (
            "  - [days]",
            "  - [days]\n  - [age_band, sex]",
            "9:5 this table is listed already, as number 3 | leave it out",
        ),
        ("  - [days]\n", "", "3:50 `days` stands in none of the `tables` | name it in a table, or take it out of `by`"),
        ("  - [days]", "  - days", "8:5 expected a list, found `days`"),
        // Rates.
        (
            "{ of: referred, over: registered }",
            "{ of: registered, over: referred }",
            "18:43 `referred` is given by `reason`, and `registered` is not: it has no cell to divide by | take `reason` \
             out of `by`, or divide by a measure that is not given by it",
        ),
        (
            "{ of: referred, over: registered }",
            "{ of: minutes, over: registered, sampling: binomial }",
            "18:62 `binomial` is for a share of people, and `minutes` counts no people | write `poisson` for events",
        ),
        (
            "{ of: referred, over: registered }",
            "{ of: seen, over: contacts, sampling: binomial }",
            "18:57 `binomial` is for a share of people, and `contacts` counts no people",
        ),
        (
            "per: 1 }",
            "per: 1, sampling: poisson }",
            "19:71 `poisson` is for people and events, and `minutes` counts neither | write `none`",
        ),
        ("sampling: none", "sampling: gaussian", "20:67 unknown word `gaussian` | allowed here: `none`, `poisson`"),
        ("referred_share:", "registered:", "18:3 `registered` already names a measure"),
        // Changes.
        (
            "{ of: referral_rate, label",
            "{ of: referal_rate, label",
            "24:22 unknown measure or rate `referal_rate` | did you mean `referral_rate`?",
        ),
        ("  rate_change:", "  referral_rate:", "24:3 `referral_rate` already names a rate"),
        // Inequality.
        (
            "{ of: referral_rate, across",
            "{ of: referred, across",
            "26:14 unknown rate `referred` | allowed here: `referral_rate`, `referred_share`",
        ),
        (
            "across: simd_quintile",
            "across: reason",
            "26:37 `reason` is no deprivation band | the only one allowed here is",
        ),
        ("across: simd_quintile", "across: simd_quintle", "26:37 `simd_quintle` is no deprivation band | did you mean"),
        ("{ of: referral_rate, across", "{ of: demand, across", "26:30 `places` is not given by `simd_quintile`"),
        (
            ", convention: scotpho",
            "",
            "26:3 the key is missing: `convention` | `convention`: Whose convention the indices",
        ),
        ("convention: scotpho", "convention: marmot", "26:64 unknown word `marmot` | allowed here: `phe`, `scotpho`"),
        (
            "  - [simd_quintile]\n",
            "",
            "25:37 no table gives `referred` by `simd_quintile` alone | add `[simd_quintile]` to `tables`: a person may be \
             in several rows of a wider table",
        ),
        // Standardised rates.
        ("across: age_band", "across: sex", "28:53 the codes of `sex` are no age bands | they are written `0 to 14`"),
        ("across: age_band", "across: simd_quintile", "28:53 the codes of `simd_quintile` are no age bands"),
        (
            "across: age_band",
            "across: reason",
            "28:53 `registered` is not given by `reason` | allowed here: `simd_quintile`",
        ),
        ("population: esp2013", "population: esp1976", "28:75 unknown word `esp1976` | the only one allowed here is"),
        (", per: 1000 }\nq", " }\nq", "28:3 the key is missing: `per`"),
        (", per: 1000 }\nq", ", per: 0 }\nq", "28:89 must be at least 1"),
        (
            "{ of: referred, over: registered, across",
            "{ of: minutes, over: registered, across",
            "28:17 a standardised rate is of people or events, and `minutes` counts neither",
        ),
        // Quartiles.
        ("{ of: seen }", "{ of: places }", "30:20 `places` is not given by bins | quartiles are of a wait"),
        ("{ of: seen }", "{ of: sene }", "30:20 unknown measure `sene` | did you mean `seen`?"),
        ("at: [0.1, 0.5]", "at: []", "31:31 at least one share is needed"),
        ("at: [0.1, 0.5]", "at: [0.5, 1]", "31:37 a share is above 0 and below 1 | 0.5 is the median"),
        ("at: [0.1, 0.5]", "at: [.nan]", "31:32 "),
        ("at: [0.1, 0.5]", "at: [0.5, 0.5]", "31:37 shares are written in rising order, each once"),
        // Reliability.
        ("\"40%\"", "\"0.4\"", "32:33 `0.4` is not a share; write it with a percent sign, like \"5%\""),
        ("\"40%\"", "\"0%\"", "32:33 a limit is above 0% and at most 10000%"),
        ("\"120%\"", "\"30%\"", "32:55 figures are withheld before they are marked as unreliable"),
    ];
    let mut wrong = Vec::new();
    for (from, to, expected) in slips {
        let found = board().edit(REACH, from, to).short();
        if !found.iter().any(|line| line.strip_prefix("reach.yaml:").is_some_and(|line| line.starts_with(expected))) {
            wrong.push(format!("{to}\nexpected {expected}\nfound {found:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn a_denominator_without_a_cell_as_printed() {
    let board = Board::new().edit(REACH, "of: referred\n    over: registered", "of: registered\n    over: referred");
    let expected = "\
error: `referred` is given by `reason`, and `registered` is not: it has no cell to divide by
  --> reports/reach.yaml:20:11
   |
20 |     over: referred
   |           ^^^^^^^^
   |
   = help: take `reason` out of `by`, or divide by a measure that is not given by it";
    assert_eq!(board.printed(), expected);
}

#[test]
fn the_same_dimension_by_other_codes_is_another() {
    // Both tables have a `mode`, and not the same list of it.
    let mode = "columns:\n  mode: { type: code, codes: [letter, visit], breach: unknown }\n";
    let board = Board::new()
        .edit("schemas/referrals.yaml", "columns:\n", mode)
        .edit(REACH, "simd_quintile, reason", "simd_quintile, mode")
        .edit(REACH, "    persons: patients", "    persons: contacts");
    let told = board.short();
    assert_eq!(
        told,
        ["reach.yaml:20:11 `registered` and `referred` are given by different codes of `mode` | take `mode` \
         out of `by`, or give both tables the same list of codes"]
    );
}

#[test]
fn ages_are_cut_where_the_standard_population_is() {
    let cut = |codes: &str| {
        let codes = format!("codes: [{codes}]");
        board().edit("schemas/patients.yaml", "codes: [0 to 14, 15 to 64, 65 and over]", &codes).short()
    };
    let told = cut("0 to 15, 16 to 64, 65 and over");
    assert!(
        told.iter()
            .any(|told| told.contains("reach.yaml:28:53 a band of `age_band` begins at 16, inside a band of the")),
        "{told:?}"
    );
    assert!(cut("0 to 89, 90 to 94, 95 and over")[0].contains("begins at 95"));
    assert_eq!(cut("15 to 44, 45 to 89, 90+"), Vec::<String>::new());
    assert!(cut("under 15, 15 to 64, 65+")[0].contains("are no age bands"));
    assert!(cut("-5 to 14, 15 to 64, 65+")[0].contains("are no age bands"));
}

#[test]
fn two_lists_of_bins_are_one_too_many() {
    let minutes = "columns:\n  size: { type: code, codes: [0 to 9, 10 and over], breach: unknown }\n";
    let board = board()
        .edit("schemas/contacts.yaml", "columns:\n", minutes)
        .edit(REACH, "reason, days]", "reason, days, size]")
        .edit(REACH, "  - [days]", "  - [days, size]");
    assert_eq!(
        board.short(),
        ["reach.yaml:30:20 `seen` is given by several lists of bins: `days`, `size` | keep one of them in `by`"]
    );
}

#[test]
fn so_many_dimensions_need_a_list_of_tables() {
    let wide = "by: [area, simd_quintile, sex, age_band, reason, source, status, practice]";
    let board = board()
        .edit(
            "schemas/patients.yaml",
            "columns:\n",
            "columns:\n  practice: { type: code, codes: [a], breach: unknown }\n",
        )
        .edit(REACH, "by: [area, simd_quintile, sex, age_band, reason, days]", wide);
    // With a list, any number may be in `by`: what is wrong is that `days` is not.
    assert!(matches!(&board.short()[..], [only] if only.starts_with("reach.yaml:8:6 `days` is not in `by`")));
    let text = fs::read_to_string(board.path(REACH)).unwrap();
    let (start, end) = (text.find("tables:").unwrap(), text.find("measures:").unwrap());
    fs::write(board.path(REACH), format!("{}{}", &text[..start], &text[end..])).unwrap();
    let told = board.short();
    let expected =
        "reach.yaml:3:5 `referred` is given by so many dimensions that they make more than 64 tables | say which";
    assert!(told.iter().any(|told| told.starts_with(expected)), "{told:?}");
}

#[test]
fn more_tables_than_anyone_reads() {
    let tables = |n: usize| format!("tables: [{}]\n", vec!["[simd_quintile]"; n].join(", "));
    let many = |n: usize| Board::new().edit(REACH, "by:", &format!("{}by:", tables(n))).short();
    assert!(
        many(65).iter().any(|told| told.starts_with("reach.yaml:6:9 65 tables are more than 64 | leave out those"))
    );
    assert!(!many(64).iter().any(|told| told.contains("are more than")));
}

#[test]
fn a_boards_rules_and_a_reports_own() {
    let usual = Reliability { unreliable_over: 0.5, withhold_over: None };
    let plan = Board::new().load().unwrap();
    assert_eq!((plan.reports[0].reliability, plan.publish.small_numbers), (usual, None));
    let publish = |lines: &str| board().edit(DEMO, "publish:\n", &format!("publish:\n{lines}"));
    let board = publish("  reliability: { withhold_over: 200% }\n  small_numbers: { below: 5, zeros: show }\n");
    let plan = board.load().unwrap();
    assert_eq!(plan.reports[0].reliability, Reliability { unreliable_over: 0.4, withhold_over: Some(1.2) });
    assert_eq!(plan.reports[1].reliability, Reliability { unreliable_over: 0.5, withhold_over: Some(2.0) });
    assert_eq!(plan.publish.small_numbers, Some(SmallNumbers { below: 5, zeros: Zeros::Show }));
    // A report may publish what its board withholds.
    let open = board.edit(REACH, "withhold_over: \"120%\"", "withhold_over: never");
    assert_eq!(open.load().unwrap().reports[0].reliability.withhold_over, None);
    let hidden = publish("  small_numbers: { below: 5 }\n").load().unwrap().publish.small_numbers;
    assert_eq!(hidden, Some(SmallNumbers { below: 5, zeros: Zeros::Hide }));
    let told = |lines: &str| publish(lines).short();
    assert_eq!(
        told("  reliability: { unreliable_over: half }\n"),
        [
            "demo.yaml:53:35 `half` is not a share; write it with a percent sign, like \"5%\" | half of the 95% interval as a \
          share of the value, as in \"50%\""
        ]
    );
    for (lines, expected) in [
        ("  small_numbers: { below: 0 }\n", "demo.yaml:53:27 the limit is 1 to 1000"),
        ("  small_numbers: { below: 1, zeros: show }\n", "demo.yaml:53:27 the limit is 2 to 1000"),
        ("  small_numbers: { below: 5000 }\n", "demo.yaml:53:27 the limit is 1 to 1000"),
        ("  small_numbers: { below: 5, zeros: sho }\n", "demo.yaml:53:37 unknown word `sho` | did you mean `show`?"),
    ] {
        let told = told(lines);
        assert!(matches!(&told[..], [only] if only.starts_with(expected)), "{told:?}");
    }
}

#[test]
fn everyone_in_one_area() {
    let levels = |levels: &str| Board::new().edit(DEMO, "[health_board, hscp]", levels);
    let plan = levels("[all, hscp]").load().unwrap();
    let found = plan.geography.levels.iter().map(|level| (&*level.name, level.column.as_deref(), &*level.heading));
    assert_eq!(found.collect::<Vec<_>>(), [("all", None, "Area"), ("hscp", Some("hscp"), "HSCP")]);
    assert_eq!(plan.reports[0].level_shares, [1, 1]);
    assert_eq!(levels("[all]").short(), Vec::<String>::new());
    assert_eq!(
        levels("[hscp, all]").short(),
        ["demo.yaml:38:18 `all` is everyone in one area | write it first: it is the coarsest"]
    );
    assert_eq!(levels("[all, all]").short(), ["demo.yaml:38:17 `all` is listed twice"]);
    assert_eq!(
        levels("[al, hscp]").short(),
        ["demo.yaml:38:12 `data_zones` has no area level `al` | did you mean `all`?"]
    );
}
