//! `smirr schema`: what an editor needs to help with the YAML.

use smirr::config::editor::Kind;
use smirr::error::Result;

use super::print;

/// Prints the JSON Schema of one kind of YAML.
///
/// # Errors
/// Where it cannot be written.
pub fn run(kind: Kind) -> Result<()> {
    print(&kind.text())
}
