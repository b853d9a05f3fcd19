//! Takes the arguments of one command, and gives its result on standard output: one file a command.
//! Never decides anything: the library does, and here it is put in words for people and in JSON for machines.

pub mod arguments;
pub mod check;
pub mod completions;
pub mod explain;
pub mod help;
pub mod init;
pub mod key;
pub mod ledger;
pub mod man;
pub mod plan;
#[cfg(test)]
mod reference;
pub mod run;
pub mod schema;
pub mod status;
pub mod study;
pub mod synth;
pub mod verify;

use std::fs::Permissions;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
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

/// Writes a file that anyone may read, and has it on disk. What stands there is replaced.
///
/// # Errors
/// [`Error::Io`] where it cannot be written.
pub fn write_open(path: &Path, text: &str) -> Result<()> {
    let failed = |e| Error::io("cannot write", path, e);
    let mut file = std::fs::File::create(path).map_err(failed)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
    file.set_permissions(Permissions::from_mode(0o644)).map_err(failed)
}

/// A complaint for machines; without a line and column where it is about a file as a whole.
pub fn complaint(it: &Diagnostic) -> serde_json::Value {
    let place = |number: usize| (number > 0).then_some(number);
    serde_json::json!({
        "file": it.file, "line": place(it.line), "column": place(it.column), "message": it.message, "help": it.help,
    })
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
