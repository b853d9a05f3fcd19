//! What a report's tests expect, held against the figures that the report publishes: every figure, dimension, value and
//! area in it is there, and every cell stands in a table.

use super::check_report::Check;
use super::diagnostic::Diagnostic;
use super::marked::Node;
use super::plan::{Report, Rows};
use super::published::Published;
use super::suggest::{advice, list, quote};
use super::trial::{Asks, Cell, Expected, Extract, Split};

/// The key for a figure itself, beside its parts.
const ALL: &str = "all";

/// One figure that a test expects.
struct Asked<'a> {
    figure: &'a Published,
    /// Whether it counts, so that what is not spoken of must be 0.
    counts: bool,
    given: &'a [Extract],
    values: &'a std::collections::BTreeMap<String, Vec<String>>,
}

impl Check<'_> {
    /// What a test expects.
    pub(super) fn expected(&mut self, test: &Node, report: &Report, given: &[Extract]) -> Vec<Expected> {
        let Some((key, node)) = test.entry("expect") else { return Vec::new() };
        let changes = report.changes.iter().map(|change| change.name.as_str()).collect::<Vec<_>>();
        let figures = report.published(self.scene.bands);
        let known = figures.iter().filter(|it| !changes.contains(&it.name.as_str())).collect::<Vec<_>>();
        let values = self.values(report);
        let mut found = Vec::new();
        if node.entries().is_empty() {
            self.wrong(key, "a test expects something", Some("name a figure: `expect: { referred: 1 }`".into()));
        }
        for (name, node) in node.entries() {
            let Some(text) = name.text() else { continue };
            let Some(figure) = known.iter().find(|it| it.name == text) else {
                let message = format!("this report publishes no figure {}", quote(text));
                let of_quarter_before = "a change is on the quarter before, which a test has not";
                let help = match changes.contains(&text) {
                    true => Some(of_quarter_before.into()),
                    false => advice(text, known.iter().map(|it| it.name.as_str())),
                };
                self.wrong(name, &message, help);
                continue;
            };
            let asked = Asked { figure, counts: is_count(report, text), given, values: &values };
            self.figure(&asked, name, node, &Cell::default(), &mut found);
        }
        found
    }

    /// The figure of a cell, or what it is split by.
    fn figure(&mut self, asked: &Asked<'_>, key: &Node, node: &Node, cell: &Cell, found: &mut Vec<Expected>) {
        let place = if node.span.is_empty() { key } else { node };
        if node.entries().is_empty() {
            let number = node.text().and_then(|text| text.trim().parse::<f64>().ok()).filter(|it| it.is_finite());
            let Some(number) = number else {
                return self.wrong(place, "expected a number", None);
            };
            return match asked.is_table(cell) {
                true => found.push(asked.expects(cell, Asks::Figure(number), self.place(place))),
                false => self.no_table(asked, place, cell),
            };
        }
        for (split, values) in node.entries() {
            let Some(name) = split.text() else { continue };
            if name == ALL {
                match values.entries().is_empty() {
                    true => self.figure(asked, split, values, cell, found),
                    false => self.wrong(split, "`all` is the figure itself: expected a number", None),
                }
            } else if let Some(level) = self.scene.levels.iter().position(|level| *level == name) {
                self.areas(asked, split, values, cell, level, found);
            } else if asked.dimensions().contains(&name) && !cell.by.iter().any(|(known, _)| known == name) {
                self.dimension(asked, split, values, cell, name, found);
            } else {
                let message = format!("{} is not given by {}", quote(&asked.figure.name), quote(name));
                let free = asked.dimensions().into_iter().filter(|it| !cell.by.iter().any(|(known, _)| known == it));
                let levels = self.scene.levels.iter().copied().filter(|it| *it != ALL);
                let help = advice(name, [ALL].into_iter().chain(free).chain(levels));
                self.wrong(split, &message, help);
            }
        }
    }

    /// A figure by the areas of a level.
    fn areas(
        &mut self,
        asked: &Asked<'_>,
        split: &Node,
        values: &Node,
        cell: &Cell,
        level: usize,
        found: &mut Vec<Expected>,
    ) {
        let name = self.scene.levels[level];
        if cell.area.is_some() {
            return self.wrong(split, "one area level at a time: a table is of one", None);
        }
        let mut known = self.areas_of(name, asked.given);
        known.push("unknown".into());
        for (area, node) in values.entries() {
            let Some(text) = area.text() else { continue };
            if known.iter().any(|it| it == text) {
                let inner = Cell { area: Some((level, text.to_string())), ..cell.clone() };
                self.figure(asked, area, node, &inner, found);
            } else {
                let lookup = self.scene.areas.unwrap_or("the area lookup");
                let help = match known.len() {
                    1 => format!("name it in the test: `given: {{ {lookup}: [{{ {name}: {text} }}] }}`"),
                    _ => advice(text, known.iter().map(String::as_str)).unwrap_or_default(),
                };
                let message = format!("no row of `{lookup}` in this test has {} as its `{name}`", quote(text));
                self.wrong(area, &message, Some(help));
            }
        }
        self.nothing_else(asked, split, values, cell, Split::Level(level), found);
    }

    /// A figure by the values of a dimension.
    fn dimension(
        &mut self,
        asked: &Asked<'_>,
        split: &Node,
        values: &Node,
        cell: &Cell,
        name: &str,
        found: &mut Vec<Expected>,
    ) {
        let known = asked.values.get(name).map_or(&[][..], Vec::as_slice);
        for (value, node) in values.entries() {
            let Some(text) = value.text() else { continue };
            if known.iter().any(|it| it == text) {
                let mut inner = cell.clone();
                inner.by.push((name.to_string(), text.to_string()));
                self.figure(asked, value, node, &inner, found);
            } else {
                let help = advice(text, known.iter().map(String::as_str));
                self.wrong(value, &format!("`{name}` has no value {}", quote(text)), help);
            }
        }
        self.nothing_else(asked, split, values, cell, Split::Dimension(name.to_string()), found);
    }

    /// What is counted must be in the values that are spoken of.
    fn nothing_else(
        &mut self,
        asked: &Asked<'_>,
        split: &Node,
        values: &Node,
        cell: &Cell,
        of: Split,
        found: &mut Vec<Expected>,
    ) {
        if values.entries().is_empty() {
            return self.wrong(split, "expected its values, each with a number", Some("as in `sex: { F: 1 }`".into()));
        }
        let mut whole = cell.clone();
        if let Split::Dimension(name) = &of {
            whole.by.push((name.clone(), String::new()));
        }
        if asked.counts && asked.is_table(&whole) {
            let but = values.entries().iter().filter_map(|(value, _)| value.text().map(str::to_string)).collect();
            found.push(asked.expects(cell, Asks::NothingElse { of, but }, self.place(split)));
        }
    }

    fn no_table(&mut self, asked: &Asked<'_>, place: &Node, cell: &Cell) {
        let names = cell.by.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>();
        let name = quote(&asked.figure.name);
        let message = match names.len() {
            0 => format!("{name} is never given without {}", list(&asked.always())),
            _ => format!("{name} is not given by {} alone", list(&names)),
        };
        let sets = asked.figure.by.iter().filter(|set| !set.is_empty()).map(|set| format!("[{}]", set.join(", ")));
        let help = format!("its tables are by {}", sets.collect::<Vec<_>>().join(", "));
        self.wrong(place, &message, Some(help));
    }

    /// A complaint that says nothing yet.
    fn place(&self, node: &Node) -> Diagnostic {
        self.document.at(node.span.clone(), "")
    }
}

impl Asked<'_> {
    fn dimensions(&self) -> Vec<&str> {
        let mut names = self.figure.by.iter().flatten().map(String::as_str).collect::<Vec<_>>();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The dimensions that every table of the figure has.
    fn always(&self) -> Vec<&str> {
        let every = |name: &&str| self.figure.by.iter().all(|set| set.iter().any(|it| it == name));
        self.dimensions().into_iter().filter(every).collect()
    }

    fn is_table(&self, cell: &Cell) -> bool {
        let is_it = |set: &Vec<String>| {
            set.len() == cell.by.len() && cell.by.iter().all(|(name, _)| set.iter().any(|it| it == name))
        };
        self.figure.by.iter().any(is_it)
    }

    fn expects(&self, cell: &Cell, asks: Asks, at: Diagnostic) -> Expected {
        Expected { figure: self.figure.name.clone(), cell: cell.clone(), asks, at }
    }
}

/// Whether a figure counts people or rows: what is derived of them is no sum of its parts.
fn is_count(report: &Report, figure: &str) -> bool {
    report.measures.iter().any(|measure| match (&measure.rows, figure.strip_prefix(measure.name.as_str())) {
        (_, Some("")) => true,
        (Rows::Funnel(_), Some(rest)) => rest == "_no_further",
        _ => false,
    })
}
