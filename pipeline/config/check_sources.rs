//! `sources:`: where every table's extracts are. A kind of origin is one arm of [`Board::origin`].

use std::path::{Path, PathBuf};

use super::Needs;
use super::board::{DetailedSource, KeyYaml, SourceYaml};
use super::check_board::Board;
use super::check_objects::is_address;
use super::plan::{Asked, Fictional, Files, Origin, Postgres, Sheet, Source};
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
        if let Some(detailed) = entry.detailed {
            match &detailed.postgres {
                Some(connection) => return self.postgres(&entry.place, detailed, connection),
                None if detailed.table.is_some() || detailed.query.is_some() => {
                    let help = "add `postgres: { env: NAME }`, which says where the connection string is".to_string();
                    self.complain(&steps(&entry.place), "`table` and `query` are asked of a server", Some(help));
                    return None;
                }
                None => {}
            }
        }
        let Some((place, path)) = &entry.path else {
            self.complain(&steps(&entry.place), "a source needs a `path`, or `postgres`", None);
            return None;
        };
        if ["postgres://", "postgresql://"].iter().any(|scheme| path.starts_with(scheme)) {
            let help =
                "write `{ postgres: { env: NAME }, table: ... }`, and put the string into that variable".to_string();
            self.complain(&steps(place), "a connection string has no place in this file", Some(help));
            return None;
        }
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

    /// A table or a query of a server, which nothing is asked before a run.
    fn postgres(&mut self, place: &[String], detailed: &DetailedSource, connection: &KeyYaml) -> Option<Origin> {
        let at = |key: &'static str| place.iter().map(String::as_str).chain([key]).collect::<Vec<_>>();
        let strays = [
            ("path", detailed.path.is_some()),
            ("sheet", detailed.sheet.is_some()),
            ("header_row", detailed.header_row.is_some()),
            ("endpoint", detailed.endpoint.is_some()),
            ("region", detailed.region.is_some()),
            ("plain_http", detailed.plain_http),
            ("credentials", detailed.credentials.is_some()),
        ];
        for (key, _) in strays.iter().filter(|(_, is_there)| *is_there) {
            self.complain(
                &at(key),
                &format!("`{key}` is for files and object stores, and this source is a server"),
                None,
            );
        }
        let connection = match &connection.file {
            Some(file) if file.to_string_lossy().contains("://") => {
                let help = "write the path of a file that holds the string; never the string itself".to_string();
                self.complain(&at("postgres"), "this is not a path", Some(help));
                None
            }
            _ => self.secret(&at("postgres"), "connection string", connection, false),
        };
        let asked = match (&detailed.table, &detailed.query) {
            (Some(table), None) => self.table_of_server(&at("table"), table),
            (None, Some(query)) if query.trim().is_empty() => {
                self.complain(&at("query"), "the query is empty", None);
                None
            }
            (None, Some(query)) => Some(Asked::Query(query.clone())),
            _ => {
                self.complain(&steps(place), "exactly one of `table` and `query` is needed", None);
                None
            }
        };
        Some(Origin::Postgres(Postgres { connection: connection?, asked: asked? }))
    }

    fn table_of_server(&mut self, place: &[&str], table: &str) -> Option<Asked> {
        let parts = table.split('.').collect::<Vec<_>>();
        match parts[..] {
            _ if parts.iter().any(|part| part.trim().is_empty()) => {}
            [name] => return Some(Asked::Table { schema: None, name: name.into() }),
            [schema, name] => return Some(Asked::Table { schema: Some(schema.into()), name: name.into() }),
            _ => {}
        }
        let help = "for any other name write `query: SELECT * FROM ...`".to_string();
        self.complain(place, "the table is written `table` or `schema.table`", Some(help));
        None
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
