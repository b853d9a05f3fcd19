//! Bins of whole numbers on public edges: the codes of a dimension, and what quartiles are later formed of.

/// Bins: the first from the least edge, the last without an end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bins {
    edges: Vec<i64>,
    under: bool,
}

impl Bins {
    /// `edges` rise, and are two or more. `under`: numbers may lie below the least, and have a bin of their own.
    pub(super) fn new(edges: Vec<i64>, under: bool) -> Self {
        debug_assert!(edges.len() > 1 && edges.windows(2).all(|pair| pair[0] < pair[1]));
        Bins { edges, under }
    }

    /// The least number of each bin, but of the one below them all.
    pub fn edges(&self) -> &[i64] {
        &self.edges
    }

    /// Whether the first bin is of what lies below the least edge.
    pub fn under(&self) -> bool {
        self.under
    }

    /// How many bins there are.
    pub fn count(&self) -> usize {
        self.edges.len() + usize::from(self.under)
    }

    /// Their codes, in order: `under 5`, `5 to 9`, `10`, `11 and over`.
    pub fn codes(&self) -> Vec<String> {
        codes(&self.edges, self.under)
    }

    /// SQL that gives the bin of `number`, a column, by its place from 0; where it is blank, the number of bins.
    pub fn place_sql(&self, number: &str) -> String {
        // What would lie below the least edge without a bin there goes into the first: no row is left out.
        let starts = if self.under { &self.edges[..] } else { self.edges.get(1..).unwrap_or_default() };
        let arms = starts.iter().enumerate().map(|(place, edge)| format!("WHEN {number} < {edge} THEN {place}"));
        let arms = arms.collect::<Vec<_>>().join(" ");
        format!("CASE WHEN {number} IS NULL THEN {} {arms} ELSE {} END", self.count(), self.count() - 1)
    }
}

/// The words for bins that start at these edges: what lies below the first where that may be, then one from each edge on.
pub(super) fn codes(edges: &[i64], under: bool) -> Vec<String> {
    let under = under.then(|| edges.first().map(|least| format!("under {least}"))).flatten();
    let inner = edges.windows(2).map(|pair| match (pair[0], pair[1] - 1) {
        (from, to) if from == to => from.to_string(),
        (from, to) => format!("{from} to {to}"),
    });
    let last = edges.last().map(|from| format!("{from} and over"));
    under.into_iter().chain(inner).chain(last).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_say_the_least_and_the_greatest_number_of_a_bin() {
        let bins = |under| Bins::new(vec![-7, 0, 1, 14], under);
        assert_eq!(bins(false).codes(), ["-7 to -1", "0", "1 to 13", "14 and over"]);
        assert_eq!(bins(true).codes(), ["under -7", "-7 to -1", "0", "1 to 13", "14 and over"]);
        assert_eq!((bins(false).count(), bins(true).count()), (4, 5));
    }

    #[test]
    fn the_place_is_that_of_the_code() {
        let bins = |under| Bins::new(vec![0, 7, 14], under).place_sql("n");
        assert_eq!(bins(false), "CASE WHEN n IS NULL THEN 3 WHEN n < 7 THEN 0 WHEN n < 14 THEN 1 ELSE 2 END");
        assert_eq!(
            bins(true),
            "CASE WHEN n IS NULL THEN 4 WHEN n < 0 THEN 0 WHEN n < 7 THEN 1 WHEN n < 14 THEN 2 ELSE 3 END"
        );
    }
}
