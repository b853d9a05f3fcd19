//! Rows that name nobody, and the people whom a token of theirs leads to.
//!
//! Community organisations that do not hold a person's number hold the token of the onward referral that brought them. Each
//! pass of each measure would look all of those tokens up again; so once a run the rows that they lead to somebody are put
//! aside, with that person, and measures that protect patients read those.

use super::aside::Aside;
use super::{Linked, TableSchema, own_rows_sql, quoted, stored_table};
use crate::error::Result;
use crate::ingest::layout::{BUCKET, BUCKETS, PERSON, is_person, stored_schema};
use crate::schema::Kind;

/// The way from a row without a person to the people who hold its token.
pub struct TokenLink {
    /// The column that holds the token.
    pub column: String,
    /// The table that says whose it is.
    pub holder: String,
    /// Its column of the token.
    pub holder_column: String,
}

/// The name under which the engine knows the rows of a table that a token leads to somebody, once they are put aside.
pub fn led_table(table: &str) -> String {
    format!("led_{table}")
}

impl Linked<'_> {
    /// Puts aside the rows of every table that a token leads to somebody.
    pub(super) fn put_tokens_aside(&mut self, aside: &mut Aside) -> Result<()> {
        let schemas = self.tables.values().map(|table| table.schema.clone()).collect::<Vec<_>>();
        let all = schemas.iter().map(AsRef::as_ref).collect::<Vec<_>>();
        for schema in &schemas {
            let Some(link) = TokenLink::of(schema, &all) else { continue };
            let holders = self.tables.get(&link.holder).map_or(0, |holder| holder.stored);
            let led = aside.put(self, &led_table(&schema.table), schema, holders, |within| {
                let stored = stored_schema(schema);
                let columns = stored.fields().iter().map(|field| match field.name().as_str() {
                    name @ (PERSON | BUCKET) => format!("w.{name}"),
                    name => format!("t.{}", quoted(name)),
                });
                let columns = columns.collect::<Vec<_>>().join(", ");
                format!("SELECT {columns} {}", link.led_sql(schema, Some(within)))
            })?;
            if let Some(table) = self.tables.get_mut(&schema.table) {
                table.patients_rows = format!("{} UNION ALL {led}", own_rows_sql(&stored_table(&schema.table), schema));
            }
        }
        Ok(())
    }
}

impl TokenLink {
    /// Of a table whose rows may name nobody; `None` where no other table holds a token of theirs.
    pub fn of(schema: &TableSchema, all: &[&TableSchema]) -> Option<Self> {
        if !schema.columns.values().any(|column| is_person(column.kind) && !column.required) {
            return None;
        }
        for (name, column) in schema.columns.iter().filter(|(_, column)| column.kind == Kind::Token && column.keep) {
            let wanted = column.space(name);
            for holder in all.iter().filter(|other| other.table != schema.table) {
                let has_person = holder.columns.values().any(|column| is_person(column.kind) && column.required);
                let key = holder.columns.iter().find(|(name, column)| {
                    column.kind == Kind::Token
                        && column.keep
                        && column.space(name) == wanted
                        && holder.unique.contains(name)
                });
                if let (true, Some((holder_column, _))) = (has_person, key) {
                    return Some(TokenLink {
                        column: name.clone(),
                        holder: holder.table.clone(),
                        holder_column: holder_column.clone(),
                    });
                }
            }
        }
        None
    }

    /// The column that holds the token, of a table known as `t`.
    pub fn column_sql(&self) -> String {
        quoted(&self.column)
    }

    /// `FROM` the rows of the table that name nobody, as `t`, with each of the people that they lead to, as `w`: of those
    /// within some buckets, where it says so.
    ///
    /// A token that two people claim leads to both, each bounded on their own: dropping it for both would let one
    /// person's row decide another's (invariant 4).
    pub fn led_sql(&self, schema: &TableSchema, within: Option<&str>) -> String {
        let (column, holder) = (quoted(&self.holder_column), quoted(&stored_table(&self.holder)));
        let within = within.map_or(String::new(), |within| format!(" AND {within}"));
        format!(
            "FROM {} AS t JOIN (SELECT DISTINCT {column} AS token, {PERSON}, {BUCKET} FROM {holder} \
             WHERE {PERSON} IS NOT NULL AND {column} IS NOT NULL{within}) AS w ON t.{} = w.token \
             WHERE t.{PERSON} IS NULL AND t.{BUCKET} = {BUCKETS}",
            quoted(&stored_table(&schema.table)),
            self.column_sql()
        )
    }

    /// The tokens that lead to somebody, each once or more.
    pub fn tokens_sql(&self) -> String {
        let (column, holder) = (quoted(&self.holder_column), quoted(&stored_table(&self.holder)));
        format!("SELECT {column} AS token FROM {holder} WHERE {PERSON} IS NOT NULL AND {column} IS NOT NULL")
    }
}

/// The tables whose tokens lead a table's rows to people.
pub fn token_holders(table: &str, all: &[&TableSchema]) -> Vec<String> {
    let schema = all.iter().find(|schema| schema.table == table);
    schema.and_then(|schema| TokenLink::of(schema, all)).map(|link| link.holder).into_iter().collect()
}
