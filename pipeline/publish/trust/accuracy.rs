//! How near the truth counts are as they are published. It is read off the published intervals, and off nothing else.

use super::super::edition::Story;
use super::super::label::PublishedLabel;
use super::super::table::Block;
use crate::config::published::Holds;

/// Of every count of a report, at each level and by each set of dimensions: how far its intervals reach. Exact figures of
/// public tables have none, and a table of which nothing is published is left out.
pub fn published(story: &Story, measures: &[&str]) -> Vec<PublishedLabel> {
    let mut found = Vec::new();
    for table in &story.tables {
        for block in table.blocks.iter().filter(|block| measures.contains(&block.figure.as_str())) {
            let Some(words) = story.figure(&block.figure).map(|it| &it.words) else { continue };
            let mut reaches = reaches(block);
            if words.holds != Holds::Noise || reaches.is_empty() {
                continue;
            }
            let middle = (reaches.len() - 1) / 2;
            let (_, median, _) = reaches.select_nth_unstable_by(middle, f64::total_cmp);
            found.push(PublishedLabel {
                measure: block.figure.clone(),
                label: words.label.clone(),
                unit: words.unit.clone(),
                level: table.level.clone(),
                by: block.dimensions.iter().map(|dimension| dimension.name.clone()).collect(),
                interval_reach: *median,
                cells: reaches.len(),
            });
        }
    }
    found
}

/// From each published value to the farther end of its interval, as published files show them.
fn reaches(block: &Block) -> Vec<f64> {
    let reach = |estimate: &crate::estimate::Estimate| {
        let (value, (lower, upper)) = (estimate.value?, estimate.interval?);
        let row = block.row(*estimate);
        let [value, lower, upper] = [value, lower, upper].map(|it| row.rounded(it));
        Some(row.rounded((upper - value).max(value - lower)))
    };
    block.cells.iter().filter_map(reach).collect()
}
