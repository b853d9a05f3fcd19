//! Takes a plan, and what lies where its sources say: names, sizes and hashes; the store's manifests; the ledger.
//! Gives what has arrived of a quarter by sender and table, and whether the quarter is ready to run.
//! Never stores, spends or waits for anything, reads no key, and opens no row but those of public tables.
//!
//! A file goes by its bytes alone. A new key, a changed schema or another version of smirr makes a run read all files
//! anew, which is not foretold here: it is the operator's own doing.

mod arrived;
mod expected;
mod ready;
#[cfg(test)]
mod tests;

use serde::Serialize;

pub use ready::{Need, Outlook, ReportOutlook};

use arrived::{Report, arrived};
use expected::{Lists, late};

use super::{Resources, with_public_as_is};
use crate::config::plan::Plan;
use crate::error::Result;
use crate::measure::grid::Public;
use crate::privacy::Event;
use crate::progress::{Progress, Telling};
use crate::schema::Sender;
use crate::store::{Store, parts_of};

/// What a file, or the want of one, is to the quarter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Stored as it is.
    In,
    /// Here, and not stored yet.
    New,
    /// Stored, and here with other content: a correction.
    Changed,
    /// Here, and refused by the last ingest.
    Failed,
    /// Not here, though its sender sent one the quarter before or is in the public list of senders.
    Late,
    /// Stored, and no longer here.
    Withdrawn,
}

impl State {
    /// Every state, in the order in which they are told.
    pub const ALL: [State; 6] = [State::In, State::New, State::Changed, State::Failed, State::Late, State::Withdrawn];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            State::In => "in",
            State::New => "new",
            State::Changed => "changed",
            State::Failed => "failed",
            State::Late => "late",
            State::Withdrawn => "withdrawn",
        }
    }
}

/// One file of a table, or one that is waited for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Item {
    /// Whose it is: a code of the public list of senders, or else the folder or the name of its own.
    pub sender: Option<String>,
    /// Its path from the board's root; absent where it is late and nobody knows what it will be called.
    pub source: Option<String>,
    /// What it is to the quarter.
    pub state: State,
    /// Why, where the state alone does not say it.
    pub why: Option<String>,
    /// Whether it is elsewhere, where its hash would cost a transfer: an object is then told by its size alone, and a
    /// query that is stored is taken to answer the same.
    pub unread: bool,
}

impl Item {
    fn of(state: State) -> Self {
        Item { sender: None, source: None, state, why: None, unread: false }
    }
}

/// One table.
#[derive(Debug, Clone, Serialize)]
pub struct TableStatus {
    /// The table.
    pub table: String,
    /// Whether it is public.
    pub public: bool,
    /// The public table that lists its senders, where its files are told apart by that.
    pub list: Option<String>,
    /// Its files and those that are waited for, by sender and name.
    pub items: Vec<Item>,
    /// Why nobody could look whether anything of it is here, where nobody could.
    pub unreached: Option<String>,
    /// Limits of its schema that the last ingest found passed, of files that have not changed since.
    pub over_limit: Vec<String>,
}

impl TableStatus {
    /// How many of its items are in this state.
    pub fn count(&self, state: State) -> usize {
        self.items.iter().filter(|item| item.state == state).count()
    }

    /// Its senders that have a file here, and all that are expected.
    pub fn senders(&self) -> (usize, usize) {
        let of = |here: bool| {
            let wanted = |item: &&Item| !here || !matches!(item.state, State::Late | State::Withdrawn);
            let senders = self.items.iter().filter(wanted).map(|item| item.sender.as_deref());
            senders.collect::<std::collections::BTreeSet<_>>().len()
        };
        (of(true), of(false))
    }

    /// Whether anything of it is here.
    pub fn has_arrived(&self) -> bool {
        self.items.iter().any(|item| !matches!(item.state, State::Late | State::Withdrawn))
    }
}

/// Whether a quarter was published, by the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Published {
    /// Nothing of it.
    No,
    /// Some of it, so many times corrected.
    Yes {
        /// The number of the last revision of any report; 0 where none was corrected.
        revisions: u32,
    },
    /// The ledger cannot be read now.
    Unknown,
}

/// What has arrived of a quarter.
#[derive(Debug, Clone, Serialize)]
pub struct Status {
    /// The board.
    pub board: String,
    /// The quarter.
    pub quarter: String,
    /// How a stored file was told from a changed one.
    pub compared: Comparing,
    /// Whether a run holds the store now: what it stores shows as it goes.
    pub run_at_work: bool,
    /// Whether the quarter was published.
    pub published: Published,
    /// The tables, in the plan's order.
    pub tables: Vec<TableStatus>,
    /// Why public tables could not be read, where they could not: then nobody knows who is in their lists.
    pub lists_unknown: Option<String>,
}

impl Status {
    /// How many files, or wants of one, are in this state.
    pub fn count(&self, state: State) -> usize {
        self.tables.iter().map(|table| table.count(state)).sum()
    }
}

/// How a stored file is told from a changed one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Comparing {
    /// By size and SHA-256.
    Hash,
    /// By size, where the file was not touched since it was stored; by SHA-256 where it was.
    SizeAndTime,
}

/// What has arrived, and what a run of it would be.
pub struct Looked {
    /// What has arrived.
    pub status: Status,
    /// What a run needs, each met or not; and what it would be.
    pub outlook: Outlook,
}

/// Looks at one quarter.
///
/// # Errors
/// [`crate::error::Error::Io`] where a folder or a file cannot be read.
pub fn look(plan: &Plan, comparing: Comparing, resources: Resources, progress: &Progress) -> Result<Looked> {
    let silent = Progress::new(Telling::Quiet);
    let mut found = None;
    let asked = with_public_as_is(plan, resources, &silent, |public, intake| {
        let status = status(plan, Ok(public), comparing, resources, progress)?;
        let outlook = ready::outlook(plan, &status, Some((public, intake)))?;
        found = Some(Ok(Looked { status, outlook }));
        Ok(())
    });
    // Either the public tables could not be read, which is a finding, or the rest could not be looked at.
    match (found, asked) {
        (Some(found), _) => found,
        (None, Err(error)) => {
            let status = status(plan, Err(error.to_string()), comparing, resources, progress)?;
            let outlook = ready::outlook(plan, &status, None)?;
            Ok(Looked { status, outlook })
        }
        (None, Ok(())) => Err(crate::error::Error::System("the quarter was not looked at".into())),
    }
}

/// The same without a word on what a run would be.
///
/// # Errors
/// As [`look`].
pub fn glance(plan: &Plan, comparing: Comparing, resources: Resources, progress: &Progress) -> Result<Status> {
    let silent = Progress::new(Telling::Quiet);
    let mut found = None;
    let asked = with_public_as_is(plan, resources, &silent, |public, _| {
        found = Some(status(plan, Ok(public), comparing, resources, progress));
        Ok(())
    });
    let why = asked.err().map_or_else(String::new, |error| error.to_string());
    found.unwrap_or_else(|| status(plan, Err(why), comparing, resources, progress))
}

fn status(
    plan: &Plan,
    public: std::result::Result<&Public, String>,
    comparing: Comparing,
    resources: Resources,
    progress: &Progress,
) -> Result<Status> {
    let run_at_work = Store::is_held(&plan.work);
    let stored = parts_of(&plan.work, &plan.quarter.to_string())?;
    let before = parts_of(&plan.work, &plan.quarter.before(1).to_string())?;
    let report = Report::read(plan);
    let (lists, lists_unknown) = match public {
        Ok(public) => (Lists::of(plan, public), None),
        Err(why) => (Lists::default(), Some(why)),
    };
    let mut tables = arrived(plan, (&stored, &before), &report, (comparing, resources.threads), progress)?;
    late(plan, &mut tables, &before, &lists);
    for table in &mut tables {
        table.items.sort_by(|a, b| (&a.sender, &a.source, a.state).cmp(&(&b.sender, &b.source, b.state)));
    }
    Ok(Status {
        board: plan.board.clone(),
        quarter: plan.quarter.to_string(),
        compared: comparing,
        run_at_work,
        published: published(plan),
        tables,
        lists_unknown,
    })
}

/// Whether the ledger holds a published release of the quarter.
fn published(plan: &Plan) -> Published {
    let entries = match super::witness::is_expected(plan) {
        Ok(false) => return Published::No,
        Ok(true) => super::witness::open(plan, &|_| ()).and_then(|ledger| ledger.entries()),
        Err(error) => Err(error),
    };
    let Ok(entries) = entries else { return Published::Unknown };
    let mut revisions = None;
    for entry in &entries {
        let Event::Published { reservation, .. } = entry.event else { continue };
        let debit = usize::try_from(reservation).ok().and_then(|id| entries.get(id.checked_sub(1)?));
        if let Some(Event::Reserved(of)) = debit.map(|debit| &debit.event)
            && of.quarter == plan.quarter
        {
            let number = of.revises.as_ref().map_or(0, |revision| revision.number);
            revisions = Some(revisions.unwrap_or(0).max(number));
        }
    }
    revisions.map_or(Published::No, |revisions| Published::Yes { revisions })
}

/// A table of which nothing is known yet.
fn table(table: &str, from: Sender) -> TableStatus {
    TableStatus {
        table: table.to_owned(),
        public: from == Sender::Public,
        list: None,
        items: Vec::new(),
        unreached: None,
        over_limit: Vec::new(),
    }
}
