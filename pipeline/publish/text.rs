//! What several artefacts write alike: numbers with their thousands apart, symbols in brackets, text within markup.

/// A number with commas between its thousands: `-1234567.891` to `-1,234,567.891`.
pub(super) fn thousands(number: &str) -> String {
    let (whole, rest) = number.find('.').map_or((number, ""), |at| number.split_at(at));
    let (sign, digits) = whole.strip_prefix('-').map_or(("", whole), |digits| ("-", digits));
    let mut text = sign.to_owned();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text + rest
}

/// Symbols as a reader sees them, each in brackets of its own: `u r` to `[u] [r]`; nothing where there are none.
pub(super) fn bracketed(symbols: &str) -> String {
    symbols.split_whitespace().map(|symbol| format!("[{symbol}]")).collect::<Vec<_>>().join(" ")
}

/// Text as it stands in HTML, SVG and XML, within a tag or between two. A character that XML has no form for is a blank.
pub(super) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#x27;"),
            control if control.is_control() && !"\t\n\r".contains(control) => safe.push(' '),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_parted_before_the_point_alone() {
        let numbers = [("0", "0"), ("-7", "-7"), ("999", "999"), ("1000", "1,000"), ("-1234567.891", "-1,234,567.891")];
        for (number, text) in numbers.into_iter().chain([("12.3456", "12.3456"), ("100000", "100,000")]) {
            assert_eq!(thousands(number), text);
        }
    }

    #[test]
    fn every_symbol_has_brackets_of_its_own() {
        assert_eq!(["", "u", "low r"].map(bracketed), ["", "[u]", "[low] [r]"]);
    }

    #[test]
    fn text_cannot_end_its_place_in_markup() {
        assert_eq!(escaped("<a b=\"c\">it's & so\u{1}\n"), "&lt;a b=&quot;c&quot;&gt;it&#x27;s &amp; so \n");
    }
}
