//! A question's answer: from the ledger where it has one, otherwise measured, debited and drawn.

use std::collections::BTreeMap;

use super::Charge;
use super::intake::{Intake, content_hash};
use super::label::cost;
use super::question::Question;
use super::witness;
use crate::config::plan::{Place, Plan, Report};
use crate::error::{Error, Result};
use crate::estimate::{Estimate, counts, rates};
use crate::link::{Linked, PrivateTable, REGISTER, token_holders};
use crate::measure::grid::LevelGrid;
use crate::measure::plan::floor;
use crate::measure::vector::measure;
use crate::privacy::{Definition, Exact, Head, Key32, Ledger, Loss, Private, Released, Revision, Role};
use crate::publish::{Manifest, Release, Table, Vector, tidy};

/// The released vectors of one report.
pub struct Answer {
    /// The report's name.
    pub report: String,
    /// The ledger's key.
    pub release: Key32,
    /// The hash of the inputs.
    pub inputs: String,
    /// By measure, then level.
    pub vectors: Vec<Vec<Released>>,
    /// Charged once, now or before.
    pub loss: Loss,
    /// Whether the ledger had it.
    pub replayed: bool,
    /// What it corrects, if anything.
    pub revises: Option<Revision>,
    /// The ledger as it was right after the draw.
    pub head: Head,
}

/// What every question of a run depends on beside its own words: the area lookup and the schemas.
pub fn context(plan: &Plan, intake: &Intake<'_>) -> String {
    let schemas = plan.sources.iter().map(|source| format!("{:?}", source.schema)).collect::<Vec<_>>().join("\n");
    Key32::of([intake.public_hash(&plan.geography.table).as_bytes(), schemas.as_bytes()]).to_string()
}

/// The hash of what a report is computed from: the tables that its measures draw on, each by content.
pub fn inputs(plan: &Plan, question: &Question<'_>, intake: &Intake<'_>, private: &[PrivateTable]) -> String {
    let schemas = private.iter().map(|it| it.schema.as_ref()).collect::<Vec<_>>();
    let mut tables = vec![REGISTER.to_owned()];
    let mut public = vec![plan.geography.table.clone()];
    for asked in &question.asked {
        tables.push(asked.measure.table.clone());
        tables.extend(token_holders(&asked.measure.table, &schemas));
        if let (Place::Practice, Some(practices)) = (asked.measure.place, &plan.practices) {
            tables.push(practices.posts.clone());
            public.push(practices.table.clone());
        }
        public.extend(asked.measure.is_public().then(|| asked.measure.table.clone()));
        public.extend(asked.measure.codes.iter().filter(|code| code.via.is_some()).map(|code| code.table.clone()));
    }
    tables.sort();
    tables.dedup();
    public.sort();
    public.dedup();
    let stored = private.iter().filter(|it| tables.contains(&it.schema.table));
    let mut parts = stored.map(|it| format!("{} {}", it.schema.table, content_hash(&it.stored))).collect::<Vec<_>>();
    parts.extend(public.iter().map(|table| format!("{table} {}", intake.public_hash(table))));
    parts.sort();
    Key32::of(parts.iter().map(String::as_bytes)).to_string()
}

/// Answers a question.
///
/// The exact vectors are computed first, then the debit is made durable, then the noise is drawn and stored; what is
/// published is what the ledger stored (invariant 6). A crash before the debit costs nothing; one after it is resumed
/// under the same debit.
///
/// # Errors
/// [`Error::Budget`] where it does not fit; of the engine and the ledger otherwise.
pub fn answer(
    plan: &Plan,
    question: &Question<'_>,
    linked: &Linked<'_>,
    ledger: &mut Ledger,
    inputs: String,
) -> Result<Answer> {
    let release = question.release(&inputs);
    let find = |ledger: &Ledger| Ok::<_, Error>(ledger.find(&release)?.and_then(|it| Some((it.revises, it.drawn?))));
    let known = find(ledger)?;
    let replayed = known.is_some();
    if !replayed {
        let exact = measured(plan, question, linked)?;
        let grant = ledger.reserve(question.request(plan, release))?;
        ledger.draw(grant, exact)?;
        witness::renew(plan, ledger)?;
    }
    let lost = || Error::Privacy("a draw was lost on its way from the ledger".into());
    let (revises, (drawn, head)) = if replayed { known } else { find(ledger)? }.ok_or_else(lost)?;
    let amount = Exact::sum(drawn.iter().map(|vector| vector.calibrated().charge()));
    let definition = drawn.first().map_or(Definition::ZConcentrated, |vector| vector.loss().definition);
    let vectors = by_measure(question, drawn)?;
    Ok(Answer {
        report: question.report.name.clone(),
        release,
        inputs,
        vectors,
        loss: Loss::new(definition, amount),
        replayed,
        revises,
        head,
    })
}

/// The exact vectors, in the ledger's order.
fn measured(plan: &Plan, question: &Question<'_>, linked: &Linked<'_>) -> Result<Vec<Private<Vec<i64>>>> {
    let mut exact = Vec::new();
    for asked in &question.asked {
        let fine = measure(plan, asked.measure, linked, &asked.fine)?;
        let levels = asked.levels.iter().map(|level| fine.regroup(&level.from_fine).map(Some));
        exact.push(levels.collect::<Result<Vec<_>>>()?);
    }
    let lost = || Error::Privacy("a measured vector was lost on its way to the ledger".into());
    question.in_order().map(|(asked, level)| exact[asked][level].take().ok_or_else(lost)).collect()
}

/// From the ledger's order back to the report's.
fn by_measure(question: &Question<'_>, drawn: Vec<Released>) -> Result<Vec<Vec<Released>>> {
    let mut placed = question.in_order().zip(drawn).collect::<Vec<_>>();
    placed.sort_by_key(|(place, _)| *place);
    let mut vectors = question.asked.iter().map(|_| Vec::new()).collect::<Vec<_>>();
    for ((asked, level), released) in placed {
        if released.name() != question.asked[asked].vectors[level].name {
            return Err(Error::Privacy("a stored draw is not the one that was asked for".into()));
        }
        vectors[asked].push(released);
    }
    Ok(vectors)
}

impl Answer {
    /// What it cost.
    pub fn charge(&self) -> Charge {
        let loss = format!("{} {}", self.loss.definition.symbol(), self.loss.amount.decimal(4));
        let revises = self.revises.as_ref().map(Revision::to_string);
        Charge { report: self.report.clone(), loss, replayed: self.replayed, revises }
    }

    /// The report's tables, one an area level.
    ///
    /// # Errors
    /// [`Error::Privacy`] where a rate cannot be formed.
    pub fn tables(&self, plan: &Plan, question: &Question<'_>) -> Result<Vec<Table>> {
        (0..plan.geography.levels.len()).map(|level| self.table(plan, question, level)).collect()
    }

    fn table(&self, plan: &Plan, question: &Question<'_>, level: usize) -> Result<Table> {
        let grids = question.asked.iter().map(|asked| &asked.levels[level]).collect::<Vec<_>>();
        // The table has every dimension that any of its measures has, in the order of the one that has most.
        let widest = grids.iter().max_by_key(|grid| grid.dimensions.len());
        let mut dimensions = widest.map(|grid| grid.dimensions.clone()).unwrap_or_default();
        for dimension in grids.iter().flat_map(|grid| &grid.dimensions) {
            if !dimensions.iter().any(|known| known.name == dimension.name) {
                dimensions.push(dimension.clone());
            }
        }
        let mut rows = Vec::new();
        for ((asked, grid), vectors) in question.asked.iter().zip(&grids).zip(&self.vectors) {
            let estimates = counts(&vectors[level], floor(asked.measure))?;
            rows.extend(tidy(&asked.measure.name, true, &dimensions, &grid.dimensions, &estimates));
        }
        for rate in &question.report.rates {
            let (of, over) = (grids[rate.of], grids[rate.over]);
            let estimates = self.rate(question.report, rate.of, rate.over, &over_cells(of, over)?, rate.per, level)?;
            rows.extend(tidy(&rate.name, false, &dimensions, &of.dimensions, &estimates));
        }
        Ok(Table {
            report: question.report.name.clone(),
            title: question.report.title.clone(),
            level: plan.geography.levels[level].name.clone(),
            quarter: plan.quarter.to_string(),
            headings: dimensions.into_iter().map(|dimension| dimension.heading).collect(),
            rows,
        })
    }

    fn rate(
        &self,
        report: &Report,
        of: usize,
        over: usize,
        cells: &[usize],
        per: u32,
        level: usize,
    ) -> Result<Vec<Estimate>> {
        debug_assert!(of < report.measures.len() && over < report.measures.len());
        rates(&self.vectors[of][level], &self.vectors[over][level], cells, per)
    }
}

/// For each cell of a numerator, the cell of its denominator: the same place in the dimensions that both have.
fn over_cells(of: &LevelGrid, over: &LevelGrid) -> Result<Vec<usize>> {
    let place = |name: &str| of.dimensions.iter().position(|dimension| dimension.name == name);
    let shared = over
        .dimensions
        .iter()
        .map(|dimension| place(&dimension.name).ok_or(&dimension.heading))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|heading| {
            Error::Privacy(format!(
                "a rate's denominator is given by {heading}, and its numerator is not: no cell to divide by"
            ))
        })?;
    let cell = |index: usize| {
        let mut rest = index;
        let mut digits = vec![0; of.dimensions.len()];
        for (digit, dimension) in digits.iter_mut().zip(&of.dimensions).rev() {
            *digit = rest % dimension.values.len();
            rest /= dimension.values.len();
        }
        over.dimensions.iter().zip(&shared).fold(0, |cell, (dimension, &at)| cell * dimension.values.len() + digits[at])
    };
    Ok((0..of.len()).map(cell).collect())
}

/// What the pack says of itself.
///
/// # Errors
/// [`Error::Privacy`] where the loss has no epsilon at the board's delta, or there is no release.
pub fn manifest(plan: &Plan, questions: &[Question<'_>], answers: &[Answer]) -> Result<Manifest> {
    let mut releases = Vec::new();
    for (question, answer) in questions.iter().zip(answers) {
        let mut vectors = Vec::new();
        for (asked, released) in question.asked.iter().zip(&answer.vectors) {
            for (level, released) in asked.levels.iter().zip(released) {
                let bounds = released.bounds();
                vectors.push(Vector {
                    measure: asked.measure.name.clone(),
                    level: level.level.clone(),
                    mechanism: released.mechanism().to_string(),
                    scale: released.scale(),
                    within_95: released.calibrated().accuracy(0.05)?,
                    cells_per_person: bounds.cells(),
                    value_per_cell: (bounds.low(), bounds.high()),
                    loss_decimal: released.calibrated().charge().decimal(6),
                    cells: released.values().len(),
                });
            }
        }
        releases.push(Release {
            report: question.report.name.clone(),
            title: question.report.title.clone(),
            protects: question.roles().iter().map(Role::to_string).collect(),
            release: answer.release.to_string(),
            revises: answer.revises.as_ref().map(Revision::to_string),
            inputs: answer.inputs.clone(),
            definition: answer.loss.definition.symbol().into(),
            cost: cost(plan, &answer.loss)?,
            vectors,
        });
    }
    // The newest of the draws, and not the ledger as it is now: a replay writes the same bytes.
    let head = answers.iter().map(|answer| &answer.head).max_by_key(|head| head.entries);
    let head = head.ok_or_else(|| Error::Privacy("a pack without a release says nothing".into()))?;
    let qualifiers = [
        ("d", "a total: the figure is over all values of the dimension"),
        ("u", "low reliability: the 95% interval reaches further than half the value to either side"),
        ("z", "not applicable: there may be nobody to divide by"),
    ];
    Ok(Manifest {
        smirr: env!("CARGO_PKG_VERSION").into(),
        board: plan.board.clone(),
        quarter: plan.quarter.to_string(),
        quarter_in_words: plan.quarter.financial(),
        bands: "SIMD quintile 1 is the most deprived fifth".into(),
        ledger: head.clone(),
        releases,
        qualifiers: BTreeMap::from(qualifiers.map(|(symbol, words)| (symbol.to_owned(), words.to_owned()))),
        files: Vec::new(),
    })
}
