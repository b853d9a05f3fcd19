//! Codes that stand for ranges of whole numbers: age bands, days of waiting, minutes.

use super::derived::Bins;

/// What one code stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Range {
    /// Everything below.
    Under(i64),
    /// Least and greatest.
    Between(i64, i64),
    /// Everything from here.
    From(i64),
}

/// `0 to 14`, `15-24`, `7`, `75 and over`, `75+` or `under 0`.
fn range(code: &str) -> Option<Range> {
    let number = |text: &str| text.trim().parse::<i64>().ok();
    if let Some(least) = code.strip_suffix("and over").or(code.strip_suffix('+')) {
        return number(least).map(Range::From);
    }
    if let Some(end) = code.strip_prefix("under ") {
        return number(end).map(Range::Under);
    }
    if let Some(only) = number(code) {
        return Some(Range::Between(only, only));
    }
    // A sign is no dash: `-5-3` says nothing that a person would read one way.
    let (least, greatest) = code.split_once(" to ").or_else(|| code.split_once('-'))?;
    let (least, greatest) = (number(least)?, number(greatest)?);
    (least <= greatest).then_some(Range::Between(least, greatest))
}

/// The bins that a list of codes begins with, after one code at most for what lies below them. `None` where there are not
/// two, one does not begin where the one before it ends, or the last has an end: then something may lie beyond.
pub(super) fn bins(codes: &[String]) -> Option<Bins> {
    let mut edges = Vec::new();
    let mut next = None;
    let mut first = 0;
    for (at, code) in codes.iter().enumerate() {
        let begins = |least: i64| next.is_none_or(|next| next == least);
        match range(code)? {
            Range::Under(end) if at == 0 => {
                first = 1;
                next = Some(end);
            }
            Range::Between(least, greatest) if begins(least) => {
                edges.push(least);
                next = Some(greatest.checked_add(1)?);
            }
            Range::From(least) if begins(least) => {
                edges.push(least);
                return (edges.len() > 1).then_some(Bins { first, edges });
            }
            _ => return None,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(codes: &[&str]) -> Option<(usize, Vec<i64>)> {
        let codes = codes.iter().map(|code| (*code).to_owned()).collect::<Vec<_>>();
        bins(&codes).map(|bins| (bins.first, bins.edges))
    }

    #[test]
    fn ranges_in_every_spelling() {
        assert_eq!(found(&["0 to 14", "15 to 74", "75 and over"]), Some((0, vec![0, 15, 75])));
        assert_eq!(found(&["0-14", "15-74", "75+"]), Some((0, vec![0, 15, 75])));
        assert_eq!(found(&["0", "1", "2 to 3", "4 and over"]), Some((0, vec![0, 1, 2, 4])));
        assert_eq!(found(&["under 7", "7 to 13", "14 and over"]), Some((1, vec![7, 14])));
        assert_eq!(found(&["-28 to -1", "0 and over"]), Some((0, vec![-28, 0])));
    }

    #[test]
    fn what_is_no_bin_may_follow_and_nothing_else() {
        assert_eq!(found(&["0 to 6", "7 and over", "not_yet"]), Some((0, vec![0, 7])));
        assert_eq!(found(&["not_yet", "0 to 6", "7 and over"]), None);
        assert_eq!(found(&["0 to 6", "other", "7 and over"]), None);
    }

    #[test]
    fn no_gap_no_overlap_and_no_end() {
        for codes in [
            &["0 to 6", "8 and over"][..],
            &["0 to 6", "6 and over"],
            &["0 to 6", "7 to 13"],
            &["0 and over"],
            &["under 0", "0 and over"],
            &["under 1", "0 to 6", "7 and over"],
            &["0 to 6", "under 7", "7 and over"],
            &["6 to 0", "7 and over"],
            &["0 to 9223372036854775807", "7 and over"],
            &["gp", "nurse"],
            &["0-5-9", "10+"],
            &[],
        ] {
            assert_eq!(found(codes), None, "{codes:?}");
        }
    }
}
