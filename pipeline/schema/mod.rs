//! Takes the YAML of one table from `schemas/`.
//! Gives its typed twin: columns, kinds, rules and limits; `config::load` checks what types cannot.
//! Never touches data: `ingest` does, by these rules.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

pub mod forms;
#[cfg(test)]
mod tests;

/// One table of the extract contract, as `schemas/<table>.yaml` declares it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TableSchema {
    /// The table's name; the same as the file's.
    #[schemars(example = &"referrals", transform = forms::name)]
    pub table: String,
    /// Who sends it. `public` tables hold no person; all others are private.
    pub from: Sender,
    /// What one row is, in plain words.
    #[schemars(example = &"A referral to a community links practitioner")]
    pub row: String,
    /// The column whose date places a row in a quarter. Absent where rows describe the whole quarter.
    #[serde(default)]
    #[schemars(example = &"referred_on", transform = forms::name)]
    pub dated_by: Option<String>,
    /// Columns that together may occur once a person (once a table, where it is public).
    #[serde(default)]
    #[schemars(example = ["referral_id"], transform = forms::name)]
    pub unique: Vec<String>,
    /// The columns, in the order in which the documentation shows them.
    #[schemars(example = json!({ "referred_on": { "type": "date", "required": true } }), transform = forms::named, extend("minProperties" = 1))]
    pub columns: IndexMap<String, Column>,
    /// Share of a file's rows that may break a rule before the run stops. Keys: `quarantined`
    /// (all rows set aside), a rule (`check_digit`) or a column's rule (`chi.check_digit`).
    #[serde(default)]
    #[schemars(example = json!({ "quarantined": "10%", "chi.check_digit": "5%" }))]
    pub limits: BTreeMap<String, Percent>,
}

/// Who sends a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Sender {
    /// A GP practice, or a board on behalf of its practices.
    Practice,
    /// A community organisation.
    Organisation,
    /// A published file that holds no person.
    Public,
}

/// A share written as text: `"5%"`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(transform = forms::percent)]
pub struct Percent(pub String);

impl Percent {
    /// Parts in a million: a whole number, so that a limit is compared exactly. `config` has checked the text; text that
    /// is no percentage allows nothing.
    pub fn millionths(&self) -> u64 {
        let digits = self.0.trim().trim_end_matches('%').trim();
        let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
        let part = part.get(..part.len().min(4)).unwrap_or("");
        format!("{whole}{part:0<4}").parse().unwrap_or(0)
    }
}

/// One column: its type, its rules and what happens to a row that breaks one.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// What the text means.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// What it is, in plain words.
    #[serde(default)]
    #[schemars(example = &"Day of the referral")]
    pub description: Option<String>,
    /// The column's name in the file, where it differs from ours.
    #[serde(default)]
    #[schemars(example = &"Referral date")]
    pub header: Option<String>,
    /// A blank breaks the rule `required`.
    #[serde(default)]
    #[schemars(example = true)]
    pub required: bool,
    /// The file may lack the column altogether; every value is then blank.
    #[serde(default)]
    #[schemars(example = true)]
    pub optional: bool,
    /// Checked, then not stored: smirr keeps no more than a report may need.
    #[serde(default = "yes")]
    #[schemars(example = false)]
    pub keep: bool,
    /// `code`: the closed list. `unknown` is always a member and is never listed.
    #[serde(default)]
    #[schemars(example = ["gp", "nurse", "self", "other"])]
    pub codes: Vec<String>,
    /// `token`: the name space that its pseudonyms belong to; the column's own name where absent.
    #[serde(default)]
    #[schemars(example = &"referral")]
    pub space: Option<String>,
    /// `token`: the protected worker whom it names, beside the person.
    #[serde(default)]
    pub names: Option<Worker>,
    /// `chi`, `nhs_number`: turn the number into the form that other senders send, so that both join. Weaker: read
    /// what `smirr check` says of it.
    #[serde(default, rename = "as")]
    pub sent_as: Option<SentAs>,
    /// `reference`, `practice_code`: the public table whose key this is.
    #[serde(default)]
    #[schemars(example = &"organisations", transform = forms::name)]
    pub to: Option<String>,
    /// `integer`, `decimal`, `date`: least and greatest, inclusive. A date may be `today`.
    #[serde(default)]
    #[schemars(example = json!(["1990-01-01", "today"]), example = json!([0, 600]))]
    pub between: Option<(Scalar, Scalar)>,
    /// `decimal`: digits kept after the point; stored as a whole number of the smallest unit.
    #[serde(default)]
    #[schemars(example = 2, range(max = 6))]
    pub places: u8,
    /// `date`: also accept `dd/mm/yyyy`, and count the repair.
    #[serde(default)]
    #[schemars(example = true)]
    pub day_first: bool,
    /// `area`, `practice_code`: the shape of a code, `#` standing for a digit and `@` for a capital letter: `S01######`,
    /// `@#####`.
    #[serde(default)]
    #[schemars(example = &"S01######", transform = forms::shape_of_code)]
    pub pattern: Option<String>,
    /// `area`, `reference`: retired codes and the codes that replaced them; each use is a counted repair.
    #[serde(default)]
    #[schemars(example = json!({ "S37000023": "S37000032" }))]
    pub retired: BTreeMap<String, String>,
    /// `area`: the column of names of these areas: `type: text`, in the same table. What readers are shown beside the code;
    /// no figure depends on it.
    #[serde(default)]
    #[schemars(example = &"hscp_name", transform = forms::name)]
    pub named_by: Option<String>,
    /// `reference`: codes that mean "no known area" and become `unknown` as a counted repair.
    #[serde(default)]
    #[schemars(example = ["NFA", "S01999999"])]
    pub unknown_codes: Vec<String>,
    /// `reference`: known vintages by name, each an inclusive range of codes, to tell a wrong vintage from a typing error.
    #[serde(default)]
    #[schemars(example = json!({ "2011": ["S01006506", "S01013481"] }))]
    pub vintages: BTreeMap<String, (String, String)>,
    /// What a broken rule does to the row.
    #[serde(default)]
    pub breach: Option<Breach>,
    /// The column's heading in published files (`HSCP`); the name in capitals and small letters where absent.
    #[serde(default)]
    #[schemars(example = &"HSCP")]
    pub heading: Option<String>,
}

impl Column {
    /// Least and greatest whole number that is stored, in the smallest unit (pence for pounds with two places).
    /// `None` where the range does not fit 64 bits.
    pub fn whole_range(&self) -> Option<(i64, i64)> {
        let unit = 10i64.checked_pow(self.places.into())?;
        let bound = |bound: &Scalar| match bound {
            Scalar::Integer(number) => number.checked_mul(unit),
            Scalar::Text(text) => {
                let (whole, part) = text.split_once('.').unwrap_or((text, ""));
                let padding = usize::from(self.places).checked_sub(part.len())?;
                format!("{whole}{part}{}", "0".repeat(padding)).parse().ok()
            }
        };
        match &self.between {
            Some((least, greatest)) => Some((bound(least)?, bound(greatest)?)),
            None => Some((-1_000_000_000_000, 1_000_000_000_000)),
        }
    }

    /// Whether a private table stores it. A practice code is stored as a row of the public practices, or not at all.
    pub fn is_stored(&self) -> bool {
        self.keep && (self.kind != Kind::PracticeCode || self.to.is_some())
    }

    /// The name space of a token called `name`: the schema's own, or its name.
    pub fn space<'a>(&'a self, name: &'a str) -> &'a str {
        self.space.as_deref().unwrap_or(name)
    }
}

fn yes() -> bool {
    true
}

/// A bound in YAML: a number or a date.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Scalar {
    /// A whole number.
    Integer(i64),
    /// A date `yyyy-mm-dd`, or `today`.
    Text(String),
}

/// What the text in a column means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A Community Health Index number: ten digits with a modulus-11 check digit. Becomes a pseudonym of the person.
    Chi,
    /// An English or Welsh NHS number: the same modulus-11 rule. Becomes a pseudonym of the person.
    NhsNumber,
    /// A statistical linkage key of five letters of a person's names, the date of birth and the sex, as the Australian
    /// Institute of Health and Welfare defines it. Becomes a pseudonym of the person. Weaker: two people may share one.
    #[serde(rename = "slk_581")]
    Slk581,
    /// A digest that the sender made with OpenPseudonymiser: 64 hexadecimal digits. Becomes a pseudonym of the person.
    /// Weaker: whoever has the shared salt can undo it.
    OpenPseudonymiser,
    /// An identifier with no inner rule. Becomes a pseudonym within its `space`.
    Token,
    /// A practice code, of the shape that its `pattern` says, else five digits with a check digit, as in Scotland; a
    /// breach of it is counted. The key of a public table of
    /// practices; in a private table stored as the row of that table where `to` names one for which the board has a
    /// source, and otherwise checked and never stored.
    PracticeCode,
    /// One of a closed list.
    Code,
    /// The key of a public table.
    Reference,
    /// A calendar date.
    Date,
    /// A whole number.
    Integer,
    /// A number with `places` digits after the point.
    Decimal,
    /// An area code of a public table.
    Area,
    /// Free text; public tables only.
    Text,
}

/// A protected worker whom a token may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Worker {
    /// A community links practitioner: one named worker at a practice. Whoever has posts under several identifiers is
    /// protected in each of them, and not in all together.
    Practitioner,
}

impl TableSchema {
    /// The column that names the practitioner, where the table has one.
    pub fn practitioner(&self) -> Option<&str> {
        let named = self.columns.iter().find(|(_, column)| column.names == Some(Worker::Practitioner));
        named.map(|(name, _)| name.as_str())
    }

    /// The column that names the person, where the table has one.
    pub fn person(&self) -> Option<&str> {
        self.columns.iter().find(|(_, column)| column.kind.is_person()).map(|(name, _)| name.as_str())
    }

    /// Whether a column holds names of areas, which readers see and no figure depends on.
    pub fn names_areas(&self, column: &str) -> bool {
        self.columns.values().any(|other| other.named_by.as_deref() == Some(column))
    }

    /// The schema without the names of areas: what figures, and so a question's identity, depend on.
    pub fn without_names(&self) -> TableSchema {
        let mut bare = self.clone();
        bare.columns.retain(|name, _| !self.names_areas(name));
        bare.columns.values_mut().for_each(|column| column.named_by = None);
        bare
    }

    /// A public table's key: its one unique column, which is no reference itself (those are stored as rows of another
    /// table, and no file says them).
    pub fn key(&self) -> Option<&str> {
        match &self.unique[..] {
            [key] if self.from == Sender::Public => {
                self.columns.get(key).is_none_or(|column| column.to.is_none()).then_some(key)
            }
            _ => None,
        }
    }
}

impl Column {
    /// The name space of the column's pseudonyms, if it holds identifiers: two columns join where it is the same.
    pub fn pseudonym_space<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        match self.kind {
            Kind::Token => Some(self.space.as_deref().unwrap_or(name)),
            kind if kind.is_person() => Some(match self.sent_as {
                Some(SentAs::OpenPseudonymiser) => Kind::OpenPseudonymiser.word(),
                None => kind.word(),
            }),
            _ => None,
        }
    }

    /// The heading in published files: the schema's own, or the name in capitals and small letters.
    pub fn heading(&self, name: &str) -> String {
        self.heading.clone().unwrap_or_else(|| heading(name))
    }
}

/// A name in capitals and small letters, as headings of published files are.
pub fn heading(name: &str) -> String {
    let capital = |part: &str| {
        let mut chars = part.chars();
        chars.next().map_or(String::new(), |first| first.to_uppercase().chain(chars).collect())
    };
    name.split('_').map(capital).collect()
}

/// Whether a code can stand in a published file as it is: a spreadsheet takes a text that begins like a formula for one. A
/// range of numbers may begin below zero, as `-5 to 14`: without another sign in it, nothing runs.
pub fn is_publishable(code: &[u8]) -> bool {
    let full_width = ["＝", "＋", "－", "＠"];
    let first = code.first().copied().unwrap_or_default();
    let is_range = first == b'-'
        && code.get(1).is_some_and(u8::is_ascii_digit)
        && code.iter().all(|b| b.is_ascii_alphanumeric() || b" -.".contains(b));
    (is_range || !b"=+-@".contains(&first))
        && !full_width.iter().any(|it| code.starts_with(it.as_bytes()))
        && !code.iter().any(u8::is_ascii_control)
}

/// Whether a heading can be that of a column beside those that every published file has: letters and digits.
pub fn is_heading(text: &str) -> bool {
    const OWN: [&str; 7] = ["Quarter", "Figure", "Value", "Lower95", "Upper95", "Unbiased", "StandardError"];
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.len() <= 64
        && text.bytes().all(|b| b.is_ascii_alphanumeric())
        && !text.ends_with("QF")
        && !OWN.contains(&text)
}

/// What [`is_heading`] asks for.
pub const HEADING: &str = "a heading is letters and digits, as in `SIMDQuintile`; it does not end in `QF`, and is none of `Quarter`, `Figure`, \
     `Value`, `Lower95`, `Upper95`, `Unbiased` and `StandardError`, which every file has";

/// A form in which other senders send a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SentAs {
    /// The digest that OpenPseudonymiser makes of the number alone, under `pseudonyms.salt`.
    OpenPseudonymiser,
}

impl Kind {
    /// Whether a column of this kind identifies the protected person.
    pub fn is_person(self) -> bool {
        matches!(self, Kind::Chi | Kind::NhsNumber | Kind::Slk581 | Kind::OpenPseudonymiser)
    }

    /// The word for it in YAML.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Chi => "chi",
            Kind::NhsNumber => "nhs_number",
            Kind::Slk581 => "slk_581",
            Kind::OpenPseudonymiser => "open_pseudonymiser",
            Kind::Token => "token",
            Kind::PracticeCode => "practice_code",
            Kind::Code => "code",
            Kind::Reference => "reference",
            Kind::Date => "date",
            Kind::Integer => "integer",
            Kind::Decimal => "decimal",
            Kind::Area => "area",
            Kind::Text => "text",
        }
    }
}

/// What a broken rule does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Breach {
    /// The row is set aside, and counted by rule.
    Quarantine,
    /// The value becomes `unknown` (codes and references) or blank, the row is kept, and the repair counted.
    Unknown,
    /// The value is kept, and the breach counted.
    Warn,
}
