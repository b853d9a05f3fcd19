//! What must change nothing, on the random boards of the replay: rows that do not count, and the way by which the engine
//! counts. And what must make a difference: who a person is, to which of their cells are kept.

use proptest::prelude::*;
use serde_json::json;

use super::asking;
use super::contract::{Contract, DATE, Holds};
use super::neighbours::{Checked, shared_out};
use super::tape::Tape;
use super::world::{
    IN_FULL, PATIENTS, Row, USES, VISITS, World, board, measured, measured_by_both, spread, tape, world,
};

shared_out! {
    rows_that_do_not_count_change_nothing: idle(160, with_idle_rows());
    a_person_is_a_row_that_counts_once: once(100, asked_twice());
    the_registrations_of_active_people_are_all_that_a_measure_needs: active(100, (world(), 1..=16u64));
    which_cells_are_kept_differs_from_person_to_person: differs(60, (tape(48), tape(8)));
}

fn focus() -> impl Strategy<Value = usize> {
    prop_oneof![2 => Just(VISITS), 1 => Just(USES)]
}

/// A table's first code column, with how many codes it has.
fn first_code(contract: &Contract, table: usize) -> (&'static str, usize) {
    let mut columns = contract.tables[table].columns.iter();
    let found = columns.find_map(|it| if let Holds::Codes(codes) = it.holds { Some((it.name, codes)) } else { None });
    found.expect("every table has a code")
}

/// A registration of a person.
fn home(contract: &Contract, person: usize, from: &str, zone: u8, order: u16) -> Row {
    let row = Row { table: PATIENTS, choices: vec![0, zone % 4], person: Some(person), form: IN_FULL, order };
    row.with(contract, "registered_on", from)
}

/// A world of four people, and rows of theirs that do not count: outside the quarter, outside the condition, of a broken
/// number, or a registration older than their latest.
fn with_idle_rows() -> impl Strategy<Value = (World, World)> {
    (tape(48), focus(), tape(80)).prop_flat_map(|(contract, focus, report)| {
        let contract = Contract::of(&contract);
        let (code, _) = first_code(&contract, focus);
        let report = asking::conditional(&contract, focus, &format!("{code} <> 'c0'"), &report);
        let rows = |range| proptest::collection::vec((spread(&contract, focus), any::<u8>()), range);
        let zones = any::<[u8; 4]>();
        (rows(0..30usize), rows(1..30), zones).prop_map(move |(counted, idle, zones)| {
            let counted = counted.into_iter().map(|(row, whose)| Row { person: Some(usize::from(whose % 4)), ..row });
            let homes =
                zones.iter().enumerate().map(|(n, zone)| home(&contract, n, "2024-09-30", *zone, u16::from(*zone)));
            let rows = counted.chain(homes).collect::<Vec<_>>();
            let idle = idle.into_iter().map(|(row, how)| idle_row(&contract, row, how)).collect::<Vec<_>>();
            let (contract, report) = (contract.clone(), report.clone());
            let plain = World { contract, report, rows, flood: None, leave: true, lacking: false, threads: 1 };
            let more = World { rows: [plain.rows.clone(), idle].concat(), ..plain.clone() };
            (plain, more)
        })
    })
}

fn idle_row(contract: &Contract, row: Row, how: u8) -> Row {
    let (code, _) = first_code(contract, row.table);
    let (person, order) = (usize::from(how / 4 % 4), row.order);
    let row = Row { person: Some(person), ..row };
    match how % 4 {
        0 => row.with(contract, code, "c0"),
        1 if contract.tables[row.table].dated => row.with(contract, DATE, "2024-06-30"),
        2 => Row { form: 2, ..row },
        _ => home(contract, person, "2020-01-01", how / 16, order),
    }
}

fn idle((plain, more): (World, World)) -> Checked {
    let found = measured(&[(&plain, true), (&more, true)]);
    let [Ok(plain), Ok(more)] = &found[..] else { return Err(TestCaseError::fail("a board cannot be measured")) };
    for level in 0..plain[0].grids.len() {
        prop_assert_eq!(plain[0].at(level), more[0].at(level));
    }
    Ok(())
}

fn asked_twice() -> impl Strategy<Value = World> {
    (tape(48), focus(), tape(80)).prop_flat_map(|(contract, focus, report)| {
        let contract = Contract::of(&contract);
        let report = asking::twice(&contract, focus, &report);
        board(contract, focus, report)
    })
}

/// People go by mask where they can; rows that count once at most go by the list. Both are the same cells.
fn once(world: World) -> Checked {
    let found = measured(&[(&world, true)]).remove(0).map_err(TestCaseError::fail)?;
    for level in 0..found[0].grids.len() {
        prop_assert_eq!(found[0].at(level), found[1].at(level));
    }
    Ok(())
}

/// Measures over other tables read the registrations of active people and not the register: no cell may tell which.
fn active((world, passes): (World, u64)) -> Checked {
    let [whole, active] = measured_by_both(&world, passes).map_err(|error| TestCaseError::fail(error.to_string()))?;
    for (whole, active) in whole.iter().zip(&active) {
        for (whole, active) in whole.cells.iter().zip(&active.cells) {
            prop_assert_eq!(whole.reveal(), active.reveal());
            prop_assert_eq!(whole.bounds(), active.bounds());
        }
    }
    prop_assert_eq!(whole.len(), active.len());
    Ok(())
}

/// Forty people with the same rows, who may each keep some of their codes: if all kept the same ones, the choice would
/// follow the list and not the person. By chance that happens in fewer than one case of 2^39.
fn differs((contract, asked): (Vec<u8>, Vec<u8>)) -> Checked {
    let (contract, asked) = (Contract::of(&contract), &mut Tape::new(&asked));
    let table = asked.one_of(&[VISITS, USES]);
    let (code, codes) = first_code(&contract, table);
    let codes = codes.min(6);
    if codes < 2 {
        return Ok(());
    }
    let cells = 1 + asked.below(codes - 1);
    let name = contract.tables[table].name;
    let measure = match asked.below(2) {
        0 => json!({ "persons": name, "per_person": { "cells": cells } }),
        _ => json!({ "events": name, "per_person": { "cells": cells, "events": 2 } }),
    };
    let plain = |person| Row { table, choices: vec![], person: Some(person), form: IN_FULL, order: 0 };
    let rows = (0..40).flat_map(|person| (0..codes).map(move |n| (plain(person), n)));
    let rows = rows.map(|(row, n)| row.with(&contract, code, &format!("c{n}"))).collect();
    let report = asking::yaml(&["area", code], &format!("  m0: {measure}\n"));
    let world = World { contract, report, rows, flood: None, leave: true, lacking: false, threads: 1 };
    let found = measured(&[(&world, true)]).remove(0).map_err(TestCaseError::fail)?;
    let kept = found[0].at(0);
    prop_assert_eq!(kept.values().sum::<i64>(), 40 * cells as i64);
    prop_assert!(kept.len() > cells, "all people keep the same {cells} cells");
    Ok(())
}
