//! How published pages look, and who answers for them: the YAML of a board's own name and colours, and its checked twin.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::schema::forms;

/// A board's own look.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LookYaml {
    /// The board's logo: an SVG or PNG file, which every page holds whole.
    #[serde(default)]
    #[schemars(example = &"logo.svg")]
    pub logo: Option<PathBuf>,
    /// The main colour of pages and charts, as `"#3F3685"`: readable on white, and white on it.
    #[serde(default)]
    #[schemars(example = &"#3F3685", transform = forms::colour)]
    pub colour: Option<String>,
    /// The second colour, for what stands beside the first in a chart.
    #[serde(default)]
    #[schemars(example = &"#9B4393", transform = forms::colour)]
    pub accent: Option<String>,
    /// A folder whose files take the place of smirr's own templates and strings of the same name.
    #[serde(default)]
    #[schemars(example = &"templates")]
    pub templates: Option<PathBuf>,
}

/// Whom readers may ask.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Contact {
    /// A team's name; no single person's, for pages outlive posts.
    #[serde(default)]
    #[schemars(example = &"The publication team")]
    pub name: Option<String>,
    /// Its address for e-mail.
    #[serde(default)]
    #[schemars(example = &"links@board.example", transform = forms::email)]
    pub email: Option<String>,
    /// A page of its own: `https://` and an address.
    #[serde(default)]
    #[schemars(example = &"https://board.example/links", transform = forms::page)]
    pub url: Option<String>,
}

/// The licence under which figures are published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
pub enum Licence {
    /// Open Government Licence 3.0.
    #[default]
    #[serde(rename = "OGL-UK-3.0")]
    Ogl,
    /// Creative Commons Attribution 4.0.
    #[serde(rename = "CC-BY-4.0")]
    CcBy,
    /// Creative Commons Zero 1.0.
    #[serde(rename = "CC0-1.0")]
    CcZero,
}

impl Licence {
    /// Its identifier in the SPDX list.
    pub fn id(self) -> &'static str {
        match self {
            Licence::Ogl => "OGL-UK-3.0",
            Licence::CcBy => "CC-BY-4.0",
            Licence::CcZero => "CC0-1.0",
        }
    }

    /// Its name.
    pub fn title(self) -> &'static str {
        match self {
            Licence::Ogl => "Open Government Licence v3.0",
            Licence::CcBy => "Creative Commons Attribution 4.0 International",
            Licence::CcZero => "Creative Commons Zero v1.0 Universal",
        }
    }

    /// Where its text is.
    pub fn url(self) -> &'static str {
        match self {
            Licence::Ogl => "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/",
            Licence::CcBy => "https://creativecommons.org/licenses/by/4.0/",
            Licence::CcZero => "https://creativecommons.org/publicdomain/zero/1.0/",
        }
    }
}

/// A checked look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// The logo's file; absolute.
    pub logo: Option<PathBuf>,
    /// The main colour.
    pub colour: Colour,
    /// The second colour.
    pub accent: Colour,
    /// The folder of templates; absolute.
    pub templates: Option<PathBuf>,
}

impl Default for Look {
    /// Public Health Scotland's purple and magenta.
    fn default() -> Self {
        Look { logo: None, colour: Colour([0x3f, 0x36, 0x85]), accent: Colour([0x9b, 0x43, 0x93]), templates: None }
    }
}

/// A colour: red, green and blue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colour(pub [u8; 3]);

/// The least contrast of text with what is behind it, by WCAG 2.2 AA.
pub const READABLE: f64 = 4.5;

impl Colour {
    /// White, which pages are in a light theme.
    pub const WHITE: Colour = Colour([0xff; 3]);

    /// Reads `#3F3685`.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#').filter(|it| it.len() == 6 && it.bytes().all(|b| b.is_ascii_hexdigit()))?;
        let part = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).ok();
        Some(Colour([part(0)?, part(2)?, part(4)?]))
    }

    /// Relative luminance, 0 to 1 (WCAG 2.2).
    fn luminance(self) -> f64 {
        let linear = self.0.map(|part| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    }

    /// The contrast of two colours, 1 to 21 (WCAG 2.2).
    pub fn contrast(self, other: Colour) -> f64 {
        let (a, b) = (self.luminance(), other.luminance());
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    /// Part of the way to another colour: 0 is this one, 1 the other.
    pub fn towards(self, other: Colour, part: f64) -> Colour {
        let mix = |a: u8, b: u8| (f64::from(a) + (f64::from(b) - f64::from(a)) * part).round() as u8;
        Colour([0, 1, 2].map(|at| mix(self.0[at], other.0[at])))
    }
}

impl std::fmt::Display for Colour {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_read_and_written() {
        assert_eq!(Colour::parse("#3F3685").unwrap().to_string(), "#3f3685");
        for wrong in ["3F3685", "#3F368", "#3F36855", "#3F368G", "#+F3685", "purple"] {
            assert_eq!(Colour::parse(wrong), None, "{wrong}");
        }
    }

    /// From WCAG: black on white is 21 to 1; #777 on white is known as just too pale, #767676 as just dark enough.
    #[test]
    fn contrast_is_that_of_the_guidelines() {
        let on_white = |colour: &str| Colour::parse(colour).unwrap().contrast(Colour::WHITE);
        assert_eq!(on_white("#000000"), 21.0);
        assert!(on_white("#777777") < READABLE && on_white("#767676") >= READABLE);
        let own = Look::default();
        assert!(own.colour.contrast(Colour::WHITE) >= READABLE && own.accent.contrast(Colour::WHITE) >= READABLE);
    }

    #[test]
    fn a_tint_lies_between() {
        assert_eq!(Colour([0, 100, 200]).towards(Colour::WHITE, 0.5), Colour([128, 178, 228]));
    }
}
