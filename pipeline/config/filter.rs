//! The `where` of a measure: SQL over one table's own columns, made only of what cannot fail on any row.
//!
//! A condition that failed on one person's row would stop the run for all, and its error text could hold that row.
//! So the tree that the engine's own parser gives is walked against a list of what is allowed; the rest is refused.

use std::ops::Range;

use datafusion::sql::sqlparser::ast::{BinaryOperator, Expr, Spanned};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::{Location, Span, Token, TokenWithSpan, Tokenizer, Whitespace};

use super::filter_number::Span as Reach;
use super::filter_sql::lowered;
use super::filter_walk::{Type, Walk};
use super::quarter::Quarter;
use crate::schema::TableSchema;

/// Long enough for any condition that a person would read, and short enough that no tree is deep.
const LONGEST: usize = 2_000;
/// More brackets within brackets than anyone reads. The parser calls itself once for each, and with its own limit of 50
/// it outgrows a thread's stack of 2 MiB where it is built without optimisation (`Cargo.toml`).
const DEEPEST: usize = 20;

/// What is wrong with a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The characters that it is about, counted from 0 in the condition; absent where it is about all of it.
    pub at: Option<Range<usize>>,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl Fault {
    pub(super) fn new(at: Option<Range<usize>>, message: impl Into<String>, help: Option<String>) -> Self {
        Fault { at, message: message.into(), help }
    }
}

/// Everything that is wrong with `condition` as a filter on `table`; nothing where it may run.
pub fn faults(condition: &str, table: &TableSchema) -> Vec<Fault> {
    let truth = |found: Type<'_>| match found {
        Type::Truth => Ok(()),
        _ => Err(("this is a value, not a condition", "compare it with something, as in `status <> 'declined'`")),
    };
    checked(condition, table, truth).err().unwrap_or_default()
}

/// Least and greatest that `expression` gives over the rows of `table`, where it gives a whole number; otherwise
/// everything that is wrong with it. Days between two dates are a number.
pub(super) fn number(expression: &str, table: &TableSchema) -> Result<Reach, Vec<Fault>> {
    let number = |found: Type<'_>| match found {
        Type::Number(reach) => Ok(reach),
        _ => {
            Err(("this is not a whole number", "give a number, or the days between two dates: `ended_on - started_on`"))
        }
    };
    checked(expression, table, number)
}

/// Text that the checks have passed, as SQL over the stored columns of `table`.
pub fn sql(checked: &str, table: &TableSchema, quarter: Quarter) -> String {
    read(checked).map_or_else(|| checked.to_owned(), |expression| lowered(expression, table, quarter).to_string())
}

/// The same in a form that is the same for the same question; see [`canonical`].
pub(super) fn canonical_sql(checked: &str, table: &TableSchema, quarter: Quarter) -> String {
    canonical(&sql(checked, table, quarter))
}

/// What `wanted` makes of the text's type, or everything that is wrong.
fn checked<T>(
    text: &str,
    table: &TableSchema,
    wanted: impl Fn(Type<'_>) -> Result<T, (&'static str, &'static str)>,
) -> Result<T, Vec<Fault>> {
    let only = |fault| Err(vec![fault]);
    if text.trim().is_empty() {
        let help = "leave `where` out to count every row".to_string();
        return only(Fault::new(None, "the condition is empty", Some(help)));
    }
    if text.chars().count() > LONGEST {
        return only(Fault::new(None, format!("the condition is longer than {LONGEST} characters"), None));
    }
    let places = Places::of(text);
    let tokens = match Tokenizer::new(&GenericDialect {}, text).tokenize_with_location() {
        Ok(tokens) => tokens,
        Err(error) => return only(Fault::new(places.point(error.location), not_sql(&error.message), None)),
    };
    if let Some(comment) = tokens.iter().find(|token| is_comment(&token.token)) {
        let help = "put the note above the line, after a `#`".to_string();
        return only(Fault::new(places.range(comment.span), "a comment inside a condition", Some(help)));
    }
    let expression = match parse(tokens, &places) {
        Ok(expression) => expression,
        Err(fault) => return only(*fault),
    };
    let mut walk = Walk { table, places: &places, faults: Vec::new(), depth: 0 };
    let found = walk.expression(&expression);
    if !walk.faults.is_empty() {
        return Err(walk.faults);
    }
    let found = wanted(found).map_err(|(message, help)| {
        vec![Fault::new(places.range(expression.span()), message, Some(help.to_string()))]
    })?;
    // What the engine is given must not be too deep either; which quarter it is of makes no difference.
    let quarter = Quarter::of(chrono::NaiveDate::default());
    match read(&lowered(expression, table, quarter).to_string()) {
        Some(_) => Ok(found),
        None => only(Fault::new(None, "the condition is nested too deep", None)),
    }
}

/// A checked condition in a form that is the same for the same question: spaces, brackets, spellings of operators and
/// the order of what is joined by `and` or `or` make no difference.
pub fn canonical(condition: &str) -> String {
    // What does not parse was refused; as it is written, it is at least the same as itself.
    read(condition).map_or_else(|| condition.to_owned(), |expression| ordered(&expression))
}

fn read(text: &str) -> Option<Expr> {
    let tokens = Tokenizer::new(&GenericDialect {}, text).tokenize_with_location().ok()?;
    parse(tokens, &Places::of(text)).ok()
}

fn ordered(expression: &Expr) -> String {
    match expression {
        Expr::Nested(inner) => ordered(inner),
        Expr::BinaryOp { op: op @ (BinaryOperator::And | BinaryOperator::Or), .. } => {
            let mut parts = Vec::new();
            flatten(expression, op, &mut parts);
            parts.sort();
            parts.dedup();
            // Each part within its own brackets: `a is distinct from b and c` would be read as `b and c` first.
            format!("(({}))", parts.join(&format!(") {op} (")))
        }
        other => other.to_string(),
    }
}

fn flatten(expression: &Expr, joined_by: &BinaryOperator, parts: &mut Vec<String>) {
    match expression {
        Expr::Nested(inner) => flatten(inner, joined_by, parts),
        Expr::BinaryOp { left, op, right } if op == joined_by => {
            flatten(left, joined_by, parts);
            flatten(right, joined_by, parts);
        }
        other => parts.push(ordered(other)),
    }
}

fn parse(tokens: Vec<TokenWithSpan>, places: &Places) -> Result<Expr, Box<Fault>> {
    let fault = |error: ParserError| match error {
        ParserError::RecursionLimitExceeded => Box::new(Fault::new(None, "the condition is nested too deep", None)),
        ParserError::TokenizerError(text) | ParserError::ParserError(text) => {
            let (message, at) = split_location(&text);
            Box::new(Fault::new(at.and_then(|at| places.point(at)), not_sql(message), None))
        }
    };
    let dialect = GenericDialect {};
    let mut parser = Parser::new(&dialect).with_recursion_limit(DEEPEST).with_tokens_with_locations(tokens);
    let expression = parser.parse_expr().map_err(fault)?;
    let next = parser.peek_token();
    if next.token != Token::EOF {
        let message =
            format!("the condition goes on after its end, at {}", super::suggest::quote(&next.token.to_string()));
        let help = "join conditions with `and` or `or`".to_string();
        return Err(Box::new(Fault::new(places.range(next.span), message, Some(help))));
    }
    Ok(expression)
}

fn not_sql(message: &str) -> String {
    let mut message: String = message.chars().take(200).collect();
    if let Some(first) = message.get(..1) {
        message = first.to_lowercase() + &message[1..];
    }
    format!("not a condition in SQL: {message}")
}

fn is_comment(token: &Token) -> bool {
    matches!(token, Token::Whitespace(Whitespace::SingleLineComment { .. } | Whitespace::MultiLineComment(_)))
}

/// The parser writes the place of an error into its text; this takes it out again.
fn split_location(text: &str) -> (&str, Option<Location>) {
    let split = || {
        let (message, place) = text.rsplit_once(" at Line: ")?;
        let (line, column) = place.split_once(", Column: ")?;
        Some((message, Location { line: line.trim().parse().ok()?, column: column.trim().parse().ok()? }))
    };
    split().map_or((text, None), |(message, place)| (message, Some(place)))
}

/// Turns the parser's lines and columns into character positions.
pub(super) struct Places {
    lines: Vec<usize>,
    end: usize,
}

impl Places {
    /// For text that nobody wrote.
    pub(super) fn nowhere() -> Self {
        Places::of("")
    }

    fn of(condition: &str) -> Self {
        let after = condition.chars().enumerate().filter(|(_, c)| *c == '\n').map(|(at, _)| at + 1);
        Places { lines: [0].into_iter().chain(after).collect(), end: condition.chars().count() }
    }

    /// The character at a place; `None` for the parser's "nowhere".
    fn index(&self, place: Location) -> Option<usize> {
        let line = usize::try_from(place.line).ok()?.checked_sub(1)?;
        let column = usize::try_from(place.column).ok()?.checked_sub(1)?;
        Some(self.lines.get(line)?.saturating_add(column).min(self.end))
    }

    fn point(&self, place: Location) -> Option<Range<usize>> {
        let at = self.index(place)?;
        Some(at..(at + 1).min(self.end))
    }

    /// The characters of a span; `None` for the parser's "nowhere".
    pub(super) fn range(&self, span: Span) -> Option<Range<usize>> {
        let (start, end) = (self.index(span.start)?, self.index(span.end)?);
        Some(start..end.max(start))
    }
}
