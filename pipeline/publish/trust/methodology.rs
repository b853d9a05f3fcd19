//! How the figures are made, under the headings that open data ask for: generated from the run, so that it is never stale.

use minijinja::context;

use super::super::edition::Edition;
use super::super::names::METHODOLOGY;
use super::super::pack::NewFile;
use super::facts::Facts;
use crate::error::Result;
use crate::look::Pages;

/// `methodology.html`.
///
/// # Errors
/// As [`Pages`].
pub fn methodology(edition: &Edition) -> Result<Vec<NewFile>> {
    let facts = Facts::of(edition)?;
    let pages = Pages::new(&edition.look, &super::TEMPLATES)?;
    let page = pages.page(
        METHODOLOGY,
        context! {
            revised => edition.stories.iter().any(|story| story.revises.is_some()),
            ..facts.common(edition)
        },
    )?;
    Ok(vec![(METHODOLOGY.into(), page.into_bytes())])
}
