//! Takes where a board says that a table's extracts are, gives what has arrived there: one [`Delivery`] a file, object or
//! query, which can be read as often as is asked.
//! Never prints or stores what is in it, nor what opens it: a credential is read where it is used, and dropped there.
//!
//! The table of kinds is [`find`]: a kind of origin is one file of this room and one line there.

pub mod delivery;
mod dsn;
mod file;
mod postgres;

use std::path::Path;

pub use delivery::{Content, Delivery, Pages, Query};

use crate::config::plan::{Origin, Source};
use crate::error::{Error, Result};

/// What has arrived of a table, in the order of names, each once. `root` is the board's folder: files below it are known
/// by their path from there.
///
/// # Errors
/// [`Error::Input`] where an origin holds nothing, or cannot be searched.
pub fn find(source: &Source, root: &Path) -> Result<Vec<Delivery>> {
    let mut found = Vec::new();
    for origin in &source.origins {
        let before = found.len();
        match origin {
            Origin::Files(files) => file::find(files, &source.table, root, &mut found)?,
            Origin::Postgres(server) => postgres::find(server, &source.table, &mut found),
        }
        if found.len() == before {
            return Err(Error::Input(format!("the source of `{}` names no file: {origin}", source.table)));
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found.dedup_by(|a, b| a.name == b.name);
    Ok(found)
}

/// How much there is to read, as far as that is known before it is read.
pub fn bytes(deliveries: &[Delivery]) -> u64 {
    deliveries.iter().map(|delivery| delivery.bytes).sum()
}
