//! Relations that are computed once a run and put aside, in the form and the bucket order of the store's own parts.
//!
//! **Invariant 4**: whether a row is there is decided by its patient's rows alone, in whatever tables. Each plan that fills
//! such a relation is proved to be so before it runs ([`rows_are_own`]), and what is proved is all that later proofs know
//! of the relation. It holds for patients; of practitioners nothing is known, so measures that protect them read the
//! tables themselves: the proof refuses the relation.

use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;

use super::{Linked, own_rows_sql};
use crate::error::{Error, Result};
use crate::ingest::buckets::by_bucket;
use crate::ingest::layout::{BUCKET, BUCKETS, stored_schema};
use crate::privacy::Role;
use crate::privacy::walk::{Holds, Own, rows_are_own};
use crate::schema::TableSchema;
use crate::store::Staging;

/// Rows that one pass may have to hold something of: of most of them, a pseudonym or two.
const ROWS_A_PASS: u64 = 4_000_000;

/// Where relations of one run lie; gone with this, or with the next run where this one is killed.
pub struct Aside {
    /// Without a folder the relations are empty, as private tables are where a plan is only explained.
    folder: Option<Staging>,
    files: usize,
    /// So many passes, and not as many as the rows ask for.
    passes: Option<u64>,
}

/// One pass: what is proved of its plan, and the file of its rows, if it gave any.
type Filled = (Own, Option<PathBuf>);

impl Aside {
    pub(super) fn new(folder: Option<Staging>, passes: Option<u64>) -> Self {
        Aside { folder, files: 0, passes }
    }

    /// Makes a relation known as `name`, with the columns of a table, of what a query gives for the people of some
    /// buckets at a time. Gives SQL for its rows, as [`super::Table::rows`] of the table gives all. `rows` are those that
    /// the query has to go through.
    ///
    /// # Errors
    /// [`Error::Privacy`] where a plan that would fill it mixes people; [`Error::Io`] or [`Error::System`] where it
    /// cannot be filled.
    pub(super) fn put(
        &mut self,
        linked: &mut Linked<'_>,
        name: &str,
        schema: &TableSchema,
        rows: u64,
        sql: impl Fn(&str) -> String,
    ) -> Result<String> {
        let passes = self.passes.unwrap_or_else(|| rows.div_ceil(ROWS_A_PASS)).clamp(1, BUCKETS as u64);
        let start = |pass: u64| pass * BUCKETS as u64 / passes;
        let (mut files, mut proved) = (Vec::new(), None);
        for pass in 0..passes {
            let within = format!("{BUCKET} >= {} AND {BUCKET} < {}", start(pass), start(pass + 1));
            let (own, file) = self.fill(linked, schema, &sql(&within), &format!("putting aside `{name}`"))?;
            files.extend(file);
            proved = Some(own);
        }
        linked.engine.register(name, &files, &stored_schema(schema))?;
        linked.sources.extend(proved.map(|own| (name.to_owned(), Holds::Own(own))));
        Ok(own_rows_sql(name, schema))
    }

    fn fill(&mut self, linked: &Linked<'_>, schema: &TableSchema, sql: &str, during: &str) -> Result<Filled> {
        let plan = linked.engine.plan(sql, during)?;
        let own = rows_are_own(&plan, &linked.sources, Role::Patient)?;
        let Some(folder) = &self.folder else { return Ok((own, None)) };
        let batches = linked.engine.run(plan, during)?;
        let schema = stored_schema(schema);
        let other = |_| Error::System(format!("the query engine gave other columns while {during}"));
        let columns =
            batches.into_iter().map(|batch| RecordBatch::try_new(Arc::clone(&schema), batch.columns().to_vec()));
        let columns = columns.collect::<std::result::Result<Vec<_>, _>>().map_err(other)?;
        let rows = concat_batches(&schema, &columns).map_err(other)?;
        drop(columns);
        if rows.num_rows() == 0 {
            return Ok((own, None));
        }
        let (rows, _) = by_bucket(rows, Vec::<()>::new())?;
        self.files += 1;
        Ok((own, Some(folder.path_of(&folder.write(self.files, &rows)?))))
    }
}
