//! Changes on the quarter before: made of two published figures, this quarter's and that of the pack before, and so free.
//!
//! **Invariant**: what is not published of either quarter is in no change. A pack that is revised later changes nothing
//! that was made of it: the next quarter is run again, at no cost, where its changes should follow.

use std::collections::HashMap;

use csv::StringRecord;

use super::question::Question;
use crate::config::derived::ChangeOf;
use crate::error::Result;
use crate::estimate::Estimate;
use crate::estimate::interval::{Figure, count, multiplier};
use crate::estimate::ratio::difference;
use crate::estimate::reliability::Mark;
use crate::privacy::Definition;
use crate::publish::earlier::{Past, Vintage};
use crate::publish::{Block, Row, Table};

/// A figure of the quarter before, as it was published.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Before {
    value: Option<f64>,
    interval: Option<(f64, f64)>,
    unbiased: Option<f64>,
    error: Option<f64>,
    mark: Mark,
    revised: bool,
}

/// Adds a report's changes to one of its tables, each by the dimensions of what changes; `own` is what the table's
/// figures rest on.
///
/// # Errors
/// [`crate::error::Error::System`] where the pack before was changed after it was published.
pub fn add(question: &Question<'_>, table: &mut Table, past: &Past, own: &Vintage) -> Result<()> {
    let report = question.report;
    if report.changes.is_empty() {
        return Ok(());
    }
    let before = before(table, past, own)?;
    // Laplace's tails are longer than the normal's: see [`multiplier`].
    let stretch = multiplier(question.definition() == Definition::Pure);
    let mut blocks = Vec::new();
    for change in &report.changes {
        let of = match change.of {
            ChangeOf::Measure(at) => &report.measures[at].name,
            ChangeOf::Rate(at) => &report.rates[at].name,
        };
        for now in table.blocks.iter().filter(|block| block.figure == *of) {
            let mut revised = now.revised;
            let against = |row: Row<'_>| {
                let labels = row.labels.iter().map(|&label| label.to_owned()).collect();
                let Some(before) = before.get(&(labels, of.clone())) else { return Estimate::WITHHELD };
                revised |= before.revised;
                changed(&row, before, stretch)
            };
            let cells = table.rows_of(now).map(against).collect();
            blocks.push(Block { figure: change.name.clone(), cells, revised, ..now.clone() });
        }
    }
    table.blocks.extend(blocks);
    Ok(())
}

/// What a figure is above the one before.
fn changed(now: &Row<'_>, before: &Before, stretch: f64) -> Estimate {
    let mark = mark(now.estimate.mark, before.mark);
    let none = Estimate { mark, ..Estimate::WITHHELD };
    let of_now = Before::of(now);
    let (Some(value), Some(earlier)) = (of_now.value, before.value) else { return none };
    if !mark.shows_value() {
        return none;
    }
    if let (Some(unbiased), Some(was)) = (of_now.unbiased, before.unbiased) {
        // A public count has no error at all, and a drawn one has one in both quarters.
        let error = of_now.error.unwrap_or(0.0).hypot(before.error.unwrap_or(0.0));
        let change = value - earlier;
        let (low, high) = count(unbiased - was, error * stretch, change as i64, false);
        let error = of_now.error.or(before.error).map(|_| error);
        return Estimate { value: Some(change), interval: Some((low as f64, high as f64)), mark, ..none }
            .counted(unbiased - was, error);
    }
    let figure = |it: &Before| it.interval.zip(it.value).and_then(|((low, high), value)| Figure::new(value, low, high));
    let figure = figure(&of_now).zip(figure(before)).and_then(|(now, before)| difference(now, before, 0.0));
    match figure {
        Some(figure) => Estimate { value: Some(figure.value()), interval: Some(figure.interval()), ..none },
        None => Estimate::NOT_APPLICABLE,
    }
}

/// The mark of a change: that of the figure which says less. How far an interval reaches beyond a change says nothing of
/// its worth, for a change may well be nothing.
fn mark(now: Mark, before: Mark) -> Mark {
    let either = |mark: Mark| now == mark || before == mark;
    let marks = [Mark::NotApplicable, Mark::Withheld, Mark::Unreliable];
    marks.into_iter().find(|mark| either(*mark)).unwrap_or(Mark::Plain)
}

impl Before {
    /// Of this quarter, to the decimals that are published: a change is that of the figures that are seen.
    fn of(row: &Row<'_>) -> Self {
        let to = |value: f64| row.rounded(value);
        Before {
            value: row.estimate.value.map(to),
            interval: row.estimate.interval.map(|(low, high)| (to(low), to(high))),
            unbiased: row.estimate.unbiased,
            error: row.estimate.error,
            mark: row.estimate.mark,
            revised: row.revised,
        }
    }

    /// Of the last seven columns of a published row, without the figure's name.
    fn read(fields: [&str; 6]) -> Self {
        let number = |at: usize| fields[at].parse::<f64>().ok().filter(|it| it.is_finite());
        let mut symbols = fields[1].split(' ');
        let all = [Mark::Low, Mark::Unreliable, Mark::Withheld, Mark::NotApplicable];
        let known = symbols.clone().find_map(|symbol| all.into_iter().find(|mark| mark.symbol() == symbol));
        Before {
            value: number(0),
            interval: number(2).zip(number(3)),
            unbiased: number(4),
            error: number(5),
            mark: known.unwrap_or(Mark::Plain),
            revised: symbols.any(|symbol| symbol == "r"),
        }
    }
}

/// The figures of the quarter before by labels and name; none where there is no pack, or a break lies between.
fn before(table: &Table, past: &Past, own: &Vintage) -> Result<HashMap<(Vec<String>, String), Before>> {
    let comparable = |pack: &&crate::publish::earlier::Earlier| pack.vintage(&table.report).as_ref() == Some(own);
    let Some(pack) = past.before().filter(comparable) else { return Ok(HashMap::new()) };
    let rows = pack.rows(table)?.unwrap_or_default();
    let areas = table.dimensions.len() + 1;
    let entry = |row: &StringRecord| {
        let field = |at: usize| row.get(at).unwrap_or_default();
        let labels = (0..areas).map(|at| field(1 + 2 * at).to_owned()).collect();
        let from = 2 + 2 * areas;
        ((labels, field(from - 1).to_owned()), Before::read(std::array::from_fn(|at| field(from + at))))
    };
    Ok(rows.iter().map(entry).collect())
}

#[cfg(test)]
#[path = "changes_tests.rs"]
mod tests;
