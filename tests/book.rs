//! The book in `docs/` says nothing that is not so: each chapter is followed as a reader would, every command typed and
//! every piece of YAML put in its file and checked, and every link leads somewhere.

mod merge;
mod page;
mod reader;
mod said;

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use crate::support::{files, repository};

/// The chapters that have commands or YAML: each is followed in a test of its own.
const FOLLOWED: [&str; 5] =
    ["index.md", "first-quarter.md", "writing-a-report.md", "information-governance.md", "audit.md"];

/// How many blocks of the book may be left out of its test, each for a reason that its page says.
const LEFT_OUT: usize = 4;

fn book() -> PathBuf {
    repository().join("docs/src")
}

fn read(name: &str) -> String {
    fs::read_to_string(book().join(name)).unwrap_or_else(|e| panic!("docs/src/{name}: {e}"))
}

/// Every page, by its name in the book.
fn pages() -> Vec<String> {
    let names = files::under(&book()).into_iter().map(|path| {
        let name = path.strip_prefix(book()).expect("it is in the book");
        name.display().to_string()
    });
    names.filter(|name| name.ends_with(".md")).collect()
}

#[track_caller]
fn follow(name: &str) {
    if let Err(e) = reader::follow(&read(name)) {
        panic!("docs/src/{name}, {e}");
    }
}

#[test]
fn the_book_begins_with_a_program_that_is_there() {
    follow("index.md");
}

#[test]
fn your_first_quarter_goes_as_the_book_says() {
    follow("first-quarter.md");
}

#[test]
fn a_report_is_written_as_the_book_says() {
    follow("writing-a-report.md");
}

#[test]
fn what_an_information_governance_lead_is_told_is_so() {
    follow("information-governance.md");
}

#[test]
fn an_auditor_finds_what_the_book_says() {
    follow("audit.md");
}

#[test]
fn no_page_has_a_block_that_nobody_follows() {
    let mut left_out = 0;
    for name in pages() {
        let steps = match name.starts_with("reference/") {
            // Made from the code, and tested where they are made.
            true => Vec::new(),
            false => page::steps(&read(&name)).unwrap_or_else(|e| panic!("docs/src/{name}, {e}")),
        };
        assert!(steps.is_empty() || FOLLOWED.contains(&name.as_str()), "no test follows docs/src/{name}");
        left_out += steps.iter().filter(|step| step.not_run.is_some()).count();
    }
    assert!(left_out <= LEFT_OUT, "{left_out} steps are not run");
}

#[test]
fn every_page_is_in_the_summary() {
    let listed = page::links(&read("SUMMARY.md")).into_iter().collect::<BTreeSet<_>>();
    let there = pages().into_iter().filter(|name| name != "SUMMARY.md").collect::<BTreeSet<_>>();
    assert_eq!(listed, there);
}

#[test]
fn every_link_leads_somewhere() {
    let pages = pages().into_iter().map(|name| format!("docs/src/{name}")).chain(["README.md".into()]);
    let mut found = 0;
    for name in pages {
        let from = repository().join(&name);
        let text = fs::read_to_string(&from).expect("it is text");
        for link in page::links(&text).iter().filter(|link| !link.contains("://")) {
            let (file, anchor) = link.split_once('#').map_or((link.as_str(), None), |(file, part)| (file, Some(part)));
            let to = if file.is_empty() { from.clone() } else { from.with_file_name("").join(file) };
            assert!(to.exists(), "{name}: `{link}` leads nowhere");
            // What is made of the book's pages holds no others.
            let stays =
                to.canonicalize().expect("it is there").starts_with(book().canonicalize().expect("it is there"));
            assert!(stays || name == "README.md", "{name}: `{link}` leads out of the book");
            if let Some(anchor) = anchor {
                let there = page::anchors(&fs::read_to_string(&to).expect("it is text"));
                assert!(there.iter().any(|it| it == anchor), "{name}: `{link}` leads to no heading, of {there:?}");
            }
            found += 1;
        }
    }
    assert!(found > 20, "{found} links: this test looks for the wrong thing");
}

/// Tests that the book names are there: in backquotes, by room and name.
#[test]
fn every_test_that_the_book_names_is_there() {
    let code = ["pipeline", "tests"].iter().flat_map(|folder| files::under(&repository().join(folder)));
    let code = code.filter(|path| path.extension().is_some_and(|it| it == "rs"));
    let code = code.map(|path| fs::read_to_string(path).expect("it is text")).collect::<String>();
    let text = read("audit.md");
    let named = text.split('`').filter(|word| word.contains("::") && !word.contains(char::is_whitespace));
    let named = named.filter_map(|word| word.rsplit("::").next()).filter(|name| name.matches('_').count() >= 2);
    let named = named.collect::<BTreeSet<_>>();
    assert!(named.len() >= 10, "the book names {} tests", named.len());
    let is_there = |name: &str| code.contains(&format!("fn {name}(")) || code.contains(&format!("\n    {name}: "));
    let missing = named.into_iter().filter(|name| !is_there(name)).collect::<Vec<_>>();
    assert!(missing.is_empty(), "the book names tests that are not there: {missing:?}");
}

/// Files of the repository that the book sends an auditor to.
#[test]
fn every_file_that_the_auditor_is_sent_to_is_there() {
    let text = read("audit.md");
    let named = text.split('`').filter(|word| ["pipeline/", "tests/"].iter().any(|start| word.starts_with(start)));
    let missing = named.filter(|path| !repository().join(path).exists()).collect::<Vec<_>>();
    assert!(missing.is_empty(), "not there: {missing:?}");
}

mod itself {
    use super::{merge::merged, page, reader, said};

    fn agrees(shown: &str, said: &str) -> bool {
        let shown = shown.lines().map(str::to_owned).collect::<Vec<_>>();
        said::agrees(&shown, &said.lines().collect::<Vec<_>>())
    }

    #[test]
    fn numbers_may_differ_and_words_may_not() {
        assert!(agrees("noise 0.05 of 1,000", "noise 0.062431 of 7"));
        assert!(agrees("took 0.4 s for 12 rows", "took 12.25 s for 1204 rows"));
        assert!(agrees("reach  45c478770637  x", "reach ede4a44e66c7 x"));
        assert!(agrees("  368 (329 to 421)", "  9 (0 to 41)"));
        assert!(agrees("────  ───", "──────"));
        assert!(!agrees("12 people", "12 cells"));
        assert!(!agrees("left: rho 0.25", "left: rho 0.5"));
        assert!(!agrees("published/2026-Q2", "published/2026-Q3"));
        assert!(!agrees("cafe", "deed"));
        assert!(!agrees("one line", "one line\nand another"));
        assert!(!agrees("one line\nand another", "one line"));
    }

    #[test]
    fn dots_stand_for_what_is_left_out_and_for_no_more() {
        assert!(agrees("a\n...\nd", "a\nb\nc\nd"));
        assert!(agrees("a\n...", "a"));
        assert!(agrees("error: ... is lost", "error: the key is lost"));
        assert!(!agrees("a\n...\nd", "a\nb\nc"));
        assert!(!agrees("error: ... is lost", "error: the key is found"));
    }

    #[test]
    fn yaml_goes_where_a_reader_would_put_it() {
        let file = "a: 1\n# about b\nb:\n  c: { d: 1 }\n  # about e\n  e: 2\nlist:\n  - x\n";
        assert_eq!(merged(file, "a: 2\n"), file.replace("a: 1", "a: 2"));
        assert_eq!(merged(file, "b:\n  e: 3\n  f: 4\n"), file.replace("  e: 2\n", "  e: 3\n  f: 4\n"));
        assert_eq!(merged(file, "b: {}\n"), "a: 1\n# about b\nb: {}\nlist:\n  - x\n");
        assert_eq!(merged(file, "list:\n  - y\nnew: 5\n"), file.replace("  - x", "  - y") + "new: 5\n");
        assert_eq!(merged("", "a:\n  b: 1\n"), "a:\n  b: 1\n");
    }

    #[test]
    fn a_page_is_read_as_a_reader_reads_it() {
        let page = "# A `title.yaml`:\n\nIn `reports/x.yaml`, put\nthis:\n\n```yaml\na: 1\n```\n\n<!-- ends with 10 -->\n\
                    ```console\n$ one \\\n  two\nsaid\n$ three\n```\n";
        let steps = page::steps(page).unwrap();
        let [yaml, one, three] = steps.as_slice() else { panic!("{steps:?}") };
        assert_eq!(yaml.step, page::Step::Yaml { file: "reports/x.yaml".into(), text: "a: 1\n".into() });
        assert_eq!(one.step, page::Step::Command { typed: "one two".into(), shown: vec!["said".into()] });
        assert_eq!((one.line, one.code, three.line, three.code), (12, 0, 15, 10));
        for wrong in ["```yaml\na: 1\n```\n", "```rust\n```\n", "`x.yaml`:\n```yaml\na: 1\n", "```console\nsaid\n```\n"]
        {
            page::steps(wrong).unwrap_err();
        }
    }

    #[test]
    fn a_page_that_says_what_is_not_so_is_found_out() {
        reader::follow("```console\n$ echo one\none\n$ mkdir x\n$ cd x\n$ pwd\n...x\n```\n").unwrap();
        for wrong in [
            "```console\n$ echo one\ntwo\n```\n",
            "```console\n$ false\n```\n",
            "<!-- ends with 3 -->\n```console\n$ true\n```\n",
            "Put it in `board.yaml`:\n\n```yaml\nbored: x\n```\n",
            "<!-- not run: -->\n```console\n$ true\n```\n",
        ] {
            reader::follow(wrong).unwrap_err();
        }
    }

    #[test]
    fn headings_are_anchors_and_blocks_hold_no_links() {
        assert_eq!(page::anchors("# The key: 1 (one)\n```yaml\n# not\n```\n"), ["the-key-1-one"]);
        assert_eq!(page::links("[a](b.md#c) ```[x](y)``` [d](e)"), ["b.md#c", "e"]);
    }
}
