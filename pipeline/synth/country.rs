//! The contract in the words and codes of the country that the fictional board is in. Everything is planned in Scottish
//! ones, so that a seed makes the same people and events in either.

use super::areas::Areas;
use super::chi::weighted;
use crate::config::country::Country;

/// Distinct numbers that [`nhs_number`] has.
pub(super) const NHS_NUMBERS: u64 = 900_000;
/// Coprime to [`NHS_NUMBERS`], so that stepping by it meets each number once.
const STRIDE: u64 = 376_543;

/// Scottish column names and the English ones.
const ENGLISH: [(&str, &str); 15] = [
    ("chi", "nhs_number"),
    ("clp_id", "link_worker_id"),
    ("data_zone", "lsoa"),
    ("intermediate_zone", "msoa"),
    ("council_area", "local_authority"),
    ("hscp", "sub_icb"),
    ("health_board", "icb"),
    ("simd_rank", "imd_rank"),
    ("simd_decile", "imd_decile"),
    ("simd_quintile", "imd_quintile"),
    ("simd_quintile_within_health_board", "imd_quintile_within_icb"),
    ("intermediate_zone_name", "msoa_name"),
    ("hscp_name", "sub_icb_name"),
    ("council_area_name", "local_authority_name"),
    ("health_board_name", "icb_name"),
];

/// What a column of the contract is called in the country's extracts.
pub(super) fn column(country: Country, name: &'static str) -> &'static str {
    let english = ENGLISH.iter().find(|(scottish, _)| country == Country::England && *scottish == name);
    english.map_or(name, |(_, english)| english)
}

/// The file of the area lookup.
pub(super) fn lookup_file(country: Country) -> &'static str {
    match country {
        Country::Scotland => "public/data_zones.csv",
        Country::England => "public/lsoas.csv",
    }
}

/// The practice code of four digits, the first of them not 0.
pub(super) fn practice_code(country: Country, four: u32) -> String {
    match country {
        Country::Scotland => scottish_practice_code(four),
        // The shape of an ODS code. General practices have other letters.
        Country::England => format!("X9{four:04}"),
    }
}

/// Four digits and the check digit that Scottish practice codes carry.
fn scottish_practice_code(four: u32) -> String {
    let sum = 2 * (four / 1000) + 3 * (four / 100 % 10) + 4 * (four / 10 % 10) + 5 * (four % 10);
    let check = match sum % 11 {
        0 => 1,
        10 => 0,
        other => other,
    };
    format!("{four:04}{check}")
}

/// The NHS number of the `index`th person, below [`NHS_NUMBERS`]: it starts with 999, as test numbers do and nobody's own.
pub(super) fn nhs_number(index: u64) -> [u8; 10] {
    let place = index % NHS_NUMBERS * STRIDE % NHS_NUMBERS;
    let mut number = *b"9990000000";
    let mut rest = place / 9;
    for digit in number[3..8].iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    // Of the ten ninth digits at most one has no check digit.
    let mut left = place % 9;
    for ninth in b'0'..=b'9' {
        number[8] = ninth;
        let check = (11 - weighted(&number) % 11) % 11;
        if check == 10 {
            continue;
        }
        number[9] = b'0' + check as u8;
        if left == 0 {
            break;
        }
        left -= 1;
    }
    number
}

/// Gives areas the codes of the country, in the ranges that no real area has. An English local authority holds two
/// neighbourhoods, and may so lie in two sub-ICBs.
pub(super) fn recode(country: Country, areas: &mut Areas) {
    if country == Country::Scotland {
        return;
    }
    let recoded = |code: &str, prefix: &str| format!("{prefix}{}", code.get(3..).unwrap_or_default());
    let (mut neighbourhoods, mut last) = (0, String::new());
    for zone in &mut areas.zones {
        if zone.intermediate != last {
            neighbourhoods += 1;
            last.clone_from(&zone.intermediate);
        }
        zone.council = format!("E07{:06}", 900 + (neighbourhoods + 1) / 2);
        zone.code = recoded(&zone.code, "E01");
        zone.intermediate = recoded(&zone.intermediate, "E02");
    }
    areas.hscps.iter_mut().for_each(|group| group.code = recoded(&group.code, "E38"));
    areas.boards.iter_mut().for_each(|group| group.code = recoded(&group.code, "E54"));
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet, HashSet};

    use super::*;

    #[test]
    fn practice_codes_carry_their_check_digit() {
        // 2 + 3x0 + 4x0 + 5x2 = 12, 1 over; 2 + 5x4 = 22, nothing over; 2 + 3 + 5 = 10.
        assert_eq!([1002, 1004, 1101].map(|four| practice_code(Country::Scotland, four)), ["10021", "10041", "11010"]);
        assert_eq!(practice_code(Country::England, 1002), "X91002");
    }

    #[test]
    fn nhs_numbers_are_valid_test_numbers_and_no_two_alike() {
        let mut seen = HashSet::new();
        for index in 0..NHS_NUMBERS {
            let number = nhs_number(index);
            let sum: u32 =
                number.iter().zip((1..=10).rev()).map(|(&digit, weight)| u32::from(digit - b'0') * weight).sum();
            assert!(number.iter().all(u8::is_ascii_digit) && number.starts_with(b"999") && sum.is_multiple_of(11));
            assert!(seen.insert(number));
        }
    }

    #[test]
    fn english_areas_are_the_scottish_ones_by_other_codes() {
        let scottish = super::super::areas::imagine(20_000, 1);
        let mut english = super::super::areas::imagine(20_000, 1);
        recode(Country::England, &mut english);
        for (s, e) in scottish.zones.iter().zip(&english.zones) {
            assert_eq!((&s.code[3..], &s.intermediate[3..]), (&e.code[3..], &e.intermediate[3..]));
            assert!(e.code.starts_with("E01") && e.intermediate.starts_with("E02") && e.council.starts_with("E07"));
        }
        assert_eq!(english.boards[0].code, "E54000901");
        // Nine neighbourhoods make five local authorities, of which one lies in two of the three sub-ICBs.
        let mut within = BTreeMap::<&str, BTreeSet<usize>>::new();
        english.zones.iter().for_each(|zone| _ = within.entry(&zone.council).or_default().insert(zone.hscp));
        assert_eq!((within.len(), within.values().filter(|hscps| hscps.len() == 2).count()), (5, 1));
    }
}
