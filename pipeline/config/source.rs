//! A YAML file in hand: its text, its marked tree, and the typed value that both its shape and `serde_yaml` allow.

use std::fs;
use std::io::Read;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use super::check_objects::may_hold_a_credential;
use super::diagnostic::{Diagnostic, Diagnostics};
use super::marked::{self, Node};
use super::shape;

/// No YAML of ours comes near this size; a file that does was named by mistake.
const LARGEST: u64 = 1 << 20;

/// What `pseudonyms` says where to find.
const SECRETS: [&str; 2] = ["key", "salt"];
/// What a source says where to find.
const SECRETS_OF_SOURCES: [&str; 2] = ["credentials", "postgres"];
/// What a connection string has, and a path or a name has not.
const OF_CONNECTIONS: [&str; 3] = ["postgres://", "postgresql://", "password="];

/// Where a board's YAML may hold a secret itself, put by mistake where its place is asked for: anywhere but in a path, or
/// where a source has the look of a connection string. The lines of it are not shown.
fn misplaced(root: &Node) -> Vec<&Node> {
    let is_path = |secret: &&Node| matches!(secret.entries(), [(key, _)] if key.text() == Some("file"));
    let mut found = Vec::new();
    if let Some(pseudonyms) = root.get("pseudonyms") {
        found.extend(SECRETS.iter().filter_map(|name| pseudonyms.get(name)).filter(|secret| !is_path(secret)));
    }
    let mut waiting = root.get("sources").into_iter().collect::<Vec<_>>();
    while let Some(node) = waiting.pop() {
        found.extend(SECRETS_OF_SOURCES.iter().filter_map(|name| node.get(name)).filter(|secret| !is_path(secret)));
        let text = node.text().unwrap_or_default().to_lowercase();
        let signs_in = may_hold_a_credential(&text) || OF_CONNECTIONS.iter().any(|word| text.contains(word));
        found.extend(signs_in.then_some(node));
        waiting.extend(node.items());
        waiting.extend(node.entries().iter().flat_map(|(key, value)| [key, value]));
    }
    found
}

/// A YAML file that could be read as a tree.
#[derive(Debug, Clone)]
pub struct Document {
    /// The file, as its reader would name it.
    pub file: PathBuf,
    /// Its text.
    pub text: Arc<str>,
    /// Its parts, with their places.
    pub root: Node,
}

impl Document {
    /// Reads `path`, to be called `shown` in complaints. `None` after a complaint.
    pub fn read(path: &Path, shown: &Path, complaints: &mut Diagnostics) -> Option<Self> {
        let text = match read_text(path) {
            Ok(text) => text,
            Err(message) => {
                complaints.push(Diagnostic::whole_file(shown, message));
                return None;
            }
        };
        Self::of(shown, &text, complaints)
    }

    /// The document of a text. `None` after a complaint.
    pub fn of(shown: &Path, text: &str, complaints: &mut Diagnostics) -> Option<Self> {
        let text: Arc<str> = Arc::from(text.strip_prefix('\u{feff}').unwrap_or(text));
        match marked::parse(&text) {
            Ok(root) => Some(Document { file: shown.to_path_buf(), text, root }),
            Err(malformed) => {
                let next = text[malformed.at..].chars().next().map_or(0, char::len_utf8);
                let span = malformed.at..malformed.at + next;
                complaints.push(Diagnostic::at(shown, &text, span, format!("not YAML: {}", malformed.message)));
                None
            }
        }
    }

    /// The typed value, or `None` after every complaint about keys, types and words.
    pub fn typed<T: DeserializeOwned + JsonSchema>(&self, complaints: &mut Diagnostics) -> Option<T> {
        let before = complaints.len();
        for key in self.root.repeated_keys().into_iter().take(100) {
            let name = super::suggest::quote(key.text().unwrap_or_default());
            complaints.push(self.at(key.span.clone(), format!("{name} is given twice")).help("keep one of the two"));
        }
        shape::check::<T>(self, complaints);
        if complaints.len() > before {
            return None;
        }
        match serde_yaml::from_str(&self.text) {
            Ok(value) => Some(value),
            Err(error) => {
                complaints.push(self.serde_complaint(&error));
                None
            }
        }
    }

    /// A complaint about the bytes `span`.
    pub fn at(&self, span: Range<usize>, message: impl Into<String>) -> Diagnostic {
        let complaint = Diagnostic::at(&self.file, &self.text, span, message);
        let lines = |part: &str| part.matches('\n').count();
        let shows = |line: usize, secret: &Node| {
            let before = self.text.get(..secret.span.start).map_or(0, lines);
            let within = self.text.get(secret.span.clone()).map_or(0, |part| lines(part.trim_end()));
            (before + 1..=before + 1 + within).contains(&line)
        };
        misplaced(&self.root).into_iter().fold(complaint, |complaint, secret| match shows(complaint.line, secret) {
            // Short words are our own: neither a key nor a salt may be so short.
            true => complaint.without_text(secret.texts().into_iter().filter(|word| word.len() >= 16)),
            false => complaint,
        })
    }

    /// A complaint about the value that `path` leads to.
    pub fn value(&self, path: &[&str], message: impl Into<String>) -> Diagnostic {
        self.at(self.root.find(path).span.clone(), message)
    }

    /// A complaint about the key at the end of `path`.
    pub fn key(&self, path: &[&str], message: impl Into<String>) -> Diagnostic {
        let span = path.split_last().and_then(|(last, parents)| self.root.find(parents).entry(last));
        let span = span.map_or_else(|| self.root.find(path).span.clone(), |(key, _)| key.span.clone());
        self.at(span, message)
    }

    /// What `serde_yaml` alone found wrong: an alias that leads nowhere, a merge key, a tag.
    fn serde_complaint(&self, error: &serde_yaml::Error) -> Diagnostic {
        let at = error.location().map_or(0, |location| byte_of(&self.text, location.line(), location.column()));
        let text = error.to_string();
        let message = text.rsplit_once(" at line ").map_or(text.as_str(), |(message, _)| message);
        self.at(at..at + 1, message)
    }
}

/// The byte at a line and column, both from 1, the column in characters; clamped to the text.
fn byte_of(text: &str, line: usize, column: usize) -> usize {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let rest = &text[start..];
    start + rest.char_indices().nth(column.saturating_sub(1)).map_or(rest.len(), |(at, _)| at)
}

/// The text of a file that is a plain file, small, UTF-8 and free of NUL bytes.
fn read_text(path: &Path) -> Result<String, String> {
    let no_read = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_string(),
        std::io::ErrorKind::PermissionDenied => "smirr may not read this file".to_string(),
        _ => format!("the file cannot be read: {error}"),
    };
    // Asked before it is opened, because opening a pipe would wait for someone to write to it.
    if !fs::metadata(path).map_err(no_read)?.is_file() {
        return Err("this is not a file".into());
    }
    let mut bytes = Vec::new();
    fs::File::open(path).map_err(no_read)?.take(LARGEST + 1).read_to_end(&mut bytes).map_err(no_read)?;
    if bytes.len() as u64 > LARGEST {
        return Err("larger than 1 MiB, so this is not a configuration file".into());
    }
    if let Some(at) = bytes.iter().position(|byte| *byte == 0) {
        return Err(format!("byte {} is NUL, so this is not a text file", at + 1));
    }
    String::from_utf8(bytes)
        .map_err(|error| format!("not UTF-8: byte {} cannot be read as text", error.utf8_error().valid_up_to() + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(bytes: &[u8]) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.yaml");
        fs::write(&path, bytes).unwrap();
        let mut complaints = Diagnostics::new();
        assert!(Document::read(&path, Path::new("x.yaml"), &mut complaints).is_none());
        complaints.iter().next().unwrap().message.clone()
    }

    #[test]
    fn refuses_what_is_not_small_plain_text() {
        assert_eq!(message(b"a: \0"), "byte 4 is NUL, so this is not a text file");
        assert_eq!(message(b"a: \xff"), "not UTF-8: byte 4 cannot be read as text");
        assert!(message(&vec![b' '; (1 << 20) + 1]).contains("1 MiB"));
        assert_eq!(message(b"a: [1"), message(b"b: [1"));
        assert!(message(b"a: [1").starts_with("not YAML: "));
        let mut complaints = Diagnostics::new();
        assert!(Document::read(Path::new("/"), Path::new("root"), &mut complaints).is_none());
        assert!(Document::read(Path::new("none.yaml"), Path::new("none.yaml"), &mut complaints).is_none());
        let all: Vec<_> = complaints.iter().map(|c| c.message.as_str()).collect();
        assert_eq!(all, ["this is not a file", "there is no such file"]);
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_text() {
        let mut complaints = Diagnostics::new();
        let document = Document::of(Path::new("x"), "\u{feff}a: 1\n", &mut complaints).unwrap();
        assert_eq!(document.key(&["a"], "").column, 1);
    }

    #[test]
    fn byte_of_never_leaves_the_text() {
        assert_eq!(byte_of("é\nab", 2, 2), 4);
        for line in 0..5 {
            for column in 0..5 {
                let at = byte_of("é\nab", line, column);
                assert!("é\nab".is_char_boundary(at));
            }
        }
    }
}
