//! Takes a physical plan and the address of a Ballista scheduler, gives the rows that come of it. The one file that knows
//! Ballista, and that only in a build with the feature `distributed`.
//!
//! # What runs
//!
//! The plan that was proved is planned physically here, as for this process, and that physical plan is sent. Ballista
//! does not optimise what it is sent so: its scheduler cuts the plan into stages where rows are exchanged, asks again for
//! the exchanges and orders that each stage needs, and may choose which side of a join is built and read a count off what
//! the stage before has written. None of these changes what an operator gives; the operators that bound a person are the
//! ones that were proved. Joins are planned with both sides exchanged, and are never sent out whole to every task: so
//! there is no join that Ballista would have to plan in another way.
//!
//! A task that is run again gives the same rows, for a plan is a function of the store. Noise is drawn here, once, of what
//! came back.

use std::time::Duration;

/// Where a scheduler listens, and how long it is waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    /// A name or an address.
    pub host: String,
    /// The scheduler's port.
    pub port: u16,
    /// The longest that one query may take, queues and lost executors included.
    pub patience: Duration,
}

#[cfg(feature = "distributed")]
pub use with::settings;
#[cfg(not(feature = "distributed"))]
pub use without::settings;

#[cfg(feature = "distributed")]
mod with {
    use std::sync::Arc;

    use arrow::array::RecordBatch;
    use ballista_core::config::{
        BALLISTA_BROADCAST_JOIN_THRESHOLD_BYTES, BALLISTA_CLIENT_GRPC_HTTP2_KEEPALIVE_INTERVAL_SECONDS,
        BALLISTA_CLIENT_GRPC_MAX_MESSAGE_SIZE,
    };
    use ballista_core::execution_plans::execute_physical_plan;
    use ballista_core::extension::SessionConfigExt;
    use datafusion::error::DataFusionError;
    use datafusion::physical_plan::ExecutionPlan;
    use datafusion::physical_plan::common::collect;
    use datafusion::prelude::SessionConfig;
    use datafusion_proto::physical_plan::AsExecutionPlan;
    use datafusion_proto::protobuf::PhysicalPlanNode;

    use super::super::translate;
    use super::Cluster;
    use crate::error::{Error, Result};

    /// Partitions of an exchange. Tasks take as many of them at a time as an executor has cores.
    const PARTITIONS: usize = 16;
    /// The largest message, in bytes: a plan names every file of every table that it reads.
    const LARGEST_MESSAGE: usize = 256 << 20;
    /// Seconds after which a silent scheduler is asked whether it is there; it has 20 to answer.
    const STILL_THERE: usize = 20;

    /// What is planned for a cluster: Ballista's own settings, but for its joins.
    pub fn settings() -> Result<SessionConfig> {
        Ok(SessionConfig::new_with_ballista()
            .with_target_partitions(PARTITIONS)
            // Sides of a join are exchanged by its keys, both of them: as it is planned here it can run anywhere.
            .set_bool("datafusion.optimizer.prefer_hash_join", true)
            .set_usize("datafusion.optimizer.hash_join_single_partition_threshold", 0)
            .set_usize("datafusion.optimizer.hash_join_single_partition_threshold_rows", 0)
            .set_usize(BALLISTA_BROADCAST_JOIN_THRESHOLD_BYTES, 0)
            .set_usize(BALLISTA_CLIENT_GRPC_MAX_MESSAGE_SIZE, LARGEST_MESSAGE)
            .set_usize(BALLISTA_CLIENT_GRPC_HTTP2_KEEPALIVE_INTERVAL_SECONDS, STILL_THERE))
    }

    /// Why a cluster gave no rows.
    pub(in crate::engine) enum Fault {
        /// The plan has no form that Ballista reads.
        Form,
        /// It is not done within the time that it has.
        Late,
        /// Nothing listens where the scheduler should.
        Absent,
        /// Ballista says that it failed. Its words may quote a row.
        Failed(DataFusionError),
    }

    impl Cluster {
        /// Has the plan run, and gathers what comes of it.
        pub(in crate::engine) async fn collect(
            self,
            plan: Arc<dyn ExecutionPlan>,
            session: String,
            config: SessionConfig,
        ) -> std::result::Result<Vec<RecordBatch>, Fault> {
            let codec = config.ballista_physical_extension_codec();
            // Read back as the scheduler reads it: its reader gives up on a message that is too deep.
            let mut message = Vec::new();
            PhysicalPlanNode::try_from_physical_plan(plan.clone(), codec.as_ref())
                .and_then(|node| node.try_encode(&mut message))
                .and_then(|()| PhysicalPlanNode::try_decode(&message))
                .map_err(|_| Fault::Form)?;
            let (url, settings) = (format!("http://{}:{}", self.host, self.port), config.ballista_config());
            let rows = async {
                let rows =
                    execute_physical_plan::<PhysicalPlanNode>(url, &settings, plan, codec.as_ref(), session, config);
                collect(rows.await?).await
            };
            match tokio::time::timeout(self.patience, rows).await {
                Ok(Ok(rows)) => Ok(rows),
                Ok(Err(error)) => Err(if self.listens().await { Fault::Failed(error) } else { Fault::Absent }),
                Err(_) => Err(Fault::Late),
            }
        }

        /// Whether anything listens where the scheduler should. Ballista's own error says so in words alone.
        async fn listens(&self) -> bool {
            let connected = tokio::net::TcpStream::connect((self.host.trim_matches(['[', ']']), self.port));
            matches!(tokio::time::timeout(std::time::Duration::from_secs(5), connected).await, Ok(Ok(_)))
        }

        /// The fault in words of our own.
        pub(in crate::engine) fn explain(&self, fault: Fault, during: &str) -> Error {
            let scheduler = format!("df://{}:{}", self.host, self.port);
            Error::System(match fault {
                Fault::Form => format!(
                    "the plan cannot be sent to a cluster while {during}: it is too deep for Ballista's messages; leave \
                     `engine` out of the board's YAML, and it runs in this process"
                ),
                Fault::Late => format!(
                    "the cluster at {scheduler} was not done in time (`minutes: {}` in `engine`) while {during}: see whether \
                     it has executors, or give it longer; then run again",
                    self.patience.as_secs().div_ceil(60)
                ),
                Fault::Absent => format!(
                    "no Ballista scheduler can be reached at {scheduler} while {during}: start it, or correct `engine` in \
                     the board's YAML; then run again"
                ),
                Fault::Failed(error) => match translate(during, &error) {
                    Error::System(kind) => format!(
                        "{kind}, on the cluster at {scheduler}: its scheduler's log says why. It must be Ballista {}, and \
                         its executors must see the board's `work` folder under the same path. Then run again",
                        ballista_core::BALLISTA_VERSION.split('.').next().unwrap_or_default()
                    ),
                    other => return other,
                },
            })
        }
    }
}

#[cfg(not(feature = "distributed"))]
mod without {
    use std::sync::Arc;

    use arrow::array::RecordBatch;
    use datafusion::physical_plan::ExecutionPlan;
    use datafusion::prelude::SessionConfig;

    use super::Cluster;
    use crate::error::{Error, Result};

    /// Nothing is planned for a cluster here: `config` says so with file and line, before this is reached.
    pub fn settings() -> Result<SessionConfig> {
        Err(Error::System("this smirr was built without the feature `distributed`".into()))
    }

    /// Why a cluster gave no rows.
    pub(in crate::engine) struct NotBuilt;

    impl Cluster {
        /// No rows: nothing here can ask a cluster for them.
        pub(in crate::engine) async fn collect(
            self,
            _plan: Arc<dyn ExecutionPlan>,
            _session: String,
            _config: SessionConfig,
        ) -> std::result::Result<Vec<RecordBatch>, NotBuilt> {
            Err(NotBuilt)
        }

        /// The fault in words.
        pub(in crate::engine) fn explain(&self, _fault: NotBuilt, during: &str) -> Error {
            Error::System(format!(
                "this smirr was built without the feature `distributed`, and {during} is for a cluster"
            ))
        }
    }
}
