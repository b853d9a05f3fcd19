//! A figure, or several of one unit, by the values of one dimension; and a funnel by its stages.

use minijinja::context;

use super::rows::{Bar, rows};
use super::words::{Side, Span, compared, figure, heading, spoken};
use super::{Picture, Scene, at};
use crate::config::published::Published;
use crate::error::Result;
use crate::measure::grid::UNKNOWN;
use crate::publish::table::{Block, Row};

/// More values than this are not drawn, and the picture's words say so.
const MOST_VALUES: usize = 40;

/// A value of the dimension: its words, and each figure's row of it.
struct Value<'a> {
    code: &'a str,
    label: String,
    rows: Vec<Option<Row<'a>>>,
}

impl Value<'_> {
    /// What is not known is drawn only where it is something.
    fn is_drawn(&self) -> bool {
        let spans = self.rows.iter().flatten().filter_map(Span::of);
        self.code != UNKNOWN || spans.into_iter().any(|it| it.value > 0.0)
    }
}

impl<'a> Scene<'a> {
    /// By the values of a dimension, in one area.
    pub(super) fn bars(&self, by: &str, area: usize) -> Result<Option<Picture>> {
        let figures = self.figures();
        let blocks = figures.iter().map(|it| self.table.by(&it.name, &[by])).collect::<Option<Vec<_>>>();
        let (Some(place), Some(blocks), Some(dimension)) =
            (self.place(area)?, blocks.filter(|it| !it.is_empty()), self.story.dimension(by))
        else {
            return Ok(None);
        };
        let values = codes(&blocks).into_iter().map(|code| Value {
            code,
            label: dimension.label(code).to_owned(),
            rows: blocks.iter().map(|block| Some(block.row(block.of_area(area)[at(block, code)?]))).collect(),
        });
        let values = values.collect::<Vec<_>>();
        let drawn = values.iter().filter(|it| it.is_drawn()).take(MOST_VALUES).collect::<Vec<_>>();
        let bars = drawn.iter().flat_map(|value| grouped(value, &figures)).collect::<Vec<_>>();
        let unit = &figures[0].words.unit;
        let mut says = self.said(by, &dimension.title, &place, &figures, &drawn)?;
        let known = values.iter().filter(|it| it.is_drawn()).count();
        if known > MOST_VALUES {
            says.push(self.pages.say("chart_cut", context! { drawn => MOST_VALUES, all => known })?);
        }
        let headings = [dimension.title.clone()].into_iter().chain(figures.iter().map(|it| heading(it)));
        let row = |value: &Value<'_>| {
            let cells = value.rows.iter().zip(&figures);
            let cells = cells.map(|(row, words)| row.as_ref().map_or_else(|| "[z]".into(), |row| figure(row, words)));
            [value.label.clone()].into_iter().chain(cells).collect()
        };
        Ok(Some(Picture {
            svg: rows(&self.name(Some(&place))?, unit, &bars, None)?,
            says: says.join(" "),
            headings: headings.collect(),
            rows: values.iter().map(row).collect(),
            kind: "bars",
        }))
    }

    /// A sentence a figure: of bands their ends, of other values the highest and the lowest.
    fn said(
        &self,
        by: &str,
        title: &str,
        place: &str,
        figures: &[&Published],
        drawn: &[&Value<'_>],
    ) -> Result<Vec<String>> {
        let is_band = self.edition.bands.iter().any(|it| it == by);
        let mut sentences = Vec::new();
        for (series, words) in figures.iter().enumerate() {
            let known = drawn.iter().filter(|it| it.code != UNKNOWN);
            let known = known.filter_map(|it| Some((*it, it.rows[series].as_ref()?)));
            let known = known.filter_map(|(it, row)| Some((it, row, Span::of(row)?))).collect::<Vec<_>>();
            let pair = match is_band {
                true => known.first().zip(known.last()),
                false => {
                    let by_value = |a: &&(_, _, Span), b: &&(_, _, Span)| a.2.value.total_cmp(&b.2.value);
                    known.iter().max_by(by_value).zip(known.iter().min_by(by_value))
                }
            };
            let label = &words.words.label;
            let Some((a, b)) = pair.filter(|_| known.len() > 1) else {
                sentences.push(self.pages.say("chart_no_comparison", context! { figure => label, place => place })?);
                continue;
            };
            let named = |label: &str| match label.starts_with(|c: char| c.is_ascii_digit()) && is_band {
                true => format!("{title} {label}"),
                false => label.to_owned(),
            };
            let (names, texts) = ([a, b].map(|it| named(&it.0.label)), [a, b].map(|it| spoken(it.1, words)));
            let side = |at: usize, span| Side { name: &names[at], span, text: &texts[at] };
            sentences.push(compared(self.pages, label, place, [side(0, a.2), side(1, b.2)], !is_band)?);
        }
        Ok(sentences)
    }

    /// By the stages of a funnel, in one area.
    pub(super) fn funnel(&self, area: usize) -> Result<Option<Picture>> {
        let Some(words) = self.figures().first().copied() else { return Ok(None) };
        let share = self.story.figure(&format!("{}_share", words.name));
        let stage = share.and_then(|it| it.by.iter().find_map(|set| Some(set.first()?).filter(|_| set.len() == 1)));
        let parts = share.zip(stage).and_then(|(share, stage)| {
            let block = |name: &str| self.table.by(name, &[stage.as_str()]);
            Some((share, self.story.dimension(stage)?, block(&words.name)?, block(&share.name)?))
        });
        let (Some((share, dimension, people, shares)), Some(place)) = (parts, self.place(area)?) else {
            return Ok(None);
        };
        let (mut bars, mut table, mut said) = (Vec::new(), Vec::new(), Vec::new());
        for code in codes(&[people]).into_iter().filter(|code| *code != UNKNOWN) {
            let row = |block: &'a Block| Some(block.row(block.of_area(area)[at(block, code)?]));
            let (Some(count), Some(part)) = (row(people), row(shares)) else { continue };
            let (label, text) = (dimension.label(code).to_owned(), figure(&count, words));
            let per_cent = part.estimate.value.map(|value| format!("{}%, ", part.number(value)));
            bars.push(Bar {
                label: label.clone(),
                text: format!("{}{text}", per_cent.unwrap_or_default()),
                span: Span::of(&count),
                ..Bar::default()
            });
            said.push((label.clone(), spoken(&count, words), spoken(&part, share)));
            table.push(vec![label, text, figure(&part, share)]);
        }
        let (Some(first), Some(last)) = (said.first(), said.last()) else { return Ok(None) };
        let says = context! {
            figure => &words.words.label, place => &place, first => &first.0, first_value => &first.1,
            last => &last.0, last_value => &last.1, share => &last.2,
        };
        Ok(Some(Picture {
            svg: rows(&self.name(Some(&place))?, &words.words.unit, &bars, None)?,
            says: self.pages.say("chart_funnel", says)?,
            headings: vec![dimension.title.clone(), heading(words), heading(share)],
            rows: table,
            kind: "funnel",
        }))
    }
}

/// The values of several blocks, in order, `unknown` last.
fn codes<'a>(blocks: &[&'a Block]) -> Vec<&'a str> {
    let mut codes: Vec<&str> = Vec::new();
    for value in blocks.iter().filter_map(|block| block.dimensions.first()).flat_map(|it| &it.values) {
        if !codes.contains(&value.as_str()) {
            codes.push(value);
        }
    }
    codes.sort_by_key(|code| *code == UNKNOWN);
    codes
}

/// The bars of one value: one figure under the value's own label, several under their own.
fn grouped(value: &Value<'_>, figures: &[&Published]) -> Vec<Bar> {
    let several = figures.len() > 1;
    let same = shared(figures);
    let bar = |(series, (row, words)): (usize, (&Option<Row<'_>>, &&Published))| Bar {
        heading: (several && series == 0).then(|| value.label.clone()),
        label: if several { words.words.label[same..].to_owned() } else { value.label.clone() },
        text: row.as_ref().map_or_else(|| "[z]".into(), |row| figure(row, words)),
        span: row.as_ref().and_then(Span::of),
        series,
    };
    value.rows.iter().zip(figures).enumerate().map(bar).collect()
}

/// How much all labels begin with in common, up to a colon: what the title says already.
pub(super) fn shared(figures: &[&Published]) -> usize {
    let Some(end) = figures.first().and_then(|it| it.words.label.find(": ")) else { return 0 };
    let start = &figures[0].words.label[..end + 2];
    if figures.iter().all(|it| it.words.label.starts_with(start)) { start.len() } else { 0 }
}
