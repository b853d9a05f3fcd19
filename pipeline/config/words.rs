//! The language of a report's `findings` and `words`: sentences with figures in double braces.
//!
//! | in a sentence | prints |
//! |---|---|
//! | `{{ board }}`, `{{ quarter }}`, `{{ area }}` | the board, the quarter in words, and the area that the sentence is about: the whole board first, then each area that the page shows |
//! | `{{ referred }}`: a figure of the report by its name in published files | "1,234 people (95% range 1,180 to 1,290)": no figure is said without its uncertainty; one that is withheld prints `[x] (not available)` |
//! | `{{ referral_rate.simd_quintile["1"] }}` | the figure at one value of one dimension |
//! | `{{ compare(a, b) }}` of two figures | "higher than" or "lower than" where their intervals do not overlap, "not clearly different from" where they do, "not comparable with" where one is not there |
//! | `{{ referred.value }}`, `.lower`, `.upper` | the bare number; the symbol in brackets where there is none |
//! | `{{ area \| upper }}` | the filters `abs`, `capitalize`, `lower`, `round` and `upper` |
//! | `{% if compare(a, b) == "higher than" %} … {% elif … %} … {% else %} … {% endif %}` | one sentence or another |
//!
//! Nothing else is reachable: no file, no other template, no loop. What a sentence prints is text, and escaped where it
//! is shown.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Object, ObjectRepr, Value};
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior, filters};

/// What may be said beside the figures.
pub const PLAIN: [&str; 3] = ["board", "quarter", "area"];

/// The name of the one function.
pub const COMPARE: &str = "compare";

/// What a figure's bare numbers are called.
pub const PARTS: [&str; 3] = ["value", "lower", "upper"];

/// The tags that a sentence may have.
pub const TAGS: [&str; 4] = ["if", "elif", "else", "endif"];

/// How much work one sentence may be.
const FUEL: u64 = 100_000;

/// What `compare` says, by which of the two lies higher.
#[derive(Debug, Clone)]
pub struct Comparisons {
    /// The first, clearly.
    pub higher: String,
    /// The second, clearly.
    pub lower: String,
    /// Their intervals overlap.
    pub alike: String,
    /// One of them is not there.
    pub missing: String,
}

impl Default for Comparisons {
    fn default() -> Self {
        Comparisons {
            higher: "higher than".into(),
            lower: "lower than".into(),
            alike: "not clearly different from".into(),
            missing: "not comparable with".into(),
        }
    }
}

/// A figure in a sentence.
#[derive(Debug, Clone, Default)]
pub struct Said {
    /// With its unit and interval, as it is printed.
    pub text: String,
    /// Where it has a value: that, and its interval.
    pub numbers: Option<[f64; 3]>,
    /// What stands for a number where there is none: `[x]`.
    pub symbol: String,
    /// By the values of one dimension.
    pub by: BTreeMap<String, Value>,
}

impl Said {
    /// The figure as a template's value.
    pub fn into_value(self) -> Value {
        Value::from_object(self)
    }

    /// A figure at the values of one dimension.
    pub fn by_value(values: impl IntoIterator<Item = (String, Said)>) -> Value {
        let values = values.into_iter().map(|(value, said)| (value, said.into_value())).collect();
        Value::from_object(ByValue(values))
    }

    fn number(&self, at: usize) -> Value {
        match self.numbers {
            // A whole number is printed without a point.
            Some(numbers) if numbers[at].fract() == 0.0 && numbers[at].abs() < 9e15 => Value::from(numbers[at] as i64),
            Some(numbers) => Value::from(numbers[at]),
            None => Value::from(self.symbol.clone()),
        }
    }
}

impl Object for Said {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let key = key.as_str()?;
        let part = PARTS.iter().position(|part| *part == key);
        part.map(|part| self.number(part)).or_else(|| self.by.get(key).cloned())
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A figure by the values of a dimension: it is no figure itself.
#[derive(Debug)]
struct ByValue(BTreeMap<String, Value>);

impl Object for ByValue {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        // A value that is a number may be written as one.
        self.0.get(key.as_str().map_or_else(|| key.to_string(), str::to_owned).as_str()).cloned()
    }

    fn render(self: &Arc<Self>, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Err(fmt::Error)
    }
}

/// How templates are written, sentences and pages alike: tags leave no blank lines behind.
pub fn syntax() -> SyntaxConfig {
    // Unwrap safety: only delimiters of one's own can be refused.
    SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build().expect("the usual delimiters")
}

/// An environment that knows this language, and nothing else.
pub fn language(comparisons: Comparisons) -> Environment<'static> {
    let mut environment = Environment::empty();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    environment.set_syntax(syntax());
    environment.add_filter("abs", filters::abs);
    environment.add_filter("capitalize", filters::capitalize);
    environment.add_filter("lower", filters::lower);
    environment.add_filter("round", filters::round);
    environment.add_filter("upper", filters::upper);
    environment.add_function(COMPARE, move |a: Value, b: Value| compare(&comparisons, &a, &b));
    environment
}

fn compare(say: &Comparisons, a: &Value, b: &Value) -> Result<String, Error> {
    let figure = |value: &Value| value.downcast_object_ref::<Said>().map(|said| said.numbers);
    let (Some(a), Some(b)) = (figure(a), figure(b)) else {
        return Err(Error::new(ErrorKind::InvalidOperation, "only two figures can be compared"));
    };
    let said = match (a, b) {
        (Some([_, lower, _]), Some([_, _, upper])) if lower > upper => &say.higher,
        (Some([_, _, upper]), Some([_, lower, _])) if upper < lower => &say.lower,
        (Some(_), Some(_)) => &say.alike,
        _ => &say.missing,
    };
    Ok(said.clone())
}

#[cfg(test)]
mod tests {
    use minijinja::context;

    use super::*;

    fn said(lower: f64, upper: f64) -> Said {
        Said { text: "a figure".into(), numbers: Some([(lower + upper) / 2.0, lower, upper]), ..Said::default() }
    }

    fn printed(template: &str, a: Said, b: Said) -> Result<String, Error> {
        let environment = language(Comparisons::default());
        environment.render_str(template, context! { a => a.into_value(), b => b.into_value() })
    }

    #[test]
    fn figures_are_compared_by_their_intervals() {
        let compared = |a, b| printed("{{ compare(a, b) }}", a, b).unwrap();
        assert_eq!(compared(said(5.0, 6.0), said(1.0, 4.0)), "higher than");
        assert_eq!(compared(said(1.0, 4.0), said(5.0, 6.0)), "lower than");
        assert_eq!(compared(said(1.0, 4.0), said(4.0, 6.0)), "not clearly different from", "they touch");
        assert_eq!(compared(said(1.0, 4.0), Said::default()), "not comparable with");
        assert!(printed("{{ compare(a, 3) }}", said(1.0, 2.0), said(1.0, 2.0)).is_err());
    }

    #[test]
    fn a_figure_prints_with_its_uncertainty_and_its_parts_alone() {
        let all = "{{ a }}: {{ a.value }}, {{ a.lower }}, {{ a.upper }}";
        assert_eq!(printed(all, said(1.0, 2.0), said(1.0, 2.0)).unwrap(), "a figure: 1.5, 1, 2");
        let withheld = Said { text: "[x] (not available)".into(), symbol: "[x]".into(), ..Said::default() };
        assert_eq!(printed(all, withheld, said(1.0, 2.0)).unwrap(), "[x] (not available): [x], [x], [x]");
    }

    #[test]
    fn a_value_of_a_dimension_is_found_by_text_and_by_number() {
        let by = [("band".to_owned(), Said::by_value([("1".to_owned(), said(1.0, 2.0))]))];
        let a = Said { by: by.into(), ..said(0.0, 9.0) };
        let printed = |template: &str| printed(template, a.clone(), Said::default());
        assert_eq!(printed("{{ a.band[\"1\"] }} {{ a.band[1].lower }}").unwrap(), "a figure 1");
        for wrong in ["{{ a.band }}", "{{ a.band[2] }}", "{{ a.bond }}", "{{ c }}", "{{ range(9) }}", "{{ a | safe }}"]
        {
            assert!(printed(wrong).is_err(), "{wrong}");
        }
    }
}
