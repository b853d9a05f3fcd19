//! What a run would cost, and what its figures would be worth: from the plan, the public tables and the ledger alone.
//!
//! No key is read, no private extract is looked for, and nothing is written but a scratch folder for public tables, which
//! goes when the answer is there. Grids, noise and charges are made by the very functions that a run uses.

use std::collections::{BTreeMap, BTreeSet};

use super::question::{Asked, Question, limits, loss, prepare};
use super::{Resources, afford, with_public, witness};
use crate::config::plan::{Place, Plan, Rate};
use crate::error::{Error, Result};
use crate::estimate::{Estimate, Qualifier, ratio, reliable_from};
use crate::link::PublicTable;
use crate::measure::grid::Public;
use crate::privacy::{Calibrated, Exact, Ledger, Loss, Role, Spending};
use crate::progress::Progress;

/// A run, foretold.
pub struct Ahead {
    /// One a report, in the plan's order.
    pub reports: Vec<ReportAhead>,
    /// What the ledger would be charged for the reports that it has not seen.
    pub charge: Loss,
    /// What the ledger has left: this quarter, and this year where it has a limit.
    pub rooms: Vec<Room>,
    /// How many people live in the areas, where the area lookup says so.
    pub people: Option<u64>,
    /// Why the ledger would refuse the run, where it would.
    pub refused: Option<Error>,
}

/// One report, foretold.
pub struct ReportAhead {
    /// Its name.
    pub name: String,
    /// Its title.
    pub title: String,
    /// What it costs: the sum over its vectors.
    pub loss: Loss,
    /// Whether the ledger knows the question: it then costs nothing while the extracts are the same.
    pub asked_before: bool,
    /// One a measure and level.
    pub vectors: Vec<VectorAhead>,
    /// One a rate and level, where both sides are expected.
    pub rates: Vec<RateAhead>,
    /// The rates of which nothing can be foretold.
    pub rates_unsaid: Vec<String>,
}

/// One measure at one level, foretold.
pub struct VectorAhead {
    /// The measure.
    pub measure: String,
    /// Its unit, in words.
    pub unit: String,
    /// The level.
    pub level: String,
    /// The bounds, the mechanism, its scale and its cost.
    pub noise: Calibrated,
    /// The noise of 95 in 100 cells stays within this.
    pub within: u64,
    /// What the report asked for, where it did.
    pub target: Option<u32>,
    /// Cells that are published, `unknown` ones included.
    pub cells: usize,
    /// The least count that is reliable.
    pub reliable_from: u64,
    /// How many cells will be, where the public tables tell how many people live in them: not of figures by practice.
    pub worth: Option<Worth>,
}

/// How many cells will be reliable, of those where people live and that name an area, a band and a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Worth {
    /// Reliable cells: expected, or at most.
    pub reliable: usize,
    /// Cells where people live.
    pub cells: usize,
    /// What that rests on.
    pub basis: Basis,
}

/// What a forecast rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// The report's `expect`, applied to everyone who lives there and split evenly over codes.
    Expected,
    /// Everyone who lives there counts as much as one person may: there can hardly be more.
    Everyone,
}

/// One rate at one level, foretold.
pub struct RateAhead {
    /// The rate.
    pub rate: String,
    /// The level.
    pub level: String,
    /// 1000 for a rate per thousand.
    pub per: u32,
    /// The expected value, the same in every cell.
    pub value: f64,
    /// How far the published 95% interval reaches to its farther side in the middle cell of those that have one.
    pub reach: Option<f64>,
    /// Cells whose rate is reliable.
    pub reliable: usize,
    /// Cells in which there may be nobody to divide by.
    pub not_applicable: usize,
    /// Cells where people live.
    pub cells: usize,
}

/// What is left of a limit.
pub struct Room {
    /// Whose loss it limits.
    pub role: Role,
    /// The quarters that it is over, in words.
    pub over: String,
    /// The limit.
    pub limit: Loss,
    /// What is left of it; `None` where what was spent cannot be counted in its definition.
    pub left: Option<Exact>,
}

/// Foretells a run of the plan.
///
/// # Errors
/// [`Error::Budget`] where the targets of a report do not fit its share; of the public tables and the ledger otherwise. A
/// run that the ledger would refuse is no error here: [`Ahead::refused`] says why.
pub fn ahead(plan: &Plan, resources: Resources, progress: &Progress) -> Result<Ahead> {
    with_public(plan, resources, progress, |public, context| run_ahead(plan, public, context, progress))
}

fn run_ahead(plan: &Plan, public: &Public, context: &str, progress: &Progress) -> Result<Ahead> {
    let questions = prepare(plan, public, context)?;
    let zones = public.get(&plan.geography.table);
    let ledger = existing_ledger(plan, progress)?;
    let mut reports = Vec::new();
    for question in &questions {
        let asked_before = match &ledger {
            Some(ledger) => ledger.known_question(plan.quarter, &question.key)?,
            None => false,
        };
        reports.push(report(plan, question, zones, asked_before)?);
    }
    let total = loss(&plan.loss)?;
    let new = reports.iter().filter(|report| !report.asked_before).map(|report| &report.loss.amount);
    Ok(Ahead {
        charge: Loss::new(total.definition, Exact::sum(new)),
        rooms: rooms(plan, &questions, ledger.as_ref())?,
        people: zones.and_then(|zones| people(plan, zones)).map(|people| people.iter().sum()),
        // An empty ledger has room for the quarter's loss, of which the reports are shares.
        refused: ledger.as_ref().and_then(|ledger| afford(plan, ledger, &questions).err()),
        reports,
    })
}

/// The ledger, where the board has one or should have: looking ahead makes none, and takes no lost one for unspent.
fn existing_ledger(plan: &Plan, progress: &Progress) -> Result<Option<Ledger>> {
    witness::is_expected(plan)?.then(|| witness::open(plan, &|text| progress.note(text))).transpose()
}

/// What is left, for each role that a report of the plan protects: losses of different people do not add up.
fn rooms(plan: &Plan, questions: &[Question<'_>], ledger: Option<&Ledger>) -> Result<Vec<Room>> {
    let limits = limits(plan)?;
    let mut rooms = Vec::new();
    for role in questions.iter().flat_map(Question::roles).collect::<BTreeSet<_>>() {
        let spent = ledger.map(|ledger| ledger.spent(role, plan.quarter)).transpose()?;
        let room = |over: String, limit: &Loss, spent: Option<&Spending>| {
            let left = spent.map_or(Some(limit.amount.clone()), |spent| spent.left(limit));
            Room { role, over, limit: limit.clone(), left }
        };
        rooms.push(room(plan.quarter.to_string(), &limits.quarter, spent.as_ref().map(|spent| &spent.quarter)));
        if let Some(year) = &limits.year {
            let over = format!("the four quarters to {}", plan.quarter);
            rooms.push(room(over, year, spent.as_ref().map(|spent| &spent.year)));
        }
    }
    Ok(rooms)
}

fn report(
    plan: &Plan,
    question: &Question<'_>,
    zones: Option<&PublicTable>,
    asked_before: bool,
) -> Result<ReportAhead> {
    let report = question.report;
    let mut vectors = Vec::new();
    let mut rates = Vec::new();
    for (at, asked) in question.asked.iter().enumerate() {
        for level in 0..asked.levels.len() {
            let lived_in = zones.and_then(|zones| lived_in(plan, asked, level, zones));
            let target = report.targets.iter().find(|target| (target.measure, target.level) == (at, level));
            vectors.push(vector(asked, level, target.map(|target| target.within), lived_in.as_deref())?);
        }
    }
    for rate in &report.rates {
        for level in 0..plan.geography.levels.len() {
            let (of, over) = (&question.asked[rate.of], &question.asked[rate.over]);
            let lived_in = zones.and_then(|zones| lived_in(plan, of, level, zones));
            rates.extend(lived_in.map(|lived_in| foretell(rate, of, over, level, &lived_in)).transpose()?.flatten());
        }
    }
    let unsaid = report.rates.iter().map(|rate| &rate.name).filter(|name| rates.iter().all(|rate| rate.rate != **name));
    let rates_unsaid = unsaid.cloned().collect();
    let amount = Exact::sum(vectors.iter().map(|vector| vector.noise.charge()));
    Ok(ReportAhead {
        name: report.name.clone(),
        title: report.title.clone(),
        loss: Loss::new(question.definition(), amount),
        asked_before,
        vectors,
        rates,
        rates_unsaid,
    })
}

fn vector(asked: &Asked<'_>, level: usize, target: Option<u32>, lived_in: Option<&[u64]>) -> Result<VectorAhead> {
    let (measure, planned) = (asked.measure, &asked.vectors[level]);
    let within = planned.noise.accuracy(0.05)?;
    let reliable_from = reliable_from(within);
    let worth = lived_in.map(|lived_in| {
        let reliable = |&&people: &&u64| match expected(asked, people) {
            Some(count) => count >= reliable_from as f64,
            None => people.saturating_mul(planned.noise.bounds().linf()) >= reliable_from,
        };
        let basis = if measure.expect_per_1000.is_some() { Basis::Expected } else { Basis::Everyone };
        let reliable = lived_in.iter().filter(reliable).count();
        Worth { reliable: reliable * codes(asked), cells: lived_in.len() * codes(asked), basis }
    });
    Ok(VectorAhead {
        measure: measure.name.clone(),
        unit: measure.unit.clone(),
        level: asked.levels[level].level.clone(),
        noise: planned.noise.clone(),
        within,
        target,
        cells: planned.len,
        reliable_from,
        worth,
    })
}

/// `None` where one of the sides is not expected.
fn foretell(
    rate: &Rate,
    of: &Asked<'_>,
    over: &Asked<'_>,
    level: usize,
    lived_in: &[u64],
) -> Result<Option<RateAhead>> {
    let reach = |asked: &Asked<'_>| asked.vectors[level].noise.accuracy(0.025).map(|reach| reach as f64);
    let (reach_of, reach_over) = (reach(of)?, reach(over)?);
    let per = f64::from(rate.per);
    let estimate =
        |&people: &u64| Some(ratio((expected(of, people)?, reach_of), (expected(over, people)?, reach_over), per));
    let Some(estimates) = lived_in.iter().map(estimate).collect::<Option<Vec<Estimate>>>() else { return Ok(None) };
    let counted = |wanted: Qualifier| estimates.iter().filter(|it| it.qualifier == wanted).count() * codes(of);
    let farther =
        |it: &Estimate| Some((it.value?, it.interval?)).map(|(value, (low, high))| (value - low).max(high - value));
    let mut reaches = estimates.iter().filter_map(farther).collect::<Vec<_>>();
    reaches.sort_by(f64::total_cmp);
    let expects = |asked: &Asked<'_>| expected(asked, 1000).unwrap_or(0.0);
    Ok(Some(RateAhead {
        rate: rate.name.clone(),
        level: of.levels[level].level.clone(),
        per: rate.per,
        value: expects(of) / expects(over) * per,
        reach: reaches.get(reaches.len() / 2).copied(),
        reliable: counted(Qualifier::Plain),
        not_applicable: counted(Qualifier::NotApplicable),
        cells: estimates.len() * codes(of),
    }))
}

/// What one cell of an area and band with so many people is expected to hold: codes have no public margin, so the
/// expectation is split evenly over those that are declared.
fn expected(asked: &Asked<'_>, people: u64) -> Option<f64> {
    Some(people as f64 * asked.measure.expect_per_1000? / 1000.0 / codes(asked) as f64)
}

/// Combinations of declared codes, `unknown` left out.
fn codes(asked: &Asked<'_>) -> usize {
    asked.measure.codes.iter().map(|code| code.codes.len()).product()
}

/// How many people live in each named area and band of a level where anyone does. `None` where nobody knows, as of figures
/// by practice: a practice's patients live in many areas.
fn lived_in(plan: &Plan, asked: &Asked<'_>, level: usize, zones: &PublicTable) -> Option<Vec<u64>> {
    let people = people(plan, zones).filter(|_| asked.measure.place == Place::Home)?;
    let everyone = vec![Some(String::new()); people.len()];
    let areas =
        plan.geography.levels[level].column.as_ref().map_or(Some(&everyone[..]), |column| zones.texts(column))?;
    let bands = asked.measure.bands.iter().map(|&band| {
        let band = &plan.geography.bands[band];
        Some((zones.codes(&band.column)?, band.codes.len()))
    });
    let bands = bands.collect::<Option<Vec<_>>>()?;
    let mut places: BTreeMap<(&str, Vec<usize>), u64> = BTreeMap::new();
    for (row, (area, &people)) in areas.iter().zip(&people).enumerate() {
        let codes = bands.iter().map(|(codes, unknown)| Some(codes[row]).filter(|code| code < unknown));
        if let (Some(area), Some(codes)) = (area, codes.collect::<Option<Vec<_>>>()) {
            *places.entry((area, codes)).or_default() += people;
        }
    }
    Some(places.into_values().filter(|&people| people > 0).collect())
}

/// How many people live in each row of the area lookup; `None` where it does not say, or names nobody.
fn people(plan: &Plan, zones: &PublicTable) -> Option<Vec<u64>> {
    let texts = zones.texts(plan.geography.population.as_ref()?)?;
    let people = texts.iter().map(|text| text.as_ref().and_then(|text| text.parse().ok()).unwrap_or(0));
    Some(people.collect::<Vec<u64>>()).filter(|people| people.iter().any(|&people| people > 0))
}
