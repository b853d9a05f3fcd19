//! The true figures of a report, each with the table that it stands in.

use crate::publish::{ALL, Table};

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
            for row in &table.rows {
                if !estimated(&row.figure) {
                    truth.places.push(None);
                    continue;
                }
                let by = table.headings.iter().zip(&row.labels).skip(1).filter(|(_, label)| *label != ALL);
                let by = by.map(|(heading, _)| heading.clone()).collect();
                let group = truth.group(Group { figure: row.figure.clone(), level, by });
                truth.places.push(Some(Place { group, figure: row.estimate.value }));
            }
        }
        truth
    }

    /// A group's position; rows of one group mostly follow one another.
    fn group(&mut self, group: Group) -> usize {
        self.groups.iter().rposition(|known| *known == group).unwrap_or_else(|| {
            self.groups.push(group);
            self.groups.len() - 1
        })
    }
}
