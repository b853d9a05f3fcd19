//! What a column holds, as far as the plan shows it: terms over columns of the sources and of aggregates.
//!
//! Projections are written into their users, so that a value that the optimiser splits into parts, or names anew, is
//! the same term. What is known of a term is what the proof needs, and no more: a range, how many of its bits can be
//! set, and whether it has one value a person.

use std::collections::HashMap;

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{DFSchema, ScalarValue};
use datafusion::logical_expr::Expr;

use crate::error::{Error, Result};

/// A term, by its number: equal numbers are equal values in every row.
pub(super) type Id = usize;

/// Least and greatest, where they are known.
pub(super) type Range = (Option<i128>, Option<i128>);

/// Masks and shifts are of numbers of 64 bits, of which the last is the sign.
const BITS: i128 = 63;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Term {
    /// A whole number.
    Whole(i128),
    /// A column of a source or of an aggregate; each is another.
    Column(usize),
    /// An operator or a function that always gives the same for the same; the name of a constant without arguments.
    Call(String, Vec<Id>),
}

/// What a column is known to hold, where it is not blank.
#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    /// One value a person.
    pub fixed: bool,
    /// Least and greatest.
    pub range: Range,
    /// It numbers, from 1, the rows of each combination of these terms.
    pub numbers: Option<Vec<Id>>,
}

/// All terms of one plan.
#[derive(Default)]
pub(super) struct Values {
    terms: Vec<Term>,
    ids: HashMap<Term, Id>,
    known: HashMap<Id, Known>,
}

impl Values {
    fn add(&mut self, term: Term) -> Id {
        let next = self.terms.len();
        let id = *self.ids.entry(term.clone()).or_insert(next);
        if id == next {
            self.terms.push(term);
        }
        id
    }

    /// A column that is like no other.
    pub fn column(&mut self, known: Known) -> Id {
        let id = self.add(Term::Column(self.terms.len()));
        self.known.insert(id, known);
        id
    }

    /// From here on the term has one value a person: it equals another that has.
    pub fn fix(&mut self, id: Id) {
        self.known.entry(id).or_default().fixed = true;
    }

    /// The rows of each combination of which terms the column numbers, if it does.
    pub fn numbers(&self, id: Id) -> Option<&[Id]> {
        self.known.get(&id)?.numbers.as_deref()
    }

    /// The term of an expression over `columns`, which stand as in `schema`.
    ///
    /// Errors: [`Error::Privacy`] where it may vary from one time to the next, or looks beyond its own row.
    pub fn term(&mut self, expr: &Expr, schema: &DFSchema, columns: &[Id]) -> Result<Id> {
        let refuse = |why: &str| Err(Error::Privacy(format!("`{expr}` {why}")));
        match expr {
            Expr::Alias(alias) => self.term(&alias.expr, schema, columns),
            Expr::Column(column) => {
                let place = schema.index_of_column(column).ok().and_then(|place| columns.get(place).copied());
                place.map_or_else(|| refuse("is not a column of its input"), Ok)
            }
            Expr::Literal(value, _) => Ok(self.add(match whole(value) {
                Some(number) => Term::Whole(number),
                None => Term::Call(format!("{value:?}"), Vec::new()),
            })),
            _ if expr.is_volatile() => refuse("may give another answer each time that it is asked"),
            Expr::BinaryExpr(binary) => {
                let (left, right) =
                    (self.term(&binary.left, schema, columns)?, self.term(&binary.right, schema, columns)?);
                Ok(self.add(Term::Call(binary.op.to_string(), vec![left, right])))
            }
            Expr::ScalarFunction(call) => {
                let of = call.args.iter().map(|arg| self.term(arg, schema, columns)).collect::<Result<_>>()?;
                Ok(self.add(Term::Call(call.name().to_owned(), of)))
            }
            Expr::Cast(cast) if cast.field.data_type().is_integer() => {
                let of = self.term(&cast.expr, schema, columns)?;
                Ok(self.add(Term::Call("cast".into(), vec![of])))
            }
            Expr::Case(_)
            | Expr::Cast(_)
            | Expr::TryCast(_)
            | Expr::Not(_)
            | Expr::Negative(_)
            | Expr::IsNull(_)
            | Expr::IsNotNull(_)
            | Expr::IsTrue(_)
            | Expr::IsFalse(_)
            | Expr::IsUnknown(_)
            | Expr::IsNotTrue(_)
            | Expr::IsNotFalse(_)
            | Expr::IsNotUnknown(_)
            | Expr::Between(_)
            | Expr::InList(_)
            | Expr::Like(_) => {
                let mut of = Vec::new();
                let mut wrong = None;
                let read = expr.apply_children(|child| {
                    match self.term(child, schema, columns) {
                        Ok(id) => of.push(id),
                        Err(error) => wrong = Some(error),
                    }
                    Ok(TreeNodeRecursion::Continue)
                });
                match (wrong, read) {
                    (None, Ok(_)) => Ok(self.add(Term::Call(expr.to_string(), of))),
                    (Some(error), _) => Err(error),
                    (None, Err(_)) => refuse("cannot be read"),
                }
            }
            _ => refuse("is of a kind that the proof does not know"),
        }
    }

    /// Whether the term has one value a person.
    pub fn is_fixed(&self, id: Id) -> bool {
        let known = self.known.get(&id).is_some_and(|known| known.fixed);
        known
            || match &self.terms[id] {
                Term::Whole(_) => true,
                Term::Column(_) => false,
                Term::Call(_, of) => of.iter().all(|&id| self.is_fixed(id)),
            }
    }

    /// Whether the term is the same in all rows.
    pub fn is_constant(&self, id: Id) -> bool {
        self.follows_from(id, &[])
    }

    /// Whether rows that agree in `others` agree in the term: it is one of them, or computed from them alone.
    pub fn follows_from(&self, id: Id, others: &[Id]) -> bool {
        others.contains(&id)
            || match &self.terms[id] {
                Term::Call(_, of) => of.iter().all(|&id| self.follows_from(id, others)),
                Term::Whole(_) => true,
                Term::Column(_) => false,
            }
    }

    /// Least and greatest that the term can be, where it is not blank.
    pub fn range(&self, id: Id) -> Range {
        let (low, high) = match &self.terms[id] {
            Term::Whole(number) => (Some(*number), Some(*number)),
            Term::Column(_) => self.known.get(&id).map_or((None, None), |known| known.range),
            Term::Call(name, of) => self.range_of_call(name, of),
        };
        // Beyond 64 bits the engine's arithmetic wraps, and nothing is known.
        let fits = |bound: &i128| i64::try_from(*bound).is_ok();
        if low.as_ref().is_none_or(fits) && high.as_ref().is_none_or(fits) { (low, high) } else { (None, None) }
    }

    fn range_of_call(&self, name: &str, of: &[Id]) -> Range {
        let ranges = of.iter().map(|&id| self.range(id)).collect::<Vec<_>>();
        // Blank arguments are passed over, so only a constant is sure to be one of those that are compared.
        let constants = of.iter().filter(|&&id| self.is_constant(id)).map(|&id| self.range(id));
        let both = |join: fn(i128, i128) -> i128, a: Option<i128>, b: Option<i128>| Some(join(a?, b?));
        let all = |side: fn(&Range) -> Option<i128>| ranges.iter().map(side).collect::<Option<Vec<_>>>();
        match (name, &ranges[..]) {
            ("least", _) => (
                all(|range| range.0).and_then(|lows| lows.into_iter().min()),
                constants.filter_map(|range| range.1).min(),
            ),
            ("greatest", _) => (
                constants.filter_map(|range| range.0).max(),
                all(|range| range.1).and_then(|highs| highs.into_iter().max()),
            ),
            ("cast", [range]) => *range,
            ("&", [_, (Some(low), Some(high))]) if low == high && *low >= 0 => (Some(0), Some(*high)),
            ("%", [(low, _), (Some(by), Some(by_too))]) if by == by_too && *by > 0 => {
                (Some(if low.is_some_and(|low| low >= 0) { 0 } else { 1 - by }), Some(by - 1))
            }
            ("/", [(Some(low), high), (Some(by), Some(by_too))]) if by == by_too && *by > 0 && *low >= 0 => {
                (Some(low / by), high.map(|high| high / by))
            }
            ("+", [a, b]) => (both(|a, b| a + b, a.0, b.0), both(|a, b| a + b, a.1, b.1)),
            _ => (None, None),
        }
    }

    /// The greatest number of bits that can be set in the term, where the plan bounds it.
    ///
    /// `m - c` keeps what `c` has lost of `m`: clearing the lowest bit, `m & (m - 1)`, n times takes n bits at most.
    pub fn most_bits(&self, id: Id) -> Option<u32> {
        match &self.terms[id] {
            Term::Call(name, of) if name == "-" => self.times_cleared(*of.get(1)?, *of.first()?),
            _ => None,
        }
    }

    fn times_cleared(&self, id: Id, from: Id) -> Option<u32> {
        if id == from {
            return Some(0);
        }
        let Term::Call(name, of) = &self.terms[id] else { return None };
        let (&[mask, less], "&") = (&of[..], name.as_str()) else { return None };
        let Term::Call(minus, of) = &self.terms[less] else { return None };
        let one_less = minus == "-" && of[..] == [mask, *self.ids.get(&Term::Whole(1))?];
        if one_less { Some(1 + self.times_cleared(mask, from)?) } else { None }
    }

    /// The mask of which every term gives one bit, each another: `(mask >> shift) & 1`.
    ///
    /// The shifts differ where they are different numbers, or `(x * c + b) % p` for different c below the prime p,
    /// with one x in 1 to p - 1 and one b: then c to `x c + b` modulo p is one to one.
    pub fn bits_of_one_mask(&self, ids: &[Id]) -> Option<Id> {
        let parts = ids.iter().map(|&id| self.bit_of_mask(id)).collect::<Option<Vec<_>>>()?;
        let &(mask, first) = parts.first()?;
        let shifts =
            parts.iter().map(|&(other, shift)| (other == mask).then_some(shift)).collect::<Option<Vec<_>>>()?;
        let mut codes = match first.and_then(|first| self.permuted(first)) {
            None => {
                let code =
                    |shift: &Option<Id>| shift.map_or(Some(0), |shift| self.number(shift)).filter(|code| *code < BITS);
                shifts.iter().map(code).collect::<Option<Vec<_>>>()?
            }
            Some((x, b, prime, _)) => {
                let (x_low, x_high) = self.range(x);
                let sound = x_low? >= 1 && x_high? < prime && self.range(b).0? >= 0 && is_prime(prime) && prime <= BITS;
                let code = |shift: &Option<Id>| {
                    let (other_x, other_b, other_prime, code) = self.permuted((*shift)?)?;
                    (sound && (other_x, other_b, other_prime) == (x, b, prime) && code < prime).then_some(code)
                };
                shifts.iter().map(code).collect::<Option<Vec<_>>>()?
            }
        };
        codes.sort_unstable();
        codes.windows(2).all(|pair| pair[0] < pair[1]).then_some(mask)
    }

    /// Whether the term is the column, or `least(greatest(column, low), high)` with 0 between the two: a cell that is
    /// not there is 0, and must be so on both sides of the clamp.
    pub fn is_clamp_of(&self, id: Id, column: Id) -> bool {
        let inner = |wanted: &str, id: Id, fits: fn(i128) -> bool| {
            let (of, bound) = self.call(wanted, id)?;
            matches!(self.terms[bound], Term::Whole(bound) if fits(bound)).then_some(of)
        };
        let clamped = inner("least", id, |high| high >= 0).and_then(|of| inner("greatest", of, |low| low <= 0));
        id == column || clamped == Some(column)
    }

    /// `(mask >> shift) & 1` as mask and shift; the optimiser leaves a shift by 0 out.
    fn bit_of_mask(&self, id: Id) -> Option<(Id, Option<Id>)> {
        let (shifted, one) = self.call("&", id)?;
        let parts = self.call(">>", shifted).map_or((shifted, None), |(mask, shift)| (mask, Some(shift)));
        (self.number(one)? == 1).then_some(parts)
    }

    /// `(x * c + b) % p` as (x, b, p, c); the optimiser writes `x` for `x * 1`.
    fn permuted(&self, id: Id) -> Option<(Id, Id, i128, i128)> {
        let (sum, prime) = self.call("%", id)?;
        let (product, b) = self.call("+", sum)?;
        let (x, code) = match self.call("*", product) {
            Some((x, code)) => (x, self.number(code)?),
            None => (product, 1),
        };
        Some((x, b, self.number(prime)?, code))
    }

    fn call(&self, wanted: &str, id: Id) -> Option<(Id, Id)> {
        match &self.terms[id] {
            Term::Call(name, of) if name == wanted => Some((*of.first()?, *of.get(1)?)),
            _ => None,
        }
    }

    /// The whole number that the term is, if it is one, and not negative.
    pub fn number(&self, id: Id) -> Option<i128> {
        match self.terms[id] {
            Term::Whole(number) if number >= 0 => Some(number),
            _ => None,
        }
    }
}

fn is_prime(number: i128) -> bool {
    number >= 2 && (2..).take_while(|by| by * by <= number).all(|by| number % by != 0)
}

fn whole(value: &ScalarValue) -> Option<i128> {
    match value {
        ScalarValue::Int8(Some(number)) => Some((*number).into()),
        ScalarValue::Int16(Some(number)) => Some((*number).into()),
        ScalarValue::Int32(Some(number)) => Some((*number).into()),
        ScalarValue::Int64(Some(number)) => Some((*number).into()),
        ScalarValue::UInt64(Some(number)) => Some((*number).into()),
        _ => None,
    }
}

#[cfg(test)]
#[path = "values_tests.rs"]
mod tests;
