//! Takes released vectors.
//! Gives estimates: whole and non-negative, each with a 95% interval for the noise, and rates with intervals that hold
//! the noise of both sides.
//! Never sees a private value: all of it is post-processing, and free.

mod classes;
pub mod count;
pub mod design;
pub mod fit;
pub mod inequality;
pub mod interval;
pub mod quantile;
pub mod ratio;
pub mod reliability;
pub mod shape;
pub mod small_numbers;
mod spread;
pub mod standard;
pub mod whole;

use interval::Figure;
use reliability::{Mark, Rules};

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
    /// What a reader may make of it.
    pub mark: Mark,
}

impl Estimate {
    /// There is no such figure: nobody can be counted there, or there is nothing to divide by.
    pub const NOT_APPLICABLE: Estimate = Estimate::without(Mark::NotApplicable);
    /// The rules withhold it.
    pub const WITHHELD: Estimate = Estimate::without(Mark::Withheld);

    const fn without(mark: Mark) -> Self {
        Estimate { value: None, interval: None, unbiased: None, error: None, mark }
    }

    /// A figure by the author's rules, to be shown with so many decimals; not applicable where there is none.
    pub fn of(figure: Option<Figure>, rules: &Rules, decimals: u32) -> Self {
        let mark = rules.mark(figure.as_ref(), decimals);
        match figure.filter(|_| mark.shows_value()) {
            Some(figure) => {
                Estimate { value: Some(figure.value()), interval: Some(figure.interval()), ..Estimate::without(mark) }
            }
            None => Estimate::without(mark),
        }
    }

    /// A count, with what is behind it: nothing where it is not shown.
    pub fn counted(self, unbiased: f64, error: Option<f64>) -> Self {
        match self.value {
            Some(_) => Estimate { unbiased: Some(unbiased), error, ..self },
            None => self,
        }
    }
}
