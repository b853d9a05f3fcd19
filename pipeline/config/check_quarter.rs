//! Which quarter is reported, and `{quarter}` in paths, which stands for it.

use super::board::FictionalYaml;
use super::check_board::Board;
use super::locate::within;
use super::quarter::Quarter;

/// What stands in a path for the reported quarter.
const QUARTER: &str = "{quarter}";

/// Most quarters that a series may have: ten years.
const MOST_QUARTERS: u32 = 40;

impl Board<'_> {
    /// The reported quarter: the one that was asked for, or that of the YAML, which must be right all the same.
    pub(super) fn quarter(&mut self) -> Option<Quarter> {
        let own = self.yaml.quarter.parse::<Quarter>();
        if let Err(message) = &own {
            self.complaints.push(self.document.value(&["quarter"], message));
        }
        let own = own.ok()?;
        let quarter = self.asked.unwrap_or(own);
        // Extracts in one folder are of one quarter: those of another would be made once, and then taken for all.
        let one_folder = |yaml: &FictionalYaml| !yaml.folder.to_string_lossy().contains(QUARTER);
        if quarter != own && self.yaml.fictional.as_ref().is_some_and(one_folder) {
            let help = format!("write `{QUARTER}` in the folder, and in the sources that are read from it");
            let message =
                format!("this folder holds the fictional extracts of one quarter, and {quarter} is asked for");
            self.complain(&["fictional", "folder"], &message, Some(help));
        }
        Some(quarter)
    }

    /// A path with the quarter in the place of every `{quarter}`. Nothing else may stand in braces: what looks like a
    /// place for something else would be read as a name.
    pub(super) fn in_quarter(&mut self, place: &[&str], path: &str) -> String {
        if let Some(at) = stray(path) {
            let complaint = match within(self.document, self.document.root.find(place), at) {
                Some(span) => self.document.at(span, "only `{quarter}` may stand in braces"),
                None => self.document.value(place, "only `{quarter}` may stand in braces"),
            };
            self.complaints.push(complaint.help("it is replaced by the reported quarter, as `2026-Q3`"));
        }
        match self.reported {
            Some(quarter) => path.replace(QUARTER, &quarter.to_string()),
            None => path.to_owned(),
        }
    }

    /// How many quarters a published series has at most.
    pub(super) fn series(&mut self) -> u32 {
        let series = self.yaml.publish.series;
        if series > MOST_QUARTERS {
            let message = format!("a series of {series} quarters is longer than {MOST_QUARTERS}");
            self.complain(&["publish", "series"], &message, Some("0 for none; 8 unless said".into()));
        }
        series
    }
}

/// The characters of a path that stand in braces and are not `{quarter}`, or a brace without its other half.
fn stray(path: &str) -> Option<std::ops::Range<usize>> {
    let characters = path.chars().collect::<Vec<_>>();
    let known = QUARTER.chars().collect::<Vec<_>>();
    let mut at = 0;
    while at < characters.len() {
        match characters[at] {
            '{' if characters[at..].starts_with(&known) => at += known.len(),
            '{' => {
                let end = characters[at..].iter().position(|it| *it == '}').map_or(at, |length| at + length);
                return Some(at..end + 1);
            }
            '}' => return Some(at..at + 1),
            _ => at += 1,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_stands_in_braces_by_characters() {
        for fine in ["", "a/b", "{quarter}", "é/{quarter}/{quarter}.csv"] {
            assert_eq!(stray(fine), None, "{fine}");
        }
        for (path, place) in [
            ("{board}", 0..7),
            ("é/{Quarter}/x", 2..11),
            ("{quarter}{", 9..10),
            ("a}b", 1..2),
            ("{}", 0..2),
            ("{{quarter}}", 0..10),
        ] {
            assert_eq!(stray(path), Some(place), "{path}");
        }
    }
}
