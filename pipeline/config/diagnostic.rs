//! A complaint about the YAML, and how it is shown: file, line, caret, and what to do about it.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet, normalize_untrusted_str};

use super::suggest::quote;

/// One complaint, with the place that it is about.
#[derive(Debug, Clone)]
pub struct Diagnostic {
    /// The file, as its reader would name it.
    pub file: PathBuf,
    /// The line, from 1; 0 where the complaint is about the file as a whole.
    pub line: usize,
    /// The column in characters, from 1; 0 where the complaint is about the file as a whole.
    pub column: usize,
    /// What is wrong, in one clause.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    excerpt: Option<Excerpt>,
}

/// A line of a file's text, and the part of it to underline. The text is shared by all complaints.
#[derive(Debug, Clone)]
struct Excerpt {
    text: Arc<str>,
    line: Range<usize>,
    mark: Range<usize>,
}

impl Diagnostic {
    /// A complaint about a file as a whole: it is missing, too large, or not text.
    pub fn whole_file(file: &Path, message: impl Into<String>) -> Self {
        Diagnostic { file: file.to_path_buf(), line: 0, column: 0, message: message.into(), help: None, excerpt: None }
    }

    /// A complaint about the bytes `span` of `text`. A span that reaches past its first line is cut there.
    pub fn at(file: &Path, text: &Arc<str>, span: Range<usize>, message: impl Into<String>) -> Self {
        let start = floor_boundary(text, span.start);
        let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let mut line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
        if text[line_start..line_end].ends_with('\r') {
            line_end -= 1;
        }
        let start = start.min(line_end);
        let end = floor_boundary(text, span.end).clamp(start, line_end);
        Diagnostic {
            file: file.to_path_buf(),
            line: text[..line_start].matches('\n').count() + 1,
            column: text[line_start..start].chars().count() + 1,
            message: message.into(),
            help: None,
            excerpt: Some(Excerpt {
                text: Arc::clone(text),
                line: line_start..line_end,
                mark: start - line_start..end - line_start,
            }),
        }
    }

    /// The same complaint with advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same complaint without the line that it points at, which may hold a secret, and without `words` in its message.
    #[must_use]
    pub fn without_text<'a>(mut self, words: impl IntoIterator<Item = &'a str>) -> Self {
        self.excerpt = None;
        self.message = words.into_iter().fold(self.message, |message, word| message.replace(&quote(word), "`…`"));
        self
    }

    /// The source line that the complaint points at; empty where it is about a whole file, or may not be shown.
    pub fn source_line(&self) -> &str {
        self.excerpt.as_ref().map_or("", |excerpt| &excerpt.text[excerpt.line.clone()])
    }

    /// The complaint as the compiler would print it, in colour or plain.
    pub fn render(&self, color: bool) -> String {
        let harmless = |text: &str| normalize_untrusted_str(&without_steering(text));
        let file = harmless(&self.file.display().to_string());
        let title = Group::with_title(Level::ERROR.primary_title(harmless(&self.message)));
        let mut group = match &self.excerpt {
            Some(excerpt) => title.element(
                Snippet::source(without_steering(&excerpt.text[excerpt.line.clone()]))
                    .path(file)
                    .line_start(self.line)
                    .annotation(AnnotationKind::Primary.span(excerpt.mark.clone())),
            ),
            None if self.line > 0 => title.element(Origin::path(file).line(self.line).char_column(self.column)),
            None => title.element(Origin::path(file)),
        };
        if let Some(help) = &self.help {
            group = group.element(Level::HELP.message(harmless(help)));
        }
        let renderer = if color { Renderer::styled() } else { Renderer::plain() };
        renderer.decor_style(DecorStyle::Ascii).render(&[group])
    }
}

/// The text without the control characters beyond ASCII: some terminals obey them, and the renderer lets them through.
/// As many bytes, so that what is underlined stays in its place.
fn without_steering(text: &str) -> String {
    text.chars().map(|c| if ('\u{80}'..='\u{9f}').contains(&c) { '\u{b7}' } else { c }).collect()
}

/// The greatest character boundary at or below `at`.
fn floor_boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// Every complaint of one check, in the order of files and lines.
#[derive(Debug, Clone, Default)]
pub struct Diagnostics(Vec<Diagnostic>);

/// More complaints than anyone reads; the rest are counted, so that a file of another kind
/// altogether, named by mistake, does not fill the screen.
const SHOWN: usize = 50;

impl Diagnostics {
    /// No complaints yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one complaint.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }

    /// How many complaints there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is nothing to complain about.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The complaints, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.0.iter()
    }

    /// Puts each file's complaints in the order of its lines, files in the order in which they were read,
    /// and drops repeats.
    pub fn sort(&mut self) {
        let mut files: Vec<PathBuf> = Vec::new();
        for diagnostic in &self.0 {
            if !files.contains(&diagnostic.file) {
                files.push(diagnostic.file.clone());
            }
        }
        let rank = |file: &Path| files.iter().position(|known| known == file).unwrap_or(files.len());
        self.0.sort_by_key(|diagnostic| (rank(&diagnostic.file), diagnostic.line, diagnostic.column));
        self.0.dedup_by(|later, earlier| {
            later.file == earlier.file
                && later.line == earlier.line
                && later.column == earlier.column
                && later.message == earlier.message
        });
    }

    /// All complaints as the compiler would print them, in colour or plain.
    pub fn render(&self, color: bool) -> String {
        let mut parts: Vec<String> = self.0.iter().take(SHOWN).map(|diagnostic| diagnostic.render(color)).collect();
        if self.0.len() > SHOWN {
            parts.push(format!("and {} more; mend these first", self.0.len() - SHOWN));
        }
        parts.join("\n\n")
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str, span: Range<usize>) -> Diagnostic {
        Diagnostic::at(Path::new("a.yaml"), &Arc::from(text), span, "it is wrong").help("mend it")
    }

    #[test]
    fn points_at_the_line_and_column_in_characters() {
        let text = "first\nclé: 'é'\nlast\n";
        let start = text.find("'é'").unwrap();
        let diagnostic = one(text, start..start + 4);
        assert_eq!((diagnostic.line, diagnostic.column), (2, 6));
        assert_eq!(diagnostic.source_line(), "clé: 'é'");
        let expected = "\
error: it is wrong
 --> a.yaml:2:6
  |
2 | clé: 'é'
  |      ^^^
  |
  = help: mend it";
        assert_eq!(diagnostic.render(false), expected);
    }

    #[test]
    fn survives_any_span() {
        for text in ["", "\n", "é\r\né", "\r\n\r\n", "abc"] {
            for start in 0..9 {
                for end in 0..9 {
                    let diagnostic = one(text, start..end);
                    assert!(diagnostic.render(true).contains("it is wrong"));
                    assert!(!diagnostic.source_line().contains('\n'));
                }
            }
        }
    }

    #[test]
    fn a_whole_file_has_no_caret() {
        let diagnostic = Diagnostic::whole_file(Path::new("b.yaml"), "there is no such file");
        assert_eq!(diagnostic.render(false), "error: there is no such file\n--> b.yaml");
    }

    #[test]
    fn nothing_shown_steers_a_terminal() {
        let text = "a: \u{9b}31m \u{1b}[31m \u{202e} x\n";
        let shown = one(text, text.len() - 2..text.len() - 1).help("\u{9b}2J").render(false);
        assert!(!shown.contains(|c: char| c != '\n' && (c.is_control() || c == '\u{202e}')), "{shown}");
        assert!(shown.contains("\u{b7}31m") && shown.contains("\u{b7}2J"), "{shown}");
    }

    #[test]
    fn a_line_that_may_not_be_shown_has_its_place_all_the_same() {
        let complaint = one("a: secret\n", 3..9).without_text([]);
        assert_eq!(complaint.render(false), "error: it is wrong\n--> a.yaml:1:4\n = help: mend it");
        assert_eq!(complaint.source_line(), "");
    }

    #[test]
    fn sorted_by_file_then_line_without_repeats() {
        let text: Arc<str> = Arc::from("a\nb\nc\n");
        let mut all = Diagnostics::new();
        for (file, at) in [("z", 4), ("a", 2), ("z", 0), ("z", 0)] {
            all.push(Diagnostic::at(Path::new(file), &text, at..at + 1, "x"));
        }
        all.sort();
        let order: Vec<_> = all.iter().map(|d| (d.file.display().to_string(), d.line)).collect();
        assert_eq!(order, [("z".into(), 1), ("z".into(), 3), ("a".into(), 2)]);
    }

    #[test]
    fn too_many_are_counted() {
        let mut all = Diagnostics::new();
        (0..SHOWN + 7).for_each(|n| all.push(Diagnostic::whole_file(Path::new("a"), n.to_string())));
        assert!(all.to_string().ends_with("and 7 more; mend these first"));
    }

    #[test]
    fn crosses_threads() {
        fn sound<T: Send + Sync + Clone + fmt::Debug>() {}
        sound::<Diagnostics>();
    }
}
