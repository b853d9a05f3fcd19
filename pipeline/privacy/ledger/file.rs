//! The file: one SQLite database a board, created for its owner alone, durable before anything is drawn.

use std::fs::{File, OpenOptions};
use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use super::chain;
use crate::error::{Error, Result};

/// The format that this smirr reads and writes. Roles and revisions came later and did not change it: an entry without
/// them is a first release that protects patients, and a smirr that does not know them counts their loss against all.
const FORMAT: i64 = 1;
/// Marks the file as a smirr ledger in SQLite's own header: "smir".
const APPLICATION: i64 = 0x736d_6972;
/// How long one smirr waits for another. A large draw holds the ledger for some seconds.
const PATIENCE: Duration = Duration::from_secs(30);

/// Entries and draws may be added and nothing else; the head may move forward only.
const SCHEMA: &str = "
CREATE TABLE meta (board TEXT NOT NULL, format_version INTEGER NOT NULL, ledger_id TEXT NOT NULL) STRICT;
CREATE TABLE entries (
    id INTEGER PRIMARY KEY, payload TEXT NOT NULL CHECK (json_valid(payload)), at TEXT NOT NULL,
    previous BLOB NOT NULL UNIQUE, hash BLOB NOT NULL UNIQUE) STRICT;
CREATE TABLE draws (reservation INTEGER PRIMARY KEY REFERENCES entries (id), blob BLOB NOT NULL) STRICT;
CREATE TABLE head (one INTEGER PRIMARY KEY CHECK (one = 1), entry INTEGER NOT NULL, hash BLOB NOT NULL) STRICT;
CREATE UNIQUE INDEX one_debit_a_release ON entries (json_extract(payload, '$.release'))
    WHERE json_extract(payload, '$.kind') = 'reserved';
CREATE UNIQUE INDEX one_draw_a_release ON entries (json_extract(payload, '$.release'))
    WHERE json_extract(payload, '$.kind') = 'drawn';
CREATE TRIGGER entries_stay BEFORE UPDATE ON entries BEGIN SELECT RAISE(ABORT, 'entries are never changed'); END;
CREATE TRIGGER entries_last BEFORE DELETE ON entries BEGIN SELECT RAISE(ABORT, 'entries are never deleted'); END;
CREATE TRIGGER draws_stay BEFORE UPDATE ON draws BEGIN SELECT RAISE(ABORT, 'draws are never changed'); END;
CREATE TRIGGER draws_last BEFORE DELETE ON draws BEGIN SELECT RAISE(ABORT, 'draws are never deleted'); END;
CREATE TRIGGER meta_stays BEFORE UPDATE ON meta BEGIN SELECT RAISE(ABORT, 'a ledger keeps its board'); END;
CREATE TRIGGER meta_lasts BEFORE DELETE ON meta BEGIN SELECT RAISE(ABORT, 'a ledger keeps its board'); END;
CREATE TRIGGER head_lasts BEFORE DELETE ON head BEGIN SELECT RAISE(ABORT, 'a ledger keeps its head'); END;
CREATE TRIGGER head_grows BEFORE UPDATE ON head WHEN NEW.entry <> OLD.entry + 1
    BEGIN SELECT RAISE(ABORT, 'the head moves one entry at a time'); END;
";

/// Whose ledger it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Meta {
    pub board: String,
    pub version: i64,
    pub id: String,
}

/// Opens the ledger at `path`, or makes an empty one there.
///
/// Errors: [`Error::Io`] where the file cannot be made; [`Error::System`] where it is another board's,
/// of a newer format, or not a ledger.
pub(super) fn open(path: &Path, board: &str) -> Result<(Connection, Meta)> {
    create(path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags).map_err(trouble)?;
    connection.busy_timeout(PATIENCE).map_err(trouble)?;
    // EXTRA also syncs the folder once the journal is gone, so that a committed debit survives the
    // loss of power.
    connection.execute_batch("PRAGMA synchronous = EXTRA; PRAGMA foreign_keys = ON;").map_err(trouble)?;
    let meta = settle(&mut connection, path, board)?;
    // A rollback journal keeps the ledger one file. Set last: this writes, so the file must be ours.
    connection.execute_batch("PRAGMA journal_mode = DELETE;").map_err(trouble)?;
    if meta.version > FORMAT {
        return Err(Error::System(format!(
            "the ledger is of format {}, and this smirr reads format {FORMAT}; use the smirr that wrote it, or a newer one",
            meta.version
        )));
    }
    if meta.board != board {
        return Err(Error::System(format!(
            "the ledger belongs to `{}`, not to `{board}`; each board has its own. Correct `privacy.ledger` or `board`",
            printable(&meta.board)
        )));
    }
    Ok((connection, meta))
}

/// Makes an empty file that only its owner may read, and makes sure that its name outlives a crash.
fn create(path: &Path) -> Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(file) => file.sync_all().map_err(|source| Error::io("cannot write the ledger", path, source))?,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(()),
        Err(source) => return Err(Error::io("cannot create the ledger", path, source)),
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(|source| Error::io("cannot save the folder of the ledger", folder, source))
}

/// Reads whose ledger it is, after laying out the tables where the file is still empty. A ledger that
/// exists is opened without the write lock, so that looking at it need not wait for a draw.
fn settle(connection: &mut Connection, path: &Path, board: &str) -> Result<Meta> {
    if is_empty(connection)? {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(trouble)?;
        // Another process may have laid them out while this one waited for the lock.
        if is_empty(&transaction)? {
            // SQLite calls a file empty that is cut short within its first page, or has lost the list of its tables.
            if std::fs::metadata(path).is_ok_and(|file| file.len() > 0) {
                return Err(Error::System(
                    "the ledger is damaged: it has lost its tables; put back the last good copy, and release nothing until then"
                        .into(),
                ));
            }
            lay_out(&transaction, board)?;
        }
        transaction.commit().map_err(trouble)?;
    }
    let application: i64 = connection.query_row("PRAGMA application_id", [], |row| row.get(0)).map_err(trouble)?;
    if application != APPLICATION {
        return Err(Error::System("the file is a database, but not a smirr ledger; correct `privacy.ledger`".into()));
    }
    owner(connection)
}

fn is_empty(connection: &Connection) -> Result<bool> {
    let tables = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0));
    Ok(tables.map_err(trouble)? == 0)
}

fn lay_out(connection: &Connection, board: &str) -> Result<()> {
    connection.execute_batch(SCHEMA).map_err(trouble)?;
    connection.pragma_update(None, "application_id", APPLICATION).map_err(trouble)?;
    let lay = "INSERT INTO meta VALUES (?1, ?2, lower(hex(randomblob(16))))";
    connection.execute(lay, (board, FORMAT)).map_err(trouble)?;
    let first = chain::genesis(&owner(connection)?);
    connection.execute("INSERT INTO head (one, entry, hash) VALUES (1, 0, ?1)", [&first.0[..]]).map_err(trouble)?;
    Ok(())
}

/// Whose ledger the file says it is.
pub(super) fn owner(connection: &Connection) -> Result<Meta> {
    let meta = connection.query_row("SELECT board, format_version, ledger_id FROM meta", [], |row| {
        Ok(Meta { board: row.get(0)?, version: row.get(1)?, id: row.get(2)? })
    });
    meta.map_err(trouble)
}

/// A name out of a file that may be damaged: no longer than a name, and nothing that steers a terminal.
fn printable(name: &str) -> String {
    name.chars().take(60).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// SQLite's trouble in words that say what to do. Its own text is left out: it quotes SQL.
pub(super) fn trouble(error: rusqlite::Error) -> Error {
    let words = match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            "the ledger is in use by another smirr; try again when that has ended".into()
        }
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            "the ledger is damaged, or is not a ledger; put back the last good copy, and release nothing until then"
                .into()
        }
        Some(ErrorCode::DiskFull) => "the disk is full, so the ledger could not be written".into(),
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => {
            "the ledger or its folder may not be written by this user".into()
        }
        Some(ErrorCode::ConstraintViolation) => "the ledger refused a second entry where one may be".into(),
        Some(code) => format!("the ledger could not be read or written ({code:?})"),
        None => "the ledger is damaged: a field is missing or of another type; put back the last good copy".into(),
    };
    Error::System(words)
}
