//! `datapackage.json`: the pack's CSV and Parquet files as a Frictionless Data Package (version 2).

use minijinja::context;
use serde_json::{Map, Value, json};

use super::codes::{CodeList, DECIMALS};
use super::{Content, Described, QUARTER, Role, columns, figures, title};
use crate::error::Result;
use crate::look::Pages;
use crate::publish::edition::Edition;

/// More values than this are a list's, and no column's.
const SHORT: usize = 30;

/// The package of these files: with their sizes and hashes, as they were written.
pub(super) fn datapackage(edition: &Edition, described: &[Described<'_>], pages: &Pages) -> Result<Value> {
    let sources = edition.manifest.method.sources.iter().map(|source| {
        let title = pages.say("metadata_source", context! { table => &source.table, row => &source.row })?;
        Ok(json!({ "title": title }))
    });
    Ok(json!({
        "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
        "name": name(&format!("{} {}", edition.board, edition.quarter)),
        "title": title(edition, pages)?,
        "description": pages.say("metadata_description", ())?,
        "version": edition.quarter.to_string(),
        "licenses": [{
            "name": edition.licence.id(),
            "title": edition.licence.title(),
            "path": edition.licence.url(),
        }],
        "contributors": contributors(edition, pages)?,
        "sources": sources.collect::<Result<Vec<_>>>()?,
        "resources": described.iter().map(|it| resource(it, described, pages)).collect::<Result<Vec<_>>>()?,
    }))
}

/// A name as packages have them: small letters, digits and hyphens.
fn name(text: &str) -> String {
    let letters = text.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { ' ' });
    letters.collect::<String>().split_whitespace().collect::<Vec<_>>().join("-")
}

/// The board as publisher, and whom readers may ask.
fn contributors(edition: &Edition, pages: &Pages) -> Result<Value> {
    let contact = &edition.contact;
    let usual = pages.say("metadata_contact", context! { board => &edition.board })?;
    let mut asked = Map::from_iter([
        ("title".to_owned(), json!(contact.name.clone().unwrap_or(usual))),
        ("roles".to_owned(), json!(["contact"])),
    ]);
    asked.extend(contact.email.iter().map(|it| ("email".to_owned(), json!(it))));
    asked.extend(contact.url.iter().map(|it| ("path".to_owned(), json!(it))));
    Ok(json!([{ "title": edition.board, "roles": ["publisher"] }, asked]))
}

fn resource(described: &Described<'_>, all: &[Described<'_>], pages: &Pages) -> Result<Value> {
    let file = described.file;
    let mut resource = Map::from_iter([
        ("name".to_owned(), json!(described.resource())),
        ("path".to_owned(), json!(file.name)),
        ("title".to_owned(), json!(described.title(pages)?)),
        ("bytes".to_owned(), json!(file.bytes)),
        ("hash".to_owned(), json!(format!("sha256:{}", file.sha256))),
    ]);
    if matches!(described.content, Content::Table { is_series: true, .. }) {
        resource.insert("description".into(), json!(pages.say("metadata_series_note", ())?));
    }
    let form = match described.is_csv() {
        true => [("format", "csv"), ("mediatype", "text/csv"), ("encoding", "utf-8"), ("type", "table")].as_slice(),
        // Read as a table, a binary file has no size and no hash for the framework's validator: as a file it has both.
        false => [("format", "parquet"), ("mediatype", "application/vnd.apache.parquet"), ("type", "file")].as_slice(),
    };
    resource.extend(form.iter().map(|(key, value)| ((*key).to_owned(), json!(value))));
    if described.is_csv() {
        let dialect = json!({ "delimiter": ",", "lineTerminator": "\n", "quoteChar": "\"", "header": true });
        resource.insert("dialect".into(), dialect);
    }
    resource.insert("schema".into(), schema(described, all, pages)?);
    Ok(resource.into())
}

fn schema(described: &Described<'_>, all: &[Described<'_>], pages: &Pages) -> Result<Value> {
    let (story, table, level, is_series, lists) = match &described.content {
        Content::Codes(list) => return list_schema(list, pages),
        Content::Table { story, table, level, is_series, lists } => (story, table, level, *is_series, lists),
    };
    let named = columns(story, table, level, lists);
    let fields = named.iter().map(|(name, role)| {
        let kind = if role.is_number() { "number" } else { "string" };
        let mut limits = Map::new();
        if role.is_key() {
            limits.insert("required".into(), json!(true));
        }
        let values = match role {
            Role::LabelQualifier(_) => Some(vec!["d"]),
            Role::Label(_, _, Some(list)) => Some(list.rows.iter().map(|row| row[0].as_str()).collect()),
            Role::Figure => Some(figures(table)),
            _ => None,
        };
        // Earlier quarters have the codes of their own lookups.
        let is_ours = !is_series || matches!(role, Role::LabelQualifier(_));
        limits.extend(values.filter(|it| is_ours && it.len() <= SHORT).map(|it| ("enum".to_owned(), json!(it))));
        match role {
            Role::Quarter => limits.insert("pattern".into(), json!(QUARTER)),
            Role::ValueQualifier => limits.insert("pattern".into(), json!("[a-z]+( [a-z]+)*")),
            _ => None,
        };
        field(name, kind, &role.description(pages)?, limits)
    });
    let keys = named.iter().filter(|(_, role)| role.is_key()).map(|(name, _)| name).collect::<Vec<_>>();
    let references = named.iter().filter(|_| !is_series).filter_map(|(name, role)| match role {
        // A list is there beside CSV alone.
        Role::Label(_, _, Some(list)) if all.iter().any(|it| it.file.name == list.file()) => Some(json!({
            "fields": [name],
            "reference": { "resource": list.name, "fields": [list.headings[0]] },
        })),
        _ => None,
    });
    Ok(json!({
        "fields": fields.collect::<Result<Vec<_>>>()?,
        "missingValues": [""],
        "primaryKey": keys,
        "foreignKeys": references.collect::<Vec<_>>(),
    }))
}

fn list_schema(list: &CodeList, pages: &Pages) -> Result<Value> {
    let fields = list.headings.iter().enumerate().map(|(at, name)| {
        let kind = if *name == DECIMALS { "integer" } else { "string" };
        let limits = if at < list.keys { Map::from_iter([("required".to_owned(), json!(true))]) } else { Map::new() };
        field(name, kind, &of_list(list, name, pages)?, limits)
    });
    Ok(json!({
        "fields": fields.collect::<Result<Vec<_>>>()?,
        "missingValues": [""],
        "primaryKey": list.headings[..list.keys],
    }))
}

/// What a column of a list holds.
pub(super) fn of_list(list: &CodeList, heading: &str, pages: &Pages) -> Result<String> {
    match heading {
        "Report" => pages.say("metadata_column_report", ()),
        DECIMALS => pages.say("metadata_column_decimals", ()),
        "Figure" => pages.say("metadata_column_figure", ()),
        "Unit" => pages.say("metadata_column_unit", ()),
        "IntervalHolds" => pages.say("metadata_column_interval", ()),
        "Code" | "Symbol" => pages.say("metadata_column_code", context! { of => &list.title }),
        _ => pages.say("metadata_column_words", ()),
    }
}

fn field(name: &str, kind: &str, description: &str, limits: Map<String, Value>) -> Result<Value> {
    let mut field = Map::from_iter([
        ("name".to_owned(), json!(name)),
        ("type".to_owned(), json!(kind)),
        ("description".to_owned(), json!(description)),
    ]);
    if !limits.is_empty() {
        field.insert("constraints".into(), limits.into());
    }
    Ok(field.into())
}
