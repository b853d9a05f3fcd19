//! A table's schema made ready for reading: one reader a column, and the Arrow shape of what is stored.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use chrono::NaiveDate;

use super::cell::{Convert, Reference, days};
use crate::error::{Error, Result};
use crate::pseudonymise::{Digest, Pseudonymiser, Salt, Space, digest};
use crate::schema::{Breach, Column, Kind, Scalar, Sender, SentAs, TableSchema};

/// The stored name of the column that identifies the protected person, in every private table.
pub const PERSON: &str = "person";
/// The stored name of the column that says which sixteenth of all people the person is in.
pub const BUCKET: &str = "bucket";
/// How many buckets there are; the number itself is the bucket of rows that name no person.
///
/// Large parts are stored bucket by bucket, so that a query over some of the people reads their rows alone: a board of
/// any size is then measured in as many passes as keep memory flat, and reads everything once all the same.
pub const BUCKETS: i8 = 16;
/// What a pseudonym is stored as.
pub const PSEUDONYM: DataType = DataType::Decimal128(38, 0);
/// No table of the contract comes near; a fixed size keeps a row's cells on the stack.
pub const MOST_COLUMNS: usize = 48;

/// One column, ready for reading.
pub struct ColumnReader {
    /// Our name for it.
    pub name: String,
    /// The name to look for in the file's header.
    pub header: String,
    /// How its text becomes a cell.
    pub convert: Convert,
    /// A blank breaks a rule.
    pub required: bool,
    /// The file may lack it.
    pub optional: bool,
    /// What a broken rule does.
    pub breach: Breach,
    /// How it is stored; `None` where it is checked and let go.
    pub stored: Option<Stored>,
}

/// How a column is stored.
pub enum Stored {
    /// A keyed pseudonym.
    Pseudonym(Space),
    /// A place in the declared list; the list's length is `unknown`.
    Code {
        /// The length of the list.
        unknown: i8,
    },
    /// A row of a public table; null is `unknown`.
    Row,
    /// Days since 1970-01-01.
    Date,
    /// A whole number.
    Whole,
    /// Text of a public table.
    Text,
}

/// How a column of a table is stored; `None` where it is checked and let go. A public practice's code is its key.
fn stored_type(schema: &TableSchema, column: &Column) -> Option<DataType> {
    match column.kind {
        _ if !column.keep => None,
        kind if kind.is_person() || kind == Kind::Token => Some(PSEUDONYM),
        Kind::PracticeCode if column.to.is_some() => Some(DataType::Int32),
        Kind::PracticeCode => (schema.from == Sender::Public).then_some(DataType::Utf8),
        Kind::Code => Some(DataType::Int8),
        Kind::Reference => Some(DataType::Int32),
        Kind::Date => Some(DataType::Date32),
        Kind::Integer | Kind::Decimal => Some(DataType::Int64),
        _ => Some(DataType::Utf8),
    }
}

/// The Arrow shape of what is stored of a table: it follows from the contract alone, and needs no key.
pub fn stored_schema(schema: &TableSchema) -> SchemaRef {
    let fields = schema.columns.iter().filter_map(|(name, column)| {
        let stored = stored_type(schema, column)?;
        // A code that is missing is the list's own `unknown`.
        Some(Field::new(stored_name(schema, name), stored, column.kind != Kind::Code))
    });
    let bucket = schema.person().map(|_| Field::new(BUCKET, DataType::Int8, false));
    Arc::new(Schema::new(fields.chain(bucket).collect::<Vec<_>>()))
}

/// A table, ready for reading.
pub struct Layout {
    /// The table's name.
    pub table: String,
    /// Its columns, in the schema's order.
    pub columns: Vec<ColumnReader>,
    /// Their names.
    pub names: Vec<String>,
    /// The column that identifies the protected person; `None` in a public table.
    pub person: Option<usize>,
    /// The column that names the practitioner.
    pub practitioner: Option<usize>,
    /// The column that places a row in a quarter.
    pub dated_by: Option<usize>,
    /// Columns that together occur once a person, beside the person.
    pub unique: Vec<usize>,
    /// First and last day of the reported quarter, in days since 1970-01-01.
    pub quarter: (i64, i64),
    /// What is stored.
    pub stored: SchemaRef,
}

/// What a layout needs to know beside the schema.
pub struct Context<'a> {
    /// The keys.
    pub pseudonymiser: &'a Pseudonymiser,
    /// Public table name to its keys.
    pub references: &'a HashMap<String, HashMap<Vec<u8>, u32>>,
    /// The reported quarter's first and last day.
    pub quarter: (NaiveDate, NaiveDate),
    /// The day of the run, for `today` in a range.
    pub today: NaiveDate,
}

impl Layout {
    /// Compiles a checked schema.
    ///
    /// # Errors
    /// [`Error::Input`] where it asks for what ingest cannot do: more than 48 columns, more than 126 codes, a
    /// reference to a table that is not there.
    pub fn new(schema: &TableSchema, context: &Context<'_>) -> Result<Self> {
        if schema.columns.len() > MOST_COLUMNS {
            return Err(Error::Input(format!("table `{}` has more than {MOST_COLUMNS} columns", schema.table)));
        }
        let columns = schema
            .columns
            .iter()
            .map(|(name, column)| column_reader(schema, name, column, context))
            .collect::<Result<Vec<_>>>()?;
        let place = |name: &String| schema.columns.get_index_of(name);
        let person = schema.columns.values().position(|column| is_person(column.kind));
        Ok(Layout {
            table: schema.table.clone(),
            stored: stored_schema(schema),
            names: schema.columns.keys().cloned().collect(),
            person,
            practitioner: schema.practitioner().and_then(|name| schema.columns.get_index_of(name)),
            dated_by: schema.dated_by.as_ref().and_then(place),
            unique: schema.unique.iter().filter_map(place).collect(),
            quarter: (days(context.quarter.0), days(context.quarter.1)),
            columns,
        })
    }

    /// Whether a column is part of the key that may occur once.
    ///
    /// The person always is. Where a row may come without one (an attendance that names its `onward_id` alone), every
    /// token is too: two people's rows that share an `attendance_id` must not set one another aside (invariant 4). So is
    /// the practitioner: one practitioner's row must not set aside another's with the same patient.
    pub fn in_key(&self, column: usize) -> bool {
        let may_lack_person = self.person.is_some_and(|person| !self.columns[person].required);
        let token = matches!(self.columns[column].stored, Some(Stored::Pseudonym(_)));
        let protected = [self.person, self.practitioner].contains(&Some(column));
        protected || self.unique.contains(&column) || (may_lack_person && token)
    }
}

/// Whether a column of this kind identifies the protected person.
pub fn is_person(kind: Kind) -> bool {
    kind.is_person()
}

/// The name under which a column is stored.
pub fn stored_name<'a>(schema: &TableSchema, column: &'a str) -> &'a str {
    match schema.columns.get(column) {
        Some(found) if is_person(found.kind) => PERSON,
        _ => column,
    }
}

/// The space of a column, with the form that its identifiers are brought to: the case in which a sender writes a key
/// makes no second person.
fn space(name: &str, column: &Column, pseudonymiser: &Pseudonymiser) -> Option<Space> {
    let space = pseudonymiser.space(column.pseudonym_space(name)?)?.clone();
    match (column.kind, column.sent_as) {
        (_, Some(SentAs::OpenPseudonymiser)) => Some(space.digesting(pseudonymiser.salt()?)),
        (Kind::Slk581, None) => Some(space.in_upper_case()),
        (Kind::OpenPseudonymiser, None) => Some(space.in_lower_case()),
        _ => Some(space),
    }
}

fn pattern(column: &Column) -> Option<Vec<u8>> {
    column.pattern.as_ref().map(|pattern| pattern.as_bytes().to_vec())
}

fn column_reader(schema: &TableSchema, name: &str, column: &Column, context: &Context<'_>) -> Result<ColumnReader> {
    let wrong = |why: &str| Error::Input(format!("schema of `{}`, column `{name}`: {why}", schema.table));
    let referred = || {
        let found = reference(column, context).map(Arc::new);
        found.ok_or_else(|| wrong("the public table that it refers to is not among the sources"))
    };
    let convert = match column.kind {
        Kind::Chi | Kind::NhsNumber => Convert::TenDigits,
        Kind::Slk581 => Convert::Slk581 { born: born(context) },
        Kind::OpenPseudonymiser => Convert::Digest { of_nothing: digests_of_nothing(context.pseudonymiser.salt()) },
        Kind::Token => Convert::Token,
        Kind::PracticeCode => Convert::PracticeCode {
            practices: column.to.as_ref().map(|_| referred()).transpose()?,
            pattern: pattern(column),
        },
        Kind::Code => Convert::Code(column.codes.iter().map(|code| code.as_bytes().to_vec()).collect()),
        Kind::Reference => Convert::Reference(referred()?),
        Kind::Date => Convert::Date { day_first: column.day_first, between: date_range(column, context) },
        Kind::Integer | Kind::Decimal => Convert::Whole {
            places: column.places,
            between: column.whole_range().ok_or_else(|| wrong("its range is too wide"))?,
        },
        Kind::Area => Convert::Area { pattern: pattern(column), retired: byte_map(&column.retired) },
        Kind::Text => Convert::Text,
    };
    let stored = match stored_type(schema, column) {
        None => None,
        Some(PSEUDONYM) => {
            let space = space(name, column, context.pseudonymiser);
            Some(Stored::Pseudonym(space.ok_or_else(|| wrong("it has no pseudonym space, or no salt"))?))
        }
        Some(DataType::Int8) => {
            let unknown = i8::try_from(column.codes.len()).ok().filter(|&n| n < i8::MAX);
            Some(Stored::Code { unknown: unknown.ok_or_else(|| wrong("it has more than 126 codes"))? })
        }
        Some(DataType::Int32) => Some(Stored::Row),
        Some(DataType::Date32) => Some(Stored::Date),
        Some(DataType::Int64) => Some(Stored::Whole),
        Some(_) => Some(Stored::Text),
    };
    let usual = match column.kind {
        Kind::Code | Kind::Reference => Breach::Unknown,
        Kind::PracticeCode => Breach::Warn,
        _ => Breach::Quarantine,
    };
    Ok(ColumnReader {
        name: name.into(),
        header: column.header.clone().unwrap_or_else(|| name.into()),
        convert,
        required: column.required,
        optional: column.optional,
        breach: column.breach.unwrap_or(usual),
        stored,
    })
}

/// Days on which a person of a linkage key may have been born.
///
/// Collections write 01011900 where the day is not known: it would make one person of many, so it is too early.
fn born(context: &Context<'_>) -> (i64, i64) {
    let first = NaiveDate::from_ymd_opt(1901, 1, 1).map_or(0, days);
    (first, days(context.today))
}

/// What OpenPseudonymiser makes of a blank: everyone without a number would be one person.
fn digests_of_nothing(salt: Option<&Arc<Salt>>) -> Vec<Digest> {
    std::iter::once(digest(b"", b"")).chain(salt.map(|salt| salt.digest(b""))).collect()
}

fn reference(column: &Column, context: &Context<'_>) -> Option<Reference> {
    let table = column.to.as_ref()?;
    let bytes = |text: &String| text.as_bytes().to_vec();
    Some(Reference {
        rows: context.references.get(table)?.clone(),
        retired: byte_map(&column.retired),
        unknown: column.unknown_codes.iter().map(bytes).collect(),
        vintages: column.vintages.values().map(|(from, to)| (bytes(from), bytes(to))).collect(),
    })
}

fn byte_map(map: &std::collections::BTreeMap<String, String>) -> HashMap<Vec<u8>, Vec<u8>> {
    map.iter().map(|(from, to)| (from.as_bytes().to_vec(), to.as_bytes().to_vec())).collect()
}

fn date_range(column: &Column, context: &Context<'_>) -> (i64, i64) {
    let day = |bound: &Scalar| match bound {
        Scalar::Text(text) if text == "today" => Some(days(context.today)),
        Scalar::Text(text) => text.parse().ok().map(days),
        Scalar::Integer(_) => None,
    };
    let (least, greatest) = column.between.as_ref().map_or((None, None), |(a, b)| (day(a), day(b)));
    // Date32's own range is far wider than any calendar in use; these keep the arithmetic of ages in bounds.
    (least.unwrap_or(-200_000), greatest.unwrap_or(200_000))
}
