//! One table of released figures, with the noise that they share: what every derived figure is made of.

use crate::estimate::count::Counted;
use crate::estimate::ratio::Side;
use crate::measure::grid::{Dimension, digits};

/// One table of a measure: areas slowest, then its dimensions, the last fastest.
#[derive(Debug, Clone)]
pub struct Cells {
    /// The area level.
    pub level: usize,
    /// Its dimensions beside areas, in the order of its cells.
    pub dimensions: Vec<Dimension>,
    /// The figures as they were counted, with the variance that their intervals are made of.
    pub sides: Vec<Side>,
    /// Decimal places of what was counted: hundredths of a post have two.
    pub places: u32,
    /// Whether anyone can be counted there.
    pub possible: Vec<bool>,
    /// Whether the rule for small numbers withholds the figure.
    pub withheld: Vec<bool>,
    /// The noise; `None` for a public measure, which has none.
    noise: Option<Noise>,
}

#[derive(Debug, Clone)]
struct Noise {
    counted: Counted,
    /// The variance of an interval to that of the noise: above 1 where the noise is Laplace's.
    stretch: f64,
}

impl Cells {
    /// Of a measure that was drawn. `stretch`: what the variance of its noise is multiplied by for intervals.
    pub fn drawn(counted: Counted, dimensions: Vec<Dimension>, places: u32, stretch: f64) -> Self {
        let width = counted.width();
        let side = |cell: usize| Side {
            value: counted.whole[cell] as f64,
            unbiased: counted.unbiased[cell],
            variance: counted.variance(cell / width) * stretch,
        };
        Cells {
            level: counted.table.level,
            dimensions,
            sides: (0..counted.whole.len()).map(side).collect(),
            places,
            possible: counted.possible.clone(),
            withheld: counted.withheld.clone(),
            noise: Some(Noise { counted, stretch }),
        }
    }

    /// Of a public measure: exact.
    pub fn public(level: usize, dimensions: Vec<Dimension>, places: u32, values: &[i64]) -> Self {
        Cells {
            level,
            dimensions,
            sides: values.iter().map(|&value| Side::public(value as f64)).collect(),
            places,
            possible: vec![true; values.len()],
            withheld: vec![false; values.len()],
            noise: None,
        }
    }

    /// How many of what was counted make one of the measure's unit.
    pub fn scale(&self) -> f64 {
        10f64.powi(self.places as i32)
    }

    /// A figure in the measure's unit.
    pub fn side(&self, cell: usize) -> Side {
        let (side, scale) = (self.sides[cell], self.scale());
        Side { value: side.value / scale, unbiased: side.unbiased / scale, variance: side.variance / scale / scale }
    }

    /// Whether it is exact.
    pub fn is_public(&self) -> bool {
        self.noise.is_none()
    }

    /// Cells of one area.
    pub fn width(&self) -> usize {
        self.sizes().product()
    }

    /// How many values each dimension has.
    pub fn sizes(&self) -> impl DoubleEndedIterator<Item = usize> + ExactSizeIterator {
        self.dimensions.iter().map(|dimension| dimension.values.len())
    }

    /// The names of the dimensions.
    pub fn names(&self) -> Vec<&str> {
        self.dimensions.iter().map(|dimension| dimension.name.as_str()).collect()
    }

    /// The standard deviation of the noise in a cell; 0 for a public measure.
    pub fn error(&self, cell: usize) -> f64 {
        let stretch = self.noise.as_ref().map_or(1.0, |noise| noise.stretch);
        (self.sides[cell].variance / stretch).sqrt()
    }

    /// The covariance of two cells of one area, for intervals.
    pub fn covariance(&self, one: usize, other: usize) -> f64 {
        let Some(noise) = &self.noise else { return 0.0 };
        let (a, b) = (self.digits(one), self.digits(other));
        let same = a.iter().zip(&b).map(|(a, b)| a == b).collect::<Vec<_>>();
        noise.counted.covariance(one / self.width(), &same) * noise.stretch
    }

    /// The place of a cell in each dimension.
    pub fn digits(&self, cell: usize) -> Vec<usize> {
        digits(&self.dimensions, cell)
    }

    /// The cells in which only one dimension differs, in its order, for each place in all the others: the table without
    /// that dimension, each of whose cells is a run of these.
    pub fn along(&self, dim: usize) -> Vec<Vec<usize>> {
        let inner = self.sizes().skip(dim + 1).product::<usize>();
        let size = self.dimensions[dim].values.len();
        let starts = (0..self.sides.len() / (inner * size)).flat_map(|outer| (0..inner).map(move |at| (outer, at)));
        starts.map(|(outer, at)| (0..size).map(|value| (outer * size + value) * inner + at).collect()).collect()
    }

    /// The position of a dimension.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.dimensions.iter().position(|own| own.name == name)
    }

    /// For each cell, the cell of a table by fewer dimensions that it lies in.
    pub fn within(&self, other: &Cells) -> Vec<usize> {
        let cell = |index: usize| {
            let digits = self.digits(index);
            let digit = |it: &Dimension| self.position(&it.name).map_or(0, |at| digits[at]);
            other.dimensions.iter().fold(index / self.width(), |cell, it| cell * it.values.len() + digit(it))
        };
        (0..self.sides.len()).map(cell).collect()
    }
}
