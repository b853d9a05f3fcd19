//! Takes the text of `reports/<name>.yaml`, gives its typed twin; `config::load` checks what types cannot.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::figures::{ChangeYaml, InequalityYaml, QuartilesYaml, RateYaml, ReliabilityYaml, StandardisedYaml};
use super::page::ChartYaml;
use super::trial::TrialYaml;
use crate::schema::forms;

/// One report: what is measured, by what, and protected how.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportYaml {
    /// The report's title, as published.
    #[schemars(example = &"Who the links workers reach")]
    pub title: String,
    /// Whom it protects: `patient`, or `[patient, practitioner]`.
    #[schemars(example = &"patient", example = json!(["patient", "practitioner"]))]
    pub protects: ProtectsYaml,
    /// The dimensions of its tables: `area` (every level of the geography), a band, or a code column.
    /// A measure whose table lacks a dimension is given over the others.
    #[schemars(example = ["area", "simd_quintile", "reason"], transform = forms::name)]
    pub by: Vec<String>,
    /// Which dimensions stand together in a table, as in `[[simd_quintile, reason], [sex]]`; every combination unless
    /// said. Each table is given at every area level, and totals by area alone come with any list.
    #[serde(default)]
    #[schemars(example = [vec!["simd_quintile", "reason"], vec!["sex"]])]
    pub tables: Option<Vec<Vec<String>>>,
    /// Columns that the report derives from those of a table, by name, for `by`, `sum` and `mean`.
    #[serde(default)]
    #[schemars(example = json!({ "age_band": { "of": "patients", "age": "date_of_birth", "edges": [0, 16, 65] } }), transform = forms::named)]
    pub columns: IndexMap<String, DerivedYaml>,
    /// What is counted.
    #[schemars(example = json!({ "referred": { "persons": "referrals", "where": "status <> 'declined'" } }), transform = forms::named)]
    pub measures: IndexMap<String, MeasureYaml>,
    /// What is divided by what.
    #[serde(default)]
    #[schemars(example = json!({ "referral_rate": { "of": "referred", "over": "registered", "per": 1000 } }), transform = forms::named)]
    pub rates: IndexMap<String, RateYaml>,
    /// What has changed on the quarter before.
    #[serde(default)]
    #[schemars(example = json!({ "referred_change": { "of": "referred" } }), transform = forms::named)]
    pub changes: IndexMap<String, ChangeYaml>,
    /// How unequal rates are over deprivation bands.
    #[serde(default)]
    #[schemars(example = json!({ "referral_gap": { "of": "referral_rate", "across": "simd_quintile", "convention": "scotpho" } }), transform = forms::named)]
    pub inequality: IndexMap<String, InequalityYaml>,
    /// Rates as they would be if every area had the ages of one standard population.
    #[serde(default)]
    #[schemars(example = json!({ "referral_rate_by_age": { "of": "referred", "over": "registered", "across": "age_band", "population": "esp2013", "per": 1000 } }), transform = forms::named)]
    pub standardised: IndexMap<String, StandardisedYaml>,
    /// Medians, quartiles and the like of what is counted by bins.
    #[serde(default)]
    #[schemars(example = json!({ "contact_days": { "of": "first_contact" } }), transform = forms::named)]
    pub quartiles: IndexMap<String, QuartilesYaml>,
    /// When a figure says too little, in this report; as the board's `publish` has it unless said.
    #[serde(default)]
    #[schemars(example = json!({ "unreliable_over": "50%" }))]
    pub reliability: Option<ReliabilityYaml>,
    /// This report's share of the quarter's loss, against the other reports' shares.
    #[serde(default = "one")]
    #[schemars(example = 3, range(min = 1))]
    pub share: u32,
    /// Each level's share of a measure's loss, against the other levels' shares; 1 where a level is not named.
    #[serde(default)]
    #[schemars(example = json!({ "hscp": 3 }), transform = forms::named)]
    pub levels: IndexMap<String, u32>,
    /// How near the truth figures must be. What that takes of the report's loss comes first; the rest goes by shares.
    #[serde(default)]
    #[schemars(example = json!({ "measure": "referred", "level": "hscp", "within": 20 }))]
    pub target: Option<TargetsYaml>,
    /// The charts on the report's part of the published page, in their order.
    #[serde(default)]
    #[schemars(example = json!([{ "bars": "referral_rate", "by": "simd_quintile" }, { "trend": "referred" }]))]
    pub charts: Vec<ChartYaml>,
    /// What a reader should know first: sentences for the top of the page, with figures of the report by name in double
    /// braces.
    #[serde(default)]
    #[schemars(example = ["{{ referred }} in {{ area }} were referred."])]
    pub findings: Vec<String>,
    /// What a reader should know beside the figures: sentences for the report's part of the page, with figures in the same
    /// way.
    #[serde(default)]
    #[schemars(example = &"Quintile 1 is the most deprived fifth. {{ referred.total }} were referred.")]
    pub words: Option<String>,
    /// The report's own tests: made-up rows, and the figures that they must give. `smirr check` runs them.
    #[serde(default)]
    #[schemars(example = json!([{ "name": "One person", "given": { "patients": [{ "chi": "anna" }] }, "expect": { "registered": 1 } }]))]
    pub tests: Vec<TrialYaml>,
}

fn one() -> u32 {
    1
}

/// Whom a report protects: one role, or several.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum ProtectsYaml {
    /// One role.
    One(Role),
    /// Several roles.
    Several(Vec<Role>),
}

impl ProtectsYaml {
    /// The roles as written.
    pub fn roles(&self) -> &[Role] {
        match self {
            ProtectsYaml::One(role) => std::slice::from_ref(role),
            ProtectsYaml::Several(roles) => roles,
        }
    }
}

/// One target or several.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum TargetsYaml {
    /// One.
    One(TargetYaml),
    /// Several, each for another measure or level.
    Many(Vec<TargetYaml>),
}

impl TargetsYaml {
    /// The targets as written.
    pub fn all(&self) -> &[TargetYaml] {
        match self {
            TargetsYaml::One(target) => std::slice::from_ref(target),
            TargetsYaml::Many(targets) => targets,
        }
    }
}

/// How near the truth the cells of one measure and level must be: 95% of them within so much.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TargetYaml {
    /// A measure of this report.
    #[schemars(example = &"referred", transform = forms::name)]
    pub measure: String,
    /// An area level of the board.
    #[schemars(example = &"hscp", transform = forms::name)]
    pub level: String,
    /// The noise of one cell stays within this, with odds of 95 in 100. In the measure's own unit.
    #[schemars(example = 20, range(min = 1))]
    pub within: u32,
}

/// A protected role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Each patient: all of their rows, in every private table.
    Patient,
    /// Each practitioner: all rows that name them, in every private table.
    Practitioner,
}

/// A derived column. Exactly one of `age`, `is` and `when` is given.
///
/// ```yaml
/// age_band:          { of: patients, age: date_of_birth, edges: [0, 16, 25, 45, 65, 75] }
/// minutes_band:      { of: contacts, is: minutes, edges: [0, 15, 30, 60] }
/// swemwbs_change:    { of: attendances, is: swemwbs_after - swemwbs_before, between: [-28, 28] }
/// funding_ends_soon: { of: organisations, when: funded_until <= quarter_end + 183 }
/// ```
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("oneOf" = forms::exactly_one(&["age", "is", "when"])))]
pub struct DerivedYaml {
    /// The table whose rows have it: that of a measure, a public one that its rows refer to, or `patients`.
    #[schemars(example = &"patients", transform = forms::name)]
    pub of: String,
    /// Whole years on the quarter's last day since this date, in bands. A later date is `unknown`, as a missing one is.
    #[serde(default)]
    #[schemars(example = &"date_of_birth", transform = forms::name)]
    pub age: Option<String>,
    /// A whole number: a column, or a calculation with columns. Missing where a column in it is. Give `edges` to put it
    /// into bands, or `between` to add it up.
    #[serde(default)]
    #[schemars(example = &"swemwbs_after - swemwbs_before")]
    pub is: Option<String>,
    /// `yes` where this condition holds, `no` where it does not, and `unknown` where a missing date or number leaves it
    /// open. A missing code is the word `unknown`, and is compared as such.
    #[serde(default)]
    #[schemars(example = &"funded_until <= quarter_end + 183")]
    pub when: Option<String>,
    /// Where bands start: `[0, 15, 30]` gives `0 to 14`, `15 to 29` and `30 and over`, and `under 0` before them where
    /// the contract lets a value be as low.
    #[serde(default)]
    #[schemars(example = [0, 16, 25, 45, 65, 75], length(min = 1))]
    pub edges: Option<Vec<i64>>,
    /// Least and greatest value of a row: a value beyond them is taken for the nearer of the two.
    #[serde(default)]
    #[schemars(example = [-28, 28])]
    pub between: Option<(i64, i64)>,
    /// The heading in published files; the name in capitals and small letters where absent.
    #[serde(default)]
    #[schemars(example = &"AgeBand", transform = forms::heading)]
    pub heading: Option<String>,
}

/// One measure. Exactly one of `persons`, `events`, `sum`, `mean`, `public`, `funnel`, `wait`, `histogram` and `pairs`
/// is given.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("oneOf" = forms::exactly_one(&["persons", "events", "sum", "mean", "public", "funnel", "wait", "histogram", "pairs"])))]
pub struct MeasureYaml {
    /// Distinct people with at least one row in this table.
    #[serde(default)]
    #[schemars(example = &"referrals", transform = forms::name)]
    pub persons: Option<String>,
    /// Rows of this table.
    #[serde(default)]
    #[schemars(example = &"contacts", transform = forms::name)]
    pub events: Option<String>,
    /// Sum of `table.column`, a number. Of `practitioners`, where they are protected, it is over practitioners: each counts
    /// with their latest post in the quarter.
    #[serde(default)]
    #[schemars(example = &"contacts.minutes", transform = forms::table_column)]
    pub sum: Option<String>,
    /// Rows of this public table, or the sum of `table.column`: exact and without any loss, for no person is in it.
    #[serde(default)]
    #[schemars(example = &"organisations", example = &"organisations.places", transform = forms::table_or_column)]
    pub public: Option<String>,
    /// People by the furthest of these stages that they reached after all the stages before it. Who did not reach the
    /// first is not counted. It does not matter in which order a person came to the stages, as long as each has a row
    /// that counts.
    #[serde(default)]
    #[schemars(example = json!({ "referred": { "rows": "referrals" }, "seen": { "rows": "contacts", "where": "attended = 'yes'" } }), transform = forms::named)]
    pub funnel: Option<IndexMap<String, StageYaml>>,
    /// People by the days from their first event of one kind to their first of another on that day or later.
    #[serde(default)]
    #[schemars(example = json!({ "from": "referrals.referred_on", "to": "contacts.contacted_on" }))]
    pub wait: Option<WaitYaml>,
    /// Rows by the value of `table.column`, a whole number.
    #[serde(default)]
    #[schemars(example = &"contacts.minutes", transform = forms::table_column)]
    pub histogram: Option<String>,
    /// `wait`, `histogram`: the least number of each bin, rising. The last bin has no end. A wait starts at 0.
    #[serde(default)]
    #[schemars(example = [0, 7, 14, 28, 56])]
    pub edges: Option<Vec<i64>>,
    /// Distinct pairs in this table's rows, whoever's rows they are: `of` says of what.
    #[serde(default)]
    #[schemars(example = &"onward_referrals", transform = forms::name)]
    pub pairs: Option<String>,
    /// `pairs`: the column that names the practitioner, and the one that leads to the organisation. A pair is placed
    /// by the practitioner's practice, and given by the organisation's codes.
    #[serde(default)]
    #[schemars(example = ["clp_id", "org_id"])]
    pub of: Option<(String, String)>,
    /// `pairs`: what they are held against, where `keep` says which of them count.
    #[serde(default)]
    pub against: Option<AgainstYaml>,
    /// `pairs`: which of the quarter's pairs count: those that the quarter before has not, or has too.
    #[serde(default)]
    pub keep: Option<KeepYaml>,
    /// Mean of `table.column`, a whole number, over the rows that have it. It is measured as two figures, each with the
    /// share of the loss that is given here: a sum, and the number of rows.
    #[serde(default)]
    #[schemars(example = &"contacts.minutes", transform = forms::table_column)]
    pub mean: Option<String>,
    /// `persons`: only people with at least this many rows that count, in a cell; 1 unless said.
    #[serde(default)]
    #[schemars(example = 2, range(min = 1))]
    pub at_least: Option<u32>,
    /// Only rows for which this holds: SQL over the table's own columns.
    #[serde(default, rename = "where")]
    #[schemars(example = &"status <> 'declined'")]
    pub filter: Option<String>,
    /// Which quarters' rows count; `quarter` unless said.
    #[serde(default)]
    pub during: During,
    /// How much one person may contribute.
    #[serde(default)]
    #[schemars(example = json!({ "cells": 1, "between": [0, 600] }))]
    pub per_person: PerPersonYaml,
    /// How much one practice may contribute, and with it any of its practitioners; where practitioners are protected.
    #[serde(default)]
    #[schemars(example = json!({ "between": [0, 400] }))]
    pub per_practice: Option<PerPracticeYaml>,
    /// `sum` of `practitioners.column`: how much one practitioner may contribute; what the column's schema allows unless
    /// said. Each practitioner counts once, with their latest post in the quarter, at its practice.
    #[serde(default)]
    #[schemars(example = json!({ "between": [0, 1.5] }))]
    pub per_practitioner: Option<PerPractitionerYaml>,
    /// This measure's share of the report's loss, against the other measures' shares.
    #[serde(default = "one")]
    #[schemars(example = 3, range(min = 1))]
    pub share: u32,
    /// What the author expects to be counted; it decides nothing but what `smirr plan` foretells.
    #[serde(default)]
    #[schemars(example = json!({ "per_1000": 4 }))]
    pub expect: Option<ExpectYaml>,
    /// The unit of a sum, in words.
    #[serde(default)]
    #[schemars(example = &"minutes")]
    pub unit: Option<String>,
    /// The measure in words, as published.
    #[serde(default)]
    #[schemars(example = &"People referred")]
    pub label: Option<String>,
}

/// One stage of a funnel: whoever has a row that counts has reached it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StageYaml {
    /// The table whose rows count: those of the quarter, by its `dated_by`. Of `patients`, the registrations that hold
    /// on the quarter's last day.
    #[schemars(example = &"referrals", transform = forms::name)]
    pub rows: String,
    /// Only rows for which this holds: SQL over the table's own columns.
    #[serde(default, rename = "where")]
    #[schemars(example = &"status <> 'declined'")]
    pub filter: Option<String>,
    /// The stage in words, as published.
    #[serde(default)]
    #[schemars(example = &"Referred")]
    pub label: Option<String>,
}

/// From one event to the next. Both are dates of private tables, as `table.column`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WaitYaml {
    /// The day from which a person waits: their first in the quarter, or of all with `during: always`.
    #[schemars(example = &"referrals.referred_on", transform = forms::table_column)]
    pub from: String,
    /// The day that ends the wait: their first on that day or later, in whichever quarter. Who has none counts as
    /// `not_yet`.
    #[schemars(example = &"contacts.contacted_on", transform = forms::table_column)]
    pub to: String,
    /// Only rows of `from` for which this holds: SQL over that table's own columns.
    #[serde(default)]
    #[schemars(example = &"status <> 'declined'")]
    pub where_from: Option<String>,
    /// Only rows of `to` for which this holds: SQL over that table's own columns.
    #[serde(default)]
    #[schemars(example = &"attended = 'yes'")]
    pub where_to: Option<String>,
}

/// What pairs are held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AgainstYaml {
    /// The quarter before the reported one, as the store has it from its own extracts.
    PreviousQuarter,
}

/// Which pairs count, against another quarter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeepYaml {
    /// Those that the other quarter has not.
    New,
    /// Those of both quarters.
    Lasting,
}

/// An author's guess at what will be counted, all codes together.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpectYaml {
    /// So many of the measure's unit for every 1,000 people who live in an area.
    #[schemars(example = 4.0, range(min = 0))]
    pub per_1000: f64,
}

/// Which quarters' rows count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum During {
    /// Rows dated in the reported quarter, by the table's `dated_by`.
    #[default]
    Quarter,
    /// Every row that the extracts hold.
    Always,
}

/// The contribution bound of one person.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PerPersonYaml {
    /// At most this many cells; 1 unless said. Which ones are kept is chosen by a keyed hash. Of `funnel` and `wait`, a
    /// person is in one cell as it is.
    #[serde(default)]
    #[schemars(example = 1, range(min = 1))]
    pub cells: Option<u32>,
    /// `events`, `histogram`: at most this many rows a cell count.
    #[serde(default)]
    #[schemars(example = 4, range(min = 1))]
    pub events: Option<u32>,
    /// `mean`: at most this many rows of the person in a cell count; 1 unless said. Which ones is chosen by the rows' own
    /// token, a keyed pseudonym; in a table without one the earliest count.
    #[serde(default)]
    #[schemars(example = 1, range(min = 1))]
    pub rows: Option<u32>,
    /// `sum`: the person's total in a cell is clamped to this range. `mean`: each row's value is, to what of this range the column can
    /// be.
    #[serde(default)]
    #[schemars(example = [0, 600])]
    pub between: Option<(i64, i64)>,
    /// `pairs`: at most this many pairs; against another quarter, of both together. Which are kept is chosen by a keyed hash.
    #[serde(default)]
    #[schemars(example = 2, range(min = 1))]
    pub pairs: Option<u32>,
}

/// The contribution bound of one practitioner.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PerPractitionerYaml {
    /// The number of their post is clamped to this range, in the column's own unit: `[0, 1.5]` posts.
    #[schemars(example = [0.0, 1.5])]
    pub between: (f64, f64),
}

/// The contribution bound of one practice.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PerPracticeYaml {
    /// The practice's total in a cell is clamped to this range.
    #[schemars(example = [0, 400])]
    pub between: (i64, i64),
}
