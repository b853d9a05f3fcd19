//! Takes the arguments of one command, and gives its result on standard output: one file a command.
//! Never decides anything: the library does, and here it is put in words for people and in JSON for machines.

pub mod explain;
pub mod key;
pub mod ledger;
pub mod plan;
pub mod run;
pub mod status;
pub mod study;
pub mod synth;
pub mod verify;

use std::io::Write;
use std::path::Path;

use smirr::config::diagnostic::{Diagnostic, Diagnostics};
use smirr::config::plan::Plan;
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

/// Refuses a report that the board does not run.
pub fn known_report(plan: &Plan, config: &Path, report: Option<&str>) -> Result<()> {
    let Some(unknown) = report.filter(|name| !plan.reports.iter().any(|it| it.name == *name)) else { return Ok(()) };
    let known = plan.reports.iter().map(|report| report.name.as_str()).collect::<Vec<_>>().join(", ");
    let mut complaints = Diagnostics::new();
    let message = format!("the board runs no report `{unknown}`; it runs {known}");
    complaints.push(Diagnostic::whole_file(config, message));
    Err(Error::Config(complaints))
}
