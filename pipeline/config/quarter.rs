//! A calendar quarter, and the days in it.

use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, Months, NaiveDate};
use serde::{Deserialize, Serialize};

/// A calendar quarter: `2026-Q3` is July to September 2026.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Quarter {
    year: i32,
    number: u32,
}

impl Quarter {
    /// The quarter that holds `date`.
    pub fn of(date: NaiveDate) -> Self {
        Quarter { year: date.year(), number: date.month0() / 3 + 1 }
    }

    /// First day.
    pub fn first_day(self) -> NaiveDate {
        NaiveDate::from_ymd_opt(self.year, (self.number - 1) * 3 + 1, 1).expect("a quarter's first month exists")
    }

    /// Last day.
    pub fn last_day(self) -> NaiveDate {
        (self.first_day() + Months::new(3)).pred_opt().expect("quarters end long before the calendar does")
    }

    /// The quarter `n` quarters before this one.
    pub fn before(self, n: u32) -> Self {
        Quarter::of(self.first_day() - Months::new(3 * n))
    }

    /// The financial quarter in words, as Scottish and English boards count them: Q1 is April to June.
    pub fn financial(self) -> String {
        let (start, number) = if self.number == 1 { (self.year - 1, 4) } else { (self.year, self.number - 1) };
        let end = (start + 1) % 100;
        format!("{} (financial year {start}/{end:02}, quarter {number})", self.months())
    }

    /// The months in words: "July to September 2026".
    pub fn months(self) -> String {
        let months = ["January to March", "April to June", "July to September", "October to December"];
        format!("{} {}", months[self.number as usize - 1], self.year)
    }
}

impl fmt::Display for Quarter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-Q{}", self.year, self.number)
    }
}

impl From<Quarter> for String {
    fn from(quarter: Quarter) -> Self {
        quarter.to_string()
    }
}

impl TryFrom<String> for Quarter {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl FromStr for Quarter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a calendar quarter; write a year and a quarter, as `2026-Q3`");
        let (year, number) = text.split_once("-Q").ok_or_else(wrong)?;
        let year: i32 = year.parse().map_err(|_| wrong())?;
        let number: u32 = number.parse().map_err(|_| wrong())?;
        if !(1948..=2200).contains(&year) || !(1..=4).contains(&number) {
            return Err(wrong());
        }
        Ok(Quarter { year, number })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_words() {
        let quarter: Quarter = "2026-Q3".parse().unwrap();
        assert_eq!(quarter.first_day().to_string(), "2026-07-01");
        assert_eq!(quarter.last_day().to_string(), "2026-09-30");
        assert_eq!(quarter.before(3).to_string(), "2025-Q4");
        assert_eq!(quarter.financial(), "July to September 2026 (financial year 2026/27, quarter 2)");
        let winter: Quarter = "2026-Q1".parse().unwrap();
        assert_eq!(winter.financial(), "January to March 2026 (financial year 2025/26, quarter 4)");
    }

    #[test]
    fn refuses_what_is_not_a_quarter() {
        for text in ["", "2026", "2026-Q0", "2026-Q5", "26-Q1", "2026-q1", "2026-Q", "é-Q1"] {
            assert!(text.parse::<Quarter>().is_err(), "{text}");
        }
    }
}
