//! What a report asks of its figures: how near the truth they must be, how the loss goes over levels, and what its
//! author expects to count.

use super::check_report::Check;
use super::plan::{Place, Target};
use super::report::{ExpectYaml, ReportYaml, TargetYaml, TargetsYaml};
use super::suggest::{advice, quote};

impl Check<'_> {
    /// Each level's share, in the order of the geography's levels.
    pub(super) fn level_shares(&mut self, yaml: &ReportYaml) -> Vec<u32> {
        for (name, share) in &yaml.levels {
            let path = ["levels", name];
            if !self.scene.levels.contains(&name.as_str()) {
                let help = advice(name, self.scene.levels.iter().copied());
                self.push(self.document.key(&path, format!("unknown level {}", quote(name))), help);
            }
            self.at_least_one(&path, *share, "a level without a share of the loss cannot be released");
        }
        self.scene.levels.iter().map(|level| yaml.levels.get(*level).copied().unwrap_or(1)).collect()
    }

    /// The targets, each for another measure and level.
    pub(super) fn targets(&mut self, yaml: &ReportYaml) -> Vec<Target> {
        let written: Vec<(Option<String>, &TargetYaml)> = match &yaml.target {
            None => Vec::new(),
            Some(TargetsYaml::One(target)) => vec![(None, target)],
            Some(TargetsYaml::Many(targets)) => {
                targets.iter().enumerate().map(|(at, target)| (Some(at.to_string()), target)).collect()
            }
        };
        let mut found: Vec<Target> = Vec::new();
        for (at, target) in written {
            let place: Vec<&str> = ["target"].into_iter().chain(at.as_deref()).collect();
            let inner = |key: &'static str| place.iter().copied().chain([key]).collect::<Vec<_>>();
            let measure = yaml.measures.get_index_of(&target.measure);
            if measure.is_none() {
                let help = advice(&target.measure, yaml.measures.keys().map(String::as_str));
                self.complain(&inner("measure"), &format!("unknown measure {}", quote(&target.measure)), help);
            }
            if yaml.measures.get(&target.measure).is_some_and(|measure| measure.public.is_some()) {
                let message = format!("{} is public: its figures are exact", quote(&target.measure));
                self.complain(&inner("measure"), &message, Some("leave this target out".into()));
            }
            let level = self.scene.levels.iter().position(|level| *level == target.level);
            if level.is_none() {
                let help = advice(&target.level, self.scene.levels.iter().copied());
                self.complain(&inner("level"), &format!("unknown level {}", quote(&target.level)), help);
            }
            self.at_least_one(&inner("within"), target.within, "figures that are exact cannot be released");
            let (Some(measure), Some(level)) = (measure, level) else { continue };
            if found.iter().any(|other| (other.measure, other.level) == (measure, level)) {
                let message = format!("`{}` at {} already has a target", target.measure, target.level);
                self.complain(&inner("measure"), &message, Some("keep the one that is meant".into()));
            }
            found.push(Target { measure, level, within: target.within });
        }
        found
    }

    /// What is expected for every 1,000 people.
    pub(super) fn expectation(&mut self, measure: &str, yaml: Option<ExpectYaml>, place: Place) -> Option<f64> {
        let per_1000 = yaml?.per_1000;
        if place == Place::Practice {
            let message = "`expect` is by where people live, and this report places figures by practice";
            let place = self.document.key(&["measures", measure, "expect"], message);
            self.push(place, Some("leave it out: a practice's patients live in many areas".into()));
        }
        if !(per_1000 > 0.0 && per_1000.is_finite()) {
            let help = "leave `expect` out where nothing is known".to_string();
            self.complain(&["measures", measure, "expect", "per_1000"], "must be above 0", Some(help));
        }
        Some(per_1000)
    }
}
