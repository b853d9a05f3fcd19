//! The JSON Schemas of our YAML and the reference pages of the book, both made of the types that read the YAML.
//!
//! To write them anew: `SMIRR_WRITE_SCHEMAS=1 cargo nextest run --release the_committed_`.

use std::fs;

use serde_json::Value;
use smirr::config::editor::Kind;

use crate::support::program::{Ran, smirr};
use crate::support::{files, repository};

mod page;

/// Holds a committed file against what it should be.
fn committed(file: &str, text: &str) {
    let path = repository().join(file);
    if std::env::var_os("SMIRR_WRITE_SCHEMAS").is_some() {
        fs::create_dir_all(path.parent().expect("a file is in a folder")).expect("a folder can be made");
        fs::write(&path, text).expect("it can be written");
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(found == text, "{file} is not what the types say: SMIRR_WRITE_SCHEMAS=1 writes it anew");
}

#[test]
fn the_committed_schemas_of_our_yaml_are_those_of_the_types() {
    for kind in Kind::ALL {
        committed(&format!("schemas/{}", kind.file()), &kind.text());
    }
}

#[test]
fn the_committed_reference_pages_are_those_of_the_types() {
    let pages = [(Kind::Config, "configuration.md"), (Kind::Report, "report.md"), (Kind::Table, "table.md")];
    for (kind, file) in pages {
        committed(&format!("docs/src/reference/{file}"), &page::page(kind));
    }
}

/// Every mapping of a schema: where it is, and its keys.
fn mappings(schema: &Value) -> Vec<(String, &serde_json::Map<String, Value>)> {
    let types = schema["$defs"].as_object().into_iter().flatten().map(|(name, it)| (name.clone(), it));
    let types = types.chain([("the file".to_string(), schema)]);
    types.filter_map(|(name, it)| Some((name, it.get("properties")?.as_object()?))).collect()
}

#[test]
fn every_key_has_a_description_and_an_example_and_every_word_a_meaning() {
    for kind in Kind::ALL {
        let schema = kind.json_schema();
        let mut lacking = Vec::new();
        for (name, keys) in mappings(&schema) {
            for (key, value) in keys {
                // What is a closed list shows its words.
                let reference = value["$ref"].as_str().or_else(|| value["anyOf"][0]["$ref"].as_str());
                let named = reference.and_then(|it| schema.pointer(it.trim_start_matches('#')));
                let is_closed = named.is_some_and(|it| it.get("enum").is_some());
                if value["description"].as_str().is_none_or(str::is_empty) {
                    lacking.push(format!("{name}.{key}: a description"));
                }
                if !is_closed && value["examples"].as_array().is_none_or(Vec::is_empty) {
                    lacking.push(format!("{name}.{key}: an example"));
                }
            }
        }
        for (name, words) in schema["$defs"].as_object().into_iter().flatten() {
            let meanings = words["markdownEnumDescriptions"].as_array().into_iter().flatten();
            let meanings = meanings.filter(|it| it.as_str().is_some_and(|text| !text.is_empty())).count();
            if words["enum"].as_array().map_or(0, Vec::len) != meanings {
                lacking.push(format!("{name}: what its words mean"));
            }
        }
        assert_eq!(lacking, Vec::<String>::new(), "{kind:?}");
    }
}

/// An editor finds the schema by the first line: one that leads nowhere would help nobody.
#[test]
fn every_yaml_that_ships_says_where_its_schema_is() {
    let mut seen = 0;
    for (folder, kind) in [("configs", Kind::Config), ("reports", Kind::Report), ("schemas", Kind::Table)] {
        for path in files::under(&repository().join(folder)) {
            if path.extension().is_none_or(|it| it != "yaml") {
                continue;
            }
            let text = fs::read_to_string(&path).expect("it is text");
            let first = text.lines().next().unwrap_or_default();
            let named = first.strip_prefix("# yaml-language-server: $schema=");
            let named = named.unwrap_or_else(|| panic!("{} does not say where its schema is", path.display()));
            let leads_to = path.parent().expect("a file is in a folder").join(named).canonicalize();
            assert_eq!(leads_to.ok(), repository().join("schemas").join(kind.file()).canonicalize().ok());
            seen += 1;
        }
    }
    assert!(seen >= 30, "{seen} files");
}

#[test]
fn the_command_prints_what_is_committed() {
    for (word, kind) in [("config", Kind::Config), ("report", Kind::Report), ("table", Kind::Table)] {
        let printed = Ran::of(smirr().args(["schema", word])).ends(0);
        assert_eq!(printed.stdout, kind.text());
    }
}
