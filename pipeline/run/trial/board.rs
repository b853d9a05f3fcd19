//! The board of a test: the author's plan over made-up extracts, with a key, a store and a ledger of its own, in a folder
//! that only its owner can enter. Nothing that the plan names as private, or as secret, is in it any more.

use std::fs::{OpenOptions, Permissions};
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::made::{Made, SALT};
use crate::config::plan::{Files, KeySource, Level, Origin, Plan, Report, Sheet, Source};
use crate::error::{Error, Result};

/// The key of every test's board: which of a person's cells are kept is drawn by it, and a test must end the same way each
/// time. It protects nobody, for there is nobody to protect.
const KEY: &str = "5e0b1f8c39d27a64bb902f4e7d18c653a4f7e92106cd835b90e1742dfa386bc5";

/// A folder that goes with its guard.
///
/// # Errors
/// [`Error::Io`] where it cannot be made.
pub fn scratch() -> Result<TempDir> {
    let made = tempfile::Builder::new().prefix("smirr-check-").permissions(Permissions::from_mode(0o700)).tempdir();
    made.map_err(|e| Error::io("cannot make a folder in", std::env::temp_dir(), e))
}

/// Where everyone stands together.
pub struct Everywhere {
    /// The level's position in the test's plan.
    pub level: usize,
    /// How far the board's own levels are moved along by it.
    pub before: usize,
}

/// The plan of a test of one report, with its files made in `scratch`.
///
/// # Errors
/// [`Error::Io`] where they cannot be written.
pub fn board(plan: &Plan, report: &Report, made: &Made, scratch: &Path) -> Result<(Plan, Everywhere)> {
    let mut geography = plan.geography.clone();
    geography.boundaries.clear();
    let everywhere = match geography.levels.iter().position(|level| level.column.is_none()) {
        Some(level) => Everywhere { level, before: 0 },
        None => {
            let (name, heading, _) = Level::ALL;
            geography.levels.insert(0, Level { name: name.into(), column: None, heading: heading.into() });
            Everywhere { level: 0, before: 1 }
        }
    };
    let mut report = report.clone();
    report.share = 1;
    report.level_shares = vec![1; geography.levels.len()];
    report.targets.clear();
    report.charts.clear();
    // The truth of made-up people has nothing to withhold.
    report.reliability.withhold_over = None;
    let file = |name: String| scratch.join(name);
    let mut sources = Vec::new();
    for source in &plan.sources {
        let path = file(format!("{}.csv", source.table));
        let lines = made.extracts.iter().find(|(table, _)| *table == source.table);
        write(&path, &csv(lines.map_or(&[][..], |(_, lines)| lines))?)?;
        let glob = PathBuf::from(glob::Pattern::escape(&path.display().to_string()));
        let origins = vec![Origin::Files(Files { glob, sheet: Sheet::default() })];
        // Every field is said: what a source is read by must not come along.
        sources.push(Source { table: source.table.clone(), origins, schema: source.schema.clone() });
    }
    let secret = |name: &str, text: &str| {
        let path = file(name.into());
        write(&path, text.as_bytes()).map(|()| KeySource::File(path))
    };
    let mut board = Plan {
        root: scratch.to_owned(),
        work: file("work".into()),
        fictional: None,
        sources,
        key: secret("board.key", KEY)?,
        salt: plan.salt.as_ref().map(|_| secret("board.salt", SALT)).transpose()?,
        rotate_by: None,
        geography,
        ledger: file("ledger.sqlite".into()),
        reports: vec![report],
        // What a test counts is counted here, whoever counts the board's own.
        cluster: None,
        ..plan.clone()
    };
    board.publish.to = file("published".into());
    board.publish.small_numbers = None;
    Ok((board, everywhere))
}

fn csv(lines: &[Vec<String>]) -> Result<Vec<u8>> {
    let lost = |_| Error::System("an extract of a test cannot be put together".into());
    let mut writer = csv::Writer::from_writer(Vec::new());
    lines.iter().try_for_each(|line| writer.write_record(line)).map_err(|e| lost(e.to_string()))?;
    writer.into_inner().map_err(|e| lost(e.to_string()))
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    file.and_then(|mut file| file.write_all(bytes)).map_err(|e| Error::io("cannot write", path, e))
}
