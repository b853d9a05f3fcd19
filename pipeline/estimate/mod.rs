//! Takes released vectors.
//! Gives estimates: whole and non-negative, each with a 95% interval for the noise, and rates with intervals that hold
//! the noise of both sides.
//! Never sees a private value: all of it is post-processing, and free.

mod classes;
pub mod count;
pub mod design;
pub mod fit;
pub mod shape;
mod spread;
pub mod whole;

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
    /// The estimate before it was made whole and not negative: unbiased, for re-use. Counts only.
    pub unbiased: Option<f64>,
    /// The standard deviation of the noise in it. Counts only.
    pub error: Option<f64>,
    /// What it is worth.
    pub qualifier: Qualifier,
}

impl Estimate {
    /// There is no such figure: nobody can be counted there, or there is nothing to divide by.
    pub const NOT_APPLICABLE: Estimate =
        Estimate { value: None, interval: None, unbiased: None, error: None, qualifier: Qualifier::NotApplicable };
}

/// A count: its unbiased estimate, the standard deviation of that, and the whole number that is published.
pub fn count(unbiased: f64, error: f64, whole: i64, floor: bool) -> Estimate {
    let reach = 1.96 * error;
    let low = if floor { (unbiased - reach).max(0.0) } else { unbiased - reach };
    let interval = (low.min(whole as f64), (unbiased + reach).max(whole as f64));
    Estimate {
        value: Some(whole as f64),
        interval: Some(interval),
        unbiased: Some(unbiased),
        error: Some(error),
        qualifier: reliability(whole as f64, reach),
    }
}

/// One ratio, times `per`: each side a value and its 97.5% distance. See [`rates`].
pub fn ratio((of, reach_of): (f64, f64), (over, reach_over): (f64, f64), per: f64) -> Estimate {
    // At the interval's lower end the denominator is less than one person: there may be nobody to divide by.
    if over - reach_over < 1.0 {
        return Estimate::NOT_APPLICABLE;
    }
    let value = of / over * per;
    let lower = (of - reach_of).max(0.0) / (over + reach_over) * per;
    let upper = (of + reach_of) / (over - reach_over) * per;
    let qualifier = reliability(value, (value - lower).max(upper - value));
    Estimate { value: Some(value), interval: Some((lower, upper)), unbiased: None, error: None, qualifier }
}

/// The least count that is reliable where 95% of cells have noise within `reach`.
pub fn reliable_from(reach: u64) -> u64 {
    reach.saturating_mul(2)
}

fn reliability(value: f64, reach: f64) -> Qualifier {
    if reach > value.abs() / 2.0 { Qualifier::Unreliable } else { Qualifier::Plain }
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
