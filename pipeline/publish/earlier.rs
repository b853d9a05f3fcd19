//! Packs of earlier quarters, read back as anyone can: through their manifests, and never without the hash that each
//! states of its files. What is made of them is post-processing, for they hold released figures alone.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::Float64Type;
use csv::StringRecord;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::manifest::{File, Manifest};
use super::names::{self, MANIFEST};
use super::table::{ALL, Table};
use crate::config::quarter::Quarter;
use crate::error::{Error, Result};
use crate::origin::delivery::hex;

/// What has been published of the quarters before one, oldest first. A quarter that was not published is not there.
#[derive(Debug)]
pub struct Past {
    packs: Vec<Earlier>,
    quarter: Quarter,
    series: u32,
}

/// One earlier pack.
#[derive(Debug)]
pub struct Earlier {
    folder: PathBuf,
    quarter: Quarter,
    manifest: Known,
}

/// What is needed of a manifest; those of earlier versions lack some of it.
#[derive(Debug, Deserialize)]
struct Known {
    area_lookup: Option<String>,
    releases: Vec<KnownRelease>,
    files: Vec<File>,
}

#[derive(Debug, Deserialize)]
struct KnownRelease {
    report: String,
    meaning: Option<String>,
}

/// What the figures of a report rest on: where two quarters differ in it, there is a break between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vintage {
    lookup: Option<String>,
    meaning: Option<String>,
}

impl Vintage {
    #[cfg(test)]
    pub(super) fn known(lookup: Option<&str>, meaning: Option<&str>) -> Self {
        Vintage { lookup: lookup.map(str::to_owned), meaning: meaning.map(str::to_owned) }
    }

    /// Of a report of the pack that a manifest is of.
    pub fn of(manifest: &Manifest, report: &str) -> Self {
        let release = manifest.releases.iter().find(|release| release.report == report);
        Vintage { lookup: Some(manifest.area_lookup.clone()), meaning: release.map(|it| it.meaning.clone()) }
    }
}

impl Past {
    /// Finds the packs under `to`: as many quarters back as a series of `series` quarters has, `quarter` included, and one
    /// at least.
    ///
    /// # Errors
    /// [`Error::System`] where a manifest cannot be read as one; [`Error::Io`] where the disk refuses.
    pub fn find(to: &Path, quarter: Quarter, series: u32) -> Result<Self> {
        let back = series.saturating_sub(1).max(1);
        let packs = (1..=back).rev().map(|n| Earlier::find(to, quarter.before(n)));
        Ok(Past { packs: packs.filter_map(Result::transpose).collect::<Result<_>>()?, quarter, series })
    }

    /// Reads everything once that will be needed of these reports and levels, so that a pack that was changed stops a run
    /// before it spends.
    ///
    /// # Errors
    /// As [`Earlier::rows`].
    pub fn verify(&self, reports: &[&str], levels: &[&str]) -> Result<()> {
        for pack in &self.packs {
            for (report, level) in reports.iter().flat_map(|report| levels.iter().map(move |level| (report, level))) {
                pack.file(report, level)?;
            }
        }
        Ok(())
    }

    /// The pack of the quarter just before.
    pub fn before(&self) -> Option<&Earlier> {
        self.packs.last().filter(|pack| pack.quarter == self.quarter.before(1))
    }

    /// What `table` was in each quarter that a series has, oldest first, with what it rested on then; `None` where no
    /// series is wanted.
    ///
    /// # Errors
    /// As [`Earlier::rows`].
    pub(super) fn of_table(&self, table: &Table) -> Result<Option<Vec<Part>>> {
        let Some(back) = self.series.checked_sub(1) else { return Ok(None) };
        let mut parts = Vec::new();
        for pack in self.packs.iter().filter(|pack| pack.quarter >= self.quarter.before(back)) {
            if let (Some(vintage), Some(rows)) = (pack.vintage(&table.report), pack.rows(table)?) {
                parts.push((vintage, rows));
            }
        }
        Ok(Some(parts))
    }
}

/// A table as it was in one quarter, and what it rested on then.
pub(super) type Part = (Vintage, Vec<StringRecord>);

/// Quarters one after another, each with whether it rests on other things than the one before it; and whether this one,
/// which rests on `own`, does.
pub(super) fn breaks<T>(parts: Vec<(Vintage, T)>, own: &Vintage) -> (Vec<(bool, T)>, bool) {
    let (mut before, mut found) = (None, Vec::new());
    for (vintage, part) in parts {
        found.push((before.as_ref().is_some_and(|before| *before != vintage), part));
        before = Some(vintage);
    }
    (found, before.is_some_and(|before| before != *own))
}

impl Earlier {
    fn find(to: &Path, quarter: Quarter) -> Result<Option<Self>> {
        let folder = to.join(quarter.to_string());
        if !folder.exists() {
            return Ok(None);
        }
        let path = folder.join(MANIFEST);
        let text = fs::read(&path).map_err(|e| Error::io("cannot read", &path, e))?;
        let manifest = serde_json::from_slice(&text).map_err(|_| changed(&folder, quarter, MANIFEST))?;
        Ok(Some(Earlier { folder, quarter, manifest }))
    }

    /// What a report's figures rest on here; `None` where the pack lacks the report.
    pub fn vintage(&self, report: &str) -> Option<Vintage> {
        let release = self.manifest.releases.iter().find(|release| release.report == report)?;
        Some(Vintage { lookup: self.manifest.area_lookup.clone(), meaning: release.meaning.clone() })
    }

    /// The rows of the table that `table` was in this quarter, in its columns; `None` where the pack lacks it. Figures by
    /// a dimension that the table no longer has are left out; one that it did not have then is over all values.
    ///
    /// # Errors
    /// [`Error::System`] where the file is not the one that its manifest lists.
    pub fn rows(&self, table: &Table) -> Result<Option<Vec<StringRecord>>> {
        let Some((name, bytes)) = self.file(&table.report, &table.level)? else { return Ok(None) };
        let unreadable = || changed(&self.folder, self.quarter, &name);
        let sheet = match name.ends_with(".csv") {
            true => Sheet::of_csv(&bytes),
            false => fs::File::open(self.folder.join(&name)).ok().and_then(|file| Sheet::of_parquet(file, table)),
        };
        sheet.and_then(|sheet| sheet.aligned(&table.columns())).map(Some).ok_or_else(unreadable)
    }

    /// A table's file and its content, as its manifest has it.
    fn file(&self, report: &str, level: &str) -> Result<Option<(String, Vec<u8>)>> {
        let names = ["csv", "parquet"].map(|ending| names::table(report, level, ending));
        let listed = names.iter().find_map(|name| self.manifest.files.iter().find(|file| file.name == *name));
        let Some(listed) = listed else { return Ok(None) };
        let bytes = fs::read(self.folder.join(&listed.name)).unwrap_or_default();
        match hex(&Sha256::digest(&bytes)) == listed.sha256 {
            true => Ok(Some((listed.name.clone(), bytes))),
            false => Err(changed(&self.folder, self.quarter, &listed.name)),
        }
    }
}

fn changed(folder: &Path, quarter: Quarter, file: &str) -> Error {
    Error::System(format!(
        "the pack of {quarter}, {}, was changed after it was published: {file} is not as its manifest says. Put the pack \
         back, or run the quarter again (`--quarter {quarter}`), which costs nothing while its extracts are the same; \
         series and changes are made of it",
        folder.display()
    ))
}

/// A published table as text.
struct Sheet {
    columns: Vec<String>,
    rows: Vec<StringRecord>,
}

impl Sheet {
    fn of_csv(bytes: &[u8]) -> Option<Self> {
        let mut reader = csv::Reader::from_reader(bytes);
        let columns = reader.headers().ok()?.iter().map(str::to_owned).collect();
        Some(Sheet { columns, rows: reader.into_records().collect::<Result<_, _>>().ok()? })
    }

    /// Numbers in Parquet have no decimals of their own: they are shown with those that the figure has now.
    fn of_parquet(file: fs::File, table: &Table) -> Option<Self> {
        let decimals =
            table.blocks.iter().map(|block| (block.figure.as_str(), block.decimals)).collect::<HashMap<_, _>>();
        let reader = ParquetRecordBatchReaderBuilder::try_new(file).ok()?;
        let columns = reader.schema().fields().iter().map(|field| field.name().clone()).collect::<Vec<_>>();
        let mut rows = Vec::new();
        for batch in reader.build().ok()? {
            let batch = batch.ok()?;
            let figures = batch.column_by_name("Figure")?.as_string_opt::<i32>()?.clone();
            for row in 0..batch.num_rows() {
                let own = decimals.get(figures.value(row)).copied();
                let fields = (0..columns.len()).map(|column| field(&batch, &columns[column], column, row, own));
                rows.push(fields.collect::<Option<Vec<_>>>()?.into());
            }
        }
        Some(Sheet { columns, rows })
    }

    /// The rows in other columns: an area stands first in both, whatever it is called.
    fn aligned(self, columns: &[String]) -> Option<Vec<StringRecord>> {
        let (area, dimensions) = (1..3, |columns: &[String]| columns.iter().position(|name| name == "Figure"));
        let (own, wanted) = (dimensions(&self.columns)?, dimensions(columns)?);
        let place = |(at, name): (usize, &String)| match area.contains(&at) {
            true => Some(at),
            false => self.columns.iter().position(|known| known == name),
        };
        let places = columns.iter().enumerate().map(place).collect::<Vec<_>>();
        let gone = (3..own).step_by(2).filter(|at| !columns[..wanted].contains(&self.columns[*at])).collect::<Vec<_>>();
        let absent = |at: usize| match (at < wanted, columns[at].ends_with("QF")) {
            (true, false) => ALL,
            (true, true) => "d",
            (false, _) => "",
        };
        let rows = self.rows.iter().filter(|row| gone.iter().all(|at| row.get(*at) == Some(ALL)));
        let fields = |row: &StringRecord| {
            let field = |(at, place): (usize, &Option<usize>)| match place {
                Some(place) => row.get(*place).unwrap_or_default().to_owned(),
                None => absent(at).to_owned(),
            };
            places.iter().enumerate().map(field).collect::<Vec<_>>().into()
        };
        Some(rows.map(fields).collect())
    }
}

/// One field of a batch as CSV has it.
fn field(batch: &RecordBatch, name: &str, column: usize, row: usize, decimals: Option<u32>) -> Option<String> {
    let values = batch.column(column);
    if let Some(texts) = values.as_string_opt::<i32>() {
        return Some(texts.value(row).to_owned());
    }
    let numbers = values.as_primitive_opt::<Float64Type>()?;
    if numbers.is_null(row) {
        return Some(String::new());
    }
    let decimals = if ["Unbiased", "StandardError"].contains(&name) { Some(2) } else { decimals };
    let value = numbers.value(row);
    Some(decimals.map_or_else(|| value.to_string(), |decimals| format!("{value:.*}", decimals as usize)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sheet(columns: &[&str], rows: &[&[&str]]) -> Sheet {
        let rows = rows.iter().map(|row| StringRecord::from(row.to_vec())).collect();
        Sheet { columns: columns.iter().map(|name| (*name).to_owned()).collect(), rows }
    }

    fn named(columns: &[&str]) -> Vec<String> {
        columns.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn columns_are_found_by_name_and_areas_by_place() {
        let before = sheet(
            &["Quarter", "HB", "HBQF", "Sex", "SexQF", "Figure", "Value"],
            &[&["Q", "A", "", "F", "", "referred", "3"], &["Q", "A", "", "All", "d", "referred", "7"]],
        );
        let now = named(&["Quarter", "Board", "BoardQF", "Age", "AgeQF", "Figure", "Value", "ValueQF"]);
        let rows = before.aligned(&now).unwrap();
        // The row by sex has no place any more; nothing was by age then.
        assert_eq!(rows, [StringRecord::from(vec!["Q", "A", "", "All", "d", "referred", "7", ""])]);
    }

    #[test]
    fn what_is_no_table_is_none() {
        assert!(Sheet::of_csv(b"a,b\n1\n").is_none());
        assert!(sheet(&["Quarter"], &[]).aligned(&named(&["Quarter", "Figure"])).is_none());
    }
}
