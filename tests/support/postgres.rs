//! A PostgreSQL server on loopback, in a folder of its own, with Debian's programs.

use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use super::extracts::Extract;
use super::files;

/// The password of the user that smirr comes as. No output may hold it.
pub const CANARY: &str = "canary-5d1f'b\\ 9e7c=";
/// The same in single quotes.
const QUOTED: &str = "'canary-5d1f\\'b\\\\ 9e7c='";

/// A server, which ends with this.
pub struct Server {
    child: Child,
    folder: TempDir,
    port: u16,
}

/// Debian keeps the programs of each version in a folder of its own.
fn programs() -> PathBuf {
    let found = glob::glob("/usr/lib/postgresql/*/bin").expect("it is a glob").flatten().max();
    found.expect("PostgreSQL is installed")
}

/// PostgreSQL refuses to run as root: there, it runs as nobody.
fn as_nobody(command: &mut Command) -> &mut Command {
    match rustix::process::geteuid().is_root() {
        true => command.uid(65_534).gid(65_534),
        false => command,
    }
}

impl Server {
    /// Starts one.
    pub fn start() -> Server {
        let folder = tempfile::tempdir().expect("there is a folder for temporary files");
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).expect("it is ours");
        let data = folder.path().join("data");
        std::fs::create_dir(&data).expect("it is ours");
        if rustix::process::geteuid().is_root() {
            chown(&data, Some(65_534), Some(65_534)).expect("root may");
        }
        let password = folder.path().join("password");
        files::write(&password, CANARY);
        let mut made = Command::new(programs().join("initdb"));
        made.args(["--username=owner", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]);
        made.arg(format!("--pwfile={}", password.display())).arg("-D").arg(&data).current_dir(&data);
        let ran = as_nobody(&mut made).output().expect("initdb starts");
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        let port = TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).expect("there is a port").port();
        let server = Server { child: launch(&data, port), folder, port };
        let is_up = || {
            Command::new(programs().join("pg_isready"))
                .args(["-h", "127.0.0.1", "-q", "-p"])
                .arg(port.to_string())
                .status()
        };
        for _ in 0..600 {
            if is_up().is_ok_and(|status| status.success()) {
                server.sql(&format!("CREATE ROLE reader LOGIN PASSWORD '{}'", CANARY.replace('\'', "''")));
                return server;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("the server does not come up");
    }

    /// What smirr connects by, as its file of one.
    pub fn connection(&self) -> String {
        format!("host=127.0.0.1 port={} user=reader dbname=postgres sslmode=disable password={QUOTED}\n", self.port)
    }

    /// Runs a statement as the owner, and gives what it prints.
    pub fn sql(&self, statement: &str) -> String {
        let mut psql = Command::new(programs().join("psql"));
        psql.args(["-h", "127.0.0.1", "-U", "owner", "-d", "postgres", "-v", "ON_ERROR_STOP=1", "-AtqX", "-p"]);
        psql.arg(self.port.to_string()).args(["-c", statement]).env("PGPASSWORD", CANARY);
        let ran = psql.output().expect("psql starts");
        assert!(ran.status.success(), "{statement}: {}", String::from_utf8_lossy(&ran.stderr));
        String::from_utf8_lossy(&ran.stdout).trim().to_owned()
    }

    /// A table of a CSV file, which the reader may read: days as days, sessions as numbers, all else as text.
    pub fn load(&self, table: &str, path: &Path) {
        let kind = |name: &String| match name.as_str() {
            name if name.ends_with("_on") => "date",
            "sessions" => "smallint",
            _ => "text",
        };
        let columns =
            Extract::read(path).records[0].iter().map(|name| format!("{name} {}", kind(name))).collect::<Vec<_>>();
        self.sql(&format!("CREATE TABLE {table} ({}); GRANT SELECT ON {table} TO reader", columns.join(", ")));
        self.sql(&format!("\\copy {table} FROM '{}' CSV HEADER", path.display()));
    }

    /// Ends the server as its operator would, and waits for it.
    pub fn stop(&mut self) {
        if let Some(process) = rustix::process::Pid::from_raw(self.child.id() as i32) {
            let _ = rustix::process::kill_process(process, rustix::process::Signal::INT);
        }
        let _ = self.child.wait();
    }

    /// Starts it again where it was.
    pub fn start_again(&mut self) {
        self.child = launch(&self.folder.path().join("data"), self.port);
        std::thread::sleep(Duration::from_secs(2));
    }
}

fn launch(data: &Path, port: u16) -> Child {
    let mut server = Command::new(programs().join("postgres"));
    server.arg("-D").arg(data).arg("-p").arg(port.to_string());
    server.args(["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "fsync=off"]);
    server.current_dir(data).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    as_nobody(&mut server).spawn().expect("postgres starts")
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}
