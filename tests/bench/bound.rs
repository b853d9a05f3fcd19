//! What bounding and noise cost, on the store that `smirr ingest` or `tests/bench/national.py` has filled:
//!
//! ```sh
//! cargo bench --bench bound -- out/bench/5500000-patients-13.58/board.yaml
//! ```
//!
//! Times a bounded, proved measure against the plain distinct aggregate that answers the same question of the same
//! store without any bound (five times each, in turn; the best of each and their ratio), and then the draw of a million
//! cells of noise, ledger and all.

use std::path::Path;
use std::time::Instant;

use smirr::config;
use smirr::config::plan::{CodeDimension, CodeValue, Plan};
use smirr::engine::{Engine, Limits};
use smirr::error::{Error, Result};
use smirr::link::{Linked, PrivateTable, PublicTable, link, quoted, registrations_sql};
use smirr::measure::grid::{FineGrid, Public};
use smirr::measure::plan::bounds;
use smirr::measure::vector::measure;
use smirr::privacy::{Definition, Exact, Key32, Ledger, Loss, PlannedVector, Request, Role, calibrate};
use smirr::schema::Sender;
use smirr::store::{Stored, parts};

const TIMES: usize = 5;
const MILLION: usize = 1_000_000;

fn main() -> Result<()> {
    let Some(board) = std::env::args().skip(1).find(|argument| !argument.starts_with('-')) else {
        println!("give the YAML of a board whose store is filled; `tests/bench/README.md` says how");
        return Ok(());
    };
    let plan = config::load(Path::new(&board))?;
    let (public, private) = tables(&plan)?;
    let scratch = tempfile::tempdir().map_err(|e| Error::System(e.to_string()))?;
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let engine = Engine::new(&Limits { threads, memory: 1 << 30, scratch: scratch.path().into() })?;
    let linked = link(&engine, &private, &public)?;
    bounding(&plan, &linked)?;
    noise(&plan, &linked, scratch.path())
}

/// The store as it lies.
fn tables(plan: &Plan) -> Result<(Public, Vec<PrivateTable>)> {
    let stored = parts(&plan.work)?;
    let of = |table: &str| -> Vec<Stored> {
        let quarter = plan.quarter.to_string();
        let parts = stored.iter().filter(|(name, part)| *name == quarter && part.manifest.table == table);
        parts.map(|(_, part)| part.clone()).collect()
    };
    let (mut public, mut private) = (Public::new(), Vec::new());
    for source in &plan.sources {
        let (schema, stored) = (source.schema.clone(), of(&source.table));
        match schema.from {
            Sender::Public => drop(public.insert(source.table.clone(), PublicTable::load(&schema, &stored)?)),
            _ => private.push(PrivateTable { schema, stored, earlier: None }),
        }
    }
    Ok((public, private))
}

/// People referred, by area and reason: three reasons a person at most, against all of them by `count(DISTINCT)`.
fn bounding(plan: &Plan, linked: &Linked<'_>) -> Result<()> {
    let report = plan.reports.iter().find(|report| report.measures.iter().any(|it| it.name == "referred"));
    let asked = report.and_then(|report| report.measures.iter().find(|it| it.name == "referred"));
    let asked = asked.ok_or_else(|| Error::System("the board runs no report with the measure `referred`".into()))?;
    let grid = FineGrid::new(plan, asked, linked.public)?;
    let code = asked
        .codes
        .first()
        .map_or("0".into(), |code| format!("CAST({} AS BIGINT)", quoted(&format!("{}#", code.column))));
    let (first, last) = (plan.quarter.first_day(), plan.quarter.last_day());
    let rows = format!(
        "SELECT person, {code} AS code FROM ({}) WHERE referred_on BETWEEN DATE '{first}' AND DATE '{last}' AND {}",
        linked.tables["referrals"].rows,
        asked.filter.as_deref().unwrap_or("true")
    );
    let people = registrations_sql(linked, grid.packing(), plan.quarter, None)?;
    let cells = grid.packing().cells();
    let plain = format!(
        "SELECT coalesce(p.packed % {cells}, {}) AS place, r.code, count(DISTINCT r.person) AS value FROM ({rows}) AS r \
         LEFT JOIN ({people}) AS p ON r.person = p.person GROUP BY 1, 2",
        cells - 1
    );
    let (mut unbounded, mut bounded) = (f64::MAX, f64::MAX);
    for _ in 0..TIMES {
        unbounded = unbounded.min(seconds(|| linked.engine.query(&plain, "counting").map(drop))?);
        bounded = bounded.min(seconds(|| measure(plan, asked, linked, &grid).map(drop))?);
    }
    println!("| plain distinct aggregate | {unbounded:.3} s |");
    println!("| bounded and proved, {} cells | {bounded:.3} s |", grid.len());
    println!("| ratio | {:.2} |", bounded / unbounded);
    Ok(())
}

/// A vector of a million cells, from a grid that has as many: reserved, drawn, stored.
fn noise(plan: &Plan, linked: &Linked<'_>, scratch: &Path) -> Result<()> {
    let mut asked = plan.reports.iter().flat_map(|report| &report.measures).find(|it| it.table == "referrals").cloned();
    let asked = asked.as_mut().ok_or_else(|| Error::System("the board measures no referrals".into()))?;
    // Every code column of referrals makes the grid large enough on a national lookup; the rest is repeated.
    let schema = &linked.tables["referrals"].schema;
    asked.codes = schema
        .columns
        .iter()
        .filter(|(_, column)| !column.codes.is_empty())
        .map(|(name, column)| {
            let (name, table) = (name.clone(), "referrals".to_owned());
            let (column, codes) = (name.clone(), column.codes.clone());
            CodeDimension {
                heading: name.clone(),
                name,
                column,
                table,
                via: None,
                codes,
                unknown: true,
                value: CodeValue::Stored,
            }
        })
        .collect();
    let fine = FineGrid::new(plan, asked, linked.public)?;
    let private = measure(plan, asked, linked, &fine)?;
    let share = Loss::new(Definition::ZConcentrated, Exact::ratio(1, 10)?);
    let noise = calibrate(&share, &bounds(asked, &fine)?)?;
    let len = private.len();
    let mut ledger = Ledger::open(&scratch.join("ledger"), &plan.board)?;
    let grant = ledger.reserve(Request {
        quarter: plan.quarter,
        report: "bench".into(),
        question: Key32::of([b"bench".as_slice()]),
        release: Key32::of([b"bench".as_slice()]),
        roles: [Role::Patient].into(),
        definition: Definition::ZConcentrated,
        vectors: vec![PlannedVector { name: "cells".into(), len, noise }],
        limits: smirr::privacy::Limits { quarter: share, year: None },
    })?;
    let took = seconds(|| ledger.draw(grant, vec![private]).map(drop))?;
    println!("| noise, {len} cells, drawn and stored | {took:.2} s |");
    println!("| a million cells | {:.2} s |", took * MILLION as f64 / len as f64);
    Ok(())
}

fn seconds(work: impl FnOnce() -> Result<()>) -> Result<f64> {
    let began = Instant::now();
    work()?;
    Ok(began.elapsed().as_secs_f64())
}
