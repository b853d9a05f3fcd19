//! Who is in the store, as pseudonyms.

use std::collections::BTreeSet;
use std::path::Path;

use arrow::array::AsArray;
use arrow::datatypes::Decimal128Type;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::{Board, files};

/// Every person in a table of the board's quarter.
pub fn people(board: &Board, table: &str) -> BTreeSet<i128> {
    people_in(&board.path("work/store/2026-Q3").join(table))
}

/// Every person in the Parquet files of a folder, at any depth.
pub fn people_in(folder: &Path) -> BTreeSet<i128> {
    let mut people = BTreeSet::new();
    for path in files::under(folder).iter().filter(|path| path.extension().is_some_and(|it| it == "parquet")) {
        let file = std::fs::File::open(path).expect("it is there");
        let reader = ParquetRecordBatchReaderBuilder::try_new(file).and_then(|it| it.build()).expect("it is Parquet");
        for batch in reader {
            let batch = batch.expect("it is whole");
            let column = batch.column_by_name("person").expect("it names people").as_primitive::<Decimal128Type>();
            people.extend(column.iter().flatten());
        }
    }
    people
}
