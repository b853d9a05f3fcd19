//! A large batch of rows, put in the order of its people's buckets.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch, UInt32Array};
use arrow::compute::take_record_batch;
use arrow::datatypes::Int8Type;

use super::layout::{BUCKET, BUCKETS};
use crate::error::{Error, Result};

/// Below this, a bucket of its own would be too small to be worth a row group.
const LEAST_ROWS: usize = 32_768;

/// The batch and its rows' keys in bucket order; rows of one bucket, so of one person, keep their order. A small batch,
/// or one without people, stays as it is.
///
/// # Errors
/// [`Error::System`] where Arrow refuses to reorder, which it has no ground for.
pub fn by_bucket<K: Copy>(batch: RecordBatch, keys: Vec<K>) -> Result<(RecordBatch, Vec<K>)> {
    if batch.num_rows() < LEAST_ROWS || batch.column_by_name(BUCKET).is_none() {
        return Ok((batch, keys));
    }
    let order = order(&batch);
    let keys = if keys.is_empty() { keys } else { order.iter().map(|&row| keys[row as usize]).collect() };
    let batch = take_record_batch(&batch, &UInt32Array::from(order))
        .map_err(|_| Error::System("rows could not be put in the order of their buckets".into()))?;
    Ok((batch, keys))
}

/// Rows by bucket: a counting sort, which keeps equals in their order.
fn order(batch: &RecordBatch) -> Vec<u32> {
    let Some(column) = batch.column_by_name(BUCKET) else { return Vec::new() };
    let buckets = column.as_primitive::<Int8Type>().values();
    let mut starts = [0usize; BUCKETS as usize + 2];
    for &bucket in buckets {
        starts[bucket as usize + 1] += 1;
    }
    for bucket in 1..starts.len() {
        starts[bucket] += starts[bucket - 1];
    }
    let mut order = vec![0; buckets.len()];
    for (row, &bucket) in buckets.iter().enumerate() {
        let place = &mut starts[bucket as usize];
        order[*place] = row as u32;
        *place += 1;
    }
    order
}

/// The runs of equal buckets of a batch that is in bucket order; one run where it is small or has no people.
pub fn runs(batch: &RecordBatch) -> Vec<Range<usize>> {
    let whole = std::iter::once(0..batch.num_rows()).collect();
    let Some(column) = batch.column_by_name(BUCKET).filter(|_| batch.num_rows() >= LEAST_ROWS) else { return whole };
    let buckets = Arc::clone(column);
    let buckets = buckets.as_primitive::<Int8Type>().values();
    if !buckets.is_sorted() {
        return whole;
    }
    let mut start = 0;
    buckets
        .chunk_by(|a, b| a == b)
        .map(|run| {
            let range = start..start + run.len();
            start += run.len();
            range
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use arrow::array::{ArrayRef, Int8Array, Int64Array};

    use super::*;

    #[test]
    fn rows_keep_their_order_within_a_bucket() {
        let rows = LEAST_ROWS + 5;
        let bucket: ArrayRef = Arc::new(Int8Array::from_iter_values((0..rows).map(|row| (row * 7 % 17) as i8)));
        let number: ArrayRef = Arc::new(Int64Array::from_iter_values(0..rows as i64));
        let batch = RecordBatch::try_from_iter([("number", number), (BUCKET, bucket)]).unwrap();
        let (sorted, keys) = by_bucket(batch.clone(), (0..rows).collect()).unwrap();
        let numbers = sorted.column(0).as_primitive::<arrow::datatypes::Int64Type>().values();
        assert!(keys.iter().zip(numbers).all(|(key, number)| *key as i64 == *number));
        let ranges = runs(&sorted);
        assert_eq!(ranges.len(), 17);
        assert_eq!(ranges.iter().map(Range::len).sum::<usize>(), rows);
        assert!(ranges.iter().all(|range| numbers[range.clone()].is_sorted()));
        assert_eq!(runs(&batch), vec![0..rows]);
        let (small, _) = by_bucket(batch.slice(0, 10), vec![0u8; 10]).unwrap();
        assert_eq!(small, batch.slice(0, 10));
    }
}
