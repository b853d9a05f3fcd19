//! Figures as a person reads them, and what may be said of two of them.

use minijinja::context;

use crate::config::published::{Holds, Published};
use crate::error::Result;
use crate::estimate::Estimate;
use crate::look::Pages;
use crate::publish::table::Row;
use crate::publish::text::thousands;

/// A figure as it is drawn: a value within its interval, all finite.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Span {
    /// The value.
    pub value: f64,
    /// The interval's lower end.
    pub lower: f64,
    /// Its upper end.
    pub upper: f64,
}

/// Beyond this nothing is drawn: no figure of a health board comes near, and an axis of it could not be read.
const MOST: f64 = 1e12;

impl Span {
    /// Of a value and its interval; `None` where there is none that can be drawn.
    pub fn new(value: f64, (lower, upper): (f64, f64)) -> Option<Self> {
        let drawn = |it: f64| it.is_finite() && it.abs() <= MOST;
        let (lower, upper) = (lower.min(value), upper.max(value));
        [value, lower, upper].into_iter().all(drawn).then_some(Span { value, lower, upper })
    }

    /// Of a row, to its decimals: what is drawn is what is published.
    pub fn of(row: &Row<'_>) -> Option<Self> {
        let Estimate { value, interval, .. } = row.estimate;
        let (value, (lower, upper)) = (value?, interval?);
        Span::new(row.rounded(value), (row.rounded(lower), row.rounded(upper)))
    }

    /// Whether this is higher than another beyond what their intervals hold.
    pub fn is_above(self, other: Span) -> bool {
        self.lower > other.upper
    }
}

/// A row's figure in full: `1,234 (1,180 to 1,290) [u]`. One that is exact has no interval.
pub fn figure(row: &Row<'_>, words: &Published) -> String {
    in_unit(row, words, "")
}

/// The same in a sentence: with its unit.
pub fn spoken(row: &Row<'_>, words: &Published) -> String {
    in_unit(row, words, &words.words.unit)
}

fn in_unit(row: &Row<'_>, words: &Published, unit: &str) -> String {
    let number = |value: f64| thousands(&row.number(value));
    let value = row.estimate.value.filter(|it| it.is_finite()).map(number);
    let interval = row.estimate.interval.map(|(lower, upper)| (number(lower), number(upper)));
    let interval = interval.filter(|_| words.words.holds != Holds::Nothing);
    joined(value, interval, &row.symbols(), unit)
}

/// A value with its unit, its interval and its symbols, as far as they are there.
pub fn joined(value: Option<String>, interval: Option<(String, String)>, symbols: &str, unit: &str) -> String {
    let in_unit = |value: String| match unit {
        "" | "%" => value + unit,
        "£" => format!("£{value}"),
        unit => format!("{value} {unit}"),
    };
    let interval = interval.filter(|_| value.is_some()).map(|(lower, upper)| format!("({lower} to {upper})"));
    let value = value.map(in_unit);
    let parts = [value, interval, Some(symbols.to_owned()).filter(|it| !it.is_empty())];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// A figure's heading over a column: its label, and its unit where that does not say it.
pub fn heading(words: &Published) -> String {
    let (label, unit) = (&words.words.label, &words.words.unit);
    let said = unit.is_empty() || label.to_lowercase().contains(&unit.to_lowercase());
    if said { label.clone() } else { format!("{label} ({unit})") }
}

/// One of two things that are held against each other.
pub struct Side<'a> {
    /// What it is.
    pub name: &'a str,
    /// Its figure.
    pub span: Span,
    /// The same in words.
    pub text: &'a str,
}

/// What two things are to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pair {
    /// Two of a kind.
    Two,
    /// The highest and the lowest of several.
    Ends,
    /// The same thing before and after.
    Times,
}

/// What may be said of the two: that one is higher only where their intervals are apart.
///
/// # Errors
/// As [`Pages::say`].
pub fn compared(
    pages: &Pages,
    words: &Published,
    place: &str,
    [first, second]: [Side<'_>; 2],
    kind: Pair,
) -> Result<String> {
    let rising = first.span.value < second.span.value;
    let (high, low) = if rising { (&second, &first) } else { (&first, &second) };
    let apart = high.span.is_above(low.span);
    let key = match (apart, kind) {
        (true, Pair::Two) => "chart_higher",
        (true, Pair::Ends) => "chart_ends",
        (true, Pair::Times) if rising => "chart_rose",
        (true, Pair::Times) => "chart_fell",
        (false, _) => "chart_no_difference",
    };
    let said = context! {
        figure => &words.words.label, place => place,
        high => high.name, high_value => high.text, low => low.name, low_value => low.text,
    };
    let said = pages.say(key, said)?;
    if words.words.holds == Holds::Nothing {
        return Ok(said);
    }
    let intervals = pages.say(if apart { "chart_apart" } else { "chart_overlap" }, ())?;
    Ok(format!("{said} {intervals}"))
}

/// Words in lines of at most so many letters, where words allow.
pub fn wrapped(text: &str, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = vec![String::new()];
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.chars().count() + 1 + word.chars().count() <= most => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
