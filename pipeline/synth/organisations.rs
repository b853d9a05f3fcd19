//! Community organisations: what they offer, where, with how many places and whose money until when.

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, LogNormal};

use super::areas::Areas;
use super::board::{choose, draw};
use super::contract::{SERVICE, Table};
use super::dirt::Dirt;
use super::names::Names;
use super::options::Options;
use super::row::{Row, Sheet, Style};
use super::streams::{Purpose, stream};
use super::write;
use crate::config::country::Country;

/// One organisation in the reported quarter.
pub(super) struct Organisation {
    pub(super) id: String,
    name: String,
    /// Place in [`SERVICE`].
    pub(super) service: usize,
    hscp: usize,
    places: u64,
    pence: u64,
    funded_until: i32,
    /// Nobody new is taken from this day on.
    pub(super) closes: Option<i32>,
    accepting: bool,
}

/// Parts of names. None is a real place.
const PLACES: [&str; 16] = [
    "Strathmirr",
    "Glenmirr",
    "Ardmirr",
    "Invermirr",
    "Kirkmirr",
    "Dunmirr",
    "Balmirr",
    "Mirrburn",
    "Mirrhaven",
    "Easter Mirr",
    "Wester Mirr",
    "Mirrbank",
    "Lochmirr",
    "Portmirr",
    "Mirrfield",
    "Auchenmirr",
];
/// The same in England.
const ENGLISH_PLACES: [&str; 16] = [
    "Mirrshire",
    "Mirrham",
    "Great Mirr",
    "Little Mirr",
    "Mirrbury",
    "Mirrford",
    "Mirrthorpe",
    "Mirrwick",
    "Mirrcombe",
    "Upper Mirr",
    "Lower Mirr",
    "Mirrminster",
    "Mirrstoke",
    "Mirrmouth",
    "Mirrley",
    "Mirrbridge",
];
const STYLES: [&str; 6] = ["Community", "Neighbours'", "Open Door", "Together", "Welcome", "Village Hall"];
/// What each service is called, in the order of [`SERVICE`].
const TITLES: [&str; 10] = [
    "Advice Centre",
    "Befrienders",
    "Counselling",
    "Walking Group",
    "Food Pantry",
    "Housing Support",
    "Job Club",
    "Carers' Circle",
    "Arts Workshop",
    "Recovery Café",
];

/// All organisations, and those of each HSCP.
pub(super) struct Organisations {
    pub(super) all: Vec<Organisation>,
    pub(super) by_hscp: Vec<Vec<u32>>,
}

/// Money is given for this long, in days.
const TERM: i32 = 3 * 365;

/// Makes the organisations that serve a board: 1,200 for a nation of 5.5 million, and never fewer than 30. Of the days,
/// the first is that which the seed tells of, the second the last of the reported quarter.
pub(super) fn found(options: &Options, areas: &Areas, [epoch, last_day]: [i32; 2]) -> Organisations {
    let mut rng = stream(options.seed, 0, Purpose::Organisations);
    let number = (options.patients * 1_200 / 5_500_000).max(30);
    // Deviations are finite constants.
    let places = LogNormal::new(60f64.ln(), 0.7).expect("a finite deviation");
    let mut made = Organisations { all: Vec::new(), by_hscp: vec![Vec::new(); areas.hscps.len()] };
    for index in 0..number {
        let zone = areas.zone_of((2 * index + 1) * areas.population() / (2 * number));
        let hscp = areas.zones[zone].hscp;
        let places = places.sample(&mut rng).clamp(8.0, 600.0) as u64;
        let service = draw(SERVICE, &mut rng);
        // One in five loses its funding within six months.
        let months = if rng.random_bool(0.2) { rng.random_range(1..6) } else { rng.random_range(6..37) };
        // Three in ten close within ten years about the epoch.
        let closes = rng.random_bool(0.3).then(|| epoch + rng.random_range(-1_826..1_826));
        made.by_hscp[hscp].push(index as u32);
        made.all.push(Organisation {
            id: format!("ORG{:05}", index + 1),
            name: name(service, options, &mut rng),
            service,
            hscp,
            places,
            pence: places * rng.random_range(45_000..160_000),
            // Funding that ends is renewed for another term.
            funded_until: last_day + 1 + (epoch + months * 365 / 12 - last_day - 1).rem_euclid(TERM),
            closes,
            accepting: closes.is_none_or(|day| day > last_day),
        });
    }
    made
}

/// A name; where there are faults, some hold the characters that break careless readers of CSV.
fn name(service: usize, options: &Options, rng: &mut ChaCha8Rng) -> String {
    let (awkward, places) = match options.country {
        Country::Scotland => (options.dirt > 0.0, &PLACES),
        Country::England => (options.dirt > 0.0, &ENGLISH_PLACES),
    };
    let (place, style, title) = (choose(places, rng), choose(&STYLES, rng), TITLES[service]);
    match rng.random_range(0..12) {
        0 if awkward => format!("{place} {title}, {style}"),
        1 if awkward => format!("{place} \"{style}\" {title}"),
        2 if awkward => format!("{place} {style}\n{title}"),
        _ => format!("{place} {style} {title}"),
    }
}

impl Organisations {
    /// `organisations.csv`.
    pub(super) fn sheet(&self, areas: &Areas, style: Style, dirt: Option<Dirt>) -> Sheet {
        let mut sheet = Sheet::new(Table::Organisations, style, dirt, true);
        let mut row = Row::default();
        for own in &self.all {
            row.start().text(&own.id).free(&own.name).text(SERVICE[own.service].0);
            row.text(&areas.hscps[own.hscp].code).number(own.places).decimal(own.pence, 2);
            row.date(own.funded_until).text(if own.accepting { "yes" } else { "no" });
            sheet.put(&mut row);
        }
        sheet
    }
}

/// The area lookup, for a fictional country.
pub(super) fn data_zones(areas: &Areas, names: &Names, options: &Options) -> Sheet {
    let mut sheet = Sheet::new(Table::DataZones, write::plain(options), None, true);
    let mut row = Row::default();
    for zone in &areas.zones {
        row.start().text(&zone.code).text(&zone.intermediate).text(&areas.hscps[zone.hscp].code);
        row.text(&zone.council).text(&areas.boards[zone.board].code).number(zone.rank.into());
        row.number(zone.decile.into()).number(zone.quintile.into()).number(zone.population.into());
        row.number(zone.quintile_within_board.into());
        row.free(names.of(&zone.intermediate)).free(names.of(&areas.hscps[zone.hscp].code));
        row.free(names.of(&zone.council)).free(names.of(&areas.boards[zone.board].code));
        sheet.put(&mut row);
    }
    sheet
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synth::areas;
    use crate::synth::tests::small;

    #[test]
    fn a_small_board_has_thirty_spread_over_its_partnerships() {
        let areas = areas::imagine(20_000, 1);
        let options = Options { patients: 20_000, ..small(1) };
        let made = found(&options, &areas, [739_524; 2]);
        assert_eq!(made.all.len(), 30);
        assert!(made.by_hscp.iter().all(|own| !own.is_empty()));
        assert!(made.all.iter().all(|own| own.places > 0 && own.pence > 0 && own.funded_until > 739_524));
        assert!(made.all.iter().all(|own| !own.name.contains([',', '"', '\n'])));
    }

    #[test]
    fn awkward_names_survive_the_csv() {
        let areas = areas::imagine(1_000_000, 1);
        let options = Options { patients: 1_000_000, dirt: 0.02, ..small(1) };
        let made = found(&options, &areas, [739_524; 2]);
        let sheet = made.sheet(&areas, Style::default(), None);
        let mut reader = csv::Reader::from_reader(sheet.bytes.as_slice());
        let names: Vec<String> = reader.records().map(|record| record.unwrap()[1].to_owned()).collect();
        assert_eq!(names, made.all.iter().map(|own| own.name.clone()).collect::<Vec<_>>());
        assert!([',', '"', '\n'].iter().all(|&sign| names.iter().any(|name| name.contains(sign))));
    }
}
