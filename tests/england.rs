//! A board in England, by YAML alone: the configuration, schemas and reports that ship, on NHS numbers and English codes.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use crate::support::extracts::Extract;
use crate::support::program::{Ran, smirr};
use crate::support::{files, repository};
use crate::truth::zones;

/// Level, and its heading.
const LEVELS: [(&str, &str); 3] = [("icb", "ICBCD"), ("sub_icb", "SICBLCD"), ("local_authority", "LADCD")];

/// The shipped files in a folder of their own, so that nothing is written beside them.
struct England(TempDir);

impl England {
    fn new() -> Self {
        let england = England(tempfile::tempdir().expect("there is a folder for temporary files"));
        for part in ["configs/england.yaml", "schemas/england", "reports/england"] {
            match repository().join(part) {
                file if file.is_file() => files::write(&england.path(part), fs::read(file).expect("it is shipped")),
                folder => files::copy(&folder, &england.path(part)),
            }
        }
        england.edit("patients: 12000", "patients: 4000")
    }

    fn path(&self, relative: &str) -> PathBuf {
        self.0.path().join(relative)
    }

    fn edit(self, from: &str, to: &str) -> Self {
        let path = self.path("configs/england.yaml");
        let text = fs::read_to_string(&path).expect("it was copied");
        assert!(text.contains(from), "the configuration has no `{from}`");
        files::write(&path, text.replacen(from, to, 1));
        self
    }

    fn run(&self) -> Ran {
        Ran::of(smirr().arg("run").arg(self.path("configs/england.yaml"))).ends(0)
    }

    fn manifest(&self) -> serde_json::Value {
        let text = fs::read(self.path("out/england/published/2026-Q3/manifest.json")).expect("there is a pack");
        serde_json::from_slice(&text).expect("it is JSON")
    }

    fn label(&self) -> serde_json::Value {
        let text = fs::read(self.path("out/england/published/2026-Q3/privacy.json")).expect("there is a pack");
        serde_json::from_slice(&text).expect("it is JSON")
    }

    fn table(&self, name: &str) -> Vec<BTreeMap<String, String>> {
        let path = self.path("out/england/published/2026-Q3").join(format!("{name}.csv"));
        let mut reader = csv::Reader::from_path(path).expect("the table is there");
        reader.deserialize().map(|row| row.expect("each row is whole")).collect()
    }
}

/// The total over all areas of a level, by figure and the labels beside areas.
fn totals(rows: &[BTreeMap<String, String>], figures: &[&str], labels: &[&str]) -> BTreeMap<Vec<String>, i64> {
    let mut sums = BTreeMap::new();
    for row in rows.iter().filter(|row| figures.contains(&&*row["Figure"])) {
        let key = labels.iter().chain(&["Figure"]).map(|label| row[*label].clone()).collect();
        *sums.entry(key).or_insert(0) +=
            if row["ValueQF"] == "z" { 0 } else { row["Value"].parse::<i64>().expect("a count") };
    }
    sums
}

#[test]
fn what_ships_for_england_runs_in_english_words_and_adds_up() {
    let england = England::new();
    let ran = england.run();
    let words = "IMDQuintile: IMD fifth of England; 1 is the most deprived";
    assert_eq!(england.manifest()["bands"], words);
    assert!(ran.stdout.contains(words), "{}", ran.stdout);
    for file in files::under(&england.path("out/england/published")) {
        if file.extension().is_some_and(|it| it == "parquet") {
            continue;
        }
        let (text, file) = (files::unpacked(&file), file.display());
        let text = String::from_utf8_lossy(&text);
        for word in ["SIMD", "HSCP", "CHI", "Scot", "S0800", "S3700", "DataZone"] {
            assert!(!text.contains(word) && !ran.stdout.contains(word), "{file} says {word}");
        }
    }
    for (report, figures, labels) in [
        ("reach", &["registered", "referred"][..], &["IMDQuintile", "Sex", "Source", "Reason"][..]),
        ("bridge", &["referred", "engaged", "referred_onward", "attended"], &["IMDQuintile"]),
    ] {
        let [icb, parts @ ..] =
            LEVELS.map(|(level, _)| totals(&england.table(&format!("{report}-{level}")), figures, labels));
        assert!(icb.values().sum::<i64>() > 0 && icb.keys().any(|key| key[0] == "5"), "{icb:?}");
        parts.iter().for_each(|parts| assert_eq!(&icb, parts, "{report}"));
    }
}

#[test]
fn rules_of_english_identifiers_are_those_of_the_schemas() {
    let england = England::new().edit("dirt: 2%", "dirt: 10%");
    england.run();
    let text = fs::read(england.path("out/england/work/validation/2026-Q3.json")).expect("there is a report");
    let report: serde_json::Value = serde_json::from_slice(&text).expect("it is JSON");
    let table = |name: &str| {
        let tables = report["tables"].as_array().expect("tables").iter();
        tables.filter(|it| it["table"] == name).map(|it| it["total"].clone()).next().expect("the table is there")
    };
    let (patients, practices) = (table("patients"), table("practices"));
    for (kind, rule) in [
        ("quarantined_by", "nhs_number.check_digit"),
        ("quarantined_by", "nhs_number.type"),
        ("warned", "lsoa.reference"),
        ("repaired", "lsoa.no_known_area"),
    ] {
        assert!(patients[kind][rule].as_u64() > Some(0), "{rule} is not in {patients}");
    }
    // The codes of the practices are right, so nobody is warned: by the Scottish rule all of them would be wrong.
    assert_eq!(practices["warned"], serde_json::json!({}));
    let codes = Extract::read(&england.path("out/england/extracts/public/practices.csv"));
    assert!(codes.rows().iter().all(|row| row[0].len() == 6 && row[0].starts_with('X')));
    let wrong = patients["warned"].as_object().expect("rules").keys().filter(|rule| rule.contains("practice_code"));
    assert_eq!(wrong.count(), 0, "{patients}");
}

/// Noise of scale 0.125 is 0 in every cell, but for odds of 1e-13 a cell.
#[test]
fn an_english_board_is_counted_as_it_is() {
    const COUNTS: &str = "title: Counts\nprotects: patient\nby: [area, imd_quintile]\nmeasures:\n  \
        registered: { persons: patients }\n  referred: { persons: referrals, where: \"status <> 'declined'\" }\n  \
        attended: { persons: attendances, where: \"sessions > 0\" }\n";
    let england = England::new().edit("dirt: 2%", "dirt: 0%").edit("[reach, bridge]", "[counts]");
    let england = england.edit("\"0.25\"", "\"1200\"").edit("  year: { rho: \"1\" }\n", "");
    files::write(&england.path("reports/england/counts.yaml"), COUNTS);
    england.run();
    let vectors = england.label()["reports"][0]["tables"].as_array().expect("tables").clone();
    assert!(vectors.iter().all(|vector| vector["scale"].as_f64() < Some(0.125)), "{vectors:?}");
    let columns = [("lsoa", "LSOA"), ("imd_quintile", "IMDQuintile")];
    let columns = columns.into_iter().chain(LEVELS).collect::<Vec<_>>();
    let zones = zones(&england.path("out/england/extracts/public/lsoas.csv"), &columns);
    let answers = Extract::read(&england.path("out/england/extracts/truth.csv"));
    for (level, heading) in LEVELS {
        let mut expected = BTreeMap::<[String; 3], i64>::new();
        for row in answers.rows().iter().filter(|row| row[2] == "all") {
            let place = |heading: &str| zones.get(&row[1]).map_or("unknown".into(), |zone| zone[heading].clone());
            let key = [row[0].clone(), place(heading), place("IMDQuintile")];
            *expected.entry(key).or_insert(0) += row[4].parse::<i64>().expect("a count");
        }
        let mut people = 0;
        for row in england.table(&format!("counts-{level}")).iter().filter(|row| row["IMDQuintile"] != "All") {
            let key = ["Figure", heading, "IMDQuintile"].map(|name| row[name].clone());
            let value = if row["ValueQF"] == "z" { 0 } else { row["Value"].parse().expect("a count") };
            assert_eq!(value, expected.get(&key).copied().unwrap_or(0), "{level} {key:?}");
            people += value;
        }
        let counted = |key: &[String; 3]| ["registered", "referred", "attended"].contains(&&*key[0]);
        let all = expected.iter().filter(|(key, _)| counted(key)).map(|(_, people)| people).sum::<i64>();
        assert_eq!(people, all, "{level}");
    }
}
