//! Takes estimates over public grids, and what the run knows of itself.
//! Gives a pack: pages, workbooks, tidy tables with their metadata, a privacy label and a manifest; complete under its final name or not there at all.
//! Never sees a private value: its input types hold none.
//!
//! | in the order of the work | |
//! |---|---|
//! | [`edition`], `table`, [`label`], `manifest` | what one run publishes, before it has a form: all that follows is made of an [`edition::Edition`] and is a function of it alone |
//! | [`earlier`], `series`, [`trends`] | packs of earlier quarters, read back for the tables' series and for the charts of trends |
//! | [`charts`], `page` | pictures with their sentences and tables; `index.html`, which holds them |
//! | `sheets` | a workbook a report, as OpenDocument and as Excel |
//! | `tidy`, `metadata` | tables and series as CSV and Parquet; lists of codes, CSVW and the data package |
//! | [`trust`] | the privacy label and the methodology as pages |
//! | `names`, `text` | what all of these call a file, and how they write a number, a symbol and text in markup |
//! | `pack` | `jobs`: the one table of outputs. Runs them on all threads, hashes what they give, and moves the whole to its place |
//! | `verify` | a pack as it was received, held against its own manifest |
//!
//! A new output is a file here and a line in `jobs`; a new sentence is a key in `look/strings.yaml`.

pub mod charts;
pub mod earlier;
pub mod edition;
pub mod label;
mod manifest;
mod metadata;
mod names;
mod pack;
mod page;
mod series;
mod sheets;
mod table;
mod text;
mod tidy;
pub mod trends;
pub mod trust;
mod verify;

pub use manifest::{File, Manifest, Release};
pub use pack::{Pack, refuse_no_place, write_pack};
pub use table::{ALL, Block, Row, Table};
pub use verify::{Verified, verify};

use crate::config::look::Look;
use crate::error::Result;
use crate::look::Pages;

/// Reads all that the board's look has of its own for what is published: to be asked before anything is spent.
///
/// # Errors
/// As [`Pages::new`].
pub fn refuse_faulty(look: &Look) -> Result<()> {
    let templates = [&page::TEMPLATES[..], &trust::TEMPLATES[..]].concat();
    Pages::new(look, &templates).map(|_| ())
}
