//! Figures as the page says them: with thousands apart, their unit, their interval and their symbol.

use minijinja::context;

use super::{Listing, Place};
use crate::config::published::{Holds, Published};
use crate::error::Result;
use crate::look::Pages;
use crate::publish::edition::Story;
use crate::publish::table::{Block, Row};
use crate::publish::text::thousands;

/// A figure in words, with its uncertainty: "1,234 people (95% range 1,180 to 1,290)".
pub(super) fn spoken(row: &Row<'_>, unit: &str, pages: &Pages) -> Result<String> {
    let number = |value: f64| thousands(&row.number(value));
    let symbol = row.symbols();
    let Some(value) = row.estimate.value.map(number) else {
        return pages.say("page_no_figure", context! { symbol });
    };
    // Where both ends are the value as it is shown, there is no range to tell of: figures of public tables are exact.
    let range = row.estimate.interval.map(|(lower, upper)| (number(lower), number(upper)));
    let (lower, upper) = range.filter(|(lower, upper)| lower != upper).unzip();
    pages.say("page_figure", context! { value, unit, lower, upper, symbol })
}

/// Every figure of a report over all values of its dimensions, for one place.
pub(super) fn key_figures(story: &Story, place: &Place, pages: &Pages) -> Result<Listing> {
    let (level, area) = place.at;
    let mut rows = Vec::new();
    for figure in &story.figures {
        if let Some(block) = story.block(level, &figure.name, &[]) {
            rows.push(row(figure, block, area, pages)?);
        }
    }
    let mut headings = Vec::new();
    for key in ["page_heading_figure", "page_heading_value", "page_heading_range"] {
        headings.push(pages.say(key, ())?);
    }
    Ok(Listing { caption: String::new(), headings, rows, download: String::new() })
}

fn row(figure: &Published, block: &Block, area: usize, pages: &Pages) -> Result<Vec<String>> {
    let row = block.row(block.of_area(area)[0]);
    let words = &figure.words;
    let label = pages.say("page_label", context! { label => &*words.label, unit => &*words.unit })?;
    let (symbol, number) = (row.symbols(), |value: f64| thousands(&row.number(value)));
    let value = row.estimate.value.map(|value| format!("{} {symbol}", number(value)));
    let range = match row.estimate.interval {
        _ if words.holds == Holds::Nothing && row.estimate.value.is_some() => pages.say("page_exact", ())?,
        Some((lower, upper)) if row.estimate.value.is_some() => {
            pages.say("page_range", context! { lower => number(lower), upper => number(upper) })?
        }
        _ => symbol.clone(),
    };
    Ok(vec![label, value.map_or(symbol, |value| value.trim().to_owned()), range])
}
