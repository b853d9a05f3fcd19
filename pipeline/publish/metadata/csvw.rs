//! Metadata of the pack's CSV files in the W3C vocabulary for tabular data (CSVW): one group of tables.

use minijinja::context;
use serde_json::{Map, Value, json};

use super::codes::{CodeList, DECIMALS};
use super::{Content, Described, QUARTER, Role, columns, figures, title};
use crate::config::look::Contact;
use crate::error::Result;
use crate::look::Pages;
use crate::publish::edition::Edition;

/// The metadata of these files; what is no CSV is left out.
pub(super) fn csvw(edition: &Edition, described: &[Described<'_>], pages: &Pages) -> Result<Value> {
    let tables = described.iter().filter(|it| it.is_csv()).map(|it| table(it, pages)).collect::<Result<Vec<_>>>()?;
    Ok(json!({
        "@context": ["http://www.w3.org/ns/csvw", { "@language": "en" }],
        "dc:title": title(edition, pages)?,
        "dc:description": pages.say("metadata_description", ())?,
        "dc:publisher": edition.board,
        "dc:language": "en",
        "dc:license": { "@id": edition.licence.url() },
        "dcat:contactPoint": contact(edition, pages)?,
        "dialect": { "encoding": "utf-8", "delimiter": ",", "quoteChar": "\"", "header": true, "lineTerminators": ["\n"] },
        "tables": tables,
    }))
}

fn contact(edition: &Edition, pages: &Pages) -> Result<Value> {
    let Contact { name, email, url } = &edition.contact;
    let usual = pages.say("metadata_contact", context! { board => &edition.board })?;
    let mut contact = Map::from_iter([
        ("@type".to_owned(), json!("vcard:Organization")),
        ("vcard:fn".to_owned(), json!(name.clone().unwrap_or(usual))),
    ]);
    contact.extend(email.iter().map(|it| ("vcard:hasEmail".to_owned(), json!({ "@id": format!("mailto:{it}") }))));
    contact.extend(url.iter().map(|it| ("vcard:hasURL".to_owned(), json!({ "@id": it }))));
    Ok(contact.into())
}

fn table(described: &Described<'_>, pages: &Pages) -> Result<Value> {
    let (title, note, schema) = match &described.content {
        Content::Codes(list) => (list.title.clone(), None, list_schema(list, pages)?),
        Content::Table { is_series, .. } => {
            let note = if *is_series { Some(pages.say("metadata_series_note", ())?) } else { None };
            (described.title(pages)?, note, table_schema(&described.content, pages)?)
        }
    };
    let mut table =
        Map::from_iter([("url".to_owned(), json!(described.file.name)), ("dc:title".to_owned(), json!(title))]);
    table.extend(note.map(|note| ("dc:description".to_owned(), json!(note))));
    table.insert("tableSchema".into(), schema);
    Ok(table.into())
}

fn table_schema(content: &Content<'_>, pages: &Pages) -> Result<Value> {
    let Content::Table { story, table, level, is_series, lists } = content else { return Ok(Value::Null) };
    let named = columns(story, table, level, lists);
    let keys = named.iter().filter(|(_, role)| role.is_key()).map(|(name, _)| name).collect::<Vec<_>>();
    let reference = |name: &str, list: &CodeList| {
        json!({
            "columnReference": name,
            "reference": { "resource": list.file(), "columnReference": list.headings[0] },
        })
    };
    let references = named.iter().filter_map(|(name, role)| match role {
        Role::Label(_, _, Some(list)) => Some(reference(name, list)),
        Role::ValueQualifier => Some(reference(name, &lists.qualifiers)),
        _ => None,
    });
    // Earlier quarters have the codes of their own lookups.
    let references = references.filter(|_| !is_series).collect::<Vec<_>>();
    let described = named.iter().map(|(name, role)| {
        let datatype = match role {
            Role::Quarter => json!({ "base": "string", "format": QUARTER }),
            Role::LabelQualifier(_) => json!({ "base": "string", "format": "d" }),
            Role::Figure if !is_series => json!({ "base": "string", "format": figures(table).join("|") }),
            _ if role.is_number() => json!("decimal"),
            _ => json!("string"),
        };
        column(name, &role.description(pages)?, role.is_key(), datatype, *role == Role::ValueQualifier)
    });
    Ok(json!({
        "columns": described.collect::<Result<Vec<_>>>()?,
        "primaryKey": keys,
        "foreignKeys": references,
    }))
}

fn list_schema(list: &CodeList, pages: &Pages) -> Result<Value> {
    let described = list.headings.iter().enumerate().map(|(at, name)| {
        let datatype = if *name == DECIMALS { "integer" } else { "string" };
        column(name, &super::datapackage::of_list(list, name, pages)?, at < list.keys, json!(datatype), false)
    });
    Ok(json!({
        "columns": described.collect::<Result<Vec<_>>>()?,
        "primaryKey": list.headings[..list.keys],
    }))
}

/// A column. Its name is its heading, whose letters and digits need no escape.
fn column(name: &str, description: &str, is_required: bool, datatype: Value, is_list: bool) -> Result<Value> {
    let mut column = Map::from_iter([
        ("name".to_owned(), json!(name)),
        ("titles".to_owned(), json!(name)),
        ("dc:description".to_owned(), json!(description)),
        ("datatype".to_owned(), datatype),
    ]);
    if is_required {
        column.insert("required".into(), json!(true));
    } else {
        column.insert("null".into(), json!(""));
    }
    if is_list {
        column.insert("separator".into(), json!(" "));
    }
    Ok(column.into())
}
