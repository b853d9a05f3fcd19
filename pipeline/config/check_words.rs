//! Findings and words of a report, held against the figures that it publishes. What passes here can be printed whatever
//! the figures turn out to be: each sentence is tried on made-up ones, higher, lower, and withheld.

use std::collections::BTreeMap;
use std::ops::Range;

use minijinja::value::Value;
use minijinja::{Environment, Error};

use super::check_report::Check;
use super::plan::Report;
use super::published::Published;
use super::report::ReportYaml;
use super::suggest::{advice, list, quote};
use super::words::{COMPARE, Comparisons, PARTS, PLAIN, Said, TAGS, language};

/// What sentences may speak of.
struct Known<'a> {
    figures: &'a [Published],
    /// The values of each dimension.
    values: BTreeMap<String, Vec<String>>,
}

/// How many worlds of figures a sentence is tried on.
const WORLDS: usize = 4;

impl Check<'_> {
    /// The sentences of a report whose figures are known.
    pub fn sentences(&mut self, yaml: &ReportYaml, report: &Report) {
        let figures = report.published(self.scene.bands);
        let known = Known { figures: &figures, values: self.values(report) };
        for (at, finding) in yaml.findings.iter().enumerate() {
            self.sentence(&["findings", &at.to_string()], finding, &known);
        }
        if let Some(words) = &yaml.words {
            self.sentence(&["words"], words, &known);
        }
    }

    /// The values of the dimensions of a report.
    pub(super) fn values(&self, report: &Report) -> BTreeMap<String, Vec<String>> {
        let mut values = BTreeMap::<String, Vec<String>>::new();
        for code in report.measures.iter().flat_map(|measure| &measure.codes) {
            let known = values.entry(code.name.clone()).or_default();
            known.extend(code.codes.iter().cloned().chain(code.unknown.then(|| "unknown".to_owned())));
        }
        let lookup = self.scene.areas.and_then(|areas| self.scene.tables.get(areas));
        for band in self.scene.bands {
            let column = lookup.and_then(|lookup| lookup.columns.get(band));
            let codes = column.map_or(&[][..], |column| &column.codes);
            values.insert(band.clone(), codes.iter().cloned().chain(["unknown".to_owned()]).collect());
        }
        values
    }

    fn sentence(&mut self, path: &[&str], text: &str, known: &Known<'_>) {
        if let Some((tag, place)) = unknown_tag(text) {
            let help = Some(format!("allowed here: {}", list(&TAGS)));
            return self.point(path, place, &format!("sentences have no tag {}", quote(tag)), help);
        }
        if let Some(name) = in_single_braces(text, known) {
            let help = format!("figures stand in double braces: `{{{{ {name} }}}}`");
            return self.point(path, Place::Name(name), "single braces print what is between them", Some(help));
        }
        let environment = language(Comparisons::default());
        let template = match environment.template_from_str(text) {
            Ok(template) => template,
            Err(error) => return self.faulty(path, text, &error),
        };
        let mut names = template.undeclared_variables(true).into_iter().collect::<Vec<_>>();
        names.sort();
        let before = self.complaints.len();
        for name in &names {
            self.name(path, name, known);
        }
        if self.complaints.len() > before {
            return;
        }
        let tried = (0..WORLDS).find_map(|world| tried(&environment, text, known, world).err());
        if let Some(error) = tried {
            self.faulty(path, text, &error);
        }
    }

    /// A name in a sentence, with what stands behind its points.
    fn name(&mut self, path: &[&str], name: &str, known: &Known<'_>) {
        let mut parts = name.split('.');
        let first = parts.next().unwrap_or_default();
        let second = parts.next();
        if first == COMPARE || PLAIN.contains(&first) {
            if let Some(second) = second {
                let message = format!("{} has no part {}", quote(first), quote(second));
                self.point(path, Place::Name(name), &message, None);
            }
            return;
        }
        let Some(figure) = known.figures.iter().find(|it| it.name == first) else {
            let all = known.figures.iter().map(|it| it.name.as_str()).chain(PLAIN).chain([COMPARE]);
            let message = format!("this report publishes no figure {}", quote(first));
            return self.point(path, Place::Name(first), &message, advice(first, all));
        };
        let Some(second) = second else { return };
        let alone = figure.by.iter().filter(|set| set.len() == 1).flatten().map(String::as_str);
        let all = PARTS.into_iter().chain(alone).collect::<Vec<_>>();
        if !all.contains(&second) {
            let message = format!("{} has no part {}, and is not given by it alone", quote(first), quote(second));
            self.point(path, Place::Name(name), &message, advice(second, all))
        }
    }

    /// What the template engine says, without a word of what is filled in.
    fn faulty(&mut self, path: &[&str], text: &str, error: &Error) {
        let why = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
        let line = error.line().and_then(|line| text.lines().nth(line.saturating_sub(1)));
        let place = line.map_or(Place::All, |line| Place::Text(line.trim()));
        let help = "figures stand in double braces, by name; a value of a dimension as in \
                    `referral_rate.simd_quintile[\"1\"]`";
        self.point(path, place, &format!("this sentence cannot be printed: {why}"), Some(help.into()));
    }

    /// Points at a part of a sentence, however its YAML is written: where the same text stands in the file.
    fn point(&mut self, path: &[&str], place: Place<'_>, message: &str, help: Option<String>) {
        let span = self.document.root.find(path).span.clone();
        let raw = self.document.text.get(span.clone()).unwrap_or_default();
        let found = match place {
            Place::All => None,
            Place::Text(text) => raw.find(text).filter(|_| !text.is_empty()).map(|at| at..at + text.len()),
            Place::Name(name) => word(raw, name),
        };
        let span = found.map_or(span.clone(), |found| span.start + found.start..span.start + found.end);
        self.push(self.document.at(span, message), help);
    }
}

/// A part of a sentence.
#[derive(Clone, Copy)]
enum Place<'a> {
    All,
    Text(&'a str),
    Name(&'a str),
}

/// Where a name stands, as a word of its own: not as part of a longer one.
fn word(text: &str, name: &str) -> Option<Range<usize>> {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    // In a sentence, the same word may stand outside its braces: those within come first.
    let inside = |at: usize| text[..at].rfind("{").is_some_and(|open| !text[open..at].contains('}'));
    let places = text
        .match_indices(name)
        .map(|(at, _)| at)
        .filter(|&at| !text[..at].ends_with(part) && !text[at + name.len()..].starts_with(part));
    let places = places.collect::<Vec<_>>();
    let at = places.iter().copied().find(|&at| inside(at)).or_else(|| places.first().copied())?;
    Some(at..at + name.len())
}

/// A tag that sentences do not have, and where it stands.
fn unknown_tag(text: &str) -> Option<(&str, Place<'_>)> {
    text.split("{%").skip(1).find_map(|piece| {
        let inside = piece.trim_start_matches(['-', '+']).trim_start();
        let end = inside.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(inside.len());
        let tag = &inside[..end];
        (!TAGS.contains(&tag)).then_some((tag, if tag.is_empty() { Place::All } else { Place::Name(tag) }))
    })
}

/// A figure, or another name of this language, in single braces.
fn in_single_braces<'t>(text: &'t str, known: &Known<'_>) -> Option<&'t str> {
    let is_known = |name: &str| PLAIN.contains(&name) || known.figures.iter().any(|it| it.name == name);
    text.match_indices('{').find_map(|(at, _)| {
        let inside = text[at + 1..].split('}').next().unwrap_or_default();
        let name = inside.split('.').next().unwrap_or_default().trim();
        (!text[..at].ends_with('{') && is_known(name)).then_some(name)
    })
}

/// A sentence with made-up figures: rising by their order, falling, all alike, and all withheld.
fn tried(environment: &Environment<'_>, text: &str, known: &Known<'_>, world: usize) -> Result<String, Error> {
    let mut made = 0;
    let mut figure = || {
        made += 1;
        let value = [made as f64 * 10.0, 1e6 - made as f64 * 10.0, 7.5][world.min(2)];
        let numbers = (world < 3).then_some([value, value - 1.0, value + 1.0]);
        Said { text: "a figure".into(), numbers, symbol: "[x]".into(), by: BTreeMap::new() }
    };
    let mut names = BTreeMap::<&str, Value>::new();
    for published in known.figures {
        let mut said = figure();
        for dimension in published.by.iter().filter(|set| set.len() == 1).flatten() {
            let values = known.values.get(dimension).into_iter().flatten();
            let by = Said::by_value(values.map(|value| (value.clone(), figure())).collect::<Vec<_>>());
            said.by.insert(dimension.clone(), by);
        }
        names.insert(&published.name, said.into_value());
    }
    names.extend(PLAIN.map(|name| (name, Value::from(name))));
    environment.render_str(text, Value::from_pairs(names))
}
