//! The reference page of the commands, `docs/src/reference/commands.md`, and what holds clap and the table of help together.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::{Arg, Command};

use super::help::{EXITS, HELP, Help, command, exits, in_short};

/// Every command with its words, in the order of the table.
fn commands(command: &Command) -> Vec<(&'static Help, &Command)> {
    let find = |row: &Help| row.command.split(' ').try_fold(command, |it, word| it.find_subcommand(word));
    HELP.iter().map(|row| (row, find(row).unwrap_or_else(|| panic!("`{}` is no command", row.command)))).collect()
}

/// The words of every command below this one.
fn words(command: &Command, before: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
        let words = format!("{before}{}", sub.get_name());
        found.extend(self::words(sub, &format!("{words} ")));
        found.insert(words);
    }
    found
}

/// A command's own arguments; those that every command takes are said once.
fn own(command: &Command) -> impl Iterator<Item = &Arg> {
    command.get_arguments().filter(|arg| !arg.is_global_set() && !["help", "version"].contains(&arg.get_id().as_str()))
}

fn built() -> Command {
    let mut command = command();
    command.build();
    command
}

fn page() -> String {
    let root = built();
    let mut text = String::from(
        "# Commands\n\n\
         Made from the program's own help: `smirr help COMMAND` says the same. In each example, `strathmirr` is the folder \
         that the first one makes.\n\n\
         | command | does |\n|---|---|\n",
    );
    for (row, command) in commands(&root) {
        let anchor = format!("smirr-{}", row.command.replace(' ', "-"));
        text.push_str(&format!("| [`smirr {}`](#{anchor}) | {} |\n", row.command, in_short(command)));
    }
    text.push_str("\nEvery command takes:\n\n| option | |\n|---|---|\n");
    root.get_arguments().filter(|arg| arg.is_global_set()).for_each(|arg| text.push_str(&argument(arg)));
    text.push_str("\nIt ends with one of these exit codes:\n\n| code | means |\n|---:|---|\n");
    EXITS.iter().for_each(|(code, means)| text.push_str(&format!("| {code} | {means} |\n")));
    commands(&root).iter().for_each(|(row, command)| text.push_str(&section(row, command)));
    text
}

fn section(row: &Help, command: &Command) -> String {
    let about = command.get_long_about().or(command.get_about()).map(ToString::to_string).unwrap_or_default();
    let usage = command.clone().render_usage().to_string().replace("Usage: ", "");
    let mut text = format!("\n## `smirr {}`\n\n{about}.\n\n```text\n{}\n```\n", row.command, usage.trim());
    if own(command).next().is_some() {
        text.push_str("\n| argument | |\n|---|---|\n");
        own(command).for_each(|arg| text.push_str(&argument(arg)));
    }
    let codes = exits(row).map(|(code, _)| code.to_string()).collect::<Vec<_>>().join(", ");
    text.push_str(&format!("\nReads {}. Spends {}. Exit codes: {codes}.\n\n```sh\n", row.reads, row.spends));
    row.examples.iter().for_each(|(what, line)| text.push_str(&format!("# {what}\n{line}\n")));
    text + "```\n"
}

fn argument(arg: &Arg) -> String {
    let values =
        arg.get_value_names().unwrap_or_default().iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    let name = match arg.get_long() {
        Some(long) if arg.get_action().takes_values() => format!("--{long} {values}"),
        Some(long) => format!("--{long}"),
        None => values,
    };
    let mut says =
        arg.get_long_help().or(arg.get_help()).map(|it| it.to_string()).unwrap_or_default().replace('\n', " ");
    let choices = arg.get_possible_values();
    if arg.get_action().takes_values() && !choices.is_empty() {
        let choices = choices.iter().map(|it| format!("`{}`", it.get_name())).collect::<Vec<_>>().join(", ");
        says.push_str(&format!(". One of {choices}"));
    }
    let defaults = arg.get_default_values().iter().map(|it| it.to_string_lossy()).collect::<Vec<_>>().join(" ");
    if arg.get_action().takes_values() && !defaults.is_empty() {
        says.push_str(&format!("; `{defaults}` unless said"));
    }
    format!("| `{name}` | {} |\n", says.replace('|', "\\|"))
}

fn committed() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/src/reference/commands.md")
}

/// To write it anew: `SMIRR_WRITE_REFERENCE=1 cargo nextest run --release the_committed_reference`.
#[test]
fn the_committed_reference_of_commands_is_that_of_the_program() {
    if std::env::var_os("SMIRR_WRITE_REFERENCE").is_some() {
        std::fs::write(committed(), page()).unwrap();
    }
    assert_eq!(std::fs::read_to_string(committed()).unwrap(), page());
}

#[test]
fn every_command_has_its_row_of_help_and_examples_that_are_its_own() {
    let root = built();
    let rows = HELP.iter().map(|row| row.command.to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(words(&root, ""), rows);
    assert_eq!(rows.len(), HELP.len(), "a command has two rows");
    for row in &HELP {
        assert!(!row.examples.is_empty() && row.exits.is_sorted(), "{}", row.command);
        assert!(row.exits.iter().all(|code| EXITS.iter().any(|(known, _)| known == code)), "{}", row.command);
        for (what, line) in row.examples {
            // Help is wrapped to the terminal: a line that is taken in two can no longer be pasted.
            assert!([what, line].iter().all(|text| text.chars().count() <= 74), "`{line}` is too long for a terminal");
            assert!(line.contains(&format!("smirr {}", row.command)), "`{line}` is not of {}", row.command);
        }
    }
}

#[test]
fn every_argument_says_what_it_is() {
    let root = built();
    for (row, command) in commands(&root) {
        assert!(command.get_about().is_some(), "{}", row.command);
        let silent =
            command.get_arguments().filter(|arg| arg.get_help().is_none()).map(Arg::get_id).collect::<Vec<_>>();
        assert!(silent.is_empty(), "{}: {silent:?} say nothing", row.command);
    }
}

/// clap looks for conflicting names and the like only in builds with debug assertions.
#[test]
fn clap_finds_no_fault_in_the_command_line() {
    command().debug_assert();
}
