//! Takes the process as it was started, gives one that leaves nothing of what it read behind.
//! Never reads anything: it is called before anything is read.

use std::cell::Cell;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};

use rustix::process::{Resource, Rlimit, setrlimit};

use crate::error::{Error, Result};

/// A crash leaves no core, nobody else may look into the process's memory or its environment, what it writes is its
/// owner's alone, and a panic says where it happened and not what it met.
///
/// On Linux, a process that is not dumpable cannot be attached to, and what `/proc` shows of it belongs to root: its
/// environment too, which may hold the key. A program that it starts, such as a key store's client, is dumpable again,
/// and may leave no core either.
///
/// # Errors
/// [`Error::System`] where the system refuses: rather no run than one whose memory may end in a file.
pub fn harden() -> Result<()> {
    quiet_panics();
    // What a run writes is its operator's alone (invariant 8); `publish` opens its pack to everyone, and nothing else.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    let refused = |_| Error::System("the system refused to keep this process's memory out of core files".into());
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) }).map_err(refused)?;
    #[cfg(target_os = "linux")]
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable).map_err(refused)?;
    Ok(())
}

thread_local! {
    static EXPECTED: Cell<bool> = const { Cell::new(false) };
}

/// What a foreign reader makes of a file that may be damaged; `None` where it panics, which is then the file's fault and
/// not told as one of smirr's own.
pub fn guarded<T>(read: impl FnOnce() -> T) -> Option<T> {
    let before = EXPECTED.replace(true);
    let read = catch_unwind(AssertUnwindSafe(read));
    EXPECTED.set(before);
    read.ok()
}

/// A panic's message could quote a value: only where it happened is told, whatever `RUST_BACKTRACE` says.
fn quiet_panics() {
    std::panic::set_hook(Box::new(|panic| {
        if EXPECTED.get() {
            return;
        }
        let place = panic.location().map_or(String::new(), |at| format!(" at {}:{}", at.file(), at.line()));
        let _ = writeln!(
            std::io::stderr(),
            "smirr stopped on a fault of its own{place}. Nothing was published; please report it."
        );
    }));
}
