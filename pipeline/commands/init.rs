//! `smirr init`: a board to edit, made whole beside its place and moved there in one step.

use std::fs::{self, File};
use std::path::{Component, Path, PathBuf, absolute};

use clap::Args;
use minijinja::{Environment, context};
use rustix::fs::{CWD, RenameFlags, renameat_with};
use serde_json::json;
use tempfile::TempDir;

use smirr::config::editor::Kind;
use smirr::config::quarter::Quarter;
use smirr::error::{Error, Result};
use smirr::folders::{make_open_folder, make_private_folder};
use smirr::pseudonymise::new_key_file;

use super::synth::CountryWord;
use super::{print, write_open};

#[derive(Args)]
pub struct InitArguments {
    /// The folder to make; one that is there already may hold other files. Nothing in it is overwritten.
    folder: PathBuf,
    /// The board's name, as it appears in what is published; a fictional one unless said.
    #[arg(long, value_name = "NAME", value_parser = name)]
    board: Option<String>,
    /// Whose identifiers, area codes and column names.
    #[arg(long, value_enum, default_value_t = CountryWord::Scotland)]
    country: CountryWord,
    /// The quarter to report; the last whole calendar quarter unless said.
    #[arg(long)]
    quarter: Option<Quarter>,
}

/// Where a file goes in the board's folder, and what is in it.
type Shipped = (&'static str, &'static str);

macro_rules! shipped {
    ($from:literal to $to:literal: $($name:literal)+) => {
        &[$((concat!($to, "/", $name), include_str!(concat!("../../", $from, "/", $name)))),+]
    };
}

/// The extract contract and the reports that ship: a line here for each file that a board gets.
const SCOTLAND: [&[Shipped]; 2] = [
    shipped!("schemas" to "schemas":
        "attendances.yaml" "contacts.yaml" "data_zones.yaml" "onward_referrals.yaml" "organisations.yaml" "patients.yaml"
        "practices.yaml" "practitioners.yaml" "referrals.yaml" "simd2020v2.yaml"),
    shipped!("reports" to "reports":
        "bridge.yaml" "capacity.yaml" "load.yaml" "outcomes.yaml" "reach.yaml" "waits.yaml"),
];
const ENGLAND: [&[Shipped]; 2] = [
    shipped!("schemas/england" to "schemas":
        "attendances.yaml" "contacts.yaml" "lsoas.yaml" "onward_referrals.yaml" "organisations.yaml" "patients.yaml"
        "practices.yaml" "practitioners.yaml" "referrals.yaml"),
    shipped!("reports/england" to "reports": "bridge.yaml" "load.yaml" "reach.yaml"),
];

/// The board's own YAML, and the last thing that is put in place: without it a folder is no board.
const BOARD: &str = "board.yaml";
const KEY: &str = "keys/board.key";
/// How the folder begins in which a board is made.
const STAGING: &str = ".smirr-init-";

/// Makes the board, and says what to do next.
///
/// # Errors
/// [`Error::System`] where something is in its place, [`Error::Io`] where it cannot be written; nothing is left then.
pub fn run(arguments: &InitArguments, as_json: bool) -> Result<()> {
    let today = chrono::Local::now().date_naive();
    let quarter = arguments.quarter.unwrap_or_else(|| Quarter::of(today).before(1));
    let england = matches!(arguments.country, CountryWord::England);
    let fictional = if england { "NHS Mirrshire Integrated Care Board" } else { "NHS Strathmirr" };
    let board = arguments.board.as_deref().unwrap_or(fictional);
    let files = files(board, quarter, england)?;
    make(&arguments.folder, &files)?;
    let mut names = files.into_iter().map(|(name, _)| name).chain([KEY.to_owned()]).collect::<Vec<_>>();
    names.sort();
    let config = arguments.folder.join(BOARD);
    let config = config.strip_prefix(".").unwrap_or(&config);
    if as_json {
        let next = ["check", "plan", "run"].map(|command| json!(["smirr", command, config]));
        return print(&format!(
            "{}\n",
            json!({
                "board": board, "quarter": quarter, "folder": arguments.folder, "config": config, "files": names, "next": next,
            })
        ));
    }
    let config = quoted(config);
    print(&format!(
        "Made {board}, {quarter}, in {}: {} files. Its people are made up until {config} names your own extracts.\n\
         Next:\n  smirr check {config}\n  smirr plan {config}\n  smirr run {config}\n",
        arguments.folder.display(),
        names.len()
    ))
}

fn name(text: &str) -> Result<String, String> {
    let text = text.trim();
    match text {
        "" => Err("a board has a name".into()),
        _ if text.chars().any(|c| c.is_control() || "\u{2028}\u{2029}".contains(c)) => {
            Err("a name is one line, without control characters".into())
        }
        _ => Ok(text.to_owned()),
    }
}

/// Every file of the board but the key.
fn files(board: &str, quarter: Quarter, england: bool) -> Result<Vec<(String, String)>> {
    let pages = Environment::new();
    let quarter = quarter.to_string();
    let name = scalar(board);
    let contact = scalar(&format!("The publication team of {board}"));
    let values = context! { board, name, contact, quarter, england };
    let written = |template: &str| {
        let rendered = pages.render_str(template, &values).map(|text| text.trim_end().to_owned() + "\n");
        rendered.map_err(|e| Error::System(format!("cannot write a board: {e}")))
    };
    let mut files = vec![
        (".gitignore".to_owned(), include_str!("init/gitignore").to_owned()),
        ("README.md".to_owned(), written(include_str!("init/README.md"))?),
        (BOARD.to_owned(), written(include_str!("init/board.yaml"))?),
    ];
    // By which an editor helps with all of them.
    files.extend(Kind::ALL.map(|kind| (format!("schemas/{}", kind.file()), kind.text())));
    let shipped = if england { ENGLAND } else { SCOTLAND };
    for (name, text) in shipped.into_iter().flatten() {
        // England's files ship one folder deeper: a path to the JSON Schemas is one step shorter here.
        let text = if england { text.replace("$schema=../", "$schema=") } else { (*text).to_owned() };
        files.push(((*name).to_owned(), text));
    }
    Ok(files)
}

/// A text as YAML: plain where it cannot be mistaken for anything else.
fn scalar(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || " -'".contains(c);
    let is_words = text.starts_with(char::is_alphabetic) && text.contains(' ') && text.chars().all(plain);
    if is_words { text.to_owned() } else { json!(text).to_string() }
}

/// A path as a shell reads it.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_alphanumeric() || "/._-+".contains(c);
    if text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

/// Makes the whole board in a folder beside its place, and moves it there.
fn make(folder: &Path, files: &[(String, String)]) -> Result<()> {
    let (base, new) = split(folder)?;
    if base.join(&new).parent().is_none() {
        return Err(Error::System("a board does not go into the root of the file system: give it a folder".into()));
    }
    let parts = match new.components().next() {
        // The folder is not there: it is moved as one.
        Some(first) => vec![PathBuf::from(first.as_os_str())],
        None => parts(files),
    };
    refuse_what_is_there(folder, &base, &parts)?;
    clear_left(&base);
    // By its kind alone: the folder that could not be made has a name that says nothing to anyone.
    let failed = |e: std::io::Error| Error::io("cannot write in", &base, e.kind().into());
    let staging = tempfile::Builder::new().prefix(STAGING).tempdir_in(&base).map_err(failed)?;
    let held = File::open(staging.path()).map_err(failed)?;
    // Held to the end, for nobody to take it for one that was left. Where nothing can be locked, nothing is cleared.
    let _ = held.try_lock();
    let inside = staging.path().join(&new);
    for (name, text) in files {
        let path = inside.join(name);
        path.parent().map_or(Ok(()), make_open_folder)?;
        write_open(&path, text)?;
    }
    let key = inside.join(KEY);
    key.parent().map_or(Ok(()), make_private_folder)?;
    new_key_file(&key)?;
    move_there(&staging, &base, &parts)?;
    File::open(&base).and_then(|base| base.sync_all()).map_err(failed)
}

/// The nearest folder that is there, and the rest of the way, which is not.
fn split(folder: &Path) -> Result<(PathBuf, PathBuf)> {
    let whole = absolute(folder).map_err(|e| Error::io("cannot find", folder, e))?;
    let is_there = |path: &&Path| path.symlink_metadata().is_ok();
    let base = whole.ancestors().find(is_there).unwrap_or(Path::new("/"));
    let rest = whole.strip_prefix(base).unwrap_or(Path::new(""));
    if !base.is_dir() || !rest.components().all(|it| matches!(it, Component::Normal(_))) {
        let base = base.display();
        return Err(Error::System(format!("cannot make a board in {}: {base} is no folder", folder.display())));
    }
    Ok((base.to_path_buf(), rest.to_path_buf()))
}

/// What the board's folder holds, the board's YAML last.
fn parts(files: &[(String, String)]) -> Vec<PathBuf> {
    let first = |name: &str| name.split('/').next().unwrap_or_default().to_owned();
    let mut parts = files.iter().map(|(name, _)| first(name)).chain([first(KEY)]).collect::<Vec<_>>();
    parts.sort_by_key(|name| (name == BOARD, name.clone()));
    parts.dedup();
    parts.into_iter().map(PathBuf::from).collect()
}

fn refuse_what_is_there(folder: &Path, base: &Path, parts: &[PathBuf]) -> Result<()> {
    let there = parts.iter().filter(|part| base.join(part).symlink_metadata().is_ok());
    let there = there.map(|part| part.display().to_string()).collect::<Vec<_>>().join(", ");
    if there.is_empty() {
        return Ok(());
    }
    Err(Error::System(format!(
        "cannot make a board in {}: {there} would be overwritten. Nothing was written; name another folder, or move that away",
        folder.display()
    )))
}

/// Removes what an init that was killed has left: it may hold a key. That of one still at work is locked, and stays.
fn clear_left(base: &Path) {
    let Ok(entries) = fs::read_dir(base) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        let is_one = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(STAGING));
        let is_left = || File::open(&path).is_ok_and(|folder| folder.try_lock().is_ok());
        if is_one && path.is_dir() && !path.is_symlink() && is_left() {
            // What cannot be removed is in nobody's way.
            let _ = fs::remove_dir_all(&path);
        }
    }
}

/// Moves each part to its place; where one cannot be, those before it are taken back.
fn move_there(staging: &TempDir, base: &Path, parts: &[PathBuf]) -> Result<()> {
    for (at, part) in parts.iter().enumerate() {
        let place = base.join(part);
        if let Err(e) = move_new(&staging.path().join(part), &place) {
            for earlier in &parts[..at] {
                let (from, to) = (base.join(earlier), staging.path().join(earlier));
                fs::rename(&from, to).map_err(|e| Error::io("cannot take back", &from, e))?;
            }
            return Err(Error::io("cannot move a part of the board to", place, e));
        }
    }
    Ok(())
}

/// Some file systems cannot promise that nothing is replaced: there it was looked for a moment ago.
fn move_new(from: &Path, to: &Path) -> std::io::Result<()> {
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => fs::rename(from, to),
        done => done.map_err(std::io::Error::from),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_same_name_in_yaml() {
        for text in ["NHS Strathmirr", "No", "12 Board", "A: b # c", "\"x\" \\", "Bòrd Slàinte", "- x", "{ a }", "'"]
        {
            let yaml = format!("{{ name: {} }}", scalar(text));
            let read: std::collections::BTreeMap<String, String> = serde_yaml::from_str(&yaml).unwrap();
            assert_eq!(read["name"], text, "{yaml}");
        }
    }

    #[test]
    fn a_path_is_quoted_where_a_shell_would_take_it_apart() {
        assert_eq!(quoted(Path::new("a/b-1.yaml")), "a/b-1.yaml");
        assert_eq!(quoted(Path::new("it's a $board")), "'it'\\''s a $board'");
    }

    #[test]
    fn the_boards_yaml_is_put_in_place_last() {
        let parts = parts(&files("A Board", "2026-Q3".parse().unwrap(), true).unwrap());
        assert_eq!(parts, [".gitignore", "README.md", "keys", "reports", "schemas", BOARD].map(PathBuf::from));
    }
}
