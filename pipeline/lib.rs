//! **smirr** turns extracts of GP practices and community organisations into area-level reports that are safe to
//! publish. The listing below is the pipeline, in the order in which the data travel.
//!
//! | floor | room | takes and gives | never |
//! |---|---|---|---|
//! | 0 | [`privacy`] | private vectors and a budget, to noised vectors and ledger entries | reads an extract, a clock or YAML |
//! | 1 | [`config`], [`schema`], [`error`] | YAML to a checked plan, every complaint with file, line and caret | touches data |
//! | 1 | [`secret`] | where a secret is to its text, which wipes itself | prints it |
//! | 1 | [`pseudonymise`] | an identifier to a keyed pseudonym | stores or prints either |
//! | 1 | [`engine`], [`progress`] | a DataFusion session, in this process or before a cluster; what the operator sees while it works | lets an engine's words through |
//! | 1 | [`look`] | a board's look, a template and words to a page | knows what a figure is |
//! | 1 | [`process`] | a process to one that leaves nothing in a core file | reads anything |
//! | 1 | [`folders`] | a path to a folder that is private, or open | leaves a mode to chance |
//! | 1 | [`boundaries`] | a file of boundaries and area codes to the areas' outlines | touches a table |
//! | 2 | [`origin`] | where extracts are said to be to what has arrived there: files, objects, queries | looks into it |
//! | 2 | [`ingest`] | what arrived to checked, pseudonymised batches; bad rows to quarantine by rule | prints a value |
//! | 2 | [`store`] | batches to Parquet by quarter, table and sender, whole or not at all | holds an identifier |
//! | 2 | [`validation`] | counts of both to the operator's report | leaves the operator's folder |
//! | 2 | [`link`] | the store to relations keyed by person | joins but on a person or a public table |
//! | 2 | [`measure`] | relations to bounded, private vectors over a public grid | aggregates without a bound |
//! | 2 | [`estimate`] | released vectors to figures with intervals, and rates | sees a private value |
//! | 2 | [`publish`] | figures to a pack of files | sees a private value |
//! | 2 | [`synth`] | a size and a seed to a fictional board's extracts, with the true answers | |
//! | 3 | [`run`] | the only room that knows the order of the stages | |
//! | 4 | `main.rs`, `commands` | arguments to the library, and its end to words and an exit code | decides anything |
//!
//! Two phases meet at the store. Up to it, work is by sender and needs the key; after it, plans use built-in functions
//! only and need no key, so that they run on a cluster too.
//!
//! A room imports from its own floor only as the flow above goes, never backwards: `tests/architecture.rs` reads the
//! imports and fails on a breach. `pseudonymise` stands on floor 1, and not beside `ingest`, because it is arithmetic
//! on bytes that ingest calls for every row; it knows neither tables nor files of data.

pub mod boundaries;
pub mod config;
pub mod engine;
pub mod error;
pub mod estimate;
pub mod folders;
#[cfg(test)]
#[path = "../tests/fuzz/driver.rs"]
mod fuzzing;
pub mod ingest;
pub mod link;
pub mod look;
pub mod measure;
pub mod origin;
pub mod privacy;
pub mod process;
pub mod progress;
pub mod pseudonymise;
pub mod publish;
pub mod run;
pub mod schema;
pub mod secret;
pub mod store;
pub mod synth;
pub mod validation;
