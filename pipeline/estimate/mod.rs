//! Takes released vectors.
//! Gives estimates: whole and non-negative, each with a 95% interval for the noise, and rates with intervals that hold
//! the noise of both sides.
//! Never sees a private value: all of it is post-processing, and free.

pub mod inequality;
pub mod interval;
pub mod quantile;
pub mod ratio;
pub mod reliability;
pub mod shape;
pub mod small_numbers;
mod spread;
pub mod standard;

use crate::error::{Error, Result};
use crate::privacy::Released;

/// What a published figure is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Qualifier {
    /// Nothing to add.
    Plain,
    /// Low reliability: the interval reaches further than half the value to either side.
    Unreliable,
    /// Not applicable: the denominator may be zero.
    NotApplicable,
}

impl Qualifier {
    /// The symbol in a `...QF` column.
    pub fn symbol(self) -> &'static str {
        match self {
            Qualifier::Plain => "",
            Qualifier::Unreliable => "u",
            Qualifier::NotApplicable => "z",
        }
    }
}

/// One published figure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The value; `None` where there is none to give.
    pub value: Option<f64>,
    /// The 95% interval.
    pub interval: Option<(f64, f64)>,
    /// The noised measurement as drawn: unbiased, and it may be negative. Counts only.
    pub unbiased: Option<i64>,
    /// What it is worth.
    pub qualifier: Qualifier,
}

/// A measure's estimates, one a cell. `floor`: the least that a cell can be.
///
/// The interval is the released value and the distance that the noise stays within 95 times in 100. A value
/// below the floor is published as the floor, and its interval reaches from there as far as the floor's
/// would: wider than it need be, so that the truth is still in it at least 95 times in 100, cell by cell.
///
/// # Errors
/// [`Error::Privacy`] where the noise has no such distance.
pub fn counts(released: &Released, floor: i64) -> Result<Vec<Estimate>> {
    let reach = i64::try_from(released.calibrated().accuracy(0.05)?).map_err(|_| too_wide())?;
    let estimate = |&unbiased: &i64| {
        let value = unbiased.max(floor);
        let interval = (unbiased.saturating_sub(reach).max(floor), value.saturating_add(reach));
        Estimate {
            value: Some(value as f64),
            interval: Some((interval.0 as f64, interval.1 as f64)),
            unbiased: Some(unbiased),
            qualifier: reliability(value as f64, reach as f64),
        }
    };
    Ok(released.values().iter().map(estimate).collect())
}

/// Ratios of cells, times `per`. `over_cell` gives, for each cell of `of`, its cell of `over`.
///
/// Each side is within its 97.5% distance at least 97.5 times in 100, so both are at least 95 times in 100 (Bonferroni),
/// and then the ratio is between the least numerator over the greatest denominator and the reverse.
///
/// # Errors
/// [`Error::Privacy`] where the noise has no such distance, or the cells do not match.
pub fn rates(of: &Released, over: &Released, over_cell: &[usize], per: u32) -> Result<Vec<Estimate>> {
    let (reach_of, reach_over) = (of.calibrated().accuracy(0.025)? as f64, over.calibrated().accuracy(0.025)? as f64);
    if over_cell.len() != of.values().len() || over_cell.iter().any(|&cell| cell >= over.values().len()) {
        return Err(Error::Privacy("a rate's numerator and denominator have different cells".into()));
    }
    let estimate = |(&of, &cell): (&i64, &usize)| {
        ratio((of.max(0) as f64, reach_of), (over.values()[cell] as f64, reach_over), f64::from(per))
    };
    Ok(of.values().iter().zip(over_cell).map(estimate).collect())
}

/// One ratio, times `per`: each side a value and its 97.5% distance. See [`rates`].
pub fn ratio((of, reach_of): (f64, f64), (over, reach_over): (f64, f64), per: f64) -> Estimate {
    // At the interval's lower end the denominator is less than one person: there may be nobody to divide by.
    if over - reach_over < 1.0 {
        return Estimate { value: None, interval: None, unbiased: None, qualifier: Qualifier::NotApplicable };
    }
    let value = of / over * per;
    let lower = (of - reach_of).max(0.0) / (over + reach_over) * per;
    let upper = (of + reach_of) / (over - reach_over) * per;
    let qualifier = reliability(value, (value - lower).max(upper - value));
    Estimate { value: Some(value), interval: Some((lower, upper)), unbiased: None, qualifier }
}

/// The least count that is reliable where 95% of cells have noise within `reach`.
pub fn reliable_from(reach: u64) -> u64 {
    reach.saturating_mul(2)
}

fn reliability(value: f64, reach: f64) -> Qualifier {
    if reach > value.abs() / 2.0 { Qualifier::Unreliable } else { Qualifier::Plain }
}

fn too_wide() -> Error {
    Error::Privacy("the noise is too wide for 64 bits".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_reliable_from_twice_the_reach() {
        for reach in [1u64, 2, 7, 600] {
            let least = reliable_from(reach) as f64;
            assert_eq!(reliability(least, reach as f64), Qualifier::Plain);
            assert_eq!(reliability(least - 1.0, reach as f64), Qualifier::Unreliable);
        }
    }
}
