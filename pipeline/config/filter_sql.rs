//! A checked condition as SQL for the engine: the days of the quarter as dates, and arithmetic in 64 bits.
//!
//! Dates are counted as days, since engines differ in what a date and a number make together. What counts with numbers
//! of 32 bits, such as a text's length, is brought to 64 by a 0 that is added or a 1 that multiplies: the checker has
//! shown that 64 are enough. No part is put deeper than it must be, for the engine's parser gives up on deep ones.

use std::mem::replace;
use std::ops::ControlFlow;

use chrono::NaiveDate;
use datafusion::sql::sqlparser::ast::{
    BinaryOperator, CastKind, DataType, Expr, UnaryOperator, Value, VisitMut, VisitorMut,
};

use super::filter::Places;
use super::filter_walk::{DayOfQuarter, Type, Walk, days};
use super::quarter::Quarter;
use crate::schema::{Kind, TableSchema};

/// `expression` over the columns of `table`, which must have passed the checks, as the engine runs it.
pub(super) fn lowered(mut expression: Expr, table: &TableSchema, quarter: Quarter) -> Expr {
    // Nothing breaks off.
    let ControlFlow::Continue(()) = expression.visit(&mut Lower { table, quarter, nowhere: Places::nowhere() });
    expression
}

struct Lower<'a> {
    table: &'a TableSchema,
    quarter: Quarter,
    nowhere: Places,
}

/// What arithmetic asks of a part.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Number,
    Date,
    Other,
}

impl VisitorMut for Lower<'_> {
    type Break = std::convert::Infallible;

    /// A part is seen before those within it, and so as it was written.
    fn pre_visit_expr(&mut self, expression: &mut Expr) -> ControlFlow<Self::Break> {
        match expression {
            Expr::Identifier(name) => {
                if let Some(day) = DayOfQuarter::named(self.table, name) {
                    *expression = date(match day {
                        DayOfQuarter::First => self.quarter.first_day(),
                        DayOfQuarter::Last => self.quarter.last_day(),
                    });
                }
            }
            Expr::UnaryOp { op: UnaryOperator::Minus, expr } if !matches!(**expr, Expr::Value(_)) => {
                let inner = take(expr);
                *expression = Expr::Nested(Box::new(binary(whole(0), BinaryOperator::Minus, inner)));
            }
            Expr::BinaryOp { .. } => self.arithmetic(expression),
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

impl Lower<'_> {
    fn arithmetic(&self, expression: &mut Expr) {
        use BinaryOperator as Op;
        let Expr::BinaryOp { left, op: op @ (Op::Plus | Op::Minus | Op::Multiply), right } = expression else { return };
        match (self.shape(left), self.shape(right)) {
            (Shape::Number, Shape::Number) if !self.is_wide(left) && !self.is_wide(right) => {
                let neutral = if *op == Op::Multiply { (Op::Multiply, whole(1)) } else { (Op::Plus, whole(0)) };
                **left = binary(take(left), neutral.0, neutral.1);
            }
            (Shape::Date, Shape::Date) => *expression = self.days(take(expression)),
            (Shape::Date, _) | (_, Shape::Date) => {
                *expression = cast(cast(self.days(take(expression)), DataType::Int(None)), DataType::Date);
            }
            _ => {}
        }
    }

    /// Days since 1970-01-01 for a date, and any other part as it is.
    fn days(&self, expression: Expr) -> Expr {
        match expression {
            Expr::Nested(inner) if self.shape(&inner) == Shape::Date => self.days(*inner),
            Expr::BinaryOp { left, op, right }
                if [&left, &right].iter().any(|part| self.shape(part) == Shape::Date) =>
            {
                let right = match self.days(*right) {
                    right @ Expr::BinaryOp { .. } => Expr::Nested(Box::new(right)),
                    right => right,
                };
                binary(self.days(*left), op, right)
            }
            date if self.shape(&date) == Shape::Date => cast(date, DataType::Int(None)),
            number => number,
        }
    }

    fn shape(&self, expression: &Expr) -> Shape {
        let mut walk = Walk { table: self.table, places: &self.nowhere, faults: Vec::new(), depth: 0 };
        match walk.expression(expression) {
            Type::Number(_) => Shape::Number,
            Type::Date(_) => Shape::Date,
            _ => Shape::Other,
        }
    }

    /// Whether the engine holds a number in 64 bits, once it is lowered.
    fn is_wide(&self, number: &Expr) -> bool {
        match number {
            Expr::Nested(inner) | Expr::UnaryOp { op: UnaryOperator::Plus, expr: inner } => self.is_wide(inner),
            Expr::Value(_) | Expr::UnaryOp { .. } => true,
            Expr::Identifier(name) => {
                let column = self.table.columns.get(name.value.to_lowercase().as_str());
                column
                    .or_else(|| self.table.columns.get(name.value.as_str()))
                    .is_some_and(|column| is_stored_wide(column.kind))
            }
            Expr::BinaryOp { left, right, .. } => ![left, right].iter().all(|part| self.shape(part) == Shape::Date),
            Expr::Cast { data_type: DataType::BigInt(None), .. } => true,
            _ => false,
        }
    }
}

fn is_stored_wide(kind: Kind) -> bool {
    matches!(kind, Kind::Integer | Kind::Decimal)
}

fn take(expression: &mut Expr) -> Expr {
    replace(expression, Expr::value(Value::Null))
}

fn whole(number: i32) -> Expr {
    let digits = Expr::value(Value::Number(number.unsigned_abs().to_string(), false));
    if number < 0 { Expr::UnaryOp { op: UnaryOperator::Minus, expr: Box::new(digits) } } else { digits }
}

fn binary(left: Expr, op: BinaryOperator, right: Expr) -> Expr {
    Expr::BinaryOp { left: Box::new(left), op, right: Box::new(right) }
}

fn cast(expression: Expr, data_type: DataType) -> Expr {
    Expr::Cast { kind: CastKind::Cast, expr: Box::new(expression), data_type, array: false, format: None }
}

/// A date, so that no text is read as one.
fn date(day: NaiveDate) -> Expr {
    cast(cast(whole(days(day)), DataType::Int(None)), DataType::Date)
}

#[cfg(test)]
mod tests {
    use super::super::filter::{canonical, faults, sql};
    use super::super::filter_tests::table;

    fn lowered(condition: &str) -> String {
        assert_eq!(faults(condition, &table()), [], "{condition}");
        sql(condition, &table(), "2024-Q3".parse().unwrap())
    }

    #[test]
    fn days_of_the_quarter_are_dates() {
        // 2024-07-01 is day 19905, and 2024-09-30 day 19996.
        assert_eq!(lowered("contacted_on >= quarter_start"), "contacted_on >= CAST(CAST(19905 AS INT) AS DATE)");
        assert_eq!(lowered("ended_on = Quarter_End"), "ended_on = CAST(CAST(19996 AS INT) AS DATE)");
        // Quoted, or where the table has such a column, it is a column's name.
        assert_eq!(faults("\"quarter_end\" = ended_on", &table()).len(), 1);
        let mut own = table();
        own.columns.insert("quarter_end".into(), serde_yaml::from_str("type: integer").unwrap());
        assert_eq!(sql("quarter_end = 1", &own, "2024-Q3".parse().unwrap()), "quarter_end = 1");
    }

    #[test]
    fn dates_are_counted_as_days() {
        let cases = [
            ("ended_on - contacted_on > 7", "CAST(ended_on AS INT) - CAST(contacted_on AS INT) > 7"),
            ("ended_on > contacted_on + 7", "ended_on > CAST(CAST(CAST(contacted_on AS INT) + 7 AS INT) AS DATE)"),
            (
                "7 + ended_on - minutes < contacted_on",
                "CAST(CAST(7 + CAST(ended_on AS INT) - minutes AS INT) AS DATE) < contacted_on",
            ),
            ("ended_on - (contacted_on - 1) = 0", "CAST(ended_on AS INT) - (CAST(contacted_on AS INT) - 1) = 0"),
            (
                "(ended_on - contacted_on) * minutes = length(mode) - (ended_on - date '2024-07-01')",
                "(CAST(ended_on AS INT) - CAST(contacted_on AS INT)) * minutes = \
                 length(mode) + 0 - (CAST(ended_on AS INT) - CAST(DATE '2024-07-01' AS INT))",
            ),
        ];
        cases.iter().for_each(|(condition, expected)| assert_eq!(lowered(condition), *expected));
    }

    #[test]
    fn numbers_have_64_bits() {
        let cases = [
            ("minutes * 2 - minutes > -3", "minutes * 2 - minutes > -3"),
            ("length(mode) * length(attended) > 3", "length(mode) * 1 * length(attended) > 3"),
            (
                "length(mode) * length(attended) - length(mode) > 3",
                "length(mode) * 1 * length(attended) - length(mode) > 3",
            ),
            ("-length(mode) + minutes > 3", "(0 - length(mode)) + minutes > 3"),
        ];
        cases.iter().for_each(|(condition, expected)| assert_eq!(lowered(condition), *expected));
    }

    #[test]
    fn a_condition_without_arithmetic_stays_as_it_is() {
        let condition = "mode IN ('phone', 'home') OR NOT (minutes BETWEEN 1 AND 5)";
        assert_eq!(lowered(condition), condition);
        // What is read again says the same: `is distinct from` takes all that follows it.
        for condition in
            ["(attended is distinct from 'yes') and mode = 'phone'", "(minutes = 1) or (minutes is distinct from 2)"]
        {
            assert_eq!(canonical(&canonical(condition)), canonical(condition));
        }
        assert_eq!(canonical("ended_on<=quarter_end+ 3"), canonical("ended_on <= quarter_end + 3"));
    }
}
