//! `smirr key`: makes keys.

use std::path::PathBuf;

use clap::Subcommand;

use smirr::error::Result;

use super::print;

#[derive(Subcommand)]
pub enum KeyAction {
    /// Writes a new random key of 256 bits, readable by its owner only. Never overwrites one.
    New {
        /// The file to make.
        file: PathBuf,
    },
}

/// Runs one of the key commands.
///
/// # Errors
/// Of each, by class.
pub fn run(action: &KeyAction) -> Result<()> {
    match action {
        KeyAction::New { file } => {
            smirr::pseudonymise::new_key_file(file)?;
            print(&format!("{}\n", file.display()))
        }
    }
}
