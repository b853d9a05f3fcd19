//! YAML as a tree that remembers where each part stands. It supplies positions; `serde_yaml` decides the meaning.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use saphyr_parser::{Event, Parser, ScalarStyle, Span};

/// Deeper nesting than this is refused: nothing of ours needs more than a handful of levels.
const DEPTH: usize = 64;

/// A part of a YAML file: what it is, and the bytes it stands at.
#[derive(Debug, Clone)]
pub struct Node {
    /// What it is.
    pub value: Value,
    /// Where it stands: a scalar with its quotes, a mapping or list from its first entry.
    pub span: Range<usize>,
}

/// What a part of a YAML file is.
#[derive(Debug, Clone)]
pub enum Value {
    /// One value, as text, and how it was written.
    Scalar(String, ScalarStyle),
    /// A list.
    List(Vec<Node>),
    /// Keys and values, in the file's order, repeats included.
    Map(Vec<(Node, Node)>),
    /// A reference to another part, or a part with a tag: its meaning is not looked into here.
    Opaque,
}

/// Why a text is no tree, and where.
#[derive(Debug, Clone)]
pub struct Malformed {
    /// What is wrong.
    pub message: String,
    /// The byte at which it shows.
    pub at: usize,
}

impl Node {
    /// The text of a scalar.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar(text, _) => Some(text),
            _ => None,
        }
    }

    /// The entry of a mapping: key and value.
    pub fn entry(&self, key: &str) -> Option<(&Node, &Node)> {
        match &self.value {
            Value::Map(entries) => entries.iter().find(|(k, _)| k.text() == Some(key)).map(|(k, v)| (k, v)),
            _ => None,
        }
    }

    /// The value of a mapping's key.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|(_, value)| value)
    }

    /// The entries of a mapping; none for anything else.
    pub fn entries(&self) -> &[(Node, Node)] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a list; none for anything else.
    pub fn items(&self) -> &[Node] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    /// Whether it is a scalar that stands for nothing: blank, `null` or `~`, unquoted.
    pub fn is_null(&self) -> bool {
        matches!(&self.value, Value::Scalar(text, ScalarStyle::Plain)
            if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }

    /// The part that `path` leads to (mapping keys, or list positions as digits), or the nearest that exists.
    pub fn find(&self, path: &[&str]) -> &Node {
        let mut node = self;
        for step in path {
            let next = match &node.value {
                Value::Map(_) => node.get(step),
                Value::List(items) => step.parse::<usize>().ok().and_then(|at| items.get(at)),
                _ => None,
            };
            match next {
                Some(next) => node = next,
                None => break,
            }
        }
        node
    }

    /// Every text in this part, keys and values alike.
    pub fn texts(&self) -> Vec<&str> {
        let mut found = Vec::new();
        let mut waiting = vec![self];
        while let Some(node) = waiting.pop() {
            found.extend(node.text());
            waiting.extend(node.items());
            waiting.extend(node.entries().iter().flat_map(|(key, value)| [key, value]));
        }
        found
    }

    /// Keys that stand twice in one mapping, anywhere in the tree, in the file's order.
    pub fn repeated_keys(&self) -> Vec<&Node> {
        let mut found = Vec::new();
        let mut waiting = vec![self];
        while let Some(node) = waiting.pop() {
            waiting.extend(node.items());
            let mut seen = HashSet::new();
            for (key, value) in node.entries() {
                if key.text().is_some_and(|text| !seen.insert(text)) {
                    found.push(key);
                }
                waiting.push(value);
            }
        }
        found.sort_by_key(|key| key.span.start);
        found
    }
}

/// A list or mapping whose end has not been met yet.
struct Open {
    start: usize,
    tagged: bool,
    map: bool,
    items: Vec<Node>,
}

/// Reads one YAML document. Never recurses, so no nesting can exhaust the stack.
///
/// # Errors
/// Where the text is not YAML, holds no document or several, or nests too deep.
pub fn parse(text: &Arc<str>) -> Result<Node, Malformed> {
    let offsets: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    let byte = |index: usize| offsets.get(index).copied().unwrap_or(text.len());
    let bytes = |span: Span| byte(span.start.index())..byte(span.end.index());
    let mut open: Vec<Open> = Vec::new();
    let mut root: Option<Node> = None;
    let mut documents = 0;
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| {
            // The parser has a limit of its own for brackets, which it may reach before ours.
            let deep = error.info().contains("recursion limit");
            let message = if deep { too_deep() } else { error.info().to_string() };
            Malformed { message, at: byte(error.marker().index()) }
        })?;
        let span = bytes(span);
        let done = match event {
            Event::DocumentStart(_) => {
                documents += 1;
                if documents > 1 {
                    let message = "a second document starts here; give each its own file".to_string();
                    return Err(Malformed { message, at: span.start });
                }
                continue;
            }
            Event::Alias(_) => Node { value: Value::Opaque, span },
            Event::Scalar(_, _, _, Some(_)) => Node { value: Value::Opaque, span },
            Event::Scalar(value, style, _, None) => {
                let span = trimmed(text, span, style);
                Node { value: Value::Scalar(value.into_owned(), style), span }
            }
            Event::SequenceStart(..) | Event::MappingStart(..) if open.len() >= DEPTH => {
                return Err(Malformed { message: too_deep(), at: span.start });
            }
            Event::SequenceStart(_, tag) => {
                open.push(Open { start: span.start, tagged: tag.is_some(), map: false, items: Vec::new() });
                continue;
            }
            Event::MappingStart(_, tag) => {
                open.push(Open { start: span.start, tagged: tag.is_some(), map: true, items: Vec::new() });
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => match open.pop() {
                Some(part) => closed(part, span.end),
                None => continue,
            },
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => continue,
        };
        match open.last_mut() {
            Some(parent) => parent.items.push(done),
            None => root = Some(done),
        }
    }
    root.ok_or(Malformed { message: "the file holds no YAML".into(), at: 0 })
}

fn too_deep() -> String {
    format!("nested deeper than {DEPTH} levels")
}

/// The finished list or mapping.
fn closed(part: Open, end: usize) -> Node {
    let span = part.start..end.max(part.start);
    let value = if part.tagged {
        Value::Opaque
    } else if part.map {
        let mut entries = Vec::with_capacity(part.items.len() / 2);
        let mut items = part.items.into_iter();
        while let (Some(key), Some(value)) = (items.next(), items.next()) {
            entries.push((key, value));
        }
        Value::Map(entries)
    } else {
        Value::List(part.items)
    };
    Node { value, span }
}

/// A scalar's span as the parser gives it may run on over blanks and notes; nothing underlines those.
fn trimmed(text: &str, span: Range<usize>, style: ScalarStyle) -> Range<usize> {
    let end = span.end.max(span.start);
    let written = text.get(span.start..end).unwrap_or("");
    let length = match style {
        ScalarStyle::Plain => written.trim_end().len(),
        ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => quoted(written, style),
        ScalarStyle::Literal | ScalarStyle::Folded => written.len(),
    };
    span.start..span.start + length
}

/// The bytes from an opening quote to its closing one, both included.
fn quoted(written: &str, style: ScalarStyle) -> usize {
    let mut characters = written.char_indices().skip(1).peekable();
    while let Some((at, character)) = characters.next() {
        match (style, character) {
            (ScalarStyle::DoubleQuoted, '\\') => {
                characters.next();
            }
            (ScalarStyle::DoubleQuoted, '"') => return at + 1,
            // A doubled quote stands for one and does not close.
            (ScalarStyle::SingleQuoted, '\'') if characters.next_if(|(_, next)| *next == '\'').is_none() => {
                return at + 1;
            }
            _ => {}
        }
    }
    written.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(text: &str) -> (Arc<str>, Node) {
        let text: Arc<str> = Arc::from(text);
        let node = parse(&text).unwrap();
        (text, node)
    }

    #[test]
    fn spans_hold_what_was_written() {
        let (text, root) = tree(
            "é: x\nmap:\n  plain: some words   # note\n  quoted: \"a \\\" b\" # note\nlist: [1, 'it''s' , { k: v }]\n",
        );
        let written = |path: &[&str]| &text[root.find(path).span.clone()];
        assert_eq!(written(&["é"]), "x");
        assert_eq!(written(&["map", "plain"]), "some words");
        assert_eq!(written(&["map", "quoted"]), "\"a \\\" b\"");
        assert_eq!(written(&["list", "1"]), "'it''s'");
        assert_eq!(written(&["list", "2", "k"]), "v");
        assert_eq!(&text[root.entry("map").unwrap().0.span.clone()], "map");
    }

    #[test]
    fn a_path_that_ends_early_gives_the_nearest_part() {
        let (text, root) = tree("a: { b: c }\n");
        assert_eq!(&text[root.find(&["a", "b", "x", "y"]).span.clone()], "c");
        assert!(matches!(root.find(&["none"]).value, Value::Map(_)));
    }

    #[test]
    fn finds_repeats_at_any_level() {
        let (_, root) = tree("a: 1\nb: [{ c: 1, c: 2 }]\na: 3\n");
        let keys: Vec<_> = root.repeated_keys().iter().map(|key| key.text().unwrap()).collect();
        assert_eq!(keys, ["c", "a"]);
    }

    #[test]
    fn refuses_depth_several_documents_and_nothing() {
        let refused = |text: &str| parse(&Arc::from(text)).unwrap_err().message;
        assert_eq!(refused(&"[".repeat(65)), "nested deeper than 64 levels");
        assert_eq!(refused(&"[".repeat(100_000)), "nested deeper than 64 levels");
        assert!(refused("a: 1\n---\nb: 2\n").contains("second document"));
        assert_eq!(refused(""), "the file holds no YAML");
        assert_eq!(refused("# only a note\n"), "the file holds no YAML");
        assert!(!refused("a: [1, 2\n").is_empty());
    }
}
