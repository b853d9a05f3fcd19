//! The plan of the fictional board: its areas and organisations, and where each practice sits with how many people.

use std::ops::Range;

use chrono::Datelike;
use rand::Rng;
use rand_distr::{Distribution, LogNormal};

use super::areas::{self, Areas};
use super::chi::Identities;
use super::contract::{Codes, Table};
use super::country;
use super::options::{Layout, Options};
use super::organisations::{self, Organisations};
use super::row::{Row, Sheet};
use super::seasons::epoch;
use super::streams::{Permutation, Purpose, stream};
use super::write;
use crate::error::Result;

/// People on a practice's list, on average.
const LIST: u64 = 5_900;
/// Practice codes have four free digits, the first of them not 0.
const MOST_PRACTICES: u64 = 9_000;
/// The extracts are taken this many days after the quarter's end.
pub(super) const AFTERWARDS: i32 = 21;
/// Share of a list who came from the practice before.
const MOVERS: f64 = 0.005;

/// One GP practice.
pub(super) struct Practice {
    pub(super) code: String,
    /// Its persons among all persons.
    pub(super) persons: Range<u64>,
    /// Of those, the first so many came from the practice before this one.
    pub(super) movers: u64,
    /// The data zones about it, and a wider ring of them.
    pub(super) near: Range<usize>,
    pub(super) around: Range<usize>,
    /// The data zone of its surgery.
    pub(super) home: usize,
    pub(super) hscp: usize,
    pub(super) board: usize,
    /// Its rows are the first in the files of its board.
    pub(super) opens_board: bool,
}

/// Everything that practices need to know, and nothing that they change.
pub(super) struct Board {
    pub(super) options: Options,
    pub(super) areas: Areas,
    pub(super) organisations: Organisations,
    pub(super) practices: Vec<Practice>,
    pub(super) identities: Identities,
    pub(super) last_day: i32,
    /// Before any quarter of the decade: what has been there all along was there then.
    pub(super) beginning: i32,
    tokens: Permutation,
}

impl Board {
    /// Plans the board.
    pub(super) fn new(options: &Options) -> Result<Self> {
        let mut areas = match &options.lookup {
            Some(path) => areas::read(path)?,
            None => areas::imagine(options.patients, options.seed),
        };
        country::recode(options.country, &mut areas);
        let last_day = options.quarter.last_day().num_days_from_ce();
        let seed = options.seed;
        let epoch = epoch(options.quarter);
        let days = [epoch.last_day().num_days_from_ce(), last_day];
        Ok(Board {
            identities: Identities::new(options.patients, seed, epoch.last_day(), options.country)?,
            organisations: organisations::found(options, &areas, days),
            practices: place(options, &areas),
            tokens: Permutation::new(seed, 1 << 48, Purpose::Tokens),
            options: options.clone(),
            areas,
            last_day,
            beginning: epoch.before(24).first_day().num_days_from_ce(),
        })
    }

    /// First day of the quarter `n` before the reported one.
    pub(super) fn first_day(&self, n: u32) -> i32 {
        self.options.quarter.before(n).first_day().num_days_from_ce()
    }

    /// `practices.csv`.
    pub(super) fn practices_sheet(&self) -> Sheet {
        let mut sheet = Sheet::new(Table::Practices, write::plain(&self.options), None, true);
        let mut row = Row::default();
        for practice in &self.practices {
            row.start().text(&practice.code).text(&self.areas.zones[practice.home].code);
            sheet.put(&mut row);
        }
        sheet
    }

    /// The practice of the same board whose links worker helps out at practice `index`; its own where there is none.
    pub(super) fn neighbour(&self, index: usize) -> usize {
        let same = |other: &usize| self.practices[*other].board == self.practices[index].board;
        let next = Some(index + 1).filter(|next| *next < self.practices.len()).filter(same);
        next.or(index.checked_sub(1).filter(same)).unwrap_or(index)
    }

    /// An opaque identifier, different for each practice and number; `prefix` keeps tables apart. The hyphen keeps
    /// it from holding ten digits in a row, so that no identifier can be mistaken for a CHI or contain one.
    pub(super) fn token(&self, prefix: char, practice: usize, number: u64) -> String {
        let hidden = self.tokens.of(((practice as u64) << 34) | number);
        format!("{prefix}{:08x}-{:04x}", hidden >> 16, hidden & 0xffff)
    }
}

/// Where the practices are, in the order of the areas.
fn place(options: &Options, areas: &Areas) -> Vec<Practice> {
    let mut rng = stream(options.seed, 0, Purpose::Board);
    // Small boards have three, as far as there are people for them.
    let number = (options.patients / LIST).max((options.patients / 400).clamp(1, 3)).min(MOST_PRACTICES);
    // A practice of the seed's choosing comes first in the list of codes.
    let first_code = rng.random_range(0..MOST_PRACTICES);
    let size = LogNormal::new(0f64, 0.4).expect("a finite deviation");
    let sizes: Vec<f64> = (0..number).map(|_| size.sample(&mut rng).clamp(0.35, 2.5)).collect();
    let total: f64 = sizes.iter().sum();
    let (mut before, mut start) = (0.0, 0u64);
    let mut practices: Vec<Practice> = Vec::new();
    for (index, size) in sizes.iter().enumerate() {
        before += size / total;
        let last = index as u64 + 1 == number;
        let end = if last { options.patients } else { (before * options.patients as f64) as u64 };
        let along =
            |person: u64| (u128::from(person) * u128::from(areas.population()) / u128::from(options.patients)) as u64;
        let surgery = areas.zone_of(along(start.midpoint(end)));
        let home = &areas.zones[surgery];
        let board = &areas.boards[home.board].zones;
        let (from, to) = (areas.zone_of(along(start)), areas.zone_of(along(end)) + 1);
        let within = |spare: usize| from.saturating_sub(spare).max(board.start)..(to + spare).min(board.end);
        practices.push(Practice {
            code: country::practice_code(
                options.country,
                ((first_code + 7 * index as u64) % MOST_PRACTICES) as u32 + 1_000,
            ),
            persons: start..end,
            movers: if number > 1 { ((end - start) as f64 * MOVERS).ceil() as u64 } else { 0 },
            near: within(0),
            around: within(5),
            home: surgery,
            hscp: home.hscp,
            board: home.board,
            opens_board: practices.last().is_none_or(|before| before.board != home.board),
        });
        start = end;
    }
    practices
}

impl Practice {
    /// Whether practice `index`'s rows are the first of their files.
    pub(super) fn opens_file(&self, index: usize, layout: Layout) -> bool {
        match layout {
            Layout::PerPractice => true,
            Layout::PerBoard => self.opens_board,
            Layout::Single => index == 0,
        }
    }
}

/// The place in `codes` of a code drawn by its share.
pub(super) fn draw(codes: &Codes, rng: &mut impl Rng) -> usize {
    let total: u32 = codes.iter().map(|&(_, share)| share).sum();
    let mut left = rng.random_range(0..total);
    for (at, &(_, share)) in codes.iter().enumerate() {
        if left < share {
            return at;
        }
        left -= share;
    }
    codes.len() - 1
}

/// One of `items`, each as likely as the others.
pub(super) fn choose<T: Copy, const N: usize>(items: &[T; N], rng: &mut impl Rng) -> T {
    items[rng.random_range(0..N)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synth::tests::small;

    #[test]
    fn practices_share_out_everyone_and_stay_within_their_board() {
        for patients in [100, 1_000, 20_000, 3_000_000] {
            let board = Board::new(&Options { patients, ..small(4) }).unwrap();
            let mut next = 0;
            for practice in &board.practices {
                assert_eq!(practice.persons.start, next);
                assert!(practice.persons.end > next && practice.near.start < practice.near.end);
                let zones = &board.areas.boards[practice.board].zones;
                assert!(zones.start <= practice.around.start && practice.around.end <= zones.end);
                assert!(practice.near.contains(&practice.home));
                next = practice.persons.end;
            }
            assert_eq!(next, patients);
            assert!(board.practices.is_sorted_by_key(|practice| practice.board));
        }
    }

    #[test]
    fn tokens_differ_and_hold_no_ten_digits_in_a_row() {
        let board = Board::new(&small(1)).unwrap();
        let mut seen = std::collections::HashSet::new();
        for practice in [0, 1, 8_999] {
            for number in 0..2_000 {
                let token = board.token('R', practice, number);
                assert!(token.split(|sign: char| !sign.is_ascii_digit()).all(|run| run.len() < 10), "{token}");
                assert!(seen.insert(token));
            }
        }
    }
}
