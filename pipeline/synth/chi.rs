//! A valid CHI or NHS number, birth date and sex for each of up to sixty million persons, with no two numbers alike and no
//! shared state: the number follows from the person's place in line, so each practice makes its own.
//!
//! Persons are laid along the birth dates of 105 years in the shares of the age pyramid, in a seeded order. Those of
//! one birth date and sex take that date's valid serial numbers in turn; people a century older continue after them,
//! because two digits of the year tell them no apart. A date and sex has about 454 valid numbers. Where more are
//! born, the next are given numbers as boards give temporary ones, with 40 added to the day, and then with 20, 40, 60
//! or 80 added to the month, each with the day plain and raised: about 9,000 a date in all.

use chrono::{Datelike, NaiveDate};

use super::country::{NHS_NUMBERS, nhs_number};
use super::streams::{Permutation, Purpose};
use crate::config::country::Country;
use crate::error::{Error, Result};

/// The oldest birth date, in years before the quarter's end.
const OLDEST: i32 = 105;
/// Ways to raise day and month, the plain date included.
const TIERS: usize = 10;

/// A person's identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity {
    /// A CHI number, or an NHS number where the board is in England.
    pub(super) chi: [u8; 10],
    /// Birth date, as days of the common era.
    pub(super) born: i32,
    pub(super) female: bool,
}

/// Every person's identity, worked out on demand.
pub(super) struct Identities {
    first_day: i32,
    /// Persons before each block; a block is a birth date (male, then female).
    starts: Vec<u64>,
    order: Permutation,
    serials: Serials,
    country: Country,
}

impl Identities {
    /// For `persons` of all ages on `last_day`.
    pub(super) fn new(persons: u64, seed: u64, last_day: NaiveDate, country: Country) -> Result<Self> {
        if country == Country::England && persons > NHS_NUMBERS {
            return Err(Error::Input(format!("a fictional board in England has at most {NHS_NUMBERS} patients")));
        }
        let last = last_day.num_days_from_ce();
        let first_day = last - OLDEST * 1461 / 4;
        let mut weights = Vec::new();
        for day in first_day..=last {
            let age = f64::from(last - day) / 365.25;
            let female = female_share(age);
            weights.push(pyramid(age) * (1.0 - female));
            weights.push(pyramid(age) * female);
        }
        let total: f64 = weights.iter().sum();
        let mut sum = 0.0;
        let mut starts = vec![0];
        for weight in weights {
            sum += weight;
            starts.push(((sum / total) * persons as f64).round() as u64);
        }
        let order = Permutation::new(seed, persons, Purpose::Order);
        let identities = Identities { first_day, starts, order, serials: Serials::new(), country };
        identities.prove_supply()?;
        Ok(identities)
    }

    /// The `index`th person's identity.
    pub(super) fn of(&self, index: u64) -> Identity {
        let place = self.order.of(index);
        let block = self.starts.partition_point(|&start| start <= place).saturating_sub(1);
        let identity = self.within(block, place - self.starts[block]);
        match self.country {
            Country::Scotland => identity,
            Country::England => Identity { chi: nhs_number(index), ..identity },
        }
    }

    /// The identity at `slot` of `block`.
    fn within(&self, block: usize, slot: u64) -> Identity {
        let born = self.first_day + (block / 2) as i32;
        let female = block % 2 == 1;
        let date = date_of(born);
        let chi = self.serials.number(date, female, slot + self.younger(block, date));
        Identity { chi, born, female }
    }

    /// How many are in the block a century later, whose numbers start with the same six digits.
    fn younger(&self, block: usize, date: NaiveDate) -> u64 {
        let Some(later) = date.with_year(date.year() + 100) else { return 0 };
        let block = block + 2 * later.signed_duration_since(date).num_days() as usize;
        if block + 1 < self.starts.len() { self.starts[block + 1] - self.starts[block] } else { 0 }
    }

    /// Fails where any date has more persons than numbers, so that no number can be given twice.
    fn prove_supply(&self) -> Result<()> {
        let spare = self.starts.windows(2).enumerate().all(|(block, ends)| {
            let (date, female) = (date_of(self.first_day + (block / 2) as i32), block % 2 == 1);
            ends[1] - ends[0] + self.younger(block, date) <= self.serials.supply(date, female)
        });
        if spare { Ok(()) } else { Err(Error::Input("there are more patients than valid CHI numbers".into())) }
    }
}

/// The valid serial digits, by the weighted sum of the six date digits modulo 11 and by sex.
struct Serials([[Vec<u16>; 2]; 11]);

impl Serials {
    fn new() -> Self {
        let valid = |sum: u32, sex: u32| {
            let fits = |&n: &u32| n % 2 != sex && (sum + 4 * (n / 100) + 3 * (n / 10 % 10) + 2 * (n % 10)) % 11 != 1;
            (0..1000).filter(fits).map(|n| n as u16).collect()
        };
        Serials(std::array::from_fn(|sum| std::array::from_fn(|sex| valid(sum as u32, sex as u32))))
    }

    /// The `slot`th number of a date and sex.
    fn number(&self, date: NaiveDate, female: bool, mut slot: u64) -> [u8; 10] {
        let mut chi = [0; 10];
        let mut list = &[][..];
        for tier in 0..TIERS {
            chi = six_digits(date, tier);
            list = &self.0[weighted(&chi) as usize % 11][usize::from(female)];
            if slot < list.len() as u64 {
                break;
            }
            slot -= list.len() as u64;
        }
        // Numbers of a date start at an arbitrary serial, so that not all of them begin with 00. It must be the same
        // serial a century later.
        let start = u64::from(date.day() * 127 + date.month() * 37 + date.year().unsigned_abs() % 100 * 89);
        let serial = list[((slot + start) % list.len() as u64) as usize];
        chi[6] = b'0' + (serial / 100) as u8;
        chi[7] = b'0' + (serial / 10 % 10) as u8;
        chi[8] = b'0' + (serial % 10) as u8;
        chi[9] = b'0' + ((11 - weighted(&chi) % 11) % 11) as u8;
        chi
    }

    /// How many numbers a date and sex has over all tiers.
    fn supply(&self, date: NaiveDate, female: bool) -> u64 {
        let of = |tier| self.0[weighted(&six_digits(date, tier)) as usize % 11][usize::from(female)].len() as u64;
        (0..TIERS).map(of).sum()
    }
}

/// Day, month and year, two digits each, raised by `tier`; the last four places are left empty (zero bytes).
fn six_digits(date: NaiveDate, tier: usize) -> [u8; 10] {
    let mut chi = [0; 10];
    let parts = [
        date.day() + 40 * (tier as u32 % 2),
        date.month() + 20 * (tier as u32 / 2),
        date.year().rem_euclid(100).unsigned_abs(),
    ];
    for (place, part) in parts.into_iter().enumerate() {
        chi[2 * place] = b'0' + (part / 10) as u8;
        chi[2 * place + 1] = b'0' + (part % 10) as u8;
    }
    chi
}

/// Sum of digit by weight, 10 for the first down to 2 for the ninth; empty places count nothing.
pub(super) fn weighted(chi: &[u8; 10]) -> u32 {
    chi[..9].iter().zip((2..=10).rev()).map(|(&digit, weight)| u32::from(digit.saturating_sub(b'0')) * weight).sum()
}

/// The calendar date of a day of the common era.
pub(super) fn date_of(day: i32) -> NaiveDate {
    NaiveDate::from_num_days_from_ce_opt(day).unwrap_or(NaiveDate::MIN)
}

/// Relative number of people of an age: a population that is widest in the fifties.
fn pyramid(age: f64) -> f64 {
    match age {
        a if a < 25.0 => 1.0 + a * 0.01,
        a if a < 60.0 => 1.25,
        a if a < 75.0 => 1.25 - (a - 60.0) * 0.02,
        a if a < 90.0 => 0.95 - (a - 75.0) * 0.055,
        a => (0.125 * (-(a - 90.0) / 3.5).exp()).max(0.0),
    }
}

/// Share of women at an age.
fn female_share(age: f64) -> f64 {
    match age {
        a if a < 20.0 => 0.49,
        a if a < 75.0 => 0.505,
        a if a < 100.0 => 0.505 + (a - 75.0) * 0.01,
        _ => 0.78,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    fn valid(chi: &[u8; 10]) -> bool {
        let sum: u32 = chi.iter().zip((1..=10).rev()).map(|(&digit, weight)| u32::from(digit - b'0') * weight).sum();
        chi.iter().all(u8::is_ascii_digit) && sum.is_multiple_of(11)
    }

    fn last_day() -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 9, 30).unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn numbers_are_valid_distinct_and_say_birth_date_and_sex(persons in 100u64..20_000, seed: u64) {
            let book = Identities::new(persons, seed, last_day(), Country::Scotland).unwrap();
            let mut seen = HashSet::new();
            for index in 0..persons {
                let one = book.of(index);
                prop_assert!(valid(&one.chi));
                prop_assert!(seen.insert(one.chi));
                prop_assert_eq!(one.chi[8].is_multiple_of(2), one.female);
                let written = date_of(one.born).format("%d%m%y").to_string();
                prop_assert_eq!(&one.chi[..6], written.as_bytes());
                prop_assert!(one.born <= last_day().num_days_from_ce());
            }
        }
    }

    #[test]
    fn crowded_birth_dates_still_have_a_number_for_everyone() {
        let book = Identities::new(60_000_000, 9, last_day(), Country::Scotland).unwrap();
        // Centenarians and the infants who share their six digits, and the busiest ages between.
        let ages = (0..30).chain(20_000..20_030).chain(36_525..36_560);
        let mut seen = HashSet::new();
        let mut raised = 0;
        for age in ages {
            let day = last_day().num_days_from_ce() - age - book.first_day;
            for block in [2 * day as usize, 2 * day as usize + 1] {
                for slot in 0..book.starts[block + 1] - book.starts[block] {
                    let one = book.within(block, slot);
                    assert!(valid(&one.chi) && seen.insert(one.chi));
                    raised += usize::from(one.chi[0] >= b'4');
                }
            }
        }
        assert!(seen.len() > 60_000 && raised > 10_000, "{} and {raised}", seen.len());
    }

    #[test]
    fn too_many_persons_are_refused() {
        assert!(Identities::new(900_000_000, 1, last_day(), Country::Scotland).is_err());
    }

    #[test]
    fn a_date_and_sex_has_about_454_numbers_before_any_is_raised() {
        let serials = Serials::new();
        for lists in &serials.0 {
            assert!(lists.iter().all(|list| (450..=460).contains(&list.len())));
        }
    }
}
