//! How near simulated runs came to the truth: sums cell by cell, and what they say of each table.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::truth::{Place, Truth};
use crate::error::{Error, Result};
use crate::estimate::Estimate;
use crate::estimate::reliability::Mark;
use crate::publish::Table;

/// Counts below this are small.
pub const SMALL: f64 = 10.0;
/// What floating point may cost an interval that ends at the truth.
const ROUNDING: f64 = 1e-9;

/// How near one table came to the truth.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Score {
    /// Cells that have a true figure.
    pub cells: usize,
    /// Cells that have none.
    pub without: usize,
    /// The published values' error; `None` where no run shows one.
    pub published: Option<Errors>,
    /// The unbiased estimates' error. Counts only.
    pub unbiased: Option<Errors>,
    /// The standard error that is published beside the unbiased estimates: the root of its mean square.
    pub stated: Option<f64>,
    /// How often the 95% interval holds the truth, of all cells that show a value.
    pub coverage: Option<Coverage>,
    /// The same of cells whose true count is below 10, and how many cells these are. Counts only.
    pub small: Option<(usize, Coverage)>,
    /// The share that shows a value without `u`, of all cells with a true figure and over all runs.
    pub reliable: f64,
    /// The share that the rules withhold.
    pub withheld: f64,
    /// The share that is not applicable, though there is a true figure: there may be nobody to divide by.
    pub not_applicable: f64,
}

/// Errors over the cells and the runs of a table, in the figure's unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Errors {
    /// The root mean square of the cells' biases, less what chance adds to it in so many runs.
    pub bias: f64,
    /// The root mean square error.
    pub rmse: f64,
    /// The bias of the worst cell, in standard errors of its mean over the runs.
    pub worst: f64,
}

/// How often intervals hold the truth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Coverage {
    /// The share of cells, on the average over runs.
    pub share: f64,
    /// The standard error of that average. Cells of one run go together, runs do not.
    pub error: f64,
}

/// Numbers and their squares, summed.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    count: f64,
    sum: f64,
    squares: f64,
}

impl Sums {
    fn add(&mut self, value: f64) {
        self.merge(Sums { count: 1.0, sum: value, squares: value * value });
    }

    fn merge(&mut self, other: Sums) {
        self.count += other.count;
        self.sum += other.sum;
        self.squares += other.squares;
    }

    fn mean(&self) -> f64 {
        self.sum / self.count
    }

    /// The squared standard error of the mean; nothing is known of it from one number.
    fn error_squared(&self) -> f64 {
        let mean = self.mean();
        (self.squares / self.count - mean * mean).max(0.0) / (self.count - 1.0).max(1.0)
    }

    fn coverage(&self) -> Option<Coverage> {
        (self.count > 0.0).then(|| Coverage { share: self.mean(), error: self.error_squared().sqrt() })
    }
}

/// One cell over all runs.
#[derive(Debug, Clone, Copy, Default)]
struct Cell {
    reliable: u32,
    withheld: u32,
    not_applicable: u32,
    published: Sums,
    unbiased: Sums,
    stated: Sums,
}

impl Cell {
    /// Notes one run's estimate, and gives whether its interval holds the truth where it shows one.
    fn add(&mut self, truth: f64, estimate: &Estimate) -> Option<bool> {
        match estimate.mark {
            Mark::Plain | Mark::Low => self.reliable += 1,
            Mark::Unreliable => {}
            Mark::Withheld => self.withheld += 1,
            Mark::NotApplicable => self.not_applicable += 1,
        }
        let (value, (low, high)) = (estimate.value?, estimate.interval?);
        self.published.add(value - truth);
        if let Some(unbiased) = estimate.unbiased {
            self.unbiased.add(unbiased - truth);
        }
        if let Some(error) = estimate.error {
            self.stated.add(error);
        }
        let slack = ROUNDING * (1.0 + truth.abs());
        Some((low - slack..=high + slack).contains(&truth))
    }

    fn merge(&mut self, other: &Cell) {
        self.reliable += other.reliable;
        self.withheld += other.withheld;
        self.not_applicable += other.not_applicable;
        self.published.merge(other.published);
        self.unbiased.merge(other.unbiased);
        self.stated.merge(other.stated);
    }
}

/// One worker's runs.
struct Tally {
    /// By published cell.
    cells: Vec<Cell>,
    /// By table: each run's share of cells that are covered, of all of them and of small ones.
    covered: Vec<[Sums; 2]>,
}

impl Tally {
    fn new(truth: &Truth) -> Self {
        Tally {
            cells: vec![Cell::default(); truth.places.len()],
            covered: vec![[Sums::default(); 2]; truth.groups.len()],
        }
    }

    /// One run.
    fn add(&mut self, truth: &Truth, tables: &[Table]) -> Result<()> {
        let rows = tables.iter().map(|table| table.len()).sum::<usize>();
        if rows != truth.places.len() {
            return Err(Error::System("a simulated run has other cells than the truth".into()));
        }
        let mut covered = vec![[Sums::default(); 2]; truth.groups.len()];
        let cells = tables.iter().flat_map(|table| &table.blocks).flat_map(|block| &block.cells);
        for ((place, cell), estimate) in truth.places.iter().zip(&mut self.cells).zip(cells) {
            let Some(Place { group, figure: Some(figure) }) = *place else { continue };
            let Some(holds) = cell.add(figure, estimate) else { continue };
            let [all, small] = &mut covered[group];
            all.add(f64::from(holds));
            if estimate.unbiased.is_some() && figure < SMALL {
                small.add(f64::from(holds));
            }
        }
        for (sums, run) in self.covered.iter_mut().zip(covered) {
            for (sums, run) in sums.iter_mut().zip(run).filter(|(_, run)| run.count > 0.0) {
                sums.add(run.mean());
            }
        }
        Ok(())
    }

    fn merge(&mut self, other: &Tally) {
        self.cells.iter_mut().zip(&other.cells).for_each(|(own, more)| own.merge(more));
        let covered = self.covered.iter_mut().flatten().zip(other.covered.iter().flatten());
        covered.for_each(|(own, more)| own.merge(*more));
    }

    fn score(&self, truth: &Truth, group: usize, runs: usize) -> Score {
        let places = truth.places.iter().zip(&self.cells);
        let own = places.filter_map(|(place, cell)| Some((place.filter(|it| it.group == group)?.figure, cell)));
        let (known, without) = own.partition::<Vec<_>, _>(|(figure, _)| figure.is_some());
        let cells = known.iter().map(|(_, cell)| *cell).collect::<Vec<_>>();
        let share = |of: fn(&Cell) -> u32| {
            let count = cells.iter().map(|cell| f64::from(of(cell))).sum::<f64>();
            count / (runs * cells.len()).max(1) as f64
        };
        let small = known.iter().filter(|(figure, _)| figure.is_some_and(|it| it < SMALL)).count();
        let [all, of_small] = &self.covered[group];
        Score {
            cells: cells.len(),
            without: without.len(),
            published: errors(cells.iter().map(|cell| cell.published)),
            unbiased: errors(cells.iter().map(|cell| cell.unbiased)),
            stated: errors(cells.iter().map(|cell| cell.stated)).map(|it| it.rmse),
            coverage: all.coverage(),
            small: of_small.coverage().map(|coverage| (small, coverage)),
            reliable: share(|cell| cell.reliable),
            withheld: share(|cell| cell.withheld),
            not_applicable: share(|cell| cell.not_applicable),
        }
    }
}

/// The errors of cells that were shown at all.
fn errors(cells: impl Iterator<Item = Sums>) -> Option<Errors> {
    let (mut all, mut bias, mut worst) = (Sums::default(), 0.0, 0.0f64);
    for cell in cells.filter(|cell| cell.count > 0.0) {
        let error = cell.error_squared();
        // Each cell weighs as often as it is shown, as in the other figure.
        bias += cell.count * (cell.mean().powi(2) - error);
        if error > 0.0 {
            worst = worst.max(cell.mean().abs() / error.sqrt());
        }
        all.merge(cell);
    }
    let root = |sum: f64| (sum / all.count).max(0.0).sqrt();
    (all.count > 0.0).then(|| Errors { bias: root(bias), rmse: root(all.squares), worst })
}

/// Simulates so many runs, each by `run`, over the threads; gives the score of every table of the truth.
///
/// # Errors
/// Of the first run that fails.
pub fn simulate(
    truth: &Truth,
    runs: usize,
    threads: usize,
    run: &(dyn Fn() -> Result<Vec<Table>> + Sync),
) -> Result<Vec<Score>> {
    let begun = AtomicUsize::new(0);
    let work = || -> Result<Tally> {
        let mut tally = Tally::new(truth);
        while begun.fetch_add(1, Ordering::Relaxed) < runs {
            tally.add(truth, &run()?)?;
        }
        Ok(tally)
    };
    let mut all = Tally::new(truth);
    let lost = |_| Err(Error::System("a thread that simulated runs was lost".into()));
    thread::scope(|scope| {
        let workers = (0..threads.clamp(1, runs.max(1))).map(|_| scope.spawn(work)).collect::<Vec<_>>();
        workers.into_iter().try_for_each(|worker| {
            all.merge(&worker.join().unwrap_or_else(lost)?);
            Ok(())
        })
    })?;
    Ok((0..truth.groups.len()).map(|group| all.score(truth, group, runs)).collect())
}
