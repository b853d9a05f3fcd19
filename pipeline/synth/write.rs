//! Files on disk: which file a row belongs to, compression, and appending in the order of the practices.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use flate2::write::GzEncoder;
use rand::Rng;

use super::board::Board;
use super::contract::Table;
use super::options::{Compression, Layout, Made, Options};
use super::row::{Sheet, Style};
use super::streams::{Purpose, stream};
use crate::error::{Error, Result};

/// The file, relative to the output folder, that holds `table`'s rows of practice `index`.
pub(super) fn file_of(board: &Board, index: usize, table: Table) -> String {
    let practice = &board.practices[index];
    let area = &board.areas.boards[practice.board].code;
    let (name, suffix) = (table.name(), board.options.compression.suffix());
    match (board.options.layout, table) {
        (Layout::Single, _) => format!("all/{name}{suffix}"),
        (_, Table::Attendances) => format!("organisations/{area}/{name}{suffix}"),
        (Layout::PerPractice, _) => format!("practices/{}/{name}{suffix}", practice.code),
        (Layout::PerBoard, _) => format!("boards/{area}/{name}{suffix}"),
    }
}

/// How whoever writes without faults does.
pub(super) fn plain(options: &Options) -> Style {
    Style { country: options.country, ..Style::default() }
}

/// How the sender of `file` writes: plainly where there is no dirt, else as the seed has it.
pub(super) fn style(options: &Options, file: &str) -> Style {
    if options.dirt <= 0.0 {
        return plain(options);
    }
    // FNV-1a, cut to the number of bits that a stream's number leaves free.
    let hash = file
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    let mut rng = stream(options.seed, hash >> 8, Purpose::Style);
    let (bom, crlf, quoted) = (rng.random_bool(0.25), rng.random_bool(0.25), rng.random_bool(0.1));
    Style { bom, crlf, quoted, ..plain(options) }
}

/// Compresses one practice's rows of one file: a gzip member or a zstd frame, which may follow others.
fn compress(bytes: Vec<u8>, how: Compression) -> std::io::Result<Vec<u8>> {
    match how {
        Compression::None => Ok(bytes),
        Compression::Gzip => {
            let mut out = GzEncoder::new(Vec::with_capacity(bytes.len() / 3), flate2::Compression::new(3));
            out.write_all(&bytes)?;
            out.finish()
        }
        Compression::Zstd => zstd::bulk::compress(&bytes, 3),
    }
}

/// Faults laid, by file, table and fault.
pub(super) type Laid = BTreeMap<(String, &'static str, &'static str), u64>;

/// The output folder, into which workers put their practices in turn.
pub(super) struct Shelf {
    root: PathBuf,
    state: Mutex<State>,
    turned: Condvar,
}

#[derive(Default)]
struct State {
    /// The practice whose turn it is.
    next: usize,
    stopped: bool,
    /// Files of the board in hand.
    open: BTreeMap<String, File>,
    board: usize,
    folders: BTreeSet<PathBuf>,
    made: Made,
    laid: Laid,
}

impl Shelf {
    /// An empty folder at `root`, which exists.
    pub(super) fn new(root: &Path) -> Self {
        Shelf { root: root.to_path_buf(), state: Mutex::default(), turned: Condvar::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A worker that panicked leaves counts that nobody will read.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Compresses a practice's sheets, waits for its turn and appends them. False where another worker failed.
    pub(super) fn add(&self, board: &Board, index: usize, sheets: [Sheet; 6]) -> Result<bool> {
        let mut parts = Vec::with_capacity(sheets.len());
        for mut sheet in sheets {
            let file = file_of(board, index, sheet.table);
            let plain = std::mem::take(&mut sheet.bytes);
            let packed = if plain.is_empty() { Ok(plain) } else { compress(plain, board.options.compression) };
            parts.push((packed.map_err(|source| Error::io("cannot compress", &file, source))?, file, sheet));
        }
        let mut state = self.state();
        while state.next != index && !state.stopped {
            state = self.turned.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if state.stopped {
            return Ok(false);
        }
        // Practices of a board follow one another, so no other board's files are needed any more.
        let area = board.practices[index].board;
        if board.options.layout == Layout::PerPractice {
            state.open.retain(|file, _| file.starts_with("organisations/"));
        }
        if board.options.layout != Layout::Single && area != state.board {
            state.open.clear();
            state.board = area;
        }
        for (bytes, file, sheet) in parts {
            let style = style(&board.options, &file);
            state.count(&file, &sheet, style);
            state.append(&self.root, file, &bytes)?;
        }
        state.next += 1;
        self.turned.notify_all();
        Ok(true)
    }

    /// Ends all workers' waiting.
    pub(super) fn stop(&self) {
        self.state().stopped = true;
        self.turned.notify_all();
    }

    /// Adds a whole, uncompressed file of one sheet.
    pub(super) fn put(&self, file: &str, sheet: &Sheet, style: Style) -> Result<()> {
        let mut state = self.state();
        state.count(file, sheet, style);
        state.append(&self.root, file.to_owned(), &sheet.bytes)
    }

    /// Adds a whole file that is no table.
    pub(super) fn put_plain(&self, file: &str, bytes: &[u8]) -> Result<()> {
        self.state().append(&self.root, file.to_owned(), bytes)
    }

    /// `faults.csv`, of what was laid so far.
    pub(super) fn faults(&self) -> Vec<u8> {
        let mut out = b"file,table,fault,rows\n".to_vec();
        for ((file, table, fault), rows) in &self.state().laid {
            out.extend_from_slice(format!("{file},{table},{fault},{rows}\n").as_bytes());
        }
        out
    }

    /// What was made; closes all files.
    pub(super) fn finish(self) -> Made {
        self.state.into_inner().unwrap_or_else(PoisonError::into_inner).made
    }
}

impl State {
    fn count(&mut self, file: &str, sheet: &Sheet, style: Style) {
        let table = sheet.table.name();
        *self.made.rows.entry(table.to_owned()).or_default() += sheet.rows;
        let manners = [("byte_order_mark", style.bom), ("crlf", style.crlf), ("quoted", style.quoted)];
        let manners = manners.into_iter().filter(|&(_, has)| has).map(|(name, _)| (name, sheet.rows));
        for (fault, rows) in manners.chain(sheet.faults.laid()) {
            *self.laid.entry((file.to_owned(), table, fault)).or_default() += rows;
        }
    }

    fn append(&mut self, root: &Path, file: String, bytes: &[u8]) -> Result<()> {
        let failed = |source| Error::io("cannot write", root.join(&file), source);
        if !self.open.contains_key(&file) {
            let path = root.join(&file);
            let folder = path.parent().unwrap_or(root).to_path_buf();
            if !self.folders.contains(&folder) {
                fs::create_dir_all(&folder).map_err(failed)?;
                self.folders.insert(folder);
            }
            let new = File::options().create_new(true).append(true).open(&path).map_err(failed)?;
            self.made.files += 1;
            self.open.insert(file.clone(), new);
        }
        if let Some(open) = self.open.get_mut(&file) {
            open.write_all(bytes).map_err(failed)?;
        }
        self.made.bytes += bytes.len() as u64;
        Ok(())
    }
}
