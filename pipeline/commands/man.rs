//! `smirr man`: the manual, a page a command.

use std::path::PathBuf;

use clap::{Args, Command};
use clap_mangen::Man;
use serde_json::json;

use smirr::error::{Error, Result};
use smirr::folders::make_open_folder;

use super::help::{self, HELP, Help};
use super::{print, write_open};

#[derive(Args)]
pub struct ManArguments {
    /// The folder to write to; pages of an earlier smirr there are replaced.
    folder: PathBuf,
}

/// Writes the pages.
///
/// # Errors
/// [`Error::Io`] where they cannot be written.
pub fn run(arguments: &ManArguments, as_json: bool) -> Result<()> {
    let folder = &arguments.folder;
    let pages = pages()?;
    make_open_folder(folder)?;
    for (name, page) in &pages {
        write_open(&folder.join(name), page)?;
    }
    let names = pages.iter().map(|(name, _)| name).collect::<Vec<_>>();
    print(&match as_json {
        true => format!("{}\n", json!({ "folder": folder, "files": names })),
        false => format!(
            "{} pages in {}. `man -l {}` shows the first; in a folder `man1` of your MANPATH, `man smirr` does.\n",
            names.len(),
            folder.display(),
            folder.join("smirr.1").display()
        ),
    })
}

/// Each page's file name and text: one for smirr, and one a command.
fn pages() -> Result<Vec<(String, String)>> {
    // The manual has no page on how to ask for help.
    let mut command = help::command().disable_help_subcommand(true);
    command.build();
    let mut pages = vec![page(&command, None)?];
    // Each row is one command, and a test holds the table against clap.
    for row in &HELP {
        let found = row.command.split(' ').try_fold(&command, |it, word| it.find_subcommand(word));
        pages.extend(found.map(|it| page(it, Some(row))).transpose()?);
    }
    Ok(pages)
}

fn page(command: &Command, row: Option<&Help>) -> Result<(String, String)> {
    // The sections below take the place of clap's own end of the help, which `man` would run together in one paragraph.
    let name = command.get_display_name().unwrap_or("smirr").to_owned();
    let whole = command.get_about().map(ToString::to_string).unwrap_or_default();
    let command = command.clone().about(help::in_short(command)).long_about(whole);
    let manual = Man::new(command.after_long_help(None::<&str>))
        .title(name.to_uppercase())
        .source(concat!("smirr ", env!("CARGO_PKG_VERSION")))
        .manual("smirr");
    let mut bytes = Vec::new();
    manual.render(&mut bytes).map_err(|e| Error::System(format!("cannot write a page of the manual: {e}")))?;
    let mut text = String::from_utf8(bytes).map_err(|_| Error::System("a page of the manual is not text".into()))?;
    match row {
        Some(row) => text.push_str(&sections(row)),
        None => text.push_str(&format!(".SH EXIT STATUS\n{}", exits(help::EXITS.into_iter()))),
    }
    Ok((format!("{name}.1"), text))
}

fn sections(row: &Help) -> String {
    let mut text =
        format!(".SH DATA AND BUDGET\nReads {}.\n.br\nSpends {}.\n.SH EXAMPLES\n", plain(row.reads), plain(row.spends));
    for (what, line) in row.examples {
        text.push_str(&format!(".TP\n{}\n.nf\n{}\n.fi\n", plain(what), plain(line)));
    }
    text.push_str(&format!(".SH EXIT STATUS\n{}", exits(help::exits(row))));
    text.push_str(".SH SEE ALSO\n");
    text.push_str(if row.command.starts_with("key ") { "smirr\\-key(1)\n" } else { "smirr(1)\n" });
    text
}

fn exits(codes: impl Iterator<Item = (u8, &'static str)>) -> String {
    codes.map(|(code, means)| format!(".TP\n{code}\n{}\n", plain(means))).collect()
}

/// Text that roff prints as it stands.
fn plain(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-").replace('\'', "\\(aq").replace('`', "\\(ga");
    if text.starts_with('.') { format!("\\&{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_an_example_is_taken_for_a_request() {
        assert_eq!(plain(".br 'a' --b \\c `d`"), "\\&.br \\(aqa\\(aq \\-\\-b \\ec \\(gad\\(ga");
    }
}
