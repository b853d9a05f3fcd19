//! The statistical linkage key SLK-581, for senders who hold no number of the person.
//!
//! As the Australian Institute of Health and Welfare defines it (METEOR, "Statistical linkage key 581 cluster"):
//! `XXXXXDDMMYYYYN`, which is the second, third and fifth letters of the family name, the second and third of the given
//! name, the date of birth, and the sex: 1 male, 2 female, 3 another, 9 not stated. A `2` stands in the place of each
//! letter that a short name lacks; a name that is not known is `999`, or `99`.
//!
//! It is weaker than a number: it is made of what neighbours know, and two people may share one.

use chrono::NaiveDate;

use super::cell::{Cell, Read, days};
use super::rule::{Repair, Rule};

/// Letters of the family name.
const FAMILY: usize = 3;
/// Letters of both names.
const NAMES: usize = 5;
/// Characters of the key.
const LENGTH: usize = 14;

/// Reads one key, in either case of letters; `born` is the first and last day of birth, inclusive.
///
/// A key without either name says only when someone was born and of what sex: it names nobody, and is refused.
pub fn read(text: &[u8], (first, last): (i64, i64)) -> Read<'_> {
    let Ok(key) = <&[u8; LENGTH]>::try_from(text) else { return Read::bad(Rule::Type) };
    let (family, given) = key[..NAMES].split_at(FAMILY);
    if !is_name(family) || !is_name(given) || key.starts_with(b"99999") {
        return Read::bad(Rule::Type);
    }
    let number = |digits: &[u8]| {
        digits.iter().try_fold(0u32, |n, digit| digit.is_ascii_digit().then(|| n * 10 + u32::from(digit - b'0')))
    };
    let (Some(day), Some(month), Some(year)) = (number(&key[5..7]), number(&key[7..9]), number(&key[9..13])) else {
        return Read::bad(Rule::Type);
    };
    let Some(born) = NaiveDate::from_ymd_opt(year as i32, month, day) else { return Read::bad(Rule::Date) };
    if !(first..=last).contains(&days(born)) {
        return Read::bad(Rule::Range);
    }
    match key[LENGTH - 1] {
        b'1' | b'2' | b'3' | b'9' if text.iter().any(u8::is_ascii_lowercase) => {
            Read::mended(Cell::Bytes(text), Repair::Case)
        }
        b'1' | b'2' | b'3' | b'9' => Read::good(Cell::Bytes(text)),
        _ => Read::bad(Rule::CodeList),
    }
}

/// Letters, then a `2` for each that the name is too short for; or `9` throughout.
fn is_name(letters: &[u8]) -> bool {
    let rest = letters.iter().skip_while(|c| c.is_ascii_alphabetic());
    rest.clone().all(|c| *c == b'2') || letters.iter().all(|c| *c == b'9')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn born() -> (i64, i64) {
        let day = |year, month, day| days(NaiveDate::from_ymd_opt(year, month, day).unwrap());
        (day(1901, 1, 1), day(2026, 9, 30))
    }

    /// The names' part by the definition, to hold the reader against.
    fn names(family: &str, given: &str) -> String {
        let letter = |name: &str, place: usize| {
            let mut letters = name.chars().filter(char::is_ascii_alphabetic);
            letters.nth(place - 1).map_or('2', |letter| letter.to_ascii_uppercase())
        };
        [(family, 2), (family, 3), (family, 5), (given, 2), (given, 3)]
            .map(|(name, at)| letter(name, at))
            .iter()
            .collect()
    }

    #[test]
    fn names_of_any_length_make_a_key_that_is_read() {
        // The first four family names are the definition's own examples.
        for (family, given, expected) in [
            ("Smith", "Jane", "MIHAN"),
            ("Jones", "Al", "ONSL2"),
            ("Farr", "J", "AR222"),
            ("Hua", "Joanne", "UA2OA"),
            ("O", "Jane", "222AN"),
            ("O'Bare", "Foo", "BAEOO"),
        ] {
            assert_eq!(names(family, given), expected);
            let key = format!("{expected}191220002");
            assert_eq!(read(key.as_bytes(), born()), Read::good(Cell::Bytes(key.as_bytes())), "{key}");
        }
    }

    #[test]
    fn spec_of_linkage_keys() {
        for (text, repair, breach) in [
            ("MIHAN191220001", None, None),
            ("MIHAN191220009", None, None),
            ("999AN191220003", None, None),
            ("MIH99191220003", None, None),
            ("MIHAN290220002", None, None),
            ("mihan191220002", Some(Repair::Case), None),
            ("99999191220002", None, Some(Rule::Type)),
            ("M2HAN191220002", None, Some(Rule::Type)),
            ("2IHAN191220002", None, Some(Rule::Type)),
            ("MI9AN191220002", None, Some(Rule::Type)),
            ("M-HAN191220002", None, Some(Rule::Type)),
            ("MIHAN19122000", None, Some(Rule::Type)),
            ("MIHAN1912200021", None, Some(Rule::Type)),
            ("MIHAN1912200O2", None, Some(Rule::Type)),
            ("MIHAN290219992", None, Some(Rule::Date)),
            ("MIHAN000020002", None, Some(Rule::Date)),
            ("MIHAN010119002", None, Some(Rule::Range)),
            ("MIHAN011020262", None, Some(Rule::Range)),
            ("MIHAN191220000", None, Some(Rule::CodeList)),
            ("MIHAN19122000F", None, Some(Rule::CodeList)),
            // A number where a key belongs must never become a pseudonym.
            ("0101010001", None, Some(Rule::Type)),
        ] {
            let cell = if breach.is_some() { Cell::Blank } else { Cell::Bytes(text.as_bytes()) };
            assert_eq!(read(text.as_bytes(), born()), Read { cell, repair, breach }, "{text}");
        }
    }
}
