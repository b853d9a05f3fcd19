//! What the writer may have meant, and how to quote what they wrote.

/// The allowed word nearest to `written`, where one is near enough to be meant.
pub fn nearest<'a>(written: &str, allowed: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // A long word is compared at a cost of its length squared; nobody means one by it.
    if written.len() > 100 {
        return None;
    }
    let written = written.to_lowercase();
    let tolerance = (written.chars().count() / 3).clamp(1, 4);
    allowed
        .into_iter()
        .map(|word| (strsim::damerau_levenshtein(&written, &word.to_lowercase()), word))
        .filter(|(distance, word)| *distance <= tolerance && *distance < word.chars().count())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

/// Advice for an unknown word: the nearest allowed one, or the list where it is short enough to read.
pub fn advice<'a>(written: &str, allowed: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let allowed: Vec<&str> = allowed.into_iter().collect();
    if let Some(word) = nearest(written, allowed.iter().copied()) {
        return Some(format!("did you mean `{word}`?"));
    }
    match allowed.len() {
        0 => None,
        1 => Some(format!("the only one allowed here is `{}`", allowed[0])),
        2..=20 => Some(format!("allowed here: {}", list(&allowed))),
        many => Some(format!("allowed here: {} and {} more", list(&allowed[..20]), many - 20)),
    }
}

/// Words in backticks, with commas between.
pub fn list<S: AsRef<str>>(words: &[S]) -> String {
    words.iter().map(|word| format!("`{}`", word.as_ref())).collect::<Vec<_>>().join(", ")
}

/// What the writer wrote, in backticks, cut to a length that a line can hold and without control characters.
pub fn quote(written: &str) -> String {
    let mut shown: String = written.chars().take(60).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if written.chars().nth(60).is_some() {
        shown.push('…');
    }
    format!("`{shown}`")
}

/// Whether `name` can name a table, a column, a measure or a code dimension: lower case, digits, underscores.
/// Such names need no quoting in SQL, file names or headings.
pub fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.len() <= 64
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// A name as words: `referred_onward` is "Referred onward".
pub fn words(name: &str) -> String {
    let spaced = name.replace('_', " ");
    let mut chars = spaced.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => spaced,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_forgives_a_slip_but_not_another_word() {
        let allowed = ["simd_quintile", "reason", "area"];
        assert_eq!(nearest("simd_quintle", allowed), Some("simd_quintile"));
        assert_eq!(nearest("Area", allowed), Some("area"));
        assert_eq!(nearest("raeson", allowed), Some("reason"));
        assert_eq!(nearest("practice", allowed), None);
        assert_eq!(nearest("x", ["y"]), None, "one letter for another is no slip");
        assert_eq!(nearest(&"a".repeat(5000), allowed), None);
    }

    #[test]
    fn advice_lists_what_is_allowed_when_nothing_is_near() {
        assert_eq!(advice("zzz", ["a1", "b1"]).as_deref(), Some("allowed here: `a1`, `b1`"));
        assert_eq!(advice("zzz", []), None);
    }

    #[test]
    fn names_and_words() {
        assert!(is_name("simd2020v2") && is_name("chi"));
        assert!(!is_name("") && !is_name("2x") && !is_name("a-b") && !is_name("A") && !is_name("é"));
        assert_eq!(words("referred_onward"), "Referred onward");
        assert_eq!(quote("a\u{1b}[31mb"), "`a\u{fffd}[31mb`");
        assert!(quote(&"x".repeat(99)).ends_with("…`"));
    }
}
