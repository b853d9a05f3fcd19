//! Takes an edition.
//! Gives `index.html`: one page that holds all it needs, for the public to read.
//! Never loads anything: its policy forbids what is not in it.
//!
//! The page has a place for every area of every level that [`Edition::shows`]. All are rendered here. The first,
//! the whole board, is shown. The others lie in the page as compressed markup, a tenth of its size: a script puts the one
//! that is asked for beside the first. Without the script the first stays, and all else is in the files.

mod figures;
mod files;
mod sentences;

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use minijinja::context;
use minijinja::value::Serde;
use serde::Serialize;
use sha2::{Digest, Sha256};

use self::figures::key_figures;
use self::files::Shelf;
use self::sentences::Sentences;
use super::charts::picture;
use super::earlier::Past;
use super::edition::{AreaLevel, Edition, Story};
use super::names;
use super::text::thousands;
use super::trends::Trends;
use crate::config::board::Format;
use crate::config::page::{Chart, ChartKind};
use crate::error::{Error, Result};
use crate::look::{Pages, base64};

/// What the page is made of, beside what all pages share.
pub(super) const TEMPLATES: [(&str, &str); 6] = [
    ("index.html", include_str!("index.html")),
    ("index-parts.html", include_str!("index-parts.html")),
    ("index-findings.html", include_str!("index-findings.html")),
    ("index-report.html", include_str!("index-report.html")),
    ("index.css", include_str!("index.css")),
    ("index.js", include_str!("index.js")),
];

/// One area that the page can show.
#[derive(Debug, Clone, Serialize)]
struct Place {
    level: String,
    area: String,
    name: String,
    #[serde(skip)]
    at: (usize, usize),
}

/// One level whose areas the page can show.
#[derive(Debug, Serialize)]
struct Level {
    name: String,
    title: String,
    places: Vec<Place>,
}

/// What a reader should know first of a report.
#[derive(Debug, Serialize)]
struct Finding {
    report: String,
    title: String,
    sentences: Vec<String>,
}

/// One report's part of the page.
#[derive(Debug, Serialize)]
struct Part {
    name: String,
    title: String,
    revises: Option<String>,
    /// What it says of the first place, as markup.
    first: String,
    /// Charts of all areas: they are the same whichever place is shown.
    shared: Vec<Drawn>,
    files: Shelf,
}

/// A chart with what stands beside it.
#[derive(Debug, Serialize)]
struct Drawn {
    id: String,
    title: String,
    kind: &'static str,
    /// The level that a map's areas are of.
    level: Option<String>,
    svg: String,
    says: String,
    table: Listing,
    /// The table of the pack that it is drawn from.
    source: String,
    file: Option<String>,
}

/// A table on the page, and the name that its download has.
#[derive(Debug, Serialize)]
struct Listing {
    caption: String,
    headings: Vec<String>,
    rows: Vec<Vec<String>>,
    download: String,
}

/// What the parts of the page are made with.
struct Maker<'a> {
    edition: &'a Edition,
    formats: &'a [Format],
    trends: &'a Trends,
    pages: &'a Pages,
    /// The quarter's months.
    months: String,
}

/// `index.html`.
///
/// # Errors
/// [`crate::error::Error::Io`] where a file of the board's look cannot be read; [`crate::error::Error::System`] where a
/// template, a string or a sentence of the board's own cannot be used, or an earlier pack was changed.
pub fn index(edition: &Edition, formats: &[Format], past: &Past) -> Result<Vec<u8>> {
    let pages = Pages::new(&edition.look, &TEMPLATES)?;
    let trends = Trends::read(edition, past)?;
    let months = edition.quarter.months();
    let maker = Maker { edition, formats, trends: &trends, pages: &pages, months };
    let levels = levels(edition);
    let places = levels.iter().flat_map(|level| level.places.clone()).collect::<Vec<_>>();
    let mut markup = vec![String::new(); places.len()];
    let mut parts = Vec::new();
    let mut findings = places.iter().map(|_| Vec::new()).collect::<Vec<Vec<Finding>>>();
    for (number, story) in edition.stories.iter().enumerate() {
        let sentences = Sentences::new(edition, story, &pages)?;
        for (found, place) in findings.iter_mut().zip(&places) {
            let sentences = sentences.findings(place)?;
            if !sentences.is_empty() {
                found.push(Finding { report: story.name.clone(), title: story.title.clone(), sentences });
            }
        }
        for (at, place) in places.iter().enumerate() {
            markup[at] += &maker.report(number, story, (at, place), &sentences)?;
        }
        // The first place is part of the page as it stands.
        let first = markup.first_mut().map(std::mem::take).unwrap_or_default();
        parts.push(maker.part(number, story, first)?);
    }
    for (at, (place, findings)) in places.iter().zip(&findings).enumerate().filter(|(_, (_, it))| !it.is_empty()) {
        markup[at] +=
            &pages.page("index-findings.html", context! { place => Serde(place), findings => Serde(findings) })?;
    }
    let findings = markup.first_mut().map(std::mem::take).unwrap_or_default();
    let packed = places.iter().zip(&markup).skip(1).map(|(place, markup)| Ok((place.key(), packed(markup)?)));
    let script = pages.page("index.js", ())?;
    let board = &edition.board;
    let page = context! {
        title => pages.say("page_title", context! { board, months => &*maker.months })?,
        published => pages.say("published_by", context! { board })?,
        made => pages.say("made_with", context! { version => &*edition.manifest.smirr })?,
        quarter => edition.quarter.financial(),
        contact => Serde(&edition.contact),
        licence => context! { title => edition.licence.title(), url => edition.licence.url() },
        without_script => match places.first() {
            Some(place) => pages.say("page_without_script", context! { area => &*place.name })?,
            None => String::new(),
        },
        finer => finer(edition, &pages)?,
        bands => !edition.bands.is_empty(),
        pack => files::pack(formats),
        policy => format!("sha256-{}", base64(Sha256::digest(&script))),
        levels => Serde(&levels),
        first => !places.is_empty(),
        findings,
        packed => packed.collect::<Result<Vec<_>>>()?,
        parts => Serde(&parts),
        script,
    };
    pages.page("index.html", page).map(String::into_bytes)
}

/// The levels that the page shows.
fn levels(edition: &Edition) -> Vec<Level> {
    let levels = edition.levels.iter().enumerate().filter(|(at, _)| edition.shows(*at));
    let level = |(at, level): (usize, &AreaLevel)| {
        let whole = edition.areas(at).len() == 1;
        let place = |(area, code): (usize, &str)| Place {
            level: level.name.clone(),
            area: code.to_owned(),
            name: match level.names.get(code) {
                Some(name) => name.clone(),
                // The one area of a level is the whole board.
                None if whole => edition.board.clone(),
                None => code.to_owned(),
            },
            at: (at, area),
        };
        let places = edition.areas(at).into_iter().map(place).collect();
        Level { name: level.name.clone(), title: level.title.clone(), places }
    };
    levels.map(level).collect()
}

/// What is said of the levels that are in the files alone.
fn finer(edition: &Edition, pages: &Pages) -> Result<Vec<String>> {
    let finer = edition.levels.iter().enumerate().filter(|(at, _)| !edition.shows(*at));
    let say = |(at, level): (usize, &AreaLevel)| {
        let count = thousands(&edition.areas(at).len().to_string());
        pages.say("page_finer", context! { level => &*level.title, count })
    };
    finer.map(say).collect()
}

impl Maker<'_> {
    /// What a report says of one place, as markup.
    fn report(&self, number: usize, story: &Story, (at, place): (usize, &Place), say: &Sentences) -> Result<String> {
        let mut charts = Vec::new();
        for (which, chart) in story.charts.iter().enumerate().filter(|(_, chart)| !is_of_all(chart)) {
            charts.extend(self.drawn(story, chart, format!("c{number}-{which}-{at}"), Some(place))?);
        }
        let caption = self.caption("page_all_figures", &story.title, Some(place))?;
        let download = format!("{}-{}.csv", story.name, place.area);
        let figures = Listing { caption, download, ..key_figures(story, place, self.pages)? };
        let page = context! {
            report => &*story.name,
            place => Serde(place),
            words => say.words(place)?,
            charts => Serde(&charts),
            figures => Serde(&figures),
        };
        self.pages.page("index-report.html", page)
    }

    /// What of a report is the same whichever place is shown.
    fn part(&self, number: usize, story: &Story, first: String) -> Result<Part> {
        let mut shared = Vec::new();
        for (which, chart) in story.charts.iter().enumerate().filter(|(_, chart)| is_of_all(chart)) {
            shared.extend(self.drawn(story, chart, format!("c{number}-{which}"), None)?);
        }
        Ok(Part {
            name: story.name.clone(),
            title: story.title.clone(),
            revises: story.revises.clone(),
            first,
            shared,
            files: files::shelf(self.edition, story, self.formats),
        })
    }

    /// A chart of a place, or of all areas.
    fn drawn(&self, story: &Story, chart: &Chart, id: String, place: Option<&Place>) -> Result<Option<Drawn>> {
        let level = self.edition.level_of(chart).map(|at| self.edition.levels[at].name.clone());
        let at = place.map_or((0, 0), |place| place.at);
        let Some(picture) = picture(self.edition, story, chart, at, self.trends, self.pages)? else { return Ok(None) };
        let from = level.as_ref().or_else(|| place.map(|place| &place.level));
        let file = from.filter(|_| self.formats.contains(&Format::Csv));
        let area = place.map(|place| format!("-{}", place.area)).unwrap_or_default();
        // A trend is drawn from the table's series.
        let (caption, source, name): (_, _, fn(&str, &str, &str) -> String) = match chart.kind {
            ChartKind::Trend => ("page_caption_trend", "page_source_trend", names::series),
            _ => ("page_caption", "page_source", names::table),
        };
        Ok(Some(Drawn {
            says: picture.says,
            table: Listing {
                caption: self.caption(caption, &chart.title, place)?,
                headings: picture.headings,
                rows: picture.rows,
                download: format!("{}-{id}{area}.csv", story.name),
            },
            title: chart.title.clone(),
            kind: picture.kind,
            svg: described(&picture.svg, &id),
            source: self.caption(source, &story.title, place)?,
            file: file.map(|level| name(&story.name, level, "csv")),
            level,
            id,
        }))
    }

    fn caption(&self, key: &str, title: &str, place: Option<&Place>) -> Result<String> {
        let area = place.map(|place| place.name.as_str());
        self.pages.say(key, context! { title, area, board => &*self.edition.board, months => &*self.months })
    }
}

/// Whether a chart shows all areas of a level at once.
fn is_of_all(chart: &Chart) -> bool {
    matches!(chart.kind, ChartKind::Areas { .. } | ChartKind::Map { .. })
}

impl Place {
    /// What the page's script knows it by.
    fn key(&self) -> String {
        format!("{}/{}", self.level, self.area)
    }
}

/// Markup, compressed (zlib) and in base64.
fn packed(markup: &str) -> Result<String> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    let bytes = encoder.write_all(markup.as_bytes()).and_then(|()| encoder.finish());
    let bytes = bytes.map_err(|_| Error::System("a part of the page could not be compressed".into()))?;
    Ok(base64(&bytes))
}

/// A drawing that names the sentence beside it as its description.
fn described(svg: &str, id: &str) -> String {
    svg.replacen("<svg ", &format!("<svg aria-describedby=\"{id}-says\" "), 1)
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
