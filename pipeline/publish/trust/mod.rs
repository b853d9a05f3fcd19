//! Pages that say why the figures can be trusted: the privacy label for readers, and how the figures are made.
//!
//! Every number on them is a fact of `privacy.json` or `manifest.json`, and carries the place where it stands there, in
//! `data-fact`: what a page says, anyone can check against the same pack.

mod accuracy;
mod facts;
pub mod method;
mod methodology;
mod privacy;

/// The two pages.
pub(super) const TEMPLATES: [(&str, &str); 2] =
    [("privacy.html", include_str!("privacy.html")), ("methodology.html", include_str!("methodology.html"))];

pub use accuracy::published;
pub(super) use methodology::methodology;
pub(super) use privacy::privacy;
