//! The true figures of a report, each with the table that it stands in.

use crate::publish::Table;

/// One figure at one level by one set of dimensions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The figure's name.
    pub figure: String,
    /// The position of the level.
    pub level: usize,
    /// The headings of the dimensions beside areas.
    pub by: Vec<String>,
}

/// One published cell.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// A position in [`Truth::groups`].
    pub group: usize,
    /// The true figure; `None` where there is none, as where nobody can be or nobody is divided by.
    pub figure: Option<f64>,
}

/// The true figures of a report.
pub struct Truth {
    /// Its tables, in the order in which they are published.
    pub groups: Vec<Group>,
    /// Every published cell, in order; `None` where it is not estimated, but public.
    pub places: Vec<Option<Place>>,
}

impl Truth {
    /// Of the published tables that the truth gives.
    pub fn new(tables: &[Table], estimated: &dyn Fn(&str) -> bool) -> Self {
        let mut truth = Truth { groups: Vec::new(), places: Vec::new() };
        for (level, table) in tables.iter().enumerate() {
            for block in &table.blocks {
                if !estimated(&block.figure) {
                    truth.places.extend(block.cells.iter().map(|_| None));
                    continue;
                }
                let by = block.dimensions.iter().map(|dimension| dimension.heading.clone()).collect();
                let group = truth.group(Group { figure: block.figure.clone(), level, by });
                truth.places.extend(block.cells.iter().map(|cell| Some(Place { group, figure: cell.value })));
            }
        }
        truth
    }

    /// A group's position.
    fn group(&mut self, group: Group) -> usize {
        self.groups.iter().rposition(|known| *known == group).unwrap_or_else(|| {
            self.groups.push(group);
            self.groups.len() - 1
        })
    }
}
