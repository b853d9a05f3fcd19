//! Every figure that a report publishes, by name, before any is measured: what charts and sentences may speak of, and the
//! words that stand beside it.

use super::derived::ChangeOf;
use super::figures::Sampling;
use super::journey::STAGE;
use super::plan::{Measure, Report, Rows};

/// One figure of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// Its name in published files.
    pub name: String,
    /// What it is, in words.
    pub words: Words,
    /// The sets of dimensions beside areas that it is given by, by their names.
    pub by: Vec<Vec<String>>,
}

/// What a figure is, in words for readers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// The figure: "People referred per 1,000 registered".
    pub label: String,
    /// Its unit: "people", "per 1,000", "days".
    pub unit: String,
    /// What its interval holds.
    pub holds: Holds,
}

/// What an interval holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// Nothing: the figure is of public tables, and exact.
    Nothing,
    /// The noise that protects people.
    Noise,
    /// The noise, and the chance of the quarter.
    NoiseAndSampling,
}

/// The indices of inequality, as the ends of their figures' names, with what each is.
pub const INEQUALITY: [(&str, &str); 5] = [
    ("sii", "slope index of inequality"),
    ("rii", "relative index of inequality"),
    ("par", "population attributable risk, %"),
    ("absolute_range", "most deprived less least deprived"),
    ("relative_range", "most deprived over least deprived"),
];

/// `median`, `lower_quartile`, `upper_quartile`, or the per cent below.
pub fn quantile_name(q: f64) -> String {
    match q {
        0.25 => "lower_quartile".into(),
        0.5 => "median".into(),
        0.75 => "upper_quartile".into(),
        other => format!("p{}", (other * 1000.0).round() / 10.0).replace('.', "_"),
    }
}

impl Report {
    /// Its figures: measures first, then what is derived from them, as the published files have them. `bands`: the names of
    /// the board's bands, in the order of its geography.
    pub fn published(&self, bands: &[String]) -> Vec<Published> {
        let sets = |measure: usize| self.sets(bands, measure);
        let mut found = Vec::new();
        for (at, measure) in self.measures.iter().enumerate() {
            if self.means.iter().any(|mean| mean.sum == at) {
                // The sum about a centre says nothing by itself.
                continue;
            }
            found.extend(counted(measure, &sets(at)));
        }
        for rate in &self.rates {
            found.push(figure(&rate.name, &rate.label, per(rate.per), holds(rate.sampling), sets(rate.of)));
        }
        for mean in &self.means {
            let unit = self.measures[mean.sum].unit.clone();
            found.push(figure(&mean.name, &mean.label, unit, Holds::NoiseAndSampling, sets(mean.sum)));
        }
        for quartiles in &self.quartiles {
            let measure = &self.measures[quartiles.of];
            let unit = if matches!(measure.rows, Rows::Wait(_)) { "days".into() } else { measure.unit.clone() };
            let by = without(&sets(quartiles.of), &self.dimension(bands, quartiles.of, quartiles.across));
            for name in quartiles.at.iter().map(|&q| quantile_name(q)) {
                let label = format!("{}: {}", quartiles.label, name.replace('_', " "));
                let name = format!("{}_{name}", quartiles.name);
                found.push(figure(&name, &label, unit.clone(), Holds::NoiseAndSampling, by.clone()));
            }
        }
        for asked in &self.inequality {
            let rate = &self.rates[asked.of];
            let by = without(&sets(rate.of), &self.dimension(bands, rate.of, asked.across.of));
            for (part, words) in INEQUALITY {
                let label = format!("{}: {words}", asked.label);
                let name = format!("{}_{part}", asked.name);
                found.push(figure(&name, &label, String::new(), holds(rate.sampling), by.clone()));
            }
        }
        for asked in &self.standardised {
            let by = without(&sets(asked.of), &self.dimension(bands, asked.of, asked.across.of));
            found.push(figure(&asked.name, &asked.label, per(asked.per), Holds::NoiseAndSampling, by));
        }
        self.with_changes(found)
    }

    fn with_changes(&self, mut found: Vec<Published>) -> Vec<Published> {
        for change in &self.changes {
            let of = match change.of {
                ChangeOf::Measure(at) => &self.measures[at].name,
                ChangeOf::Rate(at) => &self.rates[at].name,
            };
            if let Some(of) = found.iter().find(|it| it.name == *of).cloned() {
                let words = Words { label: change.label.clone(), ..of.words };
                found.push(Published { name: change.name.clone(), words, by: of.by });
            }
        }
        found
    }

    /// The sets of dimensions of a measure's tables, by name.
    fn sets(&self, bands: &[String], measure: usize) -> Vec<Vec<String>> {
        let name = |&at: &usize| self.dimension(bands, measure, at);
        self.measures[measure].tables.iter().map(|dims| dims.iter().map(name).collect()).collect()
    }

    /// The name of a measure's dimension: a position among its bands and then its codes.
    pub fn dimension(&self, bands: &[String], measure: usize, at: usize) -> String {
        let measure = &self.measures[measure];
        match at.checked_sub(measure.bands.len()) {
            None => bands[measure.bands[at]].clone(),
            Some(code) => measure.codes[code].name.clone(),
        }
    }
}

/// A measure's own figures: one, or of a funnel three.
fn counted(measure: &Measure, by: &[Vec<String>]) -> Vec<Published> {
    let Measure { name, label, unit, .. } = measure;
    let holds = if measure.is_public() { Holds::Nothing } else { Holds::Noise };
    let own = figure(name, label, unit.clone(), holds, by.to_vec());
    if !matches!(measure.rows, Rows::Funnel(_)) {
        return vec![own];
    }
    let staged = by.iter().filter(|dims| dims.iter().any(|dim| dim == STAGE)).cloned().collect::<Vec<_>>();
    let share = format!("{label}, per 100 who started");
    let left = format!("{label}, and went no further");
    vec![
        own,
        figure(&format!("{name}_share"), &share, "%".into(), Holds::NoiseAndSampling, staged.clone()),
        figure(&format!("{name}_no_further"), &left, unit.clone(), holds, staged),
    ]
}

fn figure(name: &str, label: &str, unit: String, holds: Holds, by: Vec<Vec<String>>) -> Published {
    Published { name: name.to_owned(), words: Words { label: label.to_owned(), unit, holds }, by }
}

fn per(per: u32) -> String {
    match per {
        1 => String::new(),
        1_000 => "per 1,000".into(),
        100_000 => "per 100,000".into(),
        other => format!("per {other}"),
    }
}

fn holds(sampling: Sampling) -> Holds {
    match sampling {
        Sampling::None => Holds::Noise,
        Sampling::Poisson | Sampling::Binomial => Holds::NoiseAndSampling,
    }
}

fn without(sets: &[Vec<String>], dimension: &str) -> Vec<Vec<String>> {
    let with = sets.iter().filter(|set| set.iter().any(|it| it == dimension));
    with.map(|set| set.iter().filter(|it| *it != dimension).cloned().collect()).collect()
}
