//! Numbers on a page, each with the place where it stands as data.

use std::collections::BTreeMap;

use minijinja::value::{Serde, Value};
use minijinja::{Error, ErrorKind, context};
use serde::Serialize;

use super::super::edition::Edition;
use super::super::names::{LABEL, MANIFEST};
use super::super::text::{escaped, thousands};
use crate::config::look::Contact;
use crate::error::{Error as Failure, Result};

/// The files of the pack that facts stand in.
#[derive(Clone)]
pub struct Facts {
    files: [(&'static str, serde_json::Value); 2],
}

impl Facts {
    /// Those of an edition.
    ///
    /// # Errors
    /// [`Failure::System`] where one has no JSON form.
    pub fn of(edition: &Edition) -> Result<Self> {
        Ok(Facts { files: [(LABEL, json(&edition.label)?), (MANIFEST, json(&edition.manifest)?)] })
    }

    /// What a template calls as `fact("privacy.json#/total/loss_decimal")`.
    fn function(&self) -> Value {
        let facts = self.clone();
        Value::from_function(move |place: &str| facts.fact(place))
    }

    /// A file's content, for templates to walk.
    fn file(&self, name: &str) -> Value {
        let found = self.files.iter().find(|(known, _)| *known == name);
        Value::from(Serde(found.map(|(_, value)| value.clone()).unwrap_or_default()))
    }

    /// What every page of trust is given.
    pub fn common(&self, edition: &Edition) -> Value {
        let licence = edition.licence;
        let licence = format!("<a href=\"{}\">{}</a>", licence.url(), own_words(licence.title()));
        context! {
            fact => self.function(),
            yaml => Value::from_function(|text: &str| Value::from_safe_string(own_words(text))),
            label => self.file(LABEL),
            manifest => self.file(MANIFEST),
            contact => contact(&edition.contact).map(Value::from_safe_string),
            licence => Value::from_safe_string(licence),
            levels => levels(edition),
            dimensions => dimensions(edition),
        }
    }

    fn fact(&self, place: &str) -> std::result::Result<Value, Error> {
        let missing = || Error::new(ErrorKind::UndefinedError, "a page names a fact that is not there");
        let (file, pointer) = place.split_once('#').ok_or_else(missing)?;
        let (_, content) = self.files.iter().find(|(name, _)| *name == file).ok_or_else(missing)?;
        let text = content.pointer(pointer).and_then(shown).ok_or_else(missing)?;
        Ok(Value::from_safe_string(format!("<span data-fact=\"{}\">{text}</span>", escaped(place))))
    }
}

/// Words of the board's own: any number in them is its own.
fn own_words(text: &str) -> String {
    format!("<span data-from=\"board\">{}</span>", escaped(text))
}

/// Whom readers may ask, as links; none where the board names nobody.
fn contact(contact: &Contact) -> Option<String> {
    let name = contact.name.as_ref().map(|name| own_words(name));
    let email = contact.email.as_ref().map(|it| format!("<a href=\"mailto:{}\">{}</a>", escaped(it), own_words(it)));
    // The plan lets an address through that begins with `https://`, and no other.
    let url = contact.url.as_ref().map(|it| format!("<a href=\"{}\">{}</a>", escaped(it), own_words(it)));
    let all = [name, email, url].into_iter().flatten().collect::<Vec<_>>();
    (!all.is_empty()).then(|| all.join(", "))
}

/// A level's name to what readers call it.
fn levels(edition: &Edition) -> Value {
    let words = edition.levels.iter().map(|level| (level.name.clone(), level.title.clone()));
    Value::from(Serde(words.collect::<BTreeMap<_, _>>()))
}

/// A dimension's name to what readers call it.
fn dimensions(edition: &Edition) -> Value {
    let all = edition.stories.iter().flat_map(|story| &story.dimensions);
    Value::from(Serde(all.map(|it| (it.name.clone(), it.title.clone())).collect::<BTreeMap<_, _>>()))
}

fn json(value: &impl Serialize) -> Result<serde_json::Value> {
    serde_json::to_value(value).map_err(|_| Failure::System("a file of the pack has no JSON form".into()))
}

/// A fact as markup. Text in backquotes is code.
fn shown(value: &serde_json::Value) -> Option<String> {
    match value {
        serde_json::Value::String(text) => Some(coded(text)),
        serde_json::Value::Number(number) => {
            number.as_i64().map(|it| thousands(&it.to_string())).or_else(|| number.as_f64().map(rounded))
        }
        _ => None,
    }
}

/// Escaped text, and what stands in backquotes as code.
fn coded(text: &str) -> String {
    let parts = text.split('`').enumerate();
    let part = |(at, part): (usize, &str)| match at % 2 {
        0 => escaped(part),
        _ => format!("<code>{}</code>", escaped(part)),
    };
    // A last backquote without its twin is a character like any other.
    match text.matches('`').count() % 2 {
        0 => parts.map(part).collect(),
        _ => escaped(text),
    }
}

/// To three significant digits below 100, and whole beyond; without zeros at the end.
fn rounded(number: f64) -> String {
    let places = match number.abs() {
        size if size < 10.0 => 2,
        size if size < 100.0 => 1,
        _ => return thousands(&(number.round() as i64).to_string()),
    };
    let text = format!("{number:.places$}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_shown_as_people_read_them() {
        let parts = [(0.254, "0.25"), (3.0, "3"), (25.058, "25.1"), (172.1007, "172"), (12_345.6, "12,346")];
        assert!(parts.iter().all(|(number, text)| rounded(*number) == *text));
    }

    #[test]
    fn text_is_inert() {
        assert_eq!(coded("a `b` <c>"), "a <code>b</code> &lt;c&gt;");
        assert_eq!(coded("`<script>`"), "<code>&lt;script&gt;</code>");
        assert_eq!(coded("it's ` one"), "it&#x27;s ` one");
    }
}
