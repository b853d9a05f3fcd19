//! Takes released sides of a ratio, each with the variance of its noise.
//! Gives rates, shares, means, and differences and ratios of those, with intervals that hold the noise of both sides
//! and, where the author asks for it, the sampling error.
//! Never sees a private value, and never gives a figure that is not finite.

use super::interval::{Figure, Z, bounded, half_step};

/// One side of a ratio.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Side {
    /// The published value: whole for a count, and at least 0 unless it is a sum about a centre.
    pub value: f64,
    /// The unbiased estimate behind it; it may be negative.
    pub unbiased: f64,
    /// The variance of its noise; 0 for a public number. Laplace: times the square of [`super::interval::multiplier`].
    pub variance: f64,
}

impl Side {
    /// A number that anyone may know: it has no noise.
    pub fn public(value: f64) -> Self {
        Side { value, unbiased: value, variance: 0.0 }
    }

    /// Several sides as one, their noise independent: two sexes to both.
    pub fn pooled(parts: &[Side]) -> Self {
        let sum = |of: fn(&Side) -> f64| parts.iter().map(of).sum();
        Side { value: sum(|it| it.value), unbiased: sum(|it| it.unbiased), variance: sum(|it| it.variance) }
    }

    /// Whether one may divide by it: the low end of its interval is one person or more, or it is public and positive.
    pub fn divides(&self) -> bool {
        let low = self.unbiased - Z * self.variance.sqrt();
        let clear = if self.variance == 0.0 { low > 0.0 } else { low >= 1.0 };
        self.is_known() && self.value > 0.0 && clear
    }

    fn is_known(&self) -> bool {
        self.value.is_finite() && self.unbiased.is_finite() && self.variance.is_finite() && self.variance >= 0.0
    }
}

/// Which error an interval holds beside the noise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sampling {
    /// None: the interval is of this quarter's own ratio, and holds the noise only.
    None,
    /// Events at a rate: Byar's limits (Breslow and Day 1987; Fingertips technical guide "Confidence Intervals").
    Poisson,
    /// Some of a whole: Wilson's limits (Wilson 1927; the same guide).
    Binomial,
}

/// `of` over `over`, times `per`; `covariance` is that of the two sides' noise, 0 where they were drawn and fitted apart.
///
/// Noise: Fieller's theorem on the unbiased estimates, with the numerator known to be at least 0: its lower limit is
/// that of [`super::interval::count`], its upper limit that of an estimate of at least 0, and where its noise is whole both
/// are half a step wider. Coverage is 95% and a little
/// more near 0, never less. Sampling error is added by the squares of the distances to each limit (method of variance
/// estimates recovery: Zou and Donner, Statistics in Medicine 27 (2008) 1693), so that both limits keep their sides. The
/// interval holds the published ratio.
///
/// `None`, not applicable, where the denominator does not [divide](Side::divides).
pub fn ratio(of: Side, over: Side, covariance: f64, per: f64, sampling: Sampling) -> Option<Figure> {
    if !of.is_known() || !over.divides() {
        return None;
    }
    let numerator = of.unbiased.max(0.0);
    let point = numerator / over.unbiased;
    let noise = noise_limits(&of, &over, covariance)?;
    let limits = match sampling {
        Sampling::None => noise,
        Sampling::Poisson => {
            let limits = byar(numerator);
            recovered(point, noise, (limits.0 / over.unbiased, limits.1 / over.unbiased))
        }
        Sampling::Binomial => {
            let point = point.min(1.0);
            recovered(point, noise, wilson(point, over.unbiased))
        }
    };
    Figure::new(of.value / over.value * per, limits.0.max(0.0) * per, limits.1 * per)
}

/// A ratio of which `of` is a part of `over`, such as attended of referred: at most `per`, and so are its limits. See
/// [`ratio`].
pub fn share(of: Side, over: Side, covariance: f64, per: f64, sampling: Sampling) -> Option<Figure> {
    ratio(of, over, covariance, per, sampling)?.within(0.0, per)
}

/// A mean: `centre` and the noised `sum` of what lies above and below it, over the noised `count`, kept in the `range`
/// of a single value. All in the value's unit. The interval holds the noise only, by Fieller's theorem.
///
/// `None` where the count does not [divide](Side::divides).
pub fn mean(sum: Side, count: Side, centre: f64, range: (f64, f64)) -> Option<Figure> {
    if !sum.is_known() || !count.divides() || range.0 > range.1 {
        return None;
    }
    let limits = fieller((sum.unbiased, sum.variance), (count.unbiased, count.variance), 0.0, Z)?;
    Figure::new(centre + sum.value / count.value, centre + limits.0, centre + limits.1)?.within(range.0, range.1)
}

/// What `now` is above `before`: a change on the quarter before, or a gap between two areas. `correlation` is that of the
/// two figures' errors, 0 for two quarters. Limits: method of variance estimates recovery (Zou and Donner 2008).
pub fn difference(now: Figure, before: Figure, correlation: f64) -> Option<Figure> {
    let correlation = if correlation.is_finite() { correlation.clamp(-1.0, 1.0) } else { 0.0 };
    let reach = |one: f64, other: f64| {
        let square = one * one + other * other - 2.0 * correlation * one * other;
        square.max(0.0).sqrt()
    };
    // A lower limit of 0 is cut off by what is known of a rate and not by its error: the upper side stands in for it.
    let sides = |figure: Figure| {
        let (lower, upper) = figure.interval();
        let (below, above) = (figure.value() - lower, upper - figure.value());
        if lower == 0.0 { (below.max(above), above) } else { (below, above) }
    };
    let ((now_below, now_above), (before_below, before_above)) = (sides(now), sides(before));
    let value = now.value() - before.value();
    Figure::new(value, value - reach(now_below, before_above), value + reach(now_above, before_below))
}

/// How many times `before` is `now`, their errors independent. Limits: the same method for ratios (Donner and Zou,
/// Statistical Methods in Medical Research 21 (2012) 347), in the form that loses no digits.
///
/// `None` where either may be negative, or `before` may be 0.
pub fn times(now: Figure, before: Figure) -> Option<Figure> {
    let ((low, high), (least, most)) = (now.interval(), before.interval());
    if low < 0.0 || least <= 0.0 {
        return None;
    }
    let product = now.value() * before.value();
    let (below, above) = (low * (2.0 * now.value() - low), high * (2.0 * now.value() - high));
    let (under, over) = (least * (2.0 * before.value() - least), most * (2.0 * before.value() - most));
    let root = |square: f64| (product * product - square).max(0.0).sqrt();
    let lower = if below > 0.0 { below / (product + root(below * over)) } else { 0.0 };
    Figure::new(now.value() / before.value(), lower, (product + root(above * under)) / under)
}

/// The variance of [`ratio`], by the delta method at the unbiased estimates; `None` where the ratio is.
pub fn ratio_variance(of: Side, over: Side, covariance: f64, per: f64, sampling: Sampling) -> Option<f64> {
    if !of.is_known() || !over.divides() {
        return None;
    }
    let (below, ratio) = (over.unbiased, of.unbiased / over.unbiased);
    let covariance = possible(covariance, of.variance, over.variance);
    let noise = (of.variance - 2.0 * ratio * covariance + ratio * ratio * over.variance) / (below * below);
    let sampled = match sampling {
        Sampling::None => 0.0,
        Sampling::Poisson => ratio.max(0.0) / below,
        Sampling::Binomial => (ratio * (1.0 - ratio)).max(0.0) / below,
    };
    let variance = (noise.max(0.0) + sampled) * per * per;
    variance.is_finite().then_some(variance)
}

/// Limits of the ratio for the noise alone.
fn noise_limits(of: &Side, over: &Side, covariance: f64) -> Option<(f64, f64)> {
    let below = (over.unbiased, over.variance);
    let sd = of.variance.sqrt();
    let slack = if sd > 0.0 { half_step(of.unbiased) } else { 0.0 };
    let (low, high) = (of.unbiased - slack, of.unbiased.max(0.0) + slack);
    // How many standard deviations lower the numerator may lie, as it is at least 0.
    let (is_clear, reach) = if sd > 0.0 {
        let lowest = bounded(low / sd).0;
        (lowest > 0.0, low / sd - lowest)
    } else {
        (low > 0.0, Z)
    };
    let lower = if is_clear { fieller((low, of.variance), below, covariance, reach)?.0.max(0.0) } else { 0.0 };
    let upper = fieller((high, of.variance), below, covariance, Z)?.1;
    Some((lower, upper))
}

/// Fieller's limits of a / b: every t with (a - t b)^2 <= z^2 (var a - 2 t cov + t^2 var b). Each of `a` and `b` is an
/// estimate and its variance. `None` where those t have no end, as `b` may be 0 (Fieller, JRSS B 16 (1954) 175).
pub(super) fn fieller(a: (f64, f64), b: (f64, f64), covariance: f64, z: f64) -> Option<(f64, f64)> {
    let ((a, var_a), (b, var_b)) = (a, b);
    let (covariance, squared) = (possible(covariance, var_a, var_b), z * z);
    let bottom = b * b - squared * var_b;
    let middle = a * b - squared * covariance;
    // middle^2 - bottom (a^2 - z^2 var a), with what cancels left out.
    let spread = var_a * b * b + var_b * a * a - 2.0 * a * b * covariance;
    let root = z.abs() * (spread - squared * (var_a * var_b - covariance * covariance)).max(0.0).sqrt();
    let limits = ((middle - root) / bottom, (middle + root) / bottom);
    (bottom > 0.0 && limits.0.is_finite() && limits.1.is_finite()).then_some(limits)
}

/// A covariance that two variances allow.
fn possible(covariance: f64, one: f64, other: f64) -> f64 {
    let most = (one * other).sqrt();
    if covariance.is_finite() && most.is_finite() { covariance.max(-most).min(most) } else { 0.0 }
}

/// Limits about `point` that hold the errors of both, which are independent.
pub(super) fn recovered(point: f64, one: (f64, f64), other: (f64, f64)) -> (f64, f64) {
    let below = (point - one.0).max(0.0).hypot((point - other.0).max(0.0));
    let above = (one.1 - point).max(0.0).hypot((other.1 - point).max(0.0));
    (point - below, point + above)
}

/// Byar's 95% limits of the mean number of events of which `events` (at least 0) were seen.
pub(super) fn byar(events: f64) -> (f64, f64) {
    let lower =
        if events > 0.0 { events * (1.0 - 1.0 / (9.0 * events) - Z / (3.0 * events.sqrt())).powi(3) } else { 0.0 };
    let next = events + 1.0;
    (lower.max(0.0), next * (1.0 - 1.0 / (9.0 * next) + Z / (3.0 * next.sqrt())).powi(3))
}

/// Wilson's 95% limits of a share, seen as `share` (0 to 1) of `number` people.
fn wilson(share: f64, number: f64) -> (f64, f64) {
    let squared = Z * Z;
    let centre = share + squared / (2.0 * number);
    let reach = Z * (share * (1.0 - share) / number + squared / (4.0 * number * number)).sqrt();
    let scale = 1.0 + squared / number;
    (((centre - reach) / scale).max(0.0), ((centre + reach) / scale).min(1.0))
}

#[cfg(test)]
#[path = "ratio_tests.rs"]
mod tests;
