//! A folder of published files that appears whole or not at all.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use rustix::fs::{CWD, RenameFlags, renameat_with};
use sha2::{Digest, Sha256};

use super::earlier::{Past, Vintage};
use super::label::Label;
use super::manifest::{File, Manifest};
use super::series::series;
use super::table::Table;
use crate::config::board::Format;
use crate::error::{Error, Result};
use crate::folders::make_open_folder;
use crate::ingest::blocks::hex;

/// A pack as it lies in its folder.
#[derive(Debug, Clone)]
pub struct Pack {
    /// Its folder.
    pub folder: PathBuf,
    /// The SHA-256 of its manifest, which holds those of all other files.
    pub manifest: [u8; 32],
}

/// Writes a pack beside its place, and moves it there in one step; an earlier pack is replaced whole.
///
/// # Errors
/// [`Error::Io`] where the disk refuses; what was there before is then still there.
pub fn write_pack(
    to: &Path,
    name: &str,
    tables: &[Table],
    formats: &[Format],
    label: &Label,
    mut manifest: Manifest,
    past: &Past,
) -> Result<Pack> {
    make_open_folder(to)?;
    // A fixed name: what a killed run left there is cleared by the next. The run's lock keeps others out.
    let staging = to.join(format!(".pack-{name}"));
    clear(&staging)?;
    make_open_folder(&staging)?;
    let vintages = tables.iter().map(|table| (table.report.clone(), Vintage::of(&manifest, &table.report)));
    let vintages = vintages.collect::<HashMap<_, _>>();
    let mut add = |name: String, bytes: &[u8]| {
        manifest.files.push(File {
            name: name.clone(),
            bytes: bytes.len() as u64,
            sha256: hex(&Sha256::digest(bytes)),
        });
        write(&staging.join(name), bytes)
    };
    for table in tables {
        // A table and its series at a time: a series holds several quarters, and is not kept.
        let vintage = &vintages[&table.report];
        let (own, series) = std::thread::scope(|scope| {
            let series = scope.spawn(|| series_of(table, vintage, past, formats));
            let lost = |_| Err(Error::System("a thread that wrote a series was lost".into()));
            (encoded(table, formats), series.join().unwrap_or_else(lost))
        });
        for (ending, bytes) in own? {
            add(format!("{}-{}.{ending}", table.report, table.level), &bytes)?;
        }
        for (ending, bytes) in series? {
            add(format!("{}-{}-series.{ending}", table.report, table.level), &bytes)?;
        }
    }
    add("privacy.json".into(), &json(label)?)?;
    manifest.files.sort_by(|a, b| a.name.cmp(&b.name));
    let text = json(&manifest)?;
    write(&staging.join("manifest.json"), &text)?;
    let folder = to.join(name);
    put_in_place(&staging, &folder)?;
    Ok(Pack { folder, manifest: Sha256::digest(&text).into() })
}

/// The files of the series that ends with a table; none where no series is wanted.
fn series_of(table: &Table, own: &Vintage, past: &Past, formats: &[Format]) -> Result<Vec<(&'static str, Vec<u8>)>> {
    let Some(series) = series(table, own, past)? else { return Ok(Vec::new()) };
    let file = |format: &Format| match format {
        Format::Csv => Ok(("csv", series.csv()?)),
        Format::Parquet => Ok(("parquet", parquet(&series.batch()?)?)),
    };
    formats.iter().map(file).collect()
}

/// A table in each format, with the ending of its file.
fn encoded(table: &Table, formats: &[Format]) -> Result<Vec<(&'static str, Vec<u8>)>> {
    let one = |format: &Format| match format {
        Format::Csv => Ok(("csv", table.csv()?)),
        Format::Parquet => Ok(("parquet", parquet(&table.batch()?)?)),
    };
    formats.iter().map(one).collect()
}

fn json(value: &impl serde::Serialize) -> Result<Vec<u8>> {
    let mut text =
        serde_json::to_vec_pretty(value).map_err(|_| Error::System("a file of the pack has no JSON form".into()))?;
    text.push(b'\n');
    Ok(text)
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let failed = |e| Error::io("cannot write", path, e);
    let mut file = fs::File::create(path).map_err(failed)?;
    std::io::Write::write_all(&mut file, bytes).and_then(|()| file.sync_all()).map_err(failed)?;
    set_mode(path, 0o644)
}

fn set_mode(path: &Path, mode: u32) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
        .map_err(|e| Error::io("cannot set permissions of", path, e))
}

fn clear(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
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

/// Parquet without statistics, in the grid's order.
pub(super) fn parquet(batch: &RecordBatch) -> Result<Vec<u8>> {
    let failed = |_| Error::System("a table could not be written as Parquet".into());
    let properties = WriterProperties::builder()
        .set_statistics_enabled(EnabledStatistics::None)
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_created_by(format!("smirr {}", env!("CARGO_PKG_VERSION")))
        .build();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties)).map_err(failed)?;
    writer.write(batch).map_err(failed)?;
    writer.close().map_err(failed)?;
    Ok(bytes)
}
