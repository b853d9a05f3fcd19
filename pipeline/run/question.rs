//! What a report asks: its grids, its noise and its cost, all of it known before any private data are opened.

use std::collections::BTreeSet;

use crate::config::filter::canonical;
use crate::config::plan::{LossKind, Measure, Plan, Report};
use crate::error::{Error, Result};
use crate::measure::grid::{FineGrid, LevelGrid, Public, levels};
use crate::measure::plan::bounds;
use crate::privacy::{Definition, Exact, Key32, Limits, Loss, PlannedVector, Request, Role, split};

use super::share::divide;

/// A report made ready to be asked.
pub struct Question<'a> {
    /// The report.
    pub report: &'a Report,
    /// One a measure, in the report's order.
    pub asked: Vec<Asked<'a>>,
    /// What is asked, whatever it is called: the same for a renamed report or a reordered file.
    pub key: Key32,
    definition: Definition,
    limits: Limits,
}

/// One measure of a report.
pub struct Asked<'a> {
    /// The measure.
    pub measure: &'a Measure,
    /// Where the engine counts.
    pub fine: FineGrid,
    /// Where figures are published, one a level.
    pub levels: Vec<LevelGrid>,
    /// The noise of each level.
    pub vectors: Vec<PlannedVector>,
}

/// The loss of a board's YAML in the kernel's terms.
pub fn loss(loss: &crate::config::plan::Loss) -> Result<Loss> {
    let definition = match loss.kind {
        LossKind::Rho => Definition::ZConcentrated,
        LossKind::Epsilon => Definition::Pure,
    };
    let amount = loss.amount.parse::<Exact>().map_err(Error::Privacy)?;
    Ok(Loss::new(definition, amount))
}

/// What the board may lose, in the kernel's terms.
///
/// # Errors
/// [`Error::Privacy`] where an amount cannot be read, which checked YAML excludes.
pub fn limits(plan: &Plan) -> Result<Limits> {
    Ok(Limits { quarter: loss(&plan.most)?, year: plan.year.as_ref().map(loss).transpose()? })
}

/// Prepares every report of the plan: the quarter's loss goes by reports, and in each as [`divide`] says.
///
/// # Errors
/// [`Error::Budget`] where a report's targets need more than its share; [`Error::Privacy`] where a grid or a bound
/// cannot be had, or a share is too small to draw noise for.
pub fn prepare<'a>(plan: &'a Plan, public: &Public, context: &str) -> Result<Vec<Question<'a>>> {
    let total = loss(&plan.loss)?;
    let limits = limits(plan)?;
    let shares = split(&total.amount, &plan.reports.iter().map(|report| report.share).collect::<Vec<_>>())?;
    let mut questions = Vec::new();
    for (report, share) in plan.reports.iter().zip(&shares) {
        let asked = ask(plan, report, public, &Loss::new(total.definition, share.clone()))?;
        let key = key(plan, &asked, context);
        questions.push(Question { report, asked, key, definition: total.definition, limits: limits.clone() });
    }
    Ok(questions)
}

/// Every measure of a report: its grids first, since what a target needs depends on the bounds that follow from them.
fn ask<'a>(plan: &Plan, report: &'a Report, public: &Public, share: &Loss) -> Result<Vec<Asked<'a>>> {
    let mut grids = Vec::new();
    let mut one_person = Vec::new();
    for measure in &report.measures {
        let fine = FineGrid::new(plan, measure, public)?;
        let levels = levels(plan, measure, &fine, public)?;
        let bounds = bounds(measure, &fine)?;
        one_person.push(levels.iter().map(|level| level.from_fine.bounds(&bounds)).collect::<Result<Vec<_>>>()?);
        grids.push((measure, fine, levels));
    }
    let noise = divide(plan, report, share, &one_person)?;
    let asked = grids.into_iter().zip(noise).map(|((measure, fine, levels), noise)| {
        let vector = |(level, noise): (&LevelGrid, _)| PlannedVector {
            name: format!("{}/{}", level.level, meaning(plan, measure)),
            len: level.len(),
            noise,
        };
        let vectors = levels.iter().zip(noise).map(vector).collect();
        Asked { measure, fine, levels, vectors }
    });
    Ok(asked.collect())
}

/// What a measure means, as 16 hexadecimal digits: its name, label, unit and place in the file are no part of it.
fn meaning(plan: &Plan, measure: &Measure) -> String {
    let bands = measure.bands.iter().map(|&band| &plan.geography.bands[band].column).collect::<Vec<_>>();
    let codes =
        measure.codes.iter().map(|code| (&code.table, code.source(), &code.via, &code.codes)).collect::<Vec<_>>();
    let filter = measure.filter.as_deref().map(canonical);
    let text = format!(
        "{:?} {:?} {:?} {} {:?} {:?} {} {:?} {:?} {bands:?} {codes:?}",
        measure.kind,
        measure.table,
        measure.rows,
        measure.at_least,
        filter,
        measure.during,
        measure.cells,
        measure.place,
        measure.practitioner
    );
    Key32::of([text.as_bytes()]).to_string()[..16].to_owned()
}

/// The key of a question: the quarter, the geography, `context` (the schemas and the public tables) and, in an order of
/// their own, the vectors with their noise.
fn key(plan: &Plan, asked: &[Asked<'_>], context: &str) -> Key32 {
    let mut vectors = asked.iter().flat_map(|asked| &asked.vectors).collect::<Vec<_>>();
    vectors.sort_by(|a, b| a.name.cmp(&b.name));
    let vectors =
        vectors.iter().map(|vector| format!("{} {} {:?}", vector.name, vector.len, vector.noise)).collect::<Vec<_>>();
    let columns = plan.geography.levels.iter().map(|level| &level.column).collect::<Vec<_>>();
    let frame = format!("{} {} {columns:?} {context}", plan.quarter, plan.geography.table);
    Key32::of([frame.as_bytes(), vectors.join("\n").as_bytes()])
}

impl Question<'_> {
    /// The definition that its vectors pay in.
    pub fn definition(&self) -> Definition {
        self.definition
    }

    /// The release that answers it from these inputs.
    pub fn release(&self, inputs: &str) -> Key32 {
        Key32::of([self.key.to_string().as_bytes(), inputs.as_bytes()])
    }

    /// What the ledger is asked for. Vectors go in an order of their own, so that a reordered file asks the same.
    pub fn request(&self, plan: &Plan, release: Key32) -> Request {
        Request {
            quarter: plan.quarter,
            report: self.report.name.clone(),
            question: self.key,
            release,
            roles: self.roles(),
            definition: self.definition,
            vectors: self.in_order().map(|(asked, level)| self.asked[asked].vectors[level].clone()).collect(),
            limits: self.limits.clone(),
        }
    }

    /// Whom the report protects, in the ledger's terms.
    pub fn roles(&self) -> BTreeSet<Role> {
        let practitioner = self.report.protects.practitioner.then_some(Role::Practitioner);
        [Role::Patient].into_iter().chain(practitioner).collect()
    }

    /// Every vector as (measure, level), in the order in which the ledger has them.
    pub fn in_order(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        let mut places = (0..self.asked.len())
            .flat_map(|asked| (0..self.asked[asked].vectors.len()).map(move |level| (asked, level)))
            .collect::<Vec<_>>();
        places.sort_by(|&a, &b| self.asked[a.0].vectors[a.1].name.cmp(&self.asked[b.0].vectors[b.1].name));
        places.into_iter()
    }
}
