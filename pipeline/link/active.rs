//! The registrations of active people: those who have rows beside their registrations.
//!
//! Nearly everyone is registered and few have anything else, so a measure over another table that reads the whole
//! register reads most of it for nothing. Once a run, in as many passes as keep memory flat, the registrations of
//! active people are put aside, in the form and the bucket order of the store's own parts; measures over other tables
//! read those. A person with a row in such a table is active, so every one of them finds the registrations that the
//! register would give: no figure depends on whether this is done, nor on the tables that decided who is active.
//!
//! **Invariant 4**: whether a row is kept is decided by its person's rows alone, in whatever tables. Each plan that fills
//! the relation is proved to be so before it runs ([`rows_are_own`]), and what is proved is all that later proofs know
//! of the relation. It holds for patients. Leaving a practitioner out may leave some patient without a row beside their
//! registrations, so measures that protect practitioners read the register itself: the proof refuses the relation.

use std::ops::Range;
use std::path::PathBuf;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;

use super::{Linked, REGISTER, own_rows_sql, quoted, stored_table, token_holders};
use crate::error::{Error, Result};
use crate::ingest::buckets::by_bucket;
use crate::ingest::layout::{BUCKET, BUCKETS, PERSON, is_person, stored_schema};
use crate::privacy::Role;
use crate::privacy::walk::{Holds, Own, rows_are_own};
use crate::schema::TableSchema;
use crate::store::Staging;

/// The name under which the engine knows the relation.
pub const ACTIVE: &str = "active_patients";
/// Rows of all tables that one pass may have to go through: of most of them, a pseudonym at the most is held.
const ROWS_A_PASS: u64 = 4_000_000;

/// The registrations of active people, while they are kept.
pub struct Active {
    /// SQL that gives them, as [`super::Table::rows`] of the register gives all.
    pub(super) rows: String,
    /// Where they lie; gone with this, or with the next run where this one is killed.
    _folder: Option<Staging>,
}

/// One pass: what is proved of its plan, and the file of its rows, if it gave any.
type Kept = (Own, Option<PathBuf>);

impl Linked<'_> {
    /// Puts the registrations of active people aside in `folder`, for measures over other tables to read instead of the
    /// register. Without a folder the relation is empty, as private tables are where a plan is only explained.
    ///
    /// # Errors
    /// [`Error::Privacy`] where a plan that would fill it mixes people; [`Error::Io`] or [`Error::System`] where it
    /// cannot be filled.
    pub fn keep_active(&mut self, folder: Option<Staging>) -> Result<()> {
        let rows = self.tables.values().map(|table| table.stored).sum::<u64>();
        self.keep_active_in(rows.div_ceil(ROWS_A_PASS).clamp(1, BUCKETS as u64), folder)
    }

    /// The same in so many passes, of which there are at most [`BUCKETS`].
    pub(crate) fn keep_active_in(&mut self, passes: u64, folder: Option<Staging>) -> Result<()> {
        let schemas = self.tables.values().map(|table| table.schema.as_ref()).collect::<Vec<_>>();
        let (people, register) = (people_sql(&schemas), self.tables.get(REGISTER).map(|it| it.schema.clone()));
        let (Some(people), Some(register)) = (people, register) else { return Ok(()) };
        let start = |pass: u64| pass * BUCKETS as u64 / passes;
        let (mut files, mut proved) = (Vec::new(), None);
        for pass in 0..passes {
            let (own, file) = self.keep_pass(&register, &people, start(pass)..start(pass + 1), folder.as_ref())?;
            files.extend(file);
            proved = Some(own);
        }
        self.engine.register(ACTIVE, &files, &stored_schema(&register))?;
        self.sources.extend(proved.map(|own| (ACTIVE.to_owned(), Holds::Own(own))));
        self.active = Some(Active { rows: own_rows_sql(ACTIVE, &register), _folder: folder });
        Ok(())
    }

    fn keep_pass(
        &self,
        register: &TableSchema,
        people: &str,
        buckets: Range<u64>,
        folder: Option<&Staging>,
    ) -> Result<Kept> {
        let during = "putting aside the registrations of active people";
        let number = buckets.start;
        let within = format!("{BUCKET} >= {} AND {BUCKET} < {}", buckets.start, buckets.end);
        let plan = self.engine.plan(&kept_sql(register, people, &within), during)?;
        let own = rows_are_own(&plan, &self.sources, Role::Patient)?;
        let Some(folder) = folder else { return Ok((own, None)) };
        let batches = self.engine.run(plan, during)?;
        let schema = stored_schema(register);
        let other = |_| Error::System(format!("the query engine gave other columns while {during}"));
        let columns = batches.iter().map(|batch| RecordBatch::try_new(schema.clone(), batch.columns().to_vec()));
        let rows = concat_batches(&schema, &columns.collect::<Result<Vec<_>, _>>().map_err(other)?).map_err(other)?;
        if rows.num_rows() == 0 {
            return Ok((own, None));
        }
        let (rows, _) = by_bucket(rows, Vec::<()>::new())?;
        Ok((own, Some(folder.path_of(&folder.write(number as usize, &rows)?))))
    }
}

/// SQL that gives the people of every table beside the register, several times each; `None` where the whole register must
/// be read: where no other table has people, or a row may lead to people by a token that only their registration holds.
///
/// Elsewhere, whoever a token leads to has a row of their own in the table that holds it, which is read here too.
fn people_sql(schemas: &[&TableSchema]) -> Option<String> {
    let others = schemas.iter().filter(|schema| schema.table != REGISTER && schema.person().is_some());
    let mut others = others.map(|schema| schema.table.as_str()).collect::<Vec<_>>();
    // The same plan in every run.
    others.sort_unstable();
    let is_holder = |table: &&TableSchema| token_holders(&table.table, schemas).iter().any(|holder| holder == REGISTER);
    let whole = schemas.iter().filter(|schema| schema.table == REGISTER).any(|it| !names_everyone(it));
    if others.is_empty() || whole || schemas.iter().any(is_holder) {
        return None;
    }
    let of = |table: &str| {
        format!("SELECT {PERSON}, {BUCKET} FROM {} WHERE {PERSON} IS NOT NULL", quoted(&stored_table(table)))
    };
    Some(others.into_iter().map(of).collect::<Vec<_>>().join(" UNION ALL "))
}

fn names_everyone(schema: &TableSchema) -> bool {
    schema.columns.values().any(|column| is_person(column.kind) && column.required)
}

/// The registrations of these people, as they are stored.
fn kept_sql(register: &TableSchema, people: &str, within: &str) -> String {
    let schema = stored_schema(register);
    let columns = schema.fields().iter().map(|field| format!("t.{}", quoted(field.name()))).collect::<Vec<_>>();
    format!(
        "SELECT {} FROM (SELECT * FROM {} WHERE {within}) AS t \
         LEFT SEMI JOIN (SELECT DISTINCT {PERSON} FROM ({people}) WHERE {within}) AS a ON t.{PERSON} = a.{PERSON}",
        columns.join(", "),
        quoted(&stored_table(REGISTER)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema(table: &str, unique: &str, person: &str) -> TableSchema {
        let yaml = format!(
            "{{ table: {table}, from: practice, row: A row, unique: [{unique}], columns: {{ \
               chi: {{ type: chi, required: {person}, description: d }}, \
               pass: {{ type: token, space: pass, description: d }}, n: {{ type: token, space: {table}, description: d }} }} }}"
        );
        serde_yaml::from_str(&yaml).unwrap()
    }

    #[test]
    fn the_people_of_all_other_tables_are_active_unless_a_token_leads_past_them() {
        let register = schema("patients", "n", "true");
        let visits = schema("visits", "pass", "true");
        let uses = schema("uses", "n", "false");
        let sql = people_sql(&[&uses, &register, &visits]).unwrap();
        assert_eq!(sql, people_sql(&[&visits, &uses, &register]).unwrap());
        assert!(sql.contains("stored_visits") && sql.contains("stored_uses") && !sql.contains("stored_patients"));
        // A use may be somebody's of whom there is but a registration.
        assert_eq!(people_sql(&[&uses, &schema("patients", "pass", "true")]), None);
        // A registration may name nobody.
        assert_eq!(people_sql(&[&visits, &schema("patients", "n", "false")]), None);
        assert_eq!(people_sql(&[&register]), None);
    }
}
