//! Takes the text of `configs/<board>.yaml`, gives its typed twin; `config::load` checks what types cannot.

use std::path::PathBuf;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

use super::country::Country;
use super::figures::{ReliabilityYaml, SmallNumbersYaml};
use super::look::{Contact, Licence, LookYaml};

/// A board's configuration: what is read, reported and spent in one quarter.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BoardYaml {
    /// The board's name, as it appears in what is published.
    pub board: String,
    /// The calendar quarter: `2026-Q3` is July to September.
    pub quarter: String,
    /// The folder that every relative path below starts from, itself relative to this file.
    #[serde(default = "here")]
    pub root: PathBuf,
    /// Where the extract contract lives.
    #[serde(default = "schemas")]
    pub schemas: PathBuf,
    /// Where the reports live.
    #[serde(default = "reports_folder")]
    pub reports_folder: PathBuf,
    /// Operator-only files: the pseudonymised store, validation reports, run logs.
    #[serde(default = "work")]
    pub work: PathBuf,
    /// What computes the reports: this process, unless it is said.
    #[serde(default)]
    pub engine: Option<EngineYaml>,
    /// Makes the extracts of a fictional board where they are missing. Never set this on a real board.
    #[serde(default)]
    pub fictional: Option<FictionalYaml>,
    /// Table name to where its extracts are.
    pub sources: IndexMap<String, SourceYaml>,
    /// How identifiers become pseudonyms.
    pub pseudonyms: PseudonymsYaml,
    /// The areas and bands that reports may use.
    pub geography: GeographyYaml,
    /// What may be lost, and where it is recorded.
    pub privacy: PrivacyYaml,
    /// Reports to run, by file name without `.yaml`.
    pub reports: Vec<String>,
    /// What to write, and where.
    pub publish: PublishYaml,
}

fn here() -> PathBuf {
    ".".into()
}
fn schemas() -> PathBuf {
    "schemas".into()
}
fn reports_folder() -> PathBuf {
    "reports".into()
}
fn work() -> PathBuf {
    "work".into()
}

/// A cluster that computes the reports in this process's place.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EngineYaml {
    /// The address of a Ballista scheduler: `df://host:50050`.
    pub ballista: String,
    /// The longest that one query may take there; 60 unless said.
    #[serde(default = "an_hour")]
    pub minutes: u64,
}

fn an_hour() -> u64 {
    60
}

/// The size and dirt of a fictional board.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FictionalYaml {
    /// Registered patients.
    pub patients: u64,
    /// The same seed makes the same files, byte for byte.
    #[serde(default)]
    pub seed: u64,
    /// Share of rows that carry a fault: `"2%"`.
    #[serde(default)]
    pub dirt: Option<String>,
    /// Referrals and what follows from them, against 25 to 45 referrals a practice and quarter; 1 unless said.
    #[serde(default = "usual_activity")]
    pub activity: f64,
    /// Whose identifiers, area codes and column names; `scotland` unless said.
    #[serde(default)]
    pub country: Country,
    /// The folder to fill, relative to `root`; `{quarter}` in it stands for the reported quarter.
    pub folder: PathBuf,
}

fn usual_activity() -> f64 {
    1.0
}

/// Where a table's extracts are: a path, a glob, a list of either, or a path with the schema to read it by. `{quarter}` in
/// a path stands for the reported quarter.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum SourceYaml {
    /// One path or glob.
    Path(String),
    /// Several paths or globs.
    Paths(Vec<String>),
    /// A path or glob, read by a schema of another name.
    Detailed(DetailedSource),
}

/// A source with more to say than its path.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DetailedSource {
    /// One path or glob.
    pub path: String,
    /// The schema to read it by: `simd2020v2` is `schemas/simd2020v2.yaml`.
    #[serde(default)]
    pub schema: Option<String>,
}

/// How identifiers become pseudonyms.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PseudonymsYaml {
    /// Where the key is; never the key itself.
    pub key: KeyYaml,
    /// The project the key is derived for: two projects cannot be joined.
    #[serde(default = "project")]
    pub project: String,
    /// The day from which the key is too old to be used: `2027-06-30`. A new one then re-makes the store.
    #[serde(default)]
    pub rotate_by: Option<String>,
    /// Where the salt of OpenPseudonymiser digests is, which all senders share; never the salt itself.
    #[serde(default)]
    pub salt: Option<KeyYaml>,
}

fn project() -> String {
    "smirr".into()
}

/// Where a secret is: exactly one of the three.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyYaml {
    /// A file that only its owner can read, made by `smirr key new`.
    #[serde(default)]
    pub file: Option<PathBuf>,
    /// The name of an environment variable.
    #[serde(default)]
    pub env: Option<String>,
    /// A program and its arguments, which prints it: a client of a key store.
    #[serde(default)]
    pub command: Option<Vec<String>>,
}

/// The areas and bands that reports may use.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GeographyYaml {
    /// Columns of the area lookup, coarsest first; each is a table of its own in every report. The first may be `all`:
    /// everyone in one area.
    pub levels: Vec<String>,
    /// Deprivation bands: `simd_quintile: country` or `simd_quintile: within health_board`.
    #[serde(default)]
    pub bands: IndexMap<String, String>,
    /// The column of the area lookup that says how many people live there; `population` unless said. `smirr plan`
    /// foretells by it what figures will be worth; nothing that is published depends on it.
    #[serde(default)]
    pub population: Option<String>,
    /// Boundaries for maps: level to a GeoJSON file, in degrees, each of whose features has an area's code among its
    /// properties. `{quarter}` in a path stands for the reported quarter.
    #[serde(default)]
    pub boundaries: IndexMap<String, String>,
}

/// What may be lost, and where it is recorded.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PrivacyYaml {
    /// The loss that this quarter's reports share.
    pub loss: LossYaml,
    /// The most that this quarter may lose with the corrections of what it published; `loss` unless said, which leaves
    /// nothing for any.
    #[serde(default)]
    pub quarter: Option<LimitYaml>,
    /// No quarter may take the last four quarters past this.
    #[serde(default)]
    pub year: Option<LimitYaml>,
    /// The ledger: one a board, for ever.
    pub ledger: PathBuf,
}

/// A privacy loss, as text, so that it is exact: either `rho` (zero-concentrated) or `epsilon` (pure).
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LossYaml {
    /// Zero-concentrated differential privacy.
    #[serde(default)]
    pub rho: Option<String>,
    /// Pure differential privacy.
    #[serde(default)]
    pub epsilon: Option<String>,
    /// The delta at which `rho` is also stated as an epsilon.
    #[serde(default)]
    pub delta: Option<String>,
}

/// The most that a quarter or four quarters may lose together, of the same kind as the loss.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LimitYaml {
    /// Zero-concentrated differential privacy.
    #[serde(default)]
    pub rho: Option<String>,
    /// Pure differential privacy.
    #[serde(default)]
    pub epsilon: Option<String>,
}

/// What to write, and where.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PublishYaml {
    /// The folder that receives one pack a quarter.
    pub to: PathBuf,
    /// What to write.
    pub formats: Vec<Format>,
    /// When a figure says too little; a report may say otherwise.
    #[serde(default)]
    pub reliability: Option<ReliabilityYaml>,
    /// Withholds small numbers, for boards whose policy demands it.
    #[serde(default)]
    pub small_numbers: Option<SmallNumbersYaml>,
    /// How many quarters stand in the series beside each table, this one included, as far as they were published; 0 for
    /// none, 8 unless said.
    #[serde(default = "eight_quarters")]
    pub series: u32,
    /// How pages look: a board's own logo and colours.
    #[serde(default)]
    pub look: LookYaml,
    /// Whom readers may ask.
    #[serde(default)]
    pub contact: Contact,
    /// The licence of what is published: `OGL-UK-3.0` unless said, `CC-BY-4.0` or `CC0-1.0`.
    #[serde(default)]
    pub licence: Licence,
}

fn eight_quarters() -> u32 {
    8
}

/// A file format of the publication pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// One page for readers, with charts; and pages on privacy and method.
    Html,
    /// OpenDocument spreadsheets, one a report.
    Ods,
    /// Excel workbooks, one a report.
    Xlsx,
    /// Tidy comma-separated values, with their metadata.
    Csv,
    /// Tidy Parquet.
    Parquet,
}
