//! The tables that a board names, each with its schema: read, checked, and held against one another.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use indexmap::IndexMap;

use super::check_schema;
use super::diagnostic::Diagnostics;
use super::source::Document;
use super::suggest::{advice, is_name, list, quote};
use crate::schema::{Column, Kind, Sender, TableSchema};

/// The table of people, by the name that the extract contract gives it.
pub(super) const PATIENTS: &str = "patients";

/// The tables of one board: name to schema. A schema that could not be read is `None`, after its complaints.
#[derive(Debug, Default)]
pub(super) struct Tables(IndexMap<String, Option<Arc<TableSchema>>>);

/// What is known of a table by its name.
pub(super) enum Lookup<'a> {
    /// The board has no source for it.
    Absent,
    /// It has one, but its schema has mistakes of its own.
    Unclear,
    /// Its schema.
    Known(&'a Arc<TableSchema>),
}

impl Tables {
    /// Reads the schema of every table that `board` has a source for. Works on the marked tree, so that the
    /// schemas are checked even while the board's own YAML has mistakes.
    pub fn read(board: &Document, places: &Places, complaints: &mut Diagnostics) -> Self {
        let mut tables = Tables::default();
        let sources = board.root.get("sources").map_or(&[][..], |sources| sources.entries());
        for (key, value) in sources {
            let Some(table) = key.text() else { continue };
            let named = value.get("schema").filter(|name| name.text().is_some());
            let (name, at) = named.map_or((table, key), |node| (node.text().unwrap_or(table), node));
            let file = places.schemas.join(format!("{name}.yaml"));
            if !is_name(name) || !file.is_file() {
                let what = if named.is_some() { "schema" } else { "table" };
                let known = stems(&places.schemas);
                let mut complaint = board.at(at.span.clone(), format!("unknown {what} {}", quote(name)));
                complaint.help = advice(name, known.iter().map(String::as_str))
                    .or_else(|| Some(format!("there are no schemas in {}", places.shown(&places.schemas).display())));
                complaints.push(complaint);
                tables.0.insert(table.to_string(), None);
                continue;
            }
            let mut schema = read_schema(&file, &places.shown(&file), complaints);
            // Left out once complained of: whatever else it breaks would only repeat the complaint.
            if let Some(schema) = schema.take_if(|schema| schema.table != table) {
                let message = format!("`{name}` describes the table {}, not {}", quote(&schema.table), quote(table));
                complaints.push(board.at(at.span.clone(), message));
            }
            tables.0.insert(table.to_string(), schema);
        }
        tables.forget_practices();
        tables.references(board, complaints);
        tables.circles(board, complaints);
        tables.practitioners(board, complaints);
        tables
    }

    /// A board without a list of practices checks its practice codes and stores none of them.
    fn forget_practices(&mut self) {
        let known = self.0.keys().cloned().collect::<Vec<_>>();
        let without = |column: &Column| {
            column.kind == Kind::PracticeCode && column.to.as_ref().is_some_and(|to| !known.contains(to))
        };
        for schema in self.0.values_mut().flatten() {
            if schema.columns.values().any(without) {
                let columns = Arc::make_mut(schema).columns.values_mut();
                columns.filter(|column| without(column)).for_each(|column| column.to = None);
            }
        }
    }

    /// What is known of `table`.
    pub fn lookup(&self, table: &str) -> Lookup<'_> {
        match self.0.get(table) {
            None => Lookup::Absent,
            Some(None) => Lookup::Unclear,
            Some(Some(schema)) => Lookup::Known(schema),
        }
    }

    /// The schema of `table`, where it could be read.
    pub fn get(&self, table: &str) -> Option<&Arc<TableSchema>> {
        self.0.get(table)?.as_ref()
    }

    /// Every table's name, with its schema where it could be read.
    pub fn all(&self) -> impl Iterator<Item = (&str, Option<&TableSchema>)> {
        self.0.iter().map(|(name, schema)| (name.as_str(), schema.as_deref()))
    }

    /// The names of all private tables whose rows name a person.
    pub fn of_people(&self) -> Vec<&str> {
        let of_people = |schema: &Arc<TableSchema>| schema.from != Sender::Public && schema.person().is_some();
        let known = self.0.iter().filter(|(_, schema)| schema.as_ref().is_some_and(of_people));
        known.map(|(name, _)| name.as_str()).collect()
    }

    /// The names of all public tables.
    pub fn public(&self) -> Vec<&str> {
        let known = self.0.iter().filter(|(_, schema)| schema.as_ref().is_some_and(|it| it.from == Sender::Public));
        known.map(|(name, _)| name.as_str()).collect()
    }

    /// The names of those whose rows name a practitioner too.
    pub fn of_practitioners(&self) -> Vec<&str> {
        let named = |name: &&str| self.get(name).is_some_and(|schema| schema.practitioner().is_some());
        self.of_people().into_iter().filter(named).collect()
    }

    /// Whether every table's schema could be read.
    pub fn complete(&self) -> bool {
        self.0.values().all(Option::is_some)
    }

    /// Every reference must lead to a public table that has a source and a key.
    fn references(&self, board: &Document, complaints: &mut Diagnostics) {
        for (table, schema) in &self.0 {
            let Some(schema) = schema else { continue };
            for (name, to) in schema.columns.iter().filter_map(|(name, column)| Some((name, column.to.as_ref()?))) {
                let wrong = match self.lookup(to) {
                    Lookup::Unclear => continue,
                    Lookup::Known(target) if target.key().is_some() => continue,
                    Lookup::Known(target) if target.from == Sender::Public => {
                        "has no single `unique` column of its own"
                    }
                    Lookup::Known(_) => "is not public",
                    Lookup::Absent => "has no source",
                };
                let message = format!("`{table}.{name}` refers to the table {}, which {wrong}", quote(to));
                complaints.push(board.key(&["sources", table], message));
            }
        }
        if !self.0.contains_key(PATIENTS) {
            let known = self.0.keys().cloned().collect::<Vec<_>>();
            let message = format!("the table `{PATIENTS}` has no source; every report needs it");
            let help = if known.is_empty() { None } else { Some(format!("there are sources for {}", list(&known))) };
            let mut complaint = board.key(&["sources"], message);
            complaint.help = help;
            complaints.push(complaint);
        }
    }

    /// Public tables are read one after the other, each after those that it refers to: none may lead back to itself.
    fn circles(&self, board: &Document, complaints: &mut Diagnostics) {
        let public = |name: &&String| self.get(name).is_some_and(|schema| schema.from == Sender::Public);
        let mut waiting = self.0.keys().filter(public).collect::<Vec<_>>();
        loop {
            let before = waiting.len();
            let stuck = waiting.clone();
            waiting.retain(|name| {
                let mut columns = self.get(name).map(|schema| &schema.columns).into_iter().flatten();
                columns.any(|(_, column)| column.to.as_ref().is_some_and(|to| stuck.contains(&to)))
            });
            if waiting.len() == before {
                break;
            }
        }
        for name in waiting {
            let message = format!("`{name}` refers to itself, or to a public table that leads back to it");
            let help = "a public table is read after those that it refers to: take one of the references out";
            complaints.push(board.key(&["sources", name], message).help(help));
        }
    }

    /// Practitioners of all tables are known by one kind of pseudonym.
    fn practitioners(&self, board: &Document, complaints: &mut Diagnostics) {
        let mut first: Option<(&str, &str, &str)> = None;
        for (table, schema) in &self.0 {
            let Some((schema, name)) = schema.as_ref().and_then(|schema| Some((schema, schema.practitioner()?))) else {
                continue;
            };
            let space = schema.columns[name].space(name);
            match first {
                None => first = Some((table, name, space)),
                Some((_, _, known)) if known == space => {}
                Some((other, column, known)) => {
                    let message = format!(
                        "`{table}.{name}` names practitioners in the space `{space}`, and `{other}.{column}` in `{known}`"
                    );
                    let help = "one practitioner must have one pseudonym: give both columns the same `space`";
                    complaints.push(board.key(&["sources", table], message).help(help));
                }
            }
        }
    }
}

fn read_schema(file: &Path, shown: &Path, complaints: &mut Diagnostics) -> Option<Arc<TableSchema>> {
    let document = Document::read(file, shown, complaints)?;
    let schema: TableSchema = document.typed(complaints)?;
    check_schema::check(&document, &schema, complaints);
    Some(Arc::new(schema))
}

/// Where the board's files are.
#[derive(Debug)]
pub(super) struct Places {
    /// The folder that relative paths start from; absolute.
    pub root: PathBuf,
    /// The folder of the extract contract; absolute.
    pub schemas: PathBuf,
    /// The folder of the reports; absolute.
    pub reports: PathBuf,
    /// The folder that smirr was started in, so that files near by are shown by their short names.
    here: Option<PathBuf>,
}

impl Places {
    /// Reads the folders from the marked tree. `None` after a complaint.
    pub fn of(board: &Document, file: &Path, complaints: &mut Diagnostics) -> Option<Self> {
        let text =
            |key: &str, default: &str| board.root.get(key).and_then(|node| node.text()).unwrap_or(default).to_string();
        let beside = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let root = beside.join(text("root", "."));
        match root.canonicalize() {
            Ok(root) if root.is_dir() => Some(Places {
                schemas: root.join(text("schemas", "schemas")),
                reports: root.join(text("reports_folder", "reports")),
                root,
                here: std::env::current_dir().and_then(|here| here.canonicalize()).ok(),
            }),
            _ => {
                let message = format!("there is no folder {}", quote(&root.display().to_string()));
                complaints.push(board.value(&["root"], message).help("`root` is relative to this file"));
                None
            }
        }
    }

    /// A file's name as its reader would write it.
    pub fn shown(&self, file: &Path) -> PathBuf {
        let short = self.here.as_ref().and_then(|here| file.strip_prefix(here).ok());
        // The current folder itself would have no name.
        short.filter(|short| !short.as_os_str().is_empty()).unwrap_or(file).to_path_buf()
    }
}

/// The names of the YAML files in a folder, without `.yaml`, in order.
pub(super) fn stems(folder: &Path) -> Vec<String> {
    let stem = |entry: std::io::Result<std::fs::DirEntry>| {
        let path = entry.ok()?.path();
        let yaml = path.extension().is_some_and(|extension| extension == "yaml");
        yaml.then(|| path.file_stem().map(|stem| stem.to_string_lossy().into_owned())).flatten()
    };
    let mut found: Vec<String> = std::fs::read_dir(folder).into_iter().flatten().filter_map(stem).collect();
    found.sort();
    found
}
