//! What a run would cost, and what its figures would be worth: from the plan, the public tables and the ledger alone.
//!
//! No key is read, no private extract is looked for, and nothing is written but a scratch folder for public tables, which
//! goes when the answer is there. Grids, noise and charges are made by the very functions that a run uses.

use std::collections::{BTreeMap, BTreeSet};

use super::figures::{rules, sampling};
use super::question::{Asked, Family, Question, limits, loss, prepare};
use super::{Resources, afford, with_public, witness};
use crate::config::plan::{Measure, Place, Plan, Rate};
use crate::error::{Error, Result};
use crate::estimate::Estimate;
use crate::estimate::fit::spreads;
use crate::estimate::interval::multiplier;
use crate::estimate::ratio::{Side, ratio};
use crate::estimate::reliability::{Mark, Rules};
use crate::estimate::shape::Marginal;
use crate::link::PublicTable;
use crate::measure::grid::Public;
use crate::privacy::{Calibrated, Exact, Ledger, Loss, Mechanism, Role, Spending};
use crate::progress::Progress;

/// Of 100 cells, 95 are within so many standard deviations.
const Z95: f64 = 1.959_963_984_540_054;

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
    /// One a measure, level and set of dimensions.
    pub tables: Vec<TableAhead>,
    /// One a rate and level, where both sides are expected.
    pub rates: Vec<RateAhead>,
    /// The rates of which nothing can be foretold.
    pub rates_unsaid: Vec<String>,
}

/// One published table, foretold.
pub struct TableAhead {
    /// The measure.
    pub measure: String,
    /// Its unit, in words.
    pub unit: String,
    /// The level.
    pub level: String,
    /// The dimensions beside areas.
    pub by: Vec<String>,
    /// The bounds, the mechanism, its scale and its cost; `None` where the table follows from others that are drawn.
    pub noise: Option<Calibrated>,
    /// The standard deviation of the error of its cells, all tables of the measure combined.
    pub error: f64,
    /// The error of 95 in 100 cells stays within this.
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
pub(super) fn rooms(plan: &Plan, questions: &[Question<'_>], ledger: Option<&Ledger>) -> Result<Vec<Room>> {
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
    let mut tables = Vec::new();
    for (at, asked) in question.asked.iter().enumerate() {
        for family in &asked.families {
            let drawn =
                family.vectors.iter().map(|(table, vector)| (table.clone(), vector.noise.standard_deviation().powi(2)));
            let spreads = spreads(&family.shape, &drawn.collect::<Vec<_>>(), &family.tables)?;
            for (table, spread) in family.tables.iter().zip(spreads) {
                let target = report.targets.iter().find(|target| (target.measure, target.level) == (at, table.level));
                tables.push(foreseen(
                    plan,
                    family,
                    table,
                    spread.mean().sqrt(),
                    target.map(|it| it.within),
                    zones,
                    report.reliability.unreliable_over,
                ));
            }
        }
    }
    let rates = rates(plan, question, &tables, zones);
    let unsaid = report.rates.iter().map(|rate| &rate.name).filter(|name| rates.iter().all(|rate| rate.rate != **name));
    let rates_unsaid = unsaid.cloned().collect();
    let charges = question.asked.iter().flat_map(Asked::vectors).map(|vector| vector.noise.charge());
    let loss = Loss::new(question.definition(), Exact::sum(charges));
    Ok(ReportAhead {
        name: report.name.clone(),
        title: report.title.clone(),
        loss,
        asked_before,
        tables,
        rates,
        rates_unsaid,
    })
}

/// One published table, whose cells have errors of this deviation.
fn foreseen(
    plan: &Plan,
    family: &Family,
    table: &Marginal,
    error: f64,
    target: Option<u32>,
    zones: Option<&PublicTable>,
    unreliable_over: f64,
) -> TableAhead {
    let measure = &family.measure;
    let noise = family.vectors.iter().find(|(drawn, _)| drawn == table).map(|(_, vector)| vector.noise.clone());
    let laplace = family.vectors.iter().any(|(_, vector)| vector.noise.mechanism() == Mechanism::DiscreteLaplace);
    // A whole number is within `within` where the figure behind it is within half of one more.
    let within = (Z95 * error * multiplier(laplace) - 0.5).ceil().max(0.0) as u64;
    let reliable_from = (within as f64 / unreliable_over).ceil() as u64;
    let codes = codes(family, &table.dims);
    let most = noise.as_ref().map_or(1, |noise| noise.bounds().linf());
    let worth = zones.and_then(|zones| lived_in(plan, family, table, zones)).map(|lived_in| {
        let reliable = |&&people: &&u64| match expected(measure, codes, people) {
            Some(count) => count >= reliable_from as f64,
            None => people.saturating_mul(most) >= reliable_from,
        };
        let basis = if measure.expect_per_1000.is_some() { Basis::Expected } else { Basis::Everyone };
        let reliable = lived_in.iter().filter(reliable).count();
        Worth { reliable: reliable * codes, cells: lived_in.len() * codes, basis }
    });
    TableAhead {
        measure: measure.name.clone(),
        unit: measure.unit.clone(),
        level: plan.geography.levels[table.level].name.clone(),
        by: table.dims.iter().map(|&dim| family.grid.dimensions[dim].name.clone()).collect(),
        noise,
        error,
        within,
        target,
        cells: family.shape.cells(table),
        reliable_from,
        worth,
    }
}

/// The rates by areas and every dimension that both sides have, where both are expected.
fn rates(plan: &Plan, question: &Question<'_>, tables: &[TableAhead], zones: Option<&PublicTable>) -> Vec<RateAhead> {
    let mut rates = Vec::new();
    for rate in &question.report.rates {
        for (level, named) in plan.geography.levels.iter().enumerate() {
            let widest = |at: usize| {
                let asked = &question.asked[at];
                let own = |it: &&TableAhead| it.measure == asked.measure.name && it.level == named.name;
                tables.iter().filter(own).max_by_key(|it| it.by.len())
            };
            let (Some(of), Some(over)) = (widest(rate.of), widest(rate.over)) else { continue };
            let family = question.asked[rate.of].families.last();
            let table =
                family.and_then(|it| it.tables.iter().rfind(|table| table.level == level).map(|table| (it, table)));
            let Some((family, table)) = table else { continue };
            let Some(lived_in) = zones.and_then(|zones| lived_in(plan, family, table, zones)) else { continue };
            let codes = codes(family, &table.dims);
            let sides = [(rate.of, of, codes), (rate.over, over, 1)];
            let sides = sides.map(|(at, side, codes)| (&question.report.measures[at], side.error, codes));
            rates.extend(foretell(rate, sides, &named.name, &lived_in, &rules(question.report)));
        }
    }
    rates
}

/// `None` where one of the sides is not expected. Each side: its measure, its error and its combinations of codes.
fn foretell(
    rate: &Rate,
    sides: [(&Measure, f64, usize); 2],
    level: &str,
    lived_in: &[u64],
    rules: &Rules,
) -> Option<RateAhead> {
    let [(of, error_of, codes), (over, error_over, codes_over)] = sides;
    let per = f64::from(rate.per);
    let estimate = |&people: &u64| {
        let side = |measure: &Measure, codes: usize, error: f64| {
            let value = expected(measure, codes, people)?;
            Some(Side { value, unbiased: value, variance: error * error })
        };
        let (of, over) = (side(of, codes, error_of)?, side(over, codes_over, error_over)?);
        Some(Estimate::of(ratio(of, over, 0.0, per, sampling(rate.sampling)), rules, 1))
    };
    let estimates = lived_in.iter().map(estimate).collect::<Option<Vec<Estimate>>>()?;
    let counted = |wanted: Mark| estimates.iter().filter(|it| it.mark == wanted).count() * codes;
    let farther =
        |it: &Estimate| Some((it.value?, it.interval?)).map(|(value, (low, high))| (value - low).max(high - value));
    let mut reaches = estimates.iter().filter_map(farther).collect::<Vec<_>>();
    reaches.sort_by(f64::total_cmp);
    Some(RateAhead {
        rate: rate.name.clone(),
        level: level.to_owned(),
        per: rate.per,
        value: expected(of, codes, 1000)? / expected(over, codes_over, 1000)? * per,
        reach: reaches.get(reaches.len() / 2).copied(),
        reliable: counted(Mark::Plain),
        not_applicable: counted(Mark::NotApplicable),
        cells: estimates.len() * codes,
    })
}

/// What one cell of an area and band with so many people is expected to hold: codes have no public margin, so the
/// expectation is split evenly over those that are declared.
fn expected(measure: &Measure, codes: usize, people: u64) -> Option<f64> {
    Some(people as f64 * measure.expect_per_1000? / 1000.0 / codes as f64)
}

/// Combinations of declared codes in a table, `unknown` left out.
fn codes(family: &Family, dims: &[usize]) -> usize {
    let bands = family.measure.bands.len();
    dims.iter().filter(|&&dim| dim >= bands).map(|&dim| family.measure.codes[dim - bands].codes.len()).product()
}

/// How many people live in each named area and band of a table where anyone does. `None` where nobody knows, as of
/// figures by practice: a practice's patients live in many areas.
fn lived_in(plan: &Plan, family: &Family, table: &Marginal, zones: &PublicTable) -> Option<Vec<u64>> {
    let people = people(plan, zones).filter(|_| family.measure.place == Place::Home)?;
    let everyone = vec![Some(String::new()); people.len()];
    let column = plan.geography.levels[table.level].column.as_ref();
    let areas = column.map_or(Some(&everyone[..]), |column| zones.texts(column))?;
    let bands = table.dims.iter().filter_map(|&dim| family.measure.bands.get(dim)).map(|&band| {
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
