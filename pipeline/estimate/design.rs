//! STUB
use super::shape::{Marginal, Shape};
use crate::error::Result;
pub enum Law {
    Gaussian,
    Laplace,
}
pub struct Candidate {
    pub table: Marginal,
    pub cost: f64,
}
pub struct Wanted {
    pub table: Marginal,
    pub weight: f64,
}
pub fn shares(_: &Shape, _: Law, may: &[Candidate], _: &[Wanted]) -> Result<Vec<f64>> {
    Ok(vec![1.0 / may.len() as f64; may.len()])
}
pub fn shares_for(_: &Shape, _: Law, may: &[Candidate], _: &[Wanted], t: &[(usize, f64)]) -> Result<(Vec<f64>, f64)> {
    let n = may.len() as f64;
    Ok((vec![1.0 / n; may.len()], t.iter().map(|(i, v)| may[*i].cost * n / v).fold(0.0, f64::max)))
}
