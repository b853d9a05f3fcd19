//! The exact figures of a random board of practices (`workers`), in several versions: with everyone, and without somebody.

use std::fs;

use super::board::{Exact, exact, linked_by, plan};
use super::links::ingest_earlier;
use super::workers::{Leaver, Row, World};
use super::world::KEY;
use crate::config::plan::{Measure, MeasureKind, Plan};
use crate::error::Result;
use crate::link::Linked;
use crate::measure::grid::{FineGrid, LevelGrid, levels};
use crate::measure::plan::{Pass, bounded, bounds};
use crate::measure::vector::{fill, measure_in, proved};
use crate::privacy::walk::Proof;
use crate::privacy::{Bounds, Private, Role};

/// Days of the quarter as days of the one before.
const QUARTER_EARLIER: [(&str, &str); 2] = [("2024-08-15", "2024-05-15"), ("2024-07-01", "2024-06-30")];

/// One measure over one version of a board.
pub struct Figures {
    /// What is measured.
    pub kind: MeasureKind,
    pub grids: Vec<LevelGrid>,
    /// Cells of one place: the rows' codes.
    pub codes: usize,
    /// The fine cells as the engine gives them, whether or not anything is proved of the query.
    pub fine: Vec<i64>,
    /// The same at every level.
    pub levels: Vec<Vec<i64>>,
    /// What the noise is scaled for at every level.
    pub planned: Vec<Bounds>,
    /// What the plan proves of each role at every level.
    pub proofs: Result<Vec<(Role, Vec<Option<Bounds>>)>>,
    /// What is released, of the first version alone: it takes as long again.
    pub exact: Option<Result<Exact>>,
    /// The fine cells of the same version, measured in two passes over the people.
    pub in_passes: Option<Result<Vec<i64>>>,
}

impl Figures {
    /// What is proved of who leaves, at one level; `None` where they move nothing.
    pub fn proof(&self, leaver: Leaver, level: usize) -> Option<Bounds> {
        let role = if leaver == Leaver::Patient { Role::Patient } else { Role::Practitioner };
        let proofs = self.proofs.as_ref().unwrap_or_else(|error| panic!("{error}"));
        proofs.iter().find(|(of, _)| *of == role).expect("a proof for each role").1[level]
    }
}

/// The measures of several versions of one board, which share what does not differ: report, public tables, key and store.
pub fn measured(versions: &[(&World, Option<Leaver>)]) -> Vec<std::result::Result<Vec<Figures>, String>> {
    measured_after(None, versions)
}

/// In which quarters a row stands: the one before, and this one.
pub type Stands = fn(&Row) -> [bool; 2];

/// The same where each version may have a quarter before it.
pub fn measured_after(
    stands: Option<Stands>,
    versions: &[(&World, Option<Leaver>)],
) -> Vec<std::result::Result<Vec<Figures>, String>> {
    let (world, _) = versions[0];
    let folder = world.board(None).folder(&[("spec", &world.report)]);
    fs::write(folder.path().join("spec.key"), KEY).unwrap();
    let plan = plan(folder.path());
    let version = |(number, &(world, without)): (usize, &(&World, Option<Leaver>))| {
        let board = |quarter: usize| match stands {
            None => world.board(without),
            Some(stands) => {
                let rows = world.all_rows().into_iter().filter(|row| stands(row)[quarter]).collect();
                World { rows, flood: None, ..world.clone() }.board(without)
            }
        };
        if stands.is_some() {
            board(0).with_texts(&QUARTER_EARLIER).write_extracts(folder.path());
            ingest_earlier(&plan);
        }
        board(1).write_extracts(folder.path());
        let measures = &plan.reports[0].measures;
        let all = linked_by(world.threads, &plan, |linked| {
            measures.iter().map(|asked| figures(&plan, asked, linked, number == 0)).collect::<Result<Vec<_>>>()
        });
        all.map_err(|error| error.to_string())
    };
    versions.iter().enumerate().map(version).collect()
}

fn figures(plan: &Plan, asked: &Measure, linked: &Linked<'_>, release: bool) -> Result<Figures> {
    let grid = FineGrid::new(plan, asked, linked.public)?;
    let grids = levels(plan, asked, &grid)?;
    let pass = Pass { number: 0, of: 1 };
    let (query, batches, proofs) = match proved(plan, asked, linked, &grid, pass) {
        Ok(found) => (found.query, linked.engine.run(found.plan, "a replay")?, Ok(found.proofs)),
        Err(refused) => {
            let query = bounded(plan, asked, linked, &grid, pass)?;
            let batches = linked.engine.query(&query.sql, "a replay")?;
            (query, batches, Err(refused))
        }
    };
    let mut fine = vec![0; grid.len()];
    batches.iter().for_each(|batch| fill(&mut fine, batch, &query, &grid).expect("a cell of the grid"));
    let one_person = bounds(asked, &grid)?;
    let coarse =
        |it: &LevelGrid| Ok(Private::assumed(fine.clone(), one_person).regroup(&it.from_fine)?.reveal().clone());
    let levels = grids.iter().map(coarse).collect::<Result<_>>()?;
    let planned = grids.iter().map(|it| it.from_fine.bounds(&one_person)).collect::<Result<_>>()?;
    let codes = grid.codes();
    let of_role = |proof: &Proof| {
        let fine = proof.bounds(codes, grid.packing().cells())?;
        let levels = grids.iter().map(|it| fine.map(|fine| it.from_fine.bounds(&fine)).transpose());
        Ok((proof.role(), levels.collect::<Result<_>>()?))
    };
    let proofs = proofs.and_then(|proofs| proofs.iter().map(of_role).collect());
    let exact = release.then(|| exact(plan, asked, linked));
    let in_passes = || Ok(measure_in(2, plan, asked, linked, &grid)?.reveal().clone());
    let in_passes = release.then(in_passes);
    let (kind, codes) = (asked.kind.clone(), codes as usize);
    Ok(Figures { kind, grids, codes, fine, levels, planned, proofs, exact, in_passes })
}
