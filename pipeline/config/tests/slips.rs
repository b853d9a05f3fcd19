//! One slip at a time, each answered where it stands; and several at once.

use super::*;

const DEMO: &str = "configs/demo.yaml";
const REACH: &str = "reports/reach.yaml";

#[test]
fn a_misspelt_dimension_as_printed() {
    let board = Board::new().edit(REACH, "by: [area, simd_quintile, reason]", "by: [area, simd_quintle, reason]");
    let expected = "\
error: unknown dimension `simd_quintle`
 --> reports/reach.yaml:6:12
  |
6 | by: [area, simd_quintle, reason]
  |            ^^^^^^^^^^^^
  |
  = help: did you mean `simd_quintile`?";
    assert_eq!(board.printed(), expected);
}

#[test]
fn a_misspelt_column_inside_a_condition_as_printed() {
    let board = Board::new().edit(
        REACH,
        "where: \"status <> 'declined'\"",
        "where: \"source = 'gp' and statsu <> 'declined'\"",
    );
    let expected = "\
error: `referrals` has no column `statsu`
  --> reports/reach.yaml:13:31
   |
13 |     where: \"source = 'gp' and statsu <> 'declined'\"
   |                               ^^^^^^
   |
   = help: did you mean `status`?";
    assert_eq!(board.printed(), expected);
}

#[test]
fn slips_in_several_files_as_printed() {
    let board = Board::new()
        .edit(DEMO, "ledger:", "leger:")
        .edit("schemas/referrals.yaml", "type: code", "type: cod")
        .edit(REACH, "per: 1000", "per: many");
    let expected = "\
error: the key is missing: `ledger`
  --> configs/demo.yaml:41:1
   |
41 | privacy:
   | ^^^^^^^
   |
   = help: `ledger`: The ledger: one a board, for ever

error: unknown key `leger`
  --> configs/demo.yaml:47:3
   |
47 |   leger: out/demo/ledger.sqlite
   |   ^^^^^
   |
   = help: did you mean `ledger`?

error: unknown word `cod`
  --> schemas/referrals.yaml:36:11
   |
36 |     type: cod
   |           ^^^
   |
   = help: did you mean `code`?

error: expected a whole number, found `many`
  --> reports/reach.yaml:21:10
   |
21 |     per: many
   |          ^^^^";
    assert_eq!(board.printed(), expected);
}

#[test]
fn slips_in_the_boards_yaml() {
    let slips = [
        (
            "2026-Q3",
            "2026-Q5",
            "demo.yaml:5:10 `2026-Q5` is not a calendar quarter; write a year and a quarter, as `2026-Q3`",
        ),
        ("root: ..", "root: ../nowhere", "demo.yaml:6:7 there is no folder"),
        ("patients: 200000", "patients: 2", "demo.yaml:10:13 a fictional board has 100 to 60000000 patients"),
        ("dirt: 2%", "dirt: 0.02", "demo.yaml:13:9 `0.02` is not a share"),
        ("dirt: 2%", "dirt: 60%", "demo.yaml:13:9 more than half"),
        ("  contacts: out", "  contcats: out", "demo.yaml:21:3 unknown table `contcats` | did you mean `contacts`?"),
        (
            "practices/*/contacts.csv",
            "practices/*/referrals.csv",
            "demo.yaml:21:13 `referrals` already reads the same files",
        ),
        ("practices/*/contacts.csv", "practices/***/c.csv", "demo.yaml:21:13 not a path or glob"),
        (
            "  patients: out/demo/extracts/practices/*/patients.csv\n",
            "",
            "demo.yaml:17:1 the table `patients` has no source",
        ),
        (
            "  organisations: out",
            "  # out",
            "demo.yaml:22:3 `onward_referrals.org_id` refers to the table `organisations`, which has no source",
        ),
        (
            "data_zones: out/demo/extracts/public/data_zones.csv",
            "data_zones: { path: x, schema: simd2020 }",
            "demo.yaml:26:34 unknown schema `simd2020` | did you mean `simd2020v2`?",
        ),
        (
            "data_zones: out/demo/extracts/public/data_zones.csv",
            "data_zones: { path: x, schema: contacts }",
            "demo.yaml:26:34 `contacts` describes the table `contacts`, not `data_zones`",
        ),
        (
            "{ file: out/demo/demo.key }",
            "{ file: a, env: b }",
            "demo.yaml:33:8 exactly one of `file`, `env` and `command` is needed",
        ),
        (
            "{ file: out/demo/demo.key }",
            "{ env: a b }",
            "demo.yaml:33:15 this is not the name of an environment variable",
        ),
        ("{ file: out/demo/demo.key }", "{ command: [] }", "demo.yaml:33:19 the command is empty"),
        ("project: strathmirr-links", "project: ' '", "demo.yaml:35:12 expected a name of 1 to 100 characters"),
        (
            "[health_board, hscp]",
            "[health_board, hsp]",
            "demo.yaml:38:26 `data_zones` has no area level `hsp` | did you mean `hscp`?",
        ),
        ("[health_board, hscp]", "[hscp, hscp]", "demo.yaml:38:18 `hscp` is listed twice"),
        ("[health_board, hscp]", "[]", "demo.yaml:38:11 at least one level is needed"),
        ("simd_quintile: country", "simd_quintile: contry", "demo.yaml:39:27 `contry` says no scope for bands"),
        (
            "simd_quintile: country",
            "simd_quintile: within helth_board",
            "demo.yaml:39:27 `data_zones` has no `simd_quintile` within `helth_board` | did you mean `health_board`?",
        ),
        (
            "simd_quintile: country",
            "simd_quintle: country",
            "demo.yaml:39:12 `data_zones` has no band `simd_quintle` | did you mean `simd_quintile`?",
        ),
        ("rho: \"0.25\"", "rho: \"0\"", "demo.yaml:43:16 the loss must be above 0"),
        ("rho: \"0.25\"", "rho: inf", "demo.yaml:43:16 `inf` is not an amount"),
        ("rho: \"0.25\", delta", "delta", "demo.yaml:43:9 exactly one of `rho` and `epsilon` is needed"),
        (
            "rho: \"0.25\",",
            "rho: \"0.25\", epsilon: \"1\",",
            "demo.yaml:43:9 exactly one of `rho` and `epsilon` is needed",
        ),
        ("rho: \"0.25\"", "epsilon: \"0.25\"", "demo.yaml:45:9 the year is in rho, the quarter in epsilon"),
        ("rho: \"0.25\"", "rho: \"1.1\"", "demo.yaml:45:16 the year allows less (1) than this quarter spends (1.1)"),
        (
            "year: { rho: \"1\" }",
            "quarter: { epsilon: \"1\" }",
            "demo.yaml:45:12 the quarter is in epsilon, the loss in rho | both must be losses of the same kind",
        ),
        (
            "year: { rho: \"1\" }",
            "quarter: { rho: \"0.2\" }",
            "demo.yaml:45:19 the quarter allows less (0.2) than the reports share (0.25)",
        ),
        (
            "year: { rho: \"1\" }",
            "year: { rho: \"0.3\" }\n  quarter: { rho: \"1/2\" }",
            "demo.yaml:45:16 the year allows less (0.3) than this quarter may spend (1/2)",
        ),
        ("year: { rho: \"1\" }", "quarter: { rho: \"0\" }", "demo.yaml:45:19 the loss must be above 0"),
        ("year: { rho: \"1\" }", "quarter: {}", "demo.yaml:45:12 exactly one of `rho` and `epsilon` is needed"),
        ("1e-7", "1", "demo.yaml:43:31 delta must be above 0 and below 1"),
        ("year: { rho: \"1\" }", "year: { rho: \"1\", delta: \"1e-7\" }", "demo.yaml:45:21 unknown key `delta`"),
        (
            "reports: [reach, bridge]",
            "reports: [reach, brige]",
            "demo.yaml:49:18 unknown report `brige` | did you mean `bridge`?",
        ),
        ("reports: [reach, bridge]", "reports: [reach, reach]", "demo.yaml:49:18 `reach` is listed twice"),
        (
            "reports: [reach, bridge]",
            "reports: [../reports/reach]",
            "demo.yaml:49:11 unknown report `../reports/reach`",
        ),
        ("reports: [reach, bridge]", "reports: []", "demo.yaml:49:10 at least one report is needed"),
        ("[csv, parquet]", "[csv, xslx]", "demo.yaml:54:18 unknown word `xslx`"),
        ("[csv, parquet]", "[csv, csv]", "demo.yaml:54:18 this format is listed twice"),
        ("[csv, parquet]", "[]", "demo.yaml:54:12 at least one format is needed"),
        (
            "to: out/demo/published",
            "to: out/demo/work/../../demo",
            "demo.yaml:51:7 this lies inside the folder that is published",
        ),
        ("board: NHS Strathmirr", "board: a\nboard: b", "demo.yaml:5:1 `board` is given twice"),
    ];
    let mut wrong = Vec::new();
    for (from, to, expected) in slips {
        let found = Board::new().edit(DEMO, from, to).short();
        if !found.iter().any(|line| line.starts_with(expected)) {
            wrong.push(format!("{to}\nexpected {expected}\nfound {found:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn slips_in_a_report() {
    let slips = [
        (
            "persons: referrals",
            "persons: referals",
            "reach.yaml:12:14 unknown table `referals` | did you mean `referrals`?",
        ),
        (
            "persons: referrals",
            "persons: organisations",
            "reach.yaml:12:14 `organisations` is public and holds no person",
        ),
        (
            "persons: referrals",
            "persons: practitioners",
            "reach.yaml:12:14 `practitioners` has no column that names a person",
        ),
        ("persons: referrals", "events: referrals", "reach.yaml:11:3 `events` needs a bound"),
        ("persons: referrals", "persons: referrals\n    events: contacts", "reach.yaml:11:3 exactly one of"),
        ("persons: referrals", "label2: x", "reach.yaml:12:5 unknown key `label2` | did you mean `label`?"),
        ("persons: referrals", "sum: referrals", "reach.yaml:12:10 a sum needs a column"),
        ("persons: referrals", "sum: referrals.status", "reach.yaml:12:20 `status` is not a number"),
        (
            "persons: referrals",
            "sum: contacts.minuts",
            "reach.yaml:12:19 `contacts` has no column `minuts` | did you mean `minutes`?",
        ),
        ("persons: referrals", "sum: contacts.minutes", "reach.yaml:11:3 a sum needs a range"),
        ("cells: 3", "cells: 0", "reach.yaml:16:26 must be at least 1"),
        ("cells: 3", "events: 3", "reach.yaml:16:19 `events` means nothing for `persons`"),
        ("cells: 3", "between: [0, 1]", "reach.yaml:16:19 `between` means nothing for `persons`"),
        ("of: referred", "of: refered", "reach.yaml:19:9 unknown measure `refered` | did you mean `referred`?"),
        ("of: referred", "of: registered", "reach.yaml:20:11 a measure over itself"),
        ("per: 1000", "per: 0", "reach.yaml:21:10 must be at least 1"),
        ("referral_rate:", "referred:", "reach.yaml:18:3 `referred` already names a measure"),
        ("referral_rate:", "Rate:", "reach.yaml:18:3 `Rate` is not a name"),
        ("[area, ", "[", "reach.yaml:6:5 every report is by area"),
        ("[area, ", "[area, area, ", "reach.yaml:6:12 `area` is listed twice"),
        ("[area, ", "[area, outcome, ", "reach.yaml:6:12 unknown dimension `outcome`"),
        ("[area, ", "[area, simd_decile, ", "reach.yaml:6:12 unknown dimension `simd_decile`"),
        ("protects: patient", "protects: patient\nshare: 0", "reach.yaml:4:8 must be at least 1"),
        ("protects: patient", "", "reach.yaml:2:1 the key is missing: `protects`"),
        ("title: Who the links workers reach", "title: ''", "reach.yaml:2:8 the title is empty"),
    ];
    let mut wrong = Vec::new();
    for (from, to, expected) in slips {
        let found = Board::new().edit(REACH, from, to).short();
        if !found.iter().any(|line| line.starts_with(expected)) {
            wrong.push(format!("{to}\nexpected {expected}\nfound {found:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn text_that_cannot_be_shown_as_it_is() {
    for hidden in ["\\0", "\\e[31m", "\\u202E", "\\u2066", "\\r"] {
        let title = format!("title: \"Who the links{hidden} workers reach\"");
        let found = Board::new().edit(REACH, "title: Who the links workers reach", &title).short();
        let told =
            found.iter().any(|it| it.starts_with("reach.yaml:2:8 this text has a character that cannot be shown, U+"));
        assert!(told && found.len() == 1, "{hidden}: {found:?}");
    }
    let title =
        "title: \"Who \\u202A\\u202C\"".replace("\\u202A\\u202C", "\u{1F469}\u{200D}\u{2695} \u{5D0}\u{200F} e\u{301}");
    assert_eq!(Board::new().edit(REACH, "title: Who the links workers reach", &title).short(), Vec::<String>::new());
}

#[test]
fn slips_in_look_and_contact() {
    let with = |lines: &str| Board::new().edit(DEMO, "publish:\n", &format!("publish:\n{lines}\n"));
    let pictures = tempfile::tempdir().unwrap();
    let picture = |name: &str, bytes: &[u8]| {
        let path = pictures.path().join(name);
        fs::write(&path, bytes).unwrap();
        format!("  look: {{ logo: {} }}", path.display())
    };
    let png = b"\x89PNG\r\n\x1a\n";
    let table = [
        ("  look:\n    colour: #3F3685".to_owned(), "no colour is given | in quotes"),
        ("  look: { colour: purple }".into(), "`purple` is no colour"),
        ("  look: { accent: '#83BB26' }".into(), "#83BB26 is too pale to be read"),
        ("  look: { logo: nowhere.svg }".into(), "no picture is there"),
        (picture("a.jpg", png), "the name of a logo ends in .svg or .png"),
        (picture("a.png", b"hello"), "this is not the picture that its name says"),
        (picture("a.svg", b""), "this is not the picture that its name says"),
        (picture("b.svg", &[b"<svg>".to_vec(), vec![b' '; 300_000]].concat()), "this picture is too large"),
        (picture("b.png", &[png.to_vec(), vec![0; 300_000]].concat()), "this picture is too large"),
        ("  contact: { email: 'mailto:a@b' }".into(), "no address for e-mail"),
        ("  contact: { email: a@ }".into(), "no address for e-mail"),
        ("  contact: { url: 'https://' }".into(), "no address of a page"),
        ("  contact: { url: 'javascript:alert(1)' }".into(), "no address of a page"),
    ];
    for (yaml, expected) in table {
        let found = with(&yaml).short();
        assert!(found.len() == 1 && found[0].contains(expected), "{yaml}: {found:?}");
    }
    for good in
        [picture("c.png", png), picture("c.svg", b"<?xml?><svg/>"), "  contact: { email: a.b@c.example }".into()]
    {
        assert_eq!(with(&good).short(), Vec::<String>::new(), "{good}");
    }
}

#[test]
fn sums_are_bounded_the_right_way_round() {
    let sum = |between: &str| {
        Board::new()
            .edit(
                REACH,
                "persons: patients",
                &format!("sum: contacts.minutes\n    per_person: {{ between: {between} }}"),
            )
            .short()
    };
    assert_eq!(sum("[0, 600]"), Vec::<String>::new());
    assert_eq!(sum("[600, 0]"), ["reach.yaml:10:28 the range is back to front"]);
    assert_eq!(sum("[0, 0]"), ["reach.yaml:10:28 a total clamped to 0 says nothing"]);
    assert_eq!(sum("[0]"), ["reach.yaml:10:28 expected 2 values, found 1"]);
}

#[test]
fn a_real_board_needs_its_files() {
    let board = Board::new().real();
    fs::remove_file(board.path("out/demo/demo.key")).unwrap();
    fs::remove_file(board.path("out/demo/extracts/public/organisations.csv")).unwrap();
    let found = board.short();
    assert_eq!(found.len(), 2, "{found:#?}");
    assert!(found[0].contains("no file matches `out/demo/extracts/public/organisations.csv`"), "{found:#?}");
    assert!(found[1].contains("there is no key file"), "{found:#?}");
    let board = Board::new().real().edit(DEMO, "{ file: out/demo/demo.key }", "{ env: SMIRR_NO_SUCH_VARIABLE }");
    assert_eq!(board.short().len(), 1);
    assert!(board.short()[0].contains("this environment variable is not set"));
}

#[test]
fn a_fictional_board_makes_only_what_is_in_its_own_folder() {
    let board =
        Board::new().edit(DEMO, "data_zones: out/demo/extracts/public/data_zones.csv", "data_zones: lookups/none.csv");
    let found = board.short();
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].starts_with("demo.yaml:26:15 no file matches `lookups/none.csv`"), "{found:#?}");
}

#[test]
fn a_key_written_into_the_yaml_is_not_printed() {
    let secret = "c2VjcmV0LWtleS1tYXRlcmlhbA==";
    let written = [
        "\n    env: SECRET",
        "{ env: SECRET }",
        "{ env: SECRET, command: [] }",
        "{ file: SECRET, env: SECRET }",
        "SECRET",
        "[SECRET]",
        "|\n    SECRET",
        "{ text: SECRET }",
        "{ SECRET: file }",
        "{ env: SECRET }\n  salt: SECRET",
    ];
    for written in written {
        let board = Board::new().edit(DEMO, "{ file: out/demo/demo.key }", &written.replace("SECRET", secret));
        let Err(Error::Config(complaints)) = board.load() else { panic!("no complaint") };
        assert!(!format!("{complaints:#}").contains(secret), "{written}: {complaints}");
        assert!(complaints.iter().all(|complaint| (33..37).contains(&complaint.line)), "{written}: {complaints}");
    }
    // Both on one line.
    let board = Board::new().edit(DEMO, "pseudonyms:\n", "").edit(DEMO, "  project: strathmirr-links\n", "");
    let both = format!("pseudonyms: {{ key: {secret}, salt: {secret}x, project: p }}\n");
    let printed = board.edit(DEMO, "  key: { file: out/demo/demo.key }\n", &both).printed();
    assert!(printed.contains("expected a mapping") && !printed.contains(secret), "{printed}");
    // A path is no secret, and its line is shown.
    let board = Board::new().edit(DEMO, "{ file: out/demo/demo.key }", "{ file: [x] }");
    assert!(board.printed().contains("file: [x]"));
}
