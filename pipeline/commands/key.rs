//! `smirr key`: makes keys, and keeps account of those that the store was made under.

use std::path::{Path, PathBuf};

use clap::Subcommand;

use smirr::config;
use smirr::error::Result;
use smirr::progress::Progress;
use smirr::run::keys::{self, Use};

use super::print;

#[derive(Subcommand)]
pub enum KeyAction {
    /// Writes a new random key of 256 bits, readable by its owner only. Never overwrites one.
    New {
        /// The file to make.
        file: PathBuf,
    },
    /// The id of the key that a board names: 16 digits that say nothing about the key.
    Id {
        /// The board's YAML.
        config: PathBuf,
    },
    /// Which parts of the store were made under which key. After a new key, the next run of a quarter makes its parts
    /// anew; those whose extract has gone can only be retired.
    List {
        /// The board's YAML.
        config: PathBuf,
    },
    /// Says what would go from the store with an old key, and with `--yes` takes it out, in every quarter.
    Retire {
        /// The board's YAML.
        config: PathBuf,
        /// The old key, by its id.
        key_id: String,
        /// Do it.
        #[arg(long)]
        yes: bool,
    },
}

/// Runs one of the key commands.
///
/// # Errors
/// Of each, by class.
pub fn run(action: &KeyAction, json: bool, progress: &Progress) -> Result<()> {
    match action {
        KeyAction::New { file } => {
            smirr::pseudonymise::new_key_file(file)?;
            print(&match json {
                true => format!("{}\n", serde_json::json!({ "file": file })),
                false => format!("{}\n", file.display()),
            })
        }
        KeyAction::Id { config } => {
            let id = keys::id(&config::load(config)?)?;
            print(&match json {
                true => format!("{}\n", serde_json::json!({ "current": id })),
                false => format!("{id}\n"),
            })
        }
        KeyAction::List { config } => list(config, json),
        KeyAction::Retire { config, key_id, yes } => retire(config, key_id, *yes, json, progress),
    }
}

fn list(config: &Path, json: bool) -> Result<()> {
    let found = keys::list(&config::load(config)?)?;
    if json {
        return print(&format!("{}\n", serde_json::json!({ "current": found.current, "uses": found.uses })));
    }
    let mut text = format!("The board's key is {}.\n", found.current);
    if found.uses.is_empty() {
        text.push_str("The store holds nothing yet.\n");
    } else {
        text.push_str(&format!("{}\n", grid(&found.uses)));
    }
    print(&text)
}

fn retire(config: &Path, key_id: &str, yes: bool, json: bool, progress: &Progress) -> Result<()> {
    let uses = keys::retire(&config::load(config)?, key_id, yes, progress)?;
    if json {
        return print(&format!("{}\n", serde_json::json!({ "retired": yes, "uses": uses })));
    }
    let parts = uses.iter().map(|it| it.parts).sum::<usize>();
    let gone = uses.iter().map(|it| it.extract_gone).sum::<usize>();
    let end = match yes {
        true => format!("Retired {key_id}: {parts} parts were removed from the store."),
        false => format!("{parts} parts would be removed from the store. Nothing was removed: say `--yes` to do it."),
    };
    print(&format!(
        "{}\n{gone} of these parts cannot be made again: their extract has gone or changed. \
         The others are made again by a run of their quarter.\n{end}\n",
        grid(&uses)
    ))
}

fn grid(uses: &[Use]) -> comfy_table::Table {
    let mut grid = comfy_table::Table::new();
    grid.load_preset(comfy_table::presets::UTF8_HORIZONTAL_ONLY);
    grid.set_header(["Quarter", "Table", "Key", "Current", "Parts", "Extract gone"]);
    for it in uses {
        let current = if it.current { "yes" } else { "no" };
        let (parts, gone) = (it.parts.to_string(), it.extract_gone.to_string());
        grid.add_row([it.quarter.as_str(), &it.table, &it.key_id, current, &parts, &gone]);
    }
    grid
}
