//! Values computed from private rows, wrapped so that they cannot leave unnoised.

use super::bounds::{Bounds, Regrouping};
use crate::error::Result;

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
    bounds: Bounds,
}

impl<T> Private<T> {
    /// Wraps what the engine computed. Only `measure` may call this, with the bounds that its plan enforces.
    pub(crate) fn measured(value: T, bounds: Bounds) -> Self {
        Private { value, bounds }
    }

    /// What one person can do to the value.
    pub fn bounds(&self) -> &Bounds {
        &self.bounds
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
}

impl Private<Vec<i64>> {
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
        Ok(Private { value: map.apply(&self.value)?, bounds: map.bounds(&self.bounds)? })
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
        let fine = Private::measured(vec![1, 2, 3, 4], Bounds::count(2).unwrap());
        let coarse = fine.regroup(&Regrouping::new(2, &[0, 0, 1, 1], 2).unwrap()).unwrap();
        assert_eq!(coarse.reveal(), &vec![3, 7]);
        assert_eq!(coarse.bounds(), &Bounds::new(1, 0, 2).unwrap());
        assert_eq!(fine.reveal().len(), fine.len());
        assert!(fine.regroup(&Regrouping::new(1, &[0], 1).unwrap()).is_err());
    }
}
