//! Takes where a board says that a table's extracts are, gives what has arrived there: one [`Delivery`] a file, object or
//! query, which can be read as often as is asked.
//! Never prints or stores what is in it, nor what opens it: a credential is read where it is used, and dropped there.
//!
//! The table of kinds is [`find`]: a kind of origin is one file of this room and one line there.

pub mod delivery;
mod dsn;
mod file;
mod object;
mod postgres;
mod stores;

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
    search(source, root, true)
}

/// The same where nothing need have arrived yet.
///
/// # Errors
/// [`Error::Input`] where an origin cannot be searched.
pub fn arrived(source: &Source, root: &Path) -> Result<Vec<Delivery>> {
    search(source, root, false)
}

fn search(source: &Source, root: &Path, refuse_none: bool) -> Result<Vec<Delivery>> {
    let mut found = Vec::new();
    for origin in &source.origins {
        let before = found.len();
        match origin {
            Origin::Files(files) => file::find(files, &source.table, root, &mut found)?,
            Origin::Objects(objects) => object::find(objects, &mut found)?,
            Origin::Postgres(server) => postgres::find(server, &source.table, &mut found),
        }
        if refuse_none && found.len() == before {
            return Err(Error::Input(format!("the source of `{}` names no file: {origin}", source.table)));
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found.dedup_by(|a, b| a.name == b.name);
    Ok(found)
}

/// The object that is called `name`, as it is now, from a store that the table is read from; `None` where the name is no
/// object's, the object is gone, or no source leads to its bucket any more.
///
/// # Errors
/// [`Error::Input`] where the store cannot be asked.
pub fn object_again(sources: &[Source], table: &str, name: &str) -> Result<Option<Delivery>> {
    let origins = sources.iter().filter(|source| source.table == table).flat_map(|source| &source.origins);
    for origin in origins {
        if let Origin::Objects(objects) = origin
            && let Some(key) = name.strip_prefix(&objects.root())
        {
            return object::again(objects, key);
        }
    }
    Ok(None)
}

/// How much there is to read, as far as that is known before it is read.
pub fn bytes(deliveries: &[Delivery]) -> u64 {
    deliveries.iter().map(|delivery| delivery.bytes).sum()
}
