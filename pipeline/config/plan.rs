//! What a board's YAML means once everything has been checked. Nothing here can still be wrong, and nothing changes.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use chrono::NaiveDate;

use super::board::Format;
use super::country::Country;
pub use super::derived::Rate;
use super::derived::{Change, Inequality, Quartiles, Reliability, SmallNumbers, Standardised};
use super::look::{Contact, Licence, Look};
pub use super::measure::{
    Clamp, CodeDimension, CodeValue, Keep, Located, Mean, Measure, MeasureKind, Number, Place, Rows,
};
use super::page::Chart;
use super::quarter::Quarter;
use super::trial::Trial;
use crate::schema::TableSchema;

/// One quarter's run of one board.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The board's name, as published.
    pub board: String,
    /// The reported quarter.
    pub quarter: Quarter,
    /// The folder that the YAML's relative paths start from; absolute.
    pub root: PathBuf,
    /// The operator-only folder; absolute.
    pub work: PathBuf,
    /// The cluster that computes the reports; absent where this process does.
    pub cluster: Option<Cluster>,
    /// How to make the extracts of a fictional board; absent for a real one.
    pub fictional: Option<Fictional>,
    /// The tables to read, public ones first, otherwise in the YAML's order.
    pub sources: Vec<Source>,
    /// Where the pseudonym key is.
    pub key: KeySource,
    /// The project that the key is derived for.
    pub project: String,
    /// The day from which the key is too old to be used.
    pub rotate_by: Option<NaiveDate>,
    /// Where the salt of OpenPseudonymiser digests is; present where a column is `as: open_pseudonymiser`.
    pub salt: Option<KeySource>,
    /// In which ways people are told apart by less than a number of their own, in words that may be published.
    pub weaknesses: Vec<String>,
    /// Areas and bands.
    pub geography: Geography,
    /// The ways to practices; present where a measure is placed by them.
    pub practices: Option<Practices>,
    /// The loss that this quarter's reports share.
    pub loss: Loss,
    /// The most that this quarter may lose with its corrections: no less than `loss`, and of the same kind.
    pub most: Loss,
    /// The most that four quarters may lose together: no less than `most`, and of the same kind.
    pub year: Option<Loss>,
    /// The delta at which a rho is also stated as an epsilon, as written; above 0 and below 1.
    pub delta: Option<String>,
    /// The ledger's file; absolute.
    pub ledger: PathBuf,
    /// The reports, in the YAML's order. At least one.
    pub reports: Vec<Report>,
    /// What to write, and where.
    pub publish: Publish,
}

/// A Ballista cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    /// The name or the address of its scheduler; that of IPv6 in square brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The longest that one query may take; 1 to 1440.
    pub minutes: u64,
}

/// A fictional board.
#[derive(Debug, Clone, PartialEq)]
pub struct Fictional {
    /// Registered patients.
    pub patients: u64,
    /// The same seed makes the same files.
    pub seed: u64,
    /// Share of rows with a fault, 0 to 0.5.
    pub dirt: f64,
    /// Referrals and what follows from them, against the usual number; above 0, at most 60.
    pub activity: f64,
    /// Whose identifiers, area codes and column names.
    pub country: Country,
    /// The folder to fill; absolute.
    pub folder: PathBuf,
}

/// The extracts of one table.
#[derive(Debug, Clone)]
pub struct Source {
    /// The table's name in the extract contract.
    pub table: String,
    /// Where they are.
    pub origins: Vec<Origin>,
    /// The schema to read them by.
    pub schema: Arc<TableSchema>,
}

/// Where extracts are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Files on the machine's own disks.
    Files(Files),
    /// Objects in a store.
    Objects(Objects),
    /// A table or a query of PostgreSQL.
    Postgres(Postgres),
}

/// Files on the machine's own disks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Files {
    /// An absolute glob pattern. Special characters of the root folder itself are escaped.
    pub glob: PathBuf,
    /// Where the rows are in those that are workbooks.
    pub sheet: Sheet,
}

/// Objects in a store, and what opens it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Objects {
    /// Whose store.
    pub cloud: Cloud,
    /// The bucket, or the container.
    pub bucket: String,
    /// Azure's account, where the address names it.
    pub account: Option<String>,
    /// A glob over keys.
    pub keys: String,
    /// Where the store is, if not the cloud's own.
    pub endpoint: Option<String>,
    /// The region.
    pub region: Option<String>,
    /// Where the credentials are; the environment has them unless said.
    pub credentials: Option<KeySource>,
    /// Where the rows are in those that are workbooks.
    pub sheet: Sheet,
}

/// Whose object store: the protocol that it speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cloud {
    /// Amazon's, which many others speak.
    S3,
    /// Microsoft's.
    Azure,
    /// Google's.
    Google,
}

impl Objects {
    /// What the names of its objects begin with: `s3://bucket/`.
    pub fn root(&self) -> String {
        match (self.cloud, &self.account) {
            (Cloud::S3, _) => format!("s3://{}/", self.bucket),
            (Cloud::Google, _) => format!("gs://{}/", self.bucket),
            (Cloud::Azure, None) => format!("az://{}/", self.bucket),
            (Cloud::Azure, Some(account)) => format!("abfss://{}@{account}.dfs.core.windows.net/", self.bucket),
        }
    }
}

/// A table or a query of PostgreSQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Postgres {
    /// Where the connection string is.
    pub connection: KeySource,
    /// What is asked for.
    pub asked: Asked,
}

/// What a server is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// All of a table or view.
    Table {
        /// Its schema; where the server looks first unless said.
        schema: Option<String>,
        /// Its name.
        name: String,
    },
    /// What one SELECT answers.
    Query(String),
}

impl fmt::Display for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.asked {
            Asked::Table { schema: Some(schema), name } => write!(f, "postgres:{schema}.{name}"),
            Asked::Table { schema: None, name } => write!(f, "postgres:{name}"),
            Asked::Query(_) => f.write_str("postgres:query"),
        }
    }
}

/// Where the rows of a table are in a workbook.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sheet {
    /// The sheet's name; the only sheet unless said.
    pub name: Option<String>,
    /// The row of the headings, counted from 1; unless said, the first of the first twenty that has all the headings that
    /// the table needs.
    pub header_row: Option<u32>,
}

impl fmt::Display for Origin {
    /// As the YAML says it, and never a credential.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Files(files) => write!(f, "{}", files.glob.display()),
            Origin::Objects(objects) => write!(f, "{}{}", objects.root(), objects.keys),
            Origin::Postgres(server) => write!(f, "{server}"),
        }
    }
}

/// Where a secret is; never the secret itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeySource {
    /// A file; absolute.
    File(PathBuf),
    /// The name of an environment variable.
    Env(String),
    /// A program and its arguments, which prints it.
    Command(Vec<String>),
}

/// Areas and bands.
#[derive(Debug, Clone)]
pub struct Geography {
    /// The public area lookup that patients refer to.
    pub table: String,
    /// Its key column.
    pub key: String,
    /// The patients' column that holds that key.
    pub via: String,
    /// Area levels, coarsest first. At least one.
    pub levels: Vec<Level>,
    /// Deprivation bands.
    pub bands: Vec<Band>,
    /// The column of the area lookup that says how many people live there, where it has one.
    pub population: Option<String>,
    /// Files of boundaries: a position in `levels`, and a GeoJSON file; absolute. No level twice.
    pub boundaries: Vec<(usize, PathBuf)>,
}

/// The public table of practices, and the columns that lead to it and from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Practices {
    /// Its name.
    pub table: String,
    /// Its column that leads to the area lookup, [`Geography::table`].
    pub zone: String,
    /// The column of `patients` that leads to it.
    pub of_patient: String,
    /// The private table of posts, one row or more a practitioner.
    pub posts: String,
    /// Its column that names the practitioner; among its `unique`.
    pub practitioner: String,
    /// Its column that leads to the post's practice.
    pub of_post: String,
}

impl Geography {
    /// The names of its bands, in order.
    pub fn band_names(&self) -> Vec<String> {
        self.bands.iter().map(|band| band.name.clone()).collect()
    }

    /// Which end of each band is which, in the words of the schema: "SIMDQuintile: SIMD fifth of the country; 1 is the
    /// most deprived". Empty where no band is described.
    pub fn bands_in_words(&self) -> String {
        let words =
            self.bands.iter().filter_map(|band| Some(format!("{}: {}", band.heading, band.description.as_ref()?)));
        words.collect::<Vec<_>>().join(". ")
    }
}

/// One level of areas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Level {
    /// The name in YAML.
    pub name: String,
    /// The column of the area lookup; absent where everyone is in one area.
    pub column: Option<String>,
    /// The heading in published files.
    pub heading: String,
}

impl Level {
    /// The reserved word for a level at which everyone is in one area, and the heading and name of that area.
    pub const ALL: (&str, &str, &str) = ("all", "Area", "All");
}

/// One kind of deprivation band.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Band {
    /// The name in YAML.
    pub name: String,
    /// The column of the area lookup.
    pub column: String,
    /// The heading in published files.
    pub heading: String,
    /// The area level within which bands are cut; absent for the whole country.
    pub within: Option<String>,
    /// Which end is which, as the schema describes the column.
    pub description: Option<String>,
    /// The bands, in the schema's order; `unknown` is implied last.
    pub codes: Vec<String>,
}

/// One report.
#[derive(Debug, Clone)]
pub struct Report {
    /// The file's name without `.yaml`; unique.
    pub name: String,
    /// The title, as published.
    pub title: String,
    /// Whom it protects.
    pub protects: Protects,
    /// Its share of the quarter's loss, against the other reports'; at least 1.
    pub share: u32,
    /// Its dimensions as written; `area` is always among them.
    pub by: Vec<String>,
    /// What is counted. At least one.
    pub measures: Vec<Measure>,
    /// What is divided by what.
    pub rates: Vec<Rate>,
    /// What has changed on the quarter before.
    pub changes: Vec<Change>,
    /// How unequal rates are.
    pub inequality: Vec<Inequality>,
    /// Directly standardised rates.
    pub standardised: Vec<Standardised>,
    /// Medians, quartiles and the like.
    pub quartiles: Vec<Quartiles>,
    /// When a figure says too little.
    pub reliability: Reliability,
    /// Means, each of two of the measures.
    pub means: Vec<Mean>,
    /// The share of each level of the geography, in its order, against the other levels'; each at least 1.
    pub level_shares: Vec<u32>,
    /// How near the truth figures must be; no measure and level twice.
    pub targets: Vec<Target>,
    /// The charts on its part of the page.
    pub charts: Vec<Chart>,
    /// What a reader should know first: sentences, as templates over its figures.
    pub findings: Vec<String>,
    /// What a reader should know beside the figures: a template as well.
    pub words: Option<String>,
    /// The tests that its author wrote. They are no part of what it asks, nor of what is published.
    pub trials: Vec<Trial>,
}

impl Report {
    /// Whether any of its figures is by practice: all of them where practitioners are protected, and pairs always.
    pub fn is_by_practice(&self) -> bool {
        self.protects.practitioner || self.measures.iter().any(|measure| measure.place == Place::Practice)
    }
}

/// Whom a report protects. The patient is no choice: a report that protects others alone would expose patients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Protects {
    /// Each practitioner too: all rows that name them. Figures are then placed by the practice.
    pub practitioner: bool,
}

/// How near the truth the cells of one measure and level must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// A position in `Report::measures`.
    pub measure: usize,
    /// A position in `Geography::levels`.
    pub level: usize,
    /// 95 of 100 cells have noise within this, in the measure's unit; at least 1.
    pub within: u32,
}

/// A privacy loss: above zero, and written so that it can be read exactly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    /// Which definition it is a loss of.
    pub kind: LossKind,
    /// The amount as written: a decimal, a fraction or a decimal with a power of ten.
    pub amount: String,
}

/// Which definition of privacy loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LossKind {
    /// Zero-concentrated.
    Rho,
    /// Pure.
    Epsilon,
}

/// What to write, and where.
#[derive(Debug, Clone)]
pub struct Publish {
    /// The folder that receives one pack a quarter; absolute.
    pub to: PathBuf,
    /// The formats, each once. At least one.
    pub formats: Vec<Format>,
    /// A rule on released counts, where the board's policy demands one.
    pub small_numbers: Option<SmallNumbers>,
    /// How many quarters a series has at most, the reported one included; 0 for no series.
    pub series: u32,
    /// How pages look.
    pub look: Look,
    /// Whom readers may ask.
    pub contact: Contact,
    /// The licence of what is published.
    pub licence: Licence,
}
