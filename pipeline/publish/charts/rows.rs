//! Figures one below the other: each has its words on a line of their own, and its bar and interval under them. So the
//! longest label can be read on the narrowest screen.

use plotters::chart::ChartBuilder;
use plotters::element::{EmptyElement, ErrorBar, PathElement, Polygon, Rectangle, Text};
use plotters::style::text_anchor::HPos;

use super::svg::{Canvas, Ink, Painted, WIDTH, drawn, units, words};
use super::words::{Span, wrapped};
use crate::error::Result;
use crate::publish::text::thousands;

/// One figure to be drawn.
#[derive(Debug, Clone, Default)]
pub struct Bar {
    /// What stands over it and those that follow, where a new group begins.
    pub heading: Option<String>,
    /// What it is of.
    pub label: String,
    /// The figure in words.
    pub text: String,
    /// The figure; nothing is drawn where there is none.
    pub span: Option<Span>,
    /// Which series it is of.
    pub series: usize,
}

/// What all others are held against.
#[derive(Debug, Clone)]
pub struct Reference {
    /// Its words.
    pub label: String,
    /// Its figure.
    pub span: Span,
}

/// Letters on a line of a picture's width.
const LETTERS: usize = 54;
/// The height of a line of words.
const LINE: f64 = 17.0;
/// The height of what is drawn under them.
const MARK: f64 = 10.0;
const GAP: f64 = 9.0;
/// The height of the axis, with its unit.
const AXIS: f64 = 42.0;

/// A line of words: its middle, its left and its right end, and whether it is a heading.
struct Words {
    y: f64,
    left: String,
    right: String,
    bold: bool,
}

/// Where everything stands, from the top.
struct Layout {
    words: Vec<Words>,
    /// The middle of each bar.
    bars: Vec<f64>,
    /// Where bars begin, and where they end.
    top: f64,
    bottom: f64,
}

fn layout(bars: &[Bar], reference: Option<&Reference>) -> Layout {
    let mut layout = Layout { words: Vec::new(), bars: Vec::new(), top: 0.0, bottom: 0.0 };
    let mut y = 2.0;
    let line = |y: &mut f64, words: &mut Vec<Words>, left: String, right: String, bold: bool| {
        words.push(Words { y: *y + LINE / 2.0, left, right, bold });
        *y += LINE;
    };
    for text in reference.iter().flat_map(|it| wrapped(&it.label, LETTERS)) {
        line(&mut y, &mut layout.words, text, String::new(), false);
    }
    layout.top = y;
    for bar in bars {
        // A group keeps its distance from the one before.
        y += if bar.heading.is_some() { GAP } else { 0.0 };
        for text in bar.heading.iter().flat_map(|it| wrapped(it, LETTERS - 4)) {
            line(&mut y, &mut layout.words, text, String::new(), true);
        }
        let beside = LETTERS.saturating_sub(bar.text.chars().count() + 2);
        let (labels, mut text) = match beside >= 20 {
            true => (wrapped(&bar.label, beside), bar.text.clone()),
            false => (wrapped(&bar.label, LETTERS), String::new()),
        };
        let below = text.is_empty() && !bar.text.is_empty();
        for label in labels {
            line(&mut y, &mut layout.words, label, std::mem::take(&mut text), false);
        }
        if below {
            line(&mut y, &mut layout.words, String::new(), bar.text.clone(), false);
        }
        layout.bars.push(y + MARK / 2.0);
        y += MARK + GAP;
    }
    layout.bottom = y;
    layout
}

/// From the least to the greatest, with zero; never of no length.
pub fn axis(spans: impl Iterator<Item = Span>) -> (f64, f64) {
    let (lower, upper) =
        spans.fold((0.0, 0.0), |(lower, upper): (f64, f64), it| (lower.min(it.lower), upper.max(it.upper)));
    if upper - lower > 1e-9 { (lower, upper) } else { (lower, lower + 1.0) }
}

/// A number at an axis.
pub fn tick(value: f64) -> String {
    let short = format!("{value:.4}");
    let short = short.trim_end_matches('0').trim_end_matches('.');
    thousands(if short == "-0" { "0" } else { short })
}

/// How many letters the numbers at an axis have at most.
pub fn letters((lower, upper): (f64, f64)) -> f64 {
    let numbers = [lower, upper].map(|it| tick(it.round()).chars().count());
    numbers.into_iter().max().unwrap_or_default() as f64
}

/// How far from its edge an axis begins, so that its numbers have room.
fn room(range: (f64, f64)) -> f64 {
    (4.0 * letters(range) + 4.0).min(WIDTH / 4.0)
}

/// The picture: `name` is its short name, `unit` what its axis counts.
///
/// # Errors
/// As [`drawn`].
pub fn rows(name: &str, unit: &str, bars: &[Bar], reference: Option<&Reference>) -> Result<String> {
    let layout = layout(bars, reference);
    let spans = bars.iter().filter_map(|bar| bar.span).chain(reference.map(|it| it.span));
    let range = axis(spans);
    drawn(layout.bottom + AXIS, name, |canvas| draw(canvas, unit, bars, reference, &layout, range))
}

fn draw(
    canvas: &Canvas<'_>,
    unit: &str,
    bars: &[Bar],
    reference: Option<&Reference>,
    layout: &Layout,
    (lower, upper): (f64, f64),
) -> Painted {
    let height = layout.bottom - layout.top;
    let side = units(room((lower, upper)));
    let mut chart = ChartBuilder::on(canvas)
        .margin_top(units(layout.top))
        .margin_left(side)
        .margin_right(side)
        .x_label_area_size(units(AXIS))
        .build_cartesian_2d(lower..upper, 0.0..height)?;
    chart
        .configure_mesh()
        .disable_y_mesh()
        .disable_y_axis()
        .y_labels(0)
        .x_labels(5)
        .max_light_lines(1)
        .light_line_style(plotters::style::TRANSPARENT)
        .bold_line_style(Ink::Line.line(1.0))
        .axis_style(Ink::Line.line(1.0))
        .x_label_style(words(HPos::Center, false))
        .x_label_formatter(&|value| tick(*value))
        .set_all_tick_mark_size(units(4.0))
        .draw()?;
    let y = |down: f64| height - (down - layout.top);
    if let Some(Reference { span, .. }) = reference {
        let band = [(span.lower, 0.0), (span.upper, height)];
        chart.draw_series([Rectangle::new(band, Ink::Tint(2).filled())])?;
        let line = vec![(span.value, 0.0), (span.value, height)];
        chart.draw_series([PathElement::new(line, Ink::Reference.line(1.5))])?;
    }
    chart.draw_series([PathElement::new(vec![(0.0, 0.0), (0.0, height)], Ink::Soft.line(1.0))])?;
    let spans = || bars.iter().zip(&layout.bars).filter_map(|(bar, at)| Some((bar, bar.span?, y(*at))));
    let half = MARK / 2.0;
    chart.draw_series(spans().map(|(bar, span, y)| {
        Rectangle::new(
            [(span.value.min(0.0), y + half), (span.value.max(0.0), y - half)],
            Ink::Tint(bar.series).filled(),
        )
    }))?;
    chart.draw_series(spans().map(|(bar, Span { value, lower, upper }, y)| {
        ErrorBar::new_horizontal(y, lower, value, upper, with_dot(bar.series), units(7.0) as u32)
    }))?;
    for (bar, span, y) in spans().filter(|(bar, ..)| bar.series > 0) {
        chart.draw_series([EmptyElement::at((span.value, y)) + shape(bar.series, 5.0)])?;
    }
    for Words { y, left, right, bold } in &layout.words {
        let beside = [(left, 2.0, HPos::Left), (right, WIDTH - 2.0, HPos::Right)];
        for (text, x, at) in beside.into_iter().filter(|(text, ..)| !text.is_empty()) {
            canvas.draw(&Text::new(text.as_str(), (units(x), units(*y)), words(at, *bold)))?;
        }
    }
    let at = (units(WIDTH / 2.0), units(layout.bottom + AXIS - LINE / 2.0));
    canvas.draw(&Text::new(unit, at, words(HPos::Center, false)))?;
    Ok(())
}

/// An interval's line, with a dot at its value.
pub fn with_dot(series: usize) -> plotters::style::ShapeStyle {
    Ink::Series(series).line(2.0).filled()
}

/// What tells a series apart beside its colour: a square, a diamond, a triangle; the first is a dot.
pub fn shape(series: usize, radius: f64) -> Polygon<(i32, i32)> {
    let r = units(radius);
    let points = match series {
        1 => vec![(-r, -r), (r, -r), (r, r), (-r, r)],
        2 => vec![(0, -r - r / 3), (r + r / 3, 0), (0, r + r / 3), (-r - r / 3, 0)],
        _ => vec![(0, -r), (r, r), (-r, r)],
    };
    Polygon::new(points, Ink::Series(series).filled())
}
