//! Seeded randomness that any worker can pick up anywhere: numbered streams, and permutations without a table.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// What a stream of random numbers is for. Each purpose of each practice has its own, so that a change in one
/// (a higher rate of faults, say) leaves the others as they were.
#[derive(Debug, Clone, Copy)]
pub(super) enum Purpose {
    Board,
    Areas,
    Organisations,
    Order,
    Tokens,
    Links,
    People,
    Moves,
    Posts,
    Pathway,
    Style,
    /// One a table: the table's number is added.
    Dirt,
    Cover,
    Names,
    Outlines,
}

/// The stream for `purpose` of the practice (or other thing) numbered `of`.
pub(super) fn stream(seed: u64, of: u64, purpose: Purpose) -> ChaCha8Rng {
    sub_stream(seed, of, purpose, 0)
}

/// As [`stream`], for the `part`th of several alike.
pub(super) fn sub_stream(seed: u64, of: u64, purpose: Purpose, part: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream((of << 8) | ((purpose as u64) << 4) | part);
    rng
}

/// A seeded one-to-one map of `0..size` onto itself.
pub(super) struct Permutation {
    size: u64,
    mask: u64,
    shift: u32,
    rounds: [(u64, u64); 4],
}

impl Permutation {
    /// A permutation of `0..size`, by `purpose`'s stream; `size` is at least 1.
    pub(super) fn new(seed: u64, size: u64, purpose: Purpose) -> Self {
        let bits = (64 - size.saturating_sub(1).leading_zeros()).max(1);
        let mut rng = stream(seed, 0, purpose);
        let rounds = std::array::from_fn(|_| (rng.random::<u64>() | 1, rng.random::<u64>()));
        Permutation { size: size.max(1), mask: u64::MAX >> (64 - bits), shift: bits.div_ceil(2), rounds }
    }

    /// Where `index` goes. Each round is invertible on whole words of bits; values that fall outside the size
    /// are sent round again, which keeps the map one-to-one and ends because the walk is a cycle through `index`.
    pub(super) fn of(&self, index: u64) -> u64 {
        let mut x = index % self.size;
        loop {
            for (factor, step) in self.rounds {
                x = x.wrapping_mul(factor).wrapping_add(step) & self.mask;
                x ^= x >> self.shift;
            }
            if x < self.size {
                return x;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::{prop_assert, proptest};

    use super::*;

    proptest! {
        #[test]
        fn a_permutation_is_one_to_one(size in 1u64..3000, seed: u64) {
            let order = Permutation::new(seed, size, Purpose::Order);
            let mut seen = vec![false; size as usize];
            for index in 0..size {
                let place = order.of(index);
                prop_assert!(place < size);
                prop_assert!(!std::mem::replace(&mut seen[place as usize], true));
            }
        }
    }

    #[test]
    fn streams_do_not_overlap() {
        let first = |of, purpose, part| sub_stream(7, of, purpose, part).random::<u64>();
        let mut all = vec![
            first(0, Purpose::People, 0),
            first(1, Purpose::People, 0),
            first(0, Purpose::Dirt, 0),
            first(0, Purpose::Dirt, 3),
            first(0, Purpose::Style, 0),
        ];
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 5);
    }
}
