//! The reference page of one kind of YAML, from its JSON Schema alone: a section a mapping, a row a key.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Map, Value};
use smirr::config::editor::Kind;

/// Mappings within one another that are spelt out.
const SPELT_OUT: usize = 2;

/// The page's title, and what stands before its first section.
fn opening(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::Config => (
            "Board configuration",
            "What a board edits in `configs/`. Relative paths start from the board's `root`. `smirr check` says where a \
             file is not as this page has it.",
        ),
        Kind::Report => (
            "Report",
            "One file a report, in `reports/`; the file's name is the report's. Names of the author's own are written \
             here as *name*: lower-case letters, digits and underscores, with a letter first.",
        ),
        Kind::Table => (
            "Table",
            "One file a table of the extract contract, in `schemas/`: what its columns hold, and what becomes of a row \
             that breaks a rule.",
        ),
    }
}

/// The whole page.
pub fn page(kind: Kind) -> String {
    let schema = kind.json_schema();
    let (title, intro) = opening(kind);
    let made = "<!-- Made of the types that read the YAML: `SMIRR_WRITE_SCHEMAS=1 cargo nextest run --release the_committed_` -->";
    let mut page = Page { schema: &schema, text: format!("{made}\n\n# {title}\n\n{intro}\n"), told: BTreeMap::new() };
    let whole = Section { path: String::new(), mapping: &schema, example: None, said: schema["description"].as_str() };
    page.sections(vec![whole]);
    page.text
}

/// A mapping that has a section.
struct Section<'a> {
    /// Where it stands: `privacy.loss`, `measures.`*name*; nothing for the file.
    path: String,
    mapping: &'a Value,
    example: Option<(&'a str, &'a Value)>,
    said: Option<&'a str>,
}

/// The page as far as it is written.
struct Page<'a> {
    schema: &'a Value,
    text: String,
    /// The types that have a section, and its address.
    told: BTreeMap<String, String>,
}

impl<'a> Page<'a> {
    /// A section, then those of the mappings in it: a part stands before what comes after it.
    fn sections(&mut self, mut waiting: Vec<Section<'a>>) {
        while let Some(section) = waiting.pop() {
            let Some(keys) = section.mapping["properties"].as_object() else { continue };
            let inner = self.section(&section, keys);
            waiting.extend(inner.into_iter().rev());
        }
    }

    fn section(&mut self, section: &Section<'a>, keys: &'a Map<String, Value>) -> Vec<Section<'a>> {
        let heading = if section.path.is_empty() { "The file".to_string() } else { code(&section.path) };
        let _ = write!(self.text, "\n## {heading}\n\n");
        if let Some(said) = section.said {
            let _ = write!(self.text, "{said}\n\n");
        }
        if let Some(one_of) = section.mapping["anyOf"][0]["errorMessage"].as_str() {
            let _ = write!(self.text, "{one_of}\n\n");
        }
        if let Some((key, example)) = section.example {
            let one = serde_yaml::to_string(&serde_json::json!({ key: example })).expect("an example is YAML");
            let _ = write!(self.text, "```yaml\n{one}```\n\n");
        }
        self.text.push_str("| key | value | unless said | meaning |\n|---|---|---|---|\n");
        let required = section.mapping["required"].as_array();
        let is_required = |key: &str| required.is_some_and(|keys| keys.iter().any(|it| it == key));
        let mut inner = Vec::new();
        let mut words = Vec::new();
        for must in [true, false] {
            for (key, value) in keys.iter().filter(|(key, _)| is_required(key) == must) {
                let place = if section.path.is_empty() { key.clone() } else { format!("{}.{key}", section.path) };
                let mut parts = Vec::new();
                let takes = self.takes(value, &place, &mut parts);
                self.row(key, value, &takes, must);
                for part in parts {
                    match part {
                        Part::Words(name) => words.push((key.as_str(), name)),
                        Part::Mapping(name, path) => inner.extend(self.inner(&name, path, (key, value))),
                    }
                }
            }
        }
        for (key, name) in words {
            self.words(key, &name);
        }
        inner
    }

    /// The section of a type, where it has none yet.
    fn inner(&mut self, name: &str, path: String, at: (&'a str, &'a Value)) -> Option<Section<'a>> {
        if self.told.contains_key(name) {
            return None;
        }
        self.told.insert(name.to_string(), address(&path));
        let mapping = &self.schema["$defs"][name];
        let (key, value) = at;
        let example = value["examples"].as_array().and_then(|examples| examples.first()).map(|example| (key, example));
        Some(Section { path, mapping, example, said: value["description"].as_str() })
    }

    fn row(&mut self, key: &str, value: &Value, takes: &str, must: bool) {
        let default = value.get("default").map_or(String::new(), |default| code(&flow(default)));
        let default = if must { "**required**".to_string() } else { default };
        let mut meaning = value["description"].as_str().unwrap_or_default().to_string();
        // What has a section shows its example there.
        let shown = value["examples"].as_array().map_or(&[][..], |examples| &examples[..]);
        let shown =
            shown.iter().map(flow).filter(|example| !takes.contains("](#") && !meaning.contains(example.as_str()));
        let shown = shown.map(|example| code(&example)).collect::<Vec<_>>();
        if !shown.is_empty() {
            let _ = write!(meaning, " *Example:* {}", shown.join(", "));
        }
        let cells = [code(key), takes.to_string(), default, meaning].map(|cell| cell.replace('|', "\\|"));
        let _ = writeln!(self.text, "| {} |", cells.join(" | "));
    }

    /// What a value may be, in words; and the types that are to be told of.
    fn takes(&self, value: &Value, place: &str, parts: &mut Vec<Part>) -> String {
        if let Some(name) = value["$ref"].as_str().and_then(|it| it.strip_prefix("#/$defs/")) {
            return self.named(name, place.into(), parts);
        }
        if let Some(other) = value.get("else") {
            let (short, long) = (self.takes(other, place, parts), self.takes(&value["then"], place, parts));
            return [short, long].iter().filter(|it| !it.is_empty()).cloned().collect::<Vec<_>>().join(", or ");
        }
        if let Some(shapes) = value["anyOf"].as_array() {
            let shapes = shapes.iter().map(|shape| self.takes(shape, place, parts)).filter(|it| !it.is_empty());
            return shapes.collect::<Vec<_>>().join(", or ");
        }
        let kind = match &value["type"] {
            Value::Array(kinds) => kinds[0].as_str(),
            kind => kind.as_str(),
        };
        match kind {
            Some("array") => self.list(value, place, parts),
            Some("object") => {
                let others = &value["additionalProperties"];
                match others["$ref"].as_str().and_then(|it| it.strip_prefix("#/$defs/")) {
                    Some(name) => format!("by *name*: {}", self.named(name, format!("{place}.NAME"), parts)),
                    None => format!("by *name*: {}", self.takes(others, place, parts)),
                }
            }
            Some("integer") => format!("whole number{}", range(value)),
            Some("number") => "number".into(),
            Some("boolean") => "`true` or `false`".into(),
            Some("string") if value.get("exclusiveMinimum").is_some() => "exact number, in quotes".into(),
            Some("string") => "text".into(),
            _ => String::new(),
        }
    }

    fn list(&self, value: &Value, place: &str, parts: &mut Vec<Part>) -> String {
        if let Some(pair) = value["prefixItems"].as_array() {
            return format!("two values, each {}", self.takes(&pair[0], place, parts));
        }
        let item = &value["items"];
        match item["$ref"].as_str().and_then(|it| it.strip_prefix("#/$defs/")) {
            Some(name) => format!("list of {}", self.named(name, format!("{place}[]"), parts)),
            None => {
                let one = self.takes(item, place, parts);
                let many = one.replace("number", "numbers").replace("list of", "lists of");
                format!("list of {many}")
            }
        }
    }

    /// What a type of ours is.
    fn named(&self, name: &str, place: String, parts: &mut Vec<Part>) -> String {
        let named = &self.schema["$defs"][name];
        if named.get("enum").is_some() {
            parts.push(Part::Words(name.into()));
            return "a word of the list below".into();
        }
        if named.get("properties").is_some() {
            let address = self.told.get(name).cloned().unwrap_or_else(|| address(&place));
            parts.push(Part::Mapping(name.into(), place));
            return format!("[mapping](#{address})");
        }
        // A type that holds itself goes on as it began.
        if place.matches(".NAME").count() > SPELT_OUT {
            return "and so on".into();
        }
        self.takes(named, &place, parts)
    }

    /// A closed list of words: each time it is used, for its section to be whole.
    fn words(&mut self, key: &str, name: &str) {
        let named = &self.schema["$defs"][name];
        let meanings = named["markdownEnumDescriptions"].as_array();
        let _ = write!(self.text, "\n| `{key}` | meaning |\n|---|---|\n");
        for (word, meaning) in named["enum"].as_array().into_iter().flatten().zip(meanings.into_iter().flatten()) {
            let (word, meaning) = (word.as_str().unwrap_or_default(), meaning.as_str().unwrap_or_default());
            let _ = writeln!(self.text, "| `{word}` | {} |", meaning.replace('|', "\\|"));
        }
    }
}

/// A type that a value may be of.
enum Part {
    Words(String),
    /// And where it stands.
    Mapping(String, String),
}

fn range(value: &Value) -> String {
    let bound = |key: &str| value[key].as_f64().filter(|it| *it != 0.0);
    match (bound("minimum"), bound("maximum")) {
        (Some(least), Some(most)) => format!(", {least} to {most}"),
        (Some(least), None) => format!(", at least {least}"),
        (None, Some(most)) => format!(", at most {most}"),
        (None, None) => String::new(),
    }
}

/// The address of a heading, as mdBook and others form it.
fn address(heading: &str) -> String {
    heading.chars().filter(|c| c.is_alphanumeric() || "_-".contains(*c)).collect::<String>().to_lowercase()
}

fn code(text: &str) -> String {
    if text.contains('`') { format!("`` {text} ``") } else { format!("`{text}`") }
}

/// A value on one line of YAML.
fn flow(value: &Value) -> String {
    match value {
        Value::Object(entries) => {
            let entries = entries.iter().map(|(key, value)| format!("{}: {}", scalar(key), flow(value)));
            format!("{{ {} }}", entries.collect::<Vec<_>>().join(", "))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Value::String(text) => scalar(text),
        other => other.to_string(),
    }
}

/// A text, in quotes where YAML needs them.
fn scalar(text: &str) -> String {
    let plain = serde_yaml::to_string(text).expect("a text is YAML").trim_end().to_string();
    let is_flow = text.contains([',', '[', ']', '{', '}']);
    match plain.starts_with(['\'', '"']) || is_flow {
        true => format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")),
        false => plain,
    }
}
