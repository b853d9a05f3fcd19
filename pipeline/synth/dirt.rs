//! The faults that real extracts hold, laid on rows that were right.
//!
//! Each fault is one that a sender makes. A careful reader can put right nine-digit CHIs, retired codes, stray spaces,
//! day-first dates and repeats (where a repeated identifier comes second, a day apart, within the same month; where a
//! patient comes twice, the second time with an earlier registration): these leave the true answers within reach. The
//! other faults lose something.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::contract::{Holds, Table};
use super::row::Row;
use super::streams::{Purpose, sub_stream};

/// Retired codes beside their successors: HSCPs recoded in 2018 and 2019, and fictional HSCPs and sub-ICBs.
pub(super) const RETIRED: [(&str, &str); 12] = [
    ("S37000014", "S37000032"),
    ("S37000023", "S37000033"),
    ("S37000015", "S37000034"),
    ("S37000021", "S37000035"),
    ("S37000801", "S37000901"),
    ("S37000802", "S37000902"),
    ("S37000803", "S37000903"),
    ("S37000804", "S37000904"),
    ("E38000801", "E38000901"),
    ("E38000802", "E38000902"),
    ("E38000803", "E38000903"),
    ("E38000804", "E38000904"),
];

/// One kind of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fault {
    BlankChi,
    NineDigitChi,
    WrongCheckDigit,
    LettersInChi,
    RetiredAreaCode,
    UnknownDataZone,
    WrongVintage,
    NoFixedAbode,
    StraySpaces,
    DayFirstDate,
    ImpossibleDate,
    DuplicateRow,
    DuplicateId,
    DuplicatePatient,
    UndeclaredCode,
    OtherCase,
    OutOfRange,
    NonNumeric,
    TooFewFields,
    TooManyFields,
    Unlinked,
}

impl Fault {
    /// Every fault, beside its name in `faults.csv`.
    pub(super) const ALL: [(Fault, &str); 21] = [
        (Fault::BlankChi, "blank_chi"),
        (Fault::NineDigitChi, "nine_digit_chi"),
        (Fault::WrongCheckDigit, "wrong_check_digit"),
        (Fault::LettersInChi, "letters_in_chi"),
        (Fault::RetiredAreaCode, "retired_area_code"),
        (Fault::UnknownDataZone, "unknown_data_zone"),
        (Fault::WrongVintage, "wrong_vintage"),
        (Fault::NoFixedAbode, "no_fixed_abode"),
        (Fault::StraySpaces, "stray_spaces"),
        (Fault::DayFirstDate, "day_first_date"),
        (Fault::ImpossibleDate, "impossible_date"),
        (Fault::DuplicateRow, "duplicate_row"),
        (Fault::DuplicateId, "duplicate_id"),
        (Fault::DuplicatePatient, "duplicate_patient"),
        (Fault::UndeclaredCode, "undeclared_code"),
        (Fault::OtherCase, "other_case"),
        (Fault::OutOfRange, "out_of_range"),
        (Fault::NonNumeric, "non_numeric"),
        (Fault::TooFewFields, "too_few_fields"),
        (Fault::TooManyFields, "too_many_fields"),
        (Fault::Unlinked, "unlinked"),
    ];

    /// The sender's row goes out as well as the faulty one.
    pub(super) fn adds_a_row(self) -> bool {
        matches!(self, Fault::DuplicateRow | Fault::DuplicateId | Fault::DuplicatePatient)
    }

    /// The column that the fault needs, and whether the row's value there will bear it.
    fn column(self, table: Table, row: &Row) -> Option<usize> {
        let holds = |kind: Holds, fits: &dyn Fn(&[u8]) -> bool| {
            table.columns().iter().enumerate().position(|(at, &(_, own))| own == kind && fits(row.field(at)))
        };
        let filled = |field: &[u8]| !field.is_empty();
        match self {
            // Organisations may leave the CHI blank.
            Fault::BlankChi if table == Table::Attendances => None,
            Fault::BlankChi | Fault::WrongCheckDigit | Fault::LettersInChi => holds(Holds::Chi, &filled),
            Fault::NineDigitChi => holds(Holds::Chi, &|chi| chi.first() == Some(&b'0')),
            Fault::RetiredAreaCode => holds(Holds::Area, &|area| RETIRED.iter().any(|(_, new)| new.as_bytes() == area)),
            Fault::UnknownDataZone | Fault::WrongVintage | Fault::NoFixedAbode => holds(Holds::Zone, &filled),
            Fault::StraySpaces | Fault::DuplicateRow | Fault::TooFewFields | Fault::TooManyFields => Some(0),
            Fault::DayFirstDate | Fault::ImpossibleDate => holds(Holds::Date, &filled),
            Fault::DuplicateId => holds(Holds::Id, &filled).and(holds(Holds::Date, &filled)),
            Fault::DuplicatePatient if table == Table::Patients => Some(5),
            Fault::DuplicatePatient => None,
            Fault::UndeclaredCode | Fault::OtherCase => holds(Holds::Code, &filled),
            Fault::OutOfRange | Fault::NonNumeric => holds(Holds::Number, &filled),
            Fault::Unlinked => holds(Holds::Link, &filled),
        }
    }
}

/// How many rows of each fault.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts([u64; Fault::ALL.len()]);

impl Counts {
    /// Counts one row.
    pub(super) fn add(&mut self, fault: Fault) {
        self.0[fault as usize] += 1;
    }

    /// The faults laid, by name.
    pub(super) fn laid(&self) -> impl Iterator<Item = (&'static str, u64)> {
        Fault::ALL.iter().zip(self.0).filter(|&(_, rows)| rows > 0).map(|(&(_, name), rows)| (name, rows))
    }
}

/// A careless hand over one table's rows of one practice.
pub(super) struct Dirt {
    rng: ChaCha8Rng,
    rate: f64,
    table: Table,
}

impl Dirt {
    /// None where `rate` is 0. `of` numbers the practice.
    pub(super) fn new(seed: u64, of: u64, table: Table, rate: f64) -> Option<Self> {
        let rng = || sub_stream(seed, of, Purpose::Dirt, table as u64);
        (rate > 0.0).then(|| Dirt { rng: rng(), rate, table })
    }

    /// Whether this row is to be faulty, and how: each fault that the row can bear is as likely as the others.
    pub(super) fn strike(&mut self, row: &Row) -> Option<Fault> {
        if !self.rng.random_bool(self.rate) {
            return None;
        }
        let mut fit = Fault::ALL.iter().filter(|(fault, _)| fault.column(self.table, row).is_some());
        let number = fit.clone().count().max(1);
        fit.nth(self.rng.random_range(0..number)).map(|&(fault, _)| fault)
    }

    /// Lays `fault` on `row`.
    pub(super) fn lay(&mut self, fault: Fault, row: &mut Row) {
        let Some(column) = fault.column(self.table, row) else { return };
        let own = row.field(column).to_vec();
        match fault {
            Fault::BlankChi => row.replace(column, b""),
            Fault::NineDigitChi => row.replace(column, own.get(1..).unwrap_or_default()),
            Fault::WrongCheckDigit => row.replace(column, &self.other_digit(own)),
            Fault::LettersInChi => row.replace(column, &self.lettered(own)),
            Fault::RetiredAreaCode => {
                let old = RETIRED.iter().find(|(_, new)| new.as_bytes() == own);
                old.into_iter().for_each(|(old, _)| row.replace(column, old.as_bytes()));
            }
            Fault::UnknownDataZone if own.starts_with(b"E") => row.replace(column, b"E99999999"),
            Fault::UnknownDataZone => row.replace(column, b"S01999999"),
            // The zones of 2001, which 2011 replaced; in England, zones of elsewhere.
            Fault::WrongVintage => {
                let zone = self.rng.random_range(1..=6_505);
                let country = own.first().copied().map_or('S', char::from);
                row.replace(column, format!("{country}01{zone:06}").as_bytes());
            }
            Fault::NoFixedAbode => row.replace(column, b"NFA"),
            Fault::StraySpaces => self.spaced(row),
            Fault::DayFirstDate => row.replace(column, &day_first(&own)),
            Fault::ImpossibleDate => {
                let year = own.get(..4).unwrap_or(b"2026");
                row.replace(column, &[b"31/02/", year].concat());
            }
            Fault::DuplicateRow => {}
            Fault::DuplicateId => self.nudge(row),
            Fault::DuplicatePatient => self.earlier(row, column),
            Fault::UndeclaredCode => row.replace(column, b"not_on_the_list"),
            Fault::OtherCase => {
                let other = own
                    .iter()
                    .map(|c| if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() });
                row.replace(column, &other.collect::<Vec<_>>());
            }
            Fault::OutOfRange => row.replace(column, if self.table == Table::Contacts { b"99999" } else { b"-1" }),
            Fault::NonNumeric => row.replace(column, b"about ten"),
            Fault::TooFewFields => row.shorten(),
            Fault::TooManyFields => {
                row.text("see notes");
            }
            Fault::Unlinked => self.unlink(row, column),
        }
    }

    /// Another last digit: valid numbers differ in more than that, so it is never right.
    fn other_digit(&mut self, mut chi: Vec<u8>) -> Vec<u8> {
        if let Some(last) = chi.last_mut() {
            *last = b'0' + (*last - b'0' + self.rng.random_range(1..10)) % 10;
        }
        chi
    }

    /// A letter O typed for some digit.
    fn lettered(&mut self, mut chi: Vec<u8>) -> Vec<u8> {
        let at = self.rng.random_range(0..chi.len().max(1));
        chi.get_mut(at).into_iter().for_each(|digit| *digit = b'O');
        chi
    }

    /// Blanks before and after some filled field.
    fn spaced(&mut self, row: &mut Row) {
        let filled: Vec<usize> = (0..row.len()).filter(|&column| !row.field(column).is_empty()).collect();
        let Some(&column) = filled.get(self.rng.random_range(0..filled.len().max(1))) else { return };
        let wide = [b"  ", row.field(column), b" "].concat();
        row.replace(column, &wide);
    }

    /// The same identifier a second time, with another date.
    fn nudge(&mut self, row: &mut Row) {
        let date = self.table.columns().iter().position(|&(_, holds)| holds == Holds::Date);
        if let Some(column) = date {
            let mut text = row.field(column).to_vec();
            // Days end in 0 to 8 or 9: the other one of a pair is always a day of the same month, the 1st apart.
            if let [.., tens, last] = text.as_mut_slice() {
                (*tens, *last) = match (*tens, *last) {
                    (b'0', b'1') => (b'0', b'2'),
                    (tens, b'0') => (tens - 1, b'9'),
                    (tens, last) => (tens, last - 1),
                };
            }
            row.replace(column, &text);
        }
    }

    /// The same patient a second time, as registered some years before: the later registration is the one that counts.
    fn earlier(&mut self, row: &mut Row, registered_on: usize) {
        let mut text = row.field(registered_on).to_vec();
        let year = String::from_utf8_lossy(text.get(..4).unwrap_or_default()).parse().unwrap_or(2000);
        let before = format!("{:04}", year - self.rng.random_range(1..4));
        text.splice(..4.min(text.len()), before.into_bytes());
        // No year but a leap year has this day.
        if text.ends_with(b"-02-29") {
            text.pop();
            text.push(b'8');
        }
        row.replace(registered_on, &text);
    }

    /// The organisation's own reference where the token belongs, and no CHI beside it.
    fn unlink(&mut self, row: &mut Row, link: usize) {
        let reference = self.rng.random_range(1000..100_000);
        row.replace(link, format!("OWN-{reference}").as_bytes());
        let chi = self.table.columns().iter().position(|&(_, holds)| holds == Holds::Chi);
        chi.into_iter().for_each(|column| row.replace(column, b""));
    }
}

/// yyyy-mm-dd as dd/mm/yyyy.
fn day_first(date: &[u8]) -> Vec<u8> {
    let parts: Vec<&[u8]> = date.split(|&byte| byte == b'-').rev().collect();
    parts.join(&b'/')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patient() -> Row {
        let mut row = Row::default();
        row.start().text("0101261117").text("10007").text("M").text("1926-01-01").text("S01900001");
        row.text("2024-02-29").blank();
        row
    }

    fn laid(fault: Fault, table: Table, row: &Row) -> Vec<String> {
        let (mut dirt, mut row) = (Dirt::new(1, 0, table, 0.5).unwrap(), row.clone());
        dirt.lay(fault, &mut row);
        (0..row.len()).map(|column| String::from_utf8_lossy(row.field(column)).into_owned()).collect()
    }

    #[test]
    fn faults_are_listed_in_the_order_of_their_numbers() {
        assert!(Fault::ALL.iter().enumerate().all(|(at, &(fault, _))| fault as usize == at));
    }

    #[test]
    fn each_fault_changes_what_it_says() {
        let of = |fault| laid(fault, Table::Patients, &patient());
        assert_eq!(of(Fault::BlankChi)[0], "");
        assert_eq!(of(Fault::NineDigitChi)[0], "101261117");
        assert!(of(Fault::WrongCheckDigit)[0] != "0101261117" && of(Fault::WrongCheckDigit)[0].len() == 10);
        assert!(of(Fault::LettersInChi)[0].contains('O'));
        assert_eq!(of(Fault::NoFixedAbode)[4], "NFA");
        assert!(of(Fault::WrongVintage)[4].as_str() < "S01006506");
        assert_eq!(of(Fault::DayFirstDate)[3], "01/01/1926");
        assert_eq!(of(Fault::ImpossibleDate)[3], "31/02/1926");
        assert_eq!(of(Fault::OtherCase)[2], "m");
        assert!(of(Fault::DuplicatePatient)[5].ends_with("-02-28"));
        assert_eq!((of(Fault::TooFewFields).len(), of(Fault::TooManyFields).len()), (6, 8));
        assert!(of(Fault::StraySpaces).iter().any(|field| field.starts_with("  ") && field.ends_with(' ')));
    }

    #[test]
    fn a_fault_is_laid_only_where_the_row_can_bear_it() {
        let mut row = patient();
        row.replace(0, b"3101261110");
        assert!(Fault::NineDigitChi.column(Table::Patients, &row).is_none());
        assert!(Fault::OutOfRange.column(Table::Patients, &row).is_none());
        assert!(Fault::DuplicateId.column(Table::Patients, &row).is_none());
        assert!(Fault::RetiredAreaCode.column(Table::Patients, &row).is_none());
    }

    #[test]
    fn a_repeated_identifier_has_another_date_of_the_same_month() {
        for (day, other) in [("01", "02"), ("10", "09"), ("31", "30"), ("20", "19")] {
            let mut row = Row::default();
            row.start().text("R1").text("0101261117").text("10007").text("CLP").text(format!("2026-07-{day}"));
            assert_eq!(laid(Fault::DuplicateId, Table::Referrals, &row)[4], format!("2026-07-{other}"));
        }
    }

    #[test]
    fn the_rate_is_kept_and_zero_is_clean() {
        assert!(Dirt::new(1, 0, Table::Patients, 0.0).is_none());
        let mut dirt = Dirt::new(1, 0, Table::Patients, 0.3).unwrap();
        let struck = (0..10_000).filter(|_| dirt.strike(&patient()).is_some()).count();
        assert!((2_700..3_300).contains(&struck), "{struck}");
    }
}
