//! One sender's part while it is being written.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;

use super::{Manifest, Part};
use crate::error::{Error, Result};
use crate::ingest::buckets::runs;
use crate::ingest::layout::{BUCKET, PSEUDONYM};
use crate::ingest::rows::Quarantined;

/// A part that nobody can see yet. Dropped without a commit, it leaves nothing behind; after one, there is nothing
/// at its old place to remove.
pub struct Staging {
    folder: tempfile::TempDir,
}

impl Staging {
    pub(super) fn new(staging: &Path) -> Result<Self> {
        let private = fs::Permissions::from_mode(0o700);
        let folder = tempfile::Builder::new().permissions(private).tempdir_in(staging);
        let folder = folder.map_err(|e| Error::io("cannot make a folder in", staging, e))?;
        Ok(Staging { folder })
    }

    /// Writes one Parquet file; `number` is its place in the extract. Any thread may call this.
    ///
    /// # Errors
    /// [`Error::Io`] where it cannot be written.
    pub fn write(&self, number: usize, batch: &RecordBatch) -> Result<Part> {
        let file = format!("part-{number:05}.parquet");
        let path = self.folder.path().join(&file);
        write_parquet(&path, batch)?;
        let bytes = fs::metadata(&path).map_err(|e| Error::io("cannot read", &path, e))?.len();
        Ok(Part { file, rows: batch.num_rows() as u64, bytes })
    }

    /// Where a file written before lies, until this is committed or dropped.
    pub fn path_of(&self, part: &Part) -> PathBuf {
        self.folder.path().join(&part.file)
    }

    /// Reads a file written before.
    ///
    /// # Errors
    /// [`Error::System`] where it cannot be read back.
    pub fn read(&self, part: &Part) -> Result<RecordBatch> {
        let path = self.folder.path().join(&part.file);
        let lost = || Error::System(format!("a staged file could not be read back: {}", path.display()));
        let file = File::open(&path).map_err(|e| Error::io("cannot open", &path, e))?;
        let reader =
            parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(file).map_err(|_| lost())?;
        let schema = reader.schema().clone();
        let reader = reader.with_batch_size(1 << 20).build().map_err(|_| lost())?;
        let batches = reader.collect::<std::result::Result<Vec<_>, _>>().map_err(|_| lost())?;
        arrow::compute::concat_batches(&schema, &batches).map_err(|_| lost())
    }

    /// Writes where each row that was set aside stands, in line order: never what it held.
    ///
    /// # Errors
    /// [`Error::Io`] where it cannot be written.
    pub fn quarantine(&self, rows: &[Quarantined], columns: &[String], source: &str) -> Result<()> {
        let path = self.folder.path().join("quarantine.csv");
        let wrong = |e: csv::Error| Error::io("cannot write", &path, e.into());
        let mut writer = csv::Writer::from_path(&path).map_err(wrong)?;
        writer.write_record(["file", "line", "column", "rule"]).map_err(wrong)?;
        for row in rows {
            let column = columns.get(usize::from(row.column)).map_or("row", String::as_str);
            writer.write_record([source, &row.line.to_string(), column, row.rule.word()]).map_err(wrong)?;
        }
        writer.flush().map_err(|e| Error::io("cannot write", &path, e))
    }

    pub(super) fn finish(&self, manifest: &Manifest, folder: &Path) -> Result<()> {
        let path = self.folder.path().join("manifest.json");
        let text =
            serde_json::to_vec_pretty(manifest).map_err(|_| Error::System("the manifest has no JSON form".into()))?;
        fs::write(&path, text).map_err(|e| Error::io("cannot write", &path, e))?;
        fs::rename(self.folder.path(), folder).map_err(|e| Error::io("cannot move a part to", folder, e))?;
        Ok(())
    }
}

/// Writes one batch as one Parquet file, a row group a bucket where it is in bucket order. Without statistics: they would
/// repeat the least and greatest of private values (invariant 8). The bucket alone has them, for queries to skip by: they
/// say which of sixteen numbers the file's own pseudonyms begin with, and nothing of a person.
fn write_parquet(path: &Path, batch: &RecordBatch) -> Result<()> {
    let mut properties = WriterProperties::builder()
        .set_statistics_enabled(EnabledStatistics::None)
        .set_compression(Compression::UNCOMPRESSED)
        .set_offset_index_disabled(true)
        .set_max_row_group_row_count(Some(1 << 20));
    for field in batch.schema().fields() {
        // Pseudonyms are random: a dictionary of them would be built only to be thrown away.
        let dictionary = field.data_type() != &PSEUDONYM;
        properties = properties.set_column_dictionary_enabled(ColumnPath::from(field.name().as_str()), dictionary);
    }
    properties = properties.set_column_statistics_enabled(ColumnPath::from(BUCKET), EnabledStatistics::Chunk);
    let failed = |e: parquet::errors::ParquetError| match e {
        parquet::errors::ParquetError::External(source) => match source.downcast::<std::io::Error>() {
            Ok(io) => Error::io("cannot write", path, *io),
            Err(_) => Error::System(format!("cannot write {}", path.display())),
        },
        _ => Error::System(format!("cannot write {}", path.display())),
    };
    let file = File::create(path).map_err(|e| Error::io("cannot make", path, e))?;
    let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties.build())).map_err(failed)?;
    for run in runs(batch) {
        writer.write(&batch.slice(run.start, run.len())).map_err(failed)?;
        writer.flush().map_err(failed)?;
    }
    writer.close().map_err(failed)?;
    Ok(())
}
