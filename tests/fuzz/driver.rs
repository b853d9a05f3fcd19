//! Runs a fuzz target over its corpus, and then over a fixed number of inputs made from it. Always the same inputs, so
//! that a run that fails fails again; `SMIRR_FUZZ_CASES` makes more of them.
//!
//! Shared by `tests/fuzz.rs` and, for what only the crate can see, by tests beside the code.

use std::fs;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{RngAlgorithm, TestError, TestRng, TestRunner};

/// Bytes to an input: a small grammar where plain splices would hardly ever make one that is read.
pub type Grow = fn(&[u8]) -> Vec<u8>;

/// What is held against any input.
pub struct Target<'a> {
    /// Names the folder of its corpus.
    pub name: &'static str,
    /// Pieces of its language, which chance would take long to find.
    pub words: &'static [&'static str],
    /// Where chance rarely writes the language: an input that follows its grammar, as the given bytes choose.
    pub grow: Option<Grow>,
    /// How many inputs are made where nothing else is asked.
    pub cases: u32,
    /// Panics where what must hold does not.
    pub run: &'a dyn Fn(&[u8]),
}

/// Holds a target against every input of its corpus, and against what edits make of them.
///
/// The input under way lies in the target folder, so that one that hangs or ends the process is known too; one that
/// panics is made as small as it gets, and is left there.
///
/// # Panics
/// Where an input of either kind fails, with the file to add to the corpus.
pub fn fuzz(target: &Target<'_>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let corpus = corpus(&root.join("tests/fuzz/corpus").join(target.name));
    for (name, bytes) in &corpus {
        let ran = catch_unwind(AssertUnwindSafe(|| (target.run)(bytes)));
        assert!(ran.is_ok(), "tests/fuzz/corpus/{}/{name} fails: what is wrong stands above", target.name);
    }
    let under_way = kept(target, "under-way");
    let cases = std::env::var("SMIRR_FUZZ_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(target.cases);
    let settings = ProptestConfig { cases, failure_persistence: None, max_shrink_iters: 2_000, ..Default::default() };
    let mut runner = TestRunner::new_with_rng(settings, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let seeds = corpus.into_iter().map(|(_, bytes)| bytes).collect();
    let outcome = runner.run(&inputs(seeds, target), |bytes| {
        fs::write(&under_way, &bytes).expect("the target folder can be written");
        (target.run)(&bytes);
        Ok(())
    });
    fs::remove_file(&under_way).unwrap_or_default();
    match outcome {
        Ok(()) => {}
        Err(TestError::Fail(reason, bytes)) => {
            let path = kept(target, "failed");
            fs::write(&path, &bytes).expect("the target folder can be written");
            panic!(
                "{} fails: {reason}\nmend it, and add the file to tests/fuzz/corpus/{}",
                path.display(),
                target.name
            );
        }
        Err(TestError::Abort(reason)) => panic!("no more inputs could be made: {reason}"),
    }
}

/// A file in the target folder, in a place that another target does not use.
fn kept(target: &Target<'_>, what: &str) -> PathBuf {
    let built = std::env::current_exe().expect("a test is a program");
    // target/PROFILE/deps/PROGRAM
    let folder = built.ancestors().nth(3).expect("programs are built in the target folder").join("fuzz");
    fs::create_dir_all(&folder).expect("the target folder can be written");
    folder.join(format!("{}-{what}", target.name))
}

fn corpus(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries =
        fs::read_dir(folder).expect("every target has a corpus").map(|entry| entry.expect("it can be listed"));
    let read = |entry: fs::DirEntry| {
        (entry.file_name().to_string_lossy().into_owned(), fs::read(entry.path()).expect("it can be read"))
    };
    let mut found = entries.map(read).collect::<Vec<_>>();
    assert!(found.len() >= 10, "{} is not where it was", folder.display());
    found.sort();
    found
}

/// One change to an input. Places and lengths are shares of what there is, so that they fit any input.
#[derive(Debug, Clone)]
enum Edit {
    Flip(Index, u8),
    Cut(Index, usize),
    End(Index),
    Insert(Index, Vec<u8>),
    Replace(Index, usize, Vec<u8>),
    Repeat(Index, usize, usize),
    /// A part of another input, from one place to another, over as much.
    Splice(Index, Index, usize),
    Swap(Index, Index),
    /// A word in another's place.
    Word(Index, Vec<u8>),
    /// A word of another input in another's place.
    WordOf(Index, Index),
}

/// Inputs of the corpus and grown ones, each after a few edits.
fn inputs(seeds: Vec<Vec<u8>>, target: &Target<'_>) -> impl Strategy<Value = Vec<u8>> + use<> {
    let edits = || proptest::collection::vec(edit(target.words), 0..5);
    let other = (any::<Index>(), any::<Index>());
    let seeded = (other, edits()).prop_map(move |((seed, other), edits)| {
        let (seed, other): (&Vec<u8>, &Vec<u8>) = (seed.get(&seeds), other.get(&seeds));
        edited(seed, other, &edits)
    });
    let Some(grow) = target.grow else { return seeded.boxed() };
    let grown = || proptest::collection::vec(any::<u8>(), 1..80).prop_map(move |choices| grow(&choices));
    let spoiled = (grown(), grown(), edits()).prop_map(|(seed, other, edits)| edited(&seed, &other, &edits));
    prop_oneof![1 => seeded, 3 => grown(), 1 => spoiled].boxed()
}

fn edited(seed: &[u8], other: &[u8], edits: &[Edit]) -> Vec<u8> {
    edits.iter().fold(seed.to_vec(), |bytes, edit| edit.apply(bytes, other))
}

fn edit(words: &'static [&'static str]) -> impl Strategy<Value = Edit> {
    let few = || prop_oneof![4 => 1..8usize, 2 => 8..64usize, 1 => 64..600usize];
    let text = prop_oneof![
        4 => select(words).prop_map(|word| word.as_bytes().to_vec()),
        1 => proptest::collection::vec(any::<u8>(), 1..6),
        1 => "[ -~\n\t\u{e9}]{1,6}".prop_map(String::into_bytes),
    ];
    let text = text.boxed();
    let word = select(words).prop_map(|word| word.as_bytes().to_vec());
    prop_oneof![
        1 => (any::<Index>(), 1..=u8::MAX).prop_map(|(at, mask)| Edit::Flip(at, mask)),
        1 => (any::<Index>(), few()).prop_map(|(at, length)| Edit::Cut(at, length)),
        1 => any::<Index>().prop_map(Edit::End),
        1 => (any::<Index>(), text.clone()).prop_map(|(at, text)| Edit::Insert(at, text)),
        1 => (any::<Index>(), few(), text).prop_map(|(at, length, text)| Edit::Replace(at, length, text)),
        1 => (any::<Index>(), few(), 2..40usize).prop_map(|(at, length, times)| Edit::Repeat(at, length, times)),
        1 => (any::<Index>(), any::<Index>(), few()).prop_map(|(at, from, length)| Edit::Splice(at, from, length)),
        1 => (any::<Index>(), any::<Index>()).prop_map(|(a, b)| Edit::Swap(a, b)),
        2 => (any::<Index>(), word).prop_map(|(at, word)| Edit::Word(at, word)),
        2 => (any::<Index>(), any::<Index>()).prop_map(|(at, from)| Edit::WordOf(at, from)),
    ]
}

impl Edit {
    fn apply(&self, mut bytes: Vec<u8>, other: &[u8]) -> Vec<u8> {
        let place = |at: &Index, bytes: &[u8]| at.index(bytes.len() + 1);
        let part = |at: &Index, length: usize, bytes: &[u8]| {
            let start = place(at, bytes);
            start..start.saturating_add(length).min(bytes.len())
        };
        match self {
            Edit::Flip(at, mask) if !bytes.is_empty() => {
                let at = at.index(bytes.len());
                bytes[at] ^= mask;
            }
            Edit::Cut(at, length) => drop(bytes.drain(part(at, *length, &bytes))),
            Edit::End(at) => bytes.truncate(place(at, &bytes)),
            Edit::Insert(at, text) => drop(bytes.splice(part(at, 0, &bytes), text.iter().copied())),
            Edit::Replace(at, length, text) => drop(bytes.splice(part(at, *length, &bytes), text.iter().copied())),
            Edit::Repeat(at, length, times) => {
                let part = part(at, *length, &bytes);
                let again = bytes[part.clone()].repeat(*times);
                drop(bytes.splice(part, again));
            }
            Edit::Splice(at, from, length) => {
                let taken = other[part(from, *length, other)].to_vec();
                drop(bytes.splice(part(at, *length, &bytes), taken));
            }
            Edit::Swap(a, b) if !bytes.is_empty() => {
                let (a, b) = (a.index(bytes.len()), b.index(bytes.len()));
                bytes.swap(a, b);
            }
            Edit::Word(at, word) => drop(bytes.splice(word_at(place(at, &bytes), &bytes), word.iter().copied())),
            Edit::WordOf(at, from) => {
                let word = other[word_at(place(from, other), other)].to_vec();
                drop(bytes.splice(word_at(place(at, &bytes), &bytes), word));
            }
            Edit::Flip(..) | Edit::Swap(..) => {}
        }
        bytes
    }
}

/// The word that holds a place, or the byte there where none does.
fn word_at(place: usize, bytes: &[u8]) -> Range<usize> {
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'\'' | 0x80..);
    let start = bytes[..place].iter().rposition(|byte| !is_word(byte)).map_or(0, |at| at + 1);
    let end = bytes[place..].iter().position(|byte| !is_word(byte)).map_or(bytes.len(), |at| place + at);
    if start < end { start..end } else { place..(place + 1).min(bytes.len()) }
}
