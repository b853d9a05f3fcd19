//! From released vectors to published tables: everything here is post-processing, and free.
//!
//! Each measure's tables are estimated together ([`measured`]); figures that are derived from them follow, by the same
//! areas and dimensions as what they are derived from.

mod block;
mod derived;
mod measured;

use super::answer::Answer;
use super::question::Question;
use crate::config::plan::Plan;
use crate::error::Result;
use crate::publish::Table;
use block::{Block, Frame};
use measured::Measured;

/// The tables of one report, one an area level, each with every figure by every set of dimensions.
///
/// # Errors
/// [`crate::error::Error::Privacy`] where a figure cannot be formed.
pub fn tables(plan: &Plan, question: &Question<'_>, answer: &Answer) -> Result<Vec<Table>> {
    let frame = Frame::of(question);
    let measured = question.asked.iter().zip(&answer.vectors);
    let measured = measured.map(|(asked, vectors)| Measured::new(asked, vectors)).collect::<Result<Vec<_>>>()?;
    let mut tables = Vec::new();
    for (at, level) in plan.geography.levels.iter().enumerate() {
        let mut blocks = Vec::new();
        for (measure, asked) in measured.iter().zip(&question.asked) {
            blocks.extend(measure.at(at).map(|cells| derived::counts(asked.measure, &frame, cells)));
        }
        for rate in &question.report.rates {
            blocks.extend(derived::rates(rate, &frame, at, [&measured[rate.of], &measured[rate.over]])?);
        }
        let labels = question.asked.iter().flat_map(|asked| &asked.families).next();
        let labels = labels.map(|family| family.grid.areas.levels[at].labels.clone()).unwrap_or_default();
        tables.push(Table {
            report: question.report.name.clone(),
            title: question.report.title.clone(),
            level: level.name.clone(),
            quarter: plan.quarter.to_string(),
            headings: [level.heading.clone()].into_iter().chain(frame.headings()).collect(),
            rows: blocks.iter().flat_map(|block: &Block| block.rows(&frame, &labels)).collect(),
        });
    }
    Ok(tables)
}
