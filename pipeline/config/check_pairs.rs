//! Measures of `pairs`: distinct pairs of a practitioner and a row of a public table, and what they need.

use super::check_report::{Check, Grid};
use super::plan::{Keep, Measure, MeasureKind, Place, Rows};
use super::practitioners::Missing;
use super::report::{During, KeepYaml, MeasureYaml};
use super::suggest::{advice, quote, words};
use crate::schema::{Kind, Sender, TableSchema};

const OF: &str = "say what makes a pair: `of: [clp_id, org_id]`";

impl Check<'_> {
    /// Complains of what means something for pairs alone.
    pub(super) fn no_pairs(&mut self, name: &str, yaml: &MeasureYaml) {
        let given = [
            (&["of"][..], yaml.of.is_some()),
            (&["against"], yaml.against.is_some()),
            (&["keep"], yaml.keep.is_some()),
            (&["per_person", "pairs"], yaml.per_person.pairs.is_some()),
        ];
        for (key, _) in given.into_iter().filter(|(_, given)| *given) {
            let path = [&["measures", name][..], key].concat();
            let word = key.last().copied().unwrap_or_default();
            let place = self.document.key(&path, format!("`{word}` means nothing without `pairs`"));
            self.push(place, Some("it belongs to a measure of `pairs`".into()));
        }
    }

    /// A measure of pairs. `None` after a complaint that leaves nothing to resolve.
    pub(super) fn pairs(&mut self, name: &str, yaml: &MeasureYaml, grid: &Grid<'_>) -> Option<Measure> {
        let written = yaml.pairs.as_deref()?;
        let others = [&yaml.persons, &yaml.events, &yaml.sum, &yaml.mean, &yaml.public, &yaml.histogram];
        if others.iter().any(|other| other.is_some()) || yaml.funnel.is_some() || yaml.wait.is_some() {
            self.exactly_one_kind(name);
            return None;
        }
        self.meaningless(name, "edges", yaml.edges.is_some(), "bins are of `wait` and `histogram`");
        let why = "a measure without a share of the loss cannot be released";
        self.at_least_one(&["measures", name, "share"], yaml.share, why);
        let at_most = self.most_pairs(name, yaml);
        let keep = self.keep(name, yaml);
        // Where practitioners are protected, `protects` has its own complaint.
        if let (Place::Home, Err(Missing::Told(message, help))) = (grid.place, self.scene.practices) {
            let place = self.document.key(&["measures", name, "pairs"], format!("pairs cannot be placed: {message}"));
            self.push(place, Some((*help).into()));
        }
        let schema = self.table(&["measures", name, "pairs"], written)?;
        let of = self.of(name, yaml, &schema, grid.place);
        self.filter(&["measures", name, "where"], yaml.filter.as_deref(), &schema);
        if keep.is_some_and(Keep::needs_earlier) {
            self.comparable(name, yaml, &schema);
        }
        let clamp = self.practitioner(name, "pairs", yaml, &schema, grid.place);
        let at_most = at_most?;
        Some(Measure {
            name: name.to_string(),
            label: yaml.label.clone().unwrap_or_else(|| words(name)),
            unit: yaml.unit.clone().unwrap_or_else(|| "links".into()),
            kind: MeasureKind::Pairs { of: of?, at_most, keep: keep? },
            table: schema.table.clone(),
            rows: Rows::Table,
            at_least: 1,
            filter: yaml.filter.clone(),
            during: yaml.during,
            // Each of a person's pairs is in one cell.
            cells: at_most,
            // A practitioner has one practice, and their patients live in many areas: placed by the homes, a pair would
            // count in each of them, and no total would be their sum.
            place: Place::Practice,
            practitioner: clamp?,
            bands: grid.bands.to_vec(),
            codes: grid.codes.to_vec(),
            tables: Vec::new(),
            share: yaml.share,
            expect_per_1000: self.expectation(name, yaml.expect, Place::Practice),
        })
    }

    fn most_pairs(&mut self, name: &str, yaml: &MeasureYaml) -> Option<u32> {
        let bounds = &yaml.per_person;
        let given = [
            ("cells", bounds.cells.is_some()),
            ("events", bounds.events.is_some()),
            ("between", bounds.between.is_some()),
        ];
        for (key, _) in given.into_iter().filter(|(_, given)| *given) {
            let place =
                self.document.key(&["measures", name, "per_person", key], format!("`{key}` means nothing for `pairs`"));
            self.push(place, Some("say how many pairs of one person may count: `per_person: { pairs: 3 }`".into()));
        }
        match bounds.pairs {
            Some(at_most) => {
                self.at_least_one(
                    &["measures", name, "per_person", "pairs"],
                    at_most,
                    "a person with no pair is never counted",
                );
                Some(at_most)
            }
            None => {
                let help = "say how many pairs of one person may count: `per_person: { pairs: 3 }`";
                self.push(self.document.key(&["measures", name], "`pairs` needs a bound"), Some(help.into()));
                None
            }
        }
    }

    fn keep(&mut self, name: &str, yaml: &MeasureYaml) -> Option<Keep> {
        match (yaml.against, yaml.keep) {
            (None, None) => Some(Keep::All),
            (Some(_), Some(KeepYaml::New)) => Some(Keep::New),
            (Some(_), Some(KeepYaml::Lasting)) => Some(Keep::Lasting),
            (Some(_), None) => {
                let place = self.document.key(&["measures", name, "against"], "which of the pairs count is not said");
                self.push(place, Some("write `keep: new`, or `keep: lasting`".into()));
                None
            }
            (None, Some(_)) => {
                let place = self.document.key(&["measures", name, "keep"], "`keep` needs another quarter");
                self.push(place, Some("write `against: previous_quarter` beside it".into()));
                None
            }
        }
    }

    /// The two columns: the one that names the practitioner, and one that leads to a public table.
    fn of(&mut self, name: &str, yaml: &MeasureYaml, schema: &TableSchema, place: Place) -> Option<(String, String)> {
        let Some((first, second)) = &yaml.of else {
            self.push(self.document.key(&["measures", name], "`pairs` needs `of`"), Some(OF.into()));
            return None;
        };
        let Some(practitioner) = schema.practitioner() else {
            // Where practitioners are protected, `practitioner` tells.
            if place == Place::Home {
                let message = format!("`{}` has no column that names a practitioner", schema.table);
                let help = advice("", self.scene.tables.of_practitioners());
                self.complain(&["measures", name, "pairs"], &message, help);
            }
            return None;
        };
        let partners = || {
            schema.columns.iter().filter(|(_, column)| {
                let public = column.to.as_ref().and_then(|to| self.scene.tables.get(to));
                column.kind == Kind::Reference && column.keep && public.is_some_and(|it| it.from == Sender::Public)
            })
        };
        let partner = partners().any(|(column, _)| column == second);
        let help = advice(second, partners().map(|(column, _)| column.as_str()));
        if first != practitioner {
            let message = format!("{} does not name the practitioner", quote(first));
            self.complain(&["measures", name, "of", "0"], &message, Some(format!("write `{practitioner}` first")));
        }
        if !partner {
            let message = format!("{} does not lead to a public table", quote(second));
            self.complain(&["measures", name, "of", "1"], &message, help);
        }
        (first == practitioner && partner).then(|| (first.clone(), second.clone()))
    }

    /// What the quarter before must tell as this one does: whose each row is, and of which quarter.
    fn comparable(&mut self, name: &str, yaml: &MeasureYaml, schema: &TableSchema) {
        let path = ["measures", name, "against"];
        if yaml.during == During::Always {
            let place = self.document.key(&["measures", name, "during"], "rows of all quarters are in both quarters");
            self.push(place, Some("leave `during` out, or `against`".into()));
        }
        if !schema.columns.values().any(|column| column.kind.is_person() && column.required) {
            let message =
                format!("a row of `{}` may lack its person, and cannot be led to one in another quarter", schema.table);
            let place = self.document.key(&path, message);
            self.push(place, Some("leave `against` and `keep` out".into()));
        }
    }
}
