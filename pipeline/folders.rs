//! Takes a path, gives a folder that is there: private for what operators hold, open on the way to what is published.
//! Never leaves a folder's mode to the process's umask, which `main` sets so that files are their owner's alone.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::error::{Error, Result};

/// Makes a folder that only its owner can enter; folders above it that are missing are made open, as what is published
/// may lie beside it.
///
/// # Errors
/// [`Error::Io`] where it cannot be made.
pub fn make_private_folder(folder: &Path) -> Result<()> {
    make(folder, 0o700)
}

/// Makes a folder that everyone can enter and list, with the folders above it.
///
/// # Errors
/// [`Error::Io`] where it cannot be made.
pub fn make_open_folder(folder: &Path) -> Result<()> {
    make(folder, 0o755)
}

fn make(folder: &Path, mode: u32) -> Result<()> {
    if folder.as_os_str().is_empty() || folder.is_dir() {
        return Ok(());
    }
    if let Some(parent) = folder.parent() {
        make_open_folder(parent)?;
    }
    match fs::create_dir(folder).and_then(|()| fs::set_permissions(folder, Permissions::from_mode(mode))) {
        // Another run may have made it in the meantime.
        Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
        done => done.map_err(|e| Error::io("cannot make the folder", folder, e)),
    }
}
