//! How far one person can move a vector of cells: what the engine's plan enforces before it sums.
//! The norms that the noise is scaled to are derived here, and nowhere declared.

use dashu::integer::UBig;
use dashu::rational::RBig;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// Sums are kept at half the range of `i64`, so that no noise that could ever be drawn reaches its ends.
pub(super) const LIMIT: i64 = i64::MAX / 2;

/// One person's contribution to one vector: at most `cells` cells, and in each a value within
/// `[low, high]`, which holds 0 because a person may be absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Parts")]
pub struct Bounds {
    cells: u32,
    low: i64,
    high: i64,
}

/// Bounds as text holds them, before they are checked.
#[derive(Deserialize)]
struct Parts {
    cells: u32,
    low: i64,
    high: i64,
}

impl TryFrom<Parts> for Bounds {
    type Error = Error;

    fn try_from(parts: Parts) -> Result<Self> {
        Bounds::new(parts.cells, parts.low, parts.high)
    }
}

impl Bounds {
    /// At most `cells` cells a person, each within `[low, high]`; 0 is added to the range where it lies outside.
    ///
    /// Errors: [`Error::Privacy`] where no cell is allowed, the range is empty, nothing but 0, or beyond half of `i64`.
    pub fn new(cells: u32, low: i64, high: i64) -> Result<Self> {
        if cells == 0 {
            return Err(Error::Privacy("a person must be allowed at least one cell".into()));
        }
        if low > high {
            return Err(Error::Privacy(format!(
                "a person's value cannot lie between {low} and {high}: they are swapped"
            )));
        }
        let (low, high) = (low.min(0), high.max(0));
        if low < -LIMIT || high > LIMIT {
            return Err(Error::Privacy(format!("a person's value must lie within {} and {LIMIT}", -LIMIT)));
        }
        if low == 0 && high == 0 {
            return Err(Error::Privacy("a person's value is bounded to 0: there is nothing to measure".into()));
        }
        Ok(Bounds { cells, low, high })
    }

    /// The bounds of a count of people: each cell holds a person or not.
    pub fn count(cells: u32) -> Result<Self> {
        Bounds::new(cells, 0, 1)
    }

    /// Most cells that one person touches (L0).
    pub fn cells(&self) -> u32 {
        self.cells
    }

    /// Least value that a person adds to a cell; never above 0.
    pub fn low(&self) -> i64 {
        self.low
    }

    /// Greatest value that a person adds to a cell; never below 0.
    pub fn high(&self) -> i64 {
        self.high
    }

    /// The most by which one person's presence moves any one cell.
    pub fn linf(&self) -> u64 {
        self.low.unsigned_abs().max(self.high.unsigned_abs())
    }

    /// The most by which one person's presence moves the vector, cells summed: exact.
    pub fn l1(&self) -> RBig {
        RBig::from(UBig::from(self.cells) * UBig::from(self.linf()))
    }

    /// The square of the Euclidean distance that one person's presence moves the vector: exact.
    pub fn l2_squared(&self) -> RBig {
        let linf = UBig::from(self.linf());
        RBig::from(UBig::from(self.cells) * &linf * &linf)
    }

    /// The Euclidean distance as a float that is never below the true one: its square is checked in exact arithmetic.
    pub fn l2(&self) -> f64 {
        at_least((f64::from(self.cells)).sqrt() * self.linf() as f64, |guess| {
            RBig::try_from(guess).is_ok_and(|guess| &guess * &guess >= self.l2_squared())
        })
    }

    /// The L1 distance as a float that is never below the true one.
    pub fn l1_up(&self) -> f64 {
        at_least(f64::from(self.cells) * self.linf() as f64, |guess| {
            RBig::try_from(guess).is_ok_and(|guess| guess >= self.l1())
        })
    }

    /// Proves that no cell can leave its integer: `rows` contributions at the bound stay within half of `i64`.
    ///
    /// `rows` is how many bounded contributions may be added into one cell; the engine's sum wraps without a word.
    pub fn check_rows(&self, rows: u64) -> Result<()> {
        if u128::from(rows) * u128::from(self.linf()) <= LIMIT as u128 {
            return Ok(());
        }
        Err(Error::Privacy(format!(
            "{rows} rows of up to {} each could overflow a sum; lower `between`, or measure in a larger unit",
            self.linf()
        )))
    }

    /// Bounds that hold wherever either of the two does: for a vector that protects two kinds of person.
    pub fn or(&self, other: &Bounds) -> Bounds {
        Bounds { cells: self.cells.max(other.cells), low: self.low.min(other.low), high: self.high.max(other.high) }
    }

    /// Whether noise scaled to these bounds also covers a person bounded by `other`.
    pub fn covers(&self, other: &Bounds) -> bool {
        self.cells >= other.cells && self.low <= other.low && self.high >= other.high
    }
}

/// `guess`, raised float by float until `enough`. The guess is within a few roundings of the answer.
fn at_least(mut guess: f64, enough: impl Fn(f64) -> bool) -> f64 {
    while guess.is_finite() && !enough(guess) {
        guess = guess.next_up();
    }
    guess
}

/// A map from the cells of a vector to the cells of a coarser public grid.
///
/// Merging cells changes what one person can do: someone in three cells that become one moves it by
/// three. `run` bounds that: all of one person's cells lie within one aligned run of `run` source
/// cells (with cells ordered by area then code, and each person in one area, the number of codes).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Regrouping {
    target_len: usize,
    run: usize,
    mapping: Vec<u32>,
    /// Most target cells that one run reaches.
    reach: u32,
    /// Most source cells of one run that meet in one target cell.
    meet: u32,
}

impl Regrouping {
    /// Source cell `i` adds into target cell `mapping[i]`. `run` is the mapping's own length where nothing is
    /// known of where a person's cells lie.
    ///
    /// Errors: [`Error::Privacy`] where a target does not exist, or the runs do not divide the cells evenly.
    pub fn new(target_len: usize, mapping: &[u32], run: usize) -> Result<Self> {
        if run == 0 || !mapping.len().is_multiple_of(run) {
            return Err(Error::Privacy(format!("{} cells do not divide into runs of {run}", mapping.len())));
        }
        if mapping.iter().any(|target| *target as usize >= target_len) {
            return Err(Error::Privacy(format!("a cell is mapped outside the {target_len} cells of the coarser grid")));
        }
        let (mut reach, mut meet) = (1, 1);
        for cells in mapping.chunks(run) {
            let mut targets = cells.to_vec();
            targets.sort_unstable();
            let groups = targets.chunk_by(|a, b| a == b);
            reach = reach.max(groups.clone().count());
            meet = meet.max(groups.map(<[u32]>::len).max().unwrap_or(1));
        }
        // Both are at most a run's length; beyond 32 bits the cells a person may touch bound them anyway.
        let narrow = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Ok(Regrouping { target_len, run, mapping: mapping.to_vec(), reach: narrow(reach), meet: narrow(meet) })
    }

    /// Cells of the coarser grid.
    pub fn target_len(&self) -> usize {
        self.target_len
    }

    /// The length of the runs that the map was made for.
    pub fn run(&self) -> usize {
        self.run
    }

    /// What one person can do to the coarser vector, given what they can do to the finer one.
    pub fn bounds(&self, fine: &Bounds) -> Result<Bounds> {
        let meet = i64::from(self.meet.min(fine.cells));
        let too_large = || Error::Privacy("a person's merged cells could overflow a sum; lower `between`".into());
        let low = fine.low.checked_mul(meet).ok_or_else(too_large)?;
        let high = fine.high.checked_mul(meet).ok_or_else(too_large)?;
        Bounds::new(fine.cells.min(self.reach), low, high)
    }

    /// The coarser vector.
    ///
    /// Errors: [`Error::Privacy`] where the lengths differ or a sum overflows; no value is named.
    pub(super) fn apply(&self, values: &[i64]) -> Result<Vec<i64>> {
        if values.len() != self.mapping.len() {
            let (given, known) = (values.len(), self.mapping.len());
            return Err(Error::Privacy(format!("a vector of {given} cells cannot be regrouped by a map of {known}")));
        }
        let mut coarse = vec![0i64; self.target_len];
        for (value, target) in values.iter().zip(&self.mapping) {
            let cell = &mut coarse[*target as usize];
            *cell = cell.checked_add(*value).ok_or_else(|| Error::Privacy("a regrouped sum overflowed".into()))?;
        }
        Ok(coarse)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn norms_of_a_count() {
        let bounds = Bounds::count(3).unwrap();
        assert_eq!((bounds.linf(), bounds.l1()), (1, RBig::from(3)));
        assert_eq!(bounds.l2_squared(), RBig::from(3));
        assert!(bounds.l2() >= 3f64.sqrt() && bounds.l2() <= 3f64.sqrt().next_up());
        assert_eq!(Bounds::count(4).unwrap().l2(), 2.0);
    }

    #[test]
    fn norms_of_a_sum() {
        let bounds = Bounds::new(3, -7, 5).unwrap();
        assert_eq!((bounds.linf(), bounds.l1(), bounds.l1_up()), (7, RBig::from(21), 21.0));
        assert_eq!(bounds.l2_squared(), RBig::from(147));
    }

    #[test]
    fn zero_always_belongs_to_the_range() {
        let bounds = Bounds::new(1, 5, 60).unwrap();
        assert_eq!((bounds.low(), bounds.high(), bounds.linf()), (0, 60, 60));
        let bounds = Bounds::new(2, -28, -3).unwrap();
        assert_eq!((bounds.low(), bounds.high(), bounds.linf()), (-28, 0, 28));
        assert_eq!(Bounds::new(1, 5, 5).unwrap(), Bounds::new(1, 0, 5).unwrap());
    }

    #[test]
    fn refuses_bounds_that_bound_nothing() {
        for (cells, low, high) in
            [(0, 0, 1), (1, 2, 1), (1, 0, 0), (1, i64::MIN, 0), (1, 0, i64::MAX), (1, -LIMIT - 1, 0)]
        {
            assert!(Bounds::new(cells, low, high).is_err(), "{cells} {low} {high}");
        }
    }

    #[test]
    fn rows_at_the_bound_must_fit() {
        let bounds = Bounds::new(1, 0, 600).unwrap();
        assert!(bounds.check_rows(5_500_000).is_ok());
        assert!(bounds.check_rows(LIMIT as u64 / 600).is_ok());
        assert!(bounds.check_rows(LIMIT as u64 / 600 + 1).is_err());
        let greatest = Bounds::new(1, -LIMIT, LIMIT).unwrap();
        assert!(greatest.check_rows(1).is_ok());
        assert!(greatest.check_rows(2).is_err() && greatest.check_rows(u64::MAX).is_err());
    }

    #[test]
    fn noise_for_two_kinds_of_person_covers_each() {
        let (patient, practitioner) = (Bounds::count(3).unwrap(), Bounds::new(1, -2, 60).unwrap());
        let both = patient.or(&practitioner);
        assert_eq!(both, Bounds::new(3, -2, 60).unwrap());
        assert!(both.covers(&patient) && both.covers(&practitioner) && both.covers(&both));
        assert!(!patient.covers(&both) && !practitioner.covers(&patient) && !patient.covers(&practitioner));
    }

    #[test]
    fn text_cannot_smuggle_bounds_past_the_constructor() {
        assert!(serde_json::from_str::<Bounds>(r#"{"cells":0,"low":0,"high":1}"#).is_err());
        assert!(serde_json::from_str::<Bounds>(r#"{"cells":1,"low":0,"high":0}"#).is_err());
        let bounds: Bounds = serde_json::from_str(r#"{"cells":2,"low":-3,"high":1}"#).unwrap();
        assert_eq!(serde_json::to_string(&bounds).unwrap(), r#"{"cells":2,"low":-3,"high":1}"#);
    }

    #[test]
    fn areas_merge_without_cost_and_codes_do_not() {
        // Four areas of two codes; a person is in one area. Areas 0 and 1 make one, 2 and 3 another.
        let areas = Regrouping::new(4, &[0, 1, 0, 1, 2, 3, 2, 3], 2).unwrap();
        let fine = Bounds::count(2).unwrap();
        assert_eq!(areas.bounds(&fine).unwrap(), fine);
        assert_eq!((areas.target_len(), areas.run()), (4, 2));
        // All codes of an area become its total: a person in both counts twice.
        let totals = Regrouping::new(4, &[0, 0, 1, 1, 2, 2, 3, 3], 2).unwrap();
        assert_eq!(totals.bounds(&fine).unwrap(), Bounds::new(1, 0, 2).unwrap());
        // Without the run, a person's two cells may be the same code in two areas.
        let unknown = Regrouping::new(4, &[0, 1, 0, 1, 2, 3, 2, 3], 8).unwrap();
        assert_eq!(unknown.bounds(&fine).unwrap(), Bounds::new(2, 0, 2).unwrap());
    }

    #[test]
    fn refuses_maps_that_do_not_fit() {
        assert!(Regrouping::new(2, &[0, 2], 2).is_err());
        assert!(Regrouping::new(2, &[0, 1, 1], 2).is_err());
        assert!(Regrouping::new(2, &[0, 1], 0).is_err());
        let map = Regrouping::new(1, &[0, 0], 2).unwrap();
        assert!(map.apply(&[1]).is_err());
        assert!(map.apply(&[i64::MAX, 1]).is_err());
        assert_eq!(map.apply(&[-4, 1]).unwrap(), vec![-3]);
    }

    proptest! {
        #[test]
        fn floats_never_understate_a_norm(cells in 1u32.., low in -LIMIT..=0, high in 1..=LIMIT) {
            let bounds = Bounds::new(cells, low, high).unwrap();
            let l2 = RBig::try_from(bounds.l2()).unwrap();
            prop_assert!(&l2 * &l2 >= bounds.l2_squared());
            let below = RBig::try_from(bounds.l2() * (1.0 - 1e-14)).unwrap();
            prop_assert!(&below * &below < bounds.l2_squared());
            prop_assert!(RBig::try_from(bounds.l1_up()).unwrap() >= bounds.l1());
            prop_assert!(bounds.linf() == high.unsigned_abs().max(low.unsigned_abs()));
        }

        /// One hostile person against the bounds that a regrouping derives.
        #[test]
        fn a_person_stays_within_regrouped_bounds(
            mapping in proptest::collection::vec(0u32..5, 12),
            run in prop_oneof![Just(1usize), Just(3), Just(4), Just(12)],
            at in 0usize..12,
            picks in proptest::collection::vec((0usize..12, -3i64..=7), 1..5),
        ) {
            let start = at / run * run;
            let mut person = vec![0i64; 12];
            for (cell, value) in &picks {
                person[start + cell % run] = *value;
            }
            let fine = Bounds::new(picks.len() as u32, -3, 7).unwrap();
            let map = Regrouping::new(5, &mapping, run).unwrap();
            let (coarse, bounds) = (map.apply(&person).unwrap(), map.bounds(&fine).unwrap());
            let touched = coarse.iter().filter(|value| **value != 0).count();
            prop_assert!(touched <= bounds.cells() as usize);
            prop_assert!(coarse.iter().all(|value| (bounds.low()..=bounds.high()).contains(value)));
        }
    }
}
