//! What stands on a report's part of the published page: its charts, as YAML and as a checked plan.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::schema::forms;

/// A chart. Exactly one of `bars`, `funnel`, `areas`, `map` and `trend` is given.
///
/// ```yaml
/// - { bars: referral_rate, by: simd_quintile }
/// - { funnel: pathway }
/// - { areas: referral_rate, level: hscp }
/// - { map: referral_rate, level: hscp }
/// - { trend: referred }
/// ```
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("oneOf" = forms::exactly_one(&["bars", "funnel", "areas", "map", "trend"])))]
pub struct ChartYaml {
    /// A figure, or several of one unit, by the values of one dimension: each with its interval.
    #[serde(default)]
    #[schemars(example = &"referral_rate")]
    pub bars: Option<FiguresYaml>,
    /// A funnel of this report: people by the stage that they reached.
    #[serde(default)]
    #[schemars(example = &"pathway")]
    pub funnel: Option<String>,
    /// A figure of every area of a level, side by side.
    #[serde(default)]
    #[schemars(example = &"referral_rate")]
    pub areas: Option<String>,
    /// A figure of every area of a level, on a map: where the board's `geography` has `boundaries` of that level.
    #[serde(default)]
    #[schemars(example = &"referral_rate")]
    pub map: Option<String>,
    /// A figure, or several of one unit, over the quarters that were published.
    #[serde(default)]
    #[schemars(example = &"referred")]
    pub trend: Option<FiguresYaml>,
    /// `bars`: the dimension.
    #[serde(default)]
    #[schemars(example = &"simd_quintile", transform = forms::name)]
    pub by: Option<String>,
    /// `areas`, `map`: the level; the finest that the page shows area by area unless said.
    #[serde(default)]
    #[schemars(example = &"hscp", transform = forms::name)]
    pub level: Option<String>,
    /// The chart's title; the figure's label and the dimension unless said.
    #[serde(default)]
    #[schemars(example = &"Referral rate by SIMD quintile")]
    pub title: Option<String>,
}

/// One figure or several.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum FiguresYaml {
    /// One.
    One(String),
    /// Several.
    Several(Vec<String>),
}

/// How many figures one chart tells apart, by shape and colour.
pub const MOST_FIGURES: usize = 4;

/// A checked chart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chart {
    /// How it is drawn.
    pub kind: ChartKind,
    /// The published figures that it shows, of one unit; at least one.
    pub figures: Vec<String>,
    /// Its title.
    pub title: String,
}

/// How a chart is drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChartKind {
    /// By the values of this dimension, for one area.
    Bars {
        /// The dimension's name.
        by: String,
    },
    /// By the stages of a funnel, for one area.
    Funnel,
    /// By area.
    Areas {
        /// The level's name; the finest that the page shows where absent.
        level: Option<String>,
    },
    /// On a map.
    Map {
        /// The level's name; the finest that the page shows where absent.
        level: Option<String>,
    },
    /// Over quarters, for one area.
    Trend,
}
