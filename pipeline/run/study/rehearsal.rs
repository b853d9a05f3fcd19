//! The plan of a study: the author's plan on people, a key, a store and a ledger of the study's own.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Component, Path, PathBuf};

use tempfile::TempDir;

use crate::config::plan::{Fictional, Files, KeySource, Origin, Plan, Source};
use crate::error::{Error, Result};
use crate::pseudonymise::new_key_file;
use crate::schema::Sender;

/// The fictional board of a study, where it is to be another than the plan's.
#[derive(Debug, Clone, Copy, Default)]
pub struct Size {
    /// Registered patients.
    pub patients: Option<u64>,
    /// The same seed makes the same people.
    pub seed: Option<u64>,
}

/// Refuses a board that may hold anyone real, by its plan alone.
///
/// # Errors
/// [`Error::Privacy`], with what to do.
pub fn refuse_real(plan: &Plan) -> Result<()> {
    made_by(plan).map(|_| ())
}

/// The fictional board, where everything private is in its folder.
fn made_by(plan: &Plan) -> Result<&Fictional> {
    let Some(fictional) = &plan.fictional else {
        return Err(Error::Privacy(
            "`smirr study` compares figures with the truth, and so works on fictional people only; this board is not \
             fictional. Copy its YAML, add `fictional: { patients: ..., folder: ... }`, and let its sources lie in that \
             folder. Nothing was opened"
                .into(),
        ));
    };
    let private = plan.sources.iter().filter(|source| source.schema.from != Sender::Public);
    for (source, origin) in private.flat_map(|source| source.origins.iter().map(move |origin| (source, origin))) {
        if within(fictional, origin).is_none() {
            return Err(Error::Privacy(format!(
                "`smirr study` works on fictional people only, and `{}` is read from {}, outside `fictional.folder`. In a \
                 copy of the YAML, let every private source lie in {}. Nothing was opened",
                source.table,
                origin,
                fictional.folder.display()
            )));
        }
    }
    Ok(fictional)
}

/// What of files' glob lies below the fictional board's folder: nothing where it may lead out again, or they are no files.
fn within<'a>(fictional: &Fictional, origin: &'a Origin) -> Option<&'a Path> {
    let Origin::Files(Files { glob, .. }) = origin else { return None };
    let folder = PathBuf::from(glob::Pattern::escape(&fictional.folder.display().to_string()));
    let below = glob.strip_prefix(folder).ok()?;
    below.components().all(|part| matches!(part, Component::Normal(_))).then_some(below)
}

/// A folder that only its owner can enter, and that goes with its guard.
///
/// # Errors
/// [`Error::Io`] where it cannot be made.
pub fn scratch() -> Result<TempDir> {
    let made = tempfile::Builder::new().prefix("smirr-study-").permissions(Permissions::from_mode(0o700)).tempdir();
    made.map_err(|e| Error::io("cannot make a folder in", std::env::temp_dir(), e))
}

/// The plan, with everything that is private or is written moved to `scratch`; its keys are made there.
///
/// # Errors
/// As [`refuse_real`]; [`Error::Io`] where a key cannot be made.
pub fn rehearsal(plan: &Plan, scratch: &Path, size: &Size) -> Result<Plan> {
    let fictional = made_by(plan)?;
    let folder = scratch.join("extracts");
    let here = PathBuf::from(glob::Pattern::escape(&folder.display().to_string()));
    // Public tables from elsewhere hold nobody, and are read where they are.
    let moved = |origin: &Origin| match (within(fictional, origin), origin) {
        (Some(below), Origin::Files(files)) => Origin::Files(Files { glob: here.join(below), ..files.clone() }),
        _ => origin.clone(),
    };
    let sources = plan
        .sources
        .iter()
        .map(|source| Source { origins: source.origins.iter().map(moved).collect(), ..source.clone() });
    let made = |name: &str| {
        let path = scratch.join(name);
        new_key_file(&path).map(|()| KeySource::File(path))
    };
    let mut plan = Plan {
        root: scratch.to_owned(),
        work: scratch.join("work"),
        // No executor sees this folder.
        cluster: None,
        sources: sources.collect(),
        key: made("board.key")?,
        salt: plan.salt.as_ref().map(|_| made("salt.key")).transpose()?,
        rotate_by: None,
        ledger: scratch.join("ledger.sqlite"),
        fictional: Some(Fictional {
            folder,
            patients: size.patients.unwrap_or(fictional.patients),
            seed: size.seed.unwrap_or(fictional.seed),
            ..fictional.clone()
        }),
        ..plan.clone()
    };
    plan.publish.to = scratch.join("published");
    Ok(plan)
}

/// The plan without rules that withhold a figure.
pub fn without_rules(plan: &Plan) -> Plan {
    let mut open = plan.clone();
    open.publish.small_numbers = None;
    open.reports.iter_mut().for_each(|report| report.reliability.withhold_over = None);
    open
}
