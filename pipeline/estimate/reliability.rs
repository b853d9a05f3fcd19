//! Takes published figures and the author's rules.
//! Gives each its mark: what a reader may make of it.
//! Never sees a private value: a rule on true values would give them away.

use super::interval::Figure;

/// The author's rules, all on released values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rules {
    /// A figure is of low reliability where its interval reaches further to one side than this share of its value.
    pub unreliable_when_half_width_over: f64,
    /// And is not published where it reaches further than this share.
    pub withhold_when_half_width_over: Option<f64>,
}

impl Default for Rules {
    fn default() -> Self {
        Rules { unreliable_when_half_width_over: 0.5, withhold_when_half_width_over: None }
    }
}

/// What is said beside a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// Nothing: it can be read as it stands.
    Plain,
    /// It rounds to zero, but is not zero.
    Low,
    /// Low reliability.
    Unreliable,
    /// Not available: the rules withhold it.
    Withheld,
    /// Not applicable: there is no figure, as the denominator may be zero.
    NotApplicable,
}

impl Mark {
    /// The symbol in a `...QF` column; tables show it in brackets.
    pub fn symbol(self) -> &'static str {
        match self {
            Mark::Plain => "",
            Mark::Low => "low",
            Mark::Unreliable => "u",
            Mark::Withheld => "x",
            Mark::NotApplicable => "z",
        }
    }

    /// Whether the value stands beside the mark.
    pub fn shows_value(self) -> bool {
        matches!(self, Mark::Plain | Mark::Low | Mark::Unreliable)
    }
}

impl Rules {
    /// The mark of a figure that is shown with so many decimals. Of two that apply, the one that says more: withheld,
    /// then unreliable, then low. Small numbers are not judged here, for they depend on the table that they stand in.
    pub fn mark(&self, figure: Option<&Figure>, decimals: u32) -> Mark {
        let Some(figure) = figure else { return Mark::NotApplicable };
        let size = figure.value().abs();
        if self.withhold_when_half_width_over.is_some_and(|share| figure.reach() > share * size) {
            Mark::Withheld
        } else if figure.reach() > self.unreliable_when_half_width_over * size {
            Mark::Unreliable
        } else if size > 0.0 && size < 0.5 * 0.1f64.powi(decimals.min(300) as i32) {
            Mark::Low
        } else {
            Mark::Plain
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_marked_by_the_rules() {
        let plain = Rules::default();
        let strict = Rules { withhold_when_half_width_over: Some(1.0), ..plain };
        let lax = Rules { unreliable_when_half_width_over: 2.0, ..plain };
        // Value, interval, decimals; mark by the default rules, by strict and by lax ones.
        let table = [
            ((100.0, 60.0, 150.0), 0, [Mark::Plain, Mark::Plain, Mark::Plain]), // 50 is half of 100, not more
            ((100.0, 60.0, 151.0), 0, [Mark::Unreliable, Mark::Unreliable, Mark::Plain]),
            ((100.0, 49.0, 120.0), 0, [Mark::Unreliable, Mark::Unreliable, Mark::Plain]),
            ((100.0, 0.0, 201.0), 0, [Mark::Unreliable, Mark::Withheld, Mark::Plain]),
            ((-100.0, -151.0, -60.0), 0, [Mark::Unreliable, Mark::Unreliable, Mark::Plain]),
            ((0.0, 0.0, 4.0), 0, [Mark::Unreliable, Mark::Withheld, Mark::Unreliable]),
            ((0.0, 0.0, 0.0), 0, [Mark::Plain, Mark::Plain, Mark::Plain]), // a public zero
            ((0.04, 0.03, 0.05), 1, [Mark::Low, Mark::Low, Mark::Low]),
            ((0.04, 0.03, 0.05), 2, [Mark::Plain, Mark::Plain, Mark::Plain]),
            ((0.05, 0.04, 0.06), 1, [Mark::Plain, Mark::Plain, Mark::Plain]),
            ((0.04, 0.0, 0.07), 1, [Mark::Unreliable, Mark::Unreliable, Mark::Low]),
        ];
        for ((value, lower, upper), decimals, marks) in table {
            let figure = Figure::new(value, lower, upper).unwrap();
            let found = [plain, strict, lax].map(|rules| rules.mark(Some(&figure), decimals));
            assert_eq!(found, marks, "{value} ({lower} to {upper})");
        }
        assert_eq!(strict.mark(None, 0), Mark::NotApplicable);
    }

    #[test]
    fn a_mark_that_hides_the_value_says_so() {
        let all = [Mark::Plain, Mark::Low, Mark::Unreliable, Mark::Withheld, Mark::NotApplicable];
        assert_eq!(all.map(Mark::symbol), ["", "low", "u", "x", "z"]);
        assert_eq!(all.map(Mark::shows_value), [true, true, true, false, false]);
    }
}
