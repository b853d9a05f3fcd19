//! A fictional board in a folder of its own.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::files;
use super::program::{Ran, smirr};
use super::repository;

/// How large a board, and how careless its senders.
#[derive(Debug, Clone)]
pub struct Size {
    /// Registered patients.
    pub patients: u64,
    /// The same seed makes the same extracts.
    pub seed: u64,
    /// Share of rows with a fault.
    pub dirt: f64,
    /// Referrals and what follows from them, against the usual.
    pub activity: f64,
    /// One file a table, and not one a practice.
    pub single: bool,
    /// A real area lookup.
    pub lookup: Option<PathBuf>,
}

impl Default for Size {
    fn default() -> Self {
        Size { patients: 2_500, seed: 7, dirt: 0.0, activity: 2.0, single: false, lookup: None }
    }
}

/// What a test may change of a board's YAML; all else is as the demo has it.
#[derive(Debug, Clone)]
pub struct Config {
    /// The board's name.
    pub board: String,
    /// Table to source, as YAML.
    pub sources: BTreeMap<String, String>,
    /// Area levels.
    pub levels: String,
    /// Deprivation bands, as YAML.
    pub bands: String,
    /// The quarter's loss, as YAML.
    pub loss: String,
    /// The most that the quarter may lose with its corrections, as YAML; none where empty.
    pub most: String,
    /// The year's, as YAML; none where empty.
    pub year: String,
    /// The folder of the schemas.
    pub schemas: PathBuf,
    /// The folder of the reports.
    pub reports_folder: PathBuf,
    /// Their names.
    pub reports: String,
}

/// A key that is fit for use, and no board's.
pub const KEY: &str = "c4d16a0e93b7582f1ed9407c65ab38f2708b5e21fd964c13a8e702dfb93c5a64";

impl Config {
    /// The shipped reports on the extracts that `size` makes.
    pub fn shipped(size: &Size) -> Self {
        let practice = |table: &str| match size.single {
            true => format!("extracts/all/{table}.csv"),
            false => format!("extracts/practices/*/{table}.csv"),
        };
        let tables = ["patients", "practitioners", "referrals", "contacts", "onward_referrals"];
        let mut sources =
            tables.map(|table| (table.to_owned(), practice(table))).into_iter().collect::<BTreeMap<_, _>>();
        let attendances = if size.single { "extracts/all" } else { "extracts/organisations/*" };
        sources.insert("attendances".into(), format!("{attendances}/attendances.csv"));
        sources.insert("organisations".into(), "extracts/public/organisations.csv".into());
        sources.insert("practices".into(), "extracts/public/practices.csv".into());
        sources.insert("data_zones".into(), "extracts/public/data_zones.csv".into());
        Config {
            board: "NHS Strathmirr".into(),
            sources,
            levels: "[health_board, hscp]".into(),
            bands: "{ simd_quintile: country }".into(),
            loss: "{ rho: \"0.25\", delta: \"1e-7\" }".into(),
            most: String::new(),
            year: "{ rho: \"1\" }".into(),
            schemas: repository().join("schemas"),
            reports_folder: repository().join("tests/fixtures/reports"),
            reports: "[reach, bridge]".into(),
        }
    }

    fn yaml(&self) -> String {
        let sources = self.sources.iter().map(|(table, source)| format!("  {table}: {source}\n")).collect::<String>();
        let limit =
            |name: &str, yaml: &str| if yaml.is_empty() { String::new() } else { format!("  {name}: {yaml}\n") };
        let limits = limit("quarter", &self.most) + &limit("year", &self.year);
        format!(
            "board: {}\nquarter: 2026-Q3\nschemas: {}\nreports_folder: {}\nsources:\n{sources}\
             pseudonyms:\n  key: {{ file: board.key }}\n  project: test\n\
             geography:\n  levels: {}\n  bands: {}\n\
             privacy:\n  loss: {}\n{limits}  ledger: ledger.sqlite\n\
             reports: {}\nwork: work\npublish: {{ to: published, formats: [csv, parquet] }}\n",
            self.board,
            self.schemas.display(),
            self.reports_folder.display(),
            self.levels,
            self.bands,
            self.loss,
            self.reports,
        )
    }
}

/// A board, whose folder goes with it.
pub struct Board {
    folder: TempDir,
    /// Its YAML; [`Board::configure`] writes changes.
    pub config: Config,
}

impl Board {
    /// Makes the extracts, the key and the YAML.
    pub fn new(size: &Size) -> Board {
        let folder = tempfile::tempdir().expect("there is a folder for temporary files");
        let mut command = smirr();
        command.arg("synth").arg(folder.path().join("extracts"));
        command.args(["--patients", &size.patients.to_string(), "--seed", &size.seed.to_string()]);
        command.args(["--dirt", &size.dirt.to_string(), "--activity", &size.activity.to_string()]);
        command.args(["--files", if size.single { "single" } else { "practice" }]);
        command.args(size.lookup.iter().flat_map(|path| [Path::new("--lookup"), path.as_path()]));
        Ran::of(&mut command).ends(0);
        let board = Board { folder, config: Config::shipped(size) };
        board.key(KEY, 0o600);
        board.configure();
        board
    }

    /// Another board with the same extracts, YAML and key, and no past.
    pub fn twin(&self) -> Board {
        let twin = Board { folder: tempfile::tempdir().expect("there is a folder"), config: self.config.clone() };
        files::copy(&self.path("extracts"), &twin.path("extracts"));
        twin.key(KEY, 0o600);
        twin.configure();
        twin
    }

    /// A path in the board's folder.
    pub fn path(&self, relative: &str) -> PathBuf {
        self.folder.path().join(relative)
    }

    /// Writes the YAML.
    pub fn configure(&self) {
        files::write(&self.path("board.yaml"), self.config.yaml());
    }

    /// Writes the key file.
    pub fn key(&self, text: &str, mode: u32) {
        files::write(&self.path("board.key"), format!("{text}\n"));
        fs::set_permissions(self.path("board.key"), fs::Permissions::from_mode(mode)).expect("it is ours");
    }

    /// Puts reports of the test's own in the shipped ones' place.
    pub fn reports(&mut self, reports: &[(&str, &str)]) {
        self.config.reports_folder = self.path("reports");
        for (name, yaml) in reports {
            files::write(&self.path("reports").join(format!("{name}.yaml")), yaml);
        }
        let names = reports.iter().map(|(name, _)| *name).collect::<Vec<_>>();
        self.config.reports = format!("[{}]", names.join(", "));
        self.configure();
    }

    /// `smirr ARGUMENTS board.yaml`, to its end.
    pub fn smirr(&self, arguments: &[&str]) -> Ran {
        Ran::of(smirr().args(arguments).arg(self.path("board.yaml")).current_dir(self.folder.path()))
    }

    /// The pack's folder.
    pub fn pack(&self) -> PathBuf {
        self.path("published/2026-Q3")
    }

    /// Every byte that was published.
    pub fn published(&self) -> BTreeMap<String, Vec<u8>> {
        files::bytes_under(&self.path("published"))
    }

    /// The manifest of the pack.
    pub fn manifest(&self) -> serde_json::Value {
        serde_json::from_slice(&fs::read(self.pack().join("manifest.json")).expect("there is a pack"))
            .expect("it is JSON")
    }

    /// The privacy label of the pack.
    pub fn label(&self) -> serde_json::Value {
        serde_json::from_slice(&fs::read(self.pack().join("privacy.json")).expect("there is a pack"))
            .expect("it is JSON")
    }

    /// A published table: the values of each row by column.
    pub fn table(&self, name: &str) -> Vec<BTreeMap<String, String>> {
        let mut reader = csv::Reader::from_path(self.pack().join(format!("{name}.csv"))).expect("the table is there");
        reader.deserialize().map(|row| row.expect("each row is whole")).collect()
    }

    /// The ledger's entries of one kind: `reserved`, `drawn` or `published`.
    pub fn entries(&self, kind: &str) -> Vec<serde_json::Value> {
        let entries = self.ledger(&[])["entries"].as_array().expect("it lists them").clone();
        entries.into_iter().filter(|entry| entry["kind"] == kind).collect()
    }

    /// What `smirr ledger` says of the board, with more arguments.
    pub fn ledger(&self, more: &[&str]) -> serde_json::Value {
        let told = self.smirr(&[&["--json", "ledger"], more].concat()).ends(0).stdout;
        serde_json::from_str(&told).expect("it is one JSON document")
    }

    /// The operator's validation report.
    pub fn validation(&self) -> serde_json::Value {
        let text = fs::read(self.path("work/validation/2026-Q3.json")).expect("there is a validation report");
        serde_json::from_slice(&text).expect("it is JSON")
    }

    /// The counts of one table in the validation report.
    pub fn tally(&self, table: &str) -> serde_json::Value {
        let report = self.validation();
        let tables = report["tables"].as_array().expect("tables").clone();
        tables.into_iter().find(|it| it["table"] == table).map(|it| it["total"].clone()).expect("the table is there")
    }
}
