//! Targets for input of any kind, over what smirr shows of itself. Those over its insides are beside the code:
//! `privacy::ledger::fuzz_tests` and `measure::spec::fuzz`. `tests/fuzz/README.md` says how to run them for longer.

pub mod csv;
mod driver;
mod parquet;
mod workbook;
mod yaml;

use driver::{Target, fuzz};

#[test]
fn any_yaml_is_answered_with_a_plan_or_with_complaints_that_have_a_place() {
    fuzz(&Target { name: "yaml", words: yaml::WORDS, grow: None, cases: 300, run: &yaml::run });
}

#[test]
fn every_row_of_any_csv_is_kept_or_set_aside_wherever_its_blocks_are_cut() {
    fuzz(&Target { name: "csv", words: csv::WORDS, grow: None, cases: 600, run: &csv::run });
}

#[test]
fn a_spoiled_parquet_file_is_refused_or_read_whole() {
    fuzz(&Target { name: "parquet", words: parquet::WORDS, grow: None, cases: 600, run: &parquet::run });
}

#[test]
fn a_spoiled_workbook_is_refused_or_read_whole() {
    fuzz(&Target { name: "workbook", words: workbook::WORDS, grow: None, cases: 300, run: &workbook::run });
}
