//! This quarter's report against that of the quarter before, where its JSON lies in the same folder.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{TableReport, Validation};

/// A change of this share or more is large, in hundredths;
pub const LARGE_SHARE: u64 = 25;
/// and of so many rows at least: a small sender changes by chance.
pub const LARGE_ROWS: u64 = 20;

/// What is known of the quarter before.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Before {
    /// It has no report.
    #[default]
    Absent,
    /// Its report was read.
    Read,
    /// Its report is there and cannot be read as one.
    Unreadable,
}

/// The stored rows of a table, or of one of its senders, in both quarters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The table.
    pub table: String,
    /// The sender; absent where it is of all of them.
    pub sender: Option<String>,
    /// Rows in the quarter before.
    pub before: u64,
    /// Rows now.
    pub now: u64,
    /// Whether it is worth a look: by `LARGE_SHARE` and `LARGE_ROWS`.
    pub large: bool,
}

/// A public table, and whether it is that of the quarter before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lookup {
    /// The table.
    pub table: String,
    /// Its files, each with its SHA-256.
    pub files: Vec<(String, String)>,
    /// Whether any file differs by content; absent where the quarter before is not known.
    pub changed: Option<bool>,
}

/// What is needed of an earlier report; those of earlier versions lack some of it.
#[derive(Debug, Deserialize)]
struct Earlier {
    tables: Vec<EarlierTable>,
    #[serde(default)]
    senders: Vec<EarlierSenders>,
}

#[derive(Debug, Deserialize)]
struct EarlierTable {
    table: String,
    total: EarlierTotal,
    files: Vec<EarlierFile>,
}

#[derive(Debug, Deserialize)]
struct EarlierTotal {
    stored: u64,
}

#[derive(Debug, Deserialize)]
struct EarlierFile {
    sha256: String,
}

#[derive(Debug, Deserialize)]
struct EarlierSenders {
    table: String,
    senders: Vec<EarlierSender>,
}

#[derive(Debug, Deserialize)]
struct EarlierSender {
    sender: String,
    rows: u64,
}

impl Validation {
    /// Holds this report against that of the quarter called `before`.
    pub fn compare(&mut self, work: &Path, before: &str) {
        let text = fs::read(work.join("validation").join(format!("{before}.json")));
        let earlier = text.ok().map(|text| serde_json::from_slice::<Earlier>(&text));
        self.quarter_before = before.to_owned();
        self.before = match &earlier {
            None => Before::Absent,
            Some(Ok(_)) => Before::Read,
            Some(Err(_)) => Before::Unreadable,
        };
        let earlier = earlier.and_then(Result::ok);
        self.lookups = lookups(&self.tables, earlier.as_ref());
        self.changes = earlier.map(|earlier| self.changes_on(&earlier)).unwrap_or_default();
    }

    /// All tables first, then each sender that was there in either quarter and has changed.
    fn changes_on(&self, earlier: &Earlier) -> Vec<Change> {
        let known = earlier.tables.iter().map(|it| (it.table.as_str(), it.total.stored)).collect::<BTreeMap<_, _>>();
        let private = self.tables.iter().filter(|table| !table.public);
        let of_table = |table: &TableReport| {
            Some(change(&table.table, None, *known.get(table.table.as_str())?, table.total.stored))
        };
        let mut changes = private.filter_map(of_table).collect::<Vec<_>>();
        for own in &self.senders {
            let Some(theirs) = earlier.senders.iter().find(|it| it.table == own.table) else { continue };
            let now = own.senders.iter().map(|it| (it.sender.as_str(), it.rows)).collect::<BTreeMap<_, _>>();
            let then = theirs.senders.iter().map(|it| (it.sender.as_str(), it.rows)).collect::<BTreeMap<_, _>>();
            for sender in now.keys().chain(then.keys()).collect::<BTreeSet<_>>() {
                let rows = |side: &BTreeMap<&str, u64>| side.get(sender).copied().unwrap_or(0);
                let change = change(&own.table, Some(*sender), rows(&then), rows(&now));
                changes.extend((change.before != change.now).then_some(change));
            }
        }
        changes
    }
}

fn change(table: &str, sender: Option<&str>, before: u64, now: u64) -> Change {
    let by = before.abs_diff(now);
    let large = by >= LARGE_ROWS && u128::from(by) * 100 >= u128::from(before) * u128::from(LARGE_SHARE);
    Change { table: table.into(), sender: sender.map(str::to_owned), before, now, large }
}

fn lookups(tables: &[TableReport], earlier: Option<&Earlier>) -> Vec<Lookup> {
    let lookup = |table: &TableReport| {
        let files = table.files.iter().map(|file| (file.source.clone(), file.sha256.clone())).collect::<Vec<_>>();
        let before = earlier.and_then(|it| it.tables.iter().find(|it| it.table == table.table));
        // Files are told apart by their content: their paths hold the quarter's name.
        let now = files.iter().map(|(_, hash)| hash.as_str()).collect::<BTreeSet<_>>();
        let changed = before.map(|it| it.files.iter().map(|file| file.sha256.as_str()).collect::<BTreeSet<_>>() != now);
        Lookup { table: table.table.clone(), files, changed }
    };
    tables.iter().filter(|table| table.public).map(lookup).collect()
}
