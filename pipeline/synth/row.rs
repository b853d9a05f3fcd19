//! One row on its way to a file, and the sheet of rows that one practice adds to one table.

use chrono::Datelike;

use super::chi::date_of;
use super::contract::Table;
use super::country::column;
use super::dirt::{Counts, Dirt};
use crate::config::country::Country;

/// How a sender's software writes a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Style {
    /// The file starts with a byte-order mark.
    pub(super) bom: bool,
    /// Lines end in CR LF.
    pub(super) crlf: bool,
    /// Every field stands in quotes, needed or not.
    pub(super) quoted: bool,
    /// Whose words the header is in.
    pub(super) country: Country,
}

/// The fields of one row; kept and refilled, so that rows cost no allocation.
#[derive(Debug, Default, Clone)]
pub(super) struct Row {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    /// Some field may hold a comma, a quote or a line break.
    free_text: bool,
}

impl Row {
    /// Empties the row.
    pub(super) fn start(&mut self) -> &mut Self {
        self.bytes.clear();
        self.ends.clear();
        self.free_text = false;
        self
    }

    /// Adds a field that needs no quotes.
    pub(super) fn text(&mut self, text: impl AsRef<[u8]>) -> &mut Self {
        self.bytes.extend_from_slice(text.as_ref());
        self.ends.push(self.bytes.len());
        self
    }

    /// Adds a field that may need quotes.
    pub(super) fn free(&mut self, text: &str) -> &mut Self {
        self.free_text = true;
        self.text(text)
    }

    /// Adds an empty field.
    pub(super) fn blank(&mut self) -> &mut Self {
        self.text("")
    }

    /// Adds a whole number.
    pub(super) fn number(&mut self, number: u64) -> &mut Self {
        self.digits(number);
        self.ends.push(self.bytes.len());
        self
    }

    /// Adds a number with `places` (1 or 2) digits after the point, given in its smallest unit.
    pub(super) fn decimal(&mut self, number: u64, places: u8) -> &mut Self {
        let unit = if places == 1 { 10 } else { 100 };
        self.digits(number / unit);
        self.bytes.push(b'.');
        self.padded((number % unit) as u32, usize::from(places));
        self.ends.push(self.bytes.len());
        self
    }

    /// Adds a date, given as days of the common era, as yyyy-mm-dd.
    pub(super) fn date(&mut self, day: i32) -> &mut Self {
        let date = date_of(day);
        self.padded(date.year().unsigned_abs(), 4);
        self.bytes.push(b'-');
        self.padded(date.month(), 2);
        self.bytes.push(b'-');
        self.padded(date.day(), 2);
        self.ends.push(self.bytes.len());
        self
    }

    /// Adds a date or an empty field.
    pub(super) fn date_if(&mut self, day: Option<i32>) -> &mut Self {
        match day {
            Some(day) => self.date(day),
            None => self.blank(),
        }
    }

    fn digits(&mut self, mut number: u64) {
        let mut digits = [0; 20];
        let mut at = digits.len();
        loop {
            at -= 1;
            digits[at] = b'0' + (number % 10) as u8;
            number /= 10;
            if number == 0 {
                break;
            }
        }
        self.bytes.extend_from_slice(&digits[at..]);
    }

    fn padded(&mut self, mut number: u32, width: usize) {
        let from = self.bytes.len();
        self.bytes.resize(from + width, b'0');
        for place in (from..from + width).rev() {
            self.bytes[place] = b'0' + (number % 10) as u8;
            number /= 10;
        }
    }

    /// Number of fields.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The field in `column`; empty where there is none.
    pub(super) fn field(&self, column: usize) -> &[u8] {
        let Some(&end) = self.ends.get(column) else { return &[] };
        let from = column.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.bytes[from..end]
    }

    /// Puts `text` in the place of a field that is there.
    pub(super) fn replace(&mut self, column: usize, text: &[u8]) {
        let Some(&end) = self.ends.get(column) else { return };
        let from = column.checked_sub(1).map_or(0, |before| self.ends[before]);
        self.bytes.splice(from..end, text.iter().copied());
        for later in &mut self.ends[column..] {
            *later = *later - (end - from) + text.len();
        }
    }

    /// Takes away the last field.
    pub(super) fn shorten(&mut self) {
        self.ends.pop();
        self.bytes.truncate(self.ends.last().copied().unwrap_or(0));
    }

    /// Appends the row to `out` as a line of CSV.
    pub(super) fn write(&self, out: &mut Vec<u8>, style: Style) {
        let mut from = 0;
        for (column, &end) in self.ends.iter().enumerate() {
            if column > 0 {
                out.push(b',');
            }
            let field = &self.bytes[from..end];
            if style.quoted || (self.free_text && field.iter().any(|byte| b",\"\r\n".contains(byte))) {
                out.push(b'"');
                for &byte in field {
                    out.extend_from_slice(if byte == b'"' { b"\"\"" } else { std::slice::from_ref(&byte) });
                }
                out.push(b'"');
            } else {
                out.extend_from_slice(field);
            }
            from = end;
        }
        out.extend_from_slice(if style.crlf { b"\r\n" } else { b"\n" });
    }
}

/// The rows that one practice adds to one table, as bytes, with what was done to them.
pub(super) struct Sheet {
    pub(super) table: Table,
    pub(super) bytes: Vec<u8>,
    pub(super) rows: u64,
    pub(super) faults: Counts,
    style: Style,
    dirt: Option<Dirt>,
}

impl Sheet {
    /// An empty sheet; `opens` where it is the first of its file, which then starts with the header.
    pub(super) fn new(table: Table, style: Style, dirt: Option<Dirt>, opens: bool) -> Self {
        let mut sheet = Sheet { table, bytes: Vec::new(), rows: 0, faults: Counts::default(), style, dirt };
        if opens {
            if style.bom {
                sheet.bytes.extend_from_slice("\u{feff}".as_bytes());
            }
            let mut header = Row::default();
            for (name, _) in table.columns() {
                header.text(column(style.country, name));
            }
            header.write(&mut sheet.bytes, style);
        }
        sheet
    }

    /// Writes `row`, or what a careless sender would make of it.
    pub(super) fn put(&mut self, row: &mut Row) {
        if let Some(dirt) = &mut self.dirt
            && let Some(fault) = dirt.strike(row)
        {
            self.faults.add(fault);
            if fault.adds_a_row() {
                row.write(&mut self.bytes, self.style);
                self.rows += 1;
            }
            dirt.lay(fault, row);
        }
        row.write(&mut self.bytes, self.style);
        self.rows += 1;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn filled() -> Row {
        let mut row = Row::default();
        row.start().text("a").number(u64::MAX).decimal(1205, 2).decimal(7, 1).date(739_524).date_if(None).text("z");
        row
    }

    fn line(row: &Row, style: Style) -> String {
        let mut out = Vec::new();
        row.write(&mut out, style);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn numbers_and_dates_are_written_in_full() {
        let said = line(&filled(), Style::default());
        assert_eq!(said, format!("a,18446744073709551615,12.05,0.7,{},,z\n", date_of(739_524)));
    }

    #[test]
    fn replacing_and_shortening_move_the_fields_behind() {
        let mut row = filled();
        row.replace(1, b"");
        row.replace(0, b"longer");
        row.shorten();
        assert_eq!(line(&row, Style { crlf: true, ..Style::default() }).split(',').count(), 6);
        assert_eq!(
            (row.field(0), row.field(1), row.field(2), row.field(9)),
            (&b"longer"[..], &b""[..], &b"12.05"[..], &b""[..])
        );
    }

    proptest! {
        #[test]
        fn any_text_comes_back_through_a_csv_reader(fields in prop::collection::vec("[a-c,\"\r\n ]{0,6}", 2..6), quoted: bool) {
            let mut row = Row::default();
            for field in &fields {
                row.free(field);
            }
            let text = line(&row, Style { quoted, ..Style::default() });
            let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
            let records: Vec<_> = reader.records().map(Result::unwrap).collect();
            prop_assert_eq!(records.len(), 1);
            prop_assert_eq!(records[0].iter().collect::<Vec<_>>(), fields);
        }
    }
}
