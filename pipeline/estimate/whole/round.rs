//! A fitted block in whole numbers, with exactly its sums (controlled rounding).
//!
//! Every cell is rounded down, and the units left over go, one by one, to the cells that are furthest below their real
//! value and lie in a row and a column that still lack one. Cells have no upper bound, so that it always works out.

use super::fit::{Block, Rows};

/// What sums of floats may lack of a whole number; a person that lacks no more is one.
const DUST: f64 = 1e-6;

/// Rounded down, but for what arithmetic lost: 1703.9999999999982 is 1704.
fn floor(value: f64) -> i64 {
    (value + DUST).floor() as i64
}

impl Block {
    /// Rounds the fitted values into `cells`. False where a column's sum cannot be met.
    pub(super) fn round(&mut self, rows: Rows) -> bool {
        self.floors(rows);
        if rows == Rows::Fixed {
            self.settle_both();
            return true;
        }
        (0..self.columns()).all(|column| self.settle_column(column))
    }

    /// Cells rounded down, and how far each of them, and each row, is below its real value. What is left of the sums
    /// stays in their place.
    fn floors(&mut self, rows: Rows) {
        let columns = self.columns();
        self.cells.clear();
        self.scores.clear();
        self.row_scores.clear();
        for row in 0..self.row_sums.len() {
            let mut below = 0.0;
            for column in 0..columns {
                let value = self.value(row, column);
                let mut cell = if value > self.floor { floor(value) } else { 0 };
                // A part is never above what is left of its whole, so that what is left is never below 0, whatever the
                // fit left unmet.
                if self.floor == 0.0 {
                    cell = cell.min(self.column_sums[column]);
                    cell = if rows == Rows::Fixed { cell.min(self.row_sums[row]) } else { cell };
                }
                self.cells.push(cell);
                self.scores.push(value - cell as f64);
                self.column_sums[column] -= cell;
                self.row_sums[row] -= cell;
                below += if value > self.floor { value - cell as f64 } else { 0.0 };
            }
            self.row_scores.push(below);
        }
    }

    fn is_open(&self, at: usize) -> bool {
        self.wanted[at] > f64::NEG_INFINITY
    }

    fn add(&mut self, row: usize, column: usize, units: i64) {
        let at = row * self.columns() + column;
        self.cells[at] += units;
        self.scores[at] -= units as f64;
        self.row_scores[row] -= units as f64;
        self.row_sums[row] -= units;
        self.column_sums[column] -= units;
    }

    /// What is left of a column goes to its cells: first where the cell and its row's sum, together, are the furthest
    /// below their real values.
    fn settle_column(&mut self, column: usize) -> bool {
        let columns = self.columns();
        self.order.clear();
        for row in 0..self.row_sums.len() {
            if self.is_open(row * columns + column) {
                self.order.push((row * columns + column) as u32);
            }
        }
        if self.order.is_empty() {
            return self.column_sums[column] == 0;
        }
        self.sort(|block, at| block.scores[at] + block.row_scores[at / columns]);
        let parts = self.order.len() as i64;
        let left = self.column_sums[column];
        let (each, more) = (left.div_euclid(parts), left.rem_euclid(parts) as usize);
        for place in 0..self.order.len() {
            let row = self.order[place] as usize / columns;
            self.add(row, column, each + i64::from(place < more));
        }
        true
    }

    /// Cells in `order`, the highest score first; among equals the first.
    fn sort(&mut self, score: impl Fn(&Block, usize) -> f64) {
        let mut order = std::mem::take(&mut self.order);
        order.sort_unstable_by(|&one, &other| {
            score(self, other as usize).total_cmp(&score(self, one as usize)).then(one.cmp(&other))
        });
        self.order = order;
    }

    /// What is left of rows and columns goes to cells where they cross.
    fn settle_both(&mut self) {
        let columns = self.columns();
        self.order.clear();
        for row in (0..self.row_sums.len()).filter(|&row| self.row_sums[row] > 0) {
            for column in (0..columns).filter(|&column| self.column_sums[column] > 0) {
                self.order.push((row * columns + column) as u32);
            }
        }
        self.sort(|block, at| block.scores[at]);
        for place in 0..self.order.len() {
            let (row, column) = (self.order[place] as usize / columns, self.order[place] as usize % columns);
            if self.row_sums[row] > 0 && self.column_sums[column] > 0 {
                self.add(row, column, 1);
            }
        }
        self.pair();
        if self.floor < 0.0 {
            self.balance();
        }
    }

    /// Rows and columns that still lack units, but whose crossing has one already: each row takes the best of these.
    fn pair(&mut self) {
        let columns = self.columns();
        for row in 0..self.row_sums.len() {
            while self.row_sums[row] > 0 {
                let score = |column: &usize| self.scores[row * columns + column];
                let open = (0..columns).filter(|&column| self.column_sums[column] > 0);
                let Some(column) = open.max_by(|one, other| score(one).total_cmp(&score(other))) else { break };
                self.add(row, column, self.row_sums[row].min(self.column_sums[column]));
            }
        }
    }

    /// Where parts may be negative, the last digits of large numbers may leave a row or a column a unit too many: the
    /// first row and column take it.
    fn balance(&mut self) {
        for row in 0..self.row_sums.len() {
            self.add(row, 0, self.row_sums[row]);
        }
        for column in 0..self.columns() {
            self.add(0, column, self.column_sums[column]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fitted(non_negative: bool, columns: &[i64], rows: &[(i64, &[f64])], kind: Rows) -> Option<Vec<i64>> {
        let mut block = Block::new(non_negative);
        block.start(columns.iter().copied());
        rows.iter().for_each(|(sum, wanted)| block.row(*sum, wanted.iter().copied()));
        block.fit(kind).map(<[i64]>::to_vec)
    }

    #[test]
    fn the_largest_remainders_take_what_is_left() {
        let found = fitted(true, &[3], &[(0, &[0.7]), (0, &[1.2]), (0, &[1.1])], Rows::Free);
        assert_eq!(found, Some(vec![1, 1, 1]));
        let found = fitted(false, &[-3], &[(0, &[-0.7]), (0, &[-1.2]), (0, &[-1.1])], Rows::Near);
        assert_eq!(found, Some(vec![-1, -1, -1]));
    }

    #[test]
    fn whole_values_that_arithmetic_has_touched_come_back_as_they_were() {
        // All that the first row lacks together must not outweigh the one cell that lacks nearly a unit.
        let first = [10.0, 5.0 - 1e-12, 7.0 - 1e-12, 9.0 - 1e-12];
        let rows: [(i64, &[f64]); 2] = [(0, &first), (0, &[3.0 - 1e-12, 5.0, 7.0, 9.0])];
        for non_negative in [true, false] {
            let found = fitted(non_negative, &[13, 10, 14, 18], &rows, Rows::Near);
            assert_eq!(found, Some(vec![10, 5, 7, 9, 3, 5, 7, 9]));
        }
    }

    #[test]
    fn rows_that_follow_stay_near_their_sums() {
        // Each column has a unit to give. Taken alone, both would go to the first row, whose sum is 1.2.
        let rows: [(i64, &[f64]); 2] = [(0, &[0.6, 0.6]), (0, &[0.4, 0.4])];
        assert_eq!(fitted(true, &[1, 1], &rows, Rows::Near), Some(vec![1, 0, 0, 1]));
    }

    #[test]
    fn a_column_that_nothing_may_fill_is_told() {
        let closed: &[f64] = &[f64::NEG_INFINITY, 1.0];
        assert_eq!(fitted(true, &[1, 1], &[(0, closed), (0, closed)], Rows::Near), None);
        assert_eq!(fitted(true, &[0, 1], &[(0, closed), (0, closed)], Rows::Near), Some(vec![0, 1, 0, 0]));
    }

    #[test]
    fn a_fit_that_has_not_come_to_its_end_is_made_to_add_up() {
        // The second row must give to a column that it is very far from wanting.
        let rows: [(i64, &[f64]); 2] = [(5, &[0.0, -1e9]), (3, &[-1e9, 0.0])];
        assert_eq!(fitted(true, &[3, 5], &rows, Rows::Fixed), Some(vec![3, 2, 0, 3]));
    }
}
