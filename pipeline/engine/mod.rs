//! Takes limits on memory and threads, gives a DataFusion session: in this process, or with a cluster behind it.
//! Never lets an engine's error text through: it may quote a row (invariant 8).

mod cluster;
#[cfg(all(test, feature = "distributed"))]
mod cluster_tests;
mod parts;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::datasource::empty::EmptyTable;
use datafusion::datasource::file_format::options::ReadOptions;
use datafusion::datasource::listing::{ListingTable, ListingTableConfig};
use datafusion::error::DataFusionError;
use datafusion::execution::context::DataFilePaths;
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::{ExecutionPlan, collect};
use datafusion::prelude::{ParquetReadOptions, SessionConfig, SessionContext};

use crate::error::{Error, Result};

pub use cluster::Cluster;

/// The planner calls itself once for every query within a query. A query that bounds many cells has dozens of them, which
/// outgrows the 2 MiB that a thread has by default; what is not used is never touched, and costs nothing.
const PLANNING_STACK: usize = 64 << 20;

/// Brackets and queries within one another; the parser's own 50 is short of a deep condition in a deep query.
const DEEPEST_QUERY: usize = 150;

/// A session over the pseudonymised store.
///
/// Queries are SQL text that smirr composes of its own words and of conditions that `config` has checked; they use
/// built-in functions only, so that the same text runs on a cluster.
pub struct Engine {
    context: SessionContext,
    runtime: tokio::runtime::Runtime,
    /// Who runs the plans, where it is not this process.
    cluster: Option<Cluster>,
    /// Where rows that are known here alone are put down for a cluster to read.
    scratch: PathBuf,
    /// How many of them there were: each has a name of its own, for a query may still read the former.
    written: AtomicUsize,
}

/// What a session may use.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Threads, and partitions of a query.
    pub threads: usize,
    /// Bytes that aggregates and joins may hold before they spill to `scratch`.
    pub memory: usize,
    /// Where they spill: an operator-only folder.
    pub scratch: PathBuf,
}

impl Engine {
    /// Opens a session.
    ///
    /// # Errors
    /// [`Error::System`] where the system gives no threads or no scratch folder.
    pub fn new(limits: &Limits) -> Result<Self> {
        Self::open(limits, SessionConfig::new().with_target_partitions(limits.threads), None)
    }

    /// Opens a session whose plans a cluster runs. Nothing is asked of the cluster before the first of them. What is
    /// registered is read by its executors: every file must be under a path that they see too, `scratch` among them.
    ///
    /// # Errors
    /// As [`Engine::new`]; [`Error::System`] also in a build without the feature `distributed`.
    pub fn on(limits: &Limits, cluster: Cluster) -> Result<Self> {
        Self::open(limits, cluster::settings()?, Some(cluster))
    }

    fn open(limits: &Limits, config: SessionConfig, cluster: Option<Cluster>) -> Result<Self> {
        let config = config
            .with_information_schema(false)
            .with_collect_statistics(true)
            // Conditions within such a query may be deep in their own right; `config` says how deep.
            .set_usize("datafusion.sql_parser.recursion_limit", DEEPEST_QUERY)
            // The build sides are pseudonyms, random by design: their range prunes nothing.
            .set_bool("datafusion.optimizer.enable_dynamic_filter_pushdown", false)
            .set_bool("datafusion.execution.parquet.pushdown_filters", false);
        let runtime = RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::new(FairSpillPool::new(limits.memory)))
            .with_temp_file_path(&limits.scratch)
            .build_arc()
            .map_err(|e| translate("starting", &e))?;
        let mut threads = tokio::runtime::Builder::new_multi_thread();
        threads.worker_threads(limits.threads).thread_stack_size(PLANNING_STACK);
        if cluster.is_some() {
            // Connections and clocks, which nothing in this process needs.
            threads.enable_all();
        }
        let threads =
            threads.build().map_err(|e| Error::System(format!("the query engine got no threads: {}", e.kind())))?;
        Ok(Engine {
            context: SessionContext::new_with_config_rt(config, runtime),
            runtime: threads,
            cluster,
            scratch: limits.scratch.clone(),
            written: AtomicUsize::new(0),
        })
    }

    /// Makes the Parquet `files`, all of `schema`, known as `name`.
    ///
    /// # Errors
    /// [`Error::System`] where a file is missing or damaged.
    pub fn register(&self, name: &str, files: &[PathBuf], schema: &SchemaRef) -> Result<()> {
        let failed = |e| translate(&format!("opening `{name}`"), &e);
        if files.is_empty() {
            let empty = Arc::new(EmptyTable::new(schema.clone()));
            return self.context.register_table(name, empty).map(drop).map_err(failed);
        }
        let urls = files.iter().map(|file| url_of(file)).collect::<Vec<_>>();
        let options = ParquetReadOptions::default().schema(schema);
        let options = options.to_listing_options(&self.context.copied_config(), self.context.copied_table_options());
        // Registered as itself and not as a view, so that plans show the name: the proof goes by it.
        let table = urls.to_urls().and_then(|urls| {
            let config = ListingTableConfig::new_with_multi_paths(urls).with_listing_options(options);
            ListingTable::try_new(config.with_schema(schema.clone()))
        });
        table.and_then(|table| self.context.register_table(name, Arc::new(table))).map(drop).map_err(failed)
    }

    /// Makes a public table known as `public_<table>`.
    ///
    /// # Errors
    /// [`Error::System`] where there is none or the engine refuses it.
    pub fn register_public(&self, table: &str, rows: Option<RecordBatch>) -> Result<()> {
        let rows = rows.ok_or_else(|| Error::System(format!("the public table `{table}` is too large")))?;
        self.register_rows(&format!("public_{table}"), rows)
    }

    /// Makes public rows known as `name`, in the place of what may be known so.
    ///
    /// # Errors
    /// [`Error::System`] where the engine refuses them.
    pub fn register_rows(&self, name: &str, rows: RecordBatch) -> Result<()> {
        let _former = self.context.deregister_table(name);
        if self.cluster.is_some() {
            // A file, and not rows within each plan: a plan goes to the scheduler and to every task.
            let number = self.written.fetch_add(1, Ordering::Relaxed);
            let file = self.scratch.join(format!("{name}-{number}.parquet"));
            write_parquet(&file, &rows)?;
            return self.register(name, &[file], &rows.schema());
        }
        self.context.register_batch(name, rows).map(drop).map_err(|e| translate(&format!("opening `{name}`"), &e))
    }

    /// Runs one query and gives its rows.
    ///
    /// # Errors
    /// [`Error::System`] with the kind of failure, and never the engine's own words.
    pub fn query(&self, sql: &str, during: &str) -> Result<Vec<RecordBatch>> {
        self.run(self.plan(sql, during)?, during)
    }

    /// The optimised plan of a query, which [`Engine::run`] runs as it is: names of tables and columns, and no data.
    ///
    /// # Errors
    /// [`Error::System`] where the engine refuses it.
    pub fn plan(&self, sql: &str, during: &str) -> Result<LogicalPlan> {
        let (context, sql) = (self.context.clone(), sql.to_owned());
        self.on_worker(during, async move { context.sql(&sql).await?.into_optimized_plan() })
    }

    /// Runs an optimised plan, and no other: it is not optimised again, so what was proved of it holds of what runs. A
    /// cluster is sent the physical plan that this process would run.
    ///
    /// # Errors
    /// As [`Engine::query`].
    pub fn run(&self, plan: LogicalPlan, during: &str) -> Result<Vec<RecordBatch>> {
        let state = self.context.state();
        let planned = state.clone();
        let physical = self.on_worker(during, async move {
            let physical: Arc<dyn ExecutionPlan> =
                planned.query_planner().create_physical_plan(&plan, &planned).await?;
            Ok(physical)
        })?;
        match &self.cluster {
            None => self.on_worker(during, async move { collect(physical, state.task_ctx()).await }),
            Some(cluster) => {
                let rows = cluster.clone().collect(physical, state.session_id().to_owned(), state.config().clone());
                self.joined(during, rows)?.map_err(|fault| cluster.explain(fault, during))
            }
        }
    }

    /// On a thread of the engine's own, whose stack is deep enough to plan on: the caller's may not be.
    fn on_worker<T: Send + 'static>(
        &self,
        during: &str,
        work: impl Future<Output = std::result::Result<T, DataFusionError>> + Send + 'static,
    ) -> Result<T> {
        self.joined(during, work)?.map_err(|e| translate(during, &e))
    }

    fn joined<T: Send + 'static>(&self, during: &str, work: impl Future<Output = T> + Send + 'static) -> Result<T> {
        let broke_off = |_| Error::System(format!("the query engine broke off while {during}"));
        self.runtime.block_on(self.runtime.spawn(work)).map_err(broke_off)
    }
}

/// A file's address: as a bare path, a folder called `a*` would be taken for a pattern.
fn url_of(file: &Path) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_.".contains(&byte);
    let written = |byte: &u8| if plain(*byte) { char::from(*byte).to_string() } else { format!("%{byte:02X}") };
    format!("file://{}", file.as_os_str().as_encoded_bytes().iter().map(written).collect::<String>())
}

/// Writes rows where a cluster reads them. They are public, so their statistics are too.
fn write_parquet(path: &Path, rows: &RecordBatch) -> Result<()> {
    let file = std::fs::File::create(path).map_err(|e| Error::io("cannot make", path, e))?;
    let failed = |_| Error::System(format!("cannot write {}", path.display()));
    let mut writer = parquet::arrow::ArrowWriter::try_new(file, rows.schema(), None).map_err(failed)?;
    writer.write(rows).map_err(failed)?;
    writer.close().map(drop).map_err(failed)
}

/// Reads a whole Parquet file of a public table.
///
/// # Errors
/// [`Error::Io`] or [`Error::System`] where it cannot be read.
pub fn read_parquet(path: &Path) -> Result<Vec<RecordBatch>> {
    let damaged =
        || Error::System(format!("a file of the store is damaged: {}; remove it and run again", path.display()));
    let file = std::fs::File::open(path).map_err(|e| Error::io("cannot open", path, e))?;
    let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(file).map_err(|_| damaged())?;
    let reader = reader.build().map_err(|_| damaged())?;
    reader.collect::<std::result::Result<Vec<_>, _>>().map_err(|_| damaged())
}

/// Translates an engine error by its kind alone. Its text may quote a row, so it goes no further.
fn translate(during: &str, source: &DataFusionError) -> Error {
    use DataFusionError as E;
    let kind = match source.find_root() {
        E::ResourcesExhausted(_) => "ran out of the memory or disk it may use",
        E::IoError(_) | E::ObjectStore(_) => "could not read or write a file",
        E::ParquetError(_) => "met a damaged Parquet file",
        E::Plan(_) | E::SchemaError(_, _) | E::SQL(_, _) => "refused the plan",
        E::ArrowError(_, _) => "could not compute a value",
        _ => "failed",
    };
    Error::System(format!("the query engine {kind} while {during}"))
}

#[cfg(test)]
mod tests {
    use arrow::array::{AsArray, Int64Array};
    use arrow::datatypes::{DataType, Field, Int64Type, Schema};

    use super::*;

    fn rows() -> RecordBatch {
        let schema = Arc::new(Schema::new(vec![Field::new("n", DataType::Int64, false)]));
        RecordBatch::try_new(schema, vec![Arc::new(Int64Array::from_iter_values(0..5_000))]).unwrap()
    }

    #[test]
    fn files_are_read_in_a_folder_of_any_name() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("board #1: [x]{quarter}*? 100%41 'é'");
        std::fs::create_dir(&folder).unwrap();
        let engine = Engine::new(&Limits { threads: 2, memory: 64 << 20, scratch: folder.clone() }).unwrap();
        let file = folder.join("part.parquet");
        write_parquet(&file, &rows()).unwrap();
        engine.register("left", &[file], &rows().schema()).unwrap();
        engine.register_rows("right", rows()).unwrap();
        let sql = "SELECT sum(a.n * b.n) FROM \"left\" AS a JOIN \"right\" AS b ON a.n = b.n WHERE b.n % 3 = 0";
        let batches = engine.query(sql, "testing").unwrap();
        let sum = batches.iter().map(|batch| batch.column(0).as_primitive::<Int64Type>().value(0)).sum::<i64>();
        assert_eq!(sum, (0..5_000i64).filter(|n| n % 3 == 0).map(|n| n * n).sum::<i64>());
    }

    #[test]
    fn groups_of_parts_together_are_those_of_the_whole() {
        let folder = tempfile::tempdir().unwrap();
        let engine = Engine::new(&Limits { threads: 2, memory: 64 << 20, scratch: folder.path().into() }).unwrap();
        engine.register_rows("numbers", rows()).unwrap();
        let sql = |rows: &str| {
            format!(
                "SELECT g, least(s, 900000) AS s, many, b, most - least AS wide FROM (SELECT n % 7 AS g, sum(n) AS s, \
                 count(*) AS many, bit_or(n & 48) AS b, max(n) AS most, min(n) AS least FROM numbers WHERE {rows} GROUP BY 1)"
            )
        };
        let whole = engine.plan(&sql("n >= 0"), "testing").unwrap();
        let mut depth = 0;
        let mut node = &whole;
        while !matches!(node, LogicalPlan::Aggregate(_)) {
            (node, depth) = (node.inputs()[0], depth + 1);
        }
        assert!(depth > 0);
        let part = |rows: &str| {
            let plan = engine.plan(&sql(rows), "testing").unwrap();
            let part = (0..depth).fold(&plan, |node, _| node.inputs()[0]).clone();
            engine.run(part, "testing").unwrap()
        };
        // One part has no rows of some groups, and one has none at all.
        let groups = ["n < 3", "n >= 3 AND n < 4000", "n >= 4000", "n > 9000"].map(part).concat();
        let together = engine.put_together(&whole, depth, &groups, "testing").unwrap();
        let shown = |plan: LogicalPlan| {
            let batches = engine.run(plan, "testing").unwrap();
            let all = arrow::compute::concat_batches(&batches[0].schema(), &batches).unwrap();
            let number = |row: usize, column: usize| all.column(column).as_primitive::<Int64Type>().value(row);
            let mut rows =
                (0..all.num_rows()).map(|row| [0, 1, 2, 3, 4].map(|column| number(row, column))).collect::<Vec<_>>();
            rows.sort_unstable();
            rows
        };
        assert_eq!(shown(together), shown(whole.clone()));
        let nothing = engine.put_together(&whole, depth, &[], "testing").unwrap();
        assert_eq!(engine.run(nothing, "testing").unwrap().iter().map(RecordBatch::num_rows).sum::<usize>(), 0);
        assert!(engine.put_together(&whole, 0, &groups, "testing").is_err());
    }
}
