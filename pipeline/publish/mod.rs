//! Takes estimates over public grids, and what the run knows of itself.
//! Gives a pack: tidy CSV and Parquet a table, its series with earlier quarters, a privacy label and a manifest; complete under its final name or not there at all.
//! Never sees a private value: its input types hold none.

pub mod charts;
pub mod earlier;
pub mod edition;
pub mod label;
mod manifest;
mod metadata;
mod pack;
mod page;
mod series;
mod sheets;
mod table;
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
