//! `sources:`: where every table's extracts are. A kind of origin is one arm of [`Board::origin`].

use std::path::{Path, PathBuf};

use super::Needs;
use super::board::{DetailedSource, SourceYaml};
use super::check_board::Board;
use super::check_objects::is_address;
use super::plan::{Fictional, Files, Origin, Sheet, Source};
use super::suggest::quote;
use crate::schema::Sender;

/// One entry of a table's sources.
struct Entry<'a> {
    table: &'a str,
    /// Its keys, with the steps that lead to them.
    place: Vec<String>,
    /// Where its path is, if it has one.
    path: Option<(Vec<String>, &'a str)>,
    detailed: Option<&'a DetailedSource>,
}

impl Board<'_> {
    /// Where every table's extracts are, public tables first.
    pub fn sources(&mut self, fictional: Option<&Fictional>) -> Vec<Source> {
        let yaml = self.yaml;
        let made = fictional.map(|fictional| pattern(&fictional.folder.display().to_string()));
        let mut seen: Vec<(Origin, &str)> = Vec::new();
        let mut found = Vec::new();
        for (table, source) in &yaml.sources {
            let mut origins = Vec::new();
            if matches!(source, SourceYaml::Paths(paths) if paths.is_empty()) {
                self.complain(&["sources", table], "at least one path is needed", None);
            }
            for entry in entries(table, source) {
                let Some(origin) = self.origin(&entry, made.as_deref()) else { continue };
                if let Some((_, other)) = seen.iter().find(|(known, _)| *known == origin) {
                    let place = entry.path.as_ref().map_or(&entry.place, |(place, _)| place);
                    self.complain(&steps(place), &format!("`{other}` already reads the same files"), None);
                }
                seen.push((origin.clone(), table));
                origins.push(origin);
            }
            if let Some(schema) = self.tables.get(table) {
                found.push(Source { table: table.clone(), origins, schema: schema.clone() });
            }
        }
        found.sort_by_key(|source| source.schema.from != Sender::Public);
        found
    }

    /// The table of kinds. `None` after a complaint.
    fn origin(&mut self, entry: &Entry<'_>, made: Option<&str>) -> Option<Origin> {
        let Some((place, path)) = &entry.path else {
            self.complain(&steps(&entry.place), "a source needs a `path`", None);
            return None;
        };
        let sheet = self.sheet(entry);
        if is_address(path) {
            return self.objects(&steps(&entry.place), &steps(place), path, entry.detailed, sheet);
        }
        if let Some(detailed) = entry.detailed {
            self.no_store(&steps(&entry.place), detailed);
        }
        self.files(entry.table, &steps(place), path, sheet, made)
    }

    /// Files on the machine's own disks. What the fictional board's own folder lacks, the run makes; what is private may
    /// come later.
    fn files(&mut self, table: &str, place: &[&str], path: &str, sheet: Sheet, made: Option<&str>) -> Option<Origin> {
        let path = &self.in_quarter(place, path);
        let glob = self.absolute(path);
        let private = self.tables.get(table).is_some_and(|schema| schema.from != Sender::Public);
        let may_lack = self.reported.is_none()
            || made.is_some_and(|folder| glob.starts_with(folder))
            || self.needs == Needs::Nothing
            || (private && self.needs == Needs::WhatIsPublic);
        self.matches(place, path, &glob, may_lack);
        Some(Origin::Files(Files { glob, sheet }))
    }

    /// Where the rows are in what turns out to be a workbook.
    fn sheet(&mut self, entry: &Entry<'_>) -> Sheet {
        let Some(detailed) = entry.detailed else { return Sheet::default() };
        let at = |key: &'static str| entry.place.iter().map(String::as_str).chain([key]).collect::<Vec<_>>();
        if detailed.sheet.as_ref().is_some_and(|name| name.trim().is_empty()) {
            self.complain(&at("sheet"), "the name of the sheet is empty", None);
        }
        if detailed.header_row == Some(0) {
            let help = "rows are counted from 1, as the spreadsheet shows them".to_string();
            self.complain(&at("header_row"), "there is no row 0", Some(help));
        }
        Sheet { name: detailed.sheet.clone(), header_row: detailed.header_row }
    }

    fn absolute(&self, path: &str) -> PathBuf {
        if Path::new(path).is_absolute() {
            PathBuf::from(path)
        } else {
            PathBuf::from(pattern(&self.places.root.display().to_string())).join(path)
        }
    }

    fn matches(&mut self, place: &[&str], path: &str, glob: &Path, may_lack: bool) {
        if path.trim().is_empty() {
            return self.complain(place, "the path is empty", None);
        }
        let Some(text) = glob.to_str() else {
            return self.complain(place, "the path is not UTF-8", None);
        };
        match glob::glob(text) {
            Err(error) => self.complain(place, &format!("not a path or glob: {}", error.msg), None),
            Ok(_) if may_lack => {}
            Ok(mut files) => {
                if !files.any(|file| file.is_ok_and(|file| file.is_file())) {
                    let help = format!("paths start from {}", self.places.shown(&self.places.root).display());
                    let help = if Path::new(path).is_absolute() { None } else { Some(help) };
                    self.complain(place, &format!("no file matches {}", quote(path)), help);
                }
            }
        }
    }
}

/// A path as a glob that matches only itself.
fn pattern(path: &str) -> String {
    glob::Pattern::escape(path)
}

fn steps(place: &[String]) -> Vec<&str> {
    place.iter().map(String::as_str).collect()
}

/// A table's sources, each with the steps that lead to it.
fn entries<'a>(table: &'a str, source: &'a SourceYaml) -> Vec<Entry<'a>> {
    let base = vec!["sources".to_string(), table.to_string()];
    let below = |step: &str| base.iter().cloned().chain([step.to_string()]).collect::<Vec<_>>();
    let plain = |place: Vec<String>, path: &'a str| Entry {
        table,
        place: place.clone(),
        path: Some((place, path)),
        detailed: None,
    };
    match source {
        SourceYaml::Path(path) => vec![plain(base, path)],
        SourceYaml::Paths(paths) => {
            paths.iter().enumerate().map(|(at, path)| plain(below(&at.to_string()), path)).collect()
        }
        SourceYaml::Detailed(detailed) => {
            let path = detailed.path.as_deref().map(|path| (below("path"), path));
            vec![Entry { table, place: base.clone(), path, detailed: Some(detailed) }]
        }
    }
}
