//! What a report asks: its grids, its noise and its cost, all of it known before any private data are opened.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::filter::canonical;
use crate::config::plan::{CodeDimension, LossKind, Measure, MeasureKind, Plan, Report};
use crate::error::{Error, Result};
use crate::estimate::shape::{Marginal, Shape, Tree};
use crate::link::REGISTER;
use crate::measure::grid::{FineGrid, Grid, Public};
use crate::measure::plan::bounds;
use crate::privacy::{Bounds, Calibrated, Definition, Exact, Key32, Limits, Loss, PlannedVector, Request, Role, split};

use super::share::{Part, divide};

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
    /// Its tables, in families whose members add up: one, but where people are counted in several cells of their rows'
    /// codes. None of a public measure, which is exact and costs nothing.
    pub families: Vec<Family>,
}

/// Tables of one measure that add up: counted by one query, and estimated together.
pub struct Family {
    /// The measure, by no more of the rows' codes than the family has.
    pub measure: Measure,
    /// Where the engine counts.
    pub fine: FineGrid,
    /// Areas and dimensions.
    pub grid: Grid,
    /// The same, as estimates need them.
    pub shape: Shape,
    /// What is published.
    pub tables: Vec<Marginal>,
    /// What is drawn, in the order of [`Family::tables`], of which it is a part; the rest follows from it.
    pub vectors: Vec<(Marginal, PlannedVector)>,
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

/// Every measure of a report: its grids first, since what a table costs depends on the bounds that follow from them.
fn ask<'a>(plan: &Plan, report: &'a Report, public: &Public, share: &Loss) -> Result<Vec<Asked<'a>>> {
    let mut asked = Vec::new();
    let mut one_person = Vec::new();
    for measure in &report.measures {
        let is_public = matches!(measure.kind, MeasureKind::Public { .. });
        let families = if is_public { Vec::new() } else { families(plan, measure, public)? };
        for family in &families {
            let fine = bounds(&family.measure, &family.fine)?;
            let tables = family.tables.iter().map(|table| family.grid.one_person(&fine, &table.dims));
            one_person.push(tables.collect::<Result<Vec<Bounds>>>()?);
        }
        asked.push(Asked { measure, families });
    }
    let places = asked.iter().enumerate().flat_map(|(at, it)| it.families.iter().map(move |family| (at, family)));
    let parts = places.zip(&one_person).map(|((measure, family), bounds)| Part {
        measure,
        shape: &family.shape,
        tables: &family.tables,
        bounds,
    });
    let mut noise = divide(plan, report, share, &parts.collect::<Vec<_>>())?.into_iter();
    for family in asked.iter_mut().flat_map(|it| &mut it.families) {
        let meaning = meaning(plan, &family.measure);
        for (table, noise) in family.tables.iter().zip(noise.next().unwrap_or_default()) {
            let Some(noise) = noise else { continue };
            let by = table.dims.iter().map(|&dim| family.grid.dimensions[dim].name.as_str()).collect::<Vec<_>>();
            let name = format!("{}/{}/{meaning}", plan.geography.levels[table.level].name, by.join("+"));
            let vector = PlannedVector { name, len: family.shape.cells(table), noise };
            family.vectors.push((table.clone(), vector));
        }
    }
    Ok(asked)
}

/// The families of a measure's tables.
fn families(plan: &Plan, measure: &Measure, public: &Public) -> Result<Vec<Family>> {
    let bands = measure.bands.len();
    let is_own = |code: &CodeDimension| code.table == REGISTER && code.via.is_none();
    let row_dims = (0..measure.codes.len()).filter(|&code| !is_own(&measure.codes[code])).map(|code| bands + code);
    let row_dims = row_dims.collect::<BTreeSet<_>>();
    // Someone in two cells of their rows' codes is one person where those are summed over: such tables do not add up.
    let adds_up = measure.cells == 1 || measure.kind != MeasureKind::Persons;
    let mut groups = BTreeMap::<Vec<usize>, Vec<&Vec<usize>>>::new();
    for table in &measure.tables {
        let rows = table.iter().copied().filter(|dim| !adds_up && row_dims.contains(dim)).collect();
        groups.entry(rows).or_default().push(table);
    }
    let mut families = Vec::new();
    for (rows, tables) in groups {
        // Dimensions that no table of the family is by are counted over.
        let used = tables.iter().flat_map(|table| table.iter().copied()).chain(rows).collect::<BTreeSet<_>>();
        let dims = used.into_iter().collect::<Vec<_>>();
        let place = |dim: &usize| dims.iter().position(|kept| kept == dim).unwrap_or(0);
        let own = Measure {
            bands: dims.iter().filter(|&&dim| dim < bands).map(|&dim| measure.bands[dim]).collect(),
            codes: dims.iter().filter(|&&dim| dim >= bands).map(|&dim| measure.codes[dim - bands].clone()).collect(),
            tables: tables.iter().map(|table| table.iter().map(place).collect()).collect(),
            ..measure.clone()
        };
        let fine = FineGrid::new(plan, &own, public)?;
        let grid = Grid::new(plan, &own, &fine);
        let tree = Tree::new(grid.areas.levels.iter().map(|level| level.parents.clone()).collect())?;
        let shape = Shape { tree, sizes: grid.sizes() };
        let levels = 0..plan.geography.levels.len();
        let published = levels
            .flat_map(|level| own.tables.iter().map(move |dims| Marginal { level, dims: dims.clone() }))
            .collect();
        families.push(Family { measure: own, fine, grid, shape, tables: published, vectors: Vec::new() });
    }
    Ok(families)
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
        measure.rows.meaning(),
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
    let mut vectors = asked.iter().flat_map(Asked::vectors).collect::<Vec<_>>();
    vectors.sort_by(|a, b| a.name.cmp(&b.name));
    let vectors =
        vectors.iter().map(|vector| format!("{} {} {:?}", vector.name, vector.len, vector.noise)).collect::<Vec<_>>();
    let columns = plan.geography.levels.iter().map(|level| &level.column).collect::<Vec<_>>();
    let frame = format!("{} {} {columns:?} {context}", plan.quarter, plan.geography.table);
    Key32::of([frame.as_bytes(), vectors.join("\n").as_bytes()])
}

/// What a report's figures mean, whatever the quarter, the noise and the lookup: the same for another order, other labels
/// and other units.
fn report_meaning(plan: &Plan, report: &Report) -> Key32 {
    let name = |at: usize| report.measures[at].name.as_str();
    let measures = report.measures.iter().map(|it| format!("{} {}", it.name, meaning(plan, it)));
    let rates = report.rates.iter().map(|it| format!("{} {} {} {}", it.name, name(it.of), name(it.over), it.per));
    let means = report.means.iter().map(|it| {
        let sides = [name(it.sum), name(it.count)];
        format!("{} {sides:?} {} {:?}", it.name, it.centre, it.between)
    });
    let gaps = report.inequality.iter().map(|it| {
        let across = it.across;
        format!("{} {} {across:?} {:?}", it.name, report.rates[it.of].name, it.convention)
    });
    let standardised = report.standardised.iter().map(|it| {
        let sides = [name(it.of), name(it.over)];
        format!("{} {sides:?} {:?} {:?} {}", it.name, it.population, it.ages, it.per)
    });
    let quartiles = report.quartiles.iter().map(|it| format!("{} {} {:?} {:?}", it.name, name(it.of), it.bins, it.at));
    let mut parts =
        measures.chain(rates).chain(means).chain(gaps).chain(standardised).chain(quartiles).collect::<Vec<_>>();
    parts.sort();
    Key32::of(parts.iter().map(String::as_bytes))
}

impl Asked<'_> {
    /// Everything that is drawn of it.
    pub fn vectors(&self) -> impl Iterator<Item = &PlannedVector> {
        self.families.iter().flat_map(|family| family.vectors.iter().map(|(_, vector)| vector))
    }
}

/// Where a vector stands in a question: its measure, its family and its place among the family's vectors.
pub type Place = (usize, usize, usize);

impl Question<'_> {
    /// The definition that its vectors pay in.
    pub fn definition(&self) -> Definition {
        self.definition
    }

    /// The release that answers it from these inputs.
    pub fn release(&self, inputs: &str) -> Key32 {
        Key32::of([self.key.to_string().as_bytes(), inputs.as_bytes()])
    }

    /// The hash of what the report's figures mean: between two quarters that differ in it, there is a break.
    pub fn meaning(&self, plan: &Plan) -> Key32 {
        report_meaning(plan, self.report)
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
            vectors: self.in_order().map(|place| self.vector(place).clone()).collect(),
            limits: self.limits.clone(),
        }
    }

    /// The same question with other noise in every vector, chosen by what one person can do to it, and a budget that it
    /// just fits: for a ledger of its own, since its key stays as it was.
    ///
    /// # Errors
    /// Of `noise`.
    pub fn with_noise(mut self, noise: impl Fn(&Bounds) -> Result<Calibrated>) -> Result<Self> {
        for (_, vector) in self.asked.iter_mut().flat_map(|it| &mut it.families).flat_map(|it| &mut it.vectors) {
            vector.noise = noise(vector.noise.bounds())?;
            self.definition = vector.noise.mechanism().definition();
        }
        let charges = Exact::sum(self.asked.iter().flat_map(Asked::vectors).map(|vector| vector.noise.charge()));
        self.limits = Limits { quarter: Loss::new(self.definition, charges), year: None };
        Ok(self)
    }

    /// Whom the report protects, in the ledger's terms.
    pub fn roles(&self) -> BTreeSet<Role> {
        let practitioner = self.report.protects.practitioner.then_some(Role::Practitioner);
        [Role::Patient].into_iter().chain(practitioner).collect()
    }

    /// The names of each level's areas, in the order of their cells.
    pub fn areas(&self) -> Vec<&[String]> {
        let family = self.asked.iter().flat_map(|asked| &asked.families).next();
        let levels = family.map_or(&[][..], |family| &family.grid.areas.levels);
        levels.iter().map(|level| level.labels.as_slice()).collect()
    }

    /// The vector that stands there.
    pub fn vector(&self, (asked, family, vector): Place) -> &PlannedVector {
        &self.asked[asked].families[family].vectors[vector].1
    }

    /// Every vector, in the order in which the ledger has them.
    pub fn in_order(&self) -> impl Iterator<Item = Place> + '_ {
        let families = |(at, asked): (usize, &Asked<'_>)| {
            let families = asked.families.iter().enumerate();
            families
                .flat_map(|(family, it)| (0..it.vectors.len()).map(move |vector| (family, vector)))
                .map(move |(family, vector)| (at, family, vector))
                .collect::<Vec<_>>()
        };
        let mut places = self.asked.iter().enumerate().flat_map(families).collect::<Vec<_>>();
        places.sort_by(|&a, &b| self.vector(a).name.cmp(&self.vector(b).name));
        places.into_iter()
    }
}
