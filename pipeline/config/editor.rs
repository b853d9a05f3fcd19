//! What an editor is told of our YAML: the JSON Schemas by which every file is checked, in the form that a YAML language
//! server explains best. They are committed in `schemas/`, and `smirr schema` prints them.
//!
//! A language server shows the description of the innermost schema that a value fits, and of several shapes the first
//! that it does not fit. So a part is described where it stands and nowhere else, a closed list of words is one `enum`,
//! and what may be a mapping or something shorter is told apart by its type alone.

use std::collections::BTreeMap;

use clap::ValueEnum;
use serde_json::{Map, Value, json};

use super::board::BoardYaml;
use super::report::ReportYaml;
use super::shape;
use super::suggest::list;
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

    /// Its JSON Schema (2020-12), with what language servers read beside the standard: `markdownDescription`,
    /// `markdownEnumDescriptions` and `errorMessage`.
    pub fn json_schema(self) -> Value {
        let mut schema = match self {
            Kind::Config => shape::schema::<BoardYaml>(),
            Kind::Report => shape::schema::<ReportYaml>(),
            Kind::Table => shape::schema::<TableSchema>(),
        };
        let definitions = schema.get("$defs").and_then(Value::as_object);
        let definitions = definitions.into_iter().flatten().map(|(name, definition)| {
            let description = definition.get("description").and_then(Value::as_str).unwrap_or_default();
            let is_mapping = definition.get("type").is_some_and(|kind| kind == "object");
            (format!("#/$defs/{name}"), Definition { description: description.to_string(), is_mapping })
        });
        Tidy { definitions: definitions.collect() }.part(&mut schema, Place::Described);
        schema
    }

    /// The text of its file.
    pub fn text(self) -> String {
        format!("{:#}\n", self.json_schema())
    }
}

/// What is said of a type.
struct Definition {
    description: String,
    is_mapping: bool,
}

/// Where a part of a schema stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Its key has a description.
    Described,
    /// It has none but that of its type: an item, or a value under a key of the author's.
    Bare,
    /// It is a type, which is described where it is used.
    Type,
    /// It is one of several shapes, whose choice is described.
    Shape,
}

/// The schema in hand.
struct Tidy {
    /// By their references.
    definitions: BTreeMap<String, Definition>,
}

impl Tidy {
    fn part(&self, schema: &mut Value, place: Place) {
        let Some(schema) = schema.as_object_mut() else { return };
        // The name of a type of ours says nothing to an author.
        schema.remove("title");
        words(schema);
        self.description(schema, place);
        defaults(schema);
        if place != Place::Shape {
            numbers_are_text(schema);
        }
        self.parts(schema);
        exactly_one(schema);
        self.shapes(schema);
    }

    /// What it is made of.
    fn parts(&self, schema: &mut Map<String, Value>) {
        for (keyword, place) in [("properties", Place::Described), ("$defs", Place::Type)] {
            let parts = schema.get_mut(keyword).and_then(Value::as_object_mut);
            parts.into_iter().flat_map(Map::values_mut).for_each(|part| self.part(part, place));
        }
        for keyword in ["items", "additionalProperties"] {
            schema.get_mut(keyword).into_iter().for_each(|part| self.part(part, Place::Bare));
        }
        let pair = schema.get_mut("prefixItems").and_then(Value::as_array_mut);
        pair.into_iter().flatten().for_each(|part| self.part(part, Place::Bare));
    }

    /// One description where it stands. A line of ours ends where the source's lines do; what is Markdown is said to be,
    /// for a plain description is shown with its signs.
    fn description(&self, schema: &mut Map<String, Value>, place: Place) {
        let reference = schema.get("$ref").and_then(Value::as_str).and_then(|it| self.definitions.get(it));
        if place == Place::Bare
            && let Some(definition) = reference
        {
            schema.entry("description").or_insert_with(|| definition.description.clone().into());
        }
        let description = schema.remove("description");
        if let Some(text) = description.as_ref().and_then(Value::as_str).filter(|_| is_described(place)) {
            let text = paragraphs(text);
            if text.contains('`') {
                schema.insert("markdownDescription".into(), text.clone().into());
            }
            schema.insert("description".into(), text.into());
        }
    }

    /// Of several shapes one is a mapping: whether it is meant shows in the value's type.
    fn shapes(&self, schema: &mut Map<String, Value>) {
        let Some(mut shapes) = schema.remove("anyOf") else { return };
        let is_mapping = |shape: &Value| {
            let reference = shape.get("$ref").and_then(Value::as_str).and_then(|it| self.definitions.get(it));
            reference.is_some_and(|definition| definition.is_mapping)
        };
        let branches = shapes.as_array_mut().map_or(&mut [][..], |branches| &mut branches[..]);
        branches.iter_mut().for_each(|branch| self.part(branch, Place::Shape));
        let (mappings, others) = branches.iter().cloned().partition::<Vec<_>, _>(is_mapping);
        match (&mappings[..], &others[..]) {
            ([mapping], [other]) => insert_choice(schema, mapping, other.clone()),
            ([mapping], [_, ..]) => insert_choice(schema, mapping, json!({ "anyOf": others })),
            _ => {
                schema.insert("anyOf".into(), shapes);
            }
        }
    }
}

fn is_described(place: Place) -> bool {
    matches!(place, Place::Described | Place::Bare)
}

fn insert_choice(schema: &mut Map<String, Value>, mapping: &Value, other: Value) {
    schema.insert("if".into(), json!({ "type": "object" }));
    schema.insert("then".into(), mapping.clone());
    schema.insert("else".into(), other);
}

/// A closed list of words, each with what it means.
fn words(schema: &mut Map<String, Value>) {
    let Some(branches) = schema.get("oneOf").and_then(Value::as_array) else { return };
    let Some(words) = branches.iter().map(|branch| branch.get("const").cloned()).collect::<Option<Vec<_>>>() else {
        return;
    };
    let meaning = |branch: &Value| paragraphs(branch.get("description").and_then(Value::as_str).unwrap_or_default());
    let meanings = branches.iter().map(meaning).collect::<Vec<_>>();
    schema.remove("oneOf");
    schema.insert("type".into(), "string".into());
    schema.insert("enum".into(), words.into());
    schema.insert("markdownEnumDescriptions".into(), meanings.into());
}

/// Exactly one of some keys: each of the standard's ways to say so ends in a riddle, so it is put in words.
fn exactly_one(schema: &mut Map<String, Value>) {
    let Some(keys) = forms::one_of(schema) else { return };
    let said = format!("Exactly one of {} is given.", list(&keys));
    let least = keys.iter().map(|key| json!({ "required": [key], "errorMessage": said })).collect::<Value>();
    let most = keys.iter().enumerate().skip(1).map(|(at, key)| {
        let earlier = keys[..at].iter().map(|key| json!({ "required": [key] })).collect::<Value>();
        json!({ "if": { "anyOf": earlier }, "then": { "properties": { *key: false }, "errorMessage": said } })
    });
    let most = most.collect::<Value>();
    schema.remove("oneOf");
    schema.insert("anyOf".into(), least);
    schema.insert("allOf".into(), most);
}

/// Nothing is offered for what may be left out, or may be empty.
fn defaults(schema: &mut Map<String, Value>) {
    let says_nothing = |default: &Value| match default {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(entries) => entries.values().all(Value::is_null),
        _ => false,
    };
    if schema.get("default").is_some_and(says_nothing) {
        schema.remove("default");
    }
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
    if ["pattern", "enum"].iter().any(|keyword| schema.contains_key(*keyword)) {
        return;
    }
    let widened = match schema.get("type") {
        Some(Value::String(kind)) if kind == "string" => json!(["string", "number"]),
        Some(Value::Array(kinds)) if *kinds == ["string", "null"] => json!(["string", "number", "null"]),
        _ => return,
    };
    schema.insert("type".into(), widened);
}
