//! What has been spent, and whether a debit still fits: the quarter, and every four quarters that hold it.

use std::ops::RangeInclusive;

use chrono::Months;
use dashu::base::{SquareRoot, UnsignedAbs};
use dashu::integer::{IBig, UBig};
use dashu::rational::RBig;

use super::super::budget::{Definition, Loss};
use super::super::exact::Exact;
use super::request::{Limits, Reservation, Role};
use crate::config::quarter::Quarter;
use crate::error::{Error, Result};

/// Digits after the point in messages; what is left is rounded down, what is asked rounded up.
const PLACES: u32 = 6;

/// Loss of one role's people over some quarters, by the definition that it was charged in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spending {
    /// Charged in rho.
    pub rho: Exact,
    /// Charged in epsilon.
    pub epsilon: Exact,
    /// Both together in rho, each epsilon converted release by release.
    pub all_as_rho: Exact,
    /// Some of these quarters were spent in a part of the ledger that is lost: nobody knows how far, so nothing is left.
    pub lost: bool,
}

impl Spending {
    fn add(&mut self, loss: &Loss) {
        match loss.definition {
            Definition::ZConcentrated => self.rho = self.rho.plus(&loss.amount),
            Definition::Pure => self.epsilon = self.epsilon.plus(&loss.amount),
        }
        // Every loss can be counted in rho; the fallback cannot be reached, and overstates.
        let rho = loss.counted_as(Definition::ZConcentrated).unwrap_or_else(|| loss.amount.clone());
        self.all_as_rho = self.all_as_rho.plus(&rho);
    }

    /// All of it under one definition, or `None` where rho was spent and epsilon is asked for.
    fn counted_as(&self, definition: Definition) -> Option<&Exact> {
        match definition {
            Definition::ZConcentrated => Some(&self.all_as_rho),
            Definition::Pure => self.rho.is_zero().then_some(&self.epsilon),
        }
    }

    /// What a limit leaves, or `None` where the limit is in epsilon and rho was spent: the two cannot be added up.
    pub fn left(&self, limit: &Loss) -> Option<Exact> {
        let spent = self.counted_as(limit.definition)?;
        Some(limit.amount.minus(spent).filter(|_| !self.lost).unwrap_or(Exact::ZERO))
    }
}

/// What a ledger has spent on one role's people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spent {
    /// In the quarter.
    pub quarter: Spending,
    /// In the four quarters that end with it.
    pub year: Spending,
}

/// Everything that was debited.
pub(super) struct Debits {
    pub reserved: Vec<Reservation>,
    /// The last quarter that may have been spent in a part of the ledger that is lost.
    pub lost_through: Option<Quarter>,
}

/// What a limit has left over some quarters, and those quarters in words.
struct Room {
    role: Role,
    over: String,
    limit: Loss,
    left: Exact,
}

impl Debits {
    /// Spending on one role's people over some quarters.
    pub fn over(&self, role: Role, quarters: RangeInclusive<Quarter>) -> Spending {
        let lost = self.lost_through.is_some_and(|last| last >= *quarters.start());
        let mut sum = Spending { rho: Exact::ZERO, epsilon: Exact::ZERO, all_as_rho: Exact::ZERO, lost };
        let within = |it: &&Reservation| quarters.contains(&it.quarter) && it.roles.contains(&role);
        self.reserved.iter().filter(within).for_each(|it| sum.add(&it.loss));
        sum
    }

    /// Spending on one role's people in the four quarters that end with `last`.
    pub fn year_to(&self, role: Role, last: Quarter) -> Spending {
        self.over(role, last.before(3)..=last)
    }

    /// Refuses a debit that the limits of some role have no room for.
    ///
    /// A report run late is charged to its own quarter, which belongs to four windows of four quarters:
    /// those that end with it and with each of the three that follow. None may pass the year's limit.
    ///
    /// Errors: [`Error::Budget`], with what was asked, what is left and what would fit;
    /// [`Error::Privacy`] where the definitions cannot be added up.
    pub fn check(&self, asked: &Reservation, limits: &Limits) -> Result<()> {
        let quarter = asked.quarter;
        let mut rooms = Vec::new();
        for role in asked.roles.iter().copied() {
            let in_quarter = self.over(role, quarter..=quarter);
            rooms.push(room(role, format!("{quarter}"), &limits.quarter, &in_quarter, asked)?);
            for later in 0..4 {
                let Some(limit) = &limits.year else { break };
                let last = Quarter::of(quarter.first_day() + Months::new(3 * later));
                let over = format!("the four quarters to {last}");
                rooms.push(room(role, over, limit, &self.year_to(role, last), asked)?);
            }
        }
        let short = |room: &&Room| asked.loss.counted_as(room.limit.definition).is_none_or(|cost| cost > room.left);
        match rooms.iter().find(short) {
            None => Ok(()),
            Some(short) => Err(refusal(asked, &rooms, short.role)),
        }
    }
}

fn room(role: Role, over: String, limit: &Loss, spent: &Spending, asked: &Reservation) -> Result<Room> {
    let counted = asked.loss.counted_as(limit.definition).and_then(|_| spent.left(limit));
    let Some(left) = counted else {
        return Err(Error::Privacy(format!(
            "the budget for {over} is in epsilon, but `{}` or an earlier release there spends rho; Gaussian noise has \
             no epsilon, so the two cannot be added up. State the budget in rho: a release in epsilon counts toward \
             it as half its square",
            asked.report
        )));
    };
    let over =
        if spent.lost { over + ", all of it spent as far as the ledger, which lost a part, can tell" } else { over };
    Ok(Room { role, over, limit: limit.clone(), left })
}

fn refusal(asked: &Reservation, rooms: &[Room], role: Role) -> Error {
    let definition = asked.loss.definition;
    let left = |room: &Room| {
        let symbol = room.limit.definition.symbol();
        let (left, limit) = (room.left.decimal_down(PLACES), room.limit.amount.decimal_down(PLACES));
        format!("{symbol} {left} of {limit} for {}", room.over)
    };
    // Of the windows, only the tightest is worth a reader's time.
    let mut of_role = rooms.iter().filter(|room| room.role == role);
    let quarter = of_role.next();
    let year = of_role.min_by(|a, b| a.left.cmp(&b.left));
    let words: Vec<String> = quarter.into_iter().chain(year).map(left).collect();
    let fits = rooms.iter().map(|room| fitting(&room.left, room.limit.definition, definition)).min();
    let fits = fits.unwrap_or(Exact::ZERO).decimal_down(PLACES);
    let fits = match fits.as_str() {
        "0" => "nothing more fits".to_owned(),
        fits => format!("up to {} {fits} would fit", definition.symbol()),
    };
    let advice = asked.revises.as_ref().map_or(String::new(), |revision| {
        format!(
            "; it is {revision}, and a correction pays again in full: `privacy.quarter` is what a quarter may lose with \
             its corrections"
        )
    });
    Error::Budget(format!(
        "`{}` for {} asks for {}, but what is left for each {role} is {}; {fits}{advice}. Nothing was spent and nothing was published",
        asked.report,
        asked.quarter,
        asked.loss,
        words.join(" and ")
    ))
}

/// The greatest loss of `definition` that `left` of a limit has room for, rounded down where it needs a root.
fn fitting(left: &Exact, limit: Definition, definition: Definition) -> Exact {
    if limit == definition {
        return left.clone();
    }
    // epsilon^2/2 <= rho gives epsilon = sqrt(2 rho), here in millionths.
    let million = RBig::from(UBig::from(1_000_000u32));
    let millionths = (left.rational() * RBig::from(2) * &million * &million).floor().unsigned_abs().sqrt();
    Exact::from_rational(RBig::from(IBig::from(millionths)) / million)
}
