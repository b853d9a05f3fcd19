//! What has been spent, and whether a debit still fits: the quarter, and every four quarters that hold it.

use chrono::Months;
use dashu::base::{SquareRoot, UnsignedAbs};
use dashu::integer::{IBig, UBig};
use dashu::rational::RBig;

use super::super::budget::{Definition, Loss};
use super::super::exact::Exact;
use super::request::{Limits, Reservation};
use crate::config::quarter::Quarter;
use crate::error::{Error, Result};

/// Digits after the point in messages; what is left is rounded down, what is asked rounded up.
const PLACES: u32 = 6;

/// Loss over some quarters, by the definition that it was charged in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spending {
    /// Charged in rho.
    pub rho: Exact,
    /// Charged in epsilon.
    pub epsilon: Exact,
    /// Both together in rho, each epsilon converted release by release.
    pub all_as_rho: Exact,
}

impl Spending {
    /// Adds up reservations.
    pub(super) fn of<'a>(reservations: impl IntoIterator<Item = &'a Reservation>) -> Self {
        let mut total = Spending { rho: Exact::ZERO, epsilon: Exact::ZERO, all_as_rho: Exact::ZERO };
        for Reservation { loss, .. } in reservations {
            match loss.definition {
                Definition::ZConcentrated => total.rho = total.rho.plus(&loss.amount),
                Definition::Pure => total.epsilon = total.epsilon.plus(&loss.amount),
            }
            // Every loss can be counted in rho; the fallback cannot be reached, and overstates.
            let rho = loss.counted_as(Definition::ZConcentrated).unwrap_or_else(|| loss.amount.clone());
            total.all_as_rho = total.all_as_rho.plus(&rho);
        }
        total
    }

    /// All of it under one definition, or `None` where rho was spent and epsilon is asked for.
    pub fn counted_as(&self, definition: Definition) -> Option<Exact> {
        match definition {
            Definition::ZConcentrated => Some(self.all_as_rho.clone()),
            Definition::Pure => self.rho.is_zero().then(|| self.epsilon.clone()),
        }
    }
}

/// What a ledger has spent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spent {
    /// In the quarter.
    pub quarter: Spending,
    /// In the four quarters that end with it.
    pub year: Spending,
}

/// Spending in the four quarters that end with `last`.
pub(super) fn year_to(reservations: &[Reservation], last: Quarter) -> Spending {
    let first = last.before(3);
    Spending::of(reservations.iter().filter(|it| (first..=last).contains(&it.quarter)))
}

/// Spending in one quarter.
pub(super) fn in_quarter(reservations: &[Reservation], quarter: Quarter) -> Spending {
    Spending::of(reservations.iter().filter(|it| it.quarter == quarter))
}

/// What a limit has left over some quarters, and those quarters in words.
struct Room {
    over: String,
    limit: Loss,
    left: Exact,
}

/// Refuses a debit that the limits have no room for.
///
/// A report run late is charged to its own quarter, which belongs to four windows of four quarters:
/// those that end with it and with each of the three that follow. None may pass the year's limit.
///
/// Errors: [`Error::Budget`], with what was asked, what is left and what would fit;
/// [`Error::Privacy`] where the definitions cannot be added up.
pub(super) fn check(asked: &Reservation, limits: &Limits, reservations: &[Reservation]) -> Result<()> {
    let quarter = asked.quarter;
    let mut rooms = vec![room(quarter.to_string(), &limits.quarter, &in_quarter(reservations, quarter), asked)?];
    if let Some(limit) = &limits.year {
        for later in 0..4 {
            let last = Quarter::of(quarter.first_day() + Months::new(3 * later));
            let over = format!("the four quarters to {last}");
            rooms.push(room(over, limit, &year_to(reservations, last), asked)?);
        }
    }
    let fits = |room: &Room| asked.loss.counted_as(room.limit.definition).is_some_and(|cost| cost <= room.left);
    if rooms.iter().all(fits) { Ok(()) } else { Err(refusal(asked, &rooms)) }
}

fn room(over: String, limit: &Loss, spent: &Spending, asked: &Reservation) -> Result<Room> {
    let mixed = asked.loss.counted_as(limit.definition).is_none() || spent.counted_as(limit.definition).is_none();
    let Some(spent) = spent.counted_as(limit.definition).filter(|_| !mixed) else {
        return Err(Error::Privacy(format!(
            "the budget for {over} is in epsilon, but `{}` or an earlier release there spends rho; Gaussian noise has \
             no epsilon, so the two cannot be added up. State the budget in rho: a release in epsilon counts toward \
             it as half its square",
            asked.report
        )));
    };
    let left = limit.amount.minus(&spent).unwrap_or(Exact::ZERO);
    Ok(Room { over, limit: limit.clone(), left })
}

fn refusal(asked: &Reservation, rooms: &[Room]) -> Error {
    let definition = asked.loss.definition;
    let left = |room: &Room| {
        let symbol = room.limit.definition.symbol();
        let (left, limit) = (room.left.decimal_down(PLACES), room.limit.amount.decimal_down(PLACES));
        format!("{symbol} {left} of {limit} for {}", room.over)
    };
    // Of the windows, only the tightest is worth a reader's time.
    let year = rooms.iter().skip(1).min_by(|a, b| a.left.cmp(&b.left));
    let words: Vec<String> = rooms.first().into_iter().chain(year).map(left).collect();
    let fits = rooms.iter().map(|room| fitting(&room.left, room.limit.definition, definition)).min();
    let fits = fits.unwrap_or(Exact::ZERO).decimal_down(PLACES);
    let advice = match fits.as_str() {
        "0" => "nothing more can be released for it; wait for a later quarter".to_owned(),
        fits => format!("up to {} {fits} would fit", definition.symbol()),
    };
    Error::Budget(format!(
        "`{}` for {} asks for {}, but what is left is {}; {advice}. Nothing was spent and nothing was published",
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
