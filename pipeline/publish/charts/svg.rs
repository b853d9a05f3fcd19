//! What the library draws, made fit for a page: colours by what they mean, in units of a tenth, and nothing said twice.
//!
//! The library knows colours by value alone. So each meaning has a colour that no page shows, and takes its own name when
//! the drawing is written: one picture serves both themes, print and a board's own colours.

use std::fmt::Write;

use plotters::coord::Shift;
use plotters::prelude::{DrawingArea, FontDesc, FontFamily, FontStyle, IntoDrawingArea, SVGBackend, TextStyle};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{RGBColor, ShapeStyle};

use crate::error::{Error, Result};
use crate::publish::text::escaped;

/// The library counts in whole units: a picture is drawn this much larger than it is.
pub const SCALE: f64 = 10.0;
/// How wide a picture is, in its own units: text of 14 can be read on the narrowest screen.
pub const WIDTH: f64 = 400.0;

/// Where the library draws.
pub type Canvas<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// What drawing comes to: the library has an error of its own for each thing that it draws.
pub type Painted = std::result::Result<(), Box<dyn std::error::Error>>;

/// What a colour means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ink {
    /// Words.
    Text,
    /// The zero of an axis.
    Soft,
    /// The lines of an axis.
    Line,
    /// What the others are held against: dashed.
    Reference,
    /// The figures of one series.
    Series(usize),
    /// What lies behind them.
    Tint(usize),
}

impl Ink {
    const ALL: [Ink; 12] = [
        Ink::Text,
        Ink::Soft,
        Ink::Line,
        Ink::Reference,
        Ink::Series(0),
        Ink::Series(1),
        Ink::Series(2),
        Ink::Series(3),
        Ink::Tint(0),
        Ink::Tint(1),
        Ink::Tint(2),
        Ink::Tint(3),
    ];

    /// The colour that stands for it while the library draws.
    fn value(self) -> RGBColor {
        let at = Ink::ALL.iter().position(|it| *it == self).unwrap_or_default();
        RGBColor(1, 2, at as u8)
    }

    /// The meaning of a colour that the library wrote.
    fn of(written: &str) -> Option<Self> {
        Ink::ALL.into_iter().find(|ink| {
            let RGBColor(red, green, blue) = ink.value();
            written == format!("#{red:02X}{green:02X}{blue:02X}")
        })
    }

    fn paint(self) -> &'static str {
        match self {
            Ink::Text => "var(--ink)",
            Ink::Soft => "var(--soft)",
            Ink::Line => "var(--line)",
            Ink::Reference => "var(--ink)",
            Ink::Series(0) | Ink::Tint(0) => "var(--colour)",
            Ink::Series(1) | Ink::Tint(1) => "var(--accent)",
            Ink::Series(2) | Ink::Tint(2) => "var(--soft)",
            Ink::Series(_) | Ink::Tint(_) => "var(--ink)",
        }
    }

    /// A line of this width, in the picture's units.
    pub fn line(self, width: f64) -> ShapeStyle {
        ShapeStyle { color: self.value().into(), filled: false, stroke_width: (width * SCALE) as u32 }
    }

    /// An area.
    pub fn filled(self) -> ShapeStyle {
        ShapeStyle { filled: true, ..self.line(1.0) }
    }
}

/// What stands for [`Ink::Text`].
const TEXT: RGBColor = RGBColor(1, 2, 0);

/// Where words stand from their point: it is at their `at`, and at half their height.
pub fn words(at: HPos, bold: bool) -> TextStyle<'static> {
    let style = if bold { FontStyle::Bold } else { FontStyle::Normal };
    let font = FontDesc::new(FontFamily::SansSerif, 14.0 * SCALE, style);
    TextStyle::from(font).color(&TEXT).pos(Pos::new(at, VPos::Center))
}

/// A number of the library's units.
pub fn units(own: f64) -> i32 {
    (own * SCALE).round() as i32
}

/// A picture of this height and short name, as the library draws it.
///
/// # Errors
/// [`Error::System`] where the library cannot.
pub fn drawn(height: f64, name: &str, draw: impl FnOnce(&Canvas<'_>) -> Painted) -> Result<String> {
    let failed = |_| Error::System("a chart could not be drawn".into());
    let mut raw = String::new();
    {
        let canvas = SVGBackend::with_string(&mut raw, (units(WIDTH) as u32, units(height) as u32)).into_drawing_area();
        draw(&canvas).map_err(failed)?;
        canvas.present().map_err(|e| failed(e.into()))?;
    }
    Ok(framed(height, name, &rewritten(&raw)))
}

/// A picture round its content.
pub fn framed(height: f64, name: &str, content: &str) -> String {
    let name = escaped(name);
    let height = short(height);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"{name}\" \
         font-size=\"14\" fill=\"var(--ink)\">{content}</svg>"
    )
}

/// A number to a tenth, as short as it can be written.
pub fn short(number: f64) -> String {
    let tenth = (number * 10.0).round() / 10.0 + 0.0;
    format!("{tenth}")
}

/// Words keep clear of the lines behind them.
const CLEAR: &str = "<g stroke=\"var(--paper)\" stroke-width=\"5\" paint-order=\"stroke\">";

/// The elements of a drawing of the library, without its frame: words over all else, and lines of one colour that follow
/// each other as one path.
fn rewritten(raw: &str) -> String {
    let (mut out, mut words) = (String::with_capacity(raw.len() / 2), String::new());
    let mut path: Option<(String, String)> = None;
    for line in raw.lines().filter(|line| !line.starts_with("<svg") && !line.starts_with("</svg")) {
        match line.strip_prefix('<').map(|rest| rest.split([' ', '>']).next().unwrap_or_default()) {
            None | Some("/text") => words.push_str(line),
            Some("text") => {
                let _ = write!(words, "<text{}>", kept("text", &attributes(line)));
            }
            Some("line") => {
                let (style, step) = stroke(&attributes(line));
                match &mut path {
                    Some((before, steps)) if *before == style => steps.push_str(&step),
                    _ => finish(&mut out, path.replace((style, step))),
                }
            }
            Some(tag) => {
                finish(&mut out, path.take());
                let _ = write!(out, "<{tag}{}/>", kept(tag, &attributes(line)));
            }
        }
    }
    finish(&mut out, path);
    format!("{out}{CLEAR}{words}</g>")
}

fn finish(out: &mut String, path: Option<(String, String)>) {
    if let Some((style, steps)) = path {
        let _ = write!(out, "<path{style} d=\"{steps}\"/>");
    }
}

/// The attributes of a tag: none of the library's own values holds a quotation mark.
fn attributes(tag: &str) -> Vec<(&str, &str)> {
    let mut parts = tag.split('"');
    let mut found = Vec::new();
    while let (Some(name), Some(value)) = (parts.next(), parts.next()) {
        let name = name.trim_end_matches('=');
        found.push((name.rsplit(' ').next().unwrap_or(name), value));
    }
    found
}

fn own(number: &str) -> f64 {
    number.parse::<f64>().unwrap_or_default() / SCALE
}

/// A line's style, and its way.
fn stroke(attributes: &[(&str, &str)]) -> (String, String) {
    let get = |name: &str| attributes.iter().find(|(it, _)| *it == name).map_or("", |(_, value)| *value);
    let at = |name: &str| short(own(get(name)));
    let (x1, y1, x2, y2) = (at("x1"), at("y1"), at("x2"), at("y2"));
    let end = match (x1 == x2, y1 == y2) {
        (true, _) => format!("V{y2}"),
        (_, true) => format!("H{x2}"),
        _ => format!("L{x2} {y2}"),
    };
    let style = ["stroke", "stroke-width"].map(|name| attribute("line", name, get(name)));
    (style.concat(), format!("M{x1} {y1}{end}"))
}

/// What is kept of an element's attributes.
fn kept(tag: &str, attributes: &[(&str, &str)]) -> String {
    let filled = attributes.iter().any(|(name, value)| *name == "stroke" && *value == "none");
    let kept = attributes.iter().filter(|(name, _)| !(filled && *name == "stroke-width"));
    kept.map(|(name, value)| attribute(tag, name, value)).collect()
}

/// One attribute as a page has it; nothing where it says what is so anyway.
fn attribute(tag: &str, name: &str, value: &str) -> String {
    match (name, value) {
        ("opacity" | "font-family" | "font-size", _) | ("text-anchor", "start") | ("stroke", "none") => String::new(),
        ("stroke-width", _) if own(value) == 1.0 => String::new(),
        ("fill" | "stroke", _) => match Ink::of(value) {
            Some(Ink::Text) if tag == "text" => String::new(),
            Some(ink @ Ink::Tint(_)) => format!(" {name}=\"{}\" {name}-opacity=\".25\"", ink.paint()),
            Some(ink @ Ink::Reference) => format!(" {name}=\"{}\" stroke-dasharray=\"4 3\"", ink.paint()),
            Some(ink) => format!(" {name}=\"{}\"", ink.paint()),
            None => format!(" {name}=\"{value}\""),
        },
        ("points", _) => {
            let points = value.split([' ', ',']).filter(|it| !it.is_empty()).map(|it| short(own(it)));
            format!(" points=\"{}\"", points.collect::<Vec<_>>().join(" "))
        }
        ("x" | "y" | "cx" | "cy" | "r" | "width" | "height" | "stroke-width", _) => {
            format!(" {name}=\"{}\"", short(own(value)))
        }
        _ => format!(" {name}=\"{value}\""),
    }
}
