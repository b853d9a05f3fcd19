//! `load` over a small board's YAML, whole and with one slip at a time; and over what ships.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

mod charts;
mod columns;
mod engines;
mod figures;
mod hostile;
mod journeys;
mod pairs;
mod plans;
mod posts;
mod practitioners;
mod pseudonyms;
mod public;
mod quarters;
mod servers;
mod slips;
mod targets;
mod trials;
mod words;

/// The folders of a board, and where the tests' own come from.
const PARTS: [(&str, &str); 3] =
    [("configs", "tests/fixtures/configs"), ("schemas", "schemas"), ("reports", "tests/fixtures/reports")];

/// A copy of the fixtures that a test may spoil.
struct Board {
    folder: tempfile::TempDir,
}

impl Board {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        // The reports of the fixtures stay as they are while those that ship grow.
        for (part, from) in PARTS {
            fs::create_dir(folder.path().join(part)).unwrap();
            for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(from)).unwrap() {
                let path = entry.unwrap().path();
                if path.extension().is_some_and(|extension| extension == "yaml") {
                    fs::copy(&path, folder.path().join(part).join(path.file_name().unwrap())).unwrap();
                }
            }
        }
        // One quarter's extracts, in a folder that tests can name.
        Board { folder }.plain()
    }

    fn plain(self) -> Self {
        let path = self.path("configs/demo.yaml");
        fs::write(&path, fs::read_to_string(&path).unwrap().replace("/{quarter}", "")).unwrap();
        self
    }

    fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    /// Replaces the first occurrence of `from`, which must be there.
    fn edit(self, file: &str, from: &str, to: &str) -> Self {
        let text = fs::read_to_string(self.path(file)).unwrap();
        assert!(text.contains(from), "{file} does not hold {from}");
        fs::write(self.path(file), text.replacen(from, to, 1)).unwrap();
        self
    }

    /// Takes a report's rates out.
    fn without_rates(self, file: &str) -> Self {
        let text = fs::read_to_string(self.path(file)).unwrap();
        let (head, tail) = text.split_once("rates:\n").unwrap();
        let (_, words) = tail.split_once("words:").unwrap();
        fs::write(self.path(file), format!("{head}words:{words}")).unwrap();
        self
    }

    /// A board that is not fictional, with every extract and the key in place.
    fn real(self) -> Self {
        let board = self.edit("configs/demo.yaml", DEMO_FICTION, "");
        let out = board.path("out/demo/extracts");
        for (folder, tables) in [
            ("practices/80001", &["patients", "practitioners", "referrals", "contacts", "onward_referrals"][..]),
            ("organisations/a", &["attendances"]),
            ("public", &["organisations", "data_zones", "practices"]),
        ] {
            fs::create_dir_all(out.join(folder)).unwrap();
            tables.iter().for_each(|table| fs::write(out.join(folder).join(format!("{table}.csv")), "").unwrap());
        }
        fs::write(board.path("out/demo/demo.key"), "").unwrap();
        board
    }

    fn load(&self) -> Result<Plan> {
        let found = load(&self.path("configs/demo.yaml"));
        if let Some(folder) = std::env::var_os("SMIRR_KEEP_YAML") {
            self.keep(Path::new(&folder), &found);
        }
        found
    }

    /// Keeps what the test changed, with what was said of it, for the tests in `tests/editor`: an editor says the same.
    fn keep(&self, folder: &Path, found: &Result<Plan>) {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = folder.join(format!("{}-{number}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        for (part, from) in PARTS {
            for name in tables::stems(&self.path(part)) {
                let file = format!("{part}/{name}.yaml");
                let text = fs::read_to_string(self.path(&file)).unwrap_or_default();
                let own = Path::new(env!("CARGO_MANIFEST_DIR")).join(from).join(format!("{name}.yaml"));
                let own = fs::read_to_string(own).unwrap_or_default();
                if !text.is_empty() && text != own && text != own.replace("/{quarter}", "") {
                    fs::create_dir_all(folder.join(part)).unwrap();
                    fs::write(folder.join(file), text).unwrap();
                }
            }
        }
        let complaint = |it: &Diagnostic| {
            let mut end = it.file.iter().rev().take(2).map(|part| part.to_string_lossy()).collect::<Vec<_>>();
            end.reverse();
            serde_json::json!({ "file": end.join("/"), "line": it.line, "message": it.message })
        };
        let said = match found {
            Err(Error::Config(complaints)) => complaints.iter().map(complaint).collect(),
            _ => serde_json::json!([]),
        };
        fs::write(folder.join("complaints.json"), said.to_string()).unwrap();
    }

    /// The complaints as printed, with the test's own folder taken out.
    fn printed(&self) -> String {
        let text = match self.load() {
            Ok(_) => "nothing to complain about".to_string(),
            Err(Error::Config(complaints)) => complaints.to_string(),
            Err(other) => panic!("{other}"),
        };
        let canonical = self.folder.path().canonicalize().unwrap();
        text.replace(&format!("{}/", canonical.display()), "")
            .replace(&format!("{}/", self.folder.path().display()), "")
    }

    /// The complaints in short: file, line, column, message and advice.
    fn short(&self) -> Vec<String> {
        let Err(Error::Config(complaints)) = self.load() else { return Vec::new() };
        let line = |complaint: &Diagnostic| {
            let file = complaint.file.file_name().unwrap().to_string_lossy().into_owned();
            let help = complaint.help.as_ref().map_or(String::new(), |help| format!(" | {help}"));
            format!("{file}:{}:{} {}{help}", complaint.line, complaint.column, complaint.message)
        };
        complaints.iter().map(line).collect()
    }
}

const DEMO_FICTION: &str = "\
fictional:
  patients: 200000
  activity: 4 # times the usual 25 to 45 referrals a practice and quarter
  seed: 1 # the same seed makes the same files
  dirt: 2% # rows with a fault, as real extracts have them
  folder: out/demo/extracts
";
