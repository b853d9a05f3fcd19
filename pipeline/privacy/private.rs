//! Values computed from private rows, wrapped so that they cannot leave unnoised.

use super::Role;
use super::bounds::{Bounds, Regrouping};
use super::walk::Proof;
use crate::error::{Error, Result};

/// A value computed from private rows, with what one person can do to it.
///
/// It has no `Debug`, `Display`, `Clone` or `Serialize`, and no way out but the ledger's draw, which
/// consumes it. Taking one is allowed:
///
/// ```
/// fn keep(value: smirr::privacy::Private<Vec<i64>>) -> usize {
///     value.len()
/// }
/// ```
///
/// Printing one does not compile:
///
/// ```compile_fail,E0277
/// fn print(value: smirr::privacy::Private<Vec<i64>>) {
///     println!("{value:?}");
/// }
/// ```
/// ```compile_fail,E0277
/// fn print(value: smirr::privacy::Private<i64>) {
///     println!("{value}");
/// }
/// ```
///
/// Nor does copying one, to draw twice from the same value:
///
/// ```compile_fail,E0599
/// fn twice(value: smirr::privacy::Private<Vec<i64>>) {
///     let again = value.clone();
/// }
/// ```
///
/// Nor writing one:
///
/// ```compile_fail,E0277
/// fn write(value: smirr::privacy::Private<Vec<i64>>) {
///     serde_json::to_string(&value);
/// }
/// ```
///
/// Nor looking inside:
///
/// ```compile_fail,E0616
/// fn look(value: smirr::privacy::Private<Vec<i64>>) -> Vec<i64> {
///     value.value
/// }
/// ```
pub struct Private<T> {
    value: T,
    /// `None` where nobody can move the value at all.
    bounds: Option<Bounds>,
    /// All of one person's cells lie within one aligned run of so many.
    run: usize,
    roles: Vec<Role>,
}

impl<T> Private<T> {
    /// What one person can do to the value; `None` where nobody can do anything.
    pub fn bounds(&self) -> Option<&Bounds> {
        self.bounds.as_ref()
    }

    /// Whether the bounds hold for a person of this role.
    pub fn protects(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    /// The value, for the draw.
    pub(super) fn into_inner(self) -> T {
        self.value
    }

    /// The exact value, for spec tables beside the code. It does not exist outside test builds.
    #[cfg(test)]
    pub(crate) fn reveal(&self) -> &T {
        &self.value
    }

    /// A value with bounds that nobody proved: for tests of what comes after the proof.
    #[cfg(test)]
    pub(crate) fn assumed(value: T, bounds: Bounds) -> Self {
        Private { value, bounds: Some(bounds), run: 1, roles: vec![Role::Patient, Role::Practitioner] }
    }
}

impl Private<Vec<i64>> {
    /// Wraps what the engine computed from proved plans, over a grid of places with `codes` cells each. Several plans
    /// are passes over different people, and proofs for different roles: the bounds are those that hold for all.
    ///
    /// `rows`: the most rows that can be added into a cell, to prove that no sum wraps.
    ///
    /// Errors: [`Error::Privacy`] where nothing was proved, or a sum could overflow.
    pub fn measured(value: Vec<i64>, codes: usize, rows: u64, proofs: &[Proof]) -> Result<Self> {
        let places = value.len().checked_div(codes).unwrap_or(0) as u64;
        let mut bounds: Option<Bounds> = None;
        for proof in proofs {
            if let Some(one) = proof.bounds(codes as u64, places)? {
                one.check_rows(rows)?;
                bounds = Some(bounds.map_or(one, |all| all.or(&one)));
            }
        }
        let mut roles = proofs.iter().map(Proof::role).collect::<Vec<_>>();
        roles.sort();
        roles.dedup();
        if roles.is_empty() {
            return Err(Error::Privacy("a vector was measured by a plan that nothing was proved of".into()));
        }
        let run = if proofs.iter().all(Proof::one_place) { codes } else { value.len() };
        Ok(Private { value, bounds, run, roles })
    }

    /// Cells of the vector: the size of a public grid.
    pub fn len(&self) -> usize {
        self.value.len()
    }

    /// Whether the grid has no cells.
    pub fn is_empty(&self) -> bool {
        self.value.is_empty()
    }

    /// The same people on a coarser public grid, with the bounds that follow from the map.
    ///
    /// Errors: [`crate::error::Error::Privacy`] where the map is for another grid or a sum overflows.
    pub fn regroup(&self, map: &Regrouping) -> Result<Private<Vec<i64>>> {
        if !map.run().is_multiple_of(self.run.max(1)) {
            return Err(Error::Privacy(
                "a person's cells may lie further apart than the coarser grid allows for".into(),
            ));
        }
        let bounds = self.bounds.as_ref().map(|bounds| map.bounds(bounds)).transpose()?;
        // Which cells of the coarser grid are one person's is no longer known.
        let value = map.apply(&self.value)?;
        Ok(Private { run: value.len(), value, bounds, roles: self.roles.clone() })
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::{Debug, Display};

    use super::*;

    /// Answers whether a type has a trait: an inherent constant is found before a trait's.
    macro_rules! has {
        ($type:ty: $bound:path) => {{
            #[allow(dead_code)]
            trait Otherwise {
                const HAS: bool = false;
            }
            impl<T: ?Sized> Otherwise for T {}
            struct Probe<T: ?Sized>(std::marker::PhantomData<T>);
            #[allow(dead_code)]
            impl<T: ?Sized + $bound> Probe<T> {
                const HAS: bool = true;
            }
            <Probe<$type>>::HAS
        }};
    }

    #[test]
    fn a_private_value_cannot_be_shown_copied_or_written() {
        assert!(has!(Vec<i64>: Debug) && has!(i64: Display) && has!(i64: Clone) && has!(i64: serde::Serialize));
        assert!(!has!(Private<Vec<i64>>: Debug));
        assert!(!has!(Private<i64>: Display));
        assert!(!has!(Private<i64>: Clone));
        assert!(!has!(Private<i64>: serde::Serialize));
    }

    #[test]
    fn regrouping_carries_its_own_bounds() {
        let fine = Private::assumed(vec![1, 2, 3, 4], Bounds::count(2).unwrap());
        let coarse = fine.regroup(&Regrouping::new(2, &[0, 0, 1, 1], 2).unwrap()).unwrap();
        assert_eq!(coarse.reveal(), &vec![3, 7]);
        assert_eq!(coarse.bounds(), Some(&Bounds::new(1, 0, 2).unwrap()));
        assert_eq!(fine.reveal().len(), fine.len());
        assert!(fine.regroup(&Regrouping::new(1, &[0], 1).unwrap()).is_err());
    }

    #[test]
    fn a_regrouping_may_not_assume_more_than_is_known_of_where_cells_lie() {
        let within = |run| Private { run, ..Private::assumed(vec![1, 2, 3, 4], Bounds::count(2).unwrap()) };
        let halves = |run| Regrouping::new(2, &[0, 0, 1, 1], run).unwrap();
        assert!(within(2).regroup(&halves(2)).is_ok() && within(2).regroup(&halves(4)).is_ok());
        assert!(within(2).regroup(&halves(1)).is_err() && within(4).regroup(&halves(2)).is_err());
        // Of merged cells it is not known which are one person's; whom they protect stays as it was.
        let coarse = within(2).regroup(&halves(2)).unwrap();
        assert!(coarse.regroup(&Regrouping::new(2, &[0, 1], 1).unwrap()).is_err());
        assert!(coarse.regroup(&Regrouping::new(2, &[0, 1], 2).unwrap()).is_ok());
        assert!(Role::ALL.iter().all(|role| coarse.protects(*role)));
        let empty = Private::assumed(vec![], Bounds::count(1).unwrap());
        assert!((empty.is_empty(), coarse.is_empty(), coarse.len()) == (true, false, 2));
    }
}
