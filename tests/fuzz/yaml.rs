//! The reader of YAML: whatever a file of a board holds, there is a plan, or there are complaints, each with a place in
//! a file that is there.
//!
//! The first byte says which of the shipped files the rest stands for.

use std::fs;
use std::path::{Path, PathBuf};

use smirr::config::diagnostic::{Diagnostic, Diagnostics};
use smirr::error::Error;

/// Pieces of a board's YAML.
pub const WORDS: &[&str] = &[
    "\n",
    "  ",
    ": ",
    "- ",
    "[",
    "]",
    "{",
    "}",
    "'",
    "\"",
    "|",
    ">",
    "#",
    "&a ",
    "*a",
    "<<: *a\n",
    "!!int ",
    "? ",
    "---\n",
    "...\n",
    "\t",
    "\r\n",
    "\u{feff}",
    "\0",
    "\u{1b}[31m",
    "\u{202e}",
    "\\",
    "~",
    "null",
    "true",
    ".inf",
    "0x10",
    "1e999",
    "-1",
    "18446744073709551616",
    "\"1/0\"",
    "0.0000001%",
    "board:",
    "quarter: 2026-Q5",
    "sources:",
    "reports:",
    "measures:",
    "where: \"",
    "persons: ",
    "funnel: ",
    "rows: ",
    "wait: ",
    "from: contacts.contacted_on",
    "histogram: ",
    "edges: ",
    "sum: contacts.minutes",
    "per_person: { cells: 0 }",
    "by: [area, area]",
    "columns:",
    "type: ",
    "chi",
    "codes: [",
    "to: ",
    "between: [",
    "limits:",
    "unique: [",
    "key: { env: ",
];

/// The files that an input may stand for: 0 the board's, and so on.
const FILES: [&str; 5] = [
    "configs/demo.yaml",
    "reports/reach.yaml",
    "reports/bridge.yaml",
    "schemas/patients.yaml",
    "schemas/data_zones.yaml",
];

/// A copy of the shipped YAML in a folder of its own.
struct Board {
    folder: tempfile::TempDir,
    shipped: Vec<(PathBuf, Vec<u8>)>,
}

/// Holds one input against what must hold of any.
pub fn run(bytes: &[u8]) {
    thread_local! { static BOARD: Board = Board::new(); }
    let Some((which, text)) = bytes.split_first() else { return };
    let file = FILES[usize::from(which.wrapping_sub(b'0')) % FILES.len()];
    BOARD.with(|board| {
        let path = board.folder.path().join(file);
        fs::write(&path, text).expect("it is ours");
        match smirr::config::load(&board.folder.path().join(FILES[0])) {
            Ok(_) => {}
            Err(Error::Config(complaints)) => board.holds(&complaints),
            Err(other) => panic!("not a complaint about YAML: {other}"),
        }
        board.restore(file);
    });
}

/// The repository's root, from whichever package this is built in.
fn repository() -> &'static Path {
    let mut above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    above.find(|folder| folder.join(FILES[0]).is_file()).expect("it is built in the repository")
}

impl Board {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("there is a folder for temporary files");
        let mut shipped = Vec::new();
        for part in ["configs", "schemas", "reports"] {
            fs::create_dir(folder.path().join(part)).expect("the folder is new");
            let from = repository().join(part);
            for entry in fs::read_dir(from).expect("it is shipped") {
                let path = entry.expect("it can be listed").path();
                if path.extension().is_some_and(|extension| extension == "yaml") {
                    let bytes = fs::read(&path).expect("it can be read");
                    shipped.push((Path::new(part).join(path.file_name().expect("it is a file")), bytes));
                }
            }
        }
        shipped.iter().for_each(|(name, bytes)| fs::write(folder.path().join(name), bytes).expect("it is ours"));
        Board { folder, shipped }
    }

    fn restore(&self, file: &str) {
        let (name, bytes) = self.shipped.iter().find(|(name, _)| name == Path::new(file)).expect("it is shipped");
        fs::write(self.folder.path().join(name), bytes).expect("it is ours");
    }

    fn holds(&self, complaints: &Diagnostics) {
        assert!(!complaints.is_empty(), "no plan, and no complaint");
        complaints.iter().for_each(|complaint| self.holds_one(complaint));
        assert!(!complaints.render(true).is_empty() && !complaints.to_string().is_empty());
    }

    fn holds_one(&self, complaint: &Diagnostic) {
        let Diagnostic { file, line, column, message, help, .. } = complaint;
        assert!(!message.is_empty());
        assert!(message.chars().count() < 2_000, "{} characters in a message", message.chars().count());
        assert!(help.as_ref().is_none_or(|help| !help.is_empty() && help.chars().count() < 2_000));
        let place = if file.is_absolute() { file.clone() } else { self.folder.path().join(file) };
        let text = fs::read(&place).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        if *line == 0 {
            assert_eq!((*column, complaint.source_line()), (0, ""), "a place in no line");
        } else {
            let there =
                text.split('\n').nth(line - 1).unwrap_or_else(|| panic!("{}:{line} is no line", file.display()));
            let there = there.strip_suffix('\r').unwrap_or(there);
            assert!((1..=there.chars().count() + 1).contains(column), "{}:{line}:{column}", file.display());
            assert!(["", there].contains(&complaint.source_line()), "{}:{line} is another line", file.display());
        }
        let shown = complaint.render(false);
        let steers = |c: &char| c.is_control() && !['\n', '\t'].contains(c);
        assert_eq!(shown.chars().find(steers), None, "a character that steers a terminal is shown");
    }
}
