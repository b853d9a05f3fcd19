//! Figures as a person reads them, and what may be said of two of them.

use minijinja::context;

use crate::config::published::{Holds, Published};
use crate::error::Result;
use crate::estimate::Estimate;
use crate::look::Pages;
use crate::publish::table::Row;

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

/// A number with its thousands apart.
pub fn grouped(number: &str) -> String {
    let (whole, rest) = number.find('.').map_or((number, ""), |at| number.split_at(at));
    let (sign, digits) = whole.strip_prefix('-').map_or(("", whole), |digits| ("-", digits));
    let mut out = sign.to_owned();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out + rest
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
    let number = |value: f64| grouped(&row.number(value));
    let symbols = match row.qualifier() {
        "" => String::new(),
        symbols => format!("[{symbols}]"),
    };
    let value =
        row.estimate.value.filter(|it| it.is_finite()).map(|value| format!("{}{}", number(value), spaced(unit)));
    let exact = words.words.holds == Holds::Nothing;
    let interval = row.estimate.interval.filter(|_| !exact && value.is_some());
    let interval = interval.map(|(lower, upper)| format!("({} to {})", number(lower), number(upper)));
    let parts = [value, interval, Some(symbols).filter(|it| !it.is_empty())];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

fn spaced(unit: &str) -> String {
    match unit {
        "" | "%" => unit.to_owned(),
        unit => format!(" {unit}"),
    }
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

/// What may be said of the two: the higher first. `ends`: they are the highest and the lowest of several.
///
/// # Errors
/// As [`Pages::say`].
pub fn compared(pages: &Pages, figure: &str, place: &str, pair: [Side<'_>; 2], ends: bool) -> Result<String> {
    let [a, b] = pair;
    let (high, low) = if a.span.value >= b.span.value { (a, b) } else { (b, a) };
    let key = match (high.span.is_above(low.span), ends) {
        (true, false) => "chart_higher",
        (true, true) => "chart_ends",
        (false, _) => "chart_no_difference",
    };
    let said = context! {
        figure => figure, place => place,
        high => high.name, high_value => high.text, low => low.name, low_value => low.text,
    };
    pages.say(key, said)
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
