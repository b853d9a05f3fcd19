//! The charts of a report, held against the figures that it publishes.

use super::check_report::Check;
use super::page::{Chart, ChartKind, ChartYaml, FiguresYaml, MOST_FIGURES};
use super::plan::{Report, Rows};
use super::published::Published;
use super::report::ReportYaml;
use super::suggest::{advice, quote};

/// The kinds of chart, by their keys.
const KINDS: [&str; 5] = ["bars", "funnel", "areas", "map", "trend"];

impl FiguresYaml {
    fn names(&self) -> &[String] {
        match self {
            FiguresYaml::One(name) => std::slice::from_ref(name),
            FiguresYaml::Several(names) => names,
        }
    }
}

impl Check<'_> {
    /// The charts of a report whose figures are known.
    pub fn charts(&mut self, yaml: &ReportYaml, report: &Report) -> Vec<Chart> {
        let published = report.published(self.scene.bands);
        yaml.charts.iter().enumerate().filter_map(|(at, chart)| self.chart(at, chart, report, &published)).collect()
    }

    fn chart(&mut self, at: usize, yaml: &ChartYaml, report: &Report, published: &[Published]) -> Option<Chart> {
        let place = at.to_string();
        let one = |name: &Option<String>| name.clone().map(|name| vec![name]);
        let several = |names: &Option<FiguresYaml>| names.as_ref().map(|it| it.names().to_vec());
        let given = [several(&yaml.bars), one(&yaml.funnel), one(&yaml.areas), one(&yaml.map), several(&yaml.trend)];
        let mut kinds = KINDS.iter().zip(given).filter_map(|(kind, names)| Some((*kind, names?)));
        let (Some((kind, figures)), None) = (kinds.next(), kinds.next()) else {
            let help = format!("one of {}", KINDS.map(|kind| format!("`{kind}`")).join(", "));
            self.complain(&["charts", &place], "a chart is of exactly one kind", Some(help));
            return None;
        };
        self.unused(&place, kind, yaml);
        if yaml.title.as_ref().is_some_and(|it| it.trim().is_empty()) {
            let help = "leave it out: the figure's label and the dimension are the title".to_owned();
            self.complain(&["charts", &place, "title"], "the title is empty", Some(help));
        }
        let path = ["charts", place.as_str(), kind];
        let mut found = Vec::new();
        for name in &figures {
            let Some(figure) = published.iter().find(|it| it.name == *name) else {
                let help = advice(name, published.iter().map(|it| it.name.as_str()));
                self.complain(&path, &format!("this report publishes no figure {}", quote(name)), help);
                return None;
            };
            if found.iter().any(|it: &&Published| it.name == *name) {
                self.complain(&path, &format!("{} is named twice", quote(name)), None);
                return None;
            }
            found.push(figure);
        }
        let Some(first) = found.first().copied() else {
            self.complain(&path, "a chart shows at least one figure", None);
            return None;
        };
        if figures.len() > MOST_FIGURES {
            let message = format!("a chart tells at most {MOST_FIGURES} figures apart");
            self.complain(&path, &message, Some("split it into several charts".into()));
            return None;
        }
        if found.iter().any(|it| it.words.unit != first.words.unit) {
            self.complain(&path, "these figures are of different units, and cannot share an axis", None);
            return None;
        }
        let (kind, by) = self.drawn_as(&place, kind, yaml, report, &found)?;
        let usual = || by.map_or_else(|| first.words.label.clone(), |by| format!("{} by {by}", first.words.label));
        Some(Chart { kind, figures, title: yaml.title.clone().unwrap_or_else(usual) })
    }

    /// How it is drawn, and what its title says beside the figure.
    fn drawn_as(
        &mut self,
        place: &str,
        kind: &str,
        yaml: &ChartYaml,
        report: &Report,
        figures: &[&Published],
    ) -> Option<(ChartKind, Option<String>)> {
        let path = ["charts", place, kind];
        let needs_totals = ["areas", "map", "trend"].contains(&kind);
        if let Some(lacking) = figures.iter().find(|it| needs_totals && !it.by.iter().any(Vec::is_empty)) {
            let message = format!("no table of this report gives {} by area alone", quote(&lacking.name));
            self.complain(&path, &message, Some("show it as `bars`".into()));
            return None;
        }
        match kind {
            "bars" => {
                let Some(by) = yaml.by.clone() else {
                    let help = "`by` names the dimension: `{ bars: referred, by: sex }`".to_owned();
                    self.complain(&path, "bars are by a dimension, and none is named", Some(help));
                    return None;
                };
                let alone = |it: &&Published| it.by.iter().any(|set| *set == [by.clone()]);
                if let Some(lacking) = figures.iter().find(|it| !alone(it)) {
                    let known = figures.iter().flat_map(|it| &it.by).filter(|set| set.len() == 1).flatten();
                    let mut known = known.map(String::as_str).collect::<Vec<_>>();
                    known.dedup();
                    let is_area = by == "area" || self.scene.levels.contains(&by.as_str());
                    let help = if is_area { Some("show it as `areas`".into()) } else { advice(&by, known) };
                    let message =
                        format!("no table of this report gives {} by {} alone", quote(&lacking.name), quote(&by));
                    self.complain(&["charts", place, "by"], &message, help);
                    return None;
                }
                let words = by.replace('_', " ");
                Some((ChartKind::Bars { by }, Some(words)))
            }
            "funnel" => {
                let is_funnel =
                    |name: &str| report.measures.iter().any(|it| it.name == name && matches!(it.rows, Rows::Funnel(_)));
                if !figures.iter().all(|it| is_funnel(&it.name)) {
                    self.complain(&path, "this measure is no funnel", Some("show it as `bars`".into()));
                    return None;
                }
                Some((ChartKind::Funnel, None))
            }
            "trend" => Some((ChartKind::Trend, Some("quarter".into()))),
            _ => {
                let level = match &yaml.level {
                    None => None,
                    Some(level) if self.scene.levels.contains(&level.as_str()) => Some(level.clone()),
                    Some(level) => {
                        let help = advice(level, self.scene.levels.iter().copied());
                        let path = ["charts", place, "level"];
                        self.complain(&path, &format!("{} is no level of this board", quote(level)), help);
                        return None;
                    }
                };
                let map = kind == "map";
                let kind = if map { ChartKind::Map { level } } else { ChartKind::Areas { level } };
                Some((kind, Some("area".into())))
            }
        }
    }

    /// Keys that say nothing of a chart of this kind.
    fn unused(&mut self, place: &str, kind: &str, yaml: &ChartYaml) {
        if yaml.by.is_some() && kind != "bars" {
            self.complain(&["charts", place, "by"], "only `bars` are by a dimension", None);
        }
        if yaml.level.is_some() && !["areas", "map"].contains(&kind) {
            self.complain(&["charts", place, "level"], "only `areas` and `map` are of one level", None);
        }
    }
}
