//! The whole board, made small.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::PathBuf;

use super::*;
use crate::config::country::Country;

/// 2,000 clean patients in the third quarter of 2026.
pub(super) fn small(seed: u64) -> Options {
    Options {
        patients: 2_000,
        seed,
        quarter: "2026-Q3".parse().unwrap(),
        dirt: 0.0,
        layout: Layout::Single,
        compression: Compression::None,
        lookup: None,
        activity: 2.0,
        country: Country::Scotland,
        threads: 1,
    }
}

/// A board in a folder that goes away with it.
struct Fixture {
    _keep: tempfile::TempDir,
    folder: PathBuf,
    made: Made,
}

fn make(options: &Options) -> Fixture {
    let keep = tempfile::tempdir().unwrap();
    let folder = keep.path().join("board");
    let made = generate(&folder, options, &|_, _| ()).unwrap();
    Fixture { _keep: keep, folder, made }
}

/// Every file below `folder`, by relative path, decompressed.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    fn walk(root: &Path, folder: &Path, found: &mut BTreeMap<String, Vec<u8>>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(root, &path, found);
                continue;
            }
            let packed = fs::read(&path).unwrap();
            let mut plain = Vec::new();
            match path.extension().unwrap().to_str().unwrap() {
                "gz" => _ = flate2::read::MultiGzDecoder::new(packed.as_slice()).read_to_end(&mut plain).unwrap(),
                "zst" => plain = zstd::stream::decode_all(packed.as_slice()).unwrap(),
                _ => plain = packed,
            }
            found.insert(path.strip_prefix(root).unwrap().to_str().unwrap().to_owned(), plain);
        }
    }
    let mut found = BTreeMap::new();
    walk(folder, folder, &mut found);
    found
}

/// The rows of `table` over all files, each by column name.
fn rows(folder: &Path, table: &str) -> Vec<BTreeMap<String, String>> {
    let mut all = Vec::new();
    for (file, bytes) in files(folder) {
        if Path::new(&file).file_name().unwrap().to_str().unwrap().starts_with(&format!("{table}.csv")) {
            let mut reader = csv::Reader::from_reader(bytes.as_slice());
            all.extend(reader.deserialize().map(|row| row.unwrap()));
        }
    }
    all
}

type Answers = BTreeMap<(String, String, String), u64>;

/// The answers, counted anew from the extracts with sets and comparisons of text alone.
fn recount(folder: &Path) -> Answers {
    let (first, last) = ("2026-07-01", "2026-09-30");
    let within = |date: &str| (first..=last).contains(&date);
    let mut home: BTreeMap<String, (String, String)> = BTreeMap::new();
    for row in rows(folder, "patients") {
        let (from, to) = (&row["registered_on"], &row["deregistered_on"]);
        if from.as_str() <= last && (to.is_empty() || to.as_str() > last) {
            let known = home.entry(row["chi"].clone()).or_default();
            *known = known.clone().max((from.clone(), row["data_zone"].clone()));
        }
    }
    let mut persons: BTreeSet<(String, String, String)> = BTreeSet::new();
    let mut answers = Answers::new();
    let mut mark = |measure: &str, code: &str, chi: &str| {
        persons.insert((measure.to_owned(), code.to_owned(), chi.to_owned()));
    };
    home.keys().for_each(|chi| mark("registered", "all", chi));
    for row in rows(folder, "referrals") {
        if row["status"] != "declined" && within(&row["referred_on"]) {
            mark("referred", "all", &row["chi"]);
            mark("referred", &row["reason"], &row["chi"]);
        }
    }
    let zone = |chi: &str| home.get(chi).map_or("unknown".to_owned(), |home| home.1.clone());
    for row in rows(folder, "contacts") {
        if row["attended"] == "yes" && within(&row["contacted_on"]) {
            mark("engaged", "all", &row["chi"]);
            for (measure, more) in [("contacts", 1), ("minutes", row["minutes"].parse::<u64>().unwrap())] {
                *answers.entry((measure.into(), zone(&row["chi"]), "all".into())).or_default() += more;
            }
        }
    }
    let mut sent = BTreeMap::new();
    for row in rows(folder, "onward_referrals") {
        sent.insert(row["onward_id"].clone(), row["chi"].clone());
        if within(&row["made_on"]) {
            mark("referred_onward", "all", &row["chi"]);
        }
    }
    for row in rows(folder, "attendances") {
        if row["sessions"] != "0" && within(&row["first_attended_on"]) {
            let chi = if row["chi"].is_empty() { &sent[&row["onward_id"]] } else { &row["chi"] };
            mark("attended", "all", chi);
        }
    }
    for (measure, code, chi) in persons {
        *answers.entry((measure, zone(&chi), code)).or_default() += 1;
    }
    answers
}

fn truth(folder: &Path) -> Answers {
    let mut reader = csv::Reader::from_path(folder.join("truth.csv")).unwrap();
    let rows = reader.records().map(|record| record.unwrap());
    rows.map(|row| ((row[0].into(), row[1].into(), row[3].into()), row[4].parse().unwrap())).collect()
}

#[test]
fn truth_is_what_a_naive_recount_of_clean_extracts_gives() {
    for (seed, layout) in [(1, Layout::Single), (2, Layout::PerPractice), (3, Layout::PerBoard)] {
        let board = make(&Options { patients: 6_000, layout, activity: 12.0, ..small(seed) });
        let told = truth(&board.folder);
        assert_eq!(told, recount(&board.folder));
        let measures: BTreeSet<&str> = told.keys().map(|key| key.0.as_str()).collect();
        assert_eq!(measures.len(), 7);
        assert!(told.keys().any(|key| key.1 == "unknown"), "somebody with a referral has left");
    }
}

#[test]
fn dirt_leaves_truth_alone() {
    let (clean, dirty) = (make(&small(5)), make(&Options { dirt: 0.4, ..small(5) }));
    assert_eq!(truth(&clean.folder), truth(&dirty.folder));
    assert_eq!(fs::read_to_string(clean.folder.join("faults.csv")).unwrap(), "file,table,fault,rows\n");
}

#[test]
fn the_same_seed_makes_the_same_bytes_on_any_number_of_threads() {
    for layout in [Layout::Single, Layout::PerPractice, Layout::PerBoard] {
        let options = Options { patients: 9_000, dirt: 0.1, layout, ..small(7) };
        let one = make(&options);
        let two = make(&Options { threads: 3, ..options.clone() });
        assert!(files(&one.folder) == files(&two.folder) && one.made == two.made);
        let other = make(&Options { seed: 8, ..options });
        assert!(files(&one.folder) != files(&other.folder));
    }
}

#[test]
fn layouts_and_compression_hold_the_same_rows() {
    let board = make(&small(9));
    for (layout, compression) in [(Layout::PerPractice, Compression::Gzip), (Layout::PerBoard, Compression::Zstd)] {
        let other = make(&Options { layout, compression, ..small(9) });
        assert_eq!(board.made.rows, other.made.rows);
        for table in Table::BY_PRACTICE {
            let sorted = |folder| {
                let mut all = rows(folder, table.name());
                all.sort();
                all
            };
            assert_eq!(sorted(&board.folder), sorted(&other.folder), "{}", table.name());
        }
    }
}

#[test]
fn every_fault_is_laid_and_counted() {
    let options = Options { patients: 12_000, dirt: 0.5, layout: Layout::PerPractice, activity: 4.0, ..small(11) };
    let board = make(&options);
    let mut laid: BTreeMap<String, u64> = BTreeMap::new();
    let mut reader = csv::Reader::from_path(board.folder.join("faults.csv")).unwrap();
    let all = files(&board.folder);
    for record in reader.records().map(|record| record.unwrap()) {
        assert!(all.contains_key(&record[0]), "{}", &record[0]);
        *laid.entry(record[2].to_owned()).or_default() += record[3].parse::<u64>().unwrap();
    }
    for (_, name) in dirt::Fault::ALL {
        assert!(laid.get(name).is_some_and(|&rows| rows > 0), "{name} in {laid:?}");
    }
    let marked = |sign: &[u8]| all.values().any(|bytes| bytes.starts_with(sign));
    assert_eq!(laid.contains_key("byte_order_mark"), marked(b"\xef\xbb\xbf"));
    assert_eq!(laid.contains_key("crlf"), all.values().any(|bytes| bytes.windows(2).any(|pair| pair == b"\r\n")));
    assert_eq!(laid.contains_key("quoted"), marked(b"\""));
    assert!(["byte_order_mark", "crlf", "quoted"].iter().all(|name| laid.contains_key(*name)), "{laid:?}");
    // Faults that can be seen from outside are as many as were counted.
    let lines = |sign: &str| -> u64 {
        let own = all.iter().filter(|(file, _)| file.as_str() != "faults.csv");
        own.map(|(_, bytes)| String::from_utf8_lossy(bytes).matches(sign).count() as u64).sum()
    };
    for (fault, sign) in [
        ("unlinked", "OWN-"),
        ("impossible_date", "31/02/"),
        ("no_fixed_abode", "NFA"),
        ("undeclared_code", "not_on_the_list"),
        ("non_numeric", "about ten"),
        ("too_many_fields", "see notes"),
    ] {
        assert_eq!(laid[fault], lines(sign), "{fault}");
    }
    assert!(laid.values().sum::<u64>() > board.made.rows.values().sum::<u64>() / 4);
}

#[test]
fn no_identifier_but_the_chi_column_holds_a_chi() {
    let board = make(&small(13));
    let people: BTreeSet<String> = rows(&board.folder, "patients").iter().map(|row| row["chi"].clone()).collect();
    for table in Table::BY_PRACTICE {
        for row in rows(&board.folder, table.name()) {
            for (_, value) in row.iter().filter(|(column, _)| column.as_str() != "chi") {
                let digits = value.as_bytes().windows(10).map(String::from_utf8_lossy);
                assert!(digits.into_iter().all(|ten| !people.contains(ten.as_ref())), "{value}");
            }
        }
    }
}

#[test]
fn a_filled_folder_is_refused_and_failure_leaves_nothing() {
    let keep = tempfile::tempdir().unwrap();
    let folder = keep.path().join("board");
    fs::create_dir(&folder).unwrap();
    generate(&folder, &small(1), &|_, _| ()).unwrap();
    let again = generate(&folder, &small(1), &|_, _| ()).unwrap_err();
    assert!(matches!(&again, Error::Input(said) if said.contains("not empty")), "{again}");
    let other = keep.path().join("other");
    let lookup = Some(keep.path().join("absent.csv"));
    assert!(generate(&other, &Options { lookup, ..small(1) }, &|_, _| ()).is_err());
    assert_eq!(fs::read_dir(keep.path()).unwrap().count(), 1);
}

#[test]
fn proportions_are_those_of_the_published_evidence() {
    let board = make(&Options { patients: 60_000, activity: 3.0, threads: 2, ..small(17) });
    let share = |table: &str, column: &str, value: &str| {
        let all = rows(&board.folder, table);
        all.iter().filter(|row| row[column] == value).count() as f64 / all.len() as f64
    };
    let near = |what: &str, value: f64, from: f64, to: f64| assert!((from..to).contains(&value), "{what}: {value}");
    near("source GP", share("referrals", "source", "gp"), 0.67, 0.73);
    near("missed contacts", share("contacts", "attended", "no"), 0.15, 0.25);
    near("no score at follow-up", share("attendances", "swemwbs_after", ""), 0.4, 0.75);
    let home: BTreeMap<String, bool> =
        rows(&board.folder, "patients").into_iter().map(|row| (row["chi"].clone(), row["sex"] == "F")).collect();
    let referrals = rows(&board.folder, "referrals");
    let women = referrals.iter().filter(|row| home[&row["chi"]]).count() as f64 / referrals.len() as f64;
    near("women", women, 0.56, 0.64);
    let zones: BTreeMap<String, String> = rows(&board.folder, "data_zones")
        .into_iter()
        .map(|row| (row["data_zone"].clone(), row["simd_quintile"].clone()))
        .collect();
    let told = truth(&board.folder);
    let of = |measure: &str, quintile: &str| -> f64 {
        let own = told.iter().filter(|(key, _)| key.0 == measure && key.2 == "all");
        own.filter(|(key, _)| zones.get(&key.1).is_some_and(|own| own == quintile))
            .map(|(_, &value)| value as f64)
            .sum()
    };
    let rate = |quintile| of("referred", quintile) / of("registered", quintile);
    assert!(rate("1") > 2.0 * rate("5"), "{} and {}", rate("1"), rate("5"));
}

#[test]
fn practices_are_published_and_everyone_belongs_to_one() {
    for (seed, dirt) in [(21, 0.0), (22, 0.3)] {
        let board = make(&Options { patients: 6_000, dirt, layout: Layout::PerPractice, activity: 4.0, ..small(seed) });
        let practices = rows(&board.folder, "practices");
        let codes: BTreeSet<&str> = practices.iter().map(|row| row["practice_code"].as_str()).collect();
        let zones: BTreeSet<String> =
            rows(&board.folder, "data_zones").into_iter().map(|row| row["data_zone"].clone()).collect();
        assert_eq!((practices.len(), codes.len()), (3, 3));
        assert!(practices.iter().all(|row| zones.contains(&row["data_zone"])));
        if dirt > 0.0 {
            continue;
        }
        for table in ["patients", "practitioners", "referrals"] {
            let all = rows(&board.folder, table);
            assert!(all.iter().all(|row| codes.contains(row["practice_code"].as_str())), "{table}");
        }
    }
}

#[test]
fn a_few_contacts_are_made_by_a_neighbouring_practitioner() {
    let board = make(&Options { patients: 12_000, activity: 8.0, ..small(23) });
    let practice = |table: &str, key: &str| -> BTreeMap<String, String> {
        let all = rows(&board.folder, table).into_iter();
        all.map(|row| (row[key].clone(), row["practice_code"].clone())).collect()
    };
    let posts = practice("practitioners", "clp_id");
    let referred_by = practice("referrals", "chi");
    let contacts = rows(&board.folder, "contacts");
    let elsewhere = contacts.iter().filter(|row| posts[&row["clp_id"]] != referred_by[&row["chi"]]).count();
    let share = elsewhere as f64 / contacts.len() as f64;
    assert!((0.015..0.05).contains(&share), "{elsewhere} of {}", contacts.len());
    // Who covers belongs to the same board, and to another practice where there is one.
    let plan = Board::new(&Options { patients: 3_000_000, ..small(23) }).unwrap();
    for (index, own) in plan.practices.iter().enumerate() {
        let other = plan.neighbour(index);
        assert_eq!(plan.practices[other].board, own.board);
        assert!(other != index || plan.practices.iter().filter(|it| it.board == own.board).count() == 1);
    }
}

#[test]
fn a_lookup_that_is_given_is_used_and_not_copied() {
    let fictional = make(&small(19));
    let lookup = Some(fictional.folder.join("public/data_zones.csv"));
    let board = make(&Options { lookup, ..small(20) });
    assert!(!board.folder.join("public/data_zones.csv").exists() && !board.made.rows.contains_key("data_zones"));
    let zones: BTreeSet<String> =
        rows(&fictional.folder, "data_zones").iter().map(|row| row["data_zone"].clone()).collect();
    assert!(rows(&board.folder, "patients").iter().all(|row| zones.contains(&row["data_zone"])));
}

/// Two quarters' extracts are of one board: the same places and organisations, mostly the same people and posts, and
/// cases that both tell of.
#[test]
fn quarters_are_of_one_board_that_changes() {
    let quarter = |text: &str| Options { quarter: text.parse().unwrap(), patients: 12_000, activity: 6.0, ..small(29) };
    let [before, now] = ["2026-Q2", "2026-Q3"].map(|text| make(&quarter(text)));
    let column = |board: &Fixture, table: &str, name: &str| -> BTreeSet<String> {
        rows(&board.folder, table).into_iter().map(|row| row[name].clone()).collect()
    };
    let shared = |table: &str, name: &str| {
        let (one, other) = (column(&before, table, name), column(&now, table, name));
        one.intersection(&other).count() as f64 / one.union(&other).count() as f64
    };
    for (table, name) in [("data_zones", "data_zone"), ("practices", "practice_code"), ("organisations", "org_id")] {
        assert_eq!(shared(table, name), 1.0, "{table}");
    }
    assert!((0.97..1.0).contains(&shared("patients", "chi")), "{}", shared("patients", "chi"));
    assert!(shared("practitioners", "clp_id") > 0.8);
    // Of the four quarters that the two tell of, both tell of two.
    assert!((0.4..0.6).contains(&shared("referrals", "referral_id")), "{}", shared("referrals", "referral_id"));
    let made = |board: &Fixture| -> BTreeMap<String, String> {
        let referrals = rows(&board.folder, "referrals").into_iter();
        referrals.map(|row| (row["referral_id"].clone(), row["referred_on"].clone())).collect()
    };
    let (earlier, later) = (made(&before), made(&now));
    assert!(earlier.iter().all(|(id, day)| later.get(id).is_none_or(|other| other == day)));
    // Pairs of post and organisation come and go.
    let pairs = |board: &Fixture, from: &str, to: &str| -> BTreeSet<(String, String)> {
        let rows = rows(&board.folder, "onward_referrals").into_iter();
        rows.filter(|row| (from..=to).contains(&row["made_on"].as_str()))
            .map(|row| (row["clp_id"].clone(), row["org_id"].clone()))
            .collect()
    };
    let (last, this) = (pairs(&now, "2026-04-01", "2026-06-30"), pairs(&now, "2026-07-01", "2026-09-30"));
    let new = this.difference(&last).count() as f64 / this.len() as f64;
    assert!((0.02..0.6).contains(&new), "{new} of the working links are new");
    // Over the years organisations close, and there are more referrals.
    let old = make(&quarter("2022-Q3"));
    let open =
        |board: &Fixture| rows(&board.folder, "organisations").iter().filter(|it| it["accepting"] == "yes").count();
    assert!(open(&old) > open(&now), "{} and {}", open(&old), open(&now));
    assert!(old.made.rows["referrals"] < now.made.rows["referrals"]);
}
