//! A figure of every area on a map: five classes of as many areas each, told apart by number as well as by tint.

use std::collections::HashMap;
use std::fmt::Write;

use minijinja::context;

use super::areas::{Area, Whole};
use super::outline::{Outline, Projection};
use super::svg::{WIDTH, framed, short};
use super::words::{figure, wrapped};
use super::{Picture, Scene};
use crate::error::Result;
use crate::measure::grid::UNKNOWN;
use crate::publish::text::{escaped, thousands};

/// How many classes areas are put in.
const CLASSES: usize = 5;
/// How high a map may be.
const HIGH: f64 = 480.0;
const LINE: f64 = 20.0;
/// An area whose largest part is narrower than this bears no number.
const ROOM: f64 = 16.0;
/// More areas than this have no rows beside their map: they have a file of their own.
const MOST_ROWS: usize = 200;

/// The areas whose values lie between two of them.
struct Class {
    /// The least and the greatest of its areas, as they are published.
    range: String,
    /// The greatest.
    upper: f64,
}

/// A class' tint: from nearly the page's own to the board's colour.
fn tint(class: usize, classes: usize) -> String {
    let part = if classes < 2 { 60 } else { 15 + 70 * class / (classes - 1) };
    format!("color-mix(in srgb,var(--colour) {part}%,var(--paper))")
}

/// Classes of as many areas each, the lowest first: equal values are never parted, so there may be fewer.
fn classes(areas: &[Area<'_>]) -> Vec<Class> {
    let known = areas.iter().filter(|it| it.code != UNKNOWN).filter_map(|it| Some((it, it.span?.value)));
    let mut known = known.collect::<Vec<_>>();
    known.reverse();
    let mut classes: Vec<Class> = Vec::new();
    let mut start = 0;
    for class in 1..=CLASSES {
        let mut end = (known.len() * class / CLASSES).max(start);
        while end > start && end < known.len() && known[end].1 == known[end - 1].1 {
            end += 1;
        }
        let (Some(first), Some(last)) = (known.get(start), known.get(end.wrapping_sub(1))) else { continue };
        if end <= start {
            continue;
        }
        let text = |(area, value): &(&Area<'_>, f64)| thousands(&area.row.number(*value));
        let range = if first.1 == last.1 { text(first) } else { format!("{} to {}", text(first), text(last)) };
        classes.push(Class { range, upper: last.1 });
        start = end;
    }
    classes
}

/// Which way an area clearly differs from the whole board.
fn sign(area: &Area<'_>, whole: Option<&Whole>) -> &'static str {
    match (area.span, whole.map(|it| it.span)) {
        (Some(own), Some(whole)) if own.is_above(whole) => "▲",
        (Some(own), Some(whole)) if whole.is_above(own) => "▼",
        _ => "",
    }
}

/// An area as the map has it.
struct Drawn<'a> {
    area: &'a Area<'a>,
    class: Option<usize>,
    outline: Outline,
    title: String,
}

impl Scene<'_> {
    pub(super) fn map(&self) -> Result<Option<Picture>> {
        let Some(words) = self.figures().first().copied() else { return Ok(None) };
        let boundaries = &self.area_level().boundaries;
        let areas = self.every_area(words)?;
        let Some(projection) = Projection::of(boundaries, WIDTH - 4.0, HIGH) else { return self.areas() };
        let classes = classes(&areas);
        let whole = self.whole(words)?;
        let by_code = areas.iter().map(|it| (it.code, it)).collect::<HashMap<_, _>>();
        let drawn = boundaries.iter().filter_map(|boundary| {
            let area = *by_code.get(boundary.code.as_str())?;
            let outline = projection.outline(boundary, 2.0)?;
            let class = area.span.and_then(|span| classes.iter().position(|it| span.value <= it.upper));
            let title = format!("{}: {}", area.name, figure(&area.row, words));
            Some(Drawn { area, class, outline, title })
        });
        let drawn = drawn.collect::<Vec<_>>();
        if drawn.is_empty() {
            return self.areas();
        }
        let mut content = String::new();
        paint(&mut content, &drawn, classes.len());
        number(&mut content, &drawn, whole.as_ref());
        let top = projection.height + 8.0;
        let height = self.legend(&mut content, top, &classes, &drawn, whole.as_ref(), &words.words.unit)?;
        let mut says = self.said_of(words, &areas, whole.as_ref())?;
        let known = areas.iter().filter(|it| it.code != UNKNOWN).count();
        if known > MOST_ROWS {
            says += " ";
            says += &self.pages.say("chart_rows_cut", context! { rows => MOST_ROWS, areas => known })?;
        }
        let shown = areas.iter().enumerate().filter(|(at, _)| *at < MOST_ROWS || *at >= known).map(|(_, it)| it);
        let (headings, rows) = self.table_of(words, shown);
        let svg = framed(height, &self.name(None)?, &content);
        Ok(Some(Picture { svg, says, headings, rows, kind: "map" }))
    }

    /// What the tints, numbers and signs mean; gives where it ends.
    fn legend(
        &self,
        out: &mut String,
        top: f64,
        classes: &[Class],
        drawn: &[Drawn<'_>],
        whole: Option<&Whole>,
        unit: &str,
    ) -> Result<f64> {
        let mut y = top;
        let text = |out: &mut String, y: f64, x: f64, text: &str| {
            let (x, y) = (short(x), short(y + LINE * 0.72));
            let _ = write!(out, "<text x=\"{x}\" y=\"{y}\">{}</text>", escaped(text));
        };
        if !unit.is_empty() {
            text(out, y, 2.0, unit);
            y += LINE;
        }
        let mut boxes = classes.iter().enumerate().rev().collect::<Vec<_>>();
        for (at, class) in boxes.drain(..) {
            swatch(out, y, &tint(at, classes.len()), "");
            text(out, y, 44.0, &format!("{}: {}", at + 1, class.range));
            y += LINE;
        }
        if drawn.iter().any(|it| it.class.is_none()) {
            swatch(out, y, "var(--paper)", " stroke-dasharray=\"3 2\"");
            text(out, y, 44.0, &self.pages.say("chart_map_none", ())?);
            y += LINE;
        }
        if let Some(whole) = whole {
            let said = self.pages.say("chart_map_signs", context! { whole => &whole.name, value => &whole.text })?;
            for line in wrapped(&said, 52) {
                text(out, y, 2.0, &line);
                y += LINE;
            }
        }
        Ok(y + 4.0)
    }
}

fn swatch(out: &mut String, y: f64, fill: &str, also: &str) {
    let y = short(y + 2.0);
    let _ =
        write!(out, "<rect x=\"2\" y=\"{y}\" width=\"34\" height=\"16\" fill=\"{fill}\" stroke=\"var(--ink)\"{also}/>");
}

/// The areas, class by class; those without a figure are dashed.
fn paint(out: &mut String, drawn: &[Drawn<'_>], classes: usize) {
    let _ =
        write!(out, "<g fill-rule=\"evenodd\" stroke=\"var(--ink)\" stroke-width=\".7\" stroke-linejoin=\"round\">");
    for class in [None].into_iter().chain((0..classes).map(Some)) {
        let fill = class.map_or_else(|| "var(--paper)\" stroke-dasharray=\"3 2".into(), |at| tint(at, classes));
        let mut members = drawn.iter().filter(|it| it.class == class).peekable();
        if members.peek().is_none() {
            continue;
        }
        let _ = write!(out, "<g fill=\"{fill}\">");
        for Drawn { area, outline, title, .. } in members {
            let (code, title) = (escaped(area.code), escaped(title));
            let _ = write!(out, "<path data-area=\"{code}\" d=\"{}\"><title>{title}</title></path>", outline.path);
        }
        out.push_str("</g>");
    }
    out.push_str("</g>");
}

/// Each area's class by its number, and which way it differs, where there is room.
fn number(out: &mut String, drawn: &[Drawn<'_>], whole: Option<&Whole>) {
    out.push_str(
        "<g text-anchor=\"middle\" font-size=\"12\" font-weight=\"bold\" stroke=\"var(--paper)\" stroke-width=\"3\" \
         paint-order=\"stroke\" pointer-events=\"none\">",
    );
    for Drawn { area, class, outline, .. } in drawn {
        let Some(class) = class.filter(|_| outline.size.0.min(outline.size.1) >= ROOM) else { continue };
        let (x, y) = (short(outline.middle.0), short(outline.middle.1 + 4.0));
        let _ = write!(out, "<text x=\"{x}\" y=\"{y}\">{}{}</text>", class + 1, sign(area, whole));
    }
    out.push_str("</g>");
}
