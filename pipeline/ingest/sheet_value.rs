//! One cell of a sheet as text: what the sheet saved as CSV would say, in the one spelling that the contract asks for.
//! Pure functions; nothing here knows of files, rows or what happens next.

use calamine::{Data, ExcelDateTime, ExcelDateTimeType};

/// What a number stands for that no spreadsheet can have kept whole: a broken rule wherever it stands.
const LOST: &str = "#NUM!";
/// Spreadsheets keep 15 digits: from here on, the last are made up, and two identifiers may have become one.
const FIRST_LOST: f64 = 1e15;
/// The day after the last that a spreadsheet knows, 9999-12-31, as a serial number.
const END_OF_DAYS: f64 = 2_958_466.0;

/// A cell that holds something.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Text, and whatever else has but one spelling.
    Text(String),
    /// A number. In a column of dates it is a day's serial number, which somebody formatted as a number.
    Number(f64),
}

impl Value {
    /// `None` where the cell holds nothing, or a text without a character, as formulas leave it.
    pub fn of(cell: Data) -> Option<Value> {
        Some(match cell {
            Data::Empty => return None,
            Data::String(text) | Data::DateTimeIso(text) | Data::DurationIso(text) => match text.is_empty() {
                true => return None,
                false => Value::Text(text),
            },
            Data::Int(number) => Value::Number(number as f64),
            Data::Float(number) => Value::Number(number),
            Data::Bool(true) => Value::Text("TRUE".into()),
            Data::Bool(false) => Value::Text("FALSE".into()),
            Data::DateTime(time) if time.is_duration() => Value::Text(duration(time.as_f64())),
            Data::DateTime(time) => Value::Text(day(time).unwrap_or_else(|| LOST.into())),
            Data::Error(error) => Value::Text(error.to_string()),
        })
    }

    /// Its text. `dates`: where the column's contents are dates, whether days are counted from 1904.
    pub fn text(self, dates: Option<bool>) -> String {
        match (self, dates) {
            (Value::Text(text), _) => text,
            (Value::Number(number), Some(from_1904)) => {
                day(ExcelDateTime::new(number, ExcelDateTimeType::DateTime, from_1904)).unwrap_or_else(|| plain(number))
            }
            (Value::Number(number), None) => plain(number),
        }
    }
}

/// A number in digits. Of the 17 that its bits may say, the spreadsheet shows 15: 0.1 + 0.2 is 0.3.
fn plain(number: f64) -> String {
    if !number.is_finite() || number.abs() >= FIRST_LOST {
        return LOST.into();
    }
    let shown = format!("{number:.14e}").parse::<f64>().unwrap_or(number);
    // Minus nothing is nothing.
    if shown == 0.0 { "0".into() } else { shown.to_string() }
}

/// A day, and its time unless that is midnight; `None` for what is no day of a spreadsheet.
fn day(time: ExcelDateTime) -> Option<String> {
    if !(0.0..END_OF_DAYS).contains(&time.as_f64()) {
        return None;
    }
    let (year, month, day, hour, minute, second, _) = time.to_ymd_hms_milli();
    let day = format!("{year:04}-{month:02}-{day:02}");
    match (hour, minute, second) {
        (0, 0, 0) => Some(day),
        _ => Some(format!("{day} {hour:02}:{minute:02}:{second:02}")),
    }
}

/// A duration as OpenDocument spells it. Never a bare number: one day is not one of anything else.
fn duration(days: f64) -> String {
    let seconds = (days * 86_400.0).round() as i64;
    format!("PT{}H{}M{}S", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(cell: Data, dates: Option<bool>) -> Option<String> {
        Value::of(cell).map(|value| value.text(dates))
    }

    #[test]
    fn numbers_are_what_the_spreadsheet_shows() {
        for (number, expected) in [
            (101_011_237.0, "101011237"),
            (9_434_765_919.0, "9434765919"),
            (0.1 + 0.2, "0.3"),
            (-0.0, "0"),
            (-12.5, "-12.5"),
            (0.25, "0.25"),
            (999_999_999_999_999.0, "999999999999999"),
            (1e15, LOST),
            (f64::NAN, LOST),
            (f64::NEG_INFINITY, LOST),
        ] {
            assert_eq!(text(Data::Float(number), None).as_deref(), Some(expected));
        }
    }

    #[test]
    fn days_are_read_in_both_systems_of_dates_however_they_are_formatted() {
        let typed =
            |serial, from_1904| Data::DateTime(ExcelDateTime::new(serial, ExcelDateTimeType::DateTime, from_1904));
        for (serial, from_1904, expected) in [
            (46_204.0, false, "2026-07-01"),
            (44_742.0, true, "2026-07-01"),
            (46_204.5, false, "2026-07-01 12:00:00"),
            (1.0, false, "1900-01-01"),
            (59.0, false, "1900-02-28"),
            // A day that only Excel knows: it breaks the rule of dates.
            (60.0, false, "1900-02-29"),
            (61.0, false, "1900-03-01"),
        ] {
            assert_eq!(text(typed(serial, from_1904), None).as_deref(), Some(expected), "{serial}");
            assert_eq!(text(Data::Float(serial), Some(from_1904)).as_deref(), Some(expected), "{serial}");
        }
        // No serial number: a date typed as digits, which breaks the rule of types.
        assert_eq!(text(Data::Float(20_260_701.0), Some(false)).as_deref(), Some("20260701"));
        assert_eq!(text(Data::Float(-1.0), Some(false)).as_deref(), Some("-1"));
        assert_eq!(text(typed(-1.0, false), None).as_deref(), Some(LOST));
    }

    #[test]
    fn whatever_else_a_cell_holds_is_told_from_a_number() {
        let duration = Data::DateTime(ExcelDateTime::new(1.0, ExcelDateTimeType::TimeDelta, false));
        assert_eq!(text(duration, None).as_deref(), Some("PT24H0M0S"));
        assert_eq!(text(Data::Bool(true), None).as_deref(), Some("TRUE"));
        assert_eq!(text(Data::Error(calamine::CellErrorType::NA), None).as_deref(), Some("#N/A"));
        assert_eq!(text(Data::String(String::new()), None), None);
        assert_eq!(text(Data::Empty, Some(false)), None);
        assert_eq!(text(Data::String(" a ".into()), Some(false)).as_deref(), Some(" a "));
    }
}
