//! What the types of a board's YAML cannot say: that files are there, amounts are amounts, and nothing that is for
//! operators only lands among what is published.

use std::path::{Path, PathBuf};

use super::Needs;
use super::amount;
use super::board::{BoardYaml, FictionalYaml, Format, LimitYaml};
use super::country::Country;
use super::diagnostic::Diagnostics;
use super::plan::{Fictional, KeySource, Loss, LossKind, Publish};
use super::quarter::Quarter;
use super::reliability;
use super::source::Document;
use super::suggest::quote;
use super::tables::{Places, Tables};

/// One check of a board's YAML, which collects complaints and gives resolved parts.
pub(super) struct Board<'a> {
    pub document: &'a Document,
    pub yaml: &'a BoardYaml,
    pub places: &'a Places,
    pub tables: &'a Tables,
    pub needs: Needs,
    /// The quarter that was asked for, where it is not the YAML's own.
    pub asked: Option<Quarter>,
    /// The quarter that is reported, once it is known.
    pub reported: Option<Quarter>,
    pub complaints: &'a mut Diagnostics,
}

/// What may be lost.
pub(super) struct Losses {
    pub loss: Option<Loss>,
    pub most: Option<Loss>,
    pub year: Option<Loss>,
    pub delta: Option<String>,
}

impl Board<'_> {
    /// Names that are published or derived from must say something.
    pub fn names(&mut self) {
        for (path, text) in
            [(&["board"][..], &self.yaml.board), (&["pseudonyms", "project"], &self.yaml.pseudonyms.project)]
        {
            let length = text.trim().chars().count();
            if length == 0 || length > 100 || text.chars().any(char::is_control) {
                self.complain(path, "expected a name of 1 to 100 characters", None);
            }
        }
        if self.yaml.reports.is_empty() {
            self.complain(&["reports"], "at least one report is needed", None);
        }
    }

    /// The fictional board's size and dirt, within what `synth` makes.
    pub fn fictional(&mut self) -> Option<Fictional> {
        let yaml: &FictionalYaml = self.yaml.fictional.as_ref()?;
        if !(100..=60_000_000).contains(&yaml.patients) {
            self.complain(&["fictional", "patients"], "a fictional board has 100 to 60000000 patients", None);
        } else if yaml.country == Country::England && yaml.patients > 900_000 {
            self.complain(&["fictional", "patients"], "a fictional board in England has at most 900000 patients", None);
        }
        let written = yaml.dirt.as_deref().unwrap_or("0%");
        let dirt = amount::percent(written).unwrap_or_else(|wrong| {
            self.complain(&["fictional", "dirt"], &format!("{} {wrong}", quote(written)), None);
            0.0
        });
        if dirt > 0.5 {
            self.complain(&["fictional", "dirt"], "more than half of the rows would be faulty; at most 50%", None);
        }
        let activity = yaml.activity;
        if !(activity > 0.0 && activity <= 60.0) {
            self.complain(&["fictional", "activity"], "the activity is above 0 and at most 60", None);
        }
        let folder = self.in_quarter(&["fictional", "folder"], &yaml.folder.to_string_lossy());
        let folder = self.places.root.join(folder);
        Some(Fictional { patients: yaml.patients, seed: yaml.seed, dirt, activity, country: yaml.country, folder })
    }

    /// The loss that the reports share, the limits of the quarter and the year, and the delta.
    pub fn losses(&mut self) -> Losses {
        let privacy = &self.yaml.privacy;
        let loss = self.loss("loss", privacy.loss.rho.as_deref(), privacy.loss.epsilon.as_deref());
        let quarter = self.limit("quarter", privacy.quarter.as_ref());
        let year = self.limit("year", privacy.year.as_ref());
        if let Some(loss) = &loss {
            let words = ["the quarter is", "the loss", "the quarter allows", "the reports share"];
            self.at_least(["privacy", "quarter"], quarter.as_ref(), loss, words);
            // The year's line reads as the plainest mistake: against the quarter's limit only where there is one.
            let most = quarter.as_ref().filter(|quarter| quarter.kind == loss.kind).unwrap_or(loss);
            let spends = if most == loss { "this quarter spends" } else { "this quarter may spend" };
            self.at_least(
                ["privacy", "year"],
                year.as_ref(),
                most,
                ["the year is", "the quarter", "the year allows", spends],
            );
        }
        // Without a limit of its own, a quarter may lose what its reports share: nobody allowed more.
        let most = if privacy.quarter.is_some() { quarter } else { loss.clone() };
        Losses { loss, most, year, delta: self.delta() }
    }

    /// Complains of a limit of another kind than `least`, or below it.
    fn at_least(&mut self, place: [&str; 2], limit: Option<&Loss>, least: &Loss, words: [&str; 4]) {
        let Some(limit) = limit else { return };
        if limit.kind != least.kind {
            let message = format!("{} in {}, {} in {}", words[0], limit.kind.word(), words[1], least.kind.word());
            self.complain(&place, &message, Some("both must be losses of the same kind".into()));
        } else if amount::exact(&limit.amount).ok() < amount::exact(&least.amount).ok() {
            let message = format!("{} less ({}) than {} ({})", words[2], limit.amount, words[3], least.amount);
            self.complain(&[place[0], place[1], limit.kind.word()], &message, None);
        }
    }

    fn limit(&mut self, key: &str, limit: Option<&LimitYaml>) -> Option<Loss> {
        limit.and_then(|limit| self.loss(key, limit.rho.as_deref(), limit.epsilon.as_deref()))
    }

    fn delta(&mut self) -> Option<String> {
        let privacy = &self.yaml.privacy;
        let delta = privacy.loss.delta.clone();
        if let Some(text) = &delta {
            let path = ["privacy", "loss", "delta"];
            let one = dashu::rational::RBig::ONE;
            match amount::exact(text) {
                Err(wrong) => self.complain(&path, &format!("{} {wrong}", quote(text)), None),
                Ok(value) if value.is_zero() || value >= one => {
                    self.complain(&path, "delta must be above 0 and below 1", Some("1e-7 is usual".into()));
                }
                Ok(_) if privacy.loss.epsilon.is_some() => {
                    self.complain(&path, "a pure epsilon has no delta", Some("leave `delta` out".into()));
                }
                Ok(_) => {}
            }
        }
        delta
    }

    fn loss(&mut self, key: &str, rho: Option<&str>, epsilon: Option<&str>) -> Option<Loss> {
        let (kind, text) = match (rho, epsilon) {
            (Some(text), None) => (LossKind::Rho, text),
            (None, Some(text)) => (LossKind::Epsilon, text),
            _ => {
                self.complain(&["privacy", key], "exactly one of `rho` and `epsilon` is needed", None);
                return None;
            }
        };
        let path = ["privacy", key, kind.word()];
        match amount::exact(text) {
            Err(wrong) => self.complain(&path, &format!("{} {wrong}", quote(text)), None),
            Ok(value) if value.is_zero() => {
                let help = "without any loss there is nothing to publish".to_string();
                self.complain(&path, "the loss must be above 0", Some(help));
            }
            Ok(_) => return Some(Loss { kind, amount: text.to_string() }),
        }
        None
    }

    /// What is written where. Operator-only files may not lie inside what is published.
    pub fn publish(&mut self, work: &Path, ledger: &Path, [key, salt]: [Option<&KeySource>; 2]) -> Publish {
        let publish = &self.yaml.publish;
        let to = self.places.root.join(&publish.to);
        let mut formats: Vec<Format> = Vec::new();
        for (at, format) in publish.formats.iter().enumerate() {
            if formats.contains(format) {
                self.complain(&["publish", "formats", &at.to_string()], "this format is listed twice", None);
            } else {
                formats.push(*format);
            }
        }
        if formats.is_empty() {
            self.complain(&["publish", "formats"], "at least one format is needed", None);
        }
        let file = |secret: Option<&KeySource>| match secret {
            Some(KeySource::File(file)) => Some(file.clone()),
            _ => None,
        };
        let (key, salt) = (file(key), file(salt));
        let private = [
            (&["work"][..], Some(work)),
            (&["privacy", "ledger"], Some(ledger)),
            (&["pseudonyms", "key", "file"], key.as_deref()),
            (&["pseudonyms", "salt", "file"], salt.as_deref()),
        ];
        for (path, file) in private {
            if file.is_some_and(|file| plain(file).starts_with(plain(&to))) {
                let help = "`publish.to` receives nothing but what anyone may read".to_string();
                self.complain(path, "this lies inside the folder that is published", Some(help));
            }
        }
        let small_numbers = reliability::small_numbers(self.document, publish.small_numbers, self.complaints);
        let (look, contact) = (self.look(), self.contact());
        Publish { to, formats, small_numbers, series: self.series(), look, contact, licence: publish.licence }
    }

    pub fn complain(&mut self, path: &[&str], message: &str, help: Option<String>) {
        let mut complaint = self.document.value(path, message);
        complaint.help = help;
        self.complaints.push(complaint);
    }
}

impl LossKind {
    /// The word for it in YAML.
    pub fn word(self) -> &'static str {
        match self {
            LossKind::Rho => "rho",
            LossKind::Epsilon => "epsilon",
        }
    }
}

/// A path without `.` and `..`, by its text alone, since it may not exist yet.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::ParentDir => {
                plain.pop();
            }
            std::path::Component::CurDir => {}
            other => plain.push(other),
        }
    }
    plain
}
