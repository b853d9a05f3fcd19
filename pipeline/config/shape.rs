//! A marked tree against the JSON Schema of the very types that will read it: unknown keys, missing keys, wrong
//! types and unknown words, all at once and each in its place. Nothing about the YAML's shape is said a second time.

use std::borrow::Cow;

use saphyr_parser::ScalarStyle;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::Value as Json;

use super::diagnostic::Diagnostics;
use super::marked::{Node, Value};
use super::source::Document;
use super::suggest::{advice, list, quote};
use crate::schema::forms;

/// Holds `document` against the shape of `T`.
pub fn check<T: JsonSchema>(document: &Document, complaints: &mut Diagnostics) {
    let schema = schema::<T>();
    Walk { document, schema: &schema, complaints }.node(&document.root, &schema, None);
}

/// The JSON Schema of `T`: what is walked here, and what editors are given by `editor`.
pub fn schema<T: JsonSchema>() -> Json {
    SchemaGenerator::default().into_root_schema_for::<T>().to_value()
}

/// A file with so many mistakes is a file of another kind; the walk stops counting there, so that it ends soon.
const ENOUGH: usize = 500;

/// One check in progress.
struct Walk<'a> {
    document: &'a Document,
    schema: &'a Json,
    complaints: &'a mut Diagnostics,
}

impl<'a> Walk<'a> {
    /// Follows a `$ref` to the type that it names.
    fn resolve(&self, schema: &'a Json) -> &'a Json {
        schema
            .get("$ref")
            .and_then(Json::as_str)
            .and_then(|pointer| self.schema.pointer(pointer.trim_start_matches('#')))
            .unwrap_or(schema)
    }

    /// Checks one part. `key` is where to point when the part is blank.
    fn node(&mut self, node: &Node, schema: &'a Json, key: Option<&Node>) {
        let schema = self.resolve(schema);
        if matches!(node.value, Value::Opaque) {
            return;
        }
        if let Some(words) = words(schema) {
            return self.word(node, &words, key);
        }
        let branches = schema.get("anyOf").or_else(|| schema.get("oneOf")).and_then(Json::as_array);
        let one_of = schema.as_object().and_then(forms::one_of);
        if let Some(branches) = branches.filter(|_| one_of.is_none()) {
            return self.branches(node, branches, key);
        }
        if !allows(schema, node, false) {
            return self.wrong_type(node, &[schema], key);
        }
        match &node.value {
            Value::Map(entries) => {
                self.map(node, entries, schema, key);
                self.one_of(entries, &one_of.unwrap_or_default());
            }
            Value::List(items) => self.list(node, items, schema),
            Value::Scalar(text, _) => {
                self.legible(node, text);
                self.number(node, text, schema);
            }
            Value::Opaque => {}
        }
    }

    /// What is read here is printed somewhere: no text changes how the text about it is shown.
    fn legible(&mut self, node: &Node, text: &str) {
        let turns = |c: char| matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
        let hidden = |c: char| turns(c) || c.is_control() && !['\n', '\t'].contains(&c);
        if let Some(hidden) = text.chars().find(|c| hidden(*c)) {
            let message = format!("this text has a character that cannot be shown, U+{:04X}", u32::from(hidden));
            self.push(node, message, Some("write it without".to_string()));
        }
    }

    /// Checks a part that may have one of several shapes: the one that fits its kind is meant.
    fn branches(&mut self, node: &Node, branches: &'a [Json], key: Option<&Node>) {
        let resolved: Vec<&'a Json> = branches.iter().map(|branch| self.resolve(branch)).collect();
        // `Option` adds a null branch and leaves one other: then the other's own complaint is the better one.
        let real: Vec<&'a Json> = resolved
            .iter()
            .copied()
            .filter(|branch| branch.get("type").and_then(Json::as_str) != Some("null"))
            .collect();
        if real.len() < resolved.len() && node.is_null() {
            return;
        }
        if let [only] = real[..] {
            return self.node(node, only, key);
        }
        let one = !matches!(node.value, Value::Map(_) | Value::List(_));
        let fits = |branch: &&&Json| words(branch).map_or_else(|| allows(branch, node, true), |_| one);
        match real.iter().find(fits) {
            Some(branch) => self.node(node, branch, key),
            None => self.wrong_type(node, &real, key),
        }
    }

    fn map(&mut self, node: &Node, entries: &[(Node, Node)], schema: &'a Json, key: Option<&Node>) {
        let properties = schema.get("properties").and_then(Json::as_object);
        let others = schema.get("additionalProperties").filter(|others| others.is_object());
        for (key, value) in entries {
            let Some(name) = key.text() else {
                if !matches!(key.value, Value::Opaque) {
                    self.push(key, "a key must be one word".to_string(), None);
                }
                continue;
            };
            match properties.and_then(|known| known.get(name)).or(others) {
                Some(inner) => self.node(value, inner, Some(key)),
                None => self.unknown_key(key, name, properties),
            }
        }
        let required = schema.get("required").and_then(Json::as_array).into_iter().flatten();
        let missing: Vec<&str> = required.filter_map(Json::as_str).filter(|name| node.get(name).is_none()).collect();
        // An alias or merge key may bring what seems missing; then serde_yaml has the word.
        if !missing.is_empty() && !entries.iter().any(|(key, _)| matches!(key.value, Value::Opaque)) {
            let place = key.or(entries.first().map(|(key, _)| key)).unwrap_or(node);
            let plural = if missing.len() == 1 { "key is" } else { "keys are" };
            self.push(place, format!("the {plural} missing: {}", list(&missing)), meaning(properties, &missing));
        }
    }

    /// Of some keys one alone is given: one that is blank beside another is a question left open. How many have a value
    /// is counted by the checks that know what they mean.
    fn one_of(&mut self, entries: &[(Node, Node)], keys: &[&str]) {
        let given = entries.iter().filter(|(key, _)| key.text().is_some_and(|name| keys.contains(&name)));
        let (blank, full) = given.partition::<Vec<_>, _>(|(_, value)| value.is_null());
        if full.is_empty() {
            return;
        }
        for (key, _) in blank {
            let message = format!("{} is blank", quote(key.text().unwrap_or_default()));
            self.push(key, message, Some(format!("exactly one of {} is given", list(keys))));
        }
    }

    fn unknown_key(&mut self, key: &Node, name: &str, known: Option<&serde_json::Map<String, Json>>) {
        let help = if name == "<<" {
            Some("merge keys are not used here: write the keys out".to_string())
        } else {
            advice(name, known.into_iter().flat_map(|known| known.keys().map(String::as_str)))
        };
        self.push(key, format!("unknown key {}", quote(name)), help);
    }

    fn list(&mut self, node: &Node, items: &[Node], schema: &'a Json) {
        if let Some(prefix) = schema.get("prefixItems").and_then(Json::as_array) {
            if items.len() != prefix.len() {
                self.push(node, format!("expected {} values, found {}", prefix.len(), items.len()), None);
            }
            items.iter().zip(prefix).for_each(|(item, inner)| self.node(item, inner, None));
        } else if let Some(inner) = schema.get("items") {
            items.iter().for_each(|item| self.node(item, inner, None));
        }
    }

    /// Whole numbers are held to the range of the type that will read them.
    fn number(&mut self, node: &Node, text: &str, schema: &Json) {
        if !types(schema).contains(&"integer") || node.is_null() {
            return;
        }
        let Ok(number) = text.parse::<i128>() else { return };
        let (low, high) = match schema.get("format").and_then(Json::as_str) {
            Some("uint8") => (0, i128::from(u8::MAX)),
            Some("uint32") => (0, i128::from(u32::MAX)),
            Some("uint64") => (0, i128::from(u64::MAX)),
            _ => (i128::from(i64::MIN), i128::from(i64::MAX)),
        };
        if number < low || number > high {
            self.push(node, format!("{} is not between {low} and {high}", quote(text)), None);
        }
    }

    fn word(&mut self, node: &Node, words: &[&str], key: Option<&Node>) {
        match node.text() {
            Some("") | None => {
                let message = format!("expected one word, found {}", kind(node));
                self.push(place(node, key), message, Some(format!("allowed here: {}", list(words))));
            }
            Some(text) if words.contains(&text) => {}
            Some(text) => {
                self.push(node, format!("unknown word {}", quote(text)), advice(text, words.iter().copied()));
            }
        }
    }

    fn wrong_type(&mut self, node: &Node, expected: &[&Json], key: Option<&Node>) {
        let mut names: Vec<Cow<'static, str>> = expected.iter().flat_map(|schema| type_names(schema)).collect();
        names.dedup();
        let message = format!("expected {}, found {}", names.join(" or "), kind(node));
        let text_wanted = expected.iter().any(|schema| types(schema).contains(&"string"));
        let help = (text_wanted && node.text().is_some_and(|text| !text.is_empty()))
            .then(|| "put it in quotes if it is meant as text".to_string());
        self.push(place(node, key), message, help);
    }

    fn push(&mut self, node: &Node, message: String, help: Option<String>) {
        if self.complaints.len() >= ENOUGH {
            return;
        }
        let mut complaint = self.document.at(node.span.clone(), message);
        complaint.help = help;
        self.complaints.push(complaint);
    }
}

/// A blank value has no width: then the key is pointed at.
fn place<'n>(node: &'n Node, key: Option<&'n Node>) -> &'n Node {
    if node.span.is_empty() { key.unwrap_or(node) } else { node }
}

/// What the first missing key is for, in the words of its own documentation.
fn meaning(properties: Option<&serde_json::Map<String, Json>>, missing: &[&str]) -> Option<String> {
    let [name] = missing else { return None };
    let text = properties?.get(*name)?.get("description")?.as_str()?;
    let first = text.split("\n").next().unwrap_or(text).trim_end_matches('.');
    Some(format!("`{name}`: {first}"))
}

/// The words of a closed list, however schemars writes it; `None` where the schema is no closed list.
fn words(schema: &Json) -> Option<Vec<&str>> {
    if let Some(words) = schema.get("enum").and_then(Json::as_array) {
        return Some(words.iter().filter_map(Json::as_str).collect());
    }
    let mut all = Vec::new();
    for branch in schema.get("oneOf")?.as_array()? {
        match (branch.get("const").and_then(Json::as_str), branch.get("enum").and_then(Json::as_array)) {
            (Some(word), _) => all.push(word),
            (None, Some(words)) => all.extend(words.iter().filter_map(Json::as_str)),
            (None, None) => return None,
        }
    }
    Some(all)
}

/// The JSON types that a schema allows.
fn types(schema: &Json) -> Vec<&str> {
    match schema.get("type") {
        Some(Json::String(one)) => vec![one],
        Some(Json::Array(many)) => many.iter().filter_map(Json::as_str).collect(),
        _ => Vec::new(),
    }
}

/// Whether a part is of a kind that the schema allows. `serde_yaml` reads an unquoted number as text where text is
/// asked for, but not where one of several shapes must be chosen (`strict`). A truth value is text for no editor.
fn allows(schema: &Json, node: &Node, strict: bool) -> bool {
    let types = types(schema);
    if types.is_empty() {
        return true;
    }
    types.iter().any(|kind| match (&node.value, *kind) {
        (Value::Map(_), "object") | (Value::List(_), "array") => true,
        (Value::Scalar(..), "null") => node.is_null(),
        (Value::Scalar(text, style), "string") => {
            *style != ScalarStyle::Plain || !(node.is_null() || is_truth(text) || strict && is_number(text))
        }
        (Value::Scalar(text, ScalarStyle::Plain), "integer") => is_whole(text),
        (Value::Scalar(text, ScalarStyle::Plain), "number") => text.parse::<f64>().is_ok(),
        (Value::Scalar(text, ScalarStyle::Plain), "boolean") => is_truth(text),
        _ => false,
    })
}

/// Unquoted text that YAML reads as a number.
fn is_number(text: &str) -> bool {
    is_whole(text) || text.parse::<f64>().is_ok()
}

/// Unquoted text that YAML reads as a truth value.
fn is_truth(text: &str) -> bool {
    matches!(text, "true" | "True" | "TRUE" | "false" | "False" | "FALSE")
}

/// Digits after an optional sign; other notations (`0x1f`) are left for `serde_yaml` to judge.
fn is_whole(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    plain || ["0x", "0o", "0b"].iter().any(|prefix| digits.starts_with(prefix))
}

/// What a part is, for a person.
fn kind(node: &Node) -> String {
    match &node.value {
        Value::Map(_) => "a mapping".into(),
        Value::List(_) => "a list".into(),
        Value::Opaque => "a reference".into(),
        Value::Scalar(..) if node.is_null() => "nothing".into(),
        Value::Scalar(text, _) => quote(text),
    }
}

/// What a schema asks for, for a person.
fn type_names(schema: &Json) -> Vec<Cow<'static, str>> {
    let name = |kind: &str| match kind {
        "object" => "a mapping",
        "array" => "a list",
        "string" => "text",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "`true` or `false`",
        _ => "nothing",
    };
    types(schema).into_iter().filter(|kind| *kind != "null").map(|kind| Cow::Borrowed(name(kind))).collect()
}

#[cfg(test)]
mod tests;
