//! What came of a test, held against what its author expects.

use super::board::Everywhere;
use super::made::Made;
use crate::config::plan::Plan;
use crate::config::trial::{Asks, Cell, Expected, Split};
use crate::measure::grid::UNKNOWN;
use crate::publish::{Block, Table};

/// One figure that is not as its author expects.
#[derive(Debug, Clone)]
pub struct Difference {
    /// The figure's name.
    pub figure: String,
    /// The cell, in words; empty where it is everyone's.
    pub cell: String,
    /// What the test says.
    pub expected: f64,
    /// What came of it; `None` where there is no figure.
    pub found: Option<f64>,
    /// Whether the cell is one that the test leaves out.
    pub left_out: bool,
}

/// Where figures are looked for.
pub struct Found<'a> {
    /// The board's own plan.
    pub plan: &'a Plan,
    /// The test's extracts.
    pub made: &'a Made,
    /// One table a level of the test's plan.
    pub tables: &'a [Table],
    /// The level of everyone.
    pub everywhere: Everywhere,
}

impl Found<'_> {
    /// How the figures differ from one expectation; `None` where it is of a table that is not there, which checked YAML
    /// excludes.
    pub fn differences(&self, expected: &Expected) -> Option<Vec<Difference>> {
        let split = match &expected.asks {
            Asks::NothingElse { of, .. } => Some(of),
            Asks::Figure(_) => None,
        };
        let level = match (split, &expected.cell.area) {
            (Some(Split::Level(level)), _) | (_, Some((level, _))) => level + self.everywhere.before,
            _ => self.everywhere.level,
        };
        let table = self.tables.get(level)?;
        let mut dims = expected.cell.by.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>();
        if let Some(Split::Dimension(name)) = split {
            dims.push(name);
        }
        let block = table.by(&expected.figure, &dims)?;
        let place = Place { table, block, found: self };
        match &expected.asks {
            Asks::Figure(number) => {
                let found = place.value(&expected.cell)?;
                let is_it = match found {
                    // What is expected is not rounded: 2.5 people are no 3.
                    Some(found) => (rounded(block, found) - number).abs() < 1e-9,
                    // Where nobody can be, there is nobody.
                    None => *number == 0.0,
                };
                let difference = || place.difference(&expected.cell, *number, found, false);
                Some(if is_it { Vec::new() } else { vec![difference()] })
            }
            Asks::NothingElse { of, but } => {
                let cells = place.others(&expected.cell, of, but)?;
                let values = cells.into_iter().map(|cell| place.value(&cell).map(|value| (cell, value)));
                let values = values.collect::<Option<Vec<_>>>()?.into_iter();
                let wrong = values.filter(|(_, value)| value.is_some_and(|value| rounded(block, value) != 0.0));
                Some(wrong.map(|(cell, value)| place.difference(&cell, 0.0, value, true)).collect())
            }
        }
    }
}

/// One figure by some dimensions, at one level.
struct Place<'a> {
    table: &'a Table,
    block: &'a Block,
    found: &'a Found<'a>,
}

impl Place<'_> {
    /// The figure in a cell; outer `None` where there is no such cell.
    fn value(&self, cell: &Cell) -> Option<Option<f64>> {
        let area = match &cell.area {
            None => 0,
            Some((level, name)) => {
                let code = self.code(*level, name)?;
                self.table.areas.iter().position(|area| *area == code)?
            }
        };
        let inner = self.block.dimensions.iter().try_fold(0, |at, dimension| {
            let (_, value) = cell.by.iter().find(|(name, _)| *name == dimension.name)?;
            Some(at * dimension.values.len() + dimension.values.iter().position(|it| it == value)?)
        })?;
        self.block.of_area(area).get(inner).map(|estimate| estimate.value)
    }

    /// The code of an area as published.
    fn code(&self, level: usize, name: &str) -> Option<String> {
        if name == UNKNOWN {
            return Some(name.to_string());
        }
        let Found { plan, made, .. } = self.found;
        made.area(plan, plan.geography.levels.get(level)?.column.as_ref()?, name)
    }

    /// The cells that a test does not speak of.
    fn others(&self, cell: &Cell, of: &Split, but: &[String]) -> Option<Vec<Cell>> {
        match of {
            Split::Dimension(name) => {
                let dimension = self.block.dimensions.iter().find(|it| it.name == *name)?;
                let others = dimension.values.iter().filter(|value| !but.contains(value));
                let with = |value: &String| {
                    let mut other = cell.clone();
                    other.by.push((name.clone(), value.clone()));
                    other
                };
                Some(others.map(with).collect())
            }
            Split::Level(level) => {
                let spoken_of = but.iter().filter_map(|name| self.code(*level, name)).collect::<Vec<_>>();
                let others = self.table.areas.iter().filter(|area| !spoken_of.contains(area));
                let column = self.found.plan.geography.levels.get(*level)?.column.clone()?;
                let with = |code: &String| {
                    let name = self.found.made.name(self.found.plan, &column, code).unwrap_or_else(|| code.clone());
                    Cell { area: Some((*level, name)), ..cell.clone() }
                };
                Some(others.map(with).collect())
            }
        }
    }

    fn difference(&self, cell: &Cell, expected: f64, found: Option<f64>, left_out: bool) -> Difference {
        let level = |(level, name): &(usize, String)| {
            let level = self.found.plan.geography.levels.get(*level).map_or("", |level| level.name.as_str());
            format!("{level} {name}")
        };
        let by = cell.by.iter().map(|(name, value)| format!("{name} {value}"));
        Difference {
            figure: self.block.figure.clone(),
            cell: cell.area.iter().map(level).chain(by).collect::<Vec<_>>().join(", "),
            expected,
            found: found.map(|found| rounded(self.block, found)),
            left_out,
        }
    }
}

/// A figure as it is published; zero has no sign.
fn rounded(block: &Block, value: f64) -> f64 {
    let scale = 10f64.powi(block.decimals as i32);
    (value * scale).round() / scale + 0.0
}

impl Difference {
    /// The difference in words.
    pub fn message(&self) -> String {
        let Difference { figure, cell, expected, found, left_out } = self;
        let found = found.map_or("no figure".into(), |found| found.to_string());
        let cell = if cell.is_empty() { String::new() } else { format!(", {cell}") };
        match left_out {
            true => format!("`{figure}`{cell}: left out here, and so expected to be 0; found {found}"),
            false => format!("`{figure}`{cell}: expected {expected}, found {found}"),
        }
    }
}
