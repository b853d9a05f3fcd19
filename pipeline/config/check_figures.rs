//! What a report derives, held against what it measures: every name leads somewhere, and whatever is divided has a cell
//! to be divided by.

use super::check_report::{Check, Scene};
use super::derived::{Across, Bins, Change, ChangeOf, Inequality, Quartiles, Standardised};
use super::figures::{InequalityYaml, Population, QuartilesYaml, RateYaml, Sampling, StandardisedYaml};
use super::plan::{CodeDimension, Measure, MeasureKind, Rate};
use super::read_bins::bins;
use super::report::ReportYaml;
use super::suggest::{advice, is_name, list, quote, words};
use super::tables::PATIENTS;

/// The age from which the last band of the European Standard Population has no end; the others are five years each.
const OLDEST: i64 = 90;

/// What a report derives.
pub(super) struct Figures {
    pub rates: Vec<Rate>,
    pub changes: Vec<Change>,
    pub inequality: Vec<Inequality>,
    pub standardised: Vec<Standardised>,
    pub quartiles: Vec<Quartiles>,
}

/// A report as written, and those of its measures that could be resolved: all of them, unless the report is refused.
#[derive(Clone, Copy)]
struct Written<'m> {
    yaml: &'m ReportYaml,
    measures: &'m [Measure],
}

/// A measure with its position.
type Placed<'m> = (usize, &'m Measure);

impl Check<'_> {
    /// Everything that the report derives. `None` after a complaint that leaves nothing to resolve.
    pub(super) fn figures(&mut self, yaml: &ReportYaml, measures: &[Measure]) -> Option<Figures> {
        let written = Written { yaml, measures };
        self.names(yaml);
        // All sections before any `?`, so that one bad figure does not hide the next one's mistakes.
        let rates: Vec<_> = yaml.rates.iter().map(|(name, rate)| self.rate(written, name, rate)).collect();
        let changes = yaml.changes.iter().map(|(name, change)| {
            let label = change.label.clone().unwrap_or_else(|| words(name));
            let of = self.changing(written, &["changes", name, "of"], &change.of)?;
            Some(Change { name: name.clone(), label, of })
        });
        let changes = every(changes);
        let inequality = every(yaml.inequality.iter().map(|(name, it)| self.inequality(written, &rates, name, it)));
        let standardised = every(yaml.standardised.iter().map(|(name, it)| self.standardised(written, name, it)));
        let quartiles = every(yaml.quartiles.iter().map(|(name, it)| self.quartiles(written, name, it)));
        Some(Figures {
            rates: rates.into_iter().collect::<Option<_>>()?,
            changes: changes?,
            inequality: inequality?,
            standardised: standardised?,
            quartiles: quartiles?,
        })
    }

    /// Measures and figures stand side by side in what is published: no two have one name.
    fn names(&mut self, yaml: &ReportYaml) {
        if yaml.measures.is_empty() {
            self.push(self.document.key(&["measures"], "at least one measure is needed"), None);
        }
        let mut seen: Vec<(&str, &str)> = Vec::new();
        for (section, what, names) in [
            ("measures", "a measure", yaml.measures.keys().collect::<Vec<_>>()),
            ("rates", "a rate", yaml.rates.keys().collect()),
            ("changes", "a change", yaml.changes.keys().collect()),
            ("inequality", "an inequality", yaml.inequality.keys().collect()),
            ("standardised", "a standardised rate", yaml.standardised.keys().collect()),
            ("quartiles", "quartiles", yaml.quartiles.keys().collect()),
        ] {
            for name in names {
                if !is_name(name) {
                    let help = "names are lower-case letters, digits and underscores, and start with a letter";
                    let place = self.document.key(&[section, name], format!("{} is not a name", quote(name)));
                    self.push(place, Some(help.into()));
                }
                match seen.iter().find(|(known, _)| known == name) {
                    Some((_, known)) => {
                        let message = format!("{} already names {known}", quote(name));
                        self.push(self.document.key(&[section, name], message), None);
                    }
                    None => seen.push((name, what)),
                }
            }
        }
    }

    fn rate(&mut self, written: Written<'_>, name: &str, yaml: &RateYaml) -> Option<Rate> {
        self.at_least_one(&["rates", name, "per"], yaml.per, "a rate is per 100, per 1000 or the like");
        let (of, over) = self.sides(written, "rates", name, (&yaml.of, &yaml.over))?;
        let sampling = self.sampling(name, yaml, of.1, over.1);
        let label = yaml.label.clone().unwrap_or_else(|| words(name));
        Some(Rate { name: name.to_string(), label, of: of.0, over: over.0, per: yaml.per, sampling })
    }

    /// The sampling error of a rate: as written, or what an analyst expects of such a rate.
    fn sampling(&mut self, name: &str, yaml: &RateYaml, of: &Measure, over: &Measure) -> Sampling {
        let people = |measure: &Measure| measure.kind == MeasureKind::Persons;
        let path = ["rates", name, "sampling"];
        match yaml.sampling {
            None if yaml.per == 100 && people(of) && people(over) => Sampling::Binomial,
            None if yaml.per >= 1000 && counts(of) => Sampling::Poisson,
            None => Sampling::None,
            Some(Sampling::Binomial) if !people(of) || !people(over) && !over.is_public() => {
                let strange = if people(of) { over } else { of };
                let message = format!("`binomial` is for a share of people, and `{}` counts no people", strange.name);
                self.complain(
                    &path,
                    &message,
                    Some("write `poisson` for events, or `none` for the noise alone".into()),
                );
                Sampling::Binomial
            }
            Some(Sampling::Poisson) if !counts(of) => {
                let message = format!("`poisson` is for people and events, and `{}` counts neither", of.name);
                self.complain(&path, &message, Some("write `none`: the interval then holds the noise alone".into()));
                Sampling::Poisson
            }
            Some(sampling) => sampling,
        }
    }

    /// The measure of that name.
    fn placed<'m>(&mut self, written: Written<'m>, path: &[&str], name: &str) -> Option<Placed<'m>> {
        if !written.yaml.measures.contains_key(name) {
            let help = advice(name, written.yaml.measures.keys().map(String::as_str));
            self.complain(path, &format!("unknown measure {}", quote(name)), help);
        }
        written.measures.iter().enumerate().find(|(_, measure)| measure.name == name)
    }

    /// Both sides of a ratio: wherever there is a numerator there is a denominator.
    fn sides<'m>(
        &mut self,
        written: Written<'m>,
        section: &str,
        name: &str,
        (of, over): (&str, &str),
    ) -> Option<(Placed<'m>, Placed<'m>)> {
        let path = [section, name, "over"];
        let (top, bottom) = (self.placed(written, &[section, name, "of"], of), self.placed(written, &path, over));
        if of == over && written.yaml.measures.contains_key(of) {
            self.complain(&path, "a measure over itself is always one", None);
        }
        let (top, bottom) = (top?, bottom?);
        for (at, dimension) in dimensions(self.scene, bottom.1).into_iter().enumerate() {
            let (message, help) = match dimensions(self.scene, top.1).iter().position(|known| *known == dimension) {
                None => (
                    format!("`{over}` is given by `{dimension}`, and `{of}` is not: it has no cell to divide by"),
                    format!("take `{dimension}` out of `by`, or divide by a measure that is not given by it"),
                ),
                Some(place) if codes(top.1, place) != codes(bottom.1, at) => (
                    format!("`{over}` and `{of}` are given by different codes of `{dimension}`"),
                    format!("take `{dimension}` out of `by`, or give both tables the same list of codes"),
                ),
                Some(_) => continue,
            };
            self.complain(&path, &message, Some(help));
        }
        Some((top, bottom))
    }

    /// The dimension that both sides are to be taken across.
    fn across(&mut self, path: &[&str], name: &str, of: &Measure, over: &Measure) -> Option<Across> {
        let mut found = [None, None];
        for (found, measure) in found.iter_mut().zip([of, over]) {
            let known = dimensions(self.scene, measure);
            *found = known.iter().position(|known| *known == name);
            if found.is_none() {
                let help = advice(name, known);
                return self.refuse(path, &format!("`{}` is not given by {}", measure.name, quote(name)), help);
            }
        }
        let (of_place, over_place) = (found[0]?, found[1]?);
        self.given(path, of, of_place);
        self.given(path, over, over_place);
        Some(Across { of: of_place, over: over_place })
    }

    /// Complains where no table of the measure gives it by that dimension alone, not even by its sums.
    fn given(&mut self, path: &[&str], measure: &Measure, dimension: usize) {
        let bands = measure.bands.len();
        let of_person = |at: usize| at < bands || measure.codes[at - bands].table == PATIENTS;
        let adds_up = measure.kind != MeasureKind::Persons || measure.cells == 1;
        let gives = |table: &Vec<usize>| {
            let mut others = table.iter().filter(|at| **at != dimension);
            table.contains(&dimension) && others.all(|&at| adds_up || of_person(at))
        };
        // A measure without tables has had its complaint.
        if measure.tables.is_empty() || measure.tables.iter().any(gives) {
            return;
        }
        let name = dimensions(self.scene, measure)[dimension];
        let message = format!("no table gives `{}` by `{name}` alone", measure.name);
        let why = "a person may be in several rows of a wider table, which then do not add up to people";
        self.complain(path, &message, Some(format!("add `[{name}]` to `tables`: {why}")));
    }

    fn changing(&mut self, written: Written<'_>, path: &[&str], name: &str) -> Option<ChangeOf> {
        if let Some(rate) = written.yaml.rates.get_index_of(name) {
            return Some(ChangeOf::Rate(rate));
        }
        if !written.yaml.measures.contains_key(name) {
            let known = written.yaml.measures.keys().chain(written.yaml.rates.keys());
            let help = advice(name, known.map(String::as_str));
            return self.refuse(path, &format!("unknown measure or rate {}", quote(name)), help);
        }
        self.placed(written, path, name).map(|(at, _)| ChangeOf::Measure(at))
    }

    fn inequality(
        &mut self,
        written: Written<'_>,
        rates: &[Option<Rate>],
        name: &str,
        yaml: &InequalityYaml,
    ) -> Option<Inequality> {
        let path = ["inequality", name, "across"];
        let of = written.yaml.rates.get_index_of(&yaml.of);
        if of.is_none() {
            let help = advice(&yaml.of, written.yaml.rates.keys().map(String::as_str))
                .or_else(|| Some("an inequality is of a rate: give the report one under `rates`".into()));
            self.complain(&["inequality", name, "of"], &format!("unknown rate {}", quote(&yaml.of)), help);
        }
        let bands =
            written.yaml.by.iter().map(String::as_str).filter(|name| self.scene.bands.iter().any(|it| it == name));
        let bands = bands.collect::<Vec<_>>();
        if !bands.contains(&yaml.across.as_str()) {
            let is_band = self.scene.bands.contains(&yaml.across);
            let what = if is_band { "is not in `by`" } else { "is no deprivation band" };
            let help = advice(&yaml.across, bands)
                .or_else(|| Some("add a band of the board's `geography` to `by`, as `simd_quintile`".into()));
            return self.refuse(&path, &format!("{} {what}", quote(&yaml.across)), help);
        }
        let rate = rates.get(of?)?.as_ref()?;
        let measure = |at: usize| written.measures.get(at);
        let across = self.across(&path, &yaml.across, measure(rate.of)?, measure(rate.over)?)?;
        let label = yaml.label.clone().unwrap_or_else(|| words(name));
        Some(Inequality { name: name.to_string(), label, of: of?, across, convention: yaml.convention })
    }

    fn standardised(&mut self, written: Written<'_>, name: &str, yaml: &StandardisedYaml) -> Option<Standardised> {
        let inner = |key: &'static str| ["standardised", name, key];
        self.at_least_one(&inner("per"), yaml.per, "a rate is per 1000, per 100000 or the like");
        let (of, over) = self.sides(written, "standardised", name, (&yaml.of, &yaml.over))?;
        if !counts(of.1) {
            let message = format!("a standardised rate is of people or events, and `{}` counts neither", yaml.of);
            self.complain(&inner("of"), &message, None);
        }
        let across = self.across(&inner("across"), &yaml.across, of.1, over.1)?;
        let ages = self.ages(&inner("across"), &yaml.across, codes(of.1, across.of), yaml.population)?;
        Some(Standardised {
            name: name.to_string(),
            label: yaml.label.clone().unwrap_or_else(|| words(name)),
            of: of.0,
            over: over.0,
            across,
            population: yaml.population,
            ages,
            per: yaml.per,
        })
    }

    /// The least age of each band, where each begins with a band of the standard population.
    fn ages(&mut self, path: &[&str], name: &str, codes: &[String], standard: Population) -> Option<Vec<u32>> {
        let Some(Bins { first: 0, edges }) = bins(codes).filter(|bins| bins.edges[0] >= 0) else {
            let help =
                "they are written `0 to 14`, `15 to 64`, `65 and over`: each begins where the one before it ends";
            return self.refuse(path, &format!("the codes of `{name}` are no age bands"), Some(help.into()));
        };
        let Population::Esp2013 = standard;
        if let Some(age) = edges.iter().find(|age| **age % 5 != 0 || **age > OLDEST) {
            let message = format!("a band of `{name}` begins at {age}, inside a band of the standard population");
            let help =
                format!("cut ages where the European Standard Population does: at 0, 5, 10 and so on to {OLDEST}");
            return self.refuse(path, &message, Some(help));
        }
        edges.into_iter().map(|age| u32::try_from(age).ok()).collect()
    }

    fn quartiles(&mut self, written: Written<'_>, name: &str, yaml: &QuartilesYaml) -> Option<Quartiles> {
        let path = ["quartiles", name, "of"];
        self.shares(name, &yaml.at);
        let (of, measure) = self.placed(written, &path, &yaml.of)?;
        let (across, bins) = match &binned(measure)[..] {
            [only] => only.clone(),
            [] => {
                let message = format!("`{}` is not given by bins", yaml.of);
                let help = "quartiles are of a wait, of a histogram, or by a band of numbers such as ages";
                return self.refuse(&path, &message, Some(help.into()));
            }
            several => {
                let dimensions = dimensions(self.scene, measure);
                let names = several.iter().map(|(at, _)| dimensions[*at]).collect::<Vec<_>>();
                let message = format!("`{}` is given by several lists of bins: {}", yaml.of, list(&names));
                return self.refuse(&path, &message, Some("keep one of them in `by`".into()));
            }
        };
        self.given(&path, measure, across);
        let label = yaml.label.clone().unwrap_or_else(|| words(name));
        Some(Quartiles { name: name.to_string(), label, of, across, bins, at: yaml.at.clone() })
    }

    fn shares(&mut self, name: &str, at: &[f64]) {
        if at.is_empty() {
            self.complain(&["quartiles", name, "at"], "at least one share is needed", None);
        }
        for (place, share) in at.iter().enumerate() {
            let path = ["quartiles", name, "at", &place.to_string()];
            if !(*share > 0.0 && *share < 1.0) {
                self.complain(&path, "a share is above 0 and below 1", Some("0.5 is the median".into()));
            } else if place > 0 && at[place - 1] >= *share {
                self.complain(&path, "shares are written in rising order, each once", None);
            }
        }
    }

    fn refuse<T>(&mut self, path: &[&str], message: &str, help: Option<String>) -> Option<T> {
        self.complain(path, message, help);
        None
    }
}

/// The names of a measure's dimensions: bands, then codes.
pub(super) fn dimensions<'n>(scene: &'n Scene<'_>, measure: &'n Measure) -> Vec<&'n str> {
    let bands = measure.bands.iter().map(|&band| scene.bands[band].as_str());
    bands.chain(measure.codes.iter().map(|code| code.name.as_str())).collect()
}

/// Runs a section to its end, and gives all of it or nothing.
fn every<T>(section: impl Iterator<Item = Option<T>>) -> Option<Vec<T>> {
    section.collect::<Vec<_>>().into_iter().collect()
}

/// Whether a measure counts people or events, which vary by chance as counts do.
fn counts(measure: &Measure) -> bool {
    matches!(measure.kind, MeasureKind::Persons | MeasureKind::Events { .. })
}

/// The codes of a measure's dimension; none for a band, whose codes are the geography's own.
fn codes(measure: &Measure, dimension: usize) -> &[String] {
    let code = dimension.checked_sub(measure.bands.len()).and_then(|at| measure.codes.get(at));
    code.map_or(&[], |code| &code.codes)
}

/// The dimensions of a measure whose codes are bins: those of what is counted, before those of who is.
fn binned(measure: &Measure) -> Vec<(usize, Bins)> {
    let found = |of_person: bool| {
        let places = measure.bands.len()..;
        let codes = places.zip(&measure.codes).filter(|(_, code)| (code.table == PATIENTS) == of_person);
        codes.filter_map(|(at, code): (usize, &CodeDimension)| Some((at, bins(&code.codes)?))).collect::<Vec<_>>()
    };
    let own = found(false);
    if own.is_empty() { found(true) } else { own }
}
