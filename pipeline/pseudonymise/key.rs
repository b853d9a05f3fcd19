//! The secret: where it is read from, and what makes it fit for use.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use zeroize::Zeroizing;

use crate::config::plan::KeySource;
use crate::error::{Error, Result};
use crate::secret;

/// At least this many bytes: a key shorter than the hash would be the weakest part (RFC 2104, section 3).
const LEAST_BYTES: usize = 32;
/// A random key of 32 bytes has fewer distinct bytes than this with odds below 1e-12.
const LEAST_DISTINCT: usize = 18;
/// A random key of 32 bytes has as many equal steps from byte to byte with odds below 1e-13.
const MOST_EQUAL_STEPS: usize = 10;

/// Keys that everyone has read, and that neither rule above finds.
const WELL_KNOWN: [[u8; 4]; 3] = [
    // SP 800-38A, the example key of 256 bits.
    [0x60, 0x3d, 0xeb, 0x10],
    // SHA-256 of nothing, and of one line end: what a script makes of an empty variable.
    [0xe3, 0xb0, 0xc4, 0x42],
    [0x01, 0xba, 0x47, 0x19],
];

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
    /// [`Error::Input`] where it is missing, open to others than its owner, or weak; never with its text.
    pub fn read(source: &KeySource) -> Result<Self> {
        let (text, what) = secret::read(source, "key")?;
        Self::parse_from(&text, &what)
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
        let mut steps = [0; 256];
        bytes.windows(2).for_each(|pair| steps[usize::from(pair[1].wrapping_sub(pair[0]))] += 1);
        if steps.iter().any(|&equal| equal >= MOST_EQUAL_STEPS.max(bytes.len() / 3)) {
            return Err(wrong("goes up or down in equal steps, as keys in examples do"));
        }
        if WELL_KNOWN.iter().any(|known| bytes.starts_with(known)) {
            return Err(wrong("is a published example"));
        }
        Ok(Key(bytes))
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Writes a new random key of 256 bits to `path`, readable by its owner only.
///
/// # Errors
/// [`Error::Io`] where the file exists already (a key is never overwritten: the store could not be joined again) or
/// cannot be written; [`Error::Input`] where others may write to its folder.
pub fn new_key_file(path: &Path) -> Result<()> {
    let mut bytes = Zeroizing::new([0u8; 32]);
    getrandom::fill(bytes.as_mut()).map_err(|_| Error::System("the system gave no random bytes".into()))?;
    let mut text = Zeroizing::new(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    text.push('\n');
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|e| Error::io("cannot make the folder", folder, e))?;
    }
    // A key that the next run would refuse is not made.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    secret::refuse_open_folder(folder, "key")?;
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
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn weak_keys_are_refused_without_being_quoted() {
        let sequence = |step: u8| (0..32u8).map(|i| format!("{:02x}", i.wrapping_mul(step))).collect::<String>();
        let published = "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4";
        let of_nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        for weak in ["", "abc", "zz", &"00".repeat(32), &"0123456789abcdef".repeat(4), "deadbeef"]
            .into_iter()
            .chain([1, 2, 7, 255].map(sequence).iter().map(String::as_str))
            .chain([&*sequence(1).replacen("00", "ff", 1), published, of_nothing])
        {
            let error = Key::parse(weak).err().expect("refused").to_string();
            assert!(weak.is_empty() || !error.contains(weak), "{error}");
        }
    }

    #[test]
    fn random_keys_are_fit_for_use() {
        for _ in 0..1_000 {
            let mut bytes = [0; 32];
            getrandom::fill(&mut bytes).unwrap();
            let text = bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
            assert!(Key::parse(&text).is_ok());
        }
    }

    #[test]
    fn a_new_key_is_private_readable_and_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b.key");
        new_key_file(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(Key::read(&KeySource::File(path.clone())).is_ok());
        assert!(new_key_file(&path).is_err());
        let chmod = |path: &Path, mode| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        chmod(&path, 0o644);
        assert!(Key::read(&KeySource::File(path)).is_err());
        chmod(&folder.path().join("a"), 0o777);
        assert!(new_key_file(&folder.path().join("a/c.key")).is_err());
        assert!(!folder.path().join("a/c.key").exists());
    }
}
