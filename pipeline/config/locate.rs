//! Where in the file a character of a YAML text stands.

use std::ops::Range;

use saphyr_parser::ScalarStyle;

use super::marked::{Node, Value};
use super::source::Document;

/// The bytes of the file at which `characters` of a scalar's text stand. `None` where the text was written over
/// several lines or with escapes, so that its characters are not those of the file.
pub(super) fn within(document: &Document, node: &Node, characters: Range<usize>) -> Option<Range<usize>> {
    let Value::Scalar(text, style) = &node.value else { return None };
    let raw = document.text.get(node.span.clone())?;
    let (inner, quote) = match style {
        ScalarStyle::Plain => (raw, 0),
        ScalarStyle::SingleQuoted => (raw.strip_prefix('\'')?.strip_suffix('\'')?, 1),
        ScalarStyle::DoubleQuoted => (raw.strip_prefix('"')?.strip_suffix('"')?, 1),
        ScalarStyle::Literal | ScalarStyle::Folded => return None,
    };
    let starts = starts(inner, *style);
    let same = starts.iter().filter_map(|at| inner[*at..].chars().next()).eq(text.chars());
    if !same {
        return None;
    }
    let base = node.span.start + quote;
    let byte = |at: usize| base + starts.get(at).copied().unwrap_or(inner.len());
    Some(byte(characters.start)..byte(characters.end))
}

/// The byte at which each character of the text starts. In single quotes, a doubled quote is one character.
fn starts(inner: &str, style: ScalarStyle) -> Vec<usize> {
    let mut starts = Vec::with_capacity(inner.len());
    let mut characters = inner.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        starts.push(at);
        if style == ScalarStyle::SingleQuoted && character == '\'' {
            characters.next_if(|(_, next)| *next == '\'');
        }
    }
    starts
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::diagnostic::Diagnostics;
    use super::*;

    fn marked(text: &str, characters: Range<usize>) -> Option<String> {
        let document = Document::of(Path::new("x"), text, &mut Diagnostics::new()).unwrap();
        let node = document.root.get("k").unwrap();
        within(&document, node, characters).map(|span| document.text[span].to_string())
    }

    #[test]
    fn finds_the_characters_in_every_one_line_style() {
        assert_eq!(marked("k: é = 'abc'\n", 4..9).as_deref(), Some("'abc'"));
        assert_eq!(marked("k: \"é = 'abc'\" # note\n", 4..9).as_deref(), Some("'abc'"));
        // The value is: é = 'abc' or x
        assert_eq!(marked("k: 'é = ''abc'' or x'\n", 13..14).as_deref(), Some("x"));
        assert_eq!(marked("k: 'é = ''abc'' or x'\n", 99..199).as_deref(), Some(""));
    }

    #[test]
    fn gives_up_on_escapes_and_several_lines() {
        assert_eq!(marked("k: \"a\\tb\"\n", 0..1), None);
        assert_eq!(marked("k: |\n  a\n  b\n", 0..1), None);
        assert_eq!(marked("k: a\n  b\n", 0..1), None);
        assert_eq!(marked("k: [a]\n", 0..1), None);
    }
}
