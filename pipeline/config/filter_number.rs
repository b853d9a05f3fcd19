//! Arithmetic in a condition: whole numbers, and dates as the days that they are. Each part has a least and a greatest
//! value by the contract, so that what could wrap around 64 bits, or leave the calendar, is refused before any row is.

use datafusion::sql::sqlparser::ast::{BinaryOperator, Expr, Spanned};

use super::filter_walk::{Type, Walk, name};
use super::suggest::quote;
use crate::schema::{Breach, Column};

/// Least and greatest of a whole number, or of a date's days since 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub least: i128,
    pub greatest: i128,
}

/// Stored dates have years of four digits (`ingest::cell`).
pub(super) const STORED_DATES: Span = Span { least: -719_528, greatest: 2_932_896 };
/// Days that the engine can write as a date; text is read as any of them.
pub(super) const CALENDAR: Span = Span { least: -95_000_000, greatest: 95_000_000 };
/// What the engine counts with.
const BITS_64: Span = Span { least: i64::MIN as i128, greatest: i64::MAX as i128 };

impl Span {
    pub fn new(least: impl Into<i128>, greatest: impl Into<i128>) -> Self {
        Span { least: least.into(), greatest: greatest.into() }
    }

    /// The one value.
    pub fn only(value: impl Into<i128>) -> Self {
        let value = value.into();
        Span { least: value, greatest: value }
    }

    /// Numbers of 64 bits.
    pub fn any() -> Self {
        BITS_64
    }

    /// What a column of numbers may hold: a rule whose breach is only counted keeps no number out.
    pub fn of(column: &Column) -> Self {
        match column.whole_range() {
            Some((least, greatest)) if column.breach != Some(Breach::Warn) => Span::new(least, greatest),
            _ => Span::new(-i64::MAX, i64::MAX),
        }
    }

    /// Either of two.
    pub fn or(self, other: Self) -> Self {
        Span { least: self.least.min(other.least), greatest: self.greatest.max(other.greatest) }
    }

    pub fn negative(self) -> Self {
        Span { least: -self.greatest, greatest: -self.least }
    }

    fn plus(self, other: Self) -> Self {
        Span { least: self.least + other.least, greatest: self.greatest + other.greatest }
    }

    fn times(self, other: Self) -> Self {
        // Each is within 64 bits, so a product is within 128.
        let ends = [self.least, self.greatest].map(|a| [a * other.least, a * other.greatest]).concat();
        ends.iter().fold(Span::only(ends[0]), |all, end| all.or(Span::only(*end)))
    }

    fn within(self, other: Self) -> bool {
        self.least >= other.least && self.greatest <= other.greatest
    }
}

impl<'a> Walk<'a> {
    /// What a sum, a difference or a product gives: a number, or for days before or after a date, a date.
    pub(super) fn arithmetic(
        &mut self,
        whole: &'a Expr,
        left: &'a Expr,
        op: &BinaryOperator,
        right: &'a Expr,
    ) -> Type<'a> {
        use BinaryOperator as Op;
        let (a, b) = (self.expression(left), self.expression(right));
        match (a, op, b) {
            (Type::Bad, ..) | (.., Type::Bad) => Type::Bad,
            (Type::Number(a), Op::Plus, Type::Number(b)) => self.fitting(whole, a.plus(b)),
            (Type::Number(a), Op::Minus, Type::Number(b)) => self.fitting(whole, a.plus(b.negative())),
            (Type::Number(a), Op::Multiply, Type::Number(b)) => self.fitting(whole, a.times(b)),
            (Type::Date(a), Op::Minus, Type::Date(b)) => self.fitting(whole, a.plus(b.negative())),
            (Type::Date(a), Op::Plus, Type::Number(b)) | (Type::Number(a), Op::Plus, Type::Date(b)) => {
                self.day(whole, a.plus(b))
            }
            (Type::Date(a), Op::Minus, Type::Number(b)) => self.day(whole, a.plus(b.negative())),
            (Type::Number(_), _, other) => self.no_number(right, other),
            (Type::Date(_), Op::Plus | Op::Minus, other) => self.no_number(right, other),
            (other, ..) => self.no_number(left, other),
        }
    }

    pub(super) fn fitting(&mut self, whole: &'a Expr, found: Span) -> Type<'a> {
        if found.within(BITS_64) {
            return Type::Number(found);
        }
        let message = format!("{} may not fit 64 bits", quote(&whole.to_string()));
        let help = "a column is as large as its `between` in the schema allows, and any size under `breach: warn`";
        self.bad(self.places.range(whole.span()), message, Some(help.into()))
    }

    fn day(&mut self, whole: &'a Expr, found: Span) -> Type<'a> {
        if found.within(CALENDAR) {
            return Type::Date(found);
        }
        let message = format!("{} may be a day that no calendar has", quote(&whole.to_string()));
        let help = "a number of days is as large as its `between` in the schema allows".to_string();
        self.bad(self.places.range(whole.span()), message, Some(help))
    }

    fn no_number(&mut self, part: &'a Expr, found: Type<'a>) -> Type<'a> {
        let help = match found {
            Type::Literal(text) if text.len() == 10 => Some(format!("a date is written as `date '{text}'` here")),
            _ => None,
        };
        self.bad(self.places.range(part.span()), format!("expected a number, found {}", name(found)), help)
    }
}
