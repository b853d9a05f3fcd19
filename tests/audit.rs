//! The noise and the loss of what the program publishes, judged from outside: files in, published figures out, and a
//! fresh ledger for every run. Tables of a measure that overlap are combined before they are published; so each measure
//! here has one table, over one level of areas, whose unbiased estimates are what was drawn. `pipeline/privacy/audit_tests.rs` does the same inside the kernel, thousands of times.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::support::board::KEY;
use crate::support::program::{Ran, smirr};
use crate::support::statistics::{ALPHA, Law, Odds, audit, farthest};
use crate::support::{chi, files};

const PATIENTS: &str = "\
table: patients
from: practice
row: a registration
unique: [registered_on]
columns:
  chi: { type: chi, required: true }
  data_zone: { type: reference, to: data_zones }
  sex: { type: code, codes: [F, M] }
  registered_on: { type: date, required: true }
  deregistered_on: { type: date }
";

/// A board of one table, with an area lookup of the test's own.
pub struct Tiny {
    /// The area lookup: a zone and its ward.
    zones: Vec<[String; 2]>,
    /// Women, one a number: the zone in which each lives.
    people: Vec<String>,
    /// YAML.
    loss: String,
    measures: String,
}

/// What one run published.
pub struct Published {
    folder: tempfile::TempDir,
    label: serde_json::Value,
}

impl Tiny {
    fn write(&self, folder: &Path) {
        let write = |name: &str, text: String| files::write(&folder.join(name), text);
        write("schemas/patients.yaml", PATIENTS.into());
        write(
            "schemas/data_zones.yaml",
            "table: data_zones\nfrom: public\nrow: a zone\nunique: [data_zone]\ncolumns:\n  \
             data_zone: { type: area, required: true }\n  ward: { type: area, heading: ward }\n"
                .into(),
        );
        let zones = self.zones.iter().map(|zone| zone.join(",") + "\n").collect::<String>();
        write("zones.csv", format!("data_zone,ward\n{zones}"));
        let people = self
            .people
            .iter()
            .zip(1..)
            .map(|(zone, n)| format!("{},{zone},F,2020-01-01,\n", chi(1 + n % 28, 1 + n / 28, 80, 100)));
        write(
            "patients.csv",
            format!("chi,data_zone,sex,registered_on,deregistered_on\n{}", people.collect::<String>()),
        );
        write(
            "reports/asked.yaml",
            format!("title: Audit\nprotects: patient\nby: [area]\nmeasures:\n{}", self.measures),
        );
        write(
            "board.yaml",
            format!(
                "board: NHS Audit\nquarter: 2026-Q3\nsources: {{ patients: patients.csv, data_zones: zones.csv }}\n\
                 pseudonyms: {{ key: {{ file: board.key }} }}\ngeography: {{ levels: [ward] }}\n\
                 privacy: {{ loss: {}, ledger: ledger.sqlite }}\nreports: [asked]\n\
                 publish: {{ to: published, formats: [csv] }}\n",
                self.loss
            ),
        );
        write("board.key", format!("{KEY}\n"));
        fs::set_permissions(folder.join("board.key"), fs::Permissions::from_mode(0o600)).expect("it is ours");
    }

    /// The plan of one run, as JSON.
    pub fn plan(&self) -> serde_json::Value {
        let folder = tempfile::tempdir().expect("there is a folder for temporary files");
        self.write(folder.path());
        let board = folder.path().join("board.yaml");
        let told = Ran::of(smirr().args(["--json", "plan"]).arg(board).current_dir(folder.path())).ends(0);
        serde_json::from_str(&told.stdout).expect("it is JSON")
    }

    /// One run of the program, from nothing.
    pub fn run(&self) -> Published {
        let folder = tempfile::tempdir().expect("there is a folder for temporary files");
        self.write(folder.path());
        let board = folder.path().join("board.yaml");
        Ran::of(smirr().args(["run", "--quiet"]).arg(board).current_dir(folder.path())).ends(0);
        let label = fs::read(folder.path().join("published/2026-Q3/privacy.json")).expect("there is a pack");
        let label = serde_json::from_slice(&label).expect("it is JSON");
        Published { folder, label }
    }
}

impl Published {
    /// The tables that the label states.
    pub fn vectors(&self) -> &[serde_json::Value] {
        self.label["reports"][0]["tables"].as_array().expect("tables")
    }

    /// The measurements as drawn, each with its area.
    fn drawn(&self) -> Vec<(String, i64)> {
        let path = self.folder.path().join("published/2026-Q3/asked-ward.csv");
        let mut reader = csv::Reader::from_path(path).expect("the table is there");
        let headings = reader.headers().expect("a heading").clone();
        let place = |name: &str| headings.iter().position(|it| it == name).unwrap_or_else(|| panic!("no {name}"));
        let (area, unbiased) = (place("ward"), place("Unbiased"));
        let record = |record: csv::StringRecord| {
            let whole = record[unbiased].strip_suffix(".00").expect("one table alone is as it was drawn");
            (record[area].to_owned(), whole.parse().expect("counts give the measurement"))
        };
        reader.records().map(|it| record(it.expect("each row is whole"))).collect()
    }
}

/// Nine thousand areas, in which 60 women live in the first seven.
pub fn wide(loss: &str) -> Tiny {
    let zone = |n: usize| [format!("Z{n:04}"), format!("A{n:04}")];
    Tiny {
        zones: (0..9_000).map(zone).collect(),
        people: (0..60).map(|n| format!("Z{:04}", n % 7)).collect(),
        loss: loss.into(),
        measures: "  registered: { persons: patients }\n".into(),
    }
}

/// The noise of every published cell: the measurement less the truth, which the test knows because it wrote the people.
pub fn noise(board: &Tiny, published: &Published) -> Vec<i64> {
    let lives = |area: &str| {
        let zone = area.replace('A', "Z");
        board.people.iter().filter(|lives| **lives == zone).count() as i64
    };
    published.drawn().iter().map(|(area, value)| value - lives(area)).collect()
}

#[track_caller]
fn has_the_stated_law(loss: &str, mechanism: &str, law: impl Fn(f64) -> Law) -> Vec<i64> {
    let board = wide(loss);
    let published = board.run();
    let [vector] = published.vectors() else { panic!("one vector was asked for") };
    assert_eq!(vector["mechanism"], mechanism);
    let scale = vector["scale"].as_f64().expect("a scale");
    let noise = noise(&board, &published);
    assert_eq!(noise.len(), 9_001);
    let (distance, most) = (law(scale).distance(&noise), farthest(noise.len(), ALPHA));
    assert!(distance < most, "the noise is {distance} from its stated law, and {most} is the most");
    noise
}

#[test]
fn published_gaussian_noise_has_the_law_that_the_label_states() {
    let first = has_the_stated_law("{ rho: \"1/8\", delta: \"1e-6\" }", "discrete Gaussian", Law::gaussian);
    let second = has_the_stated_law("{ rho: \"1/8\", delta: \"1e-6\" }", "discrete Gaussian", Law::gaussian);
    // A fresh ledger draws afresh: the difference of two runs is wider than either, as that of independent draws is.
    let between = first.iter().zip(&second).map(|(a, b)| a - b).collect::<Vec<_>>();
    let law = Law::gaussian(2.0 * 2f64.sqrt());
    assert!(law.distance(&between) < farthest(between.len(), ALPHA));
}

#[test]
fn published_laplace_noise_has_the_law_that_the_label_states() {
    has_the_stated_law("{ epsilon: \"1/2\" }", "discrete Laplace", Law::laplace);
}

const RUNS: usize = 15;
/// The same question in a hundred forms, so that each run publishes as many vectors: five conditions that only women
/// meet, and twenty days before which everyone registered.
const FORMS: [&str; 5] = ["sex = 'F'", "sex <> 'M'", "sex in ('F')", "not sex = 'M'", "sex >= 'F'"];
const DAYS: usize = 20;

/// Two zones, each an area of its own: one woman lives in the second, and, `with` her, one in the first.
fn narrow(loss: String, with: bool) -> Tiny {
    let forms = FORMS
        .iter()
        .flat_map(|form| (1..=DAYS).map(move |day| format!("{form} and registered_on < date '2021-01-{day:02}'")));
    let measure = |(n, form): (usize, String)| format!("  m{n}: {{ persons: patients, where: \"{form}\" }}\n");
    let people = ["Z1", "Z0"].map(str::to_owned);
    Tiny {
        zones: [0, 1].map(|n| [format!("Z{n}"), format!("A{n}")]).to_vec(),
        people: people[..if with { 2 } else { 1 }].to_vec(),
        loss,
        measures: forms.enumerate().map(measure).collect(),
    }
}

/// The cell of the first zone in every vector of many runs, and the loss that the label states for each vector.
fn first_zone(loss: &str, with: bool) -> (Vec<i64>, f64) {
    let board = narrow(loss.into(), with);
    let (mut cells, mut stated) = (Vec::new(), 0f64);
    for _ in 0..RUNS {
        let published = board.run();
        for vector in published.vectors() {
            let loss = vector["loss_decimal"].as_str().and_then(|text| text.parse().ok()).expect("a loss");
            stated = stated.max(loss);
        }
        cells.extend(published.drawn().into_iter().filter(|(area, _)| area == "A0").map(|(_, value)| value));
    }
    assert_eq!(cells.len(), RUNS * DAYS * FORMS.len());
    (cells, stated)
}

/// Audits the program: no event may be likelier with one woman than without her by more than the stated loss allows.
#[track_caller]
fn admits_no_more(loss: &str, each: f64, measure: impl Fn(&Odds) -> f64) {
    let ((with, stated), (without, same)) = (first_zone(loss, true), first_zone(loss, false));
    assert!(stated == same && (stated - each).abs() < 1e-5, "{stated} {same}");
    let least = audit(&with, &without, ALPHA, measure);
    assert!(least <= stated, "a loss of at least {least} was found, and {stated} is stated");
    // The draws differ enough that a bound of 0 (odds below 1e-12) would mean that the audit looks at the wrong cells.
    assert!(least > 0.0, "the audit hears nothing");
}

#[test]
fn published_laplace_figures_admit_no_more_than_the_stated_epsilon() {
    admits_no_more("{ epsilon: \"100\" }", 1.0, |odds| odds.epsilon(0.0));
}

#[test]
fn published_gaussian_figures_admit_no_more_than_the_stated_rho() {
    admits_no_more("{ rho: \"50\", delta: \"1e-6\" }", 0.5, Odds::rho);
}
