//! Which key each part of the store was made under.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::{Store, Stored, is_whole, read_manifest};
use crate::error::{Error, Result};

/// Every part of every quarter, with its quarter's name, in the order of quarters and tables. Empty where there is no
/// store yet. What a run is still staging is no part.
///
/// # Errors
/// [`Error::Io`] where a folder cannot be listed.
pub fn parts(work: &Path) -> Result<Vec<(String, Stored)>> {
    let mut found = Vec::new();
    for quarter in folders(&work.join("store"))?.into_iter().filter(|folder| !folder.ends_with("staging")) {
        let name = quarter.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        found.extend(parts_of(work, &name)?.into_iter().map(|part| (name.clone(), part)));
    }
    Ok(found)
}

/// Every part of one quarter, in the order of tables. Needs no lock: a part appears whole, or is not there.
///
/// # Errors
/// As [`parts`].
pub fn parts_of(work: &Path, quarter: &str) -> Result<Vec<Stored>> {
    let mut found = Vec::new();
    for table in folders(&work.join("store").join(quarter))? {
        let parts = folders(&table)?.into_iter();
        found.extend(parts.filter_map(|folder| Some(Stored { manifest: read_manifest(&folder)?, folder })));
    }
    Ok(found)
}

impl Store {
    /// The parts of a table in another quarter, in order; none where the store has not seen it.
    ///
    /// # Errors
    /// [`Error::Io`] where a folder cannot be listed; [`Error::Input`] where a part is cut short or damaged.
    pub fn earlier(&self, quarter: &str, table: &str) -> Result<Vec<Stored>> {
        let place = self.quarter.with_file_name(quarter).join(table);
        let whole =
            |part: &Stored| part.manifest.parts.iter().all(|it| is_whole(&part.folder.join(&it.file), it.bytes));
        let part = |folder: PathBuf| {
            let part = read_manifest(&folder).map(|manifest| Stored { manifest, folder });
            part.filter(|part| part.manifest.table == table && whole(part))
        };
        let parts = folders(&place)?.into_iter().map(part).collect::<Option<Vec<_>>>();
        parts.ok_or_else(|| {
            Error::Input(format!(
                "the store's `{table}` of {quarter} is damaged; remove {} and ingest that quarter again",
                place.display()
            ))
        })
    }
}

/// The folders in a folder, in order; none where it is missing.
fn folders(folder: &Path) -> Result<Vec<PathBuf>> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let entries = fs::read_dir(folder).map_err(|e| Error::io("cannot list", folder, e))?;
    let mut found = entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()).collect::<Vec<_>>();
    found.sort();
    Ok(found)
}

/// Pseudonyms under two keys never join, and would split every person in two, each bounded on their own: so parts under
/// two keys are never opened together. A run takes only parts under its own key, so that this cannot happen by any known
/// way; it is asked all the same, where the tables come together.
///
/// # Errors
/// [`Error::Privacy`] where two parts were made under different keys, or one under a key that was not noted.
pub fn refuse_two_keys<'a>(private: impl Iterator<Item = &'a Stored>) -> Result<()> {
    let keys = private.map(|part| part.manifest.key_id.as_deref()).collect::<BTreeSet<_>>();
    match keys.len() {
        0 => Ok(()),
        1 if !keys.contains(&None) => Ok(()),
        _ => {
            let keys = keys.iter().map(|key| key.unwrap_or("unknown")).collect::<Vec<_>>().join(", ");
            Err(Error::Privacy(format!(
                "the quarter's parts were made under different keys ({keys}): people would be counted twice; remove the \
                 quarter's folder of the store, and run again"
            )))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Manifest;
    use super::*;
    use crate::ingest::tally::Tally;

    fn part(key_id: Option<&str>) -> Stored {
        let text = |text: &str| text.to_owned();
        let manifest = Manifest {
            table: text("contacts"),
            source: text("a.csv"),
            sha256: text("1"),
            bytes: 1,
            rules: text("r"),
            key_id: key_id.map(text),
            mark: None,
            parts: Vec::new(),
            tally: Tally::default(),
        };
        Stored { folder: PathBuf::new(), manifest }
    }

    #[test]
    fn parts_under_two_keys_are_never_opened_together() {
        let refused = |keys: &[Option<&str>]| {
            let parts = keys.iter().map(|key| part(*key)).collect::<Vec<_>>();
            matches!(refuse_two_keys(parts.iter()), Err(Error::Privacy(_)))
        };
        assert!(!refused(&[]));
        assert!(!refused(&[Some("a"), Some("a")]));
        assert!(refused(&[Some("a"), Some("b")]));
        assert!(refused(&[Some("a"), None]));
        assert!(refused(&[None]));
    }
}
