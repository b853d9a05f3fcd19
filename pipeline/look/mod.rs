//! Takes a board's look, a template and what to say.
//! Gives a page: self-contained, escaped, and of one look with every other page of the run.
//! Never sees a figure's origin: it sets words.
//!
//! Templates and strings are smirr's own, unless the board's folder of templates has a file of the same name.
//! `strings.yaml` is the one place of every sentence that a page or a sheet says by itself: a translation is a copy of it
//! in that folder.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD as BASE64;
use minijinja::value::{Serde, Value};
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde::Serialize;

use crate::config::look::{Colour, Look};
use crate::config::words::syntax;
use crate::error::{Error, Result};

/// What every page is made with: name and text of smirr's own templates.
const OWN: [(&str, &str); 3] = [
    ("page.html", include_str!("page.html")),
    ("page.css", include_str!("page.css")),
    ("strings.yaml", include_str!("strings.yaml")),
];

/// How much work one page may be: far beyond any page, and the end of a template that never ends.
const FUEL: u64 = 200_000_000;

/// A maker of pages.
pub struct Pages {
    environment: Environment<'static>,
    /// Those of `strings.yaml`.
    sentences: Arc<Environment<'static>>,
}

/// What each page says of the board.
#[derive(Debug, Clone, Serialize)]
struct Appearance {
    logo: Option<String>,
    colour: String,
    accent: String,
    /// The same in a dark theme: as far towards white as reading asks for.
    colour_on_dark: String,
    accent_on_dark: String,
}

impl Pages {
    /// A maker of pages with these templates beside those that all pages share.
    ///
    /// # Errors
    /// [`Error::Io`] where a file of the board's look cannot be read; [`Error::System`] where one is no template.
    pub fn new(look: &Look, templates: &[(&'static str, &'static str)]) -> Result<Self> {
        let mut environment = environment();
        let mut strings = BTreeMap::new();
        for (name, own) in OWN.iter().chain(templates) {
            let text = theirs(look.templates.as_deref(), name)?.map_or(Cow::Borrowed(*own), Cow::Owned);
            if *name == "strings.yaml" {
                strings = words(own, &text)?;
            } else {
                environment.add_template_owned(*name, text.into_owned()).map_err(|e| faulty(name, &e))?;
            }
        }
        let sentences = Arc::new(sentences(&strings)?);
        let said = Arc::clone(&sentences);
        environment.add_function("say", move |key: &str, values: Option<Value>| say(&said, key, values));
        environment.add_global("t", Serde(&strings));
        environment.add_global("look", Serde(appearance(look)?));
        Ok(Pages { environment, sentences })
    }

    /// A page.
    ///
    /// # Errors
    /// [`Error::System`] where a board's own template asks for what is not there.
    pub fn page(&self, name: &str, context: impl Into<Value>) -> Result<String> {
        let template = self.environment.get_template(name).map_err(|e| faulty(name, &e))?;
        template.render(context).map_err(|e| faulty(name, &e))
    }

    /// A sentence of `strings.yaml`, as plain text.
    ///
    /// # Errors
    /// As [`Pages::page`].
    pub fn say(&self, key: &str, context: impl Into<Value>) -> Result<String> {
        let missing = |_| Error::System(format!("strings.yaml has no `{key}`"));
        let sentence = self.sentences.get_template(key).map_err(missing)?;
        sentence.render(context).map_err(|e| unsayable(key, &e))
    }
}

/// The sentences, as templates of their own: none reaches a page, a file or `say`, so none leads back to itself for ever.
fn sentences(strings: &BTreeMap<String, String>) -> Result<Environment<'static>> {
    let mut environment = environment();
    for (key, text) in strings {
        // By its own name as plain text, and as part of a page with what is filled in escaped.
        for name in [key.clone(), format!("{key}.html")] {
            environment.add_template_owned(name, text.clone()).map_err(|e| unsayable(key, &e))?;
        }
    }
    Ok(environment)
}

/// What pages and sentences have in common.
fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(
        |name| {
            if name.ends_with(".html") { AutoEscape::Html } else { AutoEscape::None }
        },
    );
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    environment.set_syntax(syntax());
    environment
}

/// In a page, `say("key", {"name": value})`: a sentence of `strings.yaml`, escaped but for what is markup already.
fn say(sentences: &Environment<'_>, key: &str, values: Option<Value>) -> std::result::Result<Value, minijinja::Error> {
    let sentence = sentences.get_template(&format!("{key}.html"))?;
    sentence.render(values.unwrap_or_else(|| minijinja::context! {})).map(Value::from_safe_string)
}

/// A board's own file of this name.
fn theirs(folder: Option<&Path>, name: &str) -> Result<Option<String>> {
    let Some(path) = folder.map(|folder| folder.join(name)).filter(|path| path.exists()) else { return Ok(None) };
    fs::read_to_string(&path).map(Some).map_err(|e| Error::io("cannot read", &path, e))
}

/// The strings: smirr's own, and in their place those of the board. One that smirr does not know is a slip.
fn words(own: &str, text: &str) -> Result<BTreeMap<String, String>> {
    let read = |text: &str| serde_yaml::from_str::<BTreeMap<String, String>>(text);
    let wrong = |why: String| Error::System(format!("strings.yaml: {why}"));
    let mut known = read(own).map_err(|e| wrong(e.to_string()))?;
    for (key, text) in read(text).map_err(|e| wrong(e.to_string()))? {
        match known.get_mut(&key) {
            Some(slot) => *slot = text,
            None => return Err(wrong(format!("there is no `{key}` among smirr's own strings"))),
        }
    }
    Ok(known)
}

fn appearance(look: &Look) -> Result<Appearance> {
    let logo = match &look.logo {
        Some(path) => Some(data_uri(path, &fs::read(path).map_err(|e| Error::io("cannot read", path, e))?)),
        None => None,
    };
    let on_dark = |colour: Colour| {
        let tints = (0..=20).map(|step| colour.towards(Colour::WHITE, f64::from(step) / 20.0));
        let readable = tints.into_iter().find(|tint| tint.contrast(DARK) >= 6.0);
        readable.unwrap_or(Colour::WHITE).to_string()
    };
    Ok(Appearance {
        logo,
        colour: look.colour.to_string(),
        accent: look.accent.to_string(),
        colour_on_dark: on_dark(look.colour),
        accent_on_dark: on_dark(look.accent),
    })
}

/// What pages are on in a dark theme; `page.css` has the same.
const DARK: Colour = Colour([0x1b, 0x1a, 0x22]);

/// A picture as part of a page. As the source of an `img`, nothing in it runs.
fn data_uri(path: &Path, bytes: &[u8]) -> String {
    let kind = if path.extension().is_some_and(|it| it == "png") { "image/png" } else { "image/svg+xml" };
    format!("data:{kind};base64,{}", base64(bytes))
}

/// Bytes as text, with padding (RFC 4648, section 4): as addresses of data and content security policies have them.
pub fn base64(bytes: impl AsRef<[u8]>) -> String {
    BASE64.encode(bytes)
}

/// A sentence's fault: its key, and never what it was to show.
fn unsayable(key: &str, error: &minijinja::Error) -> Error {
    Error::System(format!("the sentence `{key}` of strings.yaml cannot be used: {}", error.kind()))
}

/// A template's fault: name and line, and never what it was to show.
fn faulty(name: &str, error: &minijinja::Error) -> Error {
    let line = error.line().map_or(String::new(), |line| format!(", line {line}"));
    Error::System(format!("the template {name}{line} cannot be used: {}", error.kind()))
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
