//! `pseudonyms:`, and what the schemas say of people: that a key and a salt are where they are said to be, that the key
//! has an end, and that every table tells people apart by the same kind of identifier.

use chrono::{Days, NaiveDate};

use super::Needs;
use super::board::KeyYaml;
use super::check_board::Board;
use super::plan::{KeySource, Plan};
use super::suggest::quote;
use crate::schema::{Kind, Sender};

/// From this many days before the key's end, every run says so.
const NOTICE_DAYS: u64 = 30;

impl Board<'_> {
    /// Where the key is. Whether it is a good one is for the pseudonymise room, which alone reads it.
    pub fn key(&mut self, fictional: bool) -> Option<KeySource> {
        let yaml = self.yaml;
        self.secret(&["pseudonyms", "key"], "key", &yaml.pseudonyms.key, fictional)
    }

    /// Where the salt is, which a column `as: open_pseudonymiser` needs and nothing else.
    pub fn salt(&mut self, fictional: bool) -> Option<KeySource> {
        let yaml = self.yaml;
        let digesting = self.columns().find(|(_, _, column)| column.sent_as.is_some());
        let digesting = digesting.map(|(table, name, _)| format!("`{table}.{name}`"));
        match (&yaml.pseudonyms.salt, digesting) {
            (Some(salt), Some(_)) => self.secret(&["pseudonyms", "salt"], "salt", salt, fictional),
            (Some(_), None) => {
                let help = "leave it out, or say `as: open_pseudonymiser` of a number in a schema".to_string();
                self.complain(&["pseudonyms", "salt"], "no column uses this salt", Some(help));
                None
            }
            (None, Some(column)) => {
                let message = format!("{column} is `as: open_pseudonymiser`, which needs the senders' `salt`");
                let help = "add `salt: { file: ... }`, or `env`, or `command`; never the salt itself".to_string();
                self.complain(&["pseudonyms"], &message, Some(help));
                None
            }
            (None, None) => None,
        }
    }

    /// Where a secret is, which the YAML names at `base`; `name` is what to call it.
    pub(super) fn secret(&mut self, base: &[&str], name: &str, yaml: &KeyYaml, fictional: bool) -> Option<KeySource> {
        let at = |step: &'static str| base.iter().copied().chain([step]).collect::<Vec<_>>();
        let unread = self.needs != Needs::Everything;
        match yaml {
            KeyYaml { file: Some(file), env: None, command: None } => {
                let file = self.places.root.join(file);
                // A fictional board makes its key, and nobody's salt.
                let may_lack = unread || (fictional && name == "key");
                if !may_lack && !file.is_file() {
                    let shown = quote(&self.places.shown(&file).display().to_string());
                    let help = (name == "key").then(|| "`smirr key new` makes one".to_string());
                    self.complain(&at("file"), &format!("there is no {name} file {shown}"), help);
                }
                Some(KeySource::File(file))
            }
            KeyYaml { file: None, env: Some(variable), command: None } => {
                let path = at("env");
                let plain =
                    !variable.is_empty() && variable.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
                if !plain {
                    // The text is not repeated: it may be the secret itself, put here by mistake.
                    let help = format!("write the variable's name here; never the {name}");
                    self.complain(&path, "this is not the name of an environment variable", Some(help));
                } else if !unread && !fictional && std::env::var_os(variable).is_none() {
                    self.complain(&path, "this environment variable is not set", None);
                }
                Some(KeySource::Env(variable.clone()))
            }
            KeyYaml { file: None, env: None, command: Some(command) } => {
                if command.first().is_none_or(|program| program.trim().is_empty()) {
                    let help = "write the program and its arguments as a list: [program, argument]".to_string();
                    self.complain(&at("command"), "the command is empty", Some(help));
                }
                Some(KeySource::Command(command.clone()))
            }
            _ => {
                self.complain(base, "exactly one of `file`, `env` and `command` is needed", None);
                None
            }
        }
    }

    /// The key's last day but one. A day that has come is no mistake in the YAML: a run refuses it.
    pub fn rotate_by(&mut self) -> Option<NaiveDate> {
        let text = self.yaml.pseudonyms.rotate_by.as_deref()?;
        let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
        if day.is_none() {
            let help = "write the day as in `2027-06-30`".to_string();
            self.complain(&["pseudonyms", "rotate_by"], &format!("{} is not a day", quote(text)), Some(help));
        }
        day
    }

    /// Every private table must tell people apart in one way: pseudonyms of two kinds would silently never join.
    pub fn one_kind_of_person(&mut self) {
        let people = self.columns().filter(|(_, _, column)| column.kind.is_person());
        let people = people.filter_map(|(table, name, column)| {
            let space = column.pseudonym_space(name)?.to_owned();
            Some((table.to_owned(), format!("`{table}.{name}`"), space))
        });
        let people = people.collect::<Vec<_>>();
        // The register's kind is the measure of the others: everyone who is counted is looked up there.
        let register = people.iter().find(|(table, _, _)| table == super::tables::PATIENTS);
        let Some((_, first, usual)) = register.or(people.first()) else { return };
        for (table, column, space) in people.iter().filter(|(_, _, space)| space != usual) {
            let message = format!(
                "{column} tells people apart by `{space}`, and {first} by `{usual}`: their rows would never join"
            );
            let help = match [usual, space].iter().any(|space| *space == Kind::OpenPseudonymiser.word()) {
                true => "a `chi` or `nhs_number` joins digests if its schema says `as: open_pseudonymiser`",
                false => "every private table needs the same kind: change the `type` in one of the schemas",
            };
            self.complain(&["sources", table], &message, Some(help.to_string()));
        }
    }

    /// Columns of private tables: table, name, column.
    fn columns(&self) -> impl Iterator<Item = (&str, &str, &crate::schema::Column)> {
        let tables = self.yaml.sources.keys().filter_map(|table| self.tables.get(table));
        let private = tables.filter(|schema| schema.from != Sender::Public);
        private.flat_map(|schema| {
            schema.columns.iter().map(|(name, column)| (schema.table.as_str(), name.as_str(), column))
        })
    }

    /// In which ways people are told apart by less than a number of their own.
    pub fn weaknesses(&self) -> Vec<String> {
        let uses =
            |kind: Kind| self.columns().any(|(_, name, column)| column.pseudonym_space(name) == Some(kind.word()));
        let mut weaknesses = Vec::new();
        if uses(Kind::Slk581) {
            weaknesses.push(SLK_581.to_string());
        }
        if uses(Kind::OpenPseudonymiser) {
            weaknesses.push(OPEN_PSEUDONYMISER.to_string());
        }
        weaknesses
    }
}

/// Let f be what one key's rows add to the vectors, and D the bound on its distance from what no rows add. People under one
/// key: taking one of them away moves f of all to f of the others, which is no further than the way through no rows at
/// all, 2D: twice the epsilon, and four times the rho, which goes by the square of the distance. One person under two keys:
/// two moves of at most D each, so the same.
const SLK_581: &str = "people are told apart by statistical linkage keys (SLK-581): five letters of the names, the date \
of birth and the sex. People with the same key are counted as one person, and bounded as one: the stated loss holds for \
them together, and for any of them alone it may be up to twice the stated epsilon, or four times the stated \
rho. Someone whose names or date of birth are written in two ways has two keys, is counted twice, and is protected no \
better than that either.";

const OPEN_PSEUDONYMISER: &str = "people are told apart by OpenPseudonymiser digests, which senders make under a salt \
that all of them share: whoever holds the salt can find the number behind a digest, so an extract with digests \
identifies people to all who hold it. A number that was mistyped before it was digested cannot be found out: its person \
has two digests, is counted twice, and is protected at up to twice the stated epsilon, or four times the stated rho.";

impl Plan {
    /// What an operator should know before every run, in words.
    pub fn warnings(&self, today: NaiveDate) -> Vec<String> {
        let mut warnings = self.weaknesses.clone();
        if let Some(day) = self.rotate_by {
            let notice = day.checked_sub_days(Days::new(NOTICE_DAYS)).unwrap_or(day);
            if today >= day {
                warnings.push(format!("the pseudonym key was to be replaced by {day}; {REPLACE}"));
            } else if today >= notice {
                let left = (day - today).num_days();
                warnings
                    .push(format!("the pseudonym key is to be replaced by {day}, {left} days from today; {REPLACE}"));
            }
        }
        warnings
    }

    /// Why the key may not be used today, if it may not.
    pub fn key_expired(&self, today: NaiveDate) -> Option<String> {
        let day = self.rotate_by.filter(|day| today >= *day)?;
        Some(format!(
            "the pseudonym key was to be replaced by {day} (`pseudonyms.rotate_by`), and today is {today}; {REPLACE}"
        ))
    }
}

const REPLACE: &str = "make one with `smirr key new FILE`, name it under `pseudonyms.key`, and set the day by which \
that one is to be replaced. The next run makes the store anew under it";
