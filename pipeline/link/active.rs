//! The registrations of active people: those who have rows beside their registrations.
//!
//! Nearly everyone is registered and few have anything else, so a measure over another table that reads the whole
//! register reads most of it for nothing. Once a run, in as many passes as keep memory flat, the registrations of
//! active people are put aside, in the form and the bucket order of the store's own parts; measures over other tables
//! read those. A person with a row in such a table is active, so every one of them finds the registrations that the
//! register would give: no figure depends on whether this is done, nor on the tables that decided who is active.
//!
//! They are of no use where practitioners are protected ([`super::aside`]): leaving one out may leave some patient without a
//! row beside their registrations.

use super::aside::Aside;
use super::{Linked, REGISTER, quoted, stored_table, token_holders};
use crate::error::Result;
use crate::ingest::layout::{BUCKET, PERSON, is_person, stored_schema};
use crate::schema::TableSchema;

/// The name under which the engine knows the relation.
pub const ACTIVE: &str = "active_patients";

impl Linked<'_> {
    /// Puts the registrations of active people aside, for measures over other tables to read instead of the register.
    pub(super) fn put_active_aside(&mut self, aside: &mut Aside) -> Result<()> {
        let rows = self.tables.values().map(|table| table.stored).sum::<u64>();
        let schemas = self.tables.values().map(|table| table.schema.as_ref()).collect::<Vec<_>>();
        let (people, register) = (people_sql(&schemas), self.tables.get(REGISTER).map(|it| it.schema.clone()));
        let (Some(people), Some(register)) = (people, register) else { return Ok(()) };
        let kept = aside.put(self, ACTIVE, &register, rows, |within| kept_sql(&register, &people, within))?;
        self.active = Some(kept);
        Ok(())
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
