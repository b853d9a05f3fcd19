//! Public tables that refer to one another, by the real path: a fictional board's files, a checked plan, the store.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::Path;

use arrow::array::{Array, AsArray};
use arrow::datatypes::{DataType, Int32Type};

use super::intake::{Intake, content_hash};
use crate::config::country::Country;
use crate::config::plan::Plan;
use crate::engine::read_parquet;
use crate::link::{PrivateTable, PublicTable};
use crate::progress::{Progress, Telling};
use crate::pseudonymise::new_key_file;
use crate::store::{Store, Stored};
use crate::synth::{Compression, Layout, Options, generate};
use crate::validation::Validation;

/// A board of 2,000 people in one file a table, whose practices come before the area lookup.
pub(super) fn board(folder: &Path) -> Plan {
    let options = Options {
        patients: 2_000,
        seed: 3,
        quarter: "2026-Q3".parse().unwrap(),
        dirt: 0.0,
        layout: Layout::Single,
        compression: Compression::None,
        lookup: None,
        activity: 1.0,
        country: Country::Scotland,
        threads: 1,
    };
    generate(&folder.join("extracts"), &options, &|_, _| ()).unwrap();
    new_key_file(&folder.join("board.key")).unwrap();
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    let yaml = format!(
        "board: B\nquarter: 2026-Q3\nschemas: {0}/schemas\nreports_folder: {0}/reports\nsources:\n\
         \x20 patients: extracts/all/patients.csv\n  referrals: extracts/all/referrals.csv\n\
         \x20 practitioners: extracts/all/practitioners.csv\n  practices: extracts/public/practices.csv\n\
         \x20 contacts: extracts/all/contacts.csv\n\
         \x20 data_zones: extracts/public/data_zones.csv\npseudonyms: {{ key: {{ file: board.key }} }}\n\
         geography: {{ levels: [hscp], bands: {{ simd_quintile: country }} }}\n\
         privacy: {{ loss: {{ rho: \"1\", delta: \"1e-7\" }}, ledger: l.sqlite }}\nreports: [reach]\nwork: work\n\
         publish: {{ to: out, formats: [csv] }}\n",
        repository.display()
    );
    fs::write(folder.join("board.yaml"), yaml).unwrap();
    crate::config::load(&folder.join("board.yaml")).unwrap_or_else(|error| panic!("{error}"))
}

/// A plan's tables, public ones loaded.
pub(super) fn taken_in(plan: &Plan) -> (HashMap<String, PublicTable>, Vec<PrivateTable>, Validation) {
    let store = Store::open(&plan.work, &plan.quarter.to_string(), || ()).unwrap();
    let progress = Progress::new(Telling::Quiet);
    let mut intake = Intake::new(plan, &store, &progress, 1).unwrap();
    let public = intake.public().unwrap();
    let private = intake.private().unwrap();
    (public, private, intake.validation)
}

fn column(path: &Path, key: &str, value: &str) -> BTreeMap<String, String> {
    let mut reader = csv::Reader::from_path(path).unwrap();
    let rows = reader.deserialize::<BTreeMap<String, String>>().map(|row| row.unwrap());
    rows.map(|row| (row[key].clone(), row[value].clone())).collect()
}

#[test]
fn practices_lead_to_their_data_zones() {
    let folder = tempfile::tempdir().unwrap();
    let plan = board(folder.path());
    let (public, _, _) = taken_in(&plan);
    let (practices, zones) = (&public["practices"], &public["data_zones"]);
    let expected = column(&folder.path().join("extracts/public/practices.csv"), "practice_code", "data_zone");
    let found = practices.keys().iter().zip(practices.references("data_zone").unwrap());
    let found = found.map(|(code, zone)| (code.clone(), zones.keys()[zone.unwrap()].clone())).collect();
    assert_eq!(expected, found);
    assert_eq!(expected.len(), 3);
}

#[test]
fn a_practice_in_no_known_zone_is_unknown_and_stays() {
    let folder = tempfile::tempdir().unwrap();
    let plan = board(folder.path());
    let path = folder.path().join("extracts/public/practices.csv");
    let text = fs::read_to_string(&path).unwrap();
    let zone = text.lines().nth(1).unwrap().split_once(',').unwrap().1;
    fs::write(&path, text.replacen(zone, "S01999998", 1)).unwrap();
    let (public, _, validation) = taken_in(&plan);
    let known = public["practices"].references("data_zone").unwrap().iter().filter(|zone| zone.is_some()).count();
    assert_eq!((public["practices"].keys().len(), known), (3, 2));
    // One in three: the schema allows one in twenty.
    assert!(validation.over_limit.iter().any(|it| it.contains("data_zone.reference")), "{:?}", validation.over_limit);
}

#[test]
fn a_changed_zone_makes_practices_anew() {
    let folder = tempfile::tempdir().unwrap();
    let plan = board(folder.path());
    let before = taken_in(&plan).1;
    let path = folder.path().join("extracts/public/data_zones.csv");
    // The last zone leaves the lookup: rows that refer to it must be read again.
    let text = fs::read_to_string(&path).unwrap();
    let last = text.trim_end().rfind('\n').unwrap();
    fs::write(&path, &text[..=last]).unwrap();
    let after = taken_in(&plan).1;
    let hash = |tables: &[PrivateTable], name: &str| {
        content_hash(&tables.iter().find(|it| it.schema.table == name).unwrap().stored)
    };
    assert_ne!(hash(&before, "practitioners"), hash(&after, "practitioners"));
    assert_eq!(hash(&before, "referrals"), hash(&after, "referrals"));
}

#[test]
fn an_area_by_another_name_makes_nothing_anew() {
    let folder = tempfile::tempdir().unwrap();
    let plan = board(folder.path());
    let lookup = |plan: &Plan| {
        let store = Store::open(&plan.work, &plan.quarter.to_string(), || ()).unwrap();
        let progress = Progress::new(Telling::Quiet);
        let mut intake = Intake::new(plan, &store, &progress, 1).unwrap();
        intake.public().unwrap();
        (intake.public_hash("data_zones").to_owned(), super::answer::context(plan, &intake))
    };
    let (before, posts) = (lookup(&plan), taken_in(&plan).1);
    let path = folder.path().join("extracts/public/data_zones.csv");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("NHS Strathmirr", "NHS Elsewhere")).unwrap();
    assert_eq!(lookup(&plan), before);
    let hash = |tables: &[PrivateTable]| tables.iter().map(|it| content_hash(&it.stored)).collect::<Vec<_>>();
    assert_eq!(hash(&taken_in(&plan).1), hash(&posts));
    // Nor does a lookup that names nothing, while another code is another lookup.
    let mut table = csv::Reader::from_path(&path).unwrap();
    let bare = |record: &csv::StringRecord| record.iter().take(10).collect::<Vec<_>>().join(",");
    let head = bare(table.headers().unwrap());
    let rows = table.records().map(|row| bare(&row.unwrap())).collect::<Vec<_>>();
    let text = format!("{head}\n{}\n", rows.join("\n"));
    fs::write(&path, &text).unwrap();
    assert_eq!(lookup(&plan), before);
    fs::write(&path, text.replacen("S37000902", "S37000903", 1)).unwrap();
    assert_ne!(lookup(&plan), before);
}

/// Patients and posts are stored with the row of their practice, and with no code.
#[test]
fn patients_and_posts_are_stored_with_their_practice() {
    let folder = tempfile::tempdir().unwrap();
    let plan = board(folder.path());
    // The practice of some is on no list.
    let path = folder.path().join("extracts/all/practitioners.csv");
    let text = fs::read_to_string(&path).unwrap();
    let header = text.lines().next().unwrap();
    fs::write(&path, format!("{header}\nC1,10002,1.0,2020-01-01,\n{}", &text[header.len() + 1..])).unwrap();
    let (public, private, validation) = taken_in(&plan);
    for table in ["patients", "practitioners"] {
        let stored = &private.iter().find(|it| it.schema.table == table).unwrap().stored;
        let expected = column(
            &folder.path().join(format!("extracts/all/{table}.csv")),
            if table == "patients" { "chi" } else { "clp_id" },
            "practice_code",
        );
        let mut found: BTreeMap<Option<&str>, usize> = BTreeMap::new();
        for batch in stored.iter().flat_map(Stored::files).flat_map(|path| read_parquet(&path).unwrap()) {
            let practices = batch.column_by_name("practice_code").unwrap();
            assert_eq!(practices.data_type(), &DataType::Int32);
            let practices = practices.as_primitive::<Int32Type>();
            for row in 0..batch.num_rows() {
                let code =
                    practices.is_valid(row).then(|| public["practices"].keys()[practices.value(row) as usize].as_str());
                *found.entry(code).or_default() += 1;
            }
        }
        let listed = expected.values().filter(|code| *code != "10002");
        let codes = listed.map(|code| Some(code.as_str())).collect::<BTreeSet<_>>();
        assert_eq!(found.keys().copied().flatten().map(Some).collect::<BTreeSet<_>>(), codes);
        assert_eq!(found.get(&None).copied().unwrap_or(0), usize::from(table == "practitioners"));
    }
    let posts = validation.tables.iter().find(|report| report.table == "practitioners").unwrap();
    assert_eq!(posts.total.warned.get("practice_code.reference"), Some(&1));
}

/// The same contact, told by two practitioners: neither's row decides the other's. Told twice by one, it counts once.
#[test]
fn no_practitioner_sets_aside_another_s_rows() {
    let folder = tempfile::tempdir().unwrap();
    let plan = board(folder.path());
    let path = folder.path().join("extracts/all/contacts.csv");
    let text = fs::read_to_string(&path).unwrap();
    let first = text.lines().nth(1).unwrap();
    let mut other = first.split(',').collect::<Vec<_>>();
    other[2] = "CLP-other";
    let rows = text.lines().count() as u64 - 1;
    fs::write(&path, format!("{text}{}\n{first}\n", other.join(","))).unwrap();
    let (_, _, validation) = taken_in(&plan);
    let contacts = validation.tables.iter().find(|report| report.table == "contacts").unwrap();
    assert_eq!((contacts.total.stored, contacts.total.quarantined), (rows + 1, 1));
}
