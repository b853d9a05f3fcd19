//! What follows a person over several tables, as a plan says it: a funnel of stages, or the wait from one event to the
//! next.

use super::bins::Bins;
use super::filter::canonical;
use super::plan::{Measure, Rows};

/// The dimension of a funnel: the furthest stage that a person reached.
pub const STAGE: &str = "stage";
/// The dimension of a wait: whole days.
pub const DAYS: &str = "days";
/// The dimension of a histogram: the bin of the number.
pub const VALUE: &str = "value";
/// The code of who waits still.
pub const NOT_YET: &str = "not_yet";

/// One stage of a funnel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// The name in YAML, and its code.
    pub name: String,
    /// The stage in words, as published.
    pub label: String,
    /// The private table of which a person has a row here.
    pub table: String,
    /// A checked SQL condition over that table's columns.
    pub filter: Option<String>,
}

/// From a person's first event to the next event of another kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wait {
    /// What is waited from: a person's first in the quarter.
    pub from: Event,
    /// What is waited for: the first on that day or later, whichever quarter it is in.
    pub to: Event,
    /// The bins of the days between; after them [`NOT_YET`].
    pub bins: Bins,
}

/// One kind of dated event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The private table whose rows are such events.
    pub table: String,
    /// Its column for the day.
    pub day: String,
    /// A checked SQL condition over that table's columns.
    pub filter: Option<String>,
}

/// Rows by the bin of a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Histogram {
    /// The column of [`Measure::table`].
    pub column: String,
    /// Its bins; blank is `unknown`.
    pub bins: Bins,
}

impl Measure {
    /// Whether it follows a person over tables: then a person is one row, and no table's own codes describe it.
    pub fn is_journey(&self) -> bool {
        matches!(self.rows, Rows::Funnel(_) | Rows::Wait(_))
    }

    /// Every private table whose rows it reads, beside the register and what leads to people; each once.
    pub fn tables(&self) -> Vec<&str> {
        let mut tables = match &self.rows {
            Rows::Funnel(stages) => stages.iter().map(|stage| stage.table.as_str()).collect(),
            Rows::Wait(wait) => vec![wait.from.table.as_str(), wait.to.table.as_str()],
            _ => vec![self.table.as_str()],
        };
        tables.sort_unstable();
        tables.dedup();
        tables
    }

    /// The dimension whose codes are bins of whole numbers, and the bins: what median and quartiles are formed of.
    pub fn bins(&self) -> Option<(&'static str, &Bins)> {
        match &self.rows {
            Rows::Wait(wait) => Some((DAYS, &wait.bins)),
            Rows::Histogram(histogram) => Some((VALUE, &histogram.bins)),
            _ => None,
        }
    }
}

impl Rows {
    /// What decides which rows there are, in a form that is the same for the same question: words as published are no
    /// part of it.
    pub fn meaning(&self) -> String {
        let filter = |filter: &Option<String>| filter.as_deref().map(canonical);
        let event = |event: &Event| format!("{:?} {:?} {:?}", event.table, event.day, filter(&event.filter));
        match self {
            Rows::Funnel(stages) => {
                let stages = stages.iter().map(|stage| (&stage.table, filter(&stage.filter)));
                format!("Funnel {:?}", stages.collect::<Vec<_>>())
            }
            Rows::Wait(wait) => format!("Wait {} to {} {:?}", event(&wait.from), event(&wait.to), wait.bins),
            rows => format!("{rows:?}"),
        }
    }
}
