//! One field of one row: text to a typed cell, with the rule that it breaks or the repair that it takes.
//! Pure functions over bytes; nothing here knows of files, rows or what happens next.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{Datelike, NaiveDate};

use super::rule::{Repair, Rule};
use super::{check_digit, linkage_key};
use crate::pseudonymise::Digest;
use crate::schema::is_publishable;

/// What a field turned into. `Blank` where the text was blank or could not be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cell<'a> {
    /// Nothing.
    Blank,
    /// Ten checked digits.
    Number([u8; 10]),
    /// An identifier or a text, as it stands.
    Bytes(&'a [u8]),
    /// A code's place in its list, a reference's row, days since 1970-01-01, or a whole number.
    Int(i64),
}

/// A field as read: its cell, what was mended, and the rule it breaks, if any.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Read<'a> {
    /// The value, as far as one could be read; what a `warn` keeps.
    pub cell: Cell<'a>,
    /// At most one repair beside spaces.
    pub repair: Option<Repair>,
    /// The first rule that the field breaks.
    pub breach: Option<Rule>,
}

impl<'a> Read<'a> {
    pub(super) fn good(cell: Cell<'a>) -> Self {
        Read { cell, repair: None, breach: None }
    }
    pub(super) fn mended(cell: Cell<'a>, repair: Repair) -> Self {
        Read { cell, repair: Some(repair), breach: None }
    }
    pub(super) fn bad(rule: Rule) -> Self {
        Read { cell: Cell::Blank, repair: None, breach: Some(rule) }
    }
}

/// How a column's text becomes a cell.
#[derive(Debug, Clone)]
pub enum Convert {
    /// Ten digits by modulus 11; nine get their leading zero back.
    TenDigits,
    /// A statistical linkage key, SLK-581.
    Slk581 {
        /// First and last day of birth, inclusive.
        born: (i64, i64),
    },
    /// A digest that a sender made: 64 hexadecimal digits.
    Digest {
        /// Digests that stand for a blank.
        of_nothing: Vec<Digest>,
    },
    /// Any text that is not blank.
    Token,
    /// A practice code; a row of the public practices, where those are given.
    PracticeCode {
        /// The public practices.
        practices: Option<Arc<Reference>>,
        /// `#` is a digit, `@` a capital letter; none where the code has the check digit of Scottish ones.
        pattern: Option<Vec<u8>>,
    },
    /// A place in a closed list.
    Code(Vec<Vec<u8>>),
    /// A row of a public table.
    Reference(Arc<Reference>),
    /// Days since 1970-01-01.
    Date {
        /// Also `dd/mm/yyyy`.
        day_first: bool,
        /// Least and greatest day, inclusive.
        between: (i64, i64),
    },
    /// A whole number of the smallest unit.
    Whole {
        /// Digits after the point that are kept.
        places: u8,
        /// Least and greatest, inclusive, in the smallest unit.
        between: (i64, i64),
    },
    /// A code of a known shape, kept as text.
    Area {
        /// `#` is a digit, `@` a capital letter; none where any text will do.
        pattern: Option<Vec<u8>>,
        /// Retired code to its successor.
        retired: HashMap<Vec<u8>, Vec<u8>>,
    },
    /// Text, kept as it is.
    Text,
}

/// A public table's keys, for those columns that refer to it.
#[derive(Debug, Default)]
pub struct Reference {
    /// Key to row.
    pub rows: HashMap<Vec<u8>, u32>,
    /// Retired code to its successor.
    pub retired: HashMap<Vec<u8>, Vec<u8>>,
    /// Codes that say "no known area".
    pub unknown: Vec<Vec<u8>>,
    /// Inclusive ranges of codes of vintages.
    pub vintages: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Convert {
    /// Reads one trimmed, non-blank field.
    pub fn read<'a>(&'a self, text: &'a [u8]) -> Read<'a> {
        if is_formula_error(text) {
            return Read::bad(Rule::Type);
        }
        match self {
            Convert::TenDigits => ten_digits(text),
            Convert::Slk581 { born } => linkage_key::read(text, *born),
            Convert::Digest { of_nothing } => digest(text, of_nothing),
            Convert::Token | Convert::Text => Read::good(Cell::Bytes(text)),
            Convert::PracticeCode { practices, pattern } => {
                practice_code(practices.as_deref(), pattern.as_deref(), text)
            }
            Convert::Code(codes) => code(codes, text),
            Convert::Reference(reference) => reference.read(text),
            Convert::Date { day_first, between } => date(text, *day_first, *between),
            Convert::Whole { places, between } => whole(text, *places, *between),
            Convert::Area { pattern, retired } => area(text, pattern.as_deref(), retired),
        }
    }
}

/// Whether a text is what a spreadsheet shows where a formula has failed: it stands for no value, and as a key it would
/// make one person of many.
fn is_formula_error(text: &[u8]) -> bool {
    match text {
        b"#N/A" | b"#NAME?" => true,
        [b'#', word @ .., b'!'] => !word.is_empty() && word.iter().all(|c| c.is_ascii_uppercase() || b"/0".contains(c)),
        [b'E', b'r', b'r', b':', code @ ..] => !code.is_empty() && code.iter().all(u8::is_ascii_digit),
        _ => false,
    }
}

fn ten_digits(text: &[u8]) -> Read<'_> {
    if !text.iter().all(u8::is_ascii_digit) {
        return Read::bad(Rule::Type);
    }
    let (number, repair) = match text.len() {
        10 => (<[u8; 10]>::try_from(text).unwrap_or([b'0'; 10]), None),
        // A spreadsheet took the first 0 of a birthday on the 1st to the 9th.
        9 => {
            let mut number = [b'0'; 10];
            number[1..].copy_from_slice(text);
            (number, Some(Repair::LeadingZero))
        }
        _ => return Read::bad(Rule::Type),
    };
    match check_digit::modulus_11(&number) {
        true => Read { cell: Cell::Number(number), repair, breach: None },
        false => Read::bad(Rule::CheckDigit),
    }
}

/// Upper case is as good as lower: OpenPseudonymiser itself writes the one, most systems the other.
fn digest<'a>(text: &'a [u8], of_nothing: &[Digest]) -> Read<'a> {
    if text.len() != 64 || !text.iter().all(u8::is_ascii_hexdigit) {
        return Read::bad(Rule::Type);
    }
    match of_nothing.iter().any(|blank| blank.eq_ignore_ascii_case(text)) {
        true => Read::bad(Rule::Required),
        false => Read::good(Cell::Bytes(text)),
    }
}

fn code<'a>(codes: &[Vec<u8>], text: &[u8]) -> Read<'a> {
    if let Some(place) = codes.iter().position(|code| code == text) {
        return Read::good(Cell::Int(place as i64));
    }
    if let Some(place) = codes.iter().position(|code| code.eq_ignore_ascii_case(text)) {
        return Read::mended(Cell::Int(place as i64), Repair::Case);
    }
    match text.eq_ignore_ascii_case(b"unknown") {
        true => Read::good(Cell::Int(codes.len() as i64)),
        false => Read::bad(Rule::CodeList),
    }
}

/// Of a code that is not listed and breaks a rule of its own, that one is told: it says that the code was mistyped.
fn practice_code<'a>(practices: Option<&Reference>, pattern: Option<&[u8]>, text: &'a [u8]) -> Read<'a> {
    let read = practices.map_or(Read::good(Cell::Bytes(text)), |practices| practices.read(text));
    let breach = match pattern {
        Some(pattern) => (!has_shape(pattern, text)).then_some(Rule::Type),
        None => (!check_digit::practice_code(text)).then_some(Rule::CheckDigit),
    };
    Read { breach: breach.or(read.breach), ..read }
}

/// Whether a code has the shape of a pattern: `#` is a digit, `@` a capital letter, all else itself.
fn has_shape(pattern: &[u8], text: &[u8]) -> bool {
    let fits = |(shape, c): (&u8, &u8)| match shape {
        b'#' => c.is_ascii_digit(),
        b'@' => c.is_ascii_uppercase(),
        shape => shape == c,
    };
    pattern.len() == text.len() && pattern.iter().zip(text).all(fits)
}

impl Reference {
    fn read<'a>(&self, text: &[u8]) -> Read<'a> {
        if let Some(&row) = self.rows.get(text) {
            return Read::good(Cell::Int(row.into()));
        }
        if let Some(&row) = self.retired.get(text).and_then(|successor| self.rows.get(successor)) {
            return Read::mended(Cell::Int(row.into()), Repair::Retired);
        }
        if self.unknown.iter().any(|code| code.eq_ignore_ascii_case(text)) {
            return Read::mended(Cell::Blank, Repair::NoFixedAbode);
        }
        let upper = text.to_ascii_uppercase();
        if let Some(&row) = self.rows.get(&upper) {
            return Read::mended(Cell::Int(row.into()), Repair::Case);
        }
        let vintage = |(from, to): &(Vec<u8>, Vec<u8>)| from.len() == text.len() && (from..=to).contains(&&upper);
        Read::bad(if self.vintages.iter().any(vintage) { Rule::Vintage } else { Rule::Reference })
    }
}

fn date<'a>(text: &[u8], day_first: bool, (least, greatest): (i64, i64)) -> Read<'a> {
    let digits = |range: std::ops::Range<usize>| -> Option<u32> {
        text[range].iter().try_fold(0, |n, digit| digit.is_ascii_digit().then(|| n * 10 + u32::from(digit - b'0')))
    };
    let (parts, repair) = match text {
        [_, _, _, _, b'-', _, _, b'-', _, _] => ((digits(0..4), digits(5..7), digits(8..10)), None),
        // Some systems export a time of day with every date; midnight says nothing and is let go.
        [_, _, _, _, b'-', _, _, b'-', _, _, b' ' | b'T', time @ ..]
            if time.iter().all(|c| matches!(c, b'0' | b':' | b'.' | b'Z')) =>
        {
            ((digits(0..4), digits(5..7), digits(8..10)), None)
        }
        [_, _, b'/', _, _, b'/', _, _, _, _] if day_first => {
            ((digits(6..10), digits(3..5), digits(0..2)), Some(Repair::DayFirst))
        }
        _ => return Read::bad(Rule::Type),
    };
    let (Some(year), Some(month), Some(day)) = parts else { return Read::bad(Rule::Type) };
    let Some(date) = NaiveDate::from_ymd_opt(year as i32, month, day) else { return Read::bad(Rule::Date) };
    let days = days(date);
    let breach = (!(least..=greatest).contains(&days)).then_some(Rule::Range);
    Read { cell: Cell::Int(days), repair, breach }
}

/// Days since 1970-01-01: what Arrow's `Date32` holds.
pub fn days(date: NaiveDate) -> i64 {
    i64::from(date.num_days_from_ce()) - 719_163
}

fn whole<'a>(text: &[u8], places: u8, (least, greatest): (i64, i64)) -> Read<'a> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    let (before, after) = match digits.iter().position(|&c| c == b'.') {
        Some(point) => (&digits[..point], &digits[point + 1..]),
        None => (digits, &[][..]),
    };
    // Trailing zeros after the point carry nothing; a digit beyond the kept places would be lost, so it is refused.
    let after = &after[..after.len() - after.iter().rev().take_while(|&&c| c == b'0').count()];
    if before.is_empty() || after.len() > places.into() {
        return Read::bad(Rule::Type);
    }
    let padding = std::iter::repeat_n(&b'0', usize::from(places) - after.len());
    let mut number = 0i64;
    for &digit in before.iter().chain(after).chain(padding) {
        if !digit.is_ascii_digit() {
            return Read::bad(Rule::Type);
        }
        number = match number.checked_mul(10).and_then(|n| n.checked_add(i64::from(digit - b'0'))) {
            Some(number) => number,
            None => return Read::bad(Rule::Range),
        };
    }
    let number = if negative { -number } else { number };
    let breach = (!(least..=greatest).contains(&number)).then_some(Rule::Range);
    Read { cell: Cell::Int(number), repair: None, breach }
}

fn area<'a>(text: &'a [u8], pattern: Option<&[u8]>, retired: &'a HashMap<Vec<u8>, Vec<u8>>) -> Read<'a> {
    if let Some(successor) = retired.get(text) {
        return Read::mended(Cell::Bytes(successor), Repair::Retired);
    }
    // What is published of places that are nowhere is called so: no area is.
    let is_code = is_publishable(text) && text != b"unknown";
    if is_code && pattern.is_none_or(|pattern| has_shape(pattern, text)) {
        Read::good(Cell::Bytes(text))
    } else {
        Read::bad(Rule::Type)
    }
}

#[cfg(test)]
#[path = "cell_tests.rs"]
mod tests;
