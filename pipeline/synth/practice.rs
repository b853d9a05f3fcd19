//! One practice: its people, its links workers, and the sheets that it sends.

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_distr::Exp1;

use super::board::{AFTERWARDS, Board};
use super::chi::Identity;
use super::contract::Table;
use super::dirt::Dirt;
use super::options::Layout;
use super::pathway;
use super::row::{Row, Sheet};
use super::seasons::epoch;
use super::streams::{Purpose, stream};
use super::truth::{Marks, Tally};
use super::write;

/// A person on a practice's list.
#[derive(Debug, Clone, Copy)]
pub(super) struct Person {
    pub(super) identity: Identity,
    pub(super) place: Registration,
}

/// A person's time at a practice, as days of the common era.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Registration {
    pub(super) zone: usize,
    pub(super) from: i32,
    pub(super) to: Option<i32>,
}

impl Registration {
    /// On the list at the end of `day`.
    pub(super) fn holds(&self, day: i32) -> bool {
        self.from <= day && self.to.is_none_or(|to| to > day)
    }
}

/// A links worker's post.
pub(super) struct Post {
    /// Its number at its practice, from 1.
    pub(super) number: usize,
    pub(super) id: String,
    /// Tenths of a whole-time equivalent.
    pub(super) tenths: u64,
    pub(super) from: i32,
    pub(super) to: Option<i32>,
}

/// What one practice sends, one sheet for each of [`Table::BY_PRACTICE`].
pub(super) struct Sheets(pub(super) [Sheet; 6]);

/// Makes everything of practice `index`, and adds its people to `tally`.
pub(super) fn make(board: &Board, index: usize, tally: &mut Tally) -> Sheets {
    let mut sheets = blank_sheets(board, index);
    let people = people(board, index);
    let mut marks = vec![Marks::default(); people.len()];
    let zones = register(board, index, &people, &mut sheets.0[0], &mut marks);
    let usual = pathway::referrals(board, index, epoch(board.options.quarter));
    let posts = staff(board, index, usual, &mut sheets.0[1]);
    pathway::walk(board, index, &people, &posts, &mut sheets, &mut marks);
    for (zone, marks) in zones.into_iter().zip(&marks) {
        tally.add(zone, marks);
    }
    sheets
}

fn blank_sheets(board: &Board, index: usize) -> Sheets {
    let (options, practice) = (&board.options, &board.practices[index]);
    Sheets(Table::BY_PRACTICE.map(|table| {
        let style = write::style(options, &write::file_of(board, index, table));
        // Attendances are never divided by practice.
        let layout = match (table, options.layout) {
            (Table::Attendances, Layout::PerPractice) => Layout::PerBoard,
            (_, layout) => layout,
        };
        let dirt = Dirt::new(options.seed, index as u64, table, options.dirt);
        Sheet::new(table, style, dirt, practice.opens_file(index, layout))
    }))
}

/// The practice's persons who were born by the time of the extract; those who came from the practice before it are first.
fn people(board: &Board, index: usize) -> Vec<Person> {
    let mut rng = stream(board.options.seed, index as u64, Purpose::People);
    born(board, index, &mut rng).collect()
}

fn born(board: &Board, index: usize, rng: &mut ChaCha8Rng) -> impl Iterator<Item = Person> {
    let people = board.practices[index].persons.clone().map(move |person| one(board, index, person, rng));
    people.filter(|person| person.identity.born <= board.last_day + AFTERWARDS)
}

fn one(board: &Board, index: usize, person: u64, rng: &mut ChaCha8Rng) -> Person {
    let identity = board.identities.of(person);
    let zone = zone_near(board, index, rng);
    let years: f64 = rng.sample(Exp1);
    let from = match rng.random_range(0..1000) {
        0..3 => board.last_day + rng.random_range(1..=AFTERWARDS),
        _ => (board.last_day - (years * 9.0 * 365.25) as i32).max(identity.born),
    };
    // Deaths and departures of the last year and a half; older ones are no longer in the extract.
    let to = rng.random_bool(0.02).then(|| board.last_day + AFTERWARDS - rng.random_range(0..540));
    Person { identity, place: Registration { zone, from, to: to.filter(|&to| to > from) } }
}

/// A home: mostly in the zones about the practice.
fn zone_near(board: &Board, index: usize, rng: &mut ChaCha8Rng) -> usize {
    let (areas, practice) = (&board.areas, &board.practices[index]);
    match rng.random_range(0..1000) {
        0..650 => areas.pick(&practice.near, rng),
        650..850 => areas.pick(&practice.around, rng),
        850..970 => areas.pick(&areas.hscps[practice.hscp].zones, rng),
        970..998 => areas.pick(&areas.boards[practice.board].zones, rng),
        _ => areas.pick(&(0..areas.zones.len()), rng),
    }
}

/// Where the movers of practice `index` were before, in their order; none for those who were newborn when they came.
/// Both practices work this out for themselves, and agree.
fn earlier(board: &Board, index: usize, movers: &[Person]) -> Vec<Option<Registration>> {
    let mut rng = stream(board.options.seed, index as u64, Purpose::Moves);
    let before = practice_before(board, index);
    movers
        .iter()
        .map(|person| {
            let zone = zone_near(board, before, &mut rng);
            let years: f64 = rng.sample(Exp1);
            let left = rng.random_bool(0.85);
            let now = person.place.from;
            let from = (now - 1 - (years * 5.0 * 365.25) as i32).max(person.identity.born);
            (from < now).then_some(Registration { zone, from, to: left.then_some(now) })
        })
        .collect()
}

fn practice_before(board: &Board, index: usize) -> usize {
    index.checked_sub(1).unwrap_or(board.practices.len() - 1)
}

/// Writes the patients, and gives each one's current data zone: that of the latest registration that holds on the
/// quarter's last day. Those who have left for the next practice are written here too, and counted there.
fn register(
    board: &Board,
    index: usize,
    people: &[Person],
    sheet: &mut Sheet,
    marks: &mut [Marks],
) -> Vec<Option<usize>> {
    let mut row = Row::default();
    let code = &board.practices[index].code;
    let mut write = |person: &Identity, place: &Registration| {
        row.start().text(person.chi).text(code).text(if person.female { "F" } else { "M" }).date(person.born);
        row.text(&board.areas.zones[place.zone].code).date(place.from).date_if(place.to);
        sheet.put(&mut row);
    };
    let movers = (board.practices[index].movers as usize).min(people.len());
    let before = earlier(board, index, &people[..movers]);
    let mut zones = Vec::with_capacity(people.len());
    for (at, person) in people.iter().enumerate() {
        write(&person.identity, &person.place);
        let old = before.get(at).copied().flatten();
        let held = [Some(person.place), old].into_iter().flatten().filter(|place| place.holds(board.last_day));
        let zone = held.max_by_key(|place| place.from).map(|place| place.zone);
        marks[at].registered = zone.is_some();
        zones.push(zone);
    }
    let next = (index + 1) % board.practices.len();
    let plan = &board.practices[next];
    let mut rng = stream(board.options.seed, next as u64, Purpose::People);
    let leavers: Vec<Person> = born(board, next, &mut rng).take(plan.movers as usize).collect();
    for (person, place) in leavers.iter().zip(earlier(board, next, &leavers)) {
        place.iter().for_each(|place| write(&person.identity, place));
    }
    zones
}

/// Writes the posts that `referrals` a quarter need at 55 people a whole-time equivalent. The first post has been
/// there all along.
fn staff(board: &Board, index: usize, referrals: u64, sheet: &mut Sheet) -> Vec<Post> {
    let mut rng = stream(board.options.seed, index as u64, Purpose::Posts);
    let code = &board.practices[index].code;
    let known = board.last_day + AFTERWARDS;
    let mut left = ((referrals as f64 * 0.85 / 55.0 * rng.random_range(0.85..1.3)) * 10.0).round().max(2.0) as u64;
    let (mut posts, mut number) = (Vec::new(), 1);
    while left > 0 && (left > 2 || posts.is_empty()) {
        let tenths = left.min(10);
        left -= tenths;
        // Some posts are new in the decade.
        let recent = number > 1 && rng.random_bool(0.3);
        let from = board.beginning + if recent { rng.random_range(0..3_650) } else { -rng.random_range(1..2_200) };
        posts.push(Post { number, id: post_id(code, number), tenths, from, to: None });
        number += 1;
    }
    // A predecessor, whose people have all been handed on.
    if rng.random_bool(0.2) {
        let to = board.beginning - rng.random_range(1..300);
        let from = to - rng.random_range(90..1500);
        posts.push(Post { number, id: post_id(code, number), tenths: 8, from, to: Some(to) });
    }
    posts.retain(|post| post.from <= known);
    let mut row = Row::default();
    for post in &posts {
        row.start().text(&post.id).text(code).decimal(post.tenths, 1).date(post.from).date_if(post.to);
        sheet.put(&mut row);
    }
    posts
}

/// The identifier of a practice's post, counting from 1.
fn post_id(code: &str, number: usize) -> String {
    format!("CLP-{code}-{number}")
}

/// The identifier of the post that has been there all along.
pub(super) fn first_post(code: &str) -> String {
    post_id(code, 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synth::tests::small;

    #[test]
    fn a_registration_holds_from_its_first_day_until_its_last() {
        let place = Registration { zone: 0, from: 10, to: Some(20) };
        assert_eq!([9, 10, 19, 20].map(|day| place.holds(day)), [false, true, true, false]);
    }

    #[test]
    fn leavers_are_the_next_practice_s_movers() {
        let board = Board::new(&small(3)).unwrap();
        let mut tally = Tally::new(board.areas.zones.len());
        let patients = |index, tally: &mut Tally| {
            let text = String::from_utf8(make(&board, index, tally).0[0].bytes.clone()).unwrap();
            text.lines().filter(|line| !line.starts_with("chi")).map(|line| line[..10].to_owned()).collect::<Vec<_>>()
        };
        let (first, second) = (patients(0, &mut tally), patients(1, &mut tally));
        let own = (board.practices[0].persons.end - board.practices[0].persons.start) as usize;
        let left = &first[own..];
        assert!(!left.is_empty());
        assert!(left.iter().all(|chi| second[..board.practices[1].movers as usize].contains(chi)));
    }
}
