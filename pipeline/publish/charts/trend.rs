//! Figures over the quarters that were published, in one area.

use minijinja::context;
use plotters::chart::ChartBuilder;
use plotters::element::{EmptyElement, ErrorBar, PathElement, Text};
use plotters::style::text_anchor::HPos;

use super::bars::shared;
use super::rows::{axis, letters, shape, tick, with_dot};
use super::svg::{Canvas, Ink, Painted, WIDTH, drawn, units, words};
use super::words::{Pair, Side, Span, compared, figure, heading, joined, spoken, wrapped};
use super::{Picture, Scene};
use crate::config::published::{Holds, Published};
use crate::error::Result;
use crate::publish::text::{bracketed, thousands};
use crate::publish::trends::{Point, Trends};

const PLOT: f64 = 200.0;
/// The height of a line of the legend, and of the axis' words.
const LINE: f64 = 18.0;
const BELOW: f64 = 24.0;
/// How wide a quarter's name is.
const NAME: f64 = 58.0;

/// A figure in one quarter.
#[derive(Debug, Clone, Default)]
struct Dot {
    span: Option<Span>,
    /// As a table has it.
    text: String,
    /// As a sentence has it.
    spoken: String,
    /// Why there is none: `[x]`.
    mark: String,
    is_break: bool,
}

/// What is drawn: series by quarter; a quarter without a pack is empty.
struct Plot {
    quarters: Vec<String>,
    labels: Vec<String>,
    series: Vec<Vec<Option<Dot>>>,
}

impl Scene<'_> {
    pub(super) fn trend(&self, area: usize, trends: &Trends) -> Result<Option<Picture>> {
        let figures = self.figures();
        let (Some(code), Some(place), Some(first)) = (self.table.areas.get(area), self.place(area)?, figures.first())
        else {
            return Ok(None);
        };
        let earlier = |words: &Published| trends.of(&self.story.name, &self.area_level().name, &words.name, code);
        let known = figures.iter().flat_map(|words| earlier(words)).map(|it| it.quarter.as_str()).min();
        let own = self.edition.quarter;
        // No series is longer than the board's own, which is checked; this is the end of what a file could claim.
        let back = known.and_then(|oldest| (1..=80).find(|n| own.before(*n).to_string() == *oldest));
        let Some(back) = back else { return Ok(None) };
        let quarters = (0..=back).rev().map(|n| own.before(n).to_string()).collect::<Vec<_>>();
        let series = figures.iter().map(|words| self.dots(words, area, earlier(words), &quarters, trends));
        let series = series.collect::<Vec<_>>();
        let same = shared(&figures);
        let labels = figures.iter().map(|it| it.words.label[same..].to_owned()).collect();
        let plot = Plot { quarters, labels, series };
        let rows =
            plot.quarters.iter().enumerate().rev().filter(|(at, _)| plot.series.iter().any(|it| it[*at].is_some()));
        let rows = rows.map(|(at, quarter)| {
            let cells =
                plot.series.iter().map(|it| it[at].as_ref().map_or_else(|| "[x]".into(), |dot| dot.text.clone()));
            [quarter.clone()].into_iter().chain(cells).collect()
        });
        let rows = rows.collect();
        let quarter = self.pages.say("chart_quarter", ())?;
        Ok(Some(Picture {
            svg: plot.svg(&self.name(Some(&place))?, &first.words.unit)?,
            says: self.said_over(&figures, &place, &plot)?,
            headings: [quarter].into_iter().chain(figures.iter().map(|it| heading(it))).collect(),
            rows,
            kind: "trend",
        }))
    }

    /// A figure in every quarter; this one's last.
    fn dots(
        &self,
        words: &Published,
        area: usize,
        earlier: &[Point],
        quarters: &[String],
        trends: &Trends,
    ) -> Vec<Option<Dot>> {
        let block = self.table.by(&words.name, &[]);
        let row = block.map(|block| block.row(block.cells[area]));
        let dot = |quarter: &String| {
            let point = earlier.iter().find(|it| it.quarter == *quarter)?;
            let decimals = block.map_or(0, |block| block.decimals);
            Some(Dot::of(point, words, decimals))
        };
        let is_break = trends.is_broken(&self.story.name);
        let own = row.map(|row| Dot {
            span: Span::of(&row),
            text: marked(&figure(&row, words), is_break),
            spoken: spoken(&row, words),
            mark: row.symbols(),
            is_break,
        });
        let before = quarters.len().saturating_sub(1);
        quarters[..before].iter().map(dot).chain([own]).collect()
    }

    /// A sentence a figure: the first quarter that may be compared with this one, and this one.
    fn said_over(&self, figures: &[&Published], place: &str, plot: &Plot) -> Result<String> {
        let mut sentences = Vec::new();
        for (words, dots) in figures.iter().zip(&plot.series) {
            let since = dots.iter().rposition(|dot| dot.as_ref().is_some_and(|it| it.is_break)).unwrap_or(0);
            let known = dots.iter().zip(&plot.quarters).skip(since);
            let known = known.filter_map(|(dot, quarter)| Some((dot.as_ref()?, quarter)));
            let known = known.filter_map(|(dot, quarter)| Some((dot, quarter, dot.span?))).collect::<Vec<_>>();
            let label = &words.words.label;
            let pair = known.first().zip(known.last()).filter(|_| known.len() > 1);
            sentences.push(match pair {
                Some(pair) => {
                    let side = |it: &&(&Dot, &String, Span)| (it.1.clone(), it.2, it.0.spoken.clone());
                    let sides = [side(&pair.0), side(&pair.1)];
                    let sides = sides.each_ref().map(|(name, span, text)| Side { name, span: *span, text });
                    compared(self.pages, words, place, sides, Pair::Times)?
                }
                None => self.pages.say("chart_no_comparison", context! { figure => label, place => place })?,
            });
            if since > 0 {
                sentences.push(self.pages.say("chart_break", context! { quarter => &plot.quarters[since] })?);
            }
        }
        Ok(sentences.join(" "))
    }
}

fn marked(text: &str, is_break: bool) -> String {
    if is_break { format!("{text} [b]") } else { text.to_owned() }
}

impl Dot {
    fn of(point: &Point, words: &Published, decimals: u32) -> Self {
        let number = |value: f64| thousands(&format!("{value:.*}", decimals as usize));
        let is_exact = words.words.holds == Holds::Nothing;
        let interval = |(_, (lower, upper)): (f64, (f64, f64))| (number(lower), number(upper));
        let symbols = bracketed(&point.marks);
        let text = |unit: &str| {
            let interval = point.value.filter(|_| !is_exact).map(interval);
            joined(point.value.map(|(value, _)| number(value)), interval, &symbols, unit)
        };
        Dot {
            span: point.value.and_then(|(value, interval)| Span::new(value, interval)),
            text: marked(&text(""), point.is_break),
            spoken: text(&words.words.unit),
            mark: symbols,
            is_break: point.is_break,
        }
    }
}

impl Plot {
    fn svg(&self, name: &str, unit: &str) -> Result<String> {
        let mut legend = vec![(unit.to_owned(), None)];
        for (series, label) in self.labels.iter().enumerate().filter(|_| self.labels.len() > 1) {
            let lines = wrapped(label, 48).into_iter().enumerate();
            legend.extend(lines.map(|(at, line)| (line, Some(series).filter(|_| at == 0))));
        }
        legend.retain(|(text, series)| !text.is_empty() || series.is_some());
        let top = LINE * legend.len() as f64 + 10.0;
        drawn(top + PLOT + BELOW, name, |canvas| {
            let several = self.labels.len() > 1;
            for (line, (text, series)) in legend.iter().enumerate() {
                let y = units(LINE * line as f64 + LINE / 2.0);
                if let Some(series) = series {
                    canvas.draw(&(EmptyElement::at((units(8.0), y)) + key(*series)))?;
                }
                let indent = if several && text != unit { 20.0 } else { 2.0 };
                canvas.draw(&Text::new(text.as_str(), (units(indent), y), words(HPos::Left, false)))?;
            }
            self.draw(canvas, top)
        })
    }

    fn draw(&self, canvas: &Canvas<'_>, top: f64) -> Painted {
        let spans = self.series.iter().flatten().flatten().filter_map(|dot| dot.span);
        let (lower, upper) = axis(spans);
        let left = (letters((lower, upper)) + 2.0).mul_add(8.0, 8.0);
        let last = self.quarters.len() as f64 - 0.5;
        let mut chart = ChartBuilder::on(canvas)
            .margin_top(units(top))
            .margin_right(units(6.0))
            .margin_bottom(units(BELOW))
            .y_label_area_size(units(left))
            .build_cartesian_2d(-0.5..last, lower..upper)?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .disable_x_axis()
            .x_labels(0)
            .y_labels(5)
            .max_light_lines(1)
            .light_line_style(plotters::style::TRANSPARENT)
            .bold_line_style(Ink::Line.line(1.0))
            .axis_style(Ink::Line.line(1.0))
            .y_label_style(words(HPos::Right, false))
            .y_label_formatter(&|value| tick(*value))
            .set_all_tick_mark_size(units(4.0))
            .draw()?;
        chart.draw_series([PathElement::new(vec![(-0.5, 0.0), (last, 0.0)], Ink::Soft.line(1.0))])?;
        let pixel = |x: f64, y: f64| chart.plotting_area().map_coordinate(&(x, y));
        self.draw_names(canvas, top, &|at| pixel(at, lower).0)?;
        for (series, dots) in self.series.iter().enumerate() {
            let beside = (series as f64 - (self.series.len() as f64 - 1.0) / 2.0) * 0.12;
            let x = |at: usize| at as f64 + beside;
            for way in unbroken(dots) {
                let way = way.into_iter().map(|(at, span)| (x(at), span.value)).collect::<Vec<_>>();
                chart.draw_series([PathElement::new(way, Ink::Series(series).line(1.5))])?;
            }
            for (at, dot) in dots.iter().enumerate().filter_map(|(at, dot)| Some((at, dot.as_ref()?))) {
                let Some(Span { value, lower: least, upper: most }) = dot.span else {
                    let (x, y) = chart.plotting_area().map_coordinate(&(x(at), lower));
                    canvas.draw(&Text::new(dot.mark.as_str(), (x, y - units(9.0)), words(HPos::Center, false)))?;
                    continue;
                };
                let bar = ErrorBar::new_vertical(x(at), least, value, most, with_dot(series), units(7.0) as u32);
                chart.draw_series([bar])?;
                if series > 0 {
                    chart.draw_series([EmptyElement::at((x(at), value)) + shape(series, 5.0)])?;
                }
            }
        }
        for at in 0..self.quarters.len() {
            if self.series.iter().any(|dots| dots[at].as_ref().is_some_and(|dot| dot.is_break)) {
                let x = at as f64 - 0.5;
                chart.draw_series([PathElement::new(vec![(x, lower), (x, upper)], Ink::Reference.line(1.0))])?;
                let (x, y) = chart.plotting_area().map_coordinate(&(x, upper));
                canvas.draw(&Text::new("[b]", (x, y - units(6.0)), words(HPos::Center, false)))?;
            }
        }
        Ok(())
    }

    /// The quarters' names, this one's always: as many as have room.
    fn draw_names(&self, canvas: &Canvas<'_>, top: f64, x: &dyn Fn(f64) -> i32) -> Painted {
        let apart = f64::from(x(1.0) - x(0.0)) / super::svg::SCALE;
        let step = (NAME / apart.max(1.0)).ceil() as usize;
        let y = units(top + PLOT + BELOW / 2.0);
        for (at, quarter) in self.quarters.iter().enumerate().rev().step_by(step.max(1)) {
            // The outermost names stay within the picture.
            let half = units(NAME / 2.0);
            let middle = x(at as f64).clamp(half, units(WIDTH) - half);
            canvas.draw(&Text::new(quarter.as_str(), (middle, y), words(HPos::Center, false)))?;
        }
        Ok(())
    }
}

/// The legend's mark of a series.
fn key(series: usize) -> plotters::element::Polygon<(i32, i32)> {
    match series {
        0 => {
            let around = (0..12).map(|at| f64::from(at) * std::f64::consts::PI / 6.0);
            let points = around.map(|turn| (units(4.0 * turn.cos()), units(4.0 * turn.sin())));
            plotters::element::Polygon::new(points.collect::<Vec<_>>(), Ink::Series(0).filled())
        }
        series => shape(series, 5.0),
    }
}

/// Neighbouring quarters with a figure: nothing is drawn over a gap or a break.
fn unbroken(dots: &[Option<Dot>]) -> Vec<Vec<(usize, Span)>> {
    let mut ways: Vec<Vec<(usize, Span)>> = vec![Vec::new()];
    for (at, dot) in dots.iter().enumerate() {
        let span = dot.as_ref().and_then(|dot| dot.span);
        if span.is_none() || dot.as_ref().is_some_and(|dot| dot.is_break) {
            ways.push(Vec::new());
        }
        if let (Some(span), Some(way)) = (span, ways.last_mut()) {
            way.push((at, span));
        }
    }
    ways.retain(|way| way.len() > 1);
    ways
}
