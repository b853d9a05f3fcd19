//! Takes what went wrong anywhere in the pipeline, gives one message and one exit code.
//! Never: a value from a private table, or the text of an engine's error, which may hold one.

use std::path::{Path, PathBuf};

use crate::config::diagnostic::Diagnostics;

/// The one result type of the pipeline.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Everything that ends a command early. The variant decides the exit code.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The YAML is wrong: every complaint, with file, line and caret. Exit code 10.
    #[error("{0}")]
    Config(Diagnostics),
    /// An extract is unusable, or breaks its rules more often than its schema allows. Exit code 11.
    #[error("{0}")]
    Input(String),
    /// The ledger has not enough budget left. Exit code 12.
    #[error("{0}")]
    Budget(String),
    /// A plan or a release that would break the promise. Exit code 13.
    #[error("{0}")]
    Privacy(String),
    /// A disk, a lock, a process: something outside smirr. Exit code 14.
    #[error("{what} {}: {source}", path.display())]
    Io {
        /// What was being done, as a verb phrase: "cannot write".
        what: &'static str,
        /// The file or folder it was done to.
        path: PathBuf,
        /// The system's own words; these name no content.
        source: std::io::Error,
    },
    /// Storage or system trouble with no single path. Exit code 14.
    #[error("{0}")]
    System(String),
}

impl Error {
    /// The process's exit code for this class of error.
    pub fn exit_code(&self) -> u8 {
        match self {
            Error::Config(_) => 10,
            Error::Input(_) => 11,
            Error::Budget(_) => 12,
            Error::Privacy(_) => 13,
            Error::Io { .. } | Error::System(_) => 14,
        }
    }

    /// An I/O error on `path`, with a verb phrase that says what was attempted.
    pub fn io(what: &'static str, path: impl AsRef<Path>, source: std::io::Error) -> Self {
        Error::Io { what, path: path.as_ref().to_path_buf(), source }
    }
}
