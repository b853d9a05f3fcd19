//! Takes the arguments of one command, and gives its result on standard output: one file a command.
//! Never decides anything: the library does, and here it is put in words for people and in JSON for machines.

pub mod explain;
pub mod key;
pub mod ledger;
pub mod plan;
pub mod run;
pub mod synth;

use std::io::Write;

use smirr::error::{Error, Result};

/// A reader that went away is no fault of the run.
pub fn print(text: &str) -> Result<()> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Error::System(format!("cannot write the result: {e}")))
        }
        _ => Ok(()),
    }
}
