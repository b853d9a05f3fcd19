//! A tiny board's files, brought in and linked as a run brings them in.

use super::board::Exact;
use crate::config::plan::{Measure, Plan};
use crate::error::Result;
use crate::link::{Linked, link};
use crate::measure::grid::{FineGrid, levels};
use crate::measure::plan::bounds;
use crate::measure::vector::measure;
use crate::progress::{Progress, Telling};
use crate::run::intake::Intake;
use crate::run::{Resources, SCRATCH, engine};
use crate::store::Store;

/// Brings a plan's extracts in, links them, and answers a question about them.
pub fn linked<T>(plan: &Plan, answer: impl FnOnce(&Linked<'_>) -> T) -> T {
    linked_by(2, plan, answer)
}

/// The same on so many threads, which are also the parts that the engine splits a query into.
pub fn linked_by<T>(threads: usize, plan: &Plan, answer: impl FnOnce(&Linked<'_>) -> T) -> T {
    opened(threads, plan, |mut linked, store| {
        linked.put_aside(Some(store.stage().unwrap())).unwrap();
        answer(&linked)
    })
}

/// The same before the registrations of active people are put aside.
pub fn opened<T>(threads: usize, plan: &Plan, answer: impl FnOnce(Linked<'_>, &Store) -> T) -> T {
    let store = Store::open(&plan.work, &plan.quarter.to_string(), || ()).unwrap();
    let progress = Progress::new(Telling::Quiet);
    let mut intake = Intake::new(plan, &store, &progress, 1).unwrap();
    let public = intake.public().unwrap();
    let mut private = intake.private().unwrap();
    intake.earlier(&mut private).unwrap();
    assert_eq!(intake.validation.refused, Vec::<String>::new());
    let resources = Resources { threads, memory: 256 << 20 };
    let engine = engine(plan, &plan.work.join(SCRATCH), resources, &private, &public).unwrap();
    answer(link(&engine, &private, &public).unwrap(), &store)
}

/// A measure's exact cells.
pub fn exact(plan: &Plan, asked: &Measure, linked: &Linked<'_>) -> Result<Exact> {
    let fine = FineGrid::new(plan, asked, linked.public)?;
    let grids = levels(plan, asked, &fine)?;
    let one_person = bounds(asked, &fine)?;
    let planned = grids.iter().map(|grid| grid.from_fine.bounds(&one_person)).collect::<Result<Vec<_>>>()?;
    let values = measure(plan, asked, linked, &fine)?;
    let cells = grids.iter().map(|grid| values.regroup(&grid.from_fine)).collect::<Result<Vec<_>>>()?;
    Ok(Exact { grids, cells, planned })
}
