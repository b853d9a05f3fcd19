//! The walk over types made for it, and over the examples of our own.

use std::path::Path;

use indexmap::IndexMap;
use serde::Deserialize;

use super::*;

/// A colour.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Colour {
    /// Red.
    Red,
    /// Blue.
    Blue,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
#[allow(dead_code)]
enum Place {
    One(String),
    Many(Vec<String>),
    Full(Inner),
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
struct Inner {
    path: String,
    #[serde(default)]
    deep: Option<Box<Inner>>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
struct Outer {
    /// The count of all things. It is long.
    count: u32,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    colour: Option<Colour>,
    #[serde(default)]
    flag: bool,
    #[serde(default)]
    pair: Option<(i64, i64)>,
    #[serde(default)]
    places: IndexMap<String, Place>,
    #[serde(default)]
    colours: Option<Colours>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
#[allow(dead_code)]
enum Colours {
    One(Colour),
    Many(Vec<Colour>),
}

fn complaints(text: &str) -> Vec<String> {
    let mut all = Diagnostics::new();
    let document = Document::of(Path::new("x.yaml"), text, &mut all).unwrap();
    let typed: Option<Outer> = document.typed(&mut all);
    assert_eq!(typed.is_some(), all.is_empty());
    all.sort();
    let line = |c: &super::super::diagnostic::Diagnostic| {
        let help = c.help.as_ref().map_or(String::new(), |help| format!(" | {help}"));
        format!("{}:{} {}{help}", c.line, c.column, c.message)
    };
    all.iter().map(line).collect()
}

#[test]
fn accepts_what_serde_accepts() {
    let none: Vec<String> = Vec::new();
    let text = "count: 3\nname: 12\ncolour: red\npair: [-1, 2]\nplaces: { a: x, b: [y, z], c: { path: p } }\n";
    assert_eq!(complaints(text), none);
    assert_eq!(complaints("count: 0x1f\nname: ~\ncolour:\n"), none);
    assert_eq!(complaints("count: &n 3\nplaces: { a: &p { path: q }, b: *p }\n"), none);
}

#[test]
fn one_word_or_a_list_of_them() {
    let none: Vec<String> = Vec::new();
    assert_eq!(complaints("count: 1\ncolours: red\n"), none);
    assert_eq!(complaints("count: 1\ncolours: [red, blue]\n"), none);
    assert_eq!(complaints("count: 1\ncolours: rde\n"), ["2:10 unknown word `rde` | did you mean `red`?"]);
    assert_eq!(complaints("count: 1\ncolours: [rde]\n"), ["2:11 unknown word `rde` | did you mean `red`?"]);
}

#[test]
fn every_mistake_in_one_go() {
    let text = "cuont: 3\nname: [a]\ncolour: rde\nflag: yes\npair: [1]\nplaces: { a: { pth: q }, b: 3 }\n";
    assert_eq!(
        complaints(text),
        [
            "1:1 unknown key `cuont` | did you mean `count`?",
            "1:1 the key is missing: `count` | `count`: The count of all things. It is long",
            "2:7 expected text, found a list",
            "3:9 unknown word `rde` | did you mean `red`?",
            "4:7 expected `true` or `false`, found `yes`",
            "5:7 expected 2 values, found 1",
            "6:11 the key is missing: `path`",
            "6:16 unknown key `pth` | did you mean `path`?",
            "6:29 expected text or a list or a mapping, found `3` | put it in quotes if it is meant as text",
        ]
    );
}

#[test]
fn ranges_repeats_blanks_and_merges() {
    assert_eq!(complaints("count: 4294967296\n"), ["1:8 `4294967296` is not between 0 and 4294967295"]);
    assert_eq!(complaints("count: -1\n"), ["1:8 `-1` is not between 0 and 4294967295"]);
    assert_eq!(complaints("count: 1.5\n"), ["1:8 expected a whole number, found `1.5`"]);
    assert_eq!(complaints("count:\n"), ["1:1 expected a whole number, found nothing"]);
    assert_eq!(complaints("count: 1\ncount: 2\n"), ["2:1 `count` is given twice | keep one of the two"]);
    let merge = "1:11 unknown key `<<` | merge keys are not used here: write the keys out";
    assert_eq!(complaints("count: 1\nplaces: { a: { path: x, <<: { path: y } } }\n")[0][4..], merge[4..]);
    assert_eq!(complaints("- 1\n"), ["1:1 expected a mapping, found a list"]);
}

#[test]
fn of_keys_of_which_one_is_given_none_is_left_blank() {
    #[derive(Debug, Deserialize, JsonSchema)]
    #[schemars(extend("oneOf" = forms::exactly_one(&["file", "env"])))]
    #[allow(dead_code)]
    struct Key {
        file: Option<String>,
        env: Option<String>,
    }
    let found = |text: &str| {
        let mut all = Diagnostics::new();
        let document = Document::of(Path::new("x.yaml"), text, &mut all).unwrap();
        check::<Key>(&document, &mut all);
        all.iter().map(|it| format!("{}:{} {}", it.line, it.column, it.message)).collect::<Vec<_>>()
    };
    assert_eq!(found("file: a\n"), Vec::<String>::new());
    assert_eq!(found("file: a\nenv:\n"), ["2:1 `env` is blank"]);
    // How many have a value is for others to say.
    assert_eq!(found("file: a\nenv: b\n"), Vec::<String>::new());
    assert_eq!(found("file: [a]\n"), ["1:7 expected text, found a list"]);
}

#[test]
fn a_truth_value_is_no_text() {
    let quotes = "put it in quotes if it is meant as text";
    assert_eq!(complaints("count: 1\nname: true\n"), [format!("2:7 expected text, found `true` | {quotes}")]);
    assert_eq!(complaints("count: 1\nname: 'true'\n"), Vec::<String>::new());
    assert_eq!(complaints("count: 1\nname: yes\n"), Vec::<String>::new());
}

/// Every example that an editor shows is what its key takes.
#[test]
fn every_example_is_of_the_shape_that_it_shows() {
    use crate::config::{board::BoardYaml, report::ReportYaml};
    use crate::schema::TableSchema;
    let mut shown = 0;
    for schema in [schema::<BoardYaml>(), schema::<ReportYaml>(), schema::<TableSchema>()] {
        let types = schema["$defs"].as_object().unwrap().values().chain([&schema]);
        let keys = types.filter_map(|it| it.get("properties")?.as_object()).flatten();
        for (key, value) in keys {
            for example in value.get("examples").and_then(Json::as_array).into_iter().flatten() {
                let text = serde_yaml::to_string(example).unwrap();
                let mut all = Diagnostics::new();
                let document = Document::of(Path::new("x.yaml"), &text, &mut all).unwrap();
                Walk { document: &document, schema: &schema, complaints: &mut all }.node(&document.root, value, None);
                assert!(all.is_empty(), "{key}: {text}{all}");
                shown += 1;
            }
        }
    }
    assert!(shown > 100, "{shown} examples");
}
