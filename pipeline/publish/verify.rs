//! A pack as it was received: whether it is what its manifest says, and whether its own papers agree.
//!
//! A pack may come from anywhere, and its manifest from whoever changed it. So nothing outside the folder is opened and no
//! link is followed; what is no plain file is not opened for reading; sizes are held against the manifest before a byte
//! is read; and there is an end to how much is read at all.

use std::collections::BTreeMap;
use std::fs::File as OpenFile;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{Dir, FileType, Mode, OFlags, fstat, open, openat};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::manifest::File;
use super::names::{LABEL, MANIFEST};
use super::pack::is_plain;
use crate::error::{Error, Result};
use crate::origin::delivery::hex;

/// The most that a manifest or a label may hold, in bytes: many times those of a nation.
const MOST_TEXT: u64 = 64 << 20;
/// The most that all files may hold together, in bytes: many times a nation's pack.
const MOST_READ: u64 = 16 << 30;
/// How many faults are told: those of a folder that is something else altogether would fill the terminal.
const MOST_FAULTS: usize = 20;
/// After so many files that are not listed, the folder is read no further.
const MOST_STRAYS: usize = 1_000;

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// The board, as the manifest has it.
    pub board: String,
    /// The quarter, as the manifest has it.
    pub quarter: String,
    /// The version of smirr that wrote the pack.
    pub smirr: String,
    /// How many files are listed.
    pub files: usize,
    /// What they hold, in bytes, as listed.
    pub bytes: u64,
    /// The SHA-256 of the manifest: the one number that stands for the whole pack.
    pub manifest: String,
    /// What is wrong, in words; empty where nothing is.
    pub faults: Vec<String>,
    /// How many more faults there are than are told.
    pub untold: usize,
}

/// What is read of a manifest; those of other versions may say more.
#[derive(Deserialize)]
struct Claims {
    smirr: String,
    board: String,
    quarter: String,
    releases: Vec<Claim>,
    files: Vec<File>,
}

#[derive(Deserialize)]
struct Claim {
    report: String,
    definition: String,
    #[serde(flatten)]
    loss: LossClaim,
}

/// What is read of a label.
#[derive(Deserialize)]
struct LabelClaims {
    board: String,
    quarter: String,
    definition: DefinitionClaim,
    reports: Vec<ReportClaim>,
}

#[derive(Deserialize)]
struct DefinitionClaim {
    symbol: String,
}

#[derive(Deserialize)]
struct ReportClaim {
    report: String,
    cost: LossClaim,
}

#[derive(Deserialize, PartialEq)]
struct LossClaim {
    loss: String,
    loss_decimal: String,
    epsilon: Option<f64>,
    delta: Option<String>,
}

/// Faults as they are found, up to as many as are told.
#[derive(Default)]
struct Faults {
    told: Vec<String>,
    untold: usize,
}

impl Faults {
    fn add(&mut self, fault: String) {
        if self.told.len() < MOST_FAULTS { self.told.push(fault) } else { self.untold += 1 }
    }
}

/// Verifies a pack: what is wrong with it is in the result.
///
/// # Errors
/// [`Error::System`] where the folder is no pack, or its manifest cannot be read as one; [`Error::Io`] where the folder
/// cannot be opened.
pub fn verify(folder: &Path) -> Result<Verified> {
    let failed = |e: rustix::io::Errno| Error::io("cannot open the pack", folder, e.into());
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let root = open(folder, flags, Mode::empty()).map_err(failed)?;
    let not_a_pack =
        |why: &str| Error::System(format!("{} is not a pack that smirr wrote: {MANIFEST} {why}", folder.display()));
    let text = open_plain(&root, MANIFEST).and_then(|(file, size)| whole(file, size)).map_err(|it| not_a_pack(&it))?;
    let claims: Claims = serde_json::from_slice(&text).map_err(|_| not_a_pack("is cut short, or no manifest"))?;
    let mut faults = Faults::default();
    let listed = listed(&claims, &mut faults);
    files(&root, &listed, &mut faults);
    strays(&root, &listed, &mut faults).map_err(failed)?;
    match open_plain(&root, LABEL).and_then(|(file, size)| whole(file, size)) {
        Ok(text) => agreement(&claims, &text, &mut faults),
        // A listed label that is missing has been told of.
        Err(why) if !listed.contains_key(LABEL) => faults.add(format!("{LABEL} {why}")),
        Err(_) => {}
    }
    Ok(Verified {
        board: claims.board,
        quarter: claims.quarter,
        smirr: claims.smirr,
        files: claims.files.len(),
        bytes: claims.files.iter().fold(0, |sum: u64, file| sum.saturating_add(file.bytes)),
        manifest: hex(&Sha256::digest(&text)),
        faults: faults.told,
        untold: faults.untold,
    })
}

/// The listed files by name: only those whose name is one, each once.
fn listed<'a>(claims: &'a Claims, faults: &mut Faults) -> BTreeMap<&'a str, &'a File> {
    let mut listed = BTreeMap::new();
    for file in &claims.files {
        if !is_plain(&file.name) {
            faults.add(format!("{MANIFEST} lists {}, which is not a plain file name", shown(&file.name)));
        } else if file.name == MANIFEST {
            faults.add(format!("{MANIFEST} lists itself"));
        } else if listed.insert(file.name.as_str(), file).is_some() {
            faults.add(format!("{MANIFEST} lists {} twice", shown(&file.name)));
        }
    }
    listed
}

/// Holds each listed file against its size and its hash.
fn files(root: &OwnedFd, listed: &BTreeMap<&str, &File>, faults: &mut Faults) {
    let mut left = MOST_READ;
    for (name, claimed) in listed {
        let fault = match open_plain(root, name) {
            Err(why) => Some(why),
            Ok((_, size)) if size != claimed.bytes => Some(format!(
                "has {size} bytes, where the manifest says {}: it was changed or cut short",
                claimed.bytes
            )),
            Ok((_, size)) if size > left => Some("was not read: the pack is larger than any that smirr writes".into()),
            Ok((file, size)) => {
                left -= size;
                match hash(file, size) {
                    Ok(found) if found == claimed.sha256 => None,
                    Ok(_) => Some("was changed: its hash is not the manifest's".into()),
                    Err(why) => Some(why),
                }
            }
        };
        if let Some(fault) = fault {
            faults.add(format!("{} {fault}", shown(name)));
        }
    }
}

/// What lies in the folder and is not listed.
fn strays(root: &OwnedFd, listed: &BTreeMap<&str, &File>, faults: &mut Faults) -> rustix::io::Result<()> {
    let mut found = Vec::new();
    for entry in Dir::read_from(root)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if ![".", "..", MANIFEST].contains(&name.as_str()) && !listed.contains_key(name.as_str()) {
            found.push(name);
        }
        if found.len() > MOST_STRAYS {
            faults.add(format!("more than {MOST_STRAYS} files are not in the manifest"));
            break;
        }
    }
    found.sort();
    found.iter().for_each(|name| faults.add(format!("{} is not in the manifest", shown(name))));
    Ok(())
}

/// Opens a file of the folder, and gives its size. A link is not followed, and what is no file is not waited for.
fn open_plain(root: &OwnedFd, name: &str) -> std::result::Result<(OpenFile, u64), String> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = openat(root, name, flags, Mode::empty()).map_err(|e| match e {
        rustix::io::Errno::NOENT => "is missing".to_owned(),
        rustix::io::Errno::LOOP => "is a link, which is not followed".to_owned(),
        e => format!("cannot be opened: {}", std::io::Error::from(e)),
    })?;
    let stat = fstat(&file).map_err(|e| format!("cannot be opened: {}", std::io::Error::from(e)))?;
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => Ok((file.into(), u64::try_from(stat.st_size).unwrap_or(u64::MAX))),
        _ => Err("is not a plain file".into()),
    }
}

/// A whole file of a size that fits memory.
fn whole(file: OpenFile, size: u64) -> std::result::Result<Vec<u8>, String> {
    if size > MOST_TEXT {
        return Err(format!("has {size} bytes: no pack's is as large"));
    }
    let mut text = Vec::new();
    file.take(MOST_TEXT).read_to_end(&mut text).map_err(|e| format!("cannot be read: {e}"))?;
    Ok(text)
}

/// The SHA-256 of the first `size` bytes: a file that grows meanwhile is not followed for ever.
fn hash(file: OpenFile, size: u64) -> std::result::Result<String, String> {
    let mut digest = Sha256::new();
    let mut rest = file.take(size);
    let mut block = vec![0; 1 << 16];
    loop {
        match rest.read(&mut block) {
            Ok(0) => return Ok(hex(&digest.finalize())),
            Ok(read) => digest.update(&block[..read]),
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            Err(e) => return Err(format!("cannot be read: {e}")),
        }
    }
}

/// Whether the label says of the pack what the manifest says.
fn agreement(claims: &Claims, text: &[u8], faults: &mut Faults) {
    let Ok(label) = serde_json::from_slice::<LabelClaims>(text) else {
        return faults.add(format!("{LABEL} is cut short, or no privacy label"));
    };
    for (what, ours, theirs) in [("board", &claims.board, &label.board), ("quarter", &claims.quarter, &label.quarter)] {
        if ours != theirs {
            faults.add(format!("the {what} is {} in {MANIFEST}, and {} in {LABEL}", shown(ours), shown(theirs)));
        }
    }
    let mut costs = BTreeMap::new();
    for report in &label.reports {
        if costs.insert(report.report.as_str(), &report.cost).is_some() {
            faults.add(format!("{LABEL} has the report {} twice", shown(&report.report)));
        }
    }
    for release in &claims.releases {
        let name = shown(&release.report);
        match costs.remove(release.report.as_str()) {
            None => faults.add(format!("{LABEL} does not say what the report {name} cost")),
            Some(cost) if *cost != release.loss || label.definition.symbol != release.definition => {
                let of = |symbol: &str, loss: &LossClaim| format!("{} {}", shown(symbol), shown(&loss.loss_decimal));
                let (ours, theirs) = (of(&release.definition, &release.loss), of(&label.definition.symbol, cost));
                faults.add(format!("the loss of {name} is {ours} in {MANIFEST}, and {theirs} in {LABEL}"));
            }
            Some(_) => {}
        }
    }
    for name in costs.keys() {
        faults.add(format!("{LABEL} has the report {}, of which {MANIFEST} knows nothing", shown(name)));
    }
}

/// A word of the pack's, for a terminal: no control sequence, and an end.
fn shown(word: &str) -> String {
    let mut shown = word.chars().take(100).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect::<String>();
    if word.chars().nth(100).is_some() {
        shown.push('…');
    }
    shown
}
