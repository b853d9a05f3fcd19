//! Takes the text of `configs/<board>.yaml`, gives its typed twin; `config::load` checks what types cannot.

use std::path::PathBuf;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::country::Country;
use super::figures::{ReliabilityYaml, SmallNumbersYaml};
use super::look::{Contact, Licence, LookYaml};
use crate::schema::forms;

/// A board's configuration: what is read, reported and spent in one quarter.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BoardYaml {
    /// The board's name, as it appears in what is published.
    #[schemars(example = &"NHS Strathmirr")]
    pub board: String,
    /// The calendar quarter: `2026-Q3` is July to September.
    #[schemars(example = &"2026-Q3", transform = forms::quarter)]
    pub quarter: String,
    /// The folder that every relative path below starts from, itself relative to this file.
    #[serde(default = "here")]
    #[schemars(example = &"..")]
    pub root: PathBuf,
    /// Where the extract contract lives.
    #[serde(default = "schemas")]
    #[schemars(example = &"schemas/england")]
    pub schemas: PathBuf,
    /// Where the reports live.
    #[serde(default = "reports_folder")]
    #[schemars(example = &"reports/england")]
    pub reports_folder: PathBuf,
    /// Operator-only files: the pseudonymised store, validation reports, run logs.
    #[serde(default = "work")]
    #[schemars(example = &"out/demo/work")]
    pub work: PathBuf,
    /// What computes the reports: this process, unless it is said.
    #[serde(default)]
    #[schemars(example = json!({ "ballista": "df://10.0.0.1:50050" }))]
    pub engine: Option<EngineYaml>,
    /// Makes the extracts of a fictional board where they are missing. Never set this on a real board.
    #[serde(default)]
    #[schemars(example = json!({ "patients": 20000, "folder": "extracts/{quarter}" }))]
    pub fictional: Option<FictionalYaml>,
    /// Table name to where its extracts are.
    #[schemars(example = json!({ "patients": "extracts/{quarter}/practices/*/patients.csv" }), transform = forms::named)]
    pub sources: IndexMap<String, SourceYaml>,
    /// How identifiers become pseudonyms.
    #[schemars(example = json!({ "key": { "file": "strathmirr.key" } }))]
    pub pseudonyms: PseudonymsYaml,
    /// The areas and bands that reports may use.
    #[schemars(example = json!({ "levels": ["health_board", "hscp"], "bands": { "simd_quintile": "country" } }))]
    pub geography: GeographyYaml,
    /// What may be lost, and where it is recorded.
    #[schemars(example = json!({ "loss": { "rho": "0.25", "delta": "1e-7" }, "ledger": "ledger.sqlite" }))]
    pub privacy: PrivacyYaml,
    /// Reports to run, by file name without `.yaml`.
    #[schemars(example = ["reach", "bridge"], transform = forms::name, length(min = 1))]
    pub reports: Vec<String>,
    /// What to write, and where.
    #[schemars(example = json!({ "to": "published", "formats": ["html", "ods", "csv"] }))]
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
    #[schemars(example = &"df://10.0.0.1:50050")]
    pub ballista: String,
    /// The longest that one query may take there; 60 unless said.
    #[serde(default = "an_hour")]
    #[schemars(example = 60)]
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
    #[schemars(example = 20_000, range(min = 100, max = 60_000_000))]
    pub patients: u64,
    /// The same seed makes the same files, byte for byte.
    #[serde(default)]
    #[schemars(example = 1)]
    pub seed: u64,
    /// Share of rows that carry a fault: `"2%"`.
    #[serde(default)]
    #[schemars(example = &"2%", transform = forms::percent)]
    pub dirt: Option<String>,
    /// Referrals and what follows from them, against 25 to 45 referrals a practice and quarter; 1 unless said.
    #[serde(default = "usual_activity")]
    #[schemars(example = 4.0)]
    pub activity: f64,
    /// Whose identifiers, area codes and column names; `scotland` unless said.
    #[serde(default)]
    pub country: Country,
    /// The folder to fill, relative to `root`; `{quarter}` in it stands for the reported quarter.
    #[schemars(example = &"extracts/{quarter}")]
    pub folder: PathBuf,
}

fn usual_activity() -> f64 {
    1.0
}

/// Where a table's extracts are: a path, a glob, a list of either, a path with the schema to read it by, or a server.
/// `{quarter}` in a path stands for the reported quarter. A path may lead into an object store: `s3://bucket/key`,
/// `az://container/key`, `abfss://container@account.dfs.core.windows.net/key` or `gs://bucket/key`, with globs over keys.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum SourceYaml {
    /// One path or glob.
    Path(String),
    /// Several paths or globs.
    Paths(Vec<String>),
    /// A path or glob, read by a schema of another name.
    Detailed(Box<DetailedSource>),
}

/// A source with more to say than its path.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DetailedSource {
    /// One path or glob.
    #[serde(default)]
    #[schemars(example = &"lookups/simd2020v2.csv")]
    pub path: Option<String>,
    /// The schema to read it by: `simd2020v2` is `schemas/simd2020v2.yaml`.
    #[serde(default)]
    #[schemars(example = &"simd2020v2", transform = forms::name)]
    pub schema: Option<String>,
    /// The sheet, where the files are workbooks (XLSX or ODS) with more than one.
    #[serde(default)]
    #[schemars(example = &"Attendances")]
    pub sheet: Option<String>,
    /// The row of the headings in a workbook, as the spreadsheet numbers it; unless said, the first of the first twenty
    /// that has all the headings that the table needs.
    #[serde(default)]
    #[schemars(example = 4)]
    pub header_row: Option<u32>,
    /// Where an object store is, if not the cloud's own: `https://minio.board.example:9000`.
    #[serde(default)]
    #[schemars(example = &"https://minio.board.example:9000")]
    pub endpoint: Option<String>,
    /// The region of an S3 bucket: `eu-west-2`.
    #[serde(default)]
    #[schemars(example = &"eu-west-2")]
    pub region: Option<String>,
    /// Lets an `endpoint` elsewhere be `http://`: only where the network itself is encrypted.
    #[serde(default)]
    #[schemars(example = true)]
    pub plain_http: bool,
    /// Where the credentials of an object store are: lines of `NAME=value`, with the names that the cloud's own tools use
    /// (`AWS_ACCESS_KEY_ID`, `AZURE_STORAGE_ACCOUNT_KEY`, `GOOGLE_SERVICE_ACCOUNT`). Without it, the environment. Never
    /// the credentials themselves.
    #[serde(default)]
    #[schemars(example = json!({ "file": "keys/store.env" }))]
    pub credentials: Option<KeyYaml>,
    /// Where the connection string of a PostgreSQL server is; never the string itself.
    #[serde(default)]
    #[schemars(example = json!({ "env": "ORGANISATIONS_DSN" }))]
    pub postgres: Option<KeyYaml>,
    /// The table or view to read there: `organisations`, or `community.organisations` with its schema.
    #[serde(default)]
    #[schemars(example = &"organisations")]
    pub table: Option<String>,
    /// In place of `table`: one SELECT, whose columns are the extract's.
    #[serde(default)]
    #[schemars(example = &"SELECT org_id, name, places FROM organisations")]
    pub query: Option<String>,
}

/// How identifiers become pseudonyms.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PseudonymsYaml {
    /// Where the key is; never the key itself.
    #[schemars(example = json!({ "file": "strathmirr.key" }))]
    pub key: KeyYaml,
    /// The project the key is derived for: two projects cannot be joined.
    #[serde(default = "project")]
    #[schemars(example = &"strathmirr-links")]
    pub project: String,
    /// The day from which the key is too old to be used: `2027-06-30`. A new one then re-makes the store.
    #[serde(default)]
    #[schemars(example = &"2027-06-30", transform = forms::day)]
    pub rotate_by: Option<String>,
    /// Where the salt of OpenPseudonymiser digests is, which all senders share; never the salt itself.
    #[serde(default)]
    #[schemars(example = json!({ "file": "senders.salt" }))]
    pub salt: Option<KeyYaml>,
}

fn project() -> String {
    "smirr".into()
}

/// Where a secret is: exactly one of the three.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("oneOf" = forms::exactly_one(&["file", "env", "command"])))]
pub struct KeyYaml {
    /// A file that only its owner can read, made by `smirr key new`.
    #[serde(default)]
    #[schemars(example = &"strathmirr.key")]
    pub file: Option<PathBuf>,
    /// The name of an environment variable.
    #[serde(default)]
    #[schemars(example = &"SMIRR_KEY")]
    pub env: Option<String>,
    /// A program and its arguments, which prints it: a client of a key store.
    #[serde(default)]
    #[schemars(example = ["key-store", "read", "smirr"], length(min = 1))]
    pub command: Option<Vec<String>>,
}

/// The areas and bands that reports may use.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GeographyYaml {
    /// Columns of the area lookup, coarsest first; each is a table of its own in every report. The first may be `all`:
    /// everyone in one area.
    #[schemars(example = ["health_board", "hscp"], transform = forms::name, length(min = 1))]
    pub levels: Vec<String>,
    /// Deprivation bands: `simd_quintile: country` or `simd_quintile: within health_board`.
    #[serde(default)]
    #[schemars(example = json!({ "simd_quintile": "country" }), transform = forms::bands)]
    pub bands: IndexMap<String, String>,
    /// The column of the area lookup that says how many people live there; `population` unless said. `smirr plan`
    /// foretells by it what figures will be worth; nothing that is published depends on it.
    #[serde(default)]
    #[schemars(example = &"population", transform = forms::name)]
    pub population: Option<String>,
    /// Boundaries for maps: level to a GeoJSON file, in degrees, each of whose features has an area's code among its
    /// properties. `{quarter}` in a path stands for the reported quarter.
    #[serde(default)]
    #[schemars(example = json!({ "hscp": "boundaries/hscp.geojson" }), transform = forms::named)]
    pub boundaries: IndexMap<String, String>,
}

/// What may be lost, and where it is recorded.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PrivacyYaml {
    /// The loss that this quarter's reports share.
    #[schemars(example = json!({ "rho": "0.25", "delta": "1e-7" }))]
    pub loss: LossYaml,
    /// The most that this quarter may lose with the corrections of what it published; `loss` unless said, which leaves
    /// nothing for any.
    #[serde(default)]
    #[schemars(example = json!({ "rho": "0.5" }))]
    pub quarter: Option<LimitYaml>,
    /// No quarter may take the last four quarters past this.
    #[serde(default)]
    #[schemars(example = json!({ "rho": "1" }))]
    pub year: Option<LimitYaml>,
    /// The ledger: one a board, for ever.
    #[schemars(example = &"ledger.sqlite")]
    pub ledger: PathBuf,
}

/// A privacy loss, as text, so that it is exact: either `rho` (zero-concentrated) or `epsilon` (pure).
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("oneOf" = forms::exactly_one(&["rho", "epsilon"])))]
pub struct LossYaml {
    /// Zero-concentrated differential privacy.
    #[serde(default)]
    #[schemars(example = &"0.25", transform = forms::amount)]
    pub rho: Option<String>,
    /// Pure differential privacy.
    #[serde(default)]
    #[schemars(example = &"1", transform = forms::amount)]
    pub epsilon: Option<String>,
    /// The delta at which `rho` is also stated as an epsilon.
    #[serde(default)]
    #[schemars(example = &"1e-7", transform = forms::amount)]
    pub delta: Option<String>,
}

/// The most that a quarter or four quarters may lose together, of the same kind as the loss.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("oneOf" = forms::exactly_one(&["rho", "epsilon"])))]
pub struct LimitYaml {
    /// Zero-concentrated differential privacy.
    #[serde(default)]
    #[schemars(example = &"1", transform = forms::amount)]
    pub rho: Option<String>,
    /// Pure differential privacy.
    #[serde(default)]
    #[schemars(example = &"4", transform = forms::amount)]
    pub epsilon: Option<String>,
}

/// What to write, and where.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PublishYaml {
    /// The folder that receives one pack a quarter.
    #[schemars(example = &"published")]
    pub to: PathBuf,
    /// What to write.
    #[schemars(example = ["html", "ods", "xlsx", "csv", "parquet"], length(min = 1), extend("uniqueItems" = true))]
    pub formats: Vec<Format>,
    /// When a figure says too little; a report may say otherwise.
    #[serde(default)]
    #[schemars(example = json!({ "unreliable_over": "50%", "withhold_over": "100%" }))]
    pub reliability: Option<ReliabilityYaml>,
    /// Withholds small numbers, for boards whose policy demands it.
    #[serde(default)]
    #[schemars(example = json!({ "below": 5 }))]
    pub small_numbers: Option<SmallNumbersYaml>,
    /// How many quarters stand in the series beside each table, this one included, as far as they were published; 0 for
    /// none, 8 unless said.
    #[serde(default = "eight_quarters")]
    #[schemars(example = 8, range(max = 40))]
    pub series: u32,
    /// How pages look: a board's own logo and colours.
    #[serde(default)]
    #[schemars(example = json!({ "logo": "logo.svg", "colour": "#3F3685" }))]
    pub look: LookYaml,
    /// Whom readers may ask.
    #[serde(default)]
    #[schemars(example = json!({ "name": "The publication team", "email": "links@board.example" }))]
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
