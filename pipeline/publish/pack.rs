//! A folder of published files that appears whole or not at all.

use std::fs;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustix::fs::{Access, CWD, RenameFlags, access, renameat_with};
use sha2::{Digest, Sha256};

use super::earlier::{Past, Vintage};
use super::edition::{Edition, Story};
use super::manifest::File;
use super::names::{self, LABEL, MANIFEST, PAGE};
use super::series::series;
use super::table::Table;
use super::{metadata, page, sheets, tidy, trust};
use crate::config::board::Format;
use crate::config::quarter::Quarter;
use crate::error::{Error, Result};
use crate::folders::make_open_folder;
use crate::origin::delivery::hex;

/// A pack as it lies in its folder.
#[derive(Debug, Clone)]
pub struct Pack {
    /// Its folder.
    pub folder: PathBuf,
    /// The SHA-256 of its manifest, which holds those of all other files.
    pub manifest: [u8; 32],
}

/// A file that is to be written: its name, and what is in it.
pub(super) type NewFile = (String, Vec<u8>);

/// One piece of the work: it writes some of the files, and none that another writes.
type Job<'a> = Box<dyn Fn(&Place<'_>) -> Result<Vec<File>> + Send + Sync + 'a>;

/// Where the files of a pack are written.
struct Place<'a>(&'a Path);

/// Whether a pack can be put in its place: to be asked before anything is spent on one.
///
/// # Errors
/// [`Error::Io`] where nothing can be written there; [`Error::System`] where something that is no pack is in its place.
pub fn refuse_no_place(to: &Path, quarter: Quarter) -> Result<()> {
    if to.symlink_metadata().is_err_and(|e| e.kind() == std::io::ErrorKind::NotFound) {
        // It is made when there is something to put in it.
        return Ok(());
    }
    make_open_folder(to)?;
    access(to, Access::WRITE_OK | Access::EXEC_OK).map_err(|e| Error::io("cannot write in", to, e.into()))?;
    let folder = to.join(quarter.to_string());
    let is_there = folder.symlink_metadata().is_ok();
    let is_pack = folder.join(MANIFEST).is_file() || fs::read_dir(&folder).is_ok_and(|mut it| it.next().is_none());
    if is_there && !is_pack {
        return Err(Error::System(format!(
            "{} is in the place of the pack, and is none: it has no {MANIFEST}. It is left as it is; move it elsewhere",
            folder.display()
        )));
    }
    Ok(())
}

/// Writes a pack beside its place, and moves it there in one step; an earlier pack is replaced whole.
///
/// # Errors
/// [`Error::Io`] where the disk refuses; what was there before is then still there, and nothing half made beside it.
pub fn write_pack(to: &Path, edition: &Edition, formats: &[Format], past: &Past, threads: usize) -> Result<Pack> {
    make_open_folder(to)?;
    refuse_no_place(to, edition.quarter)?;
    // A fixed name: what a killed run left there is cleared by the next. The run's lock keeps others out.
    let staging = to.join(format!(".pack-{}", edition.quarter));
    clear(&staging)?;
    let pack = stage(&staging, edition, formats, past, threads).and_then(|manifest| {
        let folder = to.join(edition.quarter.to_string());
        put_in_place(&staging, &folder)?;
        Ok(Pack { folder, manifest })
    });
    if pack.is_err() {
        // The first error is the one to tell; a full disk has its room again.
        let _ = clear(&staging);
    }
    pack
}

/// Writes every file of a pack, and gives the hash of its manifest.
fn stage(staging: &Path, edition: &Edition, formats: &[Format], past: &Past, threads: usize) -> Result<[u8; 32]> {
    make_open_folder(staging)?;
    let jobs = jobs(edition, formats, past);
    let place = Place(staging);
    let mut files = work(&jobs, threads, &place)?;
    files.sort_by(|a, b| a.name.cmp(&b.name));
    // What describes the others states their hashes: it can only come after them.
    for file in metadata::descriptions(edition, &files)? {
        files.push(place.put(file)?);
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    if let Some(twice) = files.windows(2).find(|pair| pair[0].name == pair[1].name) {
        return Err(Error::System(format!("two parts of the pack are called {}", twice[0].name)));
    }
    let manifest = super::Manifest { files, ..edition.manifest.clone() };
    let text = json(&manifest)?;
    place.put((MANIFEST.into(), text.clone()))?;
    Ok(Sha256::digest(&text).into())
}

/// What a pack is made of: an output is a line here.
fn jobs<'a>(edition: &'a Edition, formats: &'a [Format], past: &'a Past) -> Vec<Job<'a>> {
    let mut jobs: Vec<Job<'a>> = Vec::new();
    // Pages first: the one for readers is the longest piece, and no thread should be left with it alone.
    if formats.contains(&Format::Html) {
        jobs.push(whole(|| Ok(vec![(PAGE.into(), page::index(edition, formats, past)?)])));
        jobs.push(whole(|| trust::privacy(edition)));
        jobs.push(whole(|| trust::methodology(edition)));
    }
    for story in &edition.stories {
        for table in &story.tables {
            jobs.push(Box::new(move |place| tables(place, edition, story, table, formats, past)));
        }
        for format in formats {
            match format {
                Format::Ods => jobs.push(whole(move || sheets::ods(edition, story, formats))),
                Format::Xlsx => jobs.push(whole(move || sheets::xlsx(edition, story, formats))),
                Format::Html | Format::Csv | Format::Parquet => {}
            }
        }
    }
    jobs.push(whole(|| metadata::code_lists(edition, formats)));
    jobs.push(whole(|| Ok(vec![(LABEL.into(), json(&edition.label)?)])));
    jobs
}

/// Work on files that are whole in memory before they are written.
fn whole<'a>(make: impl Fn() -> Result<Vec<NewFile>> + Send + Sync + 'a) -> Job<'a> {
    Box::new(move |place| make()?.into_iter().map(|file| place.put(file)).collect())
}

/// A table and its series in the machines' formats. A series holds several quarters, and is not kept.
fn tables(
    place: &Place<'_>,
    edition: &Edition,
    story: &Story,
    table: &Table,
    formats: &[Format],
    past: &Past,
) -> Result<Vec<File>> {
    let vintage = Vintage::of(&edition.manifest, &story.name);
    let series = series(table, &vintage, past)?;
    let mut files = Vec::new();
    for format in formats {
        let Some(ending) = names::ending_of_table(*format) else { continue };
        let name = names::table(&story.name, &table.level, ending);
        // As text, a table may be larger than all that it is made of: it is written as it is made.
        let own = match format {
            Format::Csv => place.write(name, |out| tidy::csv(table, out))?,
            _ => place.put((name, tidy::parquet(tidy::batches(table, ""))?))?,
        };
        if let Some(series) = &series {
            let name = names::series(&story.name, &table.level, ending);
            files.push(match format {
                _ if series.is_own_alone() => place.copy(&own, name)?,
                Format::Csv => place.write(name, |out| series.csv(out))?,
                _ => place.put((name, series.parquet()?))?,
            });
        }
        files.push(own);
    }
    Ok(files)
}

/// Does every piece of the work, on several threads, and writes its files as they come: what is in memory is what the
/// threads are at.
fn work(jobs: &[Job<'_>], threads: usize, place: &Place<'_>) -> Result<Vec<File>> {
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let one = || -> Result<()> {
        while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            match (job(place), done.lock()) {
                (Ok(made), Ok(mut done)) => done.extend(made),
                (made, _) => {
                    // The others need not go on.
                    next.store(jobs.len(), Ordering::Relaxed);
                    return made.map(|_| ());
                }
            }
        }
        Ok(())
    };
    let lost = |_| Err(Error::System("a thread that wrote the pack was lost".into()));
    std::thread::scope(|scope| {
        let started = (0..threads.max(1)).map(|_| scope.spawn(one)).collect::<Vec<_>>();
        started.into_iter().try_for_each(|thread| thread.join().unwrap_or_else(lost))
    })?;
    done.into_inner().map_err(|_| Error::System("a thread that wrote the pack was lost".into()))
}

/// Whether a name is one, and neither a path nor hidden.
pub(super) fn is_plain(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    !name.starts_with('.') && !name.is_empty() && name.chars().all(plain)
}

impl Place<'_> {
    /// The path of a new file, whose name is a name and no path.
    fn of(&self, name: &str) -> Result<PathBuf> {
        if !is_plain(name) {
            return Err(Error::System(
                "a file of the pack has a name that is not letters, digits, `-`, `_` and `.`".into(),
            ));
        }
        Ok(self.0.join(name))
    }

    /// Writes a file.
    fn put(&self, (name, bytes): NewFile) -> Result<File> {
        self.write(name, |out| out.write_all(&bytes))
    }

    /// Writes a file as it is made.
    fn write(&self, name: String, make: impl FnOnce(&mut dyn Write) -> std::io::Result<()>) -> Result<File> {
        let path = self.of(&name)?;
        let failed = |e| Error::io("cannot write", &path, e);
        let file = fs::File::create(&path).map_err(failed)?;
        let mut out = BufWriter::with_capacity(1 << 16, Hashed { file, bytes: 0, hash: Sha256::new() });
        make(&mut out).map_err(failed)?;
        let Hashed { file, bytes, hash } = out.into_inner().map_err(|e| failed(e.into_error()))?;
        file.sync_all().map_err(failed)?;
        set_mode(&path, 0o644)?;
        Ok(File { name, bytes, sha256: hex(&hash.finalize()) })
    }

    /// Writes what another file holds.
    fn copy(&self, of: &File, name: String) -> Result<File> {
        let path = self.of(&name)?;
        let failed = |e| Error::io("cannot write", &path, e);
        fs::copy(self.of(&of.name)?, &path).map_err(failed)?;
        fs::File::open(&path).and_then(|file| file.sync_all()).map_err(failed)?;
        set_mode(&path, 0o644)?;
        Ok(File { name, ..of.clone() })
    }
}

/// A file whose hash is known once it is written.
struct Hashed {
    file: fs::File,
    bytes: u64,
    hash: Sha256,
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hash.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

pub(super) fn json(value: &impl serde::Serialize) -> Result<Vec<u8>> {
    let mut text =
        serde_json::to_vec_pretty(value).map_err(|_| Error::System("a file of the pack has no JSON form".into()))?;
    text.push(b'\n');
    Ok(text)
}

fn set_mode(path: &Path, mode: u32) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
        .map_err(|e| Error::io("cannot set permissions of", path, e))
}

/// Removes what a run has left: a folder, or what lies in its place. A link is removed, and not what it leads to.
fn clear(folder: &Path) -> Result<()> {
    let removed = match folder.symlink_metadata() {
        Ok(it) if !it.is_dir() => fs::remove_file(folder),
        _ => fs::remove_dir_all(folder),
    };
    match removed {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(Error::io("cannot remove", folder, e)),
        _ => Ok(()),
    }
}

/// Moves the staged folder to its place. An earlier pack changes places with it in one step of the file system and is
/// then removed; where the file system cannot do that, it is moved aside first.
fn put_in_place(staging: &Path, folder: &Path) -> Result<()> {
    let failed = |e: std::io::Error| Error::io("cannot move the pack to", folder, e);
    if !folder.exists() {
        fs::rename(staging, folder).map_err(failed)?;
    } else if renameat_with(CWD, staging, CWD, folder, RenameFlags::EXCHANGE).is_err() {
        let aside = staging.with_extension("old");
        clear(&aside)?;
        fs::rename(folder, &aside).map_err(failed)?;
        if let Err(error) = fs::rename(staging, folder) {
            fs::rename(&aside, folder).map_err(failed)?;
            return Err(failed(error));
        }
        clear(&aside)?;
    }
    if let Some(parent) = folder.parent().and_then(|parent| fs::File::open(parent).ok()) {
        parent.sync_all().map_err(failed)?;
    }
    // What stands at the staging place now is the earlier pack, or nothing.
    clear(staging)
}
