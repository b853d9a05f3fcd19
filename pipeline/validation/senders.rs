//! Whose extracts came, where a table does not say whose each row is: by the folder that a file lies in.

use std::collections::HashMap;

use super::{TableReport, Validation};
use crate::link::{SenderCount, SenderRows};

impl Validation {
    /// Adds the private tables whose files lie in folders, or have names, that are the senders' public codes.
    pub fn add_senders_by_folder(&mut self) {
        let unknown = |table: &&TableReport| !table.public && !self.senders.iter().any(|it| it.table == table.table);
        let of_table = |table| self.senders.iter().find_map(|known| by_folder(table, known));
        let found = self.tables.iter().filter(unknown).filter_map(of_table).collect::<Vec<_>>();
        self.senders.extend(found);
        self.senders.sort_by(|a, b| a.table.cmp(&b.table));
    }
}

/// What in an extract's path may be its sender's code, the likeliest first: its name without endings, then its folders
/// from the innermost outwards.
pub fn named_in(source: &str) -> impl Iterator<Item = &str> {
    // A bucket is nobody's folder.
    let key = source.split_once("://").and_then(|(_, rest)| rest.split_once('/')).map(|(_, key)| key);
    key.unwrap_or(source).rsplit('/').map(|part| part.split('.').next().unwrap_or(part))
}

/// The rows of each sender of a list, where any file is one of theirs.
fn by_folder(table: &TableReport, list: &SenderRows) -> Option<SenderRows> {
    let places = list.senders.iter().enumerate().map(|(at, it)| (it.sender.as_str(), at)).collect::<HashMap<_, _>>();
    let (mut rows, mut unknown, mut known) = (vec![0; list.senders.len()], 0, false);
    for file in &table.files {
        let place = named_in(&file.source).find_map(|part| places.get(part));
        known |= place.is_some();
        *place.and_then(|&at| rows.get_mut(at)).unwrap_or(&mut unknown) += file.tally.stored;
    }
    let counts = list.senders.iter().zip(rows).map(|(it, rows)| SenderCount { sender: it.sender.clone(), rows });
    let own = SenderRows { table: table.table.clone(), list: list.list.clone(), senders: counts.collect(), unknown };
    known.then_some(own)
}
