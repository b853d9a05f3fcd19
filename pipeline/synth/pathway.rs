//! A person's way from referral to contacts, onward referrals and attendances.

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, LogNormal, Normal};

use super::board::{AFTERWARDS, Board, draw};
use super::contract::{ANSWERS, Codes, KIND, MODE, OUTCOME, REASON, SOURCE};
use super::practice::{Person, Post, Sheets, first_post};
use super::row::Row;
use super::seasons::{self, busy};
use super::streams::{Purpose, stream, sub_stream};
use super::truth::Marks;
use crate::config::quarter::Quarter;

/// Share of contacts that the links worker of a neighbouring practice makes, while the practice's own is away.
const COVERED: f64 = 0.03;
/// Most contacts of one referral.
const MOST_CONTACTS: usize = 60;
/// Of a thousand engaged people, how many have so many attended contacts; the rest have from 13 to 60.
const CONTACTS: &[(usize, u32)] =
    &[(1, 330), (2, 220), (3, 150), (4, 100), (5, 70), (6, 50), (8, 25), (10, 20), (12, 15), (0, 20)];
/// Of a hundred engaged people, how many are sent on so many times: 1.8 times on average.
const ONWARD: &Codes = &[("none", 18), ("one", 27), ("two", 27), ("three", 16), ("four", 8), ("five", 4)];
/// Referral weight of a data zone by its quintile, most deprived first.
const STEEP: [f64; 5] = [5.0, 3.0, 1.8, 1.1, 0.7];

/// Referrals that practice `index` makes in a quarter: 25 to 45 at activity 1, more in deprived areas, at times that are
/// as busy as the epoch. Practices of fewer than 2,000 people make proportionally fewer.
pub(super) fn referrals(board: &Board, index: usize, quarter: Quarter) -> u64 {
    let practice = &board.practices[index];
    let mut rng = sub_stream(board.options.seed, index as u64, Purpose::Pathway, 1);
    let zones = practice.near.clone();
    let deprivation = zones.clone().map(|zone| board.areas.deprivation(zone)).sum::<f64>() / zones.len().max(1) as f64;
    let share = 0.75 * deprivation + 0.25 * rng.random::<f64>();
    let persons = (practice.persons.end - practice.persons.start) as f64;
    let usual = (25.0 + 20.0 * share) * board.options.activity * (persons / 2_000.0).min(1.0);
    (usual * busy(quarter)).round() as u64
}

/// Writes all that happens to the people of practice `index`, and marks what falls in the reported quarter.
pub(super) fn walk(
    board: &Board,
    index: usize,
    people: &[Person],
    posts: &[Post],
    sheets: &mut Sheets,
    marks: &mut [Marks],
) {
    let mut total = 0.0;
    let sought = people.iter().map(|person| {
        total += need(board, person);
        total
    });
    let sought = sought.collect();
    let (start, end) = (board.first_day(0), board.last_day);
    let days = Days {
        wait: LogNormal::new(14f64.ln(), 1.028).expect("a finite deviation"),
        standard: Normal::new(0.0, 1.0).expect("a finite deviation"),
    };
    let links = posts.iter().map(|post| links(board, index, post.number)).collect();
    let mut walk = Walk {
        board,
        index,
        people,
        posts,
        sheets,
        marks,
        rng: stream(board.options.seed, index as u64, Purpose::Pathway),
        sought,
        links,
        days,
        cover: stream(board.options.seed, index as u64, Purpose::Cover),
        neighbour: first_post(&board.practices[board.neighbour(index)].code),
        start,
        end,
        case: 0,
        made: [0; 4],
        row: Row::default(),
    };
    for quarter in (0..3).rev() {
        let (first, next) =
            (board.first_day(quarter), if quarter == 0 { end + 1 } else { board.first_day(quarter - 1) });
        let quarter = board.options.quarter.before(quarter);
        for number in 0..referrals(board, index, quarter) {
            walk.begin(quarter, number);
            let day = walk.rng.random_range(first..next);
            walk.refer(weekday(day));
        }
    }
}

/// How likely a person is to be referred, relative to others: by deprivation, age and sex (six in ten are women).
fn need(board: &Board, person: &Person) -> f64 {
    let age = (board.last_day - person.identity.born) / 365;
    let by_age = match age {
        ..16 => 0.02,
        16..18 => 0.3,
        18..30 => 0.9,
        30..65 => 1.2,
        65..80 => 1.0,
        _ => 0.7,
    };
    let quintile = usize::from(board.areas.zones[person.place.zone].quintile.clamp(1, 5));
    by_age * STEEP[quintile - 1] * if person.identity.female { 1.44 } else { 1.0 }
}

/// Saturdays and Sundays become the Monday after them.
fn weekday(day: i32) -> i32 {
    match day.rem_euclid(7) {
        6 => day + 2,
        0 => day + 1,
        _ => day,
    }
}

/// An organisation that a links worker sends people to, and when.
struct Link {
    organisation: usize,
    from: i32,
    to: i32,
    weight: u32,
}

/// The organisations that a post works with: mostly of its own HSCP, a few used much more than the others. Each is given
/// up for another after one to three years, but for one that stays.
fn links(board: &Board, index: usize, post: usize) -> Vec<Link> {
    let whose = (index as u64) << 8 | (post as u64 & 0xff);
    let mut rng = sub_stream(board.options.seed, whose, Purpose::Links, 1);
    let now = seasons::number(board.options.quarter);
    let mut links: Vec<Link> = Vec::new();
    for place in 0..rng.random_range(7..15) {
        let (length, phase) = (rng.random_range(4..13), rng.random_range(0..12));
        // The first day of a reign that began after the extract's first quarter did, and who reigned before.
        let reign = |quarter: i32| if place == 0 { 0 } else { (quarter + phase).div_euclid(length) };
        let (last, first) = (reign(now), reign(now - 2));
        let since = board.first_day((now + phase - last * length).clamp(0, 2) as u32);
        let weight = 24 / (place + 2) + 1;
        let spans =
            if first == last { vec![(last, 0, i32::MAX)] } else { vec![(first, 0, since), (last, since, i32::MAX)] };
        for (reign, from, to) in spans {
            let organisation = partner(board, index, (whose << 4 | u64::from(place)) << 16 | (reign as u64 & 0xffff));
            let closes = board.organisations.all[organisation].closes.filter(|_| place > 0).unwrap_or(i32::MAX);
            if links.iter().all(|link| link.organisation != organisation) {
                links.push(Link { organisation, from, to: to.min(closes), weight });
            }
        }
    }
    links
}

/// An organisation for a post of practice `index`, one in ten from beyond its HSCP.
fn partner(board: &Board, index: usize, of: u64) -> usize {
    let mut rng = sub_stream(board.options.seed, of, Purpose::Links, 2);
    let near = &board.organisations.by_hscp[board.practices[index].hscp];
    match near.len() {
        1.. if rng.random_bool(0.9) => near[rng.random_range(0..near.len())] as usize,
        _ => rng.random_range(0..board.organisations.all.len()),
    }
}

struct Days {
    /// Median 14 days, quartiles 7 and 28.
    wait: LogNormal<f64>,
    standard: Normal<f64>,
}

struct Walk<'a> {
    board: &'a Board,
    index: usize,
    people: &'a [Person],
    posts: &'a [Post],
    sheets: &'a mut Sheets,
    marks: &'a mut [Marks],
    rng: ChaCha8Rng,
    /// Running sums of [`need`].
    sought: Vec<f64>,
    links: Vec<Vec<Link>>,
    days: Days,
    /// A stream of its own, so that who covers changes nothing else.
    cover: ChaCha8Rng,
    /// The post that covers.
    neighbour: String,
    start: i32,
    end: i32,
    /// The case at hand, by its quarter and its number there: the same in the extracts of every quarter.
    case: u64,
    /// Its identifiers given out, one count a table.
    made: [u64; 4],
    row: Row,
}

/// One referral's person, post and reason.
#[derive(Clone, Copy)]
struct Case {
    person: usize,
    post: usize,
    reason: usize,
    /// Nothing happens after this day: the person has left, or the extract was taken.
    until: i32,
}

impl Walk<'_> {
    /// Begins a case: randomness of its own, so that what an extract's date cuts off changes no other case.
    fn begin(&mut self, quarter: Quarter, number: u64) {
        self.case = (u64::from(seasons::number(quarter).unsigned_abs()) & 0x3ff) << 13 | (number & 0x1fff);
        self.made = [0; 4];
        let of = (self.index as u64) << 23 | self.case;
        self.rng = sub_stream(self.board.options.seed, of, Purpose::Pathway, 2);
        self.cover = sub_stream(self.board.options.seed, of, Purpose::Cover, 2);
    }

    fn token(&mut self, table: usize) -> String {
        self.made[table] += 1;
        // Numbers differ between tables too: an attendance's identifier tells nothing of its referral's. A case has 60
        // contacts at most, and far fewer of anything else.
        let number = (self.case << 9 | self.made[table]) << 2 | table as u64;
        self.board.token(['R', 'C', 'W', 'A'][table], self.index, number)
    }

    fn wait(&mut self) -> i32 {
        self.days.wait.sample(&mut self.rng).round().clamp(0.0, 180.0) as i32
    }

    fn in_quarter(&self, day: i32) -> bool {
        (self.start..=self.end).contains(&day)
    }

    /// Someone on the list on `day`, by need.
    fn somebody(&mut self, day: i32) -> Option<usize> {
        let total = self.sought.last().copied().filter(|&total| total > 0.0)?;
        (0..16).find_map(|_| {
            let at = self.rng.random_range(0.0..total);
            let person = self.sought.partition_point(|&sum| sum <= at).min(self.people.len() - 1);
            self.people[person].place.holds(day).then_some(person)
        })
    }

    /// A post filled on `day`, by its hours.
    fn post(&mut self, day: i32) -> usize {
        let filled = |post: &Post| post.from <= day && post.to.is_none_or(|to| to > day);
        let total: u64 = self.posts.iter().filter(|post| filled(post)).map(|post| post.tenths).sum();
        let mut left = self.rng.random_range(0..total.max(1));
        for (at, post) in self.posts.iter().enumerate().filter(|(_, post)| filled(post)) {
            if left < post.tenths {
                return at;
            }
            left -= post.tenths;
        }
        0
    }

    fn refer(&mut self, day: i32) {
        let Some(person) = self.somebody(day) else { return };
        let (source, reason) = (draw(SOURCE, &mut self.rng), draw(REASON, &mut self.rng));
        let leaves = self.people[person].place.to.unwrap_or(i32::MAX);
        let case = Case { person, post: self.post(day), reason, until: leaves.min(self.end + AFTERWARDS) };
        let recent = day > self.end - 28;
        let status = match self.rng.random_range(0..100) {
            0..7 => "declined",
            7..9 => "waiting",
            9..29 if recent => "waiting",
            _ => "accepted",
        };
        let id = self.token(0);
        self.row.start().text(&id).text(self.people[person].identity.chi);
        self.row.text(&self.board.practices[self.index].code).text(&self.posts[case.post].id).date(day);
        self.row.text(SOURCE[source].0).text(REASON[reason].0).text(status);
        self.sheets.0[2].put(&mut self.row);
        if status != "declined" && self.in_quarter(day) {
            self.marks[person].reasons |= 1 << reason;
        }
        if status == "accepted" {
            self.work(case, day, &id);
        }
    }

    /// The case itself. More than a quarter of the people never come.
    fn work(&mut self, case: Case, referred_on: i32, referral: &str) {
        let wait = self.wait();
        if self.rng.random_bool(0.27) {
            for _ in 0..self.rng.random_range(0..3) {
                let missed = referred_on + self.wait();
                self.contact(case, missed, false);
            }
            return;
        }
        let wanted = self.attended_contacts();
        let (mut day, mut seen, mut written) = (weekday(referred_on + wait), Vec::with_capacity(wanted), 0);
        let mut before = referred_on;
        while seen.len() < wanted && written < MOST_CONTACTS && day <= case.until {
            // With those of people who never come, one appointment in five is missed.
            if self.rng.random_bool(0.15) && written + 1 < MOST_CONTACTS && day > before {
                let missed = self.rng.random_range(before..day);
                self.contact(case, missed, false);
                written += 1;
            }
            self.contact(case, day, true);
            written += 1;
            seen.push(day);
            before = day;
            // People who come often come closer together.
            day = weekday(day + self.rng.random_range(if wanted > 12 { 2..6 } else { 7..22 }));
        }
        if seen.is_empty() {
            return;
        }
        for _ in 0..draw(ONWARD, &mut self.rng) {
            let day = seen[self.rng.random_range(0..seen.len())];
            self.send_on(case, day, referral);
        }
    }

    fn attended_contacts(&mut self) -> usize {
        let mut left = self.rng.random_range(0..1000);
        for &(contacts, share) in CONTACTS {
            if left < share && contacts > 0 {
                return contacts;
            }
            left = left.saturating_sub(share);
        }
        // The tail thins out towards its end.
        let (a, b) = (self.rng.random_range(13..=MOST_CONTACTS), self.rng.random_range(13..=MOST_CONTACTS));
        a.min(b).max(if self.rng.random_bool(0.05) { MOST_CONTACTS } else { 0 })
    }

    fn contact(&mut self, case: Case, day: i32, attended: bool) {
        if day > case.until {
            return;
        }
        let mode = draw(MODE, &mut self.rng);
        let usual = [45.0, 20.0, 35.0, 60.0][mode];
        let around = usual * (1.0 + 0.35 * self.days.standard.sample(&mut self.rng));
        let minutes = if attended { (around / 5.0).round().clamp(1.0, 36.0) as u64 * 5 } else { 0 };
        let id = self.token(1);
        let post = if self.cover.random_bool(COVERED) { &self.neighbour } else { &self.posts[case.post].id };
        self.row.start().text(&id).text(self.people[case.person].identity.chi).text(post);
        self.row.date(day).text(MODE[mode].0).number(minutes).text(if attended { "yes" } else { "no" });
        self.sheets.0[3].put(&mut self.row);
        if attended && self.in_quarter(day) {
            self.marks[case.person].contacts += 1;
            self.marks[case.person].minutes += minutes;
        }
    }

    /// The organisation for a reason on a day: one that the post works with, by habit and by what it offers.
    fn organisation(&mut self, case: Case, day: i32) -> usize {
        let organisations = &self.board.organisations.all;
        let weigh = |link: &Link| {
            let open = link.from <= day && day < link.to;
            let answers = ANSWERS[case.reason].contains(&organisations[link.organisation].service);
            u32::from(open) * link.weight * if answers { 5 } else { 1 }
        };
        let links = &self.links[case.post];
        let mut left = self.rng.random_range(0..links.iter().map(weigh).sum::<u32>().max(1));
        for link in links {
            let weight = weigh(link);
            if left < weight {
                return link.organisation;
            }
            left -= weight;
        }
        0
    }

    fn send_on(&mut self, case: Case, day: i32, referral: &str) {
        let organisation = self.organisation(case, day);
        let kind = draw(KIND, &mut self.rng);
        let id = self.token(2);
        let org = &self.board.organisations.all[organisation].id;
        self.row.start().text(&id).text(referral).text(self.people[case.person].identity.chi);
        self.row.text(&self.posts[case.post].id).text(org).date(day).text(KIND[kind].0);
        self.sheets.0[4].put(&mut self.row);
        self.marks[case.person].referred_onward |= self.in_quarter(day);
        // Supported people arrive more often; of some the organisation says nothing at all.
        let arrives = self.rng.random_bool(if kind == 0 { 0.75 } else { 0.5 });
        if !arrives && self.rng.random_bool(0.4) {
            return;
        }
        let mut first = weekday(day + self.wait());
        let mut again = true;
        while again && first <= case.until {
            self.attend(case, &id, organisation, first, arrives);
            // Another course with the same organisation.
            again = arrives && self.rng.random_bool(0.25);
            first = weekday(first + self.rng.random_range(14..70));
        }
    }

    fn attend(&mut self, case: Case, onward: &str, organisation: usize, day: i32, arrives: bool) {
        let outcome = if arrives { OUTCOME[draw(OUTCOME, &mut self.rng)].0 } else { "did_not_attend" };
        let sessions = if arrives { 1 + (self.rng.random::<f64>().powi(2) * 14.0) as u64 } else { 0 };
        // Organisations know the token; few ask for the CHI.
        let known = self.rng.random_range(0..20);
        let chi = self.people[case.person].identity.chi;
        let score = |value: f64| value.round().clamp(7.0, 35.0) as u64;
        let before = 19.0 + 4.5 * self.days.standard.sample(&mut self.rng);
        let after = before + 2.5 + 3.5 * self.days.standard.sample(&mut self.rng);
        let asked = arrives && self.rng.random_bool(0.85);
        let followed = asked && self.rng.random_bool(0.5);
        let id = self.token(3);
        self.row.start().text(&id).text(if known == 0 { "" } else { onward });
        self.row.text(if known < 2 { &chi[..] } else { b"" });
        self.row.text(&self.board.organisations.all[organisation].id).date(day).number(sessions).text(outcome);
        for (given, value) in [(asked, before), (followed, after)] {
            if given {
                self.row.number(score(value))
            } else {
                self.row.blank()
            };
        }
        self.sheets.0[5].put(&mut self.row);
        self.marks[case.person].attended |= arrives && self.in_quarter(day);
    }
}
