//! Takes the parts of a report's and a board's YAML that say what is derived from released figures, and which of them
//! are fit to be published; gives their typed twins. `config::load` checks what types cannot.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::schema::forms;

/// One released measure over another.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RateYaml {
    /// The numerator: a measure of this report.
    #[schemars(example = &"referred", transform = forms::name)]
    pub of: String,
    /// The denominator: a measure of this report, given by no dimension that the numerator lacks.
    #[schemars(example = &"registered", transform = forms::name)]
    pub over: String,
    /// 1000 for a rate per thousand, 100 for a percentage.
    #[serde(default = "hundred")]
    #[schemars(example = 1000, range(min = 1))]
    pub per: u32,
    /// What the interval holds beside the noise: `poisson` for a rate of people or events, `binomial` for a share of
    /// people, `none` for the noise alone. Unless said: `binomial` for people per 100 people, `poisson` for people or
    /// events per 1,000 or more, and otherwise `none`.
    #[serde(default)]
    pub sampling: Option<Sampling>,
    /// The rate in words, as published.
    #[serde(default)]
    #[schemars(example = &"People referred per 1,000 registered")]
    pub label: Option<String>,
}

fn hundred() -> u32 {
    100
}

/// The sampling error that a rate's interval holds beside the noise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Sampling {
    /// None: the interval is about what was counted in the quarter.
    None,
    /// The numerator is a count of independent events.
    Poisson,
    /// The numerator is a part of the denominator's people.
    Binomial,
}

/// A change on the quarter before.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeYaml {
    /// What changes: a measure or a rate of this report.
    #[schemars(example = &"referral_rate", transform = forms::name)]
    pub of: String,
    /// The change in words, as published.
    #[serde(default)]
    #[schemars(example = &"Change in the referral rate")]
    pub label: Option<String>,
}

/// How unequal a rate is over deprivation bands: slope and relative index, attributable risk, absolute and relative range.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InequalityYaml {
    /// A rate of this report. Each band's share of the population is that of the rate's denominator.
    #[schemars(example = &"referral_rate", transform = forms::name)]
    pub of: String,
    /// A deprivation band of the geography that is in `by`.
    #[schemars(example = &"simd_quintile", transform = forms::name)]
    pub across: String,
    /// Whose convention the indices follow. It is always written, because the two in use give different numbers.
    pub convention: Convention,
    /// The inequality in words, as published.
    #[serde(default)]
    #[schemars(example = &"How unequal the referral rate is over SIMD quintiles")]
    pub label: Option<String>,
}

/// Whose convention the slope and relative index of inequality follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Convention {
    /// SII is the slope; RII is the rate at the top of the ranking over the rate at its bottom.
    Phe,
    /// SII is minus the slope; RII is SII over the overall rate.
    Scotpho,
}

/// A directly standardised rate.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StandardisedYaml {
    /// The numerator: a measure of people or events in this report.
    #[schemars(example = &"referred", transform = forms::name)]
    pub of: String,
    /// The denominator: a measure of this report.
    #[schemars(example = &"registered", transform = forms::name)]
    pub over: String,
    /// A dimension of both whose codes are age bands, as in `0 to 14` and `75 and over`, or `0-14` and `75+`.
    #[schemars(example = &"age_band", transform = forms::name)]
    pub across: String,
    /// The population whose ages the rate is standardised to.
    pub population: Population,
    /// 1000 for a rate per thousand, 100000 for one per hundred thousand.
    #[schemars(example = 1000, range(min = 1))]
    pub per: u32,
    /// The rate in words, as published.
    #[serde(default)]
    #[schemars(example = &"People referred per 1,000 registered, standardised by age")]
    pub label: Option<String>,
}

/// A population that rates are standardised to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Population {
    /// The European Standard Population of 2013, whose age bands begin at every fifth year up to 90.
    Esp2013,
}

/// Values below which given shares of people or events lie.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QuartilesYaml {
    /// A measure of this report that is given by bins, as a wait or a histogram is.
    #[schemars(example = &"first_contact", transform = forms::name)]
    pub of: String,
    /// Shares in rising order, each above 0 and below 1; the quartiles unless said.
    #[serde(default = "quartiles")]
    #[schemars(example = [0.25, 0.5, 0.75], length(min = 1))]
    pub at: Vec<f64>,
    /// The values in words, as published.
    #[serde(default)]
    #[schemars(example = &"Days from referral to being seen")]
    pub label: Option<String>,
}

fn quartiles() -> Vec<f64> {
    vec![0.25, 0.5, 0.75]
}

/// When a figure says too little: half of its 95% interval, as a share of its value.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReliabilityYaml {
    /// Beyond this the figure is marked as unreliable; `"50%"` unless said.
    #[serde(default)]
    #[schemars(example = &"50%", transform = forms::percent)]
    pub unreliable_over: Option<String>,
    /// Beyond this the figure is not published; `never` unless said.
    #[serde(default)]
    #[schemars(example = &"100%", example = &"never", transform = forms::percent_or_never)]
    pub withhold_over: Option<String>,
}

/// A rule on released figures for boards whose policy demands one. The noise already protects people; this hides more.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SmallNumbersYaml {
    /// Counts below this are withheld, with whatever would give them away.
    #[schemars(example = 5, range(min = 1, max = 1000))]
    pub below: u32,
    /// Whether a count of 0 is shown all the same; `hide` unless said.
    #[serde(default)]
    pub zeros: Zeros,
}

/// What a rule on small numbers does to a count of 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Zeros {
    /// It is published.
    Show,
    /// It is withheld, as the other small numbers are.
    #[default]
    Hide,
}
