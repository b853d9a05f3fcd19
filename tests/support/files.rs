//! Folders as a reader finds them.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Cursor, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use flate2::read::ZlibDecoder;
use sha2::{Digest, Sha256};
use zip::ZipArchive;

/// Every file under `folder`, at any depth, in order. Files that vanish meanwhile are left out.
pub fn under(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let Ok(entries) = fs::read_dir(folder) else { return found };
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            found.extend(under(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Every folder under `folder`, itself first.
pub fn folders_under(folder: &Path) -> Vec<PathBuf> {
    let mut found = vec![folder.to_path_buf()];
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    for path in entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()) {
        found.extend(folders_under(&path));
    }
    found
}

/// The content of every file under `folder`, by its relative path.
pub fn bytes_under(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let relative = |path: &Path| path.strip_prefix(folder).expect("it is below").to_string_lossy().into_owned();
    // What vanished meanwhile is not there.
    let read = |path: &PathBuf| Some((relative(path), fs::read(path).ok()?));
    under(folder).iter().filter_map(read).collect()
}

/// Copies a folder with all that is in it.
pub fn copy(from: &Path, to: &Path) {
    for (relative, bytes) in bytes_under(from) {
        write(&to.join(relative), &bytes);
    }
}

/// Writes a file, and makes its folder.
pub fn write(path: &Path, bytes: impl AsRef<[u8]>) {
    fs::create_dir_all(path.parent().expect("it has a folder")).expect("the folder can be made");
    fs::write(path, bytes).expect("the file can be written");
}

/// SHA-256 in hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What is wrong with a pack: nothing where the folder is absent, or holds exactly the files that its manifest lists,
/// each with the size and hash that it lists.
pub fn fault_of_pack(folder: &Path) -> Option<String> {
    // A new pack changes places with the old one in one step, but nobody can read a whole folder in one: a look that
    // began in one and ended in the other says nothing.
    loop {
        let before = which(folder)?;
        let fault = fault_of_one(folder);
        if fault.is_none() || which(folder) == Some(before) {
            return fault;
        }
    }
}

/// Which folder has this name now.
fn which(folder: &Path) -> Option<u64> {
    fs::metadata(folder).ok().map(|meta| meta.ino())
}

fn fault_of_one(folder: &Path) -> Option<String> {
    let mut files = bytes_under(folder);
    let Some(manifest) = files.remove("manifest.json") else { return Some("there is no manifest".into()) };
    let Ok(manifest) = serde_json::from_slice::<serde_json::Value>(&manifest) else {
        return Some("the manifest is cut short".into());
    };
    for listed in manifest["files"].as_array().expect("it lists files") {
        let name = listed["name"].as_str().expect("each has a name");
        match files.remove(name) {
            None => return Some(format!("{name} is missing")),
            Some(bytes) if listed["sha256"] != sha256(&bytes) || listed["bytes"] != bytes.len() as u64 => {
                return Some(format!("{name} is not the file that the manifest lists"));
            }
            Some(_) => {}
        }
    }
    files.keys().next().map(|name| format!("{name} is not in the manifest"))
}

/// A published page with the markup of every area in the place of what it was packed into: that is letters by chance,
/// and says any short word sooner or later.
pub fn whole_page(page: &str) -> String {
    let mut parts = page.split("<script type=\"text/plain\" data-place=\"");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for packed in parts {
        let (coded, rest) = packed.split_once("</script>").expect("it ends");
        let bytes = BASE64_STANDARD.decode(coded.split_once("\">").expect("it has its data").1).expect("it is base64");
        ZlibDecoder::new(&bytes[..]).read_to_string(&mut text).expect("it was compressed");
        text.push_str(rest);
    }
    text
}

/// What is in a file, with what is packed inside it: each file of a workbook, each area of a page.
pub fn unpacked(path: &Path) -> Vec<u8> {
    let bytes = fs::read(path).expect("it can be read");
    match path.extension().and_then(|it| it.to_str()) {
        Some("ods" | "xlsx") => {
            let mut archive = ZipArchive::new(Cursor::new(bytes)).expect("a workbook is an archive");
            let mut all = Vec::new();
            for at in 0..archive.len() {
                archive.by_index(at).expect("it is listed").read_to_end(&mut all).expect("it is whole");
            }
            all
        }
        Some("html") => whole_page(&String::from_utf8(bytes).expect("pages are text")).into_bytes(),
        _ => bytes,
    }
}
