//! What help says of a command beyond its arguments: what it reads and spends, examples to paste, and its exit codes. One
//! table, of which the help texts, the manual and the reference pages are made.

use clap::{Command, CommandFactory};

use super::arguments::Arguments;

/// What a command does that its arguments do not say.
pub struct Help {
    /// The words after `smirr`.
    pub command: &'static str,
    pub reads: &'static str,
    pub spends: &'static str,
    /// Beside 0 and 2, which every command may end with.
    pub exits: &'static [u8],
    /// What each is for, and the command line. They can be pasted one after another, in the order of this table.
    pub examples: &'static [(&'static str, &'static str)],
}

/// Every exit code, and what it means.
pub const EXITS: [(u8, &str); 7] = [
    (0, "done"),
    (2, "the command line is wrong"),
    (10, "the YAML is wrong, or a template, a string or the logo of the board's own"),
    (11, "an extract or the key cannot be used, or an extract breaks its rules more often than its schema allows"),
    (12, "the budget does not allow it; the message says what would fit"),
    (13, "it would break the promise: refused"),
    (14, "a disk, a lock, the machine; a pack that is not as it was published"),
];

const NOTHING: &str = "nothing";
const YAML: &str = "the board's YAML, its schemas and its reports; no data";
const PUBLIC: &str = "the YAML and public tables; nothing that holds a person";
const STORE: &str = "the YAML, the key, and what the store says of itself";

/// A row a command: one that has none is refused by a test.
pub const HELP: [Help; 19] = [
    Help {
        command: "init",
        reads: NOTHING,
        spends: NOTHING,
        exits: &[14],
        examples: &[
            ("A board to edit, for the last whole quarter", "smirr init strathmirr"),
            (
                "A board in England, with its name",
                "smirr init mirrshire --country england --board \"NHS Mirrshire ICB\"",
            ),
        ],
    },
    Help {
        command: "check",
        reads: YAML,
        spends: NOTHING,
        exits: &[10, 14],
        examples: &[
            ("Every mistake in the YAML, before any data are read", "smirr check strathmirr/board.yaml"),
            ("The same for an editor or a script", "smirr check strathmirr/board.yaml --json"),
        ],
    },
    Help {
        command: "ingest",
        reads: "the extracts and the key",
        spends: NOTHING,
        exits: &[10, 11, 14],
        examples: &[
            ("Store what has come in, and see what is wrong with it", "smirr ingest strathmirr/board.yaml"),
            ("On a small machine", "smirr ingest strathmirr/board.yaml --threads 1 --memory 512"),
        ],
    },
    Help {
        command: "plan",
        reads: PUBLIC,
        spends: NOTHING,
        exits: &[10, 11, 12, 13, 14],
        examples: &[
            ("What a run would cost, and be worth", "smirr plan strathmirr/board.yaml"),
            ("The same for another quarter", "smirr plan strathmirr/board.yaml --quarter 2026-Q2"),
        ],
    },
    Help {
        command: "explain",
        reads: PUBLIC,
        spends: NOTHING,
        exits: &[10, 11, 13, 14],
        examples: &[
            ("Why every report of the board is safe", "smirr explain strathmirr/board.yaml"),
            ("One report", "smirr explain strathmirr/board.yaml reach"),
        ],
    },
    Help {
        command: "study",
        reads: "the YAML, and fictional extracts that it makes",
        spends: NOTHING,
        exits: &[10, 11, 13, 14],
        examples: &[(
            "How near to the truth one report would come, over 20 simulated runs",
            "smirr study strathmirr/board.yaml reach --runs 20 --patients 2000",
        )],
    },
    Help {
        command: "status",
        reads: "the YAML, public tables, and the names, sizes and hashes of what arrived; no row of it",
        spends: NOTHING,
        exits: &[10, 11, 12, 14],
        examples: &[
            ("What has arrived, what is late, and whether the quarter is ready", "smirr status strathmirr/board.yaml"),
            ("Every file, a line each", "smirr status strathmirr/board.yaml --all"),
            ("A line a quarter", "smirr status strathmirr/board.yaml --since 2025-Q4"),
            ("For a script: wait until the quarter is ready", "smirr status strathmirr/board.yaml --watch 60 --ready"),
        ],
    },
    Help {
        command: "run",
        reads: "the extracts, the key and the ledger",
        spends: "the privacy loss of the YAML, unless the ledger has the answer already",
        exits: &[10, 11, 12, 13, 14],
        examples: &[
            ("From extracts to the published pack", "smirr run strathmirr/board.yaml"),
            ("Again: it costs nothing, and the noise is the same", "smirr run strathmirr/board.yaml --quiet"),
        ],
    },
    Help {
        command: "ledger",
        reads: "the YAML and the ledger",
        spends: NOTHING,
        exits: &[10, 14],
        examples: &[
            ("What was spent, and what is left", "smirr ledger strathmirr/board.yaml"),
            ("And whether any entry was changed", "smirr ledger strathmirr/board.yaml --verify"),
        ],
    },
    Help {
        command: "verify",
        reads: "the pack; no YAML, no key",
        spends: NOTHING,
        exits: &[14],
        examples: &[("Whether a pack is as it was published", "smirr verify strathmirr/published/2026-Q3")],
    },
    Help {
        command: "synth",
        reads: NOTHING,
        spends: NOTHING,
        exits: &[11, 14],
        examples: &[
            ("The extracts of a small fictional board", "smirr synth extracts --patients 2000"),
            ("A faulty one in England, compressed", "smirr synth faulty --country england --dirt 0.02 --compress gzip"),
        ],
    },
    Help {
        command: "key",
        reads: "the key, to name it",
        spends: NOTHING,
        exits: &[10, 11, 14],
        examples: &[("What the store was made under", "smirr key list strathmirr/board.yaml")],
    },
    Help {
        command: "key new",
        reads: NOTHING,
        spends: NOTHING,
        exits: &[11, 14],
        examples: &[("A key that only you can read", "smirr key new keys/2027.key")],
    },
    Help {
        command: "key id",
        reads: "the YAML and the key",
        spends: NOTHING,
        exits: &[10, 11, 14],
        examples: &[("The name of the board's key", "smirr key id strathmirr/board.yaml")],
    },
    Help {
        command: "key list",
        reads: STORE,
        spends: NOTHING,
        exits: &[10, 11, 14],
        examples: &[("Which parts of the store are under which key", "smirr key list strathmirr/board.yaml")],
    },
    Help {
        command: "key retire",
        reads: STORE,
        spends: NOTHING,
        exits: &[10, 11, 14],
        examples: &[(
            "What would go with an old key; `--yes` does it",
            "smirr key retire strathmirr/board.yaml 0123456789abcdef",
        )],
    },
    Help {
        command: "schema",
        reads: NOTHING,
        spends: NOTHING,
        exits: &[14],
        examples: &[(
            "For an editor, beside a YAML whose first line names it",
            "smirr schema config > config.schema.json",
        )],
    },
    Help {
        command: "completions",
        reads: NOTHING,
        spends: NOTHING,
        exits: &[14],
        examples: &[
            ("For this bash", "source <(smirr completions bash)"),
            ("For zsh: a file in a folder of its $fpath", "smirr completions zsh > _smirr"),
        ],
    },
    Help {
        command: "man",
        reads: NOTHING,
        spends: NOTHING,
        exits: &[14],
        examples: &[("The whole manual; `man -l man1/smirr-run.1` shows a page of it", "smirr man man1")],
    },
];

/// What `smirr` alone says.
pub const ORIENTATION: &str = "\
smirr turns extracts of GP practices and community organisations into area-level
reports that are safe to publish.

To begin, with fictional people:
  smirr init strathmirr              a board to edit, in a folder of that name
  smirr run strathmirr/board.yaml    its extracts, and the pack made of them

Then every quarter, with your own board's YAML:
  smirr check CONFIG     every mistake in the YAML; reads no data
  smirr plan CONFIG      what a run would cost, and be worth; spends nothing
  smirr ingest CONFIG    what came in, and what is wrong with it; spends nothing
  smirr run CONFIG       the published pack
  smirr ledger CONFIG    what was spent, and what is left

All commands: smirr --help. One of them, with examples: smirr help COMMAND.
";

/// The command line as clap knows it, with all that help says.
pub fn command() -> Command {
    let mut command = Arguments::command().after_long_help("Examples and exit codes: smirr help COMMAND.\n");
    for help in &HELP {
        command = with_help(command, &help.command.split(' ').collect::<Vec<_>>(), &text(help));
    }
    command
}

fn with_help(command: Command, path: &[&str], text: &str) -> Command {
    match path.split_first() {
        // A command that is not there would be a fault of the table, which a test finds; clap would stop the program.
        Some((first, rest)) if command.find_subcommand(first).is_some() => {
            command.mut_subcommand(*first, |sub| with_help(sub, rest, text))
        }
        Some(_) => command,
        None => command.after_long_help(text.to_owned()),
    }
}

/// The end of a command's long help.
fn text(help: &Help) -> String {
    let mut text = format!("Reads: {}.\nSpends: {}.\n\nExamples:\n", help.reads, help.spends);
    for (what, line) in help.examples {
        text.push_str(&format!("  # {what}\n  {line}\n"));
    }
    text.push_str("\nExit codes:\n");
    for (code, means) in exits(help) {
        text.push_str(&format!("  {code:>2}  {}\n", wrapped(means, 72).join("\n      ")));
    }
    text
}

/// The text in lines of so many characters, for a narrow terminal.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.chars().count() + word.chars().count() < width => *line += &format!(" {word}"),
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// What a command does, in a line.
pub fn in_short(command: &Command) -> String {
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    about.split_once(". ").map_or(about.as_str(), |(first, _)| first).trim_end_matches('.').to_owned()
}

/// The exit codes of a command, with what they mean.
pub fn exits(help: &Help) -> impl Iterator<Item = (u8, &'static str)> {
    EXITS.into_iter().filter(|(code, _)| [0, 2].contains(code) || help.exits.contains(code))
}
