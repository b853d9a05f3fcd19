//! What the book shows against what a program said. Numbers and hashes may differ: noise is in some, the day in others.

/// A line without what may differ: numbers, hashes, and the widths of tables that follow from numbers. A quarter, and a
/// loss after its unit, are no such numbers.
fn masked(line: &str) -> String {
    let mut words = Vec::<String>::new();
    for word in line.split_whitespace() {
        let is_loss = words.last().is_some_and(|before| ["rho", "epsilon"].contains(&before.as_str()));
        let word = if is_loss || word.contains("-Q") { word.to_owned() } else { masked_word(word) };
        if word != "-" || words.last().is_none_or(|before| before != "-") {
            words.push(word);
        }
    }
    words.join(" ")
}

fn masked_word(word: &str) -> String {
    let bare = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    let is_hash = bare.len() >= 8 && bare.chars().all(|c| c.is_ascii_hexdigit());
    let is_number = word.starts_with(|c: char| c.is_ascii_digit())
        && bare.chars().all(|c| c.is_ascii_hexdigit() || ",.:-".contains(c));
    match word {
        _ if word.chars().all(|c| "─═-".contains(c)) => "-".into(),
        _ if is_hash || is_number => word.replacen(bare, "#", 1),
        _ => digits_masked(word),
    }
}

fn digits_masked(word: &str) -> String {
    let mut masked = String::new();
    for c in word.chars() {
        match c.is_ascii_digit() {
            true if masked.ends_with('#') => {}
            true => masked.push('#'),
            false => masked.push(c),
        }
    }
    masked.replace("#.#", "#").replace("#,#", "#")
}

/// Whether a line is as shown: `...` in what is shown stands for any text.
fn line_agrees(shown: &str, said: &str) -> bool {
    let (shown, said) = (masked(shown), masked(said));
    let parts = shown.split("...").map(str::trim).collect::<Vec<_>>();
    let [first, middle @ .., last] = parts.as_slice() else { return shown == said };
    let Some(mut rest) = said.strip_prefix(first) else { return false };
    for part in middle {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

/// Whether all that was said is as shown: a line of `...` alone stands for any number of lines.
pub fn agrees(shown: &[String], said: &[&str]) -> bool {
    match shown.split_first() {
        None => said.is_empty(),
        Some((dots, rest)) if dots.trim() == "..." => (0..=said.len()).any(|from| agrees(rest, &said[from..])),
        Some((line, rest)) => {
            said.split_first().is_some_and(|(first, said)| line_agrees(line, first) && agrees(rest, said))
        }
    }
}
