//! A table of the quarter before, as the store has it: the same people under the same key, with its references led from
//! that quarter's public tables to this one's.
//!
//! Rows of this quarter's own extracts that are dated in the quarter before are no part of it: an extract is whole for its
//! own quarter alone.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int32Array, RecordBatch};

use super::{Table, holds, quoted, select};
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::ingest::layout::{BUCKET, PERSON, stored_name, stored_schema};
use crate::privacy::walk::{Holds, Sources};
use crate::schema::TableSchema;
use crate::store::Stored;

/// What the store has of a table from the quarter before.
#[derive(Default)]
pub struct Earlier {
    /// Its parts, one a sender's file.
    pub stored: Vec<Stored>,
    /// For each public table that it refers to, and each of that table's rows then, the row now; `None` where it is gone.
    pub rows_now: HashMap<String, Vec<Option<u32>>>,
}

/// The name under which a private table's rows of the quarter before are known to the engine.
pub fn earlier_table(table: &str) -> String {
    format!("earlier_{table}")
}

/// The name under which the way from a public table's rows then to its rows now is known to the engine.
fn way_table(table: &str) -> String {
    format!("since_{table}")
}

impl Earlier {
    /// Makes the rows known to the engine, and to the proof whose they are.
    ///
    /// # Errors
    /// [`Error::System`] where a stored file cannot be opened.
    pub(super) fn open(&self, engine: &Engine, schema: &TableSchema, sources: &mut Sources) -> Result<Table> {
        let name = earlier_table(&schema.table);
        let files = self.stored.iter().flat_map(Stored::files).collect::<Vec<_>>();
        engine.register(&name, &files, &stored_schema(schema))?;
        sources.insert(name.clone(), holds(schema));
        let mut from = format!("{} AS t", quoted(&name));
        let mut columns = vec![format!("t.{PERSON}, t.{BUCKET}")];
        let kept = schema.columns.iter().filter(|(_, column)| column.is_stored());
        for (number, (column, about)) in kept.filter(|(column, _)| stored_name(schema, column) != PERSON).enumerate() {
            let Some(to) = &about.to else {
                columns.push(select(column, about));
                continue;
            };
            let rows = self.rows_now.get(to).map_or(&[][..], Vec::as_slice);
            engine.register_rows(&way_table(to), way(rows).ok_or_else(|| too_large(to))?)?;
            sources.insert(way_table(to), Holds::Nobody);
            let (column, way) = (quoted(column), quoted(&way_table(to)));
            from = format!("{from} LEFT JOIN {way} AS w{number} ON t.{column} = w{number}.\"row\"");
            columns.push(format!("w{number}.\"now\" AS {column}"));
        }
        let rows = format!("SELECT {} FROM {from} WHERE t.{PERSON} IS NOT NULL", columns.join(", "));
        let stored = self.stored.iter().map(|part| part.manifest.tally.stored).sum();
        // Every row has a person of its own: `config` admits no other table here.
        Ok(Table { schema: Arc::new(schema.clone()), patients_rows: rows.clone(), rows, stored, reach: stored })
    }
}

/// Rows then beside rows now. One that is gone gets a number below 0 of its own: it is no row that is there, and not the
/// unknown one either.
fn way(rows: &[Option<u32>]) -> Option<RecordBatch> {
    let last = i32::try_from(rows.len()).ok()?;
    let now = (0..last).zip(rows).map(|(then, now)| match now {
        Some(now) => i32::try_from(*now).ok(),
        None => Some(-3 - then),
    });
    let now = now.collect::<Option<Vec<_>>>()?;
    let (then, now): (ArrayRef, ArrayRef) =
        (Arc::new(Int32Array::from_iter_values(0..last)), Arc::new(Int32Array::from(now)));
    RecordBatch::try_from_iter([("row", then), ("now", now)]).ok()
}

fn too_large(table: &str) -> Error {
    Error::System(format!("the public table `{table}` is too large"))
}

#[cfg(test)]
mod tests {
    use arrow::array::AsArray;
    use arrow::datatypes::Int32Type;

    use super::*;

    #[test]
    fn a_row_that_is_gone_is_neither_another_nor_unknown() {
        let batch = way(&[Some(2), None, Some(0), None]).unwrap();
        let now = batch.column(1).as_primitive::<Int32Type>().values().to_vec();
        assert_eq!(now, [2, -4, 0, -6]);
        assert_eq!(way(&[]).unwrap().num_rows(), 0);
        assert!(way(&[Some(u32::MAX)]).is_none());
    }
}
