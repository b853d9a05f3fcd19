//! Outlines of areas on a picture: longitude and latitude to its units, and no more points than can be seen.

use std::fmt::Write;

use crate::publish::edition::Boundary;

/// Points of a picture for each unit: the first of these grids on which all outlines have at most [`MOST_POINTS`]. Points
/// that fall together are one, wherever a ring begins: so neighbours keep their common border.
const GRIDS: [f64; 3] = [10.0, 2.0, 1.0];
/// See [`GRIDS`]: some 6 bytes each.
const MOST_POINTS: usize = 10_000;

/// From degrees to the picture: equirectangular, true to scale at the middle latitude.
#[derive(Debug, Clone, Copy)]
pub struct Projection {
    west: f64,
    north: f64,
    /// Units a degree of longitude, and of latitude.
    scale: (f64, f64),
    /// The height of what is projected, in units.
    pub height: f64,
    /// Points for each unit.
    grid: f64,
}

/// An area's outline in the picture's units.
pub struct Outline {
    /// The path, for even-odd filling.
    pub path: String,
    /// The middle of its largest ring, and how far that reaches: width and height.
    pub middle: (f64, f64),
    /// See `middle`.
    pub size: (f64, f64),
}

impl Projection {
    /// So that all of it is `width` wide, and at most `most` high; `None` where there is nothing to see.
    pub fn of(boundaries: &[Boundary], width: f64, most: f64) -> Option<Self> {
        let (mut west, mut south, mut east, mut north) = (f64::MAX, f64::MAX, f64::MIN, f64::MIN);
        for (x, y) in boundaries.iter().flat_map(|it| &it.rings).flatten().filter(|point| is_place(point)) {
            (west, east) = (west.min(*x), east.max(*x));
            (south, north) = (south.min(*y), north.max(*y));
        }
        let narrow = ((south + north) / 2.0).to_radians().cos();
        let (across, down) = ((east - west) * narrow, north - south);
        if across.max(down) <= 1e-9 || west > east {
            return None;
        }
        let unit = (width / across.max(1e-9)).min(most / down.max(1e-9));
        let spare = (width - across * unit) / 2.0;
        let scale = (unit * narrow, unit);
        let on =
            |grid: f64| Projection { west: west - spare / scale.0.max(1e-12), north, scale, height: down * unit, grid };
        let is_small = |it: &Projection| {
            let rings = boundaries.iter().flat_map(|boundary| &boundary.rings);
            rings.map(|ring| it.points(ring).len()).sum::<usize>() <= MOST_POINTS
        };
        Some(GRIDS.into_iter().map(on).find(is_small).unwrap_or_else(|| on(1.0)))
    }

    /// A ring's points on the grid, none twice in a row.
    fn points(&self, ring: &[(f64, f64)]) -> Vec<(i64, i64)> {
        let mut points = ring.iter().filter(|it| is_place(it)).map(|it| self.point(*it)).collect::<Vec<_>>();
        points.dedup();
        if points.len() > 1 && points.first() == points.last() {
            points.pop();
        }
        points
    }

    /// A point on the grid.
    fn point(&self, (x, y): (f64, f64)) -> (i64, i64) {
        let at = |degrees: f64, scale: f64| (degrees * scale * self.grid).round() as i64;
        (at(x - self.west, self.scale.0), at(self.north - y, self.scale.1))
    }

    /// An area's outline, shifted down; `None` where nothing of it can be seen. A step along a ring is written from the
    /// point before, which is short.
    pub fn outline(&self, boundary: &Boundary, down: f64) -> Option<Outline> {
        let mut path = String::new();
        // Tenths of a unit from one point of the grid to the next.
        let tenth = (10.0 / self.grid).round() as i64;
        let mut largest = ((0.0, 0.0), (0.0, 0.0));
        for ring in &boundary.rings {
            let points = self.points(ring);
            let (middle, size) = extent(&points, self.grid);
            if points.len() < 3 || size.0.max(size.1) < 1.0 {
                continue;
            }
            if size.0 * size.1 > largest.1.0 * largest.1.1 || path.is_empty() {
                largest = ((middle.0, middle.1 + down), size);
            }
            let (mut x, mut y) = points[0];
            let _ = write!(path, "M{} {}l", tenths(x * tenth), tenths(y * tenth + (down * 10.0).round() as i64));
            for (at, next) in points.iter().skip(1).enumerate() {
                let space = if at > 0 && next.0 >= x { " " } else { "" };
                let across = tenths((next.0 - x) * tenth);
                let below = tenths((next.1 - y) * tenth);
                let between = if below.starts_with('-') { "" } else { " " };
                let _ = write!(path, "{space}{across}{between}{below}");
                (x, y) = *next;
            }
            path.push('z');
        }
        (!path.is_empty()).then_some(Outline { path, middle: largest.0, size: largest.1 })
    }
}

fn is_place((x, y): &(f64, f64)) -> bool {
    x.is_finite() && y.is_finite() && x.abs() <= 360.0 && y.abs() <= 90.0
}

/// The middle of some points and how far they reach, in units.
fn extent(points: &[(i64, i64)], grid: f64) -> ((f64, f64), (f64, f64)) {
    let range = |it: &dyn Fn(&(i64, i64)) -> i64| {
        let values = points.iter().map(it);
        values.fold((i64::MAX, i64::MIN), |(low, high), it| (low.min(it), high.max(it)))
    };
    if points.is_empty() {
        return ((0.0, 0.0), (0.0, 0.0));
    }
    let (x, y) = (range(&|it| it.0), range(&|it| it.1));
    let half = |(low, high): (i64, i64)| (low + high) as f64 / 2.0 / grid;
    let size = |(low, high): (i64, i64)| (high - low) as f64 / grid;
    ((half(x), half(y)), (size(x), size(y)))
}

/// A number of tenths, as short as it can be written.
fn tenths(number: i64) -> String {
    let (sign, size) = (if number < 0 { "-" } else { "" }, number.unsigned_abs());
    match (size / 10, size % 10) {
        (whole, 0) => format!("{sign}{whole}"),
        (0, part) => format!("{sign}.{part}"),
        (whole, part) => format!("{sign}{whole}.{part}"),
    }
}
