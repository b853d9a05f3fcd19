//! Takes pseudonymised batches and what was counted on the way.
//! Gives Parquet by quarter, table and sender, each sender's part written whole or not at all.
//! Never holds an identifier, and keeps no statistics that would outlive a row.
//!
//! ```text
//! work/store/2026-Q3/referrals/5f2c..-91ab../part-00000.parquet   kept rows
//!                                            quarantine.csv       file, line, column, rule
//!                                            manifest.json        what it was made from, and counts
//! ```
//! A folder's name is made of its source's path and of everything that its content follows from, so a part is either
//! right or absent: a run looks for the name that it needs, makes it if it is missing, and sweeps away the others.
//! The store is derived: losing it costs a run's time and nothing else, as long as the extracts are kept; those of the
//! quarter before too, where a measure is held against it.

mod keys;
mod part;

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use keys::{parts, parts_of, refuse_two_keys};
pub use part::Staging;

use crate::error::{Error, Result};
use crate::folders::make_private_folder;
use crate::ingest::tally::Tally;
use crate::origin::delivery::hex;

/// What one sender's part was made from, and what is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The table.
    pub table: String,
    /// The extract's path, relative to the board's root.
    pub source: String,
    /// The extract's SHA-256.
    pub sha256: String,
    /// The extract's size in bytes.
    pub bytes: u64,
    /// The hash of all else that the part follows from: schema, key id, public tables, version of the rules.
    pub rules: String,
    /// The key that its pseudonyms were made under; none in a public table, which has no pseudonyms, and in parts made
    /// before keys were noted.
    #[serde(default)]
    pub key_id: Option<String>,
    /// What an object store said of the extract when it was listed: its ETag, size and day, which change with its content.
    /// None for a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<String>,
    /// The Parquet files, in the extract's order.
    pub parts: Vec<Part>,
    /// What happened to the rows.
    pub tally: Tally,
}

/// One Parquet file of a part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// Its name in the folder.
    pub file: String,
    /// Its rows.
    pub rows: u64,
    /// Its size in bytes: a part that was cut short is made again.
    pub bytes: u64,
}

/// The pseudonymised store of one board and quarter, held by one run at a time.
pub struct Store {
    quarter: PathBuf,
    staging: PathBuf,
    _lock: File,
}

/// A sender's part as it lies in the store.
#[derive(Debug, Clone)]
pub struct Stored {
    /// Its folder.
    pub folder: PathBuf,
    /// What it holds.
    pub manifest: Manifest,
}

impl Stored {
    /// The Parquet files.
    pub fn files(&self) -> impl Iterator<Item = PathBuf> + '_ {
        self.manifest.parts.iter().map(|part| self.folder.join(&part.file))
    }
}

impl Store {
    /// Opens the store, and waits while another run holds it; `waiting` is called first if so.
    ///
    /// The lock is the operating system's: it ends with the process, however that ends.
    ///
    /// # Errors
    /// [`Error::Io`] where the folder cannot be made or locked.
    pub fn open(work: &Path, quarter: &str, waiting: impl FnOnce()) -> Result<Self> {
        make_private_folder(work)?;
        let root = work.join("store");
        make_private_folder(&root)?;
        let lock_path = root.join("lock");
        let lock = File::options()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&lock_path)
            .map_err(|e| Error::io("cannot open the lock", &lock_path, e))?;
        if lock.try_lock().is_err() {
            waiting();
            lock.lock().map_err(|e| Error::io("cannot lock", &lock_path, e))?;
        }
        let staging = root.join("staging");
        // Only the holder of the lock stages anything, so what is here was left by a run that was killed.
        if staging.exists() {
            fs::remove_dir_all(&staging).map_err(|e| Error::io("cannot clear", &staging, e))?;
        }
        make_private_folder(&staging)?;
        let quarter = root.join(quarter);
        make_private_folder(&quarter)?;
        Ok(Store { quarter, staging, _lock: lock })
    }

    /// Whether a run holds the store now. Writes nothing, and holds it no longer than the question takes.
    pub fn is_held(work: &Path) -> bool {
        File::open(work.join("store").join("lock")).is_ok_and(|lock| lock.try_lock_shared().is_err())
    }

    /// The part made of this very content under these very rules and this key, if the store has it whole.
    ///
    /// The folder's name says so already, and the manifest has to agree: a folder that was renamed or copied into the place
    /// of another is not taken for it.
    pub fn find(&self, table: &str, source: &str, sha256: &str, rules: &str, key_id: Option<&str>) -> Option<Stored> {
        let folder = self.folder(table, source, sha256, rules);
        let manifest = read_manifest(&folder)?;
        let made_of = [&manifest.table, &manifest.source, &manifest.sha256, &manifest.rules];
        if made_of != [table, source, sha256, rules] || manifest.key_id.as_deref() != key_id {
            return None;
        }
        let whole = manifest.parts.iter().all(|part| is_whole(&folder.join(&part.file), part.bytes));
        whole.then_some(Stored { folder, manifest })
    }

    /// The part made of an object that bears this mark, under these very rules and this key: it need not be read to know
    /// that it has not changed.
    pub fn find_marked(
        &self,
        table: &str,
        source: &str,
        mark: &str,
        rules: &str,
        key_id: Option<&str>,
    ) -> Option<Stored> {
        let prefix = source_id(source);
        let entries = fs::read_dir(self.quarter.join(table)).ok()?.flatten();
        let versions = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(&prefix));
        let mut manifests = versions.filter_map(|entry| read_manifest(&entry.path()));
        manifests.find_map(|manifest| match manifest.mark.as_deref() == Some(mark) {
            true => self.find(table, source, &manifest.sha256, rules, key_id),
            false => None,
        })
    }

    /// Whether any version of this source is here: only then is it worth hashing a file before reading it.
    pub fn knows(&self, table: &str, source: &str) -> bool {
        let prefix = source_id(source);
        let Ok(entries) = fs::read_dir(self.quarter.join(table)) else { return false };
        entries.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with(&prefix))
    }

    /// A place to write a part in; nothing of it is seen until it is committed.
    ///
    /// # Errors
    /// [`Error::Io`] where the folder cannot be made.
    pub fn stage(&self) -> Result<Staging> {
        Staging::new(&self.staging)
    }

    /// Moves a staged part into its place, whole.
    ///
    /// # Errors
    /// [`Error::Io`] where it cannot be written or moved; the store is then as it was.
    pub fn commit(&self, staging: &Staging, manifest: Manifest) -> Result<Stored> {
        let folder = self.folder(&manifest.table, &manifest.source, &manifest.sha256, &manifest.rules);
        make_private_folder(&self.quarter.join(&manifest.table))?;
        if folder.exists() {
            // `find` refused it: it is cut short.
            fs::remove_dir_all(&folder).map_err(|e| Error::io("cannot replace", &folder, e))?;
        }
        staging.finish(&manifest, &folder)?;
        Ok(Stored { folder, manifest })
    }

    /// Removes every part of `table` but those in `keep`: earlier versions, and extracts that were withdrawn. Gives the
    /// sources of which nothing is left.
    ///
    /// # Errors
    /// [`Error::Io`] where a folder cannot be removed.
    pub fn sweep(&self, table: &str, keep: &[Stored]) -> Result<Vec<String>> {
        let kept: HashSet<&Path> = keep.iter().map(|stored| stored.folder.as_path()).collect();
        let sources: HashSet<&str> = keep.iter().map(|stored| stored.manifest.source.as_str()).collect();
        let folder = self.quarter.join(table);
        let Ok(entries) = fs::read_dir(&folder) else { return Ok(Vec::new()) };
        let mut withdrawn = Vec::new();
        for path in entries.flatten().map(|entry| entry.path()).filter(|path| !kept.contains(path.as_path())) {
            if let Some(manifest) = read_manifest(&path).filter(|found| !sources.contains(found.source.as_str())) {
                withdrawn.push(manifest.source);
            }
            fs::remove_dir_all(&path).map_err(|e| Error::io("cannot remove", &path, e))?;
        }
        withdrawn.sort();
        Ok(withdrawn)
    }

    /// Removes one part, of whichever quarter.
    ///
    /// # Errors
    /// [`Error::Io`] where its folder cannot be removed.
    pub fn remove(&self, part: &Stored) -> Result<()> {
        fs::remove_dir_all(&part.folder).map_err(|e| Error::io("cannot remove", &part.folder, e))
    }

    fn folder(&self, table: &str, source: &str, sha256: &str, rules: &str) -> PathBuf {
        let content = short_hash(&[sha256, rules]);
        self.quarter.join(table).join(format!("{}-{content}", source_id(source)))
    }
}

fn source_id(source: &str) -> String {
    short_hash(&[source])
}

/// 16 hexadecimal digits over texts, each with its length.
fn short_hash(texts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for text in texts {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text);
    }
    hex(&hash.finalize()[..8])
}

fn read_manifest(folder: &Path) -> Option<Manifest> {
    serde_json::from_slice(&fs::read(folder.join("manifest.json")).ok()?).ok()
}

/// A Parquet file ends in `PAR1`: a machine that lost power may have kept the length and lost the content.
fn is_whole(path: &Path, bytes: u64) -> bool {
    let tail = || -> std::io::Result<bool> {
        let mut file = File::open(path)?;
        if file.metadata()?.len() != bytes {
            return Ok(false);
        }
        let mut magic = [0; 4];
        file.seek(SeekFrom::End(-4))?;
        file.read_exact(&mut magic)?;
        Ok(&magic == b"PAR1")
    };
    tail().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Int64Array, RecordBatch};

    use super::*;
    use crate::ingest::rows::Quarantined;

    fn manifest(source: &str, sha256: &str) -> Manifest {
        Manifest {
            table: "contacts".into(),
            source: source.into(),
            sha256: sha256.into(),
            bytes: 1,
            rules: "r".into(),
            key_id: Some("k".into()),
            mark: None,
            parts: Vec::new(),
            tally: Tally::default(),
        }
    }

    fn batch(n: i64) -> RecordBatch {
        let column: arrow::array::ArrayRef = Arc::new(Int64Array::from_iter_values(0..n));
        RecordBatch::try_from_iter([("n", column)]).unwrap()
    }

    fn put(store: &Store, source: &str, sha256: &str) -> Stored {
        let staging = store.stage().unwrap();
        let part = staging.write(0, &batch(10)).unwrap();
        staging.quarantine(&[] as &[Quarantined], &[], source).unwrap();
        store.commit(&staging, Manifest { parts: vec![part], ..manifest(source, sha256) }).unwrap()
    }

    fn find(store: &Store, sha256: &str) -> Option<Stored> {
        store.find("contacts", "a.csv", sha256, "r", Some("k"))
    }

    #[test]
    fn a_part_is_found_by_content_and_swept_when_replaced_or_withdrawn() {
        let work = tempfile::tempdir().unwrap();
        let store = Store::open(work.path(), "2026-Q3", || ()).unwrap();
        assert!(!store.knows("contacts", "a.csv"));
        put(&store, "a.csv", "1");
        let b = put(&store, "b.csv", "1");
        assert!(store.knows("contacts", "a.csv"));
        assert!(find(&store, "1").is_some());
        assert!(store.find("contacts", "a.csv", "1", "other rules", Some("k")).is_none());
        assert!(store.find("contacts", "a.csv", "1", "r", Some("another key")).is_none());
        assert!(find(&store, "2").is_none());
        let a2 = put(&store, "a.csv", "2");
        assert_eq!(store.sweep("contacts", &[a2.clone(), b]).unwrap(), Vec::<String>::new());
        assert!(find(&store, "1").is_none());
        assert!(find(&store, "2").is_some());
        assert_eq!(store.sweep("contacts", &[a2]).unwrap(), ["b.csv"]);
    }

    #[test]
    fn a_part_cut_short_is_not_found() {
        let work = tempfile::tempdir().unwrap();
        let store = Store::open(work.path(), "2026-Q3", || ()).unwrap();
        let stored = put(&store, "a.csv", "1");
        let file = stored.files().next().unwrap();
        let whole = fs::read(&file).unwrap();
        fs::write(&file, &whole[..whole.len() - 1]).unwrap();
        assert!(find(&store, "1").is_none());
        fs::write(&file, vec![0; whole.len()]).unwrap();
        assert!(find(&store, "1").is_none());
        put(&store, "a.csv", "1");
        assert!(find(&store, "1").is_some());
    }

    #[test]
    fn a_part_in_the_place_of_another_is_not_found() {
        let work = tempfile::tempdir().unwrap();
        let store = Store::open(work.path(), "2026-Q3", || ()).unwrap();
        let old = put(&store, "a.csv", "1");
        let place = store.folder("contacts", "a.csv", "1", "rules of another key");
        fs::rename(&old.folder, &place).unwrap();
        assert!(store.find("contacts", "a.csv", "1", "rules of another key", Some("another key")).is_none());
    }

    #[test]
    fn staged_parts_of_a_killed_run_are_cleared() {
        let work = tempfile::tempdir().unwrap();
        let store = Store::open(work.path(), "2026-Q3", || ()).unwrap();
        let staging = store.stage().unwrap();
        staging.write(0, &batch(3)).unwrap();
        std::mem::forget(staging);
        drop(store);
        let store = Store::open(work.path(), "2026-Q3", || ()).unwrap();
        assert_eq!(fs::read_dir(&store.staging).unwrap().count(), 0);
        assert!(!store.knows("contacts", "a.csv"));
    }
}
