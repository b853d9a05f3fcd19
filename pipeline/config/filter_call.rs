//! The parts of a condition that turn values into others: casts, dates' parts, functions and `case`.

use datafusion::sql::sqlparser::ast::{
    CaseWhen, CastKind, DataType, DateTimeField, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments,
    ObjectNamePart, Spanned,
};

use super::filter_number::{CALENDAR, Span};
use super::filter_walk::{Type, Walk, is_text, name};
use super::suggest::{list, nearest, quote};

/// Functions that cannot fail on any row: name, fewest and most arguments, and whether they give text.
/// All are pure: the same row always gives the same answer.
const FUNCTIONS: [(&str, usize, usize, Gives); 14] = [
    ("lower", 1, 1, Gives::Text),
    ("upper", 1, 1, Gives::Text),
    ("trim", 1, 1, Gives::Text),
    ("btrim", 1, 1, Gives::Text),
    ("ltrim", 1, 1, Gives::Text),
    ("rtrim", 1, 1, Gives::Text),
    ("length", 1, 1, Gives::Number),
    ("char_length", 1, 1, Gives::Number),
    ("character_length", 1, 1, Gives::Number),
    ("strpos", 2, 2, Gives::Number),
    ("starts_with", 2, 2, Gives::Truth),
    ("ends_with", 2, 2, Gives::Truth),
    ("contains", 2, 2, Gives::Truth),
    ("coalesce", 1, 20, Gives::Same),
];

/// What a function gives; its arguments are text, except under `Same`, where they are all alike.
#[derive(Clone, Copy, PartialEq)]
enum Gives {
    Text,
    Number,
    Truth,
    Same,
}

impl<'a> Walk<'a> {
    pub(super) fn cast(&mut self, whole: &Expr, kind: &CastKind, inner: &'a Expr, to: &DataType) -> Type<'a> {
        let at = self.places.range(whole.span());
        let found = self.expression(inner);
        if *kind != CastKind::TryCast {
            let help = "use `try_cast`, which gives null where the value does not fit".to_string();
            return self.bad(at, "a cast can fail on a row", Some(help));
        }
        if matches!(found, Type::Reference) {
            let help = "it is known whether there is one (`is null`), and no more".to_string();
            return self.bad(at, "a reference cannot be cast", Some(help));
        }
        if *to == DataType::Date && matches!(found, Type::Number(_) | Type::Truth) {
            // A number of days may be a day that no calendar has, which fails where it is written out.
            let help = "only text is read as a date, as in `try_cast(note as date)`".to_string();
            return self.bad(at, format!("{} cannot be cast to a date", name(found)), Some(help));
        }
        match to {
            DataType::BigInt(None) => Type::Number(Span::any()),
            DataType::Int(None) | DataType::Integer(None) => Type::Number(Span::new(i32::MIN, i32::MAX)),
            DataType::Varchar(None) | DataType::Text => Type::Text,
            DataType::Date => Type::Date(CALENDAR),
            other => {
                let help = format!("allowed here: {}", list(&["bigint", "varchar", "date"]));
                self.bad(at, format!("a cast to {} is not allowed", quote(&other.to_string())), Some(help))
            }
        }
    }

    pub(super) fn extract(&mut self, whole: &Expr, field: &DateTimeField, inner: &'a Expr) -> Type<'a> {
        use DateTimeField as Field;
        let found = self.expression(inner);
        self.expect(inner, found, matches!(found, Type::Date(_) | Type::Bad), "a date");
        let known = [Field::Year, Field::Quarter, Field::Month, Field::Day, Field::Dow, Field::Doy];
        if known.contains(field) {
            let (least, greatest) = if *field == Field::Year { (-270_000, 270_000) } else { (0, 366) };
            return Type::Number(Span::new(least, greatest));
        }
        let help = format!("allowed here: {}", list(&["year", "quarter", "month", "day", "dow", "doy"]));
        let at = self.places.range(whole.span());
        self.bad(at, format!("{} cannot be taken from a date here", quote(&field.to_string())), Some(help))
    }

    pub(super) fn function(&mut self, function: &'a Function) -> Type<'a> {
        let at = self.places.range(function.name.span());
        let written = function.name.to_string();
        let plain = matches!(&function.name.0[..], [ObjectNamePart::Identifier(name)] if name.quote_style.is_none());
        let known = FUNCTIONS.iter().find(|(name, ..)| plain && written.eq_ignore_ascii_case(name));
        let Some((name, least, most, gives)) = known else {
            let names = FUNCTIONS.map(|(name, ..)| name);
            let help = match nearest(&written, names) {
                Some(name) => format!("did you mean `{name}`?"),
                None => format!("only what cannot fail and never varies is allowed: {}", list(&names)),
            };
            return self.bad(at, format!("the function {} is not allowed", quote(&written)), Some(help));
        };
        let Some(arguments) = arguments(function) else {
            return self.bad(at, format!("`{name}` takes plain arguments only"), None);
        };
        if !(*least..=*most).contains(&arguments.len()) {
            let counts = if least == most { least.to_string() } else { format!("{least} to {most}") };
            let message = format!("`{name}` takes {counts} arguments, not {}", arguments.len());
            return self.bad(at, message, None);
        }
        match gives {
            Gives::Same => return self.alike(&arguments),
            _ => arguments.iter().for_each(|argument| self.text(argument)),
        }
        match gives {
            Gives::Number => Type::Number(Span::new(0, i32::MAX)),
            Gives::Truth => Type::Truth,
            Gives::Text | Gives::Same => Type::Text,
        }
    }

    /// Parts that must all give the same kind of thing; that kind.
    fn alike(&mut self, parts: &[&'a Expr]) -> Type<'a> {
        let mut kind = Type::Null;
        for part in parts {
            let found = self.expression(part);
            match (kind, found) {
                (Type::Null, Type::Literal(_) | Type::Code(..)) => kind = Type::Text,
                (Type::Null, found) => kind = found,
                (_, Type::Null) | (Type::Bad, _) | (_, Type::Bad) => {}
                (Type::Number(a), Type::Number(b)) => kind = Type::Number(a.or(b)),
                (Type::Date(a), Type::Date(b)) => kind = Type::Date(a.or(b)),
                (Type::Date(_), Type::Literal(text)) => {
                    // A comparison reads text as a date; the engine does not do so among alternatives.
                    let help = format!("write `date '{text}'`");
                    self.bad(self.places.range(part.span()), "text among dates", Some(help));
                }
                (a, b) if name(a) == name(b) || (is_text(a) && is_text(b)) => {}
                (a, b) => self.expect(part, b, false, name(a)),
            }
        }
        kind
    }

    pub(super) fn case(
        &mut self,
        operand: Option<&'a Expr>,
        whens: &'a [CaseWhen],
        other: Option<&'a Expr>,
    ) -> Type<'a> {
        for when in whens {
            match operand {
                Some(operand) => self.compare(operand, &when.condition),
                None => self.truth(&when.condition),
            };
        }
        let results: Vec<&Expr> = whens.iter().map(|when| &when.result).chain(other).collect();
        self.alike(&results)
    }
}

fn arguments(function: &Function) -> Option<Vec<&Expr>> {
    let extras = function.filter.is_some()
        || function.over.is_some()
        || function.null_treatment.is_some()
        || !function.within_group.is_empty()
        || function.uses_odbc_syntax
        || !matches!(function.parameters, FunctionArguments::None);
    let FunctionArguments::List(list) = &function.args else { return None };
    if extras || list.duplicate_treatment.is_some() || !list.clauses.is_empty() {
        return None;
    }
    let plain = |argument| match argument {
        &FunctionArg::Unnamed(FunctionArgExpr::Expr(ref expression)) => Some(expression),
        _ => None,
    };
    list.args.iter().map(plain).collect()
}
