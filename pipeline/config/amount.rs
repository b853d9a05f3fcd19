//! Amounts of privacy loss and shares, read exactly: "0.25", "1/4", "1e-7", "5%". The one reader of numbers: the ledger's
//! own text goes through it too.

use dashu::base::Sign;
use dashu::integer::{IBig, UBig};
use dashu::rational::RBig;

/// Longer than any decimal that anyone means.
const LONGEST: usize = 40;
/// Longer than the exact text of any charge in the ledger, which stays below 200 digits.
const LONGEST_FRACTION: usize = 1024;
/// Greatest power of ten, either way.
const GREATEST_POWER: i32 = 30;

/// Reads a plain decimal, a fraction of two whole numbers or a decimal with a power of ten, without rounding.
///
/// # Errors
/// What is wrong with it, as a clause that follows the text itself. Signs are refused: no amount is negative.
pub fn exact(text: &str) -> Result<RBig, &'static str> {
    if text.len() > if text.contains('/') { LONGEST_FRACTION } else { LONGEST } {
        return Err("is longer than any amount needs to be");
    }
    if let Some((over, under)) = text.split_once('/') {
        let (over, under) = (whole(over)?, whole(under)?);
        return if under == UBig::ZERO { Err("divides by zero") } else { Ok(ratio(over, under)) };
    }
    let (digits, power) = match text.split_once(['e', 'E']) {
        Some((digits, power)) => {
            let (negative, size) = match power.strip_prefix('-') {
                Some(size) => (true, size),
                None => (false, power.strip_prefix('+').unwrap_or(power)),
            };
            whole(size)?;
            let size: i32 = size.parse().map_err(|_| NOT_A_NUMBER)?;
            if !(0..=GREATEST_POWER).contains(&size) {
                return Err("has a power of ten out of all proportion");
            }
            (digits, if negative { -size } else { size })
        }
        None => (text, 0),
    };
    let (units, decimals) = digits.split_once('.').unwrap_or((digits, ""));
    if digits.ends_with('.') {
        return Err(NOT_A_NUMBER);
    }
    let value = whole(&format!("{units}{decimals}"))?;
    if units.is_empty() {
        return Err("needs a digit before the point");
    }
    let power = power - i32::try_from(decimals.len()).unwrap_or(i32::MAX);
    let ten = UBig::from(10u8).pow(usize::try_from(power.unsigned_abs()).unwrap_or(usize::MAX));
    Ok(if power < 0 { ratio(value, ten) } else { ratio(value * ten, UBig::ONE) })
}

const NOT_A_NUMBER: &str = "is not an amount; write it like \"0.25\", \"1/4\" or \"1e-7\"";

fn ratio(over: UBig, under: UBig) -> RBig {
    RBig::from_parts(IBig::from_parts(Sign::Positive, over), under)
}

fn whole(digits: &str) -> Result<UBig, &'static str> {
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(NOT_A_NUMBER);
    }
    UBig::from_str_radix(digits, 10).map_err(|_| NOT_A_NUMBER)
}

/// Reads a share written with a percent sign, as a fraction of one.
///
/// # Errors
/// What is wrong with it, as a clause that follows the text itself.
pub fn percent(text: &str) -> Result<f64, &'static str> {
    match percentage(text)? {
        share if share > 1.0 => Err("is more than 100%"),
        share => Ok(share),
    }
}

/// Reads a percentage of any size, as a fraction of one.
///
/// # Errors
/// As [`percent`].
pub fn percentage(text: &str) -> Result<f64, &'static str> {
    let digits = text.strip_suffix('%').ok_or("is not a share; write it with a percent sign, like \"5%\"")?;
    Ok((exact(digits.trim_end())? / RBig::from(100u8)).to_f64().value())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_exactly() {
        let quarter = RBig::from_parts(1.into(), 4u8.into());
        for text in ["0.25", "1/4", "25e-2", "2.5e-1", "0.0025E+2", "00.250", "2/8"] {
            assert_eq!(exact(text), Ok(quarter.clone()), "{text}");
        }
        assert_eq!(exact("1e-7"), Ok(RBig::from_parts(1.into(), 10_000_000u32.into())));
        // No binary fraction is a tenth; ten of these are one all the same.
        assert_eq!(exact("0.1").unwrap() * RBig::from(10u8), RBig::ONE);
    }

    #[test]
    fn refuses_what_is_no_amount() {
        for text in [
            "",
            "x",
            "-1",
            "+1",
            "inf",
            "NaN",
            ".5",
            "1.",
            "1/0",
            "1/-2",
            "1/2/3",
            "1e",
            "1e999",
            "1e-999999999999",
            "1e31",
            "1e-31",
            "1 /2",
            "٣",
            "e5",
            "1.2/3",
            "0x1",
            "1e--1",
            "1e-+1",
        ] {
            assert!(exact(text).is_err(), "{text}");
        }
        assert!(exact(&"9".repeat(41)).is_err());
        assert!(exact(&format!("1/{}", "9".repeat(1022))).is_ok());
        assert!(exact(&format!("1/{}", "9".repeat(1023))).is_err());
    }

    #[test]
    fn percentages() {
        assert_eq!(percent("2%"), Ok(0.02));
        assert_eq!(percent("0%"), Ok(0.0));
        assert!(percent("0.02").is_err() && percent("101%").is_err() && percent("-1%").is_err());
        assert_eq!((percent("100%"), percentage("250%")), (Ok(1.0), Ok(2.5)));
        assert!(percent("100.0000001%").is_err() && percentage("2.5").is_err());
    }
}
