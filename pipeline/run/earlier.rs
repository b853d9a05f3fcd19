//! The quarter before, for measures against it: its parts of the store, where they are there, whole, under the same key and
//! the same schema. Nothing is read of its extracts, and nothing of them in this quarter's.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::intake::{Intake, content_hash};
use crate::config::plan::Measure;
use crate::error::{Error, Result};
use crate::link::{Earlier, PrivateTable, PublicTable};
use crate::store::Stored;

/// What the inputs of a report say of the quarter before: a line a table.
pub fn inputs<'m>(measures: impl Iterator<Item = &'m Measure>, private: &[PrivateTable]) -> Vec<String> {
    let tables =
        measures.filter(|measure| measure.needs_earlier()).map(|it| it.table.as_str()).collect::<BTreeSet<_>>();
    let wanted = private.iter().filter(|it| tables.contains(it.schema.table.as_str()));
    let line =
        |it: &PrivateTable| Some(format!("earlier {} {}", it.schema.table, content_hash(&it.earlier.as_ref()?.stored)));
    wanted.filter_map(line).collect()
}

impl Intake<'_> {
    /// Adds to the private tables what the store has of them from the quarter before, where a measure asks for it. Call
    /// after [`Intake::public`].
    ///
    /// # Errors
    /// [`Error::Input`] where it has nothing of them, or nothing that people can be followed through; [`Error::Io`] where
    /// the store cannot be read.
    pub fn earlier(&self, private: &mut [PrivateTable]) -> Result<()> {
        let measures = || self.plan.reports.iter().flat_map(|report| &report.measures);
        for table in private {
            let asks = |measure: &&Measure| measure.needs_earlier() && measure.table == table.schema.table;
            if let Some(measure) = measures().find(asks) {
                table.earlier = Some(self.earlier_of(table, &measure.name)?);
            }
        }
        Ok(())
    }

    fn earlier_of(&self, table: &PrivateTable, measure: &str) -> Result<Earlier> {
        let (schema, quarter) = (&table.schema, self.plan.quarter.before(1));
        let refuse = |what: String, instead: &str| {
            Err(Error::Input(format!(
                "`{measure}` is measured against {quarter}: {what}. {instead}, or measure it without `against`"
            )))
        };
        let again = format!("Set the board to `quarter: {quarter}` and run `smirr ingest` from its extracts");
        let stored = self.store.earlier(&quarter.to_string(), &schema.table)?;
        if stored.is_empty() {
            return refuse(format!("the store has no `{}` of that quarter", schema.table), &again);
        }
        let key = self.key_id(schema);
        if let Some(part) = stored.iter().find(|part| part.manifest.key_id.as_deref() != key) {
            let (then, now) = (part.manifest.key_id.as_deref().unwrap_or("unknown"), key.unwrap_or("unknown"));
            let what = format!(
                "its `{}` was made under the key {then}, and the board's key is now {now}, so nobody can be followed from \
                 one quarter to the next",
                schema.table
            );
            return refuse(what, &again);
        }
        let (mut hashes, mut rows_now) = (BTreeMap::new(), HashMap::new());
        for public in schema.columns.values().filter_map(|column| column.to.as_deref()) {
            let parts = self.store.earlier(&quarter.to_string(), public)?;
            if parts.is_empty() {
                return refuse(format!("the store has no `{public}` of that quarter"), &again);
            }
            let (hash, rows) = self.of_public(public, &parts)?;
            hashes.insert(public, hash);
            rows_now.insert(public.to_owned(), rows);
        }
        let rules = self.rules_over(schema, |public| hashes.get(public).map_or("", String::as_str));
        if stored.iter().any(|part| part.manifest.rules != rules) {
            let what = format!("its `{}` was read by another schema, or by another version of smirr", schema.table);
            return refuse(what, &again);
        }
        Ok(Earlier { stored, rows_now })
    }

    /// The hash of a public table in the quarter before; and for each of its rows then, the row that has its key now.
    fn of_public(&self, public: &str, stored: &[Stored]) -> Result<(String, Vec<Option<u32>>)> {
        let missing = || Error::System(format!("the public table `{public}` was not brought in"));
        let source = self.plan.sources.iter().find(|source| source.table == public).ok_or_else(missing)?;
        let now = self.references.get(public).ok_or_else(missing)?;
        let then = PublicTable::load(&source.schema, stored)?;
        let rows = then.keys().iter().map(|key| now.get(key.as_bytes()).copied()).collect();
        Ok((self.hash_of_public(&source.schema, stored, &then), rows))
    }
}
