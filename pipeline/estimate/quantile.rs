//! Takes a released histogram on public edges, with the covariance of its noise.
//! Gives quartiles and other quantiles, each with an interval.
//! Never sees a private value.

use super::interval::Z;
use crate::error::{Error, Result};

/// How many people lie between public edges: consistent whole numbers.
#[derive(Debug, Clone, Copy)]
pub struct Histogram<'a> {
    edges: &'a [f64],
    counts: &'a [i64],
}

/// A quantile, in the unit of the edges.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quantile {
    /// The value.
    pub value: f64,
    /// The 95% interval.
    pub interval: (f64, f64),
    /// The upper limit lies in the open last bin: read the interval's upper end as "that or more".
    pub or_more: bool,
}

/// The covariance of two bins' noise: a bin's variance where the two are the same.
pub type Covariance<'a> = &'a dyn Fn(usize, usize) -> f64;

impl<'a> Histogram<'a> {
    /// One more edge than counts; or as many, and then the last bin is open: it holds everything from the last edge up.
    ///
    /// # Errors
    /// [`Error::Privacy`] where the numbers of edges and counts do not match, or an edge is not above the one before.
    pub fn new(edges: &'a [f64], counts: &'a [i64]) -> Result<Self> {
        if edges.len() != counts.len() && edges.len() != counts.len() + 1 {
            let (edges, counts) = (edges.len(), counts.len());
            return Err(Error::Privacy(format!(
                "a histogram has {edges} edges for {counts} bins: one more, or as many"
            )));
        }
        let ascending = edges.windows(2).all(|pair| pair[0] < pair[1]);
        if edges.is_empty() || counts.is_empty() || !ascending || edges.iter().any(|edge| !edge.is_finite()) {
            return Err(Error::Privacy("a histogram's edges are finite and each is above the one before".into()));
        }
        Ok(Histogram { edges, counts })
    }

    /// The `q` quantile (0 to 1), people spread evenly over their bin, as OpenDP's `make_quantiles_from_counts` has it.
    ///
    /// The interval is Woodruff's (JASA 47 (1952) 635): the share of people below the value is estimated with a
    /// standard deviation, and the values at 1.96 of these to either side of `q` are the limits. It holds the
    /// noise, and with `sampling` also the binomial error q(1-q)/n. It does not hold where people lie within a bin.
    ///
    /// `None` where the total may be less than one person, where the interval would hold everything, or where
    /// the quantile lies in the open last bin.
    pub fn quantile(&self, q: f64, covariance: Covariance, sampling: bool) -> Option<Quantile> {
        let total = self.counts.iter().map(|&count| count.max(0) as f64).sum::<f64>();
        let everyone = vec![1.0; self.counts.len()];
        let least = total - Z * variance(&everyone, covariance)?.sqrt();
        if !(0.0..=1.0).contains(&q) || least.is_nan() || least < 1.0 {
            return None;
        }
        let value = self.at(q, total)?;
        let noise = variance(&self.weights(q, total), covariance)? / (total * total);
        let sampled = if sampling { q * (1.0 - q) / total } else { 0.0 };
        let reach = Z * (noise + sampled).sqrt();
        if !reach.is_finite() || (q - reach <= 0.0 && q + reach >= 1.0) {
            return None;
        }
        let lower = if q - reach <= 0.0 { self.edges[0] } else { self.at(q - reach, total).unwrap_or(value) };
        let upper = if q + reach >= 1.0 { self.top() } else { self.at(q + reach, total) };
        // The last edge is the last thing that is known of the open bin.
        let end = upper.unwrap_or(self.edges[self.edges.len() - 1]);
        Some(Quantile { value, interval: (lower.min(value), end.max(value)), or_more: upper.is_none() })
    }

    /// The upper edge of the last bin; `None` where that is open.
    fn top(&self) -> Option<f64> {
        self.edges.get(self.counts.len()).copied()
    }

    /// The bin that `q` of all people lies in, and the people below that bin. An empty bin holds no quantile.
    fn bin(&self, q: f64, total: f64) -> (usize, f64) {
        let (mut last, mut below) = ((0, 0.0), 0.0);
        for (bin, &count) in self.counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            last = (bin, below);
            below += count as f64;
            if below >= q * total {
                break;
            }
        }
        last
    }

    /// How far into its bin `q` lies, 0 to 1.
    fn part(&self, (bin, below): (usize, f64), q: f64, total: f64) -> f64 {
        ((q * total - below) / self.counts[bin].max(1) as f64).clamp(0.0, 1.0)
    }

    /// The value with `q` of all people below it.
    fn at(&self, q: f64, total: f64) -> Option<f64> {
        let (bin, below) = self.bin(q, total);
        let part = self.part((bin, below), q, total);
        let (low, high) = (self.edges[bin], self.edges.get(bin + 1)?);
        Some((1.0 - part) * low + part * high)
    }

    /// The share of people below the value is a ratio; these weights over the bins, divided by the total, are its
    /// first-order change: 1 below the value, 0 above it, each less `q`.
    fn weights(&self, q: f64, total: f64) -> Vec<f64> {
        let (bin, below) = self.bin(q, total);
        let part = self.part((bin, below), q, total);
        let under = |at: usize| if at < bin { 1.0 } else { f64::from(u8::from(at == bin)) * part };
        (0..self.counts.len()).map(|at| under(at) - q).collect()
    }
}

/// The covariance of bins that are alike: each with this variance, each two with this covariance.
pub fn alike(variance: f64, of_two: f64) -> impl Fn(usize, usize) -> f64 {
    move |one, other| if one == other { variance } else { of_two }
}

/// The variance of a weighted sum of bins; `None` where it is not a finite number.
fn variance(weights: &[f64], covariance: Covariance) -> Option<f64> {
    let mut sum = 0.0;
    for (one, weight) in weights.iter().enumerate() {
        for (other, more) in weights.iter().enumerate() {
            sum += weight * more * covariance(one, other);
        }
    }
    sum.is_finite().then(|| sum.max(0.0))
}

#[cfg(test)]
#[path = "quantile_tests.rs"]
mod tests;
