//! For the operator: how many rows came of each sender of a public list, so that one who is late is seen.

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;

use super::{Linked, Table, quoted, stored_table};
use crate::error::Result;
use crate::schema::{Kind, Sender, TableSchema};

/// The rows of one table by the practice or the organisation that they name. True counts.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct SenderRows {
    /// The table.
    pub table: String,
    /// The public table that lists the senders.
    pub list: String,
    /// Each sender of the list with its rows, 0 included.
    pub senders: Vec<SenderCount>,
    /// Rows that name no sender of the list.
    pub unknown: u64,
}

/// The rows of one sender.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct SenderCount {
    /// Its public code.
    pub sender: String,
    /// Its rows.
    pub rows: u64,
}

/// Counts the rows of every table that says which sender each is of.
///
/// # Errors
/// [`crate::error::Error::System`] where the engine fails.
pub fn sender_rows(linked: &Linked<'_>) -> Result<Vec<SenderRows>> {
    let mut found = Vec::new();
    for table in linked.tables.values() {
        if let Some((column, list)) = names_sender(&table.schema) {
            found.extend(of_table(linked, table, column, list)?);
        }
    }
    found.sort_by(|a, b| a.table.cmp(&b.table));
    Ok(found)
}

/// The stored column that leads to a row's sender, and the public table that it leads to.
pub fn names_sender(schema: &TableSchema) -> Option<(&str, &str)> {
    let wanted = match schema.from {
        Sender::Practice => Kind::PracticeCode,
        Sender::Organisation => Kind::Reference,
        Sender::Public => return None,
    };
    let mut columns = schema.columns.iter().filter(|(_, column)| column.kind == wanted && column.is_stored());
    columns.find_map(|(name, column)| Some((name.as_str(), column.to.as_deref()?)))
}

fn of_table(linked: &Linked<'_>, table: &Table, column: &str, list: &str) -> Result<Option<SenderRows>> {
    let Some(public) = linked.public.get(list) else { return Ok(None) };
    let name = &table.schema.table;
    let sql = format!(
        "SELECT CAST(t.{} AS BIGINT), count(*) FROM {} AS t GROUP BY 1",
        quoted(column),
        quoted(&stored_table(name))
    );
    let keys = public.keys();
    let (mut rows, mut unknown) = (vec![0; keys.len()], 0);
    for batch in linked.engine.query(&sql, &format!("counting the senders of `{name}`"))? {
        let senders = batch.column(0).as_primitive::<Int64Type>();
        let counts = batch.column(1).as_primitive::<Int64Type>();
        for (sender, count) in senders.iter().zip(counts.values()) {
            let place = sender.and_then(|row| usize::try_from(row).ok());
            *place.and_then(|row| rows.get_mut(row)).unwrap_or(&mut unknown) += count.unsigned_abs();
        }
    }
    let senders = keys.iter().zip(rows).map(|(sender, rows)| SenderCount { sender: sender.clone(), rows });
    Ok(Some(SenderRows { table: name.clone(), list: list.into(), senders: senders.collect(), unknown }))
}
