//! A fictional board's extracts and key, made where they are missing.

use crate::config::plan::{KeySource, Plan};
use crate::error::Result;
use crate::folders::make_open_folder;
use crate::progress::Progress;
use crate::pseudonymise::new_key_file;
use crate::synth::{Compression, Layout, Options, generate};

/// Makes what a fictional board lacks; does nothing for a real one.
///
/// # Errors
/// [`Error::Io`] where it cannot be written.
pub fn make(plan: &Plan, threads: usize, progress: &Progress) -> Result<()> {
    let Some(fictional) = &plan.fictional else { return Ok(()) };
    if !fictional.folder.exists() {
        if let Some(parent) = fictional.folder.parent() {
            make_open_folder(parent)?;
        }
        let stage = progress.stage("fictional", None);
        let options = Options {
            patients: fictional.patients,
            seed: fictional.seed,
            quarter: plan.quarter,
            dirt: fictional.dirt,
            layout: Layout::PerPractice,
            compression: Compression::None,
            lookup: None,
            activity: fictional.activity,
            country: fictional.country,
            threads,
        };
        let made = generate(&fictional.folder, &options, &|_, _| ())?;
        stage.finish(made.rows.values().sum());
    }
    match &plan.key {
        KeySource::File(path) if !path.exists() => new_key_file(path),
        _ => Ok(()),
    }
}
