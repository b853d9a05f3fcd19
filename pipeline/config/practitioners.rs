//! Where practitioners are protected: the ways to practices that the board's tables must then have, and what a report
//! must then say.

use super::check_report::Check;
use super::plan::{Clamp, Place, Practices, Protects};
use super::report::{MeasureYaml, ReportYaml, Role};
use super::suggest::{advice, quote};
use super::tables::{Lookup, PATIENTS, Tables};
use crate::schema::{Column, Kind, Sender, TableSchema};

/// The table of posts, by the name that the extract contract gives it.
pub(super) const PRACTITIONERS: &str = "practitioners";

const PRACTICES_HELP: &str = "give the board a source for `practices`, a column of which refers `to` the area lookup";

/// Why practitioners cannot be protected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Missing {
    /// A table's schema has mistakes of its own, which have been told.
    Unclear,
    /// What is missing, and what to do.
    Told(String, &'static str),
}

/// The ways from posts and patients to practices, and from practices to the area lookup `areas`.
pub(super) fn practices(tables: &Tables, areas: Option<&str>) -> Result<Practices, Missing> {
    let posts = table(tables, PRACTITIONERS)?;
    let patients = table(tables, PATIENTS)?;
    let unique = posts.practitioner().filter(|name| posts.unique.iter().any(|key| key == name));
    let Some(practitioner) = unique else {
        return told(
            format!("no column under `unique` of `{PRACTITIONERS}` names the practitioner"),
            "mark the column in its schema with `names: practitioner`, and list it under `unique`",
        );
    };
    let way = |schema: &TableSchema| {
        let mut referred = schema.columns.values().filter_map(|column| column.to.as_ref());
        let unclear = referred.any(|to| matches!(tables.lookup(to), Lookup::Unclear));
        way(tables, schema, areas).ok_or_else(|| {
            if unclear {
                return Missing::Unclear;
            }
            let message = format!("`{}` leads to no public table of practices with their areas", schema.table);
            Missing::Told(message, PRACTICES_HELP)
        })
    };
    let (of_post, table) = way(posts)?;
    let (of_patient, same) = way(patients)?;
    if table != same {
        return told(
            format!("`{PATIENTS}` leads to {}, and `{PRACTITIONERS}` to {}", quote(&same), quote(&table)),
            "both must lead to the same public table of practices",
        );
    }
    let zone = leads_to(tables, &table, areas).unwrap_or_default();
    Ok(Practices { table, zone, of_patient, posts: PRACTITIONERS.into(), practitioner: practitioner.into(), of_post })
}

fn told<T>(what: String, help: &'static str) -> Result<T, Missing> {
    Err(Missing::Told(what, help))
}

fn table<'a>(tables: &'a Tables, name: &str) -> Result<&'a TableSchema, Missing> {
    match tables.lookup(name) {
        Lookup::Known(schema) => Ok(schema),
        Lookup::Unclear => Err(Missing::Unclear),
        Lookup::Absent => told(format!("the table `{name}` has no source"), "add it under the board's `sources`"),
    }
}

/// The stored column that leads to a public table which leads to the area lookup, and that table.
fn way(tables: &Tables, schema: &TableSchema, areas: Option<&str>) -> Option<(String, String)> {
    schema.columns.iter().filter(|(_, column)| column.is_stored()).find_map(|(name, column)| {
        let to = column.to.as_ref()?;
        leads_to(tables, to, areas).map(|_| (name.clone(), to.clone()))
    })
}

/// The stored column of the public table `from` that leads to the area lookup.
fn leads_to(tables: &Tables, from: &str, areas: Option<&str>) -> Option<String> {
    let schema = tables.get(from).filter(|schema| schema.from == Sender::Public)?;
    let leads = |column: &Column| column.kind == Kind::Reference && column.keep && column.to.as_deref() == areas;
    schema.columns.iter().find(|(_, column)| column.to.is_some() && leads(column)).map(|(name, _)| name.clone())
}

impl Check<'_> {
    /// Whom the report protects: patients always.
    pub(super) fn protects(&mut self, yaml: &ReportYaml) -> Option<Protects> {
        let roles = yaml.protects.roles();
        if let Some(at) = (1..roles.len()).find(|&at| roles[..at].contains(&roles[at])) {
            self.complain(&["protects", &at.to_string()], "this role is listed twice", None);
        }
        if !roles.contains(&Role::Patient) {
            let (message, help) = match roles {
                [] => ("nobody is protected", "write `protects: patient`"),
                _ => ("who protects practitioners alone exposes patients", "write `protects: [patient, practitioner]`"),
            };
            self.complain(&["protects"], message, Some(help.into()));
            return None;
        }
        let practitioner = roles.contains(&Role::Practitioner);
        match self.scene.practices {
            Err(Missing::Told(message, help)) if practitioner => {
                let message = format!("practitioners cannot be protected: {message}");
                self.complain(&["protects"], &message, Some((*help).into()));
                None
            }
            Err(Missing::Unclear) if practitioner => None,
            _ => Some(Protects { practitioner }),
        }
    }

    /// The clamp of a practice's total, where practitioners are protected and `schema` names one. `None` after a
    /// complaint.
    ///
    /// Of the other tables only `patients` may be counted: nothing in it follows from a practitioner. An attendance
    /// names none either, and is all the same linked through the onward referral that a practitioner wrote.
    pub(super) fn practitioner(
        &mut self,
        name: &str,
        word: &str,
        yaml: &MeasureYaml,
        schema: &TableSchema,
        place: Place,
    ) -> Option<Option<Clamp>> {
        let key = ["measures", name, "per_practice"];
        let given = yaml.per_practice.as_ref().map(|bound| bound.between);
        let unmoved = schema.table == PATIENTS;
        match given {
            Some(_) if place == Place::Home => {
                let place = self.document.key(&key, "`per_practice` means nothing where patients alone are protected");
                self.push(place, Some("write `protects: [patient, practitioner]`, or leave it out".into()));
                None
            }
            Some(_) if unmoved => {
                let place = self.document.key(&key, format!("no practitioner changes `{PATIENTS}`: there is no bound"));
                self.push(place, Some("leave it out".into()));
                None
            }
            None if place == Place::Home || unmoved => Some(None),
            _ if schema.practitioner().is_none() => {
                let message = format!("`{}` has no column that names a practitioner", schema.table);
                let help = advice("", self.scene.tables.of_practitioners());
                let help = help.map(|help| format!("{help}, or persons of `{PATIENTS}`"));
                self.complain(&["measures", name, word], &message, help);
                None
            }
            None => {
                let help = "say what a practice's total in a cell is clamped to: `per_practice: { between: [0, 200] }`";
                let place =
                    self.document.key(&["measures", name], "where practitioners are protected, a bound is needed");
                self.push(place, Some(help.into()));
                None
            }
            Some(between) => {
                let key = ["measures", name, "per_practice", "between"];
                let wrong = match between {
                    (least, greatest) if least > greatest => Some("the range is back to front"),
                    (0, 0) => Some("a total clamped to 0 says nothing"),
                    (least, _) if least != 0 && word != "sum" => Some("a count starts at 0"),
                    _ => None,
                };
                wrong.inspect(|wrong| self.complain(&key, wrong, None));
                Some(Some(Clamp { between }))
            }
        }
    }
}
