//! What is made of the rows of a test, and the board that it runs on.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::board::{board, scratch};
use super::made::Made;
use super::*;
use crate::config;
use crate::config::plan::{KeySource, Origin};

/// A board whose one report has these tests; of a country's schemas.
fn plan(folder: &Path, schemas: &str, yaml: &str) -> Plan {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    fs::create_dir_all(folder.join("reports")).unwrap();
    fs::write(folder.join("reports/r.yaml"), yaml).unwrap();
    let (zones, level) = if schemas == "schemas" { ("data_zones", "hscp") } else { ("lsoas", "sub_icb") };
    let text = format!(
        "board: B\nquarter: 2026-Q3\nschemas: {}\nreports_folder: reports\n\
         fictional: {{ patients: 1000, folder: made }}\nsources:\n\
         \x20 patients: made/practices/*/patients.csv\n  referrals: made/practices/*/referrals.csv\n\
         \x20 attendances: made/organisations/*/attendances.csv\n  onward_referrals: made/practices/*/onward_referrals.csv\n\
         \x20 practitioners: made/practices/*/practitioners.csv\n  practices: made/public/practices.csv\n\
         \x20 organisations: made/public/organisations.csv\n  {zones}: made/public/{zones}.csv\n\
         pseudonyms: {{ key: {{ file: board.key }} }}\ngeography: {{ levels: [{level}] }}\n\
         privacy: {{ loss: {{ rho: \"0.1\" }}, ledger: l.sqlite }}\nreports: [r]\nwork: work\n\
         publish: {{ to: out, formats: [csv] }}\n",
        repository.join(schemas).display()
    );
    fs::write(folder.join("board.yaml"), text).unwrap();
    config::load_ahead(&folder.join("board.yaml")).unwrap_or_else(|error| panic!("{error}"))
}

const REPORT: &str = "title: T\nprotects: patient\nby: [area]\nmeasures:\n  registered: { persons: patients }\n  \
                      organisations: { public: organisations }\n  \
                      new: { pairs: onward_referrals, of: [clp_id, org_id], against: previous_quarter, keep: new, \
                      per_person: { pairs: 2 } }\ntests:\n";

fn column(made: &Made, table: &str, name: &str) -> Vec<String> {
    let (_, lines) = made.extracts.iter().find(|(it, _)| it == table).unwrap();
    let at = lines[0].iter().position(|header| header == name).unwrap();
    lines[1..].iter().map(|line| line[at].clone()).collect()
}

#[test]
fn tables_that_are_left_out_follow_from_the_names() {
    let folder = tempfile::tempdir().unwrap();
    let tests = "  - name: A\n    given:\n      referrals: [{ chi: anna }, { chi: bob, clp_id: erin }, { chi: anna }]\n      \
                 attendances: [{ onward_id: token }]\n    expect: { registered: 2 }\n";
    let plan = plan(folder.path(), "schemas", &format!("{REPORT}{tests}"));
    let made = Made::new(&plan, &plan.reports[0].trials[0]);
    let people = column(&made, "patients", "chi");
    assert_eq!(people.len(), 2, "each person is registered once");
    assert_eq!(column(&made, "referrals", "chi"), [0, 1, 0].map(|at: usize| people[at].clone()));
    assert_eq!(column(&made, "referrals", "status"), ["accepted"; 3], "the first code");
    assert_eq!(column(&made, "referrals", "referred_on"), ["2026-07-01"; 3], "the quarter's first day");
    assert_eq!(column(&made, "patients", "deregistered_on"), ["", ""]);
    assert_eq!(column(&made, "practitioners", "clp_id"), ["plain", "erin"]);
    assert_eq!(
        (column(&made, "attendances", "chi"), column(&made, "attendances", "onward_id")),
        (vec!["".into()], vec!["token".into()])
    );
    // What is referred to is there, once.
    assert_eq!(column(&made, "patients", "data_zone"), vec![column(&made, "data_zones", "data_zone")[0].clone(); 2]);
    assert_eq!(column(&made, "practices", "practice_code").len(), 1);
}

/// A run's own path takes all of it: nothing is set aside, in either country, and pairs are held against nothing.
#[test]
fn what_is_made_up_passes_every_rule_of_the_contract() {
    for (schemas, person, worker) in [("schemas", "chi", "clp_id"), ("schemas/england", "nhs_number", "link_worker_id")]
    {
        let folder = tempfile::tempdir().unwrap();
        let tests = format!(
            "  - name: A\n    given:\n      onward_referrals:\n        - {{ {person}: anna, org_id: choir }}\n        \
             - {{ {person}: bob, org_id: choir }}\n        - {{ {person}: bob, org_id: food_bank }}\n      \
             attendances: [{{ {person}: carol }}]\n    expect: {{ registered: 3, organisations: 3, new: 2 }}\n"
        );
        let plan = plan(folder.path(), schemas, &format!("{}{tests}", REPORT.replace("clp_id", worker)));
        let tried = run_trials(&plan, Resources { threads: 1, memory: 1 << 28 }).unwrap();
        assert_eq!(complaints(&tried).to_string(), "", "{schemas}");
        assert_eq!(tried.len(), 1);
    }
}

#[test]
fn a_test_has_a_board_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let tests = "  - name: A\n    expect: { registered: 0 }\n";
    let plan = plan(folder.path(), "schemas", &format!("{REPORT}{tests}"));
    let scratch = scratch().unwrap();
    let mode = fs::metadata(scratch.path()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    let made = Made::new(&plan, &plan.reports[0].trials[0]);
    let (own, everywhere) = board(&plan, &plan.reports[0], &made, scratch.path()).unwrap();
    assert_eq!((everywhere.level, everywhere.before, own.geography.levels.len()), (0, 1, 2));
    assert!(own.fictional.is_none() && own.salt.is_none());
    let KeySource::File(key) = &own.key else { panic!("a file") };
    let file = |origin: &Origin| match origin {
        Origin::Files(files) => files.glob.clone(),
        Origin::Objects(_) => panic!("a test reads nothing from afar"),
        elsewhere => panic!("{elsewhere} is no file"),
    };
    let sources = own.sources.iter().flat_map(|source| source.origins.iter().map(file)).collect::<Vec<_>>();
    let places = [&own.root, &own.work, &own.ledger, &own.publish.to, key].into_iter().chain(&sources);
    for place in places {
        assert!(place.starts_with(scratch.path()), "{}", place.display());
    }
}
