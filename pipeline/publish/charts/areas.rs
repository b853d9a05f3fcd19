//! A figure of every area of a level, the highest first, held against the whole board.

use minijinja::context;

use super::rows::{Bar, Reference, rows};
use super::words::{Pair, Side, Span, compared, figure, heading, spoken};
use super::{Picture, Scene};
use crate::config::published::Published;
use crate::error::Result;
use crate::measure::grid::UNKNOWN;
use crate::publish::edition::MOST_AREAS;
use crate::publish::table::Row;

/// Of more areas than [`MOST_AREAS`], so many of the highest and as many of the lowest are drawn.
const ENDS: usize = 20;

/// One area's figure.
pub(super) struct Area<'a> {
    /// Its code.
    pub code: &'a str,
    /// Its name.
    pub name: String,
    /// Its figure as it is published.
    pub row: Row<'a>,
    /// The same as it is drawn.
    pub span: Option<Span>,
}

/// The figure of the whole board.
pub(super) struct Whole {
    /// Its name.
    pub name: String,
    /// Its figure.
    pub span: Span,
    /// The same in a sentence.
    pub text: String,
}

impl<'a> Scene<'a> {
    /// Every area's figure, the highest first; those without one after them, and what is of no known area last.
    pub(super) fn every_area(&self, words: &Published) -> Result<Vec<Area<'a>>> {
        let Some(block) = self.table.by(&words.name, &[]) else { return Ok(Vec::new()) };
        let areas = self.table.areas.iter().zip(&block.cells).map(|(code, cell)| {
            let row = block.row(*cell);
            let span = Span::of(&row);
            Ok(Area { code, name: self.name_of(self.level, code)?, row, span })
        });
        let mut areas = areas.collect::<Result<Vec<_>>>()?;
        let value = |it: &Area<'_>| it.span.map_or(f64::NEG_INFINITY, |span| span.value);
        areas.sort_by(|a, b| {
            let known = |it: &Area<'_>| it.code == UNKNOWN;
            known(a).cmp(&known(b)).then(value(b).total_cmp(&value(a))).then(a.name.cmp(&b.name))
        });
        Ok(areas)
    }

    /// The figure of the nearest coarser level that is one area.
    pub(super) fn whole(&self, words: &Published) -> Result<Option<Whole>> {
        for (level, table) in self.story.tables.iter().enumerate().take(self.level).rev() {
            let mut known = table.known_areas();
            let (Some((at, code)), None) = (known.next(), known.next()) else { continue };
            let row = table.by(&words.name, &[]).map(|block| block.row(block.cells[at]));
            if let Some((row, span)) = row.and_then(|row| Span::of(&row).map(|span| (row, span))) {
                return Ok(Some(Whole { name: self.name_of(level, code)?, span, text: spoken(&row, words) }));
            }
        }
        Ok(None)
    }

    /// What may be said of the areas.
    pub(super) fn said_of(&self, words: &Published, areas: &[Area<'_>], whole: Option<&Whole>) -> Result<String> {
        let known = areas.iter().filter(|it| it.code != UNKNOWN);
        let known = known.filter_map(|it| Some((it, it.span?))).collect::<Vec<_>>();
        let (title, label) = (&self.area_level().title, &words.words.label);
        let (Some(high), Some(low)) = (known.first(), known.last().filter(|_| known.len() > 1)) else {
            return self.pages.say("chart_no_comparison", context! { figure => label, place => title });
        };
        let mut says = Vec::new();
        if let Some(whole) = whole {
            let above = known.iter().filter(|(_, span)| span.is_above(whole.span)).count();
            let below = known.iter().filter(|(_, span)| whole.span.is_above(*span)).count();
            let said = context! {
                figure => label, whole => &whole.name, value => &whole.text, areas => known.len(),
                above => above, below => below, rest => known.len() - above - below,
            };
            says.push(self.pages.say("chart_areas", said)?);
        }
        let texts = [high, low].map(|(area, _)| spoken(&area.row, words));
        let sides = [0, 1].map(|at| {
            let (area, span) = [high, low][at];
            Side { name: &area.name, span: *span, text: &texts[at] }
        });
        says.push(compared(self.pages, words, title, sides, Pair::Ends)?);
        Ok(says.join(" "))
    }

    /// The table beside a picture of areas.
    pub(super) fn table_of<'b>(
        &self,
        words: &Published,
        areas: impl Iterator<Item = &'b Area<'b>>,
    ) -> (Vec<String>, Vec<Vec<String>>) {
        let rows = areas.map(|it| vec![it.name.clone(), figure(&it.row, words)]).collect();
        (vec![self.area_level().title.clone(), heading(words)], rows)
    }

    pub(super) fn areas(&self) -> Result<Option<Picture>> {
        let Some(words) = self.figures().first().copied() else { return Ok(None) };
        let areas = self.every_area(words)?;
        let known = areas.iter().filter(|it| it.code != UNKNOWN).count();
        if known == 0 {
            return Ok(None);
        }
        let whole = self.whole(words)?;
        let mut says = self.said_of(words, &areas, whole.as_ref())?;
        let given = areas.iter().filter(|it| it.code != UNKNOWN && it.span.is_some()).count();
        let kept = |at: usize| known <= MOST_AREAS || at < ENDS || (at + ENDS >= given && at < given) || at >= known;
        if known > MOST_AREAS {
            says += " ";
            says += &self.pages.say("chart_ends_alone", context! { ends => ENDS, areas => known })?;
        }
        let shown = areas.iter().enumerate().filter(|(at, _)| kept(*at)).map(|(_, it)| it).collect::<Vec<_>>();
        let bars = shown.iter().filter(|it| it.code != UNKNOWN || it.span.is_some_and(|span| span.value > 0.0));
        let bars = bars.map(|it| Bar {
            label: it.name.clone(),
            text: figure(&it.row, words),
            span: it.span,
            ..Bar::default()
        });
        let reference = match &whole {
            Some(Whole { name, span, text }) => {
                let label = self.pages.say("chart_reference", context! { whole => name, value => text })?;
                Some(Reference { label, span: *span })
            }
            None => None,
        };
        let (headings, table) = self.table_of(words, shown.iter().copied());
        let svg = rows(&self.name(None)?, &words.words.unit, &bars.collect::<Vec<_>>(), reference.as_ref())?;
        Ok(Some(Picture { svg, says, headings, rows: table, kind: "areas" }))
    }
}
