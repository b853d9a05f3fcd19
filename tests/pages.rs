//! The pages of trust and the operator's report: every number is a fact of the pack and is recomputed, nothing that
//! others wrote can act, and the public part is plain.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::Value;

use crate::support::{Board, Size, files, repository};

/// One stretch of text on a page: what it stands in, outermost first.
struct Text {
    words: String,
    /// The nearest `data-fact` and its element's number.
    fact: Option<(usize, String)>,
    /// Whether the words are the board's own.
    own: bool,
    /// The `id` of the section it stands in.
    section: Option<String>,
}

const VOID: [&str; 7] = ["meta", "img", "br", "hr", "input", "link", "wbr"];

/// The text of a page's body. Our pages close what they open, and quote attributes: what does not is a fault.
fn texts(page: &str) -> Vec<Text> {
    let body = page.split_once("<body>").expect("a page has a body").1;
    let mut open = Vec::<(String, Option<(usize, String)>, bool, Option<String>)>::new();
    let (mut found, mut rest, mut number) = (Vec::new(), body, 0);
    while let Some((before, after)) = rest.split_once('<') {
        if !before.trim().is_empty() {
            let fact = open.iter().rev().find_map(|it| it.1.clone());
            let section = open.iter().rev().find_map(|it| it.3.clone());
            found.push(Text { words: plain(before), fact, own: open.iter().any(|it| it.2), section });
        }
        let (tag, next) = after.split_once('>').expect("a tag ends");
        rest = next;
        if let Some(name) = tag.strip_prefix('/') {
            if name == "body" {
                break;
            }
            let (opened, ..) = open.pop().expect("what is closed was opened");
            assert_eq!(opened, name, "a page closes what it opened last");
            continue;
        }
        let name = tag.split_whitespace().next().expect("a tag has a name").to_owned();
        let value = |key: &str| {
            let after = tag.split_once(&format!(" {key}=\""))?.1;
            Some(after.split_once('"').expect("values are in quotes").0.to_owned())
        };
        number += 1;
        if !VOID.contains(&name.as_str()) {
            let section = (name == "section").then(|| value("id")).flatten();
            open.push((name, value("data-fact").map(|it| (number, it)), value("data-from").is_some(), section));
        }
    }
    assert!(open.is_empty(), "a page leaves elements open: {:?}", open.iter().map(|it| &it.0).collect::<Vec<_>>());
    found
}

fn plain(text: &str) -> String {
    let pairs = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#x27;", "'"), ("&#x2f;", "/"), ("&amp;", "&")];
    pairs.iter().fold(text.to_owned(), |text, (coded, sign)| text.replace(coded, sign))
}

/// Every fact of a page: where it stands as data, and what the page says.
fn facts(page: &str) -> Vec<(String, String)> {
    let mut facts = BTreeMap::<usize, (String, String)>::new();
    for text in texts(page) {
        if let Some((number, place)) = text.fact {
            facts.entry(number).or_insert_with(|| (place, String::new())).1.push_str(&text.words);
        }
    }
    facts.into_values().collect()
}

/// Whether a page says what the data have: text to the letter, numbers to the digits that are shown.
fn says(shown: &str, value: &Value) -> bool {
    let number = |text: &str| text.replace(',', "").parse::<f64>().ok();
    match value {
        Value::String(text) => shown == text.replace('`', ""),
        Value::Number(value) => {
            let digits = shown.split_once('.').map_or(0, |(_, digits)| digits.len());
            let half = 0.5 * 0.1f64.powi(digits as i32) + 1e-9;
            let exact = value.as_f64().expect("a number");
            let coarse = digits < 2 && exact.fract() != 0.0 && exact.abs() < 10.0;
            number(shown).is_some_and(|shown| (shown - exact).abs() <= if coarse { 0.005 } else { half })
        }
        _ => false,
    }
}

/// The shipped reports, on a small board.
fn run(change: impl FnOnce(&mut Board)) -> Board {
    let mut board = Board::new(&Size { patients: 3_000, activity: 4.0, ..Size::default() });
    board.config.reports_folder = repository().join("reports");
    board.config.reports = "[reach, bridge, waits, capacity, outcomes]".into();
    change(&mut board);
    with_pages(&board);
    board.smirr(&["run", "--quiet"]).ends(0);
    board
}

/// Asks for pages too.
fn with_pages(board: &Board) {
    board.configure();
    let yaml = fs::read_to_string(board.path("board.yaml")).expect("there is a configuration");
    files::write(&board.path("board.yaml"), yaml.replace("[csv, parquet]", "[html, csv, parquet]"));
}

fn page(board: &Board, name: &str) -> String {
    fs::read_to_string(board.pack().join(name)).expect("the page is in the pack")
}

#[test]
fn every_number_on_a_page_is_a_fact_of_the_pack() {
    let board = run(|_| ());
    let files = BTreeMap::from([("privacy.json", board.label()), ("manifest.json", board.manifest())]);
    for (name, least) in [("privacy.html", 300), ("methodology.html", 100)] {
        let page = page(&board, name);
        let found = facts(&page);
        assert!(found.len() > least, "{name} has {} facts", found.len());
        for (place, shown) in &found {
            let (file, pointer) = place.split_once('#').expect("a fact names its file");
            let value = files[file].pointer(pointer).unwrap_or_else(|| panic!("{name}: {place} is not there"));
            assert!(says(shown, value), "{name}: {place} is {value}, and the page says {shown}");
        }
        for text in texts(&page).iter().filter(|text| text.fact.is_none() && !text.own) {
            // Names of norms have digits of their own.
            let words = text.words.replace("L1 ", "").replace("L2 ", "");
            assert!(!words.contains(|c: char| c.is_ascii_digit()), "{name}: a number without a fact: {}", text.words);
        }
    }
    // Every loss, bound and scale of the label is on the page, and every definition on the other.
    let shown = facts(&page(&board, "privacy.html")).into_iter().map(|it| it.0).collect::<BTreeSet<_>>();
    for (at, report) in files["privacy.json"]["reports"].as_array().expect("reports").iter().enumerate() {
        for (table, _) in report["tables"].as_array().expect("tables").iter().enumerate() {
            for fact in
                ["cells", "bounds/cells", "bounds/least", "bounds/most", "scale", "noise_within_95", "loss_decimal"]
            {
                let place = format!("privacy.json#/reports/{at}/tables/{table}/{fact}");
                assert!(shown.contains(&place), "{place} is not on the page");
            }
        }
    }
}

#[test]
fn the_test_of_facts_is_one_that_would_fail() {
    let page = "<body><p>9 <span data-from=\"board\">8</span><b data-fact=\"a#/b\">7<i>6</i></b></p></body>";
    assert_eq!(facts(page), [("a#/b".to_owned(), "76".to_owned())]);
    let bare = texts(page).into_iter().filter(|it| it.fact.is_none() && !it.own).map(|it| it.words).collect::<Vec<_>>();
    assert_eq!(bare, ["9 "]);
    let value = |text: &str| serde_json::from_str::<Value>(text).expect("it is JSON");
    assert!(says("1,234", &value("1234")) && !says("1,235", &value("1234")) && !says("1234", &value("\"1 234\"")));
    assert!(says("25.1", &value("25.0585")) && !says("25.2", &value("25.0585")) && !says("25", &value("25.6")));
}

/// The label's facts against what they are of: the published tables, the board's YAML and arithmetic of the test's own.
#[test]
fn the_facts_of_the_label_are_those_of_the_run() {
    let board = run(|_| ());
    let (label, manifest) = (board.label(), board.manifest());
    let number = |value: &Value| value.as_f64().expect("a number");
    let mut total = 0.0;
    for report in label["reports"].as_array().expect("reports") {
        let name = report["report"].as_str().expect("a name");
        total += report["cost"]["loss_decimal"].as_str().expect("text").parse::<f64>().expect("a number");
        let published = report["published"].as_array().expect("published");
        assert!(!published.is_empty(), "{name}");
        for own in published {
            let rows = board.table(&format!("{name}-{}", own["level"].as_str().expect("a level")));
            let mut reaches =
                reaches(&rows, own["measure"].as_str().expect("a name"), own["by"].as_array().expect("by"));
            assert_eq!(reaches.len() as f64, number(&own["cells"]), "{name} {own}");
            reaches.sort_by(f64::total_cmp);
            assert_eq!(reaches[(reaches.len() - 1) / 2], number(&own["interval_reach"]), "{name} {own}");
        }
    }
    // The demo's five reports share 0.25 of rho, and no quarter went before.
    assert!((total - 0.25).abs() < 1e-5);
    let spent = label["spending"].as_array().expect("spending");
    let stated = spent.iter().map(|it| ["spent", "limit", "remains"].map(|key| it[key].as_str().expect("text")));
    assert_eq!(stated.collect::<Vec<_>>(), [["0.25", "0.25", "0"], ["0.25", "1", "0.75"]]);
    // Half, and half of the lesser of the root of rho / 2 and the root of 1 - exp(-rho): 0.677 and 0.854.
    assert_eq!((number(&label["right_in_100"]), number(&spent[1]["right_in_100"])), (68.0, 86.0));
    let method = &manifest["method"];
    let areas = board.table("reach-hscp").iter().map(|row| row["HSCP"].clone()).collect::<BTreeSet<_>>();
    assert_eq!(number(&method["levels"][1]["areas"]), (areas.len() - 1) as f64, "unknown is no area");
    assert_eq!([&method["first_day"], &method["last_day"]], ["1 July 2026", "30 September 2026"]);
    let bounds = |measure: &str| {
        let tables = label["reports"].as_array().into_iter().flatten().flat_map(|it| it["tables"].as_array()).flatten();
        tables.clone().find(|it| it["measure"] == measure).map(|it| it["bounds"].clone()).expect("it is drawn")
    };
    // As reports/capacity.yaml and reports/outcomes.yaml say.
    assert_eq!(
        ["cells", "least", "most", "l1"].map(|key| bounds("referred_to")[key].to_string()),
        ["1", "0", "3", "\"3\""]
    );
    assert_eq!(["least", "most"].map(|key| bounds("swemwbs")[key].to_string()), ["-10", "10"]);
    let entries = board.entries("drawn").len() + board.entries("reserved").len();
    assert!(number(&manifest["ledger"]["entries"]) >= entries as f64 - 1.0 && entries >= 10);
}

/// From each published value to the farther end of its interval, in cells that are given by exactly these dimensions.
fn reaches(rows: &[BTreeMap<String, String>], measure: &str, by: &[Value]) -> Vec<f64> {
    let by = by.iter().map(|name| name.as_str().expect("a name").replace('_', "").to_lowercase()).collect::<Vec<_>>();
    let place = |heading: &str| ["fundingendswithinsixmonths"].contains(&heading).then_some("fundingendssoon");
    let headings = rows[0].keys().filter(|name| name.ends_with("QF") && *name != "ValueQF");
    let headings = headings.map(|name| name.trim_end_matches("QF")).filter(|name| !["HB", "HSCP"].contains(name));
    let headings = headings.collect::<Vec<_>>();
    let is_by = |row: &BTreeMap<String, String>| {
        headings.iter().all(|heading| {
            let name = heading.to_lowercase();
            by.contains(&place(&name).unwrap_or(&name).to_owned()) == (row[*heading] != "All")
        })
    };
    let of = rows.iter().filter(|row| row["Figure"] == measure && is_by(row) && !row["Lower95"].is_empty());
    let number = |row: &BTreeMap<String, String>, name: &str| row[name].parse::<f64>().expect("a number");
    of.map(|row| {
        let [value, lower, upper] = ["Value", "Lower95", "Upper95"].map(|name| number(row, name));
        (upper - value).max(value - lower)
    })
    .collect()
}

#[test]
fn the_public_part_is_plain() {
    let board = run(|_| ());
    let page = page(&board, "privacy.html");
    let public = page.split("<section id=\"public\">").nth(1).and_then(|it| it.split("</section>").next());
    let public = public.expect("the page has a part for the public");
    let mut sentences = 0;
    for element in ["<p>", "<p ", "<li>", "<caption>"]
        .iter()
        .flat_map(|tag| public.split(tag).skip(1).map(|it| format!("{}{it}", &tag[2..])))
    {
        let inside = element.split_once('>').expect("a tag ends").1;
        let end = ["</p>", "</li>", "</caption>"].iter().filter_map(|tag| inside.find(tag)).min().expect("it ends");
        let words = texts(&format!("<body>{}</body>", &inside[..end])).into_iter().map(|it| it.words);
        let words = words.collect::<String>();
        for sentence in words.split(['.', '?', '!']).filter(|it| !it.trim().is_empty()) {
            let count = sentence.split_whitespace().count();
            assert!(count <= 30, "{count} words: {sentence}");
            sentences += 1;
        }
        for hard in ["rho", "epsilon", "delta", "sensitivity", "calibrated", "mechanism", "Gaussian", "quantile"] {
            assert!(!words.contains(hard), "a hard word for anyone: {words}");
        }
    }
    assert!(sentences > 15, "{sentences} sentences");
    let sections = texts(&page).into_iter().filter_map(|it| it.section).collect::<BTreeSet<_>>();
    assert_eq!(sections.into_iter().collect::<Vec<_>>(), ["public", "statistics"]);
}

/// What is true of the extracts alone is on no public page: with a practice gone, and others' files faulty, the method
/// says the same but for hashes.
#[test]
fn the_methodology_tells_nothing_of_the_extracts() {
    let first = run(|_| ());
    let second = run(|board| {
        let practices = fs::read_dir(board.path("extracts/practices")).expect("practices");
        let one = practices.map(|it| it.expect("a practice").path()).min().expect("there is one");
        fs::remove_dir_all(one).expect("it is ours");
    });
    let skeleton = |board: &Board| {
        let is_hash = |shown: &str| shown.len() >= 32 && shown.bytes().all(|b| b.is_ascii_hexdigit());
        let facts = facts(&page(board, "methodology.html")).into_iter();
        facts.map(|(place, shown)| (place, if is_hash(&shown) { String::new() } else { shown })).collect::<Vec<_>>()
    };
    assert_ne!(first.tally("patients")["rows"], second.tally("patients")["rows"]);
    assert_eq!(skeleton(&first), skeleton(&second));
}

const HOSTILE: &str = "<script>alert(1)</script><img src=x onerror=alert(1)>";

#[test]
fn what_others_wrote_is_inert() {
    let board = run(|board| {
        board.config.board = format!("'NHS {HOSTILE} {{{{ 7 * 7 }}}}'");
        let reach = "title: 'Reach <script>alert(1)</script> `x` {{ 7 * 7 }}'\nprotects: patient\nby: [area]\nmeasures:\n  \
            referred: { persons: referrals, label: 'People <img src=x onerror=alert(1)> \"referred\"' }\n";
        board.reports(&[("reach", reach)]);
        let from = board.path("extracts/practices");
        let one = fs::read_dir(&from).expect("practices").map(|it| it.expect("a practice").path()).min();
        fs::rename(one.expect("there is one"), from.join("<img src=x onerror=alert(1)>")).expect("it can be renamed");
    });
    let validation = fs::read_to_string(board.path("work/validation/2026-Q3.html")).expect("a report");
    assert!(validation.contains("&lt;img src=x onerror=alert(1)&gt;"), "the file's name is on the page");
    for page in [page(&board, "privacy.html"), page(&board, "methodology.html"), validation] {
        assert!(!page.contains("<script") && !page.contains("<img"), "something of theirs would act");
        assert!(page.contains("NHS &lt;script&gt;") && page.contains("{{ 7 * 7 }}"), "the board's name is as written");
        texts(&page);
    }
}

#[test]
fn the_operator_sees_who_is_late_and_what_has_changed() {
    let mut board = Board::new(&Size { dirt: 0.02, ..Size::default() });
    board.config.reports = "[reach]".into();
    let practices = fs::read_dir(board.path("extracts/practices")).expect("practices");
    let one = practices.map(|it| it.expect("a practice").path()).min().expect("there is one");
    let late = one.file_name().expect("it has a name").to_string_lossy().into_owned();
    fs::remove_file(one.join("referrals.csv")).expect("it is ours");
    with_pages(&board);
    let html = |board: &Board| fs::read_to_string(board.path("work/validation/2026-Q3.html")).expect("a report");
    board.smirr(&["ingest", "--quiet"]).ends(0);
    let first = board.validation();
    assert_eq!((&first["before"], &first["quarter_before"]), (&"absent".into(), &"2026-Q2".into()));
    let senders = first["senders"].as_array().expect("senders").clone();
    let of = |table: &str| senders.iter().find(|it| it["table"] == table).expect("it says whose rows they are").clone();
    let silent = |table: &str| {
        let own = of(table)["senders"].as_array().expect("senders").clone();
        own.into_iter().filter(|it| it["rows"] == 0).map(|it| it["sender"].as_str().expect("a code").to_owned())
    };
    assert!(silent("referrals").any(|it| it == late) && silent("patients").all(|it| it != late));
    let stored = of("patients")["senders"]
        .as_array()
        .expect("senders")
        .iter()
        .map(|it| it["rows"].as_u64())
        .sum::<Option<u64>>();
    let all = stored.zip(of("patients")["unknown"].as_u64()).map(|(known, unknown)| known + unknown);
    assert_eq!(all, board.tally("patients")["stored"].as_u64());
    assert!(html(&board).contains(&late) && html(&board).contains("This run can go on."));
    assert!(html(&board).contains("quarantine.csv"), "the list of lines is named");
    // A quarter before with twice the patients, another lookup, and one sender more.
    let mut before = first.clone();
    for table in before["tables"].as_array_mut().expect("tables") {
        match table["table"].as_str() {
            Some("patients") => {
                table["total"]["stored"] = (2 * table["total"]["stored"].as_u64().expect("a count")).into()
            }
            Some("data_zones") => table["files"][0]["sha256"] = "0".repeat(64).into(),
            _ => {}
        }
    }
    let referrals = before["senders"].as_array_mut().expect("senders").iter_mut().find(|it| it["table"] == "referrals");
    let gone = serde_json::json!({ "sender": "99999", "rows": 500 });
    referrals.expect("referrals")["senders"].as_array_mut().expect("senders").push(gone);
    let earlier = board.path("work/validation/2026-Q2.json");
    files::write(&earlier, before.to_string());
    board.smirr(&["ingest", "--quiet"]).ends(0);
    let second = board.validation();
    let large = second["changes"].as_array().expect("changes").iter().filter(|it| it["large"] == true);
    let large = large.map(|it| (it["table"].as_str(), it["sender"].as_str())).collect::<Vec<_>>();
    assert_eq!(large, [(Some("patients"), None), (Some("referrals"), Some("99999"))]);
    let changed =
        second["lookups"].as_array().expect("lookups").iter().map(|it| (it["table"].as_str(), it["changed"].as_bool()));
    let changed = changed.collect::<BTreeMap<_, _>>();
    assert_eq!((changed[&Some("data_zones")], changed[&Some("practices")]), (Some(true), Some(false)));
    // One that cannot be read is said to be so, and stops nothing.
    files::write(&earlier, "{");
    board.smirr(&["ingest", "--quiet"]).ends(0);
    assert_eq!(board.validation()["before"], "unreadable");
    texts(&html(&board));
}

#[test]
fn a_run_that_stops_leaves_a_report_that_says_why() {
    let board = Board::new(&Size::default());
    files::write(&board.path("extracts/public/data_zones.csv"), "data_zone\nnone\n");
    board.smirr(&["run", "--quiet"]).ends(11);
    let page = fs::read_to_string(board.path("work/validation/2026-Q3.html")).expect("a report");
    assert!(page.contains("This run stopped"), "{page}");
    assert!(!board.path("published").exists());
}
