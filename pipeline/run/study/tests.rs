//! What a study finds of a small report: noise that is all accounted for, and none that is not.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::rehearsal::{Size, rehearsal, scratch};
use super::*;
use crate::config;
use crate::config::plan::{Files, KeySource, Origin, Sheet};
use crate::error::Error;
use crate::progress::Telling;

const RUNS: usize = 600;
/// A statistic of so many runs passes so many standard errors with odds below 1e-12, and all of them with odds below 1e-9.
const FAR: f64 = 7.5;

const REPORT: &str = "title: T\nprotects: patient\nby: [area, simd_quintile, reason]\n\
                      measures:\n  registered: { persons: patients }\n  \
                      referred: { persons: referrals, where: \"status <> 'declined'\" }\n\
                      rates:\n  rate: { of: referred, over: registered, per: 1000, sampling: none }\n";

/// A fictional board's plan, of which nothing is made yet.
fn plan(folder: &Path, rho: &str) -> Plan {
    fs::create_dir_all(folder.join("reports")).unwrap();
    fs::write(folder.join("reports/r.yaml"), REPORT).unwrap();
    let schemas = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas");
    let yaml = format!(
        "board: B\nquarter: 2026-Q3\nschemas: {}\nreports_folder: reports\n\
         fictional: {{ patients: 7000, seed: 5, activity: 6, folder: made }}\nsources:\n\
         \x20 patients: made/practices/*/patients.csv\n  referrals: made/practices/*/referrals.csv\n\
         \x20 practitioners: made/practices/*/practitioners.csv\n  practices: made/public/practices.csv\n\
         \x20 data_zones: made/public/data_zones.csv\n\
         pseudonyms: {{ key: {{ file: board.key }} }}\n\
         geography: {{ levels: [health_board, hscp], bands: {{ simd_quintile: country }} }}\n\
         privacy: {{ loss: {{ rho: \"{rho}\", delta: \"1e-7\" }}, ledger: l.sqlite }}\nreports: [r]\nwork: work\n\
         publish: {{ to: out, formats: [csv] }}\n",
        schemas.display()
    );
    fs::write(folder.join("board.yaml"), yaml).unwrap();
    config::load_ahead(&folder.join("board.yaml")).unwrap_or_else(|error| panic!("{error}"))
}

/// The tables of the one report after so many runs.
fn studied(rho: &str, runs: usize) -> Vec<TableStudied> {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(folder.path(), rho);
    let before = listed(folder.path());
    let asked = Asked { report: None, runs, size: Size::default() };
    let mut study = study(&plan, &asked, Resources::default(), &Progress::new(Telling::Quiet)).unwrap();
    assert_eq!((study.runs, study.patients, study.reports.len()), (runs, 7_000, 1));
    assert_eq!(listed(folder.path()), before);
    study.reports.remove(0).tables
}

fn listed(folder: &Path) -> BTreeSet<PathBuf> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

fn files(glob: PathBuf) -> Origin {
    Origin::Files(Files { glob, sheet: Sheet::default() })
}

#[test]
fn estimates_are_unbiased_and_intervals_cover_as_they_say_in_every_table() {
    let tables = studied("0.05", RUNS);
    let figures = tables.iter().map(|it| (it.figure.as_str(), it.level.as_str(), it.by.join("+"))).collect::<Vec<_>>();
    assert!(figures.contains(&("referred", "hscp", "simd_quintile+reason".into())), "{figures:?}");
    assert_eq!(figures.len(), 2 * (2 + 4 + 4), "{figures:?}");
    let mut drawn = 0;
    for table in tables.iter().filter(|table| table.figure != "rate") {
        let (score, what) = (&table.score, format!("{table:?}"));
        let (unbiased, published) = (score.unbiased.unwrap(), score.published.unwrap());
        assert!(unbiased.worst < FAR, "{what}");
        // The mean square of one cell in 600 runs leaves this range with odds below 1e-10; that of many cells is nearer.
        let ratio = (unbiased.rmse / score.stated.unwrap()).powi(2);
        assert!((0.65..1.45).contains(&ratio), "{ratio}: {what}");
        // What is whole, and not below 0, is no worse but for rounding.
        assert!(published.rmse < 1.2 * unbiased.rmse + 0.5, "{what}");
        if let Some(noise) = table.drawn {
            assert!(unbiased.rmse < noise, "{what}");
            drawn += 1;
        }
        let coverage = score.coverage.unwrap();
        // Cells near 0 are covered more often: an interval is stretched to a published figure that others have moved.
        let most = if table.figure == "registered" { 0.965 } else { 0.985 };
        let slack = FAR * coverage.error;
        assert!((0.94 - slack..most + slack).contains(&coverage.share), "{what}");
        if let Some((cells, small)) = score.small {
            assert!(cells > 0 && small.share > 0.94 - FAR * small.error, "{what}");
        }
        assert!((score.withheld, score.not_applicable) == (0.0, 0.0), "{what}");
    }
    assert!(drawn > 6, "{drawn} tables are drawn");
    // Where many cells are pooled, chance leaves little room.
    let pooled = |figure: &str| {
        let own = tables.iter().filter(|table| table.figure == figure).filter_map(|table| table.score.coverage);
        let shares = own.map(|it| it.share).collect::<Vec<_>>();
        shares.iter().sum::<f64>() / shares.len() as f64
    };
    assert!((0.93..0.975).contains(&pooled("registered")), "{}", pooled("registered"));
    // Figures without sampling error are of this quarter's own ratio.
    for table in tables.iter().filter(|table| table.figure == "rate") {
        let (score, what) = (&table.score, format!("{table:?}"));
        assert!(score.unbiased.is_none() && score.small.is_none() && table.drawn.is_none(), "{what}");
        let coverage = score.coverage.unwrap();
        assert!(coverage.share > 0.94 - FAR * coverage.error, "{what}");
        assert!(score.cells > 0 && score.reliable + score.not_applicable <= 1.0 + 1e-9, "{what}");
    }
}

#[test]
fn more_loss_gives_less_error_and_more_reliable_cells() {
    let sum = |tables: &[TableStudied], of: fn(&Score) -> f64| tables.iter().map(|it| of(&it.score)).sum::<f64>();
    let (little, much) = (studied("0.02", 20), studied("2", 20));
    let error = |score: &Score| score.published.map_or(0.0, |it| it.rmse);
    assert!(sum(&much, error) < sum(&little, error) / 2.0);
    assert!(sum(&much, |score| score.reliable) > sum(&little, |score| score.reliable) + 1.0);
}

#[test]
fn a_plan_that_may_hold_anyone_real_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let good = plan(folder.path(), "1");
    let made = folder.path().join("made");
    let refused = |plan: &Plan, words: &str| {
        let error = rehearsal(plan, folder.path(), &Size::default()).unwrap_err();
        assert!(matches!(&error, Error::Privacy(text) if text.contains(words)), "{error}");
        assert!(rehearsal::refuse_real(plan).is_err());
    };
    refused(&Plan { fictional: None, ..good.clone() }, "this board is not fictional");
    for elsewhere in ["/extracts/patients.csv", "other/patients.csv", "made/../other/patients.csv", "made2/p.csv"] {
        let mut plan = good.clone();
        let patients = plan.sources.iter_mut().find(|source| source.table == "patients").unwrap();
        patients.origins.push(files(folder.path().join(elsewhere)));
        refused(&plan, "`patients` is read from");
    }
    // A public table may lie anywhere.
    let mut public = good.clone();
    let elsewhere = files(PathBuf::from("/lookups/zones.csv"));
    public.sources.iter_mut().find(|it| it.table == "data_zones").unwrap().origins = vec![elsewhere.clone()];
    let desk = scratch().unwrap();
    let moved = rehearsal(&public, desk.path(), &Size { patients: Some(100), seed: Some(9) }).unwrap();
    for source in &moved.sources {
        let below = |origin: &Origin| matches!(origin, Origin::Files(files) if files.glob.starts_with(desk.path()));
        let own = source.origins.iter().all(below);
        assert!(own || source.origins == [elsewhere.clone()], "{source:?}");
    }
    let (fictional, key) = (moved.fictional.unwrap(), moved.key);
    assert_eq!((fictional.patients, fictional.seed, fictional.folder.starts_with(&made)), (100, 9, false));
    for path in [&fictional.folder, &moved.work, &moved.ledger, &moved.publish.to, &moved.root] {
        assert!(path.starts_with(desk.path()), "{path:?}");
    }
    assert!(matches!(key, KeySource::File(path) if path.starts_with(desk.path())));
    assert_eq!(fs::metadata(desk.path()).unwrap().permissions().mode() & 0o777, 0o700);
}
