//! Sources to store, public tables first: which files there are, how to read them, and what became of them.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use chrono::{Local, NaiveDate};
use sha2::{Digest, Sha256};

use super::extracts::{Job, Outcome, bring_in};
use super::keys;
use crate::config::plan::{Plan, Source};
use crate::error::{Error, Result};
use crate::ingest::layout::{Context, Layout};
use crate::link::{PrivateTable, PublicTable};
use crate::origin::delivery::hex;
use crate::origin::{self, Delivery};
use crate::progress::{Progress, Stage};
use crate::pseudonymise::Pseudonymiser;
use crate::schema::{Column, Sender, TableSchema};
use crate::store::{Store, Stored};
use crate::validation::{TableReport, Validation};

/// Raised whenever the same bytes under the same schema would be read otherwise: every part is then made again.
const RULES_VERSION: &str = "ingest 4";

/// A source, and what has arrived of it.
type Arrived = (Source, Vec<Delivery>);

/// How much there is to read.
fn bytes(arrived: &[Arrived]) -> u64 {
    arrived.iter().map(|(_, deliveries)| origin::bytes(deliveries)).sum()
}

/// Brings sources into the store, table by table.
pub struct Intake<'a> {
    pub(super) plan: &'a Plan,
    pub(super) store: &'a Store,
    progress: &'a Progress,
    threads: usize,
    pseudonymiser: Pseudonymiser,
    today: NaiveDate,
    pub(super) references: HashMap<String, HashMap<Vec<u8>, u32>>,
    /// The hash of each public table's content, for the parts that refer to it.
    public_hashes: HashMap<String, String>,
    /// What the operator will read.
    pub validation: Validation,
}

impl<'a> Intake<'a> {
    /// Reads the key, and nothing else.
    ///
    /// # Errors
    /// [`Error::Input`] where the key is missing, weak or open to others.
    pub fn new(plan: &'a Plan, store: &'a Store, progress: &'a Progress, threads: usize) -> Result<Self> {
        Ok(Intake::with(keys::pseudonymiser(plan)?, plan, store, progress, threads))
    }

    /// Reads no key: only tables without identifiers can be brought in.
    pub fn keyless(plan: &'a Plan, store: &'a Store, progress: &'a Progress, threads: usize) -> Self {
        Intake::with(Pseudonymiser::none(), plan, store, progress, threads)
    }

    fn with(
        pseudonymiser: Pseudonymiser,
        plan: &'a Plan,
        store: &'a Store,
        progress: &'a Progress,
        threads: usize,
    ) -> Self {
        // A clock that runs behind must not set rows of the reported quarter aside.
        let today = Local::now().date_naive().max(plan.quarter.last_day());
        let validation = Validation {
            board: plan.board.clone(),
            quarter: plan.quarter.to_string(),
            weaknesses: plan.weaknesses.clone(),
            ..Validation::default()
        };
        Intake {
            plan,
            store,
            progress,
            threads,
            pseudonymiser,
            today,
            references: HashMap::new(),
            public_hashes: HashMap::new(),
            validation,
        }
    }

    /// Brings the public tables in, and loads them: each after those that it refers to.
    ///
    /// # Errors
    /// [`Error::Input`] where one cannot be used; [`Error::Io`] where the store cannot be written.
    pub fn public(&mut self) -> Result<HashMap<String, PublicTable>> {
        let mut waiting = self.arrived(|sender| sender == Sender::Public)?;
        let stage = self.progress.stage("public tables", Some(bytes(&waiting)));
        let (mut tables, mut rows) = (HashMap::new(), 0);
        while !waiting.is_empty() {
            let ready =
                |(source, _): &Arrived| source.schema.columns.values().all(|column| self.leads_somewhere(column));
            let (next, later) = waiting.into_iter().partition::<Vec<_>, _>(ready);
            if next.is_empty() {
                return Err(Error::Input("the public tables refer to one another in a circle".into()));
            }
            let (brought, read) = self.bring(&next, &stage)?;
            rows += read;
            for ((source, _), PrivateTable { stored, .. }) in next.iter().zip(brought) {
                let table = PublicTable::load(&source.schema, &stored)?;
                self.references.insert(source.table.clone(), table.rows());
                let hash = self.hash_of_public(&source.schema, &stored, &table);
                self.public_hashes.insert(source.table.clone(), hash);
                tables.insert(source.table.clone(), table);
            }
            waiting = later;
        }
        stage.finish(rows);
        Ok(tables)
    }

    /// The same, for a run: what stops it here is in the operator's report.
    ///
    /// # Errors
    /// As [`Intake::public`] and [`Intake::check`].
    pub fn public_or_report(&mut self) -> Result<HashMap<String, PublicTable>> {
        let public = self.public();
        if let Err(error) = &public {
            self.validation.refused.push(error.to_string());
        }
        if let Err(error) = self.check() {
            self.report()?;
            return public.and(Err(error));
        }
        public
    }

    /// Whether a column refers to nothing, or to a public table that is there.
    fn leads_somewhere(&self, column: &Column) -> bool {
        column.to.as_ref().is_none_or(|table| self.references.contains_key(table))
    }

    /// Brings the private tables in. Call after [`Intake::public`]: their references are checked against it.
    ///
    /// # Errors
    /// As [`Intake::public`]; the caller asks for limits by [`Intake::check`].
    pub fn private(&mut self) -> Result<Vec<PrivateTable>> {
        let arrived = self.arrived(|sender| sender != Sender::Public)?;
        let stage = self.progress.stage("extracts", Some(bytes(&arrived)));
        let (tables, rows) = self.bring(&arrived, &stage)?;
        stage.finish(rows);
        Ok(tables)
    }

    /// The hash of a public table's content.
    pub fn public_hash(&self, table: &str) -> &str {
        self.public_hashes.get(table).map_or("", String::as_str)
    }

    /// Writes the operator's report, of what has been brought in so far.
    ///
    /// # Errors
    /// As [`Validation::write`].
    pub fn report(&mut self) -> Result<PathBuf> {
        self.validation.add_senders_by_folder();
        self.validation.compare(&self.plan.work, &self.plan.quarter.before(1).to_string());
        self.validation.write(&self.plan.work, &self.plan.publish.look)
    }

    /// Stops the run where a file was unusable or a schema's limit was passed.
    ///
    /// # Errors
    /// [`Error::Input`], naming every file and limit.
    pub fn check(&self) -> Result<()> {
        let complaints = self.validation.refused.iter().chain(&self.validation.over_limit).cloned().collect::<Vec<_>>();
        if complaints.is_empty() {
            return Ok(());
        }
        const SHOWN: usize = 20;
        let more = complaints.len().saturating_sub(SHOWN);
        let mut text = complaints[..complaints.len().min(SHOWN)].join("\n");
        if more > 0 {
            text.push_str(&format!("\nand {more} more"));
        }
        Err(Error::Input(format!("{text}\nNothing was published. The validation report lists every file and rule.")))
    }

    /// What has arrived of the tables that such a sender sends.
    fn arrived(&self, wanted: impl Fn(Sender) -> bool) -> Result<Vec<Arrived>> {
        let sources = self.plan.sources.iter().filter(|source| wanted(source.schema.from));
        sources.map(|source| Ok((source.clone(), origin::find(source, &self.plan.root)?))).collect()
    }

    /// The tables, and how many rows were read for them.
    fn bring(&mut self, arrived: &[Arrived], stage: &Stage<'_>) -> Result<(Vec<PrivateTable>, u64)> {
        let context = Context {
            pseudonymiser: &self.pseudonymiser,
            references: &self.references,
            quarter: (self.plan.quarter.first_day(), self.plan.quarter.last_day()),
            today: self.today,
        };
        let mut schemas = Vec::new();
        let mut jobs = Vec::new();
        for (source, deliveries) in arrived {
            let layout = Arc::new(Layout::new(&source.schema, &context)?);
            let rules = self.rules(&source.schema);
            for delivery in deliveries.iter().cloned() {
                let key_id = self.key_id(&source.schema).map(str::to_owned);
                let rules = rules.clone() + &delivery.reading();
                jobs.push(Job { delivery, layout: layout.clone(), rules, key_id });
            }
            schemas.push(source.schema.clone());
        }
        let outcome = bring_in(self.store, jobs, self.threads, &|bytes| stage.advance(bytes))?;
        let rows = outcome.rows;
        Ok((self.settle(schemas, outcome)?, rows))
    }

    /// Sorts parts by table, sweeps away what is no longer there, and notes it all for the operator.
    fn settle(&mut self, schemas: Vec<Arc<TableSchema>>, outcome: Outcome) -> Result<Vec<PrivateTable>> {
        self.validation.refused.extend(outcome.refused);
        let mut tables = Vec::new();
        for schema in schemas {
            let of_table = |stored: &&Stored| stored.manifest.table == schema.table;
            let stored = outcome.stored.iter().filter(of_table).cloned().collect::<Vec<_>>();
            let withdrawn = self.store.sweep(&schema.table, &stored)?;
            let report = TableReport::new(&schema, &stored, withdrawn);
            self.validation.over_limit.extend(report.over_limit(&schema));
            self.validation.tables.push(report);
            tables.push(PrivateTable::new(schema, stored));
        }
        Ok(tables)
    }

    /// The key that a table's pseudonyms are made under; none for a public table, which a new key leaves as it is.
    pub(super) fn key_id(&self, schema: &TableSchema) -> Option<&str> {
        (schema.from != Sender::Public).then(|| self.pseudonymiser.key_id())
    }

    /// The hash of all in a public table that a figure may depend on: where it names areas, everything but those names, so
    /// that a new spelling is neither a new question nor a break in a series.
    pub(super) fn hash_of_public(&self, schema: &TableSchema, stored: &[Stored], table: &PublicTable) -> String {
        let bare = schema.without_names();
        if bare.columns.len() == schema.columns.len() {
            return content_hash(stored);
        }
        let mut hash = Sha256::new();
        hash.update(self.rules(&bare));
        for (name, texts) in bare.columns.keys().filter_map(|name| Some((name, table.texts(name)?))) {
            hash.update(format!("\n{name}"));
            for text in texts {
                // A blank is told from a text without letters.
                hash.update(text.as_ref().map_or(u64::MAX, |text| text.len() as u64).to_le_bytes());
                hash.update(text.as_deref().unwrap_or_default());
            }
        }
        hex(&hash.finalize())
    }

    /// The hash of all that a part follows from, but for its extract.
    fn rules(&self, schema: &TableSchema) -> String {
        self.rules_over(schema, |table| self.public_hash(table))
    }

    /// The same over public tables of other content.
    pub(super) fn rules_over<'h>(&self, schema: &TableSchema, public_hash: impl Fn(&str) -> &'h str) -> String {
        let mut hash = Sha256::new();
        let mut add = |text: &str| {
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text);
        };
        add(RULES_VERSION);
        add(&format!("{schema:?}"));
        add(self.key_id(schema).unwrap_or_default());
        for table in schema.columns.values().filter_map(|column| column.to.as_ref()) {
            add(public_hash(table));
        }
        hex(&hash.finalize()[..16])
    }
}

/// The hash of a table's content: of each part's extract and rules, whatever the files are called.
pub fn content_hash(stored: &[Stored]) -> String {
    let mut parts =
        stored.iter().map(|part| format!("{} {}", part.manifest.sha256, part.manifest.rules)).collect::<Vec<_>>();
    parts.sort_unstable();
    hex(&Sha256::digest(parts.join("\n")))
}
