//! What counts as the truth of made-up people: noise that is 0, but for odds that nobody lives to see.
//!
//! The kernel knows no measurement without noise, and none is made for this. A ledger has to bear the loss, and no board's
//! does: only the rooms that make their own people, key, store and ledger come here, which a test of the architecture holds
//! them to.

use crate::error::Result;
use crate::privacy::{Bounds, Calibrated, Definition, Exact, Loss, calibrate};

/// The scale of the noise: 0 in a cell, but for odds of 2e-34.
const SCALE: f64 = 0.08;

/// Noise that is 0 in every cell, at a loss that only made-up people can bear.
///
/// # Errors
/// [`crate::error::Error::Privacy`] where it cannot be calibrated.
pub fn next_to_none(bounds: &Bounds) -> Result<Calibrated> {
    let rho = bounds.l2() * bounds.l2() / (2.0 * SCALE * SCALE);
    calibrate(&Loss::new(Definition::ZConcentrated, Exact::from_f64_up(rho)?), bounds)
}
