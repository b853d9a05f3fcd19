//! Which of a person's cells are kept where they have more than they may: by a permutation of the codes drawn from their
//! pseudonym, which is the output of a keyed hash. A task that is run again keeps the same ones, and no code is favoured
//! for its place in the list.

use crate::ingest::layout::PERSON;

/// The permutation of `codes` codes that belongs to a person: code to `(a x code + b) mod p`, for the least prime p that
/// is no less than `codes`, with a and b from the pseudonym. Any two codes are as likely to come in either order.
pub(super) struct Permutation {
    prime: u64,
}

impl Permutation {
    pub(super) fn of(codes: u64) -> Self {
        let is_prime = |n: &u64| *n >= 2 && (2..).take_while(|d| d * d <= *n).all(|d| !n.is_multiple_of(d));
        // There is a prime between n and 2n.
        let prime = (codes.max(2)..=2 * codes.max(2)).find(is_prime).unwrap_or(2);
        Permutation { prime }
    }

    /// `key`: a and b in one number below p x (p - 1).
    pub(super) fn key_sql(&self) -> String {
        let modulus = self.prime * (self.prime - 1);
        // A pseudonym is never negative; `greatest` says so to the proof.
        format!("greatest(CAST({PERSON} % CAST({modulus} AS DECIMAL(38, 0)) AS BIGINT), 0)")
    }

    pub(super) fn place_sql(&self, key: &str, code: &str) -> String {
        let (p, q) = (self.prime, self.prime - 1);
        format!("(({key} % {q} + 1) * ({code}) + {key} / {q}) % {p}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_permutation_permutes_and_favours_nobody() {
        for codes in [1u64, 2, 3, 11, 12, 61, 100] {
            let prime = Permutation::of(codes).prime;
            assert!(prime >= codes && prime <= 2 * codes.max(2));
            let place = |key: u64, code: u64| ((key % (prime - 1) + 1) * code + key / (prime - 1)) % prime;
            let mut first = vec![0u64; codes as usize];
            for key in 0..prime * (prime - 1) {
                let mut places = (0..codes).map(|code| place(key, code)).collect::<Vec<_>>();
                first[places.iter().enumerate().min_by_key(|(_, place)| **place).unwrap().0] += 1;
                places.sort_unstable();
                places.dedup();
                assert_eq!(places.len() as u64, codes);
            }
            // Over all keys, every code comes first equally often.
            assert_eq!(first.iter().min(), first.iter().max(), "{codes} codes");
            // Two codes come in either order equally often: checked for the first and the last.
            if codes > 1 {
                let before =
                    (0..prime * (prime - 1)).filter(|&key| place(key, 0) < place(key, codes - 1)).count() as u64;
                assert_eq!(2 * before, prime * (prime - 1));
            }
        }
    }
}
