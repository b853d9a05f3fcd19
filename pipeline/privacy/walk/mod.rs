//! The plan is the proof: takes the optimised plan that the engine is about to run, gives what one person can do to its
//! result. Nothing is taken on trust from whoever wrote the query; what cannot be bounded is refused, with its node.
//!
//! # The argument
//!
//! Two boards are neighbours where one has all rows of one more person, and of nobody else. The walk goes up the plan and
//! keeps, for each relation, *whose* its rows are (`rows::Whose`): nobody's (public tables, and private ones that do
//! not name this role), each person's own, or mixed within what people have in common. Joins are allowed on the person,
//! on a token that leads to a person, and with what is nobody's; filters and projections look at one row; groups and
//! numbers stay within a person. What a left join may not bring is blank, and then neither bounds a row nor places a
//! person. So leaving a person out takes away that person's rows and touches no others.
//!
//! At the top stands one aggregate without the person. What a person can do to it follows from how many rows of theirs
//! come there, whether two can meet in a cell, and the range of what is added. Afterwards a clamp may stand, which brings
//! no two values further apart. Four lemmas, each with its tests: groups that mix people, of whom each has n rows, are the
//! same without a person but for n (`group`, and `groups` where they are counted); clearing the lowest bit of a mask n times and taking
//! the rest leaves n bits (`most_bits`); a linear map modulo a prime reads every bit once
//! (`bits_of_one_mask`); of rows that are numbered within a person, those up to n are n.
//!
//! Where people are read in passes, each is in one: `ingest` derives a row's bucket from its person alone. Where people
//! meet beneath a clamp, the plan over all of them is proved, and what runs is shown to be that plan, a part of its people
//! at a time ([`Meeting`]).

mod meeting;
mod rows;
mod values;

use std::collections::HashMap;

use datafusion::logical_expr::{Aggregate, LogicalPlan};

pub use self::meeting::{Buckets, Meeting};
use self::rows::{Rows, Whose};
use self::values::{Id, Known, Values};
use super::Role;
use super::bounds::Bounds;
use crate::error::{Error, Result};

/// Whom a table's rows name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holds {
    /// No person of any role: a public table.
    Nobody,
    /// A private table: the columns that name a row's patient and its practitioner, where it has them.
    People {
        /// The column that names the patient.
        patient: Option<String>,
        /// The column that names the practitioner.
        practitioner: Option<String>,
    },
    /// A relation that was made of other tables: what was proved of its rows.
    Own(Own),
}

/// A relation each of whose rows is one person's own, and what shows it. Made by [`rows_are_own`] alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Own {
    role: Role,
    person: String,
    argument: Vec<String>,
}

/// Whom each table holds, by the name under which the engine knows it.
pub type Sources = HashMap<String, Holds>;

/// What one person of a role can do to the result of one plan. Made by [`prove`] alone; this does not compile:
///
/// ```compile_fail,E0451
/// fn believe(role: smirr::privacy::Role) -> smirr::privacy::walk::Proof {
///     smirr::privacy::walk::Proof { role, reach: None, argument: Vec::new() }
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    role: Role,
    reach: Option<Reach>,
    argument: Vec<String>,
}

/// How far one person reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Reach {
    /// Most cells, where the plan itself bounds them; otherwise as many as one place has.
    cells: Option<u32>,
    low: i64,
    high: i64,
    /// Whether all of them are in one place: they agree in the first column.
    one_place: bool,
}

impl Proof {
    /// Whom it is about.
    pub fn role(&self) -> Role {
        self.role
    }

    /// The bounds over a grid of places with `codes` cells each, and `None` where nobody of the role moves the result.
    ///
    /// Errors: [`Error::Privacy`] where they are no bounds.
    pub fn bounds(&self, codes: u64, places: u64) -> Result<Option<Bounds>> {
        let Some(reach) = self.reach else { return Ok(None) };
        let all = if reach.one_place { codes } else { codes.saturating_mul(places) };
        let all = u32::try_from(all).unwrap_or(u32::MAX);
        Bounds::new(reach.cells.map_or(all, |cells| cells.min(all)), reach.low, reach.high).map(Some)
    }

    /// Whether all of one person's cells are in one place.
    pub fn one_place(&self) -> bool {
        self.reach.is_none_or(|reach| reach.one_place)
    }

    /// The argument in plain words, a sentence a step.
    pub fn argument(&self) -> &[String] {
        &self.argument
    }
}

/// One walk up one plan, for one role.
struct Walk<'a> {
    sources: &'a Sources,
    role: Role,
    values: Values,
    argument: Vec<String>,
}

/// Proves what one person of `role` can do to the result of `plan`.
///
/// The result's columns are a place and one value a code, or a place, a code and a value.
///
/// Errors: [`Error::Privacy`], with the node that cannot be bounded and why.
pub fn prove(plan: &LogicalPlan, sources: &Sources, role: Role) -> Result<Proof> {
    let mut walk = Walk { sources, role, values: Values::default(), argument: Vec::new() };
    let reach = walk.release(plan)?;
    Ok(Proof { role, reach, argument: walk.argument })
}

/// Proves that each row that `plan` gives is of the person of `role` in one of its columns, and follows from that
/// person's rows alone: leaving a person out takes their rows away and no others. What is known of the other role is
/// lost: a relation that is made of such rows can be read where this role is protected, and nowhere else.
///
/// Errors: [`Error::Privacy`], with the node that mixes people and why.
pub fn rows_are_own(plan: &LogicalPlan, sources: &Sources, role: Role) -> Result<Own> {
    let mut walk = Walk { sources, role, values: Values::default(), argument: Vec::new() };
    let rows = walk.rows(plan)?;
    let Whose::Persons { person, named: true } = rows.whose else {
        return Err(walk.refuse(plan, "gives rows that are not each one person's own"));
    };
    let Some(place) = rows.columns.iter().position(|column| *column == person) else {
        return Err(walk.refuse(plan, "does not give whose its rows are"));
    };
    Ok(Own { role, person: plan.schema().field(place).name().clone(), argument: walk.argument })
}

impl Walk<'_> {
    fn refuse(&self, node: &LogicalPlan, why: &str) -> Error {
        let text = node.display().to_string();
        let short = text.chars().take(300).collect::<String>();
        Error::Privacy(format!("the plan cannot be bounded for the {}: `{short}` {why}", self.who()))
    }

    fn who(&self) -> &'static str {
        if self.role == Role::Patient { "patient" } else { "practitioner" }
    }

    fn say(&mut self, sentence: String) {
        if self.argument.last() != Some(&sentence) {
            self.argument.push(sentence);
        }
    }

    /// The last aggregate, below projections that only name or clamp.
    fn release(&mut self, plan: &LogicalPlan) -> Result<Option<Reach>> {
        let mut above = Vec::new();
        let mut node = plan;
        let aggregate = loop {
            match node {
                LogicalPlan::Projection(projection) => {
                    above.push(projection);
                    node = &projection.input;
                }
                LogicalPlan::SubqueryAlias(alias) => node = &alias.input,
                LogicalPlan::Aggregate(aggregate) => break aggregate,
                LogicalPlan::EmptyRelation(_) => return Ok(None),
                _ => return Err(self.refuse(node, "stands above the sum that is released")),
            }
        };
        let input = self.rows(&aggregate.input)?;
        let group = self.terms(&aggregate.group_expr, aggregate.input.schema(), &input.columns)?;
        let sums = self.sums(node, aggregate, &input)?;
        let mut columns = [group.clone(), sums.iter().map(|(sum, _)| *sum).collect()].concat();
        for projection in above.into_iter().rev() {
            columns = self.terms(&projection.expr, projection.input.schema(), &columns)?;
        }
        let (keys, values): (Vec<Id>, Vec<Id>) =
            columns.iter().copied().partition(|id| group.contains(id) || self.values.is_constant(*id));
        if keys.iter().chain(&values).ne(columns.iter()) || values.is_empty() || keys.is_empty() {
            return Err(self.refuse(node, "does not give a place and values in this order"));
        }
        let people = match &input.whose {
            Whose::Nobodys => {
                self.say(format!("So no {} can move any cell.", self.who()));
                return Ok(None);
            }
            Whose::Unnamed => return Err(self.refuse(node, "adds up rows that name nobody")),
            Whose::Persons { named: false, .. } => return Err(self.refuse(node, "adds up rows that name nobody")),
            Whose::Persons { person, .. } if group.contains(person) => {
                return Err(self.refuse(node, "gives a row to each person"));
            }
            Whose::Persons { .. } => self.own(node, &input, &group, &sums, &values),
            Whose::Within(by) => match self.groups(&input, by, &group, &sums, &values) {
                Some(reach) => Ok(reach),
                None => self.within(node, &by.clone(), &keys, &values),
            },
        };
        let reach = people?;
        self.conclude(reach);
        Ok(Some(reach))
    }

    /// The sums, each with what it adds up; `None` where it counts rows.
    fn sums(&mut self, node: &LogicalPlan, aggregate: &Aggregate, input: &Rows) -> Result<Vec<(Id, Option<Id>)>> {
        let mut sums = Vec::new();
        for (name, of) in self.aggregates(node, aggregate, input)? {
            let added = match name.as_str() {
                "sum" => of,
                "count" => None,
                _ => return Err(self.refuse(node, "releases something that is no sum")),
            };
            sums.push((self.values.column(Known::default()), added));
        }
        Ok(sums)
    }

    /// Each person's rows come to the sum as they are: how many, how large, and whether two meet in a cell.
    fn own(
        &mut self,
        node: &LogicalPlan,
        input: &Rows,
        group: &[Id],
        sums: &[(Id, Option<Id>)],
        values: &[Id],
    ) -> Result<Reach> {
        // A clamp above a sum brings no two values further apart, so what it stands on is what is bounded.
        let sums = values.iter().map(|value| sums.iter().find(|(sum, _)| self.values.is_clamp_of(*value, *sum)));
        let Some(added) = sums.map(|sum| sum.map(|(_, added)| *added)).collect::<Option<Vec<_>>>() else {
            return Err(self.refuse(node, "has something above its sums that is no clamp"));
        };
        if let [added] = added[..] {
            let (low, high) = match added {
                None => (Some(0), Some(1)),
                Some(added) => self.values.range(added),
            };
            let apart = input.unique.as_ref().is_some_and(|unique| unique.iter().all(|id| group.contains(id)));
            let meet = if apart { Some(1) } else { input.most };
            let bounds = low.zip(high).zip(meet).and_then(|((low, high), meet)| {
                let times = |bound: i128| i64::try_from(bound.checked_mul(meet.into())?).ok();
                Some((times(low)?, times(high)?))
            });
            let Some((low, high)) = bounds else {
                return Err(self.refuse(node, "adds up values that nothing clamps, or rows that nothing limits"));
            };
            let cells = input.most.map(|most| u32::try_from(most).unwrap_or(u32::MAX));
            let one_place = input.most == Some(1) || group.first().is_some_and(|place| self.values.is_fixed(*place));
            return Ok(Reach { cells, low, high, one_place });
        }
        let bits = added.iter().copied().collect::<Option<Vec<_>>>();
        let mask = bits.as_deref().and_then(|bits| self.values.bits_of_one_mask(bits));
        match (mask, input.most) {
            (Some(mask), Some(1)) => {
                let cells = self.values.most_bits(mask);
                self.say("Each code has one bit of a number that each person has one of.".into());
                Ok(Reach { cells, low: 0, high: 1, one_place: true })
            }
            _ => Err(self.refuse(node, "has several sums that are not the bits of one number a person")),
        }
    }

    /// Groups that mix people are counted, of which few follow from one person: each stands in one cell, before and
    /// after, and adds 1 to it or nothing.
    fn groups(&self, input: &Rows, by: &[Id], group: &[Id], sums: &[(Id, Option<Id>)], values: &[Id]) -> Option<Reach> {
        let (most, keys) = (input.most?, input.unique.as_ref()?);
        let (&[(sum, None)], &[value]) = (sums, values) else { return None };
        // A cell that follows from what a group adds up may be another one once a person has left.
        let stays = group.iter().all(|&id| self.values.follows_from(id, keys));
        if !stays || !self.values.is_clamp_of(value, sum) {
            return None;
        }
        let (cells, each) = (u32::try_from(most).unwrap_or(u32::MAX), i64::try_from(most).ok()?);
        let one_place = group.first().is_some_and(|place| by.contains(place));
        Some(Reach { cells: Some(cells), low: -each, high: each, one_place })
    }

    /// People meet before the sum: only a clamp above it bounds what one of them does, in the one place that they have.
    fn within(&mut self, node: &LogicalPlan, by: &[Id], keys: &[Id], values: &[Id]) -> Result<Reach> {
        if !keys.first().is_some_and(|place| by.contains(place)) {
            return Err(self.refuse(node, "adds people up over places in which one person is not alone"));
        }
        let &[value] = values else {
            return Err(self.refuse(node, "has several sums, of which one person may move all"));
        };
        let (Some(low), Some(high)) = self.values.range(value) else {
            return Err(self.refuse(node, "adds people up without a clamp on each cell"));
        };
        // A cell that is not there is 0, so the clamp's range is taken to hold 0.
        let width = i64::try_from(high.max(0) - low.min(0)).unwrap_or(i64::MAX);
        self.say(format!("Each cell is then clamped to {low} to {high}."));
        Ok(Reach { cells: None, low: -width, high: width, one_place: true })
    }

    fn conclude(&mut self, reach: Reach) {
        let cells = match (reach.cells, reach.one_place) {
            (Some(1), _) => "one cell".to_owned(),
            (Some(cells), _) => format!("{cells} cells"),
            (None, true) => "the cells of one place".to_owned(),
            (None, false) => "every cell".to_owned(),
        };
        self.say(format!("So one {} can move at most {cells}, each by {} to {}.", self.who(), reach.low, reach.high));
    }
}

#[cfg(test)]
mod groups_tests;
#[cfg(test)]
mod join_tests;
#[cfg(test)]
mod meeting_tests;
#[cfg(test)]
mod own_tests;
#[cfg(test)]
mod rule_tests;
#[cfg(test)]
mod tests;
