//! Which rows of one file repeat a key of the same person. The first stays; later ones are set aside.

use std::collections::HashSet;

/// Places of the rows to set aside, by chunk. `keys[chunk][row]` is the key of a kept row, in the file's order.
///
/// Memory: 16 bytes a row of the file while it is settled.
pub fn repeated<'a>(keys: impl Iterator<Item = &'a [u128]> + Clone) -> Vec<Vec<usize>> {
    let mut sorted: Vec<u128> = keys.clone().flatten().copied().collect();
    sorted.sort_unstable();
    let twice: HashSet<u128> = sorted.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect();
    drop(sorted);
    let mut seen = HashSet::new();
    keys.map(|chunk| {
        let again = |(row, key): (usize, &u128)| (twice.contains(key) && !seen.insert(*key)).then_some(row);
        if twice.is_empty() { Vec::new() } else { chunk.iter().enumerate().filter_map(again).collect() }
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_first_of_each_key_stays(chunks in proptest::collection::vec(proptest::collection::vec(0u128..20, 0..12), 0..6)) {
            let aside = repeated(chunks.iter().map(Vec::as_slice));
            let mut seen = HashSet::new();
            for (chunk, aside) in chunks.iter().zip(&aside) {
                for (row, key) in chunk.iter().enumerate() {
                    prop_assert_eq!(aside.contains(&row), !seen.insert(*key));
                }
            }
        }
    }
}
