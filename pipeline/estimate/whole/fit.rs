//! The nearest table with given sums: one block of rows and columns, in real numbers.
//!
//! Least squares subject to the sums and to parts of at least 0 has the answer `max(0, wanted + row + column)`: one
//! shift a row and one a column (the multipliers of the sums). They are found by turns, each exactly.

/// Turns of rows and columns. Where nothing is clamped the second changes nothing; what is not met after the last is a
/// matter of units, and rounding settles it.
const TURNS: usize = 40;

/// A change of a shift that no rounding would notice.
const SMALL: f64 = 1e-3;

/// What is known of the rows' sums; the columns' are always given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    /// They are given.
    Fixed,
    /// They follow, but should stay near the sum of what is wanted: a row's sum weighs as much as a cell.
    Near,
    /// They follow.
    Free,
}

/// One block: cells that are wanted near some value, with given sums. It is filled, fitted and read, and filled again,
/// so that nothing is allocated for each block.
#[derive(Debug)]
pub struct Block {
    /// A part that is not above this is 0: with 0 no part is negative, with minus infinity any is.
    pub(super) floor: f64,
    /// The value that is wanted of each cell, row by row; minus infinity where the cell is 0 whatever else.
    pub(super) wanted: Vec<f64>,
    pub(super) row_sums: Vec<i64>,
    pub(super) column_sums: Vec<i64>,
    row_shifts: Vec<f64>,
    column_shifts: Vec<f64>,
    /// The whole numbers, once [`Block::fit`] has run.
    pub(super) cells: Vec<i64>,
    /// Work space of rounding.
    pub(super) order: Vec<u32>,
    pub(super) scores: Vec<f64>,
    pub(super) row_scores: Vec<f64>,
}

impl Block {
    /// An empty block.
    pub fn new(non_negative: bool) -> Self {
        Block {
            floor: if non_negative { 0.0 } else { f64::NEG_INFINITY },
            wanted: Vec::new(),
            row_sums: Vec::new(),
            column_sums: Vec::new(),
            row_shifts: Vec::new(),
            column_shifts: Vec::new(),
            cells: Vec::new(),
            order: Vec::new(),
            scores: Vec::new(),
            row_scores: Vec::new(),
        }
    }

    /// Empties the block, and gives it columns with these sums.
    pub fn start(&mut self, column_sums: impl Iterator<Item = i64>) {
        self.wanted.clear();
        self.row_sums.clear();
        self.column_sums.clear();
        self.column_sums.extend(column_sums);
    }

    /// Adds a row: its sum, which counts where rows are [`Rows::Fixed`], and one wanted value a column.
    pub fn row(&mut self, sum: i64, wanted: impl Iterator<Item = f64>) {
        self.wanted.extend(wanted);
        self.row_sums.push(sum);
    }

    /// The whole numbers nearest to what is wanted, row by row; `None` where they cannot have their sums, because a
    /// column has a sum and no cell that may be other than 0. Sums of fixed rows are, together, those of the columns.
    pub fn fit(&mut self, rows: Rows) -> Option<&[i64]> {
        // The columns' sums are the only row's cells.
        if self.row_sums.len() == 1 && rows == Rows::Fixed {
            self.cells.clone_from(&self.column_sums);
            return Some(&self.cells);
        }
        self.shift(rows);
        self.round(rows).then_some(&self.cells)
    }

    /// The real numbers nearest to what is wanted, row by row.
    pub fn fit_real(&mut self, rows: Rows) -> impl Iterator<Item = f64> {
        self.shift(rows);
        (0..self.wanted.len()).map(|at| {
            let value = self.value(at / self.columns(), at % self.columns());
            if value > self.floor { value } else { 0.0 }
        })
    }

    pub(super) fn columns(&self) -> usize {
        self.column_sums.len()
    }

    /// What a cell would be in real numbers if it could be negative too.
    pub(super) fn value(&self, row: usize, column: usize) -> f64 {
        self.wanted[row * self.columns() + column] + self.row_shifts[row] + self.column_shifts[column]
    }

    /// Finds the shifts.
    fn shift(&mut self, rows: Rows) {
        let columns = self.columns();
        self.row_shifts.clear();
        self.row_shifts.resize(self.row_sums.len(), 0.0);
        self.column_shifts.clear();
        self.column_shifts.resize(columns, 0.0);
        for turn in 0..TURNS {
            let change = if rows == Rows::Free { 0.0 } else { self.shift_rows(rows) };
            if turn > 0 && change <= SMALL {
                return;
            }
            for column in 0..columns {
                let (wanted, shifts) = (&self.wanted, &self.row_shifts);
                let values = shifts.iter().enumerate().map(|(row, shift)| wanted[row * columns + column] + shift);
                let sum = Line { sum: self.column_sums[column] as f64, slack: 0.0, floor: self.floor };
                self.column_shifts[column] = sum.shift(values, self.column_shifts[column]);
            }
        }
    }

    /// One turn of the rows; gives the greatest change.
    fn shift_rows(&mut self, rows: Rows) -> f64 {
        let mut change = 0.0f64;
        for (row, wanted) in self.wanted.chunks_exact(self.columns()).enumerate() {
            let (sum, slack) = match rows {
                Rows::Fixed => (self.row_sums[row] as f64, 0.0),
                _ => (wanted.iter().filter(|it| it.is_finite()).sum(), 1.0),
            };
            let values = wanted.iter().zip(&self.column_shifts).map(|(wanted, shift)| wanted + shift);
            let shift = Line { sum, slack, floor: self.floor }.shift(values, self.row_shifts[row]);
            change = change.max((shift - self.row_shifts[row]).abs());
            self.row_shifts[row] = shift;
        }
        change
    }
}

/// A row or a column, and the sum that its parts should have.
struct Line {
    sum: f64,
    /// How far the sum may give way to the shift: 0 where it may not.
    slack: f64,
    floor: f64,
}

impl Line {
    /// The shift at which the parts have their sum, by Newton's method from `start`. The sum is convex in the shift and
    /// straight between the places where a part reaches 0, so that after one step the way leads down to the answer, a
    /// piece at a time, and ends.
    fn shift(&self, values: impl Iterator<Item = f64> + Clone, start: f64) -> f64 {
        let mut shift = start;
        for _ in 0..TURNS {
            let (mut sum, mut slope, mut top) = (self.slack * shift, self.slack, f64::NEG_INFINITY);
            for value in values.clone() {
                let value = value + shift;
                if value > self.floor {
                    sum += value;
                    slope += 1.0;
                }
                top = top.max(value);
            }
            let gap = self.sum - sum;
            let step = if slope > 0.0 {
                gap / slope
            } else if gap > 0.0 && top.is_finite() {
                // No part is above 0: the greatest alone would make up the sum.
                gap - top
            } else {
                0.0
            };
            let next = shift + step;
            let is_last = (next - shift).abs() <= 1e-9 * next.abs().max(1.0);
            shift = next;
            if is_last {
                break;
            }
        }
        shift
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shift(values: &[f64], sum: f64, slack: f64, floor: f64) -> f64 {
        Line { sum, slack, floor }.shift(values.iter().copied(), 0.0)
    }

    #[test]
    fn a_shift_gives_the_parts_their_sum() {
        assert_eq!(shift(&[1.0, 2.0, 3.0], 9.0, 0.0, 0.0), 1.0);
        // 3 and 2 come down by a half each, and 1 with them.
        assert_eq!(shift(&[1.0, 2.0, 3.0], 4.5, 0.0, 0.0), -0.5);
        assert_eq!(shift(&[-5.0, 2.0, 3.0], 1.0, 0.0, 0.0), -2.0);
        assert_eq!(shift(&[-9.0, -8.0], 4.0, 0.0, 0.0), 10.5);
        assert_eq!(shift(&[-9.0, -8.0], 4.0, 0.0, f64::NEG_INFINITY), 10.5);
        assert_eq!(shift(&[f64::NEG_INFINITY; 2], 0.0, 0.0, f64::NEG_INFINITY), 0.0);
        // Half of the gap of 3 is left to the slack: 2 + s, and s of its own.
        assert_eq!(shift(&[2.0], 5.0, 1.0, 0.0), 1.5);
    }

    #[test]
    fn least_squares_with_sums_is_known_by_its_conditions() {
        let mut block = Block::new(true);
        let wanted = [[7.0, -4.0, 1.5], [0.5, 2.5, -1.0], [3.0, 0.25, 0.25]];
        block.start([9, 3, 1].into_iter());
        block.row(6, wanted[0].into_iter());
        block.row(3, wanted[1].into_iter());
        block.row(4, wanted[2].into_iter());
        block.shift(Rows::Fixed);
        let part = |row, column| block.value(row, column).max(0.0);
        for at in 0..3 {
            let row = (0..3).map(|column| part(at, column)).sum::<f64>();
            let column = (0..3).map(|row| part(row, at)).sum::<f64>();
            assert!((row - [6.0, 3.0, 4.0][at]).abs() < 1e-3, "row {at} is {row}");
            assert!((column - [9.0, 3.0, 1.0][at]).abs() < 1e-3, "column {at} is {column}");
        }
    }
}
