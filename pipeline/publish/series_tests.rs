//! Series by hand.

use super::super::pack::parquet;
use super::super::table::Row;
use super::*;
use crate::estimate::Estimate;
use crate::estimate::reliability::Mark;

const LEVEL: &str = "health_board";

fn row(labels: [&str; 2], figure: &str, decimals: u32, value: Option<f64>, mark: Mark) -> Row {
    let interval = value.map(|value| (value - 2.0, value + 3.5));
    let estimate = Estimate { value, interval, unbiased: value, error: value.map(|_| 1.25), mark };
    Row { labels: labels.map(str::to_owned).to_vec(), figure: figure.into(), decimals, estimate, revised: false }
}

fn table(quarter: &str, revised: bool) -> Table {
    let mut rows = vec![
        row(["A", "All"], "referred", 0, Some(7.0), Mark::Plain),
        row(["A", "F"], "referred", 0, Some(4.0), Mark::Unreliable),
        row(["A", "All"], "rate", 1, Some(12.0), Mark::Plain),
        row(["A", "F"], "rate", 1, None, Mark::NotApplicable),
    ];
    rows.iter_mut().for_each(|row| row.revised = revised);
    Table {
        report: "reach".into(),
        title: "Reach".into(),
        level: LEVEL.into(),
        quarter: quarter.into(),
        headings: vec!["HB".into(), "Sex".into()],
        rows,
    }
}

fn vintage(lookup: &str, meaning: &str) -> Vintage {
    Vintage::known(Some(lookup), Some(meaning))
}

/// The quarter and the symbols of each row.
fn marks(series: &Series) -> Vec<(String, String)> {
    let at = series.columns.iter().position(|name| name == "ValueQF").unwrap();
    series.rows.iter().map(|row| (row[0].to_owned(), row[at].to_owned())).collect()
}

#[test]
fn symbols_stand_side_by_side() {
    let part = |quarter: &str, revised: bool, vintage| (vintage, table(quarter, revised).records());
    let parts = vec![
        part("2026-Q1", false, vintage("a", "m")),
        part("2026-Q2", true, vintage("a", "m")),
        part("2026-Q3", false, vintage("b", "m")),
        part("2026-Q4", true, vintage("b", "n")),
        part("2027-Q1", false, vintage("b", "n")),
    ];
    let series = joined(table("2027-Q1", false).columns(), parts);
    let expected = [
        ("2026-Q1", ["", "u", "", "z"]),
        ("2026-Q2", ["r", "u r", "r", "z r"]),
        ("2026-Q3", ["b", "u b", "b", "z b"]),
        ("2026-Q4", ["r b", "u r b", "r b", "z r b"]),
        ("2027-Q1", ["", "u", "", "z"]),
    ];
    let expected = expected.iter().flat_map(|(quarter, marks)| marks.map(|it| ((*quarter).to_owned(), it.to_owned())));
    assert_eq!(marks(&series), expected.collect::<Vec<_>>());
}

#[test]
fn a_series_is_the_table_again_in_both_formats() {
    let table = table("2026-Q3", true);
    let series = joined(table.columns(), vec![(vintage("a", "m"), table.records())]);
    assert_eq!(series.csv().unwrap(), table.csv().unwrap());
    assert_eq!(parquet(&series.batch().unwrap()).unwrap(), parquet(&table.batch().unwrap()).unwrap());
}

/// A board with packs in a folder that goes with it: their quarters, formats and lookups.
fn published(packs: &[(&str, &str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (quarter, format, lookup) in packs {
        let table = table(quarter, false);
        let name = format!("reach-{LEVEL}.{format}");
        let bytes = if *format == "csv" { table.csv().unwrap() } else { parquet(&table.batch().unwrap()).unwrap() };
        let sha256 = crate::ingest::blocks::hex(&<sha2::Sha256 as sha2::Digest>::digest(&bytes));
        let manifest = serde_json::json!({
            "area_lookup": lookup,
            "releases": [{ "report": "reach", "meaning": "m" }],
            "files": [{ "name": name, "bytes": bytes.len(), "sha256": sha256 }],
        });
        let pack = folder.path().join(quarter);
        std::fs::create_dir(&pack).unwrap();
        std::fs::write(pack.join(&name), bytes).unwrap();
        std::fs::write(pack.join("manifest.json"), manifest.to_string()).unwrap();
    }
    folder
}

fn of(folder: &tempfile::TempDir, most: u32) -> Option<Series> {
    let past = Past::find(folder.path(), "2026-Q4".parse().unwrap(), most).unwrap();
    series(&table("2026-Q4", false), &vintage("a", "m"), &past).unwrap()
}

#[test]
fn packs_in_either_format_are_read_to_the_same_rows() {
    let [csv, parquet] = ["csv", "parquet"].map(|format| {
        let folder = published(&[("2026-Q3", format, "a")]);
        of(&folder, 8).unwrap().rows
    });
    assert_eq!(csv, parquet);
    assert_eq!(csv.len(), 8);
}

#[test]
fn a_series_reaches_as_far_back_as_was_asked_and_published() {
    let folder = published(&[("2025-Q4", "csv", "a"), ("2026-Q2", "csv", "z"), ("2026-Q3", "csv", "a")]);
    let quarters = |most: u32| {
        let mut quarters = marks(&of(&folder, most)?).into_iter().map(|it| it.0).collect::<Vec<_>>();
        quarters.dedup();
        Some(quarters.join(" "))
    };
    assert_eq!(quarters(8).as_deref(), Some("2025-Q4 2026-Q2 2026-Q3 2026-Q4"));
    assert_eq!(quarters(5), quarters(8));
    assert_eq!(quarters(4).as_deref(), Some("2026-Q2 2026-Q3 2026-Q4"));
    assert_eq!(quarters(1).as_deref(), Some("2026-Q4"));
    assert_eq!(quarters(0), None);
    // Each change of the lookup is a break, there and back.
    let marks = marks(&of(&folder, 8).unwrap());
    let broken = marks.iter().filter(|(_, mark)| mark.ends_with('b')).map(|(quarter, _)| quarter.as_str());
    assert_eq!(broken.collect::<Vec<_>>(), ["2026-Q2"; 4].into_iter().chain(["2026-Q3"; 4]).collect::<Vec<_>>());
}

#[test]
fn a_pack_that_was_changed_is_named() {
    let folder = published(&[("2026-Q3", "csv", "a")]);
    let past = || Past::find(folder.path(), "2026-Q4".parse().unwrap(), 8);
    assert!(past().unwrap().verify(&["reach", "bridge"], &[LEVEL, "hscp"]).is_ok());
    let path = folder.path().join(format!("2026-Q3/reach-{LEVEL}.csv"));
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace(",7,", ",8,")).unwrap();
    let said = past().unwrap().verify(&["reach"], &[LEVEL]).unwrap_err();
    assert_eq!(said.exit_code(), 14);
    let said = said.to_string();
    assert!(said.contains("the pack of 2026-Q3") && said.contains("reach-health_board.csv is not as"), "{said}");
    std::fs::remove_file(&path).unwrap();
    assert!(past().unwrap().verify(&["reach"], &[LEVEL]).is_err(), "a listed file that is gone");
    std::fs::write(folder.path().join("2026-Q3/manifest.json"), "{}").unwrap();
    let said = past().unwrap_err().to_string();
    assert!(said.contains("manifest.json is not as"), "{said}");
}

#[test]
fn what_figures_rest_on_is_the_lookup_and_the_meaning() {
    assert_ne!(vintage("a", "m"), vintage("b", "m"));
    assert_ne!(vintage("a", "m"), vintage("a", "n"));
    // A manifest from before smirr wrote these says nothing, which is no reason to trust it.
    assert_ne!(Vintage::known(None, None), vintage("a", "m"));
}
