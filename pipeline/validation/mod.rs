//! Takes what ingest and linkage counted, file by file.
//! Gives the operator's validation report, as JSON for machines and HTML for reading, and the breaches of a schema's
//! limits.
//! Never leaves the operator's folder: its counts are true ones.

mod compare;
mod page;
mod senders;

use std::fs;
use std::path::{Path, PathBuf};

pub use compare::{Before, Change, Lookup};
pub use senders::named_in;
use serde::Serialize;

use crate::config::look::Look;
use crate::error::{Error, Result};
use crate::folders::make_private_folder;
use crate::ingest::tally::Tally;
use crate::link::{LinkRates, SenderRows};
use crate::schema::{Sender, TableSchema};
use crate::store::Stored;

/// The operator's report of one quarter.
#[derive(Debug, Default, Serialize)]
pub struct Validation {
    /// The board.
    pub board: String,
    /// The quarter.
    pub quarter: String,
    /// In which ways people are told apart by less than a number of their own.
    pub weaknesses: Vec<String>,
    /// Tables in the order in which they were read.
    pub tables: Vec<TableReport>,
    /// How rows without a person were linked.
    pub links: Vec<LinkRates>,
    /// Stored rows by sender, where a table says whose each is.
    pub senders: Vec<SenderRows>,
    /// The quarter that this one is compared with.
    pub quarter_before: String,
    /// What is known of it.
    pub before: Before,
    /// Stored rows in both quarters: of each private table, and of each sender that changed.
    pub changes: Vec<Change>,
    /// Public tables, and whether they are those of the quarter before.
    pub lookups: Vec<Lookup>,
    /// Files that could not be used, each with its reason.
    pub refused: Vec<String>,
    /// Limits of schemas that were passed: the run stops.
    pub over_limit: Vec<String>,
}

/// One table of the report.
#[derive(Debug, Serialize)]
pub struct TableReport {
    /// The table.
    pub table: String,
    /// Whether it is public.
    pub public: bool,
    /// All its files together.
    pub total: Tally,
    /// Each file.
    pub files: Vec<FileReport>,
    /// Extracts that were there before and are no longer.
    pub withdrawn: Vec<String>,
}

/// One file of the report.
#[derive(Debug, Serialize)]
pub struct FileReport {
    /// Its path, relative to the board's root.
    pub source: String,
    /// Its SHA-256.
    pub sha256: String,
    /// Where its quarantine list is.
    pub quarantine: PathBuf,
    /// What happened to its rows.
    pub tally: Tally,
}

impl TableReport {
    /// Adds up the files of a table.
    pub fn new(schema: &TableSchema, stored: &[Stored], withdrawn: Vec<String>) -> Self {
        let mut total = Tally::default();
        for part in stored {
            total.add(&part.manifest.tally);
        }
        let files = stored.iter().map(|part| FileReport {
            source: part.manifest.source.clone(),
            sha256: part.manifest.sha256.clone(),
            quarantine: part.folder.join("quarantine.csv"),
            tally: part.manifest.tally.clone(),
        });
        TableReport {
            table: schema.table.clone(),
            public: schema.from == Sender::Public,
            total,
            files: files.collect(),
            withdrawn,
        }
    }

    /// The limits of the schema that the table's files together pass, in words.
    pub fn over_limit(&self, schema: &TableSchema) -> Vec<String> {
        let rows = self.total.rows;
        let rule_total = |rule: &str| -> u64 {
            let suffix = format!(".{rule}");
            let counts = self.total.quarantined_by.iter().chain(&self.total.warned);
            counts.filter(|(name, _)| *name == rule || name.ends_with(&suffix)).map(|(_, count)| count).sum()
        };
        let mut over = Vec::new();
        for (name, limit) in &schema.limits {
            let broken = if name == "quarantined" { self.total.quarantined } else { rule_total(name) };
            // In parts a million, so that the comparison is of whole numbers.
            if u128::from(broken) * 1_000_000 > u128::from(rows) * u128::from(limit.millionths()) {
                over.push(format!(
                    "`{}`: {broken} of {rows} rows break `{name}`, more than the limit of {}",
                    self.table, limit.0
                ));
            }
        }
        over
    }
}

impl Validation {
    /// Writes `<quarter>.json` and `<quarter>.html` into the operator's folder.
    ///
    /// # Errors
    /// [`Error::Io`] where they cannot be written; of the board's own look as [`crate::look::Pages`].
    pub fn write(&self, work: &Path, look: &Look) -> Result<PathBuf> {
        let folder = work.join("validation");
        make_private_folder(&folder)?;
        let json = serde_json::to_string_pretty(self)
            .map_err(|_| Error::System("the validation report has no JSON form".into()))?;
        replace(&folder.join(format!("{}.json", self.quarter)), json.as_bytes())?;
        let html = self.html(look)?;
        let path = folder.join(format!("{}.html", self.quarter));
        replace(&path, html.as_bytes())?;
        Ok(path)
    }
}

/// Writes a file beside its place and moves it there, so that no reader sees half of it.
fn replace(path: &Path, content: &[u8]) -> Result<()> {
    let failed = |e| Error::io("cannot write", path, e);
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    std::io::Write::write_all(&mut file, content).map_err(failed)?;
    file.persist(path).map_err(|e| failed(e.error))?;
    Ok(())
}

/// Removes the reports of nothing: kept so that a stale report is never mistaken for this run's.
///
/// # Errors
/// [`Error::Io`] where one is there and cannot be removed.
pub fn clear(work: &Path, quarter: &str) -> Result<()> {
    for ending in ["json", "html"] {
        let path = work.join("validation").join(format!("{quarter}.{ending}"));
        match fs::remove_file(&path) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(Error::io("cannot remove", &path, e)),
            _ => {}
        }
    }
    Ok(())
}
