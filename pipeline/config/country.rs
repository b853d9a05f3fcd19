//! Whose identifiers, area codes and column names a fictional board's extracts have. Nothing else in the pipeline knows
//! of countries: what a real board's extracts hold is in its schemas.

use schemars::JsonSchema;
use serde::Deserialize;

/// A country whose extracts can be imitated.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Country {
    /// CHI numbers, data zones, partnerships and health boards; the columns of `schemas/`.
    #[default]
    Scotland,
    /// NHS numbers, LSOAs, sub-ICBs and integrated care boards; the columns of `schemas/england/`.
    England,
}
