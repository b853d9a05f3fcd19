//! The board's key: how old it may be, which parts of the store were made under it, and what becomes of the others.
//!
//! A new key is a new `pseudonyms.key`: the next run finds no part that was made under it, and makes every part of its
//! quarter anew from its extract. Parts of other quarters stay as they are until a run of theirs, or until they are
//! retired: those whose extract is gone can only be retired.

use std::collections::BTreeMap;

use chrono::Local;

use crate::config::plan::{Plan, Sheet};
use crate::error::{Error, Result};
use crate::origin::{self, Delivery};
use crate::progress::Progress;
use crate::pseudonymise::{Key, Pseudonymiser, Salt};
use crate::schema::Sender;
use crate::store::{Store, Stored, parts};

/// What the key of a part is called where none was noted.
const UNKNOWN: &str = "unknown";

/// Parts of one quarter and table under one key.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Use {
    /// The quarter.
    pub quarter: String,
    /// The table.
    pub table: String,
    /// The key, by its id.
    pub key_id: String,
    /// Whether it is the key that the board names now.
    pub current: bool,
    /// How many parts there are: one a file of a sender.
    pub parts: usize,
    /// How many of them cannot be made again under the current key, because their extract has gone or changed.
    pub extract_gone: usize,
}

/// The key that the board names now, and all uses of it and of others.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Uses {
    /// The id of the key that the board names now.
    pub current: String,
    /// In the order of quarters, tables and keys.
    pub uses: Vec<Use>,
}

/// Reads the plan's key and salt, and nothing else.
///
/// # Errors
/// [`Error::Input`] where one of them is missing, weak or open to others.
pub(super) fn pseudonymiser(plan: &Plan) -> Result<Pseudonymiser> {
    let key = Key::read(&plan.key)?;
    let salt = plan.salt.as_ref().map(Salt::read).transpose()?;
    let columns = plan.sources.iter().flat_map(|source| &source.schema.columns);
    let spaces = columns.filter_map(|(name, column)| column.pseudonym_space(name).map(str::to_owned));
    Pseudonymiser::new(&key, salt, &plan.project, spaces)
}

/// What an operator should know of the plan before every run, in words.
pub fn warnings(plan: &Plan) -> Vec<String> {
    plan.warnings(Local::now().date_naive())
}

/// Refuses a key that is too old, and notes what the operator should know.
///
/// # Errors
/// [`Error::Input`] from the day that `pseudonyms.rotate_by` names.
pub(super) fn refuse_expired(plan: &Plan, progress: &Progress) -> Result<()> {
    if let Some(why) = plan.key_expired(Local::now().date_naive()) {
        return Err(Error::Input(why));
    }
    warnings(plan).iter().for_each(|warning| progress.note(&format!("Warning: {warning}")));
    Ok(())
}

/// The id of the key that the board names now.
///
/// # Errors
/// As for any command that reads the key.
pub fn id(plan: &Plan) -> Result<String> {
    Ok(pseudonymiser(plan)?.key_id().to_owned())
}

/// Which parts of the store were made under which key.
///
/// # Errors
/// Of the key; [`Error::Io`] where the store or an extract cannot be read.
pub fn list(plan: &Plan) -> Result<Uses> {
    let current = id(plan)?;
    let uses = uses(plan, &current, &private_parts(plan)?)?;
    Ok(Uses { current, uses })
}

/// What retiring a key takes out of the store; taken out only if `really`.
///
/// # Errors
/// [`Error::Input`] where the key is the current one, or nothing was made under it; [`Error::Io`] where the store cannot
/// be read or written.
pub fn retire(plan: &Plan, key_id: &str, really: bool, progress: &Progress) -> Result<Vec<Use>> {
    let current = id(plan)?;
    if key_id == current {
        return Err(Error::Input(format!(
            "{key_id} is the key that the board names now; name a new one under `pseudonyms.key` first"
        )));
    }
    // With the lock held, so that no run is reading what goes.
    let store = match really {
        true => Some(Store::open(&plan.work, &plan.quarter.to_string(), || {
            progress.note("A run of this board is at work; waiting for it to end.");
        })?),
        false => None,
    };
    let mut parts = private_parts(plan)?;
    parts.retain(|(_, part)| key_of(part) == key_id);
    if parts.is_empty() {
        return Err(Error::Input(format!(
            "nothing in the store was made under a key {key_id}; `smirr key list` shows the keys that there are"
        )));
    }
    let uses = uses(plan, &current, &parts)?;
    if let Some(store) = store {
        parts.iter().try_for_each(|(_, part)| store.remove(part))?;
    }
    Ok(uses)
}

fn key_of(part: &Stored) -> &str {
    part.manifest.key_id.as_deref().unwrap_or(UNKNOWN)
}

/// Every part that holds pseudonyms. A table that the plan does not know may hold some.
fn private_parts(plan: &Plan) -> Result<Vec<(String, Stored)>> {
    let is_public = |table: &str| plan.sources.iter().any(|it| it.table == table && it.schema.from == Sender::Public);
    let mut parts = parts(&plan.work)?;
    parts.retain(|(_, part)| part.manifest.key_id.is_some() || !is_public(&part.manifest.table));
    Ok(parts)
}

fn uses(plan: &Plan, current: &str, parts: &[(String, Stored)]) -> Result<Vec<Use>> {
    let mut uses = BTreeMap::<(&str, &str, &str), Use>::new();
    for (quarter, part) in parts {
        let key_id = key_of(part);
        let entry = uses.entry((quarter, &part.manifest.table, key_id)).or_insert_with(|| Use {
            quarter: quarter.clone(),
            table: part.manifest.table.clone(),
            key_id: key_id.to_owned(),
            current: key_id == current,
            parts: 0,
            extract_gone: 0,
        });
        entry.parts += 1;
        // A part under the current key needs no extract any more.
        if key_id != current && !has_extract(plan, part)? {
            entry.extract_gone += 1;
        }
    }
    Ok(uses.into_values().collect())
}

/// Whether the extract that a part was made from is still there, byte for byte.
fn has_extract(plan: &Plan, part: &Stored) -> Result<bool> {
    if let Some(object) = origin::object_again(&plan.sources, &part.manifest.table, &part.manifest.source)? {
        let is_marked = part.manifest.mark.is_some() && object.mark() == part.manifest.mark;
        let is_same = || Ok(object.bytes == part.manifest.bytes && object.sha256()? == part.manifest.sha256);
        return if is_marked { Ok(true) } else { is_same() };
    }
    let path = plan.root.join(&part.manifest.source);
    match std::fs::metadata(&path) {
        Ok(meta) if meta.is_file() && meta.len() == part.manifest.bytes => {
            Ok(Delivery::file(&path, Sheet::default()).sha256()? == part.manifest.sha256)
        }
        _ => Ok(false),
    }
}
