//! A public table in memory, in the order of its key: small, and known to everyone.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Date32Array, Int8Array, Int32Array, Int64Array, RecordBatch, StringArray,
};
use arrow::datatypes::{DataType, Date32Type, Int8Type, Int32Type, Int64Type};

use super::coded;
use crate::engine::read_parquet;
use crate::error::{Error, Result};
use crate::schema::{Kind, TableSchema};
use crate::store::Stored;

/// A public table. Row `n` is the `n`-th key in order; references are stored as row numbers. A key of several columns is
/// all of them together, and nothing can refer to it.
pub struct PublicTable {
    keys: Vec<String>,
    columns: HashMap<String, Vec<Option<String>>>,
    codes: HashMap<String, Vec<usize>>,
    references: HashMap<String, Vec<Option<usize>>>,
}

impl PublicTable {
    /// Reads a public table from the store. Between two rows of one key the first, by file and line, stands.
    ///
    /// # Errors
    /// [`Error::Input`] where it has no key column or no rows; [`Error::System`] where a stored file is damaged.
    pub fn load(schema: &TableSchema, stored: &[Stored]) -> Result<Self> {
        if schema.unique.is_empty() {
            let message = format!("schema of `{}`: a public table needs a key under `unique`", schema.table);
            return Err(Error::Input(message));
        }
        let mut rows: BTreeMap<String, Vec<Option<String>>> = BTreeMap::new();
        let kept = schema.columns.iter().filter(|(_, column)| column.keep);
        let names = kept.map(|(name, _)| name.clone()).collect::<Vec<_>>();
        for path in stored.iter().flat_map(Stored::files) {
            for batch in read_parquet(&path)? {
                let columns = names.iter().map(|name| texts(&batch, name)).collect::<Vec<_>>();
                let unique = schema.unique.iter().filter_map(|key| names.iter().position(|name| name == key));
                let unique = unique.collect::<Vec<_>>();
                for row in 0..batch.num_rows() {
                    let values = columns.iter().map(|column| column[row].clone()).collect::<Vec<_>>();
                    if let Some(key) = key(&unique, &values) {
                        rows.entry(key).or_insert(values);
                    }
                }
            }
        }
        if rows.is_empty() {
            return Err(Error::Input(format!("the public table `{}` has no usable rows", schema.table)));
        }
        let mut columns: HashMap<String, Vec<Option<String>>> = HashMap::new();
        for values in rows.values() {
            for (name, value) in names.iter().zip(values) {
                columns.entry(name.clone()).or_default().push(value.clone());
            }
        }
        let codes = schema
            .columns
            .iter()
            .filter(|(_, column)| column.kind == Kind::Code && column.keep)
            .filter_map(|(name, column)| Some((name.clone(), places(columns.get(name)?, column.codes.len()))))
            .collect();
        let references = schema
            .columns
            .iter()
            .filter(|(_, column)| column.to.is_some() && column.keep)
            .filter_map(|(name, _)| Some((name.clone(), numbers(columns.get(name)?))))
            .collect();
        Ok(PublicTable { keys: rows.into_keys().collect(), columns, codes, references })
    }

    /// Its keys, in order.
    pub fn keys(&self) -> &[String] {
        &self.keys
    }

    /// Key to row.
    pub fn rows(&self) -> HashMap<Vec<u8>, u32> {
        self.keys.iter().zip(0..).map(|(key, row)| (key.as_bytes().to_vec(), row)).collect()
    }

    /// A column of texts, by row; `None` where blank.
    pub fn texts(&self, column: &str) -> Option<&[Option<String>]> {
        self.columns.get(column).map(Vec::as_slice)
    }

    /// Its kept columns as a batch for the engine, with `row` for the row number: what dimensions beyond a reference need.
    /// Codes are places in their list, the list's length being `unknown`; references are rows of the table they lead to.
    pub fn batch(&self, schema: &TableSchema) -> Option<RecordBatch> {
        let rows: ArrayRef = Arc::new(Int32Array::from_iter_values(0..i32::try_from(self.keys.len()).ok()?));
        let mut columns = vec![("row", rows)];
        for (name, column) in &schema.columns {
            let Some(texts) = self.columns.get(name) else { continue };
            let days = || texts.iter().map(|text| text.as_ref()?.parse::<i32>().ok());
            let values: ArrayRef = match column.kind {
                Kind::Code => {
                    let codes = self.codes.get(name)?.iter().map(|&code| i8::try_from(code).unwrap_or(i8::MAX));
                    Arc::new(Int8Array::from_iter_values(codes))
                }
                Kind::Date => Arc::new(Date32Array::from_iter(days())),
                Kind::Integer | Kind::Decimal => {
                    Arc::new(Int64Array::from_iter(texts.iter().map(|text| text.as_ref()?.parse::<i64>().ok())))
                }
                _ if column.to.is_some() => Arc::new(Int32Array::from_iter(days())),
                _ => Arc::new(StringArray::from_iter(texts.iter().map(Option::as_deref))),
            };
            columns.push((name.as_str(), values));
        }
        RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, values)| {
            let nullable = values.null_count() > 0 || !matches!(values.data_type(), DataType::Int8);
            (name, values, nullable && name != "row")
        }))
        .ok()
    }

    /// Every kept column as conditions name it, with `row` for the row number: codes in words, and their places under
    /// `name#`.
    pub fn in_words(&self, schema: &TableSchema) -> Option<RecordBatch> {
        let rows: ArrayRef = Arc::new(Int32Array::from_iter_values(0..i32::try_from(self.keys.len()).ok()?));
        let mut columns = vec![("row".to_owned(), rows)];
        for (name, column) in schema.columns.iter().filter(|(_, column)| column.keep) {
            let Some(texts) = self.columns.get(name) else { continue };
            let number = |text: &Option<String>| text.as_ref().and_then(|text| text.parse::<i64>().ok());
            let small = |text: &Option<String>| number(text).and_then(|number| i32::try_from(number).ok());
            let array: ArrayRef = match column.kind {
                Kind::Code => {
                    let places = self.codes.get(name)?;
                    let small = places.iter().map(|&place| i8::try_from(place).unwrap_or(i8::MAX));
                    columns.push((coded(name), Arc::new(Int8Array::from_iter_values(small))));
                    let word = |&place: &usize| column.codes.get(place).map_or("unknown", String::as_str);
                    Arc::new(StringArray::from_iter_values(places.iter().map(word)))
                }
                Kind::Date => Arc::new(texts.iter().map(small).collect::<Date32Array>()),
                Kind::Integer | Kind::Decimal => Arc::new(texts.iter().map(number).collect::<Int64Array>()),
                Kind::Reference => Arc::new(texts.iter().map(small).collect::<Int32Array>()),
                _ => Arc::new(texts.iter().map(Option::as_deref).collect::<StringArray>()),
            };
            columns.push((name.clone(), array));
        }
        RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true))).ok()
    }

    /// A coded column's places in its list, by row; the list's length is `unknown`.
    pub fn codes(&self, column: &str) -> Option<&[usize]> {
        self.codes.get(column).map(Vec::as_slice)
    }

    /// A reference's rows of the public table that it leads to, by row; `None` is `unknown`.
    pub fn references(&self, column: &str) -> Option<&[Option<usize>]> {
        self.references.get(column).map(Vec::as_slice)
    }
}

/// What tells a row from the others; `None` where it has no key. Of several columns, some may be blank.
fn key(unique: &[usize], values: &[Option<String>]) -> Option<String> {
    match unique {
        [] => None,
        [only] => values[*only].clone(),
        several => {
            let parts = several.iter().map(|&place| values[place].as_deref().unwrap_or_default());
            Some(parts.collect::<Vec<_>>().join("\t"))
        }
    }
}

fn places(texts: &[Option<String>], unknown: usize) -> Vec<usize> {
    numbers(texts).into_iter().map(|place| place.unwrap_or(unknown)).collect()
}

fn numbers(texts: &[Option<String>]) -> Vec<Option<usize>> {
    texts.iter().map(|text| text.as_ref().and_then(|text| text.parse().ok())).collect()
}

/// A stored column as texts: codes and numbers by their digits, dates by those of their days since 1970-01-01.
fn texts(batch: &RecordBatch, name: &str) -> Vec<Option<String>> {
    let Some(column) = batch.column_by_name(name) else { return vec![None; batch.num_rows()] };
    let text = |row: usize| match column.data_type() {
        DataType::Utf8 => column.as_string::<i32>().value(row).to_owned(),
        DataType::Int8 => column.as_primitive::<Int8Type>().value(row).to_string(),
        DataType::Int32 => column.as_primitive::<Int32Type>().value(row).to_string(),
        DataType::Date32 => column.as_primitive::<Date32Type>().value(row).to_string(),
        DataType::Int64 => column.as_primitive::<Int64Type>().value(row).to_string(),
        _ => String::new(),
    };
    (0..batch.num_rows()).map(|row| column.is_valid(row).then(|| text(row))).collect()
}
