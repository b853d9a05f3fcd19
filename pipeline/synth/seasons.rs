//! A board over time: the same places and mostly the same people, with what changes from quarter to quarter.
//!
//! What follows from the seed alone is told from a fixed day, the **epoch**, and not from the reported quarter, so that
//! the extracts of two quarters are of one board. The epoch is the third quarter of 2026, or that of the decade nearest:
//! a board keeps its people for ten years and is another one after that.

use chrono::Datelike;

use crate::config::quarter::Quarter;

/// Referrals against those of summer, by the quarter of the year: winter is the busiest.
const SEASON: [f64; 4] = [1.12, 1.05, 1.0, 1.08];
/// How many more referrals there are, of those at the epoch, each quarter.
const TREND: f64 = 0.015;

/// A quarter counted from the first of the year 0.
pub(super) fn number(quarter: Quarter) -> i32 {
    let day = quarter.first_day();
    day.year() * 4 + day.month0() as i32 / 3
}

/// The quarter at whose end a board of this quarter has the age and the people that its seed gives it.
pub(super) fn epoch(quarter: Quarter) -> Quarter {
    let years = quarter.first_day().year() - 2026;
    let decades = (years + 5).div_euclid(10);
    let day = chrono::NaiveDate::from_ymd_opt(2026 + 10 * decades, 7, 1).unwrap_or_else(|| quarter.first_day());
    Quarter::of(day)
}

/// Referrals in a quarter against those at the epoch: 0.6 to 1.5.
pub(super) fn busy(quarter: Quarter) -> f64 {
    let (now, epoch) = (number(quarter), number(epoch(quarter)));
    (1.0 + TREND * f64::from(now - epoch)) * SEASON[now.rem_euclid(4) as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quarter(text: &str) -> Quarter {
        text.parse().unwrap()
    }

    #[test]
    fn a_decade_has_one_epoch() {
        for (asked, known) in [
            ("2026-Q3", "2026-Q3"),
            ("2021-Q1", "2026-Q3"),
            ("2030-Q4", "2026-Q3"),
            ("2020-Q4", "2016-Q3"),
            ("2031-Q1", "2036-Q3"),
        ] {
            assert_eq!(epoch(quarter(asked)), quarter(known), "{asked}");
        }
    }

    #[test]
    fn referrals_rise_and_winters_are_busy() {
        assert_eq!(busy(quarter("2026-Q3")), 1.0);
        assert!((busy(quarter("2026-Q1")) - (1.0 - 2.0 * 0.015) * 1.12).abs() < 1e-12);
        assert!(busy(quarter("2025-Q3")) < 1.0 && busy(quarter("2027-Q3")) > 1.0);
        for year in 1948..2200 {
            for n in 1..=4 {
                let busy = busy(quarter(&format!("{year}-Q{n}")));
                assert!((0.6..1.5).contains(&busy), "{year}-Q{n}: {busy}");
            }
        }
        assert_eq!(number(quarter("2026-Q3")) - number(quarter("2025-Q4")), 3);
    }
}
