//! What fictional areas are called. Names follow from the places of areas in their order and a stream of their own, so
//! that nothing else that a seed makes depends on them.

use std::collections::HashMap;

use super::areas::{Areas, Zone};
use super::streams::{Permutation, Purpose};
use crate::config::country::Country;

/// How places of a country are called: a beginning and an end make a name, and none of them is a real place. The first of
/// each make the board's own.
struct Words {
    beginnings: &'static [&'static str],
    ends: &'static [&'static str],
}

const SCOTTISH: Words = Words {
    beginnings: &[
        "Strath", "Glen", "Ard", "Inver", "Kirk", "Dun", "Bal", "Auchen", "Craig", "Drum", "Loch", "Kil", "Port",
        "Cairn", "Pit", "Tilly",
    ],
    ends: &[
        "mirr", "orlan", "vennock", "tassie", "lusken", "quharn", "sorrie", "feddan", "breck", "wharrow", "mannoch",
        "dallick", "thornie", "yarran", "cuddie", "skellan",
    ],
};
const ENGLISH: Words = Words {
    beginnings: &[
        "Mirr", "Quen", "Vell", "Thrax", "Oxel", "Wend", "Hasp", "Pludd", "Sturm", "Brax", "Skrey", "Fizz", "Gorl",
        "Jass", "Lorn", "Nesk",
    ],
    ends: &[
        "shire", "ham", "bury", "ford", "thorpe", "wick", "combe", "minster", "stoke", "mouth", "ley", "bridge", "den",
        "worth", "ton", "stead",
    ],
};
/// What tells the neighbourhoods of one place apart.
const PARTS: [&str; 8] = ["", " North", " South", " East", " West", " Central", " and the Muir", " Harbour"];

/// An area's code to its name.
#[derive(Debug, Default)]
pub(super) struct Names(HashMap<String, String>);

impl Names {
    /// The names of all areas of a fictional country.
    pub(super) fn new(areas: &Areas, country: Country, seed: u64) -> Self {
        let places = Places::new(country, seed);
        let mut names = HashMap::new();
        let of = |zone: &Zone| (zone.hscp, zone.board);
        let (mut neighbourhoods, mut councils) = (0, 0);
        for zone in &areas.zones {
            let (hscp, board) = of(zone);
            names.entry(zone.intermediate.clone()).or_insert_with(|| {
                neighbourhoods += 1;
                places.neighbourhood(neighbourhoods - 1)
            });
            names.entry(zone.council.clone()).or_insert_with(|| {
                councils += 1;
                match country {
                    Country::Scotland => places.partnership(hscp),
                    Country::England => places.district(councils - 1),
                }
            });
            let within = hscp - areas.zones[areas.boards[board].zones.start].hscp;
            names.entry(areas.hscps[hscp].code.clone()).or_insert_with(|| match country {
                Country::Scotland => places.partnership(hscp),
                Country::England => format!("NHS {} ICB - X{:02}", places.county(board), within + 1),
            });
            names.entry(areas.boards[board].code.clone()).or_insert_with(|| match country {
                Country::Scotland => format!("NHS {}", places.county(board)),
                Country::England => format!("NHS {} Integrated Care Board", places.county(board)),
            });
        }
        Names(names)
    }

    /// An area's name; nothing where it has none.
    pub(super) fn of(&self, code: &str) -> &str {
        self.0.get(code).map_or("", String::as_str)
    }
}

/// The places of a country, each in its order.
struct Places {
    words: Words,
    country: Country,
    order: Permutation,
}

impl Places {
    fn new(country: Country, seed: u64) -> Self {
        let words = match country {
            Country::Scotland => SCOTTISH,
            Country::England => ENGLISH,
        };
        let size = words.beginnings.len() * words.ends.len() - 1;
        Places { words, country, order: Permutation::new(seed, size as u64, Purpose::Names) }
    }

    /// The number of places beside the board's own.
    fn number(&self) -> usize {
        self.words.beginnings.len() * self.words.ends.len() - 1
    }

    /// The `n`th place; never the board's own.
    fn place(&self, n: usize) -> String {
        let at = self.order.of((n % self.number()) as u64) as usize + 1;
        let ends = self.words.ends.len();
        format!("{}{}", self.words.beginnings[at / ends], self.words.ends[at % ends])
    }

    /// What tells the names of a further round through the places apart.
    fn round(&self, n: usize) -> String {
        let round = n / self.number();
        if round == 0 { String::new() } else { format!(" {}", round + 1) }
    }

    /// The land of a board; of the first, its own name.
    fn county(&self, board: usize) -> String {
        match board {
            0 => format!("{}{}", self.words.beginnings[0], self.words.ends[0]),
            // From the end of the order: no partnership has the same.
            _ => format!("{}{}", self.place(self.number() - board % self.number()), self.round(board)),
        }
    }

    /// A partnership, as towns, shires and islands are joined in one.
    fn partnership(&self, n: usize) -> String {
        let (place, round) = (self.place(n), self.round(n));
        match n % 6 {
            0 => format!("{place} City{round}"),
            1 => format!("East {place}shire{round}"),
            2 => format!("{place} & the Isle of {}{round}", self.place(n + self.number() / 2)),
            3 => format!("{place}{round}"),
            4 => format!("{place} and {}{round}", self.place(n + self.number() / 2)),
            _ => format!("North {place}shire{round}"),
        }
    }

    /// An English local authority.
    fn district(&self, n: usize) -> String {
        let kind = ["", "North ", "South ", "City of "][n % 4];
        format!("{kind}{}{}", self.place(n), self.round(n))
    }

    /// A neighbourhood: the places in turn, and then their parts.
    fn neighbourhood(&self, n: usize) -> String {
        let number = self.number();
        // 255 places and 8 parts: no pair comes twice within a round.
        let part = n % PARTS.len();
        let rounds = n / (number * PARTS.len());
        let further = if rounds == 0 { String::new() } else { format!(" {}", rounds + 1) };
        let part = if self.country == Country::England && part == 6 { " and Heath" } else { PARTS[part] };
        format!("{}{part}{further}", self.place(n))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::synth::{areas, country};

    #[test]
    fn every_area_has_a_name_of_its_own_among_those_of_its_level() {
        for (land, patients) in
            [(Country::Scotland, 200_000), (Country::Scotland, 6_000_000), (Country::England, 9_000_000)]
        {
            let mut areas = areas::imagine(patients, 1);
            country::recode(land, &mut areas);
            let names = Names::new(&areas, land, 1);
            let councils = areas.zones.iter().map(|zone| zone.council.as_str());
            let neighbourhoods = areas.zones.iter().map(|zone| zone.intermediate.as_str());
            let levels: [HashSet<&str>; 4] = [
                areas.boards.iter().map(|it| it.code.as_str()).collect(),
                areas.hscps.iter().map(|it| it.code.as_str()).collect(),
                councils.collect(),
                neighbourhoods.collect(),
            ];
            for codes in levels {
                let named = codes.iter().map(|code| names.of(code)).collect::<HashSet<_>>();
                assert!(named.len() == codes.len() && !named.contains(""), "{patients}: {named:?}");
            }
        }
    }

    #[test]
    fn the_first_board_has_the_name_of_the_demos() {
        let names = |country| {
            let mut areas = areas::imagine(20_000, 7);
            country::recode(country, &mut areas);
            Names::new(&areas, country, 7).of(&areas.boards[0].code).to_owned()
        };
        assert_eq!(names(Country::Scotland), "NHS Strathmirr");
        assert_eq!(names(Country::England), "NHS Mirrshire Integrated Care Board");
    }
}
