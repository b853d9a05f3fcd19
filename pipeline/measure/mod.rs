//! Takes linked relations and a checked measure.
//! Gives, for each area level, a private vector over the public grid of its cells, with the bounds that the plan enforces.
//! Never aggregates without a bound, and never lets the data decide which cells there are (invariants 2 and 3).
//!
//! [`plan`] writes the bounded query at the grain of the area lookup: one hash aggregate a person, then one a cell.
//! `funnel` and `wait` write the rows of what follows a person over several tables; `pairs` has one more aggregate
//! between the two, for what several people share.
//! [`grid`] knows the cells, fine and coarse; [`vector`] runs the query and rolls it up to each level. [`public`] counts
//! what holds no person, exactly.

pub mod areas;
mod funnel;
pub mod grid;
mod pairs;
mod permutation;
pub mod plan;
mod posts;
mod practice;
pub mod public;
pub mod vector;
mod wait;

#[cfg(test)]
mod spec;
