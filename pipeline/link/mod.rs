//! Takes the pseudonymised store and the schemas.
//! Gives the person-keyed relations that measures draw on, as SQL: people with their area and attributes, and each
//! table's rows with the person that they belong to.
//! Never joins but on a person, on a token that leads to a person, or onto a public table (invariant 4).

mod active;
mod aside;
mod earlier;
mod people;
mod public;
mod senders;
mod tokens;

use std::collections::HashMap;
use std::sync::Arc;

use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::ingest::layout::{BUCKET, PERSON, stored_name, stored_schema};
use crate::privacy::walk::{Holds, Sources};
use crate::schema::{Column, Kind, TableSchema};
use crate::store::{Staging, Stored, refuse_two_keys};

use aside::Aside;

pub use active::ACTIVE;
pub use earlier::{Earlier, earlier_table};
pub use people::{
    Attribute, Packing, PostNumber, REGISTER, active_registrations_sql, date_sql, numbered_posts_sql, posts_sql,
    registrations_sql,
};
pub use public::PublicTable;
pub use senders::{SenderCount, SenderRows, names_sender, sender_rows};
pub use tokens::{TokenLink, led_table, token_holders};

/// The tables of one quarter, ready for questions.
pub struct Linked<'a> {
    /// The session that holds them.
    pub engine: &'a Engine,
    /// Private tables by name.
    pub tables: HashMap<String, Table>,
    /// The same tables of the quarter before, where a measure asks for them.
    pub earlier: HashMap<String, Table>,
    /// Public tables by name.
    pub public: &'a HashMap<String, PublicTable>,
    /// Whom the engine's tables hold, for the proof of a plan.
    pub sources: Sources,
    /// SQL that gives the registrations of active people, once they are put aside.
    active: Option<String>,
    /// Where what is put aside lies.
    aside: Option<Aside>,
}

impl Linked<'_> {
    /// Puts aside, in `folder`, what measures of patients would otherwise look up each time: the rows that a token leads
    /// to somebody, and the registrations of active people. Figures are the same with and without. Without a folder both
    /// are empty, as private tables are where a plan is only explained.
    ///
    /// # Errors
    /// [`Error::Privacy`] where a plan mixes people; [`Error::Io`] or [`Error::System`] where it cannot be run.
    pub fn put_aside(&mut self, folder: Option<Staging>) -> Result<()> {
        self.put_aside_in(None, folder)
    }

    /// The same in so many passes, of which there are at most [`BUCKETS`].
    pub(crate) fn put_aside_in(&mut self, passes: Option<u64>, folder: Option<Staging>) -> Result<()> {
        let mut aside = Aside::new(folder, passes);
        self.put_tokens_aside(&mut aside)?;
        self.put_active_aside(&mut aside)?;
        self.aside = Some(aside);
        Ok(())
    }

    /// A private table.
    ///
    /// # Errors
    /// [`Error::Privacy`] where the sources have none of that name.
    pub fn table(&self, name: &str) -> Result<&Table> {
        self.tables.get(name).ok_or_else(|| Error::Privacy(format!("the sources have no table `{name}`")))
    }
}

/// A private table as measures see it.
pub struct Table {
    /// Its schema.
    pub schema: Arc<TableSchema>,
    /// SQL that gives its rows with a person each; coded columns under `name#`, in words under `name`.
    pub rows: String,
    /// The same, for measures that protect patients alone: where rows lead to people by a token, those that were put aside.
    pub patients_rows: String,
    /// Stored rows, to prove that no sum can overflow. A true count: it decides nothing that is published.
    pub stored: u64,
    /// The most people that those rows may lead to, for the same proof: a row without a person leads to everyone who
    /// holds its token.
    pub reach: u64,
}

/// A private table of the quarter, as the store holds it.
pub struct PrivateTable {
    /// Its schema.
    pub schema: Arc<TableSchema>,
    /// Its parts, one a sender's file.
    pub stored: Vec<Stored>,
    /// What the store has of it from the quarter before, where a measure asks for it.
    pub earlier: Option<Earlier>,
}

impl PrivateTable {
    /// A table of this quarter alone.
    pub fn new(schema: Arc<TableSchema>, stored: Vec<Stored>) -> Self {
        PrivateTable { schema, stored, earlier: None }
    }

    /// Its parts of all quarters that are read.
    pub fn parts(&self) -> impl Iterator<Item = &Stored> {
        self.stored.iter().chain(self.earlier.iter().flat_map(|earlier| &earlier.stored))
    }
}

/// Quotes a name for SQL.
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Quotes a text for SQL.
pub fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Opens the private tables of a quarter.
///
/// # Errors
/// [`Error::Privacy`] where their pseudonyms are of two keys;
/// [`Error::System`] where a stored file cannot be opened.
pub fn link<'a>(
    engine: &'a Engine,
    private: &[PrivateTable],
    public: &'a HashMap<String, PublicTable>,
) -> Result<Linked<'a>> {
    refuse_two_keys(private.iter().flat_map(PrivateTable::parts))?;
    let (mut tables, mut earlier) = (HashMap::new(), HashMap::new());
    let mut sources = public.keys().map(|table| (public_table(table), Holds::Nobody)).collect::<Sources>();
    for PrivateTable { schema, stored, earlier: before } in private {
        sources.insert(stored_table(&schema.table), holds(schema));
        if let Some(before) = before {
            earlier.insert(schema.table.clone(), before.open(engine, schema, &mut sources)?);
        }
        let files = stored.iter().flat_map(Stored::files).collect::<Vec<_>>();
        engine.register(&stored_table(&schema.table), &files, &stored_schema(schema))?;
        let schemas = private.iter().map(|it| it.schema.as_ref()).collect::<Vec<_>>();
        let rows = rows_of(private, &schema.table);
        let holders = token_holders(&schema.table, &schemas).iter().map(|holder| rows_of(private, holder)).sum::<u64>();
        let (sql, reach) = (rows_sql(schema, &schemas), rows + holders);
        let table = Table { schema: schema.clone(), patients_rows: sql.clone(), rows: sql, stored: rows, reach };
        tables.insert(schema.table.clone(), table);
    }
    Ok(Linked { engine, tables, earlier, public, sources, active: None, aside: None })
}

/// Whom the rows of a private table name.
fn holds(schema: &TableSchema) -> Holds {
    let patient = schema.person().map(|_| PERSON.to_owned());
    Holds::People { patient, practitioner: schema.practitioner().map(str::to_owned) }
}

/// Stored rows of a table.
fn rows_of(private: &[PrivateTable], table: &str) -> u64 {
    let parts = private.iter().filter(|it| it.schema.table == table).flat_map(|it| &it.stored);
    parts.map(|part| part.manifest.tally.stored).sum()
}

/// The name under which a public table is known to the engine.
pub fn public_table(table: &str) -> String {
    format!("public_{table}")
}

/// The name under which a private table's rows are known to the engine.
pub fn stored_table(table: &str) -> String {
    format!("stored_{table}")
}

/// A table's rows, each with its person. Rows that lead to no person are left out here, and counted by
/// [`link_rates`] for the operator.
fn rows_sql(schema: &TableSchema, all: &[&TableSchema]) -> String {
    let stored = stored_table(&schema.table);
    if schema.person().is_none() {
        // No person: a table of posts, whose rows name practitioners.
        return format!("SELECT {} FROM {} AS t", columns_sql(schema), quoted(&stored));
    }
    let own = own_rows_sql(&stored, schema);
    match TokenLink::of(schema, all) {
        Some(link) => {
            format!(
                "{own} UNION ALL SELECT w.{PERSON}, w.{BUCKET}, {} {}",
                columns_sql(schema),
                link.led_sql(schema, None)
            )
        }
        None => own,
    }
}

/// The rows of `relation`, stored by this schema, that name their person.
fn own_rows_sql(relation: &str, schema: &TableSchema) -> String {
    let (columns, relation) = (columns_sql(schema), quoted(relation));
    format!("SELECT t.{PERSON}, t.{BUCKET}, {columns} FROM {relation} AS t WHERE t.{PERSON} IS NOT NULL")
}

/// A public table's rows as the engine knows them: `row`, and every kept column, codes as in a private table.
pub fn public_rows_sql(schema: &TableSchema) -> String {
    let columns = schema.columns.iter().filter(|(_, column)| column.keep).map(|(name, column)| select(name, column));
    let columns = ["t.\"row\"".to_owned()].into_iter().chain(columns).collect::<Vec<_>>().join(", ");
    format!("SELECT {columns} FROM {} AS t", quoted(&public_table(&schema.table)))
}

/// The stored columns of a table known as `t`, but for its person.
fn columns_sql(schema: &TableSchema) -> String {
    let stored = |(name, column): &(&String, &Column)| column.is_stored() && stored_name(schema, name) != PERSON;
    let columns = schema.columns.iter().filter(stored).map(|(name, column)| select(name, column));
    columns.collect::<Vec<_>>().join(", ")
}

/// How a column is given: codes in words as well, for conditions.
fn select(name: &str, column: &Column) -> String {
    let name_sql = quoted(name);
    if column.kind != Kind::Code {
        return format!("t.{name_sql}");
    }
    let words = column.codes.iter().enumerate().map(|(place, code)| format!("WHEN {place} THEN {}", literal(code)));
    format!(
        "t.{name_sql} AS {}, CASE t.{name_sql} {} ELSE 'unknown' END AS {name_sql}",
        quoted(&coded(name)),
        words.collect::<Vec<_>>().join(" ")
    )
}

/// The name under which a coded column's place in its list is given.
pub fn coded(name: &str) -> String {
    format!("{name}#")
}

/// For the operator: how the rows of a table that may lack a person were linked.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct LinkRates {
    /// The table.
    pub table: String,
    /// Rows with a person of their own.
    pub by_person: u64,
    /// Rows without one whose token leads to one.
    pub by_token: u64,
    /// Rows that lead to nobody: in no measure, and never dropped in silence.
    pub unlinked: u64,
}

/// Counts how rows were linked, for each table that may lack a person.
///
/// # Errors
/// [`Error::System`] where the engine fails.
pub fn link_rates(linked: &Linked<'_>) -> Result<Vec<LinkRates>> {
    let schemas = linked.tables.values().map(|table| table.schema.as_ref()).collect::<Vec<_>>();
    let mut rates = Vec::new();
    for table in linked.tables.values() {
        let schema = &table.schema;
        let Some(link) = TokenLink::of(schema, &schemas) else { continue };
        let stored = quoted(&stored_table(&schema.table));
        let during = format!("counting the links of `{}`", schema.table);
        let own = count(linked.engine, &format!("SELECT count(*) FROM {stored} WHERE {PERSON} IS NOT NULL"), &during)?;
        let sql = format!(
            "SELECT count(*) FROM {stored} AS t LEFT SEMI JOIN ({}) AS w ON t.{} = w.token WHERE t.{PERSON} IS NULL",
            link.tokens_sql(),
            link.column_sql(),
        );
        let by_token = count(linked.engine, &sql, &during)?;
        rates.push(LinkRates {
            table: schema.table.clone(),
            by_person: own,
            by_token,
            unlinked: table.stored.saturating_sub(own).saturating_sub(by_token),
        });
    }
    rates.sort_by(|a, b| a.table.cmp(&b.table));
    Ok(rates)
}

fn count(engine: &Engine, sql: &str, during: &str) -> Result<u64> {
    use arrow::array::AsArray;
    let batches = engine.query(sql, during)?;
    let counts = batches.iter().filter(|batch| batch.num_rows() > 0);
    let column = counts.map(|batch| batch.column(0).as_primitive::<arrow::datatypes::Int64Type>().value(0)).next();
    column.map(i64::unsigned_abs).ok_or_else(|| Error::System(format!("the query engine gave no count while {during}")))
}
