//! The published page: what it says is what the tables say, and it can do nothing but that.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use crate::support::extracts::{Extract, Manner};
use crate::support::{Board, Size, files, repository};

const SHIPPED: [&str; 5] = ["reach", "bridge", "waits", "capacity", "outcomes"];

/// A board that publishes a page, with the reports that ship.
fn board(size: &Size, levels: &str) -> Board {
    let mut board = Board::new(size);
    board.config.reports_folder = repository().join("reports");
    board.config.reports = format!("[{}]", SHIPPED.join(", "));
    board.config.levels = levels.into();
    with_page(&board);
    board
}

/// Writes the YAML, with the page among the formats.
fn with_page(board: &Board) {
    board.configure();
    let path = board.path("board.yaml");
    let text = fs::read_to_string(&path).expect("it was written");
    files::write(&path, text.replace("formats: [csv, parquet]", "formats: [html, ods, xlsx, csv]"));
}

fn page(board: &Board) -> String {
    fs::read_to_string(board.pack().join("index.html")).expect("there is a page")
}

/// What is between two marks, each time.
fn between<'a>(text: &'a str, start: &str, end: &str) -> Vec<&'a str> {
    text.split(start).skip(1).filter_map(|rest| rest.split(end).next()).collect()
}

fn plain(text: &str) -> String {
    let pairs = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#x27;", "'"), ("&#x2f;", "/"), ("&amp;", "&")];
    pairs.iter().fold(text.to_owned(), |text, (coded, plain)| text.replace(coded, plain))
}

/// The rows of a table after its headings.
fn rows(table: &str) -> Vec<Vec<String>> {
    let body = table.split("<tbody>").nth(1).expect("it has a body");
    let cells = |row: &str| {
        let cells = row.split("</th>").flat_map(|it| it.split("</td>")).filter_map(|it| it.rsplit_once('>'));
        cells.map(|(_, text)| plain(text)).collect::<Vec<_>>()
    };
    between(body, "<tr>", "</tr>").into_iter().map(cells).collect()
}

fn grouped(number: &str) -> String {
    let (sign, rest) = number.strip_prefix('-').map_or(("", number), |rest| ("-", rest));
    let whole = rest.split('.').next().expect("there is a first part");
    let mut text = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    format!("{sign}{text}{}", &rest[whole.len()..])
}

/// What the published table says of an area: of totals value and range in order, of all figures the numbers.
#[derive(Default)]
struct Said {
    totals: Vec<[String; 2]>,
    numbers: BTreeSet<[String; 3]>,
    ranges: BTreeSet<[String; 2]>,
}

fn said(board: &Board, report: &str, level: &str, heading: &str) -> BTreeMap<String, Said> {
    let mut areas = BTreeMap::<String, Said>::new();
    for row in board.table(&format!("{report}-{level}")) {
        let said = areas.entry(row[heading].clone()).or_default();
        let [value, lower, upper] = ["Value", "Lower95", "Upper95"].map(|column| grouped(&row[column]));
        let symbol = Some(&row["ValueQF"]).filter(|it| !it.is_empty()).map_or(String::new(), |it| format!("[{it}]"));
        let dimensions =
            row.keys().filter(|it| row.contains_key(&format!("{it}QF")) && *it != heading && *it != "Value");
        if dimensions.clone().all(|it| row[it] == "All") {
            let range = if lower.is_empty() { symbol.clone() } else { format!("{lower} to {upper}") };
            said.totals.push([format!("{value} {symbol}").trim().to_owned(), range]);
        }
        said.numbers.insert([value, lower.clone(), upper.clone()]);
        said.ranges.insert([lower, upper]);
    }
    areas
}

/// The number, and the range in brackets, of a cell: "12.3 (11.0 to 13.9) [u]", "53.9%, 2,178 (…)".
fn number(cell: &str) -> Option<(&str, Option<[&str; 2]>)> {
    let range = cell.split_once('(').and_then(|(_, rest)| rest.split(')').next()?.split_once(" to "));
    let value = cell.split([' ', '(']).next()?;
    value.starts_with(|c: char| c.is_ascii_digit() || c == '-').then_some((value, range.map(|(a, b)| [a, b])))
}

#[test]
fn every_figure_on_the_page_is_that_of_the_published_table() {
    let board =
        board(&Size { patients: 6_000, activity: 6.0, single: true, ..Size::default() }, "[health_board, hscp]");
    board.smirr(&["run", "--quiet"]).ends(0);
    let text = files::whole_page(&page(&board));
    let (mut totals, mut cells, mut spoken) = (0, 0, 0);
    for (level, heading) in [("health_board", "HB"), ("hscp", "HSCP")] {
        for report in SHIPPED {
            let known = said(&board, report, level, heading);
            assert!(known.len() > 1);
            for (area, known) in known.iter().filter(|(area, _)| *area != "unknown") {
                let start = format!("data-in=\"{report}\" data-level=\"{level}\" data-area=\"{area}\">");
                let parts = between(&text, &start, "<section data-in=");
                assert_eq!(parts.len(), 1, "{report} {area}");
                let tables = between(parts[0], "<table>", "</table>");
                let own = tables.iter().find(|it| it.contains("all totals: ")).map(|it| rows(it)).unwrap_or_default();
                let own = own.into_iter().map(|row| [row[1].clone(), row[2].clone()]).collect::<Vec<_>>();
                // Of public tables, a figure has no range but itself.
                let exact = |[value, range]: &[String; 2]| {
                    [value.clone(), format!("{value} to {value}")] == [value.clone(), range.clone()]
                };
                let alike =
                    own.iter().zip(&known.totals).all(|(a, b)| a == b || (a[1] == "exact" && a[0] == b[0] && exact(b)));
                assert!(alike && own.len() == known.totals.len(), "{report} {area}: {own:?} {:?}", known.totals);
                totals += own.len();
                // A chart of all areas may follow the part of the last place that is shown.
                let charts = parts[0].split("</section>").next().expect("it ends");
                let charts = between(charts, "<table>", "</table>");
                for row in charts.iter().filter(|it| !it.contains("all totals: ")).flat_map(|it| rows(it)) {
                    for (value, range) in row.iter().skip(1).filter_map(|cell| number(cell)) {
                        let value = value.trim_end_matches(['%', ',']);
                        let is_known = known.numbers.iter().any(|[known, lower, upper]| {
                            known == value && range.is_none_or(|[a, b]| a == lower && b.trim_end_matches('%') == upper)
                        });
                        assert!(is_known, "{report} {area}: {row:?}");
                        cells += 1;
                    }
                }
            }
            for (area, known) in known.iter().filter(|(area, _)| *area != "unknown") {
                let start = format!("data-in=\"findings\" data-level=\"{level}\" data-area=\"{area}\">");
                let found = between(&text, &start, "</div></section>")[0];
                let own = between(found, &format!("#report-{report}\">"), "</section>")[0];
                for range in between(own, "(95% range ", ")") {
                    let (lower, upper) = range.split_once(" to ").expect("it is a range");
                    assert!(known.ranges.contains(&[lower.to_owned(), upper.to_owned()]), "{report} {area}: {range}");
                    spoken += 1;
                }
            }
        }
    }
    assert!(totals > 50 && cells > 200 && spoken > 20, "{totals} totals, {cells} cells, {spoken} ranges");
}

#[test]
fn nothing_is_loaded_and_every_link_leads_to_a_file_of_the_pack() {
    let board = board(&Size { single: true, ..Size::default() }, "[health_board, hscp]");
    board.smirr(&["run", "--quiet"]).ends(0);
    let text = page(&board);
    let policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-";
    assert!(text.contains(policy), "{}", &text[..400]);
    let all = files::whole_page(&text);
    assert_eq!(between(&all, " src=\"", "\"").into_iter().filter(|it| !it.starts_with("data:")).count(), 0);
    for part in ["url(", "@import", "<link", "<iframe", "<object", "<embed", "<base", "javascript:", "fetch("] {
        assert!(!all.contains(part), "{part}");
    }
    let files = board.published().into_keys().collect::<BTreeSet<_>>();
    let links = between(&all, " href=\"", "\"").into_iter().map(plain).collect::<BTreeSet<_>>();
    for link in links.iter().filter(|it| !it.starts_with("https://")) {
        let is_there = match link.strip_prefix('#') {
            Some(id) => all.contains(&format!(" id=\"{id}\"")),
            None => files.iter().any(|file| file.ends_with(&format!("/{link}"))),
        };
        assert!(is_there, "{link}");
    }
    assert!(
        links.contains("reach-hscp.csv")
            && links.contains("reach.ods")
            && !links.iter().any(|it| it.ends_with(".parquet"))
    );
    let ids = between(&all, " id=\"", "\"");
    assert_eq!(ids.len(), ids.iter().collect::<BTreeSet<_>>().len(), "an id stands twice");
}

/// More areas than the largest board has, and the page is the same each time.
#[test]
fn a_page_of_forty_areas_is_below_two_megabytes_and_the_same_twice() {
    let size = Size { patients: 180_000, activity: 1.0, single: true, ..Size::default() };
    let board = board(&size, "[health_board, intermediate_zone]");
    board.smirr(&["run", "--quiet"]).ends(0);
    let first = page(&board);
    let areas = between(&first, "data-place=\"", "\"").len();
    assert!(areas > 31, "{areas} areas");
    assert!(first.len() < 2_000_000, "{} bytes", first.len());
    board.smirr(&["run", "--quiet"]).ends(0);
    assert!(first == page(&board));
}

#[test]
fn what_others_wrote_is_text() {
    let mut board = Board::new(&Size { single: true, ..Size::default() });
    let path = board.path("extracts/public/data_zones.csv");
    let mut lookup = Extract::read(&path);
    let name = lookup.column("hscp_name");
    let hostile = "</script><img src=x onerror=alert(1)>\"'{{ board }}";
    for record in lookup.records.iter_mut().skip(1) {
        record[name] = hostile.into();
    }
    lookup.write(&path, Manner::Lf);
    let report = fs::read_to_string(repository().join("tests/fixtures/reports/reach.yaml")).expect("it is there");
    let findings =
        "findings: ['</script><img src=x onerror=alert(2)> in {{ area }} of {{ board }}: {{ referred }}']\nwords: |";
    let title = "title: '</h2><script>alert(3)</script>'";
    let report = report.replace("words: |", findings).replace("title: Who the links workers reach", title);
    board.reports(&[("reach", &report)]);
    board.config.board = "'<script>alert(4)</script> \"NHS\" {{ quarter }}{% if %}'".into();
    with_page(&board);
    board.smirr(&["run", "--quiet"]).ends(0);
    let text = page(&board);
    let all = files::whole_page(&text);
    assert!(!all.contains("<img") && !all.contains("<script>alert"), "markup came through");
    assert_eq!(text.matches("</script>").count(), 1 + between(&text, "data-place=\"", "\"").len());
    assert!(plain(&all).contains(hostile) && plain(&all).contains("\"NHS\" {{ quarter }}{% if %}"));
}

#[test]
fn a_page_needs_neither_charts_nor_findings_and_is_made_where_it_is_asked_for() {
    let board = Board::new(&Size { single: true, ..Size::default() });
    board.smirr(&["run", "--quiet"]).ends(0);
    assert!(!board.pack().join("index.html").exists());
    with_page(&board);
    board.smirr(&["run", "--quiet"]).ends(0);
    let text = page(&board);
    assert!(!text.contains("id=\"findings\"") && !text.contains("<svg") && text.contains("<details open>"));
    assert!(text.contains("id=\"report-reach\"") && !text.contains("href=\"#findings\""));
}

/// Where rules withhold what a finding is of, it gives way to one plain sentence, once a report.
#[test]
fn a_finding_without_figures_says_so_plainly() {
    let mut board = Board::new(&Size { single: true, ..Size::default() });
    let report = "title: T\nprotects: patient\nby: [area]\nmeasures: { referred: { persons: referrals } }\n\
                  reliability: { unreliable_over: \"0.001%\", withhold_over: \"0.001%\" }\n\
                  findings: [\"{{ referred }} came.\", \"That is {{ referred.value }}.\", \"It is {{ quarter }}.\"]\n";
    board.reports(&[("r", report)]);
    with_page(&board);
    board.smirr(&["run", "--quiet"]).ends(0);
    let text = page(&board);
    let findings = between(&text, "<section data-in=\"findings\"", "</section>")[0];
    assert_eq!(findings.matches("are withheld, or there are none").count(), 1, "{findings}");
    assert!(findings.contains("It is ") && !findings.contains(" came") && !findings.contains("That is"), "{findings}");
}
