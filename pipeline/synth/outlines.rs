//! Where fictional areas lie: a country of small cells in the sea, each of them in one neighbourhood, so that all levels
//! nest and neighbours share their borders exactly.

use std::collections::{BTreeMap, HashMap};
use std::f64::consts::{PI, TAU};

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::areas::Areas;
use super::country;
use super::jigsaw::{self, Cell, Ring};
use super::names::Names;
use super::streams::{Purpose, stream};
use crate::config::country::Country;

/// Cells of the smallest country, and cells a neighbourhood of larger ones.
const FEWEST_CELLS: usize = 2_400;
const CELLS_EACH: usize = 4;
/// No neighbourhood has fewer.
const FEWEST_EACH: usize = 3;
/// The widest that a country may be, in thousandths of a degree of latitude.
const WIDEST: f64 = 2_600.0;

/// The outline of every level of a fictional country.
pub(super) struct Outlines {
    /// Each cell's neighbourhood, by its place in the order of the zones; cells in none are water.
    cells: BTreeMap<Cell, usize>,
    /// Cells of one neighbourhood next to one another have the same `zones` entry: its first zone.
    first_zone: Vec<usize>,
    place: Place,
}

/// Where on earth cells lie.
struct Place {
    /// Longitude and latitude of the middle, in thousandths of a degree.
    middle: (f64, f64),
    /// The middle, in cells.
    centre: (f64, f64),
    /// The side of a cell, in thousandths of a degree of latitude; and how much longer a degree of latitude is than one of
    /// longitude.
    side: f64,
    stretch: f64,
    seed: u64,
}

impl Outlines {
    /// Lays a country out.
    pub(super) fn new(areas: &Areas, land: Country, seed: u64) -> Self {
        let mut rng = stream(seed, 0, Purpose::Outlines);
        let mut first_zone: Vec<usize> = Vec::new();
        for (at, zone) in areas.zones.iter().enumerate() {
            if first_zone.last().is_none_or(|&last| areas.zones[last].intermediate != zone.intermediate) {
                first_zone.push(at);
            }
        }
        let number = first_zone.len();
        let wanted = (number * CELLS_EACH).max(FEWEST_CELLS);
        let shares = (0..number).map(|_| rng.random_range(0.5..1.6)).collect::<Vec<f64>>();
        let each = wanted as f64 / shares.iter().sum::<f64>();
        let sizes = shares.iter().map(|share| ((share * each) as usize).max(FEWEST_EACH)).collect::<Vec<_>>();
        let total = sizes.iter().sum::<usize>();
        // The last neighbourhood is an island, where the country has more than one.
        let mainland = total - if number > 1 { sizes[number - 1] } else { 0 };
        let (coast, radius) = blob(mainland, (0, 0), 0.09, &mut rng);
        let mut cells = BTreeMap::new();
        let group = |at: usize| (areas.zones[first_zone[at]].board, areas.zones[first_zone[at]].hscp);
        let items = (0..if number > 1 { number - 1 } else { 1 }).collect::<Vec<_>>();
        let mut laying = Laying { sizes: &sizes, group: &group, cells: &mut cells, rng: &mut rng };
        laying.lay(coast, &items, 0);
        if number > 1 {
            island(&mut cells, number - 1, &sizes, &group, radius, &mut rng);
        }
        loch(&mut cells, &group);
        Outlines { place: Place::new(&cells, land, seed), cells, first_zone }
    }

    /// The files of all levels, by the level's name in the country's contract.
    pub(super) fn files<'a>(&self, areas: &'a Areas, land: Country, names: &Names) -> Vec<(String, Vec<u8>)> {
        let zone = |at: usize| &areas.zones[self.first_zone[at]];
        let levels: [(&'static str, &dyn Fn(usize) -> &'a str); 4] = [
            ("health_board", &|at| &areas.boards[zone(at).board].code),
            ("hscp", &|at| &areas.hscps[zone(at).hscp].code),
            ("council_area", &|at| &zone(at).council),
            ("intermediate_zone", &|at| &zone(at).intermediate),
        ];
        let file = |(level, code): (&'static str, &dyn Fn(usize) -> &'a str)| {
            let level = country::column(land, level);
            (format!("public/{level}.geojson"), self.geojson(level, code, names).into_bytes())
        };
        levels.into_iter().map(file).collect()
    }

    fn geojson<'a>(&self, level: &str, code: &dyn Fn(usize) -> &'a str, names: &Names) -> String {
        let mut areas: BTreeMap<&str, Vec<Cell>> = BTreeMap::new();
        for (&cell, &at) in &self.cells {
            areas.entry(code(at)).or_default().push(cell);
        }
        let features = areas.iter().map(|(code, cells)| {
            let polygons = jigsaw::polygons(cells);
            let polygons = polygons.iter().map(|rings| list(rings.iter().map(|ring| self.place.ring(ring))));
            let properties = serde_json::json!({ level: code, format!("{level}_name"): names.of(code) });
            format!(
                "{{\"type\":\"Feature\",\"properties\":{properties},\"geometry\":{{\"type\":\"MultiPolygon\",\
                 \"coordinates\":{}}}}}",
                list(polygons)
            )
        });
        let features = features.collect::<Vec<_>>().join(",\n");
        format!("{{\"type\":\"FeatureCollection\",\"features\":[\n{features}\n]}}\n")
    }
}

fn list(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(","))
}

impl Place {
    fn new(cells: &BTreeMap<Cell, usize>, land: Country, seed: u64) -> Self {
        let range = |of: fn(&Cell) -> i32| {
            let all = || cells.keys().map(of);
            (all().min().unwrap_or(0), all().max().unwrap_or(0) + 1)
        };
        let ((left, right), (low, high)) = (range(|cell| cell.0), range(|cell| cell.1));
        let widest = f64::from((right - left).max(high - low));
        // The Atlantic west of the Hebrides, and the North Sea: nobody lives in either.
        let (middle, stretch) = match land {
            Country::Scotland => ((-11_200.0, 57_900.0), 1.88),
            Country::England => ((2_500.0, 55_000.0), 1.74),
        };
        Place {
            middle,
            centre: (f64::from(left + right) / 2.0, f64::from(low + high) / 2.0),
            side: (WIDEST / widest).min(18.0),
            stretch,
            seed,
        }
    }

    /// A ring as GeoJSON.
    fn ring(&self, ring: &Ring) -> String {
        list(ring.iter().map(|&corner| {
            let (longitude, latitude) = self.position(corner);
            format!("[{},{}]", thousandths(longitude), thousandths(latitude))
        }))
    }

    /// A corner in thousandths of a degree: a little off its place in the lattice, the same for all who share it.
    fn position(&self, corner: Cell) -> (i64, i64) {
        let (right, up) = jitter(self.seed, corner);
        let x = f64::from(corner.0) - self.centre.0 + right;
        let y = f64::from(corner.1) - self.centre.1 + up;
        // Turned by some twenty degrees, so that no border runs north.
        let (east, north) = (0.94 * x - 0.34 * y, 0.34 * x + 0.94 * y);
        let longitude = self.middle.0 + east * self.side * self.stretch;
        ((longitude).round() as i64, (self.middle.1 + north * self.side).round() as i64)
    }
}

/// How far a corner is off its place, in cells: less than half of one, so that no two borders cross.
fn jitter(seed: u64, corner: Cell) -> (f64, f64) {
    let mixed =
        ((u64::from(corner.0 as u32) << 32) | u64::from(corner.1 as u32)) ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    // The finaliser of SplitMix64.
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    let mixed = mixed ^ (mixed >> 31);
    let part = |bits: u64| (bits & 0xffff) as f64 / 65_536.0 * 0.72 - 0.36;
    (part(mixed), part(mixed >> 32))
}

/// A whole number of thousandths as a decimal.
fn thousandths(number: i64) -> String {
    let sign = if number < 0 { "-" } else { "" };
    format!("{sign}{}.{:03}", number.abs() / 1000, number.abs() % 1000)
}

/// So many cells about a middle, within a coast of bays and headlands; and how far the coast is from the middle.
fn blob(number: usize, middle: Cell, roughness: f64, rng: &mut ChaCha8Rng) -> (Vec<Cell>, f64) {
    let radius = (number as f64 / PI).sqrt();
    let waves =
        [2.0, 3.0, 4.0, 5.0, 7.0].map(|n: f64| (n, roughness * rng.random_range(0.4..1.0), rng.random_range(0.0..TAU)));
    let reach = (radius * (1.0 + 5.0 * roughness)).ceil() as i32 + 2;
    let mut near = Vec::new();
    for x in -reach..=reach {
        for y in -reach..=reach {
            let angle = f64::from(y).atan2(f64::from(x));
            let coast = 1.0 + waves.iter().map(|(n, height, phase)| height * (n * angle + phase).sin()).sum::<f64>();
            near.push((f64::from(x).hypot(f64::from(y)) / coast, (x + middle.0, y + middle.1)));
        }
    }
    near.sort_by(|(a, at), (b, other)| a.total_cmp(b).then(at.cmp(other)));
    near.truncate(number);
    (near.into_iter().map(|(_, cell)| cell).collect(), radius)
}

/// Cells shared out among neighbourhoods: halved again and again, boards first, then partnerships.
struct Laying<'a> {
    sizes: &'a [usize],
    group: &'a dyn Fn(usize) -> (usize, usize),
    cells: &'a mut BTreeMap<Cell, usize>,
    rng: &'a mut ChaCha8Rng,
}

impl Laying<'_> {
    /// Gives `cells` to `items`, as many as their sizes say. A board, and then a partnership, is never cut before its
    /// neighbours are off: `depth` is 0 among boards, 1 among partnerships, 2 within one.
    fn lay(&mut self, mut cells: Vec<Cell>, items: &[usize], depth: u8) {
        let [first, .., last] = items else {
            self.cells.extend(cells.into_iter().flat_map(|cell| items.first().map(|&item| (cell, item))));
            return;
        };
        let key = |item: usize| match (depth, (self.group)(item)) {
            (0, (board, _)) => board,
            (1, (_, hscp)) => hscp,
            _ => item,
        };
        if key(*first) == key(*last) {
            return self.lay(cells, items, depth + 1);
        }
        let total = items.iter().map(|&item| self.sizes[item]).sum::<usize>();
        let mut before = 0;
        let mut best: Option<(usize, usize, usize)> = None;
        for at in 1..items.len() {
            before += self.sizes[items[at - 1]];
            let off = before.abs_diff(total - before);
            if key(items[at - 1]) != key(items[at]) && best.is_none_or(|(least, ..)| off < least) {
                best = Some((off, at, before));
            }
        }
        let Some((_, at, count)) = best else { return };
        self.order(&mut cells);
        let rest = cells.split_off(count.min(cells.len()));
        self.lay(cells, &items[..at], depth);
        self.lay(rest, &items[at..], depth);
    }

    /// Sorts cells along the longer side of their extent, by a line that winds.
    fn order(&mut self, cells: &mut [Cell]) {
        let extent = |of: fn(&Cell) -> i32| {
            let all = || cells.iter().map(of);
            all().max().unwrap_or(0) - all().min().unwrap_or(0) + 1
        };
        let (wide, high) = (extent(|cell| cell.0), extent(|cell| cell.1));
        let (long, short) = (f64::from(wide.max(high)), f64::from(wide.min(high)));
        let (phase, bends, back) =
            (self.rng.random_range(0.0..TAU), self.rng.random_range(3.0..6.0), self.rng.random_bool(0.5));
        let sway = (0.09 * long).min(0.15 * short);
        let along = |&(x, y): &Cell| {
            let (main, other) = if wide >= high { (x, y) } else { (y, x) };
            let at = f64::from(main) + sway * (f64::from(other) / short * bends + phase).sin();
            if back { -at } else { at }
        };
        cells.sort_by(|a, b| along(a).total_cmp(&along(b)).then(a.cmp(b)));
    }
}

/// Puts the last neighbourhood off the coast, by the rest of its partnership.
fn island(
    cells: &mut BTreeMap<Cell, usize>,
    last: usize,
    sizes: &[usize],
    group: &dyn Fn(usize) -> (usize, usize),
    radius: f64,
    rng: &mut ChaCha8Rng,
) {
    let kin = cells.iter().filter(|(_, at)| group(**at) == group(last)).map(|(cell, _)| *cell).collect::<Vec<_>>();
    let mean = |of: fn(&Cell) -> i32| kin.iter().map(|cell| f64::from(of(cell))).sum::<f64>() / kin.len().max(1) as f64;
    let (x, y) = (mean(|cell| cell.0), mean(|cell| cell.1));
    let far = x.hypot(y).max(1.0);
    let own = (sizes[last] as f64 / PI).sqrt();
    let (shape, _) = blob(sizes[last], (0, 0), 0.12, rng);
    // Further and further out, until water lies all round it.
    let mut reach = radius.max(far) + own;
    loop {
        let (right, up) = ((x / far * reach).round() as i32, (y / far * reach).round() as i32);
        let moved = shape.iter().map(|&(x, y)| (x + right, y + up)).collect::<Vec<_>>();
        let ashore = |&(x, y): &Cell| (-2..=2).any(|i| (-2..=2).any(|j| cells.contains_key(&(x + i, y + j))));
        if !moved.iter().any(ashore) {
            cells.extend(moved.into_iter().map(|cell| (cell, last)));
            return;
        }
        reach += 1.0;
    }
}

/// Floods one cell in the middle of a partnership, where its neighbourhood can spare it.
fn loch(cells: &mut BTreeMap<Cell, usize>, group: &dyn Fn(usize) -> (usize, usize)) {
    let mut sizes: HashMap<usize, usize> = HashMap::new();
    cells.values().for_each(|at| *sizes.entry(*at).or_default() += 1);
    let within = |&(&(x, y), at): &(&Cell, &usize)| {
        let about = (-2..=2).flat_map(|i| (-2..=2).map(move |j| (x + i, y + j)));
        let spare = sizes.get(at).is_some_and(|&size| size > FEWEST_EACH);
        spare && about.into_iter().all(|cell| cells.get(&cell).is_some_and(|other| group(*other) == group(*at)))
    };
    let found = cells.iter().find(within).map(|(cell, _)| *cell);
    if let Some(cell) = found {
        cells.remove(&cell);
    }
}

#[cfg(test)]
#[path = "outlines_tests.rs"]
mod tests;
