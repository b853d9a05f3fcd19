//! A cluster on this machine: a scheduler and executors, each a process of its own, on ports that were free.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Far beyond what any of it takes: a test that waits longer is broken, and says so.
const PATIENCE: Duration = Duration::from_secs(300);

/// A running cluster. Its processes end with it.
pub struct Cluster {
    program: PathBuf,
    folder: TempDir,
    /// Where the scheduler listens.
    pub port: u16,
    scheduler: Child,
    executors: Vec<Child>,
}

impl Cluster {
    /// Starts a scheduler and so many executors of `program`, which is `tests/cluster/node.rs`.
    pub fn start(program: &Path, executors: usize) -> Self {
        Self::start_at(program, executors, free_port())
    }

    /// The same, with the scheduler on this port.
    pub fn start_at(program: &Path, executors: usize, port: u16) -> Self {
        let folder = tempfile::tempdir().expect("there is a folder for temporary files");
        let scheduler = node(program, &["scheduler".into(), port.to_string()]);
        let mut cluster = Cluster { program: program.into(), folder, port, scheduler, executors: Vec::new() };
        wait("the scheduler listens", || TcpStream::connect(("127.0.0.1", port)).is_ok());
        (0..executors).for_each(|_| cluster.add_executor());
        cluster
    }

    fn add_executor(&mut self) {
        let folder = self.executor_folder(self.executors.len());
        std::fs::create_dir(&folder).expect("the folder is ours");
        let ports = [free_port(), free_port(), self.port].map(|port| port.to_string());
        let arguments = ["executor".into()].into_iter().chain(ports).chain([folder.display().to_string()]);
        self.executors.push(node(&self.program, &arguments.collect::<Vec<_>>()));
    }

    /// The line of a board's YAML that has its reports computed here.
    pub fn yaml(&self) -> String {
        format!("engine: {{ ballista: \"df://127.0.0.1:{}\", minutes: 5 }}\n", self.port)
    }

    fn executor_folder(&self, number: usize) -> PathBuf {
        self.folder.path().join(format!("executor-{number}"))
    }

    /// Waits until an executor has written something of a query, and gives its number.
    pub fn wait_for_work(&self) -> usize {
        let works = |number: &usize| {
            std::fs::read_dir(self.executor_folder(*number)).is_ok_and(|mut jobs| jobs.next().is_some())
        };
        let mut found = None;
        wait("an executor works", || {
            found = (0..self.executors.len()).find(works);
            found.is_some()
        });
        found.unwrap_or_default()
    }

    /// Kills an executor without a word to the scheduler.
    pub fn kill_executor(&mut self, number: usize) {
        end(&mut self.executors[number]);
    }

    /// Kills the scheduler.
    pub fn kill_scheduler(&mut self) {
        end(&mut self.scheduler);
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.executors.iter_mut().for_each(end);
        end(&mut self.scheduler);
    }
}

fn end(process: &mut Child) {
    // It may have ended by itself, which is as well.
    let _ended = process.kill();
    let _code = process.wait();
}

fn node(program: &Path, arguments: &[String]) -> Child {
    let mut command = Command::new(program);
    // Ballista reads plans and runs tasks on threads of its own, whose stack is the usual 2 MiB: short for an
    // unoptimised build.
    command.args(arguments).env("RUST_MIN_STACK", (64 << 20).to_string());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().expect("the node starts")
}

/// A port that nobody listens on.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("there is a free port");
    listener.local_addr().expect("it has an address").port()
}

#[track_caller]
fn wait(what: &str, mut done: impl FnMut() -> bool) {
    let began = Instant::now();
    while !done() {
        assert!(began.elapsed() < PATIENCE, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
