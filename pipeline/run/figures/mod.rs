//! From released vectors to published tables: everything here is post-processing, and free.
//!
//! Each measure's tables are estimated together ([`measured`]); figures that are derived from them follow, by the same
//! areas and dimensions as what they are derived from.

mod block;
mod cells;
mod derived;
mod measured;
mod summary;

use super::answer::Answer;
use super::question::Question;
use crate::config::journey::STAGE;
use crate::config::plan::{self as config, Plan, Rows};
use crate::error::Result;
use crate::estimate::reliability::Rules;
use crate::measure::grid::Public;
use crate::publish::{Block, Table};
use block::frame;
pub use derived::sampling;
use measured::Measured;

/// The tables of one report, one an area level, each with every figure by every set of dimensions.
///
/// # Errors
/// [`crate::error::Error::Privacy`] where a figure cannot be formed.
pub fn tables(plan: &Plan, question: &Question<'_>, answer: &Answer, public: &Public) -> Result<Vec<Table>> {
    let report = Report::new(plan, question, answer, public)?;
    (0..plan.geography.levels.len()).map(|level| report.table(level)).collect()
}

/// A report's rules on released figures.
pub fn rules(report: &config::Report) -> Rules {
    Rules {
        unreliable_when_half_width_over: report.reliability.unreliable_over,
        withhold_when_half_width_over: report.reliability.withhold_over,
    }
}

/// A report's measures, estimated.
struct Report<'a> {
    plan: &'a Plan,
    question: &'a Question<'a>,
    rules: Rules,
    measured: Vec<Measured>,
}

impl<'a> Report<'a> {
    fn new(plan: &'a Plan, question: &'a Question<'a>, answer: &Answer, public: &Public) -> Result<Self> {
        let small = plan.publish.small_numbers;
        let areas = question.areas();
        let measured =
            question.asked.iter().zip(&answer.vectors).map(|(asked, vectors)| match asked.families.is_empty() {
                true => Measured::public(plan, asked.measure, public, &areas),
                false => Measured::drawn(plan, asked, vectors, small),
            });
        Ok(Report { plan, question, rules: rules(question.report), measured: measured.collect::<Result<_>>()? })
    }

    fn table(&self, at: usize) -> Result<Table> {
        let level = &self.plan.geography.levels[at];
        let report = self.question.report;
        let areas = self.question.areas();
        Ok(Table {
            report: report.name.clone(),
            title: report.title.clone(),
            level: level.name.clone(),
            quarter: self.plan.quarter.to_string(),
            heading: level.heading.clone(),
            areas: areas[at].to_vec(),
            dimensions: frame(self.plan, self.question),
            blocks: self.blocks(at)?,
        })
    }

    /// Every figure at a level: measures first, then what is derived from them, as the report has them.
    fn blocks(&self, at: usize) -> Result<Vec<Block>> {
        let Report { question, rules, measured, .. } = self;
        let report = question.report;
        let bands = self.plan.geography.band_names();
        let dimension = |measure: usize, at: usize| report.dimension(&bands, measure, at);
        let both = |of: usize, over: usize| [&measured[of], &measured[over]];
        let mut blocks = Vec::new();
        for (own, measure) in measured.iter().zip(&report.measures) {
            if report.means.iter().any(|mean| report.measures[mean.sum].name == measure.name) {
                // The sum about a centre says nothing by itself.
                continue;
            }
            for cells in own.at(at) {
                let stage = cells.position(STAGE).filter(|_| matches!(measure.rows, Rows::Funnel(_)));
                match stage {
                    Some(stage) => blocks.extend(derived::funnel(measure, cells, stage, rules)),
                    None => blocks.push(derived::counts(&measure.name, measure, cells, rules)),
                }
            }
        }
        for rate in &report.rates {
            blocks.extend(derived::rates(rate, at, both(rate.of, rate.over), rules)?);
        }
        for mean in &report.means {
            blocks.extend(derived::means(mean, at, both(mean.sum, mean.count), rules)?);
        }
        for quartiles in &report.quartiles {
            let dim = dimension(quartiles.of, quartiles.across);
            blocks.extend(summary::quartiles(quartiles, &dim, at, &measured[quartiles.of], rules)?);
        }
        for asked in &report.inequality {
            let rate = &report.rates[asked.of];
            let band = dimension(rate.of, asked.across.of);
            blocks.extend(summary::inequalities(asked, rate, &band, at, both(rate.of, rate.over), rules)?);
        }
        for asked in &report.standardised {
            let ages = dimension(asked.of, asked.across.of);
            blocks.extend(summary::standard(asked, &ages, at, both(asked.of, asked.over), rules)?);
        }
        Ok(blocks)
    }
}
