//! One field of one row: text to a typed cell, with the rule that it breaks or the repair that it takes.
//! Pure functions over bytes; nothing here knows of files, rows or what happens next.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{Datelike, NaiveDate};

use super::rule::{Repair, Rule};
use super::{check_digit, linkage_key};
use crate::pseudonymise::Digest;

/// What a field turned into. `Blank` where the text was blank or could not be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cell<'a> {
    /// Nothing.
    Blank,
    /// Ten checked digits.
    Number([u8; 10]),
    /// An identifier or a text, as it stands.
    Bytes(&'a [u8]),
    /// A code's place in its list, a reference's row, days since 1970-01-01, or a whole number.
    Int(i64),
}

/// A field as read: its cell, what was mended, and the rule it breaks, if any.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Read<'a> {
    /// The value, as far as one could be read; what a `warn` keeps.
    pub cell: Cell<'a>,
    /// At most one repair beside spaces.
    pub repair: Option<Repair>,
    /// The first rule that the field breaks.
    pub breach: Option<Rule>,
}

impl<'a> Read<'a> {
    pub(super) fn good(cell: Cell<'a>) -> Self {
        Read { cell, repair: None, breach: None }
    }
    pub(super) fn mended(cell: Cell<'a>, repair: Repair) -> Self {
        Read { cell, repair: Some(repair), breach: None }
    }
    pub(super) fn bad(rule: Rule) -> Self {
        Read { cell: Cell::Blank, repair: None, breach: Some(rule) }
    }
}

/// How a column's text becomes a cell.
#[derive(Debug, Clone)]
pub enum Convert {
    /// Ten digits by modulus 11; nine get their leading zero back.
    TenDigits,
    /// A statistical linkage key, SLK-581.
    Slk581 {
        /// First and last day of birth, inclusive.
        born: (i64, i64),
    },
    /// A digest that a sender made: 64 hexadecimal digits.
    Digest {
        /// Digests that stand for a blank.
        of_nothing: Vec<Digest>,
    },
    /// Any text that is not blank.
    Token,
    /// A practice code; a row of the public practices, where those are given.
    PracticeCode {
        /// The public practices.
        practices: Option<Arc<Reference>>,
        /// `#` is a digit, `@` a capital letter; none where the code has the check digit of Scottish ones.
        pattern: Option<Vec<u8>>,
    },
    /// A place in a closed list.
    Code(Vec<Vec<u8>>),
    /// A row of a public table.
    Reference(Arc<Reference>),
    /// Days since 1970-01-01.
    Date {
        /// Also `dd/mm/yyyy`.
        day_first: bool,
        /// Least and greatest day, inclusive.
        between: (i64, i64),
    },
    /// A whole number of the smallest unit.
    Whole {
        /// Digits after the point that are kept.
        places: u8,
        /// Least and greatest, inclusive, in the smallest unit.
        between: (i64, i64),
    },
    /// A code of a known shape, kept as text.
    Area {
        /// `#` is a digit, `@` a capital letter; none where any text will do.
        pattern: Option<Vec<u8>>,
        /// Retired code to its successor.
        retired: HashMap<Vec<u8>, Vec<u8>>,
    },
    /// Text, kept as it is.
    Text,
}

/// A public table's keys, for those columns that refer to it.
#[derive(Debug, Default)]
pub struct Reference {
    /// Key to row.
    pub rows: HashMap<Vec<u8>, u32>,
    /// Retired code to its successor.
    pub retired: HashMap<Vec<u8>, Vec<u8>>,
    /// Codes that say "no known area".
    pub unknown: Vec<Vec<u8>>,
    /// Inclusive ranges of codes of vintages.
    pub vintages: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Convert {
    /// Reads one trimmed, non-blank field.
    pub fn read<'a>(&'a self, text: &'a [u8]) -> Read<'a> {
        match self {
            Convert::TenDigits => ten_digits(text),
            Convert::Slk581 { born } => linkage_key::read(text, *born),
            Convert::Digest { of_nothing } => digest(text, of_nothing),
            Convert::Token | Convert::Text => Read::good(Cell::Bytes(text)),
            Convert::PracticeCode { practices, pattern } => {
                practice_code(practices.as_deref(), pattern.as_deref(), text)
            }
            Convert::Code(codes) => code(codes, text),
            Convert::Reference(reference) => reference.read(text),
            Convert::Date { day_first, between } => date(text, *day_first, *between),
            Convert::Whole { places, between } => whole(text, *places, *between),
            Convert::Area { pattern, retired } => area(text, pattern.as_deref(), retired),
        }
    }
}

fn ten_digits(text: &[u8]) -> Read<'_> {
    if !text.iter().all(u8::is_ascii_digit) {
        return Read::bad(Rule::Type);
    }
    let (number, repair) = match text.len() {
        10 => (<[u8; 10]>::try_from(text).unwrap_or([b'0'; 10]), None),
        // A spreadsheet took the first 0 of a birthday on the 1st to the 9th.
        9 => {
            let mut number = [b'0'; 10];
            number[1..].copy_from_slice(text);
            (number, Some(Repair::LeadingZero))
        }
        _ => return Read::bad(Rule::Type),
    };
    match check_digit::modulus_11(&number) {
        true => Read { cell: Cell::Number(number), repair, breach: None },
        false => Read::bad(Rule::CheckDigit),
    }
}

/// Upper case is as good as lower: OpenPseudonymiser itself writes the one, most systems the other.
fn digest<'a>(text: &'a [u8], of_nothing: &[Digest]) -> Read<'a> {
    if text.len() != 64 || !text.iter().all(u8::is_ascii_hexdigit) {
        return Read::bad(Rule::Type);
    }
    match of_nothing.iter().any(|blank| blank.eq_ignore_ascii_case(text)) {
        true => Read::bad(Rule::Required),
        false => Read::good(Cell::Bytes(text)),
    }
}

fn code<'a>(codes: &[Vec<u8>], text: &[u8]) -> Read<'a> {
    if let Some(place) = codes.iter().position(|code| code == text) {
        return Read::good(Cell::Int(place as i64));
    }
    if let Some(place) = codes.iter().position(|code| code.eq_ignore_ascii_case(text)) {
        return Read::mended(Cell::Int(place as i64), Repair::Case);
    }
    match text.eq_ignore_ascii_case(b"unknown") {
        true => Read::good(Cell::Int(codes.len() as i64)),
        false => Read::bad(Rule::CodeList),
    }
}

/// Of a code that is not listed and breaks a rule of its own, that one is told: it says that the code was mistyped.
fn practice_code<'a>(practices: Option<&Reference>, pattern: Option<&[u8]>, text: &'a [u8]) -> Read<'a> {
    let read = practices.map_or(Read::good(Cell::Bytes(text)), |practices| practices.read(text));
    let breach = match pattern {
        Some(pattern) => (!has_shape(pattern, text)).then_some(Rule::Type),
        None => (!check_digit::practice_code(text)).then_some(Rule::CheckDigit),
    };
    Read { breach: breach.or(read.breach), ..read }
}

/// Whether a code has the shape of a pattern: `#` is a digit, `@` a capital letter, all else itself.
fn has_shape(pattern: &[u8], text: &[u8]) -> bool {
    let fits = |(shape, c): (&u8, &u8)| match shape {
        b'#' => c.is_ascii_digit(),
        b'@' => c.is_ascii_uppercase(),
        shape => shape == c,
    };
    pattern.len() == text.len() && pattern.iter().zip(text).all(fits)
}

impl Reference {
    fn read<'a>(&self, text: &[u8]) -> Read<'a> {
        if let Some(&row) = self.rows.get(text) {
            return Read::good(Cell::Int(row.into()));
        }
        if let Some(&row) = self.retired.get(text).and_then(|successor| self.rows.get(successor)) {
            return Read::mended(Cell::Int(row.into()), Repair::Retired);
        }
        if self.unknown.iter().any(|code| code.eq_ignore_ascii_case(text)) {
            return Read::mended(Cell::Blank, Repair::NoFixedAbode);
        }
        let upper = text.to_ascii_uppercase();
        if let Some(&row) = self.rows.get(&upper) {
            return Read::mended(Cell::Int(row.into()), Repair::Case);
        }
        let vintage = |(from, to): &(Vec<u8>, Vec<u8>)| from.len() == text.len() && (from..=to).contains(&&upper);
        Read::bad(if self.vintages.iter().any(vintage) { Rule::Vintage } else { Rule::Reference })
    }
}

fn date<'a>(text: &[u8], day_first: bool, (least, greatest): (i64, i64)) -> Read<'a> {
    let digits = |range: std::ops::Range<usize>| -> Option<u32> {
        text[range].iter().try_fold(0, |n, digit| digit.is_ascii_digit().then(|| n * 10 + u32::from(digit - b'0')))
    };
    let (parts, repair) = match text {
        [_, _, _, _, b'-', _, _, b'-', _, _] => ((digits(0..4), digits(5..7), digits(8..10)), None),
        // Some systems export a time of day with every date; midnight says nothing and is let go.
        [_, _, _, _, b'-', _, _, b'-', _, _, b' ' | b'T', time @ ..]
            if time.iter().all(|c| matches!(c, b'0' | b':' | b'.' | b'Z')) =>
        {
            ((digits(0..4), digits(5..7), digits(8..10)), None)
        }
        [_, _, b'/', _, _, b'/', _, _, _, _] if day_first => {
            ((digits(6..10), digits(3..5), digits(0..2)), Some(Repair::DayFirst))
        }
        _ => return Read::bad(Rule::Type),
    };
    let (Some(year), Some(month), Some(day)) = parts else { return Read::bad(Rule::Type) };
    let Some(date) = NaiveDate::from_ymd_opt(year as i32, month, day) else { return Read::bad(Rule::Date) };
    let days = days(date);
    let breach = (!(least..=greatest).contains(&days)).then_some(Rule::Range);
    Read { cell: Cell::Int(days), repair, breach }
}

/// Days since 1970-01-01: what Arrow's `Date32` holds.
pub fn days(date: NaiveDate) -> i64 {
    i64::from(date.num_days_from_ce()) - 719_163
}

fn whole<'a>(text: &[u8], places: u8, (least, greatest): (i64, i64)) -> Read<'a> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    let (before, after) = match digits.iter().position(|&c| c == b'.') {
        Some(point) => (&digits[..point], &digits[point + 1..]),
        None => (digits, &[][..]),
    };
    // Trailing zeros after the point carry nothing; a digit beyond the kept places would be lost, so it is refused.
    let after = &after[..after.len() - after.iter().rev().take_while(|&&c| c == b'0').count()];
    if before.is_empty() || after.len() > places.into() {
        return Read::bad(Rule::Type);
    }
    let padding = std::iter::repeat_n(&b'0', usize::from(places) - after.len());
    let mut number = 0i64;
    for &digit in before.iter().chain(after).chain(padding) {
        if !digit.is_ascii_digit() {
            return Read::bad(Rule::Type);
        }
        number = match number.checked_mul(10).and_then(|n| n.checked_add(i64::from(digit - b'0'))) {
            Some(number) => number,
            None => return Read::bad(Rule::Range),
        };
    }
    let number = if negative { -number } else { number };
    let breach = (!(least..=greatest).contains(&number)).then_some(Rule::Range);
    Read { cell: Cell::Int(number), repair: None, breach }
}

fn area<'a>(text: &'a [u8], pattern: Option<&[u8]>, retired: &'a HashMap<Vec<u8>, Vec<u8>>) -> Read<'a> {
    if let Some(successor) = retired.get(text) {
        return Read::mended(Cell::Bytes(successor), Repair::Retired);
    }
    if pattern.is_none_or(|pattern| has_shape(pattern, text)) {
        Read::good(Cell::Bytes(text))
    } else {
        Read::bad(Rule::Type)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn int(read: Read<'_>) -> Option<i64> {
        match read.cell {
            Cell::Int(n) => Some(n),
            _ => None,
        }
    }

    #[test]
    fn spec_of_ten_digits() {
        let good = Cell::Number(*b"0101010001");
        for (text, cell, repair, breach) in [
            ("0101010001", good, None, None),
            ("101010001", good, Some(Repair::LeadingZero), None),
            ("0101010002", Cell::Blank, None, Some(Rule::CheckDigit)),
            ("01010100", Cell::Blank, None, Some(Rule::Type)),
            ("01010100O1", Cell::Blank, None, Some(Rule::Type)),
            ("00101010001", Cell::Blank, None, Some(Rule::Type)),
        ] {
            assert_eq!(Convert::TenDigits.read(text.as_bytes()), Read { cell, repair, breach }, "{text}");
        }
    }

    #[test]
    fn spec_of_digests() {
        let digest = "ED72F814B7905F3D3958749FA90FE657C101EC657402783DB68CBE3513E76087";
        let blank = crate::pseudonymise::digest(b"", b"");
        let convert = Convert::Digest { of_nothing: vec![blank] };
        let cell = |text: &'static str| Read::good(Cell::Bytes(text.as_bytes()));
        assert_eq!(convert.read(digest.as_bytes()), cell(digest));
        let lower = "ed72f814b7905f3d3958749fa90fe657c101ec657402783db68cbe3513e76087";
        assert_eq!(convert.read(lower.as_bytes()), cell(lower));
        // A number where a digest belongs must never become a pseudonym.
        for wrong in ["9434765919", &digest[1..], &format!("{}G", &digest[1..]), &format!("{digest}0")] {
            assert_eq!(convert.read(wrong.as_bytes()), Read::bad(Rule::Type), "{wrong}");
        }
        assert_eq!(convert.read(&blank), Read::bad(Rule::Required));
        assert_eq!(convert.read(&blank.to_ascii_uppercase()), Read::bad(Rule::Required));
    }

    #[test]
    fn spec_of_dates() {
        let convert = Convert::Date { day_first: true, between: (0, 20_000) };
        for (text, day, repair, breach) in [
            ("1970-01-02", Some(1), None, None),
            ("02/01/1970", Some(1), Some(Repair::DayFirst), None),
            ("1970-01-02 00:00:00", Some(1), None, None),
            ("1970-01-02 00:01:00", None, None, Some(Rule::Type)),
            ("1970-02-30", None, None, Some(Rule::Date)),
            ("30/02/1970", None, None, Some(Rule::Date)),
            ("1969-12-31", Some(-1), None, Some(Rule::Range)),
            ("1970-1-2", None, None, Some(Rule::Type)),
            ("yesterday", None, None, Some(Rule::Type)),
            ("197O-01-02", None, None, Some(Rule::Type)),
        ] {
            let read = convert.read(text.as_bytes());
            assert_eq!((int(read), read.repair, read.breach), (day, repair, breach), "{text}");
        }
        let iso_only = Convert::Date { day_first: false, between: (0, 20_000) };
        assert_eq!(iso_only.read(b"02/01/1970").breach, Some(Rule::Type));
    }

    #[test]
    fn spec_of_whole_numbers() {
        let pence = Convert::Whole { places: 2, between: (0, 1_000_000) };
        for (text, number, breach) in [
            ("12", Some(1200), None),
            ("12.5", Some(1250), None),
            ("12.50", Some(1250), None),
            ("12.500", Some(1250), None),
            ("12.505", None, Some(Rule::Type)),
            ("-1", Some(-100), Some(Rule::Range)),
            ("99999999999999999999", None, Some(Rule::Range)),
            ("1e3", None, Some(Rule::Type)),
            (".5", None, Some(Rule::Type)),
            ("1,000", None, Some(Rule::Type)),
            ("-", None, Some(Rule::Type)),
        ] {
            let read = pence.read(text.as_bytes());
            assert_eq!((int(read), read.breach), (number, breach), "{text}");
        }
    }

    #[test]
    fn spec_of_codes_and_references() {
        let sex = Convert::Code(vec![b"F".to_vec(), b"M".to_vec()]);
        assert_eq!(int(sex.read(b"M")), Some(1));
        assert_eq!(sex.read(b"m").repair, Some(Repair::Case));
        assert_eq!(int(sex.read(b"unknown")), Some(2));
        assert_eq!(sex.read(b"X").breach, Some(Rule::CodeList));

        let bytes = |text: &str| text.as_bytes().to_vec();
        let zones = Convert::Reference(Arc::new(Reference {
            rows: HashMap::from([(bytes("S01000001"), 7)]),
            retired: HashMap::from([(bytes("S01000000"), bytes("S01000001"))]),
            unknown: vec![bytes("NFA")],
            vintages: vec![(bytes("S01000100"), bytes("S01000200"))],
        }));
        assert_eq!(int(zones.read(b"S01000001")), Some(7));
        assert_eq!(zones.read(b"S01000000").repair, Some(Repair::Retired));
        assert_eq!(zones.read(b"nfa"), Read { cell: Cell::Blank, repair: Some(Repair::NoFixedAbode), breach: None });
        assert_eq!(zones.read(b"s01000001").repair, Some(Repair::Case));
        assert_eq!(zones.read(b"S01000150").breach, Some(Rule::Vintage));
        assert_eq!(zones.read(b"S01000300").breach, Some(Rule::Reference));
    }

    #[test]
    fn spec_of_practice_codes() {
        let listed = |code: &str, row| (code.as_bytes().to_vec(), row);
        let rows = HashMap::from([listed("10002", 4), listed("10003", 5)]);
        let known = Convert::PracticeCode {
            practices: Some(Arc::new(Reference { rows, ..Reference::default() })),
            pattern: None,
        };
        for (text, cell, breach) in [
            ("10002", Cell::Int(4), None),
            // Published, whatever its check digit.
            ("10003", Cell::Int(5), Some(Rule::CheckDigit)),
            ("10021", Cell::Blank, Some(Rule::Reference)),
            ("1002", Cell::Blank, Some(Rule::CheckDigit)),
        ] {
            assert_eq!(known.read(text.as_bytes()), Read { cell, repair: None, breach }, "{text}");
        }
        let unknown = Convert::PracticeCode { practices: None, pattern: None };
        assert_eq!(unknown.read(b"10002"), Read::good(Cell::Bytes(b"10002")));
        assert_eq!(unknown.read(b"10003").breach, Some(Rule::CheckDigit));
        let english = Convert::PracticeCode { practices: None, pattern: Some(b"@#####".to_vec()) };
        assert_eq!(english.read(b"A81001"), Read::good(Cell::Bytes(b"A81001")));
        for wrong in ["a81001", "A8100", "A810011", "881001", "A8100B", "10002"] {
            assert_eq!(english.read(wrong.as_bytes()).breach, Some(Rule::Type), "{wrong}");
        }
        let rows = HashMap::from([listed("A81001", 4), listed("A1", 5)]);
        let listed = Some(Arc::new(Reference { rows, ..Reference::default() }));
        let english = Convert::PracticeCode { practices: listed, pattern: Some(b"@#####".to_vec()) };
        assert_eq!(english.read(b"A81001"), Read::good(Cell::Int(4)));
        assert_eq!(english.read(b"A1"), Read { cell: Cell::Int(5), repair: None, breach: Some(Rule::Type) });
        assert_eq!(english.read(b"A81002").breach, Some(Rule::Reference));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 1..24)) {
            for convert in [
                Convert::TenDigits,
                Convert::PracticeCode { practices: None, pattern: None },
                Convert::PracticeCode { practices: Some(Arc::default()), pattern: Some(b"@#####".to_vec()) },
                Convert::Slk581 { born: (-25_000, 20_000) },
                Convert::Digest { of_nothing: Vec::new() },
                Convert::Code(vec![b"F".to_vec()]),
                Convert::Reference(Arc::default()),
                Convert::Date { day_first: true, between: (0, 1) },
                Convert::Whole { places: 3, between: (i64::MIN, i64::MAX) },
                Convert::Area { pattern: Some(b"S01######".to_vec()), retired: HashMap::new() },
            ] {
                let read = convert.read(&bytes);
                prop_assert!(read.breach.is_none() || read.repair.is_none() || matches!(read.cell, Cell::Int(_)));
                // Neither key may be kept as it stands once it is known to be wrong.
                if matches!(convert, Convert::Slk581 { .. } | Convert::Digest { .. }) {
                    prop_assert!(read.breach.is_none() || read.cell == Cell::Blank);
                }
            }
        }

        #[test]
        fn dates_round_trip(day in 0i64..60_000) {
            let date = NaiveDate::from_num_days_from_ce_opt(day as i32 + 719_163).unwrap();
            let convert = Convert::Date { day_first: true, between: (0, 60_000) };
            prop_assert_eq!(int(convert.read(date.format("%Y-%m-%d").to_string().as_bytes())), Some(day));
            prop_assert_eq!(int(convert.read(date.format("%d/%m/%Y").to_string().as_bytes())), Some(day));
        }

        #[test]
        fn whole_numbers_round_trip(number: i64) {
            prop_assume!(number > i64::MIN);
            let convert = Convert::Whole { places: 0, between: (i64::MIN, i64::MAX) };
            prop_assert_eq!(int(convert.read(number.to_string().as_bytes())), Some(number));
        }
    }
}
