//! The walk over a condition's tree: what each part is, and whether it may stand there.

use std::ops::Range;

use chrono::{Datelike, NaiveDate};
use datafusion::sql::sqlparser::ast::{
    BinaryOperator, DataType, Expr, Ident, Spanned, UnaryOperator, Value, ValueWithSpan,
};

use super::filter::{Fault, Places};
use super::filter_number::{STORED_DATES, Span};
use super::suggest::{advice, quote};
use crate::schema::{Column, Kind, TableSchema};

/// What a part of a condition gives for each row.
#[derive(Clone, Copy)]
pub(super) enum Type<'a> {
    /// True, false or unknown.
    Truth,
    /// A whole number.
    Number(Span),
    /// Text of any kind.
    Text,
    /// A column with a closed list of codes.
    Code(&'a str, &'a [String]),
    /// A calendar date.
    Date(Span),
    /// The key of a public table, stored as a row's number: no text can be compared with it.
    Reference,
    /// Text written in the condition itself.
    Literal(&'a str),
    /// `NULL` written in the condition itself.
    Null,
    /// Already complained about.
    Bad,
}

/// Deeper trees are refused: the engine's own passes recurse over what gets through here.
const DEPTH: usize = 100;

/// One walk in progress.
pub(super) struct Walk<'a> {
    pub table: &'a TableSchema,
    pub places: &'a Places,
    pub faults: Vec<Fault>,
    pub depth: usize,
}

impl<'a> Walk<'a> {
    /// What `expression` gives. Anything that is not named here is refused.
    pub fn expression(&mut self, expression: &'a Expr) -> Type<'a> {
        if self.depth >= DEPTH {
            let help = "use `in (...)` for a long list".to_string();
            return self.bad(None, "the condition is nested too deep", Some(help));
        }
        self.depth += 1;
        let found = self.part(expression);
        self.depth -= 1;
        found
    }

    fn part(&mut self, expression: &'a Expr) -> Type<'a> {
        match expression {
            Expr::Identifier(name) => self.column(name),
            Expr::CompoundIdentifier(names) => self.compound(names),
            Expr::Nested(inner) => self.expression(inner),
            Expr::Value(value) => self.value(value),
            Expr::TypedString(typed) if typed.data_type == DataType::Date => self.date(&typed.value),
            Expr::IsNull(inner) | Expr::IsNotNull(inner) => {
                self.expression(inner);
                Type::Truth
            }
            Expr::IsTrue(inner)
            | Expr::IsNotTrue(inner)
            | Expr::IsFalse(inner)
            | Expr::IsNotFalse(inner)
            | Expr::IsUnknown(inner)
            | Expr::IsNotUnknown(inner) => self.truth(inner),
            Expr::IsDistinctFrom(left, right) | Expr::IsNotDistinctFrom(left, right) => self.compare(left, right),
            Expr::InList { expr, list, .. } => list.iter().fold(Type::Truth, |_, item| self.compare(expr, item)),
            Expr::Between { expr, low, high, .. } => {
                self.compare(expr, low);
                self.compare(expr, high)
            }
            Expr::Like { any: false, expr, pattern, escape_char: None, .. }
            | Expr::ILike { any: false, expr, pattern, escape_char: None, .. } => {
                self.text(expr);
                self.text(pattern);
                Type::Truth
            }
            Expr::UnaryOp { op: UnaryOperator::Not, expr } => self.truth(expr),
            Expr::UnaryOp { op: op @ (UnaryOperator::Minus | UnaryOperator::Plus), expr } => match self.number(expr) {
                Type::Number(found) if *op == UnaryOperator::Minus => self.fitting(expression, found.negative()),
                found => found,
            },
            Expr::BinaryOp { left, op, right } => self.binary(expression, left, op, right),
            Expr::Cast { kind, expr, data_type, array: false, format: None } => {
                self.cast(expression, kind, expr, data_type)
            }
            Expr::Extract { field, expr, .. } => self.extract(expression, field, expr),
            Expr::Trim { trim_where: None, trim_what: None, expr, trim_characters: None } => {
                self.text(expr);
                Type::Text
            }
            Expr::Function(function) => self.function(function),
            Expr::Case { operand, conditions, else_result, .. } => {
                self.case(operand.as_deref(), conditions, else_result.as_deref())
            }
            _ => self.refused(expression),
        }
    }

    /// Parts of SQL that need a word of their own, and then all the others.
    fn refused(&mut self, expression: &Expr) -> Type<'a> {
        let at = self.places.range(expression.span());
        match expression {
            Expr::Subquery(_) | Expr::Exists { .. } | Expr::InSubquery { .. } => {
                let help = "a condition sees one row of its own table; joins are made by smirr".to_string();
                self.bad(at, "a subquery is not allowed", Some(help))
            }
            other => {
                let text: String = other.to_string().chars().take(60).collect();
                let help = "comparisons, `and`, `or`, `not`, `in`, `between`, `like`, `is null` and `case` are allowed";
                self.bad(at, format!("{} is not allowed in a condition", quote(&text)), Some(help.into()))
            }
        }
    }

    fn binary(&mut self, whole: &'a Expr, left: &'a Expr, op: &BinaryOperator, right: &'a Expr) -> Type<'a> {
        use BinaryOperator as Op;
        match op {
            Op::And | Op::Or => {
                self.truth(left);
                self.truth(right)
            }
            Op::Eq | Op::NotEq | Op::Lt | Op::LtEq | Op::Gt | Op::GtEq => self.compare(left, right),
            Op::Plus | Op::Minus | Op::Multiply => self.arithmetic(whole, left, op, right),
            Op::StringConcat => {
                self.text(left);
                self.text(right);
                Type::Text
            }
            Op::Divide | Op::Modulo | Op::DuckIntegerDivide | Op::MyIntegerDivide => {
                let help = "compare products instead, as in `a > 2 * b`; neither `case` nor `nullif` makes it safe";
                let message = format!("`{op}` can fail on a row where the divisor is zero");
                self.bad(self.places.range(whole.span()), message, Some(help.into()))
            }
            other => {
                let message = format!("the operator {} is not allowed", quote(&other.to_string()));
                self.bad(self.places.range(whole.span()), message, None)
            }
        }
    }

    fn column(&mut self, name: &Ident) -> Type<'a> {
        let at = self.places.range(name.span);
        // The engine folds unquoted names to lower case, and so do we.
        let folded = if name.quote_style.is_some() { name.value.clone() } else { name.value.to_lowercase() };
        let table = &self.table.table;
        let Some((known, column)) = self.table.columns.get_key_value(folded.as_str()) else {
            if let Some(day) = DayOfQuarter::named(self.table, name) {
                return day.kind();
            }
            let usable = self.table.columns.iter().filter(|(name, column)| barred(self.table, name, column).is_none());
            let help = advice(&folded, usable.map(|(name, _)| name.as_str()));
            let help = help.map(|help| if name.quote_style.is_some() { quoted_help(help, name) } else { help });
            return self.bad(at, format!("`{table}` has no column {}", quote(&name.value)), help);
        };
        if let Some(reason) = barred(self.table, known, column) {
            return self.bad(at, format!("`{known}` cannot be used in a condition"), Some(reason.into()));
        }
        match column.kind {
            Kind::Code => Type::Code(known, &column.codes),
            Kind::Date => Type::Date(STORED_DATES),
            Kind::Reference => Type::Reference,
            Kind::Integer | Kind::Decimal => Type::Number(Span::of(column)),
            _ => Type::Text,
        }
    }

    fn compound(&mut self, names: &[Ident]) -> Type<'a> {
        let Some(last) = names.last() else { return Type::Bad };
        let help = format!("a condition sees `{}` only, so write `{}`", self.table.table, last.value);
        let start = names.first().and_then(|first| self.places.range(first.span));
        let at = start.zip(self.places.range(last.span)).map(|(start, end)| start.start..end.end);
        self.bad(at, "a column is named without its table", Some(help))
    }

    fn value(&mut self, value: &'a ValueWithSpan) -> Type<'a> {
        let at = self.places.range(value.span);
        match &value.value {
            Value::Boolean(_) => Type::Truth,
            Value::Null => Type::Null,
            Value::SingleQuotedString(text) => Type::Literal(text),
            Value::Number(text, false) => {
                let text = text.to_string();
                if let Ok(number) = text.parse::<i64>() {
                    return Type::Number(Span::only(number));
                }
                let help = "decimals are stored as whole numbers of their smallest unit: pence, hundredths";
                self.bad(at, format!("{} is not a whole number that fits", quote(&text)), Some(help.into()))
            }
            other => self.bad(at, format!("{} is not allowed in a condition", quote(&other.to_string())), None),
        }
    }

    fn date(&mut self, value: &'a ValueWithSpan) -> Type<'a> {
        match &value.value {
            Value::SingleQuotedString(text) => {
                let day = self.is_date(text, self.places.range(value.span));
                Type::Date(day.map_or(STORED_DATES, |day| Span::only(days(day))))
            }
            _ => self.bad(self.places.range(value.span), "a date is written as `date '2026-07-01'`", None),
        }
    }

    pub(super) fn is_date(&mut self, text: &str, at: Option<Range<usize>>) -> Option<NaiveDate> {
        // Exactly ten characters: shorter forms read differently from engine to engine.
        let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|_| text.len() == 10);
        if day.is_none() {
            let help = "write it as `2026-07-01`".to_string();
            self.bad(at, format!("{} is not a date", quote(text)), Some(help));
        }
        day
    }

    pub(super) fn compare(&mut self, left: &'a Expr, right: &'a Expr) -> Type<'a> {
        let (a, b) = (self.expression(left), self.expression(right));
        let (left_at, right_at) = (self.places.range(left.span()), self.places.range(right.span()));
        match (a, b) {
            (Type::Bad, _) | (_, Type::Bad) => {}
            (Type::Null, _) | (_, Type::Null) => {
                let at = if matches!(a, Type::Null) { left_at } else { right_at };
                self.bad(at, "a comparison with null is never true", Some("write `is null` or `is not null`".into()));
            }
            (Type::Code(column, codes), Type::Literal(text)) => self.code(column, codes, text, right_at),
            (Type::Literal(text), Type::Code(column, codes)) => self.code(column, codes, text, left_at),
            (Type::Date(_), Type::Literal(text)) => drop(self.is_date(text, right_at)),
            (Type::Literal(text), Type::Date(_)) => drop(self.is_date(text, left_at)),
            (Type::Number(_), Type::Number(_)) | (Type::Date(_), Type::Date(_)) | (Type::Truth, Type::Truth) => {}
            (a, b) if is_text(a) && is_text(b) => {}
            (a, b) => {
                self.bad(right_at, format!("{} is compared with {}", name(a), name(b)), None);
            }
        }
        Type::Truth
    }

    fn code(&mut self, column: &str, codes: &[String], text: &str, at: Option<Range<usize>>) {
        if text != "unknown" && !codes.iter().any(|code| code == text) {
            let all: Vec<&str> = codes.iter().map(String::as_str).chain(["unknown"]).collect();
            self.bad(at, format!("`{column}` has no code {}", quote(text)), advice(text, all));
        }
    }

    pub(super) fn truth(&mut self, part: &'a Expr) -> Type<'a> {
        let found = self.expression(part);
        self.expect(part, found, matches!(found, Type::Truth | Type::Bad), "a condition");
        Type::Truth
    }

    fn number(&mut self, part: &'a Expr) -> Type<'a> {
        let found = self.expression(part);
        self.expect(part, found, matches!(found, Type::Number(_) | Type::Bad), "a number");
        if matches!(found, Type::Number(_)) { found } else { Type::Bad }
    }

    pub(super) fn text(&mut self, part: &'a Expr) {
        let found = self.expression(part);
        self.expect(part, found, is_text(found) || matches!(found, Type::Bad), "text");
    }

    pub(super) fn expect(&mut self, part: &Expr, found: Type<'_>, right: bool, wanted: &str) {
        if !right {
            let at = self.places.range(part.span());
            self.bad(at, format!("expected {wanted}, found {}", name(found)), None);
        }
    }

    pub(super) fn bad(
        &mut self,
        at: Option<Range<usize>>,
        message: impl Into<String>,
        help: Option<String>,
    ) -> Type<'a> {
        self.faults.push(Fault::new(at, message, help));
        Type::Bad
    }
}

/// Why a column may not appear in a condition, if it may not.
fn barred(table: &TableSchema, name: &str, column: &Column) -> Option<&'static str> {
    match column.kind {
        kind if kind.is_person() => Some("it identifies a person, and is a keyed pseudonym by the time reports run"),
        Kind::Token => Some("it is a keyed pseudonym by the time reports run, so no text can equal it"),
        Kind::PracticeCode => Some("it says where people and posts belong, and reports never see it"),
        _ if table.names_areas(name) => Some("it names areas for readers, and names may change: use their codes"),
        _ if !column.keep => Some("it is checked and then dropped (`keep: false`), so reports never see it"),
        _ => None,
    }
}

/// A day of the reported quarter, which a condition may name as it names a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DayOfQuarter {
    /// `quarter_start`.
    First,
    /// `quarter_end`.
    Last,
}

impl DayOfQuarter {
    /// The day that a name means, where the table has no such column.
    pub fn named(table: &TableSchema, name: &Ident) -> Option<Self> {
        let folded = name.value.to_lowercase();
        match folded.as_str() {
            _ if name.quote_style.is_some() || table.columns.contains_key(&folded) => None,
            "quarter_start" => Some(DayOfQuarter::First),
            "quarter_end" => Some(DayOfQuarter::Last),
            _ => None,
        }
    }

    fn kind<'a>(self) -> Type<'a> {
        Type::Date(STORED_DATES)
    }
}

/// Days since 1970-01-01.
pub(super) fn days(date: NaiveDate) -> i32 {
    date.num_days_from_ce() - 719_163
}

/// SQL reads double quotes as a name; whoever wrote them may have meant text.
fn quoted_help(help: String, name: &Ident) -> String {
    if name.quote_style == Some('"') {
        format!("text is put in single quotes; double quotes make it a column's name ({help})")
    } else {
        help
    }
}

pub(super) fn is_text(kind: Type<'_>) -> bool {
    matches!(kind, Type::Text | Type::Code(..) | Type::Literal(_))
}

pub(super) fn name(kind: Type<'_>) -> &'static str {
    match kind {
        Type::Truth => "a condition",
        Type::Number(_) => "a number",
        Type::Text | Type::Code(..) | Type::Literal(_) => "text",
        Type::Date(_) => "a date",
        Type::Reference => "a reference",
        Type::Null => "null",
        Type::Bad => "a mistake",
    }
}
