//! `smirr verify`: whether a pack is as it was published.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use smirr::error::{Error, Result};
use smirr::publish::{Verified, verify};

use super::print;

#[derive(Args)]
pub struct VerifyArguments {
    /// The pack's folder: the one that `manifest.json` is in.
    pack: PathBuf,
}

/// Prints what a pack is where nothing is wrong with it.
///
/// # Errors
/// [`Error::System`] where anything is wrong, with all that is.
pub fn run(arguments: &VerifyArguments, as_json: bool) -> Result<()> {
    let found = verify(&arguments.pack)?;
    if as_json {
        print(&format!("{}\n", json!({ "verified": found })))?;
    }
    if !found.faults.is_empty() {
        return Err(Error::System(complaint(&arguments.pack, &found)));
    }
    if as_json {
        return Ok(());
    }
    let Verified { board, quarter, smirr, files, bytes, manifest, .. } = found;
    let safe = |text: String| text.chars().filter(|c| !c.is_control()).collect::<String>();
    print(&format!(
        "{}, {}: the pack is whole. {files} files, {bytes} bytes, each with the hash that its manifest lists, and nothing \
         else; privacy.json says the same losses. Written by smirr {}.\n\
         Manifest: {manifest} (SHA-256). Compare it with the one that the board gives, for a manifest cannot vouch for \
         itself.\n",
        safe(board),
        safe(quarter),
        safe(smirr),
    ))
}

fn complaint(pack: &std::path::Path, found: &Verified) -> String {
    let mut text = format!("{} is not as it was published:", pack.display());
    for fault in &found.faults {
        text.push_str(&format!("\n  {fault}"));
    }
    if found.untold > 0 {
        text.push_str(&format!("\n  and {} more", found.untold));
    }
    text + "\nFetch the pack again, or ask the board that published it"
}
