//! Series by hand.

use super::super::table::Block;
use super::super::tidy::csv;
use super::*;
use crate::estimate::Estimate;
use crate::estimate::reliability::Mark;
use crate::measure::grid::Dimension;

const LEVEL: &str = "health_board";

fn block(figure: &str, decimals: u32, by_sex: bool, value: Option<f64>, mark: Mark, revised: bool) -> Block {
    let sex = Dimension { name: "sex".into(), heading: "Sex".into(), values: vec!["F".into()] };
    let interval = value.map(|value| (value - 2.0, value + 3.5));
    let estimate = Estimate { value, interval, unbiased: value, error: value.map(|_| 1.25), mark };
    let dimensions = if by_sex { vec![sex] } else { Vec::new() };
    Block { figure: figure.into(), decimals, dimensions, cells: vec![estimate], revised }
}

fn table(quarter: &str, revised: bool) -> Table {
    Table {
        report: "reach".into(),
        title: "Reach".into(),
        level: LEVEL.into(),
        quarter: quarter.into(),
        heading: "HB".into(),
        areas: vec!["A".into()],
        dimensions: vec![("sex".into(), "Sex".into())],
        blocks: vec![
            block("referred", 0, false, Some(7.0), Mark::Plain, revised),
            block("referred", 0, true, Some(4.0), Mark::Unreliable, revised),
            block("rate", 1, false, Some(12.0), Mark::Plain, revised),
            block("rate", 1, true, None, Mark::NotApplicable, revised),
        ],
    }
}

/// What is written of something.
fn written(write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(&mut bytes).unwrap();
    bytes
}

/// The rows of a table's file.
fn records(table: &Table) -> Vec<StringRecord> {
    csv::Reader::from_reader(&*written(|out| csv(table, out))).into_records().map(|row| row.unwrap()).collect()
}

fn vintage(lookup: &str, meaning: &str) -> Vintage {
    Vintage::known(Some(lookup), Some(meaning))
}

/// The rows of a series as its file has them.
fn rows(series: &Series<'_>) -> Vec<StringRecord> {
    csv::Reader::from_reader(&*written(|out| series.csv(out))).into_records().map(|row| row.unwrap()).collect()
}

/// The quarter and the symbols of each row.
fn marks(series: &Series<'_>) -> Vec<(String, String)> {
    let at = series.own.columns().iter().position(|name| name == "ValueQF").unwrap();
    rows(series).iter().map(|row| (row[0].to_owned(), row[at].to_owned())).collect()
}

#[test]
fn symbols_stand_side_by_side() {
    let part = |quarter: &str, revised: bool, vintage| (vintage, records(&table(quarter, revised)));
    let parts = vec![
        part("2026-Q1", false, vintage("a", "m")),
        part("2026-Q2", true, vintage("a", "m")),
        part("2026-Q3", false, vintage("b", "m")),
        part("2026-Q4", true, vintage("b", "n")),
    ];
    let own = table("2027-Q1", false);
    let series = joined(&own, &vintage("b", "n"), parts.clone());
    assert!(joined(&own, &vintage("c", "n"), parts).is_break && !series.is_own_alone());
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
    let alone = joined(&table, &vintage("a", "m"), Vec::new());
    assert!(alone.is_own_alone());
    assert_eq!(written(|out| alone.csv(out)), written(|out| csv(&table, out)));
    // Twice the same quarter: what was read back and what is at hand have the same columns and the same text.
    let twice = joined(&table, &vintage("a", "m"), vec![(vintage("a", "m"), records(&table))]);
    let (all, half) = (rows(&twice), records(&table).len());
    assert_eq!(all[..half], all[half..]);
    let mut file = tempfile::tempfile().unwrap();
    std::io::Write::write_all(&mut file, &twice.parquet().unwrap()).unwrap();
    let file = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(file);
    let read = file.unwrap().build().unwrap().collect::<Result<Vec<_>, _>>().unwrap();
    assert_eq!(read.iter().map(RecordBatch::num_rows).sum::<usize>(), 2 * half);
    let whole = arrow::compute::concat_batches(&read[0].schema(), &read).unwrap();
    assert_eq!(whole.slice(0, half), whole.slice(half, half));
}

/// A board with packs in a folder that goes with it: their quarters, formats and lookups.
fn published(packs: &[(&str, &str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (quarter, format, lookup) in packs {
        let table = table(quarter, false);
        let name = format!("reach-{LEVEL}.{format}");
        let bytes = if *format == "csv" {
            written(|out| csv(&table, out))
        } else {
            super::super::tidy::parquet(batches(&table, "")).unwrap()
        };
        let sha256 = crate::origin::delivery::hex(&<sha2::Sha256 as sha2::Digest>::digest(&bytes));
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

/// What a pack of 2026-Q4 tells of the series that ends with it.
fn of<T>(folder: &tempfile::TempDir, most: u32, tell: impl Fn(&Series<'_>) -> T) -> Option<T> {
    let past = Past::find(folder.path(), "2026-Q4".parse().unwrap(), most).unwrap();
    series(&table("2026-Q4", false), &vintage("a", "m"), &past).unwrap().map(|series| tell(&series))
}

#[test]
fn packs_in_either_format_are_read_to_the_same_rows() {
    let [csv, parquet] = ["csv", "parquet"].map(|format| {
        let folder = published(&[("2026-Q3", format, "a")]);
        of(&folder, 8, rows).unwrap()
    });
    assert_eq!(csv, parquet);
    assert_eq!(csv.len(), 8);
}

#[test]
fn a_series_reaches_as_far_back_as_was_asked_and_published() {
    let folder = published(&[("2025-Q4", "csv", "a"), ("2026-Q2", "csv", "z"), ("2026-Q3", "csv", "a")]);
    let quarters = |most: u32| {
        let mut quarters = of(&folder, most, marks)?.into_iter().map(|it| it.0).collect::<Vec<_>>();
        quarters.dedup();
        Some(quarters.join(" "))
    };
    assert_eq!(quarters(8).as_deref(), Some("2025-Q4 2026-Q2 2026-Q3 2026-Q4"));
    assert_eq!(quarters(5), quarters(8));
    assert_eq!(quarters(4).as_deref(), Some("2026-Q2 2026-Q3 2026-Q4"));
    assert_eq!(quarters(1).as_deref(), Some("2026-Q4"));
    assert_eq!(quarters(0), None);
    // Each change of the lookup is a break, there and back.
    let marks = of(&folder, 8, marks).unwrap();
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
