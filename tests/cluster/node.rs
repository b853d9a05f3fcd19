//! A node of a cluster for the tests: Ballista's own scheduler or executor, started by its own entry point, with settings
//! that let a lost one be noticed within seconds. Not for use: `ballista-scheduler` and `ballista-executor` are.

use std::net::SocketAddr;
use std::sync::Arc;

use ballista_executor::executor_process::{ExecutorProcessConfig, start_executor_process};
use ballista_scheduler::cluster::BallistaCluster;
use ballista_scheduler::config::SchedulerConfig;
use ballista_scheduler::scheduler_process::start_server;

const HOST: &str = "127.0.0.1";
/// Seconds without a heartbeat, of which there is one a second, after which an executor counts as lost.
const LOST: u64 = 6;
/// The largest message, in bytes: a plan names every file of every table that it reads.
const LARGEST_MESSAGE: u32 = 256 << 20;
/// What an executor's tasks may hold together before they spill, in bytes.
const MEMORY: u64 = 1 << 30;

fn main() {
    let arguments = std::env::args().skip(1).collect::<Vec<_>>();
    let words = arguments.iter().map(String::as_str).collect::<Vec<_>>();
    let port = |text: &str| text.parse::<u16>().expect("a port");
    // As the scheduler's own `main` does: plans are read by functions that call themselves.
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().thread_stack_size(32 << 20).build();
    let runtime = runtime.expect("the system gives threads");
    match words[..] {
        ["scheduler", own] => runtime.block_on(scheduler(port(own))),
        ["executor", own, grpc, scheduler, folder] => {
            runtime.block_on(executor(port(own), port(grpc), port(scheduler), folder));
        }
        _ => panic!("scheduler PORT, or executor PORT GRPC-PORT SCHEDULER-PORT FOLDER"),
    }
}

async fn scheduler(port: u16) {
    let config = SchedulerConfig {
        bind_host: HOST.into(),
        external_host: HOST.into(),
        bind_port: port,
        executor_timeout_seconds: LOST,
        expire_dead_executor_interval_seconds: 1,
        no_executors_grace_period_seconds: LOST,
        grpc_server_max_decoding_message_size: LARGEST_MESSAGE,
        grpc_client_max_message_size: LARGEST_MESSAGE,
        ..SchedulerConfig::default()
    };
    let cluster = BallistaCluster::new_from_config(&config).await.expect("a cluster in memory");
    let address = SocketAddr::new(HOST.parse().expect("an address"), port);
    start_server(cluster, address, Arc::new(config)).await.expect("the scheduler runs until it is stopped");
}

async fn executor(port: u16, grpc_port: u16, scheduler_port: u16, folder: &str) {
    let config = ExecutorProcessConfig {
        bind_host: HOST.into(),
        external_host: Some(HOST.into()),
        port,
        grpc_port,
        scheduler_host: HOST.into(),
        scheduler_port,
        scheduler_connect_timeout_seconds: 30,
        vcores: 2,
        work_dir: Some(folder.into()),
        executor_heartbeat_interval_seconds: 1,
        grpc_max_decoding_message_size: LARGEST_MESSAGE,
        memory_pool_size: Some(MEMORY),
        ..ExecutorProcessConfig::default()
    };
    start_executor_process(Arc::new(config)).await.expect("the executor runs until it is stopped");
}
