//! The house rules that a compiler does not know.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::support::{files, repository};

/// Which rooms each room may import from, as the flow of the data goes; `error` is open to all. The floors are those
/// of the table in `pipeline/lib.rs`.
const MAY_IMPORT: [(&str, &[&str]); 25] = [
    // Floor 0. A quarter is arithmetic on a calendar, and the ledger counts in quarters; an amount is a number read exactly.
    ("privacy", &["config::amount", "config::quarter"]),
    // Floor 1.
    ("config", &["schema"]),
    // Errors carry the complaints of the checker.
    ("error", &["config::diagnostic"]),
    ("schema", &[]),
    // Where secrets are, and no more of the plan.
    ("secret", &["config::plan"]),
    ("pseudonymise", &["config::plan", "secret"]),
    ("engine", &[]),
    ("progress", &[]),
    ("folders", &[]),
    ("process", &[]),
    ("look", &["config::look", "config::words"]),
    ("boundaries", &[]),
    // Floor 2, in the order of the flow.
    ("origin", &["config::plan", "process", "secret"]),
    ("ingest", &["config", "origin", "schema", "pseudonymise", "process"]),
    ("store", &["folders", "ingest", "origin::delivery::hex", "schema"]),
    ("link", &["config", "engine", "ingest", "privacy::Role", "privacy::walk", "schema", "store"]),
    ("validation", &["config::look", "folders", "ingest", "link", "look", "schema", "store"]),
    ("measure", &["config", "engine", "ingest", "link", "privacy", "schema"]),
    ("estimate", &["privacy"]),
    // The public grid's names, formats from YAML, the ledger's head and hexadecimal digits: nothing that holds a row.
    (
        "publish",
        &[
            "config::board",
            "config::look",
            "config::page",
            "config::published",
            "config::quarter",
            "config::words",
            "estimate",
            "folders",
            "look",
            "measure::grid",
            "origin::delivery::hex",
            "privacy::Head",
        ],
    ),
    ("synth", &["config::country", "config::quarter"]),
    // Floor 3 and 4.
    ("run", &["*"]),
    ("commands", &["*"]),
    ("main", &["*"]),
    ("lib", &["*"]),
];

/// What no room after the draw may name: these hold, or lead to, private values.
const PRIVATE: [&str; 8] =
    ["Private", "Linked", "PublicTable", "Engine", "RecordReader", "Parsed", "Stored", "read_parquet"];

fn sources() -> Vec<PathBuf> {
    let sources = files::under(&repository().join("pipeline"));
    let sources = sources.into_iter().filter(|path| path.extension().is_some_and(|it| it == "rs")).collect::<Vec<_>>();
    assert!(sources.len() > 50, "the pipeline is not where it was");
    sources
}

fn shown(path: &Path) -> String {
    path.strip_prefix(repository()).expect("it is in the repository").display().to_string()
}

fn room(path: &Path) -> String {
    let inside = path.strip_prefix(repository().join("pipeline")).expect("it is in the pipeline");
    let first = inside.components().next().expect("it has a name").as_os_str().to_string_lossy().into_owned();
    first.strip_suffix(".rs").unwrap_or(&first).to_owned()
}

/// Tests beside the code may look further than the code.
fn is_test(path: &Path) -> bool {
    let name = shown(path);
    name.contains("/tests/")
        || name.contains("/spec/")
        || ["tests.rs", "_tests.rs", "races.rs", "spec.rs"].iter().any(|end| name.ends_with(end))
}

/// The code of a file: comments and the module of tests at its end left out.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).expect("it is text");
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// Every path under `crate::` that the code names: braces opened out one level, where rooms stand.
fn imports(code: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for piece in code.split("crate::").skip(1) {
        if let Some(list) = piece.strip_prefix('{') {
            let list = list.split('}').next().unwrap_or_default();
            found.extend(list.split(',').map(|item| item.trim().to_owned()).filter(|item| !item.is_empty()));
        } else {
            let end = piece.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).unwrap_or(piece.len());
            found.insert(piece[..end].trim_end_matches(':').to_owned());
        }
    }
    found
}

fn is_within(import: &str, allowed: &str) -> bool {
    allowed == "*" || import == allowed || import.strip_prefix(allowed).is_some_and(|rest| rest.starts_with("::"))
}

#[test]
fn a_room_imports_as_the_flow_goes() {
    let rules = BTreeMap::from(MAY_IMPORT);
    let mut breaches = Vec::new();
    let mut seen = BTreeSet::new();
    for path in sources().iter().filter(|path| !is_test(path)) {
        let room = room(path);
        let Some(allowed) = rules.get(room.as_str()) else {
            breaches.push(format!("{}: the room `{room}` is not in the table of tests/architecture.rs", shown(path)));
            continue;
        };
        seen.insert(room.clone());
        for import in imports(&code(path)) {
            let own = [room.as_str(), "error"].iter().any(|open| is_within(&import, open));
            if !own && !allowed.iter().any(|allowed| is_within(&import, allowed)) {
                breaches.push(format!("{}: `{room}` imports crate::{import}", shown(path)));
            }
        }
    }
    assert_eq!(breaches, Vec::<String>::new());
    let missing = rules.keys().filter(|room| !seen.contains(**room)).collect::<Vec<_>>();
    assert!(missing.is_empty(), "rooms in the table that are not in the pipeline: {missing:?}");
}

#[test]
fn the_reader_of_imports_sees_them() {
    let code =
        "use crate::error::{Error, Result};\nuse crate::{publish, validation};\nfn f(x: &crate::link::Linked) {}\n";
    let found = imports(code);
    assert_eq!(
        found.iter().map(String::as_str).collect::<Vec<_>>(),
        ["error", "link::Linked", "publish", "validation"]
    );
    assert!(
        is_within("config::quarter::Quarter", "config::quarter") && !is_within("config::quarters", "config::quarter")
    );
}

#[test]
fn no_room_after_the_draw_names_what_is_private() {
    for path in sources().iter().filter(|path| !is_test(path) && ["estimate", "publish"].contains(&&*room(path))) {
        let code = code(path);
        let words = code.split(|c: char| !(c.is_alphanumeric() || c == '_')).collect::<BTreeSet<_>>();
        let named = PRIVATE.iter().filter(|name| words.contains(**name)).collect::<Vec<_>>();
        assert!(named.is_empty(), "{} names {named:?}", shown(path));
    }
}

/// smirr opens a connection to a source or a cluster that the YAML names, and to nothing else: what can open one is named
/// where such a source is read or such a cluster is asked, and nowhere else.
#[test]
fn only_a_source_elsewhere_opens_a_connection() {
    let places = [
        ("object_store", &["pipeline/origin/object.rs", "pipeline/origin/stores.rs"][..]),
        ("tokio_postgres", &["pipeline/origin/postgres.rs"]),
        ("datafusion_table_providers", &["pipeline/origin/postgres.rs"]),
    ];
    let never = ["reqwest", "hyper", "rustls", "native_tls", "TcpStream", "TcpListener", "UdpSocket", "UnixStream"];
    let modules = ["std::net", "tokio::net", "os::unix::net"];
    // In builds with the feature `distributed` alone.
    let cluster = "pipeline/engine/cluster.rs";
    for path in sources().iter().filter(|path| !is_test(path) && shown(path) != cluster) {
        let (code, name) = (code(path), shown(path));
        let words = code.split(|c: char| !(c.is_alphanumeric() || c == '_')).collect::<BTreeSet<_>>();
        for (word, places) in places.iter().filter(|(word, _)| words.contains(word)) {
            assert!(places.contains(&&*name), "{name} names {word}");
        }
        let named = never.iter().filter(|word| words.contains(**word));
        // There an address is read, and none is called.
        let modules =
            modules.iter().filter(|module| name != "pipeline/config/check_engine.rs" && code.contains(**module));
        let named = named.chain(modules).collect::<Vec<_>>();
        assert!(named.is_empty(), "{name} names {named:?}");
    }
    let store = code(&repository().join("pipeline/origin/stores.rs"));
    assert!(
        store.contains("object_store"),
        "object stores are no longer opened here: this test looks at the wrong file"
    );
}

/// What is published exactly is made of public tables: the file that does so can reach nothing else.
#[test]
fn a_public_measure_names_no_private_table() {
    let code = code(&repository().join("pipeline/measure/public.rs"));
    let words = code.split(|c: char| !(c.is_alphanumeric() || c == '_')).collect::<BTreeSet<_>>();
    assert!(
        words.contains("PublicTable"),
        "public measures are no longer made here: this test looks at the wrong file"
    );
    for name in ["Private", "Linked", "PrivateTable", "stored_table", "register", "read_parquet", "vector"] {
        assert!(!words.contains(name), "measure/public.rs names {name}");
    }
}

#[test]
fn only_measure_makes_a_private_value() {
    let callers = sources().into_iter().filter(|path| !is_test(path) && code(path).contains("Private::measured"));
    let callers = callers.map(|path| shown(&path)).collect::<Vec<_>>();
    assert!(!callers.is_empty(), "nothing makes a private value any more: this test looks for the wrong words");
    assert!(callers.iter().all(|path| path.starts_with("pipeline/measure/")), "{callers:?}");
}

/// What was noised again says a loss that nobody was charged: it stays in the room that studies it.
#[test]
fn only_the_study_adds_noise_to_what_is_released() {
    let named = |words: &str| {
        let found = sources().into_iter().filter(|path| !is_test(path) && code(path).contains(words));
        found.map(|path| shown(&path)).collect::<Vec<_>>()
    };
    let places = ["pipeline/privacy/released.rs", "pipeline/run/answer.rs", "pipeline/run/study.rs"];
    assert_eq!(named("noised_again("), places);
    for path in named("run::study").iter().chain(&named("mod study")) {
        assert!(
            ["pipeline/main.rs", "pipeline/run/mod.rs"].contains(&&**path) || path.starts_with("pipeline/commands/")
        );
    }
    let study = sources().into_iter().filter(|path| shown(path).starts_with("pipeline/run/study"));
    for path in study.filter(|path| !is_test(path)) {
        let code = code(&path);
        for word in ["publish::write", "publish_all", "write_pack", "mark_published"] {
            assert!(!code.contains(word), "{} names `{word}`", shown(&path));
        }
    }
}

/// Noise that is next to none tells the truth: only the rooms that make their own people ask for it, and they publish
/// nothing.
#[test]
fn the_truth_is_told_of_made_up_people_only() {
    let own = |path: &&PathBuf| !is_test(path) && code(path).contains("next_to_none");
    let found = sources().iter().filter(own).map(|path| shown(path)).collect::<Vec<_>>();
    let places = ["mod.rs", "next_to_none.rs", "study.rs", "trial/mod.rs"].map(|name| format!("pipeline/run/{name}"));
    assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), BTreeSet::from(places));
    let trial = sources().into_iter().filter(|path| shown(path).starts_with("pipeline/run/trial/"));
    for path in trial.filter(|path| !is_test(path)) {
        let code = code(&path);
        for word in ["publish_all", "write_pack", "mark_published", "fictional::make", "with_public"] {
            assert!(!code.contains(word), "{} names `{word}`", shown(&path));
        }
    }
}

#[test]
fn no_file_is_too_long_to_read() {
    let tests = files::under(&repository().join("tests")).into_iter();
    let tests = tests.filter(|path| path.extension().is_some_and(|it| it == "rs"));
    for path in sources().into_iter().chain(tests) {
        let lines = fs::read_to_string(&path).expect("it is text").lines().count();
        assert!(lines <= 450, "{} has {lines} lines", shown(&path));
    }
}

#[test]
fn noise_comes_from_a_secure_generator() {
    let text = fs::read_to_string(repository().join("Cargo.toml")).expect("there is a manifest");
    let line = text.lines().find(|line| line.starts_with("opendp = ")).expect("OpenDP is a dependency");
    assert!(line.contains("default-features = false"), "{line}");
    assert!(line.contains("\"use-openssl\"") && line.contains("\"contrib\""), "{line}");
    for feature in ["untrusted", "honest-but-curious", "floating-point"] {
        assert!(!line.contains(feature), "{feature} is in {line}");
    }
}

/// Each fault of a library or a tool that smirr must not repeat has a test, and each invariant its enforcer: the page
/// that says so names tests that are there.
#[test]
fn every_test_that_the_promise_names_is_there() {
    let page = fs::read_to_string(repository().join("pipeline/privacy/promise.rs")).expect("there is a page");
    let all = sources().into_iter().chain(files::under(&repository().join("tests")));
    let all = all.filter(|path| path.extension().is_some_and(|it| it == "rs"));
    let code = all.map(|path| fs::read_to_string(path).expect("it is text")).collect::<String>();
    // Tests are named in backquotes, by their room and their own name, which is a sentence.
    let named = page.split('`').skip(1).step_by(2).filter(|name| name.contains("::"));
    let named = named.filter_map(|name| name.rsplit("::").next()).filter(|name| name.matches('_').count() >= 2);
    let named = named.collect::<BTreeSet<_>>();
    assert!(named.len() > 40, "the page names {} tests", named.len());
    // A property that is shared out over several tests stands as `name: function(cases, worlds);`.
    let is_there = |name: &str| code.contains(&format!("fn {name}(")) || code.contains(&format!("\n    {name}: "));
    let missing = named.iter().filter(|name| !is_there(name)).collect::<Vec<_>>();
    assert!(missing.is_empty(), "the page names tests that are not there: {missing:?}");
}

/// What of OpenDP is known to be faulty (opendp#2922, #2924, #2925), and what of DataFusion redraws when a task is tried
/// again, is in no code.
#[test]
fn nothing_that_is_known_to_be_faulty_is_used() {
    for path in sources().iter().filter(|path| !is_test(path)) {
        let code = code(path);
        for name in ["make_b_ary_tree", "threshold", "random()", "make_count_by", "StdRng", "thread_rng"] {
            let allowed = match name {
                "StdRng" => shown(path).starts_with("pipeline/synth/"),
                // The sizes from which a join is planned in another way.
                "threshold" => shown(path) == "pipeline/engine/cluster.rs",
                _ => false,
            };
            assert!(allowed || !code.contains(name), "{} names `{name}`", shown(path));
        }
    }
}

/// A cluster stands behind one file: nothing else can send it a plan, or learn anything of it.
#[test]
fn one_file_knows_the_cluster() {
    let named = |path: &PathBuf| ["ballista_", "datafusion_proto"].iter().any(|name| code(path).contains(name));
    let files = sources().into_iter().filter(named).map(|path| shown(&path)).collect::<Vec<_>>();
    assert_eq!(files, ["pipeline/engine/cluster.rs"]);
}

/// A string that nothing says any more is translated for nothing.
#[test]
fn every_string_is_said_somewhere() {
    let pipeline = files::under(&repository().join("pipeline"));
    let said = pipeline.iter().filter(|path| path.extension().is_some_and(|it| it == "rs" || it == "html"));
    let said = said.map(|path| fs::read_to_string(path).expect("it is text")).collect::<String>();
    let said = said.split(|c: char| !(c.is_alphanumeric() || c == '_')).collect::<BTreeSet<_>>();
    let strings = fs::read_to_string(repository().join("pipeline/look/strings.yaml")).expect("there are strings");
    let strings: BTreeMap<String, String> = serde_yaml::from_str(&strings).expect("they are strings by key");
    assert!(strings.len() > 300, "the strings are not where they were");
    // A code may end a key: `sheet_symbol_{symbol}` says all that begin so. An artefact's name alone says nothing.
    let by_code = |key: &str| key.match_indices('_').skip(1).any(|(at, _)| said.contains(&key[..=at]));
    let unsaid = strings.keys().filter(|key| !said.contains(key.as_str()) && !by_code(key)).collect::<Vec<_>>();
    assert!(unsaid.is_empty(), "nothing says {unsaid:?}");
}

#[test]
fn the_top_level_is_what_a_newcomer_was_promised() {
    let promised = [
        "Cargo.lock",
        "Cargo.toml",
        "CHANGELOG.md",
        "README.md",
        "configs",
        "docs",
        "schemas",
        "reports",
        "pipeline",
        "tests",
        // Not tracked.
        "out",
        "target",
    ];
    let found =
        fs::read_dir(repository()).expect("it is a folder").map(|entry| entry.expect("it can be listed").file_name());
    let found = found.map(|name| name.to_string_lossy().into_owned()).filter(|name| !name.starts_with('.'));
    let strays =
        found.filter(|name| !promised.contains(&name.as_str()) && !name.starts_with("LICENSE")).collect::<Vec<_>>();
    assert!(strays.is_empty(), "{strays:?} are at the top level");
}
