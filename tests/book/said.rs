//! What the book shows against what a program said. Numbers and hashes may differ: noise is in some, the day in others.

/// A line without what may differ: numbers, hashes, and the widths of tables that follow from numbers.
fn masked(line: &str) -> String {
    let is_part = |c: char| c.is_ascii_hexdigit() || ",.:-".contains(c);
    let words = line.split_whitespace().map(|word| {
        let bare = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        let is_hash = bare.len() >= 8 && bare.chars().all(|c| c.is_ascii_hexdigit());
        match word {
            _ if word.chars().all(|c| "─═-".contains(c)) => "-".into(),
            _ if is_hash || (word.starts_with(|c: char| c.is_ascii_digit()) && bare.chars().all(is_part)) => {
                word.replacen(bare, "#", 1)
            }
            _ => digits_masked(word),
        }
    });
    let mut words = words.collect::<Vec<String>>();
    words.dedup_by(|word, before| word == "-" && before == "-");
    words.join(" ")
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
