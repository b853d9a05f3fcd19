//! Files on the machine's own disks, by path or glob.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::delivery::{Content, Delivery, Pages};
use crate::config::plan::{Files, Sheet};
use crate::error::{Error, Result};

/// Adds the files that the glob names.
pub(super) fn find(files: &Files, table: &str, root: &Path, found: &mut Vec<Delivery>) -> Result<()> {
    let text = files.glob.to_string_lossy();
    let unusable = || Error::Input(format!("the source of `{table}` cannot be searched: {text}"));
    for path in glob::glob(&text).map_err(|_| unusable())? {
        let path = path.map_err(|e| Error::io("cannot look into", e.path(), io::Error::other("no access")))?;
        if path.is_file() && !is_hidden(&path) {
            let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
            found.push(Delivery { name, ..Delivery::file(&path, files.sheet.clone()) });
        }
    }
    Ok(())
}

impl Delivery {
    /// One file, known by its whole path.
    pub fn file(path: &Path, sheet: Sheet) -> Self {
        Delivery {
            name: path.to_string_lossy().into_owned(),
            shown: path.display().to_string(),
            bytes: std::fs::metadata(path).map_or(0, |meta| meta.len()),
            sheet,
            content: Content::Pages(Arc::new(OnDisk(path.to_owned()))),
        }
    }
}

struct OnDisk(PathBuf);

impl Pages for OnDisk {
    fn size(&self) -> io::Result<u64> {
        Ok(std::fs::metadata(&self.0)?.len())
    }

    fn read_from(&self, start: u64) -> io::Result<Box<dyn Read + Send>> {
        let mut file = File::open(&self.0)?;
        file.seek(SeekFrom::Start(start))?;
        Ok(Box::new(file))
    }
}

/// A file still being copied, or an editor's lock, begins with a dot.
fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'))
}
