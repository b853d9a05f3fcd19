//! Thirty-two bytes that name a release, a question, a manifest or a link of the chain.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

/// A SHA-256 digest, written as 64 hexadecimal digits. Whoever makes it decides what is hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key32(pub [u8; 32]);

impl Key32 {
    /// The digest of `parts`, each preceded by its length so that no two lists run together.
    pub fn of<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        Key32(hash.finalize().into())
    }
}

impl fmt::Display for Key32 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for Key32 {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "a key is 64 hexadecimal digits".to_owned();
        if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(wrong());
        }
        let mut key = [0; 32];
        for (byte, at) in key.iter_mut().zip((0..64).step_by(2)) {
            *byte = u8::from_str_radix(&text[at..at + 2], 16).map_err(|_| wrong())?;
        }
        Ok(Key32(key))
    }
}

impl Serialize for Key32 {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Key32 {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_back() {
        let key = Key32::of([b"a".as_slice(), b"bc"]);
        assert_eq!(key.to_string().parse(), Ok(key));
        assert_ne!(key, Key32::of([b"ab".as_slice(), b"c"]));
        for wrong in ["", "00", &"g".repeat(64), &"é".repeat(32), &"0".repeat(65), &"+f".repeat(32)] {
            assert!(wrong.parse::<Key32>().is_err());
        }
    }
}
