//! Takes a GeoJSON file of boundaries (RFC 7946) and the codes of one level's areas.
//! Gives each area's outline; which property of the file holds the codes is found, for every office has its own name for it.
//! Never touches a table that holds a person, and never holds more of the file than one feature and the outlines.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use geojson::{Feature, GeometryValue, feature::Id};
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::error::{Error, Result};

/// A closed ring of longitude and latitude, in degrees.
pub type Ring = Vec<(f64, f64)>;

/// Points that all outlines of a file may have together: 16 bytes each in memory. The full-resolution outlines of a nation's
/// smallest areas have a tenth of it.
const MOST_POINTS: usize = 30_000_000;
/// The longest text that is taken for a code or a name, in bytes.
const LONGEST_TEXT: usize = 400;
/// How a property of names ends, in whatever case: `HSCPName`, `area_name`, `LAD23NM`.
const NAMES: [&str; 2] = ["name", "nm"];
/// How many areas a message names.
const NAMED: usize = 5;

/// The areas of one level, as the lookup has them.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The level's name, for messages.
    pub level: &'a str,
    /// The codes of its areas.
    pub codes: &'a BTreeSet<&'a str>,
    /// Retired codes and their successors: a boundary under the old code is of the new one.
    pub retired: &'a BTreeMap<String, String>,
}

/// What a file of boundaries holds of a level.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Outlines {
    /// Rings by code: what lies within an odd number of an area's rings is in the area.
    pub of: BTreeMap<String, Vec<Ring>>,
    /// Names by code, where the file has a property of names and they agree.
    pub names: HashMap<String, String>,
    /// Areas that the file has no boundary of.
    pub missing: Vec<String>,
    /// Codes in the file that are no area of the level.
    pub others: Vec<String>,
}

impl Outlines {
    /// What the operator should know, where the file and the lookup do not agree.
    pub fn warning(&self, path: &Path, level: &str) -> Option<String> {
        let listed = |codes: &[String]| {
            let more = codes.len().saturating_sub(NAMED);
            let shown = codes[..codes.len() - more].join(", ");
            if more > 0 { format!("{shown} and {more} more") } else { shown }
        };
        let missing = (!self.missing.is_empty()).then(|| {
            format!("no boundary of {} of the areas of `{level}` ({})", self.missing.len(), listed(&self.missing))
        });
        let others = (!self.others.is_empty()).then(|| {
            format!("{} boundaries of no area of the lookup, left out ({})", self.others.len(), listed(&self.others))
        });
        let said = [missing, others].into_iter().flatten().collect::<Vec<_>>();
        (!said.is_empty()).then(|| format!("{}: {}", path.display(), said.join("; ")))
    }
}

/// Reads the outlines of a level. An area that comes as several features has the rings of all of them; a ring that comes
/// twice counts once.
///
/// # Errors
/// [`Error::Io`] where the file cannot be opened; [`Error::Input`], with the number of the feature, where it is no GeoJSON
/// of areas in degrees, or where no property holds the codes of the level.
pub fn read(path: &Path, wanted: Wanted<'_>) -> Result<Outlines> {
    let file = File::open(path).map_err(|e| Error::io("cannot read the boundaries in", path, e))?;
    let refuse = |what: String| Error::Input(format!("{}: {what}", path.display()));
    let mut gathered = Gathered::default();
    let mut bytes = BufReader::with_capacity(1 << 20, file);
    // Some programs begin a file with a mark of its encoding, which is no part of it.
    let start = bytes.fill_buf().map_err(|e| Error::io("cannot read the boundaries in", path, e))?;
    let begins = if start.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    bytes.consume(begins);
    let mut json = serde_json::Deserializer::from_reader(bytes);
    let read = Collection(&mut gathered).deserialize(&mut json).and_then(|()| json.end());
    if let Err(e) = read {
        return Err(refuse(gathered.fault.unwrap_or_else(|| {
            format!("this is not GeoJSON: {e}. Boundaries are a FeatureCollection, as RFC 7946 defines it")
        })));
    }
    let features = gathered.features;
    let known = |text: &str| match wanted.retired.get(text) {
        Some(successor) => wanted.codes.get(successor.as_str()).copied(),
        None => wanted.codes.get(text).copied(),
    };
    let property =
        commonest(&features, |_, text| known(text).is_some()).ok_or_else(|| refuse(unmatched(&features, wanted)))?;
    let called = commonest(&features, |name, _| NAMES.iter().any(|end| name.to_lowercase().ends_with(end)));
    let mut outlines = Outlines::default();
    let (mut seen, mut disputed) = (HashSet::new(), HashSet::new());
    for feature in features {
        let code = feature.texts.get(&property);
        let Some(code) = code.and_then(|text| known(text)) else {
            outlines.others.push(code.map_or_else(|| format!("feature {}", feature.number), Clone::clone));
            continue;
        };
        if let Some(name) = called.as_ref().and_then(|called| feature.texts.get(called)) {
            let first = outlines.names.entry(code.to_owned()).or_insert_with(|| name.clone());
            disputed.extend((first != name).then_some(code));
        }
        let rings = outlines.of.entry(code.to_owned()).or_default();
        rings.extend(feature.rings.into_iter().filter(|ring| seen.insert((code.to_owned(), mark(ring)))));
    }
    outlines.of.retain(|_, rings| !rings.is_empty());
    outlines.names.retain(|code, _| !disputed.contains(code.as_str()));
    let missing = wanted.codes.iter().filter(|code| !outlines.of.contains_key(**code));
    outlines.missing = missing.map(|code| (*code).to_owned()).collect();
    outlines.others.sort_unstable();
    outlines.others.dedup();
    Ok(outlines)
}

/// The property that most features have with such a name and text; of several, the first by name.
fn commonest(features: &[Shape], is_such: impl Fn(&str, &str) -> bool) -> Option<String> {
    let mut found: BTreeMap<&str, usize> = BTreeMap::new();
    for (name, _) in features.iter().flat_map(|feature| &feature.texts).filter(|(name, text)| is_such(name, text)) {
        *found.entry(name).or_default() += 1;
    }
    let best = found.into_iter().max_by(|(a, most), (b, other)| most.cmp(other).then(b.cmp(a)));
    best.map(|(name, _)| name.to_owned())
}

/// Why no property will do: which there are, each with a value.
fn unmatched(features: &[Shape], wanted: Wanted<'_>) -> String {
    let level = wanted.level;
    let mut properties: BTreeMap<&str, &str> = BTreeMap::new();
    for (name, text) in features.iter().flat_map(|feature| &feature.texts) {
        properties.entry(name).or_insert(text);
    }
    let example = wanted.codes.first().map_or_else(String::new, |code| format!(", such as {code}"));
    let has = match properties.is_empty() {
        _ if features.is_empty() => "it has no features".to_owned(),
        true => "its features have no properties of text".to_owned(),
        false => {
            let shown = properties
                .iter()
                .map(|(name, text)| format!("`{}` ({text:?})", name.escape_debug()))
                .collect::<Vec<_>>();
            format!("its properties are {}", shown.join(", "))
        }
    };
    format!("no property holds the codes of `{level}`{example}; {has}. Is the file of another level or another year?")
}

/// What tells a ring from any other: its length and its points.
fn mark(ring: &Ring) -> (usize, u64) {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    ring.iter().for_each(|(x, y)| (x.to_bits(), y.to_bits()).hash(&mut hasher));
    (ring.len(), hasher.finish())
}

/// One feature, as far as it is needed.
struct Shape {
    number: usize,
    texts: HashMap<String, String>,
    rings: Vec<Ring>,
}

/// The features so far, and what stopped the reading, if anything did.
#[derive(Default)]
struct Gathered {
    features: Vec<Shape>,
    points: usize,
    fault: Option<String>,
}

impl Gathered {
    fn add(&mut self, feature: Feature) -> Result<(), String> {
        let number = self.features.len() + 1;
        let place = |what: String| format!("feature {number}: {what}");
        let polygons = match feature.geometry.map(|geometry| geometry.value) {
            None => Vec::new(),
            Some(GeometryValue::Polygon { coordinates }) => vec![coordinates],
            Some(GeometryValue::MultiPolygon { coordinates }) => coordinates,
            Some(other) => {
                return Err(place(format!(
                    "a {} bounds no area: Polygon or MultiPolygon is needed",
                    other.type_name()
                )));
            }
        };
        let mut rings = Vec::new();
        for positions in polygons.into_iter().flatten() {
            let mut ring = Ring::with_capacity(positions.len() + 1);
            for position in positions {
                ring.push(degrees(position.as_slice()).map_err(place)?);
            }
            // Some offices leave the last point out.
            if ring.first() != ring.last() {
                ring.extend(ring.first().copied());
            }
            if ring.len() < 4 {
                return Err(place(format!("a ring of {} points bounds no area", ring.len())));
            }
            self.points += ring.len();
            rings.push(ring);
        }
        if self.points > MOST_POINTS {
            let help = "Take the boundaries that the office publishes for maps, generalised and clipped to the coast";
            return Err(place(format!("more than {MOST_POINTS} points until here. {help}")));
        }
        let properties = feature.properties.into_iter().flatten();
        let mut texts = properties
            .filter_map(|(name, value)| Some((name, value.as_str()?.trim().to_owned())))
            .filter(|(_, text)| !text.is_empty() && text.len() <= LONGEST_TEXT)
            .collect::<HashMap<_, _>>();
        if let Some(Id::String(id)) = feature.id {
            texts.entry("id".to_owned()).or_insert(id);
        }
        self.features.push(Shape { number, texts, rings });
        Ok(())
    }
}

/// A position as longitude and latitude.
fn degrees(position: &[f64]) -> Result<(f64, f64), String> {
    let &[longitude, latitude, ..] = position else {
        return Err("a position has a longitude and a latitude".into());
    };
    if longitude.abs() <= 180.0 && latitude.abs() <= 90.0 {
        return Ok((longitude, latitude));
    }
    Err(format!(
        "[{longitude}, {latitude}] is no longitude and latitude in degrees. Is the file in metres, as on the British \
         National Grid? Convert it to longitude and latitude (WGS 84, EPSG:4326)"
    ))
}

/// A FeatureCollection, read one feature at a time.
struct Collection<'a>(&'a mut Gathered);

impl<'de> DeserializeSeed<'de> for Collection<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Collection<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a FeatureCollection")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let (mut kind, mut has_features) = (None, false);
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "type" => kind = Some(map.next_value::<String>()?),
                "features" => {
                    has_features = true;
                    map.next_value_seed(Features(self.0))?;
                }
                _ => _ = map.next_value::<IgnoredAny>()?,
            }
        }
        if kind.as_deref() == Some("FeatureCollection") && has_features {
            return Ok(());
        }
        if kind.as_deref() == Some("FeatureCollection") {
            return Err(A::Error::custom(self.0.fault.insert("this FeatureCollection has no `features`".to_owned())));
        }
        let is = kind.map_or_else(|| "JSON without a `type`".to_owned(), |kind| format!("a {kind:?}"));
        let fault = format!("this is {is}, and no FeatureCollection: boundaries are one, with a feature for each area");
        Err(A::Error::custom(self.0.fault.insert(fault)))
    }
}

/// The features of a collection.
struct Features<'a>(&'a mut Gathered);

impl<'de> DeserializeSeed<'de> for Features<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Features<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of features")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        loop {
            let feature = match list.next_element::<Feature>() {
                Ok(Some(feature)) => feature,
                Ok(None) => return Ok(()),
                Err(e) => {
                    self.0.fault = Some(format!("feature {} is no GeoJSON: {e}", self.0.features.len() + 1));
                    return Err(e);
                }
            };
            if let Err(fault) = self.0.add(feature) {
                return Err(A::Error::custom(self.0.fault.insert(fault)));
            }
        }
    }
}

#[cfg(test)]
#[path = "boundaries_tests.rs"]
mod tests;
