//! What an editor is told of our YAML: the JSON Schemas by which every file is checked, in the form that a YAML language
//! server shows best. They are committed in `schemas/`, and `smirr schema` prints them.

use clap::ValueEnum;
use serde_json::{Map, Value, json};

use super::board::BoardYaml;
use super::report::ReportYaml;
use super::shape;
use crate::schema::{TableSchema, forms};

/// A kind of YAML file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// A board's configuration, as in `configs/`.
    Config,
    /// A report, as in `reports/`.
    Report,
    /// The contract of one table, as in `schemas/`.
    Table,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 3] = [Kind::Config, Kind::Report, Kind::Table];

    /// The name of its file: `config.schema.json`.
    pub fn file(self) -> &'static str {
        match self {
            Kind::Config => "config.schema.json",
            Kind::Report => "report.schema.json",
            Kind::Table => "table.schema.json",
        }
    }

    /// Its JSON Schema (2020-12), with what language servers read beside the standard: `markdownDescription` and
    /// `patternErrorMessage`.
    pub fn json_schema(self) -> Value {
        let (mut schema, title) = match self {
            Kind::Config => (shape::schema::<BoardYaml>(), "A board's configuration of smirr"),
            Kind::Report => (shape::schema::<ReportYaml>(), "A report of smirr"),
            Kind::Table => (shape::schema::<TableSchema>(), "A table of smirr's extract contract"),
        };
        tidy(&mut schema, Place::Alone);
        schema["title"] = title.into();
        schema
    }

    /// The text of its file.
    pub fn text(self) -> String {
        format!("{:#}\n", self.json_schema())
    }
}

/// Where a part of a schema stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// It says all that its value may be.
    Alone,
    /// It is one of several shapes.
    Choice,
}

/// Keywords whose values are schemas by name.
const BY_NAME: [&str; 2] = ["properties", "$defs"];
/// Keywords whose value is a schema.
const ONE: [&str; 2] = ["items", "additionalProperties"];

/// Makes a schema fit to be read, and lets it accept what `shape` does.
fn tidy(schema: &mut Value, place: Place) {
    let Some(schema) = schema.as_object_mut() else { return };
    prose(schema);
    if place == Place::Alone {
        numbers_are_text(schema);
    }
    // Nothing is offered for what may be left out.
    if schema.get("default").is_some_and(Value::is_null) {
        schema.remove("default");
    }
    for keyword in BY_NAME {
        let parts = schema.get_mut(keyword).and_then(Value::as_object_mut);
        parts.into_iter().flat_map(|parts| parts.values_mut()).for_each(|part| tidy(part, Place::Alone));
    }
    for keyword in ONE {
        schema.get_mut(keyword).into_iter().for_each(|part| tidy(part, Place::Alone));
    }
    let pair = schema.get_mut("prefixItems").and_then(Value::as_array_mut);
    pair.into_iter().flatten().for_each(|part| tidy(part, Place::Alone));
    if forms::one_of(schema).is_some() {
        return;
    }
    for keyword in ["anyOf", "oneOf"] {
        let branches = schema.get_mut(keyword).and_then(Value::as_array_mut);
        branches.into_iter().flatten().for_each(|part| tidy(part, Place::Choice));
    }
}

/// Paragraphs as the author of the page meant them: a line of ours ends where the source's lines do. What is in Markdown
/// is said to be, for a language server shows a plain description's signs as they are.
fn prose(schema: &mut Map<String, Value>) {
    let Some(text) = schema.get("description").and_then(Value::as_str) else { return };
    let text = paragraphs(text);
    if text.contains('`') {
        schema.insert("markdownDescription".into(), text.clone().into());
    }
    schema.insert("description".into(), text.into());
}

/// One line a paragraph; examples stay as they are.
fn paragraphs(text: &str) -> String {
    let blocks = text.split("\n\n").map(|block| match block.starts_with("```") {
        true => block.to_string(),
        false => block.lines().map(str::trim).collect::<Vec<_>>().join(" "),
    });
    blocks.collect::<Vec<_>>().join("\n\n")
}

/// Where text alone is asked for, a number without quotes is read as its text.
fn numbers_are_text(schema: &mut Map<String, Value>) {
    let closed = ["pattern", "const", "enum"].iter().any(|keyword| schema.contains_key(*keyword));
    if closed {
        return;
    }
    let widened = match schema.get("type") {
        Some(Value::String(kind)) if kind == "string" => json!(["string", "number"]),
        Some(Value::Array(kinds)) if *kinds == ["string", "null"] => json!(["string", "number", "null"]),
        _ => return,
    };
    schema.insert("type".into(), widened);
}
