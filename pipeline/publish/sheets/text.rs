//! Text as both formats take it.

use std::collections::HashSet;

/// The most UTF-16 units that a cell of either format is sure to keep.
pub const LONGEST: usize = 32_767;

/// And a heading of an Excel table.
pub const LONGEST_HEADING: usize = 255;

/// What stands for text that is not there: no cell is blank.
pub const NOTHING: &str = "[x]";

/// Text for a cell: of one line, with nothing that XML refuses, no longer than a cell may be, and never empty.
pub fn cell(text: &str) -> String {
    clipped(&line(text), LONGEST)
}

/// Headings of one table: each as a cell, and none like another, whatever the case of their letters.
pub fn headings(texts: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut seen = HashSet::new();
    let distinct = |text: String| {
        let text = line(&text);
        // Room for a number.
        let first = clipped(&text, LONGEST_HEADING - 10);
        let others = (2..).map(|n| format!("{first} ({n})"));
        let mut tried = [first.clone()].into_iter().chain(others);
        tried.find(|heading| seen.insert(heading.to_lowercase())).unwrap_or(first)
    };
    texts.into_iter().map(distinct).collect()
}

/// White space becomes single spaces, and what XML 1.0 has no character for is seen to be lost.
fn line(text: &str) -> String {
    let joined = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let kept = joined.chars().map(|c| if c.is_control() || "\u{fffe}\u{ffff}".contains(c) { '\u{fffd}' } else { c });
    let kept = kept.collect::<String>();
    if kept.is_empty() { NOTHING.to_owned() } else { kept }
}

/// Text of at most so many UTF-16 units; where it is cut, it ends in a mark that says so.
fn clipped(text: &str, most: usize) -> String {
    // No text has more UTF-16 units than bytes.
    if text.len() <= most || text.encode_utf16().count() <= most {
        return text.to_owned();
    }
    let mut room = most - 1;
    let kept = text.chars().take_while(|c| {
        let fits = c.len_utf16() <= room;
        room = room.saturating_sub(c.len_utf16());
        fits
    });
    kept.chain(['…']).collect()
}

/// How many lines text takes in a column of so many characters, broken between words: no fewer than it does.
pub fn lines(text: &str, width: u16) -> u32 {
    let (mut lines, mut used, width) = (1, 0, usize::from(width).max(1));
    for word in text.split(' ').map(|word| word.chars().count()) {
        let more = if used == 0 { word } else { used + 1 + word };
        if more <= width {
            used = more;
            continue;
        }
        // A word that is longer than a line is broken within.
        lines += usize::from(used > 0) + word.saturating_sub(1) / width;
        used = word - word.saturating_sub(1) / width * width;
    }
    u32::try_from(lines).unwrap_or(u32::MAX)
}

/// A title as it stands within a sentence: "Age band" to "age band", and "SIMD quintile" as it is.
pub fn within(title: &str) -> String {
    let mut letters = title.chars();
    match (letters.next(), letters.clone().next()) {
        (Some(first), Some(second)) if second.is_lowercase() => first.to_lowercase().chain(letters).collect(),
        _ => title.to_owned(),
    }
}
