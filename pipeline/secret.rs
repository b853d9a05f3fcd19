//! Takes where a secret is: a file, an environment variable, a command. Gives its text, which wipes itself.
//! Never prints it, and never takes it from where another than its owner may have had a hand in it.
//!
//! Wiped from memory once used: its text, the key and the salt made of it, and each sub-key as it is derived. Not wiped:
//! the states of HKDF and HMAC that hold a sub-key (see [`crate::pseudonymise::Space`]), memory that a command's output grew through, and
//! the environment, which a process keeps as it was given. From these [`crate::process`] keeps others.

use std::fs::{Metadata, OpenOptions};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::fs::OFlags;
use zeroize::Zeroizing;

use crate::config::plan::KeySource;
use crate::error::{Error, Result};

/// More text than any secret needs: what is longer is not a file of one.
const MOST_TEXT: u64 = 4096;

/// The secret's text, and what to call it in an error: "the key file /etc/smirr/2026.key".
///
/// # Errors
/// [`Error::Input`] where it is missing, or others than its owner may read or change it; never with its text.
pub fn read(source: &KeySource, secret: &str) -> Result<(Zeroizing<String>, String)> {
    match source {
        KeySource::File(path) => Ok((read_file(path, secret)?, format!("the {secret} file {}", path.display()))),
        KeySource::Env(name) => {
            let text = std::env::var(name).map_err(|_| {
                let whose = if matches!(secret, "key" | "salt") { "pseudonym " } else { "" };
                Error::Input(format!(
                    "the environment variable {name}, which should hold the {whose}{secret}, is not set"
                ))
            })?;
            Ok((Zeroizing::new(text), format!("the {secret} in the environment variable {name}")))
        }
        KeySource::Command(words) => {
            Ok((run(words, secret)?, format!("the {secret} that the {secret} command printed")))
        }
    }
}

/// A link is followed, and only to a file that passes: neither the folder of the link nor that of the file may be
/// another's to change, or another could put a file of theirs in its place.
fn read_file(path: &Path, secret: &str) -> Result<Zeroizing<String>> {
    let what = match secret {
        "key" => "cannot open the key file",
        "salt" => "cannot open the salt file",
        _ => "cannot open the credentials file",
    };
    let failed = |e| Error::io(what, path, e);
    let real = path.canonicalize().map_err(failed)?;
    for place in [path, real.as_path()] {
        let folder = place.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        refuse_open_folder(folder, secret)?;
    }
    // `NOFOLLOW`: what was looked at is what is opened. `NONBLOCK`: a pipe in its place is refused, not waited for.
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file = OpenOptions::new().read(true).custom_flags(flags.bits() as i32).open(&real).map_err(failed)?;
    refuse_open_file(&file.metadata().map_err(failed)?, path, secret)?;
    let mut text = Zeroizing::new(String::with_capacity(MOST_TEXT as usize));
    match file.take(MOST_TEXT).read_to_string(&mut text) {
        Ok(_) => Ok(text),
        Err(e) if e.kind() == ErrorKind::InvalidData => {
            Err(Error::Input(format!("the {secret} file {} holds no text", path.display())))
        }
        Err(e) => Err(failed(e)),
    }
}

/// Ours, or the system's.
fn is_trusted(owner: u32) -> bool {
    owner == 0 || owner == rustix::process::geteuid().as_raw()
}

/// Refuses a folder in which others could put a secret of theirs in the place of ours.
///
/// # Errors
/// [`Error::Input`] where it belongs to another user, or others may write to it.
pub fn refuse_open_folder(folder: &Path, secret: &str) -> Result<()> {
    let meta = std::fs::metadata(folder).map_err(|e| Error::io("cannot look into", folder, e))?;
    let refused = |why: &str, what_to_do: &str| {
        let shown = folder.display();
        Err(Error::Input(format!("the folder of the {secret} file, {shown}, {why}; {what_to_do}")))
    };
    if !is_trusted(meta.uid()) {
        return refused(
            "belongs to another user, who could put another in its place",
            "move it to a folder of your own",
        );
    }
    // In a sticky folder, such as a mounted secret's, others may make files but not touch this one.
    if meta.mode() & 0o022 != 0 && meta.mode() & 0o1000 == 0 {
        return refused("can be written to by others, who could put another in its place", "run `chmod go-w` on it");
    }
    Ok(())
}

fn refuse_open_file(meta: &Metadata, path: &Path, secret: &str) -> Result<()> {
    let refused = |why: &str| Err(Error::Input(format!("the {secret} file {} {why}", path.display())));
    if !meta.is_file() {
        return refused("is not a file; for anything else, give a `command` that prints it");
    }
    if !is_trusted(meta.uid()) {
        return refused("belongs to another user, who can change it; copy it to a file of your own");
    }
    if meta.mode() & 0o077 != 0 {
        return refused("can be read by others than its owner; run `chmod 600` on it");
    }
    Ok(())
}

fn run(words: &[String], secret: &str) -> Result<Zeroizing<String>> {
    let (program, arguments) =
        words.split_first().ok_or_else(|| Error::Input(format!("the {secret} command is empty")))?;
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .map_err(|e| Error::Input(format!("the {secret} command `{program}` could not be started: {e}")))?;
    let stdout = Zeroizing::new(output.stdout);
    if !output.status.success() {
        return Err(Error::Input(format!("the {secret} command `{program}` failed ({})", output.status)));
    }
    let text = std::str::from_utf8(&stdout)
        .map_err(|_| Error::Input(format!("the {secret} command `{program}` printed no text")))?;
    Ok(Zeroizing::new(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use std::fs::{Permissions, create_dir, set_permissions, write};
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::path::PathBuf;

    use super::*;

    const TEXT: &str = "the text of a secret";

    fn refusal(path: &Path) -> Option<String> {
        let error = read(&KeySource::File(path.to_path_buf()), "key").err()?.to_string();
        assert!(!error.contains(TEXT), "{error}");
        Some(error)
    }

    fn chmod(path: &Path, mode: u32) {
        set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    /// A secret in a folder of its own, both as they should be.
    fn secret(folder: &Path, name: &str) -> PathBuf {
        create_dir(folder.join(name)).unwrap();
        chmod(&folder.join(name), 0o755);
        let path = folder.join(name).join("secret");
        write(&path, TEXT).unwrap();
        chmod(&path, 0o600);
        path
    }

    #[test]
    fn a_file_and_its_folder_are_their_owners_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = secret(folder.path(), "a");
        assert_eq!(refusal(&path), None);
        for mode in [0o640, 0o604, 0o620, 0o610, 0o601] {
            chmod(&path, mode);
            assert!(refusal(&path).is_some_and(|it| it.contains("chmod 600")), "{mode:o}");
        }
        chmod(&path, 0o400);
        assert_eq!(refusal(&path), None);
        for (mode, refused) in [(0o775, true), (0o757, true), (0o777, true), (0o1777, false), (0o700, false)] {
            chmod(path.parent().unwrap(), mode);
            let refusal = refusal(&path);
            assert_eq!(refusal.as_ref().is_some_and(|it| it.contains("chmod go-w")), refused, "{mode:o}: {refusal:?}");
        }
    }

    #[test]
    fn a_link_is_followed_only_to_a_file_that_passes() {
        let folder = tempfile::tempdir().unwrap();
        let path = secret(folder.path(), "a");
        create_dir(folder.path().join("links")).unwrap();
        let link = folder.path().join("links/key");
        symlink(&path, &link).unwrap();
        assert_eq!(refusal(&link), None);
        chmod(&path, 0o644);
        assert!(refusal(&link).is_some(), "the file behind the link is open");
        chmod(&path, 0o600);
        chmod(path.parent().unwrap(), 0o777);
        assert!(refusal(&link).is_some(), "the folder behind the link is open");
        chmod(path.parent().unwrap(), 0o755);
        chmod(link.parent().unwrap(), 0o777);
        assert!(refusal(&link).is_some(), "the link could be pointed elsewhere");
    }

    #[test]
    fn what_is_no_file_of_text_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = secret(folder.path(), "a");
        assert!(refusal(&folder.path().join("none")).is_some());
        assert!(refusal(path.parent().unwrap()).is_some(), "a folder");
        let pipe = folder.path().join("a/pipe");
        assert!(Command::new("mkfifo").args(["-m", "600"]).arg(&pipe).status().unwrap().success());
        assert!(refusal(&pipe).is_some_and(|it| it.contains("is not a file")));
        write(&path, [0xff, 0xfe]).unwrap();
        assert!(refusal(&path).is_some_and(|it| it.contains("holds no text")));
    }

    #[test]
    fn a_command_may_print_it() {
        let words = |list: &[&str]| KeySource::Command(list.iter().map(|&word| word.to_owned()).collect());
        assert_eq!(
            read(&words(&["echo", TEXT]), "key").map_or(String::new(), |(text, _)| text.trim().to_owned()),
            TEXT
        );
        for broken in [&["false"][..], &["/nonexistent/client"], &[]] {
            assert!(read(&words(broken), "key").is_err(), "{broken:?}");
        }
    }
}
