//! Every command as machines, shells and newcomers meet it: JSON, completions, the manual, and examples to paste. A command
//! that is added fails here until it is in each.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::files;
use crate::support::program::{Ran, smirr};

/// A small board in the folder `board`, with `broken` beside it, whose YAML has mistakes; its own folder is the first's.
fn place() -> TempDir {
    let place = tempfile::tempdir().expect("there is a folder for temporary files");
    for board in ["board", "broken"] {
        at(place.path(), &["init", board, "--quarter", "2026-Q3"]).ends(0);
        smaller(&place.path().join(board).join("board.yaml"));
    }
    let path = place.path().join("broken/board.yaml");
    let yaml = fs::read_to_string(&path).expect("it is there");
    files::write(&path, yaml.replace("quarter: 2026-Q3", "quartre: 2026-Q3").replace("[reach,", "[reech,"));
    place
}

/// Few people, and pages that are quickly made.
fn smaller(path: &Path) {
    let yaml = fs::read_to_string(path).expect("it is there");
    let yaml = yaml.replace("patients: 200000", "patients: 3000").replace("patients: 12000", "patients: 3000");
    files::write(path, yaml.replace("[html, ods, xlsx, csv, parquet]", "[html, csv]"));
}

fn at(folder: &Path, arguments: &[&str]) -> Ran {
    Ran::of(smirr().args(arguments).current_dir(folder))
}

/// The commands that do something, and are not there for others below them: by the pages of the manual.
fn commands(place: &Path) -> BTreeSet<String> {
    at(place, &["man", "man1"]).ends(0);
    let pages = fs::read_dir(place.join("man1")).expect("it was made");
    let pages = pages.map(|page| page.expect("it can be listed").file_name().to_string_lossy().into_owned());
    let words = pages.filter_map(|page| page.strip_prefix("smirr-")?.strip_suffix(".1").map(|it| it.replace('-', " ")));
    let words = words.collect::<BTreeSet<_>>();
    let is_leaf = |it: &&String| !words.iter().any(|other| other.starts_with(&format!("{it} ")));
    words.iter().filter(is_leaf).cloned().collect()
}

/// A command line that ends well, the keys of its JSON, and one that ends with an error of this code.
struct Spoken {
    command: &'static str,
    well: &'static str,
    keys: &'static [&'static str],
    wrong: &'static str,
    code: i32,
}

const fn spoken(
    command: &'static str,
    well: &'static str,
    keys: &'static [&'static str],
    wrong: &'static str,
    code: i32,
) -> Spoken {
    Spoken { command, well, keys, wrong, code }
}

const BROKEN: &str = "broken/board.yaml";

/// In an order in which each finds what it needs.
const SPOKEN: [Spoken; 18] = [
    spoken("init", "other", &["board", "config", "files", "folder", "next", "quarter"], "board", 14),
    spoken("check", "board/board.yaml", &["board", "quarter", "reports", "tests", "warnings"], BROKEN, 10),
    spoken("plan", "board/board.yaml", PLAN, "board/board.yaml --quarter 2026", 2),
    spoken("ingest", "board/board.yaml", &["validation"], BROKEN, 10),
    spoken("ledger", "board/board.yaml", &["entries", "totals", "verified"], "nowhere.yaml", 10),
    spoken("status", "board/board.yaml", STATUS, BROKEN, 10),
    spoken("run", "board/board.yaml", &["runs"], BROKEN, 10),
    spoken("ledger", "board/board.yaml --verify", &["entries", "totals", "verified"], "", 2),
    spoken("explain", "board/board.yaml reach", EXPLAIN, "board/board.yaml reech", 10),
    spoken("study", STUDY, &["board", "patients", "reports", "runs"], "board/board.yaml --runs 1", 2),
    spoken("verify", "board/published/2026-Q3", &["verified"], "board", 14),
    spoken("synth", "extracts --patients 500", &["bytes", "files", "rows"], "board", 11),
    spoken("key new", "keys/new.key", &["file"], "keys/new.key", 14),
    spoken("key id", "board/board.yaml", &["current"], BROKEN, 10),
    spoken("key list", "board/board.yaml", &["current", "uses"], BROKEN, 10),
    spoken("schema", "table", SCHEMA, "nothing", 2),
    spoken("completions", "bash", &["script", "shell"], "tcsh", 2),
    spoken("man", "man2", &["files", "folder"], "board/board.yaml", 14),
];
const PLAN: &[&str] = &[
    "board",
    "charge",
    "charge_decimal",
    "definition",
    "delta",
    "epsilon",
    "left",
    "people",
    "quarter",
    "refused",
    "reports",
];
const EXPLAIN: &[&str] = &["in_plain_words", "measures", "report", "title"];
const STATUS: &[&str] = &[
    "board",
    "compared",
    "counts",
    "lists_unknown",
    "needs",
    "published",
    "quarter",
    "ready",
    "reports",
    "revisions",
    "run_at_work",
    "tables",
];
const SCHEMA: &[&str] = &[
    "$defs",
    "$schema",
    "additionalProperties",
    "description",
    "markdownDescription",
    "properties",
    "required",
    "type",
];
const STUDY: &str = "board/board.yaml reach --runs 2 --patients 1000";

/// The one JSON document on standard output, or none; each line of standard error is an event of its own.
#[track_caller]
fn spoken_by(ran: &Ran) -> Option<Value> {
    for event in ran.events() {
        assert!(event["event"].is_string(), "{event}");
    }
    let mut read = serde_json::Deserializer::from_str(&ran.stdout).into_iter::<Value>();
    let document = read.next().map(|it| it.expect("standard output is JSON"));
    assert!(read.next().is_none(), "more than one document: {}", ran.stdout);
    document
}

#[track_caller]
fn ends_in_error(ran: &Ran) {
    assert_eq!(spoken_by(ran), None, "{ran:?}");
    let last = ran.events().pop().expect("it says what is wrong");
    assert_eq!((&last["event"], last["code"].as_i64()), (&Value::from("error"), ran.code.map(i64::from)));
    assert!(last["text"].as_str().is_some_and(|text| !text.is_empty() && !text.contains('\n')), "{last}");
}

#[test]
fn every_command_speaks_json() {
    let place = place();
    let said = |words: String| {
        let words = words.split_whitespace().chain(["--json"]).collect::<Vec<_>>();
        at(place.path(), &words)
    };
    for it in &SPOKEN {
        let ran = said(format!("{} {}", it.command, it.well)).ends(0);
        let mut document = spoken_by(&ran).unwrap_or_else(|| panic!("{} says nothing", it.command));
        if let Value::Array(list) = document {
            document = list.into_iter().next().expect("it lists something");
        }
        let keys = document.as_object().expect("it has keys").keys().map(String::as_str).collect::<Vec<_>>();
        assert_eq!(keys.iter().collect::<BTreeSet<_>>(), it.keys.iter().collect(), "{}", it.command);
        ends_in_error(&said(format!("{} {}", it.command, it.wrong)).ends(it.code));
        let help = Ran::of(smirr().arg("help").args(it.command.split(' '))).ends(0).stdout;
        assert!(help.contains(&format!("\n  {:>2}  ", it.code)), "{} may end with {}: {help}", it.command, it.code);
    }
    // One more, for which the board's key has to be known.
    let mut covered = SPOKEN.iter().map(|it| it.command.to_owned()).collect::<BTreeSet<_>>();
    let key = spoken_by(&said("key id board/board.yaml".into())).expect("it says so")["current"].clone();
    let key = key.as_str().expect("it is text").to_owned();
    at(place.path(), &["key", "new", "board/keys/next.key"]).ends(0);
    let yaml = fs::read_to_string(place.path().join("board/board.yaml")).expect("it is there");
    files::write(&place.path().join("board/board.yaml"), yaml.replace("board.key", "next.key"));
    let retired = spoken_by(&said(format!("key retire board/board.yaml {key} --yes")).ends(0)).expect("it says so");
    assert_eq!(retired["retired"], true);
    ends_in_error(&said(format!("key retire board/board.yaml {key} --yes")).ends(11));
    covered.insert("key retire".into());
    assert_eq!(commands(place.path()), covered, "each command has a line above");
}

#[test]
fn a_mistake_in_the_yaml_is_told_to_machines_by_file_line_and_column() {
    let place = place();
    let told = at(place.path(), &["check", BROKEN, "--json"]).ends(10).events().pop().expect("it says so");
    assert_eq!(told["text"], "the YAML has 3 mistakes");
    let complaints = told["complaints"].as_array().expect("a list");
    let yaml = fs::read_to_string(place.path().join(BROKEN)).expect("it is there");
    let line = |start: &str| 1 + yaml.lines().position(|line| line.starts_with(start)).expect("it is there");
    let of = |part: &str| {
        let found = complaints.iter().find(|it| it["message"].as_str().is_some_and(|message| message.contains(part)));
        found.unwrap_or_else(|| panic!("nothing says {part}: {complaints:?}"))
    };
    let slip = of("unknown key `quartre`");
    assert_eq!(slip["file"], BROKEN);
    assert_eq!((&slip["line"], &slip["column"]), (&Value::from(line("quartre:")), &Value::from(1)));
    assert_eq!(slip["help"], "did you mean `quarter`?");
    let report = of("unknown report `reech`");
    assert_eq!((&report["line"], &report["column"]), (&Value::from(line("reports: [")), &Value::from(11)));
    // A complaint about a file as a whole has no place in it.
    let told = at(place.path(), &["check", "nowhere.yaml", "--json"]).ends(10).events().pop().expect("it says so");
    let missing = &told["complaints"][0];
    assert_eq!((&missing["file"], &missing["line"]), (&Value::from("nowhere.yaml"), &Value::Null));
}

#[test]
fn help_and_usage_speak_json_where_they_are_asked_to() {
    let place = tempfile::tempdir().expect("there is a folder");
    for words in [&["--json"][..], &["--json", "rnu"], &["key", "--json"], &["run", "--json", "--threads", "x"]] {
        ends_in_error(&at(place.path(), words).ends(2));
    }
    for words in [&["--json", "--version"][..], &["--json", "help", "run"], &["run", "--help", "--json"]] {
        let told = spoken_by(&at(place.path(), words).ends(0)).expect("it says so");
        assert!(told["text"].as_str().is_some_and(|text| text.contains("smirr")), "{told}");
    }
}

/// Quarters that were published before one that fails are told, and what stopped there is the error.
#[test]
fn a_run_of_several_quarters_is_one_document() {
    let place = place();
    let words = ["run", "board/board.yaml", "--since", "2026-Q2", "--json"];
    let told = spoken_by(&at(place.path(), &words).ends(0)).expect("it says so");
    let quarters = told["runs"].as_array().expect("a list").iter().map(|run| run["quarter"].clone());
    assert_eq!(quarters.collect::<Vec<_>>(), ["2026-Q2", "2026-Q3"]);
    // The earlier quarter is published again at no cost; the later one has more rows than were answered for.
    let extracts = files::under(&place.path().join("board/extracts/2026-Q3/practices"));
    let referrals = extracts.iter().find(|path| path.ends_with("referrals.csv")).expect("there is a practice");
    let text = fs::read_to_string(referrals).expect("it is text");
    files::write(referrals, text.lines().take(2).map(|line| format!("{line}\n")).collect::<String>());
    let ran = at(place.path(), &words).ends(12);
    let told = spoken_by(&ran).expect("the first quarter is told");
    assert_eq!(
        (told["runs"].as_array().map(Vec::len), &told["runs"][0]["quarter"]),
        (Some(1), &Value::from("2026-Q2"))
    );
    assert_eq!(ran.events().pop().expect("it says why")["code"], 12);
}

/// The examples of every command's help, by command: each with what it is for.
fn examples(place: &Path) -> BTreeMap<String, Vec<String>> {
    let mut found = BTreeMap::new();
    for command in commands(place) {
        let words = ["help"].into_iter().chain(command.split(' ')).collect::<Vec<_>>();
        let help = at(place, &words).ends(0).stdout;
        for part in ["Reads: ", "Spends: ", "Examples:\n", "Exit codes:\n", "   0  done\n"] {
            assert!(help.contains(part), "{command}: no `{part}` in {help}");
        }
        let block = help.split("Examples:\n").nth(1).and_then(|rest| rest.split("\n\n").next()).expect("they end");
        let lines = block.lines().map(str::trim).filter(|line| !line.starts_with('#')).map(str::to_owned);
        found.insert(command, lines.collect::<Vec<_>>());
    }
    found
}

/// As a newcomer would paste them, one command after another.
#[test]
fn every_example_in_the_help_runs() {
    let place = tempfile::tempdir().expect("there is a folder");
    let examples = examples(place.path());
    let program = Path::new(env!("CARGO_BIN_EXE_smirr")).parent().expect("it is in a folder").to_owned();
    let path = std::env::join_paths(
        [program].into_iter().chain(std::env::split_paths(&std::env::var_os("PATH").expect("it is set"))),
    );
    let path = path.expect("no folder has a colon");
    let paste = |line: &str| {
        let mut shell = Command::new("bash");
        shell.args(["-c", line]).env("PATH", &path).env("NO_COLOR", "1");
        Ran::of(shell.current_dir(place.path()).stdin(Stdio::null()))
    };
    let order = ["init", "check", "ingest", "plan", "explain", "study", "status", "run", "ledger", "verify"];
    let rest = examples.keys().map(String::as_str).filter(|it| !order.contains(it));
    for command in order.into_iter().chain(rest) {
        for line in &examples[command] {
            // The key of the example is nobody's.
            let code = if command == "key retire" { 11 } else { 0 };
            // The quarter of the examples is not the last one for ever.
            let ran = paste(&line.replace("smirr init", "smirr init --quarter 2026-Q3"));
            assert_eq!(ran.code, Some(code), "`{line}`: {ran:?}");
            if command == "init" {
                let folder = line.split(' ').nth(2).expect("it names a folder");
                smaller(&place.path().join(folder).join("board.yaml"));
            }
        }
    }
}

#[test]
fn smirr_alone_says_where_to_begin() {
    let ran = Ran::of(&mut smirr()).ends(2);
    assert_eq!(ran.stdout, "");
    for words in ["smirr init strathmirr", "smirr run strathmirr/board.yaml", "smirr help COMMAND"] {
        assert!(ran.stderr.contains(words), "{}", ran.stderr);
    }
    assert!(ran.stderr.lines().all(|line| line.len() <= 80) && ran.stderr.lines().count() <= 24, "it fits a terminal");
}

/// What bash offers for a command line that ends in its last word.
fn offered(place: &Path, words: &[&str]) -> BTreeSet<String> {
    let script = "set -u; source <(\"$0\" completions bash); \
        COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); \
        handler=$(complete -p smirr | sed 's/.* -F \\([^ ]*\\) .*/\\1/'); \
        \"$handler\" smirr \"${COMP_WORDS[COMP_CWORD]}\" \"${COMP_WORDS[COMP_CWORD-1]}\"; \
        printf '%s\\n' ${COMPREPLY[@]+\"${COMPREPLY[@]}\"}";
    let mut bash = Command::new("bash");
    bash.args(["--norc", "-c", script, env!("CARGO_BIN_EXE_smirr")]).args(words).current_dir(place);
    let ran = Ran::of(bash.stdin(Stdio::null())).ends(0);
    assert_eq!(ran.stderr, "", "bash complains");
    ran.stdout.split_whitespace().map(str::to_owned).collect()
}

#[test]
fn bash_completes_every_command_and_option() {
    let place = tempfile::tempdir().expect("there is a folder");
    let all = commands(place.path());
    let firsts = all.iter().filter_map(|it| it.split(' ').next()).chain(["help"]).map(str::to_owned).collect();
    assert_eq!(offered(place.path(), &["smirr", ""]), firsts);
    assert_eq!(offered(place.path(), &["smirr", "pl"]), BTreeSet::from(["plan".to_owned()]));
    for command in &all {
        let mut words = ["smirr"].into_iter().chain(command.split(' ')).collect::<Vec<_>>();
        words.push("--");
        let help = at(place.path(), &[&words[1..words.len() - 1], &["--help"]].concat()).ends(0).stdout;
        let help = help.split("\nExamples:").next().unwrap_or_default();
        let options = help.lines().filter_map(|line| line.trim_start().split(", ").last()?.split(' ').next());
        let options = options.filter(|word| word.starts_with("--")).map(str::to_owned).collect::<BTreeSet<_>>();
        assert!(options.contains("--json") && options.contains("--help"), "{command}: {options:?}");
        assert_eq!(offered(place.path(), &words), options, "{command}");
        let page = format!("man1/smirr-{}.1", command.replace(' ', "-"));
        let page = fs::read_to_string(place.path().join(page)).expect("there is a page").replace("\\-", "-");
        assert!(options.iter().all(|option| page.contains(option.as_str())), "{command}: {page}");
    }
    // Nothing is offered where a file is wanted, so that bash offers files; and values where there are some.
    assert_eq!(offered(place.path(), &["smirr", "run", ""]), BTreeSet::new());
    let countries = ["england", "scotland"].map(str::to_owned);
    assert_eq!(offered(place.path(), &["smirr", "init", "board", "--country", ""]), BTreeSet::from(countries));
}

#[test]
fn other_shells_have_scripts_that_know_every_command() {
    let place = tempfile::tempdir().expect("there is a folder");
    let all = commands(place.path());
    for shell in ["zsh", "fish", "elvish", "powershell"] {
        let script = at(place.path(), &["completions", shell]).ends(0).stdout;
        for word in all.iter().flat_map(|it| it.split(' ')).chain(["country", "since", "accept-loss"]) {
            assert!(script.contains(word), "{shell}: no {word}");
        }
    }
}

/// Every page has its sections, in order, and no line that is neither text nor a request that `man` knows.
#[test]
fn every_page_of_the_manual_is_whole() {
    let place = tempfile::tempdir().expect("there is a folder");
    let known = [".SH", ".TH", ".TP", ".PP", ".RS", ".RE", ".IP", ".nf", ".fi", ".br", ".ie", ".el"];
    for command in commands(place.path()) {
        let page = fs::read_to_string(place.path().join(format!("man1/smirr-{}.1", command.replace(' ', "-"))));
        let page = page.expect("there is a page");
        let headings = page.lines().filter_map(|line| line.strip_prefix(".SH ")).collect::<Vec<_>>();
        let expected = [
            "NAME",
            "SYNOPSIS",
            "DESCRIPTION",
            "OPTIONS",
            "\"DATA AND BUDGET\"",
            "EXAMPLES",
            "\"EXIT STATUS\"",
            "\"SEE ALSO\"",
        ];
        assert_eq!(headings, expected.map(|it| it.trim_matches('"')), "{command}");
        for line in page.lines().filter(|line| line.starts_with('.') || line.starts_with('\'')) {
            assert!(known.iter().any(|request| line.starts_with(request)), "{command}: {line}");
        }
    }
    // Pages of an earlier smirr are replaced, and nothing else is touched.
    files::write(&place.path().join("man1/smirr.1"), "old");
    files::write(&place.path().join("man1/other.1"), "theirs");
    at(place.path(), &["man", "man1"]).ends(0);
    let read = |name: &str| fs::read_to_string(place.path().join("man1").join(name)).expect("it is there");
    assert!(read("smirr.1").starts_with(".ie") && read("other.1") == "theirs");
}

#[test]
#[ignore = "needs man; .ci/run has it"]
fn man_shows_every_page_without_a_warning() {
    let place = tempfile::tempdir().expect("there is a folder");
    commands(place.path());
    for page in files::under(&place.path().join("man1")) {
        let mut man = Command::new("man");
        let ran = Ran::of(man.args(["--warnings", "--locale=C", "-l"]).arg(&page).env("MANWIDTH", "80")).ends(0);
        assert_eq!(ran.stderr, "", "{}", page.display());
        assert!(ran.stdout.contains("EXIT STATUS") && ran.stdout.contains("smirr"), "{}", ran.stdout);
    }
}
