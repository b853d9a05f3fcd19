//! The secret: where it is read from, and what makes it fit for use.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::process::{Command, Stdio};

use zeroize::Zeroizing;

use crate::config::plan::KeySource;
use crate::error::{Error, Result};

/// At least this many bytes: a key shorter than the hash would be the weakest part (RFC 2104, section 3).
const LEAST_BYTES: usize = 32;
/// A random key of 32 bytes has fewer distinct bytes than this with odds below 1e-12.
const LEAST_DISTINCT: usize = 18;
/// More text than any key needs: what is longer is not a key file.
const MOST_TEXT: u64 = 4096;

/// A pseudonym key. Wiped from memory when dropped; it cannot be printed, cloned or serialised.
///
/// ```compile_fail
/// fn print(key: &smirr::pseudonymise::Key) -> String { format!("{key:?}") }
/// ```
pub struct Key(Zeroizing<Vec<u8>>);

impl Key {
    /// Reads the key from where the configuration says it is.
    ///
    /// # Errors
    /// [`Error::Input`] where it is missing, readable by others than its owner, or weak; never with its text.
    pub fn read(source: &KeySource) -> Result<Self> {
        match source {
            KeySource::File(path) => Self::parse_from(&read_file(path)?, &format!("the key file {}", path.display())),
            KeySource::Env(name) => {
                let text = std::env::var(name).map_err(|_| {
                    Error::Input(format!(
                        "the environment variable {name}, which should hold the pseudonym key, is not set"
                    ))
                })?;
                Self::parse_from(&Zeroizing::new(text), &format!("the key in the environment variable {name}"))
            }
            KeySource::Command(words) => Self::parse_from(&run(words)?, "the key that the key command printed"),
        }
    }

    /// Parses 64 or more hexadecimal digits.
    pub fn parse(text: &str) -> Result<Self> {
        Self::parse_from(text, "the key")
    }

    fn parse_from(text: &str, what: &str) -> Result<Self> {
        let digits = text.trim().as_bytes();
        let wrong = |why: &str| Error::Input(format!("{what} {why}; make one with `smirr key new FILE`"));
        if !digits.len().is_multiple_of(2) || !digits.iter().all(u8::is_ascii_hexdigit) {
            return Err(wrong("is not hexadecimal digits in pairs"));
        }
        let nibble = |digit: u8| (digit as char).to_digit(16).unwrap_or(0) as u8;
        let bytes = Zeroizing::new(
            digits.chunks_exact(2).map(|pair| nibble(pair[0]) << 4 | nibble(pair[1])).collect::<Vec<_>>(),
        );
        if bytes.len() < LEAST_BYTES {
            return Err(wrong("is shorter than 256 bits"));
        }
        let mut seen = [false; 256];
        bytes.iter().for_each(|&byte| seen[usize::from(byte)] = true);
        if seen.iter().filter(|&&seen| seen).count() < LEAST_DISTINCT {
            return Err(wrong("repeats itself too much to be random"));
        }
        Ok(Key(bytes))
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

fn read_file(path: &Path) -> Result<Zeroizing<String>> {
    let mut file = File::open(path).map_err(|e| Error::io("cannot open the key file", path, e))?;
    let meta = file.metadata().map_err(|e| Error::io("cannot read the key file", path, e))?;
    if meta.mode() & 0o077 != 0 {
        return Err(Error::Input(format!(
            "the key file {} can be read by others than its owner; run `chmod 600` on it",
            path.display()
        )));
    }
    let mut text = Zeroizing::new(String::new());
    (&mut file)
        .take(MOST_TEXT)
        .read_to_string(&mut text)
        .map_err(|e| Error::io("cannot read the key file", path, e))?;
    Ok(text)
}

fn run(words: &[String]) -> Result<Zeroizing<String>> {
    let (program, arguments) = words.split_first().ok_or_else(|| Error::Input("the key command is empty".into()))?;
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .map_err(|e| Error::Input(format!("the key command `{program}` could not be started: {e}")))?;
    let stdout = Zeroizing::new(output.stdout);
    if !output.status.success() {
        return Err(Error::Input(format!("the key command `{program}` failed ({})", output.status)));
    }
    let text = std::str::from_utf8(&stdout)
        .map_err(|_| Error::Input(format!("the key command `{program}` printed no text")))?;
    Ok(Zeroizing::new(text.to_owned()))
}

/// Writes a new random key of 256 bits to `path`, readable by its owner only.
///
/// # Errors
/// [`Error::Io`] where the file exists already (a key is never overwritten: the store could not be joined again) or
/// cannot be written.
pub fn new_key_file(path: &Path) -> Result<()> {
    let mut bytes = Zeroizing::new([0u8; 32]);
    getrandom::fill(bytes.as_mut()).map_err(|_| Error::System("the system gave no random bytes".into()))?;
    let mut text = Zeroizing::new(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    text.push('\n');
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|e| Error::io("cannot make the folder", folder, e))?;
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(|e| Error::io("cannot make the key file", path, e))?;
    file.write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .map_err(|e| Error::io("cannot write the key file", path, e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weak_keys_are_refused_without_being_quoted() {
        for weak in ["", "abc", "zz", &"00".repeat(32), &"0123456789abcdef".repeat(4), "deadbeef"] {
            let error = Key::parse(weak).err().expect("refused").to_string();
            assert!(weak.is_empty() || !error.contains(weak), "{error}");
        }
    }

    #[test]
    fn a_new_key_is_private_readable_and_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b.key");
        new_key_file(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert!(Key::read(&KeySource::File(path.clone())).is_ok());
        assert!(new_key_file(&path).is_err());
        std::process::Command::new("chmod").arg("644").arg(&path).status().unwrap();
        assert!(Key::read(&KeySource::File(path)).is_err());
    }

    #[test]
    fn a_command_may_print_the_key() {
        let printed = (0..32).map(|i| format!("{i:02x}")).collect::<String>();
        let words = |list: &[&str]| KeySource::Command(list.iter().map(|&word| word.to_owned()).collect());
        assert!(Key::read(&words(&["echo", &printed])).is_ok());
        assert!(Key::read(&words(&["false"])).is_err());
        assert!(Key::read(&words(&["/nonexistent/client"])).is_err());
        assert!(Key::read(&words(&[])).is_err());
    }
}
