//! No row is lost in silence: each is stored or set aside by a rule, whatever the file's manner of writing.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Date32Array, Int64Array, RecordBatch, StringArray};
use serde_json::Value;

use crate::support::extracts::{Extract, Manner, parquet_of};
use crate::support::{Board, Size, chi, files};

const PRIVATE: [&str; 6] = ["patients", "practitioners", "referrals", "contacts", "onward_referrals", "attendances"];

fn dirty() -> Board {
    // Few rows, so a few faults are a large share: a limit may be passed, which stops nothing that is looked at here.
    Board::new(&Size { patients: 6_000, dirt: 0.06, single: true, activity: 4.0, ..Size::default() })
}

/// `smirr ingest`, which may stop at a limit only after everything is stored and told.
fn ingest(board: &Board) {
    let ran = board.smirr(&["ingest", "--quiet"]);
    assert!(matches!(ran.code, Some(0 | 11)), "{ran:?}");
}

fn number(tally: &Value, kind: &str) -> u64 {
    tally[kind].as_u64().unwrap_or_else(|| panic!("no `{kind}` in {tally}"))
}

/// The quarantine list of the only file of a table, with lines counted from the first row.
fn set_aside(board: &Board, table: &str, first_row: u64) -> Vec<(u64, String, String)> {
    let report = board.validation();
    let tables = report["tables"].as_array().expect("tables");
    let files = &tables.iter().find(|it| it["table"] == table).expect("the table is there")["files"];
    let list = Extract::read(files[0]["quarantine"].as_str().expect("a path").as_ref());
    assert_eq!(list.records[0], ["file", "line", "column", "rule"]);
    let row = |row: &Vec<String>| {
        assert_eq!(row[0], files[0]["source"].as_str().expect("a path"));
        (row[1].parse::<u64>().expect("a line") - first_row, row[2].clone(), row[3].clone())
    };
    list.rows().iter().map(row).collect()
}

#[test]
fn rows_in_are_rows_stored_and_rows_set_aside_for_every_file() {
    let board = Board::new(&Size { patients: 8_000, dirt: 0.06, activity: 3.0, ..Size::default() });
    ingest(&board);
    let mut files = 0;
    for table in board.validation()["tables"].as_array().expect("tables") {
        for file in table["files"].as_array().expect("files") {
            let source = file["source"].as_str().expect("a path");
            let tally = &file["tally"];
            let rows = Extract::read(&board.path(source)).rows().len() as u64;
            assert_eq!(number(tally, "rows"), rows, "{source}");
            assert_eq!(number(tally, "stored") + number(tally, "quarantined"), rows, "{source}");
            let listed = Extract::read(file["quarantine"].as_str().expect("a path").as_ref());
            let lines = listed.rows().iter().map(|row| row[1].clone()).collect::<std::collections::BTreeSet<_>>();
            assert_eq!(lines.len() as u64, number(tally, "quarantined"), "{source}: one line or more a row set aside");
            files += 1;
        }
    }
    assert!(files >= 15, "{files} files");
}

/// The totals of each private table, and where its rows were set aside.
type Outcome = BTreeMap<String, (Value, Vec<(u64, String, String)>)>;

fn outcome(board: &Board, first_row: u64) -> Outcome {
    ingest(board);
    PRIVATE.map(|table| (table.to_owned(), (board.tally(table), set_aside(board, table, first_row)))).into()
}

#[test]
fn the_manner_of_writing_changes_nothing() {
    let mut board = dirty();
    let extracts = PRIVATE.map(|table| {
        let path = board.path(&format!("extracts/all/{table}.csv"));
        let extract = Extract::read(&path).squared();
        extract.write(&path, Manner::Lf);
        (table, extract)
    });
    let plain = outcome(&board, 2);
    assert!(plain.values().all(|(tally, _)| number(tally, "rows") > 0));
    assert!(plain.values().any(|(_, aside)| aside.len() > 50), "the board is too clean to show anything");
    for manner in Manner::OTHERS {
        for (table, extract) in &extracts {
            // The first bytes tell the format, so that a name may say what it likes.
            let name = format!("variants/{manner:?}/{table}.csv");
            extract.write(&board.path(&name), manner);
            board.config.sources.insert((*table).into(), name);
        }
        board.configure();
        // A Parquet file has rows and no lines.
        let first_row = if manner == Manner::Parquet { 1 } else { 2 };
        assert_eq!(outcome(&board, first_row), plain, "{manner:?}");
    }
}

#[test]
fn typed_parquet_is_held_to_the_same_rules_as_text() {
    let mut board = Board::new(&Size { single: true, ..Size::default() });
    ingest(&board);
    let plain = board.tally("contacts");
    let extract = Extract::read(&board.path("extracts/all/contacts.csv"));
    let day = |text: &str| {
        text.parse::<chrono::NaiveDate>().map(|day| (day - chrono::NaiveDate::default()).num_days() as i32)
    };
    let columns = extract.records[0].iter().enumerate().map(|(at, name)| {
        let values = extract.rows().iter().map(|row| row[at].as_str());
        let column: ArrayRef = match name.as_str() {
            "contacted_on" => Arc::new(Date32Array::from_iter_values(values.map(|text| day(text).expect("a date")))),
            "minutes" => Arc::new(Int64Array::from_iter_values(values.map(|text| text.parse().expect("a number")))),
            _ => Arc::new(StringArray::from_iter_values(values)),
        };
        (name.as_str(), column)
    });
    let batch = RecordBatch::try_from_iter(columns).expect("columns of one length");
    files::write(&board.path("contacts.parquet"), parquet_of(&batch));
    board.config.sources.insert("contacts".into(), "contacts.parquet".into());
    board.configure();
    ingest(&board);
    assert_eq!(board.tally("contacts"), plain);
    assert_eq!(number(&plain, "stored"), batch.num_rows() as u64);
}

/// Faults laid by the generator, by table.
fn laid(board: &Board, table: &str, faults: &[&str]) -> u64 {
    let list = Extract::read(&board.path("extracts/faults.csv"));
    let rows = list.rows().iter().filter(|row| row[1] == table && faults.contains(&row[2].as_str()));
    rows.map(|row| row[3].parse::<u64>().expect("a number")).sum()
}

/// Counts under any column, of these kinds and this rule or repair.
fn counted(tally: &Value, kinds: &[&str], word: &str, column: impl Fn(&str) -> bool) -> u64 {
    let counts = kinds.iter().flat_map(|kind| tally[kind].as_object().expect("counts"));
    let named = counts.filter_map(|(name, count)| Some((name.rsplit_once('.')?, count.as_u64()?)));
    named.filter(|((of, rule), _)| *rule == word && column(of)).map(|(_, count)| count).sum()
}

#[test]
fn each_fault_that_was_laid_is_counted_once() {
    let board = dirty();
    ingest(&board);
    const ASIDE: &[&str] = &["quarantined_by"];
    const BROKEN: &[&str] = &["quarantined_by", "warned"];
    const MENDED: &[&str] = &["repaired"];
    let chi = |column: &str| column == "chi";
    let others = |column: &str| column != "chi" && column != "row" && column != "practice_code";
    let any = |_: &str| true;
    let mut total = 0;
    for table in PRIVATE {
        let tally = board.tally(table);
        let mut expect = |faults: &[&str], counted: u64| {
            let laid = laid(&board, table, faults);
            assert_eq!(counted, laid, "{table}: {faults:?} against {tally}");
            total += laid;
        };
        expect(&["blank_chi"], counted(&tally, ASIDE, "required", chi));
        expect(&["wrong_check_digit"], counted(&tally, ASIDE, "check_digit", chi));
        expect(&["letters_in_chi"], counted(&tally, ASIDE, "type", chi));
        expect(&["non_numeric"], counted(&tally, BROKEN, "type", others));
        expect(&["out_of_range"], counted(&tally, BROKEN, "range", others));
        expect(&["impossible_date"], counted(&tally, BROKEN, "date", any));
        expect(&["undeclared_code"], counted(&tally, BROKEN, "code_list", any));
        expect(&["wrong_vintage"], counted(&tally, BROKEN, "reference", any) + counted(&tally, BROKEN, "vintage", any));
        expect(&["too_few_fields", "too_many_fields"], counted(&tally, ASIDE, "fields", any));
        expect(&["duplicate_row", "duplicate_id"], counted(&tally, ASIDE, "uniqueness", any));
        expect(&["nine_digit_chi"], counted(&tally, MENDED, "leading_zero", chi));
        expect(&["stray_spaces"], counted(&tally, MENDED, "spaces", any));
        expect(&["day_first_date"], counted(&tally, MENDED, "day_first", any));
        expect(&["other_case"], counted(&tally, MENDED, "case", any));
        expect(&["unknown_data_zone", "no_fixed_abode"], counted(&tally, MENDED, "no_known_area", any));
    }
    assert!(total > 300, "{total} faults are too few to show anything");
    let links = &board.validation()["links"][0];
    assert_eq!(links["table"], "attendances");
    // Those whose onward referral was set aside are unlinked too.
    assert!(number(links, "unlinked") >= laid(&board, "attendances", &["unlinked"]), "{links}");
    let linked = number(links, "by_person") + number(links, "by_token") + number(links, "unlinked");
    assert_eq!(linked, number(&board.tally("attendances"), "stored"));
}

#[test]
fn a_quarantine_list_names_line_column_and_rule() {
    let mut board = Board::new(&Size::default());
    let [a, b] = [chi(1, 2, 60, 120), chi(15, 6, 71, 341)];
    let wrong = |chi: &str| format!("{}{}", &chi[..9], (chi.as_bytes()[9] - b'0' + 1) % 10);
    let row = |id: &str, chi: &str, day: &str| format!("{id},{chi},10007,CLP,{day},gp,housing,accepted");
    // Each row with what is expected of it: the columns and rules that it breaks, none where it is kept.
    let spec: Vec<(String, &[(&str, &str)])> = vec![
        (row("R1", &a, "2026-07-01"), &[]),
        (row("R2", &a[1..], "02/07/2026"), &[]),
        (row("R3", &wrong(&b), "2026-07-03"), &[("chi", "check_digit")]),
        (row("R4", "", "2026-07-04"), &[("chi", "required")]),
        (row("R5", "O123456789", "2026-07-05"), &[("chi", "type")]),
        (row("R6", &b, "2026-02-30"), &[("referred_on", "date")]),
        (row("R7", &b, "1889-01-01"), &[("referred_on", "range")]),
        (row("R8", &b, "July"), &[("referred_on", "type")]),
        (row("", &b, ""), &[("referral_id", "required"), ("referred_on", "required")]),
        (row("\"R\n10\"", &b, "2026-07-10"), &[]),
        (row("R1", &a, "2026-07-11"), &[("referral_id", "uniqueness")]),
        // Another person's row under the same identifier is that person's own affair.
        (row("R1", &b, "2026-07-12"), &[]),
        (format!("{},extra", row("R13", &b, "2026-07-13")), &[("row", "fields")]),
        ("R14,too,few".into(), &[("row", "fields")]),
        (row("R15", &wrong(&a), "31/06/2026"), &[("chi", "check_digit"), ("referred_on", "date")]),
        (row("R16", &b, "2026-07-16").replace("housing", "not_a_reason"), &[]),
        (row("R17", &b, "2026-07-17").replace(",gp,", ",GP,"), &[]),
    ];
    let mut text = "referral_id,chi,practice_code,clp_id,referred_on,source,reason,status\n".to_owned();
    let (mut line, mut expected) = (2, Vec::new());
    for (row, broken) in &spec {
        expected.extend(broken.iter().map(|(column, rule)| (line - 2, (*column).to_owned(), (*rule).to_owned())));
        line += 1 + row.matches('\n').count() as u64;
        text.push_str(row);
        text.push('\n');
    }
    files::write(&board.path("referrals.csv"), text);
    board.config.sources.insert("referrals".into(), "referrals.csv".into());
    board.configure();
    // More than the schema's tenth is set aside: told, and refused.
    let stderr = board.smirr(&["ingest"]).ends(11).stderr;
    assert!(stderr.contains("`referrals`: 11 of 17 rows break `quarantined`, more than the limit of 10%"), "{stderr}");
    assert_eq!(set_aside(&board, "referrals", 2), expected);
    let tally = board.tally("referrals");
    assert_eq!((number(&tally, "rows"), number(&tally, "stored"), number(&tally, "quarantined")), (17, 6, 11));
    let repaired =
        [("chi.leading_zero", 1), ("referred_on.day_first", 1), ("reason.made_unknown", 1), ("source.case", 1)];
    assert_eq!(
        tally["repaired"],
        Value::from(serde_json::Map::from_iter(repaired.map(|(name, n)| (name.into(), n.into()))))
    );
    assert_eq!(tally["warned"]["reason.code_list"], 1);
}
