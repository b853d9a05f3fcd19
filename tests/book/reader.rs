//! A reader of the book, who does all that a chapter says, in order, in a folder of their own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::support::files;
use crate::support::program::{Ran, smirr};

use super::merge::merged;
use super::page::{Placed, Step, steps};
use super::said::agrees;

/// The file that is a board, in the folder that the book's reader works in.
const BOARD: &str = "board.yaml";

/// Follows a chapter from its first line to its last. Gives the reasons of the steps that are left out.
///
/// # Errors
/// The line of the page, and how what happened differs from what it says.
pub fn follow(page: &str) -> Result<Vec<String>, String> {
    let mut reader = Reader::new();
    let mut left_out = Vec::new();
    for placed in steps(page)? {
        match &placed.not_run {
            Some(reason) if reason.is_empty() => {
                return Err(format!("line {}: not run, without a reason", placed.line));
            }
            Some(reason) => left_out.push(reason.clone()),
            None => reader.does(&placed).map_err(|e| format!("line {}: {e}", placed.line))?,
        }
    }
    Ok(left_out)
}

struct Reader {
    /// Goes when the chapter ends.
    _home: TempDir,
    /// The folder that they are in.
    here: PathBuf,
}

impl Reader {
    fn new() -> Reader {
        let home = tempfile::tempdir().expect("there is a folder for temporary files");
        // As programs name it.
        let here = home.path().canonicalize().expect("it is there");
        Reader { _home: home, here }
    }

    fn does(&mut self, placed: &Placed) -> Result<(), String> {
        match &placed.step {
            Step::Command { typed, shown } => self.types(typed, shown, placed.code),
            Step::Yaml { file, text } => self.edits(file, text, placed.code),
        }
    }

    fn types(&mut self, typed: &str, shown: &[String], code: i32) -> Result<(), String> {
        if let Some(folder) = typed.strip_prefix("cd ") {
            self.here = self.here.join(folder).canonicalize().map_err(|e| format!("{folder}: {e}"))?;
            return Ok(());
        }
        let ran = self.shell(typed);
        let said = ran.stdout.replace(&format!("{}/", self.here.display()), "");
        let said = said.lines().map(str::trim_end).collect::<Vec<_>>();
        if ran.code != Some(code) {
            return Err(format!("`{typed}` ended with {:?}, not {code}, and said\n{}", ran.code, said.join("\n")));
        }
        if !shown.is_empty() && !agrees(shown, &said) {
            return Err(format!("the book shows\n{}\nand `{typed}` said\n{}", shown.join("\n"), said.join("\n")));
        }
        Ok(())
    }

    /// Both streams in one, as a terminal has them.
    fn shell(&self, typed: &str) -> Ran {
        let program = Path::new(env!("CARGO_BIN_EXE_smirr")).parent().expect("it is in a folder").to_path_buf();
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::join_paths([program].into_iter().chain(std::env::split_paths(&path)));
        let mut command = Command::new("sh");
        command.arg("-c").arg(format!("exec 2>&1\n{typed}")).current_dir(&self.here).stdin(Stdio::null());
        Ran::of(command.env("NO_COLOR", "1").env("PATH", path.expect("no folder of the search path has a colon")))
    }

    /// Puts YAML into its file, and checks the board.
    fn edits(&self, file: &str, text: &str, code: i32) -> Result<(), String> {
        let path = self.here.join(file);
        let was = fs::read_to_string(&path).unwrap_or_default();
        files::write(&path, merged(&was, text));
        let ran = Ran::of(smirr().arg("check").arg(BOARD).current_dir(&self.here));
        match ran.code == Some(code) {
            true => Ok(()),
            false => {
                Err(format!("`{file}`: check ended with {:?}, not {code}: {}{}", ran.code, ran.stdout, ran.stderr))
            }
        }
    }
}
