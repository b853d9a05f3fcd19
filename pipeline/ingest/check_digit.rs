//! The check digits of the field's identifiers.

/// Whether ten ASCII digits end in their modulus-11 check digit: the rule of the CHI number and, alike, of the NHS
/// number (NHS Data Dictionary, "NHS number"; Public Health Scotland, `phsmethods::chi_check`).
///
/// With k = 11 - (sum of digit x weight 10..2) mod 11, the last digit is k, 0 where k is 11, and no number exists
/// where k is 10.
pub fn modulus_11(digits: &[u8; 10]) -> bool {
    let sum: u32 = digits[..9].iter().zip((2..=10).rev()).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    let check = match 11 - sum % 11 {
        10 => return false,
        11 => 0,
        k => k,
    };
    u32::from(digits[9] - b'0') == check
}

/// Whether five ASCII digits abcde keep the rule that holds for 911 known Scottish practice codes: with
/// r = (2a + 3b + 4c + 5d) mod 11, e is r, but 1 where r is 0 and 0 where r is 10.
///
/// The rule is published nowhere that we found, so a breach is worth a warning and no more.
pub fn practice_code(code: &[u8]) -> bool {
    if code.len() != 5 || !code.iter().all(u8::is_ascii_digit) {
        return false;
    }
    let sum: u32 = code[..4].iter().zip(2..).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    let check = match sum % 11 {
        0 => 1,
        10 => 0,
        r => r,
    };
    u32::from(code[4] - b'0') == check
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modulus_11_by_hand() {
        // 010101000?: 0x10+1x9+0x8+1x7+0x6+1x5+0+0+0 = 21; 21 mod 11 = 10; k = 1.
        assert!(modulus_11(b"0101010001"));
        assert!(!modulus_11(b"0101010002"));
        // 010101001?: 21 + 1x2 = 23; 23 mod 11 = 1; k = 10: no such number, whatever the last digit.
        for last in b'0'..=b'9' {
            let mut number = *b"0101010010";
            number[9] = last;
            assert!(!modulus_11(&number));
        }
        // All zeros: k = 11 becomes 0.
        assert!(modulus_11(b"0000000000"));
    }

    #[test]
    fn practice_code_by_hand() {
        // 1000?: 2; 1001? no: 2x1 = 2, so 10002. 0000?: r is 0, so 00001. 5000?: 10, so 50000.
        assert!(practice_code(b"10002"));
        assert!(practice_code(b"00001"));
        assert!(practice_code(b"50000"));
        assert!(!practice_code(b"10003"));
        assert!(!practice_code(b"1000"));
        assert!(!practice_code(b"1000a"));
    }

    #[test]
    fn one_wrong_digit_is_always_seen() {
        let good = *b"0101010001";
        for place in 0..10 {
            for digit in b'0'..=b'9' {
                let mut number = good;
                number[place] = digit;
                assert_eq!(modulus_11(&number), number == good, "{number:?}");
            }
        }
    }
}
