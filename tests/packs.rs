//! The pack as it is received: what its metadata say of it, what `smirr verify` says of one that was changed, and that no
//! word of a lookup or of YAML runs in a spreadsheet.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::extracts::{Extract, Manner};
use crate::support::program::{Ran, smirr};
use crate::support::{Board, Size, files, repository};

/// A board that has published.
fn published() -> Board {
    let board = Board::new(&Size { single: true, ..Size::default() });
    board.smirr(&["run", "--quiet"]).ends(0);
    board
}

fn verify(pack: &Path) -> Ran {
    Ran::of(smirr().arg("verify").arg(pack))
}

fn read(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).expect("the file is there")).expect("it is JSON")
}

/// Changes a JSON file of a pack.
fn edit(path: &Path, change: impl FnOnce(&mut Value)) {
    let mut value = read(path);
    change(&mut value);
    files::write(path, serde_json::to_vec_pretty(&value).expect("it has a form"));
}

/// Changes the manifest.
fn claim(pack: &Path, change: impl FnOnce(&mut Value)) {
    edit(&pack.join("manifest.json"), change);
}

/// Lists the label anew, as one would who changed it.
fn relabel(pack: &Path, change: impl FnOnce(&mut Value)) {
    edit(&pack.join("privacy.json"), change);
    let bytes = fs::read(pack.join("privacy.json")).expect("it is there");
    claim(pack, |manifest| {
        let listed =
            manifest["files"].as_array_mut().expect("files").iter_mut().find(|it| it["name"] == "privacy.json");
        let listed = listed.expect("it is listed");
        (listed["bytes"], listed["sha256"]) = (json!(bytes.len()), json!(files::sha256(&bytes)));
    });
}

const TABLE: &str = "reach-hscp.csv";

/// What may befall a pack, and what is said of it.
type Harm = (fn(&Path), &'static str);

const HARMS: [Harm; 17] = [
    (
        |pack| {
            let text = fs::read_to_string(pack.join(TABLE)).expect("it is there");
            files::write(&pack.join(TABLE), text.replacen("registered", "Registered", 1));
        },
        "reach-hscp.csv was changed: its hash is not the manifest's",
    ),
    (
        |pack| {
            let file = File::options().append(true).open(pack.join(TABLE)).expect("it is there");
            // A terabyte of nothing: its size alone says enough.
            file.set_len(1 << 40).expect("a sparse file can be as large");
        },
        "reach-hscp.csv has 1099511627776 bytes, where the manifest says",
    ),
    (|pack| fs::remove_file(pack.join(TABLE)).expect("it was there"), "reach-hscp.csv is missing"),
    (|pack| files::write(&pack.join("index.php"), "more"), "index.php is not in the manifest"),
    (|pack| files::write(&pack.join(".hidden/file"), "more"), ".hidden is not in the manifest"),
    (
        |pack| fs::rename(pack.join(TABLE), pack.join("reach-HSCP.csv")).expect("it was there"),
        "reach-HSCP.csv is not in the manifest",
    ),
    (
        |pack| {
            fs::rename(pack.join(TABLE), pack.with_extension("aside")).expect("it was there");
            symlink(pack.with_extension("aside"), pack.join(TABLE)).expect("a link can be made");
        },
        "reach-hscp.csv is a link, which is not followed",
    ),
    (
        |pack| {
            fs::remove_file(pack.join(TABLE)).expect("it was there");
            assert!(Command::new("mkfifo").arg(pack.join(TABLE)).status().expect("mkfifo starts").success());
        },
        "reach-hscp.csv is not a plain file",
    ),
    (
        |pack| {
            files::write(&pack.with_file_name("x"), "secret");
            claim(pack, |it| {
                let entry = json!({ "name": "../x", "bytes": 6, "sha256": files::sha256(b"secret") });
                it["files"].as_array_mut().expect("files").push(entry);
            });
        },
        "manifest.json lists ../x, which is not a plain file name",
    ),
    (
        |pack| claim(pack, |it| it["files"][0]["name"] = json!("/etc/\u{1b}[31mpasswd")),
        "manifest.json lists /etc/\u{fffd}[31mpasswd, which is not a plain file name",
    ),
    (|pack| claim(pack, |it| it["files"][1] = it["files"][0].clone()), "twice"),
    (
        |pack| relabel(pack, |it| it["board"] = json!("NHS Elsewhere")),
        "the board is NHS Strathmirr in manifest.json, and NHS Elsewhere in privacy.json",
    ),
    (
        |pack| relabel(pack, |it| it["quarter"] = json!("2026-Q2")),
        "the quarter is 2026-Q3 in manifest.json, and 2026-Q2 in privacy.json",
    ),
    (
        |pack| relabel(pack, |it| it["reports"][0]["cost"]["loss_decimal"] = json!("0.001")),
        "in manifest.json, and rho 0.001 in privacy.json",
    ),
    (
        |pack| relabel(pack, |it| drop(it["reports"].as_array_mut().expect("reports").pop())),
        "privacy.json does not say what the report bridge cost",
    ),
    (
        |pack| {
            let text = fs::read(pack.join("manifest.json")).expect("it is there");
            files::write(&pack.join("manifest.json"), &text[..text.len() / 2]);
        },
        "is not a pack that smirr wrote: manifest.json is cut short, or no manifest",
    ),
    (
        |pack| {
            let file = File::create(pack.join("manifest.json")).expect("it can be written");
            file.set_len(1 << 40).expect("a sparse file can be as large");
        },
        "is not a pack that smirr wrote: manifest.json has 1099511627776 bytes: no pack's is as large",
    ),
];

#[test]
fn a_pack_that_is_not_as_it_was_published_says_why() {
    let board = published();
    let whole = verify(&board.pack()).ends(0);
    let listed = board.manifest()["files"].as_array().expect("files").len();
    assert!(whole.stdout.starts_with("NHS Strathmirr, 2026-Q3: the pack is whole. "), "{}", whole.stdout);
    assert!(whole.stdout.contains(&format!("{listed} files")), "{}", whole.stdout);
    let hash = files::sha256(&fs::read(board.pack().join("manifest.json")).expect("it is there"));
    assert!(whole.stdout.contains(&hash), "{}", whole.stdout);
    for (number, (harm, expected)) in HARMS.iter().enumerate() {
        let pack = board.path(&format!("received/{number}/pack"));
        files::copy(&board.pack(), &pack);
        harm(&pack);
        let told = verify(&pack).ends(14);
        assert!(told.stderr.contains(expected), "{number}: expected {expected}\n{}", told.stderr);
        assert!(!told.stderr.contains("secret") && told.stdout.is_empty(), "{}", told.stderr);
    }
    for folder in ["received", "extracts", "nowhere", "board.yaml"] {
        verify(&board.path(folder)).ends(14);
    }
}

#[test]
fn a_program_is_told_of_every_fault() {
    let board = published();
    let as_json = |pack: &Path| Ran::of(smirr().args(["--json", "verify"]).arg(pack));
    let whole: Value = serde_json::from_str(&as_json(&board.pack()).ends(0).stdout).expect("one JSON object");
    assert_eq!(whole["verified"]["faults"], json!([]));
    for number in 0..30 {
        files::write(&board.pack().join(format!("more-{number}")), "");
    }
    let told = as_json(&board.pack()).ends(14);
    let found: Value = serde_json::from_str(&told.stdout).expect("one JSON object");
    assert_eq!(found["verified"]["faults"].as_array().map(Vec::len), Some(20));
    assert_eq!(found["verified"]["untold"], 10);
    assert_eq!(told.events()[0]["code"], 14);
}

/// The resources of the data package by path.
fn resources(pack: &Path) -> BTreeMap<String, Value> {
    let package = read(&pack.join("datapackage.json"));
    let resources = package["resources"].as_array().expect("resources").iter();
    resources.map(|it| (it["path"].as_str().expect("a path").to_owned(), it.clone())).collect()
}

#[test]
fn metadata_say_what_is_in_each_file() {
    let board = published();
    let pack = board.pack();
    let resources = resources(&pack);
    let listed = board.manifest()["files"].as_array().expect("files").clone();
    let is_table = |name: &str| name.ends_with(".csv") || name.ends_with(".parquet");
    let tables = listed.iter().filter(|it| it["name"].as_str().is_some_and(is_table)).collect::<Vec<_>>();
    assert_eq!(resources.len(), tables.len());
    for file in tables {
        let resource = &resources[file["name"].as_str().expect("a name")];
        assert_eq!(resource["bytes"], file["bytes"]);
        assert_eq!(resource["hash"], format!("sha256:{}", file["sha256"].as_str().expect("a hash")));
    }
    let group = read(&pack.join("csv-metadata.json"));
    for table in group["tables"].as_array().expect("tables") {
        let name = table["url"].as_str().expect("an address");
        let mut reader = csv::Reader::from_path(pack.join(name)).expect("it is there");
        let headings = reader.headers().expect("there are headings").iter().map(str::to_owned).collect::<Vec<_>>();
        let columns = table["tableSchema"]["columns"].as_array().expect("columns").iter();
        assert_eq!(columns.map(|it| it["titles"].as_str().unwrap_or_default()).collect::<Vec<_>>(), headings, "{name}");
        let fields = resources[name]["schema"]["fields"].as_array().expect("fields").iter();
        assert_eq!(fields.map(|it| it["name"].as_str().unwrap_or_default()).collect::<Vec<_>>(), headings, "{name}");
        let rows = reader.into_records().map(|it| it.expect("each row is whole")).collect::<Vec<_>>();
        // Each key is unique, and each code is in its list.
        let place = |column: &Value| headings.iter().position(|it| column == it).expect("the column is there");
        let keys = table["tableSchema"]["primaryKey"].as_array().expect("a key").iter().map(place).collect::<Vec<_>>();
        let key = |row: &csv::StringRecord| keys.iter().map(|at| row[*at].to_owned()).collect::<Vec<_>>();
        assert_eq!(rows.iter().map(key).collect::<BTreeSet<_>>().len(), rows.len(), "{name}");
        for reference in table["tableSchema"]["foreignKeys"].as_array().into_iter().flatten() {
            let list = reference["reference"]["resource"].as_str().expect("a list");
            let mut list = csv::Reader::from_path(pack.join(list)).expect("the list is there");
            let codes = list.records().map(|row| row.expect("a row")[0].to_owned()).collect::<BTreeSet<_>>();
            let column = place(&reference["columnReference"]);
            let used = rows.iter().flat_map(|row| row[column].split(' ').map(str::to_owned).collect::<Vec<_>>());
            let words = rows.iter().map(|row| row[column].to_owned());
            let used = if headings[column] == "ValueQF" { used.collect() } else { words.collect::<BTreeSet<_>>() };
            let strays = used.iter().filter(|it| !it.is_empty() && !codes.contains(*it)).collect::<Vec<_>>();
            assert!(strays.is_empty(), "{name}: {strays:?} of {} are in no list", headings[column]);
        }
    }
    let figures = board.table("codes-figures");
    for report in ["reach", "bridge"] {
        let named = figures.iter().filter(|it| it["Report"] == report).map(|it| &it["Figure"]).collect::<BTreeSet<_>>();
        let table = board.table(&format!("{report}-hscp"));
        assert_eq!(table.iter().map(|row| &row["Figure"]).collect::<BTreeSet<_>>(), named);
    }
}

/// A board whose lookup has an area of the test's own, with a schema that asks for no shape of it.
fn with_area(area: &str) -> Board {
    let mut board = Board::new(&Size { single: true, ..Size::default() });
    let path = board.path("extracts/public/data_zones.csv");
    let mut lookup = Extract::read(&path);
    let column = lookup.column("hscp");
    let first = lookup.rows()[0][column].clone();
    lookup.records.iter_mut().filter(|row| row[column] == first).for_each(|row| row[column] = area.into());
    lookup.write(&path, Manner::Lf);
    files::copy(&repository().join("schemas"), &board.path("schemas"));
    board.config.schemas = board.path("schemas");
    board.configure();
    schema(&board, "    pattern: S37######\n", "");
    board
}

/// Changes the schema of the lookup.
fn schema(board: &Board, from: &str, to: &str) {
    let path = board.path("schemas/data_zones.yaml");
    let text = fs::read_to_string(&path).expect("it was copied");
    assert!(text.contains(from), "the schema has no `{from}`");
    files::write(&path, text.replacen(from, to, 1));
}

/// Every field of every CSV file of a pack that a spreadsheet would take for a formula; a number, and a bin of numbers,
/// may be below zero.
fn running(board: &Board) -> Vec<String> {
    let mut found = Vec::new();
    for path in files::under(&board.pack()).into_iter().filter(|it| it.extension().is_some_and(|it| it == "csv")) {
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_path(&path).expect("it is there");
        for row in reader.records() {
            let row = row.expect("each row is whole");
            let is_number = |field: &str| field[1..].chars().all(|c| c.is_ascii_alphanumeric() || " -.".contains(c));
            let runs = |field: &str| field.starts_with(['=', '+', '@', '\t', '\r']);
            let fields = row.iter().filter(|it| runs(it) || (it.starts_with('-') && !is_number(it)));
            found.extend(fields.map(|field| format!("{}: {field}", path.display())));
        }
    }
    found
}

#[test]
fn no_word_of_a_lookup_or_of_a_report_runs_in_a_spreadsheet() {
    // The shipped contract admits no faulty row in a lookup: the run stops, and says by which rule.
    for area in ["=HYPERLINK(A1)", "+1", "-1+A1", "@SUM(A1)", "unknown"] {
        let board = with_area(area);
        let told = board.smirr(&["run", "--quiet"]).ends(11).stderr;
        assert!(told.contains("`data_zones`") && !board.pack().exists(), "{told}");
    }
    // An area of another shape stays as it is, quoted where CSV asks for it.
    let mut board = with_area("Ard, \"Mirr\"");
    board.reports(&[(
        "words",
        "title: \"=1+1\"\nprotects: patient\nby: [area, simd_quintile]\nmeasures:\n  \
         n: { persons: patients, label: \"=cmd|' /C calc'!A1\", unit: \"@people\" }\n",
    )]);
    board.smirr(&["run", "--quiet"]).ends(0);
    assert_eq!(running(&board), Vec::<String>::new());
    assert!(board.table("words-hscp").iter().any(|row| row["HSCP"] == "Ard, \"Mirr\""));
    let figures = board.table("codes-figures");
    assert_eq!((&*figures[0]["Label"], &*figures[0]["Unit"]), ("'=cmd|' /C calc'!A1", "'@people"));
}

#[test]
fn codes_and_headings_that_would_run_are_refused_before_data_are_opened() {
    let refused = |from: &str, to: &str, expected: &str| {
        let board = with_area("S37000999");
        schema(&board, from, to);
        let told = board.smirr(&["check"]).ends(10).stderr;
        assert!(told.contains(expected), "{to}:\n{told}");
    };
    let codes = "codes: [\"1\", \"2\", \"3\", \"4\", \"5\"]";
    refused(codes, "codes: [\"1\", \"=1+1\"]", "`=1+1` begins as a spreadsheet's formulas do");
    refused(codes, "codes: [\"1\", \"All\"]", "`All` stands for a total");
    refused("heading: HSCP", "heading: \"=HSCP\"", "`=HSCP` cannot be a column's heading");
    refused("heading: HSCP", "heading: Value", "`Value` cannot be a column's heading");
    refused("S37000014: S37000032", "S37000014: \"+S37\"", "`+S37` begins as a spreadsheet's formulas do");
}
