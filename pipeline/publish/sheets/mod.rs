//! One workbook a report, as OpenDocument and as Excel: both written from one model, which follows the guidance of the
//! UK's Government Analysis Function on releasing statistics in spreadsheets.
//!
//! **Invariant**: no cell holds a formula. What is text is written as text, whatever it begins with.

mod archive;
mod build;
mod grid;
mod model;
mod ods;
mod tables;
mod text;
mod xlsx;

#[cfg(test)]
#[path = "tests/mod.rs"]
mod tests;

use super::edition::{Edition, Story};
use super::names;
use super::pack::NewFile;
use crate::config::board::Format;
use crate::error::Result;

/// A report's OpenDocument spreadsheet; `formats` are those of the pack, where what is too large for a sheet is found.
///
/// # Errors
/// As [`build::workbook`] and [`ods::write`].
pub(super) fn ods(edition: &Edition, story: &Story, formats: &[Format]) -> Result<Vec<NewFile>> {
    let book = build::workbook(edition, story, formats)?;
    Ok(vec![(names::book(&story.name, "ods"), ods::write(&book)?)])
}

/// A report's Excel workbook.
///
/// # Errors
/// As [`build::workbook`] and [`xlsx::write`].
pub(super) fn xlsx(edition: &Edition, story: &Story, formats: &[Format]) -> Result<Vec<NewFile>> {
    let book = build::workbook(edition, story, formats)?;
    Ok(vec![(names::book(&story.name, "xlsx"), xlsx::write(&book)?)])
}
